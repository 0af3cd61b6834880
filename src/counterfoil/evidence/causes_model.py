"""What is on record of the moment in which a request was refused, as far as its causes can lie in it.

Pure data. Amounts are nanos, times UTC microseconds. "Then" is the moment of the decision: the account's events up to
that of the refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from counterfoil.evidence.findings import FindingCode, Row
from counterfoil.limits.model import Check


class Taken(NamedTuple):
    """What another request had taken then: what it held while that was open, else what it was charged less what had been
    given back. `counted` says in which limits' windows, as it is on record (`limits.usage`). `original` is what the first
    request of its submission had taken; something of either may have been given back that came in at `given_back_since`."""

    request_id: UUID
    is_task: bool
    at: int
    event_no: int
    nanos: int
    is_open: bool
    counted: bytes = b""
    verdict: str | None = None
    retry_count: int = 0
    submission_id: UUID | None = None
    original: int = 0
    given_back_since: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Credit that was lost when its grant expired; `at` is the grant's expiry."""

    grant_id: UUID
    at: int
    nanos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """What could not be spent then of a grant that was frozen `at` a time, by the event of that number. Where not all that
    was released into it since is known, it is at least so much."""

    grant_id: UUID
    at: int
    event_no: int
    nanos: int
    whole: bool = True


class Turn(StrEnum):
    """What changes which money is there to be spent: after one, it matters from which grant a request took its money."""

    EXPIRY = "expiry"
    FREEZE = "freeze"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAt:
    turn: Turn
    at: int
    grant_id: UUID | None = None
    event_no: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What requests of this key (or account) held at most, at the median of so many."""

    nanos: int
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Everything that the causes of a refusal are looked for in.

    `in_flight` are the holds that were open then, `sent_again` copies and retries with what they had taken.
    `all_in_flight` and `all_sent_again` are False where there was more than could be read.
    """

    at: int
    currency: str
    model: str | None
    checks: tuple[Check, ...]
    in_flight: tuple[Taken, ...] = ()
    all_in_flight: bool = True
    sent_again: tuple[Taken, ...] = ()
    all_sent_again: bool = True
    expired: tuple[Expired, ...] = ()
    frozen: tuple[Frozen, ...] = ()
    turns: tuple[TurnAt, ...] = ()
    usual: Usual | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A check that failed. `short` is what it lacked; 0 where it is not about money."""

    check: Check
    short: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """What is left out when the past is gone through again: requests with all that became of them, freezes by the numbers
    of their events, the expiry of grants."""

    requests: frozenset[UUID] = frozenset()
    freezes: frozenset[int] = frozenset()
    expiries: frozenset[UUID] = frozenset()

    def __or__(self, other: Without) -> Without:
        return Without(
            requests=self.requests | other.requests, freezes=self.freezes | other.freezes,
            expiries=self.expiries | other.expiries,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One possible cause, and what is different without it.

    `relief` is by how much each failing check (by its place) would have been better off, as far as that is a sum; in the
    wallet it is only so where no turn came in between, `since` when on. `covers` are checks that would not have failed
    whatever the amounts. `taken`, `freezes` and `expiries` are what is left out of the wallet's past without it. `whole` is False where only a part of it could be read, so that it is at least so much.
    """

    code: FindingCode
    relief: Mapping[int, int] = field(default_factory=dict)
    covers: frozenset[int] = frozenset()
    since: int | None = None
    taken: tuple[Taken, ...] = ()
    freezes: frozenset[int] = frozenset()
    expiries: frozenset[UUID] = frozenset()
    whole: bool = True
    # How a finding of it is told.
    numbers: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()

    @property
    def without(self) -> Without:
        requests = frozenset(one.request_id for one in self.taken)
        return Without(requests=requests, freezes=self.freezes, expiries=self.expiries)
