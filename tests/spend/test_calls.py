"""A call from its authorization to its charge, and what is recorded of it."""

from __future__ import annotations

import asyncio
import json

import pytest

from counterfoil.foundation.errors import HoldEnded, NotFound, OperationKeyReused
from counterfoil.limits.model import GroupSettings, KeySettings
from counterfoil.pricing.model import PriceMissing, Usage
from counterfoil.pricing.rules import recompute
from counterfoil.spend.model import Admission, AttemptOutcome, Endpoint
from spend.market import NANOS, TOKEN, Market, Till, checks_of


async def test_a_served_call_is_held_first_and_then_charged_what_it_used(market: Market, till: Till) -> None:
    customer = await market.customer(group=GroupSettings(name="research"))
    admission = await till.admitted(customer, cap=1_000, retry_count=2, stream=True)
    assert admission.output_cap == 1_000
    assert admission.hold.amount == 1_000 * TOKEN
    assert admission.spendable == 99 * NANOS

    held = await till.spend.request(admission.request_id)
    assert (held.state, held.charge_mark, held.held_nanos, held.charged_nanos) == ("held", "held", NANOS, 0)
    assert held.ended_at is None
    assert await market.balance(customer) == (100 * NANOS, NANOS)

    charge = await till.deliver(admission, 400)
    assert (charge.charged, charge.uncollected, charge.currency, charge.settled) == (400 * TOKEN, 0, "USD", True)
    assert await market.balance(customer) == (100 * NANOS - 400 * TOKEN, 0)

    view = await till.spend.request(admission.request_id, account_id=customer.account_id)
    assert (view.state, view.charge_mark, view.status_code, view.code) == ("served", "charged", 200, None)
    assert (view.held_nanos, view.needed_nanos, view.charged_nanos) == (NANOS, NANOS, 400 * TOKEN)
    assert (view.model, view.model_tier, view.endpoint) == ("plain", "standard", "chat_completions")
    assert (view.stream, view.retry_count, view.client, view.client_address) == (
        True, 2, "OpenAI/Python 2.0", "192.0.2.7",
    )  # fmt: skip
    assert (view.key_id, view.group_id, view.group_name) == (customer.key_id, customer.group_id, "research")
    assert view.key_mask.endswith(customer.token[-4:])
    assert customer.token not in repr(view)
    assert (view.output_cap, view.multiplier_millis, view.estimated, view.repeats) == (1_000, 1_000, False, 1)
    assert json.loads(view.tokens or "") == {"output": 400}
    assert view.price_version == admission.price.version_id
    assert recompute(view.arithmetic or "").amount_nanos == view.charged_nanos
    assert checks_of(view)["spendable"] == 100 * NANOS


