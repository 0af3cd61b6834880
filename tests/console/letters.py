"""A console whose mails go into a box: what people are sent, and the links in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp

from console.visitors import PUBLIC_URL, House
from counterfoil.bootstrap.identity import build_identity
from counterfoil.bootstrap.services import connected_services
from counterfoil.settings import Settings


@dataclass(slots=True)
class LetterBox:
    """Stands where the mail server is."""

    letters: list[tuple[str, str, list[str]]] = field(default_factory=list)

    async def send(self, email: str, title: str, lines: Sequence[str]) -> bool:
        self.letters.append((email, title, list(lines)))
        return True

    def links_to(self, email: str) -> list[str]:
        """Paths of the links that somebody was sent, oldest first."""
        return [
            line.removeprefix(PUBLIC_URL)
            for to, _, lines in self.letters
            for line in lines
            if to == email and line.startswith(PUBLIC_URL)
        ]


@asynccontextmanager
async def house_with_mail(database_url: str, folder: Path, **settings: str) -> AsyncIterator[tuple[House, LetterBox]]:
    """The console with a mail server; `settings` are further variables without their prefix."""
    loaded = Settings.load(
        {
            "COUNTERFOIL_DATA_DIR": str(folder / "data"),
            "COUNTERFOIL_DATABASE_URL": database_url,
            "COUNTERFOIL_PUBLIC_URL": PUBLIC_URL,
            **{f"COUNTERFOIL_{name}": value for name, value in settings.items()},
        }
    )
    box = LetterBox()
    async with (
        aiohttp.ClientSession() as session,
        connected_services(loaded, database_url, with_engine=True, environment={}) as services,
    ):
        identity = build_identity(
            database=services.database, clock=services.clock, ledger=services.ledger,
            data_directory=services.data_directory, settings=loaded, public_url=PUBLIC_URL, session=session, mailer=box,
        )  # fmt: skip
        house = House(
            services=replace(
                services, people=identity.people, sessions=identity.sessions, tokens=identity.tokens,
                audit=identity.audit,
                oidc=identity.oidc,
            )
        )  # fmt: skip
        yield house, box
        await identity.mails.wait()
        for client in house.clients:
            await client.aclose()
