"""Reading what an upstream says of a task: OpenAI's video object, and what the many that copy it make of it. Pure.

    its word                                        ours
    queued, pending, submitted, not_start           queued
    in_progress, running, processing                running
    completed, succeeded, success                   succeeded
    failed, failure                                 failed
    cancelled, canceled                             cancelled
    anything else                                   unknown

Words are compared without case and without what stands between them (`IN-PROGRESS`, `inProgress`). Ids, states and codes
are kept where they are short and plain; of an error's words only what quotes nobody (L12).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from counterfoil.redaction.rules import redact
from counterfoil.spend.upstream_errors import UpstreamError
from counterfoil.tasks.model import TaskState, Verdict
from counterfoil.tasks.rules import without_quotations

_STATES: Mapping[str, TaskState] = {
    "queued": TaskState.QUEUED,
    "pending": TaskState.QUEUED,
    "submitted": TaskState.QUEUED,
    "notstart": TaskState.QUEUED,
    "inprogress": TaskState.RUNNING,
    "running": TaskState.RUNNING,
    "processing": TaskState.RUNNING,
    "completed": TaskState.SUCCEEDED,
    "succeeded": TaskState.SUCCEEDED,
    "success": TaskState.SUCCEEDED,
    "failed": TaskState.FAILED,
    "failure": TaskState.FAILED,
    "cancelled": TaskState.CANCELLED,
    "canceled": TaskState.CANCELLED,
}
_BETWEEN_WORDS = re.compile(r"[\s_.-]+")
_STATE = re.compile(r"[0-9A-Za-z_. -]{1,60}\Z")
_CODE = re.compile(r"[0-9A-Za-z_.:-]{1,60}\Z")
# Some gateways write into the id by which of theirs it is to be asked for, which makes it long.
_TASK_ID = re.compile(r"[!-~]{1,500}\Z")
# Instead of a state that is no short plain word.
UNREADABLE_STATE = "unreadable"
REASON_CHARACTERS_MAX = 300
# As much of an error's text as is looked at.
_WORDS_READ_MAX = 4_000
# From here on a time is in milliseconds: as seconds it would be in the year 5138.
_MILLISECONDS_FROM = 10**11
_NUMBER_CHARACTERS_MAX = 20
# No video of today is an hour long.
_SECONDS_MAX = 3_600


def state_of(raw: str) -> TaskState:
    """Our word for an upstream's."""
    return _STATES.get(_BETWEEN_WORDS.sub("", raw).lower(), TaskState.UNKNOWN)


def read_verdict(
    video: Mapping[str, Any], *, upstream_task_id: str | None, retry_after: float | None = None
) -> Verdict | None:
    """What a video object says of its task; None where it has no status, and so says nothing."""
    raw = video.get("status")
    if not isinstance(raw, str) or not raw:
        return None
    state = state_of(raw)
    succeeded = state is TaskState.SUCCEEDED
    code, reason = _failure_of(video) if state in (TaskState.FAILED, TaskState.CANCELLED) else (None, None)
    return Verdict(
        state=state, raw_state=_plain(raw, _STATE) or UNREADABLE_STATE, progress=_progress_of(video.get("progress")),
        upstream_task_id=upstream_task_id, failure_code=code, failure_reason=reason,
        delivered=_seconds_of(video.get("seconds")) if succeeded else None,
        download_expires_at=read_time(video.get("expires_at")) if succeeded else None, retry_after=retry_after,
    )  # fmt: skip


def read_task_id(video: Mapping[str, Any], name: str = "id") -> str | None:
    """The upstream's own id of a task; None where there is none that can be asked for."""
    found = video.get(name)
    if type(found) is int:
        found = str(found)
    # As a part of an address, dots alone would name another place.
    if not isinstance(found, str) or not _TASK_ID.match(found) or not found.strip("."):
        return None
    return found


def read_time(value: object) -> int | None:
    """A time in seconds since the epoch (or milliseconds, as some have it), as microseconds."""
    number = _number_of(value)
    if number is None or number <= 0:
        return None
    micros = int(number * (1_000 if number >= _MILLISECONDS_FROM else 1_000_000))
    return micros if micros < _MILLISECONDS_FROM * 1_000_000 else None


def told_words(words: str) -> str | None:
    """An upstream's words as they may be kept without the prompt at hand to compare: short, redacted, without quotations."""
    told = redact(without_quotations(words[:_WORDS_READ_MAX]))
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in told).split())
    if len(line) > REASON_CHARACTERS_MAX:
        line = line[: REASON_CHARACTERS_MAX - 1].rstrip() + "…"
    return line or None


def told_error(error: UpstreamError) -> str | None:
    """The same for an error; where it has no words, its code."""
    return told_words(error.words) or (_plain(error.code or error.kind, _CODE) if error.code or error.kind else None)


def _failure_of(video: Mapping[str, Any]) -> tuple[str | None, str | None]:
    error = video.get("error")
    if isinstance(error, Mapping):
        code = _plain(error.get("code"), _CODE) or _plain(error.get("type"), _CODE)
        words = next((error[name] for name in ("message", "detail", "msg") if isinstance(error.get(name), str)), "")
    else:
        code = None
        words = next((each for each in (error, video.get("fail_reason")) if isinstance(each, str)), "")
    return code, told_words(words)


def _plain(value: object, shape: re.Pattern[str]) -> str | None:
    """A name such as a code: short plain text that is no secret, or nothing."""
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or not shape.match(value) or redact(value) != value:
        return None
    return value


def _progress_of(value: object) -> int | None:
    """A percentage; some write `"45%"`, some a fraction of one."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%")
    number = _number_of(value)
    if number is None:
        return None
    if isinstance(value, float) and 0 < number < 1:
        number *= 100
    return int(number) if 0 <= number <= 100 else None


def _seconds_of(value: object) -> int | None:
    number = _number_of(value)
    if number is None or number != int(number) or not 0 <= number <= _SECONDS_MAX:
        return None
    return int(number)


def _number_of(value: object) -> Decimal | None:
    if type(value) is int:
        return Decimal(value) if abs(value) < 10**_NUMBER_CHARACTERS_MAX else None
    if not isinstance(value, float | str) or len(str(value)) > _NUMBER_CHARACTERS_MAX:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number.adjusted() < _NUMBER_CHARACTERS_MAX else None
