"""Tasks: image, video and audio work, how it stands and what it has cost."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
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
)
from counterfoil.api.services import UseCases
from counterfoil.evidence.task_facts import failure_for_customers
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount
from counterfoil.spend.model import ChargeMark
from counterfoil.tasks.model import Source, TaskEvent, TaskKind, TaskState, TaskView
from counterfoil.tasks.shown import event_json, task_json

router = APIRouter(prefix="/tasks", tags=["tasks"])

TaskId = Annotated[str, Path(description="The task's id (task_…).", max_length=60)]
_OF_STAFF = (
    "raw_state", "uncollected_nanos", "uncollected", "upstream", "upstream_model", "upstream_task_id", "polls",
    "poll_failures", "polled_at", "next_poll_at",
)  # fmt: skip
# Its upstream's own words, and what was noted.
_OF_STAFF_OF_AN_EVENT = ("raw_state", "note")


class Task(Output):
    """A task as recorded, without its content: nothing of that is kept. Its money is that of its request."""

    task_id: str
    request_id: str
    account_id: str
    key_id: str
    key_mask: str
    group_id: str | None
    group_name: str | None
    kind: str
    direct: bool = Field(description="Whether it was answered in the call that asked for it.")
    endpoint: str
    model: str
    state: str
    raw_state: str | None = Field(description="What its upstream calls its state.")
    progress: int | None
    charge_mark: str
    request_state: str
    currency: str
    held_nanos: int
    held: str
    charged_nanos: int
    charged: str
    refunded_nanos: int
    refunded: str
    uncollected_nanos: int | None = Field(description="What it cost and could not be charged; for staff.")
    uncollected: str | None
    submission_id: str | None
    verdict: str | None
    input_type: str
    reference_images: int
    aspect_ratio: str | None
    resolution: str | None
    duration_seconds: int | None
    count: int
    delivered: int | None = Field(description="Images or seconds that there really are.")
    quality: str | None
    camera: Any
    remixed_from: str | None
    failure_code: str | None
    failure_reason: str | None = Field(description="As its upstream said it, redacted.")
    download_state: str
    download_address: str | None
    downloaded_at: str | None
    download_expires_at: str | None
    upstream: str | None
    upstream_model: str | None
    upstream_task_id: str | None
    created_at: str | None
    accepted_at: str | None
    started_at: str | None
    ended_at: str | None
    cancel_requested_at: str | None
    hold_expires_at: str | None
    polls: int | None
    poll_failures: int | None
    polled_at: str | None
    next_poll_at: str | None

    @classmethod
    def of(cls, task: TaskView, caller: Asking) -> Task:
        return cls.model_validate(_fields(task, caller))


class Event(Output):
    """A change of a task: what it became, in our word and the upstream's, and who told."""

    number: int
    at: str | None
    state: str
    raw_state: str | None
    source: str
    note: str | None

    @classmethod
    def of(cls, event: TaskEvent, caller: Asking) -> Event:
        told = event_json(event)
        return cls.model_validate(told if caller.is_staff else {**told, **dict.fromkeys(_OF_STAFF_OF_AN_EVENT)})


class TaskInFull(Task):
    """A task with its history."""

    events: list[Event]

    @classmethod
    def in_full(cls, task: TaskView, caller: Asking) -> TaskInFull:
        events = [Event.of(event, caller) for event in task.events]
        return cls.model_validate({**_fields(task, caller), "events": events})


class TaskRefund(AmountInput):
    """What to give back of a charge; without an amount, all that is left of it."""

    source_id: Annotated[SourceId | None, Field(description="Not given: the task itself, which is refunded once.")] = (
        None
    )
    reason: Annotated[Text, Field(min_length=1)]


class TaskRefunded(Output):
    """The recorded answer, the same for every repetition."""

    task_id: str
    source_id: str
    currency: str
    refunded_nanos: int
    refunded: str


@router.get("", summary="List tasks, newest first")
async def list_tasks(
    services: UseCases,
    caller: Caller,
    limit: Limit = 50,
    cursor: Cursor = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    key_id: Annotated[str | None, Query(max_length=60, description="Only this key's.")] = None,
    kind: Annotated[TaskKind | None, Query(description="Only those of this kind.")] = None,
    state: Annotated[TaskState | None, Query(description="Only those in this state.")] = None,
    charge_mark: Annotated[ChargeMark | None, Query(description="Only those with this charge mark.")] = None,
    model: Annotated[str | None, Query(max_length=200, description="Only those of this model.")] = None,
    since: Annotated[
        str | None, Query(max_length=40, description="RFC 3339 with a zone: only what was sent since.")
    ] = None,
    until: Annotated[
        str | None, Query(max_length=40, description="RFC 3339 with a zone: only what was sent before.")
    ] = None,
) -> Page[Task]:
    rows = await services.tasks.list(
        account_id=optional_id("account", account_id),
        key_id=optional_id("key", key_id),
        kind=kind,
        state=state,
        charge_mark=charge_mark,
        model=model,
        since=optional_time(since),
        until=optional_time(until),
        before=optional_id("task", cursor),
        most=limit + 1,
    )
    return page(
        rows, limit=limit, item=lambda row: Task.of(row, caller), cursor=lambda row: show_id("task", row.task_id)
    )


@router.get("/{task_id}", summary="Get a task with its history")
async def get_task(services: UseCases, caller: Caller, task_id: TaskId) -> TaskInFull:
    return TaskInFull.in_full(await services.tasks.find(read_id("task", task_id)), caller)


@router.post("/{task_id}/cancel", summary="Ask for a task's end; the price book says what that costs")
async def cancel_task(services: UseCases, caller: Caller, task_id: TaskId) -> TaskInFull:
    source = Source.OPERATOR if caller.is_staff else Source.CANCEL
    return TaskInFull.in_full(await services.tasks.cancel(read_id("task", task_id), source=source), caller)


@router.post("/{task_id}/poll", summary="Ask a task's upstream now how it stands")
async def poll_task(services: UseCases, caller: Caller, task_id: TaskId) -> TaskInFull:
    return TaskInFull.in_full(await services.tasks.poll(read_id("task", task_id)), caller)


@router.post("/{task_id}/refund", status_code=201, summary="Give back a task's charge or a part of it, once per source")
async def refund_task(services: UseCases, task_id: TaskId, body: TaskRefund) -> TaskRefunded:
    found = await services.tasks.find(read_id("task", task_id))
    source_id = body.source_id or show_id("task", found.task_id)
    refunded = await services.tasks.refund(
        found.task_id, source_id=source_id, amount=body.optional_nanos(), reason=body.reason
    )
    return TaskRefunded(
        task_id=show_id("task", found.task_id),
        source_id=source_id,
        currency=found.currency,
        **amount("refunded", refunded),
    )


def _fields(task: TaskView, caller: Asking) -> dict[str, Any]:
    """A task as whoever asks may see it: who made it, and how they were asked, is for staff."""
    fields = task_json(task)
    if caller.is_staff:
        return fields
    code, reason = failure_for_customers(task)
    return {**fields, **dict.fromkeys(_OF_STAFF), "failure_code": code, "failure_reason": reason}
