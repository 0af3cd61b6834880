"""Accounts and their money over REST."""

from __future__ import annotations

import asyncio

import pytest

from api.conftest import Desk


async def test_an_account_is_opened_found_listed_and_changed(desk: Desk) -> None:
    account = await desk.ask("POST", "/accounts", {"name": "Acme", "currency": "CNY", "time_zone": "Asia/Shanghai"})
    assert account["account_id"].startswith("acct_")
    assert (account["currency"], account["posted_nanos"], account["posted"]) == ("CNY", 0, "0.00")
    path = f"/accounts/{account['account_id']}"
    assert await desk.ask("GET", path) == account
    assert (await desk.ask("GET", "/accounts?name=Acme"))["items"] == [account]
    assert (await desk.ask("GET", "/accounts?name=Nobody"))["items"] == []
    changed = await desk.ask("PATCH", path, {"name": "Acme Labs", "status": "suspended", "time_zone": "UTC"})
    assert (changed["name"], changed["status"], changed["time_zone"]) == ("Acme Labs", "suspended", "UTC")
    assert (await desk.ask("PATCH", path, {"status": "active"}))["name"] == "Acme Labs"


async def test_accounts_are_paged_without_gaps_or_repetitions(desk: Desk) -> None:
    made = {await desk.open_account(f"Account {number}") for number in range(5)}
    seen: list[str] = []
    cursor = None
    while True:
        query = "?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = await desk.ask("GET", "/accounts" + query)
        seen += [account["account_id"] for account in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 5
    assert set(seen) == made


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": " "}, "name_unreadable"),
        ({"name": "A", "currency": "usd"}, "bad_request"),
        ({"name": "A", "time_zone": "Mars/Olympus"}, "time_zone_unknown"),
        ({"name": "A", "balance": "100"}, "bad_request"),
    ],
)
async def test_an_account_that_cannot_be_is_refused(desk: Desk, body: object, code: str) -> None:
    assert (await desk.ask("POST", "/accounts", body, status=400))["code"] == code


async def test_a_credit_is_given_once_however_often_it_is_sent(desk: Desk) -> None:
    account = await desk.open_account()
    grants = [{"amount": "10.00"}, {"kind": "promotional", "amount_nanos": 500_000_000}]
    body = {"source_kind": "order", "source_id": "order 1", "grants": grants}
    path = f"/accounts/{account}/credits"
    first, *others = await asyncio.gather(*(desk.ask("POST", path, body) for _ in range(5)))
    assert (first["credited"], first["credited_nanos"], len(first["grant_ids"])) == ("10.50", 10_500_000_000, 2)
    assert all(other == first for other in others)
    assert (await desk.ask("GET", f"/accounts/{account}/balance"))["posted"] == "10.50"
    body["grants"] = [{"amount": "11.00"}]
    problem = await desk.ask("POST", path, body, status=422)
    assert (problem["code"], problem["parameters"]["field"]) == ("operation_key_reused", "grants")


@pytest.mark.parametrize(
    ("grant", "code"),
    [
        ({"amount": "0"}, "amount_not_positive"),
        ({"amount": "-1"}, "amount_not_positive"),
        ({"amount": "1e3"}, "amount_unreadable"),
        ({"amount": "1,000"}, "amount_unreadable"),
        ({"amount": 1.5}, "bad_request"),
        ({"amount_nanos": "5"}, "bad_request"),
        ({"amount_nanos": 2**63}, "bad_request"),
        ({"amount": "1", "amount_nanos": 1}, "bad_request"),
        ({}, "bad_request"),
        ({"amount": "1", "origin": "thin air"}, "origin_unknown"),
        ({"amount": "1", "expires_at": "2020-01-01T00:00:00Z"}, "expiry_in_the_past"),
        ({"amount": "1", "expires_at": "tomorrow"}, "time_unreadable"),
    ],
)
async def test_a_credit_that_cannot_be_changes_nothing(desk: Desk, grant: object, code: str) -> None:
    account = await desk.open_account()
    body = {"source_kind": "order", "source_id": "order 1", "grants": [grant]}
    assert (await desk.ask("POST", f"/accounts/{account}/credits", body, status=400))["code"] == code
    assert (await desk.ask("GET", f"/accounts/{account}/transfers"))["items"] == []


