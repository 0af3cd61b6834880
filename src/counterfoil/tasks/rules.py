"""What becomes of a task: which verdict changes what, what its end costs, when it is asked about again. Pure.

    from            to
    submitted       queued, running, unknown, any end
    queued          running, unknown, any end
    running         unknown, any end
    unknown         queued, running, any end
    expired         succeeded (late: the hold has gone, the charge is posted to nobody)
    any other end   nothing, whoever says what how often

A verdict with the state that the task has, or with one that it has left behind (callbacks overtake each other), changes
no state.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from counterfoil.pricing.model import Kind, Usage, image_key, usage_name
from counterfoil.spend.model import Attempt, AttemptOutcome
from counterfoil.spend.upstream_errors import Meaning, UpstreamError
from counterfoil.tasks.model import DownloadState, Source, TaskKind, TaskState, TaskView, Verdict

_SECOND = 1_000_000
# A task is asked about after 2 s, and then each time it has doubled its age, at least every 30 s.
POLL_SECONDS_LEAST = 2
POLL_SECONDS_MOST = 30
# One whose upstream has nothing to say of it is asked about less and less, up to every ten minutes.
SILENT_POLL_SECONDS_MOST = 600
# An upstream may ask for patience, but not for more than this.
RETRY_AFTER_SECONDS_MOST = 600
# So many polls in a row that brought nothing make a task unknown.
POLL_FAILURES_MOST = 3
PAUSE_SECONDS_LEAST = 2
PAUSE_SECONDS_MOST = 60

_ORDER: Mapping[TaskState, int] = {TaskState.SUBMITTED: 0, TaskState.QUEUED: 1, TaskState.RUNNING: 2}


class Settlement(StrEnum):
    """What a transition does to the hold."""

    NONE = "none"
    CAPTURE = "capture"
    # Capture the share that the price book asks for a task that was cancelled in that state.
    CANCEL = "cancel"
    VOID = "void"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What a verdict does to a task. `moves` says whether its state is another than before."""

    state: TaskState
    moves: bool
    settlement: Settlement = Settlement.NONE
    # In which state a cancelled task was, as the price book knows it: queued or running.
    cancelled_in: str | None = None


def advance(
    state: TaskState, verdict: Verdict, source: Source, *, started: bool = False, cancel_asked: bool = False
) -> Transition | None:
    """What a verdict changes; None where the task has ended and nothing may change any more.

    `started`: the task has been running before. `cancel_asked`: its customer has asked for its end. A cancellation that
    nobody asked for is the upstream's own failure, and costs nothing.
    """
    to = _understood(verdict.state, source)
    if state is TaskState.EXPIRED and to is TaskState.SUCCEEDED:
        return Transition(state=to, moves=True, settlement=Settlement.CAPTURE)
    if state.is_final:
        return None
    if not to.is_final:
        return Transition(state=to, moves=True) if _goes_on(state, to) else Transition(state=state, moves=False)
    if to is TaskState.CANCELLED and cancel_asked:
        running = started or state is TaskState.RUNNING
        return Transition(
            state=to, moves=True, settlement=Settlement.CANCEL, cancelled_in="running" if running else "queued"
        )
    return Transition(state=to, moves=True, settlement=_SETTLEMENTS[to])


_SETTLEMENTS: Mapping[TaskState, Settlement] = {
    TaskState.SUCCEEDED: Settlement.CAPTURE,
    TaskState.FAILED: Settlement.VOID,
    TaskState.CANCELLED: Settlement.VOID,
    TaskState.EXPIRED: Settlement.EXPIRE,
}


def _understood(state: TaskState, source: Source) -> TaskState:
    """No upstream ends our holds by telling that its own time was up: what that means for the task is not known."""
    return TaskState.UNKNOWN if state is TaskState.EXPIRED and source is not Source.EXPIRY else state


def _goes_on(state: TaskState, to: TaskState) -> bool:
    if state is to or to is TaskState.SUBMITTED:
        return False
    if TaskState.UNKNOWN in (state, to):
        return True
    return _ORDER[to] > _ORDER[state]


def charged_units(delivered: int | None, asked: int) -> int:
    """How many seconds or images are charged: what was delivered, never more than was asked for and held."""
    return asked if delivered is None else max(0, min(delivered, asked))


def told(task: TaskView, verdict: Verdict, transition: Transition, source: Source, *, now: int) -> TaskView:
    """The task as the verdict leaves it. What overtook it on its way (an older callback) tells nothing new."""
    state = transition.state
    current = transition.moves or verdict.state is task.state
    upstream_task_id = task.upstream_task_id or (verdict.upstream_task_id if task.upstream is not None else None)
    changed = replace(
        task, state=state, upstream_task_id=upstream_task_id,
        accepted_at=task.accepted_at or (now if upstream_task_id is not None else None),
        started_at=task.started_at or (now if state is TaskState.RUNNING else None),
        raw_state=verdict.raw_state or None if current else task.raw_state,
        progress=task.progress if verdict.progress is None or not current else verdict.progress,
    )  # fmt: skip
    if source is Source.SUBMIT:
        changed = replace(changed, next_poll_at=now + poll_interval(age=0, retry_after=verdict.retry_after))
    if not state.is_final:
        return changed
    changed = replace(changed, ended_at=now, next_poll_at=None)
    if state is TaskState.SUCCEEDED:
        return replace(
            changed, delivered=_asked(task) if verdict.delivered is None else max(0, verdict.delivered),
            download_state=DownloadState.AVAILABLE, download_expires_at=verdict.download_expires_at,
        )  # fmt: skip
    return replace(changed, failure_code=verdict.failure_code, failure_reason=verdict.failure_reason)


