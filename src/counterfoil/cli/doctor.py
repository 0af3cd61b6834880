"""`counterfoil doctor`: is everything here that serving takes?"""

from __future__ import annotations

import typer

from counterfoil.cli.command import TRY, Answer, Call, Commands
from counterfoil.cli.doctor_checks import (
    Check,
    State,
    check_data_directory,
    check_database,
    check_keys,
    check_port,
    check_program,
    check_settings,
)
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.output import table
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory


def doctor(call: Call) -> Answer:
    """Check the installation: data directory, keys, PostgreSQL, migrations, rights, clock, port; and list the settings."""
    environment = call.launchers.environment
    # As `serve` would have them; a command's own are quieter.
    settings = Settings.load(environment, data_dir=call.settings.data_dir)
    checks = [check_program(), check_settings(settings, environment)]
    try:
        directory = DataDirectory.of(settings)
    except CounterfoilError as error:
        step = "Choose another with --data-dir."
        checks.append(Check(name="data directory", state=State.FAILED, found=str(error), next_step=step))
    else:
        checks += [check_data_directory(directory), check_keys(directory)]
        call.progress("Starting or attaching PostgreSQL …")
        checks += check_database(settings)
    checks.append(check_port(settings))
    failed = any(check.state is State.FAILED for check in checks)
    shown = settings.shown()
    data = {
        "passed": not failed,
        "checks": [
            {"name": one.name, "state": one.state, "found": one.found, "next_step": one.next_step or None}
            for one in checks
        ],
        "settings": [
            {
                "name": setting.name,
                "variable": setting.variable,
                "value": value,
                "is_set": setting.variable in environment,
            }
            for setting, value in shown
        ],
    }
    lines = table(("check", "state", "found"), [(one.name, one.state, one.found) for one in checks])
    steps = [f"{one.name}: {one.next_step}" for one in checks if one.next_step]
    if steps:
        lines += ["", "What to do", *steps]
    lines += ["", *table(("setting", "value", "what it is"),
                         [(setting.variable, value, setting.help) for setting, value in shown])]  # fmt: skip
    lines += ["", "All is well." if not failed else "Something is not well; see above."]
    return Answer(data=data, lines=lines, status=ExitStatus.NOT_DONE if failed else ExitStatus.DONE)


def register(application: typer.Typer, launchers: Launchers) -> None:
    Commands(application=application, launchers=launchers).add("doctor", doctor, panel=TRY)
