"""One call that is not a text: its answer, and how a failure spoils the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs

import orjson

from counterfoil.sandbox.asgi import Header, Receive, Send, send_error, send_part, send_start, send_whole
from counterfoil.sandbox.departure import leaves_within
from counterfoil.sandbox.errors import status_failure
from counterfoil.sandbox.model import Endpoint, Failure, FailureKind, UpstreamKey
from counterfoil.sandbox.out_of_money import out_of_money

JSON: Header = (b"content-type", b"application/json")

_HTML: Header = (b"content-type", b"text/html; charset=utf-8")
_GARBAGE = b'{"id":"sandbox","object":"vid'
_NAMED_IDS = (b"x-client-request-id", b"x-request-id")
REFUSING = (FailureKind.STATUS, FailureKind.OUT_OF_MONEY)
# What the caller calls its request, as far as it is kept.
REQUEST_ID_CHARACTERS_MAX = 128


class Answer(NamedTuple):
    """A whole answer: `headers` are its content type and those of its own."""

    status: int
    headers: list[Header]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One accepted call of a key, and the client that waits for its answer. `digits` are its own, for ids."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    key: UpstreamKey
    digits: bytes
    receive: Receive
    send: Send

    @property
    def request_id(self) -> Header:
        return (b"x-request-id", b"req_" + self.digits)

    @property
    def caller_request_id(self) -> str:
        """What the caller calls its request, by either of the names that callers use."""
        for name in _NAMED_IDS:
            if name in self.headers:
                return self.headers[name][:REQUEST_ID_CHARACTERS_MAX].decode("latin-1")
        return ""

    @property
    def origin(self) -> str:
        """The address that the caller has used, without a path."""
        return "http://" + self.headers.get(b"host", b"127.0.0.1")[:REQUEST_ID_CHARACTERS_MAX].decode("latin-1")

    def asked(self, name: str) -> str | None:
        """A parameter of the query."""
        return parse_qs(self.query.decode("latin-1")).get(name, [None])[-1]

    async def leaves_within(self, milliseconds: int) -> bool:
        """Wait that long, or until the client leaves; True if it has left."""
        return milliseconds > 0 and await leaves_within(self.receive, milliseconds)

    async def refuse(self, endpoint: Endpoint, failure: Failure) -> None:
        """Answer with the error that a failure of the `REFUSING` kinds is."""
        if failure.kind is FailureKind.STATUS:
            error = status_failure(failure.argument, endpoint, self.request_id[1])
        else:
            error = out_of_money(failure.flavour or "openai", self.request_id[1])
        await send_error(self.send, error, self.request_id)

    async def leaves_meanwhile(self, failure: Failure | None) -> bool:
        """Wait as long as the failure keeps the client waiting; True if it has left."""
        waits = failure is not None and failure.kind in (FailureKind.TIMEOUT, FailureKind.SLOW_FIRST_BYTE)
        return failure is not None and waits and await self.leaves_within(failure.argument)

    async def send_spoiled(self, answer: Answer, failure: Failure | None) -> None:
        """Send an answer as far as the failure lets it."""
        kind = None if failure is None else failure.kind
        argument = 0 if failure is None else failure.argument
        body, headers = answer.body, [*answer.headers, self.request_id]
        if kind is FailureKind.GARBAGE:
            body, headers = _GARBAGE, [JSON, self.request_id]
        elif kind is FailureKind.EMPTY:
            body = b""
        elif kind is FailureKind.WRONG_CONTENT_TYPE:
            headers = [_HTML, *headers[1:]]
        elif kind is FailureKind.CUT:
            await self.cut(answer.status, headers, body, sent=len(body) * argument // 100)
            return
        await send_whole(self.send, answer.status, headers, body)

    async def cut(self, status: int, headers: list[Header], body: bytes, *, sent: int) -> None:
        """Send the beginning of an answer: a body that is shorter than announced closes the connection."""
        await send_start(self.send, status, [*headers, (b"content-length", b"%d" % len(body))])
        await send_part(self.send, body[:sent])


def json_answer(data: object, *, status: int = 200, headers: list[Header] | None = None) -> Answer:
    return Answer(status, [JSON, *(headers or [])], orjson.dumps(data))
