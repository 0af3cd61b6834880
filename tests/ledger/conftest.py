"""The ledger on a real database, and engines as several processes would have them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.foundation.clock import ManualClock
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.service import Ledger
from counterfoil.storage.database import Database
from ledger.examples import Bank

MakeEngine = Callable[..., Awaitable[Engine]]


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> Ledger:
    return Ledger(database, clock=clock, guard_factory=NoGuard)


@pytest.fixture
async def make_engine(database_url: str, clock: ManualClock) -> AsyncIterator[MakeEngine]:
    engines: list[Engine] = []

    async def make(*, factory: type[Engine] = Engine, **options: Any) -> Engine:
        settings = EngineSettings(**options)
        engine = factory(database_url, clock=clock, guard_factory=NoGuard, settings=settings)
        await engine.start()
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        await engine.close()


@pytest.fixture
async def engine(make_engine: MakeEngine) -> Engine:
    return await make_engine()


@pytest.fixture
def bank(ledger: Ledger, engine: Engine, clock: ManualClock) -> Bank:
    return Bank(ledger=ledger, engine=engine, clock=clock)


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Somebody who can rewrite every row."""
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints", Ed25519PrivateKey.generate())
