"""What goes out for cases at the terminal, what comes of it, and the desk's numbers."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.approvals.model import Approval
from counterfoil.approvals.shown import approval_json
from counterfoil.cli.approvals import approval_lines
from counterfoil.cli.case_options import By, CaseArgument, Reason, at_terminal, read_text
from counterfoil.cli.case_views import answered_lines, metrics_lines, objection_table
from counterfoil.cli.command import QUESTIONS, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.options import read_amount, read_optional_time
from counterfoil.cli.order_decisions import NumberOption, read_number
from counterfoil.cli.services import Services
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.intake import check_problem
from counterfoil.support.metrics_shown import metrics_csv, metrics_json
from counterfoil.support.naming import find_case_id
from counterfoil.support.replies import Answered
from counterfoil.support.shown import answered_json, objection_json

_DAY_MICROS = 86_400 * MICROS_PER_SECOND


async def draft(call: Call, case: CaseArgument) -> Answer:
    """Write an answer from what was found, in the case's language; nothing is sent. What must not go out is listed below it."""
    who = at_terminal()
    async with call.services() as services:
        case_id = await find_case_id(services.cases, case, principal=who)
        text = await services.replies.draft(case_id, principal=who)
        facts = await services.replies.facts(case_id, principal=who)
        objections = await services.replies.check(case_id, text, principal=who)
    lines = text.splitlines()
    return Answer(
        data={"text": text, "facts": facts, "objections": [objection_json(one) for one in objections]},
        lines=[*lines, "", *objection_table(objections, call.language)] if objections else lines,
    )


async def reply(
    call: Call,
    cases: Annotated[list[str], typer.Argument(metavar="CASE…", help="Numbers (CS-…) or ids (case_…) of cases.")],
    by: By,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="The answer; not given: read from standard input.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Send nothing: list what must not go out.")] = False,
) -> Answer:
    """Answer whoever reported a case, or several cases with one text in which each gets its own facts, such as {case}.

    A text with a secret, another account's, an upstream's name, internal routing or a promise is not sent: exit status 1.
    """
    words, who = read_text(text), at_terminal(by)
    async with call.services() as services:
        ids = [await find_case_id(services.cases, one, principal=who) for one in cases]
        if check or len(ids) == 1:
            answered = []
            for case_id in ids:
                objections = await services.replies.check(case_id, words, principal=who)
                if not (check or objections):
                    await services.replies.send(case_id, words, principal=who)
                answered.append(Answered(case_id=case_id, objections=objections))
        else:
            answered = await services.replies.send_to_many(ids, words, principal=who)
    named = {case_id.hex: name for case_id, name in zip(ids, cases, strict=True)}
    sent = all(one.is_sent for one in answered)
    data = [{**answered_json(one), "sent": one.is_sent and not check} for one in answered]
    return Answer(
        data={"answers": data},
        lines=["Nothing to object to."] if check and sent else answered_lines(answered, named, call.language),
        status=ExitStatus.DONE if sent else ExitStatus.NOT_DONE,
    )


async def compensate(
    call: Call,
    case: CaseArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="In the account's currency, such as 2.50.")],
    reason: Reason,
    by: By,
) -> Answer:
    """Propose to credit the case's account; what is credited ends after thirty days."""
    nanos, who = parse_nanos(amount), at_terminal(by)
    async with call.services() as services:
        case_id = await find_case_id(services.cases, case, principal=who)
        approval = await services.case_settling.compensate(case_id, amount=nanos, reason=reason, principal=who)
        return await _proposed(services, approval, call.language)


async def refund(
    call: Call,
    case: CaseArgument,
    reason: Reason,
    by: By,
    amount: Annotated[
        str | None, typer.Option("--amount", metavar="AMOUNT", help="How much; not given: all that may go back.")
    ] = None,
) -> Answer:
    """Propose to give back the charge of the case's request or task, or money of its order."""
    nanos, who = read_amount(amount), at_terminal(by)
    async with call.services() as services:
        case_id = await find_case_id(services.cases, case, principal=who)
        approval = await services.case_settling.refund(case_id, amount=nanos, reason=reason, principal=who)
        return await _proposed(services, approval, call.language)


async def credit_again(call: Call, case: CaseArgument, reason: Reason, by: By, number: NumberOption = None) -> Answer:
    """Propose to credit the case's order, whose payment was seen at the bank or the provider."""
    seen, who = read_number(number), at_terminal(by)
    async with call.services() as services:
        case_id = await find_case_id(services.cases, case, principal=who)
        approval = await services.case_settling.credit_again(case_id, number=seen, reason=reason, principal=who)
        return await _proposed(services, approval, call.language)


async def metrics(
    call: Call,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Cases that arrived since then; not given: so many --days ago."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="And before then; not given: now.")
    ] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=366, help="How far back.")] = 30,
    problem: Annotated[str | None, typer.Option("--class", metavar="CLASS", help="Only cases of this class.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, one number a row.")] = False,
) -> Answer:
    """Show the desk's numbers: times to answers and resolutions, hand-overs, what came again, what was refused at intake."""
    start, end = read_optional_time(since), read_optional_time(until)
    wanted = None if problem is None else check_problem(problem)
    async with call.services() as services:
        end = services.clock.now() if end is None else end
        start = max(0, end - days * _DAY_MICROS) if start is None else start
        found = await services.case_metrics.measure(start=start, end=end, problem=wanted)
    return Answer(
        data=metrics_json(found, start=start, end=end, problem=wanted),
        lines=metrics_csv(found).splitlines() if as_csv else metrics_lines(found, call.language),
    )


async def _proposed(services: Services, approval: Approval, language: Language) -> Answer:
    events = await services.approvals.events(approval.approval_id)
    return Answer(data=approval_json(approval), lines=approval_lines(approval, events, language))


def add_to(commands: Commands) -> None:
    commands.add("draft", draft)
    commands.add("reply", reply)
    settle = Commands.group(
        commands.application,
        commands.launchers,
        name="settle",
        panel=QUESTIONS,
        summary="Propose what moves money for a case: compensation, a refund, a credit that is missing.",
    )
    settle.add("compensate", compensate)
    settle.add("refund", refund)
    settle.add("credit-again", credit_again)
    commands.add("metrics", metrics)
