"""The ledger's SQL for reading back: accounts, balances at a time, overdue holds, and everything `verify` walks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from counterfoil.foundation.errors import Conflict
from counterfoil.ledger.model import ChargeLeg, Transfer

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as it is now. Amounts are nanos of its currency."""

    account_id: UUID
    name: str
    currency: str
    time_zone: str
    status: str
    created_at: int
    version: int
    event_no: int
    posted: int
    held: int
    head_hash: bytes


_TRANSFER: LiteralString = (
    "account_id, version, event_no, transfer_id, debit, credit, amount, code, cause_kind, cause_id, operation_key, leg,"
    " hold_id, grant_id, created_at, prev_hash, hash"
)
_ACCOUNT: LiteralString = (
    "account_id, name, currency, time_zone, status, created_at, version, event_no, posted, held, head_hash"
)


async def insert_account(
    connection: Connection, *, account_id: UUID, name: str, currency: str, time_zone: str, created_at: int
) -> None:
    try:
        await connection.execute(
            "INSERT INTO accounts (account_id, name, currency, time_zone, created_at, last_at)"
            " VALUES (%s, %s, %s, %s, %s, 0)",
            (account_id, name, currency, time_zone, created_at),
        )
    except UniqueViolation as error:
        raise Conflict(code="account_exists") from error


async def lock_accounts(connection: Connection, account_ids: Sequence[UUID]) -> list[UUID]:
    """Lock accounts in their one order and make every cached state of them stale; gives those that exist."""
    ids = sorted(set(account_ids))
    cursor = await connection.execute(
        "SELECT account_id FROM accounts WHERE account_id = ANY(%s) ORDER BY account_id FOR NO KEY UPDATE", (ids,)
    )
    found = [row[0] for row in await cursor.fetchall()]
    await connection.execute("UPDATE accounts SET revision = revision + 1 WHERE account_id = ANY(%s)", (found,))
    return found


async def update_account(
    connection: Connection, *, account_id: UUID, name: str | None, status: str | None, time_zone: str | None
) -> None:
    """Change what is given (None: leave as it is)."""
    await connection.execute(
        "UPDATE accounts SET name = coalesce(%s, name), status = coalesce(%s, status),"
        " time_zone = coalesce(%s, time_zone) WHERE account_id = %s",
        (name, status, time_zone, account_id),
    )


async def transfers_of(connection: Connection, *, account_id: UUID, before: int | None, most: int) -> list[Transfer]:
    """An account's transfers below a version (None: all), newest first."""
    async with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        await cursor.execute(
            f"SELECT {_TRANSFER} FROM transfers"  # noqa: S608
            " WHERE account_id = %s AND (%s::bigint IS NULL OR version < %s) ORDER BY version DESC LIMIT %s",
            (account_id, before, before, most),
        )
        return await cursor.fetchall()


async def read_account(connection: Connection, account_id: UUID) -> Account | None:
    async with connection.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(f"SELECT {_ACCOUNT} FROM accounts WHERE account_id = %s", (account_id,))  # noqa: S608
        return await cursor.fetchone()


async def read_accounts(connection: Connection, *, after: UUID, most: int) -> list[Account]:
    async with connection.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            f"SELECT {_ACCOUNT} FROM accounts WHERE account_id > %s ORDER BY account_id LIMIT %s",  # noqa: S608
            (after, most),
        )
        return await cursor.fetchall()


async def read_account_names(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, str]:
    cursor = await connection.execute(
        "SELECT account_id, name FROM accounts WHERE account_id = ANY(%s)", (list(account_ids),)
    )
    return dict(await cursor.fetchall())


async def find_accounts(
    connection: Connection, *, text: str | None, status: str | None, before: UUID | None, most: int
) -> list[Account]:
    """Accounts whose name has a text in it (in any case), newest first."""
    async with connection.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            f"SELECT {_ACCOUNT} FROM accounts WHERE (%(text)s::text IS NULL OR position(lower(%(text)s) IN lower(name)) > 0)"  # noqa: S608
            " AND (%(status)s::text IS NULL OR status = %(status)s)"
            " AND (%(before)s::uuid IS NULL OR account_id < %(before)s) ORDER BY account_id DESC LIMIT %(most)s",
            {"text": text, "status": status, "before": before, "most": most},
        )
        return await cursor.fetchall()


async def read_accounts_named(connection: Connection, name: str) -> list[Account]:
    async with connection.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(f"SELECT {_ACCOUNT} FROM accounts WHERE name = %s LIMIT 2", (name,))  # noqa: S608
        return await cursor.fetchall()


