"""`counterfoil explain` and `counterfoil redact`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from counterfoil.cli.command import QUESTIONS, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.foundation.errors import InputError

# More than any log excerpt that somebody wants to post.
_INPUT_CHARACTERS_MAX = 16 * 1024 * 1024


async def explain(
    call: Call,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="An id (req_…, task_…, sub_…), a code, or an error text; - reads standard input.",
        ),
    ],
) -> Answer:
    """Say why a request was served or refused, what became of a task, or what the copies of a submission were.

    Every check, what it cost, and what to do next.
    """
    text = _read_input() if subject == "-" else subject
    async with call.services() as services:
        explanation = await services.explain(text.strip(), call.language)
    return Answer(data=explanation.to_dict(), lines=explanation.lines())


def redact(call: Call) -> Answer:
    """Copy standard input to standard output with keys, headers, card numbers and the like masked."""
    text = _read_input()
    redacted = call.launchers.redact(text)
    return Answer(data={"text": redacted, "changed": redacted != text}, lines=redacted.splitlines())


def _read_input() -> str:
    text = sys.stdin.read(_INPUT_CHARACTERS_MAX + 1)
    if len(text) > _INPUT_CHARACTERS_MAX:
        raise InputError(field="text", expected=f"at most {_INPUT_CHARACTERS_MAX} characters")
    return text


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands(application=application, launchers=launchers)
    commands.add("explain", explain, panel=QUESTIONS)
    commands.add("redact", redact, panel=QUESTIONS)
