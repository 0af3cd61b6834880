"""What the use cases of people share: their tools, their settings, and the addresses of their links."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Forbidden, NotFound
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Need, Own, Principal, Role, Staff, decide
from counterfoil.identity.audit import Audit
from counterfoil.identity.factors import SecondFactors
from counterfoil.identity.mails import Mails
from counterfoil.identity.passwords import Passwords
from counterfoil.identity.people_rules import hash_token
from counterfoil.identity.throttle import Throttle
from counterfoil.ledger.service import Ledger
from counterfoil.storage.database import Database

_LINK_BYTES = 32
_LINK_CHARACTERS_MAX = 100

# Where links in mails lead: pages of the console.
VERIFY_PATH = "/console/verify/"
RESET_PATH = "/console/reset/"
INVITATION_PATH = "/console/invitation/"
WELCOME_PATH = "/console/welcome/"


MANAGE_MEMBERS = Need(own=Own.MEMBERS_WRITE, staff=Staff.ACCOUNTS_WRITE)
# Who owns an account is decided by its owners.
MANAGE_OWNERS = Need(own=Own.ACCOUNT_WRITE, staff=Staff.ACCOUNTS_WRITE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleSettings:
    """What the operator has chosen. `trial_nanos` is credited once to each person who registers; 0: nothing."""

    public_url: str
    operator_name: str
    default_language: Language = Language.EN
    registration: bool = False
    trial_nanos: int = 0
    currency: str = "USD"
    # Of accounts that are opened by registering.
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleDesk:
    """The tools of every use case about people."""

    database: Database
    clock: Clock
    ledger: Ledger
    passwords: Passwords
    factors: SecondFactors
    throttle: Throttle
    mails: Mails
    audit: Audit
    settings: PeopleSettings

    def link(self, path: str, token: str) -> str:
        return f"{self.settings.public_url}{path}{token}"


def new_link_token() -> str:
    return secrets.token_urlsafe(_LINK_BYTES)


def hash_link(token: str) -> bytes:
    """What is kept of a link's token; raises `NotFound` for what cannot be one."""
    if not 1 <= len(token) <= _LINK_CHARACTERS_MAX:
        raise link_not_valid()
    return hash_token(token)


def link_not_valid() -> NotFound:
    """One answer for a link that never was, was used, was revoked or has expired."""
    return NotFound(code="link_not_valid")


def check_may(by: Principal, need: Need, *, account_id: UUID | None = None) -> None:
    """Raise `Forbidden` naming the permission that is missing; doors have asked already, and may have been wrong."""
    if decide(by, need, account_id=account_id).allowed:
        return
    raise Forbidden(code="permission_missing", permission=str(need.own or need.staff or ""))


def check_may_give(by: Principal, account_id: UUID, *roles: Role) -> None:
    """Raise `Forbidden` unless somebody may give, or take away, these roles on an account."""
    check_may(by, MANAGE_MEMBERS, account_id=account_id)
    if Role.OWNER in roles:
        check_may(by, MANAGE_OWNERS, account_id=account_id)
