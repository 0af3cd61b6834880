"""What is asked of Stripe, and what its answers mean."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from counterfoil.foundation.errors import AmountUnreadable, Unavailable
from counterfoil.recharge.model import Report, Said
from counterfoil.recharge.providers.port import PayBy, RefundAnswer, RefundOutcome, Rejected
from recharge.providers.desk import (
    NOW,
    ORDER,
    OTHER_ORDER,
    REFUND,
    SECONDS,
    Asked,
    OddProvider,
    odd_provider,
    pay_request,
    refund_request,
    says,
    stripe_config,
)
from recharge.providers.test_stripe_notices import intent, refund, session

OPEN = session(status="open", payment_status="unpaid", payment_intent=None, url="https://checkout.stripe.com/c/pay/1#a")
MISSING = (404, {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such thing"}})
BY_INTENT = {"mode": "payment_intent", "pay_page": "https://desk.example/pay"}
MERCHANT = "acct_1Counterfoil"


def usd(**changes: Any) -> Any:
    return pay_request(currency="USD", **changes)


def usd_refund(**changes: Any) -> Any:
    return refund_request(currency="USD", **{"provider_number": "pi_1", **changes})


def listed(*items: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(items), "has_more": more, "url": "/v1/things"}


def form_of(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}


def paths(provider: OddProvider) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in provider.asked]


# -- starting ----------------------------------------------------------------------------------------------------


async def test_a_checkout_session_carries_the_order_everywhere() -> None:
    async with odd_provider(OPEN) as provider:
        payment, number = await provider.adapter(stripe_config).start(usd())
    assert (payment.pay_by, payment.content, number) == (PayBy.LINK, OPEN["url"], "cs_test_1")
    (asked,) = provider.asked
    assert (asked.method, asked.path) == ("POST", "/v1/checkout/sessions")
    assert asked.headers["Idempotency-Key"] == ORDER.hex
    assert asked.headers["Authorization"] == "Bearer sk_test_0123456789"
    assert "X-Stripe-Client-Telemetry" not in asked.headers
    assert form_of(asked) == {
        "mode": "payment",
        "client_reference_id": ORDER.hex,
        "metadata[order]": ORDER.hex,
        "payment_intent_data[metadata][order]": ORDER.hex,
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "1230",
        "line_items[0][price_data][product_data][name]": "充值 12.30",
        "adaptive_pricing[enabled]": "false",
        "expires_at": str(SECONDS + 7200),
        "success_url": "https://desk.example/orders/1?lang=zh",
        "cancel_url": "https://desk.example/orders/1?lang=zh",
    }


@pytest.mark.parametrize(
    ("seconds", "expected"), [(60, 2_100), (1_800, 2_100), (7_200, 7_200), (86_400, 86_340), (10**6, 86_340)]
)
async def test_a_session_ends_when_stripe_lets_it_and_always_at_the_same_time(seconds: int, expected: int) -> None:
    async with odd_provider(OPEN) as provider:
        adapter = provider.adapter(stripe_config)
        await adapter.start(usd(expires_at=NOW + seconds * 10**6))
        await adapter.start(usd(expires_at=NOW + seconds * 10**6))
    first, second = provider.asked
    assert form_of(first)["expires_at"] == str(SECONDS + expected)
    assert (first.body, first.headers["Idempotency-Key"]) == (second.body, second.headers["Idempotency-Key"])


async def test_a_known_session_is_gone_on_with() -> None:
    async with odd_provider(OPEN) as provider:
        payment, number = await provider.adapter(stripe_config).start(usd(provider_number="cs_test_1"))
    assert (payment.content, number) == (OPEN["url"], "cs_test_1")
    assert paths(provider) == ["GET /v1/checkout/sessions/cs_test_1"]


@pytest.mark.parametrize(
    ("thing", "reason"),
    [
        (session(status="expired", payment_status="unpaid", payment_intent=None), "session_expired"),
        (session(payment_intent=intent()), "session_complete"),
        (intent(), "payment_succeeded"),
    ],
)
async def test_what_is_over_cannot_be_paid_again(thing: dict[str, Any], reason: str) -> None:
    async with odd_provider(thing) as provider:
        with pytest.raises(Rejected) as caught:
            await provider.adapter(stripe_config).start(usd(provider_number=thing["id"]))
    assert caught.value.parameters == {"provider": "our-stripe", "reason": reason}


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "http://a b", "https://x\n", 7])
async def test_an_address_that_is_none_is_not_handed_out(url: object) -> None:
    async with odd_provider({**OPEN, "url": url}) as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(stripe_config).start(usd())


async def test_amounts_are_sent_in_stripes_own_units() -> None:
    async with odd_provider(OPEN) as provider:
        adapter = provider.adapter(stripe_config)
        for currency, amount in (("JPY", 500 * 10**9), ("KWD", 1_230_000_000), ("ISK", 5 * 10**9)):
            await adapter.start(pay_request(currency=currency, amount=amount))
        sent = [form_of(asked)["line_items[0][price_data][unit_amount]"] for asked in provider.asked]
        assert sent == ["500", "1230", "500"]
        with pytest.raises(AmountUnreadable):
            await adapter.start(pay_request(currency="KWD", amount=1_001_000_000))
    assert len(provider.asked) == 3


async def test_an_intent_goes_to_the_operators_own_page_and_into_no_log_there() -> None:
    new = intent(status="requires_payment_method", client_secret="pi_1_secret_x")
    async with odd_provider(new) as provider:
        payment, number = await provider.adapter(stripe_config, settings=BY_INTENT).start(usd())
    assert payment.content == (
        "https://desk.example/pay#payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_x"
    )
    assert number == "pi_1"
    (asked,) = provider.asked
    assert (asked.path, asked.headers["Idempotency-Key"]) == ("/v1/payment_intents", ORDER.hex)
    assert form_of(asked) == {"amount": "1230", "currency": "usd", "metadata[order]": ORDER.hex}


# -- asking ------------------------------------------------------------------------------------------------------

DECLINED = {"code": "card_declined"}
CHARGE = {"id": "ch_1", "object": "charge", "amount_refunded": 0, "currency": "usd"}


@pytest.mark.parametrize(
    ("thing", "said"),
    [
        (OPEN, Said.PENDING),
        (session(status="expired", payment_status="unpaid", payment_intent=None), Said.CLOSED),
        (session(payment_intent=intent()), Said.PAID),
        (session(payment_status="unpaid", payment_intent=intent(status="processing")), Said.PENDING),
        (session(payment_status="unpaid", payment_intent=intent(status="succeeded")), Said.PAID),
        (
            session(
                payment_status="unpaid",
                payment_intent=intent(status="requires_payment_method", last_payment_error=DECLINED),
            ),
            Said.FAILED,
        ),
        (intent(), Said.PAID),
        (intent(status="canceled"), Said.CLOSED),
        (intent(status="processing"), Said.PENDING),
        (intent(status="requires_payment_method"), Said.PENDING),
        (intent(status="requires_payment_method", last_payment_error=DECLINED), Said.FAILED),
        (intent(status="requires_action"), Said.PENDING),
        (intent(status="requires_capture"), Said.PENDING),
    ],
)
async def test_a_query_says_how_the_order_stands(thing: dict[str, Any], said: Said) -> None:
    async with odd_provider(thing) as provider:
        report = await provider.adapter(stripe_config).query(usd(provider_number=thing["id"]))
    assert (report.said, report.order_id, report.merchant) == (said, ORDER, MERCHANT)
    assert (report.amount, report.currency) == (12_300_000_000, "USD")
    if said is Said.PAID:
        assert report.number == "pi_1"


async def test_what_is_asked_says_the_same_as_what_is_told() -> None:
    async with odd_provider(session(payment_intent=intent(latest_charge=CHARGE))) as provider:
        report = await provider.adapter(stripe_config).query(usd(provider_number="cs_test_1"))
    assert report == Report(
        said=Said.PAID, order_id=ORDER, merchant=MERCHANT, amount=12_300_000_000, currency="USD", number="pi_1",
        payer="payer@example.com", raw="paid", refunded_total=0,
    )  # fmt: skip
    assert dict(parse_qs(provider.asked[0].query)) == {"expand[0]": ["payment_intent.latest_charge"]}


@pytest.mark.parametrize(
    ("refunded", "said", "amount"),
    [(0, Said.PAID, 12_300_000_000), (230, Said.PAID, 12_300_000_000), (1230, Said.REFUNDED, None)],
)
async def test_what_has_gone_back_is_told_with_it(refunded: int, said: Said, amount: int | None) -> None:
    async with odd_provider(intent(latest_charge={**CHARGE, "amount_refunded": refunded})) as provider:
        report = await provider.adapter(stripe_config).query(usd(provider_number="pi_1"))
    assert (report.said, report.amount, report.refunded_total) == (said, amount, refunded * 10**7)


async def test_an_unexpanded_intent_is_asked_for() -> None:
    async with odd_provider(session(payment_status="unpaid", payment_intent="pi_1"), intent()) as provider:
        report = await provider.adapter(stripe_config).query(usd(provider_number="cs_test_1"))
    assert report.said is Said.PAID
    assert paths(provider) == ["GET /v1/checkout/sessions/cs_test_1", "GET /v1/payment_intents/pi_1"]


async def test_a_number_that_stripe_does_not_know_is_absent() -> None:
    async with odd_provider(MISSING) as provider:
        report = await provider.adapter(stripe_config).query(usd(provider_number="cs_test_1"))
    assert report == Report(said=Said.ABSENT, order_id=ORDER, merchant=MERCHANT)


async def test_the_payment_of_another_order_is_not_taken_for_ours() -> None:
    async with odd_provider(intent(metadata={"order": OTHER_ORDER.hex})) as provider:
        with pytest.raises(Unavailable) as caught:
            await provider.adapter(stripe_config).query(usd(provider_number="pi_1"))
    assert caught.value.parameters["reason"] == "other_order"


async def test_a_lost_session_is_found_among_those_of_its_time() -> None:
    others = [session(id=f"cs_{number}", metadata={"order": OTHER_ORDER.hex}) for number in range(2)]
    pages = [listed(*others, more=True), listed(session(), more=True), session(payment_intent=intent())]
    async with odd_provider(*pages) as provider:
        report = await provider.adapter(stripe_config).query(usd())
    assert (report.said, report.number) == (Said.PAID, "pi_1")
    first, second, _ = provider.asked
    assert first.params == {
        "created[gte]": str(SECONDS - 300), "created[lte]": str(SECONDS + 7200 + 300), "limit": "100",
    }  # fmt: skip
    assert second.params["starting_after"] == "cs_1"


async def test_a_lost_intent_is_found_among_intents() -> None:
    async with odd_provider(listed(intent()), intent()) as provider:
        report = await provider.adapter(stripe_config, settings=BY_INTENT).query(usd())
    assert report.said is Said.PAID
    assert paths(provider) == ["GET /v1/payment_intents", "GET /v1/payment_intents/pi_1"]


async def test_only_a_list_that_was_read_to_its_end_proves_absence() -> None:
    async with odd_provider(listed()) as provider:
        report = await provider.adapter(stripe_config).query(usd())
    assert report.said is Said.ABSENT
    other = session(metadata={"order": OTHER_ORDER.hex})
    async with odd_provider(
        lambda asked: says(listed() if asked.path.endswith("search") else listed(other, more=True))(asked)
    ) as provider:
        with pytest.raises(Unavailable) as caught:
            await provider.adapter(stripe_config).query(usd())
    assert caught.value.parameters["reason"] == "not_findable"
    assert paths(provider) == ["GET /v1/checkout/sessions"] * 5 + ["GET /v1/payment_intents/search"]


async def test_what_cannot_be_listed_by_time_is_listed_without() -> None:
    unexpected = (400, {"error": {"type": "invalid_request_error", "message": "Unexpected created"}})
    async with odd_provider(unexpected, listed(session()), session(payment_intent=intent())) as provider:
        report = await provider.adapter(stripe_config).query(usd())
    assert report.said is Said.PAID
    assert provider.asked[1].params == {"limit": "100"}


async def test_where_nothing_can_be_listed_it_is_searched_for() -> None:
    found = listed(intent(id="pi_0", status="canceled"), intent(metadata={"order": "x"}, id="pi_x"), intent())
    forbidden = (403, {"error": {"type": "invalid_request_error", "message": "no"}})
    async with odd_provider(forbidden, forbidden, found, intent()) as provider:
        report = await provider.adapter(stripe_config).query(usd())
    assert (report.said, report.number) == (Said.PAID, "pi_1")
    assert provider.asked[2].params["query"] == f"metadata['order']:'{ORDER.hex}'"


@pytest.mark.parametrize(
    ("status", "error", "code", "reason"),
    [
        (
            400,
            {"type": "invalid_request_error", "code": "parameter_invalid_integer"},
            "provider_rejected",
            "parameter_invalid_integer",
        ),
        (401, {"type": "invalid_request_error"}, "provider_rejected", "invalid_request_error"),
        (402, {"type": "card_error", "code": "card_declined"}, "provider_rejected", "card_declined"),
        (403, {"type": "invalid_request_error"}, "provider_rejected", "invalid_request_error"),
        (400, {"type": "idempotency_error"}, "provider_unavailable", "idempotency_error"),
        (
            409,
            {"type": "idempotency_error", "code": "idempotency_key_in_use"},
            "provider_unavailable",
            "idempotency_key_in_use",
        ),
        (429, {"type": "invalid_request_error", "code": "rate_limit"}, "provider_unavailable", "rate_limit"),
        (400, {"type": "invalid_request_error", "code": "rate_limit"}, "provider_unavailable", "rate_limit"),
        (500, {"type": "api_error"}, "provider_unavailable", "api_error"),
        (503, {"type": "api_error"}, "provider_unavailable", "api_error"),
        (400, {"type": "x" * 100, "code": "No such customer pi_1"}, "provider_rejected", "status_400"),
    ],
)
async def test_a_refusal_is_told_apart_from_no_answer(
    status: int, error: dict[str, str], code: str, reason: str
) -> None:
    async with odd_provider((status, {"error": {"message": "secret words", **error}})) as provider:
        with pytest.raises((Rejected, Unavailable)) as caught:
            await provider.adapter(stripe_config).start(usd())
    assert (caught.value.code, caught.value.parameters["reason"]) == (code, reason)
    assert "secret words" not in str(caught.value)
    assert len(provider.asked) == 1


# -- closing -----------------------------------------------------------------------------------------------------


async def test_closing_expires_a_session_and_cancels_an_intent() -> None:
    async with odd_provider(OPEN, session(status="expired")) as provider:
        await provider.adapter(stripe_config).close(usd(provider_number="cs_test_1"))
    assert paths(provider)[1] == "POST /v1/checkout/sessions/cs_test_1/expire"
    async with odd_provider(intent(status="requires_payment_method"), intent(status="canceled")) as provider:
        await provider.adapter(stripe_config).close(usd(provider_number="pi_1"))
    assert paths(provider)[1] == "POST /v1/payment_intents/pi_1/cancel"


@pytest.mark.parametrize(
    "thing",
    [session(status="expired", payment_status="unpaid", payment_intent=None), intent(status="canceled"), MISSING],
)
async def test_what_is_closed_stays_so(thing: Any) -> None:
    async with odd_provider(thing) as provider:
        number = thing["id"] if isinstance(thing, dict) else "cs_test_1"
        await provider.adapter(stripe_config).close(usd(provider_number=number))
    assert len(provider.asked) == 1


@pytest.mark.parametrize("thing", [session(payment_intent=intent()), intent(), intent(status="processing")])
async def test_what_is_paid_cannot_be_closed(thing: dict[str, Any]) -> None:
    async with odd_provider(thing) as provider:
        with pytest.raises(Rejected):
            await provider.adapter(stripe_config).close(usd(provider_number=thing["id"]))
    assert [asked.method for asked in provider.asked] == ["GET"]


# -- refunds -----------------------------------------------------------------------------------------------------


async def test_a_refund_is_asked_for_once_and_carries_ours() -> None:
    async with odd_provider(listed(refund(metadata={"refund": "x"})), refund(status="pending")) as provider:
        answer = await provider.adapter(stripe_config).refund(usd_refund())
    assert answer == RefundAnswer(outcome=RefundOutcome.PENDING, refund_number="re_1")
    looked, asked = provider.asked
    assert looked.params == {"payment_intent": "pi_1", "limit": "100"}
    assert asked.headers["Idempotency-Key"] == REFUND.hex
    assert form_of(asked) == {
        "payment_intent": "pi_1", "amount": "230", "metadata[refund]": REFUND.hex, "metadata[order]": ORDER.hex,
    }  # fmt: skip


async def test_a_refund_that_is_there_is_not_asked_for_again_however_late() -> None:
    async with odd_provider(listed(refund(id="re_0", metadata={}), refund())) as provider:
        answer = await provider.adapter(stripe_config).refund(usd_refund())
    assert answer == RefundAnswer(outcome=RefundOutcome.SUCCEEDED, refund_number="re_1")
    assert [asked.method for asked in provider.asked] == ["GET"]


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("succeeded", RefundOutcome.SUCCEEDED, None), ("pending", RefundOutcome.PENDING, None),
        ("requires_action", RefundOutcome.PENDING, None), ("failed", RefundOutcome.FAILED, "expired_or_canceled_card"),
        ("canceled", RefundOutcome.FAILED, "canceled"),
    ],
)  # fmt: skip
async def test_a_refund_is_asked_about_by_its_number(status: str, outcome: RefundOutcome, reason: str | None) -> None:
    told = refund(status=status, **({"failure_reason": reason} if status == "failed" else {}))
    async with odd_provider(told) as provider:
        answer = await provider.adapter(stripe_config).query_refund(usd_refund(refund_number="re_1"))
    assert answer == RefundAnswer(outcome=outcome, refund_number="re_1", reason=reason)
    assert paths(provider) == ["GET /v1/refunds/re_1"]


async def test_a_refund_that_is_not_there_is_absent() -> None:
    for answer, number in ((MISSING, "re_1"), (listed(), None)):
        async with odd_provider(answer) as provider:
            found = await provider.adapter(stripe_config).query_refund(usd_refund(refund_number=number))
        assert found.outcome is RefundOutcome.ABSENT


async def test_the_refund_of_another_is_not_taken_for_ours() -> None:
    async with odd_provider(refund(metadata={"refund": OTHER_ORDER.hex})) as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(stripe_config).query_refund(usd_refund(refund_number="re_1"))


async def test_a_refund_needs_the_intent_and_finds_it() -> None:
    async with odd_provider(session(payment_intent=intent()), listed(refund())) as provider:
        await provider.adapter(stripe_config).refund(usd_refund(provider_number="cs_test_1"))
    assert provider.asked[1].params["payment_intent"] == "pi_1"
    async with odd_provider(listed(intent()), listed(refund())) as provider:
        await provider.adapter(stripe_config).refund(usd_refund(provider_number=None))
    assert paths(provider) == ["GET /v1/payment_intents/search", "GET /v1/refunds"]
    async with odd_provider(OPEN) as provider:
        with pytest.raises(Rejected) as caught:
            await provider.adapter(stripe_config).refund(usd_refund(provider_number="cs_test_1"))
    assert caught.value.parameters["reason"] == "not_paid"


# -- what is not left behind -------------------------------------------------------------------------------------


@pytest.fixture
def every_line() -> Iterator[list[str]]:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # The other side's own lines are not ours.
            if record.name != "aiohttp.access":
                lines.append(record.getMessage())

    handler = Keep()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


async def test_the_package_logs_no_numbers(every_line: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    notice = {"Stripe-Notice": "A text of somebody else"}
    error = {"error": {"message": "No such pi_1", "type": "invalid_request_error"}}
    async with odd_provider(says(intent(), **notice), says((400, error), **notice)) as provider:
        adapter = provider.adapter(stripe_config)
        await adapter.query(usd(provider_number="pi_1"))
        with pytest.raises(Rejected):
            await adapter.query(usd(provider_number="pi_1"))
    written = "\n".join(every_line) + "".join(capfd.readouterr())
    for hidden in ("pi_1", ORDER.hex, "sk_test", "A text of somebody else"):
        assert hidden not in written


async def test_the_answer_of_a_hostile_server_is_not_run_through_the_package() -> None:
    def deep(_: Asked) -> web.StreamResponse:
        return web.Response(body=b'{"a":' * 2_000 + b"1" + b"}" * 2_000, content_type="application/json")

    async with odd_provider(deep) as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(stripe_config).query(usd(provider_number="pi_1"))
