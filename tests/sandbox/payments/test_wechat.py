"""WeChat Pay's counterpart, with signatures and seals made and opened by the test itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from counterfoil.foundation.errors import Unavailable
from counterfoil.sandbox.payments.process import PaymentsProcess


@pytest.fixture
def paid(payments: PaymentsProcess, wechat_merchant: Any) -> Any:
    """The merchant, with an order of 1000 fen that is paid and told of."""
    wechat_merchant.start("order-1", 1000)
    payments.pay("wechat", "order-1")
    payments.settled()
    return wechat_merchant


def test_a_code_is_scanned_and_the_merchant_is_told(
    payments: PaymentsProcess, wechat_merchant: Any, receiver: Any
) -> None:
    status, answer = wechat_merchant.start("order-1", 1000, attach="自定义")
    assert (status, answer["code_url"][:9]) == (200, "weixin://")
    assert wechat_merchant.start("order-1", 1000, attach="自定义")[1] == answer

    payments.pay("wechat", "order-1", payer="openid-of-the-payer")

    (sent,) = payments.settled()
    assert (sent["accepted"], sent["event"]) == (True, "TRANSACTION.SUCCESS")
    (received,) = receiver.received
    notice, told = wechat_merchant.told(received.headers, received.body)
    assert (notice["id"], notice["event_type"]) == (sent["event_id"], "TRANSACTION.SUCCESS")
    assert notice["resource"]["associated_data"] == "transaction"
    assert "order-1" not in received.body.decode()
    assert told["out_trade_no"] == "order-1"
    assert (told["trade_state"], told["attach"]) == ("SUCCESS", "自定义")
    assert (told["mchid"], told["appid"]) == (
        wechat_merchant.settings["merchant_id"],
        wechat_merchant.settings["app_id"],
    )
    assert told["amount"] == {"total": 1000, "payer_total": 1000, "currency": "CNY", "payer_currency": "CNY"}
    assert told["payer"] == {"openid": "openid-of-the-payer"}
    # A query tells the same.
    assert wechat_merchant.query("order-1") == (200, told)


def test_a_query_shows_the_state(payments: PaymentsProcess, wechat_merchant: Any) -> None:
    assert wechat_merchant.query("order-1") == (404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"})
    wechat_merchant.start("order-1", 1000)
    _, unpaid = wechat_merchant.query("order-1")
    assert (unpaid["trade_state"], "transaction_id" in unpaid) == ("NOTPAY", False)
    payments.fail_payment("wechat", "order-1")
    assert wechat_merchant.query("order-1")[1]["trade_state"] == "PAYERROR"


def test_a_closed_order_cannot_be_paid(payments: PaymentsProcess, wechat_merchant: Any) -> None:
    wechat_merchant.start("order-1", 1000)

    assert wechat_merchant.close("order-1") == (204, None)

    assert wechat_merchant.query("order-1")[1]["trade_state"] == "CLOSED"
    assert wechat_merchant.start("order-1", 1000)[1]["code"] == "ORDER_CLOSED"
    with pytest.raises(Unavailable):
        payments.pay("wechat", "order-1")
    payments.pay("wechat", "order-1", even_if_closed=True)
    assert wechat_merchant.query("order-1")[1]["trade_state"] == "SUCCESS"


def test_a_paid_order_cannot_be_closed(paid: Any) -> None:
    status, answer = paid.close("order-1")

    assert (status, answer["code"]) == (400, "ORDERPAID")


@pytest.mark.parametrize(
    "more",
    [
        {"appid": "wx0"},
        {"mchid": "1"},
        {"description": ""},
        {"notify_url": None},
        {"amount": {"total": 0}},
        {"amount": {"total": "1000"}},
        {"amount": {"total": 1000, "currency": "USD"}},
        {"amount": None},
    ],
)
def test_an_order_that_wechat_pay_would_refuse_is_refused(
    payments: PaymentsProcess, wechat_merchant: Any, more: dict[str, Any]
) -> None:
    assert wechat_merchant.start("order-1", 1000, **more)[0] == 400
    assert payments.orders("wechat") == []


def test_an_order_number_is_used_for_one_order_only(wechat_merchant: Any) -> None:
    wechat_merchant.start("order-1", 1000)

    assert wechat_merchant.start("order-1", 1001)[1]["code"] == "INVALID_REQUEST"


def test_a_request_that_the_merchant_has_not_signed_is_refused(payments: PaymentsProcess, paid: Any) -> None:
    target = f"/v3/pay/transactions/out-trade-no/order-1?mchid={paid.settings['merchant_id']}"
    other_key = payments.keys.wechat.platform_private_key
    answers = [
        paid.send("GET", target, key=other_key),
        paid.send("GET", target, signature="AAAA"),
        paid.send("GET", target, serial_no="0"),
        paid.send("GET", target, mchid="1"),
        paid.send("GET", target, nonce_str="another"),
        paid.send("GET", target, timestamp="1000000000"),
        paid.send("GET", target, timestamp="soon"),
    ]

    assert [(answer.status, answer.json["code"]) for answer in answers] == [(401, "SIGN_ERROR")] * 7
    assert paid.send("GET", target).status == 200


def test_the_time_of_the_merchant_is_believed_within_five_minutes(payments: PaymentsProcess, paid: Any) -> None:
    now = 1_800_000_000
    payments.use_clock(now * 1_000_000)
    for seconds, status in ((-301, 401), (-300, 200), (300, 200), (301, 401)):
        paid.clock_seconds = now + seconds
        assert paid.query("order-1")[0] == status


# -- refunds


def test_a_refund_is_taken_on_and_its_end_is_told(payments: PaymentsProcess, paid: Any, receiver: Any) -> None:
    status, taken_on = paid.refund("order-1", "refund-1", 400, 1000)
    assert (status, taken_on["status"], "success_time" in taken_on) == (200, "PROCESSING", False)
    payments.settled()

    notice, told = paid.told(receiver.received[-1].headers, receiver.received[-1].body)
    assert (notice["event_type"], notice["resource"]["associated_data"]) == ("REFUND.SUCCESS", "refund")
    assert (told["out_refund_no"], told["refund_status"], told["amount"]["refund"]) == ("refund-1", "SUCCESS", 400)
    assert told["out_trade_no"] == "order-1"
    _, asked = paid.call("GET", "/v3/refund/domestic/refunds/refund-1")
    assert (asked["status"], asked["amount"]["refund"], "success_time" in asked) == ("SUCCESS", 400, True)
    assert paid.query("order-1")[1]["trade_state"] == "REFUND"
    # Asked for once more it is the same refund.
    assert paid.refund("order-1", "refund-1", 400, 1000)[1]["refund_id"] == taken_on["refund_id"]
    assert payments.order("wechat", "order-1")["refunded"] == 400


@pytest.mark.parametrize(
    ("number", "refund_number", "amount", "total", "code"),
    [
        ("order-1", "refund-2", 601, 1000, "INVALID_REQUEST"),
        ("order-1", "refund-2", 100, 999, "INVALID_REQUEST"),
        ("order-1", "refund-2", 0, 1000, "INVALID_REQUEST"),
        ("order-1", "refund-1", 401, 1000, "INVALID_REQUEST"),
        ("order-2", "refund-1", 400, 1000, "INVALID_REQUEST"),
        ("order-2", "refund-2", 100, 1000, "RESOURCE_NOT_EXISTS"),
        ("order-3", "refund-2", 100, 1000, "ORDER_NOT_EXIST"),
    ],
)
def test_a_refund_that_wechat_pay_would_refuse_is_refused(
    payments: PaymentsProcess, paid: Any, number: str, refund_number: str, amount: int, total: int, code: str
) -> None:
    paid.start("order-2", 1000)
    paid.refund("order-1", "refund-1", 400, 1000)

    status, answer = paid.refund(number, refund_number, amount, total)

    assert (status >= 400, answer["code"]) == (True, code)
    assert payments.order("wechat", "order-1")["refunded"] == 400


@pytest.mark.parametrize(("outcome", "event"), [("succeeded", "REFUND.SUCCESS"), ("failed", "REFUND.ABNORMAL")])
def test_a_pending_refund_is_decided_later(
    payments: PaymentsProcess, paid: Any, receiver: Any, outcome: str, event: str
) -> None:
    payments.use_refunds("wechat", "pending")
    paid.refund("order-1", "refund-1", 1000, 1000)
    assert paid.call("GET", "/v3/refund/domestic/refunds/refund-1")[1]["status"] == "PROCESSING"
    assert paid.refund("order-1", "refund-2", 1, 1000)[1]["code"] == "INVALID_REQUEST"

    payments.settle_refund("wechat", "refund-1", outcome)
    payments.settled()

    assert paid.told(receiver.received[-1].headers, receiver.received[-1].body)[0]["event_type"] == event
    assert payments.order("wechat", "order-1")["refunded"] == (1000 if outcome == "succeeded" else 0)


def test_a_refund_that_nobody_has_asked_for_does_not_exist(paid: Any) -> None:
    status, answer = paid.call("GET", "/v3/refund/domestic/refunds/refund-1")

    assert (status, answer["code"]) == (404, "RESOURCE_NOT_EXISTS")


def test_somebody_refunds_on_wechat_pays_own_pages(payments: PaymentsProcess, paid: Any, receiver: Any) -> None:
    number = payments.refund("wechat", "order-1")
    payments.settled()

    _, told = paid.told(receiver.received[-1].headers, receiver.received[-1].body)
    assert (told["out_refund_no"], told["amount"]["refund"]) == (number, 1000)
    with pytest.raises(Unavailable):
        payments.refund("wechat", "order-1", amount=1)


# -- forged notices


def test_a_notice_may_be_sealed_under_another_key(payments: PaymentsProcess, paid: Any) -> None:
    (notice,) = payments.notify("wechat", "order-1", send=False, tamper="seal")

    assert paid.is_signed(notice.headers, notice.body)
    with pytest.raises(InvalidTag):
        paid.unseal(json.loads(notice.body)["resource"])
