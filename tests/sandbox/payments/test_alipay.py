"""Alipay's counterpart, with signatures made and checked by the test itself."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from counterfoil.foundation.errors import Unavailable
from counterfoil.sandbox.payments.process import PaymentsProcess

QUERY, CLOSE, REFUND = "alipay.trade.query", "alipay.trade.close", "alipay.trade.refund"
QUERY_REFUND = "alipay.trade.fastpay.refund.query"


def refund(merchant: Any, amount: str, request: str, number: str = "order-1") -> dict[str, Any]:
    business = {"out_trade_no": number, "refund_amount": amount, "out_request_no": request}
    answer: dict[str, Any] = merchant.call(REFUND, business)
    return answer


def query_refund(merchant: Any, request: str, number: str = "order-1") -> dict[str, Any]:
    answer: dict[str, Any] = merchant.call(QUERY_REFUND, {"out_trade_no": number, "out_request_no": request})
    return answer


@pytest.fixture
def paid(payments: PaymentsProcess, alipay_merchant: Any) -> Any:
    """The merchant, with an order of ten yuan that is paid and told of."""
    payments.open(alipay_merchant.link("order-1", "10.00"))
    payments.pay("alipay", "order-1")
    payments.settled()
    return alipay_merchant


def test_a_customer_pays_on_the_page_and_the_merchant_is_told(
    payments: PaymentsProcess, alipay_merchant: Any, receiver: Any
) -> None:
    page = payments.open(alipay_merchant.link("order-1", "10.5", passback_params="a%3Db", body="正文"))
    assert (page.status, "10.50 CNY" in page.text) == (200, True)

    done = payments.open(f"{payments.url}/pay/alipay/order-1", form={})

    assert (done.status, done.location) == (303, "http://127.0.0.1:9/back")
    (sent,) = payments.settled()
    assert (sent["accepted"], sent["event"]) == (True, "TRADE_SUCCESS")
    (received,) = receiver.received
    assert received.method == "POST"
    told = alipay_merchant.told(received.body)
    expected = {
        "app_id": alipay_merchant.settings["app_id"],
        "seller_id": alipay_merchant.settings["seller_id"],
        "out_trade_no": "order-1",
        "trade_no": payments.order("alipay", "order-1")["trade_number"],
        "trade_status": "TRADE_SUCCESS",
        "total_amount": "10.50",
        "receipt_amount": "10.50",
        "subject": "充值",
        "body": "正文",
        "passback_params": "a%3Db",
        "notify_id": sent["event_id"],
        "sign_type": "RSA2",
    }
    assert told.items() >= expected.items()
    assert json.loads(told["fund_bill_list"]) == [{"amount": "10.50", "fundChannel": "ALIPAYACCOUNT"}]


def test_showing_the_page_makes_no_trade(payments: PaymentsProcess, alipay_merchant: Any) -> None:
    payments.open(alipay_merchant.link("order-1", "10.00"))
    for method in (QUERY, CLOSE):
        answer = alipay_merchant.call(method, {"out_trade_no": "order-1"})
        assert (answer["code"], answer["sub_code"]) == ("40004", "ACQ.TRADE_NOT_EXIST")

    # The customer signs in, and pays a while later.
    assert payments.pay("alipay", "order-1", delayed=True) == []
    waiting = alipay_merchant.call(QUERY, {"out_trade_no": "order-1"})
    assert (waiting["code"], waiting["trade_status"]) == ("10000", "WAIT_BUYER_PAY")
    assert "send_pay_date" not in waiting
    payments.pay("alipay", "order-1", payer="138****5678")

    answer = alipay_merchant.call(QUERY, {"trade_no": waiting["trade_no"]})
    assert (answer["trade_status"], answer["total_amount"]) == ("TRADE_SUCCESS", "10.00")
    assert (answer["buyer_logon_id"], "send_pay_date" in answer) == ("138****5678", True)


def test_a_waiting_trade_is_closed_and_told_of(payments: PaymentsProcess, alipay_merchant: Any, receiver: Any) -> None:
    payments.open(alipay_merchant.link("order-1", "10.00"))
    payments.pay("alipay", "order-1", delayed=True)

    assert alipay_merchant.call(CLOSE, {"out_trade_no": "order-1"})["code"] == "10000"

    payments.settled()
    told = alipay_merchant.told(receiver.received[0].body)
    assert (told["trade_status"], "gmt_close" in told, "gmt_payment" in told) == ("TRADE_CLOSED", True, False)
    assert alipay_merchant.call(QUERY, {"out_trade_no": "order-1"})["trade_status"] == "TRADE_CLOSED"
    with pytest.raises(Unavailable):
        payments.pay("alipay", "order-1")
    assert "ACQ.TRADE_HAS_CLOSE" in payments.open(alipay_merchant.link("order-1", "10.00")).text


def test_a_paid_trade_cannot_be_closed(paid: Any) -> None:
    assert paid.call(CLOSE, {"out_trade_no": "order-1"})["sub_code"] == "ACQ.TRADE_STATUS_ERROR"


@pytest.mark.parametrize(
    ("change", "sub_code"),
    [
        ({"app_id": "2021000000000000"}, "isv.invalid-app-id"),
        ({"biz_content": '{"out_trade_no": "order-2"}'}, "isv.invalid-signature"),
        ({"sign": "AAAA"}, "isv.invalid-signature"),
        ({"sign": ""}, "isv.missing-sign"),
        ({"sign_type": "RSA"}, "isv.invalid-signature-type"),
    ],
)
def test_a_request_that_the_application_has_not_signed_is_refused(
    paid: Any, change: dict[str, str], sub_code: str
) -> None:
    fields = paid.fields(QUERY, {"out_trade_no": "order-1"})

    assert paid.read(paid.post({**fields, **change}), QUERY)["sub_code"] == sub_code


def test_a_page_with_a_wrong_signature_makes_no_order(payments: PaymentsProcess, alipay_merchant: Any) -> None:
    fields = alipay_merchant.fields("alipay.trade.page.pay", {"out_trade_no": "order-1", "total_amount": "1.00"})
    address = f"{payments.url}/gateway.do?" + urlencode({**fields, "biz_content": fields["biz_content"] + " "})

    assert "isv.invalid-signature" in payments.open(address).text
    assert payments.orders("alipay") == []


def test_an_unknown_method_is_refused_and_signed(alipay_merchant: Any) -> None:
    body = alipay_merchant.post(alipay_merchant.fields("alipay.trade.nothing", {}))

    assert json.loads(body)["error_response"]["sub_code"] == "isv.invalid-method"
    assert alipay_merchant.is_signed(body)


def test_an_order_shown_again_must_be_the_same(payments: PaymentsProcess, alipay_merchant: Any) -> None:
    payments.open(alipay_merchant.link("order-1", "10.00"))

    assert "10.00 CNY" in payments.open(alipay_merchant.link("order-1", "10.00")).text
    assert "ACQ.CONTEXT_INCONSISTENT" in payments.open(alipay_merchant.link("order-1", "11.00")).text
    payments.pay("alipay", "order-1")
    assert "ACQ.TRADE_HAS_SUCCESS" in payments.open(alipay_merchant.link("order-1", "10.00")).text


# -- refunds


def test_notices_of_refunds_tell_the_sum_so_far(payments: PaymentsProcess, paid: Any, receiver: Any) -> None:
    first = refund(paid, "4.00", "request-1")
    assert (first["code"], first["fund_change"], first["refund_fee"]) == ("10000", "Y", "4.00")
    again = refund(paid, "4.00", "request-1")
    assert (again["code"], again["fund_change"], again["refund_fee"]) == ("10000", "N", "4.00")
    assert refund(paid, "6.00", "request-2")["refund_fee"] == "10.00"

    payments.settled()
    told = [paid.told(each.body) for each in receiver.received[1:]]
    assert sorted((each["out_biz_no"], each["refund_fee"], each["trade_status"]) for each in told) == [
        ("request-1", "4.00", "TRADE_SUCCESS"),
        ("request-2", "10.00", "TRADE_CLOSED"),
    ]
    assert all(each["gmt_refund"].endswith(".000") and "gmt_payment" in each for each in told)
    # What the first notice had told was not changed by what came after it.
    (repeated,) = payments.notify("alipay", "order-1", event="paid", send=False)
    assert paid.told(repeated.body)["trade_status"] == "TRADE_SUCCESS"
    assert "refund_fee" not in paid.told(repeated.body)
    after = paid.call(QUERY, {"out_trade_no": "order-1"})
    assert (after["trade_status"], "send_pay_date" in after) == ("TRADE_CLOSED", True)


@pytest.mark.parametrize(
    ("amount", "request_number", "sub_code"),
    [
        ("6.01", "request-2", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"),
        ("3.99", "request-1", "ACQ.DISCORDANT_REPEAT_REQUEST"),
        ("0.00", "request-2", "ACQ.INVALID_PARAMETER"),
        ("1e1", "request-2", "ACQ.INVALID_PARAMETER"),
    ],
)
def test_a_refund_that_alipay_would_refuse_is_refused(
    payments: PaymentsProcess, paid: Any, amount: str, request_number: str, sub_code: str
) -> None:
    refund(paid, "4.00", "request-1")

    assert refund(paid, amount, request_number)["sub_code"] == sub_code
    assert payments.order("alipay", "order-1")["refunded"] == "4.00"


def test_a_refund_is_asked_for(paid: Any) -> None:
    assert query_refund(paid, "request-1") == {"code": "10000", "msg": "Success"}
    refund(paid, "4.00", "request-1")

    answer = query_refund(paid, "request-1")

    assert (answer["refund_status"], answer["refund_amount"]) == ("REFUND_SUCCESS", "4.00")
    assert query_refund(paid, "request-1", number="order-2")["sub_code"] == "ACQ.TRADE_NOT_EXIST"


@pytest.mark.parametrize(("outcome", "sum_after"), [("succeeded", "4.00"), ("failed", "0.00")])
def test_a_pending_refund_changes_nothing_until_it_is_decided(
    payments: PaymentsProcess, paid: Any, outcome: str, sum_after: str
) -> None:
    payments.use_refunds("alipay", "pending")
    asked = refund(paid, "4.00", "request-1")
    assert (asked["code"], asked["fund_change"], asked["refund_fee"]) == ("10000", "N", "0.00")
    assert "refund_status" not in query_refund(paid, "request-1")

    payments.settle_refund("alipay", "request-1", outcome)

    assert payments.order("alipay", "order-1")["refunded"] == sum_after
    assert ("refund_status" in query_refund(paid, "request-1")) == (outcome == "succeeded")


def test_refunds_may_be_made_to_fail(payments: PaymentsProcess, paid: Any) -> None:
    payments.use_refunds("alipay", "failed")
    assert refund(paid, "4.00", "request-1")["sub_code"] == "ACQ.SELLER_BALANCE_NOT_ENOUGH"

    payments.use_refunds("alipay", "succeeded")
    assert refund(paid, "4.00", "request-1")["fund_change"] == "Y"


def test_somebody_refunds_on_alipays_own_pages(payments: PaymentsProcess, paid: Any, receiver: Any) -> None:
    number = payments.refund("alipay", "order-1", amount="2.50")
    payments.settled()

    told = paid.told(receiver.received[-1].body)
    assert (told["out_biz_no"], told["refund_fee"]) == (number, "2.50")
    with pytest.raises(Unavailable):
        payments.refund("alipay", "order-1", amount="7.51")
    payments.refund("alipay", "order-1")
    assert payments.order("alipay", "order-1")["status"] == "TRADE_CLOSED"


def test_a_finished_trade_is_told_of_like_a_payment_and_not_refunded(
    payments: PaymentsProcess, paid: Any, receiver: Any
) -> None:
    payments.finish("alipay", "order-1")
    payments.settled()

    told = [paid.told(each.body) for each in receiver.received]
    assert [each["trade_status"] for each in told] == ["TRADE_SUCCESS", "TRADE_FINISHED"]
    assert refund(paid, "1.00", "request-1")["sub_code"] == "ACQ.TRADE_HAS_FINISHED"


def test_that_a_trade_is_finished_may_be_told_before_it_is(payments: PaymentsProcess, paid: Any) -> None:
    (notice,) = payments.notify("alipay", "order-1", event="finished", send=False)

    assert paid.told(notice.body)["trade_status"] == "TRADE_FINISHED"
    assert payments.order("alipay", "order-1")["status"] == "TRADE_SUCCESS"
