"""Stripe's events: whose they are, and what they say."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from counterfoil.foundation.errors import CounterfoilError, Forbidden, InputError
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.port import RawNotice
from counterfoil.recharge.providers.stripe_amounts import to_stripe
from recharge.providers.desk import (
    EPAY_KEY,
    NOW,
    ORDER,
    REFUND,
    SECONDS,
    STRIPE_SECRET,
    offline,
    signed_by_alipay,
    stripe_config,
    stripe_notice,
)

MINUTE = 60 * 1_000_000


def event(name: str, thing: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "evt_1", "object": "event", "type": name, "created": SECONDS, "livemode": True,
        "data": {"object": thing}, **fields,
    }  # fmt: skip


def session(**fields: Any) -> dict[str, Any]:
    return {
        "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "status": "complete",
        "payment_status": "paid", "amount_total": 1230, "currency": "usd", "payment_intent": "pi_1",
        "client_reference_id": ORDER.hex, "metadata": {"order": ORDER.hex},
        "customer_details": {"email": "payer@example.com"}, **fields,
    }  # fmt: skip


def intent(**fields: Any) -> dict[str, Any]:
    return {
        "id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount": 1230, "amount_received": 1230,
        "currency": "usd", "metadata": {"order": ORDER.hex}, "latest_charge": "ch_1", **fields,
    }  # fmt: skip


def refund(**fields: Any) -> dict[str, Any]:
    return {
        "id": "re_1", "object": "refund", "status": "succeeded", "amount": 230, "currency": "usd", "charge": "ch_1",
        "payment_intent": "pi_1", "metadata": {"refund": REFUND.hex, "order": ORDER.hex}, **fields,
    }  # fmt: skip


def dispute(**fields: Any) -> dict[str, Any]:
    return {
        "id": "du_1", "object": "dispute", "status": "needs_response", "amount": 1230, "currency": "usd",
        "charge": "ch_1", "payment_intent": "pi_1", "metadata": {}, **fields,
    }  # fmt: skip


def told(what: dict[str, Any], **changes: Any) -> Report:
    return offline(stripe_config(**changes)).read_notice(stripe_notice(what), now=NOW)


def refused(notice: RawNotice, *, now: int = NOW, **changes: Any) -> str:
    with pytest.raises(CounterfoilError) as caught:
        offline(stripe_config(**changes)).read_notice(notice, now=now)
    assert isinstance(caught.value, Forbidden | InputError)
    return caught.value.code


PAID = event("payment_intent.succeeded", intent())


# -- who says it -------------------------------------------------------------------------------------------------


def test_a_signature_known_beforehand_is_believed() -> None:
    # `printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac …`
    header = "t=1700000000,v1=c1fdbee94e006c1ee2b03ad4166411f2d89824ec39aa8fa23dfdae06b759e2ed"
    assert refused(stripe_notice(b'{"a":1}', header=header)) == "notice_unreadable"
    assert refused(stripe_notice(b'{"a":2}', header=header)) == "notice_signature_wrong"


def test_a_signature_is_hmac_as_it_is_defined() -> None:
    body, key = json.dumps(PAID).encode(), STRIPE_SECRET.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + f"{SECONDS}.".encode() + body).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).hexdigest()
    notice = stripe_notice(body, header=f"t={SECONDS},v1={'0' * 64},v0=x,v1={outer}")
    assert offline(stripe_config()).read_notice(notice, now=NOW).said is Said.PAID


@pytest.mark.parametrize("secret", ["", " ", "\t\n"])
def test_without_a_secret_nothing_is_believed(secret: str) -> None:
    for signed_with in ("", secret, STRIPE_SECRET):
        notice = stripe_notice(PAID, secret=signed_with)
        assert refused(notice, secrets={"webhook_secret": secret}) == "notice_not_configured"
    assert refused(stripe_notice(PAID, secret="")) == "notice_signature_wrong"


def test_while_a_secret_is_rotated_both_are_good() -> None:
    both = {"webhook_secret": f"whsec_new0123456789abcdef  {STRIPE_SECRET}"}
    assert told(PAID, secrets=both).said is Said.PAID
    new = stripe_notice(PAID, secret="whsec_new0123456789abcdef")
    assert offline(stripe_config(secrets=both)).read_notice(new, now=NOW).said is Said.PAID
    assert refused(stripe_notice(PAID, secret="whsec_third"), secrets=both) == "notice_signature_wrong"


SIGNED = stripe_notice(PAID).headers["stripe-signature"]


@pytest.mark.parametrize(
    "header",
    [
        "", "nonsense", "t=,v1=", f"t={SECONDS}", SIGNED.replace("v1=", "v0="), SIGNED.replace("t=", "t=+"),
        SIGNED.replace("t=", "t=0x"), SIGNED + f",t={SECONDS + 1}", f"t={SECONDS - 1}," + SIGNED, SIGNED + "é",
        SIGNED[:-1], SIGNED.upper(), SIGNED + ",v1=x" * 9, SIGNED + "," + "x" * 1_000,
        SIGNED.replace(str(SECONDS), str(SECONDS + 1)), "t=1_700_000_000,v1=x",
    ],
)  # fmt: skip
def test_a_signature_that_is_not_just_right_is_wrong(header: str) -> None:
    assert refused(stripe_notice(PAID, header=header)) == "notice_signature_wrong"


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400])
def test_a_replay_is_stale_and_so_is_the_future(seconds: int) -> None:
    notice = stripe_notice(PAID, at=SECONDS + seconds)
    assert refused(notice) == "notice_stale"
    # At its own time it is good: the clock is the one that is passed in.
    assert offline(stripe_config()).read_notice(notice, now=NOW + seconds * 1_000_000).said is Said.PAID


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_within_five_minutes_a_notice_is_in_time(seconds: int) -> None:
    notice = stripe_notice(PAID, at=SECONDS + seconds)
    assert offline(stripe_config()).read_notice(notice, now=NOW).said is Said.PAID


def test_nothing_is_said_of_our_clock_to_forgers() -> None:
    assert refused(stripe_notice(PAID, secret="wrong", at=1)) == "notice_signature_wrong"


def test_another_account_or_mode_is_another_merchant() -> None:
    for wrong in ({"account": "acct_other"}, {"livemode": False}):
        assert refused(stripe_notice({**PAID, **wrong})) == "notice_other_merchant"
    assert refused(stripe_notice(PAID), settings={"livemode": "false"}) == "notice_other_merchant"
    assert told({**PAID, "account": "acct_1Counterfoil"}).said is Said.PAID
    assert told({**PAID, "livemode": False}, settings={"livemode": "false"}).said is Said.PAID


def test_a_notice_of_another_provider_is_not_read() -> None:
    body = json.dumps(signed_by_alipay({"out_trade_no": ORDER.hex})).encode()
    assert refused(RawNotice(method="POST", headers={}, query="", body=body)) == "notice_signature_wrong"
    assert refused(stripe_notice(body, secret=EPAY_KEY)) == "notice_signature_wrong"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"out_trade_no=1&sign=x", b"\xff", json.dumps(PAID).encode()[:-1],
        json.dumps(PAID).replace('"livemode": true', '"livemode": "true"').encode(),
        json.dumps(PAID).replace('"object": "event"', '"object": "v2.core.event"').encode(),
        json.dumps(PAID).replace('"evt_1"', '"evt_1", "id": "evt_2"').encode(),
        json.dumps(PAID).replace("evt_1", "evt\\u0000").encode(),
        json.dumps(PAID).replace("evt_1", "\\ud800").encode(),
        json.dumps(PAID).replace("pi_1", "pi_1\\u0000").encode(),
        json.dumps(PAID).replace("1230", "1230.0").encode(), json.dumps(PAID).replace("1230", "-1230").encode(),
        json.dumps(PAID).replace("1230", "NaN").encode(), json.dumps(PAID).replace("1230", '"1230"').encode(),
        json.dumps(PAID).replace("1230", "9" * 19).encode(), json.dumps(PAID).replace("1230", "9" * 5_000).encode(),
        json.dumps(PAID).replace('"usd"', '"us"').encode(), json.dumps(PAID).replace('"usd"', "null").encode(),
        json.dumps({**PAID, "data": None}).encode(), json.dumps({**PAID, "data": {"object": []}}).encode(),
        json.dumps(event("checkout.session.completed", session(payment_intent=None))).encode(),
        json.dumps(event("checkout.session.completed", session(payment_intent={}))).encode(),
        json.dumps(event("refund.updated", refund(status="lost"))).encode(),
        json.dumps(event("charge.dispute.created", dispute(id=None))).encode(),
        json.dumps(PAID).encode() + b" " * 65_536,
    ],
)  # fmt: skip
def test_what_cannot_be_read_exactly_is_not_read(body: bytes) -> None:
    assert refused(stripe_notice(body)) == "notice_unreadable"


def test_an_event_comes_by_post() -> None:
    notice = stripe_notice(PAID)
    other = RawNotice(method="GET", headers=notice.headers, query="", body=notice.body)
    assert refused(other) == "notice_unreadable"


def test_nothing_of_a_notice_is_in_an_error() -> None:
    for notice in (stripe_notice(PAID, secret="wrong"), stripe_notice(PAID, at=1), stripe_notice({**PAID, "data": 7})):
        with pytest.raises(CounterfoilError) as caught:
            offline(stripe_config()).read_notice(notice, now=NOW)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        for hidden in ("pi_1", "evt_1", ORDER.hex, notice.headers["stripe-signature"], "payer@example.com"):
            assert hidden not in str(caught.value)


# -- what it says ------------------------------------------------------------------------------------------------


def test_a_payment_that_is_told_of_twice_has_one_number() -> None:
    by_session = told(event("checkout.session.completed", session()))
    by_intent = told(PAID)
    assert by_session == Report(
        said=Said.PAID, order_id=ORDER, merchant="acct_1Counterfoil", amount=12_300_000_000, currency="USD",
        number="pi_1", payer="payer@example.com", raw="checkout.session.completed", event_id="evt_1", at=NOW,
    )  # fmt: skip
    assert by_intent == Report(
        said=Said.PAID, order_id=ORDER, merchant="acct_1Counterfoil", amount=12_300_000_000, currency="USD",
        number="pi_1", raw="payment_intent.succeeded", event_id="evt_1", at=NOW,
    )  # fmt: skip
    expanded = told(event("checkout.session.completed", session(payment_intent=intent())))
    assert expanded == by_session


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (event("checkout.session.completed", session(payment_status="unpaid")), Said.PENDING),
        (event("checkout.session.completed", session(payment_status="no_payment_required")), Said.NOTHING),
        (event("checkout.session.async_payment_succeeded", session()), Said.PAID),
        (event("checkout.session.async_payment_failed", session(payment_status="unpaid")), Said.FAILED),
        (
            event("checkout.session.expired", session(status="expired", payment_status="unpaid", payment_intent=None)),
            Said.CLOSED,
        ),
        (event("checkout.session.completed", {"id": "cs_1", "mode": "setup", "currency": None}), Said.NOTHING),
        (event("payment_intent.payment_failed", intent(status="requires_payment_method")), Said.FAILED),
        (event("payment_intent.canceled", intent(status="canceled")), Said.CLOSED),
        (event("payment_intent.created", intent()), Said.NOTHING),
        (event("charge.refunded", {"id": "ch_1"}), Said.NOTHING),
        (event("charge.dispute.funds_withdrawn", dispute()), Said.NOTHING),
        (event("customer.created", {}), Said.NOTHING),
        (event("some.future_event", {"amount": "odd"}), Said.NOTHING),
    ],
)
def test_each_event_says_one_thing(what: dict[str, Any], said: Said) -> None:
    report = told(what)
    assert report.said is said
    assert report.event_id == "evt_1"


@pytest.mark.parametrize("name", ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("succeeded", Said.REFUNDED), ("pending", Said.NOTHING), ("requires_action", Said.NOTHING),
        ("failed", Said.REFUND_FAILED), ("canceled", Said.REFUND_FAILED),
    ],
)  # fmt: skip
def test_a_refund_says_how_it_stands(name: str, status: str, said: Said) -> None:
    assert told(event(name, refund(status=status))) == Report(
        said=said, order_id=ORDER, merchant="acct_1Counterfoil", amount=2_300_000_000, currency="USD", number="pi_1",
        refund_id=REFUND, refund_number="re_1", raw=f"refund_{status}", event_id="evt_1", at=NOW,
    )  # fmt: skip


def test_a_refund_from_the_dashboard_names_the_payment_alone() -> None:
    report = told(event("refund.created", refund(metadata={})))
    assert (report.order_id, report.refund_id, report.number, report.refund_number) == (None, None, "pi_1", "re_1")


@pytest.mark.parametrize("name", ["charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("needs_response", Said.DISPUTE_OPENED), ("under_review", Said.DISPUTE_OPENED),
        ("warning_needs_response", Said.DISPUTE_OPENED), ("warning_under_review", Said.DISPUTE_OPENED),
        ("warning_closed", Said.DISPUTE_WON), ("won", Said.DISPUTE_WON), ("lost", Said.DISPUTE_LOST),
        ("appeal_needs_response", Said.NOTHING), ("something_new", Said.NOTHING), ("prevented", Said.DISPUTE_WON),
    ],
)  # fmt: skip
def test_a_dispute_says_how_it_stands(name: str, status: str, said: Said) -> None:
    assert told(event(name, dispute(status=status))) == Report(
        said=said, merchant="acct_1Counterfoil", amount=12_300_000_000, currency="USD", number="pi_1",
        dispute_number="du_1", raw=f"dispute_{status}", event_id="evt_1", at=NOW,
    )  # fmt: skip


def test_a_dispute_that_was_prevented_by_paying_is_lost() -> None:
    details = {"type": "card", "card": {"case_type": "resolution"}}
    report = told(event("charge.dispute.closed", dispute(status="prevented", payment_method_details=details)))
    assert report.said is Said.DISPUTE_LOST


def test_an_order_that_is_not_ours_is_nobodys() -> None:
    for metadata in ({"order": "10001"}, {"order": ORDER.hex.upper()}, {}, None):
        report = told(event("payment_intent.succeeded", intent(metadata=metadata)))
        assert (report.said, report.order_id, report.number) == (Said.PAID, None, "pi_1")
    by_reference = told(event("checkout.session.completed", session(metadata={})))
    assert by_reference.order_id == ORDER
    # What we have written ourselves counts before what anybody could put into a link.
    mixed = told(event("checkout.session.completed", session(metadata={"order": "x"})))
    assert mixed.order_id is None


@pytest.mark.parametrize(
    ("currency", "units", "nanos"),
    [
        ("usd", 1, 10_000_000), ("usd", 99_999_999, 999_999_990_000_000), ("cny", 1, 10_000_000),
        ("jpy", 500, 500 * 10**9), ("krw", 1, 10**9), ("mga", 7, 7 * 10**9), ("xof", 7, 7 * 10**9),
        ("kwd", 10, 10_000_000), ("kwd", 1_230, 1_230_000_000), ("tnd", 5_000, 5 * 10**9),
        ("isk", 500, 5 * 10**9), ("ugx", 500, 5 * 10**9), ("idr", 922_337_203_685, 9_223_372_036_850_000_000),
    ],
)  # fmt: skip
def test_amounts_are_in_stripes_own_units(currency: str, units: int, nanos: int) -> None:
    report = told(event("payment_intent.succeeded", intent(currency=currency, amount=units, amount_received=units)))
    assert (report.amount, report.currency) == (nanos, currency.upper())
    assert to_stripe(nanos, currency.upper()) == units


@pytest.mark.parametrize(
    ("nanos", "currency"),
    [
        (1, "USD"), (1_000_000, "USD"), (500_000_000, "JPY"), (10_000_000, "JPY"), (1_000_000, "KWD"),
        (1_001_000_000, "KWD"), (5_500_000_000, "ISK"), (10_000_000, "UGX"), (5_000_000, "MGA"),
    ],
)  # fmt: skip
def test_what_cannot_be_paid_exactly_is_not_rounded(nanos: int, currency: str) -> None:
    with pytest.raises(InputError) as caught:
        to_stripe(nanos, currency)
    assert caught.value.code == "amount_unreadable"


def test_what_was_received_counts() -> None:
    report = told(event("payment_intent.succeeded", intent(amount=1230, amount_received=1000)))
    assert report.amount == 10 * 10**9


def test_a_reply_says_whether_to_send_it_again() -> None:
    provider = offline(stripe_config())
    assert (provider.reply(accepted=True).status, provider.reply(accepted=False).status) == (200, 400)
