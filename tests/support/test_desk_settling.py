"""Money that goes back for a case: proposed by one, approved by another, posted once with the case as its cause, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import psycopg
import pytest

from counterfoil.approvals.model import Approval, ApprovalPolicy, ApprovalSettings, ApprovalState
from counterfoil.bootstrap.services import statements_of
from counterfoil.foundation.errors import AmountUnreadable, Conflict, CounterfoilError, Forbidden, InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.recharge.model import OrderState
from counterfoil.support.desk_model import CaseView, SettlementState
from counterfoil.support.model import CaseEventKind, CaseState, Resolution
from counterfoil.support.rules import CaseError
from counterfoil.support.settling import CASE_SETTLED
from support.desk import FINN, KIM, LEE, PAYMENT, UNIT, SupportDesk, shown

_NUMBER = "62170099887766554433"


async def _posted_for_cases(support: SupportDesk, account_id: UUID) -> Sequence[str]:
    """What the account's operations are known by, as far as a case is in it."""
    found = await support.rows(
        "SELECT operation_key FROM operations WHERE account_id = %s AND strpos(operation_key, ':case_') > 0"
        " ORDER BY split_part(operation_key, ':case_', 2)",
        account_id,
    )
    return [row[0] for row in found]


async def _of_call(support: SupportDesk) -> tuple[CaseView, UUID]:
    """A case about a call that was charged with 0.40 USD, of an account with 20 USD."""
    customer, charged = await support.charged()
    view = await support.confirmed("failed_perhaps_charged", charged, request_id=charged)
    assert await support.posted(customer.account_id) == 20 * UNIT - parse_nanos("0.4")
    return view, customer.account_id


async def _of_order(support: SupportDesk, *, is_paid: bool) -> tuple[CaseView, UUID, UUID]:
    account = await support.account(credit=0)
    order = await (support.paid_order if is_paid else support.bank_order)(account.account_id)
    view = await support.confirmed(
        "recharged_not_credited", shown(order), account_email="lin@example.com",
        order_mask=f"…{order.order_id.hex[-4:]}",
    )  # fmt: skip
    return view, account.account_id, order.order_id


# -- compensation ------------------------------------------------------------------------------------------------------


