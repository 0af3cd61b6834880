"""The full scan: everything that enters from people or leaves the system passes through here.

It finds what `rules` find in a log line, and beyond that the keys of some hundred providers that only Kingfisher knows,
embedded pictures, and whole blocks of headers, logs and bodies. Time grows with the text's length only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from counterfoil.redaction import blocks, keys, kingfisher, pictures, rules
from counterfoil.redaction.masks import mask_length
from counterfoil.redaction.model import Finding, PlacedFinding, SecretKind
from counterfoil.redaction.normalise import normalise, view
from counterfoil.redaction.placed import JsonScan, find_in_headers
from counterfoil.redaction.values import ValueMasker

__all__ = ["SCANNED_CHARACTERS_MAX", "redact_fully", "redact_value_fully", "scan", "scan_headers", "scan_json"]

# More than anybody writes or should paste; the rest of a longer text counts as one finding.
SCANNED_CHARACTERS_MAX = 1024 * 1024
# Each pass leaves less to find, and two are nearly always enough.
_PASSES_MOST = 6

# From the inside to the outside.
_BLOCK_FINDERS = (blocks.find_sent_data, blocks.find_headers, blocks.find_logs)


def scan(text: str, *, characters_max: int = SCANNED_CHARACTERS_MAX) -> list[Finding]:
    """Every secret and everything private in the text, in order and without overlaps; offsets are those of the text.

    What is beyond `characters_max` is not read, and is one finding of the class `other`.
    """
    scanned, origins = normalise(text[:characters_max])
    seen = view(scanned)
    found = [*rules.find_in(seen), *pictures.find_embedded(seen), *kingfisher.find_known_keys(seen)]
    found = [keys.with_next_line(scanned, one) if one.kind is SecretKind.API_KEY else one for one in found]
    found = rules.without_overlaps(found) if found else []
    for find in _BLOCK_FINDERS:
        found = _with_blocks(scanned, found, list(find(seen)))
    found = rules.as_given(found, origins)
    if len(text) > characters_max:
        unread = mask_length("unread", len(text) - characters_max)
        found.append(Finding(kind=SecretKind.OTHER, start=characters_max, end=len(text), mask=unread))
    return found


def redact_fully(text: str, *, characters_max: int = SCANNED_CHARACTERS_MAX) -> str:
    """The text with everything masked that a full scan finds. Up to the cap, masking twice changes nothing."""
    found = scan(text, characters_max=characters_max)
    for _ in range(_PASSES_MOST):
        if not found:
            break
        text = rules.put_masks(text, found)
        # What was beyond the cap is a mark by now, and masks may be longer than what they stand for.
        found = scan(text, characters_max=len(text))
    return text


def redact_value_fully(value: Any) -> Any:
    """A value with everything masked that a full scan finds in its strings, or that their names give away.

    What becomes of which kind of value is said at `rules.redact_value`.
    """
    return _FULLY.masked(value)


def scan_json(value: Any) -> list[PlacedFinding]:
    """Everything private in a value as `json.loads` gives it, by its place (a JSON pointer), in the document's order.

    Of a part that is too deep or one too many, the finding has no characters (0 to 0) and the class `other`.
    """
    reading = JsonScan(scan=scan)
    reading.read(value)
    return reading.found


def scan_headers(headers: Mapping[str, str] | Iterable[tuple[str, str]]) -> list[PlacedFinding]:
    """Everything private in headers: by name, by what their values are, and whatever tells which way a call took."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return list(find_in_headers(pairs, scan))


_FULLY = ValueMasker(mask=redact_fully)


def _with_blocks(text: str, found: list[Finding], whole: list[Finding]) -> list[Finding]:
    """The findings with those blocks around them: what is inside a block and of its class is one with it."""
    if not whole:
        return found
    kept: list[Finding] = []
    index = 0
    for block in whole:
        while index < len(found) and found[index].end <= block.start:
            kept.append(found[index])
            index += 1
        position = block.start
        while index < len(found) and found[index].start < block.end:
            inner = found[index]
            index += 1
            if inner.kind is block.kind and inner.end <= block.end:
                continue
            kept += _piece(text, block, position, inner.start)
            kept.append(inner)
            position = inner.end
        kept += _piece(text, block, position, block.end)
    return [*kept, *found[index:]]


def _piece(text: str, block: Finding, start: int, end: int) -> list[Finding]:
    """What of the block lies here, unless it is nothing but signs between two secrets."""
    if end <= start or not any(map(str.isalnum, text[start:end])):
        return []
    name = block.mask[1:].partition(" ")[0]
    return [replace(block, start=start, end=end, mask=mask_length(name, end - start))]
