"""The SQL of requests and attempts. Engine statements take whole columns as arrays, `account_id` first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from counterfoil.foundation.ids import make_id
from counterfoil.spend.model import AttemptView, RequestView, Standing
from counterfoil.storage.pipeline import Statement

Connection = AsyncConnection[Any]

# The columns of a new request, with the type of each; the order is that of `guard._opened`.
_OPENED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("account_id", "uuid"), ("request_id", "uuid"), ("event_no", "int8"), ("key_id", "uuid"), ("key_mask", "text"),
    ("group_id", "uuid"), ("member_id", "uuid"), ("endpoint", "text"), ("model", "text"), ("model_tier", "text"),
    ("stream", "bool"), ("client", "text"), ("client_address", "text"), ("retry_count", "int8"),
    ("in_flight", "int8"), ("received_at", "int8"), ("decided_at", "int8"), ("output_cap", "int8"),
    ("needed_nanos", "int8"), ("held_nanos", "int8"), ("price_version", "uuid"), ("multiplier_millis", "int8"),
    ("counted", "bytea"), ("checks", "text"), ("state", "text"), ("charge_mark", "text"), ("code", "text"),
    ("status_code", "int8"), ("ended_at", "int8"), ("submission_id", "uuid"), ("verdict", "text"),
    ("first_request_id", "uuid"),
)  # fmt: skip
# What the end of a request sets; the order is that of `guard._ended`.
_ENDED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("account_id", "uuid"), ("request_id", "uuid"), ("state", "text"), ("charge_mark", "text"), ("code", "text"),
    ("status_code", "int8"), ("first_byte_at", "int8"), ("ended_at", "int8"), ("charged_nanos", "int8"),
    ("uncollected_nanos", "int8"), ("tokens", "text"), ("arithmetic", "text"), ("estimated", "bool"),
    ("error_text", "text"),
)  # fmt: skip
_ATTEMPT: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("account_id", "uuid"), ("request_id", "uuid"), ("number", "int8"), ("upstream", "text"),
    ("upstream_model", "text"), ("started_at", "int8"), ("ended_at", "int8"), ("outcome", "text"),
    ("status_code", "int8"), ("response_id", "text"), ("error_text", "text"), ("tokens", "text"),
    ("cost_nanos", "int8"),
)  # fmt: skip


def _unnest(columns: tuple[tuple[LiteralString, LiteralString], ...]) -> str:
    return "unnest(" + ", ".join(f"${n}::{kind}[]" for n, (_, kind) in enumerate(columns, start=1)) + ")"


def _names(columns: tuple[tuple[LiteralString, LiteralString], ...]) -> str:
    return ", ".join(name for name, _ in columns)


INSERT_REQUESTS = Statement(
    "spend_insert_requests",
    f"INSERT INTO requests ({_names(_OPENED)}) SELECT * FROM {_unnest(_OPENED)}",  # noqa: S608
)
END_REQUESTS = Statement(
    "spend_end_requests",
    "UPDATE requests r SET "  # noqa: S608
    + ", ".join(f"{name} = v.{name}" for name, _ in _ENDED[2:])
    + f" FROM {_unnest(_ENDED)} AS v({_names(_ENDED)})"
    " WHERE r.account_id = v.account_id AND r.request_id = v.request_id",
)
INSERT_ATTEMPTS = Statement(
    "spend_insert_attempts",
    f"INSERT INTO attempts ({_names(_ATTEMPT)}) SELECT * FROM {_unnest(_ATTEMPT)}"  # noqa: S608
    " ON CONFLICT (account_id, request_id, number) DO NOTHING",
)
COUNTED = Statement(
    "spend_counted",
    "SELECT r.account_id, r.request_id, r.counted FROM unnest($1::uuid[], $2::uuid[]) AS w(account_id, request_id)"
    " JOIN requests r ON r.account_id = w.account_id AND r.request_id = w.request_id",
)
REPEAT_REQUESTS = Statement(
    "spend_repeat_requests",
    "UPDATE requests r SET repeats = r.repeats + v.count FROM unnest($1::uuid[], $2::uuid[], $3::int8[])"
    " AS v(account_id, request_id, count) WHERE r.account_id = v.account_id AND r.request_id = v.request_id",
)
_COPY: LiteralString = "r.request_id, r.endpoint, r.state, r.charge_mark, r.charged_nanos, r.decided_at"
# The last submission of each fingerprint that was sent since a time, with the copy that stands in the way.
SUBMISSIONS = Statement(
    "spend_submissions",
    "SELECT DISTINCT ON (s.account_id, s.fingerprint) s.account_id, s.fingerprint, s.submission_id, s.key_id,"  # noqa: S608
    f" s.endpoint, s.model, s.first_at, s.last_at, s.copies, {_COPY}"
    " FROM unnest($1::uuid[], $2::bytea[], $3::int8[]) AS w(account_id, fingerprint, since)"
    " JOIN submissions s ON s.account_id = w.account_id AND s.fingerprint = w.fingerprint AND s.last_at >= w.since"
    " LEFT JOIN requests r ON r.account_id = w.account_id AND r.request_id = s.blocker_id"
    " ORDER BY s.account_id, s.fingerprint, s.submission_id DESC",
)
BINDINGS = Statement(
    "spend_bindings",
    f"SELECT i.account_id, i.key_hash, i.fingerprint, {_COPY}, s.submission_id, s.fingerprint, s.key_id, s.endpoint,"  # noqa: S608
    " s.model, s.first_at, s.last_at, s.copies"
    " FROM unnest($1::uuid[], $2::bytea[]) AS w(account_id, key_hash)"
    " JOIN idempotency_keys i ON i.account_id = w.account_id AND i.key_hash = w.key_hash"
    " JOIN requests r ON r.account_id = w.account_id AND r.request_id = i.request_id"
    " LEFT JOIN submissions s ON s.account_id = w.account_id AND s.submission_id = i.submission_id",
)
_SUBMISSION: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("account_id", "uuid"), ("submission_id", "uuid"), ("fingerprint", "bytea"), ("key_id", "uuid"),
    ("endpoint", "text"), ("model", "text"), ("first_at", "int8"), ("last_at", "int8"), ("copies", "int8"),
    ("blocker_id", "uuid"),
)  # fmt: skip
INSERT_SUBMISSIONS = Statement(
    "spend_insert_submissions",
    f"INSERT INTO submissions ({_names(_SUBMISSION)}) SELECT * FROM {_unnest(_SUBMISSION)}",  # noqa: S608
)
# Added to, since not every process has read the row that it adds to.
ADD_TO_SUBMISSIONS = Statement(
    "spend_add_to_submissions",
    "UPDATE submissions s SET copies = s.copies + v.added, last_at = greatest(s.last_at, v.last_at),"
    " blocker_id = coalesce(v.blocker_id, s.blocker_id)"
    " FROM unnest($1::uuid[], $2::uuid[], $3::int8[], $4::int8[], $5::uuid[])"
    " AS v(account_id, submission_id, added, last_at, blocker_id)"
    " WHERE s.account_id = v.account_id AND s.submission_id = v.submission_id",
)
BIND_KEYS = Statement(
    "spend_bind_keys",
    "INSERT INTO idempotency_keys (account_id, key_hash, request_id, submission_id, fingerprint, bound_at)"
    " SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::uuid[], $5::bytea[], $6::int8[])"
    " ON CONFLICT (account_id, key_hash) DO UPDATE SET request_id = excluded.request_id,"
    " submission_id = excluded.submission_id, fingerprint = excluded.fingerprint, bound_at = excluded.bound_at",
)
ENGINE_STATEMENTS = (
    INSERT_REQUESTS, END_REQUESTS, INSERT_ATTEMPTS, COUNTED, REPEAT_REQUESTS, SUBMISSIONS, BINDINGS,
    INSERT_SUBMISSIONS, ADD_TO_SUBMISSIONS, BIND_KEYS,
)  # fmt: skip

# The columns of `RequestView`, of a request `r` with its account `a` and its group `g`.
REQUEST_VIEW: LiteralString = (
    "r.account_id, r.request_id, r.event_no, r.key_id, r.key_mask, r.group_id, g.name AS group_name, r.member_id,"
    " r.endpoint, r.model, r.model_tier, r.stream, r.client, r.client_address, r.retry_count, r.in_flight,"
    " r.received_at, r.decided_at, r.first_byte_at, r.ended_at, r.state, r.charge_mark, r.status_code, r.code,"
    " r.error_text, r.output_cap, r.needed_nanos, r.held_nanos, r.charged_nanos, r.uncollected_nanos,"
    " r.refunded_nanos, a.currency, r.price_version, r.multiplier_millis, r.arithmetic, r.tokens, r.estimated,"
    " r.repeats, r.submission_id, r.verdict, r.first_request_id, r.checks"
)
_FROM: LiteralString = (
    " FROM requests r JOIN accounts a ON a.account_id = r.account_id"
    " LEFT JOIN groups g ON g.account_id = r.account_id AND g.group_id = r.group_id"
)


async def find_request(connection: Connection, request_id: UUID) -> RequestView | None:
    async with connection.cursor(row_factory=class_row(RequestView)) as cursor:
        await cursor.execute(f"SELECT {REQUEST_VIEW}{_FROM} WHERE r.request_id = %s", (request_id,))
        return await cursor.fetchone()


async def terms_of_request(
    connection: Connection, *, account_id: UUID, request_id: UUID
) -> tuple[UUID | None, int] | None:
    """By which price version and tier a request was admitted."""
    cursor = await connection.execute(
        "SELECT price_version, multiplier_millis FROM requests WHERE account_id = %s AND request_id = %s",
        (account_id, request_id),
    )
    return await cursor.fetchone()


async def requests_of(
    connection: Connection,
    *,
    account_id: UUID | None,
    before: UUID | None,
    most: int,
    state: str | None,
    code: str | None,
) -> list[RequestView]:
    """Newest first; ids are times, so `before` is the last id of the page before."""
    async with connection.cursor(row_factory=class_row(RequestView)) as cursor:
        await cursor.execute(
            f"SELECT {REQUEST_VIEW}{_FROM} WHERE (%(account)s::uuid IS NULL OR r.account_id = %(account)s)"
            " AND (%(before)s::uuid IS NULL OR r.request_id < %(before)s)"
            " AND (%(state)s::text IS NULL OR r.state = %(state)s) AND (%(code)s::text IS NULL OR r.code = %(code)s)"
            " ORDER BY r.request_id DESC LIMIT %(most)s",
            {"account": account_id, "before": before, "state": state, "code": code, "most": most},
        )
        return await cursor.fetchall()


async def requests_by_ids(
    connection: Connection, *, account_id: UUID, request_ids: Sequence[UUID]
) -> list[RequestView]:
    """Requests of one account, in the order of their decisions."""
    async with connection.cursor(row_factory=class_row(RequestView)) as cursor:
        await cursor.execute(
            f"SELECT {REQUEST_VIEW}{_FROM} WHERE r.account_id = %s AND r.request_id = ANY(%s) ORDER BY r.event_no",
            (account_id, list(request_ids)),
        )
        return await cursor.fetchall()


async def models_of(connection: Connection, *, account_id: UUID, request_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The models that these requests of an account asked for."""
    cursor = await connection.execute(
        "SELECT request_id, model FROM requests WHERE account_id = %s AND request_id = ANY(%s) AND model IS NOT NULL",
        (account_id, list(request_ids)),
    )
    return dict(await cursor.fetchall())


async def attempts_of(connection: Connection, *, account_id: UUID, request_id: UUID) -> tuple[AttemptView, ...]:
    async with connection.cursor(row_factory=class_row(AttemptView)) as cursor:
        await cursor.execute(
            "SELECT number, upstream, upstream_model, started_at, ended_at, outcome, status_code, response_id,"
            " error_text, cost_nanos FROM attempts WHERE account_id = %s AND request_id = %s ORDER BY number",
            (account_id, request_id),
        )
        return tuple(await cursor.fetchall())


async def standing_of(connection: Connection, *, account_id: UUID, now: int) -> Standing | None:
    async with connection.cursor(row_factory=class_row(Standing)) as cursor:
        await cursor.execute(
            """
            SELECT a.account_id, a.currency, a.held, false AS show_balance,
              (SELECT coalesce(sum(remaining - held), 0)::bigint FROM grants g
                WHERE g.account_id = a.account_id AND g.state = 'open'
                  AND (g.expires_at IS NULL OR g.expires_at > %(now)s)) AS spendable,
              (SELECT coalesce(sum(amount), 0)::bigint FROM transfers t
                WHERE t.account_id = a.account_id AND t.credit = 'wallet' AND t.debit <> 'revenue') AS credited,
              (SELECT coalesce(sum(CASE WHEN t.debit = 'wallet' THEN t.amount ELSE -t.amount END), 0)::bigint
                 FROM transfers t WHERE t.account_id = a.account_id
                  AND ((t.debit = 'wallet' AND t.credit = 'revenue') OR (t.debit = 'revenue' AND t.credit = 'wallet'))
              ) AS charged
            FROM accounts a WHERE a.account_id = %(account)s
            """,
            {"account": account_id, "now": now},
        )
        return await cursor.fetchone()


