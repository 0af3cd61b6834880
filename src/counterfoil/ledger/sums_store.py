"""The SQL of transfers added up in stretches: writing full ones, and adding up whatever lies between two versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.ledger.sums import SPANS, Stretches, Sum, reading_of

Connection = AsyncConnection[Any]

_KIND: LiteralString = "code, cause_kind, debit, credit"
_ADDED_UP: LiteralString = "count(*), count(*) FILTER (WHERE leg = 1), sum(amount), min(version), max(version), min(created_at), max(created_at)"
_STORED: LiteralString = (
    f"account_id, span, stretch, {_KIND}, transfers, first_legs, amount, first_version, last_version, first_at, last_at"
)


async def accounts_behind(connection: Connection, *, after: UUID, at_most: int) -> list[UUID]:
    """Accounts with full stretches that are not added up, by id."""
    cursor = await connection.execute(
        "SELECT a.account_id FROM accounts a WHERE a.account_id > %(after)s AND a.version >= %(span)s"
        " AND NOT EXISTS (SELECT FROM transfer_sums s WHERE s.account_id = a.account_id AND s.span = %(span)s"
        " AND s.stretch >= a.version / %(span)s - 1) ORDER BY a.account_id LIMIT %(most)s",
        {"after": after, "span": SPANS[-1], "most": at_most},
    )
    return [row[0] for row in await cursor.fetchall()]


async def version_of(connection: Connection, account_id: UUID) -> int:
    """The version of an account's last transfer; 0 where there is none."""
    cursor = await connection.execute("SELECT version FROM accounts WHERE account_id = %s", (account_id,))
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def summed_of(connection: Connection, account_id: UUID) -> dict[int, int]:
    """How many stretches of an account are added up, by their length."""
    cursor = await connection.execute(
        "SELECT w.span, (SELECT s.stretch + 1 FROM transfer_sums s WHERE s.account_id = %s AND s.span = w.span"
        " ORDER BY s.stretch DESC LIMIT 1) FROM unnest(%s::int[]) AS w(span)",
        (account_id, list(SPANS)),
    )
    return {span: count or 0 for span, count in await cursor.fetchall()}


async def summed_through(connection: Connection, account_id: UUID) -> int:
    """The version through which an account is added up."""
    return (await summed_of(connection, account_id))[SPANS[-1]] * SPANS[-1]


async def add_up(connection: Connection, account_id: UUID, stretches: Stretches) -> None:
    """Add up some stretches, long ones from short ones. Whoever else does so at once writes the same, and only once."""
    parameters = {
        "account": account_id, "span": stretches.span, "above": stretches.first * stretches.span,
        "through": stretches.last * stretches.span, "shorter": SPANS[-1],
    }  # fmt: skip
    if stretches.span == SPANS[-1]:
        await connection.execute(
            f"INSERT INTO transfer_sums ({_STORED})"  # noqa: S608
            f" SELECT account_id, %(span)s, (version - 1) / %(span)s, {_KIND}, {_ADDED_UP} FROM transfers"
            " WHERE account_id = %(account)s AND version > %(above)s AND version <= %(through)s"
            f" GROUP BY account_id, (version - 1) / %(span)s, {_KIND} ON CONFLICT DO NOTHING",
            parameters,
        )
        return
    await connection.execute(
        f"INSERT INTO transfer_sums ({_STORED})"  # noqa: S608
        f" SELECT account_id, %(span)s, stretch * %(shorter)s / %(span)s, {_KIND}, sum(transfers), sum(first_legs),"
        " sum(amount), min(first_version), max(last_version), min(first_at), max(last_at) FROM transfer_sums"
        " WHERE account_id = %(account)s AND span = %(shorter)s AND stretch >= %(above)s / %(shorter)s"
        " AND stretch < %(through)s / %(shorter)s"
        f" GROUP BY account_id, stretch * %(shorter)s / %(span)s, {_KIND} ON CONFLICT DO NOTHING",
        parameters,
    )


async def sums_between(
    connection: Connection, *, account_id: UUID, above: int, through: int, breaks: Sequence[int] = ()
) -> list[Sum]:
    """The transfers above a version and through another, added up between `breaks`: versions, in their order, each of which
    begins something new."""
    if through <= above:
        return []
    reading = reading_of(above=above, through=through, summed=await summed_of(connection, account_id), breaks=breaks)
    cursor = await connection.execute(
        f"""
        SELECT width_bucket(first_version, %(breaks)s::bigint[]), {_KIND}, sum(transfers)::bigint,
               sum(first_legs)::bigint, sum(amount)::text, min(first_version), max(last_version), min(first_at), max(last_at)
          FROM (
            SELECT {_KIND}, transfers, first_legs, amount, first_version, last_version, first_at, last_at
              FROM unnest(%(spans)s::int[], %(firsts)s::bigint[], %(lasts)s::bigint[]) AS r(length, first, last)
             CROSS JOIN LATERAL (SELECT * FROM transfer_sums s WHERE s.account_id = %(account)s AND s.span = r.length
                                    AND s.stretch >= r.first AND s.stretch < r.last OFFSET 0) several
            UNION ALL
            SELECT {_KIND}, 1, CASE leg WHEN 1 THEN 1 ELSE 0 END, amount, version, version, created_at, created_at
              FROM unnest(%(lows)s::bigint[], %(highs)s::bigint[]) AS r(low, high)
             CROSS JOIN LATERAL (SELECT * FROM transfers t WHERE t.account_id = %(account)s AND t.version > r.low
                                    AND t.version <= r.high OFFSET 0) one
          ) pieces
         GROUP BY 1, {_KIND}
        """,  # noqa: S608
        {
            "account": account_id, "breaks": list(breaks), "spans": [one.span for one in reading.stretches],
            "firsts": [one.first for one in reading.stretches], "lasts": [one.last for one in reading.stretches],
            "lows": [low for low, _ in reading.singles], "highs": [high for _, high in reading.singles],
        },
    )  # fmt: skip
    return [Sum(*(*row[:7], int(row[7]), *row[8:])) for row in await cursor.fetchall()]


async def differing(connection: Connection) -> list[tuple[UUID, int, int]]:
    """Account, length and number of stretches on record that are not what their transfers come to, over all accounts."""
    cursor = await connection.execute(
        f"""
        WITH stored AS (SELECT {_STORED} FROM transfer_sums),
        posted AS (
          SELECT t.account_id, s.span, (version - 1) / s.span, {_KIND}, {_ADDED_UP} FROM transfers t
            JOIN (SELECT account_id, span, max(stretch) AS last FROM transfer_sums GROUP BY 1, 2) s
              ON s.account_id = t.account_id
           WHERE t.version <= (s.last + 1) * s.span GROUP BY t.account_id, s.span, (version - 1) / s.span, {_KIND})
        SELECT DISTINCT account_id, span, stretch FROM (
          (TABLE stored EXCEPT TABLE posted) UNION ALL (TABLE posted EXCEPT TABLE stored)) d ORDER BY 1, 2, 3
        """  # noqa: S608
    )
    return await cursor.fetchall()
