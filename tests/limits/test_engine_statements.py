"""What the engine reads and writes under the lock, through its own connection and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.periods import Window
from counterfoil.limits import store
from counterfoil.limits.account_limits import AccountLimits, UsageColumns, usage_columns
from counterfoil.limits.model import Ask, Counted, GroupSettings, Key, KeySettings, Limit, Scope, Unit, WalletView
from counterfoil.limits.service import MINUTES_KEPT_SECONDS, LimitsService
from counterfoil.storage.database import Database
from counterfoil.storage.pipeline import PipelineConnection
from limits.examples import OpenAccount

UNIT = 1_000_000_000
WALLET = WalletView(spendable=10 * UNIT, currency="USD", account_status="active")
ASK = Ask(base_nanos=UNIT, input_tokens=100)
ZONE = "Asia/Shanghai"


@dataclass(kw_only=True)
class Customer:
    """One account with a key in a group, limits in all three scopes, and a connection as the engine's."""

    account_id: UUID
    key: Key
    limits: dict[tuple[Scope, Unit], Limit]
    engine: PipelineConnection
    clock: ManualClock

    async def load(self, state: AccountLimits | None = None) -> AccountLimits:
        state = state or AccountLimits(account_id=self.account_id, time_zone=ZONE)
        wanted = [(self.account_id, self.key.key_id)]
        now = self.clock.now()
        keys, limits = await self.engine.round_trip(store.reads(wanted, at=now))
        state.load(
            keys=[store.read_key_and_group(row)[1:] for row in keys],
            limits=[store.read_limit_and_usage(row)[1:] for row in limits],
            read_at=now,
        )
        return state

    async def write(self, state: AccountLimits) -> tuple[UsageColumns, UsageColumns]:
        totals, additions = usage_columns(), usage_columns()
        state.take_writes(totals=totals, additions=additions)
        await self.engine.round_trip([(store.SET_USAGES, totals), (store.ADD_TO_USAGES, additions)])
        return totals, additions

    def hold(self, state: AccountLimits) -> tuple[Counted, ...]:
        admitted = state.admit(
            ASK,
            wallet=WALLET,
            key_id=self.key.key_id,
            model="gpt-5",
            client_address="192.0.2.7",
            token_hash=self.key.token_hash,
            now=self.clock.now(),
        )
        assert admitted == (0, UNIT)
        return state.hold(key_id=self.key.key_id, needed_nanos=UNIT, needed_tokens=100, now=self.clock.now())


@pytest.fixture
async def customer(
    limits: LimitsService, account_id: UUID, clock: ManualClock, database_url: str
) -> AsyncIterator[Customer]:
    group = await limits.create_group(account_id=account_id, settings=GroupSettings(name="research"))
    key = (await limits.create_key(account_id=account_id, settings=KeySettings(name="a", group_id=group.group_id))).key
    made = {}
    for scope, scope_id, unit, window, amount in [
        (Scope.ACCOUNT, account_id, Unit.IN_FLIGHT, Window.LIFETIME, 5),
        (Scope.GROUP, group.group_id, Unit.MONEY, Window.MONTH, 100 * UNIT),
        (Scope.KEY, key.key_id, Unit.MONEY, Window.DAY, 50 * UNIT),
        (Scope.KEY, key.key_id, Unit.TOKENS, Window.MINUTE, 1000),
        (Scope.KEY, key.key_id, Unit.REQUESTS, Window.MINUTE, 10),
    ]:
        made[scope, unit] = await limits.set_limit(
            account_id=account_id, scope=scope, scope_id=scope_id, unit=unit, window=window, amount=amount
        )
    engine = await PipelineConnection.open(database_url, lock_timeout_ms=1000)
    yield Customer(account_id=account_id, key=key, limits=made, engine=engine, clock=clock)
    engine.close()


async def test_a_key_is_loaded_with_its_group_and_the_limits_of_all_three_scopes(
    customer: Customer, limits: LimitsService, open_account: OpenAccount
) -> None:
    other = await open_account()
    for scope_id in (other, customer.account_id):
        key = (await limits.create_key(account_id=scope_id, settings=KeySettings(name="other"))).key
        await limits.set_limit(
            account_id=scope_id, scope=Scope.KEY, scope_id=key.key_id, unit=Unit.MONEY, window=Window.DAY, amount=0
        )
    state = await customer.load()
    assert state.knows(customer.key.key_id)
    applicable = state.applicable(customer.key.key_id, customer.clock.now())
    assert applicable.key == customer.key
    assert applicable.group is not None
    assert applicable.group.name == "research"
    assert set(applicable.limits) == set(customer.limits.values())
    assert state.usages == {}


