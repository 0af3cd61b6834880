"""Upstreams quote in their errors what was sent to them; what is kept of an error must not hold the call's content."""

from __future__ import annotations

from typing import Any

import orjson

MASK = "[content]"
# A shared run of this many characters is a quotation; shorter ones are words that everybody uses.
QUOTED_CHARACTERS_LEAST = 12
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
    pieces: list[str] = []
    position = kept_from = 0
    least = QUOTED_CHARACTERS_LEAST
    while position + least <= len(words):
        if words[position : position + least] not in content:
            position += 1
            continue
        end = position + least
        while end < len(words) and words[position : end + 1] in content:
            end += 1
        pieces += [words[kept_from:position], MASK]
        position = kept_from = end
    pieces.append(words[kept_from:])
    return "".join(pieces)


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