async def balance_at(connection: Connection, *, account_id: UUID, at: int) -> tuple[int, int, int]:
    """Posted, held and the number of the last event at a time (inclusive), from transfers and holds alone."""
    cursor = await connection.execute(
        """
        SELECT
          (SELECT coalesce(sum(CASE WHEN credit = 'wallet' THEN amount WHEN debit = 'wallet' THEN -amount ELSE 0 END), 0)
             FROM transfers WHERE account_id = %(account)s AND created_at <= %(at)s)::bigint,
          (SELECT coalesce(sum(h.amount), 0) FROM holds h
             LEFT JOIN hold_ends e ON e.account_id = h.account_id AND e.hold_id = h.hold_id AND e.created_at <= %(at)s
            WHERE h.account_id = %(account)s AND h.created_at <= %(at)s AND e.hold_id IS NULL)::bigint,
          greatest(
            (SELECT max(event_no) FROM transfers WHERE account_id = %(account)s AND created_at <= %(at)s),
            (SELECT max(event_no) FROM holds WHERE account_id = %(account)s AND created_at <= %(at)s),
            (SELECT max(event_no) FROM hold_ends WHERE account_id = %(account)s AND created_at <= %(at)s),
            (SELECT max(event_no) FROM operations WHERE account_id = %(account)s AND created_at <= %(at)s),
            (SELECT max(event_no) FROM refusals WHERE account_id = %(account)s AND created_at <= %(at)s), 0)::bigint
        """,
        {"account": account_id, "at": at},
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1], row[2]


async def overdue_holds(
    connection: Connection, *, after: tuple[int, UUID], now: int, most: int
) -> list[tuple[UUID, UUID, int]]:
    """Open holds that are due by `now` and come after a due time and hold: account, hold, due time; oldest first.

    Not those of tasks: a task ends together with its hold, and only its room knows how.
    """
    cursor = await connection.execute(
        "SELECT h.account_id, h.hold_id, h.expires_at FROM holds h"
        " LEFT JOIN hold_ends e ON e.account_id = h.account_id AND e.hold_id = h.hold_id"
        " WHERE h.cause_kind <> 'task' AND h.expires_at >= %s AND h.expires_at <= %s AND (h.expires_at, h.hold_id) > (%s, %s)"
        " AND e.hold_id IS NULL ORDER BY h.expires_at, h.hold_id LIMIT %s",
        (after[0], now, *after, most),
    )
    return await cursor.fetchall()


