"""Quoted strings at any depth of escaping: JSON, JSON inside a JSON string, Python's repr."""

from __future__ import annotations

import re

# A quote with all the backslashes in front of it, entered at the first of them only.
DOUBLE = re.compile(r'(?<!\\)(\\*+)"')
SINGLE = re.compile(r"(?<!\\)(\\*+)'")


def find_closing(text: str, start: int, opening: str) -> int:
    """Where the string that `opening` began ends (exclusive); the end of the text where it was cut off.

    A quote at depth d of escaping is written with 2^d - 1 backslashes. One with fewer ends an enclosing string, and
    this one with it; one with more belongs to the string unless its own backslashes are escaped ones.
    """
    depth = len(opening) - 1
    for match in (DOUBLE if opening[-1] == '"' else SINGLE).finditer(text, start):
        slashes = len(match[1])
        if slashes < depth:
            return match.start()
        if slashes % (2 * depth + 2) == depth:
            return match.end() - 1 - depth
    return len(text)
