"""Submissions: what customers meant once, however often it was sent; and the loops of scripts."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.access import Asking, Caller
from counterfoil.api.fields import (
    PAGE_MAX,
    AccountId,
    Cursor,
    Limit,
    Output,
    Page,
    optional_id,
    optional_time,
    page,
    paged,
)
from counterfoil.api.requests import Request, shown
from counterfoil.api.services import UseCases
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.spend.model import KeyBurst, SubmissionView
from counterfoil.spend.shown import burst_json, submission_json

router = APIRouter(tags=["submissions"])

_DAY = 86_400 * MICROS_PER_SECOND


class Submission(Output):
    """What a customer meant once: how many copies there were, and what they cost together, refunds deducted."""

    submission_id: str
    account_id: str
    key_id: str
    key_mask: str | None
    endpoint: str
    model: str | None
    first_at: str | None
    last_at: str | None
    copies: int
    retries: int
    duplicates: int
    blocked: int = Field(description="Copies that were refused because of another.")
    repeated: int = Field(description="Copies that were answered with the task that was there.")
    charged_copies: int
    open_copies: int
    currency: str
    held_nanos: int
    held: str
    charged_nanos: int
    charged: str

    @classmethod
    def of(cls, submission: SubmissionView) -> Submission:
        return cls.model_validate(submission_json(submission))


class SubmissionInFull(Submission):
    """A submission with its copies, the first first; at most 200."""

    requests: list[Request]

    @classmethod
    def in_full(cls, submission: SubmissionView, caller: Asking) -> SubmissionInFull:
        copies = [shown(one, caller) for one in submission.requests]
        return cls.model_validate({**submission_json(submission), "requests": copies})


class Burst(Output):
    """A key whose calls of one model rose for three minutes on end: from `first_calls` to `calls` a minute."""

    key_id: str
    key_mask: str | None
    endpoint: str
    model: str | None
    minute_at: str | None
    first_calls: int
    calls: int
    currency: str
    charged_nanos: int
    charged: str

    @classmethod
    def of(cls, burst: KeyBurst, currency: str) -> Burst:
        return cls.model_validate(burst_json(burst, currency))


@router.get("/submissions", summary="List what was sent again, newest first")
async def list_submissions(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    key_id: Annotated[str | None, Query(max_length=60, description="Only this key's.")] = None,
    copies: Annotated[int, Query(ge=1, le=1_000_000, description="Only those sent at least so often.")] = 2,
    model: Annotated[str | None, Query(max_length=200, description="Only those of this model.")] = None,
    since: Annotated[
        str | None, Query(max_length=40, description="RFC 3339 with a zone: only what was first sent since.")
    ] = None,
    until: Annotated[
        str | None, Query(max_length=40, description="RFC 3339 with a zone: only what was first sent before.")
    ] = None,
) -> Page[Submission]:
    rows = await services.submissions.sent_again(
        optional_id("account", account_id),
        key_id=optional_id("key", key_id),
        model=model,
        since=optional_time(since),
        until=optional_time(until),
        before=optional_id("submission", cursor),
        copies_least=copies,
        most=limit + 1,
    )
    return page(rows, limit=limit, item=Submission.of, cursor=lambda row: show_id("submission", row.submission_id))


@router.get("/submissions/{submission_id}", summary="Get a submission with its copies")
async def get_submission(
    services: UseCases,
    caller: Caller,
    submission_id: Annotated[str, Path(description="The submission's id (sub_…).", max_length=60)],
) -> SubmissionInFull:
    return SubmissionInFull.in_full(await services.submissions.find(read_id("submission", submission_id)), caller)


@router.get("/accounts/{account_id}/loops", summary="List what a script has sent again and again, newest first")
async def list_loops(
    services: UseCases, account_id: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> Page[Submission]:
    account = await services.ledger.account(read_id("account", account_id))
    rows = await services.submissions.loops(
        account.account_id, before=optional_id("submission", cursor), most=limit + 1
    )
    return page(rows, limit=limit, item=Submission.of, cursor=lambda row: show_id("submission", row.submission_id))


@router.get("/accounts/{account_id}/bursts", summary="List keys whose calls rose minute after minute")
async def list_bursts(
    services: UseCases,
    account_id: AccountId,
    since: Annotated[
        str | None, Query(max_length=40, description="RFC 3339 with a zone. Not given: a day before `until`.")
    ] = None,
    until: Annotated[str | None, Query(max_length=40, description="RFC 3339 with a zone. Not given: now.")] = None,
    limit: Limit = PAGE_MAX,
    cursor: Cursor = None,
) -> Page[Burst]:
    account = await services.ledger.account(read_id("account", account_id))
    start, end = optional_time(since), optional_time(until)
    if start is None:
        start = (services.clock.now() if end is None else end) - _DAY
    found = await services.submissions.bursts(account.account_id, since=start, until=end)
    bursts = [Burst.of(one, account.currency) for one in found]
    return paged(bursts, limit=limit, cursor=cursor, name=_name_of)


def _name_of(burst: Burst) -> str:
    """A burst by what makes it one, in few enough characters for a cursor."""
    named = f"{burst.key_id} {burst.minute_at} {burst.endpoint} {burst.model}"
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
