"""API keys: known by their masks; a token is shown once."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from counterfoil.api.access import Asking, Caller, permission_missing
from counterfoil.api.fields import (
    AccountId,
    Cursor,
    DuplicateWindow,
    Flag,
    Input,
    Limit,
    Output,
    Page,
    Text,
    Texts,
    Time,
    optional_id,
    optional_time,
    page,
)
from counterfoil.api.services import Services, UseCases
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import identifier, time
from counterfoil.identity.access import Own, own_permissions
from counterfoil.limits import model

router = APIRouter(prefix="/accounts/{account_id}/keys", tags=["keys"])

KeyId = Annotated[str, Path(description="The key's id (key_…).", max_length=60)]
Models = Annotated[Texts, Field(description="Models or patterns such as gpt-5*; empty permits every model.")]
Addresses = Annotated[Texts, Field(description="Networks such as 192.0.2.0/24; empty permits every address.")]
Id = Annotated[str, Field(max_length=60)]


class KeyFields(Input):
    """What may be chosen for a key."""

    group_id: Id | None = None
    member_id: Id | None = None
    expires_at: Time | None = None
    allowed_addresses: Addresses = []
    allowed_models: Models = []
    show_balance: Annotated[Flag, Field(description="Whether it may see the account's and group's amounts.")] = False
    duplicate_policy: Annotated[
        model.DuplicatePolicy | None, Field(description="What is done with copies of a submission; null: its group's.")
    ] = None
    duplicate_window_seconds: DuplicateWindow | None = None


class NewKey(KeyFields):
    name: Annotated[Text, Field(min_length=1, max_length=120)]


class AdoptedKey(NewKey):
    """A key of another gateway, known by its hash: its owner need not change anything."""

    token_sha256: Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$", description="The token's SHA-256 in hexadecimal.")]
    mask: Annotated[Text, Field(max_length=20, description="How it is shown, such as sk-…3fA9.")]


class KeyChange(KeyFields):
    """What is not given stays; null takes away."""

    name: Annotated[Text | None, Field(min_length=1, max_length=120)] = None


class Key(Output):
    """A key by its mask."""

    key_id: str
    account_id: str
    name: str
    mask: str
    status: str
    group_id: str | None
    member_id: str | None
    expires_at: str | None
    allowed_addresses: list[str]
    allowed_models: list[str]
    show_balance: bool
    duplicate_policy: str | None
    duplicate_window_seconds: int | None
    created_at: str | None

    @classmethod
    def of(cls, account_id: str, key: model.Key) -> Key:
        return cls.model_validate(_fields(account_id, key))


class NewToken(Key):
    """A key with its token, which is shown this once and kept nowhere."""

    token: str


def _fields(account_id: str, key: model.Key) -> dict[str, object]:
    return {
        "key_id": show_id("key", key.key_id),
        "account_id": account_id,
        "name": key.name,
        "mask": key.mask,
        "status": key.status,
        "group_id": identifier("group", key.group_id),
        "member_id": identifier("member", key.member_id),
        "expires_at": time(key.expires_at),
        "allowed_addresses": list(key.allowed_addresses),
        "allowed_models": list(key.allowed_models),
        "show_balance": key.show_balance,
        "duplicate_policy": key.duplicate_policy,
        "duplicate_window_seconds": key.duplicate_window_seconds,
        "created_at": time(key.created_at),
    }


def _settings(body: NewKey) -> model.KeySettings:
    return model.KeySettings(
        name=body.name,
        group_id=optional_id("group", body.group_id),
        member_id=optional_id("member", body.member_id),
        expires_at=optional_time(body.expires_at),
        allowed_addresses=tuple(body.allowed_addresses),
        allowed_models=tuple(body.allowed_models),
        show_balance=body.show_balance,
        duplicate_policy=body.duplicate_policy,
        duplicate_window_seconds=body.duplicate_window_seconds,
    )


def _only_of(caller: Asking) -> UUID | None:
    """Whose keys alone the caller sees and changes; None for staff, and for whoever may change the account's limits."""
    if caller.is_staff or Own.LIMITS_WRITE in own_permissions(caller.principal):
        return None
    return caller.principal.member_id


async def _found(services: Services, caller: Asking, account_id: str, key_id: str) -> tuple[UUID, UUID]:
    """Account and key; raises `NotFound` where it is none that the caller may see."""
    account, wanted, only_of = read_id("account", account_id), read_id("key", key_id), _only_of(caller)
    if only_of is not None:
        key = await services.limits.find_key(account_id=account, key_id=wanted)
        if key.member_id != only_of:
            raise NotFound(what="key", id=key_id)
    return account, wanted


def _checked(settings: model.KeySettings, caller: Asking) -> model.KeySettings:
    """Whoever may only have keys of their own makes them for themselves."""
    only_of = _only_of(caller)
    if only_of is None:
        return settings
    if settings.member_id not in (None, only_of):
        raise permission_missing(Own.LIMITS_WRITE)
    return replace(settings, member_id=only_of)


