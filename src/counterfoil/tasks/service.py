"""The use cases of tasks: submit, look up, cancel, download, delete, refund, and what goes on in the background."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, Forbidden, NotFound, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.observability import HOLDS_EXPIRED, log
from counterfoil.spend.guard import Along
from counterfoil.spend.model import Arrival, Caller, RefusedCall, Repeated
from counterfoil.spend.service import Spend
from counterfoil.spend.upstreams import Routes
from counterfoil.storage.database import Database
from counterfoil.tasks import callbacks, opening, store
from counterfoil.tasks.availability import available
from counterfoil.tasks.cancelling import Cancelling
from counterfoil.tasks.dispatch import Dispatch, Dispatching
from counterfoil.tasks.downloads import MAIN_VARIANT, Download, Downloads
from counterfoil.tasks.model import NotSubmitted, Source, Submitted, TaskSpec, TaskState, TaskView, Verdict
from counterfoil.tasks.pauses import Pauses
from counterfoil.tasks.poller import Poller
from counterfoil.tasks.transitions import Transitions
from counterfoil.tasks.upstream import TaskUpstreams

_LIST_MOST = 1_000
# A page of the console as a file, and one more.
_PAGE_MOST = 10_001
_EXPIRY_BATCH = 200
_LAST_ID = UUID(int=2**128 - 1)
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """How long the hold of a task lasts that is asked about, and so how long its upstream is asked."""

    hold_seconds: int = 7 * _SECONDS_PER_DAY


class Tasks:
    def __init__(
        self,
        *,
        database: Database,
        spend: Spend,
        routes: Routes,
        upstreams: TaskUpstreams,
        clock: Clock,
        settings: TaskSettings,
    ) -> None:
        self._database = database
        self._spend = spend
        self._routes = routes
        self._clock = clock
        self._settings = settings
        pauses = Pauses(database, clock)
        self._transitions = Transitions(database, spend, clock)
        self._dispatch = Dispatch(transitions=self._transitions, routes=routes, upstreams=upstreams, clock=clock)
        self._cancelling = Cancelling(transitions=self._transitions, routes=routes, upstreams=upstreams)
        self._downloads = Downloads(database=database, routes=routes, upstreams=upstreams, clock=clock)
        self._poller = Poller(
            database=database, transitions=self._transitions, cancelling=self._cancelling, routes=routes,
            upstreams=upstreams, pauses=pauses, clock=clock,
        )  # fmt: skip

    # -- submitting --------------------------------------------------------------------------------------------

    async def submit(
        self,
        caller: Caller,
        arrival: Arrival,
        spec: TaskSpec,
        *,
        encode: Callable[[str], tuple[str, bytes]],
        content: bytes,
        remix_of: TaskView | None = None,
    ) -> Submitted | RefusedCall | NotSubmitted:
        """Hold what a task may cost, then give it to an upstream; the row, the hold and each answer are on record.

        `encode` makes the content type and body for an upstream's name of the model; `content` is JSON of the call's
        texts, which are kept out of what is recorded. A task that the arrival's Idempotency-Key names is given again.
        Raises `Overloaded` or `Unavailable`; what was begun then is ended or found again by those who ask upstreams.
        """
        hold_seconds = self._settings.hold_seconds
        arrival = replace(arrival, is_task=True, hold_seconds=hold_seconds)
        along = self.opening(caller, arrival, spec, hold_seconds=hold_seconds) if arrival.model is not None else None
        outcome = await self._spend.authorize(caller, arrival, along=along)
        if isinstance(outcome, RefusedCall):
            return outcome
        if isinstance(outcome, Repeated):
            return Submitted(task=await self.find(outcome.task_id), repeated=True, admission=None)
        task = await self._transitions.read(outcome.request_id)
        answer = await self._dispatch.send(
            Dispatching(task=task, admission=outcome, encode=encode, content=content, remix_of=remix_of)
        )
        self._poller.wake()
        return answer

    @staticmethod
    def opening(caller: Caller, arrival: Arrival, spec: TaskSpec, *, hold_seconds: int) -> Along:
        """A task's row and first event, to be written with its hold (`Spend.authorize`)."""
        return opening.opening(caller, arrival, spec, hold_seconds=hold_seconds)

    @staticmethod
    def ending(
        account_id: UUID,
        task_id: UUID,
        verdict: Verdict,
        *,
        at: int,
        upstream: str | None = None,
        upstream_model: str | None = None,
    ) -> tuple[Along, ...]:
        """A direct task's end and its event, to be written with its charge (`Spend.capture`, `Spend.void`)."""
        return opening.ending(account_id, task_id, verdict, at=at, upstream=upstream, upstream_model=upstream_model)

    # -- looking -----------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection[Any]]:
        with available():
            async with self._database.reading() as connection:
                yield connection

    async def find(self, task_id: UUID, *, account_id: UUID | None = None, key_id: UUID | None = None) -> TaskView:
        """A task with its history; raises `NotFound`, also for another account's or key's."""
        async with self._reading() as connection:
            task = await store.find_task(connection, task_id)
            if task is None or account_id not in (None, task.account_id) or key_id not in (None, task.key_id):
                raise NotFound(code="task_not_found")
            events = await store.events_of(connection, account_id=task.account_id, task_id=task_id)
        return replace(task, events=events)

    async def list(
        self,
        *,
        account_id: UUID | None = None,
        key_id: UUID | None = None,
        kind: str | None = None,
        state: str | None = None,
        charge_mark: str | None = None,
        model: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: UUID | None = None,
        most: int = 50,
    ) -> list[TaskView]:
        """Tasks without their histories, newest first; `before` is the last id of the page before."""
        async with self._reading() as connection:
            return await store.tasks_of(
                connection, account_id=account_id, key_id=key_id, kind=kind, state=state, charge_mark=charge_mark,
                model=model, since=since, until=until, before=before,
                most=max(1, min(most, _PAGE_MOST)),
            )  # fmt: skip

    # -- what happens to one -----------------------------------------------------------------------------------

    async def apply(
        self, account_id: UUID, task_id: UUID, verdict: Verdict, source: Source, *, now: int | None = None
    ) -> TaskView:
        """Take in what an upstream says of a task: its state, history and charge change together, once."""
        return await self._transitions.apply(account_id, task_id, verdict, source, now=now)

    async def accept_callback(self, upstream: str, headers: Mapping[str, str], body: bytes) -> TaskView | None:
        """Take in what an upstream tells of a task of its own accord; None for an event that tells of none.

        Raises `Forbidden` or `InputError` for one that is not signed by it or cannot be read, `NotFound` callback_unknown
        for a task that this upstream does not have from us, `Unavailable`.
        """
        route = self._routes.by_name(upstream)
        if route is None:
            raise Forbidden(code="callback_not_configured")
        told = callbacks.read_callback(headers, body, secrets=route.callback_secrets, now=self._clock.now())
        if told is None:
            return None
        task = await self._task_told_of(upstream, told)
        if task is None:
            raise NotFound(code="callback_unknown")
        return await self._transitions.apply(task.account_id, task.task_id, told.verdict, Source.CALLBACK)

    async def _task_told_of(self, upstream: str, told: callbacks.Callback) -> TaskView | None:
        """The task that this upstream has under its id; or one that it was asked for, and whose id we have not heard."""
        async with self._reading() as connection:
            task = await store.find_by_upstream(connection, upstream=upstream, upstream_task_id=told.upstream_task_id)
            if task is not None or told.task_id is None:
                return task
            task = await store.find_task(connection, told.task_id)
        if task is None or task.upstream != upstream or task.upstream_task_id is not None or task.direct:
            return None
        return task

    async def cancel(
        self,
        task_id: UUID,
        *,
        account_id: UUID | None = None,
        key_id: UUID | None = None,
        source: Source = Source.CANCEL,
    ) -> TaskView:
        """Ask for a task's end. What it costs then is what the price book asks for the state that it was in.

        A task that turns out to be done has succeeded, and is charged; where the upstream does not answer, it is asked
        again with the next polls. Raises `NotFound`, `Conflict` task_not_cancellable, `Unavailable`.
        """
        task = await self.find(task_id, account_id=account_id, key_id=key_id)
        task = await self._transitions.ask_cancel(task.account_id, task_id, source)
        if not task.state.is_final:
            task = await self._cancelling.ask(task)
        if not task.state.is_final:
            await self._transitions.put_forward(task)
            self._poller.wake()
        return await self.find(task_id)

    @asynccontextmanager
    async def content(
        self,
        task_id: UUID,
        *,
        account_id: UUID | None = None,
        key_id: UUID | None = None,
        variant: str = MAIN_VARIANT,
    ) -> AsyncIterator[Download]:
        """A task's result, while the context is open; once it has been read to its end, it has been downloaded.

        Raises `NotFound` task_not_found, and what `Downloads.open` raises.
        """
        task = await self.find(task_id, account_id=account_id, key_id=key_id)
        async with self._downloads.open(task, variant) as download:
            yield download

    async def delete(self, task_id: UUID, *, account_id: UUID | None = None, key_id: UUID | None = None) -> TaskView:
        """Have a task's result removed from its upstream; the task stays on record, and so does its charge.

        Raises `NotFound`, `Conflict` task_not_finished, `Unavailable`.
        """
        await self._downloads.delete(await self.find(task_id, account_id=account_id, key_id=key_id))
        return await self.find(task_id)

    async def refund(self, task_id: UUID, *, source_id: str, amount: int | None, reason: str) -> int:
        """Give back a task's charge or a part of it, once per `source_id`; returns the nanos.

        Raises `NotFound`, `Conflict` task_not_refundable for a task that was not charged, `LedgerRefused` for more than
        is left of its charge.
        """
        task = await self.find(task_id)
        if not task.charged_nanos:
            raise Conflict(code="task_not_refundable", task=show_id("task", task_id), charge_mark=task.charge_mark)
        return await self._spend.refund(task_id, source_id=source_id, amount=amount, reason=reason)

    # -- background work ---------------------------------------------------------------------------------------

    async def poll_due(self, *, most: int = _LIST_MOST) -> int:
        """Ask about the tasks that are due, once; returns how many there were."""
        with available():
            return await self._poller.poll_due(most=most)

    async def poll(self, task_id: UUID) -> TaskView:
        """Ask about a task now, whenever its next poll was to be; also about one that has expired.

        Any other that has ended, or that is being asked about, is as it is.

        Raises `NotFound` or `Unavailable`.
        """
        task = await self.find(task_id)
        if task.next_poll_at is not None or (task.state is TaskState.EXPIRED and not task.direct):
            with available():
                await self._poller.poll_now(task)
        return await self.find(task_id)

    async def run_poller(self) -> None:
        """Go on asking about tasks until cancelled; every serving process may."""
        await self._poller.run()

    async def expire_overdue(self) -> int:
        """End the tasks whose holds are due; returns how many. One that cannot be ended now is tried again later."""
        expired, now, after = 0, self._clock.now(), (0, UUID(int=0))
        while True:
            async with self._reading() as connection:
                overdue = await store.overdue_tasks(connection, after=after, now=now, most=_EXPIRY_BATCH)
            for account_id, task_id, _ in overdue:
                expired += await self._expire(account_id, task_id)
            if len(overdue) < _EXPIRY_BATCH:
                return expired
            after = (overdue[-1][2], overdue[-1][1])

    async def _expire(self, account_id: UUID, task_id: UUID) -> int:
        try:
            task = await self._transitions.expire(account_id, task_id)
        except Conflict as error:
            log.info("task_not_expired", task=show_id("task", task_id), error=error.code)
            return 0
        except (psycopg.OperationalError, Unavailable) as error:
            log.warning("task_expiry_postponed", task=show_id("task", task_id), error=type(error).__name__)
            return 0
        if task.state is not TaskState.EXPIRED:
            return 0
        HOLDS_EXPIRED.inc()
        return 1
