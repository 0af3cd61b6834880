"""What doors show of tasks, as plain JSON. All that is known: what somebody may not see, their door leaves out."""

from __future__ import annotations

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import Json, amount, identifier, parsed, time
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
        "camera": parsed(task.camera),
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
