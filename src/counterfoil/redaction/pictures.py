"""Pictures in a text: as base64, as a drawing in an address, and embedded as pages and Markdown embed screenshots."""

from __future__ import annotations

import re
from collections.abc import Iterator

from counterfoil.redaction.edges import continues_word
from counterfoil.redaction.masks import MASK, mask_length
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import View

# How base64 of PNG, JPEG, GIF, WebP and SVG begins, and as much of it as is no word; lines may break it.
RAW = re.compile(
    r"(?:iVBORw0KGgo|/9j/|R0lGODlh|R0lGODdh|UklGR|PHN2Zy)[0-9A-Za-z+/_-]{20,}+(?:(?:\r?\n|\\n)[0-9A-Za-z+/_-]{40,}+)*+"
    r"(?:(?:\r?\n|\\n)?[0-9A-Za-z+/_-]{0,80}={1,2})?"
)
_LEAST_RAW = 60
TRIGGERS = ("data:image/", "ivborw0kggo", "/9j/", "r0lgod", "uklgr", "phn2zy")
DRAWING = re.compile(r"data:image/[a-z0-9.+-]{1,60}(?:[;,][^\s\"'<>(){}\[\]]{0,200}+)")
END_OF_DRAWING = "</svg>"
EMBEDDED = re.compile(r"!\[[^\]\n]{0,300}\]\((?P<address>[^()\s]{1,2000}+)(?:[ ][^()\n]{0,200})?\)")
TAG = re.compile(r"<img[ \t\r\n/][^>]{0,4000}+>", re.IGNORECASE)


def find_pictures(view: View) -> Iterator[Finding]:
    text = view.text
    for match in RAW.finditer(text):
        if match.end() - match.start() >= _LEAST_RAW and not continues_word(text, match.start()):
            yield _picture(match.start(), match.end())
    yield from _find_drawings(view.lowered)


def find_embedded(view: View) -> Iterator[Finding]:
    """Pictures that a page or Markdown shows by their address; a ticket's are screenshots."""
    text = view.text
    for match in EMBEDDED.finditer(text):
        if MASK.match(match["address"]) is None:
            yield _picture(match.start(), match.end())
    if "<img" in view.lowered:
        for match in TAG.finditer(text):
            yield _picture(match.start(), match.end())


def _find_drawings(lowered: str) -> Iterator[Finding]:
    """Pictures in addresses that are no base64: to the end of the drawing where it is written out."""
    position = 0
    last_end = lowered.rfind(END_OF_DRAWING)
    while (start := lowered.find("data:image/", position)) >= 0:
        match = DRAWING.match(lowered, start)
        position = start + 1
        if match is not None:
            position = match.end()
            if position < last_end and lowered.startswith("<svg", position):
                position = lowered.find(END_OF_DRAWING, position) + len(END_OF_DRAWING)
            yield _picture(start, position)


def _picture(start: int, end: int) -> Finding:
    return Finding(kind=SecretKind.IMAGE, start=start, end=end, mask=mask_length("image", end - start))
