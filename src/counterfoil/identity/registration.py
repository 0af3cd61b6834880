"""Registering oneself: an address, a link to show that it is one's own, an account, and something to try it with."""

from __future__ import annotations

from counterfoil.foundation.errors import Conflict, Forbidden
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity import links_store, people_store, rules
from counterfoil.identity import people_rules as people
from counterfoil.identity.desk import VERIFY_PATH, PeopleDesk, hash_link, link_not_valid, new_link_token
from counterfoil.identity.joining import Newcomer, open_own_account
from counterfoil.identity.links_store import Registration
from counterfoil.identity.mails import Mail, MailKind
from counterfoil.identity.people_model import Person
from counterfoil.identity.throttle import by_address, by_mail


class Registrations:
    """Whoever registers is answered alike, and after the same work, whether the address is known or not."""

    def __init__(self, desk: PeopleDesk) -> None:
        self._desk = desk

    async def register(
        self, email: str, password: str, nickname: str | None, language: Language, *, client_address: str | None
    ) -> None:
        desk = self._desk
        if not desk.settings.registration:
            raise Forbidden(code="registration_closed")
        desk.mails.check()
        address, called = rules.normalise_email(email), rules.check_nickname(nickname)
        people.check_password(password, email=address)
        await desk.throttle.count([by_mail(address), *([by_address(client_address)] if client_address else [])])
        password_hash = await desk.passwords.hash(password)
        token, now = new_link_token(), desk.clock.now()
        registration = Registration(
            email=address, password_hash=password_hash, nickname=called, language=language, created_at=now,
            expires_at=now + people.VERIFICATION_MICROS,
        )  # fmt: skip
        async with desk.database.unit_of_work() as connection:
            known = await people_store.find_by_email(connection, address)
            # Written in any case; the link of one that would come to nothing is told to nobody.
            await links_store.insert_registration(connection, registration, token_hash=hash_link(token))
        if known is None:
            link = desk.link(VERIFY_PATH, token)
            mail = Mail(kind=MailKind.VERIFICATION, email=address, language=language, link=link)
        else:
            mail = Mail(kind=MailKind.KNOWN_ADDRESS, email=known.email, language=known.language or language)
        desk.mails.send_later(mail)

    async def verify(self, token: str) -> Person:
        """Follow the link: the person, their account and their trial are one transaction.

        Raises `NotFound` (`link_not_valid`).
        """
        desk, token_hash = self._desk, hash_link(token)
        try:
            async with desk.database.unit_of_work() as connection:
                taken = await links_store.find_registration(connection, token_hash)
                if taken is None or desk.clock.now() >= taken.expires_at:
                    raise link_not_valid()
                if token_hash not in await links_store.lock_registrations_of(connection, taken.email):
                    raise link_not_valid()
                newcomer = Newcomer(
                    email=taken.email, nickname=taken.nickname, password_hash=taken.password_hash,
                    language=taken.language, verified=True,
                )  # fmt: skip
                person = await open_own_account(desk, connection, newcomer)
                await links_store.delete_registrations_of(connection, taken.email)
        except Conflict as error:
            # Another of their links, or an invitation, was followed in the meantime.
            raise link_not_valid() from error
        return person
