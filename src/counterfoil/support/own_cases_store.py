"""The SQL of an account's own cases: those that it sent while signed in, and those that staff found to be about it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from counterfoil.storage.database import Connection
from counterfoil.support.intake_store import CASE_COLUMNS, read_case
from counterfoil.support.model import Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Of which account the cases are; with a person, only what that person has sent."""

    account_id: UUID
    person_id: UUID | None = None


async def read_own(connection: Connection, whose: Whose, *, before: UUID | None, most: int) -> list[Case]:
    """Newest first; `before` is the last of the page before."""
    cursor = await connection.execute(
        f"SELECT {CASE_COLUMNS} FROM cases c WHERE c.account_id = %(account)s"  # noqa: S608
        " AND (%(person)s::uuid IS NULL OR c.person_id = %(person)s)"
        " AND (%(before)s::uuid IS NULL OR c.case_id < %(before)s) ORDER BY c.case_id DESC LIMIT %(most)s",
        {"account": whose.account_id, "person": whose.person_id, "before": before, "most": most},
    )
    return [read_case(row) for row in await cursor.fetchall()]


async def find_own(connection: Connection, whose: Whose, *, case_id: UUID | None, number: str | None) -> Case | None:
    """The case of that id or that number, if it is theirs."""
    cursor = await connection.execute(
        f"SELECT {CASE_COLUMNS} FROM cases c WHERE c.account_id = %(account)s"  # noqa: S608
        " AND (%(person)s::uuid IS NULL OR c.person_id = %(person)s)"
        " AND (%(case)s::uuid IS NULL OR c.case_id = %(case)s) AND (%(number)s::text IS NULL OR c.number = %(number)s)"
        " LIMIT 1",
        {"account": whose.account_id, "person": whose.person_id, "case": case_id, "number": number},
    )
    row = await cursor.fetchone()
    return None if row is None else read_case(row)
