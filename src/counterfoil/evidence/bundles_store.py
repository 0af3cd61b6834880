"""The SQL of bundles: whose a record is, rows of a ledger by their place, and the records themselves. Reads only.

Everything is found by account and through an index, and bounded by its caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from counterfoil.ledger.model import Transfer

Connection = AsyncConnection[Any]
Row = dict[str, Any]

_TRANSFER: LiteralString = (
    "account_id, version, event_no, transfer_id, debit, credit, amount, code, cause_kind, cause_id, operation_key, leg,"
    " hold_id, grant_id, created_at, prev_hash, hash"
)

# What an id of each kind says about whose it is. A code is whoever's has redeemed it.
_OWNERS: Mapping[str, LiteralString] = {
    "request": "SELECT request_id, account_id FROM requests WHERE request_id = ANY(%s)",
    "task": "SELECT request_id, account_id FROM requests WHERE request_id = ANY(%s)",
    "submission": "SELECT request_id, account_id FROM requests WHERE request_id = ANY(%s)",
    "order": "SELECT order_id, account_id FROM orders WHERE order_id = ANY(%s)",
    "notice": "SELECT notice_id, account_id FROM notices WHERE notice_id = ANY(%s) AND account_id IS NOT NULL",
    "refund": "SELECT refund_id, account_id FROM order_refunds WHERE refund_id = ANY(%s)",
    "dispute": "SELECT dispute_id, account_id FROM disputes WHERE dispute_id = ANY(%s)",
    "code": "SELECT code_id, redeemed_by FROM codes WHERE code_id = ANY(%s) AND redeemed_by IS NOT NULL",
    "code_try": "SELECT try_id, account_id FROM code_tries WHERE try_id = ANY(%s)",
    "account": "SELECT account_id, account_id FROM accounts WHERE account_id = ANY(%s)",
}

# Records by kind: those of one account among these ids.
_RECORDS: Mapping[str, LiteralString] = {
    "request": (
        "SELECT r.request_id, r.event_no, r.key_id, r.key_mask, r.group_id, r.endpoint, r.model, r.client,"
        " r.client_address, r.retry_count, r.in_flight, r.received_at, r.decided_at, r.ended_at, r.needed_nanos,"
        " r.held_nanos, r.price_version, r.multiplier_millis, r.state, r.charge_mark, r.code, r.status_code,"
        " r.charged_nanos, r.uncollected_nanos, r.refunded_nanos, r.tokens, r.arithmetic, r.estimated, r.error_text,"
        " r.repeats, r.submission_id, r.verdict, r.first_request_id, g.name AS group_name, a.currency"
        " FROM requests r JOIN accounts a ON a.account_id = r.account_id"
        " LEFT JOIN groups g ON g.account_id = r.account_id AND g.group_id = r.group_id"
        " WHERE r.account_id = %(account)s AND r.request_id = ANY(%(ids)s) ORDER BY r.request_id LIMIT %(most)s"
    ),
    "task": (
        "SELECT task_id, kind, model, upstream, upstream_model, upstream_task_id, state, raw_state, input_type,"
        " reference_images, aspect_ratio, resolution, duration_seconds, count, quality, remixed_from, delivered,"
        " failure_code, failure_reason, download_state, downloaded_at, download_expires_at, created_at, accepted_at,"
        " started_at, ended_at, cancel_requested_at, polls FROM tasks"
        " WHERE account_id = %(account)s AND task_id = ANY(%(ids)s) ORDER BY task_id LIMIT %(most)s"
    ),
    "submission": (
        "SELECT submission_id, endpoint, model, first_at, last_at, copies FROM submissions"
        " WHERE account_id = %(account)s AND submission_id = ANY(%(ids)s)"
        " ORDER BY submission_id LIMIT %(most)s"
    ),
    "order": (
        "SELECT order_id, provider, provider_kind, state, amount, currency, wallet_currency, credited, bonus, created_by,"
        " created_at, paid_at, number_mask, payer_mask, refunded, taken_back, attention FROM orders"
        " WHERE account_id = %(account)s AND order_id = ANY(%(ids)s) ORDER BY order_id LIMIT %(most)s"
    ),
    "notice": (
        "SELECT n.notice_id, n.provider, n.order_id, n.first_at, n.arrivals, n.said, n.outcome, n.accepted, n.facts,"
        " p.kind AS provider_kind FROM notices n LEFT JOIN payment_providers p ON p.name = n.provider"
        " WHERE (n.notice_id = ANY(%(ids)s) OR n.order_id = ANY(%(orders)s)) AND n.account_id = %(account)s"
        " ORDER BY n.first_at, n.notice_id LIMIT %(most)s"
    ),
    "refund": (
        "SELECT f.refund_id, f.order_id, f.state, f.amount, f.taken, f.reason, f.requested_by, f.created_at, f.ended_at,"
        " f.number_mask, f.failure, o.currency, o.wallet_currency"
        " FROM order_refunds f JOIN orders o ON o.order_id = f.order_id"
        " WHERE (f.refund_id = ANY(%(ids)s) OR f.order_id = ANY(%(orders)s)) AND f.account_id = %(account)s"
        " ORDER BY f.refund_id LIMIT %(most)s"
    ),
    "dispute": (
        "SELECT d.dispute_id, d.order_id, d.number_mask, d.state, d.amount, d.opened_at, d.ended_at, o.currency"
        " FROM disputes d JOIN orders o ON o.order_id = d.order_id"
        " WHERE (d.dispute_id = ANY(%(ids)s) OR d.order_id = ANY(%(orders)s)) AND d.account_id = %(account)s"
        " ORDER BY d.dispute_id LIMIT %(most)s"
    ),
    "code": (
        "SELECT c.code_id, c.last_four, c.state, c.redeemed_at, c.redeemer, b.value, b.currency, b.kind,"
        " b.name AS batch_name FROM codes c"
        " JOIN code_batches b ON b.batch_id = c.batch_id"
        " WHERE c.code_id = ANY(%(ids)s) AND c.redeemed_by = %(account)s ORDER BY c.code_id LIMIT %(most)s"
    ),
    "code_try": (
        "SELECT try_id, first_at, times, tried_by, client_address, last_four, outcome FROM code_tries"
        " WHERE account_id = %(account)s AND try_id = ANY(%(ids)s)"
        " ORDER BY try_id LIMIT %(most)s"
    ),
    "hold": (
        "SELECT h.hold_id, h.event_no, h.amount, h.created_at, h.expires_at, a.currency, e.verb, e.captured, e.released, e.overage, e.created_at AS ended_at FROM holds h"
        " JOIN accounts a ON a.account_id = h.account_id"
        " LEFT JOIN hold_ends e ON e.account_id = h.account_id AND e.hold_id = h.hold_id"
        " WHERE h.account_id = %(account)s AND h.hold_id = ANY(%(ids)s) ORDER BY h.hold_id LIMIT %(most)s"
    ),
    "grant": (
        "SELECT g.grant_id, g.kind, g.expires_at, g.created_at, g.source_kind, g.source_id, g.amount, g.remaining, g.held,"
        " g.state, a.currency FROM grants g JOIN accounts a ON a.account_id = g.account_id"
        " WHERE g.account_id = %(account)s AND g.grant_id = ANY(%(ids)s) ORDER BY g.grant_id LIMIT %(most)s"
    ),
    "limit": (
        'SELECT l.limit_id, l.scope, l.unit, l."window", l.amount, l.created_at, l.retired_at, a.currency, g.name AS group_name, k.mask AS key_mask FROM limits l'
        " JOIN accounts a ON a.account_id = l.account_id"
        " LEFT JOIN groups g ON l.scope = 'group' AND g.account_id = l.account_id AND g.group_id = l.scope_id"
        " LEFT JOIN api_keys k ON l.scope = 'key' AND k.account_id = l.account_id AND k.key_id = l.scope_id"
        " WHERE l.account_id = %(account)s AND l.limit_id = ANY(%(ids)s) ORDER BY l.limit_id LIMIT %(most)s"
    ),
}
RECORD_KINDS = tuple(_RECORDS)


async def owners_of(connection: Connection, kind: str, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The account of each of these records that has one; nothing for kinds that are only known within an account."""
    query = _OWNERS.get(kind)
    if query is None or not ids:
        return {}
    cursor = await connection.execute(query, (list(ids),))
    return dict(await cursor.fetchall())


