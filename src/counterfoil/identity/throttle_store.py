"""The SQL of who has to wait before trying again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

Connection = AsyncConnection[tuple[Any, ...]]


async def lock_keys(connection: Connection, hashes: Sequence[bytes], *, now: int) -> dict[bytes, tuple[int, int, int]]:
    """The rows of these keys, made where there are none: tries, when the last one was, until when nobody may."""
    ordered = sorted(set(hashes))
    await connection.execute(
        "INSERT INTO sign_in_throttles (key_hash, tries, last_at, blocked_until)"
        " SELECT one, 0, %s, 0 FROM unnest(%s::bytea[]) AS one ORDER BY one ON CONFLICT DO NOTHING",
        (now, ordered),
    )
    cursor = await connection.execute(
        "SELECT key_hash, tries, last_at, blocked_until FROM sign_in_throttles WHERE key_hash = ANY(%s::bytea[])"
        " ORDER BY key_hash FOR UPDATE",
        (ordered,),
    )
    return {bytes(row[0]): (row[1], row[2], row[3]) for row in await cursor.fetchall()}


async def write_key(connection: Connection, key_hash: bytes, *, tries: int, last_at: int, blocked_until: int) -> None:
    await connection.execute(
        "UPDATE sign_in_throttles SET tries = %s, last_at = %s, blocked_until = %s WHERE key_hash = %s",
        (tries, last_at, blocked_until, key_hash),
    )


async def forget_keys(connection: Connection, *, before: int, at_most: int) -> int:
    """Drop the rows of those who have not tried since a time."""
    cursor = await connection.execute(
        "DELETE FROM sign_in_throttles WHERE key_hash IN"
        " (SELECT key_hash FROM sign_in_throttles WHERE last_at < %s ORDER BY last_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (before, at_most),
    )
    return cursor.rowcount
