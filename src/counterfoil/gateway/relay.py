"""Serving an admitted call: ask an upstream, charge, answer; or release the hold and say why.

The charge commits before the client has the whole answer, and an answer that cannot be charged is not given. Whatever
happens to the client or to this task, the hold is captured or voided; only a killed process leaves it to its expiry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiohttp

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.foundation.money import format_nanos
from counterfoil.gateway.answers import PlainAnswer, read_answer
from counterfoil.gateway.attempts import Attempts, ClientLeft, Serving, Try
from counterfoil.gateway.counting import count_locally
from counterfoil.gateway.errors import ANSWERS, Problem, upstream_problem
from counterfoil.gateway.exchange import Exchange
from counterfoil.gateway.model import GatewaySettings, Headers, ParsedCall
from counterfoil.gateway.settlement import Settlement
from counterfoil.gateway.stream_relay import StreamRelay
from counterfoil.gateway.upstream import open_upstream, read_whole, upstream_headers
from counterfoil.observability import log
from counterfoil.pricing.model import PriceMissing
from counterfoil.spend.model import Admission, AttemptOutcome, Charge, Delivery, Failure
from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.spend.upstreams import Routes

# What nginx calls a request whose client has closed it; nobody receives it.
CLIENT_GONE_STATUS = 499

Refuse = Callable[[Exchange, Problem], Awaitable[None]]


class Relay:
    """Serves calls that have been admitted."""

    def __init__(
        self,
        *,
        routes: Routes,
        clock: Clock,
        settings: GatewaySettings,
        settlement: Settlement,
        session: aiohttp.ClientSession,
        refuse: Refuse,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._settlement = settlement
        self._session = session
        self._refuse = refuse
        self._attempts = Attempts(routes, clock, drain=settings.drain)
        self._streams = StreamRelay(
            attempts=self._attempts, clock=clock, settings=settings, settlement=settlement, session=session
        )

    async def serve(self, exchange: Exchange, call: ParsedCall, admission: Admission, *, began: float) -> str:
        """Serve the call to its end; `began` is when it arrived, in the loop's time. Gives `ok` or our code."""
        departure = exchange.watch()
        serving = Serving(
            call=call, admission=admission, exchange=exchange, departure=departure,
            deadline=began + self._settings.call_deadline_seconds,
        )  # fmt: skip
        try:
            return await (self._serve_stream(serving) if call.stream else self._serve_plain(serving))
        finally:
            departure.close()

    # -- plain -------------------------------------------------------------------------------------------------

    async def _serve_plain(self, serving: Serving[ParsedCall]) -> str:
        try:
            found = await self._attempts.first_answer(serving, self._ask_plain)
        except ClientLeft as left:
            return await self._client_left(serving, asked=left.asked)
        except BaseException as error:
            self._void_later(serving, error)
            raise
        if found is None:
            return await self._failed(serving)
        answer, current = found
        if answer.failed:
            return await self._relay_failure(serving, current, answer)
        return await self._deliver(serving, current, answer)

    async def _ask_plain(self, current: Try[ParsedCall]) -> PlainAnswer:
        serving, route = current.serving, current.route
        response = await open_upstream(
            self._session, route, serving.call, output_cap=serving.admission.output_cap,
            headers=upstream_headers(route, serving.exchange.headers, serving.exchange.shown_id),
        )  # fmt: skip
        try:
            raw = await read_whole(response)
        except BaseException:
            response.close()
            raise
        return read_answer(
            serving.call.endpoint, raw, public_model=serving.call.model, upstream_model=route.upstream_model
        )

    async def _deliver(self, serving: Serving[ParsedCall], current: Try[ParsedCall], answer: PlainAnswer) -> str:
        """Charge the answer, then give it."""
        admission, exchange = serving.admission, serving.exchange
        usage = answer.usage
        if usage is None:
            usage = count_locally(
                serving.call, admission.price, text_bytes=answer.text_bytes, output_cap=admission.output_cap
            )
        self._attempts.note(
            current, AttemptOutcome.SUCCEEDED, status_code=200, response_id=answer.response_id, usage=usage
        )
        now = self._clock.now()
        delivery = Delivery(
            usage=usage, status_code=200, first_byte_at=now, ended_at=now, attempts=tuple(serving.attempts),
            client_gone=serving.departure.gone,
        )  # fmt: skip
        try:
            charge = await self._settlement.capture(admission, delivery)
        except CounterfoilError as error:
            return await self._not_charged(serving, error)
        headers = [(b"content-type", b"application/json"), *charge_headers(admission, charge), *cap_headers(serving)]
        if not serving.departure.gone:
            await exchange.answer(200, headers, answer.body)
        return "ok"

    async def _not_charged(self, serving: Serving[ParsedCall], error: CounterfoilError) -> str:
        """The answer is there and cannot be charged: it is not given, and the hold is released."""
        if isinstance(error, PriceMissing):
            code = "price_missing"
        else:
            code = "unavailable" if isinstance(error, Unavailable) else "internal_error"
        log.error("capture_failed", request=serving.exchange.shown_id, code=error.code, model=serving.call.model)
        problem = Problem(code=code, request_id=serving.exchange.shown_id, recorded=True, model=serving.call.model)
        return await self._end_without_charge(serving, problem)

    async def _relay_failure(self, serving: Serving[ParsedCall], current: Try[ParsedCall], answer: PlainAnswer) -> str:
        """The upstream's own "failed", as it is: the client knows how to read it, and nothing is charged."""
        self._attempts.note(
            current, AttemptOutcome.REJECTED, status_code=200, response_id=answer.response_id, usage=answer.usage
        )
        await self._settlement.void(serving.admission, self._failure(serving, "upstream_error", 200))
        await serving.exchange.answer(
            200, [(b"content-type", b"application/json"), (b"x-counterfoil-charge", b"0.00")], answer.body
        )
        return "upstream_error"

    # -- streams -----------------------------------------------------------------------------------------------

    async def _serve_stream(self, serving: Serving[ParsedCall]) -> str:
        try:
            found = await self._attempts.first_answer(serving, self._streams.open)
        except ClientLeft as left:
            return await self._client_left(serving, asked=left.asked)
        except BaseException as error:
            self._void_later(serving, error)
            raise
        if found is None:
            return await self._failed(serving)
        opened, current = found
        return await self._streams.pass_on(serving, current, opened, cap_headers(serving))

    # -- without a charge --------------------------------------------------------------------------------------

    async def _failed(self, serving: Serving[ParsedCall]) -> str:
        """No upstream has answered: nothing is charged."""
        error = serving.error or UpstreamError(meaning=Meaning.NOT_CONNECTED)
        problem = upstream_problem(
            error, request_id=serving.exchange.shown_id, model=serving.call.model, words=serving.words_shown
        )
        return await self._end_without_charge(serving, problem)

    async def _end_without_charge(self, serving: Serving[ParsedCall], problem: Problem) -> str:
        failure = self._failure(serving, problem.code, problem.status or ANSWERS[problem.code].status)
        released = await self._settlement.void(serving.admission, failure)
        await self._refuse(serving.exchange, replace(problem, charge_mark="not_charged" if released else "held"))
        return problem.code

    async def _client_left(self, serving: Serving[ParsedCall], *, asked: bool) -> str:
        """The client has gone before anything came: work that an upstream had begun is charged as we count it."""
        now = self._clock.now()
        if not asked:
            await self._settlement.void(serving.admission, self._failure(serving, "client_gone", CLIENT_GONE_STATUS))
            return "client_gone"
        admission = serving.admission
        usage = count_locally(serving.call, admission.price, text_bytes=0, output_cap=admission.output_cap)
        delivery = Delivery(
            usage=usage, status_code=CLIENT_GONE_STATUS, first_byte_at=None, ended_at=now,
            attempts=tuple(serving.attempts), client_gone=True,
        )  # fmt: skip
        await self._settlement.capture_or_later(admission, delivery)
        return "client_gone"

    def _void_later(self, serving: Serving[ParsedCall], error: BaseException) -> None:
        """This task was cancelled, or there is a defect, and nothing has been delivered."""
        code = "unavailable" if isinstance(error, asyncio.CancelledError) else "internal_error"
        self._settlement.void_later(serving.admission, self._failure(serving, code, ANSWERS[code].status))

    def _failure(self, serving: Serving[ParsedCall], code: str, status: int) -> Failure:
        return Failure(
            code=code, status_code=status, ended_at=self._clock.now(), attempts=tuple(serving.attempts),
            error_text=serving.error_text,
        )  # fmt: skip


def charge_headers(admission: Admission, charge: Charge) -> Headers:
    """What the call has cost, and what is left where the key may see that."""
    amount = format_nanos(charge.charged)
    headers = [(b"x-counterfoil-charge", f"{amount} {charge.currency}".encode())]
    if admission.show_balance:
        left = admission.spendable + admission.hold.amount - charge.charged
        headers.append((b"x-counterfoil-balance", f"{format_nanos(max(0, left))} {charge.currency}".encode()))
    return headers


def cap_headers(serving: Serving[ParsedCall]) -> Headers:
    """The output cap, where it is not the one that was asked for."""
    call, cap = serving.call, serving.admission.output_cap
    if not call.shape.produces_output or call.asked_cap == cap:
        return []
    return [(b"x-counterfoil-output-cap", b"%d" % cap)]
