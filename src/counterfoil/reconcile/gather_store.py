"""The SQL that gathers the rows of books (a) and (d) for a run: those of its day, those that are still open from before, and
with each row whatever shares its order, payment, refund or code, so that what was matched before is matched the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID

from counterfoil.storage.database import Connection

# Keys lead from lines to orders to lines; what is farther than this is no longer about the same money.
_ROUNDS_MAX = 8
_CASH: LiteralString = "('credit', 'cash_refund', 'cash_shortfall', 'cash_restored')"
_PAYMENT_KINDS: LiteralString = "('payment', 'refund', 'fee', 'payout', 'adjustment', 'transfer')"
_LINE: LiteralString = (
    "line_id, source, importer, number, kind, status, direction, amount, fee, currency, at, trade_key, order_id,"
    " refund_key, refund_id, payout_key, payer_key"
)
_UPSTREAM_LINE: LiteralString = (
    "line_id, source, importer, number, kind, starts_at, ends_at, upstream_id, model, key_name, requests, input_tokens,"
    " cached_tokens, cache_write_tokens, output_tokens, failed, amount, currency"
)
_ID = re.compile(r"[0-9a-f]{32}\Z")
_EXISTS: Mapping[str, LiteralString] = {
    "line": "SELECT 1 FROM statement_lines WHERE line_id = %s",
    "order": "SELECT 1 FROM orders WHERE order_id = %s",
    "refund": "SELECT 1 FROM order_refunds WHERE refund_id = %s",
    "credit": "SELECT 1 FROM transfers WHERE transfer_id = %s"
    " AND code IN ('credit', 'cash_refund', 'cash_shortfall', 'cash_restored')",
    "code": "SELECT 1 FROM codes WHERE code_id = %s",
    "request": "SELECT 1 FROM requests WHERE request_id = %s",
}
Rows = dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class _Gathered:
    """Rows by their ids, and what has been looked up already."""

    lines: dict[UUID, tuple[Any, ...]] = field(default_factory=dict)
    orders: set[UUID] = field(default_factory=set)
    refunds: set[UUID] = field(default_factory=set)
    trade_keys: set[bytes] = field(default_factory=set)
    refund_keys: set[bytes] = field(default_factory=set)

    @property
    def size(self) -> int:
        return len(self.lines) + len(self.orders) + len(self.refunds) + len(self.trade_keys) + len(self.refund_keys)


async def payment_rows(connection: Connection, *, begins: int, ends: int, still_open: Iterable[str]) -> Rows:
    """The tables of `books.payments` and of payment lines for a day."""
    ids = _ids_of(still_open)
    found = _Gathered()
    _take(found, await _lines_of_day(connection, begins, ends))
    _take(found, await _lines_by(connection, "line_id", "uuid", ids["line"]))
    _take(found, await _lines_paid_out(connection, found))
    found.orders |= await _orders_of_day(connection, begins, ends) | ids["order"]
    found.refunds |= await _refunds_of_day(connection, begins, ends) | ids["refund"]
    causes = await _causes(connection, begins, ends, ids["credit"])
    found.orders |= causes["order"]
    found.refunds |= causes["refund"]
    size = -1
    for _ in range(_ROUNDS_MAX):
        if size == found.size:
            break
        size = found.size
        await _widen(connection, found)
    return {
        "lines": [_line_row(row) for row in found.lines.values()],
        "orders": await _orders(connection, found.orders),
        "payments": await _payments(connection, found),
        "order_refunds": await _refunds(connection, found.refunds),
        "credits": await _cash(
            connection,
            ("order", "refund"),
            begins=begins,
            ends=ends,
            also=ids["credit"],
            causes=found.orders | found.refunds,
        ),
    }


async def code_rows(connection: Connection, *, begins: int, ends: int, still_open: Iterable[str]) -> Rows:
    """The tables of redemptions and of their credits for a day."""
    ids = _ids_of(still_open)
    posted = await _cash(connection, ("code",), begins=begins, ends=ends, also=ids["credit"], causes=ids["code"])
    named = {UUID(hex=row["cause_id"]) for row in posted} | ids["code"]
    cursor = await connection.execute(
        "SELECT c.code_id, c.redeemed_by, b.value, b.currency, c.redeemed_at FROM codes c JOIN code_batches b USING (batch_id)"
        " WHERE c.state = 'redeemed' AND ((c.redeemed_at >= %s AND c.redeemed_at < %s) OR c.code_id = ANY(%s))",
        (begins, ends, list(named)),
    )
    redemptions = [
        {"code_id": row[0].hex, "account_id": row[1].hex, "value": row[2], "currency": row[3], "redeemed_at": row[4]}
        for row in await cursor.fetchall()
    ]
    # Codes of the day whose credits are of another.
    missing = {UUID(hex=row["code_id"]) for row in redemptions} - named
    if missing:
        posted = await _cash(
            connection, ("code",), begins=begins, ends=ends, also=ids["credit"], causes=named | missing
        )
    return {"redemptions": redemptions, "credits": posted}


async def upstream_lines(connection: Connection, *, begins: int, ends: int) -> list[dict[str, Any]]:
    """What upstreams bill of a day."""
    cursor = await connection.execute(
        # What an upstream takes back stands on its bill with the other sign.
        f"SELECT DISTINCT ON (line_id) {_UPSTREAM_LINE.replace(' amount,', ' -direction * amount,')}"  # noqa: S608
        " FROM statement_lines l"
        " WHERE kind IN ('usage', 'cost') AND starts_at < %(ends)s AND ends_at >= %(begins)s AND at >= %(begins)s"
        " AND at < %(ends)s ORDER BY line_id, revision DESC",
        {"begins": begins, "ends": ends},
    )
    names = [name.strip() for name in _UPSTREAM_LINE.split(",")]
    return [
        {name: value.hex if isinstance(value, UUID) else value for name, value in zip(names, row, strict=True)}
        for row in await cursor.fetchall()
    ]


def _ids_of(rows: Iterable[str]) -> Mapping[str, set[UUID]]:
    """Ids by the table that stands before the colon."""
    found: dict[str, set[UUID]] = {name: set() for name in ("line", "order", "refund", "credit", "code")}
    for row in rows:
        table, _, name = row.partition(":")
        if table in found and len(name) == 32:
            found[table].add(UUID(hex=name))
    return found


async def missing_rows(connection: Connection, rows: Sequence[str]) -> list[str]:
    """Of these rows those that do not exist, in the tables that this book's rows are of."""
    missing = []
    for row in rows:
        table, _, name = row.strip().partition(":")
        query = _EXISTS.get(table)
        if query is None or not _ID.match(name):
            missing.append(row)
            continue
        cursor = await connection.execute(query, (UUID(hex=name),))
        if await cursor.fetchone() is None:
            missing.append(row)
    return missing


