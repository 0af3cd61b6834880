"""Long work of reconciliation that nobody waits for: imports of files and runs of days, for doors that answer at once.

What was begun goes on in this process; how far it is stands in the database, so that any process can tell. A process that
dies leaves nothing half done: an import and a run are one transaction each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import psycopg

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import CounterfoilError, NotFound, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.observability import log
from counterfoil.reconcile import import_jobs_store as store
from counterfoil.reconcile.import_jobs_model import DocumentOutcome, ImportedDocument, ImportJob, ImportState
from counterfoil.reconcile.imports import Imported, Imports, Progress
from counterfoil.reconcile.keeping import keep_name
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.people import check_person
from counterfoil.reconcile.runs_service import DUCKDB, Runs
from counterfoil.storage.database import Database

# What ends within it is answered with its result; longer work is looked up.
PATIENCE_SECONDS = 2.0
_TOUCH_SECONDS = 1.0
# Three missed touches and some slack: the process is gone, or so busy that its lease is as well.
_LOST_MICROS = 60 * MICROS_PER_SECOND


class Background:
    """Begins imports and runs, and knows how far they are."""

    def __init__(self, database: Database, *, clock: Clock, imports: Imports, runs: Runs) -> None:
        self._database = database
        self._clock = clock
        self._imports = imports
        self._runs = runs
        # The event loop itself holds tasks only weakly.
        self._tasks: set[asyncio.Task[Any]] = set()

    async def import_file(self, *, name: str, content: bytes, by: str, source: str | None = None) -> UUID:
        """Begin to import a file; gives the import's id, to ask about it. Raises `InputError`."""
        now = self._clock.now()
        job = ImportJob(
            import_id=self._clock.new_id(), name=keep_name(name), source=source, started_by=check_person(by),
            started_at=now, touched_at=now,
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            await store.insert_job(connection, job)
        task = self._begin(self._import(job, name=name, content=content))
        await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        return job.import_id

    async def run_day(self, day: date, *, by: str, books: Sequence[Book] = (), engine: str = DUCKDB) -> bool:
        """Begin to hold a day's books; whether they were held already when this answers.

        Raises what `Runs.run` raises at its beginning: `Conflict` (`run_in_progress`), `InputError`, `Unavailable`.
        """
        task = self._begin(self._runs.run(day, by=by, books=books, engine=engine))
        done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        if done:
            task.result()
        return bool(done)

    async def find_import(self, import_id: UUID) -> ImportJob:
        """How far an import is; raises `NotFound`."""
        async with self._database.reading() as connection:
            job = await store.read_job(connection, import_id)
        if job is None:
            raise NotFound(what="import", id=show_id("import", import_id))
        if job.state is ImportState.RUNNING and job.touched_at < self._clock.now() - _LOST_MICROS:
            return replace(job, state=ImportState.LOST)
        return job

    async def finish(self) -> None:
        """Wait until all that was begun here has ended."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    def _begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()
            log.warning("background_work_failed", reason=getattr(error, "code", type(error).__name__))

    async def _import(self, job: ImportJob, *, name: str, content: bytes) -> None:
        seen = Progress(name=job.name, done=0, total=0)

        def note(progress: Progress) -> None:
            nonlocal seen
            seen = progress

        async def touch() -> None:
            while True:
                await asyncio.sleep(_TOUCH_SECONDS)
                with suppress(Unavailable, psycopg.Error):
                    async with self._database.unit_of_work() as connection:
                        await store.touch_job(
                            connection, job.import_id, document=seen.name, done=seen.done, total=seen.total,
                            at=self._clock.now(),
                        )  # fmt: skip

        touching = asyncio.create_task(touch())
        ended = replace(job, state=ImportState.FAILED, error="internal_error")
        try:
            found = await self._imports.import_file(
                name=name, content=content, by=job.started_by, source=job.source, progress=note
            )
            ended = replace(job, state=ImportState.ENDED, documents=tuple(_document(one) for one in found))
        except CounterfoilError as error:
            ended = replace(job, state=ImportState.FAILED, error=error.code)
        finally:
            touching.cancel()
            async with self._database.unit_of_work() as connection:
                await store.end_job(connection, replace(ended, touched_at=self._clock.now()))


def _document(one: Imported) -> ImportedDocument:
    if one.error is not None:
        return ImportedDocument(name=one.name, outcome=DocumentOutcome.NOT_IMPORTED, error=one.error.code)
    outcome = DocumentOutcome.IMPORTED
    if one.is_companion:
        outcome = DocumentOutcome.COMPANION
    elif one.was_known:
        outcome = DocumentOutcome.KNOWN
    statement = one.statement
    return ImportedDocument(
        name=one.name, outcome=outcome, statement_id=None if statement is None else statement.statement_id,
        lines=0 if statement is None else statement.lines, rejects=len(one.rejects),
        totals_wrong=sum(each.stated != each.found for each in one.totals),
    )  # fmt: skip
