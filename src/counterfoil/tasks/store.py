"""The SQL of tasks, their events and the pauses of upstreams.

Engine statements take whole columns as arrays, `account_id` first: they are written together with a hold or its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from counterfoil.foundation.ids import make_id
from counterfoil.storage.pipeline import Statement
from counterfoil.tasks.model import DownloadState, Source, TaskEvent, TaskKind, TaskState, TaskView

Connection = AsyncConnection[Any]

# The columns of a new task, with the type of each; the order is that of `opening.opening`.
_OPENED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("account_id", "uuid"), ("task_id", "uuid"), ("key_id", "uuid"), ("kind", "text"), ("direct", "bool"),
    ("endpoint", "text"), ("model", "text"), ("state", "text"), ("input_type", "text"), ("reference_images", "int8"),
    ("aspect_ratio", "text"), ("resolution", "text"), ("duration_seconds", "int8"), ("count", "int8"),
    ("quality", "text"), ("camera", "text"), ("remixed_from", "uuid"), ("created_at", "int8"),
    ("hold_expires_at", "int8"), ("next_poll_at", "int8"),
)  # fmt: skip
# What the end of a direct task sets; the order is that of `opening.ending`.
_ENDED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("account_id", "uuid"), ("task_id", "uuid"), ("state", "text"), ("raw_state", "text"), ("delivered", "int8"),
    ("upstream", "text"), ("upstream_model", "text"), ("failure_code", "text"), ("failure_reason", "text"),
    ("download_state", "text"), ("download_expires_at", "int8"), ("ended_at", "int8"),
)  # fmt: skip
_END_EVENT: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("account_id", "uuid"), ("task_id", "uuid"), ("at", "int8"), ("state", "text"), ("raw_state", "text"),
    ("source", "text"),
)  # fmt: skip


def _unnest(columns: tuple[tuple[LiteralString, LiteralString], ...]) -> str:
    arrays = ", ".join(f"${n}::{kind}[]" for n, (_, kind) in enumerate(columns, start=1))
    return f"unnest({arrays}) AS v({_names(columns)})"


def _names(columns: tuple[tuple[LiteralString, LiteralString], ...]) -> str:
    return ", ".join(name for name, _ in columns)


# The task and its first event in one statement, since an authorization writes one statement along.
INSERT_TASKS = Statement(
    "tasks_insert",
    f"WITH opened AS (INSERT INTO tasks ({_names(_OPENED)}, events)"  # noqa: S608
    f" SELECT {', '.join('v.' + name for name, _ in _OPENED)}, 1 FROM {_unnest(_OPENED)})"
    " INSERT INTO task_events (account_id, task_id, number, at, state, source)"
    f" SELECT v.account_id, v.task_id, 1, v.created_at, v.state, 'submit' FROM {_unnest(_OPENED)}",
)
# What has expired is changed by a success only, as everywhere.
_ENDS: LiteralString = "(t.ended_at IS NULL OR (t.state = 'expired' AND v.state = 'succeeded'))"
END_TASKS = Statement(
    "tasks_end",
    "UPDATE tasks t SET events = t.events + 1, next_poll_at = NULL, leased_until = NULL, "  # noqa: S608
    + ", ".join(f"{name} = v.{name}" for name, _ in _ENDED[2:])
    + f" FROM {_unnest(_ENDED)} WHERE t.account_id = v.account_id AND t.task_id = v.task_id AND {_ENDS}",
)
# After END_TASKS in the same transaction: the task's count of events is already that of the new one.
INSERT_END_EVENTS = Statement(
    "tasks_insert_end_events",
    "INSERT INTO task_events (account_id, task_id, number, at, state, raw_state, source)"  # noqa: S608
    " SELECT v.account_id, v.task_id, t.events, v.at, v.state, v.raw_state, v.source"
    f" FROM {_unnest(_END_EVENT)} JOIN tasks t ON t.account_id = v.account_id AND t.task_id = v.task_id"
    " WHERE t.state = v.state AND t.ended_at = v.at ON CONFLICT (account_id, task_id, number) DO NOTHING",
)
ENGINE_STATEMENTS = (INSERT_TASKS, END_TASKS, INSERT_END_EVENTS)

_VIEW: LiteralString = (
    "t.account_id, t.task_id, t.key_id, r.key_mask, r.group_id, g.name AS group_name, t.kind, t.direct, t.endpoint,"
    " t.model, t.upstream, t.upstream_model, t.upstream_task_id, t.state, t.raw_state, t.progress, t.input_type,"
    " t.reference_images, t.aspect_ratio, t.resolution, t.duration_seconds, t.count, t.quality, t.camera,"
    " t.remixed_from, t.delivered, t.failure_code, t.failure_reason, t.download_state, t.downloaded_at,"
    " t.download_expires_at, t.created_at, t.accepted_at, t.started_at, t.ended_at, t.hold_expires_at,"
    " t.cancel_requested_at, t.polls, t.poll_failures, t.polled_at, t.next_poll_at, r.state AS request_state,"
    " r.charge_mark, r.held_nanos, r.charged_nanos, r.refunded_nanos, r.uncollected_nanos, a.currency,"
    " r.submission_id, r.verdict"
)
_FROM: LiteralString = (
    " FROM tasks t JOIN requests r ON r.account_id = t.account_id AND r.request_id = t.task_id"
    " JOIN accounts a ON a.account_id = t.account_id"
    " LEFT JOIN groups g ON g.account_id = r.account_id AND g.group_id = r.group_id"
)


def _read_view(row: dict[str, Any]) -> TaskView:
    row["kind"], row["state"] = TaskKind(row["kind"]), TaskState(row["state"])
    row["download_state"] = DownloadState(row["download_state"])
    return TaskView(**row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A task that this process asks about now. `leased_until` tells its lease from every other one of the task."""

    account_id: UUID
    task_id: UUID
    upstream: str | None
    upstream_model: str | None
    upstream_task_id: str | None
    state: str
    raw_state: str | None
    progress: int | None
    created_at: int
    cancel_requested_at: int | None
    poll_failures: int
    leased_until: int


