"""Tasks: image, video and audio work from its submission to its end, and what became of what was reserved for it."""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.console import answers
from counterfoil.console.lists import (
    TASK_TONES,
    Filter,
    chosen,
    field_value,
    options_of,
    quick_spans,
    time_asked,
)
from counterfoil.console.pages.requests import is_for_file, names_of, show_request
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.spend.model import ChargeMark
from counterfoil.tasks.model import TaskKind, TaskState, TaskView

pages = Pages()
_READ = Need(own=Own.USAGE_READ, staff=Staff.ACCOUNTS_READ)


_ON_PAGE = (
    "task_time", "task_id", "task_outcome", "charged_amount", "task_reserved", "call_mark", "task_kind",
    "call_model_and_key",
)  # fmt: skip
_IN_FILE = (
    "task_time", "task_id", "state", "task_outcome", "call_mark", "task_reserved", "charged_amount", "refunded_amount",
    "task_kind", "call_model", "call_key", "download", "ended_at", "submission",
)  # fmt: skip
_AMOUNTS = ("charged_amount", "task_reserved", "refunded_amount")
_WIDE = ("task_reserved", "call_mark", "task_kind", "call_model_and_key")


@pages.get("/accounts/{account_id}/tasks", need=_READ)
async def tasks(visit: Visit) -> View:
    """The list, with its filters; `?live=1` keeps it new."""
    names = await names_of(visit)
    most = visit.most_rows
    found = await visit.services.tasks.list(
        account_id=visit.account_id, key_id=visit.id_asked("key", "key"), kind=chosen(visit, "kind", TaskKind),
        state=chosen(visit, "state", TaskState), charge_mark=chosen(visit, "charge_mark", ChargeMark),
        model=visit.asked("model")[:200] or None, since=time_asked(visit, "since"), until=time_asked(visit, "until"),
        before=visit.id_asked("task", "before"), most=most + 1,
    )  # fmt: skip
    shown = found[:most]
    more = None
    if len(found) > most:
        more = visit.here(before=show_id("task", shown[-1].task_id), live=None)
    is_live = visit.asked("live") == "1" and not visit.asked("before")
    table = Table(
        name="tasks",
        caption="tasks_listed",
        empty="tasks_none",
        columns=[Column(code=code, numeric=code in _AMOUNTS, wide=code in _WIDE) for code in _columns(visit)],
        rows=[_row(visit, one, names) for one in shown],
        more=more,
        live=is_live,
    )
    return View(
        template="requests.html",
        title="page_tasks",
        values={
            "fields": _fields(visit, names),
            "quick": quick_spans(visit),
            "times": {name: field_value(visit, name) for name in ("since", "until")},
            "is_live": is_live,
            "looked_until": None,
            "more": more,
        },
        tables=(table,),
    )


def _columns(visit: Visit) -> tuple[str, ...]:
    return _IN_FILE if is_for_file(visit) else _ON_PAGE


def _row(visit: Visit, one: TaskView, names: Mapping[str, str]) -> list[Cell]:
    shown, key = show_id("task", one.task_id), names.get(show_id("key", one.key_id), one.key_mask)
    kind, w = visit.w.label("task_kind", one.kind), visit.w
    cells: dict[str, Cell] = {
        "task_time": Instant(one.created_at),
        "task_id": Id(shown, visit.link(f"/tasks/{shown}")),
        "task_outcome": Mark(w.label("task_state", one.state), TASK_TONES.get(one.state, "quiet")),
        "charged_amount": Amount(one.charged_nanos - one.refunded_nanos, one.currency),
        "task_reserved": Amount(one.held_nanos, one.currency),
        "call_mark": answers.charge_stamp(visit, one.charge_mark),
        "task_kind": Note(kind, asked_for(one)),
        "call_model_and_key": Note(one.model, key),
        "call_model": one.model,
        "call_key": key,
        "state": one.state,
        "refunded_amount": Amount(one.refunded_nanos, one.currency),
        "download": w.label("download_state", one.download_state),
        "ended_at": Instant(one.ended_at),
        "submission": "" if one.submission_id is None else show_id("submission", one.submission_id),
    }
    return [cells[code] for code in _columns(visit)]


def asked_for(one: TaskView) -> str:
    """What was asked for, in short: its size, its seconds, how many."""
    parts = [one.resolution or "", f"{one.duration_seconds} s" if one.duration_seconds else ""]
    if one.count > 1:
        parts.append(f"×{one.count}")
    return " ".join(part for part in parts if part)


def _fields(visit: Visit, names: Mapping[str, str]) -> list[Filter]:
    return [
        Filter(name="kind", code="task_kind", options=options_of(visit, Kind.TASK_KIND)),
        Filter(name="state", code="task_outcome", options=options_of(visit, Kind.TASK_STATE)),
        Filter(name="charge_mark", code="call_mark", options=options_of(visit, Kind.CHARGE_MARK)),
        Filter(
            name="key", code="call_key", options=[(shown, name) for shown, name in names.items() if shown.startswith("key_")]
        ),
        Filter(name="model", code="call_model"),
    ]  # fmt: skip


@pages.get("/accounts/{account_id}/tasks/{task_id}", need=_READ)
async def task(visit: Visit) -> View:
    """One task with its history, and its charge."""
    task_id = visit.id_in_path("task", "task_id")
    view = await visit.services.spend.request(task_id, account_id=visit.account_id)
    # One that is no task is not found here, though a request has the same id.
    await visit.services.tasks.find(task_id, account_id=visit.account_id)
    return await show_request(visit, view, subject=show_id("task", task_id), title="usage_task")
