"""Members: the people on an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.access import Asking, Caller, permission_missing
from counterfoil.api.fields import AccountId, Cursor, Input, Limit, Output, Page, Text, optional_id, page
from counterfoil.api.services import Services, UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import time
from counterfoil.identity import model
from counterfoil.identity.access import Own, Role, own_permissions

router = APIRouter(tags=["members"])

MemberId = Annotated[str, Path(description="The member's id (mem_…).", max_length=60)]
Email = Annotated[str, Field(max_length=300)]


class NewMember(Input):
    email: Email
    nickname: Text | None = None


class MemberChange(Input):
    """What is not given stays; a nickname of null is removed."""

    email: Email | None = None
    nickname: Text | None = None


class Member(Output):
    """A person on an account. `user_number` is what people read out to support."""

    member_id: str
    account_id: str
    user_number: int
    email: str
    nickname: str | None
    status: str
    role: str = Field(description="What they are on the account, once they sign in.")
    created_at: str | None

    @classmethod
    def of(cls, member: model.Member) -> Member:
        return cls(
            member_id=show_id("member", member.member_id),
            account_id=show_id("account", member.account_id),
            user_number=member.user_number,
            email=member.email,
            nickname=member.nickname,
            status=member.status,
            role=member.role,
            created_at=time(member.created_at),
        )


class Found(Output):
    """Everybody whom a text names; several may share a nickname."""

    items: list[Member]


async def _check_owner(services: Services, caller: Asking, member_id: str) -> None:
    """An owner is changed by owners and by staff: whoever may look after members must not take the account over."""
    member = await services.members.member(read_id("member", member_id))
    may = caller.is_staff or Own.ACCOUNT_WRITE in own_permissions(caller.principal)
    if member.role is Role.OWNER and not may:
        raise permission_missing(Own.ACCOUNT_WRITE)


@router.post("/accounts/{account_id}/members", status_code=201, summary="Add a member")
async def add_member(services: UseCases, account_id: AccountId, body: NewMember) -> Member:
    settings = model.MemberSettings(email=body.email, nickname=body.nickname)
    return Member.of(await services.members.add(account_id=read_id("account", account_id), settings=settings))


@router.get("/accounts/{account_id}/members", summary="List an account's members")
async def list_members(
    services: UseCases, account_id: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> Page[Member]:
    account = await services.ledger.account(read_id("account", account_id))
    rows = await services.members.list(
        account_id=account.account_id, after=optional_id("member", cursor), at_most=limit + 1
    )
    return page(rows, limit=limit, item=Member.of, cursor=lambda row: show_id("member", row.member_id))


@router.get("/members", summary="Find members by e-mail address, user number, nickname or id")
async def find_members(
    services: UseCases, who: Annotated[str, Query(max_length=300, description="What the person says of themselves.")]
) -> Found:
    return Found(items=[Member.of(member) for member in await services.members.find(who)])


@router.get("/members/{member_id}", summary="Get a member")
async def get_member(services: UseCases, member_id: MemberId) -> Member:
    return Member.of(await services.members.member(read_id("member", member_id)))


@router.patch("/members/{member_id}", summary="Change a member's e-mail address or nickname")
async def change_member(services: UseCases, caller: Caller, member_id: MemberId, body: MemberChange) -> Member:
    await _check_owner(services, caller, member_id)

    def changed(settings: model.MemberSettings) -> model.MemberSettings:
        return replace(
            settings,
            email=settings.email if body.email is None else body.email,
            nickname=body.nickname if "nickname" in body.model_fields_set else settings.nickname,
        )

    return Member.of(await services.members.update(read_id("member", member_id), changed))


@router.post("/members/{member_id}/disable", summary="Disable a member; the past goes on naming them")
async def disable_member(services: UseCases, caller: Caller, member_id: MemberId) -> Member:
    await _check_owner(services, caller, member_id)
    return Member.of(await services.members.remove(read_id("member", member_id)))


@router.post("/members/{member_id}/enable", summary="Undo a member's disabling")
async def enable_member(services: UseCases, caller: Caller, member_id: MemberId) -> Member:
    await _check_owner(services, caller, member_id)
    return Member.of(await services.members.restore(read_id("member", member_id)))
