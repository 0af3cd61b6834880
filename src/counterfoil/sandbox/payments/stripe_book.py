"""What Stripe has recorded, and what becomes of it: sessions, intents, charges, refunds, disputes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from counterfoil.sandbox.payments import stripe_objects
from counterfoil.sandbox.payments.counterpart import Moment, Numbers
from counterfoil.sandbox.payments.model import Happening, RefundOutcome, Refused, merge
from counterfoil.sandbox.payments.stripe_errors import StripeRefusal
from counterfoil.sandbox.payments.stripe_objects import Object

# Name, happening, object, order number and what it was before.
Tell = Callable[[str, Happening, Object, str, Mapping[str, Any] | None], None]

REFUND_STATUSES = {
    RefundOutcome.SUCCEEDED: "succeeded",
    RefundOutcome.PENDING: "pending",
    RefundOutcome.FAILED: "failed",
}
_DECLINED = {"code": "card_declined", "decline_code": "generic_decline", "message": "Your card was declined.", "type": "card_error"}  # fmt: skip
_REFUNDABLE_DISPUTES = ("won", "warning_closed")


@dataclass(slots=True, kw_only=True)
class Payment:
    """One payment: a session with the intent that it gets, or an intent by itself."""

    order_number: str
    session: Object | None = None
    intent: Object | None = None
    # What the session gives its intent.
    intent_data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Everything by which the merchant may call it."""
        names = {self.order_number}
        for each in (self.session, self.intent):
            if each is not None:
                names |= {each["id"], *each["metadata"].values()}
        return names | {str(value) for value in self.intent_data.get("metadata", {}).values()}


