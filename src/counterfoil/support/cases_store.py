"""The SQL of the desk: the queue, steps of cases, searches of the records, groups, saved searches, settlements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from counterfoil.storage.database import Connection
from counterfoil.support.desk_model import (
    CaseQuery,
    CaseSearch,
    CaseSettlement,
    QueueCount,
    SavedSearch,
    SettlementKind,
    SettlementState,
)
from counterfoil.support.grouping_rules import SURE_SCORE, Report, Standing, words_of
from counterfoil.support.intake_store import CASE_COLUMNS, insert_event, read_case
from counterfoil.support.metrics_rules import BY_INTAKE
from counterfoil.support.model import Agreement, Candidate, Case, CaseState, FieldAgreement
from counterfoil.support.rules import Step

_SEARCH: LiteralString = "case_id, search_no, at, candidates, explanation, same_account"
_SETTLEMENT: LiteralString = (
    "settlement_id, case_id, approval_id, kind, account_id, amount_nanos, currency, state, proposed_by, proposed_at,"
    " ended_at"
)
_SAVED: LiteralString = "search_id, person_id, name, is_shared, query, created_at"
# Whoever sees only what was handed to engineering.
_WAS_HANDED: LiteralString = (
    "EXISTS (SELECT 1 FROM case_events e WHERE e.case_id = c.case_id AND e.kind = 'handed_over'"
    " AND e.facts ->> 'state' = 'with_engineering')"
)


# -- cases -------------------------------------------------------------------------------------------------------------


async def write_step(connection: Connection, step: Step, *, search_due_at: int | None = None) -> None:
    """Write down a step of a locked case; `search_due_at` has the records searched again."""
    case = step.after
    await connection.execute(
        "UPDATE cases SET state = %s, priority = %s, account_id = %s, subject = %s, cause = %s, owner = %s, due_at = %s,"
        " group_id = %s, resolution = %s, event_no = %s, changed_at = %s, search_due_at = coalesce(%s, search_due_at)"
        " WHERE case_id = %s",
        (
            case.state, case.priority, case.account_id, case.subject, case.cause, case.owner, case.due_at, case.group_id,
            case.resolution, step.event.event_no, case.changed_at, search_due_at, case.case_id,
        ),
    )  # fmt: skip
    await insert_event(connection, step.event)


async def read_queue(
    connection: Connection,
    query: CaseQuery,
    *,
    only_handed_over: bool,
    after: tuple[int, UUID] | None,
    most: int,
) -> list[Case]:
    """Cases that meet every condition, what is due first first; `after` is (due_at, case_id) of the last of the page before."""
    cursor = await connection.execute(
        f"SELECT {CASE_COLUMNS} FROM cases c WHERE (cardinality(%(states)s::text[]) = 0 OR c.state = ANY(%(states)s))"  # noqa: S608
        " AND (NOT %(open)s OR c.state NOT IN ('resolved', 'closed'))"
        " AND (%(problem)s::text IS NULL OR c.problem = %(problem)s)"
        " AND (%(priority)s::text IS NULL OR c.priority = %(priority)s)"
        " AND (%(owner)s::text IS NULL OR c.owner = nullif(%(owner)s, '') OR (%(owner)s = '' AND c.owner IS NULL))"
        " AND (%(cause)s::text IS NULL OR c.cause = %(cause)s)"
        " AND (%(account)s::uuid IS NULL OR c.account_id = %(account)s)"
        " AND (%(group)s::uuid IS NULL OR c.group_id = %(group)s)"
        " AND (%(due)s::bigint IS NULL OR c.due_at < %(due)s)"
        " AND (%(text)s::text IS NULL OR starts_with(c.number, upper(%(text)s)) OR c.subject = lower(%(text)s))"
        f" AND (NOT %(handed)s OR {_WAS_HANDED})"
        " AND (%(after_due)s::bigint IS NULL OR (c.due_at, c.case_id) > (%(after_due)s, %(after_id)s::uuid))"
        " ORDER BY c.due_at, c.case_id LIMIT %(most)s",
        {
            "states": [state.value for state in query.states], "open": query.is_open, "problem": query.problem,
            "priority": query.priority, "owner": query.owner, "cause": query.cause, "account": query.account_id,
            "group": query.group_id, "due": query.due_before, "text": query.text, "handed": only_handed_over,
            "after_due": None if after is None else after[0], "after_id": None if after is None else after[1],
            "most": most,
        },
    )  # fmt: skip
    return [read_case(row) for row in await cursor.fetchall()]


async def count_open(connection: Connection, *, now: int) -> list[QueueCount]:
    """Open cases by state and class, and how many of them are late."""
    cursor = await connection.execute(
        "SELECT state, problem, count(*), count(*) FILTER (WHERE due_at < %s) FROM cases"
        " WHERE state NOT IN ('resolved', 'closed') GROUP BY state, problem ORDER BY state, problem",
        (now,),
    )
    return [
        QueueCount(state=CaseState(row[0]), problem=row[1], count=row[2], late=row[3])
        for row in await cursor.fetchall()
    ]


async def was_handed_to_engineering(connection: Connection, case_id: UUID) -> bool:
    cursor = await connection.execute(
        f"SELECT {_WAS_HANDED} FROM cases c WHERE c.case_id = %s",  # noqa: S608
        (case_id,),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def was_answered(connection: Connection, case_id: UUID) -> bool:
    """Whether a person has answered a case yet, or asked for more; what intake asks by itself is neither."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM case_events WHERE case_id = %s AND (kind = 'replied' OR kind = 'asked' AND by_name <> %s))",
        (case_id, BY_INTAKE),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def cases_of_group(connection: Connection, group_id: UUID, *, most: int) -> list[Case]:
    cursor = await connection.execute(
        f"SELECT {CASE_COLUMNS} FROM cases c WHERE c.group_id = %s ORDER BY c.case_id LIMIT %s",  # noqa: S608
        (group_id, most),
    )
    return [read_case(row) for row in await cursor.fetchall()]


