"""The SQL of one-time links: registrations, password resets, and the link of the first administrator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.vocabulary import Language

Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Somebody who has not shown yet that the address is theirs."""

    email: str
    password_hash: str = field(repr=False)
    nickname: str | None
    language: Language
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    person_id: UUID
    mailed: bool
    expires_at: int


async def insert_registration(connection: Connection, registration: Registration, *, token_hash: bytes) -> None:
    await connection.execute(
        "INSERT INTO registrations (token_hash, email, password_hash, nickname, language, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            token_hash, registration.email, registration.password_hash, registration.nickname, registration.language,
            registration.created_at, registration.expires_at,
        ),
    )  # fmt: skip


async def find_registration(connection: Connection, token_hash: bytes) -> Registration | None:
    cursor = await connection.execute(
        "SELECT email, password_hash, nickname, language, created_at, expires_at FROM registrations WHERE token_hash = %s",
        (token_hash,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return Registration(
        email=row[0], password_hash=row[1], nickname=row[2], language=Language(row[3]), created_at=row[4],
        expires_at=row[5],
    )  # fmt: skip


async def lock_registrations_of(connection: Connection, email: str) -> set[bytes]:
    """Lock every registration of an address: of two links that are followed at once, the second finds none."""
    cursor = await connection.execute(
        "SELECT token_hash FROM registrations WHERE lower(email) = lower(%s) ORDER BY token_hash FOR UPDATE", (email,)
    )
    return {bytes(row[0]) for row in await cursor.fetchall()}


async def delete_registrations_of(connection: Connection, email: str) -> None:
    """Other tries to register an address, which now belongs to somebody."""
    await connection.execute("DELETE FROM registrations WHERE lower(email) = lower(%s)", (email,))


async def insert_reset(
    connection: Connection, *, token_hash: bytes, person_id: UUID, mailed: bool, created_at: int, expires_at: int
) -> None:
    await connection.execute(
        "INSERT INTO password_resets (token_hash, person_id, mailed, created_at, expires_at) VALUES (%s, %s, %s, %s, %s)",
        (token_hash, person_id, mailed, created_at, expires_at),
    )


async def take_reset(connection: Connection, token_hash: bytes) -> Reset | None:
    """Use up a reset: the second of two that come at once finds none."""
    cursor = await connection.execute(
        "DELETE FROM password_resets WHERE token_hash = %s RETURNING person_id, mailed, expires_at", (token_hash,)
    )
    row = await cursor.fetchone()
    return None if row is None else Reset(person_id=row[0], mailed=row[1], expires_at=row[2])


async def find_reset(connection: Connection, token_hash: bytes) -> Reset | None:
    cursor = await connection.execute(
        "SELECT person_id, mailed, expires_at FROM password_resets WHERE token_hash = %s", (token_hash,)
    )
    row = await cursor.fetchone()
    return None if row is None else Reset(person_id=row[0], mailed=row[1], expires_at=row[2])


async def delete_resets_of(connection: Connection, person_id: UUID) -> None:
    await connection.execute("DELETE FROM password_resets WHERE person_id = %s", (person_id,))


async def delete_expired(connection: Connection, *, now: int, at_most: int) -> int:
    """Drop registrations and resets that nobody has followed in time."""
    first = await connection.execute(
        "DELETE FROM registrations WHERE token_hash IN (SELECT token_hash FROM registrations WHERE expires_at <= %s"
        " ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (now, at_most),
    )
    second = await connection.execute(
        "DELETE FROM password_resets WHERE token_hash IN (SELECT token_hash FROM password_resets WHERE expires_at <= %s"
        " ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (now, at_most),
    )
    return first.rowcount + second.rowcount


async def keep_administrator_link(connection: Connection, token_hash: bytes, *, at: int) -> None:
    """Make a link known; one that is known already stays as it is."""
    await connection.execute(
        "INSERT INTO administrator_links (token_hash, created_at) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (token_hash, at),
    )


async def lock_administrator_links(connection: Connection) -> dict[bytes, int | None]:
    """Lock every link and tell when each was used: two hosts may have one each, and one of them makes the first."""
    cursor = await connection.execute(
        "SELECT token_hash, used_at FROM administrator_links ORDER BY token_hash FOR UPDATE"
    )
    return {bytes(row[0]): row[1] for row in await cursor.fetchall()}


async def administrator_link(connection: Connection, token_hash: bytes) -> bool:
    """Whether a link is known and unused."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM administrator_links WHERE token_hash = %s AND used_at IS NULL)", (token_hash,)
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def use_administrator_links(connection: Connection, *, at: int) -> None:
    await connection.execute("UPDATE administrator_links SET used_at = coalesce(used_at, %s)", (at,))
