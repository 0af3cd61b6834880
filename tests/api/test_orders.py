"""Recharge orders over REST: made, paid, asked about, called off; and what is refused."""

from __future__ import annotations

import psycopg
import pytest

from api.conftest import Desk
from api.till import RATE, TRADE, balance_of, make_epay_order, make_order, notify, open_shop


@pytest.fixture
async def account(desk: Desk) -> str:
    return await open_shop(desk)


async def test_what_an_order_credits_is_fixed_when_it_is_made(desk: Desk, account: str) -> None:
    order = await make_order(desk, account, provider="cashier", currency="CNY")
    assert (order["state"], order["provider_kind"], order["amount"], order["currency"], order["created_by"]) == (
        "created", "epay", "100.00", "CNY", "Ada",
    )  # fmt: skip
    assert (order["credited_nanos"], order["credited"], order["wallet_currency"]) == (
        13_888_888_900, "13.8888889", "USD",
    )  # fmt: skip
    assert (order["rate"], order["ratio"], order["bonus_nanos"], order["bonus_rule"], order["bonus_days"]) == (
        "0.138888889", "1", 1_388_888_890, "summer", 30,
    )  # fmt: skip
    await desk.ask("POST", "/exchange-rates", {**RATE, "rate": "2"})
    await desk.ask("POST", "/bonus-rules/end", {"name": "summer"})
    kept = await desk.ask("GET", f"/orders/{order['order_id']}")
    assert (kept["credited"], kept["bonus"]) == ("13.8888889", "1.38888889")
    later = await make_order(desk, account, provider="cashier", currency="CNY")
    assert (later["credited"], later["bonus"]) == ("200.00", "0.00")


async def test_a_paid_order_is_credited_once_however_often_its_notice_comes(desk: Desk, account: str) -> None:
    order_id = await make_epay_order(desk, account)
    payment = await desk.ask("POST", f"/orders/{order_id}/pay")
    assert payment["pay_by"] == "link"
    assert payment["content"].startswith("http://127.0.0.1:9/submit.php?")
    assert (await desk.ask("GET", f"/orders/{order_id}"))["state"] == "processing"
    for _ in range(2):
        assert (await notify(desk.office, order_id, trade_no=TRADE)).body == b"success"
    order = await desk.ask("GET", f"/orders/{order_id}")
    assert (order["state"], order["number_mask"], order["attention"]) == ("paid", "…2001", None)
    assert order["paid_at"] is not None
    assert [(event["what"], event["state"], event["source"]) for event in order["events"]] == [
        ("created", "created", "customer"), ("payment_begun", "processing", "customer"), ("credited", "paid", "notice"),
    ]  # fmt: skip
    [notice] = order["notices"]
    assert (notice["arrivals"], notice["said"], notice["outcome"], notice["accepted"]) == (2, "paid", "repeated", True)
    assert (notice["order_id"], notice["account_id"], notice["provider"]) == (order_id, account, "cashier")
    assert notice["facts"]["number"] == "…2001"
    assert TRADE not in str(order)
    assert await balance_of(desk, account) == "15.27777779"
    assert await desk.ask("POST", "/orders/find-by-number", {"number": f" {TRADE} "}) == {
        "items": (await desk.ask("GET", "/orders"))["items"]
    }
    assert await desk.ask("POST", "/orders/find-by-number", {"number": TRADE[:-1]}) == {"items": []}


