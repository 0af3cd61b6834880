"""Upstreams that are left alone for a while, by every process: one that does not answer is not asked by a thousand tasks."""

from __future__ import annotations

from counterfoil.foundation.clock import Clock
from counterfoil.observability import log
from counterfoil.storage.database import Database
from counterfoil.tasks import rules, store
from counterfoil.tasks.exchange import UpstreamFailed


class Pauses:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # Those that this process has paused, or has seen paused: only for them is an answer good news.
        self._paused: set[str] = set()

    async def note_failure(self, upstream: str, failed: UpstreamFailed) -> None:
        """Pause an upstream where its failure says something of itself, twice as long each time in a row."""
        if not rules.pauses(failed.error):
            return
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            before = await store.pause_of(connection, upstream)
            failures = 0 if before is None else before[1] + 1
            interval = rules.pause_interval(failures=failures, retry_after=failed.retry_after)
            begun = await store.pause_upstream(
                connection, upstream=upstream, now=now, until_at=now + interval, failures=failures,
                reason=str(failed.error.meaning),
            )  # fmt: skip
        self._paused.add(upstream)
        if begun:
            log.warning(
                "upstream_paused", upstream=upstream, seconds=interval // 1_000_000, meaning=failed.error.meaning
            )

    async def note_answer(self, upstream: str) -> None:
        """It answers again."""
        if upstream in self._paused:
            async with self._database.unit_of_work() as connection:
                await store.end_pause(connection, upstream)
            self._paused.discard(upstream)

    async def refresh(self) -> None:
        """See what others have paused."""
        async with self._database.reading() as connection:
            self._paused |= await store.paused_upstreams(connection)
