"""Rendering of the support pages: forms from the vocabulary, what is wrong with them, and where a case is."""

from __future__ import annotations

from collections.abc import Iterable

from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Entry, Kind, Language, entries, entry
from counterfoil.foundation.vocabulary.support_intake import UNSAFE
from counterfoil.site.assets import SCRIPT
from counterfoil.site.pages import Address, Pages
from counterfoil.support.intake_forms import FormField, Notice, answer_fields, form_fields, notices
from counterfoil.support.intake_model import Judged, LinkView, Receipt
from counterfoil.support.intake_rules import asked_fields
from counterfoil.support.model import CaseState
from counterfoil.support.templates_text import template_text

# Names of what a form holds beside its fields. The trap is called like something that programs fill in everywhere.
KEY, TRAP, FILLED, OTHER_CLASS, PASTED, PROBLEM = (
    "submission_key",
    "website",
    "filled",
    "other_class",
    "pasted",
    "problem",
)
_STAMPS = {
    CaseState.RESOLVED: "passed",
    CaseState.CLOSED: "passed",
    CaseState.WAITING_FOR_CUSTOMER: "failed",
}


class SupportPages:
    """The pages under `/support`, as bytes."""

    def __init__(self, pages: Pages, *, demo: bool) -> None:
        self._pages = pages
        self._demo = demo

    def home(self, address: Address, language: Language, *, part: str) -> bytes:
        """The problem classes, and a place to paste a template; `part` is what is to be said first, if anything."""
        return self._pages.render("support.html", address, language, problems=_problems(), say=_say(part))

    def form(
        self,
        address: Address,
        language: Language,
        *,
        problem: str,
        judged: Judged | None,
        part: str,
        key: str,
        filled: bool,
    ) -> bytes:
        """The form of a problem class, with what is to stand in it and what is wrong with that."""
        fields = form_fields(problem, language, judged=judged)
        return self._pages.render(
            "support_form.html", address, language, script=SCRIPT, hints=UNSAFE, fields=fields,
            problem=entry(Kind.PROBLEM_CLASS, problem), problems=_problems(), say=_say(part),
            elsewhere=_elsewhere(judged, fields, language), offers_masks=judged is not None and bool(judged.offered),
            templates=[(one, template_text(problem, one)) for one in sorted(Language, key=lambda one: one != language)],
            key=key, filled=filled,
        )  # fmt: skip

    def received(self, address: Address, language: Language, *, receipt: Receipt, problem: str, link: str) -> bytes:
        """The number and the link, shown this once."""
        return self._pages.render(
            "support_received.html", address, language, receipt=receipt, link=link,
            problem=entry(Kind.PROBLEM_CLASS, problem),
            questions=[entry(Kind.EVIDENCE_FIELD, code) for code in receipt.questions],
        )  # fmt: skip

    def case(
        self,
        address: Address,
        language: Language,
        *,
        view: LinkView,
        part: str,
        judged: Judged | None,
        verb: str,
        path: str,
    ) -> bytes:
        """Where a case is and what is asked of its sender; `judged` is what was wrong with `verb`, an answer or a reopening."""
        questions = view.questions
        answers = answer_fields(
            asked_fields(questions), language, judged=judged if verb == "answer" else None
        ) if questions else ()  # fmt: skip
        again = answer_fields(("answer",), language, judged=judged if verb == "reopen" else None)
        return self._pages.render(
            "support_case.html", address, language, script=SCRIPT, hints=UNSAFE, view=view,
            state=entry(Kind.CASE_STATE, view.state), stamp=_STAMPS.get(view.state, "general"),
            problem=entry(Kind.PROBLEM_CLASS, view.problem), say=_say(part), answers=answers, again=again,
            asked=[one.text for one in questions if one.text],
            elsewhere=_elsewhere(judged, again if verb == "reopen" else answers, language),
            offers_masks=judged is not None and bool(judged.offered), path=path,
        )  # fmt: skip


def _problems() -> tuple[Entry, ...]:
    return tuple(one for one in entries(Kind.PROBLEM_CLASS) if one.code in FIELDS_OF_PROBLEM)


def _say(part: str) -> Entry | None:
    """What is said at the top of a page, by the code of a part of a page or of an error."""
    if not part:
        return None
    return entry(Kind.ERROR if part.startswith("submission_") else Kind.PAGE, part)


def _elsewhere(judged: Judged | None, fields: Iterable[FormField], language: Language) -> tuple[Notice, ...]:
    """What was found where the form has no field: in the address, in a file's name, in the name of a program."""
    shown = {one.code for one in fields}
    return () if judged is None else tuple(one for one in notices(judged, language) if one.field not in shown)
