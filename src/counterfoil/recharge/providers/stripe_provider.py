"""Stripe: Checkout sessions, payment intents, refunds and disputes, by the official `stripe` package.

Settings: `mode` (`checkout`, or `payment_intent` for an operator whose own page, `pay_page`, confirms the payment) and
`livemode` (`true` unless `false`). Secrets: `api_key`, `webhook_secret` (two with a space between them while it is rotated).

Everything that is begun carries our number as its idempotency key and in its metadata. Stripe forgets keys after a day, so
a refund is looked for before it is asked for: asking again is one refund, however much later.
"""

from __future__ import annotations

import re
from urllib.parse import urlencode

import aiohttp
import stripe

from counterfoil.foundation.errors import Forbidden, InputError
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.calls import Caller, rejected, unavailable
from counterfoil.recharge.providers.port import (
    PayBy,
    Payment,
    PayRequest,
    ProviderConfig,
    RawNotice,
    RefundAnswer,
    RefundOutcome,
    RefundRequest,
    Reply,
)
from counterfoil.recharge.providers.reading import (
    Unreadable,
    bound_notice,
    read_json,
    reading_answer,
    reading_notice,
    word_of,
)
from counterfoil.recharge.providers.stripe_amounts import to_stripe
from counterfoil.recharge.providers.stripe_client import answered, stripe_client
from counterfoil.recharge.providers.stripe_finding import SESSION, StripeFinder, Thing
from counterfoil.recharge.providers.stripe_reading import (
    intent_report,
    object_id,
    read_event,
    refund_answer,
    said_of_intent,
    said_of_session,
    session_report,
    with_refunds,
)

TOLERANCE_SECONDS = 300
# While a secret is rotated there are two; a header with hundreds is an attempt to keep us busy.
_SIGNATURES_MAX = 8
_HEADER_CHARACTERS_MAX = 1_000
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")
_MICROS = 1_000_000
# Stripe takes from half an hour to a day, counted from when the session is made; five minutes and one are for the way.
_SESSION_SECONDS_LEAST = 35 * 60
_SESSION_SECONDS_MOST = 24 * 3600 - 60
_TITLE_CHARACTERS_MAX = 250
_ADDRESS = re.compile(r"https?://[!-~]{1,4000}\Z")
_PAYABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


