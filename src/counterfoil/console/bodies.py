"""Reading what a form sends, no more than the page expects."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from counterfoil.foundation.errors import InputError

_FIELDS_MAX = 1_000


class BodyTooLarge(Exception):
    """More has come than the page takes; the rest is not read."""


async def read_body(request: Request, *, most_bytes: int) -> FormData:
    """The form's fields; raises `BodyTooLarge`, and `InputError` for what is no form."""
    received = 0
    receive = request.receive

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most_bytes:
            raise BodyTooLarge
        return message

    measured = Request(request.scope, bounded)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise InputError(code="bad_request", field="form", expected="a form")
    try:
        return await measured.form(max_fields=_FIELDS_MAX, max_files=20, max_part_size=most_bytes)
    except MultiPartException as error:
        raise InputError(code="bad_request", field="form", expected="a form") from error
    except UnicodeDecodeError as error:
        raise InputError(code="bad_request", field="form", expected="UTF-8") from error
