"""Stripe's objects as its API and its events show them, as far as a prepaid balance has to do with them.

Amounts are in the currency's smallest units, times Unix seconds. The functions are pure; what they return is changed by
`stripe_book` as things happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

API_VERSION = "2026-10-28.endive"

Object = dict[str, Any]


def checkout_session(
    session_id: str,
    *,
    amount: int,
    currency: str,
    created: int,
    expires_at: int,
    url: str,
    client_reference_id: str | None = None,
    metadata: Mapping[str, str] | None = None,
    success_url: str | None = None,
    cancel_url: str | None = None,
    customer_email: str | None = None,
) -> Object:
    """An open session. Its payment intent is null until it has been paid, as in all recent versions."""
    return {
        "id": session_id,
        "object": "checkout.session",
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": cancel_url,
        "client_reference_id": client_reference_id,
        "created": created,
        "currency": currency,
        "customer": None,
        "customer_details": None,
        "customer_email": customer_email,
        "expires_at": expires_at,
        "livemode": False,
        "locale": None,
        "metadata": dict(metadata or {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "success_url": success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": url,
    }


def payment_intent(
    intent_id: str,
    *,
    amount: int,
    currency: str,
    created: int,
    metadata: Mapping[str, str] | None = None,
    description: str | None = None,
    receipt_email: str | None = None,
    payment_method: str | None = None,
) -> Object:
    """An intent that waits for its payment."""
    return {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_sandbox",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "customer": None,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": dict(metadata or {}),
        "next_action": None,
        "payment_method": payment_method,
        "payment_method_types": ["card"],
        "receipt_email": receipt_email,
        "status": "requires_payment_method" if payment_method is None else "requires_confirmation",
    }


def charge(charge_id: str, intent: Mapping[str, Any], *, created: int, payer: str | None, succeeded: bool) -> Object:
    """The charge of an intent, for its whole amount."""
    amount = intent["amount"]
    return {
        "id": charge_id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount if succeeded else 0,
        "amount_refunded": 0,
        "balance_transaction": charge_id.replace("ch_", "txn_", 1) if succeeded else None,
        "billing_details": {"address": None, "email": payer, "name": None, "phone": None, "tax_id": None},
        "captured": succeeded,
        "created": created,
        "currency": intent["currency"],
        "customer": None,
        "description": intent["description"],
        "disputed": False,
        "failure_code": None if succeeded else "card_declined",
        "failure_message": None if succeeded else "Your card was declined.",
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "paid": succeeded,
        "payment_intent": intent["id"],
        "payment_method": "pm_sandbox",
        "payment_method_details": {
            "card": {"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": "4242"},
            "type": "card",
        },
        "receipt_email": payer,
        "refunded": False,
        "status": "succeeded" if succeeded else "failed",
    }  # fmt: skip


def refund(
    refund_id: str,
    paid: Mapping[str, Any],
    *,
    amount: int,
    status: str,
    created: int,
    metadata: Mapping[str, str] | None = None,
    reason: str | None = None,
) -> Object:
    """A refund of the charge `paid`."""
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "balance_transaction": refund_id.replace("re_", "txn_", 1),
        "charge": paid["id"],
        "created": created,
        "currency": paid["currency"],
        "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        "metadata": dict(metadata or {}),
        "payment_intent": paid["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "status": status,
    }


def dispute(dispute_id: str, paid: Mapping[str, Any], *, amount: int, created: int) -> Object:
    """A dispute of the charge `paid`, which the merchant has not answered."""
    return {
        "id": dispute_id,
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": paid["id"],
        "created": created,
        "currency": paid["currency"],
        "evidence_details": {"due_by": created + 7 * 86_400, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": paid["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }  # fmt: skip


def event_object(
    event_id: str,
    name: str,
    content: Mapping[str, Any],
    *,
    created: int,
    previous: Mapping[str, Any] | None = None,
) -> Object:
    """An event that tells of `content` as it was then."""
    data: Object = {"object": dict(content)}
    if previous is not None:
        data["previous_attributes"] = dict(previous)
    return {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": created,
        "data": data,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": name,
    }
