"""The SQL of orders, their payments, events and notices."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from counterfoil.recharge.model import (
    Notice,
    Order,
    OrderEvent,
    OrderSource,
    OrderState,
    ProviderKind,
    Said,
    Terms,
)

Connection = AsyncConnection[Any]

_ORDER: LiteralString = (
    "order_id, account_id, provider, provider_kind, state, amount, currency, wallet_currency, rate, ratio, credited,"
    " bonus, bonus_days, bonus_rule, intention_id, created_by, created_at, expires_at, paid_at, number_mask,"
    " payer_mask, refunded, taken_back, attention, events, queries, next_query_at"
)


def _read_order(row: tuple[Any, ...]) -> Order:
    return Order(
        order_id=row[0], account_id=row[1], provider=row[2], provider_kind=ProviderKind(row[3]),
        state=OrderState(row[4]), amount=row[5], currency=row[6],
        terms=Terms(
            wallet_currency=row[7], rate=row[8], ratio=row[9], credited=row[10], bonus=row[11], bonus_days=row[12],
            bonus_rule=row[13],
        ),
        intention_id=row[14], created_by=row[15], created_at=row[16], expires_at=row[17], paid_at=row[18],
        number_mask=row[19], payer_mask=row[20], refunded=row[21], taken_back=row[22], attention=row[23],
        events=row[24], queries=row[25], next_query_at=row[26],
    )  # fmt: skip


async def insert_order(connection: Connection, order: Order, *, intention_key: bytes | None) -> bool:
    """Add an order; False where the account has one of the same intention key."""
    terms = order.terms
    cursor = await connection.execute(
        "INSERT INTO orders (order_id, account_id, provider, provider_kind, state, amount, currency, wallet_currency,"
        " rate, ratio, credited, bonus, bonus_days, bonus_rule, intention_id, intention_key, created_by, created_at,"
        " expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (account_id, intention_key) WHERE intention_key IS NOT NULL DO NOTHING",
        (
            order.order_id, order.account_id, order.provider, str(order.provider_kind), str(order.state), order.amount,
            order.currency, terms.wallet_currency, terms.rate, terms.ratio, terms.credited, terms.bonus,
            terms.bonus_days, terms.bonus_rule, order.intention_id, intention_key, order.created_by, order.created_at,
            order.expires_at,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def lock_order(connection: Connection, order_id: UUID) -> Order | None:
    return await _one(connection, "order_id = %s FOR NO KEY UPDATE", order_id)


async def read_order(connection: Connection, order_id: UUID) -> Order | None:
    return await _one(connection, "order_id = %s", order_id)


async def read_order_of_key(connection: Connection, *, account_id: UUID, intention_key: bytes) -> Order | None:
    return await _one(connection, "account_id = %s AND intention_key = %s", account_id, intention_key)


async def read_latest_alike(connection: Connection, order: Order, *, since: int) -> Order | None:
    """The newest order of the same account and amount since a time that nobody has named an intention for."""
    return await _one(
        connection,
        "account_id = %s AND amount = %s AND currency = %s AND created_at >= %s AND intention_key IS NULL"
        " ORDER BY order_id DESC LIMIT 1",
        order.account_id, order.amount, order.currency, since,
    )  # fmt: skip


async def _one(connection: Connection, condition: LiteralString, *values: Any) -> Order | None:
    cursor = await connection.execute(f"SELECT {_ORDER} FROM orders WHERE {condition}", values)  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else _read_order(row)


async def read_orders(
    connection: Connection,
    *,
    account_id: UUID | None,
    state: OrderState | None,
    provider: str | None,
    attention: bool,
    before: UUID | None,
    since: UUID | None,
    most: int,
) -> list[Order]:
    """Orders, newest first, not older than `since`; `attention`: only those that somebody should look at."""
    cursor = await connection.execute(
        f"SELECT {_ORDER} FROM orders WHERE (%(account)s::uuid IS NULL OR account_id = %(account)s)"  # noqa: S608
        " AND (%(state)s::text IS NULL OR state = %(state)s) AND (%(provider)s::text IS NULL OR provider = %(provider)s)"
        " AND (NOT %(attention)s OR attention IS NOT NULL) AND (%(before)s::uuid IS NULL OR order_id < %(before)s)"
        " AND (%(since)s::uuid IS NULL OR order_id >= %(since)s)"
        " ORDER BY order_id DESC LIMIT %(most)s",
        {
            "account": account_id, "state": None if state is None else str(state), "provider": provider,
            "attention": attention, "before": before, "since": since, "most": most,
        },
    )  # fmt: skip
    return [_read_order(row) for row in await cursor.fetchall()]


async def read_intention(connection: Connection, intention_id: UUID, *, most: int) -> list[Order]:
    cursor = await connection.execute(
        f"SELECT {_ORDER} FROM orders WHERE intention_id = %s ORDER BY order_id LIMIT %s",  # noqa: S608
        (intention_id, most),
    )
    return [_read_order(row) for row in await cursor.fetchall()]


async def due_for_query(connection: Connection, *, now: int, most: int) -> list[UUID]:
    cursor = await connection.execute(
        "SELECT order_id FROM orders WHERE next_query_at <= %s ORDER BY next_query_at LIMIT %s", (now, most)
    )
    return [row[0] for row in await cursor.fetchall()]


async def update_order(connection: Connection, order: Order) -> None:
    """Write everything of an order that may change."""
    await connection.execute(
        "UPDATE orders SET state = %s, paid_at = %s, number_mask = %s, payer_mask = %s, refunded = %s, taken_back = %s,"
        " attention = %s, events = %s, queries = %s, next_query_at = %s WHERE order_id = %s",
        (
            str(order.state), order.paid_at, order.number_mask, order.payer_mask, order.refunded, order.taken_back,
            order.attention, order.events, order.queries, order.next_query_at, order.order_id,
        ),
    )  # fmt: skip


async def keep_number(connection: Connection, order_id: UUID, *, number_hash: bytes, number_sealed: bytes) -> None:
    """Keep the provider's own number of an order, under a hash and sealed."""
    await connection.execute(
        "UPDATE orders SET number_hash = %s, number_sealed = %s WHERE order_id = %s",
        (number_hash, number_sealed, order_id),
    )


