"""What upstreams report as usage, read into disjoint kinds.

OpenAI's input includes what was cached, written to a cache, heard and seen; its output includes reasoning and rejected
predictions. Anthropic's input excludes cache reads and writes. Every number is checked: one that cannot be believed
raises `UsageUnreadable` and never becomes 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from counterfoil.pricing.model import COUNT_MAX, Kind, Usage, UsageName, UsageUnreadable, usage_name

# What Anthropic calls the number of uses of its hosted tools.
_ANTHROPIC_TOOLS = {
    "web_search_requests": "web_search",
    "web_fetch_requests": "web_fetch",
    "code_execution_requests": "code_execution",
}

Raw = Mapping[str, Any]

_NOTHING: Raw = {}


def from_openai(raw: Raw) -> Usage:
    """The `usage` of chat completions and embeddings (prompt and completion tokens) or responses (input and output).

    DeepSeek's and OpenRouter's are read too. Hosted tools are not in it: the caller counts them.
    """
    usage = _object(raw, "usage")
    if "input_tokens" in usage:
        names = "input_tokens", "output_tokens"
    else:
        names = "prompt_tokens", "completion_tokens"
    prompt = _required(usage, names[0])
    total = _optional(usage, "total_tokens")
    completion = _optional(usage, names[1])
    if completion is None:
        # An embedding has no completion, and says so with its total.
        if total is None:
            raise UsageUnreadable(field=names[1], expected="a count", given="nothing")
        completion = total - _within(prompt, total, names[0], "total_tokens")
    details = _part(usage, f"{names[0]}_details")
    cached = _optional(details, "cached_tokens")
    if cached is None:
        cached = _cached_by_deepseek(usage, prompt)
    counts = _openai_input(prompt, cached, details)
    counts |= _openai_output(prompt, completion, total, _part(usage, f"{names[1]}_details"))
    return _any(counts)


def from_anthropic(raw: Raw) -> Usage:
    """The `usage` of a message; for a stream, what `merge_anthropic` made of its events."""
    usage = _object(raw, "usage")
    write_5m, write_1h = _anthropic_cache_writes(usage)
    output = _required(usage, "output_tokens")
    thinking = _count(_part(usage, "output_tokens_details"), "thinking_tokens")
    _within(thinking, output, "thinking_tokens", "output_tokens")
    counts: dict[UsageName, int] = {
        Kind.INPUT: _required(usage, "input_tokens"),
        Kind.CACHED_READ: _count(usage, "cache_read_input_tokens"),
        Kind.CACHE_WRITE_5M: write_5m,
        Kind.CACHE_WRITE_1H: write_1h,
        Kind.OUTPUT: output - thinking,
        Kind.REASONING: thinking,
    }
    tools = _part(usage, "server_tool_use")
    for field, tool in _ANTHROPIC_TOOLS.items():
        counts[usage_name(Kind.TOOL_USE, tool)] = _count(tools, field)
    return _any(counts)


def merge_anthropic(start: Raw, delta: Raw) -> dict[str, Any]:
    """The usage of a stream so far: `message_start`'s, overwritten by each `message_delta`'s.

    The numbers are cumulative, so the last one counts; a field that a later event leaves out or null keeps its value.
    """
    return {**start, **{name: value for name, value in delta.items() if value is not None}}


def estimated(*, input_tokens: int, output_tokens: int) -> Usage:
    """Usage that we counted ourselves because the upstream did not say."""
    return Usage(counts={Kind.INPUT: input_tokens, Kind.OUTPUT: output_tokens}, estimated=True)


def to_json(usage: Usage) -> str:
    """Counts by name, as kept with a request: `{"input":12,"tool_use:web_search":1}`."""
    return orjson.dumps(dict(usage.counts)).decode()


def from_json(text: str, *, estimated: bool = False) -> Usage:
    """Read what `to_json` wrote. Whether it was estimated is kept beside it."""
    return Usage(counts=orjson.loads(text), estimated=estimated)


def _any(counts: Mapping[UsageName, int]) -> Usage:
    """A call uses something: an upstream that reports nothing at all does not know."""
    usage = Usage(counts=counts)
    if not usage.tokens:
        raise UsageUnreadable(field="usage", expected="any tokens", given="0")
    return usage


def _openai_input(prompt: int, cached: int, details: Raw) -> dict[UsageName, int]:
    written_5m, written_1h = _openai_cache_writes(details)
    parts: dict[UsageName, int] = {
        Kind.CACHED_READ: cached,
        Kind.CACHE_WRITE_5M: written_5m,
        Kind.CACHE_WRITE_1H: written_1h,
        Kind.AUDIO_INPUT: _count(details, "audio_tokens"),
        Kind.IMAGE_INPUT: _count(details, "image_tokens"),
    }
    for name, count in parts.items():
        _within(count, prompt, name, "the input")
    # Cached audio and images are told in both places: count them once, as what was cached.
    twice = sum(parts.values()) - prompt
    for name in (Kind.IMAGE_INPUT, Kind.AUDIO_INPUT):
        if twice > 0:
            taken = min(twice, parts[name])
            parts[name] -= taken
            twice -= taken
    if twice > 0:
        raise UsageUnreadable(field="cached_tokens", expected=f"with cache writes at most {prompt}", given=str(cached))
    return {Kind.INPUT: prompt - sum(parts.values()), **parts}


def _openai_output(prompt: int, completion: int, total: int | None, details: Raw) -> dict[UsageName, int]:
    """Rejected predictions are billed as output and stay in it.

    xAI's `completion_tokens` leave reasoning out, and Gemini's leave thoughts out without telling them anywhere but in
    the total: what the total has beyond input and output is reasoning.
    """
    reasoning = _count(details, "reasoning_tokens")
    audio = _count(details, "audio_tokens")
    _within(_count(details, "rejected_prediction_tokens"), completion, "rejected_prediction_tokens", "the output")
    beside = 0 if total is None else total - prompt - completion
    if beside < 0:
        raise UsageUnreadable(field="total_tokens", expected=f"at least {prompt + completion}", given=str(total))
    inside = max(0, reasoning - beside)
    _within(inside + audio, completion, "reasoning_tokens", "the output")
    return {Kind.OUTPUT: completion - inside - audio, Kind.REASONING: inside + beside, Kind.AUDIO_OUTPUT: audio}


def _openai_cache_writes(details: Raw) -> tuple[int, int]:
    """Cache writes kept for minutes and for hours: OpenAI's half hour and its twelve hours."""
    written = _count(details, "cache_write_tokens")
    for_hours = _count(_part(details, "cache_write_tokens_details"), "ttl_12h_tokens")
    return written - _within(for_hours, written, "ttl_12h_tokens", "cache_write_tokens"), for_hours


