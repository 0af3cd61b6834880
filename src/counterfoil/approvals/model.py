"""An approval: what is proposed, by whom, and how it was decided. Amounts are nanos, times UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class ApprovalAction(StrEnum):
    """What can be approved."""

    # Staff say that an order's payment has arrived.
    ORDER_CONFIRM = "order_confirm"
    ORDER_REFUND = "order_refund"
    # Staff decide a dispute by hand.
    ORDER_DISPUTE = "order_dispute"
    ADJUSTMENT = "adjustment"
    CREDIT = "credit"
    # Staff end a grant before its time.
    GRANT_END = "grant_end"
    # How a break of reconciliation is settled, where that moves money.
    BREAK_WRITE_OFF = "break_write_off"
    BREAK_CREDIT = "break_credit"
    BREAK_REFUND = "break_refund"
    BREAK_ADJUST = "break_adjust"
    BREAK_UNDO = "break_undo"
    # How a case of the support desk is settled, where that moves money.
    CASE_COMPENSATION = "case_compensation"
    CASE_REFUND = "case_refund"
    CASE_CREDIT_AGAIN = "case_credit_again"


class ApprovalState(StrEnum):
    """Where an approval is. `approved` is carried out: they commit together. All but `proposed` are final."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ApprovalPolicy(StrEnum):
    """Who decides: another person, or the one who proposes, under a cap and with a reason."""

    TWO_PEOPLE = "two_people"
    SINGLE_WITH_REASON = "single_with_reason"


@dataclass(frozen=True, slots=True)
class ApprovalSettings:
    """The installation's policy; `single_cap` is the most (nanos, of any currency) that one person does alone."""

    policy: ApprovalPolicy
    single_cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """An approval as recorded.

    `subject` is a shown id such as `ord_…`; `payload` what the flow needs to carry it out; `policy` the one that applied.
    `amount` may be negative where the action takes money away. `account_id` is None for what is nobody's account's, such as
    a difference that is written off.
    """

    approval_id: UUID
    action: ApprovalAction
    subject: str
    account_id: UUID | None
    amount: int | None
    currency: str | None
    reason: str
    payload: dict[str, Any]
    proposed_by: str
    proposed_at: int
    policy: ApprovalPolicy
    state: ApprovalState = ApprovalState.PROPOSED
    decided_by: str | None = None
    decided_at: int | None = None
    decision_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalEvent:
    """One step of an approval: 1 is the proposal, 2 the decision."""

    number: int
    at: int
    state: ApprovalState
    by: str
    reason: str | None