# -- lines ---------------------------------------------------------------------------------------------------------------


def _take(found: _Gathered, rows: Iterable[tuple[Any, ...]]) -> None:
    for row in rows:
        found.lines[row[0]] = row


async def _lines_of_day(connection: Connection, begins: int, ends: int) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (line_id) {_LINE} FROM statement_lines"  # noqa: S608
        f" WHERE at >= %s AND at < %s AND kind IN {_PAYMENT_KINDS} ORDER BY line_id, revision DESC",
        (begins, ends),
    )
    return await cursor.fetchall()


async def _lines_by(
    connection: Connection, column: LiteralString, kind: LiteralString, values: Iterable[Any]
) -> list[tuple[Any, ...]]:
    """The latest revisions of lines that have, or had, one of these values."""
    given = list(values)
    if not given:
        return []
    cursor = await connection.execute(
        f"SELECT DISTINCT ON (line_id) {_LINE} FROM statement_lines WHERE line_id IN"  # noqa: S608
        f" (SELECT line_id FROM statement_lines WHERE {column} = ANY(%s::{kind}[]) AND kind IN {_PAYMENT_KINDS})"
        " ORDER BY line_id, revision DESC",
        (given,),
    )
    return await cursor.fetchall()


async def _lines_paid_out(connection: Connection, found: _Gathered) -> list[tuple[Any, ...]]:
    """What the payouts among these lines have paid out; other lines' payouts are not asked for, or one refund would lead
    from week to week."""
    payouts = {row[15] for row in found.lines.values() if row[4] == "payout" and row[15] is not None}
    return await _lines_by(connection, "payout_key", "bytea", payouts)


async def _widen(connection: Connection, found: _Gathered) -> None:
    """Take in what shares an order, a payment or a refund with what is there."""
    lines = list(found.lines.values())
    found.trade_keys |= {bytes(row[11]) for row in lines if row[11] is not None}
    found.refund_keys |= {bytes(row[13]) for row in lines if row[13] is not None}
    found.orders |= {row[12] for row in lines if row[12] is not None}
    found.refunds |= {row[14] for row in lines if row[14] is not None}
    cursor = await connection.execute(
        "SELECT number_hash, order_id FROM payments WHERE order_id = ANY(%s) OR number_hash = ANY(%s)",
        (list(found.orders), list(found.trade_keys)),
    )
    for key, order_id in await cursor.fetchall():
        found.trade_keys.add(bytes(key))
        found.orders.add(order_id)
    cursor = await connection.execute(
        "SELECT refund_id, order_id, number_hash FROM order_refunds"
        " WHERE order_id = ANY(%s) OR refund_id = ANY(%s) OR number_hash = ANY(%s)",
        (list(found.orders), list(found.refunds), list(found.refund_keys)),
    )
    for refund_id, order_id, key in await cursor.fetchall():
        found.refunds.add(refund_id)
        found.orders.add(order_id)
        if key is not None:
            found.refund_keys.add(bytes(key))
    _take(found, await _lines_by(connection, "order_id", "uuid", found.orders))
    _take(found, await _lines_by(connection, "trade_key", "bytea", found.trade_keys))
    _take(found, await _lines_by(connection, "refund_id", "uuid", found.refunds))
    _take(found, await _lines_by(connection, "refund_key", "bytea", found.refund_keys))


