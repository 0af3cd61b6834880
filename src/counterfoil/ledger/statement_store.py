"""The SQL of statements: one account's transfers between two versions.

Everything is found through the primary key: versions are dense and their times never run backwards, so a time is found
among them by halving.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.ledger.statement import Leg
from counterfoil.ledger.sums_store import sums_between

Connection = AsyncConnection[Any]

_LEG: LiteralString = (
    "version, operation_key, code, debit, credit, cause_kind, cause_id, hold_id,"
    " CASE WHEN credit = 'wallet' THEN amount ELSE -amount END, created_at"
)


async def prepare(connection: Connection) -> None:
    """Plan for rows that are found by their keys: statistics of whole tables say nothing of one account's versions.

    Nor of how few groups these make: adding them up sorts nothing where a hash may be as large as is feared.
    """
    await connection.execute(
        "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan;"
        " SET LOCAL work_mem = '64MB'"
    )


async def head_of(connection: Connection, account_id: UUID) -> tuple[int, int] | None:
    """The version of an account's last transfer, and what is posted after it."""
    cursor = await connection.execute("SELECT version, posted FROM accounts WHERE account_id = %s", (account_id,))
    return await cursor.fetchone()


async def positions_of(
    connection: Connection, *, account_id: UUID, version: int, times: Sequence[int]
) -> dict[int, int]:
    """For each time the last version that was posted before it (0: none was)."""
    cursor = await connection.execute(
        """
        WITH RECURSIVE search(at, low, high) AS (
          SELECT w.at, 0::bigint, %(version)s::bigint FROM unnest(%(times)s::bigint[]) AS w(at)
          UNION ALL
          SELECT s.at, CASE WHEN p.created_at >= s.at THEN s.low ELSE (s.low + s.high + 1) / 2 END,
                 CASE WHEN p.created_at >= s.at THEN (s.low + s.high + 1) / 2 - 1 ELSE s.high END
            FROM search s LEFT JOIN LATERAL (
              SELECT t.created_at FROM transfers t WHERE t.account_id = %(account)s
                 AND t.version <= (s.low + s.high + 1) / 2 ORDER BY t.version DESC LIMIT 1) p ON true
           WHERE s.low < s.high)
        SELECT at, low FROM search WHERE low = high
        """,
        {"account": account_id, "version": version, "times": sorted(set(times))},
        prepare=True,
    )
    return dict(await cursor.fetchall())


async def sum_between(connection: Connection, *, account_id: UUID, above: int, through: int) -> int:
    """What the transfers above a version and through another have changed the wallet by."""
    return sum(
        one.change for one in await sums_between(connection, account_id=account_id, above=above, through=through)
    )


async def span_of(connection: Connection, *, account_id: UUID, above: int, through: int) -> tuple[int, int] | None:
    """When the first and the last transfer above a version and through another were posted; None where there is none."""
    cursor = await connection.execute(
        "SELECT (SELECT created_at FROM transfers WHERE account_id = %(account)s AND version > %(above)s"
        " AND version <= %(through)s ORDER BY version LIMIT 1),"
        " (SELECT created_at FROM transfers WHERE account_id = %(account)s AND version > %(above)s"
        " AND version <= %(through)s ORDER BY version DESC LIMIT 1)",
        {"account": account_id, "above": above, "through": through},
    )
    row = await cursor.fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])


async def leg_at(connection: Connection, *, account_id: UUID, version: int) -> int:
    """Which leg of its operation a transfer is; 1 where there is none."""
    cursor = await connection.execute(
        "SELECT leg FROM transfers WHERE account_id = %s AND version = %s", (account_id, version)
    )
    row = await cursor.fetchone()
    return 1 if row is None else row[0]


async def legs_between(connection: Connection, *, account_id: UUID, above: int, through: int, most: int) -> list[Leg]:
    """The wallet's transfers above a version and through another, newest first."""
    cursor = await connection.execute(
        f"SELECT {_LEG} FROM transfers WHERE account_id = %s AND version > %s AND version <= %s"  # noqa: S608
        " AND (debit = 'wallet' OR credit = 'wallet') ORDER BY version DESC LIMIT %s",
        (account_id, above, through, most),
    )
    return [Leg(*row) for row in await cursor.fetchall()]


async def legs_besides_charges(
    connection: Connection, *, account_id: UUID, above: int, through: int, most: int
) -> list[Leg]:
    """The same without those of calls, found by an index that only they are in: by their time."""
    span = await span_of(connection, account_id=account_id, above=above, through=through)
    if span is None:
        return []
    cursor = await connection.execute(
        f"SELECT {_LEG} FROM transfers WHERE account_id = %s AND created_at >= %s AND created_at <= %s"  # noqa: S608
        " AND version > %s AND version <= %s AND (debit = 'wallet' OR credit = 'wallet')"
        " AND code NOT IN ('charge', 'overage') ORDER BY created_at DESC, version DESC LIMIT %s",
        (account_id, *span, above, through, most),
    )
    return [Leg(*row) for row in await cursor.fetchall()]
