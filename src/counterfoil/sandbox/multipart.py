"""Reads `multipart/form-data` (RFC 7578)."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import HTTP
from typing import NamedTuple

from counterfoil.sandbox.errors import Rejected

# OpenAI's largest form has sixteen images and a dozen of fields.
PARTS_MAX = 200
BOUNDARY_CHARACTERS_MAX = 70


class Part(NamedTuple):
    """One part of a form; a field has no `filename`."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


def read_parts(content_type: str, body: bytes) -> list[Part]:
    """The parts of a form, in order. Raises `Rejected` for a body that is none."""
    header = Message()
    header["content-type"] = content_type
    boundary = header.get_param("boundary")
    if not isinstance(boundary, str) or not 1 <= len(boundary) <= BOUNDARY_CHARACTERS_MAX or not boundary.isascii():
        raise _unreadable("there is no boundary")
    # The first delimiter may stand at the very beginning, without the line break that belongs to all others.
    preamble, *rest = (b"\r\n" + body).split(b"\r\n--" + boundary.encode())
    if not rest or preamble.strip() or not rest[-1].startswith(b"--"):
        raise _unreadable("the last boundary is missing")
    if len(rest) > PARTS_MAX:
        raise _unreadable(f"there are more than {PARTS_MAX} parts")
    return [_read_part(each) for each in rest[:-1]]


def _read_part(raw: bytes) -> Part:
    head, separator, content = raw.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not separator:
        raise _unreadable("a part has no headers")
    headers = BytesHeaderParser(policy=HTTP).parsebytes(head)
    name = headers.get_param("name", header="content-disposition")
    if not isinstance(name, str):
        raise _unreadable("a part has no name")
    return Part(
        name=name,
        filename=headers.get_filename(),
        content_type=headers.get_content_type(),
        content=content,
    )


def _unreadable(reason: str) -> Rejected:
    return Rejected(400, f"We could not parse the multipart body of your request: {reason}.")