async def test_whatever_moves_money_names_its_source(desk: Desk) -> None:
    account = await desk.open_account()
    for path, body in (
        (f"/accounts/{account}/credits", {"source_kind": "order", "grants": [{"amount": "1"}]}),
        (f"/accounts/{account}/adjustments", {"amount": "1"}),
        (f"/requests/req_{'0' * 32}/refund", {"reason": "none"}),
    ):
        problem = await desk.ask("POST", path, body, status=400)
        assert {error["field"] for error in problem["errors"]} == {"body.source_id"}


async def test_a_wallet_is_corrected_in_both_directions_but_never_below_zero(desk: Desk) -> None:
    account = await desk.open_account()
    path = f"/accounts/{account}/adjustments"
    added = await desk.ask("POST", path, {"amount": "5", "source_id": "approval 1"})
    assert added["adjusted"] == "5.00"
    assert await desk.ask("POST", path, {"amount": "5", "source_id": "approval 1"}) == added
    assert (await desk.ask("POST", path, {"amount": "-2", "source_id": "approval 2"}))["adjusted_nanos"] == -2 * 10**9
    refused = await desk.ask("POST", path, {"amount": "-4", "source_id": "approval 3"}, status=409)
    assert refused["code"] == "adjustment_exceeds_balance"
    assert (await desk.ask("GET", f"/accounts/{account}/balance"))["available"] == "3.00"


async def test_the_statement_is_paged_from_the_newest(desk: Desk) -> None:
    account = await desk.open_account()
    for number in range(5):
        await desk.credit(account, "1", f"order {number}")
    first = await desk.ask("GET", f"/accounts/{account}/transfers?limit=3")
    assert [transfer["version"] for transfer in first["items"]] == [5, 4, 3]
    rest = await desk.ask("GET", f"/accounts/{account}/transfers?limit=3&cursor={first['next']}")
    assert [transfer["version"] for transfer in rest["items"]] == [2, 1]
    assert rest["next"] is None
    assert rest["items"][0]["cause_id"] == "order 1"
    await desk.ask("GET", f"/accounts/{account}/transfers?cursor=five", status=400)
    await desk.ask("GET", f"/accounts/acct_{'0' * 32}/transfers", status=404)


async def test_a_balance_can_be_asked_for_as_of_a_time(desk: Desk) -> None:
    account = await desk.open_account()
    await desk.credit(account, "1", "order 1")
    between = (await desk.ask("GET", f"/accounts/{account}/balance"))["at"]
    await desk.credit(account, "2", "order 2")
    assert (await desk.ask("GET", f"/accounts/{account}/balance?at={between}"))["posted"] == "1.00"
    assert (await desk.ask("GET", f"/accounts/{account}/balance"))["posted"] == "3.00"
    await desk.ask("GET", f"/accounts/{account}/balance?at=2026-01-01", status=400)


async def test_grants_are_listed_in_the_order_in_which_they_are_spent(desk: Desk) -> None:
    account = await desk.open_account()
    await desk.credit(account, "1", "order 1")
    body = {"source_kind": "grant", "source_id": "welcome",
            "grants": [{"kind": "promotional", "amount": "2", "priority": 10}]}  # fmt: skip
    await desk.ask("POST", f"/accounts/{account}/credits", body)
    grants = (await desk.ask("GET", f"/accounts/{account}/grants"))["items"]
    assert [(grant["kind"], grant["remaining"], grant["state"]) for grant in grants] == [
        ("promotional", "2.00", "open"),
        ("paid", "1.00", "open"),
    ]


async def test_the_ledger_proves_itself_and_signs(desk: Desk) -> None:
    account = await desk.open_account()
    await desk.credit(account, "4", "order 1")
    first = await desk.ask("POST", "/ledger/checkpoint", status=201)
    assert (first["number"], first["accounts"], first["previous"]) == (1, 1, None)
    assert (await desk.ask("POST", "/ledger/checkpoint"))["number"] == 2
    report = await desk.ask("GET", "/ledger/verify")
    assert (report["verified"], report["checkpoints"], report["findings"]) == (True, 2, [])
    assert report["sums"] == {"USD": {"amount_nanos": 0, "amount": "0.00"}}
    sums = await desk.ask("GET", "/ledger/sums")
    assert sums["balanced"] is True
    assert sums["sums"]["USD"]["accounts"]["wallet"]["amount"] == "4.00"
