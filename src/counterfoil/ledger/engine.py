"""Group commit: hold commands of concurrent requests are applied together, one transaction per batch.

Each lane has a connection of its own and takes whatever has queued up as soon as its last batch has committed; there is
no timer. An account always belongs to one lane, so its cached state has one owner. An account that another process
(or a unit of work) has locked is set aside: its commands wait on a connection of their own, and nobody else's do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Broken, CounterfoilError, Overloaded, Unavailable
from counterfoil.ledger.batch import Answer, Batch
from counterfoil.ledger.guard import Entry, GuardFactory
from counterfoil.ledger.model import Authorize, Change, Hold, HoldCommand, Outcome, Void
from counterfoil.observability import ENGINE_BATCH_SECONDS, ENGINE_BATCH_SIZE, ENGINE_QUEUE_DEPTH, log
from counterfoil.storage.database import inside_unit_of_work
from counterfoil.storage.pipeline import BEGIN, COMMIT, ROLLBACK, ConnectionLost, PipelineConnection, StatementFailed

# Serialization failure, deadlock, lock timeout: the batch is simply run again.
_RERUN = frozenset({"40001", "40P01", "55P03"})
# A command that PostgreSQL will refuse however often it is tried: data exception, integrity violation.
_POISON = ("22", "23")
_RECONNECT_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
_ASIDE_LOCK_TIMEOUT_MS = 2_000
_LOCK_TIMEOUT_MS = 1_000


@dataclass(slots=True)
class Pending:
    """A command on its way, and who waits for its answer."""

    command: HoldCommand
    answer: asyncio.Future[Outcome]
    due: float


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
            _Lane(self, url, clock=clock, guard_factory=guard_factory, settings=settings, aside=False)
            for _ in range(settings.lanes)
        ]
        self._aside = _Lane(self, url, clock=clock, guard_factory=guard_factory, settings=settings, aside=True)
        self._closing = False

    async def start(self) -> None:
        """Connect every lane; raises `Unavailable` when PostgreSQL does not answer."""
        for lane in (*self._lanes, self._aside):
            await lane.start()

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
        return await self._enqueue(command)

    def _enqueue(self, command: HoldCommand) -> asyncio.Future[Outcome]:
        if self._closing:
            raise Overloaded(code="overloaded", reason="shutting down")
        account_id = command.account_id
        lane = self._aside if account_id in self._aside.owned else self._lanes[account_id.int % len(self._lanes)]
        return lane.add(command)

    def set_aside(self, pendings: Sequence[Pending]) -> None:
        self.totals.aside += len(pendings)
        self._aside.take_over(pendings)

    def void_abandoned(self, hold: Hold) -> None:
        """The caller has gone before its hold was there: nobody will ever capture it."""
        with contextlib.suppress(Overloaded):  # it then expires by itself
            future = self._enqueue(Void(account_id=hold.account_id, hold_id=hold.hold_id, reason="caller_gone"))
            future.add_done_callback(_ignore_outcome)


def _ignore_outcome(future: asyncio.Future[Outcome]) -> None:
    if not future.cancelled():
        future.exception()


@dataclass(slots=True)
class _Queue:
    items: deque[Pending] = field(default_factory=deque)
    filled: asyncio.Event = field(default_factory=asyncio.Event)


class _Lane:
    def __init__(
        self,
        engine: Engine,
        url: str,
        *,
        clock: Clock,
        guard_factory: GuardFactory,
        settings: EngineSettings,
        aside: bool,
    ) -> None:
        # The accounts that this lane alone may touch while they are set aside.
        self.owned: dict[UUID, int] = {}
        self._engine = engine
        self._url = url
        self._clock = clock
        self._guard_factory = guard_factory
        self._settings = settings
        self._is_aside = aside
        self._queue = _Queue()
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
        self._queue.filled.set()
        if self._task is not None:
            await self._task
        if self._connection is not None:
            self._connection.close()

    def add(self, command: HoldCommand) -> asyncio.Future[Outcome]:
        queue = self._queue
        if len(queue.items) >= self._settings.queue_max:
            raise Overloaded(code="overloaded", reason="the ledger's queue is full")
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        queue.items.append(Pending(command, answer, time.monotonic() + self._settings.patience_seconds))
        if self._is_aside:
            self.owned[command.account_id] = self.owned.get(command.account_id, 0) + 1
        queue.filled.set()
        return answer

    def take_over(self, pendings: Sequence[Pending]) -> None:
        for pending in pendings:
            self.owned[pending.command.account_id] = self.owned.get(pending.command.account_id, 0) + 1
        self._queue.items.extend(pendings)
        self._queue.filled.set()

    # -- the loop ----------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        queue = self._queue
        while True:
            if not queue.items:
                if self._stopping:
                    return
                queue.filled.clear()
                await queue.filled.wait()
                continue
            pendings = self._next()
            try:
                await self._apply(pendings, recheck=False)
            except Exception as error:  # noqa: BLE001 - a defect must not stop the lane
                # A defect must not stop the lane: those who wait are told, the next batch starts clean.
                log.error("engine_batch_broken", error=repr(error), commands=len(pendings))
                self._cache.clear()
                await self._reset()
                self._fail(pendings, Broken(code="internal_error"))
            finally:
                self._release(pendings)

    def _next(self) -> list[Pending]:
        items = self._queue.items
        ENGINE_QUEUE_DEPTH.set(len(items))
        if not self._is_aside:
            owned_aside = self._engine._aside.owned
            taken: list[Pending] = []
            while items and len(taken) < self._settings.batch_max:
                pending = items.popleft()
                if pending.command.account_id in owned_aside:
                    # Set aside since it was queued: it must not overtake those that wait there.
                    self._engine.set_aside([pending])
                else:
                    taken.append(pending)
            return taken
        # One account at a time: whoever waits for a lock waits alone.
        first = items.popleft()
        taken, rest = [first], deque[Pending]()
        while items and len(taken) < self._settings.batch_max:
            pending = items.popleft()
            (taken if pending.command.account_id == first.command.account_id else rest).append(pending)
        items.extendleft(reversed(rest))
        return taken

    def _release(self, pendings: Sequence[Pending]) -> None:
        if not self._is_aside:
            return
        for pending in pendings:
            account_id = pending.command.account_id
            if self.owned.get(account_id, 0) > 1:
                self.owned[account_id] -= 1
            else:
                self.owned.pop(account_id, None)
                self._cache.pop(account_id, None)

    async def _apply(self, pendings: list[Pending], *, recheck: bool) -> None:
        """Run a batch until it has committed, isolating what cannot; every pending is answered or set aside."""
        attempt = 0
        while pendings:
            try:
                await self._attempt(pendings, recheck=recheck)
                return
            except StatementFailed as failure:
                self._forget(pendings)
                await self._roll_back()
                if failure.sqlstate in _RERUN:
                    self._engine.totals.reruns += 1
                elif failure.sqlstate.startswith(_POISON):
                    if failure.sqlstate != "23505" or recheck:
                        await self._isolate(pendings, failure)
                        return
                    recheck = True
                else:
                    log.error("engine_statement_failed", sqlstate=failure.sqlstate, error=str(failure))
                    self._fail(pendings, Unavailable(code="database_refused"))
                    return
            except ConnectionLost as lost:
                # COMMIT may have taken effect: look for the rows before deciding anew.
                self._forget(pendings)
                recheck = True
                self._engine.totals.reruns += 1
                log.warning("engine_connection_lost", error=str(lost), commands=len(pendings))
                await self._reset()
            pendings = self._without_overdue(pendings)
            await asyncio.sleep(_RECONNECT_SECONDS[min(attempt, len(_RECONNECT_SECONDS) - 1)])
            attempt += 1

    async def _isolate(self, pendings: list[Pending], failure: StatementFailed) -> None:
        """Halve a poisoned batch until the one command that PostgreSQL refuses stands alone."""
        if len(pendings) == 1:
            log.error("engine_command_refused", sqlstate=failure.sqlstate, statement=failure.statement)
            self._fail(pendings, Broken(code="command_refused", sqlstate=failure.sqlstate))
            return
        middle = len(pendings) // 2
        await self._apply(pendings[:middle], recheck=True)
        await self._apply(pendings[middle:], recheck=True)

    async def _attempt(self, pendings: list[Pending], *, recheck: bool) -> None:
        started = time.perf_counter()
        connection = await self._connected()
        batch = Batch(
            [pending.command for pending in pendings], cache=self._cache, guard=self._guard_factory(), recheck=recheck,
            waiting=self._is_aside,
        )  # fmt: skip
        rows = await connection.round_trip([(BEGIN, ()), *batch.first_reads()])
        calls = batch.absorb_first(rows[1:])
        while calls:
            calls = batch.absorb_more(await connection.round_trip(calls))
        answers = batch.decide(clock_now=self._clock.now(), new_id=self._clock.new_id)
        # From here on cached entries are ahead of the database: a failure must forget them.
        await connection.round_trip([*batch.writes(), (COMMIT, ())])
        self._remember(batch)
        self._answer(pendings, answers, batch)
        totals = self._engine.totals
        totals.batches += 1
        totals.commands += len(pendings)
        totals.largest = max(totals.largest, len(pendings))
        ENGINE_BATCH_SIZE.observe(len(pendings))
        ENGINE_BATCH_SECONDS.observe(time.perf_counter() - started)

    def _answer(self, pendings: Sequence[Pending], answers: Sequence[Answer | None], batch: Batch) -> None:
        locked_elsewhere: list[Pending] = []
        for pending, answer in zip(pendings, answers, strict=True):
            if answer is None and not self._is_aside:
                locked_elsewhere.append(pending)
            elif answer is None:
                self._settle(pending, batch.missing_account(pending.command))
            else:
                self._settle(pending, answer)
        if locked_elsewhere:
            self._engine.set_aside(locked_elsewhere)

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
        self._fail(overdue, Unavailable(code="database_unreachable", reason="the outcome is not known yet"))
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
        timeout = _ASIDE_LOCK_TIMEOUT_MS if self._is_aside else _LOCK_TIMEOUT_MS
        self._connection = await PipelineConnection.open(self._url, lock_timeout_ms=timeout)

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
