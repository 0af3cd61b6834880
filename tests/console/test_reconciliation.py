"""Reconciliation in the console: files handed in, days held and closed, the board of breaks, and settling by two people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from console.visitors import House, Visitor
from counterfoil.approvals.model import ApprovalState
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.identity.access import StaffRole
from counterfoil.reconcile.background import Background
from counterfoil.reconcile.desk_model import Break, BreakState, RunState
from counterfoil.reconcile.model import BreakClass
from counterfoil.reconcile.runs_service import Runs
from reconcile.house import COLUMNS, SPECIFICATIONS, NoEngines

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date()
HEADER = "time,kind,trade,order,amount,fee,payer,note,status"
COLUMNS_TYPED = "\n".join(f"{name} = {column}" for name, column in COLUMNS.items())


@pytest.fixture
def office(house: House) -> House:
    """The same house, whose books are held in plain Python: an engine takes seconds to warm up in every test."""
    services = house.services
    runs = Runs(services.database, clock=services.clock, engines=NoEngines(), matchers=SPECIFICATIONS)
    desk = replace(
        services.reconcile,
        runs=runs,
        background=Background(services.database, clock=services.clock, imports=services.reconcile.imports, runs=runs),
    )
    house.services = replace(services, reconcile=desk)
    return house


def bill(*lines: tuple[str, str]) -> bytes:
    """A channel's file of yesterday: trades with their amounts."""
    rows = [f"{YESTERDAY} 12:00:0{place},payment,{trade},,{amount},0,,," for place, (trade, amount) in enumerate(lines)]
    return (
        "\n".join([HEADER, *(row + "succeeded" for row in rows)]).replace(",,,succeeded", ",,,succeeded").encode()
        + b"\n"
    )


async def with_source(finance: Visitor, **changed: object) -> None:
    await finance.follow(
        await finance.post(
            "/reconcile/sources",
            {
                "name": "bank", "what": "provider", "importer": "generic", "time_zone": "UTC", "currency": "cny",
                "columns": COLUMNS_TYPED, "settling_seconds": "0", "expected_daily": "1", "active": "1", **changed,
            },
        )
    )  # fmt: skip


async def handed_in(finance: Visitor, *lines: tuple[str, str], name: str = "bill.csv") -> str:
    """The page that says what came of a file."""
    response = await finance.post("/reconcile/statements", {"of_source": "bank"}, files={"file": (name, bill(*lines))})
    return await finance.follow(response)


async def one_break(office: House, finance: Visitor, amount: str = "25.50", trade: str = "T1") -> Break:
    """A payment that nobody was credited for."""
    await with_source(finance)
    await handed_in(finance, (trade, amount))
    await finance.follow(await finance.post("/reconcile/run", {"day": YESTERDAY.isoformat()}))
    (found,) = await office.services.reconcile.breaks.list(standing=True)
    assert found.break_class is BreakClass.MISSING_INTERNAL
    return found


def address(one: Break | UUID) -> str:
    break_id = one if isinstance(one, UUID) else one.break_id
    return f"/reconcile/breaks/{show_id('break', break_id)}"


