"""The SQL of how often what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was refused: on which day (since 1970-01-01 in UTC), for which problem class, where, and of which class."""

    day: int
    problem: str
    field: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCount:
    refused: Refused
    count: int


async def add_counts(connection: Connection, counts: Mapping[Refused, int]) -> None:
    """Add to the counts; rows are taken in one order, so that two processes never wait for each other in a circle."""
    ordered = sorted(counts.items(), key=lambda one: (one[0].day, one[0].problem, one[0].field, one[0].kind))
    await connection.execute(
        "INSERT INTO refused_counts AS r (day, problem, field, class, count)"
        " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[])"
        " ON CONFLICT (day, problem, field, class) DO UPDATE SET count = r.count + excluded.count",
        (
            [one.day for one, _ in ordered], [one.problem for one, _ in ordered], [one.field for one, _ in ordered],
            [one.kind for one, _ in ordered], [count for _, count in ordered],
        ),
    )  # fmt: skip


async def read_counts(connection: Connection, *, first_day: int, last_day: int) -> list[RefusedCount]:
    """The counts of these days, both included."""
    cursor = await connection.execute(
        "SELECT day, problem, field, class, count FROM refused_counts WHERE day BETWEEN %s AND %s"
        " ORDER BY day, problem, field, class",
        (first_day, last_day),
    )
    return [
        RefusedCount(refused=Refused(day=row[0], problem=row[1], field=row[2], kind=row[3]), count=row[4])
        for row in await cursor.fetchall()
    ]
