"""The SQL of the archive: a table's rows of a day, as the engines read them, in an order that is always the same.

To archive another table is to add a line to `TABLES`: its name, its columns, and a query that takes `%(start)s` and `%(end)s`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import AsyncConnection

from counterfoil.reconcile.books.lines import PAYMENT_LINES, UPSTREAM_LINES
from counterfoil.reconcile.books.usage import ATTEMPTS, CHARGES, REQUESTS, TASKS

Connection = AsyncConnection[Any]
_ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedTable:
    """`query` gives the columns in their order; `finish`, if it is named, makes a row of more than that (`archive`)."""

    name: str
    columns: Mapping[str, str]
    query: LiteralString
    finish: str | None = None


def _hex(column: LiteralString) -> LiteralString:
    return "encode(uuid_send(" + column + "), 'hex')"


def _halves(column: LiteralString) -> LiteralString:
    """The two columns of an id that is joined on, as `books.usage.split_id` makes them."""
    return (
        "('x' || left(" + _hex(column) + ", 16))::bit(64)::bigint, ('x' || right(" + _hex(column)
        + ", 16))::bit(64)::bigint"
    )  # fmt: skip


_REQUEST: LiteralString = (
    _halves("r.request_id") + ", " + _hex("r.account_id") + ", " + _hex("r.group_id") + ", " + _hex("r.key_id")
    + ", r.endpoint, r.model, a.currency, r.state, r.charge_mark, r.received_at"
)  # fmt: skip
_OF_REQUEST: LiteralString = (
    "r.held_nanos, r.charged_nanos, r.uncollected_nanos, r.tokens, r.price_version, r.multiplier_millis"
)
# What has ended a hold on the day; and what never had one, refusals nearly all of it.
_REQUESTS: LiteralString = (
    "SELECT " + _REQUEST + ", e.created_at, " + _OF_REQUEST + ", e.intent, r.request_id"  # noqa: S608
    " FROM hold_ends e JOIN requests r ON r.account_id = e.account_id AND r.request_id = e.hold_id"
    " JOIN accounts a ON a.account_id = r.account_id WHERE e.created_at >= %(start)s AND e.created_at < %(end)s"
    " UNION ALL SELECT " + _REQUEST + ", r.decided_at, " + _OF_REQUEST + ", NULL, r.request_id"
    " FROM requests r JOIN accounts a ON a.account_id = r.account_id"
    " WHERE r.decided_at >= %(start)s AND r.decided_at < %(end)s AND r.state <> 'held'"
    " AND NOT EXISTS (SELECT FROM hold_ends e WHERE e.account_id = r.account_id AND e.hold_id = r.request_id)"
    " ORDER BY request_id"
)  # fmt: skip
_TASK: LiteralString = _halves("t.task_id") + ", " + _hex("t.account_id") + ", t.kind, t.model, t.upstream, t.state"
_TASKS: LiteralString = (
    "SELECT " + _TASK + ", e.created_at, t.task_id AS id"  # noqa: S608
    " FROM hold_ends e JOIN tasks t ON t.account_id = e.account_id AND t.task_id = e.hold_id"
    " WHERE e.created_at >= %(start)s AND e.created_at < %(end)s"
    " UNION ALL SELECT " + _TASK + ", t.ended_at, t.task_id AS id FROM tasks t"
    " WHERE t.ended_at >= %(start)s AND t.ended_at < %(end)s"
    " AND NOT EXISTS (SELECT FROM hold_ends e WHERE e.account_id = t.account_id AND e.hold_id = t.task_id)"
    " ORDER BY id"
)  # fmt: skip
_CHARGES: LiteralString = (
    "WITH moved AS ("  # noqa: S608
    "SELECT account_id, hold_id, created_at,"
    " count(DISTINCT operation_key) FILTER (WHERE code IN ('charge', 'overage', 'uncollected')) AS operations,"
    " coalesce(sum(amount) FILTER (WHERE code IN ('charge', 'overage')), 0)::bigint AS charged,"
    " coalesce(sum(amount) FILTER (WHERE code = 'uncollected'), 0)::bigint AS uncollected,"
    " coalesce(sum(amount) FILTER (WHERE code IN ('refund', 'refund_to_clearing')), 0)::bigint AS refunded"
    " FROM transfers WHERE created_at >= %(start)s AND created_at < %(end)s AND hold_id IS NOT NULL"
    " AND code IN ('charge', 'overage', 'uncollected', 'refund', 'refund_to_clearing')"
    " GROUP BY account_id, hold_id, created_at)"
    " SELECT " + _halves("m.hold_id") + ", " + _hex("m.account_id") + ", a.currency, m.created_at, m.operations,"
    " m.charged, m.uncollected, m.refunded, c.ever, b.ever"
    " FROM moved m JOIN accounts a ON a.account_id = m.account_id"
    # By the key of its capture, and among the account's few movements that are no charges: neither asks for all of them.
    " LEFT JOIN LATERAL (SELECT coalesce(sum(u.amount), 0)::bigint AS ever FROM transfers u"
    "  WHERE u.account_id = m.account_id AND u.operation_key = 'capture:' || " + _hex("m.hold_id") +
    "  AND u.code IN ('charge', 'overage') AND u.created_at <= m.created_at) c ON m.refunded > 0"
    " LEFT JOIN LATERAL (SELECT coalesce(sum(u.amount), 0)::bigint AS ever FROM transfers u"
    "  WHERE u.account_id = m.account_id AND u.code NOT IN ('charge', 'overage') AND u.hold_id = m.hold_id"
    "  AND u.code IN ('refund', 'refund_to_clearing') AND u.created_at <= m.created_at) b ON m.refunded > 0"
    " ORDER BY m.hold_id, m.created_at"
)  # fmt: skip
_ATTEMPTS: LiteralString = (
    "SELECT " + _halves("t.request_id") + ", t.number, " + _hex("t.account_id") + ", t.upstream, t.upstream_model,"  # noqa: S608
    " t.started_at, t.ended_at, t.outcome, t.response_id, t.tokens, t.cost_nanos, b.currency"
    " FROM attempts t LEFT JOIN price_books b ON b.book = 'upstream:' || t.upstream"
    " WHERE t.started_at >= %(start)s AND t.started_at < %(end)s ORDER BY t.request_id, t.number"
)  # fmt: skip
_LINE: LiteralString = _hex("line_id") + ", source, importer, number, kind"
_PAYMENT_LINES: LiteralString = (
    "SELECT DISTINCT ON (line_id) " + _LINE + ", status, direction, amount, fee, currency, at,"  # noqa: S608
    " encode(trade_key, 'hex'), " + _hex("order_id") + ", encode(refund_key, 'hex'), " + _hex("refund_id") + ","
    " encode(payout_key, 'hex'), encode(payer_key, 'hex') FROM statement_lines"
    " WHERE at >= %(start)s AND at < %(end)s AND kind NOT IN ('usage', 'cost') ORDER BY line_id, revision DESC"
)
_UPSTREAM_LINES: LiteralString = (
    "SELECT DISTINCT ON (line_id) " + _LINE + ", starts_at, ends_at, upstream_id, model, key_name, requests,"  # noqa: S608
    " input_tokens, cached_tokens, cache_write_tokens, output_tokens, failed, -direction * amount, currency FROM statement_lines"
    " WHERE at >= %(start)s AND at < %(end)s AND kind IN ('usage', 'cost') ORDER BY line_id, revision DESC"
)

TABLES: tuple[ArchivedTable, ...] = (
    ArchivedTable(name="requests", columns=REQUESTS, query=_REQUESTS, finish="price"),
    ArchivedTable(name="tasks", columns=TASKS, query=_TASKS, finish="cut"),
    ArchivedTable(name="charges", columns=CHARGES, query=_CHARGES),
    ArchivedTable(name="attempts", columns=ATTEMPTS, query=_ATTEMPTS, finish="count_tokens"),
    ArchivedTable(name="payment_lines", columns=PAYMENT_LINES, query=_PAYMENT_LINES),
    ArchivedTable(name="upstream_lines", columns=UPSTREAM_LINES, query=_UPSTREAM_LINES),
)


async def rows_of_day(
    connection: Connection, table: ArchivedTable, *, start: int, end: int
) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
    """The day's rows, some thousands at a time; never more of them are in memory. Inside a transaction."""
    async with connection.cursor(name=f"archive_{table.name}") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        await cursor.execute(table.query, {"start": start, "end": end})
        while rows := await cursor.fetchmany(_ROWS_AT_ONCE):
            yield rows


async def first_time(connection: Connection) -> int | None:
    """When the first account was opened: nothing is older."""
    cursor = await connection.execute("SELECT min(created_at) FROM accounts")
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def has_open_holds(connection: Connection, *, before: int) -> bool:
    """Whether something that was held before a time has not ended yet, and will change what there is of then.

    A hold that lasted longer than it might is ended soon after, so only those are looked at that are not due for long.
    """
    cursor = await connection.execute(
        "SELECT EXISTS (SELECT FROM holds h WHERE h.expires_at >= %(before)s - 86400000000 AND h.created_at < %(before)s"
        " AND NOT EXISTS (SELECT FROM hold_ends e WHERE e.account_id = h.account_id AND e.hold_id = h.hold_id))",
        {"before": before},
    )
    row = await cursor.fetchone()
    return row is not None and bool(row[0])
