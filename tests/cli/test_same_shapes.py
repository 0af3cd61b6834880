"""The terminal and the API tell the same of the same thing, under the same names."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from api.wiring import Office
from cli.conftest import Terminal
from counterfoil.api.application import build_application
from counterfoil.api.services import Services
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from tasks.studio import Studio


def _over_rest(terminal: Terminal, *paths: str) -> list[Any]:
    async def ask(office: Office) -> list[Any]:
        services = Services(
            is_operator=lambda _: True, default_language=Language.EN, clock=office.clock, ledger=office.ledger,
            checkpoints=office.checkpoints, limits=office.limits, members=office.members, prices=office.prices,
            spend=office.spend, submissions=office.submissions, tasks=office.tasks, upstreams=office.upstreams, test_upstream=office.probes.test,
        )  # fmt: skip
        transport = httpx2.ASGITransport(app=build_application(services))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
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
    assert rest[3:5] == [terminal.ask("requests", "show", one) for one in requests]
    assert rest[5] == terminal.ask("ledger", "sums")
