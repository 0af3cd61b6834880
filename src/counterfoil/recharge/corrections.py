"""Money that staff gives, takes or lets lapse by hand: credits, adjustments, and grants that end early. All by approval.

The ledger's own commands do it at once; this is how people at a desk do it, so that another one has looked.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.approvals.model import Approval, ApprovalAction
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.ledger.model import (
    ADJUSTMENTS,
    BREAKAGE,
    COMPENSATION,
    PROMOTIONS,
    Adjust,
    Credit,
    EndGrant,
    GrantKind,
    GrantSpec,
    GrantState,
)
from counterfoil.ledger.service import Ledger
from counterfoil.recharge.people import check_person, check_reason

# Where the money of a credit comes from.
_ORIGINS = {
    GrantKind.PAID: "clearing:manual",
    GrantKind.PROMOTIONAL: PROMOTIONS,
    GrantKind.COMPENSATION: COMPENSATION,
}
# Ten of these fill a wallet: a larger one is a mistake.
LARGEST_NANOS = 900_000_000 * 1_000_000_000


class Corrections:
    """Proposes corrections of a wallet, and carries out those that are approved, once each (L11)."""

    def __init__(self, *, ledger: Ledger, approvals: Approvals) -> None:
        self._ledger = ledger
        self._approvals = approvals
        approvals.register(ApprovalAction.CREDIT, self._carry_out_credit)
        approvals.register(ApprovalAction.ADJUSTMENT, self._carry_out_adjustment)
        approvals.register(ApprovalAction.GRANT_END, self._carry_out_end)

    async def propose_credit(
        self,
        account_id: UUID,
        *,
        amount: int,
        kind: GrantKind,
        reason: str,
        by: str,
        expires_at: int | None = None,
    ) -> Approval:
        """Propose to credit an account with `amount` nanos; `expires_at` None: the credit never ends.

        Raises `NotFound`, `InputError` (`amount_not_positive`, `amount_unreadable`).
        """
        if amount <= 0:
            raise InputError(code="amount_not_positive", field="amount")
        return await self._propose(
            ApprovalAction.CREDIT, account_id, amount=amount, reason=reason, by=by, subject=None,
            payload={"kind": str(kind), "origin": _ORIGINS[kind], "expires_at": expires_at},
        )  # fmt: skip

    async def propose_adjustment(self, account_id: UUID, *, amount: int, reason: str, by: str) -> Approval:
        """Propose to correct a balance: a positive `amount` (nanos) is credit, a negative one leaves the wallet.

        Raises as `propose_credit`.
        """
        if amount == 0:
            raise InputError(code="amount_unreadable", field="amount", amount="0")
        return await self._propose(
            ApprovalAction.ADJUSTMENT, account_id, amount=amount, reason=reason, by=by, subject=None,
            payload={"counterpart": ADJUSTMENTS},
        )  # fmt: skip

    async def propose_end_of_grant(self, account_id: UUID, grant_id: UUID, *, reason: str, by: str) -> Approval:
        """Propose to end a grant of an account now: what is left of it lapses.

        Raises `NotFound` (`grant_not_found`), `Conflict` (`grant_ended`).
        """
        grant = next((one for one in await self._ledger.grants(account_id) if one.grant_id == grant_id), None)
        if grant is None:
            raise NotFound(code="grant_not_found", grant=show_id("grant", grant_id))
        if grant.state is GrantState.ENDED:
            raise Conflict(code="grant_ended", grant=show_id("grant", grant_id))
        return await self._propose(
            ApprovalAction.GRANT_END, account_id, amount=-grant.remaining, reason=reason, by=by,
            subject=show_id("grant", grant_id), payload={"grant": grant_id.hex, "destination": BREAKAGE},
        )  # fmt: skip

    async def _propose(
        self,
        action: ApprovalAction,
        account_id: UUID,
        *,
        amount: int,
        subject: str | None,
        payload: dict[str, Any],
        reason: str,
        by: str,
    ) -> Approval:
        if abs(amount) > LARGEST_NANOS:
            raise InputError(code="amount_unreadable", field="amount", amount=str(amount)[:40])
        account = await self._ledger.account(account_id)
        return await self._approvals.propose(
            action=action, subject=subject or show_id("account", account_id), account_id=account_id, amount=amount,
            currency=account.currency, reason=check_reason(reason), by=check_person(by), payload=payload,
        )  # fmt: skip

    # -- carrying out ------------------------------------------------------------------------------------------------

    async def _carry_out_credit(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        account_id, amount = _of(approval)
        payload = approval.payload
        grant = GrantSpec(
            kind=GrantKind(payload["kind"]), amount=amount, origin=payload["origin"], expires_at=payload["expires_at"]
        )
        command = Credit(account_id=account_id, source_kind="adjustment", source_id=_source(approval), grants=(grant,))
        await self._ledger.session(connection).operate(command)

    async def _carry_out_adjustment(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        account_id, amount = _of(approval)
        command = Adjust(
            account_id=account_id, source_id=_source(approval), amount=amount,
            counterpart=approval.payload.get("counterpart", ADJUSTMENTS),
        )  # fmt: skip
        await self._ledger.session(connection).operate(command)

    async def _carry_out_end(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        account_id, _ = _of(approval)
        command = EndGrant(
            account_id=account_id, grant_id=UUID(hex=approval.payload["grant"]),
            destination=approval.payload["destination"],
        )  # fmt: skip
        await self._ledger.session(connection).operate(command)


def _of(approval: Approval) -> tuple[UUID, int]:
    assert approval.account_id is not None
    assert approval.amount is not None
    return approval.account_id, approval.amount


def _source(approval: Approval) -> str:
    """L11: a correction names its approval."""
    return show_id("approval", approval.approval_id)
