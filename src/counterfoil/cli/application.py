"""The command `counterfoil`, put together: its groups in the order in which people need them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Annotated

import typer

import counterfoil
from counterfoil.cli import (
    accounts,
    alerts,
    approvals,
    archive,
    backup,
    cases,
    codes,
    doctor,
    evidence,
    groups,
    keys,
    knowledge,
    ledger,
    limits,
    members,
    orders,
    people,
    prices,
    publish,
    questions,
    reconcile,
    requests,
    serve,
    submissions,
    tasks,
    upstreams,
)
from counterfoil.cli.command import InOrderOfPanels
from counterfoil.cli.launchers import Launchers

Register = Callable[[typer.Typer, Launchers], None]

_SUMMARY = """Prepaid AI API billing: why was this call refused, and where did the money go?

Every command takes --json, --data-dir (or COUNTERFOIL_DATABASE_URL) and --language, and works beside a running serve.

Exit status: 0 done, 1 refused or found something, 2 bad usage."""


def build_application(launchers: Launchers) -> typer.Typer:
    """Every command, on what the wiring can launch. Call it to run the command line."""
    application = typer.Typer(
        name="counterfoil",
        cls=InOrderOfPanels,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        # A traceback with local variables would show what the log's redaction hides.
        pretty_exceptions_enable=False,
    )
    application.callback(help=_SUMMARY)(_everywhere)
    for register in (
        *_optional("demo", "replay"),
        doctor.register,
        serve.register,
        backup.register,
        archive.register,
        *_optional("bench"),
        accounts.register,
        members.register,
        people.register,
        groups.register,
        keys.register,
        limits.register,
        prices.register,
        upstreams.register,
        alerts.register,
        ledger.register,
        tasks.register,
        orders.register,
        codes.register,
        approvals.register,
        reconcile.register,
        questions.register,
        evidence.register,
        requests.register,
        submissions.register,
        cases.register,
        knowledge.register,
        publish.register,
    ):
        register(application, launchers)
    return application


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"counterfoil {counterfoil.__version__}")
        raise typer.Exit


def _everywhere(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """What stands before a command."""


def _optional(*names: str) -> list[Register]:
    """The `register` of modules that an installation may leave out."""
    found = []
    for name in names:
        module = f"counterfoil.cli.{name}"
        if importlib.util.find_spec(module) is not None:
            register: Register = importlib.import_module(module).register
            found.append(register)
    return found
