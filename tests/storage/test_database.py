from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.errors import Broken, Unavailable
from counterfoil.storage.database import Connection, Database, inside_unit_of_work


@pytest.fixture
async def table(database: Database, owner_url: str) -> Database:
    """The database with a table `notes (note_id uuid, at bigint)`."""
    with psycopg.connect(owner_url) as connection:
        connection.execute("CREATE TABLE notes (note_id uuid PRIMARY KEY, at bigint)")
    return database


NOTE = UUID("01890000-0000-7000-8000-000000000001")


async def add(connection: Connection, note: UUID = NOTE) -> None:
    await connection.execute("INSERT INTO notes VALUES (%s, %s)", (note, 2**60))


async def notes(database: Database) -> list[tuple[object, ...]]:
    async with database.reading() as connection:
        return await (await connection.execute("SELECT note_id, at FROM notes ORDER BY note_id")).fetchall()


async def test_a_unit_of_work_commits_at_its_end(table: Database) -> None:
    async with table.unit_of_work() as connection:
        await add(connection)
        assert await notes(table) == []
    assert await notes(table) == [(NOTE, 2**60)]


async def test_an_error_rolls_a_unit_of_work_back(table: Database) -> None:
    async def fail() -> None:
        async with table.unit_of_work() as connection:
            await add(connection)
            raise LookupError

    async def add_twice() -> None:
        async with table.unit_of_work() as connection:
            await add(connection)
            await add(connection)

    with pytest.raises(LookupError):
        await fail()
    with pytest.raises(psycopg.errors.UniqueViolation):
        await add_twice()
    assert await notes(table) == []


async def test_a_cancelled_unit_of_work_rolls_back_and_its_connection_is_given_back(table: Database) -> None:
    started = asyncio.Event()

    async def slow() -> None:
        async with table.unit_of_work() as connection:
            await add(connection)
            started.set()
            await connection.execute("SELECT pg_sleep(60)")

    task = asyncio.create_task(slow())
    await started.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await notes(table) == []
    assert not inside_unit_of_work()


async def test_reading_cannot_write(table: Database) -> None:
    async with table.reading() as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await add(connection)
    async with table.unit_of_work() as connection:
        await add(connection)
    async with table.reading() as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("DELETE FROM notes")


async def test_units_of_work_do_not_nest(table: Database) -> None:
    async with table.unit_of_work():
        with pytest.raises(Broken):
            async with table.unit_of_work():
                pass
    async with table.unit_of_work():
        assert inside_unit_of_work()


async def test_tasks_know_whether_they_belong_to_an_open_unit_of_work(table: Database) -> None:
    closed = asyncio.Event()

    async def outlives_it() -> tuple[bool, bool]:
        before = inside_unit_of_work()
        await closed.wait()
        return before, inside_unit_of_work()

    assert not inside_unit_of_work()
    async with table.unit_of_work():
        assert inside_unit_of_work()
        task = asyncio.create_task(outlives_it())
        await asyncio.sleep(0)
    assert not inside_unit_of_work()
    closed.set()
    assert await task == (True, False)


async def test_other_tasks_may_have_units_of_work_of_their_own(table: Database) -> None:
    async def one(number: int) -> None:
        async with table.unit_of_work() as connection:
            await add(connection, UUID(int=number))

    await asyncio.gather(*(one(number) for number in range(40)))
    assert len(await notes(table)) == 40


async def test_a_lock_that_is_not_had_in_time_is_an_error(table: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async with table.unit_of_work() as connection:
        assert await (await connection.execute("SHOW lock_timeout")).fetchone() == ("5s",)
        assert await (await connection.execute("SHOW transaction_isolation")).fetchone() == ("read committed",)
        await add(connection)
    monkeypatch.setattr("counterfoil.storage.database._BEGIN", "BEGIN READ WRITE; SET LOCAL lock_timeout = 10")

    async def lock_later(may_begin: asyncio.Event) -> None:
        await may_begin.wait()
        async with table.unit_of_work() as connection:
            await connection.execute("SELECT FROM notes FOR UPDATE")

    # Made out here, so that it does not belong to the unit it waits for.
    may_begin = asyncio.Event()
    waiting = asyncio.create_task(lock_later(may_begin))
    async with table.unit_of_work() as connection:
        await connection.execute("SELECT FROM notes FOR UPDATE")
        may_begin.set()
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await waiting


async def test_dead_connections_are_replaced_before_they_are_used(table: Database, owner_url: str) -> None:
    await asyncio.gather(*(notes(table) for _ in range(5)))
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for _ in range(5):
        assert await notes(table) == []


async def test_no_database_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("counterfoil.storage.database._CONNECTION_TIMEOUT_SECONDS", 0.2)
    with pytest.raises(Unavailable) as caught:
        await Database.open(f"postgresql://nobody:secret-word@/none?host={quote(str(tmp_path), safe='')}")
    assert "secret-word" not in str(caught.value)


async def test_a_closed_database_is_unavailable(database_url: str) -> None:
    database = await Database.open(database_url)
    await database.close()
    with pytest.raises(Unavailable):
        async with database.reading():
            pass
