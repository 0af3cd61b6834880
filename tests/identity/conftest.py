"""A lobby: people's use cases on a fresh database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from identity.lobby import Lobby, open_lobby


@pytest.fixture
async def lobby(database: Database, clock: ManualClock, data_directory: DataDirectory) -> AsyncIterator[Lobby]:
    async with open_lobby(database, clock, data_directory, trial_credit="2.50") as opened:
        yield opened
