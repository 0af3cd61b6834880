"""Grants, decided: where credit comes from, and every sentence of "Grants end". Rules only, no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import Conflict, InputError, LedgerRefused, NotFound
from counterfoil.ledger import grant_rules
from counterfoil.ledger.grant_rules import Facts
from counterfoil.ledger.model import (
    ADJUSTMENTS,
    BREAKAGE,
    COMPENSATION,
    PROMOTIONS,
    REVENUE,
    UNCOLLECTED,
    WALLET,
    Adjust,
    Change,
    ChargeLeg,
    Credit,
    EndGrant,
    Freeze,
    Grant,
    GrantCommand,
    GrantKind,
    GrantState,
    Operation,
    PostUncollected,
    RefundCash,
    RefundCharge,
    RestoreCash,
    Unfreeze,
    Wallet,
)
from ledger.examples import ACCOUNT, DAY, NOW, STRIPE, assert_whole, bonus, credit, grant, new_id, paid, wallet

LARGEST = 2**63 - 1
ENDED: dict[str, Any] = {"state": GrantState.ENDED, "destination": BREAKAGE}


def do(money: Wallet, command: GrantCommand, facts: Facts | None = None, *, clock_now: int = NOW) -> Change:
    change = grant_rules.decide(money, command, facts or Facts(), clock_now=clock_now, new_id=new_id)
    assert_whole(money, change)
    return change


def answer(change: Change) -> dict[str, Any]:
    assert isinstance(change.outcome, Operation)
    return change.outcome.answer


def rows(change: Change) -> list[tuple[str, str, int, str]]:
    return [(row.debit, row.credit, row.amount, row.code) for row in change.transfers]


def after(change: Change, before: Grant) -> Grant:
    return next(each for each in change.grants if each.grant_id == before.grant_id)


# -- credit --------------------------------------------------------------------------------------------------------


def test_a_credit_makes_a_grant_of_each_part_and_l11_names_its_order() -> None:
    change = do(wallet(), credit(paid(10), bonus(3, expires_at=NOW + DAY)))
    assert rows(change) == [(STRIPE, WALLET, 10, "credit"), (PROMOTIONS, WALLET, 3, "credit")]
    assert {(row.cause_kind, row.cause_id) for row in change.transfers} == {("order", "o1")}
    assert [row.operation_key for row in change.transfers] == ["credit:order:o1"] * 2
    assert answer(change)["credited"] == 13
    assert change.wallet.spendable == 13
    assert [each.kind for each in change.wallet.grants] == [GrantKind.PROMOTIONAL, GrantKind.PAID]


@pytest.mark.parametrize(
    "specs",
    [
        (),
        (paid(0),),
        (paid(-5),),
        (paid(LARGEST + 1),),
        (paid(LARGEST), paid(1)),
        (paid(1, origin="nobody"),),
        (paid(1, origin=WALLET),),
        (paid(1, origin="clearing:"),),
        (paid(1, origin="clearing:a\n"),),
        (paid(1, expires_at=NOW),),
        (paid(1, expires_at=LARGEST + 1),),
        (paid(1, priority=-1),),
        (paid(1, priority=2**63),),
    ],
)
def test_a_credit_that_cannot_be_meant_is_refused(specs: tuple[Any, ...]) -> None:
    with pytest.raises(InputError):
        do(wallet(), credit(*specs))


def test_a_balance_that_no_bigint_holds_is_refused() -> None:
    with pytest.raises(InputError):
        do(wallet(grant(LARGEST - 4)), credit(paid(5)))
    assert do(wallet(grant(LARGEST - 5)), credit(paid(5))).wallet.posted == LARGEST


@pytest.mark.parametrize("kind", ["order", "code", "grant", "refund", "adjustment"])
def test_l11_a_credit_names_a_source_that_exists(kind: str) -> None:
    change = do(wallet(), Credit(account_id=ACCOUNT, source_kind=kind, source_id="1", grants=(paid(1),)))
    assert [(row.cause_kind, row.cause_id) for row in change.transfers] == [(kind, "1")]


@pytest.mark.parametrize(
    ("kind", "source"), [("", "1"), ("gift", "1"), ("order", ""), ("order", "a\0b"), ("code", "x" * 201)]
)
def test_l11_a_credit_without_a_readable_source_is_refused(kind: str, source: str) -> None:
    with pytest.raises(InputError):
        do(wallet(), Credit(account_id=ACCOUNT, source_kind=kind, source_id=source, grants=(paid(1),)))


# -- ends ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "code"),
    [(BREAKAGE, "breakage"), (PROMOTIONS, "grant_ended"), (STRIPE, "grant_ended"), (COMPENSATION, "grant_ended")],
)
def test_a_grant_ends_with_a_destination(destination: str, code: str) -> None:
    each = grant(10, held=4)
    change = do(wallet(each), EndGrant(account_id=ACCOUNT, grant_id=each.grant_id, destination=destination))
    assert rows(change) == [(WALLET, destination, 6, code)]
    assert answer(change) == {"ended": 6, "reserved": 4}
    ended = after(change, each)
    assert (ended.state, ended.destination, ended.remaining, ended.held) == (GrantState.ENDED, destination, 4, 4)


def test_a_grant_ends_once() -> None:
    each = grant(4, held=4, **ENDED)
    command = EndGrant(account_id=ACCOUNT, grant_id=each.grant_id, destination=BREAKAGE)
    with pytest.raises(Conflict) as error:
        do(wallet(each), command)
    assert error.value.code == "grant_ended"


def test_a_grant_that_is_due_has_ended_when_a_command_asks_for_it() -> None:
    each = grant(4, expires_at=NOW)
    used_up = grant(0, amount=4, expires_at=NOW)
    for money, facts in ((wallet(each), Facts()), (wallet(), Facts(grants={used_up.grant_id: used_up}))):
        for command in (EndGrant, Freeze):
            target = each if money.grants else used_up
            extra = {"destination": PROMOTIONS} if command is EndGrant else {"source_id": "d1"}
            with pytest.raises(Conflict) as error:
                do(money, command(account_id=ACCOUNT, grant_id=target.grant_id, **extra), facts)
            assert error.value.code == "grant_ended"


@pytest.mark.parametrize("destination", ["", "nobody", WALLET])
def test_a_grant_ends_only_into_a_named_account(destination: str) -> None:
    each = grant(4)
    with pytest.raises(InputError):
        do(wallet(each), EndGrant(account_id=ACCOUNT, grant_id=each.grant_id, destination=destination))


def test_a_grant_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        do(wallet(), EndGrant(account_id=ACCOUNT, grant_id=new_id(), destination=BREAKAGE))


# -- disputes ------------------------------------------------------------------------------------------------------


def test_a_frozen_grant_cannot_be_spent_and_keeps_what_is_reserved() -> None:
    each = grant(10, held=4)
    change = do(wallet(each), Freeze(account_id=ACCOUNT, grant_id=each.grant_id, source_id="d1"))
    assert change.transfers == ()
    assert answer(change) == {"state": "frozen", "remaining": 10, "reserved": 4}
    assert (change.wallet.posted, change.wallet.held, change.wallet.spendable) == (10, 4, 0)
    thawed = do(change.wallet, Unfreeze(account_id=ACCOUNT, grant_id=each.grant_id, source_id="d1"))
    assert thawed.wallet.spendable == 6
    with pytest.raises(Conflict) as error:
        do(change.wallet, Freeze(account_id=ACCOUNT, grant_id=each.grant_id, source_id="d2"))
    assert error.value.code == "grant_frozen_already"


def test_a_grant_that_fell_due_while_it_was_frozen_ends_when_it_is_unfrozen() -> None:
    each = grant(10, held=4, expires_at=NOW, state=GrantState.FROZEN)
    command = Unfreeze(account_id=ACCOUNT, grant_id=each.grant_id, source_id="d1")
    change = do(wallet(each), command, clock_now=NOW + DAY)
    assert rows(change) == [(WALLET, BREAKAGE, 6, "breakage")]
    assert answer(change)["state"] == "ended"


# -- refunds of charges --------------------------------------------------------------------------------------------


def legs_of(*parts: tuple[Grant, int], code: str = "charge") -> list[ChargeLeg]:
    return [ChargeLeg(code=code, amount=amount, grant_id=each.grant_id) for each, amount in parts]


def refund(amount: int | None = None, source: str = "r1") -> RefundCharge:
    return RefundCharge(account_id=ACCOUNT, source_id=source, hold_id=new_id(), amount=amount, reason="bad_answer")


def facts_of(legs: Sequence[ChargeLeg], *grants: Grant) -> Facts:
    return Facts(grants={each.grant_id: each for each in grants}, legs=legs, cause_kind="request", cause_id="q1")


def test_a_refunded_charge_returns_to_its_grants_last_consumed_first() -> None:
    first, second = grant(0, amount=5), grant(2, amount=5)
    legs = legs_of((first, 5), (second, 3))
    change = do(wallet(second), refund(4), facts_of(legs, first, second))
    assert rows(change) == [(REVENUE, WALLET, 3, "refund"), (REVENUE, WALLET, 1, "refund")]
    assert [row.grant_id for row in change.transfers] == [second.grant_id, first.grant_id]
    assert {(row.cause_kind, row.cause_id) for row in change.transfers} == {("request", "q1")}
    assert (after(change, first).remaining, after(change, second).remaining) == (1, 5)
    assert change.wallet.spendable == 6


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.lists(st.integers(1, 9), max_size=6))
def test_refunds_in_parts_give_every_grant_back_what_it_paid_and_no_more(
    charges: list[int], refunds: list[int]
) -> None:
    grants = [grant(0, amount=amount) for amount in charges]
    legs = legs_of(*zip(grants, charges, strict=True))
    money, left = wallet(), sum(charges)
    current = {each.grant_id: each for each in grants}
    for number, amount in enumerate(refunds):
        facts = Facts(grants=current, legs=legs)
        if amount > left:
            with pytest.raises(LedgerRefused):
                do(money, refund(amount, f"r{number}"), facts)
            continue
        change = do(money, refund(amount, f"r{number}"), facts)
        money, left = change.wallet, left - amount
        current |= {each.grant_id: each for each in change.grants}
        legs += [ChargeLeg(code=row.code, amount=row.amount, grant_id=row.grant_id) for row in change.transfers]
    assert money.posted == sum(charges) - left
    expected, back = [], sum(charges) - left
    for amount in reversed(charges):
        expected.append(min(back, amount))
        back -= expected[-1]
    assert [current[each.grant_id].remaining for each in reversed(grants)] == expected


def test_a_refund_without_an_amount_gives_back_all_that_is_left() -> None:
    each = grant(0, amount=9)
    legs = [*legs_of((each, 9)), *legs_of((each, 4), code="refund")]
    assert answer(do(wallet(), refund(), facts_of(legs, each)))["refunded"] == 5


def test_overage_is_refunded_and_what_nobody_paid_is_not() -> None:
    each = grant(0, amount=9)
    legs = [
        *legs_of((each, 5)), *legs_of((each, 4), code="overage"), ChargeLeg(code="uncollected", amount=7, grant_id=None)
    ]  # fmt: skip
    change = do(wallet(), refund(), facts_of(legs, each))
    assert (answer(change)["refunded"], change.wallet.posted) == (9, 9)


def test_nothing_is_refunded_twice() -> None:
    each = grant(4, amount=4)
    legs = [*legs_of((each, 4)), *legs_of((each, 4), code="refund")]
    with pytest.raises(LedgerRefused) as error:
        do(wallet(each), refund(), facts_of(legs, each))
    assert error.value.code == "nothing_to_refund"
    with pytest.raises(LedgerRefused) as error:
        do(wallet(each), refund(1), facts_of(legs, each))
    assert error.value.code == "refund_exceeds_charge"


@pytest.mark.parametrize("amount", [0, -1, -LARGEST])
def test_a_refund_of_nothing_is_refused(amount: int) -> None:
    each = grant(0, amount=4)
    with pytest.raises(InputError):
        do(wallet(), refund(amount), facts_of(legs_of((each, 4)), each))


@pytest.mark.parametrize("how", ["ended", "due", "due_and_used_up"])
def test_a_refund_into_an_ended_grant_becomes_a_compensation_grant_of_thirty_days(how: str) -> None:
    each = {
        "ended": grant(0, amount=9, priority=7, **ENDED),
        "due": grant(2, amount=9, priority=7, expires_at=NOW),
        "due_and_used_up": grant(0, amount=9, priority=7, expires_at=NOW),
    }[how]
    change = do(wallet(each), refund(), facts_of(legs_of((each, 6)), each))
    (made,) = change.wallet.grants
    assert (made.kind, made.remaining, made.priority) == (GrantKind.COMPENSATION, 6, 7)
    assert made.expires_at == NOW + 30 * DAY
    assert (made.source_kind, made.source_id) == ("refund", "r1")
    assert rows(change)[-1] == (REVENUE, WALLET, 6, "refund")


def test_a_refund_into_a_disputed_grant_goes_to_clearing() -> None:
    each = grant(3, amount=9, state=GrantState.FROZEN)
    change = do(wallet(each), refund(), facts_of(legs_of((each, 6)), each))
    assert rows(change) == [(REVENUE, STRIPE, 6, "refund_to_clearing")]
    assert change.wallet.posted == 3


def test_a_refund_into_a_frozen_refund_goes_to_compensation_since_revenue_has_it_already() -> None:
    each = grant(0, amount=9, kind=GrantKind.COMPENSATION, origin=REVENUE, state=GrantState.FROZEN)
    change = do(wallet(), refund(), facts_of(legs_of((each, 6)), each))
    assert rows(change) == [(REVENUE, COMPENSATION, 6, "refund_to_clearing")]


# -- refunds of cash -----------------------------------------------------------------------------------------------


def refund_cash(amount: int, *, returned: bool = False) -> RefundCash:
    return RefundCash(
        account_id=ACCOUNT, source_id="p1", source_kind="order", order_id="o1", amount=amount, already_returned=returned
    )


@given(
    spent=st.integers(0, 10),
    held=st.integers(0, 10),
    bonus_spent=st.integers(0, 5),
    bonus_held=st.integers(0, 5),
    asked=st.integers(1, 14),
)
def test_a_cash_refund_takes_the_unreserved_rest_minus_the_bonus_spent(
    spent: int, held: int, bonus_spent: int, bonus_held: int, asked: int
) -> None:
    rest, bonus_rest = 10 - min(spent, 10), 5 - bonus_spent
    order = grant(rest, amount=10, held=min(held, rest))
    extra = grant(bonus_rest, amount=5, held=min(bonus_held, bonus_rest), kind=GrantKind.PROMOTIONAL, origin=PROMOTIONS)
    other = grant(50, source_id="o2")
    money, facts = wallet(order, extra, other), facts_of((), order, extra)
    allowed = max(0, order.remaining - order.held - bonus_spent)
    if asked > allowed:
        with pytest.raises(LedgerRefused) as error:
            do(money, refund_cash(asked), facts)
        assert error.value.parameters["refundable_nanos"] == allowed
        return
    change = do(money, refund_cash(asked), facts)
    unspent = extra.remaining - extra.held
    expected = [(WALLET, STRIPE, asked, "cash_refund"), (WALLET, PROMOTIONS, unspent, "grant_ended")]
    assert rows(change) == [row for row in expected if row[2]]
    assert change.wallet.posted == money.posted - asked - unspent


def test_unspent_bonus_goes_back_to_promotions_and_what_holds_release_of_it_later_too() -> None:
    order = grant(10)
    extra = grant(5, held=2, kind=GrantKind.PROMOTIONAL, origin=PROMOTIONS)
    change = do(wallet(order, extra), refund_cash(10), facts_of((), order, extra))
    assert answer(change) == {"taken": 10, "covered": 0, "shortfall": 0, "bonus_returned": 3}
    left = after(change, extra)
    assert (left.state, left.destination, left.remaining) == (GrantState.ENDED, PROMOTIONS, 2)


def test_bonus_that_expired_or_came_back_to_promotions_is_not_bonus_spent() -> None:
    order = grant(10)
    extra = grant(0, amount=5, kind=GrantKind.PROMOTIONAL, origin=PROMOTIONS, **ENDED)
    facts = Facts(grants={order.grant_id: order, extra.grant_id: extra}, unspent={extra.grant_id: 4})
    with pytest.raises(LedgerRefused):
        do(wallet(order), refund_cash(10), facts)
    assert answer(do(wallet(order), refund_cash(9), facts))["taken"] == 9
    falls_due = grant(4, amount=5, kind=GrantKind.PROMOTIONAL, origin=PROMOTIONS, expires_at=NOW)
    facts = facts_of((), order, falls_due)
    assert answer(do(wallet(order, falls_due), refund_cash(9), facts))["taken"] == 9


def test_a_grant_whose_cash_has_all_gone_back_ends() -> None:
    order = grant(10)
    change = do(wallet(order), refund_cash(10), facts_of((), order))
    assert after(change, order).state is GrantState.ENDED
    assert change.wallet.posted == 0


def test_a_grant_part_of_whose_cash_has_gone_back_takes_refunds_of_the_rest() -> None:
    order = grant(1, amount=10)
    change = do(wallet(order), refund_cash(1), facts_of((), order))
    assert after(change, order).state is GrantState.OPEN
    emptied = after(change, order)
    back = do(change.wallet, refund(), facts_of(legs_of((emptied, 9)), emptied))
    assert after(back, order).remaining == 9


def test_cash_that_the_provider_has_returned_already_leaves_a_shortfall() -> None:
    order = grant(4, amount=10)
    change = do(wallet(order), refund_cash(10, returned=True), facts_of((), order))
    assert rows(change) == [(WALLET, STRIPE, 4, "cash_refund"), (UNCOLLECTED, STRIPE, 6, "cash_shortfall")]
    assert answer(change) == {"taken": 4, "covered": 0, "shortfall": 6, "bonus_returned": 0}
    assert (change.wallet.posted, after(change, order).state) == (0, GrantState.ENDED)


def test_the_bonus_that_was_spent_does_not_protect_what_the_provider_has_returned() -> None:
    order, extra = grant(10), grant(0, amount=5, kind=GrantKind.PROMOTIONAL, origin=PROMOTIONS)
    change = do(wallet(order), refund_cash(10, returned=True), facts_of((), order, extra))
    assert answer(change)["shortfall"] == 0


def test_what_holds_release_after_all_cash_went_back_repays_the_shortfall() -> None:
    order = grant(8, amount=10, held=6)
    change = do(wallet(order), refund_cash(10, returned=True), facts_of((), order))
    assert answer(change) == {"taken": 2, "covered": 0, "shortfall": 8, "bonus_returned": 0}
    ended = after(change, order)
    assert (ended.state, ended.destination, ended.remaining, ended.held) == (GrantState.ENDED, UNCOLLECTED, 6, 6)


def test_what_holds_release_after_part_of_the_cash_went_back_is_the_customers() -> None:
    order = grant(10, held=8)
    change = do(wallet(order), refund_cash(3, returned=True), facts_of((), order))
    assert answer(change) == {"taken": 2, "covered": 0, "shortfall": 1, "bonus_returned": 0}
    assert after(change, order).state is GrantState.OPEN
    assert (change.wallet.posted, change.wallet.held) == (8, 8)


def test_once_the_rest_of_the_cash_goes_back_too_an_earlier_shortfall_is_repaid() -> None:
    order = grant(9, amount=10)
    facts = Facts(grants={order.grant_id: order}, cash_returned=4)
    change = do(wallet(order), refund_cash(6, returned=True), facts)
    assert rows(change) == [(WALLET, STRIPE, 6, "cash_refund"), (WALLET, UNCOLLECTED, 3, "grant_ended")]


def test_a_refunded_charge_that_lies_in_clearing_pays_for_the_cash_that_went_back() -> None:
    disputed = grant(6, amount=10, state=GrantState.FROZEN)
    facts = Facts(grants={disputed.grant_id: disputed}, in_clearing=4)
    change = do(wallet(disputed), refund_cash(10, returned=True), facts)
    assert rows(change) == [(WALLET, STRIPE, 6, "cash_refund")]
    assert answer(change) == {"taken": 6, "covered": 4, "shortfall": 0, "bonus_returned": 0}


# -- refunds of cash that did not go through ---------------------------------------------------------------------------

RESTORE = RestoreCash(account_id=ACCOUNT, source_id="p1", source_kind="order", order_id="o1")


def undone(taken: int, bonus: int = 0) -> dict[str, int]:
    return {"taken": taken, "covered": 0, "shortfall": 0, "bonus_returned": bonus}


def test_what_a_refused_refund_had_taken_is_back_in_its_grant() -> None:
    order = grant(3, amount=10)
    facts = Facts(grants={order.grant_id: order}, undone=undone(7))
    change = do(wallet(order), RESTORE, facts)
    assert rows(change) == [(STRIPE, WALLET, 7, "cash_restored")]
    assert after(change, order).remaining == 10
    assert answer(change) == {"restored": 7, "bonus_restored": 0, "grants": []}


def test_a_grant_that_ended_with_its_cash_comes_back_as_one_like_it_and_the_bonus_too() -> None:
    order = grant(0, amount=10, **ENDED)
    extra = grant(0, amount=5, kind=GrantKind.PROMOTIONAL, origin=PROMOTIONS, expires_at=NOW + 9, **ENDED)
    facts = Facts(
        grants={order.grant_id: order, extra.grant_id: extra}, unspent={extra.grant_id: 5}, undone=undone(10, 5)
    )
    change = do(wallet(), RESTORE, facts)
    assert rows(change) == [(STRIPE, WALLET, 10, "cash_restored"), (PROMOTIONS, WALLET, 5, "cash_restored")]
    assert {(one.kind, one.amount, one.expires_at, one.source_id) for one in change.wallet.grants} == {
        (GrantKind.PAID, 10, None, "o1"), (GrantKind.PROMOTIONAL, 5, NOW + 9, "o1"),
    }  # fmt: skip
    # And it can be refunded anew, all of it.
    again = {one.grant_id: one for one in change.wallet.grants} | dict(facts.grants)
    more = do(change.wallet, replace(refund_cash(10), source_id="p2"), Facts(grants=again, unspent=facts.unspent))
    assert answer(more) == {"taken": 10, "covered": 0, "shortfall": 0, "bonus_returned": 5}


def test_a_grant_that_would_have_fallen_due_meanwhile_gets_thirty_days() -> None:
    order = grant(0, amount=10, expires_at=NOW, **ENDED)
    change = do(wallet(), RESTORE, Facts(grants={order.grant_id: order}, undone=undone(10)))
    assert [one.expires_at for one in change.wallet.grants] == [NOW + 30 * 24 * 3600 * 1_000_000]


def test_a_refund_that_took_nothing_cannot_be_undone() -> None:
    order = grant(10)
    for nothing in (None, undone(0)):
        with pytest.raises(NotFound) as error:
            do(wallet(order), RESTORE, Facts(grants={order.grant_id: order}, undone=nothing))
        assert error.value.code == "cash_refund_not_found"


def test_a_cash_refund_of_an_order_that_was_never_credited_is_not_found() -> None:
    with pytest.raises(NotFound):
        do(wallet(grant(10, source_id="o2")), refund_cash(1))
    only_bonus = grant(5, kind=GrantKind.PROMOTIONAL)
    with pytest.raises(NotFound):
        do(wallet(only_bonus), refund_cash(1), facts_of((), only_bonus))


@pytest.mark.parametrize("amount", [0, -1, 2**63])
def test_a_cash_refund_of_no_amount_is_refused(amount: int) -> None:
    order = grant(10)
    with pytest.raises(InputError):
        do(wallet(order), refund_cash(amount, returned=True), facts_of((), order))


# -- corrections ---------------------------------------------------------------------------------------------------


def adjust(amount: int, **fields: Any) -> Adjust:
    return Adjust(account_id=ACCOUNT, source_id="a1", amount=amount, **fields)


def test_a_positive_adjustment_is_a_grant_and_names_its_approval() -> None:
    change = do(wallet(), adjust(7))
    assert rows(change) == [(ADJUSTMENTS, WALLET, 7, "adjustment")]
    assert [(row.cause_kind, row.cause_id) for row in change.transfers] == [("adjustment", "a1")]
    assert change.wallet.grants[0].kind is GrantKind.COMPENSATION


def test_a_negative_adjustment_takes_spendable_money_in_burn_order_and_no_more() -> None:
    first, second = grant(5, held=2, priority=1), grant(5, priority=2)
    frozen = grant(9, priority=0, state=GrantState.FROZEN)
    money = wallet(first, second, frozen)
    change = do(money, adjust(-6))
    assert rows(change) == [(WALLET, ADJUSTMENTS, 3, "adjustment"), (WALLET, ADJUSTMENTS, 3, "adjustment")]
    assert (after(change, first).remaining, after(change, second).remaining) == (2, 2)
    with pytest.raises(LedgerRefused) as error:
        do(money, adjust(-9))
    assert error.value.code == "adjustment_exceeds_balance"


@pytest.mark.parametrize(
    "command", [adjust(0), adjust(2**63), adjust(-(2**63)), adjust(1, counterpart=WALLET), adjust(1, expires_at=NOW)]
)
def test_an_adjustment_that_cannot_be_meant_is_refused(command: Adjust) -> None:
    with pytest.raises(InputError):
        do(wallet(grant(5)), command)


def test_what_a_late_success_would_have_cost_is_revenue_that_nobody_paid() -> None:
    command = PostUncollected(account_id=ACCOUNT, hold_id=new_id(), amount=7)
    change = do(wallet(grant(50)), command, Facts(cause_kind="task", cause_id="t1"))
    assert rows(change) == [(UNCOLLECTED, REVENUE, 7, "uncollected")]
    assert change.wallet.posted == 50
    with pytest.raises(InputError):
        do(wallet(), PostUncollected(account_id=ACCOUNT, hold_id=new_id(), amount=0))
