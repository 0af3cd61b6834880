"""Stripe's webhooks: an HMAC over the time and the exact body.

Pure: a payment with all its numbers, the events that tell of it, and the notices that carry them.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from counterfoil.sandbox.payments import stripe_objects
from counterfoil.sandbox.payments.keys import StripeKeys
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
from counterfoil.sandbox.payments.stripe_objects import Object

_WRONG_SECRET = "whsec_0000000000000000000000000000000000000000"  # noqa: S105

# What carries the amount, by the object that an event tells of.
_AMOUNTS = {
    "checkout.session": ("amount_total", "amount_subtotal"),
    "payment_intent": ("amount", "amount_received"),
    "charge": ("amount", "amount_captured"),
    "refund": ("amount",),
    "dispute": ("amount",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StripePayment:
    """A payment by Checkout and the numbers of its objects; `metadata` is the session's and the intent's."""

    order_number: str
    amount: int
    currency: str
    url: str
    session_id: str = "cs_test_1"
    intent_id: str = "pi_1"
    charge_id: str = "ch_1"
    metadata: Mapping[str, str] = field(default_factory=dict)
    payer: str | None = None
    refunded: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


def sign(secret: str, signed_at: int, body: bytes) -> str:
    """The `v1` signature, as hexadecimal digits."""
    return hmac.new(secret.encode(), b"%d.%b" % (signed_at, body), hashlib.sha256).hexdigest()


def make_event(
    event_id: str,
    name: str,
    happening: Happening,
    content: Mapping[str, Any],
    *,
    order_number: str,
    url: str,
    at: int,
    previous: Mapping[str, Any] | None = None,
) -> Event:
    """An event of Stripe's, as the sandbox keeps it."""
    return Event(
        event_id=event_id,
        name=name,
        happening=happening,
        order_number=order_number,
        url=url,
        at=at,
        content=stripe_objects.event_object(event_id, name, content, created=at, previous=previous),
    )


