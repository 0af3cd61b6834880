"""`counterfoil explain` and `counterfoil redact`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from counterfoil.cli.command import QUESTIONS, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.foundation.errors import InputError
from counterfoil.redaction import kingfisher
from counterfoil.redaction.kingfisher import RULES_FOLDER
from counterfoil.redaction.rules import put_masks
from counterfoil.redaction.scanner import redact_fully, scan

# More than any log excerpt that somebody wants to post.
_INPUT_CHARACTERS_MAX = 16 * 1024 * 1024


async def explain(
    call: Call,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="An id (req_…, task_…, sub_…, ord_…, code_…), a code, a key or account with a time, or an error text; "
            "- reads standard input.",
        ),
    ],
) -> Answer:
    """Say why: a request refused, a recharge or code that does not show, a balance that fell, a task that failed and cost.

    One answer with its causes, the numbers behind each, the records, who can act and what to do next. A key is named by its
    id (key_…) or mask and a time, an account by its id or name and a window: counterfoil explain 'Acme 2026-11-24'. A whole
    code or key belongs on standard input, not into the shell's history.
    """
    text = _read_input() if subject == "-" else subject
    async with call.services() as services:
        explanation = await services.explain(text.strip(), call.language)
    return Answer(data=explanation.to_dict(), lines=explanation.lines())


def redact(
    call: Call,
    check: Annotated[bool, typer.Option("--check", help="Exit with status 1 where something was found.")] = False,
) -> Answer:
    """Copy standard input to standard output with keys, headers, cards, orders and everything else private masked.

    With --json: what was found, each with its class, place and mask, and the masked text.
    """
    text = _read_input()
    # Where the data directory is, the scanner's rules are kept ready for the next time.
    folder = call.settings.data_dir
    kingfisher.prepare(folder / RULES_FOLDER if folder.is_dir() else None)
    found = scan(text, characters_max=_INPUT_CHARACTERS_MAX)
    redacted = redact_fully(put_masks(text, found), characters_max=2 * _INPUT_CHARACTERS_MAX)
    findings = [{"class": one.kind.value, "start": one.start, "end": one.end, "mask": one.mask} for one in found]
    return Answer(
        data={"findings": findings, "redacted": redacted, "changed": bool(found)},
        lines=redacted.splitlines(),
        status=ExitStatus.NOT_DONE if check and found else ExitStatus.DONE,
    )


def _read_input() -> str:
    text = sys.stdin.read(_INPUT_CHARACTERS_MAX + 1)
    if len(text) > _INPUT_CHARACTERS_MAX:
        raise InputError(field="text", expected=f"at most {_INPUT_CHARACTERS_MAX} characters")
    return text


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands(application=application, launchers=launchers)
    commands.add("explain", explain, panel=QUESTIONS)
    commands.add("redact", redact, panel=QUESTIONS)
