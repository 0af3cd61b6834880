"""How people write what they have before their eyes: times, amounts, ids, masks, names. Pure, but for the dice passed in."""

from __future__ import annotations

import random
from datetime import datetime
from zoneinfo import ZoneInfo

from counterfoil.cli.bench_cases_model import Mess
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Language

MINUTE = 60 * 10**6
_DAY = 86_400 * 10**6
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ZH_HALVES = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
_FULL_WIDTH = {ord(sign): ord(sign) - 0x20 + 0xFF00 for sign in "0123456789.:-/"}
# Whose day it is at another desk: what people take for their zone, or what a server's log is in.
_OTHER_ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Europe/Berlin")


def full_width(text: str) -> str:
    """Digits as a Chinese input method gives them."""
    return text.translate(_FULL_WIDTH)


def write_time(at: int, *, zone: str, language: Language, messes: set[Mess], rng: random.Random, now: int) -> str:
    """A time as somebody in a zone writes it down. What of `messes` concerns times is done to it."""
    if Mess.WRONG_ZONE in messes:
        other = rng.choice([one for one in _OTHER_ZONES if _offset(one, at) != _offset(zone, at)])
        # Read off a screen or a log that is in another zone, whose name was not written down; or labelled as one's own.
        return _with_label(_local(at, other), _offset(zone, at)) if rng.random() < 0.4 else _plain(_local(at, other))
    local = _local(at, zone)
    if Mess.DATE_ONLY in messes:
        return _date(local, language, rng)
    if Mess.ROUNDED_TIME in messes:
        return _rounded(at, zone, language, rng, now)
    if Mess.NO_ZONE in messes:
        return _without_zone(local, language, rng)
    return (
        _with_label(local, _offset(zone, at)) if rng.random() < 0.8 else to_datetime(at).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def write_window(start: int, end: int, *, zone: str, language: Language, messes: set[Mess], rng: random.Random) -> str:
    """A day of the account's calendar, as a day or from one time to another."""
    first, last = _local(start, zone), _local(end, zone)
    if Mess.DATE_ONLY in messes or rng.random() < 0.4:
        day = _date(first, language, rng)
        return rng.choice((day, f"{day} 一整天" if language is Language.ZH else f"all day on {day}"))
    if Mess.NO_ZONE in messes:
        word = "到" if language is Language.ZH else "to"
        return f"{first:%Y-%m-%d %H:%M} {word} {last:%Y-%m-%d %H:%M}"
    return f"{_with_label(first, _offset(zone, start))} ~ {_with_label(last, _offset(zone, end))}"


def _local(at: int, zone: str) -> datetime:
    return to_datetime(at).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _offset(zone: str, at: int) -> str:
    written = to_datetime(at).astimezone(ZoneInfo(zone)).strftime("%z")
    return f"{written[:3]}:{written[3:]}"


def _plain(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M}"


def _with_label(local: datetime, offset: str) -> str:
    return f"{local:%Y-%m-%d %H:%M} {offset}"


def _date(local: datetime, language: Language, rng: random.Random) -> str:
    if language is Language.ZH:
        return rng.choice((f"{local:%Y-%m-%d}", f"{local.month}月{local.day}日", f"{local.month}月{local.day}号"))
    month = _MONTHS[local.month - 1]
    return rng.choice((f"{local:%Y-%m-%d}", f"{month} {local.day}", f"{local.day} {month} {local.year}"))


def _without_zone(local: datetime, language: Language, rng: random.Random) -> str:
    if language is Language.ZH:
        half = next(name for until, name in _ZH_HALVES if local.hour < until)
        hour = local.hour if local.hour <= 12 else local.hour - 12
        return rng.choice(
            (
                f"{local:%Y-%m-%d %H:%M}",
                f"{local.month}月{local.day}日 {local:%H:%M}",
                f"{local.month}月{local.day}号{half}{hour}点{local.minute:02}分",
                f"{local.month}/{local.day} {local:%H:%M}",
            )
        )
    month = _MONTHS[local.month - 1]
    clock = f"{(local.hour - 1) % 12 + 1}:{local.minute:02} {'am' if local.hour < 12 else 'pm'}"
    return rng.choice(
        (f"{local:%Y-%m-%d %H:%M}", f"{month} {local.day}, {clock}", f"{month} {local.day} {local.year} {local:%H:%M}",
         f"{local.month}/{local.day} {clock}")
    )  # fmt: skip


def _rounded(at: int, zone: str, language: Language, rng: random.Random, now: int) -> str:
    """To a quarter of an hour, on a day that is named or remembered."""
    local = _local((at + 7 * MINUTE + MINUTE // 2) // (15 * MINUTE) * 15 * MINUTE, zone)
    today = _local(now, zone).date()
    days = (today - local.date()).days
    zh = language is Language.ZH
    if days in (0, 1) and rng.random() < 0.6:
        named = (("今天", "昨天") if zh else ("today", "yesterday"))[days]
        return f"{named} {local:%H:%M} 左右" if zh else f"{named} around {local:%H:%M}"
    return f"{local:%Y-%m-%d %H:%M} 左右" if zh else f"about {local:%Y-%m-%d %H:%M}"


def write_amount(nanos: int, currency: str, *, language: Language, messes: set[Mess], rng: random.Random) -> str:
    """An amount, to the last digit or rounded."""
    whole = nanos / 10**9
    if Mess.ROUNDED_AMOUNT in messes:
        rounded = f"{whole:.0f}" if whole >= 5 else f"{whole:.1f}"
        if language is Language.ZH:
            return rng.choice((f"{rounded}元左右", f"大概{rounded}块", rounded))
        return rng.choice((f"about {rounded} {currency}", f"{rounded} {currency}", rounded))
    shown = format_nanos(nanos)
    if language is Language.ZH:
        return rng.choice((f"¥{shown}", f"{shown} 元", shown))
    return rng.choice((f"{shown} {currency}", shown))


def short_id(prefix: str, digits: str, rng: random.Random) -> str:
    """An id as the console and terminals shorten it."""
    return rng.choice(
        (f"{prefix}_{digits[:4]}…{digits[-6:]}", f"{prefix}_{digits[:12]}...{digits[-6:]}", f"{prefix}_{digits[:10]}…{digits[-4:]}")
    )  # fmt: skip


def mask_of(end: str, rng: random.Random) -> str:
    """The last four of a number, with the signs that screens put before them."""
    return rng.choice((f"…{end}", f"****{end}", f"**{end}", end))


def mistyped(end: str, rng: random.Random, symbols: str) -> str:
    """One sign wrong, or two that changed places."""
    place = rng.randrange(len(end) - 1)
    if end[place] != end[place + 1] and rng.random() < 0.5:
        return end[:place] + end[place + 1] + end[place] + end[place + 2 :]
    other = rng.choice([one for one in symbols if one != end[place]])
    return end[:place] + other + end[place + 1 :]


def mistyped_email(email: str, rng: random.Random) -> str:
    """The part behind the sign wrong or left out, as hurried people do."""
    name, _, domain = email.partition("@")
    return rng.choice((f"{name}@{domain.replace('example', 'exmaple')}", f"{name}@gmail.com", name))


def as_screenshot(text: str, rng: random.Random) -> str:
    """An error as it was read off a picture: broken over lines, quoted, cut."""
    width = rng.choice((28, 36, 44))
    lines = [text[place : place + width] for place in range(0, len(text), width)]
    return "\n".join(lines)[:560]
