"""The SQL of statements: one account's transfers between two versions, one by one and added up.

Everything is found through the primary key: versions are dense and their times never run backwards, so a time is found
among them by halving.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.ledger.statement import CHARGE_CODES, Leg, Run

Connection = AsyncConnection[Any]

_LEG: LiteralString = (
    "version, operation_key, code, debit, credit, cause_kind, cause_id, hold_id,"
    " CASE WHEN credit = 'wallet' THEN amount ELSE -amount END, created_at"
)


async def prepare(connection: Connection) -> None:
    """Plan for rows that are found by their keys: statistics of whole tables say nothing of one account's versions."""
    await connection.execute(
        "SET LOCAL jit = off; SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan"
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
    cursor = await connection.execute(
        "SELECT coalesce(sum(CASE WHEN credit = 'wallet' THEN amount WHEN debit = 'wallet' THEN -amount ELSE 0 END), 0)"
        "::text FROM transfers WHERE account_id = %s AND version > %s AND version <= %s",
        (account_id, above, through),
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def movements_between(
    connection: Connection, *, account_id: UUID, above: int, through: int
) -> list[tuple[str, str, str, str, int, int]]:
    """The transfers of a period by code, cause and accounts: nanos, and how many."""
    cursor = await connection.execute(
        "SELECT code, cause_kind, debit, credit, sum(amount)::text, count(*) FROM transfers"
        " WHERE account_id = %s AND version > %s AND version <= %s GROUP BY 1, 2, 3, 4",
        (account_id, above, through),
    )
    return [(*row[:4], int(row[4]), row[5]) for row in await cursor.fetchall()]


async def leg_at(connection: Connection, *, account_id: UUID, version: int) -> int:
    """Which leg of its operation a transfer is; 1 where there is none."""
    cursor = await connection.execute(
        "SELECT leg FROM transfers WHERE account_id = %s AND version = %s", (account_id, version)
    )
    row = await cursor.fetchone()
    return 1 if row is None else row[0]


async def legs_between(
    connection: Connection, *, account_id: UUID, above: int, through: int, charges: bool, most: int
) -> list[Leg]:
    """The wallet's transfers above a version and through another, newest first; `charges`: those of calls as well."""
    cursor = await connection.execute(
        f"SELECT {_LEG} FROM transfers WHERE account_id = %s AND version > %s AND version <= %s"  # noqa: S608
        " AND (debit = 'wallet' OR credit = 'wallet') AND (%s OR code <> ALL(%s)) ORDER BY version DESC LIMIT %s",
        (account_id, above, through, charges, list(CHARGE_CODES), most),
    )
    return [Leg(*row) for row in await cursor.fetchall()]


async def runs_between(
    connection: Connection, *, account_id: UUID, above: int, through: int, breaks: Sequence[int], days: Sequence[int]
) -> list[Run]:
    """The charges above a version and through another, added up between `breaks` (versions) and `days` (their starts);
    both are in their order."""
    cursor = await connection.execute(
        "SELECT min(version), max(version), min(created_at), max(created_at), count(*) FILTER (WHERE leg = 1),"
        " -sum(amount)::bigint FROM transfers WHERE account_id = %s AND version > %s AND version <= %s"
        " AND debit = 'wallet' AND code = ANY(%s)"
        " GROUP BY width_bucket(version, %s::bigint[]), width_bucket(created_at, %s::bigint[])",
        (account_id, above, through, list(CHARGE_CODES), list(breaks), list(days)),
    )
    return [Run(*row) for row in await cursor.fetchall()]
