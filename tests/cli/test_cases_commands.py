"""The support desk from the terminal: the queue, a case step by step, answers, money that goes back, numbers."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.wiring import MODEL, Office
from cli.conftest import Terminal
from cli.test_same_shapes import _over_rest
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.intake_model import Receipt, Sender, Submission
from counterfoil.support.model import Channel

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
BY = ("--by", "Kim")


@dataclass(frozen=True, slots=True)
class Town:
    """A customer with a call that was charged with 2.00, and the number of the case about it."""

    terminal: Terminal
    request: str
    case: str

    def do(self, verb: str, *arguments: str, status: int = 0) -> Any:
        return self.terminal.ask("cases", *verb.split(), self.case, *arguments, *BY, status=status)

    def see(self) -> Any:
        return self.terminal.ask("cases", "show", self.case)


def report(terminal: Terminal, problem: str, *, language: Language = Language.EN, **fields: str) -> str:
    """Ask for help as anybody may, and have the records searched; gives the case's number."""

    async def send(office: Office) -> str:
        submission = Submission(problem=problem, language=language, channel=Channel.FORM, fields=tuple(fields.items()))
        receipt = await office.intake.send(submission, Sender(address="192.0.2.77"))
        assert isinstance(receipt, Receipt), receipt
        await office.cases.diagnosis.diagnose_due()
        return receipt.number

    return terminal.office(send)


@pytest.fixture
def town(terminal: Terminal) -> Town:
    terminal.ask("accounts", "create", "Acme")
    terminal.ask("ledger", "credit", "Acme", "100", "--source-id", "order 1")
    token = terminal.ask("keys", "create", "--account", "Acme", "--name", "ci")["token"]

    async def call(office: Office) -> str:
        await office.sell()
        return show_id("request", await office.call(token, output_tokens=2_000))

    request = terminal.office(call)
    return Town(terminal, request, report(terminal, "failed_perhaps_charged", request_id=request, model=MODEL))


def test_a_case_is_shown_with_its_candidates_and_confirmed_by_its_place(town: Town) -> None:
    said = town.terminal.say("cases", "show", town.case)
    for words in (
        "It failed, and may have been charged",
        "Diagnosed (diagnosed)",
        town.request,
        "Exact",
        "Records searched",
    ):
        assert words in said, words
    chinese = town.terminal.say("cases", "show", town.case, "--language", "zh")
    for words in ("已查明线索", "一致", "核对了记录"):
        assert words in chinese, words
    assert town.do("confirm", "2", status=2)["error"]["parameters"]["field"] == "record"
    confirmed = town.do("confirm", "1")
    assert (confirmed["subject"], confirmed["number"]) == (town.request, town.case)
    assert town.do("reject", town.request)["subject"] is None
    assert town.do("search")["state"] == "diagnosed"


def test_the_queue_is_listed_and_comes_in_pages(town: Town) -> None:
    other = report(town.terminal, "something_else", error_text="nothing works since this morning")
    assert [one["number"] for one in town.terminal.ask("cases", "list")["cases"]] == [town.case, other]
    first = town.terminal.ask("cases", "list", "--most", "1")
    second = town.terminal.ask("cases", "list", "--most", "1", "--after", first["next"])
    assert ([one["number"] for one in second["cases"]], second["next"]) == ([other], None)
    town.do("assign", "--to", "Lee")
    mine = town.terminal.say("cases", "list", "--owner", "Lee")
    assert town.case in mine
    assert other not in mine
    assert "No such cases." in town.terminal.say("cases", "list", "--late")
    town.terminal.complain("cases", "list", "--class", "rain", status=2)


def test_a_case_goes_from_desk_to_desk_and_to_its_end(town: Town) -> None:
    assert town.do("note", "looked into it")["state"] == "diagnosed"
    assert town.do("priority", "urgent")["priority"] == "urgent"
    assert town.do("ask", "--field", "request_time")["state"] == "waiting_for_customer"
    handed = town.do(
        "hand-over", "engineering", "--asks", "Was it sent twice?", "--until", TOMORROW, "--checked", "mark"
    )
    assert handed["state"] == "with_engineering"
    assert town.do("hand-back", "Once.")["state"] == "diagnosed"
    assert town.do("resolve", "refund", status=1)["error"]["code"] == "case_settled_by_money"
    assert town.do("resolve", "works_as_intended")["state"] == "resolved"
    assert town.do("reopen", "--reason", "It happened again.")["state"] == "diagnosed"
    assert town.do("close")["state"] == "closed"
    said = town.terminal.say("cases", "show", town.case)
    assert "private:\n  looked into it\n" in said
    assert "checked=mark" in said
    purged = town.do("purge", "--why", "She asked us to.")
    assert purged["purged_at"] is not None
    seen = town.see()
    assert (seen["fields"], {one["text"] for one in seen["events"]}) == ({}, {None})


def test_texts_may_come_from_standard_input(town: Town) -> None:
    town.terminal.ask("cases", "note", town.case, "-", *BY, stdin="looked into it\n")
    assert town.see()["events"][-1]["text"] == "looked into it"
    town.terminal.ask("cases", "reply", town.case, *BY, stdin="It was served.\nSee the statement.\n")
    assert town.see()["events"][-1]["text"] == "It was served.\nSee the statement."


