"""A desk where things are proposed and decided, and a till that says what was carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import ManualClock
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Connection, Database

NANOS = 1_000_000_000
CAP = 500 * NANOS


@dataclass(slots=True)
class Till:
    """Carries out by crediting the account: what happened is in the ledger, committed or not."""

    ledger: Ledger
    fails: bool = False
    seen: list[Approval] = field(default_factory=list)

    async def carry_out(self, connection: Connection, approval: Approval) -> None:
        self.seen.append(approval)
        amount = approval.payload["nanos"]
        assert approval.account_id is not None
        # Each its own source: carried out twice is credited twice, and would be seen.
        source_id = f"{approval.subject} {len(self.seen)}"
        grant = GrantSpec(kind=GrantKind.COMPENSATION, amount=amount, origin="compensation")
        await self.ledger.session(connection).operate(
            Credit(account_id=approval.account_id, source_kind="adjustment", source_id=source_id, grants=(grant,))
        )
        if self.fails:
            raise RuntimeError("the power is gone")


@dataclass(slots=True)
class Office:
    """Two people and the approvals of one account."""

    database: Database
    clock: ManualClock
    ledger: Ledger
    till: Till
    account_id: UUID

    def approvals(self, policy: ApprovalPolicy = ApprovalPolicy.SINGLE_WITH_REASON, cap: int = CAP) -> Approvals:
        made = Approvals(self.database, clock=self.clock, settings=ApprovalSettings(policy, cap), redact=redact)
        made.register(ApprovalAction.ADJUSTMENT, self.till.carry_out)
        return made

    def two_people(self) -> Approvals:
        return self.approvals(ApprovalPolicy.TWO_PEOPLE)

    async def propose(self, approvals: Approvals, amount: int | None = 10 * NANOS, **fields: Any) -> Approval:
        given: dict[str, Any] = {
            "action": ApprovalAction.ADJUSTMENT, "subject": "ord_1", "account_id": self.account_id, "amount": amount,
            "currency": "USD", "reason": "ticket 4711", "payload": {"nanos": abs(amount or NANOS)}, "by": "Ada", **fields,
        }  # fmt: skip
        return await approvals.propose(**given)

    async def credited(self) -> int:
        return (await self.ledger.balance(self.account_id)).posted


@pytest.fixture
async def office(database: Database, clock: ManualClock) -> Office:
    ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
    account = await ledger.open_account(name="Acme")
    return Office(database, clock, ledger, Till(ledger), account.account_id)
