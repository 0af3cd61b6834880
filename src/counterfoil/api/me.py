"""Oneself: who one is here, where one has signed in, the password, the second factor, and tokens for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field, SecretStr

from counterfoil.api.access import Caller, OwnSession
from counterfoil.api.fields import (
    PAGE_MAX,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    Text,
    Time,
    optional_id,
    optional_time,
    page,
    paged,
)
from counterfoil.api.services import UseCases
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import time
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import own_permissions, staff_permissions
from counterfoil.identity.people_model import Person, Session, Theme
from counterfoil.identity.tokens_model import RestToken

router = APIRouter(prefix="/me", tags=["me"])

SessionId = Annotated[str, Path(description="The session's id (sess_…).", max_length=60)]
TokenId = Annotated[str, Path(description="The token's id (rtok_…).", max_length=60)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=256, description="Kept as an Argon2 hash only.")]
Code = Annotated[SecretStr, Field(min_length=1, max_length=60, description="Of the second factor, or a recovery code.")]


class Me(Output):
    """Whoever asks: a person, or whoever has the operator's token; and what they may do, by permission."""

    name: str
    person_id: str | None
    user_number: int | None
    email: str | None
    nickname: str | None
    account_id: str | None
    member_id: str | None
    role: str | None
    staff_roles: list[str]
    own_permissions: list[str] = Field(description="On one's own account, narrowed by the token's scopes.")
    staff_permissions: list[str] = Field(description="On every account, narrowed by the token's scopes.")
    language: str | None
    time_zone: str | None
    theme: str | None
    has_password: bool
    has_totp: bool


class ProfileChange(Input):
    """What is not given stays; null is as the browser and the account say."""

    nickname: Annotated[Text | None, Field(max_length=120)] = None
    language: Language | None = None
    time_zone: Annotated[Text | None, Field(max_length=60)] = None
    theme: Theme = Theme.SYSTEM


class SessionOutput(Output):
    """That somebody has signed in at one browser or program."""

    session_id: str
    device: str
    client_address: str
    created_at: str | None
    last_used_at: str | None
    expires_at: str | None
    confirmed_at: str | None = Field(description="When the password or second factor was last given.")
    is_this: bool

    @classmethod
    def of(cls, session: Session, *, this: Session | None = None) -> SessionOutput:
        return cls(
            session_id=show_id("session", session.session_id), device=session.device,
            client_address=session.client_address, created_at=time(session.created_at),
            last_used_at=time(session.last_used_at), expires_at=time(session.expires_at),
            confirmed_at=time(session.confirmed_at),
            is_this=this is not None and this.session_id == session.session_id,
        )  # fmt: skip


class Ended(Output):
    """How many sessions have ended."""

    ended: int


class Token(Output):
    """A token by its mask, and what it may be used for."""

    token_id: str
    name: str
    mask: str
    scopes: list[str]
    created_at: str | None
    expires_at: str | None
    last_used_at: str | None = Field(description="The day.")
    revoked_at: str | None

    @classmethod
    def of(cls, token: RestToken) -> Token:
        return cls.model_validate(_token_fields(token))


class TokenMade(Token):
    """A token with its secret, which is shown this once and kept nowhere."""

    token: str


class NewToken(Input):
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    scopes: Annotated[
        list[Text], Field(min_length=1, max_length=60, description="Permissions, of those that one has oneself.")
    ]
    expires_at: Annotated[Time | None, Field(description="Null: until it is revoked.")] = None


class PasswordChange(Input):
    current: Password
    new: Password


class Confirmation(Input):
    """One of the two."""

    password: Password | None = None
    code: Code | None = None


class TotpCode(Input):
    code: Code


class TotpRemoval(Input):
    password: Password
    code: Code


class NewTotp(Output):
    """What an authenticator app needs, shown this once. It is in use once a code of it has been confirmed."""

    secret: str
    otpauth_uri: str


class RecoveryCodes(Output):
    """Each signs in once without the app. They are in this answer and nowhere else."""

    codes: list[str]


def _token_fields(token: RestToken) -> dict[str, object]:
    return {
        "token_id": show_id("token", token.token_id),
        "name": token.name,
        "mask": token.mask,
        "scopes": sorted(token.scopes),
        "created_at": time(token.created_at),
        "expires_at": time(token.expires_at),
        "last_used_at": time(token.last_used_at),
        "revoked_at": time(token.revoked_at),
    }


@router.get("", summary="Get who one is, and what one may do")
async def get_me(services: UseCases, caller: Caller) -> Me:
    person_id = caller.principal.person_id
    return _me(caller, None if person_id is None else await services.people.person(person_id))


@router.patch("", summary="Change one's nickname, language, time zone or theme")
async def change_me(services: UseCases, caller: Caller, session: OwnSession, body: ProfileChange) -> Me:
    given = body.model_dump(include=body.model_fields_set)
    return _me(caller, await services.people.update_profile(session.person.person_id, **given))


