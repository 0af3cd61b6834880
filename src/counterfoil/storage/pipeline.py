"""One PostgreSQL connection in pipeline mode, spoken to through libpq directly.

A batch of the engine is two round trips: every statement of a trip is queued, flushed once and answered together.
psycopg's cursors cost about fifty microseconds per statement in pipeline mode; libpq's own calls, which psycopg
exposes as `psycopg.pq`, cost five. Statements are prepared on first use and planned generically.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Dumper, Transformer
from psycopg.pq.abc import PGresult

from counterfoil.storage.arrays import encoders_of

# Nested loops over primary keys are right for every statement here, whatever the statistics of a young table say.
_SESSION = (
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;"
    " SET plan_cache_mode = force_generic_plan; SET jit = off; SET default_transaction_isolation = 'read committed'"
)


class StatementFailed(Exception):
    """A statement was refused by PostgreSQL; `sqlstate` tells why. The transaction is to be rolled back."""

    def __init__(self, sqlstate: str, message: str, statement: str) -> None:
        self.sqlstate = sqlstate
        self.statement = statement
        super().__init__(f"{sqlstate} in {statement}: {message}")


class ConnectionLost(Exception):
    """The connection broke; whether an outstanding COMMIT took effect is unknown."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose parameters are all arrays, one column each, cast in the text (`$1::uuid[]`)."""

    name: str
    sql: str
    encoders: tuple[Any, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoders", encoders_of(self.sql))


Columns = Sequence[Sequence[Any]]
Call = tuple[Statement, Columns]
Rows = list[tuple[Any, ...]]

BEGIN = Statement("begin", "BEGIN")
COMMIT = Statement("commit", "COMMIT")
ROLLBACK = Statement("rollback", "ROLLBACK")


class PipelineConnection:
    """A connection of its own for one lane of the engine."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._prepared: set[str] = set()
        self._transformer = Transformer(connection)

    @classmethod
    async def open(cls, url: str, *, lock_timeout_ms: int) -> PipelineConnection:
        """Connect; raises `ConnectionLost` when PostgreSQL does not answer."""

        def connect() -> psycopg.Connection[Any]:
            connection = psycopg.connect(
                url, autocommit=True, connect_timeout=10, application_name="counterfoil engine"
            )
            connection.execute(_SESSION)
            connection.execute(f"SET lock_timeout = {int(lock_timeout_ms)}")
            return connection

        try:
            connection = await asyncio.to_thread(connect)
        except psycopg.Error as error:
            raise ConnectionLost(str(error)) from error
        connection.pgconn.nonblocking = 1
        connection.pgconn.enter_pipeline_mode()
        return cls(connection)

    @property
    def backend_pid(self) -> int:
        return self._pgconn.backend_pid

    def close(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._pgconn.finish()

    async def round_trip(self, calls: Sequence[Call]) -> list[Rows]:
        """Send every call, wait for all answers, and give the rows of each, in the order of the calls.

        Raises `StatementFailed` for the first statement that failed (those after it were not run), and
        `ConnectionLost`.
        """
        try:
            unprepared = {statement.name: statement for statement, _ in calls if statement.name not in self._prepared}
            if unprepared:
                # A trip of its own, once per statement and connection: a failure later on cannot leave it half done.
                for statement in unprepared.values():
                    self._pgconn.send_prepare(statement.name.encode(), statement.sql.encode())
                try:
                    await self._receive(list(unprepared))
                except StatementFailed as failure:
                    # Those before it are prepared, and cannot be once more under the same name.
                    names = list(unprepared)
                    self._prepared.update(names[: names.index(failure.statement)])
                    raise
                self._prepared.update(unprepared)
            # Encoded before anything is sent: a value that no column takes leaves the connection as it was.
            encoded_calls = [
                (
                    statement.name.encode(),
                    [encode(column) for encode, column in zip(statement.encoders, columns, strict=True)],
                )
                for statement, columns in calls
            ]
            for name, encoded in encoded_calls:
                self._pgconn.send_query_prepared(
                    name, encoded or None, param_formats=[1] * len(encoded) or None, result_format=1
                )
            return await self._receive([statement.name for statement, _ in calls])
        except psycopg.OperationalError as error:
            raise ConnectionLost(str(error)) from error

    async def _receive(self, names: Sequence[str]) -> list[Rows]:
        """Close the trip with a sync and take the answers of the named statements."""
        pgconn = self._pgconn
        pgconn.pipeline_sync()
        unsent = pgconn.flush()
        rows: list[Rows] = []
        failure: StatementFailed | None = None
        for name in names:
            result = await self._next_result(unsent)
            unsent = 0
            if result is None:
                raise ConnectionLost("the connection closed before every answer came")
            if result.status == pq.ExecStatus.FATAL_ERROR:
                failure = failure or _failure(result, name)
            rows.append(self._rows(result) if result.status == pq.ExecStatus.TUPLES_OK else [])
            await self._next_result(0)  # the None that ends each statement's results
        end = await self._next_result(0)
        if end is None or end.status != pq.ExecStatus.PIPELINE_SYNC:
            raise ConnectionLost("the answers did not end where they should")
        if failure is not None:
            raise failure
        return rows

    async def _next_result(self, unsent: int) -> PGresult | None:
        while unsent or self._pgconn.is_busy():
            unsent = await self._wait(writing=bool(unsent))
        return self._pgconn.get_result()

    def _rows(self, result: PGresult) -> Rows:
        if not result.ntuples:
            return []
        self._transformer.set_pgresult(result)
        return self._transformer.load_rows(0, result.ntuples, tuple)

    async def _wait(self, *, writing: bool) -> int:
        """Wait until the socket can be read (or written), take in what came, and try to send the rest."""
        pgconn = self._pgconn
        loop = asyncio.get_running_loop()
        socket = pgconn.socket
        ready: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_reader(socket, wake)
        if writing:
            loop.add_writer(socket, wake)
        try:
            await ready
        finally:
            loop.remove_reader(socket)
            if writing:
                loop.remove_writer(socket)
        pgconn.consume_input()
        return pgconn.flush() if writing else 0


def _failure(result: PGresult, name: str) -> StatementFailed:
    sqlstate = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"XX000").decode()
    message = (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode(errors="replace")
    if sqlstate.startswith(("57P", "08")):
        raise ConnectionLost(f"{sqlstate}: {message}")
    return StatementFailed(sqlstate, message, name)


class _Encoded:
    """A column that `arrays` has encoded already, for psycopg's ordinary cursors."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


class _EncodedDumper(Dumper):
    format = pq.Format.BINARY
    oid = 0  # the statement's cast tells the type

    def dump(self, obj: _Encoded) -> bytes:
        return obj.data


async def run_in(connection: psycopg.AsyncConnection[Any], calls: Sequence[Call]) -> list[Rows]:
    """Run engine statements inside a unit of work's own transaction, and give the rows of each."""
    connection.adapters.register_dumper(_Encoded, _EncodedDumper)
    answers: list[Rows] = []
    async with psycopg.AsyncRawCursor(connection) as cursor:
        for statement, columns in calls:
            encoded = [_Encoded(encode(column)) for encode, column in zip(statement.encoders, columns, strict=True)]
            await cursor.execute(statement.sql, encoded, binary=True)
            answers.append(await cursor.fetchall() if cursor.description else [])
    return answers
