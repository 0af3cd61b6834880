"""What a resolved case leaves for an article once its facts are taken out: the question and the answer, of nobody. Pure.

Facts are values: everything that the reporter filled in, everything that the records have of it, and whatever looks like an
id, an amount, a time, an address or a number. Secrets are masked before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

FACT = "…"
# A value of one or two characters, such as "yes", is no fact of anybody, and would be found in every word.
_VALUE_CHARACTERS_LEAST = 3
_FACTS = re.compile(
    r"https?://\S+"
    r"|[^\s@<>（）()，。,;；：:]+@[^\s@<>（）()，。,;；：:]+"
    r"|\bCS-[0-9A-Z]{4}-[0-9A-Z]{4}\b"
    r"|(?<![A-Za-z])[a-z]{2,6}_[0-9a-f]{6,}\b"
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|(?:US\$|CN¥|HK\$|[$€£¥￥])\s*\d+(?:[.,]\d+)*"
    r"|\d+(?:[.,]\d+)*\s*(?:%|USD\b|CNY\b|EUR\b|HKD\b|元|美元)"
    r"|\d{1,4}(?:[-/.:：年月日时分秒T ]\d{1,4})+(?:[日时分秒Z]|\s?(?:am|pm|AM|PM))?"
    r"|[A-Za-z0-9+/_-]*\d[A-Za-z0-9+/_-]*(?:[.,]\d+)*"
)
_SEVERAL = re.compile(rf"{FACT}(?:[\s,，、/:-]*{FACT})+")
_PUNCTUATION = frozenset("，。；：！？（）、「」…")
_HAN = re.compile(r"[\u3400-\u9fff]")


def without_facts(text: str, values: Iterable[str], redact: Callable[[str], str]) -> str:
    """The text with "…" wherever somebody's fact stood; lines and words stay."""
    cleaned = redact(_plain(text))
    known = {_plain(value).strip() for value in values}
    # The longest first: a shorter value may be a part of it.
    for value in sorted(known, key=len, reverse=True):
        if len(value) >= _least(value):
            cleaned = re.sub(_whole(value), FACT, cleaned, flags=re.IGNORECASE)
    return _SEVERAL.sub(FACT, _FACTS.sub(FACT, cleaned)).strip()


def _plain(text: str) -> str:
    """Letters and digits in their usual width; punctuation stays that of its language."""
    return "".join(one if one in _PUNCTUATION else unicodedata.normalize("NFKC", one) for one in text)


def _least(value: str) -> int:
    return 2 if _HAN.search(value) else _VALUE_CHARACTERS_LEAST


def _whole(value: str) -> str:
    """A value as a whole: "Acme" is not in "acmeist"."""
    spaced = r"\s+".join(re.escape(part) for part in value.split())
    before = r"(?<![A-Za-z0-9])" if value[0].isascii() and value[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if value[-1].isascii() and value[-1].isalnum() else ""
    return before + spaced + after
