"""epay (易支付) as many gateways know it: an MD5 over the sorted parameters, with the key appended.

Pure: an order, what is said of it, and the notice that says it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from counterfoil.sandbox.payments.keys import EpayKeys
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
from counterfoil.sandbox.payments.signing import altered

TRADE_SUCCESS = "TRADE_SUCCESS"
ACCEPTED = b"success"
_WRONG_KEY = "0123456789abcdef0123456789abcdef"
_NOT_SIGNED = ("sign", "sign_type")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpayOrder:
    """An order at epay; `money` is in yuan, such as `10.00`."""

    order_number: str
    trade_number: str
    money: str
    notify_url: str
    return_url: str = ""
    name: str = "recharge"
    method: str = "alipay"
    param: str = ""
    created_at: int = 0
    paid_at: int | None = None
    buyer: str = ""
    refunded_fen: int = 0
    # Merged into all that is said of the payment.
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


def sign(fields: Mapping[str, Any], key: str) -> str:
    """The lower-case MD5 over all that is not empty, un-encoded, in the order of the names."""
    text = "&".join(f"{name}={fields[name]}" for name in sorted(fields) if _is_signed(name, fields[name]))
    return hashlib.md5((text + key).encode()).hexdigest()  # noqa: S324


def paid_event(keys: EpayKeys, order: EpayOrder, *, at: int) -> Event:
    """What epay tells of a paid order."""
    content = {
        "pid": keys.pid,
        "trade_no": order.trade_number,
        "out_trade_no": order.order_number,
        "type": order.method,
        "name": order.name,
        "money": order.money,
        "trade_status": TRADE_SUCCESS,
    }
    if order.param:
        content["param"] = order.param
    return Event(
        event_id=order.trade_number,
        name=TRADE_SUCCESS,
        happening=Happening.PAID,
        order_number=order.order_number,
        url=order.notify_url,
        at=at,
        content=merge(content, order.extra),
    )


def signed_fields(keys: EpayKeys, event: Event, forgery: Forgery = HONEST) -> dict[str, str]:
    """The parameters of a notice, and of the address to which a customer returns."""
    fields = {name: str(value) for name, value in merge(event.content, _replaced(forgery)).items()}
    key = {SigningKey.RIGHT: keys.key, SigningKey.WRONG: _WRONG_KEY, SigningKey.EMPTY: ""}[forgery.key]
    if forgery.tamper is Tamper.UNSIGNED:
        return fields
    signature = sign(fields, key)
    if forgery.tamper is Tamper.SIGNATURE:
        signature = altered(signature)
    if forgery.tamper is Tamper.CONTENT:
        fields["money"] = "1" + fields["money"]
    return {**fields, "sign": signature, "sign_type": "MD5"}


def notice(keys: EpayKeys, event: Event, *, forgery: Forgery = HONEST) -> SentNotice:
    """An event as the GET that epay sends. It carries no time."""
    return SentNotice(
        method="GET",
        url=with_fields(event.url, signed_fields(keys, event, forgery)),
        headers={},
        body=b"",
        event=event.name,
        event_id=event.event_id,
    )


def paid_notice(keys: EpayKeys, order: EpayOrder, *, at: int, forgery: Forgery = HONEST) -> SentNotice:
    """The notice of a paid order."""
    return notice(keys, paid_event(keys, order, at=at), forgery=forgery)


def with_fields(url: str, fields: Mapping[str, str]) -> str:
    """`url` with parameters added to those it has."""
    return url + ("&" if "?" in url else "?") + urlencode(fields)


def _replaced(forgery: Forgery) -> dict[str, Any]:
    replaced: dict[str, Any] = {}
    if forgery.amount is not None:
        replaced["money"] = forgery.amount
    if forgery.order_number is not None:
        replaced["out_trade_no"] = forgery.order_number
    if forgery.merchant is not None:
        replaced["pid"] = forgery.merchant
    return {**replaced, **forgery.extra}


def _is_signed(name: str, value: object) -> bool:
    return name not in _NOT_SIGNED and value not in ("", None)
