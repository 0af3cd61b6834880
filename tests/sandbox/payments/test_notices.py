"""Notices: sent until they are accepted, held, early, late, twice, forged; and what was answered to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe

from counterfoil.foundation.errors import Unavailable
from counterfoil.sandbox.payments.model import SentNotice
from counterfoil.sandbox.payments.planted import EVERYTHING, planted
from counterfoil.sandbox.payments.process import PaymentsProcess

PROVIDERS = ("stripe", "epay", "alipay", "wechat")
AMOUNTS: dict[str, Any] = {"stripe": 1001, "epay": "10.01", "alipay": "10.01", "wechat": 1001}


class Orders:
    """Makes an order of ten at any provider, and reads its notices as that provider's merchant would."""

    def __init__(
        self, payments: PaymentsProcess, client: stripe.StripeClient, epay: Any, alipay: Any, wechat: Any, url: str
    ) -> None:
        self.payments, self.client = payments, client
        self.epay, self.alipay, self.wechat = epay, alipay, wechat
        payments.use_webhook(url)

    def make(self, provider: str, number: str = "order-1") -> str:
        match provider:
            case "stripe":
                price = {"currency": "cny", "unit_amount": 1000, "product_data": {"name": "Credit"}}
                self.client.v1.checkout.sessions.create(
                    {
                        "mode": "payment",
                        "success_url": "https://merchant.example/",
                        "client_reference_id": number,
                        "metadata": {"order": number},
                        "payment_intent_data": {"metadata": {"order": number}},
                        "line_items": [{"price_data": price, "quantity": 1}],  # type: ignore[list-item]
                    }
                )
            case "epay":
                self.payments.open(self.epay.link(number, "10.00"))
            case "alipay":
                self.payments.open(self.alipay.link(number, "10.00"))
            case "wechat":
                self.wechat.start(number, 1000)
        return number

    def read(self, provider: str, received: Any) -> tuple[str, Any]:
        """Order number and amount of a notice whose signature is right."""
        match provider:
            case "stripe":
                secret = self.payments.providers["stripe"]["webhook_secret"]
                event = stripe.Webhook.construct_event(received.body, received.headers["stripe-signature"], secret)
                told = event.data.object
                amount = told.amount_total if told.object == "checkout.session" else told.amount
                return told.metadata["order"], amount
            case "epay":
                told = self.epay.told(received.query)
                return told["out_trade_no"], told["money"]
            case "alipay":
                told = self.alipay.told(received.body)
                return told["out_trade_no"], told["total_amount"]
        _, told = self.wechat.told(received.headers, received.body)
        return told["out_trade_no"], told["amount"]["total"]

    def is_believed(self, provider: str, received: Any) -> bool:
        try:
            self.read(provider, received)
        except (AssertionError, KeyError, ValueError, stripe.SignatureVerificationError):
            return False
        return True


@pytest.fixture
def orders(
    payments: PaymentsProcess,
    stripe_client: stripe.StripeClient,
    epay_merchant: Any,
    alipay_merchant: Any,
    wechat_merchant: Any,
    receiver: Any,
) -> Orders:
    return Orders(payments, stripe_client, epay_merchant, alipay_merchant, wechat_merchant, receiver.url)


# -- delivery


