"""The SQL of runs and of days that were closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from counterfoil.reconcile.desk_model import ClosedDay, InconclusiveReason, Run, RunReason, RunState
from counterfoil.reconcile.model import Book
from counterfoil.storage.database import Connection

_RUN: LiteralString = (
    "run_id, day, book, begins, ends, engine, state, started_at, started_by, ended_at, counts, reasons"
)


async def insert_run(connection: Connection, run: Run) -> None:
    """Write down that a run has begun; raises `UniqueViolation` where one of the same book is at work."""
    await connection.execute(
        f"INSERT INTO reconcile_runs ({_RUN}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
        (
            run.run_id, run.day, run.book, run.begins, run.ends, run.engine, run.state, run.started_at, run.started_by,
            run.ended_at, Jsonb(dict(run.counts)), Jsonb([_reason(one) for one in run.reasons]),
        ),
    )  # fmt: skip


async def end_run(connection: Connection, run: Run) -> bool:
    """Write down how a run has ended; False where somebody has ended it meanwhile."""
    cursor = await connection.execute(
        "UPDATE reconcile_runs SET state = %s, ended_at = %s, counts = %s, reasons = %s"
        " WHERE run_id = %s AND state = 'running'",
        (
            run.state, run.ended_at, Jsonb(dict(run.counts)), Jsonb([_reason(one) for one in run.reasons]), run.run_id,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def end_killed_runs(connection: Connection, book: Book, *, now: int) -> int:
    """End the runs of a book whose process is gone: whoever holds the lease is the only one at work."""
    reasons = [_reason(RunReason(code=InconclusiveReason.RUN_KILLED))]
    cursor = await connection.execute(
        "UPDATE reconcile_runs SET state = 'failed', ended_at = %s, reasons = %s WHERE book = %s AND state = 'running'",
        (now, Jsonb(reasons), book),
    )
    return cursor.rowcount


async def read_run(connection: Connection, run_id: UUID) -> Run | None:
    cursor = await connection.execute(
        f"SELECT {_RUN} FROM reconcile_runs WHERE run_id = %s",  # noqa: S608
        (run_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def read_runs(
    connection: Connection, *, day: date | None, book: Book | None, before: UUID | None, most: int
) -> list[Run]:
    """Runs, newest first."""
    cursor = await connection.execute(
        f"SELECT {_RUN} FROM reconcile_runs WHERE (%(day)s::date IS NULL OR day = %(day)s)"  # noqa: S608
        " AND (%(book)s::text IS NULL OR book = %(book)s)"
        " AND (%(before)s::uuid IS NULL OR run_id < %(before)s) ORDER BY run_id DESC LIMIT %(most)s",
        {"day": day, "book": book, "before": before, "most": most},
    )
    return [_read(row) for row in await cursor.fetchall()]


async def latest_runs(connection: Connection, day: date) -> list[Run]:
    """The latest run of each book of a day."""
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (book) {_RUN} FROM reconcile_runs WHERE day = %s ORDER BY book, run_id DESC",  # noqa: S608
        (day,),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def runs_of_days(connection: Connection, *, first: date, last: date) -> list[Run]:
    """The latest run of each book on each of these days, newest day first."""
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (day, book) {_RUN} FROM reconcile_runs WHERE day >= %s AND day <= %s"  # noqa: S608
        " ORDER BY day DESC, book, run_id DESC",
        (first, last),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def closed_days(connection: Connection, *, first: date, last: date) -> list[ClosedDay]:
    """The closed ones of these days, newest first."""
    cursor = await connection.execute(
        "SELECT day, closed_at, closed_by, facts FROM reconcile_days WHERE day >= %s AND day <= %s ORDER BY day DESC",
        (first, last),
    )
    return [ClosedDay(day=row[0], closed_at=row[1], closed_by=row[2], facts=row[3]) for row in await cursor.fetchall()]


async def providers_paid(connection: Connection, *, begins: int, ends: int) -> list[str]:
    """The payment providers that orders were paid by in that time."""
    cursor = await connection.execute(
        "SELECT DISTINCT provider FROM orders WHERE paid_at >= %s AND paid_at < %s ORDER BY provider", (begins, ends)
    )
    return [row[0] for row in await cursor.fetchall()]


async def insert_day(connection: Connection, closed: ClosedDay) -> bool:
    """Close a day; False where it is closed."""
    cursor = await connection.execute(
        "INSERT INTO reconcile_days (day, closed_at, closed_by, facts) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (closed.day, closed.closed_at, closed.closed_by, Jsonb(dict(closed.facts))),
    )
    return cursor.rowcount == 1


async def read_day(connection: Connection, day: date) -> ClosedDay | None:
    cursor = await connection.execute(
        "SELECT day, closed_at, closed_by, facts FROM reconcile_days WHERE day = %s", (day,)
    )
    row = await cursor.fetchone()
    return None if row is None else ClosedDay(day=row[0], closed_at=row[1], closed_by=row[2], facts=row[3])


def _reason(one: RunReason) -> dict[str, Any]:
    return {
        "code": one.code.value,
        "source": one.source,
        "statement": None if one.statement_id is None else one.statement_id.hex,
        "detail": one.detail,
    }


def _read_reasons(found: Sequence[dict[str, Any]]) -> tuple[RunReason, ...]:
    return tuple(
        RunReason(
            code=InconclusiveReason(one["code"]), source=one["source"], detail=one["detail"],
            statement_id=None if one["statement"] is None else UUID(hex=one["statement"]),
        )
        for one in found
    )  # fmt: skip


def _read(row: tuple[Any, ...]) -> Run:
    return Run(
        run_id=row[0], day=row[1], book=Book(row[2]), begins=row[3], ends=row[4], engine=row[5], state=RunState(row[6]),
        started_at=row[7], started_by=row[8], ended_at=row[9], counts=row[10], reasons=_read_reasons(row[11]),
    )  # fmt: skip
