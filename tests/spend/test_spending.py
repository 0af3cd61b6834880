"""Where an account's money went, by the hour: the sums are the ledger's, whoever adds them up and however often."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.limits.model import GroupSettings
from counterfoil.spend import spending_store
from counterfoil.spend.spending import Spending
from counterfoil.spend.spending_model import HOUR, Narrowing, SpentBy
from counterfoil.spend.spending_rules import (
    SPIKE_TIMES,
    SPIKES_MAX,
    USUAL_HOURS_LEAST,
    USUAL_MICROS,
    period_before,
    spike_hours,
)
from spend.market import NANOS, TOKEN, Customer, Market, Till

_DAY = 24 * HOUR
_SAME = bytes(32)


@pytest.fixture
def spending(market: Market) -> Spending:
    return Spending(market.database)


async def ledger_net(market: Market, account_id: UUID) -> int:
    (row,) = await market.rows(
        "SELECT coalesce(sum(CASE WHEN code = 'refund' THEN -amount ELSE amount END), 0)::bigint AS net FROM transfers"
        " WHERE account_id = %s AND code IN ('charge', 'overage', 'refund')",
        account_id,
    )
    net: int = row["net"]
    return net


async def today(spending: Spending, customer: Customer, market: Market, **narrowed: str) -> int:
    values = {SpentBy(by): value for by, value in narrowed.items()}
    end = market.clock.now() + 1
    spent = await spending.of(customer.account_id, start=end - _DAY, end=end, narrowed=Narrowing(values=values))
    return spent.total.net


async def test_what_is_shown_is_what_the_ledger_has_for_each_group_key_model_and_client(
    market: Market, till: Till, spending: Spending
) -> None:
    first = await market.customer(group=GroupSettings(name="research"))
    second = await market.another_key(first.account_id)
    await till.serve(first, 100)
    await till.serve(first, 50, model="metered", client="script/1.0")
    charge = await till.serve(second, 300)
    await market.execute("SELECT 1")
    requests = await market.rows("SELECT request_id FROM requests WHERE key_id = %s", second.key_id)
    await till.spend.refund(requests[0]["request_id"], source_id="r1", amount=100 * TOKEN, reason="sorry")
    end = market.clock.now() + 1
    spent = await spending.of(first.account_id, start=end - _DAY, end=end)
    assert charge is not None
    assert spent.total.net == await ledger_net(market, first.account_id) == sum(spent.hours.values())
    assert (spent.total.calls, spent.total.refunded, spent.behind) == (3, 100 * TOKEN, 0)
    for by in SpentBy:
        parts = await spending.by(first.account_id, by=by, start=end - _DAY, end=end)
        assert sum(part.now.net for part in parts) == spent.total.net, by
    parts = await spending.by(first.account_id, by=SpentBy.GROUP, start=end - _DAY, end=end)
    assert first.group_id is not None
    assert {part.value for part in parts} == {"", show_id("group", first.group_id)}
    assert await today(spending, first, market, key=show_id("key", second.key_id)) == 200 * TOKEN
    assert await today(spending, first, market, client="script/1.0", model="plain") == 0
    assert await today(spending, first, market, client="script/1.0") == 50 * 2_000
    assert set(await spending.last_charged(first.account_id, [first.key_id, second.key_id, UUID(int=5)])) == {
        first.key_id, second.key_id
    }  # fmt: skip


async def test_many_who_add_up_at_once_add_each_transfer_once(market: Market, till: Till, spending: Spending) -> None:
    customer = await market.customer()
    for tokens in range(1, 21):
        await till.serve(customer, tokens)

    async def a_few() -> None:
        async with market.database.unit_of_work() as connection:
            await spending_store.add_up(connection, customer.account_id, at_most=3)

    await asyncio.gather(*(a_few() for _ in range(5)), spending.add_up())
    assert await today(spending, customer, market) == 210 * TOKEN == await ledger_net(market, customer.account_id)
    assert await spending.add_up() == 0


async def test_copies_that_were_paid_for_again_are_told_with_what_they_cost(
    market: Market, till: Till, spending: Spending
) -> None:
    customer = await market.customer()
    await till.serve(customer, 10, fingerprint=_SAME)
    await till.serve(customer, 20, fingerprint=_SAME)
    await till.serve(customer, 30, fingerprint=_SAME, retry_count=1)
    failed = await till.admitted(customer, fingerprint=_SAME)
    await till.fail(failed)
    end = market.clock.now() + 1
    total = (await spending.of(customer.account_id, start=end - _DAY, end=end)).total
    assert (total.duplicates, total.duplicates_nanos) == (1, 20 * TOKEN)
    assert (total.retries, total.retries_nanos) == (1, 30 * TOKEN)
    assert (total.again, total.again_nanos, total.calls) == (2, 50 * TOKEN, 3)


async def test_an_hour_far_above_the_usual_one_is_told_with_the_script_that_caused_it(
    market: Market, till: Till, spending: Spending
) -> None:
    customer = await market.customer(credit=1_000 * NANOS)
    for _ in range(12):
        await till.serve(customer, 10)
        market.clock.advance(seconds=3_600)
    for _ in range(9):
        await till.serve(customer, 10, client="loop.py/2")
    await till.serve(customer, 10)
    end = market.clock.now() + 1
    spent = await spending.of(customer.account_id, start=end - _DAY, end=end)
    (spike,) = spent.spikes
    assert (spike.charged, spike.usual, spike.client, spike.share) == (100 * TOKEN, 10 * TOKEN, "loop.py/2", 90 * TOKEN)
    assert spike.key == show_id("key", customer.key_id)
    rows = await spending.hour(customer.account_id, spike.hour)
    assert [(client, sums.calls) for _, client, _, sums in rows] == [("loop.py/2", 9), ("OpenAI/Python 2.0", 1)]


async def test_a_period_is_held_against_the_one_before(market: Market, till: Till, spending: Spending) -> None:
    customer = await market.customer()
    await till.serve(customer, 10)
    market.clock.advance(seconds=86_400)
    await till.serve(customer, 30)
    end = market.clock.now() // HOUR * HOUR + HOUR
    spent = await spending.of(customer.account_id, start=end - _DAY, end=end)
    assert (spent.total.net, spent.total_before.net) == (30 * TOKEN, 10 * TOKEN)
    (part,) = await spending.by(customer.account_id, by=SpentBy.MODEL, start=end - _DAY, end=end)
    assert (part.now.net, part.before.net) == (30 * TOKEN, 10 * TOKEN)


async def test_another_accounts_spending_is_no_part_of_it(market: Market, till: Till, spending: Spending) -> None:
    mine, other = await market.customer(), await market.customer()
    await till.serve(other, 10)
    assert await today(spending, mine, market) == 0
    assert await today(spending, other, market) == 10 * TOKEN


@pytest.mark.parametrize(("start", "end"), [(10, 10), (10, 5), (-1, 5), (0, 401 * _DAY)])
async def test_a_period_that_cannot_be_is_refused(spending: Spending, start: int, end: int) -> None:
    with pytest.raises(InputError):
        await spending.of(UUID(int=1), start=start, end=end)


def test_a_spike_takes_a_usual_hour_to_stand_out_from() -> None:
    few = {hour * HOUR: 10 for hour in range(5)}
    assert spike_hours({**few, 6 * HOUR: 1_000}, start=6 * HOUR, end=7 * HOUR) == []
    enough = {**few, 5 * HOUR: 10}
    for charged, found in ((10 * SPIKE_TIMES, 1), (10 * SPIKE_TIMES - 1, 0)):
        assert len(spike_hours({**enough, 6 * HOUR: charged}, start=6 * HOUR, end=7 * HOUR)) == found


@given(
    hours=st.dictionaries(st.integers(0, 400).map(lambda hour: hour * HOUR), st.integers(-5, 200), max_size=60),
    start=st.integers(0, 400).map(lambda hour: hour * HOUR),
)
def test_what_is_usual_is_the_median_of_the_week_before(hours: dict[int, int], start: int) -> None:
    """Against the plain definition, hour by hour."""
    end = start + 100 * HOUR
    largest = max((nanos for hour, nanos in hours.items() if start <= hour < end), default=0)
    plain = []
    for hour, charged in hours.items():
        spent = sorted(nanos for at, nanos in hours.items() if hour - USUAL_MICROS <= at < hour and nanos > 0)
        if start <= hour < end and charged * 10 >= largest and len(spent) >= USUAL_HOURS_LEAST:
            usual = spent[(len(spent) - 1) // 2]
            if charged >= SPIKE_TIMES * usual:
                plain.append((hour, charged, usual))
    assert spike_hours(hours, start=start, end=end) == sorted(plain, key=lambda one: (-one[1], one[0]))[:SPIKES_MAX]


def test_the_period_before_is_as_long_and_ends_where_this_one_begins() -> None:
    assert period_before(10 * HOUR, 12 * HOUR) == (8 * HOUR, 10 * HOUR)