# -- reading -----------------------------------------------------------------------------------------------------


async def find_task(connection: Connection, task_id: UUID) -> TaskView | None:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(f"SELECT {_VIEW}{_FROM} WHERE t.task_id = %s", (task_id,))
        row = await cursor.fetchone()
    return None if row is None else _read_view(row)


async def find_by_upstream(connection: Connection, *, upstream: str, upstream_task_id: str) -> TaskView | None:
    """The one task that an upstream has under that id; None where there is none, or where two claim it."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            f"SELECT {_VIEW}{_FROM} WHERE t.upstream = %s AND t.upstream_task_id = %s LIMIT 2",
            (upstream, upstream_task_id),
        )
        rows = await cursor.fetchall()
    return _read_view(rows[0]) if len(rows) == 1 else None


async def is_taken(connection: Connection, *, upstream: str, upstream_task_id: str, task_id: UUID) -> bool:
    """Whether another task of ours has that id at that upstream."""
    cursor = await connection.execute(
        "SELECT FROM tasks WHERE upstream = %s AND upstream_task_id = %s AND task_id <> %s LIMIT 1",
        (upstream, upstream_task_id, task_id),
    )
    return await cursor.fetchone() is not None


_FILTERS: tuple[tuple[str, LiteralString], ...] = (
    ("account_id", "t.account_id = %(account_id)s"),
    ("key_id", "t.key_id = %(key_id)s"),
    ("kind", "t.kind = %(kind)s"),
    ("state", "t.state = %(state)s"),
    ("charge_mark", "r.charge_mark = %(charge_mark)s"),
    ("model", "t.model = %(model)s"),
    ("since", "t.task_id >= %(since)s"),
    ("below", "t.task_id < %(below)s"),
)


async def tasks_of(
    connection: Connection,
    *,
    account_id: UUID | None,
    key_id: UUID | None,
    kind: str | None,
    state: str | None,
    charge_mark: str | None,
    model: str | None,
    since: int | None,
    until: int | None,
    before: UUID | None,
    most: int,
) -> list[TaskView]:
    """Newest first; ids are times, so `before` is the last id of the page before."""
    below = [one for one in (before, None if until is None else make_id(until, 0)) if one is not None]
    values = {
        "account_id": account_id, "key_id": key_id, "kind": kind, "state": state, "charge_mark": charge_mark, "model": model,
        "since": None if since is None else make_id(since, 0), "below": min(below, default=None),
    }  # fmt: skip
    # Only what is asked about stands in the statement, so that an index answers it.
    conditions = [sql for name, sql in _FILTERS if values[name] is not None] or ["true"]
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            f"SELECT {_VIEW}{_FROM} WHERE {' AND '.join(conditions)} ORDER BY t.task_id DESC LIMIT %(most)s",
            values | {"most": most},
        )
        return [_read_view(row) for row in await cursor.fetchall()]


async def events_of(connection: Connection, *, account_id: UUID, task_id: UUID) -> tuple[TaskEvent, ...]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            "SELECT number, at, state, raw_state, source, note FROM task_events"
            " WHERE account_id = %s AND task_id = %s ORDER BY number",
            (account_id, task_id),
        )
        return tuple(
            TaskEvent(**{**row, "state": TaskState(row["state"]), "source": Source(row["source"])})
            for row in await cursor.fetchall()
        )


# -- changing one task -------------------------------------------------------------------------------------------


async def lock_task(connection: Connection, *, account_id: UUID, task_id: UUID) -> TaskView | None:
    """Lock the task's row for the rest of the unit of work, and read it as it is then.

    Two statements: one that waits in a join gives stale rows of what it joins.
    """
    cursor = await connection.execute(
        "SELECT FROM tasks WHERE account_id = %s AND task_id = %s FOR NO KEY UPDATE", (account_id, task_id)
    )
    if await cursor.fetchone() is None:
        return None
    return await find_task(connection, task_id)


async def begin_try(
    connection: Connection,
    *,
    account_id: UUID,
    task_id: UUID,
    upstream: str,
    upstream_model: str,
    hold_expires_at: int,
    next_poll_at: int,
) -> bool:
    """Note which upstream is about to get the task; False where it has been ended meanwhile.

    The same time of its next poll tells the same try, whose first COMMIT was not heard of.
    """
    cursor = await connection.execute(
        "UPDATE tasks SET upstream = %(upstream)s, upstream_model = %(upstream_model)s,"
        " hold_expires_at = %(hold_expires_at)s, next_poll_at = %(next_poll_at)s"
        " WHERE account_id = %(account_id)s AND task_id = %(task_id)s AND state = 'submitted'"
        " AND (upstream IS NULL OR (upstream = %(upstream)s AND next_poll_at = %(next_poll_at)s))",
        {
            "account_id": account_id, "task_id": task_id, "upstream": upstream, "upstream_model": upstream_model,
            "hold_expires_at": hold_expires_at, "next_poll_at": next_poll_at,
        },
    )  # fmt: skip
    return cursor.rowcount == 1


async def forget_upstream(connection: Connection, *, account_id: UUID, task_id: UUID, next_poll_at: int | None) -> None:
    """The upstream has the task for certain not: another may be asked."""
    await connection.execute(
        "UPDATE tasks SET upstream = NULL, upstream_model = NULL, next_poll_at = %s"
        " WHERE account_id = %s AND task_id = %s AND upstream_task_id IS NULL",
        (next_poll_at, account_id, task_id),
    )


_CHANGED: LiteralString = (
    "state = %(state)s, raw_state = %(raw_state)s, progress = %(progress)s, upstream_task_id = %(upstream_task_id)s,"
    " delivered = %(delivered)s, failure_code = %(failure_code)s, failure_reason = %(failure_reason)s,"
    " download_state = %(download_state)s, download_expires_at = %(download_expires_at)s,"
    " accepted_at = %(accepted_at)s, started_at = %(started_at)s, ended_at = %(ended_at)s,"
    " cancel_requested_at = %(cancel_requested_at)s, next_poll_at = %(next_poll_at)s"
)


async def change_task(connection: Connection, task: TaskView) -> None:
    """Write everything that a transition may change; the row is locked."""
    values = {name: getattr(task, name) for name in _CHANGED_NAMES}
    await connection.execute(
        f"UPDATE tasks SET {_CHANGED} WHERE account_id = %(account_id)s AND task_id = %(task_id)s",  # noqa: S608
        {**values, "account_id": task.account_id, "task_id": task.task_id},
    )


_CHANGED_NAMES = (
    "state", "raw_state", "progress", "upstream_task_id", "delivered", "failure_code", "failure_reason",
    "download_state", "download_expires_at", "accepted_at", "started_at", "ended_at", "cancel_requested_at",
    "next_poll_at",
)  # fmt: skip


async def add_event(
    connection: Connection,
    *,
    account_id: UUID,
    task_id: UUID,
    at: int,
    state: TaskState,
    raw_state: str | None,
    source: Source,
    note: str | None = None,
) -> None:
    """Add to the task's history; the row is locked."""
    await connection.execute(
        "WITH counted AS (UPDATE tasks SET events = events + 1 WHERE account_id = %(account)s AND task_id = %(task)s"
        " RETURNING events) INSERT INTO task_events (account_id, task_id, number, at, state, raw_state, source, note)"
        " SELECT %(account)s, %(task)s, events, %(at)s, %(state)s, %(raw)s, %(source)s, %(note)s FROM counted",
        {
            "account": account_id, "task": task_id, "at": at, "state": state, "raw": raw_state, "source": source,
            "note": note,
        },
    )  # fmt: skip


