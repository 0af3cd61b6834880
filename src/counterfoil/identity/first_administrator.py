"""The first administrator: made by a one-time link that the first start shows.

The link's token lies in `administrator.link` of the data directory until it is used, so that every start shows the same.
"""

from __future__ import annotations

from pathlib import Path

from counterfoil.foundation.errors import Conflict
from counterfoil.identity import links_store, people_store, rules
from counterfoil.identity import people_rules as people
from counterfoil.identity.access import StaffRole
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.desk import WELCOME_PATH, PeopleDesk, hash_link, link_not_valid, new_link_token
from counterfoil.identity.joining import Newcomer, insert_newcomer
from counterfoil.identity.people_model import Person
from counterfoil.storage.data_directory import read_or_make_secret

FILE_NAME = "administrator.link"


class FirstAdministrator:
    """An installation has the link until an administrator can sign in. `folder` is the data directory."""

    def __init__(self, desk: PeopleDesk, *, folder: Path) -> None:
        self._desk = desk
        self._file = folder / FILE_NAME

    async def link(self) -> str | None:
        desk = self._desk
        async with desk.database.reading() as connection:
            is_there = await people_store.has_administrator(connection)
        if is_there:
            self._file.unlink(missing_ok=True)
            return None
        token = read_or_make_secret(self._file, new_link_token)
        async with desk.database.unit_of_work() as connection:
            await links_store.keep_administrator_link(connection, hash_link(token), at=desk.clock.now())
        return desk.link(WELCOME_PATH, token)

    async def check(self, token: str) -> None:
        """Raise `NotFound` (`link_not_valid`) unless the link still makes an administrator."""
        async with self._desk.database.reading() as connection:
            known = await links_store.administrator_link(connection, hash_link(token))
            if not known or await people_store.has_administrator(connection):
                raise link_not_valid()

    async def accept(self, token: str, email: str, password: str, nickname: str | None) -> Person:
        """Become the first administrator. Raises `NotFound` (`link_not_valid`), `Conflict` for a known address."""
        desk = self._desk
        await self.check(token)
        address = rules.normalise_email(email)
        people.check_password(password, email=address)
        newcomer = Newcomer(
            email=address, nickname=rules.check_nickname(nickname),
            password_hash=await desk.passwords.hash(password), language=None, verified=False,
        )  # fmt: skip
        async with desk.database.unit_of_work() as connection:
            links = await links_store.lock_administrator_links(connection)
            token_hash = hash_link(token)
            is_unused = token_hash in links and links[token_hash] is None
            if not is_unused or await people_store.has_administrator(connection):
                raise link_not_valid()
            if await people_store.find_by_email(connection, address) is not None:
                raise Conflict(code="already_exists", what="person", email=address)
            roles = frozenset({StaffRole.ADMINISTRATOR})
            made = await insert_newcomer(desk, connection, newcomer, staff_roles=roles)
            await links_store.use_administrator_links(connection, at=desk.clock.now())
            await desk.audit.did(made.principal(), AuditEventKind.ADMINISTRATOR_MADE, connection=connection)
        self._file.unlink(missing_ok=True)
        return made
