"""`counterfoil archive`: closed days out of the database, as Parquet for analysis and reconciliation."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from counterfoil.cli.command import RUN, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.output import Column, table
from counterfoil.reconcile.shown import read_day


async def archive(
    call: Call,
    day: Annotated[
        list[str] | None,
        typer.Option(
            "--day", metavar="DAY", help="Only this day, such as 2027-01-31, also if it is archived; repeatable."
        ),
    ] = None,
) -> Answer:
    """Write days that are over to Parquet files in the data directory, beside a running serve. Nothing is taken out of the
    database.

    Without --day it is every day that is not archived yet, or that had calls which have ended since. It can be interrupted
    and started again: a day is archived whole or not at all.
    """
    wanted = [read_day(each) for each in day or ()]

    def tell(which: date, name: str, rows: int) -> None:
        call.progress(f"{which.isoformat()}: {name}, {rows:,} rows")

    async with call.services() as services:
        done = [
            await services.archive.archive(each, progress=tell) for each in wanted or await services.archive.pending()
        ]
    data: list[dict[str, Any]] = [
        {"day": one.day.isoformat(), "rows": dict(one.rows), "bytes": one.bytes, "final": one.is_final} for one in done
    ]
    columns: list[str | Column] = [
        "day",
        *(Column(name=name, right=True) for name in ("requests", "charges", "attempts", "bytes")),
        "final",
    ]
    shown = [
        (one["day"], *(f"{one['rows'][name]:,}" for name in ("requests", "charges", "attempts")), f"{one['bytes']:,}", one["final"])
        for one in data
    ]  # fmt: skip
    return Answer(data={"days": data}, lines=table(columns, shown, empty="Every day that is over is archived."))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands(application=application, launchers=launchers)
    commands.add("archive", archive, panel=RUN)
