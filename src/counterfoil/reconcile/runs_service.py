"""Use cases of runs: a day's books held against the other side, and the day closed.

A run reads, lets an engine match, and writes all that it has found in one transaction: whatever kills it leaves nothing
half done, and it can be started again. A lease keeps two from working at once.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window, from_datetime, read_time_zone, to_datetime, window_bounds
from counterfoil.observability import log
from counterfoil.reconcile import breaks_store, gather_store, matches_store, runs_rules, sources_store, statements_store
from counterfoil.reconcile import runs_store as store
from counterfoil.reconcile.breaks_rules import SOURCE_RULE, TOTAL_RULE, Sighting, carry_over, identity_of, total_breaks
from counterfoil.reconcile.desk_model import (
    Break,
    ClosedDay,
    InconclusiveReason,
    KeptStatement,
    Match,
    Run,
    RunReason,
    RunState,
    Source,
    SourceKind,
)
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.matching.upstream_rules import MARGIN
from counterfoil.reconcile.model import Book, FoundBreak, FoundMatch
from counterfoil.reconcile.owners import owner_of
from counterfoil.reconcile.people import check_person
from counterfoil.storage.database import Connection, Database
from counterfoil.storage.leases import hold_lease

if TYPE_CHECKING:
    # An engine takes seconds to load: nobody waits for it but who runs a day.
    from counterfoil.reconcile.engines import Engine

PAGE_MAX = 500
# A quarter at a glance.
BOARD_DAYS_MAX = 92
DUCKDB = "duckdb"
LEASE = "reconcile"
# The order in which the books of a day are held: what is small tells first.
BOOKS = (Book.PAYMENTS, Book.CODES, Book.CHARGES, Book.UPSTREAM)
_LARGE = frozenset({Book.CHARGES, Book.UPSTREAM})
# A day on which more does not match is not one for people: something is wrong with its rows, and is told in counts.
_BREAKS_MAX = 100_000


class Matcher(Protocol):
    """Holds one book of a day. `rows` are the tables that were gathered for it, by name."""

    def __call__(self, engine: Engine, rows: gather_store.Rows, terms: Terms) -> Outcome:
        """Raises `Unavailable` (`archive_missing`) where the day's calls were not archived."""


class Engines(Protocol):
    """The engines that match; `engines` fills it in."""

    def check(self, name: str) -> str:
        """The name of an engine; raises `InputError` (`engine_unreadable`)."""

    def connect(self, name: str) -> AbstractContextManager[Engine]:
        """Open an engine; raises `Unavailable` (`engine_missing`, `engine_unreachable`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """Where a run is: `gathering`, `matching` or `writing` a book, with the number of rows or breaks."""

    book: Book
    step: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDay:
    """A day on the board: the latest run of each book that was held, and who has closed the day."""

    day: date
    runs: Mapping[Book, Run]
    closed: ClosedDay | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """A day: the latest run of each book, what keeps it from being closed, and who has closed it."""

    day: date
    runs: Sequence[Run]
    obstacles: Sequence[RunReason]
    closed: ClosedDay | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What a run has read before its engine starts."""

    rows: gather_store.Rows
    standing: Sequence[Break]
    sources: Sequence[Source]
    coverage: runs_rules.Coverage
    totals: Sequence[FoundBreak]
    seen: Mapping[str, int]
    # What people have linked of these rows.
    links: Sequence[Match]


def _silent(_: RunProgress) -> None:
    """Nobody watches."""


