"""Alipay's notices and signatures: RSA over SHA-256 ("RSA2"), over the sorted parameters or the exact JSON of an answer.

Pure: a trade, what is said of it, and the notice that says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from counterfoil.sandbox.payments.keys import AlipayKeys
from counterfoil.sandbox.payments.model import (
    HONEST,
    Event,
    Forgery,
    Happening,
    SentNotice,
    SigningKey,
    Tamper,
    merge,
)
from counterfoil.sandbox.payments.signing import altered, sign_rsa
from counterfoil.sandbox.payments.units import beijing_text, read_yuan, write_yuan

# The page was shown, and nobody has signed in on it: Alipay says that there is no such trade.
SHOWN = "SHOWN"
WAITING = "WAIT_BUYER_PAY"
SUCCESS = "TRADE_SUCCESS"
CLOSED = "TRADE_CLOSED"
FINISHED = "TRADE_FINISHED"
ACCEPTED = b"success"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipayRefund:
    """`request_number` is the merchant's `out_request_no`, told as `out_biz_no`."""

    request_number: str
    fen: int
    at: int
    is_decided: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AlipayTrade:
    """A trade at Alipay; `total_amount` is in yuan, such as `10.00`."""

    order_number: str
    trade_number: str
    total_amount: str
    notify_url: str
    return_url: str = ""
    subject: str = "recharge"
    body: str = ""
    passback: str = ""
    status: str = SHOWN
    created_at: int = 0
    paid_at: int | None = None
    closed_at: int | None = None
    buyer_id: str = "2088000000000001"
    buyer_logon_id: str = "buy***@example.com"
    refunds: tuple[AlipayRefund, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def total_fen(self) -> int:
        # What was paid may be staged as anything; what is no amount counts as nothing.
        return read_yuan(self.total_amount) or 0

    @property
    def refunded_fen(self) -> int:
        """What has gone back, of refunds that are decided."""
        return sum(refund.fen for refund in self.refunds if refund.is_decided)


def signing_text(fields: Mapping[str, str], *, without: tuple[str, ...]) -> bytes:
    """What a signature covers: `k=v&…` in the order of the names, un-encoded, without empty values."""
    return "&".join(
        f"{name}={fields[name]}" for name in sorted(fields) if name not in without and fields[name]
    ).encode()


def signed_answer(private_key: str, node: str, content: Mapping[str, Any]) -> bytes:
    """An answer of the gateway: the signature covers the JSON of `content` exactly as it stands there."""
    text = orjson.dumps(content)
    return b'{"%b":%b,"sign":"%b"}' % (node.encode(), text, sign_rsa(private_key, text).encode())


def paid_event(keys: AlipayKeys, trade: AlipayTrade, *, event_id: str, at: int, status: str = SUCCESS) -> Event:
    """What Alipay tells of a paid trade; with the status FINISHED, that it cannot be refunded any more."""
    happening = Happening.FINISHED if status == FINISHED else Happening.PAID
    return _event(keys, trade, status, happening, event_id=event_id, at=at, more={})


def closed_event(keys: AlipayKeys, trade: AlipayTrade, *, event_id: str, at: int) -> Event:
    """What Alipay tells of a trade that nobody has paid in time."""
    more = {"gmt_close": beijing_text(at)}
    return _event(keys, trade, CLOSED, Happening.CLOSED, event_id=event_id, at=at, more=more)


def refunded_event(keys: AlipayKeys, trade: AlipayTrade, refund: AlipayRefund, *, event_id: str, at: int) -> Event:
    """What Alipay tells of a refund: `refund_fee` is all that has gone back of the trade, this refund included."""
    status = CLOSED if trade.refunded_fen >= trade.total_fen else SUCCESS
    more = {
        "refund_fee": write_yuan(trade.refunded_fen),
        "gmt_refund": beijing_text(refund.at) + ".000",
        "out_biz_no": refund.request_number,
    }
    return _event(keys, trade, status, Happening.REFUNDED, event_id=event_id, at=at, more=more)


def notice(keys: AlipayKeys, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
    """An event as the form that Alipay posts."""
    content = {**event.content, "notify_time": beijing_text(signed_at - forgery.stale_seconds)}
    fields = {name: str(value) for name, value in merge(content, _replaced(forgery)).items()}
    private_key = keys.app_private_key if forgery.key is SigningKey.WRONG else keys.alipay_private_key
    signature = sign_rsa(private_key, signing_text(fields, without=("sign", "sign_type")))
    if forgery.key is SigningKey.EMPTY:
        signature = ""
    elif forgery.tamper is Tamper.SIGNATURE:
        signature = altered(signature)
    if forgery.tamper is Tamper.CONTENT:
        fields["total_amount"] = "1" + fields["total_amount"]
    if forgery.tamper is not Tamper.UNSIGNED:
        fields |= {"sign": signature, "sign_type": "RSA2"}
    return SentNotice(
        method="POST",
        url=event.url,
        headers={"content-type": "application/x-www-form-urlencoded; charset=utf-8"},
        body=urlencode(fields).encode(),
        event=event.name,
        event_id=event.event_id,
    )


def paid_notice(keys: AlipayKeys, trade: AlipayTrade, *, at: int, forgery: Forgery = HONEST) -> SentNotice:
    """The notice of a paid trade, named by its number."""
    event = paid_event(keys, trade, event_id=f"paid{trade.trade_number}", at=at)
    return notice(keys, event, signed_at=at, forgery=forgery)


def refunded_notice(
    keys: AlipayKeys, trade: AlipayTrade, refund: AlipayRefund, *, at: int, forgery: Forgery = HONEST
) -> SentNotice:
    """The notice of a refund, which `trade.refunds` has to hold already."""
    event_id = f"refund{refund.request_number}"
    event = refunded_event(keys, trade, refund, event_id=event_id, at=at)
    return notice(keys, event, signed_at=at, forgery=forgery)


def _event(
    keys: AlipayKeys,
    trade: AlipayTrade,
    status: str,
    happening: Happening,
    *,
    event_id: str,
    at: int,
    more: Mapping[str, str],
) -> Event:
    content = {
        "notify_type": "trade_status_sync",
        "notify_id": event_id,
        "charset": "utf-8",
        "version": "1.0",
        "app_id": keys.app_id,
        "auth_app_id": keys.app_id,
        "trade_no": trade.trade_number,
        "out_trade_no": trade.order_number,
        "seller_id": keys.seller_id,
        "buyer_id": trade.buyer_id,
        "buyer_logon_id": trade.buyer_logon_id,
        "trade_status": status,
        "total_amount": trade.total_amount,
        "subject": trade.subject,
        "gmt_create": beijing_text(trade.created_at),
        **more,
    }
    if trade.paid_at is not None:
        channel = orjson.dumps([{"amount": trade.total_amount, "fundChannel": "ALIPAYACCOUNT"}]).decode()
        content |= {
            "receipt_amount": trade.total_amount,
            "invoice_amount": trade.total_amount,
            "buyer_pay_amount": trade.total_amount,
            "point_amount": "0.00",
            "fund_bill_list": channel,
            "gmt_payment": beijing_text(trade.paid_at),
        }
    # Empty ones are not sent: whether they are signed is where implementations differ.
    content |= {name: text for name, text in (("body", trade.body), ("passback_params", trade.passback)) if text}
    return Event(
        event_id=event_id,
        name=status,
        happening=happening,
        order_number=trade.order_number,
        url=trade.notify_url,
        at=at,
        content=merge(content, trade.extra),
    )


def _replaced(forgery: Forgery) -> dict[str, Any]:
    replaced: dict[str, Any] = {}
    if forgery.amount is not None:
        replaced["total_amount"] = forgery.amount
    if forgery.order_number is not None:
        replaced["out_trade_no"] = forgery.order_number
    if forgery.merchant is not None:
        replaced |= dict.fromkeys(("app_id", "auth_app_id", "seller_id"), forgery.merchant)
    return {**replaced, **forgery.extra}