@pytest.mark.parametrize(
    ("provider", "refusals", "accepted"),
    [
        ("stripe", [(500, b""), (302, b""), (400, b"success")], (204, b"")),
        ("epay", [(500, b"success"), (200, b"fail"), (200, b"")], (200, b" Success\n")),
        ("alipay", [(500, b"success"), (200, b"fail"), (200, b"SUCCESS")], (200, b"success")),
        ("wechat", [(500, b""), (401, b"{}"), (201, b"success")], (204, b"")),
    ],
)
def test_a_notice_is_sent_until_it_is_accepted(
    payments: PaymentsProcess,
    orders: Orders,
    receiver: Any,
    provider: str,
    refusals: list[tuple[int, bytes]],
    accepted: tuple[int, bytes],
) -> None:
    orders.make(provider)
    payments.pay(provider, "order-1", send=False)
    receiver.answers = [*refusals, accepted]
    event = "checkout.session.completed" if provider == "stripe" else "paid"
    payments.notify(provider, "order-1", event=event)

    (sent,) = payments.settled()
    assert (sent["accepted"], sent["done"]) == (True, True)
    assert [(each["status"], each["body"]) for each in sent["answers"]] == [
        (status, body.decode()) for status, body in [*refusals, accepted]
    ]
    assert all(orders.is_believed(provider, each) for each in receiver.received)


def test_a_notice_that_nobody_accepts_is_given_up(payments: PaymentsProcess, orders: Orders, receiver: Any) -> None:
    orders.make("epay")
    receiver.answers = [(200, b"fail")] * 10
    payments.pay("epay", "order-1")

    (sent,) = payments.settled()
    assert (sent["accepted"], sent["done"], len(sent["answers"])) == (False, True, 4)


def test_a_notice_to_nobody_has_no_status(payments: PaymentsProcess, orders: Orders) -> None:
    orders.epay.notify_url = "http://127.0.0.1:9/nobody"
    orders.make("epay")
    payments.pay("epay", "order-1")

    (sent,) = payments.settled()
    assert [each["status"] for each in sent["answers"]] == [None] * 4


def test_nothing_is_sent_beyond_this_machine(payments: PaymentsProcess, orders: Orders) -> None:
    for number, url in (("order-1", "http://192.0.2.1/notify"), ("order-2", "https://merchant.example/notify")):
        orders.epay.notify_url = url
        orders.make("epay", number)
        payments.pay("epay", number)

    assert [(each["answers"], each["done"]) for each in payments.settled()] == [([], True)] * 2
    # Made and not sent, they are there for whoever wants to deliver them.
    (notice,) = payments.notify("epay", "order-2", send=False)
    assert notice.url.startswith("https://merchant.example/notify?pid=")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_notice_may_come_many_times_and_late(
    payments: PaymentsProcess, orders: Orders, receiver: Any, provider: str
) -> None:
    orders.make(provider)
    payments.pay(provider, "order-1", send=False)
    notices = payments.notify(provider, "order-1", times=3, delay_seconds=0.2)
    assert receiver.received == []

    sent = payments.settled()
    assert len(sent) == len(receiver.received) == len(notices) == (6 if provider == "stripe" else 3)
    assert len({each["event_id"] for each in sent}) == len(sent) / 3


def test_held_notices_are_sent_only_when_asked_for(payments: PaymentsProcess, orders: Orders, receiver: Any) -> None:
    orders.make("alipay")
    payments.hold("alipay")
    payments.pay("alipay", "order-1")
    payments.refund("alipay", "order-1", amount="4.00")
    assert payments.settled() == []
    assert [event["happening"] for event in payments.events("alipay", "order-1")] == ["paid", "refunded"]

    # Out of order: the refund before the payment.
    for event in ("refunded", "paid"):
        payments.notify("alipay", "order-1", event=event)
        payments.settled()

    told = [orders.alipay.told(each.body) for each in receiver.received]
    assert [each.get("refund_fee") for each in told] == ["4.00", None]
    payments.hold("alipay", held=False)
    payments.refund("alipay", "order-1", amount="1.00")
    assert len(payments.settled()) == 3


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_payment_may_be_told_of_before_it_has_happened(
    payments: PaymentsProcess, orders: Orders, provider: str
) -> None:
    orders.make(provider)
    before = payments.notify(provider, "order-1", send=False, signed_at=1_800_000_000)
    assert payments.events(provider) == []

    payments.use_clock(1_800_000_000_000_000)
    payments.pay(provider, "order-1", send=False)

    after = payments.notify(provider, "order-1", send=False, signed_at=1_800_000_000)
    assert [notice.event_id for notice in before] == [notice.event_id for notice in after]


