"""Use cases of statements: an account's lines page by page, and a period as a whole. Reads only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.ledger import statement_store as store
from counterfoil.ledger.statement import StatementLine, StatementPage, StatementSums, lines_of, whole_operations
from counterfoil.storage.database import Database

# What one page adds up at most, so that it is there at once however many calls a day has.
TRANSFERS_ADDED_UP_MAX = 20_000
LINES_MAX = 10_000
# Operations other than charges that are read at once; each may have several legs.
_LEGS_MAX = 2_000
# Pages of up to so many lines end where a busy day would take long to add up; longer ones, for files and paper, go on.
_ANSWERED_AT_ONCE = 100
_DAY = 86_400_000_000
_PERIOD_MAX = 400 * _DAY


class Statements:
    """Writes statements of accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
            lines: list[StatementLine] = []
            while through > floor and len(lines) <= most:
                part, reached = await self._part(
                    connection, account_id, floor=floor, through=through, balance=balance, most=most, days=days
                )
                lines = _joined(lines, part, days=days)
                balance -= sum(line.amount for line in part)
                through = reached
                if most <= _ANSWERED_AT_ONCE:
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
            change = await store.sum_between(connection, account_id=account_id, above=above, through=through)
            movements = await store.movements_between(connection, account_id=account_id, above=above, through=through)
        return StatementSums(
            opening=closing - change, closing=closing, transfers=through - above, movements=tuple(movements)
        )

    async def count(self, account_id: UUID, *, start: int, end: int) -> int:
        """How many transfers a period has; raises as `lines`."""
        _check_period(start, end)
        async with self._database.snapshot() as connection:
            await store.prepare(connection)
            version, _ = await _head(connection, account_id)
            found = await store.positions_of(connection, account_id=account_id, version=version, times=[start, end])
        return found[end] - found[start]

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
    ) -> tuple[list[StatementLine], int]:
        """Lines from `through` down, and the version above which they are all."""
        above = max(floor, through - TRANSFERS_ADDED_UP_MAX)
        if above > floor:
            # Not in the midst of an operation.
            above -= await store.leg_at(connection, account_id=account_id, version=above + 1) - 1
        wanted = _LEGS_MAX if days is not None else 2 * most + 20
        legs, cut = whole_operations(
            await store.legs_between(
                connection, account_id=account_id, above=above, through=through, charges=days is None, most=wanted + 1
            ),
            most=wanted,
        )
        above = above if cut is None else cut
        runs = []
        if days is not None:
            runs = await store.runs_between(
                connection, account_id=account_id, above=above, through=through, days=days,
                breaks=sorted(leg.version for leg in legs),
            )  # fmt: skip
        return lines_of(legs, runs, balance=balance), above


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
