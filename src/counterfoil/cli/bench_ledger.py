"""`counterfoil bench ledger`: durable authorize+capture pairs per second, with the rows of a real call.

Each pair writes hold, request, attempt, transfer (with its chain), grant, account and three limits' usage, with fsync
on, through the guard that serves calls. Group commit is compared with the same work as one transaction per command, on
the same database in the same run: only ratios within a run mean anything on a shared machine.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from uuid import UUID

import uvloop

from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.periods import Window
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.model import Authorize, Capture, Credit, GrantKind, GrantSpec, Hold
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import GroupSettings, KeySettings, Scope, Unit
from counterfoil.limits.service import LimitsService
from counterfoil.pricing.model import Price, Usage, WorkShape
from counterfoil.pricing.rules import bound, rate
from counterfoil.pricing.service import PriceBooks
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import Arrival, Attempt, AttemptOutcome, Caller, Delivery, Endpoint, Ticket
from counterfoil.spend.records import Delivered
from counterfoil.storage.database import Database

ACCOUNTS = 1_000
# Commands that wait at once: enough for the largest batch of each lane, and one more behind it.
CALLERS = 4_000
PLAIN_CALLERS = 64
PLAIN_LANES = 8
# Serving processes: one for each of the two cores that the product is measured on.
PROCESSES = 2
WARM_UP_SECONDS = 1.0
# Until every process has started and warmed up.
_PROCESS_START_SECONDS = 6.0
_GROUPED = EngineSettings(lanes=2, batch_max=2_048, queue_max=CALLERS * 2)
_PLAIN = EngineSettings(lanes=PLAIN_LANES // PROCESSES, batch_max=1, queue_max=PLAIN_CALLERS * 2)
_PLENTY = 10**15
_MODEL = "bench"
_BOOK = {
    "book": "customer",
    "currency": "USD",
    "source": "this benchmark",
    "source_date": "2026-01-01",
    "prices": [
        {
            "model": _MODEL,
            "tier": "economy",
            "context_window": 128_000,
            "default_output_cap": 4_096,
            "rates": {"input": "0.15", "output": "0.60"},
        }
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    pairs_per_second: float
    one_process_pairs_per_second: float
    plain_pairs_per_second: float
    hot_account_pairs_per_second: float
    p50_ms: float
    p99_ms: float
    half_load_pairs_per_second: float
    largest_batch: int

    def to_json(self) -> dict[str, float | int]:
        ratio = self.pairs_per_second / self.plain_pairs_per_second if self.plain_pairs_per_second else 0.0
        return {
            "pairs_per_second": round(self.pairs_per_second),
            "plain_pairs_per_second": round(self.plain_pairs_per_second),
            "ratio": round(ratio, 2),
            "one_process_pairs_per_second": round(self.one_process_pairs_per_second),
            "hot_account_pairs_per_second": round(self.hot_account_pairs_per_second),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
            "half_load_pairs_per_second": round(self.half_load_pairs_per_second),
            "largest_batch": self.largest_batch,
            "accounts": ACCOUNTS,
            "processes": PROCESSES,
        }


class Pairs:
    """Makes authorize+capture pairs of callers, as a gateway would."""

    def __init__(self, engine: Engine, clock: SystemClock, price: Price) -> None:
        self._engine = engine
        self._clock = clock
        self._price = price
        self._shape = WorkShape(input_bytes=2_000, asked_cap=500)
        self._bound = bound(price, self._shape, multiplier_millis=1000, strict=False)
        self._usage = Usage(counts={"input": 400, "output": 120})

    async def run(self, caller: Caller) -> None:
        """Hold for one call, then charge it."""
        clock, price = self._clock, self._price
        request_id, now = clock.new_id(), clock.now()
        arrival = Arrival(
            request_id=request_id, received_at=now, endpoint=Endpoint.CHAT_COMPLETIONS, model=_MODEL, stream=False,
            client_address="127.0.0.1", client="bench", shape=self._shape,
        )  # fmt: skip
        ticket = Ticket(
            caller=caller, arrival=arrival, price=price, problems=(), strict_bound=False, fit=True, bound=self._bound
        )
        held = await self._engine.submit(
            Authorize(
                account_id=caller.account_id, hold_id=request_id, floor=0, asked=0, expires_in=660_000_000,
                cause_kind="request", cause_id=request_id, intent="model=bench;asked=500", guarded=ticket, fresh=True,
            )
        )  # fmt: skip
        assert isinstance(held, Hold)
        rated = rate(price, self._usage, multiplier_millis=ticket.multiplier_millis)
        attempt = Attempt(
            number=1, upstream="bench", upstream_model=_MODEL, started_at=now, ended_at=now,
            outcome=AttemptOutcome.SUCCEEDED, status_code=200, response_id="bench",
        )  # fmt: skip
        delivery = Delivery(
            usage=self._usage, status_code=200, first_byte_at=None, ended_at=clock.now(), attempts=(attempt,)
        )
        await self._engine.submit(
            Capture(
                account_id=caller.account_id, hold_id=request_id, cost=rated.amount_nanos, intent="usage=400,120",
                guarded=Delivered(delivery=delivery, tokens=520, arithmetic=rated.to_json(), counts="{}"),
            )
        )  # fmt: skip


async def measure(url: str, *, seconds: float, progress: Callable[[str], None]) -> Measured:
    """Run every part against a migrated, durable database that nobody else uses."""
    clock = SystemClock()
    progress(f"making {ACCOUNTS} accounts, each with a group, a key and three limits")
    async with await Database.open(url, max_size=8) as database:
        callers, price = await _make_customers(database, clock)
    await asyncio.to_thread(tune_collector)
    progress(f"group commit in {PROCESSES} processes, spread over all accounts")
    spread = await _in_processes(url, callers, seconds=seconds, plain=False)
    async with _Running(url, clock, _GROUPED) as engine:
        pairs = Pairs(engine, clock, price)
        progress("group commit in one process, spread over all accounts")
        alone = await _saturate(pairs, callers, workers=CALLERS, seconds=seconds)
        progress("group commit in one process, one hot account")
        hot = await _saturate(pairs, callers[:1], workers=CALLERS, seconds=seconds)
        progress("latency at half load in one process")
        p50, p99, half = await _at_rate(pairs, callers, per_second=alone / 2, seconds=seconds)
        largest = engine.totals.largest
    progress(f"the same work in {PROCESSES} processes, one transaction per command")
    plain = await _in_processes(url, callers, seconds=seconds, plain=True)
    return Measured(
        pairs_per_second=spread, one_process_pairs_per_second=alone, plain_pairs_per_second=plain,
        hot_account_pairs_per_second=hot, p50_ms=p50, p99_ms=p99, half_load_pairs_per_second=half,
        largest_batch=largest,
    )  # fmt: skip


def tune_collector() -> None:
    """What a serving process does: leave alone what lives as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _in_processes(url: str, callers: Sequence[Caller], *, seconds: float, plain: bool) -> float:
    """Pairs per second of several serving processes together, each with its share of the accounts."""
    loop = asyncio.get_running_loop()
    measuring_from = time.monotonic() + _PROCESS_START_SECONDS
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        parts = [
            loop.run_in_executor(pool, run_part, url, list(callers[number::PROCESSES]), measuring_from, seconds, plain)
            for number in range(PROCESSES)
        ]
        return sum(await asyncio.gather(*parts))


