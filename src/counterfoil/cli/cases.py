"""`counterfoil cases`: the support desk's queue, one case with all that is known of it, and every step with it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli import case_answers
from counterfoil.cli.case_options import By, CaseArgument, TextArgument, at_terminal, case_answer, read_text
from counterfoil.cli.case_views import queue_table, view_lines
from counterfoil.cli.command import QUESTIONS, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import Most, OfAccount, account_id_of, read_optional_id
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import read_time
from counterfoil.identity.access import Principal
from counterfoil.support.desk_model import CaseQuery, HandOver
from counterfoil.support.intake import check_problem
from counterfoil.support.model import Case, CaseState, Priority, Resolution
from counterfoil.support.naming import find_case_id
from counterfoil.support.shown import case_in_full, case_json, read_cursor, show_cursor


class DeskName(StrEnum):
    """Whom a case can be handed to."""

    OPERATIONS = "operations"
    FINANCE = "finance"
    ENGINEERING = "engineering"


async def list_cases(
    call: Call,
    state: Annotated[
        list[CaseState] | None, typer.Option("--state", help="Only those in this state; repeatable.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Resolved and closed ones too.")] = False,
    problem: Annotated[str | None, typer.Option("--class", metavar="CLASS", help="Only those of this class.")] = None,
    priority: Annotated[Priority | None, typer.Option("--priority", help="Only those of this priority.")] = None,
    owner: Annotated[
        str | None,
        typer.Option("--owner", metavar="NAME", help="Only those that somebody has taken on; '': nobody has."),
    ] = None,
    late: Annotated[bool, typer.Option("--late", help="Only open ones whose deadline has passed.")] = False,
    cause: Annotated[str | None, typer.Option("--cause", metavar="CODE", help="Only those of this cause.")] = None,
    account: OfAccount = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="ID", help="Only those of this group (cgrp_…).")
    ] = None,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="TEXT", help="The beginning of a number, or the record that it is about."),
    ] = None,
    most: Most = 50,
    after: Annotated[
        str | None, typer.Option("--after", metavar="NEXT", help="`next` of the page before, as --json gives it.")
    ] = None,
) -> Answer:
    """List cases, what is due first first: those that are open, unless told otherwise."""
    last, group_id = read_cursor(after), read_optional_id("case_group", group)
    async with call.services() as services:
        now = services.clock.now()
        query = CaseQuery(
            states=tuple(state or ()), is_open=not (state or everything), is_late=late,
            problem=None if problem is None else check_problem(problem), priority=priority, owner=owner, cause=cause,
            account_id=await account_id_of(services, account), group_id=group_id, text=text,
        )  # fmt: skip
        found = await services.cases.queue(query, principal=at_terminal(), after=last, most=most + 1)
    page = found[:most]
    return Answer(
        data={
            "cases": [case_json(one, now=now) for one in page],
            "next": show_cursor(page[-1]) if len(found) > most else None,
        },
        lines=queue_table(page, call.language, now=now),
    )


async def show(call: Call, case: CaseArgument) -> Answer:
    """Show a case: what was said, the records that it may be about, its steps, and what was settled."""
    async with call.services() as services:
        case_id = await find_case_id(services.cases, case, principal=at_terminal())
        view = await services.cases.view(case_id, principal=at_terminal())
        now = services.clock.now()
    return Answer(data=case_in_full(view, now=now), lines=view_lines(view, call.language, now=now))


async def note(call: Call, case: CaseArgument, text: TextArgument, by: By) -> Answer:
    """Write a private remark, which nobody outside ever reads."""
    words = read_text(text)
    return await _after(call, case, by, lambda services, one, who: services.cases.note(one, words, principal=who))


async def assign(
    call: Call,
    case: CaseArgument,
    by: By,
    to: Annotated[
        str | None, typer.Option("--to", metavar="NAME", help="Who takes it on; not given: nobody any more.")
    ] = None,
) -> Answer:
    """Say who has taken a case on."""
    return await _after(call, case, by, lambda services, one, who: services.cases.assign(one, to, principal=who))


async def set_priority(
    call: Call, case: CaseArgument, priority: Annotated[Priority, typer.Argument(help="How soon it is wanted.")], by: By
) -> Answer:
    """Say how urgent a case is; its deadline moves with it, counted from when it came in."""
    return await _after(
        call, case, by, lambda services, one, who: services.cases.set_priority(one, priority, principal=who)
    )


RecordArgument = Annotated[
    str, typer.Argument(metavar="RECORD", help="One of the candidates: its place in the list (1, 2, …), or its id.")
]


async def confirm(call: Call, case: CaseArgument, record: RecordArgument, by: By) -> Answer:
    """Say which record a case is about: its account and cause become the case's."""

    async def confirmed(services: Services, one: UUID, who: Principal) -> Case:
        return await services.cases.confirm(one, await _candidate(services, one, record, who), principal=who)

    return await _after(call, case, by, confirmed)


async def reject(call: Call, case: CaseArgument, record: RecordArgument, by: By) -> Answer:
    """Say that a case is not about a candidate; where it was confirmed, it is so no more."""

    async def rejected(services: Services, one: UUID, who: Principal) -> Case:
        return await services.cases.reject(one, await _candidate(services, one, record, who), principal=who)

    return await _after(call, case, by, rejected)


async def search(call: Call, case: CaseArgument, by: By) -> Answer:
    """Have the records searched once more, in the background of a running serve."""
    return await _after(call, case, by, lambda services, one, who: services.cases.search_again(one, principal=who))


