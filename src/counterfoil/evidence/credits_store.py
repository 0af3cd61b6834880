"""The SQL of recharges and codes that did not show up: what orders and codes leave to the ledger and to notices. Reads only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence.credits import GrantRow, PaymentRow, RefusedNotice
from counterfoil.foundation.ids import make_id

Connection = AsyncConnection[Any]

_MOST = 50


async def payments_of(connection: Connection, order_id: UUID) -> tuple[PaymentRow, ...]:
    """Every payment that came for an order, credited or not."""
    cursor = await connection.execute(
        "SELECT credited, amount, currency, at FROM payments WHERE order_id = %s ORDER BY at LIMIT %s",
        (order_id, _MOST),
    )
    return tuple(PaymentRow(*row) for row in await cursor.fetchall())


async def grants_of(
    connection: Connection, *, account_id: UUID, source_kind: str, source_id: str
) -> tuple[GrantRow, ...]:
    """What an order or code has brought, and what is left of it now."""
    cursor = await connection.execute(
        "SELECT grant_id, kind, amount, remaining, state, created_at, expires_at, destination FROM grants"
        " WHERE account_id = %s AND source_kind = %s AND source_id = %s ORDER BY created_at, grant_id LIMIT %s",
        (account_id, source_kind, source_id, _MOST),
    )
    return tuple(GrantRow(*row) for row in await cursor.fetchall())


async def notices_not_believed(
    connection: Connection, *, provider: str, start: int, end: int
) -> tuple[RefusedNotice, ...]:
    """Notices of a provider that first came in a time and name no order, since nothing of what they say was believed."""
    cursor = await connection.execute(
        "SELECT notice_id, outcome, first_at, last_at, arrivals FROM notices WHERE provider = %s AND NOT accepted"
        " AND order_id IS NULL AND last_at >= %s AND first_at >= %s AND first_at < %s ORDER BY last_at LIMIT %s",
        (provider, start, start, end, _MOST),
    )
    return tuple(RefusedNotice(*row) for row in await cursor.fetchall())


async def any_notice_believed(connection: Connection, *, provider: str, start: int, end: int) -> bool:
    """Whether a notice of a provider, about whatever order, came in a time and passed its checks."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM notices WHERE provider = %s AND order_id IS NOT NULL AND last_at >= %s AND last_at < %s)",
        (provider, start, end),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def orders_in(connection: Connection, *, account_id: UUID, start: int, end: int) -> list[UUID]:
    """Orders that an account made in a time and that were not simply credited, newest first."""
    cursor = await connection.execute(
        "SELECT order_id FROM orders WHERE account_id = %s AND order_id >= %s AND order_id < %s"
        " AND (state NOT IN ('paid', 'created') OR attention IS NOT NULL) ORDER BY order_id DESC LIMIT 5",
        (account_id, make_id(start, 0), make_id(end, 0)),
    )
    return [row[0] for row in await cursor.fetchall()]


async def orders_paid_between(
    connection: Connection,
    *,
    like: UUID,
    account_id: UUID,
    provider: str,
    amount: int,
    currency: str,
    start: int,
    end: int,
) -> list[UUID]:
    """Orders of an account, provider and amount, other than the one that they are like, that were paid in a time; two of
    them at most."""
    cursor = await connection.execute(
        "SELECT order_id FROM orders WHERE account_id = %(account)s AND order_id >= %(first)s AND order_id < %(last)s"
        " AND order_id <> %(like)s AND provider = %(provider)s AND amount = %(amount)s AND currency = %(currency)s"
        " AND paid_at >= %(start)s AND paid_at < %(end)s ORDER BY order_id LIMIT 2",
        {
            # Each can be paid for as long as any other of its provider: what was paid in that time was made no earlier.
            "first": make_id(max(0, 2 * start - end), 0), "last": make_id(end, 0), "account": account_id, "like": like,
            "provider": provider, "amount": amount, "currency": currency, "start": start, "end": end,
        },
    )  # fmt: skip
    return [row[0] for row in await cursor.fetchall()]


async def codes_of_mask(connection: Connection, last_four: str, *, account_id: UUID) -> list[UUID]:
    """Codes that end so which an account has redeemed, or has tried to."""
    cursor = await connection.execute(
        "SELECT code_id FROM codes WHERE redeemed_by = %(account)s AND last_four = %(last_four)s"
        " UNION SELECT code_id FROM code_tries WHERE account_id = %(account)s AND last_four = %(last_four)s"
        " AND code_id IS NOT NULL LIMIT %(most)s",
        {"account": account_id, "last_four": last_four, "most": _MOST},
    )
    return [row[0] for row in await cursor.fetchall()]
