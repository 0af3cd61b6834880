"""What a call of a size would have reserved for it, and what it would cost. Pure: the rules of authorizing and charging,
asked without a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.foundation.errors import InputError
from counterfoil.pricing.model import Bound, Kind, Price, Rated, Usage, UsageName, WorkShape
from counterfoil.pricing.rules import bound, rate

# What is reserved goes by the text's length. English has about four bytes a token; Chinese has fewer, and less is reserved.
BYTES_PER_TOKEN = 4
TOKENS_MAX = 100_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSize:
    """How large a call is: tokens, and what is made by the piece (`image:1024x1024:high`, `second:…`) and how much of it.

    `usual_output` is how long its answers mostly are; an `output_cap` of None is the price's default.
    """

    input_tokens: int = 0
    output_cap: int | None = None
    usual_output: int = 0
    unit: UsageName | None = None
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """Nanos of the price's currency: what may be reserved at `cap`, and at the lowest cap that would be served; what it
    usually costs, with its arithmetic, and with an answer of `cap` tokens (None: it has none)."""

    currency: str
    cap: int
    most: int
    least_cap: int
    least: int
    usual: Rated
    full: int | None


def estimate(
    price: Price, size: CallSize, *, multiplier_millis: int, strict_bound: bool, lowers_caps: bool
) -> CostEstimate:
    """The estimate; raises `InputError` naming the field, `PriceMissing` where something of it has no price."""
    for field, value in (
        ("input_tokens", size.input_tokens),
        ("usual_output", size.usual_output),
        ("count", size.count),
    ):
        if not 0 <= value <= TOKENS_MAX:
            raise InputError(field=field, expected=f"0 to {TOKENS_MAX}")
    if size.unit is not None and size.unit not in made_units(price):
        raise InputError(field="unit", expected=", ".join(made_units(price)) or "nothing: the model answers with text")
    shape = WorkShape(
        input_bytes=size.input_tokens * BYTES_PER_TOKEN, asked_cap=size.output_cap,
        produces_output=Kind.OUTPUT in price.rates, media={} if size.unit is None else {size.unit: size.count},
    )  # fmt: skip
    upper: Bound = bound(price, shape, multiplier_millis=multiplier_millis, strict=strict_bound)
    cap = upper.asked_cap if shape.generates else 0
    least_cap = upper.floor_cap if lowers_caps and shape.generates else cap

    def cost(output: int) -> Rated:
        return rate(price, Usage(counts=_counts(price, size, output=output)), multiplier_millis=multiplier_millis)

    return CostEstimate(
        currency=price.currency, cap=cap, most=upper.money(cap), least_cap=least_cap, least=upper.money(least_cap),
        usual=cost(min(size.usual_output, cap)), full=cost(cap).amount_nanos if cap else None,
    )  # fmt: skip


def made_units(price: Price) -> list[UsageName]:
    """What a call can be asked to make: images, seconds, or characters that are spoken."""
    return [name for name in price.rates if name.partition(":")[0] in (Kind.IMAGE, Kind.SECOND, Kind.CHARACTER)]


def _counts(price: Price, size: CallSize, *, output: int) -> Mapping[UsageName, int]:
    counts: dict[UsageName, int] = {}
    if Kind.INPUT in price.rates:
        counts[Kind.INPUT] = min(size.input_tokens, price.context_window)
    if output:
        counts[Kind.OUTPUT] = output
    if size.unit is not None:
        counts[size.unit] = size.count
    return counts
