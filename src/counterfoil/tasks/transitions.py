"""What happens to a task, once: each verb is one unit of work that locks the task first and its account second.

State, history and charge are written together. Whoever brings a verdict (a poll, a callback, the answer to a submission)
comes through here, as often as he likes: what has been decided stays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.ledger.model import HoldVerb
from counterfoil.observability import log
from counterfoil.pricing.model import Usage
from counterfoil.spend.model import Attempt, AttemptOutcome, Delivery, Failure, Settled
from counterfoil.spend.service import Spend
from counterfoil.storage.database import Connection, Database
from counterfoil.tasks import attempts, rules, store
from counterfoil.tasks.availability import persist
from counterfoil.tasks.model import Source, TaskState, TaskView, Verdict
from counterfoil.tasks.rules import Settlement, Transition
from counterfoil.tasks.words import kept_name, kept_reason, readable_id

# How the call was answered that a task came from.
_ANSWERED = 200
_UNAVAILABLE = "upstream_unavailable"
_UNAVAILABLE_STATUS = 503
_HOLD_ENDED: dict[str, TaskState] = {
    HoldVerb.CAPTURED: TaskState.SUCCEEDED,
    HoldVerb.VOIDED: TaskState.FAILED,
    HoldVerb.EXPIRED: TaskState.EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why no upstream has taken a task: our code, the status of the answer, and the words that may be kept."""

    code: str
    status_code: int
    failure_code: str | None = None
    reason: str | None = None


