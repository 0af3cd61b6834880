"""Notices that are not what they seem: refused, on record without their content, and nothing is credited."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from counterfoil.foundation.errors import NotFound
from counterfoil.recharge.model import Order, OrderState, ProviderKind
from counterfoil.recharge.notices import REFUSED_KEPT_PER_MINUTE
from counterfoil.recharge.providers.port import RawNotice
from counterfoil.sandbox.payments.process import PaymentsProcess
from recharge.till import KINDS, Till, configured, raw_of, units

each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
CARD = "4242424242424242"
PAYER = "13800138000"
REFUSALS = {
    "wrong key": {"key": "wrong"},
    "empty secret": {"key": "empty"},
    "changed amount": {"tamper": "content"},
    "changed signature": {"tamper": "signature"},
    "unsigned": {"tamper": "unsigned"},
}


def is_refused(kind: ProviderKind, reply: Any) -> bool:
    return reply.status >= 400 or reply.body == b"fail"


async def nothing_credited(till: Till, order: Order) -> None:
    assert (await till.orders.order(order.order_id)).state is OrderState.PROCESSING
    assert await till.balance(order.account_id) == "0.00"


@each_kind
@pytest.mark.parametrize("how", REFUSALS)
async def test_a_forged_notice_is_refused_on_record_and_credits_nothing(
    till: Till, payments: PaymentsProcess, kind: ProviderKind, how: str
) -> None:
    order = await till.begun(await till.account(), kind)
    payments.pay(kind, order.number)
    (notice,) = payments.notify(kind, order.number, send=False, **REFUSALS[how])[:1]
    assert is_refused(kind, await till.deliver(kind, notice))
    assert is_refused(kind, await till.deliver(kind, notice))
    await nothing_credited(till, order)
    (kept,) = await till.notices.notices(refused=True)
    assert (kept.provider, kept.order_id, kept.said, kept.accepted, kept.arrivals) == (str(kind), None, None, False, 2)
    assert kept.outcome == "notice_signature_wrong"
    # The honest one is not held up by it.
    (honest,) = payments.notify(kind, order.number, send=False)[:1]
    assert not is_refused(kind, await till.deliver(kind, honest))
    assert (await till.orders.order(order.order_id)).state is OrderState.PAID


@pytest.mark.parametrize("kind", [ProviderKind.STRIPE, ProviderKind.WECHAT], ids=str)
async def test_a_stale_notice_is_refused(till: Till, payments: PaymentsProcess, kind: ProviderKind) -> None:
    order = await till.begun(await till.account(), kind)
    payments.pay(kind, order.number)
    (notice,) = payments.notify(kind, order.number, send=False, stale_seconds=301)[:1]
    assert is_refused(kind, await till.deliver(kind, notice))
    await nothing_credited(till, order)
    assert [one.outcome for one in await till.notices.notices()] == ["notice_stale"]


@each_kind
async def test_a_notice_for_another_provider_another_merchant_or_no_order_credits_nothing(
    till: Till, payments: PaymentsProcess, kind: ProviderKind
) -> None:
    order = await till.begun(await till.account(), kind)
    bank_order = await till.order(order.account_id, "bank")
    payments.pay(kind, order.number)
    (notice,) = payments.notify(kind, order.number, send=False)[:1]
    # Sent to another provider's address.
    for other in KINDS:
        if other is not kind:
            assert is_refused(other, await till.deliver(other, notice))
    with pytest.raises(NotFound):
        await till.deliver("nobody", notice)
    # Rightly signed, about an order of another provider, and about none of ours.
    for number, outcome in ((bank_order.number, "other_provider"), (UUID(int=7).hex, "order_unknown")):
        (wrong,) = payments.notify(kind, order.number, send=False, order_number_override=number)[:1]
        assert is_refused(kind, await till.deliver(kind, wrong))
        kept = [one.outcome for one in await till.notices.notices(provider=str(kind)) if one.said is not None]
        assert outcome in kept
    merchant = {ProviderKind.STRIPE: "acct_another", ProviderKind.EPAY: "1", ProviderKind.WECHAT: "1900000001"}
    (foreign,) = payments.notify(kind, order.number, send=False, merchant=merchant.get(kind, "2088000000000000"))[:1]
    assert is_refused(kind, await till.deliver(kind, foreign))
    await nothing_credited(till, order)
    assert (await till.orders.order(bank_order.order_id)).state is OrderState.CREATED


@each_kind
async def test_another_amount_than_was_ordered_credits_nothing_and_somebody_is_told(
    till: Till, payments: PaymentsProcess, kind: ProviderKind
) -> None:
    order = await till.begun(await till.account(), kind, "10")
    payments.pay(kind, order.number, amount=units(kind, "9.99"))
    (notice,) = payments.notify(kind, order.number, send=False)[:1]
    assert is_refused(kind, await till.deliver(kind, notice))
    found = await till.orders.order(order.order_id)
    assert (found.state, found.attention) == (OrderState.PROCESSING, "amount_differs")
    assert [one.order_id for one in await till.orders.orders(attention=True)] == [order.order_id]
    assert await till.balance(order.account_id) == "0.00"
    assert "order_attention" in till.everything_stored()
    looked = await till.orders.settle_attention(order.order_id, by="Ann", reason="the rest came by bank")
    assert looked.attention is None


@each_kind
async def test_one_payment_pays_one_order_and_one_order_is_credited_for_one_payment(
    till: Till, payments: PaymentsProcess, kind: ProviderKind
) -> None:
    account = await till.account()
    first, second = await till.begun(account, kind), await till.begun(account, kind)
    payments.pay(kind, first.number)
    (notice,) = payments.notify(kind, first.number, send=False)[:1]
    assert not is_refused(kind, await till.deliver(kind, notice))
    # The same payment, rightly signed for another order.
    (moved,) = payments.notify(kind, first.number, send=False, order_number_override=second.number)[:1]
    assert is_refused(kind, await till.deliver(kind, moved))
    assert (await till.orders.order(second.order_id)).attention == "number_taken"
    assert await till.transfers_of(second) == 0
    # Another payment for an order that has been paid: the money is there, credited to nobody, and somebody is told.
    payments.pay(kind, second.number)
    (again,) = payments.notify(kind, second.number, send=False, order_number_override=first.number)[:1]
    assert is_refused(kind, await till.deliver(kind, again))
    found = await till.orders.order(first.order_id)
    assert (found.state, found.attention) == (OrderState.PAID, "paid_twice")
    assert await till.transfers_of(first) == 1


async def test_the_refund_of_a_payment_that_was_credited_to_nobody_takes_nothing_from_anybody(
    till: Till, payments: PaymentsProcess
) -> None:
    account = await till.account()
    first, second = await till.begun(account, "wechat"), await till.begun(account, "wechat")
    for order in (first, second):
        payments.pay("wechat", order.number)
    await till.deliver("wechat", payments.notify("wechat", first.number, send=False)[0])
    (again,) = payments.notify("wechat", second.number, send=False, order_number_override=first.number)
    await till.deliver("wechat", again)
    assert (await till.orders.order(first.order_id)).attention == "paid_twice"
    payments.refund("wechat", second.number)
    (back,) = payments.notify("wechat", second.number, event="refunded", send=False, order_number_override=first.number)
    assert not is_refused(ProviderKind.WECHAT, await till.deliver("wechat", back))
    found = await till.orders.order(first.order_id)
    assert (found.state, found.refunded, found.taken_back) == (OrderState.PAID, 0, 0)
    assert await till.balance(account) == "1.450296225"
    await till.verified()


async def test_a_notice_that_is_sent_on_asks_for_attention_once(till: Till, payments: PaymentsProcess) -> None:
    order = await till.begun(await till.account(), "wechat", "10")
    payments.pay("wechat", order.number, amount=999)
    for _ in range(5):
        # Signed anew each time, as WeChat Pay does it.
        till.clock.advance(seconds=15)
        payments.use_clock(till.clock.now())
        (notice,) = payments.notify("wechat", order.number, send=False)
        assert is_refused(ProviderKind.WECHAT, await till.deliver("wechat", notice))
    await till.orders.settle_attention(order.order_id, by="Ann", reason="refunded there")
    await till.deliver("wechat", notice)
    shown = await till.orders.view(order.order_id)
    assert shown.order.attention is None
    assert [one.what for one in shown.events] == ["created", "payment_begun", "amount_differs", "looked_at"]


async def test_a_notice_that_comes_before_its_order_is_sent_again_and_then_counts(
    till: Till, payments: PaymentsProcess
) -> None:
    order = await till.begun(await till.account(), "epay")
    payments.pay("epay", order.number)
    (notice,) = payments.notify("epay", order.number, send=False)
    with_another = replace(notice, url=notice.url)
    async with till.database.unit_of_work() as connection:
        # As if the order had not been committed yet.
        await connection.execute("UPDATE orders SET provider = 'bank' WHERE order_id = %s", (order.order_id,))
    assert is_refused(ProviderKind.EPAY, await till.deliver("epay", notice))
    async with till.database.unit_of_work() as connection:
        await connection.execute("UPDATE orders SET provider = 'epay' WHERE order_id = %s", (order.order_id,))
    assert not is_refused(ProviderKind.EPAY, await till.deliver("epay", with_another))
    (kept,) = await till.notices.notices()
    assert (kept.outcome, kept.accepted, kept.arrivals) == ("credited", True, 2)


@each_kind
async def test_a_provider_without_a_secret_accepts_nothing(
    till: Till, payments: PaymentsProcess, kind: ProviderKind
) -> None:
    order = await till.begun(await till.account(), kind)
    payments.pay(kind, order.number)
    (notice,) = payments.notify(kind, order.number, send=False)[:1]
    async with till.database.unit_of_work() as connection:
        await connection.execute("UPDATE payment_providers SET secrets_sealed = NULL")
    for key in ("right", "empty"):
        (notice,) = payments.notify(kind, order.number, send=False, key=key)[:1]
        assert is_refused(kind, await till.deliver(kind, notice))
    assert {one.outcome for one in await till.notices.notices()} == {"notice_not_configured"}
    await nothing_credited(till, order)


async def test_a_flood_of_forged_notices_fills_no_table(till: Till) -> None:
    for number in range(REFUSED_KEPT_PER_MINUTE + 50):
        raw = RawNotice(method="POST", headers={}, query="", body=f"pid=1&sign={number:032x}".encode())
        await till.notices.accept("epay", raw)
    assert len(await till.notices.notices(most=1_000)) == REFUSED_KEPT_PER_MINUTE
    till.clock.advance(seconds=60)
    await till.notices.accept("epay", RawNotice(method="POST", headers={}, query="", body=b"later"))
    assert len(await till.notices.notices(most=1_000)) == REFUSED_KEPT_PER_MINUTE + 1


@pytest.mark.parametrize(
    "raw",
    [
        RawNotice(method="GET", headers={}, query="", body=b""),
        RawNotice(method="POST", headers={}, query="", body=b"\x00" * 100),
        RawNotice(method="POST", headers={}, query="", body=b"\xff\xfe" * 1_000),
        RawNotice(method="POST", headers={"content-type": "application/json"}, query="", body=b"[" * 60_000),
        RawNotice(
            method="POST", headers={"stripe-signature": "t=1,v1=" + "0" * 64}, query="a=%00&a=%ud800", body=b"{}"
        ),
        RawNotice(method="GET", headers={}, query="trade_status=TRADE_SUCCESS&money=NaN&sign=&sign_type=MD5", body=b""),
    ],
    ids=lambda raw: repr(raw)[:30],
)
@each_kind
async def test_hostile_notices_get_an_answer_and_change_nothing(till: Till, kind: ProviderKind, raw: RawNotice) -> None:
    assert is_refused(kind, await till.notices.accept(str(kind), raw))
    assert await till.orders.orders() == []


@each_kind
async def test_l12_nothing_private_of_a_notice_is_in_a_table_or_a_log(
    till: Till, payments: PaymentsProcess, kind: ProviderKind, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    order = await till.begun(await till.account(), kind, "100")
    planted = {
        ProviderKind.STRIPE: {
            "payment_method_details": {"card": {"number": CARD}},
            "receipt_email": f"{PAYER}@x.example",
        },
        ProviderKind.EPAY: {"param": CARD, "buyer": PAYER},
        ProviderKind.ALIPAY: {"buyer_logon_id": PAYER, "body": CARD},
        ProviderKind.WECHAT: {"attach": CARD, "payer": {"openid": PAYER}},
    }[kind]
    payments.pay(kind, order.number, extra=planted, payer=f"{PAYER}-payer")
    numbers = {
        str(value) for one in payments.orders(kind) for name, value in one.items() if name.endswith("trade_number")
    }
    for notice in payments.notify(kind, order.number, send=False, extra=planted):
        # And once more as something that cannot be believed.
        await till.deliver(kind, notice)
        await till.notices.accept(str(kind), replace(raw_of(notice), body=raw_of(notice).body + b" "))
    assert (await till.orders.order(order.order_id)).state is OrderState.PAID
    await till.refund(order, "1")
    await till.refunds.send_due()
    kept = till.everything_stored() + caplog.text
    for secret in (CARD, PAYER, *numbers, *configured(kind, payments.providers[str(kind)]).secrets.values()):
        assert len(secret) > 8
        assert secret not in kept, secret
    shown = await till.orders.order(order.order_id)
    assert shown.number_mask is not None
    assert len(shown.number_mask) <= 5
