"""One command: its common options, its answer as lines or as one JSON object, its errors and its exit status."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import psycopg
import typer
from typer.core import TyperGroup

from counterfoil.cli.errors import ExitStatus, as_known, error_json, error_lines, status_of
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.vocabulary import Language
from counterfoil.observability import log
from counterfoil.settings import Settings

# The groups of the command's help, in its order.
TRY = "Try"
RUN = "Run"
SET_UP = "Set up"
MONEY = "Money"
QUESTIONS = "Questions"
PUBLISH = "Publish"
PANELS = (TRY, RUN, SET_UP, MONEY, QUESTIONS, PUBLISH)

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="PATH",
        help="Folder for keys, checkpoints, the operator's token and the embedded PostgreSQL.",
        rich_help_panel="Everywhere",
        show_default="./counterfoil-data",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="One JSON object on standard output, for programs.", rich_help_panel="Everywhere"),
]
InLanguage = Annotated[
    Language | None,
    typer.Option(
        "--language", "--lang", help="Language of messages.", rich_help_panel="Everywhere", show_default="your locale"
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command gives: `data` for programs, `lines` for people, and whether it is what was hoped for."""

    data: Mapping[str, Any]
    lines: Sequence[str]
    status: ExitStatus = ExitStatus.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One run of a command."""

    launchers: Launchers
    settings: Settings
    language: Language
    as_json: bool

    def services(self) -> AbstractAsyncContextManager[Services]:
        """Every use case, on a started and migrated database."""
        return self.launchers.open_services(self.settings)

    def progress(self, text: str) -> None:
        """Tell a person how far it is; standard output belongs to the answer."""
        typer.echo(text, err=True)


Action = Callable[..., Answer | Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Adds commands to one group of the application.

    A command is a function of a `Call` and its own arguments and options, which gives an `Answer`; its docstring is its
    help.
    """

    application: typer.Typer
    launchers: Launchers

    @classmethod
    def group(cls, application: typer.Typer, launchers: Launchers, *, name: str, panel: str, summary: str) -> Commands:
        """A group of commands, such as `counterfoil keys …`, under a head of the help."""
        group = typer.Typer(name=name, help=summary, no_args_is_help=True, rich_markup_mode="rich")
        application.add_typer(group, name=name, rich_help_panel=panel)
        return cls(application=group, launchers=launchers)

    def add(self, name: str, action: Action, *, panel: str | None = None) -> None:
        self.application.command(name, help=_help_of(action), rich_help_panel=panel)(
            with_common_options(action, self.launchers)
        )


class InOrderOfPanels(TyperGroup):
    """Lists commands by their heads in the help; typer itself puts every group behind the plain commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        def place(name: str) -> int:
            panel = getattr(self.commands[name], "rich_help_panel", None)
            return PANELS.index(panel) if panel in PANELS else len(PANELS)

        return sorted(super().list_commands(ctx), key=place)


def _help_of(action: Action) -> str:
    """The docstring with each paragraph on one line, for the terminal to break."""
    paragraphs = (inspect.getdoc(action) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def with_common_options(action: Action, launchers: Launchers) -> Callable[..., None]:
    """The function that typer calls: the action's parameters without its `Call`, and the common options."""
    hints = get_type_hints(action, include_extras=True)
    parameters = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(action).parameters.values())[1:]
    ]
    common = {"data_dir": (DataDir, None), "as_json": (AsJson, False), "in_language": (InLanguage, None)}
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in common.items()
    ]

    def run(*, data_dir: Path | None, as_json: bool, in_language: Language | None, **arguments: Any) -> None:
        language = in_language or locale_language(launchers.environment)
        try:
            call = _prepare(launchers, data_dir=data_dir, as_json=as_json, language=language)
            answer = action(call, **arguments)
            if not isinstance(answer, Answer):
                answer = asyncio.run(_finish(answer))
        except CounterfoilError as error:
            _fail(error, language=language, as_json=as_json)
        except psycopg.Error as error:
            _fail(as_known(error), language=language, as_json=as_json)
        except KeyboardInterrupt:
            raise typer.Exit(ExitStatus.INTERRUPTED) from None
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001 - a traceback would print what the log's redaction hides
            log.error("command_failed", exc_info=error)
            _fail(CounterfoilError(reason=type(error).__name__), language=language, as_json=as_json)
        else:
            _give(answer, as_json=as_json)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {}
    run.__name__ = getattr(action, "__name__", "run")
    return run


def locale_language(environment: Mapping[str, str]) -> Language:
    """The language of the terminal, by the usual variables; the setting where they name neither."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(variable, "").lower()
        if value.startswith(("zh", "en")):
            return Language(value[:2])
    setting = environment.get("COUNTERFOIL_DEFAULT_LANGUAGE", "").strip().lower()
    return Language.ZH if setting == Language.ZH else Language.EN


def print_json(data: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))


def _prepare(launchers: Launchers, *, data_dir: Path | None, as_json: bool, language: Language) -> Call:
    environment = launchers.environment
    # A person at a terminal reads the answer, not a log; who asks for the log gets it.
    quiet = None if environment.get("COUNTERFOIL_LOG_LEVEL") else "warning"
    settings = Settings.load(environment, data_dir=data_dir, log_level=quiet)
    launchers.configure_logging(settings)
    return Call(launchers=launchers, settings=settings, language=language, as_json=as_json)


async def _finish(answer: Awaitable[Answer]) -> Answer:
    return await answer


def _give(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print_json(answer.data)
    else:
        for line in answer.lines:
            typer.echo(line)
    if answer.status is not ExitStatus.DONE:
        raise typer.Exit(answer.status)


def _fail(error: CounterfoilError, *, language: Language, as_json: bool) -> None:
    for line in error_lines(error, language):
        typer.echo(line, err=True)
    if as_json:
        print_json(error_json(error, language))
    raise typer.Exit(status_of(error))
