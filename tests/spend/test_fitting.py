"""How much is held: what fits, what the group's price tier makes of it, and what an estimate says beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterfoil.foundation.periods import Window
from counterfoil.limits.model import GroupSettings, Scope, Unit
from counterfoil.pricing.model import Usage
from counterfoil.pricing.rules import recompute
from spend.market import NANOS, TOKEN, Customer, Market, Till


async def test_a_small_balance_is_served_what_fits(market: Market, till: Till) -> None:
    customer = await market.customer(credit=5 * NANOS)
    admission = await till.admitted(customer, cap=32_000)
    assert (admission.output_cap, admission.hold.amount, admission.spendable) == (5_000, 5 * NANOS, 0)
    assert (await till.deliver(admission, 300)).charged == 300 * TOKEN

    again = await till.admitted(customer, cap=32_000)
    assert again.output_cap == 4_700
    view = await till.spend.request(again.request_id)
    assert (view.output_cap, view.needed_nanos, view.held_nanos) == (4_700, 4_700 * TOKEN, 4_700 * TOKEN)


async def test_every_scope_lowers_the_cap_to_its_own_room(market: Market, till: Till) -> None:
    customer = await market.customer(credit=20 * NANOS, group=GroupSettings(name="research"))
    assert (await _cap(market, till, customer)) == 20_000
    for scope, amount, unit, window in (
        (Scope.ACCOUNT, 12 * NANOS, Unit.MONEY, Window.MONTH),
        (Scope.GROUP, 8 * NANOS, Unit.MONEY, Window.DAY),
        (Scope.ACCOUNT, 6 * NANOS, Unit.MONEY, Window.REQUEST),
        (Scope.KEY, 4 * NANOS, Unit.MONEY, Window.LIFETIME),
        (Scope.KEY, 3_232, Unit.TOKENS, Window.MINUTE),
    ):
        await market.limit(customer, scope, amount, unit=unit, window=window)
        cap = await _cap(market, till, customer)
        # 400 bytes of input are at most 200 tokens, and 40 of frame.
        assert cap == (amount // TOKEN if unit is Unit.MONEY else amount - 240)


async def _cap(market: Market, till: Till, customer: Customer) -> int:
    """The cap of a call for 32,000 tokens, which then fails."""
    admission = await till.admitted(customer, cap=32_000)
    await till.fail(admission)
    return admission.output_cap


async def test_below_the_floor_it_is_refused_and_told_what_would_pass(market: Market, till: Till) -> None:
    customer = await market.customer(credit=1_000 * TOKEN)
    refused = await till.refused(customer, cap=32_000)
    assert (refused.code, refused.decision.passing_cap) == ("account_balance", 1_000)
    assert refused.decision.needed_nanos == 1_024 * TOKEN
    assert (await till.admitted(customer, cap=1_000)).output_cap == 1_000


async def test_strict_refuses_what_does_not_fit_whole(market: Market) -> None:
    customer = await market.customer(credit=5 * NANOS)
    async with market.till(fit=False) as till:
        refused = await till.refused(customer, cap=32_000)
        assert (refused.code, refused.decision.passing_cap) == ("account_balance", 5_000)
        assert refused.decision.needed_nanos == 32_000 * TOKEN
        assert (await till.admitted(customer, cap=5_000)).output_cap == 5_000


async def test_without_a_cap_the_price_books_default_is_held(market: Market, till: Till) -> None:
    customer = await market.customer()
    assert (await till.admitted(customer, cap=None)).output_cap == 1_000


async def test_several_outputs_are_held_for_all(market: Market, till: Till) -> None:
    customer = await market.customer(credit=6 * NANOS)
    admission = await till.admitted(customer, cap=32_000, outputs=3)
    assert (admission.output_cap, admission.hold.amount) == (2_000, 6 * NANOS)


async def test_the_strict_bound_of_input_is_a_token_per_byte(market: Market) -> None:
    customer = await market.customer()
    holds = []
    for strict in (False, True):
        async with market.till(strict_bound=strict) as till:
            holds.append((await till.admitted(customer, model="metered", cap=10, input_bytes=10_000)).hold.amount)
    assert holds[1] - holds[0] == 5_000 * NANOS // 1_000_000


@pytest.mark.parametrize("tier", [1, 333, 500, 1_500, 7_777, 1_000_000])
async def test_the_groups_price_tier_multiplies_hold_and_charge(tier: int, market: Market, till: Till) -> None:
    customer = await market.customer(
        credit=10_000 * NANOS, group=GroupSettings(name="research", price_tier_millis=tier)
    )
    admission = await till.admitted(customer, cap=1_000)
    assert admission.multiplier_millis == tier
    assert admission.hold.amount == 1_000 * TOKEN * tier // 1_000
    charge = await till.deliver(admission, 1_000)
    assert (charge.charged, charge.uncollected) == (1_000 * TOKEN * tier // 1_000, 0)

    view = await till.spend.request(admission.request_id)
    assert view.multiplier_millis == tier
    assert recompute(view.arithmetic or "").amount_nanos == view.charged_nanos
    # What an upstream costs us does not depend on what a customer pays.
    assert view.attempts[0].cost_nanos == 500 * TOKEN


async def test_the_price_tier_counts_for_what_fits_and_for_refusals(market: Market, till: Till) -> None:
    customer = await market.customer(credit=6 * NANOS, group=GroupSettings(name="research", price_tier_millis=2_000))
    decision, _ = await till.spend.estimate(await till.caller(customer), till.arrival(cap=32_000))
    assert (decision.output_cap, decision.needed_nanos) == (3_000, 6 * NANOS)
    admission = await till.admitted(customer, cap=32_000)
    assert (admission.output_cap, admission.hold.amount) == (3_000, 6 * NANOS)
    refused = await till.refused(customer, cap=10)
    view = await till.spend.request(refused.request_id)
    assert (view.code, view.needed_nanos, view.multiplier_millis) == ("account_balance", 20 * TOKEN, 2_000)


async def test_a_charge_follows_the_tier_and_price_of_its_authorization(market: Market, till: Till) -> None:
    customer = await market.customer(group=GroupSettings(name="research", price_tier_millis=2_000))
    admission = await till.admitted(customer)
    assert customer.group_id is not None
    await market.limits.change_group(
        account_id=customer.account_id, group_id=customer.group_id, change=lambda s: replace(s, price_tier_millis=500)
    )
    await market.prices.import_book(
        {"book": "customer", "currency": "USD", "prices": [{"model": "plain", "rates": {"input": "0", "output": "9"}}]}
    )
    assert (await till.deliver(admission, 400)).charged == 800 * TOKEN
    assert (await till.admitted(customer, cap=1_000)).hold.amount == 9_000 * 1_000 // 2


async def test_no_use_within_its_bound_costs_more_than_its_hold(market: Market, till: Till) -> None:
    for tier in (1, 999, 1_001, 3_333):
        customer = await market.customer(
            group=GroupSettings(name="research", price_tier_millis=tier), credit=NANOS * 1_000
        )
        for cap, input_bytes in ((1, 1), (7, 13), (999, 12_345)):
            admission = await till.admitted(customer, model="metered", cap=cap, input_bytes=input_bytes)
            usage = Usage(counts={"input": input_bytes // 2 + 1, "output": cap})
            charge = await till.deliver(admission, 0, usage=usage)
            assert charge.uncollected == 0
            assert 0 < charge.charged <= admission.hold.amount


async def test_an_estimate_holds_and_records_nothing(market: Market, till: Till) -> None:
    customer = await market.customer(credit=5 * NANOS, show_balance=True)
    limit_id = await market.limit(customer, Scope.KEY, 3 * NANOS)
    before = (await market.rows("SELECT * FROM accounts"))[0]

    decision, show_balance = await till.spend.estimate(await till.caller(customer), till.arrival(cap=32_000))
    assert (decision.code, decision.output_cap, decision.needed_nanos, show_balance) == (None, 3_000, 3 * NANOS, True)
    assert {(check.code, check.needed) for check in decision.checks if check.needed} == {
        ("account_balance", 3 * NANOS),
        ("key_limit", 3 * NANOS),
    }
    refused, _ = await till.spend.estimate(await till.caller(customer), till.arrival(model="unpriced"))
    assert refused.code == "price_missing"

    assert (await market.rows("SELECT * FROM accounts"))[0] == before
    assert await till.spend.requests(customer.account_id) == []
    assert await market.usage(limit_id) == {}


async def test_an_estimate_says_what_the_authorization_decides(market: Market, till: Till) -> None:
    customer = await market.customer(credit=9 * NANOS, group=GroupSettings(name="research", price_tier_millis=1_250))
    await market.limit(customer, Scope.GROUP, 7 * NANOS, window=Window.DAY)
    await market.limit(customer, Scope.KEY, 9_000, unit=Unit.TOKENS, window=Window.MINUTE)
    for cap in (1, 1_024, 2_500, 32_000, 32_000, 1_500):
        arrival = till.arrival(cap=cap)
        caller = await till.caller(customer)
        decision, _ = await till.spend.estimate(caller, arrival)
        outcome = await till.call(customer, cap=cap)
        if decision.passed:
            assert (outcome.output_cap, outcome.hold.amount) == (decision.output_cap, decision.needed_nanos)  # type: ignore[union-attr]
        else:
            assert outcome.code == decision.code  # type: ignore[union-attr]
            assert outcome.decision.checks == decision.checks  # type: ignore[union-attr]


async def test_access_asks_the_key_and_nothing_else(market: Market, till: Till) -> None:
    customer = await market.customer(credit=0, allowed_models=("gpt-*",))
    access = await till.spend.access(await till.caller(customer), "192.0.2.7")
    assert access.decision.passed
    await market.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
    access = await till.spend.access(await till.caller(customer), "192.0.2.7")
    assert access.decision.code == "key_disabled"
