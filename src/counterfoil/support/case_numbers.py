"""Numbers of cases: `CS-7K2M-9QXT`. Short enough to read out, with a check sign, and telling nobody how many there are.

A number is no secret and opens nothing: a case is opened by its link or by signing in.
"""

from __future__ import annotations

import re
import unicodedata

PREFIX = "CS"
# Without 0 1 I L O S U, which are taken for others; 29 signs, because a prime makes the check sign tell every single wrong
# sign and every two neighbours that changed places.
SIGNS = "23456789ABCDEFGHJKMNPQRTVWXYZ"
# As many numbers as there can be: 29 to the 7th, seventeen thousand million.
NUMBERS = len(SIGNS) ** 7

_RANDOM_SIGNS = 7
_GROUP = 4
_VALUES = {sign: value for value, sign in enumerate(SIGNS)}
_FORM = re.compile(f"{PREFIX}([{SIGNS}]{{{_RANDOM_SIGNS + 1}}})")
_BETWEEN = re.compile(r"[\s\u2010-\u2015\u2212_-]+")
_LOOK_ALIKES = str.maketrans({"S": "5"})
_TYPED_CHARACTERS_MAX = 40


def make_number(random: int) -> str:
    """The number for a random value; raises `ValueError` unless it is from 0 to `NUMBERS` (exclusive)."""
    if not 0 <= random < NUMBERS:
        raise ValueError("there is no such case number")
    signs = ""
    for _ in range(_RANDOM_SIGNS):
        random, value = divmod(random, len(SIGNS))
        signs += SIGNS[value]
    signs += SIGNS[_check(signs)]
    return f"{PREFIX}-{signs[:_GROUP]}-{signs[_GROUP:]}"


def read_number(text: str) -> str | None:
    """The number that somebody typed, in any case and with any spaces and dashes, as it is shown; None: not one."""
    if len(text) > _TYPED_CHARACTERS_MAX:
        return None
    folded = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    if not folded.startswith(PREFIX):
        return None
    found = _FORM.fullmatch(PREFIX + folded[len(PREFIX) :].translate(_LOOK_ALIKES))
    if found is None or _VALUES[found[1][-1]] != _check(found[1][:-1]):
        return None
    return f"{PREFIX}-{found[1][:_GROUP]}-{found[1][_GROUP:]}"


def _check(signs: str) -> int:
    """A sum in which every place has a weight of its own; the check sign's own weight is minus one."""
    return sum(place * _VALUES[sign] for place, sign in enumerate(signs, start=1)) % len(SIGNS)
