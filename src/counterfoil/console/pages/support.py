"""An account's own cases, and asking support: from where one is, with what the records say before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.responses import Response

from counterfoil.console import answers
from counterfoil.console.case_forms import (
    NOT_ASKED,
    Start,
    about_of,
    fitting,
    own_answer,
    page_of_told,
    sender_of,
    start_of,
    submission_of,
    told_of,
    whose,
)
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.evidence.model import Explanation
from counterfoil.foundation.errors import Conflict
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import FIELDS_OF_PROBLEM, Kind, entries, entry
from counterfoil.identity.access import Need, Own
from counterfoil.support.intake import check_problem, new_submission_key, own_submission_key
from counterfoil.support.intake_forms import form_fields, notices
from counterfoil.support.intake_model import Judged, Outcome, OwnAnswer, Submission
from counterfoil.support.model import CaseState
from counterfoil.support.own_cases import OwnCase

pages = Pages()
# Staff have a desk of their own.
_OWN = Need(own=Own.USAGE_READ)
STATE_TONES: Mapping[CaseState, str] = {
    CaseState.RESOLVED: "good",
    CaseState.CLOSED: "quiet",
    CaseState.WAITING_FOR_CUSTOMER: "warn",
}
# A longer form is not read a second time where it was one too many: its sender has to wait, not we.
_READ_AGAIN_CHARACTERS_MAX = 8 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """The form as it is shown: of which class and for what, and what stands in it; `part` is what is said at its top."""

    problem: str
    about: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    judged: Judged | None = None
    told: Explanation | None = None
    part: str = ""
    status: int = 200
    key: str = ""


# The list.


@pages.get("/accounts/{account_id}/support", need=_OWN)
async def support(visit: Visit) -> View:
    """What the account has asked, newest first; whoever sees no money sees what they have sent themselves."""
    own, most = whose(visit), visit.most_rows
    found = await visit.services.own_cases.list(own, before=visit.id_asked("case", "before"), most=most + 1)
    shown = found[:most]
    table = Table(
        name="own_cases",
        caption="own_cases",
        empty="own_cases_none",
        columns=(
            Column(code="own_case_number"), Column(code="own_case_state"), Column(code="own_case_sent", wide=True),
            Column(code="own_case_changed", wide=True), Column(code="own_case_outcome", wide=True),
            Column(code="own_case_money", numeric=True),
        ),
        rows=[_row(visit, one) for one in shown],
        more=visit.here(before=show_id("case", shown[-1].case.case_id)) if len(found) > most else None,
    )  # fmt: skip
    return View(
        template="support.html", title="page_support", values={"only_mine": own.person_id is not None}, tables=(table,)
    )


def _row(visit: Visit, one: OwnCase) -> list[Cell]:
    case = one.case
    return [
        Note(
            case.number,
            visit.w.label("problem_class", case.problem),
            case_address(visit, show_id("case", case.case_id)),
        ),
        state_mark(visit, case.state, asked=one.questions),
        Instant(case.created_at),
        Instant(case.changed_at),
        None if case.resolution is None else visit.w.label("case_resolution", case.resolution),
        _money(visit, one),
    ]


def _money(visit: Visit, one: OwnCase) -> Cell:
    """What was posted, of each currency: a payment that went back may have another than the wallet."""
    sums: dict[str, int] = {}
    for each in one.settled:
        sums[each.currency] = sums.get(each.currency, 0) + each.amount
    if len(sums) < 2:
        return next((Amount(nanos, currency) for currency, nanos in sums.items()), None)
    return " + ".join(visit.shown.money(nanos, currency) for currency, nanos in sums.items())


def state_mark(visit: Visit, state: CaseState, *, asked: int = 0) -> Mark:
    return Mark(
        visit.w.label("case_state", state),
        STATE_TONES.get(state, "info"),
        visit.w.explanation("case_state", state),
        below=visit.w.word("own_case_asked", count=visit.shown.count(asked)) if asked else "",
    )


def case_address(visit: Visit, shown_id: str) -> str:
    return visit.link(f"/support/{shown_id}")


# Asking.


@pages.get("/accounts/{account_id}/support/new", need=_OWN)
async def support_new(visit: Visit) -> View:
    """The form; with `?about=` an id of the account, or a month, with what is known of it and what the records say."""
    if visit.problem is not None:
        return _again(visit)
    start = await start_of(visit, about_of(visit.asked("about")))
    problem = visit.asked("problem") if visit.asked("problem") in FIELDS_OF_PROBLEM else start.problem
    if not problem:
        return _choose(visit)
    values = fitting(start, problem)
    told = await told_of(visit, start.values, start.about) if start.about else None
    if told is not None and told.status is not None and "status_code" in FIELDS_OF_PROBLEM[problem]:
        # What refused a call is on record, the status that it was answered with follows from it.
        values.setdefault("status_code", str(told.status))
    return _view(visit, _Form(problem=problem, about=start.about, values=values, told=told))


@pages.post("/accounts/{account_id}/support/new", need=_OWN, shows=support_new)
async def support_send(visit: Visit) -> View | Response:
    """Judge it; say what the records say; keep it as a case once its sender still wants that.

    Nothing is looked up or kept before all of it has been judged. What is wrong is said in the form, which comes back with
    everything that was fine.
    """
    problem, step = check_problem(visit.typed("problem")), visit.typed("step")
    about = about_of(visit.typed("about"))
    # What is another account's is refused here, before anything else.
    start = await start_of(visit, about)
    if visit.typed("other_class") in FIELDS_OF_PROBLEM:
        return _other_class(visit, start)
    submission, key = submission_of(visit, problem), own_submission_key(visit.typed("submission_key"))
    if step == "anyway":
        return await _kept(visit, submission, about, key, None)
    judged = visit.services.intake.judge(submission, sender_of(visit))
    if judged.outcome is not Outcome.ACCEPTED:
        return _view(visit, _refused(problem, about, judged, key))
    told = await told_of(visit, judged.values, about)
    if step == "answers":
        return await _kept(visit, submission, about, key, own_answer(told))
    if told is not None:
        return _view(visit, _Form(problem=problem, about=about, judged=judged, told=told, key=key))
    return await _kept(visit, submission, about, key, None)


async def _kept(
    visit: Visit, submission: Submission, about: str, key: str, answer: OwnAnswer | None
) -> View | Response:
    intake, sender = visit.services.intake, sender_of(visit)
    try:
        found = await intake.send(submission, sender, submission_key=key, answered_by=answer)
    except Conflict:
        # Somebody went back, changed something and sent it once more: another case, in their eyes and ours.
        found = await intake.send(submission, sender, submission_key=new_submission_key(), answered_by=answer)
    if isinstance(found, Judged):
        return _view(visit, _refused(submission.problem, about, found, key))
    case_id = await visit.services.own_cases.find(found.number, whose(visit))
    done = "done_case_sent" if answer is None else "done_case_answered_itself"
    return visit.done(case_address(visit, show_id("case", case_id)), done)


def _other_class(visit: Visit, start: Start) -> View:
    """The form of another class, with what both ask for."""
    other = visit.typed("other_class")
    given = submission_of(visit, other)
    known = fitting(start, other)
    typed = tuple(one for one in given.fields if one[0] in FIELDS_OF_PROBLEM[other] and one[1].strip())
    if not typed:
        return _view(visit, _Form(problem=other, about=start.about, values=known))
    names = {name for name, _ in typed}
    filled = replace(given, fields=(*typed, *(one for one in known.items() if one[0] not in names)))
    judged = visit.services.intake.judge(filled, sender_of(visit))
    return _view(visit, replace(_refused(other, start.about, judged, ""), status=200))


def _refused(problem: str, about: str, judged: Judged, key: str) -> _Form:
    """The form as it comes back: what is wrong, and everything that was fine."""
    part = ""
    if judged.refused:
        part = "own_case_refused"
    elif judged.problems:
        part = "own_case_incomplete"
    elif judged.offered:
        part = "own_case_offered"
    return _Form(problem=problem, about=about, judged=judged, part=part, status=422, key=key)


def _again(visit: Visit) -> View:
    """The form where something else stood in the way, such as too many sendings; of what it holds, what is fine."""
    problem = visit.typed("problem")
    if problem not in FIELDS_OF_PROBLEM:
        return _choose(visit)
    submission = submission_of(visit, problem)
    is_short = sum(len(name) + len(value) for name, value in submission.fields) <= _READ_AGAIN_CHARACTERS_MAX
    judged = visit.services.intake.look_over(submission) if is_short else None
    form = _Form(
        problem=problem, about=about_of(visit.typed("about")), judged=judged,
        key=own_submission_key(visit.typed("submission_key")),
    )  # fmt: skip
    return _view(visit, form)


def _choose(visit: Visit) -> View:
    return View(
        template="support_choose.html",
        title="page_support_new",
        values={"problems": [one for one in entries(Kind.PROBLEM_CLASS) if one.code in FIELDS_OF_PROBLEM]},
    )


def _view(visit: Visit, form: _Form) -> View:
    judged, told = form.judged, form.told
    fields = [
        one
        for one in form_fields(form.problem, visit.language, values=form.values, judged=judged)
        if one.code not in NOT_ASKED
    ]
    shown = {one.code for one in fields}
    found = [] if told is None else answers.causes(visit, told)
    return View(
        template="support_new.html",
        title="page_support_new",
        values={
            "problem_class": entry(Kind.PROBLEM_CLASS, form.problem),
            "problems": [one for one in entries(Kind.PROBLEM_CLASS) if one.code in FIELDS_OF_PROBLEM],
            "about": form.about,
            "fields": fields,
            "part": form.part,
            "elsewhere": []
            if judged is None
            else [one for one in notices(judged, visit.language) if one.field not in shown],
            "offers_masks": judged is not None and bool(judged.offered),
            "key": form.key or new_submission_key(),
            # What answers somebody is another sending than what does not.
            "answer_key": new_submission_key(),
            "told": told,
            "told_values": (judged.values if judged is not None else form.values) if told is not None else {},
            "told_href": None if told is None else page_of_told(visit, told),
            "stamp": None if told is None else answers.stamp(visit, told),
            "why": found,
        },
        tables=[one.rows for one in found if one.rows is not None],
        status=form.status,
    )
