"""WeChat Pay v3: signatures over lines of text, notices sealed with AES-256-GCM.

Pure: a transaction, what is said of it, and the notice that says it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from counterfoil.sandbox.payments.keys import WechatKeys
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
from counterfoil.sandbox.payments.units import beijing_rfc3339

NOT_PAID = "NOTPAY"
SUCCESS = "SUCCESS"
CLOSED = "CLOSED"
REFUND = "REFUND"
FAILED = "PAYERROR"
STATE_TEXTS = {
    NOT_PAID: "订单未支付",
    SUCCESS: "支付成功",
    CLOSED: "订单已关闭",
    REFUND: "转入退款",
    FAILED: "支付失败",
}

PAID_EVENT = "TRANSACTION.SUCCESS"
REFUND_PROCESSING, REFUND_SUCCESS, REFUND_ABNORMAL = "PROCESSING", "SUCCESS", "ABNORMAL"
_SUMMARIES = {PAID_EVENT: "支付成功", "REFUND.SUCCESS": "退款成功", "REFUND.ABNORMAL": "退款异常"}

_AUTHORIZATION = re.compile(r'WECHATPAY2-SHA256-RSA2048\s+((?:\w+="[^"]*",?\s*)+)\Z')


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatRefund:
    """`refund_number` is the merchant's `out_refund_no`, `refund_id` WeChat Pay's. Amounts are in fen."""

    refund_number: str
    refund_id: str
    amount: int
    status: str
    notify_url: str
    created_at: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WechatTransaction:
    """A transaction at WeChat Pay; `total` is in fen."""

    order_number: str
    transaction_id: str
    total: int
    notify_url: str
    currency: str = "CNY"
    description: str = "recharge"
    attach: str = ""
    state: str = NOT_PAID
    created_at: int = 0
    paid_at: int | None = None
    openid: str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    refunds: tuple[WechatRefund, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def refunding(self) -> int:
        """Fen that have gone back or are on their way."""
        return sum(refund.amount for refund in self.refunds if refund.status != REFUND_ABNORMAL)


def read_authorization(header: str) -> dict[str, str]:
    """The parts of a merchant's `Authorization`; empty where it is none of this kind."""
    found = _AUTHORIZATION.match(header)
    return dict(re.findall(r'(\w+)="([^"]*)"', found[1])) if found else {}


def request_text(method: str, target: str, timestamp: str, nonce: str, body: bytes) -> bytes:
    """What a merchant signs: five lines, each with its end."""
    return b"%b\n%b\n%b\n%b\n%b\n" % (method.encode(), target.encode(), timestamp.encode(), nonce.encode(), body)


def platform_headers(keys: WechatKeys, body: bytes, *, at: int, nonce: str, private_key: str) -> dict[str, str]:
    """The signature of WeChat Pay over an answer or a notice."""
    text = b"%d\n%b\n%b\n" % (at, nonce.encode(), body)
    return {
        "wechatpay-serial": keys.platform_serial,
        "wechatpay-timestamp": str(at),
        "wechatpay-nonce": nonce,
        "wechatpay-signature": sign_rsa(private_key, text),
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    }


def paid_content(keys: WechatKeys, transaction: WechatTransaction) -> dict[str, Any]:
    """A paid transaction, as answers and notices show it."""
    content: dict[str, Any] = {
        **unpaid_content(keys, transaction),
        "transaction_id": transaction.transaction_id,
        "trade_type": "NATIVE",
        "bank_type": "OTHERS",
        "success_time": beijing_rfc3339(transaction.paid_at or 0),
        "payer": {"openid": transaction.openid},
    }
    content["amount"] |= {"payer_total": transaction.total, "payer_currency": transaction.currency}
    return merge(content, transaction.extra)


def unpaid_content(keys: WechatKeys, transaction: WechatTransaction) -> dict[str, Any]:
    """A transaction without what only a payment adds."""
    return {
        "appid": keys.app_id,
        "mchid": keys.merchant_id,
        "out_trade_no": transaction.order_number,
        "trade_state": transaction.state,
        "trade_state_desc": STATE_TEXTS[transaction.state],
        "attach": transaction.attach,
        "amount": {"total": transaction.total, "currency": transaction.currency},
    }


def paid_event(keys: WechatKeys, transaction: WechatTransaction, *, event_id: str, at: int) -> Event:
    """What WeChat Pay tells of a paid transaction."""
    return Event(
        event_id=event_id,
        name=PAID_EVENT,
        happening=Happening.PAID,
        order_number=transaction.order_number,
        url=transaction.notify_url,
        at=at,
        content=paid_content(keys, transaction),
    )