class StripeBook:
    """The objects by id, and the verbs that change them. Raises `StripeRefusal` where the API would refuse."""

    def __init__(self, moment: Moment, numbers: Numbers, tell: Tell) -> None:
        self.payments: list[Payment] = []
        self.objects: dict[str, Object] = {}
        self._moment = moment
        self._numbers = numbers
        self._tell = tell

    def of_kind(self, kind: str) -> list[Object]:
        """All objects such as `charge`, oldest first."""
        return [each for each in self.objects.values() if each["object"] == kind]

    def payment_of(self, named: str) -> Payment:
        """The newest payment that goes by that number; raises `Refused`."""
        for payment in reversed(self.payments):
            if named in payment.names:
                return payment
        raise Refused("Stripe knows no such payment", 404)

    def charge_of(self, payment: Payment) -> Object:
        """The charge that was paid; raises `Refused`."""
        intent = payment.intent
        if intent is None or intent["status"] != "succeeded":
            raise Refused("this payment has not succeeded")
        return self.objects[intent["latest_charge"]]

    # -- paying

    def add_session(self, session: Object, intent_data: Mapping[str, Any]) -> None:
        named = session["client_reference_id"] or _order_number(session["metadata"]) or session["id"]
        self.objects[session["id"]] = session
        self.payments.append(Payment(order_number=named, session=session, intent_data=intent_data))

    def add_intent(self, intent: Object) -> None:
        self.objects[intent["id"]] = intent
        named = _order_number(intent["metadata"]) or intent["id"]
        self.payments.append(Payment(order_number=named, intent=intent))

    def pay(
        self, payment: Payment, *, amount: int | None, payer: str | None, extra: Mapping[str, Any], delayed: bool
    ) -> None:
        """The payment succeeds, or is on its way where it is `delayed`."""
        session, intent = payment.session, self._intent_of(payment)
        was_open = session is not None and session["status"] != "complete"
        if amount is not None:
            intent["amount"] = amount
        if session is not None:
            session |= {
                "payment_intent": intent["id"],
                "payment_status": "unpaid" if delayed else "paid",
                "status": "complete",
                "amount_total": intent["amount"],
                "amount_subtotal": intent["amount"],
                "customer_details": {"email": payer, "name": None, "phone": None, "tax_exempt": "none", "tax_ids": []},
                "url": None,
            }
            session.update(merge(session, extra))
        intent["payment_method"] = "pm_sandbox"
        if delayed:
            intent["status"] = "processing"
            intent.update(merge(intent, extra))
            self._say("payment_intent.processing", Happening.PROCESSING, intent, payment)
        else:
            charge = self._add_charge(intent, payer=payer, succeeded=True)
            intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
            for each in (intent, charge):
                each.update(merge(each, extra))
            self._say("payment_intent.succeeded", Happening.PAID, intent, payment)
        if session is not None:
            name = "checkout.session.completed" if was_open else "checkout.session.async_payment_succeeded"
            self._say(name, Happening.PROCESSING if delayed else Happening.PAID, session, payment)

    def decline(self, payment: Payment) -> Object:
        """A try to pay fails; the intent waits for another one."""
        session, intent = payment.session, self._intent_of(payment)
        was_processing = intent["status"] == "processing"
        charge = self._add_charge(intent, payer=None, succeeded=False)
        intent |= {
            "status": "requires_payment_method",
            "payment_method": None,
            "last_payment_error": {**_DECLINED, "charge": charge["id"]},
        }
        self._say("payment_intent.payment_failed", Happening.FAILED, intent, payment)
        if session is not None and was_processing:
            self._say("checkout.session.async_payment_failed", Happening.FAILED, session, payment)
        return intent

    def close(self, payment: Payment) -> None:
        """The session expires, or the intent is cancelled."""
        session, intent = payment.session, payment.intent
        if session is not None:
            session |= {"status": "expired", "url": None}
            self._say("checkout.session.expired", Happening.CLOSED, session, payment)
        if intent is not None:
            intent |= {"status": "canceled", "canceled_at": self._moment.seconds()}
            self._say("payment_intent.canceled", Happening.CLOSED, intent, payment)

    # -- refunds and disputes

    def refund(
        self,
        charge: Object,
        *,
        amount: int | None,
        outcome: RefundOutcome,
        metadata: Mapping[str, str] | None = None,
        reason: str | None = None,
    ) -> Object:
        """Send money back; a refund that is to fail is pending first. `amount` None: all that is left."""
        left = charge["amount_captured"] - charge["amount_refunded"]
        if left == 0:
            raise StripeRefusal(
                400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", began=True
            )
        if any(
            each["charge"] == charge["id"] and each["status"] not in _REFUNDABLE_DISPUTES
            for each in self.of_kind("dispute")
        ):
            raise StripeRefusal(400, "This charge has been charged back.", code="charge_disputed", began=True)
        amount = left if amount is None else amount
        if amount > left:
            message = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise StripeRefusal(400, message, param="amount", began=True)
        status = "succeeded" if outcome is RefundOutcome.SUCCEEDED else "pending"
        refund = stripe_objects.refund(
            self._numbers.text("re_"),
            charge,
            amount=amount,
            status=status,
            created=self._moment.seconds(),
            metadata=metadata,
            reason=reason,
        )
        self.objects[refund["id"]] = refund
        payment = self.payment_of(charge["payment_intent"])
        before = {name: charge[name] for name in ("amount_refunded", "refunded")}
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        self._say("refund.created", Happening.REFUND_CREATED, refund, payment)
        self._say("charge.refunded", Happening.REFUNDED, charge, payment, before)
        shown = dict(refund)
        if outcome is RefundOutcome.FAILED:
            self.settle_refund(refund, outcome)
        return shown

    def settle_refund(self, refund: Object, outcome: RefundOutcome) -> None:
        """Decide a pending refund; one that has succeeded may fail still, when the payer's bank sends it back."""
        if refund["status"] not in ("pending", "succeeded") or outcome is RefundOutcome.PENDING:
            raise Refused("this refund is decided")
        before = {"status": refund["status"]}
        refund["status"] = REFUND_STATUSES[outcome]
        payment = self.payment_of(refund["payment_intent"])
        if outcome is RefundOutcome.FAILED:
            refund["failure_reason"] = "lost_or_stolen_card"
            charge = self.objects[refund["charge"]]
            charge["amount_refunded"] -= refund["amount"]
            charge["refunded"] = False
            self._say("refund.failed", Happening.REFUND_FAILED, refund, payment, before)
        self._say("refund.updated", _UPDATED[outcome], refund, payment, before)

    def dispute(self, payment: Payment, happening: Happening, amount: int | None) -> None:
        """Open a dispute, or decide the open one."""
        charge = self.charge_of(payment)
        own = [each for each in self.of_kind("dispute") if each["charge"] == charge["id"]]
        if happening is Happening.DISPUTE_OPENED:
            if own:
                raise Refused("this charge is disputed already")
            disputed = charge["amount"] if amount is None else amount
            number, created = self._numbers.text("du_"), self._moment.seconds()
            dispute = stripe_objects.dispute(number, charge, amount=disputed, created=created)
            self.objects[number] = dispute
            charge["disputed"] = True
            self._say("charge.dispute.created", happening, dispute, payment)
            return
        if not own or own[-1]["status"] in ("won", "lost"):
            raise Refused("no dispute of this charge is open")
        before = {"status": own[-1]["status"]}
        own[-1]["status"] = "won" if happening is Happening.DISPUTE_WON else "lost"
        self._say("charge.dispute.closed", happening, own[-1], payment, before)

    def _intent_of(self, payment: Payment) -> Object:
        """The intent of a payment; a session gets one when somebody tries to pay."""
        if payment.intent is None:
            session, given = payment.session or {}, payment.intent_data
            payment.intent = stripe_objects.payment_intent(
                self._numbers.text("pi_"),
                amount=session["amount_total"],
                currency=session["currency"],
                created=self._moment.seconds(),
                metadata=given.get("metadata"),
                description=given.get("description"),
                receipt_email=given.get("receipt_email"),
            )
            self.objects[payment.intent["id"]] = payment.intent
        return payment.intent

    def _add_charge(self, intent: Object, *, payer: str | None, succeeded: bool) -> Object:
        number, created = self._numbers.text("ch_"), self._moment.seconds()
        charge = stripe_objects.charge(number, intent, created=created, payer=payer, succeeded=succeeded)
        self.objects[number] = charge
        intent["latest_charge"] = number
        return charge

    def _say(
        self,
        name: str,
        happening: Happening,
        content: Object,
        payment: Payment,
        before: Mapping[str, Any] | None = None,
    ) -> None:
        self._tell(name, happening, content, payment.order_number, before)


# `refund.updated` tells of any end; the failure has its own event beside it.
_UPDATED = {RefundOutcome.SUCCEEDED: Happening.REFUNDED, RefundOutcome.FAILED: Happening.REFUND_FAILED}


def _order_number(metadata: Mapping[str, str]) -> str | None:
    """What looks like the merchant's own number."""
    return next((value for name, value in metadata.items() if "order" in name.lower()), None)
