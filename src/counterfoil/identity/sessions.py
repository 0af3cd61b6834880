"""Sessions: that somebody has signed in at one browser, for how long, and how to end it.

The cookie carries 256 random bits, of which the SHA-256 is kept. Whoever signs in gets a new token every time: one that
was there before is worth nothing.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Forbidden, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.identity import people_rules as rules
from counterfoil.identity import people_store
from counterfoil.identity import sessions_store as store
from counterfoil.identity.access import Principal
from counterfoil.identity.audit import Audit
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.factors import SecondFactors
from counterfoil.identity.passwords import Passwords
from counterfoil.identity.people_model import NewSession, Person, PersonStatus, Session
from counterfoil.identity.people_store import Credentials
from counterfoil.identity.sessions_store import KeptSession
from counterfoil.identity.throttle import Throttle, Tried, by_address, by_email
from counterfoil.storage.database import Database

SESSIONS_MAX = 50
_TOKEN_BYTES = 32
_TOKEN_CHARACTERS_MAX = 100
_DEVICE_MAX, _ADDRESS_MAX = 80, 64
_CLEAN_AT_ONCE = 1_000


class Sessions:
    """Signing in and out. A person has fifty sessions at most; the oldest gives way."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        passwords: Passwords,
        factors: SecondFactors,
        throttle: Throttle,
        audit: Audit,
    ) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords
        self._factors = factors
        self._throttle = throttle
        self._audit = audit

    async def sign_in(
        self, email: str, password: str, *, totp: str | None = None, client_address: str, user_agent: str
    ) -> NewSession:
        """Begin a session for whoever knows the password, and the second factor where there is one.

        Raises `Forbidden`: `sign_in_throttled` (with `seconds`); `sign_in_refused` for an unknown address, a wrong
        password and a disabled person alike, after the same time; `totp_required` and `totp_wrong`.
        """
        tried = [by_email(email), by_address(client_address)]
        await self._throttle.count(tried)
        person, credentials = await self._known(email)
        is_right = await self._passwords.verify(credentials.password_hash if credentials else None, password)
        if person is None or credentials is None or not is_right or person.status is not PersonStatus.ACTIVE:
            raise Forbidden(code="sign_in_refused")
        await self._second_factor(person, credentials, totp, tried)
        await self._throttle.clear(tried[0])
        await self._throttle.take_back(tried[1:])
        await self._hash_anew(person, credentials, password)
        return await self.begin(person.person_id, client_address=client_address, user_agent=user_agent)

    async def begin(self, person_id: UUID, *, client_address: str, user_agent: str) -> NewSession:
        """Begin a session for somebody who has shown otherwise who they are.

        Raises `Forbidden` (`sign_in_refused`) for a disabled person, `NotFound` for none.
        """
        now = self._clock.now()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        async with self._database.unit_of_work() as connection:
            person = await people_store.lock_person(connection, person_id)
            if person is None:
                raise NotFound(code="person_not_found", person=show_id("person", person_id))
            if person.status is not PersonStatus.ACTIVE:
                raise Forbidden(code="sign_in_refused")
            kept = KeptSession(
                session_id=self._clock.new_id(), person=person, created_at=now, last_used_at=now,
                ends_at=now + rules.SESSION_MICROS_MAX, confirmed_at=now,
                device=rules.device_of(user_agent)[:_DEVICE_MAX], client_address=_shortened(client_address),
            )  # fmt: skip
            await store.insert_session(connection, kept, token_hash=rules.hash_token(token))
            await store.delete_surplus(connection, person_id, keep=SESSIONS_MAX)
            await self._audit.did(
                person.principal(), AuditEventKind.SIGNED_IN, subject=show_id("session", kept.session_id),
                client_address=client_address, connection=connection,
            )  # fmt: skip
        return NewSession(session=_session(kept, token=token), token=token)

    async def session(self, token: str, *, client_address: str) -> Session | None:
        """The session of a token; None where it has ended, or its person may not sign in any more."""
        if not 1 <= len(token) <= _TOKEN_CHARACTERS_MAX:
            return None
        async with self._database.reading() as connection:
            kept = await store.find_by_hash(connection, rules.hash_token(token))
        now = self._clock.now()
        if kept is None or not _is_alive(kept, now=now):
            return None
        if now - kept.last_used_at >= rules.SESSION_TOUCH_MICROS:
            async with self._database.unit_of_work() as connection:
                await store.touch(
                    connection, kept.session_id, at=now, client_address=_shortened(client_address),
                    before=now - rules.SESSION_TOUCH_MICROS,
                )  # fmt: skip
        return _session(kept, token=token)

    async def end(self, session_id: UUID) -> None:
        """Sign out; ending an ended session changes nothing."""
        async with self._database.unit_of_work() as connection:
            kept = await store.find_session(connection, session_id)
            if kept is not None and await store.delete_session(connection, session_id):
                await self._audit.did(
                    kept.person.principal(), AuditEventKind.SIGNED_OUT, subject=show_id("session", session_id),
                    connection=connection,
                )  # fmt: skip

    async def end_all(self, person_id: UUID, but: UUID | None = None, *, by: Principal | None = None) -> int:
        """End every session of a person, or all but one; gives how many."""
        async with self._database.unit_of_work() as connection:
            person = await people_store.lock_person(connection, person_id)
            if person is None:
                raise NotFound(code="person_not_found", person=show_id("person", person_id))
            ended = await store.delete_sessions_of(connection, person_id, but=but)
            if ended:
                await self._audit.did(
                    by or person.principal(), AuditEventKind.SESSIONS_ENDED, subject=show_id("person", person_id),
                    connection=connection,
                )  # fmt: skip
        return ended

    async def of_person(self, person_id: UUID) -> list[Session]:
        """Where a person is signed in, newest first; without what belongs in forms."""
        async with self._database.reading() as connection:
            found = await store.sessions_of(connection, person_id, at_most=SESSIONS_MAX)
        now = self._clock.now()
        return [_session(kept, token=None) for kept in found if _is_alive(kept, now=now)]

    async def confirm(self, session: Session, *, password: str | None = None, totp: str | None = None) -> None:
        """Show again who is sitting there, by the password or the second factor.

        Raises `Forbidden`: `confirmation_refused` or `sign_in_throttled`; `NotFound` where the session has ended.
        """
        person = session.person
        tried = [by_email(person.email)]
        await self._throttle.count(tried)
        async with self._database.reading() as connection:
            credentials = await people_store.read_credentials(connection, person.person_id)
        if totp:
            is_right = await self._factors.take(person.person_id, credentials, totp) is not None
        else:
            is_right = await self._passwords.verify(credentials.password_hash, password or "")
        if not is_right:
            raise Forbidden(code="confirmation_refused")
        await self._throttle.clear(tried[0])
        async with self._database.unit_of_work() as connection:
            if not await store.set_confirmed(connection, session.session_id, at=self._clock.now()):
                raise NotFound(code="session_not_found", session=show_id("session", session.session_id))

    async def clean(self) -> int:
        """Drop the rows of sessions that have ended by themselves."""
        used_before = self._clock.now() - rules.SESSION_IDLE_MICROS
        async with self._database.unit_of_work() as connection:
            return await store.delete_unused(connection, used_before=used_before, at_most=_CLEAN_AT_ONCE)

    async def _known(self, email: str) -> tuple[Person | None, Credentials | None]:
        cleaned = email.strip()
        if not cleaned.isprintable():
            return None, None
        async with self._database.reading() as connection:
            person = await people_store.find_by_email(connection, cleaned)
            if person is None:
                return None, None
            return person, await people_store.read_credentials(connection, person.person_id)

    async def _second_factor(
        self, person: Person, credentials: Credentials, totp: str | None, tried: list[Tried]
    ) -> None:
        if credentials.totp_sealed is None:
            return
        if not (totp or "").strip():
            # To be asked for the code is no failure, and no success either.
            await self._throttle.take_back(tried)
            raise Forbidden(code="totp_required")
        taken = await self._factors.take(person.person_id, credentials, totp or "")
        if taken is None:
            raise Forbidden(code="totp_wrong")
        if taken == "recovery":
            await self._audit.did(person.principal(), AuditEventKind.RECOVERY_CODE_USED)

    async def _hash_anew(self, person: Person, credentials: Credentials, password: str) -> None:
        before = credentials.password_hash
        if before is None or not self._passwords.is_outdated(before):
            return
        after = await self._passwords.hash(password)
        async with self._database.unit_of_work() as connection:
            await people_store.replace_password_hash(connection, person.person_id, before=before, after=after)


def _is_alive(kept: KeptSession, *, now: int) -> bool:
    expires_at = rules.session_expiry(ends_at=kept.ends_at, last_used_at=kept.last_used_at)
    return now < expires_at and kept.person.status is PersonStatus.ACTIVE


def _session(kept: KeptSession, *, token: str | None) -> Session:
    return Session(
        session_id=kept.session_id, person=kept.person, csrf="" if token is None else rules.csrf_of(token),
        created_at=kept.created_at, last_used_at=kept.last_used_at,
        expires_at=rules.session_expiry(ends_at=kept.ends_at, last_used_at=kept.last_used_at),
        confirmed_at=kept.confirmed_at, device=kept.device, client_address=kept.client_address,
    )  # fmt: skip


def _shortened(client_address: str) -> str:
    cleaned = client_address[:_ADDRESS_MAX]
    return cleaned if cleaned.isprintable() and cleaned.isascii() else ""