async def _check_member(services: Services, account_id: UUID, member_id: UUID | None) -> None:
    """A key's member must be of its account."""
    if member_id is not None:
        await services.members.member(member_id, account_id=account_id)


@router.post("", status_code=201, summary="Make a key; its token is in this answer and nowhere else")
async def create_key(services: UseCases, caller: Caller, account_id: AccountId, body: NewKey) -> NewToken:
    account, settings = read_id("account", account_id), _checked(_settings(body), caller)
    await _check_member(services, account, settings.member_id)
    made = await services.limits.create_key(account_id=account, settings=settings)
    return NewToken.model_validate({**_fields(account_id, made.key), "token": made.token})


@router.post("/adopt", status_code=201, summary="Take over a key of another gateway by its hash")
async def adopt_key(services: UseCases, caller: Caller, account_id: AccountId, body: AdoptedKey) -> Key:
    account, settings = read_id("account", account_id), _checked(_settings(body), caller)
    await _check_member(services, account, settings.member_id)
    key = await services.limits.adopt_key(
        account_id=account, settings=settings, token_hash=bytes.fromhex(body.token_sha256), mask=body.mask
    )
    return Key.of(account_id, key)


@router.get("", summary="List an account's keys; without the right to change limits, one's own")
async def list_keys(
    services: UseCases,
    caller: Caller,
    account_id: AccountId,
    limit: Limit = 50,
    cursor: Cursor = None,
    group_id: Annotated[str | None, Query(max_length=60, description="Only this group's.")] = None,
) -> Page[Key]:
    account = await services.ledger.account(read_id("account", account_id))
    rows = await services.limits.list_keys(
        account_id=account.account_id,
        group_id=optional_id("group", group_id),
        member_id=_only_of(caller),
        after=optional_id("key", cursor),
        at_most=limit + 1,
    )
    return page(
        rows, limit=limit, item=lambda row: Key.of(account_id, row), cursor=lambda row: show_id("key", row.key_id)
    )


@router.get("/{key_id}", summary="Get a key")
async def get_key(services: UseCases, caller: Caller, account_id: AccountId, key_id: KeyId) -> Key:
    account, wanted = await _found(services, caller, account_id, key_id)
    key = await services.limits.find_key(account_id=account, key_id=wanted)
    return Key.of(account_id, key)


@router.patch("/{key_id}", summary="Change a key; its token and usage stay")
async def change_key(services: UseCases, caller: Caller, account_id: AccountId, key_id: KeyId, body: KeyChange) -> Key:
    account, wanted = await _found(services, caller, account_id, key_id)
    given, only_of = body.model_fields_set, _only_of(caller)
    group_id, member_id = optional_id("group", body.group_id), optional_id("member", body.member_id)
    expires_at = optional_time(body.expires_at)
    if only_of is not None and "member_id" in given and member_id != only_of:
        raise permission_missing(Own.LIMITS_WRITE)
    await _check_member(services, account, member_id)

    def changed(settings: model.KeySettings) -> model.KeySettings:
        return replace(
            settings,
            name=settings.name if body.name is None else body.name,
            group_id=group_id if "group_id" in given else settings.group_id,
            member_id=member_id if "member_id" in given else settings.member_id,
            expires_at=expires_at if "expires_at" in given else settings.expires_at,
            allowed_addresses=(
                tuple(body.allowed_addresses) if "allowed_addresses" in given else settings.allowed_addresses
            ),
            allowed_models=tuple(body.allowed_models) if "allowed_models" in given else settings.allowed_models,
            show_balance=body.show_balance if "show_balance" in given else settings.show_balance,
            duplicate_policy=body.duplicate_policy if "duplicate_policy" in given else settings.duplicate_policy,
            duplicate_window_seconds=(
                body.duplicate_window_seconds
                if "duplicate_window_seconds" in given
                else settings.duplicate_window_seconds
            ),
        )

    key = await services.limits.change_key(account_id=account, key_id=wanted, change=changed)
    return Key.of(account_id, key)


@router.post("/{key_id}/rotate", summary="Give a key a new token; the old one is refused from now on")
async def rotate_key(services: UseCases, caller: Caller, account_id: AccountId, key_id: KeyId) -> NewToken:
    account, wanted = await _found(services, caller, account_id, key_id)
    made = await services.limits.rotate_key(account_id=account, key_id=wanted)
    return NewToken.model_validate({**_fields(account_id, made.key), "token": made.token})


@router.post("/{key_id}/disable", summary="Refuse every call of a key")
async def disable_key(services: UseCases, caller: Caller, account_id: AccountId, key_id: KeyId) -> Key:
    account, wanted = await _found(services, caller, account_id, key_id)
    key = await services.limits.disable_key(account_id=account, key_id=wanted)
    return Key.of(account_id, key)


@router.post("/{key_id}/enable", summary="Serve a disabled key again")
async def enable_key(services: UseCases, caller: Caller, account_id: AccountId, key_id: KeyId) -> Key:
    account, wanted = await _found(services, caller, account_id, key_id)
    key = await services.limits.enable_key(account_id=account, key_id=wanted)
    return Key.of(account_id, key)