async def ask(
    call: Call,
    case: CaseArgument,
    by: By,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="FIELD", help="An evidence field to ask for; repeatable.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="A question beside them; the reporter reads it.")
    ] = None,
) -> Answer:
    """Ask whoever reported a case for what is missing; the private link shows what is asked."""
    return await _after(
        call, case, by, lambda services, one, who: services.cases.ask(one, field or [], text, principal=who)
    )


async def hand_over(
    call: Call,
    case: CaseArgument,
    to: Annotated[DeskName, typer.Argument(help="Whom to.")],
    asks: Annotated[str, typer.Option("--asks", metavar="TEXT", help="What they are asked to do; kept private.")],
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="By when, such as 2027-01-31T00:00:00+08:00; within 90 days.")
    ],
    by: By,
    checked: Annotated[
        list[str] | None, typer.Option("--checked", metavar="CODE", help="What was checked, by its code; repeatable.")
    ] = None,
    bundle: Annotated[
        str | None, typer.Option("--bundle", metavar="ID", help="The evidence bundle that goes with it, by its id.")
    ] = None,
) -> Answer:
    """Hand a case to another desk. Engineering sees only cases that were handed to it."""
    what = HandOver(
        to=CaseState(f"with_{to}"), asks=asks, until=read_time(until), checked=tuple(checked or ()), bundle=bundle
    )
    return await _after(call, case, by, lambda services, one, who: services.cases.hand_over(one, what, principal=who))


async def hand_back(call: Call, case: CaseArgument, text: TextArgument, by: By) -> Answer:
    """Give a case back to support with what has come of it."""
    words = read_text(text)
    return await _after(call, case, by, lambda services, one, who: services.cases.hand_back(one, words, principal=who))


async def resolve(
    call: Call,
    case: CaseArgument,
    resolution: Annotated[Resolution, typer.Argument(help="How; what moves money only once an approval has moved it.")],
    by: By,
) -> Answer:
    """Say how a case was settled."""
    return await _after(
        call, case, by, lambda services, one, who: services.cases.resolve(one, resolution, principal=who)
    )


async def close(call: Call, case: CaseArgument, by: By) -> Answer:
    """Close a case."""
    return await _after(call, case, by, lambda services, one, who: services.cases.close(one, principal=who))


async def reopen(
    call: Call,
    case: CaseArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept, redacted.")],
    by: By,
) -> Answer:
    """Open a case again, with a new deadline; the records are searched once more."""
    return await _after(call, case, by, lambda services, one, who: services.cases.reopen(one, reason, principal=who))


async def group(
    call: Call,
    case: CaseArgument,
    by: By,
    other: Annotated[
        str | None,
        typer.Option("--with", metavar="CASE", help="Together with this case; not given: as the records say."),
    ] = None,
    out: Annotated[bool, typer.Option("--out", help="Take it out of its group instead.")] = False,
) -> Answer:
    """Put a case together with others of the same cause, so that they are answered together."""
    if out and other is not None:
        raise InputError(field="--out", expected="--with or --out, not both")

    async def grouped(services: Services, one: UUID, who: Principal) -> Case:
        if out:
            return await services.cases.ungroup(one, principal=who)
        group_id = None if other is None else await _group_of(services, other, who)
        return await services.cases.group(one, group_id, principal=who)

    return await _after(call, case, by, grouped)


async def purge(
    call: Call,
    case: CaseArgument,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="Why; the audit trail keeps it.")],
    by: By,
) -> Answer:
    """Take out for good what people typed for a closed case. Nothing brings it back; the steps stay, without their words."""
    return await _after(call, case, by, lambda services, one, who: services.case_purging.purge(one, by=who, why=why))


async def _after(
    call: Call, case: str, by: str, step: Callable[[Services, UUID, Principal], Awaitable[Case]]
) -> Answer:
    """A case after a step that somebody has taken with it."""
    who = at_terminal(by)
    async with call.services() as services:
        case_id = await find_case_id(services.cases, case, principal=who)
        return case_answer(services, await step(services, case_id, who), call.language)


async def _candidate(services: Services, case_id: UUID, given: str, principal: Principal) -> str:
    """The record of a place in the list of candidates, or as it was given."""
    if not (given.isascii() and given.isdecimal() and len(given) <= 3):
        return given
    view = await services.cases.view(case_id, principal=principal)
    known = () if view.search is None else view.search.candidates
    if not 1 <= int(given) <= len(known):
        raise InputError(field="record", given=given, expected=f"a place from 1 to {len(known)}, or a record's id")
    return known[int(given) - 1].subject


async def _group_of(services: Services, other: str, principal: Principal) -> UUID | None:
    """The group of another case, which is made where it has none."""
    other_id = await find_case_id(services.cases, other, principal=principal)
    found = await services.cases.case(other_id, principal=principal)
    if found.group_id is None:
        found = await services.cases.group(other_id, None, principal=principal)
    return found.group_id


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="cases",
        panel=QUESTIONS,
        summary="The support desk: cases, the records that they are about, answers, and money that goes back.",
    )
    commands.add("list", list_cases)
    commands.add("show", show)
    commands.add("note", note)
    commands.add("assign", assign)
    commands.add("priority", set_priority)
    commands.add("confirm", confirm)
    commands.add("reject", reject)
    commands.add("search", search)
    commands.add("ask", ask)
    commands.add("hand-over", hand_over)
    commands.add("hand-back", hand_back)
    case_answers.add_to(commands)
    commands.add("resolve", resolve)
    commands.add("close", close)
    commands.add("reopen", reopen)
    commands.add("group", group)
    commands.add("purge", purge)
