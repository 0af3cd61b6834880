"""Looking after people: finding them, their profiles, their roles, and whether they may sign in."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import replace
from enum import Enum
from uuid import UUID

from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity import links_store, rules, sessions_store
from counterfoil.identity import people_rules as people
from counterfoil.identity import people_store as store
from counterfoil.identity import store as members_store
from counterfoil.identity.access import Need, Principal, Role, Staff, StaffRole
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.desk import PeopleDesk, check_may, check_may_give
from counterfoil.identity.model import Member
from counterfoil.identity.people_model import Person, PersonStatus, Theme

PAGE_MAX = 500
# A user number is a BIGINT; longer digits are a nickname or a mistake.
_USER_NUMBER_DIGITS_MAX = 18
_MANAGE_PEOPLE = Need(staff=Staff.PEOPLE_WRITE)


class Keep(Enum):
    """Leave it as it is: None means something of its own."""

    KEEP = "keep"


class Administration:
    """People as others see them."""

    def __init__(self, desk: PeopleDesk) -> None:
        self._desk = desk

    async def person(self, person_id: UUID) -> Person:
        async with self._desk.database.reading() as connection:
            return _found(await store.find_person(connection, person_id), show_id("person", person_id))

    async def of_member(self, member_id: UUID) -> Person | None:
        async with self._desk.database.reading() as connection:
            return await store.find_by_member(connection, member_id)

    async def find(self, text: str) -> builtins.list[Person]:
        """Whoever an id, an address, a user number or a nickname names; nobody gives an empty list."""
        cleaned = text.strip()
        if not cleaned or not cleaned.isprintable():
            return []
        shown = read_any_id(cleaned)
        number = cleaned.removeprefix("#")
        async with self._desk.database.reading() as connection:
            if shown is not None and shown[0] == "person":
                return _listed(await store.find_person(connection, shown[1]))
            if shown is not None and shown[0] == "member":
                return _listed(await store.find_by_member(connection, shown[1]))
            if "@" in cleaned:
                return _listed(await store.find_by_email(connection, cleaned))
            named = await store.find_by_nickname(connection, cleaned, at_most=PAGE_MAX)
            if number.isascii() and number.isdecimal() and len(number) <= _USER_NUMBER_DIGITS_MAX:
                numbered = _listed(await store.find_by_user_number(connection, int(number)))
                return [*numbered, *(one for one in named if one not in numbered)]
        return named

    async def list(
        self, *, after: UUID | None, at_most: int, account_id: UUID | None, staff: bool
    ) -> builtins.list[Person]:
        async with self._desk.database.reading() as connection:
            return await store.read_people(
                connection, after=after, at_most=max(1, min(at_most, PAGE_MAX)), account_id=account_id, staff=staff
            )

    async def update_profile(
        self,
        person_id: UUID,
        *,
        nickname: str | Keep | None,
        language: Language | Keep | None,
        time_zone: str | Keep | None,
        theme: Theme | Keep,
    ) -> Person:
        async with self._desk.database.unit_of_work() as connection:
            person = _found(await store.lock_person(connection, person_id), show_id("person", person_id))
            changed = replace(
                person,
                nickname=person.nickname if isinstance(nickname, Keep) else rules.check_nickname(nickname),
                language=person.language if isinstance(language, Keep) else language,
                time_zone=person.time_zone if isinstance(time_zone, Keep) else people.check_time_zone(time_zone),
                theme=person.theme if isinstance(theme, Keep) else theme,
            )
            await store.set_profile(connection, changed)
        return changed

    async def change_email(self, by: Principal, person_id: UUID, email: str) -> Person:
        check_may(by, _MANAGE_PEOPLE)
        address = rules.normalise_email(email)
        async with self._desk.database.unit_of_work() as connection:
            _found(await store.lock_person(connection, person_id), show_id("person", person_id))
            await store.set_email(connection, person_id, address)
            # Links that went to the address before are not for whoever has it now.
            await links_store.delete_resets_of(connection, person_id)
            return await self._audited(connection, by, AuditEventKind.EMAIL_CHANGED, person_id)

    # Roles.

    async def set_staff_roles(self, by: Principal, person_id: UUID, roles: Collection[StaffRole]) -> Person:
        check_may(by, _MANAGE_PEOPLE)
        wanted = people.check_staff_roles(roles)
        async with self._desk.database.unit_of_work() as connection:
            administrators = await store.lock_administrators(connection)
            _found(await store.lock_person(connection, person_id), show_id("person", person_id))
            if StaffRole.ADMINISTRATOR not in wanted:
                _check_not_last(administrators, person_id)
            await store.set_staff_roles(connection, person_id, wanted)
            return await self._audited(
                connection, by, AuditEventKind.STAFF_ROLES_CHANGED, person_id, why=", ".join(sorted(wanted)) or None
            )

    async def set_role(self, by: Principal, member_id: UUID, role: Role, *, account_id: UUID | None) -> Member:
        shown = show_id("member", member_id)
        async with self._desk.database.unit_of_work() as connection:
            known = await members_store.find_member(connection, member_id)
            if known is None or account_id not in (None, known.account_id):
                raise NotFound(what="member", id=shown)
            # Owners first, and then whoever it is about: two who change each other's role do so one after the other.
            owners = await store.lock_owners(connection, known.account_id)
            member = await members_store.lock_member(connection, member_id)
            assert member is not None
            check_may_give(by, member.account_id, role, member.role)
            if role is not Role.OWNER and owners == {member_id}:
                raise Conflict(code="last_owner_stays")
            await store.set_member_role(connection, member_id, role)
            await self._desk.audit.did(
                by, AuditEventKind.ROLE_CHANGED, account_id=member.account_id, subject=shown, why=role,
                connection=connection,
            )  # fmt: skip
        return replace(member, role=role)

    # Whether they may sign in.

    async def disable(self, by: Principal, person_id: UUID, *, why: str | None) -> Person:
        check_may(by, _MANAGE_PEOPLE)
        async with self._desk.database.unit_of_work() as connection:
            administrators = await store.lock_administrators(connection)
            _found(await store.lock_person(connection, person_id), show_id("person", person_id))
            _check_not_last(administrators, person_id)
            await store.set_status(connection, person_id, PersonStatus.DISABLED)
            await sessions_store.delete_sessions_of(connection, person_id, but=None)
            return await self._audited(connection, by, AuditEventKind.PERSON_DISABLED, person_id, why=why)

    async def enable(self, by: Principal, person_id: UUID, *, why: str | None) -> Person:
        check_may(by, _MANAGE_PEOPLE)
        async with self._desk.database.unit_of_work() as connection:
            _found(await store.lock_person(connection, person_id), show_id("person", person_id))
            await store.set_status(connection, person_id, PersonStatus.ACTIVE)
            return await self._audited(connection, by, AuditEventKind.PERSON_ENABLED, person_id, why=why)

    async def remove_second_factor(self, by: Principal, person_id: UUID, *, why: str | None) -> Person:
        check_may(by, _MANAGE_PEOPLE)
        async with self._desk.database.unit_of_work() as connection:
            _found(await store.lock_person(connection, person_id), show_id("person", person_id))
            await store.remove_totp(connection, person_id)
            return await self._audited(connection, by, AuditEventKind.SECOND_FACTOR_REMOVED, person_id, why=why)

    async def _audited(
        self,
        connection: store.Connection,
        by: Principal,
        what: AuditEventKind,
        person_id: UUID,
        *,
        why: str | None = None,
    ) -> Person:
        person = await store.find_person(connection, person_id)
        assert person is not None
        await self._desk.audit.did(
            by, what, account_id=person.membership.account_id if person.membership else None,
            subject=show_id("person", person_id), why=why, connection=connection,
        )  # fmt: skip
        return person


def _check_not_last(administrators: set[UUID], person_id: UUID) -> None:
    if administrators == {person_id}:
        raise Conflict(code="last_administrator_stays")


def _found(person: Person | None, given: str) -> Person:
    if person is None:
        raise NotFound(code="person_not_found", person=given)
    return person


def _listed(person: Person | None) -> builtins.list[Person]:
    return [] if person is None else [person]