async def test_a_compensation_is_posted_by_another_person_with_the_case_as_its_cause(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    case_id, before = view.case.case_id, await support.posted(account_id)
    approval = await support.desk.settling.compensate(case_id, amount=3 * UNIT, reason="two hours lost", principal=KIM)
    assert (approval.state, approval.subject) == (ApprovalState.PROPOSED, show_id("case", case_id))
    proposed = await support.view(case_id)
    assert [(one.state, one.amount, one.currency) for one in proposed.settlements] == [
        (SettlementState.PROPOSED, 3 * UNIT, "USD")
    ]
    assert proposed.events[-1].kind is CaseEventKind.SETTLEMENT_PROPOSED
    assert proposed.events[-1].facts["approval"] == show_id("approval", approval.approval_id)
    assert await support.posted(account_id) == before
    with pytest.raises(Forbidden):
        await support.approve(approval, by=KIM)
    assert await support.told(CASE_SETTLED) == []
    await support.approve(approval)
    assert await support.posted(account_id) == before + 3 * UNIT
    done = await support.view(case_id)
    assert [one.state for one in done.settlements] == [SettlementState.DONE]
    assert (done.events[-1].kind, done.events[-1].by) == (CaseEventKind.SETTLEMENT_DONE, FINN.name)
    cause = f"{show_id('case', case_id)}:1"
    assert done.events[-1].facts["source"] == cause
    assert await _posted_for_cases(support, account_id) == [f"credit:adjustment:{cause}"]
    # The statement names it as the line's cause.
    lines = (
        await statements_of(support.services).lines(
            account_id, start=view.case.created_at, end=support.services.clock.now() + 1, time_zone="UTC"
        )
    ).lines
    assert (lines[0].cause_kind, lines[0].cause_id) == ("adjustment", cause)
    grants = await support.services.ledger.grants(account_id)
    assert [(one.kind.value, one.remaining) for one in grants if one.expires_at is not None] == [
        ("compensation", 3 * UNIT)
    ]
    assert await support.told(CASE_SETTLED) == [
        (account_id, {"case": view.case.number, "kind": "compensation", "amount": "3.00", "currency": "USD"})
    ]
    draft = await support.desk.replies.draft(case_id, principal=KIM)
    assert "3.00 USD was credited as compensation" in draft
    resolved = await support.desk.cases.resolve(case_id, Resolution.COMPENSATION, principal=KIM)
    assert resolved.state is CaseState.RESOLVED
    await support.check_books()


async def test_a_second_compensation_of_one_case_is_another_posting(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    for _ in range(2):
        approval = await support.desk.settling.compensate(view.case.case_id, amount=UNIT, reason="again", principal=KIM)
        await support.approve(approval)
    case = show_id("case", view.case.case_id)
    assert await _posted_for_cases(support, account_id) == [f"credit:adjustment:{case}:{number}" for number in (1, 2)]
    await support.check_books()


async def test_the_same_proposed_twice_is_one_proposal_and_one_step(support: SupportDesk) -> None:
    view, _ = await _of_call(support)
    made = await asyncio.gather(
        *(
            support.desk.settling.compensate(view.case.case_id, amount=UNIT, reason="lost hours", principal=one)
            for one in (KIM, LEE)
        )
    )
    assert len({one.approval_id for one in made}) == 1
    assert (await support.events(view.case.case_id)).count(CaseEventKind.SETTLEMENT_PROPOSED) == 1
    assert len((await support.view(view.case.case_id)).settlements) == 1


async def test_of_two_who_decide_at_once_one_has_decided(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    before = await support.posted(account_id)
    approval = await support.desk.settling.compensate(view.case.case_id, amount=UNIT, reason="x", principal=KIM)
    answers = await asyncio.gather(
        *(support.services.approvals.approve(approval.approval_id, by=name) for name in ("a@desk", "b@desk", "c@desk")),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in answers) == ["Approval", "Conflict", "Conflict"]
    assert await support.posted(account_id) == before + UNIT
    assert len(await support.told(CASE_SETTLED)) == 1
    assert (await support.events(view.case.case_id)).count(CaseEventKind.SETTLEMENT_DONE) == 1


async def test_two_different_settlements_approved_at_once_are_both_posted(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    before = await support.posted(account_id)
    proposals = [
        await support.desk.settling.compensate(view.case.case_id, amount=amount * UNIT, reason="x", principal=KIM)
        for amount in (1, 2)
    ]
    proposals.append(await support.desk.settling.refund(view.case.case_id, reason="x", principal=KIM))
    await asyncio.gather(*(support.approve(one) for one in proposals))
    assert await support.posted(account_id) == before + 3 * UNIT + parse_nanos("0.4")
    case = show_id("case", view.case.case_id)
    done = await _posted_for_cases(support, account_id)
    assert [one.rpartition(":case")[2] for one in done] == [f"{case[4:]}:{number}" for number in (1, 2, 3)]
    assert sorted(one.partition(":case")[0] for one in done) == [
        "credit:adjustment", "credit:adjustment", "refund_charge"
    ]  # fmt: skip
    await support.check_books()


# -- refunds -----------------------------------------------------------------------------------------------------------


async def test_the_charge_of_a_call_goes_back_once(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    case_id = view.case.case_id
    with pytest.raises(InputError):
        await support.desk.settling.refund(case_id, amount=parse_nanos("0.41"), reason="x", principal=KIM)
    part = await support.desk.settling.refund(case_id, amount=parse_nanos("0.1"), reason="x", principal=KIM)
    await support.approve(part)
    rest = await support.desk.settling.refund(case_id, reason="x", principal=KIM)
    assert rest.amount == parse_nanos("0.3")
    await support.approve(rest)
    assert await support.posted(account_id) == 20 * UNIT
    with pytest.raises(Conflict) as raised:
        await support.desk.settling.refund(case_id, reason="x", principal=KIM)
    assert raised.value.code == CaseError.NOTHING_TO_SETTLE
    assert [facts["amount"] for _, facts in await support.told(CASE_SETTLED)] == ["0.10", "0.30"]
    await support.desk.cases.resolve(case_id, Resolution.REFUND, principal=KIM)
    await support.check_books()


async def test_two_proposals_over_one_charge_give_back_no_more_than_was_charged(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    proposals: list[Approval] = [
        await support.desk.settling.refund(view.case.case_id, amount=parse_nanos(one), reason="x", principal=KIM)
        for one in ("0.4", "0.3")
    ]
    answers = await asyncio.gather(*(support.approve(one) for one in proposals), return_exceptions=True)
    refused = [one for one in answers if isinstance(one, CounterfoilError)]
    assert len(refused) == 1, answers
    assert await support.posted(account_id) <= 20 * UNIT
    states = sorted(one.state for one in (await support.view(view.case.case_id)).settlements)
    assert states == [SettlementState.DONE, SettlementState.PROPOSED]
    await support.check_books()


async def test_money_of_an_order_leaves_the_wallet_and_goes_back_through_its_provider(support: SupportDesk) -> None:
    view, account_id, order_id = await _of_order(support, is_paid=True)
    assert await support.posted(account_id) == 98 * UNIT
    with pytest.raises(AmountUnreadable):
        await support.desk.settling.refund(
            view.case.case_id, amount=parse_nanos("0.001"), reason="paid twice", principal=KIM
        )
    approval = await support.desk.settling.refund(
        view.case.case_id, amount=parse_nanos("100"), reason="paid twice", principal=KIM
    )
    assert (approval.amount, approval.currency) == (parse_nanos("100"), "CNY")
    await support.approve(approval)
    assert await support.posted(account_id) == 84 * UNIT
    refunds = await support.services.recharge.order_refunds.refunds()
    assert [(one.order_id, one.amount, one.requested_by) for one in refunds] == [
        (order_id, parse_nanos("100"), KIM.name)
    ]
    assert await support.told(CASE_SETTLED) == [
        (account_id, {"case": view.case.number, "kind": "refund", "amount": "100.00", "currency": "CNY"})
    ]
    # The next one of the case is another refund, and not the same again.
    again = await support.desk.settling.refund(
        view.case.case_id, amount=parse_nanos("50"), reason="paid twice", principal=KIM
    )
    await support.approve(again)
    assert await support.posted(account_id) == 77 * UNIT
    await support.check_books()


# -- credited again ----------------------------------------------------------------------------------------------------


async def test_an_order_whose_payment_was_seen_is_credited_once(support: SupportDesk) -> None:
    view, account_id, order_id = await _of_order(support, is_paid=False)
    case_id = view.case.case_id
    approval = await support.desk.settling.credit_again(
        case_id, number=PAYMENT, reason="on the statement", principal=KIM
    )
    assert PAYMENT not in await support.everything()
    await support.approve(approval)
    assert await support.posted(account_id) == 98 * UNIT
    assert (await support.services.recharge.orders.order(order_id)).state is OrderState.PAID
    assert await support.told(CASE_SETTLED) == [
        (account_id, {"case": view.case.number, "kind": "credit_again", "amount": "700.00", "currency": "CNY"})
    ]
    with pytest.raises(Conflict) as raised:
        await support.desk.settling.credit_again(case_id, number=_NUMBER, reason="x", principal=KIM)
    assert raised.value.code == CaseError.NOTHING_TO_SETTLE
    await support.desk.cases.resolve(case_id, Resolution.CREDIT_AGAIN, principal=KIM)
    await support.check_books()


async def test_an_order_that_was_credited_meanwhile_is_not_credited_again(support: SupportDesk) -> None:
    view, account_id, order_id = await _of_order(support, is_paid=False)
    approval = await support.desk.settling.credit_again(
        view.case.case_id, number=_NUMBER, reason="on the statement", principal=KIM
    )
    refunds = support.services.recharge.order_refunds
    other = await refunds.propose_confirmation(order_id, number=PAYMENT, reason="seen", by="one@desk")
    await support.services.approvals.approve(other.approval_id, by="two@desk")
    with pytest.raises(CounterfoilError):
        await support.approve(approval)
    assert await support.posted(account_id) == 98 * UNIT
    assert [one.state for one in (await support.view(view.case.case_id)).settlements] == [SettlementState.PROPOSED]
    await support.check_books()


# -- what is not carried out -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["reject", "withdraw"])
async def test_what_is_not_approved_is_followed_and_posts_nothing(support: SupportDesk, way: str) -> None:
    view, account_id = await _of_call(support)
    before = await support.posted(account_id)
    approval = await support.desk.settling.compensate(view.case.case_id, amount=UNIT, reason="x", principal=KIM)
    assert await support.desk.settling.follow() == 0
    approvals = support.services.approvals
    if way == "reject":
        await approvals.reject(approval.approval_id, by=FINN.name, reason="it works as intended")
    else:
        await approvals.withdraw(approval.approval_id, by=KIM.name)
    assert sorted(await asyncio.gather(*(support.desk.settling.follow() for _ in range(2)))) == [0, 1]
    assert await support.desk.settling.follow() == 0
    after = await support.view(view.case.case_id)
    assert [one.state for one in after.settlements] == [SettlementState.REJECTED]
    assert (after.events[-1].kind, after.events[-1].by) == (
        CaseEventKind.SETTLEMENT_REJECTED, FINN.name if way == "reject" else KIM.name,
    )  # fmt: skip
    assert after.case.state is CaseState.DIAGNOSED
    assert await support.posted(account_id) == before
    assert await support.told(CASE_SETTLED) == []
    with pytest.raises(Conflict) as raised:
        await support.desk.cases.resolve(view.case.case_id, Resolution.COMPENSATION, principal=KIM)
    assert raised.value.code == CaseError.SETTLED_BY_MONEY


async def test_nothing_is_settled_where_nobody_has_said_which_account_it_is(support: SupportDesk) -> None:
    _, charged = await support.charged()
    view, _ = await support.diagnosed("failed_perhaps_charged", request_id=charged)
    settling, case_id = support.desk.settling, view.case.case_id
    for call in (
        settling.compensate(case_id, amount=UNIT, reason="x", principal=KIM),
        settling.refund(case_id, reason="x", principal=KIM),
        settling.credit_again(case_id, number=PAYMENT, reason="x", principal=KIM),
    ):
        with pytest.raises(Conflict) as raised:
            await call
        assert raised.value.code == CaseError.NO_RECORD
    assert await support.services.approvals.list() == []


async def test_what_was_refused_cost_nothing_to_give_back_and_what_is_over_is_opened_first(
    support: SupportDesk,
) -> None:
    _, refused = await support.refused()
    view = await support.confirmed("balance_not_enough", refused, request_id=refused)
    settling, case_id = support.desk.settling, view.case.case_id
    for call in (
        settling.refund(case_id, reason="x", principal=KIM),
        settling.credit_again(case_id, number=PAYMENT, reason="x", principal=KIM),
    ):
        with pytest.raises(Conflict) as raised:
            await call
        assert raised.value.code == CaseError.NOTHING_TO_SETTLE
    for amount in (0, -UNIT):
        with pytest.raises(InputError):
            await settling.compensate(case_id, amount=amount, reason="x", principal=KIM)
    await support.desk.cases.resolve(case_id, Resolution.WORKS_AS_INTENDED, principal=KIM)
    with pytest.raises(Conflict) as raised:
        await settling.compensate(case_id, amount=UNIT, reason="x", principal=KIM)
    assert raised.value.code == CaseError.IS_OVER


async def test_a_proposal_for_a_record_that_is_the_case_s_no_more_is_not_carried_out(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    before = await support.posted(account_id)
    approval = await support.desk.settling.refund(view.case.case_id, reason="x", principal=KIM)
    assert view.case.subject is not None
    await support.desk.cases.reject(view.case.case_id, view.case.subject, principal=LEE)
    with pytest.raises(Conflict) as raised:
        await support.approve(approval)
    assert raised.value.code == CaseError.RECORD_CHANGED
    assert (await support.services.approvals.find(approval.approval_id)).state is ApprovalState.PROPOSED
    assert await support.posted(account_id) == before


async def test_an_approval_that_is_cut_off_posts_nothing_and_may_be_given_again(
    support: SupportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, account_id = await _of_call(support)
    before = await support.posted(account_id)
    approval = await support.desk.settling.compensate(view.case.case_id, amount=UNIT, reason="x", principal=KIM)
    with monkeypatch.context() as patched:

        async def cut(*_: object, **__: object) -> None:
            raise psycopg.OperationalError("the server has gone")

        # The last thing of it: everything before is in the same transaction.
        patched.setattr("counterfoil.support.settling.announce", cut)
        with pytest.raises(Exception, match=r"gone|unavailable|database"):
            await support.approve(approval)
    assert await support.posted(account_id) == before
    assert (await support.services.approvals.find(approval.approval_id)).state is ApprovalState.PROPOSED
    await support.approve(approval)
    assert await support.posted(account_id) == before + UNIT
    await support.check_books()


async def test_a_proposal_of_which_the_case_was_not_told_is_told_when_it_is_proposed_again(
    support: SupportDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, _ = await _of_call(support)
    settling, case_id = support.desk.settling, view.case.case_id
    with monkeypatch.context() as patched:

        async def killed(*_: object, **__: object) -> None:
            raise asyncio.CancelledError

        patched.setattr(settling, "_write_proposed", killed)
        with pytest.raises(asyncio.CancelledError):
            await settling.compensate(case_id, amount=UNIT, reason="x", principal=KIM)
    assert (await support.view(case_id)).settlements == ()
    approval = await settling.compensate(case_id, amount=UNIT, reason="x", principal=KIM)
    assert [one.approval_id for one in (await support.view(case_id)).settlements] == [approval.approval_id]
    await support.approve(approval)
    assert [one.state for one in (await support.view(case_id)).settlements] == [SettlementState.DONE]


async def test_what_one_person_may_decide_alone_is_posted_at_once_with_its_reason(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    before = await support.posted(account_id)
    approvals = support.services.approvals
    approvals._settings = ApprovalSettings(ApprovalPolicy.SINGLE_WITH_REASON, 5 * UNIT)
    approval = await support.desk.settling.compensate(view.case.case_id, amount=5 * UNIT, reason="x", principal=KIM)
    assert approval.state is ApprovalState.APPROVED
    assert await support.posted(account_id) == before + 5 * UNIT
    after = await support.view(view.case.case_id)
    assert [(one.state, one.amount) for one in after.settlements] == [(SettlementState.DONE, 5 * UNIT)]
    assert after.events[-1].kind is CaseEventKind.SETTLEMENT_DONE
    larger = await support.desk.settling.compensate(view.case.case_id, amount=6 * UNIT, reason="x", principal=KIM)
    assert larger.state is ApprovalState.PROPOSED


async def test_a_settlement_is_posted_though_its_case_was_closed_meanwhile(support: SupportDesk) -> None:
    view, account_id = await _of_call(support)
    before = await support.posted(account_id)
    approval = await support.desk.settling.compensate(view.case.case_id, amount=UNIT, reason="x", principal=KIM)
    await support.desk.cases.close(view.case.case_id, principal=KIM)
    await support.approve(approval)
    assert await support.posted(account_id) == before + UNIT
    after = await support.view(view.case.case_id)
    assert (after.case.state, after.events[-1].kind) == (CaseState.CLOSED, CaseEventKind.SETTLEMENT_DONE)
