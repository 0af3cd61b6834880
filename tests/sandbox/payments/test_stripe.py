"""Stripe's counterpart, asked by Stripe's own client and believed by Stripe's own webhook check."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from counterfoil.foundation.errors import Unavailable
from counterfoil.sandbox.payments.process import PaymentsProcess

Client = stripe.StripeClient


def session_params(number: str, amount: int = 1234, currency: str = "usd", **more: Any) -> dict[str, Any]:
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Credit"}}
    return {
        "mode": "payment",
        "success_url": "https://merchant.example/back?session={CHECKOUT_SESSION_ID}",
        "client_reference_id": number,
        "metadata": {"order": number},
        "payment_intent_data": {"metadata": {"order": number}},
        "line_items": [{"price_data": price, "quantity": 1}],
        **more,
    }


@pytest.fixture
def start(stripe_client: Client) -> Callable[..., Any]:
    def create(number: str, *, key: str | None = None, **more: Any) -> Any:
        options: Any = {} if key is None else {"idempotency_key": key}
        return stripe_client.v1.checkout.sessions.create(session_params(number, **more), options)  # type: ignore[arg-type]

    return create


def test_a_session_is_paid_and_found_by_its_intent(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    session = start("order-1")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert session.url == f"{payments.url}/pay/stripe/{session.id}"

    payments.pay("stripe", "order-1", payer="payer@example.org")

    paid = stripe_client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (paid.status, paid.payment_status, paid.amount_total, paid.currency) == ("complete", "paid", 1234, "usd")
    intent: Any = paid.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata.to_dict()) == (
        "succeeded",
        1234,
        {"order": "order-1"},
    )
    assert (intent.latest_charge.amount_captured, intent.latest_charge.paid) == (1234, True)
    (found,) = stripe_client.v1.checkout.sessions.list({"payment_intent": intent.id}).data
    assert found.id == session.id
    assert paid.customer_details is not None
    assert paid.customer_details.email == "payer@example.org"


def test_a_customer_pays_on_the_page_and_is_sent_back(payments: PaymentsProcess, start: Callable[..., Any]) -> None:
    session = start("order-1")
    page = payments.open(session.url)
    assert (page.status, "1234 usd" in page.text) == (200, True)

    done = payments.open(session.url, form={})

    assert (done.status, done.location) == (303, f"https://merchant.example/back?session={session.id}")
    assert payments.order("stripe", "order-1")["payment_status"] == "paid"
    assert payments.open(session.url, form={}).status == 409


def test_a_customer_whose_card_is_declined_may_try_again(payments: PaymentsProcess, start: Callable[..., Any]) -> None:
    session = start("order-1")

    declined = payments.open(f"{session.url}?declined=1", form={})

    assert (declined.status, declined.location) == (200, None)
    assert [event["event"] for event in payments.events("stripe")] == ["payment_intent.payment_failed"]
    assert payments.order("stripe", "order-1")["status"] == "open"
    assert payments.open(session.url, form={}).status == 303


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"mode": ""}, "parameter_missing"),
        ({"success_url": ""}, "parameter_missing"),
        ({"line_items": []}, "parameter_missing"),
        ({"succes_url": "https://typo.example"}, "parameter_unknown"),
        ({"payment_intent_data": {"metdata": {"a": "b"}}}, "parameter_unknown"),
        ({"amount": 0}, "parameter_invalid_integer"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"amount": 1001, "currency": "kwd"}, "parameter_invalid_integer"),
        ({"amount": 1001, "currency": "isk"}, "parameter_invalid_integer"),
        ({"currency": "dollars"}, "currency_not_supported"),
    ],
)
def test_a_session_that_stripe_would_refuse_is_refused(
    start: Callable[..., Any], change: dict[str, Any], code: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        start("order-1", **change)

    assert (refused.value.http_status, refused.value.code) == (400, code)


def test_another_key_is_refused(payments: PaymentsProcess) -> None:
    client = stripe.StripeClient("sk_test_somebody_else", base_addresses={"api": payments.url}, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError) as refused:
        client.v1.payment_intents.list()

    assert "somebody" not in str(refused.value)


def test_what_does_not_exist_is_named(stripe_client: Client) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.payment_intents.retrieve("pi_nobody")

    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


# -- idempotency


def test_the_same_key_gives_the_same_answer(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    first, again = start("order-1", key="key-1"), start("order-1", key="key-1")

    assert first.id == again.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert len(payments.orders("stripe")) == 1
    assert start("order-1", key="key-2").id != first.id


def test_the_same_key_with_other_parameters_is_an_error(start: Callable[..., Any]) -> None:
    start("order-1", key="key-1")
    with pytest.raises(stripe.IdempotencyError) as refused:
        start("order-1", key="key-1", amount=1)

    assert refused.value.http_status == 400


def test_a_refused_parameter_leaves_the_key_free(start: Callable[..., Any]) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        start("order-1", key="key-1", mode="")

    assert start("order-1", key="key-1").status == "open"


def test_a_refund_that_was_refused_stays_refused_under_its_key(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    start("order-1")
    payments.pay("stripe", "order-1")
    intent = payments.order("stripe", "order-1")["payment_intent"]
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError):
            stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 1235}, {"idempotency_key": "r"})
    with pytest.raises(stripe.IdempotencyError):
        stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 1}, {"idempotency_key": "r"})


# -- intents


def test_an_intent_is_confirmed_declined_and_found(payments: PaymentsProcess, stripe_client: Client) -> None:
    created = stripe_client.v1.payment_intents.create(
        {"amount": 500, "currency": "jpy", "metadata": {"order": "order-2"}, "payment_method_types": ["card"]}
    )
    assert created.status == "requires_payment_method"
    with pytest.raises(stripe.CardError) as declined:
        stripe_client.v1.payment_intents.confirm(created.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    assert (declined.value.http_status, declined.value.code) == (402, "card_declined")
    assert stripe_client.v1.payment_intents.retrieve(created.id).status == "requires_payment_method"

    confirmed = stripe_client.v1.payment_intents.confirm(created.id, {"payment_method": "pm_card_visa"})

    assert (confirmed.status, confirmed.amount_received) == ("succeeded", 500)
    found = stripe_client.v1.payment_intents.search({"query": "metadata['order']:'order-2' AND status:'succeeded'"})
    assert [each.id for each in found.data] == [created.id]
    assert stripe_client.v1.payment_intents.search({"query": "metadata['order']:'order-3'"}).data == []
    assert [event["event"] for event in payments.events("stripe")] == [
        "payment_intent.payment_failed",
        "payment_intent.succeeded",
    ]
    statuses = [charge.status for charge in stripe_client.v1.charges.list({"payment_intent": created.id}).data]
    assert statuses == ["succeeded", "failed"]


def test_an_intent_may_be_confirmed_at_once_or_cancelled(stripe_client: Client) -> None:
    params: Any = {"amount": 500, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa"}
    assert stripe_client.v1.payment_intents.create(params).status == "succeeded"
    other = stripe_client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert stripe_client.v1.payment_intents.cancel(other.id).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.payment_intents.confirm(other.id, {"payment_method": "pm_card_visa"})


def test_lists_come_in_pages_newest_first(stripe_client: Client) -> None:
    made = [stripe_client.v1.payment_intents.create({"amount": 100 + n, "currency": "usd"}).id for n in range(5)]

    page = stripe_client.v1.payment_intents.list({"limit": 2})

    assert [each.id for each in page.data] == made[:-3:-1]
    assert [each.id for each in page.auto_paging_iter()] == made[::-1]


# -- closing


def test_an_expired_session_cannot_be_paid_unless_it_is_forced(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    session = start("order-1")
    assert stripe_client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.checkout.sessions.expire(session.id)
    with pytest.raises(Unavailable):
        payments.pay("stripe", "order-1")

    payments.pay("stripe", "order-1", even_if_closed=True)

    assert stripe_client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert [event["happening"] for event in payments.events("stripe")] == ["closed", "paid", "paid"]


def test_a_paid_session_cannot_be_expired(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    session = start("order-1")
    payments.pay("stripe", "order-1")

    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.checkout.sessions.expire(session.id)


# -- refunds and disputes


def test_refunds_never_exceed_the_charge(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    start("order-1")
    payments.pay("stripe", "order-1")
    intent = payments.order("stripe", "order-1")["payment_intent"]

    first = stripe_client.v1.refunds.create(
        {"payment_intent": intent, "amount": 1000, "metadata": {"refund": "refund-1"}}
    )
    assert (first.status, first.amount, first.payment_intent) == ("succeeded", 1000, intent)
    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 235})
    rest = stripe_client.v1.refunds.create({"charge": str(first.charge)})
    assert rest.amount == 234
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_already_refunded"

    charge = stripe_client.v1.charges.retrieve(str(first.charge), {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1234, True)
    assert charge.refunds is not None
    assert [each.id for each in charge.refunds.data] == [rest.id, first.id]
    assert [each.id for each in stripe_client.v1.refunds.list({"payment_intent": intent}).data] == [rest.id, first.id]
    told = [(event["event"], event["happening"]) for event in payments.events("stripe")][2:]
    assert told == [("refund.created", "refund_created"), ("charge.refunded", "refunded")] * 2


def test_an_unpaid_intent_cannot_be_refunded(stripe_client: Client) -> None:
    intent = stripe_client.v1.payment_intents.create({"amount": 500, "currency": "usd"})

    with pytest.raises(stripe.InvalidRequestError):
        stripe_client.v1.refunds.create({"payment_intent": intent.id})


@pytest.mark.parametrize(("outcome", "left"), [("succeeded", 234), ("failed", 1234)])
def test_a_pending_refund_is_decided_later(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any], outcome: str, left: int
) -> None:
    start("order-1")
    payments.pay("stripe", "order-1")
    payments.use_refunds("stripe", "pending")
    intent = payments.order("stripe", "order-1")["payment_intent"]
    refund = stripe_client.v1.refunds.create({"payment_intent": intent, "amount": 1000})
    assert refund.status == "pending"

    events = payments.settle_refund("stripe", refund.id, outcome)

    assert stripe_client.v1.refunds.retrieve(refund.id).status == outcome
    assert payments.order("stripe", "order-1")["refunded"] == 1234 - left
    assert [event["event"] for event in events] == ["refund.failed"] * (outcome == "failed") + ["refund.updated"]


def test_a_refund_that_is_to_fail_was_pending_when_it_was_answered(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    start("order-1")
    payments.pay("stripe", "order-1")
    payments.use_refunds("stripe", "failed")
    refund = stripe_client.v1.refunds.create({"payment_intent": payments.order("stripe", "order-1")["payment_intent"]})

    assert refund.status == "pending"
    assert stripe_client.v1.refunds.retrieve(refund.id).status == "failed"
    assert payments.order("stripe", "order-1")["refunded"] == 0


def test_a_dispute_bars_refunds_until_it_is_won(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    start("order-1")
    payments.pay("stripe", "order-1")
    order = payments.order("stripe", "order-1")
    payments.dispute("stripe", "order-1", "opened")
    (dispute,) = stripe_client.v1.disputes.list({"payment_intent": order["payment_intent"]}).data
    assert (dispute.status, dispute.amount, dispute.charge) == ("needs_response", 1234, order["charge"])
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stripe_client.v1.refunds.create({"charge": order["charge"]})
    assert refused.value.code == "charge_disputed"

    (closed,) = payments.dispute("stripe", "order-1", "won")

    assert (closed["event"], closed["happening"]) == ("charge.dispute.closed", "dispute_won")
    assert stripe_client.v1.disputes.retrieve(dispute.id).status == "won"
    assert stripe_client.v1.refunds.create({"charge": order["charge"]}).status == "succeeded"


def test_a_dispute_that_is_given_up_is_lost(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    start("order-1")
    payments.pay("stripe", "order-1")
    payments.dispute("stripe", "order-1", "opened", amount=100)
    (dispute,) = stripe_client.v1.disputes.list().data

    assert stripe_client.v1.disputes.close(dispute.id).status == "lost"
    with pytest.raises(Unavailable):
        payments.dispute("stripe", "order-1", "won")


# -- events


def test_stripes_own_check_believes_the_webhooks(
    payments: PaymentsProcess, start: Callable[..., Any], receiver: Any
) -> None:
    payments.use_webhook(receiver.url)
    session = start("order-1")
    payments.pay("stripe", "order-1")
    sent = payments.settled()

    secret = payments.providers["stripe"]["webhook_secret"]
    events = [
        stripe.Webhook.construct_event(each.body, each.headers["stripe-signature"], secret)
        for each in receiver.received
    ]
    assert sorted(event.type for event in events) == ["checkout.session.completed", "payment_intent.succeeded"]
    told = {event.type: event.data.object for event in events}
    assert told["checkout.session.completed"].id == session.id
    assert told["payment_intent.succeeded"].metadata["order"] == "order-1"
    assert all(each["accepted"] and each["order_number"] == "order-1" for each in sent)
    assert {event.id for event in events} == {each["event_id"] for each in sent}
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(
            receiver.received[0].body + b" ", receiver.received[0].headers["stripe-signature"], secret
        )


def test_every_kind_of_event_can_be_read_by_stripes_client(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    start("order-1")
    payments.fail_payment("stripe", "order-1")
    payments.pay("stripe", "order-1")
    payments.use_refunds("stripe", "failed")
    payments.refund("stripe", "order-1", amount=100)
    payments.dispute("stripe", "order-1", "opened")
    payments.dispute("stripe", "order-1", "lost")
    start("order-2")
    payments.close_payment("stripe", "order-2")

    secret = payments.providers["stripe"]["webhook_secret"]
    read = {}
    for event in payments.events("stripe"):
        (notice,) = payments.notify(
            "stripe", event["order_number"], event=event["event_id"], send=False, url="http://127.0.0.1:9/"
        )
        made = stripe.Webhook.construct_event(notice.body, notice.headers["stripe-signature"], secret)
        read[made.type] = made.data.object
        assert stripe_client.v1.events.retrieve(made.id).type == made.type
    assert read.keys() == {
        "payment_intent.payment_failed", "payment_intent.succeeded", "checkout.session.completed",
        "checkout.session.expired", "refund.created", "refund.failed", "refund.updated", "charge.refunded",
        "charge.dispute.created", "charge.dispute.closed",
    }  # fmt: skip
    # Told as it was then: the refund had not failed yet.
    assert (read["refund.created"].status, read["refund.failed"].status) == ("pending", "failed")
    assert (read["charge.refunded"].amount_refunded, read["charge.dispute.closed"].status) == (100, "lost")
    assert [event.id for event in stripe_client.v1.events.list({"type": "charge.refunded"}).data] == [
        event["event_id"] for event in payments.events("stripe") if event["event"] == "charge.refunded"
    ]


def test_a_delayed_payment_completes_the_session_unpaid(
    payments: PaymentsProcess, stripe_client: Client, start: Callable[..., Any]
) -> None:
    sessions = {number: start(number).id for number in ("order-1", "order-2")}
    for number in sessions:
        (_, completed) = payments.pay("stripe", number, delayed=True)
        assert (completed["event"], completed["happening"]) == ("checkout.session.completed", "processing")
        session = stripe_client.v1.checkout.sessions.retrieve(sessions[number])
        assert (session.status, session.payment_status) == ("complete", "unpaid")

    paid, failed = payments.pay("stripe", "order-1"), payments.fail_payment("stripe", "order-2")

    assert [event["event"] for event in paid] == [
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]
    assert [event["event"] for event in failed] == [
        "payment_intent.payment_failed",
        "checkout.session.async_payment_failed",
    ]
    assert stripe_client.v1.checkout.sessions.retrieve(sessions["order-1"]).payment_status == "paid"


def test_what_is_planted_is_in_the_notices(payments: PaymentsProcess, start: Callable[..., Any]) -> None:
    start("order-1")
    card = {"payment_method_details": {"card": {"number": "4000056655665556"}}}
    payments.pay("stripe", "order-1", extra=card)

    for notice in payments.notify("stripe", "order-1", send=False):
        assert json.loads(notice.body)["data"]["object"]["payment_method_details"] == card["payment_method_details"]