# -- searches of the records -------------------------------------------------------------------------------------------


async def take_due(connection: Connection, *, now: int, again_at: int, most: int) -> list[Case]:
    """Cases whose records are to be searched, the longest due first. Until `again_at` nobody else takes them: whoever dies
    over one leaves it to the next."""
    cursor = await connection.execute(
        "UPDATE cases c SET search_due_at = %s FROM (SELECT case_id FROM cases WHERE search_due_at <= %s"  # noqa: S608
        " ORDER BY search_due_at, case_id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED) due WHERE c.case_id = due.case_id"
        f" RETURNING {CASE_COLUMNS}",
        (again_at, now, most),
    )
    return [read_case(row) for row in await cursor.fetchall()]


async def end_search(connection: Connection, case_id: UUID, *, taken_until: int) -> None:
    """Say that the search is done, unless it has fallen due anew meanwhile."""
    await connection.execute(
        "UPDATE cases SET search_due_at = NULL WHERE case_id = %s AND search_due_at = %s", (case_id, taken_until)
    )


async def insert_search(connection: Connection, search: CaseSearch) -> None:
    await connection.execute(
        f"INSERT INTO case_searches ({_SEARCH}) VALUES (%s, %s, %s, %s, %s, %s)",  # noqa: S608
        (
            search.case_id, search.search_no, search.at, Jsonb([_candidate_dict(one) for one in search.candidates]),
            None if search.explanation is None else Jsonb(dict(search.explanation)), search.same_account,
        ),
    )  # fmt: skip


async def last_search(connection: Connection, case_id: UUID) -> CaseSearch | None:
    cursor = await connection.execute(
        f"SELECT {_SEARCH} FROM case_searches WHERE case_id = %s ORDER BY search_no DESC LIMIT 1",  # noqa: S608
        (case_id,),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    return CaseSearch(
        case_id=row[0], search_no=row[1], at=row[2], candidates=tuple(_read_candidate(one) for one in row[3]),
        explanation=row[4], same_account=row[5],
    )  # fmt: skip


def _candidate_dict(one: Candidate) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "kind": one.kind,
        "account_id": None if one.account_id is None else one.account_id.hex,
        "at": one.at,
        "score": one.score,
        "cause": one.cause,
        "fields": [[each.field, each.said, each.recorded, each.agreement.value] for each in one.fields],
    }


