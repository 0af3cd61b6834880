"""Passing a stream on: events as they come, the charge before the events that end it.

An SSE comment with the charge precedes those. Where the upstream breaks off after something was delivered, that is charged
and an error event ends the stream; where nothing was, nothing is.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.foundation.money import format_nanos
from counterfoil.gateway.answers import AttemptFailed
from counterfoil.gateway.attempts import Attempts, Serving, Try
from counterfoil.gateway.counting import count_locally
from counterfoil.gateway.errors import Problem, stream_event
from counterfoil.gateway.events import EventSplitter
from counterfoil.gateway.model import ERROR_BYTES_MAX, GatewaySettings, Headers, ParsedCall
from counterfoil.gateway.settlement import Settlement
from counterfoil.gateway.streams import StreamReader, stream_reader
from counterfoil.gateway.upstream import open_upstream, read_some, upstream_headers
from counterfoil.observability import log
from counterfoil.pricing.model import PriceMissing, Usage
from counterfoil.spend.model import AttemptOutcome, Charge, Delivery, Failure
from counterfoil.spend.upstream_errors import Meaning, UpstreamError, read_error

_STREAM_HEADERS: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # Proxies such as nginx would collect the events otherwise.
    (b"x-accel-buffering", b"no"),
]


@dataclass(slots=True, kw_only=True)
class OpenStream:
    """A stream that has begun to answer; `first` is what it has said so far, ready to be passed on."""

    response: aiohttp.ClientResponse
    splitter: EventSplitter
    reader: StreamReader
    first: bytes
    first_byte_at: int


class StreamRelay:
    def __init__(
        self,
        *,
        attempts: Attempts,
        clock: Clock,
        settings: GatewaySettings,
        settlement: Settlement,
        session: aiohttp.ClientSession,
    ) -> None:
        self._attempts = attempts
        self._clock = clock
        self._settings = settings
        self._settlement = settlement
        self._session = session

    async def open(self, current: Try[ParsedCall]) -> OpenStream:
        """Ask one upstream until its first event is there; raises `AttemptFailed`."""
        serving, route = current.serving, current.route
        response = await open_upstream(
            self._session, route, serving.call, output_cap=serving.admission.output_cap,
            headers=upstream_headers(route, serving.exchange.headers, serving.exchange.shown_id),
        )  # fmt: skip
        try:
            if response.content_type == "application/json":
                # No stream at all: an error that calls itself a 200.
                body = await response.content.read(ERROR_BYTES_MAX)
                error = read_error(500, body, upstream_model=route.upstream_model)
                raise AttemptFailed(error if error.words else UpstreamError(meaning=Meaning.UNREADABLE, status=200))
            splitter, reader = EventSplitter(), stream_reader(serving.call, upstream_model=route.upstream_model)
            first = b""
            while not first and not reader.ended:
                chunk = await read_some(response)
                first = reader.take(splitter.feed(chunk) if chunk else splitter.finish())
                if reader.error is not None:
                    raise AttemptFailed(reader.error)
                if not chunk and not reader.finished:
                    # It has ended before it has begun.
                    raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=200))
                if not chunk:
                    break
        except BaseException:
            response.close()
            raise
        return OpenStream(
            response=response, splitter=splitter, reader=reader, first=first, first_byte_at=self._clock.now()
        )

    async def pass_on(
        self, serving: Serving[ParsedCall], current: Try[ParsedCall], opened: OpenStream, headers: Headers
    ) -> str:
        """Pass the stream on to its end; gives `ok` or our code."""
        reader = opened.reader
        broken: UpstreamError | None = None
        try:
            await serving.exchange.start_stream([*_STREAM_HEADERS, *headers])
            broken = await self._pump(serving, current, opened)
        except BaseException:
            # This task was cancelled: what has been passed on is charged.
            opened.response.close()
            self._note(serving, current, opened, None)
            self._settlement.capture_later(
                serving.admission, self._delivery(serving, opened, self._counted(serving, reader))
            )
            raise
        if broken is not None or (self._attempts.stopped(serving) and not reader.finished):
            opened.response.close()
        usage = reader.usage() if reader.finished else None
        self._note(serving, current, opened, broken, usage)
        try:
            return await self._end(serving, opened, broken, usage)
        finally:
            # By now the end of the body has arrived too, and the connection can be used again.
            opened.response.release()

    async def _end(
        self, serving: Serving[ParsedCall], opened: OpenStream, broken: UpstreamError | None, usage: Usage | None
    ) -> str:
        reader = opened.reader
        if not reader.text_bytes and reader.failed:
            return await self._end_failed(serving, reader)
        if not reader.text_bytes and broken is not None and not reader.finished:
            return await self._end_empty(serving, broken)
        if usage is None:
            usage = self._counted(serving, reader)
        return await self._end_charged(serving, opened, usage, None if reader.finished else broken)

    async def _pump(
        self, serving: Serving[ParsedCall], current: Try[ParsedCall], opened: OpenStream
    ) -> UpstreamError | None:
        """Pass events on until the stream has ended, or gives what has broken it. A client that has gone is drained."""
        loop = asyncio.get_running_loop()
        exchange, departure, reader = serving.exchange, serving.departure, opened.reader
        idle_seconds = current.route.timeout_seconds
        response, splitter = opened.response, opened.splitter
        output, at_end = opened.first, False
        with self._attempts.interruptible(serving, min(serving.deadline, loop.time() + idle_seconds)) as scope:
            try:
                async with scope:
                    while True:
                        if departure.gone:
                            if self._attempts.stopped(serving):
                                return None
                        elif output:
                            await exchange.send_part(output)
                        if reader.ended or reader.error is not None:
                            return reader.error
                        if at_end:
                            return None if reader.finished else UpstreamError(meaning=Meaning.CUT, status=200)
                        chunk = await read_some(response)
                        at_end = not chunk
                        output = reader.take(splitter.feed(chunk) if chunk else splitter.finish())
                        scope.reschedule(min(serving.deadline, loop.time() + idle_seconds))
            except AttemptFailed as failed:
                return failed.error
            except TimeoutError:
                if self._attempts.stopped(serving):
                    return None
                return UpstreamError(meaning=Meaning.TIMED_OUT, status=200)

    def _note(
        self,
        serving: Serving[ParsedCall],
        current: Try[ParsedCall],
        opened: OpenStream,
        broken: UpstreamError | None,
        usage: Usage | None = None,
    ) -> None:
        outcome = AttemptOutcome.SUCCEEDED
        if broken is not None and not opened.reader.finished:
            outcome = broken.consequence.outcome
        elif not opened.reader.finished:
            # We have stopped reading: what it has cost, the upstream's bill will tell.
            outcome = AttemptOutcome.UNKNOWN
        self._attempts.note(current, outcome, status_code=200, response_id=opened.reader.response_id, usage=usage)

    def _counted(self, serving: Serving[ParsedCall], reader: StreamReader) -> Usage:
        admission = serving.admission
        return count_locally(
            serving.call, admission.price, text_bytes=reader.text_bytes, output_cap=admission.output_cap,
            known=reader.partial_usage(),
        )  # fmt: skip

    def _delivery(self, serving: Serving[ParsedCall], opened: OpenStream, usage: Usage) -> Delivery:
        return Delivery(
            usage=usage, status_code=200, first_byte_at=opened.first_byte_at, ended_at=self._clock.now(),
            attempts=tuple(serving.attempts), client_gone=serving.departure.gone,
        )  # fmt: skip

    async def _end_charged(
        self, serving: Serving[ParsedCall], opened: OpenStream, usage: Usage, broken: UpstreamError | None
    ) -> str:
        """Charge what was delivered, then send what ends the stream."""
        exchange, admission = serving.exchange, serving.admission
        delivery = self._delivery(serving, opened, usage)
        try:
            charge = await self._settlement.capture(admission, delivery)
        except CounterfoilError as error:
            return await self._not_charged(serving, delivery, error)
        code = broken.consequence.code if broken is not None else "ok"
        if not serving.departure.gone:
            ending = self._error_event(serving, code, "charged" if charge.charged else "not_charged")
            if broken is None:
                ending = opened.reader.closing()
            await exchange.end_stream(charge_comment(charge, exchange.shown_id) + ending)
        return code

    async def _not_charged(self, serving: Serving[ParsedCall], delivery: Delivery, error: CounterfoilError) -> str:
        """The answer is out and cannot be charged now: it is tried on, and the stream says that it is not settled."""
        code = "price_missing" if isinstance(error, PriceMissing) else "internal_error"
        log.error("capture_failed", request=serving.exchange.shown_id, code=error.code, model=serving.call.model)
        if isinstance(error, Unavailable) and not isinstance(error, PriceMissing):
            code = "unavailable"
            self._settlement.capture_later(serving.admission, delivery)
        else:
            await self._settlement.void(serving.admission, self._failure(serving, code))
        if not serving.departure.gone:
            mark = "held" if code == "unavailable" else "not_charged"
            await serving.exchange.end_stream(self._error_event(serving, code, mark))
        return code

    async def _end_failed(self, serving: Serving[ParsedCall], reader: StreamReader) -> str:
        """The upstream's own "failed", with nothing delivered: the client knows how to read it, and pays nothing."""
        await self._settlement.void(serving.admission, self._failure(serving, "upstream_error"))
        if not serving.departure.gone:
            await serving.exchange.end_stream(reader.closing())
        return "upstream_error"

    async def _end_empty(self, serving: Serving[ParsedCall], broken: UpstreamError) -> str:
        """The upstream broke off before it had written anything: nothing is charged."""
        code = broken.consequence.code
        released = await self._settlement.void(serving.admission, self._failure(serving, code))
        if not serving.departure.gone:
            await serving.exchange.end_stream(self._error_event(serving, code, "not_charged" if released else "held"))
        return code

    def _failure(self, serving: Serving[ParsedCall], code: str) -> Failure:
        return Failure(
            code=code, status_code=200, ended_at=self._clock.now(), attempts=tuple(serving.attempts),
            error_text=serving.error_text,
        )  # fmt: skip

    def _error_event(self, serving: Serving[ParsedCall], code: str, charge_mark: str) -> bytes:
        if code == "ok":
            return b""
        exchange = serving.exchange
        problem = Problem(
            code=code, request_id=exchange.shown_id, recorded=True, model=serving.call.model, charge_mark=charge_mark
        )
        return stream_event(
            problem, dialect=exchange.dialect, language=exchange.language, public_url=self._settings.public_url
        )


def charge_comment(charge: Charge, shown_id: str) -> bytes:
    """A line that clients pass over and people read."""
    estimated = " estimated=true" if charge.estimated else ""
    return f": counterfoil charge={format_nanos(charge.charged)} currency={charge.currency}{estimated} request={shown_id}\n\n".encode()
