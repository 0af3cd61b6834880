"""The SQL of evidence: what a request's row leaves to other tables. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence.model import LimitName, Surroundings
from counterfoil.foundation.periods import Window
from counterfoil.limits.model import Scope, Unit

Connection = AsyncConnection[Any]


async def surroundings_of(
    connection: Connection, *, account_id: UUID, request_id: UUID, limit_ids: Sequence[UUID]
) -> Surroundings | None:
    """The account of a request, what its hold counted, and these limits whether in force or retired."""
    cursor = await connection.execute(
        "SELECT a.name, a.time_zone, r.counted FROM requests r JOIN accounts a ON a.account_id = r.account_id"
        " WHERE r.account_id = %s AND r.request_id = %s",
        (account_id, request_id),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    name, time_zone, counted = row
    cursor = await connection.execute(
        'SELECT limit_id, scope, unit, "window" FROM limits WHERE account_id = %s AND limit_id = ANY(%s)',
        (account_id, list(limit_ids)),
    )
    limits = {
        limit_id: LimitName(scope=Scope(scope), unit=Unit(unit), window=Window(window))
        for limit_id, scope, unit, window in await cursor.fetchall()
    }
    return Surroundings(account_name=name, time_zone=time_zone, counted=bytes(counted), limits=limits)
