"""Real processes on one database: many calls at once on little money, and each of them killed at the worst moment."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import pytest

from counterfoil.foundation.clock import ManualClock, SystemClock
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.pricing.model import WorkShape
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import Admission, Arrival, Endpoint
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate
from processes import (
    HOST,
    HOUR_MICROS,
    PATIENCE_SECONDS,
    TOKENS,
    Answer,
    Installation,
    Serve,
    call,
    check_answers,
    descendants,
    is_running,
    many,
    stopping,
    wait_until,
)

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


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
            prices=services.prices, routes=services.routes, clock=an_hour_ago, settings=SpendSettings(fingerprint_secret=bytes(32)),
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
    customer = await installation.customer(calls=100)
    with stopping(Serve(installation.data_dir, "--workers", "2", number=4).started()) as serve:
        await asyncio.to_thread(wait_until, "two workers", lambda: serve.said().count("Started worker-") == 2)
        answers = await many(session, [serve], customer, times=40)
        assert Counter(answer.status for answer in answers) == {200: 40}
        await asyncio.to_thread(wait_until, "all counted", lambda: served_by_metrics(serve) == 40)
        # Whichever of the two is asked.
        assert {served_by_metrics(serve) for _ in range(5)} == {40}

        # One is killed with calls on their way: those are cut, the others are served.
        killed = min(serve.workers())
        calls = asyncio.ensure_future(many(session, [serve], customer, times=40, latency_ms=1_000))
        await installation.wait_for(customer, "half on its way", lambda states: states["held"] >= 20)
        os.kill(killed, signal.SIGKILL)
        answers += await calls
        assert {answer.status for answer in answers} <= {0, 200}
        await asyncio.to_thread(wait_until, "a third worker", lambda: serve.said().count("Started worker-") == 3)
        answers += await many(session, [serve], customer, times=20)
        assert {answer.status for answer in answers[-20:]} == {200}
        await asyncio.to_thread(wait_until, "all counted", lambda: 60 <= served_by_metrics(serve) <= 100)
        folder = installation.data_dir / f"metrics-{serve.port}"
        assert list(folder.glob("gauge_live*.db"))
        assert not list(folder.glob(f"gauge_live*_{killed}.db"))

        family = descendants(serve.process.pid)
        assert len(serve.workers() & family) == 2
        serve.process.kill()
        serve.process.wait()
        await asyncio.to_thread(wait_until, "all ended", lambda: not any(is_running(each) for each in family))
    check_answers(answers, await installation.views(customer))
    states = await installation.check_books(customer, credited_calls=100)
    assert states["served"] >= sum(answer.status == 200 for answer in answers)
    assert states.keys() <= {"served", "held"}
    assert await installation.expire_everything() == states["held"]
    after = await installation.check_books(customer, credited_calls=100)
    assert (after["served"], after["unknown"], after["held"]) == (states["served"], states["held"], 0)


def served_by_metrics(serve: Serve) -> int:
    """How many calls were answered well, as one of the workers tells it; each connection may reach another."""
    with urlopen(f"{serve.address}/metrics", timeout=PATIENCE_SECONDS) as response:
        text = response.read().decode()
    found = re.search(r'^counterfoil_requests_total\{code="ok"\} (\d+)', text, re.MULTILINE)
    assert found is not None, text
    return int(found[1])


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
