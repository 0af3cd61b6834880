"""Streams: passed on as they come, charged before they end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.shop import NANOS, Shop, chat, message, response

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
BODIES = {CHAT: chat, RESPONSES: response, MESSAGES: message}


def streamed(path: str, **fields: Any) -> dict[str, Any]:
    return BODIES[path](stream=True, **fields)


def events(body: bytes) -> list[str]:
    """Comments and data of a stream, in order."""
    lines = body.decode().split("\n")
    return [line.removeprefix("data: ") for line in lines if line.startswith((":", "data:"))]


def final_of(path: str) -> str:
    return {CHAT: "[DONE]", RESPONSES: "response.completed", MESSAGES: "message_stop"}[path]


@pytest.mark.parametrize("path", BODIES)
async def test_a_stream_is_charged_by_the_upstreams_numbers_before_it_ends(shop: Shop, path: str) -> None:
    customer = await shop.customer()
    body = streamed(path, sandbox_input_tokens=1000, sandbox_output_tokens=50)
    answer = await shop.call(customer, body, path=path)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = events(answer.body)
    comment = next(place for place, event in enumerate(found) if event.startswith(": counterfoil"))
    assert found[comment] == f": counterfoil charge=0.0011 currency=USD request={answer.headers['x-request-id']}"
    # Nothing but what ends the stream comes after the charge.
    after = found[comment + 1 :]
    assert len(after) == (2 if path == MESSAGES else 1)
    assert final_of(path) in after[-1]
    view = await shop.view(answer.request_id)
    assert (view.state, view.charged_nanos, view.tokens) == ("served", 1_100_000, '{"input":1000,"output":50}')
    assert view.first_byte_at is not None
    assert view.stream
    assert await shop.balance(customer) == (10 * NANOS - 1_100_000, 0)


@pytest.mark.parametrize("path", BODIES)
async def test_every_event_has_the_public_models_name(shop: Shop, path: str) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, streamed(path, sandbox_output_tokens=3), path=path)
    assert b"upstream-plain" not in answer.body
    assert b'"model":"plain"' in answer.body


async def test_the_usage_chunk_is_hidden_from_a_client_that_did_not_ask(shop: Shop) -> None:
    customer = await shop.customer()
    hidden = await shop.call(customer, streamed(CHAT, sandbox_output_tokens=3))
    chunks = [json.loads(event) for event in events(hidden.body) if event.startswith("{")]
    assert all(chunk["choices"] for chunk in chunks)
    asked = await shop.call(customer, streamed(CHAT, stream_options={"include_usage": True}, sandbox_output_tokens=3))
    found = events(asked.body)
    assert found[-1] == "[DONE]"
    assert json.loads(found[-2])["usage"]["completion_tokens"] == 3
    assert found[-3].startswith(": counterfoil charge=")


@pytest.mark.parametrize("path", BODIES)
async def test_a_stream_without_usage_is_counted_here_and_marked(shop: Shop, path: str) -> None:
    customer = await shop.customer()
    body = streamed(path, sandbox_output_tokens=100, sandbox_fail="no_usage")
    answer = await shop.call(customer, body, path=path)
    assert "estimated=true" in next(event for event in events(answer.body) if event.startswith(":"))
    view = await shop.view(answer.request_id)
    assert view.estimated
    counts = json.loads(view.tokens or "{}")
    # The sandbox writes four bytes to the token.
    assert counts["output"] == 100
    assert 0 < counts["input"] < 100
    assert view.charged_nanos == counts["input"] * 1000 + 100 * 2000


@pytest.mark.parametrize("path", BODIES)
async def test_a_stream_cut_in_the_middle_charges_what_was_delivered(shop: Shop, path: str) -> None:
    customer = await shop.customer()
    body = streamed(path, sandbox_output_tokens=40, sandbox_token_interval_ms=5, sandbox_fail="cut:50")
    answer = await shop.call(customer, body, path=path)
    assert answer.status == 200
    found = events(answer.body)
    error = json.loads(found[-1])["error"]
    assert error["code"] == "upstream_error"
    assert "has been charged" in error["message"]
    assert "charge=" in found[-2]
    view = await shop.view(answer.request_id)
    assert (view.state, view.estimated) == ("served", True)
    assert json.loads(view.tokens or "{}")["output"] == 20
    assert [attempt.outcome for attempt in view.attempts] == ["cut"]
    assert (await shop.balance(customer))[1] == 0


@pytest.mark.parametrize("path", BODIES)
async def test_a_stream_that_fails_before_it_begins_is_asked_elsewhere(shop: Shop, path: str) -> None:
    await shop.add_upstream("second", priority=200)
    customer = await shop.customer()
    for failure in ("cut:0", "empty", "garbage", "status:500", "out_of_money"):
        body = streamed(path, sandbox_output_tokens=5, sandbox_fail=f"{failure}@first")
        answer = await shop.call(customer, body, path=path)
        assert final_of(path) in answer.body.decode(), (failure, answer.body)
        outcomes = [attempt.outcome for attempt in (await shop.view(answer.request_id)).attempts]
        assert outcomes[-1] == "succeeded"
        assert len(outcomes) > 1


@pytest.mark.parametrize("path", BODIES)
async def test_a_stream_that_never_begins_costs_nothing(shop: Shop, path: str) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, streamed(path, sandbox_fail="cut:0"), path=path)
    assert (answer.status, answer.error["code"]) == (502, "upstream_error")
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_a_stream_that_says_nothing_more_is_ended_after_the_upstreams_time(shop: Shop) -> None:
    await shop.add_upstream("third", timeout_seconds=1, models=["gpt-5-mini"], priority=1)
    customer = await shop.customer()
    body = chat("gpt-5-mini", stream=True, sandbox_output_tokens=10, sandbox_token_interval_ms=3_000)
    answer = await shop.call(customer, body)
    found = events(answer.body)
    # The role has come, and no text: nothing was delivered.
    assert json.loads(found[-1])["error"]["code"] == "upstream_timeout"
    view = await shop.view(answer.request_id)
    assert (view.state, view.charged_nanos) == ("failed", 0)
    assert [attempt.outcome for attempt in view.attempts] == ["unknown"]


async def test_the_cap_is_told_with_the_head(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=2 * NANOS)
    answer = await shop.call(customer, chat("output-only", stream=True, max_tokens=9000, sandbox_output_tokens=3))
    assert answer.headers["x-counterfoil-output-cap"] == "2000"


async def test_more_than_the_hold_is_charged_as_far_as_the_wallet_goes(shop: Shop) -> None:
    """An upstream that ignores the cap: L10's overage, and the rest uncollected."""
    customer = await shop.customer(credit_nanos=NANOS + 50_000_000)
    body = chat("output-only", stream=True, max_tokens=1000, sandbox_output_tokens=1000, sandbox_fail="overcount:100")
    answer = await shop.call(customer, body)
    view = await shop.view(answer.request_id)
    assert view.charged_nanos == NANOS + 50_000_000
    assert view.uncollected_nanos == 50_000_000
    assert await shop.balance(customer) == (0, 0)
