"""Signing in and out, registering, forgotten passwords and invitations: what somebody does before they are known."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field, SecretStr

from counterfoil.api.access import OwnSession
from counterfoil.api.fields import Input, Output, Text
from counterfoil.api.me import Code, Password, SessionOutput
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.people_model import NewSession, Person

router = APIRouter(tags=["signing in"])

Email = Annotated[str, Field(min_length=3, max_length=254)]
Nickname = Annotated[Text | None, Field(max_length=120)]
# In the body and not in the address, which logs would keep.
LinkToken = Annotated[SecretStr, Field(min_length=1, max_length=100, description="The last part of the link.")]
_USER_AGENT_CHARACTERS_MAX = 500


class SignIn(Input):
    email: Email
    password: Password
    code: Annotated[Code | None, Field(description="Of the second factor, where there is one.")] = None


class SignedIn(SessionOutput):
    """A session with its token, which is shown this once: it goes into the Authorization header."""

    token: str

    @classmethod
    def begun(cls, begun: NewSession) -> SignedIn:
        of = SessionOutput.of(begun.session, this=begun.session)
        return cls(**of.model_dump(), token=begun.token)


class Registration(Input):
    email: Email
    password: Password
    nickname: Nickname = None
    language: Annotated[Language | None, Field(description="Not given: as Accept-Language asks.")] = None


class Mailed(Output):
    """The same whether the address is known or not: what there is to say is in the mail."""

    email: str


class AddressOf(Input):
    email: Email
    language: Annotated[Language | None, Field(description="Not given: as Accept-Language asks.")] = None


class Link(Input):
    token: LinkToken


class NewPassword(Link):
    password: Password


class Acceptance(Link):
    """Whoever is new chooses a password; whoever is known sends their session's token along, and no password."""

    password: Password | None = None
    nickname: Nickname = None


class InvitationOutput(Output):
    """What an invitation is about. `is_known`: the address belongs to somebody, who signs in to accept it."""

    email: str
    account_name: str | None
    role: str | None
    staff_roles: list[str]
    invited_by: str
    is_known: bool


class PersonMade(Output):
    """Somebody who can sign in now."""

    person_id: str
    email: str
    account_id: str | None

    @classmethod
    def of(cls, person: Person) -> PersonMade:
        membership = person.membership
        return cls(
            person_id=show_id("person", person.person_id),
            email=person.email,
            account_id=None if membership is None else show_id("account", membership.account_id),
        )


@router.post("/session", status_code=201, summary="Sign in: gives a token for the Authorization header")
async def sign_in(services: UseCases, request: Request, body: SignIn) -> SignedIn:
    begun = await services.sessions.sign_in(
        body.email, body.password.get_secret_value(), totp=_plain(body.code),
        client_address=request.state.client_address,
        user_agent=request.headers.get("user-agent", "")[:_USER_AGENT_CHARACTERS_MAX],
    )  # fmt: skip
    return SignedIn.begun(begun)


@router.delete("/session", summary="Sign out")
async def sign_out(services: UseCases, session: OwnSession) -> SessionOutput:
    await services.sessions.end(session.session_id)
    return SessionOutput.of(session, this=session)


@router.post("/registrations", status_code=202, summary="Register: a link comes by mail")
async def register(services: UseCases, request: Request, body: Registration) -> Mailed:
    await services.people.register(
        body.email, body.password.get_secret_value(), body.nickname, _language(services, request, body.language),
        client_address=request.state.client_address,
    )  # fmt: skip
    return Mailed(email=body.email)


@router.post(
    "/registrations/verify", status_code=201, summary="Follow the link of a registration: the account is opened"
)
async def verify_registration(services: UseCases, body: Link) -> PersonMade:
    return PersonMade.of(await services.people.verify_email(body.token.get_secret_value()))


@router.post("/password-resets", status_code=202, summary="Ask for a link to choose a new password")
async def ask_password_reset(services: UseCases, request: Request, body: AddressOf) -> Mailed:
    await services.people.ask_password_reset(
        body.email, _language(services, request, body.language), client_address=request.state.client_address
    )
    return Mailed(email=body.email)


@router.post("/password-resets/follow", summary="Choose a new password by a link; every session ends")
async def reset_password(services: UseCases, body: NewPassword) -> PersonMade:
    person = await services.people.reset_password(body.token.get_secret_value(), body.password.get_secret_value())
    return PersonMade.of(person)


@router.post("/invitations/look", summary="Get what an invitation is about; it changes nothing")
async def look_at_invitation(services: UseCases, body: Link) -> InvitationOutput:
    found = await services.people.invitation(body.token.get_secret_value())
    invitation = found.invitation
    return InvitationOutput(
        email=invitation.email, account_name=found.account_name, role=invitation.role,
        staff_roles=sorted(invitation.staff_roles), invited_by=invitation.invited_by, is_known=found.is_known,
    )  # fmt: skip


@router.post("/invitations/accept", status_code=201, summary="Accept an invitation")
async def accept_invitation(services: UseCases, request: Request, body: Acceptance) -> PersonMade:
    person = await services.people.accept_invitation(
        body.token.get_secret_value(), _plain(body.password) or "", body.nickname,
        session=getattr(request.state, "session", None),
    )  # fmt: skip
    return PersonMade.of(person)


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _language(services: UseCases, request: Request, given: Language | None) -> Language:
    return given or language_of(request.scope, services.default_language)
