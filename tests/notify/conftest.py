"""A desk that tells people, and a receiver that listens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.notify.service import Notifications
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from notify.desk import Desk, MailServer, Receiver, open_desk, open_mail_server, open_receiver
from spend.market import Market, Till, open_market


@pytest.fixture
async def desk(
    database: Database, owner_url: str, clock: ManualClock, data_directory: DataDirectory
) -> AsyncIterator[Desk]:
    async with open_desk(database, owner_url, clock, data_directory) as opened:
        yield opened


@pytest.fixture
def notify(desk: Desk) -> Notifications:
    return desk.process()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with open_receiver() as opened:
        yield opened


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with open_mail_server() as opened:
        yield opened


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
