"""The record of who saw or did what to whose account, and why. Nothing here does I/O. Times are UTC microseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class AuditKind(StrEnum):
    SAW = "saw"
    DID = "did"


class AuditEventKind(StrEnum):
    """What people do to people. Other rooms' doings are named by the route, page or command that did them."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    REGISTERED = "registered"
    ADMINISTRATOR_MADE = "administrator_made"
    INVITED = "invited"
    INVITATION_ACCEPTED = "invitation_accepted"
    INVITATION_REVOKED = "invitation_revoked"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - what happened, no password
    PASSWORD_RESET = "password_reset"  # noqa: S105
    RESET_LINK_MADE = "reset_link_made"
    SECOND_FACTOR_ADDED = "second_factor_added"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODE_USED = "recovery_code_used"
    SIGN_IN_LINKED = "sign_in_linked"
    ROLE_CHANGED = "role_changed"
    STAFF_ROLES_CHANGED = "staff_roles_changed"
    EMAIL_CHANGED = "email_changed"
    PERSON_DISABLED = "person_disabled"
    PERSON_ENABLED = "person_enabled"
    SESSIONS_ENDED = "sessions_ended"
    TOKEN_MADE = "token_made"  # noqa: S105
    TOKEN_REVOKED = "token_revoked"  # noqa: S105


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One row of the record. `what` is an `AuditEventKind`, or the name of a route, page or command."""

    event_id: UUID
    at: int
    kind: AuditKind
    what: str
    by: str
    person_id: UUID | None
    account_id: UUID | None
    subject: str | None
    why: str | None
    client_address: str | None
