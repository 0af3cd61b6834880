"""Results that may be large: kept in the engine, and read from it in parts, as often as somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from ibis import ir

from counterfoil.reconcile.engines import Engine

_ROWS_AT_ONCE = 20_000
_numbers = count(1)


class Kept:
    """A query's rows in no particular order; they stay in the engine until it is closed."""

    def __init__(self, engine: Engine, query: ir.Table) -> None:
        # A name of its own: what an earlier run has kept may not have been read yet.
        self.table = engine.keep(f"kept_{next(_numbers)}", query)
        self._engine = engine

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self._engine.is_spark:
            yield from self._engine.rows(self.table)
            return
        rows = self._engine.rows(self.table.aggregate(rows=self.table.count()))[0]["rows"]
        # A reader that stays open would keep the connection from other queries, and temporary tables are a
        # connection's own.
        for start in range(0, rows, _ROWS_AT_ONCE):
            place = self.table.rowid()
            yield from self._engine.rows(self.table.filter((place >= start) & (place < start + _ROWS_AT_ONCE)))
