from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Unavailable
from counterfoil.observability import BACKGROUND_ERRORS
from counterfoil.storage.database import Database
from counterfoil.storage.leases import acquire_lease, hold_lease, release_lease, renew_lease, run_leased

ANNE, BERT = UUID(int=1), UUID(int=2)
EXPIRY = "hold expiry"


@pytest.fixture
async def leases(database: Database, owner_url: str) -> Database:
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS leases (name text PRIMARY KEY, holder uuid NOT NULL,"
            " expires_at bigint NOT NULL, note jsonb NOT NULL DEFAULT '{}')"
        )
    return database


@pytest.fixture
async def other(leases: Database, database_url: str) -> AsyncIterator[Database]:
    """The same database, from another process as it were."""
    async with await Database.open(database_url) as opened:
        yield opened


async def holder_of(database: Database, name: str = EXPIRY) -> object:
    async with database.reading() as connection:
        row = await (await connection.execute("SELECT holder FROM leases WHERE name = %s", (name,))).fetchone()
    return row and row[0]


async def test_one_holder_at_a_time(leases: Database, clock: ManualClock) -> None:
    lease = await acquire_lease(leases, name=EXPIRY, holder=ANNE, now=clock.now(), note={"host": "a"})
    assert lease is not None
    assert await acquire_lease(leases, name=EXPIRY, holder=BERT, now=clock.now()) is None
    assert await acquire_lease(leases, name="archive", holder=BERT, now=clock.now()) is not None
    assert await acquire_lease(leases, name=EXPIRY, holder=ANNE, now=clock.now()) is not None
    await release_lease(leases, lease)
    assert await acquire_lease(leases, name=EXPIRY, holder=BERT, now=clock.now()) is not None


async def test_only_one_of_many_gets_it(leases: Database, clock: ManualClock) -> None:
    tries = [acquire_lease(leases, name=EXPIRY, holder=UUID(int=n), now=clock.now()) for n in range(1, 21)]
    assert len([lease for lease in await asyncio.gather(*tries) if lease]) == 1


async def test_an_expired_lease_passes_on_and_its_former_holder_finds_out(leases: Database, clock: ManualClock) -> None:
    lease = await acquire_lease(leases, name=EXPIRY, holder=ANNE, now=clock.now(), seconds=30)
    assert lease is not None
    clock.advance(seconds=29)
    assert await acquire_lease(leases, name=EXPIRY, holder=BERT, now=clock.now()) is None
    lease = await renew_lease(leases, lease, now=clock.now(), seconds=30)
    assert lease is not None
    clock.advance(seconds=29)
    assert await acquire_lease(leases, name=EXPIRY, holder=BERT, now=clock.now()) is None
    clock.advance(seconds=1)
    assert await acquire_lease(leases, name=EXPIRY, holder=BERT, now=clock.now()) is not None
    assert await renew_lease(leases, lease, now=clock.now()) is None
    await release_lease(leases, lease)
    assert await holder_of(leases) == BERT


async def test_a_block_holds_it_and_gives_it_back_however_it_ends(leases: Database, clock: ManualClock) -> None:
    async def fail() -> None:
        async with hold_lease(leases, name=EXPIRY, clock=clock) as lease:
            assert lease is not None
            assert await holder_of(leases) == lease.holder
            async with hold_lease(leases, name=EXPIRY, clock=clock) as second:
                assert second is None
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await holder_of(leases) is None


async def test_a_block_that_lasts_longer_than_its_lease_renews_it(leases: Database, clock: ManualClock) -> None:
    async with hold_lease(leases, name=EXPIRY, clock=clock, seconds=1) as lease:
        assert lease is not None
        clock.advance(seconds=100)
        while True:
            async with leases.reading() as connection:
                row = await (await connection.execute("SELECT expires_at FROM leases")).fetchone()
            assert row is not None
            if row[0] > lease.expires_at:
                break
            await asyncio.sleep(0.01)


async def test_a_block_whose_lease_is_lost_is_cancelled(leases: Database, other: Database, clock: ManualClock) -> None:
    async def work() -> None:
        async with hold_lease(leases, name=EXPIRY, clock=clock, seconds=1):
            await asyncio.sleep(3600)

    task = asyncio.create_task(work())
    while await holder_of(other) is None:
        await asyncio.sleep(0)
    clock.advance(seconds=2)
    assert await acquire_lease(other, name=EXPIRY, holder=BERT, now=clock.now()) is not None
    with pytest.raises(Unavailable) as caught:
        await task
    assert caught.value.code == "lease_lost"
    assert await holder_of(other) == BERT


async def test_a_block_that_cannot_renew_is_cancelled(leases: Database, database_url: str, clock: ManualClock) -> None:
    dying = await Database.open(database_url)

    async def work() -> None:
        async with hold_lease(dying, name=EXPIRY, clock=clock, seconds=1):
            await dying.close()
            await asyncio.sleep(3600)

    with pytest.raises(Unavailable) as caught:
        await work()
    assert caught.value.code == "lease_lost"


async def test_a_timeout_of_the_block_stays_a_timeout(leases: Database, clock: ManualClock) -> None:
    with pytest.raises(TimeoutError):
        async with hold_lease(leases, name=EXPIRY, clock=clock):
            raise TimeoutError


async def test_leased_work_is_done_by_one_process_and_taken_over_when_it_stops(
    leases: Database, other: Database, clock: ManualClock
) -> None:
    done: list[str] = []
    both = {name: asyncio.Event() for name in ("first", "second")}

    def runner(name: str, database: Database) -> asyncio.Task[None]:
        async def work() -> None:
            done.append(name)
            if done.count(name) >= 3:
                both[name].set()

        return asyncio.create_task(
            run_leased(database, name=EXPIRY, interval_seconds=0.01, work=work, clock=clock, seconds=5)
        )

    first = runner("first", leases)
    await both["first"].wait()
    second = runner("second", other)
    rounds = len(done)
    while len(done) < rounds + 3:
        await asyncio.sleep(0.01)
    assert set(done) == {"first"}
    await stop(first)
    await both["second"].wait()
    await stop(second)
    assert await holder_of(other) is None


async def test_leased_work_survives_its_failures(leases: Database, owner_url: str, clock: ManualClock) -> None:
    name = "failing"
    rounds: list[int] = []
    enough = asyncio.Event()
    before = BACKGROUND_ERRORS.labels(work=name)._value.get()

    async def work() -> None:
        rounds.append(1)
        if len(rounds) == 2:
            with psycopg.connect(owner_url, autocommit=True) as connection:
                connection.execute("ALTER TABLE leases RENAME TO away")
                connection.execute("ALTER TABLE away RENAME TO leases")
        if len(rounds) == 4:
            enough.set()
        raise LookupError("an unexpected thing")

    task = asyncio.create_task(run_leased(leases, name=name, interval_seconds=0.01, work=work, clock=clock))
    await enough.wait()
    await stop(task)
    assert BACKGROUND_ERRORS.labels(work=name)._value.get() - before >= 4


async def test_leased_work_survives_a_database_that_is_away(
    leases: Database, owner_url: str, clock: ManualClock
) -> None:
    done = asyncio.Event()

    async def work() -> None:
        done.set()

    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE leases RENAME TO away")
        task = asyncio.create_task(run_leased(leases, name="returning", interval_seconds=0.01, work=work, clock=clock))
        while not BACKGROUND_ERRORS.labels(work="returning")._value.get():
            await asyncio.sleep(0.01)
        assert not done.is_set()
        connection.execute("ALTER TABLE away RENAME TO leases")
    await done.wait()
    assert not task.done()
    await stop(task)


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