async def charged_between(connection: Connection, *, account_id: UUID, start: int, end: int) -> list[tuple[int, int]]:
    """What requests were charged on each UTC day of a window: the day's start and the amount."""
    cursor = await connection.execute(
        "SELECT decided_at / 86400000000 * 86400000000, sum(charged_nanos - refunded_nanos)::bigint FROM requests"
        " WHERE account_id = %s AND decided_at >= %s AND decided_at < %s GROUP BY 1 ORDER BY 1",
        (account_id, start, end),
    )
    return await cursor.fetchall()


async def limits_that_refused(connection: Connection, account_ids: Sequence[UUID], *, since: int) -> set[UUID]:
    """The limits that calls of these accounts, which came in since a time, were refused for."""
    cursor = await connection.execute(
        "SELECT DISTINCT (c.one ->> 'limit_id')::uuid FROM unnest(%s::uuid[]) AS w(account_id)"
        " JOIN requests r ON r.account_id = w.account_id AND r.request_id >= %s AND r.state = 'refused'"
        " CROSS JOIN LATERAL jsonb_array_elements(r.checks::jsonb -> 'checks') AS c(one)"
        " WHERE r.code IN ('key_limit', 'group_quota', 'account_balance')"
        " AND c.one ? 'limit_id' AND NOT (c.one ->> 'passed')::boolean",
        (list(account_ids), make_id(since, 0)),
    )
    return {row[0] for row in await cursor.fetchall()}


