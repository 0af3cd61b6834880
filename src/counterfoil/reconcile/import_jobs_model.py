"""Imports that go on while nobody waits, as they are kept. Nothing here does I/O. Times are UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ImportState(StrEnum):
    """Where an import is. `lost`: the process that was at it is gone; nothing half done is left of it."""

    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"
    LOST = "lost"


class DocumentOutcome(StrEnum):
    """What came of one document of a file."""

    IMPORTED = "imported"
    KNOWN = "known"
    COMPANION = "companion"
    NOT_IMPORTED = "not_imported"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedDocument:
    """One document: its statement, or the code of the error for which nothing of it is kept."""

    name: str
    outcome: DocumentOutcome
    statement_id: UUID | None = None
    lines: int = 0
    rejects: int = 0
    totals_wrong: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJob:
    """One file that somebody has handed over. `done` and `total` are lines of the document that is being read."""

    import_id: UUID
    name: str
    source: str | None
    started_by: str
    started_at: int
    touched_at: int
    document: str | None = None
    done: int = 0
    total: int = 0
    state: ImportState = ImportState.RUNNING
    documents: tuple[ImportedDocument, ...] = ()
    error: str | None = None
