"""Calls for pictures, videos and sounds: read, held for, and served at once or handed over as tasks that go on."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import orjson

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, Overloaded, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.gateway.arrivals import arrival_of, direct_hold_seconds, read_media
from counterfoil.gateway.errors import Problem, upstream_problem
from counterfoil.gateway.exchange import Exchange
from counterfoil.gateway.media_model import MEDIA, MediaCall, RemixSource
from counterfoil.gateway.media_relay import MediaRelay
from counterfoil.gateway.model import GatewaySettings, Headers, Misunderstood
from counterfoil.gateway.refusals import refused, undecided
from counterfoil.gateway.task_addresses import VIDEOS, task_of
from counterfoil.gateway.task_objects import poll_after_millis, video_object
from counterfoil.spend.model import Admission, Arrival, Caller, Endpoint, RefusedCall
from counterfoil.spend.service import Spend
from counterfoil.spend.upstreams import Routes
from counterfoil.tasks.model import NotSubmitted, Submitted, TaskKind, TaskState, TaskView
from counterfoil.tasks.service import Tasks

TASK_ENDPOINTS = frozenset({*MEDIA.values(), Endpoint.VIDEO_REMIX})
_REMIX = "remix"


def media_endpoint(path: str) -> Endpoint | None:
    """Which of them an address is."""
    found = MEDIA.get(path)
    if found is None and path.startswith(VIDEOS + "/"):
        task, _, what = path.removeprefix(VIDEOS + "/").partition("/")
        return Endpoint.VIDEO_REMIX if task and what == _REMIX else None
    return found


class MediaCalls:
    def __init__(
        self, *, spend: Spend, tasks: Tasks, routes: Routes, clock: Clock, settings: GatewaySettings, relay: MediaRelay
    ) -> None:
        self._spend = spend
        self._tasks = tasks
        self._routes = routes
        self._clock = clock
        self._settings = settings
        self._relay = relay

    async def serve(self, exchange: Exchange, endpoint: Endpoint, caller: Caller, *, began: float) -> Problem | str:
        """Serve a call to its end, or say what is to be answered instead; `began` is when it arrived, in the loop's time.

        Gives `ok` or our code where it has been answered. Raises `ClientGone`, `NotFound`, `Conflict` and `Unavailable`.
        """
        remix_of = await self._remix_of(exchange, caller) if endpoint is Endpoint.VIDEO_REMIX else None
        parsed = await read_media(
            exchange, endpoint, settings=self._settings, routes=self._routes,
            units_of=lambda model: self._units_of(model, exchange.received_at),
            source=_source_of(remix_of) if remix_of is not None else None,
        )  # fmt: skip
        arrival = arrival_of(
            exchange, endpoint, parsed, caller=caller, fingerprints=self._spend.fingerprints,
            hold_seconds=direct_hold_seconds(self._settings),
        )  # fmt: skip
        try:
            if isinstance(parsed, Misunderstood):
                return await self._refuse(exchange, caller, arrival, parsed)
            if parsed.spec.direct:
                return await self._serve_direct(exchange, caller, arrival, parsed, began=began)
            return await self._submit(exchange, caller, arrival, parsed, remix_of)
        except (Overloaded, Unavailable) as error:
            return undecided(exchange, error, arrival.model)

    def _units_of(self, model: str, at: int) -> Set[str] | None:
        return self._spend.price_units(model, at)

    async def _refuse(self, exchange: Exchange, caller: Caller, arrival: Arrival, wrong: Misunderstood) -> Problem:
        decision = await self._spend.authorize(caller, arrival)
        assert isinstance(decision, RefusedCall)
        return refused(exchange, decision, wrong)

    # -- direct tasks ------------------------------------------------------------------------------------------

    async def _serve_direct(
        self, exchange: Exchange, caller: Caller, arrival: Arrival, call: MediaCall, *, began: float
    ) -> Problem | str:
        along = None
        if arrival.model is not None:
            along = self._tasks.opening(caller, arrival, call.spec, hold_seconds=direct_hold_seconds(self._settings))
        outcome = await self._spend.authorize(caller, arrival, along=along)
        if isinstance(outcome, RefusedCall):
            return refused(exchange, outcome, call)
        assert isinstance(outcome, Admission)
        return await self._relay.serve(exchange, call, outcome, began=began)

    # -- videos ------------------------------------------------------------------------------------------------

    async def _submit(
        self, exchange: Exchange, caller: Caller, arrival: Arrival, call: MediaCall, remix_of: TaskView | None
    ) -> Problem | str:
        outcome = await self._tasks.submit(
            caller, arrival, call.spec, encode=call.encode, content=call.rest, remix_of=remix_of
        )
        if isinstance(outcome, RefusedCall):
            return refused(exchange, outcome, call)
        headers: Headers = [(b"x-counterfoil-task", show_id("task", outcome.task.task_id).encode())]
        if isinstance(outcome, NotSubmitted):
            problem = upstream_problem(
                outcome.error, request_id=exchange.shown_id, model=call.model, words=outcome.words
            )
            return replace(problem, charge_mark=str(outcome.task.charge_mark), headers=[*problem.headers, *headers])
        await exchange.answer(
            200, [*headers, *self._submitted_headers(outcome)], orjson.dumps(video_object(outcome.task))
        )
        return "ok"

    def _submitted_headers(self, submitted: Submitted) -> Headers:
        headers: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        if submitted.repeated:
            headers.append((b"x-counterfoil-repeated", b"true"))
        millis = poll_after_millis(submitted.task, now=self._clock.now())
        if millis is not None:
            headers.append((b"openai-poll-after-ms", b"%d" % millis))
        return headers

    async def _remix_of(self, exchange: Exchange, caller: Caller) -> TaskView:
        """The video that is to be made anew, which must be the key's own and be there."""
        task = await self._tasks.find(task_of(exchange.path), account_id=caller.account_id, key_id=caller.key_id)
        if task.kind is not TaskKind.VIDEO or task.state is not TaskState.SUCCEEDED:
            raise Conflict(code="task_not_finished", task=show_id("task", task.task_id), state=str(task.state))
        return task


def _source_of(task: TaskView) -> RemixSource:
    assert task.resolution is not None
    assert task.duration_seconds is not None
    return RemixSource(
        task_id=task.task_id, model=task.model, resolution=task.resolution, seconds=task.duration_seconds,
        aspect_ratio=task.aspect_ratio,
    )  # fmt: skip
