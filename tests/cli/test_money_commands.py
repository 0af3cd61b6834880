"""Money from the terminal: credits, corrections, holds by hand, and the ledger's proof."""

from __future__ import annotations

import psycopg
import pytest

from cli.conftest import Terminal
from counterfoil.foundation.ids import show_id


@pytest.fixture
def acme(terminal: Terminal) -> str:
    account_id: str = terminal.ask("accounts", "create", "Acme")["account_id"]
    return account_id


def test_a_credit_is_given_once_per_source(terminal: Terminal, acme: str) -> None:
    credit = ("ledger", "credit", "Acme", "10.00", "--source-id", "order 1", "--bonus", "0.50")
    first = terminal.ask(*credit)
    assert (first["credited"], len(first["grant_ids"]), first["currency"]) == ("10.50", 2, "USD")
    assert terminal.ask(*credit) == first
    assert terminal.ask("ledger", "balance", "Acme")["available_nanos"] == 10_500_000_000
    other = ("ledger", "credit", "Acme", "11.00", "--source-id", "order 1")
    assert "operation_key_reused" in terminal.complain(*other)


def test_a_credit_needs_its_source(terminal: Terminal, acme: str) -> None:
    assert "--source-id" in terminal.complain("ledger", "credit", "Acme", "10", status=2)


def test_money_is_taken_out_only_as_far_as_it_is_there(terminal: Terminal, acme: str) -> None:
    assert terminal.ask("ledger", "adjust", "Acme", "--amount", "3", "--source-id", "approval 1")["adjusted"] == "3.00"
    taken = terminal.ask("ledger", "adjust", "Acme", "--amount", "-1", "--source-id", "approval 2")
    assert taken["adjusted_nanos"] == -1_000_000_000
    refused = terminal.complain("ledger", "adjust", "Acme", "--amount", "-2.5", "--source-id", "approval 3")
    assert "adjustment_exceeds_balance" in refused
    assert terminal.ask("ledger", "balance", "Acme")["posted"] == "2.00"


def test_a_hold_is_made_captured_and_voided_by_hand(terminal: Terminal, acme: str) -> None:
    terminal.ask("ledger", "credit", "Acme", "1.00", "--source-id", "order 1")
    hold = terminal.ask("ledger", "authorize", "Acme", "0.60")
    again = ("ledger", "authorize", "Acme", "0.60", "--request", hold["hold_id"])
    assert terminal.ask(*again)["event_no"] == hold["event_no"]
    assert terminal.ask("ledger", "authorize", "Acme", "0.60", status=1)["refused"]["code"] == "account_balance"
    partly = terminal.ask("ledger", "authorize", "Acme", "0.60", "--least", "0.10")
    assert partly["amount"] == "0.40"
    ended = terminal.ask("ledger", "capture", "Acme", hold["hold_id"], "0.25")
    assert (ended["verb"], ended["captured"], ended["released"]) == ("captured", "0.25", "0.35")
    assert "hold_captured" in terminal.complain("ledger", "void", "Acme", hold["hold_id"])
    assert terminal.ask("ledger", "void", "Acme", partly["hold_id"])["released"] == "0.40"
    balance = terminal.ask("ledger", "balance", "Acme")
    assert (balance["posted"], balance["held"]) == ("0.75", "0.00")


def test_what_is_not_due_does_not_expire(terminal: Terminal, acme: str) -> None:
    terminal.ask("ledger", "credit", "Acme", "1.00", "--source-id", "order 1")
    hold = terminal.ask("ledger", "authorize", "Acme", "0.60")["hold_id"]
    assert terminal.ask("ledger", "expire") == {"holds_expired": 0, "grants_ended": 0}
    assert "hold_not_due" in terminal.complain("ledger", "expire", "Acme", hold)
    terminal.complain("ledger", "expire", "Acme", status=2)


def test_a_calls_own_hold_is_not_captured_by_hand(terminal: Terminal, acme: str) -> None:
    terminal.ask("ledger", "credit", "Acme", "1.00", "--source-id", "order 1")
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    terminal.office(lambda office: office.sell())
    request = show_id("request", terminal.office(lambda office: office.call(token, output_tokens=100)))
    assert "conflict" in terminal.complain("ledger", "capture", "Acme", request, "0.01")
    assert "hold_captured" in terminal.complain("ledger", "void", "Acme", request)


