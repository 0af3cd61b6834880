"""Leases: which process does a piece of background work now. A row per name; any number of processes share them.

A lease ends by itself when its holder stops renewing it, so a killed process blocks nobody for long. It makes work
rare, not exclusive beyond doubt: a process that was paused may wake up after its lease has passed to another. What
the work does must therefore be safe to do twice, which operation keys make it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.storage.database import Database

# Long enough to survive a slow minute of the database, short enough that a dead process is soon replaced.
LEASE_SECONDS = 30
# Two renewals may fail before the lease is lost.
_RENEWALS_PER_LEASE = 3
_RELEASE_TIMEOUT_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A name, held by one process until `expires_at` (UTC microseconds)."""

    name: str
    holder: UUID
    expires_at: int


async def acquire_lease(
    database: Database,
    *,
    name: str,
    holder: UUID,
    now: int,
    seconds: int = LEASE_SECONDS,
    note: Mapping[str, Any] | None = None,
) -> Lease | None:
    """Take a lease that is free, expired or already this holder's; None where another holds it."""
    expires_at = now + seconds * MICROS_PER_SECOND
    async with database.unit_of_work() as connection:
        taken = await connection.execute(
            "INSERT INTO leases (name, holder, expires_at, note) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,"
            " note = excluded.note WHERE leases.expires_at <= %s OR leases.holder = excluded.holder",
            (name, holder, expires_at, Jsonb(dict(note or {})), now),
        )
    return Lease(name=name, holder=holder, expires_at=expires_at) if taken.rowcount else None


async def renew_lease(database: Database, lease: Lease, *, now: int, seconds: int = LEASE_SECONDS) -> Lease | None:
    """Prolong a lease; None where it has passed to another holder meanwhile."""
    expires_at = now + seconds * MICROS_PER_SECOND
    async with database.unit_of_work() as connection:
        renewed = await connection.execute(
            "UPDATE leases SET expires_at = %s WHERE name = %s AND holder = %s",
            (expires_at, lease.name, lease.holder),
        )
    return Lease(name=lease.name, holder=lease.holder, expires_at=expires_at) if renewed.rowcount else None


async def release_lease(database: Database, lease: Lease) -> None:
    """Give a lease back; nothing happens where it has passed to another holder."""
    async with database.unit_of_work() as connection:
        await connection.execute("DELETE FROM leases WHERE name = %s AND holder = %s", (lease.name, lease.holder))


@asynccontextmanager
async def hold_lease(
    database: Database,
    *,
    name: str,
    clock: Clock,
    holder: UUID | None = None,
    seconds: int = LEASE_SECONDS,
    note: Mapping[str, Any] | None = None,
) -> AsyncIterator[Lease | None]:
    """Hold a lease for the time of a block, renewed meanwhile; yields None where another holds it.

    When the lease is lost, or could not be renewed before its end, the block is cancelled and `Unavailable` with code
    `lease_lost` is raised in its place.
    """
    holder = holder or clock.new_id()
    loop = asyncio.get_running_loop()
    # Counted from before the question, as the row's own time is.
    asked_at = loop.time()
    lease = await acquire_lease(database, name=name, holder=holder, now=clock.now(), seconds=seconds, note=note)
    if lease is None:
        yield None
        return
    until_lost = asyncio.timeout_at(asked_at + seconds)
    try:
        async with until_lost:
            renewal = asyncio.create_task(_keep_renewing(database, lease, until_lost, clock=clock, seconds=seconds))
            try:
                yield lease
            finally:
                renewal.cancel()
                await asyncio.wait([renewal])
    except TimeoutError as error:
        if until_lost.expired():
            raise Unavailable(code="lease_lost", lease=name) from error
        raise
    finally:
        # Without this, the next holder waits for the lease to expire; it is no more than a courtesy.
        with suppress(TimeoutError, CounterfoilError, psycopg.Error):
            async with asyncio.timeout(_RELEASE_TIMEOUT_SECONDS):
                await release_lease(database, lease)


async def _keep_renewing(
    database: Database, lease: Lease, until_lost: asyncio.Timeout, *, clock: Clock, seconds: int
) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(seconds / _RENEWALS_PER_LEASE)
        asked_at = loop.time()
        try:
            renewed = await renew_lease(database, lease, now=clock.now(), seconds=seconds)
        except (CounterfoilError, psycopg.Error):
            # There is time for another try; without one in time, the block's time is up by itself.
            BACKGROUND_ERRORS.labels(work=lease.name).inc()
            log.exception("lease_not_renewed", lease=lease.name)
            continue
        if until_lost.expired():
            return
        until_lost.reschedule(asked_at + seconds if renewed is not None else loop.time())
        if renewed is None:
            return


async def run_leased(
    database: Database,
    *,
    name: str,
    interval_seconds: float,
    work: Callable[[], Awaitable[object]],
    clock: Clock,
    seconds: int = LEASE_SECONDS,
) -> None:
    """Do `work` every so often, in one process of many, until cancelled.

    A failure of the work, of the lease or of the database is logged and counted, and the next round comes as usual.
    Where the holder dies, another process takes over within `seconds`.
    """
    holder = clock.new_id()
    while True:
        try:
            async with hold_lease(database, name=name, clock=clock, holder=holder, seconds=seconds) as lease:
                while lease is not None:
                    await _one_round(name, work)
                    await asyncio.sleep(interval_seconds)
        except Exception:  # noqa: BLE001 - background work outlives whatever happens to it
            BACKGROUND_ERRORS.labels(work=name).inc()
            log.exception("lease_failed", lease=name)
        await asyncio.sleep(min(interval_seconds, seconds / _RENEWALS_PER_LEASE))


async def _one_round(name: str, work: Callable[[], Awaitable[object]]) -> None:
    try:
        await work()
    except Exception:  # noqa: BLE001 - background work outlives whatever happens to it
        BACKGROUND_ERRORS.labels(work=name).inc()
        log.exception("background_work_failed", work=name)
