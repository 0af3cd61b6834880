"""Stripe against `localstripe`, which somebody else has written: payment intents, refunds and its signed events.

It has no Checkout, so that an intent is begun, as with `mode` = `payment_intent`, and confirmed by its interface, as the
operator's page would do.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from counterfoil.foundation.clock import SystemClock
from counterfoil.recharge.model import Said
from counterfoil.recharge.providers.port import (
    PayRequest,
    Provider,
    RawNotice,
    RefundOutcome,
    RefundRequest,
    Rejected,
)
from counterfoil.recharge.providers.registry import build
from recharge.providers.desk import STRIPE_SECRET, pay_request, refund_request, stripe_config

PATIENCE_SECONDS = 30.0
KEY = {"Authorization": "Bearer sk_test_12345"}
MICROS = 1_000_000


@pytest.fixture(scope="module")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running localstripe; it listens on IPv6 with IPv4 mapped into it, and keeps its store in the working folder."""
    folder: Path = tmp_path_factory.mktemp("localstripe")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, "localstripe does not answer"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def clock() -> SystemClock:
    """Its times are the machine's."""
    return SystemClock()


@pytest.fixture
def stripe(localstripe: str, session: aiohttp.ClientSession, clock: SystemClock) -> Provider:
    config = stripe_config(
        base_url=localstripe, secrets={"api_key": "sk_test_12345"},
        settings={"mode": "payment_intent", "livemode": "false", "pay_page": "https://desk.example/pay"},
    )  # fmt: skip
    return build(config, session, clock=clock)


def new_order(clock: SystemClock, **changes: Any) -> PayRequest:
    now = clock.now()
    return pay_request(
        order_id=clock.new_id(), created_at=now, expires_at=now + 7200 * MICROS, **{"currency": "USD", **changes}
    )


def known(request: PayRequest, number: str | None) -> PayRequest:
    return pay_request(
        **{name: getattr(request, name) for name in ("order_id", "amount", "currency", "created_at", "expires_at")},
        provider_number=number,
    )


async def pay(session: aiohttp.ClientSession, url: str, intent: str, *, card: str = "4242424242424242") -> None:
    """What the operator's page does: a payment method, and the intent confirmed with it."""
    method = await posted(
        session, f"{url}/v1/payment_methods",
        {"type": "card", "card[number]": card, "card[exp_month]": "12", "card[exp_year]": "2030", "card[cvc]": "123"},
    )  # fmt: skip
    customer = await posted(session, f"{url}/v1/customers", {"email": "payer@example.com"})
    await posted(session, f"{url}/v1/payment_methods/{method['id']}/attach", {"customer": customer["id"]})
    await posted(session, f"{url}/v1/payment_intents/{intent}", {"payment_method": method["id"]})
    await posted(session, f"{url}/v1/payment_intents/{intent}/confirm", {})


async def posted(session: aiohttp.ClientSession, url: str, form: dict[str, str]) -> dict[str, Any]:
    async with session.post(url, data=form, headers=KEY) as response:
        found: dict[str, Any] = await response.json()
        assert response.status == 200, found
        return found


def a_refund(request: PayRequest, clock: SystemClock, **changes: Any) -> RefundRequest:
    return refund_request(
        refund_id=clock.new_id(), order_id=request.order_id, order_amount=request.amount, currency=request.currency,
        provider_number=request.provider_number, **changes,
    )  # fmt: skip


