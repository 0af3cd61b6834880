"""Proofs of the ledger on demand: one at a time, in the background of the process that was asked, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import psycopg

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.ledger import proofs_store as store
from counterfoil.ledger import verify
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.proofs_model import Verification, VerificationState
from counterfoil.observability import log
from counterfoil.storage.database import Database

# A file of a list has so many rows.
PAGE_MAX = 10_000
# Walking reports every few thousand rows, which takes a fraction of a second; who is silent for so long is dead.
_SILENT_SECONDS = 120
_PERSON_MAX = 254


class Proofs:
    """Verifies the ledger against itself and its checkpoints, and keeps who asked, when, and what was found."""

    def __init__(
        self, database: Database, *, clock: Clock, checkpoints: CheckpointFolder, redact: Callable[[str], str]
    ) -> None:
        self._database = database
        self._clock = clock
        self._checkpoints = checkpoints
        self._redact = redact
        # Tasks are kept alive by whoever holds them.
        self._running: set[asyncio.Task[Verification]] = set()

    async def start(self, *, by: str) -> Verification:
        """Begin a verification and come back at once; raises `Conflict` (`verification_running`) where one is running."""
        begun = await self._begin(by)
        task = asyncio.create_task(self._walk(begun), name="ledger verification")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return begun

    async def run(self, *, by: str) -> Verification:
        """Verify, and come back when it has ended; raises as `start`."""
        return await self._walk(await self._begin(by))

    async def last(self) -> Verification | None:
        """The latest, running or ended; None where nobody has ever asked."""
        found = await self.list(most=1)
        return found[0] if found else None

    async def find(self, verification_id: UUID) -> Verification:
        """A verification as it stands; raises `NotFound`."""
        async with self._database.reading() as connection:
            found = await store.read(connection, verification_id)
        if found is None:
            raise NotFound(code="verification_not_found", verification=show_id("verification", verification_id))
        return self._seen(found)

    async def list(self, *, before: UUID | None = None, most: int = 50) -> list[Verification]:
        """Verifications, newest first; `before` is the last of the page before."""
        async with self._database.reading() as connection:
            found = await store.read_latest(connection, before=before, most=max(1, min(most, PAGE_MAX)))
        return [self._seen(one) for one in found]

    async def close(self) -> None:
        """Give up what is running; it is on record as stopped."""
        for task in tuple(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _begin(self, by: str) -> Verification:
        by = by.strip()
        if not (1 <= len(by) <= _PERSON_MAX and by.isprintable()):
            raise InputError(field="by", expected=f"1 to {_PERSON_MAX} printable characters")
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            await store.end_silent(connection, heard_before=now - _SILENT_SECONDS * MICROS_PER_SECOND, now=now)
            begun = Verification(
                verification_id=self._clock.new_id(), started_by=self._redact(by), started_at=now, heard_at=now,
                state=VerificationState.RUNNING, transfers_expected=await store.expected_transfers(connection),
            )  # fmt: skip
            if not await store.insert(connection, begun):
                raise Conflict(code="verification_running")
        return begun

    async def _walk(self, begun: Verification) -> Verification:
        async def heard(transfers: int) -> None:
            async with self._database.unit_of_work() as connection:
                await store.write_progress(
                    connection, begun.verification_id, transfers=transfers, now=self._clock.now()
                )

        try:
            # Thousands of signed files are read and checked: not on the loop that serves calls.
            checkpoints = await asyncio.to_thread(self._checkpoints.read)
            async with self._database.snapshot() as connection:
                report = await verify.verify(connection, checkpoints, heard=heard)
        except (CounterfoilError, psycopg.Error, OSError) as error:
            code = error.code if isinstance(error, CounterfoilError) else "internal_error"
            log.error("ledger_verification_failed", reason=code, error=type(error).__name__)
            return await self._end(replace(begun, state=VerificationState.FAILED, failure=code))
        except asyncio.CancelledError:
            await self._end(replace(begun, state=VerificationState.FAILED, failure="verification_stopped"))
            raise
        state = VerificationState.VERIFIED if report.verified else VerificationState.DIFFERS
        return await self._end(
            replace(
                begun, state=state, transfers=report.transfers, accounts=report.accounts,
                checkpoints=report.checkpoints, findings=tuple(report.findings),
            )
        )  # fmt: skip

    async def _end(self, verification: Verification) -> Verification:
        now = self._clock.now()
        ended = replace(verification, ended_at=max(now, verification.started_at), heard_at=now)
        async with self._database.unit_of_work() as connection:
            await store.write_end(connection, ended)
        log.info("ledger_verified", state=str(ended.state), transfers=ended.transfers, findings=len(ended.findings))
        return ended

    def _seen(self, one: Verification) -> Verification:
        """As it stands now: one whose process was killed is not running, whatever its row says."""
        silent_since = self._clock.now() - _SILENT_SECONDS * MICROS_PER_SECOND
        if one.state is VerificationState.RUNNING and one.heard_at < silent_since:
            return replace(one, state=VerificationState.FAILED, ended_at=one.heard_at, failure="verification_stopped")
        return one
