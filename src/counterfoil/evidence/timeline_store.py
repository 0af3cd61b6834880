"""The SQL of timelines: each book's rows of one account below a bound, newest first. Reads only.

Rows of calls, tasks, approvals and the audit trail are found by their ids, which begin with their time; what was served
and charged is found bucket by bucket, from its newest row down.
"""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence.timeline import Bound, TimelineRow, TimelineSource, time_of
from counterfoil.foundation.code_form import mask_code
from counterfoil.foundation.ids import make_id

Connection = AsyncConnection[Any]


class Reach(NamedTuple):
    """Which rows: of an account, from a time on, below a bound, so many at most."""

    account_id: UUID
    start: int
    bound: Bound
    most: int

    @property
    def parameters(self) -> dict[str, Any]:
        """As statements name them; `below` and `from_id` are ids of the bound and of the beginning."""
        return {
            "account": self.account_id, "start": self.start, "at": self.bound.at, "key": self.bound.key,
            "below": UUID(hex=self.bound.key) if len(self.bound.key) == 32 else make_id(self.bound.at, 0),
            "from_id": make_id(self.start, 0), "most": self.most,
        }  # fmt: skip


_TROUBLE: LiteralString = """
SELECT * FROM (
  (SELECT request_id, code, state, repeats, needed_nanos, key_mask, model FROM requests
    WHERE account_id = %(account)s AND held_nanos = 0 AND request_id >= %(from_id)s AND request_id < %(below)s
      AND state IN ('refused', 'failed', 'unknown') ORDER BY request_id DESC LIMIT %(most)s)
  UNION ALL
  (SELECT request_id, code, state, repeats, needed_nanos, key_mask, model FROM requests
    WHERE account_id = %(account)s AND held_nanos > 0 AND code IS NOT NULL AND request_id >= %(from_id)s
      AND request_id < %(below)s AND state IN ('refused', 'failed', 'unknown')
    ORDER BY request_id DESC LIMIT %(most)s)) both_kinds
 ORDER BY request_id DESC LIMIT %(most)s
"""
_LIMITS: LiteralString = """
SELECT c.at, replace(l.limit_id::text, '-', '') || c.place AS key, c.what, l.limit_id, l.scope,
       coalesce(k.name, g.name) AS name, l.unit, l."window", l.amount, NULL AS by
  FROM limits l
  LEFT JOIN api_keys k ON l.scope = 'key' AND k.account_id = l.account_id AND k.key_id = l.scope_id
  LEFT JOIN groups g ON l.scope = 'group' AND g.account_id = l.account_id AND g.group_id = l.scope_id
 CROSS JOIN LATERAL (VALUES (l.created_at, 'limit_set', '-1'), (l.retired_at, 'limit_removed', '-2')) AS c(at, what, place)
 WHERE l.account_id = %(account)s AND c.at IS NOT NULL
UNION ALL
SELECT c.at, replace(a.ask_id::text, '-', '') || c.place, c.what, l.limit_id, l.scope, coalesce(k.name, g.name), l.unit,
       l."window", c.amount, c.by
  FROM limit_asks a
  JOIN limits l ON l.account_id = a.account_id AND l.limit_id = a.limit_id
  LEFT JOIN api_keys k ON l.scope = 'key' AND k.account_id = l.account_id AND k.key_id = l.scope_id
  LEFT JOIN groups g ON l.scope = 'group' AND g.account_id = l.account_id AND g.group_id = l.scope_id
 CROSS JOIN LATERAL (VALUES (a.asked_at, 'limit_asked', '-3', a.asked_by, a.needed),
    (a.answered_at, 'limit_' || a.state, '-4', a.answered_by, a.raised_to)) AS c(at, what, place, by, amount)
 WHERE a.account_id = %(account)s AND c.at IS NOT NULL
"""
_KEYS: LiteralString = """
SELECT created_at AS at, 'k' || replace(key_id::text, '-', '') AS key, 'key_made' AS what, 'key' AS kind, key_id AS id,
       name, mask AS more FROM api_keys WHERE account_id = %(account)s
UNION ALL
SELECT created_at, 'g' || replace(group_id::text, '-', ''), 'group_made', 'group', group_id, name, NULL
  FROM groups WHERE account_id = %(account)s
UNION ALL
SELECT created_at, 'm' || replace(member_id::text, '-', ''), 'member_joined', 'member', member_id,
       coalesce(nickname, email), NULL FROM members WHERE account_id = %(account)s
"""
_ORDERS: LiteralString = """
SELECT e.at, replace(e.order_id::text, '-', '') || '-' || lpad(e.number::text, 6, '0') AS key, e.what, e.order_id, e.by,
       e.state, o.amount, o.currency, o.provider
  FROM orders o JOIN order_events e ON e.order_id = o.order_id
 WHERE o.account_id = %(account)s
"""
_OF_ORDERS: dict[TimelineSource, LiteralString] = {
    TimelineSource.ORDERS: " AND e.what NOT LIKE 'refund%%' AND e.what NOT LIKE 'dispute%%'",
    TimelineSource.REFUNDS: " AND e.what LIKE 'refund%%'",
    TimelineSource.DISPUTES: " AND e.what LIKE 'dispute%%'",
}
# What an order or a code has credited is told by them.
_MOVED: LiteralString = """
SELECT created_at AS at, lpad(version::text, 20, '0') AS key, code, transfer_id, cause_kind, debit, credit, amount
  FROM transfers
 WHERE account_id = %(account)s AND code NOT IN ('charge', 'overage') AND created_at >= %(start)s AND created_at <= %(at)s
"""
_OF_TRANSFERS: dict[TimelineSource, LiteralString] = {
    TimelineSource.ENDINGS: " AND code IN ('grant_ended', 'breakage')",
    TimelineSource.GIVEN_BACK: " AND code IN ('refund', 'refund_to_clearing', 'cash_refund', 'cash_shortfall')",
    TimelineSource.MONEY: (
        " AND code NOT IN ('grant_ended', 'breakage', 'refund', 'refund_to_clearing', 'cash_refund', 'cash_shortfall',"
        " 'uncollected') AND NOT (code = 'credit' AND cause_kind IN ('order', 'code'))"
    ),
}


