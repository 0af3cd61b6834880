"""What people show who they are with: choosing, changing and losing passwords and second factors."""

from __future__ import annotations

from counterfoil.foundation.errors import Conflict, Forbidden
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity import links_store, people_store, rules, sessions_store
from counterfoil.identity import people_rules as people
from counterfoil.identity.access import Need, Principal, Staff
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.desk import RESET_PATH, PeopleDesk, check_may, hash_link, link_not_valid, new_link_token
from counterfoil.identity.mails import Mail, MailKind
from counterfoil.identity.people_model import Person, PersonStatus, Session
from counterfoil.identity.throttle import by_address, by_email, by_mail


class Credentials:
    """Passwords and second factors. Whatever replaces a password ends the sessions that the old one began."""

    def __init__(self, desk: PeopleDesk) -> None:
        self._desk = desk

    # Passwords.

    async def ask_reset(self, email: str, language: Language, *, client_address: str | None) -> None:
        """Mail a link to whoever has the address; the answer is the same where nobody has it."""
        desk = self._desk
        desk.mails.check()
        address = rules.normalise_email(email)
        await desk.throttle.count([by_mail(address), *([by_address(client_address)] if client_address else [])])
        token, now = new_link_token(), desk.clock.now()
        async with desk.database.unit_of_work() as connection:
            known = await people_store.find_by_email(connection, address)
            if known is None or known.status is not PersonStatus.ACTIVE:
                # As long as writing a row, for a row that there is no person for.
                await links_store.find_reset(connection, hash_link(token))
                return
            await links_store.insert_reset(
                connection, token_hash=hash_link(token), person_id=known.person_id, mailed=True, created_at=now,
                expires_at=now + people.RESET_MICROS,
            )  # fmt: skip
        desk.mails.send_later(
            Mail(
                kind=MailKind.PASSWORD_RESET, email=known.email, language=known.language or language,
                link=desk.link(RESET_PATH, token),
            )
        )  # fmt: skip

    async def reset_link(self, by: Principal, person: Person) -> str:
        """The link that a mail would carry, to be handed on by whoever has made sure whom they hand it to."""
        desk = self._desk
        check_may(by, Need(staff=Staff.PEOPLE_WRITE))
        token, now = new_link_token(), desk.clock.now()
        async with desk.database.unit_of_work() as connection:
            await links_store.insert_reset(
                connection, token_hash=hash_link(token), person_id=person.person_id, mailed=False, created_at=now,
                expires_at=now + people.RESET_MICROS,
            )  # fmt: skip
            await desk.audit.did(
                by, AuditEventKind.RESET_LINK_MADE, subject=show_id("person", person.person_id), connection=connection
            )
        return desk.link(RESET_PATH, token)

    async def reset(self, token: str, password: str) -> Person:
        """Choose a new password by a link; every session ends. Raises `NotFound` (`link_not_valid`)."""
        desk = self._desk
        token_hash = hash_link(token)
        async with desk.database.reading() as connection:
            asked = await links_store.find_reset(connection, token_hash)
            person = None if asked is None else await people_store.find_person(connection, asked.person_id)
        if asked is None or person is None or desk.clock.now() >= asked.expires_at:
            raise link_not_valid()
        people.check_password(password, email=person.email)
        password_hash = await desk.passwords.hash(password)
        async with desk.database.unit_of_work() as connection:
            taken = await links_store.take_reset(connection, token_hash)
            person = await people_store.lock_person(connection, asked.person_id)
            if taken is None or person is None or person.status is not PersonStatus.ACTIVE:
                raise link_not_valid()
            await people_store.set_password(connection, person.person_id, password_hash)
            if taken.mailed:
                await people_store.set_verified(connection, person.person_id, at=desk.clock.now())
            await links_store.delete_resets_of(connection, person.person_id)
            await sessions_store.delete_sessions_of(connection, person.person_id, but=None)
            await desk.audit.did(person.principal(), AuditEventKind.PASSWORD_RESET, connection=connection)
            changed = await people_store.find_person(connection, person.person_id)
        assert changed is not None
        # Whoever has shown that the address is theirs need not wait for what others have tried.
        await desk.throttle.clear(by_email(changed.email))
        self._tell_changed(changed)
        return changed

    async def change(self, session: Session, current: str, new: str) -> None:
        """Choose another password; every other session ends.

        Raises `Forbidden`: `confirmation_refused` where the present one is wrong, `confirmation_needed` where there is
        none yet and the session was not confirmed lately.
        """
        desk, person = self._desk, session.person
        people.check_password(new, email=person.email)
        await self._confirm_password(session, current)
        password_hash = await desk.passwords.hash(new)
        async with desk.database.unit_of_work() as connection:
            await people_store.lock_person(connection, person.person_id)
            await people_store.set_password(connection, person.person_id, password_hash)
            await links_store.delete_resets_of(connection, person.person_id)
            await sessions_store.delete_sessions_of(connection, person.person_id, but=session.session_id)
            await desk.audit.did(person.principal(), AuditEventKind.PASSWORD_CHANGED, connection=connection)
        self._tell_changed(person)

    # Second factors.

    async def start_totp(self, session: Session) -> tuple[str, str]:
        """A secret and the address that an app reads it from; it counts once a code of it was given.

        Raises `Conflict` where there is a second factor already, `Forbidden` (`confirmation_needed`).
        """
        desk, person = self._desk, session.person
        self._check_confirmed(session)
        secret, address, sealed = desk.factors.make(person.person_id, email=person.email)
        async with desk.database.unit_of_work() as connection:
            present = await people_store.lock_person(connection, person.person_id)
            if present is None or present.has_totp:
                raise Conflict(code="totp_exists")
            await people_store.set_pending_totp(connection, person.person_id, sealed)
        return secret, address

    async def confirm_totp(self, session: Session, code: str) -> list[str]:
        """Begin to use a second factor; gives the recovery codes, which are shown this once.

        Raises `Forbidden` (`totp_wrong`), `Conflict` (`totp_not_started`).
        """
        desk, person_id = self._desk, session.person.person_id
        tried = [by_email(session.person.email)]
        await desk.throttle.count(tried)
        codes = desk.factors.make_recovery_codes()
        hashes = [one for one in map(people.hash_recovery_code, codes) if one is not None]
        async with desk.database.unit_of_work() as connection:
            present = await people_store.lock_person(connection, person_id)
            kept = await people_store.read_credentials(connection, person_id)
            if present is None or present.has_totp or kept.totp_pending_sealed is None:
                raise Conflict(code="totp_not_started")
            step = desk.factors.step_of(person_id, kept.totp_pending_sealed, code)
            if step is None:
                raise Forbidden(code="totp_wrong")
            await people_store.use_pending_totp(connection, person_id, step=step)
            await people_store.insert_recovery_codes(connection, person_id, hashes)
            await sessions_store.delete_sessions_of(connection, person_id, but=session.session_id)
            await desk.audit.did(session.person.principal(), AuditEventKind.SECOND_FACTOR_ADDED, connection=connection)
        await desk.throttle.take_back(tried)
        return codes

    async def remove_totp(self, session: Session, password: str, code: str) -> None:
        """Go back to the password alone. Raises `Forbidden` where either is wrong, `Conflict` where there is none."""
        desk, person = self._desk, session.person
        async with desk.database.reading() as connection:
            kept = await people_store.read_credentials(connection, person.person_id)
        if kept.totp_sealed is None:
            raise Conflict(code="totp_not_started")
        await self._confirm_password(session, password)
        tried = [by_email(person.email)]
        await desk.throttle.count(tried)
        async with desk.database.unit_of_work() as connection:
            await people_store.lock_person(connection, person.person_id)
            if await desk.factors.take_within(connection, person.person_id, kept, code) is None:
                raise Forbidden(code="totp_wrong")
            await people_store.remove_totp(connection, person.person_id)
            await desk.audit.did(person.principal(), AuditEventKind.SECOND_FACTOR_REMOVED, connection=connection)
        await desk.throttle.take_back(tried)

    async def _confirm_password(self, session: Session, password: str) -> None:
        """Raise `Forbidden` unless it is the password; who has none shows themselves by a fresh session."""
        desk, person = self._desk, session.person
        async with desk.database.reading() as connection:
            kept = await people_store.read_credentials(connection, person.person_id)
        if kept.password_hash is None:
            self._check_confirmed(session)
            return
        tried = [by_email(person.email)]
        await desk.throttle.count(tried)
        if not await desk.passwords.verify(kept.password_hash, password):
            raise Forbidden(code="confirmation_refused")
        await desk.throttle.take_back(tried)

    def _check_confirmed(self, session: Session) -> None:
        if not people.is_confirmed(session, now=self._desk.clock.now()):
            raise Forbidden(code="confirmation_needed")

    def _tell_changed(self, person: Person) -> None:
        desk = self._desk
        if desk.mails.can_send:
            language = person.language or desk.settings.default_language
            desk.mails.send_later(Mail(kind=MailKind.PASSWORD_CHANGED, email=person.email, language=language))
