"""Reconciliation at a glance: every day's books, whether they were conclusive, and what does not match by class."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from starlette.responses import Response

from counterfoil.console.desk import did
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Count, Id, Instant, Link, Mark, Table
from counterfoil.console.visits import View, Visit, with_query
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.reconcile.breaks_service import StandingCount
from counterfoil.reconcile.desk_model import Run, RunReason, RunState
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.runs_service import BoardDay
from counterfoil.reconcile.shown import read_day

pages = Pages()
_READ = Need(staff=Staff.RECONCILE_READ)
_WRITE = Need(staff=Staff.RECONCILE_WRITE)
_DAYS = 14
_TONES = {"closed": "good", "inconclusive": "warn", "failed": "bad", "running": "info"}
# Where a run's numbers are told best first; whatever else it has counted follows by its name.
_COUNTS = ("breaks", "breaks_new", "breaks_closed", "matches", "suggestions", "statements", "statements_set_aside")
_WRITTEN_OFF_MICROS = 30 * 86_400 * 1_000_000


@pages.get("/reconcile", need=_READ)
async def reconcile(visit: Visit) -> View:
    desk = visit.services.reconcile
    last = read_day(visit.asked("last")) if visit.asked("last") else desk.runs.day_of(visit.now)
    board = await desk.runs.board(last=last, days=_DAYS)
    counts = await desk.breaks.counts()
    running = any(run.state is RunState.RUNNING for day in board for run in day.runs.values())
    return View(
        template="reconcile.html",
        title="page_reconcile",
        values={
            "standing": sum(one.count for one in counts),
            "oldest": min((one.oldest.isoformat() for one in counts), default=None),
            "unclosed": sum(one.closed is None for one in board[1:]),
            "inconclusive": sum(run.state is RunState.INCONCLUSIVE for day in board for run in day.runs.values()),
            "yesterday": (desk.runs.day_of(visit.now) - timedelta(days=1)).isoformat(),
            "books": [(book.value, visit.w.label("book", book)) for book in desk.runs.books],
            "may_write": visit.may(staff=Staff.RECONCILE_WRITE),
        },
        tables=(_board_table(visit, board, live=running), _classes_table(visit, counts), await _written_off(visit)),
    )  # fmt: skip


def _board_table(visit: Visit, board: Sequence[BoardDay], *, live: bool) -> Table:
    books = visit.services.reconcile.runs.books
    return Table(
        name="days",
        caption="reconcile_days",
        columns=(Column(code="rec_day"), *(Column(code=f"rec_book_{book}") for book in books), Column(code="rec_closed")),
        rows=[
            (
                Link(one.day.isoformat(), visit.staff_link("/reconcile/close", day=one.day.isoformat())),
                *(_run_cell(visit, one.runs.get(book)) for book in books),
                Mark(visit.w.word("rec_day_closed"), "good", hint=visit.shown.time(one.closed.closed_at), below=one.closed.closed_by)
                if one.closed is not None else Mark(visit.w.word("rec_day_open"), "quiet"),
            )
            for one in board
        ],
        more=visit.here(last=(board[-1].day - timedelta(days=1)).isoformat()) if board else None,
        live=live,
    )  # fmt: skip


def _run_cell(visit: Visit, run: Run | None) -> Cell:
    if run is None:
        return None
    found = run.counts.get("breaks", 0)
    below = visit.w.word("rec_breaks_count", count=visit.shown.count(found)) if found else ""
    return run_mark(visit, run, href=run_address(visit, run), below=below)


def run_mark(visit: Visit, run: Run, *, href: str | None = None, below: str = "") -> Mark:
    return Mark(
        visit.w.label("run_state", run.state), _TONES.get(run.state, "quiet"),
        hint=visit.w.explanation("run_state", run.state), href=href, below=below,
    )  # fmt: skip


def run_address(visit: Visit, run: Run) -> str:
    return visit.staff_link(f"/reconcile/runs/{show_id('run', run.run_id)}")


def _classes_table(visit: Visit, counts: Sequence[StandingCount]) -> Table:
    return Table(
        name="classes",
        caption="reconcile_classes",
        empty="breaks_none",
        columns=(
            Column(code="rec_class"), Column(code="rec_book"), Column(code="rec_count", numeric=True),
            Column(code="rec_oldest"),
        ),
        rows=[
            (
                Link(
                    visit.w.label("break_class", one.break_class),
                    with_query(visit.staff_link("/reconcile/breaks"), {"class": one.break_class, "book": one.book}),
                ),
                visit.w.label("book", one.book), Count(one.count), one.oldest.isoformat(),
            )
            for one in sorted(counts, key=lambda each: (each.oldest, -each.count))
        ],
    )  # fmt: skip


async def _written_off(visit: Visit) -> Table:
    found = await visit.services.reconcile.breaks.written_off(
        begins=visit.now - _WRITTEN_OFF_MICROS, ends=visit.now + 1
    )
    return Table(
        name="written_off",
        caption="reconcile_written_off",
        empty="reconcile_written_off_none",
        columns=(Column(code="rec_book"), Column(code="rec_source"), Column(code="rec_amount", numeric=True)),
        rows=[
            (visit.w.label("book", one.book), one.source, Amount(one.amount, one.currency, signed=True))
            for one in found
        ],
    )


@pages.post("/reconcile/run", need=_WRITE, shows=reconcile)
async def run_day(visit: Visit) -> Response:
    """Hold a day's books; what takes longer goes on by itself, and the board says how far it is."""
    day = read_day(visit.typed("day")) if visit.typed("day") else None
    if day is None:
        raise InputError(code="day_unreadable", field="day")
    given = visit.typed("book")
    books = [Book(given)] if given in tuple(Book) else []
    ended = await visit.services.reconcile.background.run_day(day, by=visit.by, books=books)
    await did(visit, None, "run_day", subject=day.isoformat())
    back = visit.typed("back")
    address = (
        visit.staff_link("/reconcile/close", day=day.isoformat()) if back == "close" else visit.staff_link("/reconcile")
    )
    return visit.done(address, "done_day_run" if ended else "done_day_begun")