def _line_row(row: tuple[Any, ...]) -> dict[str, Any]:
    names = [name.strip() for name in _LINE.split(",")]
    return {name: _plain(value) for name, value in zip(names, row, strict=True)}


def _plain(value: Any) -> Any:
    """As the engines read it: ids and hashes in hexadecimal digits."""
    return value.hex if isinstance(value, UUID) else value.hex() if isinstance(value, bytes | memoryview) else value


# -- our own records -----------------------------------------------------------------------------------------------------


async def _orders_of_day(connection: Connection, begins: int, ends: int) -> set[UUID]:
    cursor = await connection.execute(
        "SELECT order_id FROM orders WHERE paid_at >= %s AND paid_at < %s", (begins, ends)
    )
    return {row[0] for row in await cursor.fetchall()}


async def _refunds_of_day(connection: Connection, begins: int, ends: int) -> set[UUID]:
    cursor = await connection.execute(
        "SELECT refund_id FROM order_refunds WHERE (created_at >= %(begins)s AND created_at < %(ends)s)"
        " OR (ended_at >= %(begins)s AND ended_at < %(ends)s)",
        {"begins": begins, "ends": ends},
    )
    return {row[0] for row in await cursor.fetchall()}


async def _causes(connection: Connection, begins: int, ends: int, also: Iterable[UUID]) -> dict[str, set[UUID]]:
    """The orders and refunds that credits of the day name."""
    cursor = await connection.execute(
        "SELECT DISTINCT cause_kind, right(cause_id, 32) FROM transfers"  # noqa: S608
        f" WHERE code IN {_CASH} AND cause_kind IN ('order', 'refund') AND cause_id ~ '[0-9a-f]{{32}}$'"
        " AND ((created_at >= %s AND created_at < %s) OR transfer_id = ANY(%s))",
        (begins, ends, list(also)),
    )
    found: dict[str, set[UUID]] = {"order": set(), "refund": set()}
    for kind, name in await cursor.fetchall():
        found[kind].add(UUID(hex=name))
    return found


async def _orders(connection: Connection, order_ids: set[UUID]) -> list[dict[str, Any]]:
    cursor = await connection.execute(
        "SELECT order_id, account_id, provider, state, amount, currency, credited, bonus, wallet_currency,"
        " created_at, paid_at FROM orders WHERE order_id = ANY(%s)",
        (list(order_ids),),
    )
    names = ("order_id", "account_id", "provider", "state", "amount", "currency", "credited", "bonus",
             "wallet_currency", "created_at", "paid_at")  # fmt: skip
    return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in await cursor.fetchall()]


async def _payments(connection: Connection, found: _Gathered) -> list[dict[str, Any]]:
    cursor = await connection.execute(
        "SELECT number_hash, order_id, credited FROM payments WHERE order_id = ANY(%s) OR number_hash = ANY(%s)",
        (list(found.orders), list(found.trade_keys)),
    )
    return [
        {"trade_key": bytes(row[0]).hex(), "order_id": row[1].hex, "credited": row[2]}
        for row in await cursor.fetchall()
    ]


async def _refunds(connection: Connection, refund_ids: set[UUID]) -> list[dict[str, Any]]:
    cursor = await connection.execute(
        "SELECT r.refund_id, r.order_id, r.account_id, o.provider, r.state, r.amount, o.currency, r.taken, r.number_hash,"
        " r.created_at, r.ended_at FROM order_refunds r JOIN orders o USING (order_id) WHERE r.refund_id = ANY(%s)",
        (list(refund_ids),),
    )
    names = ("refund_id", "order_id", "account_id", "provider", "state", "amount", "currency", "taken", "refund_key",
             "created_at", "ended_at")  # fmt: skip
    return [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in await cursor.fetchall()]


async def _cash(
    connection: Connection,
    kinds: Sequence[str],
    *,
    begins: int,
    ends: int,
    also: Iterable[UUID],
    causes: Iterable[UUID],
) -> list[dict[str, Any]]:
    """What the ledger has posted for these orders, refunds or codes, and all of the day, whatever account it went to.

    Each condition has an index of its own, which holds no charges.
    """
    cursor = await connection.execute(
        "SELECT t.transfer_id, t.account_id, t.code, t.cause_kind, t.cause_id, t.debit, t.credit, t.amount, a.currency,"  # noqa: S608
        f" t.created_at FROM transfers t JOIN accounts a USING (account_id) WHERE t.code IN {_CASH}"
        " AND t.cause_kind = ANY(%s) AND t.cause_id ~ '[0-9a-f]{32}$'"
        " AND ((t.created_at >= %s AND t.created_at < %s) OR t.transfer_id = ANY(%s)"
        " OR right(t.cause_id, 32) = ANY(%s))",
        (list(kinds), begins, ends, list(also), [one.hex for one in causes]),
    )
    return [_credit_row(row) for row in await cursor.fetchall()]


def _credit_row(row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        "transfer_id": row[0].hex,
        "account_id": row[1].hex,
        "code": row[2],
        "cause_kind": row[3],
        "cause_id": row[4][-32:],
        "is_bonus": "promotions" in (row[5], row[6]),
        "amount": row[7],
        "currency": row[8],
        "at": row[9],
    }
