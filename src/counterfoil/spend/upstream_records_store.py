"""The SQL of how upstreams do: their attempts by outcome and time taken, and what they cost against what was charged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

Connection = AsyncConnection[Any]


class MarginRow(NamedTuple):
    """Attempts of one upstream and model for accounts of one currency. `cost_unknown` of those that were answered."""

    upstream: str
    model: str
    currency: str
    attempts: int
    charged: int
    cost: int
    cost_unknown: int


async def outcomes_since(connection: Connection, *, since: int) -> list[tuple[str, str, int, int]]:
    """Upstream, outcome, how many attempts, and when the last of them began."""
    cursor = await connection.execute(
        "SELECT upstream, outcome, count(*), max(started_at) FROM attempts WHERE started_at >= %s GROUP BY 1, 2 ORDER BY 1, 2",
        (since,),
    )
    return await cursor.fetchall()


async def times_since(connection: Connection, *, since: int) -> dict[str, tuple[int, int]]:
    """Of each upstream's answered attempts: the time that half of them took at most, and 95 in a hundred."""
    cursor = await connection.execute(
        "SELECT upstream, percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY ended_at - started_at)"
        " FROM attempts WHERE started_at >= %s AND outcome = 'succeeded' GROUP BY 1",
        (since,),
    )
    return {upstream: (times[0], times[1]) for upstream, times in await cursor.fetchall()}


async def margins_between(
    connection: Connection, *, start: int, end: int, upstreams: Sequence[str] | None, most: int
) -> list[MarginRow]:
    """Charges and costs of attempts that began in a window. What a request was charged counts for its last attempt."""
    async with connection.cursor(row_factory=class_row(MarginRow)) as cursor:
        await cursor.execute(
            """
            SELECT t.upstream, coalesce(r.model, t.upstream_model) AS model, a.currency, count(*) AS attempts,
              coalesce(sum(r.charged_nanos - r.refunded_nanos) FILTER (WHERE NOT EXISTS (
                SELECT FROM attempts later WHERE later.account_id = t.account_id AND later.request_id = t.request_id
                  AND later.number > t.number)), 0)::bigint AS charged,
              coalesce(sum(t.cost_nanos), 0)::bigint AS cost,
              count(*) FILTER (WHERE t.cost_nanos IS NULL AND t.outcome = 'succeeded') AS cost_unknown
            FROM attempts t
            JOIN requests r ON r.account_id = t.account_id AND r.request_id = t.request_id
            JOIN accounts a ON a.account_id = t.account_id
            WHERE t.started_at >= %(start)s AND t.started_at < %(end)s
              AND (%(upstreams)s::text[] IS NULL OR t.upstream = ANY(%(upstreams)s))
            GROUP BY 1, 2, 3 ORDER BY charged DESC, 1, 2, 3 LIMIT %(most)s
            """,
            {
                "start": start, "end": end, "upstreams": None if upstreams is None else list(upstreams), "most": most,
            },
        )  # fmt: skip
        return await cursor.fetchall()
