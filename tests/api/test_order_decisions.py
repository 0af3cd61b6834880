"""What staff decides of orders, over REST: payments it has seen, refunds, disputes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.conftest import Desk
from api.till import TRADE, balance_of, make_order, open_shop, pay_order
from api.wiring import APPROVAL_CAP
from counterfoil.foundation.ids import read_id
from counterfoil.recharge.model import OrderSource, Report, Said
from counterfoil.recharge.numbers import Numbers
from counterfoil.recharge.settlement import Settlement
from counterfoil.storage.database import Database


@pytest.fixture
async def account(desk: Desk) -> str:
    return await open_shop(desk)


async def test_a_large_payment_takes_another_person_to_confirm(desk: Desk, account: str) -> None:
    order_id = (await make_order(desk, account, amount_nanos=APPROVAL_CAP + 10_000_000, amount=None))["order_id"]
    body = {"number": TRADE, "reason": "seen at the bank", "by": "Ada"}
    approval = await desk.ask("POST", f"/orders/{order_id}/confirmations", body)
    assert (approval["state"], approval["policy"]) == ("proposed", "two_people")
    assert (await desk.ask("GET", f"/orders/{order_id}"))["state"] == "created"
    same = {"by": "ada"}
    problem = await desk.ask("POST", f"/approvals/{approval['approval_id']}/approve", same, status=403)
    assert problem["code"] == "approval_same_person"
    await desk.ask("POST", f"/approvals/{approval['approval_id']}/approve", {"by": "Bob"})
    paid = await desk.ask("GET", f"/orders/{order_id}")
    assert (paid["state"], paid["events"][-1]["by"]) == ("paid", "Bob")
    assert await balance_of(desk, account) == "550.011"


async def test_one_payment_pays_one_order_even_when_two_are_confirmed_at_once(desk: Desk, account: str) -> None:
    other = await desk.open_account("Other")
    orders = [(await make_order(desk, whose))["order_id"] for whose in (account, other)]
    body = {"number": TRADE, "reason": "seen at the bank", "by": "Ada"}

    async def confirm(order_id: str) -> str:
        response = await desk.client.post(f"/manage/v1/orders/{order_id}/confirmations", json=body)
        answer = response.json()
        return str(answer.get("code") or answer["state"])

    assert sorted(await asyncio.gather(*map(confirm, orders))) == ["approved", "order_not_changed"]
    assert sorted([await balance_of(desk, account), await balance_of(desk, other)]) == ["0.00", "110.00"]
    assert await confirm(orders[0]) in ("order_already_paid", "order_not_changed")
    paid = await desk.ask("POST", "/orders/find-by-number", {"number": TRADE})
    assert [order["state"] for order in paid["items"]] == ["paid"]


async def test_what_goes_back_leaves_the_wallet_first(desk: Desk, account: str) -> None:
    order_id = await pay_order(desk, account)
    found = await desk.ask("GET", f"/orders/{order_id}/refundable")
    assert found == {
        "order_id": order_id,
        "refundable_nanos": 100_000_000_000,
        "refundable": "100.00",
        "currency": "USD",
    }
    approval = await desk.ask(
        "POST",
        f"/orders/{order_id}/refunds",
        {"source_id": "ticket 1", "amount": "40", "reason": "half of it", "by": "Ada"},
    )
    assert (approval["state"], approval["action"], approval["amount"]) == ("approved", "order_refund", "40.00")
    order = await desk.ask("GET", f"/orders/{order_id}")
    assert (order["state"], order["refunded"], order["taken_back"]) == ("paid", "40.00", "40.00")
    [refund] = order["refunds"]
    assert (refund["state"], refund["amount"], refund["currency"], refund["requested_by"], refund["reason"]) == (
        "sending", "40.00", "USD", "Ada", "half of it",
    )  # fmt: skip
    assert refund["approval_id"] == approval["approval_id"]
    body = {"source_id": "ticket 1", "amount": "40", "reason": "once more", "by": "Bob"}
    assert await desk.ask("POST", f"/orders/{order_id}/refunds", body) == approval
    assert await balance_of(desk, account) == "60.00"
    await desk.office.recharge.order_refunds.send_due()
    assert (await desk.ask("GET", f"/orders/{order_id}"))["refunds"][0]["state"] == "sent"

    outcome = f"/order-refunds/{refund['refund_id']}/outcome"
    done = await desk.ask("POST", outcome, {"state": "succeeded", "by": "Bob"})
    assert (done["state"], done["taken"], done["wallet_currency"]) == ("succeeded", "40.00", "USD")
    assert done["ended_at"] is not None
    assert (await desk.ask("GET", f"/orders/{order_id}"))["state"] == "partly_refunded"
    problem = await desk.ask("POST", outcome, {"state": "failed", "by": "Bob"}, status=409)
    assert (problem["code"], problem["parameters"]["state"]) == ("refund_ended", "succeeded")
    assert await balance_of(desk, account) == "60.00"


async def test_a_refund_that_failed_is_the_customers_money_again(desk: Desk, account: str) -> None:
    order_id = await pay_order(desk, account)
    await desk.ask("POST", f"/orders/{order_id}/refunds", {"source_id": "ticket 1", "reason": "all of it", "by": "Ada"})
    order = await desk.ask("GET", f"/orders/{order_id}")
    assert (order["refunded"], order["refunds"][0]["amount"]) == ("100.00", "100.00")
    # The bonus goes back to where it came from.
    assert await balance_of(desk, account) == "0.00"
    outcome = f"/order-refunds/{order['refunds'][0]['refund_id']}/outcome"
    assert (await desk.ask("POST", outcome, {"state": "failed", "by": "Bob"}))["state"] == "failed"
    order = await desk.ask("GET", f"/orders/{order_id}")
    assert (order["state"], order["refunded"], order["attention"]) == ("paid", "0.00", "refund_failed")
    assert (await desk.ask("GET", f"/orders/{order_id}/refundable"))["refundable"] == "100.00"
    assert await balance_of(desk, account) == "110.00"

    looked = await desk.ask("POST", f"/orders/{order_id}/looked-at", {"by": "Bob", "reason": "wrong account number"})
    assert looked["attention"] is None
    assert looked["events"][-1]["facts"] == {"attention": "refund_failed", "reason": "wrong account number"}


async def test_no_more_goes_back_than_may(desk: Desk, account: str) -> None:
    order_id = await pay_order(desk, account)
    path = f"/orders/{order_id}/refunds"
    body: dict[str, Any] = {"source_id": "ticket 1", "reason": "too much", "by": "Ada"}
    problem = await desk.ask("POST", path, {**body, "amount": "100.01"}, status=409)
    assert (problem["code"], problem["parameters"]["refundable_nanos"]) == ("refund_exceeds_credit", "100000000000")
    assert (await desk.ask("POST", path, {**body, "amount": "0"}, status=409))["code"] == "nothing_to_refund"
    assert (await desk.ask("POST", path, {**body, "amount": "1.001"}, status=400))["code"] == "amount_unreadable"
    unpaid = (await make_order(desk, account, "5"))["order_id"]
    problem = await desk.ask("POST", f"/orders/{unpaid}/refunds", body, status=409)
    assert (problem["code"], problem["parameters"]["state"]) == ("order_not_refundable", "created")
    assert (await desk.ask("GET", f"/orders/{unpaid}/refundable"))["refundable_nanos"] == 0
    assert await balance_of(desk, account) == "110.00"


@pytest.mark.parametrize(("ended", "state", "balance"), [("won", "paid", "110.00"), ("lost", "refunded", "0.00")])
async def test_what_is_disputed_is_frozen_until_it_is_decided(
    desk: Desk, account: str, ended: str, state: str, balance: str
) -> None:
    order_id = await pay_order(desk, account)
    path = f"/orders/{order_id}/disputes"
    body = {"state": "open", "reason": "the bank has called", "by": "Ada"}
    assert (await desk.ask("POST", path, body))["action"] == "order_dispute"
    order = await desk.ask("GET", f"/orders/{order_id}")
    assert (order["state"], [one["state"] for one in order["disputes"]]) == ("disputed", ["open"])
    grants = (await desk.ask("GET", f"/accounts/{account}/grants"))["items"]
    assert {grant["state"] for grant in grants} == {"frozen"}
    refused = await desk.ask(
        "POST", f"/orders/{order_id}/refunds", {"source_id": "ticket 1", "reason": "no", "by": "Ada"}, status=409
    )
    assert refused["code"] == "order_not_refundable"

    await desk.ask("POST", path, {**body, "state": ended})
    order = await desk.ask("GET", f"/orders/{order_id}")
    assert (order["state"], [one["state"] for one in order["disputes"]]) == (state, [ended])
    assert await balance_of(desk, account) == balance
    unpaid = (await make_order(desk, account, "5"))["order_id"]
    assert (await desk.ask("POST", f"/orders/{unpaid}/disputes", body, status=409))["code"] == "order_not_paid"


async def test_staff_decides_the_dispute_that_a_notice_has_opened(desk: Desk, account: str, database: Database) -> None:
    order_id = await pay_order(desk, account)
    office, report = desk.office, Report(
        said=Said.DISPUTE_OPENED, order_id=read_id("order", order_id), amount=100_000_000_000, currency="USD",
        dispute_number="planted-dispute-7788",
    )  # fmt: skip
    settlement = Settlement(office.ledger, clock=office.clock, numbers=Numbers(bytes(32), office.data_directory))
    async with database.unit_of_work() as connection:
        await settlement.apply(connection, report, provider="bank", merchant="", source=OrderSource.NOTICE)
    assert (await desk.ask("GET", f"/orders/{order_id}"))["state"] == "disputed"
    body = {"state": "won", "reason": "the bank has called", "by": "Ada"}
    await desk.ask("POST", f"/orders/{order_id}/disputes", body)
    order = await desk.ask("GET", f"/orders/{order_id}")
    assert (order["state"], [(one["state"], one["number_mask"]) for one in order["disputes"]]) == (
        "paid", [("won", "…7788")],
    )  # fmt: skip
    assert {grant["state"] for grant in (await desk.ask("GET", f"/accounts/{account}/grants"))["items"]} == {"open"}


async def test_a_refund_that_does_not_exist_is_not_found(desk: Desk) -> None:
    body = {"state": "succeeded", "by": "Ada"}
    missing = "ref_" + "0" * 32
    problem = await desk.ask("POST", f"/order-refunds/{missing}/outcome", body, status=404)
    assert (problem["code"], problem["parameters"]["refund"]) == ("refund_not_found", missing)
    wrong = {**body, "state": "sent"}
    assert (await desk.ask("POST", f"/order-refunds/{missing}/outcome", wrong, status=400))["code"] == "bad_request"
