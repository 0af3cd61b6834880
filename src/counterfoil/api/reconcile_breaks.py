"""Breaks and what is done about them. A route that moves money answers the approval: carried out, or proposed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.approvals import Approval
from counterfoil.api.fields import AmountInput, By, Cursor, Input, Limit, Output, Page, Text, Time, optional_id, page
from counterfoil.api.reconcile import Line, Why
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.periods import read_time
from counterfoil.foundation.vocabulary import Owner
from counterfoil.reconcile import desk_model, shown
from counterfoil.reconcile.desk_model import BreakState
from counterfoil.reconcile.model import Book, BreakClass

router = APIRouter(prefix="/reconcile", tags=["reconcile"])

BreakId = Annotated[str, Path(description="The break's id (brk_…).", max_length=60)]


class Break(Output):
    """Rows that do not match. `expected` is what our records say, `found` what the other side does."""

    break_id: str
    book: str
    class_: str = Field(alias="class")
    owner: str = Field(description="Who is to act on it.")
    assignee: str | None = Field(description="Who has taken it on, by name.")
    state: str
    source: str | None
    account_id: str | None
    currency: str | None
    expected_nanos: int | None
    expected: str | None
    found_nanos: int | None
    found: str | None
    difference_nanos: int | None
    difference: str | None
    at: str | None
    rule: str
    ours: list[str]
    theirs: list[str]
    alternatives: list[str]
    first_day: str
    last_day: str
    age_days: int
    expected_until: str | None


class Match(Output):
    """Rows that belong together, or would."""

    match_id: str
    book: str
    rule: str
    rule_version: int
    ours: list[str]
    theirs: list[str]
    currency: str | None
    variance_nanos: int
    variance: str
    suggested: bool
    run_id: str | None
    made_by: str | None
    made_at: str | None
    ended_at: str | None
    ended_by: str | None


class Event(Output):
    number: int
    at: str | None
    state: str
    what: str
    by: str | None
    run_id: str | None
    remark: str | None
    facts: dict[str, Any]


class Settlement(Output):
    """What was done about a break."""

    settlement_id: str
    number: int
    action: str
    account_id: str | None
    amount_nanos: int | None
    amount: str | None
    currency: str | None
    reason: str
    by: str
    at: str | None
    approval_id: str | None
    undoes: str | None
    undone_by: str | None
    facts: dict[str, Any]


class BreakInFull(Break):
    lines: list[Line]
    matches: list[Match]
    suggestions: list[Match]
    events: list[Event]
    settlements: list[Settlement]
    proposals: list[str] = Field(description="Approvals that wait.")


class Because(Input):
    reason: Why
    by: By | None = None


class Link(Because):
    rows: Annotated[
        list[Text], Field(min_length=1, max_length=50, description="Rows as shown, such as line: and an id.")
    ]


class Expect(Because):
    until: Time


class Remark(Input):
    text: Why
    by: By | None = None


class Assign(Input):
    to: Annotated[Text | None, Field(max_length=254, description="By name; null: nobody any more.")]
    by: By | None = None


class Amount(AmountInput):
    """How much; without an amount, what the sides differ by."""

    reason: Why
    by: By | None = None


class ToAccount(Amount):
    account_id: Annotated[Text | None, Field(max_length=60, description="Whose balance; null: the break's own.")] = None


class Undo(Because):
    settlement_id: Annotated[Text | None, Field(max_length=60, description="Null: the last that moved money.")] = None


@router.get("/breaks", summary="List what does not match, newest first")
async def list_breaks(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[BreakState | None, Query(description="Only those in this state.")] = None,
    everything: Annotated[bool, Query(alias="all", description="Settled, ignored and closed ones too.")] = False,
    book: Annotated[Book | None, Query(description="Only this book.")] = None,
    break_class: Annotated[BreakClass | None, Query(alias="class", description="Only those of this class.")] = None,
    owner: Annotated[Owner | None, Query(description="Only those that are for these people.")] = None,
    source: Annotated[str | None, Query(max_length=60, description="Only this source's.")] = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    older_than_days: Annotated[int | None, Query(ge=0, le=36_600, description="Only those that are older.")] = None,
    least_nanos: Annotated[int | None, Query(ge=0, description="Only those that differ by so much or more.")] = None,
    assignee: Annotated[
        str | None, Query(max_length=254, description="Only those that somebody has taken on; empty: nobody has.")
    ] = None,
) -> Page[Break]:
    breaks = services.reconcile.breaks
    rows = await breaks.list(
        state=state, standing=state is None and not everything, book=book, break_class=break_class,
        owner=None if owner is None else owner.value, source=source, account_id=optional_id("account", account_id),
        older_than_days=older_than_days, least=least_nanos, assignee=assignee, before=optional_id("break", cursor), most=limit + 1,
    )  # fmt: skip
    return page(
        rows, limit=limit,
        item=lambda row: Break.model_validate(shown.break_json(row, age_days=breaks.age_days(row))),
        cursor=lambda row: show_id("break", row.break_id),
    )  # fmt: skip


@router.get("/breaks/{break_id}", summary="Get a break with its lines, its history and what waits for approval")
async def get_break(services: UseCases, break_id: BreakId) -> BreakInFull:
    return await _in_full(services, break_id)


@router.post("/breaks/{break_id}/link", summary="Take rows of the other side and a break's own as one")
async def link_break(services: UseCases, caller: Caller, break_id: BreakId, body: Link) -> BreakInFull:
    await services.reconcile.settling.link(
        read_id("break", break_id), body.rows, by=caller.named(body.by), reason=body.reason
    )
    return await _in_full(services, break_id)


@router.post("/breaks/{break_id}/ignore", summary="Leave a break at that, and say why")
async def ignore_break(services: UseCases, caller: Caller, break_id: BreakId, body: Because) -> BreakInFull:
    await services.reconcile.settling.ignore(read_id("break", break_id), by=caller.named(body.by), reason=body.reason)
    return await _in_full(services, break_id)


@router.post("/breaks/{break_id}/expect", summary="Expect the other row by a time; after that the break is open again")
async def expect_break(services: UseCases, caller: Caller, break_id: BreakId, body: Expect) -> BreakInFull:
    await services.reconcile.settling.expect(
        read_id("break", break_id), until=read_time(body.until), by=caller.named(body.by), reason=body.reason
    )
    return await _in_full(services, break_id)


@router.post("/breaks/{break_id}/remarks", summary="Write a remark beside a break")
async def remark_on_break(services: UseCases, caller: Caller, break_id: BreakId, body: Remark) -> BreakInFull:
    await services.reconcile.settling.remark(read_id("break", break_id), body.text, by=caller.named(body.by))
    return await _in_full(services, break_id)


@router.post("/breaks/{break_id}/assign", summary="Say who has taken a break on")
async def assign_break(services: UseCases, caller: Caller, break_id: BreakId, body: Assign) -> BreakInFull:
    await services.reconcile.settling.assign(read_id("break", break_id), body.to, by=caller.named(body.by))
    return await _in_full(services, break_id)


@router.post("/breaks/{break_id}/reopen", summary="Open a break again for which no money has moved")
async def reopen_break(services: UseCases, caller: Caller, break_id: BreakId, body: Because) -> BreakInFull:
    await services.reconcile.settling.reopen(read_id("break", break_id), by=caller.named(body.by), reason=body.reason)
    return await _in_full(services, break_id)


@router.post("/breaks/{break_id}/write-off", status_code=201, summary="Propose that the operator bears the difference")
async def write_off_break(services: UseCases, caller: Caller, break_id: BreakId, body: Amount) -> Approval:
    approval = await services.reconcile.money_settling.write_off(
        read_id("break", break_id), amount=body.optional_nanos(), by=caller.named(body.by), reason=body.reason
    )
    return Approval.of(approval)


@router.post("/breaks/{break_id}/credit", status_code=201, summary="Propose to credit what came in")
async def credit_break(services: UseCases, caller: Caller, break_id: BreakId, body: ToAccount) -> Approval:
    approval = await services.reconcile.money_settling.credit(
        read_id("break", break_id), account_id=optional_id("account", body.account_id), amount=body.optional_nanos(),
        by=caller.named(body.by), reason=body.reason,
    )  # fmt: skip
    return Approval.of(approval)


@router.post("/breaks/{break_id}/refund", status_code=201, summary="Propose to give back a charge, or an order's money")
async def refund_break(services: UseCases, caller: Caller, break_id: BreakId, body: Amount) -> Approval:
    approval = await services.reconcile.money_settling.refund(
        read_id("break", break_id), amount=body.optional_nanos(), by=caller.named(body.by), reason=body.reason
    )
    return Approval.of(approval)


@router.post("/breaks/{break_id}/adjust", status_code=201, summary="Propose to correct a balance")
async def adjust_break(services: UseCases, caller: Caller, break_id: BreakId, body: ToAccount) -> Approval:
    approval = await services.reconcile.money_settling.adjust(
        read_id("break", break_id), account_id=optional_id("account", body.account_id), amount=body.optional_nanos(),
        by=caller.named(body.by), reason=body.reason,
    )  # fmt: skip
    return Approval.of(approval)


@router.post("/breaks/{break_id}/undo", status_code=201, summary="Propose to take back what moved money for a break")
async def undo_settlement(services: UseCases, caller: Caller, break_id: BreakId, body: Undo) -> Approval:
    approval = await services.reconcile.money_settling.undo(
        read_id("break", break_id), settlement_id=optional_id("settlement", body.settlement_id), by=caller.named(body.by),
        reason=body.reason,
    )  # fmt: skip
    return Approval.of(approval)


@router.get("/matches", summary="List rows that belong together, newest first")
async def list_matches(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    book: Annotated[Book | None, Query(description="Only this book.")] = None,
    row: Annotated[str | None, Query(max_length=200, description="Only those of this row.")] = None,
    everything: Annotated[bool, Query(alias="all", description="Those that came apart too.")] = False,
) -> Page[Match]:
    rows = await services.reconcile.breaks.matches(
        book=book,
        row=row,
        suggested=False,
        standing=not everything,
        before=optional_id("match", cursor),
        most=limit + 1,
    )
    return page(rows, limit=limit, item=_match, cursor=_match_cursor)


@router.get("/suggestions", summary="List pairs that would fit, among which a person is to choose")
async def list_suggestions(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    book: Annotated[Book | None, Query(description="Only this book.")] = None,
    row: Annotated[str | None, Query(max_length=200, description="Only those of this row.")] = None,
) -> Page[Match]:
    rows = await services.reconcile.breaks.matches(
        book=book, row=row, suggested=True, standing=True, before=optional_id("match", cursor), most=limit + 1
    )
    return page(rows, limit=limit, item=_match, cursor=_match_cursor)


def _match(row: desk_model.Match) -> Match:
    return Match.model_validate(shown.match_json(row))


def _match_cursor(row: desk_model.Match) -> str:
    return show_id("match", row.match_id)


async def _in_full(services: UseCases, break_id: str) -> BreakInFull:
    view = await services.reconcile.breaks.view(read_id("break", break_id))
    return BreakInFull.model_validate(shown.break_in_full(view))
