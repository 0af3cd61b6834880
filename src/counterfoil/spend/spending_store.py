"""The SQL of spending by the hour: adding up what is new, and reading sums. All of it is about one account at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.ids import NIL, read_id, show_id
from counterfoil.spend.spending_model import SpentBy, Sums

Connection = AsyncConnection[Any]

_COLUMNS: Mapping[SpentBy, LiteralString] = {
    SpentBy.GROUP: "group_id",
    SpentBy.MEMBER: "member_id",
    SpentBy.KEY: "key_id",
    SpentBy.MODEL: "model",
    SpentBy.CLIENT: "client",
}
_SUMS: LiteralString = (
    "coalesce(sum(calls), 0)::bigint, coalesce(sum(charged_nanos), 0)::bigint, coalesce(sum(refunded_nanos), 0)::bigint,"
    " coalesce(sum(retries), 0)::bigint, coalesce(sum(retries_nanos), 0)::bigint, coalesce(sum(duplicates), 0)::bigint,"
    " coalesce(sum(duplicates_nanos), 0)::bigint"
)
# A charge has a leg for each grant that it took from, and perhaps an overage: it is one call by the first leg of its
# charge. A copy is paid for a second time where one sent before it has been charged and not given back.
_ADD: LiteralString = """
WITH moved AS (
  SELECT t.hold_id, t.created_at / 3600000000 * 3600000000 AS hour, max(t.created_at) AS last_at,
         count(*) FILTER (WHERE t.code = 'charge' AND t.leg = 1) AS calls,
         coalesce(sum(t.amount) FILTER (WHERE t.code <> 'refund'), 0)::bigint AS charged,
         coalesce(sum(t.amount) FILTER (WHERE t.code = 'refund'), 0)::bigint AS refunded
    FROM transfers t
   WHERE t.account_id = %(account)s AND t.version > %(above)s AND t.version <= %(through)s
     AND t.code IN ('charge', 'overage', 'refund')
   GROUP BY 1, 2),
piece AS (
  SELECT m.*, coalesce(r.key_id, %(nil)s) AS key_id, coalesce(r.group_id, %(nil)s) AS group_id,
         coalesce(r.member_id, %(nil)s) AS member_id, coalesce(r.model, '') AS model,
         left(coalesce(r.client, ''), 120) AS client,
         CASE WHEN r.verdict IN ('retry', 'duplicate') AND (
           EXISTS (SELECT FROM requests o WHERE o.account_id = %(account)s AND o.request_id = r.submission_id
                      AND o.event_no < r.event_no AND o.charged_nanos > o.refunded_nanos)
           OR EXISTS (SELECT FROM requests c WHERE c.account_id = %(account)s AND c.submission_id = r.submission_id
                         AND c.verdict <> 'original' AND c.event_no < r.event_no
                         AND c.charged_nanos > c.refunded_nanos)) THEN r.verdict ELSE '' END AS again
    FROM moved m
    LEFT JOIN LATERAL (SELECT * FROM requests q WHERE q.account_id = %(account)s AND q.request_id = m.hold_id OFFSET 0) r
      ON true)
INSERT INTO spend_hours AS h (account_id, hour, key_id, group_id, member_id, model, client, calls, charged_nanos,
  refunded_nanos, retries, retries_nanos, duplicates, duplicates_nanos, last_at)
SELECT %(account)s, hour, key_id, group_id, member_id, model, client, sum(calls), sum(charged), sum(refunded),
       coalesce(sum(calls) FILTER (WHERE again = 'retry'), 0),
       coalesce(sum(charged - refunded) FILTER (WHERE again = 'retry'), 0),
       coalesce(sum(calls) FILTER (WHERE again = 'duplicate'), 0),
       coalesce(sum(charged - refunded) FILTER (WHERE again = 'duplicate'), 0), max(last_at)
  FROM piece GROUP BY hour, key_id, group_id, member_id, model, client
ON CONFLICT (account_id, hour, key_id, group_id, member_id, model, client) DO UPDATE SET
  calls = h.calls + excluded.calls, charged_nanos = h.charged_nanos + excluded.charged_nanos,
  refunded_nanos = h.refunded_nanos + excluded.refunded_nanos, retries = h.retries + excluded.retries,
  retries_nanos = h.retries_nanos + excluded.retries_nanos, duplicates = h.duplicates + excluded.duplicates,
  duplicates_nanos = h.duplicates_nanos + excluded.duplicates_nanos, last_at = greatest(h.last_at, excluded.last_at)
"""


async def accounts_behind(connection: Connection, *, after: UUID, at_most: int) -> list[UUID]:
    """Accounts with transfers that are not added up, by id."""
    cursor = await connection.execute(
        "SELECT a.account_id FROM accounts a LEFT JOIN spend_marks m ON m.account_id = a.account_id"
        " WHERE a.account_id > %s AND a.version > coalesce(m.version, 0) ORDER BY a.account_id LIMIT %s",
        (after, at_most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def behind(connection: Connection, account_id: UUID) -> int:
    """How many transfers of an account are not added up yet."""
    cursor = await connection.execute(
        "SELECT a.version - coalesce(m.version, 0) FROM accounts a LEFT JOIN spend_marks m"
        " ON m.account_id = a.account_id WHERE a.account_id = %s",
        (account_id,),
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def add_up(connection: Connection, account_id: UUID, *, at_most: int) -> int:
    """Add up the next transfers of an account, so many at the most; gives how many are still left.

    The mark's row is locked, so that of two who do so at once each adds up what the other has not.
    """
    await connection.execute(
        "INSERT INTO spend_marks (account_id, version) VALUES (%s, 0) ON CONFLICT DO NOTHING", (account_id,)
    )
    cursor = await connection.execute(
        "SELECT version FROM spend_marks WHERE account_id = %s FOR NO KEY UPDATE", (account_id,)
    )
    mark = await cursor.fetchone()
    assert mark is not None
    # What has committed by now; the next ones have higher versions.
    cursor = await connection.execute("SELECT version FROM accounts WHERE account_id = %s", (account_id,))
    last = await cursor.fetchone()
    above: int = mark[0]
    version: int = 0 if last is None else last[0]
    through = min(version, above + at_most)
    if through > above:
        await connection.execute(_ADD, {"account": account_id, "above": above, "through": through, "nil": NIL})
        await connection.execute("UPDATE spend_marks SET version = %s WHERE account_id = %s", (through, account_id))
    return max(0, version - through)


def _narrowed(values: Mapping[SpentBy, str]) -> tuple[LiteralString, dict[str, Any]]:
    condition: LiteralString = ""
    parameters: dict[str, Any] = {}
    for by, value in values.items():
        condition += f" AND {_COLUMNS[by]} = %({by.value})s"
        parameters[by.value] = _stored(by, value)
    return condition, parameters


def _stored(by: SpentBy, value: str) -> object:
    if by in (SpentBy.MODEL, SpentBy.CLIENT):
        return value
    return read_id(by.value, value) if value else NIL


def _shown(by: SpentBy, value: Any) -> str:
    if by in (SpentBy.MODEL, SpentBy.CLIENT):
        return str(value)
    return "" if value == NIL else show_id(by.value, value)


async def sums_between(
    connection: Connection, account_id: UUID, *, start: int, end: int, values: Mapping[SpentBy, str]
) -> Sums:
    condition, parameters = _narrowed(values)
    cursor = await connection.execute(
        f"SELECT {_SUMS} FROM spend_hours WHERE account_id = %(account)s AND hour >= %(start)s AND hour < %(end)s"  # noqa: S608
        f"{condition}",
        {"account": account_id, "start": start, "end": end, **parameters},
    )
    row = await cursor.fetchone()
    assert row is not None
    return _sums(row)


async def sums_by(
    connection: Connection, account_id: UUID, *, by: SpentBy, start: int, end: int, values: Mapping[SpentBy, str]
) -> dict[str, Sums]:
    """The sums of a period by what it is divided by."""
    condition, parameters = _narrowed(values)
    cursor = await connection.execute(
        f"SELECT {_COLUMNS[by]}, {_SUMS} FROM spend_hours WHERE account_id = %(account)s AND hour >= %(start)s"  # noqa: S608
        f" AND hour < %(end)s{condition} GROUP BY 1",
        {"account": account_id, "start": start, "end": end, **parameters},
    )
    return {_shown(by, row[0]): _sums(row[1:]) for row in await cursor.fetchall()}


async def net_by_hour(
    connection: Connection, account_id: UUID, *, start: int, end: int, values: Mapping[SpentBy, str]
) -> dict[int, tuple[int, int]]:
    """What each hour was charged, and that less what was given back in it."""
    condition, parameters = _narrowed(values)
    cursor = await connection.execute(
        "SELECT hour, sum(charged_nanos)::bigint, sum(charged_nanos - refunded_nanos)::bigint FROM spend_hours"  # noqa: S608
        f" WHERE account_id = %(account)s AND hour >= %(start)s AND hour < %(end)s{condition} GROUP BY 1 ORDER BY 1",
        {"account": account_id, "start": start, "end": end, **parameters},
    )
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def largest_in_hour(
    connection: Connection, account_id: UUID, *, hour: int, values: Mapping[SpentBy, str], at_most: int
) -> list[tuple[str, str, str, Sums]]:
    """Key, client and model that an hour's charges are owed to, the largest first."""
    condition, parameters = _narrowed(values)
    cursor = await connection.execute(
        f"SELECT key_id, client, model, {_SUMS} FROM spend_hours WHERE account_id = %(account)s AND hour = %(hour)s"  # noqa: S608
        f"{condition} GROUP BY 1, 2, 3 ORDER BY sum(charged_nanos) DESC, 1, 2, 3 LIMIT %(at_most)s",
        {"account": account_id, "hour": hour, "at_most": at_most, **parameters},
    )
    return [
        (_shown(SpentBy.KEY, row[0]), row[1], row[2], _sums(row[3:])) for row in await cursor.fetchall()
    ]  # fmt: skip


async def last_charged(connection: Connection, account_id: UUID, key_ids: list[UUID]) -> dict[UUID, int]:
    """When each of these keys was last charged or given back something; keys that never were are left out."""
    cursor = await connection.execute(
        "SELECT w.key_id, s.last_at FROM unnest(%s::uuid[]) AS w(key_id) CROSS JOIN LATERAL (SELECT last_at"
        " FROM spend_hours h WHERE h.account_id = %s AND h.key_id = w.key_id ORDER BY last_at DESC LIMIT 1) s",
        (key_ids, account_id),
    )
    return dict(await cursor.fetchall())


def _sums(row: Any) -> Sums:
    calls, charged, refunded, retries, retries_nanos, duplicates, duplicates_nanos = row
    return Sums(
        calls=calls, charged=charged, refunded=refunded, retries=retries, retries_nanos=retries_nanos,
        duplicates=duplicates, duplicates_nanos=duplicates_nanos,
    )  # fmt: skip