def _below(inner: LiteralString) -> LiteralString:
    """The newest of these rows (`at`, `key`, …) below the bound."""
    return (
        "SELECT * FROM (" + inner + ") rows WHERE at >= %(start)s AND at <= %(at)s"  # noqa: S608 - literals
        ' AND (at < %(at)s OR key COLLATE "C" < %(key)s) ORDER BY at DESC, key COLLATE "C" DESC LIMIT %(most)s'
    )


async def trouble(connection: Connection, reach: Reach) -> list[TimelineRow]:
    """Calls that were refused, have failed, or of which nobody knows how they ended."""
    cursor = await connection.execute(_TROUBLE, reach.parameters)
    return [
        TimelineRow(
            at=time_of(request_id), key=request_id.hex, source=TimelineSource.TROUBLE, what=code or state,
            subject_kind="request", subject_id=request_id, amount=needed, count=repeats, state=state,
            names=_given(key_mask, model),
        )
        for request_id, code, state, repeats, needed, key_mask, model in await cursor.fetchall()
    ]  # fmt: skip


async def tasks(connection: Connection, reach: Reach) -> list[TimelineRow]:
    """Tasks where they were sent, with what has become of them."""
    cursor = await connection.execute(
        "SELECT t.task_id, t.kind, t.state, t.model, t.failure_code, r.charged_nanos - r.refunded_nanos FROM tasks t"
        " LEFT JOIN requests r ON r.account_id = t.account_id AND r.request_id = t.task_id"
        " WHERE t.account_id = %(account)s AND t.task_id >= %(from_id)s AND t.task_id < %(below)s"
        " ORDER BY t.task_id DESC LIMIT %(most)s",
        reach.parameters,
    )
    return [
        TimelineRow(
            at=time_of(task_id), key=task_id.hex, source=TimelineSource.TASKS, what=kind, subject_kind="task",
            subject_id=task_id, amount=charged, state=state, names=_given(model, failure),
        )
        for task_id, kind, state, model, failure, charged in await cursor.fetchall()
    ]  # fmt: skip