class Runs:
    """Runs of days. A day is one of `time_zone`; `matchers` hold the books that this installation can hold."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        engines: Engines,
        matchers: Mapping[Book, Matcher],
        time_zone: str = "UTC",
    ) -> None:
        read_time_zone(time_zone)
        self._database = database
        self._clock = clock
        self._matchers = dict(matchers)
        self._time_zone = time_zone
        self._engines = engines

    def by_clock(self, clock: Clock) -> Runs:
        """The same by another clock: a day can be shown closed before it is over."""
        other = copy.copy(self)
        other._clock = clock
        return other

    @property
    def books(self) -> tuple[Book, ...]:
        """The books that can be held, in order."""
        return tuple(book for book in BOOKS if book in self._matchers)

    def bounds(self, day: date) -> tuple[int, int]:
        """When a day begins and ends (exclusive)."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=read_time_zone(self._time_zone))
        begins, ends = window_bounds(Window.DAY, from_datetime(noon), self._time_zone)
        assert ends is not None
        return begins, ends

    async def run(
        self,
        day: date,
        *,
        by: str,
        books: Sequence[Book] = (),
        engine: str = DUCKDB,
        progress: Callable[[RunProgress], None] = _silent,
    ) -> list[Run]:
        """Hold the books of a day (none named: all), one after another; again is as good as once.

        Raises `Conflict` (`run_in_progress`), `InputError` (`engine_unreadable`), `Unavailable` for an engine that is not
        there.
        """
        person, engine = check_person(by), self._engines.check(engine)
        wanted = [book for book in self.books if not books or book in books]
        if not wanted:
            raise InputError(field="book", expected=", ".join(self.books))
        async with hold_lease(self._database, name=LEASE, clock=self._clock) as lease:
            if lease is None:
                raise Conflict(code="run_in_progress")
            return [await self._run(day, book, engine=engine, by=person, progress=progress) for book in wanted]

    async def _run(
        self, day: date, book: Book, *, engine: str, by: str, progress: Callable[[RunProgress], None]
    ) -> Run:
        begins, ends = self.bounds(day)
        run = Run(
            run_id=self._clock.new_id(), day=day, book=book, begins=begins, ends=ends, engine=engine,
            state=RunState.RUNNING, started_at=self._clock.now(), started_by=by,
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            await store.end_killed_runs(connection, book, now=run.started_at)
            await store.insert_run(connection, run)
        try:
            progress(RunProgress(book=book, step="gathering", count=0))
            facts = await self._gather(run)
            progress(RunProgress(book=book, step="matching", count=sum(map(len, facts.rows.values()))))
            breaks, matches, counts, missing = await self._match(run, facts)
            progress(RunProgress(book=book, step="writing", count=len(breaks)))
            reasons = (*facts.coverage.reasons, *missing)
            ended = replace(
                run, state=RunState.INCONCLUSIVE if reasons else RunState.CLOSED, reasons=reasons, counts=counts
            )
            return await self._write(ended, facts, breaks, matches, looked=not missing)
        except BaseException as error:
            await self._give_up(run, error)
            raise

    async def _give_up(self, run: Run, error: BaseException) -> None:
        code = error.code if isinstance(error, CounterfoilError) else type(error).__name__
        reason = RunReason(code=InconclusiveReason.RUN_FAILED, detail=code)
        failed = replace(run, state=RunState.FAILED, ended_at=self._clock.now(), reasons=(reason,))
        log.error("reconcile_run_failed", run=show_id("run", run.run_id), book=run.book, reason=code)
        # Without this, the next run ends it.
        async with self._database.unit_of_work() as connection:
            await store.end_run(connection, failed)

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _gather(self, run: Run) -> _Facts:
        async with self._database.snapshot() as connection:
            sources = await sources_store.read_sources(connection)
            statements = await statements_store.statements_covering(connection, begins=run.begins, ends=run.ends)
            standing = await breaks_store.standing_breaks(connection, run.book)
            known = {one.name for one in sources if one.is_active}
            paid = await store.providers_paid(connection, begins=run.begins, ends=run.ends)
            coverage = runs_rules.cover(
                run.book, run.day, begins=run.begins, ends=run.ends, now=self._clock.now(), sources=sources,
                statements=statements, unknown_providers=[name for name in paid if name not in known],
            )  # fmt: skip
            rows = await self._rows(connection, run, standing)
            totals = await self._totals(connection, run, sources, statements)
            links = await self._links(connection, run, rows)
        seen = runs_rules.seen(run.book, sources, statements)
        return _Facts(
            rows=rows, standing=standing, sources=sources, coverage=coverage, totals=totals, seen=seen, links=links
        )

    async def _links(self, connection: Connection, run: Run, rows: gather_store.Rows) -> list[Match]:
        if run.book in _LARGE:
            return []
        found = await matches_store.standing_of_rows(connection, run.book, sorted(_row_names(rows)))
        return [match for _, match in found if match.made_by is not None]

    async def _rows(self, connection: Connection, run: Run, standing: Sequence[Break]) -> gather_store.Rows:
        still_open = sorted({row for one in standing for row in (*one.ours, *one.theirs, *one.alternatives)})
        match run.book:
            case Book.PAYMENTS:
                return await gather_store.payment_rows(
                    connection, begins=run.begins, ends=run.ends, still_open=still_open
                )
            case Book.CODES:
                return await gather_store.code_rows(connection, begins=run.begins, ends=run.ends, still_open=still_open)
            case Book.UPSTREAM:
                begins, ends = run.begins - MARGIN, run.ends + MARGIN
                return {"lines": await gather_store.upstream_lines(connection, begins=begins, ends=ends)}
            case Book.CHARGES:
                return {}

    async def _totals(
        self, connection: Connection, run: Run, sources: Sequence[Source], statements: Sequence[KeptStatement]
    ) -> list[FoundBreak]:
        """The totals that do not hold, of the statements of this book."""
        upstreams = {one.name for one in sources if one.what is SourceKind.UPSTREAM}
        found: list[FoundBreak] = []
        for one in statements:
            if one.totals_wrong and run.book is (Book.UPSTREAM if one.source in upstreams else Book.PAYMENTS):
                totals = await statements_store.read_totals(connection, one.statement_id)
                found += total_breaks(one, totals, book=run.book)
        return found

    async def _match(
        self, run: Run, facts: _Facts
    ) -> tuple[list[FoundBreak], list[FoundMatch], dict[str, int], tuple[RunReason, ...]]:
        """What the engine has found; off the event loop, so that the lease is renewed meanwhile."""
        terms = runs_rules.terms_of(
            facts.sources, facts.coverage.here, begins=run.begins, ends=run.ends, now=self._clock.now()
        )
        matcher, rows = self._matchers[run.book], runs_rules.apply_links(facts.rows, facts.links)

        def work() -> tuple[list[FoundBreak], list[FoundMatch], dict[str, int]]:
            with self._engines.connect(run.engine) as engine:
                outcome = matcher(engine, rows, terms)
                # Read while the engine is open: large results stay in it.
                breaks = [one for one, _ in zip(outcome.breaks, range(_BREAKS_MAX), strict=False)]
                breaks = [one for one in breaks if not runs_rules.is_linked(one, facts.links)]
                return breaks, list(outcome.matches), dict(outcome.counts)

        try:
            breaks, matches, counts = await asyncio.to_thread(work)
        except Unavailable as error:
            if error.code != InconclusiveReason.ARCHIVE_MISSING:
                raise
            return [], [], {}, (RunReason(code=InconclusiveReason.ARCHIVE_MISSING),)
        return breaks, matches, counts, ()

    # -- writing -----------------------------------------------------------------------------------------------------

    async def _write(
        self,
        run: Run,
        facts: _Facts,
        breaks: Sequence[FoundBreak],
        matches: Sequence[FoundMatch],
        *,
        looked: bool,
    ) -> Run:
        """Everything that was found, together with the run's end. `looked` is False where the book was not held at all."""
        found = [*breaks, *facts.coverage.breaks, *facts.totals]
        sighting = Sighting(
            day=run.day, now=self._clock.now(), run_id=run.run_id, found=found,
            covers=_covers(run, facts, looked=looked), matched=_partners(matches),
        )  # fmt: skip
        async with self._database.unit_of_work() as connection:
            # Breaks first and in the order of their ids, as everybody locks them.
            known = await breaks_store.lock_for_run(connection, run.book, [identity_of(one) for one in found])
            steps = carry_over(known, sighting, owner_of=owner_of, new_id=self._clock.new_id)
            kept = await self._write_matches(connection, run, facts, matches) if looked else {}
            counts = {
                **run.counts,
                **kept,
                **facts.seen,
                "breaks": len({identity_of(one) for one in found}),
                "breaks_new": sum(step.is_new for step in steps),
                "breaks_closed": sum(not step.is_new and not step.after.state.is_standing and step.event is not None
                                     for step in steps),
            }  # fmt: skip
            ended = replace(run, ended_at=self._clock.now(), counts=counts)
            if not await store.end_run(connection, ended):
                raise Unavailable(code="lease_lost", lease=LEASE)
            await breaks_store.write_steps(connection, steps)
        log.info(
            "reconcile_run_ended", run=show_id("run", run.run_id), book=run.book, state=ended.state,
            breaks=counts["breaks"],
        )  # fmt: skip
        return ended

    async def _write_matches(
        self, connection: Connection, run: Run, facts: _Facts, matches: Sequence[FoundMatch]
    ) -> dict[str, int]:
        if run.book in _LARGE:
            return {}
        looked_at = _row_names(facts.rows)
        rows = looked_at | {row for one in matches for row in (*one.ours, *one.theirs)}
        standing = await matches_store.standing_of_rows(connection, run.book, sorted(rows))
        changes = runs_rules.change_matches(standing, matches, looked_at=looked_at)
        await matches_store.end_matches(connection, changes.ended, at=self._clock.now(), by=show_id("run", run.run_id))
        made = [(identity, self._made(run, one)) for identity, one in changes.new]
        about = {match.match_id: runs_rules.about_of(match.rule) for _, match in made}
        await matches_store.insert_matches(connection, made, about=about)
        return {
            "matches": sum(not one.is_suggested for one in matches),
            "suggestions": sum(one.is_suggested for one in matches),
        }

    def _made(self, run: Run, found: FoundMatch) -> Match:
        return Match(
            match_id=self._clock.new_id(), book=run.book, rule=found.rule, rule_version=found.rule_version,
            ours=found.ours, theirs=found.theirs, currency=found.currency, variance=found.variance,
            is_suggested=found.is_suggested, run_id=run.run_id, made_by=None, made_at=self._clock.now(),
        )  # fmt: skip

    # -- what there is -----------------------------------------------------------------------------------------------

    async def find(self, run_id: UUID) -> Run:
        """The run of that id; raises `NotFound` (`run_not_found`)."""
        async with self._database.reading() as connection:
            run = await store.read_run(connection, run_id)
        if run is None:
            raise NotFound(code="run_not_found", run=show_id("run", run_id))
        return run

    async def list(
        self, *, day: date | None = None, book: Book | None = None, before: UUID | None = None, most: int = 50
    ) -> list[Run]:
        """Runs, newest first."""
        async with self._database.reading() as connection:
            return await store.read_runs(connection, day=day, book=book, before=before, most=min(most, PAGE_MAX + 1))

    async def board(self, *, last: date, days: int = 14) -> Sequence[BoardDay]:
        """Days up to one, newest first, each with the latest run of its books; also those that nobody has held."""
        days = max(1, min(days, BOARD_DAYS_MAX))
        first = last - timedelta(days=days - 1)
        async with self._database.reading() as connection:
            runs = await store.runs_of_days(connection, first=first, last=last)
            closed = {one.day: one for one in await store.closed_days(connection, first=first, last=last)}
        held: dict[date, dict[Book, Run]] = {}
        for run in runs:
            held.setdefault(run.day, {})[run.book] = run
        return [
            BoardDay(day=day, runs=held.get(day, {}), closed=closed.get(day))
            for day in (last - timedelta(days=back) for back in range(days))
        ]

    def day_of(self, at: int) -> date:
        """The day that a time falls on."""
        return to_datetime(at).astimezone(read_time_zone(self._time_zone)).date()

    async def day(self, day: date) -> DayView:
        """How a day stands."""
        async with self._database.reading() as connection:
            return await self._day(connection, day)

    async def close_day(self, day: date, *, by: str) -> DayView:
        """Close a day; the same again changes nothing. Breaks that stand keep their owners and carry over.

        Raises `Conflict` (`day_not_closable`) with what keeps it open.
        """
        person = check_person(by)
        async with self._database.unit_of_work() as connection:
            view = await self._day(connection, day)
            if view.closed is not None:
                return view
            if view.obstacles:
                told = [_told(one) for one in view.obstacles]
                raise Conflict(code="day_not_closable", day=day.isoformat(), reasons=told[:20])
            standing = await breaks_store.count_standing(connection)
            facts = {
                "runs": {run.book.value: show_id("run", run.run_id) for run in view.runs},
                "breaks": {f"{book}.{name}": count for book, name, _, count, _ in standing},
            }
            closed = ClosedDay(day=day, closed_at=self._clock.now(), closed_by=person, facts=facts)
            await store.insert_day(connection, closed)
            return replace(view, closed=await store.read_day(connection, day))

    async def _day(self, connection: Connection, day: date) -> DayView:
        runs = {run.book: run for run in await store.latest_runs(connection, day)}
        begins, ends = self.bounds(day)
        sources = await sources_store.read_sources(connection)
        statements = await statements_store.statements_covering(connection, begins=begins, ends=ends)
        obstacles: list[RunReason] = []
        for book in self.books:
            run = runs.get(book)
            if run is None:
                obstacles.append(RunReason(code=InconclusiveReason.BOOK_NOT_RUN, book=book))
            elif run.state is RunState.RUNNING:
                obstacles.append(RunReason(code=InconclusiveReason.BOOK_RUNNING, book=book))
            else:
                obstacles += [replace(one, book=book) for one in run.reasons]
                seen = runs_rules.seen(book, sources, statements)
                if run.state is not RunState.FAILED and any(
                    run.counts.get(name) != count for name, count in seen.items()
                ):
                    obstacles.append(RunReason(code=InconclusiveReason.STATEMENT_SINCE, book=book))
        closed = await store.read_day(connection, day)
        ordered = [runs[book] for book in self.books if book in runs]
        return DayView(day=day, runs=ordered, obstacles=obstacles, closed=closed)


def _told(obstacle: RunReason) -> str:
    return " ".join(part for part in (obstacle.book, obstacle.code.value, obstacle.source, obstacle.detail) if part)


def _row_names(rows: gather_store.Rows) -> frozenset[str]:
    """The rows that were looked at, by the names that matches and breaks give them."""
    return frozenset(
        f"{name}:{row[column]}"
        for table, (name, column) in runs_rules.ROW_NAMES.items()
        if table in rows
        for row in rows[table]
    )


def _partners(matches: Sequence[FoundMatch]) -> dict[str, tuple[str, ...]]:
    """Each matched row with the rows that it is matched with."""
    found: dict[str, tuple[str, ...]] = {}
    for one in matches:
        if not one.is_suggested:
            for row in one.ours:
                found[row] = (*found.get(row, ()), *one.theirs)
            for row in one.theirs:
                found[row] = (*found.get(row, ()), *one.ours)
    return found


def _covers(run: Run, facts: _Facts, *, looked: bool) -> Callable[[Break], bool]:
    """Whether a standing break would have been found again by this run if it still were one."""
    looked_at = _row_names(facts.rows) if looked else frozenset()

    def covers(one: Break) -> bool:
        if one.rule == SOURCE_RULE:
            return one.theirs == (f"source:{one.source}:{run.day.isoformat()}",)
        # A total is seen to by setting its statement aside.
        if not looked or one.rule == TOTAL_RULE:
            return False
        if one.source is not None and one.source not in facts.coverage.here:
            # Its statement is not here, so nothing of it was held.
            return False
        if run.book in _LARGE:
            return one.last_day == run.day
        return bool(one.rows) and one.rows <= looked_at

    return covers
