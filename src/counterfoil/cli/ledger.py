"""`counterfoil ledger`: money that comes and goes by hand, and what the wallet has to say about it."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli import ledger_holds, ledger_proof
from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import AccountArgument, Most, SourceId, find_account, read_amount, read_optional_time
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.cli.views import balance_json, cause, grant_json, operation_json, transfer_json
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.foundation.shown import amount as both
from counterfoil.ledger.model import (
    ADJUSTMENTS,
    BREAKAGE,
    COMPENSATION,
    PROMOTIONS,
    Adjust,
    Credit,
    EndGrant,
    Freeze,
    GrantKind,
    GrantSpec,
    Operation,
    Unfreeze,
)

# Where money comes from that an operator credits by hand, unless told otherwise.
_ORIGINS = {
    GrantKind.PAID: "clearing:manual",
    GrantKind.PROMOTIONAL: PROMOTIONS,
    GrantKind.COMPENSATION: COMPENSATION,
}

AmountArgument = Annotated[str, typer.Argument(metavar="AMOUNT", help="A decimal amount such as 12.34.")]
GrantArgument = Annotated[str, typer.Argument(metavar="GRANT", help="The grant's id (grant_…).")]
ExpiresAt = Annotated[
    str | None, typer.Option("--expires-at", metavar="TIME", help="When the grant ends, such as 2027-01-01T00:00:00Z.")
]
KindOption = Annotated[GrantKind, typer.Option("--kind", help="What kind of credit it is.")]


async def credit(
    call: Call,
    account: AccountArgument,
    amount: AmountArgument,
    source_id: SourceId,
    source_kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="order, code, grant, refund or adjustment. Not given: order where paid, else grant."
        ),
    ] = None,
    kind: KindOption = GrantKind.PAID,
    bonus: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="A promotional grant that comes with it, from the same source.")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where the money comes from, such as clearing:stripe or promotions."),
    ] = None,
    priority: Annotated[int, typer.Option(min=0, help="Lower is spent first.")] = 100,
    expires_at: ExpiresAt = None,
) -> Answer:
    """Credit an account, once per source."""
    expiry = read_optional_time(expires_at)
    grants = [
        GrantSpec(
            kind=kind, amount=parse_nanos(amount), origin=origin or _ORIGINS[kind], priority=priority, expires_at=expiry
        )
    ]
    extra = read_amount(bonus)
    if extra is not None:
        grants.append(
            GrantSpec(kind=GrantKind.PROMOTIONAL, amount=extra, origin=PROMOTIONS, priority=priority, expires_at=expiry)
        )
    source = source_kind or ("order" if kind is GrantKind.PAID else "grant")
    async with call.services() as services:
        found = await find_account(services, account)
        operation = await services.ledger.operate(
            Credit(account_id=found.account_id, source_kind=source, source_id=source_id, grants=tuple(grants))
        )
        return _operated(operation, currency=found.currency)


async def adjust(
    call: Call,
    account: AccountArgument,
    amount: Annotated[
        str, typer.Option("--amount", metavar="AMOUNT", help="Such as 1.50, or -1.50, which takes money out.")
    ],
    source_id: SourceId,
    counterpart: Annotated[
        str, typer.Option(metavar="NAME", help="The operator-side account it is booked against.")
    ] = ADJUSTMENTS,
    kind: KindOption = GrantKind.COMPENSATION,
    expires_at: ExpiresAt = None,
) -> Answer:
    """Correct a wallet by an approved amount; --source-id names the approval."""
    async with call.services() as services:
        found = await find_account(services, account)
        operation = await services.ledger.operate(
            Adjust(
                account_id=found.account_id, source_id=source_id, amount=parse_nanos(amount), counterpart=counterpart,
                kind=kind, expires_at=read_optional_time(expires_at),
            )
        )  # fmt: skip
        return _operated(operation, currency=found.currency)


async def refund(
    call: Call,
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id (req_…).")],
    source_id: SourceId,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why.")],
    amount: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="How much. Not given: all that is left of the charge.")
    ] = None,
) -> Answer:
    """Give back what a request was charged, or a part of it, to the grants that paid."""
    request_id = read_id("request", request)
    nanos = read_amount(amount)
    async with call.services() as services:
        currency = (await services.spend.request(request_id)).currency
        refunded = await services.spend.refund(request_id, source_id=source_id, amount=nanos, reason=reason)
    data = {"request_id": request, "source_id": source_id, "currency": currency, **both("refunded", refunded)}
    return Answer(
        data=data, lines=fields({"request": request, "refunded": money(refunded, currency), "source": source_id})
    )


async def balance(
    call: Call,
    account: AccountArgument,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As of then, such as 2026-11-01T00:00:00Z.")] = None,
) -> Answer:
    """Show an account's money, now or at a time, computed from its transfers and holds."""
    moment_of = read_optional_time(at)
    async with call.services() as services:
        found = await find_account(services, account)
        answer = await services.ledger.balance(found.account_id, at=moment_of)
    shown = {
        "account": show_id("account", answer.account_id),
        "at": moment(answer.at),
        "posted": money(answer.posted, answer.currency),
        "held": money(answer.held, answer.currency),
        "available": money(answer.available, answer.currency),
        "event": answer.event_no,
    }
    return Answer(data=balance_json(answer), lines=fields(shown))


