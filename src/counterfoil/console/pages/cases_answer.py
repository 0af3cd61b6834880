"""One answer to several cases: each is filled in with its own facts and checked for itself, before any of it goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.console.desk import did
from counterfoil.console.pages.cases import CASES, case_address, case_mark, cases
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Mark
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import CounterfoilError, InputError, Unavailable
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.vocabulary import Kind, Language, entry, error_entry
from counterfoil.support.model import Case
from counterfoil.support.replies_rules import Objection, fill, places_of
from counterfoil.support.rules import OVER, CaseError, check_text

pages = Pages()
# A page of the queue. Each of them is explained and checked while somebody waits.
_TOGETHER_MAX = 50
# What a snippet's places are offered from: what nearly every case has.
_PLACES = ("case", "problem", "record", "answer", "money")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A case with what would go out to it: the filled-in text, and what is in the way."""

    case: Case
    text: str = ""
    objections: tuple[Objection, ...] = ()
    # The code of whatever else is in the way, and the places for which the case has no facts.
    code: str | None = None
    missing: str = ""

    @property
    def may_go(self) -> bool:
        return not self.objections and self.code is None


@pages.post("/cases/answer", need=CASES, shows=cases)
async def answer_cases(visit: Visit) -> View:
    """What would go out to each of the chosen cases. It shows and changes nothing, and so answers with the page itself."""
    chosen = await _chosen(visit)
    written = visit.typed("snippet") or _first_words(chosen)
    return await _page(visit, chosen, written)


@pages.post("/cases/answer/send", need=CASES, shows=answer_cases)
async def send_answers(visit: Visit) -> View:
    """Answer those that nothing stands in the way of; the others stay on the page, with what does."""
    chosen, written = await _chosen(visit), check_text("snippet", visit.typed("snippet"))
    checked = [await _checked(visit, one, written) for one in chosen]
    ready = [one.case.case_id for one in checked if one.may_go]
    answered = await visit.services.replies.send_to_many(ready, written, principal=visit.principal)
    sent = {one.case_id for one in answered if one.is_sent}
    await did(visit, None, "cases_answered", subject=str(len(sent)))
    left = [one for one in chosen if one.case_id not in sent]
    return await _page(visit, left, written, sent=[one for one in chosen if one.case_id in sent])


async def _page(visit: Visit, chosen: Sequence[Case], written: str, *, sent: Sequence[Case] = ()) -> View:
    problem = None
    try:
        places_of(written)
    except InputError:
        problem = "snippet"
    checked = [] if problem else [await _checked(visit, one, written) for one in chosen]
    languages = {one.language for one in chosen}
    return View(
        template="cases_answer.html",
        title="page_cases_answer",
        values={
            "written": written,
            "is_unreadable": problem is not None,
            "rows": [_row(visit, one) for one in checked],
            "chosen": [show_id("case", one.case_id) for one in chosen],
            "ready": sum(one.may_go for one in checked),
            "sent": [(one.number, case_address(visit, one.case_id)) for one in sent],
            "places": [(f"{{{name}}}", visit.w.word(f"case_place_{name}")) for name in _PLACES],
            "mixed": len(languages) > 1,
            # Whoever answers a case meanwhile is not answered over.
            "as_of": str(_as_of(visit) or visit.now),
        },
    )


async def _chosen(visit: Visit) -> list[Case]:
    ids = [read_id("case", one) for one in dict.fromkeys(visit.typed_all("row"))]
    if not 0 < len(ids) <= _TOGETHER_MAX:
        raise InputError(code="no_rows_chosen", field="row", expected=f"1 … {_TOGETHER_MAX}")
    return [await visit.services.cases.case(one, principal=visit.principal) for one in ids]


def _as_of(visit: Visit) -> int | None:
    """When the page was made whose form this is: what has happened to a case since has not been read."""
    text = visit.typed("as_of")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _first_words(chosen: Sequence[Case]) -> str:
    """What most of the chosen can be answered with, in the language of most of them."""
    is_chinese = 2 * sum(one.language is Language.ZH for one in chosen) >= len(chosen)
    language = Language.ZH if is_chinese else Language.EN
    greeting, closing = (
        entry(Kind.WORD, code).label[language] for code in ("case_reply_greeting", "case_reply_closing")
    )
    return f"{greeting}\n\n{{answer}}\n\n{closing}"


async def _checked(visit: Visit, case: Case, written: str) -> Checked:
    """What would go out to a case, and what is in the way; the same checks are made again when it is sent."""
    as_of, replies = _as_of(visit), visit.services.replies
    if case.state in OVER:
        return Checked(case=case, code=CaseError.IS_OVER)
    if as_of is not None and case.changed_at > as_of:
        return Checked(case=case, code="case_changed_since")
    try:
        filled = fill(written, await replies.facts(case.case_id, principal=visit.principal))
        objections = await replies.check(case.case_id, filled, principal=visit.principal)
    except Unavailable:
        raise
    except InputError as error:
        missing = error.parameters.get("missing")
        return Checked(case=case, code=error.code, missing=str(missing or ""))
    except CounterfoilError as error:
        return Checked(case=case, code=error.code)
    return Checked(case=case, text=filled, objections=objections)


def _row(visit: Visit, one: Checked) -> dict[str, object]:
    w, case = visit.w, one.case
    found = None if one.code is None else error_entry(one.code)
    mark = Mark(w.word("case_may_go"), "good") if one.may_go else Mark(w.word("case_may_not_go"), "bad")
    return {
        "id": show_id("case", case.case_id),
        "number": case.number,
        "href": case_address(visit, case.case_id),
        "about": w.label("problem_class", case.problem),
        "state": case_mark(visit, case.state),
        "language": w.word(f"case_language_{case.language.value}"),
        "mark": mark,
        "text": one.text,
        "objections": [
            (w.word(f"objection_{each.kind.value}"), each.words, w.hint(f"objection_{each.kind.value}"))
            for each in one.objections
        ],
        "why": "" if found is None else w.of(found),
        "said": "" if found is None else w.said(found),
        "missing": one.missing,
    }
