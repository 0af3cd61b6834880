"""Holds, decided: what is reserved, consumed, released and charged beyond. Rules only, no database."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import Broken, Conflict, HoldEnded, InputError, OperationKeyReused
from counterfoil.ledger import rules
from counterfoil.ledger.draft import Draft
from counterfoil.ledger.model import (
    BREAKAGE,
    PROMOTIONS,
    REVENUE,
    UNCOLLECTED,
    WALLET,
    Change,
    Grant,
    GrantKind,
    GrantState,
    Hold,
    HoldEnd,
    Refused,
    Wallet,
)
from ledger.examples import (
    DAY,
    MINUTE,
    NOW,
    assert_whole,
    authorize,
    capture,
    expire,
    grant,
    hold_of,
    moved,
    new_id,
    void,
    wallet,
    with_other_intent,
)

LARGEST = 2**63 - 1


def place(money: Wallet, amount: int, **fields: Any) -> Change:
    draft = Draft(money, clock_now=fields.pop("clock_now", NOW), new_id=new_id)
    return rules.hold(draft, authorize(amount, **fields), amount)


def resolve(money: Wallet, command: Any, held: Hold, *, clock_now: int = NOW) -> Change:
    return rules.resolve(money, command, held, clock_now=clock_now, new_id=new_id)


states = st.sampled_from([GrantState.OPEN, GrantState.OPEN, GrantState.OPEN, GrantState.FROZEN])
grants = st.lists(
    st.builds(
        grant,
        st.integers(1, 50),
        priority=st.integers(1, 3),
        expires_at=st.sampled_from([None, NOW + DAY, NOW + 2 * DAY]),
        kind=st.sampled_from(GrantKind),
        created_at=st.integers(NOW - 3, NOW),
        state=states,
    ),
    min_size=1,
    max_size=5,
)


@given(grants, st.data())
def test_l6_a_hold_reserves_open_grants_in_burn_order(several: list[Grant], data: st.DataObject) -> None:
    money = wallet(*several)
    amount = data.draw(st.integers(0, money.spendable))
    change = place(money, amount)
    assert isinstance(change.outcome, Hold)
    assert_whole(money, change)
    expected, left = [], amount
    by_hand = sorted(
        several,
        key=lambda g: (
            g.priority, g.expires_at is None, g.expires_at or 0,
            ["promotional", "compensation", "paid"].index(g.kind), g.created_at, g.grant_id.int,
        ),
    )  # fmt: skip
    for each in by_hand:
        if each.state is GrantState.OPEN and left:
            expected.append((each.grant_id, min(left, each.remaining)))
            left -= expected[-1][1]
    assert list(change.outcome.reservations) == expected
    assert change.wallet.spendable == money.spendable - amount
    assert change.transfers == ()


@given(grants, st.integers(0, 100), st.data())
def test_l3_l10_a_capture_consumes_in_order_and_releases_the_rest(
    several: list[Grant], cost: int, data: st.DataObject
) -> None:
    start = wallet(*several)
    placed = place(start, data.draw(st.integers(0, start.spendable)))
    money, held = placed.wallet, placed.outcome
    assert isinstance(held, Hold)
    change = resolve(money, capture(held, cost), held)
    end = change.outcome
    assert isinstance(end, HoldEnd)
    assert_whole(money, change)
    assert end.captured == min(cost, held.amount)
    assert end.captured + end.released == held.amount
    assert end.overage == min(cost - end.captured, start.spendable - held.amount)
    assert end.captured + end.overage + end.uncollected == cost
    assert moved(change.transfers).get(REVENUE, 0) == cost
    assert -moved(change.transfers).get(UNCOLLECTED, 0) == end.uncollected
    assert change.wallet.posted == money.posted - end.charged
    charges = [(row.grant_id, row.amount) for row in change.transfers if row.code == "charge"]
    expected, left = [], end.captured
    for grant_id, reserved in held.reservations:
        if left:
            expected.append((grant_id, min(left, reserved)))
            left -= expected[-1][1]
    assert charges == expected
    assert change.wallet.held == 0


@pytest.mark.parametrize("command", [void, expire])
def test_l3_a_void_and_an_expiry_release_all_of_a_hold(command: Any) -> None:
    first, second = grant(5, held=5), grant(8, held=3)
    held = hold_of((first, 5), (second, 3))
    money = wallet(first, second)
    change = resolve(money, command(held), held, clock_now=held.expires_at)
    assert isinstance(change.outcome, HoldEnd)
    assert (change.outcome.captured, change.outcome.released, change.transfers) == (0, 8, ())
    assert (change.wallet.posted, change.wallet.held, change.wallet.spendable) == (13, 0, 13)
    assert_whole(money, change)


def test_a_hold_cannot_expire_before_it_is_due() -> None:
    each = grant(5, held=5)
    held = hold_of((each, 5), expires_at=NOW + MINUTE)
    with pytest.raises(Conflict) as error:
        resolve(wallet(each), expire(held), held, clock_now=NOW + MINUTE - 1)
    assert error.value.code == "hold_not_due"
    assert resolve(wallet(each), expire(held), held, clock_now=NOW + MINUTE).wallet.held == 0


def test_a_capture_that_comes_before_the_expiry_has_been_recorded_wins_however_late() -> None:
    each = grant(5, held=5)
    held = hold_of((each, 5), expires_at=NOW + MINUTE)
    end = resolve(wallet(each), capture(held, 4), held, clock_now=NOW + DAY).outcome
    assert isinstance(end, HoldEnd)
    assert (end.verb, end.captured) == ("captured", 4)


def test_l10_overage_is_charged_in_burn_order_from_open_money_only() -> None:
    reserved = grant(5, held=5, priority=1)
    frozen = grant(50, priority=2, state=GrantState.FROZEN)
    other_hold = grant(7, held=4, priority=3)
    last = grant(2, priority=4)
    held = hold_of((reserved, 5))
    change = resolve(wallet(reserved, frozen, other_hold, last), capture(held, 20), held)
    end = change.outcome
    assert isinstance(end, HoldEnd)
    assert (end.captured, end.overage, end.uncollected) == (5, 5, 10)
    assert [(r.code, r.amount, r.grant_id) for r in change.transfers] == [
        ("charge", 5, reserved.grant_id), ("overage", 3, other_hold.grant_id), ("overage", 2, last.grant_id),
        ("uncollected", 10, None),
    ]  # fmt: skip
    assert {r.operation_key for r in change.transfers} == {f"capture:{held.hold_id.hex}"}
    assert [r.leg for r in change.transfers] == [1, 2, 3, 4]


def test_l11_every_charge_names_its_request_or_task() -> None:
    each = grant(9, held=5)
    held = hold_of((each, 5), cause_kind="task")
    change = resolve(wallet(each), capture(held, 12), held)
    assert {(r.cause_kind, r.cause_id) for r in change.transfers} == {("task", held.cause_id.hex)}


# -- grants that end meanwhile -------------------------------------------------------------------------------------


def test_each_command_first_ends_the_grants_that_are_due() -> None:
    due, later = grant(6, expires_at=NOW + DAY), grant(4, expires_at=NOW + 2 * DAY)
    change = place(wallet(due, later), 3, clock_now=NOW + DAY)
    assert isinstance(change.outcome, Hold)
    assert change.outcome.reservations == ((later.grant_id, 3),)
    (breakage,) = change.transfers
    assert (breakage.debit, breakage.credit, breakage.amount, breakage.code) == (WALLET, BREAKAGE, 6, "breakage")
    assert (breakage.cause_kind, breakage.cause_id) == ("grant", due.grant_id.hex)
    assert breakage.event_no < change.outcome.event_no
    assert change.wallet.next_expiry == NOW + 2 * DAY
    assert_whole(wallet(due, later), change)


def test_a_refusal_also_ends_the_grants_that_are_due() -> None:
    draft = Draft(wallet(grant(6, expires_at=NOW)), clock_now=NOW, new_id=new_id)
    change = rules.refuse(draft, authorize(9), code="account_balance", needed=9, recorded=True, detail=None)
    assert isinstance(change.outcome, Refused)
    assert (change.outcome.spendable, change.wallet.posted) == (0, 0)
    assert [row.code for row in change.transfers] == ["breakage"]


def test_a_frozen_grant_does_not_end_when_it_is_due() -> None:
    frozen = grant(6, expires_at=NOW, state=GrantState.FROZEN)
    change = place(wallet(frozen, grant(1)), 1, clock_now=NOW + DAY)
    assert change.transfers == ()
    assert change.wallet.posted == 7


def test_what_a_grant_reserves_outlasts_its_end_and_can_still_be_captured() -> None:
    each = grant(10, expires_at=NOW + MINUTE)
    placed = place(wallet(each), 7)
    assert isinstance(placed.outcome, Hold)
    change = resolve(placed.wallet, capture(placed.outcome, 5), placed.outcome, clock_now=NOW + MINUTE)
    assert [(r.code, r.credit, r.amount) for r in change.transfers] == [
        ("breakage", BREAKAGE, 3), ("charge", REVENUE, 5), ("grant_ended", BREAKAGE, 2),
    ]  # fmt: skip
    assert (change.wallet.posted, change.wallet.held) == (0, 0)
    assert_whole(placed.wallet, change)


@pytest.mark.parametrize("destination", [BREAKAGE, PROMOTIONS, "clearing:stripe", UNCOLLECTED])
@pytest.mark.parametrize("cost", [0, 2, 3, 5])
def test_what_a_hold_releases_into_an_ended_grant_posts_to_its_destination(destination: str, cost: int) -> None:
    ended = grant(3, held=3, amount=10, priority=1, state=GrantState.ENDED, destination=destination)
    still_open = grant(4, held=2, priority=2)
    held = hold_of((ended, 3), (still_open, 2))
    money = wallet(ended, still_open)
    change = resolve(money, capture(held, cost), held)
    released = max(0, 3 - cost)
    assert moved(change.transfers).get(destination, 0) == released
    assert moved(change.transfers).get(REVENUE, 0) == cost
    assert change.wallet.posted == 7 - cost - released
    assert_whole(money, change)


def test_what_a_hold_releases_into_a_frozen_grant_stays_there() -> None:
    frozen = grant(10, held=4, state=GrantState.FROZEN)
    held = hold_of((frozen, 4))
    change = resolve(wallet(frozen), void(held), held)
    assert (change.wallet.posted, change.wallet.held, change.wallet.spendable) == (10, 0, 0)
    change = resolve(wallet(frozen), capture(held, 6), held)
    assert isinstance(change.outcome, HoldEnd)
    assert (change.outcome.captured, change.outcome.overage, change.outcome.uncollected) == (4, 0, 2)


# -- time ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(-3 * DAY, 3 * DAY), min_size=1, max_size=8))
def test_command_time_never_runs_backwards(moves: list[int]) -> None:
    money, times, clock_now = wallet(grant(1000)), [], NOW
    for move in moves:
        clock_now += move
        change = place(money, 1, clock_now=clock_now)
        assert isinstance(change.outcome, Hold)
        assert change.outcome.created_at == max(clock_now, money.last_at) == change.wallet.last_at
        assert change.outcome.expires_at == change.wallet.last_at + 5 * MINUTE
        times.append(change.outcome.created_at)
        money = change.wallet
    assert times == sorted(times)


def test_every_decision_takes_the_next_event_number() -> None:
    money = wallet(grant(5))
    placed = place(money, 2)
    draft = Draft(placed.wallet, clock_now=NOW, new_id=new_id)
    refused = rules.refuse(draft, authorize(9), code="account_balance", needed=9, recorded=True, detail=None)
    assert isinstance(placed.outcome, Hold)
    assert isinstance(refused.outcome, Refused)
    end = resolve(refused.wallet, void(placed.outcome), placed.outcome).outcome
    assert isinstance(end, HoldEnd)
    assert [placed.outcome.event_no, refused.outcome.event_no, end.event_no] == [5, 6, 7]


def test_l5_a_refusal_that_shares_a_row_changes_nothing_at_all() -> None:
    money = wallet(grant(5))
    draft = Draft(money, clock_now=NOW + DAY, new_id=new_id)
    change = rules.refuse(draft, authorize(9), code="rate_limited", needed=9, recorded=False, detail="x")
    assert change.wallet._replace(revision=money.revision) == money
    assert change.transfers == change.grants == ()


# -- the same key again --------------------------------------------------------------------------------------------


def test_l4_an_authorization_repeated_with_the_same_intent_gets_its_first_answer() -> None:
    command, money = authorize(5), wallet(grant(5))
    first = place(money, 5, hold_id=command.hold_id)
    assert isinstance(first.outcome, Hold)
    again = rules.repeat_authorize(first.wallet, command, first.outcome)
    assert (again.outcome, again.wallet, again.replayed) == (first.outcome, first.wallet, True)


@pytest.mark.parametrize(
    ("first", "second", "field"),
    [
        ("model=a;asked=5", "model=a;asked=6", "asked"),
        ("model=a;asked=5", "model=b;asked=5", "model"),
        ("model=a", "model=a;asked=5", "asked"),
        ("a=1;b=2", "b=2;a=1", "intent"),
        ("", "a=1", "a"),
        ("model=a;b", "model=a;c", "b"),
    ],
)
def test_l4_another_intent_is_refused_and_names_the_field(first: str, second: str, field: str) -> None:
    held = hold_of((grant(5, held=5), 5), intent=first)
    with pytest.raises(OperationKeyReused) as error:
        rules.repeat_authorize(wallet(), replace(authorize(5), hold_id=held.hold_id, intent=second), held)
    assert error.value.parameters == {"field": field}


_RESOLVERS = {"captured": lambda held: capture(held, 3), "voided": void, "expired": expire}


@pytest.mark.parametrize("first", _RESOLVERS)
@pytest.mark.parametrize("second", _RESOLVERS)
def test_l3_a_second_resolver_learns_how_the_hold_ended(first: str, second: str) -> None:
    each = grant(5, held=5)
    held = hold_of((each, 5), expires_at=NOW)
    done = resolve(wallet(each), _RESOLVERS[first](held), held)
    assert isinstance(done.outcome, HoldEnd)
    if first == second:
        again = rules.repeat_end(done.wallet, _RESOLVERS[second](held), done.outcome)
        assert again.outcome == done.outcome
        with pytest.raises(OperationKeyReused):
            rules.repeat_end(done.wallet, with_other_intent(_RESOLVERS[second](held)), done.outcome)
        return
    with pytest.raises(HoldEnded) as error:
        rules.repeat_end(done.wallet, _RESOLVERS[second](held), done.outcome)
    assert error.value.code == f"hold_{first}"


# -- amounts that nobody means -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cost", [-1, -(2**63), 2**63, 2**80])
def test_a_cost_that_no_bigint_holds_is_refused(cost: int) -> None:
    each = grant(5, held=5)
    held = hold_of((each, 5))
    with pytest.raises(InputError):
        resolve(wallet(each), capture(held, cost), held)


@pytest.mark.parametrize("amount", [-1, -(2**63)])
def test_a_negative_hold_is_refused(amount: int) -> None:
    with pytest.raises(InputError):
        place(wallet(grant(5)), amount)


@pytest.mark.parametrize("expires_in", [-1, 2**63 - 1 - NOW + 1, 2**70])
def test_a_hold_that_expires_beyond_time_is_refused(expires_in: int) -> None:
    with pytest.raises(InputError):
        place(wallet(grant(5)), 5, expires_in=expires_in)


def test_the_largest_amounts_are_exact() -> None:
    placed = place(wallet(grant(LARGEST)), LARGEST)
    assert isinstance(placed.outcome, Hold)
    change = resolve(placed.wallet, capture(placed.outcome, LARGEST), placed.outcome)
    assert isinstance(change.outcome, HoldEnd)
    assert (change.outcome.captured, change.wallet.posted) == (LARGEST, 0)
    small = grant(1, held=1)
    end = resolve(wallet(small), capture(hold_of((small, 1)), LARGEST), hold_of((small, 1))).outcome
    assert isinstance(end, HoldEnd)
    assert end.uncollected == LARGEST - 1


def test_a_guard_that_permits_more_than_there_is_breaks_loudly() -> None:
    with pytest.raises(Broken) as error:
        place(wallet(grant(5)), 6)
    assert error.value.code == "reservation_short"
