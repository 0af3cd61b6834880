"""The SQL of upstreams and the models they serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams_model import ServedModel, Upstream

Connection = AsyncConnection[Any]


async def insert_upstream(connection: Connection, upstream: Upstream) -> bool:
    """Add an upstream; False where the name is taken."""
    cursor = await connection.execute(
        "INSERT INTO upstreams (upstream_id, name, dialect, base_url, secret_env, secret_sealed, timeout_seconds,"
        " status, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
        (
            upstream.upstream_id, upstream.name, str(upstream.dialect), upstream.base_url, upstream.secret_env,
            upstream.secret_sealed, upstream.timeout_seconds, upstream.status, upstream.created_at,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def replace_models(connection: Connection, upstream_id: UUID, models: Sequence[ServedModel]) -> None:
    await connection.execute("DELETE FROM upstream_models WHERE upstream_id = %s", (upstream_id,))
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO upstream_models (upstream_id, public_model, upstream_model, priority, weight)"
            " VALUES (%s, %s, %s, %s, %s)",
            [(upstream_id, m.public_model, m.upstream_model, m.priority, m.weight) for m in models],
        )


async def update_secret(
    connection: Connection, upstream_id: UUID, *, secret_env: str | None, secret_sealed: bytes | None
) -> None:
    await connection.execute(
        "UPDATE upstreams SET secret_env = %s, secret_sealed = %s WHERE upstream_id = %s",
        (secret_env, secret_sealed, upstream_id),
    )


async def update_callback_secret(
    connection: Connection, upstream_id: UUID, *, secret_env: str | None, secret_sealed: bytes | None
) -> None:
    await connection.execute(
        "UPDATE upstreams SET callback_secret_env = %s, callback_secret_sealed = %s WHERE upstream_id = %s",
        (secret_env, secret_sealed, upstream_id),
    )


async def update_status(connection: Connection, upstream_id: UUID, status: str) -> None:
    await connection.execute("UPDATE upstreams SET status = %s WHERE upstream_id = %s", (status, upstream_id))


async def delete_upstream(connection: Connection, upstream_id: UUID) -> None:
    await connection.execute("DELETE FROM upstream_models WHERE upstream_id = %s", (upstream_id,))
    await connection.execute("DELETE FROM upstreams WHERE upstream_id = %s", (upstream_id,))


async def read_upstreams(connection: Connection) -> list[Upstream]:
    cursor = await connection.execute(
        "SELECT upstream_id, public_model, upstream_model, priority, weight FROM upstream_models"
        " ORDER BY upstream_id, public_model"
    )
    models: dict[UUID, list[ServedModel]] = {}
    for upstream_id, public_model, upstream_model, priority, weight in await cursor.fetchall():
        models.setdefault(upstream_id, []).append(
            ServedModel(public_model=public_model, upstream_model=upstream_model, priority=priority, weight=weight)
        )
    cursor = await connection.execute(
        "SELECT upstream_id, name, dialect, base_url, secret_env, secret_sealed, timeout_seconds, status, created_at,"
        " callback_secret_env, callback_secret_sealed FROM upstreams ORDER BY name"
    )
    return [
        Upstream(
            upstream_id=row[0], name=row[1], dialect=Dialect(row[2]), base_url=row[3], secret_env=row[4],
            secret_sealed=row[5], timeout_seconds=row[6], status=row[7], created_at=row[8],
            models=tuple(models.get(row[0], ())), callback_secret_env=row[9], callback_secret_sealed=row[10],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip
