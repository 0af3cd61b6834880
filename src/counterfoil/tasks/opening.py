"""Rows that the ledger writes together with a hold, or with its end. Pure."""

from __future__ import annotations

from uuid import UUID

from counterfoil.spend.guard import Along
from counterfoil.spend.model import Arrival, Caller
from counterfoil.spend.records import storable
from counterfoil.tasks import store
from counterfoil.tasks.model import DownloadState, Source, TaskSpec, TaskState, Verdict
from counterfoil.tasks.words import kept_name, kept_reason

_SECOND = 1_000_000
# A task that nobody has sent to an upstream by then belongs to a process that is no more.
UNSENT_SECONDS_MOST = 60


def opening(caller: Caller, arrival: Arrival, spec: TaskSpec, *, hold_seconds: int) -> Along:
    """A new task's row. One that is asked about is looked at first where its sender has disappeared."""
    at = arrival.received_at
    assert arrival.model is not None
    row = (
        caller.account_id, arrival.request_id, caller.key_id, spec.kind, spec.direct, arrival.endpoint,
        storable(arrival.model), TaskState.SUBMITTED, spec.input_type, spec.reference_images,
        _text(spec.aspect_ratio), _text(spec.resolution), spec.duration_seconds, spec.count, _text(spec.quality),
        _text(spec.camera), spec.remixed_from, at, at + hold_seconds * _SECOND,
        None if spec.direct else at + UNSENT_SECONDS_MOST * _SECOND,
    )  # fmt: skip
    return store.INSERT_TASKS, row


def ending(
    account_id: UUID,
    task_id: UUID,
    verdict: Verdict,
    *,
    at: int,
    upstream: str | None = None,
    upstream_model: str | None = None,
) -> tuple[Along, ...]:
    """A direct task's end and its event. `upstream` is who made it, or was asked last."""
    succeeded = verdict.state is TaskState.SUCCEEDED
    linked = succeeded and verdict.download_expires_at is not None
    raw_state = kept_name(verdict.raw_state)
    ended = (
        account_id, task_id, verdict.state, raw_state, verdict.delivered, upstream, upstream_model,
        kept_name(verdict.failure_code), kept_reason(verdict.failure_reason),
        DownloadState.AVAILABLE if linked else DownloadState.NONE, verdict.download_expires_at if linked else None, at,
    )  # fmt: skip
    event = (account_id, task_id, at, verdict.state, raw_state, Source.SUBMIT)
    return (store.END_TASKS, ended), (store.INSERT_END_EVENTS, event)


def _text(value: str | None) -> str | None:
    return None if value is None else storable(value)