async def test_a_bank_transfer_is_credited_when_somebody_has_seen_it(desk: Desk, account: str) -> None:
    order = await make_order(desk, account)
    order_id = order["order_id"]
    payment = await desk.ask("POST", f"/orders/{order_id}/pay")
    assert payment == {
        "order_id": order_id, "pay_by": "transfer", "content": f"IBAN DE00 1234, write {order_id[-12:].upper()}",
    }  # fmt: skip
    body = {"number": TRADE, "reason": "seen at the bank", "by": "Ada"}
    approval = await desk.ask("POST", f"/orders/{order_id}/confirmations", body)
    assert (approval["state"], approval["action"], approval["subject"], approval["amount"], approval["currency"]) == (
        "approved", "order_confirm", order_id, "100.00", "USD",
    )  # fmt: skip
    assert TRADE not in str(approval)
    paid = await desk.ask("GET", f"/orders/{order_id}")
    assert (paid["state"], paid["number_mask"], paid["events"][-1]["by"]) == ("paid", "…2001", "Ada")
    assert await balance_of(desk, account) == "110.00"
    problem = await desk.ask("POST", f"/orders/{order_id}/confirmations", body, status=409)
    assert (problem["code"], problem["parameters"]["order"]) == ("order_already_paid", order_id)
    assert (await desk.ask("POST", f"/orders/{order_id}/pay", status=409))["code"] == "order_not_payable"
    assert (await desk.ask("POST", f"/orders/{order_id}/cancel", {"by": "Ada"}, status=409))[
        "code"
    ] == "order_not_payable"


async def test_an_order_is_called_off_and_asked_about(desk: Desk, account: str) -> None:
    order_id = (await make_order(desk, account))["order_id"]
    asked = await desk.ask("POST", f"/orders/{order_id}/ask")
    assert (asked["outcome"], asked["order"]["state"]) == ("noted", "created")
    cancelled = await desk.ask("POST", f"/orders/{order_id}/cancel", {"by": "Ada"})
    assert (cancelled["state"], cancelled["events"][-1]["what"], cancelled["events"][-1]["by"]) == (
        "cancelled", "cancelled", "Ada",
    )  # fmt: skip
    assert await desk.ask("POST", f"/orders/{order_id}/cancel", {"by": "Bob"}) == cancelled
    # The money came all the same.
    await desk.ask("POST", f"/orders/{order_id}/confirmations", {"number": TRADE, "reason": "late", "by": "Ada"})
    assert (await desk.ask("GET", f"/orders/{order_id}"))["state"] == "paid"


async def test_a_provider_that_does_not_answer_is_told_as_such(desk: Desk, account: str) -> None:
    order_id = await make_epay_order(desk, account)
    await desk.ask("POST", f"/orders/{order_id}/pay")
    problem = await desk.ask("POST", f"/orders/{order_id}/ask", status=503)
    assert problem["code"] == "provider_unavailable"
    assert (await desk.ask("GET", f"/orders/{order_id}"))["state"] == "processing"


async def test_the_same_intention_is_the_same_order(desk: Desk, account: str) -> None:
    first = await make_order(desk, account, intention_key="click 1")
    assert await make_order(desk, account, intention_key="click 1") == first
    body = {"account_id": account, "provider": "bank", "currency": "USD", "amount": "100", "by": "Ada"}
    headers = {"Idempotency-Key": "click 1"}
    assert await desk.ask("POST", "/orders", body, headers=headers) == first
    problem = await desk.ask("POST", "/orders", {**body, "amount": "101"}, headers=headers, status=422)
    assert problem["code"] == "idempotency_key_reused"
    other_amount = {**body, "amount": "101", "intention_key": "click 1"}
    problem = await desk.ask("POST", "/orders", other_amount, status=422)
    assert (problem["code"], problem["parameters"]) == ("operation_key_reused", {"field": "amount"})
    both = {**body, "intention_key": "click 2"}
    problem = await desk.ask("POST", "/orders", both, headers={"Idempotency-Key": "click 3"}, status=400)
    assert problem["parameters"]["field"] == "intention_key"
    other = await desk.open_account("Other")
    assert (await make_order(desk, other, intention_key="click 1"))["order_id"] != first["order_id"]
    assert len((await desk.ask("GET", "/orders"))["items"]) == 2


