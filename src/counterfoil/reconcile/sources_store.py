"""The SQL of sources of statements."""

from __future__ import annotations

from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from counterfoil.reconcile.desk_model import Source, SourceKind
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.storage.database import Connection

_COLUMNS: LiteralString = (
    "name, what, importers, time_zone, currency, columns, expected_daily, settling_seconds, fee_millionths, fee_fixed,"
    " tolerance, payouts_to, owner_hash, owner_mask, status, created_at, created_by"
)


async def insert_source(connection: Connection, source: Source) -> bool:
    """Add a source; False where the name is taken."""
    cursor = await connection.execute(
        f"INSERT INTO statement_sources ({_COLUMNS})"  # noqa: S608
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
        (*_values(source), source.created_at, source.created_by),
    )
    return cursor.rowcount == 1


async def update_source(connection: Connection, source: Source) -> None:
    await connection.execute(
        "UPDATE statement_sources SET what = %s, importers = %s, time_zone = %s, currency = %s, columns = %s,"
        " expected_daily = %s, settling_seconds = %s, fee_millionths = %s, fee_fixed = %s, tolerance = %s,"
        " payouts_to = %s, owner_hash = %s, owner_mask = %s, status = %s WHERE name = %s",
        (*_values(source)[1:], source.name),
    )


async def read_source(connection: Connection, name: str) -> Source | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM statement_sources WHERE name = %s",  # noqa: S608
        (name,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def lock_source(connection: Connection, name: str) -> Source | None:
    """The source, locked: imports of one source come one after another."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM statement_sources WHERE name = %s FOR NO KEY UPDATE",  # noqa: S608
        (name,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def read_sources(connection: Connection) -> list[Source]:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM statement_sources ORDER BY name"  # noqa: S608
    )
    return [_read(row) for row in await cursor.fetchall()]


def _values(source: Source) -> tuple[Any, ...]:
    return (
        source.name, source.what, list(source.importers), source.reading.time_zone, source.reading.currency,
        Jsonb(dict(source.reading.columns)), source.expected_daily, source.settling_seconds, source.fee_millionths,
        source.fee_fixed, Jsonb(dict(source.tolerance)), source.payouts_to, source.owner_hash,
        source.owner_mask, "active" if source.is_active else "disabled",
    )  # fmt: skip


def _read(row: tuple[Any, ...]) -> Source:
    return Source(
        name=row[0],
        what=SourceKind(row[1]),
        importers=tuple(row[2]),
        reading=Reading(time_zone=row[3], currency=row[4], columns=row[5]),
        expected_daily=row[6],
        settling_seconds=row[7],
        fee_millionths=row[8],
        fee_fixed=row[9],
        tolerance=row[10],
        payouts_to=row[11],
        owner_hash=None if row[12] is None else bytes(row[12]),
        owner_mask=row[13],
        is_active=row[14] == "active",
        created_at=row[15],
        created_by=row[16],
    )
