"""Other readings of a text: what it says once it is decoded, or put together where it was broken. Pure.

A key comes as a tool has printed it: escaped for an address or for JSON, in Base64, broken by a narrow window, spelled out
to get past a filter. Whoever reads the case could undo that in a moment, so it is judged as if they had.
"""

from __future__ import annotations

import binascii
import html
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple

from counterfoil.redaction.keys import PREFIX
from counterfoil.redaction.model import SecretKind
from counterfoil.redaction.normalise import normalise

# What is put together from pieces may by chance look like many things, but hardly ever like one of these.
SURE = frozenset({
    SecretKind.API_KEY, SecretKind.AUTHORIZATION, SecretKind.CARD, SecretKind.ID, SecretKind.PAYMENT_LINK,
})  # fmt: skip

# NUL and its like, but for what ends lines and stands in tables.
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]+")
# What is kept is far shorter, and the rest is judged as it is.
_CHARACTERS_MAX = 4 * 1024
# Nobody wraps things more often by accident; each way is tried on what the others gave.
_ROUNDS_MOST = 3
_READINGS_MOST = 16
# Of one text in one way: more runs of Base64 are a file.
_RUNS_MOST = 8

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"\\(?:u(?P<four>[0-9A-Fa-f]{4})|x(?P<two>[0-9A-Fa-f]{2})|(?P<sign>[nrt\"'\\/]))")
_SIGNS = {"n": "\n", "r": "\r", "t": "\t"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_-])[0-9A-Za-z+/_-]{12,}+")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){8,}+(?![0-9A-Za-z])")
# A line's end between signs of one word, unless the next line begins with an id of ours or of a provider's.
_LINE_END = re.compile(r"(?<=[0-9A-Za-z_/+=%.?&-])[ \t]*\r?\n[ \t>]*(?![a-z]{2,8}_)(?=[0-9A-Za-z_/+=%.?&-])")
_SPELLED = re.compile(r"(?<!\S)(?:\S\s{1,3}){11,}\S(?!\S)")
_PIECE = re.compile(r"[0-9A-Za-z_-]+")
_PUBLIC_ID = re.compile(r"[a-z]{2,8}_")
# Of a key, a token or a link.
_BEGINNING = re.compile(rf"{PREFIX.pattern}|eyJ|[a-z]{{3,8}}://")
_LEAST_GROUPS = 2
_LEAST_JOINED = 12
_WORDS_BEFORE = 8
_SHORT_PIECE = 2
_PIECES_MOST = 64


class Reading(NamedTuple):
    """One other reading. Where it `is_joined`, pieces that stood apart stand together in it."""

    text: str
    is_joined: bool


def other_readings(text: str) -> Iterator[Reading]:
    """What else the text says, if anything; of most texts there is nothing."""
    first = normalise(text[:_CHARACTERS_MAX])[0]
    known = {text, first}
    waiting = [Reading(first, is_joined=False)]
    for _ in range(_ROUNDS_MOST):
        found: list[Reading] = []
        for each in waiting:
            for way, joins in _WAYS:
                for said in way(each.text):
                    if said in known or len(known) > _READINGS_MOST:
                        continue
                    known.add(said)
                    found.append(Reading(said, is_joined=joins or each.is_joined))
        yield from found
        waiting = found


def _without_controls(text: str) -> Iterator[str]:
    yield CONTROLS.sub("", text)


def _of_address(text: str) -> Iterator[str]:
    if "%" in text:
        yield _unquoted(text)
        if "+" in text:
            yield _unquoted(text.replace("+", " "))


def _unquoted(text: str) -> str:
    encoded = _PERCENT.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode("utf-8", "replace"))
    return encoded.decode("utf-8", "replace")


def _of_escapes(text: str) -> Iterator[str]:
    if "\\" in text:
        yield _SURROGATE.sub("\ufffd", _ESCAPE.sub(_unescaped, text))


def _unescaped(match: re.Match[str]) -> str:
    code = match["four"] or match["two"]
    return chr(int(code, 16)) if code else _SIGNS.get(match["sign"], match["sign"])


def _of_entities(text: str) -> Iterator[str]:
    if "&" in text:
        yield html.unescape(text)


def _of_base64(text: str) -> Iterator[str]:
    for _, run in zip(range(_RUNS_MOST), _BASE64.finditer(text), strict=False):
        whole = run[0].replace("-", "+").replace("_", "/")
        try:
            # One sign too many can be of nothing.
            raw = b64decode(whole[: len(whole) - (len(whole) % 4 == 1)] + "=" * (-len(whole) % 4), validate=True)
        except binascii.Error:
            continue
        yield from _words(raw)


def _of_hex(text: str) -> Iterator[str]:
    for _, run in zip(range(_RUNS_MOST), _HEX.finditer(text), strict=False):
        yield from _words(bytes.fromhex(run[0]))


def _words(raw: bytes) -> Iterator[str]:
    """What the bytes say, if they are a text at all."""
    try:
        said = raw.decode("utf-16-le" if b"\0" in raw else "utf-8").lstrip("\ufeff")
    except UnicodeDecodeError:
        return
    if said and "".join(said.split()).isprintable():
        yield said


def _lines_joined(text: str) -> Iterator[str]:
    if "\n" in text:
        yield _LINE_END.sub("", text)


def _spelled_joined(text: str) -> Iterator[str]:
    """`s k - a b c`: signs one by one."""
    for run in _SPELLED.finditer(text):
        yield "".join(run[0].split())


def _groups_joined(text: str) -> Iterator[str]:
    """`sk-a1B2c 3D4e5F6g 7H8i9J0k 1L2`: pieces of one length, and the shorter rest."""
    pieces = text.split()
    position = 0
    for length, group in groupby(map(len, pieces)):
        start, position = position, position + sum(1 for _ in group)
        if position - start < _LEAST_GROUPS or length * (position - start) < _LEAST_JOINED:
            continue
        end = position + (position < len(pieces) and len(pieces[position]) < length)
        for first in range(start, min(position, start + _WORDS_BEFORE + 1)):
            joined = "".join(pieces[first:end])
            # Words as long as its pieces may stand before it.
            if first == start or _BEGINNING.match(joined) is not None:
                yield joined


def _keys_joined(text: str) -> Iterator[str]:
    """`sk-a1 B2c3D4 e5F6`: a key's beginning, and pieces that are no words."""
    pieces = text.split()
    for index, first in enumerate(pieces):
        if PREFIX.match(first) is None or _PIECE.fullmatch(first) is None:
            continue
        joined = [first]
        for piece in pieces[index + 1 : index + _PIECES_MOST]:
            if not _goes_on(piece):
                break
            joined.append(piece)
        if len(joined) > 1:
            yield "".join(joined)


def _goes_on(piece: str) -> bool:
    if _PIECE.fullmatch(piece) is None or _PUBLIC_ID.match(piece) is not None:
        return False
    has_digit, has_letter = any(map(str.isdigit, piece)), any(map(str.isalpha, piece))
    return len(piece) <= _SHORT_PIECE or (piece.isalnum() and has_digit and has_letter)


_WAYS: tuple[tuple[Callable[[str], Iterator[str]], bool], ...] = (
    (_without_controls, False),
    (_of_address, False),
    (_of_escapes, False),
    (_of_entities, False),
    (_of_base64, False),
    (_of_hex, False),
    (_lines_joined, True),
    (_spelled_joined, True),
    (_groups_joined, True),
    (_keys_joined, True),
)