def _cached_by_deepseek(usage: Raw, prompt: int) -> int:
    """DeepSeek splits the whole prompt in two; parts that do not make the whole cannot be believed."""
    hit = _count(usage, "prompt_cache_hit_tokens")
    missed = _optional(usage, "prompt_cache_miss_tokens")
    if missed is not None and hit + missed != prompt:
        raise UsageUnreadable(field="prompt_cache_miss_tokens", expected=str(prompt - hit), given=str(missed))
    return hit


def _anthropic_cache_writes(usage: Raw) -> tuple[int, int]:
    """Cache writes for five minutes and for one hour; what is not split was for five minutes."""
    split = _part(usage, "cache_creation")
    for_5m = _count(split, "ephemeral_5m_input_tokens")
    for_1h = _count(split, "ephemeral_1h_input_tokens")
    written = _optional(usage, "cache_creation_input_tokens")
    if written is None:
        return for_5m, for_1h
    _within(for_5m + for_1h, written, "cache_creation", "cache_creation_input_tokens")
    return written - for_1h, for_1h


def _object(value: object, field: str) -> Raw:
    if not isinstance(value, Mapping):
        raise UsageUnreadable(field=field, expected="an object", given=type(value).__name__)
    return value


def _part(usage: Raw, field: str) -> Raw:
    """An object inside, empty where it is absent or null."""
    value = usage.get(field)
    return _NOTHING if value is None else _object(value, field)


def _required(usage: Raw, field: str) -> int:
    value = _optional(usage, field)
    if value is None:
        raise UsageUnreadable(field=field, expected="a count", given="nothing")
    return value


def _count(usage: Raw, field: str) -> int:
    """A count that upstreams leave out, or null, where there is none of it."""
    return _optional(usage, field) or 0


def _optional(usage: Raw, field: str) -> int | None:
    value = usage.get(field)
    if value is None:
        return None
    # A bool is an int to Python, and 12.0 is no count.
    if type(value) is not int or not 0 <= value <= COUNT_MAX:
        raise UsageUnreadable(field=field, expected="a count", given=repr(value)[:40])
    return value


def _within(part: int, whole: int, field: str, of: str) -> int:
    if part > whole:
        raise UsageUnreadable(field=field, expected=f"at most {of} ({whole})", given=str(part))
    return part
