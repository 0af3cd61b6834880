"""Files as upstreams make them: OpenAI's usage and costs, OpenRouter's activity, and the bill of our own sandbox."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from counterfoil.cli.bench_month.calls import OPENAI, OPENROUTER, SANDBOX
from counterfoil.cli.bench_month.files import File
from counterfoil.cli.bench_month.model import DAY, START, Billed, Month
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time, to_datetime

_MICROS = 1_000_000
_BUCKET = ("start_time", "end_time", "start_time_iso", "end_time_iso")
_USAGE = (
    *_BUCKET, "project_id", "num_model_requests", "user_id", "api_key_id", "model", "batch", "service_tier",
    "input_tokens", "output_tokens", "input_cached_tokens", "input_uncached_tokens", "input_text_tokens",
    "output_text_tokens", "input_audio_tokens", "output_audio_tokens",
)  # fmt: skip
_COSTS = (
    *_BUCKET, "amount_value", "amount_currency", "quantity", "quantity_unit", "line_item", "user_id", "api_key_id",
    "project_id", "organization_id", "project_name", "organization_name", "user_email", "api_source",
)  # fmt: skip
_ACTIVITY = [
    "generation_id",
    "created_at",
    "cost_total",
    "cost_web_search",
    "cost_cache",
    "cost_file_processing",
    "byok_usage_inference",
    "tokens_prompt",
    "tokens_completion",
    "tokens_reasoning",
    "tokens_cached",
    "model_permaslug",
    "provider_name",
    "variant",
    "cancelled",
    "streamed",
    "user",
    "finish_reason_raw",
    "finish_reason_normalized",
    "generation_time_ms",
    "time_to_first_token_ms",
    "api_key_disabled",
    "api_key_name",
    "app_name",
]


def write_bills(month: Month) -> Iterator[File]:
    """Every file of every upstream, day by day; OpenAI's costs come with its usage."""
    for day in range(month.days):
        begins = START + day * DAY
        of_day = [billed for billed in month.billed if begins <= billed.starts_at < begins + DAY]
        name = to_datetime(begins).date().isoformat()
        for source, kind, write, suffix in (
            (OPENAI, "usage", _usage, "usage.csv"),
            (OPENAI, "cost", _costs, "costs.csv"),
            (OPENROUTER, "cost", _activity, "activity.csv"),
            (SANDBOX, "cost", _sandbox, "bill.json"),
        ):
            own = [billed for billed in of_day if (billed.source, billed.kind) == (source, kind)]
            yield File(source, f"{source}-{name}-{suffix}", write(own).encode(), begins + DAY)


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _bucket(billed: Billed) -> tuple[object, ...]:
    ends = [at // _MICROS for at in (billed.starts_at, billed.ends_at)]
    return (*ends, *(datetime.fromtimestamp(at, UTC).isoformat() for at in ends))


def _usage(lines: Sequence[Billed]) -> str:
    rows = []
    for billed in lines:
        whole = billed.input_tokens + billed.cached_tokens
        rows.append((
            *_bucket(billed), "proj_main", billed.requests, "", billed.key, billed.model, "false", "default", whole,
            billed.output_tokens, billed.cached_tokens, billed.input_tokens, whole, billed.output_tokens, 0, 0,
        ))  # fmt: skip
    return _csv(_USAGE, rows)


def _costs(lines: Sequence[Billed]) -> str:
    rows = [
        (
            *_bucket(billed), format_nanos(billed.amount), billed.currency.lower(), "", "tokens", billed.line_item,
            "", billed.key, "proj_main", "org-x", "Main", "Org", "", "",
        )
        for billed in lines
    ]  # fmt: skip
    return _csv(_COSTS, rows)


def _activity(lines: Sequence[Billed]) -> str:
    rows = []
    for billed in sorted(lines, key=lambda each: each.starts_at, reverse=True):
        values: dict[str, object] = dict.fromkeys(_ACTIVITY, 0) | {
            "generation_id": billed.upstream_id, "created_at": f"{to_datetime(billed.starts_at):%Y-%m-%d %H:%M:%S.%f}",
            "cost_total": format_nanos(billed.amount), "tokens_prompt": billed.input_tokens + billed.cached_tokens,
            "tokens_completion": billed.output_tokens, "tokens_cached": billed.cached_tokens,
            "model_permaslug": f"maker/{billed.model}-20250807", "provider_name": "Maker", "variant": "standard",
            "cancelled": str(billed.failed).lower(), "streamed": "true", "user": "", "finish_reason_raw": "stop",
            "finish_reason_normalized": "stop", "api_key_disabled": "false", "api_key_name": billed.key, "app_name": "Desk",
        }  # fmt: skip
        rows.append([values[name] for name in _ACTIVITY])
    return _csv(_ACTIVITY, rows)


def _sandbox(lines: Sequence[Billed]) -> str:
    rows = [
        {
            "at": show_time(billed.starts_at), "response_id": billed.upstream_id, "endpoint": "chat",
            "model": billed.model, "api_key": billed.key, "project": billed.key,
            "input_tokens": billed.input_tokens + billed.cached_tokens, "cached_tokens": billed.cached_tokens,
            "cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0, "output_tokens": billed.output_tokens,
            "reasoning_tokens": 0, "streamed": True, "status": "cut" if billed.failed else "served", "request_id": "",
            "unit": "", "units": 0, "percent": 100, "cost_nanos": billed.amount,
        }
        for billed in lines
    ]  # fmt: skip
    totals = {
        "requests": len(rows), "input_tokens": sum(row["input_tokens"] for row in rows),  # type: ignore[misc]
        "cached_tokens": sum(billed.cached_tokens for billed in lines), "cache_write_tokens": 0,
        "output_tokens": sum(billed.output_tokens for billed in lines),
        "cost_nanos": sum(billed.amount for billed in lines),
    }  # fmt: skip
    bill = {"totals": totals, "by_key": {}, "units": {}, "failures": {}, "summed_requests": 0, "rows": rows}
    return json.dumps(bill, indent=1)
