"""What goes out for cases and what comes of it: answers, money that goes back by approval, saved searches, numbers.

Whatever moves money answers the approval: carried out, or proposed.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field

from counterfoil.api.access import Asking, Caller
from counterfoil.api.alerts import Removed
from counterfoil.api.approvals import Approval
from counterfoil.api.cases import Case, CaseId, CaseReason, CaseStep, OfProblem, Words, named, signed
from counterfoil.api.fields import AmountInput, By, Flag, Input, Output, Text, optional_id
from counterfoil.api.services import Services, UseCases
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import NIL, read_id
from counterfoil.foundation.periods import MICROS_PER_SECOND, read_time
from counterfoil.support import shown
from counterfoil.support.cases_service import TOGETHER_MAX
from counterfoil.support.desk_model import CaseQuery
from counterfoil.support.intake import check_problem
from counterfoil.support.metrics_rules import Metrics
from counterfoil.support.metrics_shown import metrics_csv, metrics_json
from counterfoil.support.model import CaseState, Priority
from counterfoil.support.naming import find_case_id

router = APIRouter(prefix="/cases", tags=["cases"])

# What is counted where nobody says since when.
_METRICS_MICROS = 30 * 86_400 * MICROS_PER_SECOND
SearchId = Annotated[str, Path(description="The saved search's id (csrch_…).", max_length=60)]
Since = Annotated[
    str | None, Query(max_length=40, description="Cases that arrived since then; not given: 30 days ago.")
]
Until = Annotated[str | None, Query(max_length=40, description="And before then; not given: now.")]


class ReplyObjection(Output):
    """Something that must not be in an answer; `words` are masked where they are a secret."""

    kind: str
    words: str


class ReplyObjections(Output):
    """Empty where the text may be sent."""

    objections: list[ReplyObjection]


class ReplyDraft(Output):
    """An answer as the records give it, and what may stand in a snippet's places."""

    text: str
    facts: dict[str, str]
    objections: list[ReplyObjection] = Field(description="What would keep it from being sent as it is.")


class AnsweredCase(Output):
    """What became of one of many answers: sent, objected to, or refused with a code."""

    case_id: str
    sent: bool
    objections: list[ReplyObjection]
    code: str | None


class AnsweredCases(Output):
    items: list[AnsweredCase]


class CaseTimes(Output):
    """Durations in whole seconds: the one in the middle, and that which nine of ten stay below."""

    count: int
    median_seconds: int | None
    ninth_seconds: int | None


class CaseHandOvers(Output):
    to: str
    count: int
    lasted: CaseTimes


class RepeatedCause(Output):
    cause: str
    article: str | None
    count: int


class AskedAgain(Output):
    problem: str
    field: str
    count: int


class RefusedAtIntake(Output):
    """How often something was refused at intake: its class, its field and its count are all that was kept."""

    problem: str
    field: str
    secret: str
    count: int


class CaseMetrics(Output):
    """The desk's numbers, from the steps of the cases that arrived in that time."""

    since: str
    until: str
    problem: str | None
    cases: int
    resolved: int
    reopened: int
    self_service: int
    complete_first: int
    first_answer: CaseTimes
    diagnosis: CaseTimes
    resolution: CaseTimes
    hand_overs: list[CaseHandOvers]
    repeated: list[RepeatedCause]
    asked_again: list[AskedAgain]
    unsafe: list[RefusedAtIntake]


class SavedCaseQuery(Output):
    """What a saved search asks for."""

    states: list[str]
    open: bool
    late: bool
    problem: str | None
    priority: str | None
    owner: str | None
    cause: str | None
    account_id: str | None
    group_id: str | None
    text: str | None


class SavedCaseSearch(Output):
    search_id: str
    name: str
    shared: bool
    person_id: str
    query: SavedCaseQuery
    created_at: str


class SavedCaseSearches(Output):
    items: list[SavedCaseSearch]


class ReplyText(Input):
    text: Words


class ReplyToCase(CaseStep):
    text: Words


