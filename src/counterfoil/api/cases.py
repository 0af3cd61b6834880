"""Cases: the queue, one case with all that is known of it, and every step that is taken with it.

A case is named by its id or by its number. What a step answers holds nothing that anybody typed: answers of writes are
kept for a day where the same write may come again, and a case can be purged meanwhile.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.access import Asking, Caller
from counterfoil.api.fields import By, Cursor, Input, Limit, Output, Page, Text, Time, optional_id, page
from counterfoil.api.services import Services, UseCases
from counterfoil.foundation.periods import read_time
from counterfoil.identity.access import Principal
from counterfoil.support import model, shown
from counterfoil.support.desk_model import CaseQuery, HandOver
from counterfoil.support.intake import check_problem
from counterfoil.support.model import CaseState, Priority, Resolution
from counterfoil.support.naming import find_case_id
from counterfoil.support.rules import TEXT_CHARACTERS_MAX

router = APIRouter(prefix="/cases", tags=["cases"])

CaseId = Annotated[str, Path(description="The case's id (case_…) or number (CS-…).", max_length=60)]
Words = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS_MAX)]
OfProblem = Annotated[str | None, Query(max_length=60, description="Only cases of this class of problem.")]


class Case(Output):
    """A case as it stands, without what was typed for it."""

    case_id: str
    number: str = Field(description="What people read out.")
    problem: str = Field(description="The class of problem.")
    state: str
    priority: str
    language: str
    channel: str = Field(description="How it came in.")
    account_id: str | None
    person_id: str | None = Field(description="Who sent it, where they were signed in.")
    subject: str | None = Field(description="The record that somebody has confirmed it to be about.")
    cause: str | None = Field(description="Until a record is confirmed, the likeliest one's.")
    owner: str | None = Field(description="Who has taken it on, by name.")
    due_at: str
    late: bool
    group_id: str | None
    resolution: str | None
    created_at: str
    changed_at: str
    purged_at: str | None

    @classmethod
    def of(cls, case: model.Case, *, now: int) -> Case:
        return cls.model_validate(shown.case_json(case, now=now))


class CaseEvent(Output):
    """A step. `public`: whoever reported it is told of it."""

    number: int
    kind: str
    by: str
    at: str
    facts: dict[str, str]
    text: str | None
    public: bool


class FieldAgreement(Output):
    field: str
    said: str
    recorded: str
    agreement: str


class CaseCandidate(Output):
    """A record that it may be about, with how well each field agrees; `score` is 0 to 1000."""

    subject: str
    kind: str
    account_id: str | None
    at: str
    score: int
    cause: str | None
    fields: list[FieldAgreement]


class CaseSearch(Output):
    """What the last search of the records found, best first; `explanation` is that of the best."""

    number: int
    at: str
    same_account: str | None = Field(description="Whether all that was named belongs to one account.")
    candidates: list[CaseCandidate]
    explanation: dict[str, Any] | None


class CaseSettlement(Output):
    """Money that goes back, or is to."""

    settlement_id: str
    kind: str
    state: str
    account_id: str
    amount_nanos: int
    amount: str
    currency: str
    approval_id: str | None
    proposed_by: str
    proposed_at: str
    ended_at: str | None


class CaseBeside(Output):
    """Another case of the group."""

    case_id: str
    number: str
    state: str
    owner: str | None
    due_at: str


class CaseInFull(Case):
    fields: dict[str, str] = Field(description="What was said, by evidence field; redacted.")
    events: list[CaseEvent]
    search: CaseSearch | None
    settlements: list[CaseSettlement]
    together: list[CaseBeside]


class CaseCount(Output):
    state: str
    problem: str
    count: int
    late: int


class CaseCounts(Output):
    """Open cases by state and class."""

    items: list[CaseCount]


class CaseStep(Input):
    by: By | None = None


class CaseRemark(CaseStep):
    text: Words


class CaseReason(CaseStep):
    reason: Words


class AssignCase(CaseStep):
    to: Annotated[Text | None, Field(max_length=254, description="By name; null: nobody any more.")]


class SetCasePriority(CaseStep):
    priority: Priority


class CaseRecord(CaseStep):
    subject: Annotated[Text, Field(min_length=1, max_length=200, description="One of the candidates, as shown.")]


class AskAboutCase(CaseStep):
    fields: Annotated[list[Text], Field(max_length=12, description="Evidence fields to ask for, by their codes.")] = []
    text: Annotated[Words | None, Field(description="A question beside them; the reporter reads it.")] = None


class HandCaseOver(CaseStep):
    to: Literal["operations", "finance", "engineering"]
    asks: Annotated[Words, Field(description="What they are asked to do; the reporter never reads it.")]
    until: Annotated[Time, Field(description="By when, within 90 days.")]
    checked: Annotated[list[Text], Field(max_length=20, description="What was checked, by codes.")] = []
    bundle: Annotated[Text | None, Field(max_length=120, description="The evidence bundle, by its id.")] = None


class ResolveCase(CaseStep):
    resolution: Annotated[
        Resolution, Field(description="What moves money can be said once an approval has moved it, and not before.")
    ]


class GroupCase(CaseStep):
    group_id: Annotated[
        Text | None, Field(max_length=60, description="Which (cgrp_…); null: the one that the records give it.")
    ] = None


class PurgeCase(CaseStep):
    why: Annotated[Words, Field(description="For the audit trail, which keeps that it was done.")]


@router.get("", summary="List cases, what is due first first")
async def list_cases(
    services: UseCases,
    caller: Caller,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[list[CaseState] | None, Query(description="Only those in these states.")] = None,
    everything: Annotated[bool, Query(alias="all", description="Resolved and closed ones too.")] = False,
    problem: OfProblem = None,
    priority: Annotated[Priority | None, Query(description="Only those of this priority.")] = None,
    owner: Annotated[
        str | None, Query(max_length=254, description="Only those that somebody has taken on; empty: nobody has.")
    ] = None,
    late: Annotated[bool, Query(description="Only open ones whose deadline has passed.")] = False,
    cause: Annotated[str | None, Query(max_length=60, description="Only those of this cause.")] = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    group_id: Annotated[str | None, Query(max_length=60, description="Only those of this group (cgrp_…).")] = None,
    text: Annotated[
        str | None, Query(max_length=200, description="The beginning of a number, or the record that it is about.")
    ] = None,
) -> Page[Case]:
    now = services.clock.now()
    query = CaseQuery(
        states=tuple(state or ()), is_open=not (state or everything), is_late=late,
        problem=None if problem is None else check_problem(problem), priority=priority, owner=owner, cause=cause,
        account_id=optional_id("account", account_id), group_id=optional_id("case_group", group_id), text=text,
    )  # fmt: skip
    rows = await services.cases.queue(
        query, principal=caller.principal, after=shown.read_cursor(cursor), most=limit + 1
    )
    return page(rows, limit=limit, item=lambda row: Case.of(row, now=now), cursor=shown.show_cursor)


@router.get("/counts", summary="Count open cases by state and class, and those that are late")
async def count_cases(services: UseCases) -> CaseCounts:
    return CaseCounts(items=[CaseCount.model_validate(shown.count_json(one)) for one in await services.cases.counts()])


@router.get("/{case_id}", summary="Get a case with what was said, its steps, candidates and settlements")
async def get_case(services: UseCases, caller: Caller, case_id: CaseId) -> CaseInFull:
    view = await services.cases.view(await named(services, caller, case_id), principal=caller.principal)
    return CaseInFull.model_validate(shown.case_in_full(view, now=services.clock.now()))


@router.post("/{case_id}/notes", summary="Write a private remark, which nobody outside ever reads")
async def note_case(services: UseCases, caller: Caller, case_id: CaseId, body: CaseRemark) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.note(one, body.text, principal=signed(caller, body.by)))


@router.post("/{case_id}/assign", summary="Say who has taken a case on")
async def assign_case(services: UseCases, caller: Caller, case_id: CaseId, body: AssignCase) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.assign(one, body.to, principal=signed(caller, body.by)))


@router.post("/{case_id}/priority", summary="Say how urgent a case is; its deadline moves with it")
async def set_case_priority(services: UseCases, caller: Caller, case_id: CaseId, body: SetCasePriority) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.set_priority(one, body.priority, principal=signed(caller, body.by)))


@router.post("/{case_id}/confirm", summary="Say which of the candidates a case is about")
async def confirm_case_record(services: UseCases, caller: Caller, case_id: CaseId, body: CaseRecord) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.confirm(one, body.subject, principal=signed(caller, body.by)))


@router.post("/{case_id}/reject", summary="Say that a case is not about a candidate")
async def reject_case_record(services: UseCases, caller: Caller, case_id: CaseId, body: CaseRecord) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.reject(one, body.subject, principal=signed(caller, body.by)))


@router.post("/{case_id}/search", summary="Have the records searched once more, in the background")
async def search_case_again(services: UseCases, caller: Caller, case_id: CaseId, body: CaseStep) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.search_again(one, principal=signed(caller, body.by)))


@router.post("/{case_id}/questions", summary="Ask the reporter for fields; the private link shows what is asked")
async def ask_about_case(services: UseCases, caller: Caller, case_id: CaseId, body: AskAboutCase) -> Case:
    one = await named(services, caller, case_id)
    asked = await services.cases.ask(one, body.fields, body.text, principal=signed(caller, body.by))
    return _shown(services, asked)


@router.post("/{case_id}/hand-over", summary="Hand a case to another desk, with what was checked and what is asked")
async def hand_case_over(services: UseCases, caller: Caller, case_id: CaseId, body: HandCaseOver) -> Case:
    what = HandOver(
        to=CaseState(f"with_{body.to}"), asks=body.asks, until=read_time(body.until), checked=tuple(body.checked),
        bundle=body.bundle,
    )  # fmt: skip
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.hand_over(one, what, principal=signed(caller, body.by)))


@router.post("/{case_id}/hand-back", summary="Give a case back to support with what has come of it")
async def hand_case_back(services: UseCases, caller: Caller, case_id: CaseId, body: CaseRemark) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.hand_back(one, body.text, principal=signed(caller, body.by)))


@router.post("/{case_id}/resolve", summary="Say how a case was settled")
async def resolve_case(services: UseCases, caller: Caller, case_id: CaseId, body: ResolveCase) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.resolve(one, body.resolution, principal=signed(caller, body.by)))


@router.post("/{case_id}/close", summary="Close a case")
async def close_case(services: UseCases, caller: Caller, case_id: CaseId, body: CaseStep) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.close(one, principal=signed(caller, body.by)))


@router.post("/{case_id}/reopen", summary="Open a case again, with a new deadline")
async def reopen_case(services: UseCases, caller: Caller, case_id: CaseId, body: CaseReason) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.reopen(one, body.reason, principal=signed(caller, body.by)))


@router.post("/{case_id}/group", summary="Put a case together with others of the same cause")
async def group_case(services: UseCases, caller: Caller, case_id: CaseId, body: GroupCase) -> Case:
    group_id = optional_id("case_group", body.group_id)
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.group(one, group_id, principal=signed(caller, body.by)))


@router.post("/{case_id}/ungroup", summary="Take a case out of its group")
async def ungroup_case(services: UseCases, caller: Caller, case_id: CaseId, body: CaseStep) -> Case:
    one = await named(services, caller, case_id)
    return _shown(services, await services.cases.ungroup(one, principal=signed(caller, body.by)))


@router.post("/{case_id}/purge", summary="Take out for good what was typed for a closed case")
async def purge_case(services: UseCases, caller: Caller, case_id: CaseId, body: PurgeCase) -> Case:
    by = signed(caller, body.by)
    one = await named(services, caller, case_id)
    # What somebody may not see, they may not purge.
    await services.cases.case(one, principal=by)
    return _shown(services, await services.case_purging.purge(one, by=by, why=body.why))


async def named(services: Services, caller: Asking, case: str) -> UUID:
    """The id of the case that an address names."""
    return await find_case_id(services.cases, case, principal=caller.principal)


def signed(caller: Asking, by: str | None) -> Principal:
    """Whoever asks, by the name that the case's steps shall have."""
    return replace(caller.principal, name=caller.named(by))


def _shown(services: Services, case: model.Case) -> Case:
    return Case.of(case, now=services.clock.now())