def test_what_has_not_happened_cannot_be_told(payments: PaymentsProcess, orders: Orders) -> None:
    orders.make("wechat")
    for pay in (False, True):
        if pay:
            payments.pay("wechat", "order-1", send=False)
        for event in ("refunded", "dispute_opened", "REFUND.SUCCESS", "nonsense"):
            with pytest.raises(Unavailable) as refused:
                payments.notify("wechat", "order-1", event=event)
            assert "nothing such has happened" in refused.value.parameters["answer"]
    assert payments.notices() == []
    with pytest.raises(Unavailable):
        payments.notify("wechat", "order-2")


def test_stripes_events_go_to_where_its_webhook_is_now(
    payments: PaymentsProcess, orders: Orders, receiver: Any
) -> None:
    payments.use_webhook(None)
    orders.make("stripe")
    payments.pay("stripe", "order-1")
    assert payments.settled() == []

    payments.use_webhook(receiver.url)
    payments.notify("stripe", "order-1", event="payment_intent.succeeded")

    (sent,) = payments.settled()
    assert (sent["accepted"], sent["url"]) == (True, receiver.url)


# -- forgeries


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "forgery",
    [
        {"key": "wrong"},
        {"key": "empty"},
        {"tamper": "content"},
        {"tamper": "signature"},
        {"tamper": "unsigned"},
    ],
    ids=str,
)
def test_a_forged_notice_is_not_believed(
    payments: PaymentsProcess, orders: Orders, as_received: Callable[[SentNotice], Any], provider: str, forgery: Any
) -> None:
    orders.make(provider)
    payments.pay(provider, "order-1", send=False)

    for honest in payments.notify(provider, "order-1", send=False):
        assert orders.is_believed(provider, as_received(honest))
    for forged in payments.notify(provider, "order-1", send=False, **forgery):
        assert not orders.is_believed(provider, as_received(forged))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_notice_is_rightly_signed(
    payments: PaymentsProcess, orders: Orders, as_received: Callable[[SentNotice], Any], provider: str
) -> None:
    orders.make(provider)
    payments.pay(provider, "order-1", send=False)
    wrong: dict[str, Any] = {"amount": AMOUNTS[provider], "order_number_override": "order-2"}

    for notice in payments.notify(provider, "order-1", send=False, **wrong):
        assert orders.read(provider, as_received(notice)) == ("order-2", AMOUNTS[provider])


def test_a_notice_of_another_merchant_is_rightly_signed(payments: PaymentsProcess, orders: Orders) -> None:
    for provider in ("epay", "alipay", "wechat"):
        orders.make(provider)
    epay, alipay, wechat = (
        payments.notify(provider, "order-1", send=False, merchant="1900000000")[0]
        for provider in ("epay", "alipay", "wechat")
    )

    assert orders.epay.told(epay.query)["pid"] == "1900000000"
    told = orders.alipay.told(alipay.body)
    assert (told["app_id"], told["seller_id"]) == ("1900000000", "1900000000")
    assert orders.wechat.told(wechat.headers, wechat.body)[1]["mchid"] == "1900000000"


def test_a_notice_may_name_another_currency(
    payments: PaymentsProcess, orders: Orders, as_received: Callable[[SentNotice], Any]
) -> None:
    for provider in ("stripe", "wechat"):
        orders.make(provider)
    stripes = payments.notify("stripe", "order-1", send=False, currency="usd")
    (wechats,) = payments.notify("wechat", "order-1", send=False, currency="USD")

    assert all(b'"currency":"usd"' in notice.body for notice in stripes)
    assert all(orders.is_believed("stripe", as_received(notice)) for notice in stripes)
    assert orders.wechat.told(wechats.headers, wechats.body)[1]["amount"]["currency"] == "USD"


