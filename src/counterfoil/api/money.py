"""Money of an account: balance, grants, transfers, credits and adjustments."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from counterfoil.api.fields import (
    PAGE_MAX,
    AccountId,
    AmountInput,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    SourceId,
    Text,
    Time,
    Whole,
    optional_time,
    page,
    paged,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount, identifier, time
from counterfoil.ledger import model, service

router = APIRouter(prefix="/accounts/{account_id}", tags=["money"])

_ORIGINS = {
    model.GrantKind.PAID: "clearing:manual",
    model.GrantKind.PROMOTIONAL: model.PROMOTIONS,
    model.GrantKind.COMPENSATION: model.COMPENSATION,
}


class Balance(Output):
    """Money now, or at a time, which is computed from transfers and holds. Available is posted minus held."""

    account_id: str
    currency: str
    at: str | None
    event_no: int
    posted_nanos: int
    posted: str
    held_nanos: int
    held: str
    available_nanos: int
    available: str

    @classmethod
    def of(cls, balance: service.Balance) -> Balance:
        return cls(
            account_id=show_id("account", balance.account_id),
            currency=balance.currency,
            at=time(balance.at),
            event_no=balance.event_no,
            **amount("posted", balance.posted),
            **amount("held", balance.held),
            **amount("available", balance.available),
        )


class Grant(Output):
    """A bucket of credit. `remaining` includes what holds have reserved of it."""

    grant_id: str
    kind: str
    state: str
    priority: int
    amount_nanos: int
    amount: str
    remaining_nanos: int
    remaining: str
    held_nanos: int
    held: str
    expires_at: str | None
    created_at: str | None
    source_kind: str
    source_id: str
    destination: str | None

    @classmethod
    def of(cls, grant: service.GrantView) -> Grant:
        return cls(
            grant_id=show_id("grant", grant.grant_id),
            kind=grant.kind,
            state=grant.state,
            priority=grant.priority,
            **amount("amount", grant.amount),
            **amount("remaining", grant.remaining),
            **amount("held", grant.held),
            expires_at=time(grant.expires_at),
            created_at=time(grant.created_at),
            source_kind=grant.source_kind,
            source_id=grant.source_id,
            destination=grant.destination,
        )


class Transfer(Output):
    """One posted movement from one named account to another."""

    transfer_id: str
    version: int
    event_no: int
    created_at: str | None
    code: str
    debit: str
    credit: str
    amount_nanos: int
    amount: str
    cause_kind: str
    cause_id: str
    operation_key: str
    leg: int
    hold_id: str | None
    grant_id: str | None
    hash: str

    @classmethod
    def of(cls, transfer: model.Transfer) -> Transfer:
        return cls(
            transfer_id=show_id("transfer", transfer.transfer_id),
            version=transfer.version,
            event_no=transfer.event_no,
            created_at=time(transfer.created_at),
            code=transfer.code,
            debit=transfer.debit,
            credit=transfer.credit,
            **amount("amount", transfer.amount),
            cause_kind=transfer.cause_kind,
            cause_id=_cause(transfer.cause_kind, transfer.cause_id),
            operation_key=transfer.operation_key,
            leg=transfer.leg,
            hold_id=identifier("request", transfer.hold_id),
            grant_id=identifier("grant", transfer.grant_id),
            hash=transfer.hash.hex(),
        )


class NewGrant(AmountInput):
    kind: model.GrantKind = model.GrantKind.PAID
    origin: Annotated[
        Text | None, Field(description="Where the money comes from: clearing:PROVIDER, promotions, …")
    ] = None
    priority: Annotated[Whole, Field(le=1_000_000, description="Lower is spent first.")] = 100
    expires_at: Time | None = None


class NewCredit(Input):
    """One credit of one source: one grant or several, such as paid and bonus."""

    source_kind: Annotated[
        Literal["order", "code", "grant", "refund", "adjustment"],
        Field(description="What kind of thing `source_id` names."),
    ]
    source_id: SourceId
    grants: Annotated[list[NewGrant], Field(min_length=1, max_length=10)]


class Credited(Output):
    """The recorded answer, the same for every repetition."""

    account_id: str
    source_id: str
    event_no: int
    created_at: str | None
    credited_nanos: int
    credited: str
    grant_ids: list[str]


class NewAdjustment(AmountInput):
    """An approved correction: positive adds a grant, negative takes money out of the wallet."""

    source_id: SourceId
    counterpart: Annotated[Text, Field(description="The operator-side account it is booked against.")] = (
        model.ADJUSTMENTS
    )
    kind: model.GrantKind = model.GrantKind.COMPENSATION
    expires_at: Time | None = None


class Adjusted(Output):
    """The recorded answer, the same for every repetition."""

    account_id: str
    source_id: str
    event_no: int
    created_at: str | None
    adjusted_nanos: int
    adjusted: str
    grant_ids: list[str]


@router.get("/balance", summary="Get an account's money, now or at a time")
async def get_balance(
    services: UseCases,
    account_id: AccountId,
    at: Annotated[str | None, Query(max_length=40, description="RFC 3339 with a zone. Not given: now.")] = None,
) -> Balance:
    return Balance.of(await services.ledger.balance(read_id("account", account_id), at=optional_time(at)))


@router.get("/grants", summary="List an account's grants in the order in which they are spent")
async def list_grants(
    services: UseCases, account_id: AccountId, limit: Limit = PAGE_MAX, cursor: Cursor = None
) -> Page[Grant]:
    account = await services.ledger.account(read_id("account", account_id))
    grants = [Grant.of(grant) for grant in await services.ledger.grants(account.account_id)]
    return paged(grants, limit=limit, cursor=cursor, name=lambda grant: grant.grant_id)


@router.get("/transfers", summary="Page through an account's statement, newest first")
async def list_transfers(
    services: UseCases, account_id: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> Page[Transfer]:
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise InputError(field="cursor", expected="`next` of the page before")
    account = await services.ledger.account(read_id("account", account_id))
    before = None if cursor is None else int(cursor)
    rows = await services.ledger.transfers(account.account_id, before=before, most=limit + 1)
    return page(rows, limit=limit, item=Transfer.of, cursor=lambda row: str(row.version))


@router.post("/credits", status_code=201, summary="Credit an account, once per source")
async def credit_account(services: UseCases, account_id: AccountId, body: NewCredit) -> Credited:
    grants = tuple(
        model.GrantSpec(
            kind=grant.kind,
            amount=grant.nanos(),
            origin=grant.origin or _ORIGINS[grant.kind],
            priority=grant.priority,
            expires_at=optional_time(grant.expires_at),
        )
        for grant in body.grants
    )
    operation = await services.ledger.operate(
        model.Credit(
            account_id=read_id("account", account_id), source_kind=body.source_kind, source_id=body.source_id,
            grants=grants,
        )
    )  # fmt: skip
    return Credited(**_answer(operation, body.source_id, "credited"))


@router.post("/adjustments", status_code=201, summary="Correct a wallet by an approved amount, once per source")
async def adjust_account(services: UseCases, account_id: AccountId, body: NewAdjustment) -> Adjusted:
    operation = await services.ledger.operate(
        model.Adjust(
            account_id=read_id("account", account_id), source_id=body.source_id, amount=body.nanos(),
            counterpart=body.counterpart, kind=body.kind, expires_at=optional_time(body.expires_at),
        )
    )  # fmt: skip
    return Adjusted(**_answer(operation, body.source_id, "adjusted"))


def _answer(operation: model.Operation, source_id: str, name: str) -> dict[str, Any]:
    return {
        "account_id": show_id("account", operation.account_id),
        "source_id": source_id,
        "event_no": operation.event_no,
        "created_at": time(operation.created_at),
        **amount(name, operation.answer[name]),
        "grant_ids": [show_id("grant", UUID(hex=grant)) for grant in operation.answer["grants"]],
    }


def _cause(kind: str, cause_id: str) -> str:
    """Requests and tasks by their ids, orders and codes by what they are called outside."""
    if kind in ("request", "task") and len(cause_id) == 32:
        return show_id(kind, UUID(hex=cause_id))
    return cause_id
