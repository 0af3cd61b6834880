"""A month's statement, what a recharge would credit, and what a call would cost, over REST."""

from __future__ import annotations

import pytest

from api.conftest import Desk
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.ledger.model import Adjust
from counterfoil.limits.model import GroupSettings

NANOS = 1_000_000_000


@pytest.fixture
async def account(desk: Desk) -> str:
    """An account that was credited 10, charged 0.30 twice, and corrected by 2."""
    await desk.office.sell()
    account = await desk.open_account("Acme", time_zone="Asia/Shanghai")
    await desk.credit(account, "10")
    key = await desk.make_key(account)
    for _ in range(2):
        await desk.office.call(key["token"], output_tokens=300)
    await desk.office.ledger.operate(
        Adjust(account_id=read_id("account", account), source_id="ticket 2", amount=-2 * NANOS)
    )
    return account


async def test_a_month_is_stated_line_by_line_with_balances(desk: Desk, account: str) -> None:
    told = await desk.ask("GET", f"/accounts/{account}/statement")
    assert [(line["code"], line["amount"], line["balance"], line["charges"]) for line in told["items"]] == [
        ("adjustment", "-2.00", "7.40", 0), ("charge", "-0.60", "9.40", 2), ("credit", "10.00", "10.00", 0),
    ]  # fmt: skip
    assert told["next"] is None
    single = await desk.ask("GET", f"/accounts/{account}/statement?folded=false&limit=2")
    assert [line["amount"] for line in single["items"]] == ["-2.00", "-0.30"]
    assert single["items"][1]["request_id"].startswith("req_")
    rest = await desk.ask("GET", f"/accounts/{account}/statement?folded=false&cursor={single['next']}")
    assert [line["amount"] for line in rest["items"]] == ["-0.30", "10.00"]


async def test_a_month_in_sum_closes(desk: Desk, account: str) -> None:
    told = await desk.ask("GET", f"/accounts/{account}/statement/sums")
    assert (told["opening"], told["closing"], told["transfers"]) == ("0.00", "7.40", 4)
    signed = [one["amount_nanos"] if one["credit"] == "wallet" else -one["amount_nanos"] for one in told["movements"]]
    assert told["opening_nanos"] + sum(signed) == told["closing_nanos"]
    earlier = await desk.ask("GET", f"/accounts/{account}/statement/sums?month=2020-02")
    assert (earlier["closing"], earlier["movements"], earlier["start"]) == ("0.00", [], "2020-01-31T16:00:00.000000Z")


@pytest.mark.parametrize("asked", ["statement?month=2026-13", "statement?month=nov", "statement?cursor=x"])
async def test_what_cannot_be_read_is_refused(desk: Desk, account: str, asked: str) -> None:
    problem = await desk.ask("GET", f"/accounts/{account}/{asked}", status=400)
    assert problem["status"] == 400
    assert problem["code"]


async def test_a_quote_is_what_an_order_would_credit(desk: Desk, account: str) -> None:
    rate = {"paid_currency": "CNY", "wallet_currency": "USD", "rate": "0.14", "by": "finance"}
    await desk.ask("POST", "/exchange-rates", rate)
    told = await desk.ask("GET", f"/accounts/{account}/recharge-quote?amount_paid=100&currency=CNY")
    assert (told["credited"], told["bonus"], told["rate"], told["wallet_currency"]) == ("14.00", "0.00", "0.14", "USD")
    await desk.ask("GET", f"/accounts/{account}/recharge-quote?amount_paid=0&currency=CNY", status=400)
    await desk.ask("GET", f"/accounts/{account}/recharge-quote?amount_paid=5&currency=JPY", status=409)


async def test_an_estimate_takes_the_groups_tier(desk: Desk, account: str) -> None:
    address = f"/accounts/{account}/estimate?model=test-model&input_tokens=100&usual_output=300"
    plain = await desk.ask("GET", address)
    group = await desk.office.limits.create_group(
        account_id=read_id("account", account), settings=GroupSettings(name="Dear", price_tier_millis=2_000)
    )
    dear = await desk.ask("GET", f"{address}&group_id={show_id('group', group.group_id)}")
    assert dear["usual_nanos"] == 2 * plain["usual_nanos"]
    assert plain["usual_nanos"] <= plain["full_nanos"] <= plain["most_nanos"]
    assert plain["least_nanos"] <= plain["most_nanos"]
    assert parse_nanos(plain["most"]) == plain["most_nanos"]
    await desk.ask("GET", f"/accounts/{account}/estimate?model=nothing", status=404)
    await desk.ask("GET", f"{address}&unit=image:1x1:low", status=400)
