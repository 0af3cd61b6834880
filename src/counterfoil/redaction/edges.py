"""Where words are, and where they begin in texts where an escaped line break stands right in front: `\\nsk-…`."""

from __future__ import annotations

from collections.abc import Iterable

_LETTERS_OF_ESCAPES = frozenset("nrtbf")


def continues_word(text: str, position: int) -> bool:
    """Whether the sign before continues a word: an ASCII letter or digit that is no escape."""
    if position == 0:
        return False
    before = text[position - 1]
    if not (before.isascii() and before.isalnum()):
        return False
    return not (before in _LETTERS_OF_ESCAPES and position >= 2 and text[position - 2] == "\\")


def places_of(text: str, words: Iterable[str]) -> list[tuple[int, int]]:
    """Where each of the words begins and ends, in order. One search for each is many times quicker than one for all."""
    places: list[tuple[int, int]] = []
    for word in words:
        length = len(word)
        start = text.find(word)
        while start >= 0:
            places.append((start, start + length))
            start = text.find(word, start + length)
    places.sort()
    return places
