"""One HTTP request and its answer over ASGI: reading the body within its limits, sending, noticing that a client has gone.

A server's `send` need not fail when the client has gone (granian's does not): the only sign is `http.disconnect` from a
`receive()` that waits beside the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.gateway.model import Headers
from counterfoil.spend.model import Dialect

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client has left before its request was complete: there is nobody to answer, and nothing was decided."""


class BodyTooLarge(Exception):
    """The body is longer than the limit; the rest of it was not read."""


class BodyTooSlow(Exception):
    """The body did not arrive in time."""


class Exchange:
    """A request and its answer. `headers` has each name once, the last one winning; names are lower-case."""

    __slots__ = (
        "client_address",
        "departure",
        "dialect",
        "headers",
        "language",
        "method",
        "path",
        "receive",
        "received_at",
        "request_id",
        "scope",
        "send",
        "shown_id",
        "started",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, *, request_id: UUID, received_at: int, dialect: Dialect
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.send = send
        self.path: str = scope["path"]
        self.method: str = scope["method"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.request_id = request_id
        self.shown_id = show_id("request", request_id)
        self.received_at = received_at
        self.dialect = dialect
        self.client_address = ""
        self.language = Language.EN
        self.started = False
        self.departure: Departure | None = None

    def rename(self, request_id: UUID) -> None:
        """Answer under another request's id."""
        self.request_id = request_id
        self.shown_id = show_id("request", request_id)

    async def read_body(self, *, bytes_max: int, seconds_max: float) -> bytes:
        """The whole body; raises `BodyTooLarge`, `BodyTooSlow` or `ClientGone`."""
        length = self.headers.get(b"content-length")
        if length is not None and length.isdigit() and int(length[:19]) > bytes_max:
            raise BodyTooLarge
        try:
            async with asyncio.timeout(seconds_max):
                return await self._read_body(bytes_max)
        except TimeoutError:
            raise BodyTooSlow from None

    async def _read_body(self, bytes_max: int) -> bytes:
        receive = self.receive
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise ClientGone
            chunk = message.get("body", b"")
            if chunk:
                size += len(chunk)
                if size > bytes_max:
                    raise BodyTooLarge
                chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send a whole answer, with the request's id."""
        self.started = True
        await self.send(
            {"type": "http.response.start", "status": status, "headers": self._with_ids(headers, len(body))}
        )
        await self.send({"type": "http.response.body", "body": b"" if self.method == "HEAD" else body})

    async def start_stream(self, headers: Headers) -> None:
        self.started = True
        await self.send({"type": "http.response.start", "status": 200, "headers": self._with_ids(headers, None)})

    async def send_part(self, body: bytes) -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": True})

    async def end_stream(self, body: bytes = b"") -> None:
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def watch(self) -> Departure:
        """Begin to notice that the client goes; the body must have been read."""
        departure = self.departure = Departure(self.receive)
        return departure

    def _with_ids(self, headers: Headers, length: int | None) -> Headers:
        shown = self.shown_id.encode()
        headers = [*headers, (b"x-request-id", shown)]
        if self.dialect is Dialect.ANTHROPIC:
            # Where Anthropic's clients look for it.
            headers.append((b"request-id", shown))
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        return headers


class Departure:
    """Whether the client has gone. `interrupts` names the timeout of the work that is to stop then, if any."""

    __slots__ = ("_future", "interrupts")

    def __init__(self, receive: Receive) -> None:
        self.interrupts: asyncio.Timeout | None = None
        self._future = asyncio.ensure_future(receive())
        self._future.add_done_callback(self._done)

    @property
    def gone(self) -> bool:
        return self._future.done() and not self._future.cancelled()

    def _done(self, future: asyncio.Future[Message]) -> None:
        if future.cancelled():
            return
        # Whatever came instead of more body, and an error of the server's too, means that nobody is listening.
        future.exception()
        scope = self.interrupts
        if scope is not None and not scope.expired():
            scope.reschedule(asyncio.get_running_loop().time())

    def close(self) -> None:
        """Stop watching."""
        self.interrupts = None
        self._future.cancel()
