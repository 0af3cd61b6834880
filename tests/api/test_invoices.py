"""Receipts and invoices over REST: read, asked for, issued, rejected."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import PREFIX, Desk
from api.till import BANK

REQUEST = {"legal_name": "上海某某科技有限公司", "tax_id": "9131-0000 ma1fl1234x", "by": "Ada"}


@pytest.fixture
async def account(desk: Desk) -> str:
    await desk.ask("POST", "/payment-providers", BANK)
    return await desk.open_account("Acme <b>研究院</b>")


async def order(desk: Desk, account: str) -> str:
    body = {"account_id": account, "provider": "bank", "currency": "USD", "amount": "100", "by": "Ada"}
    order_id: str = (await desk.ask("POST", "/orders", body))["order_id"]
    return order_id


async def paid(desk: Desk, account: str, number: str = "planted-bank-4711") -> str:
    order_id = await order(desk, account)
    body = {"number": number, "reason": "seen at the bank", "by": "Ada"}
    assert (await desk.ask("POST", f"/orders/{order_id}/confirmations", body))["state"] == "approved"
    return order_id


async def get_receipt(desk: Desk, order_id: str, query: str = "", **headers: str) -> Any:
    return await desk.client.get(f"{PREFIX}/orders/{order_id}/receipt{query}", headers=headers)


async def test_a_receipt_is_a_page_in_the_language_that_was_asked_for(desk: Desk, account: str) -> None:
    order_id = await paid(desk, account)
    answer = await get_receipt(desk, order_id)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-language"] == "en"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert order_id in answer.text
    assert "100.00 USD" in answer.text
    assert "Acme &lt;b&gt;研究院&lt;/b&gt;" in answer.text
    assert "planted-bank-4711" not in answer.text

    for chinese in (
        await get_receipt(desk, order_id, "?language=zh"),
        await get_receipt(desk, order_id, **{"Accept-Language": "zh-CN"}),
        await get_receipt(desk, order_id, "?language=zh", **{"Accept-Language": "en"}),
    ):
        assert chinese.headers["content-language"] == "zh"
        assert "收款收据" in chinese.text
    assert (await get_receipt(desk, order_id, "?language=fr")).status_code == 400


async def test_what_was_never_paid_has_neither_receipt_nor_invoice(desk: Desk, account: str) -> None:
    order_id = await order(desk, account)
    problem = await desk.ask("GET", f"/orders/{order_id}/receipt", status=409)
    assert (problem["code"], problem["parameters"]["state"]) == ("order_not_paid", "created")
    problem = await desk.ask("POST", f"/orders/{order_id}/invoice-requests", REQUEST, status=409)
    assert problem["code"] == "order_not_paid"
    unknown = "ord_" + "0" * 32
    assert (await desk.ask("GET", f"/orders/{unknown}/receipt", status=404))["code"] == "order_not_found"


async def test_an_invoice_is_asked_for_and_issued(desk: Desk, account: str) -> None:
    order_id = await paid(desk, account)
    asked = await desk.ask("POST", f"/orders/{order_id}/invoice-requests", REQUEST)
    assert (asked["order_id"], asked["account_id"], asked["state"]) == (order_id, account, "requested")
    assert (asked["legal_name"], asked["tax_id"]) == (REQUEST["legal_name"], "91310000MA1FL1234X")
    assert (asked["amount"], asked["amount_nanos"], asked["currency"]) == ("100.00", 100_000_000_000, "USD")
    path = f"/invoice-requests/{asked['invoice_id']}"
    assert await desk.ask("GET", path) == asked
    assert await desk.ask("POST", f"/orders/{order_id}/invoice-requests", REQUEST) == asked

    issued = await desk.ask("POST", f"{path}/issue", {"number": "2631200001", "by": "Fin"})
    assert (issued["state"], issued["number"], issued["decided_by"]) == ("issued", "2631200001", "Fin")
    problem = await desk.ask("POST", f"{path}/reject", {"reason": "changed my mind", "by": "Fin"}, status=409)
    assert problem["code"] == "invoice_decided"
    problem = await desk.ask("POST", f"/orders/{order_id}/invoice-requests", REQUEST, status=409)
    assert problem["code"] == "invoice_exists"


async def test_requests_are_listed_in_pages_and_filtered(desk: Desk, account: str) -> None:
    made = []
    for n in range(3):
        order_id = await paid(desk, account, f"planted-bank-{n}000")
        made.append(await desk.ask("POST", f"/orders/{order_id}/invoice-requests", REQUEST))
    await desk.ask("POST", f"/invoice-requests/{made[0]['invoice_id']}/reject", {"reason": "no", "by": "Fin"})

    async def listed(query: str) -> list[str]:
        return [one["invoice_id"] for one in (await desk.ask("GET", f"/invoice-requests{query}"))["items"]]

    ids = [one["invoice_id"] for one in made]
    assert await listed("") == ids[::-1]
    assert await listed("?state=rejected") == ids[:1]
    assert await listed(f"?order_id={made[1]['order_id']}") == [ids[1]]
    assert await listed(f"?account_id={await desk.open_account('Other')}") == []
    first = await desk.ask("GET", "/invoice-requests?limit=2")
    assert first["next"] == ids[1]
    assert await listed(f"?cursor={first['next']}") == ids[:1]


async def test_what_is_wrong_with_a_request_is_said_without_repeating_it(desk: Desk, account: str) -> None:
    order_id = await paid(desk, account)
    path = f"/orders/{order_id}/invoice-requests"
    problem = await desk.ask("POST", path, {**REQUEST, "tax_id": "planted-!"}, status=400)
    assert problem["code"] == "tax_id_unreadable"
    assert "planted" not in str(problem)
    assert (await desk.ask("POST", path, {**REQUEST, "surprise": 1}, status=400))["code"] == "bad_request"
    chinese = await desk.ask("POST", path, {**REQUEST, "tax_id": "1"}, status=400, headers={"Accept-Language": "zh"})
    assert chinese["title"] == "税号不合要求"
    unknown = "inv_" + "0" * 32
    body = {"number": "1", "by": "Fin"}
    assert (await desk.ask("POST", f"/invoice-requests/{unknown}/issue", body, status=404))["code"] == (
        "invoice_not_found"
    )
