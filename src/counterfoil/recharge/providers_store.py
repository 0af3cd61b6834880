"""The SQL of configured payment providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from counterfoil.recharge.model import ProviderKind

Connection = AsyncConnection[Any]

_COLUMNS: LiteralString = (
    "provider_id, name, kind, merchant, currencies, base_url, settings, secrets_sealed, secrets_env, status, created_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRow:
    """A provider as configured. `secrets_env` names the environment variable of each secret that has one."""

    provider_id: UUID
    name: str
    kind: ProviderKind
    merchant: str
    currencies: tuple[str, ...]
    base_url: str
    settings: Mapping[str, str]
    secrets_sealed: bytes | None = field(repr=False)
    secrets_env: Mapping[str, str]
    status: str
    created_at: int


async def insert_provider(connection: Connection, row: ProviderRow) -> bool:
    """Add a provider; False where the name is taken."""
    cursor = await connection.execute(
        f"INSERT INTO payment_providers ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608
        " ON CONFLICT (name) DO NOTHING",
        (
            row.provider_id, row.name, str(row.kind), row.merchant, list(row.currencies), row.base_url,
            Jsonb(dict(row.settings)), row.secrets_sealed, Jsonb(dict(row.secrets_env)), row.status, row.created_at,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def lock_provider(connection: Connection, name: str) -> ProviderRow | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM payment_providers WHERE name = %s FOR UPDATE",  # noqa: S608
        (name,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def update_provider(connection: Connection, row: ProviderRow) -> None:
    await connection.execute(
        "UPDATE payment_providers SET merchant = %s, currencies = %s, base_url = %s, settings = %s, secrets_sealed = %s,"
        " secrets_env = %s, status = %s WHERE provider_id = %s",
        (
            row.merchant, list(row.currencies), row.base_url, Jsonb(dict(row.settings)), row.secrets_sealed,
            Jsonb(dict(row.secrets_env)), row.status, row.provider_id,
        ),
    )  # fmt: skip


async def read_providers(connection: Connection) -> list[ProviderRow]:
    cursor = await connection.execute(f"SELECT {_COLUMNS} FROM payment_providers ORDER BY name")  # noqa: S608
    return [_read(row) for row in await cursor.fetchall()]


def _read(row: tuple[Any, ...]) -> ProviderRow:
    return ProviderRow(
        provider_id=row[0], name=row[1], kind=ProviderKind(row[2]), merchant=row[3], currencies=tuple(row[4]),
        base_url=row[5], settings=row[6], secrets_sealed=row[7], secrets_env=row[8], status=row[9], created_at=row[10],
    )  # fmt: skip
