"""WeChat Pay v3: signed both ways, sealed notices, native payment, refunds."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from counterfoil.foundation.errors import AmountUnreadable, CounterfoilError, Unavailable
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.port import PayBy, Payment, RawNotice, RefundAnswer, RefundOutcome, Rejected
from counterfoil.recharge.providers.reading import Unreadable
from counterfoil.recharge.providers.wechat_signatures import unseal
from recharge.providers.desk import (
    APIV3_KEY,
    NOW,
    ORDER,
    OTHER_ORDER,
    REFUND,
    SECONDS,
    Asked,
    Give,
    form_notice,
    odd_provider,
    offline,
    pay_request,
    private_text,
    public_text,
    refund_request,
    rsa_signed,
    signed_by_alipay,
    wechat_config,
    wechat_headers,
)

NUMBER = "4200000001202311150000000001"
TRANSACTION = {
    "transaction_id": NUMBER, "mchid": "1900000001", "appid": "wx0123456789abcdef", "out_trade_no": ORDER.hex,
    "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "trade_type": "NATIVE", "bank_type": "CMC",
    "success_time": "2023-11-15T06:13:20+08:00", "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 1230, "payer_total": 1130, "currency": "CNY", "payer_currency": "CNY"},
}  # fmt: skip
SENT_BACK = {
    "mchid": "1900000001", "transaction_id": NUMBER, "out_trade_no": ORDER.hex, "refund_id": "50000000382019052709732678859",
    "out_refund_no": REFUND.hex, "refund_status": "SUCCESS", "success_time": "2023-11-15T06:13:20+08:00",
    "user_received_account": "招商银行信用卡0403",
    "amount": {"total": 1230, "refund": 230, "payer_total": 1130, "payer_refund": 211},
}  # fmt: skip


def sealed(inside: dict[str, Any] | bytes, *, kind: str = "transaction", key: str = APIV3_KEY) -> dict[str, Any]:
    """Sealed by the cipher itself, not by the construction that unseals it."""
    nonce = b"fdasflkja484"
    plain = inside if isinstance(inside, bytes) else json.dumps(inside, ensure_ascii=False).encode()
    encryptor = Cipher(algorithms.AES(key.encode()), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(kind.encode())
    ciphertext = encryptor.update(plain) + encryptor.finalize() + encryptor.tag
    return {
        "original_type": kind, "algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.b64encode(ciphertext).decode(),
        "associated_data": kind, "nonce": nonce.decode(),
    }  # fmt: skip


def event(resource: dict[str, Any], *, name: str = "TRANSACTION.SUCCESS", **fields: Any) -> bytes:
    told = {
        "id": "EV-2018022511223320873", "create_time": "2023-11-15T06:13:20+08:00", "resource_type": "encrypt-resource",
        "event_type": name, "summary": "支付成功", "resource": resource, **fields,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()


def notice(body: bytes, **signing: Any) -> RawNotice:
    return RawNotice(method="POST", headers=wechat_headers(body, **signing), query="", body=body)


def told(inside: dict[str, Any], *, name: str = "TRANSACTION.SUCCESS", kind: str = "transaction") -> Report:
    body = event(sealed(inside, kind=kind), name=name)
    return offline(wechat_config()).read_notice(notice(body), now=NOW)


def refused(raw: RawNotice, *, now: int = NOW, **changes: Any) -> str:
    with pytest.raises(CounterfoilError) as caught:
        offline(wechat_config(**changes)).read_notice(raw, now=now)
    for hidden in (ORDER.hex, NUMBER, "oUpF8uMuAJO"):
        assert hidden not in str(caught.value)
    return caught.value.code


PAID = event(sealed(TRANSACTION))


# -- who says it -------------------------------------------------------------------------------------------------

# Made with `openssl dgst -sha256 -sign` over `1700000000\nnonce-1\n{"id":"1"}\n`, with the key of test_keys.py.
OPENSSL_HEADERS = {
    "wechatpay-timestamp": "1700000000", "wechatpay-nonce": "nonce-1", "wechatpay-serial": "PUB_KEY_ID_0119000000012024",
    "wechatpay-signature": (
        "bIhomkFWNws3J94I3U8gH8dRUWPuh9V9dxxYIWAv7mo7LZ2SaqgcuRXlTSnmLPwdGe8gnZnjYdEqhurdmXpMym0ykYTkpo+4meCZQbhelzxBrx+jvPeq"
        "OzQDUmrchHGK5C3+IP/F4IlK1XC1eVUPwQQujp7N7rZBm3qTnagyLTIoIBO7nWIs6r1FI2x+cEzMnhbuIZWkV/MKHEbDDZBYjkh0sgAZFrqaCWmOmKGs"
        "JnPg64ibGeCPgaTWuIK+cyv1DWiBWoZb6j47LFqar6kZjLHJ+NmjKxGn0KV7U2sUety8hJOXQd06LjMlLOdxAqXMrmMIyjJ79zUn5elyM6xUvw=="
    ),
}  # fmt: skip


def test_a_signature_of_openssl_is_believed() -> None:
    from recharge.providers.test_keys import OPENSSL_KEY

    raw = RawNotice(method="POST", headers=OPENSSL_HEADERS, query="", body=b'{"id":"1"}')
    assert refused(raw, secrets={"platform_public_key": OPENSSL_KEY}) == "notice_unreadable"
    assert refused(raw) == "notice_signature_wrong"


def test_a_seal_known_beforehand_is_opened() -> None:
    resource = {
        "algorithm": "AEAD_AES_256_GCM", "associated_data": "transaction", "nonce": "nonce-of-12b",
        "ciphertext": "b'+5t8MG+48kEeYBlCf0+nvrjKZPL9fKI3nwxAzyMAJ4WpH58jY7w='"[2:-1],
    }  # fmt: skip
    assert unseal(resource, APIV3_KEY.encode()) == {"mchid": "1900000001"}
    for change in ({"associated_data": ""}, {"nonce": "nonce-of-12c"}, {"algorithm": "AEAD_SM4_GCM"}, {"nonce": ""},
                   {"nonce": None}, {"ciphertext": 7}, {"ciphertext": "AAAA"}, {"ciphertext": "!"}):  # fmt: skip
        with pytest.raises(Unreadable):
            unseal({**resource, **change}, APIV3_KEY.encode())
    with pytest.raises(Unreadable):
        unseal(resource, b"f" * 32)


@pytest.mark.parametrize(
    "missing",
    [
        {"secrets": {"apiv3_key": ""}}, {"secrets": {"apiv3_key": "short"}}, {"secrets": {"apiv3_key": "x" * 33}},
        {"secrets": {"platform_public_key": ""}}, {"secrets": {"platform_public_key": private_text("wechat")}},
        {"settings": {"platform_serial": ""}},
    ],
)  # fmt: skip
def test_without_its_keys_nothing_is_believed(missing: dict[str, Any]) -> None:
    assert refused(notice(PAID), **missing) == "notice_not_configured"


def test_a_key_of_somebody_else_or_another_name_is_wrong() -> None:
    assert refused(notice(PAID, key="merchant")) == "notice_signature_wrong"
    assert refused(notice(PAID, serial="PUB_KEY_ID_other")) == "notice_signature_wrong"
    assert refused(notice(PAID), secrets={"platform_public_key": public_text("other")}) == "notice_signature_wrong"


@pytest.mark.parametrize(
    "headers",
    [
        {"wechatpay-signature": ""}, {"wechatpay-signature": "WECHATPAY/SIGNTEST/abcd"}, {"wechatpay-signature": "签名"},
        {"wechatpay-nonce": ""}, {"wechatpay-nonce": "n0nce2"}, {"wechatpay-nonce": "n\n0nce"},
        {"wechatpay-timestamp": ""}, {"wechatpay-timestamp": str(SECONDS + 1)}, {"wechatpay-timestamp": f"+{SECONDS}"},
        {"wechatpay-timestamp": "١٧٠٠"}, {"wechatpay-serial": ""},
    ],
)  # fmt: skip
def test_what_was_changed_after_signing_is_refused(headers: dict[str, str]) -> None:
    raw = notice(PAID)
    changed = RawNotice(method="POST", headers={**raw.headers, **headers}, query="", body=raw.body)
    assert refused(changed) == "notice_signature_wrong"


def test_a_probe_that_is_marked_as_one_is_refused_like_any_forgery() -> None:
    raw = notice(PAID)
    probe = {**raw.headers, "wechatpay-signature": "WECHATPAY/SIGNTEST/" + raw.headers["wechatpay-signature"]}
    assert refused(RawNotice(method="POST", headers=probe, query="", body=PAID)) == "notice_signature_wrong"


def test_another_body_is_not_signed() -> None:
    other = event(sealed({**TRANSACTION, "amount": {"total": 1, "currency": "CNY"}}))
    raw = RawNotice(method="POST", headers=notice(PAID).headers, query="", body=other)
    assert refused(raw) == "notice_signature_wrong"
    assert refused(RawNotice(method="POST", headers={}, query="", body=PAID)) == "notice_signature_wrong"


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_replay_is_stale_and_so_is_the_future(seconds: int) -> None:
    raw = notice(PAID, at=SECONDS + seconds)
    assert refused(raw) == "notice_stale"
    assert offline(wechat_config()).read_notice(raw, now=NOW + seconds * 10**6).said is Said.PAID


def test_a_right_signature_over_another_seal_is_not_opened() -> None:
    assert refused(notice(event(sealed(TRANSACTION, key="f" * 32)))) == "notice_unreadable"


def test_another_merchant_or_application_is_another() -> None:
    for change in ({"mchid": "1900000002"}, {"mchid": None}, {"appid": "wx00"}, {"appid": None}):
        assert refused(notice(event(sealed({**TRANSACTION, **change})))) == "notice_other_merchant"


def test_notices_of_other_providers_are_not_believed() -> None:
    assert refused(form_notice(signed_by_alipay({"out_trade_no": ORDER.hex}))) == "notice_signature_wrong"
    raw = notice(b"out_trade_no=1&sign=x")
    assert refused(raw) == "notice_unreadable"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"\xff", PAID[:-1], PAID.replace(b'"id"', b'"event_type": "x", "id"'),
        event({"original_type": "transaction"}), event(sealed(b"no json")), event(sealed(b'{"mchid":"1","mchid":"1"}')),
        PAID.replace(b"EV-2018022511223320873", b"\\ud800"), PAID.replace(b"EV-2018022511223320873", b"\\u0000"),
        PAID + b" " * 65_536,
    ],
)  # fmt: skip
def test_what_is_no_plain_event_is_not_read(body: bytes) -> None:
    assert refused(notice(body)) == "notice_unreadable"


@pytest.mark.parametrize(
    "change",
    [
        {"amount": None}, {"amount": {}}, {"amount": {"total": 12.3}}, {"amount": {"total": "1230"}},
        {"amount": {"total": -1}}, {"amount": {"total": True}}, {"amount": {"total": 10**12}},
        {"amount": {"total": 1, "currency": "¥"}}, {"transaction_id": ""}, {"transaction_id": 7}, {"out_trade_no": ""},
        {"trade_state": None},
    ],
)  # fmt: skip
def test_what_cannot_be_read_exactly_is_not_read(change: dict[str, Any]) -> None:
    assert refused(notice(event(sealed({**TRANSACTION, **change})))) == "notice_unreadable"


def test_an_event_comes_by_post() -> None:
    raw = notice(PAID)
    assert refused(RawNotice(method="GET", headers=raw.headers, query="", body=PAID)) == "notice_unreadable"


# -- what it says ------------------------------------------------------------------------------------------------


def test_a_paid_order_counts_in_full_whoever_paid_for_the_coupon() -> None:
    assert told(TRANSACTION) == Report(
        said=Said.PAID, order_id=ORDER, merchant="1900000001", amount=12_300_000_000, currency="CNY", number=NUMBER,
        payer="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o", raw="TRANSACTION.SUCCESS", event_id="EV-2018022511223320873", at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "said", "name"),
    [
        ("SUCCESS", Said.REFUNDED, "REFUND.SUCCESS"), ("ABNORMAL", Said.REFUND_FAILED, "REFUND.ABNORMAL"),
        ("CLOSED", Said.REFUND_FAILED, "REFUND.CLOSED"), ("PROCESSING", Said.NOTHING, "REFUND.PROCESSING"),
    ],
)  # fmt: skip
def test_a_refund_says_how_it_stands(state: str, said: Said, name: str) -> None:
    assert told({**SENT_BACK, "refund_status": state}, name=name, kind="refund") == Report(
        said=said, order_id=ORDER, merchant="1900000001", amount=2_300_000_000, currency="CNY", number=NUMBER,
        refund_id=REFUND, refund_number="50000000382019052709732678859", raw=name, event_id="EV-2018022511223320873",
        at=NOW,
    )  # fmt: skip


def test_a_refund_of_the_merchants_platform_has_no_number_of_ours() -> None:
    report = told({**SENT_BACK, "out_refund_no": "platform-1"}, name="REFUND.SUCCESS", kind="refund")
    assert (report.refund_id, report.refund_number) == (None, "50000000382019052709732678859")


def test_an_unknown_state_of_a_refund_is_not_guessed() -> None:
    body = event(sealed({**SENT_BACK, "refund_status": "NEW"}, kind="refund"), name="REFUND.NEW")
    assert refused(notice(body)) == "notice_unreadable"


def test_other_events_say_nothing() -> None:
    report = told({"mchid": "1900000001"}, name="COUPON.USE", kind="coupon")
    assert (report.said, report.raw) == (Said.NOTHING, "COUPON.USE")


def test_an_order_that_is_not_ours_is_nobodys() -> None:
    assert told({**TRANSACTION, "out_trade_no": "20240101000001"}).order_id is None


@pytest.mark.parametrize(
    ("amount", "nanos", "currency"),
    [
        ({"total": 1}, 10**7, "CNY"), ({"total": 922_337_203_685, "currency": "CNY"}, 9_223_372_036_850_000_000, "CNY"),
        # What is not ours to take is told as it is, and does not fit the order.
        ({"total": 5, "currency": "JPY"}, 5 * 10**9, "JPY"), ({"total": 5, "currency": "HKD"}, 5 * 10**7, "HKD"),
    ],
)  # fmt: skip
def test_amounts_are_exact(amount: dict[str, Any], nanos: int, currency: str) -> None:
    report = told({**TRANSACTION, "amount": amount})
    assert (report.amount, report.currency) == (nanos, currency)


def test_a_reply_says_whether_to_send_it_again() -> None:
    provider = offline(wechat_config())
    accepted, refused_ = provider.reply(accepted=True), provider.reply(accepted=False)
    assert (accepted.status, accepted.body) == (204, b"")
    assert (refused_.status, json.loads(refused_.body)) == (400, {"code": "FAIL", "message": "失败"})


# -- asking ------------------------------------------------------------------------------------------------------


def signs(answer: Any, *, key: str = "wechat", at: int = SECONDS, **headers: str) -> Give:
    """An answer as WeChat signs it."""
    status, content = answer if isinstance(answer, tuple) else (200, answer)
    body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()

    def give(_: Asked) -> web.StreamResponse:
        signed = {**wechat_headers(body, key=key, at=at), **headers}
        return web.Response(status=status, body=body, content_type="application/json", headers=signed)

    return give


_AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(\d+)",nonce_str="(\w{32})",signature="([^"]+)",timestamp="(\d+)",serial_no="(\w+)"'
)


def check_signature(asked: Asked) -> None:
    """What was sent is signed, by arithmetic: the method, the address as it went, the time, the body."""
    found = _AUTHORIZATION.fullmatch(asked.headers["Authorization"])
    assert found is not None
    mchid, nonce, signature, timestamp, serial = found.groups()
    target = asked.path + (f"?{asked.query}" if asked.query else "")
    content = f"{asked.method}\n{target}\n{timestamp}\n{nonce}\n".encode() + asked.body + b"\n"
    assert rsa_signed("merchant", content, signature)
    assert (mchid, timestamp, serial) == ("1900000001", str(SECONDS), "5157F09EFDC096DE15EBE81A47057A7232F1B8E1")
    assert asked.headers["Wechatpay-Serial"] == "PUB_KEY_ID_0119000000012024"


async def test_a_native_payment_is_a_code_to_scan() -> None:
    async with odd_provider(signs({"code_url": "weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}), prefix="/wechat") as provider:
        payment, number = await provider.adapter(wechat_config).start(pay_request())
    assert (payment, number) == (Payment(pay_by=PayBy.QR_CODE, content="weixin://wxpay/bizpayurl?pr=p4lpSuKzz"), None)
    (asked,) = provider.asked
    check_signature(asked)
    assert (asked.method, asked.path) == ("POST", "/wechat/v3/pay/transactions/native")
    assert json.loads(asked.body) == {
        "appid": "wx0123456789abcdef", "mchid": "1900000001", "description": "充值 12.30", "out_trade_no": ORDER.hex,
        "time_expire": "2023-11-15T08:13:20+08:00", "notify_url": "https://desk.example/callbacks/pay",
        "amount": {"total": 1230, "currency": "CNY"},
    }  # fmt: skip
    with pytest.raises(AmountUnreadable):
        await offline(wechat_config()).start(pay_request(amount=1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, Said.PAID), ({"trade_state": "NOTPAY"}, Said.PENDING), ({"trade_state": "USERPAYING"}, Said.PENDING),
        ({"trade_state": "CLOSED"}, Said.CLOSED), ({"trade_state": "REVOKED"}, Said.CLOSED),
        ({"trade_state": "PAYERROR"}, Said.FAILED), ({"trade_state": "REFUND"}, Said.REFUNDED),
        ({"trade_state": "NEW"}, Said.NOTHING),
    ],
)  # fmt: skip
async def test_a_query_says_how_the_order_stands(change: dict[str, Any], said: Said) -> None:
    async with odd_provider(signs({**TRANSACTION, **change})) as provider:
        report = await provider.adapter(wechat_config).query(pay_request())
    assert (report.said, report.order_id, report.number) == (said, ORDER, NUMBER)
    # How much has gone back is not said.
    assert (report.amount, report.refunded_total) == (12_300_000_000 if said is Said.PAID else None, None)
    (asked,) = provider.asked
    check_signature(asked)
    assert (asked.method, asked.path, asked.query) == (
        "GET", f"/v3/pay/transactions/out-trade-no/{ORDER.hex}", "mchid=1900000001",
    )  # fmt: skip


async def test_an_order_that_is_not_paid_yet_has_nothing_but_its_state() -> None:
    bare = {name: TRANSACTION[name] for name in ("mchid", "appid", "out_trade_no")}
    async with odd_provider(signs({**bare, "trade_state": "NOTPAY", "amount": {"total": 1230}})) as provider:
        report = await provider.adapter(wechat_config).query(pay_request())
    assert report == Report(said=Said.PENDING, order_id=ORDER, merchant="1900000001", raw="NOTPAY")


@pytest.mark.parametrize(
    "answer",
    [
        signs(TRANSACTION, key="merchant"), signs(TRANSACTION, at=SECONDS - 301),
        signs(TRANSACTION, **{"wechatpay-serial": "other"}),
        signs(TRANSACTION, **{"wechatpay-nonce": "other"}), TRANSACTION,
        signs({**TRANSACTION, "out_trade_no": OTHER_ORDER.hex}), signs({**TRANSACTION, "mchid": "1900000002"}),
        signs({**TRANSACTION, "amount": {"total": "1230"}}), signs(None), signs([]),
        (500, {"code": "SYSTEM_ERROR"}), (429, {"code": "RATELIMIT_EXCEEDED"}), (400, {"code": "SYSTEM_ERROR"}),
        (404, b"<html>"),
    ],
)  # fmt: skip
async def test_an_answer_that_wechat_has_not_given_says_nothing(answer: Any) -> None:
    async with odd_provider(answer) as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(wechat_config).query(pay_request())


@pytest.mark.parametrize("code", ["ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"])
async def test_what_wechat_does_not_know_is_absent_and_closed_enough(code: str) -> None:
    async with odd_provider((404, {"code": code, "message": "订单不存在"})) as provider:
        adapter = provider.adapter(wechat_config)
        assert (await adapter.query(pay_request())).said is Said.ABSENT
        await adapter.close(pay_request())
        assert (await adapter.query_refund(refund_request())).outcome is RefundOutcome.ABSENT


async def test_closing_is_signed_and_answered_with_nothing() -> None:
    async with odd_provider(signs((204, None))) as provider:
        await provider.adapter(wechat_config).close(pay_request())
    (asked,) = provider.asked
    check_signature(asked)
    assert asked.path == f"/v3/pay/transactions/out-trade-no/{ORDER.hex}/close"
    assert json.loads(asked.body) == {"mchid": "1900000001"}


async def test_what_is_closed_stays_so_and_what_is_paid_cannot_be() -> None:
    async with odd_provider((400, {"code": "ORDER_CLOSED", "message": "订单已关闭"})) as provider:
        await provider.adapter(wechat_config).close(pay_request())
    async with odd_provider((400, {"code": "ORDERPAID", "message": "订单已支付"})) as provider:
        with pytest.raises(Rejected) as caught:
            await provider.adapter(wechat_config).close(pay_request())
    assert caught.value.parameters == {"provider": "our-wechat", "reason": "ORDERPAID"}


# -- refunds -----------------------------------------------------------------------------------------------------


def asked_back(**fields: Any) -> dict[str, Any]:
    told = {**SENT_BACK, "status": "PROCESSING", **fields}
    return {name: value for name, value in told.items() if name != "refund_status"}


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("SUCCESS", RefundOutcome.SUCCEEDED, None), ("PROCESSING", RefundOutcome.PENDING, None),
        ("CLOSED", RefundOutcome.FAILED, "CLOSED"), ("ABNORMAL", RefundOutcome.FAILED, "ABNORMAL"),
    ],
)  # fmt: skip
async def test_a_refund_has_our_number_there(status: str, outcome: RefundOutcome, reason: str | None) -> None:
    async with odd_provider(signs(asked_back(status=status))) as provider:
        adapter = provider.adapter(wechat_config)
        assert adapter.repeats_refunds_safely
        answers = await adapter.refund(refund_request()), await adapter.query_refund(refund_request())
    expected = RefundAnswer(outcome=outcome, refund_number="50000000382019052709732678859", reason=reason)
    assert answers == (expected, expected)
    sent, looked_up = provider.asked
    check_signature(sent)
    check_signature(looked_up)
    assert (sent.method, sent.path) == ("POST", "/v3/refund/domestic/refunds")
    assert json.loads(sent.body) == {
        "out_trade_no": ORDER.hex, "out_refund_no": REFUND.hex, "notify_url": "https://desk.example/callbacks/pay",
        "amount": {"refund": 230, "total": 1230, "currency": "CNY"},
    }  # fmt: skip
    assert (looked_up.method, looked_up.path) == ("GET", f"/v3/refund/domestic/refunds/{REFUND.hex}")


async def test_a_refund_is_refused_or_unknown() -> None:
    async with odd_provider((403, {"code": "NOT_ENOUGH", "message": "余额不足"})) as provider:
        with pytest.raises(Rejected) as caught:
            await provider.adapter(wechat_config).refund(refund_request())
    assert caught.value.parameters["reason"] == "NOT_ENOUGH"
    for answer in (
        (500, {"code": "SYSTEM_ERROR"}), (429, {"code": "FREQUENCY_LIMITED"}), signs(asked_back(), key="merchant"),
        signs(asked_back(out_refund_no=ORDER.hex)), signs(asked_back(status="NEW")), signs(asked_back(refund_id=None)),
    ):  # fmt: skip
        async with odd_provider(answer) as provider:
            with pytest.raises(Unavailable):
                await provider.adapter(wechat_config).refund(refund_request())
