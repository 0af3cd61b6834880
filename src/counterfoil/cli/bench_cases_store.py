"""The SQL of what reporters have before their eyes: the staged record, as the product shows it to them. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from counterfoil.cli.bench_cases_model import Happened
from counterfoil.storage.database import Connection


async def request_shown(connection: Connection, request_id: UUID, statuses: Mapping[str, int]) -> Happened:
    """A request, or the task that it began."""
    cursor = await connection.execute(
        "SELECT t.kind, r.received_at, r.model, r.status_code, r.code, coalesce(t.failure_code, t.failure_reason),"
        " r.charge_mark FROM requests r LEFT JOIN tasks t ON t.account_id = r.account_id AND t.task_id = r.request_id"
        " WHERE r.request_id = %s",
        (request_id,),
    )
    row = await cursor.fetchone()
    assert row is not None, request_id
    task_kind, at, model, status_code, code, failure, charge_mark = row
    return Happened(
        kind="request" if task_kind is None else "task", record_id=request_id, at=at, model=model,
        task_kind=task_kind or "chat", status_code=status_code or statuses.get(code or ""), code=code, failure=failure,
        charge_mark=charge_mark,
    )  # fmt: skip


async def order_shown(connection: Connection, order_id: UUID) -> Happened:
    cursor = await connection.execute(
        "SELECT created_at, paid_at, amount, currency, provider_kind FROM orders WHERE order_id = %s", (order_id,)
    )
    row = await cursor.fetchone()
    assert row is not None, order_id
    created_at, paid_at, amount, currency, payment_kind = row
    return Happened(
        kind="order", record_id=order_id, at=paid_at or created_at, amount=amount, currency=currency,
        number=order_id.hex, payment_kind=payment_kind,
    )  # fmt: skip


async def code_shown(connection: Connection, code_id: UUID, *, now: int) -> Happened:
    """A code; whoever could not redeem it has tried just now."""
    cursor = await connection.execute(
        "SELECT c.redeemed_at, c.last_four, b.value, b.currency FROM codes c JOIN code_batches b ON b.batch_id = c.batch_id"
        " WHERE c.code_id = %s",
        (code_id,),
    )
    row = await cursor.fetchone()
    assert row is not None, code_id
    redeemed_at, last_four, value, currency = row
    return Happened(
        kind="code", record_id=code_id, at=redeemed_at or now, amount=value, currency=currency, last_four=last_four
    )


async def copies_of(connection: Connection, request_id: UUID) -> set[UUID]:
    """The requests of the submission that a request belongs to."""
    cursor = await connection.execute(
        "SELECT request_id FROM requests WHERE submission_id ="
        " (SELECT submission_id FROM requests WHERE request_id = %s)",
        (request_id,),
    )
    return {row[0] for row in await cursor.fetchall()}


async def another_request(connection: Connection, account_id: UUID, *, but: frozenset[UUID]) -> UUID | None:
    """The account's last request that has nothing to do with it."""
    cursor = await connection.execute(
        "SELECT request_id FROM requests WHERE account_id = %s AND NOT request_id = ANY(%s) AND state = 'captured'"
        " ORDER BY request_id DESC LIMIT 1",
        (account_id, list(but)),
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def case_of(connection: Connection, number: str) -> UUID:
    """The case of a number that its sender was given."""
    cursor = await connection.execute("SELECT case_id FROM cases WHERE number = %s", (number,))
    row = await cursor.fetchone()
    assert row is not None, number
    found: UUID = row[0]
    return found
