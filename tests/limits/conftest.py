"""An account with a group and a key, in a real database."""

from __future__ import annotations

from uuid import UUID

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.ledger.history_store import insert_account, lock_accounts
from counterfoil.limits.service import LimitsService
from counterfoil.storage.database import Database
from limits.examples import OpenAccount


@pytest.fixture
def limits(database: Database, clock: ManualClock) -> LimitsService:
    return LimitsService(database, clock=clock, lock_accounts=lock_accounts)


@pytest.fixture
def open_account(database: Database, clock: ManualClock) -> OpenAccount:
    async def open_account() -> UUID:
        account_id = clock.new_id()
        async with database.unit_of_work() as connection:
            await insert_account(
                connection,
                account_id=account_id,
                name=f"account {account_id.hex[-4:]}",
                currency="USD",
                time_zone="Asia/Shanghai",
                created_at=clock.now(),
            )
        return account_id

    return open_account


@pytest.fixture
async def account_id(open_account: OpenAccount) -> UUID:
    return await open_account()
