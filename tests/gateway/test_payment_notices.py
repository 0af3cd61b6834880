"""Notices of payment providers over HTTP: each provider hears its own word, once the credit has committed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from counterfoil.foundation.money import parse_nanos
from counterfoil.recharge.model import OrderState, ProviderKind
from counterfoil.recharge.providers.port import NOTICE_BYTES_MAX
from counterfoil.sandbox.payments.process import PaymentsProcess
from gateway.shop import Shop
from recharge.till import KINDS, configured


@pytest.fixture(scope="module")
def payments_process() -> Iterator[PaymentsProcess]:
    with PaymentsProcess({"retry_seconds": [0.05, 0.05]}) as process:
        yield process


@pytest.fixture
def payments(payments_process: PaymentsProcess) -> PaymentsProcess:
    payments_process.reset()
    return payments_process


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_provider_sends_until_it_hears_that_the_credit_has_committed(
    shop: Shop, payments: PaymentsProcess, kind: ProviderKind
) -> None:
    recharge = shop.services.recharge
    await recharge.payment_providers.add(configured(kind, payments.providers[kind.value]))
    await recharge.recharge_terms.set_rate(
        paid_currency="CNY", wallet_currency="USD", rate=parse_nanos("0.14"), by="tester"
    )
    account = (await shop.services.ledger.open_account(name="Payer")).account_id
    order = await recharge.orders.create(
        account_id=account, provider=kind.value, amount=parse_nanos("100"), currency="CNY", by="tester"
    )
    payment = await recharge.orders.pay(order.order_id)
    if kind is not ProviderKind.WECHAT:
        payments.open(payment.content)
    # The order's own address is not this machine's, so nothing is sent there.
    payments.pay(kind.value, order.number)
    payments.notify(kind.value, order.number, times=3, url=f"{shop.address}/callbacks/{kind.value}")
    # In a thread: the gateway that has to answer runs in this one.
    for sent in [one for one in await asyncio.to_thread(payments.settled) if one["answers"]]:
        assert sent["accepted"], sent
        status, body = sent["answers"][-1]["status"], sent["answers"][-1]["body"]
        expected = {ProviderKind.STRIPE: (200, "{}"), ProviderKind.WECHAT: (204, "")}.get(kind, (200, "success"))
        assert (status, body) == expected
    assert (await recharge.orders.order(order.order_id)).state is OrderState.PAID
    assert (await shop.services.ledger.balance(account)).posted == parse_nanos("14")
    payments.notify(kind.value, order.number, key="wrong", url=f"{shop.address}/callbacks/{kind.value}")
    refused = (await asyncio.to_thread(payments.settled))[-1]
    assert not refused["accepted"]
    assert {answer["status"] for answer in refused["answers"]} <= {400, 401, 403, 500}


async def test_what_is_no_notice_is_told_so(shop: Shop) -> None:
    for path, method, status in (
        ("/callbacks/nobody", "POST", 404), ("/callbacks/nobody", "GET", 404), ("/callbacks/", "GET", 404),
        ("/callbacks/a/b", "POST", 404), ("/callbacks/nobody", "DELETE", 404),
    ):  # fmt: skip
        async with shop.session.request(method, shop.address + path, data=b"") as response:
            assert response.status == status, path
    async with shop.session.post(f"{shop.address}/callbacks/nobody", data=b"x" * (NOTICE_BYTES_MAX + 1)) as response:
        assert response.status == 400
        assert b"xxx" not in await response.read()
