"""Where words begin, in texts where an escaped line break stands right in front of them: `\\nsk-…`."""

from __future__ import annotations

_LETTERS_OF_ESCAPES = frozenset("nrtbf")


def continues_word(text: str, position: int) -> bool:
    """Whether the sign before continues a word: an ASCII letter or digit that is no escape."""
    if position == 0:
        return False
    before = text[position - 1]
    if not (before.isascii() and before.isalnum()):
        return False
    return not (before in _LETTERS_OF_ESCAPES and position >= 2 and text[position - 2] == "\\")