def notice(keys: StripeKeys, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
    """An event as Stripe posts it."""
    signed_at -= forgery.stale_seconds
    content = _replaced(event, forgery)
    body = orjson.dumps(content)
    secret = {
        SigningKey.RIGHT: keys.webhook_secret,
        SigningKey.WRONG: _WRONG_SECRET,
        SigningKey.EMPTY: "",
    }[forgery.key]
    signature = sign(secret, signed_at, body)
    if forgery.tamper is Tamper.SIGNATURE:
        signature = altered(signature)
    elif forgery.tamper is Tamper.CONTENT:
        told = content["data"]["object"]
        told |= {name: told[name] + 1 for name in _AMOUNTS[told["object"]]}
        body = orjson.dumps(content)
    headers = {"content-type": "application/json; charset=utf-8", "user-agent": "Stripe/1.0 (sandbox)"}
    if forgery.tamper is not Tamper.UNSIGNED:
        headers["stripe-signature"] = f"t={signed_at},v1={signature}"
    return SentNotice(
        method="POST", url=event.url, headers=headers, body=body, event=event.name, event_id=event.event_id
    )


def paid_notices(
    keys: StripeKeys, payment: StripePayment, *, at: int, forgery: Forgery = HONEST
) -> tuple[SentNotice, ...]:
    """`payment_intent.succeeded` and `checkout.session.completed`, in the order in which Stripe makes them."""
    session, intent, _ = paid_objects(payment, at=at)
    told = (("payment_intent.succeeded", intent), ("checkout.session.completed", session))
    return tuple(
        notice(keys, _told(payment, name, Happening.PAID, content, at=at), signed_at=at, forgery=forgery)
        for name, content in told
    )


def refund_notices(
    keys: StripeKeys,
    payment: StripePayment,
    *,
    refund_id: str,
    amount: int,
    at: int,
    metadata: Mapping[str, str] | None = None,
    forgery: Forgery = HONEST,
) -> tuple[SentNotice, ...]:
    """`refund.created` and `charge.refunded`; `payment.refunded` is what had gone back before."""
    _, _, paid = paid_objects(payment, at=at)
    refund = stripe_objects.refund(refund_id, paid, amount=amount, status="succeeded", created=at, metadata=metadata)
    total = payment.refunded + amount
    paid |= {"amount_refunded": total, "refunded": total >= payment.amount}
    events = (
        _told(payment, "refund.created", Happening.REFUND_CREATED, refund, at=at, about=refund_id),
        _told(payment, "charge.refunded", Happening.REFUNDED, paid, at=at, about=refund_id),
    )
    return tuple(notice(keys, event, signed_at=at, forgery=forgery) for event in events)


def dispute_notice(
    keys: StripeKeys,
    payment: StripePayment,
    *,
    dispute_id: str,
    happening: Happening,
    at: int,
    forgery: Forgery = HONEST,
) -> SentNotice:
    """`charge.dispute.created`, or `.closed` with its outcome."""
    _, _, paid = paid_objects(payment, at=at)
    dispute = stripe_objects.dispute(dispute_id, paid, amount=payment.amount, created=at)
    name = "charge.dispute.created"
    if happening is not Happening.DISPUTE_OPENED:
        name = "charge.dispute.closed"
        dispute["status"] = "won" if happening is Happening.DISPUTE_WON else "lost"
    event = _told(payment, name, happening, dispute, at=at, about=f"{dispute_id}{happening}")
    return notice(keys, event, signed_at=at, forgery=forgery)


def paid_objects(payment: StripePayment, *, at: int) -> tuple[Object, Object, Object]:
    """Session, intent and charge of a paid payment."""
    session = stripe_objects.checkout_session(
        payment.session_id,
        amount=payment.amount,
        currency=payment.currency,
        created=at,
        expires_at=at + 86_400,
        url="",
        client_reference_id=payment.order_number,
        metadata=payment.metadata,
    )
    session |= {"payment_intent": payment.intent_id, "payment_status": "paid", "status": "complete", "url": None}
    session["customer_details"] = {"email": payment.payer, "name": None, "phone": None}
    intent = stripe_objects.payment_intent(
        payment.intent_id, amount=payment.amount, currency=payment.currency, created=at, metadata=payment.metadata
    )
    paid = stripe_objects.charge(payment.charge_id, intent, created=at, payer=payment.payer, succeeded=True)
    intent |= {"status": "succeeded", "amount_received": payment.amount, "latest_charge": payment.charge_id}
    return merge(session, payment.extra), merge(intent, payment.extra), merge(paid, payment.extra)


def _told(
    payment: StripePayment, name: str, happening: Happening, content: Object, *, at: int, about: str = ""
) -> Event:
    # The same happening has the same id, however often it is made.
    about = about or payment.intent_id
    digest = hashlib.sha256(f"{name}\n{about}".encode()).hexdigest()[:24]
    return make_event(
        f"evt_{digest}", name, happening, content, order_number=payment.order_number, url=payment.url, at=at
    )


def _replaced(event: Event, forgery: Forgery) -> Object:
    content: Object = orjson.loads(orjson.dumps(event.content))
    told: Object = content["data"]["object"]
    if forgery.amount is not None:
        amounts = ("amount_refunded",) if event.name == "charge.refunded" else _AMOUNTS[told["object"]]
        told |= dict.fromkeys(amounts, forgery.amount)
    if forgery.currency is not None:
        told["currency"] = forgery.currency
    if forgery.order_number is not None:
        if told.get("client_reference_id") is not None:
            told["client_reference_id"] = forgery.order_number
        # Whatever the merchant has called it there.
        for name, value in told.get("metadata", {}).items():
            if value == event.order_number:
                told["metadata"][name] = forgery.order_number
    if forgery.merchant is not None:
        content["account"] = forgery.merchant
    content["data"]["object"] = told = merge(told, forgery.extra)
    content["livemode"] = told.get("livemode", False)
    return content
