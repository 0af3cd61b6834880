"""Real processes on one database: many calls at once on little money, and each of them killed at the worst moment.

A call costs exactly its upper bound here: only output has a price, and the upstream fills the cap.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import aiohttp
import pytest

from counterfoil.bootstrap.services import Services, connected_services
from counterfoil.foundation.clock import Clock, ManualClock, SystemClock
from counterfoil.foundation.ids import read_id
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.limits.model import KeySettings
from counterfoil.pricing.model import WorkShape
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.settings import VARIABLE_PREFIX, Settings
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import Admission, Arrival, Dialect, Endpoint, RequestView
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")

HOST = "127.0.0.1"
TOKENS = 100
# A hundred tokens at a thousandth each.
PRICE = 100_000_000
PRICES = {
    "book": "customer", "currency": "USD", "defaults": {"context_window": 100_000, "default_output_cap": TOKENS},
    "prices": [{"model": "output-only", "rates": {"input": "0", "output": "1000"}}],
}  # fmt: skip
HOUR_MICROS = 3_600_000_000
# Generous: a machine that is busy with other things must not fail a test.
PATIENCE_SECONDS = 60.0


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, f"still not: {what}"
        time.sleep(0.02)


# -- processes ---------------------------------------------------------------------------------------------------


def parent_and_state(process: int) -> tuple[int, str] | None:
    """The parent of a process and its state, or None where there is none."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    state, parent = stat.rpartition(")")[2].split()[:2]
    return int(parent), state


def is_running(process: int) -> bool:
    found = parent_and_state(process)
    return found is not None and found[1] not in "ZX"


def descendants(process: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (found := parent_and_state(int(entry.name))) is not None:
            parents[int(entry.name)] = found[0]
    known = {process}
    while more := {child for child, parent in parents.items() if parent in known} - known:
        known |= more
    return known - {process}


class Serve:
    """`counterfoil serve` on a data directory."""

    def __init__(self, data_dir: Path, *options: str, port: int = 0, number: int = 0) -> None:
        self.log_path = data_dir.parent / f"serve-{number}-{time.monotonic_ns()}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLE_PREFIX)}
        command = [sys.executable, "-m", "counterfoil", "serve", "--data-dir", str(data_dir), "--port", str(port)]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, *options], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.address = ""

    def said(self) -> str:
        return self.log_path.read_text(errors="replace")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said().splitlines() if line.startswith("{")]

    def workers(self) -> set[int]:
        """The serving processes, as granian has named them; those that have ended since are left out."""
        named = (line["event"] for line in self.lines() if line["event"].startswith("Spawning worker-"))
        return {pid for pid in (int(event.rpartition(" ")[2]) for event in named) if is_running(pid)}

    def started(self) -> Serve:
        """Wait until it answers, at the address that it has told."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            assert self.process.poll() is None, self.said()
            told = [line["address"] for line in self.lines() if line["event"] == "serving"]
            if told:
                self.address = told[0]
                with suppress(OSError), urlopen(f"{self.address}/healthz", timeout=5) as response:
                    if response.status == 200:
                        return self
            time.sleep(0.05)
        raise AssertionError(f"does not answer: {self.said()}")

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def kill(self) -> None:
        """End the parent and every worker at once, without a chance to say anything."""
        workers = self.workers()
        self.process.kill()
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        self.process.wait()

    def tell_to_stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()

    def stop(self) -> int:
        """Stop it; gives its exit status."""
        self.tell_to_stop()
        try:
            return self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            for each in descendants(self.process.pid) | {self.process.pid}:
                os.kill(each, signal.SIGKILL)
            self.process.wait()
            raise


# -- an installation ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Customer:
    account_id: UUID
    key_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call was answered; status 0: nothing, the connection broke."""

    status: int
    request_id: UUID | None = None
    body: bytes = b""

    @property
    def code(self) -> str | None:
        return json.loads(self.body)["error"]["code"] if self.status not in (0, 200) else None


