"""Where did it go? A window of an account's money, from its opening to its closing, each movement in exactly one step.

Pure. Amounts are nanos (what comes in is positive, what goes out negative), times UTC microseconds. A window holds what
was posted at its start or later and before its end, so that windows laid end to end add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from counterfoil.evidence.drops import Comparison
from counterfoil.evidence.waterfall_steps import Beside, Step, StepKind
from counterfoil.foundation.errors import Broken, InputError
from counterfoil.foundation.periods import MICROS_PER_SECOND, read_time_zone, to_datetime

WINDOW_DAYS_MAX = 400
HOUR = 3_600 * MICROS_PER_SECOND
DAY = 24 * HOUR
# What a breakdown shows by name; the rest is one line.
SLICES_MAX = 20


class Dimension(StrEnum):
    """By what charges can be broken down."""

    MODEL = "model"
    TIER = "tier"
    KEY = "key"
    GROUP = "group"
    CLIENT = "client"
    HOUR = "hour"
    # What each charge was for: a call, a task, or a copy of either.
    CAUSE = "cause"
    # Originals against copies, whatever they are of.
    COPY = "copy"
    # Tasks against calls, copies among them.
    WORK = "work"


class SliceKind(StrEnum):
    """What a line of a breakdown stands for.

    `none`: the requests have no such thing (a key without a group). `unknown`: there is no request to the charge.
    `others`: what comes after the largest.
    """

    NAMED = "named"
    NONE = "none"
    UNKNOWN = "unknown"
    OTHERS = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One line of a breakdown: what was charged, what was given back, and how many requests and tasks were charged.

    `name` is a model, a client, a shown id, a code, or the start of an hour in microseconds; `label` is what people call
    it (a key's mask, a group's name). `merged` counts the names behind `others`.
    """

    kind: SliceKind
    name: str | None
    label: str | None = None
    charged: int
    refunded: int
    charges: int
    merged: int = 1

    @property
    def net(self) -> int:
        return self.charged - self.refunded


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """The charges of a window, and what was given back of charges in it, by one dimension."""

    by: Dimension
    slices: tuple[Slice, ...]

    @property
    def charged(self) -> int:
        return sum(one.charged for one in self.slices)

    @property
    def refunded(self) -> int:
        return sum(one.refunded for one in self.slices)

    @property
    def charges(self) -> int:
        return sum(one.charges for one in self.slices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """An account's window: `opening` and every step make `closing`, to the nano.

    `held` is what was reserved at the end, within `closing`. `concurrency` is the most requests that were open together
    when one that was charged came in. `from_version` and `through_version` are the transfers that it is made of.
    `comparison` holds the window against earlier ones like it.
    """

    account_id: UUID
    account_name: str
    currency: str
    time_zone: str
    start: int
    end: int
    opening: int
    closing: int
    held: int
    steps: tuple[Step, ...]
    beside: tuple[Beside, ...]
    breakdowns: tuple[Breakdown, ...]
    concurrency: int
    from_version: int
    through_version: int
    comparison: Comparison

    def __post_init__(self) -> None:
        if self.opening + sum(step.nanos for step in self.steps) != self.closing:
            raise Broken(code="waterfall_open", account=self.account_id.hex)
        charged, refunded = self.charged, self.refunded
        for one in self.breakdowns:
            if (one.charged, one.refunded) != (charged, refunded):
                raise Broken(code="waterfall_open", account=self.account_id.hex, breakdown=one.by)

    def step(self, *kinds: StepKind) -> int:
        """What these steps come to, signed."""
        return sum(step.nanos for step in self.steps if step.kind in kinds)

    @property
    def charged(self) -> int:
        return -self.step(StepKind.CHARGE, StepKind.OVERAGE)

    @property
    def refunded(self) -> int:
        return self.step(StepKind.REFUND)

    def by(self, dimension: Dimension) -> Breakdown:
        return next(one for one in self.breakdowns if one.by is dimension)


def check_window(start: int, end: int, *, now: int) -> None:
    """Raise `InputError` for a window that is empty, too long, or has not begun."""
    if not 0 <= start < end <= start + WINDOW_DAYS_MAX * DAY:
        raise InputError(field="from", expected=f"a time before the end, at most {WINDOW_DAYS_MAX} days before it")
    if start > now:
        raise InputError(field="from", expected="a time that has come")


def hour_offsets(start: int, end: int, time_zone: str) -> tuple[Sequence[int], Sequence[int]]:
    """From when on (UTC microseconds) by how much the zone's hours begin before UTC's: mostly one entry, and nothing.

    Clocks are put forward and back by whole hours, except where they are not: Lord Howe Island's by half of one.
    """
    zone = read_time_zone(time_zone)

    def ahead(at: int) -> int:
        offset = to_datetime(at).astimezone(zone).utcoffset() or timedelta()
        return offset // timedelta(microseconds=1) % HOUR

    since, offsets = [start], [ahead(start)]
    for at in range(start + DAY, end + DAY, DAY):
        if ahead(at) == offsets[-1]:
            continue
        low, high = at - DAY, at
        while high - low > MICROS_PER_SECOND:
            middle = (low + high) // 2
            low, high = (middle, high) if ahead(middle) == offsets[-1] else (low, middle)
        # Clocks change on whole seconds.
        since.append(high - high % MICROS_PER_SECOND)
        offsets.append(ahead(at))
    return since, offsets


def show_hour(start: int, time_zone: str) -> str:
    """The start of an hour as the account's people know it: `2026-11-24 08:00 +08:00`."""
    local = to_datetime(start).astimezone(read_time_zone(time_zone))
    shown = local.isoformat(sep=" ", timespec="minutes")
    return f"{shown[:16]} {shown[16:]}"
