"""Closing a day: what is missing, holding its books, closing it, and what it was closed with."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from counterfoil.console.desk import did
from counterfoil.console.pages.reconcile import reasons_table, run_address, run_mark
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Count, Instant, Table
from counterfoil.console.visits import View, Visit
from counterfoil.identity.access import Need, Staff
from counterfoil.reconcile.desk_model import RunState
from counterfoil.reconcile.runs_service import DayView
from counterfoil.reconcile.shown import read_day

pages = Pages()
_READ = Need(staff=Staff.RECONCILE_READ)
_WRITE = Need(staff=Staff.RECONCILE_WRITE)


@pages.get("/reconcile/close", need=_READ)
async def day_close(visit: Visit) -> View:
    runs = visit.services.reconcile.runs
    # Without a day: yesterday, the last one that can be over.
    given = visit.asked("day") or visit.typed("day")
    day = read_day(given) if given else runs.day_of(visit.now) - timedelta(days=1)
    view = await runs.day(day)
    is_running = any(run.state is RunState.RUNNING for run in view.runs)
    return View(
        template="day_close.html",
        title="page_day_close",
        values={
            "day": day.isoformat(),
            "previous": (day - timedelta(days=1)).isoformat(),
            "following": (day + timedelta(days=1)).isoformat() if day < runs.day_of(visit.now) else None,
            "view": view,
            "is_running": is_running,
            "ready": not view.obstacles and view.closed is None,
            "steps": _steps(visit, view, is_running=is_running),
            "may_write": visit.may(staff=Staff.RECONCILE_WRITE),
            "closed_breaks": sorted((view.closed.facts.get("breaks") or {}).items()) if view.closed else [],
        },
        tables=(
            _runs_table(visit, view, live=is_running),
            reasons_table(visit, view.obstacles, name="obstacles", caption="day_obstacles", empty="day_obstacles_none"),
            await _standing_table(visit),
        ),
    )  # fmt: skip


def _steps(visit: Visit, view: DayView, *, is_running: bool) -> list[tuple[str, str]]:
    """Where the day is on its way: (step, done | now | open)."""
    held = len(view.runs) == len(visit.services.reconcile.runs.books) and not is_running
    conclusive = held and not view.obstacles
    closed = view.closed is not None
    return [
        ("day_step_held", "done" if held or closed else "now"),
        ("day_step_conclusive", "done" if conclusive or closed else "now" if held else "open"),
        ("day_step_closed", "done" if closed else "now" if conclusive else "open"),
    ]


def _runs_table(visit: Visit, view: DayView, *, live: bool) -> Table:
    held = {run.book: run for run in view.runs}
    rows: list[tuple[Cell, ...]] = []
    for book in visit.services.reconcile.runs.books:
        run = held.get(book)
        if run is None:
            rows.append((visit.w.label("book", book), None, None, None, None))
        else:
            rows.append(
                (
                    visit.w.label("book", book), run_mark(visit, run, href=run_address(visit, run)),
                    Count(run.counts.get("breaks")), Instant(run.ended_at or run.started_at), run.started_by,
                )
            )  # fmt: skip
    return Table(
        name="runs",
        caption="day_runs",
        columns=(
            Column(code="rec_book"), Column(code="rec_run_state"), Column(code="rec_breaks_found", numeric=True),
            Column(code="rec_when"), Column(code="rec_by", wide=True),
        ),
        rows=rows,
        live=live,
    )  # fmt: skip


async def _standing_table(visit: Visit) -> Table:
    counts = await visit.services.reconcile.breaks.counts()
    return Table(
        name="standing",
        caption="day_standing",
        empty="breaks_none",
        columns=(Column(code="rec_book"), Column(code="rec_class"), Column(code="rec_owner"), Column(code="rec_count", numeric=True)),
        rows=[
            (
                visit.w.label("book", one.book), visit.w.label("break_class", one.break_class),
                visit.w.label("owner", one.owner), Count(one.count),
            )
            for one in counts
        ],
    )  # fmt: skip


@pages.post("/reconcile/close", need=_WRITE, shows=day_close)
async def close_day(visit: Visit) -> Response:
    day = read_day(visit.typed("day"))
    await visit.services.reconcile.runs.close_day(day, by=visit.by)
    await did(visit, None, "close_day", subject=day.isoformat())
    return visit.done(visit.staff_link("/reconcile/close", day=day.isoformat()), "done_day_closed")
