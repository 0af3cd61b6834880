"""Members: the people on an account. Nothing here does I/O."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from counterfoil.identity.access import Role


class MemberStatus(StrEnum):
    """Whether a member may act for the account. A disabled one stays, because the past names it."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person on an account. `user_number` counts up over the whole installation; `email` is unique in it."""

    member_id: UUID
    account_id: UUID
    user_number: int
    email: str
    nickname: str | None
    status: MemberStatus
    created_at: int
    role: Role = Role.DEVELOPER


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSettings:
    """What an administrator chooses for a member."""

    email: str
    nickname: str | None = None
