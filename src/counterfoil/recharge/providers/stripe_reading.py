"""What Stripe's objects say, in our words. An event is a notice; an object is what a query answers.

A payment is told of twice, by its Checkout session and by its payment intent: both are reported with the intent's number,
so that the second is a repetition. Refunds and disputes name the intent, and our order only where we have written it into a
refund; so they are reported with `number`, and `order_id` may be None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.port import RefundAnswer, RefundOutcome
from counterfoil.recharge.providers.reading import (
    Unreadable,
    currency_of,
    order_id_of,
    part_of,
    payer_of,
    seconds_of,
    units_of,
    word_if_any,
    word_of,
)
from counterfoil.recharge.providers.stripe_amounts import stripe_digits

_ID = re.compile(r"[a-z]{2,12}_[A-Za-z0-9_]{1,240}\Z")
_SESSION_EVENTS = {
    "checkout.session.completed": Said.PAID,
    "checkout.session.async_payment_succeeded": Said.PAID,
    "checkout.session.async_payment_failed": Said.FAILED,
    "checkout.session.expired": Said.CLOSED,
}
_INTENT_EVENTS = {
    "payment_intent.succeeded": Said.PAID,
    "payment_intent.payment_failed": Said.FAILED,
    "payment_intent.canceled": Said.CLOSED,
}
_REFUND_EVENTS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
_DISPUTE_EVENTS = frozenset({"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"})
_REFUND_OUTCOMES = {
    "succeeded": RefundOutcome.SUCCEEDED,
    "pending": RefundOutcome.PENDING,
    "requires_action": RefundOutcome.PENDING,
    "failed": RefundOutcome.FAILED,
    "canceled": RefundOutcome.FAILED,
}
_REFUND_SAID = {
    RefundOutcome.SUCCEEDED: Said.REFUNDED,
    # Not gone yet; another event follows when it has.
    RefundOutcome.PENDING: Said.NOTHING,
    RefundOutcome.FAILED: Said.REFUND_FAILED,
}
_DISPUTES = {
    "needs_response": Said.DISPUTE_OPENED,
    "under_review": Said.DISPUTE_OPENED,
    # A question of the bank before there is a dispute: it can become one.
    "warning_needs_response": Said.DISPUTE_OPENED,
    "warning_under_review": Said.DISPUTE_OPENED,
    "warning_closed": Said.DISPUTE_WON,
    "won": Said.DISPUTE_WON,
    "lost": Said.DISPUTE_LOST,
}


def read_event(event: Mapping[str, Any], *, merchant: str, livemode: bool) -> Report | None:
    """What an event says; None where it is of another account, or of test mode where ours is live, or the other way round."""
    if event.get("object") != "event" or type(event.get("livemode")) is not bool:
        raise Unreadable("no_event")
    event_id, name = word_of(event, "id"), word_of(event, "type")
    if event["livemode"] is not livemode or word_if_any(event, "account") not in (None, merchant):
        return None
    thing = part_of(part_of(event, "data"), "object")
    at = seconds_of(event, "created")
    if name in _SESSION_EVENTS:
        return _told_of_session(
            thing, said=_SESSION_EVENTS[name], raw=name, merchant=merchant, event_id=event_id, at=at
        )
    if name in _INTENT_EVENTS:
        return intent_report(thing, said=_INTENT_EVENTS[name], raw=name, merchant=merchant, event_id=event_id, at=at)
    if name in _REFUND_EVENTS:
        return _told_of_refund(thing, merchant=merchant, event_id=event_id, at=at)
    if name in _DISPUTE_EVENTS:
        return _told_of_dispute(thing, merchant=merchant, event_id=event_id, at=at)
    return Report(said=Said.NOTHING, merchant=merchant, raw=name, event_id=event_id, at=at)


# -- sessions and intents ----------------------------------------------------------------------------------------


def _told_of_session(
    session: Mapping[str, Any], *, said: Said, raw: str, merchant: str, event_id: str, at: int | None
) -> Report:
    if session.get("mode") not in ("payment", None):
        # Somebody else's, who saves cards or sells subscriptions by the same account.
        return Report(said=Said.NOTHING, merchant=merchant, raw=raw, event_id=event_id, at=at)
    if said is Said.PAID and session.get("payment_status") != "paid":
        # Completed by a delayed method: `async_payment_succeeded` or `async_payment_failed` follows.
        said = Said.PENDING if session.get("payment_status") == "unpaid" else Said.NOTHING
    return session_report(session, said=said, raw=raw, merchant=merchant, event_id=event_id, at=at)


def session_report(
    session: Mapping[str, Any],
    *,
    said: Said,
    raw: str,
    merchant: str,
    event_id: str | None = None,
    at: int | None = None,
) -> Report:
    """A Checkout session that stands so. Paid, it has an intent; before that, its own number is all there is."""
    currency = currency_of(session)
    amount = units_of(session, "amount_total", digits=stripe_digits(currency))
    number = intent_number(session)
    if number is None:
        if said is Said.PAID:
            raise Unreadable("no_payment_intent")
        number = object_id(session)
    details = session.get("customer_details")
    return Report(
        said=said, order_id=order_of(session), merchant=merchant, amount=amount, currency=currency, number=number,
        payer=payer_of(details, "email") if isinstance(details, dict) else None, raw=raw, event_id=event_id, at=at,
    )  # fmt: skip


def said_of_session(session: Mapping[str, Any]) -> Said:
    """How a session stands. A complete one that is not paid stands as its intent does, which has to be inside."""
    status, payment = word_of(session, "status"), word_of(session, "payment_status")
    if payment == "paid":
        return Said.PAID
    if status == "complete":
        return said_of_intent(part_of(session, "payment_intent"))
    return Said.CLOSED if status == "expired" else Said.PENDING


def intent_report(
    intent: Mapping[str, Any],
    *,
    said: Said,
    raw: str,
    merchant: str,
    event_id: str | None = None,
    at: int | None = None,
) -> Report:
    """A payment intent that stands so; its amount is what was received, or is to be."""
    currency = currency_of(intent)
    name = "amount_received" if said is Said.PAID and "amount_received" in intent else "amount"
    return Report(
        said=said, order_id=order_of(intent), merchant=merchant,
        amount=units_of(intent, name, digits=stripe_digits(currency)), currency=currency, number=object_id(intent),
        payer=payer_of(intent, "receipt_email"), raw=raw, event_id=event_id, at=at,
    )  # fmt: skip


def said_of_intent(intent: Mapping[str, Any]) -> Said:
    """How a payment intent stands."""
    status = word_of(intent, "status")
    if status == "succeeded":
        return Said.PAID
    if status == "canceled":
        return Said.CLOSED
    # Back at its beginning after a try: the card was declined, say.
    declined = status == "requires_payment_method" and isinstance(intent.get("last_payment_error"), dict)
    return Said.FAILED if declined else Said.PENDING


def with_refunds(report: Report, intent: object) -> Report:
    """What was paid, with what has gone back of it since, where the intent's charge came along."""
    charge = intent.get("latest_charge") if isinstance(intent, dict) else None
    if report.said is not Said.PAID or not isinstance(charge, dict) or "amount_refunded" not in charge:
        return report
    refunded = units_of(charge, "amount_refunded", digits=stripe_digits(currency_of(charge)))
    if report.amount is not None and refunded >= report.amount:
        return replace(report, said=Said.REFUNDED, amount=None, refunded_total=refunded)
    return replace(report, refunded_total=refunded)


