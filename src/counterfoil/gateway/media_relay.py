"""Serving pictures, speech and transcriptions: tasks that are answered in the call that asks for them.

Their row is opened with the hold and ended with the charge, each in one transaction with it. No second upstream is asked
unless the first has the task for certain not: a picture is made, and billed, whether or not somebody waits for it. So a
client that has gone changes nothing either; what was made is charged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import aiohttp

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.gateway.attempts import Attempts, ClientLeft, Serving, Try
from counterfoil.gateway.errors import ANSWERS, Problem, upstream_problem
from counterfoil.gateway.exchange import Exchange
from counterfoil.gateway.media_answers import MediaAnswer, read_media_answer
from counterfoil.gateway.media_model import MediaCall
from counterfoil.gateway.model import GatewaySettings
from counterfoil.gateway.relay import CLIENT_GONE_STATUS, charge_headers
from counterfoil.gateway.settlement import Settlement
from counterfoil.gateway.upstream import read_whole, send_upstream, upstream_headers
from counterfoil.observability import log
from counterfoil.pricing.model import PriceMissing
from counterfoil.spend.guard import Along
from counterfoil.spend.model import Admission, AttemptOutcome, Delivery, Failure
from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.spend.upstreams import Routes
from counterfoil.tasks.exchange import says_no
from counterfoil.tasks.model import TaskState, Verdict
from counterfoil.tasks.opening import ending

Refuse = Callable[[Exchange, Problem], Awaitable[None]]
# What we call the state of a task that was answered at once; its upstream has no word for it.
_DELIVERED = "delivered"


class MediaRelay:
    """Serves direct tasks that have been admitted."""

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
        self._attempts = Attempts(routes, clock, drain=True, fails_over=_may_ask_another)

    async def serve(self, exchange: Exchange, call: MediaCall, admission: Admission, *, began: float) -> str:
        """Serve the call to its end; `began` is when it arrived, in the loop's time. Gives `ok` or our code."""
        departure = exchange.watch()
        serving = Serving(
            call=call, admission=admission, exchange=exchange, departure=departure,
            deadline=began + self._settings.call_deadline_seconds,
        )  # fmt: skip
        try:
            return await self._serve(serving)
        finally:
            departure.close()

    async def _serve(self, serving: Serving[MediaCall]) -> str:
        try:
            found = await self._attempts.first_answer(serving, self._ask)
        except ClientLeft:
            return await self._client_left(serving)
        except BaseException as error:
            self._void_later(serving, error)
            raise
        if found is None:
            failure = serving.error or UpstreamError(meaning=Meaning.NOT_CONNECTED)
            problem = upstream_problem(
                failure, request_id=serving.exchange.shown_id, model=serving.call.model, words=serving.words_shown
            )
            return await self._end_without_charge(serving, problem)
        answer, current = found
        return await self._deliver(serving, current, answer)

    async def _ask(self, current: Try[MediaCall]) -> MediaAnswer:
        serving, route, call = current.serving, current.route, current.serving.call
        content_type, body = call.encode(route.upstream_model)
        shown_task = show_id("task", serving.admission.request_id)
        headers = upstream_headers(route, serving.exchange.headers, serving.exchange.shown_id)
        headers |= {"Content-Type": content_type, "X-Client-Request-Id": shown_task, "Idempotency-Key": shown_task}
        response = await send_upstream(self._session, route, call.endpoint, body=body, headers=headers)
        try:
            raw = await read_whole(response)
        except BaseException:
            response.close()
            raise
        answer = read_media_answer(
            call, raw, content_type=response.headers.get("Content-Type", ""), rates=serving.admission.price.rates,
            upstream_model=route.upstream_model,
        )  # fmt: skip
        if answer.response_id is not None:
            return answer
        # Pictures and sounds have no id of their own: what the upstream calls the request is what its bill names.
        return replace(answer, response_id=response.headers.get("x-request-id"))

    async def _deliver(self, serving: Serving[MediaCall], current: Try[MediaCall], answer: MediaAnswer) -> str:
        """Charge the answer, then give it."""
        admission, exchange = serving.admission, serving.exchange
        self._attempts.note(
            current, AttemptOutcome.SUCCEEDED, status_code=200, response_id=answer.response_id, usage=answer.usage
        )
        now = self._clock.now()
        delivery = Delivery(
            usage=answer.usage, status_code=200, first_byte_at=now, ended_at=now, attempts=tuple(serving.attempts),
            client_gone=serving.departure.gone,
        )  # fmt: skip
        verdict = Verdict(
            state=TaskState.SUCCEEDED, raw_state=_DELIVERED, upstream_task_id=answer.response_id,
            delivered=answer.delivered,
        )  # fmt: skip
        try:
            charge = await self._settlement.capture(admission, delivery, along=_ending(serving, verdict, at=now))
        except CounterfoilError as error:
            return await self._not_charged(serving, error)
        headers = [
            (b"content-type", answer.content_type.encode()), *charge_headers(admission, charge),
            task_header(admission),
        ]  # fmt: skip
        if not serving.departure.gone:
            await exchange.answer(200, headers, answer.body)
        return "ok"

    async def _not_charged(self, serving: Serving[MediaCall], error: CounterfoilError) -> str:
        """The answer is there and cannot be charged: it is not given, and the hold is released."""
        if isinstance(error, PriceMissing):
            code = "price_missing"
        else:
            code = "unavailable" if isinstance(error, Unavailable) else "internal_error"
        log.error("capture_failed", request=serving.exchange.shown_id, code=error.code, model=serving.call.model)
        problem = Problem(code=code, request_id=serving.exchange.shown_id, recorded=True, model=serving.call.model)
        return await self._end_without_charge(serving, problem)

    # -- without a charge --------------------------------------------------------------------------------------

    async def _end_without_charge(self, serving: Serving[MediaCall], problem: Problem) -> str:
        failure = self._failure(serving, problem.code, problem.status or ANSWERS[problem.code].status)
        released = await self._settlement.void(serving.admission, failure, along=_failing(serving, failure))
        problem = replace(problem, headers=[*problem.headers, task_header(serving.admission)])
        await self._refuse(serving.exchange, replace(problem, charge_mark="not_charged" if released else "held"))
        return problem.code

    async def _client_left(self, serving: Serving[MediaCall]) -> str:
        """The client has gone, and no upstream has the task: nothing need be made."""
        failure = self._failure(serving, "client_gone", CLIENT_GONE_STATUS)
        verdict = Verdict(state=TaskState.CANCELLED, raw_state=failure.code, failure_code=failure.code)
        along = _ending(serving, verdict, at=failure.ended_at)
        await self._settlement.void(serving.admission, failure, along=along)
        return failure.code

    def _void_later(self, serving: Serving[MediaCall], error: BaseException) -> None:
        """This task was cancelled, or there is a defect, and nothing has been delivered."""
        code = "unavailable" if isinstance(error, asyncio.CancelledError) else "internal_error"
        failure = self._failure(serving, code, ANSWERS[code].status)
        self._settlement.void_later(serving.admission, failure, along=_failing(serving, failure))

    def _failure(self, serving: Serving[MediaCall], code: str, status: int) -> Failure:
        return Failure(
            code=code, status_code=status, ended_at=self._clock.now(), attempts=tuple(serving.attempts),
            error_text=serving.error_text,
        )  # fmt: skip


def _may_ask_another(error: UpstreamError) -> bool:
    """Whether the last upstream has not made it for certain, and another may."""
    return error.consequence.fails_over and (error.meaning is Meaning.NOT_CONNECTED or says_no(error))


def task_header(admission: Admission) -> tuple[bytes, bytes]:
    """The task by which the call can be looked up."""
    return b"x-counterfoil-task", show_id("task", admission.request_id).encode()


def _failing(serving: Serving[MediaCall], failure: Failure) -> tuple[Along, ...]:
    error = serving.error
    raw_state = failure.code if error is None else error.code or str(error.meaning)
    verdict = Verdict(
        state=TaskState.FAILED, raw_state=raw_state, failure_code=failure.code, failure_reason=failure.error_text
    )
    return _ending(serving, verdict, at=failure.ended_at)


def _ending(serving: Serving[MediaCall], verdict: Verdict, *, at: int) -> tuple[Along, ...]:
    """The task's end, with the upstream that was asked last."""
    admission = serving.admission
    last = serving.attempts[-1] if serving.attempts else None
    return ending(
        admission.caller.account_id, admission.request_id, verdict, at=at,
        upstream=last.upstream if last is not None else None,
        upstream_model=last.upstream_model if last is not None else None,
    )  # fmt: skip
