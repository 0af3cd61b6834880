"""Questions from the terminal: requests, why, and what may be posted."""

from __future__ import annotations

import pytest

from cli.conftest import Terminal
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import show_id


@pytest.fixture
def calls(terminal: Terminal) -> list[str]:
    """Two served requests and a refused one, oldest first."""
    terminal.ask("accounts", "create", "Acme")
    terminal.ask("ledger", "credit", "Acme", "0.25", "--source-id", "order 1")
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    terminal.office(lambda office: office.sell())
    return [show_id("request", terminal.office(lambda office: office.call(token, output_tokens=100))) for _ in range(3)]


def test_requests_are_listed_filtered_and_shown(terminal: Terminal, calls: list[str]) -> None:
    first, second, refused = calls
    listed = terminal.ask("requests", "list", "--most", "2")
    assert [one["request_id"] for one in listed["requests"]] == [refused, second]
    rest = terminal.ask("requests", "list", "--before", listed["next"])
    assert [one["request_id"] for one in rest["requests"]] == [first]
    assert len(terminal.ask("requests", "list", "--account", "Acme", "--state", "served")["requests"]) == 2
    assert len(terminal.ask("requests", "list", "--code", "account_balance")["requests"]) == 1
    shown = terminal.ask("requests", "show", first)
    assert (shown["charged"], shown["attempts"][0]["outcome"]) == ("0.10", "succeeded")
    assert shown["decision"]["spendable"] == "0.25"
    assert "0.10 USD" in terminal.say("requests", "show", first)
    assert terminal.ask("requests", "show", refused)["decision"]["checks"]


def test_a_refusal_is_explained_with_its_checks(terminal: Terminal, calls: list[str]) -> None:
    explained = terminal.ask("explain", calls[2])
    assert explained["code"] == "account_balance"
    assert any(not check["passed"] for check in explained["decision"]["checks"])
    assert "account_balance" in terminal.say("explain", calls[2])
    pasted = f"openai.APIStatusError: Error code: 402 ({calls[2]})"
    assert terminal.ask("explain", "-", stdin=pasted)["code"] == "account_balance"
    assert "余额" in terminal.say("explain", calls[2], "--language", "zh")


def test_what_is_not_on_record_is_not_found(terminal: Terminal) -> None:
    missing = show_id("request", SystemClock().new_id())
    assert "request_not_found" in terminal.complain("requests", "show", missing)
    assert "request_not_found" in terminal.complain("explain", missing)


def test_redact_hides_secrets_and_copies_the_rest(terminal: Terminal) -> None:
    secret = "sk-proj-" + "a1B2" * 12
    text = f"first line\nAuthorization: Bearer {secret}\n最后一行"
    redacted = terminal.say("redact", stdin=text)
    assert secret not in redacted
    assert redacted.startswith("first line\n")
    assert "最后一行" in redacted
    answer = terminal.ask("redact", stdin="nothing to hide")
    assert answer == {"findings": [], "redacted": "nothing to hide", "changed": False}


def test_redact_says_what_it_has_found_and_where(terminal: Terminal) -> None:
    text = "电话１３９１２３４５６７８，密码是hunter2x"
    answer = terminal.ask("redact", stdin=text)
    assert answer == {
        "findings": [
            {"class": "phone", "start": 2, "end": 13, "mask": "[phone …5678]"},
            {"class": "password", "start": 17, "end": 25, "mask": "[password]"},
        ],
        "redacted": "电话[phone …5678]，密码是[password]",
        "changed": True,
    }


def test_redact_can_stand_guard_in_a_script(terminal: Terminal) -> None:
    assert terminal.say("redact", "--check", stdin="nothing to hide") == "nothing to hide\n"
    assert terminal.say("redact", "--check", stdin="call 13912345678", status=1) == "call [phone …5678]\n"
