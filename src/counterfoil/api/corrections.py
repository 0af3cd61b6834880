"""Corrections of a wallet by proposal: credited, adjusted or ended once another person has approved them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.approvals import Approval
from counterfoil.api.fields import AccountId, AmountInput, By, Input, Text, Time, optional_time
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id
from counterfoil.ledger.model import GrantKind

router = APIRouter(prefix="/accounts/{account_id}/proposals", tags=["approvals"])

Why = Annotated[Text, Field(min_length=1, description="Why; kept, redacted.")]


class ProposedCredit(AmountInput):
    """New credit of an account, in its currency."""

    kind: GrantKind = GrantKind.COMPENSATION
    expires_at: Annotated[Time | None, Field(description="When the credit ends; null: never.")] = None
    reason: Why
    by: By | None = None


class ProposedAdjustment(AmountInput):
    """By how much a balance is wrong: a positive amount is credit, a negative one leaves the wallet."""

    reason: Why
    by: By | None = None


class ProposedGrantEnd(Input):
    """A grant that is to end before its time; what is left of it lapses."""

    grant_id: Annotated[Text, Field(max_length=60)]
    reason: Why
    by: By | None = None


@router.post("/credits", status_code=201, summary="Propose to credit an account")
async def propose_credit(services: UseCases, caller: Caller, account_id: AccountId, body: ProposedCredit) -> Approval:
    approval = await services.corrections.propose_credit(
        read_id("account", account_id), amount=body.nanos(), kind=body.kind, reason=body.reason,
        by=caller.named(body.by), expires_at=optional_time(body.expires_at),
    )  # fmt: skip
    return Approval.of(approval)


@router.post("/adjustments", status_code=201, summary="Propose to correct a balance")
async def propose_adjustment(
    services: UseCases, caller: Caller, account_id: AccountId, body: ProposedAdjustment
) -> Approval:
    approval = await services.corrections.propose_adjustment(
        read_id("account", account_id), amount=body.nanos(), reason=body.reason, by=caller.named(body.by)
    )
    return Approval.of(approval)


@router.post("/grant-ends", status_code=201, summary="Propose to end a grant before its time")
async def propose_end_of_grant(
    services: UseCases, caller: Caller, account_id: AccountId, body: ProposedGrantEnd
) -> Approval:
    approval = await services.corrections.propose_end_of_grant(
        read_id("account", account_id), read_id("grant", body.grant_id), reason=body.reason, by=caller.named(body.by)
    )
    return Approval.of(approval)
