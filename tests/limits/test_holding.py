"""How much is held: the largest output cap that every check permits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.periods import Window
from counterfoil.limits.model import Ask, Policy, Scope, Unit, WalletView
from limits.examples import UNIT, Call, limit

# Ten units per million output tokens: a cap of 1000 costs 10,000,000 nanos and the base.
ASK = Ask(base_nanos=5, output_nanos_per_million=10 * UNIT, input_tokens=100, floor_cap=1024, asked_cap=32_000)


def wallet(nanos: int) -> WalletView:
    return WalletView(spendable=nanos, currency="USD", account_status="active")


def test_a_small_balance_that_asks_for_much_output_is_served_what_fits() -> None:
    decision = Call(ask=ASK, wallet=wallet(20_000_000)).decide()
    assert decision.passed
    assert decision.output_cap == 1999
    assert decision.needed_nanos == 19_990_005


def test_below_the_floor_it_is_refused_and_the_floors_cost_is_what_it_needed() -> None:
    decision = Call(ask=ASK, wallet=wallet(10_000_000)).decide()
    assert decision.code == "account_balance"
    assert decision.needed_nanos == 10_240_005
    assert decision.passing_cap == 999


def test_strict_refuses_what_does_not_fit_and_names_the_cap_that_would_pass() -> None:
    decision = Call(ask=replace(ASK, policy=Policy.STRICT), wallet=wallet(20_000_000)).decide()
    assert decision.code == "account_balance"
    assert decision.needed_nanos == 320_000_005
    assert decision.passing_cap == 1999


def test_no_cap_is_named_where_less_output_is_not_all_it_takes() -> None:
    call = Call(ask=ASK, wallet=wallet(10_000_000))
    in_flight = limit(1, Scope.KEY, 0, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    assert call.with_limit(in_flight).decide().passing_cap is None
    assert call.but(wallet=wallet(4)).decide().passing_cap is None


def test_the_tightest_of_wallet_limits_ceilings_and_tokens_decides_the_cap() -> None:
    call = Call(ask=ASK, wallet=wallet(100_000_000))
    assert call.decide().output_cap == 9999
    call = call.with_limit(limit(1, Scope.GROUP, 100_000_000), used=10_000_000, held=10_000_000)
    assert call.decide().output_cap == 7999
    call = call.with_limit(limit(2, Scope.KEY, 60_000_000, window=Window.REQUEST))
    assert call.decide().output_cap == 5999
    call = call.with_limit(limit(3, Scope.KEY, 10_000, unit=Unit.TOKENS, window=Window.MINUTE), used=7000)
    assert call.decide().output_cap == 2900


def test_several_outputs_take_their_tokens_each() -> None:
    call = Call(ask=replace(ASK, outputs=4), wallet=wallet(UNIT))
    call = call.with_limit(limit(1, Scope.KEY, 20_100, unit=Unit.TOKENS, window=Window.MINUTE))
    decision = call.decide()
    assert (decision.output_cap, decision.needed_tokens) == (5000, 20_100)


def test_a_fixed_cost_needs_exactly_itself() -> None:
    image = Ask(base_nanos=UNIT)
    assert Call(ask=image, wallet=wallet(UNIT)).decide().needed_nanos == UNIT
    refused = Call(ask=image, wallet=wallet(UNIT - 1)).decide()
    assert (refused.code, refused.passing_cap) == ("account_balance", None)


def test_a_call_that_costs_nothing_passes_with_an_empty_wallet() -> None:
    assert Call(ask=Ask(base_nanos=0), wallet=wallet(0)).decide().passed


def test_an_amount_lowered_below_what_is_used_blocks_even_that() -> None:
    call = Call(ask=Ask(base_nanos=0)).with_limit(limit(1, Scope.KEY, UNIT), used=UNIT + 1)
    decision = call.decide()
    assert decision.code == "key_limit"
    assert decision.failing[0].remaining == 0


def test_the_floor_is_never_above_what_was_asked() -> None:
    assert Call(ask=replace(ASK, asked_cap=16), wallet=wallet(160_005)).decide().output_cap == 16


amounts = st.integers(0, 10**12)


@given(
    ask=st.builds(
        Ask,
        base_nanos=amounts,
        output_nanos_per_million=st.integers(0, 10**12),
        input_tokens=st.integers(0, 10**6),
        outputs=st.integers(1, 8),
        floor_cap=st.integers(0, 5000),
        asked_cap=st.integers(0, 50_000),
        policy=st.sampled_from(Policy),
    ),
    spendable=amounts,
    quota=amounts,
    used=amounts,
    tokens=st.integers(0, 10**6),
)
def test_the_cap_is_permitted_and_the_next_larger_one_is_not(
    ask: Ask, spendable: int, quota: int, used: int, tokens: int
) -> None:
    call = Call(ask=ask, wallet=wallet(spendable))
    call = call.with_limit(limit(1, Scope.KEY, quota), used=used)
    call = call.with_limit(limit(2, Scope.KEY, tokens, unit=Unit.TOKENS, window=Window.MINUTE))

    def permitted(cap: int) -> bool:
        cost = ask.money(cap)
        return cost <= spendable and used + cost <= quota and ask.tokens(cap) <= tokens

    decision = call.decide()
    if decision.output_cap is None:
        assert not permitted(ask.least_cap)
    else:
        assert ask.least_cap <= decision.output_cap <= ask.asked_cap
        assert permitted(decision.output_cap)
        assert decision.output_cap == ask.asked_cap or not permitted(decision.output_cap + 1)
    if decision.passing_cap is not None:
        assert not decision.passed
        assert permitted(decision.passing_cap)
        assert not permitted(decision.passing_cap + 1)


@pytest.mark.parametrize(("rate", "cap", "nanos"), [(1, 1, 1), (1, 1_000_000, 1), (1, 1_000_001, 2), (0, 5, 0)])
def test_the_cost_of_a_cap_is_rounded_up(rate: int, cap: int, nanos: int) -> None:
    assert Ask(base_nanos=0, output_nanos_per_million=rate).money(cap) == nanos
