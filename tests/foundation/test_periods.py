"""Windows of limits in every time zone, daylight saving included, and how times are written and read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import (
    MICROS_PER_SECOND,
    Window,
    from_datetime,
    read_time,
    read_time_zone,
    show_time,
    to_datetime,
    window_bounds,
)

HOUR = 3600 * MICROS_PER_SECOND
# Ordinary ones; half hours and quarters; clocks that change at midnight, or by half an hour, or not as announced.
ZONES = [
    "UTC", "Asia/Shanghai", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "America/Los_Angeles",
    "Europe/London", "Europe/Lisbon", "Atlantic/Azores", "America/Sao_Paulo", "America/Asuncion", "America/Santiago",
    "America/Havana", "Asia/Beirut", "Africa/Cairo", "Asia/Gaza", "Asia/Tehran", "Africa/Casablanca", "Pacific/Apia",
    "Pacific/Chatham", "Pacific/Kiritimati", "Australia/Lord_Howe", "Australia/Sydney", "Antarctica/Troll",
]  # fmt: skip
zones = st.sampled_from(ZONES)


def micros(text: str) -> int:
    return read_time(text)


moments = st.integers(micros("2012-01-01T00:00:00Z"), micros("2060-01-01T00:00:00Z"))
calendar = st.sampled_from([Window.DAY, Window.MONTH])


def local_period(window: Window, at: int, zone: str) -> date:
    """The day or month that a wall clock in that zone shows: what the bounds are checked against."""
    shown = to_datetime(at).astimezone(ZoneInfo(zone)).date()
    return shown if window is Window.DAY else shown.replace(day=1)


@given(calendar, moments, zones)
@example(Window.DAY, micros("2018-11-04T03:00:00Z"), "America/Sao_Paulo")
@example(Window.DAY, micros("2018-02-18T02:30:00Z"), "America/Sao_Paulo")
@example(Window.DAY, micros("2024-11-03T04:30:00Z"), "America/Havana")
@example(Window.DAY, micros("2024-11-03T05:30:00Z"), "America/Havana")
@example(Window.DAY, micros("2024-04-26T00:00:00Z"), "Africa/Cairo")
def test_a_window_holds_its_moment_and_just_the_period_that_the_wall_clock_shows(
    window: Window, at: int, zone: str
) -> None:
    start, end = window_bounds(window, at, zone)
    assert end is not None
    assert start <= at < end
    period = local_period(window, at, zone)
    assert local_period(window, start, zone) == period
    assert local_period(window, end - 1, zone) == period
    assert local_period(window, start - 1, zone) < period
    assert local_period(window, end, zone) > period


@given(calendar, moments, zones, st.floats(0, 1, exclude_max=True))
def test_every_moment_of_a_window_has_the_same_bounds(window: Window, at: int, zone: str, part: float) -> None:
    start, end = window_bounds(window, at, zone)
    assert end is not None
    inside = start + int((end - start) * part)
    assert window_bounds(window, inside, zone) == (start, end)


@given(calendar, moments, zones)
def test_windows_follow_each_other_without_a_gap(window: Window, at: int, zone: str) -> None:
    start, end = window_bounds(window, at, zone)
    assert end is not None
    assert window_bounds(window, end, zone)[0] == end
    assert window_bounds(window, start - 1, zone)[1] == start


@pytest.mark.parametrize(
    ("zone", "at", "hours"),
    [
        ("UTC", "2026-11-24T12:00:00Z", 24),
        ("Asia/Shanghai", "2026-11-24T12:00:00Z", 24),
        ("America/New_York", "2026-03-08T12:00:00-05:00", 23),
        ("America/New_York", "2026-11-01T12:00:00-05:00", 25),
        ("Europe/London", "2026-03-29T12:00:00+01:00", 23),
        ("America/Sao_Paulo", "2018-11-04T12:00:00-02:00", 23),
        ("America/Sao_Paulo", "2018-02-17T12:00:00-02:00", 25),
        ("Australia/Lord_Howe", "2026-10-04T12:00:00+11:00", 23.5),
        ("Australia/Lord_Howe", "2026-04-05T12:00:00+10:30", 24.5),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, at: str, hours: float) -> None:
    start, end = window_bounds(Window.DAY, micros(at), zone)
    assert end is not None
    assert end - start == int(hours * HOUR)


def test_a_day_begins_at_midnight_of_the_accounts_zone() -> None:
    start, end = window_bounds(Window.DAY, micros("2026-11-23T20:00:00Z"), "Asia/Shanghai")
    assert show_time(start) == "2026-11-23T16:00:00.000000Z"
    assert end == micros("2026-11-24T16:00:00Z")


def test_a_month_ends_with_its_year() -> None:
    start, end = window_bounds(Window.MONTH, micros("2026-12-31T23:59:59.999999+08:00"), "Asia/Shanghai")
    assert start == micros("2026-12-01T00:00:00+08:00")
    assert end == micros("2027-01-01T00:00:00+08:00")


@given(moments, zones)
def test_a_minute_is_the_same_everywhere(at: int, zone: str) -> None:
    start, end = window_bounds(Window.MINUTE, at, zone)
    assert end is not None
    assert start <= at < end
    assert end - start == 60 * MICROS_PER_SECOND
    assert start % (60 * MICROS_PER_SECOND) == 0


@given(moments, zones, st.sampled_from([Window.LIFETIME, Window.REQUEST]))
def test_a_lifetime_never_ends(at: int, zone: str, window: Window) -> None:
    assert window_bounds(window, at, zone) == (0, None)


@given(st.integers(-(10**15), 10**17))
def test_a_time_written_and_read_again_is_the_same(at: int) -> None:
    assert read_time(show_time(at)) == at
    assert from_datetime(to_datetime(at)) == at


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_a_time_is_read_with_its_offset(moment: datetime, minutes: int) -> None:
    sign, offset = ("-" if minutes < 0 else "+"), abs(minutes)
    text = f"{moment.isoformat()}{sign}{offset // 60:02d}:{offset % 60:02d}"
    assert to_datetime(read_time(text)) == moment.replace(tzinfo=UTC) - timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["2026-11-24T08:00:00", "2026-11-24", "now", "", "2026-13-01T00:00:00Z", "1700000000"])
def test_a_time_without_a_zone_or_a_form_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        read_time(text)
    assert refused.value.code == "time_unreadable"


@pytest.mark.parametrize(
    "name", ["", "Asia", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Asia/Shanghai\x00", "\ud800", "亚洲/上海"]
)
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    with pytest.raises(InputError) as refused:
        read_time_zone(name)
    assert refused.value.code == "time_zone_unknown"
