"""epay: its MD5 rule, its notices, its interface."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import AmountUnreadable, CounterfoilError, Unavailable
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.epay import sign
from counterfoil.recharge.providers.port import PayBy, RawNotice, RefundAnswer, RefundOutcome, Rejected
from recharge.providers.desk import (
    EPAY_KEY,
    NOW,
    ORDER,
    OTHER_ORDER,
    Asked,
    epay_config,
    form_notice,
    odd_provider,
    offline,
    pay_request,
    refund_request,
    rsa_sign,
    signed_for_epay,
    stripe_notice,
    wechat_headers,
)

TOLD = {
    "pid": "1001", "trade_no": "2024010122001400001", "out_trade_no": ORDER.hex, "type": "alipay", "name": "充值",
    "money": "12.30", "trade_status": "TRADE_SUCCESS",
}  # fmt: skip


def refused(notice: RawNotice, **changes: Any) -> str:
    with pytest.raises(CounterfoilError) as caught:
        offline(epay_config(**changes)).read_notice(notice, now=NOW)
    for hidden in (ORDER.hex, EPAY_KEY, "2024010122001400001"):
        assert hidden not in str(caught.value)
    return caught.value.code


def told(fields: dict[str, str], *, method: str = "POST") -> Report:
    return offline(epay_config()).read_notice(form_notice(signed_for_epay(fields), method=method), now=NOW)


# -- the signature -----------------------------------------------------------------------------------------------


def test_a_signature_known_beforehand() -> None:
    # `printf 'money=12.30&name=充值&…&type=alipay<key>' | md5sum`
    fields = {
        "type": "alipay", "trade_status": "TRADE_SUCCESS", "trade_no": "2024010122001400001", "pid": "1001",
        "out_trade_no": "0196aa0000007000800000000000000a", "name": "充值", "money": "12.30",
        "notify_url": "https://pay.example/callbacks/epay", "param": "", "sign": "x", "sign_type": "MD5",
    }  # fmt: skip
    assert sign(fields, EPAY_KEY) == "c398aa08d20cbe56004437be1e5328ca"


NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)


@given(st.dictionaries(NAMES, st.text(st.characters(exclude_categories=["Cs"]), max_size=20)))
def test_the_order_empty_fields_and_the_signature_itself_do_not_matter(fields: dict[str, str]) -> None:
    fields = {name: value for name, value in fields.items() if name not in ("sign", "sign_type")}
    signed = sign(fields, EPAY_KEY)
    shuffled = {"sign": "x", "empty": "", "sign_type": "MD5", **dict(reversed(fields.items()))}
    if "empty" not in fields:
        assert sign(shuffled, EPAY_KEY) == signed
    assert sign(fields, EPAY_KEY + "x") != signed


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_notice_comes_by_either_way(method: str) -> None:
    assert told({**TOLD, "param": "k=v&充值"}, method=method) == Report(
        said=Said.PAID, order_id=ORDER, merchant="1001", amount=12_300_000_000, currency="CNY",
        number="2024010122001400001", raw="TRADE_SUCCESS",
    )  # fmt: skip


def test_an_empty_key_verifies_nothing() -> None:
    for key in ("", " ", "\n"):
        for signed_with in ("", key, EPAY_KEY):
            notice = form_notice(signed_for_epay(TOLD, signed_with))
            assert refused(notice, secrets={"key": key}) == "notice_not_configured"
    assert refused(form_notice(signed_for_epay(TOLD, ""))) == "notice_signature_wrong"


@pytest.mark.parametrize(
    "changes",
    [
        {"money": "0.01"}, {"out_trade_no": OTHER_ORDER.hex}, {"trade_status": "TRADE_CLOSED"}, {"extra": "1"},
        {"sign": ""}, {"sign": "0" * 32}, {"sign": "签名"}, {"sign_type": "RSA"}, {"sign_type": "md6"}, {"name": ""},
    ],
)  # fmt: skip
def test_what_was_changed_after_signing_is_refused(changes: dict[str, str]) -> None:
    assert refused(form_notice({**signed_for_epay(TOLD), **changes})) == "notice_signature_wrong"


def test_a_signature_may_be_written_in_capitals() -> None:
    fields = signed_for_epay(TOLD)
    notice = form_notice({**fields, "sign": fields["sign"].upper(), "sign_type": "md5"})
    assert offline(epay_config()).read_notice(notice, now=NOW).said is Said.PAID


def test_the_key_of_another_is_wrong_and_another_merchant_is_another() -> None:
    assert refused(form_notice(signed_for_epay(TOLD, "0" * 32))) == "notice_signature_wrong"
    for pid in ("1002", "1001 ", ""):
        assert refused(form_notice(signed_for_epay({**TOLD, "pid": pid}))) == "notice_other_merchant"
    without = {name: value for name, value in TOLD.items() if name != "pid"}
    assert refused(form_notice(signed_for_epay(without))) == "notice_other_merchant"


def test_notices_of_other_providers_are_not_believed() -> None:
    alipay = {**TOLD, "app_id": "2021000000000001", "sign": rsa_sign("alipay", "x"), "sign_type": "RSA2"}
    assert refused(form_notice(alipay)) == "notice_signature_wrong"
    assert refused(stripe_notice({"id": "evt_1"})) == "notice_unreadable"
    wechat = RawNotice(method="POST", headers=wechat_headers(b"{}"), query="", body=b"{}")
    assert refused(wechat) == "notice_unreadable"
    assert refused(form_notice("")) == "notice_signature_wrong"


@pytest.mark.parametrize(
    "changes",
    [
        {"money": ""}, {"money": "NaN"}, {"money": "1e2"}, {"money": "-1"}, {"money": "１２"}, {"money": "1,000"},
        {"money": "9" * 11}, {"money": "9999999999"}, {"trade_no": ""}, {"trade_no": "a b"}, {"out_trade_no": ""},
        {"trade_status": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_read_exactly_is_not_read(changes: dict[str, str]) -> None:
    assert refused(form_notice(signed_for_epay({**TOLD, **changes}))) == "notice_unreadable"


def test_what_is_no_plain_form_is_not_read() -> None:
    signed = "&".join(f"{name}={value}" for name, value in signed_for_epay({**TOLD, "name": "x"}).items())
    for encoded in (signed + "&money=0.01", signed + "&param=%00", signed + "&param=%ff", signed + "&", "x" * 70_000):
        assert refused(form_notice(encoded)) == "notice_unreadable"
        assert refused(form_notice(encoded, method="GET")) == "notice_unreadable"
    both = RawNotice(method="POST", headers={}, query=signed, body=signed.encode())
    assert refused(both) == "notice_unreadable"


@pytest.mark.parametrize("status", ["TRADE_FINISHED", "TRADE_CLOSED", "WAIT_BUYER_PAY", "trade_success", "SUCCESS"])
def test_only_trade_success_counts(status: str) -> None:
    assert told({**TOLD, "trade_status": status}).said is Said.NOTHING


@pytest.mark.parametrize(
    ("money", "nanos"), [("0.01", 10**7), ("1", 10**9), ("1.5", 1_500_000_000), ("9000000000.00", 9 * 10**18)]
)
def test_amounts_are_exact(money: str, nanos: int) -> None:
    assert told({**TOLD, "money": money}).amount == nanos


def test_an_order_that_is_not_ours_is_nobodys() -> None:
    assert told({**TOLD, "out_trade_no": "20240101000001"}).order_id is None


def test_a_reply_is_the_word_alone() -> None:
    provider = offline(epay_config())
    assert provider.reply(accepted=True).body == b"success"
    assert provider.reply(accepted=False).body == b"fail"


# -- paying ------------------------------------------------------------------------------------------------------


async def test_the_link_is_signed_over_what_it_says() -> None:
    payment, number = await offline(epay_config(settings={"type": "wxpay"})).start(pay_request())
    assert (payment.pay_by, number) == (PayBy.LINK, None)
    parts = urlsplit(payment.content)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "pay.example", "/submit.php")
    fields = dict(parse_qsl(parts.query))
    assert fields == signed_for_epay({
        "pid": "1001", "type": "wxpay", "out_trade_no": ORDER.hex, "name": "充值 12.30", "money": "12.30",
        "notify_url": "https://desk.example/callbacks/pay", "return_url": "https://desk.example/orders/1?lang=zh",
    })  # fmt: skip
    assert EPAY_KEY not in payment.content


async def test_without_a_type_the_cashier_lets_choose() -> None:
    payment, _ = await offline(epay_config()).start(pay_request())
    assert "type" not in parse_qs(urlsplit(payment.content).query)


async def test_parts_of_a_fen_cannot_be_paid() -> None:
    with pytest.raises(AmountUnreadable):
        await offline(epay_config()).start(pay_request(amount=1))


def order(**fields: Any) -> dict[str, Any]:
    return {
        "code": 1, "msg": "查询订单号成功！", "trade_no": "2024010122001400001", "out_trade_no": ORDER.hex, "pid": 1001,
        "type": "alipay", "money": "12.30", "status": 1, "buyer": "2088…", "endtime": "2023-11-15 06:13:20", **fields,
    }  # fmt: skip


async def test_a_paid_order_is_found_by_asking() -> None:
    async with odd_provider(order()) as provider:
        report = await provider.adapter(epay_config).query(pay_request())
    assert report == Report(
        said=Said.PAID, order_id=ORDER, merchant="1001", amount=12_300_000_000, currency="CNY",
        number="2024010122001400001", payer="2088…", raw="status_1", at=NOW,
    )  # fmt: skip
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("GET", "/api.php")
    assert asked.params == {"act": "order", "pid": "1001", "key": EPAY_KEY, "out_trade_no": ORDER.hex}


@pytest.mark.parametrize(
    ("fields", "said", "refunded"),
    [
        ({"status": 0, "trade_no": ""}, Said.PENDING, None), ({"status": "0"}, Said.PENDING, None),
        ({"status": "1"}, Said.PAID, None), ({"status": 1, "refundmoney": "2.30"}, Said.PAID, 2_300_000_000),
        ({"status": 2}, Said.REFUNDED, None), ({"status": 2, "refundmoney": "12.30"}, Said.REFUNDED, 12_300_000_000),
        ({"status": 3}, Said.PENDING, None), ({"money": 12.3}, Said.PAID, None), ({"code": "1"}, Said.PAID, None),
    ],
)  # fmt: skip
async def test_a_query_says_how_the_order_stands(fields: dict[str, Any], said: Said, refunded: int | None) -> None:
    async with odd_provider(order(**fields)) as provider:
        report = await provider.adapter(epay_config).query(pay_request())
    assert (report.said, report.refunded_total) == (said, refunded)
    assert report.amount == (None if said is Said.REFUNDED else 12_300_000_000)


async def test_an_order_that_nobody_has_opened_is_absent() -> None:
    async with odd_provider({"code": -1, "msg": "订单号不存在"}) as provider:
        report = await provider.adapter(epay_config).query(pay_request())
    assert report.said is Said.ABSENT


@pytest.mark.parametrize(
    "answer",
    [
        {"code": -3, "msg": "商户密钥错误"}, {"code": -1}, {"msg": "订单号不存在"}, order(status=None),
        order(status="paid"), order(out_trade_no=OTHER_ORDER.hex), order(pid=1002), order(money="12,30"),
        order(trade_no=""), order(status=True), order(code=True), order(status="--1"), (500, order()),
    ],
)  # fmt: skip
async def test_an_answer_that_is_not_of_this_order_says_nothing(answer: Any) -> None:
    async with odd_provider(answer) as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(epay_config).query(pay_request())


async def test_closing_does_nothing() -> None:
    async with odd_provider() as provider:
        await provider.adapter(epay_config).close(pay_request())
    assert provider.asked == []


# -- refunds -----------------------------------------------------------------------------------------------------


async def test_a_refund_is_asked_for_once() -> None:
    async with odd_provider({"code": 1, "msg": "退款成功"}) as provider:
        adapter = provider.adapter(epay_config)
        answer = await adapter.refund(refund_request(provider_number="2024010122001400001"))
        assert not adapter.repeats_refunds_safely
    assert answer == RefundAnswer(outcome=RefundOutcome.SUCCEEDED)
    (asked,) = provider.asked
    assert (asked.method, asked.path, asked.params) == ("POST", "/api.php", {"act": "refund"})
    assert asked.form == {
        "pid": "1001", "key": EPAY_KEY, "out_trade_no": ORDER.hex, "trade_no": "2024010122001400001", "money": "2.30",
    }  # fmt: skip


async def test_a_refund_is_refused_or_unknown() -> None:
    async with odd_provider({"code": -1, "msg": "该通道不支持退款"}) as provider:
        with pytest.raises(Rejected) as caught:
            await provider.adapter(epay_config).refund(refund_request())
    assert caught.value.parameters["reason"] == "code_-1"
    for answer in ((502, b"<html>"), b"", {"msg": "?"}):
        async with odd_provider(answer) as provider:
            with pytest.raises(Unavailable):
                await provider.adapter(epay_config).refund(refund_request())


@pytest.mark.parametrize(
    ("status", "amount", "outcome"),
    [
        (2, 12_300_000_000, RefundOutcome.SUCCEEDED), (2, 2_300_000_000, RefundOutcome.PENDING),
        (1, 12_300_000_000, RefundOutcome.PENDING),
    ],
)  # fmt: skip
async def test_only_a_refund_of_all_can_be_told_from_the_order(
    status: int, amount: int, outcome: RefundOutcome
) -> None:
    async with odd_provider(order(status=status)) as provider:
        answer = await provider.adapter(epay_config).query_refund(refund_request(amount=amount))
    assert answer.outcome is outcome


async def test_a_key_with_odd_characters_is_sent_as_it_is() -> None:
    seen: list[Asked] = []
    async with odd_provider(order()) as provider:
        await provider.adapter(epay_config, secrets={"key": "a&b=c d%2F+充值"}).query(pay_request())
        seen = provider.asked
    assert seen[0].params["key"] == "a&b=c d%2F+充值"
