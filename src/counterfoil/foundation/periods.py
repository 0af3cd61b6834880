"""Windows of limits and the form of times: which window an instant falls in, and when that window ends."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from counterfoil.foundation.errors import InputError

MICROS_PER_SECOND = 1_000_000
_MINUTE = 60 * MICROS_PER_SECOND
_MONTH = re.compile(r"(\d{4})-(\d{2})\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Window(StrEnum):
    """How long a limit's usage adds up: for one request, a minute, a day or month of the account's zone, or for ever."""

    REQUEST = "request"
    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"
    LIFETIME = "lifetime"


def window_bounds(window: Window, at: int, time_zone: str) -> tuple[int, int | None]:
    """Start and end (UTC microseconds; None: never) of the window that holds the instant `at`."""
    if window is Window.LIFETIME or window is Window.REQUEST:
        return 0, None
    if window is Window.MINUTE:
        start = at - at % _MINUTE
        return start, start + _MINUTE
    # A day is at least 23 hours long: the bounds of the quarter-hour are the bounds of the instant, and cache well.
    start, end = _calendar_bounds(window, at - at % (15 * _MINUTE), time_zone)
    return start, end


@lru_cache(maxsize=4096)
def _calendar_bounds(window: Window, at: int, time_zone: str) -> tuple[int, int]:
    zone = read_time_zone(time_zone)
    local = to_datetime(at).astimezone(zone)
    if window is Window.DAY:
        first = datetime(local.year, local.month, local.day, tzinfo=zone)
        following = (first.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=zone)
    else:
        first = datetime(local.year, local.month, 1, tzinfo=zone)
        months = local.year * 12 + local.month
        following = datetime(months // 12, months % 12 + 1, 1, tzinfo=zone)
    return from_datetime(first), from_datetime(following)


def month_bounds(name: str | None, *, now: int, time_zone: str) -> tuple[int, int]:
    """Start and end of a month such as `2026-11` in a time zone (None: the month of `now`); raises `InputError`."""
    at = now
    if name is not None:
        found = _MONTH.match(name)
        if found is None or not (1970 <= int(found[1]) <= 9998 and 1 <= int(found[2]) <= 12):
            raise InputError(field="month", expected="a month such as 2026-11")
        at = from_datetime(datetime(int(found[1]), int(found[2]), 2, tzinfo=read_time_zone(time_zone)))
    return _calendar_bounds(Window.MONTH, at, time_zone)


@lru_cache(maxsize=512)
def read_time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; raises `InputError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputError(code="time_zone_unknown", time_zone=name[:60]) from error


def to_datetime(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def from_datetime(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def show_time(at: int) -> str:
    """RFC 3339 in UTC with microseconds."""
    return to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_time(text: str) -> int:
    """Read an RFC 3339 time (a zone is required); raises `InputError`."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError(code="time_unreadable", text=text[:40]) from error
    if moment.tzinfo is None:
        raise InputError(code="time_unreadable", text=text[:40], reason="a time zone is needed, such as Z or +08:00")
    return from_datetime(moment)
