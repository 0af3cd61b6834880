"""Accounts: the customers who pay."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import AccountId, Cursor, Input, Limit, Output, Page, Text, optional_id, page
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount
from counterfoil.foundation.shown import time as shown_time
from counterfoil.identity.access import Staff
from counterfoil.ledger import history_store
from counterfoil.limits import model

router = APIRouter(prefix="/accounts", tags=["accounts"])


class NewAccount(Input):
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", description="The wallet's currency (ISO 4217), for good.")] = (
        "USD"
    )
    time_zone: Annotated[Text, Field(description="Where its days and months begin (IANA name).")] = "UTC"


class AccountChange(Input):
    """What is not given stays."""

    name: Annotated[Text | None, Field(min_length=1, max_length=200)] = None
    status: Annotated[Literal["active", "suspended", "closed"] | None, Field(description="For staff to change.")] = None
    time_zone: Text | None = None


class Account(Output):
    """An account and its money as they are now."""

    account_id: str
    name: str
    status: str
    currency: str
    time_zone: str
    created_at: str
    posted_nanos: int
    posted: str
    held_nanos: int
    held: str
    available_nanos: int
    available: str
    version: int
    event_no: int

    @classmethod
    def of(cls, account: history_store.Account) -> Account:
        return cls(
            account_id=show_id("account", account.account_id),
            name=account.name,
            status=account.status,
            currency=account.currency,
            time_zone=account.time_zone,
            created_at=shown_time(account.created_at) or "",
            **amount("posted", account.posted),
            **amount("held", account.held),
            **amount("available", account.posted - account.held),
            version=account.version,
            event_no=account.event_no,
        )


class DuplicatesInput(Input):
    """What is done with duplicates where neither the key nor its group says otherwise; null: the default."""

    policy: Annotated[
        model.DuplicatePolicy | None, Field(description="What is done with copies of a submission; null: flag.")
    ] = None
    window_seconds: Annotated[
        int | None,
        Field(
            strict=True,
            ge=1,
            le=model.DUPLICATE_WINDOW_SECONDS_MAX,
            description="Within how many seconds the same content is one submission; null: ten minutes.",
        ),
    ] = None


class Duplicates(Output):
    """What an account does with duplicates where neither group nor key says otherwise; null leaves it to the default."""

    account_id: str
    policy: str | None
    window_seconds: int | None

    @classmethod
    def of(cls, account_id: str, duplicates: model.AccountDuplicates) -> Duplicates:
        return cls(account_id=account_id, policy=duplicates.policy, window_seconds=duplicates.window_seconds)


@router.post("", status_code=201, summary="Open an account")
async def create_account(services: UseCases, body: NewAccount) -> Account:
    return Account.of(
        await services.ledger.open_account(name=body.name, currency=body.currency, time_zone=body.time_zone)
    )


@router.get("", summary="List accounts")
async def list_accounts(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    name: Annotated[str | None, Query(max_length=200, description="Only the account of this name.")] = None,
) -> Page[Account]:
    if name is not None:
        try:
            return Page(items=[Account.of(await services.ledger.account_named(name))], next=None)
        except NotFound:
            return Page(items=[], next=None)
    rows = await services.ledger.accounts(after=optional_id("account", cursor), most=limit + 1)
    return page(rows, limit=limit, item=Account.of, cursor=lambda row: show_id("account", row.account_id))


@router.get("/{account_id}", summary="Get an account")
async def get_account(services: UseCases, account_id: AccountId) -> Account:
    return Account.of(await services.ledger.account(read_id("account", account_id)))


@router.patch("/{account_id}", summary="Change an account's name, status or time zone")
async def change_account(services: UseCases, caller: Caller, account_id: AccountId, body: AccountChange) -> Account:
    if body.status is not None:
        caller.require(Staff.ACCOUNTS_WRITE)
    return Account.of(
        await services.ledger.change_account(
            read_id("account", account_id), name=body.name, status=body.status, time_zone=body.time_zone
        )
    )


@router.get("/{account_id}/duplicates", summary="Get what is done with duplicates")
async def get_duplicates(services: UseCases, account_id: AccountId) -> Duplicates:
    account = await services.ledger.account(read_id("account", account_id))
    return Duplicates.of(account_id, await services.limits.duplicates(account.account_id))


@router.put("/{account_id}/duplicates", summary="Set what is done with duplicates")
async def set_duplicates(services: UseCases, account_id: AccountId, body: DuplicatesInput) -> Duplicates:
    duplicates = model.AccountDuplicates(policy=body.policy, window_seconds=body.window_seconds)
    changed = await services.limits.set_duplicates(account_id=read_id("account", account_id), duplicates=duplicates)
    return Duplicates.of(account_id, changed)
