"""The form of a redemption code: how one is written, read from what a person types, checked for typing errors, and masked.

`CF-XXXXX-XXXXX-XXXXX-XXXXX`: 95 random bits and a check symbol, in letters and digits that are not taken for each other
(Crockford's base 32, https://www.crockford.com/base32.html). The check symbol tells every single wrong symbol and every
two that changed places: the symbols are coefficients of a polynomial over GF(32) that has a primitive element for a root.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

PREFIX = "CF"
RANDOM_BITS = 95
# Without I, L, O and U.
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SHOWN_SYMBOLS = 4

_BITS = 5
_SYMBOLS_RANDOM = RANDOM_BITS // _BITS
_GROUP = 5
# What people put between the groups, and what copying from a page leaves behind: spaces, dashes, invisible signs.
_BETWEEN = re.compile("[\\s\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff-]+")
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
_FORM = re.compile(f"{PREFIX}([{SYMBOLS}]{{{_SYMBOLS_RANDOM + 1}}})")
_MASK = re.compile(rf"(?:(?:{PREFIX})?(?:…|\.{{2,3}}|\*{{1,20}}))?([{SYMBOLS}]{{{SHOWN_SYMBOLS}}})")
# Six times a code: a longer text is not one, and is not looked at.
_TYPED_CHARACTERS_MAX = 160
_VALUES = {symbol: value for value, symbol in enumerate(SYMBOLS)}
# x⁵ + x² + 1, which is primitive: the powers of x are all 31 elements but zero.
_FIELD = 0b100101


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedCode:
    """Something typed that has a code's form. `symbols` are its twenty; `is_right` whether the last one fits the others."""

    symbols: str = field(repr=False)
    is_right: bool

    @property
    def last_four(self) -> str:
        return self.symbols[-SHOWN_SYMBOLS:]


def make_code(random_bits: int) -> str:
    """A code of that many (`RANDOM_BITS`) random bits, as it is shown once. Raises `ValueError` for more."""
    if not 0 <= random_bits < 1 << RANDOM_BITS:
        raise ValueError(f"a code takes {RANDOM_BITS} random bits")
    symbols = "".join(
        SYMBOLS[random_bits >> place & (1 << _BITS) - 1] for place in range(RANDOM_BITS - _BITS, -1, -_BITS)
    )
    symbols += SYMBOLS[_times_x(_remainder(symbols))]
    return "-".join([PREFIX, *(symbols[start : start + _GROUP] for start in range(0, len(symbols), _GROUP))])


def read_code(text: str) -> TypedCode | None:
    """What was typed, in any case, with any spaces and dashes, full-width, O for 0 and I or L for 1; None: not a code."""
    found = _FORM.fullmatch(_fold(text))
    return None if found is None else TypedCode(symbols=found[1], is_right=_remainder(found[1]) == 0)


def mask_code(last_four: str) -> str:
    """What is kept and shown of a code: `CF-…` and its last four symbols."""
    return f"{PREFIX}-…{last_four}"


def read_mask(text: str) -> str | None:
    """The last four symbols, from a mask such as `CF-…7K2M` or from those four alone; None: neither."""
    found = _MASK.fullmatch(_fold(text))
    return None if found is None else found[1]


def _fold(text: str) -> str:
    """The text in capitals and without what stands between symbols; nothing of a text that is too long to be a code."""
    if len(text) > _TYPED_CHARACTERS_MAX:
        return ""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper().translate(_LOOK_ALIKES)


def _remainder(symbols: str) -> int:
    """The value of the polynomial at x, by Horner's rule."""
    value = 0
    for symbol in symbols:
        value = _times_x(value) ^ _VALUES[symbol]
    return value


def _times_x(value: int) -> int:
    doubled = value << 1
    return doubled ^ _FIELD if doubled >> _BITS else doubled
