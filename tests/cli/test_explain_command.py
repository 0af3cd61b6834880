"""`counterfoil explain`: the causes first, then the checks; the same in JSON, in both languages."""

from __future__ import annotations

import pytest

from cli.conftest import Terminal
from counterfoil.foundation.ids import show_id

FIELDS = {"code", "confidence", "nanos", "numbers", "would_have", "owner", "next_steps", "article", "rows"}


@pytest.fixture
def refused(terminal: Terminal) -> str:
    """A request that was refused for want of money."""
    terminal.ask("accounts", "create", "Acme")
    terminal.ask("ledger", "credit", "Acme", "0.05", "--source-id", "order 1")
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    terminal.office(lambda office: office.sell())
    return show_id("request", terminal.office(lambda office: office.call(token, output_tokens=100)))


def test_causes_stand_before_the_checks_in_both_languages(terminal: Terminal, refused: str) -> None:
    english = terminal.say("explain", refused, "--lang", "en")
    assert english.index("1. Balance used up (certain)") < english.index("✗ Account balance")
    assert "0.10 USD needed, 0.05 USD available" in english
    chinese = terminal.say("explain", refused, "--lang", "zh")
    assert "1. 账户余额用完 (确定)" in chinese
    assert "需要 0.10 USD，可用 0.05 USD" in chinese
    assert "余额再多 0.05 USD，这次请求就会通过。" in chinese


def test_json_has_every_field_of_a_finding(terminal: Terminal, refused: str) -> None:
    told = terminal.ask("explain", refused)
    assert told["problem"] == "balance_not_enough"
    assert all(finding.keys() >= FIELDS for finding in told["findings"])


def test_an_account_a_key_and_a_code_are_asked_about_as_well(terminal: Terminal, refused: str) -> None:
    shown = terminal.ask("requests", "show", refused)
    assert terminal.ask("explain", f"{shown['key_mask']} {shown['received_at']}")["subject"] == refused
    told = terminal.ask("explain", f"Acme {shown['received_at'][:10]}")
    assert (told["about"], told["problem"]) == ("account", "balance_fell")
    assert "Account" in terminal.say("explain", "Acme")
    assert "subject_without_time" in terminal.complain("explain", shown["key_mask"], status=2)


def test_a_whole_code_comes_on_standard_input(terminal: Terminal, refused: str) -> None:
    assert "code_not_found" in terminal.complain("explain", "-", stdin="CF-00000-00000-00000-00000\n")
    assert "subject_not_recognised" in terminal.complain("explain", "-", stdin="x" * 1_000_000)
