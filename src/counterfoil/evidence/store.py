"""The SQL of evidence: what a request's row leaves to other tables, and how a request is found without its id. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence.failures import HoldRow, Ledgered, TransferRow
from counterfoil.evidence.model import AccountFacts, LimitName, Surroundings
from counterfoil.foundation.ids import make_id
from counterfoil.foundation.periods import Window
from counterfoil.limits.model import Scope, Unit

Connection = AsyncConnection[Any]

# What is looked through on either side of a time: a busy account has other keys, too.
_NEAR_MOST = 3_000


async def surroundings_of(
    connection: Connection, *, account_id: UUID, request_id: UUID, limit_ids: Sequence[UUID]
) -> Surroundings | None:
    """The account of a request, what its hold counted, and these limits whether in force or retired."""
    cursor = await connection.execute(
        "SELECT a.name, a.time_zone, r.counted FROM requests r JOIN accounts a ON a.account_id = r.account_id"
        " WHERE r.account_id = %s AND r.request_id = %s",
        (account_id, request_id),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    name, time_zone, counted = row
    cursor = await connection.execute(
        'SELECT limit_id, scope, unit, "window" FROM limits WHERE account_id = %s AND limit_id = ANY(%s)',
        (account_id, list(limit_ids)),
    )
    limits = {
        limit_id: LimitName(scope=Scope(scope), unit=Unit(unit), window=Window(window))
        for limit_id, scope, unit, window in await cursor.fetchall()
    }
    return Surroundings(account_name=name, time_zone=time_zone, counted=bytes(counted), limits=limits)


async def account_facts(connection: Connection, account_id: UUID) -> AccountFacts | None:
    cursor = await connection.execute(
        "SELECT account_id, name, currency, time_zone FROM accounts WHERE account_id = %s", (account_id,)
    )
    row = await cursor.fetchone()
    return None if row is None else AccountFacts(account_id=row[0], name=row[1], currency=row[2], time_zone=row[3])


async def ledger_of(connection: Connection, *, account_id: UUID, request_id: UUID, since: int) -> Ledgered:
    """What the ledger has of a request: its hold has its id, and ends, charges and refunds name the hold.

    `since` is when it came in: nothing of it was posted before.
    """
    cursor = await connection.execute(
        "SELECT h.hold_id, h.amount, h.created_at, h.expires_at, e.verb, e.reason, e.created_at, e.captured, e.released,"
        " e.overage FROM holds h LEFT JOIN hold_ends e ON e.account_id = h.account_id AND e.hold_id = h.hold_id"
        " WHERE h.account_id = %s AND h.hold_id = %s",
        (account_id, request_id),
    )
    row = await cursor.fetchone()
    if row is None:
        return Ledgered()
    hold = HoldRow(
        hold_id=row[0], amount=row[1], created_at=row[2], expires_at=row[3], verb=row[4], reason=row[5], ended_at=row[6],
        captured=row[7] or 0, released=row[8] or 0, overage=row[9] or 0,
    )  # fmt: skip
    # By operation key and not by hold: that is where the index is. Refunds have the keys of their sources.
    keys = [f"{verb}:{request_id.hex}" for verb in ("capture", "void", "expire", "late")]
    cursor = await connection.execute(
        "SELECT transfer_id, debit, credit, amount, code, created_at, grant_id FROM ("
        " SELECT * FROM transfers WHERE account_id = %(account)s AND operation_key = ANY(%(keys)s)"
        " UNION ALL SELECT * FROM transfers WHERE account_id = %(account)s AND code IN ('refund', 'refund_to_clearing')"
        " AND created_at >= %(since)s AND hold_id = %(hold)s) t ORDER BY version LIMIT 200",
        {"account": account_id, "keys": keys, "since": since, "hold": request_id},
    )
    return Ledgered(hold=hold, transfers=tuple(_transfer(found) for found in await cursor.fetchall()))


async def transfers_of_operations(
    connection: Connection, *, account_id: UUID, keys: Sequence[str]
) -> tuple[TransferRow, ...]:
    """The transfers of these operations, oldest first."""
    cursor = await connection.execute(
        "SELECT transfer_id, debit, credit, amount, code, created_at, grant_id FROM transfers"
        " WHERE account_id = %s AND operation_key = ANY(%s) ORDER BY version LIMIT 200",
        (account_id, list(keys)),
    )
    return tuple(_transfer(row) for row in await cursor.fetchall())


def _transfer(row: tuple[Any, ...]) -> TransferRow:
    return TransferRow(
        transfer_id=row[0], debit=row[1], credit=row[2], amount=row[3], code=row[4], at=row[5], grant_id=row[6]
    )


class Nearby(NamedTuple):
    """A request around a time. Its id is its time of arrival."""

    request_id: UUID
    received_at: int
    state: str
    code: str | None
    key_id: UUID


async def requests_around(
    connection: Connection, *, account_id: UUID, key_id: UUID | None, start: int, end: int, margin: int
) -> list[Nearby]:
    """Requests that came in from `start` until `end`, or within a margin of that; of a busy account's only the nearest."""
    found = []
    sides: tuple[tuple[UUID, UUID, LiteralString], ...] = (
        (make_id(start, 0), make_id(end + margin, 0), "ASC"),
        (make_id(max(0, start - margin), 0), make_id(start, 0), "DESC"),
    )
    for first, last, order in sides:
        cursor = await connection.execute(
            "SELECT request_id, received_at, state, code, key_id FROM ("  # noqa: S608
            " SELECT request_id, received_at, state, code, key_id FROM requests"
            " WHERE account_id = %(account)s AND request_id >= %(first)s AND request_id < %(last)s"
            f" ORDER BY request_id {order} LIMIT %(most)s) r WHERE %(key)s::uuid IS NULL OR key_id = %(key)s",
            {"account": account_id, "first": first, "last": last, "key": key_id, "most": _NEAR_MOST},
        )
        found += [Nearby(*row) for row in await cursor.fetchall()]
    return found


async def keys_of_mask(
    connection: Connection, mask: str, *, account_id: UUID | None, most: int
) -> list[tuple[UUID, UUID]]:
    """Account and key of every key of that mask: several may end alike."""
    cursor = await connection.execute(
        "SELECT account_id, key_id FROM api_keys WHERE mask = %(mask)s"
        " AND (%(account)s::uuid IS NULL OR account_id = %(account)s) ORDER BY account_id, key_id LIMIT %(most)s",
        {"mask": mask, "account": account_id, "most": most},
    )
    return await cursor.fetchall()