async def test_an_attempt_says_what_it_cost_us(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    usage = Usage(counts={"output": 400})
    attempts = (
        till.attempt(AttemptOutcome.UNKNOWN, status_code=None, response_id=None, error_text="timed out"),
        till.attempt(number=2, usage=usage),
        till.attempt(number=3, upstream="without-prices", usage=usage),
    )
    await till.deliver(admission, 400, attempts=attempts)

    first, second, third = (await till.spend.request(admission.request_id)).attempts
    assert (first.outcome, first.cost_nanos, first.error_text) == ("unknown", None, "timed out")
    assert (second.upstream, second.upstream_model, second.response_id) == ("first", "theirs", "chatcmpl-1")
    assert second.cost_nanos == 400 * TOKEN // 2
    assert third.cost_nanos is None


async def test_a_failed_call_costs_nothing(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    await till.fail(admission, "upstream_error", error_text="no luck")

    view = await till.spend.request(admission.request_id)
    assert (view.state, view.charge_mark, view.code) == ("failed", "not_charged", "upstream_error")
    assert (view.status_code, view.error_text, view.charged_nanos) == (502, "no luck", 0)
    assert [attempt.outcome for attempt in view.attempts] == ["rejected"]
    assert await market.balance(customer) == (100 * NANOS, 0)


async def test_a_client_that_left_pays_for_what_was_delivered(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    usage = Usage(counts={"output": 7}, estimated=True)
    charge = await till.deliver(admission, 7, usage=usage, client_gone=True, status_code=499, first_byte_at=None)
    assert charge.estimated

    view = await till.spend.request(admission.request_id)
    assert (view.state, view.charge_mark, view.estimated, view.status_code) == ("client_gone", "charged", True, 499)


async def test_an_answer_of_no_cost_is_not_marked_charged(market: Market, till: Till) -> None:
    customer = await market.customer()
    await till.serve(customer, 0)
    (view,) = await till.spend.requests(customer.account_id)
    assert (view.state, view.charge_mark, view.charged_nanos) == ("served", "not_charged", 0)


async def test_a_price_per_call_is_held_and_charged_exactly(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    for _ in range(4):
        admission = await till.admitted(customer, model="per-call", cap=500)
        assert admission.hold.amount == NANOS // 4
        assert (await till.deliver(admission, 500)).charged == NANOS // 4
    assert (await till.refused(customer, model="per-call", cap=500)).code == "account_balance"
    assert await market.balance(customer) == (0, 0)


async def test_the_same_capture_again_gives_the_first_answer_and_charges_nothing(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    first = await till.deliver(admission, 400)
    again = await till.deliver(admission, 400)
    assert again == first
    assert await market.balance(customer) == (100 * NANOS - 400 * TOKEN, 0)
    assert len((await till.spend.request(admission.request_id)).attempts) == 1

    with pytest.raises(OperationKeyReused):
        await till.deliver(admission, 401)
    assert (await till.spend.request(admission.request_id)).charged_nanos == 400 * TOKEN


async def test_equal_captures_at_once_charge_once(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    charges = await asyncio.gather(*(till.deliver(admission, 400) for _ in range(20)))
    assert {charge.charged for charge in charges} == {400 * TOKEN}
    assert await market.balance(customer) == (100 * NANOS - 400 * TOKEN, 0)


async def test_a_captured_call_cannot_be_voided_and_a_voided_one_not_captured(market: Market, till: Till) -> None:
    customer = await market.customer()
    captured, voided = await till.admitted(customer), await till.admitted(customer)
    await till.deliver(captured, 400)
    await till.fail(captured)
    assert (await till.spend.request(captured.request_id)).state == "served"

    await till.fail(voided)
    with pytest.raises(HoldEnded) as refused:
        await till.deliver(voided, 400)
    assert refused.value.code == "hold_voided"
    view = await till.spend.request(voided.request_id)
    assert (view.state, view.charged_nanos) == ("failed", 0)


async def test_use_without_a_price_is_not_charged_and_leaves_the_hold_to_be_voided(market: Market, till: Till) -> None:
    customer = await market.customer()
    admission = await till.admitted(customer)
    with pytest.raises(PriceMissing):
        await till.deliver(admission, 1, usage=Usage(counts={"output": 1, "audio_output": 1}))
    await till.fail(admission, "price_missing")
    assert await market.balance(customer) == (100 * NANOS, 0)


async def test_a_caller_that_was_cancelled_leaves_no_hold(market: Market, till: Till) -> None:
    customer = await market.customer()
    caller = await till.caller(customer)
    arrival = till.arrival()
    waiting = asyncio.ensure_future(till.spend.authorize(caller, arrival))
    await asyncio.sleep(0)
    waiting.cancel()
    # Another call of the same account comes after it, and its end after the void of the first.
    await till.serve(customer, 10)
    async with asyncio.timeout(30):
        while (abandoned := await till.spend.request(arrival.request_id)).state == "held":
            await asyncio.sleep(0.01)
    assert await market.balance(customer) == (100 * NANOS - 10 * TOKEN, 0)
    assert (abandoned.state, abandoned.code, abandoned.charged_nanos) == ("client_gone", "caller_gone", 0)


async def test_requests_in_flight_are_noted(market: Market, till: Till) -> None:
    customer = await market.customer()
    admissions = [await till.admitted(customer) for _ in range(3)]
    assert [(await till.spend.request(each.request_id)).in_flight for each in admissions] == [0, 1, 2]


async def test_a_request_is_found_by_its_own_account_alone(market: Market, till: Till) -> None:
    customer, stranger = await market.customer(), await market.customer()
    admission = await till.admitted(customer)
    assert (await till.spend.request(admission.request_id)).account_id == customer.account_id
    with pytest.raises(NotFound):
        await till.spend.request(admission.request_id, account_id=stranger.account_id)
    with pytest.raises(NotFound):
        await till.spend.request(market.clock.new_id())


async def test_requests_are_listed_newest_first_and_by_state_and_code(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    await till.serve(customer, 1_000)
    market.clock.advance(seconds=1)
    refused = await till.refused(customer)
    listed = await till.spend.requests(customer.account_id)
    assert [view.state for view in listed] == ["refused", "served"]
    assert [view.request_id for view in await till.spend.requests(customer.account_id, most=1)] == [refused.request_id]
    assert [view.state for view in await till.spend.requests(customer.account_id, before=listed[0].request_id)] == [
        "served"
    ]
    assert [view.state for view in await till.spend.requests(None, state="served")] == ["served"]
    assert [view.state for view in await till.spend.requests(None, code="account_balance")] == ["refused"]
    assert await till.spend.totals() == [("refused", "account_balance", 1, 0, 0), ("served", None, 1, NANOS, 0)]


async def test_many_calls_at_once_on_money_for_ten_serve_exactly_ten(market: Market, till: Till) -> None:
    customer = await market.customer(credit=10 * NANOS)
    outcomes = await asyncio.gather(*(till.call(customer, cap=1_000) for _ in range(200)))
    admitted = [outcome for outcome in outcomes if isinstance(outcome, Admission)]
    assert len(admitted) == 10
    await asyncio.gather(*(till.deliver(each, 1_000) for each in admitted))
    assert await market.balance(customer) == (0, 0)
    assert await till.spend.totals() == [("refused", "account_balance", 190, 0, 0), ("served", None, 10, 10 * NANOS, 0)]


async def test_what_a_customer_has_is_told(market: Market, till: Till) -> None:
    customer = await market.customer(show_balance=True)
    await till.serve(customer, 400)
    await till.admitted(customer)
    standing = await till.spend.standing(await till.caller(customer))
    assert (standing.credited, standing.charged, standing.held) == (100 * NANOS, 400 * TOKEN, NANOS)
    assert (standing.spendable, standing.currency, standing.show_balance) == (99 * NANOS - 400 * TOKEN, "USD", True)
    day = market.clock.now() - market.clock.now() % 86_400_000_000
    assert await till.spend.charged_by_day(customer.account_id, start=day, end=day + 86_400_000_000) == [
        (day, 400 * TOKEN)
    ]


async def test_embeddings_have_no_output_to_cap(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    await market.limits.change_key(
        account_id=customer.account_id, key_id=customer.key_id, change=lambda _: KeySettings(name="renamed")
    )
    admission = await till.admitted(customer, model="metered", cap=None, endpoint=Endpoint.EMBEDDINGS)
    assert admission.hold.amount > 0
    await till.fail(admission)