class Transitions:
    def __init__(self, database: Database, spend: Spend, clock: Clock) -> None:
        self._database = database
        self._spend = spend
        self._clock = clock

    # -- verdicts ----------------------------------------------------------------------------------------------

    async def apply(
        self, account_id: UUID, task_id: UUID, verdict: Verdict, source: Source, *, now: int | None = None
    ) -> TaskView:
        """Take in what an upstream says of a task; the state it leads to and its charge are one unit of work.

        Raises `NotFound`, `Unavailable`, and `PriceMissing` where what was delivered has no price; the task is then as
        it was.
        """
        verdict = _kept(verdict)
        at = self._clock.now() if now is None else now
        return await persist(lambda: self._apply(account_id, task_id, verdict, source, at))

    async def _apply(self, account_id: UUID, task_id: UUID, verdict: Verdict, source: Source, now: int) -> TaskView:
        async with self._database.unit_of_work() as connection:
            task = await self._lock(connection, account_id, task_id)
            verdict = await self._own(connection, task, verdict)
            transition = rules.advance(
                task.state, verdict, source, started=task.started_at is not None,
                cancel_asked=task.cancel_requested_at is not None,
            )  # fmt: skip
            if transition is None:
                return task
            told = rules.told(task, verdict, transition, source, now=now)
            settled = await self._settle(connection, told, transition, verdict, now=now)
            await self._write(connection, told, transition, source, settled, now=now)
            return await self._read(connection, task_id)

    async def _own(self, connection: Connection, task: TaskView, verdict: Verdict) -> Verdict:
        """The verdict, unless it brings an id under which its upstream has given us another task before.

        Whose that one is nobody can say then, and it must not be charged twice.
        """
        found = verdict.upstream_task_id
        if task.upstream is None or task.upstream_task_id is not None or found is None:
            return verdict
        if not await store.is_taken(connection, upstream=task.upstream, upstream_task_id=found, task_id=task.task_id):
            return verdict
        log.error("upstream_task_id_taken", task=show_id("task", task.task_id), upstream=task.upstream)
        return Verdict(state=TaskState.UNKNOWN, raw_state="task id taken", retry_after=verdict.retry_after)

    async def _write(
        self,
        connection: Connection,
        task: TaskView,
        transition: Transition,
        source: Source,
        settled: Settled | None,
        *,
        now: int,
    ) -> None:
        await store.change_task(connection, task)
        if transition.moves:
            note = f"hold already {settled.verb}" if settled is not None and settled.again else None
            await store.add_event(
                connection, account_id=task.account_id, task_id=task.task_id, at=now, state=task.state,
                raw_state=task.raw_state, source=source, note=note,
            )  # fmt: skip

    # -- money -------------------------------------------------------------------------------------------------

    async def _settle(
        self, connection: Connection, task: TaskView, transition: Transition, verdict: Verdict, *, now: int
    ) -> Settled | None:
        match transition.settlement:
            case Settlement.NONE:
                return None
            case Settlement.EXPIRE:
                return await self._spend.expire_within(connection, account_id=task.account_id, request_id=task.task_id)
            case Settlement.CAPTURE:
                return await self._capture(connection, task, share_millis=1000, now=now)
            case Settlement.CANCEL:
                assert transition.cancelled_in is not None
                share = self._spend.cancel_share(task.model, task.created_at, transition.cancelled_in)
                if share:
                    return await self._capture(connection, task, share_millis=share, now=now)
        code = "task_cancelled" if task.state is TaskState.CANCELLED else "upstream_error"
        refusal = Refusal(code=code, status_code=_ANSWERED, reason=task.failure_reason)
        return await self._void(connection, task, refusal, now=now)

    async def _capture(self, connection: Connection, task: TaskView, *, share_millis: int, now: int) -> Settled:
        usage = rules.usage_of(task, self._spend.price_units(task.model, task.created_at) or frozenset())
        tried = await self._attempts(connection, task, rules.outcome_of(task.state, charged=True), usage, now=now)
        delivery = Delivery(usage=usage, status_code=_ANSWERED, first_byte_at=None, ended_at=now, attempts=tried)
        return await self._spend.capture_within(
            connection, account_id=task.account_id, request_id=task.task_id, delivery=delivery,
            share_millis=share_millis,
        )  # fmt: skip

    async def _void(self, connection: Connection, task: TaskView, refusal: Refusal, *, now: int) -> Settled:
        tried = await self._attempts(connection, task, rules.outcome_of(task.state, charged=False), None, now=now)
        failure = Failure(
            code=refusal.code, status_code=refusal.status_code, ended_at=now, attempts=tried, error_text=refusal.reason
        )
        return await self._spend.void_within(
            connection, account_id=task.account_id, request_id=task.task_id, failure=failure
        )

    async def _attempts(
        self, connection: Connection, task: TaskView, outcome: AttemptOutcome, usage: Usage | None, *, now: int
    ) -> tuple[Attempt, ...]:
        """The tries that the history tells of, and the one that the task ended with, if an upstream has it."""
        events = await store.events_of(connection, account_id=task.account_id, task_id=task.task_id)
        before = attempts.from_events(events)
        if task.upstream is None:
            return before
        last = Attempt(
            number=rules.next_number(before), upstream=task.upstream, upstream_model=task.upstream_model or task.model,
            started_at=task.accepted_at or task.created_at, ended_at=now, outcome=outcome,
            response_id=task.upstream_task_id, error_text=task.failure_reason, usage=usage,
        )  # fmt: skip
        return (*before, last)

    # -- submitting --------------------------------------------------------------------------------------------

    async def begin_try(
        self, task: TaskView, *, upstream: str, upstream_model: str, hold_expires_at: int, next_poll_at: int
    ) -> bool:
        """Commit which upstream is asked now; False where the task has been ended meanwhile."""

        async def begin() -> bool:
            async with self._database.unit_of_work() as connection:
                return await store.begin_try(
                    connection, account_id=task.account_id, task_id=task.task_id, upstream=upstream,
                    upstream_model=upstream_model, hold_expires_at=hold_expires_at, next_poll_at=next_poll_at,
                )  # fmt: skip

        return await persist(begin)

    async def note_attempt(self, task: TaskView, attempt: Attempt, *, next_poll_at: int) -> None:
        """An upstream has the task for certain not: keep the attempt, and let another be asked."""

        async def note() -> None:
            async with self._database.unit_of_work() as connection:
                current = await self._lock(connection, task.account_id, task.task_id)
                if current.upstream == attempt.upstream and not current.state.is_final:
                    await self._forget(connection, current, attempt, next_poll_at=next_poll_at)

        await persist(note)

    async def refuse(self, task: TaskView, attempt: Attempt | None, refusal: Refusal) -> TaskView:
        """No upstream has taken the task: keep the last attempt, fail the task and release its hold at once."""

        async def end() -> TaskView:
            async with self._database.unit_of_work() as connection:
                current = await self._lock(connection, task.account_id, task.task_id)
                if current.state is not TaskState.SUBMITTED or current.upstream_task_id is not None:
                    return current
                if attempt is not None and current.upstream == attempt.upstream:
                    current = await self._forget(connection, current, attempt, next_poll_at=None)
                return await self._end(connection, current, TaskState.FAILED, Source.SUBMIT, refusal)

        return await persist(end)

    async def end_unsent(self, account_id: UUID, task_id: UUID, *, created_before: int) -> TaskView:
        """Fail a task that no upstream was ever asked for, and whose sender is no more; any other stays as it is."""

        async def end() -> TaskView:
            async with self._database.unit_of_work() as connection:
                task = await self._lock(connection, account_id, task_id)
                if not _is_unsent(task) or task.created_at > created_before:
                    return task
                refusal = Refusal(code=_UNAVAILABLE, status_code=_UNAVAILABLE_STATUS, failure_code=_UNAVAILABLE)
                return await self._end(connection, task, TaskState.FAILED, Source.POLL, refusal)

        return await persist(end)

    async def _forget(
        self, connection: Connection, task: TaskView, attempt: Attempt, *, next_poll_at: int | None
    ) -> TaskView:
        await store.forget_upstream(
            connection, account_id=task.account_id, task_id=task.task_id, next_poll_at=next_poll_at
        )
        await store.add_event(
            connection, account_id=task.account_id, task_id=task.task_id, at=attempt.ended_at, state=task.state,
            raw_state=None, source=Source.SUBMIT, note=attempts.to_note(attempt),
        )  # fmt: skip
        return replace(task, upstream=None, upstream_model=None)

    async def _end(
        self, connection: Connection, task: TaskView, state: TaskState, source: Source, refusal: Refusal
    ) -> TaskView:
        """End a task that no upstream has, at no cost."""
        now = self._clock.now()
        ended = replace(
            task, state=state, ended_at=now, next_poll_at=None, failure_code=refusal.failure_code,
            failure_reason=refusal.reason,
        )  # fmt: skip
        settled = await self._void(connection, ended, refusal, now=now)
        await self._write(connection, ended, Transition(state=state, moves=True), source, settled, now=now)
        return await self._read(connection, task.task_id)

    # -- cancelling --------------------------------------------------------------------------------------------

    async def ask_cancel(self, account_id: UUID, task_id: UUID, source: Source) -> TaskView:
        """Record that a task is to be cancelled; one that no upstream was asked for is cancelled at once.

        Raises `Conflict` `task_not_cancellable` for one that has ended, or that is answered within its call.
        """

        async def ask() -> TaskView:
            async with self._database.unit_of_work() as connection:
                task = await self._lock(connection, account_id, task_id)
                if task.state is TaskState.CANCELLED:
                    return task
                if task.state.is_final or task.direct:
                    raise not_cancellable(task)
                if task.cancel_requested_at is not None:
                    return task
                now = self._clock.now()
                asked = replace(task, cancel_requested_at=now)
                if _is_unsent(task):
                    refusal = Refusal(code="task_cancelled", status_code=_ANSWERED)
                    return await self._end(connection, asked, TaskState.CANCELLED, source, refusal)
                await store.change_task(connection, asked)
                await self._add_note(connection, asked, source, "cancel requested", now=now)
                return await self._read(connection, task_id)

        return await persist(ask)

    async def withdraw_cancel(self, account_id: UUID, task_id: UUID) -> TaskView:
        """The upstream does not cancel it: the task goes on as if nobody had asked."""

        async def withdraw() -> TaskView:
            async with self._database.unit_of_work() as connection:
                task = await self._lock(connection, account_id, task_id)
                if task.state.is_final or task.cancel_requested_at is None:
                    return task
                await store.change_task(connection, replace(task, cancel_requested_at=None))
                await self._add_note(
                    connection, task, Source.CANCEL, "upstream does not cancel it", now=self._clock.now()
                )
                return await self._read(connection, task_id)

        return await persist(withdraw)

    async def _add_note(self, connection: Connection, task: TaskView, source: Source, note: str, *, now: int) -> None:
        await store.add_event(
            connection, account_id=task.account_id, task_id=task.task_id, at=now, state=task.state,
            raw_state=task.raw_state, source=source, note=note,
        )  # fmt: skip

    # -- time is up --------------------------------------------------------------------------------------------

    async def expire(self, account_id: UUID, task_id: UUID) -> TaskView:
        """End a task whose hold is due and whose outcome nobody knows; raises `Conflict` `hold_not_due` before that.

        A hold that has ended by other hands before (its caller had gone before it was there) says how the task ended.
        """
        async with self._database.unit_of_work() as connection:
            task = await self._lock(connection, account_id, task_id)
            if task.state.is_final:
                return task
            settled = await self._spend.expire_within(connection, account_id=account_id, request_id=task_id)
            now = self._clock.now()
            state = _HOLD_ENDED[settled.verb]
            ended = replace(task, state=state, ended_at=now, next_poll_at=None)
            transition = Transition(state=state, moves=True)
            await self._write(connection, ended, transition, Source.EXPIRY, settled, now=now)
            return await self._read(connection, task_id)

    # -- reading -----------------------------------------------------------------------------------------------

    async def read(self, task_id: UUID) -> TaskView:
        """The task as it is now; raises `NotFound` or `Unavailable`."""

        async def read() -> TaskView | None:
            async with self._database.reading() as connection:
                return await store.find_task(connection, task_id)

        task = await persist(read)
        if task is None:
            raise NotFound(code="task_not_found")
        return task

    async def put_forward(self, task: TaskView) -> None:
        """Have a task asked about soon, by whoever is next."""
        at = self._clock.now() + rules.poll_interval(age=0)
        async with self._database.unit_of_work() as connection:
            await store.put_forward(connection, account_id=task.account_id, task_id=task.task_id, next_poll_at=at)

    async def _lock(self, connection: Connection, account_id: UUID, task_id: UUID) -> TaskView:
        task = await store.lock_task(connection, account_id=account_id, task_id=task_id)
        if task is None:
            raise NotFound(code="task_not_found")
        return task

    async def _read(self, connection: Connection, task_id: UUID) -> TaskView:
        task = await store.find_task(connection, task_id)
        assert task is not None
        return task


def not_cancellable(task: TaskView) -> Conflict:
    return Conflict(code="task_not_cancellable", task=show_id("task", task.task_id), state=str(task.state))


def _is_unsent(task: TaskView) -> bool:
    """Whether no upstream has the task, and none is being asked: its name is written down before it is asked."""
    return task.state is TaskState.SUBMITTED and task.upstream is None and not task.direct


def _kept(verdict: Verdict) -> Verdict:
    """The verdict with words and names that may be kept."""
    progress = verdict.progress
    return replace(
        verdict, raw_state=kept_name(verdict.raw_state) or "", failure_code=kept_name(verdict.failure_code),
        failure_reason=kept_reason(verdict.failure_reason), upstream_task_id=readable_id(verdict.upstream_task_id),
        progress=None if progress is None else max(0, min(progress, 100)),
    )  # fmt: skip
