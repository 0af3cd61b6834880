"""Requests over REST: what became of them, and giving a charge back."""

from __future__ import annotations

import asyncio

from api.conftest import Desk
from counterfoil.foundation.ids import show_id


async def _customer(desk: Desk, *, credit: str = "1.00") -> tuple[str, str]:
    """An account with that much money and a token."""
    await desk.office.sell()
    account = await desk.open_account()
    await desk.credit(account, credit)
    return account, (await desk.make_key(account))["token"]


async def test_a_served_request_is_shown_with_its_arithmetic_and_attempts(desk: Desk) -> None:
    account, token = await _customer(desk)
    request_id = show_id("request", await desk.office.call(token, output_tokens=250))
    request = await desk.ask("GET", f"/requests/{request_id}")
    assert (request["account_id"], request["state"], request["charge_mark"]) == (account, "served", "charged")
    assert (request["charged"], request["charged_nanos"], request["currency"]) == ("0.25", 250_000_000, "USD")
    assert request["tokens"] == {"output": 250}
    assert request["decision"]["spendable"] == "1.00"
    assert [attempt["upstream"] for attempt in request["attempts"]] == ["backend"]
    assert request["price_version"].startswith("pb_")
    assert token not in str(request)


async def test_a_refused_request_is_shown_with_every_check(desk: Desk) -> None:
    account, token = await _customer(desk, credit="0.10")
    limit = {"scope_id": account, "unit": "money", "window": "day", "amount": "0.05"}
    await desk.ask("PUT", f"/accounts/{account}/limits", limit)
    request_id = show_id("request", await desk.office.call(token, output_tokens=250))
    request = await desk.ask("GET", f"/requests/{request_id}")
    assert (request["state"], request["charge_mark"], request["attempts"]) == ("refused", "not_charged", [])
    failing = [check for check in request["decision"]["checks"] if not check["passed"]]
    assert {check["scope"] for check in failing} == {"account"}
    limited = next(check for check in failing if "limit_id" in check)
    assert (limited["amount"], limited["needed_nanos"]) == ("0.05", 250_000_000)
    assert limited["limit_id"].startswith("lim_")
    assert limited["resets_at"].endswith("Z")


async def test_requests_are_listed_newest_first_and_filtered(desk: Desk) -> None:
    account, token = await _customer(desk)
    served = [show_id("request", await desk.office.call(token, output_tokens=300)) for _ in range(3)]
    refused = show_id("request", await desk.office.call(token, output_tokens=300))
    listed = [one["request_id"] for one in (await desk.ask("GET", f"/requests?account_id={account}"))["items"]]
    assert listed == [refused, *reversed(served)]
    assert [one["request_id"] for one in (await desk.ask("GET", "/requests?state=refused"))["items"]] == [refused]
    assert [one["code"] for one in (await desk.ask("GET", "/requests?code=account_balance"))["items"]] == [
        "account_balance"
    ]
    first = await desk.ask("GET", "/requests?limit=2")
    rest = await desk.ask("GET", f"/requests?limit=2&cursor={first['next']}")
    assert [one["request_id"] for one in (*first["items"], *rest["items"])] == listed
    assert rest["next"] is None


async def test_a_charge_is_given_back_once_per_source_and_never_more_than_it_was(desk: Desk) -> None:
    account, token = await _customer(desk)
    request_id = show_id("request", await desk.office.call(token, output_tokens=400))
    path, body = f"/requests/{request_id}/refund", {"source_id": "ticket 1", "reason": "no answer", "amount": "0.10"}
    first, *others = await asyncio.gather(*(desk.ask("POST", path, body) for _ in range(4)))
    assert (first["refunded"], first["request_id"]) == ("0.10", request_id)
    assert all(other == first for other in others)
    assert (await desk.ask("GET", f"/requests/{request_id}"))["charge_mark"] == "partly_refunded"
    too_much = {"source_id": "ticket 2", "reason": "more", "amount": "0.31"}
    assert (await desk.ask("POST", path, too_much, status=409))["code"] == "refund_exceeds_charge"
    rest = await desk.ask("POST", path, {"source_id": "ticket 2", "reason": "the rest"})
    assert rest["refunded_nanos"] == 300_000_000
    assert (await desk.ask("GET", f"/requests/{request_id}"))["charge_mark"] == "refunded"
    assert (await desk.ask("GET", f"/accounts/{account}/balance"))["posted"] == "1.00"
    nothing = await desk.ask("POST", path, {"source_id": "ticket 3", "reason": "again"}, status=409)
    assert nothing["code"] == "nothing_to_refund"


async def test_a_request_that_is_not_on_record_is_not_found(desk: Desk) -> None:
    missing = f"/requests/req_{'0' * 32}"
    looked_up = await desk.ask("GET", missing, status=404)
    refunded = await desk.ask("POST", f"{missing}/refund", {"source_id": "t", "reason": "r"}, status=404)
    assert [answer["code"] for answer in (looked_up, refunded)] == ["request_not_found"] * 2