async def set_download(
    connection: Connection, *, account_id: UUID, task_id: UUID, state: DownloadState, downloaded_at: int | None
) -> None:
    """What became of the result. One that is deleted stays so."""
    await connection.execute(
        "UPDATE tasks SET download_state = %(state)s, downloaded_at = coalesce(downloaded_at, %(at)s)"
        " WHERE account_id = %(account)s AND task_id = %(task)s AND download_state <> 'deleted'",
        {"state": state, "at": downloaded_at, "account": account_id, "task": task_id},
    )


# -- asking upstreams --------------------------------------------------------------------------------------------

_NEXT_DUE: LiteralString = """
    SELECT least(
      (SELECT d.next_poll_at FROM tasks d WHERE d.next_poll_at IS NOT NULL
         AND NOT EXISTS (SELECT FROM upstream_pauses p WHERE p.upstream = d.upstream AND p.until_at > %(now)s)
       ORDER BY d.next_poll_at LIMIT 1),
      (SELECT min(until_at) FROM upstream_pauses WHERE until_at > %(now)s))
"""
_CLAIMED: LiteralString = """
    RETURNING t.account_id, t.task_id, t.upstream, t.upstream_model, t.upstream_task_id, t.state, t.raw_state,
      t.progress, t.created_at, t.cancel_requested_at, t.poll_failures, t.leased_until
"""
# Materialized: a plan that looked for the due ones again for each of them would take others every time.
_CLAIM_DUE: LiteralString = f"""
    WITH due AS MATERIALIZED (
      SELECT d.account_id, d.task_id FROM tasks d WHERE d.next_poll_at <= %(now)s
         AND NOT EXISTS (SELECT FROM upstream_pauses p WHERE p.upstream = d.upstream AND p.until_at > %(now)s)
       ORDER BY d.next_poll_at LIMIT %(most)s FOR NO KEY UPDATE OF d SKIP LOCKED)
    UPDATE tasks t SET next_poll_at = %(until)s, leased_until = %(until)s, polled_at = %(now)s, polls = t.polls + 1
      FROM due WHERE t.account_id = due.account_id AND t.task_id = due.task_id
    {_CLAIMED}
"""  # noqa: S608
# One that is not due, unless it has ended or somebody is asking about it.
_CLAIM_TASK: LiteralString = f"""
    UPDATE tasks t SET next_poll_at = %(until)s, leased_until = %(until)s, polled_at = %(now)s, polls = t.polls + 1
     WHERE t.account_id = %(account)s AND t.task_id = %(task)s AND t.next_poll_at IS NOT NULL
       AND (t.leased_until IS NULL OR t.leased_until <= %(now)s)
    {_CLAIMED}
"""  # noqa: S608


