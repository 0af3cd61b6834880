"""`counterfoil tasks`: image, video and audio work, how it stands and what it has cost."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli.command import MONEY, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import Most, OfAccount, OfKey, account_id_of, read_amount, read_optional_id
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount, identifier
from counterfoil.foundation.vocabulary import Kind, Language, find_entry
from counterfoil.tasks.model import Source, TaskKind, TaskState, TaskView
from counterfoil.tasks.shown import download_address, task_in_full, task_json

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="The task's id (task_…).")]
_ROUND_MOST = 1_000


async def list_tasks(
    call: Call,
    account: OfAccount = None,
    key: OfKey = None,
    kind: Annotated[TaskKind | None, typer.Option("--kind", help="Only those of this kind.")] = None,
    state: Annotated[TaskState | None, typer.Option("--state", help="Only those in this state.")] = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this task (task_…).")] = None,
) -> Answer:
    """List tasks, newest first."""
    key_id, last = read_optional_id("key", key), read_optional_id("task", before)
    async with call.services() as services:
        account_id = await account_id_of(services, account)
        found = await services.tasks.list(
            account_id=account_id, key_id=key_id, kind=kind, state=state, before=last, most=most + 1
        )
    page = found[:most]
    rows = [
        (
            show_id("task", one.task_id), moment(one.created_at), one.kind, one.model, one.state, one.raw_state,
            one.charge_mark, money(one.held_nanos, one.currency), money(one.charged_nanos, one.currency), one.upstream,
            one.download_state,
        )
        for one in page
    ]  # fmt: skip
    columns = (
        "task", "submitted", "kind", "model", "state", "its own", "mark", Column(name="held", right=True),
        Column(name="charged", right=True), "upstream", "download",
    )  # fmt: skip
    following = show_id("task", page[-1].task_id) if len(found) > most else None
    return Answer(
        data={"tasks": [task_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No such tasks."),
    )


async def show(call: Call, task: TaskArgument) -> Answer:
    """Show a task: its state beside the upstream's, its money, and its history."""
    task_id = read_id("task", task)
    async with call.services() as services:
        return _answer(await services.tasks.find(task_id), call.language)


async def cancel(call: Call, task: TaskArgument) -> Answer:
    """Ask for a task's end. The price book says what a cancelled task costs; one that is done already is charged."""
    task_id = read_id("task", task)
    async with call.services() as services:
        return _answer(await services.tasks.cancel(task_id, source=Source.OPERATOR), call.language)


async def poll(
    call: Call,
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="The task's id (task_…).")] = None,
    due: Annotated[bool, typer.Option("--due", help="Ask about every task that is due, once.")] = False,
    most: Annotated[
        int, typer.Option("--most", metavar="N", min=1, max=_ROUND_MOST, help="Most tasks of a round.")
    ] = _ROUND_MOST,
) -> Answer:
    """Ask the upstream about one task now, or with --due about every task that is due."""
    if (task is None) is not due:
        raise typer.BadParameter("give a task, or --due")
    if task is None:
        async with call.services() as services:
            asked = await services.tasks.poll_due(most=most)
        return Answer(data={"polled": asked}, lines=[f"Tasks asked about: {asked}"])
    task_id = read_id("task", task)
    async with call.services() as services:
        return _answer(await services.tasks.poll(task_id), call.language)


async def refund(
    call: Call,
    task: TaskArgument,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the record.")],
    amount_text: Annotated[
        str | None,
        typer.Option("--amount", metavar="AMOUNT", help="How much; not given: all that is left of the charge."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="ID",
            help="What this is for, such as a ticket; not given: the task itself, which is refunded once.",
        ),
    ] = None,
) -> Answer:
    """Give back a task's charge or a part of it. The same again is answered as the first time and refunds nothing."""
    task_id, nanos = read_id("task", task), read_amount(amount_text)
    source_id = source or show_id("task", task_id)
    async with call.services() as services:
        refunded = await services.tasks.refund(task_id, source_id=source_id, amount=nanos, reason=reason)
        found = await services.tasks.find(task_id)
    data = {
        "task_id": show_id("task", task_id),
        "source_id": source_id,
        "currency": found.currency,
        **amount("refunded", refunded),
    }
    shown = {
        "task": show_id("task", task_id),
        "source": source_id,
        "refunded": money(refunded, found.currency),
        "mark": found.charge_mark,
    }
    return Answer(data=data, lines=fields(shown))


def _answer(one: TaskView, language: Language) -> Answer:
    rows = [
        (event.number, moment(event.at), event.state, event.raw_state, event.source, event.note) for event in one.events
    ]
    columns = (Column(name="step", right=True), "time", "state", "its own", "told by", "note")
    state, mark = _words(Kind.TASK_STATE, one.state, language), _words(Kind.CHARGE_MARK, one.charge_mark, language)
    return Answer(
        data=task_in_full(one),
        lines=[*fields(_fields(one)), "", state, mark, "", *table(columns, rows)],
    )


def _words(kind: Kind, code: str, language: Language) -> str:
    """What a state or a mark means, in a sentence."""
    found = find_entry(kind, code)
    return code if found is None else found.explanation[language]


def _fields(one: TaskView) -> dict[str, object]:
    return {
        "task": show_id("task", one.task_id),
        "account": show_id("account", one.account_id),
        "key": f"{one.key_mask} ({show_id('key', one.key_id)})",
        "group": one.group_name,
        "kind": one.kind,
        "endpoint": one.endpoint,
        "model": one.model,
        "state": one.state,
        "its own state": one.raw_state,
        "progress": None if one.progress is None else f"{one.progress} %",
        "mark": one.charge_mark,
        "held": money(one.held_nanos, one.currency),
        "charged": money(one.charged_nanos, one.currency),
        "refunded": money(one.refunded_nanos, one.currency),
        "uncollected": money(one.uncollected_nanos, one.currency),
        "submission": identifier("submission", one.submission_id),
        "verdict": one.verdict,
        "input": one.input_type,
        "reference images": one.reference_images,
        "aspect ratio": one.aspect_ratio,
        "resolution": one.resolution,
        "duration": None if one.duration_seconds is None else f"{one.duration_seconds} s",
        "count": one.count,
        "quality": one.quality,
        "camera": one.camera,
        "remix of": identifier("task", one.remixed_from),
        "delivered": one.delivered,
        "failure": one.failure_code,
        "reason": one.failure_reason,
        "download": one.download_state,
        "download address": download_address(one),
        "downloaded": moment(one.downloaded_at),
        "download until": moment(one.download_expires_at),
        "upstream": one.upstream,
        "its model": one.upstream_model,
        "its task": one.upstream_task_id,
        "submitted": moment(one.created_at),
        "accepted": moment(one.accepted_at),
        "started": moment(one.started_at),
        "ended": moment(one.ended_at),
        "cancel asked": moment(one.cancel_requested_at),
        "reserved until": moment(one.hold_expires_at),
        "polls": one.polls,
        "failed polls": one.poll_failures,
        "polled": moment(one.polled_at),
        "next poll": moment(one.next_poll_at),
    }


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="tasks",
        panel=MONEY,
        summary="Image, video and audio work: how it stands and what it has cost.",
    )
    commands.add("list", list_tasks)
    commands.add("show", show)
    commands.add("cancel", cancel)
    commands.add("poll", poll)
    commands.add("refund", refund)
