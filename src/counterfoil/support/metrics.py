"""Use case of the desk's metrics: the numbers of a stretch of time, for pages, files and Prometheus. Reads only."""

from __future__ import annotations

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.storage.database import Database
from counterfoil.support import cases_store, metrics_store, observed, refused_store
from counterfoil.support.desk_model import QueueCount
from counterfoil.support.metrics_rules import History, Metrics, Refused, measure

_DAY = 86_400 * MICROS_PER_SECOND
# A year of a busy desk; more is an analysis, and belongs to the archive.
CASES_MAX = 50_000
DAYS_MAX = 366
_AT_ONCE = 1_000


class CaseMetrics:
    """Counts from the event log and from nothing else."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def measure(self, *, start: int, end: int, problem: str | None = None) -> Metrics:
        """The numbers of the cases that arrived from `start` until `end` (UTC microseconds), of one class or of all.

        Raises `InputError` for a window that ends before it begins, or is longer than a year.
        """
        if not 0 <= start < end <= start + DAYS_MAX * _DAY:
            raise InputError(field="since", expected=f"at most {DAYS_MAX} days, ending after they begin")
        histories: list[History] = []
        async with self._database.snapshot() as connection:
            arrived = await metrics_store.arrived_within(
                connection, start=start, end=end, problem=problem, most=CASES_MAX
            )
            for first in range(0, len(arrived), _AT_ONCE):
                part = arrived[first : first + _AT_ONCE]
                events = await metrics_store.events_of(connection, [case_id for case_id, _, _ in part])
                histories += [
                    History(problem=each, cause=cause, article=article_of(cause), events=events.get(case_id, ()))
                    for case_id, each, cause in part
                ]
            counts = await refused_store.read_counts(connection, first_day=start // _DAY, last_day=(end - 1) // _DAY)
        refused = [
            Refused(
                problem=one.refused.problem, field=one.refused.field, secret_class=one.refused.kind, count=one.count
            )
            for one in counts
            if problem is None or one.refused.problem == problem
        ]
        return measure(histories, refused)

    async def causes(self, *, start: int, end: int) -> list[tuple[int, str]]:
        """When each case arrived from `start` until `end`, and its cause, of those that have one; the newest first."""
        async with self._database.reading() as connection:
            return await metrics_store.causes_within(connection, start=start, end=end, most=CASES_MAX)

    async def queue(self) -> list[QueueCount]:
        """Open cases by state and class, and how many are late."""
        async with self._database.reading() as connection:
            return await cases_store.count_open(connection, now=self._clock.now())

    async def watch(self) -> None:
        """Show monitoring what is open and late."""
        observed.show_open(await self.queue())


def article_of(cause: str | None) -> str | None:
    """The address of the page that explains a cause."""
    if cause is None:
        return None
    found = find_entry(Kind.FINDING, cause) or find_entry(Kind.REFUSAL, cause)
    return None if found is None else found.article
