"""The console on the real wiring, over ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.visitors import House
from counterfoil.bootstrap.services import connected_services
from counterfoil.settings import Settings


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """The console and everybody who comes to it; `house.member(account, role)` and `house.staff(role)` are signed in."""
    settings = Settings.load(
        {
            "COUNTERFOIL_DATA_DIR": str(tmp_path / "data"),
            "COUNTERFOIL_DATABASE_URL": database_url,
            "COUNTERFOIL_PUBLIC_URL": "https://desk.test",
        }
    )
    async with connected_services(settings, database_url, with_engine=True, environment={}) as services:
        opened = House(services=services)
        yield opened
        for client in opened.clients:
            await client.aclose()
