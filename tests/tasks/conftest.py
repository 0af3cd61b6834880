"""A shop of videos on a real database, and one serving process in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.tasks.service import Tasks
from spend.market import Customer, open_market
from tasks.shop import Shop, open_shop


@pytest.fixture
async def shop(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Shop]:
    async with (
        open_market(database_url=database_url, owner_url=owner_url, clock=clock, folder=tmp_path / "data") as market,
        open_shop(market) as opened,
    ):
        yield opened


@pytest.fixture
def tasks(shop: Shop) -> Tasks:
    return shop.process()


@pytest.fixture
async def customer(shop: Shop) -> Customer:
    return await shop.market.customer()
