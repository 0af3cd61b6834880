"""What usage costs, and the most that a piece of work may cost.

Both read one price. `rate` is exact and rounds once; `bound` takes the dearest of everything that may happen, so that
it is never below what `rate` makes of any usage within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any
from uuid import UUID

import orjson

from counterfoil.foundation.errors import Broken
from counterfoil.foundation.money import LARGEST_NANOS, round_half_even, round_up
from counterfoil.pricing.model import (
    UNITS_PER_MILLION,
    Bound,
    ContextTier,
    Kind,
    Line,
    Price,
    PriceMissing,
    Rated,
    RateKey,
    Rates,
    Usage,
    UsageUnreadable,
    WorkShape,
    rate_name,
)

# A tokenizer makes fewer than one token of two bytes of any ordinary text; `strict` does not rely on that.
_BYTES_PER_TOKEN = 2
# Tokens that no byte of the body stands for: the frame of a request, of a message, of a tool's description, and the
# instructions that providers put before tools (Anthropic's are up to 735 tokens).
_TOKENS_PER_REQUEST = 32
_TOKENS_PER_MESSAGE = 8
_TOKENS_PER_TOOL = 16
_TOKENS_OF_TOOL_PREAMBLE = 800
# The largest context window anybody sells. It limits the output cap of a model whose own window is not published.
_LARGEST_CONTEXT_WINDOW = 2_097_152
# Policy "fit" never lowers a cap below this, or below a thinking budget and this: less is of no use to anybody.
_FLOOR_CAP = 1024

_NANOS_PER_STEP = UNITS_PER_MILLION * 1000
_CALL: RateKey = (Kind.CALL, "")
_ARITHMETIC_FORMAT = 1


def rate(price: Price, usage: Usage, *, multiplier_millis: int) -> Rated:
    """What that usage costs; raises `PriceMissing` for a used kind without a rate.

    A fee per call is charged once where the usage does not count calls itself.
    """
    tier = price.tier_of(usage.input_tokens) if price.context_tiers else None
    rates = price.rates if tier is None else tier.rates
    lines = [
        Line(kind, which, count, _rate_of(price, rates, (kind, which))) for (kind, which), count in usage.counts.items()
    ]
    if _CALL in rates and not usage.count(Kind.CALL):
        lines.append(Line(Kind.CALL, "", 1, rates[_CALL]))
    return _sum_up(
        lines,
        currency=price.currency,
        version_id=price.version_id,
        multiplier_millis=multiplier_millis,
        context_above=None if tier is None else tier.above,
    )


def bound(price: Price, shape: WorkShape, *, multiplier_millis: int, strict: bool) -> Bound:
    """The most that work of that shape may cost; raises `PriceMissing` where anything it may use has no rate."""
    input_tokens = _input_bound(price, shape, strict=strict)
    reachable = _reachable(price, input_tokens)
    nanos = input_tokens * _dearest(price, reachable, *_input_kinds(shape))
    for tool, uses in shape.tool_uses_most.items():
        nanos += uses * _dearest(price, reachable, [(Kind.TOOL_USE, tool)], [])
    for unit, count in shape.media.items():
        nanos += count * _dearest(price, reachable, [unit], [])
    nanos += _dearest(price, reachable, [], [_CALL])
    output_rate = 0
    asked_cap = 0
    if shape.generates:
        output_rate = shape.outputs * _dearest(price, reachable, *_output_kinds(shape))
        asked_cap = _asked_cap(price, shape)
    return Bound(
        currency=price.currency,
        input_tokens=input_tokens,
        base_nanos=round_up(Fraction(nanos * multiplier_millis, _NANOS_PER_STEP)),
        output_nanos_per_million=-(-output_rate * multiplier_millis // 1000),
        outputs=max(1, shape.outputs),
        floor_cap=min(asked_cap, max(_FLOOR_CAP, shape.thinking_budget + _FLOOR_CAP)),
        asked_cap=asked_cap,
    )


def to_json(rated: Rated) -> str:
    """The arithmetic of a charge, to be kept with it."""
    return orjson.dumps(
        {
            "format": _ARITHMETIC_FORMAT,
            "currency": rated.currency,
            "price_version": rated.version_id.hex,
            "multiplier_millis": rated.multiplier_millis,
            "context_above": rated.context_above,
            "lines": [[line.kind, line.key, line.count, line.nanos_per_million] for line in rated.arithmetic],
            "amount_nanos": rated.amount_nanos,
            "remainder": str(rated.remainder),
        }
    ).decode()


def recompute(text: str) -> Rated:
    """Compute a charge again from its kept arithmetic; raises `Broken` where the kept amount is another."""
    kept: dict[str, Any] = orjson.loads(text)
    if kept["format"] != _ARITHMETIC_FORMAT:
        raise Broken(what="arithmetic", format=kept["format"])
    rated = _sum_up(
        [Line(Kind(kind), which, count, nanos) for kind, which, count, nanos in kept["lines"]],
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
    exact = Fraction(sum(line.count * line.nanos_per_million for line in lines) * multiplier_millis, _NANOS_PER_STEP)
    amount = round_half_even(exact)
    if amount > LARGEST_NANOS:
        raise UsageUnreadable(field="usage", expected="a cost that can be booked", given=f"{amount} nanos")
    return Rated(
        currency=currency,
        version_id=version_id,
        amount_nanos=amount,
        remainder=exact - amount,
        multiplier_millis=multiplier_millis,
        context_above=context_above,
        arithmetic=tuple(lines),
    )


def _rate_of(price: Price, rates: Rates, key: RateKey) -> int:
    found = rates.get(key)
    if found is None:
        raise PriceMissing(book=price.book, model=price.model, kind=rate_name(key))
    return found


def _input_bound(price: Price, shape: WorkShape, *, strict: bool) -> int:
    """The most input tokens: text, what surrounds it, and parts, within the window.

    Where hosted tools may run, the model reads everything again after each use, with the results so far.
    """
    bounds = price.part_bounds
    text = shape.input_bytes if strict else -(-shape.input_bytes // _BYTES_PER_TOKEN)
    overhead = _TOKENS_PER_REQUEST + shape.message_count * _TOKENS_PER_MESSAGE
    if shape.tool_count or shape.tool_uses_most:
        overhead += _TOKENS_OF_TOOL_PREAMBLE + shape.tool_count * _TOKENS_PER_TOOL
    parts = shape.image_parts * bounds.image + shape.audio_parts * bounds.audio + shape.file_parts * bounds.file
    uses = sum(shape.tool_uses_most.values())
    one_reading = text + overhead + parts + uses * bounds.tool
    if price.context_window is not None:
        one_reading = min(one_reading, price.context_window)
    return (1 + uses) * one_reading


def _asked_cap(price: Price, shape: WorkShape) -> int:
    window = price.context_window or _LARGEST_CONTEXT_WINDOW
    most = window if price.largest_output is None else min(price.largest_output, window)
    return min(price.default_output_cap if shape.asked_cap is None else shape.asked_cap, most)


def _input_kinds(shape: WorkShape) -> tuple[list[RateKey], list[RateKey]]:
    """Kinds of input that need a rate, and those that count where they have one."""
    required: list[RateKey] = []
    # A picture paid by the piece may have no price for its prompt.
    optional: list[RateKey] = [(Kind.INPUT, ""), (Kind.CACHED_READ, "")]
    if not shape.media:
        required.append((Kind.INPUT, ""))
    if shape.image_parts or shape.file_parts:
        required.append((Kind.IMAGE_INPUT, ""))
    if shape.audio_parts:
        required.append((Kind.AUDIO_INPUT, ""))
    if shape.cacheable:
        optional.append((Kind.CACHE_WRITE_5M, ""))
        if not shape.short_cache_only:
            optional.append((Kind.CACHE_WRITE_1H, ""))
    return required, optional


def _output_kinds(shape: WorkShape) -> tuple[list[RateKey], list[RateKey]]:
    required: list[RateKey] = [(Kind.OUTPUT, "")]
    optional: list[RateKey] = [(Kind.REASONING, ""), (Kind.IMAGE_OUTPUT, "")]
    if shape.audio_output:
        required.append((Kind.AUDIO_OUTPUT, ""))
    elif shape.audio_output is None:
        optional.append((Kind.AUDIO_OUTPUT, ""))
    return required, optional


def _reachable(price: Price, input_tokens: int) -> list[Mapping[RateKey, int]]:
    """The rates of every context tier that input up to that many tokens may fall into."""
    tiers: Iterable[ContextTier] = price.context_tiers
    return [price.rates, *(tier.rates for tier in tiers if tier.above < input_tokens)]


def _dearest(
    price: Price,
    reachable: Sequence[Mapping[RateKey, int]],
    required: Sequence[RateKey],
    optional: Sequence[RateKey],
) -> int:
    """The highest of those kinds' rates; 0 where none is required and none has a rate."""
    highest = 0
    for rates in reachable:
        for key in required:
            highest = max(highest, _rate_of(price, rates, key))
        for key in optional:
            highest = max(highest, rates.get(key, 0))
    return highest
