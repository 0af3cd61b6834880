"""From a resolved case to a draft: whoever works on cases sees what is left of it without its facts, and hands that over."""

from __future__ import annotations

from starlette.responses import Response

from counterfoil.console.pages.cases import CASES, case_address, cause_label
from counterfoil.console.routes import Pages
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import Conflict
from counterfoil.knowledge.case_material import without_facts
from counterfoil.knowledge.signals_rules import slug_of
from counterfoil.redaction.rules import redact
from counterfoil.support.desk_model import CaseView
from counterfoil.support.metrics import article_of
from counterfoil.support.rules import OVER

pages = Pages()


@pages.get("/knowledge/from-case/{case_id}", need=CASES)
async def knowledge_from_case(visit: Visit) -> View:
    view = await _resolved(visit)
    return View(
        template="knowledge_case.html",
        title="page_knowledge_case",
        title_values={"number": view.case.number},
        values={
            "address": visit.request.scope["path"],
            "case_address": case_address(visit, view.case.case_id),
            "slug": _slug(view),
            "question": _question(visit, view),
            "notes": await _notes(visit, view),
        },
    )


@pages.post("/knowledge/from-case/{case_id}", need=CASES, shows=knowledge_from_case)
async def draft_from_case(visit: Visit) -> Response:
    """What goes over to the editors is taken from the case again, not from the form: nobody adds a fact to it."""
    view = await _resolved(visit)
    await visit.services.editing.begin_from_case(
        visit.typed("slug"), by=visit.by, source_question=_question(visit, view), notes=await _notes(visit, view),
        problem_class=view.case.problem,
    )  # fmt: skip
    return visit.done(case_address(visit, view.case.case_id), "done_article_proposed")


async def _resolved(visit: Visit) -> CaseView:
    view = await visit.services.cases.view(visit.id_in_path("case", "case_id"), principal=visit.principal)
    if view.case.state not in OVER or view.case.purged_at is not None:
        raise Conflict(code="case_not_resolved", case=view.case.number)
    return view


def _slug(view: CaseView) -> str:
    return slug_of(article_of(view.case.cause)) or ""


def _question(visit: Visit, view: CaseView) -> str:
    """What it was about, in the vocabulary's words and nobody's own."""
    problem = visit.w.label("problem_class", view.case.problem)
    cause = cause_label(visit, view.case.cause)
    return f"{problem}: {cause}" if cause else problem


async def _notes(visit: Visit, view: CaseView) -> str:
    """What was asked and answered, without a value of anybody's."""
    case = view.case
    facts = await visit.services.replies.facts(case.case_id, principal=visit.principal)
    recorded = (each.recorded for one in (view.search.candidates if view.search else ()) for each in one.fields)
    account = [] if case.account_id is None else [(await visit.services.ledger.account(case.account_id)).name]
    # A sentence that answers is made of words; what is in it is taken out by its own values.
    said = [value for name, value in facts.items() if name not in ("answer", "problem")]
    values = [*case.values.values(), *recorded, *account, *said, case.number]
    written = [value for code, value in case.values.items() if code in _WORDS and value]
    written += [one.text for one in view.events if one.text and one.is_public]
    # A text that is itself a value would be taken out as a whole.
    kept = [one for one in values if one not in written]
    return "\n\n".join(without_facts(one, kept, redact) for one in written)


# What a reporter says in words of their own.
_WORDS = frozenset({"error_text", "message_shown", "failure_reason"})
