"""Arguments and options that several commands take, and how what people type is read."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from counterfoil.cli.services import Services
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import read_any_id, read_id
from counterfoil.foundation.money import parse_nanos
from counterfoil.foundation.periods import read_time
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import DUPLICATE_WINDOW_SECONDS_MAX, DuplicatePolicy, Group

_PAGE = 500


class PolicyChoice(StrEnum):
    """A duplicate policy, or none of its own."""

    INHERIT = "inherit"
    OFF = "off"
    FLAG = "flag"
    BLOCK = "block"


DuplicatePolicyOption = Annotated[
    PolicyChoice | None,
    typer.Option(
        "--duplicate-policy", help="What is done with copies of a submission; inherit: as its group, its account."
    ),
]
DuplicateWindowOption = Annotated[
    int | None,
    typer.Option(
        "--duplicate-window",
        metavar="SECONDS",
        min=0,
        max=DUPLICATE_WINDOW_SECONDS_MAX,
        help="Within how many seconds the same content is one submission; 0: as its group, its account.",
    ),
]

AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="An account's name or id (acct_…).")]
AccountOption = Annotated[str, typer.Option("--account", metavar="ACCOUNT", help="An account's name or id (acct_…).")]
OfAccount = Annotated[
    str | None, typer.Option("--account", metavar="ACCOUNT", help="Only this account's (name or id).")
]
OfKey = Annotated[str | None, typer.Option("--key", metavar="KEY", help="Only this key's (key_…).")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="A key's id (key_…).")]
Most = Annotated[int, typer.Option("--most", metavar="N", min=1, max=500, help="Most to show.")]
SourceId = Annotated[
    str,
    typer.Option(
        "--source-id",
        metavar="ID",
        help="What this is for: an order, a ticket, an approval. The same id again does nothing again.",
    ),
]
Name = Annotated[str, typer.Option("--name", metavar="NAME", help="A name for people.")]
AllowedModels = Annotated[
    list[str] | None,
    typer.Option(
        "--model", metavar="PATTERN", help="A model, or a pattern such as gpt-5*; repeatable. None: every model."
    ),
]


async def find_account(services: Services, text: str) -> Account:
    """The account of that id or name; raises `NotFound`, or `Conflict` where several have the name."""
    shown = read_any_id(text)
    if shown is not None and shown[0] == "account":
        return await services.ledger.account(shown[1])
    return await services.ledger.account_named(text.strip())


async def find_group(services: Services, account_id: UUID, text: str) -> Group:
    """The account's group of that id or name; raises `NotFound`."""
    shown = read_any_id(text)
    if shown is not None and shown[0] == "group":
        return await services.limits.find_group(account_id=account_id, group_id=shown[1])
    after: UUID | None = None
    while page := await services.limits.list_groups(account_id=account_id, after=after, at_most=_PAGE):
        for group in page:
            if group.name == text.strip():
                return group
        after = page[-1].group_id
    raise NotFound(what="group", name=text[:120])


async def find_key(services: Services, text: str) -> tuple[UUID, UUID]:
    """The account and id of a key; raises `NotFound`."""
    key_id = read_id("key", text)
    return await services.account_of("key", key_id), key_id


def chosen_policy(choice: PolicyChoice | None, present: DuplicatePolicy | None = None) -> DuplicatePolicy | None:
    """The policy that was chosen; the present one where none was."""
    if choice is None:
        return present
    return None if choice is PolicyChoice.INHERIT else DuplicatePolicy(choice)


def chosen_window(seconds: int | None, present: int | None = None) -> int | None:
    """The window that was chosen; the present one where none was, none of its own for 0."""
    return present if seconds is None else seconds or None


def shown_window(seconds: int | None) -> str | None:
    return None if seconds is None else f"{seconds} s"


async def account_id_of(services: Services, text: str | None) -> UUID | None:
    """The account that a list is narrowed to, if it is."""
    return None if text is None else (await find_account(services, text)).account_id


def read_optional_id(kind: str, text: str | None) -> UUID | None:
    return None if text is None else read_id(kind, text)


def read_amount(text: str | None) -> int | None:
    """An amount of money as nanos."""
    return None if text is None else parse_nanos(text)


def read_optional_time(text: str | None) -> int | None:
    return None if text is None else read_time(text)


def read_multiplier(text: str) -> int:
    """A price tier such as 1.5 as thousandths."""
    nanos = parse_nanos(text)
    if nanos % 1_000_000:
        raise InputError(field="price_tier", given=text[:40], expected="a number with at most three decimals")
    return nanos // 1_000_000
