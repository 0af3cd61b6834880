"""What every key rule does with the rows of one key: hold their sum against what was expected. In plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.reconcile.model import BreakClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One row of a side. `amount` has a sign; `is_preferred` for the one that a payment's notice named."""

    row: str
    amount: int
    currency: str
    at: int
    is_preferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`kept` make up what was expected, `again` come on top of it; without a class, `variance` is within the tolerance."""

    kept: tuple[Part, ...]
    again: tuple[Part, ...] = ()
    found: int
    break_class: BreakClass | None = None

    @property
    def last_at(self) -> int:
        return max(part.at for part in self.kept)

    @property
    def rows(self) -> tuple[str, ...]:
        return tuple(sorted(part.row for part in self.kept))


def compare(parts: Sequence[Part], *, expected: int, currency: str, tolerance: int) -> Comparison:
    """Hold one or more parts against an amount.

    All together, else the only one, else the best one that is right by itself: then the others are there a second time.
    """
    same = [part for part in parts if part.currency == currency]
    total = sum(part.amount for part in same)
    kept = in_place(parts, expected=expected, currency=currency, tolerance=tolerance)
    if len(same) == len(parts) and abs(total - expected) <= tolerance:
        return Comparison(kept=kept, found=total)
    if len(parts) == 1 and not same:
        return Comparison(kept=kept, found=parts[0].amount, break_class=BreakClass.CURRENCY_MISMATCH)
    if len(parts) == 1:
        over = BreakClass.AMOUNT_OVER if total > expected else BreakClass.AMOUNT_UNDER
        return Comparison(kept=kept, found=total, break_class=over)
    if fits(kept[0], expected=expected, currency=currency, tolerance=tolerance):
        return Comparison(kept=kept[:1], again=kept[1:], found=kept[0].amount)
    return Comparison(kept=kept, found=total, break_class=BreakClass.SPLIT_MISMATCH)


def in_place(parts: Sequence[Part], *, expected: int, currency: str, tolerance: int) -> tuple[Part, ...]:
    """The parts with the one first that is most likely meant."""
    return tuple(
        sorted(
            parts,
            key=lambda part: (
                not fits(part, expected=expected, currency=currency, tolerance=tolerance),
                not part.is_preferred,
                part.at,
                part.row,
            ),
        )
    )


def fits(part: Part, *, expected: int, currency: str, tolerance: int) -> bool:
    return part.currency == currency and abs(part.amount - expected) <= tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A row that no key has matched. `since` and `until` (inclusive) say when its counterpart may be, for ours."""

    row: str
    source: str
    # +1: money that came, -1: money that left.
    flow: int
    amount: int
    currency: str
    at: int
    since: int = 0
    until: int = 0
    tolerance: int = 0

    def may_be(self, theirs: Open) -> bool:
        return (
            (self.source, self.flow, self.currency) == (theirs.source, theirs.flow, theirs.currency)
            and abs(self.amount - theirs.amount) <= self.tolerance
            and self.since <= theirs.at <= self.until
        )


def pair(ours: Sequence[Open], theirs: Sequence[Open]) -> tuple[list[tuple[Open, Open]], dict[str, list[Open]]]:
    """Pairs that are alone on both sides, and for each other row of ours that has candidates, these."""
    candidates = [(our, their) for our in ours for their in theirs if our.may_be(their)]
    of_ours: dict[str, list[Open]] = {}
    of_theirs: dict[str, list[Open]] = {}
    for our, their in candidates:
        of_ours.setdefault(our.row, []).append(their)
        of_theirs.setdefault(their.row, []).append(our)
    sure = [(our, their) for our, their in candidates if len(of_ours[our.row]) == 1 and len(of_theirs[their.row]) == 1]
    settled = {our.row for our, _ in sure}
    return sure, {row: found for row, found in of_ours.items() if row not in settled}
