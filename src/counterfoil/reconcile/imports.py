"""Use cases of statements: files are read, whole or with what is wrong with them said, and kept once.

A file is one transaction: whatever kills the process leaves all of its lines, or none.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, CounterfoilError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window, to_datetime, window_bounds
from counterfoil.observability import log
from counterfoil.recharge.numbers import Numbers, mask_payer
from counterfoil.reconcile import breaks_store, sources_store
from counterfoil.reconcile import statements_store as store
from counterfoil.reconcile.breaks_rules import Sighting, carry_over, identity_of, total_breaks
from counterfoil.reconcile.desk_model import (
    Break,
    KeptLine,
    KeptReject,
    KeptStatement,
    KeptTotal,
    Source,
    SourceKind,
)
from counterfoil.reconcile.keeping import Keeper, content_of, keep_name, keep_reject, keep_total, reference_in
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.owners import owner_of
from counterfoil.reconcile.people import check_person, check_reason
from counterfoil.reconcile.sources_service import owner_hash
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Importer, Reading
from counterfoil.reconcile.statements.model import Line, Statement
from counterfoil.storage.database import Connection, Database

PAGE_MAX = 500
# Rows looked up and copied at a time; a person sees it move, and memory stays small.
_CHUNK = 5_000
_UTC = "UTC"
# What comes beside statements in one archive and repeats their sums: it has no lines of its own.
_COMPANIONS = frozenset({"alipay_summary"})


class Reader(Protocol):
    """All importers, and how a file is taken apart; `statements` fills it in."""

    def open(self, *, name: str, content: bytes) -> Sequence[Document]:
        """A file's documents: itself, an archive's members or a workbook's sheets; raises `StatementUnreadable`."""

    def identify(self, document: Document) -> Importer:
        """The one importer that knows a document; raises `StatementUnreadable`."""

    def find(self, name: str) -> Importer | None:
        """The importer of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the import of one document is."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of one document: a statement, new or known already, or the error for which nothing of it is kept.

    `lines_known` were there already, word for word.
    """

    name: str
    statement: KeptStatement | None = None
    was_known: bool = False
    # It repeats the sums of what it came with, and has no lines of its own.
    is_companion: bool = False
    lines_known: int = 0
    rejects: Sequence[KeptReject] = ()
    totals: Sequence[KeptTotal] = ()
    error: CounterfoilError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementView:
    """A statement with what is wrong with it."""

    statement: KeptStatement
    rejects: Sequence[KeptReject]
    totals: Sequence[KeptTotal]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A document to import; `name` is what may be kept of its own."""

    document: Document
    name: str
    file_hash: bytes
    by: str
    progress: Callable[[Progress], None]


@dataclass(slots=True)
class _Counts:
    new: int = 0
    changed: int = 0
    known: int = 0
    keys: set[bytes] = field(default_factory=set)


def _silent(_: Progress) -> None:
    """Nobody watches."""


class Imports:
    """Imports statements. `numbers` hashes what channels call payments as it does for orders."""

    def __init__(self, database: Database, *, clock: Clock, numbers: Numbers, reader: Reader) -> None:
        self._database = database
        self._clock = clock
        self._numbers = numbers
        self._reader = reader

    async def import_file(
        self,
        *,
        name: str,
        content: bytes,
        by: str,
        source: str | None = None,
        progress: Callable[[Progress], None] = _silent,
    ) -> list[Imported]:
        """Import whatever statements a file holds; a document that cannot be read says why and stops no other.

        `source` names whose they are; without it, the importer must be one source's alone. Raises `InputError` for a
        file that cannot be taken apart, `NotFound` for a source that does not exist.
        """
        by = check_person(by)
        sources = await self._sources()
        if source is not None and source not in {one.name for one in sources}:
            raise NotFound(code="source_not_found", source=source[:60])
        found = []
        # Off the event loop: a large file takes its time, and a serving process has others to answer.
        documents = await asyncio.to_thread(self._reader.open, name=name, content=content)
        alone = len(documents) == 1
        for document, file_hash in zip(documents, _hashes(documents), strict=True):
            shown = keep_name(document.name)
            given = _Given(document=document, name=shown, file_hash=file_hash, by=by, progress=progress)
            try:
                if not alone and self._reader.identify(document).name in _COMPANIONS:
                    found.append(Imported(name=shown, is_companion=True))
                    continue
                found.append(await self._import(given, sources, source))
            except CounterfoilError as error:
                log.warning("statement_not_imported", reason=error.code)
                found.append(Imported(name=shown, error=error))
        return found

    async def _sources(self) -> list[Source]:
        async with self._database.reading() as connection:
            return [one for one in await sources_store.read_sources(connection) if one.is_active]

    async def _import(self, given: _Given, sources: Sequence[Source], source: str | None) -> Imported:
        chosen, importer = await asyncio.to_thread(self._choose, given.document, sources, source)
        shown, file_hash = given.name, given.file_hash
        async with self._database.reading() as connection:
            known = await store.find_statement(
                connection, source=chosen.name, file_hash=file_hash, importer=importer.name, version=importer.version
            )
            elsewhere = [one for one in await store.sources_of_file(connection, file_hash) if one != chosen.name]
        if known is not None:
            return await self._known(known, shown)
        if elsewhere:
            raise Conflict(code="statement_of_another_source", source=elsewhere[0], asked=chosen.name)
        given.progress(Progress(name=shown, done=0, total=0))
        statement = await asyncio.to_thread(importer.extract, given.document, chosen.reading)
        self._check_owner(statement, chosen)
        kept = self._kept(statement, chosen, given)
        rejects = [keep_reject(place, one) for place, one in enumerate(statement.rejects, start=1)]
        totals = [keep_total(place, one) for place, one in enumerate(statement.totals, start=1)]
        lines_known = 0
        async with self._database.unit_of_work() as connection:
            # One import of a source at a time: two that bring the same line would else both call it new.
            await sources_store.lock_source(connection, chosen.name)
            again = await store.find_statement(
                connection, source=chosen.name, file_hash=file_hash, importer=importer.name, version=importer.version
            )
            if again is None:
                keeper = Keeper(self._numbers, source=chosen.name, importer=importer.name)
                kept, lines_known = await self._write(
                    connection, kept, statement, keeper, rejects, totals, given.progress
                )
                await self._break_totals(connection, kept, totals, what=chosen.what)
        if again is not None:
            return await self._known(again, shown)
        log.info(
            "statement_imported", statement=show_id("statement", kept.statement_id), source=chosen.name,
            importer=importer.name, lines=kept.lines, rejects=kept.rejects,
        )  # fmt: skip
        return Imported(name=shown, statement=kept, lines_known=lines_known, rejects=rejects, totals=totals)

    def _choose(self, document: Document, sources: Sequence[Source], name: str | None) -> tuple[Source, Importer]:
        """Whose file it is and who reads it."""
        named = next((one for one in sources if one.name == name), None)
        if named is not None and named.reading.columns and len(named.importers) == 1:
            # Columns of their own are told by nobody but the source.
            importer = self._reader.find(named.importers[0])
            if importer is not None:
                return named, importer
        importer = self._reader.identify(document)
        if named is not None:
            if named.importers and importer.name not in named.importers:
                raise Conflict(code="statement_of_another_kind", importer=importer.name, source=named.name)
            return named, importer
        fitting = [one for one in sources if importer.name in one.importers]
        if not fitting:
            raise NotFound(code="statement_source_unknown", importer=importer.name)
        if len(fitting) > 1:
            names = ", ".join(one.name for one in fitting)
            raise Conflict(code="statement_source_ambiguous", importer=importer.name, sources=names)
        return fitting[0], importer

    def _check_owner(self, statement: Statement, source: Source) -> None:
        """Raises `Conflict` (`statement_of_another_owner`) where the file names another merchant than the source's."""
        if source.owner_hash is None or statement.owner is None:
            return
        if owner_hash(self._numbers, statement.owner) != source.owner_hash:
            found = mask_payer(statement.owner)
            raise Conflict(code="statement_of_another_owner", source=source.name, owner=source.owner_mask, found=found)

    async def _known(self, known: KeptStatement, shown: str) -> Imported:
        view = await self.find(known.statement_id)
        return Imported(
            name=shown,
            statement=known,
            was_known=True,
            lines_known=known.lines,
            rejects=view.rejects,
            totals=view.totals,
        )

    def _kept(self, statement: Statement, source: Source, given: _Given) -> KeptStatement:
        begins, ends, is_stated = _period(statement, source.reading)
        return KeptStatement(
            statement_id=self._clock.new_id(), source=source.name, file_hash=given.file_hash, importer=statement.importer,
            importer_version=statement.version, name=given.name, begins=begins, ends=ends, period_is_stated=is_stated,
            is_truncated=statement.is_truncated, lines=len(statement.lines), lines_new=0, lines_changed=0,
            rejects=len(statement.rejects), totals=len(statement.totals),
            totals_wrong=sum(not one.holds for one in statement.totals), imported_at=self._clock.now(), imported_by=given.by,
        )  # fmt: skip

    async def _write(
        self,
        connection: Connection,
        kept: KeptStatement,
        statement: Statement,
        keeper: Keeper,
        rejects: Sequence[KeptReject],
        totals: Sequence[KeptTotal],
        progress: Callable[[Progress], None],
    ) -> tuple[KeptStatement, int]:
        """The statement with its counts, which are known when its lines have been looked up, and how many were known."""
        counts = _Counts()
        for start in range(0, len(statement.lines), _CHUNK):
            chunk = statement.lines[start : start + _CHUNK]
            await store.copy_lines(connection, await self._fresh(connection, kept, keeper, chunk, counts))
            progress(Progress(name=kept.name, done=start + len(chunk), total=len(statement.lines)))
        kept = replace(kept, lines_new=counts.new, lines_changed=counts.changed)
        await store.insert_statement(connection, kept)
        await store.insert_rejects(connection, kept.statement_id, rejects)
        await store.insert_totals(connection, kept.statement_id, totals)
        return kept, counts.known

    async def _fresh(
        self, connection: Connection, kept: KeptStatement, keeper: Keeper, chunk: Sequence[Line], counts: _Counts
    ) -> list[KeptLine]:
        """Of these lines those that nobody has told before, or otherwise."""
        keys = [keeper.natural_key(line) for line in chunk]
        known = await store.known_lines(connection, source=kept.source, natural_keys=keys)
        references = {reference for line in chunk if (reference := reference_in(line)) is not None}
        orders = await store.orders_by_reference(connection, sorted(references)) if references else {}
        fresh = []
        for key, line in zip(keys, chunk, strict=True):
            if key in counts.keys:
                # An importer rejects what stands twice in its file; two kinds of line may still share a key by mistake.
                raise Conflict(code="statement_line_twice", line=line.number)
            counts.keys.add(key)
            there = known.get(key)
            if there is None:
                counts.new += 1
                line_id, revision = self._clock.new_id(), 1
            elif there[2] == content_of(line):
                counts.known += 1
                continue
            else:
                counts.changed += 1
                line_id, revision = there[0], there[1] + 1
            fresh.append(
                keeper.keep(line, line_id=line_id, revision=revision, statement_id=kept.statement_id, orders=orders)
            )
        return fresh

    async def _break_totals(
        self, connection: Connection, kept: KeptStatement, totals: Sequence[KeptTotal], *, what: SourceKind
    ) -> None:
        book = Book.UPSTREAM if what is SourceKind.UPSTREAM else Book.PAYMENTS
        found = total_breaks(kept, totals, book=book)
        if found:
            day = to_datetime(kept.begins or kept.imported_at).date()
            sighting = Sighting(
                day=day, now=self._clock.now(), run_id=None, found=found, covers=lambda _: False,
            )  # fmt: skip
            known = await breaks_store.lock_for_run(connection, book, [identity_of(one) for one in found])
            steps = carry_over(known, sighting, owner_of=owner_of, new_id=self._clock.new_id)
            await breaks_store.write_steps(connection, steps)

    # -- what was imported -------------------------------------------------------------------------------------------

    async def find(self, statement_id: UUID) -> StatementView:
        """A statement with its rejects and totals; raises `NotFound`."""
        async with self._database.reading() as connection:
            statement = await store.read_statement(connection, statement_id)
            if statement is None:
                raise _no_statement(statement_id)
            rejects = await store.read_rejects(connection, statement_id, most=PAGE_MAX)
            totals = await store.read_totals(connection, statement_id)
        return StatementView(statement=statement, rejects=rejects, totals=totals)

    async def list(
        self, *, source: str | None = None, faulty: bool = False, before: UUID | None = None, most: int = 50
    ) -> list[KeptStatement]:
        """Statements, newest first; `faulty` only those that keep a day from being conclusive."""
        async with self._database.reading() as connection:
            return await store.read_statements(
                connection, source=source, faulty=faulty, before=before, most=min(most, PAGE_MAX + 1)
            )

    async def latest(self) -> dict[str, KeptStatement]:
        """The last statement that came, by source."""
        async with self._database.reading() as connection:
            return {one.source: one for one in await store.latest_statements(connection)}

    async def lines(self, line_ids: Sequence[UUID]) -> Sequence[KeptLine]:
        """These lines as they are told now."""
        async with self._database.reading() as connection:
            return await store.read_lines(connection, line_ids)

    async def lines_of(self, statement_id: UUID, *, after: int = 0, most: int = 100) -> Sequence[KeptLine]:
        """Lines that a statement has brought, by their numbers from `after` on."""
        async with self._database.reading() as connection:
            return await store.lines_of_statement(connection, statement_id, after=after, most=min(most, PAGE_MAX + 1))

    async def set_aside(self, statement_id: UUID, *, by: str, reason: str) -> KeptStatement:
        """Say that what is wrong with a statement has been seen to: it no longer makes a day inconclusive.

        Its lines stay. Raises `NotFound`, `Conflict` (`statement_set_aside`).
        """
        person, why, now = check_person(by), check_reason(reason), self._clock.now()
        async with self._database.unit_of_work() as connection:
            statement = await store.lock_statement(connection, statement_id)
            if statement is None:
                raise _no_statement(statement_id)
            if statement.set_aside_at is not None:
                raise Conflict(
                    code="statement_set_aside", statement=show_id("statement", statement_id), by=statement.set_aside_by
                )
            await store.set_aside(connection, statement_id, at=now, by=person, reason=why)
            await self._close_totals(connection, statement, now=now)
        return replace(statement, set_aside_at=now, set_aside_by=person, set_aside_reason=why)

    async def _close_totals(self, connection: Connection, statement: KeptStatement, *, now: int) -> None:
        totals = await store.read_totals(connection, statement.statement_id)
        rows = {row for book in Book for one in total_breaks(statement, totals, book=book) for row in one.theirs}

        def covers(one: Break) -> bool:
            return bool(one.rows) and one.rows <= rows

        for book in (Book.PAYMENTS, Book.UPSTREAM):
            known = await breaks_store.lock_standing_of_rows(connection, book, sorted(rows))
            if known:
                sighting = Sighting(day=known[0].last_day, now=now, run_id=None, found=(), covers=covers)
                steps = carry_over(known, sighting, owner_of=owner_of, new_id=self._clock.new_id)
                await breaks_store.write_steps(connection, steps)


def _no_statement(statement_id: UUID) -> NotFound:
    return NotFound(code="statement_not_found", statement=show_id("statement", statement_id))


def _hashes(documents: Sequence[Document]) -> list[bytes]:
    """SHA-256 of each document; where several sheets share a workbook, each is told by its place as well."""
    shared = Counter(document.digest for document in documents)
    return [
        document.digest
        if shared[document.digest] == 1
        else hashlib.sha256(document.digest + place.to_bytes(4, "big")).digest()
        for place, document in enumerate(documents)
    ]


def _period(statement: Statement, reading: Reading) -> tuple[int | None, int | None, bool]:
    """What a statement covers: as it says, or else the whole days (of its own zone) from its first line to its last."""
    if statement.begins is not None and statement.ends is not None and statement.begins < statement.ends:
        return statement.begins, statement.ends, True
    ends = [line.at if line.use is None else max(line.at, line.use.ends_at - 1) for line in statement.lines]
    if not ends:
        return statement.begins, statement.ends, False
    zone = reading.time_zone or _UTC
    first, _ = window_bounds(Window.DAY, min(line.at for line in statement.lines), zone)
    _, last = window_bounds(Window.DAY, max(ends), zone)
    return first, last, False
