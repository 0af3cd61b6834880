"""The SQL of what goes back: refunds of orders, and disputes."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.recharge.model import Dispute, DisputeState, OrderRefund, RefundState

Connection = AsyncConnection[Any]

_REFUND: LiteralString = (
    "refund_id, order_id, account_id, state, amount, taken, external, reason, requested_by, approval_id, created_at,"
    " ended_at, number_mask, tries, next_try_at, failure"
)
_DISPUTE: LiteralString = "dispute_id, order_id, account_id, state, amount, number_mask, opened_at, ended_at"


def _read_refund(row: tuple[Any, ...]) -> OrderRefund:
    return OrderRefund(
        refund_id=row[0], order_id=row[1], account_id=row[2], state=RefundState(row[3]), amount=row[4], taken=row[5],
        external=row[6], reason=row[7], requested_by=row[8], approval_id=row[9], created_at=row[10], ended_at=row[11],
        number_mask=row[12], tries=row[13], next_try_at=row[14], failure=row[15],
    )  # fmt: skip


async def insert_refund(
    connection: Connection, refund: OrderRefund, *, number_hash: bytes | None = None, source_hash: bytes | None = None
) -> None:
    await connection.execute(
        "INSERT INTO order_refunds (refund_id, order_id, account_id, state, amount, taken, external, reason,"
        " requested_by, approval_id, created_at, ended_at, number_mask, number_hash, next_try_at,"
        " source_hash) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            refund.refund_id, refund.order_id, refund.account_id, str(refund.state), refund.amount, refund.taken,
            refund.external, refund.reason, refund.requested_by, refund.approval_id, refund.created_at, refund.ended_at,
            refund.number_mask, number_hash, refund.next_try_at, source_hash,
        ),
    )  # fmt: skip


async def update_refund(connection: Connection, refund: OrderRefund) -> None:
    await connection.execute(
        "UPDATE order_refunds SET state = %s, amount = %s, taken = %s, ended_at = %s, number_mask = %s, tries = %s,"
        " next_try_at = %s, failure = %s WHERE refund_id = %s",
        (
            str(refund.state), refund.amount, refund.taken, refund.ended_at, refund.number_mask, refund.tries, refund.next_try_at,
            refund.failure, refund.refund_id,
        ),
    )  # fmt: skip


async def keep_refund_number(connection: Connection, refund_id: UUID, *, number_hash: bytes, sealed: bytes) -> None:
    await connection.execute(
        "UPDATE order_refunds SET number_hash = %s, number_sealed = %s WHERE refund_id = %s",
        (number_hash, sealed, refund_id),
    )


async def read_refund_number(connection: Connection, refund_id: UUID) -> bytes | None:
    cursor = await connection.execute("SELECT number_sealed FROM order_refunds WHERE refund_id = %s", (refund_id,))
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def read_refunds(connection: Connection, order_id: UUID) -> list[OrderRefund]:
    cursor = await connection.execute(
        f"SELECT {_REFUND} FROM order_refunds WHERE order_id = %s ORDER BY refund_id",  # noqa: S608
        (order_id,),
    )
    return [_read_refund(row) for row in await cursor.fetchall()]


async def read_latest_refunds(
    connection: Connection, *, state: RefundState | None, is_open: bool, before: UUID | None, most: int
) -> list[OrderRefund]:
    """Refunds of all orders, newest first; `is_open`: only those that have not ended."""
    cursor = await connection.execute(
        f"SELECT {_REFUND} FROM order_refunds WHERE (%(state)s::text IS NULL OR state = %(state)s)"  # noqa: S608
        " AND (NOT %(is_open)s OR state NOT IN ('succeeded', 'failed'))"
        " AND (%(before)s::uuid IS NULL OR refund_id < %(before)s) ORDER BY refund_id DESC LIMIT %(most)s",
        {"state": None if state is None else str(state), "is_open": is_open, "before": before, "most": most},
    )
    return [_read_refund(row) for row in await cursor.fetchall()]


async def read_latest_disputes(
    connection: Connection, *, state: DisputeState | None, before: UUID | None, most: int
) -> list[Dispute]:
    """Disputes of all orders, newest first."""
    cursor = await connection.execute(
        f"SELECT {_DISPUTE} FROM disputes WHERE (%(state)s::text IS NULL OR state = %(state)s)"  # noqa: S608
        " AND (%(before)s::uuid IS NULL OR dispute_id < %(before)s) ORDER BY dispute_id DESC LIMIT %(most)s",
        {"state": None if state is None else str(state), "before": before, "most": most},
    )
    return [_read_dispute(row) for row in await cursor.fetchall()]


async def read_refund(connection: Connection, refund_id: UUID) -> OrderRefund | None:
    return await _one_refund(connection, "refund_id = %s", refund_id)


async def find_refund(connection: Connection, order_id: UUID, *, number_hash: bytes) -> OrderRefund | None:
    return await _one_refund(connection, "order_id = %s AND number_hash = %s", order_id, number_hash)


async def find_refund_of_source(connection: Connection, order_id: UUID, *, source_hash: bytes) -> OrderRefund | None:
    return await _one_refund(connection, "order_id = %s AND source_hash = %s", order_id, source_hash)


async def _one_refund(connection: Connection, condition: LiteralString, *values: Any) -> OrderRefund | None:
    cursor = await connection.execute(f"SELECT {_REFUND} FROM order_refunds WHERE {condition}", values)  # noqa: S608
    row = await cursor.fetchone()
    return None if row is None else _read_refund(row)


async def claim_refunds(connection: Connection, *, now: int, until: int, most: int) -> list[OrderRefund]:
    """Refunds that are due to be sent or asked about; nobody else gets them before `until`."""
    cursor = await connection.execute(
        "UPDATE order_refunds SET next_try_at = %s, tries = tries + 1 WHERE refund_id IN (SELECT refund_id"  # noqa: S608
        " FROM order_refunds WHERE next_try_at <= %s ORDER BY next_try_at LIMIT %s FOR UPDATE SKIP LOCKED)"
        f" RETURNING {_REFUND}",
        (until, now, most),
    )
    return [_read_refund(row) for row in await cursor.fetchall()]


async def insert_dispute(connection: Connection, dispute: Dispute, *, number_hash: bytes) -> None:
    await connection.execute(
        "INSERT INTO disputes (dispute_id, order_id, account_id, number_hash, number_mask, state, amount, opened_at,"
        " ended_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            dispute.dispute_id, dispute.order_id, dispute.account_id, number_hash, dispute.number_mask,
            str(dispute.state), dispute.amount, dispute.opened_at, dispute.ended_at,
        ),
    )  # fmt: skip


async def end_dispute(connection: Connection, dispute_id: UUID, *, state: DisputeState, at: int) -> None:
    await connection.execute(
        "UPDATE disputes SET state = %s, ended_at = %s WHERE dispute_id = %s AND state = 'open'",
        (str(state), at, dispute_id),
    )


async def read_disputes(connection: Connection, order_id: UUID) -> list[Dispute]:
    cursor = await connection.execute(
        f"SELECT {_DISPUTE} FROM disputes WHERE order_id = %s ORDER BY dispute_id",  # noqa: S608
        (order_id,),
    )
    return [_read_dispute(row) for row in await cursor.fetchall()]


async def find_dispute(connection: Connection, order_id: UUID, *, number_hash: bytes) -> Dispute | None:
    cursor = await connection.execute(
        f"SELECT {_DISPUTE} FROM disputes WHERE order_id = %s AND number_hash = %s",  # noqa: S608
        (order_id, number_hash),
    )
    row = await cursor.fetchone()
    return None if row is None else _read_dispute(row)


def _read_dispute(row: tuple[Any, ...]) -> Dispute:
    return Dispute(
        dispute_id=row[0], order_id=row[1], account_id=row[2], state=DisputeState(row[3]), amount=row[4],
        number_mask=row[5], opened_at=row[6], ended_at=row[7],
    )  # fmt: skip
