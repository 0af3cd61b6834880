"""Errors as people read them on a page: what happened, what is true now, what to do next; and their statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.foundation.errors import CounterfoilError, InputError
from counterfoil.foundation.vocabulary import Entry, Kind, Language, find_entry

STATUSES: Mapping[str, int] = {
    "bad_request": 422,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "ledger_refused": 409,
    "body_too_large": 413,
    "sign_in_throttled": 429,
    "code_tries_exceeded": 429,
    "unavailable": 503,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error on a page. `field` is the input that it is about, where it is about one."""

    title: str
    what: str
    next_step: str
    status: int
    code: str
    field: str | None = None
    expected: str | None = None
    # How long to wait before the next try.
    seconds: int | None = None
    # Its page in the handbook.
    article: str = ""


def problem_of(error: CounterfoilError, language: Language) -> Problem:
    """The error in the reader's language. What was typed is not repeated."""
    codes = _codes_of(error)
    words = next(found for code in codes if (found := _words_of(code)) is not None)
    parameters = error.parameters if isinstance(error, InputError) else {}
    return Problem(
        title=words.label[language],
        what=words.explanation[language],
        next_step=words.next_step.what_to_change[language],
        status=next((STATUSES[code] for code in codes if code in STATUSES), 500),
        code=error.code,
        field=_text(parameters.get("field")),
        expected=_text(parameters.get("expected")),
        seconds=_seconds(error.parameters.get("seconds")),
        article=in_language(words.article, language),
    )


def in_language(article: str, language: Language) -> str:
    """The address of a page of the handbook in the language of the console, which the browser does not know of."""
    return article.replace("/help/", f"/help/{language}/", 1)


def _codes_of(error: CounterfoilError) -> list[str]:
    """The error's own code, then those of its kinds; the last has words in any case."""
    kinds = [kind.code for kind in type(error).__mro__ if issubclass(kind, CounterfoilError)]
    return [error.code, *kinds, "internal_error"]


def _words_of(code: str) -> Entry | None:
    for kind in (Kind.ERROR, Kind.REFUSAL, Kind.INPUT_PROBLEM):
        found = find_entry(kind, code)
        if found is not None:
            return found
    return None


def _seconds(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return None if value is None else str(value)
