"""The SQL of imports that go on while nobody waits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from counterfoil.reconcile.import_jobs_model import DocumentOutcome, ImportedDocument, ImportJob, ImportState
from counterfoil.storage.database import Connection


async def insert_job(connection: Connection, job: ImportJob) -> None:
    await connection.execute(
        "INSERT INTO statement_imports (import_id, name, source, started_by, started_at, touched_at, state)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (job.import_id, job.name, job.source, job.started_by, job.started_at, job.touched_at, job.state),
    )


async def touch_job(
    connection: Connection, import_id: UUID, *, document: str | None, done: int, total: int, at: int
) -> None:
    """Say how far it is, and that somebody is at it still."""
    await connection.execute(
        "UPDATE statement_imports SET document = %s, done = %s, total = %s, touched_at = %s"
        " WHERE import_id = %s AND state = 'running'",
        (document, done, total, at, import_id),
    )


async def end_job(connection: Connection, job: ImportJob) -> None:
    await connection.execute(
        "UPDATE statement_imports SET state = %s, documents = %s, error = %s, touched_at = %s WHERE import_id = %s",
        (job.state, Jsonb([_written(one) for one in job.documents]), job.error, job.touched_at, job.import_id),
    )


async def read_job(connection: Connection, import_id: UUID) -> ImportJob | None:
    cursor = await connection.execute(
        "SELECT import_id, name, source, started_by, started_at, touched_at, document, done, total, state, documents, error"
        " FROM statement_imports WHERE import_id = %s",
        (import_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return ImportJob(
        import_id=row[0], name=row[1], source=row[2], started_by=row[3], started_at=row[4], touched_at=row[5],
        document=row[6], done=row[7], total=row[8], state=ImportState(row[9]),
        documents=tuple(_read(one) for one in row[10]), error=row[11],
    )  # fmt: skip


def _written(one: ImportedDocument) -> dict[str, Any]:
    return {
        "name": one.name, "outcome": one.outcome.value,
        "statement": None if one.statement_id is None else one.statement_id.hex, "lines": one.lines,
        "rejects": one.rejects, "totals_wrong": one.totals_wrong, "error": one.error,
    }  # fmt: skip


def _read(one: dict[str, Any]) -> ImportedDocument:
    return ImportedDocument(
        name=one["name"], outcome=DocumentOutcome(one["outcome"]),
        statement_id=None if one["statement"] is None else UUID(hex=one["statement"]), lines=one["lines"],
        rejects=one["rejects"], totals_wrong=one["totals_wrong"], error=one["error"],
    )  # fmt: skip
