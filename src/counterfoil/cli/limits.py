"""`counterfoil limits`: how much an account, a group or a key may take."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli import limit_asks
from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import find_account, find_group, find_key
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.cli.services import Services
from counterfoil.cli.views import limit_json, standing_json
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.foundation.periods import Window
from counterfoil.foundation.shown import Json
from counterfoil.limits.model import Limit, Scope, Unit
from counterfoil.limits.validation import check_limit

_PAGE = 500

OfAccount = Annotated[
    str | None, typer.Option("--account", metavar="ACCOUNT", help="The account (name or id); also says whose --group.")
]
OfGroup = Annotated[
    str | None, typer.Option("--group", metavar="GROUP", help="The group (id, or name with --account).")
]
OfKey = Annotated[str | None, typer.Option("--key", metavar="KEY", help="The key (id).")]


async def set_limit(
    call: Call,
    window: Annotated[
        Window,
        typer.Option("--window", help="request is a ceiling for each; day and month follow the account's time zone."),
    ] = Window.LIFETIME,
    account: OfAccount = None,
    group: OfGroup = None,
    key: OfKey = None,
    money: Annotated[str | None, typer.Option("--money", metavar="AMOUNT", help="At most this much money.")] = None,
    requests: Annotated[int | None, typer.Option("--requests", metavar="N", min=0, help="At most N calls.")] = None,
    tokens: Annotated[int | None, typer.Option("--tokens", metavar="N", min=0, help="At most N tokens.")] = None,
    in_flight: Annotated[
        int | None, typer.Option("--in-flight", metavar="N", min=0, help="At most N calls at the same time.")
    ] = None,
) -> Answer:
    """Put limits on an account, a group or a key, or change their amounts; usage goes on.

    Money: per request, day, month or lifetime. Calls and tokens: per minute or day. Calls at the same time need no
    window.
    """
    amounts = {
        Unit.MONEY: None if money is None else parse_nanos(money),
        Unit.REQUESTS: requests,
        Unit.TOKENS: tokens,
        Unit.IN_FLIGHT: in_flight,
    }
    if all(amount is None for amount in amounts.values()):
        raise typer.BadParameter("give --money, --requests, --tokens or --in-flight")
    async with call.services() as services:
        account_id, scope, scope_id = await _find_scope(services, account=account, group=group, key=key)
        wanted = [
            (unit, Window.LIFETIME if unit is Unit.IN_FLIGHT else window, amount)
            for unit, amount in amounts.items()
            if amount is not None
        ]
        for unit, of, amount in wanted:
            # All of them first: a command that is refused has set none.
            check_limit(scope=scope, unit=unit, window=of, amount=amount)
        limits = [
            await services.limits.set_limit(
                account_id=account_id, scope=scope, scope_id=scope_id, unit=unit, window=of, amount=amount
            )
            for unit, of, amount in wanted
        ]
    lines = [line for limit in limits for line in fields(_shown(limit))]
    return Answer(data={"limits": [limit_json(account_id, limit) for limit in limits]}, lines=lines)


async def list_limits(call: Call, account: OfAccount = None, group: OfGroup = None, key: OfKey = None) -> Answer:
    """List the limits of an account and everything in it, or of one group or key, with what they have seen."""
    rows: list[tuple[object, ...]] = []
    data: list[Json] = []
    async with call.services() as services:
        account_id, scope, scope_id = await _find_scope(services, account=account, group=group, key=key)
        time_zone = (await services.ledger.account(account_id)).time_zone
        after: UUID | None = None
        while page := await services.limits.list_limits(
            account_id=account_id,
            time_zone=time_zone,
            scope_id=None if scope is Scope.ACCOUNT else scope_id,
            after=after,
            at_most=_PAGE,
        ):
            after = page[-1].limit.limit_id
            data += [standing_json(account_id, standing) for standing in page]
            rows += [
                (
                    show_id("limit", one.limit.limit_id), one.limit.scope,
                    show_id(one.limit.scope, one.limit.scope_id), one.limit.unit, one.limit.window,
                    *(_number(one.limit.unit, n) for n in
                      (one.limit.amount, one.usage.used, one.usage.held, one.remaining)),
                    moment(one.resets_at), "" if one.limit.raised_until is None else moment(one.limit.raised_until),
                )
                for one in page
            ]  # fmt: skip
    numbers = [Column(name=name, right=True) for name in ("amount", "used", "held", "remaining")]
    columns: list[str | Column] = ["limit", "scope", "of", "unit", "window", *numbers, "resets at", "raised until"]
    return Answer(data={"limits": data}, lines=table(columns, rows, empty="No limits: only the balance decides."))


async def remove(
    call: Call, limit: Annotated[str, typer.Argument(metavar="LIMIT", help="The limit's id (lim_…).")]
) -> Answer:
    """Take a limit out of force; what it has counted stays on record."""
    limit_id = read_id("limit", limit)
    async with call.services() as services:
        account_id = await services.account_of("limit", limit_id)
        removed = await services.limits.remove_limit(account_id=account_id, limit_id=limit_id)
    return Answer(
        data={"removed": limit_json(account_id, removed)}, lines=fields({"removed": limit, **_shown(removed)})
    )


async def _find_scope(
    services: Services, *, account: str | None, group: str | None, key: str | None
) -> tuple[UUID, Scope, UUID]:
    """The account, and the scope that was named: exactly one of key, group and account."""
    if key is not None and group is None and account is None:
        account_id, key_id = await find_key(services, key)
        return account_id, Scope.KEY, key_id
    if group is not None and key is None:
        if account is None:
            group_id = read_id("group", group)
            return await services.account_of("group", group_id), Scope.GROUP, group_id
        account_id = (await find_account(services, account)).account_id
        return account_id, Scope.GROUP, (await find_group(services, account_id, group)).group_id
    if account is not None and key is None:
        account_id = (await find_account(services, account)).account_id
        return account_id, Scope.ACCOUNT, account_id
    raise typer.BadParameter("give --key, --group or --account")


def _number(unit: Unit, value: int) -> str:
    return format_nanos(value) if unit is Unit.MONEY else str(value)


def _shown(limit: Limit) -> dict[str, object]:
    return {
        "limit": show_id("limit", limit.limit_id),
        limit.scope: show_id(limit.scope, limit.scope_id),
        "at most": f"{_number(limit.unit, limit.amount)} {limit.unit}",
        "window": limit.window,
        **({} if limit.raised_until is None else {"raised until": moment(limit.raised_until)}),
    }


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="limits", panel=SET_UP, summary="How much an account, a group or a key may take."
    )
    commands.add("set", set_limit)
    commands.add("list", list_limits)
    commands.add("remove", remove)
    limit_asks.add_to(commands)
