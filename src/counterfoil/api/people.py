"""People: who may sign in, as what, and where they have; and invitations to an account or to the staff."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from counterfoil.api.access import Caller
from counterfoil.api.fields import (
    PAGE_MAX,
    AccountId,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    Text,
    optional_id,
    page,
    paged,
)
from counterfoil.api.me import Ended, SessionOutput, Token, TokenId
from counterfoil.api.members import Member, MemberId
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import identifier, time
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity import invitations_model, people_model
from counterfoil.identity.access import Role, StaffRole

router = APIRouter(tags=["people"])

PersonId = Annotated[str, Path(description="The person's id (prsn_…).", max_length=60)]
InvitationId = Annotated[str, Path(description="The invitation's id (invt_…).", max_length=60)]
Email = Annotated[str, Field(min_length=3, max_length=254)]
InLanguage = Annotated[Language | None, Field(description="Of the mail. Not given: as Accept-Language asks.")]
Reason = Annotated[Text | None, Field(description="Why, for the audit trail.")]


class Person(Output):
    """Somebody who may sign in: a member of one account, staff, or both."""

    person_id: str
    user_number: int
    email: str
    nickname: str | None
    status: str
    account_id: str | None
    member_id: str | None
    role: str | None
    staff_roles: list[str]
    language: str | None
    time_zone: str | None
    has_password: bool
    has_totp: bool
    email_verified_at: str | None
    created_at: str | None

    @classmethod
    def of(cls, person: people_model.Person) -> Person:
        membership = person.membership
        return cls(
            person_id=show_id("person", person.person_id),
            user_number=person.user_number,
            email=person.email,
            nickname=person.nickname,
            status=person.status,
            account_id=None if membership is None else show_id("account", membership.account_id),
            member_id=None if membership is None else show_id("member", membership.member_id),
            role=None if membership is None else membership.role,
            staff_roles=sorted(person.staff_roles),
            language=person.language,
            time_zone=person.time_zone,
            has_password=person.has_password,
            has_totp=person.has_totp,
            email_verified_at=time(person.email_verified_at),
            created_at=time(person.created_at),
        )


class Invitation(Output):
    """An invitation, without its link."""

    invitation_id: str
    email: str
    account_id: str | None = Field(description="Null: to the staff.")
    role: str | None
    staff_roles: list[str]
    state: str
    invited_by: str
    created_at: str | None
    expires_at: str | None
    accepted_at: str | None
    revoked_at: str | None

    @classmethod
    def of(cls, invitation: invitations_model.Invitation, *, now: int) -> Invitation:
        return cls.model_validate(_invitation_fields(invitation, now=now))


class InvitationMade(Invitation):
    """An invitation that was just made."""

    link: str | None = Field(description="Where no mail has carried it: hand it on yourself. It is shown this once.")


class NewInvitation(Input):
    email: Email
    role: Role
    language: InLanguage = None


class NewStaffInvitation(Input):
    email: Email
    staff_roles: Annotated[list[StaffRole], Field(min_length=1, max_length=len(StaffRole))]
    language: InLanguage = None


class StaffRoles(Input):
    staff_roles: Annotated[list[StaffRole], Field(max_length=len(StaffRole), description="Empty: none any more.")]


class RoleInput(Input):
    role: Role


class Why(Input):
    reason: Reason = None


_NO_REASON = Why()


def _invitation_fields(invitation: invitations_model.Invitation, *, now: int) -> dict[str, object]:
    return {
        "invitation_id": show_id("invitation", invitation.invitation_id),
        "email": invitation.email,
        "account_id": identifier("account", invitation.account_id),
        "role": invitation.role,
        "staff_roles": sorted(invitation.staff_roles),
        "state": invitation.state(now),
        "invited_by": invitation.invited_by,
        "created_at": time(invitation.created_at),
        "expires_at": time(invitation.expires_at),
        "accepted_at": time(invitation.accepted_at),
        "revoked_at": time(invitation.revoked_at),
    }


@router.get("/people", summary="List people, or find them by e-mail address, user number, nickname or id")
async def list_people(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    who: Annotated[str | None, Query(max_length=300, description="What the person says of themselves.")] = None,
) -> Page[Person]:
    if who is not None:
        found = [Person.of(person) for person in await services.people.find(who)]
        return paged(found, limit=limit, cursor=cursor, name=lambda person: person.person_id)
    rows = await services.people.list(after=optional_id("person", cursor), at_most=limit + 1)
    return page(rows, limit=limit, item=Person.of, cursor=lambda row: show_id("person", row.person_id))


@router.get("/people/{person_id}", summary="Get a person")
async def get_person(services: UseCases, person_id: PersonId) -> Person:
    return Person.of(await services.people.person(read_id("person", person_id)))


@router.put(
    "/people/{person_id}/staff-roles", summary="Set what somebody is on the staff; the last administrator stays"
)
async def set_staff_roles(services: UseCases, caller: Caller, person_id: PersonId, body: StaffRoles) -> Person:
    return Person.of(
        await services.people.set_staff_roles(caller.principal, read_id("person", person_id), body.staff_roles)
    )


@router.post("/people/{person_id}/disable", summary="Let somebody sign in no more; their sessions end and tokens stop")
async def disable_person(services: UseCases, caller: Caller, person_id: PersonId, body: Why = _NO_REASON) -> Person:
    return Person.of(await services.people.disable(caller.principal, read_id("person", person_id), why=body.reason))


@router.post("/people/{person_id}/enable", summary="Let somebody sign in again")
async def enable_person(services: UseCases, caller: Caller, person_id: PersonId, body: Why = _NO_REASON) -> Person:
    return Person.of(await services.people.enable(caller.principal, read_id("person", person_id), why=body.reason))


@router.get("/people/{person_id}/sessions", summary="List where somebody has signed in, newest first")
async def list_sessions_of_person(
    services: UseCases, person_id: PersonId, limit: Limit = PAGE_MAX, cursor: Cursor = None
) -> Page[SessionOutput]:
    person = await services.people.person(read_id("person", person_id))
    found = [SessionOutput.of(one) for one in await services.sessions.of_person(person.person_id)]
    return paged(found, limit=limit, cursor=cursor, name=lambda one: one.session_id)


@router.delete("/people/{person_id}/sessions", summary="Sign somebody out everywhere")
async def end_sessions_of_person(services: UseCases, caller: Caller, person_id: PersonId) -> Ended:
    person = await services.people.person(read_id("person", person_id))
    return Ended(ended=await services.sessions.end_all(person.person_id, by=caller.principal))


@router.get("/people/{person_id}/tokens", summary="List somebody's tokens for programs, newest first")
async def list_tokens_of_person(
    services: UseCases, person_id: PersonId, limit: Limit = 50, cursor: Cursor = None
) -> Page[Token]:
    person = await services.people.person(read_id("person", person_id))
    rows = await services.tokens.list(person.person_id, before=optional_id("token", cursor), at_most=limit + 1)
    return page(rows, limit=limit, item=Token.of, cursor=lambda row: show_id("token", row.token_id))


@router.delete("/people/{person_id}/tokens/{token_id}", summary="Revoke somebody's token; it is refused from now on")
async def revoke_token_of_person(services: UseCases, caller: Caller, person_id: PersonId, token_id: TokenId) -> Token:
    revoked = await services.tokens.revoke(
        read_id("token", token_id), by=caller.principal, person_id=read_id("person", person_id)
    )
    return Token.of(revoked)


@router.put("/members/{member_id}/role", summary="Set what a member is on their account; the last owner stays")
async def set_member_role(services: UseCases, caller: Caller, member_id: MemberId, body: RoleInput) -> Member:
    return Member.of(await services.people.set_role(caller.principal, read_id("member", member_id), body.role))


@router.post("/accounts/{account_id}/invitations", status_code=201, summary="Invite somebody to an account")
async def invite_member(
    services: UseCases, caller: Caller, request: Request, account_id: AccountId, body: NewInvitation
) -> InvitationMade:
    account = await services.ledger.account(read_id("account", account_id))
    language = body.language or language_of(request.scope, services.default_language)
    made = await services.people.invite(caller.principal, account.account_id, body.email, body.role, language)
    return _made(services, made)


@router.get("/accounts/{account_id}/invitations", summary="List invitations to an account, newest first")
async def list_invitations(
    services: UseCases, account_id: AccountId, limit: Limit = 50, cursor: Cursor = None
) -> Page[Invitation]:
    account = await services.ledger.account(read_id("account", account_id))
    rows = await services.people.invitations(
        account.account_id, before=optional_id("invitation", cursor), at_most=limit + 1
    )
    return _page(services, rows, limit)


@router.delete("/accounts/{account_id}/invitations/{invitation_id}", summary="Take back an invitation to an account")
async def revoke_invitation(
    services: UseCases, caller: Caller, account_id: AccountId, invitation_id: InvitationId
) -> Invitation:
    revoked = await services.people.revoke_invitation(
        caller.principal, read_id("invitation", invitation_id), account_id=read_id("account", account_id)
    )
    return Invitation.of(revoked, now=services.clock.now())


@router.post("/staff-invitations", status_code=201, summary="Invite somebody to the staff")
async def invite_staff(
    services: UseCases, caller: Caller, request: Request, body: NewStaffInvitation
) -> InvitationMade:
    language = body.language or language_of(request.scope, services.default_language)
    return _made(services, await services.people.invite_staff(caller.principal, body.email, body.staff_roles, language))


@router.get("/staff-invitations", summary="List invitations to the staff, newest first")
async def list_staff_invitations(services: UseCases, limit: Limit = 50, cursor: Cursor = None) -> Page[Invitation]:
    rows = await services.people.invitations(None, before=optional_id("invitation", cursor), at_most=limit + 1)
    return _page(services, rows, limit)


@router.delete("/staff-invitations/{invitation_id}", summary="Take back an invitation to the staff")
async def revoke_staff_invitation(services: UseCases, caller: Caller, invitation_id: InvitationId) -> Invitation:
    revoked = await services.people.revoke_invitation(caller.principal, read_id("invitation", invitation_id))
    return Invitation.of(revoked, now=services.clock.now())


def _made(services: UseCases, made: invitations_model.NewInvitation) -> InvitationMade:
    fields = _invitation_fields(made.invitation, now=services.clock.now())
    return InvitationMade.model_validate({**fields, "link": made.link})


def _page(services: UseCases, rows: list[invitations_model.Invitation], limit: int) -> Page[Invitation]:
    now = services.clock.now()
    return page(
        rows, limit=limit, item=lambda row: Invitation.of(row, now=now),
        cursor=lambda row: show_id("invitation", row.invitation_id),
    )  # fmt: skip
