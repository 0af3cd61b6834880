"""Trying upstreams one after another until one answers: each try within its time, and each written down."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from counterfoil.foundation.clock import Clock
from counterfoil.gateway.answers import AttemptFailed
from counterfoil.gateway.exchange import Departure, Exchange
from counterfoil.gateway.model import ATTEMPTS_MAX
from counterfoil.observability import UPSTREAM_ATTEMPTS, log
from counterfoil.pricing.model import Usage
from counterfoil.redaction.rules import redact
from counterfoil.spend.echoes import without_echo
from counterfoil.spend.model import Admission, Attempt, AttemptOutcome, Endpoint
from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.spend.upstreams import Routes
from counterfoil.spend.upstreams_model import Route


class Served(Protocol):
    """What every call has that is passed on. `rest` is JSON of its content, for telling whose words an error's are."""

    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def model(self) -> str: ...
    @property
    def rest(self) -> bytes: ...


T = TypeVar("T")
C = TypeVar("C", bound=Served)
# A kept connection that the upstream closes just as it is used ends at once, and says nothing about the upstream.
_STALE_CONNECTION_SECONDS = 1.0


class ClientLeft(Exception):
    """The client has gone and nothing more is to be done; `asked` says that an upstream was at work when we stopped."""

    def __init__(self, *, asked: bool) -> None:
        super().__init__(asked)
        self.asked = asked


FailsOver = Callable[[UpstreamError], bool]


def _by_its_consequence(error: UpstreamError) -> bool:
    return error.consequence.fails_over


@dataclass(slots=True, kw_only=True)
class Serving(Generic[C]):
    """One admitted call on its way. `deadline` is a time of the running loop: attempts and drain end by then."""

    call: C
    admission: Admission
    exchange: Exchange
    departure: Departure
    deadline: float
    attempts: list[Attempt] = field(default_factory=list)
    # The last failure. `words_shown` are its own, redacted; `error_text`, which is kept, lacks the call's content too.
    error: UpstreamError | None = None
    words_shown: str | None = None
    error_text: str | None = None


@dataclass(slots=True, kw_only=True)
class Try(Generic[C]):
    """One attempt under way."""

    serving: Serving[C]
    route: Route
    started_at: int


class Attempts:
    """Failover among the routes of a model; `fails_over` tells after which errors the next one may be asked."""

    def __init__(self, routes: Routes, clock: Clock, *, drain: bool, fails_over: FailsOver | None = None) -> None:
        self._routes = routes
        self._clock = clock
        self._drain = drain
        self._fails_over = fails_over if fails_over is not None else _by_its_consequence

    async def first_answer(self, serving: Serving[C], ask: Callable[[Try[C]], Awaitable[T]]) -> tuple[T, Try[C]] | None:
        """What the first upstream answers that does; None where none did, and `serving.error` says why.

        Raises `ClientLeft`. A failed try has been written down; that of the answer is for the caller to write.
        """
        loop = asyncio.get_running_loop()
        call = serving.call
        routes = self._routes.plan(call.model, call.endpoint.dialect, draw=random.random())
        waiting = deque(routes)
        asked_again: set[Route] = set()
        while waiting and len(serving.attempts) < ATTEMPTS_MAX:
            if serving.departure.gone:
                # Nobody waits, and no upstream is at work: what has not begun need not cost anything.
                raise ClientLeft(asked=False)
            route = waiting.popleft()
            current = Try(serving=serving, route=route, started_at=self._clock.now())
            began = loop.time()
            try:
                return await self._within_time(current, ask), current
            except AttemptFailed as failed:
                error = failed.error
            self._note_failure(current, error)
            stale = error.meaning is Meaning.CUT and error.status is None and self._fails_over(error)
            if stale and route not in asked_again and loop.time() - began < _STALE_CONNECTION_SECONDS:
                asked_again.add(route)
                waiting.appendleft(route)
            if not self._fails_over(error) or loop.time() >= serving.deadline:
                return None
        if serving.error is None:
            serving.error = UpstreamError(meaning=Meaning.NOT_CONNECTED)
        return None

    async def _within_time(self, current: Try[C], ask: Callable[[Try[C]], Awaitable[T]]) -> T:
        serving = current.serving
        until = min(serving.deadline, asyncio.get_running_loop().time() + current.route.timeout_seconds)
        with self.interruptible(serving, until) as scope:
            try:
                async with scope:
                    return await ask(current)
            except TimeoutError:
                if self.stopped(serving):
                    self.note(current, AttemptOutcome.UNKNOWN)
                    raise ClientLeft(asked=True) from None
                raise AttemptFailed(UpstreamError(meaning=Meaning.TIMED_OUT)) from None

    def interruptible(self, serving: Serving[C], until: float) -> _Interruptible:
        """A timeout that the client's departure ends early, where that is the policy."""
        return _Interruptible(serving.departure, asyncio.timeout_at(until), interrupts=not self._drain)

    def stopped(self, serving: Serving[C]) -> bool:
        """Whether the work is to stop because the client has gone."""
        return not self._drain and serving.departure.gone

    def _note_failure(self, current: Try[C], error: UpstreamError) -> None:
        serving, route = current.serving, current.route
        consequence = error.consequence
        words = error.words.replace(route.upstream_model, serving.call.model) if error.words else ""
        serving.error = error
        serving.words_shown = redact(words) or None
        serving.error_text = redact(without_echo(words, serving.call.rest)) or None
        self.note(current, consequence.outcome, status_code=error.status, error_text=serving.error_text)
        if consequence.alerts:
            log.error(
                "upstream_needs_operator", upstream=route.name, model=route.upstream_model, meaning=str(error.meaning),
                status=error.status, code=redact(error.code) if error.code else None,
                request=serving.exchange.shown_id,
            )  # fmt: skip

    def note(
        self,
        current: Try[C],
        outcome: AttemptOutcome,
        *,
        status_code: int | None = None,
        response_id: str | None = None,
        error_text: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        """Write an attempt down, with its end."""
        attempts, route = current.serving.attempts, current.route
        attempts.append(
            Attempt(
                number=len(attempts) + 1,
                upstream=route.name,
                upstream_model=route.upstream_model,
                started_at=current.started_at,
                ended_at=self._clock.now(),
                outcome=outcome,
                status_code=status_code,
                response_id=response_id,
                error_text=error_text,
                usage=usage,
            )
        )
        _count(route.name, outcome)


class _Interruptible:
    """Gives the timeout to the departure while it runs, and takes it back before it has ended."""

    __slots__ = ("_departure", "_interrupts", "_scope")

    def __init__(self, departure: Departure, scope: asyncio.Timeout, *, interrupts: bool) -> None:
        self._departure = departure
        self._scope = scope
        self._interrupts = interrupts

    def __enter__(self) -> asyncio.Timeout:
        if self._interrupts:
            self._departure.interrupts = self._scope
        return self._scope

    def __exit__(self, *exception: object) -> None:
        self._departure.interrupts = None


_counters: dict[tuple[str, str], Callable[[], None]] = {}


def _count(upstream: str, outcome: AttemptOutcome) -> None:
    counter = _counters.get((upstream, outcome))
    if counter is None:
        counter = _counters[upstream, outcome] = UPSTREAM_ATTEMPTS.labels(upstream=upstream, outcome=str(outcome)).inc
    counter()
