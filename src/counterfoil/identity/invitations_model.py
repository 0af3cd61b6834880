"""Invitations and REST tokens. Nothing here does I/O. Times are UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Role, StaffRole


class InvitationState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """To an account with a role, or (without an account) to the staff. `mailed`: its link went to the address alone."""

    invitation_id: UUID
    email: str
    account_id: UUID | None
    role: Role | None
    staff_roles: frozenset[StaffRole]
    language: Language
    mailed: bool
    invited_by: str
    created_at: int
    expires_at: int
    accepted_at: int | None
    revoked_at: int | None

    def state(self, now: int) -> InvitationState:
        if self.accepted_at is not None:
            return InvitationState.ACCEPTED
        if self.revoked_at is not None:
            return InvitationState.REVOKED
        return InvitationState.EXPIRED if now >= self.expires_at else InvitationState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """An invitation that was made. `link` is there only where no mail has carried it: hand it on yourself."""

    invitation: Invitation
    link: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInvitation:
    """What whoever follows the link is asked: `is_known` people give the password they have, others choose one."""

    invitation: Invitation
    account_name: str | None
    is_known: bool
