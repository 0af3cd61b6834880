"""A desk that answers questions about real requests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from counterfoil.evidence.service import Evidence
from counterfoil.foundation.clock import ManualClock
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.pricing.service import PriceBooks
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import Dialect
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from evidence.desk import COSTS, PRICES, STATUSES, Desk


@pytest.fixture
async def desk(
    database: Database, database_url: str, clock: ManualClock, data_directory: DataDirectory
) -> AsyncIterator[Desk]:
    def guard() -> SpendGuard:
        return SpendGuard(clock)

    engine = Engine(database_url, clock=clock, guard_factory=guard, settings=EngineSettings())
    await engine.start()
    prices = PriceBooks(database, clock=clock)
    for document in (PRICES, COSTS):
        await prices.import_book(document)
    routes = Routes(database, sealer=data_directory, environment={})
    await Upstreams(database, clock=clock, sealer=data_directory).add(
        name="wholesale-7", dialect=Dialect.OPENAI, base_url="http://upstream.test", secret="upstream-secret",
        models=[ServedModel(public_model=model, upstream_model="theirs") for model in ("plain", "unpriced")],
    )  # fmt: skip
    await routes.refresh()
    ledger = Ledger(database, clock=clock, guard_factory=guard)
    spend = Spend(
        engine=engine, ledger=ledger, database=database, directory=KeyDirectory(database, clock), prices=prices,
        routes=routes, clock=clock, settings=SpendSettings(),
    )  # fmt: skip
    yield Desk(
        clock=clock, spend=spend, ledger=ledger,
        limits=LimitsService(database, clock=clock, lock_accounts=lock_accounts),
        evidence=Evidence(spend, database, clock, statuses=STATUSES),
    )  # fmt: skip
    await engine.close()
