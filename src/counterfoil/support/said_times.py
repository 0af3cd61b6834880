"""Reading the times that people write: without a year, in words, by half days, relative, with a zone or without. Pure.

A day, a clock and a zone may stand in any order; what stands nearest to each other belongs together. What names no day is
no time, unless it says how long ago it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from counterfoil.evidence.clues import WrittenTime, find_clues
from counterfoil.evidence.subjects import clean
from counterfoil.foundation.periods import MICROS_PER_SECOND, read_time_zone, to_datetime
from counterfoil.support.said_days import Clock, Place, find_ago, find_clocks, find_days, find_halves, find_zones

_MINUTE = 60 * MICROS_PER_SECOND
_DAY_MINUTES = 24 * 60
_DAY = _DAY_MINUTES * _MINUTE
# A longer value of a field is somebody's log; what it is about stands at its beginning.
READ_CHARACTERS_MAX = 2_000
# A window has two ends.
_TIMES_MAX = 2
# How far from its day a clock may stand, and a zone from its clock: further away it is another matter.
_GAP_MAX = 20
# From midnight to so late it is a whole day.
_NEARLY_MIDNIGHT = 23 * 60 + 30


def read_times(text: str, *, now: int, time_zone: str) -> tuple[WrittenTime, ...]:
    """The times that a value names, at most two. Without a year it is the last such day before `now` (UTC microseconds), the
    days of that zone."""
    cleaned = clean(text[:READ_CHARACTERS_MAX])
    zones = list(find_zones(cleaned))
    exact = find_clues(cleaned, now=now).times
    if exact and not any(one.is_day for one in exact) and (not zones or all(one.local.tzinfo == UTC for one in exact)):
        named = {zone.value for zone in zones}
        if not named - {UTC}:
            return exact
    today = to_datetime(now).astimezone(read_time_zone(time_zone)).replace(tzinfo=None)
    found = _together(cleaned, today, zones)
    if not found and not exact and (ago := find_ago(cleaned)) is not None:
        least, most = ago
        start = to_datetime(now) - timedelta(minutes=most)
        return (WrittenTime(local=start, length=(most - least) * _MINUTE),)
    return tuple(found[:_TIMES_MAX]) or exact


def names_whole_day(text: str) -> bool:
    """Whether a text names a day and no part of it: who speaks of one call knows more of when it was."""
    # Any day will do that has had all the days of its year before it.
    times = _together(clean(text[:READ_CHARACTERS_MAX]), datetime(2024, 12, 31, tzinfo=UTC).replace(tzinfo=None), [])
    return bool(times) and all(one.is_day for one in times)


def _together(text: str, today: datetime, zones: list[Place[tzinfo]]) -> list[WrittenTime]:
    """Each day with the clocks that stand nearest to it, and the zone of these."""
    days = find_days(text, today)
    # What says how far a zone is off is no clock.
    clocks = [
        one for one in find_clocks(text) if not any(one.start < zone.end and zone.start < one.end for zone in zones)
    ]
    # A clock has read its half of the day with it.
    halves = [one for one in find_halves(text) if all(one.gap(clock) > 0 or one.end == clock.start for clock in clocks)]
    times: list[WrittenTime] = []
    for day in days:
        own = [one for one in clocks if _nearest(one, days) is day]
        if not own:
            own = [one for one in halves if one.gap(day) <= 2 or (day.start <= one.start and one.end <= day.end)][:1]
        times += _of_day(day, own, zones)
    return times


def _nearest(clock: Place[Clock], days: Iterable[Place[datetime]]) -> Place[datetime] | None:
    near = [one for one in days if clock.gap(one) <= _GAP_MAX]
    return min(near, key=lambda one: (clock.gap(one), one.start > clock.start), default=None)


def _of_day(day: Place[datetime], clocks: list[Place[Clock]], zones: list[Place[tzinfo]]) -> list[WrittenTime]:
    if not clocks or _is_whole_day(clocks):
        return [WrittenTime(local=day.value, length=_DAY)]
    times = []
    for one in clocks[:_TIMES_MAX]:
        near = [zone for zone in zones if min(zone.gap(one), zone.gap(day)) <= _GAP_MAX]
        zone = min(near, key=lambda zone: zone.gap(one)).value if near else None
        local = (day.value + timedelta(minutes=one.value.minute)).replace(tzinfo=zone)
        times.append(WrittenTime(local=local, length=one.value.length * _MINUTE))
    return times


def _is_whole_day(clocks: list[Place[Clock]]) -> bool:
    first, last = clocks[0].value.minute, clocks[-1].value.minute
    return len(clocks) > 1 and first == 0 and last >= _NEARLY_MIDNIGHT
