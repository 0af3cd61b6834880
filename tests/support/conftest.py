"""The support desk on the real wiring."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from console.visitors import House
from counterfoil.bootstrap.services import connected_services
from counterfoil.settings import Settings
from support.desk import SupportDesk


@pytest.fixture
async def support(database_url: str, owner_url: str, tmp_path: Path) -> AsyncIterator[SupportDesk]:
    settings = Settings.load(
        {
            "COUNTERFOIL_DATA_DIR": str(tmp_path / "data"),
            "COUNTERFOIL_DATABASE_URL": database_url,
            "COUNTERFOIL_PUBLIC_URL": "https://desk.test",
            "COUNTERFOIL_SUPPORT_PER_ADDRESS": "10000",
            "COUNTERFOIL_APPROVAL_POLICY": "two_people",
        }
    )
    async with connected_services(settings, database_url, with_engine=True, environment={}) as services:
        house = House(services=services)
        yield SupportDesk(services=services, house=house, owner_url=owner_url)
        for client in house.clients:
            await client.aclose()
