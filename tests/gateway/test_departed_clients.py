"""A client that goes away before its answer: drained by default, or stopped and counted here."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.shop import NANOS, Customer, OpenShop, Shop, chat

OUTPUT = {"sandbox_input_tokens": 1000, "sandbox_output_tokens": 40}


async def leave(shop: Shop, customer: Customer, body: dict[str, Any]) -> bytes:
    """Make a call and close the connection once the upstream is at work; gives what had come of a stream by then."""
    host, port = shop.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    content = json.dumps(body).encode()
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {customer.token}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
    )
    await writer.drain()
    came = b""
    if body.get("stream"):
        while came.count(b"data: ") < 4:
            came += await reader.read(2**20)
    else:
        while not await shop.views(customer):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
    writer.close()
    return came


async def test_by_default_the_answer_is_read_to_its_end_and_charged(shop: Shop) -> None:
    customer = await shop.customer()
    await leave(shop, customer, chat(**OUTPUT, sandbox_latency_ms=1_500))
    [view] = await shop.settled(customer, state="client_gone")
    assert (view.charged_nanos, view.estimated, view.tokens) == (1_080_000, False, '{"input":1000,"output":40}')
    assert [attempt.outcome for attempt in view.attempts] == ["succeeded"]
    assert await shop.balance(customer) == (10 * NANOS - 1_080_000, 0)


async def test_by_default_a_stream_is_read_to_its_end_and_charged(shop: Shop) -> None:
    customer = await shop.customer()
    came = await leave(shop, customer, chat(stream=True, **OUTPUT, sandbox_token_interval_ms=40))
    assert b"data: " in came
    assert b"[DONE]" not in came
    [view] = await shop.settled(customer, state="client_gone")
    assert (view.charged_nanos, view.estimated, view.tokens) == (1_080_000, False, '{"input":1000,"output":40}')


async def test_cancel_stops_a_stream_and_charges_what_had_come(open_shop: OpenShop) -> None:
    shop = await open_shop(drain_policy="cancel")
    customer = await shop.customer()
    body = chat(stream=True, sandbox_output_tokens=1000, sandbox_token_interval_ms=20)
    await leave(shop, customer, body)
    [view] = await shop.settled(customer, state="client_gone")
    assert view.estimated
    output = json.loads(view.tokens or "{}")["output"]
    assert 1 <= output < 200
    # The upstream was told to stop: it bills no more than it had sent.
    for _ in range(100):
        rows = shop.sandbox.bill()["rows"]
        if rows:
            break
        await asyncio.sleep(0.02)
    assert rows[0]["output_tokens"] < 200
    assert [attempt.outcome for attempt in view.attempts] == ["unknown"]


async def test_cancel_before_the_upstream_has_answered_charges_a_local_count(open_shop: OpenShop) -> None:
    shop = await open_shop(drain_policy="cancel")
    customer = await shop.customer()
    await leave(shop, customer, chat(**OUTPUT, sandbox_latency_ms=20_000))
    [view] = await shop.settled(customer, state="client_gone")
    assert view.estimated
    assert json.loads(view.tokens or "{}").keys() == {"input"}
    assert (await shop.balance(customer))[1] == 0


@pytest.mark.parametrize("policy", ["drain", "cancel"])
async def test_a_client_that_has_gone_is_not_taken_to_another_upstream(open_shop: OpenShop, policy: str) -> None:
    shop = await open_shop(upstream=False, drain_policy=policy)
    await shop.add_upstream("first", priority=1)
    await shop.add_upstream("second", priority=2)
    customer = await shop.customer()
    # The first fails after the client has left.
    body = chat(**OUTPUT, sandbox_latency_ms=1_500, sandbox_fail="cut:10@first")
    await leave(shop, customer, body)
    [view] = await shop.settled(customer)
    assert {attempt.upstream for attempt in view.attempts} == {"first-openai"}
    if policy == "drain":
        assert view.charged_nanos == 0


async def test_a_client_that_leaves_while_it_sends_decides_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    host, port = shop.address.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {customer.token}\r\nContent-Length: 1000\r\n\r\n{{".encode()
    )
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.close()
    assert (await shop.call(customer, chat(sandbox_output_tokens=1))).status == 200
    assert len(await shop.views(customer)) == 1
