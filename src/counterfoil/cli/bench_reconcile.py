"""`bench reconcile`: a day's requests held against its charges and an upstream's bill, beside a bare join of the same files.

Each part runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from counterfoil.cli.bench_reconcile_store import BARE_BILL, BARE_CHARGES, DAY_END, DAY_START, Planted, write_book

# What a day's matching may take on a small machine, besides Python itself.
MEMORY_MB = 2560
_COLUMNS = ("requests", "tasks", "charges", "attempts", "upstream_lines")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """How long a part took and the most memory that its process had."""

    seconds: Mapping[str, float]
    peak_mb: int
    found: Mapping[str, Counter[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    rows: int
    seed: int
    bare: _Part
    matched: _Part
    planted: Planted

    def to_json(self) -> dict[str, Any]:
        raw, ours = self.bare.seconds, self.matched.seconds
        missed, false = self._differences()
        return {
            "rows": self.rows,
            "seed": self.seed,
            "cores": os.cpu_count(),
            "seconds": round(sum(ours.values()), 2),
            "raw_join_seconds": round(sum(raw.values()), 2),
            "ratio": round(sum(ours.values()) / sum(raw.values()), 2),
            "peak_mb": self.matched.peak_mb,
            "raw_join_peak_mb": self.bare.peak_mb,
            "charges_seconds": round(ours["charges"], 2),
            "bill_seconds": round(ours["bill"], 2),
            "raw_charges_seconds": round(raw["charges"], 2),
            "raw_bill_seconds": round(raw["bill"], 2),
            "breaks": sum(self.matched.found["charges"].values()) + sum(self.matched.found["bill"].values()),
            "planted": sum(self.planted.charges.values()) + sum(self.planted.bills.values()),
            "missed": missed,
            "false": false,
        }

    @property
    def is_exact(self) -> bool:
        return not any(self._differences())

    def _differences(self) -> tuple[int, int]:
        missed = false = 0
        for planted, found in (
            (self.planted.charges, self.matched.found["charges"]),
            (self.planted.bills, self.matched.found["bill"]),
        ):
            missed += sum((planted - found).values())
            false += sum((found - planted).values())
        return missed, false


def measure(folder: Path, *, rows: int, seed: int, progress: Callable[[str], None]) -> Measured:
    """Write a book into the folder, join it bare, match it."""
    threads = os.cpu_count() or 1
    progress(f"writing {rows:,} requests, their charges and a bill")
    planted = _apart(_write, folder, rows, seed, threads)
    progress("joining them, and nothing else")
    bare = _apart(_join_bare, folder, threads)
    progress("matching them")
    matched = _apart(_match, folder, threads)
    return Measured(rows=rows, seed=seed, bare=bare, matched=matched, planted=planted)


def _apart(work: Callable[..., Any], *arguments: Any) -> Any:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _write(folder: Path, rows: int, seed: int, threads: int) -> Planted:
    return write_book(folder, rows=rows, seed=seed, threads=threads)


def _join_bare(folder: Path, threads: int) -> _Part:
    seconds = {}
    for name, query in (("charges", BARE_CHARGES), ("bill", BARE_BILL)):
        with duckdb.connect(config={"threads": str(threads), "memory_limit": f"{MEMORY_MB}MiB"}) as connection:
            connection.execute(f"SET temp_directory = '{folder}/spill'; SET enable_progress_bar = false")
            start = time.perf_counter()
            connection.execute(query.format(folder)).fetchall()
            seconds[name] = time.perf_counter() - start
    return _Part(seconds=seconds, peak_mb=_peak_mb(), found={})


def _match(folder: Path, threads: int) -> _Part:
    # Imported here: Ibis takes two seconds, which the other parts and commands should not wait for.
    from counterfoil.reconcile.books import lines, usage
    from counterfoil.reconcile.engines import connect
    from counterfoil.reconcile.matching import charges_program, upstream_program
    from counterfoil.reconcile.matching.terms import Terms

    columns = dict(
        zip(_COLUMNS, (usage.REQUESTS, usage.TASKS, usage.CHARGES, usage.ATTEMPTS, lines.UPSTREAM_LINES), strict=True)
    )
    terms = Terms(start=DAY_START, end=DAY_END, now=DAY_END)
    with connect(memory_mb=MEMORY_MB, threads=threads, spill=folder / "spill") as engine:
        tables = {name: engine.read(name, [folder / f"{name}.parquet"], columns[name]) for name in _COLUMNS}
        seconds, found = {}, {}
        for name, run in (("charges", charges_program.run), ("bill", upstream_program.run)):
            start = time.perf_counter()
            found[name] = Counter(str(each.break_class) for each in run(engine, tables, terms).breaks)
            seconds[name] = time.perf_counter() - start
    return _Part(seconds=seconds, peak_mb=_peak_mb(), found=found)


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