@pages.get("/reconcile/runs/{run_id}", need=_READ)
async def reconcile_run(visit: Visit) -> View:
    run = await visit.services.reconcile.runs.find(visit.id_in_path("run", "run_id"))
    names = [*(name for name in _COUNTS if name in run.counts), *sorted(set(run.counts) - set(_COUNTS))]
    return View(
        template="reconcile_run.html",
        title="page_run",
        title_values={"book": visit.w.label("book", run.book), "day": run.day.isoformat()},
        values={
            "run": run,
            "mark": run_mark(visit, run),
            "is_running": run.state is RunState.RUNNING,
            "facts": [
                ("rec_day", Link(run.day.isoformat(), visit.staff_link("/reconcile/close", day=run.day.isoformat()))),
                ("rec_book", visit.w.label("book", run.book)), ("rec_engine", run.engine),
                ("rec_started", Instant(run.started_at)), ("rec_by", run.started_by), ("rec_ended", Instant(run.ended_at)),
                ("rec_run_id", Id(show_id("run", run.run_id))),
            ],
            "breaks_address": with_query(visit.staff_link("/reconcile/breaks"), {"book": run.book.value}),
        },
        tables=(
            reasons_table(visit, run.reasons, name="reasons", caption="run_reasons"),
            Table(
                name="counts",
                caption="run_counts",
                columns=(Column(code="rec_counted"), Column(code="rec_count", numeric=True)),
                rows=[(count_name(visit, name), Count(run.counts[name])) for name in names],
            ),
        ),
    )  # fmt: skip


def count_name(visit: Visit, name: str) -> str:
    """What a run has counted, in words where there are some."""
    found = visit.w.entry("word", f"rec_counted_{name}")
    return visit.w.of(found) if found is not None else name.replace("_", " ")


def reasons_table(
    visit: Visit, reasons: Sequence[RunReason], *, name: str, caption: str, empty: str = "run_reasons_none"
) -> Table:
    """Why a run, or a day, proves nothing yet, and what to do about each."""
    rows: list[tuple[Cell, ...]] = []
    for one in reasons:
        words = visit.w.entry("run_reason", one.code)
        statement = None if one.statement_id is None else show_id("statement", one.statement_id)
        source = (
            Link(one.source or statement or "", visit.staff_link(f"/reconcile/statements/{statement}"))
            if statement is not None
            else Link(one.source, visit.staff_link(f"/reconcile/sources/{one.source}"))
            if one.source
            else None
        )
        rows.append(
            (
                None if one.book is None else visit.w.label("book", one.book),
                Mark(
                    visit.w.label("run_reason", one.code), "warn", hint=visit.w.explanation("run_reason", one.code),
                    below=one.detail or "",
                ),
                source,
                "" if words is None else words.next_step.what_to_change[visit.language],
            )
        )  # fmt: skip
    return Table(
        name=name,
        caption=caption,
        empty=empty,
        columns=(
            Column(code="rec_book"), Column(code="rec_obstacle"), Column(code="rec_source"),
            Column(code="rec_what_to_do", wide=True),
        ),
        rows=rows,
    )  # fmt: skip
