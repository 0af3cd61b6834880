"""Notices made in process, without a server: signed as those that are sent, and the same each time."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments import alipay, epay, stripe_notices, wechat
from counterfoil.sandbox.payments.alipay import AlipayRefund, AlipayTrade
from counterfoil.sandbox.payments.counterpart import Moment, Numbers
from counterfoil.sandbox.payments.epay import EpayOrder
from counterfoil.sandbox.payments.exchange import Asked
from counterfoil.sandbox.payments.keys import Keys, merchant_side, new_keys, read_keys, write_keys
from counterfoil.sandbox.payments.model import Forgery, Happening, SentNotice, SigningKey, Tamper
from counterfoil.sandbox.payments.stripe_counterpart import StripeCounterpart
from counterfoil.sandbox.payments.stripe_notices import StripePayment
from counterfoil.sandbox.payments.units import read_yuan, write_yuan
from counterfoil.sandbox.payments.wechat import WechatRefund, WechatTransaction

AT = 1_800_000_000
URL = "http://127.0.0.1:9/notify"


def stripe_payment(**more: Any) -> StripePayment:
    return StripePayment(
        order_number="order-1", amount=1000, currency="usd", url=URL, metadata={"order": "order-1"}, **more
    )


def epay_order(money: str = "10.00") -> EpayOrder:
    return EpayOrder(order_number="order-1", trade_number="2027011500000001", money=money, notify_url=URL)


def alipay_trade(**more: Any) -> AlipayTrade:
    return AlipayTrade(
        order_number="order-1",
        trade_number="2027011522001400000001",
        total_amount="10.00",
        notify_url=URL,
        status=alipay.SUCCESS,
        created_at=AT - 60,
        paid_at=AT,
        **more,
    )


def transaction(**more: Any) -> WechatTransaction:
    return WechatTransaction(
        order_number="order-1",
        transaction_id="4200000000000000000001",
        total=1000,
        notify_url=URL,
        state=wechat.SUCCESS,
        paid_at=AT,
        **more,
    )


def all_notices(keys: Keys, forgery: Forgery) -> list[SentNotice]:
    """One notice of each kind."""
    refund = AlipayRefund(request_number="request-1", fen=400, at=AT)
    wechat_refund = WechatRefund(
        refund_number="refund-1",
        refund_id="503",
        amount=400,
        status="SUCCESS",
        notify_url=URL,
        created_at=AT,
        ended_at=AT,
    )
    return [
        *stripe_notices.paid_notices(keys.stripe, stripe_payment(), at=AT, forgery=forgery),
        *stripe_notices.refund_notices(
            keys.stripe, stripe_payment(), refund_id="re_1", amount=400, at=AT, forgery=forgery
        ),
        stripe_notices.dispute_notice(
            keys.stripe,
            stripe_payment(),
            dispute_id="du_1",
            happening=Happening.DISPUTE_LOST,
            at=AT,
            forgery=forgery,
        ),
        epay.paid_notice(keys.epay, epay_order(), at=AT, forgery=forgery),
        alipay.paid_notice(keys.alipay, alipay_trade(), at=AT, forgery=forgery),
        alipay.refunded_notice(keys.alipay, alipay_trade(refunds=(refund,)), refund, at=AT, forgery=forgery),
        wechat.paid_notice(keys.wechat, transaction(), at=AT, forgery=forgery),
        wechat.refund_notice(keys.wechat, transaction(refunds=(wechat_refund,)), wechat_refund, at=AT, forgery=forgery),
    ]


FORGERIES = st.builds(
    Forgery,
    key=st.sampled_from(SigningKey),
    tamper=st.sampled_from(Tamper),
    stale_seconds=st.integers(0, 10_000),
    amount=st.none() | st.integers(1, 10**8),
    order_number=st.none() | st.uuids().map(lambda each: each.hex),
)


@given(forgery=FORGERIES)
def test_the_same_notice_is_made_the_same_each_time(payment_keys: Keys, forgery: Forgery) -> None:
    assert all_notices(payment_keys, forgery) == all_notices(payment_keys, forgery)


@given(fen=st.integers(1, 10**11 - 1), number=st.uuids().map(lambda each: each.hex))
def test_what_is_signed_is_what_was_asked_for(payment_keys: Keys, fen: int, number: str) -> None:
    money = write_yuan(fen)
    forgery = Forgery(amount=money, order_number=number)
    told = dict(parse_qsl(epay.paid_notice(payment_keys.epay, epay_order(), at=AT, forgery=forgery).query))

    assert (told["money"], told["out_trade_no"], read_yuan(told["money"])) == (money, number, fen)
    assert told["sign"] == epay.sign(told, payment_keys.epay.key)


@pytest.mark.parametrize("text", ["", "1.", ".5", "1.234", "-1", "+1", "1e2", "NaN", " 1", "1 ", "1,0", "１", "9" * 10])
def test_what_is_no_amount_in_yuan_is_none(text: str) -> None:
    assert read_yuan(text) is None


def test_stripes_own_check_believes_what_is_made_here(payment_keys: Keys) -> None:
    notices = [each for each in all_notices(payment_keys, Forgery()) if "stripe-signature" in each.headers]
    secret = payment_keys.stripe.webhook_secret
    events = [
        stripe.Webhook.construct_event(each.body, each.headers["stripe-signature"], secret, tolerance=10**10)
        for each in notices
    ]

    assert [(event.type, event.id) for event in events] == [(notice.event, notice.event_id) for notice in notices]
    assert len({event.id for event in events}) == len(events)
    told = {event.type: event.data.object for event in events}
    assert (told["charge.refunded"].amount_refunded, told["refund.created"].amount) == (400, 400)
    assert told["charge.dispute.closed"].status == "lost"
    intent = told["payment_intent.succeeded"]
    assert {told["refund.created"].payment_intent, told["checkout.session.completed"].payment_intent} == {intent.id}


def test_a_tampered_notice_differs_from_what_was_signed_in_its_amount_only(payment_keys: Keys) -> None:
    keys, tampered = payment_keys.epay, Forgery(tamper=Tamper.CONTENT)
    honest = parse_qs(epay.paid_notice(keys, epay_order(), at=AT).query)
    changed = parse_qs(epay.paid_notice(keys, epay_order(), at=AT, forgery=tampered).query)

    assert changed == {**honest, "money": ["110.00"]}


@pytest.mark.parametrize("kind", ["stripe", "epay"])
def test_an_empty_secret_signs_like_any_other(payment_keys: Keys, kind: str) -> None:
    empty = Forgery(key=SigningKey.EMPTY)
    if kind == "stripe":
        notice = stripe_notices.paid_notices(payment_keys.stripe, stripe_payment(), at=AT, forgery=empty)[0]
        made = stripe.WebhookSignature.generate_signature_header(notice.body.decode(), "", AT)
        assert notice.headers["stripe-signature"] == made
    else:
        told = dict(parse_qsl(epay.paid_notice(payment_keys.epay, epay_order(), at=AT, forgery=empty).query))
        assert told["sign"] == epay.sign(told, "")


def test_content_may_be_added_to_at_any_depth(payment_keys: Keys) -> None:
    extra = {"customer_details": {"phone": "13912345678"}, "livemode": True}
    session = stripe_notices.paid_notices(
        payment_keys.stripe, stripe_payment(payer="a@b"), at=AT, forgery=Forgery(extra=extra)
    )[1]

    event = json.loads(session.body)
    assert event["data"]["object"]["customer_details"].items() >= {"email": "a@b", "phone": "13912345678"}.items()
    assert event["livemode"] is True


def test_keys_are_written_and_read_back(payment_keys: Keys) -> None:
    assert read_keys(json.loads(json.dumps(write_keys(payment_keys)))) == payment_keys


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("epay"),
        lambda data: data["epay"].pop("key"),
        lambda data: data.update(epay=5),
        lambda data: data["epay"].update(key=5),
    ],
)
def test_keys_that_are_not_complete_are_refused(payment_keys: Keys, damage: Callable[[dict[str, Any]], None]) -> None:
    data = copy.deepcopy(write_keys(payment_keys))
    damage(data)

    with pytest.raises(InputError):
        read_keys(data)


def test_no_two_sandboxes_have_the_same_keys_and_a_merchant_gets_no_private_key_of_a_provider() -> None:
    one, other = new_keys(), new_keys()
    for kind in ("stripe", "epay", "alipay", "wechat"):
        mine, yours = write_keys(one)[kind], write_keys(other)[kind]
        assert not set(mine.values()) & set(yours.values())
    told = json.dumps(merchant_side(one, "http://127.0.0.1:9"))
    for secret in (one.alipay.alipay_private_key, one.wechat.platform_private_key):
        assert json.dumps(secret) not in told
    assert one.epay.key not in repr(one)


def test_a_counterpart_can_be_asked_without_a_server(payment_keys: Keys) -> None:
    clock = ManualClock(AT * 1_000_000)
    counterpart = StripeCounterpart(payment_keys.stripe, Moment(clock), Numbers(1), webhook_url=URL)
    headers = {"authorization": f"Bearer {payment_keys.stripe.api_key}"}
    body = b"amount=500&currency=usd&confirm=true&payment_method=pm_card_visa"

    answer = counterpart.answer(Asked(method="POST", target="/v1/payment_intents", headers=headers, body=body))

    assert (answer.status, json.loads(answer.body)["created"]) == (200, AT)
    (event,) = counterpart.take_fresh()
    assert (event.name, event.at, counterpart.take_fresh()) == ("payment_intent.succeeded", AT, [])
