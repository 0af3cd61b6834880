"""Find and mask what must not be logged, stored or shown.

A first barrier is not to hand such things on at all; this is the second. It works on any text (JSON, curl, a Python
traceback, a sentence in Chinese), in time linear in its length, and masking twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from counterfoil.redaction import blocks, bodies, codes, fields, keys, labels, links, numbers, phones, pictures
from counterfoil.redaction.masks import CUT, CUT_LENGTH_MOST, mask_cut, mask_key
from counterfoil.redaction.model import Finding, SecretKind
from counterfoil.redaction.normalise import Origins, View, normalise, view
from counterfoil.redaction.values import ValueMasker

__all__ = ["LONGEST_CHARACTERS", "find", "mask_key", "redact", "redact_value"]

# Long enough for a stack trace with its messages; a longer text is somebody's data.
LONGEST_CHARACTERS = 256 * 1024
# How far beyond the cut a secret that begins before it is looked for. A secret that is longer than that is content, and
# is found whatever part of it is seen.
_BEYOND_THE_CUT = 4096
# No secret fits into less: `pwd=x`.
_SHORTEST = 5
# The shortest key that is one word of letters, digits and underscores.
_SHORTEST_KEY = 16
# Each pass leaves less to find, and two are nearly always enough.
_PASSES_MOST = 6
_WORD_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.+/=~%*…[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detector:
    """Looks for one family, if the lower-case text has one of its triggers at all."""

    triggers: tuple[str, ...]
    find: Callable[[View], Iterator[Finding]]


def _find_redemption_codes(seen: View) -> Iterator[Finding]:
    return codes.find_redemption_codes(seen.text)


_DETECTORS = (
    _Detector(triggers=bodies.TRIGGERS, find=bodies.find_content),
    _Detector(triggers=("eyj",), find=keys.find_json_tokens),
    _Detector(triggers=("bearer",), find=keys.find_bearers),
    _Detector(triggers=("private key",), find=keys.find_private_keys),
    _Detector(triggers=fields.HEAD_TRIGGERS, find=fields.find_named_secrets),
    _Detector(triggers=("digest",), find=fields.find_digests),
    _Detector(triggers=("://",), find=fields.find_url_credentials),
    _Detector(triggers=(";base64",), find=fields.find_data_urls),
    _Detector(triggers=("://", "_secret_"), find=links.find_links),
    _Detector(triggers=("cf",), find=_find_redemption_codes),
    _Detector(triggers=pictures.TRIGGERS, find=pictures.find_pictures),
    _Detector(triggers=(*blocks.ARGUMENTS, "role:"), find=blocks.find_arguments),
    _Detector(triggers=("curl",), find=blocks.find_sent_cookies),
    _Detector(triggers=("curl",), find=blocks.find_sent_passwords),
    _Detector(triggers=(".",), find=numbers.find_dotted_numbers),
    _Detector(triggers=("+", "-"), find=phones.find_phones),
)


def find(text: str) -> list[Finding]:
    """Every secret in the text (of which the first `LONGEST_CHARACTERS` and a little more are read), in order.

    Findings do not overlap. Offsets are those of `text` as given, full-width and invisible characters included.
    """
    scanned, origins = normalise(text[: LONGEST_CHARACTERS + _BEYOND_THE_CUT])
    found = find_in(view(scanned))
    if not found:
        return []
    return without_overlaps(as_given(found, origins))


def find_in(seen: View) -> list[Finding]:
    """Every secret by its shape, its field's name or the words before it, in no order; some may overlap."""
    found: list[Finding] = []
    lowered = seen.lowered
    for detector in _DETECTORS:
        # A plain loop: most log strings leave here, and a generator would triple what they cost.
        for trigger in detector.triggers:
            if trigger in lowered:
                found.extend(detector.find(seen))
                break
    if keys.has_long_run(seen):
        found.extend(keys.find_keys(seen))
        if "." in lowered or ":" in lowered:
            found.extend(keys.find_keys_with_dots(seen))
    if numbers.has_enough_digits(seen):
        found.extend(numbers.find_numbers(seen))
    # What a word says comes behind what a shape says: of two at one place, the first knows its provider.
    for trigger in labels.TRIGGERS if labels.SAYS.search(lowered) is not None else ():
        if trigger in lowered:
            found.extend(labels.find_labelled(seen))
            break
    return found


