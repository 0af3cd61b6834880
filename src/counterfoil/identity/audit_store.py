"""The SQL of the record of who saw or did what. Rows are only ever added."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.ids import make_id
from counterfoil.identity.audit_model import AuditEvent, AuditKind

Connection = AsyncConnection[tuple[Any, ...]]
_BETWEEN_ID_AND_TIME_MICROS = 1_000_000


async def insert_event(
    connection: Connection, event: AuditEvent, *, seen_hash: bytes | None = None, seen_hour: int | None = None
) -> None:
    """Add a row; of what was seen there is one row an hour."""
    await connection.execute(
        "INSERT INTO audit_events (event_id, at, kind, what, by_name, person_id, account_id, subject, why, client_address,"
        " seen_hash, seen_hour) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (seen_hash, seen_hour) WHERE kind = 'saw' DO NOTHING",
        (
            event.event_id, event.at, event.kind, event.what, event.by, event.person_id, event.account_id, event.subject,
            event.why, event.client_address, seen_hash, seen_hour,
        ),
    )  # fmt: skip


async def was_seen(connection: Connection, seen_hash: bytes, *, hours: list[int], since: int) -> bool:
    """Whether the same person has seen the same thing since a time, which lies in one of these hours."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM audit_events WHERE kind = 'saw' AND seen_hash = %s AND seen_hour = ANY(%s)"
        " AND at > %s)",
        (seen_hash, hours, since),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def read_events(
    connection: Connection,
    *,
    account_id: UUID | None,
    person_id: UUID | None,
    what: str | None,
    kind: AuditKind | None,
    since: int | None,
    until: int | None,
    before: UUID | None,
    at_most: int,
) -> list[AuditEvent]:
    """The newest first; `before` is the last of the page before."""
    cursor = await connection.execute(
        "SELECT event_id, at, kind, what, by_name, person_id, account_id, subject, why, client_address FROM audit_events"
        " WHERE (%(account)s::uuid IS NULL OR account_id = %(account)s)"
        " AND (%(person)s::uuid IS NULL OR person_id = %(person)s)"
        " AND (%(what)s::text IS NULL OR what = %(what)s) AND (%(kind)s::text IS NULL OR kind = %(kind)s)"
        " AND (%(since)s::bigint IS NULL OR (at >= %(since)s AND event_id >= %(first)s))"
        " AND (%(until)s::bigint IS NULL OR (at < %(until)s AND event_id < %(last)s))"
        " AND (%(before)s::uuid IS NULL OR event_id < %(before)s) ORDER BY event_id DESC LIMIT %(at_most)s",
        {
            "account": account_id,
            "person": person_id,
            "what": what,
            "kind": kind,
            "since": since,
            "until": until,
            # Ids begin with the time, so a time is found by the index of ids; one is made a moment before its row's time.
            "first": None if since is None else make_id(max(0, since - _BETWEEN_ID_AND_TIME_MICROS), 0),
            "last": None if until is None else make_id(max(0, until), 0),
            "before": before,
            "at_most": at_most,
        },
    )
    return [
        AuditEvent(
            event_id=row[0], at=row[1], kind=AuditKind(row[2]), what=row[3], by=row[4], person_id=row[5],
            account_id=row[6], subject=row[7], why=row[8], client_address=row[9],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip
