"""The SQL of lists of requests."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from counterfoil.foundation.ids import make_id
from counterfoil.spend.model import RequestView
from counterfoil.spend.request_lists import RequestFilter
from counterfoil.spend.store import REQUEST_VIEW

Connection = AsyncConnection[Any]

# Each filter with its condition; the names are those of `RequestFilter`.
_CONDITIONS: tuple[tuple[str, LiteralString], ...] = (
    ("state", "r.state = %(state)s"),
    ("code", "r.code = %(code)s"),
    ("charge_mark", "r.charge_mark = %(charge_mark)s"),
    ("key_id", "r.key_id = %(key_id)s"),
    ("group_id", "r.group_id = %(group_id)s"),
    ("member_id", "r.member_id = %(member_id)s"),
    ("model", "r.model = %(model)s"),
)


async def page_of_requests(
    connection: Connection,
    *,
    account_id: UUID,
    wanted: RequestFilter,
    before: UUID | None,
    most: int,
    look_through: int,
) -> list[RequestView]:
    """At most so many of the newest requests, found among the newest so many of their time."""
    within, values = _within(account_id, wanted, before)
    conditions = [sql for name, sql in _CONDITIONS if getattr(wanted, name) is not None]
    values |= {name: getattr(wanted, name) for name, _ in _CONDITIONS}
    # Two bounds, both ordered as the index is: the scan ends with the page, or where enough was looked through.
    page = (
        f"SELECT * FROM (SELECT * FROM requests r WHERE {within} ORDER BY r.request_id DESC LIMIT %(look)s) r"  # noqa: S608
        f"{' WHERE ' if conditions else ''}{' AND '.join(conditions)} ORDER BY r.request_id DESC LIMIT %(most)s"
    )
    async with connection.cursor(row_factory=class_row(RequestView)) as cursor:
        await cursor.execute(
            f"WITH page AS MATERIALIZED ({page}) SELECT {REQUEST_VIEW} FROM page r"  # noqa: S608
            " JOIN accounts a ON a.account_id = r.account_id"
            " LEFT JOIN groups g ON g.account_id = r.account_id AND g.group_id = r.group_id ORDER BY r.request_id DESC",
            values | {"look": look_through, "most": most},
        )
        return await cursor.fetchall()


async def end_of_look(
    connection: Connection, *, account_id: UUID, wanted: RequestFilter, before: UUID | None, look_through: int
) -> tuple[UUID, int] | None:
    """The last of so many requests of that time, and when it came in; None where there are not so many."""
    within, values = _within(account_id, wanted, before)
    cursor = await connection.execute(
        f"SELECT r.request_id, r.received_at FROM requests r WHERE {within} ORDER BY r.request_id DESC OFFSET %(skip)s LIMIT 1",  # noqa: S608
        values | {"skip": look_through - 1},
    )
    return await cursor.fetchone()


def _within(account_id: UUID, wanted: RequestFilter, before: UUID | None) -> tuple[LiteralString, dict[str, Any]]:
    """What an index answers: the account, the time, and that nothing was held. Ids are times."""
    conditions: list[LiteralString] = ["r.account_id = %(account)s"]
    values: dict[str, Any] = {"account": account_id}
    below = [before] if before is not None else []
    if wanted.until is not None:
        below.append(make_id(wanted.until, 0))
    if below:
        conditions.append("r.request_id < %(below)s")
        values["below"] = min(below)
    if wanted.since is not None:
        conditions.append("r.request_id >= %(from)s")
        values["from"] = make_id(wanted.since, 0)
    if wanted.held_nothing:
        conditions.append("r.held_nanos = 0")
    return " AND ".join(conditions), values
