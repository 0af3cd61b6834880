"""Limits of accounts, groups and keys, with what they have seen."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.fields import (
    AccountId,
    AmountInput,
    Cursor,
    Limit,
    Output,
    Page,
    Whole,
    optional_id,
    page,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import read_any_id, read_id, show_id
from counterfoil.foundation.periods import Window
from counterfoil.foundation.shown import amount, time
from counterfoil.limits import model

router = APIRouter(prefix="/accounts/{account_id}/limits", tags=["limits"])

LimitId = Annotated[str, Path(description="The limit's id (lim_…).", max_length=60)]
# The kinds of ids that a limit may be put on.
_SCOPES = {"account": model.Scope.ACCOUNT, "group": model.Scope.GROUP, "key": model.Scope.KEY}


class LimitInput(AmountInput):
    """A limit is known by what it is put on, its unit and its window: putting it again changes its amount.

    Money takes `amount` or `amount_nanos` and a window of request (a ceiling for each), day, month or lifetime; requests
    and tokens take `count` and a window of minute or day; in_flight takes `count` and the window lifetime.
    """

    scope_id: Annotated[str, Field(max_length=60, description="The account (acct_…), group (grp_…) or key (key_…).")]
    unit: model.Unit
    window: Window
    count: Annotated[Whole | None, Field(description="For units other than money.")] = None

    def quantity(self) -> int:
        if self.unit is model.Unit.MONEY:
            if self.count is not None:
                raise InputError(field="count", expected="amount or amount_nanos for money")
            return self.nanos()
        if self.count is None or self.optional_nanos() is not None:
            raise InputError(field="count", expected="count, and no amount, for requests, tokens and in_flight")
        return self.count


class PlainLimit(Output):
    """A limit. Quantities are text in the limit's unit; money also in nanos."""

    limit_id: str
    account_id: str
    scope: str
    scope_id: str
    unit: str
    window: str
    amount_nanos: int | None
    amount: str
    # While it is raised: until when, and what it then is again.
    raised_until: str | None
    raised_from_nanos: int | None
    raised_from: str | None
    created_at: str | None

    @classmethod
    def of(cls, account_id: str, limit: model.Limit) -> PlainLimit:
        return cls(**_fields(account_id, limit))


class LimitStanding(PlainLimit):
    """A limit with what it has seen in its present window: at most `amount` of `used` and `held` together."""

    used_nanos: int | None
    used: str
    held_nanos: int | None
    held: str
    remaining_nanos: int | None
    remaining: str
    resets_at: str | None

    @classmethod
    def standing(cls, account_id: str, standing: model.LimitStanding) -> LimitStanding:
        unit = standing.limit.unit
        return cls(
            **_fields(account_id, standing.limit),
            **quantity(unit, "used", standing.usage.used),
            **quantity(unit, "held", standing.usage.held),
            **quantity(unit, "remaining", standing.remaining),
            resets_at=time(standing.resets_at),
        )


def quantity(unit: model.Unit, name: str, value: int | None) -> dict[str, Any]:
    """A quantity in a limit's unit: as text, and money in nanos as well."""
    if unit is model.Unit.MONEY:
        return amount(name, value)
    return {f"{name}_nanos": None, name: None if value is None else str(value)}


def _fields(account_id: str, limit: model.Limit) -> dict[str, Any]:
    return {
        "limit_id": show_id("limit", limit.limit_id),
        "account_id": account_id,
        "scope": limit.scope,
        "scope_id": show_id(limit.scope, limit.scope_id),
        "unit": limit.unit,
        "window": limit.window,
        **quantity(limit.unit, "amount", limit.amount),
        "raised_until": time(limit.raised_until),
        **quantity(limit.unit, "raised_from", limit.raised_from),
        "created_at": time(limit.created_at),
    }


@router.put("", summary="Put a limit in force, or change its amount")
async def put_limit(services: UseCases, account_id: AccountId, body: LimitInput) -> PlainLimit:
    shown = read_any_id(body.scope_id)
    if shown is None or shown[0] not in _SCOPES:
        raise InputError(field="scope_id", expected="acct_…, grp_… or key_…")
    limit = await services.limits.set_limit(
        account_id=read_id("account", account_id), scope=_SCOPES[shown[0]], scope_id=shown[1], unit=body.unit,
        window=body.window, amount=body.quantity(),
    )  # fmt: skip
    return PlainLimit.of(account_id, limit)


@router.get("", summary="List limits in force, each with its usage now")
async def list_limits(
    services: UseCases,
    account_id: AccountId,
    limit: Limit = 50,
    cursor: Cursor = None,
    scope_id: Annotated[
        str | None, Query(max_length=60, description="Only those put on this account, group or key.")
    ] = None,
) -> Page[LimitStanding]:
    account = await services.ledger.account(read_id("account", account_id))
    shown = None if scope_id is None else read_any_id(scope_id)
    if scope_id is not None and (shown is None or shown[0] not in _SCOPES):
        raise InputError(field="scope_id", expected="acct_…, grp_… or key_…")
    rows = await services.limits.list_limits(
        account_id=account.account_id,
        time_zone=account.time_zone,
        scope_id=None if shown is None else shown[1],
        after=optional_id("limit", cursor),
        at_most=limit + 1,
    )
    return page(
        rows,
        limit=limit,
        item=lambda row: LimitStanding.standing(account_id, row),
        cursor=lambda row: show_id("limit", row.limit.limit_id),
    )


@router.delete("/{limit_id}", summary="Take a limit out of force; what it has counted stays on record")
async def remove_limit(services: UseCases, account_id: AccountId, limit_id: LimitId) -> PlainLimit:
    removed = await services.limits.remove_limit(
        account_id=read_id("account", account_id), limit_id=read_id("limit", limit_id)
    )
    return PlainLimit.of(account_id, removed)
