"""The SQL of price books."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from counterfoil.pricing.documents import price_body, read_price
from counterfoil.pricing.model import Price

Connection = AsyncConnection[Any]


async def lock_books(connection: Connection) -> None:
    """One import at a time: numbers and dates of versions follow from those before."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('counterfoil price books'))")


async def insert_version(connection: Connection, price: Price, *, created_at: int) -> None:
    await connection.execute(
        "INSERT INTO price_versions (version_id, book, model, number, valid_from, created_at, body)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            price.version_id, price.book, price.model, price.number, price.valid_from, created_at,
            Jsonb(price_body(price)),
        ),
    )  # fmt: skip


async def all_versions(connection: Connection) -> list[Price]:
    """Every version of every book, oldest first within a model."""
    cursor = await connection.execute(
        "SELECT version_id, book, model, number, valid_from, body FROM price_versions ORDER BY book, model, valid_from"
    )
    return [
        read_price(row[5], version_id=row[0], book=row[1], model=row[2], number=row[3], valid_from=row[4])
        for row in await cursor.fetchall()
    ]


async def newest_change(connection: Connection) -> tuple[int, int]:
    """How many versions there are and when the last was added: tells whether memory is up to date."""
    cursor = await connection.execute("SELECT count(*), coalesce(max(created_at), 0)::bigint FROM price_versions")
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]
