"""One of an account's own cases: what was said, what is asked, what was posted, and opening it again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.responses import Response

from counterfoil.console import answers
from counterfoil.console.case_forms import page_of_told, query_of, sender_of, whose
from counterfoil.console.pages.support import case_address, state_mark
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Instant
from counterfoil.console.visits import ROOT, View, Visit
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.foundation.errors import CounterfoilError, NotFound, Unavailable
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND, read_time_zone, to_datetime
from counterfoil.foundation.vocabulary import Kind, entry
from counterfoil.identity.access import SIGNED_IN, Need, Own, decide
from counterfoil.ledger.statement import CHARGE_CODES, StatementLine
from counterfoil.support.case_numbers import read_number
from counterfoil.support.intake_forms import answer_fields, notices
from counterfoil.support.intake_model import ANSWER, Around, Judged, LinkView
from counterfoil.support.intake_rules import asked_fields
from counterfoil.support.metrics_rules import BY_ITSELF
from counterfoil.support.model import Case, CaseEvent, CaseEventKind
from counterfoil.support.own_cases import OwnCaseView, Posted

pages = Pages()
_OWN = Need(own=Own.USAGE_READ)
_BY_CUSTOMERS = frozenset({CaseEventKind.ARRIVED, CaseEventKind.ANSWERED_BY_CUSTOMER, CaseEventKind.REOPENED})
_SAYS = {
    CaseEventKind.ARRIVED: "own_case_first",
    CaseEventKind.ANSWERED_BY_CUSTOMER: "own_case_answers",
    CaseEventKind.ASKED: "own_case_asks",
    CaseEventKind.REPLIED: "own_case_replies",
    CaseEventKind.CLOSED: "own_case_closes",
    CaseEventKind.REOPENED: "own_case_reopens",
}
# By whom something is that came without signing in.
_NOBODY = "customer"
# A posting is written down together with the end of its settlement.
_POSTED_WITHIN = 60 * MICROS_PER_SECOND
_LINES_READ = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One part of the conversation: who, what it was, and the words. `is_own` is the customer's side."""

    who: str
    what: str
    at: int
    text: str
    fields: tuple[str, ...]
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPosting:
    """Money that has moved, and where the statement has it."""

    label: str
    explanation: str
    amount: Amount
    at: int
    href: str | None


@pages.get("/support/{number}", need=SIGNED_IN)
async def support_of_number(visit: Visit) -> Response:
    """From a case's number, as a mail or its private link names it, to its page: for members of its account alone."""
    number, account_id = read_number(visit.request.path_params["number"]), visit.principal.account_id
    if number is None or account_id is None or not decide(visit.principal, _OWN, account_id=account_id).allowed:
        raise NotFound(code="own_case_not_found")
    visit.account = await visit.services.ledger.account(account_id)
    case_id = await visit.services.own_cases.find(number, whose(visit))
    return visit.go(f"{ROOT}/accounts/{show_id('account', account_id)}/support/{show_id('case', case_id)}")


@pages.get("/accounts/{account_id}/support/{case_id}", need=_OWN)
async def support_case(visit: Visit) -> View:
    return await _shown(visit)


@pages.post("/accounts/{account_id}/support/{case_id}/answer", need=_OWN, shows=support_case)
async def support_answer(visit: Visit) -> View | Response:
    case_id, fields, around = _id(visit), _fields(visit), _around(visit)
    found = await visit.services.own_cases.answer(case_id, whose(visit), fields, sender_of(visit), around)
    return await _after(visit, found, verb="answer", done="done_case_reply_sent")


@pages.post("/accounts/{account_id}/support/{case_id}/reopen", need=_OWN, shows=support_case)
async def support_reopen(visit: Visit) -> View | Response:
    case_id, fields, around = _id(visit), _fields(visit), _around(visit)
    found = await visit.services.own_cases.reopen(case_id, whose(visit), fields, sender_of(visit), around)
    return await _after(visit, found, verb="reopen", done="done_case_reopened")


async def _after(visit: Visit, found: LinkView | Judged, *, verb: str, done: str) -> View | Response:
    if isinstance(found, Judged):
        return await _shown(visit, judged=found, verb=verb)
    return visit.done(case_address(visit, show_id("case", _id(visit))), done)


def _id(visit: Visit) -> UUID:
    return visit.id_in_path("case", "case_id")


def _fields(visit: Visit) -> tuple[tuple[str, str], ...]:
    return tuple((k, v) for k, v in visit.form.multi_items() if isinstance(v, str) and k != "csrf")


def _around(visit: Visit) -> Around:
    names = tuple(v.filename or "" for _, v in visit.form.multi_items() if isinstance(v, UploadFile))
    return Around(query=query_of(visit), user_agent=visit.request.headers.get("user-agent", ""), file_names=names)


# The page.


