"""Approvals from the terminal: what waits, and deciding it."""

from __future__ import annotations

import pytest

from api.wiring import APPROVAL_CAP
from cli.conftest import Terminal
from counterfoil.foundation.ids import read_id, show_id

OVER = APPROVAL_CAP + 10_000_000


@pytest.fixture
def account(terminal: Terminal) -> str:
    account_id: str = terminal.ask("accounts", "create", "Acme")["account_id"]
    return account_id


def propose(terminal: Terminal, account: str, amount: int = OVER, **fields: str) -> str:
    approval = terminal.office(lambda office: office.propose(read_id("account", account), amount, **fields))
    return show_id("approval", approval.approval_id)


def balance(terminal: Terminal) -> str:
    posted: str = terminal.ask("accounts", "show", "Acme")["posted"]
    return posted


def test_a_proposal_is_shown_and_approved_by_another_person(terminal: Terminal, account: str) -> None:
    approval = propose(terminal, account)
    said = terminal.say("approvals", "show", approval)
    assert "500.01 USD" in said
    assert "waits for another person; until then nothing is done" in said
    assert "等另一个人决定" in terminal.say("approvals", "show", approval, "--language", "zh")

    refused = terminal.complain("approvals", "approve", approval, "--by", "ada")
    assert "approval_same_person" in refused
    assert balance(terminal) == "0.00"

    done = terminal.ask("approvals", "approve", approval, "--by", "Bob", "--reason", "I was there")
    assert (done["state"], done["policy"], done["decided_by"], done["decision_reason"]) == (
        "approved", "two_people", "Bob", "I was there",
    )  # fmt: skip
    assert [event["state"] for event in done["events"]] == ["proposed", "approved"]
    assert balance(terminal) == "500.01"
    assert terminal.ask("approvals", "show", approval) == done

    error = terminal.ask("approvals", "approve", approval, "--by", "Cyn", status=1)["error"]
    assert (error["code"], error["parameters"]["state"], error["parameters"]["by"]) == (
        "approval_decided", "approved", "Bob",
    )  # fmt: skip
    assert balance(terminal) == "500.01"


def test_a_proposal_is_rejected_or_withdrawn(terminal: Terminal, account: str) -> None:
    first, second = propose(terminal, account), propose(terminal, account, subject="ticket 2")
    assert terminal.ask("approvals", "reject", first, "--by", "Bob", "--reason", "not ours")["state"] == "rejected"
    assert "approval_not_proposer" in terminal.complain("approvals", "withdraw", second, "--by", "Bob")
    assert terminal.ask("approvals", "withdraw", second, "--by", "Ada")["state"] == "withdrawn"
    assert balance(terminal) == "0.00"


def test_approvals_are_listed_newest_first_and_filtered(terminal: Terminal, account: str) -> None:
    assert terminal.say("approvals", "list") == "No such approvals.\n"
    made = [propose(terminal, account, subject=f"ticket {n}") for n in range(3)]
    alone = propose(terminal, account, 1)

    def listed(*options: str) -> list[str]:
        return [one["approval_id"] for one in terminal.ask("approvals", "list", *options)["approvals"]]

    assert listed() == [alone, *made[::-1]]
    assert listed("--state", "proposed", "--account", "Acme") == made[::-1]
    assert listed("--subject", "ticket 2") == [made[2]]
    assert listed("--action", "order_dispute") == []
    page = terminal.ask("approvals", "list", "--most", "2")
    assert page["next"] == made[2]
    assert listed("--before", made[2]) == [made[1], made[0]]
    said = terminal.say("approvals", "list", "--state", "proposed")
    assert said.splitlines()[0].split() == [
        "APPROVAL",
        "PROPOSED",
        "ACTION",
        "SUBJECT",
        "AMOUNT",
        "BY",
        "STATE",
        "DECIDED",
        "BY",
    ]
    assert "500.01 USD" in said


def test_who_decides_must_be_said(terminal: Terminal, account: str) -> None:
    approval = propose(terminal, account)
    assert "--by" in terminal.complain("approvals", "approve", approval, status=2)
    assert terminal.ask("approvals", "approve", approval, "--by", " ", status=2)["error"]["code"] == "bad_request"
    assert terminal.ask("approvals", "show", approval)["state"] == "proposed"


def test_what_does_not_exist_is_not_found(terminal: Terminal) -> None:
    assert "approval_not_found" in terminal.complain("approvals", "show", "appr_" + "0" * 32)
    assert "id_unreadable" in terminal.complain("approvals", "show", "ord_1", status=2)
