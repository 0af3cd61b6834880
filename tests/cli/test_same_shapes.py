"""The terminal and the API tell the same of the same thing, under the same names."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from api.conftest import services_on
from api.served import application_on
from api.till import EPAY_KEY, notify
from api.wiring import APPROVAL_CAP, Office
from cli.conftest import Terminal
from counterfoil.foundation.ids import read_id, show_id
from tasks.studio import Studio


def _over_rest(terminal: Terminal, *paths: str) -> list[Any]:
    async def ask(office: Office) -> list[Any]:
        transport = httpx2.ASGITransport(app=application_on(services_on(office)))
        headers = {"authorization": f"Bearer {office.data_directory.operator_token}"}
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            return [(await client.get(path)).json() for path in paths]

    return terminal.office(ask)


@pytest.fixture
def account(terminal: Terminal) -> str:
    account_id: str = terminal.ask("accounts", "create", "Acme")["account_id"]
    terminal.ask("ledger", "credit", "Acme", "1", "--source-id", "order 1")
    return account_id


def test_accounts_money_people_and_limits(terminal: Terminal, account: str) -> None:
    member = terminal.ask("members", "add", "Acme", "ada@example.com")
    group = terminal.ask("groups", "create", "Acme", "research")
    key = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")
    del key["token"]
    terminal.ask("limits", "set", "--account", "Acme", "--money", "5")
    terminal.ask("limits", "set", "--account", "Acme", "--in-flight", "5")
    own = f"/accounts/{account}"
    rest = _over_rest(
        terminal, own, f"{own}/grants", f"{own}/transfers", f"{own}/groups", f"{own}/keys", f"{own}/members",
        f"{own}/limits", f"{own}/balance",
    )  # fmt: skip
    assert rest[0] == terminal.ask("accounts", "show", "Acme")
    assert rest[1]["items"] == terminal.ask("ledger", "grants", "Acme")["grants"]
    assert rest[2]["items"] == terminal.ask("ledger", "transfers", "Acme")["transfers"]
    assert rest[3]["items"] == [group]
    assert rest[4]["items"] == [key]
    assert rest[5]["items"] == [member]
    assert rest[6]["items"] == terminal.ask("limits", "list", "--account", "Acme")["limits"]
    assert rest[7].keys() == terminal.ask("ledger", "balance", "Acme").keys()


def test_what_is_done_with_duplicates(terminal: Terminal, account: str) -> None:
    group = terminal.ask("groups", "create", "Acme", "research", "--duplicate-window", "30")
    key = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci", "--duplicate-policy", "block")
    del key["token"]
    terminal.ask("accounts", "duplicates", "Acme", "--policy", "block", "--window", "60")
    own = f"/accounts/{account}"
    rest = _over_rest(terminal, f"{own}/duplicates", f"{own}/groups/{group['group_id']}", f"{own}/keys/{key['key_id']}")
    assert rest == [terminal.ask("accounts", "duplicates", "Acme"), group, key]


def test_approvals(terminal: Terminal, account: str) -> None:
    approvals = [
        show_id(
            "approval",
            terminal.office(
                lambda office, amount=amount: office.propose(read_id("account", account), amount)
            ).approval_id,
        )  # type: ignore[misc]
        for amount in (1, APPROVAL_CAP + 1)
    ]
    terminal.ask("approvals", "approve", approvals[1], "--by", "Bob")
    rest = _over_rest(terminal, "/approvals", *(f"/approvals/{one}" for one in approvals))
    assert rest[0]["items"] == terminal.ask("approvals", "list")["approvals"]
    assert rest[1:] == [terminal.ask("approvals", "show", one) for one in approvals]


def test_orders_their_providers_and_terms(terminal: Terminal, account: str) -> None:
    bank = (
        "--kind",
        "bank",
        "--merchant",
        "Counterfoil",
        "--currency",
        "USD",
        "--setting",
        "instructions=IBAN {reference}",
    )
    terminal.ask("orders", "add-provider", "bank", *bank)
    cashier = ("--kind", "epay", "--merchant", "1001", "--base-url", "http://127.0.0.1:9", "--ask-secret", "key")
    terminal.ask("orders", "add-provider", "cashier", *cashier, stdin=EPAY_KEY)
    terminal.ask("orders", "set-rate", "CNY", "USD", "0.138888889", "--ratio", "0.98", "--by", "Ada")
    terminal.ask("orders", "add-bonus", "summer", "--percent", "10", "--days", "30")
    orders = [
        terminal.ask("orders", "create", "Acme", "10", "--provider", "bank", "--by", "Ada")["order_id"]
        for _ in range(2)
    ]
    paid = terminal.ask("orders", "create", "Acme", "9", "--currency", "CNY", "--provider", "cashier", "--by", "Ada")
    terminal.office(lambda office: notify(office, paid["order_id"], trade_no="2026110122001", money="9.00"))
    by = ("--reason", "why not", "--by", "Ada")
    terminal.ask("orders", "confirm", orders[0], *by, stdin="bank-4711-0815\n")
    approval = terminal.ask("orders", "refund", orders[0], "--amount", "3", "--source-id", "ticket 1", *by)
    terminal.ask("orders", "dispute", orders[0], "--state", "open", *by)
    rest = _over_rest(
        terminal, "/orders", *(f"/orders/{one}" for one in (*orders, paid["order_id"])),
        f"/orders/{orders[0]}/refundable", "/notices", "/payment-providers", "/exchange-rates", "/bonus-rules",
        f"/approvals/{approval['approval_id']}",
    )  # fmt: skip
    assert rest[0]["items"] == terminal.ask("orders", "list")["orders"]
    assert rest[1:4] == [terminal.ask("orders", "show", one) for one in (*orders, paid["order_id"])]
    assert (len(rest[1]["refunds"]), len(rest[1]["disputes"]), len(rest[2]["siblings"]), len(rest[3]["notices"])) == (
        1, 1, 1, 1,
    )  # fmt: skip
    assert rest[4] == terminal.ask("orders", "refundable", orders[0])
    assert rest[5]["items"] == terminal.ask("orders", "notices")["notices"]
    assert rest[6]["items"] == terminal.ask("orders", "providers")["providers"]
    assert rest[7]["items"] == terminal.ask("orders", "rates")["rates"]
    assert rest[8]["items"] == terminal.ask("orders", "bonuses")["bonuses"]
    assert {**approval, "events": rest[9]["events"]} == rest[9]


def test_invoices(terminal: Terminal, account: str) -> None:
    bank = (
        "--kind",
        "bank",
        "--merchant",
        "Counterfoil",
        "--currency",
        "USD",
        "--setting",
        "instructions=IBAN {reference}",
    )
    terminal.ask("orders", "add-provider", "bank", *bank)
    order = terminal.ask("orders", "create", "Acme", "10", "--provider", "bank", "--by", "Ada")["order_id"]
    terminal.ask("orders", "confirm", order, "--reason", "seen", "--by", "Ada", stdin="bank-4711-0815\n")
    asked = terminal.ask(
        "orders", "invoice-request", order, "--legal-name", "Acme Ltd", "--tax-id", "12-345 678", "--by", "Ada"
    )
    issued = terminal.ask("orders", "invoice-issue", asked["invoice_id"], "--number", "7", "--by", "Fin")
    rest = _over_rest(terminal, "/invoice-requests", f"/invoice-requests/{asked['invoice_id']}")
    assert rest[0]["items"] == terminal.ask("orders", "invoices")["invoices"] == [issued]
    assert rest[1] == issued


def test_codes_and_tries(terminal: Terminal, account: str) -> None:
    made = terminal.ask("codes", "create", "--name", "spring", "--value", "10", "--grant-days", "30")
    code = terminal.ask("codes", "redeem", "Acme", made["codes"][0])
    batch = made["batch_id"]
    rest = _over_rest(
        terminal, "/code-batches", f"/code-batches/{batch}", f"/code-batches/{batch}/codes", f"/codes/{code['code_id']}",
        "/code-tries",
    )  # fmt: skip
    assert rest[0]["items"] == terminal.ask("codes", "list")["batches"]
    assert rest[1] == terminal.ask("codes", "show", batch)
    assert rest[2]["items"] == terminal.ask("codes", "list", batch)["codes"]
    assert rest[3] == terminal.ask("codes", "show", code["code_id"])
    assert rest[4]["items"] == terminal.ask("codes", "tries")["tries"] != []


def test_tasks_submissions_and_their_requests(terminal: Terminal, account: str, studio: Studio) -> None:
    async def sell(office: Office) -> None:
        await office.sell()
        await office.sell_films(studio.url)

    terminal.office(sell)
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci", "--duplicate-policy", "block")["token"]
    first = terminal.office(lambda office: office.film(token, fingerprint=bytes(32)))
    terminal.office(lambda office: office.film(token, fingerprint=bytes(32)))
    for n in range(10):
        terminal.office(lambda office, n=n: office.call(token, output_tokens=1, fingerprint=b"a" * 32))  # type: ignore[misc]
    task, submission = show_id("task", first), show_id("submission", first)
    studio.film_of(task).status = "completed"
    terminal.ask("tasks", "poll", task)
    rest = _over_rest(
        terminal, "/tasks", f"/tasks/{task}", "/submissions", f"/submissions/{submission}",
        f"/accounts/{account}/loops", f"/accounts/{account}/bursts", "/requests",
    )  # fmt: skip
    assert rest[0]["items"] == terminal.ask("tasks", "list")["tasks"]
    assert rest[1] == terminal.ask("tasks", "show", task)
    assert rest[2]["items"] == terminal.ask("submissions", "list")["submissions"]
    assert rest[3] == terminal.ask("submissions", "show", submission)
    assert (rest[3]["copies"], rest[3]["blocked"]) == (2, 1)
    assert rest[4]["items"] == terminal.ask("submissions", "loops")["submissions"] != []
    assert rest[5]["items"] == terminal.ask("submissions", "bursts", "Acme")["bursts"]
    assert rest[6]["items"] == terminal.ask("requests", "list")["requests"]


def test_upstreams_prices_and_requests(terminal: Terminal, account: str) -> None:
    terminal.office(lambda office: office.sell())
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    requests = [
        show_id("request", terminal.office(lambda office, n=n: office.call(token, output_tokens=n)))  # type: ignore[misc]
        for n in (100, 5000)
    ]
    rest = _over_rest(
        terminal, "/upstreams", "/prices/books/customer", "/requests", *(f"/requests/{one}" for one in requests),
        "/ledger/sums",
    )  # fmt: skip
    assert rest[0]["items"] == terminal.ask("upstreams", "list")["upstreams"]
    assert rest[1]["items"] == terminal.ask("prices", "show")["prices"]
    assert rest[2]["items"] == terminal.ask("requests", "list")["requests"]
    # The API tells the course of a request as well, for the console's readers.
    for one in rest[3:5]:
        assert one.pop("course")
    assert rest[3:5] == [terminal.ask("requests", "show", one) for one in requests]
    assert rest[5] == terminal.ask("ledger", "sums")


def test_channels_and_when_an_account_is_warned(terminal: Terminal, account: str) -> None:
    channel = terminal.ask("alerts", "add-channel", "webhook", "--account", "Acme", stdin="https://h.example/x\n")
    del channel["secret"]
    rules = terminal.ask("alerts", "set", "Acme", "--low-balance", "7", "--off", "spend_spike")
    rest = _over_rest(
        terminal, "/alerts/channels", f"/accounts/{account}/alerts", "/alerts/kinds", "/alerts/deliveries"
    )
    assert rest[0]["items"] == [channel] == terminal.ask("alerts", "channels")["channels"]
    assert rest[1] == rules == terminal.ask("alerts", "rules", "Acme")
    assert rest[2]["items"] == terminal.ask("alerts", "kinds")["kinds"]
    assert rest[3]["items"] == terminal.ask("alerts", "log")["deliveries"] == []


def test_where_money_went(terminal: Terminal, account: str) -> None:
    end = "2025-06-01T00:00:00Z"
    (rest,) = _over_rest(terminal, f"/accounts/{account}/waterfall?to={end}")
    assert rest == terminal.ask("accounts", "waterfall", "Acme", "--to", end)
