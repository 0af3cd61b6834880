"""Corrections by proposal, boards of refunds and disputes, how upstreams do, and verifications that are kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from api.conftest import Desk
from api.wiring import MODEL
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.recharge.model import ProviderKind
from recharge.till import configured


async def _approve(desk: Desk, approval: Any) -> None:
    await desk.ask("POST", f"/approvals/{approval['approval_id']}/approve", {"by": "two"})


async def _balance(desk: Desk, account: str) -> str:
    shown: str = (await desk.ask("GET", f"/accounts/{account}/balance"))["posted"]
    return shown


async def test_a_credit_and_an_adjustment_wait_for_another_person(desk: Desk) -> None:
    account = await desk.open_account()
    proposals = f"/accounts/{account}/proposals"
    credit = await desk.ask(
        "POST", f"{proposals}/credits", {"amount": "900000", "reason": "an outage", "by": "one"}, status=201
    )
    assert (credit["action"], credit["state"], credit["amount"]) == ("credit", "proposed", "900000.00")
    assert await _balance(desk, account) == "0.00"
    await _approve(desk, credit)
    assert await _balance(desk, account) == "900000.00"
    less = await desk.ask(
        "POST", f"{proposals}/adjustments", {"amount": "-400000", "reason": "too much", "by": "one"}, status=201
    )
    await _approve(desk, less)
    assert await _balance(desk, account) == "500000.00"
    (grant,) = (await desk.ask("GET", f"/accounts/{account}/grants"))["items"]
    end = {"grant_id": grant["grant_id"], "reason": "by mistake", "by": "one"}
    await _approve(desk, await desk.ask("POST", f"{proposals}/grant-ends", end, status=201))
    assert await _balance(desk, account) == "0.00"
    await desk.ask("POST", f"{proposals}/credits", {"amount": "0", "reason": "x", "by": "one"}, status=400)
    await desk.ask("POST", f"{proposals}/grant-ends", end, status=409)


async def test_refunds_and_disputes_of_all_orders_are_listed(desk: Desk) -> None:
    recharge = desk.office.recharge
    await recharge.payment_providers.add(configured(ProviderKind.BANK, {}))
    await recharge.recharge_terms.set_rate(
        paid_currency="CNY", wallet_currency="USD", rate=parse_nanos("0.14"), ratio=parse_nanos("1"), by="op"
    )
    account = await desk.open_account()
    order = await desk.ask(
        "POST",
        "/orders",
        {"account_id": account, "provider": "bank", "amount": "100", "currency": "CNY", "by": "ada"},
        status=201,
    )
    path = f"/orders/{order['order_id']}"

    async def propose(what: str, body: Any) -> None:
        approval = await desk.ask("POST", f"{path}/{what}", {**body, "reason": "seen", "by": "one"}, status=201)
        if approval["state"] == "proposed":
            await _approve(desk, approval)

    await propose("confirmations", {"number": "6217-1"})
    await propose("refunds", {"source_id": "case 1", "amount": "40"})
    await propose("disputes", {"state": "open"})
    (refund,) = (await desk.ask("GET", "/order-refunds?open=true"))["items"]
    assert (refund["order_id"], refund["amount"], refund["state"]) == (order["order_id"], "40.00", "sending")
    assert (await desk.ask("GET", "/order-refunds?state=failed"))["items"] == []
    (dispute,) = (await desk.ask("GET", "/disputes"))["items"]
    assert (dispute["order_id"], dispute["state"]) == (order["order_id"], "open")
    assert (await desk.ask("GET", "/disputes?state=won"))["items"] == []
    assert (await desk.ask("GET", "/orders?until=2020-01-01T00:00:00Z"))["items"] == []
    assert len((await desk.ask("GET", "/orders?since=2020-01-01T00:00:00Z"))["items"]) == 1


async def test_upstreams_tell_their_health_and_margins(desk: Desk) -> None:
    await desk.office.sell()
    account = await desk.open_account()
    await desk.credit(account, "100")
    key = await desk.make_key(account)
    await desk.office.call(key["token"], output_tokens=100)
    (health,) = (await desk.ask("GET", "/upstream-health"))["items"]
    assert (health["upstream"], health["attempts"], health["answered"]) == ("backend", 1, 1)
    assert health["outcomes"] == {"succeeded": 1}
    (margin,) = (await desk.ask("GET", "/upstream-margins"))["items"]
    assert (margin["model"], margin["cost_currency"], margin["margin"], margin["cost_unknown"]) == (
        MODEL,
        None,
        None,
        1,
    )
    charged = (await desk.ask("GET", f"/requests?account_id={account}"))["items"][0]["charged_nanos"]
    assert margin["charged_nanos"] == charged > 0
    assert (await desk.ask("GET", "/upstream-margins?end=2020-01-01T00:00:00Z"))["items"] == []
    await desk.ask("GET", "/upstream-margins?start=2020-01-01T00:00:00Z", status=400)
    await desk.ask("GET", "/upstream-health?seconds=1", status=400)


async def test_a_verification_is_begun_kept_and_listed(desk: Desk) -> None:
    account = await desk.open_account()
    await desk.credit(account, "5")
    begun = await desk.ask("POST", "/ledger/verifications", {"by": "finance"}, status=202)
    assert begun["state"] == "running"
    for _ in range(200):
        ended = await desk.ask("GET", f"/ledger/verifications/{begun['verification_id']}")
        if ended["state"] != "running":
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("the verification does not end")
    assert (ended["state"], ended["transfers"], ended["started_by"]) == ("verified", 1, "finance")
    assert (await desk.ask("GET", "/ledger/verifications"))["items"] == [ended]
    unknown = show_id("verification", desk.office.clock.new_id())
    await desk.ask("GET", f"/ledger/verifications/{unknown}", status=404)
