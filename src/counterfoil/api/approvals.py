"""Approvals: what waits for a decision, and deciding it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import (
    By,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    Text,
    optional_id,
    page,
)
from counterfoil.api.services import UseCases
from counterfoil.approvals import model
from counterfoil.approvals.model import ApprovalAction, ApprovalState
from counterfoil.approvals.shown import approval_in_full, approval_json, step_json
from counterfoil.foundation.ids import read_id, show_id

router = APIRouter(prefix="/approvals", tags=["approvals"])

ApprovalId = Annotated[str, Path(description="The approval's id (appr_…).", max_length=60)]


class Decision(Input):
    """Who decides, and why."""

    by: By | None = None
    reason: Annotated[Text | None, Field(description="Why; kept with the decision.")] = None


class Approval(Output):
    """An approval as recorded. An approved one has been carried out."""

    approval_id: str
    action: str
    subject: str
    account_id: str | None
    amount_nanos: int | None
    amount: str | None
    currency: str | None
    reason: str
    payload: dict[str, Any] = Field(description="What is carried out, as the flow needs it.")
    proposed_by: str
    proposed_at: str | None
    policy: str = Field(description="Who decides it: two_people, or one person with a reason.")
    state: str
    decided_by: str | None
    decided_at: str | None
    decision_reason: str | None

    @classmethod
    def of(cls, approval: model.Approval) -> Approval:
        return cls.model_validate(approval_json(approval))


class Event(Output):
    """One step: 1 is the proposal, 2 the decision."""

    number: int
    at: str | None
    state: str
    by: str
    reason: str | None

    @classmethod
    def of(cls, event: model.ApprovalEvent) -> Event:
        return cls.model_validate(step_json(event))


class ApprovalInFull(Approval):
    """An approval with its steps."""

    events: list[Event]


@router.get("", summary="List approvals, newest first")
async def list_approvals(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[ApprovalState | None, Query(description="Only those in this state.")] = None,
    action: Annotated[ApprovalAction | None, Query(description="Only those of this action.")] = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    subject: Annotated[str | None, Query(max_length=200, description="Only those about this, such as ord_….")] = None,
) -> Page[Approval]:
    rows = await services.approvals.list(
        state=state,
        action=action,
        account_id=optional_id("account", account_id),
        subject=subject,
        before=optional_id("approval", cursor),
        most=limit + 1,
    )
    return page(rows, limit=limit, item=Approval.of, cursor=lambda row: show_id("approval", row.approval_id))


@router.get("/{approval_id}", summary="Get an approval with its steps")
async def get_approval(services: UseCases, approval_id: ApprovalId) -> ApprovalInFull:
    return await _in_full(services, await services.approvals.find(read_id("approval", approval_id)))


@router.post("/{approval_id}/approve", summary="Approve a proposal and carry it out, together or not at all")
async def approve(services: UseCases, caller: Caller, approval_id: ApprovalId, body: Decision) -> ApprovalInFull:
    decided = await services.approvals.approve(
        read_id("approval", approval_id), by=caller.named(body.by), reason=body.reason
    )
    return await _in_full(services, decided)


@router.post("/{approval_id}/reject", summary="Decide against a proposal")
async def reject(services: UseCases, caller: Caller, approval_id: ApprovalId, body: Decision) -> ApprovalInFull:
    decided = await services.approvals.reject(
        read_id("approval", approval_id), by=caller.named(body.by), reason=body.reason
    )
    return await _in_full(services, decided)


@router.post("/{approval_id}/withdraw", summary="Take back a proposal; for whoever proposed it")
async def withdraw(services: UseCases, caller: Caller, approval_id: ApprovalId, body: Decision) -> ApprovalInFull:
    decided = await services.approvals.withdraw(
        read_id("approval", approval_id), by=caller.named(body.by), reason=body.reason
    )
    return await _in_full(services, decided)


async def _in_full(services: UseCases, approval: model.Approval) -> ApprovalInFull:
    events = await services.approvals.events(approval.approval_id)
    return ApprovalInFull.model_validate(approval_in_full(approval, events))
