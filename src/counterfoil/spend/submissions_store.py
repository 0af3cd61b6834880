"""The SQL for looking at submissions: as one thing, as lists, and as the loops of scripts."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from counterfoil.foundation.ids import make_id
from counterfoil.spend.model import KeyBurst, SubmissionView

Connection = AsyncConnection[Any]

# Every copy: the original has the submission's own id, the others are found by the partial index.
_COPIES: LiteralString = (
    " CROSS JOIN LATERAL ("
    " SELECT * FROM requests o WHERE o.account_id = s.account_id AND o.request_id = s.submission_id"
    " UNION ALL SELECT * FROM requests c WHERE c.account_id = s.account_id AND c.submission_id = s.submission_id"
    " AND c.verdict <> 'original') r"
)
_VIEW: LiteralString = (
    "SELECT s.account_id, s.submission_id, s.key_id, k.mask AS key_mask, s.endpoint, s.model, s.first_at, s.last_at,"
    " s.copies, count(*) FILTER (WHERE r.verdict = 'retry') AS retries,"
    " count(*) FILTER (WHERE r.verdict = 'duplicate') AS duplicates,"
    " count(*) FILTER (WHERE r.code = 'duplicate_submission') AS blocked,"
    " count(*) FILTER (WHERE r.state = 'repeated') AS repeated,"
    " count(*) FILTER (WHERE r.charged_nanos - r.refunded_nanos > 0) AS charged_copies,"
    " count(*) FILTER (WHERE r.state = 'held') AS open_copies,"
    " coalesce(sum(r.charged_nanos - r.refunded_nanos), 0)::bigint AS charged_nanos,"
    " coalesce(sum(r.held_nanos) FILTER (WHERE r.state = 'held'), 0)::bigint AS held_nanos, a.currency"
    " FROM submissions s JOIN accounts a ON a.account_id = s.account_id"
    " LEFT JOIN api_keys k ON k.account_id = s.account_id AND k.key_id = s.key_id"
)
_GROUPED: LiteralString = (
    " GROUP BY s.account_id, s.submission_id, s.key_id, k.mask, s.endpoint, s.model, s.first_at, s.last_at, s.copies,"
    " a.currency"
)


async def find_submission(connection: Connection, submission_id: UUID) -> SubmissionView | None:
    async with connection.cursor(row_factory=class_row(SubmissionView)) as cursor:
        # The first request has the submission's id, and requests are found by theirs whatever their account.
        await cursor.execute(
            f"{_VIEW}{_COPIES} WHERE s.submission_id = %(id)s"  # noqa: S608
            f" AND s.account_id = (SELECT account_id FROM requests WHERE request_id = %(id)s){_GROUPED}",
            {"id": submission_id},
        )
        return await cursor.fetchone()


_FILTERS: tuple[tuple[str, LiteralString], ...] = (
    ("account_id", "p.account_id = %(account_id)s"),
    ("key_id", "p.key_id = %(key_id)s"),
    ("model", "p.model = %(model)s"),
    ("since", "p.submission_id >= %(since)s"),
    ("below", "p.submission_id < %(below)s"),
)


async def submissions_of(
    connection: Connection,
    *,
    account_id: UUID | None,
    key_id: UUID | None,
    model: str | None,
    since: int | None,
    until: int | None,
    before: UUID | None,
    least: int,
    most: int,
) -> list[SubmissionView]:
    """Submissions with at least so many copies, newest first; ids are times."""
    below = [one for one in (before, None if until is None else make_id(until, 0)) if one is not None]
    values = {
        "account_id": account_id, "key_id": key_id, "model": model,
        "since": None if since is None else make_id(since, 0), "below": min(below, default=None),
    }  # fmt: skip
    # Only what is asked about stands in the statement, so that an index answers it: that of what was sent again.
    conditions = [sql for name, sql in _FILTERS if values[name] is not None]
    conditions.append("p.copies > 1 AND p.copies >= %(least)s" if least > 1 else "true")
    async with connection.cursor(row_factory=class_row(SubmissionView)) as cursor:
        await cursor.execute(
            f"{_VIEW}{_COPIES} WHERE (s.account_id, s.submission_id) IN ("  # noqa: S608
            f"SELECT p.account_id, p.submission_id FROM submissions p WHERE {' AND '.join(conditions)}"
            f" ORDER BY p.submission_id DESC LIMIT %(most)s){_GROUPED} ORDER BY s.submission_id DESC",
            values | {"least": least, "most": most},
        )
        return await cursor.fetchall()


async def copies_of(connection: Connection, *, account_id: UUID, submission_id: UUID, most: int) -> list[UUID]:
    """The requests of a submission, the first first."""
    cursor = await connection.execute(
        f"SELECT r.request_id FROM submissions s{_COPIES} WHERE s.account_id = %s AND s.submission_id = %s"  # noqa: S608
        " ORDER BY r.event_no LIMIT %s",
        (account_id, submission_id, most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def bursts_of(connection: Connection, *, account_id: UUID, since: int, until: int, least: int) -> list[KeyBurst]:
    """Keys whose calls of one model rose for three minutes on end, the last of them to `least` or more.

    What a script in a loop looks like whose content changes a little each time, so that no two calls are copies.
    """
    async with connection.cursor(row_factory=class_row(KeyBurst)) as cursor:
        await cursor.execute(
            """
            WITH minutes AS (
              SELECT key_id, endpoint, model, decided_at / 60000000 AS minute, count(*) AS calls,
                     sum(charged_nanos - refunded_nanos)::bigint AS charged_nanos
                FROM requests WHERE account_id = %(account)s AND decided_at >= %(since)s AND decided_at < %(until)s
               GROUP BY 1, 2, 3, 4),
            rising AS (
              SELECT *, lag(calls, 1) OVER w AS before, lag(calls, 2) OVER w AS first, lag(minute, 2) OVER w AS began
                FROM minutes WINDOW w AS (PARTITION BY key_id, endpoint, model ORDER BY minute))
            SELECT r.key_id, k.mask AS key_mask, r.endpoint, r.model, r.minute * 60000000 AS minute_at,
                   r.first AS first_calls, r.calls, r.charged_nanos
              FROM rising r LEFT JOIN api_keys k ON k.account_id = %(account)s AND k.key_id = r.key_id
             WHERE r.began = r.minute - 2 AND r.first < r.before AND r.before < r.calls AND r.calls >= %(least)s
             ORDER BY r.minute, r.key_id
            """,
            {"account": account_id, "since": since, "until": until, "least": least},
        )
        return await cursor.fetchall()


async def forget_keys(connection: Connection, *, before: int) -> int:
    """Drop Idempotency-Keys that were bound before a time, but those of work that is still going on."""
    cursor = await connection.execute(
        "DELETE FROM idempotency_keys i WHERE i.bound_at < %s AND NOT EXISTS (SELECT FROM requests r"
        " WHERE r.account_id = i.account_id AND r.request_id = i.request_id AND r.state = 'held')",
        (before,),
    )
    return cursor.rowcount
