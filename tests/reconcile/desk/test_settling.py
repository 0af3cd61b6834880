"""What people do about breaks: every step in the history, money only by approval, and everything can be taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from counterfoil.approvals.model import ApprovalPolicy, ApprovalState
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.recharge.model import OrderState
from counterfoil.reconcile.desk_model import Break, BreakEventKind, BreakState, SettlementAction
from counterfoil.reconcile.model import BreakClass
from reconcile.house import NANOS, House, Row, open_house


@pytest.fixture
async def two_people(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    """The same office, where everything that moves money takes two."""
    policy = ApprovalPolicy.TWO_PEOPLE
    async with open_house(database_url, owner_url, clock, tmp_path / "data", policy=policy) as opened:
        yield opened


async def unknown_payment(house: House, amount: str = "25.50", **more: object) -> Break:
    """A payment that nobody was credited for."""
    await house.add_source()
    day = house.day
    await house.import_rows(Row(trade="T1", amount=amount, **more))  # type: ignore[arg-type]
    house.next_day()
    (one,) = await house.run(day)
    return one


async def test_an_ignored_break_stays_ignored_however_often_it_is_found(house: House) -> None:
    one = await unknown_payment(house)
    ignored = await house.desk.settling.ignore(one.break_id, by="Ada", reason="a test transfer of our own")
    assert ignored.state is BreakState.IGNORED
    assert await house.run(one.first_day) == []
    with pytest.raises(Conflict) as refused:
        await house.desk.settling.ignore(one.break_id, by="Ada", reason="again")
    assert refused.value.code == "break_not_open"
    opened = await house.desk.settling.reopen(one.break_id, by="Bob", reason="it was not")
    assert opened.state is BreakState.OPEN
    events = (await house.desk.breaks.view(one.break_id)).events
    assert [(event.what, event.by, event.remark) for event in events] == [
        (BreakEventKind.FOUND, None, None),
        (BreakEventKind.IGNORED, "Ada", "a test transfer of our own"),
        (BreakEventKind.REOPENED, "Bob", "it was not"),
    ]


async def test_an_expected_break_is_open_again_when_its_date_has_passed(house: House) -> None:
    one = await unknown_payment(house)
    until = house.clock.now() + 7_200_000_000
    expected = await house.desk.settling.expect(one.break_id, until=until, by="Ada", reason="the notice is on its way")
    assert (expected.state, expected.expected_until) == (BreakState.EXPECTED, until)
    (still,) = await house.run(one.first_day)
    assert still.state is BreakState.EXPECTED
    house.clock.advance(seconds=7_201)
    (again,) = await house.run(one.first_day)
    assert (again.state, again.expected_until) == (BreakState.OPEN, None)
    events = (await house.desk.breaks.view(one.break_id)).events
    assert events[-1].what is BreakEventKind.NO_LONGER_EXPECTED


async def test_linked_rows_are_one_and_both_breaks_are_settled(house: House) -> None:
    await house.add_source(settling_seconds=0)
    day = house.day
    order = await house.paid_order("T1", "10")
    await house.import_rows(Row(trade="T2", amount="9.00"))
    house.next_day()
    found = {one.break_class: one for one in await house.run(day)}
    missing, unknown = found[BreakClass.MISSING_EXTERNAL], found[BreakClass.MISSING_INTERNAL]
    linked = await house.desk.settling.link(
        missing.break_id, list(unknown.theirs), by="Ada", reason="paid by a friend, one less for the fee"
    )
    assert linked.state is BreakState.SETTLED
    assert await house.standing() == []
    assert await house.run(day) == []
    (match,) = [one for one in await house.desk.breaks.matches(most=100) if one.made_by == "Ada"]
    assert (f"order:{order.order_id.hex}" in match.ours, match.theirs) == (True, unknown.theirs)

    await house.desk.settling.reopen(unknown.break_id, by="Bob", reason="another order's")
    assert {one.break_id for one in await house.standing()} == {missing.break_id, unknown.break_id}
    assert [one for one in await house.desk.breaks.matches(most=100) if one.made_by == "Ada"] == []


async def test_a_row_cannot_be_linked_twice_nor_one_that_does_not_exist(house: House) -> None:
    await house.add_source(settling_seconds=0)
    day = house.day
    await house.paid_order("T1", "10")
    await house.paid_order("T2", "11")
    await house.import_rows(Row(trade="T3", amount="9.00"))
    house.next_day()
    found = await house.run(day)
    first, second = [one for one in found if one.break_class is BreakClass.MISSING_EXTERNAL]
    (line,) = next(one.theirs for one in found if one.break_class is BreakClass.MISSING_INTERNAL)
    await house.desk.settling.link(first.break_id, [line], by="Ada", reason="it is this one")
    with pytest.raises(Conflict) as refused:
        await house.desk.settling.link(second.break_id, [line], by="Bob", reason="no, this one")
    assert refused.value.code == "break_row_matched"
    for wrong in ("line:" + "0" * 32, "nothing", "line:"):
        with pytest.raises(InputError) as unknown:
            await house.desk.settling.link(second.break_id, [wrong], by="Bob", reason="who knows")
        assert unknown.value.code == "break_rows_unknown"


async def test_two_who_settle_one_break_at_once_settle_it_once(house: House) -> None:
    one = await unknown_payment(house)
    account = await house.till.account("Mei", currency="CNY")

    async def settle(number: int) -> str:
        try:
            if number % 2:
                await house.desk.settling.ignore(one.break_id, by=f"Person {number}", reason="not ours")
            else:
                await house.desk.money_settling.credit(
                    one.break_id,
                    account_id=account,
                    by=f"Person {number}",
                    reason="hers",
                    amount=number * NANOS + NANOS,
                )
        except CounterfoilError as error:
            return error.code
        return "done"

    outcomes = await asyncio.gather(*(settle(number) for number in range(8)))
    assert sorted(outcomes) == ["break_not_open"] * 7 + ["done"]
    view = await house.desk.breaks.view(one.break_id)
    assert len(view.settlements) == 1
    credited = await house.till.ledger.balance(account)
    assert credited.posted == (view.settlements[0].amount or 0)
    await house.till.verified()


async def test_a_credit_waits_for_another_person_and_is_posted_with_the_break_as_its_cause(two_people: House) -> None:
    house = two_people
    one = await unknown_payment(house)
    account = await house.till.account("Mei", currency="CNY")
    credit = house.desk.money_settling.credit
    approval = await credit(one.break_id, account_id=account, by="Ada", reason="Mei sent a screenshot")
    assert (approval.state, approval.amount, approval.currency) == (ApprovalState.PROPOSED, 25_500_000_000, "CNY")
    again = await credit(one.break_id, account_id=account, by="Ada", reason="once more")
    assert again.approval_id == approval.approval_id
    waiting = await house.desk.breaks.view(one.break_id)
    assert waiting.found.state is BreakState.OPEN
    assert [each.approval_id for each in waiting.proposals] == [approval.approval_id]
    assert [event.what for event in waiting.events] == [BreakEventKind.FOUND, BreakEventKind.PROPOSED]
    assert await house.balance(account) == "0.00"

    await house.till.approvals.approve(approval.approval_id, by="Bob")
    assert await house.balance(account) == "25.50"
    view = await house.desk.breaks.view(one.break_id)
    assert (view.found.state, view.events[-1].what, view.events[-1].facts["approved_by"]) == (
        BreakState.SETTLED, BreakEventKind.CREDITED, "Bob",
    )  # fmt: skip
    (transfer,) = await house.till.ledger.transfers(account)
    assert transfer.cause_id.startswith(show_id("break", one.break_id))
    assert (transfer.debit, transfer.amount) == ("clearing:bank", 25_500_000_000)
    assert await house.run(one.first_day) == []


async def test_what_is_rejected_leaves_the_break_open(two_people: House) -> None:
    house = two_people
    one = await unknown_payment(house)
    approval = await house.desk.money_settling.write_off(one.break_id, by="Ada", reason="too small to look for")
    assert approval.account_id is None
    await house.till.approvals.reject(approval.approval_id, by="Bob", reason="it is not")
    assert (await house.desk.breaks.find(one.break_id)).state is BreakState.OPEN


async def test_a_credit_is_undone_by_an_entry_of_its_own(house: House) -> None:
    one = await unknown_payment(house)
    account = await house.till.account("Mei", currency="CNY")
    await house.desk.money_settling.credit(one.break_id, account_id=account, by="Ada", reason="hers")
    with pytest.raises(Conflict) as refused:
        await house.desk.settling.reopen(one.break_id, by="Ada", reason="not hers")
    assert refused.value.code == "break_not_reopenable"
    await house.desk.money_settling.undo(one.break_id, by="Ada", reason="not hers")
    assert await house.balance(account) == "0.00"
    view = await house.desk.breaks.view(one.break_id)
    assert view.found.state is BreakState.OPEN
    assert [each.action for each in view.settlements] == [SettlementAction.CREDIT, SettlementAction.UNDO]
    assert view.settlements[0].undone_by == view.settlements[1].settlement_id
    with pytest.raises(NotFound):
        await house.desk.money_settling.undo(one.break_id, by="Ada", reason="twice")
    await house.desk.money_settling.credit(one.break_id, account_id=account, by="Ada", reason="hers after all")
    assert await house.balance(account) == "25.50"
    await house.till.verified()


async def test_an_order_that_was_paid_is_paid_by_crediting_its_break(house: House) -> None:
    await house.add_source()
    day = house.day
    account = await house.till.account("Mei")
    order = await house.till.order(account, "bank", "10")
    await house.import_rows(Row(trade="T1", order=order.number))
    house.next_day()
    (one,) = await house.run(day)
    await house.desk.money_settling.credit(one.break_id, by="Ada", reason="the bank has it")
    paid = await house.till.orders.order(order.order_id)
    assert paid.state is OrderState.PAID
    assert await house.till.transfers_of(paid) == 1
    view = await house.desk.breaks.view(one.break_id)
    assert (view.found.state, view.settlements[0].facts) == (BreakState.SETTLED, {"order": order.order_id.hex})
    with pytest.raises(Conflict) as refused:
        await house.desk.money_settling.undo(
            one.break_id, by="Ada", reason="no", settlement_id=view.settlements[0].settlement_id
        )
    assert refused.value.code == "settlement_not_undoable"
    assert await house.run(day) == []


async def test_a_balance_is_adjusted_by_what_came_too_little(house: House) -> None:
    await house.add_source()
    day = house.day
    account = await house.till.account("Mei", currency="CNY")
    await house.till.terms.set_rate(paid_currency="CNY", wallet_currency="CNY", rate=NANOS, ratio=NANOS, by="t")
    order = await house.paid_order("T1", "10", account)
    await house.import_rows(Row(trade="T1", order=order.number, amount="9.00"))
    house.next_day()
    (one,) = await house.run(day)
    assert (one.break_class, one.account_id, one.difference) == (BreakClass.AMOUNT_UNDER, account, -NANOS)
    await house.desk.money_settling.adjust(one.break_id, by="Ada", reason="the bank kept one")
    assert await house.balance(account) == "9.00"
    assert await house.till.name_of("clearing:bank", "CNY") == -9 * NANOS
    await house.till.verified()


async def test_an_amount_in_another_currency_is_never_converted(house: House) -> None:
    one = await unknown_payment(house)
    account = await house.till.account("Mei", currency="USD")
    credit = house.desk.money_settling.credit
    with pytest.raises(Conflict) as refused:
        await credit(one.break_id, account_id=account, by="Ada", reason="hers")
    assert refused.value.code == "settlement_currency"
    with pytest.raises(InputError) as missing:
        await credit(one.break_id, by="Ada", reason="somebody's")
    assert missing.value.code == "break_account_missing"
    await credit(one.break_id, account_id=account, amount=3 * NANOS, by="Ada", reason="hers, at 8.5")
    assert await house.balance(account) == "3.00"


async def test_an_overpayment_is_refunded_to_the_payer(house: House) -> None:
    await house.add_source()
    day = house.day
    order = await house.paid_order("T1", "10")
    await house.import_rows(Row(trade="T1", order=order.number, amount="12.00"))
    house.next_day()
    (one,) = await house.run(day)
    assert one.break_class is BreakClass.AMOUNT_OVER
    await house.desk.money_settling.refund(one.break_id, by="Ada", reason="paid two too much")
    view = await house.till.orders.view(order.order_id)
    assert [refund.amount for refund in view.refunds] == [2 * NANOS]
    assert (await house.desk.breaks.find(one.break_id)).state is BreakState.SETTLED


async def test_remarks_and_reasons_are_redacted_before_they_are_stored(house: House) -> None:
    one = await unknown_payment(house)
    secret = "sk-ant-api03-" + "a1B2" * 20
    await house.desk.settling.remark(one.break_id, f"the customer sent {secret}", by="Ada")
    await house.desk.settling.ignore(one.break_id, by="Ada", reason=f"see {secret}")
    assert secret not in house.stored()


async def test_what_is_approved_after_the_late_line_came_moves_no_money(two_people: House) -> None:
    house = two_people
    await house.add_source(settling_seconds=0)
    day = house.day
    account = await house.till.account("Mei")
    order = await house.till.order(account, "bank", "10")
    proposed = await house.till.refunds.propose_confirmation(order.order_id, number="T1", reason="seen", by="Ann")
    await house.till.approvals.approve(proposed.approval_id, by="Bob")
    paid = await house.till.orders.order(order.order_id)
    await house.import_rows(Row(trade="T0", amount="3.00"))
    house.next_day()
    missing = {one.break_class: one for one in await house.run(day)}[BreakClass.MISSING_EXTERNAL]
    approval = await house.desk.money_settling.write_off(missing.break_id, by="Ada", reason="it will not come")
    await house.import_rows(Row(trade="T1", order=order.number, at=paid.paid_at), name="late.csv")
    await house.run(day)
    with pytest.raises(Conflict) as refused:
        await house.till.approvals.approve(approval.approval_id, by="Bob")
    assert refused.value.code == "break_not_open"
    view = await house.desk.breaks.view(missing.break_id)
    assert (view.found.state, list(view.settlements)) == (BreakState.CLOSED_BY_ITSELF, [])
    assert (await house.till.approvals.find(approval.approval_id)).state is ApprovalState.PROPOSED


async def test_an_ambiguous_break_is_settled_by_choosing_one_of_its_suggestions(house: House) -> None:
    await house.add_source(settling_seconds=0)
    day = house.day
    order = await house.paid_order("T1", "10")
    await house.import_rows(Row(trade="T2"), Row(trade="T3"))
    house.next_day()
    found = await house.run(day)
    one = next(each for each in found if each.break_class is BreakClass.AMBIGUOUS)
    view = await house.desk.breaks.view(one.break_id)
    assert sorted(row for each in view.suggestions for row in each.theirs) == sorted(one.alternatives)
    assert len(one.alternatives) == 2
    assert [each for each in await house.desk.breaks.matches(most=50) if f"order:{order.order_id.hex}" in each.ours
            and each.theirs and each.theirs[0].startswith("line:")] == []  # fmt: skip
    await house.desk.settling.link(one.break_id, [one.alternatives[0]], by="Ada", reason="the payer's name fits")
    assert await house.desk.breaks.matches(suggested=True) == []
    (left,) = await house.run(day)
    assert (left.break_class, left.theirs) == (BreakClass.MISSING_INTERNAL, (one.alternatives[1],))


async def test_what_was_written_off_is_added_up_with_its_sign_until_it_is_undone(house: House) -> None:
    await house.add_source()
    day = house.day
    order = await house.paid_order("T1", "10")
    await house.import_rows(Row(trade="T1", order=order.number, amount="9.00"), Row(trade="T2", amount="3.00"))
    house.next_day()
    for one in await house.run(day):
        await house.desk.money_settling.write_off(one.break_id, by="Ada", reason="not worth the postage")
    assert await house.standing() == []

    async def amounts() -> list[tuple[str | None, str, int]]:
        found = await house.desk.breaks.written_off(begins=0, ends=house.clock.now() + 1)
        return [(one.source, one.currency, one.amount) for one in found]

    assert await amounts() == [("bank", "CNY", 2 * NANOS)]
    under = next(one for one in await house.desk.breaks.list(state=BreakState.SETTLED) if one.difference == -NANOS)
    await house.desk.money_settling.undo(under.break_id, by="Ada", reason="it came")
    assert await amounts() == [("bank", "CNY", 3 * NANOS)]
    assert (await house.desk.breaks.find(under.break_id)).state is BreakState.OPEN
