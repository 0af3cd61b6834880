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
# 15块99, 15 yuan 99; and with the comma that half of the world writes.
_CENTS = re.compile(r"(?<![\d.])(\d{1,9})\s?(?:块|元|yuan\b|kuai\b)\s?(\d{2})(?![\d%年月日点时分])", re.IGNORECASE)
_COMMA = re.compile(r"(?<![\d.,])(\d{1,9}),(\d{1,2})(?![\d.,])")
_CURRENCIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"US\$|USD|美元|美金|dollars?|刀", re.IGNORECASE), "USD"),
    (re.compile(r"HK\$|HKD|港币", re.IGNORECASE), "HKD"),
    (re.compile(r"CNY|RMB|人民币|元|块|¥|￥|yuan|kuai", re.IGNORECASE), "CNY"),
    (re.compile(r"EUR|€|欧元|euros?", re.IGNORECASE), "EUR"),
    (re.compile(r"GBP|£|英镑|pounds?", re.IGNORECASE), "GBP"),
    (re.compile(r"\$"), "USD"),
)
_FULL_ID = re.compile(r"(?<![0-9a-z])(?:(?P<prefix>[a-z]{2,6})_)?(?P<hex>[0-9a-f]{32})(?![0-9a-z])", re.IGNORECASE)
# With whatever a screen, a mail or a hand has put between its digits. Our ids begin with the time, and so alike.
WRITTEN_ID = re.compile(
    r"(?<![0-9a-z])(?:[a-z]{2,6}_)?(?P<hex>0[\s>|-]{0,6}1(?:[\s>|-]{0,6}[0-9a-f]){30})(?![0-9a-z])", re.IGNORECASE
)
_MASKED_ID = re.compile(
    r"(?P<prefix>req|task|sub|ord)_(?P<head>[0-9a-f]{4,28})(?:…|\.{2,6}|\*{2,30})(?P<tail>[0-9a-f]{3,12})(?![0-9a-z])",
    re.IGNORECASE,
)


# Both ends of one with whatever a person puts between them.
_TWO_ENDS = re.compile(
    r"(?<![0-9a-f])(?P<head>01[0-9a-f]{4,26})(?![0-9a-f])(?P<between>[^\n]{1,24}?)(?:(?<![0-9a-z])|(?<=xxx))(?P<tail>[0-9a-f]{3,12})(?![0-9a-z])",
    re.IGNORECASE,
)


# Half of one: of so many digits none is there twice.
HALF_DIGITS = 16
_FIRST_HALF = re.compile(
    r"(?<![0-9a-z])(?:(?:req|task|sub|ord)[_ ])?(01[0-9a-f]{10}7[0-9a-f]{3,18})(?![0-9a-z])", re.IGNORECASE
)
_SECOND_HALF = re.compile(r"(?<![0-9a-z_])(?=[0-9]*[a-f])([0-9a-f]{16,31})(?![0-9a-z])", re.IGNORECASE)


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
    """Both ends of an id of ours, as a screen has shortened it; one of them empty where the other is half of it or more."""

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
    figured = _COMMA.sub(r"\1.\2", _CENTS.sub(r"\1.\2元", figured))
    return _DIMES.sub(lambda match: f"{match[1] or 0}.{match[2]}{match[3] or ''}元", figured)


def _chinese(text: str) -> int:
    digits = "零一二三四五六七八九"
    tens, ten, ones = text.replace("两", "二").rpartition("十")
    value = 10 * (digits.index(tens[-1]) if tens and tens[-1] in digits else 1) if ten else 0
    return value + (digits.index(ones[-1]) if ones else 0)


def read_ids(text: str, *, now: int) -> tuple[UUID, ...]:
    """Whole ids of ours in a value, with or without their prefix, each once. One that was broken, by a line or a space, is read
    as well, where there is no whole one."""
    cleaned = clean(text[:READ_CHARACTERS_MAX])
    return _whole_ids(_FULL_ID, cleaned, now) or _whole_ids(WRITTEN_ID, cleaned, now)


def _whole_ids(pattern: re.Pattern[str], text: str, now: int) -> tuple[UUID, ...]:
    found = (UUID(hex=re.sub(r"[^0-9A-Fa-f]", "", match["hex"])) for match in pattern.finditer(text))
    return tuple(dict.fromkeys(one for one in found if is_ours(one, now)))[:5]


def read_masked_ids(text: str) -> tuple[MaskedId, ...]:
    """Shortened ids of ours in a value: `req_0199a2…3f9c`; where there is none, both ends of one told in words, or half of one."""
    # A whole one is not half of one.
    cleaned = WRITTEN_ID.sub(" ", _FULL_ID.sub(" ", clean(text[:READ_CHARACTERS_MAX])))
    ends = [(match["head"], match["tail"]) for match in _MASKED_ID.finditer(cleaned)]
    # Behind half an id the next word may look like its end, and is not needed.
    ends = ends or [
        (match["head"], match["tail"]) for match in _TWO_ENDS.finditer(cleaned) if len(match["head"]) < HALF_DIGITS
    ]
    halves = [(half, "") for half in _FIRST_HALF.findall(cleaned)] + [
        ("", half) for half in _SECOND_HALF.findall(cleaned) if not half.startswith("01")
    ]
    found = (MaskedId(head=head.lower(), tail=tail.lower()) for head, tail in ends or halves)
    return tuple(dict.fromkeys(found))[:5]