async def approvals(connection: Connection, reach: Reach) -> list[TimelineRow]:
    """What was proposed for the account, and how it was decided."""
    cursor = await connection.execute(
        "SELECT approval_id, action, state, amount, currency, proposed_by, subject, reason FROM approvals"
        " WHERE account_id = %(account)s AND approval_id >= %(from_id)s AND approval_id < %(below)s"
        " ORDER BY approval_id DESC LIMIT %(most)s",
        reach.parameters,
    )
    return [
        TimelineRow(
            at=time_of(approval_id), key=approval_id.hex, source=TimelineSource.APPROVALS, what=action, state=state,
            subject_kind="approval", subject_id=approval_id, amount=amount, currency=currency, by=by,
            names=_given(subject, reason),
        )
        for approval_id, action, state, amount, currency, by, subject, reason in await cursor.fetchall()
    ]  # fmt: skip


async def audited(connection: Connection, reach: Reach) -> list[TimelineRow]:
    """Who saw or did what to the account."""
    cursor = await connection.execute(
        "SELECT event_id, what, kind, by_name, subject, why FROM audit_events"
        " WHERE account_id = %(account)s AND event_id >= %(from_id)s AND event_id < %(below)s"
        " ORDER BY event_id DESC LIMIT %(most)s",
        reach.parameters,
    )
    return [
        TimelineRow(
            at=time_of(event_id),
            key=event_id.hex,
            source=TimelineSource.AUDIT,
            what=what,
            state=kind,
            by=by,
            names=_given(subject, why),
        )
        for event_id, what, kind, by, subject, why in await cursor.fetchall()
    ]


async def code_tries(connection: Connection, reach: Reach) -> list[TimelineRow]:
    """Tries to redeem a code; those that were refused alike are one."""
    inner: LiteralString = (
        "SELECT last_at AS at, replace(try_id::text, '-', '') AS key, outcome, code_id, times, tried_by, last_four, first_at"
        " FROM code_tries WHERE account_id = %(account)s AND last_at >= %(start)s AND last_at <= %(at)s"
    )
    cursor = await connection.execute(_below(inner), reach.parameters)
    return [
        TimelineRow(
            at=at, key=key, source=TimelineSource.CODES, what=outcome, subject_kind=None if code_id is None else "code",
            subject_id=code_id, count=times, by=by, first_at=first_at,
            names=() if last_four is None else (mask_code(last_four),),
        )
        for at, key, outcome, code_id, times, by, last_four, first_at in await cursor.fetchall()
    ]  # fmt: skip


async def limits(connection: Connection, reach: Reach) -> list[TimelineRow]:
    """Limits where they were set, asked about, raised and removed; `names` are scope, name, window and unit."""
    cursor = await connection.execute(_below(_LIMITS), reach.parameters)
    return [
        TimelineRow(
            at=at, key=key, source=TimelineSource.LIMITS, what=what, subject_kind="limit", subject_id=limit_id, by=by,
            amount=amount if unit == "money" else None, count=None if unit == "money" else amount,
            names=(scope, name or "", window, unit),
        )
        for at, key, what, limit_id, scope, name, unit, window, amount, by in await cursor.fetchall()
    ]  # fmt: skip


async def keys(connection: Connection, reach: Reach) -> list[TimelineRow]:
    """Keys, groups and members, where they came."""
    cursor = await connection.execute(_below(_KEYS), reach.parameters)
    return [
        TimelineRow(
            at=at, key=key, source=TimelineSource.KEYS, what=what, subject_kind=kind, subject_id=id_,
            names=_given(name, more),
        )
        for at, key, what, kind, id_, name, more in await cursor.fetchall()
    ]  # fmt: skip


async def of_orders(connection: Connection, reach: Reach, source: TimelineSource) -> list[TimelineRow]:
    """Steps of orders: of paying, of refunds or of disputes."""
    cursor = await connection.execute(_below(_ORDERS + _OF_ORDERS[source]), reach.parameters)
    return [
        TimelineRow(
            at=at, key=key, source=source, what=what, subject_kind="order", subject_id=order_id, by=by, state=state,
            amount=amount, currency=currency, names=_given(provider),
        )
        for at, key, what, order_id, by, state, amount, currency, provider in await cursor.fetchall()
    ]  # fmt: skip


async def of_transfers(connection: Connection, reach: Reach, source: TimelineSource) -> list[TimelineRow]:
    """What moved besides charges; out of the wallet it is negative."""
    cursor = await connection.execute(_below(_MOVED + _OF_TRANSFERS[source]), reach.parameters)
    return [
        TimelineRow(
            at=at, key=key, source=source, what=code, subject_kind="transfer", subject_id=transfer_id,
            amount=-amount if debit == "wallet" else amount, names=_given(cause_kind),
        )
        for at, key, code, transfer_id, cause_kind, debit, _credit, amount in await cursor.fetchall()
    ]  # fmt: skip