# -- refunds and disputes ----------------------------------------------------------------------------------------


def _told_of_refund(refund: Mapping[str, Any], *, merchant: str, event_id: str, at: int | None) -> Report:
    answer = refund_answer(refund)
    currency = currency_of(refund)
    return Report(
        said=_REFUND_SAID[answer.outcome], order_id=order_of(refund), merchant=merchant,
        amount=units_of(refund, "amount", digits=stripe_digits(currency)), currency=currency,
        number=intent_number(refund), refund_id=refund_id_of(refund), refund_number=answer.refund_number,
        raw="refund_" + word_of(refund, "status"), event_id=event_id, at=at,
    )  # fmt: skip


def refund_answer(refund: Mapping[str, Any]) -> RefundAnswer:
    """What a refund object says of itself."""
    outcome = _REFUND_OUTCOMES.get(word_of(refund, "status"))
    if outcome is None:
        raise Unreadable("no_status")
    reason = None
    if outcome is RefundOutcome.FAILED:
        reason = word_if_any(refund, "failure_reason") or word_of(refund, "status")
    return RefundAnswer(outcome=outcome, refund_number=object_id(refund), reason=reason)


def _told_of_dispute(dispute: Mapping[str, Any], *, merchant: str, event_id: str, at: int | None) -> Report:
    currency, status = currency_of(dispute), word_of(dispute, "status")
    return Report(
        said=_said_of_dispute(dispute, status), order_id=None, merchant=merchant,
        amount=units_of(dispute, "amount", digits=stripe_digits(currency)), currency=currency,
        number=intent_number(dispute), dispute_number=object_id(dispute), raw="dispute_" + status, event_id=event_id,
        at=at,
    )  # fmt: skip


def _said_of_dispute(dispute: Mapping[str, Any], status: str) -> Said:
    if status != "prevented":
        # Appeals are of disputes that are lost already; what else may come says nothing.
        return _DISPUTES.get(status, Said.NOTHING)
    details = dispute.get("payment_method_details")
    card = details.get("card") if isinstance(details, dict) else None
    # Ended before it began: by giving the money back, or by blocking the dispute.
    resolved = isinstance(card, dict) and card.get("case_type") == "resolution"
    return Said.DISPUTE_LOST if resolved else Said.DISPUTE_WON


# -- names and numbers -------------------------------------------------------------------------------------------


def object_id(thing: Mapping[str, Any]) -> str:
    """The id of an object, such as `pi_…`."""
    found = thing.get("id")
    if not isinstance(found, str) or not _ID.match(found):
        raise Unreadable("no_id")
    return found


def intent_number(thing: Mapping[str, Any]) -> str | None:
    """The id of the payment intent that an object names, or has inside."""
    found = thing.get("payment_intent")
    if found is None:
        return None
    return object_id(found if isinstance(found, dict) else {"id": found})


def order_of(thing: Mapping[str, Any]) -> UUID | None:
    """Our order, as we have written it into what we began."""
    metadata = thing.get("metadata")
    told = metadata.get("order") if isinstance(metadata, dict) else None
    return order_id_of(told if told is not None else thing.get("client_reference_id"))


def refund_id_of(refund: Mapping[str, Any]) -> UUID | None:
    """Our refund, as we have written it into what we asked for."""
    metadata = refund.get("metadata")
    return order_id_of(metadata.get("refund")) if isinstance(metadata, dict) else None