@dataclass(frozen=True, slots=True)
class Installation:
    """A data directory with its PostgreSQL, and the upstream behind it."""

    data_dir: Path
    sandbox: SandboxProcess
    postgres: EmbeddedPostgres

    @asynccontextmanager
    async def services(self) -> AsyncIterator[Services]:
        self.postgres.start_or_attach()
        settings = Settings.load({}, data_dir=self.data_dir)
        async with connected_services(settings, self.postgres.runtime_url, with_engine=False) as services:
            yield services

    @contextmanager
    def serving(self, count: int = 1, *options: str) -> Iterator[list[Serve]]:
        """That many `serve` at once; whatever is in the list at the end is stopped."""
        serves = [Serve(self.data_dir, *options, number=number) for number in range(count)]
        try:
            for serve in serves:
                serve.started()
            yield serves
        finally:
            for serve in serves:
                serve.tell_to_stop()
            for serve in serves:
                serve.stop()

    async def prepare(self) -> None:
        async with self.services() as services:
            await services.prices.import_book(PRICES)
            await services.upstreams.add(
                name="sandbox", dialect=Dialect.OPENAI, base_url=self.sandbox.base_url, secret="sandbox-key",
                models=[ServedModel(public_model="output-only", upstream_model="gpt-5-mini")],
            )  # fmt: skip

    async def customer(self, *, calls: int, clock: Clock | None = None) -> Customer:
        """A customer with money for exactly that many calls."""
        async with self.services() as services:
            clock = clock or services.clock
            ledger = Ledger(services.database, clock=clock, guard_factory=lambda: SpendGuard(clock))
            account = await ledger.open_account(name="Acme")
            await ledger.operate(
                Credit(
                    account_id=account.account_id, source_kind="order", source_id=clock.new_id().hex,
                    grants=(GrantSpec(kind=GrantKind.PAID, amount=calls * PRICE, origin="clearing:test"),),
                )
            )  # fmt: skip
            new = await services.limits.create_key(
                account_id=account.account_id, settings=KeySettings(name="laptop", show_balance=True)
            )
        return Customer(account.account_id, new.key.key_id, new.token)

    async def views(self, customer: Customer) -> list[RequestView]:
        async with self.services() as services:
            return await services.spend.requests(customer.account_id, most=1_000)

    async def wait_for(self, customer: Customer, what: str, holds: Callable[[Counter[str]], bool]) -> Counter[str]:
        """The states of a customer's requests, once that holds of them."""
        until = time.monotonic() + PATIENCE_SECONDS
        async with self.services() as services:
            while True:
                views = await services.spend.requests(customer.account_id, most=1_000)
                states = Counter(view.state for view in views)
                if holds(states):
                    return states
                assert time.monotonic() < until, f"still not {what}: {states}"
                await asyncio.sleep(0.02)

    async def expire_everything(self) -> int:
        """What time will do: end every hold that nobody has ended."""
        later = ManualClock(SystemClock().now() + HOUR_MICROS)
        async with self.services() as services:
            ledger = Ledger(services.database, clock=later, guard_factory=lambda: SpendGuard(later))
            expired, _ = await ledger.expire_overdue()
        return expired

    async def check_books(self, customer: Customer, *, credited_calls: int) -> Counter[str]:
        """The books are right: every request says what was charged for it, and the ledger proves itself."""
        async with self.services() as services:
            report = await services.ledger.verify([])
            assert report.verified, report.findings
            overview = await services.ledger.overview()
            assert overview.negative_wallets == 0
            balance = await services.ledger.balance(customer.account_id)
            views = await services.spend.requests(customer.account_id, most=1_000)
        states = Counter(view.state for view in views)
        for view in views:
            charged = PRICE if view.state == "served" else 0
            assert (view.charged_nanos, view.uncollected_nanos) == (charged, 0), view
            assert (view.code is not None) == (view.state not in ("served", "held", "served_not_charged")), view
        assert balance.posted == (credited_calls - states["served"]) * PRICE
        assert balance.held == states["held"] * PRICE
        return states


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data_dir = tmp_path_factory.mktemp("installation") / "data"
    with SandboxProcess() as sandbox, EmbeddedPostgres(data_dir) as postgres:
        migrate(postgres.owner_url, runtime_password=postgres.runtime_password)
        installed = Installation(data_dir, sandbox, postgres)
        asyncio.run(installed.prepare())
        yield installed


