"""epay's counterpart, with signatures made and checked by the test itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from counterfoil.foundation.errors import Unavailable
from counterfoil.sandbox.payments.process import PaymentsProcess


def test_a_customer_pays_on_the_page_and_the_merchant_is_told(
    payments: PaymentsProcess, epay_merchant: Any, receiver: Any
) -> None:
    link = epay_merchant.link("order-1", "10.5", param="a b&c=d")
    page = payments.open(link)
    assert (page.status, "10.50 CNY" in page.text) == (200, True)
    assert payments.order("epay", "order-1")["status"] == "unpaid"

    done = payments.open(f"{payments.url}/pay/epay/order-1", form={})

    (sent,) = payments.settled()
    assert (sent["accepted"], [each["status"] for each in sent["answers"]]) == (True, [200])
    (received,) = receiver.received
    assert (received.method, received.body) == ("GET", b"")
    told = epay_merchant.told(received.query)
    assert told == {
        "pid": epay_merchant.settings["pid"],
        "trade_no": payments.order("epay", "order-1")["trade_number"],
        "out_trade_no": "order-1",
        "type": "alipay",
        "name": "充值 & more",
        "money": "10.50",
        "trade_status": "TRADE_SUCCESS",
        "param": "a b&c=d",
        "sign": told["sign"],
        "sign_type": "MD5",
    }
    # The address to which the customer returns says the same, signed as well.
    assert done.status == 303
    assert done.location is not None
    assert epay_merchant.told(urlsplit(done.location).query) == told


def test_a_form_may_be_posted(payments: PaymentsProcess, epay_merchant: Any) -> None:
    page = payments.open(f"{payments.url}/submit.php", form=epay_merchant.form("order-1", "1"))

    assert page.status == 200
    assert payments.order("epay", "order-1")["amount"] == "1.00"


def test_without_a_type_the_customer_chooses_how_to_pay(
    payments: PaymentsProcess, epay_merchant: Any, receiver: Any
) -> None:
    payments.open(epay_merchant.link("order-1", "1.00", type=""))
    payments.pay("epay", "order-1")
    payments.settled()

    assert epay_merchant.told(receiver.received[0].query)["type"] == "alipay"


def test_an_address_with_parameters_of_its_own_keeps_them(
    payments: PaymentsProcess, epay_merchant: Any, receiver: Any
) -> None:
    epay_merchant.notify_url += "?shop=1"
    payments.open(epay_merchant.link("order-1", "1.00"))
    payments.pay("epay", "order-1")
    payments.settled()

    assert receiver.received[0].query.startswith("shop=1&pid=")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pid": "1"}, "商户ID不存在"),
        ({"sign": "0" * 32}, "签名校验失败"),
        ({"money": "1.00 "}, "签名校验失败"),
        ({"name": ""}, "参数不完整"),
    ],
)
def test_what_is_changed_after_signing_makes_no_order(
    payments: PaymentsProcess, epay_merchant: Any, change: dict[str, str], said: str
) -> None:
    page = payments.open(f"{payments.url}/submit.php", form={**epay_merchant.form("order-1", "1.00"), **change})

    assert said in page.text
    assert payments.orders("epay") == []


@pytest.mark.parametrize("money", ["0", "-1", "1.001", "1e2", "NaN", "", "1,00"])
def test_what_is_no_amount_makes_no_order(payments: PaymentsProcess, epay_merchant: Any, money: str) -> None:
    payments.open(epay_merchant.link("order-1", money))

    assert payments.orders("epay") == []


def test_a_query_shows_whether_it_is_paid(payments: PaymentsProcess, epay_merchant: Any) -> None:
    assert epay_merchant.api("order", "order-1") == {"code": -1, "msg": "订单号不存在"}
    payments.open(epay_merchant.link("order-1", "10.00"))
    before = epay_merchant.api("order", "order-1")
    assert (before["code"], before["status"], before["money"], before["endtime"]) == (1, 0, "10.00", None)

    payments.pay("epay", "order-1", payer="payer@example.org")

    after = epay_merchant.api("order", "order-1")
    assert (after["status"], after["buyer"], after["pid"]) == (
        1,
        "payer@example.org",
        int(epay_merchant.settings["pid"]),
    )
    assert epay_merchant.api("order", "", trade_no=after["trade_no"]) == after
    assert epay_merchant.api("order", "order-1", key="0" * 32)["code"] == -3
    assert epay_merchant.api("settle", "order-1")["code"] == -5


def test_refunds_never_exceed_what_was_paid_and_asking_twice_refunds_twice(
    payments: PaymentsProcess, epay_merchant: Any
) -> None:
    payments.open(epay_merchant.link("order-1", "10.00"))
    assert epay_merchant.api("refund", "order-1", method="POST", money="1.00")["msg"] == "订单未支付"
    payments.pay("epay", "order-1")

    for _ in range(2):
        assert epay_merchant.api("refund", "order-1", method="POST", money="4.00")["code"] == 1
    assert payments.order("epay", "order-1")["refunded"] == "8.00"
    assert epay_merchant.api("order", "order-1")["status"] == 1
    assert epay_merchant.api("refund", "order-1", method="POST", money="2.01")["code"] == -1
    assert epay_merchant.api("refund", "order-1", method="POST", money="2.00")["code"] == 1
    assert epay_merchant.api("order", "order-1")["status"] == 2
    # epay tells nobody of refunds.
    assert [event["happening"] for event in payments.events("epay")] == ["paid"]


def test_refunds_may_be_made_to_fail(payments: PaymentsProcess, epay_merchant: Any) -> None:
    payments.open(epay_merchant.link("order-1", "10.00"))
    payments.pay("epay", "order-1")
    payments.use_refunds("epay", "failed")

    assert epay_merchant.api("refund", "order-1", method="POST", money="4.00")["code"] == -1
    assert payments.order("epay", "order-1")["refunded"] == "0.00"


def test_a_paid_order_is_not_paid_again(payments: PaymentsProcess, epay_merchant: Any) -> None:
    payments.open(epay_merchant.link("order-1", "10.00"))
    payments.pay("epay", "order-1")

    with pytest.raises(Unavailable):
        payments.pay("epay", "order-1")
    assert "该订单已支付" in payments.open(epay_merchant.link("order-1", "10.00")).text
    with pytest.raises(Unavailable):
        payments.close_payment("epay", "order-1")


def test_an_unpaid_order_may_be_sent_again_with_another_amount(payments: PaymentsProcess, epay_merchant: Any) -> None:
    payments.open(epay_merchant.link("order-1", "10.00"))
    number = payments.order("epay", "order-1")["trade_number"]
    payments.open(epay_merchant.link("order-1", "20.00"))

    order = payments.order("epay", "order-1")
    assert (order["amount"], order["trade_number"]) == ("20.00", number)


def test_a_closed_order_is_paid_only_when_it_is_forced(payments: PaymentsProcess, epay_merchant: Any) -> None:
    payments.open(epay_merchant.link("order-1", "10.00"))
    payments.close_payment("epay", "order-1")
    with pytest.raises(Unavailable):
        payments.pay("epay", "order-1")

    payments.pay("epay", "order-1", even_if_closed=True)

    assert epay_merchant.api("order", "order-1")["status"] == 1


def test_the_customer_may_pay_another_amount(payments: PaymentsProcess, epay_merchant: Any) -> None:
    payments.open(epay_merchant.link("order-1", "10.00"))
    payments.pay("epay", "order-1", amount="9.99")

    (notice,) = payments.notify("epay", "order-1", send=False)
    assert epay_merchant.told(notice.query)["money"] == "9.99"
    assert epay_merchant.api("order", "order-1")["money"] == "9.99"
