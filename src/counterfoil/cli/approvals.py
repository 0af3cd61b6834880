"""`counterfoil approvals`: what waits for a decision, and deciding it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalEvent, ApprovalState
from counterfoil.approvals.shown import approval_in_full, approval_json
from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import Most, OfAccount, account_id_of, read_optional_id
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.cli.services import Services
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import identifier
from counterfoil.foundation.vocabulary import Kind, Language, entry

ApprovalArgument = Annotated[str, typer.Argument(metavar="APPROVAL", help="The approval's id (appr_…).")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides: nobody signs in yet.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why; kept with the decision.")]


async def list_approvals(
    call: Call,
    state: Annotated[ApprovalState | None, typer.Option("--state", help="Only those in this state.")] = None,
    action: Annotated[ApprovalAction | None, typer.Option("--action", help="Only those of this action.")] = None,
    account: OfAccount = None,
    subject: Annotated[
        str | None, typer.Option("--subject", metavar="ID", help="Only those about this, such as ord_….")
    ] = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one (appr_…).")] = None,
) -> Answer:
    """List approvals, newest first; those that wait: --state proposed."""
    last = read_optional_id("approval", before)
    async with call.services() as services:
        found = await services.approvals.list(
            state=state, action=action, account_id=await account_id_of(services, account), subject=subject, before=last,
            most=min(most + 1, 500),
        )  # fmt: skip
    page = found[:most]
    rows = [
        (
            show_id("approval", one.approval_id), moment(one.proposed_at), one.action, one.subject, _money(one),
            one.proposed_by, one.state, one.decided_by,
        )
        for one in page
    ]  # fmt: skip
    columns = (
        "approval",
        "proposed",
        "action",
        "subject",
        Column(name="amount", right=True),
        "by",
        "state",
        "decided by",
    )
    following = show_id("approval", page[-1].approval_id) if len(found) > most else None
    return Answer(
        data={"approvals": [approval_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No such approvals."),
    )


async def show(call: Call, approval: ApprovalArgument) -> Answer:
    """Show an approval: who proposed what, why, and how it was decided."""
    approval_id = read_id("approval", approval)
    async with call.services() as services:
        return await _answer(services, await services.approvals.find(approval_id), call.language)


async def approve(call: Call, approval: ApprovalArgument, by: By, reason: Reason = None) -> Answer:
    """Approve a proposal and carry it out, together or not at all. It takes another person than who proposed it."""
    approval_id = read_id("approval", approval)
    async with call.services() as services:
        decided = await services.approvals.approve(approval_id, by=by, reason=reason)
        return await _answer(services, decided, call.language)


async def reject(call: Call, approval: ApprovalArgument, by: By, reason: Reason = None) -> Answer:
    """Decide against a proposal: nothing is done."""
    approval_id = read_id("approval", approval)
    async with call.services() as services:
        decided = await services.approvals.reject(approval_id, by=by, reason=reason)
        return await _answer(services, decided, call.language)


async def withdraw(call: Call, approval: ApprovalArgument, by: By, reason: Reason = None) -> Answer:
    """Take back a proposal of one's own: nothing is done."""
    approval_id = read_id("approval", approval)
    async with call.services() as services:
        decided = await services.approvals.withdraw(approval_id, by=by, reason=reason)
        return await _answer(services, decided, call.language)


async def _answer(services: Services, approval: Approval, language: Language) -> Answer:
    events = await services.approvals.events(approval.approval_id)
    return Answer(data=approval_in_full(approval, events), lines=approval_lines(approval, events, language))


def approval_lines(approval: Approval, events: Sequence[ApprovalEvent], language: Language) -> list[str]:
    """An approval for a person: its fields, what its state means, and its steps."""
    shown = {
        "approval": show_id("approval", approval.approval_id),
        "action": f"{approval.action} ({entry(Kind.APPROVAL_ACTION, approval.action).label[language]})",
        "subject": approval.subject,
        "account": identifier("account", approval.account_id),
        "amount": _money(approval),
        "reason": approval.reason,
        "payload": ", ".join(f"{name}={value}" for name, value in approval.payload.items()),
        "proposed by": approval.proposed_by,
        "proposed": moment(approval.proposed_at),
        "policy": f"{approval.policy} ({entry(Kind.APPROVAL_POLICY, approval.policy).label[language]})",
        "state": approval.state,
        "decided by": approval.decided_by,
        "decided": moment(approval.decided_at),
        "decision's reason": approval.decision_reason,
    }
    state = entry(Kind.APPROVAL_STATE, approval.state)
    rows = [(event.number, moment(event.at), event.state, event.by, event.reason) for event in events]
    return [
        *fields(shown),
        "",
        state.explanation[language],
        state.next_step.what_to_change[language],
        "",
        *table((Column(name="step", right=True), "time", "state", "by", "reason"), rows),
    ]


def _money(approval: Approval) -> str | None:
    return money(approval.amount, approval.currency or "")


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="approvals",
        panel=MONEY,
        summary="What one person proposes and another decides, or one does alone, under a cap.",
    )
    commands.add("list", list_approvals)
    commands.add("show", show)
    commands.add("approve", approve)
    commands.add("reject", reject)
    commands.add("withdraw", withdraw)
