"""Group commit: hold commands of concurrent requests are applied together, one transaction per batch.

Each lane has a connection of its own and takes whatever has queued up as soon as its last batch has committed; there is
no timer. An account always belongs to one lane, so its cached state has one owner. An account that another process
(or a unit of work) has locked is set aside: its commands wait on a connection of their own, and nobody else's do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Broken, CounterfoilError, Overloaded, Unavailable
from counterfoil.ledger.batch import Answer, Batch
from counterfoil.ledger.guard import Entry, GuardFactory
from counterfoil.ledger.model import Authorize, Change, Hold, HoldCommand, Outcome, Void
from counterfoil.observability import ENGINE_BATCH_SECONDS, ENGINE_BATCH_SIZE, ENGINE_BATCHES, ENGINE_QUEUE_DEPTH, log
from counterfoil.storage.database import inside_unit_of_work
from counterfoil.storage.pipeline import BEGIN, COMMIT, ROLLBACK, ConnectionLost, PipelineConnection, StatementFailed

_LOCKED, _DUPLICATE = "55P03", "23505"
# Serialization failure, deadlock, lock timeout: the batch is simply run again.
_RERUN = frozenset({"40001", "40P01", _LOCKED})
# A command that PostgreSQL will refuse however often it is tried: data exception, integrity violation.
_POISON = ("22", "23")
# Looking a label up takes longer than counting.
_COMMITTED = ENGINE_BATCHES.labels(outcome="committed")
_RECONNECT_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
_LOCK_TIMEOUT_MS = 1_000
# How long the others that are set aside may wait for one of them.
_ASIDE_LOCK_TIMEOUT_MS = 100


@dataclass(slots=True)
class Pending:
    """A command on its way, and who waits for its answer."""

    command: HoldCommand
    answer: asyncio.Future[Outcome]
    due: float
    # An earlier COMMIT with this command may have taken effect: look for its rows before deciding anew.
    recheck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    lanes: int = 2
    batch_max: int = 1024
    queue_max: int = 10_000
    # How long a command may wait for its account's lock or for PostgreSQL to come back.
    patience_seconds: int = 30
    cached_accounts: int = 20_000


@dataclass(slots=True)
class _Totals:
    batches: int = 0
    commands: int = 0
    reruns: int = 0
    largest: int = 0
    aside: int = 0


class Engine:
    """Applies hold commands with group commit; one per process."""

    def __init__(self, url: str, *, clock: Clock, guard_factory: GuardFactory, settings: EngineSettings) -> None:
        self.totals = _Totals()
        self._settings = settings
        self._lanes = [
            _Lane(self, url, clock=clock, guard_factory=guard_factory, settings=settings) for _ in range(settings.lanes)
        ]
        self._aside = _AsideLane(self, url, clock=clock, guard_factory=guard_factory, settings=settings)
        self._closing = False

    async def start(self) -> None:
        """Connect every lane; raises `Unavailable` when PostgreSQL does not answer."""
        try:
            for lane in (*self._lanes, self._aside):
                await lane.start()
        except Unavailable:
            await self.close()
            raise

    async def close(self) -> None:
        """Take no more commands, finish those that are queued, and disconnect."""
        self._closing = True
        for lane in (*self._lanes, self._aside):
            await lane.stop()

    async def submit(self, command: HoldCommand) -> Outcome:
        """Apply one command and give its outcome once it has committed.

        Raises the command's own error (`HoldNotFound`, `HoldEnded`, `OperationKeyReused`, …), `Overloaded` when the
        queue is full, `Unavailable` when PostgreSQL cannot be reached. A caller that is cancelled leaves the command
        in the queue; a hold that nobody waits for is voided at once.
        """
        if inside_unit_of_work():
            raise Broken(code="engine_inside_unit_of_work")
        answer = self._enqueue(command)
        try:
            return await answer
        except asyncio.CancelledError:
            # Cancelled between the answer and its arrival: the lane has seen nobody leave.
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                outcome = answer.result()
                if isinstance(outcome, Hold) and isinstance(command, Authorize):
                    self.void_abandoned(outcome)
            raise

    def _enqueue(self, command: HoldCommand) -> asyncio.Future[Outcome]:
        if self._closing:
            raise Overloaded(code="overloaded", reason="shutting down")
        account_id = command.account_id
        lane = self._aside if account_id in self._aside.owned else self._lanes[account_id.int % len(self._lanes)]
        return lane.add(command)

    def owned_aside(self, account_id: UUID) -> bool:
        return account_id in self._aside.owned

    def set_aside(self, pendings: Sequence[Pending]) -> None:
        self.totals.aside += len(pendings)
        self._aside.take_over(pendings)

    def void_abandoned(self, hold: Hold) -> None:
        """The caller has gone before its hold was there: nobody will ever capture it."""
        with contextlib.suppress(Overloaded):  # it then expires by itself
            future = self._enqueue(Void(account_id=hold.account_id, hold_id=hold.hold_id, reason="caller_gone"))
            future.add_done_callback(_ignore_outcome)


def _look_again(pendings: Sequence[Pending]) -> None:
    for pending in pendings:
        pending.recheck = True


def _place(error: Exception) -> str:
    """File and line of a defect, without its message."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def _ignore_outcome(future: asyncio.Future[Outcome]) -> None:
    if not future.cancelled():
        future.exception()


