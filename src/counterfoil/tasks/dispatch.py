"""Giving a new task to an upstream: one after another, until one has it or may have it.

Before an upstream is called, its name is committed on the task's row. Whoever finds the row after a crash knows then who
may have the task, and that nobody has it where there is no name. Another upstream is asked only where the last one has
said for certain that it has not taken the task, or could not be connected to.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.ids import show_id
from counterfoil.observability import UPSTREAM_ATTEMPTS, log
from counterfoil.redaction.rules import redact
from counterfoil.spend.echoes import without_echo
from counterfoil.spend.model import Admission, Attempt, AttemptOutcome
from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.spend.upstreams import Routes
from counterfoil.spend.upstreams_model import Route
from counterfoil.tasks import rules
from counterfoil.tasks.exchange import UpstreamFailed
from counterfoil.tasks.model import NotSubmitted, Source, Submitted, TaskState, TaskView, Verdict
from counterfoil.tasks.opening import UNSENT_SECONDS_MOST
from counterfoil.tasks.transitions import Refusal, Transitions
from counterfoil.tasks.upstream import TaskUpstreams
from counterfoil.tasks.words import kept_name

_SECOND = 1_000_000
# Nobody looks for a task as long as the call that sends it may still be under way.
_SENDING_SECONDS_BEYOND = 30
ATTEMPTS_MAX = 3

Encode = Callable[[str], tuple[str, bytes]]


@dataclass(slots=True, kw_only=True)
class Dispatching:
    """One new task on its way. `content` is JSON of the call's texts, to tell them from an upstream's own words."""

    task: TaskView
    admission: Admission
    encode: Encode
    content: bytes
    remix_of: TaskView | None
    tries: int = 0
    attempt: Attempt | None = None
    error: UpstreamError | None = None
    words: str | None = None
    # The same without what it repeats of the content: what may be kept.
    reason: str | None = None


class Dispatch:
    def __init__(self, *, transitions: Transitions, routes: Routes, upstreams: TaskUpstreams, clock: Clock) -> None:
        self._transitions = transitions
        self._routes = routes
        self._upstreams = upstreams
        self._clock = clock

    async def send(self, sending: Dispatching) -> Submitted | NotSubmitted:
        """Find an upstream for a task that is held for; every answer has been recorded.

        Raises `Unavailable` where the database does not answer: the task is found again by those who ask about it.
        """
        for route in self._plan(sending):
            if not await self._begin(sending, route):
                # It has been cancelled before anybody was asked.
                return Submitted(task=sending.task, repeated=False, admission=sending.admission)
            started_at = self._clock.now()
            try:
                verdict = await self._ask(sending, route)
            except UpstreamFailed as failed:
                if not failed.is_definite:
                    return await self._nobody_knows(sending, failed)
                self._note(sending, route, failed, started_at=started_at)
                if not failed.error.consequence.fails_over:
                    break
                continue
            return await self._accepted(sending, verdict)
        return await self._refused(sending)

    def _plan(self, sending: Dispatching) -> tuple[Route, ...]:
        """Where to send it; what is made from another task's result can be made by that one's upstream only."""
        source, task = sending.remix_of, sending.task
        if source is None:
            dialect = sending.admission.arrival.endpoint.dialect
            return self._routes.plan(task.model, dialect, draw=random.random())[:ATTEMPTS_MAX]
        if source.upstream is None or source.upstream_task_id is None:
            return ()
        route = self._routes.by_name(source.upstream, source.upstream_model)
        return () if route is None else (route,)

    async def _begin(self, sending: Dispatching, route: Route) -> bool:
        """Keep the last attempt, and commit who is asked now."""
        now = self._clock.now()
        if sending.attempt is not None:
            await self._transitions.note_attempt(
                sending.task, sending.attempt, next_poll_at=now + UNSENT_SECONDS_MOST * _SECOND
            )
            sending.attempt = None
        begun = await self._transitions.begin_try(
            sending.task, upstream=route.name, upstream_model=route.upstream_model,
            hold_expires_at=sending.admission.hold.expires_at,
            next_poll_at=now + (route.timeout_seconds + _SENDING_SECONDS_BEYOND) * _SECOND,
        )  # fmt: skip
        if not begun:
            sending.task = await self._transitions.read(sending.task.task_id)
        return begun

    async def _ask(self, sending: Dispatching, route: Route) -> Verdict:
        content_type, body = sending.encode(route.upstream_model)
        upstream, task_id = self._upstreams.of(route), sending.task.task_id
        if sending.remix_of is None:
            return await upstream.submit(route, task_id, content_type, body)
        assert sending.remix_of.upstream_task_id is not None
        return await upstream.remix(route, sending.remix_of.upstream_task_id, task_id, content_type, body)

    async def _accepted(self, sending: Dispatching, verdict: Verdict) -> Submitted:
        task = sending.task
        task = await self._transitions.apply(task.account_id, task.task_id, verdict, Source.SUBMIT)
        return Submitted(task=task, repeated=False, admission=sending.admission)

    async def _nobody_knows(self, sending: Dispatching, failed: UpstreamFailed) -> Submitted:
        """The upstream may have it: the hold stays, and the task is looked for there."""
        task, error = sending.task, failed.error
        log.warning("task_outcome_unknown", task=show_id("task", task.task_id), meaning=str(error.meaning))
        UPSTREAM_ATTEMPTS.labels(upstream=task.upstream or "", outcome=str(AttemptOutcome.UNKNOWN)).inc()
        verdict = Verdict(
            state=TaskState.UNKNOWN, raw_state=str(error.meaning) if error.status is None else str(error.status),
            retry_after=failed.retry_after,
        )  # fmt: skip
        return await self._accepted(sending, verdict)

    def _note(self, sending: Dispatching, route: Route, failed: UpstreamFailed, *, started_at: int) -> None:
        error = failed.error
        words = error.words.replace(route.upstream_model, sending.task.model) if error.words else ""
        sending.tries += 1
        sending.error = error
        sending.words = redact(words) or None
        sending.reason = redact(without_echo(words, sending.content)) or None
        sending.attempt = Attempt(
            number=sending.tries, upstream=route.name, upstream_model=route.upstream_model, started_at=started_at,
            ended_at=self._clock.now(), outcome=error.consequence.outcome, status_code=error.status,
            error_text=sending.reason,
        )  # fmt: skip
        UPSTREAM_ATTEMPTS.labels(upstream=route.name, outcome=str(error.consequence.outcome)).inc()
        if error.consequence.alerts:
            log.error(
                "upstream_needs_operator", upstream=route.name, model=route.upstream_model, meaning=str(error.meaning),
                status=error.status, code=redact(error.code) if error.code else None,
                request=show_id("request", sending.task.task_id),
            )  # fmt: skip

    async def _refused(self, sending: Dispatching) -> Submitted | NotSubmitted:
        error = sending.error or UpstreamError(meaning=Meaning.NOT_CONNECTED)
        refusal = Refusal(
            code=error.consequence.code, status_code=rules.answered_status(error), failure_code=kept_name(error.code),
            reason=sending.reason,
        )  # fmt: skip
        task = await self._transitions.refuse(sending.task, sending.attempt, refusal)
        if task.state is not TaskState.FAILED:
            # Cancelled, or expired, a moment before.
            return Submitted(task=task, repeated=False, admission=sending.admission)
        return NotSubmitted(task=task, error=error, words=sending.words)