class ReplyToCases(CaseStep):
    cases: Annotated[list[Text], Field(min_length=1, max_length=TOGETHER_MAX, description="Ids or numbers.")]
    snippet: Annotated[Words, Field(description="With facts' names in braces, such as {case}; each gets its own.")]


class CompensateCase(AmountInput):
    """How much, in the account's currency; it ends after thirty days."""

    reason: Words
    by: By | None = None


class RefundCase(AmountInput):
    """How much; without an amount, all that may go back."""

    reason: Words
    by: By | None = None


class CreditCaseAgain(CaseReason):
    number: Annotated[Text, Field(min_length=1, max_length=200, description="The payment's, as the provider shows it.")]


class SaveCaseSearch(Input):
    """The same name again changes the search of that name."""

    name: Annotated[Text, Field(min_length=1, max_length=120)]
    shared: Annotated[Flag, Field(description="For everybody at the desk.")] = False
    states: Annotated[list[CaseState], Field(max_length=len(CaseState))] = []
    open: Annotated[Flag, Field(description="Only open ones.")] = False
    late: Annotated[Flag, Field(description="Only open ones whose deadline has passed.")] = False
    problem: Annotated[Text | None, Field(max_length=60)] = None
    priority: Priority | None = None
    owner: Annotated[Text | None, Field(max_length=254, description="Empty: nobody has taken it on.")] = None
    cause: Annotated[Text | None, Field(max_length=60)] = None
    account_id: Annotated[Text | None, Field(max_length=60)] = None
    group_id: Annotated[Text | None, Field(max_length=60)] = None
    text: Annotated[Text | None, Field(max_length=200)] = None


@router.get("/metrics", summary="Get the desk's numbers of a stretch of time")
async def get_case_metrics(
    services: UseCases, since: Since = None, until: Until = None, problem: OfProblem = None
) -> CaseMetrics:
    found, start, end = await _measured(services, since, until, problem)
    return CaseMetrics.model_validate(metrics_json(found, start=start, end=end, problem=problem))


@router.get(
    "/metrics.csv",
    summary="Get the desk's numbers as CSV, one number a row",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The file."}},
)
async def get_case_metrics_csv(
    services: UseCases, since: Since = None, until: Until = None, problem: OfProblem = None
) -> Response:
    found, _, _ = await _measured(services, since, until, problem)
    headers = {"Content-Disposition": 'attachment; filename="case-metrics.csv"', "Cache-Control": "no-store"}
    return Response(metrics_csv(found), media_type="text/csv", headers=headers)


@router.get("/searches", summary="List one's own saved searches and the shared ones")
async def list_case_searches(services: UseCases, caller: Caller) -> SavedCaseSearches:
    # Nobody in particular sees those that are shared.
    found = await services.cases.saved_searches(caller.principal.person_id or NIL)
    return SavedCaseSearches(items=[SavedCaseSearch.model_validate(shown.saved_search_json(one)) for one in found])


@router.post("/searches", status_code=201, summary="Keep a query of the queue under a name")
async def save_case_search(services: UseCases, caller: Caller, body: SaveCaseSearch) -> SavedCaseSearch:
    query = CaseQuery(
        states=tuple(body.states), is_open=body.open, is_late=body.late,
        problem=None if body.problem is None else check_problem(body.problem), priority=body.priority,
        owner=body.owner, cause=body.cause, account_id=optional_id("account", body.account_id),
        group_id=optional_id("case_group", body.group_id), text=body.text,
    )  # fmt: skip
    saved = await services.cases.save_search(body.name, query, person_id=_person_of(caller), is_shared=body.shared)
    return SavedCaseSearch.model_validate(shown.saved_search_json(saved))


@router.delete("/searches/{search_id}", summary="Forget one of one's own saved searches")
async def forget_case_search(services: UseCases, caller: Caller, search_id: SearchId) -> Removed:
    await services.cases.forget_search(read_id("case_search", search_id), person_id=_person_of(caller))
    return Removed(removed=search_id)


