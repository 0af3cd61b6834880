"""Alipay: RSA2 both ways, notices with and without refunds, the gateway's answers over their very characters."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from counterfoil.foundation.errors import AmountUnreadable, CounterfoilError, Unavailable
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.alipay_gateway import split_object
from counterfoil.recharge.providers.port import PayBy, RawNotice, RefundAnswer, RefundOutcome, Rejected
from recharge.providers.desk import (
    NOW,
    ORDER,
    OTHER_ORDER,
    REFUND,
    Asked,
    alipay_config,
    form_notice,
    odd_provider,
    offline,
    pay_request,
    private_text,
    public_text,
    refund_request,
    rsa_sign,
    rsa_signed,
    signed_by_alipay,
    signed_for_epay,
    stripe_notice,
)
from recharge.providers.test_keys import OPENSSL_KEY, OPENSSL_SIGNATURE

TRADE = "2024010122001400001000000001"
TOLD = {
    "notify_time": "2023-11-15 06:13:25", "notify_type": "trade_status_sync", "notify_id": "2024010100222",
    "charset": "utf-8", "version": "1.0", "app_id": "2021000000000001", "seller_id": "2088000000000001",
    "auth_app_id": "2021000000000001", "trade_no": TRADE, "out_trade_no": ORDER.hex, "buyer_id": "2088000000000002",
    "buyer_logon_id": "159****5620", "trade_status": "TRADE_SUCCESS", "total_amount": "12.30",
    "receipt_amount": "11.30", "buyer_pay_amount": "11.30", "subject": "充值 12.30",
    "fund_bill_list": '[{"amount":"11.30","fundChannel":"ALIPAYACCOUNT"}]', "gmt_payment": "2023-11-15 06:13:20",
}  # fmt: skip


def refused(notice: RawNotice, **changes: Any) -> str:
    with pytest.raises(CounterfoilError) as caught:
        offline(alipay_config(**changes)).read_notice(notice, now=NOW)
    for hidden in (ORDER.hex, TRADE, "2088000000000002"):
        assert hidden not in str(caught.value)
    return caught.value.code


def told(**fields: str) -> Report:
    return offline(alipay_config()).read_notice(form_notice(signed_by_alipay({**TOLD, **fields})), now=NOW)


# -- who says it -------------------------------------------------------------------------------------------------


def test_a_signature_of_openssl_is_believed() -> None:
    fields = {"charset": "utf-8", "total_amount": "0.01", "subject": "充值", "app_id": "2021000000000001"}
    notice = form_notice({**fields, "sign": OPENSSL_SIGNATURE, "sign_type": "RSA2"})
    # Signed, and then of nobody: the next question is whose it is.
    assert refused(notice, secrets={"alipay_public_key": OPENSSL_KEY}) == "notice_other_merchant"
    assert refused(notice) == "notice_signature_wrong"


@pytest.mark.parametrize("way", [{}, {"pkcs1": True}, {"bare": True}, {"pkcs1": True, "bare": True}])
def test_alipays_key_may_be_written_in_any_way(way: dict[str, bool]) -> None:
    config = alipay_config(secrets={"alipay_public_key": public_text("alipay", **way)})
    assert offline(config).read_notice(form_notice(signed_by_alipay(TOLD)), now=NOW).said is Said.PAID


@pytest.mark.parametrize("key", ["", " ", "nonsense", private_text("alipay")])
def test_without_alipays_key_nothing_is_believed(key: str) -> None:
    notice = form_notice(signed_by_alipay(TOLD))
    assert refused(notice, secrets={"alipay_public_key": key}) == "notice_not_configured"
    assert refused(notice, settings={"app_id": ""}) == "notice_not_configured"


def test_our_own_public_key_is_not_alipays() -> None:
    notice = form_notice(signed_by_alipay(TOLD, "merchant"))
    assert refused(notice) == "notice_signature_wrong"


@pytest.mark.parametrize(
    "changes",
    [
        {"total_amount": "0.01"}, {"out_trade_no": OTHER_ORDER.hex}, {"trade_status": "TRADE_CLOSED"}, {"extra": ""},
        {"extra": "1"}, {"sign": ""}, {"sign": "AAAA"}, {"sign": "签名"}, {"sign_type": "RSA"}, {"sign_type": "MD5"},
        {"subject": "充值 12.3"}, {"seller_id": "2088000000000009"},
    ],
)  # fmt: skip
def test_what_was_changed_after_signing_is_refused(changes: dict[str, str]) -> None:
    assert refused(form_notice({**signed_by_alipay(TOLD), **changes})) == "notice_signature_wrong"


@pytest.mark.parametrize("name", ["app_id", "seller_id"])
def test_another_application_or_seller_is_another_merchant(name: str) -> None:
    other = {**TOLD, name: "2088000000000009"}
    without = {key: value for key, value in TOLD.items() if key != name}
    for fields in (other, without, {**TOLD, name: ""}):
        assert refused(form_notice(signed_by_alipay(fields))) == "notice_other_merchant"


def test_notices_of_other_providers_are_not_believed() -> None:
    assert refused(form_notice(signed_for_epay({"out_trade_no": ORDER.hex, "pid": "1001"}))) == "notice_signature_wrong"
    assert refused(stripe_notice({"id": "evt_1"})) == "notice_unreadable"
    assert refused(form_notice(signed_by_alipay(TOLD), method="GET")) == "notice_unreadable"


@pytest.mark.parametrize(
    "changes",
    [
        {"total_amount": ""}, {"total_amount": "NaN"}, {"total_amount": "1e2"}, {"total_amount": "-1"},
        {"total_amount": "１２"}, {"total_amount": "9" * 11}, {"charset": "GBK"}, {"trade_no": ""}, {"trade_no": "a b"},
        {"out_trade_no": ""}, {"trade_status": ""}, {"refund_fee": "x"}, {"refund_fee": "-1"},
        {"gmt_refund": "2023-11-15 06:13:20"}, {"notify_id": "a b"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_exactly_is_not_read(changes: dict[str, str]) -> None:
    assert refused(form_notice(signed_by_alipay({**TOLD, **changes}))) == "notice_unreadable"


def test_what_is_no_plain_form_is_not_read() -> None:
    for encoded in ("a=1&a=1", "a=%00", "a=%B3%E4%D6%B5", "a=%ED%A0%80", "{}", "a=" + "x" * 65_536):
        assert refused(form_notice(encoded)) == "notice_unreadable"


# -- what it says ------------------------------------------------------------------------------------------------


def test_a_paid_order_counts_in_full_whoever_paid_for_the_coupon() -> None:
    assert told() == Report(
        said=Said.PAID, order_id=ORDER, merchant="2088000000000001", amount=12_300_000_000, currency="CNY",
        number=TRADE, payer="2088000000000002", raw="TRADE_SUCCESS", event_id="2024010100222", at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("TRADE_SUCCESS", Said.PAID), ("TRADE_FINISHED", Said.PAID), ("TRADE_CLOSED", Said.CLOSED),
        ("WAIT_BUYER_PAY", Said.PENDING), ("trade_success", Said.NOTHING), ("SOMETHING_NEW", Said.NOTHING),
    ],
)  # fmt: skip
def test_each_state_says_one_thing(status: str, said: Said) -> None:
    assert told(trade_status=status).said is said
    assert told(trade_status=status, refund_fee="0.00").said is said


REFUNDED = {"refund_fee": "2.30", "gmt_refund": "2023-11-15 06:13:20.320"}


@pytest.mark.parametrize("status", ["TRADE_SUCCESS", "TRADE_FINISHED", "TRADE_CLOSED"])
def test_a_notice_with_a_refund_in_it_is_of_the_refund(status: str) -> None:
    report = told(trade_status=status, out_biz_no=REFUND.hex, **REFUNDED)
    assert report == Report(
        said=Said.REFUNDED, order_id=ORDER, merchant="2088000000000001", currency="CNY", number=TRADE,
        payer="2088000000000002", refund_id=REFUND, refund_number=REFUND.hex, refunded_total=2_300_000_000, raw=status,
        event_id="2024010100222", at=NOW,
    )  # fmt: skip


def test_a_refund_that_we_have_not_asked_for_has_a_name_of_its_own() -> None:
    report = told(out_biz_no="HZ01RF001", **REFUNDED)
    assert (report.refund_id, report.refund_number, report.refunded_total) == (None, "HZ01RF001", 2_300_000_000)
    assert told(**REFUNDED).refund_number is None


def test_closed_by_a_refund_is_refunded_in_full() -> None:
    report = told(trade_status="TRADE_CLOSED", gmt_refund="2023-11-15 06:13:20.320")
    assert (report.said, report.refunded_total) == (Said.REFUNDED, 12_300_000_000)


def test_an_order_that_is_not_ours_is_nobodys() -> None:
    assert told(out_trade_no="20240101000001").order_id is None


@pytest.mark.parametrize(("amount", "nanos"), [("0.01", 10**7), ("100000000.00", 10**17), ("5", 5 * 10**9)])
def test_amounts_are_exact(amount: str, nanos: int) -> None:
    assert told(total_amount=amount).amount == nanos


def test_a_reply_is_the_word_alone() -> None:
    provider = offline(alipay_config())
    assert (provider.reply(accepted=True).body, provider.reply(accepted=False).body) == (b"success", b"fail")


# -- asking ------------------------------------------------------------------------------------------------------


def answered(method: str, inside: dict[str, Any] | str, *, key: str = "alipay", name: str | None = None) -> bytes:
    """An answer of the gateway, whose inner object is written as it is given."""
    written = inside if isinstance(inside, str) else json.dumps(inside, ensure_ascii=False)
    name = name or method.replace(".", "_") + "_response"
    return f'{{"{name}":{written},"sign":"{rsa_sign(key, written)}"}}'.encode()


def trade(**fields: Any) -> dict[str, Any]:
    return {
        "code": "10000", "msg": "Success", "out_trade_no": ORDER.hex, "trade_no": TRADE, "total_amount": "12.30",
        "trade_status": "TRADE_SUCCESS", "buyer_user_id": "2088000000000002", "send_pay_date": "2023-11-15 06:13:20",
        **fields,
    }  # fmt: skip


def failed(sub_code: str, *, code: str = "40004") -> dict[str, str]:
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "交易不存在"}


QUERY, CLOSE, REFUND_METHOD, REFUND_QUERY = (
    "alipay.trade.query", "alipay.trade.close", "alipay.trade.refund", "alipay.trade.fastpay.refund.query",
)  # fmt: skip


def sent(asked: Asked) -> dict[str, str]:
    """What was sent, its signature checked by arithmetic."""
    fields = {**asked.params, **(asked.form if asked.body else {})}
    signature = fields.pop("sign")
    content = "&".join(f"{name}={fields[name]}" for name in sorted(fields))
    assert rsa_signed("merchant", content, signature)
    return fields


async def test_the_link_is_signed_over_what_it_says() -> None:
    payment, number = await offline(alipay_config()).start(pay_request())
    assert (payment.pay_by, number) == (PayBy.LINK, None)
    parts = urlsplit(payment.content)
    assert (parts.netloc, parts.path) == ("openapi.alipay.com", "/gateway.do")
    fields = dict(parse_qsl(parts.query))
    signature = fields.pop("sign")
    assert rsa_signed("merchant", "&".join(f"{name}={fields[name]}" for name in sorted(fields)), signature)
    content = json.loads(fields.pop("biz_content"))
    assert fields == {
        "app_id": "2021000000000001", "method": "alipay.trade.page.pay", "format": "JSON", "charset": "utf-8",
        "sign_type": "RSA2", "timestamp": "2023-11-15 06:13:20", "version": "1.0",
        "notify_url": "https://desk.example/callbacks/pay", "return_url": "https://desk.example/orders/1?lang=zh",
    }  # fmt: skip
    assert content == {
        "out_trade_no": ORDER.hex, "product_code": "FAST_INSTANT_TRADE_PAY", "total_amount": "12.30",
        "subject": "充值 12.30", "time_expire": "2023-11-15 08:13:20",
    }  # fmt: skip
    with pytest.raises(AmountUnreadable):
        await offline(alipay_config()).start(pay_request(amount=1))


async def test_the_gateways_own_address_is_taken_as_it_is() -> None:
    base = "https://openapi-sandbox.dl.alipaydev.com/gateway.do"
    payment, _ = await offline(alipay_config(base_url=base)).start(pay_request())
    assert payment.content.startswith(base + "?")


async def test_a_query_is_signed_and_so_is_its_answer() -> None:
    async with odd_provider(answered(QUERY, trade())) as provider:
        report = await provider.adapter(alipay_config).query(pay_request())
    assert report == Report(
        said=Said.PAID, order_id=ORDER, merchant="2088000000000001", amount=12_300_000_000, currency="CNY",
        number=TRADE, payer="2088000000000002", raw="TRADE_SUCCESS", at=NOW,
    )  # fmt: skip
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/gateway.do")
    fields = sent(asked)
    assert (fields["method"], json.loads(fields["biz_content"])) == (QUERY, {"out_trade_no": ORDER.hex})


@pytest.mark.parametrize(
    "written",
    [
        '{"code":"10000","trade_status":"TRADE_SUCCESS","total_amount":"12.30","trade_no":"T1","out_trade_no":"%s"}',
        '{ "code" : "10000" , "sub":{"sign":"}","x":["}"]}, "trade_status":"TRADE_SUCCESS","total_amount":"12.30",'
        '"trade_no":"T1","out_trade_no":"%s","subject":"a\\"}\\u5145\\/, \\"sign\\":\\"x\\""}',
    ],
)
async def test_the_very_characters_are_signed(written: str) -> None:
    async with odd_provider(answered(QUERY, written % ORDER.hex)) as provider:
        report = await provider.adapter(alipay_config).query(pay_request())
    assert (report.said, report.number) == (Said.PAID, "T1")


def test_an_object_is_cut_into_its_values_as_written() -> None:
    text = ' { "a" : { "b" : [1, 2.50] } ,"c":"\\u5145","d":null, "e":[]} '
    assert split_object(text) == {"a": '{ "b" : [1, 2.50] }', "c": '"\\u5145"', "d": "null", "e": "[]"}
    assert split_object("{}") == {}


@pytest.mark.parametrize(
    "body",
    [
        answered(QUERY, trade(), key="merchant"),
        answered(QUERY, trade()).replace(b"12.30", b"99.30"),
        answered(QUERY, trade()).replace(b'"sign":"', b'"sign":"A'),
        json.dumps({"alipay_trade_query_response": trade()}).encode(),
        json.dumps({"alipay_trade_query_response": trade(), "sign": None}).encode(),
        json.dumps({"error_response": failed("isv.invalid-signature", code="40002")}).encode(),
        answered(QUERY, trade(), name="alipay_trade_refund_response"),
        answered(QUERY, failed("ACQ.TRADE_NOT_EXIST"), key="merchant"),
        answered(QUERY, trade(out_trade_no=OTHER_ORDER.hex)),
        answered(QUERY, trade(total_amount="12,30")), answered(QUERY, trade(trade_no="")),
        answered(QUERY, failed("ACQ.SYSTEM_ERROR")), answered(QUERY, failed("isp.unknow-error", code="20000")),
        answered(QUERY, {"msg": "?"}), answered(QUERY, "[]"),
        b"{" + answered(QUERY, trade())[1:-1] + b"," + answered(QUERY, trade())[1:],
    ],
)  # fmt: skip
async def test_an_answer_that_alipay_has_not_given_says_nothing(body: bytes) -> None:
    async with odd_provider(body) as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(alipay_config).query(pay_request())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, Said.PAID), ({"trade_status": "TRADE_FINISHED"}, Said.PAID),
        ({"trade_status": "WAIT_BUYER_PAY", "send_pay_date": ""}, Said.PENDING),
        ({"trade_status": "TRADE_CLOSED", "send_pay_date": None}, Said.CLOSED),
        ({"trade_status": "TRADE_CLOSED"}, Said.REFUNDED),
    ],
)  # fmt: skip
async def test_a_query_says_how_the_order_stands(fields: dict[str, Any], said: Said) -> None:
    async with odd_provider(answered(QUERY, trade(**fields))) as provider:
        report = await provider.adapter(alipay_config).query(pay_request())
    assert report.said is said
    is_refunded = said is Said.REFUNDED
    assert (report.amount, report.refunded_total) == ((None, 12_300_000_000) if is_refunded else (12_300_000_000, None))


async def test_a_trade_that_nobody_has_opened_is_absent_and_closed_enough() -> None:
    missing = failed("ACQ.TRADE_NOT_EXIST")
    async with odd_provider(answered(QUERY, missing), answered(CLOSE, missing)) as provider:
        adapter = provider.adapter(alipay_config)
        assert (await adapter.query(pay_request())).said is Said.ABSENT
        await adapter.close(pay_request())
    assert sent(provider.asked[1])["method"] == CLOSE


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (failed("ACQ.TRADE_STATUS_ERROR"), "ACQ.TRADE_STATUS_ERROR"),
        (failed("isv.invalid-app-id", code="40002"), "isv.invalid-app-id"),
        ({"code": "40006", "msg": "no", "sub_code": "a text\nof words"}, "40006"),
    ],
)
async def test_a_refusal_has_alipays_code_and_none_of_its_words(inside: dict[str, str], reason: str) -> None:
    async with odd_provider(answered(CLOSE, inside)) as provider:
        with pytest.raises(Rejected) as caught:
            await provider.adapter(alipay_config).close(pay_request())
    assert caught.value.parameters == {"provider": "our-alipay", "reason": reason}


async def test_an_error_of_the_gateway_itself_is_believed_when_signed() -> None:
    body = answered(CLOSE, failed("isv.invalid-signature", code="40002"), name="error_response")
    async with odd_provider(body) as provider:
        with pytest.raises(Rejected):
            await provider.adapter(alipay_config).close(pay_request())


# -- refunds -----------------------------------------------------------------------------------------------------


def refunded(**fields: Any) -> dict[str, Any]:
    return {
        "code": "10000", "msg": "Success", "out_trade_no": ORDER.hex, "trade_no": TRADE, "refund_fee": "2.30", **fields,
    }  # fmt: skip


def looked_up(**fields: Any) -> dict[str, Any]:
    return {
        "code": "10000", "msg": "Success", "out_trade_no": ORDER.hex, "out_request_no": REFUND.hex,
        "refund_amount": "2.30", **fields,
    }  # fmt: skip


async def test_a_refund_has_our_number_there() -> None:
    async with odd_provider(answered(REFUND_METHOD, refunded(fund_change="Y"))) as provider:
        adapter = provider.adapter(alipay_config)
        assert adapter.repeats_refunds_safely
        assert await adapter.refund(refund_request()) == RefundAnswer(outcome=RefundOutcome.SUCCEEDED)
    fields = sent(provider.asked[0])
    assert fields["method"] == REFUND_METHOD
    assert json.loads(fields["biz_content"]) == {
        "out_trade_no": ORDER.hex, "refund_amount": "2.30", "out_request_no": REFUND.hex,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (looked_up(refund_status="REFUND_SUCCESS"), RefundOutcome.SUCCEEDED),
        (looked_up(), RefundOutcome.PENDING), ({"code": "10000", "msg": "Success"}, RefundOutcome.PENDING),
    ],
)  # fmt: skip
async def test_a_refund_that_was_asked_for_before_is_looked_up(found: dict[str, Any], outcome: RefundOutcome) -> None:
    answers = (answered(REFUND_METHOD, refunded(fund_change="N")), answered(REFUND_QUERY, found))
    async with odd_provider(*answers) as provider:
        assert (await provider.adapter(alipay_config).refund(refund_request())).outcome is outcome
    fields = sent(provider.asked[1])
    assert fields["method"] == REFUND_QUERY
    assert json.loads(fields["biz_content"]) == {"out_trade_no": ORDER.hex, "out_request_no": REFUND.hex}


@pytest.mark.parametrize(
    ("found", "outcome"),
    [
        (looked_up(refund_status="REFUND_SUCCESS"), RefundOutcome.SUCCEEDED), (looked_up(), RefundOutcome.ABSENT),
        (failed("ACQ.TRADE_NOT_EXIST"), RefundOutcome.ABSENT),
    ],
)  # fmt: skip
async def test_a_refund_that_is_not_there_has_not_failed(found: dict[str, Any], outcome: RefundOutcome) -> None:
    async with odd_provider(answered(REFUND_QUERY, found)) as provider:
        assert (await provider.adapter(alipay_config).query_refund(refund_request())).outcome is outcome


async def test_a_refund_is_refused_or_unknown() -> None:
    async with odd_provider(answered(REFUND_METHOD, failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"))) as provider:
        with pytest.raises(Rejected):
            await provider.adapter(alipay_config).refund(refund_request())
    unknown = (
        answered(REFUND_METHOD, failed("ACQ.SYSTEM_ERROR")),
        answered(REFUND_METHOD, failed("ACQ.DISCORDANT_REPEAT_REQUEST")),
        answered(REFUND_METHOD, refunded(fund_change="Y", out_trade_no=OTHER_ORDER.hex)),
        answered(REFUND_METHOD, failed("ACQ.SELLER_BALANCE_NOT_ENOUGH"), key="merchant"),
    )
    for body in unknown:
        async with odd_provider(body) as provider:
            with pytest.raises(Unavailable):
                await provider.adapter(alipay_config).refund(refund_request())
    other = looked_up(refund_status="REFUND_SUCCESS", out_request_no=ORDER.hex)
    async with odd_provider(answered(REFUND_QUERY, other)) as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(alipay_config).query_refund(refund_request())
