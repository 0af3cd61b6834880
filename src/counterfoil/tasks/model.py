"""A task from its submission to its end: what was asked for, what an upstream says of it, how it stands.

Amounts are nanos, times UTC microseconds. Of a task's content nothing is in here, in any form; what it holds and has
cost is told by the request of the same id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.spend.model import Admission
from counterfoil.spend.upstream_errors import UpstreamError


class TaskKind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    SPEECH = "speech"
    TRANSCRIPTION = "transcription"


class TaskState(StrEnum):
    """Where a task is. `unknown`: the upstream may have it, and nobody can say how it stands; it is asked on."""

    SUBMITTED = "submitted"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        return self in _FINAL


_FINAL = frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.CANCELLED, TaskState.EXPIRED})


class DownloadState(StrEnum):
    """What became of a task's result at its upstream. We keep no copy of it."""

    NONE = "none"
    AVAILABLE = "available"
    DOWNLOADED = "downloaded"
    EXPIRED = "expired"
    DELETED = "deleted"


class Source(StrEnum):
    """Who told us of a change."""

    SUBMIT = "submit"
    POLL = "poll"
    CALLBACK = "callback"
    CANCEL = "cancel"
    EXPIRY = "expiry"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """What was asked for, as far as it is evidence and no content.

    `input_type` is text, image, text_and_image or audio. `resolution` is as asked (`720x1280`, `1024x1024`). `camera` is
    compact JSON of named numbers and enumerated words. A `direct` task is answered in the call that asked for it.
    """

    kind: TaskKind
    direct: bool
    input_type: str
    reference_images: int = 0
    aspect_ratio: str | None = None
    resolution: str | None = None
    duration_seconds: int | None = None
    count: int = 1
    quality: str | None = None
    camera: str | None = None
    remixed_from: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an upstream says of a task now.

    `raw_state` is its own word. `failure_reason` is its own words, redacted again before they are kept. `delivered` is
    images or seconds; None where it does not say. `retry_after` is how many seconds it wants to be left alone.
    """

    state: TaskState
    raw_state: str
    progress: int | None = None
    upstream_task_id: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    delivered: int | None = None
    download_expires_at: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvent:
    """A change of a task: what it became, in our word and the upstream's, and who told."""

    number: int
    at: int
    state: TaskState
    raw_state: str | None
    source: Source
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task as recorded, with the charge facts of its request. `events` are read for a single task only."""

    account_id: UUID
    task_id: UUID
    key_id: UUID
    key_mask: str
    group_id: UUID | None
    group_name: str | None
    kind: TaskKind
    direct: bool
    endpoint: str
    model: str
    upstream: str | None
    upstream_model: str | None
    upstream_task_id: str | None
    state: TaskState
    raw_state: str | None
    progress: int | None
    input_type: str
    reference_images: int
    aspect_ratio: str | None
    resolution: str | None
    duration_seconds: int | None
    count: int
    quality: str | None
    camera: str | None
    remixed_from: UUID | None
    delivered: int | None
    failure_code: str | None
    failure_reason: str | None
    download_state: DownloadState
    downloaded_at: int | None
    download_expires_at: int | None
    created_at: int
    accepted_at: int | None
    started_at: int | None
    ended_at: int | None
    hold_expires_at: int
    cancel_requested_at: int | None
    polls: int
    poll_failures: int
    polled_at: int | None
    next_poll_at: int | None
    request_state: str
    charge_mark: str
    held_nanos: int
    charged_nanos: int
    refunded_nanos: int
    uncollected_nanos: int
    currency: str
    submission_id: UUID | None
    verdict: str | None
    events: tuple[TaskEvent, ...] = field(default=())

    @property
    def request_id(self) -> UUID:
        """A task has the id of its request."""
        return self.task_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """A task that an upstream has, or may have (state `unknown`). `repeated`: it was there before this submission."""

    task: TaskView
    repeated: bool
    admission: Admission | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSubmitted:
    """Every upstream has refused for certain: nothing is charged. `words` are the last one's own, redacted."""

    task: TaskView
    error: UpstreamError
    words: str | None
