"""The SQL of private links: from a token's hash to its case."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

Connection = AsyncConnection[tuple[Any, ...]]


async def insert_link(connection: Connection, *, token_hash: bytes, case_id: UUID, created_at: int) -> None:
    await connection.execute(
        "INSERT INTO case_links (token_hash, case_id, created_at) VALUES (%s, %s, %s) ON CONFLICT (token_hash) DO NOTHING",
        (token_hash, case_id, created_at),
    )


async def find_case(connection: Connection, token_hash: bytes) -> UUID | None:
    """The case that a link opens; None for one that is unknown or no longer in use."""
    cursor = await connection.execute(
        "SELECT case_id FROM case_links WHERE token_hash = %s AND revoked_at IS NULL", (token_hash,)
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def revoke_links(connection: Connection, case_id: UUID, *, at: int) -> int:
    """Take every link of a case out of use; how many there were."""
    cursor = await connection.execute(
        "UPDATE case_links SET revoked_at = %s WHERE case_id = %s AND revoked_at IS NULL", (at, case_id)
    )
    return cursor.rowcount
