"""Each way in which an upstream can fail: who is asked next, what is told, what is charged."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from counterfoil.sandbox.out_of_money import FLAVOURS
from gateway.shop import NANOS, OpenShop, Shop, chat, message

# What the sandbox does, our code and status once every upstream has failed, and the attempt's outcome.
FAILURES = [
    ("status:500", "upstream_error", 502, "rejected"),
    ("status:502", "upstream_error", 502, "rejected"),
    ("status:503", "upstream_unavailable", 503, "rejected"),
    ("status:529", "upstream_unavailable", 503, "rejected"),
    ("status:429", "upstream_unavailable", 503, "rejected"),
    ("status:401", "upstream_unavailable", 503, "rejected"),
    ("status:403", "upstream_unavailable", 503, "rejected"),
    ("status:404", "upstream_unavailable", 503, "rejected"),
    ("garbage", "upstream_error", 502, "unreadable"),
    ("empty", "upstream_error", 502, "unreadable"),
    ("cut:50", "upstream_error", 502, "cut"),
    ("timeout:60000", "upstream_timeout", 504, "unknown"),
    *((f"out_of_money:{flavour}", "upstream_unavailable", 503, "out_of_money") for flavour in FLAVOURS),
]


@pytest.fixture
def refused_port() -> Iterator[int]:
    """A port that nobody listens on and nobody else is given."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def test_each_failure_is_told_recorded_and_costs_nothing(open_shop: OpenShop) -> None:
    shop = await open_shop(upstream=False)
    await shop.add_upstream("first", timeout_seconds=2)
    customer = await shop.customer()
    for failure, code, status, outcome in FAILURES:
        answer = await shop.call(customer, chat(sandbox_output_tokens=5, sandbox_fail=failure))
        assert (answer.status, answer.error["code"]) == (status, code), (failure, answer.body)
        # Never as if it were the customer's money.
        assert "insufficient" not in answer.body.decode().lower(), failure
        assert answer.error["type"] == "server_error", failure
        view = await shop.view(answer.request_id)
        assert (view.state, view.code, view.status_code, view.charged_nanos) == ("failed", code, status, 0), failure
        assert view.charge_mark == "not_charged", failure
        assert {attempt.outcome for attempt in view.attempts} == {outcome}, failure
        assert await shop.balance(customer) == (10 * NANOS, 0), failure


async def test_after_each_failure_the_next_upstream_is_asked(open_shop: OpenShop) -> None:
    shop = await open_shop(upstream=False)
    await shop.add_upstream("first", timeout_seconds=2, priority=1)
    await shop.add_upstream("second", priority=2)
    customer = await shop.customer()
    for failure, *_ in FAILURES:
        body = chat(sandbox_input_tokens=1000, sandbox_output_tokens=10, sandbox_fail=f"{failure}@first")
        answer = await shop.call(customer, body)
        assert answer.status == 200, (failure, answer.body)
        # Charged once, however many upstreams were asked.
        assert answer.charged_nanos == 1_020_000, failure
        view = await shop.view(answer.request_id)
        assert (view.attempts[0].upstream, view.attempts[-1].upstream) == ("first-openai", "second-openai"), failure
        assert view.attempts[0].outcome != "succeeded", failure
        assert view.attempts[-1].outcome == "succeeded", failure
    assert await shop.balance(customer) == (10 * NANOS - 1_020_000 * len(FAILURES), 0)


async def test_an_upstream_that_cannot_be_reached(open_shop: OpenShop, refused_port: int) -> None:
    shop = await open_shop(upstream=False)
    await shop.add_upstream("first", base_url=f"http://127.0.0.1:{refused_port}")
    customer = await shop.customer()
    answer = await shop.call(customer, chat())
    assert (answer.status, answer.error["code"]) == (503, "upstream_unavailable")
    assert [attempt.outcome for attempt in (await shop.view(answer.request_id)).attempts] == ["not_connected"]
    await shop.add_upstream("second", priority=200)
    assert (await shop.call(customer, chat(sandbox_output_tokens=1))).status == 200


async def test_what_is_the_callers_fault_is_relayed_and_asked_once(shop: Shop) -> None:
    await shop.add_upstream("second", priority=200)
    customer = await shop.customer()
    for path, make in (("/v1/chat/completions", chat), ("/v1/messages", message)):
        for status in (400, 413, 422):
            answer = await shop.call(customer, make(sandbox_fail=f"status:{status}"), path=path)
            assert answer.status == status
            assert answer.headers["x-should-retry"] == "false"
            assert "The request failed." in answer.error["message"]
            view = await shop.view(answer.request_id)
            assert (view.code, view.status_code, view.charged_nanos) == ("upstream_rejected", status, 0)
            assert view.error_text == "The request failed."
            assert len(view.attempts) == 1
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_the_operator_is_alerted_about_money_and_keys(shop: Shop) -> None:
    customer = await shop.customer()
    for failure in ("out_of_money", "status:401", "status:404"):
        with capture_logs() as logs:
            await shop.call(customer, chat(sandbox_fail=failure))
        [alert] = [line for line in logs if line["event"] == "upstream_needs_operator"]
        assert alert["log_level"] == "error"
        assert alert["upstream"] == "first-openai"


async def test_an_upstream_that_asks_for_patience_is_heard(shop: Shop) -> None:
    answer = await shop.call(await shop.customer(), chat(sandbox_fail="status:429"))
    assert answer.headers["retry-after"] == "1"


async def test_upstreams_of_one_priority_share_by_weight(open_shop: OpenShop) -> None:
    shop = await open_shop(upstream=False)
    await shop.add_upstream("first")
    await shop.add_upstream("second")
    customer = await shop.customer()
    for _ in range(40):
        await shop.call(customer, chat(sandbox_output_tokens=1))
    by_key = shop.sandbox.bill()["by_key"]
    assert by_key["first"]["requests"] + by_key["second"]["requests"] == 40
    assert min(by_key["first"]["requests"], by_key["second"]["requests"]) > 5


async def test_the_calls_deadline_ends_all_attempts(open_shop: OpenShop) -> None:
    shop = await open_shop(upstream=False, call_deadline_seconds=1, upstream_timeout_seconds=1)
    await shop.add_upstream("first", timeout_seconds=30, priority=1)
    await shop.add_upstream("second", timeout_seconds=30, priority=2)
    answer = await shop.call(await shop.customer(), chat(sandbox_fail="timeout"))
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
    assert [attempt.outcome for attempt in (await shop.view(answer.request_id)).attempts] == ["unknown"]


async def test_an_answer_without_usage_is_counted_here_and_marked(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, chat(sandbox_output_tokens=50, sandbox_fail="no_usage"))
    assert answer.status == 200
    view = await shop.view(answer.request_id)
    assert view.estimated
    assert '"output":50' in (view.tokens or "")
    assert answer.charged_nanos == view.charged_nanos > 100_000


async def test_a_wrong_content_type_does_not_hide_a_good_answer(shop: Shop) -> None:
    answer = await shop.call(await shop.customer(), chat(sandbox_output_tokens=5, sandbox_fail="wrong_content_type"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"


async def test_a_slow_first_byte_is_waited_for_within_the_upstreams_time(shop: Shop) -> None:
    answer = await shop.call(await shop.customer(), chat(sandbox_output_tokens=5, sandbox_fail="slow_first_byte:300"))
    assert answer.status == 200
