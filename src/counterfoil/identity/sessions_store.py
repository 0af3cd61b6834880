"""The SQL of sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.identity.people_model import Person
from counterfoil.identity.people_store import PERSON_COLUMN_COUNT, PERSON_COLUMNS, PERSON_TABLES, read_person

Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSession:
    """A row of a session: everything but what its token gives."""

    session_id: UUID
    person: Person
    created_at: int
    last_used_at: int
    ends_at: int
    confirmed_at: int
    device: str
    client_address: str


_COLUMNS: LiteralString = (
    "s.session_id, s.created_at, s.last_used_at, s.ends_at, s.confirmed_at, s.device, s.client_address"
)


async def insert_session(connection: Connection, kept: KeptSession, *, token_hash: bytes) -> None:
    await connection.execute(
        "INSERT INTO sessions (session_id, token_hash, person_id, created_at, last_used_at, ends_at, confirmed_at, device,"
        " client_address) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            kept.session_id, token_hash, kept.person.person_id, kept.created_at, kept.last_used_at, kept.ends_at,
            kept.confirmed_at, kept.device, kept.client_address,
        ),
    )  # fmt: skip


async def find_by_hash(connection: Connection, token_hash: bytes) -> KeptSession | None:
    return await _find_one(connection, "s.token_hash = %s", token_hash)


async def find_session(connection: Connection, session_id: UUID) -> KeptSession | None:
    return await _find_one(connection, "s.session_id = %s", session_id)


async def sessions_of(connection: Connection, person_id: UUID, *, at_most: int) -> list[KeptSession]:
    """A person's sessions, the newest first."""
    cursor = await connection.execute(
        f"SELECT {PERSON_COLUMNS}, {_COLUMNS} FROM sessions s JOIN {PERSON_TABLES} ON p.person_id = s.person_id"  # noqa: S608
        " WHERE s.person_id = %s ORDER BY s.session_id DESC LIMIT %s",
        (person_id, at_most),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def touch(connection: Connection, session_id: UUID, *, at: int, client_address: str, before: int) -> None:
    """Note that a session was used, unless that was noted a moment ago."""
    await connection.execute(
        "UPDATE sessions SET last_used_at = %s, client_address = %s WHERE session_id = %s AND last_used_at <= %s",
        (at, client_address, session_id, before),
    )


async def set_confirmed(connection: Connection, session_id: UUID, *, at: int) -> bool:
    cursor = await connection.execute("UPDATE sessions SET confirmed_at = %s WHERE session_id = %s", (at, session_id))
    return cursor.rowcount == 1


async def delete_session(connection: Connection, session_id: UUID) -> bool:
    cursor = await connection.execute("DELETE FROM sessions WHERE session_id = %s", (session_id,))
    return cursor.rowcount == 1


async def delete_sessions_of(connection: Connection, person_id: UUID, *, but: UUID | None) -> int:
    cursor = await connection.execute(
        "DELETE FROM sessions WHERE person_id = %s AND session_id IS DISTINCT FROM %s", (person_id, but)
    )
    return cursor.rowcount


async def delete_surplus(connection: Connection, person_id: UUID, *, keep: int) -> None:
    """End the oldest sessions of a person beyond so many."""
    await connection.execute(
        "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions WHERE person_id = %s"
        " ORDER BY session_id DESC OFFSET %s)",
        (person_id, keep),
    )


async def delete_unused(connection: Connection, *, used_before: int, at_most: int) -> int:
    """Drop sessions that were not used since a time; one that has come to its end is not used any more either."""
    cursor = await connection.execute(
        "DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM sessions"
        " WHERE last_used_at <= %s ORDER BY last_used_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (used_before, at_most),
    )
    return cursor.rowcount


async def _find_one(connection: Connection, condition: LiteralString, value: object) -> KeptSession | None:
    cursor = await connection.execute(
        f"SELECT {PERSON_COLUMNS}, {_COLUMNS} FROM sessions s JOIN {PERSON_TABLES} ON p.person_id = s.person_id"  # noqa: S608
        f" WHERE {condition}",
        (value,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


def _read(row: tuple[Any, ...]) -> KeptSession:
    session_id, created_at, last_used_at, ends_at, confirmed_at, device, client_address = row[PERSON_COLUMN_COUNT:]
    return KeptSession(
        session_id=session_id, person=read_person(row), created_at=created_at, last_used_at=last_used_at,
        ends_at=ends_at, confirmed_at=confirmed_at, device=device, client_address=client_address,
    )  # fmt: skip
