"""The pool of connections, and the unit of work: one transaction for one use case."""

from __future__ import annotations

import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from counterfoil.foundation.errors import Broken, Unavailable

# Longer than any healthy batch holds an account; shorter than a person waits.
LOCK_TIMEOUT_MILLIS = 5_000
# A transaction that waits for anything but the database is a bug; this one would block everybody else's.
_IDLE_IN_TRANSACTION_TIMEOUT = "60s"
_CONNECTION_TIMEOUT_SECONDS = 10.0
# Callers beyond this are refused at once: by the time a connection were free, theirs would have left.
_WAITING_MAX = 1_000

# Reading is what a connection does unless told otherwise, so a write outside a unit of work fails.
_SESSION = (
    "SET default_transaction_read_only = on;"
    " SET default_transaction_isolation = 'read committed';"
    f" SET idle_in_transaction_session_timeout = '{_IDLE_IN_TRANSACTION_TIMEOUT}'"
)
_BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {LOCK_TIMEOUT_MILLIS}"

Connection = AsyncConnection[tuple[Any, ...]]


class _UnitOfWork:
    """Known to the tasks that a unit of work starts, which get a copy of the variable, not of this object."""

    __slots__ = ("is_open",)

    def __init__(self) -> None:
        self.is_open = True


_current: ContextVar[_UnitOfWork | None] = ContextVar("counterfoil_unit_of_work", default=None)


def inside_unit_of_work() -> bool:
    """Whether the running task, or the one it was started from, is in the middle of a unit of work."""
    unit = _current.get()
    return unit is not None and unit.is_open


class Database:
    """A pool of connections as one role."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, min_size: int = 1, max_size: int = 8) -> Database:
        """Connect; raises `Unavailable` where the database does not answer in ten seconds."""
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=min_size,
            max_size=max_size,
            max_waiting=_WAITING_MAX,
            timeout=_CONNECTION_TIMEOUT_SECONDS,
            open=False,
            kwargs={"autocommit": True, "application_name": "counterfoil"},
            configure=_configure,
            check=_check,
        )
        try:
            await pool.open(wait=True, timeout=_CONNECTION_TIMEOUT_SECONDS)
        except BaseException as error:
            await pool.close()
            if isinstance(error, PoolTimeout):
                raise Unavailable(code="database_unavailable", reason="the database does not answer") from error
            raise
        return cls(pool)

    async def close(self) -> None:
        await self._pool.close()

    async def __aenter__(self) -> Database:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[Connection]:
        """One READ COMMITTED transaction: committed at the end, rolled back on any error.

        A lock that cannot be had within five seconds raises psycopg's `LockNotAvailable`; retrying is the caller's
        decision. Units do not nest, since the inner one could wait for the outer one's locks for ever.
        """
        if inside_unit_of_work():
            raise Broken(code="unit_of_work_nested")
        async with self._connection() as connection:
            unit = _UnitOfWork()
            token = _current.set(unit)
            try:
                # One round trip for both; `connection.transaction()` would need another.
                await connection.execute(_BEGIN)
                yield connection
            except BaseException:
                # A connection that broke, or that was cancelled in the middle of an answer, cannot be spoken to: the
                # pool closes it, which rolls back.
                if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                    await connection.execute("ROLLBACK")
                raise
            else:
                await connection.execute("COMMIT")
            finally:
                unit.is_open = False
                _current.reset(token)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Connection]:
        """A connection that can only read; each statement sees what is committed when it starts."""
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A read-only transaction whose statements all see the same moment; for walks over everything."""
        async with self._connection() as connection:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield connection
            finally:
                if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                    await connection.execute("ROLLBACK")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        with _unavailable():
            connection = await self._pool.getconn()
        try:
            yield connection
        finally:
            await self._pool.putconn(connection)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (PoolTimeout, TooManyRequests, PoolClosed, psycopg.OperationalError) as error:
        raise Unavailable(code="database_unavailable", reason=type(error).__name__) from error


async def _configure(connection: Connection) -> None:
    await connection.execute(_SESSION)


async def _check(connection: Connection) -> None:
    """Tell a connection whose server has gone, without a round trip for one whose server is there.

    An idle connection has nothing to say: a readable socket means its end, or a notice of it.
    """
    socket = select.poll()
    socket.register(connection.fileno(), select.POLLIN)
    if socket.poll(0):
        await AsyncConnectionPool.check_connection(connection)
