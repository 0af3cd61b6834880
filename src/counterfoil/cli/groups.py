"""`counterfoil groups`: teams or projects inside an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import (
    AccountArgument,
    AllowedModels,
    DuplicatePolicyOption,
    DuplicateWindowOption,
    Most,
    chosen_policy,
    chosen_window,
    find_account,
    find_group,
    read_multiplier,
    shown_window,
)
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.cli.services import Services
from counterfoil.cli.views import group_json
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.limits.model import Group, GroupSettings

GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name or id (grp_…).")]
_TIER_HELP = "Multiplies every price: 1 is the plain price, 0.8 a fifth less."


async def create(
    call: Call,
    account: AccountArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The group's name, unique in its account.")],
    price_tier: Annotated[str, typer.Option("--price-tier", metavar="NUMBER", help=_TIER_HELP)] = "1",
    model: AllowedModels = None,
    duplicate_policy: DuplicatePolicyOption = None,
    duplicate_window: DuplicateWindowOption = None,
) -> Answer:
    """Add a group to an account."""
    settings = GroupSettings(
        name=name,
        price_tier_millis=read_multiplier(price_tier),
        allowed_models=tuple(model or ()),
        duplicate_policy=chosen_policy(duplicate_policy),
        duplicate_window_seconds=chosen_window(duplicate_window),
    )
    async with call.services() as services:
        found = await find_account(services, account)
        group = await services.limits.create_group(account_id=found.account_id, settings=settings)
    return _answer(found.account_id, group)


async def list_groups(
    call: Call,
    account: AccountArgument,
    most: Most = 100,
    after: Annotated[str | None, typer.Option(metavar="ID", help="The last id of the page before.")] = None,
) -> Answer:
    """List an account's groups."""
    start = None if after is None else read_id("group", after)
    async with call.services() as services:
        account_id = (await find_account(services, account)).account_id
        found = await services.limits.list_groups(account_id=account_id, after=start, at_most=min(most + 1, 500))
    page = found[:most]
    rows = [
        (
            show_id("group", group.group_id), group.name, group.status, _tier(group), group.allowed_models or "all",
            group.duplicate_policy, shown_window(group.duplicate_window_seconds),
        )
        for group in page
    ]  # fmt: skip
    columns = ("group", "name", "status", Column(name="price tier", right=True), "models", "duplicates", "window")
    following = show_id("group", page[-1].group_id) if len(found) > most else None
    return Answer(
        data={"groups": [group_json(account_id, group) for group in page], "next": following},
        lines=table(columns, rows, empty="No groups yet: counterfoil groups create ACCOUNT NAME"),
    )


async def update(
    call: Call,
    account: AccountArgument,
    group: GroupArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its new name.")] = None,
    price_tier: Annotated[str | None, typer.Option("--price-tier", metavar="NUMBER", help=_TIER_HELP)] = None,
    model: AllowedModels = None,
    every_model: Annotated[bool, typer.Option("--every-model", help="Permit every model again.")] = False,
    duplicate_policy: DuplicatePolicyOption = None,
    duplicate_window: DuplicateWindowOption = None,
) -> Answer:
    """Change what is given; the rest stays."""
    multiplier = None if price_tier is None else read_multiplier(price_tier)

    def changed(settings: GroupSettings) -> GroupSettings:
        models = tuple(model) if model else settings.allowed_models
        return replace(
            settings,
            name=settings.name if name is None else name,
            price_tier_millis=settings.price_tier_millis if multiplier is None else multiplier,
            allowed_models=() if every_model else models,
            duplicate_policy=chosen_policy(duplicate_policy, settings.duplicate_policy),
            duplicate_window_seconds=chosen_window(duplicate_window, settings.duplicate_window_seconds),
        )

    async with call.services() as services:
        account_id, group_id = await _find(services, account, group)
        return _answer(
            account_id,
            await services.limits.change_group(account_id=account_id, group_id=group_id, change=changed),
        )


async def disable(call: Call, account: AccountArgument, group: GroupArgument) -> Answer:
    """Refuse every call of the group's keys."""
    async with call.services() as services:
        account_id, group_id = await _find(services, account, group)
        return _answer(account_id, await services.limits.disable_group(account_id=account_id, group_id=group_id))


async def enable(call: Call, account: AccountArgument, group: GroupArgument) -> Answer:
    """Serve a disabled group again."""
    async with call.services() as services:
        account_id, group_id = await _find(services, account, group)
        return _answer(account_id, await services.limits.enable_group(account_id=account_id, group_id=group_id))


async def _find(services: Services, account: str, group: str) -> tuple[UUID, UUID]:
    account_id = (await find_account(services, account)).account_id
    return account_id, (await find_group(services, account_id, group)).group_id


def _tier(group: Group) -> str:
    return "×" + format_nanos(group.price_tier_millis * 1_000_000, least_decimals=0)


def _answer(account_id: UUID, group: Group) -> Answer:
    shown = {
        "group": show_id("group", group.group_id),
        "name": group.name,
        "status": group.status,
        "price tier": _tier(group),
        "models": group.allowed_models or "all",
        "duplicates": group.duplicate_policy,
        "duplicate window": shown_window(group.duplicate_window_seconds),
        "account": show_id("account", account_id),
        "created": moment(group.created_at),
    }
    return Answer(data=group_json(account_id, group), lines=fields(shown))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="groups", panel=SET_UP, summary="Teams or projects inside an account."
    )
    commands.add("create", create)
    commands.add("list", list_groups)
    commands.add("update", update)
    commands.add("disable", disable)
    commands.add("enable", enable)
