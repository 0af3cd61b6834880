"""Reading a request of a page and sending its answer, with the headers that every answer carries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl

from counterfoil.site.model import Receive, Scope, Send

# An error with its stack and headers; the form's own length limit is far below.
BODY_BYTES_MAX = 256 * 1024
# Whoever sends a form more slowly than this is not sending one.
BODY_SECONDS_MAX = 60.0
_FIELDS_MAX = 10

# No script, nothing from elsewhere: what people paste here stays here. Where hints come while one types, there is a script
# of our own, which may not send anything anywhere either.
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'"
_OWN_SCRIPT = "; script-src 'self'"
# Of the search alone: its script loads the index.
_OWN_FETCHES = "; connect-src 'self'"


class Framing(StrEnum):
    """What has to do with frames: the policy's last part. Only a demo's numbers stand in one, on our own page."""

    NONE = "frame-ancestors 'none'"
    SHOWS_FRAMES = "frame-src 'self'; frame-ancestors 'none'"
    IS_FRAMED = "frame-ancestors 'self'"


_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    # A request id in an address is nobody else's business.
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
)

NEVER_KEEP = "no-store"
KEEP_FOR_GOOD = "public, max-age=31536000, immutable"
KEEP_BRIEFLY = "public, max-age=300"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer before it is sent."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    cache: str = NEVER_KEEP
    headers: tuple[tuple[str, str], ...] = ()
    framing: Framing = Framing.NONE
    has_script: bool = False
    fetches: bool = False

    async def send(self, send: Send, *, with_body: bool) -> None:
        policy = _POLICY + (_OWN_SCRIPT if self.has_script else "") + (_OWN_FETCHES if self.fetches else "")
        headers = [
            (b"content-type", self.content_type.encode()),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", self.cache.encode()),
            (b"content-security-policy", f"{policy}; {self.framing}".encode()),
            (b"x-frame-options", b"SAMEORIGIN" if self.framing is Framing.IS_FRAMED else b"DENY"),
            *_SECURITY,
            *((name.encode(), value.encode("latin-1")) for name, value in self.headers),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body if with_body else b""})


def see_other(address: str) -> Answer:
    """Send the browser to the page that shows the result."""
    return Answer(status=303, headers=(("location", address),), content_type="text/plain; charset=utf-8")


def read_query(scope: Scope) -> dict[str, str]:
    """The query's fields; the first of a name counts, and what cannot be read is left out."""
    return _read_fields(scope.get("query_string", b""))


def read_header(scope: Scope, name: bytes) -> str | None:
    """The values of a header, joined."""
    found = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return ", ".join(found) if found else None


async def read_body(receive: Receive) -> bytes | None:
    """A body; None where it is longer than `BODY_BYTES_MAX`. One that does not come to its end is empty."""
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return await _whole_body(receive)
    except TimeoutError:
        return b""


async def _whole_body(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return None
        if not message.get("more_body"):
            return bytes(body)


async def read_form(receive: Receive) -> dict[str, str] | None:
    """The fields of a posted form; None where it is longer than `BODY_BYTES_MAX`."""
    body = await read_body(receive)
    return None if body is None else _read_fields(body)


def _read_fields(encoded: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(encoded.decode("latin-1"), encoding="utf-8", errors="replace", max_num_fields=_FIELDS_MAX)
    except ValueError:
        return {}
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields
