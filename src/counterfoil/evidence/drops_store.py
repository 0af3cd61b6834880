"""The SQL of falling balances: the charges of windows, each with what it is, and everything else that moved.

Transfers are read by their versions, a window's are one range of the primary key; requests by their ids. What comes back
is added up: as many rows as there are models, prices and kinds, however many charges there were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence.drops import Category, Largest, MovedRow, PricedUse, Spent
from counterfoil.evidence.waterfall_steps import Movement
from counterfoil.pricing.documents import terms_of
from counterfoil.pricing.model import Terms
from counterfoil.spend.submission_history import BURST_CALLS_LEAST
from counterfoil.spend.submissions import LOOP_COPIES

Connection = AsyncConnection[Any]

# Records that are named behind a finding.
LARGEST_MAX = 10
_MINUTE = 60_000_000
# A loop is that many times faster than its key has been with that model before.
_LOOP_TIMES = 4
# Minutes of a loop that are slower than its fastest belong to it all the same.
_AROUND_TIMES, _AROUND_CALLS = 2, 5


class Range(NamedTuple):
    """A window's number (0: the one asked about), and its transfers: those above a version, through another."""

    number: int
    above: int
    through: int


_WINDOWS: LiteralString = """
windows AS (
  SELECT * FROM unnest(%(numbers)s::bigint[], %(above)s::bigint[], %(through)s::bigint[]) AS w(number, above, through))
"""
# Every charge of the windows with its request; what it is, and by what it would have been charged before. Loops are told
# by the minute, and minutes begin twice: a burst that straddles two of one kind lies within one of the other. What is
# read inside LATERAL is read by its key, whatever the planner believes of an account's share of a table.
_CHARGES: LiteralString = f"""
WITH {_WINDOWS},
piece AS MATERIALIZED (
  SELECT w.number, m.hold_id, m.cause_kind, m.charged, m.charged - m.refunded AS net,
         CASE WHEN m.charged = 0 THEN 0
              ELSE greatest(0, least(m.charged - m.refunded, coalesce(r.refunded_nanos, 0) - m.refunded)) END AS later,
         r.model, r.model_tier, r.key_id, r.group_id, r.endpoint, r.price_version, r.multiplier_millis, r.verdict,
         r.submission_id, r.retry_count, r.decided_at,
         r.verdict IN ('retry', 'duplicate') AND (
           EXISTS (SELECT FROM requests o WHERE o.account_id = %(account)s AND o.request_id = r.submission_id
                      AND o.event_no < r.event_no AND o.charged_nanos > o.refunded_nanos)
           OR EXISTS (SELECT FROM requests c WHERE c.account_id = %(account)s AND c.submission_id = r.submission_id
                         AND c.verdict <> 'original' AND c.event_no < r.event_no
                         AND c.charged_nanos > c.refunded_nanos)) AS extra
    FROM windows w
   CROSS JOIN LATERAL (
     SELECT t.hold_id, t.cause_kind,
            coalesce(sum(t.amount) FILTER (WHERE t.code <> 'refund'), 0)::bigint AS charged,
            coalesce(sum(t.amount) FILTER (WHERE t.code = 'refund'), 0)::bigint AS refunded
       FROM transfers t WHERE t.account_id = %(account)s AND t.version > w.above AND t.version <= w.through
        AND t.code IN ('charge', 'overage', 'refund')
      GROUP BY t.hold_id, t.cause_kind) m
    LEFT JOIN LATERAL (
      SELECT * FROM requests q WHERE q.account_id = %(account)s AND q.request_id = m.hold_id OFFSET 0) r ON true),
shifts(shift) AS (VALUES (0), (%(minute)s / 2)),
halves AS (
  SELECT key_id, endpoint, model, decided_at / (%(minute)s / 2) AS half, count(*) AS calls
    FROM piece WHERE number = 0 AND charged > 0 AND key_id IS NOT NULL GROUP BY 1, 2, 3, 4),
speeds AS (
  SELECT h.key_id, h.endpoint, h.model, o.shift, (h.half + sign(o.shift)::bigint) / 2 AS minute,
         sum(h.calls)::bigint AS calls
    FROM halves h CROSS JOIN shifts o GROUP BY 1, 2, 3, 4, 5),
fast AS (
  SELECT key_id, endpoint, model, max(calls) AS calls FROM speeds GROUP BY 1, 2, 3
  HAVING max(calls) >= %(loop_calls)s),
before AS (
  SELECT key_id, endpoint, model, max(calls) AS calls
    FROM (SELECT p.key_id, p.endpoint, p.model, o.shift, (p.decided_at + o.shift) / %(minute)s AS minute,
                 count(*) AS calls
            FROM piece p JOIN fast USING (key_id, endpoint, model) CROSS JOIN shifts o
           WHERE p.number > 0 AND p.charged > 0 GROUP BY 1, 2, 3, 4, 5) minutes
   GROUP BY 1, 2, 3),
looping AS (
  SELECT f.key_id, f.endpoint, f.model, f.calls, coalesce(b.calls, 0) AS usual
    FROM fast f LEFT JOIN before b USING (key_id, endpoint, model)
   WHERE f.calls >= %(loop_times)s * coalesce(b.calls, 0)),
loops AS MATERIALIZED (
  SELECT s.key_id, s.endpoint, s.model, s.shift, s.minute FROM speeds s JOIN looping l USING (key_id, endpoint, model)
   WHERE s.calls >= greatest(%(around_calls)s, %(around_times)s * l.usual)),
copied AS (
  SELECT submission_id FROM piece WHERE number = 0 AND extra AND verdict = 'duplicate'
   GROUP BY 1 HAVING count(*) + 1 >= %(loop_copies)s),
versions AS (
  SELECT DISTINCT ON (model) model, price_version AS base_version FROM piece
   WHERE number > 0 AND charged > 0 AND price_version IS NOT NULL
   GROUP BY model, price_version ORDER BY model, count(*) DESC, price_version DESC),
key_tiers AS (
  SELECT DISTINCT ON (key_id) key_id, multiplier_millis AS millis FROM piece
   WHERE number > 0 AND charged > 0 AND key_id IS NOT NULL
   GROUP BY key_id, multiplier_millis ORDER BY key_id, count(*) DESC, multiplier_millis DESC),
group_tiers AS (
  SELECT DISTINCT ON (group_id) group_id, multiplier_millis AS millis FROM piece
   WHERE number > 0 AND charged > 0 AND group_id IS NOT NULL
   GROUP BY group_id, multiplier_millis ORDER BY group_id, count(*) DESC, multiplier_millis DESC),
classed AS MATERIALIZED (
  SELECT p.*, v.base_version, coalesce(k.millis, g.millis) AS base_millis,
         CASE WHEN p.charged = 0 THEN 'earlier'
              WHEN p.extra AND p.verdict = 'duplicate' AND c.submission_id IS NOT NULL THEN 'loop'
              WHEN p.extra THEN p.verdict
              WHEN p.number = 0 AND (
                (p.key_id, p.endpoint, p.model, p.decided_at / %(minute)s)
                  IN (SELECT key_id, endpoint, model, minute FROM loops WHERE shift = 0)
                OR (p.key_id, p.endpoint, p.model, (p.decided_at + %(minute)s / 2) / %(minute)s)
                  IN (SELECT key_id, endpoint, model, minute FROM loops WHERE shift > 0)) THEN 'loop'
              WHEN p.cause_kind = 'task' THEN 'task' ELSE 'call' END AS category
    FROM piece p
    LEFT JOIN versions v ON v.model = p.model
    LEFT JOIN key_tiers k ON k.key_id = p.key_id
    LEFT JOIN group_tiers g ON g.group_id = p.group_id
    LEFT JOIN copied c ON c.submission_id = p.submission_id)
"""  # noqa: S608
_SUMS: LiteralString = """
SELECT true, number, category, model, model_tier, price_version, multiplier_millis, base_version, base_millis,
       sum(net - later)::text, count(*) FILTER (WHERE charged > 0), coalesce(max(retry_count), 0), min(decided_at),
       max(decided_at), NULL::uuid, NULL::boolean, NULL, NULL
  FROM classed GROUP BY number, category, model, model_tier, price_version, multiplier_millis, base_version, base_millis
UNION ALL
SELECT true, number, 'returned', NULL, NULL, NULL, NULL, NULL, NULL, sum(later)::text, count(*), 0, min(decided_at),
       max(decided_at), NULL, NULL, NULL, NULL
  FROM classed WHERE later > 0 GROUP BY number
UNION ALL
SELECT false, 0, p.category, p.model, NULL, NULL, NULL, NULL, NULL, p.nanos::text, 1, 0, p.decided_at, p.decided_at,
       p.hold_id, p.cause_kind = 'task', r.key_mask, r.client
  FROM (SELECT *, row_number() OVER (PARTITION BY category ORDER BY nanos DESC, hold_id) AS place
          FROM (SELECT category, model, net - later AS nanos, decided_at, hold_id, cause_kind
                  FROM classed WHERE number = 0 AND net > later AND decided_at IS NOT NULL
                UNION ALL SELECT 'returned', model, later, decided_at, hold_id, cause_kind
                  FROM classed WHERE number = 0 AND later > 0) each) p
  LEFT JOIN LATERAL (
    SELECT key_mask, client FROM requests WHERE account_id = %(account)s AND request_id = p.hold_id OFFSET 0) r ON true
 WHERE p.place <= %(largest)s
UNION ALL
SELECT false, 0, NULL, model, NULL, NULL, NULL, NULL, NULL, NULL, calls, 0, NULL, NULL, NULL, NULL, NULL, NULL
  FROM (SELECT * FROM looping ORDER BY calls DESC, model LIMIT 1) fastest
"""
# By kind and rate: the arithmetic of those charges whose price version is another than before.
_PRICED: LiteralString = """
SELECT c.category, c.model, c.price_version, c.base_version, c.multiplier_millis, c.base_millis,
       (r.body ->> 'multiplier_millis')::bigint, (r.body ->> 'context_above')::bigint, l.line ->> 0,
       (l.line ->> 2)::bigint, sum((l.line ->> 1)::bigint)::text
  FROM classed c
 CROSS JOIN LATERAL (SELECT q.arithmetic::jsonb AS body FROM requests q
                      WHERE q.account_id = %(account)s AND q.request_id = c.hold_id OFFSET 0) r
 CROSS JOIN LATERAL jsonb_array_elements(r.body -> 'lines') AS l(line)
 WHERE c.number = 0 AND c.category IN ('call', 'task') AND c.price_version <> c.base_version
 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
"""
_OTHER_CODES: LiteralString = "code NOT IN ('charge', 'overage', 'refund')"


