"""The SQL of cases that arrive, and of what their customers answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from counterfoil.foundation.vocabulary import Language
from counterfoil.support.model import (
    Case,
    CaseEvent,
    CaseEventKind,
    CaseState,
    Channel,
    Priority,
    Resolution,
)

Connection = AsyncConnection[tuple[Any, ...]]

CASE_COLUMNS: LiteralString = (
    "c.case_id, c.number, c.problem, c.state, c.priority, c.language, c.channel, c.fields, c.person_id, c.account_id,"
    " c.subject, c.cause, c.owner, c.due_at, c.group_id, c.resolution, c.created_at, c.changed_at, c.purged_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A case of an earlier sending with the same key: its number, and the hash of what was in it (None: purged)."""

    case_id: UUID
    number: str
    content_hash: bytes | None


# One statement: what is kept is all kept, and a burst waits for one answer of the database a case.
_INSERT_CASE: LiteralString = (
    "WITH kept AS (INSERT INTO cases (case_id, number, problem, state, priority, language, channel, fields, person_id,"
    " account_id, due_at, subject, cause, resolution, event_no, created_at, changed_at, search_due_at, submission_hash,"
    " content_hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
    " ON CONFLICT DO NOTHING RETURNING case_id),"
    " steps AS (INSERT INTO case_events (case_id, event_no, kind, by_name, at, facts, is_public)"
    " SELECT kept.case_id, e.* FROM kept, unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::jsonb[],"
    " %s::boolean[]) e),"
    " words AS (INSERT INTO case_texts (case_id, event_no, text, fields)"
    " SELECT kept.case_id, w.* FROM kept, unnest(%s::bigint[], %s::text[], %s::jsonb[]) w),"
    " link AS (INSERT INTO case_links (token_hash, case_id, created_at) SELECT %s, kept.case_id, %s FROM kept"
    " ON CONFLICT (token_hash) DO NOTHING)"
    " SELECT count(*) FROM kept"
)


async def insert_case(
    connection: Connection,
    case: Case,
    events: Sequence[CaseEvent],
    *,
    submission_hash: bytes,
    content_hash: bytes,
    token_hash: bytes,
) -> bool:
    """Add a case with its first events and its link; False where there is one of that sending or of that number already."""
    # What came at first stays beside its step, whatever is added to the case later.
    fields = {one.event_no: case.values for one in events if one.kind is CaseEventKind.ARRIVED}
    written = [one for one in events if one.text is not None or fields.get(one.event_no)]
    cursor = await connection.execute(
        _INSERT_CASE,
        (
            case.case_id, case.number, case.problem, case.state, case.priority, case.language, case.channel,
            Jsonb(dict(case.values)), case.person_id, case.account_id, case.due_at, case.subject, case.cause,
            case.resolution, len(events), case.created_at, case.changed_at,
            case.created_at if case.resolution is None else None, submission_hash, content_hash,
            [one.event_no for one in events], [one.kind.value for one in events], [one.by for one in events],
            [one.at for one in events], [Jsonb(dict(one.facts)) for one in events], [one.is_public for one in events],
            [one.event_no for one in written], [one.text for one in written],
            [Jsonb(dict(fields.get(one.event_no, {}))) for one in written],
            token_hash, case.created_at,
        ),
    )  # fmt: skip
    row = await cursor.fetchone()
    return row is not None and row[0] == 1


async def find_arrived(connection: Connection, submission_hash: bytes) -> Arrived | None:
    cursor = await connection.execute(
        "SELECT case_id, number, content_hash FROM cases WHERE submission_hash = %s", (submission_hash,)
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return Arrived(case_id=row[0], number=row[1], content_hash=None if row[2] is None else bytes(row[2]))


async def insert_event(connection: Connection, event: CaseEvent, *, fields: Mapping[str, str] | None = None) -> None:
    """Add one step, and apart from it what was written with it."""
    await connection.execute(
        "INSERT INTO case_events (case_id, event_no, kind, by_name, at, facts, is_public)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (event.case_id, event.event_no, event.kind, event.by, event.at, Jsonb(dict(event.facts)), event.is_public),
    )
    if event.text is not None or fields:
        await connection.execute(
            "INSERT INTO case_texts (case_id, event_no, text, fields) VALUES (%s, %s, %s, %s)",
            (event.case_id, event.event_no, event.text, Jsonb(dict(fields or {}))),
        )


async def find_case(connection: Connection, case_id: UUID) -> Case | None:
    cursor = await connection.execute(f"SELECT {CASE_COLUMNS} FROM cases c WHERE c.case_id = %s", (case_id,))  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else read_case(row)


async def lock_case(connection: Connection, case_id: UUID) -> tuple[Case, int] | None:
    """The case, locked, and the number of its last event."""
    cursor = await connection.execute(
        f"SELECT {CASE_COLUMNS}, c.event_no FROM cases c WHERE c.case_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (case_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else (read_case(row[:-1]), row[-1])


async def read_events(connection: Connection, case_id: UUID) -> list[CaseEvent]:
    """Every step of a case in order, with what was written as far as it is not purged."""
    cursor = await connection.execute(
        "SELECT e.event_no, e.kind, e.by_name, e.at, e.facts, t.text, e.is_public FROM case_events e"
        " LEFT JOIN case_texts t ON t.case_id = e.case_id AND t.event_no = e.event_no"
        " WHERE e.case_id = %s ORDER BY e.event_no",
        (case_id,),
    )
    return [
        CaseEvent(
            case_id=case_id, event_no=row[0], kind=CaseEventKind(row[1]), by=row[2], at=row[3], facts=row[4],
            text=row[5], is_public=row[6],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def set_answered(
    connection: Connection,
    case_id: UUID,
    *,
    state: CaseState,
    values: Mapping[str, str],
    event_no: int,
    at: int,
    search_due_at: int | None,
) -> None:
    """Write down where a case is after its customer has said something; `search_due_at` None leaves what is due as it is."""
    await connection.execute(
        "UPDATE cases SET state = %s, fields = %s, event_no = %s, changed_at = %s,"
        " search_due_at = coalesce(%s, search_due_at) WHERE case_id = %s",
        (state, Jsonb(dict(values)), event_no, at, search_due_at, case_id),
    )


async def set_reopened(
    connection: Connection, case_id: UUID, *, state: CaseState, event_no: int, at: int, due_at: int
) -> None:
    """Write down that a case goes on: what settled it did not. The records are searched once more."""
    await connection.execute(
        "UPDATE cases SET state = %s, resolution = NULL, event_no = %s, changed_at = %s, due_at = %s, search_due_at = %s"
        " WHERE case_id = %s",
        (state, event_no, at, due_at, at, case_id),
    )


def read_case(row: Sequence[Any]) -> Case:
    """A case from the columns `CASE_COLUMNS`."""
    (
        case_id, number, problem, state, priority, language, channel, fields, person_id, account_id, subject, cause, owner,
        due_at, group_id, resolution, created_at, changed_at, purged_at,
    ) = row  # fmt: skip
    return Case(
        case_id=case_id,
        number=number,
        problem=problem,
        state=CaseState(state),
        priority=Priority(priority),
        language=Language(language),
        channel=Channel(channel),
        values=fields,
        person_id=person_id,
        account_id=account_id,
        subject=subject,
        cause=cause,
        owner=owner,
        due_at=due_at,
        group_id=group_id,
        resolution=None if resolution is None else Resolution(resolution),
        created_at=created_at,
        changed_at=changed_at,
        purged_at=purged_at,
    )
