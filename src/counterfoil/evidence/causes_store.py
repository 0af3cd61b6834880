"""The SQL of a refusal's causes: how an account's money stood when an event was decided. Reads only.

Ids begin with their time, so that a range of ids is a range of time. Every statement names one account and is bounded by
a range of an index and by LIMIT. Planners know neither that accounts differ by orders of magnitude nor how long ago a
question is about, so what must not be walked through is out of their reach: ranges compare an account together with an id,
and rows are looked up one by one (`LATERAL … OFFSET 0`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import LiteralString
from uuid import UUID

from counterfoil.evidence.causes_model import Taken, Usual
from counterfoil.evidence.causes_replay import Moved, Ordered
from counterfoil.foundation.ids import make_id
from counterfoil.ledger import store as ledger_store
from counterfoil.ledger.model import Grant, Hold, HoldEnd
from counterfoil.spend.model import TASK_ENDPOINTS
from counterfoil.storage.database import Connection

_LARGEST = (1 << 62) - 1
# A request has its id from the clock of the process that it came to, its event from the account's: they may differ by this.
SKEW = 60_000_000

# The columns of `Taken` but for what it had taken and whether its hold was open, which `_TAKEN` gives as well.
_OF_REQUEST: tuple[LiteralString, LiteralString] = (
    "r.request_id, r.endpoint = ANY(%(tasks)s), r.decided_at, r.event_no",
    "r.counted, r.verdict, coalesce(r.retry_count, 0), r.submission_id",
)
_TAKEN: LiteralString = (
    f"{_OF_REQUEST[0]}, CASE WHEN e.is_open THEN r.held_nanos ELSE e.charged END, e.is_open, {_OF_REQUEST[1]}"
)
# How a hold stood then: its end is looked up, or, where all that were open are known, what it was charged is what its
# request says.
_LOOKED_UP: LiteralString = (
    " CROSS JOIN LATERAL (SELECT h.event_no IS NULL AS is_open, h.captured + h.overage AS charged FROM (SELECT 1) one"
    " LEFT JOIN LATERAL (SELECT * FROM hold_ends n WHERE n.account_id = %(account)s AND n.hold_id = {r}.request_id"
    " AND n.event_no < %(event)s OFFSET 0) h ON true) {e}"
)
_KNOWN: LiteralString = (
    " CROSS JOIN LATERAL (SELECT {r}.request_id = ANY(%(open)s::uuid[]) AS is_open, {r}.charged_nanos AS charged) {e}"
)
# With its submission's first request.
_AGAIN: LiteralString = (
    f"{_TAKEN}, coalesce(CASE WHEN f.is_open THEN o.held_nanos ELSE f.charged END, 0),"
    " least(CASE WHEN r.refunded_nanos > 0 AND NOT e.is_open THEN r.decided_at END,"
    " CASE WHEN o.refunded_nanos > 0 AND NOT f.is_open THEN o.decided_at END)"
)
_ORIGINAL: LiteralString = (
    " LEFT JOIN LATERAL (SELECT * FROM requests q WHERE q.account_id = %(account)s AND q.request_id = r.submission_id"
    " AND q.held_nanos > 0 OFFSET 0) o ON true"
)
_IS_TASK = list(TASK_ENDPOINTS)
_RANGE: LiteralString = (
    "(r.account_id, r.request_id) >= (%(account)s, %(low)s) AND (r.account_id, r.request_id) <= (%(account)s, %(high)s)"
)


def ids_between(first: int, last: int) -> tuple[UUID, UUID]:
    """The range of ids that were made in a time, give or take what clocks differ by."""
    return make_id(max(0, first - SKEW), 0), make_id(last + SKEW, _LARGEST)


_HOLDS: LiteralString = (
    "SELECT hold_id, event_no FROM holds WHERE account_id = %(account)s AND hold_id BETWEEN %(low)s AND %(high)s"
    " ORDER BY hold_id DESC LIMIT %(most)s"
)
# A task ended with its hold, give or take what clocks differ by.
_HOLDS_OF_TASKS: LiteralString = (
    "SELECT l.hold_id, l.event_no FROM (SELECT r.task_id, r.ended_at FROM tasks r WHERE"
    " (r.account_id, r.task_id) >= (%(account)s, %(low)s) AND (r.account_id, r.task_id) <= (%(account)s, %(high)s)"
    " ORDER BY r.account_id DESC, r.task_id DESC LIMIT %(most)s) k"
    " CROSS JOIN LATERAL (SELECT hold_id, event_no FROM holds WHERE account_id = %(account)s AND hold_id = k.task_id"
    " OFFSET 0) l WHERE k.ended_at IS NULL OR k.ended_at >= %(ended)s"
)


async def open_holds(
    connection: Connection, *, account_id: UUID, event_no: int, first: int, last: int, tasks_only: bool, looked_at: int
) -> list[Taken]:
    """The requests of a time whose holds were open when an event was decided, among the newest so many."""
    low, high = ids_between(first, last)
    cursor = await connection.execute(
        f"SELECT {_OF_REQUEST[0]}, r.held_nanos, true, {_OF_REQUEST[1]}"  # noqa: S608
        f" FROM ({_HOLDS_OF_TASKS if tasks_only else _HOLDS}) h"
        " LEFT JOIN LATERAL (SELECT n.event_no FROM hold_ends n WHERE n.account_id = %(account)s AND n.hold_id = h.hold_id"
        " AND n.event_no < %(event)s OFFSET 0) n ON true"
        " CROSS JOIN LATERAL (SELECT * FROM requests q WHERE q.account_id = %(account)s AND q.request_id = h.hold_id"
        " OFFSET 0) r WHERE h.event_no < %(event)s AND n.event_no IS NULL",
        {
            "account": account_id, "event": event_no, "low": low, "high": high, "most": looked_at,
            "ended": last - 60 * SKEW, "tasks": _IS_TASK,
        },
    )  # fmt: skip
    return [Taken(*row) for row in await cursor.fetchall()]


async def sent_again(
    connection: Connection,
    *,
    account_id: UUID,
    event_no: int,
    first: int,
    last: int,
    is_open: Collection[UUID] | None,
    most: int,
) -> list[Taken]:
    """Copies and retries of a time that had held money, the newest first. `is_open` are the requests whose holds were open,
    None where not all of them are known."""
    low, high = ids_between(first, last)
    stood = _LOOKED_UP if is_open is None else _KNOWN
    cursor = await connection.execute(
        f"SELECT {_AGAIN} FROM requests r{_stood(stood)}"  # noqa: S608
        f" WHERE {_RANGE} AND r.event_no < %(event)s AND r.held_nanos > 0"
        " AND (r.verdict <> 'original' OR r.retry_count > 0) AND r.decided_at >= %(first)s"
        " ORDER BY r.account_id DESC, r.request_id DESC LIMIT %(most)s",
        {
            "account": account_id, "event": event_no, "low": low, "high": high, "first": first, "most": most,
            "tasks": _IS_TASK, "open": list(is_open or ()),
        },
    )  # fmt: skip
    return [Taken._make(row) for row in await cursor.fetchall()]


async def again_by_id(
    connection: Connection, *, account_id: UUID, event_no: int, request_ids: Collection[UUID]
) -> list[Taken]:
    """These requests that were sent again."""
    cursor = await connection.execute(
        f"SELECT {_AGAIN} FROM requests r{_stood(_LOOKED_UP)} WHERE r.account_id = %(account)s"  # noqa: S608
        " AND r.request_id = ANY(%(ids)s)",
        {"account": account_id, "event": event_no, "ids": list(request_ids), "tasks": _IS_TASK},
    )
    return [Taken._make(row) for row in await cursor.fetchall()]


def _stood(how: LiteralString) -> LiteralString:
    """How a request stood then (`e`), its first copy (`o`) and how that stood (`f`)."""
    return how.format(r="r", e="e") + _ORIGINAL + how.format(r="o", e="f")


async def refunded(
    connection: Connection, *, account_id: UUID, event_no: int, first: int, last: int, hold_ids: Collection[UUID]
) -> dict[UUID, int]:
    """What had been given back of these requests' charges."""
    cursor = await connection.execute(
        "SELECT hold_id, sum(amount)::bigint FROM transfers WHERE account_id = %s AND created_at BETWEEN %s AND %s"
        " AND code NOT IN ('charge', 'overage') AND code IN ('refund', 'refund_to_clearing') AND event_no < %s"
        " AND hold_id = ANY(%s) GROUP BY hold_id",
        (account_id, first, last, event_no, list(hold_ids)),
    )
    return dict(await cursor.fetchall())


