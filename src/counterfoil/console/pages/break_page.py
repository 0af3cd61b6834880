"""One break: both sides, what would fit, its history, and what people do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from starlette.responses import Response

from counterfoil.approvals.model import Approval, ApprovalState
from counterfoil.approvals.rules import same_person
from counterfoil.console.break_sides import candidates_of, sides_of
from counterfoil.console.desk import account_links, form, read_optional_money, saw
from counterfoil.console.pages.breaks import break_address, break_amount, break_mark, until_typed
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Link, Mark, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.reconcile.breaks_service import BreakView
from counterfoil.reconcile.desk_model import Settlement

pages = Pages()
_READ = Need(staff=Staff.RECONCILE_READ)
_WRITE = Need(staff=Staff.RECONCILE_WRITE)


@pages.get("/reconcile/breaks/{break_id}", need=_READ)
async def break_page(visit: Visit) -> View:
    view = await visit.services.reconcile.breaks.view(visit.id_in_path("break", "break_id"))
    one = view.found
    await saw(visit, one.account_id, "break_page")
    may_write = visit.may(staff=Staff.RECONCILE_WRITE)
    links = await account_links(visit, (one.account_id,)) if visit.may(staff=Staff.ACCOUNTS_READ) else {}
    return View(
        template="break.html",
        title="page_break",
        title_values={"what": visit.w.label("break_class", one.break_class)},
        values={
            "one": one,
            "address": break_address(visit, one.break_id),
            "said": visit.w.entry("break_class", one.break_class),
            "facts": _facts(visit, view, links),
            "sides": await sides_of(visit, one, view.lines),
            "candidates": await candidates_of(visit, view),
            "events": view.events,
            "proposals": [_proposal(visit, each) for each in view.proposals],
            "may_write": may_write,
            "may_settle": may_write and one.state.is_standing,
            "may_reopen": may_write and not one.state.is_standing and not _moved(view.settlements),
            "may_undo": may_write and bool(_moved(view.settlements)),
            "mark": break_mark(visit, one),
            "today": visit.shown.day(visit.now),
        },
        tables=(_settlements_table(visit, view.settlements),),
    )  # fmt: skip


def _facts(visit: Visit, view: BreakView, links: dict[UUID, Link]) -> list[tuple[str, Cell]]:
    one = view.found
    facts: list[tuple[str, Cell]] = [
        ("rec_difference", break_amount(one, one.difference, signed=True)),
        ("rec_expected", break_amount(one, one.expected)),
        ("rec_found", break_amount(one, one.found)),
        ("rec_book", visit.w.label("book", one.book)),
        ("rec_source", one.source),
        ("rec_account", None if one.account_id is None else links.get(one.account_id, Id(show_id("account", one.account_id)))),
        ("rec_at", Instant(one.at)),
        ("rec_first_day", f"{one.first_day.isoformat()} · {visit.w.word('rec_days', count=view.age_days)}"),
        ("rec_owner", visit.w.label("owner", one.owner)),
        ("rec_assignee", one.assignee),
        ("rec_rule", one.rule),
        ("rec_break_id", Id(show_id("break", one.break_id))),
    ]  # fmt: skip
    if one.expected_until is not None:
        facts.insert(3, ("rec_until", Instant(one.expected_until)))
    return facts


def _proposal(visit: Visit, one: Approval) -> dict[str, object]:
    return {
        "text": visit.w.label("approval_action", one.action),
        "href": visit.staff_link(f"/approvals/{show_id('approval', one.approval_id)}"),
        "amount": None if one.amount is None or one.currency is None else visit.shown.money(one.amount, one.currency),
        "by": one.proposed_by,
        "reason": one.reason,
        "is_own": same_person(visit.by, one.proposed_by),
    }


def _settlements_table(visit: Visit, settlements: Sequence[Settlement]) -> Table:
    return Table(
        name="settlements",
        caption="rec_settlements",
        empty="rec_settlements_none",
        columns=(
            Column(code="rec_action"), Column(code="rec_amount", numeric=True), Column(code="rec_by"),
            Column(code="rec_when"), Column(code="rec_reason", wide=True), Column(code="rec_approval", wide=True),
        ),
        rows=[
            (
                Mark(visit.w.word("rec_taken_back"), "quiet") if one.undone_by is not None
                else visit.w.label("break_action", one.action),
                None if one.amount is None or one.currency is None else Amount(one.amount, one.currency),
                one.by, Instant(one.at), one.reason,
                None if one.approval_id is None
                else Id(show_id("approval", one.approval_id), visit.staff_link(f"/approvals/{show_id('approval', one.approval_id)}")),
            )
            for one in settlements
        ],
    )  # fmt: skip


def _moved(settlements: Sequence[Settlement]) -> list[Settlement]:
    return [one for one in settlements if one.action.moves_money and one.undone_by is None]


# -- what is done about one --------------------------------------------------------------------------------------------


@pages.post("/reconcile/breaks/{break_id}/assign", need=_WRITE, shows=break_page)
async def assign_break(visit: Visit) -> Response:
    break_id = visit.id_in_path("break", "break_id")
    to = visit.by if visit.typed("to_me") else visit.typed("assignee") or None
    with _at("by", "assignee"):
        await visit.services.reconcile.settling.assign(break_id, to, by=visit.by)
    return visit.done(break_address(visit, break_id), "done_assigned")


@pages.post("/reconcile/breaks/{break_id}/remark", need=_WRITE, shows=break_page)
async def remark_on_break(visit: Visit) -> Response:
    break_id = visit.id_in_path("break", "break_id")
    with form("remark"):
        await visit.services.reconcile.settling.remark(break_id, visit.typed("remark_reason"), by=visit.by)
    return visit.done(break_address(visit, break_id), "done_remarked")


@pages.post("/reconcile/breaks/{break_id}/link", need=_WRITE, shows=break_page)
async def link_break(visit: Visit) -> Response:
    """Take rows of the other side and the break's own as one: those of a suggestion, or as typed."""
    break_id = visit.id_in_path("break", "break_id")
    rows = [
        one.strip()
        for text in visit.typed_all("link_rows")
        for one in text.replace(",", "\n").splitlines()
        if one.strip()
    ]
    if not rows:
        raise InputError(field="link_rows", expected="line:…")
    with form("link"):
        await visit.services.reconcile.settling.link(
            break_id, [_row_name(one) for one in rows], by=visit.by, reason=visit.typed("link_reason")
        )
    return visit.done(break_address(visit, break_id), "done_linked")


