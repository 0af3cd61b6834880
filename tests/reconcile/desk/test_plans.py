"""What a run reads is found by indexes: a day costs what the day holds, not what the years before it do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from counterfoil.reconcile import gather_store
from counterfoil.storage.database import Database

LARGE = {"transfers", "statement_lines", "orders", "payments", "order_refunds", "codes", "requests"}
SOME = UUID(int=7).hex


class Explaining:
    """A connection that explains each statement before it runs it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.scanned: set[str] = set()

    async def execute(self, query: str, parameters: Any = None) -> Any:
        cursor = await self._connection.execute(f"EXPLAIN (FORMAT JSON) {query}", parameters)
        (plan,) = await cursor.fetchone()
        self._walk(plan[0]["Plan"])
        return await self._connection.execute(query, parameters)

    def _walk(self, node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan":
            self.scanned.add(node["Relation Name"])
        for inner in node.get("Plans", ()):
            self._walk(inner)


@asynccontextmanager
async def explaining(database: Database) -> AsyncIterator[Explaining]:
    async with database.snapshot() as connection:
        # An empty table is read whole whatever indexes it has, unless that is dear.
        await connection.execute("SET LOCAL enable_seqscan = off")
        yield Explaining(connection)


@pytest.mark.parametrize("gather", [gather_store.payment_rows, gather_store.code_rows])
async def test_what_a_run_gathers_is_found_by_indexes(database: Database, gather: Any) -> None:
    still_open = [f"{table}:{SOME}" for table in ("line", "order", "refund", "credit", "code")]
    async with explaining(database) as connection:
        await gather(connection, begins=1_000, ends=2_000, still_open=still_open)
    assert connection.scanned & LARGE == set()


async def test_upstreams_lines_of_a_day_are_found_by_an_index(database: Database) -> None:
    async with explaining(database) as connection:
        await gather_store.upstream_lines(connection, begins=1_000, ends=2_000)  # type: ignore[arg-type]
    assert connection.scanned & LARGE == set()
