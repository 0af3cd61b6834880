"""Redemption codes of ours: as they are printed, and as people type them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.foundation.code_form import SHOWN_SYMBOLS, mask_code, read_code
from counterfoil.redaction.model import Finding, SecretKind

HEAD = re.compile("[Cc][Ff]")
_BETWEEN = "[ \t\r\n\u2010-\u2015\u2212-]"
# Four groups of five with something between them, whatever they touch: a code behind the `n` of an escaped line break.
GROUPED = re.compile(f"[Cc][Ff](?:{_BETWEEN}{{1,8}}+[0-9A-Za-z]{{5}}){{4}}")
# Twenty signs with or without anything between any two of them, but no part of a longer word.
LOOSE = re.compile(f"(?<![0-9A-Za-z])[Cc][Ff](?:{_BETWEEN}{{0,8}}+[0-9A-Za-z]){{20}}(?![0-9A-Za-z])")
DIGIT = re.compile("[0-9]")
NOT_SHOWN = re.compile("[^0-9A-Za-z]")


def find_redemption_codes(text: str) -> Iterator[Finding]:
    """Codes whose check symbol is right; and what is printed as a code and mistyped, which is most of one."""
    position = 0
    while (head := HEAD.search(text, position)) is not None:
        end = _end_of_code(text, head.start())
        position = head.end() if end is None else end
        if end is not None:
            shown = NOT_SHOWN.sub("", text[head.start() : end])[-SHOWN_SYMBOLS:].upper()
            yield Finding(kind=SecretKind.REDEMPTION_CODE, start=head.start(), end=end, mask=mask_code(shown))


def _end_of_code(text: str, position: int) -> int | None:
    grouped = GROUPED.match(text, position)
    # Words of five letters in a row are prose, unless they happen to be a code.
    if grouped is not None and (_is_code(grouped[0]) or DIGIT.search(grouped[0])):
        return grouped.end()
    loose = LOOSE.match(text, position)
    return loose.end() if loose is not None and _is_code(loose[0]) else None


def _is_code(text: str) -> bool:
    typed = read_code("".join(text.split()))
    return typed is not None and typed.is_right