def as_given(found: list[Finding], origins: Origins | None) -> list[Finding]:
    """What was found in a normalised text, at its places in the text as it was given."""
    if origins is None:
        return found
    return [replace(one, start=origins.start_of(one.start), end=origins.end_of(one.end - 1)) for one in found]


def without_overlaps(found: list[Finding]) -> list[Finding]:
    """Of two that overlap the first stays whole, and the other covers what the first leaves of it.

    Of two at the same place that one stays that says more, and of those the one that was found first.
    """
    found.sort(key=lambda one: (one.start, -one.end, one.kind is SecretKind.OTHER))
    kept = [found[0]]
    for one in found[1:]:
        last = kept[-1]
        if one.start >= last.end:
            kept.append(one)
        elif one.end > last.end:
            kept.append(replace(one, start=last.end))
    return kept


def redact(text: str) -> str:
    """The text with every secret masked; one longer than `LONGEST_CHARACTERS` is cut, with a mark of how much."""
    if len(text) < _SHORTEST or (len(text) < _SHORTEST_KEY and text.isascii() and text.isidentifier()):
        return text
    cut = CUT.search(text, max(0, len(text) - CUT_LENGTH_MOST))
    if cut is None:
        return _redact(text)
    # The mark is not part of what was cut: it must not end a word or a string that the cut left open.
    return _redact(text[: cut.start()]) + cut[0]


def _redact(text: str) -> str:
    found = find(text)
    if len(text) <= LONGEST_CHARACTERS:
        masked = _mask_all(text, found)
        if len(masked) <= LONGEST_CHARACTERS:
            return masked
    kept, position = _cut(text, found)
    return _mask_all(kept, find(kept)) + mask_cut(len(text) - position)


def _mask_all(text: str, found: Sequence[Finding]) -> str:
    """The text with what was found masked, and what shows only then: a mask or a cut may end a word or open a string."""
    for _ in range(_PASSES_MOST):
        if not found:
            break
        text = put_masks(text, found)
        found = find(text)
    return text


def put_masks(text: str, found: Sequence[Finding]) -> str:
    """The text with masks in the place of what was found in it."""
    pieces: list[str] = []
    position = 0
    for one in found:
        pieces += [text[position : one.start], one.mask]
        position = one.end
    pieces.append(text[position:])
    return "".join(pieces)


def _cut(text: str, found: Sequence[Finding]) -> tuple[str, int]:
    """The masked text up to the cap, and up to where it was read.

    Masks stay whole, and the cut is never inside a word: half a key is no mask.
    """
    room = LONGEST_CHARACTERS - CUT_LENGTH_MOST
    pieces: list[str] = []
    position = 0
    for one in found:
        needed = one.start - position + len(one.mask)
        if needed > room:
            break
        pieces += [text[position : one.start], one.mask]
        room -= needed
        position = one.end
    following = next((one.start for one in found if one.start >= position), len(text))
    rest = text[position : min(position + room, following)]
    if position + len(rest) < len(text):
        rest = rest.rstrip(_WORD_SIGNS)
    return "".join([*pieces, rest]), position + len(rest)


def redact_value(value: Any) -> Any:
    """A log value with every secret masked: strings anywhere inside mappings and sequences, their keys too.

    Mappings become dicts and other sequences lists. Numbers, booleans and None stay what they are, except a whole
    number that is a card's. Bytes become a mark with their length; anything else its redacted `str()`.
    """
    return _LOGGED.masked(value)


_LOGGED = ValueMasker(mask=redact)