async def lost_by_expiry(
    connection: Connection, *, account_id: UUID, event_no: int, first: int, last: int, most: int
) -> list[tuple[UUID, int, int]]:
    """Grants that expired in a time with money in them: grant, when, and how much, the newest first."""
    cursor = await connection.execute(
        "SELECT t.grant_id, least(g.expires_at, t.at), t.nanos FROM (SELECT grant_id, min(created_at) AS at,"
        " sum(amount)::bigint AS nanos FROM transfers WHERE account_id = %(account)s"
        " AND created_at BETWEEN %(first)s AND %(last)s AND code NOT IN ('charge', 'overage')"
        " AND code IN ('breakage', 'grant_ended') AND credit = 'breakage' AND event_no < %(event)s"
        " GROUP BY grant_id ORDER BY 2 DESC LIMIT %(most)s) t CROSS JOIN LATERAL (SELECT expires_at FROM grants"
        " WHERE account_id = %(account)s AND grant_id = t.grant_id OFFSET 0) g",
        {"account": account_id, "event": event_no, "first": first, "last": last, "most": most},
    )
    return await cursor.fetchall()


async def expiries(
    connection: Connection, *, account_id: UUID, first: int, last: int, most: int
) -> list[tuple[UUID, int]]:
    """Grants whose time came to an end in a time, and when."""
    cursor = await connection.execute(
        "SELECT grant_id, expires_at FROM grants WHERE account_id = %s AND expires_at BETWEEN %s AND %s"
        " ORDER BY expires_at DESC LIMIT %s",
        (account_id, first, last, most),
    )
    return await cursor.fetchall()


