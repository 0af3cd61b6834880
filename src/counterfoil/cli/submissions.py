"""`counterfoil submissions`: what customers meant once, however often it was sent."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli.command import QUESTIONS, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import (
    AccountArgument,
    Most,
    OfAccount,
    OfKey,
    account_id_of,
    find_account,
    read_optional_id,
    read_optional_time,
)
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.foundation.clock import MICROS_PER_SECOND
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.spend.model import RequestView, SubmissionView
from counterfoil.spend.shown import burst_json, submission_in_full, submission_json

_DAY = 86_400 * MICROS_PER_SECOND
_COLUMNS = (
    "submission", "first", "last", "endpoint", "model", "key", Column(name="copies", right=True),
    Column(name="retries", right=True), Column(name="duplicates", right=True), Column(name="charged copies", right=True),
    Column(name="charged", right=True), Column(name="held", right=True),
)  # fmt: skip


async def list_submissions(
    call: Call,
    account: OfAccount = None,
    key: OfKey = None,
    copies: Annotated[int, typer.Option("--copies", metavar="N", min=1, help="Only those sent at least so often.")] = 2,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one (sub_…).")] = None,
) -> Answer:
    """List what was sent again, newest first."""
    key_id, last = read_optional_id("key", key), read_optional_id("submission", before)
    async with call.services() as services:
        found = await services.submissions.sent_again(
            await account_id_of(services, account), key_id=key_id, before=last, copies_least=copies, most=most + 1
        )
    page = found[:most]
    following = show_id("submission", page[-1].submission_id) if len(found) > most else None
    return Answer(
        data={"submissions": [submission_json(one) for one in page], "next": following},
        lines=table(_COLUMNS, map(_row, page), empty="Nothing was sent again."),
    )


async def show(
    call: Call, submission: Annotated[str, typer.Argument(metavar="SUBMISSION", help="The submission's id (sub_…).")]
) -> Answer:
    """Show a submission: its copies, each with its verdict and charge mark, and what they cost together."""
    submission_id = read_id("submission", submission)
    async with call.services() as services:
        one = await services.submissions.find(submission_id)
    shown = {
        "submission": show_id("submission", one.submission_id),
        "account": show_id("account", one.account_id),
        "key": f"{one.key_mask or ''} ({show_id('key', one.key_id)})".strip(),
        "endpoint": one.endpoint,
        "model": one.model,
        "first": moment(one.first_at),
        "last": moment(one.last_at),
        "copies": one.copies,
        "retries": one.retries,
        "duplicates": one.duplicates,
        "blocked": one.blocked,
        "given again": one.repeated,
        "in progress": one.open_copies,
        "charged copies": one.charged_copies,
        "held together": money(one.held_nanos, one.currency),
        "charged together": money(one.charged_nanos, one.currency),
    }
    columns = ("copy", "time", "verdict", "state", "code", "mark", Column(name="held", right=True),
               Column(name="charged", right=True), Column(name="refunded", right=True))  # fmt: skip
    return Answer(
        data=submission_in_full(one),
        lines=[*fields(shown), "", *table(columns, map(_copy_row, one.requests))],
    )


async def loops(call: Call, account: OfAccount = None, most: Most = 50) -> Answer:
    """List what a script has sent again and again."""
    async with call.services() as services:
        found = await services.submissions.loops(await account_id_of(services, account), most=most)
    return Answer(
        data={"submissions": [submission_json(one) for one in found]},
        lines=table(_COLUMNS, map(_row, found), empty="No loops."),
    )


async def bursts(
    call: Call,
    account: AccountArgument,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="From when on, such as 2027-01-01T00:00:00Z; not given: a day."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Until when; not given: now.")] = None,
) -> Answer:
    """List keys whose calls rose minute after minute: a loop whose content changes a little each time."""
    end = read_optional_time(until)
    async with call.services() as services:
        found = await find_account(services, account)
        start = read_optional_time(since)
        if start is None:
            start = (services.clock.now() if end is None else end) - _DAY
        rising = await services.submissions.bursts(found.account_id, since=start, until=end)
    rows = [
        (
            one.key_mask, one.endpoint, one.model, moment(one.minute_at), one.first_calls, one.calls,
            money(one.charged_nanos, found.currency),
        )
        for one in rising
    ]  # fmt: skip
    columns = ("key", "endpoint", "model", "minute", Column(name="calls before", right=True),
               Column(name="calls", right=True), Column(name="charged", right=True))  # fmt: skip
    return Answer(
        data={"bursts": [burst_json(one, found.currency) for one in rising]},
        lines=table(columns, rows, empty="No bursts."),
    )


def _row(one: SubmissionView) -> tuple[object, ...]:
    return (
        show_id("submission", one.submission_id), moment(one.first_at), moment(one.last_at), one.endpoint, one.model,
        one.key_mask, one.copies, one.retries, one.duplicates, one.charged_copies,
        money(one.charged_nanos, one.currency), money(one.held_nanos, one.currency),
    )  # fmt: skip


def _copy_row(one: RequestView) -> tuple[object, ...]:
    return (
        show_id("request", one.request_id), moment(one.received_at), one.verdict, one.state, one.code, one.charge_mark,
        money(one.held_nanos, one.currency), money(one.charged_nanos, one.currency),
        money(one.refunded_nanos, one.currency),
    )  # fmt: skip


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="submissions",
        panel=QUESTIONS,
        summary="What customers meant once, however often it was sent.",
    )
    commands.add("list", list_submissions)
    commands.add("show", show)
    commands.add("loops", loops)
    commands.add("bursts", bursts)
