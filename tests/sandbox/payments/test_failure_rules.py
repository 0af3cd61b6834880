"""Calls that fail on purpose: nothing done, or done and nobody knows."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from counterfoil.foundation.errors import InputError
from counterfoil.sandbox.payments.failures import read_rules
from counterfoil.sandbox.payments.process import PaymentsProcess


@pytest.fixture
def intent(payments: PaymentsProcess, stripe_client: stripe.StripeClient) -> str:
    """A paid intent of Stripe's, of 1000."""
    params: Any = {"amount": 1000, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    return stripe_client.v1.payment_intents.create(params).id


def rule(fail: str, **more: Any) -> dict[str, Any]:
    return {"provider": "stripe", "endpoint": "refund", "fail": fail, "times": 1, **more}


def test_a_dropped_answer_leaves_the_refund_made_and_its_key_finds_it(
    payments: PaymentsProcess, stripe_client: stripe.StripeClient, intent: str
) -> None:
    payments.use_rules([rule("drop", when="after")])
    with pytest.raises(stripe.APIConnectionError):
        stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 400}, {"idempotency_key": "r-1"})
    assert payments.orders("stripe")[0]["refunded"] == 400

    again = stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 400}, {"idempotency_key": "r-1"})

    assert again.amount == 400
    assert payments.orders("stripe")[0]["refunded"] == 400


def test_a_request_that_was_dropped_has_done_nothing(
    payments: PaymentsProcess, stripe_client: stripe.StripeClient, intent: str
) -> None:
    payments.use_rules([rule("drop")])
    with pytest.raises(stripe.APIConnectionError):
        stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 400}, {"idempotency_key": "r-1"})

    assert payments.orders("stripe")[0]["refunded"] == 0
    assert stripe_client.v1.refunds.list({"payment_intent": intent}).data == []


def test_stripes_client_gets_over_a_dropped_answer_by_itself(payments: PaymentsProcess, intent: str) -> None:
    payments.use_rules([rule("drop", when="after")])
    settings = payments.providers["stripe"]
    client = stripe.StripeClient(settings["api_key"], base_addresses={"api": payments.url}, max_network_retries=2)

    assert client.v1.refunds.create({"payment_intent": intent, "amount": 400}).amount == 400

    assert payments.orders("stripe")[0]["refunded"] == 400
    assert payments.calls("stripe")["refund"] == 2


@pytest.mark.parametrize(("when", "refunded"), [("before", 0), ("after", 400)])
@pytest.mark.parametrize("fail", ["status:500", "busy", "garbage"])
def test_an_error_may_come_before_or_after_the_refund(
    payments: PaymentsProcess, stripe_client: stripe.StripeClient, intent: str, fail: str, when: str, refunded: int
) -> None:
    payments.use_rules([rule(fail, when=when)])
    with pytest.raises(stripe.APIError):
        stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 400})

    assert payments.orders("stripe")[0]["refunded"] == refunded


def test_a_refusal_has_the_code_that_was_asked_for(
    payments: PaymentsProcess, stripe_client: stripe.StripeClient, intent: str
) -> None:
    payments.use_rules([rule("reject:charge_disputed")])
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.refunds.create({"payment_intent": intent})

    assert refused.value.code == "charge_disputed"


def test_a_timeout_answers_late_or_never(
    payments: PaymentsProcess, stripe_client: stripe.StripeClient, intent: str
) -> None:
    payments.use_rules([rule("timeout:50", when="after"), rule("timeout:50")])

    assert stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 400}).amount == 400
    with pytest.raises(stripe.APIConnectionError):
        stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 400})
    assert payments.orders("stripe")[0]["refunded"] == 400


def test_only_so_many_calls_fail_and_only_of_that_endpoint(
    payments: PaymentsProcess, stripe_client: stripe.StripeClient, intent: str
) -> None:
    payments.use_rules([rule("status:503", times=2)])
    assert stripe_client.v1.payment_intents.retrieve(intent).status == "succeeded"
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            stripe_client.v1.refunds.create({"payment_intent": intent})

    assert stripe_client.v1.refunds.create({"payment_intent": intent}).status == "succeeded"


# -- in the others' own words


@pytest.fixture
def paid(payments: PaymentsProcess, epay_merchant: Any, alipay_merchant: Any, wechat_merchant: Any) -> None:
    payments.open(epay_merchant.link("order-1", "10.00"))
    payments.open(alipay_merchant.link("order-1", "10.00"))
    wechat_merchant.start("order-1", 1000)
    for provider in ("epay", "alipay", "wechat"):
        payments.pay(provider, "order-1", send=False)


