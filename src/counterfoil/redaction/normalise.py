"""Text as it is scanned: full-width forms folded, invisible characters dropped, every place traceable to the original."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

# Soft hyphen, zero-width and direction characters, variation of nothing visible, the box of a keycap: used to break a
# key in two.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u20e3\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_DASHES = frozenset("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d")
# A character above ASCII as JSON of Python and Java writes it; below, an escape may be a quote and is left alone.
ESCAPE = re.compile(r"\\u(?=00[89A-Fa-f]|0[1-9A-Fa-f]|[1-9A-Fa-f])[0-9A-Fa-f]{4}")
# Some single characters unfold to whole phrases; none of those is a piece of a secret.
_LONGEST_FOLD = 4
# More kinds of characters than this are quicker folded in one go than one after another, but for those that are in every
# other sentence.
_REPLACED_MOST = 40
_COMMON = "，。：；？！（）\u3000"
# ASCII and Chinese characters are what they are, and nearly all there is.
_AS_THEY_ARE = re.compile("[\x00-\x7f\u3400-\u4dbf\u4e00-\u9fff]++")


class View(NamedTuple):
    """A text as detectors read it: as it is, in small letters, and with one byte for each character.

    A tuple, because one is made for every string of every log line.
    """

    text: str
    lowered: str
    # ASCII as it is and `?` for anything else, at the same places.
    plain: bytes


class Origins:
    """Where each character of a normalised text was in the original one."""

    __slots__ = ("_ends", "_firsts", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._firsts: list[int] = []
        # Where the one piece ends that became these characters; 0 where they stand as they stood.
        self._ends: list[int] = []

    def add(self, start: int, first: int, end: int = 0) -> None:
        """The characters from `start` on were at `first` and behind it, or were all made of what `first` to `end` is."""
        self._starts.append(start)
        self._firsts.append(first)
        self._ends.append(end)

    def start_of(self, index: int) -> int:
        """Where the original of this character begins."""
        place = bisect_right(self._starts, index) - 1
        return self._firsts[place] + (0 if self._ends[place] else index - self._starts[place])

    def end_of(self, index: int) -> int:
        """Where the original of this character ends (exclusive)."""
        place = bisect_right(self._starts, index) - 1
        return self._ends[place] or self._firsts[place] + index - self._starts[place] + 1


def view(text: str) -> View:
    """The text for the detectors; it must be normalised already."""
    lowered = text.lower()
    if len(lowered) != len(text):
        # The only character whose small form is longer.
        lowered = text.replace("\u0130", "I").lower()
    return View(text, lowered, text.encode("ascii", "replace"))


def normalise(text: str) -> tuple[str, Origins | None]:
    """The text to scan, and where each of its characters was (None: where it is)."""
    has_escapes = "\\u" in text and ESCAPE.search(text) is not None
    if text.isascii() and not has_escapes:
        return text, None
    folds = {sign: folded for sign in set(_AS_THEY_ARE.sub("", text)) if (folded := _fold(sign)) != sign}
    text = _replace(text, {sign: folded for sign, folded in folds.items() if len(folded) == 1})
    longer = [sign for sign, folded in folds.items() if len(folded) != 1]
    if not longer and not has_escapes:
        return text, None
    pattern = "|".join([*([ESCAPE.pattern] if has_escapes else []), *map(re.escape, longer)])
    return _unfold(text, re.compile(pattern), folds)


def _replace(text: str, folds: dict[str, str]) -> str:
    if len(folds) > _REPLACED_MOST:
        for sign in _COMMON:
            if sign in folds:
                text = text.replace(sign, folds[sign])
        table = {ord(sign): folded for sign, folded in folds.items()}
        return re.sub("[" + "".join(map(re.escape, folds)) + "]+", lambda run: run[0].translate(table), text)
    for sign, folded in folds.items():
        text = text.replace(sign, folded)
    return text


def _unfold(text: str, pattern: re.Pattern[str], folds: dict[str, str]) -> tuple[str, Origins]:
    origins = Origins()
    pieces: list[str] = []
    length = position = 0
    for match in pattern.finditer(text):
        before = text[position : match.start()]
        if before:
            origins.add(length, position)
            pieces.append(before)
            length += len(before)
        sign = match[0]
        folded = folds[sign] if sign in folds else _fold(chr(int(sign[2:], 16)))
        if folded:
            origins.add(length, match.start(), match.end())
            pieces.append(folded)
            length += len(folded)
        position = match.end()
    origins.add(length, position)
    pieces.append(text[position:])
    return "".join(pieces), origins


@lru_cache(maxsize=8192)
def _fold(sign: str) -> str:
    # An ellipsis would unfold to three dots, and it is what our masks are made of. A number in a circle counts an item,
    # and one above the line is an exponent: neither is a digit of the number beside it.
    if sign == "…" or unicodedata.category(sign) == "No":
        return sign
    if sign in _DASHES:
        return "-"
    if _INVISIBLE.match(sign):
        return ""
    folded = unicodedata.normalize("NFKC", sign)
    return folded if len(folded) <= _LONGEST_FOLD else sign