def run_part(url: str, callers: list[Caller], measuring_from: float, seconds: float, plain: bool) -> float:
    """One process's part: pairs per second from `measuring_from` (the machine's monotonic clock) on."""
    return uvloop.run(_part(url, callers, measuring_from, seconds, plain))


async def _part(url: str, callers: list[Caller], measuring_from: float, seconds: float, plain: bool) -> float:
    clock = SystemClock()
    async with await Database.open(url) as database:
        prices = PriceBooks(database, clock=clock)
        await prices.refresh()
    price = prices.price_for("customer", _MODEL, clock.now())
    assert price is not None
    tune_collector()
    workers = (PLAIN_CALLERS if plain else CALLERS) // PROCESSES
    async with _Running(url, clock, _PLAIN if plain else _GROUPED) as engine:
        pairs = Pairs(engine, clock, price)
        return await _saturate(pairs, callers, workers=workers, seconds=seconds, measuring_from=measuring_from)


class _Running:
    def __init__(self, url: str, clock: SystemClock, settings: EngineSettings) -> None:
        self._engine = Engine(url, clock=clock, guard_factory=lambda: SpendGuard(clock), settings=settings)

    async def __aenter__(self) -> Engine:
        await self._engine.start()
        return self._engine

    async def __aexit__(self, *_: object) -> None:
        await self._engine.close()


