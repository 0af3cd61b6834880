"""The sandbox's own bill, as the sandbox really writes it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import orjson
import pytest

from counterfoil.reconcile.statements.model import LineKind
from counterfoil.sandbox.bill import Bill
from counterfoil.sandbox.model import BilledCall, Endpoint, ModelCosts
from reconcile.statements.reading import by_key, read
from reconcile.statements.samples_intl import DAY

COSTS = {
    "*": ModelCosts(input_tokens=2_000_000_000, cached_tokens=200_000_000, cache_write_5m_tokens=2_500_000_000,
                    cache_write_1h_tokens=4_000_000_000, output_tokens=8_000_000_000, units={"second": 100_000_000}),
}  # fmt: skip
NUMBERS: Iterator[int] = count(1)


def call(**more: Any) -> BilledCall:
    number = next(NUMBERS)
    told: dict[str, Any] = {
        "at": DAY * 1_000_000 + number * 1000, "response_id": b"chatcmpl-%032d" % number, "endpoint": Endpoint.CHAT,
        "model": "gpt-5-mini", "api_key": "main", "project": "main", "input_tokens": 150, "cached_tokens": 100,
        "cache_write_5m_tokens": 15, "cache_write_1h_tokens": 5, "output_tokens": 40, "reasoning_tokens": 7,
        "streamed": True, "status": "served", "request_id": "", **more,
    }  # fmt: skip
    return BilledCall(**told)


def billed(*calls: BilledCall, kept: int = 1000) -> Bill:
    bill = Bill(COSTS, calls_kept_max=kept)
    for one in calls:
        bill.record(one)
    return bill


def shown(bill: Bill, rows_max: int | None = None) -> str:
    return orjson.dumps(bill.show(rows_max=rows_max)).decode()


def test_each_call_is_a_cost_with_its_id_and_disjoint_tokens() -> None:
    one = call()
    bill = billed(one)
    statement = read(shown(bill), importer="sandbox_bill")
    (line,) = statement.lines
    assert line.use is not None
    assert (line.kind, line.amount, line.currency, line.at) == (LineKind.COST, bill.cost_nanos(one), "USD", one.at)
    assert (line.use.upstream_id, line.natural_key) == (one.response_id.decode(), one.response_id.decode())
    assert (line.use.input_tokens, line.use.cached_tokens, line.use.cache_write_tokens) == (30, 100, 20)
    assert (line.use.output_tokens, line.use.requests, line.use.failed) == (40, 1, False)
    assert not statement.is_truncated


def test_the_totals_are_those_of_the_calls() -> None:
    statement = read(shown(billed(call(), call(output_tokens=41), call(model="other"))), importer="sandbox_bill")
    totals = {one.name: one for one in statement.totals}
    assert set(totals) == {
        "requests",
        "input_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "output_tokens",
        "cost_nanos",
    }
    assert all(one.holds for one in totals.values())
    assert (totals["output_tokens"].stated, totals["input_tokens"].stated) == (121, 450)
    assert not totals["cost_nanos"].is_count


def test_a_total_that_does_not_hold_is_told() -> None:
    text = shown(billed(call(), call())).replace('"output_tokens":80', '"output_tokens":81', 1)
    statement = read(text, importer="sandbox_bill")
    assert [(one.name, one.stated, one.found) for one in statement.totals if not one.holds] == [
        ("output_tokens", 81, 80)
    ]


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        ("served", False),
        ("no_usage", False),
        ("cut", True),
        ("timeout", True),
        ("client_left", True),
        ("cancelled", True),
    ],
)
def test_failed_and_cancelled_calls_say_so(status: str, failed: bool) -> None:
    (line,) = read(shown(billed(call(status=status))), importer="sandbox_bill").lines
    assert line.use is not None
    assert line.use.failed is failed


def test_videos_cost_their_seconds() -> None:
    video = call(model="sora-2", unit="second:720x1280", units=8, input_tokens=0, cached_tokens=0, cache_write_5m_tokens=0,
                 cache_write_1h_tokens=0, output_tokens=0, response_id=b"video_1", status="completed")  # fmt: skip
    (line,) = read(shown(billed(video)), importer="sandbox_bill").lines
    assert (line.amount, line.raw["unit"], line.raw["units"]) == (800_000_000, "second:720x1280", "8")


def test_calls_that_are_only_in_the_totals_make_it_truncated() -> None:
    summed = read(shown(billed(call(), call(), call(), kept=2)), importer="sandbox_bill")
    limited = read(shown(billed(call(), call(), call()), rows_max=2), importer="sandbox_bill")
    for statement in (summed, limited):
        assert statement.is_truncated
        assert len(statement.lines) == 2
        assert not all(one.holds for one in statement.totals)


@pytest.mark.parametrize("width", ["1m", "1h", "1d"])
def test_its_csv_is_usage_by_bucket_with_units_apart(width: str) -> None:
    video = call(model="sora-2", unit="second:720x1280", units=8, input_tokens=0, cached_tokens=0, cache_write_5m_tokens=0,
                 cache_write_1h_tokens=0, output_tokens=0)  # fmt: skip
    statement = read(billed(call(), call(), video).usage_csv(width), importer="sandbox_bill")
    text, seconds = statement.lines
    assert text.use is not None
    assert (text.kind, text.use.requests, text.use.model, text.use.key_name) == (
        LineKind.USAGE,
        2,
        "gpt-5-mini",
        "main",
    )
    assert (text.use.input_tokens, text.use.cached_tokens, text.use.cache_write_tokens) == (60, 200, 40)
    assert seconds.raw["units"] == "8"
    assert len(by_key(statement)) == 2


def test_an_empty_bill_is_empty() -> None:
    statement = read(shown(billed()), importer="sandbox_bill")
    assert (statement.lines, statement.rejects, statement.is_truncated) == ((), (), False)
    # Its CSV says no more than an empty export of OpenAI does.
    assert read(billed().usage_csv("1d"), importer="openai_usage").lines == ()
