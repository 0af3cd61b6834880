"""The support desk over REST: the queue, a case from its arrival to its end, money that goes back, and who may do what."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.conftest import PREFIX, Desk
from api.till import BANK, make_order
from api.town import as_, hire, report, session_of
from api.wiring import MODEL
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import StaffRole

BY = {"by": "Kim"}
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()


@dataclass(frozen=True, slots=True)
class Town:
    """A customer with a call that was served and charged with 2.00, and the case about it."""

    desk: Desk
    account: str
    token: str
    request: str
    case: str

    async def act(self, verb: str, body: Any = None, *, status: int | None = None, case: str | None = None) -> Any:
        path = f"/cases/{case or self.case}/{verb}"
        return await self.desk.ask("POST", path, {**BY, **(body or {})}, status=status)

    async def see(self, case: str | None = None) -> Any:
        return await self.desk.ask("GET", f"/cases/{case or self.case}")

    async def confirm(self, case: str | None = None) -> Any:
        return await self.act("confirm", {"subject": self.request}, case=case)


@pytest.fixture
async def town(desk: Desk) -> Town:
    await desk.office.sell()
    account = await desk.open_account()
    await desk.credit(account, "100.00")
    await desk.ask("POST", f"/accounts/{account}/members", {"email": "lin@acme.example"})
    token = (await desk.make_key(account))["token"]
    request = show_id("request", await desk.office.call(token, output_tokens=2_000))
    case = await report(desk, "failed_perhaps_charged", request_id=request, model=MODEL)
    return Town(desk, account, token, request, case)


# -- looking --------------------------------------------------------------------------------------------------------------


async def test_a_case_is_found_diagnosed_by_its_id_and_by_its_number(town: Town) -> None:
    seen = await town.see()
    assert (seen["state"], seen["problem"], seen["channel"]) == ("diagnosed", "failed_perhaps_charged", "api")
    # Nothing is confirmed by itself.
    assert (seen["subject"], seen["account_id"], seen["late"]) == (None, None, False)
    assert seen["fields"] == {"request_id": town.request, "model": MODEL}
    best = seen["search"]["candidates"][0]
    assert (best["subject"], best["account_id"]) == (town.request, town.account)
    assert {one["field"]: one["agreement"] for one in best["fields"]} == {
        "request_id": "exact", "model": "exact",
    }  # fmt: skip
    assert seen["search"]["explanation"]["subject"] == town.request
    assert [one["kind"] for one in seen["events"]] == ["arrived", "searched", "diagnosed", "grouped"]
    assert seen["events"][-1]["facts"]["group"] == seen["group_id"]
    assert await town.see(seen["number"]) == seen
    assert await town.see(seen["number"].lower().replace("-", " ")) == seen


async def test_what_is_no_case_is_not_found(desk: Desk) -> None:
    for unknown in ("case_" + "0" * 32, "CS-2222-2222"):
        assert (await desk.ask("GET", f"/cases/{unknown}", status=404))["code"] == "case_not_found"
    assert (await desk.ask("GET", "/cases/CS-1", status=400))["code"] == "id_unreadable"


async def test_the_queue_is_filtered_and_comes_in_pages(town: Town) -> None:
    other = await report(town.desk, "something_else", error_text="nothing works since this morning")
    urgent = await report(town.desk, "recharged_not_credited", account_email="lin@acme.example")
    await town.act("assign", {"to": "Kim"}, case=other)

    async def listed(query: str) -> list[str]:
        return [one["case_id"] for one in (await town.desk.ask("GET", f"/cases?{query}"))["items"]]

    # What is due first comes first.
    assert await listed("") == [urgent, town.case, other]
    pages, cursor = [], ""
    while cursor is not None:
        page = await town.desk.ask("GET", f"/cases?limit=1{cursor and '&cursor=' + cursor}")
        pages += [one["case_id"] for one in page["items"]]
        cursor = page["next"]
    assert pages == [urgent, town.case, other]
    assert await listed("owner=Kim") == [other]
    assert await listed("owner=") == [urgent, town.case]
    assert await listed("problem=something_else") == [other]
    assert await listed("priority=high") == [urgent]
    assert await listed("state=diagnosed&problem=failed_perhaps_charged") == [town.case]
    assert await listed("late=true") == []
    number = (await town.see())["number"]
    assert await listed(f"text={number[:7]}") == [town.case]
    await town.confirm()
    assert await listed(f"text={town.request}") == await listed(f"account_id={town.account}") == [town.case]
    await town.act("close", case=other)
    assert await listed("") == [urgent, town.case]
    assert await listed("all=true&owner=Kim") == await listed("state=closed") == [other]
    # The queue holds nothing that anybody typed.
    assert "since this morning" not in str(await town.desk.ask("GET", "/cases"))
    for wrong in ("cursor=1", "cursor=x-" + "0" * 32, "problem=rain", "group_id=grp_1"):
        assert (await town.desk.ask("GET", f"/cases?{wrong}", status=400))["status"] == 400
    counts = (await town.desk.ask("GET", "/cases/counts"))["items"]
    assert {"state": "diagnosed", "problem": "failed_perhaps_charged", "count": 1, "late": 0} in counts


# -- steps ----------------------------------------------------------------------------------------------------------------


async def test_a_record_is_confirmed_and_rejected_by_a_person(town: Town) -> None:
    stranger = "req_" + "0" * 32
    assert (await town.act("confirm", {"subject": stranger}, status=400))["code"] == "case_not_a_candidate"
    confirmed = await town.confirm()
    assert (confirmed["subject"], confirmed["account_id"]) == (town.request, town.account)
    rejected = await town.act("reject", {"subject": town.request})
    assert (rejected["subject"], rejected["account_id"]) == (None, None)
    searched = await town.act("search")
    assert searched["state"] == "diagnosed"
    assert await town.desk.office.cases.diagnosis.diagnose_due() == 1
    assert (await town.see())["search"]["number"] == 2


async def test_each_step_is_kept_with_who_took_it_and_what_is_private(town: Town) -> None:
    await town.act("notes", {"text": "her key is sk-proj-" + "A1b2C3d4" * 6})
    assert (await town.act("assign", {"to": "Lee"}))["owner"] == "Lee"
    before = (await town.see())["due_at"]
    raised = await town.act("priority", {"priority": "urgent"})
    assert (raised["priority"], raised["due_at"] < before) == ("urgent", True)
    asked = await town.act("questions", {"fields": ["request_time"], "text": "When was that?"})
    assert asked["state"] == "waiting_for_customer"
    events = (await town.see())["events"][-4:]
    assert [(one["kind"], one["by"], one["public"]) for one in events] == [
        ("noted", "Kim", False), ("assigned", "Kim", False), ("priority_set", "Kim", False), ("asked", "Kim", True),
    ]  # fmt: skip
    assert "A1b2C3d4" not in events[0]["text"]
    assert events[2]["facts"]["due_at"] == raised["due_at"]
    assert (events[3]["facts"]["fields"], events[3]["text"]) == ("request_time", "When was that?")


async def test_a_case_is_handed_over_with_what_is_asked_and_handed_back(town: Town) -> None:
    asks = {"to": "engineering", "asks": "Was it sent twice?", "until": TOMORROW, "checked": ["charge_mark"]}
    handed = await town.act("hand-over", asks)
    assert handed["state"] == "with_engineering"
    assert (await town.act("hand-over", asks, status=409))["code"] == "case_already_there"
    event = (await town.see())["events"][-1]
    assert (event["facts"]["checked"], event["text"], event["public"]) == ("charge_mark", "Was it sent twice?", False)
    assert event["facts"]["until"].endswith("Z")
    assert (await town.act("hand-back", {"text": "Once."}))["state"] == "diagnosed"
    assert (await town.act("hand-back", {"text": "Once."}, status=409))["code"] == "case_with_support"
    too_late = {**asks, "until": "2100-01-01T00:00:00Z"}
    assert (await town.act("hand-over", too_late, status=400))["parameters"]["field"] == "until"


async def test_a_case_is_resolved_closed_and_opened_again(town: Town) -> None:
    refused = await town.act("resolve", {"resolution": "refund"}, status=409)
    assert refused["code"] == "case_settled_by_money"
    assert (await town.act("resolve", {"resolution": "works_as_intended"}))["state"] == "resolved"
    assert (await town.act("close"))["state"] == "closed"
    assert (await town.act("close", status=409))["code"] == "case_is_closed"
    opened = await town.act("reopen", {"reason": "It happened again."})
    assert (opened["state"], opened["resolution"]) == ("diagnosed", None)
    assert (await town.act("reopen", {"reason": "Again."}, status=409))["code"] == "case_is_open"


async def test_cases_of_one_cause_are_put_together_and_taken_apart(town: Town) -> None:
    other = await report(town.desk, "something_else", error_text="nothing works since this morning")
    group = (await town.act("group"))["group_id"]
    assert (await town.act("group", {"group_id": group}, case=other))["group_id"] == group
    assert [one["case_id"] for one in (await town.see())["together"]] == [other]
    listed = (await town.desk.ask("GET", f"/cases?group_id={group}"))["items"]
    assert {one["case_id"] for one in listed} == {town.case, other}
    assert (await town.act("ungroup", case=other))["group_id"] is None
    unknown = {"group_id": "cgrp_" + "0" * 32}
    assert (await town.act("group", unknown, status=404, case=other))["code"] == "case_group_not_found"


async def test_a_purged_case_keeps_its_steps_and_none_of_their_words(town: Town) -> None:
    await town.act("notes", {"text": "She was angry."})
    why = {"why": "She asked us to."}
    assert (await town.act("purge", why, status=409))["code"] == "case_is_open"
    await town.act("close")
    purged = await town.act("purge", why)
    assert purged["purged_at"] is not None
    seen = await town.see()
    assert (seen["fields"], seen["search"]) == ({}, None)
    assert [one["text"] for one in seen["events"]] == [None] * len(seen["events"])
    assert seen["events"][-1]["kind"] == "purged"
    (tombstone,) = (await town.desk.ask("GET", "/audit?what=case_purged"))["items"]
    assert (tombstone["subject"], tombstone["by"], tombstone["why"]) == (seen["number"], "Kim", "She asked us to.")
    assert (await town.act("reopen", {"reason": "x"}, status=409))["code"] == "case_purged"


# -- answers --------------------------------------------------------------------------------------------------------------


async def test_a_draft_may_be_sent_as_it_is(town: Town) -> None:
    await town.confirm()
    draft = await town.desk.ask("GET", f"/cases/{town.case}/draft")
    number = (await town.see())["number"]
    assert number in draft["text"]
    assert draft["objections"] == []
    assert draft["facts"]["record"] == town.request
    sent = await town.act("replies", {"text": draft["text"]})
    assert sent["state"] == "diagnosed"
    event = (await town.see())["events"][-1]
    assert (event["kind"], event["public"], event["text"]) == ("replied", True, draft["text"].strip())


async def test_what_must_not_go_out_is_named_and_not_sent(town: Town) -> None:
    words = "Our upstream backend failed; you will definitely get a full refund. sk-proj-" + "A1b2C3d4" * 6
    checked = await town.desk.ask("POST", f"/cases/{town.case}/check", {"text": words})
    assert {one["kind"] for one in checked["objections"]} == {"secret", "upstream", "routing", "promise"}
    assert "A1b2C3d4" not in str(checked)
    refused = await town.act("replies", {"text": words}, status=409)
    assert refused["code"] == "case_reply_objected"
    assert "A1b2C3d4" not in str(refused)
    assert "replied" not in [one["kind"] for one in (await town.see())["events"]]
    fine = await town.desk.ask("POST", f"/cases/{town.case}/check", {"text": "Please try again."})
    assert fine == {"objections": []}


async def test_several_cases_are_answered_each_with_its_own_facts(town: Town) -> None:
    other = await report(town.desk, "something_else", error_text="nothing works since this morning")
    await town.confirm()
    numbers = [(await town.see(one))["number"] for one in (town.case, other)]
    body = {**BY, "cases": [numbers[0], other], "snippet": "About {case} and {record}: it works again."}
    answered = (await town.desk.ask("POST", "/cases/replies", body))["items"]
    assert [(one["case_id"], one["sent"], one["code"]) for one in answered] == [
        (town.case, True, None), (other, False, "case_fact_missing"),
    ]  # fmt: skip
    text = (await town.see())["events"][-1]["text"]
    assert text == f"About {numbers[0]} and {town.request}: it works again."
    promised = {**BY, "cases": [other], "snippet": "We guarantee it, {case}."}
    (one,) = (await town.desk.ask("POST", "/cases/replies", promised))["items"]
    assert (one["sent"], one["objections"][0]["kind"]) == (False, "promise")
    unreadable = {**BY, "cases": [other], "snippet": "About {case"}
    refused = await town.desk.ask("POST", "/cases/replies", unreadable, status=400)
    assert (refused["code"], refused["parameters"]["field"]) == ("bad_request", "snippet")


# -- money ----------------------------------------------------------------------------------------------------------------


async def test_compensation_is_proposed_and_posted_with_the_case_as_its_cause(town: Town) -> None:
    body = {"amount": "1.50", "reason": "for the trouble"}
    assert (await town.act("compensation", body, status=409))["code"] == "case_no_record"
    await town.confirm()
    approval = await town.act("compensation", body)
    assert (approval["action"], approval["subject"]) == ("case_compensation", town.case)
    assert (approval["state"], approval["amount"], approval["account_id"]) == ("approved", "1.50", town.account)
    (settled,) = (await town.see())["settlements"]
    assert (settled["kind"], settled["state"], settled["amount"]) == ("compensation", "done", "1.50")
    assert settled["approval_id"] == approval["approval_id"]
    (moved, *_) = (await town.desk.ask("GET", f"/accounts/{town.account}/transfers"))["items"]
    assert moved["cause_id"].startswith(town.case)
    assert (await town.act("resolve", {"resolution": "compensation"}))["state"] == "resolved"


async def test_more_than_one_person_may_decide_waits_for_another(town: Town) -> None:
    await town.confirm()
    approval = await town.act("compensation", {"amount": "501", "reason": "for the trouble"})
    assert approval["state"] == "proposed"
    path = f"/approvals/{approval['approval_id']}/approve"
    await town.desk.ask("POST", path, {"by": "Fay", "reason": "checked"})
    kinds = [one["kind"] for one in (await town.see())["events"]]
    assert kinds[-2:] == ["settlement_proposed", "settlement_done"]


async def test_a_charge_goes_back_once(town: Town) -> None:
    await town.confirm()
    await town.act("refund", {"reason": "it failed"})
    (settled,) = (await town.see())["settlements"]
    assert (settled["kind"], settled["state"], settled["amount"]) == ("refund", "done", "2.00")
    again = await town.act("refund", {"reason": "it failed"}, status=409)
    assert again["code"] == "case_nothing_to_settle"
    too_much = await town.act("refund", {"reason": "x", "amount": "1", "amount_nanos": 1}, status=400)
    assert too_much["parameters"]["field"] == "amount"


async def test_a_paid_order_that_was_not_credited_is_credited(town: Town) -> None:
    await town.desk.ask("POST", "/payment-providers", BANK)
    order = (await make_order(town.desk, town.account, "20"))["order_id"]
    case = await report(town.desk, "recharged_not_credited", account_email="lin@acme.example", amount="20 USD")
    assert (await town.see(case))["search"]["same_account"] == "same"
    await town.act("confirm", {"subject": order}, case=case)
    approval = await town.act("credit-again", {"number": "62170011223344556677", "reason": "seen"}, case=case)
    assert (approval["action"], approval["state"]) == ("case_credit_again", "approved")
    assert "62170011223344556677" not in str(approval)
    # Payment and credit are one step: a paid order is a credited one.
    assert (await town.desk.ask("GET", f"/orders/{order}"))["state"] == "paid"
    (moved, *_) = (await town.desk.ask("GET", f"/accounts/{town.account}/transfers"))["items"]
    assert (moved["cause_kind"], moved["amount"]) == ("order", "20.00")


# -- numbers and saved searches -------------------------------------------------------------------------------------------


async def test_the_numbers_are_the_same_as_json_and_as_csv(town: Town) -> None:
    await town.act("replies", {"text": "It was served."})
    await town.act("resolve", {"resolution": "answered"})
    numbers = await town.desk.ask("GET", "/cases/metrics")
    assert (numbers["cases"], numbers["resolved"], numbers["reopened"]) == (1, 1, 0)
    assert numbers["complete_first"] == 1
    assert [numbers[name]["count"] for name in ("first_answer", "diagnosis", "resolution")] == [1, 1, 1]
    response = await town.desk.client.get(PREFIX + "/cases/metrics.csv?problem=failed_perhaps_charged")
    assert response.headers["content-type"].startswith("text/csv")
    rows = {(row["metric"], row["of"]): row["value"] for row in csv.DictReader(io.StringIO(response.text))}
    assert (rows["cases", ""], rows["resolved", ""], rows["first_answer_count", ""]) == ("1", "1", "1")
    assert rows["diagnosis_median_seconds", ""] == str(numbers["diagnosis"]["median_seconds"])
    none = await town.desk.ask("GET", "/cases/metrics?until=2020-01-01T00:00:00Z")
    assert (none["cases"], none["since"]) == (0, "2019-12-02T00:00:00.000000Z")
    for wrong in ("since=2020-01-01T00:00:00Z", "problem=rain", "since=yesterday"):
        assert (await town.desk.ask("GET", f"/cases/metrics?{wrong}", status=400))["status"] == 400


async def test_searches_are_kept_for_people_and_shared(desk: Desk) -> None:
    kim, lee = [
        as_(await session_of(desk, (await hire(desk, f"{name}@desk.example", StaffRole.SUPPORT)).person_id))
        for name in ("kim", "lee")
    ]
    wanted = {"name": "mine", "states": ["diagnosed"], "owner": ""}
    kept = await desk.ask("POST", "/cases/searches", wanted, headers=kim)
    assert (kept["shared"], kept["query"]["states"], kept["query"]["owner"]) == (False, ["diagnosed"], "")
    shared = await desk.ask("POST", "/cases/searches", {"name": "ours", "open": True, "shared": True}, headers=kim)
    listed = await desk.ask("GET", "/cases/searches", headers=kim)
    assert [one["name"] for one in listed["items"]] == ["mine", "ours"]
    assert (await desk.ask("GET", "/cases/searches", headers=lee))["items"] == [shared]
    assert (await desk.ask("GET", "/cases/searches"))["items"] == [shared]
    path = f"/cases/searches/{kept['search_id']}"
    assert (await desk.ask("DELETE", path, headers=lee, status=404))["code"] == "case_search_not_found"
    assert await desk.ask("DELETE", path, headers=kim) == {"removed": kept["search_id"]}
    assert (await desk.ask("POST", "/cases/searches", wanted, status=400))["parameters"]["field"] == "Authorization"


# -- who may do what ------------------------------------------------------------------------------------------------------


async def test_engineering_finds_only_what_was_handed_to_it(town: Town) -> None:
    person = await hire(town.desk, "eve@desk.example", StaffRole.ENGINEERING)
    eve = as_(await session_of(town.desk, person.person_id))
    number = (await town.see())["number"]
    for name in (town.case, number):
        said = await town.desk.ask("GET", f"/cases/{name}", headers=eve, status=404)
        assert said["code"] == "case_not_found"
    note = {"text": "looked into it"}
    assert (await town.desk.ask("POST", f"/cases/{town.case}/notes", note, headers=eve, status=404))["status"] == 404
    assert (await town.desk.ask("GET", "/cases", headers=eve))["items"] == []
    await town.act("hand-over", {"to": "engineering", "asks": "Was it sent twice?", "until": TOMORROW})
    assert [one["number"] for one in (await town.desk.ask("GET", "/cases", headers=eve))["items"]] == [number]
    await town.desk.ask("POST", f"/cases/{number}/notes", note, headers=eve)
    assert (await town.see())["events"][-1]["by"] == "eve@desk.example"
    money = {"amount": "1", "reason": "for the trouble"}
    await town.desk.ask("POST", f"/cases/{number}/compensation", money, headers=eve, status=403)


async def test_people_sign_by_their_own_name_and_the_operator_says_who(town: Town) -> None:
    person = await hire(town.desk, "kim@desk.example", StaffRole.SUPPORT)
    kim, path = as_(await session_of(town.desk, person.person_id)), f"/cases/{town.case}/notes"
    await town.desk.ask("POST", path, {"text": "looked into it"}, headers=kim)
    assert (await town.see())["events"][-1]["by"] == "kim@desk.example"
    await town.desk.ask("POST", path, {"text": "looked into it", "by": "Lee"}, headers=kim, status=400)
    await town.desk.ask("POST", path, {"text": "looked into it"}, status=400)
    # What nothing brings back takes more than support's role.
    await town.desk.ask("POST", f"/cases/{town.case}/purge", {"why": "x"}, headers=kim, status=403)


async def test_who_has_seen_and_done_what_is_on_the_trail_of_the_account(town: Town) -> None:
    person = await hire(town.desk, "kim@desk.example", StaffRole.SUPPORT)
    kim = as_(await session_of(town.desk, person.person_id))
    await town.confirm()
    await town.desk.ask("GET", f"/cases/{town.case}", headers={**kim, "X-Counterfoil-Why": "a ticket"})
    await town.desk.ask("POST", f"/cases/{town.case}/notes", {"text": "a private remark"}, headers=kim)
    trail = (await town.desk.ask("GET", f"/audit?account_id={town.account}"))["items"]
    mine = [one for one in trail if one["by"] == "kim@desk.example"]
    assert [(one["kind"], one["what"]) for one in mine] == [("did", "note_case"), ("saw", "get_case")]
    assert (mine[0]["subject"], mine[1]["why"]) == (town.case, "a ticket")
    assert "a private remark" not in str(trail)


async def test_the_same_write_again_is_answered_as_the_first_time(town: Town) -> None:
    key = {"Idempotency-Key": "click 1"}
    body = {"text": "looked into it", "by": "Kim"}
    answers = [await town.desk.ask("POST", f"/cases/{town.case}/notes", body, headers=key) for _ in range(2)]
    assert answers[0] == answers[1]
    assert [one["kind"] for one in (await town.see())["events"]].count("noted") == 1
