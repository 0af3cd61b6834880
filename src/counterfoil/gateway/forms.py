"""Forms with files in them (`multipart/form-data`), read within bounds and written anew. Pure.

What goes to the upstream is written from what was read here: two readers of one form can disagree about it, and then one
thing would be checked and another carried out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from counterfoil.gateway.parsing import bad

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# It says of every broken form what it stumbled over; who sends many would fill the log.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

# The dialect's largest form has sixteen pictures, a mask and about twenty fields.
PARTS_MAX = 64
# A part's disposition and type; names and file names are in it.
_HEADERS_MAX = 8
_HEADER_BYTES_MAX = 1_024
# A boundary is at most 70 characters (RFC 2046).
_BOUNDARY_BYTES_MAX = 70
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}(?:\[[A-Za-z0-9_.-]{0,40}\]){0,2}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a form. `is_file` says that it came with a file's name; the name itself is nobody's business."""

    name: str
    value: bytes = field(repr=False)
    is_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPart:
    """One field of a form to an upstream; a file has a name and a type, which are ours."""

    name: str
    value: bytes = field(repr=False)
    file_name: str | None = None
    content_type: str | None = None


def is_form(content_type: bytes | None) -> bool:
    return content_type is not None and content_type.partition(b";")[0].strip().lower() == b"multipart/form-data"


def read_form(raw: bytes, content_type: bytes) -> list[Part]:
    """The parts of a form in their order; raises `InputError` (`body_not_form`)."""
    _, options = parse_options_header(content_type.decode("latin-1"))
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= _BOUNDARY_BYTES_MAX:
        raise bad("body_not_form")
    reader = _Reader()
    parser = MultipartParser(
        boundary, reader.callbacks(), max_header_count=_HEADERS_MAX, max_header_size=_HEADER_BYTES_MAX
    )  # fmt: skip
    try:
        parser.write(raw)
        parser.finalize()
    except FormParserError:
        raise bad("body_not_form") from None
    if not reader.ended:
        # Cut off: what is missing may have been what mattered.
        raise bad("body_not_form")
    return reader.parts


def write_form(parts: Sequence[SentPart], *, boundary: str) -> tuple[str, bytes]:
    """The content type and body of a form; `boundary` must not occur in any part."""
    pieces: list[bytes] = []
    for part in parts:
        disposition = f'--{boundary}\r\nContent-Disposition: form-data; name="{part.name}"'
        if part.file_name is not None:
            disposition += f'; filename="{part.file_name}"\r\nContent-Type: {part.content_type}'
        pieces += [disposition.encode(), b"\r\n\r\n", part.value, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces)


class _Reader:
    """Takes what the parser finds."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._headers: dict[bytes, bytes] = {}
        self._header_name: list[bytes] = []
        self._header_value: list[bytes] = []
        self._value: list[bytes] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header_name.append(data[start:end]),
            "on_header_value": lambda data, start, end: self._header_value.append(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._value.append(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        if len(self.parts) >= PARTS_MAX:
            raise bad("body_not_form")
        self._headers, self._value = {}, []

    def _end_header(self) -> None:
        name = b"".join(self._header_name).strip().lower()
        if name in self._headers:
            raise bad("body_not_form")
        self._headers[name] = b"".join(self._header_value)
        self._header_name, self._header_value = [], []

    def _end(self) -> None:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition", b"").decode("latin-1"))
        name = options.get(b"name", b"").decode("latin-1")
        if disposition != b"form-data" or not _NAME.match(name):
            raise bad("body_not_form")
        if self._headers.get(b"content-transfer-encoding", b"binary").strip().lower() not in (
            b"binary",
            b"8bit",
            b"7bit",
        ):
            raise bad("body_not_form")
        self.parts.append(Part(name=name, value=b"".join(self._value), is_file=b"filename" in options))

    def _finish(self) -> None:
        self.ended = True


def text_of(part: Part) -> str:
    """A field's text; raises `InputError`."""
    try:
        return part.value.decode()
    except UnicodeDecodeError:
        raise bad("body_not_utf8") from None
