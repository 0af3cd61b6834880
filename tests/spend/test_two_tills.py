"""Two serving processes on one database: each remembers, neither believes what the other has changed."""

from __future__ import annotations

import asyncio

from counterfoil.foundation.periods import Window
from counterfoil.limits.model import GroupSettings, Scope, Unit
from counterfoil.spend.model import Admission
from spend.market import HOUR, NANOS, TOKEN, Market


async def test_one_sees_at_once_what_the_other_has_held_and_charged(market: Market) -> None:
    customer = await market.customer(credit=10 * NANOS, group=GroupSettings(name="research"))
    limit = await market.limit(customer, Scope.GROUP, 4 * NANOS, window=Window.DAY)
    async with market.till() as left, market.till() as right:
        for _ in range(2):
            await left.serve(customer, 1_000)
            await right.serve(customer, 1_000)
        assert (await left.refused(customer, cap=1)).code == "group_quota"
        assert (await right.refused(customer, cap=1)).code == "group_quota"
    assert await market.usage_now(limit) == (4 * NANOS, 0)


async def test_what_one_has_held_the_other_can_end(market: Market) -> None:
    customer = await market.customer(credit=10 * NANOS)
    limit = await market.limit(customer, Scope.KEY, 10 * NANOS)
    async with market.till() as left, market.till() as right:
        admissions = [await left.admitted(customer) for _ in range(3)]
        await right.serve(customer, 1)
        await right.deliver(admissions[0], 400)
        await right.fail(admissions[1])
        assert await market.usage_now(limit) == (401 * TOKEN, NANOS)
        await left.deliver(admissions[2], 1_300)
        assert await market.usage_now(limit) == (1_701 * TOKEN, 0)


async def test_money_for_ten_is_spent_once_between_two(market: Market) -> None:
    customer = await market.customer(credit=10 * NANOS)
    limit = await market.limit(customer, Scope.KEY, 100 * NANOS)
    async with market.till() as left, market.till() as right:
        outcomes = await asyncio.gather(*(till.call(customer) for _ in range(100) for till in (left, right)))
        admitted = [outcome for outcome in outcomes if isinstance(outcome, Admission)]
        assert len(admitted) == 10
        # Each is ended by one of the two, not always by the one that has held it.
        await asyncio.gather(
            *(till.deliver(each, 1_000) for each, till in zip(admitted, [left, right] * 5, strict=True))
        )
        assert ("refused", "account_balance", 190, 0, 0) in await left.spend.totals()
    assert await market.balance(customer) == (0, 0)
    assert await market.usage_now(limit) == (10 * NANOS, 0)


async def test_a_limit_of_calls_in_flight_holds_across_both(market: Market) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 7, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    async with market.till() as left, market.till() as right:
        outcomes = await asyncio.gather(*(till.call(customer, cap=10) for _ in range(30) for till in (left, right)))
        assert sum(isinstance(outcome, Admission) for outcome in outcomes) == 7


async def test_an_engine_that_was_started_again_ends_what_the_former_held(market: Market) -> None:
    customer = await market.customer(time_zone="Asia/Shanghai", group=GroupSettings(name="research"))
    limits = [
        await market.limit(customer, Scope.KEY, 50 * NANOS, window=Window.DAY),
        await market.limit(customer, Scope.GROUP, 100_000, unit=Unit.TOKENS, window=Window.MINUTE),
        await market.limit(customer, Scope.ACCOUNT, 9, unit=Unit.IN_FLIGHT, window=Window.LIFETIME),
    ]
    async with market.till() as first:
        served, failed, lost = [await first.admitted(customer) for _ in range(3)]
    market.clock.advance(seconds=24 * HOUR)
    async with market.till() as second:
        await second.deliver(served, 400)
        await second.fail(failed)
        assert (await market.ledger.expire_overdue())[0] == 1
        assert (await second.spend.request(lost.request_id)).state == "unknown"
        # In the windows of the day before, and those of today have not begun.
        assert [await market.usage(limit) for limit in limits] == [
            {next(iter(await market.usage(limits[0]))): (400 * TOKEN, 0)},
            {next(iter(await market.usage(limits[1]))): (400, 0)},
            {0: (0, 0)},
        ]
        await second.serve(customer, 100)
        assert len(await market.usage(limits[0])) == 2


async def test_edits_reach_both(market: Market) -> None:
    customer = await market.customer()
    async with market.till() as left, market.till() as right:
        for till in (left, right):
            await till.serve(customer, 1)
        # A new limit counts from now on.
        await market.limit(customer, Scope.KEY, TOKEN)
        assert (await left.admitted(customer, cap=1)).hold.amount == TOKEN
        assert (await right.refused(customer, cap=1)).code == "key_limit"
        await market.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
        assert (await left.refused(customer)).code == "key_disabled"
        assert (await right.refused(customer)).code == "key_disabled"
