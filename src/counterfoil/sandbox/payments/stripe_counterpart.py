"""Stripe's API as its official client speaks to it: forms, bearer keys, idempotency keys, lists, `expand`.

POST /v1/checkout/sessions       GET, GET …/{id}, POST …/{id}/expire
POST /v1/payment_intents         GET, GET …/search, GET …/{id}, POST …/{id}/confirm, POST …/{id}/cancel
POST /v1/refunds                 GET, GET …/{id}
GET  /v1/charges, /v1/disputes, /v1/events and …/{id}; POST /v1/disputes/{id}/close
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from counterfoil.sandbox.payments import stripe_forms, stripe_notices, stripe_objects
from counterfoil.sandbox.payments.counterpart import (
    CLOSE,
    OTHER,
    QUERY,
    QUERY_REFUND,
    REFUND,
    START,
    Counterpart,
    Moment,
    Numbers,
)
from counterfoil.sandbox.payments.exchange import Answer, Asked, json_answer, page
from counterfoil.sandbox.payments.keys import StripeKeys
from counterfoil.sandbox.payments.model import (
    HONEST,
    Amount,
    Event,
    Forgery,
    Happening,
    Kind,
    RefundOutcome,
    Refused,
    SentNotice,
)
from counterfoil.sandbox.payments.stripe_book import Payment, StripeBook
from counterfoil.sandbox.payments.stripe_errors import StripeRefusal, invalid, missing, no_such
from counterfoil.sandbox.payments.stripe_lists import expanded, list_objects, search_objects
from counterfoil.sandbox.payments.stripe_objects import Object
from counterfoil.sandbox.payments.stripe_params import (
    INTENT_PARAMS,
    REFUND_PARAMS,
    REFUND_REASONS,
    SESSION_PARAMS,
    read_intent_data,
    read_items,
)

PATHS = ("/v1/",)
KEY_CHARACTERS_MAX = 255
SESSION_SECONDS = 86_400
_KINDS = {
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "refunds": "refund",
    "charges": "charge",
    "disputes": "dispute",
    "events": "event",
}
_PATH = re.compile(rf"/v1/({'|'.join(_KINDS)})(?:/([A-Za-z0-9_]{{1,100}}))?(?:/([a-z]+))?\Z")
_DECLINING = re.compile(r"pm_card_(visa_)?chargeDeclined\w*\Z")


class StripeCounterpart(Counterpart):
    kind = Kind.STRIPE

    def __init__(
        self, keys: StripeKeys, moment: Moment, numbers: Numbers, *, url: str = "", webhook_url: str = ""
    ) -> None:
        super().__init__(moment, numbers)
        # Where its webhooks go; empty: nowhere.
        self.webhook_url = webhook_url
        self._keys = keys
        self._url = url
        self._book = StripeBook(moment, numbers, self._tell)
        self._kept: dict[str, tuple[object, Answer]] = {}

    # -- what it is asked

    def endpoint(self, asked: Asked) -> str:
        found = _PATH.match(asked.path)
        if found is None:
            return OTHER
        resource, _, verb = found.groups()
        if asked.method == "GET":
            return QUERY_REFUND if resource == "refunds" else QUERY
        if verb is None:
            return {"refunds": REFUND, "checkout/sessions": START, "payment_intents": START}.get(resource, OTHER)
        return CLOSE if verb in ("expire", "cancel") else OTHER

    def answer(self, asked: Asked) -> Answer:
        key = asked.headers.get("idempotency-key") if asked.method == "POST" else None
        try:
            self._authenticate(asked)
            text = asked.body.decode("utf-8", "replace") if asked.method == "POST" else asked.query
            params = stripe_forms.read_form(text)
            if key is None:
                return self._finished(json_answer(self._do(asked, params)))
            return self._once(key, asked, params)
        except StripeRefusal as refusal:
            return self._finished(refusal.answer())

    def system_error(self, asked: Asked) -> Answer:
        return self.status_error(asked, 500)

    def status_error(self, asked: Asked, status: int) -> Answer:
        kind = "api_error" if status >= 500 else "invalid_request_error"
        return self._finished(StripeRefusal(status, "An unknown error occurred.", kind=kind).answer())

    def rejection(self, asked: Asked, code: str) -> Answer:
        return self._finished(StripeRefusal(400, code, code=code).answer())

    # -- what happens to a payment

    def resolve(self, number: str) -> str:
        return self._book.payment_of(number).order_number

    def show_orders(self) -> list[dict[str, Any]]:
        return [self._show(payment) for payment in self._book.payments]

    def open_payment(self, number: str) -> Answer:
        payment = self._book.payment_of(number)
        shown = self._show(payment)
        can_be_paid = shown["status"] in ("open", "requires_payment_method", "requires_confirmation")
        buttons = {"Pay": f"/pay/stripe/{number}", "Decline": f"/pay/stripe/{number}?declined=1"} if can_be_paid else {}
        text = f"{shown['amount']} {shown['currency']} (smallest units)"
        return page("Stripe sandbox", text, str(shown["status"]), buttons=buttons)

    def where_next(self, number: str) -> str | None:
        session = self._book.payment_of(number).session
        if session is None or session["success_url"] is None:
            return None
        return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])

    def pay(
        self,
        number: str,
        *,
        amount: Amount | None = None,
        payer: str | None = None,
        extra: Mapping[str, Any] | None = None,
        delayed: bool = False,
        even_if_closed: bool = False,
    ) -> None:
        payment = self._book.payment_of(number)
        session, intent = payment.session, payment.intent
        if intent is not None and intent["status"] == "succeeded":
            raise Refused("this payment has succeeded already")
        is_closed = (session is not None and session["status"] == "expired") or (
            session is None and intent is not None and intent["status"] == "canceled"
        )
        if is_closed and not even_if_closed:
            raise Refused("this session has expired, or this intent is cancelled")
        if amount is not None and type(amount) is not int:
            raise Refused("Stripe's amounts are whole numbers of smallest units", 400)
        email = payer or (session or {}).get("customer_email") or "payer@example.com"
        self._book.pay(payment, amount=amount, payer=email, extra=extra or {}, delayed=delayed)

    def fail(self, number: str) -> None:
        payment = self._book.payment_of(number)
        if payment.intent is not None and payment.intent["status"] in ("succeeded", "canceled"):
            raise Refused("only a payment that has not succeeded can fail")
        self._book.decline(payment)

    def close(self, number: str) -> None:
        payment = self._book.payment_of(number)
        if payment.session is not None and payment.session["status"] != "open":
            raise Refused("this session is not open")
        if payment.intent is not None and payment.intent["status"] in ("succeeded", "canceled"):
            raise Refused("this intent has ended")
        self._book.close(payment)

    def refund(self, number: str, *, amount: Amount | None = None) -> str:
        charge = self._book.charge_of(self._book.payment_of(number))
        if amount is not None and type(amount) is not int:
            raise Refused("Stripe's amounts are whole numbers of smallest units", 400)
        try:
            refund = self._book.refund(charge, amount=amount, outcome=self.refund_outcome)
        except StripeRefusal as refusal:
            raise Refused(refusal.message) from refusal
        return str(refund["id"])

    def settle_refund(self, refund_number: str, outcome: RefundOutcome) -> None:
        for refund in self._book.of_kind("refund"):
            if refund_number in (refund["id"], *refund["metadata"].values()):
                self._book.settle_refund(refund, outcome)
                return
        raise Refused("Stripe knows no such refund", 404)

    def dispute(self, number: str, happening: Happening, *, amount: Amount | None = None) -> None:
        if amount is not None and type(amount) is not int:
            raise Refused("Stripe's amounts are whole numbers of smallest units", 400)
        self._book.dispute(self._book.payment_of(number), happening, amount)

    # -- what it tells

    def notice(self, event: Event, *, signed_at: int, forgery: Forgery = HONEST) -> SentNotice:
        return stripe_notices.notice(self._keys, event, signed_at=signed_at, forgery=forgery)

    def address(self, event: Event) -> str:
        # The endpoint is the account's: what has happened before it was set up, or moved, goes to the new address.
        return self.webhook_url or event.url

    def is_accepted(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300

    def _tell(
        self, name: str, happening: Happening, content: Object, order_number: str, before: Mapping[str, Any] | None
    ) -> None:
        event = stripe_notices.make_event(
            self.numbers.text("evt_"),
            name,
            happening,
            content,
            order_number=order_number,
            url=self.webhook_url,
            at=self.moment.seconds(),
            previous=before,
        )
        self._record(event)

    # -- the interface

    def _authenticate(self, asked: Asked) -> None:
        scheme, _, key = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise StripeRefusal(401, "You did not provide an API key.")
        if not hmac.compare_digest(key.encode(), self._keys.api_key.encode()):
            raise StripeRefusal(401, f"Invalid API Key provided: {key[:7]}****{key[-4:]}")

    def _once(self, key: str, asked: Asked, params: Mapping[str, Any]) -> Answer:
        """Answer as the first request with this key was answered, from the moment on when that began to act."""
        if len(key) > KEY_CHARACTERS_MAX:
            raise invalid("idempotency_key", f"Idempotency keys have at most {KEY_CHARACTERS_MAX} characters.")
        intent = (asked.path, params)
        kept = self._kept.get(key)
        if kept is not None:
            if kept[0] != intent:
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise StripeRefusal(400, message, kind="idempotency_error")
            return replace(kept[1], headers={**kept[1].headers, "idempotent-replayed": "true"})
        try:
            answer = self._finished(json_answer(self._do(asked, params)))
        except StripeRefusal as refusal:
            if not refusal.began:
                raise
            answer = self._finished(refusal.answer())
        self._kept[key] = (intent, answer)
        return answer

    def _do(self, asked: Asked, params: Mapping[str, Any]) -> Object:
        found = _PATH.match(asked.path)
        resource, named, verb = found.groups() if found is not None else ("", None, None)
        match asked.method, resource, named, verb:
            case "POST", "checkout/sessions", None, None:
                content = self._create_session(params)
            case "POST", "checkout/sessions", str(), "expire":
                content = self._expire_session(self._find(resource, named))
            case "POST", "payment_intents", None, None:
                content = self._create_intent(params)
            case "POST", "payment_intents", str(), "confirm":
                content = self._confirm_intent(self._find(resource, named), params)
            case "POST", "payment_intents", str(), "cancel":
                content = self._cancel_intent(self._find(resource, named))
            case "GET", "payment_intents", "search", None:
                content = search_objects(self._book.of_kind("payment_intent"), params, asked.path)
            case "POST", "refunds", None, None:
                content = self._create_refund(params)
            case "POST", "disputes", str(), "close":
                content = self._close_dispute(self._find(resource, named))
            case "GET", str(), str(), None if resource:
                content = self._find(resource, named)
            case "GET", str(), None, None if resource:
                content = list_objects(_KINDS[resource], self._all(resource), params, asked.path)
            case _:
                raise StripeRefusal(404, f"Unrecognized request URL ({asked.method}: {asked.path[:100]}).")
        return expanded(content, params, self._book.objects)

    def _all(self, resource: str) -> list[Object]:
        if resource == "events":
            return [dict(event.content) for event in self.events()]
        return self._book.of_kind(_KINDS[resource])

    def _find(self, resource: str, named: str) -> Object:
        kind = _KINDS[resource]
        found = next((each for each in self._all(resource) if each["id"] == named), None)
        if found is None:
            raise no_such(kind.replace(".", " "), named)
        return found

    def _create_session(self, params: Mapping[str, Any]) -> Object:
        stripe_forms.check_names(params, SESSION_PARAMS)
        if stripe_forms.needed_text(params, "mode") != "payment":
            raise invalid("mode", "The sandbox has the mode payment only.")
        success_url = stripe_forms.needed_text(params, "success_url")
        amount, currency = read_items(params)
        intent_data = read_intent_data(params)
        now, number = self.moment.seconds(), self.numbers.text("cs_test_")
        session = stripe_objects.checkout_session(
            number,
            amount=amount,
            currency=currency,
            created=now,
            expires_at=stripe_forms.whole(params, "expires_at") or now + SESSION_SECONDS,
            url=f"{self._url}/pay/stripe/{number}",
            client_reference_id=stripe_forms.text(params, "client_reference_id"),
            metadata=stripe_forms.metadata(params),
            success_url=success_url,
            cancel_url=stripe_forms.text(params, "cancel_url"),
            customer_email=stripe_forms.text(params, "customer_email"),
        )
        self._book.add_session(session, intent_data)
        return session

    def _expire_session(self, session: Object) -> Object:
        if session["status"] != "open":
            message = (
                f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
            )
            raise StripeRefusal(400, message, began=True)
        self._book.close(self._book.payment_of(session["id"]))
        return session

    def _create_intent(self, params: Mapping[str, Any]) -> Object:
        stripe_forms.check_names(params, INTENT_PARAMS)
        amount = stripe_forms.whole(params, "amount")
        if amount is None:
            raise missing("amount")
        currency = stripe_forms.read_currency(params, "currency")
        intent = stripe_objects.payment_intent(
            self.numbers.text("pi_"),
            amount=stripe_forms.check_amount(amount, currency, "amount"),
            currency=currency,
            created=self.moment.seconds(),
            metadata=stripe_forms.metadata(params),
            description=stripe_forms.text(params, "description"),
            receipt_email=stripe_forms.text(params, "receipt_email"),
            payment_method=stripe_forms.text(params, "payment_method"),
        )
        confirm = stripe_forms.truth(params, "confirm")
        self._book.add_intent(intent)
        return self._confirm_intent(intent, {}) if confirm else intent

    def _confirm_intent(self, intent: Object, params: Mapping[str, Any]) -> Object:
        method = stripe_forms.text(params, "payment_method") or intent["payment_method"]
        if method is None or intent["status"] not in ("requires_payment_method", "requires_confirmation"):
            message = f"This PaymentIntent's status is {intent['status']}: it cannot be confirmed as it is."
            raise StripeRefusal(400, message, code="payment_intent_unexpected_state", began=True)
        payment = self._book.payment_of(intent["id"])
        if _DECLINING.match(method):
            declined = dict(self._book.decline(payment))
            more = {"decline_code": "generic_decline", "payment_intent": declined}
            raise StripeRefusal(
                402, "Your card was declined.", kind="card_error", code="card_declined", began=True, more=more
            )
        self._book.pay(payment, amount=None, payer=intent["receipt_email"], extra={}, delayed=False)
        return intent

    def _cancel_intent(self, intent: Object) -> Object:
        if intent["status"] in ("succeeded", "canceled", "processing"):
            message = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            raise StripeRefusal(400, message, code="payment_intent_unexpected_state", began=True)
        self._book.close(self._book.payment_of(intent["id"]))
        return intent

    def _create_refund(self, params: Mapping[str, Any]) -> Object:
        stripe_forms.check_names(params, REFUND_PARAMS)
        charge_id, intent_id = stripe_forms.text(params, "charge"), stripe_forms.text(params, "payment_intent")
        if charge_id is None and intent_id is None:
            raise missing("payment_intent")
        reason = stripe_forms.text(params, "reason")
        if reason not in REFUND_REASONS:
            raise invalid("reason", f"Invalid reason: {reason[:40] if reason else ''}")
        amount = stripe_forms.whole(params, "amount")
        if amount is not None and amount < 1:
            raise invalid("amount", "Invalid positive integer", "parameter_invalid_integer")
        metadata = stripe_forms.metadata(params)
        if charge_id is None:
            intent = next((each for each in self._book.of_kind("payment_intent") if each["id"] == intent_id), None)
            if intent is None:
                raise no_such("payment_intent", str(intent_id), "payment_intent")
            if intent["status"] != "succeeded":
                raise StripeRefusal(
                    400, f"This PaymentIntent ({intent_id}) does not have a successful charge to refund."
                )
            charge_id = intent["latest_charge"]
        charge = next((each for each in self._book.of_kind("charge") if each["id"] == charge_id), None)
        if charge is None or not charge["paid"]:
            raise no_such("charge", str(charge_id), "charge")
        return self._book.refund(charge, amount=amount, outcome=self.refund_outcome, metadata=metadata, reason=reason)

    def _close_dispute(self, dispute: Object) -> Object:
        payment = self._book.payment_of(dispute["payment_intent"])
        try:
            self._book.dispute(payment, Happening.DISPUTE_LOST, None)
        except Refused as refused:
            raise StripeRefusal(400, "This dispute is already closed.", began=True) from refused
        return dispute

    def _show(self, payment: Payment) -> dict[str, Any]:
        session, intent = payment.session, payment.intent
        about = session or intent or {}
        charge = self._book.objects.get((intent or {}).get("latest_charge") or "", {})
        refunds = [each for each in self._book.of_kind("refund") if each["charge"] == charge.get("id")]
        return {
            "order_number": payment.order_number,
            "trade_number": about["id"],
            "session": session and session["id"],
            "payment_intent": intent and intent["id"],
            "charge": charge.get("id"),
            "status": about["status"],
            "payment_status": session and session["payment_status"],
            "amount": about.get("amount_total", about.get("amount")),
            "currency": about["currency"],
            "refunded": charge.get("amount_refunded", 0),
            "refunds": [{"number": each["id"], "status": each["status"]} for each in refunds],
            "notify_url": self.webhook_url,
        }

    def _finished(self, answer: Answer) -> Answer:
        headers = {"request-id": self.numbers.text("req_"), "stripe-version": stripe_objects.API_VERSION}
        return replace(answer, headers=headers)
