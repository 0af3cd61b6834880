"""What happened to an account, newest first, from every book that tells of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request

from counterfoil.api.fields import AccountId, Output, optional_time
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.evidence.timeline import PAGE_MAX, TimelineKind
from counterfoil.evidence.timeline_view import to_dict
from counterfoil.foundation.ids import read_id

router = APIRouter(prefix="/accounts/{account_id}", tags=["accounts"])

_TIME = "RFC 3339 with a zone."


class TimelineItem(Output):
    """One thing that happened. Served calls are told by the hour and charges by the day: then `first_at` is where they
    begin, and `count` how many they are."""

    at: str
    kind: str
    what: str
    label: str
    state: str | None
    state_label: str | None
    subject: str | None
    amount_nanos: int | None
    amount: str | None
    currency: str | None
    count: int | None
    first_at: str | None
    by: str | None
    details: list[str]


class Timeline(Output):
    account_id: str
    currency: str
    time_zone: str
    start: str
    end: str
    items: list[TimelineItem]
    next: str | None


@router.get("/timeline", summary="Tell what happened to an account, newest first, from every book")
async def get_timeline(
    services: UseCases,
    request: Request,
    account_id: AccountId,
    kind: Annotated[list[TimelineKind] | None, Query(description="Only these kinds; none given: all.")] = None,
    start: Annotated[str | None, Query(description=f"{_TIME} Not given: a week before the end.", max_length=60)] = None,
    end: Annotated[str | None, Query(description=f"{_TIME} Not given: now.", max_length=60)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX, description="Most items of this page.")] = 50,
    cursor: Annotated[str | None, Query(max_length=120, description="`next` of the page before.")] = None,
) -> Timeline:
    page = await services.timelines.of(
        read_id("account", account_id), kinds=kind or (), start=optional_time(start), end=optional_time(end),
        cursor=cursor, most=limit,
    )  # fmt: skip
    return Timeline.model_validate(to_dict(page, language=language_of(request.scope, services.default_language)))
