"""The statement: an account's movements as a bank writes them, month by month, with every line's cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from counterfoil.console.routes import Pages
from counterfoil.console.shown import short_id
from counterfoil.console.tables import Amount, Cell, Column, Count, Instant, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.facts import shown_model
from counterfoil.evidence.waterfall_steps import Movement, StepKind, step_kind, steps_of
from counterfoil.evidence.waterfall_view import step_label
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.periods import month_bounds, read_time_zone, to_datetime
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.ledger.model import TransferCode
from counterfoil.ledger.statement import CHARGE_CODES, StatementLine, StatementPage, StatementSums

pages = Pages()
_READ = Need(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ)
# What a printed statement holds; more is for a file.
_PRINTED_MAX = 1_000
# Up to so many records that the background has not added up yet, a month's sums stand on its page.
_SUMMED_AT_ONCE = 20_000
# Causes that have a page of their own, by their kind: where it is.
_PAGES_OF_CAUSES = {"request": "/requests/", "task": "/tasks/"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A calendar month of the account's zone: its name (2026-11), when it starts and ends, and the months beside it."""

    name: str
    start: int
    end: int
    previous: str | None
    following: str | None


@pages.get("/accounts/{account_id}/statement", need=_READ)
async def statement(visit: Visit) -> View:
    month = _month(visit)
    page = await _page(visit, month, most=visit.most_rows)
    is_summed = await _is_summed_at_once(visit, month)
    values, tables = await _summed(visit, month) if is_summed else ({"sums": None}, [])
    more = None if page.before is None else visit.here(before=page.before)
    return View(
        template="statement.html",
        title="page_statement",
        values={"month": month, "balance": await visit.services.ledger.balance(visit.account_id), **values},
        tables=(await _lines_table(visit, page, caption="statement_lines", month=month, more=more), *tables),
    )


@pages.get("/accounts/{account_id}/statement/charges", need=_READ)
async def statement_charges(visit: Visit) -> View:
    """What a folded line is made of; without one, the month's every movement by itself."""
    month = _month(visit)
    page = await _page(visit, month, most=visit.most_rows, folded=False)
    more = None if page.before is None else visit.here(before=page.before)
    return View(
        template="statement_charges.html",
        title="statement_unfolded",
        values={"month": month},
        tables=(await _lines_table(visit, page, caption="statement_unfolded", month=month, more=more),),
    )


@pages.get("/accounts/{account_id}/statement/sums", need=_READ)
async def statement_sums(visit: Visit) -> View:
    """A month in sum; by itself where the month is long to add up."""
    month = _month(visit)
    values, tables = await _summed(visit, month)
    return View(
        template="statement_sums.html", title="statement_sums", values={"month": month, **values}, tables=tables
    )


@pages.get("/accounts/{account_id}/statement/print", need=_READ)
async def statement_print(visit: Visit) -> View:
    """A month for paper, with whose it is on top."""
    month = _month(visit)
    page = await _page(visit, month, most=_PRINTED_MAX)
    values, tables = await _summed(visit, month)
    return View(
        template="statement_print.html",
        title="page_statement",
        values={"month": month, "is_cut": page.before is not None, **values},
        tables=(await _lines_table(visit, page, caption="statement_lines", month=month, more=None), *tables),
    )


def _month(visit: Visit) -> Month:
    """The month that was asked for, else the present one; days and times of the page are of the account's zone."""
    account = visit.of_account
    visit.time_zone = account.time_zone
    start, end = month_bounds(visit.asked("month") or None, now=visit.now, time_zone=account.time_zone)
    return Month(
        name=_name(start, account.time_zone),
        start=start,
        end=end,
        previous=_name(start - 1, account.time_zone) if start > account.created_at else None,
        following=_name(end, account.time_zone) if end <= visit.now else None,
    )


def _name(at: int, time_zone: str) -> str:
    return to_datetime(at).astimezone(read_time_zone(time_zone)).strftime("%Y-%m")


async def _page(visit: Visit, month: Month, *, most: int, folded: bool = True) -> StatementPage:
    return await visit.services.statements.lines(
        visit.account_id, start=month.start, end=month.end, time_zone=visit.of_account.time_zone,
        before=_number(visit, "before"), above=_number(visit, "above") or 0, most=most, folded=folded,
    )  # fmt: skip


def _number(visit: Visit, name: str) -> int | None:
    text = visit.asked(name)
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise InputError(field=name, expected="the number of a movement")
    return int(text)


async def _is_summed_at_once(visit: Visit, month: Month) -> bool:
    behind = await visit.services.statements.behind(visit.account_id, start=month.start, end=month.end)
    return behind <= _SUMMED_AT_ONCE


async def _summed(visit: Visit, month: Month) -> tuple[dict[str, object], list[Table]]:
    sums = await visit.services.statements.sums(visit.account_id, start=month.start, end=month.end)
    steps = steps_of([Movement(*one) for one in sums.movements])
    values: dict[str, object] = {
        "sums": sums,
        "came_in": sum(step.nanos for step in steps if step.nanos > 0),
        "went_out": sum(step.nanos for step in steps if step.nanos < 0),
    }
    return values, [_sums_table(visit, sums)]


