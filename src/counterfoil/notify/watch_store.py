"""The SQL of watching: how far each account has been watched, and what it was charged in each hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

Connection = AsyncConnection[Any]
# Version and event number.
Mark = tuple[int, int]


async def marks_of(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, Mark]:
    cursor = await connection.execute(
        "SELECT account_id, version, event_no FROM alert_marks WHERE account_id = ANY(%s)", (list(account_ids),)
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def lock_marks(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, Mark]:
    """The accounts' marks, made where there are none and locked in their one order: a transfer is added up once."""
    ids = sorted(set(account_ids))
    await connection.execute(
        "INSERT INTO alert_marks (account_id) SELECT * FROM unnest(%s::uuid[]) ON CONFLICT DO NOTHING", (ids,)
    )
    cursor = await connection.execute(
        "SELECT account_id, version, event_no FROM alert_marks WHERE account_id = ANY(%s) ORDER BY account_id"
        " FOR NO KEY UPDATE",
        (ids,),
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def set_marks(connection: Connection, marks: Mapping[UUID, Mark]) -> None:
    await connection.execute(
        "UPDATE alert_marks m SET version = v.version, event_no = v.event_no"
        " FROM unnest(%s::uuid[], %s::int8[], %s::int8[]) AS v(account_id, version, event_no)"
        " WHERE m.account_id = v.account_id",
        (list(marks), [version for version, _ in marks.values()], [number for _, number in marks.values()]),
    )


async def add_hours(connection: Connection, rows: Sequence[tuple[UUID, int, int]]) -> None:
    """Add what accounts were charged (account, start of the hour, nanos) to what is known of those hours."""
    await connection.execute(
        "INSERT INTO alert_hours AS h (account_id, hour, charged_nanos)"
        " SELECT * FROM unnest(%s::uuid[], %s::int8[], %s::int8[])"
        " ON CONFLICT (account_id, hour) DO UPDATE SET charged_nanos = h.charged_nanos + excluded.charged_nanos",
        ([row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]),
    )


async def hours_of(connection: Connection, account_ids: Sequence[UUID], *, since: int) -> dict[UUID, dict[int, int]]:
    """What each hour since then was charged, by account."""
    cursor = await connection.execute(
        "SELECT h.account_id, h.hour, h.charged_nanos FROM unnest(%s::uuid[]) AS w(account_id)"
        " JOIN alert_hours h ON h.account_id = w.account_id AND h.hour >= %s",
        (list(account_ids), since),
    )
    found: dict[UUID, dict[int, int]] = {account_id: {} for account_id in account_ids}
    for account_id, hour, charged in await cursor.fetchall():
        found[account_id][hour] = charged
    return found


async def delete_old_hours(connection: Connection, *, before: int, most: int) -> int:
    cursor = await connection.execute(
        "DELETE FROM alert_hours WHERE (account_id, hour) IN"
        " (SELECT account_id, hour FROM alert_hours WHERE hour < %s LIMIT %s)",
        (before, most),
    )
    return cursor.rowcount