async def test_an_order_is_paid_and_refunded_at_somebody_elses_stripe(
    localstripe: str, session: aiohttp.ClientSession, stripe: Provider, clock: SystemClock
) -> None:
    order = new_order(clock)
    payment, number = await stripe.start(order)
    assert number is not None
    assert payment.content.startswith(f"https://desk.example/pay#payment_intent={number}&payment_intent_client_secret=")
    # Its number may have been lost on the way.
    assert (await stripe.query(order)).number == number
    assert (await stripe.query(new_order(clock))).said is Said.ABSENT
    order = known(order, number)
    assert (await stripe.query(order)).said is Said.PENDING
    # Whoever begins again goes on with the same.
    assert (await stripe.start(order))[1] == number

    await pay(session, localstripe, number)
    paid = await stripe.query(order)
    assert (paid.said, paid.order_id, paid.amount, paid.currency) == (Said.PAID, order.order_id, order.amount, "USD")
    assert (paid.number, paid.refunded_total) == (number, 0)
    with pytest.raises(Rejected):
        await stripe.close(order)
    with pytest.raises(Rejected):
        await stripe.start(order)

    part = a_refund(order, clock, amount=2_300_000_000)
    assert (await stripe.query_refund(part)).outcome is RefundOutcome.ABSENT
    answer = await stripe.refund(part)
    assert answer.outcome is RefundOutcome.SUCCEEDED
    # It knows no idempotency keys: that there is one refund is our doing.
    assert await stripe.refund(part) == answer
    assert await stripe.query_refund(part) == answer
    assert (await stripe.query(order)).refunded_total == 2_300_000_000

    rest = a_refund(order, clock, amount=10_000_000_000)
    assert (await stripe.refund(rest)).refund_number != answer.refund_number
    whole = await stripe.query(order)
    assert (whole.said, whole.refunded_total) == (Said.REFUNDED, order.amount)


async def test_a_declined_card_and_a_cancelled_order(
    localstripe: str, session: aiohttp.ClientSession, stripe: Provider, clock: SystemClock
) -> None:
    order = new_order(clock)
    order = known(order, (await stripe.start(order))[1])
    assert order.provider_number is not None
    await pay(session, localstripe, order.provider_number, card="4000000000000341")
    assert (await stripe.query(order)).said is Said.FAILED
    await stripe.close(order)
    assert (await stripe.query(order)).said is Said.CLOSED
    await stripe.close(order)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 500 * 10**9), ("KWD", 1_230_000_000), ("USD", 10_000_000)])
async def test_every_kind_of_currency_comes_back_as_it_went(
    localstripe: str,
    session: aiohttp.ClientSession,
    stripe: Provider,
    clock: SystemClock,
    currency: str,
    amount: int,
) -> None:
    order = new_order(clock, currency=currency, amount=amount)
    order = known(order, (await stripe.start(order))[1])
    assert order.provider_number is not None
    await pay(session, localstripe, order.provider_number)
    paid = await stripe.query(order)
    assert (paid.said, paid.amount, paid.currency) == (Said.PAID, amount, currency)


async def test_an_unknown_number_and_a_wrong_key(
    localstripe: str, session: aiohttp.ClientSession, stripe: Provider, clock: SystemClock
) -> None:
    assert (await stripe.query(known(new_order(clock), "pi_nothere"))).said is Said.ABSENT
    config = stripe_config(base_url=localstripe, secrets={"api_key": "pk_test_12345"}, settings={"livemode": "false"})
    with pytest.raises(Rejected):
        await build(config, session).query(known(new_order(clock), "pi_nothere"))


async def test_its_signed_events_are_believed(
    localstripe: str, session: aiohttp.ClientSession, stripe: Provider, clock: SystemClock
) -> None:
    arrived: asyncio.Queue[RawNotice] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        await arrived.put(RawNotice(method=request.method, headers=headers, query="", body=await request.read()))
        return web.Response()

    application = web.Application()
    application.router.add_post("/callbacks/stripe", take)
    async with TestServer(application) as server:
        async with session.post(
            f"{localstripe}/_config/webhooks/ours",
            json={"url": str(server.make_url("/callbacks/stripe")), "secret": STRIPE_SECRET},
        ) as response:
            assert response.status == 200
        # An event that it sends: it has none of payment intents.
        await posted(session, f"{localstripe}/v1/customers", {"email": "payer@example.com"})
        notice = await asyncio.wait_for(arrived.get(), PATIENCE_SECONDS)
    report = stripe.read_notice(notice, now=clock.now())
    assert (report.said, report.raw) == (Said.NOTHING, "customer.created")