@pages.post("/reconcile/breaks/{break_id}/ignore", need=_WRITE, shows=break_page)
async def ignore_break(visit: Visit) -> Response:
    break_id = visit.id_in_path("break", "break_id")
    with form("ignore"):
        await visit.services.reconcile.settling.ignore(break_id, by=visit.by, reason=visit.typed("ignore_reason"))
    return visit.done(break_address(visit, break_id), "done_ignored")


@pages.post("/reconcile/breaks/{break_id}/expect", need=_WRITE, shows=break_page)
async def expect_break(visit: Visit) -> Response:
    break_id = visit.id_in_path("break", "break_id")
    with form("expect"):
        await visit.services.reconcile.settling.expect(
            break_id, until=until_typed(visit, "expect_until"), by=visit.by, reason=visit.typed("expect_reason")
        )
    return visit.done(break_address(visit, break_id), "done_expected")


@pages.post("/reconcile/breaks/{break_id}/reopen", need=_WRITE, shows=break_page)
async def reopen_break(visit: Visit) -> Response:
    break_id = visit.id_in_path("break", "break_id")
    with form("reopen"):
        await visit.services.reconcile.settling.reopen(break_id, by=visit.by, reason=visit.typed("reopen_reason"))
    return visit.done(break_address(visit, break_id), "done_reopened")


@pages.post("/reconcile/breaks/{break_id}/settle", need=_WRITE, shows=break_page)
async def settle_break(visit: Visit) -> Response:
    """Propose what moves money; somebody else decides, unless one person may do so much alone."""
    break_id, money = visit.id_in_path("break", "break_id"), visit.services.reconcile.money_settling
    reason, amount = visit.typed("settle_reason"), _amount(visit)
    account_id = read_id("account", visit.typed("settle_account")) if visit.typed("settle_account") else None
    with form("settle"):
        match visit.typed("settle_action"):
            case "write_off":
                made = await money.write_off(break_id, amount=amount, by=visit.by, reason=reason)
            case "credit":
                made = await money.credit(break_id, account_id=account_id, amount=amount, by=visit.by, reason=reason)
            case "refund":
                made = await money.refund(break_id, amount=amount, by=visit.by, reason=reason)
            case "adjust":
                made = await money.adjust(break_id, account_id=account_id, amount=amount, by=visit.by, reason=reason)
            case _:
                raise InputError(field="action", expected="write_off, credit, refund, adjust")
    return _settled(visit, break_id, made)


@pages.post("/reconcile/breaks/{break_id}/undo", need=_WRITE, shows=break_page)
async def undo_settlement(visit: Visit) -> Response:
    break_id = visit.id_in_path("break", "break_id")
    with form("undo"):
        made = await visit.services.reconcile.money_settling.undo(
            break_id, by=visit.by, reason=visit.typed("undo_reason")
        )
    return _settled(visit, break_id, made)


def _settled(visit: Visit, break_id: UUID, made: Approval) -> Response:
    waits = made.state is ApprovalState.PROPOSED
    return visit.done(break_address(visit, break_id), "done_settling_proposed" if waits else "done_settled")


def _amount(visit: Visit) -> int | None:
    if visit.typed("settle_action") == "adjust":
        return read_optional_money(visit, "settle_amount")
    amount = read_optional_money(visit, "settle_amount")
    if amount is not None and amount <= 0:
        raise InputError(field="settle_amount", expected="12.34")
    return amount


def _row_name(typed: str) -> str:
    """A row as reconciliation names it; a shown id (`ord_…`) is one as well."""
    if ":" in typed:
        return typed
    prefix, _, digits = typed.partition("_")
    table = {"ord": "order", "line": "line", "req": "request", "task": "task", "ref": "refund", "code": "code"}.get(
        prefix
    )
    return typed if table is None else f"{table}:{digits}"


@contextmanager
def _at(field: str, shown: str) -> Iterator[None]:
    """A problem of one field is shown at another."""
    try:
        yield
    except InputError as error:
        if error.parameters.get("field") == field:
            error.parameters["field"] = shown
        raise