async def keep_payer(connection: Connection, order_id: UUID, *, payer_hash: bytes) -> None:
    await connection.execute("UPDATE orders SET payer_hash = %s WHERE order_id = %s", (payer_hash, order_id))


async def read_number(connection: Connection, order_id: UUID) -> bytes | None:
    """The sealed number of an order at its provider."""
    cursor = await connection.execute("SELECT number_sealed FROM orders WHERE order_id = %s", (order_id,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def accounts_of_payer(connection: Connection, order_id: UUID, *, most: int) -> list[UUID]:
    """Every account that whoever paid this order has paid for."""
    cursor = await connection.execute(
        "SELECT DISTINCT o.account_id FROM orders o JOIN orders p ON p.payer_hash = o.payer_hash WHERE p.order_id = %s"
        " ORDER BY 1 LIMIT %s",
        (order_id, most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def find_by_payment(connection: Connection, number_hashes: list[bytes], *, most: int) -> list[UUID]:
    """Orders that a payment of one of these numbers has paid."""
    cursor = await connection.execute(
        "SELECT DISTINCT order_id FROM payments WHERE number_hash = ANY(%s) LIMIT %s", (number_hashes, most)
    )
    return [row[0] for row in await cursor.fetchall()]


# -- payments --------------------------------------------------------------------------------------------------------


async def read_payment(connection: Connection, *, provider: str, number_hash: bytes) -> tuple[UUID, bool] | None:
    """The order that a payment has paid, and whether it was credited for it."""
    cursor = await connection.execute(
        "SELECT order_id, credited FROM payments WHERE provider = %s AND number_hash = %s", (provider, number_hash)
    )
    return await cursor.fetchone()


async def insert_payment(
    connection: Connection, order: Order, *, number_hash: bytes, credited: bool, amount: int, currency: str, at: int
) -> bool:
    """Record a payment; False where it has paid an order before."""
    cursor = await connection.execute(
        "INSERT INTO payments (provider, number_hash, order_id, account_id, credited, amount, currency, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (provider, number_hash) DO NOTHING",
        (order.provider, number_hash, order.order_id, order.account_id, credited, amount, currency, at),
    )
    return cursor.rowcount == 1


# -- events ----------------------------------------------------------------------------------------------------------


async def insert_event(connection: Connection, order: Order, event: OrderEvent) -> None:
    await connection.execute(
        "INSERT INTO order_events (order_id, number, account_id, at, state, source, what, by, facts)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            order.order_id, event.number, order.account_id, event.at, str(event.state), str(event.source), event.what,
            event.by, Jsonb(event.facts),
        ),
    )  # fmt: skip


async def has_event(connection: Connection, order_id: UUID, *, what: str, facts: dict[str, Any]) -> bool:
    """Whether just this has happened to an order before."""
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM order_events WHERE order_id = %s AND what = %s AND facts = %s)",
        (order_id, what, Jsonb(facts)),
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def read_events(connection: Connection, order_id: UUID, *, most: int) -> list[OrderEvent]:
    cursor = await connection.execute(
        "SELECT number, at, state, source, what, by, facts FROM order_events WHERE order_id = %s ORDER BY number LIMIT %s",
        (order_id, most),
    )
    return [
        OrderEvent(
            number=row[0], at=row[1], state=OrderState(row[2]), source=OrderSource(row[3]), what=row[4], by=row[5],
            facts=row[6],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


# -- notices ---------------------------------------------------------------------------------------------------------

_NOTICE: LiteralString = (
    "notice_id, provider, order_id, account_id, first_at, last_at, arrivals, said, outcome, accepted, facts"
)


async def keep_notice(connection: Connection, notice: Notice, *, body_hash: bytes) -> None:
    """Keep a notice; the same bytes again count on the row that is there, which then has the latest outcome."""
    await connection.execute(
        "INSERT INTO notices (notice_id, provider, body_hash, order_id, account_id, first_at, last_at, said, outcome,"
        " accepted, facts) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (provider, body_hash) DO"
        " UPDATE SET arrivals = notices.arrivals + 1, last_at = excluded.last_at, outcome = excluded.outcome,"
        " accepted = excluded.accepted, order_id = coalesce(excluded.order_id, notices.order_id),"
        " account_id = coalesce(excluded.account_id, notices.account_id)",
        (
            notice.notice_id, notice.provider, body_hash, notice.order_id, notice.account_id, notice.first_at,
            notice.last_at, None if notice.said is None else str(notice.said), notice.outcome, notice.accepted,
            Jsonb(notice.facts),
        ),
    )  # fmt: skip


async def read_notices(
    connection: Connection, *, order_id: UUID | None, provider: str | None, refused: bool, before: int, most: int
) -> list[Notice]:
    """Notices that came last before a time, latest first; `refused`: only those that were not accepted."""
    cursor = await connection.execute(
        f"SELECT {_NOTICE} FROM notices WHERE (%(order)s::uuid IS NULL OR order_id = %(order)s)"  # noqa: S608
        " AND (%(provider)s::text IS NULL OR provider = %(provider)s) AND (NOT %(refused)s OR NOT accepted)"
        " AND last_at < %(before)s ORDER BY last_at DESC, notice_id DESC LIMIT %(most)s",
        {"order": order_id, "provider": provider, "refused": refused, "before": before, "most": most},
    )
    return [
        Notice(
            notice_id=row[0], provider=row[1], order_id=row[2], account_id=row[3], first_at=row[4], last_at=row[5],
            arrivals=row[6], said=None if row[7] is None else Said(row[7]), outcome=row[8], accepted=row[9],
            facts=row[10],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip
