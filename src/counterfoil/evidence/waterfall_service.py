"""Use cases of waterfalls: where an account's money went in a window, in every breakdown. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence import waterfall_store
from counterfoil.evidence.drops_service import THOROUGH_TRANSFERS_MAX, Accounts, comparison_of
from counterfoil.evidence.facts import shown_model
from counterfoil.evidence.waterfall import (
    Breakdown,
    Dimension,
    Slice,
    SliceKind,
    Waterfall,
    check_window,
    hour_offsets,
)
from counterfoil.evidence.waterfall_steps import beside_of, steps_of
from counterfoil.evidence.waterfall_store import SliceRow, Standing
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.ids import show_id
from counterfoil.storage.database import Database

Connection = AsyncConnection[Any]


class Waterfalls:
    """Answers where the money went."""

    def __init__(self, database: Database, *, ledger: Accounts, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def of(self, account_id: UUID, *, start: int, end: int) -> Waterfall:
        """The account's window from `start` until before `end` (UTC microseconds), closed to the nano.

        Raises `NotFound` for an account that is not there, `InputError` for a window that is empty, longer than 400
        days or still to come, and `Broken` (`waterfall_open`) where the ledger itself does not add up.
        """
        check_window(start, end, now=self._clock.now())
        account = await self._ledger.account(account_id)
        hours = hour_offsets(start, end, account.time_zone)
        async with self._database.snapshot() as connection:
            await waterfall_store.prepare(connection)
            standing = await waterfall_store.standing_of(connection, account_id=account_id)
            positions = await waterfall_store.positions_of(
                connection, account_id=account_id, version=standing.version, times=[start, end]
            )
            above, through = positions[start], positions[end]
            movements = await waterfall_store.movements_between(
                connection, account_id=account_id, above=above, through=through
            )
            steps = steps_of(movements)
            opening, closing = await _ends(
                connection, account_id=account_id, standing=standing, above=above, through=through,
                change=sum(step.nanos for step in steps),
            )  # fmt: skip
            rows = await waterfall_store.slices_between(
                connection, account_id=account_id, above=above, through=through, hours=hours
            )
            names = await _names(connection, account_id, rows)
            return Waterfall(
                account_id=account_id, account_name=account.name, currency=account.currency,
                time_zone=account.time_zone, start=start, end=end, opening=opening, closing=closing,
                held=await _held(connection, account_id=account_id, standing=standing, end=end), steps=steps,
                beside=beside_of(movements), breakdowns=_breakdowns(rows, names),
                concurrency=max((row.in_flight + 1 for row in rows if row.charges and row.is_known), default=0),
                from_version=above + 1, through_version=through,
                comparison=await comparison_of(
                    connection, account=account, standing=standing, start=start, end=end, most=THOROUGH_TRANSFERS_MAX
                ),
            )  # fmt: skip


async def _ends(
    connection: Connection, *, account_id: UUID, standing: Standing, above: int, through: int, change: int
) -> tuple[int, int]:
    """What was posted before the window and after it, from whichever side there is less to add up."""
    if above <= standing.version - through:
        opening = await waterfall_store.sum_between(connection, account_id=account_id, above=0, through=above)
        return opening, opening + change
    since = await waterfall_store.sum_between(
        connection, account_id=account_id, above=through, through=standing.version
    )
    return standing.posted - since - change, standing.posted - since


async def _held(connection: Connection, *, account_id: UUID, standing: Standing, end: int) -> int:
    if end > standing.last_at:
        return standing.held
    return await waterfall_store.held_at(connection, account_id=account_id, at=end)


async def _names(connection: Connection, account_id: UUID, rows: Sequence[SliceRow]) -> dict[UUID, str]:
    ids = {
        dimension: [UUID(row.name) for row in rows if row.by is dimension and row.name is not None]
        for dimension in (Dimension.KEY, Dimension.GROUP)
    }
    return await waterfall_store.names_of(
        connection, account_id=account_id, key_ids=ids[Dimension.KEY], group_ids=ids[Dimension.GROUP]
    )


def _breakdowns(rows: Sequence[SliceRow], names: dict[UUID, str]) -> tuple[Breakdown, ...]:
    """Every dimension, though nothing was charged; hours in their order, everything else the largest first."""
    found = []
    for dimension in Dimension:
        slices = [_slice(row, names) for row in rows if row.by is dimension]
        if dimension is Dimension.HOUR:
            slices.sort(key=lambda one: (one.kind is SliceKind.OTHERS, int(one.name or 0)))
        found.append(Breakdown(by=dimension, slices=tuple(slices)))
    return tuple(found)


def _slice(row: SliceRow, names: dict[UUID, str]) -> Slice:
    kind, name, label = SliceKind.NAMED, row.name, None
    if row.is_other:
        kind = SliceKind.OTHERS
    elif row.name is None:
        kind = SliceKind.NONE if row.is_known else SliceKind.UNKNOWN
    elif row.by in (Dimension.KEY, Dimension.GROUP):
        name, label = show_id(row.by, UUID(row.name)), names.get(UUID(row.name))
    elif row.by in (Dimension.MODEL, Dimension.CLIENT):
        name = shown_model(row.name)
    return Slice(
        kind=kind, name=name, label=label, charged=row.charged, refunded=row.refunded, charges=row.charges,
        merged=row.merged,
    )  # fmt: skip
