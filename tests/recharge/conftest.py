"""Money in, with the payments sandbox at the other end. Its notices are held: tests deliver them, in whatever order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.sandbox.payments.process import PaymentsProcess
from recharge.till import KINDS, Till, open_till


@pytest.fixture(scope="session")
def payments_process() -> Iterator[PaymentsProcess]:
    with PaymentsProcess({"hold": [kind.value for kind in KINDS]}) as process:
        yield process


@pytest.fixture
def payments(payments_process: PaymentsProcess, clock: ManualClock) -> PaymentsProcess:
    payments_process.reset()
    payments_process.use_clock(clock.now())
    return payments_process


@pytest.fixture
async def till(
    database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path, payments: PaymentsProcess
) -> AsyncIterator[Till]:
    async with open_till(database_url, owner_url, clock, tmp_path / "data", payments=payments) as opened:
        yield opened
