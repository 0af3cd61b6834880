"""Tasks as clients see them: OpenAI's video object, and one form for all kinds of tasks. Pure.

Neither has anything of the content, nor which upstream has the task: that is routing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.tasks.model import DownloadState, TaskKind, TaskState, TaskView

# What OpenAI's clients know. An unknown one may still be at work; it is told as it was last seen.
_STATUSES = {
    TaskState.SUBMITTED: "queued",
    TaskState.QUEUED: "queued",
    TaskState.RUNNING: "in_progress",
    TaskState.SUCCEEDED: "completed",
    TaskState.FAILED: "failed",
    TaskState.CANCELLED: "failed",
    TaskState.EXPIRED: "failed",
}
_DONE = 100
# How soon a client may ask again: what we know changes no sooner than we ask the upstream.
_POLL_MILLIS_LEAST = 1_000
_POLL_MILLIS_MOST = 30_000


def video_object(task: TaskView) -> dict[str, Any]:
    """A video as OpenAI's clients read it, and beside it what it has cost."""
    status = _STATUSES.get(task.state) or ("in_progress" if task.started_at is not None else "queued")
    succeeded = task.state is TaskState.SUCCEEDED
    return {
        "id": show_id("task", task.task_id),
        "object": "video",
        "model": task.model,
        "status": status,
        "progress": _DONE if succeeded else task.progress or 0,
        "created_at": _seconds(task.created_at),
        "completed_at": _seconds(task.ended_at) if succeeded else None,
        "expires_at": _seconds(task.download_expires_at),
        "seconds": str(task.duration_seconds),
        "size": task.resolution,
        "prompt": None,
        "remixed_from_video_id": show_id("task", task.remixed_from) if task.remixed_from is not None else None,
        "error": _video_error(task) if status == "failed" else None,
        "counterfoil": money_object(task),
    }


def money_object(task: TaskView) -> dict[str, Any]:
    """How a task stands, and what of its price is held, charged or given back."""
    return {
        "state": str(task.state),
        "charge_mark": str(task.charge_mark),
        "held": format_nanos(task.held_nanos if task.charge_mark == "held" else 0),
        "charged": format_nanos(task.charged_nanos),
        "refunded": format_nanos(task.refunded_nanos),
        "currency": task.currency,
        "request_id": show_id("request", task.request_id),
        "submission_id": _shown("submission", task.submission_id),
        "verdict": task.verdict,
    }


def task_object(task: TaskView) -> dict[str, Any]:
    """A task of any kind; its history where it was read."""
    shown = show_id("task", task.task_id)
    found: dict[str, Any] = {
        "id": shown,
        "object": "task",
        "kind": str(task.kind),
        "direct": task.direct,
        "endpoint": task.endpoint,
        "model": task.model,
        **money_object(task),
        "upstream_state": task.raw_state,
        "progress": _DONE if task.state is TaskState.SUCCEEDED else task.progress,
        "input_type": task.input_type,
        "reference_images": task.reference_images,
        "aspect_ratio": task.aspect_ratio,
        "resolution": task.resolution,
        "duration_seconds": task.duration_seconds,
        "count": task.count,
        "delivered": task.delivered,
        "quality": task.quality,
        "camera": task.camera,
        "remixed_from": _shown("task", task.remixed_from),
        "failure": _failure(task),
        "download": {
            "state": str(task.download_state),
            "address": f"/v1/videos/{shown}/content" if _can_be_downloaded(task) else None,
            "downloaded_at": _seconds(task.downloaded_at),
            "expires_at": _seconds(task.download_expires_at),
        },
        "created_at": _seconds(task.created_at),
        "started_at": _seconds(task.started_at),
        "ended_at": _seconds(task.ended_at),
        "hold_expires_at": _seconds(task.hold_expires_at) if not task.state.is_final else None,
        "cancel_requested_at": _seconds(task.cancel_requested_at),
    }
    if task.events:
        found["events"] = [
            {
                "number": event.number, "at": _seconds(event.at), "state": str(event.state),
                "upstream_state": event.raw_state, "source": str(event.source),
            }
            for event in task.events
        ]  # fmt: skip
    return found


def list_object(tasks: Sequence[TaskView], show: Callable[[TaskView], dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """A page, newest first, as OpenAI's clients turn it."""
    return {
        "object": "list",
        "data": [show(task) for task in tasks],
        "first_id": show_id("task", tasks[0].task_id) if tasks else None,
        "last_id": show_id("task", tasks[-1].task_id) if tasks else None,
        "has_more": more,
    }


def poll_after_millis(task: TaskView, *, now: int) -> int | None:
    """How long a client may leave the task alone; None where it has ended."""
    if task.state.is_final:
        return None
    due = task.next_poll_at - now if task.next_poll_at is not None else 0
    return max(_POLL_MILLIS_LEAST, min(due // 1_000 + _POLL_MILLIS_LEAST, _POLL_MILLIS_MOST))


def _video_error(task: TaskView) -> dict[str, str]:
    code = task.failure_code or str(task.state)
    return {"code": code, "message": task.failure_reason or code}


def _failure(task: TaskView) -> dict[str, str | None] | None:
    if task.failure_code is None and task.failure_reason is None:
        return None
    return {"code": task.failure_code, "reason": task.failure_reason}


def _can_be_downloaded(task: TaskView) -> bool:
    return task.kind is TaskKind.VIDEO and task.download_state in (DownloadState.AVAILABLE, DownloadState.DOWNLOADED)


def _shown(kind: str, value: UUID | None) -> str | None:
    return show_id(kind, value) if value is not None else None


def _seconds(micros: int | None) -> int | None:
    """Seconds since the epoch, as clients of these APIs read times."""
    return None if micros is None else micros // 1_000_000
