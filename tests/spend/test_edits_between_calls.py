"""What an administrator changes takes effect with the next decision, whatever the engine remembers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from counterfoil.foundation.periods import Window
from counterfoil.ledger.model import Freeze
from counterfoil.limits.model import GroupSettings, Scope, Unit
from spend.market import NANOS, TOKEN, Customer, Market, Till

Edit = Callable[[Market, Customer], Awaitable[object]]


async def _lower_the_limit(market: Market, customer: Customer) -> None:
    await market.limit(customer, Scope.KEY, 1)


async def _new_limit(market: Market, customer: Customer) -> None:
    await market.limit(customer, Scope.GROUP, 1, window=Window.DAY)


async def _new_ceiling(market: Market, customer: Customer) -> None:
    await market.limit(customer, Scope.ACCOUNT, 1, window=Window.REQUEST)


async def _new_rate_limit(market: Market, customer: Customer) -> None:
    await market.limit(customer, Scope.KEY, 0, unit=Unit.REQUESTS, window=Window.MINUTE)


async def _disable_key(market: Market, customer: Customer) -> None:
    await market.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)


async def _disable_group(market: Market, customer: Customer) -> None:
    assert customer.group_id is not None
    await market.limits.disable_group(account_id=customer.account_id, group_id=customer.group_id)


async def _rotate_key(market: Market, customer: Customer) -> None:
    await market.limits.rotate_key(account_id=customer.account_id, key_id=customer.key_id)


async def _suspend(market: Market, customer: Customer) -> None:
    await market.ledger.change_account(customer.account_id, status="suspended")


async def _forbid_model(market: Market, customer: Customer) -> None:
    await market.limits.change_key(
        account_id=customer.account_id,
        key_id=customer.key_id,
        change=lambda settings: replace(settings, allowed_models=("gpt-*",)),
    )


async def _forbid_address(market: Market, customer: Customer) -> None:
    await market.limits.change_key(
        account_id=customer.account_id,
        key_id=customer.key_id,
        change=lambda settings: replace(settings, allowed_addresses=("198.51.100.1",)),
    )


async def _expire_key(market: Market, customer: Customer) -> None:
    await market.limits.change_key(
        account_id=customer.account_id,
        key_id=customer.key_id,
        change=lambda settings: replace(settings, expires_at=market.clock.now()),
    )


async def _raise_the_price_tier(market: Market, customer: Customer) -> None:
    assert customer.group_id is not None
    await market.limits.change_group(
        account_id=customer.account_id,
        group_id=customer.group_id,
        change=lambda settings: replace(settings, price_tier_millis=1_000_000),
    )


async def _dispute_the_money(market: Market, customer: Customer) -> None:
    (grant,) = await market.ledger.grants(customer.account_id)
    await market.ledger.operate(Freeze(account_id=customer.account_id, grant_id=grant.grant_id, source_id="dispute-1"))


EDITS: list[tuple[str, Edit]] = [
    ("key_limit", _lower_the_limit),
    ("group_quota", _new_limit),
    ("request_ceiling", _new_ceiling),
    ("rate_limited", _new_rate_limit),
    ("key_disabled", _disable_key),
    ("key_disabled", _disable_group),
    ("key_invalid", _rotate_key),
    ("account_suspended", _suspend),
    ("model_not_permitted", _forbid_model),
    ("ip_not_allowed", _forbid_address),
    ("key_expired", _expire_key),
    ("key_limit", _raise_the_price_tier),
    ("account_balance", _dispute_the_money),
]


@pytest.mark.parametrize(("code", "edit"), EDITS, ids=[edit.__name__.strip("_") for _, edit in EDITS])
async def test_an_edit_takes_effect_with_the_next_call(code: str, edit: Edit, market: Market, till: Till) -> None:
    customer = await market.customer(group=GroupSettings(name="research"))
    await market.limit(customer, Scope.KEY, 50 * NANOS)
    open_call = await till.admitted(customer)
    await till.serve(customer, 10)

    await edit(market, customer)

    assert (await till.refused(customer)).code == code
    # What was admitted before ends as it would have.
    assert (await till.deliver(open_call, 400)).charged == 400 * TOKEN


async def test_an_edit_back_takes_effect_as_well(market: Market, till: Till) -> None:
    customer = await market.customer(credit=0)
    assert (await till.refused(customer)).code == "account_balance"
    await market.credit(customer.account_id, NANOS)
    await till.serve(customer, 1_000)
    assert (await till.refused(customer)).code == "account_balance"
    await market.credit(customer.account_id, NANOS)
    await market.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
    assert (await till.refused(customer)).code == "key_disabled"
    await market.limits.enable_key(account_id=customer.account_id, key_id=customer.key_id)
    await till.serve(customer, 1_000)


async def test_a_raised_limit_keeps_its_usage(market: Market, till: Till) -> None:
    customer = await market.customer()
    limit = await market.limit(customer, Scope.KEY, NANOS)
    await till.serve(customer, 1_000)
    assert (await till.refused(customer)).code == "key_limit"
    assert await market.limit(customer, Scope.KEY, 3 * NANOS) == limit
    assert (await till.admitted(customer, cap=32_000)).output_cap == 2_000


async def test_a_replaced_token_works_and_the_old_one_does_not(market: Market, till: Till) -> None:
    customer = await market.customer()
    await till.serve(customer, 1)
    new = await market.limits.rotate_key(account_id=customer.account_id, key_id=customer.key_id)
    assert (await till.refused(customer)).code == "key_invalid"
    await till.serve(replace(customer, token=new.token), 1)
    assert (await till.refused(customer)).code == "key_invalid"


async def test_another_time_zone_begins_with_the_next_decision(market: Market, till: Till) -> None:
    """At 22:13 UTC it is the next day in Shanghai already."""
    customer = await market.customer()
    day = await market.limit(customer, Scope.KEY, NANOS, window=Window.DAY)
    await till.serve(customer, 1_000)
    assert (await till.refused(customer)).code == "key_limit"
    await market.ledger.change_account(customer.account_id, time_zone="Asia/Shanghai")
    await till.serve(customer, 1_000)
    assert len(await market.usage(day)) == 2


async def test_a_grant_that_expires_between_two_calls_is_not_spent(market: Market, till: Till) -> None:
    customer = await market.customer(credit=0)
    await market.credit(customer.account_id, NANOS, expires_at=market.clock.now() + 10_000_000)
    await till.serve(customer, 100)
    market.clock.advance(seconds=10)
    refused = await till.refused(customer, cap=1)
    assert refused.code == "account_balance"
    assert [check.remaining for check in refused.decision.failing] == [0]
    assert await market.balance(customer) == (0, 0)