async def account_of(connection: Connection, account_id: UUID) -> Row | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            "SELECT name, currency, time_zone, version FROM accounts WHERE account_id = %s", (account_id,)
        )
        return await cursor.fetchone()


async def records_of(
    connection: Connection, kind: str, *, account_id: UUID, ids: Sequence[UUID], orders: Sequence[UUID], most: int
) -> list[Row]:
    """Records of one kind and account: those named, and what belongs to these orders."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            _RECORDS[kind], {"account": account_id, "ids": list(ids), "orders": list(orders), "most": most}
        )
        return await cursor.fetchall()


async def attempts_of(connection: Connection, *, account_id: UUID, ids: Sequence[UUID], most: int) -> list[Row]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            "SELECT request_id, number, upstream, upstream_model, outcome, status_code, response_id, error_text, cost_nanos"
            " FROM attempts WHERE account_id = %s AND request_id = ANY(%s) ORDER BY request_id, number LIMIT %s",
            (account_id, list(ids), most),
        )
        return await cursor.fetchall()


async def grants_of_sources(
    connection: Connection, *, account_id: UUID, kind: str, source_ids: Sequence[str], most: int
) -> list[UUID]:
    """Grants that came from these orders or codes."""
    cursor = await connection.execute(
        "SELECT grant_id FROM grants WHERE account_id = %s AND source_kind = %s AND source_id = ANY(%s) LIMIT %s",
        (account_id, kind, list(source_ids), most),
    )
    return [row[0] for row in await cursor.fetchall()]


# -- places in the ledger ------------------------------------------------------------------------------------------------


async def versions_of_operations(
    connection: Connection, *, account_id: UUID, keys: Sequence[str], most: int
) -> list[int]:
    """The versions of the rows that these commands have posted."""
    cursor = await connection.execute(
        "SELECT version FROM transfers WHERE account_id = %s AND operation_key = ANY(%s) ORDER BY version LIMIT %s",
        (account_id, list(keys), most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def versions_of_refunds(
    connection: Connection, *, account_id: UUID, hold_ids: Sequence[UUID], since: int, most: int
) -> list[int]:
    """The versions of the rows since a time that gave back what these holds were charged."""
    cursor = await connection.execute(
        "SELECT version FROM transfers WHERE account_id = %s AND created_at >= %s AND code NOT IN ('charge', 'overage')"
        " AND code IN ('refund', 'refund_to_clearing') AND hold_id = ANY(%s) ORDER BY version LIMIT %s",
        (account_id, since, list(hold_ids), most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def version_after(
    connection: Connection, *, account_id: UUID, column: LiteralString, value: int, head: int
) -> int:
    """The version of the first row whose `event_no` or `created_at` is above a value; `head` + 1 where none is.

    Neither runs backwards within an account, so it is found by halving, in as many look-ups by the primary key as the
    number of rows has binary digits.
    """
    low, high = 1, head + 1
    while low < high:
        middle = (low + high) // 2
        cursor = await connection.execute(
            f"SELECT {column} FROM transfers WHERE account_id = %s AND version = %s",  # noqa: S608
            (account_id, middle),
        )
        row = await cursor.fetchone()
        if row is not None and row[0] <= value:
            low = middle + 1
        else:
            high = middle
    return low


async def rows_between(connection: Connection, *, account_id: UUID, first: int, last: int) -> list[Transfer]:
    """The rows of an account from one version to another, both included."""
    async with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        await cursor.execute(
            f"SELECT {_TRANSFER} FROM transfers WHERE account_id = %s AND version BETWEEN %s AND %s"  # noqa: S608
            " ORDER BY version",
            (account_id, first, last),
        )
        return await cursor.fetchall()
