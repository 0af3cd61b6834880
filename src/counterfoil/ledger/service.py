"""The ledger's use cases: open an account, credit it, read its balance, end what is due, prove the whole.

Holds of live calls go through the `Engine`; everything here is low-rate and runs in units of work.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, InputError, NotFound, Unavailable
from counterfoil.foundation.periods import read_time_zone
from counterfoil.ledger import history_store, verify
from counterfoil.ledger.checkpoints import Checkpoint, CheckpointFolder
from counterfoil.ledger.guard import GuardFactory
from counterfoil.ledger.history_store import Account
from counterfoil.ledger.model import Command, Expire, GrantKind, GrantState, HoldEnd, Operation, Outcome, Transfer
from counterfoil.ledger.session import Session
from counterfoil.observability import HOLDS_EXPIRED, log
from counterfoil.storage.database import Database

_EXPIRY_BATCH = 200
_LAST_ID = UUID(int=2**128 - 1)
_CURRENCY = re.compile(r"[A-Z]{3}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account's money at a time: `available` is posted minus held."""

    account_id: UUID
    currency: str
    at: int
    event_no: int
    posted: int
    held: int

    @property
    def available(self) -> int:
        return self.posted - self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All accounts together. `negative_wallets` is never anything but 0 (L2)."""

    held: int
    open_holds: int
    negative_wallets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantView:
    grant_id: UUID
    kind: GrantKind
    priority: int
    expires_at: int | None
    created_at: int
    source_kind: str
    source_id: str
    amount: int
    remaining: int
    held: int
    state: GrantState
    destination: str | None


def _read_name(name: str) -> str:
    name = name.strip()
    if not (1 <= len(name) <= 200 and name.isprintable()):
        raise InputError(code="name_unreadable")
    return name


class Ledger:
    def __init__(self, database: Database, *, clock: Clock, guard_factory: GuardFactory) -> None:
        self._database = database
        self._clock = clock
        self._guard_factory = guard_factory

    def session(self, connection: AsyncConnection[Any]) -> Session:
        """The ledger inside the caller's unit of work."""
        return Session(connection, clock=self._clock, guard_factory=self._guard_factory)

    async def open_account(self, *, name: str, currency: str = "USD", time_zone: str = "UTC") -> Account:
        """Open an account; raises `InputError` for a bad name, currency or time zone."""
        name = _read_name(name)
        if not _CURRENCY.match(currency):
            raise InputError(code="currency_unreadable", currency=currency[:10])
        read_time_zone(time_zone)
        account_id = self._clock.new_id()
        async with self._database.unit_of_work() as connection:
            await history_store.insert_account(
                connection, account_id=account_id, name=name, currency=currency, time_zone=time_zone,
                created_at=self._clock.now(),
            )  # fmt: skip
        return await self.account(account_id)

    async def account(self, account_id: UUID) -> Account:
        """The account as it is now; raises `NotFound`."""
        async with self._database.reading() as connection:
            account = await history_store.read_account(connection, account_id)
        if account is None:
            raise NotFound(code="account_not_found", account=account_id.hex)
        return account

    async def account_named(self, name: str) -> Account:
        """The one account of that name; raises `NotFound`, or `Conflict` where several have it."""
        found: list[Account] = []
        if name.isprintable():
            async with self._database.reading() as connection:
                found = await history_store.read_accounts_named(connection, name)
        if not found:
            raise NotFound(code="account_not_found", account=name[:200])
        if len(found) > 1:
            raise Conflict(code="account_name_ambiguous", account=name[:200])
        return found[0]

    async def accounts(self, *, after: UUID | None = None, most: int = 100) -> list[Account]:
        async with self._database.reading() as connection:
            return await history_store.read_accounts(connection, after=after or UUID(int=0), most=min(most, 1000))

    async def names(self, account_ids: Collection[UUID]) -> dict[UUID, str]:
        """What accounts are called; one that does not exist is left out."""
        if not account_ids:
            return {}
        async with self._database.reading() as connection:
            return await history_store.read_account_names(connection, list(account_ids))

    async def find_accounts(
        self, *, text: str = "", status: str | None = None, before: UUID | None = None, most: int = 100
    ) -> list[Account]:
        """Accounts whose name has a text in it, newest first; `before` is the last of the page before."""
        wanted = text.strip()[:200]
        async with self._database.reading() as connection:
            return await history_store.find_accounts(
                connection, text=wanted or None, status=status, before=before, most=max(1, min(most, 10_000))
            )

    async def change_account(
        self, account_id: UUID, *, name: str | None = None, status: str | None = None, time_zone: str | None = None
    ) -> Account:
        """Rename, suspend, close, reactivate or move to another time zone; takes effect with the next decision.

        Raises `NotFound` or `InputError`.
        """
        name = None if name is None else _read_name(name)
        if status not in (None, "active", "suspended", "closed"):
            raise InputError(code="status_unreadable", status=str(status)[:20])
        if time_zone is not None:
            read_time_zone(time_zone)
        async with self._database.unit_of_work() as connection:
            if not await history_store.lock_accounts(connection, [account_id]):
                raise NotFound(code="account_not_found", account=account_id.hex)
            await history_store.update_account(
                connection, account_id=account_id, name=name, status=status, time_zone=time_zone
            )
        return await self.account(account_id)

    async def transfers(self, account_id: UUID, *, before: int | None = None, most: int = 100) -> list[Transfer]:
        """An account's transfers with a version below `before` (None: all), newest first."""
        async with self._database.reading() as connection:
            return await history_store.transfers_of(
                connection, account_id=account_id, before=before, most=min(most, 1000)
            )

    async def apply(self, command: Command) -> Outcome:
        """Apply one command in a unit of work of its own."""
        async with self._database.unit_of_work() as connection:
            return await self.session(connection).apply(command)

    async def operate(self, command: Command) -> Operation:
        """Apply a grant command (credit, refund, adjustment, …) and give its recorded answer."""
        outcome = await self.apply(command)
        assert isinstance(outcome, Operation)
        return outcome

    async def balance(self, account_id: UUID, *, at: int | None = None) -> Balance:
        """Posted and held now, as the account has them; or at a time, computed from transfers and holds."""
        account = await self.account(account_id)
        if at is None:
            posted, held, event_no = account.posted, account.held, account.event_no
        else:
            async with self._database.reading() as connection:
                posted, held, event_no = await history_store.balance_at(connection, account_id=account_id, at=at)
        return Balance(
            account_id=account_id, currency=account.currency, at=self._clock.now() if at is None else at,
            event_no=event_no, posted=posted, held=held,
        )  # fmt: skip

    async def grants(self, account_id: UUID) -> list[GrantView]:
        async with self._database.reading() as connection:
            rows = await history_store.read_wallet_grants(connection, account_id)
        return [
            GrantView(
                grant_id=row[0], kind=GrantKind(row[1]), priority=row[2], expires_at=row[3], created_at=row[4],
                source_kind=row[5], source_id=row[6], amount=row[7], remaining=row[8], held=row[9],
                state=GrantState(row[10]), destination=row[11],
            )
            for row in rows
        ]  # fmt: skip

    async def sums(self) -> dict[str, dict[str, int]]:
        """Per currency, the balance of every named account (revenue, clearing, …) and of all wallets together."""
        async with self._database.reading() as connection:
            rows = await history_store.sums_by_name(connection)
        sums: dict[str, dict[str, int]] = {}
        for currency, name, amount in rows:
            sums.setdefault(currency, {})[name] = amount
        return sums

    async def overview(self) -> Overview:
        """What is held, open and overspent over all accounts."""
        async with self._database.reading() as connection:
            held, open_holds, negative = await history_store.overview(connection)
        return Overview(held=held, open_holds=open_holds, negative_wallets=negative)

    # -- background work ---------------------------------------------------------------------------------------

    async def expire_overdue(self, *, since: int = 0) -> tuple[int, int]:
        """Expire open holds that are due after `since`; returns how many, and the time through which none is left."""
        expired, now = 0, self._clock.now()
        through, after = now, (since, _LAST_ID)
        while True:
            async with self._database.reading() as connection:
                overdue = await history_store.overdue_holds(connection, after=after, now=now, most=_EXPIRY_BATCH)
            for account_id, hold_id, due_at in overdue:
                try:
                    expired += await self._expire(account_id, hold_id)
                except (psycopg.OperationalError, Unavailable) as error:
                    # Somebody else has the account: the others' holds do not wait for it, and it is tried again.
                    log.warning("hold_expiry_postponed", hold=hold_id.hex, error=type(error).__name__)
                    through = min(through, due_at - 1)
            if len(overdue) < _EXPIRY_BATCH:
                return expired, through
            after = (overdue[-1][2], overdue[-1][1])

    async def _expire(self, account_id: UUID, hold_id: UUID) -> int:
        try:
            outcome = await self.apply(Expire(account_id=account_id, hold_id=hold_id))
        except Conflict as error:
            # Captured or voided a moment ago: it is not ours to end.
            log.info("hold_not_expired", hold=hold_id.hex, error=error.code)
            return 0
        assert isinstance(outcome, HoldEnd)
        HOLDS_EXPIRED.inc()
        return 1

    async def end_due_grants(self) -> int:
        """End due grants of accounts that nobody has used since; returns how many ended."""
        async with self._database.reading() as connection:
            accounts = await history_store.accounts_with_due_grants(connection, now=self._clock.now(), most=1000)
        ended = 0
        for account_id in accounts:
            try:
                async with self._database.unit_of_work() as connection:
                    ended += await self.session(connection).end_due_grants(account_id)
            except (psycopg.OperationalError, Unavailable) as error:
                log.warning("grant_end_postponed", account=account_id.hex, error=type(error).__name__)
        return ended

    # -- proof -------------------------------------------------------------------------------------------------

    async def checkpoint(self, folder: CheckpointFolder) -> Checkpoint:
        """Sign every account's version and hash into a file outside the database."""
        async with self._database.reading() as connection:
            accounts = await history_store.all_accounts(connection)
        rows: Sequence[tuple[UUID, int, bytes]] = [(a.account_id, a.version, a.head_hash) for a in accounts]
        return folder.append(created_at=self._clock.now(), accounts=rows)

    async def verify(self, checkpoints: Sequence[Checkpoint]) -> verify.Report:
        """Recompute everything from the posted rows, in one consistent view of the database."""
        async with self._database.snapshot() as connection:
            return await verify.verify(connection, checkpoints)