async def next_due(connection: Connection, *, now: int) -> int | None:
    """When there is something to do next: the first task to be asked about, or the end of the first pause."""
    cursor = await connection.execute(_NEXT_DUE, {"now": now})
    row = await cursor.fetchone()
    return None if row is None else row[0]


async def claim_due(connection: Connection, *, now: int, leased_until: int, most: int) -> list[Claim]:
    """Take the tasks that are due, and leave them to others no earlier than `leased_until`."""
    async with connection.cursor(row_factory=class_row(Claim)) as cursor:
        await cursor.execute(_CLAIM_DUE, {"now": now, "until": leased_until, "most": most})
        return await cursor.fetchall()


async def claim_task(
    connection: Connection, *, account_id: UUID, task_id: UUID, now: int, leased_until: int
) -> Claim | None:
    """Take one task before it is due; None where it has ended or somebody is asking about it."""
    async with connection.cursor(row_factory=class_row(Claim)) as cursor:
        await cursor.execute(_CLAIM_TASK, {"until": leased_until, "now": now, "account": account_id, "task": task_id})
        return await cursor.fetchone()


async def postpone(
    connection: Connection,
    claim: Claim,
    *,
    next_poll_at: int,
    poll_failures: int,
    raw_state: str | None,
    progress: int | None,
) -> None:
    """Give a claimed task back, to be asked about later; nothing where its lease has passed to another.

    What its upstream says of a state that has not changed is kept with it.
    """
    await connection.execute(
        "UPDATE tasks SET next_poll_at = %(next)s, poll_failures = %(failures)s, leased_until = NULL,"
        " raw_state = CASE WHEN state = %(state)s THEN %(raw)s ELSE raw_state END,"
        " progress = CASE WHEN state = %(state)s THEN coalesce(%(progress)s, progress) ELSE progress END"
        " WHERE account_id = %(account)s AND task_id = %(task)s AND leased_until = %(lease)s"
        " AND next_poll_at IS NOT NULL",
        {
            "next": next_poll_at, "failures": poll_failures, "state": claim.state, "raw": raw_state,
            "progress": progress, "account": claim.account_id, "task": claim.task_id, "lease": claim.leased_until,
        },
    )  # fmt: skip


