"""Who comes by a provider of sign-in: somebody it has brought before, somebody known by the address, or somebody new."""

from __future__ import annotations

from dataclasses import dataclass

from counterfoil.foundation.errors import Conflict, Forbidden
from counterfoil.identity import links_store, people_store, rules, sessions_store
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.desk import PeopleDesk
from counterfoil.identity.invitations import Invitations
from counterfoil.identity.joining import Newcomer, open_own_account
from counterfoil.identity.people_model import Person, PersonStatus
from counterfoil.identity.people_store import Connection

_IDENTITY_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What a provider has vouched for. `subject` is its own name of somebody, which never changes; addresses may."""

    issuer: str
    subject: str
    email: str | None
    is_email_verified: bool
    name: str | None = None


class Arrivals:
    """A person is linked by the subject, or once by an address that the provider has verified."""

    def __init__(self, desk: PeopleDesk, invitations: Invitations) -> None:
        self._desk = desk
        self._invitations = invitations

    async def arrive(self, arrival: Arrival) -> Person:
        """Who it is. Raises `Forbidden`: `sign_in_refused` for a disabled person, `oidc_email_unverified`,
        `oidc_not_invited` for a stranger where registration is closed.
        """
        if not 1 <= len(arrival.subject) <= _IDENTITY_LENGTH_MAX or len(arrival.issuer) > _IDENTITY_LENGTH_MAX:
            raise Forbidden(code="oidc_refused")
        try:
            return await self._arrive(arrival)
        except Conflict:
            # Two arrivals of somebody new at once: the other one has made them.
            return await self._arrive(arrival)

    async def _arrive(self, arrival: Arrival) -> Person:
        async with self._desk.database.unit_of_work() as connection:
            known = await people_store.find_by_subject(connection, issuer=arrival.issuer, subject=arrival.subject)
            if known is None:
                known = await self._by_address(connection, arrival)
            if known.status is not PersonStatus.ACTIVE:
                raise Forbidden(code="sign_in_refused")
        return known

    async def _by_address(self, connection: Connection, arrival: Arrival) -> Person:
        if arrival.email is None or not arrival.is_email_verified:
            raise Forbidden(code="oidc_email_unverified")
        address = rules.normalise_email(arrival.email)
        known = await people_store.find_by_email(connection, address)
        person = await self._newcomer(connection, address, arrival) if known is None else known
        if not await people_store.insert_subject(
            connection, person.person_id, issuer=arrival.issuer, subject=arrival.subject, at=self._desk.clock.now()
        ):
            raise Conflict(code="already_exists", what="subject")
        if known is not None:
            await self._take_over(connection, known)
        await self._desk.audit.did(person.principal(), AuditEventKind.SIGN_IN_LINKED, connection=connection)
        return person

    async def _newcomer(self, connection: Connection, address: str, arrival: Arrival) -> Person:
        newcomer = Newcomer(
            email=address, nickname=_nickname(arrival.name), password_hash=None, language=None, verified=True
        )
        invited = await self._invitations.accept_by_address(connection, address, newcomer)
        if invited is not None:
            return invited
        if not self._desk.settings.registration:
            raise Forbidden(code="oidc_not_invited")
        person = await open_own_account(self._desk, connection, newcomer)
        await links_store.delete_registrations_of(connection, address)
        return person

    async def _take_over(self, connection: Connection, known: Person) -> None:
        """The address is shown to be theirs: what somebody has set up who never showed that does not stay."""
        await people_store.lock_person(connection, known.person_id)
        if known.email_verified_at is None:
            await people_store.set_password(connection, known.person_id, None)
            await people_store.remove_totp(connection, known.person_id)
            await sessions_store.delete_sessions_of(connection, known.person_id, but=None)
        await people_store.set_verified(connection, known.person_id, at=self._desk.clock.now())


def _nickname(name: str | None) -> str | None:
    cleaned = "".join(one for one in name or "" if one.isprintable()).strip()[: rules.NICKNAME_LENGTH_MAX]
    return cleaned or None
