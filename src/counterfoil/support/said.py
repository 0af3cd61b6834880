"""Reading what a case says: times as people write them, amounts, ends of numbers, ids. Pure.

People round, leave the year out, take the zone for granted and copy a mask with whatever signs their screen shows. What
cannot be read is not guessed at: it is simply not said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from counterfoil.evidence.subjects import clean, is_ours
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.support.said_times import READ_CHARACTERS_MAX

_NUMBER = re.compile(r"(?<![\d.])(\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.(\d{1,9}))?(?![\d%])")
_ABOUT = re.compile(
    r"约|大概|左右|差不多|上下|来块|多|出头|不到|将近|快|几毛|about|around|roughly|approx|almost|nearly|under|over|not quite|\bodd\b"
    r"|something|-ish|and change|~|≈|or so",
    re.IGNORECASE,
)
# Numbers in words, before what they count or alone.
_IN_CHINESE = re.compile(r"[一二三四五六七八九十两]{1,3}(?=多?块|多?元|毛|多|来块|出头|左右|\s*\Z)")
_IN_ENGLISH = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)\b",
    re.IGNORECASE,
)
_ENGLISH = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_DIMES = re.compile(r"(?:(\d{1,9})块)?(\d)[毛角](?:(\d)分?)?")
_CURRENCIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"US\$|USD|美元|美金|dollars?|刀", re.IGNORECASE), "USD"),
    (re.compile(r"HK\$|HKD|港币", re.IGNORECASE), "HKD"),
    (re.compile(r"CNY|RMB|人民币|元|块|¥|￥|yuan", re.IGNORECASE), "CNY"),
    (re.compile(r"EUR|€|欧元|euros?", re.IGNORECASE), "EUR"),
    (re.compile(r"GBP|£|英镑|pounds?", re.IGNORECASE), "GBP"),
    (re.compile(r"\$"), "USD"),
)
_TAIL = re.compile(r"([0-9A-Za-z]{4})[^0-9A-Za-z]*\Z")
_KEY_TAIL = re.compile(r"([0-9A-Za-z_-]{4})[^0-9A-Za-z_-]*\Z")
_FULL_ID = re.compile(r"(?<![0-9a-z])(?:(?P<prefix>[a-z]{2,6})_)?(?P<hex>[0-9a-f]{32})(?![0-9a-z])", re.IGNORECASE)
_BROKEN_LINE = re.compile(r"\s*\n[\s>|]*")
_MASKED_ID = re.compile(
    r"(?P<prefix>req|task|sub|ord)_(?P<head>[0-9a-f]{4,28})(?:…|\.{2,6}|\*{2,30})(?P<tail>[0-9a-f]{3,12})(?![0-9a-z])",
    re.IGNORECASE,
)


# Both ends of one with whatever a person puts between them. Our ids begin with the time, and so alike.
_TWO_ENDS = re.compile(
    r"(?<![0-9a-f])(?P<head>01[0-9a-f]{4,26})(?![0-9a-f])(?P<between>[^\n]{1,24}?)(?:(?<![0-9a-z])|(?<=xxx))(?P<tail>[0-9a-f]{3,12})(?![0-9a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidAmount:
    """An amount as it was written. `step` is the nanos of its last digit that is no trailing zero; `currency` None where it
    names none; `is_about` where its writer says that it is rough."""

    nanos: int
    step: int
    last_digit: int
    currency: str | None
    is_about: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedId:
    """Both ends of an id of ours, as a screen has shortened it."""

    head: str
    tail: str

    def fits(self, value: UUID) -> bool:
        return value.hex.startswith(self.head) and value.hex.endswith(self.tail)


def read_amount(text: str) -> SaidAmount | None:
    """The first amount that a value names; None where it names none."""
    cleaned = _in_figures(clean(text[:200]))
    found = _NUMBER.search(cleaned)
    if found is None:
        return None
    digits, decimals = found[1].replace(",", ""), found[2] or ""
    nanos = int(Decimal(f"{digits}.{decimals or '0'}").scaleb(9))
    if nanos > LARGEST_NANOS:
        return None
    last_digit = 10 ** (9 - len(decimals))
    step = last_digit
    while not decimals and nanos and nanos % (step * 10) == 0:
        step *= 10
    currency = next((code for pattern, code in _CURRENCIES if pattern.search(cleaned)), None)
    return SaidAmount(
        nanos=nanos, step=step, last_digit=last_digit, currency=currency, is_about=_ABOUT.search(cleaned) is not None
    )


def _in_figures(text: str) -> str:
    """The numbers of a text in figures: twelve, 十二块, 5毛."""
    figured = _IN_CHINESE.sub(lambda match: str(_chinese(match[0])), text)
    figured = _IN_ENGLISH.sub(lambda match: str(_ENGLISH.index(match[0].lower())), figured)
    return _DIMES.sub(lambda match: f"{match[1] or 0}.{match[2]}{match[3] or ''}元", figured)


def _chinese(text: str) -> int:
    digits = "零一二三四五六七八九"
    tens, ten, ones = text.replace("两", "二").rpartition("十")
    value = 10 * (digits.index(tens[-1]) if tens and tens[-1] in digits else 1) if ten else 0
    return value + (digits.index(ones[-1]) if ones else 0)


def read_tail(text: str) -> str | None:
    """The last four letters and digits of a masked number, a key's mask or a code's end; None where there are fewer."""
    found = _TAIL.search(clean(text[:200]).strip())
    return None if found is None else found[1]


def is_slip(typed: str, known: str) -> bool:
    """Whether one end of a number is the other with one sign mistyped, or with two neighbours that changed places."""
    if len(typed) != len(known) or typed == known:
        return False
    wrong = [place for place, (one, other) in enumerate(zip(typed, known, strict=True)) if one != other]
    if len(wrong) == 1:
        return True
    return (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and typed[wrong[0]] == known[wrong[1]]
        and typed[wrong[1]] == known[wrong[0]]
    )


def read_key_tail(text: str) -> str | None:
    """The last four signs of a key's mask, which may be hyphens and underscores as well."""
    found = _KEY_TAIL.search(clean(text[:200]).strip())
    return None if found is None else found[1]


def read_ids(text: str, *, now: int) -> tuple[UUID, ...]:
    """Whole ids of ours in a value, with or without their prefix, each once. One that a narrow screen has broken over two lines
    is read as well, where there is no whole one."""
    cleaned = clean(text[:READ_CHARACTERS_MAX])
    return _whole_ids(cleaned, now) or _whole_ids(_BROKEN_LINE.sub("", cleaned), now)


def _whole_ids(text: str, now: int) -> tuple[UUID, ...]:
    found = (UUID(hex=match["hex"]) for match in _FULL_ID.finditer(text))
    return tuple(dict.fromkeys(one for one in found if is_ours(one, now)))[:5]


def read_masked_ids(text: str) -> tuple[MaskedId, ...]:
    """Shortened ids of ours in a value: `req_0199a2…3f9c`, and where there is none, both ends of one told in words."""
    cleaned = clean(text[:READ_CHARACTERS_MAX])
    found = list(_MASKED_ID.finditer(cleaned)) or list(_TWO_ENDS.finditer(cleaned))
    return tuple(MaskedId(head=match["head"].lower(), tail=match["tail"].lower()) for match in found)[:5]
