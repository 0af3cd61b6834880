"""People, invitations, sessions, tokens and the audit trail as plain JSON, by the same names as over REST."""

from __future__ import annotations

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import Json, identifier, time
from counterfoil.identity.audit_model import AuditEvent
from counterfoil.identity.invitations_model import Invitation
from counterfoil.identity.people_model import Person, Session
from counterfoil.identity.tokens_model import RestToken


def person_json(person: Person) -> Json:
    membership = person.membership
    return {
        "person_id": show_id("person", person.person_id),
        "user_number": person.user_number,
        "email": person.email,
        "nickname": person.nickname,
        "status": person.status,
        "account_id": identifier("account", None if membership is None else membership.account_id),
        "member_id": identifier("member", None if membership is None else membership.member_id),
        "role": None if membership is None else membership.role,
        "staff_roles": sorted(person.staff_roles),
        "language": person.language,
        "time_zone": person.time_zone,
        "has_password": person.has_password,
        "has_totp": person.has_totp,
        "email_verified_at": time(person.email_verified_at),
        "created_at": time(person.created_at),
    }


def invitation_json(invitation: Invitation, *, now: int) -> Json:
    return {
        "invitation_id": show_id("invitation", invitation.invitation_id),
        "email": invitation.email,
        "account_id": identifier("account", invitation.account_id),
        "role": invitation.role,
        "staff_roles": sorted(invitation.staff_roles),
        "state": invitation.state(now),
        "invited_by": invitation.invited_by,
        "created_at": time(invitation.created_at),
        "expires_at": time(invitation.expires_at),
        "accepted_at": time(invitation.accepted_at),
        "revoked_at": time(invitation.revoked_at),
    }


def session_json(session: Session) -> Json:
    return {
        "session_id": show_id("session", session.session_id),
        "device": session.device,
        "client_address": session.client_address,
        "created_at": time(session.created_at),
        "last_used_at": time(session.last_used_at),
        "expires_at": time(session.expires_at),
        "confirmed_at": time(session.confirmed_at),
    }


def token_json(token: RestToken) -> Json:
    return {
        "token_id": show_id("token", token.token_id),
        "name": token.name,
        "mask": token.mask,
        "scopes": sorted(token.scopes),
        "created_at": time(token.created_at),
        "expires_at": time(token.expires_at),
        "last_used_at": time(token.last_used_at),
        "revoked_at": time(token.revoked_at),
    }


def event_json(event: AuditEvent) -> Json:
    return {
        "event_id": show_id("audit_event", event.event_id),
        "at": time(event.at),
        "kind": event.kind,
        "what": event.what,
        "by": event.by,
        "person_id": identifier("person", event.person_id),
        "account_id": identifier("account", event.account_id),
        "subject": event.subject,
        "why": event.why,
        "client_address": event.client_address,
    }
