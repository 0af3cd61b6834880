"""Watching accounts in use: real calls, real limits, real grants; each threshold is announced once."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window
from counterfoil.ledger.model import EndGrant
from counterfoil.limits.model import GroupSettings, Scope, Unit
from counterfoil.notify import watch
from counterfoil.notify.model import AlertRules, ChannelKind
from counterfoil.notify.senders.apprise_sender import AppriseSender
from counterfoil.notify.senders.webhook import WebhookSender
from counterfoil.notify.service import Notifications, NotifySettings
from counterfoil.spend.model import AttemptOutcome
from counterfoil.spend.store import limits_that_refused, upstreams_out_of_money
from counterfoil.storage.data_directory import DataDirectory
from notify.desk import PUBLIC_URL, THRESHOLDS, UNIT
from spend.market import Market, Till

HOUR = 3_600
DAY = 24 * HOUR


@pytest.fixture
def notify(market: Market, data_directory: DataDirectory) -> Notifications:
    # Nothing is sent here, so the session is never used.
    session: Any = aiohttp.ClientSession.__new__(aiohttp.ClientSession)
    return Notifications(
        market.database, clock=market.clock, sealer=data_directory, mailer=AppriseSender(),
        settings=NotifySettings(public_url=PUBLIC_URL, thresholds=THRESHOLDS),
        senders={ChannelKind.WEBHOOK: WebhookSender(session), ChannelKind.APPRISE: AppriseSender()},
        limits_that_refused=limits_that_refused, upstreams_out_of_money=upstreams_out_of_money,
    )  # fmt: skip


async def told(market: Market) -> list[dict[str, Any]]:
    return await market.rows("SELECT kind, account_id, facts, key FROM outbox ORDER BY created_at, kind")


async def kinds(market: Market) -> list[str]:
    return [one["kind"] for one in await told(market)]


async def test_a_low_balance_is_told_once_a_day_while_the_account_is_used(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer(credit=6 * UNIT)
    idle = await market.customer(credit=UNIT)
    await till.serve(customer, 500)
    assert await notify.watch_accounts() == 0
    await till.serve(customer, 600)
    assert await notify.watch_accounts() == 1
    (one,) = await told(market)
    assert (one["kind"], one["account_id"]) == ("balance_low", customer.account_id)
    assert one["facts"] == {"balance": "4.90 USD", "threshold": "5.00 USD"}
    await till.serve(customer, 100)
    assert await notify.watch_accounts() == 0
    market.clock.advance(seconds=DAY)
    assert await notify.watch_accounts() == 0
    await till.serve(customer, 100)
    assert await notify.watch_accounts() == 1
    assert idle.account_id not in {one["account_id"] for one in await told(market)}


async def test_an_accounts_own_rules_count(market: Market, till: Till, notify: Notifications) -> None:
    customer = await market.customer(credit=6 * UNIT)
    await notify.set_rules(customer.account_id, AlertRules(low_balance=UNIT))
    await till.serve(customer, 1000)
    await till.serve(customer, 1000)
    assert await notify.watch_accounts() == 0
    await notify.set_rules(customer.account_id, AlertRules(low_balance=5 * UNIT))
    await till.serve(customer, 1)
    assert await notify.watch_accounts() == 1


async def test_what_is_reserved_frozen_or_expired_cannot_be_spent(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer(credit=6 * UNIT)
    await market.credit(customer.account_id, 50 * UNIT, expires_at=market.clock.now() + HOUR * 1_000_000)
    await till.serve(customer, 1)
    await notify.watch_accounts()
    assert await told(market) == []
    market.clock.advance(seconds=HOUR)
    admission = await till.admitted(customer, cap=1_000)
    assert await notify.watch_accounts() == 0
    second = await till.admitted(customer, cap=1_000)
    assert await notify.watch_accounts() == 1
    (one,) = await told(market)
    assert one["facts"]["balance"] == "4.00 USD"
    for each in (admission, second):
        await till.fail(each)


async def test_a_balance_that_will_not_last_is_told(market: Market, till: Till, notify: Notifications) -> None:
    customer = await market.customer(credit=30 * UNIT)
    await notify.set_rules(customer.account_id, AlertRules(spike_times=0))
    # Three a day.
    for _ in range(5):
        for _ in range(3):
            await till.serve(customer, 1000)
            market.clock.advance(seconds=DAY // 3)
        await notify.watch_accounts()
    assert await kinds(market) == []
    await till.serve(customer, 1000)
    for _ in range(6):
        await till.serve(customer, 1000)
    assert await notify.watch_accounts() == 1
    (one,) = await told(market)
    assert one["kind"] == "balance_lasts_days"
    assert one["facts"]["balance"] == "8.00 USD"
    assert float(one["facts"]["days"]) < 3


async def test_an_hour_unlike_every_other_is_told_and_a_steady_account_is_not(
    market: Market, till: Till, notify: Notifications
) -> None:
    steady, spiking = await market.customer(credit=1000 * UNIT), await market.customer(credit=1000 * UNIT)
    for _ in range(30):
        for customer in (steady, spiking):
            await till.serve(customer, 1000)
        market.clock.advance(seconds=HOUR)
        await notify.watch_accounts()
    assert await kinds(market) == []
    for _ in range(6):
        await till.serve(spiking, 1000)
        assert await notify.watch_accounts() in (0, 1)
    await till.serve(steady, 1000)
    await notify.watch_accounts()
    (one,) = await told(market)
    assert (one["kind"], one["account_id"]) == ("spend_spike", spiking.account_id)
    assert (one["facts"]["spent"], one["facts"]["usual"]) == ("6.00 USD", "1.00 USD")


async def test_limits_of_groups_keys_and_accounts_are_told_at_80_and_100_per_cent_once_per_window(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer(group=GroupSettings(name="research"), time_zone="Asia/Shanghai")
    await market.limit(customer, Scope.GROUP, 10 * UNIT, window=Window.DAY)
    await market.limit(customer, Scope.KEY, 1_000_000, unit=Unit.TOKENS, window=Window.DAY)
    await market.limit(customer, Scope.ACCOUNT, 12, unit=Unit.REQUESTS, window=Window.DAY)
    for served in range(7):
        await till.serve(customer, 1000)
        assert await notify.watch_accounts() == 0, served
    await till.serve(customer, 1000)
    assert await notify.watch_accounts() == 1
    (one,) = await told(market)
    assert one["kind"] == "group_limit_80"
    assert one["facts"]["group"] == show_id("group", customer.scope_id(Scope.GROUP))
    assert (one["facts"]["used"], one["facts"]["limit"], one["facts"]["window"]) == ("8.00 USD", "10.00 USD", "day")
    # The start of the next day in Shanghai.
    assert one["facts"]["resets"].endswith("T16:00Z")
    await till.serve(customer, 1000)
    await till.serve(customer, 1000)
    await notify.watch_accounts()
    assert await kinds(market) == ["account_limit_80", "group_limit_100", "group_limit_80"]
    await till.refused(customer)
    assert await notify.watch_accounts() == 0
    market.clock.advance(seconds=DAY)
    for _ in range(8):
        await till.serve(customer, 1000)
    assert await notify.watch_accounts() == 1
    assert (await kinds(market))[-1] == "group_limit_80"


async def test_a_limit_that_has_refused_a_call_has_found_its_end(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer()
    limit_id = await market.limit(customer, Scope.KEY, 10 * UNIT)
    for _ in range(9):
        await till.serve(customer, 1000)
    await notify.watch_accounts()
    assert await kinds(market) == ["key_limit_80"]
    assert (await till.refused(customer, cap=5_000, input_bytes=4)).decision.code == "key_limit"
    assert await notify.watch_accounts() == 1
    (one, _) = await told(market)
    assert (one["kind"], one["facts"]["used"]) == ("key_limit_100", "9.00 USD")
    assert limit_id.hex in one["key"]


async def test_a_refusal_for_money_says_nothing_of_an_accounts_limit(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer(credit=9 * UNIT)
    await market.limit(customer, Scope.ACCOUNT, 10 * UNIT)
    for _ in range(8):
        await till.serve(customer, 1000)
    assert (await till.refused(customer, cap=1_999)).decision.code == "account_balance"
    await notify.watch_accounts()
    assert await kinds(market) == ["account_limit_80", "balance_low"]


async def test_limits_of_a_minute_and_of_calls_in_flight_are_not_told(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 1, unit=Unit.REQUESTS, window=Window.MINUTE)
    await market.limit(customer, Scope.KEY, 1, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    await market.limit(customer, Scope.KEY, 10 * UNIT, window=Window.REQUEST)
    admission = await till.admitted(customer)
    assert await notify.watch_accounts() == 0
    await till.deliver(admission, 1000)
    assert await notify.watch_accounts() == 0


async def test_credit_that_expires_is_told_seven_days_and_one_day_before_together_by_day(
    market: Market, notify: Notifications
) -> None:
    customer, other = await market.customer(credit=0), await market.customer(credit=0)
    now = market.clock.now()
    at = now - now % (DAY * 1_000_000) + 10 * DAY * 1_000_000
    for offset, amount in ((HOUR, 2), (2 * HOUR, 3), (25 * HOUR, 7)):
        await market.credit(customer.account_id, amount * UNIT, expires_at=at + offset * 1_000_000)
    await market.credit(other.account_id, UNIT, expires_at=at + 90 * DAY * 1_000_000)
    assert await notify.watch_credit() == 0
    market.clock.advance(micros=at + HOUR * 1_000_000 - 7 * DAY * 1_000_000 - market.clock.now())
    assert await notify.watch_credit() == 1
    market.clock.advance(seconds=2 * HOUR)
    assert await notify.watch_credit() == 0
    (one,) = await told(market)
    # What expires within the week of that day, at the time it was looked for.
    assert (one["kind"], one["facts"]["amount"]) == ("credit_expiring_7d", "2.00 USD")
    market.clock.advance(seconds=5 * DAY)
    assert await notify.watch_credit() == 1
    market.clock.advance(seconds=DAY - HOUR)
    assert await notify.watch_credit() == 1
    assert await notify.watch_credit() == 0
    amounts = [(one["kind"], one["facts"]["amount"]) for one in await told(market)]
    assert amounts[1:] == [("credit_expiring_7d", "7.00 USD"), ("credit_expiring_1d", "5.00 USD")]


async def test_credit_that_has_ended_or_is_used_up_is_not_told_of(
    market: Market, till: Till, notify: Notifications
) -> None:
    spent, ended = await market.customer(credit=0), await market.customer(credit=0)
    soon = market.clock.now() + 3 * DAY * 1_000_000
    await market.credit(spent.account_id, UNIT, expires_at=soon)
    await market.credit(ended.account_id, UNIT, expires_at=soon)
    await till.serve(spent, 1000)
    (grant,) = await market.ledger.grants(ended.account_id)
    await market.ledger.operate(
        EndGrant(account_id=ended.account_id, grant_id=grant.grant_id, destination="promotions")
    )
    assert await notify.watch_credit() == 0


async def test_credit_of_many_accounts_is_looked_through_page_by_page(
    market: Market, notify: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_PAGE", 2)
    for _ in range(5):
        customer = await market.customer(credit=0)
        for days in (2, 3):
            await market.credit(customer.account_id, UNIT, expires_at=market.clock.now() + days * DAY * 1_000_000)
    assert await notify.watch_credit() == 10


async def test_operations_are_told_of_an_upstream_that_is_out_of_money(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer()
    attempt = till.attempt(AttemptOutcome.OUT_OF_MONEY, status_code=402)
    await till.fail(await till.admitted(customer), "upstream_unavailable", attempts=(attempt,))
    await notify.watch_accounts()
    (one,) = [one for one in await told(market) if one["kind"] == "upstream_out_of_money"]
    assert (one["account_id"], one["facts"]) == (None, {"upstream": "first"})
    market.clock.advance(seconds=HOUR)
    await notify.watch_accounts()
    assert (await kinds(market)).count("upstream_out_of_money") == 1


async def test_an_account_is_looked_at_when_something_has_happened_and_each_transfer_is_added_up_once(
    market: Market, till: Till, notify: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_PAGE", 3)
    monkeypatch.setattr(watch, "_TOGETHER", 2)
    monkeypatch.setattr(watch, "TRANSFERS_MAX", 2)
    customers = [await market.customer() for _ in range(7)]
    for customer in customers:
        for _ in range(5):
            await till.serve(customer, 100)
    for _ in range(5):
        await asyncio.gather(notify.watch_accounts(), notify.watch_accounts())
    rows = await market.rows("SELECT account_id, charged_nanos FROM alert_hours")
    assert {row["account_id"]: row["charged_nanos"] for row in rows} == {
        customer.account_id: UNIT // 2 for customer in customers
    }
    marks = await market.rows("SELECT m.version = a.version AND m.event_no = a.event_no AS same FROM alert_marks m JOIN accounts a USING (account_id)")  # fmt: skip
    assert [mark["same"] for mark in marks] == [True] * 7


async def test_one_account_that_cannot_be_looked_at_keeps_no_other_from_being_told(
    market: Market, till: Till, notify: Notifications
) -> None:
    broken, customer = await market.customer(credit=2 * UNIT), await market.customer(credit=2 * UNIT)
    for each in (broken, customer):
        await till.serve(each, 1000)
    await market.execute("UPDATE accounts SET time_zone = 'Nowhere/Land' WHERE account_id = %s", broken.account_id)
    assert await notify.watch_accounts() == 1
    (one,) = await told(market)
    assert one["account_id"] == customer.account_id


async def test_sums_of_hours_are_forgotten_when_no_baseline_reaches_back_to_them(
    market: Market, till: Till, notify: Notifications
) -> None:
    customer = await market.customer()
    await till.serve(customer, 100)
    await notify.watch_accounts()
    market.clock.advance(seconds=8 * DAY)
    assert await notify.clean() == 0
    market.clock.advance(seconds=2 * DAY)
    assert await notify.clean() == 1
