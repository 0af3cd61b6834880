"""Where did it go? Asked over REST."""

from __future__ import annotations

from typing import Any

import pytest

from api.conftest import Desk
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.periods import show_time
from counterfoil.ledger.model import Adjust

NANOS = 1_000_000_000


@pytest.fixture
async def account(desk: Desk) -> str:
    """An account that was credited 10, charged 0.30 and given back 0.10 of it, and corrected by 2."""
    await desk.office.sell()
    account = await desk.open_account("Acme", time_zone="Asia/Shanghai")
    await desk.credit(account, "10")
    key = await desk.make_key(account)
    request_id = await desk.office.call(key["token"], output_tokens=300)
    await desk.office.spend.refund(request_id, source_id="ticket 1", amount=NANOS // 10, reason="half an answer")
    await desk.office.ledger.operate(
        Adjust(account_id=read_id("account", account), source_id="ticket 2", amount=-2 * NANOS)
    )
    return account


async def test_a_window_is_told_from_its_opening_to_its_closing(desk: Desk, account: str) -> None:
    told = await desk.ask("GET", f"/accounts/{account}/waterfall")
    assert [(step["kind"], step["amount"]) for step in told["steps"]] == [
        ("recharge", "10.00"), ("refund", "0.10"), ("charge", "-0.30"), ("adjusted_down", "-2.00"),
    ]  # fmt: skip
    assert (told["opening"], told["closing"], told["held"]) == ("0.00", "7.80", "0.00")
    assert told["opening_nanos"] + sum(step["amount_nanos"] for step in told["steps"]) == told["closing_nanos"]
    assert (told["audience"], told["versions"], told["beside"]) == ("operator", {"from": 1, "through": 4}, [])
    for by, breakdown in told["breakdowns"].items():
        assert (breakdown["charged"], breakdown["refunded"], breakdown["net"]) == ("0.30", "0.10", "0.20"), by
    (model,) = told["breakdowns"]["model"]["lines"]
    assert (model["name"], model["label"], model["charges"]) == ("test-model", "test-model", 1)
    assert all(hour["label"].endswith(":00 +08:00") for hour in told["breakdowns"]["hour"]["lines"])
    assert told["comparison"]["difference_nanos"] == sum(
        part["difference_nanos"] for part in told["comparison"]["parts"]
    )
    assert [finding["code"] for finding in told["findings"]] == ["balance_adjusted"]


async def test_a_window_that_has_passed_is_told_as_it_was(desk: Desk, account: str) -> None:
    before = show_time(desk.office.clock.now() - 3_600_000_000)
    told = await desk.ask("GET", f"/accounts/{account}/waterfall?to={before}")
    assert (told["to"], told["steps"], told["closing_nanos"]) == (before, [], 0)


async def test_a_customer_is_told_nothing_of_the_ledgers_inside_and_in_his_language(desk: Desk, account: str) -> None:
    told = await desk.ask("GET", f"/accounts/{account}/waterfall?view=customer", headers={"Accept-Language": "zh"})
    assert (told["audience"], told["versions"], told["beside"]) == ("customer", None, None)
    assert told["steps"][0]["label"] == "充值"
    assert "余额" in told["findings"][0]["text"]
    assert "backend" not in str(told)
    assert "its-own-name" not in str(told)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=2026-01-02T00:00:00Z%26", "time_unreadable"),
        ("from=2026-01-02T00:00:00", "time_unreadable"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "bad_request"),
        ("from=2024-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "bad_request"),
        ("from=2999-01-01T00:00:00Z&to=2999-01-02T00:00:00Z", "bad_request"),
    ],
)
async def test_a_window_that_is_none_is_refused(desk: Desk, account: str, query: str, code: str) -> None:
    problem: Any = await desk.ask("GET", f"/accounts/{account}/waterfall?{query}", status=400)
    assert problem["code"] == code


async def test_an_account_that_is_not_there_has_no_waterfall(desk: Desk) -> None:
    problem: Any = await desk.ask("GET", f"/accounts/acct_{'0' * 32}/waterfall", status=404)
    assert problem["code"] == "account_not_found"
