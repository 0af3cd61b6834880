"""`counterfoil keys`: API keys, known by their masks; a token is shown once."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import (
    AccountArgument,
    AccountOption,
    AllowedModels,
    DuplicatePolicyOption,
    DuplicateWindowOption,
    KeyArgument,
    Most,
    Name,
    chosen_policy,
    chosen_window,
    find_account,
    find_group,
    find_key,
    read_optional_time,
    shown_window,
)
from counterfoil.cli.output import fields, moment, table
from counterfoil.cli.services import Services
from counterfoil.cli.views import key_json
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.limits.model import Key, KeySettings

GroupOption = Annotated[str | None, typer.Option("--group", metavar="GROUP", help="Its group (name or id).")]
MemberOption = Annotated[
    str | None, typer.Option("--member", metavar="WHO", help="Whose key it is (e-mail, user number or id).")
]
ExpiresAt = Annotated[
    str | None,
    typer.Option("--expires-at", metavar="TIME", help="When it stops working, such as 2027-01-01T00:00:00Z."),
]
Addresses = Annotated[
    list[str] | None,
    typer.Option("--address", metavar="NETWORK", help="Where it may call from, such as 192.0.2.0/24; repeatable."),
]
ShowBalance = Annotated[
    bool, typer.Option("--show-balance/--hide-balance", help="Whether it may see the account's and group's amounts.")
]


async def create(
    call: Call,
    account: AccountOption,
    name: Name,
    group: GroupOption = None,
    member: MemberOption = None,
    expires_at: ExpiresAt = None,
    address: Addresses = None,
    model: AllowedModels = None,
    show_balance: ShowBalance = False,
    duplicate_policy: DuplicatePolicyOption = None,
    duplicate_window: DuplicateWindowOption = None,
) -> Answer:
    """Make a key. Its token is in the answer and nowhere else: keep it now."""
    settings = KeySettings(
        name=name,
        expires_at=read_optional_time(expires_at),
        allowed_addresses=tuple(address or ()),
        allowed_models=tuple(model or ()),
        show_balance=show_balance,
        duplicate_policy=chosen_policy(duplicate_policy),
        duplicate_window_seconds=chosen_window(duplicate_window),
    )
    async with call.services() as services:
        account_id = (await find_account(services, account)).account_id
        settings = await _belonging(services, account_id, settings, group=group, member=member)
        made = await services.limits.create_key(account_id=account_id, settings=settings)
    return _answer(account_id, made.key, token=made.token)


async def adopt(
    call: Call,
    account: AccountOption,
    name: Name,
    token_hash: Annotated[
        str, typer.Option("--hash", metavar="HEX", help="The token's SHA-256, 64 hexadecimal digits.")
    ],
    mask: Annotated[str, typer.Option("--mask", metavar="MASK", help="How it is shown, such as sk-…3fA9.")],
    group: GroupOption = None,
    member: MemberOption = None,
) -> Answer:
    """Take over a key of another gateway by its hash: its owner need not change anything."""
    try:
        digest = bytes.fromhex(token_hash.strip())
    except ValueError:
        # Without the value: somebody may have given the token itself.
        raise InputError(field="token_hash", expected="64 hexadecimal digits") from None
    async with call.services() as services:
        account_id = (await find_account(services, account)).account_id
        settings = await _belonging(services, account_id, KeySettings(name=name), group=group, member=member)
        key = await services.limits.adopt_key(
            account_id=account_id, settings=settings, token_hash=digest, mask=mask.replace("...", "…")
        )
    return _answer(account_id, key)


async def list_keys(
    call: Call,
    account: AccountArgument,
    group: GroupOption = None,
    most: Most = 100,
    after: Annotated[str | None, typer.Option(metavar="ID", help="The last id of the page before.")] = None,
) -> Answer:
    """List an account's keys by their masks."""
    start = None if after is None else read_id("key", after)
    async with call.services() as services:
        account_id = (await find_account(services, account)).account_id
        group_id = None if group is None else (await find_group(services, account_id, group)).group_id
        found = await services.limits.list_keys(
            account_id=account_id, group_id=group_id, after=start, at_most=min(most + 1, 500)
        )
    page = found[:most]
    rows = [
        (
            show_id("key", key.key_id), key.name, key.mask, key.status,
            None if key.group_id is None else show_id("group", key.group_id), moment(key.expires_at),
            key.allowed_models or "all",
        )
        for key in page
    ]  # fmt: skip
    columns = ("key", "name", "mask", "status", "group", "expires", "models")
    following = show_id("key", page[-1].key_id) if len(found) > most else None
    return Answer(
        data={"keys": [key_json(account_id, key) for key in page], "next": following},
        lines=table(columns, rows, empty="No keys yet: counterfoil keys create --account ACCOUNT --name NAME"),
    )


async def show(call: Call, key: KeyArgument) -> Answer:
    """Show a key and what it may do."""
    async with call.services() as services:
        account_id, key_id = await find_key(services, key)
        return _answer(account_id, await services.limits.find_key(account_id=account_id, key_id=key_id))


