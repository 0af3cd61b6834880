"""Installations with real processes: `counterfoil serve` on a data directory, and customers who call it.

A call costs exactly its upper bound here: only output has a price, and the upstream fills the cap.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import UUID

import aiohttp

from counterfoil.bootstrap.services import Services, connected_services
from counterfoil.foundation.clock import Clock, ManualClock, SystemClock
from counterfoil.foundation.ids import read_id
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.limits.model import KeySettings
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.settings import VARIABLE_PREFIX, Settings
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import Dialect, RequestView
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.embedded import EmbeddedPostgres

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
PATIENCE_SECONDS = 180.0


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

    def __init__(
        self, data_dir: Path, *options: str, port: int = 0, number: int = 0, settings: Mapping[str, str] | None = None
    ) -> None:
        self.log_path = data_dir.parent / f"serve-{number}-{time.monotonic_ns()}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLE_PREFIX)}
        environment |= settings or {}
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


@contextmanager
def stopping(serve: Serve) -> Iterator[Serve]:
    try:
        yield serve
    finally:
        serve.stop()


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
