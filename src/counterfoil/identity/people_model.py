"""People who sign in, their sessions, invitations and tokens. Nothing here does I/O. Times are UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, Role, StaffRole


class PersonStatus(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"


class Theme(StrEnum):
    """Light, dark, or as the device says."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Which account a person belongs to, and as what."""

    member_id: UUID
    account_id: UUID
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in: a member of one account, staff, or both. `user_number` is a member's own, else their own."""

    person_id: UUID
    user_number: int
    email: str
    nickname: str | None
    status: PersonStatus
    staff_roles: frozenset[StaffRole]
    membership: Membership | None
    # None: as the browser says, and as the account says.
    language: Language | None
    time_zone: str | None
    theme: Theme
    has_password: bool
    has_totp: bool
    email_verified_at: int | None
    created_at: int

    def principal(self, *, scopes: frozenset[str] | None = None) -> Principal:
        """This person, as rules about access see them."""
        active = self.status is PersonStatus.ACTIVE
        membership = self.membership if active else None
        return Principal(
            name=self.email,
            person_id=self.person_id,
            account_id=membership.account_id if membership else None,
            member_id=membership.member_id if membership else None,
            role=membership.role if membership else None,
            staff_roles=self.staff_roles if active else frozenset(),
            scopes=scopes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """That somebody has signed in at one browser. `csrf` belongs in every form; the token itself is kept as a hash."""

    session_id: UUID
    person: Person
    csrf: str = field(repr=False)
    created_at: int
    last_used_at: int
    expires_at: int
    # When the password or the second factor was last given: what is dangerous asks for it again.
    confirmed_at: int
    # Such as "Chrome on Linux": made from the browser's name, which itself is not kept.
    device: str = ""
    client_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that has begun, with the secret that the cookie carries; it is shown this once."""

    session: Session
    token: str = field(repr=False)
