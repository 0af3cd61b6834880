"""`counterfoil limits asks`, `raise` and `decline`: who has met a limit and asks for more, and the answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.options import Most, find_account, read_optional_id
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.cli.services import Services
from counterfoil.cli.views import limit_json, quantity
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.foundation.periods import read_time
from counterfoil.foundation.shown import Json, identifier, time
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.limits.asks_model import AskState, ShownAsk
from counterfoil.limits.model import Unit

AskArgument = Annotated[str, typer.Argument(metavar="ASK", help="The ask's id (ask_…).")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers.")]
Word = Annotated[str | None, typer.Option("--word", metavar="TEXT", help="A word for whoever has asked.")]


async def asks(
    call: Call,
    account: Annotated[str, typer.Option("--account", metavar="ACCOUNT", help="The account (name or id).")],
    state: Annotated[AskState | None, typer.Option("--state", help="Only those in this state.")] = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one (ask_…).")] = None,
) -> Answer:
    """List who has met a limit and asks for more, the latest first; those that wait: --state open."""
    async with call.services() as services:
        found_account = await find_account(services, account)
        found = await services.limit_asks.list(
            account_id=found_account.account_id, time_zone=found_account.time_zone, state=state,
            before=read_optional_id("limit_ask", before), at_most=min(most + 1, 500),
        )  # fmt: skip
    page = found[:most]
    rows = [
        (
            show_id("limit_ask", one.ask.ask_id), moment(one.ask.asked_at), one.ask.asked_by, one.limit.scope,
            one.limit.window, one.limit.unit, _number(one, one.limit.amount), _number(one, one.ask.needed),
            _number(one, one.suggested), one.ask.state,
        )
        for one in page
    ]  # fmt: skip
    numbers = [Column(name=name, right=True) for name in ("amount", "needed", "suggested")]
    columns: list[str | Column] = ["ask", "asked", "by", "scope", "window", "unit", *numbers, "state"]
    following = show_id("limit_ask", page[-1].ask.ask_id) if len(found) > most else None
    return Answer(
        data={"asks": [ask_json(found_account.account_id, one) for one in page], "next": following},
        lines=table(columns, rows, empty="Nobody asks for more."),
    )


async def raise_limit(
    call: Call,
    ask: AskArgument,
    by: By,
    amount: Annotated[
        str | None,
        typer.Option(
            "--amount", metavar="AMOUNT", help="The new amount, in the limit's unit; without it what is suggested."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Until when; without it the end of tomorrow.")
    ] = None,
    for_good: Annotated[bool, typer.Option("--for-good", help="It does not go back by itself.")] = False,
    word: Word = None,
) -> Answer:
    """Raise the limit that was asked about, until a time (then it goes back by itself) or for good."""
    if for_good and until is not None:
        raise typer.BadParameter("give --until or --for-good, not both")
    ask_id = read_id("limit_ask", ask)
    async with call.services() as services:
        account_id, time_zone = await _account_of(services, ask_id)
        shown = await services.limit_asks.find(account_id=account_id, ask_id=ask_id, time_zone=time_zone)
        wanted = shown.suggested
        if amount is not None:
            wanted = parse_nanos(amount) if shown.limit.unit is Unit.MONEY else _whole(amount)
        end = services.limit_asks.usual_end(time_zone) if until is None else read_time(until)
        await services.limit_asks.raise_limit(
            account_id=account_id, ask_id=ask_id, by=by, amount=wanted, until=None if for_good else end, word=word
        )
        return await _answer(services, account_id, ask_id, time_zone, call.language)


async def decline(call: Call, ask: AskArgument, by: By, word: Word = None) -> Answer:
    """Leave the limit as it is, and say why."""
    ask_id = read_id("limit_ask", ask)
    async with call.services() as services:
        account_id, time_zone = await _account_of(services, ask_id)
        await services.limit_asks.decline(account_id=account_id, ask_id=ask_id, by=by, word=word)
        return await _answer(services, account_id, ask_id, time_zone, call.language)


async def _account_of(services: Services, ask_id: UUID) -> tuple[UUID, str]:
    account_id = await services.limit_asks.account_of(ask_id)
    return account_id, (await services.ledger.account(account_id)).time_zone


async def _answer(services: Services, account_id: UUID, ask_id: UUID, time_zone: str, language: Language) -> Answer:
    shown = await services.limit_asks.find(account_id=account_id, ask_id=ask_id, time_zone=time_zone)
    ask, state = shown.ask, entry(Kind.LIMIT_ASK_STATE, shown.ask.state)
    lines = fields(
        {
            "ask": show_id("limit_ask", ask.ask_id),
            "state": f"{ask.state} ({state.label[language]})",
            "limit": show_id("limit", ask.limit_id),
            "at most": f"{_number(shown, shown.limit.amount)} {shown.limit.unit}",
            "raised until": moment(shown.limit.raised_until),
            "answered by": ask.answered_by,
            "answer": ask.answer,
        }
    )
    return Answer(data={"ask": ask_json(account_id, shown)}, lines=[*lines, "", state.explanation[language]])


def ask_json(account_id: UUID, shown: ShownAsk) -> Json:
    """An ask with its limit, as in the REST API."""
    ask, unit = shown.ask, shown.limit.unit
    return {
        "ask_id": show_id("limit_ask", ask.ask_id),
        "account_id": show_id("account", account_id),
        "state": ask.state,
        "asked_by": ask.asked_by,
        "member_id": identifier("member", ask.member_id),
        "asked_at": time(ask.asked_at),
        "request_id": identifier("request", ask.request_id),
        "note": ask.note,
        **quantity(unit, "needed", ask.needed),
        **quantity(unit, "suggested", shown.suggested),
        "limit": limit_json(account_id, shown.limit),
        "in_force": shown.is_in_force,
        "answered_by": ask.answered_by,
        "answered_at": time(ask.answered_at),
        "answer": ask.answer,
        **quantity(unit, "raised_to", ask.raised_to),
        "raised_until": time(ask.raised_until),
    }


def _number(shown: ShownAsk, value: int | None) -> str | None:
    if value is None:
        return None
    return format_nanos(value) if shown.limit.unit is Unit.MONEY else str(value)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise typer.BadParameter("a whole number", param_hint="--amount")
    return int(text)


def add_to(commands: Commands) -> None:
    """Add the commands to those of limits."""
    commands.add("asks", asks)
    commands.add("raise", raise_limit)
    commands.add("decline", decline)
