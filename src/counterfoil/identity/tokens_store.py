"""The SQL of REST tokens."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.identity.people_model import Person
from counterfoil.identity.people_store import PERSON_COLUMN_COUNT, PERSON_COLUMNS, PERSON_TABLES, read_person
from counterfoil.identity.tokens_model import RestToken

Connection = AsyncConnection[tuple[Any, ...]]

DAY_MICROS = 86_400_000_000
_COLUMNS: LiteralString = (
    "t.token_id, t.person_id, t.name, t.mask, t.scopes, t.created_at, t.expires_at, t.last_used_day, t.revoked_at"
)


async def insert_token(connection: Connection, token: RestToken, *, token_hash: bytes) -> None:
    await connection.execute(
        "INSERT INTO rest_tokens (token_id, token_hash, person_id, name, mask, scopes, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            token.token_id, token_hash, token.person_id, token.name, token.mask, sorted(token.scopes), token.created_at,
            token.expires_at,
        ),
    )  # fmt: skip


async def count_active(connection: Connection, person_id: UUID, *, now: int) -> int:
    cursor = await connection.execute(
        "SELECT count(*) FROM rest_tokens WHERE person_id = %s AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > %s)",
        (person_id, now),
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def tokens_of(connection: Connection, person_id: UUID, *, before: UUID | None, at_most: int) -> list[RestToken]:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM rest_tokens t WHERE t.person_id = %(person)s"  # noqa: S608
        " AND (%(before)s::uuid IS NULL OR t.token_id < %(before)s) ORDER BY t.token_id DESC LIMIT %(at_most)s",
        {"person": person_id, "before": before, "at_most": at_most},
    )
    return [_read(row) for row in await cursor.fetchall()]


async def find_token(connection: Connection, token_id: UUID) -> RestToken | None:
    cursor = await connection.execute(f"SELECT {_COLUMNS} FROM rest_tokens t WHERE t.token_id = %s", (token_id,))  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def find_by_hash(connection: Connection, token_hash: bytes) -> tuple[RestToken, Person] | None:
    """A token with the person whose it is."""
    cursor = await connection.execute(
        f"SELECT {PERSON_COLUMNS}, {_COLUMNS} FROM rest_tokens t JOIN {PERSON_TABLES} ON p.person_id = t.person_id"  # noqa: S608
        " WHERE t.token_hash = %s",
        (token_hash,),
    )
    row = await cursor.fetchone()
    return None if row is None else (_read(row[PERSON_COLUMN_COUNT:]), read_person(row))


async def revoke(connection: Connection, token_id: UUID, *, at: int) -> bool:
    cursor = await connection.execute(
        "UPDATE rest_tokens SET revoked_at = %s WHERE token_id = %s AND revoked_at IS NULL", (at, token_id)
    )
    return cursor.rowcount == 1


async def touch(connection: Connection, token_id: UUID, *, day: int) -> None:
    await connection.execute(
        "UPDATE rest_tokens SET last_used_day = %s WHERE token_id = %s AND coalesce(last_used_day, -1) < %s",
        (day, token_id, day),
    )


def _read(row: tuple[Any, ...]) -> RestToken:
    token_id, person_id, name, mask, scopes, created_at, expires_at, last_used_day, revoked_at = row
    return RestToken(
        token_id=token_id, person_id=person_id, name=name, mask=mask, scopes=frozenset(scopes), created_at=created_at,
        expires_at=expires_at, last_used_at=None if last_used_day is None else last_used_day * DAY_MICROS,
        revoked_at=revoked_at,
    )  # fmt: skip