async def change(
    call: Call,
    key: KeyArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its new name.")] = None,
    group: GroupOption = None,
    no_group: Annotated[bool, typer.Option("--no-group", help="Take it out of its group.")] = False,
    expires_at: ExpiresAt = None,
    no_expiry: Annotated[bool, typer.Option("--no-expiry", help="Let it work until it is disabled.")] = False,
    address: Addresses = None,
    any_address: Annotated[bool, typer.Option("--any-address", help="Let it call from everywhere again.")] = False,
    model: AllowedModels = None,
    every_model: Annotated[bool, typer.Option("--every-model", help="Permit every model again.")] = False,
    show_balance: Annotated[
        bool | None, typer.Option("--show-balance/--hide-balance", help="Whether it may see account and group amounts.")
    ] = None,
    duplicate_policy: DuplicatePolicyOption = None,
    duplicate_window: DuplicateWindowOption = None,
) -> Answer:
    """Change what is given; the rest, its token and its usage stay."""
    async with call.services() as services:
        account_id, key_id = await find_key(services, key)
        group_id = None if group is None else (await find_group(services, account_id, group)).group_id

        expiry = read_optional_time(expires_at)

        def changed(settings: KeySettings) -> KeySettings:
            in_group = settings.group_id if group_id is None else group_id
            until = settings.expires_at if expiry is None else expiry
            addresses = tuple(address) if address else settings.allowed_addresses
            models = tuple(model) if model else settings.allowed_models
            return replace(
                settings,
                name=settings.name if name is None else name,
                group_id=None if no_group else in_group,
                expires_at=None if no_expiry else until,
                allowed_addresses=() if any_address else addresses,
                allowed_models=() if every_model else models,
                show_balance=settings.show_balance if show_balance is None else show_balance,
                duplicate_policy=chosen_policy(duplicate_policy, settings.duplicate_policy),
                duplicate_window_seconds=chosen_window(duplicate_window, settings.duplicate_window_seconds),
            )

        changed_key = await services.limits.change_key(account_id=account_id, key_id=key_id, change=changed)
    return _answer(account_id, changed_key)


async def rotate(call: Call, key: KeyArgument) -> Answer:
    """Give a key a new token; the old one is refused from now on. Limits and usage stay."""
    async with call.services() as services:
        account_id, key_id = await find_key(services, key)
        made = await services.limits.rotate_key(account_id=account_id, key_id=key_id)
    return _answer(account_id, made.key, token=made.token)


async def disable(call: Call, key: KeyArgument) -> Answer:
    """Refuse every call of a key from now on."""
    async with call.services() as services:
        account_id, key_id = await find_key(services, key)
        return _answer(account_id, await services.limits.disable_key(account_id=account_id, key_id=key_id))


async def enable(call: Call, key: KeyArgument) -> Answer:
    """Serve a disabled key again."""
    async with call.services() as services:
        account_id, key_id = await find_key(services, key)
        return _answer(account_id, await services.limits.enable_key(account_id=account_id, key_id=key_id))


async def _belonging(
    services: Services, account_id: UUID, settings: KeySettings, *, group: str | None, member: str | None
) -> KeySettings:
    """The settings with the group and member that were named, who must be the account's."""
    group_id = None if group is None else (await find_group(services, account_id, group)).group_id
    member_id = None
    if member is not None:
        found = [one for one in await services.members.find(member) if one.account_id == account_id]
        if not found:
            raise NotFound(what="member", given=member[:100], account=show_id("account", account_id))
        if len(found) > 1:
            raise Conflict(what="member", given=member[:100], reason="several are called so: use the number or the id")
        member_id = found[0].member_id
    return replace(settings, group_id=group_id, member_id=member_id)


def _answer(account_id: UUID, key: Key, *, token: str | None = None) -> Answer:
    shown: dict[str, object] = {
        "key": show_id("key", key.key_id),
        "name": key.name,
        "mask": key.mask,
        "status": key.status,
        "group": None if key.group_id is None else show_id("group", key.group_id),
        "member": None if key.member_id is None else show_id("member", key.member_id),
        "expires": moment(key.expires_at),
        "addresses": key.allowed_addresses or "all",
        "models": key.allowed_models or "all",
        "balance": "shown" if key.show_balance else "hidden",
        "duplicates": key.duplicate_policy,
        "duplicate window": shown_window(key.duplicate_window_seconds),
        "account": show_id("account", account_id),
        "created": moment(key.created_at),
    }
    data = key_json(account_id, key)
    lines = fields(shown)
    if token is not None:
        data = {**data, "token": token}
        lines += ["", token, "This token is shown once and kept nowhere: keep it now."]
    return Answer(data=data, lines=lines)


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(application, launchers, name="keys", panel=SET_UP, summary="API keys and their tokens.")
    commands.add("create", create)
    commands.add("list", list_keys)
    commands.add("show", show)
    commands.add("change", change)
    commands.add("rotate", rotate)
    commands.add("disable", disable)
    commands.add("enable", enable)
    commands.add("adopt", adopt)