async def _make_customers(database: Database, clock: SystemClock) -> tuple[list[Caller], Price]:
    prices = PriceBooks(database, clock=clock)
    await prices.import_book(_BOOK)
    price = prices.price_for("customer", _MODEL, clock.now())
    assert price is not None
    ledger = Ledger(database, clock=clock, guard_factory=lambda: SpendGuard(clock))
    limits = LimitsService(database, clock=clock, lock_accounts=lock_accounts)
    directory = KeyDirectory(database, clock)
    together = asyncio.Semaphore(8)

    async def make(number: int) -> Caller:
        async with together:
            account = await ledger.open_account(name=f"bench {number}")
            account_id = account.account_id
            spec = GrantSpec(kind=GrantKind.PAID, amount=_PLENTY, origin="clearing:bench")
            source = {"source_kind": "grant", "source_id": f"bench-{number}"}
            await ledger.apply(Credit(account_id=account_id, grants=(spec,), **source))
            group = await limits.create_group(account_id=account_id, settings=GroupSettings(name="bench"))
            made = await limits.create_key(
                account_id=account_id, settings=KeySettings(name="bench", group_id=group.group_id)
            )
            scopes: Sequence[tuple[Scope, UUID]] = (
                (Scope.ACCOUNT, account_id), (Scope.GROUP, group.group_id), (Scope.KEY, made.key.key_id),
            )  # fmt: skip
            for scope, scope_id in scopes:
                await limits.set_limit(
                    account_id=account_id, scope=scope, scope_id=scope_id, unit=Unit.MONEY, window=Window.DAY,
                    amount=_PLENTY,
                )  # fmt: skip
            await directory.find(made.key.token_hash)
            return Caller(account_id=account_id, key_id=made.key.key_id, token_hash=made.key.token_hash)

    return list(await asyncio.gather(*[make(number) for number in range(ACCOUNTS)])), price


async def _saturate(
    pairs: Pairs, callers: Sequence[Caller], *, workers: int, seconds: float, measuring_from: float | None = None
) -> float:
    """Pairs per second with so many workers at once, after a warm-up."""
    done = 0
    measuring_from = measuring_from or time.monotonic() + WARM_UP_SECONDS
    until = measuring_from + seconds

    async def work(place: int) -> None:
        nonlocal done
        while True:
            await pairs.run(callers[place % len(callers)])
            now = time.monotonic()
            if now >= until:
                return
            if now >= measuring_from:
                done += 1
            # A prime step, so that workers do not march over the accounts in one line.
            place += 7

    await asyncio.gather(*[work(place) for place in range(workers)])
    return done / seconds


async def _at_rate(
    pairs: Pairs, callers: Sequence[Caller], *, per_second: float, seconds: float
) -> tuple[float, float, float]:
    """Milliseconds of a pair at p50 and p99 when pairs arrive at a fixed rate, and the rate that was reached."""
    took: list[float] = []
    running: set[asyncio.Task[None]] = set()

    async def timed(caller: Caller, due: float) -> None:
        await pairs.run(caller)
        # From when it was due, so that a stall counts for everybody who would have come meanwhile.
        took.append(time.perf_counter() - due)

    started = time.perf_counter()
    count = int(per_second * seconds)
    for number in range(count):
        due = started + number / per_second
        wait = due - time.perf_counter()
        if wait > 0.0005:
            await asyncio.sleep(wait)
        task = asyncio.create_task(timed(callers[number * 7 % len(callers)], due))
        running.add(task)
        task.add_done_callback(running.discard)
        if number % 64 == 0:
            await asyncio.sleep(0)
    if running:
        await asyncio.gather(*running)
    elapsed = time.perf_counter() - started
    took.sort()
    return took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, count / elapsed
