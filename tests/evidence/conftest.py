"""A desk that answers questions about real requests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from evidence.desk import Desk, open_desk


@pytest.fixture
async def desk(
    database: Database, database_url: str, clock: ManualClock, data_directory: DataDirectory
) -> AsyncIterator[Desk]:
    async with open_desk(database, database_url, clock, data_directory) as opened:
        yield opened
