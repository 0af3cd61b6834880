"""One trip, many statements: answers in order, failures by name, and a lost connection that says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.storage.database import Database
from counterfoil.storage.pipeline import (
    BEGIN,
    COMMIT,
    ROLLBACK,
    ConnectionLost,
    PipelineConnection,
    Statement,
    StatementFailed,
    run_in,
)

NUMBERS = Statement("numbers", "SELECT n * 2 FROM unnest($1::int8[]) WITH ORDINALITY AS t(n, o) ORDER BY o")
PAIRS = Statement("pairs", "SELECT u, t FROM unnest($1::uuid[], $2::text[]) AS v(u, t)")
NAMES = Statement("names", "INSERT INTO notes (note) SELECT * FROM unnest($1::text[])")
READ_NAMES = Statement("read_names", "SELECT note FROM notes ORDER BY note")
DIVIDE = Statement("divide", "SELECT 10 / n FROM unnest($1::int8[]) AS t(n)")
HANG_UP = Statement("hang_up", "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)")
ISOLATION = Statement("isolation", "SELECT current_setting('transaction_isolation'), current_setting('lock_timeout')")


@pytest.fixture
async def connection(database_url: str, owner_url: str) -> AsyncIterator[PipelineConnection]:
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as owner:
        await owner.execute("CREATE TABLE notes (note text PRIMARY KEY)")
        await owner.execute("GRANT SELECT, INSERT ON notes TO PUBLIC")
    opened = await PipelineConnection.open(database_url, lock_timeout_ms=200)
    yield opened
    opened.close()


async def test_one_trip_answers_every_call_in_order(connection: PipelineConnection) -> None:
    key = UUID(int=7)
    rows = await connection.round_trip(
        [(BEGIN, ()), (NUMBERS, ([1, 2, 3],)), (PAIRS, ([key, None], ["a", None])), (NUMBERS, ([],)), (COMMIT, ())]
    )
    assert rows == [[], [(2,), (4,), (6,)], [(key, "a"), (None, None)], [], []]
    assert await connection.round_trip([]) == []


async def test_a_trip_larger_than_every_buffer_does_not_stall(connection: PipelineConnection) -> None:
    many = list(range(200_000))
    rows = await connection.round_trip([(NUMBERS, (many,)), (NUMBERS, (many,)), (NUMBERS, ([5],))])
    assert [len(each) for each in rows] == [200_000, 200_000, 1]
    assert rows[1][-1] == (399_998,)


async def test_transactions_are_read_committed_and_locks_are_not_waited_for_long(
    connection: PipelineConnection,
) -> None:
    rows = await connection.round_trip([(BEGIN, ()), (ISOLATION, ()), (COMMIT, ())])
    assert rows[1] == [("read committed", "200ms")]


async def test_a_failed_statement_is_named_and_those_after_it_are_not_run(connection: PipelineConnection) -> None:
    calls = [(BEGIN, ()), (NAMES, (["before"],)), (DIVIDE, ([5, 0],)), (NAMES, (["after"],)), (COMMIT, ())]
    for _ in range(2):
        with pytest.raises(StatementFailed) as error:
            await connection.round_trip(calls)
        assert (error.value.sqlstate, error.value.statement) == ("22012", "divide")
        await connection.round_trip([(ROLLBACK, ())])
    assert await connection.round_trip([(READ_NAMES, ())]) == [[]]
    await connection.round_trip([(BEGIN, ()), (NAMES, (["kept"],)), (COMMIT, ())])
    assert await connection.round_trip([(READ_NAMES, ())]) == [[("kept",)]]


async def test_l12_a_failure_does_not_quote_the_row(connection: PipelineConnection) -> None:
    for _ in range(2):
        with pytest.raises(StatementFailed) as error:
            await connection.round_trip([(NAMES, (["a secret", "a secret"],))])
        assert error.value.sqlstate == "23505"
        assert "a secret" not in str(error.value)


async def test_a_value_that_cannot_be_sent_leaves_the_connection_as_it_was(connection: PipelineConnection) -> None:
    with pytest.raises(UnicodeEncodeError):
        await connection.round_trip([(NAMES, (["first"],)), (NAMES, (["\ud800"],))])
    with pytest.raises(ValueError, match="argument"):
        await connection.round_trip([(NAMES, (["first"],)), (PAIRS, ([UUID(int=1)],))])
    assert await connection.round_trip([(READ_NAMES, ())]) == [[]]


async def test_a_statement_that_could_not_be_prepared_can_be_tried_again(
    connection: PipelineConnection, owner_url: str
) -> None:
    """A migration may hold a table while its statements are prepared."""
    good, late = Statement("good", "SELECT 1"), Statement("late", "SELECT count(*) FROM late")
    calls = [(BEGIN, ()), (good, ()), (late, ()), (NUMBERS, ([1],)), (COMMIT, ())]
    for _ in range(2):
        with pytest.raises(StatementFailed) as error:
            await connection.round_trip(calls)
        assert (error.value.sqlstate, error.value.statement) == ("42P01", "late")
        await connection.round_trip([(ROLLBACK, ())])
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as owner:
        await owner.execute("CREATE TABLE late (n int)")
        await owner.execute("GRANT SELECT ON late TO PUBLIC")
    assert (await connection.round_trip(calls))[1:4] == [[(1,)], [(0,)], [(2,)]]


@pytest.mark.parametrize("position", [0, 1, 2, 3])
async def test_a_connection_that_breaks_in_the_middle_of_a_trip_is_lost(
    connection: PipelineConnection, position: int
) -> None:
    await connection.round_trip([(BEGIN, ()), (NAMES, (["prepared"],)), (ROLLBACK, ())])
    calls: list[Any] = [(BEGIN, ()), (NAMES, (["one"],)), (COMMIT, ())]
    calls.insert(position, (HANG_UP, ()))
    with pytest.raises(ConnectionLost):
        await connection.round_trip(calls)
    with pytest.raises(ConnectionLost):
        await connection.round_trip([(READ_NAMES, ())])
    connection.close()
    with pytest.raises(ConnectionLost):
        await connection.round_trip([(READ_NAMES, ())])


async def test_a_connection_that_broke_while_nobody_looked_is_lost(
    connection: PipelineConnection, owner_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as owner:
        await owner.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.backend_pid,))
    with pytest.raises(ConnectionLost):
        await connection.round_trip([(BEGIN, ()), (NUMBERS, ([1],)), (COMMIT, ())])


async def test_nobody_there_is_a_lost_connection(database_url: str) -> None:
    nowhere = psycopg.conninfo.make_conninfo(database_url, dbname="not_there")
    with pytest.raises(ConnectionLost):
        await PipelineConnection.open(nowhere, lock_timeout_ms=100)


async def test_other_tasks_run_while_a_trip_is_under_way(connection: PipelineConnection) -> None:
    sleep = Statement("sleep", "SELECT pg_sleep(0.2)")
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.01)

    counting = asyncio.create_task(count())
    await connection.round_trip([(sleep, ())])
    counting.cancel()
    assert turns > 3


async def test_the_same_statements_run_inside_a_unit_of_work(
    connection: PipelineConnection, database: Database
) -> None:
    key = UUID(int=7)
    async with database.unit_of_work() as unit:
        rows = await run_in(unit, [(NUMBERS, ([1, None],)), (PAIRS, ([key], ["文"])), (NAMES, (["in a unit"],))])
        assert rows == [[(2,), (None,)], [(key, "文")], []]
    assert await connection.round_trip([(READ_NAMES, ())]) == [[("in a unit",)]]