async def accounts_with_due_grants(connection: Connection, *, now: int, most: int) -> list[UUID]:
    cursor = await connection.execute(
        "SELECT DISTINCT account_id FROM grants WHERE expires_at <= %s AND state = 'open' AND remaining > 0 LIMIT %s",
        (now, most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def charged_by_hour(
    connection: Connection, wanted: Sequence[tuple[UUID, int, int]]
) -> list[tuple[UUID, int, int]]:
    """What accounts were charged by the transfers above a version and up to another: account, start of the hour, nanos."""
    cursor = await connection.execute(
        "SELECT t.account_id, t.created_at / 3600000000 * 3600000000, sum(t.amount)::bigint"
        " FROM unnest(%s::uuid[], %s::int8[], %s::int8[]) AS w(account_id, above, through)"
        " JOIN transfers t ON t.account_id = w.account_id AND t.version > w.above AND t.version <= w.through"
        " WHERE t.debit = 'wallet' AND t.credit = 'revenue' GROUP BY 1, 2",
        ([row[0] for row in wanted], [row[1] for row in wanted], [row[2] for row in wanted]),
    )
    return await cursor.fetchall()


async def spendable_of(connection: Connection, account_ids: Sequence[UUID], *, now: int) -> dict[UUID, int]:
    """What each of these accounts may spend now: the unreserved rest of its open grants."""
    cursor = await connection.execute(
        "SELECT w.account_id, coalesce(sum(g.remaining - g.held), 0)::bigint FROM unnest(%s::uuid[]) AS w(account_id)"
        " LEFT JOIN grants g ON g.account_id = w.account_id AND g.state = 'open'"
        " AND (g.expires_at IS NULL OR g.expires_at > %s) GROUP BY 1",
        (list(account_ids), now),
    )
    return dict(await cursor.fetchall())


async def expiring_credit(
    connection: Connection, *, now: int, until: int, after: tuple[int, UUID], most: int
) -> list[tuple[UUID, str, int, int, int]]:
    """What is left of open grants that expire in a time, by account and day (UTC): account, currency, start of the day,
    when the first of them expires, nanos. `after` is the day and account of the last row of the page before."""
    cursor = await connection.execute(
        """
        SELECT g.account_id, a.currency, g.day, min(g.expires_at), sum(g.remaining)::bigint
          FROM (SELECT account_id, expires_at, remaining, expires_at / 86400000000 * 86400000000 AS day FROM grants
                 WHERE state = 'open' AND expires_at > %(now)s AND expires_at <= %(until)s AND expires_at >= %(day)s
                   AND remaining > 0) g
          JOIN accounts a ON a.account_id = g.account_id AND a.status <> 'closed'
         WHERE (g.day, g.account_id) > (%(day)s, %(account)s)
         GROUP BY g.day, g.account_id, a.currency ORDER BY g.day, g.account_id LIMIT %(most)s
        """,
        {"now": now, "until": until, "day": after[0], "account": after[1], "most": most},
    )
    return await cursor.fetchall()


async def read_hold_facts(
    connection: Connection, *, account_id: UUID, hold_id: UUID
) -> tuple[list[ChargeLeg], str, str] | None:
    """A hold's earlier transfers and its cause; None when there is no such hold."""
    cursor = await connection.execute(
        "SELECT cause_kind, cause_id FROM holds WHERE account_id = %s AND hold_id = %s", (account_id, hold_id)
    )
    hold = await cursor.fetchone()
    if hold is None:
        return None
    cursor = await connection.execute(
        "SELECT code, amount, grant_id FROM transfers WHERE account_id = %s AND hold_id = %s ORDER BY version",
        (account_id, hold_id),
    )
    legs = [ChargeLeg(code=code, amount=amount, grant_id=grant) for code, amount, grant in await cursor.fetchall()]
    return legs, hold[0], hold[1].hex


async def read_order_cash(
    connection: Connection, *, account_id: UUID, source_kind: str, order_id: str, paid: Sequence[UUID]
) -> tuple[int, int]:
    """Of an order: the cash that has gone back so far, and what refunded charges have put into clearing and is still
    there for a cash refund to come."""
    cursor = await connection.execute(
        """
        SELECT coalesce(sum(cash), 0)::bigint, coalesce(sum(covered), 0)::bigint FROM (
          SELECT (intent::jsonb ->> 'amount')::bigint AS cash, (answer ->> 'covered')::bigint AS covered
            FROM operations
           WHERE account_id = %(account)s AND starts_with(operation_key, 'refund_cash:')
             AND intent::jsonb ->> 'source_kind' = %(kind)s AND intent::jsonb ->> 'order_id' = %(order)s
          UNION ALL
          SELECT -(answer ->> 'restored')::bigint, 0
            FROM operations
           WHERE account_id = %(account)s AND starts_with(operation_key, 'restore_cash:')
             AND intent::jsonb ->> 'source_kind' = %(kind)s AND intent::jsonb ->> 'order_id' = %(order)s) earlier
        """,
        {"account": account_id, "kind": source_kind, "order": order_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    cursor = await connection.execute(
        "SELECT coalesce(sum(amount), 0)::bigint FROM transfers WHERE account_id = %s AND grant_id = ANY(%s)"
        " AND code = 'refund_to_clearing'",
        (account_id, list(paid)),
    )
    cleared = await cursor.fetchone()
    assert cleared is not None
    return row[0], cleared[0] - row[1]


async def sums_by_name(connection: Connection) -> list[tuple[str, str, int]]:
    """Currency, account name and balance of every named account; a wallet's is what customers hold together.

    A sum over all customers may exceed a BIGINT (nanos of a small currency): Python's integers do not mind.
    """
    cursor = await connection.execute(
        """
        SELECT a.currency, m.name, sum(m.amount)::text FROM accounts a JOIN (
          SELECT account_id, debit AS name, -sum(amount) AS amount FROM transfers GROUP BY 1, 2
          UNION ALL SELECT account_id, credit, sum(amount) FROM transfers GROUP BY 1, 2
        ) m USING (account_id) GROUP BY 1, 2 ORDER BY 1, 2
        """
    )
    return [(currency, name, int(amount)) for currency, name, amount in await cursor.fetchall()]


async def overview(connection: Connection) -> tuple[int, int, int]:
    """What is held over all accounts, how many holds are open, and how many wallets are overspent."""
    cursor = await connection.execute(
        "SELECT (SELECT coalesce(sum(held), 0)::bigint FROM accounts),"
        " (SELECT count(*) FROM holds h WHERE NOT EXISTS (SELECT 1 FROM hold_ends e"
        " WHERE e.account_id = h.account_id AND e.hold_id = h.hold_id)),"
        " (SELECT count(*) FROM accounts WHERE posted - held < 0)"
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1], row[2]


async def walk_transfers(connection: Connection) -> AsyncIterator[Transfer]:
    """Every transfer, account by account, in the order of versions; inside the caller's transaction."""
    async with connection.cursor(name="walk_transfers", row_factory=class_row(Transfer)) as cursor:
        cursor.itersize = 5_000
        await cursor.execute(f"SELECT {_TRANSFER} FROM transfers ORDER BY account_id, version")  # noqa: S608
        async for transfer in cursor:
            yield transfer


async def all_accounts(connection: Connection) -> list[Account]:
    async with connection.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(f"SELECT {_ACCOUNT} FROM accounts ORDER BY account_id")  # noqa: S608
        return await cursor.fetchall()


async def held_by_account(connection: Connection) -> dict[UUID, int]:
    """What the open holds of each account add up to."""
    cursor = await connection.execute(
        "SELECT h.account_id, sum(h.amount)::bigint FROM holds h LEFT JOIN hold_ends e"
        " ON e.account_id = h.account_id AND e.hold_id = h.hold_id WHERE e.hold_id IS NULL GROUP BY 1"
    )
    return dict(await cursor.fetchall())


async def grant_rows(connection: Connection) -> list[tuple[UUID, UUID, int, int, str]]:
    """Account, grant, remaining, held, state of every grant."""
    cursor = await connection.execute("SELECT account_id, grant_id, remaining, held, state FROM grants")
    return await cursor.fetchall()


async def held_by_grant(connection: Connection) -> dict[UUID, int]:
    """What the open holds have reserved of each grant."""
    cursor = await connection.execute(
        "SELECT (r ->> 0)::uuid, sum((r ->> 1)::bigint)::bigint FROM holds h"
        " LEFT JOIN hold_ends e ON e.account_id = h.account_id AND e.hold_id = h.hold_id"
        " CROSS JOIN LATERAL jsonb_array_elements(h.reservations) r WHERE e.hold_id IS NULL GROUP BY 1"
    )
    return dict(await cursor.fetchall())


async def unbalanced_holds(connection: Connection) -> list[tuple[UUID, UUID, str]]:
    """Holds whose end does not add up (L3), or whose transfers are not what the end says (L10)."""
    cursor = await connection.execute(
        """
        SELECT e.account_id, e.hold_id,
               CASE WHEN h.hold_id IS NULL THEN 'end without hold'
                    WHEN e.captured + e.released <> h.amount THEN 'captured and released differ from held'
                    ELSE 'transfers differ from the end' END
          FROM hold_ends e LEFT JOIN holds h ON h.account_id = e.account_id AND h.hold_id = e.hold_id
          LEFT JOIN (SELECT account_id, hold_id,
                            sum(amount) FILTER (WHERE code = 'charge') AS charge,
                            sum(amount) FILTER (WHERE code = 'overage') AS overage
                       FROM transfers WHERE hold_id IS NOT NULL GROUP BY 1, 2) t
            ON t.account_id = e.account_id AND t.hold_id = e.hold_id
         WHERE h.hold_id IS NULL OR e.captured + e.released <> h.amount
            OR coalesce(t.charge, 0) <> e.captured OR coalesce(t.overage, 0) <> e.overage
        """
    )
    return await cursor.fetchall()


async def misnumbered_events(connection: Connection) -> list[tuple[UUID, int, str]]:
    """Decisions that share an event number with another, that the account does not know of, or whose transfers are
    gone: what is left when the tail of a chain is cut off and the account rewritten to match."""
    cursor = await connection.execute(
        """
        WITH events AS (
          SELECT account_id, event_no FROM holds UNION ALL SELECT account_id, event_no FROM hold_ends
          UNION ALL SELECT account_id, event_no FROM refusals UNION ALL SELECT account_id, event_no FROM operations
        )
        SELECT e.account_id, e.event_no, 'several decisions have this number' FROM events e
         GROUP BY 1, 2 HAVING count(*) > 1
        UNION ALL
        SELECT e.account_id, max(e.event_no), 'the account has not come this far' FROM events e
          LEFT JOIN accounts a USING (account_id) GROUP BY 1, a.event_no HAVING max(e.event_no) > coalesce(a.event_no, 0)
        UNION ALL
        SELECT o.account_id, o.event_no, o.operation_key || ' has no transfer' FROM operations o
         WHERE o.operation_key ~ '^(credit|refund_charge|restore_cash|adjust|late):'
           AND NOT EXISTS (SELECT FROM transfers t WHERE t.account_id = o.account_id AND t.operation_key = o.operation_key)
        """
    )
    return await cursor.fetchall()


async def read_wallet_grants(connection: Connection, account_id: UUID) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(
        "SELECT grant_id, kind, priority, expires_at, created_at, source_kind, source_id, amount, remaining, held, state,"
        " destination FROM grants WHERE account_id = %s ORDER BY priority, expires_at NULLS LAST,"
        " array_position(ARRAY['promotional', 'compensation', 'paid'], kind), created_at, grant_id",
        (account_id,),
    )
    return await cursor.fetchall()
