"""Finding the days, clocks and zones that people write, wherever they stand in a text. Pure.

Each is found by itself, with its place; which belong together is decided by who asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T", covariant=True)

_HOUR_MINUTES = 60
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAME = rf"(?P<name>{'|'.join(_MONTHS)})[a-z]{{0,6}}"
_TH = r"(?:st|nd|rd|th)"
_HAN = "零一二三四五六七八九十两"
_NUMBER_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_WORD = rf"(?:{'|'.join(_NUMBER_WORDS)})"
_MM, _DD, _HHMM = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])", r"(?:[01]\d|2[0-3])[0-5]\d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Generic[T]):
    """Something that stands in a text, and where."""

    start: int
    end: int
    value: T

    def gap(self, other: Place[object]) -> int:
        return max(other.start - self.end, self.start - other.end, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time of day: minutes from midnight, and for how many minutes it may be meant."""

    minute: int
    length: int


def _num(text: str) -> int:
    """A number in digits, in Chinese or in English words."""
    lowered = text.lower()
    if lowered in _NUMBER_WORDS:
        return _NUMBER_WORDS.index(lowered) + 1
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.replace("两", "二").rpartition("十")
    value = 10 * (_HAN.index(tens) if tens else 1) if ten else 0
    return value + (_HAN.index(ones[-1]) if ones else 0)


# -- days --------------------------------------------------------------------------------------------------------------

_DAYS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # Nothing between them: 20261124, 202611240830, and 1124 before a clock.
        rf"(?<![\d.])(?P<year>20\d\d)(?P<month>{_MM})(?P<day>{_DD})(?=(?:[ T_-]?{_HHMM}(?:[0-5]\d)?)?(?!\d))",
        rf"(?<![\w.:/-])(?P<month>{_MM})(?P<day>{_DD})(?=[ ,，T](?:{_HHMM}(?!\d)|\d{{1,2}}:\d\d)|那天|当天|这天)",
        r"(?<![\d./:-])(?P<year>2\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\d./-])",
        r"(?<![\d./:-])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>2\d)(?![\d./-])",
        r"(?<![\d./:-])(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>20\d\d)(?!\d)",
        r"(?<![\d./:-])(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>20\d\d)(?!\d)",
        rf"(?<!\d)(?P<day>\d{{1,2}})-{_NAME}-(?P<year>2\d)(?!\d)",
        r"(?<!\d)(?P<year>20\d\d)(?:[-/.]|年)(?P<month>\d{1,2})(?:[-/.]|月)(?P<day>\d{1,2})(?:日|号)?(?!\d)",
        r"(?<![\d.])(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>20\d\d)(?!\d)",
        r"(?<![\d年])(?P<month>\d{1,2})月(?P<day>\d{1,2})(?:日|号)?(?!\d)",
        rf"(?<![a-z]){_NAME}\.?\s(?P<day>\d{{1,2}}){_TH}?(?![\d:]|\s?[ap]m)(?:,?\s(?P<year>20\d\d)(?!\d))?",
        rf"(?<!\d)(?P<day>\d{{1,2}}){_TH}?[\s-](?:of\s)?{_NAME}(?![a-z])\.?(?:,?\s(?P<year>20\d\d)(?!\d))?",
        r"(?P<ago>大前天|前天|前晚|今天|今日|今早|今晨|今晚|昨天|昨日|昨晚|昨夜|昨早"
        r"|\bthe day before yesterday\b|\b(?:to|this )(?:day|morning|night|afternoon|evening)\b|\byesterday\b|\blast night\b)",
        rf"(?<![\d.])(?P<back>\d{{1,2}}|[{_HAN}])\s?(?:天前|days? ago\b)",
        r"(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])",
        r"\b(?P<weekday>(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|(?:Mon|Tues?|Wed|Thu(?:rs?)?|Fri)\b|(?:Sat|Sun)\b(?=,?\s\d))",
        r"(?<![\d.月/-])(?P<day>\d{1,2})(?:号|日)",
        rf"\bthe\s(?P<day>\d{{1,2}}){_TH}\b",
        rf"(?<![\w.])(?P<day>\d{{1,2}}){_TH}(?=\s(?:at|around|about)\b)",
    )
)  # fmt: skip
# 11-24 08:30, 11.24那天: alone it may be anything, an amount as well.
_SHORT = re.compile(
    r"(?<![\d./:-])(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?![\d./:-]|\d)"
    r"(?=\s*\Z|\s?(?:那天|当天|这天|那次|一整天|全天|从早|整天|白天|凌晨|早上|上午|中午|下午|傍晚|晚上|号|日|的)|[\s,，、(（T]{1,3}\d{1,2}(?:[:：点时]|\s?[ap]m))"
    r"|(?<=[\s,，])(?P<month2>\d{1,2})/(?P<day2>\d{1,2})(?![\d./:-])",
    re.IGNORECASE,
)
_AGO: Mapping[str, int] = MappingProxyType(
    {"昨天": 1, "昨日": 1, "昨晚": 1, "昨夜": 1, "昨早": 1, "前天": 2, "前晚": 2, "大前天": 3, "yesterday": 1, "last night": 1,
     "the day before yesterday": 2}
)  # fmt: skip


