"""The large books of a day, read from the archive and held by an engine: what a run calls for charges and upstreams."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from counterfoil.foundation.errors import Unavailable
from counterfoil.reconcile.archive import Archive, columns_of
from counterfoil.reconcile.books.lines import UPSTREAM_LINES
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.matching.upstream_rules import MARGIN

if TYPE_CHECKING:
    from ibis import ir

    from counterfoil.reconcile.engines import Engine
    from counterfoil.reconcile.gather_store import Rows


def match_charges(archive: Archive, engine: Engine, rows: Rows, terms: Terms) -> Outcome:
    """Requests, tasks and charges of the day; raises `Unavailable` (`archive_missing`) where it is not archived."""
    from counterfoil.reconcile.matching import charges_program

    times = {"requests": "settled_at", "tasks": "settled_at", "charges": "at"}
    tables = {name: _between(_read(archive, engine, name, terms), time, terms) for name, time in times.items()}
    return charges_program.run(engine, tables, terms)


def match_upstream(archive: Archive, engine: Engine, rows: Rows, terms: Terms) -> Outcome:
    """Attempts of the day, and the upstreams' lines that were gathered (`lines`); raises `Unavailable` likewise."""
    from counterfoil.reconcile.matching import upstream_program

    lines: Sequence[dict[str, Any]] = rows["lines"]
    tables = {
        "attempts": _attempts(archive, engine, terms),
        "upstream_lines": engine.load_rows("upstream_lines", UPSTREAM_LINES, lines),
    }
    return upstream_program.run(engine, tables, terms)


def _attempts(archive: Archive, engine: Engine, terms: Terms) -> ir.Table:
    """The day's attempts and those of just before and after it, as far as those are archived."""
    if archive.files("attempts", terms.start, terms.end) is None:
        raise Unavailable(code="archive_missing", table="attempts")
    start, end = terms.start - MARGIN, terms.end + MARGIN
    days = {(terms.start, terms.end), (start, terms.start), (terms.end, end)}
    files = sorted({file for day in days for file in archive.files("attempts", *day) or ()})
    table = engine.read("attempts", files, columns_of("attempts"))
    return table.filter((table.started_at >= start) & (table.started_at < end))


def _read(archive: Archive, engine: Engine, name: str, terms: Terms) -> ir.Table:
    files = archive.files(name, terms.start, terms.end)
    if files is None:
        raise Unavailable(code="archive_missing", table=name)
    return engine.read(name, files, columns_of(name))


def _between(table: ir.Table, time: str, terms: Terms) -> ir.Table:
    """The rows of the run's day, which need not be a UTC day."""
    return table.filter((table[time] >= terms.start) & (table[time] < terms.end))
