"""A desk that answers questions about real requests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.sandbox.payments.process import PaymentsProcess
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from evidence.desk import Desk, open_desk
from evidence.house import House, open_house
from evidence.spender import Spender
from recharge.till import KINDS
from spend.market import Market, Till, open_market


@pytest.fixture
async def desk(
    database: Database, database_url: str, clock: ManualClock, data_directory: DataDirectory
) -> AsyncIterator[Desk]:
    async with open_desk(database, database_url, clock, data_directory) as opened:
        yield opened


@pytest.fixture
async def market(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Market]:
    """A market of calls, whose books are checked at the end."""
    async with open_market(
        database_url=database_url, owner_url=owner_url, clock=clock, folder=tmp_path / "data"
    ) as opened:
        yield opened


@pytest.fixture
async def market_till(market: Market) -> AsyncIterator[Till]:
    async with market.till() as opened:
        yield opened


@pytest.fixture
async def spender(market: Market, market_till: Till) -> Spender:
    return await Spender.open_account(market, market_till)


@pytest.fixture(scope="session")
def payments_process() -> Iterator[PaymentsProcess]:
    with PaymentsProcess({"hold": [kind.value for kind in KINDS]}) as process:
        yield process


@pytest.fixture
async def house(
    database: Database,
    database_url: str,
    owner_url: str,
    clock: ManualClock,
    data_directory: DataDirectory,
    tmp_path: Path,
    payments_process: PaymentsProcess,
) -> AsyncIterator[House]:
    """Calls, recharges and codes, with every desk that is asked about them."""
    payments_process.reset()
    payments_process.use_clock(clock.now())
    folder = tmp_path / "till"
    async with open_house(database, database_url, owner_url, clock, data_directory, folder, payments_process) as opened:
        yield opened
