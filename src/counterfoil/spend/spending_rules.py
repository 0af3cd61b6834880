"""Which periods are held against each other, and which hours stand out. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Mapping

from counterfoil.foundation.errors import InputError
from counterfoil.spend.spending_model import HOUR

PERIOD_DAYS_MAX = 400
_DAY = 24 * HOUR
# How far back "usual" looks, how many hours with spending it takes to say what that is, and how far above it an hour
# stands out.
USUAL_MICROS = 7 * _DAY
USUAL_HOURS_LEAST = 6
SPIKE_TIMES = 4
# As large as this share of the period's largest hour, or nobody would call it a spike.
_SPIKE_SHARE = 10
SPIKES_MAX = 10


def check_period(start: int, end: int) -> tuple[int, int]:
    """The period in whole hours; raises `InputError` for one that is empty or longer than 400 days."""
    if not 0 <= start < end:
        raise InputError(field="until", expected="a time after since")
    if end - start > PERIOD_DAYS_MAX * _DAY:
        raise InputError(field="until", expected=f"at most {PERIOD_DAYS_MAX} days after since")
    return start // HOUR * HOUR, -(-end // HOUR) * HOUR


def period_before(start: int, end: int) -> tuple[int, int]:
    """The period of the same length just before."""
    return max(0, start - (end - start)), start


def spike_hours(hours: Mapping[int, int], *, start: int, end: int) -> list[tuple[int, int, int]]:
    """Hours of a period in which far more was charged than is usual: hour, charged, usual; the largest first.

    What is usual is the median of the hours with spending in the week before; with too few of them nothing can be said.
    `hours` reach back a week before the period.
    """
    largest = max((nanos for hour, nanos in hours.items() if start <= hour < end), default=0)
    found = []
    # The week before, by time and by amount: as an hour comes, those that are too old go.
    week: deque[tuple[int, int]] = deque()
    amounts: list[int] = []
    for hour, charged in sorted(hours.items()):
        while week and week[0][0] < hour - USUAL_MICROS:
            _, gone = week.popleft()
            del amounts[bisect_left(amounts, gone)]
        if start <= hour < end and charged * _SPIKE_SHARE >= largest and len(amounts) >= USUAL_HOURS_LEAST:
            usual = amounts[(len(amounts) - 1) // 2]
            if charged >= SPIKE_TIMES * usual:
                found.append((hour, charged, usual))
        if charged > 0:
            week.append((hour, charged))
            insort(amounts, charged)
    return sorted(found, key=lambda one: (-one[1], one[0]))[:SPIKES_MAX]
