"""The SQL of breaks, their events and what was done about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from counterfoil.reconcile.breaks_rules import Step
from counterfoil.reconcile.desk_model import (
    Break,
    BreakEvent,
    BreakEventKind,
    BreakState,
    Settlement,
    SettlementAction,
)
from counterfoil.reconcile.model import Book, BreakClass
from counterfoil.storage.database import Connection

_BREAK: LiteralString = (
    "break_id, identity, book, class, owner, source, account_id, currency, expected, found, at, rule, ours, theirs,"
    " alternatives, state, first_day, last_day, first_seen_at, last_seen_at, expected_until, events, assignee"
)
_EVENT: LiteralString = "number, at, state, what, by, run_id, remark, facts"
_SETTLEMENT: LiteralString = (
    "settlement_id, break_id, number, action, account_id, amount, currency, facts, reason, by, at, approval_id, undoes"
)


async def lock_for_run(connection: Connection, book: Book, identities: Sequence[bytes]) -> list[Break]:
    """Every standing break of a book, and those of these identities in whatever state; locked, in the order of their ids."""
    cursor = await connection.execute(
        f"SELECT {_BREAK} FROM reconcile_breaks WHERE book = %s AND (state IN ('open', 'expected')"  # noqa: S608
        " OR identity = ANY(%s)) ORDER BY break_id FOR NO KEY UPDATE",
        (book, list(identities)),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def lock_break(connection: Connection, break_id: UUID) -> Break | None:
    cursor = await connection.execute(
        f"SELECT {_BREAK} FROM reconcile_breaks WHERE break_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (break_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def lock_standing_of_rows(connection: Connection, book: Book, rows: Sequence[str]) -> list[Break]:
    """Standing breaks all of whose rows are among these; locked."""
    cursor = await connection.execute(
        f"SELECT {_BREAK} FROM reconcile_breaks WHERE book = %s AND state IN ('open', 'expected')"  # noqa: S608
        " AND ours || theirs <@ %s AND cardinality(ours || theirs) > 0 ORDER BY break_id FOR NO KEY UPDATE",
        (book, list(rows)),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def read_break(connection: Connection, break_id: UUID) -> Break | None:
    cursor = await connection.execute(
        f"SELECT {_BREAK} FROM reconcile_breaks WHERE break_id = %s",  # noqa: S608
        (break_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def standing_breaks(connection: Connection, book: Book) -> list[Break]:
    cursor = await connection.execute(
        f"SELECT {_BREAK} FROM reconcile_breaks WHERE book = %s AND state IN ('open', 'expected')"  # noqa: S608
        " ORDER BY break_id",
        (book,),
    )
    return [_read(row) for row in await cursor.fetchall()]


async def read_breaks(
    connection: Connection,
    *,
    state: BreakState | None,
    standing: bool,
    book: Book | None,
    break_class: BreakClass | None,
    owner: str | None,
    source: str | None,
    account_id: UUID | None,
    first_day_before: date | None,
    least: int | None,
    assignee: str | None,
    before: UUID | None,
    most: int,
) -> list[Break]:
    """Breaks that match every condition given, newest first; `least` nanos of difference, either way."""
    cursor = await connection.execute(
        f"SELECT {_BREAK} FROM reconcile_breaks WHERE (%(state)s::text IS NULL OR state = %(state)s)"  # noqa: S608
        " AND (NOT %(standing)s OR state IN ('open', 'expected'))"
        " AND (%(book)s::text IS NULL OR book = %(book)s)"
        " AND (%(class)s::text IS NULL OR class = %(class)s)"
        " AND (%(owner)s::text IS NULL OR owner = %(owner)s)"
        " AND (%(source)s::text IS NULL OR source = %(source)s)"
        " AND (%(account)s::uuid IS NULL OR account_id = %(account)s)"
        " AND (%(day)s::date IS NULL OR first_day < %(day)s)"
        " AND (%(least)s::bigint IS NULL OR abs(coalesce(found, 0) - coalesce(expected, 0)) >= %(least)s)"
        " AND (%(assignee)s::text IS NULL OR assignee = nullif(%(assignee)s, '') OR (%(assignee)s = '' AND assignee IS NULL))"
        " AND (%(before)s::uuid IS NULL OR break_id < %(before)s) ORDER BY break_id DESC LIMIT %(most)s",
        {
            "assignee": assignee, "state": state, "standing": standing, "book": book, "class": break_class, "owner": owner, "source": source,
            "account": account_id, "day": first_day_before, "least": least, "before": before, "most": most,
        },
    )  # fmt: skip
    return [_read(row) for row in await cursor.fetchall()]


async def count_standing(connection: Connection) -> list[tuple[str, str, str, int, date]]:
    """Book, class, owner, how many stand, and since when the oldest does."""
    cursor = await connection.execute(
        "SELECT book, class, owner, count(*), min(first_day) FROM reconcile_breaks"
        " WHERE state IN ('open', 'expected') GROUP BY book, class, owner ORDER BY book, class"
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await cursor.fetchall()]


async def write_steps(connection: Connection, steps: Sequence[Step]) -> None:
    """Write what has become of breaks, with their events."""
    new = [step for step in steps if step.is_new]
    if new:
        async with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY reconcile_breaks ({_BREAK}) FROM STDIN") as copy,
        ):
            for step in new:
                await copy.write_row(_values(step.after))
    async with connection.cursor() as cursor:
        await cursor.executemany(
            "UPDATE reconcile_breaks SET state = %s, last_day = %s, last_seen_at = %s, expected_until = %s, events = %s,"
            " expected = %s, found = %s, alternatives = %s, account_id = %s, assignee = %s WHERE break_id = %s",
            [
                (
                    step.after.state, step.after.last_day, step.after.last_seen_at, step.after.expected_until,
                    step.after.events, step.after.expected, step.after.found, list(step.after.alternatives),
                    step.after.account_id, step.after.assignee, step.after.break_id,
                )
                for step in steps
                if not step.is_new
            ],
        )  # fmt: skip
    events = [(step.after.break_id, step.event) for step in steps if step.event is not None]
    if events:
        async with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY reconcile_break_events (break_id, {_EVENT}) FROM STDIN") as copy,
        ):
            for break_id, event in events:
                await copy.write_row((
                    break_id, event.number, event.at, event.state, event.what, event.by, event.run_id, event.remark,
                    Jsonb(dict(event.facts)),
                ))  # fmt: skip


async def events_of(connection: Connection, break_id: UUID) -> list[BreakEvent]:
    cursor = await connection.execute(
        f"SELECT {_EVENT} FROM reconcile_break_events WHERE break_id = %s ORDER BY number",  # noqa: S608
        (break_id,),
    )
    return [
        BreakEvent(
            number=row[0], at=row[1], state=BreakState(row[2]), what=BreakEventKind(row[3]), by=row[4], run_id=row[5],
            remark=row[6], facts=row[7],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def insert_settlement(connection: Connection, one: Settlement) -> None:
    await connection.execute(
        f"INSERT INTO reconcile_settlements ({_SETTLEMENT})"  # noqa: S608
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            one.settlement_id, one.break_id, one.number, one.action, one.account_id, one.amount, one.currency,
            Jsonb(dict(one.facts)), one.reason, one.by, one.at, one.approval_id, one.undoes,
        ),
    )  # fmt: skip


async def written_off(connection: Connection, *, begins: int, ends: int) -> list[tuple[str, str | None, str, int]]:
    """Book, source, currency, and what of the differences was written off in that time; what was undone in it is not."""
    cursor = await connection.execute(
        "SELECT s.facts ->> 'book', s.facts ->> 'source', s.currency, sum((s.facts ->> 'signed_nanos')::numeric)"
        " FROM reconcile_settlements s WHERE s.action = 'write_off' AND s.at >= %(begins)s AND s.at < %(ends)s"
        " AND NOT EXISTS (SELECT FROM reconcile_settlements later WHERE later.undoes = s.settlement_id AND later.at < %(ends)s)"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        {"begins": begins, "ends": ends},
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in await cursor.fetchall()]


async def settlements_of(connection: Connection, break_id: UUID) -> list[Settlement]:
    """What was done about a break, in order."""
    cursor = await connection.execute(
        f"SELECT {_SETTLEMENT}, (SELECT later.settlement_id FROM reconcile_settlements later"  # noqa: S608
        " WHERE later.undoes = reconcile_settlements.settlement_id) FROM reconcile_settlements"
        " WHERE break_id = %s ORDER BY number",
        (break_id,),
    )
    return [
        Settlement(
            settlement_id=row[0], break_id=row[1], number=row[2], action=SettlementAction(row[3]), account_id=row[4],
            amount=row[5], currency=row[6], facts=row[7], reason=row[8], by=row[9], at=row[10], approval_id=row[11],
            undoes=row[12], undone_by=row[13],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def breaks_linked_with(connection: Connection, break_id: UUID) -> list[UUID]:
    """The other breaks that this one's last link has settled as well."""
    cursor = await connection.execute(
        "SELECT DISTINCT others.break_id FROM reconcile_settlements own JOIN reconcile_settlements others"
        " ON others.action = 'link' AND others.facts ->> 'match' = own.facts ->> 'match'"
        " WHERE own.break_id = %s AND own.action = 'link' AND others.break_id <> own.break_id"
        " AND own.number = (SELECT max(number) FROM reconcile_settlements WHERE break_id = %s AND action = 'link')",
        (break_id, break_id),
    )
    return [row[0] for row in await cursor.fetchall()]


def _values(one: Break) -> tuple[Any, ...]:
    return (
        one.break_id, one.identity, one.book, one.break_class, one.owner, one.source, one.account_id, one.currency,
        one.expected, one.found, one.at, one.rule, list(one.ours), list(one.theirs), list(one.alternatives), one.state,
        one.first_day, one.last_day, one.first_seen_at, one.last_seen_at, one.expected_until, one.events,
        one.assignee,
    )  # fmt: skip


def _read(row: tuple[Any, ...]) -> Break:
    return Break(
        break_id=row[0], identity=bytes(row[1]), book=Book(row[2]), break_class=BreakClass(row[3]), owner=row[4],
        source=row[5], account_id=row[6], currency=row[7], expected=row[8], found=row[9], at=row[10], rule=row[11],
        ours=tuple(row[12]), theirs=tuple(row[13]), alternatives=tuple(row[14]), state=BreakState(row[15]),
        first_day=row[16], last_day=row[17], first_seen_at=row[18], last_seen_at=row[19], expected_until=row[20],
        events=row[21], assignee=row[22],
    )  # fmt: skip