async def test_repeated_orders_for_one_intention_are_shown_together(desk: Desk, account: str) -> None:
    first, second = await make_order(desk, account), await make_order(desk, account)
    other = await make_order(desk, account, "50")
    shown = await desk.ask("GET", f"/orders/{second['order_id']}")
    assert shown["intention_id"] == first["order_id"]
    assert [one["order_id"] for one in shown["siblings"]] == [first["order_id"]]
    assert (await desk.ask("GET", f"/orders/{other['order_id']}"))["siblings"] == []


async def test_orders_are_listed_newest_first_and_filtered(desk: Desk, account: str) -> None:
    other = await desk.open_account("Other")
    made = [(await make_order(desk, account, str(n + 1)))["order_id"] for n in range(3)]
    theirs = await make_epay_order(desk, other)
    await desk.ask("POST", f"/orders/{made[0]}/cancel", {"by": "Ada"})

    async def listed(query: str = "") -> list[str]:
        return [one["order_id"] for one in (await desk.ask("GET", f"/orders{query}"))["items"]]

    assert await listed() == [theirs, *made[::-1]]
    assert await listed(f"?account_id={account}&state=created") == [made[2], made[1]]
    assert await listed("?provider=cashier") == [theirs]
    assert await listed("?provider=nobody") == []
    assert await listed("?attention=true") == []
    page = await desk.ask("GET", "/orders?limit=3")
    assert [one["order_id"] for one in page["items"]] == [theirs, made[2], made[1]]
    rest = await desk.ask("GET", f"/orders?limit=3&cursor={page['next']}")
    assert ([one["order_id"] for one in rest["items"]], rest["next"]) == ([made[0]], None)


async def test_a_payment_of_another_amount_asks_for_attention_and_credits_nothing(desk: Desk, account: str) -> None:
    order_id = await make_epay_order(desk, account)
    reply = await notify(desk.office, order_id, trade_no=TRADE, money="1.00")
    assert reply.body != b"success"
    [order] = (await desk.ask("GET", "/orders?attention=true"))["items"]
    assert (order["order_id"], order["attention"], order["state"]) == (order_id, "amount_differs", "created")
    assert await balance_of(desk, account) == "0.00"
    looked = await desk.ask("POST", f"/orders/{order_id}/looked-at", {"by": "Bob", "reason": "told the customer"})
    assert looked["attention"] is None
    assert (await desk.ask("GET", "/orders?attention=true"))["items"] == []
    assert await desk.ask("POST", f"/orders/{order_id}/looked-at", {"by": "Bob", "reason": "again"}) == looked