@pytest.mark.usefixtures("paid")
def test_each_provider_says_in_its_own_words_that_it_does_not_know(
    payments: PaymentsProcess, epay_merchant: Any, alipay_merchant: Any, wechat_merchant: Any
) -> None:
    payments.use_rules([{"endpoint": "refund", "fail": "busy", "when": "after"}])

    said = alipay_merchant.call("alipay.trade.refund", {"out_trade_no": "order-1", "refund_amount": "1.00"})
    assert (said["code"], said["sub_code"]) == ("20000", "isp.unknow-error")
    assert wechat_merchant.refund("order-1", "refund-1", 100, 1000)[1]["code"] == "SYSTEM_ERROR"
    # epay has no such word: what it answers then is no answer of its interface.
    with pytest.raises(json.JSONDecodeError):
        epay_merchant.api("refund", "order-1", method="POST", money="1.00")

    # All of them have done it.
    assert payments.order("alipay", "order-1")["refunded"] == "1.00"
    assert payments.order("wechat", "order-1")["refunded"] == 100
    assert payments.order("epay", "order-1")["refunded"] == "1.00"


@pytest.mark.usefixtures("paid")
def test_each_provider_refuses_with_a_code_of_its_own(
    payments: PaymentsProcess, epay_merchant: Any, alipay_merchant: Any, wechat_merchant: Any
) -> None:
    payments.use_rules(
        [
            {"provider": "alipay", "fail": "reject:ACQ.SELLER_BALANCE_NOT_ENOUGH"},
            {"provider": "wechat", "fail": "reject:NOT_ENOUGH"},
            {"provider": "epay", "fail": "reject:余额不足"},
        ]
    )

    said = alipay_merchant.call("alipay.trade.refund", {"out_trade_no": "order-1", "refund_amount": "1.00"})
    assert (said["code"], said["sub_code"]) == ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    status, refused = wechat_merchant.refund("order-1", "refund-1", 100, 1000)
    assert (status, refused["code"]) == (403, "NOT_ENOUGH")
    assert epay_merchant.api("refund", "order-1", method="POST", money="1.00")["msg"] == "余额不足"
    assert payments.order("wechat", "order-1")["refunded"] == 0


@pytest.mark.usefixtures("paid")
def test_an_answer_may_be_signed_by_somebody_else(
    payments: PaymentsProcess, alipay_merchant: Any, wechat_merchant: Any
) -> None:
    payments.use_rules([{"provider": name, "endpoint": "query", "fail": "forged"} for name in ("alipay", "wechat")])

    body = alipay_merchant.post(alipay_merchant.fields("alipay.trade.query", {"out_trade_no": "order-1"}))
    assert b'"trade_status":"TRADE_SUCCESS"' in body
    assert not alipay_merchant.is_signed(body)
    target = f"/v3/pay/transactions/out-trade-no/order-1?mchid={wechat_merchant.settings['merchant_id']}"
    answer = wechat_merchant.send("GET", target)
    assert answer.json["trade_state"] == "SUCCESS"
    assert not wechat_merchant.is_signed(answer.headers, answer.body)


@pytest.mark.usefixtures("paid")
def test_what_stands_before_a_provider_answers_with_a_page(payments: PaymentsProcess, wechat_merchant: Any) -> None:
    payments.use_rules([{"fail": "status:502", "times": 1}])
    answer = wechat_merchant.send("GET", "/v3/pay/transactions/out-trade-no/order-1?mchid=1")

    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")


@pytest.mark.usefixtures("paid")
def test_a_cut_connection_has_no_answer_at_all(payments: PaymentsProcess, wechat_merchant: Any) -> None:
    payments.use_rules([{"fail": "drop"}])

    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        wechat_merchant.send("GET", "/v3/pay/transactions/out-trade-no/order-1?mchid=1")


@pytest.mark.parametrize(
    "change",
    [
        {"fail": "explode"},
        {"fail": None},
        {"fail": "status:200"},
        {"fail": "status:abc"},
        {"fail": "timeout:-1"},
        {"fail": "timeout:120001"},
        {"fail": "reject:"},
        {"fail": "drop:1"},
        {"fail": "forged"},
        {"provider": "paypal"},
        {"endpoint": "refunds"},
        {"when": "meanwhile"},
        {"times": 0},
        {"times": True},
        {"probability": 1},
    ],
)
def test_a_rule_that_is_not_understood_is_refused(change: dict[str, Any]) -> None:
    assert len(read_rules([rule("drop")])) == 1
    with pytest.raises(InputError):
        read_rules([{**rule("drop"), **change}])


def test_rules_that_are_not_understood_change_nothing(
    payments: PaymentsProcess, stripe_client: stripe.StripeClient, post: Callable[..., Any], intent: str
) -> None:
    payments.use_rules([rule("status:503", times=1)])

    assert post("rules", {"fail": "drop"}).status == 400

    with pytest.raises(stripe.APIError):
        stripe_client.v1.refunds.create({"payment_intent": intent})
