"""`counterfoil serve`: the gateway, the management API and the pages."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli.command import RUN, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.settings import Settings


def serve(
    call: Call,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.", show_default="8787")
    ] = None,
    workers: Annotated[int | None, typer.Option(metavar="N", help="Processes that serve.", show_default="1")] = None,
    public_url: Annotated[str | None, typer.Option(metavar="URL", help="How customers reach it, for links.")] = None,
    log_level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="Least severity that is logged.", show_default="info")
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="json, or console for people.", show_default="json")
    ] = None,
) -> Answer:
    """Serve until told to stop. Every other setting comes from the environment: counterfoil doctor lists them."""
    settings = Settings.load(
        call.launchers.environment,
        data_dir=call.settings.data_dir,
        host=host,
        port=port,
        workers=workers,
        public_url=public_url,
        log_level=log_level,
        log_format=log_format,
    )
    status = call.launchers.serve(settings)
    return Answer(
        data={"exit_status": status}, lines=(), status=ExitStatus.DONE if status == 0 else ExitStatus.NOT_DONE
    )


def register(application: typer.Typer, launchers: Launchers) -> None:
    Commands(application=application, launchers=launchers).add("serve", serve, panel=RUN)
