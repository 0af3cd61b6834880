"""PayPal's dates: the day before the month or after it, as the account's country has it, and zones by their abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import read_time_zone
from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CellUnreadable
from counterfoil.reconcile.statements.model import RejectReason

_PARTS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})\.?\Z")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))? ?([AP]M)?\Z", re.IGNORECASE)
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2}):?(\d{2})?\Z")
_YEAR_DIGITS = 4
_MONTHS = 12
_NOON = 12
_AMERICAN = frozenset(("PST", "PDT", "MST", "MDT", "CST", "CDT", "EST", "EDT", "AKST", "AKDT", "HST"))
_ABBREVIATIONS: Mapping[str, str] = {
    "UTC": "+00:00", "GMT": "+00:00", "WET": "+00:00", "BST": "+01:00", "WEST": "+01:00", "CET": "+01:00",
    "MEZ": "+01:00", "CEST": "+02:00", "MESZ": "+02:00", "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00",
    "HKT": "+08:00", "SGT": "+08:00", "JST": "+09:00", "KST": "+09:00", "AWST": "+08:00", "AEST": "+10:00",
    "AEDT": "+11:00", "NZST": "+12:00", "NZDT": "+13:00", "HST": "-10:00", "AKST": "-09:00", "AKDT": "-08:00",
    "PST": "-08:00", "PDT": "-07:00", "MST": "-07:00", "MDT": "-06:00", "CDT": "-05:00", "EST": "-05:00",
    "EDT": "-04:00",
}  # fmt: skip
# The same letters for the middle of America and for China.
_CST: Mapping[bool, str] = {True: "+08:00", False: "-06:00"}


class DateOrder(StrEnum):
    """In which order a date has its parts."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    # Neither the dates nor the zones of the file say which: a date that could be two is not read.
    UNKNOWN = "unknown"


def date_order(dates: Iterable[tuple[str, str]], *, time_zone: str | None) -> DateOrder:
    """The order of a file's dates, from its own (date, zone) pairs; `time_zone` is the one configured, if any.

    Days after the twelfth show it; where all are before, American zones have the month first and others the day.
    """
    votes = {DateOrder.DAY_FIRST: 0, DateOrder.MONTH_FIRST: 0}
    zones = {DateOrder.DAY_FIRST: 0, DateOrder.MONTH_FIRST: 0}
    for date, zone in dates:
        order = _shown_by(date)
        if order is not None:
            votes[order] += 1
        if zone.upper() not in ("", "UTC", "GMT"):
            zones[_usual_in(zone)] += 1
    for counted in (votes, zones):
        if counted[DateOrder.DAY_FIRST] != counted[DateOrder.MONTH_FIRST]:
            return max(counted, key=lambda one: counted[one])
    return _usual_in(time_zone) if time_zone is not None else DateOrder.UNKNOWN


def _shown_by(date: str) -> DateOrder | None:
    found = _PARTS.match(date)
    if found is None or len(found[1]) == _YEAR_DIGITS:
        return None
    if found[2] == ".":
        return DateOrder.DAY_FIRST
    first, second = int(found[1]), int(found[3])
    if (first > _MONTHS) == (second > _MONTHS):
        return None
    return DateOrder.DAY_FIRST if first > _MONTHS else DateOrder.MONTH_FIRST


def _usual_in(zone: str) -> DateOrder:
    american = zone.upper() in _AMERICAN or zone.startswith(("America/", "US/"))
    return DateOrder.MONTH_FIRST if american else DateOrder.DAY_FIRST


def read_moment(date: str, time: str, zone: str, *, order: DateOrder, time_zone: str | None, is_chinese: bool) -> int:
    """UTC microseconds; raises `CellUnreadable`. `time_zone` is for rows that name none."""
    day = _day(date, order)
    clock = _TIME.match(time)
    if clock is None:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE)
    hour = int(clock[1])
    if clock[4] is not None:
        hour = hour % _NOON + (_NOON if clock[4].upper() == "PM" else 0)
    offset, named = _zone(zone, time_zone, is_chinese=is_chinese)
    return cells.micros(f"{day} {hour:02d}:{clock[2]}:{clock[3] or '00'}{offset}", time_zone=named)


def _day(date: str, order: DateOrder) -> str:
    found = _PARTS.match(date)
    if found is None:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE)
    first, second, third = found[1], found[3], found[4]
    if len(first) == _YEAR_DIGITS:
        return f"{first}-{second}-{third}"
    if found[2] == ".":
        order = DateOrder.DAY_FIRST
    if order is DateOrder.UNKNOWN and first != second:
        order = _shown_by(date) or order
    if order is DateOrder.UNKNOWN and first != second:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE)
    day, month = (second, first) if order is DateOrder.MONTH_FIRST else (first, second)
    year = third if len(third) == _YEAR_DIGITS else f"20{third:0>2}"
    return f"{year}-{month}-{day}"


def _zone(zone: str, time_zone: str | None, *, is_chinese: bool) -> tuple[str, str]:
    """The offset to write behind the time, or none and the zone's name."""
    told = zone.strip()
    if not told:
        if time_zone is None:
            raise CellUnreadable(RejectReason.TIME_UNREADABLE)
        return "", time_zone
    if told.upper() == "CST":
        chinese = is_chinese if time_zone is None else time_zone.startswith("Asia/")
        return _CST[chinese], "UTC"
    if told.upper() in _ABBREVIATIONS:
        return _ABBREVIATIONS[told.upper()], "UTC"
    offset = _OFFSET.match(told.replace(" ", ""))
    if offset is not None:
        return f"{offset[1]}{int(offset[2]):02d}:{offset[3] or '00'}", "UTC"
    try:
        read_time_zone(told)
    except InputError:
        raise CellUnreadable(RejectReason.TIME_UNREADABLE) from None
    return "", told
