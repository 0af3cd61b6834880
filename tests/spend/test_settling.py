"""Ending a hold inside somebody's unit of work: once, whatever comes late, twice or the other way round."""

from __future__ import annotations

from typing import Any

import pytest

from counterfoil.foundation.errors import Conflict, HoldNotFound
from counterfoil.spend.model import Admission, Attempt, Endpoint, Failure, Settled
from spend.market import NANOS, TOKEN, Market, Till

DAY = 86_400


async def _task(till: Till, market: Market, *, cap: int = 1_000) -> tuple[Admission, dict[str, Any]]:
    customer = await market.customer()
    admission = await till.admitted(customer, cap=cap, endpoint=Endpoint.VIDEOS, is_task=True, hold_seconds=7 * DAY)
    return admission, {"account_id": customer.account_id, "request_id": admission.request_id}


async def _capture(till: Till, market: Market, about: dict[str, Any], tokens: int, **fields: Any) -> Settled:
    async with market.database.unit_of_work() as connection:
        return await till.spend.capture_within(connection, delivery=till.delivery(tokens), **about, **fields)


async def _void(till: Till, market: Market, about: dict[str, Any], attempts: tuple[Attempt, ...] = ()) -> Settled:
    failure = Failure(code="task_failed", status_code=200, ended_at=till.clock.now(), attempts=attempts)
    async with market.database.unit_of_work() as connection:
        return await till.spend.void_within(connection, failure=failure, **about)


async def _expire(till: Till, market: Market, about: dict[str, Any]) -> Settled:
    async with market.database.unit_of_work() as connection:
        return await till.spend.expire_within(connection, **about)


async def _money(market: Market, about: dict[str, Any]) -> tuple[int, int]:
    found = await market.ledger.balance(about["account_id"])
    return found.posted, found.held


async def test_a_task_is_charged_once_and_asked_again_gives_the_first_answer(market: Market, till: Till) -> None:
    admission, about = await _task(till, market)
    first = await _capture(till, market, about, 400)
    second = await _capture(till, market, about, 400)
    assert (first.verb, first.charged, first.released, first.again) == ("captured", 400 * TOKEN, 600 * TOKEN, False)
    assert (second.charged, second.again) == (400 * TOKEN, True)
    assert (await _void(till, market, about)).verb == "captured"
    assert await _money(market, about) == (100 * NANOS - 400 * TOKEN, 0)
    view = await till.spend.request(admission.request_id)
    assert (view.state, view.charge_mark, len(view.attempts)) == ("served", "charged", 1)


async def test_a_share_of_the_price_is_rated_as_such_and_can_be_computed_again(market: Market, till: Till) -> None:
    admission, about = await _task(till, market)
    settled = await _capture(till, market, about, 1_000, share_millis=250)
    assert settled.charged == 250 * TOKEN
    view = await till.spend.request(admission.request_id)
    assert view.arithmetic is not None
    assert '"multiplier_millis":250' in view.arithmetic


async def test_a_failure_releases_once_whoever_asks_how_often(market: Market, till: Till) -> None:
    _, about = await _task(till, market)
    first = await _void(till, market, about)
    assert (first.verb, first.released) == ("voided", 1_000 * TOKEN)
    assert [(await _void(till, market, about)).again for _ in range(3)] == [True] * 3
    assert (await _capture(till, market, about, 5)).verb == "voided"
    assert await _money(market, about) == (100 * NANOS, 0)


async def test_a_hold_expires_when_its_time_is_up_and_not_before(market: Market, till: Till) -> None:
    _, about = await _task(till, market)
    market.clock.advance(seconds=7 * DAY - 1)
    with pytest.raises(Conflict, match="hold_not_due"):
        await _expire(till, market, about)
    market.clock.advance(seconds=1)
    assert (await _expire(till, market, about)).verb == "expired"
    assert (await _expire(till, market, about)).again
    assert await _money(market, about) == (100 * NANOS, 0)


async def test_a_success_after_the_expiry_is_what_nobody_paid(market: Market, till: Till) -> None:
    admission, about = await _task(till, market)
    market.clock.advance(seconds=7 * DAY)
    await _expire(till, market, about)

    late = await _capture(till, market, about, 400)

    assert (late.verb, late.late, late.charged, late.uncollected) == ("expired", True, 0, 400 * TOKEN)
    assert (await _capture(till, market, about, 400)).late
    view = await till.spend.request(admission.request_id)
    assert (view.state, view.charge_mark, view.uncollected_nanos) == ("served_not_charged", "not_charged", 400 * TOKEN)
    assert len(view.attempts) == 1
    sums = await market.ledger.sums()
    assert (sums["USD"]["uncollected"], sums["USD"]["revenue"]) == (-400 * TOKEN, 400 * TOKEN)
    assert await _money(market, about) == (100 * NANOS, 0)


async def test_a_failure_after_the_expiry_is_written_down(market: Market, till: Till) -> None:
    admission, about = await _task(till, market)
    market.clock.advance(seconds=7 * DAY)
    await _expire(till, market, about)
    await _void(till, market, about, (till.attempt(),))
    view = await till.spend.request(admission.request_id)
    assert (view.state, view.code, len(view.attempts)) == ("failed", "task_failed", 1)


async def test_what_was_never_held_is_said_to_be_unknown(market: Market, till: Till) -> None:
    customer = await market.customer()
    about = {"account_id": customer.account_id, "request_id": market.clock.new_id()}
    with pytest.raises(HoldNotFound):
        await _capture(till, market, about, 1)
    assert await _money(market, about) == (100 * NANOS, 0)