async def test_a_file_is_handed_in_and_its_rejects_are_shown(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    await with_source(finance)
    page = await handed_in(finance, ("T1", "10.00"), ("T2", "a lot"), name="<script>bill.csv")
    assert "Imported" in page
    (statement,) = await office.services.reconcile.imports.list()
    assert (statement.lines, statement.rejects) == (1, 1)
    shown = show_id("statement", statement.statement_id)
    response = await finance.client.get(f"https://desk.test/console/reconcile/statements/{shown}")
    assert "Lines not believed" in response.text
    assert "<script>bill" not in response.text
    again = await handed_in(finance, ("T1", "10.00"), ("T2", "a lot"), name="<script>bill.csv")
    assert "Known already" in again
    await finance.follow(await finance.post(f"/reconcile/statements/{shown}/set-aside", {"aside_reason": "seen"}))
    assert "Set aside" in await finance.get(f"/reconcile/statements/{shown}", lang="en")


async def test_a_file_of_nobodys_kind_says_why_it_was_not_imported(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    response = await finance.post("/reconcile/statements", {}, files={"file": ("x.bin", b"\x00\x01\x02")})
    page = await finance.follow(response)
    assert "Not imported" in page
    assert await office.services.reconcile.imports.list() == []
    await finance.post("/reconcile/statements", {}, status=422)


async def test_a_source_is_changed_and_keeps_its_name(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    await with_source(finance, owner="merchant 42")
    page = await finance.get("/reconcile/sources/bank")
    assert "merchant 42" not in page
    await finance.follow(
        await finance.post(
            "/reconcile/sources/bank",
            {
                "what": "bank",
                "importer": "generic",
                "settling_seconds": "48",
                "fee_millionths": "0.6",
                "tolerance": "CNY 1, USD 2",
            },
        )
    )
    one = await office.services.reconcile.sources.find("bank")
    assert (one.settling_seconds, one.fee_millionths, one.tolerance) == (48 * 3600, 6000, {"CNY": 1, "USD": 2})
    # What was not given stays: whose files must be.
    assert one.owner_mask is not None
    assert not one.is_active
    refused = await finance.post("/reconcile/sources/bank", {"what": "bank", "tolerance": "a lot of CNY"}, status=422)
    assert "a lot of CNY" in refused.text


async def test_a_day_is_held_and_closed_and_says_what_it_lacks(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    await with_source(finance)
    day = YESTERDAY.isoformat()
    page = await finance.get("/reconcile/close", lang="en")
    assert f"Day close · {day}" in page
    await finance.post("/reconcile/close", {"day": day}, status=409)
    await finance.follow(await finance.post("/reconcile/run", {"day": day, "back": "close"}))
    # The bank's statement is expected, and has not come.
    page = await finance.get("/reconcile/close", day=day)
    assert 'href="/console/reconcile/sources/bank"' in page
    view = await office.services.reconcile.runs.day(YESTERDAY)
    assert {run.state for run in view.runs} == {RunState.CLOSED, RunState.INCONCLUSIVE}
    await handed_in(finance, ("T1", "25.50"))
    await finance.follow(await finance.post("/reconcile/run", {"day": day, "back": "close"}))
    await finance.follow(await finance.post("/reconcile/close", {"day": day}))
    view = await office.services.reconcile.runs.day(YESTERDAY)
    assert view.closed is not None
    assert finance.person is not None
    assert view.closed.closed_by == finance.person.email
    board = await finance.get("/reconcile", lang="en")
    assert "Closed" in board
    assert day in board
    (run, *_) = view.runs
    await finance.get(f"/reconcile/runs/{show_id('run', run.run_id)}")


async def test_a_break_is_settled_by_proposal_and_another_persons_approval(office: House) -> None:
    finance, other = await office.staff(StaffRole.FINANCE), await office.staff(StaffRole.FINANCE)
    account = await office.services.ledger.open_account(name="Payer", currency="CNY")
    one = await one_break(office, finance, "1200000.00")
    await finance.follow(
        await finance.post(
            address(one) + "/settle",
            {
                "settle_action": "credit", "settle_account": show_id("account", account.account_id),
                "settle_reason": "their transfer, without the order's number",
            },
        )
    )  # fmt: skip
    (approval,) = await office.services.approvals.list(state=ApprovalState.PROPOSED)
    page = await finance.get(address(one), lang="en")
    assert "waiting for approval" in page
    assert "another person decides" in page
    assert (await office.services.ledger.balance(account.account_id)).posted == 0
    shown = show_id("approval", approval.approval_id)
    await finance.post(f"/approvals/{shown}/approve", {"reason": "mine"}, status=403)
    await other.follow(await other.post(f"/approvals/{shown}/approve", {"reason": "seen"}))
    assert format_nanos((await office.services.ledger.balance(account.account_id)).posted) == "1200000.00"
    assert (await office.services.reconcile.breaks.find(one.break_id)).state is BreakState.SETTLED
    page = await other.get(address(one), lang="en")
    assert "Credited" in page
    # And taken back, by an entry of its own.
    await other.follow(await other.post(address(one) + "/undo", {"undo_reason": "another payer's"}))
    (undo,) = await office.services.approvals.list(state=ApprovalState.PROPOSED)
    await finance.follow(
        await finance.post(f"/approvals/{show_id('approval', undo.approval_id)}/approve", {"reason": "seen"})
    )
    assert (await office.services.ledger.balance(account.account_id)).posted == 0
    assert (await office.services.reconcile.breaks.find(one.break_id)).state is BreakState.OPEN


async def test_what_is_wrong_with_a_settling_is_said_at_its_field(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    one = await one_break(office, finance)
    refused = await finance.post(
        address(one) + "/settle",
        {"settle_action": "write_off", "settle_amount": "a lot", "settle_reason": "x"},
        status=422,
    )
    field = refused.text.partition('id="field-settle_amount"')[2].partition(">")[0]
    assert "a lot" in field
    assert "aria-invalid" in field
    await finance.post(address(one) + "/settle", {"settle_action": "credit", "settle_reason": "x"}, status=422)
    await finance.post(address(one) + "/ignore", {"ignore_reason": ""}, status=422)
    assert (await office.services.reconcile.breaks.find(one.break_id)).state is BreakState.OPEN


async def test_several_breaks_are_taken_on_remarked_and_ignored_at_once(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    await with_source(finance)
    await handed_in(finance, *((f"T{number}", f"{number}.00") for number in range(1, 5)))
    await finance.follow(await finance.post("/reconcile/run", {"day": YESTERDAY.isoformat()}))
    found = await office.services.reconcile.breaks.list(standing=True)
    assert len(found) == 4
    chosen = [show_id("break", one.break_id) for one in found[:3]]
    back = "/console/reconcile/breaks?book=payments&left=x"
    response = await finance.post("/reconcile/breaks", {"row": chosen, "do": "take", "back": back})
    assert response.headers["location"] == "/console/reconcile/breaks?book=payments&done=done_breaks"
    assert finance.person is not None
    mine = await office.services.reconcile.breaks.list(standing=True, assignee=finance.person.email)
    assert {one.break_id for one in mine} == {one.break_id for one in found[:3]}
    assert len(await office.services.reconcile.breaks.list(standing=True, assignee="")) == 1
    await finance.post("/reconcile/breaks", {"row": chosen, "do": "remark", "reason": "asked the bank"})
    await finance.post("/reconcile/breaks", {"row": chosen[:1], "do": "ignore", "reason": "our own test"})
    # One of them has a conclusion now: the others are done, and it is named.
    response = await finance.post("/reconcile/breaks", {"row": chosen, "do": "ignore", "reason": "our own test"})
    page = await finance.get(response.headers["location"] + "&lang=en")
    assert "Some could not be done" in page
    assert chosen[0] in page
    states = {one.state for one in await office.services.reconcile.breaks.list(state=None, standing=False)}
    assert states == {BreakState.IGNORED, BreakState.OPEN}
    until = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    (last,) = await office.services.reconcile.breaks.list(standing=True)
    await finance.post(
        "/reconcile/breaks",
        {"row": show_id("break", last.break_id), "do": "expect", "until": until, "reason": "their file comes late"},
    )
    assert (await office.services.reconcile.breaks.find(last.break_id)).state is BreakState.EXPECTED


async def test_a_bulk_action_without_rows_or_reason_changes_nothing(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    one = await one_break(office, finance)
    shown = show_id("break", one.break_id)
    await finance.post("/reconcile/breaks", {"do": "ignore", "reason": "x"}, status=422)
    await finance.post("/reconcile/breaks", {"row": shown, "do": "ignore", "reason": ""}, status=422)
    await finance.post("/reconcile/breaks", {"row": shown, "do": "expect", "reason": "x"}, status=422)
    await finance.post("/reconcile/breaks", {"row": shown, "do": "explode"}, status=422)
    hostile = await finance.post("/reconcile/breaks", {"row": shown, "do": "take", "back": "https://evil.example/?a=1"})
    assert hostile.headers["location"].startswith("/console/reconcile/breaks")
    assert (await office.services.reconcile.breaks.find(one.break_id)).state is BreakState.OPEN


async def test_filters_of_the_board_narrow_it_down(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    one = await one_break(office, finance)
    shown = show_id("break", one.break_id)
    for query in (
        {},
        {"class": "missing_internal"},
        {"book": "payments"},
        {"source": "bank"},
        {"least": "20"},
        {"state": "all"},
    ):
        assert shown in await finance.get("/reconcile/breaks", **query), query
    for query in (
        {"class": "ambiguous"},
        {"book": "codes"},
        {"least": "30"},
        {"state": "settled"},
        {"assignee": "me"},
        {"older": "7"},
    ):
        assert shown not in await finance.get("/reconcile/breaks", **query), query
    await finance.get("/reconcile/breaks", status=422, least="a lot")
    assert "25.50" in await finance.get("/reconcile/breaks", csv="breaks")


async def test_a_break_is_linked_by_hand_and_opened_again(office: House) -> None:
    finance = await office.staff(StaffRole.FINANCE)
    account = await office.services.ledger.open_account(name="Payer", currency="CNY")
    one = await one_break(office, finance)
    # A row that does not exist is none to link.
    await finance.post(
        address(one) + "/link",
        {"link_rows": show_id("order", account.account_id), "link_reason": "by the amount"}, status=422,
    )  # fmt: skip
    await finance.follow(await finance.post(address(one) + "/assign", {"assignee": "Ada"}))
    await finance.follow(await finance.post(address(one) + "/remark", {"remark_reason": "<script>alert(1)</script>"}))
    response = await finance.client.get("https://desk.test/console" + address(one))
    assert "<script>alert" not in response.text
    await finance.follow(await finance.post(address(one) + "/ignore", {"ignore_reason": "our own test"}))
    await finance.follow(await finance.post(address(one) + "/reopen", {"reopen_reason": "it was not"}))
    view = await office.services.reconcile.breaks.view(one.break_id)
    assert [event.what for event in view.events] == ["found", "assigned", "remarked", "ignored", "reopened"]
    assert view.found.assignee == "Ada"


async def test_who_may_only_read_sees_no_forms_and_changes_nothing(office: House) -> None:
    finance, operations = await office.staff(StaffRole.FINANCE), await office.staff(StaffRole.OPERATIONS)
    one = await one_break(office, finance)
    for path in (
        "/reconcile",
        "/reconcile/breaks",
        "/reconcile/sources",
        "/reconcile/sources/bank",
        "/reconcile/close",
        address(one),
    ):
        page = await operations.get(path)
        assert 'action="/console/reconcile' not in page, path
    for path, fields in (
        ("/reconcile/run", {"day": YESTERDAY.isoformat()}), ("/reconcile/close", {"day": YESTERDAY.isoformat()}),
        ("/reconcile/breaks", {"row": show_id("break", one.break_id), "do": "take"}),
        (address(one) + "/ignore", {"ignore_reason": "x"}), ("/reconcile/sources", {"name": "x", "what": "bank"}),
    ):  # fmt: skip
        await operations.post(path, fields, status=403)
    support = await office.staff(StaffRole.SUPPORT)
    await support.get("/reconcile/breaks", status=403)
    await support.get(address(office.services.clock.new_id()), status=403)
    await finance.get(address(office.services.clock.new_id()), status=404)
