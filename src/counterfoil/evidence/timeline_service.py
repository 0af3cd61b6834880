"""Use case of timelines: everything that happened to an account, in one order, part by part. Reads only.

Each book is read a little at a time and only as far as the part goes: an account with millions of calls costs no more than
the hours that are shown.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, aclosing
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.evidence import store, waterfall_store
from counterfoil.evidence import timeline_store as books
from counterfoil.evidence.timeline import (
    PAGE_MAX,
    Bound,
    Place,
    TimelineKind,
    TimelinePage,
    TimelineRow,
    TimelineSource,
    bound_of,
    read_cursor,
    window_of,
    write_cursor,
)
from counterfoil.evidence.timeline_store import Reach
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import MICROS_PER_SECOND, Window, window_bounds
from counterfoil.storage.database import Database

Connection = AsyncConnection[Any]
_HOUR = 3_600 * MICROS_PER_SECOND
_CHUNK = 60


_READERS: dict[TimelineSource, Callable[[Connection, Reach], Awaitable[list[TimelineRow]]]] = {
    TimelineSource.APPROVALS: books.approvals,
    TimelineSource.AUDIT: books.audited,
    TimelineSource.CODES: books.code_tries,
    TimelineSource.KEYS: books.keys,
    TimelineSource.LIMITS: books.limits,
    TimelineSource.TASKS: books.tasks,
    TimelineSource.TROUBLE: books.trouble,
}
_OF_ORDERS = frozenset({TimelineSource.ORDERS, TimelineSource.REFUNDS, TimelineSource.DISPUTES})


class Timelines:
    """Tells what happened to an account."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def of(
        self,
        account_id: UUID,
        *,
        kinds: Collection[TimelineKind] = (),
        start: int | None = None,
        end: int | None = None,
        cursor: str | None = None,
        most: int = 50,
    ) -> TimelinePage:
        """The newest of these kinds (none named: all) in a window, or those below a cursor; without a window, the last week.

        Raises `NotFound` for an account that does not exist, `InputError` for a cursor or a window that is none.
        """
        start, end = window_of(start, end, now=self._clock.now())
        top = Place(end, "", "")
        after = top if cursor is None else min(top, read_cursor(cursor))
        wanted = [one for one in TimelineSource if not kinds or one.kind in kinds]
        most = max(1, min(most, PAGE_MAX))
        async with self._database.snapshot() as connection:
            await waterfall_store.prepare(connection)
            account = await store.account_facts(connection, account_id)
            if account is None:
                raise NotFound(what="account", id=show_id("account", account_id))
            telling = _Telling(connection, account_id, time_zone=account.time_zone, start=start, end=end)
            rows = await telling.newest(wanted, after=after, most=most + 1)
        return TimelinePage(
            account_id=account_id, currency=account.currency, time_zone=account.time_zone, start=start, end=end,
            rows=tuple(rows[:most]), next=write_cursor(rows[most - 1].place) if len(rows) > most else None,
        )  # fmt: skip


