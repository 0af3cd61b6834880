"""Tries at upstreams while a task is being submitted, kept in its history until its end writes them down. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from counterfoil.spend.model import Attempt, AttemptOutcome
from counterfoil.tasks.model import TaskEvent

_START = '{"attempt":'


def to_note(attempt: Attempt) -> str:
    """An attempt as the note of an event; its end is the event's time."""
    return orjson.dumps(
        {
            "attempt": attempt.number, "upstream": attempt.upstream, "upstream_model": attempt.upstream_model,
            "started_at": attempt.started_at, "outcome": attempt.outcome, "status_code": attempt.status_code,
            "error_text": attempt.error_text,
        }
    ).decode()  # fmt: skip


def from_events(events: Iterable[TaskEvent]) -> tuple[Attempt, ...]:
    """The attempts that the events tell of, in their order."""
    return tuple(_read(event.note, event.at) for event in events if event.note and event.note.startswith(_START))


def _read(note: str, ended_at: int) -> Attempt:
    fields = orjson.loads(note)
    return Attempt(
        number=fields["attempt"], upstream=fields["upstream"], upstream_model=fields["upstream_model"],
        started_at=fields["started_at"], ended_at=ended_at, outcome=AttemptOutcome(fields["outcome"]),
        status_code=fields["status_code"], error_text=fields["error_text"],
    )  # fmt: skip
