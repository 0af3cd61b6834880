"""Receipts and invoices from the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conftest import Terminal

ASKED = ("--legal-name", "上海某某科技有限公司", "--tax-id", "91310000 ma1fl-1234x", "--by", "Ada")


@pytest.fixture
def order(terminal: Terminal) -> str:
    """An order of 100 USD that nobody has paid yet."""
    terminal.ask(
        "orders", "add-provider", "bank", "--kind", "bank", "--merchant", "Counterfoil Ltd", "--currency", "USD",
        "--setting", "instructions=IBAN DE00 1234, write {reference}",
    )  # fmt: skip
    terminal.ask("accounts", "create", "Acme")
    order_id: str = terminal.ask("orders", "create", "Acme", "100", "--provider", "bank", "--by", "Ada")["order_id"]
    return order_id


@pytest.fixture
def paid(terminal: Terminal, order: str) -> str:
    terminal.ask(
        "orders", "confirm", order, "--reason", "seen at the bank", "--by", "Ada", stdin="planted-bank-20264711\n"
    )
    return order


def test_a_receipt_is_printed_or_written_to_a_new_file(terminal: Terminal, paid: str, tmp_path: Path) -> None:
    printed = terminal.say("orders", "receipt", paid)
    assert printed.startswith("<!doctype html>")
    assert printed.rstrip().endswith("</html>")
    assert paid in printed
    assert "planted-bank" not in printed
    assert "收款收据" in terminal.ask("orders", "receipt", paid, "--language", "zh")["html"]

    file = tmp_path / "receipt.html"
    assert terminal.say("orders", "receipt", paid, "--output", str(file)) == f"Written to {file}.\n"
    assert "<title>Receipt" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    kept = file.read_bytes()
    complaint = terminal.complain("orders", "receipt", paid, "--output", str(file), "--language", "zh")
    assert "receipt_unwritable" in complaint
    assert file.read_bytes() == kept


def test_an_order_that_was_never_paid_has_no_receipt(terminal: Terminal, order: str, tmp_path: Path) -> None:
    file = tmp_path / "receipt.html"
    assert "order_not_paid" in terminal.complain("orders", "receipt", order, "--output", str(file))
    assert not file.exists()


def test_an_invoice_is_asked_for_and_issued(terminal: Terminal, paid: str) -> None:
    assert terminal.say("orders", "invoices") == "No such requests.\n"
    said = terminal.say("orders", "invoice-request", paid, *ASKED)
    assert "91310000MA1FL1234X" in said
    assert "requested (Requested)" in said
    assert "Wait for finance" in said
    invoice = terminal.ask("orders", "invoices", "--state", "requested")["invoices"][0]["invoice_id"]
    assert "等待财务核对后开具" in terminal.say("orders", "invoice-request", paid, *ASKED, "--language", "zh")

    issued = terminal.ask("orders", "invoice-issue", invoice, "--number", "2631200001", "--by", "Fin")
    assert (issued["state"], issued["number"], issued["decided_by"]) == ("issued", "2631200001", "Fin")
    complaint = terminal.complain("orders", "invoice-reject", invoice, "--reason", "no", "--by", "Fin")
    assert "invoice_decided" in complaint
    listed = terminal.say("orders", "invoices", "--account", "Acme", "--order", paid)
    assert "2631200001" in listed
    assert "100.00 USD" in listed


def test_a_rejected_request_says_why_and_may_be_made_anew(terminal: Terminal, paid: str) -> None:
    first = terminal.ask("orders", "invoice-request", paid, *ASKED)["invoice_id"]
    said = terminal.say("orders", "invoice-reject", first, "--reason", "wrong tax number", "--by", "Fin")
    assert "wrong tax number" in said
    assert "correct what is wrong, and ask anew" in said
    second = terminal.ask("orders", "invoice-request", paid, *ASKED)["invoice_id"]
    page = terminal.ask("orders", "invoices", "--most", "1")
    assert ([one["invoice_id"] for one in page["invoices"]], page["next"]) == ([second], second)
    rest = terminal.ask("orders", "invoices", "--before", second)["invoices"]
    assert [one["invoice_id"] for one in rest] == [first]


def test_a_tax_number_that_is_none_is_bad_usage(terminal: Terminal, paid: str) -> None:
    options = ("--legal-name", "Acme", "--tax-id", "1", "--by", "Ada")
    assert "tax_id_unreadable" in terminal.complain("orders", "invoice-request", paid, *options, status=2)
    assert "invoice_not_found" in terminal.complain(
        "orders", "invoice-issue", "inv_" + "0" * 32, "--number", "1", "--by", "Fin"
    )