async def orders_on_grants(connection: Connection, *, account_id: UUID, event_no: int, most: int) -> list[Ordered]:
    """What was done to grants before an event (freezes, releases, ends, cash that went back), the first first."""
    cursor = await connection.execute(
        "SELECT split_part(operation_key, ':', 1), event_no, created_at, intent::jsonb ->> 'grant_id',"
        " intent::jsonb ->> 'destination',"
        " coalesce((answer ->> 'remaining')::bigint, 0), coalesce((answer ->> 'reserved')::bigint, 0)"
        " FROM operations WHERE account_id = %s AND event_no < %s AND split_part(operation_key, ':', 1)"
        " IN ('freeze', 'unfreeze', 'end_grant', 'refund_cash', 'restore_cash') ORDER BY event_no DESC LIMIT %s",
        (account_id, event_no, most),
    )
    return [
        Ordered(
            verb=verb, event_no=number, at=at, grant_id=None if grant_id is None else UUID(hex=grant_id),
            destination=destination, remaining=remaining, reserved=reserved,
        )
        for verb, number, at, grant_id, destination, remaining, reserved in reversed(await cursor.fetchall())
    ]  # fmt: skip


async def taken_from_grants(
    connection: Connection, *, account_id: UUID, event_no: int, first: int, last: int, grant_ids: Collection[UUID]
) -> list[tuple[UUID, int, int]]:
    """What left grants in a time other than by charges: grant, event, nanos."""
    cursor = await connection.execute(
        "SELECT grant_id, event_no, amount FROM transfers WHERE account_id = %s AND created_at BETWEEN %s AND %s"
        " AND code NOT IN ('charge', 'overage') AND event_no < %s AND grant_id = ANY(%s) AND debit = 'wallet'",
        (account_id, first, last, event_no, list(grant_ids)),
    )
    return await cursor.fetchall()


