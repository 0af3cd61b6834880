"""A process that does nothing but ask about tasks, to be killed: `poller_process.py DATABASE_URL DATA_DIRECTORY LEASE`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import aiohttp

from counterfoil.foundation.clock import SystemClock
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.pricing.service import PriceBooks
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.tasks import poller
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams


async def main(url: str, folder: Path, lease_seconds: int) -> None:
    poller._LEASE = lease_seconds * 1_000_000
    clock = SystemClock()
    async with await Database.open(url) as database, aiohttp.ClientSession() as session:
        prices, routes = (
            PriceBooks(database, clock=clock),
            Routes(database, sealer=DataDirectory(folder), environment={}),
        )
        await prices.refresh()
        await routes.refresh()
        spend = Spend(
            # Nothing is authorized here, so it never connects.
            engine=Engine(url, clock=clock, guard_factory=lambda: SpendGuard(clock), settings=EngineSettings()),
            ledger=Ledger(database, clock=clock, guard_factory=lambda: SpendGuard(clock)), database=database,
            directory=KeyDirectory(database, clock), prices=prices, routes=routes, clock=clock,
            settings=SpendSettings(fingerprint_secret=bytes(32)),
        )  # fmt: skip
        tasks = Tasks(
            database=database, spend=spend, routes=routes, upstreams=TaskUpstreams(session, clock), clock=clock,
            settings=TaskSettings(),
        )  # fmt: skip
        await tasks.run_poller()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
