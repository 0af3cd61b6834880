"""The command line, the settings and the metrics described in Markdown, for `docs/reference.md`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer
from typer.main import get_command

from counterfoil.cli.command import PANELS
from counterfoil.observability import metric_descriptions
from counterfoil.settings import SETTINGS

# Every command has them; they are described once.
_EVERYWHERE = ("data_dir", "as_json", "in_language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument or option: how it is written, and what it means."""

    written: str
    help: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDescription:
    """A command with its full name, such as `counterfoil keys create`."""

    name: str
    panel: str
    help: str
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]


def describe_commands(application: typer.Typer) -> list[CommandDescription]:
    """Every command, in the order of the help."""
    root: Any = get_command(application)
    found = list(_walk(root, "counterfoil", ""))
    return sorted(found, key=lambda command: PANELS.index(command.panel) if command.panel in PANELS else len(PANELS))


def _walk(command: Any, name: str, panel: str) -> Iterator[CommandDescription]:
    if hasattr(command, "commands"):
        for part, found in command.commands.items():
            yield from _walk(found, f"{name} {part}", panel or found.rich_help_panel or "")
        return
    own = [one for one in command.params if one.name not in (*_EVERYWHERE, "help")]
    yield CommandDescription(
        name=name,
        panel=panel,
        help=command.help or "",
        arguments=tuple(_parameter(one) for one in own if one.param_type_name == "argument"),
        options=tuple(_parameter(one) for one in own if one.param_type_name == "option"),
    )


def _parameter(one: Any) -> Parameter:
    if one.param_type_name == "argument":
        written = one.metavar or one.name.upper()
    else:
        written = " / ".join((*one.opts[:1], *one.secondary_opts[:1]))
        if not one.is_flag:
            written += f" {one.metavar or one.name.upper()}"
    return Parameter(written=written, help=one.help or "", required=bool(one.required))


def commands_markdown(application: typer.Typer) -> str:
    """Every command under the heads of the help, with its arguments and options."""
    lines: list[str] = []
    panel = None
    for command in describe_commands(application):
        if command.panel != panel:
            panel = command.panel
            lines += ["", f"### {panel}", ""]
        written = [one.written if one.required else f"[{one.written}]" for one in command.arguments]
        lines += [f"#### `{' '.join((command.name, *written))}`", "", command.help, ""]
        parameters = [*command.arguments, *command.options]
        for one in parameters:
            required = "" if not one.required or one in command.arguments else " Required."
            lines.append(f"- `{one.written}`: {one.help}{required}")
        if parameters:
            lines.append("")
    return "\n".join(lines).strip() + "\n"


def settings_markdown() -> str:
    """The table of settings."""
    lines = ["| variable | type | default | what it is |", "|---|---|---|---|"]
    for setting in SETTINGS:
        default = "not set" if setting.default is None else f"`{setting.default}`" if setting.default else "empty"
        kind = setting.kind.name.replace("|", "\\|")
        lines.append(f"| `{setting.variable}` | {kind} | {default} | {setting.help} |")
    return "\n".join(lines) + "\n"


def metrics_markdown() -> str:
    """The table of metrics."""
    lines = ["| metric | kind | what it is |", "|---|---|---|"]
    lines += [f"| `{metric.name}` | {metric.kind} | {metric.help} |" for metric in metric_descriptions()]
    return "\n".join(lines) + "\n"
