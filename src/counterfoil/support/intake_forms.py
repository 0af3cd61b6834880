"""A form and what is wrong with it, in somebody's language, for every door that takes cases. Pure.

Whatever is shown here is from the vocabulary or was judged; of what was refused there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, Language, entries, entry, text
from counterfoil.foundation.vocabulary.support_intake import PLACES, UNSAFE
from counterfoil.support.intake_model import ANSWER, FieldProblem, Judged, Unsafe
from counterfoil.support.intake_rules import FieldInput, form_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that cannot be taken: where it was, what it is, and what to send instead."""

    field: str
    kind: str
    where: str
    what: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One field as it is shown. `is_mask` says that `value` is a mask in the place of what was sent."""

    code: str
    label: str
    purpose: str
    where_to_find: str
    input: FieldInput
    characters_max: int
    suggestions: tuple[str, ...]
    value: str
    is_mask: bool
    notices: tuple[Notice, ...]
    problem: str | None


def form_fields(
    problem: str, language: Language, *, values: Mapping[str, str] | None = None, judged: Judged | None = None
) -> tuple[FormField, ...]:
    """The form of a problem class, with what is to stand in it and what is wrong with that.

    `values` are judged already: of another class's form, or of a template; fields that this class does not ask for are
    left out.
    """
    kept = judged.form if judged is not None else values or {}
    return _fields(FIELDS_OF_PROBLEM[problem], language, kept=kept, judged=judged)


def answer_fields(asked: Iterable[str], language: Language, *, judged: Judged | None = None) -> tuple[FormField, ...]:
    """The form of an answer, with what is to stand in it and what is wrong with that."""
    return _fields(asked, language, kept=judged.form if judged is not None else {}, judged=judged)


def notices(judged: Judged, language: Language) -> tuple[Notice, ...]:
    """What cannot be taken, and what became a mask, in the order in which it was found."""
    return tuple(_notice(one, language) for one in (*judged.refused, *judged.replaced))


def judged_document(judged: Judged, language: Language) -> dict[str, Any]:
    """What a program is told of a submission that was not taken."""
    return {
        "outcome": judged.outcome.value,
        "unsafe": [
            {"field": one.field, "class": one.kind, "where": one.where, "what": one.what, "instead": one.instead}
            for one in notices(judged, language)
        ],
        "offered": dict(judged.offered),
        "values": dict(judged.values),
        "problems": [
            {"field": one.field, "problem": one.problem, "message": _problem(one, language)} for one in judged.problems
        ],
        "ignored": judged.ignored,
    }


def _fields(
    codes: Iterable[str], language: Language, *, kept: Mapping[str, str], judged: Judged | None
) -> tuple[FormField, ...]:
    said = notices(judged, language) if judged is not None else ()
    problems = {one.field: one for one in judged.problems} if judged is not None else {}
    return tuple(
        _field(
            code,
            language,
            value=kept.get(code, ""),
            is_mask=judged is not None and code in judged.offered,
            said=tuple(one for one in said if one.field == code),
            problem=problems.get(code),
        )
        for code in codes
    )


def _field(
    code: str,
    language: Language,
    *,
    value: str,
    is_mask: bool,
    said: tuple[Notice, ...],
    problem: FieldProblem | None,
) -> FormField:
    one = entry(Kind.WORD, "case_answer") if code == ANSWER else entry(Kind.EVIDENCE_FIELD, code)
    form = form_of(code)
    suggested = () if form.suggests is None else entries(form.suggests)
    return FormField(
        code=code,
        label=one.label[language],
        purpose=one.explanation[language],
        where_to_find="" if code == ANSWER else one.next_step.where_to_look[language],
        input=form.input,
        characters_max=form.characters_max,
        suggestions=tuple(each.label[language] for each in suggested if each.public),
        value=value,
        is_mask=is_mask,
        notices=said,
        problem=None if problem is None else _problem(problem, language),
    )


def _notice(one: Unsafe, language: Language) -> Notice:
    what = UNSAFE[one.kind.value]
    return Notice(
        field=one.field,
        kind=one.kind.value,
        where=_where(one.field, language),
        what=what.label[language],
        instead=what.explanation[language],
    )


def _where(place: str, language: Language) -> str:
    found = PLACES.get(place) or entry(Kind.EVIDENCE_FIELD, place)
    return found.label[language]


def _problem(one: FieldProblem, language: Language) -> str:
    return text(Kind.INPUT_PROBLEM, one.problem, language, field=_where(one.field, language), most=one.most)
