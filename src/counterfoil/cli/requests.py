"""`counterfoil requests`: what was called, served, refused and charged."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli.command import QUESTIONS, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import Most, OfAccount, account_id_of, read_optional_id
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import identifier
from counterfoil.spend.model import RequestState, RequestView
from counterfoil.spend.shown import request_in_full, request_json


async def list_requests(
    call: Call,
    account: OfAccount = None,
    state: Annotated[RequestState | None, typer.Option("--state", help="Only those in this state.")] = None,
    code: Annotated[str | None, typer.Option("--code", metavar="CODE", help="Only those with this code.")] = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this request (req_…).")] = None,
) -> Answer:
    """List requests, newest first."""
    last = read_optional_id("request", before)
    async with call.services() as services:
        account_id = await account_id_of(services, account)
        found = await services.spend.requests(account_id, before=last, most=most + 1, state=state, code=code)
    page = found[:most]
    rows = [
        (
            show_id("request", one.request_id), moment(one.received_at), one.state, one.code, one.status_code,
            one.model, one.key_mask, money(one.charged_nanos, one.currency), one.charge_mark,
        )
        for one in page
    ]  # fmt: skip
    columns = ("request", "time", "state", "code", "status", "model", "key", Column(name="charged", right=True), "mark")
    following = show_id("request", page[-1].request_id) if len(found) > most else None
    return Answer(
        data={"requests": [request_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No such requests."),
    )


async def show(
    call: Call, request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id (req_…).")]
) -> Answer:
    """Show a request with its attempts. Why it was refused: counterfoil explain REQUEST."""
    request_id = read_id("request", request)
    async with call.services() as services:
        return _answer(await services.spend.request(request_id))


def _answer(one: RequestView) -> Answer:
    shown = {
        "request": show_id("request", one.request_id),
        "account": show_id("account", one.account_id),
        "key": f"{one.key_mask} ({show_id('key', one.key_id)})",
        "group": one.group_name,
        "endpoint": one.endpoint,
        "model": one.model,
        "tier": one.model_tier,
        "stream": one.stream,
        "client": one.client,
        "address": one.client_address,
        "retry": one.retry_count,
        "in flight": one.in_flight,
        "received": moment(one.received_at),
        "ended": moment(one.ended_at),
        "submission": identifier("submission", one.submission_id),
        "verdict": one.verdict,
        "first copy": identifier("request", one.first_request_id),
        "state": one.state,
        "code": one.code,
        "status": one.status_code,
        "error": one.error_text,
        "mark": one.charge_mark,
        "needed": money(one.needed_nanos, one.currency),
        "held": money(one.held_nanos, one.currency),
        "charged": money(one.charged_nanos, one.currency),
        "uncollected": money(one.uncollected_nanos, one.currency),
        "refunded": money(one.refunded_nanos, one.currency),
        "tokens": one.tokens,
        "estimated": one.estimated,
    }
    columns = (
        Column(name="try", right=True),
        "upstream",
        "its model",
        "started",
        "outcome",
        "status",
        "its id",
        "error",
    )
    rows = [
        (
            attempt.number, attempt.upstream, attempt.upstream_model, moment(attempt.started_at), attempt.outcome,
            attempt.status_code, attempt.response_id, attempt.error_text,
        )
        for attempt in one.attempts
    ]  # fmt: skip
    return Answer(
        data=request_in_full(one),
        lines=[*fields(shown), "", *table(columns, rows, empty="No upstream was called.")],
    )


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application,
        launchers,
        name="requests",
        panel=QUESTIONS,
        summary="What was called, served, refused and charged.",
    )
    commands.add("list", list_requests)
    commands.add("show", show)
