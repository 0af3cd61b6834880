"""Breaks and matches at the terminal: which there are, and one with all that is known of it."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.options import Most, OfAccount, account_id_of, read_amount, read_optional_id
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.cli.services import Services
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Kind, Language, Owner, entry
from counterfoil.reconcile.breaks_service import BreakView
from counterfoil.reconcile.desk_model import Break, BreakState, Match
from counterfoil.reconcile.model import Book, BreakClass
from counterfoil.reconcile.shown import break_in_full, break_json, match_json

BreakArgument = Annotated[str, typer.Argument(metavar="BREAK", help="The break's id (brk_…).")]
OfBook = Annotated[Book | None, typer.Option("--book", help="Only this book.")]
Before = Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one.")]


async def list_breaks(
    call: Call,
    state: Annotated[BreakState | None, typer.Option("--state", help="Only those in this state.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Settled, ignored and closed ones too.")] = False,
    book: OfBook = None,
    break_class: Annotated[BreakClass | None, typer.Option("--class", help="Only those of this class.")] = None,
    owner: Annotated[Owner | None, typer.Option("--owner", help="Only those that are for these people.")] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source's.")] = None,
    account: OfAccount = None,
    older_than: Annotated[
        int | None,
        typer.Option("--older-than", metavar="DAYS", min=0, help="Only those that are older than so many days."),
    ] = None,
    least: Annotated[
        str | None, typer.Option("--least", metavar="AMOUNT", help="Only those that differ by so much or more.")
    ] = None,
    most: Most = 50,
    before: Before = None,
) -> Answer:
    """List what does not match, newest first: what stands open, unless told otherwise."""
    last, nanos = read_optional_id("break", before), read_amount(least)
    async with call.services() as services:
        found = await services.reconcile.breaks.list(
            state=state, standing=state is None and not everything, book=book, break_class=break_class,
            owner=None if owner is None else owner.value, source=source,
            account_id=await account_id_of(services, account), older_than_days=older_than, least=nanos, before=last,
            most=most + 1,
        )  # fmt: skip
        ages = {one.break_id: services.reconcile.breaks.age_days(one) for one in found}
    page = found[:most]
    return Answer(
        data={
            "breaks": [break_json(one, age_days=ages[one.break_id]) for one in page],
            "next": show_id("break", page[-1].break_id) if len(found) > most else None,
        },
        lines=_breaks_table(page, {one.break_id.hex: ages[one.break_id] for one in page}),
    )


async def show(call: Call, one: BreakArgument) -> Answer:
    """Show a break: the rows of both sides, its history, what was done and what waits for approval."""
    async with call.services() as services:
        return await break_answer(services, one, call.language)


async def list_matches(
    call: Call,
    book: OfBook = None,
    row: Annotated[
        str | None, typer.Option("--row", metavar="ROW", help="Only those of this row, such as order: and its id.")
    ] = None,
    ended: Annotated[bool, typer.Option("--all", help="Those that came apart too.")] = False,
    most: Most = 50,
    before: Before = None,
) -> Answer:
    """List rows that belong together, newest first."""
    return await _matches(call, book=book, row=row, suggested=False, standing=not ended, most=most, before=before)


async def list_suggestions(
    call: Call,
    book: OfBook = None,
    row: Annotated[
        str | None, typer.Option("--row", metavar="ROW", help="Only those of this row, such as line: and its id.")
    ] = None,
    most: Most = 50,
    before: Before = None,
) -> Answer:
    """List pairs that would fit by amount and time, among which a person is to choose; none of them posts."""
    return await _matches(call, book=book, row=row, suggested=True, standing=True, most=most, before=before)


async def _matches(
    call: Call, *, book: Book | None, row: str | None, suggested: bool, standing: bool, most: int, before: str | None
) -> Answer:
    last = read_optional_id("match", before)
    async with call.services() as services:
        found = await services.reconcile.breaks.matches(
            book=book, row=row, suggested=suggested, standing=standing, before=last, most=most + 1
        )
    page = found[:most]
    return Answer(
        data={
            "suggestions" if suggested else "matches": [match_json(one) for one in page],
            "next": show_id("match", page[-1].match_id) if len(found) > most else None,
        },
        lines=_matches_table(page),
    )


async def break_answer(services: Services, shown: str, language: Language) -> Answer:
    """A break with all that is known of it."""
    view = await services.reconcile.breaks.view(read_id("break", shown))
    return Answer(data=break_in_full(view), lines=break_lines(view, language))


def break_lines(view: BreakView, language: Language) -> list[str]:
    """A break for a person: its facts, what it means, what to do, and its history."""
    one, words = view.found, entry(Kind.BREAK_CLASS, view.found.break_class)
    currency = one.currency or ""
    shown = {
        "break": show_id("break", one.break_id),
        "class": f"{words.label[language]} ({one.break_class})",
        "owner": f"{entry(Kind.OWNER, one.owner).label[language]} ({one.owner})",
        "state": f"{entry(Kind.BREAK_STATE, one.state).label[language]} ({one.state})",
        "age": f"{view.age_days} d, since {one.first_day.isoformat()}",
        "source": one.source,
        "account": None if one.account_id is None else show_id("account", one.account_id),
        "expected": money(one.expected, currency),
        "found": money(one.found, currency),
        "difference": money(one.difference, currency),
        "at": moment(one.at),
        "ours": one.ours,
        "theirs": one.theirs,
        "alternatives": one.alternatives,
        "rule": one.rule,
        "expected until": moment(one.expected_until),
        "awaits approval": tuple(show_id("approval", each.approval_id) for each in view.proposals),
    }
    lines = [*fields(shown), "", words.explanation[language], words.next_step.where_to_look[language],
             words.next_step.what_to_change[language]]  # fmt: skip
    if view.lines:
        rows = [
            (f"line:{each.line_id.hex}", each.kind, each.status, money(each.direction * each.amount, each.currency),
             moment(each.at), each.trade_mask, each.payer_mask, each.description)
            for each in view.lines
        ]  # fmt: skip
        lines += ["", *table(("line", "kind", "status", Column(name="amount", right=True), "at", "number", "payer",
                              "description"), rows)]  # fmt: skip
    steps = [
        (
            each.number,
            moment(each.at),
            entry(Kind.BREAK_EVENT, each.what).label[language],
            each.state,
            each.by,
            each.remark,
        )
        for each in view.events
    ]
    lines += ["", *table((Column(name="step", right=True), "at", "what", "state", "by", "remark"), steps)]
    if view.settlements:
        done = [
            (show_id("settlement", each.settlement_id), each.action, money(each.amount, each.currency or ""), each.by,
             None if each.approval_id is None else show_id("approval", each.approval_id), each.undone_by is not None)
            for each in view.settlements
        ]  # fmt: skip
        lines += [
            "",
            *table(("settlement", "action", Column(name="amount", right=True), "by", "approval", "undone"), done),
        ]
    return lines


def _breaks_table(page: list[Break], ages: dict[str, int]) -> list[str]:
    rows = [
        (show_id("break", one.break_id), one.break_class, one.state, one.owner, ages[one.break_id.hex], one.source,
         money(one.expected, one.currency or ""), money(one.found, one.currency or ""))
        for one in page
    ]  # fmt: skip
    columns = ("break", "class", "state", "owner", Column(name="days", right=True), "source",
               Column(name="expected", right=True), Column(name="found", right=True))  # fmt: skip
    return table(columns, rows, empty="Nothing stands open.")


def _matches_table(page: list[Match] | object) -> list[str]:
    assert isinstance(page, list | tuple)
    rows = [
        (
            show_id("match", one.match_id),
            one.rule,
            one.ours,
            one.theirs,
            money(one.variance, one.currency or ""),
            one.made_by,
        )
        for one in page
    ]
    return table(("match", "rule", "ours", "theirs", Column(name="variance", right=True), "by"), rows, empty="None.")


def add_to(commands: Commands) -> None:
    commands.add("breaks", list_breaks)
    commands.add("show", show)
    commands.add("matches", list_matches)
    commands.add("suggestions", list_suggestions)
