"""Find and mask what must not be logged, stored or shown.

A first barrier is not to hand such things on at all; this is the second. It works on any text (JSON, curl, a Python
traceback, a sentence in Chinese), in time linear in its length, and masking twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from counterfoil.redaction import bodies, fields, keys, numbers
from counterfoil.redaction.masks import (
    CUT,
    CUT_LENGTH_MOST,
    SECRET,
    TOO_DEEP,
    is_masked_at,
    mask_cut,
    mask_digits,
    mask_key,
    mask_length,
)
from counterfoil.redaction.model import Finding
from counterfoil.redaction.normalise import normalise

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
_DEEPEST = 24
_ITEMS_MOST = 1000
_WORD_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.+/=~%*…[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detector:
    """Looks for one family, if the lower-case text has one of its triggers at all."""

    triggers: tuple[str, ...]
    find: Callable[[str], Iterator[Finding]]


_DETECTORS = (
    _Detector(triggers=bodies.TRIGGERS, find=bodies.find_content),
    _Detector(triggers=keys.KEY_TRIGGERS, find=keys.find_keys),
    _Detector(triggers=keys.FIXED_TRIGGERS, find=keys.find_fixed_keys),
    _Detector(triggers=("eyj",), find=keys.find_json_tokens),
    _Detector(triggers=("bearer",), find=keys.find_bearers),
    _Detector(triggers=("private key",), find=keys.find_private_keys),
    _Detector(triggers=fields.HEAD_TRIGGERS, find=fields.find_named_secrets),
    _Detector(triggers=("://",), find=fields.find_url_credentials),
    _Detector(triggers=(";base64",), find=fields.find_data_urls),
)


def find(text: str) -> list[Finding]:
    """Every secret in the text (of which the first `LONGEST_CHARACTERS` and a little more are read), in order.

    Findings do not overlap. Offsets are those of `text` as given, full-width and invisible characters included.
    """
    scanned, origins = normalise(text[: LONGEST_CHARACTERS + _BEYOND_THE_CUT])
    lowered = scanned.lower()
    found: list[Finding] = []
    for detector in _DETECTORS:
        # A plain loop: most log strings leave here, and a generator would triple what they cost.
        for trigger in detector.triggers:
            if trigger in lowered:
                found.extend(detector.find(scanned))
                break
    if numbers.has_enough_digits(scanned):
        found.extend(numbers.find_resident_ids(scanned))
        found.extend(numbers.find_numbers(scanned))
    if not found:
        return []
    if origins is not None:
        found = [replace(one, start=origins[one.start], end=origins[one.end - 1] + 1) for one in found]
    return _without_overlaps(found)


def _without_overlaps(found: list[Finding]) -> list[Finding]:
    """Of two that overlap the first stays whole, and the other covers what the first leaves of it."""
    found.sort(key=lambda one: (one.start, -one.end))
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
        pieces: list[str] = []
        position = 0
        for one in found:
            pieces += [text[position : one.start], one.mask]
            position = one.end
        pieces.append(text[position:])
        text = "".join(pieces)
        found = find(text)
    return text


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


_SECRET_NAMES = frozenset({
    "authorization", "proxy_authorization", "cookie", "set_cookie", "x_api_key", "api_key", "apikey", "api_token",
    "password", "passwd", "pwd", "passphrase", "secret", "client_secret", "secret_key", "access_token", "refresh_token",
    "id_token", "operator_token", "private_key", "signing_key", "sealing_key", "token", "upstream_secret",
})  # fmt: skip


def redact_value(value: Any) -> Any:
    """A log value with every secret masked: strings anywhere inside mappings and sequences, their keys too.

    Mappings become dicts and other sequences lists. Numbers, booleans and None stay what they are, except a whole
    number that is a card's. Bytes become a mark with their length; anything else its redacted `str()`.
    """
    return _redact_value(value, depth=0, in_content=False)


def _redact_value(value: Any, *, depth: int, in_content: bool) -> Any:
    if isinstance(value, str):
        return _mask_content(value) if in_content else redact(value)
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        digits = str(value) if 10**12 <= value < 10**19 else ""
        return mask_digits("card", digits) if numbers.is_card(digits) else value
    if isinstance(value, bytes | bytearray | memoryview):
        return mask_length("bytes", len(value))
    if depth >= _DEEPEST:
        return TOO_DEEP
    if isinstance(value, Mapping):
        return _redact_mapping(value, depth=depth, in_content=in_content)
    if isinstance(value, list | tuple | set | frozenset):
        return _redact_items(value, depth=depth, in_content=in_content)
    return redact(str(value))


def _redact_items(value: Collection[Any], *, depth: int, in_content: bool) -> list[Any]:
    if isinstance(value, list | tuple) and len(value) == 2 and _is_secret_name(value[0]) and _is_secret(value[1]):
        # A header as a pair of name and value.
        return [value[0], _mask_secret(value[0], value[1])]
    items = [
        _redact_value(one, depth=depth + 1, in_content=in_content)
        for _, one in zip(range(_ITEMS_MOST), value, strict=False)
    ]
    return items if len(value) <= _ITEMS_MOST else [*items, mask_length("items", len(value) - _ITEMS_MOST)]


def _redact_mapping(value: Mapping[Any, Any], *, depth: int, in_content: bool) -> dict[Any, Any]:
    masked: dict[Any, Any] = {}
    for _, (name, one) in zip(range(_ITEMS_MOST), value.items(), strict=False):
        plain = _plain(name) if isinstance(name, str) else ""
        shown = redact(name) if isinstance(name, str) else name
        if _is_secret_name(name) and _is_secret(one):
            masked[shown] = _mask_secret(plain, one)
        elif in_content and plain in bodies.PLAIN_NAMES and isinstance(one, str) and bodies.PLAIN_VALUE.match(one):
            masked[shown] = redact(one)
        else:
            content = in_content or plain in bodies.CONTENT_NAMES
            masked[shown] = _redact_value(one, depth=depth + 1, in_content=content)
    if len(value) > _ITEMS_MOST:
        masked["…"] = mask_length("items", len(value) - _ITEMS_MOST)
    return masked


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _is_secret_name(name: object) -> bool:
    return isinstance(name, str) and _plain(name) in _SECRET_NAMES


def _is_secret(value: object) -> bool:
    return isinstance(value, str | bytes) and len(value) > 0


def _mask_secret(name: str, value: str | bytes) -> str:
    if isinstance(value, bytes):
        return SECRET
    return redact(value) if is_masked_at(value, 0) else fields.kind_and_mask(_plain(name), value)[1]


def _mask_content(value: str) -> str:
    return value if not value or bodies.is_masked_content(value, 0, len(value)) else mask_length("content", len(value))
