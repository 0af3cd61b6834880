"""Asking upstreams how tasks stand: any number of processes, and no task more often than its back-off says.

A process takes the tasks that are due with one statement, which moves the time of their next poll on: nobody else asks
about them before that. A process that dies in the middle has moved them no further than `LEASE_SECONDS`, after which
somebody else finds them due. Between rounds it sleeps until the next task is due, a pause ends, or it is woken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import psycopg

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import Conflict, CounterfoilError
from counterfoil.foundation.ids import show_id
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.spend.upstreams import Routes
from counterfoil.spend.upstreams_model import Route
from counterfoil.storage.database import Database
from counterfoil.tasks import rules, store
from counterfoil.tasks.cancelling import Cancelling
from counterfoil.tasks.exchange import UpstreamFailed
from counterfoil.tasks.model import Source, TaskState, TaskView, Verdict
from counterfoil.tasks.opening import UNSENT_SECONDS_MOST
from counterfoil.tasks.pauses import Pauses
from counterfoil.tasks.store import Claim
from counterfoil.tasks.transitions import Transitions
from counterfoil.tasks.upstream import TaskUpstreams
from counterfoil.tasks.words import kept_name

_WORK = "task_polls"
# Questions under way at once in one process: enough for a thousand tasks in half a minute of slow answers.
CONCURRENT_MAX = 32
# Tasks are claimed several at a time: each claim is a transaction.
_FREE_LEAST = CONCURRENT_MAX // 4
# A question takes no longer than this, even one that looks through pages for a lost task.
ASK_SECONDS_MAX = 60
# Longer than a question and what follows from it; a task whose process has died waits for it to pass.
LEASE_SECONDS = 90
_LEASE = LEASE_SECONDS * MICROS_PER_SECOND
# How long a process sleeps where nothing is due: it then looks whether others have brought something.
IDLE_SECONDS_MAX = 5.0
_AFTER_ERROR_SECONDS = 1.0
_NO_ANSWER = "no_answer"
_NOT_FOUND = "not_found"


class Poller:
    def __init__(
        self,
        *,
        database: Database,
        transitions: Transitions,
        cancelling: Cancelling,
        routes: Routes,
        upstreams: TaskUpstreams,
        pauses: Pauses,
        clock: Clock,
    ) -> None:
        self._database = database
        self._transitions = transitions
        self._cancelling = cancelling
        self._routes = routes
        self._upstreams = upstreams
        self._pauses = pauses
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something may be due sooner than this process knows."""
        self._woken.set()

    async def poll_due(self, *, most: int = 1_000) -> int:
        """Ask about tasks that are due, `most` at the most, until none is; returns how many were."""
        polled = 0
        await self._pauses.refresh()
        while polled < most:
            claims = await self._claim(min(CONCURRENT_MAX, most - polled))
            await asyncio.gather(*(self._poll(claim) for claim in claims))
            polled += len(claims)
            if len(claims) < CONCURRENT_MAX:
                break
        return polled

    async def poll_now(self, task: TaskView) -> None:
        """Ask about one task that may not be due; also about one whose time was up, and that may have been made since."""
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            claim = await store.claim_task(
                connection, account_id=task.account_id, task_id=task.task_id, now=now, leased_until=now + _LEASE
            )
        if claim is not None:
            await self._ask_about(claim)
        elif task.state is TaskState.EXPIRED:
            await self._ask_late(task)

    async def _ask_late(self, task: TaskView) -> None:
        route = None if task.upstream is None else self._routes.by_name(task.upstream, task.upstream_model)
        if route is None:
            return
        try:
            verdict = await self._ask(route, task)
        except UpstreamFailed as failed:
            log.warning("task_not_asked_about", task=show_id("task", task.task_id), meaning=str(failed.error.meaning))
            return
        await self._transitions.apply(task.account_id, task.task_id, verdict, Source.OPERATOR)

    async def run(self) -> None:
        """Go on polling until cancelled; a round that fails is logged and counted, and the next one comes."""
        polls: set[asyncio.Task[None]] = set()
        try:
            while True:
                try:
                    await self._round(polls)
                except (CounterfoilError, psycopg.Error):
                    BACKGROUND_ERRORS.labels(work=_WORK).inc()
                    log.exception("task_polls_failed")
                    await asyncio.sleep(_AFTER_ERROR_SECONDS)
        finally:
            # What they were told and have not committed is asked again when their leases end.
            for poll in polls:
                poll.cancel()
            await _all_of(polls)

    async def _round(self, polls: set[asyncio.Task[None]]) -> None:
        self._woken.clear()
        free = CONCURRENT_MAX - len(polls)
        if free < _FREE_LEAST:
            await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
            return
        async with self._database.reading() as connection:
            due_at = await store.next_due(connection, now=self._clock.now())
        seconds = IDLE_SECONDS_MAX if due_at is None else (due_at - self._clock.now()) / MICROS_PER_SECOND
        if seconds > 0:
            await self._sleep(min(seconds, IDLE_SECONDS_MAX))
            return
        await self._pauses.refresh()
        for claim in await self._claim(free):
            poll = asyncio.create_task(self._poll(claim))
            polls.add(poll)
            poll.add_done_callback(polls.discard)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _claim(self, most: int) -> list[Claim]:
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            return await store.claim_due(connection, now=now, leased_until=now + _LEASE, most=most)

    # -- one task ----------------------------------------------------------------------------------------------

    async def _poll(self, claim: Claim) -> None:
        """Ask about one task; whatever goes wrong with it stays with it."""
        try:
            await self._ask_about(claim)
        except Exception as error:  # noqa: BLE001 - the others' polls do not end with it
            BACKGROUND_ERRORS.labels(work=_WORK).inc()
            log.exception("task_poll_failed", task=show_id("task", claim.task_id), error=type(error).__name__)

    async def _ask_about(self, claim: Claim) -> None:
        if claim.upstream is None:
            await self._end_unsent(claim)
            return
        route = self._routes.by_name(claim.upstream, claim.upstream_model)
        if route is None:
            await self._unanswered(claim, None)
            return
        try:
            verdict = await self._ask(route, claim)
        except UpstreamFailed as failed:
            await self._pauses.note_failure(route.name, failed)
            await self._unanswered(claim, failed)
            return
        await self._pauses.note_answer(route.name)
        await self._answered(claim, verdict)

    async def _ask(self, route: Route, claim: Claim | TaskView) -> Verdict:
        """What the upstream says; a task whose id it has never told us is looked for among all of its tasks."""
        upstream = self._upstreams.of(route)
        try:
            async with asyncio.timeout(ASK_SECONDS_MAX):
                if claim.upstream_task_id is not None:
                    return await upstream.poll(route, claim.upstream_task_id)
                found = await upstream.find(route, claim.task_id, claim.created_at)
        except TimeoutError as error:
            raise UpstreamFailed(UpstreamError(meaning=Meaning.TIMED_OUT), is_definite=False) from error
        # Not seen is not the same as not there: the upstream may not list it, or not yet.
        return found or Verdict(state=TaskState.UNKNOWN, raw_state=_NOT_FOUND)

    async def _end_unsent(self, claim: Claim) -> None:
        now = self._clock.now()
        before = now - UNSENT_SECONDS_MOST * MICROS_PER_SECOND
        task = await self._transitions.end_unsent(claim.account_id, claim.task_id, created_before=before)
        if not task.state.is_final:
            await self._postpone(claim, failures=0, retry_after=None)

    async def _unanswered(self, claim: Claim, failed: UpstreamFailed | None) -> None:
        """Nothing was learned. After some of these in a row nobody knows how the task stands."""
        failures = claim.poll_failures + 1
        if failures >= rules.POLL_FAILURES_MOST:
            await self._apply(claim, Verdict(state=TaskState.UNKNOWN, raw_state=_NO_ANSWER))
        await self._postpone(claim, failures=failures, retry_after=None if failed is None else failed.retry_after)

    async def _answered(self, claim: Claim, verdict: Verdict) -> None:
        task = await self._apply(claim, verdict)
        if task is not None and task.state.is_final:
            return
        if claim.cancel_requested_at is not None and await self._cancelled(claim, task):
            return
        silent = verdict.state is TaskState.UNKNOWN
        await self._postpone(
            claim, failures=claim.poll_failures + 1 if silent else 0, retry_after=verdict.retry_after, told=verdict
        )

    async def _apply(self, claim: Claim, verdict: Verdict) -> TaskView | None:
        """Take the verdict in where it changes more than what `postpone` writes; None where it does not."""
        transition = rules.advance(TaskState(claim.state), verdict, Source.POLL)
        found = claim.upstream_task_id is None and verdict.upstream_task_id is not None
        if not found and (transition is None or not transition.moves):
            return None
        return await self._transitions.apply(claim.account_id, claim.task_id, verdict, Source.POLL)

    async def _cancelled(self, claim: Claim, task: TaskView | None) -> bool:
        """Ask for the end that its customer wants, once more; whether it has come."""
        if task is None:
            task = await self._transitions.read(claim.task_id)
        try:
            return (await self._cancelling.ask(task)).state.is_final
        except Conflict as error:
            log.info("task_not_cancelled", task=show_id("task", claim.task_id), error=error.code)
            return False

    async def _postpone(
        self, claim: Claim, *, failures: int, retry_after: float | None, told: Verdict | None = None
    ) -> None:
        polled_at = claim.leased_until - _LEASE
        interval = rules.poll_interval(
            age=max(0, polled_at - claim.created_at), failures=failures, retry_after=retry_after
        )
        same = told is not None and told.state == claim.state
        async with self._database.unit_of_work() as connection:
            await store.postpone(
                connection, claim, next_poll_at=polled_at + interval, poll_failures=failures,
                raw_state=kept_name(told.raw_state) if told is not None and same else claim.raw_state,
                progress=told.progress if told is not None and same else None,
            )  # fmt: skip


async def _all_of(polls: Iterable[asyncio.Task[None]]) -> None:
    waiting = set(polls)
    if waiting:
        await asyncio.wait(waiting)
