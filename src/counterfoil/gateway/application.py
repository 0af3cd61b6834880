"""The gateway's ASGI application: the addresses that customers' keys call.

    POST /v1/chat/completions, /v1/responses, /v1/embeddings     as OpenAI
    POST /v1/messages                                            as Anthropic
    POST /v1/images/generations, /v1/images/edits                pictures, as OpenAI
    POST /v1/audio/speech, /v1/audio/transcriptions              sounds, as OpenAI
    POST /v1/videos, /v1/videos/{id}/remix                       videos, as OpenAI; `task_addresses` asks about them
    POST /v1/estimate                                            what a call may cost at most; nothing is held
    GET  /v1/models, /v1/models/{id}                             either, by the `anthropic-version` header
    GET  /v1/dashboard/billing/subscription, …/usage             OpenAI's old dashboard
    GET  /api/v1/credits, /api/v1/key, /api/v1/generation        OpenRouter's
    POST /callbacks/upstreams/{name}                             signed notices of upstreams
    GET, POST /callbacks/{provider}                              signed notices of payment providers

Plain ASGI: every call passes here twice, and a framework would cost more than everything else that is done for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, CounterfoilError, NotFound, Overloaded, Unavailable
from counterfoil.foundation.vocabulary import Language, pick_language
from counterfoil.gateway.arrivals import arrival_of, read_call
from counterfoil.gateway.callbacks import Callbacks
from counterfoil.gateway.callers import client_address, presented_token
from counterfoil.gateway.errors import ANSWERS, Problem, render
from counterfoil.gateway.exchange import ClientGone, Exchange, Receive, Scope, Send
from counterfoil.gateway.media_calls import TASK_ENDPOINTS, MediaCalls, media_endpoint
from counterfoil.gateway.media_relay import MediaRelay
from counterfoil.gateway.model import GatewaySettings, ParsedCall
from counterfoil.gateway.payment_notices import METHODS as NOTICE_METHODS
from counterfoil.gateway.payment_notices import PaymentNotices
from counterfoil.gateway.questions import Question, Questions
from counterfoil.gateway.refusals import refused, undecided
from counterfoil.gateway.relay import Relay
from counterfoil.gateway.settlement import Settlement
from counterfoil.gateway.task_addresses import TaskAddresses
from counterfoil.gateway.upstream import open_session
from counterfoil.observability import REFUSALS, REQUESTS, log
from counterfoil.recharge.notices import Notices
from counterfoil.spend.model import Admission, Caller, Dialect, Endpoint, RefusedCall
from counterfoil.spend.service import Spend
from counterfoil.spend.upstreams import Routes
from counterfoil.tasks.service import Tasks

CALLS: Mapping[str, Endpoint] = {
    "/v1/chat/completions": Endpoint.CHAT_COMPLETIONS,
    "/v1/responses": Endpoint.RESPONSES,
    "/v1/embeddings": Endpoint.EMBEDDINGS,
    "/v1/messages": Endpoint.MESSAGES,
}
# How long a process that ends waits for the calls that it is serving; their holds outlive it in any case.
_FINISH_SECONDS_MAX = 20.0
# Frames of our own code that a log line names when something is broken.
_FRAMES_MAX = 8


@asynccontextmanager
async def open_gateway(
    *, spend: Spend, tasks: Tasks, notices: Notices, routes: Routes, clock: Clock, settings: GatewaySettings
) -> AsyncIterator[Gateway]:
    """The gateway with its connections to upstreams; waits at its end for calls that are still being settled."""
    settlement = Settlement(spend, clock)
    async with open_session() as session, open_session(keeps_connections=False) as media_session:
        gateway = Gateway(
            spend=spend, tasks=tasks, notices=notices, routes=routes, clock=clock, settings=settings,
            settlement=settlement, session=session, media_session=media_session,
        )  # fmt: skip
        try:
            yield gateway
        finally:
            await gateway.finish(_FINISH_SECONDS_MAX)
            await settlement.close()


class Gateway:
    """Everything under `/v1/` and `/api/v1/`."""

    def __init__(
        self,
        *,
        spend: Spend,
        tasks: Tasks,
        notices: Notices,
        routes: Routes,
        clock: Clock,
        settings: GatewaySettings,
        settlement: Settlement,
        session: aiohttp.ClientSession,
        media_session: aiohttp.ClientSession,
    ) -> None:
        self._spend = spend
        self._clock = clock
        self._settings = settings
        self._routes = routes
        self._relay = Relay(
            routes=routes, clock=clock, settings=settings, settlement=settlement, session=session, refuse=self.refuse
        )
        self._media = MediaCalls(
            spend=spend, tasks=tasks, routes=routes, clock=clock, settings=settings,
            relay=MediaRelay(
                routes=routes, clock=clock, settings=settings, settlement=settlement, session=media_session,
                refuse=self.refuse,
            ),
        )  # fmt: skip
        self._questions = Questions(spend=spend, routes=routes, clock=clock, settings=settings, refuse=self.refuse)
        self._tasks = TaskAddresses(
            tasks=tasks, clock=clock, settings=settings, refuse=self.refuse, may_ask=self._questions.may_ask
        )
        self._callbacks = Callbacks(tasks=tasks, settings=settings, refuse=self.refuse)
        self._notices = PaymentNotices(notices=notices, settings=settings, refuse=self.refuse)
        self._counters: dict[str, Callable[[], None]] = {}
        self._serving = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def finish(self, seconds_max: float) -> None:
        """Wait until no call is being served, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                await self._idle.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # No WebSockets here; a server that asks is told so by closing.
            await send({"type": "websocket.close", "code": 1008})
            return
        endpoint = endpoint_of(scope["path"])
        exchange = self._exchange(scope, receive, send, endpoint)
        try:
            if endpoint is not None and exchange.method == "POST":
                await self._call(exchange, endpoint)
            elif endpoint is None and exchange.method == "POST" and self._callbacks.is_one(exchange.path):
                exchange.language = self._language_of(exchange)
                await self._callbacks.accept(exchange)
            elif endpoint is None and exchange.method in NOTICE_METHODS and self._notices.is_one(exchange.path):
                exchange.language = self._language_of(exchange)
                await self._notices.accept(exchange)
            else:
                await self._other(exchange, endpoint)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer without it
            await self._broken(exchange, error)

    def _exchange(self, scope: Scope, receive: Receive, send: Send, endpoint: Endpoint | None) -> Exchange:
        clock = self._clock
        dialect = Dialect.OPENAI if endpoint is None else endpoint.dialect
        exchange = Exchange(scope, receive, send, request_id=clock.new_id(), received_at=clock.now(), dialect=dialect)
        if endpoint is None and b"anthropic-version" in exchange.headers:
            exchange.dialect = Dialect.ANTHROPIC
        return exchange

    # -- calls -------------------------------------------------------------------------------------------------

    async def _call(self, exchange: Exchange, endpoint: Endpoint) -> None:
        began = asyncio.get_running_loop().time()
        caller = await self._identify(exchange)
        if caller is None:
            return
        if endpoint in TASK_ENDPOINTS:
            served = await self._serve_task(exchange, endpoint, caller, began=began)
        else:
            served = await self._serve_call(exchange, endpoint, caller, began=began)
        if isinstance(served, Problem):
            await self._refuse_and_count(exchange, served)
        else:
            self._count(served)

    async def _serve_call(
        self, exchange: Exchange, endpoint: Endpoint, caller: Caller, *, began: float
    ) -> Problem | str:
        parsed = await read_call(exchange, endpoint, settings=self._settings, routes=self._routes)
        arrival = arrival_of(exchange, endpoint, parsed, caller=caller, fingerprints=self._spend.fingerprints)
        try:
            outcome = await self._spend.authorize(caller, arrival)
        except (Overloaded, Unavailable) as error:
            return undecided(exchange, error, arrival.model)
        if isinstance(outcome, RefusedCall):
            return refused(exchange, outcome, parsed)
        assert isinstance(outcome, Admission)
        assert isinstance(parsed, ParsedCall)
        self._begin_one()
        try:
            return await self._relay.serve(exchange, parsed, outcome, began=began)
        finally:
            self._end_one()

    async def _serve_task(
        self, exchange: Exchange, endpoint: Endpoint, caller: Caller, *, began: float
    ) -> Problem | str:
        self._begin_one()
        try:
            return await self._media.serve(exchange, endpoint, caller, began=began)
        except (NotFound, Conflict, Unavailable) as error:
            return _problem_of(error, exchange)
        finally:
            self._end_one()

    def _begin_one(self) -> None:
        """One more call that `finish` waits for."""
        if not self._serving:
            self._idle.clear()
        self._serving += 1

    def _end_one(self) -> None:
        self._serving -= 1
        if not self._serving:
            self._idle.set()

    async def _identify(self, exchange: Exchange) -> Caller | None:
        """Who calls; None where nobody may, and then that has been answered."""
        exchange.client_address = self._address_of(exchange)
        exchange.language = self._language_of(exchange)
        token = presented_token(exchange.headers, exchange.dialect)
        try:
            # A missing token counts like a wrong one.
            caller = await self._spend.identify(token or "", exchange.client_address)
        except Unavailable:
            await self._refuse_and_count(exchange, Problem(code="unavailable", request_id=exchange.shown_id))
            return None
        if caller is None:
            await self._refuse_and_count(exchange, Problem(code="key_invalid", request_id=exchange.shown_id))
        return caller

    # -- everything else ---------------------------------------------------------------------------------------

    async def _other(self, exchange: Exchange, endpoint: Endpoint | None) -> None:
        exchange.language = self._language_of(exchange)
        path, method = exchange.path, exchange.method
        found = self._questions.find(path) or self._tasks.find(path) or {}
        allowed = (*found, "POST") if endpoint is not None else tuple(found)
        answer = found.get(method)
        if not allowed:
            await self.refuse(exchange, Problem(code="not_found", request_id=exchange.shown_id))
        elif answer is None:
            allow = ", ".join((*allowed, "OPTIONS")).encode()
            if method == "OPTIONS":
                await exchange.answer(204, [(b"allow", allow)], b"")
                return
            problem = Problem(code="method_not_allowed", request_id=exchange.shown_id, headers=[(b"allow", allow)])
            await self.refuse(exchange, problem)
        else:
            caller = await self._identify(exchange)
            if caller is not None:
                await self._answer_question(exchange, caller, answer)

    async def _answer_question(self, exchange: Exchange, caller: Caller, answer: Question) -> None:
        try:
            await answer(exchange, caller)
        except (NotFound, Conflict, Unavailable) as error:
            await self.refuse(exchange, _problem_of(error, exchange))

    # -- answers -----------------------------------------------------------------------------------------------

    async def refuse(self, exchange: Exchange, problem: Problem) -> None:
        """Answer with an error."""
        rendered = render(
            problem, dialect=exchange.dialect, language=exchange.language, public_url=self._settings.public_url
        )
        await exchange.answer(rendered.status, rendered.headers, rendered.body)

    async def _refuse_and_count(self, exchange: Exchange, problem: Problem) -> None:
        REFUSALS.labels(code=problem.code).inc()
        self._count(problem.code)
        await self.refuse(exchange, problem)

    async def _broken(self, exchange: Exchange, error: Exception) -> None:
        """A defect of ours. Its message may hold anything, so only its place is logged."""
        log.error(
            "gateway_broken", request=exchange.shown_id, endpoint=endpoint_of(exchange.path),
            error=type(error).__name__, code=error.code if isinstance(error, CounterfoilError) else None,
            at=_places(error),
        )  # fmt: skip
        self._count("internal_error")
        if not exchange.started:
            await self.refuse(exchange, Problem(code="internal_error", request_id=exchange.shown_id))

    def _count(self, code: str) -> None:
        counter = self._counters.get(code)
        if counter is None:
            counter = self._counters[code] = REQUESTS.labels(code=code).inc
        counter()

    def _address_of(self, exchange: Exchange) -> str:
        client = exchange.scope.get("client")
        forwarded = (
            [value for name, value in exchange.scope["headers"] if name == b"x-forwarded-for"]
            if self._settings.trusted_proxies
            else ()
        )
        return client_address(client[0] if client else "", forwarded, self._settings.trusted_proxies)

    def _language_of(self, exchange: Exchange) -> Language:
        given = exchange.headers.get(b"accept-language")
        if given is None:
            return self._settings.default_language
        return pick_language(given.decode("latin-1"), self._settings.default_language)


def endpoint_of(path: str) -> Endpoint | None:
    """The call that an address is for; None where it is for none."""
    return CALLS.get(path) or media_endpoint(path)


def _problem_of(error: NotFound | Conflict | Unavailable, exchange: Exchange) -> Problem:
    code = error.code
    if code not in ANSWERS:
        code = "unavailable" if isinstance(error, Unavailable) else "not_found"
    return Problem(code=code, request_id=exchange.shown_id)


def _places(error: BaseException) -> list[str]:
    """Where it happened: file, line and function, never values or messages."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_MAX:]
    return [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
