"""What cost more than was held, what nobody ended in time, and what is given back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from counterfoil.foundation.errors import CounterfoilError, LedgerRefused, NotFound, OperationKeyReused
from counterfoil.limits.model import Scope
from counterfoil.spend.model import AttemptOutcome
from spend.market import NANOS, TOKEN, Market, Till

HOLD_SECONDS = 660


async def test_what_usage_cost_beyond_the_hold_is_charged_as_overage(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    admission = await till.admitted(customer)
    charge = await till.deliver(admission, 1_500)
    assert (charge.charged, charge.uncollected) == (1_500 * TOKEN, 0)
    assert await market.balance(customer) == (1_500 * TOKEN, 0)
    legs = await market.rows("SELECT code, amount FROM transfers WHERE hold_id IS NOT NULL ORDER BY version")
    assert [(leg["code"], leg["amount"]) for leg in legs] == [("charge", NANOS), ("overage", 500 * TOKEN)]


async def test_overage_takes_only_what_no_other_call_holds(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2_200 * TOKEN)
    first, second = await till.admitted(customer), await till.admitted(customer)
    charge = await till.deliver(first, 1_500)
    assert (charge.charged, charge.uncollected) == (1_200 * TOKEN, 300 * TOKEN)
    assert (await till.deliver(second, 1_000)).charged == NANOS
    assert await market.balance(customer) == (0, 0)
    view = await till.spend.request(first.request_id)
    assert (view.charged_nanos, view.uncollected_nanos) == (1_200 * TOKEN, 300 * TOKEN)
    assert (await market.ledger.sums())["USD"]["uncollected"] == -300 * TOKEN


async def test_an_overdue_call_ends_unknown_and_its_money_is_free_again(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    limit = await market.limit(customer, Scope.KEY, NANOS)
    admission = await till.admitted(customer)
    market.clock.advance(seconds=HOLD_SECONDS - 1)
    assert (await market.ledger.expire_overdue())[0] == 0
    market.clock.advance(seconds=1)
    assert (await market.ledger.expire_overdue())[0] == 1

    view = await till.spend.request(admission.request_id)
    assert (view.state, view.charge_mark, view.code) == ("unknown", "not_charged", "outcome_unknown")
    assert view.ended_at == market.clock.now()
    assert await market.balance(customer) == (NANOS, 0)
    assert await market.usage_now(limit) == (0, 0)
    # The engine had the account in its cache.
    assert (await till.admitted(customer)).hold.amount == NANOS


async def test_a_late_capture_charges_nothing_and_says_so(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    limit = await market.limit(customer, Scope.KEY, NANOS)
    admission = await till.admitted(customer)
    market.clock.advance(seconds=HOLD_SECONDS)
    await market.ledger.expire_overdue()

    for _ in range(2):
        charge = await till.deliver(admission, 400)
        assert (charge.charged, charge.uncollected, charge.settled) == (0, 0, False)
    view = await till.spend.request(admission.request_id)
    assert (view.state, view.charge_mark, view.charged_nanos) == ("served_not_charged", "not_charged", 0)
    assert [attempt.cost_nanos for attempt in view.attempts] == [200 * TOKEN]
    assert view.tokens == '{"output":400}'
    assert await market.balance(customer) == (NANOS, 0)
    assert await market.usage_now(limit) == (0, 0)


async def test_a_late_failure_tells_what_became_of_the_call(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    admission = await till.admitted(customer)
    market.clock.advance(seconds=HOLD_SECONDS)
    await market.ledger.expire_overdue()
    timed_out = till.attempt(AttemptOutcome.UNKNOWN, status_code=None, response_id=None)
    await till.fail(admission, "upstream_timeout", status_code=504, attempts=(timed_out,))
    view = await till.spend.request(admission.request_id)
    assert (view.state, view.charge_mark, view.code) == ("failed", "not_charged", "upstream_timeout")
    assert [attempt.outcome for attempt in view.attempts] == ["unknown"]
    assert await market.balance(customer) == (NANOS, 0)


async def test_a_capture_that_comes_before_the_expiry_wins_however_late(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    admission = await till.admitted(customer)
    market.clock.advance(seconds=10 * HOLD_SECONDS)
    assert (await till.deliver(admission, 400)).settled
    assert (await market.ledger.expire_overdue())[0] == 0
    assert (await till.spend.request(admission.request_id)).state == "served"


async def test_capture_void_and_expiry_at_once_end_a_call_once(market: Market, till: Till) -> None:
    for _ in range(15):
        customer = await market.customer(credit=NANOS)
        admission = await till.admitted(customer)
        market.clock.advance(seconds=HOLD_SECONDS)
        outcomes = await asyncio.gather(
            till.deliver(admission, 400), till.fail(admission), market.ledger.expire_overdue(), return_exceptions=True
        )
        view = await till.spend.request(admission.request_id)
        charged = 400 * TOKEN if view.state == "served" else 0
        assert view.state in ("served", "failed", "served_not_charged"), outcomes
        assert (view.charged_nanos, await market.balance(customer)) == (charged, (NANOS - charged, 0))


async def test_an_upstreams_odd_words_do_not_keep_a_call_from_ending(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    failed, served = await till.admitted(customer), await till.admitted(customer)
    odd: dict[str, Any] = {"error_text": "zero\x00byte and half \ud800", "response_id": "id\x00\udfff"}
    await till.fail(failed, error_text=odd["error_text"], attempts=(till.attempt(AttemptOutcome.REJECTED, **odd),))
    await till.deliver(served, 400, attempts=(till.attempt(**odd),))
    view = await till.spend.request(failed.request_id)
    assert view.state == "failed"
    assert view.error_text == view.attempts[0].error_text == "zero\ufffdbyte and half ?"
    assert (await till.spend.request(served.request_id)).attempts[0].response_id == "id\ufffd?"


# Refunds.


async def test_a_charge_is_given_back_whole(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    await till.deliver(admission, 400)
    refunded = await till.spend.refund(admission.request_id, source_id="case-1", amount=None, reason="poor answer")
    assert refunded == 400 * TOKEN
    view = await till.spend.request(admission.request_id)
    assert (view.charge_mark, view.state) == ("refunded", "served")
    assert (view.charged_nanos, view.refunded_nanos) == (400 * TOKEN, 400 * TOKEN)
    assert await market.balance(customer) == (100 * NANOS, 0)


async def test_a_charge_is_given_back_in_parts(market: Market, till: Till) -> None:
    customer = await market.customer()
    limit = await market.limit(customer, Scope.KEY, 50 * NANOS)
    admission = await till.admitted(customer)
    await till.deliver(admission, 1_500)
    for number, mark in ((1, "partly_refunded"), (2, "partly_refunded"), (3, "refunded")):
        await till.spend.refund(admission.request_id, source_id=f"case-{number}", amount=500 * TOKEN, reason="poor")
        view = await till.spend.request(admission.request_id)
        assert (view.charge_mark, view.refunded_nanos) == (mark, number * 500 * TOKEN)
        assert await market.usage_now(limit) == ((1_500 - number * 500) * TOKEN, 0)
    with pytest.raises(LedgerRefused) as refused:
        await till.spend.refund(admission.request_id, source_id="case-4", amount=None, reason="poor")
    assert refused.value.code == "nothing_to_refund"


async def test_the_same_refund_again_gives_nothing_more(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    await till.deliver(admission, 400)
    again = await asyncio.gather(
        *(
            till.spend.refund(admission.request_id, source_id="case-1", amount=100 * TOKEN, reason="poor")
            for _ in range(5)
        )
    )
    assert set(again) == {100 * TOKEN}
    view = await till.spend.request(admission.request_id)
    assert (view.refunded_nanos, view.charge_mark) == (100 * TOKEN, "partly_refunded")
    with pytest.raises(OperationKeyReused):
        await till.spend.refund(admission.request_id, source_id="case-1", amount=200 * TOKEN, reason="poor")
    assert await market.balance(customer) == (100 * NANOS - 300 * TOKEN, 0)


async def test_no_more_is_given_back_than_was_charged(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    admission = await till.admitted(customer)
    await till.deliver(admission, 1_500)
    with pytest.raises(LedgerRefused) as refused:
        await till.spend.refund(admission.request_id, source_id="case-1", amount=1_500 * TOKEN, reason="poor")
    assert refused.value.code == "refund_exceeds_charge"
    assert await till.spend.refund(admission.request_id, source_id="case-2", amount=None, reason="poor") == NANOS


async def test_what_was_not_charged_cannot_be_given_back(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    refused = await till.refused(customer, cap=5_000, model="unpriced")
    held = await till.admitted(customer)
    for request_id in (refused.request_id, held.request_id):
        with pytest.raises(CounterfoilError) as error:
            await till.spend.refund(request_id, source_id="case-1", amount=None, reason="poor")
        assert error.value.code in ("nothing_to_refund", "hold_not_found")
    with pytest.raises(NotFound):
        await till.spend.refund(market.clock.new_id(), source_id="case-1", amount=None, reason="poor")
    assert await market.balance(customer) == (NANOS, NANOS)


async def test_refunds_and_calls_at_once_keep_the_books(market: Market, till: Till) -> None:
    customer = await market.customer(credit=20 * NANOS)
    await market.limit(customer, Scope.KEY, 20 * NANOS)
    admissions = [await till.admitted(customer) for _ in range(10)]
    for admission in admissions:
        await till.deliver(admission, 1_000)
    await asyncio.gather(
        *(
            till.spend.refund(each.request_id, source_id=f"case-{number}", amount=None, reason="poor")
            for number, each in enumerate(admissions[:5])
        ),
        *(till.serve(customer, 1_000) for _ in range(10)),
    )
    assert await market.balance(customer) == (5 * NANOS, 0)