class Charges(NamedTuple):
    """The charges of windows by what they are, the largest of the first window, and its fastest minute of a loop."""

    spent: list[Spent]
    largest: list[Largest]
    loop_calls: int


async def charges_in(connection: Connection, *, account_id: UUID, ranges: Sequence[Range]) -> Charges:
    """What was charged in these windows, refunds in them deducted."""
    cursor = await connection.execute(_CHARGES + _SUMS, _parameters(account_id, ranges), prepare=True)
    spent, largest, loop_calls = [], [], 0
    for (
        is_sum,
        number,
        category,
        model,
        tier,
        version,
        millis,
        base,
        base_millis,
        nanos,
        charges,
        retries,
        *rest,
    ) in await cursor.fetchall():
        first_at, last_at, request_id, is_task, key_mask, client = rest
        if category is None:
            loop_calls = charges
        elif is_sum:
            spent.append(
                Spent(
                    window=number, category=Category(category), model=model, model_tier=tier, price_version=version,
                    multiplier_millis=millis, base_version=base, base_millis=base_millis, nanos=int(nanos),
                    charges=charges, most_retries=retries, first_at=first_at, last_at=last_at,
                )
            )  # fmt: skip
        else:
            largest.append(
                Largest(
                    category=Category(category), request_id=request_id, is_task=is_task, at=first_at, nanos=int(nanos),
                    model=model, key_mask=key_mask, client=client,
                )
            )  # fmt: skip
    return Charges(spent=spent, largest=largest, loop_calls=loop_calls)


