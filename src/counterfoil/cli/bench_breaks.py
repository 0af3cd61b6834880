"""`counterfoil bench breaks`: a month is made up, with breaks of every class planted in it; how many of them are found, and
what else.

A break counts as found where every closing finds it that has to, and as false where one finds it that must not: what is
pending turns into what is missing, and ends when the late line comes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from counterfoil.cli.bench_month.bills import write_bills
from counterfoil.cli.bench_month.books import Books
from counterfoil.cli.bench_month.calls import Calls, fill_calls
from counterfoil.cli.bench_month.desk import Desk, Sight, sight_of
from counterfoil.cli.bench_month.files import write_files
from counterfoil.cli.bench_month.model import Month, Run
from counterfoil.cli.bench_month.payments import fill_payments
from counterfoil.cli.bench_month.sums import bill_sums
from counterfoil.recharge.numbers import Numbers
from counterfoil.reconcile.engines import connect
from counterfoil.storage.data_directory import DataDirectory

# Wrong ones that are shown; they are counted in any case.
SHOWN = 50


@dataclass(slots=True, kw_only=True)
class Measured:
    """Breaks by book and class. `wrong` tells of the first that were missed or false, with the day of the closing."""

    engine: str
    days: int
    planted: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, str]] = field(default_factory=Counter)
    false: Counter[tuple[str, str]] = field(default_factory=Counter)
    closings: int = 0
    files: int = 0
    lines_read: int = 0
    lines_known_again: int = 0
    rows: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def is_exact(self) -> bool:
        return not self.missed and not self.false

    def to_json(self) -> dict[str, Any]:
        counted = {"planted": self.planted, "found": self.found, "missed": self.missed, "false": self.false}
        places = sorted({place for counts in counted.values() for place in counts})
        return {
            **{name: counts.total() for name, counts in counted.items()},
            "by_class": {
                f"{book}.{break_class}": {name: counts[book, break_class] for name, counts in counted.items()}
                for book, break_class in places
            },
            "engine": self.engine, "days": self.days, "closings": self.closings, "files": self.files,
            "lines": self.lines_read, "lines_known_again": self.lines_known_again, "rows": self.rows, "wrong": self.wrong,
            "seconds": round(self.seconds, 1),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For people: the counts, each class on a line, and what was wrong."""
        data = self.to_json()
        lines = ["{planted:,} planted, {found:,} found, {missed:,} missed, {false:,} false".format_map(data)]
        lines += [
            f"  {name}: {counts['found']} of {counts['planted']}"
            + (f", {counts['false']} false" if counts["false"] else "")
            for name, counts in data["by_class"].items()
        ]
        return [*lines, *self.wrong]


def measure(
    *,
    engine: str,
    days: int,
    seed: int,
    folder: Path,
    progress: Callable[[str], None],
    orders_per_day: int = 40,
    calls_per_day: int = 90,
    times: int | None = None,
    every: int = 1,
) -> Measured:
    """Make a month of so many days up, write its files into `folder`, and close it every so many days."""
    started = time.monotonic()
    measured = Measured(engine=engine, days=days)
    month, desk = _made(seed, days, folder, orders_per_day, calls_per_day, times or max(2, days // 4))
    seen: dict[Sight, set[str]] = {}
    with connect(engine, spill=folder / "spill") as opened:
        for day in range(every, days + every, every):
            run = Run(start=month.start_of(day - every), end=month.start_of(min(day, days)))
            desk.import_until(run.end)
            found, coverage = desk.run(opened, run)
            absent = frozenset(one.source for one in coverage.reasons if one.source is not None)
            _hold(seen, desk.due(run, absent), {sight_of(one) for one in found}, day, measured)
            measured.closings += 1
            progress(f"day {min(day, days)} of {days}: {len(found)} breaks stand")
    _count(seen, measured)
    measured.files, measured.lines_read, measured.lines_known_again = (
        desk.files_read, desk.lines_known, desk.lines_known_again
    )  # fmt: skip
    measured.rows = sum(
        map(len, (month.orders, month.refunds, month.credits, month.redemptions, month.requests, month.tasks,
                  month.charges, month.attempts))
    )  # fmt: skip
    measured.seconds = time.monotonic() - started
    return measured


def _made(
    seed: int, days: int, folder: Path, orders_per_day: int, calls_per_day: int, times: int
) -> tuple[Month, Desk]:
    directory = DataDirectory(folder)
    numbers = Numbers(directory.derive(b"payments"), directory)
    month = Month(seed=seed, days=days)
    books = Books(month, numbers)
    fill_payments(books, orders_per_day=orders_per_day, times=times)
    calls = Calls(month, books.accounts)
    fill_calls(calls, calls_per_day=calls_per_day, times=times)
    bill_sums(calls, times)
    files = [*write_files(month), *write_bills(month)]
    statements = folder / "statements"
    statements.mkdir(parents=True, exist_ok=True)
    for file in files:
        (statements / file.name).write_bytes(file.content)
    # Read again from there: it is files that are imported.
    files = [file._replace(content=(statements / file.name).read_bytes()) for file in files]
    return month, Desk(month, files, numbers)


def _hold(seen: dict[Sight, set[str]], due: set[Sight], found: set[Sight], day: int, measured: Measured) -> None:
    """What one closing has found and was to find."""
    for sights, mark in ((due & found, "found"), (due - found, "missed"), (found - due, "false")):
        for sight in sights:
            marks = seen.setdefault(sight, set())
            if mark != "found" and mark not in marks and len(measured.wrong) < SHOWN:
                book, break_class, ours, theirs = sight
                measured.wrong.append(
                    f"{mark}: day {day}: {book}.{break_class}: {', '.join(ours)} | {', '.join(theirs)}"
                )
            marks.add(mark)


def _count(seen: dict[Sight, set[str]], measured: Measured) -> None:
    for (book, break_class, _, _), marks in seen.items():
        place = book, break_class
        if marks & {"found", "missed"}:
            measured.planted[place] += 1
            (measured.missed if "missed" in marks else measured.found)[place] += 1
        if "false" in marks:
            measured.false[place] += 1