class StripeProvider:
    """One Stripe account."""

    can_query = True
    repeats_refunds_safely = True

    def __init__(self, config: ProviderConfig, session: aiohttp.ClientSession) -> None:
        self._config = config
        self._name = config.name
        client = stripe_client(
            Caller(session, provider=config.name), provider=config.name, api_key=config.secrets.get("api_key", ""),
            base_url=config.base_url,
        )  # fmt: skip
        self._v1 = client.v1
        self._finder = StripeFinder(client, provider=config.name)

    @property
    def config(self) -> ProviderConfig:
        return self._config

    @property
    def _by_session(self) -> bool:
        return self._config.settings.get("mode", "checkout") == "checkout"

    # -- notices -----------------------------------------------------------------------------------------------------

    def read_notice(self, notice: RawNotice, *, now: int) -> Report:
        """Check an event's signature and time, then read it; what it raises is told in `port.py`."""
        secrets = self._config.secrets.get("webhook_secret", "").split()
        if not secrets:
            raise Forbidden(code="notice_not_configured")
        bound_notice(notice)
        _verify(notice, secrets, now=now)
        with reading_notice():
            if notice.method != "POST":
                raise Unreadable("no_event")
            report = read_event(
                read_json(notice.body), merchant=self._config.merchant,
                livemode=self._config.settings.get("livemode", "true") == "true",
            )  # fmt: skip
        if report is None:
            raise Forbidden(code="notice_other_merchant")
        return report

    def reply(self, *, accepted: bool) -> Reply:
        return Reply(status=200 if accepted else 400, content_type="application/json", body=b"{}")

    # -- paying ------------------------------------------------------------------------------------------------------

    async def start(self, request: PayRequest) -> tuple[Payment, str | None]:
        """Begin or go on with a payment, in the way that the settings say; raises `Rejected` where it is over."""
        self._check_key()
        thing = None
        if request.provider_number is not None:
            thing = await self._finder.known(request.provider_number, order_id=request.order_id)
        if thing is None:
            thing = await (self._create_session(request) if self._by_session else self._create_intent(request))
        with reading_answer(self._name):
            number, status = object_id(thing), word_of(thing, "status")
            if thing.get("object") == SESSION:
                return Payment(pay_by=PayBy.LINK, content=self._checkout_address(thing, status)), number
            return Payment(pay_by=PayBy.LINK, content=self._page_address(thing, number, status)), number

    async def _create_session(self, request: PayRequest) -> Thing:
        created, expires = request.created_at // _MICROS, request.expires_at // _MICROS
        ours = {"order": request.number}
        return await answered(
            self._name,
            self._v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": request.number,
                    "metadata": ours,
                    "payment_intent_data": {"metadata": ours},
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": request.currency.lower(),
                                "unit_amount": to_stripe(request.amount, request.currency),
                                "product_data": {"name": request.title[:_TITLE_CHARACTERS_MAX]},
                            },
                        }
                    ],
                    # What is paid must be what was ordered, in the currency of the order.
                    "adaptive_pricing": {"enabled": False},
                    # Counted from the order, not from now: the same key with another time would be a conflict.
                    "expires_at": max(min(expires, created + _SESSION_SECONDS_MOST), created + _SESSION_SECONDS_LEAST),
                    "success_url": request.return_url,
                    "cancel_url": request.return_url,
                },
                {"idempotency_key": request.number},
            ),
        )

    async def _create_intent(self, request: PayRequest) -> Thing:
        return await answered(
            self._name,
            self._v1.payment_intents.create_async(
                {
                    "amount": to_stripe(request.amount, request.currency),
                    "currency": request.currency.lower(),
                    "metadata": {"order": request.number},
                },
                {"idempotency_key": request.number},
            ),
        )

    def _checkout_address(self, session: Thing, status: str) -> str:
        if status != "open":
            raise rejected(self._name, f"session_{status}")
        url = session.get("url")
        if not isinstance(url, str) or not _ADDRESS.match(url):
            raise Unreadable("no_url")
        return url

    def _page_address(self, intent: Thing, number: str, status: str) -> str:
        """The operator's own page, which gets the intent's secret behind the `#`: so it is in no server's log."""
        page = self._config.settings.get("pay_page", "")
        if status not in _PAYABLE or not page:
            raise rejected(self._name, f"payment_{status}")
        told = {"payment_intent": number, "payment_intent_client_secret": word_of(intent, "client_secret")}
        return f"{page}#{urlencode(told)}"

    async def query(self, request: PayRequest) -> Report:
        """How an order stands. Paid, and gone back in part, is PAID with `refunded_total`; gone back in whole, REFUNDED."""
        self._check_key()
        merchant = self._config.merchant
        thing = await self._finder.of_order(request, in_sessions=self._by_session)
        if thing is None:
            return Report(said=Said.ABSENT, order_id=request.order_id, merchant=merchant)
        with reading_answer(self._name):
            if thing.get("object") == SESSION:
                raw = word_of(thing, "payment_status")
                report = session_report(thing, said=said_of_session(thing), raw=raw, merchant=merchant)
                return with_refunds(report, thing.get("payment_intent"))
            report = intent_report(thing, said=said_of_intent(thing), raw=word_of(thing, "status"), merchant=merchant)
            return with_refunds(report, thing)

    async def close(self, request: PayRequest) -> None:
        """Expire the session, or cancel the intent; raises `Rejected` where it is being paid or has been."""
        self._check_key()
        thing = await self._finder.of_order(request, in_sessions=self._by_session)
        if thing is None:
            return
        with reading_answer(self._name):
            number, status = object_id(thing), word_of(thing, "status")
        if status in ("expired", "canceled"):
            return
        if thing.get("object") == SESSION:
            if status != "open":
                raise rejected(self._name, f"session_{status}")
            await answered(self._name, self._v1.checkout.sessions.expire_async(number))
        else:
            if status not in _PAYABLE:
                raise rejected(self._name, f"payment_{status}")
            await answered(self._name, self._v1.payment_intents.cancel_async(number))

    # -- refunds -----------------------------------------------------------------------------------------------------

    async def refund(self, request: RefundRequest) -> RefundAnswer:
        """Send money back, once however often it is asked."""
        self._check_key()
        amount = to_stripe(request.amount, request.currency)
        refund = await self._finder.refund(request)
        if refund is None:
            refund = await answered(
                self._name,
                self._v1.refunds.create_async(
                    {
                        "payment_intent": await self._finder.intent_of(request),
                        "amount": amount,
                        "metadata": {"refund": request.refund_id.hex, "order": request.order_id.hex},
                    },
                    {"idempotency_key": request.refund_id.hex},
                ),
            )
        with reading_answer(self._name):
            return refund_answer(refund)

    async def query_refund(self, request: RefundRequest) -> RefundAnswer:
        self._check_key()
        refund = await self._finder.refund(request)
        if refund is None:
            return RefundAnswer(outcome=RefundOutcome.ABSENT)
        with reading_answer(self._name):
            return refund_answer(refund)

    def _check_key(self) -> None:
        if not self._config.secrets.get("api_key"):
            raise unavailable(self._name, "not_configured")


# -- signatures --------------------------------------------------------------------------------------------------


def _verify(notice: RawNotice, secrets: list[str], *, now: int) -> None:
    header = notice.headers.get("stripe-signature", "")
    parts = header.split(",")
    times = [part[2:] for part in parts if part.startswith("t=")]
    too_many = len(header) > _HEADER_CHARACTERS_MAX or len(parts) > _SIGNATURES_MAX
    if too_many or not header.isascii() or len(times) != 1 or not _TIMESTAMP.match(times[0]):
        raise Forbidden(code="notice_signature_wrong")
    try:
        body = notice.body.decode()
    except UnicodeDecodeError:
        # What is signed is text; this is none.
        raise InputError(code="notice_unreadable", reason="wrong_encoding") from None
    matches = [_is_signed(body, header, secret) for secret in secrets]
    if not any(matches):
        raise Forbidden(code="notice_signature_wrong")
    # Only now: to others nothing is said of our clock.
    if abs(now - int(times[0]) * _MICROS) > TOLERANCE_SECONDS * _MICROS:
        raise Forbidden(code="notice_stale", most_seconds=TOLERANCE_SECONDS)


def _is_signed(body: str, header: str, secret: str) -> bool:
    """Whether this secret has made one of the signatures. The time is not looked at: the package would ask its own clock."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
    except (stripe.SignatureVerificationError, UnicodeEncodeError):
        return False
    return True
