"""Holds made and ended by hand, and the ending of what is due."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.options import AccountArgument, find_account
from counterfoil.cli.output import fields, moment, money
from counterfoil.cli.services import Services
from counterfoil.cli.views import hold_end_json, hold_json, refused_json
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.ledger.model import Authorize, Capture, Expire, Hold, HoldEnd, Outcome, Refused, Void
from counterfoil.ledger.service import Ledger

# As long as an upstream may take to say what became of a task.
_LONGEST_SECONDS = 7 * 24 * 3600

HoldArgument = Annotated[str, typer.Argument(metavar="HOLD", help="The hold's id: that of its request (req_…).")]


async def authorize(
    call: Call,
    account: AccountArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="How much to reserve, such as 1.50.")],
    least: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Be content with this much. Not given: all of it or nothing.")
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, max=_LONGEST_SECONDS, help="How long it may stay open.")] = 600,
    request: Annotated[
        str | None, typer.Option(metavar="ID", help="An id of your own (req_…): the same again gives the same hold.")
    ] = None,
) -> Answer:
    """Reserve money by hand, asking only the wallet; capture or void it later."""
    asked = parse_nanos(amount)
    floor = asked if least is None else parse_nanos(least)
    if not 0 < floor <= asked:
        raise InputError(field="amount", expected="more than zero, and at least as much as --least")
    async with call.services() as services:
        found = await find_account(services, account)
        hold_id = services.clock.new_id() if request is None else read_id("request", request)
        outcome = await services.plain_ledger.apply(
            Authorize(
                account_id=found.account_id, hold_id=hold_id, floor=floor, asked=asked,
                expires_in=seconds * MICROS_PER_SECOND, cause_kind="request", cause_id=hold_id,
                intent=f"by=operator;floor={floor};asked={asked};seconds={seconds}",
            )
        )  # fmt: skip
        return _answer(outcome, currency=found.currency)


async def capture(
    call: Call,
    account: AccountArgument,
    hold: HoldArgument,
    amount: Annotated[str, typer.Argument(metavar="AMOUNT", help="What it cost; more than the hold is overage.")],
) -> Answer:
    """Charge a hold that was made by hand. A call's own hold is charged by its usage alone."""
    cost = parse_nanos(amount)
    if cost < 0:
        raise InputError(code="amount_not_positive")
    hold_id = read_id("request", hold)
    async with call.services() as services:
        found = await find_account(services, account)
        if await _is_a_calls(services, hold_id):
            raise Conflict(
                request=hold, reason="this hold is a call's, which is charged by its usage; void it or refund it"
            )
        outcome = await services.plain_ledger.apply(
            Capture(account_id=found.account_id, hold_id=hold_id, cost=cost, intent=f"by=operator;cost={cost}")
        )
        return _answer(outcome, currency=found.currency)


async def void(
    call: Call,
    account: AccountArgument,
    hold: HoldArgument,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why nothing is charged.")] = "by_hand",
) -> Answer:
    """Release a hold and charge nothing."""
    hold_id = read_id("request", hold)
    async with call.services() as services:
        found = await find_account(services, account)
        ledger = await _ledger_of(services, hold_id)
        outcome = await ledger.apply(Void(account_id=found.account_id, hold_id=hold_id, reason=reason[:200]))
        return _answer(outcome, currency=found.currency)


async def expire(
    call: Call,
    account: Annotated[
        str | None, typer.Argument(metavar="ACCOUNT", help="With HOLD: the account of one hold that is due.")
    ] = None,
    hold: Annotated[str | None, typer.Argument(metavar="HOLD", help="The hold's id (req_…).")] = None,
) -> Answer:
    """End every hold and grant that is due, or one hold. `serve` does so by itself."""
    async with call.services() as services:
        if account is None:
            expired, _ = await services.ledger.expire_overdue()
            ended = await services.ledger.end_due_grants()
            counts = {"holds_expired": expired, "grants_ended": ended}
            return Answer(data=counts, lines=fields({"holds expired": expired, "grants ended": ended}))
        if hold is None:
            raise typer.BadParameter("give ACCOUNT and HOLD, or neither")
        found, hold_id = await find_account(services, account), read_id("request", hold)
        ledger = await _ledger_of(services, hold_id)
        outcome = await ledger.apply(Expire(account_id=found.account_id, hold_id=hold_id))
        return _answer(outcome, currency=found.currency)


async def _is_a_calls(services: Services, hold_id: UUID) -> bool:
    try:
        await services.spend.request(hold_id)
    except NotFound:
        return False
    return True


async def _ledger_of(services: Services, hold_id: UUID) -> Ledger:
    """A call's hold has a request and counts in limits, so its end must reach them too."""
    return services.ledger if await _is_a_calls(services, hold_id) else services.plain_ledger


def _answer(outcome: Outcome, *, currency: str) -> Answer:
    match outcome:
        case Hold():
            shown = {
                "hold": show_id("request", outcome.hold_id),
                "reserved": money(outcome.amount, currency),
                "until": moment(outcome.expires_at),
            }
            return Answer(data={**hold_json(outcome), "currency": currency}, lines=fields(shown))
        case HoldEnd():
            shown = {
                "hold": show_id("request", outcome.hold_id),
                "ended": outcome.verb,
                "charged": money(outcome.charged, currency),
                "released": money(outcome.released, currency),
                "uncollected": money(outcome.uncollected, currency),
            }
            return Answer(data={**hold_end_json(outcome), "currency": currency}, lines=fields(shown))
        case Refused():
            shown = {
                "refused": outcome.code,
                "needed": money(outcome.needed, currency),
                "spendable": money(outcome.spendable, currency),
                "refusal": show_id("request", outcome.refusal_id),
            }
            data = {"refused": refused_json(outcome), "currency": currency}
            return Answer(data=data, lines=fields(shown), status=ExitStatus.NOT_DONE)
        case _:
            raise AssertionError("a command about a hold answers with a hold, its end or a refusal")


def add_to(commands: Commands) -> None:
    commands.add("authorize", authorize)
    commands.add("capture", capture)
    commands.add("void", void)
    commands.add("expire", expire)