def find_days(text: str, today: datetime) -> list[Place[datetime]]:
    """The days that a text names, in order; without a year the last such day before tomorrow."""
    found: list[Place[datetime]] = []
    for pattern in (*_DAYS, _SHORT):
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < one.end and one.start < end for one in found):
                continue
            try:
                day = _day(match.groupdict(), today)
            except ValueError:
                continue
            found.append(Place(start=start, end=end, value=day))
    return sorted(found, key=lambda one: one.start)


def _day(parts: Mapping[str, str | None], today: datetime) -> datetime:
    midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)
    if ago := parts.get("ago"):
        return midnight - timedelta(days=_AGO.get(ago.lower(), 0))
    if back := parts.get("back"):
        return midnight - timedelta(days=_num(back))
    if weekday := parts.get("weekday"):
        number = "一二三四五六日".find(weekday.replace("天", "日"))
        number = number if number >= 0 else _WEEKDAYS.index(weekday[:3].lower())
        return midnight - timedelta(days=(midnight.weekday() - number) % 7)
    month, number = parts.get("month") or parts.get("month2"), int(parts.get("day") or parts.get("day2") or 0)
    if name := parts.get("name"):
        month = str(_MONTHS.index(name[:3].lower()) + 1)
    if month is None:
        # A day of this month, or of the last that has had it; a day of slack for zones.
        if (tomorrow := midnight + timedelta(days=1)).day == number:
            return tomorrow
        day = midnight if number <= midnight.day else midnight.replace(day=1) - timedelta(days=1)
        return day.replace(day=number)
    year = parts.get("year")
    if year is not None and len(year) == 2:
        year = f"20{year}"
        if abs(int(year) - today.year) > 1:
            raise ValueError("not a year that anybody writes about")
    # The first of the month first: the 30th of this one may not be in that one.
    day = (
        midnight.replace(day=1).replace(year=int(year) if year else midnight.year, month=int(month)).replace(day=number)
    )
    if year is not None and day > today + timedelta(days=1):
        raise ValueError("nothing has happened then")
    # A day in the future was one of last year; a day of slack for zones.
    return day.replace(year=day.year - 1) if year is None and day > today + timedelta(days=1) else day


# -- clocks ------------------------------------------------------------------------------------------------------------

