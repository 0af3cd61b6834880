"""Counting what was refused, by class and field: the one thing that is kept of it.

Counted in memory and written from time to time, so that a refusal takes as long whether the database answers or not, and
nobody waits for it. What a process has not written when it is killed is lost: counts, and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from counterfoil.foundation.clock import Clock
from counterfoil.observability import CASE_UNSAFE
from counterfoil.storage.database import Database
from counterfoil.support import refused_store as store
from counterfoil.support.intake_model import Unsafe
from counterfoil.support.refused_store import Refused, RefusedCount

# A day has some hundred of them: fields times classes. Anything beyond is a mistake and not worth memory.
WAITING_MAX = 10_000
_DAY_MICROS = 86_400_000_000


class RefusedCounts:
    """Counts that are to be written, and those that were."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: Counter[Refused] = Counter()

    def add(self, problem: str, unsafe: Iterable[Unsafe]) -> None:
        """Count what was refused of one submission; nothing is written yet."""
        day = self._clock.now() // _DAY_MICROS
        for one in unsafe:
            CASE_UNSAFE.labels(problem=problem, field=one.field, secret=one.kind.value).inc()
            refused = Refused(day=day, problem=problem, field=one.field, kind=one.kind.value)
            if refused in self._waiting or len(self._waiting) < WAITING_MAX:
                self._waiting[refused] += 1

    async def write(self) -> int:
        """Write what waits; how many were written. Where the database does not answer they go on waiting."""
        counts, self._waiting = self._waiting, Counter()
        if not counts:
            return 0
        try:
            async with self._database.unit_of_work() as connection:
                await store.add_counts(connection, counts)
        except BaseException:
            self._waiting.update(counts)
            raise
        return counts.total()

    async def read(self, *, first_day: int, last_day: int) -> list[RefusedCount]:
        """What was written of these days (since 1970-01-01 in UTC), both included."""
        async with self._database.reading() as connection:
            return await store.read_counts(connection, first_day=first_day, last_day=last_day)