def _sums_table(visit: Visit, sums: StatementSums) -> Table:
    currency, w = visit.of_account.currency, visit.w
    steps = steps_of([Movement(*one) for one in sums.movements])
    return Table(
        name="sums",
        caption="statement_sums",
        columns=(
            Column(code="statement_kind"),
            Column(code="statement_count", numeric=True, wide=True),
            Column(code="statement_total", numeric=True),
        ),
        rows=[
            (w.word("statement_opening"), None, Amount(sums.opening, currency)),
            *(
                (step_label(step, visit.language), Count(step.transfers), Amount(step.nanos, currency, signed=True))
                for step in steps
            ),
            (w.word("statement_closing"), None, Amount(sums.closing, currency)),
        ],
    )


# -- lines ---------------------------------------------------------------------------------------------------------


async def _lines_table(visit: Visit, page: StatementPage, *, caption: str, month: Month, more: str | None) -> Table:
    currency = visit.of_account.currency
    models = await _models(visit, page.lines)
    return Table(
        name="statement",
        caption=caption,
        empty="statement_empty",
        more=more,
        columns=(
            Column(code="time"),
            Column(code="statement_what"),
            Column(code="statement_amount", numeric=True),
            Column(code="statement_balance", numeric=True, wide=True),
        ),
        rows=[
            (
                Instant(line.last_at),
                _what(visit, line, month=month, models=models),
                Amount(line.amount, currency, signed=True),
                Amount(line.balance, currency),
            )
            for line in page.lines
        ],
    )


async def _models(visit: Visit, lines: Sequence[StatementLine]) -> Mapping[UUID, str]:
    holds = [line.hold_id for line in lines if line.hold_id is not None and not line.charges]
    return await visit.services.spend.models_of(visit.account_id, holds) if holds else {}


def _what(visit: Visit, line: StatementLine, *, month: Month, models: Mapping[UUID, str]) -> Cell:
    """What a line is for, with a link to it."""
    if line.charges:
        return _folded(visit, line, month=month)
    label = _label(visit, line)
    notes = [] if line.hold_id is None or line.hold_id not in models else [shown_model(models[line.hold_id]) or ""]
    if line.extra and line.code == TransferCode.CREDIT:
        notes.append(visit.w.word("statement_with_bonus", amount=_money(visit, line.extra)))
    elif line.extra and line.code == TransferCode.CASH_REFUND:
        notes.append(visit.w.word("statement_with_taken", amount=_money(visit, -line.extra)))
    shown, href = _cause(visit, line)
    if not shown:
        return Note(label, " · ".join(notes), href)
    short = short_id(shown)
    return Note(label, " · ".join([*notes, short]), href, whole=" · ".join([*notes, shown]))


def _folded(visit: Visit, line: StatementLine, *, month: Month) -> Note:
    w, shown = visit.w, visit.shown
    count = (
        w.word("statement_one_charge")
        if line.charges == 1
        else w.word("statement_charges_of", count=shown.count(line.charges))
    )
    span = w.word("statement_from_to", start=shown.time(line.first_at)[11:], end=shown.time(line.last_at)[11:])
    return Note(
        text=count,
        below=span if line.first_at != line.last_at else shown.time(line.first_at)[11:],
        href=visit.link(
            "/statement/charges", month=month.name, above=line.first_version - 1, before=line.last_version + 1
        ),
    )


def _money(visit: Visit, nanos: int) -> str:
    return visit.shown.money(nanos, visit.of_account.currency)


def _label(visit: Visit, line: StatementLine) -> str:
    """What a line by itself is called."""
    if line.code in CHARGE_CODES:
        return visit.w.label("transfer_code", line.code)
    kind = step_kind(Movement(line.code, line.cause_kind, line.debit, line.credit, line.amount, 1))
    return visit.w.word(f"statement_line_{kind or StepKind.OTHER_OUT}")


def _cause(visit: Visit, line: StatementLine) -> tuple[str, str | None]:
    """The cause's id as shown, and its page where it has one."""
    kind, text = line.cause_kind, line.cause_id
    if kind == "order":
        is_order = text.startswith("ord_")
        return text, visit.link(f"/recharge/orders/{text}") if is_order else None
    # What was posted for a case has the case's id, and which posting of it this is.
    case = text.partition(":")[0]
    named = read_any_id(case)
    if named is not None and named[0] == "case":
        return case, visit.link(f"/support/{case}") if visit.may_ask_support else None
    cause_id = _uuid(text)
    if cause_id is None:
        return text, None
    if kind in _PAGES_OF_CAUSES:
        shown = show_id(kind, cause_id)
        return shown, visit.link(_PAGES_OF_CAUSES[kind] + shown)
    if kind == "code":
        return show_id("code", cause_id), visit.link("/recharge") + "#table-redemptions"
    if kind == "grant":
        return show_id("grant", cause_id), visit.link("/recharge") + "#table-grants"
    return (show_id(kind, cause_id) if kind in ("refund", "adjustment") else text), None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None
