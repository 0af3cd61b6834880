"""What usage costs, and the most that a piece of work may cost.

Both read one price. `rate` is exact and rounds once; `bound` takes the dearest of everything that may happen, so that
it is never below what `rate` makes of any usage within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from counterfoil.foundation.errors import Broken
from counterfoil.foundation.money import LARGEST_NANOS, round_half_even
from counterfoil.pricing.model import (
    ARITHMETIC_FORMAT,
    UNITS_PER_MILLION,
    Bound,
    Kind,
    Line,
    Price,
    PriceMissing,
    Rated,
    Rates,
    Usage,
    UsageName,
    UsageUnreadable,
    WorkShape,
    usage_name,
)

# A tokenizer makes fewer than one token of two bytes of any ordinary text; `strict` does not rely on that.
_BYTES_PER_TOKEN = 2
# Tokens that no byte of the body stands for: the frame of a request, of a message, of a tool's description, and the
# instructions that providers put before tools (Anthropic's are up to 735 tokens).
_TOKENS_PER_REQUEST = 32
_TOKENS_PER_MESSAGE = 8
_TOKENS_PER_TOOL = 16
_TOKENS_OF_TOOL_PREAMBLE = 800
# Policy "fit" never lowers a cap below this, or below a thinking budget and this: less is of no use to anybody.
_FLOOR_CAP = 1024

_NANOS_PER_STEP = UNITS_PER_MILLION * 1000
_NOTHING_LEFT = Fraction(0)


def rate(price: Price, usage: Usage, *, multiplier_millis: int) -> Rated:
    """What that usage costs; raises `PriceMissing` for a used kind without a rate.

    A fee per call is charged once where the usage does not count calls itself.
    """
    tier = price.tier_of(usage.input_tokens) if price.context_tiers else None
    rates = price.rates if tier is None else tier.rates
    lines = [
        Line(name=name, count=count, nanos_per_million=_rate_of(price, rates, name))
        for name, count in usage.counts.items()
    ]
    if Kind.CALL in rates and Kind.CALL not in usage.counts:
        lines.append(Line(name=Kind.CALL.value, count=1, nanos_per_million=rates[Kind.CALL]))
    return _sum_up(
        lines,
        currency=price.currency,
        version_id=price.version_id,
        multiplier_millis=multiplier_millis,
        context_above=None if tier is None else tier.above_input_tokens,
    )


def bound(price: Price, shape: WorkShape, *, multiplier_millis: int, strict: bool) -> Bound:
    """The most that work of that shape may cost; raises `PriceMissing` where anything it may use has no rate."""
    input_tokens = _input_bound(price, shape, strict=strict)
    reachable = _reachable(price, input_tokens)
    input_kinds = _input_kinds(
        media=bool(shape.media),
        images=shape.image_parts > 0 or shape.file_parts > 0,
        audio=shape.audio_parts > 0,
        cacheable=shape.cacheable,
        short_cache_only=shape.short_cache_only,
    )
    nanos = input_tokens * _dearest(price, reachable, *input_kinds)
    for tool, uses in shape.tool_uses_most.items():
        nanos += uses * _dearest(price, reachable, (usage_name(Kind.TOOL_USE, tool),), ())
    for unit, count in shape.media.items():
        nanos += count * _dearest(price, reachable, (unit,), ())
    nanos += _dearest(price, reachable, (), (Kind.CALL,))
    output_rate = 0
    asked_cap = 0
    if shape.generates:
        output_rate = shape.outputs * _dearest(price, reachable, *_output_kinds(shape.audio_output))
        asked_cap = _asked_cap(price, shape)
    return Bound(
        currency=price.currency,
        input_tokens=input_tokens,
        base_nanos=-(-nanos * multiplier_millis // _NANOS_PER_STEP),
        output_nanos_per_million=-(-output_rate * multiplier_millis // 1000),
        outputs=max(1, shape.outputs),
        floor_cap=min(asked_cap, max(_FLOOR_CAP, shape.thinking_budget + _FLOOR_CAP)),
        asked_cap=asked_cap,
    )


def recompute(text: str) -> Rated:
    """Compute a charge again from its kept arithmetic; raises `Broken` where the kept amount is another."""
    kept: dict[str, Any] = orjson.loads(text)
    if kept["format"] != ARITHMETIC_FORMAT:
        raise Broken(what="arithmetic", format=kept["format"])
    rated = _sum_up(
        [Line(name=name, count=count, nanos_per_million=nanos) for name, count, nanos in kept["lines"]],
        currency=kept["currency"],
        version_id=UUID(hex=kept["price_version"]),
        multiplier_millis=kept["multiplier_millis"],
        context_above=kept["context_above"],
    )
    if rated.amount_nanos != kept["amount_nanos"] or str(rated.remainder) != kept["remainder"]:
        raise Broken(what="arithmetic", kept=kept["amount_nanos"], computed=rated.amount_nanos)
    return rated


def _sum_up(
    lines: Sequence[Line], *, currency: str, version_id: UUID, multiplier_millis: int, context_above: int | None
) -> Rated:
    steps = sum([line.count * line.nanos_per_million for line in lines]) * multiplier_millis
    amount, rest = divmod(steps, _NANOS_PER_STEP)
    remainder = _NOTHING_LEFT
    if rest:
        # Rare: whole nanos per token, as most prices are, leave nothing to round.
        exact = Fraction(steps, _NANOS_PER_STEP)
        amount = round_half_even(exact)
        remainder = exact - amount
    if amount > LARGEST_NANOS:
        raise UsageUnreadable(field="usage", expected="a cost that can be booked", given=f"{amount} nanos")
    return Rated(
        currency=currency,
        version_id=version_id,
        amount_nanos=amount,
        remainder=remainder,
        multiplier_millis=multiplier_millis,
        context_above=context_above,
        arithmetic=tuple(lines),
    )


def _rate_of(price: Price, rates: Rates, name: UsageName) -> int:
    found = rates.get(name)
    if found is None:
        raise PriceMissing(book=price.book, model=price.model, kind=str(name)[:80])
    return found


def _input_bound(price: Price, shape: WorkShape, *, strict: bool) -> int:
    """The most input tokens: text, what surrounds it, parts and what tools bring, within the window.

    Each text to be embedded has a window of its own.
    """
    text = shape.input_bytes if strict else -(-shape.input_bytes // _BYTES_PER_TOKEN)
    tokens = text + _TOKENS_PER_REQUEST + shape.messages * _TOKENS_PER_MESSAGE
    if shape.tool_count or shape.tool_uses_most:
        tokens += _TOKENS_OF_TOOL_PREAMBLE + shape.tool_count * _TOKENS_PER_TOOL
    tokens += shape.image_parts * price.image_token_bound
    tokens += shape.audio_parts * price.audio_token_bound
    tokens += shape.file_parts * price.file_token_bound
    tokens += sum(shape.tool_uses_most.values()) * price.tool_token_bound
    readings = 1 if shape.produces_output else max(1, shape.messages)
    return min(tokens, price.context_window * readings)


def _asked_cap(price: Price, shape: WorkShape) -> int:
    most = price.context_window
    if price.largest_output is not None:
        most = min(most, price.largest_output)
    return min(price.default_output_cap if shape.asked_cap is None else shape.asked_cap, most)


# Required and optional kinds: those that need a rate, and those that count where they have one.
_Kinds = tuple[tuple[UsageName, ...], tuple[UsageName, ...]]


@cache
def _input_kinds(*, media: bool, images: bool, audio: bool, cacheable: bool, short_cache_only: bool) -> _Kinds:
    required: list[UsageName] = []
    # A picture paid by the piece may have no price for its prompt.
    optional: list[UsageName] = [Kind.INPUT, Kind.CACHED_READ]
    if not media:
        required.append(Kind.INPUT)
    if images:
        required.append(Kind.IMAGE_INPUT)
    if audio:
        required.append(Kind.AUDIO_INPUT)
    if cacheable:
        optional.append(Kind.CACHE_WRITE_5M)
        if not short_cache_only:
            optional.append(Kind.CACHE_WRITE_1H)
    return tuple(required), tuple(optional)


@cache
def _output_kinds(audio: bool | None) -> _Kinds:
    required: list[UsageName] = [Kind.OUTPUT]
    optional: list[UsageName] = [Kind.REASONING, Kind.IMAGE_OUTPUT]
    if audio:
        required.append(Kind.AUDIO_OUTPUT)
    elif audio is None:
        optional.append(Kind.AUDIO_OUTPUT)
    return tuple(required), tuple(optional)


def _reachable(price: Price, input_tokens: int) -> Sequence[Rates]:
    """The rates of every context tier that input up to that many tokens may fall into."""
    if not price.context_tiers:
        return (price.rates,)
    return (price.rates, *(each.rates for each in price.context_tiers if each.above_input_tokens < input_tokens))


def _dearest(
    price: Price, reachable: Sequence[Rates], required: Sequence[UsageName], optional: Sequence[UsageName]
) -> int:
    """The highest of those kinds' rates; 0 where none is required and none has a rate."""
    highest = 0
    for rates in reachable:
        for name in required:
            highest = max(highest, _rate_of(price, rates, name))
        for name in optional:
            highest = max(highest, rates.get(name, 0))
    return highest
