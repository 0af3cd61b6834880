"""Use cases of statements: an account's lines page by page, and a period as a whole.

They read what was added up in the background as far as that goes (`sums`), and transfers from there on, so that an answer is
as of now. Nothing of this is on the path of a call.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import NIL, show_id
from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.ledger import statement_store as store
from counterfoil.ledger import sums_store
from counterfoil.ledger.statement import (
    StatementLine,
    StatementPage,
    StatementSums,
    charged_by_part,
    lines_of,
    movements_of,
    runs_of,
    whole_operations,
)
from counterfoil.ledger.sums import next_stretches
from counterfoil.storage.database import Database

# What one page reads one by one at most, so that it is there at once however many calls a day has.
TRANSFERS_ADDED_UP_MAX = 20_000
# What it reads at most where that was added up before: some thousands of rows.
_SUMMED_TRANSFERS_MAX = 1_000_000
LINES_MAX = 10_000
# Operations other than charges that are read at once; each may have several legs.
_LEGS_MAX = 2_000
# Pages of up to so many lines end where a busy day would take long to add up; longer ones, for files and paper, go on.
_ANSWERED_AT_ONCE = 100
# Stretches added up in one transaction, and accounts looked for at once.
_STRETCHES_AT_ONCE = 400
_ACCOUNTS_AT_ONCE = 100
_DAY = 86_400_000_000
_PERIOD_MAX = 400 * _DAY


class Statements:
    """Writes statements of accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Background work.

    async def add_up(self) -> int:
        """Add up every stretch that is full; gives how many accounts had one."""
        worked, after = 0, NIL
        while True:
            async with self._database.reading() as connection:
                accounts = await sums_store.accounts_behind(connection, after=after, at_most=_ACCOUNTS_AT_ONCE)
            for account_id in accounts:
                while await self._add_up(account_id):
                    pass
            worked += len(accounts)
            if len(accounts) < _ACCOUNTS_AT_ONCE:
                return worked
            after = accounts[-1]

    async def _add_up(self, account_id: UUID) -> int:
        """Add up an account's next stretches; gives 0 where there were none."""
        async with self._database.unit_of_work() as connection:
            # What has committed by now; the next ones have higher versions.
            version = await sums_store.version_of(connection, account_id)
            summed = await sums_store.summed_of(connection, account_id)
            stretches = next_stretches(version=version, summed=summed, most=_STRETCHES_AT_ONCE)
            for one in stretches:
                await sums_store.add_up(connection, account_id, one)
        return len(stretches)

    # Questions.

    async def lines(
        self,
        account_id: UUID,
        *,
        start: int,
        end: int,
        time_zone: str,
        before: int | None = None,
        most: int = 50,
        folded: bool = True,
        above: int = 0,
    ) -> StatementPage:
        """The lines of a period (from `start` until before `end`), newest first, below the version `before`.

        `folded`: the charges of a day (of `time_zone`) are one line. Above `above` only: what a folded line is made of.
        Raises `NotFound`, `InputError` for a period that is empty or too long.
        """
        _check_period(start, end)
        most = max(1, min(most, LINES_MAX))
        async with self._database.snapshot() as connection:
            await store.prepare(connection)
            version, posted = await _head(connection, account_id)
            found = await store.positions_of(connection, account_id=account_id, version=version, times=[start, end])
            floor, ceiling = max(above, found[start]), found[end]
            through = ceiling if before is None else min(before - 1, ceiling)
            if through <= floor:
                return StatementPage(lines=(), before=None)
            balance = await _balance_at(connection, account_id, version=version, posted=posted, through=through)
            days = _days(start, end, time_zone) if folded else None
            summed = await sums_store.summed_through(connection, account_id)
            lines: list[StatementLine] = []
            while through > floor and len(lines) <= most:
                is_much = not folded or through - summed > TRANSFERS_ADDED_UP_MAX
                part, reached = await self._part(
                    connection, account_id, floor=floor, through=through, balance=balance, most=most, days=days,
                    reach=TRANSFERS_ADDED_UP_MAX if is_much else _SUMMED_TRANSFERS_MAX,
                )  # fmt: skip
                lines = _joined(lines, part, days=days)
                balance -= sum(line.amount for line in part)
                through = reached
                if most <= _ANSWERED_AT_ONCE and is_much:
                    # A page is answered at once: the rest of a busy day is the next page's.
                    break
        kept = lines[:most]
        if len(lines) > most:
            through = kept[-1].first_version - 1
        return StatementPage(lines=tuple(kept), before=through + 1 if through > floor else None)

    async def sums(self, account_id: UUID, *, start: int, end: int) -> StatementSums:
        """A period's opening and closing balance, and what moved between; raises as `lines`."""
        _check_period(start, end)
        async with self._database.snapshot() as connection:
            await store.prepare(connection)
            version, posted = await _head(connection, account_id)
            found = await store.positions_of(connection, account_id=account_id, version=version, times=[start, end])
            above, through = found[start], found[end]
            closing = await _balance_at(connection, account_id, version=version, posted=posted, through=through)
            sums = await sums_store.sums_between(connection, account_id=account_id, above=above, through=through)
        return StatementSums(
            opening=closing - sum(one.change for one in sums), closing=closing, transfers=through - above,
            movements=movements_of(sums),
        )  # fmt: skip

    async def charged_by_part(self, account_id: UUID, *, times: Sequence[int]) -> list[int]:
        """What was charged, less what was given back, between each of these times (in their order) and the next; raises
        `NotFound`."""
        async with self._database.snapshot() as connection:
            await store.prepare(connection)
            version, _ = await _head(connection, account_id)
            found = await store.positions_of(connection, account_id=account_id, version=version, times=times)
            places = [found[at] for at in times]
            sums = await sums_store.sums_between(
                connection, account_id=account_id, above=places[0], through=places[-1],
                breaks=[place + 1 for place in places[1:-1]],
            )  # fmt: skip
        return charged_by_part(sums, parts=len(times) - 1)

    async def behind(self, account_id: UUID, *, start: int, end: int) -> int:
        """How many transfers of a period are not added up yet; raises as `lines`."""
        _check_period(start, end)
        async with self._database.snapshot() as connection:
            await store.prepare(connection)
            version, _ = await _head(connection, account_id)
            found = await store.positions_of(connection, account_id=account_id, version=version, times=[start, end])
            summed = await sums_store.summed_through(connection, account_id)
        return max(0, found[end] - max(found[start], summed))

    async def _part(
        self,
        connection: AsyncConnection[Any],
        account_id: UUID,
        *,
        floor: int,
        through: int,
        balance: int,
        most: int,
        days: Sequence[int] | None,
        reach: int,
    ) -> tuple[list[StatementLine], int]:
        """Lines of at most `reach` transfers from `through` down, and the version above which they are all."""
        above = max(floor, through - reach)
        if above > floor:
            # Not in the midst of an operation.
            above -= await store.leg_at(connection, account_id=account_id, version=above + 1) - 1
        # Most movements have charges before them, so half as many as there are lines are enough at a time.
        wanted = min(_LEGS_MAX, most // 2 + 5) if days is not None else 2 * most + 20
        read = store.legs_between if days is None else store.legs_besides_charges
        while True:
            found = await read(connection, account_id=account_id, above=above, through=through, most=wanted + 1)
            legs, cut = whole_operations(found, most=wanted)
            if legs or cut is None:
                break
            # Not even one operation is whole.
            wanted *= 4
        above = above if cut is None else cut
        if days is None:
            return lines_of(legs, (), balance=balance), above
        begins = await _beginnings(connection, account_id, above=above, through=through, times=days)
        breaks = sorted({*(leg.version for leg in legs), *begins})
        sums = await sums_store.sums_between(
            connection, account_id=account_id, above=above, through=through, breaks=breaks
        )
        return lines_of(legs, runs_of(sums), balance=balance), above


async def _beginnings(
    connection: AsyncConnection[Any], account_id: UUID, *, above: int, through: int, times: Sequence[int]
) -> list[int]:
    """The versions, of those above one and through another, with which something new begins by the clock."""
    span = await store.span_of(connection, account_id=account_id, above=above, through=through)
    within = [] if span is None else [at for at in times if span[0] < at <= span[1]]
    if not within:
        return []
    found = await store.positions_of(connection, account_id=account_id, version=through, times=within)
    return [version + 1 for version in found.values()]


async def _head(connection: AsyncConnection[Any], account_id: UUID) -> tuple[int, int]:
    head = await store.head_of(connection, account_id)
    if head is None:
        raise NotFound(code="account_not_found", account=show_id("account", account_id))
    return head


async def _balance_at(
    connection: AsyncConnection[Any], account_id: UUID, *, version: int, posted: int, through: int
) -> int:
    """What was posted after a version, from whichever side there is less to add up."""
    if through <= version - through:
        return await store.sum_between(connection, account_id=account_id, above=0, through=through)
    return posted - await store.sum_between(connection, account_id=account_id, above=through, through=version)


def _check_period(start: int, end: int) -> None:
    if not 0 < end - start <= _PERIOD_MAX:
        raise InputError(field="month", expected="a month such as 2026-11")


def _days(start: int, end: int, time_zone: str) -> list[int]:
    """When each day of a period begins."""
    days = []
    while start < end:
        days.append(start)
        _, following = window_bounds(Window.DAY, start, time_zone)
        assert following is not None
        start = following
    return days


def _joined(
    lines: list[StatementLine], part: list[StatementLine], *, days: Sequence[int] | None
) -> list[StatementLine]:
    """Lines with those before them; a run of charges that was read in two parts is one again."""
    if days is None or not lines or not part or not (lines[-1].charges and part[0].charges):
        return [*lines, *part]
    newer, older = lines[-1], part[0]
    if bisect_right(days, newer.first_at) != bisect_right(days, older.last_at):
        return [*lines, *part]
    whole = replace(
        newer, amount=newer.amount + older.amount, first_at=older.first_at, first_version=older.first_version,
        charges=newer.charges + older.charges,
    )  # fmt: skip
    return [*lines[:-1], whole, *part[1:]]
