"""Prompts, completions and other content of request and response bodies, in JSON or what looks like it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.edges import places_of
from counterfoil.redaction.masks import is_mask, mask_length
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View
from counterfoil.redaction.quotes import find_closing

# Fields whose strings are what people and models wrote.
CONTENT_NAMES = frozenset({
    "messages", "content", "prompt", "negative_prompt", "input", "instructions", "system", "text", "arguments",
    "output", "output_text", "completion", "reasoning_content", "reasoning", "thinking", "delta", "b64_json", "tools",
})  # fmt: skip
# Fields inside them that say what the content is, not what it says, where their value is a plain word.
PLAIN_NAMES = frozenset({
    "type", "role", "id", "name", "model", "object", "status", "finish_reason", "stop_reason", "format", "media_type",
    "mime_type", "detail", "tool_call_id", "tool_use_id", "call_id", "code", "param", "required",
})  # fmt: skip
PLAIN_VALUE = re.compile(r"[0-9A-Za-z_.:/-]{1,64}\Z")

# What follows such a name; the quote in front of it must be the same.
HEAD = re.compile(r"(?P<quote>\\{0,7}[\"'])\s{0,8}:\s{0,8}")
TRIGGERS = ('"', "'")
_STRING_OR_BRACKET = re.compile(r"[\[\]{}]|\\{0,7}[\"']")
_COLON = re.compile(r"\s{0,8}:")
_MASKED = re.compile(r"\[content [0-9]{1,12}\]")


def find_content(view: View) -> Iterator[Finding]:
    text = view.text
    position = 0
    for start, end in places_of(text, CONTENT_NAMES):
        head = HEAD.match(text, end) if start >= position else None
        before = 0 if head is None else start - len(head["quote"])
        if head is None or before < 0 or not text.startswith(head["quote"], before):
            continue
        position = head.end()
        slashes = head["quote"][:-1]
        opening = text[position : position + len(slashes) + 1]
        if text.startswith(("[", "{"), position) or (opening[:-1] == slashes and opening[-1:] in ('"', "'")):
            strings, position = strings_behind(text, position, opening)
            yield from content_of(text, strings)


def strings_behind(text: str, position: int, opening: str) -> tuple[list[tuple[int, int]], int]:
    """The strings of the array, object or string (`opening` is its quote) that begins here, and where it ends."""
    if text.startswith(("[", "{"), position):
        # Everything inside is judged here, so the search goes on behind it.
        return _strings_within(text, position)
    start = position + len(opening)
    end = find_closing(text, start, opening)
    return [(start, end)], end


def content_of(text: str, strings: list[tuple[int, int]]) -> Iterator[Finding]:
    """The strings as findings, without those that are empty or masked."""
    for start, end in strings:
        if end > start and not is_masked_content(text, start, end):
            mask = mask_length("content", end - start)
            yield Finding(kind=SecretKind.REQUEST_BODY, start=start, end=end, mask=mask)


def is_masked_content(text: str, start: int, end: int) -> bool:
    """Whether this string's content is a mask already, or begins with that of content that was cut off."""
    return _MASKED.match(text, start, end) is not None or is_mask(text, start, end)


def _strings_within(text: str, position: int) -> tuple[list[tuple[int, int]], int]:
    """The content strings of the array or object that begins here, and where it (or the text) ends."""
    strings: list[tuple[int, int]] = []
    depth = 0
    name = ""
    while (match := _STRING_OR_BRACKET.search(text, position)) is not None:
        position = match.end()
        if match[0] in "[{":
            depth += 1
            name = ""
        elif match[0] in "]}":
            depth -= 1
            if depth <= 0:
                return strings, position
        else:
            end = find_closing(text, position, match[0])
            after = min(len(text), end + len(match[0]))
            if _COLON.match(text, after):
                name = text[position:end]
            else:
                if name not in PLAIN_NAMES or not PLAIN_VALUE.match(text[position:end]):
                    strings.append((position, end))
                name = ""
            position = after
    return strings, len(text)