async def put_forward(connection: Connection, *, account_id: UUID, task_id: UUID, next_poll_at: int) -> None:
    """Ask about a task sooner than planned, if somebody does not already do so."""
    await connection.execute(
        "UPDATE tasks SET next_poll_at = least(next_poll_at, %s)"
        " WHERE account_id = %s AND task_id = %s AND next_poll_at IS NOT NULL AND leased_until IS NULL",
        (next_poll_at, account_id, task_id),
    )


async def pause_of(connection: Connection, upstream: str) -> tuple[int, int] | None:
    """Until when an upstream is left alone, and how often it has failed in a row."""
    cursor = await connection.execute("SELECT until_at, failures FROM upstream_pauses WHERE upstream = %s", (upstream,))
    return await cursor.fetchone()


async def pause_upstream(
    connection: Connection, *, upstream: str, now: int, until_at: int, failures: int, reason: str
) -> bool:
    """Leave an upstream alone, if nobody has paused it since its last pause ended: calls that fail together count once."""
    cursor = await connection.execute(
        "INSERT INTO upstream_pauses (upstream, until_at, failures, reason) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (upstream) DO UPDATE SET until_at = excluded.until_at, failures = excluded.failures,"
        " reason = excluded.reason WHERE upstream_pauses.until_at <= %s",
        (upstream, until_at, failures, reason, now),
    )
    return cursor.rowcount == 1


async def end_pause(connection: Connection, upstream: str) -> None:
    await connection.execute("DELETE FROM upstream_pauses WHERE upstream = %s", (upstream,))


async def paused_upstreams(connection: Connection) -> frozenset[str]:
    cursor = await connection.execute("SELECT upstream FROM upstream_pauses")
    return frozenset(row[0] for row in await cursor.fetchall())


# -- holds whose time is up --------------------------------------------------------------------------------------


async def overdue_tasks(
    connection: Connection, *, after: tuple[int, UUID], now: int, most: int
) -> Sequence[tuple[UUID, UUID, int]]:
    """Account, task and time of holds that are due, oldest first, after the last one of the page before."""
    cursor = await connection.execute(
        "SELECT account_id, task_id, hold_expires_at FROM tasks WHERE ended_at IS NULL AND hold_expires_at <= %(now)s"
        " AND (hold_expires_at, task_id) > (%(at)s, %(id)s) ORDER BY hold_expires_at, task_id LIMIT %(most)s",
        {"now": now, "at": after[0], "id": after[1], "most": most},
    )
    return await cursor.fetchall()
