"""Usage as upstreams report it, made disjoint. Pure.

OpenAI's input includes cached and audio tokens, its output includes reasoning and rejected predictions; Anthropic's
input excludes what was read from or written to the cache. Numbers that are no counts, or parts larger than their
whole, raise `UsageUnreadable`: they never become 0.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from counterfoil.pricing.model import COUNT_MAX, Kind, Usage, UsageName, UsageUnreadable, usage_name

Raw = Mapping[str, Any]


def from_openai(raw: Raw) -> Usage:
    """Usage of chat completions, embeddings (prompt and completion tokens) and responses (input and output tokens)."""
    if "input_tokens" in raw:
        total_in, total_out = _count(raw, "input_tokens"), _count(raw, "output_tokens")
        details_in, details_out = _part(raw, "input_tokens_details"), _part(raw, "output_tokens_details")
    else:
        if "prompt_tokens" not in raw:
            raise UsageUnreadable(field="prompt_tokens", reason="missing")
        total_in, total_out = _count(raw, "prompt_tokens"), _count(raw, "completion_tokens")
        details_in, details_out = _part(raw, "prompt_tokens_details"), _part(raw, "completion_tokens_details")
    cached = _count(details_in, "cached_tokens") or _count(raw, "prompt_cache_hit_tokens")
    audio_in, audio_out = _count(details_in, "audio_tokens"), _count(details_out, "audio_tokens")
    image_in = _count(details_in, "image_tokens")
    reasoning = _count(details_out, "reasoning_tokens")
    return _usage(
        {
            Kind.INPUT: _rest(total_in, "input", cached, audio_in, image_in),
            Kind.CACHED_READ: cached,
            Kind.AUDIO_INPUT: audio_in,
            Kind.IMAGE_INPUT: image_in,
            Kind.OUTPUT: _rest(total_out, "output", reasoning, audio_out),
            Kind.REASONING: reasoning,
            Kind.AUDIO_OUTPUT: audio_out,
        }
    )


def from_anthropic(raw: Raw) -> Usage:
    """Usage of messages; for a stream, `merge_anthropic` first."""
    if "input_tokens" not in raw:
        raise UsageUnreadable(field="input_tokens", reason="missing")
    written = _part(raw, "cache_creation")
    total_written = _count(raw, "cache_creation_input_tokens")
    hour = _count(written, "ephemeral_1h_input_tokens")
    minutes = _count(written, "ephemeral_5m_input_tokens") if written else total_written
    if written and "cache_creation_input_tokens" in raw:
        minutes += _rest(total_written, "cache_creation_input_tokens", minutes, hour)
    counts: dict[UsageName, int] = {
        Kind.INPUT: _count(raw, "input_tokens"),
        Kind.CACHED_READ: _count(raw, "cache_read_input_tokens"),
        Kind.CACHE_WRITE_5M: minutes,
        Kind.CACHE_WRITE_1H: hour,
        Kind.OUTPUT: _count(raw, "output_tokens"),
    }
    searches = _count(_part(raw, "server_tool_use"), "web_search_requests")
    if searches:
        counts[usage_name(Kind.TOOL_USE, "web_search")] = searches
    return _usage(counts)


def merge_anthropic(start: Raw, delta: Raw) -> dict[str, Any]:
    """Usage of a stream: `message_delta` is cumulative, what it names replaces what `message_start` said."""
    return {**start, **{name: value for name, value in delta.items() if value is not None}}


def estimated(*, input_tokens: int, output_tokens: int) -> Usage:
    """Usage that we counted ourselves because the upstream did not say."""
    return Usage(counts=_without_zeros({Kind.INPUT: input_tokens, Kind.OUTPUT: output_tokens}), estimated=True)


def to_json(usage: Usage) -> str:
    """Counts by kind, in the order of their names."""
    return json.dumps(dict(sorted(usage.counts.items())), separators=(",", ":"))


def from_json(text: str, *, estimated: bool = False) -> Usage:
    """Read what `to_json` wrote."""
    return Usage(counts={str(name): int(count) for name, count in json.loads(text).items()}, estimated=estimated)


def _usage(counts: Mapping[UsageName, int]) -> Usage:
    return Usage(counts=_without_zeros(counts))


def _without_zeros(counts: Mapping[UsageName, int]) -> dict[UsageName, int]:
    return {str(name): count for name, count in counts.items() if count}


def _part(raw: Raw, name: str) -> Raw:
    part = raw.get(name)
    if part is None:
        return {}
    if not isinstance(part, Mapping):
        raise UsageUnreadable(field=name, reason="not an object")
    return part


def _count(raw: Raw, name: str) -> int:
    value = raw.get(name)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= COUNT_MAX:
        raise UsageUnreadable(field=name, reason="not a count")
    return value


def _rest(total: int, name: str, *parts: int) -> int:
    rest = total - sum(parts)
    if rest < 0:
        raise UsageUnreadable(field=name, reason="its parts are larger than it")
    return rest
