"""What a month consists of. Amounts are nanos, times UTC microseconds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from counterfoil.reconcile.model import Book, BreakClass

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
CENT = 10_000_000
UNIT = 1_000_000_000
# 1 March 2026 in UTC, the first day of every month that is made up.
START = 1_772_323_200 * 1_000_000
# After every time that there is.
NEVER = 2**62
# Chinese channels make a file for each of their own days, which end at 16:00 UTC; a day of ours is closed when the files of
# the Chinese day that it ends in are here.
CHINA_LEAD = 16 * HOUR

Row = dict[str, Any]


class Reference(NamedTuple):
    """A line as its channel names it, since the importers have not read it yet: source, kind, and its number there."""

    source: str
    kind: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A time that is closed at once: `start` inclusive, `end` exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A break that every run has to find that ends in `since` to `until` (exclusive).

    Where it `is_of_day`, only the run finds it that `since` lies in: large books are held day by day. `{run}` in `ours`
    stands for the run's beginning. A break that `needs` a source is not looked for where that has not told of the day.
    """

    book: Book
    break_class: BreakClass
    ours: tuple[Reference | str, ...] = ()
    theirs: tuple[Reference | str, ...] = ()
    since: int
    until: int = NEVER
    is_of_day: bool = False
    needs: str | None = None

    def is_due(self, run: Run, absent: frozenset[str]) -> bool:
        if self.needs in absent:
            return False
        return run.start <= self.since < run.end if self.is_of_day else self.since <= run.end < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A line of a payment channel or bank. `told_at` says in which file it stands; a fee is what the channel keeps.

    `of` is the payment that a refund gives back.
    """

    source: str
    kind: str
    at: int
    told_at: int
    trade: str
    amount: int
    currency: str
    fee: int = 0
    direction: int = 1
    order: str = ""
    refund: str = ""
    our_refund: str = ""
    payout: str = ""
    status: str = "succeeded"
    of: Told | None = None

    @property
    def reference(self) -> Reference:
        if self.kind == "payout" and self.payout:
            return Reference(self.source, self.kind, self.payout)
        if self.kind == "refund" and self.refund:
            return Reference(self.source, self.kind, self.refund)
        return Reference(self.source, self.kind, self.trade)


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A line of an upstream's bill: of one call where it has an `upstream_id`, else of a bucket."""

    source: str
    kind: str
    starts_at: int
    ends_at: int
    model: str
    key: str = ""
    upstream_id: str = ""
    line_item: str = ""
    requests: int = 1
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    amount: int = 0
    currency: str = "USD"
    failed: bool = False

    @property
    def reference(self) -> Reference:
        number = self.upstream_id or "|".join((self.line_item or self.model, self.key, str(self.starts_at)))
        return Reference(self.source, self.kind, number)


@dataclass(slots=True, kw_only=True)
class Month:
    """Everything that has happened, on both sides, and what of it does not fit."""

    seed: int
    days: int
    random: random.Random = field(init=False)
    orders: list[Row] = field(default_factory=list)
    payments: list[Row] = field(default_factory=list)
    refunds: list[Row] = field(default_factory=list)
    credits: list[Row] = field(default_factory=list)
    redemptions: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    charges: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    billed: list[Billed] = field(default_factory=list)
    planted: list[Planted] = field(default_factory=list)
    # Source and beginning of a day whose file comes with the next day's.
    withheld: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    @property
    def end(self) -> int:
        return START + self.days * DAY

    def uuid(self, at: int) -> UUID:
        """An id as the clock gives it at a time."""
        bits = self.random.getrandbits(74)
        return UUID(int=(at // 1000) << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & (2**62 - 1))

    def start_of(self, day: int) -> int:
        return START + day * DAY

    def time_in(self, day: int, earliest: int = HOUR, latest: int = 22 * HOUR) -> int:
        """A whole second of a day, between two times of it."""
        return self.start_of(day) + self.random.randrange(earliest, latest, 1_000_000)

    def some_days(self, times: int) -> Sequence[int]:
        """Days to plant something on, spread over the month."""
        first = self.random.randrange(self.days)
        return [(first + place * max(1, self.days // times)) % self.days for place in range(times)]

    def plant(self, book: Book, break_class: BreakClass, **what: Any) -> None:
        self.planted.append(Planted(book=book, break_class=break_class, **what))
