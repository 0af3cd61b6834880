"""`counterfoil backup` and `counterfoil restore`: one file with everything that proves who paid what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.command import RUN, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.output import fields, moment
from counterfoil.foundation.shown import time
from counterfoil.storage.safekeeping import Backup


def backup(
    call: Call,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; it must not exist.")],
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="Put the installation's keys in too: whoever has the file has everything."),
    ] = False,
) -> Answer:
    """Write the database and its signed checkpoints to one file, beside a running serve.

    Without --with-keys the keys (signing.key, sealing.key, operator.token) are not in it: keep them somewhere else, for
    without them upstreams' secrets cannot be opened and checkpoints not verified.
    """
    made = call.launchers.back_up(call.settings, file, with_keys)
    return Answer(data={"file": str(file), **_shown(made)}, lines=fields({"file": str(file), **_lines(made)}))


def restore(
    call: Call, file: Annotated[Path, typer.Argument(metavar="FILE", help="What `counterfoil backup` has written.")]
) -> Answer:
    """Restore a backup into an empty database and data directory, and prove its ledger."""
    found = call.launchers.restore(call.settings, file)
    report = found.report
    data = {
        "file": str(file),
        **_shown(found.backup),
        "verified": report.verified,
        "accounts": report.accounts,
        "transfers": report.transfers,
        "checkpoints_verified": report.checkpoints,
        "findings": [one.message for one in report.findings],
    }
    lines = fields(
        {
            "file": str(file),
            **_lines(found.backup),
            "ledger verified": report.verified,
            "accounts": report.accounts,
            "transfers": report.transfers,
        }
    )
    lines += ["", *(one.message for one in report.findings)] if report.findings else []
    return Answer(data=data, lines=lines, status=ExitStatus.DONE if report.verified else ExitStatus.NOT_DONE)


def _shown(made: Backup) -> dict[str, object]:
    return {
        "made_at": time(made.created_at),
        "version": made.version,
        "migrations": len(made.migrations),
        "checkpoints": sum(name.startswith("checkpoints/") for name in made.parts),
        "keys": made.has_keys,
        "bytes": made.size_bytes,
    }


def _lines(made: Backup) -> dict[str, object]:
    return {**_shown(made), "made_at": moment(made.created_at), "bytes": f"{made.size_bytes:,}"}


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands(application=application, launchers=launchers)
    commands.add("backup", backup, panel=RUN)
    commands.add("restore", restore, panel=RUN)
