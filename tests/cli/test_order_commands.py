"""Recharges from the terminal: orders, payment providers, rates and bonuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.till import EPAY_KEY, notify
from api.wiring import APPROVAL_CAP
from cli.conftest import Terminal
from counterfoil.foundation.money import format_nanos

TRADE = "planted-trade-2026110122001"
SEEN = ("--reason", "seen at the bank", "--by", "Ada")


@pytest.fixture
def account(terminal: Terminal) -> str:
    """An account in US dollars, at a desk that takes yuan by epay and dollars by bank transfer."""
    terminal.ask(
        "orders", "add-provider", "cashier", "--kind", "epay", "--merchant", "1001", "--base-url", "http://127.0.0.1:9",
        "--ask-secret", "key", stdin=EPAY_KEY + "\n",
    )  # fmt: skip
    terminal.ask(
        "orders", "add-provider", "bank", "--kind", "bank", "--merchant", "Counterfoil Ltd", "--currency", "USD",
        "--setting", "instructions=IBAN DE00 1234, write {reference}",
    )  # fmt: skip
    terminal.ask("orders", "set-rate", "CNY", "USD", "0.138888889", "--by", "Ada")
    terminal.ask("orders", "add-bonus", "summer", "--least", "10", "--percent", "10", "--days", "30")
    account_id: str = terminal.ask("accounts", "create", "Acme")["account_id"]
    return account_id


def _order(terminal: Terminal, amount: str = "100", *options: str) -> str:
    order_id: str = terminal.ask("orders", "create", "Acme", amount, "--provider", "bank", "--by", "Ada", *options)[
        "order_id"
    ]
    return order_id


def _epay_order(terminal: Terminal) -> Any:
    return terminal.ask("orders", "create", "Acme", "100", "--currency", "CNY", "--provider", "cashier", "--by", "Ada")


def _paid(terminal: Terminal, amount: str = "100") -> str:
    order = _order(terminal, amount)
    terminal.ask("orders", "confirm", order, *SEEN, stdin=TRADE + "\n")
    return order


def _balance(terminal: Terminal) -> str:
    posted: str = terminal.ask("accounts", "show", "Acme")["posted"]
    return posted


def test_an_order_is_made_paid_by_a_notice_and_shown_whole(terminal: Terminal, account: str) -> None:
    order = _epay_order(terminal)
    order_id = order["order_id"]
    assert (order["account_id"], order["credited"], order["bonus"], order["rate"]) == (
        account, "13.8888889", "1.38888889", "0.138888889",
    )  # fmt: skip
    said = terminal.say("orders", "show", order_id)
    assert "to pay             100.00 CNY" in said
    assert "will credit        13.8888889 USD" in said
    assert "paid at" not in said
    for _ in range(2):
        assert terminal.office(lambda office: notify(office, order_id, trade_no=TRADE)).body == b"success"

    shown = terminal.ask("orders", "show", order_id)
    assert (shown["state"], shown["number_mask"], shown["notices"][0]["arrivals"]) == ("paid", "…2001", 2)
    said = terminal.say("orders", "show", order_id)
    for part in (
        "paid               100.00 CNY", "credited           13.8888889 USD", "1 CNY = 0.138888889 USD",
        "1.38888889 USD, for 30 days, by the rule summer", "created by         Ada", "…2001",
        "cashier, epay (epay)", "2 times, last", "Provider's notice",
    ):  # fmt: skip
        assert part in said
    assert TRADE not in said
    assert TRADE not in str(shown)
    chinese = terminal.say("orders", "show", order_id, "--language", "zh")
    assert "渠道通知" in chinese
    assert _balance(terminal) == "15.27777779"


def test_what_happened_is_told_in_the_order_of_time(terminal: Terminal, account: str) -> None:
    order_id = _epay_order(terminal)["order_id"]
    terminal.office(lambda office: notify(office, order_id, trade_no=TRADE, money="1.00"))
    terminal.office(lambda office: notify(office, order_id, trade_no=TRADE))
    terminal.ask("orders", "looked-at", order_id, "--reason", "told the customer", "--by", "Bob")
    said = terminal.say("orders", "show", order_id)
    timeline = said[said.index("WHAT HAPPENED") :].splitlines()
    times = [line.split()[0] for line in timeline if line.startswith("20")]
    assert len(times) == 6
    assert times == sorted(times)
    assert "told the customer" in timeline[-1]


def test_pay_prints_where_to_pay_and_nothing_more(terminal: Terminal, account: str) -> None:
    link = terminal.run("orders", "pay", _epay_order(terminal)["order_id"])
    assert link.stdout.startswith("http://127.0.0.1:9/submit.php?")
    assert link.stdout.count("\n") == 1
    assert link.stderr == "Open this address to pay:\n"
    order = _order(terminal)
    assert terminal.ask("orders", "pay", order) == {
        "order_id": order, "pay_by": "transfer", "content": f"IBAN DE00 1234, write {order[-12:].upper()}",
    }  # fmt: skip
    assert terminal.ask("orders", "show", order)["state"] == "processing"


def test_a_payment_that_was_seen_is_confirmed_once(terminal: Terminal, account: str) -> None:
    order = _order(terminal)
    approval = terminal.ask("orders", "confirm", order, *SEEN, stdin=TRADE + "\n")
    assert (approval["state"], approval["action"], approval["subject"]) == ("approved", "order_confirm", order)
    assert TRADE not in str(approval)
    assert _balance(terminal) == "110.00"
    error = terminal.ask("orders", "confirm", order, *SEEN, "--number", TRADE, status=1)["error"]
    assert (error["code"], error["parameters"]) == ("order_already_paid", {"order": order})
    # The same payment for another order.
    other = _order(terminal)
    assert "order_not_changed" in terminal.complain("orders", "confirm", other, *SEEN, "--number", TRADE)
    assert _balance(terminal) == "110.00"
    found = terminal.ask("orders", "find", stdin=TRADE + "\n")["orders"]
    assert [one["order_id"] for one in found] == [order]
    assert "No payment of this number" in terminal.say("orders", "find", "--number", "4711")


def test_a_large_payment_waits_for_another_person(terminal: Terminal, account: str) -> None:
    order = _order(terminal, format_nanos(APPROVAL_CAP + 10_000_000))
    said = terminal.say("orders", "confirm", order, *SEEN, "--number", TRADE)
    assert "waits for another person; until then nothing is done" in said
    [approval] = terminal.ask("approvals", "list", "--subject", order)["approvals"]
    terminal.ask("approvals", "approve", approval["approval_id"], "--by", "Bob")
    assert terminal.ask("orders", "show", order)["state"] == "paid"


def test_a_refund_is_proposed_sent_and_confirmed(terminal: Terminal, account: str) -> None:
    order = _paid(terminal)
    assert terminal.ask("orders", "refundable", order)["refundable"] == "100.00"
    approval = terminal.ask(
        "orders", "refund", order, "--amount", "40", "--source-id", "ticket 1", "--reason", "half of it", "--by", "Ada"
    )
    assert (approval["state"], approval["amount"]) == ("approved", "40.00")
    [refund] = terminal.ask("orders", "show", order)["refunds"]
    assert refund["state"] == "sending"
    said = terminal.say("orders", "show", order)
    assert refund["refund_id"] in said
    assert "half of it" in said
    done = terminal.ask("orders", "confirm-refund", refund["refund_id"], "--state", "succeeded", "--by", "Bob")
    assert (done["state"], done["amount"], done["currency"]) == ("succeeded", "40.00", "USD")
    assert terminal.ask("orders", "show", order)["state"] == "partly_refunded"
    again = terminal.complain("orders", "confirm-refund", refund["refund_id"], "--state", "failed", "--by", "Bob")
    assert "refund_ended" in again
    more = ("--source-id", "ticket 2", "--amount", "60.01", "--reason", "r", "--by", "Ada")
    refused = terminal.ask("orders", "refund", order, *more, status=1)
    assert refused["error"]["code"] == "refund_exceeds_credit"


def test_a_dispute_is_recorded_and_decided(terminal: Terminal, account: str) -> None:
    order = _paid(terminal)
    options = ("--reason", "the bank has called", "--by", "Ada")
    assert terminal.ask("orders", "dispute", order, "--state", "open", *options)["state"] == "approved"
    said = terminal.say("orders", "show", order)
    assert "Disputes:" in said
    assert "state              disputed" in said
    terminal.ask("orders", "dispute", order, "--state", "lost", *options)
    assert terminal.ask("orders", "show", order)["state"] == "refunded"
    assert _balance(terminal) == "0.00"


def test_an_order_is_called_off_and_asked_about(terminal: Terminal, account: str) -> None:
    order = _order(terminal)
    asked = terminal.ask("orders", "ask", order)
    assert (asked["outcome"], asked["order"]["state"]) == ("noted", "created")
    assert "(noted)" in terminal.say("orders", "ask", order)
    assert terminal.ask("orders", "cancel", order, "--by", "Ada")["state"] == "cancelled"
    paid = _paid(terminal)
    assert "order_not_payable" in terminal.complain("orders", "cancel", paid, "--by", "Ada")
    epay = _epay_order(terminal)["order_id"]
    terminal.say("orders", "pay", epay)
    assert "provider_unavailable" in terminal.complain("orders", "ask", epay)


def test_orders_of_one_intention_are_the_same_or_shown_together(terminal: Terminal, account: str) -> None:
    first = _order(terminal, "100", "--intention-key", "click 1")
    assert _order(terminal, "100", "--intention-key", "click 1") == first
    refused = terminal.complain(
        "orders", "create", "Acme", "101", "--provider", "bank", "--by", "Ada", "--intention-key", "click 1"
    )
    assert "operation_key_reused" in refused
    second, third = _order(terminal, "50"), _order(terminal, "50")
    said = terminal.say("orders", "show", third)
    assert "Other orders of the same intention:" in said
    assert second in said[said.index("Other orders") :]
    assert "Other orders" not in terminal.say("orders", "show", first)


def test_orders_are_listed_newest_first_and_filtered(terminal: Terminal, account: str) -> None:
    assert terminal.say("orders", "list") == "No such orders.\n"
    made = [_order(terminal, str(n + 1)) for n in range(3)]
    theirs = _epay_order(terminal)["order_id"]
    terminal.office(lambda office: notify(office, theirs, trade_no=TRADE, money="1.00"))

    def listed(*options: str) -> list[str]:
        return [one["order_id"] for one in terminal.ask("orders", "list", *options)["orders"]]

    assert listed() == [theirs, *made[::-1]]
    assert listed("--provider", "bank", "--account", "Acme", "--state", "created") == made[::-1]
    assert listed("--attention") == [theirs]
    page = terminal.ask("orders", "list", "--most", "2")
    assert page["next"] == made[2]
    assert listed("--before", made[2]) == [made[1], made[0]]
    assert "amount_differs" in terminal.say("orders", "list", "--attention")
    said = terminal.say("orders", "show", theirs)
    assert "attention          amount_differs" in said


def test_notices_are_listed(terminal: Terminal, account: str) -> None:
    order = _epay_order(terminal)["order_id"]
    terminal.office(lambda office: notify(office, order, trade_no=TRADE, key="another-key-0123456789"))
    terminal.office(lambda office: notify(office, order, trade_no=TRADE))
    found = terminal.ask("orders", "notices")["notices"]
    assert [one["outcome"] for one in found] == ["credited", "notice_signature_wrong"]
    assert terminal.ask("orders", "notices", "--refused")["notices"] == found[1:]
    page = terminal.ask("orders", "notices", "--most", "1")
    assert terminal.ask("orders", "notices", "--before", page["next"])["notices"] == found[1:]
    said = terminal.say("orders", "notices")
    assert order in said
    assert TRADE not in said
    assert terminal.say("orders", "notices", "--provider", "bank") == "No such notices.\n"


def test_a_secret_is_asked_for_or_named_and_never_shown(terminal: Terminal, account: str) -> None:
    shown = terminal.ask("orders", "providers")["providers"]
    assert [(one["name"], one["secrets"]) for one in shown] == [("bank", {}), ("cashier", {"key": "sealed"})]
    said = terminal.say("orders", "set-provider-secret", "cashier", "--secret-env", "key=EPAY_KEY")
    assert "key: environment variable EPAY_KEY" in said
    again = terminal.run(
        "orders", "set-provider-secret", "cashier", "--ask-secret", "key", stdin="another-secret-0123456789"
    )
    assert (again.exit_code, "another-secret" in again.output) == (0, False)
    assert "key: sealed" in terminal.say("orders", "providers")
    for stdin, options in (
        ("", ("--ask-secret", "key")),
        ("short", ("--ask-secret", "key")),
        ("x" * 10_001, ("--ask-secret", "key")),
        (EPAY_KEY, ("--ask-secret", "key", "--ask-secret", "key")),
        (EPAY_KEY, ("--ask-secret", "key", "--secret-env", "key=EPAY_KEY")),
        (None, ("--secret-env", EPAY_KEY)),
        (None, ("--secret-env", f"key={EPAY_KEY}")),
        (None, ("--secret-env", "key=A", "--secret-env", "key=B")),
        (None, ()),
    ):
        wrong = terminal.run("orders", "set-provider-secret", "cashier", *options, stdin=stdin)
        assert wrong.exit_code == 2, options
        assert EPAY_KEY not in wrong.output
    assert "key: sealed" in terminal.say("orders", "providers")


def test_several_secrets_come_on_a_line_each_and_one_may_have_lines(terminal: Terminal, tmp_path: Path) -> None:
    options = ("--kind", "stripe", "--merchant", "acct_1", "--currency", "USD")
    added = terminal.ask(
        "orders", "add-provider", "card", *options, "--ask-secret", "api_key", "--ask-secret", "webhook_secret",
        stdin="sk_test_0123456789\nwhsec_0123456789abcdef\n",
    )  # fmt: skip
    assert added["secrets"] == {"api_key": "sealed", "webhook_secret": "sealed"}
    # Two while it is rotated, as one secret.
    rotated = ("orders", "set-provider-secret", "card", "--ask-secret", "webhook_secret")
    terminal.ask(*rotated, stdin="whsec_0123456789abcdef\nwhsec_abcdef0123456789\n")


def test_a_provider_is_changed_and_disabled(terminal: Terminal, account: str) -> None:
    changed = terminal.ask("orders", "change-provider", "cashier", "--merchant", "1002", "--setting", "type=wxpay")
    assert (changed["merchant"], changed["settings"], changed["currencies"]) == ("1002", {"type": "wxpay"}, ["CNY"])
    assert terminal.ask("orders", "disable-provider", "bank")["status"] == "disabled"
    refused = terminal.complain("orders", "create", "Acme", "1", "--provider", "bank", "--by", "Ada")
    assert "provider_disabled" in refused
    assert terminal.ask("orders", "enable-provider", "bank")["status"] == "active"
    assert "provider_not_found" in terminal.complain("orders", "enable-provider", "nobody")
    wrong = terminal.ask("orders", "change-provider", "cashier", "--merchant", "no word", status=2)["error"]
    assert (wrong["code"], wrong["parameters"]["field"]) == ("provider_settings_wrong", "merchant")


def test_rates_and_bonuses_are_set_and_listed(terminal: Terminal, account: str) -> None:
    rate = terminal.ask("orders", "set-rate", "CNY", "USD", "7", "--ratio", "0.98", "--by", "Bob")
    assert (rate["rate"], rate["ratio"], rate["set_by"]) == ("7", "0.98", "Bob")
    assert [one["rate"] for one in terminal.ask("orders", "rates")["rates"]] == ["7", "0.138888889"]
    assert "0.138888889" in terminal.say("orders", "rates")
    bonus = terminal.ask("orders", "add-bonus", "winter", "--percent", "12.3456", "--fixed", "0.5")
    assert (bonus["share_percent"], bonus["fixed"], bonus["least"]) == ("12.3456", "0.50", "0.00")
    assert terminal.say("orders", "end-bonus", "summer") == "Ended summer.\n"
    assert "not_found" in terminal.complain("orders", "end-bonus", "summer")
    assert "already_exists" in terminal.complain("orders", "add-bonus", "winter", "--percent", "1")
    assert [one["ends_at"] is None for one in terminal.ask("orders", "bonuses")["bonuses"]] == [True, False]
    for arguments in (
        ("set-rate", "CNY", "USD", "0.1234567891", "--by", "Ada"),
        ("set-rate", "CNY", "USD", "0", "--by", "Ada"),
        ("set-rate", "cny", "USD", "1", "--by", "Ada"),
        ("add-bonus", "x", "--percent", "1.23456"),
        ("add-bonus", "x"),
    ):
        terminal.complain("orders", *arguments, status=2)


def test_what_cannot_be_read_is_refused(terminal: Terminal, account: str) -> None:
    order = _order(terminal)
    for arguments, code in (
        (("create", "Acme", "1e3", "--provider", "bank", "--by", "Ada"), "amount_unreadable"),
        (("create", "Acme", "0", "--provider", "bank", "--by", "Ada"), "amount_not_positive"),
        (("create", "Acme", "0.001", "--provider", "bank", "--by", "Ada"), "amount_unreadable"),
        (("create", "Acme", "1", "--provider", "bank", "--by", " "), "bad_request"),
        (("confirm", order, "--number", " ", "--reason", "r", "--by", "Ada"), "bad_request"),
        (("confirm", order, "--number", "1", "--reason", " ", "--by", "Ada"), "bad_request"),
        (("show", "ref_" + "0" * 32), "id_unreadable"),
        (("confirm-refund", order, "--state", "failed", "--by", "Ada"), "id_unreadable"),
    ):
        assert terminal.ask("orders", *arguments, status=2)["error"]["code"] == code
    for arguments, code in (
        (("create", "Nobody", "1", "--provider", "bank", "--by", "Ada"), "account_not_found"),
        (("create", "Acme", "1", "--provider", "nobody", "--by", "Ada"), "provider_not_found"),
        (("create", "Acme", "1", "--currency", "EUR", "--provider", "bank", "--by", "Ada"), "provider_currency"),
        (("show", "ord_" + "0" * 32), "order_not_found"),
        (("confirm-refund", "ref_" + "0" * 32, "--state", "failed", "--by", "Ada"), "refund_not_found"),
        (("refund", order, "--source-id", "s", "--reason", "r", "--by", "Ada"), "order_not_refundable"),
        (("dispute", order, "--state", "open", "--reason", "r", "--by", "Ada"), "order_not_paid"),
    ):
        assert terminal.ask("orders", *arguments, status=1)["error"]["code"] == code
    for arguments in (
        ("create", "Acme", "1", "--provider", "bank"),
        ("refund", order, "--by", "Ada"),
        ("dispute", order),
    ):
        terminal.complain("orders", *arguments, status=2)