def usage_of(task: TaskView, priced: Set[str]) -> Usage:
    """What a task is charged for: seconds or images, by the unit that the customer's price knows.

    Nothing is counted where it knows none; a price per call is added by the rating itself.
    """
    if task.kind is TaskKind.VIDEO:
        names = [usage_name(Kind.SECOND, task.resolution or "")]
    elif task.kind is TaskKind.IMAGE:
        size = task.resolution or ""
        names = [usage_name(Kind.IMAGE, image_key(size=size, quality=task.quality or "")), usage_name(Kind.IMAGE, size)]
    else:
        names = []
    name = next((name for name in names if name in priced), None)
    return Usage(counts={} if name is None else {name: charged_units(task.delivered, _asked(task))})


def _asked(task: TaskView) -> int:
    return task.count * (task.duration_seconds or 0) if task.kind is TaskKind.VIDEO else task.count


# -- when to ask again -------------------------------------------------------------------------------------------


def poll_interval(*, age: int, failures: int = 0, retry_after: float | None = None) -> int:
    """How long to leave a task of that age alone, in microseconds; `retry_after` is what its upstream asks for."""
    seconds = min(POLL_SECONDS_MOST, max(POLL_SECONDS_LEAST, age // _SECOND))
    if failures:
        seconds = min(SILENT_POLL_SECONDS_MOST, seconds << min(failures, 16))
    interval = seconds * _SECOND
    if retry_after is not None and retry_after > 0:
        interval = max(interval, int(min(retry_after, RETRY_AFTER_SECONDS_MOST) * _SECOND))
    return interval


def pause_interval(*, failures: int, retry_after: float | None = None) -> int:
    """How long an upstream is left alone after so many failures in a row (the first is 0), in microseconds."""
    seconds = min(PAUSE_SECONDS_MOST, PAUSE_SECONDS_LEAST << min(failures, 16))
    asked = 0 if retry_after is None else min(retry_after, RETRY_AFTER_SECONDS_MOST)
    return int(max(seconds, asked) * _SECOND)


# What says something of the upstream, and nothing of the task that was asked about.
_PAUSING = frozenset(
    {Meaning.NOT_CONNECTED, Meaning.BUSY, Meaning.TIMED_OUT, Meaning.CUT, Meaning.OUT_OF_MONEY, Meaning.NOT_ALLOWED}
)


def pauses(error: UpstreamError) -> bool:
    """Whether an error is a reason to leave its upstream alone for a while, for everybody."""
    return error.meaning in _PAUSING or (error.status is not None and error.status >= 500)


# -- submitting --------------------------------------------------------------------------------------------------

# Answers by which an upstream says that it has not taken the task.
_SAYS_NO = frozenset({Meaning.OUT_OF_MONEY, Meaning.NOT_ALLOWED, Meaning.MISCONFIGURED, Meaning.CALLERS_FAULT})
_BUSY_STATUSES = frozenset({503, 529})


def is_definite(error: UpstreamError) -> bool:
    """Whether an upstream has for certain not done what it was asked for, so that another may be asked.

    A 5xx may come from something between that has passed the call on, and a 408 from either; a server that says of
    itself that it is overloaded has refused at its door.
    """
    if error.meaning is Meaning.NOT_CONNECTED:
        return True
    status = error.status or 0
    if status == 409 and "idempot" in f"{error.code} {error.kind} {error.words}".lower():
        return False
    if error.meaning in _SAYS_NO:
        return True
    if status in _BUSY_STATUSES:
        return bool(error.words or error.code or error.kind)
    return (300 <= status < 500 and status != 408) or status == 501


_STATUSES: Mapping[str, int] = {"upstream_unavailable": 503, "upstream_error": 502, "upstream_timeout": 504}


def answered_status(error: UpstreamError) -> int:
    """The status with which a submission that every upstream refused is answered."""
    return _STATUSES.get(error.consequence.code, error.status or 400)


# -- words -------------------------------------------------------------------------------------------------------

MASK = "[content]"
_QUOTED_LEAST = 8
# Marks around what may be a quotation of the prompt. An apostrophe inside a word is none.
_QUOTATIONS = re.compile(
    "|".join(
        f"{before}[^{after}]{{{_QUOTED_LEAST},}}{after}?"
        for before, after in (('"', '"'), ("“", "”"), ("‘", "’"), ("«", "»"), ("「", "」"), ("『", "』"), ("`", "`"))
    )
    + rf"|(?<!\w)'[^'\n]{{{_QUOTED_LEAST},}}'(?!\w)"
)
_AFTER_PROMPT = re.compile(
    r"\b(prompt|input|text|content)\b\s*(?:was|is|:|=)\s*:?\s*[^\s\[].*", re.DOTALL | re.IGNORECASE
)


def without_quotations(words: str) -> str:
    """The words without what they may quote of a prompt, which is not there any more to compare them with."""
    return _AFTER_PROMPT.sub(lambda found: f"{found[1]}: {MASK}", _QUOTATIONS.sub(MASK, words))


# -- attempts ----------------------------------------------------------------------------------------------------

_OUTCOMES: Mapping[TaskState, AttemptOutcome] = {
    TaskState.SUCCEEDED: AttemptOutcome.SUCCEEDED,
    TaskState.FAILED: AttemptOutcome.REJECTED,
    TaskState.CANCELLED: AttemptOutcome.REJECTED,
}


def outcome_of(state: TaskState, *, charged: bool) -> AttemptOutcome:
    """How the attempt ended that a task's end belongs to. A cancelled task that costs something was worked on."""
    return AttemptOutcome.SUCCEEDED if charged else _OUTCOMES.get(state, AttemptOutcome.UNKNOWN)


def next_number(attempts: Sequence[Attempt]) -> int:
    return max((attempt.number for attempt in attempts), default=0) + 1
