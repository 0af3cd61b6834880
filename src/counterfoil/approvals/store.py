"""The SQL of approvals."""

from __future__ import annotations

from typing import Any, LiteralString
from uuid import UUID

from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalEvent, ApprovalPolicy, ApprovalState
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.storage.database import Connection

_COLUMNS: LiteralString = (
    "approval_id, action, subject, account_id, amount, currency, reason, payload, proposed_by, proposed_at, policy, state,"
    " decided_by, decided_at, decision_reason"
)


async def insert_proposed(connection: Connection, approval: Approval, *, fingerprint: bytes) -> bool:
    """Enter a proposal; False where the same one is open. Raises `NotFound` without the account.

    Waits for whoever is entering or deciding the same one.
    """
    try:
        cursor = await connection.execute(
            "INSERT INTO approvals (approval_id, action, subject, account_id, amount, currency, reason, payload,"
            " fingerprint, proposed_by, proposed_at, policy, state)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (action, subject, fingerprint) WHERE state = 'proposed' DO NOTHING",
            (
                approval.approval_id, approval.action, approval.subject, approval.account_id, approval.amount,
                approval.currency, approval.reason, Jsonb(approval.payload), fingerprint, approval.proposed_by,
                approval.proposed_at, approval.policy, approval.state,
            ),
        )  # fmt: skip
    except ForeignKeyViolation as error:
        assert approval.account_id is not None
        raise NotFound(code="account_not_found", account=show_id("account", approval.account_id)) from error
    return cursor.rowcount == 1


async def find_open(
    connection: Connection, *, action: ApprovalAction, subject: str, fingerprint: bytes
) -> Approval | None:
    """The open proposal of just this content."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM approvals WHERE action = %s AND subject = %s AND fingerprint = %s"  # noqa: S608
        " AND state = 'proposed'",
        (action, subject, fingerprint),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def lock_approval(connection: Connection, approval_id: UUID) -> Approval | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM approvals WHERE approval_id = %s FOR NO KEY UPDATE",  # noqa: S608
        (approval_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def write_decision(connection: Connection, approval: Approval) -> bool:
    """Fill in a decision; False where there is one already, which stays."""
    cursor = await connection.execute(
        "UPDATE approvals SET state = %s, decided_by = %s, decided_at = %s, decision_reason = %s"
        " WHERE approval_id = %s AND state = 'proposed'",
        (
            approval.state, approval.decided_by, approval.decided_at, approval.decision_reason, approval.approval_id,
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


async def insert_event(connection: Connection, approval_id: UUID, event: ApprovalEvent) -> None:
    await connection.execute(
        "INSERT INTO approval_events (approval_id, number, at, state, by, reason) VALUES (%s, %s, %s, %s, %s, %s)",
        (approval_id, event.number, event.at, event.state, event.by, event.reason),
    )


async def find_approval(connection: Connection, approval_id: UUID) -> Approval | None:
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM approvals WHERE approval_id = %s",  # noqa: S608
        (approval_id,),
    )
    row = await cursor.fetchone()
    return None if row is None else _read(row)


async def events_of(connection: Connection, approval_id: UUID) -> list[ApprovalEvent]:
    cursor = await connection.execute(
        "SELECT number, at, state, by, reason FROM approval_events WHERE approval_id = %s ORDER BY number",
        (approval_id,),
    )
    return [
        ApprovalEvent(number=number, at=at, state=ApprovalState(state), by=by, reason=reason)
        for number, at, state, by, reason in await cursor.fetchall()
    ]


async def approvals_of(
    connection: Connection,
    *,
    state: ApprovalState | None,
    action: ApprovalAction | None,
    account_id: UUID | None,
    subject: str | None,
    before: UUID | None,
    most: int,
) -> list[Approval]:
    """Approvals that match every condition given, newest first."""
    cursor = await connection.execute(
        f"SELECT {_COLUMNS} FROM approvals WHERE (%(state)s::text IS NULL OR state = %(state)s)"  # noqa: S608
        " AND (%(action)s::text IS NULL OR action = %(action)s)"
        " AND (%(account)s::uuid IS NULL OR account_id = %(account)s)"
        " AND (%(subject)s::text IS NULL OR subject = %(subject)s)"
        " AND (%(before)s::uuid IS NULL OR approval_id < %(before)s) ORDER BY approval_id DESC LIMIT %(most)s",
        {
            "state": state, "action": action, "account": account_id, "subject": subject, "before": before,
            "most": most,
        },
    )  # fmt: skip
    return [_read(row) for row in await cursor.fetchall()]


def _read(row: tuple[Any, ...]) -> Approval:
    return Approval(
        approval_id=row[0],
        action=ApprovalAction(row[1]),
        subject=row[2],
        account_id=row[3],
        amount=row[4],
        currency=row[5],
        reason=row[6],
        payload=row[7],
        proposed_by=row[8],
        proposed_at=row[9],
        policy=ApprovalPolicy(row[10]),
        state=ApprovalState(row[11]),
        decided_by=row[12],
        decided_at=row[13],
        decision_reason=row[14],
    )
