"""What is on record of a task: its facts and its history, worded for a reader. Pure.

What it holds and has cost is told with the facts of its request.
"""

from __future__ import annotations

import re

from counterfoil.evidence.facts import FactList, label_of, show_instant
from counterfoil.evidence.model import Audience, Fact, ShownStep
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.tasks.model import DownloadState, TaskEvent, TaskKind, TaskView

# What a task delivers is counted in these words.
_UNITS = {TaskKind.IMAGE: "images", TaskKind.VIDEO: "seconds"}
# An address, or the name of a machine with a dot or a number in it.
_HOST = r"https?://\S+|\b(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]+\b|\b[a-z]+-\d+\b"


def task_facts(task: TaskView, *, language: Language, audience: Audience) -> tuple[Fact, ...]:
    """What of a task's record its audience may see."""
    facts = FactList(language)
    facts.add("task_id", "task_id", show_id("task", task.task_id), kind=Kind.EVIDENCE_FIELD)
    facts.add_coded("task_kind", Kind.TASK_KIND, task.kind, Kind.EVIDENCE_FIELD, "task_type")
    facts.add_coded("task_state", Kind.TASK_STATE, task.state, Kind.WORD, "task")
    if task.download_state is not DownloadState.NONE:
        state = task.download_state
        facts.add_coded("download_state", Kind.DOWNLOAD_STATE, state, Kind.EVIDENCE_FIELD, "download_state")
        facts.add_time("downloaded_at", task.downloaded_at)
        facts.add_time("download_expires_at", task.download_expires_at)
    if audience.sees_amounts:
        _add_failure(facts, task, audience)
        _add_asked(facts, task)
    if audience.sees_routing:
        _add_upstream(facts, task)
    return tuple(facts.all)


def _add_failure(facts: FactList, task: TaskView, audience: Audience) -> None:
    """Why it failed, in its upstream's words: what they name of the upstream is for operators."""
    code, reason = task.failure_code, task.failure_reason
    if not audience.sees_routing:
        code, reason = failure_for_customers(task)
    facts.add("failure_code", "code", code)
    facts.add("failure_reason", "failure_reason", reason, kind=Kind.EVIDENCE_FIELD)


def failure_for_customers(task: TaskView) -> tuple[str | None, str | None]:
    """A failure's code and reason without what they name of the upstream."""
    return _without_upstream(task.failure_code, task), _without_upstream(task.failure_reason, task)


def _without_upstream(words: str | None, task: TaskView) -> str | None:
    """The words without the names by which the upstream is known here, and by which it knows the task."""
    # Hosts and addresses of whoever did the work are routing as well.
    hidden = [re.escape(one) for one in (task.upstream, task.upstream_model, task.upstream_task_id) if one]
    pattern = "|".join([*hidden, _HOST])
    return None if words is None else re.sub(pattern, "…", words, flags=re.IGNORECASE)


def _add_asked(facts: FactList, task: TaskView) -> None:
    facts.add_coded("input_type", Kind.INPUT_TYPE, task.input_type, Kind.WORD, "input_type")
    if task.reference_images:
        facts.add_count("reference_images", "reference_images", task.reference_images)
    facts.add("aspect_ratio", "aspect_ratio", task.aspect_ratio)
    facts.add("resolution", "resolution", task.resolution)
    if task.duration_seconds is not None:
        facts.add("duration_seconds", "duration_seconds", task.duration_seconds, f"{task.duration_seconds} s")
    facts.add_count("count", "count", task.count)
    facts.add("quality", "quality", task.quality)
    facts.add("camera", "camera", task.camera)
    if task.remixed_from is not None:
        facts.add("remixed_from", "remixed_from", show_id("task", task.remixed_from))
    if task.delivered is not None:
        unit = _UNITS.get(task.kind)
        shown = f"{task.delivered:,}" + (f" {entry(Kind.WORD, unit).label[facts.language]}" if unit else "")
        facts.add("delivered", "delivered", task.delivered, shown)


def _add_upstream(facts: FactList, task: TaskView) -> None:
    facts.add("upstream", "upstream", task.upstream)
    facts.add("upstream_task_id", "upstream_task", task.upstream_task_id)
    facts.add("raw_state", "raw_state", task.raw_state)
    if task.progress is not None:
        facts.add("progress", "progress", task.progress, f"{task.progress} %")
    facts.add_time("accepted_at", task.accepted_at)
    facts.add_time("started_at", task.started_at)
    facts.add_time("cancel_requested_at", task.cancel_requested_at)
    if not task.direct:
        facts.add_count("polls", "polls", task.polls)
    if not task.state.is_final:
        facts.add_time("next_poll_at", task.next_poll_at)
        facts.add_time("hold_expires_at", task.hold_expires_at)


def task_history(task: TaskView, *, language: Language, audience: Audience) -> tuple[ShownStep, ...]:
    """Every step with its time and who told of it; its upstream's own words are for operators."""
    return tuple(_step(event, language=language, audience=audience) for event in task.events)


def _step(event: TaskEvent, *, language: Language, audience: Audience) -> ShownStep:
    facts = FactList(language)
    if audience.sees_routing:
        facts.add("raw_state", "raw_state", event.raw_state)
        facts.add("note", "note", event.note)
    return ShownStep(
        number=event.number, at=event.at, time=show_instant(event.at), state=event.state,
        label=label_of(Kind.TASK_STATE, event.state, language), source=event.source,
        source_label=label_of(Kind.TASK_SOURCE, event.source, language), facts=tuple(facts.all),
    )  # fmt: skip
