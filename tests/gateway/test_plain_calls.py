"""Plain calls: served, charged before they are answered, and recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from counterfoil.foundation.ids import read_id
from counterfoil.limits.model import GroupSettings
from counterfoil.spend.model import Dialect
from gateway.shop import NANOS, OpenShop, Shop, chat, message, response


async def test_a_call_is_served_charged_and_recorded(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, chat(sandbox_input_tokens=1000, sandbox_output_tokens=500))
    assert answer.status == 200, answer.body
    assert answer.json["model"] == "plain"
    assert answer.json["usage"]["completion_tokens"] == 500
    # 1,000 in at 1 per million, 500 out at 2 per million.
    assert answer.charged_nanos == 2_000_000
    assert await shop.balance(customer) == (10 * NANOS - 2_000_000, 0)
    view = await shop.view(answer.request_id)
    assert (view.state, view.charged_nanos, view.estimated) == ("served", 2_000_000, False)
    assert (view.endpoint, view.model, view.stream, view.status_code) == ("chat_completions", "plain", False, 200)
    [attempt] = view.attempts
    assert (attempt.outcome, attempt.upstream) == ("succeeded", "first-openai")
    assert attempt.upstream_model == "upstream-plain"
    assert attempt.response_id == answer.json["id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", chat(sandbox_input_tokens=10, sandbox_output_tokens=20)),
        ("/v1/responses", response(sandbox_input_tokens=10, sandbox_output_tokens=20)),
        ("/v1/messages", message(sandbox_input_tokens=10, sandbox_output_tokens=20)),
    ],
)
async def test_every_endpoint_is_charged_by_the_upstreams_numbers(shop: Shop, path: str, body: Any) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, body, path=path)
    assert answer.status == 200, answer.body
    assert answer.json["model"] == "plain"
    assert answer.charged_nanos == 10 * 1000 + 20 * 2000
    assert (await shop.view(answer.request_id)).tokens == '{"input":10,"output":20}'


async def test_embeddings_are_charged_by_their_input(shop: Shop) -> None:
    customer = await shop.customer()
    body = {"model": "embedding", "input": ["one", "two"], "metadata": {"sandbox_input_tokens": "7"}}
    answer = await shop.call(customer, body, path="/v1/embeddings")
    assert answer.status == 200, answer.body
    assert len(answer.json["data"]) == 2
    assert answer.charged_nanos == 7000


async def test_the_request_says_who_called_and_how(shop: Shop) -> None:
    customer = await shop.customer(group=GroupSettings(name="research", price_tier_millis=1500))
    headers = {"User-Agent": "OpenAI/Python 3.54.0", "x-stainless-retry-count": "2"}
    answer = await shop.call(customer, chat(sandbox_input_tokens=1000, sandbox_output_tokens=0), headers=headers)
    view = await shop.view(answer.request_id)
    assert (view.client, view.retry_count, view.client_address) == ("OpenAI/Python 3.54.0", 2, "127.0.0.1")
    assert (view.group_name, view.multiplier_millis) == ("research", 1500)
    assert view.charged_nanos == 1_500_000


async def test_the_upstream_is_told_our_request_id_and_keeps_the_clients_key_out(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, chat())
    [call] = shop.sandbox.bill()["rows"]
    assert read_id("request", call["request_id"]) == answer.request_id
    assert call["api_key"] == "first"


async def test_a_small_balance_and_a_large_cap_are_served_what_fits(shop: Shop) -> None:
    # Money for a bit more than 2,000 tokens of output, and a client that asks for 32,000.
    customer = await shop.customer(credit_nanos=2 * NANOS + 500_000)
    answer = await shop.call(customer, chat("output-only", max_tokens=32_000, sandbox_output_tokens=30_000))
    assert answer.status == 200, answer.body
    assert answer.headers["x-counterfoil-output-cap"] == "2000"
    assert answer.json["usage"]["completion_tokens"] == 2000
    assert answer.json["choices"][0]["finish_reason"] == "length"
    assert answer.charged_nanos == 2 * NANOS


async def test_below_the_floor_nothing_is_served(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=NANOS)
    answer = await shop.call(customer, chat("output-only", max_tokens=32_000))
    assert (answer.status, answer.error["code"]) == (402, "account_balance")


async def test_strict_refuses_and_names_the_cap_that_would_pass(open_shop: OpenShop) -> None:
    shop = await open_shop(fit_policy="strict")
    customer = await shop.customer(credit_nanos=2 * NANOS)
    answer = await shop.call(customer, chat("output-only", max_tokens=32_000))
    assert answer.status == 402
    assert answer.error["decision"]["passing_output_cap"] == 2000
    again = await shop.call(customer, chat("output-only", max_tokens=2_000, sandbox_output_tokens=1))
    assert again.status == 200
    assert "x-counterfoil-output-cap" not in again.headers


async def test_without_a_cap_the_price_books_default_is_set(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=10 * NANOS)
    answer = await shop.call(customer, chat("output-only", sandbox_output_tokens=5_000))
    assert answer.headers["x-counterfoil-output-cap"] == "1000"
    assert answer.json["usage"]["completion_tokens"] == 1000


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
async def test_the_cap_goes_to_the_upstream_under_the_clients_name_for_it(shop: Shop, field: str) -> None:
    customer = await shop.customer(credit_nanos=2 * NANOS)
    answer = await shop.call(customer, chat("output-only", **{field: 5_000}, sandbox_output_tokens=5_000))
    assert answer.json["usage"]["completion_tokens"] == 2_000


async def test_the_balance_is_shown_to_keys_that_may_see_it(shop: Shop) -> None:
    body = chat(sandbox_input_tokens=1_000_000, sandbox_output_tokens=0)
    shown = await shop.call(await shop.customer(show_balance=True), body)
    assert shown.headers["x-counterfoil-balance"] == "9.00 USD"
    hidden = await shop.call(await shop.customer(), body)
    assert "x-counterfoil-balance" not in hidden.headers


async def test_several_outputs_are_charged_together(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=NANOS)
    answer = await shop.call(customer, chat("output-only", n=3, max_tokens=100, sandbox_output_tokens=100))
    assert answer.charged_nanos == 300_000_000


async def test_money_for_exactly_ten_serves_exactly_ten_of_two_hundred_at_once(shop: Shop) -> None:
    # 100 tokens of output cost 0.1, and the upper bound is the cost.
    customer = await shop.customer(credit_nanos=NANOS)
    body = chat("output-only", max_tokens=100, sandbox_output_tokens=100, sandbox_latency_ms=300)
    answers = await asyncio.gather(*(shop.call(customer, body) for _ in range(200)))
    statuses = [answer.status for answer in answers]
    assert (statuses.count(200), statuses.count(402)) == (10, 190)
    assert {answer.error["code"] for answer in answers if answer.status == 402} == {"account_balance"}
    assert await shop.balance(customer) == (0, 0)
    views = await shop.views(customer)
    assert len(views) == 200
    assert {view.request_id for view in views} == {answer.request_id for answer in answers}
    states = [view.state for view in views]
    assert (states.count("served"), states.count("refused")) == (10, 190)
    assert sum(view.charged_nanos for view in views) == NANOS


async def test_a_settled_hold_refuses_nobody(shop: Shop) -> None:
    """One after another, each call finds what the one before has released."""
    customer = await shop.customer(credit_nanos=NANOS)
    body = chat("output-only", max_tokens=1000, sandbox_output_tokens=10)
    for _ in range(20):
        # Each holds everything there is above the floor, and spends a hundredth.
        answer = await shop.call(customer, {**body, "max_tokens": 800})
        assert answer.status == 200, answer.body


async def test_a_model_is_served_under_the_public_name_only(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, chat("upstream-plain"))
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")


async def test_a_price_that_is_missing_is_refused_and_never_free(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, chat("unpriced"))
    assert (answer.status, answer.error["code"]) == (503, "price_missing")
    assert answer.headers["x-should-retry"] == "false"
    assert shop.sandbox.bill()["rows"] == []


async def test_a_kind_of_use_without_a_price_is_refused_before_it_is_used(shop: Shop) -> None:
    customer = await shop.customer()
    searching = response(tools=[{"type": "web_search"}], max_tool_calls=2)
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    seeing = {"model": "output-only", "messages": [{"role": "user", "content": [image]}]}
    for path, body in (("/v1/responses", searching), ("/v1/chat/completions", seeing)):
        answer = await shop.call(customer, body, path=path)
        assert (answer.status, answer.error["code"]) == (503, "price_missing"), answer.body
        assert (await shop.view(answer.request_id)).code == "price_missing"
        estimate = await shop.call(customer, body, path=f"/v1/estimate?endpoint={path}")
        assert (estimate.status, estimate.json["code"]) == (200, "price_missing"), estimate.body


async def test_a_model_of_the_other_dialect_is_not_found_here(open_shop: OpenShop) -> None:
    shop = await open_shop(upstream=False)
    await shop.add_upstream("first", dialects=[Dialect.OPENAI])
    answer = await shop.call(await shop.customer(), message(), path="/v1/messages")
    assert (answer.status, answer.error["code"]) == (404, "model_not_found")
    assert answer.json["type"] == "error"