_HALF = (
    r"(?P<half>上午|下午|晚上|凌晨|中午|早上|早晨|清晨|清早|大早上|傍晚|半夜|深夜|夜里|午后|今晚|昨晚|昨夜|前晚|今早|昨早|今晨)"
    r"(?P<roughly>\s?(?:大概|大约|约|差不多|快|将近|接近|不到))?"
)
_BEHIND = r"(?:\s?(?P<ampm>[ap]\.?m\b\.?)|[\s,]{1,3}(?:something[\s,]{1,2})?(?P<behind>in the (?:morning|afternoon|evening)|at night|around noon))?"
_VAGUE = r"(?P<vague>\s?(?:多|来钟|左右|前后|上下|之后|以后|过后|那阵|那会儿|的样子|-?ish\b|something\b|or so\b|more or less\b|or thereabouts\b))?"
_CLOCKS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?:(?<=20\d{6})|(?<=20\d{6}[ T_-]))(?P<hour>[012]\d)(?P<minute>[0-5]\d)(?:[0-5]\d)?(?!\d)",
        r"(?<=(?<![\w.:/-])[01]\d[0-3]\d[ ,，T])(?P<hour>[012]\d)(?P<minute>[0-5]\d)(?!\d)",
        rf"(?:{_HALF}\s?)?(?<![\d:.])(?P<hour>\d{{1,2}})(?::|时|h(?=\d))(?P<minute>\d{{2}})(?::\d{{2}}(?:[.,]\d{{1,6}})?)?(?!\d)分?{_BEHIND}{_VAGUE}",
        rf"(?:{_HALF}\s?)?(?<![\d:.])(?P<hour>\d{{1,2}}|[{_HAN}]{{1,3}})点(?![点儿])钟?(?P<minute>\d{{1,2}}|半|整|一刻|三刻|[{_HAN}]{{1,4}}(?=分))?分?(?!\d){_VAGUE}",
        rf"(?<![\d:.])(?P<hour>\d{{1,2}})(?:\.(?P<minute>\d{{2}}))?\s?(?P<ampm>[ap]\.?m\b){_VAGUE}",
        r"(?<![\w.:])(?P<hour>[012]\d)(?P<minute>[0-5]\d)(?=\s(?:on|hrs|hours)\b)",
        rf"(?<![\w.:])(?P<hour>\d{{1,2}}|{_WORD})(?:-ish|\s?(?:something|o'?clock))?[\s,]{{1,3}}(?P<behind>in the (?:morning|afternoon|evening)|at night|around noon)",
        rf"\b(?P<behind>in the (?:morning|afternoon|evening)|at night|around noon),?\s(?P<hour>\d{{1,2}}|{_WORD})(?:-ish\b|\s?(?:something|o'?clock)\b)",
    )
)  # fmt: skip
_PM = re.compile(r"下午|晚上|傍晚|午后|今晚|昨晚|昨夜|前晚|p|in the afternoon|in the evening", re.IGNORECASE)
_NOON = re.compile(r"中午|around noon", re.IGNORECASE)
_NIGHT = re.compile(r"凌晨|半夜|深夜|at night", re.IGNORECASE)
# What stands around a clock and says where it was: short of it, about it, after it; from and to so many minutes beside it. The
# more roughly the rounder it is: nobody means half an hour by about 22:42.
_SHORT_OF = re.compile(
    r"(?:快|将近|接近|不到|\b(?:almost|nearly|(?:a bit |just |shortly |right )?before|coming up to))\s?\Z",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:大概|大约|约|差不多|[~≈]|\b(?:around|about|approx\w*\.?|roughly|circa|some ?time near))(?:是|在)?\s?\Z",
    re.IGNORECASE,
)
_PAST = re.compile(r"(?:刚过|过了?|\b(?:past|after))\s?\Z", re.IGNORECASE)
_POINTS_AT = re.compile(r"那阵|那会儿|的样子")
_ABOUT_BEHIND = re.compile(r"左右|前后|上下|那阵|那会儿|的样子|ish|or so|more or less|thereabouts", re.IGNORECASE)
_QUARTERS = {"半": 30, "整": 0, "一刻": 15, "三刻": 45}
# Half days without any clock: from and to which hour.
_HALVES: tuple[tuple[re.Pattern[str], int, int], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), start, end)
    for pattern, start, end in (
        (r"凌晨|半夜|at night\b|in the middle of the night", 0, 6),
        (r"早上|早晨|清晨|清早|上午|今早|昨早|今晨|\bmorning\b", 5, 12),
        (r"中午|\bnoon\b", 11, 14),
        (r"下午|午后|\bafternoon\b", 12, 19),
        (r"傍晚|晚上|今晚|昨晚|昨夜|前晚|\bevening\b|\b(?:last |to)night\b", 17, 24),
    )
)


def find_clocks(text: str) -> list[Place[Clock]]:
    """The times of day that a text names, in order."""
    found: list[Place[Clock]] = []
    for pattern in _CLOCKS:
        for match in pattern.finditer(text):
            start, end = match.span()
            clock = _clock(match.groupdict(), before=text[max(0, start - 24) : start])
            if clock is not None and not any(start < one.end and one.start < end for one in found):
                found.append(Place(start=start, end=end, value=clock))
    return sorted(found, key=lambda one: one.start)


def find_halves(text: str) -> list[Place[Clock]]:
    """The halves of days that a text names."""
    found = [
        Place(start=match.start(), end=match.end(), value=Clock(minute=start * 60, length=(end - start) * 60))
        for pattern, start, end in _HALVES
        for match in pattern.finditer(text)
    ]
    return sorted(found, key=lambda one: one.start)


def _clock(parts: Mapping[str, str | None], *, before: str) -> Clock | None:
    hour = _num(parts["hour"] or "")
    written = parts.get("minute")
    minute = 0 if written is None else _QUARTERS[written] if written in _QUARTERS else _num(written)
    said = parts.get("half") or parts.get("ampm") or parts.get("behind") or ""
    if _PM.match(said) or (_NOON.match(said) and hour < 11):
        hour += 12 if hour < 12 else 0
    elif hour == 12 and ((said.lower().startswith("a") and "noon" not in said) or _NIGHT.match(said)):
        # Midnight is the beginning of its day, not its middle.
        hour = 0
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        return None
    return _roughly(
        60 * hour + minute, is_hour=written is None, behind=parts.get("vague"), before=parts.get("roughly") or before
    )


