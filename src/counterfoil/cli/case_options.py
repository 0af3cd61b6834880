"""What several commands about cases take and give: a case, who does it, a text that may come from standard input."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from counterfoil.cli.case_views import case_lines
from counterfoil.cli.command import Answer
from counterfoil.cli.services import Services
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal
from counterfoil.support.model import Case
from counterfoil.support.rules import TEXT_CHARACTERS_MAX
from counterfoil.support.shown import case_json

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="The case's number (CS-…) or id (case_…).")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it, by name.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept, redacted.")]
TextArgument = Annotated[
    str, typer.Argument(metavar="TEXT", help="What to write; kept, redacted. - reads standard input.")
]
# As a case's steps keep it.
_NAME_MAX = 100


def at_terminal(by: str | None = None) -> Principal:
    """Whoever runs a command, who may do everything, by the name that records shall have; raises `InputError`."""
    if by is None:
        return Principal(name="operator", is_operator=True)
    name = by.strip()
    if not (1 <= len(name) <= _NAME_MAX and name.isprintable()):
        raise InputError(field="by", expected=f"1 to {_NAME_MAX} printable characters")
    return Principal(name=name, is_operator=True)


def read_text(given: str | None) -> str:
    """A text as given; standard input for a hyphen or nothing. One that is too long is not read to its end."""
    return sys.stdin.read(TEXT_CHARACTERS_MAX + 2).strip() if given in (None, "-") else str(given)


def case_answer(services: Services, case: Case, language: Language) -> Answer:
    """A case after a step."""
    now = services.clock.now()
    return Answer(data=case_json(case, now=now), lines=case_lines(case, language, now=now))
