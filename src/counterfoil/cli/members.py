"""`counterfoil members`: the people on an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import AccountArgument, Most, find_account
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.cli.services import Services
from counterfoil.cli.views import member_json
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.identity.model import Member, MemberSettings

Who = Annotated[str, typer.Argument(metavar="WHO", help="An e-mail address, user number, nickname or id (mem_…).")]
Nickname = Annotated[str | None, typer.Option("--nickname", metavar="NAME", help="What the person is called.")]
_COLUMNS = (Column(name="number", right=True), "e-mail", "nickname", "status", "member", "account")


async def add(
    call: Call,
    account: AccountArgument,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="The person's e-mail address, unique here.")],
    nickname: Nickname = None,
) -> Answer:
    """Add a person to an account; the answer has the user number."""
    async with call.services() as services:
        found = await find_account(services, account)
        settings = MemberSettings(email=email, nickname=nickname)
        return _answer(await services.members.add(account_id=found.account_id, settings=settings))


async def list_members(
    call: Call,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ACCOUNT", help="Only this account's (name or id).")
    ] = None,
    most: Most = 100,
    after: Annotated[str | None, typer.Option(metavar="ID", help="The last id of the page before.")] = None,
) -> Answer:
    """List members of an account, or of all."""
    start = None if after is None else read_id("member", after)
    async with call.services() as services:
        account_id = None if account is None else (await find_account(services, account)).account_id
        found = await services.members.list(account_id=account_id, after=start, at_most=min(most + 1, 500))
    page = found[:most]
    following = show_id("member", page[-1].member_id) if len(found) > most else None
    return Answer(
        data={"members": [member_json(member) for member in page], "next": following},
        lines=table(_COLUMNS, map(_row, page), empty="No members yet: counterfoil members add ACCOUNT EMAIL"),
    )


async def show(call: Call, who: Who) -> Answer:
    """Find a person by e-mail address, user number, nickname or id."""
    async with call.services() as services:
        found = await services.members.find(who)
    if not found:
        raise NotFound(what="member", given=who[:100])
    if len(found) == 1:
        return _answer(found[0])
    return Answer(data={"members": [member_json(member) for member in found]}, lines=table(_COLUMNS, map(_row, found)))


async def change(
    call: Call,
    who: Who,
    email: Annotated[str | None, typer.Option("--email", metavar="EMAIL", help="The new address.")] = None,
    nickname: Nickname = None,
) -> Answer:
    """Change a person's e-mail address or nickname (an empty one removes it)."""

    def changed(settings: MemberSettings) -> MemberSettings:
        return replace(
            settings,
            email=settings.email if email is None else email,
            nickname=settings.nickname if nickname is None else nickname,
        )

    async with call.services() as services:
        member = await _find_one(services, who)
        return _answer(await services.members.update(member.member_id, changed))


async def remove(call: Call, who: Who) -> Answer:
    """Disable a person; keys and requests go on naming them."""
    async with call.services() as services:
        return _answer(await services.members.remove((await _find_one(services, who)).member_id))


async def restore(call: Call, who: Who) -> Answer:
    """Undo `remove`."""
    async with call.services() as services:
        return _answer(await services.members.restore((await _find_one(services, who)).member_id))


async def _find_one(services: Services, who: str) -> Member:
    found = await services.members.find(who)
    if not found:
        raise NotFound(what="member", given=who[:100])
    if len(found) > 1:
        raise Conflict(what="member", given=who[:100], reason="several are called so: use the number or the id")
    return found[0]


def _row(member: Member) -> tuple[object, ...]:
    return (
        member.user_number, member.email, member.nickname, member.status, show_id("member", member.member_id),
        show_id("account", member.account_id),
    )  # fmt: skip


def _answer(member: Member) -> Answer:
    shown = {
        "number": member.user_number,
        "e-mail": member.email,
        "nickname": member.nickname,
        "status": member.status,
        "member": show_id("member", member.member_id),
        "account": show_id("account", member.account_id),
        "created": moment(member.created_at),
    }
    return Answer(data=member_json(member), lines=fields(shown))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(application, launchers, name="members", panel=SET_UP, summary="The people on an account.")
    commands.add("add", add)
    commands.add("list", list_members)
    commands.add("show", show)
    commands.add("change", change)
    commands.add("remove", remove)
    commands.add("restore", restore)
