"""Why did the balance fall? A window of an account held against earlier ones like it, and the difference taken apart.

Pure. Amounts are nanos, times UTC microseconds. What left the wallet is positive here, and what came back is deducted;
money that came in from outside (recharges, codes, credits) is no part of it. The parts of a comparison add up to its
difference, to the nano: what one part is given, no other has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from math import isqrt
from typing import NamedTuple, TypeVar
from uuid import UUID

from counterfoil.evidence.findings import Finding
from counterfoil.evidence.waterfall_steps import Movement, StepKind, step_kind
from counterfoil.foundation.money import round_half_even
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.ledger.model import WALLET
from counterfoil.pricing.model import UNITS_PER_MILLION, Terms

_Key = TypeVar("_Key", str, tuple[int, int])

_DAY = 86_400 * MICROS_PER_SECOND
# As far back as "usual" looks: every weekday four times.
USUAL_MICROS = 28 * _DAY
EARLIER_MAX = 28
# With fewer whole days than this before a short window, the hours just before it say more.
_DAYS_LEAST = 3


class Category(StrEnum):
    """What each charge of a window is, once."""

    # A copy of something that was charged before.
    DUPLICATE = "duplicate"
    RETRY = "retry"
    LOOP = "loop"
    TASK = "task"
    CALL = "call"
    # Given back after the window's end.
    RETURNED = "returned"
    # Given back in the window, of charges before it: negative.
    EARLIER = "earlier"


class PartKind(StrEnum):
    """What the difference to usual is made of, in the order in which it is looked for."""

    DUPLICATES = "duplicates"
    RETRIES = "retries"
    TASKS = "tasks"
    LOOPS = "loops"
    PRICE = "price"
    TIER = "tier"
    DEARER_MODEL = "dearer_model"
    CALLS = "calls"
    EXPIRED = "expired"
    CASH_REFUNDED = "cash_refunded"
    TAKEN_BACK = "taken_back"
    ADJUSTED = "adjusted"
    OTHER = "other"
    RETURNED = "returned"
    EARLIER_REFUNDS = "earlier_refunds"


class Spent(NamedTuple):
    """Charges of one window (0: the one asked about, then the earlier ones) that are alike, refunds in it deducted."""

    window: int
    category: Category
    model: str | None
    model_tier: str | None
    price_version: UUID | None
    multiplier_millis: int | None
    # By which the same model, and the same key, were charged before.
    base_version: UUID | None
    base_millis: int | None
    nanos: int
    charges: int
    most_retries: int
    first_at: int | None
    last_at: int | None


class Largest(NamedTuple):
    """One of the largest charges of a category in the window asked about."""

    category: Category
    request_id: UUID
    is_task: bool
    at: int
    nanos: int
    model: str | None
    key_mask: str | None
    client: str | None


class PricedUse(NamedTuple):
    """How much of one kind was used at a rate that another price version has brought. `share_millis` is what the charges'
    arithmetic multiplied by, their price tier included."""

    category: Category
    model: str
    price_version: UUID
    base_version: UUID
    multiplier_millis: int
    base_millis: int | None
    share_millis: int
    context_above: int | None
    name: str
    rate: int
    units: int


class MovedRow(NamedTuple):
    """One movement of the wallet that is no charge, in the window asked about."""

    code: str
    cause_kind: str
    debit: str
    credit: str
    transfer_id: UUID
    grant_id: UUID | None
    nanos: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What is on record of a window (number 0) and of `earlier` ones like it."""

    currency: str
    earlier: int
    spent: Sequence[Spent]
    # By window: what is no charge.
    moved: Mapping[int, Sequence[Movement]]
    priced: Sequence[PricedUse] = ()
    terms: Mapping[UUID, Terms] = field(default_factory=dict)
    largest: Sequence[Largest] = ()
    rows: Sequence[MovedRow] = ()
    # How many calls the fastest minute of a loop had.
    loop_calls: int = 0
    # What is reserved, disputed and there at the end, where the window reaches until now.
    held: int = 0
    frozen: int = 0
    posted: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a comparison: what it took in the window, and usually. `earlier` has it window by window."""

    kind: PartKind
    now: int
    usual: int
    earlier: tuple[int, ...] = ()

    @property
    def difference(self) -> int:
        return self.now - self.usual


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A window against `windows` earlier ones like it (0: there are none): what left the wallet, what does so usually, the
    parts of the difference, and what is found in them."""

    windows: int
    now: int
    usual: int
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def difference(self) -> int:
        return self.now - self.usual