def refund_event(
    keys: WechatKeys, transaction: WechatTransaction, refund: WechatRefund, *, event_id: str, at: int
) -> Event:
    """What WeChat Pay tells of a refund that has ended."""
    is_made = refund.status == REFUND_SUCCESS
    content: dict[str, Any] = {
        "mchid": keys.merchant_id,
        "out_trade_no": transaction.order_number,
        "transaction_id": transaction.transaction_id,
        "out_refund_no": refund.refund_number,
        "refund_id": refund.refund_id,
        "refund_status": refund.status,
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": transaction.total,
            "refund": refund.amount,
            "payer_total": transaction.total,
            "payer_refund": refund.amount,
        },
    }
    if is_made:
        content["success_time"] = beijing_rfc3339(refund.ended_at or at)
    return Event(
        event_id=event_id,
        name=f"REFUND.{refund.status}",
        happening=Happening.REFUNDED if is_made else Happening.REFUND_FAILED,
        order_number=transaction.order_number,
        url=refund.notify_url,
        at=at,
        content=content,
    )


def notice(keys: WechatKeys, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
    """An event as WeChat Pay posts it: what it says is sealed, and the whole is signed."""
    signed_at -= forgery.stale_seconds
    body = _body(keys, event, forgery)
    private_key = keys.merchant_private_key if forgery.key is SigningKey.WRONG else keys.platform_private_key
    nonce = _nonce(event.event_id, str(signed_at), length=32)
    headers = platform_headers(keys, body, at=signed_at, nonce=nonce, private_key=private_key)
    if forgery.key is SigningKey.EMPTY:
        headers["wechatpay-signature"] = ""
    elif forgery.tamper is Tamper.SIGNATURE:
        headers["wechatpay-signature"] = altered(headers["wechatpay-signature"])
    elif forgery.tamper is Tamper.UNSIGNED:
        headers = {}
    elif forgery.tamper is Tamper.CONTENT:
        body = _body(keys, event, replace(forgery, amount=_other_amount(event, forgery)))
    return SentNotice(
        method="POST",
        url=event.url,
        headers={"content-type": "application/json", **headers},
        body=body,
        event=event.name,
        event_id=event.event_id,
    )


def paid_notice(keys: WechatKeys, transaction: WechatTransaction, *, at: int, forgery: Forgery = HONEST) -> SentNotice:
    """The notice of a paid transaction, named by its number."""
    event = paid_event(keys, transaction, event_id=f"paid{transaction.transaction_id}", at=at)
    return notice(keys, event, signed_at=at, forgery=forgery)


def refund_notice(
    keys: WechatKeys, transaction: WechatTransaction, refund: WechatRefund, *, at: int, forgery: Forgery = HONEST
) -> SentNotice:
    """The notice of a refund that has ended, named by its number."""
    event = refund_event(keys, transaction, refund, event_id=f"refund{refund.refund_id}", at=at)
    return notice(keys, event, signed_at=at, forgery=forgery)


def _body(keys: WechatKeys, event: Event, forgery: Forgery) -> bytes:
    content = merge(event.content, _replaced(event, forgery))
    kind = "transaction" if event.name == PAID_EVENT else "refund"
    nonce = _nonce(event.event_id, "seal", length=12)
    key = keys.api_v3_key if forgery.tamper is not Tamper.SEAL else keys.api_v3_key[::-1]
    sealed = AESGCM(key.encode()).encrypt(nonce.encode(), orjson.dumps(content), kind.encode())
    return orjson.dumps(
        {
            "id": event.event_id,
            "create_time": beijing_rfc3339(event.at),
            "resource_type": "encrypt-resource",
            "event_type": event.name,
            "summary": _SUMMARIES.get(event.name, event.name),
            "resource": {
                "original_type": kind,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": kind,
                "nonce": nonce,
            },
        }
    )


def _replaced(event: Event, forgery: Forgery) -> dict[str, Any]:
    replaced: dict[str, Any] = {}
    amounts: dict[str, Any] = {}
    if forgery.amount is not None:
        amounts[_amount_name(event)] = forgery.amount
    if forgery.currency is not None:
        amounts["currency"] = forgery.currency
    if amounts:
        replaced["amount"] = amounts
    if forgery.order_number is not None:
        replaced["out_trade_no"] = forgery.order_number
    if forgery.merchant is not None:
        replaced["mchid"] = forgery.merchant
    return merge(replaced, forgery.extra)


def _amount_name(event: Event) -> str:
    return "total" if event.name == PAID_EVENT else "refund"


def _other_amount(event: Event, forgery: Forgery) -> int:
    signed = forgery.amount if isinstance(forgery.amount, int) else event.content["amount"][_amount_name(event)]
    return int(signed) + 1


def _nonce(*parts: str, length: int) -> str:
    """Letters and digits that the same parts give again: a notice can be made twice alike."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:length]