def _roughly(at: int, *, is_hour: bool, behind: str | None, before: str) -> Clock:
    """A clock with what is said around it. Only what is round can be rough."""
    span = _HOUR_MINUTES if at % 60 == 0 else _HOUR_MINUTES // 2
    if at % 30:
        is_rough = behind is not None and _POINTS_AT.search(behind) is None
        return Clock(minute=at, length=_HOUR_MINUTES if is_rough else 1)
    if _SHORT_OF.search(before):
        return Clock(minute=max(0, at - span // 2), length=span // 2 + 5)
    if _ABOUT.search(before) or _ABOUT_BEHIND.search(behind or ""):
        return Clock(minute=max(0, at - span // 2), length=span // 2 + span)
    is_rough = is_hour or behind is not None or _PAST.search(before) is not None
    return Clock(minute=at, length=_HOUR_MINUTES if is_rough else 1)


# -- how long ago ------------------------------------------------------------------------------------------------------

_JUST_NOW = re.compile(
    r"刚刚|刚才|方才|几分钟(?:之|以)?前|\bjust now\b|\bright now\b|\b(?:a )?(?:moments?|few minutes|minutes) ago\b",
    re.IGNORECASE,
)
_HOURS_AGO = re.compile(
    rf"(?<![\d.])(?P<n>\d{{1,2}}|[{_HAN}]{{1,3}}|半|\b{_WORD}|\ban?)\s?(?:多|来)?个?(?:半|多|来)?(?P<unit>小时|钟头|分钟|hours?|hrs?|h|minutes?|mins?)\s?(?:之|以)?(?:前|ago\b|back\b)",
    re.IGNORECASE,
)  # fmt: skip


def find_ago(text: str) -> tuple[int, int] | None:
    """How long ago it was, from and to so many minutes; None where it is not said like that."""
    if _JUST_NOW.search(text):
        return 0, 30
    found = _HOURS_AGO.search(text)
    if found is None:
        return None
    number = 30 if found["n"] == "半" else 60 if found["n"].lower() in ("a", "an") else 60 * _num(found["n"])
    if found["unit"].lower().startswith(("分", "min")):
        number = 30 if found["n"] == "半" else number // 60
    slack = max(10, min(60, number // 3))
    return max(0, number - slack), number + slack


# -- zones -------------------------------------------------------------------------------------------------------------


def _offset(match: re.Match[str]) -> tzinfo:
    offset = timedelta(hours=min(int(match["hours"]), 14), minutes=int(match["minutes"] or 0))
    return timezone(-offset if match["sign"] == "-" else offset)


_ZONES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tzinfo]], ...] = (
    (re.compile(r"\b(?:UTC|GMT)\s?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?(?!\d)", re.IGNORECASE), _offset),
    (re.compile(r"(?<=:\d\d)\s?(?P<sign>[+-])(?P<hours>0\d|1[0-4]):?(?P<minutes>[0-5]\d)(?!\d)"), _offset),
    (re.compile(r"\bUTC\b|\bGMT\b|(?<=\d)\s?Z\b|(?<=[(（])Z\b|世界时|格林(?:威治|尼治)", re.IGNORECASE), lambda _: UTC),
    (re.compile(r"北京时间|中国时间|国内时间|bj\s?时间|东八区|\bBJT\b|\b(?:Beijing|China|Shanghai) time\b", re.IGNORECASE), lambda _: timezone(timedelta(hours=8))),
    (re.compile(r"美东(?:时间)?|纽约时间|\b(?:US )?Eastern(?: time)?\b|\beast coast(?: time)?\b|(?<=\d )ET\b|\bET(?= \d)|\b(?:New York|NYC|NY) time\b|\bE[SD]T\b", re.IGNORECASE), lambda _: ZoneInfo("America/New_York")),
    (re.compile(r"美西(?:时间)?|太平洋时间|\bPacific(?: time)?\b|\bP[SD]T\b", re.IGNORECASE), lambda _: ZoneInfo("America/Los_Angeles")),
    (re.compile(r"东京时间|日本时间|东九区|\b(?:Tokyo|Japan) time\b|\bJST\b", re.IGNORECASE), lambda _: timezone(timedelta(hours=9))),
    (re.compile(r"新加坡时间|\bSingapore time\b|\bSGT\b", re.IGNORECASE), lambda _: timezone(timedelta(hours=8))),
    (re.compile(r"伦敦时间|\b(?:London|UK) time\b", re.IGNORECASE), lambda _: ZoneInfo("Europe/London")),
    (re.compile(r"德国时间|柏林时间|\b(?:Berlin|Paris|German|Central European) time\b|\bCES?T\b", re.IGNORECASE), lambda _: ZoneInfo("Europe/Berlin")),
)  # fmt: skip


def find_zones(text: str) -> Iterator[Place[tzinfo]]:
    """The zones that a text names, those with a number first."""
    taken: list[tuple[int, int]] = []
    for pattern, read in _ZONES:
        for match in pattern.finditer(text):
            start, end = match.span()
            if not any(start < until and since < end for since, until in taken):
                taken.append((start, end))
                yield Place(start=start, end=end, value=read(match))
