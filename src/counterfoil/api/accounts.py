"""Accounts: the customers who pay."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from counterfoil.api.fields import AccountId, Cursor, Input, Limit, Output, Page, Text, amount, optional_id, page
from counterfoil.api.fields import time as shown_time
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.ledger import history_store

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
    status: Literal["active", "suspended", "closed"] | None = None
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
async def change_account(services: UseCases, account_id: AccountId, body: AccountChange) -> Account:
    return Account.of(
        await services.ledger.change_account(
            read_id("account", account_id), name=body.name, status=body.status, time_zone=body.time_zone
        )
    )