class _Lane:
    _lock_timeout_ms = _LOCK_TIMEOUT_MS

    def __init__(
        self,
        engine: Engine,
        url: str,
        *,
        clock: Clock,
        guard_factory: GuardFactory,
        settings: EngineSettings,
    ) -> None:
        self._engine = engine
        self._url = url
        self._clock = clock
        self._guard_factory = guard_factory
        self._settings = settings
        self._queued: deque[Pending] = deque()
        self._filled = asyncio.Event()
        self._cache: OrderedDict[UUID, Entry] = OrderedDict()
        self._connection: PipelineConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        try:
            await self._connect()
        except ConnectionLost as error:
            raise Unavailable(code="database_unreachable") from error
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._stopping = True
        self._filled.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            self._connection.close()

    def add(self, command: HoldCommand) -> asyncio.Future[Outcome]:
        if self._depth() >= self._settings.queue_max:
            raise Overloaded(code="overloaded", reason="the ledger's queue is full")
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue(Pending(command, answer, time.monotonic() + self._settings.patience_seconds))
        self._filled.set()
        return answer

    def _depth(self) -> int:
        return len(self._queued)

    def _queue(self, pending: Pending) -> None:
        self._queued.append(pending)

    # -- the loop ----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            if not self._depth():
                if self._stopping:
                    return
                ENGINE_QUEUE_DEPTH.set(0)
                self._filled.clear()
                await self._filled.wait()
                continue
            ENGINE_QUEUE_DEPTH.set(self._depth())
            await self._turn()

    async def _turn(self) -> None:
        blocked = await self._apply_or_fail(self._next(), waiting=False)
        if blocked:
            self._engine.set_aside(blocked)

    def _next(self) -> list[Pending]:
        queued = self._queued
        taken: list[Pending] = []
        while queued and len(taken) < self._settings.batch_max:
            pending = queued.popleft()
            if self._engine.owned_aside(pending.command.account_id):
                # Set aside since it was queued: it must not overtake those that wait there.
                self._engine.set_aside([pending])
            else:
                taken.append(pending)
        return taken

    async def _apply_or_fail(self, pendings: list[Pending], *, waiting: bool) -> list[Pending]:
        """Apply a batch; gives those whose account is locked elsewhere."""
        try:
            return await self._apply(pendings, waiting=waiting)
        except Exception as error:  # noqa: BLE001 - a defect must not stop the lane
            # Those who wait are told, the next batch starts clean.
            log.error("engine_batch_broken", error=type(error).__name__, at=_place(error), commands=len(pendings))
            self._cache.clear()
            await self._reset()
            self._fail(pendings, Broken(code="internal_error"))
            return []

    async def _apply(self, pendings: list[Pending], *, waiting: bool) -> list[Pending]:
        """Run a batch until it has committed, isolating what cannot; gives those whose account is locked elsewhere."""
        attempt = 0
        while pendings:
            try:
                return await self._attempt(pendings, waiting=waiting)
            except StatementFailed as failure:
                self._forget(pendings)
                await self._roll_back()
                if failure.sqlstate == _LOCKED and waiting:
                    return self._without_overdue(pendings)
                if failure.sqlstate in _RERUN:
                    self._engine.totals.reruns += 1
                    ENGINE_BATCHES.labels(outcome="rerun").inc()
                elif not failure.sqlstate.startswith(_POISON):
                    log.error("engine_statement_failed", sqlstate=failure.sqlstate, statement=failure.statement)
                    self._fail(pendings, Unavailable(code="database_refused"))
                    return []
                elif failure.sqlstate == _DUPLICATE and not all(pending.recheck for pending in pendings):
                    _look_again(pendings)
                else:
                    return await self._isolate(pendings, failure, waiting=waiting)
            except ConnectionLost as lost:
                # COMMIT may have taken effect.
                self._forget(pendings)
                _look_again(pendings)
                self._engine.totals.reruns += 1
                ENGINE_BATCHES.labels(outcome="rerun").inc()
                log.warning("engine_connection_lost", error=str(lost), commands=len(pendings))
                await self._reset()
            except Exception as error:  # noqa: BLE001 - a value that no column takes must not fail its neighbours
                self._forget(pendings)
                _look_again(pendings)
                await self._roll_back()
                return await self._isolate(pendings, error, waiting=waiting)
            pendings = self._without_overdue(pendings)
            await asyncio.sleep(_RECONNECT_SECONDS[min(attempt, len(_RECONNECT_SECONDS) - 1)])
            attempt += 1
        return []

    async def _isolate(self, pendings: list[Pending], failure: Exception, *, waiting: bool) -> list[Pending]:
        """Halve a poisoned batch until the one command that cannot be written stands alone."""
        ENGINE_BATCHES.labels(outcome="halved" if len(pendings) > 1 else "failed").inc()
        if len(pendings) > 1:
            middle = len(pendings) // 2
            first = await self._apply(pendings[:middle], waiting=waiting)
            return first + await self._apply(pendings[middle:], waiting=waiting)
        # Never the exception's text: it may quote the value.
        if isinstance(failure, StatementFailed):
            log.error("engine_command_refused", sqlstate=failure.sqlstate, statement=failure.statement)
            self._fail(pendings, Broken(code="command_refused", sqlstate=failure.sqlstate))
        else:
            log.error("engine_command_refused", error=type(failure).__name__, at=_place(failure))
            self._fail(pendings, Broken(code="command_refused", reason=type(failure).__name__))
        return []

    async def _attempt(self, pendings: list[Pending], *, waiting: bool) -> list[Pending]:
        started = time.perf_counter()
        connection = await self._connected()
        batch = Batch(
            [pending.command for pending in pendings], cache=self._cache, guard=self._guard_factory(),
            recheck=any(pending.recheck for pending in pendings), waiting=waiting,
        )  # fmt: skip
        rows = await connection.round_trip([(BEGIN, ()), *batch.first_reads()])
        calls = batch.absorb_first(rows[1:])
        while calls:
            calls = batch.absorb_more(await connection.round_trip(calls))
        answers = batch.decide(clock_now=self._clock.now(), new_id=self._clock.new_id)
        # From here on cached entries are ahead of the database: a failure must forget them.
        await connection.round_trip([*batch.writes(), (COMMIT, ())])
        self._remember(batch)
        totals = self._engine.totals
        totals.batches += 1
        totals.commands += len(pendings)
        totals.largest = max(totals.largest, len(pendings))
        _COMMITTED.inc()
        ENGINE_BATCH_SIZE.observe(len(pendings))
        ENGINE_BATCH_SECONDS.observe(time.perf_counter() - started)
        return self._answer(pendings, answers, batch, waiting=waiting)

    def _answer(
        self, pendings: Sequence[Pending], answers: Sequence[Answer | None], batch: Batch, *, waiting: bool
    ) -> list[Pending]:
        locked_elsewhere: list[Pending] = []
        for pending, answer in zip(pendings, answers, strict=True):
            if answer is not None:
                self._settle(pending, answer)
            elif waiting:
                self._settle(pending, batch.missing_account(pending.command))
            else:
                locked_elsewhere.append(pending)
        return locked_elsewhere

    def _settle(self, pending: Pending, answer: Answer) -> None:
        future = pending.answer
        if not future.done():
            if isinstance(answer, Change):
                future.set_result(answer.outcome)
            else:
                future.set_exception(answer)
        elif isinstance(answer, Change) and isinstance(answer.outcome, Hold) and isinstance(pending.command, Authorize):
            self._engine.void_abandoned(answer.outcome)

    def _fail(self, pendings: Sequence[Pending], error: CounterfoilError) -> None:
        for pending in pendings:
            if not pending.answer.done():
                pending.answer.set_exception(error)

    def _without_overdue(self, pendings: list[Pending]) -> list[Pending]:
        now = time.monotonic()
        overdue = [pending for pending in pendings if pending.due <= now]
        for pending in overdue:
            reason = "the outcome is not known yet" if pending.recheck else "nothing was changed"
            self._fail([pending], Unavailable(code="database_unreachable", reason=reason))
        return [pending for pending in pendings if pending.due > now]

    # -- cache and connection ----------------------------------------------------------------------------------

    def _remember(self, batch: Batch) -> None:
        cache = self._cache
        for account_id, entry in batch.entries.items():
            cache[account_id] = entry
            cache.move_to_end(account_id)
        while len(cache) > self._settings.cached_accounts:
            cache.popitem(last=False)

    def _forget(self, pendings: Sequence[Pending]) -> None:
        for pending in pendings:
            self._cache.pop(pending.command.account_id, None)

    async def _connect(self) -> None:
        self._connection = await PipelineConnection.open(self._url, lock_timeout_ms=self._lock_timeout_ms)

    async def _connected(self) -> PipelineConnection:
        if self._connection is None:
            await self._connect()
        assert self._connection is not None
        return self._connection

    async def _roll_back(self) -> None:
        try:
            await (await self._connected()).round_trip([(ROLLBACK, ())])
        except (ConnectionLost, StatementFailed):
            await self._reset()

    async def _reset(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


class _AsideLane(_Lane):
    """The accounts that somebody else has locked. While one is here, no other lane touches it."""

    _lock_timeout_ms = _ASIDE_LOCK_TIMEOUT_MS

    def __init__(
        self, engine: Engine, url: str, *, clock: Clock, guard_factory: GuardFactory, settings: EngineSettings
    ) -> None:
        super().__init__(engine, url, clock=clock, guard_factory=guard_factory, settings=settings)
        # By account, whoever has waited longest first; an account whose commands are being applied keeps its place.
        self.owned: OrderedDict[UUID, deque[Pending]] = OrderedDict()
        self._waiting = 0

    def take_over(self, pendings: Sequence[Pending]) -> None:
        for pending in pendings:
            # One whose outcome is unknown cannot be turned away: nothing would be false.
            if self._waiting >= self._settings.queue_max and not pending.recheck:
                self._fail([pending], Overloaded(code="overloaded", reason="too many accounts are locked"))
            else:
                self._queue(pending)
        self._filled.set()

    def _depth(self) -> int:
        return self._waiting

    def _queue(self, pending: Pending) -> None:
        self.owned.setdefault(pending.command.account_id, deque()).append(pending)
        self._waiting += 1

    async def _turn(self) -> None:
        """Apply what is not locked any more; where all are, wait a moment for the one that has waited longest."""
        if len(self.owned) == 1 or not await self._apply_some(self._next(), waiting=False):
            oldest = next(iter(self.owned.values()), None)
            if oldest:
                await self._apply_some(self._take([oldest]), waiting=True)

    def _next(self) -> list[Pending]:
        return self._take(self.owned.values())

    def _take(self, queues: Iterable[deque[Pending]]) -> list[Pending]:
        taken: list[Pending] = []
        for queue in queues:
            while queue and len(taken) < self._settings.batch_max:
                taken.append(queue.popleft())
        self._waiting -= len(taken)
        return taken

    async def _apply_some(self, pendings: list[Pending], *, waiting: bool) -> bool:
        """Whether any of them has been answered; the others go back to where they waited, their accounts behind."""
        blocked = self._without_overdue(await self._apply_or_fail(pendings, waiting=waiting))
        self._waiting += len(blocked)
        for pending in reversed(blocked):
            self.owned[pending.command.account_id].appendleft(pending)
        for account_id in dict.fromkeys(pending.command.account_id for pending in pendings):
            if self.owned[account_id]:
                self.owned.move_to_end(account_id)
            else:
                del self.owned[account_id]
                self._cache.pop(account_id, None)
        return len(blocked) < len(pendings)
