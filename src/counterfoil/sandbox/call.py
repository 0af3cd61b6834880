"""One call on its way through the sandbox: how it is answered, how it fails, and what is billed for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import orjson

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.sandbox.asgi import Header, Receive, Send, send_error, send_part, send_start, send_whole
from counterfoil.sandbox.asked import count_usage
from counterfoil.sandbox.bill import Bill
from counterfoil.sandbox.departure import Departure, leaves_within
from counterfoil.sandbox.errors import status_failure
from counterfoil.sandbox.model import (
    Asked,
    BilledCall,
    Endpoint,
    Failure,
    FailureKind,
    Reply,
    Stream,
    TokenUsage,
    UpstreamKey,
)
from counterfoil.sandbox.out_of_money import out_of_money

# A stream that is not paced is written in one go; more events than this would only cost time.
PIECES_MAX = 64
# A paced stream has an event for each token, up to this many.
PACED_PIECES_MAX = 10_000

_JSON = (b"content-type", b"application/json")
_EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
_HTML = (b"content-type", b"text/html; charset=utf-8")
_GARBAGE = b'{"id":"sandbox","object":"chat.compl'
_SERVED = "served"
_CLIENT_LEFT = "client_left"
_ERRORS = (FailureKind.STATUS, FailureKind.OUT_OF_MONEY)


class Route(NamedTuple):
    """What differs between the endpoints; an endpoint without streams has no `stream`."""

    endpoint: Endpoint
    id_prefix: bytes
    request_id_header: bytes
    encode: Callable[[Asked, Reply], bytes]
    stream: Callable[[Asked, Reply, int], Stream] | None


class Call:
    """One accepted call; `serve` answers it once."""

    __slots__ = (
        "_argument",
        "_asked",
        "_bill",
        "_caller_request_id",
        "_clock",
        "_failure",
        "_key",
        "_kind",
        "_receive",
        "_request_id_header",
        "_response_id",
        "_route",
        "_send",
        "_usage",
    )

    def __init__(
        self,
        *,
        route: Route,
        asked: Asked,
        key: UpstreamKey,
        failure: Failure | None,
        digits: bytes,
        caller_request_id: str,
        receive: Receive,
        send: Send,
        bill: Bill,
        clock: Clock,
    ) -> None:
        self._route = route
        self._asked = asked
        self._key = key
        self._failure = failure
        self._kind = None if failure is None else failure.kind
        self._argument = 0 if failure is None else failure.argument
        self._response_id = route.id_prefix + digits
        self._request_id_header: Header = (route.request_id_header, b"req_" + digits)
        self._caller_request_id = caller_request_id
        self._receive = receive
        self._send = send
        self._bill = bill
        self._clock = clock
        self._usage: TokenUsage | None = None

    async def serve(self) -> None:
        """Answer, fail or stay silent, as the call or a rule asks; and bill it."""
        if self._failure is not None:
            self._bill.count_failure(self._failure.name)
            if self._kind in _ERRORS:
                await self._refuse(self._failure)
                return
        asked = self._asked
        usage, text_tokens, capped = count_usage(asked, self._failure)
        self._usage = usage
        reply = Reply(
            response_id=self._response_id,
            created=self._clock.now() // MICROS_PER_SECOND,
            model=orjson.dumps(asked.model),
            usage=usage,
            text_tokens=text_tokens,
            capped=capped,
            usage_shown=self._kind is not FailureKind.NO_USAGE,
        )
        if self._kind is FailureKind.TIMEOUT:
            # The answer exists and is billed; whether anybody still waits for it is seen later.
            self._record(FailureKind.TIMEOUT.value)
            if await leaves_within(self._receive, self._argument):
                return
        elif asked.latency_ms and await leaves_within(self._receive, asked.latency_ms):
            self._record_departure(sent_tokens=0)
            return
        if asked.stream and self._route.stream is not None:
            paced = asked.token_interval_ms > 0
            stream = self._route.stream(asked, reply, PACED_PIECES_MAX if paced else PIECES_MAX)
            await self._send_stream(stream, asked.token_interval_ms)
        else:
            await self._send_plain(reply)

    async def _refuse(self, failure: Failure) -> None:
        endpoint = self._route.endpoint
        request_id = self._request_id_header[1]
        if failure.kind is FailureKind.STATUS:
            error = status_failure(failure.argument, endpoint, request_id)
        else:
            own = "anthropic" if endpoint is Endpoint.MESSAGES else "openai"
            error = out_of_money(failure.flavour or own, request_id)
        if failure.billed:
            self._usage, _, _ = count_usage(self._asked, failure)
            self._record(failure.name)
        await send_error(self._send, error, self._request_id_header)

    async def _send_plain(self, reply: Reply) -> None:
        kind = self._kind
        if kind is FailureKind.SLOW_FIRST_BYTE and await leaves_within(self._receive, self._argument):
            self._record_departure(sent_tokens=0)
            return
        body = self._route.encode(self._asked, reply)
        self._record_end()
        headers = [_JSON, self._request_id_header]
        if kind is FailureKind.GARBAGE:
            body = _GARBAGE
        elif kind is FailureKind.EMPTY:
            body = b""
        elif kind is FailureKind.WRONG_CONTENT_TYPE:
            headers[0] = _HTML
        elif kind is FailureKind.CUT:
            # A body that is shorter than announced closes the connection.
            await send_start(self._send, 200, [*headers, (b"content-length", b"%d" % len(body))])
            await send_part(self._send, body[: len(body) * self._argument // 100])
            return
        await send_whole(self._send, 200, headers, body)

    async def _send_stream(self, stream: Stream, interval_ms: int) -> None:
        kind = self._kind
        headers = [_HTML if kind is FailureKind.WRONG_CONTENT_TYPE else _EVENTS, self._request_id_header]
        await send_start(self._send, 200, headers)
        if kind is FailureKind.SLOW_FIRST_BYTE:
            # The status comes at once, as it does from a provider that then thinks.
            await send_part(self._send, b"")
            if await leaves_within(self._receive, self._argument):
                self._record_departure(sent_tokens=0)
                return
        opening, pieces, closing = self._broken(stream)
        if interval_ms:
            await send_part(self._send, opening)
            if not await self._send_paced(pieces, interval_ms):
                return
            rest = b""
        else:
            rest = opening + b"".join([events for _, events in pieces])
        self._record_end()
        if kind is FailureKind.CUT:
            # A chunked body that is left without its end closes the connection.
            await send_part(self._send, rest)
            return
        await self._send({"type": "http.response.body", "body": rest + closing, "more_body": False})

    def _broken(self, stream: Stream) -> Stream:
        """What is left of the stream by a failure that shortens it."""
        if self._kind is FailureKind.EMPTY:
            return Stream(b"", [], b"")
        if self._kind is FailureKind.GARBAGE:
            return Stream(stream.opening, [], b"data: " + _GARBAGE + b"\n\n")
        if self._kind is FailureKind.CUT:
            kept = len(stream.pieces) * self._argument // 100
            return Stream(stream.opening if self._argument else b"", stream.pieces[:kept], b"")
        return stream

    async def _send_paced(self, pieces: list[tuple[int, bytes]], interval_ms: int) -> bool:
        """Send the pieces at their pace; False if the client has gone, and then what it got is billed."""
        sent_tokens = 0
        with Departure(self._receive) as departure:
            for tokens, events in pieces:
                if await departure.within(tokens * interval_ms / 1000):
                    self._record_departure(sent_tokens=sent_tokens)
                    return False
                await send_part(self._send, events)
                sent_tokens += tokens
        return True

    def _record_end(self) -> None:
        """Bill the whole call; one that has timed out was billed when its answer was generated."""
        if self._kind is None or self._kind is FailureKind.SLOW_FIRST_BYTE:
            self._record(_SERVED)
        elif self._kind is not FailureKind.TIMEOUT:
            self._record(self._kind.value)

    def _record_departure(self, *, sent_tokens: int) -> None:
        """Bill a call whose client has left: a stream as far as it came, a plain answer whole."""
        if self._kind is not FailureKind.TIMEOUT:
            # The pieces of several choices go out together.
            output = sent_tokens * self._asked.choices if self._asked.stream else None
            self._record(_CLIENT_LEFT, output_tokens=output)

    def _record(self, status: str, *, output_tokens: int | None = None) -> None:
        usage = self._usage
        if usage is None or (self._failure is not None and not self._failure.billed):
            return
        output = usage.output_tokens if output_tokens is None else output_tokens
        self._bill.record(
            BilledCall(
                self._clock.now(),
                self._response_id,
                self._route.endpoint,
                self._asked.model,
                self._key.name,
                self._key.project,
                usage.input_tokens,
                usage.cached_tokens,
                usage.cache_write_5m_tokens,
                usage.cache_write_1h_tokens,
                output,
                min(usage.reasoning_tokens, output),
                self._asked.stream,
                status,
                self._caller_request_id,
            )
        )
