"""Bodies of what is sent to support: forms, forms with files, and JSON, as pairs of name and text.

Everything in a body becomes a pair, however it is nested, so that everything is judged; only files are left unread.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from counterfoil.foundation.errors import InputError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# It says of every broken form what it stumbled over.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

# The longest form that may be sent, and a log that somebody has pasted into it: it is to be told what was wrong with it.
BODY_BYTES_MAX = 256 * 1024
_BOUNDARY_BYTES_MAX = 70
# A file's name in a form that no browser sends.
_OTHER_FILE_NAME = re.compile(rb"filename\*[^;]*", re.IGNORECASE)
# More pairs than a form may have; what is beyond them becomes one.
PAIRS_MAX = 100

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What was sent: pairs of name and text in their order, and one name for each file."""

    fields: Pairs = field(repr=False)
    file_names: tuple[str, ...] = field(repr=False, default=())

    def first(self, name: str) -> str:
        """The first value of that name; empty where there is none."""
        return next((value for known, value in self.fields if known == name), "")

    def without(self, *names: str) -> Pairs:
        """Every field but the first of each of these names: what comes again is judged like anything else."""
        left = set(names)
        kept = []
        for name, value in self.fields:
            if name in left:
                left.remove(name)
            else:
                kept.append((name, value))
        return tuple(kept)


def read_pairs(encoded: bytes) -> Pairs:
    """The pairs of a query or of a plain form. Whatever the bytes are, they are some pairs."""
    pieces = encoded.split(b"&", PAIRS_MAX)
    first = b"&".join(pieces[:PAIRS_MAX]).decode("latin-1")
    read = parse_qsl(first, keep_blank_values=True, encoding="utf-8", errors="replace")
    return (*read, *(("", one.decode("utf-8", "replace")) for one in pieces[PAIRS_MAX:]))


def read_body(raw: bytes, content_type: str) -> Body:
    """What a form holds, with or without files; raises `InputError` for a form with files that cannot be read."""
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        return Body(fields=read_pairs(raw))
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= _BOUNDARY_BYTES_MAX:
        raise InputError(field="body", problem="body_not_form")
    reader = _Parts()
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        parser.write(raw)
        parser.finalize()
    except FormParserError:
        raise InputError(field="body", problem="body_not_form") from None
    if not reader.ended:
        raise InputError(field="body", problem="body_not_form")
    return Body(fields=tuple(reader.fields), file_names=tuple(reader.file_names))


class _Parts:
    """Takes what the parser finds; of a file nothing but its name."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.file_names: list[str] = []
        self.ended = False
        self._disposition: dict[bytes, bytes] = {}
        self._header_name, self._header_value, self._value = bytearray(), bytearray(), bytearray()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        if len(self.fields) == PAIRS_MAX:
            raise InputError(field="body", problem="body_not_form")
        self._disposition = {}
        self._value.clear()

    def _end_header(self) -> None:
        if bytes(self._header_name).strip().lower() == b"content-disposition":
            value = bytes(self._header_value)
            _, options = parse_options_header(value)
            # What is called a file in any header, and in any way, is one: of several readers one may take it for that.
            named = _OTHER_FILE_NAME.search(value)
            if b"filename" not in options and named is not None:
                options[b"filename"] = named[0]
            self._disposition = {**options, **self._disposition}
        self._header_name.clear()
        self._header_value.clear()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if b"filename" not in self._disposition:
            self._value.extend(data[start:end])

    def _end(self) -> None:
        name = self._disposition.get(b"name", b"").decode("utf-8", "replace")
        file_name = self._disposition.get(b"filename")
        if file_name is None:
            self.fields.append((name, self._value.decode("utf-8", "replace")))
            return
        # A file field that was left empty comes without a name; whatever it is called is judged like any other name.
        self.fields.append((name, ""))
        if file_name:
            self.file_names.append(file_name.decode("utf-8", "replace"))

    def _finish(self) -> None:
        self.ended = True


# JSON.


class _Members(tuple[tuple[str, object], ...]):
    """An object, with members of one name kept apart."""

    __slots__ = ()


def read_json(raw: bytes) -> Body:
    """Every text of a JSON object under the name next to it, however deep; raises `InputError` for what is no object."""
    try:
        read = json.loads(raw, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        # Without its cause, which quotes what could not be read.
        raise InputError(field="body", problem="body_not_json") from None
    if not isinstance(read, _Members):
        raise InputError(field="body", problem="body_not_object")
    return Body(fields=tuple(_pairs_of(read)))


def _pairs_of(read: _Members) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, object]] = list(reversed(read))
    while waiting and len(found) <= PAIRS_MAX:
        name, value = waiting.pop()
        if isinstance(value, _Members):
            found += [] if name == "fields" else [(name, "")]
            waiting += reversed(value)
        elif isinstance(value, list):
            waiting += [(name, one) for one in reversed(value)]
        else:
            found.append((name, _text(value)))
    return found


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)
