"""Tasks from the terminal: how they stand, asking for news, their end, and giving a charge back."""

from __future__ import annotations

from typing import Any

import pytest

from api.wiring import Office
from cli.conftest import Terminal
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import show_id
from tasks.studio import Studio


@pytest.fixture
def token(terminal: Terminal, studio: Studio) -> str:
    """A key of Acme, which has 10.00; a film costs 0.80."""

    async def sell(office: Office) -> None:
        await office.sell()
        await office.sell_films(studio.url)

    terminal.ask("accounts", "create", "Acme")
    terminal.ask("ledger", "credit", "Acme", "10.00", "--source-id", "order 1")
    terminal.office(sell)
    made: str = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]
    return made


def film(terminal: Terminal, token: str, **fields: Any) -> str:
    return show_id("task", terminal.office(lambda office: office.film(token, **fields)))


def test_a_task_is_shown_with_its_state_beside_the_upstreams_and_its_money(
    terminal: Terminal, studio: Studio, token: str
) -> None:
    task = film(terminal, token)
    shown = terminal.ask("tasks", "show", task)
    assert (shown["state"], shown["raw_state"], shown["charge_mark"], shown["held"]) == (
        "queued", "queued", "held", "0.80",
    )  # fmt: skip
    assert [event["source"] for event in shown["events"]] == ["submit", "submit"]
    said = terminal.say("tasks", "show", task)
    assert "A model service has taken the task and not started on it" in said
    assert "0.80 USD" in said
    assert "最高费用已经预留" in terminal.say("tasks", "show", task, "--language", "zh")
    studio.film_of(task).status = "in_progress"
    polled = terminal.ask("tasks", "poll", task)
    assert (polled["state"], polled["raw_state"], polled["polls"]) == ("running", "in_progress", 1)


def test_tasks_are_listed_newest_first_and_filtered(terminal: Terminal, token: str) -> None:
    tasks = [film(terminal, token) for _ in range(3)]
    terminal.ask("tasks", "cancel", tasks[0])

    def listed(*options: str) -> list[str]:
        return [one["task_id"] for one in terminal.ask("tasks", "list", *options)["tasks"]]

    assert listed() == tasks[::-1]
    assert listed("--account", "Acme", "--state", "cancelled") == [tasks[0]]
    assert listed("--kind", "image") == []
    key = terminal.ask("tasks", "show", tasks[0])["key_id"]
    assert listed("--key", key, "--kind", "video") == tasks[::-1]
    page = terminal.ask("tasks", "list", "--most", "2")
    assert page["next"] == tasks[1]
    assert listed("--before", page["next"]) == [tasks[0]]
    assert tasks[2] in terminal.say("tasks", "list")
    assert terminal.say("tasks", "list", "--kind", "speech") == "No such tasks.\n"


def test_a_cancelled_task_costs_what_the_price_book_says(terminal: Terminal, studio: Studio, token: str) -> None:
    queued, running = film(terminal, token), film(terminal, token)
    studio.film_of(running).status = "in_progress"
    terminal.ask("tasks", "poll", running)
    ended = [terminal.ask("tasks", "cancel", one) for one in (queued, running)]
    assert [(one["state"], one["charge_mark"], one["charged"]) for one in ended] == [
        ("cancelled", "not_charged", "0.00"), ("cancelled", "charged", "0.40"),
    ]  # fmt: skip
    assert [event["source"] for event in ended[0]["events"] if event["note"] == "cancel requested"] == ["operator"]
    balance = terminal.ask("ledger", "balance", "Acme")
    assert (balance["posted"], balance["held"]) == ("9.60", "0.00")


def test_a_task_that_is_done_is_not_cancelled(terminal: Terminal, studio: Studio, token: str) -> None:
    task = film(terminal, token)
    studio.film_of(task).status = "completed"
    terminal.ask("tasks", "poll", task)
    assert "task_not_cancellable" in terminal.complain("tasks", "cancel", task)
    assert terminal.ask("tasks", "show", task)["charged"] == "0.80"


def test_one_task_or_those_that_are_due_are_asked_about(terminal: Terminal, studio: Studio, token: str) -> None:
    task = film(terminal, token)
    assert "give a task, or --due" in terminal.complain("tasks", "poll", status=2)
    assert "give a task, or --due" in terminal.complain("tasks", "poll", task, "--due", status=2)
    assert terminal.ask("tasks", "poll", "--due") == {"polled": 0}
    studio.film_of(task).status = "completed"
    assert terminal.ask("tasks", "poll", task)["charge_mark"] == "charged"
    assert terminal.say("tasks", "poll", "--due") == "Tasks asked about: 0\n"


def test_a_charge_is_given_back_once_whoever_asks_how_often(terminal: Terminal, studio: Studio, token: str) -> None:
    task = film(terminal, token)
    refund = ("tasks", "refund", task, "--reason", "not what was asked for")
    assert "task_not_refundable" in terminal.complain(*refund)
    studio.film_of(task).status = "completed"
    terminal.ask("tasks", "poll", task)
    first = terminal.ask(*refund)
    assert first == {
        "task_id": task, "source_id": task, "currency": "USD", "refunded_nanos": 800_000_000, "refunded": "0.80",
    }  # fmt: skip
    assert terminal.ask(*refund) == first
    assert "nothing_to_refund" in terminal.complain(*refund, "--source", "ticket 1")
    assert terminal.ask("tasks", "show", task)["charge_mark"] == "refunded"
    assert terminal.ask("ledger", "balance", "Acme")["posted"] == "10.00"


def test_a_part_of_a_charge_is_given_back(terminal: Terminal, studio: Studio, token: str) -> None:
    task = film(terminal, token)
    studio.film_of(task).status = "completed"
    terminal.ask("tasks", "poll", task)
    part = ("tasks", "refund", task, "--reason", "blurred", "--amount", "0.30", "--source", "ticket 1")
    assert "partly_refunded" in terminal.say(*part)
    assert terminal.ask("tasks", "show", task)["refunded"] == "0.30"


def test_a_task_is_explained(terminal: Terminal, studio: Studio, token: str) -> None:
    task = film(terminal, token)
    film_made = studio.film_of(task)
    film_made.status, film_made.fields = "failed", {"error": {"code": "bad_prompt", "message": "Not allowed."}}
    terminal.ask("tasks", "poll", task)
    explained = terminal.ask("explain", task)
    assert (explained["subject"], explained["charge_mark"]) == (task, "not_charged")
    assert (explained["facts"]["task_state"], explained["facts"]["failure_reason"]) == ("failed", "Not allowed.")
    assert "what was reserved has been released" in terminal.say("explain", task)


def test_what_is_not_on_record_is_not_found(terminal: Terminal) -> None:
    missing = show_id("task", SystemClock().new_id())
    for what in (("show",), ("cancel",), ("poll",), ("refund", "--reason", "r")):
        assert "task_not_found" in terminal.complain("tasks", what[0], missing, *what[1:])
    assert "id_unreadable" in terminal.complain("tasks", "show", missing.replace("task_", "req_"), status=2)
