"""An account's transfers added up in stretches: which of them answer a question, and what they come to. Pure.

A stretch is added up once it is full, and never again: posted rows do not change. Stretches are of two lengths, so that a
month of millions is a few hundred long ones, with short ones where a day begins or the question ends; what is in no full
stretch, or in one that the question divides, is read transfer by transfer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from counterfoil.ledger.model import WALLET

# How many versions a stretch has, the longest first; each is a whole number of the next. The rows on record were added up by
# these.
SPANS = (4_096, 64)


class Sum(NamedTuple):
    """Transfers between two breaks that are alike in code, cause and accounts, added up. `amount` is in nanos."""

    # Which part of the question it belongs to: how many breaks are at or below its versions.
    part: int
    code: str
    cause_kind: str
    debit: str
    credit: str
    transfers: int
    # Of these, the first legs of their operations.
    first_legs: int
    amount: int
    first_version: int
    last_version: int
    first_at: int
    last_at: int

    @property
    def change(self) -> int:
        """What they have changed the wallet by."""
        return self.amount * ((self.credit == WALLET) - (self.debit == WALLET))


class Stretches(NamedTuple):
    """Neighbouring stretches of one length: from `first` until before `last`."""

    span: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is read: stretches on record, and the transfers above each of these versions and through the other."""

    stretches: Sequence[Stretches]
    singles: Sequence[tuple[int, int]]


def reading_of(*, above: int, through: int, summed: Mapping[int, int], breaks: Iterable[int] = ()) -> Reading:
    """How to add up the versions above one and through another, where of each length so many stretches are on record.

    No stretch that is read goes over a break: a version that begins something new.
    """
    stretches: list[Stretches] = []
    singles: list[tuple[int, int]] = []
    edges = sorted({above, through, *(one - 1 for one in breaks if above < one - 1 < through)})
    for low, high in pairwise(edges):
        for span, start, end in _divided(low, high, SPANS, summed):
            if span > 1:
                stretches.append(Stretches(span, start // span, end // span))
            elif singles and singles[-1][1] == start:
                singles[-1] = (singles[-1][0], end)
            else:
                singles.append((start, end))
    return Reading(stretches=stretches, singles=singles)


def _divided(low: int, high: int, spans: Sequence[int], summed: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """The versions above one and through another in the longest stretches there are: length, and above and through which;
    the length of what has none is 1."""
    if high <= low:
        return
    if not spans:
        yield 1, low, high
        return
    span, *shorter = spans
    first, last = -(-low // span), min(summed.get(span, 0), high // span)
    if last <= first:
        yield from _divided(low, high, shorter, summed)
        return
    yield from _divided(low, first * span, shorter, summed)
    yield span, first * span, last * span
    yield from _divided(last * span, high, shorter, summed)


def next_stretches(*, version: int, summed: Mapping[int, int], most: int) -> list[Stretches]:
    """What can be added up of an account that has come to a version: transfers first, `most` of their stretches, and then
    what is longer."""
    found, reached = [], version
    for place, span in enumerate(reversed(SPANS)):
        first = summed.get(span, 0)
        last = reached // span if place else min(reached // span, first + most)
        if last > first:
            found.append(Stretches(span, first, last))
        reached = max(first, last) * span
    return found