def earlier_windows(start: int, end: int, *, since: int) -> list[tuple[int, int]]:
    """The windows that one is held against, the latest first: as long, at the same time of day, in the four weeks before;
    or just before each other, where an account is too young for that. `since` is when it was first used."""
    length = end - start
    step = -(-length // _DAY) * _DAY
    found = _windows(start, length, step=step, times=max(1, USUAL_MICROS // step), since=since)
    if len(found) < _DAYS_LEAST and length < step:
        close = _windows(start, length, step=length, times=EARLIER_MAX, since=since)
        return max(found, close, key=len)
    return found


def _windows(start: int, length: int, *, step: int, times: int, since: int) -> list[tuple[int, int]]:
    starts = [start - number * step for number in range(1, times + 1)]
    return [(begin, begin + length) for begin in starts if begin >= since]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenApart:
    """A window's parts, which together are all that left the wallet; and what has grown most within some of them:
    models whose price was raised, tiers (before, after), the model that more of the calls ask for."""

    parts: tuple[Part, ...]
    raised_models: Mapping[str, int]
    raised_tiers: Mapping[tuple[int, int], int]
    dearer_model: str | None


def take_apart(records: Records) -> TakenApart:
    """What left the wallet, each nano in one part."""
    effects = _effects(records)
    sums: dict[PartKind, list[int]] = defaultdict(lambda: [0] * (records.earlier + 1))
    for spent in records.spent:
        sums[_PARTS[spent.category]][spent.window] += spent.nanos
    for window, movements in records.moved.items():
        for kind, nanos in _others(movements):
            sums[kind][window] += nanos
    for kind, nanos in effects.parts.items():
        sums[kind][0] += nanos
    for kind, nanos in effects.taken.items():
        sums[kind][0] -= nanos
    dearer = _dearer(records, effects)
    sums[PartKind.DEARER_MODEL][0] += dearer
    sums[PartKind.CALLS][0] -= dearer
    return TakenApart(
        parts=tuple(_part(kind, sums[kind]) for kind in PartKind if any(sums[kind])),
        raised_models=_most_first(effects.by_model),
        raised_tiers=_most_first(effects.by_tier),
        dearer_model=_main_model(records.spent),
    )


def _most_first(added: Mapping[_Key, int]) -> Mapping[_Key, int]:
    return dict(sorted(((key, nanos) for key, nanos in added.items() if nanos > 0), key=lambda one: -one[1]))


def _part(kind: PartKind, sums: Sequence[int]) -> Part:
    earlier = sums[1:]
    return Part(kind=kind, now=sums[0], usual=sum(earlier) // len(earlier) if earlier else 0, earlier=tuple(earlier))


_PARTS = {
    Category.DUPLICATE: PartKind.DUPLICATES,
    Category.RETRY: PartKind.RETRIES,
    Category.LOOP: PartKind.LOOPS,
    Category.TASK: PartKind.TASKS,
    Category.CALL: PartKind.CALLS,
    Category.RETURNED: PartKind.RETURNED,
    Category.EARLIER: PartKind.EARLIER_REFUNDS,
}
_STEPS = {
    StepKind.EXPIRED: PartKind.EXPIRED,
    StepKind.CASH_REFUND: PartKind.CASH_REFUNDED,
    StepKind.CASH_RESTORED: PartKind.CASH_REFUNDED,
    StepKind.TAKEN_BACK: PartKind.TAKEN_BACK,
    StepKind.ADJUSTED_DOWN: PartKind.ADJUSTED,
    StepKind.OTHER_OUT: PartKind.OTHER,
}
# Steps whose money has left the wallet, or has come back to it.
LEAVING = frozenset({*_STEPS, StepKind.CHARGE, StepKind.OVERAGE, StepKind.REFUND})


def part_of(moved: Movement) -> PartKind | None:
    """The part that a movement which is no charge belongs to; None where it is money from outside, or not the wallet's."""
    kind = step_kind(moved)
    return None if kind is None else _STEPS.get(kind)


def _others(movements: Iterable[Movement]) -> Iterable[tuple[PartKind, int]]:
    for moved in movements:
        kind = part_of(moved)
        if kind is not None:
            yield kind, -moved.nanos if moved.credit == WALLET else moved.nanos


# -- prices ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effects:
    """What a raised price and a raised tier have added: to each part, out of which other part, and of which model's
    calls."""

    parts: Mapping[PartKind, int]
    taken: Mapping[PartKind, int]
    of_calls: Mapping[str | None, int]
    by_model: Mapping[str, int]
    by_tier: Mapping[tuple[int, int], int]


def _effects(records: Records) -> _Effects:
    """How much more the same use has cost than it would have before: first by the tier, then by the price."""
    parts: dict[PartKind, int] = defaultdict(int)
    taken: dict[PartKind, int] = defaultdict(int)
    of_calls: dict[str | None, int] = defaultdict(int)
    by_model: dict[str, int] = defaultdict(int)
    by_tier: dict[tuple[int, int], int] = defaultdict(int)
    repriced = _repriced(records)
    for spent in records.spent:
        if spent.window or spent.category not in (Category.TASK, Category.CALL):
            continue
        tier = price = 0
        if spent.base_millis and spent.multiplier_millis and spent.base_millis != spent.multiplier_millis:
            more = spent.multiplier_millis - spent.base_millis
            tier = round_half_even(Fraction(spent.nanos * more, spent.multiplier_millis))
            by_tier[spent.base_millis, spent.multiplier_millis] += tier
        found = repriced.get(_price_key(spent))
        if found is not None and spent.model is not None:
            # What the wallet could not pay, or was given back, has cost nothing.
            price = min(round_half_even(found), spent.nanos - tier)
            by_model[spent.model] += price
        parts[PartKind.TIER] += tier
        parts[PartKind.PRICE] += price
        taken[_PARTS[spent.category]] += tier + price
        if spent.category is Category.CALL:
            of_calls[spent.model] += tier + price
    return _Effects(parts=parts, taken=taken, of_calls=of_calls, by_model=by_model, by_tier=by_tier)


def _price_key(row: Spent | PricedUse) -> tuple[object, ...]:
    return row.category, row.model, row.price_version, row.base_version, row.multiplier_millis, row.base_millis


def _repriced(records: Records) -> Mapping[tuple[object, ...], Fraction]:
    """What each group of charges cost more by its price than it would have by the one before, at the tier of before."""
    found: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
    for use in records.priced:
        before = rate_before(records, use)
        if before is None:
            continue
        share = Fraction(use.share_millis * (use.base_millis or use.multiplier_millis), use.multiplier_millis * 1000)
        found[_price_key(use)] += use.units * (use.rate - before) * share / UNITS_PER_MILLION
    return found


def rate_before(records: Records, use: PricedUse) -> int | None:
    """The rate of that kind in the version before; None where it had none, so that nothing can be said."""
    terms = records.terms.get(use.base_version)
    if terms is None:
        return None
    tiers = [tier.rates for tier in terms.context_tiers if tier.above_input_tokens == use.context_above]
    return (tiers[0] if tiers else terms.rates).get(use.name)


def _dearer(records: Records, effects: _Effects) -> int:
    """What calls cost more because a larger part of them asks for dearer models, at prices of before."""
    before, now = _calls_by_model(records.spent)
    for model, nanos in effects.of_calls.items():
        now[model][0] -= nanos
    count_before, count_now = (sum(count for _, count in each.values()) for each in (before, now))
    if not count_before or not count_now:
        return 0
    more = Fraction()
    for model in {**before, **now}:
        nanos, count = before.get(model, (0, 0))
        nanos_now, count_of_now = now.get(model, (0, 0))
        price = Fraction(nanos, count) if count else Fraction(nanos_now, count_of_now or 1)
        more += price * (Fraction(count_of_now, count_now) - Fraction(count, count_before))
    return round_half_even(more * count_now)


_Sums = dict[str | None, list[int]]


def _calls_by_model(spent: Iterable[Spent]) -> tuple[_Sums, _Sums]:
    """Nanos and number of plain calls by model: before, and in the window."""
    before: _Sums = {}
    now: _Sums = {}
    for row in spent:
        if row.category is Category.CALL:
            sums = (before if row.window else now).setdefault(row.model, [0, 0])
            sums[0] += row.nanos
            sums[1] += row.charges
    return before, now


def _main_model(spent: Iterable[Spent]) -> str | None:
    """The model whose part of the calls has grown most in money, at what it costs now."""
    before, now = _calls_by_model(spent)
    count_before, count_now = (max(1, sum(count for _, count in each.values())) for each in (before, now))

    def grown(model: str | None) -> Fraction:
        nanos, count = now[model]
        share = Fraction(count, count_now) - Fraction(before.get(model, (0, 0))[1], count_before)
        return share * Fraction(nanos, max(1, count))

    return max(now, key=grown, default=None)


# -- what stands out -------------------------------------------------------------------------------------------

# So many windows are enough to know how much use varies; with fewer, more is needed to be told.
_WINDOWS_ENOUGH = 4
_TIMES, _TIMES_OF_FEW = 1500, 2000
# By how many times its spread in 4, 5, ... windows (hundredths) what varies by chance alone is exceeded once in a hundred
# windows: the fewer windows, the less their spread says. Student's t at 99 %, times the root of 1 + 1/n.
_SPREADS = (
    508, 410, 363, 336, 318, 305, 296, 289, 283, 278, 274, 271, 268, 266, 264, 262, 260, 259, 257, 256, 255, 254, 253, 252,
    252,
)  # fmt: skip


def stands_out(now: int, earlier: Sequence[int]) -> bool:
    """Whether it is more than usual by more than it usually varies; a few past incidents are not usual."""
    if not earlier:
        return now > 0
    ordered = sorted(earlier)
    usual, largest = ordered[: len(ordered) - len(ordered) // 10], ordered[len(ordered) - len(ordered) // 10 :]
    # A window is no incident for being the largest: it has to stand out itself.
    most = _most_of_usual(usual)
    return now > _most_of_usual([*usual, *(one for one in largest if one <= most)])


def _most_of_usual(ordered: Sequence[int]) -> int:
    """What windows like these do not exceed, by and large."""
    windows = len(ordered)
    mean = sum(ordered) // windows
    spread = isqrt(sum((one - mean) ** 2 for one in ordered) // max(1, windows - 1))
    share = _TIMES if windows >= _WINDOWS_ENOUGH else _TIMES_OF_FEW
    times = _SPREADS[min(max(0, windows - _WINDOWS_ENOUGH), len(_SPREADS) - 1)]
    return max(ordered[-1], mean * share // 1000, mean + times * spread // 100)
