"""Asking for more than a limit allows, and the answer."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window, read_time
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.limits.asks import LimitAsks
from counterfoil.limits.asks_model import AskState, LimitAsk, NewAsk
from counterfoil.limits.asks_rules import end_of_tomorrow, suggested_amount
from counterfoil.limits.model import Limit, Scope, Unit
from counterfoil.limits.service import LimitsService
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database
from limits.examples import UNIT, OpenAccount, limit

ZONE = "Asia/Shanghai"
_DAY = 86_400_000_000


@pytest.fixture
def asks(database: Database, clock: ManualClock) -> LimitAsks:
    return LimitAsks(database, clock=clock, lock_accounts=lock_accounts, redact=redact)


@pytest.fixture
async def quota(limits: LimitsService, account_id: UUID) -> Limit:
    return await limits.set_limit(
        account_id=account_id,
        scope=Scope.ACCOUNT,
        scope_id=account_id,
        unit=Unit.MONEY,
        window=Window.MONTH,
        amount=UNIT,
    )


async def ask(asks: LimitAsks, account_id: UUID, quota: Limit, by: str = "ada@example.com", **said: Any) -> LimitAsk:
    return await asks.ask(
        account_id=account_id, by=by, member_id=UUID(int=7), new=NewAsk(limit_id=quota.limit_id, **said)
    )


async def outbox(database: Database) -> list[tuple[str, dict[str, str]]]:
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT kind, facts FROM outbox ORDER BY created_at, announcement_id")
        return [(kind, facts) for kind, facts in await cursor.fetchall()]


async def amount_of(limits: LimitsService, account_id: UUID) -> tuple[int, int | None]:
    (standing,) = await limits.list_limits(account_id=account_id, time_zone=ZONE)
    return standing.limit.amount, standing.limit.raised_until


async def test_whoever_meets_a_limit_asks_and_the_admins_are_told_once(
    asks: LimitAsks, account_id: UUID, quota: Limit, database: Database
) -> None:
    first = await ask(asks, account_id, quota, needed=UNIT // 2, note="the nightly run")
    again = await ask(asks, account_id, quota, needed=2 * UNIT)
    assert again.ask_id == first.ask_id
    (shown,) = await asks.list(account_id=account_id, time_zone=ZONE)
    assert (shown.ask.needed, shown.ask.note, shown.suggested) == (2 * UNIT, "the nightly run", 2 * UNIT)
    ((kind, facts),) = await outbox(database)
    assert kind == "limit_asked"
    assert facts["asked_by"] == show_id("member", UUID(int=7))
    assert "nightly" not in str(facts)
    assert await asks.open_count(account_id) == 1


async def test_a_secret_in_a_note_is_not_kept(asks: LimitAsks, account_id: UUID, quota: Limit) -> None:
    token = "sk-" + "a1B2c3D4" * 6
    kept = await ask(asks, account_id, quota, note=f"it says {token}")
    assert kept.note is not None
    assert token not in kept.note


async def test_raising_until_a_time_ends_by_itself(
    asks: LimitAsks, account_id: UUID, quota: Limit, limits: LimitsService, clock: ManualClock, database: Database
) -> None:
    asked = await ask(asks, account_id, quota, needed=UNIT)
    until = asks.usual_end(ZONE)
    answered = await asks.raise_limit(
        account_id=account_id, ask_id=asked.ask_id, by="boss@example.com", amount=3 * UNIT, until=until, word="enjoy"
    )
    assert (answered.state, answered.raised_to, answered.answer) == (AskState.RAISED, 3 * UNIT, "enjoy")
    assert await amount_of(limits, account_id) == (3 * UNIT, until)
    kind, facts = (await outbox(database))[-1]
    assert (kind, facts["answer"], facts["member"]) == ("limit_ask_answered", "raised", show_id("member", UUID(int=7)))
    clock.advance(micros=until - clock.now())
    assert await amount_of(limits, account_id) == (UNIT, None)


async def test_raising_for_good_changes_the_limit_itself(
    asks: LimitAsks, account_id: UUID, quota: Limit, limits: LimitsService
) -> None:
    asked = await ask(asks, account_id, quota)
    await asks.raise_limit(account_id=account_id, ask_id=asked.ask_id, by="b", amount=3 * UNIT, until=None)
    assert await amount_of(limits, account_id) == (3 * UNIT, None)


async def test_declining_leaves_the_limit_and_says_why(
    asks: LimitAsks, account_id: UUID, quota: Limit, limits: LimitsService, database: Database
) -> None:
    asked = await ask(asks, account_id, quota)
    declined = await asks.decline(account_id=account_id, ask_id=asked.ask_id, by="b", word="use the cheaper model")
    assert (declined.state, declined.answer) == (AskState.DECLINED, "use the cheaper model")
    assert await amount_of(limits, account_id) == (UNIT, None)
    kind, facts = (await outbox(database))[-1]
    assert (kind, facts["answer"], facts["until"]) == ("limit_ask_answered", "declined", "as_before")


async def test_of_two_answers_at_once_one_counts(
    asks: LimitAsks, account_id: UUID, quota: Limit, limits: LimitsService, database: Database
) -> None:
    asked = await ask(asks, account_id, quota)
    answers = await asyncio.gather(
        asks.raise_limit(account_id=account_id, ask_id=asked.ask_id, by="a", amount=2 * UNIT, until=None),
        asks.decline(account_id=account_id, ask_id=asked.ask_id, by="b"),
        return_exceptions=True,
    )
    (refused,) = [one for one in answers if isinstance(one, BaseException)]
    assert isinstance(refused, Conflict)
    assert refused.code == "limit_ask_answered_already"
    (shown,) = await asks.list(account_id=account_id, time_zone=ZONE)
    assert (await amount_of(limits, account_id))[0] == (2 * UNIT if shown.ask.state is AskState.RAISED else UNIT)
    assert len(await outbox(database)) == 2


async def test_what_is_no_raise_is_refused_and_changes_nothing(
    asks: LimitAsks, account_id: UUID, quota: Limit, limits: LimitsService, clock: ManualClock
) -> None:
    asked = await ask(asks, account_id, quota)
    for amount, until, field in (
        (UNIT, None, "amount"),
        (2 * UNIT, clock.now(), "until"),
        (2 * UNIT, clock.now() + 400 * _DAY, "until"),
    ):
        with pytest.raises(InputError) as refused:
            await asks.raise_limit(account_id=account_id, ask_id=asked.ask_id, by="b", amount=amount, until=until)
        assert refused.value.parameters["field"] == field
    assert await amount_of(limits, account_id) == (UNIT, None)
    (shown,) = await asks.list(account_id=account_id, time_zone=ZONE, state=AskState.OPEN)
    assert shown.ask.ask_id == asked.ask_id


async def test_another_accounts_asks_and_limits_do_not_exist(
    asks: LimitAsks, account_id: UUID, quota: Limit, open_account: OpenAccount
) -> None:
    other = await open_account()
    asked = await ask(asks, account_id, quota)
    with pytest.raises(NotFound):
        await ask(asks, other, quota)
    with pytest.raises(NotFound):
        await asks.raise_limit(account_id=other, ask_id=asked.ask_id, by="b", amount=2 * UNIT, until=None)
    with pytest.raises(NotFound):
        await asks.decline(account_id=other, ask_id=asked.ask_id, by="b")
    with pytest.raises(NotFound):
        await asks.find(account_id=other, ask_id=asked.ask_id, time_zone=ZONE)
    assert await asks.list(account_id=other, time_zone=ZONE) == []


async def test_a_limit_that_was_removed_cannot_be_raised_but_the_ask_can_be_declined(
    asks: LimitAsks, account_id: UUID, quota: Limit, limits: LimitsService
) -> None:
    asked = await ask(asks, account_id, quota)
    await limits.remove_limit(account_id=account_id, limit_id=quota.limit_id)
    with pytest.raises(NotFound):
        await asks.raise_limit(account_id=account_id, ask_id=asked.ask_id, by="b", amount=2 * UNIT, until=None)
    assert not (await asks.find(account_id=account_id, ask_id=asked.ask_id, time_zone=ZONE)).is_in_force
    await asks.decline(account_id=account_id, ask_id=asked.ask_id, by="b")


def test_the_usual_end_is_the_end_of_tomorrow_where_the_account_is() -> None:
    at = read_time("2026-03-15T20:00:00Z")
    assert end_of_tomorrow(at, ZONE) == read_time("2026-03-18T00:00:00+08:00")
    assert end_of_tomorrow(at, "UTC") == read_time("2026-03-17T00:00:00Z")
    # On the night in which the clocks go forward, tomorrow ends an hour sooner.
    assert end_of_tomorrow(read_time("2026-03-07T12:00:00Z"), "America/New_York") == read_time("2026-03-09T04:00:00Z")


def test_what_is_suggested_lets_the_call_pass_and_is_round() -> None:
    one = limit(1, Scope.KEY, UNIT)
    assert suggested_amount(one, used=UNIT, held=0, needed=123_456_789) == 1_130_000_000
    assert suggested_amount(one, used=0, held=0, needed=None) == 5 * UNIT // 4
    assert (
        suggested_amount(limit(2, Scope.KEY, 60, unit=Unit.REQUESTS, window=Window.MINUTE), used=60, held=0, needed=1)
        == 61
    )