@router.get("/sessions", summary="List where one has signed in, newest first")
async def list_my_sessions(
    services: UseCases, session: OwnSession, limit: Limit = PAGE_MAX, cursor: Cursor = None
) -> Page[SessionOutput]:
    found = await services.sessions.of_person(session.person.person_id)
    shown = [SessionOutput.of(one, this=session) for one in found]
    return paged(shown, limit=limit, cursor=cursor, name=lambda one: one.session_id)


@router.delete("/sessions", summary="Sign out everywhere but here")
async def end_my_other_sessions(services: UseCases, session: OwnSession) -> Ended:
    return Ended(ended=await services.sessions.end_all(session.person.person_id, but=session.session_id))


@router.delete("/sessions/{session_id}", summary="Sign out at one place")
async def end_my_session(services: UseCases, session: OwnSession, session_id: SessionId) -> SessionOutput:
    wanted = read_id("session", session_id)
    for one in await services.sessions.of_person(session.person.person_id):
        if one.session_id == wanted:
            await services.sessions.end(wanted)
            return SessionOutput.of(one, this=session)
    raise NotFound(code="session_not_found", session=session_id)


@router.post("/confirm", summary="Show again who one is, before what asks for it")
async def confirm_my_session(services: UseCases, session: OwnSession, body: Confirmation) -> SessionOutput:
    await services.sessions.confirm(session, password=_plain(body.password), totp=_plain(body.code))
    for one in await services.sessions.of_person(session.person.person_id):
        if one.session_id == session.session_id:
            return SessionOutput.of(one, this=session)
    raise NotFound(code="session_not_found", session=show_id("session", session.session_id))


@router.put("/password", summary="Change one's password; every other session ends")
async def change_my_password(services: UseCases, session: OwnSession, body: PasswordChange) -> SessionOutput:
    await services.people.change_password(session, body.current.get_secret_value(), body.new.get_secret_value())
    return SessionOutput.of(session, this=session)


@router.post(
    "/totp", status_code=201, summary="Begin to use a second factor; it is not in force before it is confirmed"
)
async def begin_my_totp(services: UseCases, session: OwnSession) -> NewTotp:
    secret, uri = await services.people.start_totp(session)
    return NewTotp(secret=secret, otpauth_uri=uri)


@router.post("/totp/confirm", summary="Put a second factor in force with a first code of it")
async def confirm_my_totp(services: UseCases, session: OwnSession, body: TotpCode) -> RecoveryCodes:
    return RecoveryCodes(codes=list(await services.people.confirm_totp(session, body.code.get_secret_value())))


@router.post("/totp/remove", summary="Sign in without a second factor from now on")
async def remove_my_totp(services: UseCases, session: OwnSession, body: TotpRemoval) -> SessionOutput:
    await services.people.remove_totp(session, body.password.get_secret_value(), body.code.get_secret_value())
    return SessionOutput.of(session, this=session)


@router.get("/tokens", summary="List one's tokens for programs, newest first")
async def list_my_tokens(
    services: UseCases, session: OwnSession, limit: Limit = 50, cursor: Cursor = None
) -> Page[Token]:
    rows = await services.tokens.list(session.person.person_id, before=optional_id("token", cursor), at_most=limit + 1)
    return page(rows, limit=limit, item=Token.of, cursor=lambda row: show_id("token", row.token_id))


@router.post("/tokens", status_code=201, summary="Make a token for a program; it is in this answer and nowhere else")
async def create_my_token(services: UseCases, session: OwnSession, body: NewToken) -> TokenMade:
    made = await services.tokens.create(session, body.name, body.scopes, optional_time(body.expires_at))
    return TokenMade.model_validate({**_token_fields(made.rest_token), "token": made.token})


@router.delete("/tokens/{token_id}", summary="Revoke a token; it is refused from now on")
async def revoke_my_token(services: UseCases, caller: Caller, session: OwnSession, token_id: TokenId) -> Token:
    revoked = await services.tokens.revoke(
        read_id("token", token_id), by=caller.principal, person_id=session.person.person_id
    )
    return Token.of(revoked)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _me(caller: Caller, person: Person | None) -> Me:
    principal = caller.principal
    return Me(
        name=principal.name,
        person_id=None if principal.person_id is None else show_id("person", principal.person_id),
        user_number=None if person is None else person.user_number,
        email=None if person is None else person.email,
        nickname=None if person is None else person.nickname,
        account_id=None if principal.account_id is None else show_id("account", principal.account_id),
        member_id=None if principal.member_id is None else show_id("member", principal.member_id),
        role=principal.role,
        staff_roles=sorted(principal.staff_roles),
        own_permissions=sorted(own_permissions(principal)),
        staff_permissions=sorted(staff_permissions(principal)),
        language=None if person is None else person.language,
        time_zone=None if person is None else person.time_zone,
        theme=None if person is None else person.theme,
        has_password=person is not None and person.has_password,
        has_totp=person is not None and person.has_totp,
    )