async def upstreams_out_of_money(connection: Connection, *, since: int) -> list[str]:
    """Upstreams that have refused since a time for lack of our money there."""
    cursor = await connection.execute(
        "SELECT DISTINCT upstream FROM attempts WHERE outcome = 'out_of_money' AND started_at >= %s ORDER BY 1",
        (since,),
    )
    return [row[0] for row in await cursor.fetchall()]


async def set_refunded(connection: Connection, *, account_id: UUID, request_id: UUID, refunded: int) -> bytes | None:
    """Note what has been given back; returns what the hold had counted, None where there is no such request."""
    cursor = await connection.execute(
        "UPDATE requests SET refunded_nanos = refunded_nanos + %(refunded)s, charge_mark ="
        " CASE WHEN refunded_nanos + %(refunded)s >= charged_nanos THEN 'refunded' ELSE 'partly_refunded' END"
        " WHERE account_id = %(account)s AND request_id = %(request)s RETURNING counted",
        {"refunded": refunded, "account": account_id, "request": request_id},
    )
    row = await cursor.fetchone()
    return None if row is None else bytes(row[0])


async def add_unknown_keys(connection: Connection, counts: dict[tuple[int, str], int]) -> None:
    await connection.execute(
        "INSERT INTO unknown_keys (minute, client_address, count)"
        " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[])"
        " ON CONFLICT (minute, client_address) DO UPDATE SET count = unknown_keys.count + excluded.count",
        ([minute for minute, _ in counts], [address for _, address in counts], list(counts.values())),
    )


async def totals(connection: Connection) -> list[tuple[str, str | None, int, int, int]]:
    """State, code, how many requests (shared rows counted with their repeats), charged and uncollected nanos."""
    cursor = await connection.execute(
        "SELECT state, code, sum(repeats)::bigint, sum(charged_nanos)::bigint, sum(uncollected_nanos)::bigint"
        " FROM requests GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return await cursor.fetchall()


async def attempted_cost(connection: Connection) -> int:
    """What our attempts will cost on the upstreams' bills, as far as their prices are known."""
    cursor = await connection.execute("SELECT coalesce(sum(cost_nanos), 0)::bigint FROM attempts")
    row = await cursor.fetchone()
    assert row is not None
    cost: int = row[0]
    return cost