@router.post("/replies", summary="Answer several cases with one snippet, each with its own facts")
async def answer_cases(services: UseCases, caller: Caller, body: ReplyToCases) -> AnsweredCases:
    by = signed(caller, body.by)
    ids = [await find_case_id(services.cases, one, principal=by) for one in body.cases]
    answered = await services.replies.send_to_many(ids, body.snippet, principal=by)
    return AnsweredCases(items=[AnsweredCase.model_validate(shown.answered_json(one)) for one in answered])


@router.get("/{case_id}/draft", summary="Get an answer as the records give it; nothing is sent")
async def draft_case_reply(services: UseCases, caller: Caller, case_id: CaseId) -> ReplyDraft:
    one, principal = await named(services, caller, case_id), caller.principal
    text = await services.replies.draft(one, principal=principal)
    objections = await services.replies.check(one, text, principal=principal)
    return ReplyDraft(
        text=text, facts=await services.replies.facts(one, principal=principal),
        objections=[ReplyObjection.model_validate(shown.objection_json(each)) for each in objections],
    )  # fmt: skip


@router.post("/{case_id}/check", summary="Get what must not go out of a text; nothing is sent")
async def check_case_reply(services: UseCases, caller: Caller, case_id: CaseId, body: ReplyText) -> ReplyObjections:
    one = await named(services, caller, case_id)
    found = await services.replies.check(one, body.text, principal=caller.principal)
    return ReplyObjections(objections=[ReplyObjection.model_validate(shown.objection_json(each)) for each in found])


@router.post("/{case_id}/replies", summary="Answer whoever reported a case; what must not go out is not sent")
async def reply_to_case(services: UseCases, caller: Caller, case_id: CaseId, body: ReplyToCase) -> Case:
    one = await named(services, caller, case_id)
    sent = await services.replies.send(one, body.text, principal=signed(caller, body.by))
    return Case.of(sent, now=services.clock.now())


@router.post("/{case_id}/compensation", status_code=201, summary="Propose to credit the case's account")
async def compensate_case(services: UseCases, caller: Caller, case_id: CaseId, body: CompensateCase) -> Approval:
    amount, by = body.nanos(), signed(caller, body.by)
    one = await named(services, caller, case_id)
    return Approval.of(await services.case_settling.compensate(one, amount=amount, reason=body.reason, principal=by))


@router.post("/{case_id}/refund", status_code=201, summary="Propose to give back the charge, or money of the order")
async def refund_case(services: UseCases, caller: Caller, case_id: CaseId, body: RefundCase) -> Approval:
    amount, by = body.optional_nanos(), signed(caller, body.by)
    one = await named(services, caller, case_id)
    return Approval.of(await services.case_settling.refund(one, amount=amount, reason=body.reason, principal=by))


@router.post("/{case_id}/credit-again", status_code=201, summary="Propose to credit the order, whose payment was seen")
async def credit_case_again(services: UseCases, caller: Caller, case_id: CaseId, body: CreditCaseAgain) -> Approval:
    by = signed(caller, body.by)
    one = await named(services, caller, case_id)
    approval = await services.case_settling.credit_again(one, number=body.number, reason=body.reason, principal=by)
    return Approval.of(approval)


async def _measured(
    services: Services, since: str | None, until: str | None, problem: str | None
) -> tuple[Metrics, int, int]:
    """The numbers, from when, and until when."""
    end = services.clock.now() if until is None else read_time(until)
    start = max(0, end - _METRICS_MICROS) if since is None else read_time(since)
    wanted = None if problem is None else check_problem(problem)
    return await services.case_metrics.measure(start=start, end=end, problem=wanted), start, end


def _person_of(caller: Asking) -> UUID:
    """Whose saved searches they are; raises `InputError` for whoever has the operator's token, who is nobody in particular."""
    if caller.principal.person_id is None:
        raise InputError(field="Authorization", expected="the token of a person: searches are kept for people")
    return caller.principal.person_id