async def test_notices_are_listed_with_what_became_of_them(desk: Desk, account: str, owner_url: str) -> None:
    order_id = await make_epay_order(desk, account)
    await notify(desk.office, order_id, trade_no=TRADE, key="another-key-0123456789")
    await notify(desk.office, order_id, trade_no=TRADE)
    await notify(desk.office, "ord_" + "0" * 32, trade_no=TRADE + "7")
    found = await desk.ask("GET", "/notices")
    assert [(one["outcome"], one["accepted"], one["order_id"]) for one in found["items"]] == [
        ("order_unknown", False, None), ("credited", True, order_id), ("notice_signature_wrong", False, None),
    ]  # fmt: skip
    assert (found["items"][2]["said"], set(found["items"][2]["facts"])) == (None, {"bytes"})
    refused = await desk.ask("GET", "/notices?refused=true&provider=cashier")
    assert refused["items"] == [found["items"][0], found["items"][2]]
    assert (await desk.ask("GET", "/notices?provider=bank"))["items"] == []
    page = await desk.ask("GET", "/notices?limit=2")
    rest = await desk.ask("GET", f"/notices?limit=2&cursor={page['next']}")
    assert (page["items"] + rest["items"], rest["next"]) == (found["items"], None)
    with psycopg.connect(owner_url) as connection:
        for table in ("notices", "orders", "payments", "order_events", "outbox"):
            kept = str(connection.execute(f"SELECT kept::text FROM {table} kept").fetchall())
            assert TRADE not in kept


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"amount": None}, 400, "bad_request"),
        ({"amount_nanos": 1_000_000_000}, 400, "bad_request"),
        ({"amount": "0"}, 400, "amount_not_positive"),
        ({"amount": "-5"}, 400, "amount_not_positive"),
        ({"amount": "1e3"}, 400, "amount_unreadable"),
        ({"amount": "0.001"}, 400, "amount_unreadable"),
        ({"amount": "1.5", "currency": "JPY"}, 400, "amount_unreadable"),
        ({"amount": "900000000.01"}, 400, "order_too_large"),
        ({"amount": "999999999999"}, 400, "amount_unreadable"),
        ({"amount": None, "amount_nanos": 2**63 - 1}, 400, "order_too_large"),
        ({"amount": None, "amount_nanos": 2**63}, 400, "bad_request"),
        ({"amount": None, "amount_nanos": "5"}, 400, "bad_request"),
        ({"currency": "EUR"}, 409, "provider_currency"),
        ({"currency": "usd"}, 409, "provider_currency"),
        ({"currency": "JPY"}, 409, "rate_missing"),
        ({"provider": "nobody"}, 404, "provider_not_found"),
        ({"provider": "a\x00b"}, 400, "bad_request"),
        ({"provider": "x" * 10_000}, 400, "bad_request"),
        ({"account_id": "acct_" + "0" * 32}, 404, "account_not_found"),
        ({"account_id": "Acme"}, 400, "id_unreadable"),
        ({"by": ""}, 400, "bad_request"),
        ({"by": "  "}, 400, "bad_request"),
        ({"by": "A\x00da"}, 400, "bad_request"),
        ({"by": "a" * 101}, 400, "bad_request"),
        ({"intention_key": "a\x00b"}, 400, "bad_request"),
        ({"intention_key": "a" * 256}, 400, "bad_request"),
        ({"credited": "1000"}, 400, "bad_request"),
    ],
)
async def test_an_order_that_cannot_be_is_refused(
    desk: Desk, account: str, fields: dict[str, object], status: int, code: str
) -> None:
    body = {"account_id": account, "provider": "bank", "currency": "USD", "amount": "100", "by": "Ada", **fields}
    assert (await desk.ask("POST", "/orders", body, status=status))["code"] == code
    assert (await desk.ask("GET", "/orders"))["items"] == []


async def test_the_largest_and_the_smallest_order_are_exact(desk: Desk, account: str) -> None:
    for amount in ("0.01", "900000000"):
        order = await make_order(desk, account, amount)
        assert order["credited_nanos"] == order["amount_nanos"]
    await desk.ask("POST", "/exchange-rates", {**RATE, "paid_currency": "KWD", "rate": "3.25"})
    assert (await make_order(desk, account, "0.001", currency="KWD"))["credited"] == "0.00325"


async def test_a_disabled_provider_takes_no_orders_and_its_notices_are_believed(desk: Desk, account: str) -> None:
    order_id = await make_epay_order(desk, account)
    await desk.ask("POST", "/payment-providers/cashier/disable")
    body = {"account_id": account, "provider": "cashier", "currency": "CNY", "amount": "1", "by": "Ada"}
    assert (await desk.ask("POST", "/orders", body, status=409))["code"] == "provider_disabled"
    assert (await notify(desk.office, order_id, trade_no=TRADE)).body == b"success"
    assert (await desk.ask("GET", f"/orders/{order_id}"))["state"] == "paid"


async def test_a_closed_account_is_not_recharged(desk: Desk, account: str) -> None:
    await desk.ask("PATCH", f"/accounts/{account}", {"status": "closed"})
    body = {"account_id": account, "provider": "bank", "currency": "USD", "amount": "1", "by": "Ada"}
    assert (await desk.ask("POST", "/orders", body, status=409))["code"] == "account_closed"