async def priced_in(connection: Connection, *, account_id: UUID, ranges: Sequence[Range]) -> list[PricedUse]:
    """What was used in the first of these windows at prices that did not hold in the others."""
    cursor = await connection.execute(_CHARGES + _PRICED, _parameters(account_id, ranges))
    return [
        PricedUse(
            category=Category(row[0]), model=row[1], price_version=row[2], base_version=row[3],
            multiplier_millis=row[4], base_millis=row[5], share_millis=row[6], context_above=row[7], name=row[8],
            rate=row[9], units=int(row[10]),
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


async def moved_in(connection: Connection, *, account_id: UUID, ranges: Sequence[Range]) -> dict[int, list[Movement]]:
    """Whatever else moved, by window, added up."""
    cursor = await connection.execute(
        f"WITH {_WINDOWS} SELECT w.number, t.* FROM windows w CROSS JOIN LATERAL ("  # noqa: S608
        " SELECT code, cause_kind, debit, credit, sum(amount)::text, count(*) FROM transfers"
        f" WHERE account_id = %(account)s AND version > w.above AND version <= w.through AND {_OTHER_CODES}"
        " GROUP BY 1, 2, 3, 4) t",
        _parameters(account_id, ranges),
    )
    found: dict[int, list[Movement]] = {}
    for number, code, cause_kind, debit, credit, nanos, transfers in await cursor.fetchall():
        found.setdefault(number, []).append(Movement(code, cause_kind, debit, credit, int(nanos), transfers))
    return found


async def largest_moved(connection: Connection, *, account_id: UUID, window: Range) -> list[MovedRow]:
    """The largest movements out of the wallet that are no charges."""
    cursor = await connection.execute(
        "SELECT code, cause_kind, debit, credit, transfer_id, grant_id, amount, created_at FROM transfers"  # noqa: S608
        f" WHERE account_id = %s AND version > %s AND version <= %s AND debit = 'wallet' AND {_OTHER_CODES}"
        " ORDER BY amount DESC, version LIMIT %s",
        (account_id, window.above, window.through, 4 * LARGEST_MAX),
    )
    return [MovedRow(*row) for row in await cursor.fetchall()]


async def terms_of_versions(connection: Connection, version_ids: Sequence[UUID]) -> dict[UUID, Terms]:
    """The prices of these versions."""
    cursor = await connection.execute(
        "SELECT version_id, model, body FROM price_versions WHERE version_id = ANY(%s) AND body IS NOT NULL",
        (list(version_ids),),
    )
    return {row[0]: terms_of(row[1], row[2]) for row in await cursor.fetchall()}


async def frozen_of(connection: Connection, *, account_id: UUID) -> int:
    """What is left of credit that is frozen now and not reserved."""
    cursor = await connection.execute(
        "SELECT coalesce(sum(remaining - held), 0)::text FROM grants WHERE account_id = %s AND state = 'frozen'"
        " AND remaining > 0",
        (account_id,),
    )
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


def _parameters(account_id: UUID, ranges: Sequence[Range]) -> dict[str, Any]:
    return {
        "account": account_id,
        "numbers": [each.number for each in ranges],
        "above": [each.above for each in ranges],
        "through": [each.through for each in ranges],
        "minute": _MINUTE,
        "loop_calls": BURST_CALLS_LEAST,
        "loop_times": _LOOP_TIMES,
        "around_calls": _AROUND_CALLS,
        "around_times": _AROUND_TIMES,
        "loop_copies": LOOP_COPIES,
        "largest": LARGEST_MAX,
    }
