"""Where an account's money went: by whom and for what, hour by hour. Nothing here does I/O.

Amounts are nanos, times UTC microseconds. Hours are those of UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HOUR = 3_600_000_000


class SpentBy(StrEnum):
    """What spending can be divided by, and narrowed down to."""

    GROUP = "group"
    MEMBER = "member"
    KEY = "key"
    MODEL = "model"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What calls came to together. `charged` and `refunded` are what happened in the time, of whichever calls.

    `duplicates` and `retries` were charged although a copy had been charged already.
    """

    calls: int = 0
    charged: int = 0
    refunded: int = 0
    retries: int = 0
    retries_nanos: int = 0
    duplicates: int = 0
    duplicates_nanos: int = 0

    @property
    def net(self) -> int:
        return self.charged - self.refunded

    @property
    def again(self) -> int:
        """How many calls were paid for a second time."""
        return self.retries + self.duplicates

    @property
    def again_nanos(self) -> int:
        return self.retries_nanos + self.duplicates_nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One value of a division: a shown id (group, member, key), a model's or a client's name; empty where none stands for it."""

    value: str
    now: Sums
    # In the time of the same length before.
    before: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """An hour in which far more was charged than is usual there, and what most of it is owed to."""

    hour: int
    charged: int
    usual: int
    key: str
    client: str
    model: str
    # What that key, client and model were charged in it.
    share: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What is looked at: everything, or what has these values."""

    values: Mapping[SpentBy, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A period of an account's spending, against the one before. `behind` transfers are not added up yet."""

    start: int
    end: int
    total: Sums
    total_before: Sums
    hours: Mapping[int, int]
    hours_before: Mapping[int, int]
    spikes: tuple[Spike, ...]
    behind: int
