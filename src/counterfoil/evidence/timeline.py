"""One timeline of an account: what happened, newest first, from every book that tells of it. Pure.

Calls that were served are told by the hour and charges by the day; everything else by itself. Times are UTC microseconds,
amounts nanos of the account's currency unless a row names another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from counterfoil.evidence.waterfall import DAY
from counterfoil.foundation.errors import InputError

# Somebody who looks for more asks for another window.
WINDOW_DAYS_MAX = 366
USUAL_DAYS = 7
PAGE_MAX = 200

_CURSOR = re.compile(r"([0-9]{1,17})\.([a-z]{1,12})\.([0-9a-f]{32}|[0-9a-z-]{1,31}|[0-9a-z-]{33,80})\Z")


class TimelineKind(StrEnum):
    """What people filter by."""

    # Refused, failed, or nobody knows how it ended.
    TROUBLE = "trouble"
    CALLS = "calls"
    CHARGES = "charges"
    ORDERS = "orders"
    CODES = "codes"
    REFUNDS = "refunds"
    DISPUTES = "disputes"
    # Credit, adjustments and whatever else moved.
    MONEY = "money"
    # Credit that ended.
    ENDINGS = "endings"
    TASKS = "tasks"
    LIMITS = "limits"
    KEYS = "keys"
    APPROVALS = "approvals"
    AUDIT = "audit"


class TimelineSource(StrEnum):
    """Where rows are read; their names order rows of one microsecond."""

    APPROVALS = "approvals"
    AUDIT = "audit"
    CALLS = "calls"
    CHARGES = "charges"
    CODES = "codes"
    DISPUTES = "disputes"
    ENDINGS = "endings"
    KEYS = "keys"
    LIMITS = "limits"
    MONEY = "money"
    ORDERS = "orders"
    # Charges given back, and payments.
    GIVEN_BACK = "givenback"
    REFUNDS = "refunds"
    TASKS = "tasks"
    TROUBLE = "trouble"

    @property
    def kind(self) -> TimelineKind:
        if self is TimelineSource.GIVEN_BACK:
            return TimelineKind.REFUNDS
        return TimelineKind(self.value)


class Place(NamedTuple):
    """Where a row stands among all: rows are told from the highest place to the lowest. `key` is unique in its source."""

    at: int
    source: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One thing that happened. `what` is a code whose words depend on the source; `subject` is what it is about.

    `first_at` is where a row of several begins; `count` how many they are, or a limit's number that is no money. `names`
    are words for the line below: a key's mask, a model, a reason.
    """

    at: int
    key: str
    source: TimelineSource
    what: str
    subject_kind: str | None = None
    subject_id: UUID | None = None
    amount: int | None = None
    currency: str | None = None
    count: int | None = None
    first_at: int | None = None
    by: str | None = None
    state: str | None = None
    names: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        return Place(self.at, self.source.value, self.key)

    @property
    def kind(self) -> TimelineKind:
        return self.source.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelinePage:
    """A part of an account's timeline; `next` asks for the part before it."""

    account_id: UUID
    currency: str
    time_zone: str
    start: int
    end: int
    rows: tuple[TimelineRow, ...]
    next: str | None


class Bound(NamedTuple):
    """Rows of one source below this are still to be told: those before `at`, and those at it with a lower key."""

    at: int
    key: str


def bound_of(source: TimelineSource, after: Place) -> Bound:
    """What of a source is left once everything down to a place has been told."""
    if source.value == after.source:
        return Bound(after.at, after.key)
    # Of one microsecond, sources are told from the last name to the first.
    return Bound(after.at + 1, "") if source.value < after.source else Bound(after.at, "")


def write_cursor(place: Place) -> str:
    return f"{place.at}.{place.source}.{place.key}"


def read_cursor(text: str) -> Place:
    """The place that a cursor names; raises `InputError`."""
    found = _CURSOR.match(text)
    if found is None or found[2] not in tuple(TimelineSource):
        raise InputError(field="cursor", expected="the `next` of the page before")
    return Place(int(found[1]), found[2], found[3])


def window_of(start: int | None, end: int | None, *, now: int) -> tuple[int, int]:
    """From when until when; without a beginning, the last week of it. Raises `InputError`."""
    last = now + 1 if end is None else end
    first = last - USUAL_DAYS * DAY if start is None else start
    if not first < last or last - first > WINDOW_DAYS_MAX * DAY + 1:
        raise InputError(code="window_too_long")
    return first, last


def time_of(value: UUID) -> int:
    """When an id of ours was made (UTC microseconds): the inverse of `make_id`."""
    millis, fraction = value.int >> 80, value.int >> 64 & 0xFFF
    return millis * 1000 + -(-fraction * 1000 // 4096)