def test_a_stale_notice_is_signed_with_its_old_time(payments: PaymentsProcess, orders: Orders) -> None:
    for provider in ("stripe", "alipay", "wechat"):
        orders.make(provider)
    payments.use_clock(1_800_000_000_000_000)
    stripes, alipays, wechats = (
        payments.notify(provider, "order-1", send=False, stale_seconds=3600)[0]
        for provider in ("stripe", "alipay", "wechat")
    )

    assert stripes.headers["stripe-signature"].startswith("t=1799996400,")
    assert orders.wechat.is_signed(wechats.headers, wechats.body)
    assert wechats.headers["wechatpay-timestamp"] == "1799996400"
    assert orders.alipay.told(alipays.body)["notify_time"] == "2027-01-15 15:00:00"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_planted_reaches_the_merchant(
    payments: PaymentsProcess, orders: Orders, receiver: Any, provider: str
) -> None:
    orders.make(provider)
    payments.pay(provider, "order-1", extra=planted(provider))
    payments.settled()

    texts = []
    for received in receiver.received:
        assert orders.is_believed(provider, received)
        match provider:
            case "epay":
                texts.append(str(orders.epay.told(received.query)))
            case "alipay":
                texts.append(str(orders.alipay.told(received.body)))
            case "wechat":
                texts.append(str(orders.wechat.told(received.headers, received.body)[1]))
            case _:
                texts.append(received.body.decode())
    assert texts
    assert all(each in text for text in texts for each in EVERYTHING)


# -- the control door


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("pay", {"provider": "epay"}),
        ("pay", {"provider": "paypal", "order_number": "order-1"}),
        ("pay", {"provider": "epay", "order_number": "order-1", "amuont": "1.00"}),
        ("pay", {"provider": "epay", "order_number": "order-1", "amount": True}),
        ("pay", {"provider": "epay", "order_number": "order-1", "send": "no"}),
        ("notify", {"provider": "epay", "order_number": "order-1", "tamper": "lightly"}),
        ("notify", {"provider": "epay", "order_number": "order-1", "times": 1001}),
        ("notify", {"provider": "epay", "order_number": "order-1", "delay_seconds": -1}),
        ("notify", {"provider": "epay", "order_number": "order-1", "extra": []}),
        ("dispute", {"provider": "stripe", "order_number": "order-1", "outcome": "settled"}),
        ("clock", {"now": "soon"}),
        ("hold", []),
    ],
)
def test_what_is_not_understood_is_not_staged(
    payments: PaymentsProcess, orders: Orders, post: Callable[..., Any], verb: str, data: object
) -> None:
    orders.make("epay")

    answer = post(verb, data)

    assert (answer.status, answer.json["error"] != "") == (400, True)
    assert payments.events() == []


@pytest.mark.parametrize("provider", ["epay", "alipay", "wechat"])
def test_only_stripe_has_disputes(payments: PaymentsProcess, orders: Orders, provider: str) -> None:
    orders.make(provider)
    payments.pay(provider, "order-1", send=False)

    with pytest.raises(Unavailable):
        payments.dispute(provider, "order-1", "opened")


def test_an_unknown_order_is_refused_by_all(payments: PaymentsProcess) -> None:
    for provider in PROVIDERS:
        for verb in (payments.pay, payments.close_payment, payments.refund):
            with pytest.raises(Unavailable):
                verb(provider, "order-9")


def test_a_reset_forgets_the_orders_and_not_the_keys(payments: PaymentsProcess, orders: Orders) -> None:
    orders.make("wechat")
    payments.pay("wechat", "order-1")
    before = payments.order("wechat", "order-1")["trade_number"]
    payments.reset()
    assert (payments.orders(), payments.notices(), payments.events(), payments.calls("wechat")) == ([], [], [], {})

    orders.make("wechat")

    assert payments.order("wechat", "order-1")["trade_number"] != before
    assert payments.calls("wechat") == {"start": 1}
