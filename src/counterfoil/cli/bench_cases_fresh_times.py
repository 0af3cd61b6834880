"""How times and amounts are written in the third set of wordings. Pure, but for the dice passed in.

Whatever is said is true of the record, within what its words allow: "after eleven" is in that hour, "two hours ago" to the
nearest hour. A time from elsewhere is either named as one or in a zone that a console may well show.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from counterfoil.cli.bench_cases_model import Mess, Phrases
from counterfoil.cli.bench_cases_words import full_width
from counterfoil.foundation.money import NANOS_PER_UNIT, format_nanos
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Language

ZH, EN = Language.ZH, Language.EN
_MINUTE = 60 * 10**6
_MONTHS = ("Jan", "Feb", "March", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
_WEEKDAYS = {
    ZH: ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    EN: ("Mon", "Tues", "Wed", "Thurs", "Fri", "Sat", "Sun"),
}
_ZONES: Mapping[str, Phrases] = MappingProxyType({
    "UTC": {ZH: ("UTC", "utc时间", "格林威治时间", "世界时", "UTC+0"), EN: ("UTC", "gmt", "utc time", "Z", "UTC+0")},
    "Asia/Shanghai": {
        ZH: ("北京时间", "东八区", "UTC+8", "国内时间", "bj时间"), EN: ("Beijing time", "China time", "GMT+8", "UTC+8", "Shanghai time")
    },
    "America/New_York": {ZH: ("美东时间", "纽约时间", "美东", "ET"), EN: ("ET", "NY time", "US eastern", "New York", "east coast time")},
    "Asia/Tokyo": {ZH: ("日本时间", "东京时间", "UTC+9"), EN: ("JST", "Tokyo time", "UTC+9")},
    "Europe/Berlin": {ZH: ("德国时间", "柏林时间"), EN: ("Berlin time", "German time")},
})  # fmt: skip
# What a console or a server may show without saying so.
_UNNAMED = ("UTC", "UTC", "Asia/Shanghai", "America/New_York")

# Exact to the minute; {day} is by the reader's own calendar ("yesterday"), the others are by any.
_ABSOLUTE: Phrases = {
    ZH: (
        "{mo}月{d}号{h}点{mm}", "{y}.{mo}.{d} {HH}:{MM}", "{m0}{d0} {HH}{MM}", "{mo}-{d} {HH}：{MM}", "{mo}/{d} {half}{h12}:{MM}", "{d}号{HH}:{MM}", "{y}年{mo}月{d}日{h}时{m}分",
        "{HH}:{MM}（{mo}月{d}日）", "{mo}月{d}{half}{h12}点{m}分", "{yy}/{m0}/{d0} {HH}:{MM}", "{mo}.{d}{half}{h12}点{mm}", "{y}{m0}{d0}{HH}{MM}", "{m0}-{d0} {HH}:{MM}:{SS}", "{wide}",
    ),
    EN: (
        "{month} {d}, {h12}:{MM}{ap}", "{d} {month} {HH}:{MM}", "{mo}/{d} {h12}:{MM} {AP}", "{d}/{mo}/{y} {HH}:{MM}", "{HH}{MM} on {m0}/{d0}", "{y}-{m0}-{d0}T{HH}:{MM}", "{h12}:{MM}{ap} {month} {d}{th}",
        "{y}{m0}{d0} {HH}:{MM}", "{d}.{mo}. {HH}:{MM}", "{month} {d} {h12}.{MM} {ap}", "{d}{th} of {month}, {h12}:{MM} {AP}", "{d}-{month}-{yy} {HH}:{MM}", "{m0}-{d0} {HH}:{MM}:{SS}", "the {d}{th} @ {HH}:{MM}",
    ),
}  # fmt: skip
_BY_THE_DAY: Phrases = {
    ZH: ("{day}{half}{h12}点{mm}", "{day}{HH}:{MM}", "{day}{half}{h12}:{MM}", "{day} {HH}点{m}分", "{HH}:{MM} {day}", "{day}{half}{h12}点{m}分吧"),
    EN: ("{day} {h12}:{MM}{ap}", "{day} at {HH}:{MM}", "{h12}:{MM} {ap} {day}", "{day}, {h12}.{MM}{ap}", "{HH}:{MM} {day}", "{day} {h12}:{MM} in the {part}"),
}  # fmt: skip
_WITH_ZONE: Phrases = {
    ZH: ("{t} {z}", "{t}（{z}）", "{z}{t}", "{z} {t}", "{t},{z}", "{t}（我这边{z}）"), EN: ("{t} {z}", "{t} ({z})", "{t}, {z}", "{z} {t}", "{t} - {z}", "{t} my time, {z}"),
}  # fmt: skip
_FROM_ELSEWHERE: Phrases = {
    ZH: ("{t} {z}", "日志里是{z} {t}", "{z}{t}", "服务器上写{t}（{z}）"),
    EN: ("{t} {z}", "server log has {t} {z}", "{t} ({z} on the box)", "{z}: {t}"),
}
# By the hour that it is in ({lo}), the next ({hi}), the nearest ({near}) and the nearest half hour ({close}).
_ROUNDED: Phrases = {
    ZH: ("{close}左右", "{lo}多", "{close}前后", "{near}上下", "大概{close}", "{lo}来钟", "{near}那阵", "差不多{close}", "快{hi}的时候", "{lo}之后"),
    EN: ("around {close}", "about {close}", "{near} ish", "~{close}", "sometime after {lo}", "between {lo} and {hi}", "a bit before {hi}", "{near} more or less", "approx {near}", "{near} or so"),
}  # fmt: skip
_AGO = {
    ZH: {"minutes": ("{n}分钟前", "大概{n}分钟之前", "{n}来分钟前", "{n} min前"), "hours": ("{n}小时前", "{n}个钟头前", "大约{n}个小时以前", "{n}h前")},
    EN: {"minutes": ("{n} minutes ago", "like {n} min ago", "{n} mins back", "some {n} minutes ago"), "hours": ("{n} hours ago", "~{n}h ago", "{n} hrs back", "some {n} hours ago")},
}  # fmt: skip
_DAY_ALONE: Phrases = {
    ZH: ("{day}", "{day}{half}", "{mo}月{d}号", "{mo}.{d}", "{m0}{d0}那天", "{day}的", "{mo}/{d}{half}", "{d}号", "{day}不记得几点"),
    EN: ("{day}", "{parted}", "{month} {d}", "{mo}/{d}", "{d}/{mo}", "{day}, forgot the hour", "the {d}{th}", "{d} {month}", "sometime {day}"),
}  # fmt: skip
_WINDOW: Phrases = {
    ZH: ("{day}一整天", "{day}全天", "{mo}.{d}那天", "{d}号一天", "{mo}月{d}日0点到24点", "{day}从早到晚", "{day}这一天的", "{mo}/{d} 00:00-23:59", "就{mo}月{d}号"),
    EN: ("all of {day}", "{day}, the whole day", "{month} {d} from midnight to midnight", "{mo}/{d} entire day", "{d} {month}", "the {d}{th}, all day", "{day} 0:00-23:59", "24h of {month} {d}", "{day} all day long"),
}  # fmt: skip
_PARTS = {  # From which hour on it is called so.
    ZH: ((0, "凌晨"), (5, "清早"), (8, "上午"), (12, "中午"), (13, "下午"), (19, "晚上")),
    EN: ((0, "night"), (5, "morning"), (12, "afternoon"), (18, "evening")),
}
_DAYS = {ZH: ("今天", "昨天", "前天"), EN: ("today", "yesterday", "two days ago")}

_AMOUNTS: Phrases = {
    ZH: ("{v}", "{v}元", "¥{v}", "{v}块", "{v}rmb", "RMB{v}", "{v}块钱", "{v} cny", "{wide}", "{v}r", "人民币{v}", "{whole}块{cents}"),
    EN: ("{v}", "{v} yuan", "¥{v}", "{v} rmb", "CNY{v}", "{v}cny", "{v} kuai", "RMB {v}", "{comma}", "{v} bucks (yuan)", "y{v}", "{whole} yuan {cents}"),
}  # fmt: skip
_ROUNDED_AMOUNTS: Phrases = {
    ZH: ("差不多{r}", "{r}左右", "大概{r}块", "{r}块上下", "{r}块的样子", "约{r}元", "{between}", "好像是{r}块", "将近{r}块"),
    EN: ("about {r} bucks", "{r}ish", "~{r}", "around {r} yuan", "roughly {r} kuai", "{r} or thereabouts", "{between}", "i think {r}", "nearly {r}"),
}  # fmt: skip


def write_time(at: int, *, zone: str, language: Language, messes: set[Mess], rng: random.Random, now: int) -> str:
    """A time as somebody in a zone writes it down. What of `messes` concerns times is done to it."""
    today = _local(now, zone)
    local = _local(at, zone)
    if Mess.DATE_ONLY in messes:
        return rng.choice(_DAY_ALONE[language]).format(**_parts(local, today, language))
    if Mess.ROUNDED_TIME in messes:
        return _rounded(at, now, zone=zone, language=language, rng=rng)
    if Mess.WRONG_ZONE in messes:
        if rng.random() < 0.5:
            elsewhere = rng.choice([one for one in _ZONES if one != zone])
            said = _exact(_local(at, elsewhere), today, language, rng, formats=_ABSOLUTE[language])
            named = rng.choice(_ZONES[elsewhere][language])
            return rng.choice(_FROM_ELSEWHERE[language]).format(t=said, z=named)
        elsewhere = rng.choice([one for one in _UNNAMED if one != zone])
        return _exact(_local(at, elsewhere), today, language, rng, formats=_ABSOLUTE[language])
    said = _exact(local, today, language, rng, formats=(*_ABSOLUTE[language], *_BY_THE_DAY[language]))
    if Mess.NO_ZONE in messes:
        return said
    return rng.choice(_WITH_ZONE[language]).format(t=said, z=rng.choice(_ZONES[zone][language]))


def write_window(start: int, *, zone: str, language: Language, messes: set[Mess], rng: random.Random, now: int) -> str:
    """The day that begins at `start`, as somebody in a zone calls it."""
    formats = _DAY_ALONE if Mess.DATE_ONLY in messes else _WINDOW
    parts = _parts(_local(start, zone), _local(now, zone), language)
    # The day as a whole has no half and no part.
    return rng.choice(formats[language]).format(**(parts | {"half": "", "parted": parts["day"]}))


def write_amount(nanos: int, *, language: Language, messes: set[Mess], rng: random.Random) -> str:
    """An amount as people write it down or remember it."""
    if Mess.ROUNDED_AMOUNT in messes and nanos >= NANOS_PER_UNIT:
        whole, rest = divmod(nanos, NANOS_PER_UNIT)
        near = whole + (2 * rest >= NANOS_PER_UNIT)
        between = {
            ZH: f"{whole}块多" if rest else f"{whole}块整吧",
            EN: f"{whole} something" if rest else f"an even {whole}",
        }
        return rng.choice(_ROUNDED_AMOUNTS[language]).format(r=near, between=between[language])
    plain = format_nanos(nanos, least_decimals=rng.choice((0, 2)))
    whole_part, _, cents = format_nanos(nanos).partition(".")
    return rng.choice(_AMOUNTS[language]).format(
        v=plain, wide=full_width(plain), comma=plain.replace(".", ","), whole=whole_part, cents=cents
    )


# -- the pieces ------------------------------------------------------------------------------------------------------------


def _local(at: int, zone: str) -> datetime:
    return to_datetime(at).astimezone(ZoneInfo(zone))


def _exact(
    local: datetime, today: datetime, language: Language, rng: random.Random, *, formats: tuple[str, ...]
) -> str:
    return rng.choice(formats).format(**_parts(local, today, language))


def _rounded(at: int, now: int, *, zone: str, language: Language, rng: random.Random) -> str:
    """By how long ago it was, or by the hour."""
    minutes = (now - at) // _MINUTE
    if 4 <= minutes < 12 * 60 and rng.random() < 0.4:
        unit, number = ("minutes", 5 * round(minutes / 5)) if minutes < 100 else ("hours", round(minutes / 60))
        return rng.choice(_AGO[language][unit]).format(n=number)
    local, today = _local(at, zone), _local(now, zone)
    hour = local.replace(minute=0, second=0, microsecond=0)
    ends = {
        "lo": hour, "hi": hour + timedelta(hours=1), "near": hour + timedelta(hours=local.minute >= 30),
        "close": hour + timedelta(minutes=30 * round(local.minute / 30)),
    }  # fmt: skip
    chosen = rng.choice(_ROUNDED[language])
    # The day and its half are those of the hour that is named first.
    first = ends[min(ends, key=lambda one: chosen.find(f"{{{one}}}") % 1_000)]
    parts = _parts(first, today, language)
    said = chosen.format(**{one: _on_the_clock(end, language) for one, end in ends.items()})
    if language is ZH:
        return parts["day"] + parts["half"] + said
    return rng.choice((f"{parts['parted']} {said}", f"{said} {parts['day']}"))


def _on_the_clock(local: datetime, language: Language) -> str:
    """An hour, or half an hour after it."""
    h12 = (local.hour - 1) % 12 + 1
    if language is ZH:
        return f"{h12}点半" if local.minute else f"{h12}点"
    return (f"{h12}:30" if local.minute else str(h12)) + f"{local:%p}".lower()


def _parts(local: datetime, today: datetime, language: Language) -> dict[str, str]:
    """All that may be said of a time; days and parts of days as they are called on that day."""
    h12, day = (local.hour - 1) % 12 + 1, _day(local, today, language)
    half = [name for hour, name in _PARTS[language] if hour <= local.hour][-1]
    return {
        "y": f"{local:%Y}", "yy": f"{local:%y}", "mo": str(local.month), "m0": f"{local:%m}", "d": str(local.day),
        "d0": f"{local:%d}", "month": _MONTHS[local.month - 1], "th": _ordinal(local.day), "day": day, "half": half,
        "part": half, "parted": _parted(day, half) if language is EN else day, "h": str(local.hour), "HH": f"{local:%H}",
        "h12": str(h12), "m": str(local.minute), "MM": f"{local:%M}", "mm": f"{local:%M}" if local.minute else "整",
        "SS": f"{local:%S}", "ap": f"{local:%p}".lower(), "AP": f"{local:%p}",
        "wide": full_width(f"{local.month}-{local.day} {local:%H:%M}"),
    }  # fmt: skip


def _day(local: datetime, today: datetime, language: Language) -> str:
    ago = (today.date() - local.date()).days
    if 0 <= ago < len(_DAYS[language]):
        return _DAYS[language][ago]
    if 0 <= ago < 7:
        return _WEEKDAYS[language][local.weekday()]
    return f"{local.month}月{local.day}号" if language is ZH else f"{_MONTHS[local.month - 1]} {local.day}"


def _parted(day: str, part: str) -> str:
    """A day's part, as it is called: this morning, last night."""
    if part == "night":
        return f"{day} in the middle of the night"
    if day == "today":
        return f"this {part}"
    return "last night" if (day, part) == ("yesterday", "evening") else f"{day} {part}"


def _ordinal(number: int) -> str:
    return "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