def test_a_charge_is_given_back(terminal: Terminal, acme: str) -> None:
    terminal.ask("ledger", "credit", "Acme", "1.00", "--source-id", "order 1")
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    terminal.office(lambda office: office.sell())
    request = show_id("request", terminal.office(lambda office: office.call(token, output_tokens=100)))
    refund = ("ledger", "refund", request, "--source-id", "ticket 1", "--reason", "no answer")
    first = terminal.ask(*refund, "--amount", "0.04")
    assert (first["refunded"], first["currency"]) == ("0.04", "USD")
    assert terminal.ask(*refund, "--amount", "0.04") == first
    assert "operation_key_reused" in terminal.complain(*refund)
    assert terminal.ask("requests", "show", request)["charge_mark"] == "partly_refunded"
    assert terminal.ask("ledger", "balance", "Acme")["posted"] == "0.94"


def test_grants_are_listed_frozen_unfrozen_and_ended(terminal: Terminal, acme: str) -> None:
    terminal.ask("ledger", "credit", "Acme", "2.00", "--source-id", "order 1", "--expires-at", "2099-01-01T00:00:00Z")
    (grant,) = terminal.ask("ledger", "grants", "Acme")["grants"]
    assert (grant["kind"], grant["remaining"], grant["expires_at"][:10]) == ("paid", "2.00", "2099-01-01")
    frozen = terminal.ask("ledger", "freeze", "Acme", grant["grant_id"], "--source-id", "dispute 1")
    assert (frozen["state"], frozen["remaining"]) == ("frozen", "2.00")
    assert terminal.ask("ledger", "authorize", "Acme", "1", status=1)["refused"]["spendable"] == "0.00"
    assert terminal.ask("ledger", "unfreeze", "Acme", grant["grant_id"], "--source-id", "dispute 1")["state"] == "open"
    end = ("ledger", "end-grant", "Acme", grant["grant_id"], "--to")
    assert "origin_unknown" in terminal.complain(*end, "pocket", status=2)
    assert terminal.ask(*end, "promotions")["ended"] == "2.00"
    assert terminal.ask(*end, "promotions")["ended"] == "2.00"
    assert "operation_key_reused" in terminal.complain(*end, "breakage")


def test_the_statement_is_read_from_the_newest(terminal: Terminal, acme: str) -> None:
    for number in range(3):
        terminal.ask("ledger", "credit", "Acme", "1", "--source-id", f"order {number}")
    first = terminal.ask("ledger", "transfers", "Acme", "--most", "2")
    assert [one["version"] for one in first["transfers"]] == [3, 2]
    rest = terminal.ask("ledger", "transfers", "Acme", "--before", str(first["next"]))
    assert [one["cause_id"] for one in rest["transfers"]] == ["order 0"]
    assert "order 2" in terminal.say("ledger", "transfers", "Acme")


def test_a_balance_of_the_past(terminal: Terminal, acme: str) -> None:
    before = terminal.ask("ledger", "balance", "Acme")["at"]
    terminal.ask("ledger", "credit", "Acme", "1", "--source-id", "order 1")
    assert terminal.ask("ledger", "balance", "Acme", "--at", before)["posted"] == "0.00"
    assert "time_unreadable" in terminal.complain("ledger", "balance", "Acme", "--at", "yesterday", status=2)


def test_the_ledger_proves_itself_and_finds_what_was_changed(terminal: Terminal, acme: str, owner_url: str) -> None:
    terminal.ask("ledger", "credit", "Acme", "4", "--source-id", "order 1")
    assert "checkpoint" in terminal.say("ledger", "verify")
    assert terminal.ask("ledger", "checkpoint")["number"] == 1
    report = terminal.ask("ledger", "verify")
    assert (report["verified"], report["checkpoints"], report["sums"]["USD"]["sum_nanos"]) == (True, 1, 0)
    assert terminal.ask("ledger", "sums")["sums"]["USD"]["accounts"]["wallet"]["amount"] == "4.00"
    with psycopg.connect(owner_url) as connection:
        connection.execute("UPDATE transfers SET amount = amount * 2")
    tampered = terminal.ask("ledger", "verify", status=1)
    assert tampered["verified"] is False
    assert {"edit", "balance"} <= {finding["kind"] for finding in tampered["findings"]}
    assert acme in terminal.say("ledger", "verify", status=1)
