"""What is answered and charged when the end of a call does not go as usual."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest

from counterfoil.foundation.errors import Broken, CounterfoilError, Overloaded, Unavailable
from counterfoil.gateway import settlement
from counterfoil.spend.guard import Along
from counterfoil.spend.model import Admission, Charge, Delivery, Failure
from counterfoil.spend.service import Spend
from gateway.shop import NANOS, Customer, OpenShop, Shop, chat


class FaultySpend(Spend):
    """The real one, which fails first as often as it is told to."""

    faults: list[CounterfoilError]

    def __init__(self, **services: Any) -> None:
        super().__init__(**services)
        self.faults = []

    async def capture(self, admission: Admission, delivery: Delivery, *, along: Sequence[Along] = ()) -> Charge:
        self._fail()
        return await super().capture(admission, delivery, along=along)

    async def void(self, admission: Admission, failure: Failure, *, along: Sequence[Along] = ()) -> None:
        self._fail()
        await super().void(admission, failure, along=along)

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


@pytest.fixture
async def faulty(open_shop: OpenShop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setattr(settlement, "_PAUSES_SECONDS", (0.01,))
    return await open_shop(spend_class=FaultySpend)


def faults_of(shop: Shop) -> list[CounterfoilError]:
    spend = shop.services.spend
    assert isinstance(spend, FaultySpend)
    return spend.faults


async def test_a_capture_is_tried_again_while_the_ledger_is_busy(faulty: Shop) -> None:
    customer = await faulty.customer()
    faults_of(faulty).extend([Overloaded(), Unavailable()])
    answer = await faulty.call(customer, chat(sandbox_input_tokens=1000, sandbox_output_tokens=0))
    assert (answer.status, answer.charged_nanos) == (200, 1_000_000)
    assert await faulty.balance(customer) == (10 * NANOS - 1_000_000, 0)


async def test_an_answer_that_cannot_be_charged_is_not_given(faulty: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement, "SETTLE_SECONDS_MAX", 0.05)
    customer = await faulty.customer()
    # Longer than a capture is tried, and the void after it fails at first too.
    faults_of(faulty).extend([Unavailable() for _ in range(30)])
    answer = await faulty.call(customer, chat(sandbox_output_tokens=3))
    assert (answer.status, answer.error["code"]) == (503, "unavailable")
    assert answer.error["decision"]["charge"] == "held"
    [view] = await faulty.settled(customer)
    assert (view.state, view.charged_nanos) == ("failed", 0)
    assert await faulty.balance(customer) == (10 * NANOS, 0)


async def test_a_stream_that_cannot_be_charged_yet_is_charged_later(
    faulty: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settlement, "SETTLE_SECONDS_MAX", 0.05)
    customer = await faulty.customer()
    faults_of(faulty).extend([Unavailable() for _ in range(30)])
    answer = await faulty.call(customer, chat(stream=True, sandbox_input_tokens=1000, sandbox_output_tokens=10))
    error = json.loads(answer.body.rpartition(b"data: ")[2])["error"]
    assert (error["code"], error["decision"]["charge"]) == ("unavailable", "held")
    [view] = await faulty.settled(customer)
    # It was delivered: it is charged as soon as that is possible.
    assert (view.state, view.charged_nanos) == ("served", 1_020_000)


async def test_a_defect_in_the_capture_charges_nothing(faulty: Shop) -> None:
    customer = await faulty.customer()
    faults_of(faulty).append(Broken())
    answer = await faulty.call(customer, chat(sandbox_output_tokens=3))
    assert (answer.status, answer.error["code"]) == (500, "internal_error")
    assert await faulty.balance(customer) == (10 * NANOS, 0)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_kind_of_use_without_a_price_is_not_charged(shop: Shop, stream: bool) -> None:
    # The book has no price for what this model reads from a cache.
    customer = await shop.customer()
    body = chat("output-only", stream=stream, max_tokens=50, sandbox_input_tokens=10, sandbox_cached_tokens=5)
    answer = await shop.call(customer, body)
    if stream:
        assert json.loads(answer.body.rpartition(b"data: ")[2])["error"]["code"] == "price_missing"
    else:
        assert (answer.status, answer.error["code"]) == (503, "price_missing")
    [view] = await shop.views(customer)
    assert (view.state, view.code, view.charged_nanos) == ("failed", "price_missing", 0)
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_a_refusal_by_overload_leaves_no_row(open_shop: OpenShop) -> None:
    shop = await open_shop(queue_max=1, lanes=1)
    customer = await shop.customer()
    body = chat(sandbox_output_tokens=1)
    answers = await asyncio.gather(*(shop.call(customer, body) for _ in range(100)))
    refused = [answer for answer in answers if answer.status != 200]
    assert {(answer.status, answer.error["code"]) for answer in refused} <= {(503, "overloaded")}
    for answer in refused:
        assert answer.headers["retry-after"] == "1"
    views = await shop.settled(customer)
    assert len(views) == 100 - len(refused)
    assert all(view.state == "served" for view in views)


class Wire:
    """The ASGI side of one call, without a server: what a worker that shuts down does to it."""

    def __init__(self, customer: Customer, body: dict[str, Any]) -> None:
        self.scope: MutableMapping[str, Any] = {
            "type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"",
            "client": ("127.0.0.1", 1), "headers": [
                (b"content-type", b"application/json"), (b"authorization", b"Bearer " + customer.token.encode()),
            ],
        }  # fmt: skip
        self.sent: list[MutableMapping[str, Any]] = []
        self.first_sent = asyncio.Event()
        self._body: bytes | None = json.dumps(body).encode()

    async def receive(self) -> MutableMapping[str, Any]:
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)
        if message.get("body"):
            self.first_sent.set()


async def test_a_cancelled_call_releases_its_hold(shop: Shop) -> None:
    customer = await shop.customer()
    wire = Wire(customer, chat(sandbox_latency_ms=30_000))
    task = asyncio.create_task(shop.gateway(wire.scope, wire.receive, wire.send))
    while not await shop.views(customer):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [view] = await shop.settled(customer)
    assert (view.state, view.charged_nanos) == ("failed", 0)
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_a_cancelled_stream_charges_what_was_delivered(shop: Shop) -> None:
    customer = await shop.customer()
    wire = Wire(customer, chat(stream=True, sandbox_output_tokens=1000, sandbox_token_interval_ms=10))
    task = asyncio.create_task(shop.gateway(wire.scope, wire.receive, wire.send))
    await wire.first_sent.wait()
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [view] = await shop.settled(customer)
    assert view.estimated
    assert 1 <= json.loads(view.tokens or "{}")["output"] < 500
    assert (await shop.balance(customer))[1] == 0


async def test_a_process_that_ends_waits_for_its_calls(shop: Shop) -> None:
    customer = await shop.customer()
    call = asyncio.create_task(shop.call(customer, chat(sandbox_output_tokens=3, sandbox_latency_ms=400)))
    while shop.gateway._idle.is_set():
        await asyncio.sleep(0.01)
    await shop.gateway.finish(30)
    [view] = await shop.views(customer)
    assert view.state == "served"
    assert (await call).status == 200
