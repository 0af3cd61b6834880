"""Groups: teams or projects inside an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import (
    AccountId,
    Cursor,
    DuplicateWindow,
    Input,
    Limit,
    Output,
    Page,
    Text,
    Texts,
    Whole,
    optional_id,
    page,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import time
from counterfoil.identity.access import Staff
from counterfoil.limits import model

router = APIRouter(prefix="/accounts/{account_id}/groups", tags=["groups"])

GroupId = Annotated[str, Path(description="The group's id (grp_…).", max_length=60)]
PriceTier = Annotated[
    Whole, Field(description="Multiplies every price: 1000 is the plain price. Another one is for staff to set.")
]
_PLAIN_TIER = 1000
Models = Annotated[Texts, Field(description="Models or patterns such as gpt-5*; empty permits every model.")]


class NewGroup(Input):
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    price_tier_millis: PriceTier = _PLAIN_TIER
    allowed_models: Models = []
    duplicate_policy: Annotated[
        model.DuplicatePolicy | None,
        Field(description="What is done with copies of a submission; null: the account's."),
    ] = None
    duplicate_window_seconds: DuplicateWindow | None = None


class GroupChange(Input):
    """What is not given stays."""

    name: Annotated[Text | None, Field(min_length=1, max_length=120)] = None
    price_tier_millis: PriceTier | None = None
    allowed_models: Models | None = None
    duplicate_policy: model.DuplicatePolicy | None = None
    duplicate_window_seconds: DuplicateWindow | None = None

    def applied(self, settings: model.GroupSettings) -> model.GroupSettings:
        given = self.model_fields_set
        return replace(
            settings,
            name=settings.name if self.name is None else self.name,
            price_tier_millis=settings.price_tier_millis if self.price_tier_millis is None else self.price_tier_millis,
            allowed_models=settings.allowed_models if self.allowed_models is None else tuple(self.allowed_models),
            duplicate_policy=self.duplicate_policy if "duplicate_policy" in given else settings.duplicate_policy,
            duplicate_window_seconds=(
                self.duplicate_window_seconds
                if "duplicate_window_seconds" in given
                else settings.duplicate_window_seconds
            ),
        )


class Group(Output):
    """A team or project inside an account."""

    group_id: str
    account_id: str
    name: str
    status: str
    price_tier_millis: int
    allowed_models: list[str]
    duplicate_policy: str | None
    duplicate_window_seconds: int | None
    created_at: str | None

    @classmethod
    def of(cls, account_id: str, group: model.Group) -> Group:
        return cls(
            group_id=show_id("group", group.group_id),
            account_id=account_id,
            name=group.name,
            status=group.status,
            price_tier_millis=group.price_tier_millis,
            allowed_models=list(group.allowed_models),
            duplicate_policy=group.duplicate_policy,
            duplicate_window_seconds=group.duplicate_window_seconds,
            created_at=time(group.created_at),
        )


@router.post("", status_code=201, summary="Add a group")
async def create_group(services: UseCases, caller: Caller, account_id: AccountId, body: NewGroup) -> Group:
    if body.price_tier_millis != _PLAIN_TIER:
        caller.require(Staff.ACCOUNTS_WRITE)
    settings = model.GroupSettings(
        name=body.name,
        price_tier_millis=body.price_tier_millis,
        allowed_models=tuple(body.allowed_models),
        duplicate_policy=body.duplicate_policy,
        duplicate_window_seconds=body.duplicate_window_seconds,
    )
    group = await services.limits.create_group(account_id=read_id("account", account_id), settings=settings)
    return Group.of(account_id, group)


@router.get("", summary="List an account's groups")
async def list_groups(
    services: UseCases, account_id: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> Page[Group]:
    account = await services.ledger.account(read_id("account", account_id))
    rows = await services.limits.list_groups(
        account_id=account.account_id, after=optional_id("group", cursor), at_most=limit + 1
    )
    return page(
        rows,
        limit=limit,
        item=lambda row: Group.of(account_id, row),
        cursor=lambda row: show_id("group", row.group_id),
    )


@router.get("/{group_id}", summary="Get a group")
async def get_group(services: UseCases, account_id: AccountId, group_id: GroupId) -> Group:
    group = await services.limits.find_group(
        account_id=read_id("account", account_id), group_id=read_id("group", group_id)
    )
    return Group.of(account_id, group)


@router.patch("/{group_id}", summary="Change a group")
async def change_group(
    services: UseCases, caller: Caller, account_id: AccountId, group_id: GroupId, body: GroupChange
) -> Group:
    if body.price_tier_millis is not None:
        # What customers pay is not for customers to say.
        caller.require(Staff.ACCOUNTS_WRITE)
    group = await services.limits.change_group(
        account_id=read_id("account", account_id), group_id=read_id("group", group_id), change=body.applied
    )
    return Group.of(account_id, group)


@router.post("/{group_id}/disable", summary="Refuse every call of a group's keys")
async def disable_group(services: UseCases, account_id: AccountId, group_id: GroupId) -> Group:
    group = await services.limits.disable_group(
        account_id=read_id("account", account_id), group_id=read_id("group", group_id)
    )
    return Group.of(account_id, group)


@router.post("/{group_id}/enable", summary="Serve a disabled group again")
async def enable_group(services: UseCases, account_id: AccountId, group_id: GroupId) -> Group:
    group = await services.limits.enable_group(
        account_id=read_id("account", account_id), group_id=read_id("group", group_id)
    )
    return Group.of(account_id, group)