async def last_refund_to_clearing(
    connection: Connection, *, account_id: UUID, event_no: int, first: int, last: int
) -> int | None:
    """When a charge was last given back to where a payment had come from, since its grant was frozen."""
    cursor = await connection.execute(
        "SELECT max(created_at) FROM transfers WHERE account_id = %s AND created_at BETWEEN %s AND %s"
        " AND code NOT IN ('charge', 'overage') AND code = 'refund_to_clearing' AND event_no < %s",
        (account_id, first, last, event_no),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def usual_holds(
    connection: Connection, *, account_id: UUID, event_no: int, last: int, key_id: UUID, looked_at: int
) -> tuple[Usual, Usual]:
    """What a key's requests among the account's last ones before an event held, at the median; and all of these."""
    low, high = ids_between(0, last)
    cursor = await connection.execute(
        "SELECT coalesce((array_agg(held_nanos ORDER BY held_nanos) FILTER (WHERE is_key))"  # noqa: S608
        "[count(*) FILTER (WHERE is_key) / 2 + 1], 0), count(*) FILTER (WHERE is_key),"
        " coalesce((array_agg(held_nanos ORDER BY held_nanos))[count(*) / 2 + 1], 0), count(*)"
        " FROM (SELECT r.key_id = %(key)s AS is_key, r.held_nanos FROM requests r"
        f" WHERE {_RANGE} AND r.event_no < %(event)s ORDER BY r.account_id DESC, r.request_id DESC LIMIT %(most)s) r"
        " WHERE held_nanos > 0",
        {"account": account_id, "event": event_no, "low": low, "high": high, "most": looked_at, "key": key_id},
    )
    row = await cursor.fetchone()
    assert row is not None
    return Usual(nanos=row[0], requests=row[1]), Usual(nanos=row[2], requests=row[3])


# For going through an account's money again.


async def grants_of(connection: Connection, *, account_id: UUID, most: int) -> list[Grant]:
    """Every grant as it is now."""
    cursor = await connection.execute(
        "SELECT account_id, grant_id, kind, priority, expires_at, created_at, origin, source_kind, source_id, amount,"
        " remaining, held, state, destination FROM grants WHERE account_id = %s ORDER BY grant_id DESC LIMIT %s",
        (account_id, most),
    )
    return [ledger_store.read_grant(row) for row in await cursor.fetchall()]


async def begin_of_newest(connection: Connection, *, account_id: UUID, most: int) -> tuple[int, int]:
    """Where the account's newest so many transfers, or holds, begin, whichever is later: event and time; before all of them
    where there are fewer."""
    cursor = await connection.execute(
        "SELECT event_no, created_at FROM ((SELECT event_no, created_at FROM transfers WHERE account_id = %(account)s"
        " ORDER BY version DESC OFFSET %(most)s - 1 LIMIT 1) UNION ALL (SELECT event_no, created_at FROM holds"
        " WHERE account_id = %(account)s ORDER BY hold_id DESC OFFSET %(most)s - 1 LIMIT 1)) begins"
        " ORDER BY event_no DESC LIMIT 1",
        {"account": account_id, "most": most},
    )
    return await cursor.fetchone() or (0, -1)


async def newest_transfers(connection: Connection, *, account_id: UUID, most: int) -> list[Moved]:
    cursor = await connection.execute(
        "SELECT event_no, created_at, debit, credit, amount, code, operation_key, hold_id, grant_id FROM transfers"
        " WHERE account_id = %s ORDER BY version DESC LIMIT %s",
        (account_id, most),
    )
    return [
        Moved(
            event_no=row[0], at=row[1], debit=row[2], credit=row[3], amount=row[4], code=row[5], operation_key=row[6],
            hold_id=row[7], grant_id=row[8],
        )
        for row in await cursor.fetchall()
    ]  # fmt: skip


_HOLD: LiteralString = (
    "SELECT h.account_id, h.hold_id, h.event_no, h.amount, h.reservations, h.created_at, h.expires_at, h.cause_kind,"
    " h.cause_id, h.intent, e.event_no, e.verb, e.captured, e.released, e.overage, e.uncollected, e.reason, e.intent,"
    " e.created_at FROM holds h"
)
_WITH_END: LiteralString = (
    " LEFT JOIN LATERAL (SELECT * FROM hold_ends n WHERE n.account_id = %(account)s AND n.hold_id = h.hold_id OFFSET 0) e"
    " ON true WHERE h.account_id = %(account)s"
)


async def newest_holds(connection: Connection, *, account_id: UUID, most: int) -> list[tuple[Hold, HoldEnd | None]]:
    cursor = await connection.execute(
        f"{_HOLD}{_WITH_END} ORDER BY h.hold_id DESC LIMIT %(most)s", {"account": account_id, "most": most}
    )
    return [ledger_store.read_hold(row) for row in await cursor.fetchall()]


async def holds_by_id(
    connection: Connection, *, account_id: UUID, hold_ids: Collection[UUID]
) -> list[tuple[Hold, HoldEnd | None]]:
    cursor = await connection.execute(
        f"{_HOLD}{_WITH_END} AND h.hold_id = ANY(%(ids)s)", {"account": account_id, "ids": list(hold_ids)}
    )
    return [ledger_store.read_hold(row) for row in await cursor.fetchall()]