def test_an_answer_is_drafted_checked_and_sent(town: Town) -> None:
    town.do("confirm", "1")
    draft = town.terminal.ask("cases", "draft", town.case)
    assert (town.case in draft["text"], draft["objections"], draft["facts"]["record"]) == (True, [], town.request)
    assert town.terminal.say("cases", "draft", town.case).strip() == draft["text"].strip()
    promise = ("cases", "reply", town.case, *BY, "--text", "You will definitely get it from our upstream.")
    refused = town.terminal.ask(*promise, status=1)["answers"]
    assert (refused[0]["sent"], {one["kind"] for one in refused[0]["objections"]}) == (False, {"promise", "routing"})
    said = town.terminal.say(*promise, "--language", "zh", status=1)
    assert "承诺" in said
    checked = town.terminal.ask("cases", "reply", town.case, *BY, "--check", "--text", "It was served.")["answers"]
    assert (checked[0]["sent"], checked[0]["objections"]) == (False, [])
    assert "replied" not in [one["kind"] for one in town.see()["events"]]
    sent = town.terminal.ask("cases", "reply", town.case, *BY, "--text", "It was served.")["answers"]
    assert sent[0]["sent"] is True
    assert town.see()["events"][-1]["by"] == "Kim"


def test_several_cases_are_put_together_and_answered_each_with_its_own_facts(town: Town) -> None:
    other = report(town.terminal, "something_else", error_text="nothing works since this morning")
    group = town.do("group", "--with", other)["group_id"]
    assert {one["number"] for one in town.terminal.ask("cases", "list", "--group", group)["cases"]} == {
        town.case,
        other,
    }
    assert other in town.terminal.say("cases", "show", town.case)
    answered = town.terminal.ask("cases", "reply", town.case, other, *BY, "--text", "About {case}: it works again.")
    assert [one["sent"] for one in answered["answers"]] == [True, True]
    assert town.see()["events"][-1]["text"] == f"About {town.case}: it works again."
    assert town.do("group", "--out")["group_id"] is None
    town.terminal.complain("cases", "group", town.case, "--out", "--with", other, *BY, status=2)


def test_money_goes_back_by_approval_with_the_case_as_its_cause(town: Town) -> None:
    assert town.do("settle refund", "--reason", "it failed", status=1)["error"]["code"] == "case_no_record"
    town.do("confirm", "1")
    given = town.terminal.ask("cases", "settle", "compensate", town.case, "1.50", "--reason", "for the trouble", *BY)
    assert (given["action"], given["state"], given["amount"]) == ("case_compensation", "approved", "1.50")
    back = town.do("settle refund", "--reason", "it failed", "--amount", "0.50")
    assert (back["action"], back["amount"]) == ("case_refund", "0.50")
    refused = town.do("settle credit-again", "--number", "6217", "--reason", "seen", status=1)
    assert refused["error"]["code"] == "case_nothing_to_settle"
    assert [(one["kind"], one["amount"]) for one in town.see()["settlements"]] == [
        ("compensation", "1.50"), ("refund", "0.50"),
    ]  # fmt: skip
    said = town.terminal.say("cases", "show", town.case)
    assert "1.50 USD" in said
    assert town.terminal.ask("ledger", "verify")["findings"] == []


def test_the_numbers_are_shown_and_written_as_csv(town: Town) -> None:
    town.terminal.ask("cases", "reply", town.case, *BY, "--text", "It was served.")
    town.do("resolve", "answered")
    numbers = town.terminal.ask("cases", "metrics")
    assert (numbers["cases"], numbers["resolved"], numbers["first_answer"]["count"]) == (1, 1, 1)
    assert "first_answer_median_seconds" in town.terminal.say("cases", "metrics")
    rows = list(csv.DictReader(town.terminal.say("cases", "metrics", "--csv", "--days", "2").splitlines()))
    assert {row["metric"]: row["value"] for row in rows if not row["of"]}["cases"] == "1"
    assert town.terminal.ask("cases", "metrics", "--until", "2020-01-01T00:00:00Z")["cases"] == 0


def test_what_is_no_case_is_said_so(terminal: Terminal) -> None:
    assert terminal.ask("cases", "show", "CS-2222-2222", status=1)["error"]["code"] == "case_not_found"
    assert terminal.ask("cases", "show", "CS-1", status=2)["error"]["code"] == "id_unreadable"
    assert terminal.ask("cases", "close", "CS-2222-2222", "--by", "", status=2)["error"]["parameters"]["field"] == "by"


def test_the_terminal_and_the_api_tell_the_same_of_a_case(town: Town) -> None:
    town.do("confirm", "1")
    town.terminal.ask("cases", "settle", "compensate", town.case, "1.50", "--reason", "for the trouble", *BY)
    in_full, listed, draft, numbers = _over_rest(
        town.terminal, f"/cases/{town.case}", "/cases", f"/cases/{town.case}/draft",
        "/cases/metrics?since=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00Z",
    )  # fmt: skip
    assert in_full == town.see()
    assert listed["items"] == town.terminal.ask("cases", "list")["cases"]
    assert draft == town.terminal.ask("cases", "draft", town.case)
    arguments = ("--since", "2020-01-01T00:00:00Z", "--until", "2020-02-01T00:00:00Z")
    assert numbers == town.terminal.ask("cases", "metrics", *arguments)
