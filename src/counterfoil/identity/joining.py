"""How a person comes to an account: by registering, or by an invitation. All of it is within the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from counterfoil.foundation.errors import Conflict
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity import people_store, store
from counterfoil.identity.access import Role, StaffRole
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.desk import PeopleDesk
from counterfoil.identity.invitations_model import Invitation
from counterfoil.identity.model import Member, MemberStatus
from counterfoil.identity.people_model import Person
from counterfoil.identity.people_store import Connection, NewPerson
from counterfoil.ledger import history_store
from counterfoil.ledger.model import PROMOTIONS, Credit, GrantKind, GrantSpec

_ACCOUNT_NAME_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """Somebody who is not here yet. `password_hash` None: they sign in by a provider."""

    email: str
    nickname: str | None
    password_hash: str | None = field(repr=False)
    language: Language | None
    verified: bool


async def open_own_account(desk: PeopleDesk, connection: Connection, newcomer: Newcomer) -> Person:
    """A person with an account of their own, and what they may try it with.

    Whom the operator has put on an account already gets that one. Raises `Conflict` where somebody has the address.
    """
    member = await store.find_by_email(connection, newcomer.email)
    is_new = member is None
    if member is None:
        account_id = desk.clock.new_id()
        await history_store.insert_account(
            connection, account_id=account_id, name=newcomer.email[:_ACCOUNT_NAME_MAX],
            currency=desk.settings.currency, time_zone=desk.settings.time_zone, created_at=desk.clock.now(),
        )  # fmt: skip
        member = await _add_member(desk, connection, newcomer, account_id=account_id)
        await people_store.set_member_role(connection, member.member_id, Role.OWNER)
    person = await _insert(desk, connection, newcomer, member=member)
    if is_new:
        await _grant_trial(desk, connection, person.person_id, account_id=member.account_id)
    await desk.audit.did(
        person.principal(), AuditEventKind.REGISTERED, account_id=member.account_id,
        subject=show_id("person", person.person_id), connection=connection,
    )  # fmt: skip
    return person


async def follow_invitation(
    desk: PeopleDesk, connection: Connection, invitation: Invitation, who: Person | Newcomer
) -> Person:
    """Make somebody, new or known, what an invitation says; whoever calls has locked the invitation.

    Raises `Conflict` (`member_elsewhere`) where they belong to another account.
    """
    if isinstance(who, Newcomer):
        member = None
        if invitation.account_id is not None:
            member = await _member_for(desk, connection, who, invitation.account_id)
        person = await _insert(desk, connection, who, member=member)
    else:
        person = who
        if invitation.account_id is not None:
            await _join(desk, connection, person, invitation.account_id)
    if invitation.account_id is not None and invitation.role is not None:
        await _give_role(connection, person.person_id, invitation.role)
    if invitation.staff_roles:
        roles = person.staff_roles | invitation.staff_roles
        await people_store.set_staff_roles(connection, person.person_id, roles)
    changed = await people_store.find_person(connection, person.person_id)
    assert changed is not None
    await desk.audit.did(
        changed.principal(), AuditEventKind.INVITATION_ACCEPTED, account_id=invitation.account_id,
        subject=show_id("invitation", invitation.invitation_id), connection=connection,
    )  # fmt: skip
    return changed


async def insert_newcomer(
    desk: PeopleDesk, connection: Connection, newcomer: Newcomer, *, staff_roles: frozenset[StaffRole] = frozenset()
) -> Person:
    """A person without an account of their own: staff, or the member that has the address already."""
    member = await store.find_by_email(connection, newcomer.email)
    return await _insert(desk, connection, newcomer, member=member, staff_roles=staff_roles)


async def _insert(
    desk: PeopleDesk,
    connection: Connection,
    newcomer: Newcomer,
    *,
    member: Member | None,
    staff_roles: frozenset[StaffRole] = frozenset(),
) -> Person:
    now = desk.clock.now()
    new = NewPerson(
        person_id=desk.clock.new_id(), email=newcomer.email,
        nickname=newcomer.nickname or (None if member is None else member.nickname),
        password_hash=newcomer.password_hash, created_at=now, staff_roles=staff_roles, language=newcomer.language,
        member_id=None if member is None else member.member_id,
        user_number=None if member is None else member.user_number, email_verified_at=now if newcomer.verified else None,
    )  # fmt: skip
    await people_store.insert_person(connection, new)
    person = await people_store.find_person(connection, new.person_id)
    assert person is not None
    return person


async def _add_member(desk: PeopleDesk, connection: Connection, who: Newcomer | Person, *, account_id: UUID) -> Member:
    return await store.insert_member(
        connection, member_id=desk.clock.new_id(), account_id=account_id, email=who.email, nickname=who.nickname,
        created_at=desk.clock.now(),
    )  # fmt: skip


async def _member_for(desk: PeopleDesk, connection: Connection, who: Newcomer | Person, account_id: UUID) -> Member:
    """The member of an account that somebody is: the one that was added for them, or a new one."""
    known = await store.find_by_email(connection, who.email)
    if known is None:
        return await _add_member(desk, connection, who, account_id=account_id)
    if known.account_id != account_id:
        raise Conflict(code="member_elsewhere")
    return known


async def _join(desk: PeopleDesk, connection: Connection, person: Person, account_id: UUID) -> None:
    if person.membership is not None and person.membership.account_id != account_id:
        raise Conflict(code="member_elsewhere")
    member = await _member_for(desk, connection, person, account_id)
    await people_store.set_member(connection, person.person_id, member_id=member.member_id)


async def _give_role(connection: Connection, person_id: UUID, role: Role) -> None:
    member = await people_store.find_member_of(connection, person_id)
    assert member is not None
    await store.set_status(connection, member, MemberStatus.ACTIVE)
    await people_store.set_member_role(connection, member, role)


async def _grant_trial(desk: PeopleDesk, connection: Connection, person_id: UUID, *, account_id: UUID) -> None:
    """Credit what somebody may try the service with, once in their life."""
    amount = desk.settings.trial_nanos
    if amount <= 0 or not await people_store.set_trial_granted(connection, person_id, at=desk.clock.now()):
        return
    trial = GrantSpec(kind=GrantKind.PROMOTIONAL, amount=amount, origin=PROMOTIONS)
    await desk.ledger.session(connection).operate(
        Credit(account_id=account_id, source_kind="grant", source_id=f"trial:{person_id.hex}", grants=(trial,))
    )
