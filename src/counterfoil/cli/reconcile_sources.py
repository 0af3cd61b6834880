"""Sources and statements at the terminal: who sends what, how it is read, and what came of each file."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.options import Most, read_amount, read_optional_id
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.vocabulary import Kind, entry
from counterfoil.reconcile.desk_model import KeptStatement, Source, SourceKind
from counterfoil.reconcile.shown import source_json, statement_in_full, statement_json
from counterfoil.reconcile.statements.importer import Reading

_HOUR = 3_600

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The payment provider's or upstream's name, or one for a bank account.")
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it: nobody signs in yet.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept, redacted.")]
Importers = Annotated[
    list[str] | None,
    typer.Option(
        "--importer", metavar="NAME", help="What reads its files; repeatable. See reconcile sources importers."
    ),
]
Zone = Annotated[
    str | None, typer.Option("--time-zone", metavar="ZONE", help="Of times without one, such as Asia/Shanghai.")
]
Currency = Annotated[
    str | None, typer.Option("--currency", metavar="CODE", help="Of amounts without one, such as CNY.")
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column", metavar="FIELD=NAME", help="Which column holds a field, for bank and generic; repeatable."
    ),
]
Daily = Annotated[
    bool | None, typer.Option("--daily/--not-daily", help="Whether a day without a statement of it is incomplete.")
]
Settling = Annotated[
    int | None,
    typer.Option("--settling-hours", metavar="HOURS", min=0, help="How long after a day its lines may come."),
]
FeeRate = Annotated[
    str | None,
    typer.Option("--fee-rate", metavar="PERCENT", help="What is agreed that it keeps, such as 0.6; none: any."),
]
FeeFixed = Annotated[str | None, typer.Option("--fee-fixed", metavar="AMOUNT", help="And so much of each payment.")]
Tolerance = Annotated[
    list[str] | None,
    typer.Option("--tolerance", metavar="CODE=UNITS", help="How far sums may differ, in smallest units; repeatable."),
]
PayoutsTo = Annotated[
    str | None,
    typer.Option("--payouts-to", metavar="NAME", help="The bank account, also a source, that it pays out to."),
]

Owner = Annotated[
    str | None,
    typer.Option(
        "--owner", metavar="NUMBER", help="The merchant or account number that its files must name; kept as a hash."
    ),
]


async def list_sources(call: Call) -> Answer:
    """List who sends statements, and how theirs are read."""
    async with call.services() as services:
        found = await services.reconcile.sources.list()
    rows = [
        (one.name, one.what, "active" if one.is_active else "disabled", one.importers, one.reading.time_zone,
         one.reading.currency, one.expected_daily, f"{one.settling_seconds // _HOUR} h", one.payouts_to)
        for one in found
    ]  # fmt: skip
    columns = ("name", "what", "status", "importers", "time zone", "currency", "daily", "settling", "pays out to")
    return Answer(
        data={"sources": [source_json(one) for one in found]}, lines=table(columns, rows, empty="No sources yet.")
    )


async def list_importers(call: Call) -> Answer:
    """List what can be read: one importer for each kind of file."""
    async with call.services() as services:
        names = services.reconcile.sources.importers()
    return Answer(data={"importers": list(names)}, lines=list(names))


async def add_source(
    call: Call,
    name: Name,
    what: Annotated[SourceKind, typer.Option("--what", help="What it is.")],
    by: By,
    importer: Importers = None,
    time_zone: Zone = None,
    currency: Currency = None,
    column: Columns = None,
    daily: Daily = None,
    settling_hours: Settling = None,
    fee_rate: FeeRate = None,
    fee_fixed: FeeFixed = None,
    tolerance: Tolerance = None,
    payouts_to: PayoutsTo = None,
    owner: Owner = None,
) -> Answer:
    """Add a source of statements."""
    made = _changed(
        Source(name=name, what=what), importer=importer, time_zone=time_zone, currency=currency, column=column,
        daily=daily, settling_hours=settling_hours, fee_rate=fee_rate, fee_fixed=fee_fixed, tolerance=tolerance,
        payouts_to=payouts_to,
    )  # fmt: skip
    async with call.services() as services:
        sources = services.reconcile.sources
        return _source_answer(await sources.add(sources.owned(made, owner), by=by))


async def change_source(
    call: Call,
    name: Name,
    importer: Importers = None,
    time_zone: Zone = None,
    currency: Currency = None,
    column: Columns = None,
    daily: Daily = None,
    settling_hours: Settling = None,
    fee_rate: FeeRate = None,
    fee_fixed: FeeFixed = None,
    tolerance: Tolerance = None,
    payouts_to: PayoutsTo = None,
    owner: Owner = None,
    active: Annotated[bool | None, typer.Option("--active/--disabled", help="Whether it still sends any.")] = None,
) -> Answer:
    """Change a source; what is not given stays."""
    async with call.services() as services:
        sources = services.reconcile.sources
        found = await sources.find(name)
        changed = _changed(
            found, importer=importer, time_zone=time_zone, currency=currency, column=column, daily=daily,
            settling_hours=settling_hours, fee_rate=fee_rate, fee_fixed=fee_fixed, tolerance=tolerance,
            payouts_to=payouts_to,
        )  # fmt: skip
        changed = replace(changed, is_active=changed.is_active if active is None else active)
        return _source_answer(await sources.change(sources.owned(changed, owner)))


def _changed(
    source: Source,
    *,
    importer: list[str] | None,
    time_zone: str | None,
    currency: str | None,
    column: list[str] | None,
    daily: bool | None,
    settling_hours: int | None,
    fee_rate: str | None,
    fee_fixed: str | None,
    tolerance: list[str] | None,
    payouts_to: str | None,
) -> Source:
    reading = Reading(
        time_zone=time_zone or source.reading.time_zone, currency=currency or source.reading.currency,
        columns=source.reading.columns if column is None else _pairs("column", column),
    )  # fmt: skip
    return replace(
        source, reading=reading, importers=source.importers if importer is None else tuple(importer),
        expected_daily=source.expected_daily if daily is None else daily,
        settling_seconds=source.settling_seconds if settling_hours is None else settling_hours * _HOUR,
        fee_millionths=source.fee_millionths if fee_rate is None else _millionths(fee_rate),
        fee_fixed=source.fee_fixed if fee_fixed is None else read_amount(fee_fixed) or 0,
        tolerance=source.tolerance if tolerance is None else _units(tolerance),
        payouts_to=payouts_to or source.payouts_to,
    )  # fmt: skip


def _pairs(field: str, given: list[str]) -> dict[str, str]:
    found = dict(text.split("=", 1) for text in given if "=" in text)
    if len(found) != len(given):
        raise InputError(field=field, expected="each as NAME=VALUE, and each once")
    return found


def _units(given: list[str]) -> dict[str, int]:
    found = _pairs("tolerance", given)
    if not all(units.isascii() and units.isdigit() for units in found.values()):
        raise InputError(field="tolerance", expected="whole numbers of smallest units, such as CNY=1")
    return {currency: int(units) for currency, units in found.items()}


def _millionths(percent: str) -> int:
    """A rate such as 0.6 (percent) as millionths."""
    nanos = read_amount(percent) or 0
    if nanos % 100_000:
        raise InputError(field="fee_rate", expected="a percentage with at most four decimals")
    return nanos // 100_000


def _source_answer(source: Source) -> Answer:
    shown = {
        "name": source.name,
        "what": source.what,
        "status": "active" if source.is_active else "disabled",
        "importers": source.importers,
        "time zone": source.reading.time_zone,
        "currency": source.reading.currency,
        "columns": tuple(f"{field}={column}" for field, column in source.reading.columns.items()),
        "daily": source.expected_daily,
        "settling": f"{source.settling_seconds // _HOUR} h",
        "fee": None if source.fee_millionths is None else f"{format_nanos(source.fee_millionths * 100_000)} %",
        "tolerance": tuple(f"{currency}={units}" for currency, units in source.tolerance.items()),
        "pays out to": source.payouts_to,
        "owner": source.owner_mask,
    }
    return Answer(data=source_json(source), lines=fields(shown))


async def statements(
    call: Call,
    statement: Annotated[
        str | None, typer.Argument(metavar="[STATEMENT]", help="One of them (stmt_…), with its rejects and totals.")
    ] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source's.")] = None,
    faulty: Annotated[bool, typer.Option("--faulty", help="Only those that keep a day from being conclusive.")] = False,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one (stmt_…).")] = None,
) -> Answer:
    """List statements, newest first, or show one with what is wrong with it."""
    one, last = read_optional_id("statement", statement), read_optional_id("statement", before)
    async with call.services() as services:
        if one is not None:
            view = await services.reconcile.imports.find(one)
            rejects = [
                (each.number, each.column, entry(Kind.REJECT_REASON, each.reason).label[call.language], each.raw)
                for each in view.rejects
            ]
            totals = [(each.name, each.stated, each.found, each.stated == each.found) for each in view.totals]
            lines = [
                *_statement_fields(view.statement),
                "",
                *table(("line", "column", "reason", "raw"), rejects, empty="No rejects."),
                "",
                *table(("total", Column(name="stated", right=True), Column(name="found", right=True), "holds"), totals,
                       empty="It states no totals."),
            ]  # fmt: skip
            return Answer(data=statement_in_full(view), lines=lines)
        found = await services.reconcile.imports.list(source=source, faulty=faulty, before=last, most=most + 1)
    page = found[:most]
    rows = [
        (show_id("statement", each.statement_id), each.source, each.importer, moment(each.begins), moment(each.ends),
         each.lines, each.rejects, each.totals_wrong, each.is_truncated, each.set_aside_at is not None, each.name)
        for each in page
    ]  # fmt: skip
    columns = ("statement", "source", "importer", "begins", "ends", Column(name="lines", right=True),
               Column(name="rejects", right=True), Column(name="wrong totals", right=True), "cut off", "set aside", "name")  # fmt: skip
    return Answer(
        data={
            "statements": [statement_json(each) for each in page],
            "next": show_id("statement", page[-1].statement_id) if len(found) > most else None,
        },
        lines=table(columns, rows, empty="No such statements."),
    )


async def set_aside(
    call: Call,
    statement: Annotated[str, typer.Argument(metavar="STATEMENT", help="The statement's id (stmt_…).")],
    by: By,
    reason: Reason,
) -> Answer:
    """Say that what is wrong with a statement has been seen to: it no longer makes a day inconclusive. Its lines stay."""
    statement_id = read_id("statement", statement)
    async with call.services() as services:
        kept = await services.reconcile.imports.set_aside(statement_id, by=by, reason=reason)
    return Answer(data=statement_json(kept), lines=_statement_fields(kept))


def _statement_fields(one: KeptStatement) -> list[str]:
    return fields(
        {
            "statement": show_id("statement", one.statement_id),
            "name": one.name,
            "sha-256": one.file_hash.hex(),
            "source": one.source,
            "importer": f"{one.importer} {one.importer_version}",
            "begins": moment(one.begins),
            "ends": moment(one.ends),
            "lines": f"{one.lines} ({one.lines_new} new, {one.lines_changed} changed)",
            "rejects": one.rejects,
            "wrong totals": one.totals_wrong,
            "cut off": one.is_truncated,
            "imported": f"{moment(one.imported_at)} by {one.imported_by}",
            "set aside": None if one.set_aside_at is None else f"by {one.set_aside_by}: {one.set_aside_reason}",
        }
    )


def add_to(commands: Commands) -> None:
    sources = Commands.group(
        commands.application, commands.launchers, name="sources", panel=MONEY, summary="Who sends statements."
    )
    sources.add("list", list_sources)
    sources.add("importers", list_importers)
    sources.add("add", add_source)
    sources.add("change", change_source)
    commands.add("statements", statements)
    commands.add("set-aside", set_aside)
