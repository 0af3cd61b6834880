"""Why?: paste an id, a time or an error, and get one answer."""

from __future__ import annotations

from starlette.responses import Response

from counterfoil.console import answers
from counterfoil.console.asking import answered, page_of_answer, shown_again
from counterfoil.console.pages.requests import bundle_links, outcome
from counterfoil.console.places import page_of_request
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Column, Id, Instant, Table
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.model import About
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_any_id
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.spend.model import RequestState
from counterfoil.spend.request_lists import RequestFilter

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)
# What an address of ours asks about is short; what is pasted comes in a form.
_ASKED_CHARACTERS_MAX = 300
_TROUBLE_SHOWN = 10
_EXAMPLES = ("paste_id", "paste_error", "paste_time", "paste_window", "paste_code")


@pages.get("/accounts/{account_id}/why", need=_READ)
async def why(visit: Visit) -> View | Response:
    """The form; with `?q=` (an answer's own subject) the answer."""
    subject = "" if visit.problem is not None else visit.asked("q")
    if not subject:
        return await why_form(visit)
    if len(subject) > _ASKED_CHARACTERS_MAX:
        raise InputError(code="pasted_too_long", field="q")
    asked = await answered(visit, subject, account_id=visit.account_id, as_staff=visit.as_staff)
    explanation = asked.explanation
    address = page_of_answer(explanation, account_id=visit.account_id)
    is_elsewhere = explanation.account_id not in (None, visit.account_id)
    if explanation.about in (About.REQUEST, About.SUBMISSION) or is_elsewhere:
        return visit.go(address)
    found = answers.causes(visit, explanation)
    return View(
        template="why.html",
        title="page_why",
        values={
            "explanation": explanation,
            "stamp": answers.stamp(visit, explanation),
            "why": found,
            "facts": answers.facts(visit, explanation),
            "history": explanation.history,
            "bundles": bundle_links(visit, explanation.subject) if read_any_id(explanation.subject) else [],
            "text": "",
        },
        tables=[one.rows for one in found if one.rows is not None],
    )


async def why_form(visit: Visit) -> View:
    """The form, and what was refused lately."""
    page = await visit.services.spend.request_page(
        visit.account_id, RequestFilter(state=RequestState.REFUSED), most=_TROUBLE_SHOWN
    )
    trouble = Table(
        name="trouble",
        caption="why_recent",
        empty="why_none_recent",
        columns=(
            Column(code="call_time"), Column(code="call_id"), Column(code="call_model", wide=True),
            Column(code="call_outcome"), Column(code="needed_amount", numeric=True),
        ),
        rows=[
            (
                Instant(one.received_at), Id(f"req_{one.request_id.hex}", page_of_request(visit, one)), one.model or "",
                outcome(visit, one), Amount(one.needed_nanos, one.currency),
            )
            for one in page.requests
        ],
    )  # fmt: skip
    return View(
        template="why.html",
        title="page_why",
        values={
            "explanation": None,
            "text": shown_again(visit.typed("q")),
            "examples": _EXAMPLES,
        },
        tables=(trouble,),
    )


@pages.post("/accounts/{account_id}/why", need=_READ, shows=why)
async def ask_why(visit: Visit) -> Response:
    """Look up what was pasted, and go to its page. The text itself goes into no address, no log and no record."""
    asked = await answered(visit, visit.typed("q"), account_id=visit.account_id, as_staff=visit.as_staff)
    address = page_of_answer(asked.explanation, account_id=visit.account_id)
    return visit.done(address, "done_secret_left_out") if asked.had_secret else visit.go(address)
