"""The SQL of asking for more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.limits.asks_model import AskState, LimitAsk
from counterfoil.limits.model import Limit
from counterfoil.limits.store import read_limit

Connection = AsyncConnection[tuple[Any, ...]]

_COLUMNS: LiteralString = (
    "a.ask_id, a.limit_id, a.asked_by, a.member_id, a.needed, a.request_id, a.note, a.asked_at, a.state, a.answered_by,"
    " a.answered_at, a.answer, a.raised_to, a.raised_until"
)


async def insert_or_join(connection: Connection, account_id: UUID, ask: LimitAsk) -> LimitAsk:
    """Add an ask; one of the same person about the same limit that waits for an answer takes on what is new."""
    cursor = await connection.execute(
        "INSERT INTO limit_asks AS a (account_id, ask_id, limit_id, asked_by, member_id, needed, request_id, note,"  # noqa: S608
        " asked_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (account_id, limit_id, asked_by) WHERE state = 'open' DO UPDATE SET"
        " needed = greatest(a.needed, excluded.needed), request_id = coalesce(excluded.request_id, a.request_id),"
        f" note = coalesce(excluded.note, a.note) RETURNING {_COLUMNS}",
        (
            account_id, ask.ask_id, ask.limit_id, ask.asked_by, ask.member_id, ask.needed, ask.request_id, ask.note,
            ask.asked_at,
        ),
    )  # fmt: skip
    row = await cursor.fetchone()
    assert row is not None
    return _read(row)


async def lock_ask(connection: Connection, account_id: UUID, ask_id: UUID) -> LimitAsk | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM limit_asks a WHERE a.account_id = %s AND a.ask_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (account_id, ask_id),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def answer(connection: Connection, account_id: UUID, ask: LimitAsk) -> None:
    """Write down what was answered."""
    await connection.execute(
        "UPDATE limit_asks SET state = %s, answered_by = %s, answered_at = %s, answer = %s, raised_to = %s,"
        " raised_until = %s WHERE account_id = %s AND ask_id = %s",
        (
            ask.state, ask.answered_by, ask.answered_at, ask.answer, ask.raised_to, ask.raised_until, account_id,
            ask.ask_id,
        ),
    )  # fmt: skip


async def raise_limit(connection: Connection, account_id: UUID, limit_id: UUID, *, amount: int, until: int) -> None:
    """Raise a limit until a time; from then on it is by itself what it was."""
    await connection.execute(
        "UPDATE limits SET raised_amount = %s, raised_until = %s WHERE account_id = %s AND limit_id = %s",
        (amount, until, account_id, limit_id),
    )


async def asks_of(
    connection: Connection,
    account_id: UUID,
    *,
    asked_by: str | None,
    state: AskState | None,
    before: UUID | None,
    at_most: int,
) -> list[tuple[LimitAsk, Limit, bool]]:
    """Asks of an account, the latest first, each with its limit and whether that is in force."""
    cursor = await connection.execute(
        f'SELECT {_COLUMNS}, l.retired_at IS NULL, l.limit_id, l.scope, l.scope_id, l.unit, l."window", l.amount,'  # noqa: S608
        " l.created_at, l.raised_amount, l.raised_until FROM limit_asks a"
        " JOIN limits l ON l.account_id = a.account_id AND l.limit_id = a.limit_id WHERE a.account_id = %(account)s"
        " AND (%(asked_by)s::text IS NULL OR a.asked_by = %(asked_by)s)"
        " AND (%(state)s::text IS NULL OR a.state = %(state)s)"
        " AND (%(before)s::uuid IS NULL OR a.ask_id < %(before)s) ORDER BY a.ask_id DESC LIMIT %(at_most)s",
        {"account": account_id, "asked_by": asked_by, "state": state, "before": before, "at_most": at_most},
    )
    return [(_read(row[:14]), read_limit(row[15:]), row[14]) for row in await cursor.fetchall()]


async def find(connection: Connection, account_id: UUID, ask_id: UUID) -> tuple[LimitAsk, Limit, bool] | None:
    cursor = await connection.execute(
        f'SELECT {_COLUMNS}, l.retired_at IS NULL, l.limit_id, l.scope, l.scope_id, l.unit, l."window", l.amount,'  # noqa: S608
        " l.created_at, l.raised_amount, l.raised_until FROM limit_asks a"
        " JOIN limits l ON l.account_id = a.account_id AND l.limit_id = a.limit_id"
        " WHERE a.account_id = %s AND a.ask_id = %s",
        (account_id, ask_id),
    )
    row = await cursor.fetchone()
    return None if row is None else (_read(row[:14]), read_limit(row[15:]), row[14])


async def account_of(connection: Connection, ask_id: UUID) -> UUID | None:
    cursor = await connection.execute("SELECT account_id FROM limit_asks WHERE ask_id = %s", (ask_id,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def open_count(connection: Connection, account_id: UUID) -> int:
    """How many asks wait for an answer."""
    cursor = await connection.execute(
        "SELECT count(*) FROM limit_asks WHERE account_id = %s AND state = 'open'", (account_id,)
    )
    row = await cursor.fetchone()
    assert row is not None
    count: int = row[0]
    return count


def _read(row: Sequence[Any]) -> LimitAsk:
    (
        ask_id, limit_id, asked_by, member_id, needed, request_id, note, asked_at, state, answered_by, answered_at, said,
        raised_to, raised_until,
    ) = row  # fmt: skip
    return LimitAsk(
        ask_id=ask_id,
        limit_id=limit_id,
        asked_by=asked_by,
        member_id=member_id,
        needed=needed,
        request_id=request_id,
        note=note,
        asked_at=asked_at,
        state=AskState(state),
        answered_by=answered_by,
        answered_at=answered_at,
        answer=said,
        raised_to=raised_to,
        raised_until=raised_until,
    )
