"""Reading and sending ASGI messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from counterfoil.sandbox.errors import ErrorReply, Rejected

Header = tuple[bytes, bytes]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Above what OpenAI takes; a test of huge bodies needs an end somewhere.
BODY_BYTES_MAX = 64 * 1024 * 1024


async def read_body(headers: Mapping[bytes, bytes], receive: Receive) -> bytes | None:
    """The whole body, or None if the client leaves before its end; raises `Rejected` for one that is too large."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    # The announced length spares asking the server whether there is more: it costs as much as the first read.
    if not message.get("more_body") or headers.get(b"content-length") == b"%d" % len(body):
        return body
    parts = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            raise Rejected(413, f"The body is larger than {BODY_BYTES_MAX} bytes.")
    return b"".join(parts)


async def send_start(send: Send, status: int, headers: list[Header]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def send_part(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def send_whole(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    """Send a whole answer; its length is added to `headers`."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_error(send: Send, error: ErrorReply, request_id_header: Header) -> None:
    await send_whole(send, error.status, [*error.headers, request_id_header], error.body)
