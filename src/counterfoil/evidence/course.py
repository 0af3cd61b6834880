"""What happened to a request, step by step: from its arrival to its charge and what was given back of it. Pure.

Times are UTC microseconds, amounts nanos. Words come from the vocabulary (`Kind.WORD`) when a step is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from counterfoil.evidence.failures import HoldRow, Ledgered
from counterfoil.evidence.model import Audience
from counterfoil.ledger.model import HoldVerb, TransferCode
from counterfoil.spend.model import AttemptOutcome, RequestState, RequestView
from counterfoil.tasks.model import TaskEvent, TaskState, TaskView


class StepCode(StrEnum):
    """What a step is. Each is a word of the vocabulary."""

    RECEIVED = "course_received"
    REFUSED = "course_refused"
    REPEATED = "course_repeated"
    RESERVED = "course_reserved"
    TRIED = "course_tried"
    FIRST_BYTE = "course_first_byte"
    TASK = "course_task"
    ENDED = "course_ended"
    CHARGED = "course_charged"
    RELEASED = "course_released"
    EXPIRED = "course_expired"
    REFUNDED = "course_refunded"


class Tone(StrEnum):
    """How a step turned out."""

    GOOD = "good"
    BAD = "bad"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseStep:
    """One step. `nanos` is what was reserved, charged, released or given back; `state` a code of a refusal, a request, a
    task or an attempt, by the kind of step; `upstream` for operators only."""

    at: int
    code: StepCode
    tone: Tone = Tone.PLAIN
    nanos: int | None = None
    state: str | None = None
    source: str | None = None
    upstream: str | None = None
    duration: int | None = None


_RETURNS = frozenset({TransferCode.REFUND, TransferCode.REFUND_TO_CLEARING})
_TASK_TONES = {"succeeded": Tone.GOOD, "failed": Tone.BAD, "cancelled": Tone.BAD, "expired": Tone.BAD}
_FAILED = frozenset({RequestState.FAILED, RequestState.UNKNOWN})


def course_of(
    view: RequestView, ledgered: Ledgered, *, task: TaskView | None, audience: Audience
) -> tuple[CourseStep, ...]:
    """The steps in the order in which they happened; tries at upstreams are for operators."""
    steps = [CourseStep(at=view.received_at, code=StepCode.RECEIVED), _decided(view)]
    if audience.sees_routing:
        steps += [
            CourseStep(
                at=attempt.started_at, code=StepCode.TRIED, state=attempt.outcome, upstream=attempt.upstream,
                duration=attempt.ended_at - attempt.started_at,
                tone=Tone.GOOD if attempt.outcome == AttemptOutcome.SUCCEEDED else Tone.BAD,
            )
            for attempt in view.attempts
        ]  # fmt: skip
    if view.first_byte_at is not None:
        steps.append(CourseStep(at=view.first_byte_at, code=StepCode.FIRST_BYTE))
    if task is not None:
        # That it was submitted has been said: the call came in.
        steps += [_of_task(event) for event in task.events if event.state is not TaskState.SUBMITTED]
    if view.ended_at is not None and view.state != RequestState.REFUSED and task is None:
        tone = Tone.BAD if view.state in _FAILED else Tone.PLAIN
        steps.append(CourseStep(at=view.ended_at, code=StepCode.ENDED, state=view.state, tone=tone))
    if ledgered.hold is not None:
        steps += _end_of(ledgered.hold, ledgered.charged)
    steps += _returned(ledgered)
    # Sorting keeps the order of what happened in the same microsecond.
    return tuple(sorted(steps, key=lambda step: step.at))


def _returned(ledgered: Ledgered) -> list[CourseStep]:
    """What was given back. One refund may go back to several grants: that is one step."""
    amounts: dict[int, int] = {}
    for one in ledgered.transfers:
        if one.code in _RETURNS:
            amounts[one.at] = amounts.get(one.at, 0) + one.amount
    return [CourseStep(at=at, code=StepCode.REFUNDED, nanos=amount, tone=Tone.GOOD) for at, amount in amounts.items()]


def _decided(view: RequestView) -> CourseStep:
    if view.state == RequestState.REFUSED:
        return CourseStep(at=view.decided_at, code=StepCode.REFUSED, state=view.code, tone=Tone.BAD)
    if view.state == RequestState.REPEATED:
        return CourseStep(at=view.decided_at, code=StepCode.REPEATED)
    return CourseStep(at=view.decided_at, code=StepCode.RESERVED, nanos=view.held_nanos)


def _of_task(event: TaskEvent) -> CourseStep:
    return CourseStep(
        at=event.at, code=StepCode.TASK, state=event.state, source=event.source,
        tone=_TASK_TONES.get(event.state, Tone.PLAIN),
    )  # fmt: skip


def _end_of(hold: HoldRow, charged: int) -> Iterator[CourseStep]:
    """How what was reserved came to its end: charged, released, or both in parts."""
    if hold.ended_at is None:
        return
    if charged:
        yield CourseStep(at=hold.ended_at, code=StepCode.CHARGED, nanos=charged)
    if hold.verb == HoldVerb.EXPIRED:
        yield CourseStep(at=hold.ended_at, code=StepCode.EXPIRED, nanos=hold.released, tone=Tone.BAD)
    elif hold.released:
        yield CourseStep(at=hold.ended_at, code=StepCode.RELEASED, nanos=hold.released, tone=Tone.GOOD)
