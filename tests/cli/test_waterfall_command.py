"""`counterfoil accounts waterfall`: where the money went, in a terminal."""

from __future__ import annotations

import pytest

from api.wiring import Office
from cli.conftest import Terminal


@pytest.fixture
def account(terminal: Terminal) -> str:
    """Acme, which has called once for 0.30 of its 10."""
    account: str = terminal.ask("accounts", "create", "Acme", "--time-zone", "Asia/Shanghai")["account_id"]
    terminal.ask("ledger", "credit", "Acme", "10", "--source-id", "order 1")
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]

    async def call(office: Office) -> None:
        await office.sell()
        await office.call(token, output_tokens=300)

    terminal.office(call)
    return account


def test_the_steps_a_breakdown_and_the_comparison_have_their_totals(terminal: Terminal, account: str) -> None:
    said = terminal.say("accounts", "waterfall", "Acme", "--by", "model", "--by", "key")
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "Opening balance - 0.00 USD" in lines
    assert "Recharges 1 10.00 USD" in lines
    assert "Charges 1 -0.30 USD" in lines
    assert "Closing balance - 9.70 USD" in lines
    assert "test-model 1 0.30 USD 0.00 USD 0.30 USD" in lines
    assert lines.count("Total 1 0.30 USD 0.00 USD 0.30 USD") == 2
    assert "Calls 0.30 USD 0.00 USD 0.30 USD" in lines
    assert "There is no earlier time to compare with." in lines
    assert any(line.startswith("1. More use than usual: Plain requests were charged 0.3") for line in lines)


def test_a_program_gets_every_breakdown(terminal: Terminal, account: str) -> None:
    told = terminal.ask("accounts", "waterfall", account)
    assert set(told["breakdowns"]) == {
        "model", "tier", "key", "group", "client", "hour", "cause", "copy", "work",
    }  # fmt: skip
    assert told["opening_nanos"] + sum(step["amount_nanos"] for step in told["steps"]) == told["closing_nanos"]
    shown = terminal.ask("accounts", "waterfall", account, "--view", "customer")
    assert (shown["versions"], shown["audience"]) == (None, "customer")


def test_it_is_told_in_chinese_too(terminal: Terminal, account: str) -> None:
    said = terminal.say("accounts", "waterfall", "Acme", "--by", "hour", "--language", "zh")
    assert "期初余额" in said
    assert ":00 +08:00" in said
    assert "用量增加" in said


def test_a_window_may_lie_in_the_past(terminal: Terminal, account: str) -> None:
    window = ("--from", "2025-01-01T00:00:00Z", "--to", "2025-01-02T00:00:00Z")
    told = terminal.ask("accounts", "waterfall", "Acme", *window)
    assert (told["from"], told["steps"], told["closing_nanos"]) == ("2025-01-01T00:00:00.000000Z", [], 0)
    assert [finding["code"] for finding in told["findings"]] == ["use_as_usual"]


def test_a_window_that_ends_before_it_begins_is_refused(terminal: Terminal, account: str) -> None:
    window = ("--from", "2025-01-02T00:00:00Z", "--to", "2025-01-01T00:00:00Z")
    assert "400 days" in terminal.complain("accounts", "waterfall", "Acme", *window, status=2)
