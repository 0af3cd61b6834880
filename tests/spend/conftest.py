"""A market on a real database, and one serving process in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from counterfoil.foundation.clock import ManualClock
from spend.market import Market, Till, open_market


@pytest.fixture
async def market(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Market]:
    async with open_market(
        database_url=database_url, owner_url=owner_url, clock=clock, folder=tmp_path / "data"
    ) as opened:
        yield opened


@pytest.fixture
async def till(market: Market) -> AsyncIterator[Till]:
    async with market.till() as opened:
        yield opened