@pytest.fixture(scope="module")
def pair(installation: Installation) -> Iterator[list[Serve]]:
    """Two `serve` on one database, for tests that leave them alive."""
    with installation.serving(2) as serves:
        yield serves


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as opened:
        yield opened


async def call(
    session: aiohttp.ClientSession, serve: Serve, customer: Customer, *, stream: bool = False, latency_ms: int = 0
) -> Answer:
    body = {
        "model": "output-only", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": TOKENS,
        "stream": stream, "metadata": {"sandbox_output_tokens": str(TOKENS), "sandbox_latency_ms": str(latency_ms)},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {customer.token}"}
    try:
        async with session.post(f"{serve.address}/v1/chat/completions", json=body, headers=headers) as response:
            content = await response.read()
            if response.status == 200 and stream and b"[DONE]" not in content:
                return Answer(0)
            return Answer(response.status, read_id("request", response.headers["x-request-id"]), content)
    except aiohttp.ClientError:
        return Answer(0)


async def many(
    session: aiohttp.ClientSession, serves: list[Serve], customer: Customer, *, times: int, latency_ms: int = 0
) -> list[Answer]:
    """Calls at once, every second one streamed, shared out among the serving processes."""
    return await asyncio.gather(
        *(
            call(session, serves[number // 2 % len(serves)], customer, stream=number % 2 == 1, latency_ms=latency_ms)
            for number in range(times)
        )
    )


def check_answers(answers: list[Answer], views: list[RequestView]) -> None:
    """Whoever was given an answer can look it up, and it says the same."""
    states = {view.request_id: view for view in views}
    for answer in answers:
        if answer.status == 200:
            assert answer.request_id is not None
            assert states[answer.request_id].state == "served"
        elif answer.status == 402:
            assert answer.request_id is not None
            view = states[answer.request_id]
            assert (view.state, view.code, answer.code) == ("refused", "account_balance", "account_balance")
    assert len({answer.request_id for answer in answers if answer.request_id}) == sum(
        answer.status != 0 for answer in answers
    )


# -- what must be so ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [1, 2])
async def test_200_calls_at_once_on_money_for_ten(
    processes: int, installation: Installation, pair: list[Serve], session: aiohttp.ClientSession
) -> None:
    customer = await installation.customer(calls=10)
    answers = await many(session, pair[:processes], customer, times=200, latency_ms=100)

    assert Counter(answer.status for answer in answers) == {200: 10, 402: 190}
    check_answers(answers, await installation.views(customer))
    assert await installation.check_books(customer, credited_calls=10) == {"served": 10, "refused": 190}


async def test_an_overdue_call_is_ended_by_serving_processes(
    installation: Installation, pair: list[Serve], session: aiohttp.ClientSession
) -> None:
    """Its process was killed an hour ago; nobody else knows of it."""
    an_hour_ago = ManualClock(SystemClock().now() - HOUR_MICROS, seed=time.monotonic_ns())
    customer = await installation.customer(calls=1, clock=an_hour_ago)
    async with installation.services() as services:
        engine = Engine(
            installation.postgres.runtime_url, clock=an_hour_ago, guard_factory=lambda: SpendGuard(an_hour_ago),
            settings=EngineSettings(),
        )  # fmt: skip
        await engine.start()
        spend = Spend(
            engine=engine, ledger=services.ledger, database=services.database, directory=services.directory,
            prices=services.prices, routes=services.routes, clock=an_hour_ago, settings=SpendSettings(),
        )  # fmt: skip
        caller = await spend.identify(customer.token, HOST)
        assert caller is not None
        admission = await spend.authorize(
            caller,
            Arrival(
                request_id=an_hour_ago.new_id(), received_at=SystemClock().now(), endpoint=Endpoint.CHAT_COMPLETIONS,
                model="output-only", stream=False, client_address=HOST, client="",
                shape=WorkShape(input_bytes=10, asked_cap=TOKENS),
            ),
        )  # fmt: skip
        await engine.close()
    assert isinstance(admission, Admission)

    await installation.wait_for(customer, "expired", lambda states: states["unknown"] == 1)
    assert await installation.check_books(customer, credited_calls=1) == {"unknown": 1}
    # Its money is free: one of the two serves it, the other refuses.
    answers = await many(session, pair, customer, times=4)
    assert Counter(answer.status for answer in answers) == {200: 1, 402: 3}


async def test_a_process_killed_in_the_middle_loses_and_charges_nothing(
    installation: Installation, pair: list[Serve], session: aiohttp.ClientSession
) -> None:
    customer = await installation.customer(calls=10)
    survivor = pair[0]
    with stopping(Serve(installation.data_dir, number=2).started()) as doomed:
        # Half of the money is held by each when the rest comes.
        calls = [asyncio.ensure_future(many(session, [survivor], customer, times=5, latency_ms=2_000))]
        await installation.wait_for(customer, "first half", lambda states: states["held"] + states["served"] == 5)
        calls.append(asyncio.ensure_future(many(session, [doomed], customer, times=5, latency_ms=60_000)))
        await installation.wait_for(customer, "second half", lambda states: states["held"] + states["served"] == 10)
        calls.append(asyncio.ensure_future(many(session, [doomed, survivor], customer, times=190)))
        await installation.wait_for(customer, "some refused", lambda states: states["refused"] > 0)
        doomed.kill()
        answers = [answer for found in await asyncio.gather(*calls) for answer in found]
    check_answers(answers, await installation.views(customer))

    # The survivor has ended its own; what the other had begun is held until its time is over.
    states = await installation.check_books(customer, credited_calls=10)
    assert (states["served"], states["held"]) == (5, 5)
    assert {answer.status for answer in answers} <= {0, 200, 402}
    assert sum(answer.status == 200 for answer in answers) == 5

    assert await installation.expire_everything() == 5
    states = await installation.check_books(customer, credited_calls=10)
    assert (states["unknown"], states["held"]) == (5, 0)
    unknown = [view for view in await installation.views(customer) if view.state == "unknown"]
    assert all(view.code == "outcome_unknown" and view.charge_mark == "not_charged" for view in unknown)

    # Started again on its old port, it shares the rest with the other: the money of ten calls serves ten.
    with stopping(Serve(installation.data_dir, port=doomed.port, number=3).started()) as again:
        assert again.address == doomed.address
        rest = await many(session, [again, survivor], customer, times=40)
        assert Counter(answer.status for answer in rest) == Counter({200: 5, 402: 35})
        states = await installation.check_books(customer, credited_calls=10)
        assert states["served"] == 10


async def test_postgresql_killed_under_load_comes_back_and_the_books_are_exact(
    installation: Installation, pair: list[Serve], session: aiohttp.ClientSession
) -> None:
    customer = await installation.customer(calls=1_000)
    answers: list[Answer] = []

    async def keep_calling(serve: Serve) -> None:
        for number in range(15):
            answers.append(await call(session, serve, customer, stream=number % 2 == 1, latency_ms=20))

    calling = asyncio.gather(*(keep_calling(serve) for serve in pair for _ in range(6)))
    while len(answers) < 40:
        await asyncio.sleep(0.01)
    postmaster = int((installation.data_dir / "postgres/cluster/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    await calling

    # They serve again by themselves.
    assert {answer.status for answer in answers} <= {200, 503}, Counter(answer.status for answer in answers)
    assert [answer.status for answer in await many(session, pair, customer, times=4)] == [200] * 4
    await installation.wait_for(customer, "settled", lambda states: not states["held"])
    states = await installation.check_books(customer, credited_calls=1_000)
    assert states["served"] >= sum(answer.status == 200 for answer in answers) + 4
    check_answers([answer for answer in answers if answer.status == 200], await installation.views(customer))


async def test_workers_add_up_their_metrics_are_replaced_and_end_with_their_parent(
    installation: Installation, session: aiohttp.ClientSession
) -> None:
    customer = await installation.customer(calls=60)
    with stopping(Serve(installation.data_dir, "--workers", "2", number=4).started()) as serve:
        await asyncio.to_thread(wait_until, "two workers", lambda: serve.said().count("Started worker-") == 2)
        answers = await many(session, [serve], customer, times=40)
        assert Counter(answer.status for answer in answers) == {200: 40}
        for _ in range(5):
            # Whichever of the two is asked.
            assert await served_by_metrics(serve) == 40

        killed = min(serve.workers())
        os.kill(killed, signal.SIGKILL)
        await asyncio.to_thread(wait_until, "a third worker", lambda: serve.said().count("Started worker-") == 3)
        answers = await many(session, [serve], customer, times=20)
        assert Counter(answer.status for answer in answers) == {200: 20}
        assert await served_by_metrics(serve) == 60
        folder = installation.data_dir / f"metrics-{serve.port}"
        assert list(folder.glob("gauge_live*.db"))
        assert not list(folder.glob(f"gauge_live*_{killed}.db"))

        family = descendants(serve.process.pid)
        assert len(serve.workers() & family) == 2
        serve.process.kill()
        serve.process.wait()
        await asyncio.to_thread(wait_until, "all ended", lambda: not any(is_running(each) for each in family))
    assert await installation.check_books(customer, credited_calls=60) == {"served": 60}


async def served_by_metrics(serve: Serve) -> int:
    """How many calls were answered well, as one of the workers tells it; each connection may reach another."""
    async with aiohttp.ClientSession() as fresh, fresh.get(f"{serve.address}/metrics") as response:
        found = re.search(r'^counterfoil_requests_total\{code="ok"\} (\d+)', await response.text(), re.MULTILINE)
    assert found is not None
    return int(found[1])


@contextmanager
def stopping(serve: Serve) -> Iterator[Serve]:
    try:
        yield serve
    finally:
        serve.stop()


async def test_serve_from_its_first_start_to_its_end(
    installation: Installation, tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    """On an empty data directory: it makes everything, tells its address, keeps its port, and leaves nothing behind."""
    fresh = Installation(tmp_path / "data", installation.sandbox, EmbeddedPostgres(tmp_path / "data"))
    with stopping(Serve(fresh.data_dir)) as serve:
        serve.started()
        assert serve.port > 0

        second = Serve(fresh.data_dir, port=serve.port, number=1)
        assert await asyncio.to_thread(second.process.wait, PATIENCE_SECONDS) == 1
        assert "port_taken" in second.said()
        assert serve.address in second.said()
        assert "Traceback" not in second.said()

        await fresh.prepare()
        customer = await fresh.customer(calls=2)
        fresh.postgres.release()
        until = time.monotonic() + PATIENCE_SECONDS
        while (first := await call(session, serve, customer)).status != 200:
            # What another process has set up is seen within seconds.
            assert time.monotonic() < until, first
            await asyncio.sleep(0.1)

        # A call that is on its way when it is told to stop is served to its end.
        last = asyncio.ensure_future(call(session, serve, customer, latency_ms=1_500))
        fresh.sandbox.reset()
        await asyncio.sleep(0)
        await fresh.wait_for(customer, "held", lambda states: states["held"] == 1)
        fresh.postgres.release()
        family = descendants(serve.process.pid)
        status = await asyncio.to_thread(serve.stop)
        assert (await last).status == 200
        assert status == 0, serve.said()
        await asyncio.to_thread(wait_until, "everything ended", lambda: not any(is_running(each) for each in family))
        assert "Traceback" not in serve.said()

    states = await fresh.check_books(customer, credited_calls=2)
    assert states["served"] == 2
    assert not states["held"]
    fresh.postgres.release()
