"""`counterfoil accounts`: the customers who pay."""

from __future__ import annotations

from typing import Annotated

import typer

from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import (
    AccountArgument,
    Most,
    PolicyChoice,
    chosen_policy,
    chosen_window,
    find_account,
    shown_window,
)
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.cli.same_account import same
from counterfoil.cli.views import account_json, duplicates_json
from counterfoil.cli.waterfall import waterfall
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import DUPLICATE_WINDOW_SECONDS_MAX, AccountDuplicates, DuplicateRule


async def create(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call the account.")],
    currency: Annotated[str, typer.Option(metavar="CODE", help="The wallet's currency (ISO 4217), for good.")] = "USD",
    time_zone: Annotated[
        str, typer.Option(metavar="ZONE", help="Where its days and months begin (IANA name).")
    ] = "UTC",
) -> Answer:
    """Open an account with an empty wallet."""
    async with call.services() as services:
        account = await services.ledger.open_account(name=name, currency=currency.upper(), time_zone=time_zone)
    return _answer(account)


async def list_accounts(
    call: Call,
    most: Most = 100,
    after: Annotated[str | None, typer.Option(metavar="ID", help="The last id of the page before.")] = None,
) -> Answer:
    """List accounts with their balances."""
    start = None if after is None else read_id("account", after)
    async with call.services() as services:
        found = await services.ledger.accounts(after=start, most=most + 1)
    page = found[:most]
    rows = [
        (
            show_id("account", account.account_id), account.name, account.status, account.currency,
            money(account.posted, account.currency), money(account.held, account.currency), account.time_zone,
        )
        for account in page
    ]  # fmt: skip
    columns = ("account", "name", "status", "currency", Column(name="posted", right=True),
               Column(name="held", right=True), "time zone")  # fmt: skip
    following = show_id("account", page[-1].account_id) if len(found) > most else None
    return Answer(
        data={"accounts": [account_json(account) for account in page], "next": following},
        lines=table(columns, rows, empty="No accounts yet: counterfoil accounts create NAME"),
    )


async def show(call: Call, account: AccountArgument) -> Answer:
    """Show an account and its money."""
    async with call.services() as services:
        return _answer(await find_account(services, account))


async def change(
    call: Call,
    account: AccountArgument,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Its new name.")] = None,
    time_zone: Annotated[str | None, typer.Option("--time-zone", metavar="ZONE", help="Its new time zone.")] = None,
) -> Answer:
    """Change an account's name or time zone; limits of a day or month then follow the new zone."""
    if name is None and time_zone is None:
        raise typer.BadParameter("give --name or --time-zone")
    async with call.services() as services:
        found = await find_account(services, account)
        return _answer(await services.ledger.change_account(found.account_id, name=name, time_zone=time_zone))


async def suspend(call: Call, account: AccountArgument) -> Answer:
    """Refuse every call of an account from its next one on."""
    return await _set_status(call, account, "suspended")


async def activate(call: Call, account: AccountArgument) -> Answer:
    """Serve a suspended account again."""
    return await _set_status(call, account, "active")


async def duplicates(
    call: Call,
    account: AccountArgument,
    policy: Annotated[
        PolicyChoice | None,
        typer.Option("--policy", help="What is done with copies of a submission; inherit: the default, flag."),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            "--window",
            metavar="SECONDS",
            min=0,
            max=DUPLICATE_WINDOW_SECONDS_MAX,
            help="Within how many seconds the same content is one submission; 0: the default, ten minutes.",
        ),
    ] = None,
) -> Answer:
    """Show or change what is done with duplicates where neither the key nor its group says otherwise."""
    async with call.services() as services:
        account_id = (await find_account(services, account)).account_id
        found = await services.limits.duplicates(account_id)
        if policy is not None or window is not None:
            changed = AccountDuplicates(
                policy=chosen_policy(policy, found.policy), window_seconds=chosen_window(window, found.window_seconds)
            )
            found = await services.limits.set_duplicates(account_id=account_id, duplicates=changed)
    usual = DuplicateRule()
    shown = {
        "account": show_id("account", account_id),
        "policy": found.policy or f"{usual.policy} (the default)",
        "window": shown_window(found.window_seconds) or f"{usual.window_seconds} s (the default)",
    }
    return Answer(data=duplicates_json(account_id, found), lines=fields(shown))


async def _set_status(call: Call, account: str, status: str) -> Answer:
    async with call.services() as services:
        found = await find_account(services, account)
        return _answer(await services.ledger.change_account(found.account_id, status=status))


def _answer(account: Account) -> Answer:
    shown = {
        "account": show_id("account", account.account_id),
        "name": account.name,
        "status": account.status,
        "posted": money(account.posted, account.currency),
        "held": money(account.held, account.currency),
        "available": money(account.posted - account.held, account.currency),
        "time zone": account.time_zone,
        "created": moment(account.created_at),
    }
    return Answer(data=account_json(account), lines=fields(shown))


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(application, launchers, name="accounts", panel=SET_UP, summary="The customers who pay.")
    commands.add("create", create)
    commands.add("list", list_accounts)
    commands.add("show", show)
    commands.add("change", change)
    commands.add("suspend", suspend)
    commands.add("activate", activate)
    commands.add("duplicates", duplicates)
    commands.add("same", same)
    commands.add("waterfall", waterfall)
