"""How the second set of wordings writes times and amounts: relative, rounded, in words. Pure, but for the dice passed in."""

from __future__ import annotations

import random
from datetime import date, datetime
from zoneinfo import ZoneInfo

from counterfoil.cli.bench_cases_held_out import EN, ZH
from counterfoil.cli.bench_cases_model import Mess, Phrases
from counterfoil.foundation.money import NANOS_PER_UNIT, format_nanos
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Language

_MINUTE = 60 * 10**6
_HOUR = 60 * _MINUTE
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = {ZH: "一二三四五六日", EN: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")}
_HALVES = ((6, "凌晨", "at night"), (11, "早上", "in the morning"), (13, "中午", "around noon"),
           (18, "下午", "in the afternoon"), (24, "晚上", "in the evening"))  # fmt: skip
_DAYS_AGO = {ZH: ("今天", "昨天", "前天"), EN: ("today", "yesterday", "the day before yesterday")}
_ZONE_NAMES = {
    "UTC": {ZH: ("UTC", "GMT", "世界时"), EN: ("UTC", "GMT", "Z")},
    "Asia/Shanghai": {ZH: ("北京时间", "UTC+8", "东八区"), EN: ("Beijing time", "UTC+8", "GMT+8")},
    "America/New_York": {ZH: ("纽约时间", "美东", "美东时间"), EN: ("New York time", "Eastern", "NYC time")},
}
_READ_ELSEWHERE = ("UTC", "Asia/Shanghai", "America/Los_Angeles", "Asia/Singapore", "Europe/London", "Australia/Sydney")

EXACT: Phrases = {
    ZH: (
        "{y}-{mo}-{d} {H}:{mi} {zone}", "{mo}月{d}日{H}:{mi}（{zone}）", "{zone}{mo}月{d}号{H}点{mi}", "{day}{H}:{mi}，{zone}", "{y}/{mo}/{d} {H}:{mi}:{s} {zone}",
        "{mo}.{d} {H}:{mi} {zone}", "{zone} {H}:{mi}，{mo}月{d}日", "{day}{half}{h}:{mi}（{zone}）", "周{wd} {mo}-{d} {H}:{mi} {zone}", "{y}年{mo}月{d}日 {H}时{mi}分 {zone}",
        "{H}:{mi} {zone} {mo}/{d}", "{mo}月{d} {half}{h}点{mi} {zone}",
    ),
    EN: (
        "{y}-{mo}-{d} {H}:{mi} {zone}", "{M} {d}, {h}:{mi} {ap} {zone}", "{d} {M} at {H}:{mi} ({zone})", "{day} {H}:{mi} {zone}", "{y}/{mo}/{d} {H}:{mi}:{s} {zone}",
        "{wd} {M} {d} {H}:{mi} {zone}", "{H}:{mi} {zone} on {M} {d}", "{h}:{mi}{ap} {zone}, {day}", "{d}.{mo}.{y} {H}:{mi} {zone}", "{M} {d} {y} {H}:{mi} {zone}",
        "{H}h{mi} {zone} {d} {M}", "{day} at {h}:{mi} {ap}, {zone}",
    ),
}  # fmt: skip
WRONG_ZONE: Phrases = {
    ZH: (
        "日志里是 {mo}-{d} {H}:{mi}", "后台显示 {y}-{mo}-{d} {H}:{mi}", "{mo}/{d} {H}:{mi}（服务器时间）", "截图上的时间 {mo}月{d}日 {H}:{mi}", "{y}/{mo}/{d} {H}:{mi}:{s}",
        "容器日志 {mo}-{d} {H}:{mi}:{s}", "监控上看 {mo}.{d} {H}:{mi}", "{H}:{mi} {mo}/{d} 邮件里写的", "控制台 {y}-{mo}-{d} {H}:{mi}:{s}", "{mo}月{d}号{H}点{mi}，机器上的",
        "终端打印 {y}-{mo}-{d}T{H}:{mi}:{s}", "云主机时间{mo}-{d} {H}:{mi}",
    ),
    EN: (
        "log says {mo}-{d} {H}:{mi}", "dashboard shows {y}-{mo}-{d} {H}:{mi}", "{M} {d} {H}:{mi} server time", "{M} {d} {H}:{mi} on the screenshot", "{y}/{mo}/{d} {H}:{mi}:{s}",
        "docker logs: {y}-{mo}-{d} {H}:{mi}:{s}", "grafana: {M} {d} {H}:{mi}", "the mail says {d} {M} {H}:{mi}", "console {y}-{mo}-{d} {H}:{mi}:{s}", "{d} {M} {h}:{mi} {ap} on that machine",
        "terminal printed {y}-{mo}-{d}T{H}:{mi}:{s}", "VM clock {M} {d} {H}:{mi}",
    ),
}  # fmt: skip
NO_ZONE: Phrases = {
    ZH: (
        "{mo}.{d} {H}:{mi}", "{mo}月{d}日{half}{h}:{mi}", "{d}号{half}{hz}点{mz}", "周{wd}{half}{h}点{mi}分", "{mo}/{d} {H}:{mi}", "{H}:{mi}（{mo}月{d}号）", "{day}{half}{h}点{mi}",
        "{day} {H}:{mi} 的时候", "{mo}-{d} {H}点{mi}", "{day}{half}{hz}点{mz}那会儿", "{H}点{mi}，{day}", "{y}.{mo}.{d} {H}:{mi}", "{day}{H}：{mi}",
    ),
    EN: (
        "{M} {d} {H}:{mi}", "{wd} at {h}:{mi}{ap}", "{h}.{mi}{ap} {day}", "{d} {M}, {H}:{mi}", "{d}{th} at {H}:{mi}", "{H}{mi} on the {d}{th}", "{day}, {h}:{mi} {ap}",
        "{M} {d}{th} {h}:{mi}{ap}", "{wd} {H}:{mi}", "{y}.{mo}.{d} {H}:{mi}", "at {H}:{mi} {day}", "{h}:{mi} {half}, {M} {d}",
    ),
}  # fmt: skip
# By how long ago it was: minutes, hours, longer.
ROUNDED: tuple[Phrases, Phrases, Phrases] = (
    {ZH: ("刚刚", "刚才", "就刚刚", "几分钟前", "刚刚才发生"), EN: ("just now", "a moment ago", "a few minutes ago", "right now", "minutes ago")},
    {ZH: ("{n}小时前", "大概{n}个小时之前", "{nz}个来小时前", "约{n}小时以前"), EN: ("{n} hours ago", "like {n} hrs ago", "some {nw} hours back", "about {n}h ago")},
    {
        ZH: ("{night}{hz}点多", "{day}{half}{hz}点多", "{day}{half}", "{night}{hz}点多吧，记不清", "差不多{day}{half}{hz}点来钟", "{d}号{half}{hz}点多", "{mo}月{d}号{half}{h}点多"),
        EN: ("{day} {half}, {h} something", "{day} past {h}{ap}", "{day} {half}", "some time after {h} {ap} {day}", "{wd} {half}, {h}-ish", "{day}, sometime past {hw} {half}", "{M} {d} after {h}{ap}"),
    },
)  # fmt: skip
DATE_ONLY: Phrases = {
    ZH: ("{d}号", "{mo}.{d}", "{day}", "周{wd}", "{mo}月{d}", "{mo}/{d}那天", "{day}，几点忘了", "{mo}月{d}号吧", "{d}日", "{y}.{mo}.{d}", "星期{wd}", "{mo}-{d}"),
    EN: ("the {d}{th}", "{M} {d}", "{day}", "{wd}", "{d} {M}", "{wd}, forgot when", "{day} at some point", "{M} {d}{th}", "on the {d}{th} of {M}", "{y}.{mo}.{d}", "{d}-{M}", "that was {wd}"),
}  # fmt: skip
WINDOWS: Phrases = {
    ZH: ("{x}一整天", "{x}全天", "{x}从早到晚", "{x}0点到24点", "就{x}这一天", "{x}", "{x}那天", "{x}当天", "整个{x}", "{x}白天加晚上", "{x}这天都是", "{x} 00:00-23:59"),
    EN: ("all of {x}", "{x} all day", "{x}, morning to night", "{x} midnight to midnight", "just {x}", "{x}", "the whole of {x}", "{x} (whole day)", "{x}, entire day", "{x} 0-24h", "during {x}", "{x} 00:00-23:59"),
}  # fmt: skip
ROUNDED_AMOUNT: Phrases = {
    ZH: (
        "{nz}块左右", "大概{n}", "{nz}块多", "{n}块出头", "不到{uz}块", "差不多{nz}元", "{n}多一点", "{n}来块", "{n}块几毛", "快{u}块了", "约{n}元，零头忘了", "{n}上下",
    ),
    EN: (
        "about {nw}", "~{n}", "{nw} something", "a bit over {n}", "just under {u}", "roughly {n} yuan", "{n}-ish", "{n} and change", "not quite {uw}", "almost {u} rmb", "{n} point something", "around {n} or so",
    ),
}  # fmt: skip
_AMOUNTS = {
    ZH: ("{x}", "¥{x}", "{x}块", "{x}元整", "rmb{x}", "￥{x}"),
    EN: ("{x}", "{x} yuan", "RMB {x}", "{x} rmb", "CNY{x}", "¥{x}"),
}
_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
          "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "twenty-one")  # fmt: skip
_DIGITS = "零一二三四五六七八九"


def in_chinese(number: int) -> str:
    """A number up to a hundred in Chinese words."""
    if number == 100:
        return "一百"
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def in_english(number: int) -> str:
    return _SMALL[number] if number < len(_SMALL) else str(number)


def write_time(at: int, *, zone: str, language: Language, messes: set[Mess], rng: random.Random, now: int) -> str:
    """A time as somebody in a zone tells it. What of `messes` concerns times is done to it."""
    if Mess.WRONG_ZONE in messes:
        other = rng.choice([one for one in _READ_ELSEWHERE if _local(at, one) != _local(at, zone)])
        return rng.choice(WRONG_ZONE[language]).format(**_parts(at, other, language, now))
    parts = _parts(at, zone, language, now)
    if Mess.DATE_ONLY in messes:
        return rng.choice(DATE_ONLY[language]).format(**parts)
    if Mess.ROUNDED_TIME in messes:
        age = now - at
        far = 0 if age < 20 * _MINUTE else 1 if 90 * _MINUTE < age < 5 * _HOUR else 2
        hours = max(2, (age + _HOUR // 2) // _HOUR)
        counted = {"n": str(hours), "nz": in_chinese(hours).replace("二", "两"), "nw": in_english(hours)}
        return rng.choice(ROUNDED[far][language]).format(**{**parts, **counted})
    phrases = NO_ZONE if Mess.NO_ZONE in messes else EXACT
    return rng.choice(phrases[language]).format(**parts, zone=rng.choice(_ZONE_NAMES[zone][language]))


def write_window(start: int, *, zone: str, language: Language, messes: set[Mess], rng: random.Random, now: int) -> str:
    """The day that begins then, of the account's calendar."""
    parts = _parts(start, zone, language, now)
    if Mess.DATE_ONLY in messes:
        day = rng.choice(DATE_ONLY[language][:6]).format(**parts)
    else:
        day = rng.choice(("{mo}月{d}号", "{day}", "{mo}.{d}") if language is ZH else ("{M} {d}", "{day}", "{d} {M}"))
        day = day.format(**parts)
    said = rng.choice(WINDOWS[language]).format(x=day)
    is_plain = Mess.NO_ZONE in messes or Mess.DATE_ONLY in messes
    return said if is_plain else f"{said} ({rng.choice(_ZONE_NAMES[zone][language])})"


def write_amount(nanos: int, *, language: Language, messes: set[Mess], rng: random.Random) -> str:
    """An amount to the last digit, or as somebody remembers it."""
    whole = nanos // NANOS_PER_UNIT
    if Mess.ROUNDED_AMOUNT in messes and whole:
        return rng.choice(ROUNDED_AMOUNT[language]).format(
            n=whole,
            u=whole + 1,
            nz=in_chinese(whole),
            uz=in_chinese(whole + 1),
            nw=in_english(whole),
            uw=in_english(whole + 1),
        )
    shown = format_nanos(nanos)
    if not whole and language is ZH and nanos % (NANOS_PER_UNIT // 10) == 0 and rng.random() < 0.5:
        return in_chinese(nanos * 10 // NANOS_PER_UNIT) + "毛"
    return rng.choice(_AMOUNTS[language]).format(x=shown)


def _local(at: int, zone: str) -> datetime:
    return to_datetime(at).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _parts(at: int, zone: str, language: Language, now: int) -> dict[str, str]:
    """What a phrase may name of a time."""
    local, today = _local(at, zone), _local(now, zone).date()
    hour = (local.hour - 1) % 12 + 1
    half = next(names for until, *names in _HALVES if local.hour < until)[0 if language is ZH else 1]
    day = _day(local.date(), today, language)
    night = {"今天晚上": "今晚", "昨天晚上": "昨晚", "昨天早上": "昨早", "今天早上": "今早"}.get(day + half, day + half)
    return {
        "y": str(local.year), "mo": str(local.month), "d": str(local.day), "H": f"{local.hour:02}", "h": str(hour),
        "mi": f"{local.minute:02}", "s": f"{local.second:02}", "M": _MONTHS[local.month - 1], "half": half, "day": day,
        "night": night, "ap": "am" if local.hour < 12 else "pm", "wd": _WEEKDAYS[language][local.weekday()],
        "hz": in_chinese(hour).replace("二", "两") if hour == 2 else in_chinese(hour), "hw": in_english(hour),
        "mz": _minutes(local.minute), "th": _ordinal(local.day),
    }  # fmt: skip


def _day(day: date, today: date, language: Language) -> str:
    ago = (today - day).days
    if 0 <= ago <= 2:
        return _DAYS_AGO[language][ago]
    return f"{day.month}月{day.day}号" if language is ZH else f"{_MONTHS[day.month - 1]} {day.day}"


def _minutes(minute: int) -> str:
    if minute in (0, 30):
        return "整" if minute == 0 else "半"
    return ("零" if minute < 10 else "") + in_chinese(minute) + "分"


def _ordinal(number: int) -> str:
    return "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
