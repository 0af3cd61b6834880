"""A counter where codes are sold and redeemed, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.code_form import make_code, read_code
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.service import Ledger
from counterfoil.limits.model import GroupSettings
from counterfoil.limits.service import LimitsService
from counterfoil.recharge.codes_model import BatchSettings, NewCodes, Redemption, Try
from counterfoil.recharge.codes_service import Codes
from counterfoil.storage.database import Database

SECRET = bytes(range(32))
NANOS = 1_000_000_000
# What each code is worth unless a test says otherwise.
VALUE = 10 * NANOS
DAY = 86_400
ADDRESS = "192.0.2.7"


def settings(**fields: Any) -> BatchSettings:
    return BatchSettings(**{"name": "spring", "value": VALUE, "currency": "USD", "count": 1, **fields})


def never_issued(number: int = 1) -> str:
    """A well-formed code that nobody has made."""
    return make_code(0x2B5D_93E7_C1A6_4F38_D2B7_6A15 ^ number)


def mistyped(code: str) -> str:
    """The same with another last symbol."""
    return code[:-1] + ("0" if code[-1] != "0" else "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeCounter:
    """One process at the counter."""

    clock: ManualClock
    database: Database
    ledger: Ledger
    limits: LimitsService
    codes: Codes

    async def account(self, name: str = "Acme", **fields: Any) -> UUID:
        return (await self.ledger.open_account(name=name, **fields)).account_id

    async def group(self, account_id: UUID, name: str) -> UUID:
        group = await self.limits.create_group(account_id=account_id, settings=GroupSettings(name=name))
        return group.group_id

    async def batch(self, **fields: Any) -> NewCodes:
        return await self.codes.create(settings(**fields), by="Ada")

    async def code(self, **fields: Any) -> str:
        return (await self.batch(**fields)).codes[0]

    async def redeem(self, account_id: UUID, code: str, **fields: Any) -> Redemption:
        return await self.codes.redeem(account_id, code, **{"by": "mem_1", **fields})

    async def refused(self, account_id: UUID, code: str, **fields: Any) -> CounterfoilError:
        """The error of a redemption that must not be one; nothing is credited."""
        before = await self.posted(account_id)
        with pytest.raises(CounterfoilError) as caught:
            await self.redeem(account_id, code, **fields)
        assert await self.posted(account_id) == before
        return caught.value

    async def posted(self, account_id: UUID) -> int:
        return (await self.ledger.balance(account_id)).posted

    async def tries(self, account_id: UUID) -> list[Try]:
        """The first try first."""
        return (await self.codes.tries(account_id=account_id, most=500))[::-1]

    async def check_books(self) -> None:
        report = await self.ledger.verify([])
        assert report.verified, report.findings


@asynccontextmanager
async def open_counter(url: str, clock: ManualClock, *, connections: int = 8) -> AsyncIterator[CodeCounter]:
    async with await Database.open(url, max_size=connections) as database:
        ledger = Ledger(database, clock=clock, guard_factory=NoGuard)
        yield CodeCounter(
            clock=clock, database=database, ledger=ledger,
            limits=LimitsService(database, clock=clock, lock_accounts=lock_accounts),
            codes=Codes(database, ledger=ledger, clock=clock, secret=SECRET),
        )  # fmt: skip


def symbols_of(code: str) -> str:
    typed = read_code(code)
    assert typed is not None
    return typed.symbols
