"""What staff decides of orders: payments it has seen, refunds, disputes. All that moves money goes by approval."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from counterfoil.approvals.model import Approval
from counterfoil.approvals.shown import approval_json
from counterfoil.cli.approvals import approval_lines
from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.options import SourceId, read_amount
from counterfoil.cli.order_lines import order_lines, refund_label
from counterfoil.cli.output import fields, moment, money
from counterfoil.cli.services import Services
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount as both
from counterfoil.foundation.vocabulary import Language
from counterfoil.recharge.model import DisputeState, RefundState
from counterfoil.recharge.orders_shown import order_in_full, refund_json

# Longer than any provider's number; a file given by mistake is not read to its end.
_NUMBER_CHARACTERS_MAX = 1_000

OrderArgument = Annotated[str, typer.Argument(metavar="ORDER", help="The order's id (ord_…).")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it: nobody signs in yet.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept, redacted.")]
NumberOption = Annotated[
    str | None,
    typer.Option(
        "--number",
        metavar="NUMBER",
        help="The payment's number as the provider or the bank shows it. Not given: asked for, or read from standard input.",
    ),
]


class Outcome(StrEnum):
    """How a refund went."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


async def confirm(call: Call, order: OrderArgument, reason: Reason, by: By, number: NumberOption = None) -> Answer:
    """Propose to credit an order whose payment was seen at the bank or the provider.

    A notice that comes later with the same number finds it credited.
    """
    order_id, seen = read_id("order", order), read_number(number)
    async with call.services() as services:
        approval = await services.order_refunds.propose_confirmation(order_id, number=seen, reason=reason, by=by)
        return await _answer(services, approval, call.language)


async def refund(
    call: Call,
    order: OrderArgument,
    source_id: SourceId,
    reason: Reason,
    by: By,
    amount: Annotated[
        str | None,
        typer.Option("--amount", metavar="AMOUNT", help="How much of what was paid; not given: all that may go back."),
    ] = None,
) -> Answer:
    """Propose to refund an order, or a part of it: once approved it leaves the wallet, and the provider is asked."""
    order_id, nanos = read_id("order", order), read_amount(amount)
    async with call.services() as services:
        approval = await services.order_refunds.propose(
            order_id, source_id=source_id, amount=nanos, reason=reason, by=by
        )
        return await _answer(services, approval, call.language)


async def refundable(call: Call, order: OrderArgument) -> Answer:
    """Show how much of what was paid may go back now."""
    async with call.services() as services:
        found = await services.orders.order(read_id("order", order))
        most = await services.order_refunds.refundable(found.order_id)
    shown = show_id("order", found.order_id)
    return Answer(
        data={"order_id": shown, **both("refundable", most), "currency": found.currency},
        lines=fields({"order": shown, "refundable": money(most, found.currency)}),
    )


async def confirm_refund(
    call: Call,
    refund: Annotated[str, typer.Argument(metavar="REFUND", help="The refund's id (ref_…).")],
    state: Annotated[Outcome, typer.Option("--state", help="How it went; failed: the customer has the money again.")],
    by: By,
) -> Answer:
    """Say how a refund went that nobody can be asked about, such as a bank transfer."""
    refund_id = read_id("refund", refund)
    async with call.services() as services:
        done = await services.order_refunds.settle_by_staff(refund_id, state=RefundState(state), by=by)
        order = await services.orders.order(done.order_id)
    shown = {
        "refund": show_id("refund", done.refund_id),
        "order": show_id("order", done.order_id),
        "state": refund_label(done, call.language),
        "amount": money(done.amount, order.currency),
        "taken back": money(done.taken, order.terms.wallet_currency),
        "ended": moment(done.ended_at),
    }
    return Answer(data=refund_json(done, order), lines=fields(shown))


async def dispute(
    call: Call,
    order: OrderArgument,
    state: Annotated[DisputeState, typer.Option("--state", help="That it is disputed, or how that has ended.")],
    reason: Reason,
    by: By,
) -> Answer:
    """Propose to record that an order's payment is disputed, or how that has ended, where no notice says so."""
    order_id = read_id("order", order)
    async with call.services() as services:
        approval = await services.order_refunds.propose_dispute(order_id, state=state, reason=reason, by=by)
        return await _answer(services, approval, call.language)


async def looked_at(call: Call, order: OrderArgument, reason: Reason, by: By) -> Answer:
    """Say that what an order asked attention for has been seen to."""
    order_id = read_id("order", order)
    async with call.services() as services:
        await services.orders.settle_attention(order_id, by=by, reason=reason)
        view = await services.orders.view(order_id)
    return Answer(data=order_in_full(view), lines=order_lines(view, call.language))


def read_number(given: str | None) -> str:
    """A payment's number; asked for where it is not given, so that it need not be in the shell's history."""
    if given is not None:
        return given
    if sys.stdin.isatty():
        return str(typer.prompt("Number", err=True))
    return sys.stdin.readline(_NUMBER_CHARACTERS_MAX).strip()


async def _answer(services: Services, approval: Approval, language: Language) -> Answer:
    events = await services.approvals.events(approval.approval_id)
    return Answer(data=approval_json(approval), lines=approval_lines(approval, events, language))


def add_to(commands: Commands) -> None:
    commands.add("confirm", confirm)
    commands.add("refundable", refundable)
    commands.add("refund", refund)
    commands.add("confirm-refund", confirm_refund)
    commands.add("dispute", dispute)
    commands.add("looked-at", looked_at)
