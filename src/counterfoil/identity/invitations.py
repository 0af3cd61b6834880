"""Invitations: to an account with a role, or to the staff."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity import invitations_store as store
from counterfoil.identity import people_rules as people
from counterfoil.identity import people_store, rules
from counterfoil.identity.access import Need, Principal, Role, Staff, StaffRole
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.desk import (
    INVITATION_PATH,
    MANAGE_MEMBERS,
    PeopleDesk,
    check_may,
    check_may_give,
    hash_link,
    link_not_valid,
    new_link_token,
)
from counterfoil.identity.invitations_model import Invitation, InvitationState, NewInvitation, OpenInvitation
from counterfoil.identity.joining import Newcomer, follow_invitation
from counterfoil.identity.mails import Mail, MailKind
from counterfoil.identity.people_model import Person, PersonStatus, Session
from counterfoil.identity.throttle import by_mail
from counterfoil.ledger import history_store

PAGE_MAX = 500
OPEN_MAX = 200


class Invitations:
    """Made by whoever may, followed by whoever has the link, revoked until then."""

    def __init__(self, desk: PeopleDesk) -> None:
        self._desk = desk

    async def invite(
        self, by: Principal, account_id: UUID, email: str, role: Role, language: Language
    ) -> NewInvitation:
        """Invite somebody to an account. Raises `Forbidden`; only who may name an owner may invite one."""
        check_may_give(by, account_id, role)
        return await self._invite(by, email, language, account_id=account_id, role=role, staff_roles=frozenset())

    async def invite_staff(
        self, by: Principal, email: str, staff_roles: Collection[StaffRole], language: Language
    ) -> NewInvitation:
        """Invite somebody to the staff. Raises `Forbidden`."""
        check_may(by, Need(staff=Staff.PEOPLE_WRITE))
        roles = people.check_staff_roles(staff_roles)
        if not roles:
            raise InputError(field="staff_roles", expected="at least one role")
        return await self._invite(by, email, language, account_id=None, role=None, staff_roles=roles)

    async def _invite(
        self,
        by: Principal,
        email: str,
        language: Language,
        *,
        account_id: UUID | None,
        role: Role | None,
        staff_roles: frozenset[StaffRole],
    ) -> NewInvitation:
        desk, token, now = self._desk, new_link_token(), self._desk.clock.now()
        invitation = Invitation(
            invitation_id=desk.clock.new_id(), email=rules.normalise_email(email), account_id=account_id, role=role,
            staff_roles=staff_roles, language=language, mailed=desk.mails.can_send, invited_by=by.name[:254],
            created_at=now, expires_at=now + people.INVITATION_MICROS, accepted_at=None, revoked_at=None,
        )  # fmt: skip
        if desk.mails.can_send:
            await desk.throttle.count([by_mail(invitation.email)])
        async with desk.database.unit_of_work() as connection:
            known = await people_store.find_by_email(connection, invitation.email)
            membership = None if known is None else known.membership
            if membership is not None and membership.account_id == account_id:
                raise Conflict(code="already_exists", what="member", email=invitation.email)
            if await store.count_open(connection, account_id=account_id, now=now) >= OPEN_MAX:
                raise Conflict(code="invitations_too_many", most=OPEN_MAX)
            await store.insert_invitation(connection, invitation, token_hash=hash_link(token))
            await desk.audit.did(
                by, AuditEventKind.INVITED, account_id=account_id,
                subject=show_id("invitation", invitation.invitation_id), connection=connection,
            )  # fmt: skip
        link = desk.link(INVITATION_PATH, token)
        if not invitation.mailed:
            return NewInvitation(invitation=invitation, link=link)
        kind = MailKind.INVITATION if account_id is not None else MailKind.STAFF_INVITATION
        if not await desk.mails.send(Mail(kind=kind, email=invitation.email, language=language, link=link)):
            await self._revoke(invitation.invitation_id, by=by.name)
            raise Unavailable(code="mail_not_sent")
        return NewInvitation(invitation=invitation, link=None)

    async def of_link(self, token: str) -> OpenInvitation:
        """What an invitation is about, for whoever follows its link; raises `NotFound` (`link_not_valid`)."""
        async with self._desk.database.reading() as connection:
            invitation = _open(await store.find_by_hash(connection, hash_link(token)), now=self._desk.clock.now())
            known = await people_store.find_by_email(connection, invitation.email)
            account = None
            if invitation.account_id is not None:
                account = await history_store.read_account(connection, invitation.account_id)
        return OpenInvitation(
            invitation=invitation, account_name=None if account is None else account.name, is_known=known is not None
        )

    async def accept(self, token: str, password: str, nickname: str | None, *, session: Session | None) -> Person:
        """Follow an invitation: whoever is new chooses a password, whoever is known has signed in.

        Raises `NotFound` (`link_not_valid`), `Forbidden` (`sign_in_first`), `Conflict` (`member_elsewhere`).
        """
        desk, token_hash = self._desk, hash_link(token)
        async with desk.database.reading() as connection:
            invitation = _open(await store.find_by_hash(connection, token_hash), now=desk.clock.now())
            known = await people_store.find_by_email(connection, invitation.email)
        newcomer = None
        if known is None:
            people.check_password(password, email=invitation.email)
            newcomer = Newcomer(
                email=invitation.email, nickname=rules.check_nickname(nickname),
                password_hash=await desk.passwords.hash(password), language=invitation.language,
                verified=invitation.mailed,
            )  # fmt: skip
        elif session is None or session.person.person_id != known.person_id:
            raise Forbidden(code="sign_in_first")
        async with desk.database.unit_of_work() as connection:
            invitation = _open(await store.lock_by_hash(connection, token_hash), now=desk.clock.now())
            return await self._follow(connection, invitation, newcomer, known)

    async def accept_by_address(
        self, connection: people_store.Connection, email: str, who: Person | Newcomer
    ) -> Person | None:
        """Follow the newest open invitation of an address that a provider of sign-in vouches for; None without one."""
        invited = await store.lock_open_of(connection, email, now=self._desk.clock.now())
        if not invited:
            return None
        newcomer, known = (who, None) if isinstance(who, Newcomer) else (None, who)
        return await self._follow(connection, invited[-1], newcomer, known)

    async def _follow(
        self,
        connection: people_store.Connection,
        invitation: Invitation,
        newcomer: Newcomer | None,
        known: Person | None,
    ) -> Person:
        person = None if known is None else await people_store.lock_person(connection, known.person_id)
        if newcomer is None and (person is None or person.status is not PersonStatus.ACTIVE):
            raise Forbidden(code="sign_in_refused")
        who = person if person is not None else newcomer
        assert who is not None
        accepted = await follow_invitation(self._desk, connection, invitation, who)
        await store.set_accepted(connection, invitation.invitation_id, by=accepted.person_id, at=self._desk.clock.now())
        return accepted

    async def revoke(self, by: Principal, invitation_id: UUID, *, account_id: UUID | None = None) -> Invitation:
        """End an invitation that nobody has followed; once is as good as twice.

        Raises `NotFound`, also for another account's where one is named; `Conflict` where it was accepted.
        """
        async with self._desk.database.reading() as connection:
            invitation = await store.find_by_id(connection, invitation_id)
        if invitation is None or account_id not in (None, invitation.account_id):
            raise NotFound(code="invitation_not_found", invitation=show_id("invitation", invitation_id))
        if invitation.account_id is None:
            check_may(by, Need(staff=Staff.PEOPLE_WRITE))
        else:
            check_may(by, MANAGE_MEMBERS, account_id=invitation.account_id)
        return await self._revoke(invitation_id, by=by.name, audited=by)

    async def _revoke(self, invitation_id: UUID, *, by: str, audited: Principal | None = None) -> Invitation:
        now = self._desk.clock.now()
        async with self._desk.database.unit_of_work() as connection:
            invitation = await store.lock_by_id(connection, invitation_id)
            assert invitation is not None
            if invitation.accepted_at is not None:
                raise Conflict(code="invitation_accepted")
            if invitation.revoked_at is not None:
                return invitation
            await store.set_revoked(connection, invitation_id, by=by[:254], at=now)
            if audited is not None:
                await self._desk.audit.did(
                    audited, AuditEventKind.INVITATION_REVOKED, account_id=invitation.account_id,
                    subject=show_id("invitation", invitation_id), connection=connection,
                )  # fmt: skip
        return replace(invitation, revoked_at=now)

    async def list(self, account_id: UUID | None, *, before: UUID | None, at_most: int) -> builtins.list[Invitation]:
        """Invitations to an account, or (None) to the staff, newest first."""
        async with self._desk.database.reading() as connection:
            return await store.read_invitations(
                connection, account_id=account_id, before=before, at_most=max(1, min(at_most, PAGE_MAX))
            )

    async def one(self, invitation_id: UUID) -> Invitation:
        async with self._desk.database.reading() as connection:
            invitation = await store.find_by_id(connection, invitation_id)
        if invitation is None:
            raise NotFound(code="invitation_not_found", invitation=show_id("invitation", invitation_id))
        return invitation


def _open(invitation: Invitation | None, *, now: int) -> Invitation:
    if invitation is None or invitation.state(now) is not InvitationState.OPEN:
        raise link_not_valid()
    return invitation
