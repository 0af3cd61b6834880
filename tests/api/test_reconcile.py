"""Reconciliation over REST: a source, its statement, the day, its breaks, and what is done about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.conftest import PREFIX, Desk

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
SOURCE = {
    "name": "shop", "what": "provider", "importers": ["generic"], "time_zone": "UTC", "currency": "USD", "by": "Ada",
    "columns": {"time": "time", "amount": "amount", "kind": "kind", "trade_number": "trade"},
}  # fmt: skip


def bill(*amounts: str) -> bytes:
    rows = [f"{YESTERDAY} 12:00:0{place},payment,T{place},{amount}" for place, amount in enumerate(amounts)]
    return "\n".join(["time,kind,trade,amount", *rows, ""]).encode()


async def send(desk: Desk, content: bytes, *, status: int = 201, **query: str) -> Any:
    query = {"name": "bill.csv", "by": "Ada", "source": "shop", **query}
    response = await desk.client.post(PREFIX + "/reconcile/statements", content=content, params=query)
    assert response.status_code == status, response.text
    return response.json()


@pytest.fixture
async def unknown_payment(desk: Desk) -> str:
    """A payment of yesterday that nobody was credited for."""
    await desk.ask("POST", "/reconcile/sources", SOURCE)
    await send(desk, bill("25.50"))
    await desk.ask("POST", "/reconcile/runs", {"day": str(YESTERDAY), "books": ["payments"], "by": "Ada"})
    (found,) = (await desk.ask("GET", "/reconcile/breaks"))["items"]
    assert (found["class"], found["owner"], found["state"], found["found"]) == (
        "missing_internal", "finance", "open", "25.50",
    )  # fmt: skip
    break_id: str = found["break_id"]
    return break_id


async def test_a_source_is_added_changed_and_listed(desk: Desk) -> None:
    made = await desk.ask("POST", "/reconcile/sources", SOURCE)
    assert (made["name"], made["importers"], made["expected_daily"]) == ("shop", ["generic"], True)
    problem = await desk.ask("POST", "/reconcile/sources", SOURCE, status=409)
    assert problem["code"] == "source_exists"
    body = {key: value for key, value in SOURCE.items() if key != "by"}
    changed = await desk.ask("PUT", "/reconcile/sources/shop", {**body, "expected_daily": False})
    assert changed == {**made, "expected_daily": False}
    listed = await desk.ask("GET", "/reconcile/sources")
    assert (listed["items"], "wechat_trade" in listed["importers"]) == ([changed], True)


async def test_a_statement_is_imported_once_with_its_rejects(desk: Desk) -> None:
    await desk.ask("POST", "/reconcile/sources", SOURCE)
    (first,) = (await send(desk, bill("1.00", "ten")))["files"]
    assert (first["outcome"], first["statement"]["lines"], len(first["rejected"])) == ("imported", 1, 1)
    (again,) = (await send(desk, bill("1.00", "ten")))["files"]
    assert (again["outcome"], again["statement"]) == ("known", first["statement"])
    statement = first["statement"]["statement_id"]
    full = await desk.ask("GET", f"/reconcile/statements/{statement}")
    assert full["rejected"] == first["rejected"]
    lines = (await desk.ask("GET", f"/reconcile/statements/{statement}/lines"))["items"]
    assert [(line["amount"], line["kind"]) for line in lines] == [("1.00", "payment")]
    faulty = (await desk.ask("GET", "/reconcile/statements?faulty=true"))["items"]
    assert [one["statement_id"] for one in faulty] == [statement]
    await desk.ask("POST", f"/reconcile/statements/{statement}/set-aside", {"by": "Ada", "reason": "a heading"})
    assert (await desk.ask("GET", "/reconcile/statements?faulty=true"))["items"] == []


async def test_a_day_says_why_it_is_not_closed(desk: Desk, unknown_payment: str) -> None:
    day = await desk.ask("GET", f"/reconcile/days/{YESTERDAY}")
    assert day["state"] == "open"
    assert ("codes", "book_not_run") in [(one["book"], one["code"]) for one in day["obstacles"]]
    problem = await desk.ask("POST", f"/reconcile/days/{YESTERDAY}/close", {"by": "Ada"}, status=409)
    assert problem["code"] == "day_not_closable"
    problem = await desk.ask("GET", "/reconcile/days/2027-02-30", status=400)
    assert problem["code"] == "day_unreadable"
    (run,) = (await desk.ask("GET", "/reconcile/runs"))["items"]
    assert (run["state"], run["counts"]["breaks"], run["reasons"]) == ("closed", 1, [])
    assert await desk.ask("GET", f"/reconcile/runs/{run['run_id']}") == run


async def test_a_break_is_credited_by_approval_and_undone(desk: Desk, unknown_payment: str) -> None:
    account = await desk.open_account()
    own = f"/reconcile/breaks/{unknown_payment}"
    body = {"account_id": account, "by": "Ada", "reason": "hers"}
    approval = await desk.ask("POST", f"{own}/credit", body)
    assert (approval["state"], approval["action"], approval["subject"]) == ("approved", "break_credit", unknown_payment)
    assert (await desk.ask("GET", f"/accounts/{account}"))["posted"] == "25.50"
    full = await desk.ask("GET", own)
    assert (full["state"], [one["action"] for one in full["settlements"]]) == ("settled", ["credit"])
    assert (await desk.ask("GET", "/reconcile/breaks"))["items"] == []
    assert [one["break_id"] for one in (await desk.ask("GET", "/reconcile/breaks?all=true"))["items"]] == [
        unknown_payment
    ]
    problem = await desk.ask("POST", f"{own}/ignore", {"by": "Bob", "reason": "no"}, status=409)
    assert problem["code"] == "break_not_open"
    await desk.ask("POST", f"{own}/undo", {"by": "Ada", "reason": "not hers"})
    assert (await desk.ask("GET", f"/accounts/{account}"))["posted"] == "0.00"
    assert (await desk.ask("GET", own))["state"] == "open"


async def test_a_break_is_ignored_remarked_on_reopened_and_expected(desk: Desk, unknown_payment: str) -> None:
    own = f"/reconcile/breaks/{unknown_payment}"
    await desk.ask("POST", f"{own}/remarks", {"by": "Ada", "text": "asked the channel"})
    assert (await desk.ask("POST", f"{own}/ignore", {"by": "Ada", "reason": "ours"}))["state"] == "ignored"
    assert (await desk.ask("POST", f"{own}/reopen", {"by": "Bob", "reason": "not ours"}))["state"] == "open"
    until = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    expected = await desk.ask("POST", f"{own}/expect", {"by": "Bob", "reason": "tomorrow", "until": until})
    assert expected["state"] == "expected"
    assert [one["what"] for one in expected["events"]] == ["found", "remarked", "ignored", "reopened", "expected"]
    assert (await desk.ask("GET", "/reconcile/matches"))["items"] == []
    assert (await desk.ask("GET", "/reconcile/suggestions"))["items"] == []