def _read_candidate(kept: dict[str, Any]) -> Candidate:
    account_id = kept["account_id"]
    return Candidate(
        subject=kept["subject"], kind=kept["kind"], account_id=None if account_id is None else UUID(hex=account_id),
        at=kept["at"], score=kept["score"], cause=kept["cause"],
        fields=tuple(
            FieldAgreement(field=field, said=said, recorded=recorded, agreement=Agreement(agreement))
            for field, said, recorded, agreement in kept["fields"]
        ),
    )  # fmt: skip


# -- groups ------------------------------------------------------------------------------------------------------------


async def find_group(connection: Connection, key: str) -> UUID | None:
    cursor = await connection.execute("SELECT group_id FROM case_groups WHERE key = %s", (key,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def lock_groups(connection: Connection, group_ids: Sequence[UUID]) -> None:
    """Lock groups in one order, whichever of them is left and whichever is joined."""
    await connection.execute(
        "SELECT FROM case_groups WHERE group_id = ANY(%s) ORDER BY group_id FOR NO KEY UPDATE", (list(group_ids),)
    )


async def standing_groups(connection: Connection, problem: str, *, since: int, most: int) -> list[Standing]:
    """The groups of a class that something has joined since a time, each with its first case; newest first."""
    cursor = await connection.execute(
        f"SELECT g.group_id, s.best, {CASE_COLUMNS} FROM case_groups g CROSS JOIN LATERAL ("  # noqa: S608
        " SELECT * FROM cases m WHERE m.group_id = g.group_id ORDER BY m.case_id LIMIT 1) c LEFT JOIN LATERAL ("
        " SELECT candidates -> 0 AS best FROM case_searches WHERE case_id = c.case_id ORDER BY search_no DESC LIMIT 1"
        ") s ON true WHERE g.problem = %s AND g.changed_at >= %s ORDER BY g.changed_at DESC, g.group_id LIMIT %s",
        (problem, since, most),
    )
    return [
        Standing(group_id=row[0], first=report_of(read_case(row[2:]), None if row[1] is None else _read_candidate(row[1])))
        for row in await cursor.fetchall()
    ]  # fmt: skip


def report_of(case: Case, best: Candidate | None) -> Report:
    """A case as the grouping rules compare it: by the record that was confirmed, else by the best one where it agrees well."""
    subject, account_id = case.subject, case.account_id
    if subject is None and best is not None and best.score >= SURE_SCORE:
        subject, account_id = best.subject, account_id or best.account_id
    return Report(
        case_id=case.case_id, problem=case.problem, subject=subject, cause=case.cause, account_id=account_id,
        words=words_of(case.values),
    )  # fmt: skip


async def insert_group(
    connection: Connection, *, group_id: UUID, key: str, problem: str, cause: str | None, now: int
) -> UUID:
    """Add a group of that key, or give the one that there is."""
    cursor = await connection.execute(
        "INSERT INTO case_groups (group_id, key, problem, cause, created_at, changed_at) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (key) DO UPDATE SET changed_at = excluded.changed_at RETURNING group_id",
        (group_id, key, problem, cause, now, now),
    )
    row = await cursor.fetchone()
    assert row is not None
    found: UUID = row[0]
    return found


async def count_in_group(connection: Connection, group_id: UUID, *, joined: int, now: int) -> bool:
    """Count one more (or, with -1, one fewer); False where there is no such group."""
    cursor = await connection.execute(
        "UPDATE case_groups SET cases = greatest(0, cases + %s), changed_at = %s WHERE group_id = %s",
        (joined, now, group_id),
    )
    return cursor.rowcount == 1


# -- saved searches ----------------------------------------------------------------------------------------------------


async def upsert_saved(connection: Connection, saved: SavedSearch) -> None:
    """Keep a query under a name; the same name of the same person is overwritten."""
    await connection.execute(
        f"INSERT INTO case_saved_searches ({_SAVED}) VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608
        " ON CONFLICT (person_id, name) DO UPDATE SET is_shared = excluded.is_shared, query = excluded.query",
        (
            saved.search_id, saved.person_id, saved.name, saved.is_shared, Jsonb(saved.query.to_dict()),
            saved.created_at,
        ),
    )  # fmt: skip


async def saved_for(connection: Connection, person_id: UUID, *, most: int) -> list[SavedSearch]:
    """A person's own saved searches and those that are shared, by name."""
    cursor = await connection.execute(
        f"SELECT {_SAVED} FROM case_saved_searches WHERE person_id = %s OR is_shared"  # noqa: S608
        " ORDER BY name, search_id LIMIT %s",
        (person_id, most),
    )
    return [
        SavedSearch(
            search_id=row[0], person_id=row[1], name=row[2], is_shared=row[3], query=CaseQuery.from_dict(row[4]),
            created_at=row[5],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def delete_saved(connection: Connection, search_id: UUID, *, person_id: UUID) -> bool:
    cursor = await connection.execute(
        "DELETE FROM case_saved_searches WHERE search_id = %s AND person_id = %s", (search_id, person_id)
    )
    return cursor.rowcount == 1


# -- settlements -------------------------------------------------------------------------------------------------------


async def insert_settlement(connection: Connection, one: CaseSettlement) -> None:
    """Add a settlement; one of the same approval is there already: nothing happens."""
    await connection.execute(
        f"INSERT INTO case_settlements ({_SETTLEMENT}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"  # noqa: S608
        " ON CONFLICT (approval_id) DO NOTHING",
        (
            one.settlement_id, one.case_id, one.approval_id, one.kind, one.account_id, one.amount, one.currency, one.state,
            one.proposed_by, one.proposed_at, one.ended_at,
        ),
    )  # fmt: skip


async def end_settlement(connection: Connection, approval_id: UUID, *, state: SettlementState, at: int) -> bool:
    """End a proposed settlement; False where it has ended, or is not there yet."""
    cursor = await connection.execute(
        "UPDATE case_settlements SET state = %s, ended_at = %s WHERE approval_id = %s AND state = 'proposed'",
        (state, at, approval_id),
    )
    return cursor.rowcount == 1


async def settlements_of(connection: Connection, case_ids: Sequence[UUID]) -> list[CaseSettlement]:
    cursor = await connection.execute(
        f"SELECT {_SETTLEMENT} FROM case_settlements WHERE case_id = ANY(%s) ORDER BY settlement_id",  # noqa: S608
        (list(case_ids),),
    )
    return [_read_settlement(row) for row in await cursor.fetchall()]


async def proposed_settlements(connection: Connection, *, most: int) -> list[CaseSettlement]:
    """Settlements whose approval may have ended otherwise than by being carried out."""
    cursor = await connection.execute(
        f"SELECT {_SETTLEMENT} FROM case_settlements WHERE state = 'proposed' AND approval_id IS NOT NULL"  # noqa: S608
        " ORDER BY settlement_id LIMIT %s",
        (most,),
    )
    return [_read_settlement(row) for row in await cursor.fetchall()]


def _read_settlement(row: Sequence[Any]) -> CaseSettlement:
    return CaseSettlement(
        settlement_id=row[0], case_id=row[1], approval_id=row[2], kind=SettlementKind(row[3]), account_id=row[4],
        amount=row[5], currency=row[6], state=SettlementState(row[7]), proposed_by=row[8], proposed_at=row[9],
        ended_at=row[10],
    )  # fmt: skip


# -- purging -----------------------------------------------------------------------------------------------------------


async def purge_words(connection: Connection, case_id: UUID, *, at: int) -> int:
    """Take out everything that people typed for a case; returns how many texts that were. Ids, codes and numbers stay."""
    texts = await connection.execute("DELETE FROM case_texts WHERE case_id = %s", (case_id,))
    await connection.execute("DELETE FROM case_searches WHERE case_id = %s", (case_id,))
    await connection.execute(
        "UPDATE cases SET fields = '{}', content_hash = NULL, purged_at = %s, search_due_at = NULL WHERE case_id = %s",
        (at, case_id),
    )
    await connection.execute(
        "UPDATE case_links SET revoked_at = coalesce(revoked_at, %s) WHERE case_id = %s", (at, case_id)
    )
    return texts.rowcount
