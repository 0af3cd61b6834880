"""Everything about people on one database, wired as the program wires it; mails land in a letter box."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import aiohttp
from argon2 import PasswordHasher

from counterfoil.bootstrap.identity import Identity, build_identity
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.vocabulary import Language
from counterfoil.identity.access import Principal, Role, StaffRole
from counterfoil.identity.passwords import Passwords
from counterfoil.identity.people_model import NewSession, Person
from counterfoil.identity.people_service import Newcomer
from counterfoil.identity.service import Members
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.service import Ledger
from counterfoil.settings import Settings
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database

PASSWORD = "correct horse battery"
OPERATOR = Principal(name="operator", is_operator=True)
PUBLIC_URL = "https://desk.test"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
_LINK = re.compile(r"https://desk\.test/console/[a-z]+/([A-Za-z0-9_-]+)")


class LetterBox:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str, tuple[str, ...]]] = []
        self.takes = True

    async def send(self, email: str, title: str, lines: Sequence[str]) -> bool:
        if self.takes:
            self.letters.append((email, title, tuple(lines)))
        return self.takes

    def token(self, email: str) -> str:
        """The token in the last link that was sent there."""
        for to, _, lines in reversed(self.letters):
            found = _LINK.search("\n".join(lines))
            if to == email and found is not None:
                return found[1]
        raise AssertionError(f"no link for {email}")

    def count(self, email: str) -> int:
        return sum(to == email for to, _, _ in self.letters)


class CountingPasswords(Passwords):
    """Argon2 with costs for tests; counts what is worked out, which is what takes the time."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        self.hashed = 0
        self.verified = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return await super().hash(password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        self.verified += 1
        return await super().verify(hashed, password)


@dataclass(slots=True, kw_only=True)
class Lobby:
    """People's use cases with what tests need beside them."""

    database: Database
    clock: ManualClock
    ledger: Ledger
    members: Members
    identity: Identity
    passwords: CountingPasswords
    box: LetterBox
    data_directory: DataDirectory
    settings: dict[str, str] = field(default_factory=dict)

    async def register(self, email: str, *, password: str = PASSWORD, nickname: str | None = None) -> Person:
        """Somebody who has registered and followed the link."""
        await self.identity.people.register(email, password, nickname, Language.EN)
        await self.identity.mails.wait()
        return await self.identity.people.verify_email(self.box.token(email))

    async def open_account(self, name: str = "Acme") -> UUID:
        return (await self.ledger.open_account(name=name)).account_id

    async def member(
        self, email: str, role: Role, *, account_id: UUID | None = None, password: str = PASSWORD
    ) -> Person:
        """Somebody who was invited to an account and has accepted."""
        account = account_id or await self.open_account()
        await self.identity.people.invite(OPERATOR, account, email, role, Language.EN)
        return await self.identity.people.accept_invitation(self.box.token(email), password, None)

    async def staff(self, email: str, *roles: StaffRole) -> Person:
        await self.identity.people.invite_staff(OPERATOR, email, roles, Language.EN)
        return await self.identity.people.accept_invitation(self.box.token(email), PASSWORD, None)

    async def add(self, email: str, *roles: StaffRole) -> Person:
        """Staff without a password."""
        newcomer = Newcomer(email=email, nickname=None, password_hash=None, language=None, verified=True)
        return await self.identity.people.add(newcomer, staff_roles=roles)

    async def sign_in(
        self, email: str, password: str = PASSWORD, *, totp: str | None = None, address: str = "192.0.2.7"
    ) -> NewSession:
        return await self.identity.sessions.sign_in(
            email, password, totp=totp, client_address=address, user_agent=CHROME
        )

    async def begin(self, person_id: UUID) -> NewSession:
        return await self.identity.sessions.begin(person_id, client_address="192.0.2.7", user_agent=CHROME)


@asynccontextmanager
async def open_lobby(
    database: Database, clock: ManualClock, data_directory: DataDirectory, **chosen: str
) -> AsyncIterator[Lobby]:
    ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
    box, passwords = LetterBox(), CountingPasswords()
    settings = Settings.load({}, **{"registration": "on", "operator_name": "Desk Test", **chosen})
    async with aiohttp.ClientSession() as session:
        identity = build_identity(
            database=database, clock=clock, ledger=ledger, data_directory=data_directory, settings=settings,
            public_url=PUBLIC_URL, session=session, mailer=box, passwords=passwords,
        )  # fmt: skip
        yield Lobby(
            database=database, clock=clock, ledger=ledger, members=Members(database, clock=clock), identity=identity,
            passwords=passwords, box=box, data_directory=data_directory,
        )  # fmt: skip
        await identity.mails.wait()
