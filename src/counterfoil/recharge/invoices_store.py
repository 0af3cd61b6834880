"""The SQL of requests for invoices."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.recharge.invoices_model import InvoiceRequest, InvoiceState

Connection = AsyncConnection[Any]

_INVOICE: LiteralString = (
    "SELECT i.invoice_id, i.order_id, i.account_id, i.state, i.legal_name, i.tax_id, o.amount - o.refunded, o.currency,"
    " i.requested_by, i.requested_at, i.number, i.reason, i.decided_by, i.decided_at"
    " FROM invoice_requests i JOIN orders o USING (order_id)"
)


async def insert_invoice(connection: Connection, invoice: InvoiceRequest) -> None:
    """Add a request; the caller has locked the order and found no other that stands."""
    await connection.execute(
        "INSERT INTO invoice_requests (invoice_id, order_id, account_id, legal_name, tax_id, state, requested_by,"
        " requested_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            invoice.invoice_id, invoice.order_id, invoice.account_id, invoice.legal_name, invoice.tax_id,
            str(invoice.state), invoice.requested_by, invoice.requested_at,
        ),
    )  # fmt: skip


async def decide_invoice(connection: Connection, invoice: InvoiceRequest) -> None:
    """Write how a request was decided."""
    await connection.execute(
        "UPDATE invoice_requests SET state = %s, number = %s, reason = %s, decided_by = %s, decided_at = %s"
        " WHERE invoice_id = %s AND state = 'requested'",
        (
            str(invoice.state), invoice.number, invoice.reason, invoice.decided_by, invoice.decided_at,
            invoice.invoice_id,
        ),
    )  # fmt: skip


async def read_invoice(connection: Connection, invoice_id: UUID) -> InvoiceRequest | None:
    return await _one(connection, "i.invoice_id = %s", invoice_id)


async def read_standing(connection: Connection, order_id: UUID) -> InvoiceRequest | None:
    """The request of an order that has not been rejected, if there is one."""
    return await _one(connection, "i.order_id = %s AND i.state <> 'rejected'", order_id)


async def read_invoices(
    connection: Connection,
    *,
    account_id: UUID | None,
    order_id: UUID | None,
    state: InvoiceState | None,
    before: UUID | None,
    most: int,
) -> list[InvoiceRequest]:
    """Requests, newest first."""
    cursor = await connection.execute(
        f"{_INVOICE} WHERE (%(account)s::uuid IS NULL OR i.account_id = %(account)s)"
        " AND (%(order)s::uuid IS NULL OR i.order_id = %(order)s) AND (%(state)s::text IS NULL OR i.state = %(state)s)"
        " AND (%(before)s::uuid IS NULL OR i.invoice_id < %(before)s) ORDER BY i.invoice_id DESC LIMIT %(most)s",
        {
            "account": account_id, "order": order_id, "state": None if state is None else str(state), "before": before,
            "most": most,
        },
    )  # fmt: skip
    return [_read(row) for row in await cursor.fetchall()]


async def _one(connection: Connection, condition: LiteralString, *values: Any) -> InvoiceRequest | None:
    cursor = await connection.execute(f"{_INVOICE} WHERE {condition}", values)
    row = await cursor.fetchone()
    return None if row is None else _read(row)


def _read(row: tuple[Any, ...]) -> InvoiceRequest:
    return InvoiceRequest(
        invoice_id=row[0], order_id=row[1], account_id=row[2], state=InvoiceState(row[3]), legal_name=row[4],
        tax_id=row[5], amount=row[6], currency=row[7], requested_by=row[8], requested_at=row[9], number=row[10],
        reason=row[11], decided_by=row[12], decided_at=row[13],
    )  # fmt: skip
