"""The pages in front of a desk with real requests, asked as a browser asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.site.application import application
from counterfoil.site.model import Site
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from evidence.desk import STATUSES, Desk, open_desk

Visit = Callable[..., httpx2.AsyncClient]


@pytest.fixture
async def desk(
    database: Database, database_url: str, clock: ManualClock, data_directory: DataDirectory
) -> AsyncIterator[Desk]:
    async with open_desk(database, database_url, clock, data_directory) as opened:
        yield opened


@pytest.fixture
def visit(desk: Desk) -> Visit:
    """A browser at the pages of an installation with these settings; follows no redirect by itself."""

    def visit(**settings: Any) -> httpx2.AsyncClient:
        site = Site(evidence=desk.evidence, public_url="https://shop.test", statuses=STATUSES, **settings)
        transport = httpx2.ASGITransport(app=application(site))
        return httpx2.AsyncClient(transport=transport, base_url="https://shop.test")

    return visit


@pytest.fixture
def browser(visit: Visit) -> httpx2.AsyncClient:
    return visit()
