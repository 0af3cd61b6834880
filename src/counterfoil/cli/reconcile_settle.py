"""What is done about a break, at the terminal. Whatever moves money is proposed, and carried out once it is approved."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.approvals.model import Approval
from counterfoil.approvals.shown import approval_json
from counterfoil.cli.approvals import approval_lines
from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.options import account_id_of, read_amount
from counterfoil.cli.reconcile_breaks import BreakArgument, break_answer
from counterfoil.cli.services import Services
from counterfoil.foundation.ids import read_id
from counterfoil.foundation.periods import read_time
from counterfoil.foundation.vocabulary import Language

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it: nobody signs in yet.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept, redacted.")]
ToAccount = Annotated[
    str | None,
    typer.Option("--account", metavar="ACCOUNT", help="Whose balance (name or id); not given: the break's own."),
]
OfAmount = Annotated[
    str | None,
    typer.Option("--amount", metavar="AMOUNT", help="In the account's currency; not given: what the sides differ by."),
]


async def link(
    call: Call,
    one: BreakArgument,
    rows: Annotated[list[str], typer.Argument(metavar="ROW…", help="Rows as shown, such as line: and an id.")],
    by: By,
    reason: Reason,
) -> Answer:
    """Take these rows and the break's own as one. Other breaks of only these rows are settled with it."""
    break_id = read_id("break", one)
    async with call.services() as services:
        await services.reconcile.settling.link(break_id, rows, by=by, reason=reason)
        return await break_answer(services, one, call.language)


async def ignore(call: Call, one: BreakArgument, by: By, reason: Reason) -> Answer:
    """Leave it at that, and say why."""
    break_id = read_id("break", one)
    async with call.services() as services:
        await services.reconcile.settling.ignore(break_id, by=by, reason=reason)
        return await break_answer(services, one, call.language)


async def expect(
    call: Call,
    one: BreakArgument,
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Such as 2027-01-31T00:00:00+08:00.")],
    by: By,
    reason: Reason,
) -> Answer:
    """Expect the other row by a time; after that the break is open again."""
    break_id, time = read_id("break", one), read_time(until)
    async with call.services() as services:
        await services.reconcile.settling.expect(break_id, until=time, by=by, reason=reason)
        return await break_answer(services, one, call.language)


async def write_off(call: Call, one: BreakArgument, by: By, reason: Reason, amount: OfAmount = None) -> Answer:
    """Propose that the operator bears the difference, or keeps it. No balance changes."""
    break_id, nanos = read_id("break", one), read_amount(amount)
    async with call.services() as services:
        approval = await services.reconcile.money_settling.write_off(break_id, amount=nanos, by=by, reason=reason)
        return await _proposed(services, approval, call.language)


async def credit(
    call: Call, one: BreakArgument, by: By, reason: Reason, account: ToAccount = None, amount: OfAmount = None
) -> Answer:
    """Propose to credit what came in: the order that was paid, or else an account."""
    break_id, nanos = read_id("break", one), read_amount(amount)
    async with call.services() as services:
        approval = await services.reconcile.money_settling.credit(
            break_id, account_id=await account_id_of(services, account), amount=nanos, by=by, reason=reason
        )
        return await _proposed(services, approval, call.language)


async def refund(call: Call, one: BreakArgument, by: By, reason: Reason, amount: OfAmount = None) -> Answer:
    """Propose to give back a charge, or money of an order; the amount is in the charge's or the order's currency."""
    break_id, nanos = read_id("break", one), read_amount(amount)
    async with call.services() as services:
        approval = await services.reconcile.money_settling.refund(break_id, amount=nanos, by=by, reason=reason)
        return await _proposed(services, approval, call.language)


async def adjust(
    call: Call, one: BreakArgument, by: By, reason: Reason, account: ToAccount = None, amount: OfAmount = None
) -> Answer:
    """Propose to correct a balance by an entry of its own; a negative amount leaves it."""
    break_id, nanos = read_id("break", one), read_amount(amount)
    async with call.services() as services:
        approval = await services.reconcile.money_settling.adjust(
            break_id, account_id=await account_id_of(services, account), amount=nanos, by=by, reason=reason
        )
        return await _proposed(services, approval, call.language)


async def undo(
    call: Call,
    one: BreakArgument,
    by: By,
    reason: Reason,
    settlement: Annotated[
        str | None,
        typer.Option("--settlement", metavar="ID", help="Which (setl_…); not given: the last that moved money."),
    ] = None,
) -> Answer:
    """Propose to take back what moved money for a break, by an entry of its own; the break is open again then."""
    break_id = read_id("break", one)
    settlement_id = None if settlement is None else read_id("settlement", settlement)
    async with call.services() as services:
        approval = await services.reconcile.money_settling.undo(
            break_id, settlement_id=settlement_id, by=by, reason=reason
        )
        return await _proposed(services, approval, call.language)


async def reopen(call: Call, one: BreakArgument, by: By, reason: Reason) -> Answer:
    """Open a break again for which no money has moved; what was linked comes apart."""
    break_id = read_id("break", one)
    async with call.services() as services:
        await services.reconcile.settling.reopen(break_id, by=by, reason=reason)
        return await break_answer(services, one, call.language)


async def remark(
    call: Call,
    one: BreakArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to write beside it; kept, redacted.")],
    by: By,
) -> Answer:
    """Write a remark beside a break."""
    break_id = read_id("break", one)
    async with call.services() as services:
        await services.reconcile.settling.remark(break_id, text, by=by)
        return await break_answer(services, one, call.language)


async def _proposed(services: Services, approval: Approval, language: Language) -> Answer:
    events = await services.approvals.events(approval.approval_id)
    return Answer(data=approval_json(approval), lines=approval_lines(approval, events, language))


def add_to(commands: Commands) -> None:
    settle = Commands.group(
        commands.application,
        commands.launchers,
        name="settle",
        panel=MONEY,
        summary="Settle a break: link, ignore, expect, write off, credit, refund, adjust.",
    )
    settle.add("link", link)
    settle.add("ignore", ignore)
    settle.add("expect", expect)
    settle.add("write-off", write_off)
    settle.add("credit", credit)
    settle.add("refund", refund)
    settle.add("adjust", adjust)
    commands.add("undo", undo)
    commands.add("reopen", reopen)
    commands.add("remark", remark)
