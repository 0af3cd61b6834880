"""Use cases of falling balances: a window of an account held against earlier ones, and what is found in it. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence import drops_store, waterfall_store
from counterfoil.evidence.drop_findings import compare
from counterfoil.evidence.drops import Comparison, Records, earlier_windows
from counterfoil.evidence.drops_store import Range
from counterfoil.evidence.findings import Finding
from counterfoil.evidence.waterfall import check_window
from counterfoil.evidence.waterfall_store import Standing
from counterfoil.foundation.clock import Clock
from counterfoil.ledger.history_store import Account
from counterfoil.storage.database import Database

# How many transfers of earlier windows are read to know what is usual: the latest windows say most, and the last one is
# read in any case. A question is answered while somebody waits; a waterfall may take longer.
QUICK_TRANSFERS_MAX = 1_000
THOROUGH_TRANSFERS_MAX = 500_000


class Accounts(Protocol):
    """Where accounts are found (`ledger.service.Ledger`)."""

    async def account(self, account_id: UUID) -> Account: ...


class Drops:
    """Answers why a balance fell."""

    def __init__(self, database: Database, *, ledger: Accounts, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def findings(self, account_id: UUID, *, start: int, end: int) -> tuple[Finding, ...]:
        """What explains what left the wallet from `start` until before `end`, in comparison with earlier windows like it.

        Never empty. Raises `NotFound` for an account that is not there, `InputError` for a window that is empty, longer
        than 400 days or still to come.
        """
        check_window(start, end, now=self._clock.now())
        account = await self._ledger.account(account_id)
        async with self._database.snapshot() as connection:
            await waterfall_store.prepare(connection)
            standing = await waterfall_store.standing_of(connection, account_id=account_id)
            comparison = await comparison_of(
                connection, account=account, standing=standing, start=start, end=end, most=QUICK_TRANSFERS_MAX
            )
        return comparison.findings


async def comparison_of(
    connection: AsyncConnection[Any], *, account: Account, standing: Standing, start: int, end: int, most: int
) -> Comparison:
    """The window against earlier ones, of which at most so many transfers are read."""
    account_id = account.account_id
    ranges = await _ranges(connection, account_id=account_id, standing=standing, start=start, end=end, most=most)
    charges = await drops_store.charges_in(connection, account_id=account_id, ranges=ranges)
    moved = await drops_store.moved_in(connection, account_id=account_id, ranges=ranges)
    records = Records(
        currency=account.currency, earlier=len(ranges) - 1, spent=charges.spent, moved=moved, largest=charges.largest,
        loop_calls=charges.loop_calls,
    )  # fmt: skip
    if any(one.base_version not in (None, one.price_version) for one in charges.spent if not one.window):
        priced = await drops_store.priced_in(connection, account_id=account_id, ranges=ranges)
        versions = {one.base_version for one in priced}
        terms = await drops_store.terms_of_versions(connection, list(versions))
        records = replace(records, priced=priced, terms=terms)
    if moved.get(0):
        rows = await drops_store.largest_moved(connection, account_id=account_id, window=ranges[0])
        records = replace(records, rows=rows)
    if end > standing.last_at:
        frozen = await drops_store.frozen_of(connection, account_id=account_id)
        records = replace(records, held=standing.held, frozen=frozen, posted=standing.posted)
    return compare(records)


async def _ranges(
    connection: AsyncConnection[Any], *, account_id: UUID, standing: Standing, start: int, end: int, most: int
) -> Sequence[Range]:
    """The window's transfers, and those of as many earlier windows as may be read."""
    earlier = [] if standing.first_at is None else earlier_windows(start, end, since=standing.first_at)
    windows = [(start, end), *earlier]
    times = [time for window in windows for time in window]
    positions = await waterfall_store.positions_of(
        connection, account_id=account_id, version=standing.version, times=times
    )
    ranges = [
        Range(number, positions[begin], positions[stop]) for number, (begin, stop) in enumerate(windows)
    ]  # fmt: skip
    chosen, read = ranges[:2], 0
    for each in ranges[1:]:
        read += each.through - each.above
        if read > most:
            break
        chosen = ranges[: each.number + 1]
    return chosen
