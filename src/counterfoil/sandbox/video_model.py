"""A video as the sandbox makes it: its states, what becomes of it, and what is kept of it."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from counterfoil.sandbox.model import UpstreamKey

# When a poll came is kept for the newest ones.
POLL_TIMES_KEPT_MAX = 100


class Status(StrEnum):
    """The states of a video, by OpenAI's names; `cancelled` is other providers'."""

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)


class Outcome(StrEnum):
    """What becomes of a video by itself."""

    COMPLETED = "completed"
    FAILED = "failed"
    STUCK = "stuck"
    LOST = "lost"
    CANCELLED = "cancelled"


# The events of callbacks, and those that are sent unless others are asked for.
EVENT_TYPES = ("video.in_progress", "video.completed", "video.failed", "video.cancelled")
FINAL_EVENT_TYPES = EVENT_TYPES[1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoError:
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What becomes of one video, and how its provider behaves meanwhile; `directives.py` says what each means.

    `answer_ms` is None where the answer comes at once, or, with `hang`, never; `callback_times` and `callback_delay_ms`
    are None where they are as configured; `poll_after_ms` where the client is not told.
    """

    outcome: Outcome
    error: VideoError
    queue_ms: int
    after_ms: int
    expires_ms: int
    answer_ms: int | None
    hang: bool
    poll_status: int | None
    poll_times: int
    poll_after_ms: int | None
    cancel_status: int | None
    callback_times: int | None
    callback_delay_ms: int | None


@dataclass(slots=True, kw_only=True)
class Video:
    """One video; times are UTC microseconds. Of the prompt nothing is kept.

    `word` is what is shown instead of the status, where that was told. `repeats` are further requests with the same
    idempotency key. `timer` is the next step of its life.
    """

    video_id: str
    key: UpstreamKey
    model: str
    seconds: int
    size: str
    behaviour: Behaviour
    created_at: int
    client_request_id: str
    remixed_from: str | None
    idempotency_key: str | None
    status: Status = Status.QUEUED
    word: str | None = None
    lost: bool = False
    error: VideoError | None = None
    progress: int = 0
    started_at: int | None = None
    ended_at: int | None = None
    cancelled_at: int | None = None
    deleted_at: int | None = None
    polls: int = 0
    polled_at: deque[int] = field(default_factory=lambda: deque(maxlen=POLL_TIMES_KEPT_MAX))
    downloads: int = 0
    repeats: int = 0
    billed: bool = False
    timer: asyncio.TimerHandle | None = None

    @property
    def expires_at(self) -> int | None:
        """When its content can no longer be had; None before there is any."""
        if self.status is not Status.COMPLETED or self.ended_at is None:
            return None
        return self.ended_at + self.behaviour.expires_ms * 1000
