"""The ledger's proof of itself: verify, checkpoint, sums."""

from __future__ import annotations

from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.shown import amount, time


async def verify(call: Call) -> Answer:
    """Recompute every balance from what was posted, and compare it with the records and the signed checkpoints."""
    async with call.services() as services:
        checkpoints = services.checkpoints.read()
        report = await services.ledger.verify(checkpoints)
    data = {
        "verified": report.verified,
        "accounts": report.accounts,
        "transfers": report.transfers,
        "checkpoints": report.checkpoints,
        "sums": {currency: amount("sum", nanos) for currency, nanos in sorted(report.sums.items())},
        "findings": [
            {"kind": one.kind, "account_id": one.account, "version": one.version, "message": one.message}
            for one in report.findings
        ],
    }
    shown = {
        "verified": report.verified,
        "accounts": report.accounts,
        "transfers": report.transfers,
        "checkpoints": report.checkpoints,
        "sums": [f"{format_nanos(nanos)} {currency}" for currency, nanos in sorted(report.sums.items())],
    }
    lines = fields(shown)
    if not report.checkpoints:
        lines.append(
            "No checkpoint yet, so what was cut off with its account's record cannot be seen: counterfoil ledger checkpoint"
        )
    if report.findings:
        rows = [(one.kind, one.account, one.version, one.message) for one in report.findings]
        lines += ["", *table(("kind", "account", "version", "what does not hold"), rows)]
    return Answer(data=data, lines=lines, status=ExitStatus.DONE if report.verified else ExitStatus.NOT_DONE)


async def checkpoint(call: Call) -> Answer:
    """Sign every account's version and hash into a file outside the database."""
    async with call.services() as services:
        made = await services.ledger.checkpoint(services.checkpoints)
    data = {
        "number": made.number,
        "created_at": time(made.created_at),
        "accounts": len(made.accounts),
        "previous": made.previous or None,
    }
    return Answer(data=data, lines=fields({**data, "created_at": moment(made.created_at)}))


async def sums(call: Call) -> Answer:
    """Show what every named account comes to: wallets together, revenue, clearing, … Each currency adds up to zero."""
    async with call.services() as services:
        found = await services.ledger.sums()
    data = {
        currency: {
            "accounts": {name: amount("amount", nanos) for name, nanos in named.items()},
            **amount("total", sum(named.values())),
        }
        for currency, named in found.items()
    }
    rows = [
        row
        for currency, named in found.items()
        for row in (
            *((currency, name, format_nanos(nanos)) for name, nanos in named.items()),
            (currency, "total", format_nanos(sum(named.values()))),
        )
    ]
    columns = ("currency", "account", Column(name="amount", right=True))
    balanced = not any(sum(named.values()) for named in found.values())
    return Answer(
        data={"sums": data, "balanced": balanced},
        lines=table(columns, rows, empty="Nothing has been posted yet."),
        status=ExitStatus.DONE if balanced else ExitStatus.NOT_DONE,
    )


def add_to(commands: Commands) -> None:
    commands.add("verify", verify)
    commands.add("checkpoint", checkpoint)
    commands.add("sums", sums)
