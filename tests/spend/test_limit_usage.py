"""L7: what a call holds, takes, overruns and gets back counts in the window of its authorization."""

from __future__ import annotations

import pytest

from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.limits.model import GroupSettings, Scope, Unit
from counterfoil.pricing.model import Usage
from spend.market import HOUR, NANOS, TOKEN, Customer, Market, Till

DAY = 24 * HOUR
GROUP = GroupSettings(name="research")


async def test_a_limit_counts_holds_and_then_what_was_charged(market: Market, till: Till) -> None:
    customer = await market.customer(group=GROUP)
    limits = [
        await market.limit(customer, scope, 50 * NANOS, window=window)
        for scope in (Scope.ACCOUNT, Scope.GROUP, Scope.KEY)
        for window in (Window.LIFETIME, Window.MONTH, Window.DAY)
    ]
    admission = await till.admitted(customer)
    assert {await market.usage_now(limit) for limit in limits} == {(0, NANOS)}
    await till.deliver(admission, 400)
    assert {await market.usage_now(limit) for limit in limits} == {(400 * TOKEN, 0)}
    failed = await till.admitted(customer)
    await till.fail(failed)
    assert {await market.usage_now(limit) for limit in limits} == {(400 * TOKEN, 0)}


async def test_every_unit_counts_its_own(market: Market, till: Till) -> None:
    customer = await market.customer()
    tokens = await market.limit(customer, Scope.KEY, 5_000, unit=Unit.TOKENS, window=Window.MINUTE)
    requests = await market.limit(customer, Scope.KEY, 10, unit=Unit.REQUESTS, window=Window.MINUTE)
    in_flight = await market.limit(customer, Scope.KEY, 3, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    admission = await till.admitted(customer)
    assert await market.usage_now(tokens) == (0, 1_240)
    assert await market.usage_now(requests) == (1, 0)
    assert await market.usage_now(in_flight) == (0, 1)
    await till.deliver(admission, 0, usage=Usage(counts={"input": 70, "output": 30}))
    assert await market.usage_now(tokens) == (100, 0)
    assert await market.usage_now(requests) == (1, 0)
    assert await market.usage_now(in_flight) == (0, 0)
    # A failed call was a request all the same.
    await till.fail(await till.admitted(customer))
    assert await market.usage_now(tokens) == (100, 0)
    assert await market.usage_now(requests) == (2, 0)


@pytest.mark.parametrize("settled", ["captured", "overage", "failed", "expired", "refunded"])
async def test_what_ends_in_the_next_window_counts_in_the_first(settled: str, market: Market, till: Till) -> None:
    customer = await market.customer(time_zone="Asia/Shanghai")
    day = await market.limit(customer, Scope.KEY, 5 * NANOS, window=Window.DAY)
    start, end = window_bounds(Window.DAY, market.clock.now(), "Asia/Shanghai")
    assert end is not None
    market.clock.advance(micros=end - market.clock.now() - 1)
    admission = await till.admitted(customer)
    market.clock.advance(micros=1)
    # The next day has begun, with its own room.
    await till.serve(customer, 2_000, cap=5_000)
    assert await market.usage(day) == {start: (0, NANOS), end: (2_000 * TOKEN, 0)}

    used = 0
    if settled == "failed":
        await till.fail(admission)
    elif settled == "expired":
        market.clock.advance(seconds=2 * HOUR)
        assert (await market.ledger.expire_overdue())[0] == 1
    elif settled == "overage":
        assert (await till.deliver(admission, 1_500)).charged == 1_500 * TOKEN
        used = 1_500 * TOKEN
    else:
        await till.deliver(admission, 700)
        used = 700 * TOKEN
    if settled == "refunded":
        market.clock.advance(seconds=40 * DAY)
        await till.spend.refund(admission.request_id, source_id="case-1", amount=200 * TOKEN, reason="poor answer")
        used = 500 * TOKEN
    assert await market.usage(day) == {start: (used, 0), end: (2_000 * TOKEN, 0)}


async def test_a_month_is_the_accounts_own(market: Market, till: Till) -> None:
    """22:13 UTC on 14 November: the month ends sixteen days later, eight hours sooner in Shanghai."""
    customer = await market.customer(time_zone="Asia/Shanghai")
    month = await market.limit(customer, Scope.KEY, NANOS, window=Window.MONTH)
    await till.serve(customer, 1_000)
    assert (await till.refused(customer)).code == "key_limit"
    (_, end) = window_bounds(Window.MONTH, market.clock.now(), "Asia/Shanghai")
    assert end is not None
    market.clock.advance(micros=end - market.clock.now() - 1)
    refused = await till.refused(customer)
    assert [check.resets_at for check in refused.decision.failing] == [end]
    market.clock.advance(micros=1)
    await till.serve(customer, 1_000)
    assert len(await market.usage(month)) == 2


async def test_a_lifetime_limit_never_resets(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, NANOS, window=Window.LIFETIME)
    await till.serve(customer, 1_000)
    market.clock.advance(seconds=400 * DAY)
    assert (await till.refused(customer, cap=1)).code == "key_limit"


async def test_requests_per_minute_open_again_with_the_minute(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 2, unit=Unit.REQUESTS, window=Window.MINUTE)
    for _ in range(3):
        await till.serve(customer, 1)
        await till.serve(customer, 1)
        refused = await till.refused(customer)
        assert refused.code == "rate_limited"
        assert refused.decision.retry_after is not None
        market.clock.advance(seconds=refused.decision.retry_after)


async def test_a_place_in_flight_is_free_again_however_a_call_ends(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 1, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    await till.deliver(await till.admitted(customer), 10)
    await till.fail(await till.admitted(customer))
    lost = await till.admitted(customer)
    assert (await till.refused(customer)).code == "too_many_in_flight"
    market.clock.advance(seconds=700)
    await market.ledger.expire_overdue()
    assert (await till.spend.request(lost.request_id)).state == "unknown"
    await till.admitted(customer)


async def test_overage_counts_and_may_pass_the_limit_once(market: Market, till: Till) -> None:
    customer = await market.customer()
    limit = await market.limit(customer, Scope.KEY, NANOS, window=Window.DAY)
    charge = await till.serve(customer, 1_300)
    assert charge.charged == 1_300 * TOKEN
    assert await market.usage_now(limit) == (1_300 * TOKEN, 0)
    refused = await till.refused(customer, cap=1)
    assert [(check.code, check.used, check.remaining) for check in refused.decision.failing] == [
        ("key_limit", 1_300 * TOKEN, 0)
    ]


async def test_what_the_wallet_could_not_pay_counts_nowhere(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    limit = await market.limit(customer, Scope.KEY, 5 * NANOS)
    charge = await till.serve(customer, 1_300)
    assert (charge.charged, charge.uncollected) == (NANOS, 300 * TOKEN)
    assert await market.usage_now(limit) == (NANOS, 0)


async def test_a_refund_opens_the_limit_again(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, NANOS, window=Window.LIFETIME)
    admission = await till.admitted(customer)
    await till.deliver(admission, 1_000)
    assert (await till.refused(customer)).code == "key_limit"
    await till.spend.refund(admission.request_id, source_id="case-1", amount=None, reason="poor answer")
    await till.admitted(customer)


async def test_keys_of_a_group_share_its_quota_and_keep_their_own(market: Market, till: Till) -> None:
    one = await market.customer(group=GROUP)
    two = await market.another_key(one.account_id, one.group_id)
    quota = await market.limit(one, Scope.GROUP, 3 * NANOS)
    own = await market.limit(two, Scope.KEY, NANOS)
    await till.serve(one, 1_000)
    await till.serve(two, 1_000)
    assert (await till.refused(two)).code == "key_limit"
    await till.serve(one, 1_000)
    assert (await till.refused(one)).code == "group_quota"
    assert await market.usage_now(quota) == (3 * NANOS, 0)
    assert await market.usage_now(own) == (NANOS, 0)


async def test_a_key_that_moves_to_another_group_ends_its_calls_where_they_began(market: Market, till: Till) -> None:
    customer = await market.customer(group=GROUP)
    other = await market.limits.create_group(account_id=customer.account_id, settings=GroupSettings(name="sales"))
    first = await market.limit(customer, Scope.GROUP, 50 * NANOS)
    moved = Customer(
        account_id=customer.account_id, group_id=other.group_id, key_id=customer.key_id, token=customer.token
    )
    second = await market.limit(moved, Scope.GROUP, 50 * NANOS)
    admission = await till.admitted(customer)
    await market.limits.change_key(
        account_id=customer.account_id,
        key_id=customer.key_id,
        change=lambda settings: type(settings)(name="laptop", group_id=other.group_id),
    )
    await till.serve(moved, 100)
    await till.deliver(admission, 400)
    assert await market.usage_now(first) == (400 * TOKEN, 0)
    assert await market.usage_now(second) == (100 * TOKEN, 0)


async def test_a_limit_that_is_taken_away_and_set_again_starts_anew(market: Market, till: Till) -> None:
    customer = await market.customer()
    first = await market.limit(customer, Scope.KEY, NANOS, window=Window.LIFETIME)
    admission = await till.admitted(customer)
    await market.limits.remove_limit(account_id=customer.account_id, limit_id=first)
    second = await market.limit(customer, Scope.KEY, NANOS, window=Window.LIFETIME)
    await till.serve(customer, 300)
    await till.deliver(admission, 400)
    assert await market.usage_now(first) == (400 * TOKEN, 0)
    assert await market.usage_now(second) == (300 * TOKEN, 0)


async def test_minutes_that_were_cleaned_away_do_not_hinder_a_late_end(market: Market, till: Till) -> None:
    customer = await market.customer()
    limit = await market.limit(customer, Scope.KEY, 5_000, unit=Unit.TOKENS, window=Window.MINUTE)
    admission = await till.admitted(customer)
    await till.serve(customer, 10)
    market.clock.advance(seconds=2 * DAY)
    await market.limits.clean_minutes()
    await till.deliver(admission, 400)
    assert (await till.spend.request(admission.request_id)).charged_nanos == 400 * TOKEN
    # A minute with something held is kept; the next cleaning takes it.
    assert await market.usage_now(limit) == (410, 0)
