"""What doors show of approvals, as plain JSON."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.approvals.model import Approval, ApprovalEvent
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import Json, amount, identifier, time


def approval_json(approval: Approval) -> Json:
    """An approval as recorded. An approved one has been carried out."""
    return {
        "approval_id": show_id("approval", approval.approval_id),
        "action": approval.action,
        "subject": approval.subject,
        "account_id": identifier("account", approval.account_id),
        **amount("amount", approval.amount),
        "currency": approval.currency,
        "reason": approval.reason,
        "payload": approval.payload,
        "proposed_by": approval.proposed_by,
        "proposed_at": time(approval.proposed_at),
        "policy": approval.policy,
        "state": approval.state,
        "decided_by": approval.decided_by,
        "decided_at": time(approval.decided_at),
        "decision_reason": approval.decision_reason,
    }


def approval_in_full(approval: Approval, events: Sequence[ApprovalEvent]) -> Json:
    """An approval with its steps."""
    return {**approval_json(approval), "events": [step_json(event) for event in events]}


def step_json(event: ApprovalEvent) -> Json:
    return {"number": event.number, "at": time(event.at), "state": event.state, "by": event.by, "reason": event.reason}
