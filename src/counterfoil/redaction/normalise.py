"""Text as it is scanned: full-width forms folded, invisible characters dropped, every place traceable to the original."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Soft hyphen, zero-width and direction characters, variation of nothing visible: used to break a key in two.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
# Some single characters unfold to whole phrases; none of those is a piece of a secret.
_LONGEST_FOLD = 4


def normalise(text: str) -> tuple[str, list[int] | None]:
    """The text to scan, and for each of its characters the index of the original one (None: they are the same)."""
    if text.isascii() or (not _INVISIBLE.search(text) and unicodedata.is_normalized("NFKC", text)):
        return text, None
    pieces: list[str] = []
    origins: list[int] = []
    for index, sign in enumerate(text):
        piece = sign if sign < "\x80" else _fold(sign)
        pieces.append(piece)
        if len(piece) == 1:
            origins.append(index)
        else:
            origins.extend([index] * len(piece))
    return "".join(pieces), origins


@lru_cache(maxsize=8192)
def _fold(sign: str) -> str:
    # An ellipsis would unfold to three dots, and it is what our masks are made of.
    if sign == "…":
        return sign
    if _INVISIBLE.match(sign):
        return ""
    folded = unicodedata.normalize("NFKC", sign)
    return folded if len(folded) <= _LONGEST_FOLD else sign
