"""The archive: closed days out of PostgreSQL, as Parquet that the engines read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict
from counterfoil.foundation.periods import from_datetime, to_datetime
from counterfoil.pricing.service import PriceBooks
from counterfoil.reconcile import archive_store
from counterfoil.reconcile.archive_rows import finishers
from counterfoil.reconcile.archive_store import TABLES, ArchivedTable
from counterfoil.storage.database import Database

if TYPE_CHECKING:
    from counterfoil.reconcile.archive_files import ArchivedDay, ArchiveFolder

# What is told while it works: the day, the table and its rows so far.
Progress = Callable[[date, str, int], None]
_TOLD_EVERY = 250_000


def _silent(day: date, table: str, rows: int) -> None:
    """Nobody watches."""


class Archive:
    """The archive of an installation in a folder. A day is a UTC day, and can be archived once it is over."""

    def __init__(self, database: Database, *, prices: PriceBooks, clock: Clock, folder: Path) -> None:
        self._database = database
        self._prices = prices
        self._clock = clock
        self._path = folder

    @property
    def _folder(self) -> ArchiveFolder:
        # Imported here: Arrow takes half a second, which only the commands that need it should wait for.
        from counterfoil.reconcile.archive_files import ArchiveFolder

        return ArchiveFolder(self._path)

    def by_clock(self, clock: Clock) -> Archive:
        """The same by another clock: a day can be shown archived before it is over."""
        return Archive(self._database, prices=self._prices, clock=clock, folder=self._path)

    async def pending(self) -> list[date]:
        """Days that are over and not archived, or not all of whose calls had ended when they were; oldest first."""
        async with self._database.reading() as connection:
            first = await archive_store.first_time(connection)
        if first is None:
            return []
        folder, found = self._folder, []
        for day in _days(to_datetime(first).date(), to_datetime(self._clock.now()).date()):
            archived = folder.find(day)
            if archived is None or not archived.is_final:
                found.append(day)
        return found

    async def archive(self, day: date, *, progress: Progress = _silent) -> ArchivedDay:
        """Write a day, or write it again as it is now; raises `Conflict` (`day_not_over`) for one that is not over.

        All its files tell of one moment. What is there of the day stays until all of it is written.
        """
        from counterfoil.reconcile.archive_files import ArchivedDay

        start, end = bounds_of(day)
        if end > self._clock.now():
            raise Conflict(code="day_not_over", day=day.isoformat())
        await self._prices.refresh()
        folder, finish = self._folder, finishers(self._prices.version)
        writers = {table.name: folder.writer(table.name, day, table.columns) for table in TABLES}
        async with self._database.snapshot() as connection:
            is_open = await archive_store.has_open_holds(connection, before=end)
            for table in TABLES:
                writer = writers[table.name]
                writer.open()
                told = 0
                async for rows in archive_store.rows_of_day(connection, table, start=start, end=end):
                    writer.add(map(finish[table.finish], rows) if table.finish else rows)
                    told += len(rows)
                    if told % _TOLD_EVERY < len(rows):
                        progress(day, table.name, told)
                writer.close()
                progress(day, table.name, writer.rows)
        folder.forget(day)
        for writer in writers.values():
            writer.publish()
        archived = ArchivedDay(
            day=day,
            rows={name: writer.rows for name, writer in writers.items()},
            bytes=sum(writer.place.stat().st_size for writer in writers.values()),
            is_final=not is_open,
        )
        folder.remember(archived)
        return archived

    def find(self, day: date) -> ArchivedDay | None:
        """What is archived of a day, or None."""
        return self._folder.find(day)

    def files(self, table: str, start: int, end: int) -> list[Path] | None:
        """The files of every day that a time from `start` to `end` touches, or None where one is not archived."""
        folder, found = self._folder, []
        for day in _days(to_datetime(start).date(), to_datetime(end - 1).date() + timedelta(days=1)):
            if folder.find(day) is None:
                return None
            found.append(folder.part(table, day))
        return found


def columns_of(table: str) -> Mapping[str, str]:
    """The columns of an archived table."""
    return _named(table).columns


def bounds_of(day: date) -> tuple[int, int]:
    """When a UTC day begins and ends (exclusive), in microseconds."""
    start = from_datetime(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return start, start + 86_400_000_000


def _named(table: str) -> ArchivedTable:
    return next(each for each in TABLES if each.name == table)


def _days(first: date, before: date) -> Iterator[date]:
    day = first
    while day < before:
        yield day
        day += timedelta(days=1)