async def grants(call: Call, account: AccountArgument) -> Answer:
    """List an account's grants in the order in which they are spent."""
    async with call.services() as services:
        found = await find_account(services, account)
        rows = await services.ledger.grants(found.account_id)
    columns = ("grant", "kind", "state", Column(name="priority", right=True), Column(name="amount", right=True),
               Column(name="remaining", right=True), Column(name="held", right=True), "expires", "source")  # fmt: skip
    lines = [
        (
            show_id("grant", grant.grant_id), grant.kind, grant.state, grant.priority, format_nanos(grant.amount),
            format_nanos(grant.remaining), format_nanos(grant.held), moment(grant.expires_at),
            f"{grant.source_kind} {grant.source_id}",
        )
        for grant in rows
    ]  # fmt: skip
    return Answer(
        data={
            "account_id": show_id("account", found.account_id),
            "currency": found.currency,
            "grants": [grant_json(grant) for grant in rows],
        },
        lines=table(columns, lines, empty="No grants yet: counterfoil ledger credit ACCOUNT AMOUNT --source-id ID"),
    )


async def transfers(
    call: Call,
    account: AccountArgument,
    most: Most = 50,
    before: Annotated[int | None, typer.Option(metavar="VERSION", help="Only those before this version.")] = None,
) -> Answer:
    """Show what was posted to an account, newest first."""
    async with call.services() as services:
        found = await find_account(services, account)
        rows = list(await services.ledger.transfers(found.account_id, before=before, most=most + 1))
    page = rows[:most]
    columns = (
        Column(name="version", right=True),
        "time",
        "code",
        "debit",
        "credit",
        Column(name="amount", right=True),
        "cause",
    )
    lines = [
        (
            one.version, moment(one.created_at), one.code, one.debit, one.credit, format_nanos(one.amount),
            f"{one.cause_kind} {cause(one.cause_kind, one.cause_id)}",
        )
        for one in page
    ]  # fmt: skip
    return Answer(
        data={
            "account_id": show_id("account", found.account_id),
            "currency": found.currency,
            "transfers": [transfer_json(one) for one in page],
            "next": page[-1].version if len(rows) > most else None,
        },
        lines=table(columns, lines, empty="Nothing has been posted yet."),
    )


async def end_grant(
    call: Call,
    account: AccountArgument,
    grant: GrantArgument,
    to: Annotated[
        str, typer.Option(metavar="NAME", help="Where its rest goes: breakage, promotions, clearing:PROVIDER, …")
    ] = BREAKAGE,
) -> Answer:
    """End a grant for good; what is reserved of it follows when its holds end."""
    grant_id = read_id("grant", grant)
    async with call.services() as services:
        found = await find_account(services, account)
        operation = await services.ledger.operate(
            EndGrant(account_id=found.account_id, grant_id=grant_id, destination=to)
        )
        return _operated(operation, currency=found.currency)


async def freeze(call: Call, account: AccountArgument, grant: GrantArgument, source_id: SourceId) -> Answer:
    """Freeze a grant while its payment is disputed: what is not reserved cannot be spent."""
    grant_id = read_id("grant", grant)
    async with call.services() as services:
        found = await find_account(services, account)
        operation = await services.ledger.operate(
            Freeze(account_id=found.account_id, grant_id=grant_id, source_id=source_id)
        )
        return _operated(operation, currency=found.currency)


async def unfreeze(call: Call, account: AccountArgument, grant: GrantArgument, source_id: SourceId) -> Answer:
    """Let a frozen grant be spent again."""
    grant_id = read_id("grant", grant)
    async with call.services() as services:
        found = await find_account(services, account)
        operation = await services.ledger.operate(
            Unfreeze(account_id=found.account_id, grant_id=grant_id, source_id=source_id)
        )
        return _operated(operation, currency=found.currency)


def _operated(operation: Operation, *, currency: str) -> Answer:
    data = {**operation_json(operation), "currency": currency}
    shown = {
        name.replace("_", " "): f"{value} {currency}" if f"{name}_nanos" in data else value
        for name, value in data.items()
        if not name.endswith("_nanos") and name not in ("currency", "parts", "operation_key")
    }
    return Answer(data=data, lines=fields(shown))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="ledger",
        panel=MONEY,
        summary="Credits, corrections, holds, and the proof of it all.",
    )
    commands.add("credit", credit)
    commands.add("adjust", adjust)
    commands.add("refund", refund)
    commands.add("balance", balance)
    commands.add("grants", grants)
    commands.add("transfers", transfers)
    commands.add("end-grant", end_grant)
    commands.add("freeze", freeze)
    commands.add("unfreeze", unfreeze)
    ledger_holds.add_to(commands)
    ledger_proof.add_to(commands)
