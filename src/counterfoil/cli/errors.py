"""Errors for people: what happened, what is true now, and what to do next; and the exit status that says so."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import psycopg

from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable
from counterfoil.foundation.vocabulary import Entry, Kind, Language, entry, find_entry

# Values come from what was typed; a page of them helps nobody.
_VALUE_CHARACTERS_MAX = 300


class ExitStatus(IntEnum):
    """What the command's end means to a script."""

    DONE = 0
    # Refused, failed, or found something that should not be.
    NOT_DONE = 1
    BAD_USAGE = 2
    INTERRUPTED = 130


def status_of(error: CounterfoilError) -> ExitStatus:
    return ExitStatus.BAD_USAGE if isinstance(error, InputError) else ExitStatus.NOT_DONE


def as_known(error: psycopg.Error) -> CounterfoilError:
    """An error of the database as one of ours; its own message may quote what must not be shown."""
    sqlstate = error.sqlstate or "none"
    if isinstance(error, psycopg.OperationalError):
        return Unavailable(code="database_unavailable", reason=type(error).__name__, sqlstate=sqlstate)
    return CounterfoilError(reason=type(error).__name__, sqlstate=sqlstate)


def words_of(error: CounterfoilError) -> Entry:
    """The words for an error's code; one without words of its own is told in those of its kind."""
    for code in (error.code, *(kind.code for kind in type(error).__mro__ if issubclass(kind, CounterfoilError))):
        for kind in (Kind.ERROR, Kind.REFUSAL, Kind.INPUT_PROBLEM):
            found = find_entry(kind, code)
            if found is not None:
                return found
    raise AssertionError("internal_error has no words")


def error_lines(error: CounterfoilError, language: Language) -> list[str]:
    words = words_of(error)
    colon = "：" if language is Language.ZH else ": "
    next_step = error.parameters.get("next_step", words.next_step.what_to_change[language])
    return [
        f"{words.label[language]} ({error.code})",
        f"  {words.explanation[language]}",
        *(f"  {name}{colon}{shown(value)}" for name, value in error.parameters.items() if name != "next_step"),
        f"  {words.next_step.how_to_go_back[language]}",
        f"  {entry(Kind.WORD, 'what_to_change').label[language]}{colon}{shown(next_step)}",
    ]


def error_json(error: CounterfoilError, language: Language) -> dict[str, Any]:
    words = words_of(error)
    return {
        "error": {
            "code": error.code,
            "title": words.label[language],
            "message": words.explanation[language],
            "now": words.next_step.how_to_go_back[language],
            "next_step": words.next_step.what_to_change[language],
            "parameters": {name: shown(value) for name, value in error.parameters.items()},
        }
    }


def shown(value: object) -> str:
    """A parameter on one line; what was typed may hold anything."""
    text = "".join(sign if sign.isprintable() else " " for sign in str(value)[:_VALUE_CHARACTERS_MAX])
    return text.strip()