class _Telling:
    """One question: the account's books, read side by side."""

    def __init__(self, connection: Connection, account_id: UUID, *, time_zone: str, start: int, end: int) -> None:
        self._connection = connection
        self._account_id = account_id
        self._time_zone = time_zone
        self._start = start
        self._end = end

    async def newest(self, sources: Collection[TimelineSource], *, after: Place, most: int) -> list[TimelineRow]:
        """So many rows below a place, from all of the sources."""
        async with AsyncExitStack() as stack:
            heads: list[tuple[TimelineRow, AsyncIterator[TimelineRow]]] = []
            for source in sources:
                rows = await stack.enter_async_context(aclosing(self._rows(source, bound_of(source, after))))
                first = await anext(rows, None)
                if first is not None:
                    heads.append((first, rows))
            found: list[TimelineRow] = []
            while heads and len(found) < most:
                place = max(range(len(heads)), key=lambda index: heads[index][0].place)
                row, rows_left = heads[place]
                found.append(row)
                following = await anext(rows_left, None)
                if following is None:
                    del heads[place]
                else:
                    heads[place] = (following, rows_left)
        return found

    def _rows(self, source: TimelineSource, bound: Bound) -> AsyncGenerator[TimelineRow]:
        if source is TimelineSource.CALLS:
            return self._calls(bound)
        if source is TimelineSource.CHARGES:
            return self._charges(bound)
        return self._simple(source, bound)

    async def _simple(self, source: TimelineSource, bound: Bound) -> AsyncGenerator[TimelineRow]:
        while True:
            rows = await self._read(source, Reach(self._account_id, self._start, bound, _CHUNK))
            for row in rows:
                yield row
            if len(rows) < _CHUNK:
                return
            bound = Bound(rows[-1].at, rows[-1].key)

    async def _read(self, source: TimelineSource, reach: Reach) -> list[TimelineRow]:
        if source in _READERS:
            return await _READERS[source](self._connection, reach)
        if source in _OF_ORDERS:
            return await books.of_orders(self._connection, reach, source)
        return await books.of_transfers(self._connection, reach, source)

    async def _calls(self, bound: Bound) -> AsyncGenerator[TimelineRow]:
        """Hours with what was served in them, each where its last call stands. An hour of which a part lies above the bound
        has been told: its last call stands there."""
        before = min(self._end, bound.at + 1)
        while True:
            found = await self._newest_call(self._start, before)
            if found is None:
                return
            hour = found - found % _HOUR
            begin, end = max(hour, self._start), min(hour + _HOUR, self._end)
            last = found if end <= before else await self._newest_call(begin, end) or found
            if (last, str(begin)) < bound:
                yield await books.calls_between(
                    self._connection, account_id=self._account_id, begin=begin, end=end, last=last
                )
            if begin <= self._start:
                return
            before = begin

    async def _newest_call(self, start: int, before: int) -> int | None:
        return await books.newest_call(self._connection, account_id=self._account_id, start=start, before=before)

    async def _charges(self, bound: Bound) -> AsyncGenerator[TimelineRow]:
        """Days (of the account) with what was charged on them, each where its last charge stands; as with hours of calls."""
        standing = await waterfall_store.standing_of(self._connection, account_id=self._account_id)
        before = min(self._end, bound.at + 1)
        while True:
            places = await self._positions(standing.version, self._start, before)
            found = await self._newest_charge(places[self._start], places[before])
            if found is None:
                return
            midnight, next_midnight = window_bounds(Window.DAY, found, self._time_zone)
            assert next_midnight is not None
            begin, end = max(midnight, self._start), min(next_midnight, self._end)
            places = await self._positions(standing.version, begin, end)
            last = found if end <= before else await self._newest_charge(places[begin], places[end]) or found
            if (last, str(begin)) < bound:
                yield await self._charges_of(places[begin], places[end], begin=begin, end=end, last=last)
            if begin <= self._start:
                return
            before = begin

    async def _newest_charge(self, above: int, through: int) -> int | None:
        return await books.newest_charge(self._connection, account_id=self._account_id, above=above, through=through)

    async def _charges_of(self, above: int, through: int, *, begin: int, end: int, last: int) -> TimelineRow:
        """What was charged in a time: as it was added up by the hour where that has been done, else charge by charge."""
        if begin % _HOUR == 0 and end % _HOUR == 0:
            row = await books.charges_added_up(
                self._connection, account_id=self._account_id, through=through, begin=begin, end=end, last=last
            )
            if row is not None:
                return row
        return await books.charges_between(
            self._connection, account_id=self._account_id, above=above, through=through, begin=begin, last=last
        )

    async def _positions(self, version: int, *times: int) -> dict[int, int]:
        return await waterfall_store.positions_of(
            self._connection, account_id=self._account_id, version=version, times=times
        )
