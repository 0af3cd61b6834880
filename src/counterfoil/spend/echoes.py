"""Upstreams quote in their errors what was sent to them; what is kept of an error must not hold the call's content."""

from __future__ import annotations

from typing import Any

import orjson

MASK = "[content]"
# A shared run of this many characters is a quotation; shorter ones are words that everybody uses.
QUOTED_CHARACTERS_LEAST = 12
# 8 characters at every fifth place: any 12 in a row hold one of them.
_PIECE, _STRIDE = 8, 5
# Content in quotation marks is a quotation even where it is shorter.
_SHORT_CHARACTERS_LEAST = 3
# Comparing takes time in proportion; the error to a longer call is kept without its words.
COMPARED_CHARACTERS_MAX = 256 * 1024
_MARKS = "'\"`“‘「『«(:"
_FIELD_NAMES_KEPT = frozenset({"type", "role", "format", "detail", "effort"})


def without_echo(words: str, rest: bytes) -> str:
    """The words without what they share with the strings of the call's body; nothing where that is too long to tell."""
    if not words:
        return ""
    if len(rest) > COMPARED_CHARACTERS_MAX:
        return ""
    texts = _strings(orjson.loads(rest))
    content = "\n".join(texts)
    # In the upstream's words a line break may be written out.
    content += "\n" + content.replace("\n", "\\n")
    return _without_short_quotations(_without_runs(words, content), texts)


def _without_runs(words: str, content: str) -> str:
    """Mask every run of `QUOTED_CHARACTERS_LEAST` or more characters that both share.

    Each such run holds, somewhere, a piece of the content that begins at a multiple of `_STRIDE`: looking those up costs a
    fraction of searching the whole content for every part of the words.
    """
    pieces_of_content = {content[at : at + _PIECE] for at in range(0, len(content), _STRIDE)}
    kept: list[str] = []
    position = kept_from = 0
    while position + _PIECE <= len(words):
        if words[position : position + _PIECE] not in pieces_of_content:
            position += 1
            continue
        start, end = position, position + _PIECE
        while start > kept_from and words[start - 1 : end] in content:
            start -= 1
        while end < len(words) and words[start : end + 1] in content:
            end += 1
        if end - start < QUOTED_CHARACTERS_LEAST:
            position += 1
            continue
        kept += [words[kept_from:start], MASK]
        position = kept_from = end
    kept.append(words[kept_from:])
    return "".join(kept)


def _without_short_quotations(words: str, texts: list[str]) -> str:
    for text in texts:
        if _SHORT_CHARACTERS_LEAST <= len(text) < QUOTED_CHARACTERS_LEAST and text in words:
            for mark in _MARKS:
                words = words.replace(mark + text, mark + MASK).replace(f"{mark} {text}", f"{mark} {MASK}")
    return words


def _strings(value: Any) -> list[str]:
    """Every string that a caller wrote, but for names such as a role, which are no content."""
    texts: list[str] = []
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, str):
            texts.append(found)
        elif isinstance(found, list):
            left.extend(found)
        elif isinstance(found, dict):
            left.extend(inner for name, inner in found.items() if name not in _FIELD_NAMES_KEPT)
    return texts