async def _shown(visit: Visit, *, judged: Judged | None = None, verb: str = "") -> View:
    view = await visit.services.own_cases.view(_id(visit), whose(visit))
    case, w = view.case, visit.w
    told = await _explained(visit, case)
    found = [] if told is None else answers.causes(visit, told)
    asked = answer_fields(
        asked_fields(view.questions), visit.language, judged=judged if verb == "answer" else None
    ) if view.questions else ()  # fmt: skip
    again = answer_fields((ANSWER,), visit.language, judged=judged if verb == "reopen" else None)
    shown = {one.code for one in (again if verb == "reopen" else asked)}
    values: dict[str, Any] = {
        "case": case,
        "address": case_address(visit, show_id("case", case.case_id)),
        "state": state_mark(visit, case.state),
        "state_text": w.explanation("case_state", case.state),
        "facts": _facts(visit, case),
        "reported": [(entry(Kind.EVIDENCE_FIELD, k).label[visit.language], v) for k, v in case.values.items()],
        "said": [_said(visit, event, first=view.said[0].by) for event in view.said],
        "questions": [one.text for one in view.questions if one.text],
        "asked": asked,
        "again": again if view.may_reopen else (),
        "verb": verb,
        "part": "" if judged is None else _part_of(judged),
        "elsewhere": []
        if judged is None
        else [one for one in notices(judged, visit.language) if one.field not in shown],
        "offers_masks": judged is not None and bool(judged.offered),
        "posted": [await _posting(visit, view, one) for one in view.posted],
        "told": told,
        "told_href": None if told is None else page_of_told(visit, told),
        "stamp": None if told is None else answers.stamp(visit, told),
        "why": found,
    }
    return View(
        template="support_case.html", title="page_support_case", title_values={"number": case.number}, values=values,
        tables=[one.rows for one in found if one.rows is not None], status=200 if judged is None else 422,
    )  # fmt: skip


def _part_of(judged: Judged) -> str:
    if judged.refused:
        return "own_case_refused"
    return "own_case_incomplete" if judged.problems else "own_case_offered"


def _facts(visit: Visit, case: Case) -> list[tuple[str, Cell]]:
    facts: list[tuple[str, Cell]] = [
        ("own_case_problem", visit.w.label("problem_class", case.problem)),
        ("own_case_sent", Instant(case.created_at)),
        ("own_case_changed", Instant(case.changed_at)),
    ]
    if case.resolution is not None:
        facts.append(("own_case_outcome", visit.w.label("case_resolution", case.resolution)))
    return facts


def _said(visit: Visit, event: CaseEvent, *, first: str) -> Said:
    """A public step in the customer's words: of the staff only that it was support."""
    w, itself = visit.w, event.by == BY_ITSELF
    is_own = event.kind in _BY_CUSTOMERS or itself
    fields = tuple(
        entry(Kind.EVIDENCE_FIELD, code).label[visit.language]
        for code in event.facts.get("fields", "").split(",")
        if event.kind is CaseEventKind.ASKED and code and w.entry("evidence_field", code) is not None
    )
    return Said(
        who=_who(visit, first if itself else event.by, is_own=is_own), what=_what(visit, event, itself=itself), at=event.at,
        text=event.text or "", fields=fields, is_own=is_own,
    )  # fmt: skip


def _who(visit: Visit, by: str, *, is_own: bool) -> str:
    if not is_own:
        return visit.w.word("own_case_support")
    if by == visit.by:
        return visit.w.word("own_case_you")
    return visit.w.word("own_case_reporter") if by == _NOBODY else by


def _what(visit: Visit, event: CaseEvent, *, itself: bool) -> str:
    if event.kind is CaseEventKind.RESOLVED:
        if itself:
            return visit.w.word("own_case_settles_itself")
        outcome = visit.w.label("case_resolution", event.facts.get("resolution"))
        return visit.w.word("own_case_resolves", outcome=outcome)
    code = _SAYS.get(event.kind)
    return visit.w.label("case_event", event.kind) if code is None else visit.w.word(code)


async def _explained(visit: Visit, case: Case) -> Explanation | None:
    """What the records say of the record that the case was confirmed to be about, as far as it is this account's."""
    if case.subject is None:
        return None
    try:
        return await visit.services.evidence.explain(
            case.subject, language=visit.language, audience=Audience.CUSTOMER, account_id=visit.account_id
        )
    except Unavailable:
        raise
    except CounterfoilError:
        return None


# What was posted.


async def _posting(visit: Visit, view: OwnCaseView, posted: Posted) -> ShownPosting:
    one = posted.settlement
    assert one.ended_at is not None
    line = await _line(visit, view.case, posted) if visit.may(own=Own.MONEY_READ) else None
    return ShownPosting(
        label=visit.w.label("case_resolution", one.kind), explanation=visit.w.explanation("case_resolution", one.kind),
        amount=Amount(one.amount, one.currency), at=one.ended_at,
        href=None if line is None else _address_of(visit, line),
    )  # fmt: skip


async def _line(visit: Visit, case: Case, posted: Posted) -> StatementLine | None:
    """The statement's line of a settlement: by the ledger's own name of it, or by the record that it was for."""
    ended_at = posted.settlement.ended_at
    assert ended_at is not None
    page = await visit.services.statements.lines(
        visit.account_id, start=ended_at - _POSTED_WITHIN, end=ended_at + _POSTED_WITHIN,
        time_zone=visit.of_account.time_zone, folded=False, most=_LINES_READ,
    )  # fmt: skip
    found = None if case.subject is None else read_any_id(case.subject)
    record = None if found is None else found[1]
    moved = [line for line in page.lines if line.code not in CHARGE_CODES]
    for line in moved:
        if posted.source is not None and line.cause_id == posted.source:
            return line
    for line in moved:
        if record is not None and (line.hold_id == record or record.hex in line.cause_id):
            return line
    return None


def _address_of(visit: Visit, line: StatementLine) -> str:
    month = to_datetime(line.last_at).astimezone(read_time_zone(visit.of_account.time_zone)).strftime("%Y-%m")
    return visit.link("/statement/charges", month=month, above=line.first_version - 1, before=line.last_version + 1)
