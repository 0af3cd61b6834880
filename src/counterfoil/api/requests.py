"""Requests: what was called, served, refused, charged and given back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from counterfoil.api.access import Asking, Caller
from counterfoil.api.fields import (
    AmountInput,
    Cursor,
    Limit,
    Output,
    Page,
    SourceId,
    Text,
    optional_id,
    optional_time,
    page,
    without,
)
from counterfoil.api.services import UseCases
from counterfoil.evidence.course import CourseStep
from counterfoil.evidence.model import Audience
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.shown import amount, identifier
from counterfoil.spend.model import AttemptView, ChargeMark, RequestState, RequestView
from counterfoil.spend.request_lists import RequestFilter
from counterfoil.spend.shown import attempt_json, request_in_full, request_json

router = APIRouter(prefix="/requests", tags=["requests"])

RequestId = Annotated[str, Path(description="The request's id (req_…).", max_length=60)]
_OF_STAFF = ("error_text", "uncollected_nanos", "uncollected")


class Request(Output):
    """A call as recorded, without its content: nothing of that is kept."""

    request_id: str
    account_id: str
    event_no: int
    key_id: str
    key_mask: str
    group_id: str | None
    group_name: str | None
    member_id: str | None
    endpoint: str
    model: str | None
    model_tier: str | None
    stream: bool
    client: str
    client_address: str
    retry_count: int | None
    in_flight: int
    received_at: str | None
    decided_at: str | None
    first_byte_at: str | None
    ended_at: str | None
    state: str
    charge_mark: str
    status_code: int | None
    code: str | None
    error_text: str | None = Field(description="Its upstream's own words; for staff.")
    repeats: int
    submission_id: str | None
    verdict: str | None
    first_request_id: str | None = Field(
        description="The copy that stood in the way, or the task that was given again."
    )
    output_cap: int | None
    currency: str
    needed_nanos: int | None
    needed: str | None
    held_nanos: int
    held: str
    charged_nanos: int
    charged: str
    uncollected_nanos: int | None = Field(description="What it cost and could not be charged; for staff.")
    uncollected: str | None
    refunded_nanos: int
    refunded: str
    price_version: str | None
    multiplier_millis: int
    tokens: Any
    estimated: bool

    @classmethod
    def of(cls, request: RequestView) -> Request:
        return cls.model_validate(request_json(request))


class Attempt(Output):
    """One try at one upstream."""

    number: int
    upstream: str
    upstream_model: str
    started_at: str | None
    ended_at: str | None
    outcome: str
    status_code: int | None
    response_id: str | None
    error_text: str | None
    cost_nanos: int | None
    cost: str | None

    @classmethod
    def of(cls, attempt: AttemptView) -> Attempt:
        return cls.model_validate(attempt_json(attempt))


class Step(Output):
    """One step of what happened to a request."""

    at: str
    step: str = Field(description="Such as course_received, course_reserved, course_charged, course_refunded.")
    state: str | None
    upstream: str | None = Field(description="Of a try; for staff.")
    nanos: int | None
    amount: str | None

    @classmethod
    def of(cls, step: CourseStep) -> Step:
        return cls(
            at=show_time(step.at), step=step.code, state=step.state, upstream=step.upstream, **_amount_of(step.nanos)
        )


class RequestInFull(Request):
    """A request with its arithmetic, its decision and every attempt."""

    arithmetic: Any
    decision: dict[str, Any] = Field(
        description="Every check of a refusal, or how wallet and limits stood before a served call."
    )
    attempts: list[Attempt] = Field(description="For staff; else empty.")
    course: list[Step] = Field(default=[], description="What happened, step by step; tries at upstreams are for staff.")

    @classmethod
    def in_full(cls, request: RequestView) -> RequestInFull:
        return cls.model_validate(request_in_full(request))


class NewRefund(AmountInput):
    """What to give back of a charge; without an amount, all that is left of it."""

    source_id: SourceId
    reason: Annotated[Text, Field(min_length=1)]


class Refunded(Output):
    """The recorded answer, the same for every repetition."""

    request_id: str
    source_id: str
    currency: str
    refunded_nanos: int
    refunded: str


def _wanted(
    state: Annotated[RequestState | None, Query(description="Only those in this state.")] = None,
    code: Annotated[
        str | None, Query(max_length=60, pattern="^[a-z_]+$", description="Only those with this code.")
    ] = None,
    charge_mark: Annotated[ChargeMark | None, Query(description="Only those with this charge mark.")] = None,
    key_id: Annotated[str | None, Query(max_length=60, description="Only this key's.")] = None,
    group_id: Annotated[
        str | None, Query(max_length=60, description="Only those of keys that were in this group.")
    ] = None,
    member_id: Annotated[str | None, Query(max_length=60, description="Only those of this member's keys.")] = None,
    model: Annotated[str | None, Query(max_length=200, description="Only those that asked for this model.")] = None,
    since: Annotated[
        str | None, Query(max_length=40, description="RFC 3339 with a zone: only what came in since.")
    ] = None,
    until: Annotated[
        str | None, Query(max_length=40, description="RFC 3339 with a zone: only what came in before.")
    ] = None,
) -> RequestFilter:
    return RequestFilter(
        state=state, code=code, charge_mark=charge_mark, key_id=optional_id("key", key_id),
        group_id=optional_id("group", group_id), member_id=optional_id("member", member_id), model=model,
        since=optional_time(since), until=optional_time(until),
    )  # fmt: skip


@router.get("", summary="List requests, newest first")
async def list_requests(
    services: UseCases,
    caller: Caller,
    wanted: Annotated[RequestFilter, Depends(_wanted)],
    limit: Limit = 50,
    cursor: Cursor = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
) -> Page[Request]:
    account, before = optional_id("account", account_id), optional_id("request", cursor)
    if account is None:
        if wanted != RequestFilter(state=wanted.state, code=wanted.code):
            # By what belongs to one account, and by time: one account is looked through.
            raise InputError(field="account_id", expected="the account that is looked through (acct_…)")
        rows = await services.spend.requests(None, before=before, most=limit + 1, state=wanted.state, code=wanted.code)
        return page(
            rows,
            limit=limit,
            item=lambda row: shown(row, caller),
            cursor=lambda row: show_id("request", row.request_id),
        )
    found = await services.spend.request_page(account, wanted, before=before, most=limit)
    # Of a filter that few requests meet, a page may be short, and go on all the same.
    return Page(items=[shown(one, caller) for one in found.requests], next=identifier("request", found.before))


@router.get(
    "/{request_id}", summary="Get a request with its decision's checks, its attempts, and what happened step by step"
)
async def get_request(services: UseCases, caller: Caller, request_id: RequestId) -> RequestInFull:
    view = await services.spend.request(read_id("request", request_id))
    audience = Audience.OPERATOR if caller.is_staff else Audience.CUSTOMER
    steps = await services.evidence.course(view, task=None, audience=audience)
    found = RequestInFull.in_full(view).model_copy(update={"course": [Step.of(step) for step in steps]})
    return found if caller.is_staff else without(found, *_OF_STAFF).model_copy(update={"attempts": []})


@router.post("/{request_id}/refund", status_code=201, summary="Give back a charge or a part of it, once per source")
async def refund_request(services: UseCases, request_id: RequestId, body: NewRefund) -> Refunded:
    found = await services.spend.request(read_id("request", request_id))
    refunded = await services.spend.refund(
        found.request_id, source_id=body.source_id, amount=body.optional_nanos(), reason=body.reason
    )
    return Refunded(
        request_id=request_id, source_id=body.source_id, currency=found.currency, **amount("refunded", refunded)
    )


def shown(request: RequestView, caller: Asking) -> Request:
    """A request as whoever asks may see it."""
    found = Request.of(request)
    return found if caller.is_staff else without(found, *_OF_STAFF)


def _amount_of(nanos: int | None) -> dict[str, Any]:
    return {"nanos": nanos, "amount": None if nanos is None else format_nanos(nanos)}
