"""The finance office, on a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from counterfoil.foundation.clock import ManualClock
from reconcile.house import House, open_house


@pytest.fixture
async def house(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(database_url, owner_url, clock, tmp_path / "data") as opened:
        yield opened
