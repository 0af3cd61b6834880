"""The SQL of waterfalls: which transfers a window has, what they come to, and the charges among them by what they are of.

Everything is found through the primary key of an account's transfers: versions are dense and their times never run
backwards, so a time is found among them by halving.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence.waterfall import SLICES_MAX, Dimension
from counterfoil.evidence.waterfall_steps import Movement
from counterfoil.foundation.ids import make_id
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.ledger.statement import movements_of
from counterfoil.ledger.statement_store import positions_of as positions_of
from counterfoil.ledger.statement_store import prepare as prepare
from counterfoil.ledger.statement_store import sum_between as sum_between
from counterfoil.ledger.sums_store import sums_between

Connection = AsyncConnection[Any]

_DAY = 86_400 * MICROS_PER_SECOND
# No hold lasts longer: a task's is a week long, and may wait as long again for its upstream.
_HOLD_DAYS_MAX = 45
# A hold's id is made a moment before it is decided, in a process whose clock may be another's.
_CLOCK_SLACK = 3_600 * MICROS_PER_SECOND


class Standing(NamedTuple):
    """A wallet as it is now, and when it was first used (None: never)."""

    version: int
    posted: int
    held: int
    last_at: int
    first_at: int | None


class SliceRow(NamedTuple):
    """One line of a breakdown. `is_known` is false where the charge has no request, `is_other` for what comes after the
    largest."""

    by: Dimension
    is_known: bool
    is_other: bool
    name: str | None
    charged: int
    refunded: int
    charges: int
    merged: int
    in_flight: int


async def standing_of(connection: Connection, *, account_id: UUID) -> Standing:
    cursor = await connection.execute(
        "SELECT a.version, a.posted, a.held, a.last_at, t.created_at FROM accounts a"
        " LEFT JOIN transfers t ON t.account_id = a.account_id AND t.version = 1 WHERE a.account_id = %s",
        (account_id,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return Standing(*row)


async def movements_between(connection: Connection, *, account_id: UUID, above: int, through: int) -> list[Movement]:
    """The transfers of a window by code, cause and accounts."""
    sums = await sums_between(connection, account_id=account_id, above=above, through=through)
    return [Movement(*one) for one in movements_of(sums)]


async def held_at(connection: Connection, *, account_id: UUID, at: int) -> int:
    """What was reserved just before a time that has passed; holds that had lasted longer than any does are not found."""
    cursor = await connection.execute(
        "SELECT coalesce(sum(h.amount), 0)::text FROM holds h"
        " LEFT JOIN hold_ends e ON e.account_id = h.account_id AND e.hold_id = h.hold_id"
        " WHERE h.account_id = %(account)s AND h.hold_id >= %(first)s AND h.hold_id < %(last)s"
        " AND h.created_at < %(at)s AND (e.created_at IS NULL OR e.created_at >= %(at)s)",
        {
            "account": account_id,
            "at": at,
            "first": make_id(max(0, at - _HOLD_DAYS_MAX * _DAY), 0),
            "last": make_id(at + _CLOCK_SLACK, 0),
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def slices_between(
    connection: Connection,
    *,
    account_id: UUID,
    above: int,
    through: int,
    hours: tuple[Sequence[int], Sequence[int]],
) -> list[SliceRow]:
    """The charges of a window, and what was given back in it, by every dimension: the largest by name, the rest as one.

    `hours` is from when on the account's hours begin how much before UTC's (`waterfall.hour_offsets`).
    """
    cursor = await connection.execute(
        """
        WITH moved AS (
          SELECT hold_id, cause_kind,
                 created_at - (created_at + (%(ahead)s::bigint[])[width_bucket(created_at, %(since)s::bigint[])])
                   %% 3600000000 AS hour,
                 coalesce(sum(amount) FILTER (WHERE code <> 'refund'), 0) AS charged,
                 coalesce(sum(amount) FILTER (WHERE code = 'refund'), 0) AS refunded
            FROM transfers WHERE account_id = %(account)s AND version > %(above)s AND version <= %(through)s
             AND code IN ('charge', 'overage', 'refund') GROUP BY 1, 2, 3),
        sliced AS (
          SELECT d.dimension, d.is_known, d.name, sum(m.charged) AS charged, sum(m.refunded) AS refunded,
                 count(*) FILTER (WHERE m.charged > 0) AS charges, coalesce(max(r.in_flight), 0) AS in_flight
            FROM moved m
            LEFT JOIN LATERAL (
              SELECT * FROM requests q WHERE q.account_id = %(account)s AND q.request_id = m.hold_id OFFSET 0) r ON true
           CROSS JOIN LATERAL (VALUES
             ('model', r.request_id IS NOT NULL, r.model), ('tier', r.request_id IS NOT NULL, r.model_tier),
             ('key', r.request_id IS NOT NULL, r.key_id::text), ('group', r.request_id IS NOT NULL, r.group_id::text),
             ('client', r.request_id IS NOT NULL, nullif(r.client, '')), ('hour', true, m.hour::text),
             ('cause', r.request_id IS NOT NULL, CASE WHEN r.request_id IS NULL THEN NULL
               WHEN r.verdict = 'retry' THEN 'retries' WHEN r.verdict = 'duplicate' THEN 'duplicates'
               WHEN m.cause_kind = 'task' THEN 'tasks' ELSE 'calls' END),
             ('copy', r.request_id IS NOT NULL, r.verdict),
             ('work', true, CASE WHEN m.cause_kind = 'task' THEN 'tasks' ELSE 'calls' END)) AS d(dimension, is_known, name)
           GROUP BY 1, 2, 3),
        placed AS (
          SELECT *, row_number() OVER (PARTITION BY dimension ORDER BY charged DESC, refunded DESC, name) > %(most)s AS is_other
            FROM sliced)
        SELECT dimension, is_known OR is_other, is_other, CASE WHEN NOT is_other THEN name END AS shown, sum(charged)::text,
               sum(refunded)::text, sum(charges)::bigint, count(*), max(in_flight)
          FROM placed GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, sum(charged) DESC, sum(refunded) DESC, shown
        """,
        {
            "account": account_id, "above": above, "through": through, "since": list(hours[0]),
            "ahead": list(hours[1]), "most": SLICES_MAX,
        },
        prepare=True,
    )  # fmt: skip
    return [
        SliceRow(
            by=Dimension(row[0]), is_known=row[1], is_other=row[2], name=row[3], charged=int(row[4]),
            refunded=int(row[5]), charges=row[6], merged=row[7], in_flight=row[8],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def names_of(
    connection: Connection, *, account_id: UUID, key_ids: Sequence[UUID], group_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """What people call these keys (name and mask) and groups."""
    cursor = await connection.execute(
        "SELECT key_id, name || ' (' || mask || ')' FROM api_keys WHERE account_id = %(account)s AND key_id = ANY(%(keys)s)"
        " UNION ALL SELECT group_id, name FROM groups WHERE account_id = %(account)s AND group_id = ANY(%(groups)s)",
        {"account": account_id, "keys": list(key_ids), "groups": list(group_ids)},
    )
    return dict(await cursor.fetchall())
