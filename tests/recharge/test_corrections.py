"""Corrections of a wallet: proposed, approved by another, and posted once under the approval's id."""

from __future__ import annotations

import asyncio

import pytest

from counterfoil.approvals.model import Approval, ApprovalPolicy, ApprovalSettings, ApprovalState
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, LedgerRefused, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.history_store import Account
from counterfoil.ledger.model import GrantKind, GrantState
from counterfoil.ledger.service import Ledger
from counterfoil.recharge.corrections import LARGEST_NANOS, Corrections
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database

DAY = 86_400_000_000


class Desk:
    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.clock = clock
        self.ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
        settings = ApprovalSettings(ApprovalPolicy.TWO_PEOPLE, 0)
        self.approvals = Approvals(database, clock=clock, settings=settings, redact=redact)
        self.corrections = Corrections(ledger=self.ledger, approvals=self.approvals)

    async def account(self, credit: str | None = None) -> Account:
        account = await self.ledger.open_account(name="Acme")
        if credit is not None:
            await self.approve(await self.credit(account, credit))
        return account

    async def credit(self, account: Account, amount: str, *, expires_at: int | None = None) -> Approval:
        return await self.corrections.propose_credit(
            account.account_id, amount=parse_nanos(amount), kind=GrantKind.COMPENSATION, expires_at=expires_at,
            reason="an outage", by="one",
        )  # fmt: skip

    async def adjust(self, account: Account, amount: str) -> Approval:
        return await self.corrections.propose_adjustment(
            account.account_id, amount=parse_nanos(amount), reason="booked twice", by="one"
        )

    async def approve(self, approval: Approval) -> Approval:
        return await self.approvals.approve(approval.approval_id, by="two")

    async def balance(self, account: Account) -> int:
        return (await self.ledger.balance(account.account_id)).posted


@pytest.fixture
def desk(database: Database, clock: ManualClock) -> Desk:
    return Desk(database, clock)


async def test_nothing_is_credited_before_another_person_approves(desk: Desk) -> None:
    account = await desk.account()
    proposed = await desk.credit(account, "5", expires_at=desk.clock.now() + DAY)
    assert await desk.balance(account) == 0
    with pytest.raises(CounterfoilError, match="approval_same_person"):
        await desk.approvals.approve(proposed.approval_id, by="ONE")
    await desk.approve(proposed)
    (grant,) = await desk.ledger.grants(account.account_id)
    assert (grant.kind, grant.remaining, grant.expires_at) == (
        GrantKind.COMPENSATION, parse_nanos("5"), desk.clock.now() + DAY,
    )  # fmt: skip
    assert (grant.source_kind, grant.source_id) == ("adjustment", show_id("approval", proposed.approval_id))


async def test_two_who_approve_at_once_credit_once(desk: Desk) -> None:
    account = await desk.account()
    proposed = await desk.credit(account, "5")
    answers = await asyncio.gather(
        *(desk.approvals.approve(proposed.approval_id, by=name) for name in ("two", "three", "four")),
        return_exceptions=True,
    )
    assert [type(one) for one in answers if isinstance(one, Exception)] == [Conflict, Conflict]
    assert await desk.balance(account) == parse_nanos("5")


async def test_the_same_proposal_while_one_waits_is_that_one_and_later_another(desk: Desk) -> None:
    account = await desk.account()
    first, again = await desk.credit(account, "5"), await desk.credit(account, "5")
    assert again.approval_id == first.approval_id
    await desk.approve(first)
    later = await desk.credit(account, "5")
    assert later.approval_id != first.approval_id
    await desk.approve(later)
    assert await desk.balance(account) == parse_nanos("10")


@pytest.mark.parametrize(("amount", "left"), [("2.50", "12.50"), ("-2.50", "7.50"), ("-10", "0")])
async def test_an_adjustment_moves_the_balance_by_its_amount(desk: Desk, amount: str, left: str) -> None:
    account = await desk.account("10")
    await desk.approve(await desk.adjust(account, amount))
    assert await desk.balance(account) == parse_nanos(left)
    sums = (await desk.ledger.sums())["USD"]
    assert sums["adjustments"] == -parse_nanos(amount)
    assert sum(sums.values()) == 0


async def test_an_adjustment_that_the_balance_does_not_bear_leaves_it_proposed(desk: Desk) -> None:
    account = await desk.account("10")
    proposed = await desk.adjust(account, "-10.01")
    with pytest.raises(LedgerRefused):
        await desk.approve(proposed)
    assert (await desk.approvals.find(proposed.approval_id)).state is ApprovalState.PROPOSED
    assert await desk.balance(account) == parse_nanos("10")


async def test_a_grant_ends_once_and_what_was_left_lapses(desk: Desk) -> None:
    account = await desk.account("10")
    (grant,) = await desk.ledger.grants(account.account_id)
    proposed = await desk.corrections.propose_end_of_grant(
        account.account_id, grant.grant_id, reason="by mistake", by="one"
    )
    assert (proposed.amount, proposed.subject) == (-parse_nanos("10"), show_id("grant", grant.grant_id))
    await desk.approve(proposed)
    (ended,) = await desk.ledger.grants(account.account_id)
    assert (ended.state, ended.destination) == (GrantState.ENDED, "breakage")
    assert await desk.balance(account) == 0
    with pytest.raises(Conflict, match="grant_ended"):
        await desk.corrections.propose_end_of_grant(account.account_id, grant.grant_id, reason="x", by="one")


async def test_a_grant_of_another_account_is_not_found(desk: Desk) -> None:
    account, other = await desk.account(), await desk.account("10")
    (grant,) = await desk.ledger.grants(other.account_id)
    with pytest.raises(NotFound):
        await desk.corrections.propose_end_of_grant(account.account_id, grant.grant_id, reason="x", by="one")


async def test_what_cannot_be_is_not_proposed(desk: Desk) -> None:
    account = await desk.account()
    for amount in ("0", "-1"):
        with pytest.raises(InputError, match="amount_not_positive"):
            await desk.credit(account, amount)
    with pytest.raises(InputError):
        await desk.adjust(account, "0")
    with pytest.raises(InputError):
        await desk.corrections.propose_adjustment(account.account_id, amount=-LARGEST_NANOS - 1, reason="x", by="one")
    with pytest.raises(InputError):
        await desk.corrections.propose_adjustment(account.account_id, amount=5, reason=" ", by="one")
    with pytest.raises(NotFound):
        await desk.corrections.propose_adjustment(desk.clock.new_id(), amount=5, reason="x", by="one")
    assert await desk.approvals.list() == []
