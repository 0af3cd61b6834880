"""What commands give to programs about tasks and submissions."""

from __future__ import annotations

import json

from counterfoil.cli.request_views import request_json
from counterfoil.cli.views import Json, amount, identifier, time
from counterfoil.foundation.ids import show_id
from counterfoil.spend.model import KeyBurst, SubmissionView
from counterfoil.tasks.model import DownloadState, TaskEvent, TaskKind, TaskView

_THERE = (DownloadState.AVAILABLE, DownloadState.DOWNLOADED)


def task_json(task: TaskView) -> Json:
    """A task without its history, as a list shows it; its money is that of its request."""
    return {
        "task_id": show_id("task", task.task_id),
        "request_id": show_id("request", task.request_id),
        "account_id": show_id("account", task.account_id),
        "key_id": show_id("key", task.key_id),
        "key_mask": task.key_mask,
        "group_id": identifier("group", task.group_id),
        "group_name": task.group_name,
        "kind": task.kind,
        "direct": task.direct,
        "endpoint": task.endpoint,
        "model": task.model,
        "state": task.state,
        "raw_state": task.raw_state,
        "progress": task.progress,
        "charge_mark": task.charge_mark,
        "request_state": task.request_state,
        "currency": task.currency,
        **amount("held", task.held_nanos),
        **amount("charged", task.charged_nanos),
        **amount("refunded", task.refunded_nanos),
        **amount("uncollected", task.uncollected_nanos),
        "submission_id": identifier("submission", task.submission_id),
        "verdict": task.verdict,
        "input_type": task.input_type,
        "reference_images": task.reference_images,
        "aspect_ratio": task.aspect_ratio,
        "resolution": task.resolution,
        "duration_seconds": task.duration_seconds,
        "count": task.count,
        "delivered": task.delivered,
        "quality": task.quality,
        "camera": None if task.camera is None else json.loads(task.camera),
        "remixed_from": identifier("task", task.remixed_from),
        "failure_code": task.failure_code,
        "failure_reason": task.failure_reason,
        "download_state": task.download_state,
        "download_address": download_address(task),
        "downloaded_at": time(task.downloaded_at),
        "download_expires_at": time(task.download_expires_at),
        "upstream": task.upstream,
        "upstream_model": task.upstream_model,
        "upstream_task_id": task.upstream_task_id,
        "created_at": time(task.created_at),
        "accepted_at": time(task.accepted_at),
        "started_at": time(task.started_at),
        "ended_at": time(task.ended_at),
        "cancel_requested_at": time(task.cancel_requested_at),
        "hold_expires_at": time(task.hold_expires_at),
        "polls": task.polls,
        "poll_failures": task.poll_failures,
        "polled_at": time(task.polled_at),
        "next_poll_at": time(task.next_poll_at),
    }


def download_address(task: TaskView) -> str | None:
    """Where its customer fetches the result, as long as it is there."""
    if task.kind is not TaskKind.VIDEO or task.download_state not in _THERE:
        return None
    return f"/v1/videos/{show_id('task', task.task_id)}/content"


def task_in_full(task: TaskView) -> Json:
    """A task with its history."""
    return {**task_json(task), "events": [event_json(event) for event in task.events]}


def event_json(event: TaskEvent) -> Json:
    return {
        "number": event.number,
        "at": time(event.at),
        "state": event.state,
        "raw_state": event.raw_state,
        "source": event.source,
        "note": event.note,
    }


def submission_json(submission: SubmissionView) -> Json:
    """A submission without its copies: how many there were, and what they cost together."""
    return {
        "submission_id": show_id("submission", submission.submission_id),
        "account_id": show_id("account", submission.account_id),
        "key_id": show_id("key", submission.key_id),
        "key_mask": submission.key_mask,
        "endpoint": submission.endpoint,
        "model": submission.model,
        "first_at": time(submission.first_at),
        "last_at": time(submission.last_at),
        "copies": submission.copies,
        "retries": submission.retries,
        "duplicates": submission.duplicates,
        "blocked": submission.blocked,
        "repeated": submission.repeated,
        "charged_copies": submission.charged_copies,
        "open_copies": submission.open_copies,
        "currency": submission.currency,
        **amount("held", submission.held_nanos),
        **amount("charged", submission.charged_nanos),
    }


def submission_in_full(submission: SubmissionView) -> Json:
    """A submission with its copies, the first first."""
    return {**submission_json(submission), "requests": [request_json(one) for one in submission.requests]}


def burst_json(burst: KeyBurst, currency: str) -> Json:
    return {
        "key_id": show_id("key", burst.key_id),
        "key_mask": burst.key_mask,
        "endpoint": burst.endpoint,
        "model": burst.model,
        "minute_at": time(burst.minute_at),
        "first_calls": burst.first_calls,
        "calls": burst.calls,
        "currency": currency,
        **amount("charged", burst.charged_nanos),
    }
