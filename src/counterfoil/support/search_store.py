"""The SQL of searching records for a case: accounts by what people are known by, and records of a time. Reads only.

It may read more than a call may: it runs in the background, for a person who reads ten of what it finds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from counterfoil.foundation.ids import make_id
from counterfoil.storage.database import Connection
from counterfoil.support.agreement_model import Record

_REQUEST: LiteralString = (
    "SELECT r.account_id, r.request_id, t.kind, r.received_at, r.decided_at, r.ended_at, r.charged_nanos, r.needed_nanos,"
    " r.key_mask, r.model, r.status_code, r.code, r.charge_mark, r.state, t.state, t.failure_code, t.failure_reason,"
    " g.name, a.currency, r.submission_id FROM requests r JOIN accounts a ON a.account_id = r.account_id"
    " LEFT JOIN tasks t ON t.account_id = r.account_id AND t.task_id = r.request_id"
    " LEFT JOIN groups g ON g.account_id = r.account_id AND g.group_id = r.group_id"
)
_ORDER: LiteralString = (
    "SELECT order_id, account_id, created_at, paid_at, amount, currency, credited, bonus, wallet_currency, number_mask,"
    " provider_kind, state FROM orders"
)
_CODE: LiteralString = (
    "SELECT c.code_id, c.redeemed_by, c.redeemed_at, c.last_four, c.state, b.value, b.currency FROM codes c"
    " JOIN code_batches b ON b.batch_id = c.batch_id"
)
# Ids that are looked through for one end: a search has no end of them to wait for, whatever time somebody names.
LOOKED_THROUGH = 200_000
_TROUBLE = ("refused", "failed", "unknown", "client_gone", "served_not_charged")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountContext:
    """Whose records they are: what the account and its members are known by."""

    account_id: UUID
    name: str
    currency: str
    time_zone: str
    emails: tuple[str, ...]
    nicknames: tuple[str, ...]
    user_numbers: tuple[int, ...]


async def accounts_of_people(
    connection: Connection, *, emails: Sequence[str], nicknames: Sequence[str], user_numbers: Sequence[int], most: int
) -> list[UUID]:
    """Accounts with a member of one of these addresses (in any case), nicknames or numbers."""
    cursor = await connection.execute(
        "SELECT DISTINCT account_id FROM members WHERE lower(email) = ANY(%s) OR lower(nickname) = ANY(%s)"
        " OR user_number = ANY(%s) ORDER BY account_id LIMIT %s",
        ([one.lower() for one in emails], [one.lower() for one in nicknames], list(user_numbers), most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def accounts_of_local_parts(connection: Connection, locals_: Sequence[str], *, most: int) -> list[UUID]:
    """Accounts with a member whose address begins so: the rest was mistyped, or left out."""
    cursor = await connection.execute(
        "SELECT DISTINCT account_id FROM members WHERE split_part(lower(email), '@', 1) = ANY(%s)"
        " ORDER BY account_id LIMIT %s",
        ([one.lower() for one in locals_], most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def accounts_of_names(connection: Connection, names: Sequence[str], *, most: int) -> list[UUID]:
    """Accounts of just these names, in any case."""
    cursor = await connection.execute(
        "SELECT account_id FROM accounts WHERE lower(name) = ANY(%s) ORDER BY account_id LIMIT %s",
        ([one.lower() for one in names], most),
    )
    return [row[0] for row in await cursor.fetchall()]


async def accounts_of_keys(connection: Connection, tails: Sequence[str], *, most: int) -> dict[UUID, str]:
    """Accounts with a key whose mask ends in one of these, and that mask."""
    cursor = await connection.execute(
        "SELECT account_id, min(mask) FROM api_keys WHERE mask = ANY(%s) GROUP BY account_id ORDER BY account_id LIMIT %s",
        ([f"sk-…{tail}" for tail in tails], most),
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def contexts_of(connection: Connection, account_ids: Sequence[UUID]) -> dict[UUID, AccountContext]:
    """What these accounts and their first hundred members are known by."""
    cursor = await connection.execute(
        "SELECT a.account_id, a.name, a.currency, a.time_zone, coalesce(array_agg(m.email ORDER BY m.member_id)"
        " FILTER (WHERE m.email IS NOT NULL), '{}'), coalesce(array_agg(m.nickname ORDER BY m.member_id)"
        " FILTER (WHERE m.nickname IS NOT NULL), '{}'), coalesce(array_agg(m.user_number ORDER BY m.member_id)"
        " FILTER (WHERE m.user_number IS NOT NULL), '{}') FROM accounts a LEFT JOIN LATERAL (SELECT * FROM members"
        " WHERE members.account_id = a.account_id ORDER BY member_id LIMIT 100) m ON true"
        " WHERE a.account_id = ANY(%s) GROUP BY a.account_id",
        (list(account_ids),),
    )
    return {
        row[0]: AccountContext(
            account_id=row[0], name=row[1], currency=row[2], time_zone=row[3], emails=tuple(row[4]),
            nicknames=tuple(row[5]), user_numbers=tuple(row[6]),
        )
        for row in await cursor.fetchall()
    }  # fmt: skip


# -- requests and tasks ------------------------------------------------------------------------------------------------


async def requests_of_ids(connection: Connection, ids: Sequence[UUID]) -> list[Record]:
    cursor = await connection.execute(f"{_REQUEST} WHERE r.request_id = ANY(%s)", (list(ids),))
    return [_request(row) for row in await cursor.fetchall()]


async def requests_between(connection: Connection, first: UUID, last: UUID, *, most: int) -> list[Record]:
    """Requests with an id between these: one of which both ends are known has a beginning that is a time."""
    cursor = await connection.execute(
        f"{_REQUEST} WHERE r.request_id BETWEEN %s AND %s ORDER BY r.request_id LIMIT %s", (first, last, most)
    )
    return [_request(row) for row in await cursor.fetchall()]


async def requests_ending(
    connection: Connection, *, account_ids: Sequence[UUID], start: int, end: int, tail: str, most: int
) -> list[Record]:
    """Requests of these accounts (of any, where there are none) that came in within a time, with an id that ends so. Of a time
    in which very many came in, the last are looked through."""
    cursor = await connection.execute(
        f"{_REQUEST} WHERE r.request_id IN (SELECT n.request_id FROM (SELECT request_id FROM requests"  # noqa: S608
        " WHERE request_id >= %(first)s AND request_id < %(last)s"
        " AND (cardinality(%(accounts)s::uuid[]) = 0 OR account_id = ANY(%(accounts)s))"
        " ORDER BY request_id DESC LIMIT %(looked_through)s) n"
        " WHERE right(replace(n.request_id::text, '-', ''), %(length)s) = %(tail)s)"
        " ORDER BY r.request_id DESC LIMIT %(most)s",
        {
            "first": make_id(max(0, start), 0), "last": make_id(max(0, end), 0), "accounts": list(account_ids),
            "tail": tail, "length": len(tail), "most": most, "looked_through": LOOKED_THROUGH,
        },
    )  # fmt: skip
    return [_request(row) for row in await cursor.fetchall()]


async def requests_within(
    connection: Connection, *, account_ids: Sequence[UUID], start: int, end: int, trouble: bool, most: int
) -> list[Record]:
    """Requests of these accounts (of any, where there are none) that came in within a time; those that went wrong alone, or
    those too that went well."""
    cursor = await connection.execute(
        f"{_REQUEST} WHERE r.request_id >= %(first)s AND r.request_id < %(last)s"
        " AND (cardinality(%(accounts)s::uuid[]) = 0 OR r.account_id = ANY(%(accounts)s))"
        " AND (NOT %(trouble)s OR r.state = ANY(%(states)s) OR t.state IN ('failed', 'cancelled', 'expired', 'unknown'))"
        " ORDER BY r.request_id DESC LIMIT %(most)s",
        {
            "first": make_id(max(0, start), 0), "last": make_id(max(0, end), 0), "accounts": list(account_ids),
            "trouble": trouble, "states": list(_TROUBLE), "most": most,
        },
    )  # fmt: skip
    return [_request(row) for row in await cursor.fetchall()]


async def last_requests(
    connection: Connection, account_ids: Sequence[UUID], *, before: int, trouble: bool, most: int
) -> list[Record]:
    """The last requests of these accounts before a time."""
    return await requests_within(connection, account_ids=account_ids, start=0, end=before, trouble=trouble, most=most)


def _request(row: Sequence[Any]) -> Record:
    (
        account_id, request_id, task_kind, received_at, decided_at, ended_at, charged, needed, key_mask, model, status_code,
        code, charge_mark, state, task_state, failure_code, failure_reason, group, currency, submission_id,
    ) = row  # fmt: skip
    amounts = tuple((nanos, currency) for nanos in (charged, needed) if nanos)
    return Record(
        kind="request" if task_kind is None else "task",
        id=request_id,
        account_id=account_id,
        times=tuple(dict.fromkeys(at for at in (received_at, decided_at, ended_at) if at is not None)),
        amounts=amounts,
        key_mask=key_mask,
        model=model,
        task_kind=task_kind or "chat",
        status_code=status_code,
        code=failure_code or code,
        charge_mark=charge_mark,
        failure=failure_reason,
        group=group,
        submission_id=submission_id,
        is_trouble=state in _TROUBLE or task_state in ("failed", "cancelled", "expired", "unknown"),
    )


# -- orders and codes --------------------------------------------------------------------------------------------------


async def orders_of_ids(connection: Connection, ids: Sequence[UUID]) -> list[Record]:
    cursor = await connection.execute(f"{_ORDER} WHERE order_id = ANY(%s)", (list(ids),))
    return [_order(row) for row in await cursor.fetchall()]


async def orders_within(
    connection: Connection, *, account_ids: Sequence[UUID], start: int, end: int, tail: str | None, most: int
) -> list[Record]:
    """Orders of these accounts (of any, where there are none) made within a time, newest first; with a tail those only of
    which a number ends so."""
    cursor = await connection.execute(
        f"{_ORDER} WHERE order_id >= %(first)s AND order_id < %(last)s"
        " AND (cardinality(%(accounts)s::uuid[]) = 0 OR account_id = ANY(%(accounts)s))"
        " AND (%(tail)s::text IS NULL OR right(order_id::text, 4) = lower(%(tail)s) OR right(number_mask, 4) = %(tail)s)"
        " ORDER BY order_id DESC LIMIT %(most)s",
        {
            "first": make_id(max(0, start), 0), "last": make_id(max(0, end), 0), "accounts": list(account_ids),
            "tail": tail, "most": most,
        },
    )  # fmt: skip
    return [_order(row) for row in await cursor.fetchall()]


async def orders_paid_within(connection: Connection, *, start: int, end: int, most: int) -> list[Record]:
    cursor = await connection.execute(
        f"{_ORDER} WHERE paid_at >= %s AND paid_at < %s ORDER BY paid_at DESC LIMIT %s", (start, end, most)
    )
    return [_order(row) for row in await cursor.fetchall()]


def _order(row: Sequence[Any]) -> Record:
    (
        order_id, account_id, created_at, paid_at, amount, currency, credited, bonus, wallet_currency, number_mask,
        provider_kind, state,
    ) = row  # fmt: skip
    amounts = ((amount, currency), (credited, wallet_currency), (credited + bonus, wallet_currency))
    return Record(
        kind="order",
        id=order_id,
        account_id=account_id,
        times=tuple(at for at in (created_at, paid_at) if at is not None),
        amounts=tuple(dict.fromkeys(amounts)),
        # The number of an order is its id, as providers print it; the other is the provider's own.
        numbers=tuple(one for one in (order_id.hex, number_mask) if one),
        payment_kind=provider_kind,
        is_trouble=state not in ("paid", "partly_refunded"),
    )


async def codes_of(
    connection: Connection,
    *,
    ids: Sequence[UUID] = (),
    account_ids: Sequence[UUID] = (),
    last_four: str | None = None,
    span: tuple[int, int] | None = None,
    most: int,
) -> list[Record]:
    """Codes by their ids, by their end, by who has redeemed them, or by when they were redeemed: whatever is given."""
    cursor = await connection.execute(
        f"{_CODE} WHERE c.code_id = ANY(%(ids)s) OR c.last_four = %(four)s OR c.redeemed_by = ANY(%(accounts)s)"
        " OR (c.redeemed_at >= %(start)s AND c.redeemed_at < %(end)s)"
        " ORDER BY c.last_four = %(four)s DESC NULLS LAST, c.redeemed_at DESC NULLS LAST, c.code_id LIMIT %(most)s",
        {
            "ids": list(ids), "four": last_four, "accounts": list(account_ids),
            "start": None if span is None else span[0], "end": None if span is None else span[1], "most": most,
        },
    )  # fmt: skip
    return [_code(row) for row in await cursor.fetchall()]


async def codes_nearly(connection: Connection, last_four: str, *, most: int) -> list[Record]:
    """Codes with an end that differs in one sign, or in two neighbours that changed places."""
    forms = [last_four[:place] + "_" + last_four[place + 1 :] for place in range(len(last_four))]
    forms += [
        last_four[:place] + last_four[place + 1] + last_four[place] + last_four[place + 2 :]
        for place in range(len(last_four) - 1)
    ]
    cursor = await connection.execute(
        f"{_CODE} WHERE c.last_four LIKE ANY(%s) ORDER BY c.redeemed_at DESC NULLS FIRST, c.code_id DESC LIMIT %s",
        (forms, most),
    )
    return [_code(row) for row in await cursor.fetchall()]


def _code(row: Sequence[Any]) -> Record:
    code_id, redeemed_by, redeemed_at, last_four, state, value, currency = row
    return Record(
        kind="code",
        id=code_id,
        account_id=redeemed_by,
        times=() if redeemed_at is None else (redeemed_at,),
        amounts=((value, currency),),
        code_last_four=last_four,
        is_trouble=state != "redeemed",
    )