async def test_a_key_without_a_group_is_loaded_too(customer: Customer, limits: LimitsService) -> None:
    key = await limits.change_key(
        account_id=customer.account_id,
        key_id=customer.key.key_id,
        change=lambda present: replace(present, group_id=None),
    )
    applicable = (await customer.load()).applicable(key.key_id, customer.clock.now())
    assert applicable.group is None
    assert {limit.scope for limit in applicable.limits} == {Scope.ACCOUNT, Scope.KEY}


async def test_usage_is_read_back_as_it_was_written(customer: Customer) -> None:
    state = await customer.load()
    first, second = customer.hold(state), customer.hold(state)
    await customer.write(state)
    assert (await customer.load()).usages == state.usages
    state.settle(first, charged_nanos=UNIT // 2, actual_tokens=40)
    state.release(second)
    await customer.write(state)
    again = await customer.load()
    assert again.usages == state.usages
    group = customer.limits[Scope.GROUP, Unit.MONEY]
    assert again.usages[group.limit_id, again.windows(customer.clock.now()).starts[3]] == (UNIT // 2, 0)


async def test_a_removed_limit_is_not_loaded_and_its_holds_still_end_on_its_row(
    customer: Customer, limits: LimitsService
) -> None:
    state = await customer.load()
    counted = customer.hold(state)
    await customer.write(state)
    removed = customer.limits[Scope.GROUP, Unit.MONEY]
    await limits.remove_limit(account_id=customer.account_id, limit_id=removed.limit_id)
    state = await customer.load()
    assert removed not in state.applicable(customer.key.key_id, customer.clock.now()).limits
    state.settle(counted, charged_nanos=UNIT, actual_tokens=90)
    _, additions = await customer.write(state)
    assert additions[1] == [removed.limit_id]
    assert additions[3:] == ([UNIT], [-UNIT])


async def test_a_hold_that_outlives_its_minute_ends_in_that_minute(customer: Customer, database: Database) -> None:
    state = await customer.load()
    counted = customer.hold(state)
    await customer.write(state)
    customer.clock.advance(seconds=3 * 24 * 3600)
    state = await customer.load()
    state.settle(counted, charged_nanos=UNIT, actual_tokens=77)
    await customer.write(state)
    tokens = next(each for each in counted if each.unit is Unit.TOKENS)
    async with database.reading() as connection:
        (row,) = await store.usages_of(connection, customer.account_id, [(tokens.limit_id, tokens.window_start)])
    assert (row.used, row.held) == (77, 0)


async def test_yesterdays_usage_is_not_taken_for_todays(customer: Customer) -> None:
    state = await customer.load()
    counted = customer.hold(state)
    state.settle(counted, charged_nanos=UNIT, actual_tokens=77)
    await customer.write(state)
    customer.clock.advance(seconds=24 * 3600)
    state = await customer.load()
    daily = customer.limits[Scope.KEY, Unit.MONEY]
    today = state.windows(customer.clock.now()).starts[2]
    assert state.usages.get((daily.limit_id, today)) is None
    monthly = customer.limits[Scope.GROUP, Unit.MONEY]
    assert state.usages[monthly.limit_id, state.windows(customer.clock.now()).starts[3]] == (UNIT, 0)


async def test_an_estimate_sees_what_the_engine_sees(customer: Customer, limits: LimitsService) -> None:
    state = await customer.load()
    customer.hold(state)
    await customer.write(state)
    view = await limits.view(account_id=customer.account_id, key_id=customer.key.key_id, time_zone=ZONE)
    assert view.usages == state.usages
    decision = view.decide(
        ASK,
        wallet=WALLET,
        key_id=customer.key.key_id,
        model="gpt-5",
        client_address="192.0.2.7",
        token_hash=customer.key.token_hash,
        now=customer.clock.now(),
    )
    assert decision.passed
    assert {check.held for check in decision.checks if check.unit is Unit.IN_FLIGHT} == {1}


async def test_usage_of_old_minutes_is_cleaned_away_but_not_what_is_held(
    customer: Customer, limits: LimitsService, database: Database
) -> None:
    customer.clock.advance(seconds=600)
    state = await customer.load()
    customer.hold(state)
    customer.clock.advance(seconds=60)
    state.release(customer.hold(state))
    await customer.write(state)
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT count(*) FROM usages")
        assert await cursor.fetchone() == (7,)
    assert await limits.clean_minutes() == 0
    customer.clock.advance(seconds=MINUTES_KEPT_SECONDS + 60)
    # Of two minutes with a row for tokens and one for requests each, the first still holds tokens.
    assert await limits.clean_minutes() == 3
    assert await limits.clean_minutes() == 0
    assert await limits.list_limits(account_id=customer.account_id, time_zone=ZONE)
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT count(*) FROM usages")
        assert await cursor.fetchone() == (4,)
