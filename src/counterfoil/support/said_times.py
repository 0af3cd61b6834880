"""Reading the times that people write: without a year, in words, by half days, with a zone or without. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from types import MappingProxyType

from counterfoil.evidence.clues import WrittenTime, find_clues
from counterfoil.evidence.subjects import clean
from counterfoil.foundation.periods import MICROS_PER_SECOND, read_time_zone, to_datetime

_MINUTE = 60 * MICROS_PER_SECOND
_DAY = 24 * 60 * _MINUTE
# A longer value of a field is somebody's log; what it is about stands at its beginning.
READ_CHARACTERS_MAX = 2_000
# A window has two ends.
_TIMES_MAX = 2

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"(?:{'|'.join(_MONTHS)})[a-z]{{0,6}}"
_ORDINAL = r"(?:st|nd|rd|th)?"
_HALF = r"上午|下午|晚上|凌晨|中午|早上|傍晚"
# 16:30, 16:30:05, 4:30 pm, 下午4点半, 4 pm.
_CLOCK = (
    rf"(?:T|[,，、的\s]{{0,3}}(?:(?:at|around|about|大约|大概|约)\s?)?)?(?P<half>{_HALF})?\s?"
    r"(?P<hour>\d{1,2})(?:(?::|时|点)(?P<minute>\d{2}|半)?(?::\d{2})?分?|(?=\s?[ap]\.?m))\s?(?P<ampm>[ap]\.?m)?"
    r"(?:\s?(?P<zone>Z\b|UTC|GMT|北京时间|Beijing time|[+-]\d{2}:?\d{2}))?"
)
_DATES: tuple[str, ...] = (
    # 2026-11-24, 2026年11月24日.
    r"(?<!\d)(?P<year>20\d\d)(?:[-/.]|年)(?P<month>\d{1,2})(?:[-/.]|月)(?P<day>\d{1,2})(?:日|号)?",
    # 11月24日.
    r"(?<![\d年])(?P<month>\d{1,2})月(?P<day>\d{1,2})(?:日|号)?",
    # Nov 24, Nov 24th, 2026.
    rf"(?<![a-z])(?P<name>{_NAME})\.?\s(?P<day>\d{{1,2}}){_ORDINAL}(?![\d:])(?:,?\s(?P<year>20\d\d))?",
    # 24 Nov, 24th of November 2026.
    rf"(?<!\d)(?P<day>\d{{1,2}}){_ORDINAL}\s(?:of\s)?(?P<name>{_NAME})(?![a-z])\.?(?:,?\s(?P<year>20\d\d))?",
    r"(?P<when>今天|昨天|前天|今早|昨晚|\btoday\b|\byesterday\b|\blast night\b)",
)
_WRITTEN = tuple(re.compile(f"{date}(?:{_CLOCK})?(?!\\d)", re.IGNORECASE) for date in _DATES)
# 11-24 08:30: without a clock it may be anything.
_SHORT = re.compile(rf"(?<![\d./年-])(?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_CLOCK}(?!\d)", re.IGNORECASE)
_DAYS_BACK: Mapping[str, int] = MappingProxyType(
    {"今天": 0, "今早": 0, "today": 0, "昨天": 1, "昨晚": 1, "yesterday": 1, "last night": 1, "前天": 2}
)
_LATE = frozenset({"下午", "晚上", "傍晚", "昨晚", "last night"})
_IN_BEIJING = timezone(timedelta(hours=8))


def read_times(text: str, *, now: int, time_zone: str) -> tuple[WrittenTime, ...]:
    """The times that a value names, at most two. Without a year it is the last such day before `now` (UTC microseconds), the
    days of that zone."""
    cleaned = clean(text[:READ_CHARACTERS_MAX])
    exact = find_clues(cleaned, now=now).times
    if exact and not any(one.is_day for one in exact):
        return exact
    today = to_datetime(now).astimezone(read_time_zone(time_zone)).replace(tzinfo=None)
    found = sorted(_in_words(cleaned, today), key=lambda one: one[0])
    return tuple(time for _, time in found[:_TIMES_MAX]) or exact


def _in_words(text: str, today: datetime) -> Iterator[tuple[int, WrittenTime]]:
    """Every time with its place; what one form has read is not read again by another."""
    taken: list[tuple[int, int]] = []
    for pattern in (*_WRITTEN, _SHORT):
        for match in pattern.finditer(text):
            start, end = match.span()
            time = _read(match, today)
            if time is not None and not any(start < until and since < end for since, until in taken):
                taken.append((start, end))
                yield start, time


def _read(match: re.Match[str], today: datetime) -> WrittenTime | None:
    parts = match.groupdict()
    try:
        day = _day(parts, today)
        if parts["hour"] is None:
            return WrittenTime(local=day, length=_DAY)
        hour = _hour(parts)
        minute = 30 if parts["minute"] == "半" else int(parts["minute"] or 0)
        local = day.replace(hour=hour, minute=minute, tzinfo=_zone(parts["zone"]))
    except ValueError:
        return None
    # "3 o'clock" without minutes is an hour long.
    return WrittenTime(local=local, length=_MINUTE if parts["minute"] else 60 * _MINUTE)


def _day(parts: Mapping[str, str | None], today: datetime) -> datetime:
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    when = parts.get("when")
    if when is not None:
        return midnight - timedelta(days=_DAYS_BACK[when.lower()])
    name, year = parts.get("name"), parts.get("year")
    month = int(parts["month"] or 0) if name is None else _MONTHS.index(name[:3].lower()) + 1
    # The first of the month first: the 30th of this one may not be in that one.
    day = midnight.replace(day=1).replace(year=int(year) if year else midnight.year, month=month)
    day = day.replace(day=int(parts["day"] or 0))
    # A day in the future was one of last year; a day of slack for zones.
    return day.replace(year=day.year - 1) if year is None and day > today + timedelta(days=1) else day


def _hour(parts: Mapping[str, str | None]) -> int:
    hour, half, ampm = int(parts["hour"] or 0), parts["half"] or parts.get("when"), (parts["ampm"] or "").lower()
    is_late = half in _LATE or ampm.startswith("p") or (half == "中午" and hour < 11)
    if is_late and hour < 12:
        return hour + 12
    # Midnight is the beginning of its day, not its middle.
    return 0 if hour == 12 and (ampm.startswith("a") or half == "凌晨") else hour


def _zone(written: str | None) -> tzinfo | None:
    if written is None:
        return None
    if written[0] not in "+-":
        return UTC if written.upper() in ("Z", "UTC", "GMT") else _IN_BEIJING
    offset = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-offset if written[0] == "-" else offset)
