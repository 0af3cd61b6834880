"""The SQL of the desk's metrics: cases that arrived within a time, with all their events. Reads only."""

from __future__ import annotations

from uuid import UUID

from counterfoil.storage.database import Connection
from counterfoil.support.model import CaseEvent, CaseEventKind


async def arrived_within(
    connection: Connection, *, start: int, end: int, problem: str | None, most: int
) -> list[tuple[UUID, str, str | None]]:
    """Id, class and cause of each case that arrived from `start` until `end`, oldest first."""
    cursor = await connection.execute(
        "SELECT c.case_id, c.problem, c.cause FROM case_events e JOIN cases c ON c.case_id = e.case_id"
        " WHERE e.kind = 'arrived' AND e.at >= %(start)s AND e.at < %(end)s"
        " AND (%(problem)s::text IS NULL OR c.problem = %(problem)s) ORDER BY e.at, c.case_id LIMIT %(most)s",
        {"start": start, "end": end, "problem": problem, "most": most},
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def causes_within(connection: Connection, *, start: int, end: int, most: int) -> list[tuple[int, str]]:
    """When each case arrived from `start` until `end`, and its cause, of those that have one; the newest first."""
    cursor = await connection.execute(
        "SELECT e.at, c.cause FROM case_events e JOIN cases c ON c.case_id = e.case_id"
        " WHERE e.kind = 'arrived' AND e.at >= %s AND e.at < %s AND c.cause IS NOT NULL ORDER BY e.at DESC LIMIT %s",
        (start, end, most),
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def events_of(connection: Connection, case_ids: list[UUID]) -> dict[UUID, list[CaseEvent]]:
    """Every event of these cases in order, without what was written with it."""
    cursor = await connection.execute(
        "SELECT case_id, event_no, kind, by_name, at, facts, is_public FROM case_events WHERE case_id = ANY(%s)"
        " ORDER BY case_id, event_no",
        (case_ids,),
    )
    found: dict[UUID, list[CaseEvent]] = {}
    for row in await cursor.fetchall():
        event = CaseEvent(
            case_id=row[0], event_no=row[1], kind=CaseEventKind(row[2]), by=row[3], at=row[4], facts=row[5],
            is_public=row[6],
        )  # fmt: skip
        found.setdefault(event.case_id, []).append(event)
    return found