# -- what is told by the hour and by the day --------------------------------------------------------------------------


async def newest_call(connection: Connection, *, account_id: UUID, start: int, before: int) -> int | None:
    """When the last call that was served came in, before a time and not before `start`."""
    cursor = await connection.execute(
        "SELECT request_id FROM requests WHERE account_id = %s AND request_id >= %s AND request_id < %s"
        " AND state IN ('served', 'client_gone', 'served_not_charged') ORDER BY request_id DESC LIMIT 1",
        (account_id, make_id(start, 0), make_id(before, 0)),
    )
    row = await cursor.fetchone()
    return None if row is None else time_of(row[0])


async def calls_between(connection: Connection, *, account_id: UUID, begin: int, end: int, last: int) -> TimelineRow:
    """The calls that were served in a time, of which there is at least one; `last` is when the last of them came in."""
    cursor = await connection.execute(
        "SELECT count(*), coalesce(sum(charged_nanos - refunded_nanos), 0)::bigint, min(received_at), min(model), max(model),"
        " min(key_mask), max(key_mask) FROM requests WHERE account_id = %s AND request_id >= %s AND request_id < %s"
        " AND state IN ('served', 'client_gone', 'served_not_charged')",
        (account_id, make_id(begin, 0), make_id(end, 0)),
    )
    row = await cursor.fetchone()
    assert row is not None
    count, charged, first_at, model, last_model, mask, last_mask = row
    return TimelineRow(
        at=last, key=str(begin), source=TimelineSource.CALLS, what="calls_served", count=count, amount=charged,
        first_at=first_at,
        names=(mask if mask == last_mask else "", model or "" if model == last_model else ""),
    )  # fmt: skip


async def newest_charge(connection: Connection, *, account_id: UUID, above: int, through: int) -> int | None:
    """When the last charge among these versions was posted."""
    cursor = await connection.execute(
        "SELECT created_at FROM transfers WHERE account_id = %s AND version > %s AND version <= %s"
        " AND code IN ('charge', 'overage') ORDER BY version DESC LIMIT 1",
        (account_id, above, through),
    )
    row = await cursor.fetchone()
    return None if row is None else int(row[0])


async def charges_between(
    connection: Connection, *, account_id: UUID, above: int, through: int, begin: int, last: int
) -> TimelineRow:
    """What was charged among these versions, in which there is at least one charge: `last` is when the last was posted.

    A charge has a leg for each grant that it took from: it is one call by its first. Out of the wallet it is negative.
    """
    cursor = await connection.execute(
        "SELECT count(*) FILTER (WHERE code = 'charge' AND leg = 1), sum(amount)::bigint, min(created_at) FROM transfers"
        " WHERE account_id = %s AND version > %s AND version <= %s AND code IN ('charge', 'overage')",
        (account_id, above, through),
    )
    row = await cursor.fetchone()
    assert row is not None
    return _charges(begin, last, *row)


async def charges_added_up(
    connection: Connection, *, account_id: UUID, through: int, begin: int, end: int, last: int
) -> TimelineRow | None:
    """The same from what was added up by the hour; None where that is not so far yet (`through`: the last version)."""
    cursor = await connection.execute(
        "SELECT sum(calls)::bigint, sum(charged_nanos)::bigint, min(hour) FROM spend_hours"
        " WHERE account_id = %(account)s AND hour >= %(begin)s AND hour < %(end)s AND charged_nanos > 0"
        " AND EXISTS (SELECT FROM spend_marks WHERE account_id = %(account)s AND version >= %(through)s)",
        {"account": account_id, "begin": begin, "end": end, "through": through},
    )
    row = await cursor.fetchone()
    return None if row is None or row[1] is None else _charges(begin, last, *row)


def _charges(begin: int, last: int, count: int, charged: int, first_at: int) -> TimelineRow:
    return TimelineRow(
        at=last, key=str(begin), source=TimelineSource.CHARGES, what="charges_of_day", count=count, amount=-charged,
        first_at=first_at,
    )  # fmt: skip


def _given(*names: str | None) -> tuple[str, ...]:
    return tuple(name for name in names if name)
