"""The videos of one sandbox, and their lives: each becomes by itself what it was asked to become."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.sandbox.bill import Bill
from counterfoil.sandbox.callbacks import Callbacks
from counterfoil.sandbox.model import BilledCall, Endpoint, UpstreamKey
from counterfoil.sandbox.video_model import EVENT_TYPES, Behaviour, Outcome, Status, Video, VideoError

# About 2 kB each; the oldest are forgotten.
VIDEOS_KEPT_MAX = 50_000

# What is shown of progress before the end, in percent.
_PROGRESS_MAX = 99
_STUCK_PROGRESS = 50
_ENDS = {
    Outcome.COMPLETED: Status.COMPLETED,
    Outcome.FAILED: Status.FAILED,
    Outcome.CANCELLED: Status.CANCELLED,
}


class Videos:
    """Keeps the videos, moves them on, bills them, and has their events sent. Needs a running event loop."""

    def __init__(self, *, bill: Bill, callbacks: Callbacks, clock: Clock, cancelled_running_percent: int) -> None:
        self._bill = bill
        self._callbacks = callbacks
        self._clock = clock
        self._cancelled_running_percent = cancelled_running_percent
        self._videos: dict[str, Video] = {}
        self._of_idempotency_keys: dict[tuple[str, str], str] = {}
        # How often all were asked for at once.
        self.lists = 0

    def now(self) -> int:
        """UTC microseconds."""
        return self._clock.now()

    def __iter__(self) -> Iterator[Video]:
        """All of them in the order in which they were made, deleted and lost ones too."""
        return iter(self._videos.values())

    def create(
        self,
        *,
        video_id: str,
        key: UpstreamKey,
        model: str,
        seconds: int,
        size: str,
        behaviour: Behaviour,
        client_request_id: str,
        remixed_from: str | None,
        idempotency_key: str | None,
    ) -> Video:
        """Begin a video; its timers run from now."""
        video = Video(
            video_id=video_id,
            key=key,
            model=model,
            seconds=seconds,
            size=size,
            behaviour=behaviour,
            created_at=self.now(),
            client_request_id=client_request_id,
            remixed_from=remixed_from,
            idempotency_key=idempotency_key,
            lost=behaviour.outcome is Outcome.LOST,
        )
        if len(self._videos) >= VIDEOS_KEPT_MAX:
            self._forget_oldest()
        self._videos[video_id] = video
        if idempotency_key is not None:
            self._of_idempotency_keys[key.name, idempotency_key] = video_id
        if not video.lost:
            self._later(video, behaviour.queue_ms, self._start)
        return video

    def made_before(self, key: UpstreamKey, idempotency_key: str | None) -> Video | None:
        """The video that the same idempotency key has made already."""
        if idempotency_key is None:
            return None
        return self._videos.get(self._of_idempotency_keys.get((key.name, idempotency_key), ""))

    def find(self, video_id: str, key: UpstreamKey) -> Video | None:
        """A video of that key, if there is anything to be seen of it."""
        video = self._videos.get(video_id)
        if video is None or video.key.name != key.name or video.lost or video.deleted_at is not None:
            return None
        return video

    def named(self, video_id: str) -> Video | None:
        """A video of any key, deleted and lost ones too."""
        return self._videos.get(video_id)

    def seen_by(self, key: UpstreamKey) -> list[Video]:
        """Those of a key that can be asked for, the oldest first."""
        return [video for video in self._videos.values() if self.find(video.video_id, key) is not None]

    def progress(self, video: Video) -> int:
        """How far it is, in percent."""
        if video.status is not Status.IN_PROGRESS or video.started_at is None:
            return video.progress
        passed_ms = (self.now() - video.started_at) // 1000
        needed_ms = max(1, video.behaviour.after_ms - video.behaviour.queue_ms)
        most = _STUCK_PROGRESS if video.behaviour.outcome is Outcome.STUCK else _PROGRESS_MAX
        video.progress = max(video.progress, min(most, 1 + passed_ms * _PROGRESS_MAX // needed_ms))
        return video.progress

    def cancel(self, video: Video) -> bool:
        """Cancel as its customer; False if it has ended, unless by being cancelled."""
        if video.status.is_final:
            return video.status is Status.CANCELLED
        was_running = video.status is Status.IN_PROGRESS
        video.cancelled_at = self.now()
        self.move(video, Status.CANCELLED, error=None)
        if was_running:
            self._record(video, percent=self._cancelled_running_percent)
        return True

    def delete(self, video: Video) -> None:
        """Take it away; one that is being made costs what it costs to cancel it, and nobody is told."""
        self._stop(video)
        if video.status is Status.IN_PROGRESS:
            self._record(video, percent=self._cancelled_running_percent)
        video.deleted_at = self.now()

    def move(self, video: Video, status: Status, *, error: VideoError | None) -> None:
        """Bring it into a state from whichever it is in, tell of it, and bill it once if it is completed."""
        self._stop(video)
        now = self.now()
        self.progress(video)
        video.status, video.error, video.word, video.lost = status, error, None, False
        if status is Status.IN_PROGRESS:
            video.started_at = now
        video.ended_at = now if status.is_final else None
        if status is Status.COMPLETED:
            video.progress = 100
            self._record(video, percent=100)
        self._announce(video)

    def reset(self) -> None:
        """Forget all videos."""
        for video in self._videos.values():
            self._stop(video)
        self._videos.clear()
        self.lists = 0
        self._of_idempotency_keys.clear()

    def shown(self, video: Video) -> dict[str, Any]:
        """The video object, as OpenAI has it; `client_request_id` is its own addition."""
        ended_at, expires_at = video.ended_at, video.expires_at
        is_completed = video.status is Status.COMPLETED
        shown: dict[str, Any] = {
            "id": video.video_id,
            "object": "video",
            "model": video.model,
            "status": video.word or video.status.value,
            "progress": self.progress(video),
            "created_at": video.created_at // MICROS_PER_SECOND,
            "completed_at": None if ended_at is None or not is_completed else ended_at // MICROS_PER_SECOND,
            # In whole seconds: it can be had for a moment less than is said.
            "expires_at": None if expires_at is None else -(-expires_at // MICROS_PER_SECOND),
            "seconds": str(video.seconds),
            "size": video.size,
            "prompt": None,
            "remixed_from_video_id": video.remixed_from,
            "error": None if video.error is None else {"code": video.error.code, "message": video.error.message},
        }
        if video.client_request_id:
            shown["client_request_id"] = video.client_request_id
        return shown

    def _start(self, video: Video) -> None:
        self.move(video, Status.IN_PROGRESS, error=None)
        if video.behaviour.outcome is not Outcome.STUCK:
            self._later(video, max(0, video.behaviour.after_ms - video.behaviour.queue_ms), self._end)

    def _end(self, video: Video) -> None:
        status = _ENDS[video.behaviour.outcome]
        self.move(video, status, error=video.behaviour.error if status is Status.FAILED else None)

    def _later(self, video: Video, milliseconds: int, step: Callable[[Video], None]) -> None:
        video.timer = asyncio.get_running_loop().call_later(milliseconds / 1000, step, video)

    def _stop(self, video: Video) -> None:
        if video.timer is not None:
            video.timer.cancel()
            video.timer = None

    def _forget_oldest(self) -> None:
        oldest = self._videos.pop(next(iter(self._videos)))
        self._stop(oldest)
        if oldest.idempotency_key is not None:
            del self._of_idempotency_keys[oldest.key.name, oldest.idempotency_key]

    def _announce(self, video: Video) -> None:
        event_type = f"video.{video.status.value}"
        if event_type not in EVENT_TYPES:
            return
        shown = self.shown(video)
        fields = ("id", "client_request_id", "status", "progress", "error", "completed_at", "expires_at")
        self._callbacks.announce(
            event_type,
            {name: shown[name] for name in fields if name in shown},
            key=video.key.name,
            times=video.behaviour.callback_times,
            delay_ms=video.behaviour.callback_delay_ms,
        )

    def _record(self, video: Video, *, percent: int) -> None:
        if video.billed:
            return
        video.billed = True
        self._bill.record(
            BilledCall(
                at=self.now(),
                response_id=video.video_id.encode(),
                endpoint=Endpoint.VIDEOS,
                model=video.model,
                api_key=video.key.name,
                project=video.key.project,
                input_tokens=0,
                cached_tokens=0,
                cache_write_5m_tokens=0,
                cache_write_1h_tokens=0,
                output_tokens=0,
                reasoning_tokens=0,
                streamed=False,
                status=(Status.COMPLETED if video.status is Status.COMPLETED else Status.CANCELLED).value,
                request_id=video.client_request_id,
                unit=f"second:{video.size}",
                units=video.seconds,
                percent=percent,
            )
        )