MISSING = "ord_" + "0" * 32


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/pay", None),
        ("POST", "/ask", None),
        ("POST", "/cancel", {"by": "Ada"}),
        ("GET", "/refundable", None),
        ("POST", "/confirmations", {"number": "1", "reason": "r", "by": "Ada"}),
        ("POST", "/refunds", {"source_id": "s", "reason": "r", "by": "Ada"}),
        ("POST", "/disputes", {"state": "open", "reason": "r", "by": "Ada"}),
        ("POST", "/looked-at", {"reason": "r", "by": "Ada"}),
    ],
)
async def test_an_order_that_does_not_exist_is_not_found(desk: Desk, method: str, path: str, body: object) -> None:
    problem = await desk.ask(method, f"/orders/{MISSING}{path}", body, status=404)
    assert (problem["code"], problem["parameters"]["order"]) == ("order_not_found", MISSING)
    other_kind = "ref_" + "0" * 32
    assert (await desk.ask(method, f"/orders/{other_kind}{path}", body, status=400))["code"] == "id_unreadable"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("confirmations", {"number": "", "reason": "r", "by": "Ada"}),
        ("confirmations", {"number": "   ", "reason": "r", "by": "Ada"}),
        ("confirmations", {"number": "1\x002", "reason": "r", "by": "Ada"}),
        ("confirmations", {"number": "1" * 101, "reason": "r", "by": "Ada"}),
        ("confirmations", {"number": "1", "reason": "", "by": "Ada"}),
        ("confirmations", {"number": "1", "reason": "   ", "by": "Ada"}),
        ("confirmations", {"number": "1", "by": "Ada"}),
        ("confirmations", {"number": "1", "reason": "r"}),
        ("confirmations", {"number": "1", "reason": "r", "by": "Ada", "amount": "1"}),
        ("refunds", {"reason": "r", "by": "Ada"}),
        ("refunds", {"source_id": "a\x00b", "reason": "r", "by": "Ada"}),
        ("disputes", {"state": "maybe", "reason": "r", "by": "Ada"}),
        ("looked-at", {"by": "Ada"}),
        ("cancel", {}),
    ],
)
async def test_what_staff_says_must_be_whole(desk: Desk, account: str, path: str, body: object) -> None:
    order_id = (await make_order(desk, account))["order_id"]
    assert (await desk.ask("POST", f"/orders/{order_id}/{path}", body, status=400))["code"] == "bad_request"
    assert (await desk.ask("GET", f"/orders/{order_id}"))["events"][-1]["what"] == "created"


async def test_what_people_write_is_redacted(desk: Desk, account: str) -> None:
    order_id = (await make_order(desk, account))["order_id"]
    secret = "sk-planted-0123456789abcdefghijklmnop"
    body = {"number": TRADE, "reason": f"they sent {secret}", "by": "Ada"}
    approval = await desk.ask("POST", f"/orders/{order_id}/confirmations", body)
    assert secret not in str([approval, await desk.ask("GET", f"/orders/{order_id}")])


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("state=gone", "bad_request"), ("account_id=acct_1", "id_unreadable"), ("cursor=7", "id_unreadable"),
        ("limit=0", "bad_request"), ("attention=perhaps", "bad_request"),
    ],
)  # fmt: skip
async def test_a_filter_that_cannot_be_read_is_refused(desk: Desk, query: str, code: str) -> None:
    problem = await desk.ask("GET", f"/orders?{query}", status=400)
    assert problem["code"] == code


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=yesterday", "time_unreadable"), ("limit=201", "bad_request"),
        ("provider=" + "x" * 41, "bad_request"), ("provider=a%00b", "bad_request"),
    ],
)  # fmt: skip
async def test_a_filter_of_notices_that_cannot_be_read_is_refused(desk: Desk, query: str, code: str) -> None:
    problem = await desk.ask("GET", f"/notices?{query}", status=400)
    assert problem["code"] == code
