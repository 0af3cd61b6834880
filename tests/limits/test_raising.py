"""L7 with limits that are raised until a time: what decides is the amount of the command's moment."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.periods import Window
from counterfoil.limits import asks_store
from counterfoil.limits.account_limits import AccountLimits
from counterfoil.limits.model import Ask, GroupSettings, Key, KeySettings, Limit, Scope, Unit, WalletView
from counterfoil.limits.rules import limit_at
from counterfoil.limits.service import LimitsService
from counterfoil.storage.database import Database
from limits.examples import ACCOUNT, GROUP, KEY, NOON, UNIT, Call, limit

_HOUR = 3_600_000_000
ASK = Ask(base_nanos=UNIT)


def raised(amount: int, to: int, until: int) -> Limit:
    return replace(limit(1, Scope.GROUP, amount), raised_amount=to, raised_until=until)


@pytest.mark.parametrize(
    ("now", "served"),
    [(NOON, True), (NOON + _HOUR - 1, True), (NOON + _HOUR, False), (NOON + 2 * _HOUR, False)],
    ids=["before", "the last microsecond", "at the moment", "after"],
)
def test_a_raised_limit_lets_calls_through_until_its_moment(now: int, served: bool) -> None:
    call = Call(ask=ASK, now=now).with_limit(raised(UNIT, 3 * UNIT, NOON + _HOUR), used=UNIT)
    decision = call.decide()
    assert decision.passed is served
    assert (call.admit() is not None) is served
    if not served:
        assert decision.code == "group_quota"
    (check,) = [one for one in decision.checks if one.limit_id is not None]
    assert check.amount == (3 * UNIT if served else UNIT)


def test_a_raise_below_the_limit_never_lowers_it() -> None:
    assert limit_at(raised(5 * UNIT, 3 * UNIT, NOON + _HOUR), NOON).amount == 5 * UNIT


def test_a_limit_at_its_moment_says_what_it_goes_back_to_and_then_is_plain_again() -> None:
    stored = raised(UNIT, 3 * UNIT, NOON + _HOUR)
    during, after = limit_at(stored, NOON), limit_at(stored, NOON + _HOUR)
    assert (during.amount, during.raised_from, during.raised_until) == (3 * UNIT, UNIT, NOON + _HOUR)
    assert (after.amount, after.raised_from, after.raised_until) == (UNIT, None, None)
    assert limit_at(during, NOON) == during


amounts = st.integers(0, 5 * UNIT)
moments = st.integers(NOON - _HOUR, NOON + _HOUR)


@given(
    amount=amounts, to=amounts, until=moments, now=moments, used=amounts, held=amounts, needed=st.integers(1, 3 * UNIT)
)
def test_a_call_passes_just_where_what_is_used_held_and_needed_is_within_the_amount_of_the_moment(
    amount: int, to: int, until: int, now: int, used: int, held: int, needed: int
) -> None:
    call = Call(ask=Ask(base_nanos=needed), now=now).with_limit(raised(amount, to, until), used=used, held=held)
    effective = max(amount, to) if now < until else amount
    passes = used + held + needed <= effective
    assert call.decide().passed is passes
    assert (call.admit() is not None) is passes


@given(
    ends=st.lists(st.integers(NOON - 50, NOON + 50), max_size=4),
    times=st.lists(st.integers(NOON - 60, NOON + 60), min_size=1, max_size=8).map(sorted),
)
def test_what_is_kept_between_calls_decides_as_if_it_were_read_anew(ends: list[int], times: list[int]) -> None:
    """One working copy, asked at later and later times, against a fresh one each time."""
    limits = [
        replace(
            limit(number, Scope.KEY, UNIT), limit_id=UUID(int=500 + number), raised_amount=9 * UNIT, raised_until=end
        )
        for number, end in enumerate(ends)
    ]

    def loaded() -> AccountLimits:
        state = AccountLimits(account_id=ACCOUNT, time_zone="UTC")
        state.load(
            keys=[(KEY, GROUP, None)],
            limits=[(one, None) for one in limits],
            read_at=NOON - 60,  # type: ignore[list-item]
        )
        return state

    kept = loaded()
    for now in times:
        assert kept.applicable(KEY.key_id, now) == loaded().applicable(KEY.key_id, now)
        assert [one.amount for one in kept.applicable(KEY.key_id, now).limits] == [
            9 * UNIT if now < one.raised_until else UNIT  # type: ignore[operator]
            for one in sorted(limits, key=lambda one: one.limit_id)
        ]


@pytest.fixture
async def key(limits: LimitsService, account_id: UUID) -> Key:
    group = await limits.create_group(account_id=account_id, settings=GroupSettings(name="research"))
    return (await limits.create_key(account_id=account_id, settings=KeySettings(name="a", group_id=group.group_id))).key


async def test_a_raise_is_read_with_the_limit_and_setting_the_limit_ends_it(
    limits: LimitsService, account_id: UUID, key: Key, clock: ManualClock, database: Database
) -> None:
    async def put(amount: int) -> Limit:
        return await limits.set_limit(
            account_id=account_id,
            scope=Scope.KEY,
            scope_id=key.key_id,
            unit=Unit.MONEY,
            window=Window.DAY,
            amount=amount,
        )

    made = await put(UNIT)
    until = clock.now() + _HOUR
    async with database.unit_of_work() as connection:
        await asks_store.raise_limit(connection, account_id, made.limit_id, amount=4 * UNIT, until=until)
    view = await limits.view(account_id=account_id, key_id=key.key_id, time_zone="UTC")
    wallet = WalletView(spendable=10 * UNIT, currency="USD", account_status="active")
    arguments = {
        "wallet": wallet, "key_id": key.key_id, "model": "m", "client_address": "192.0.2.7", "token_hash": key.token_hash,
    }  # fmt: skip
    two = Ask(base_nanos=2 * UNIT)
    assert view.admit(two, now=until - 1, **arguments) is not None  # type: ignore[arg-type]
    assert view.admit(two, now=until, **arguments) is None  # type: ignore[arg-type]
    (standing,) = await limits.list_limits(account_id=account_id, time_zone="UTC")
    assert (standing.limit.amount, standing.limit.raised_from, standing.remaining) == (4 * UNIT, UNIT, 4 * UNIT)
    clock.advance(micros=_HOUR)
    (standing,) = await limits.list_limits(account_id=account_id, time_zone="UTC")
    assert (standing.limit.amount, standing.limit.raised_until) == (UNIT, None)
    async with database.unit_of_work() as connection:
        await asks_store.raise_limit(connection, account_id, made.limit_id, amount=4 * UNIT, until=clock.now() + _HOUR)
    assert (await put(2 * UNIT)).raised_until is None
    (standing,) = await limits.list_limits(account_id=account_id, time_zone="UTC")
    assert standing.limit.amount == 2 * UNIT
