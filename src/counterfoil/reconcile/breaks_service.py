"""Use cases of reading breaks and matches: which there are, and one with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from counterfoil.approvals.model import Approval, ApprovalState
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import to_datetime
from counterfoil.reconcile import breaks_store, matches_store, statements_store
from counterfoil.reconcile.desk_model import Break, BreakEvent, BreakState, KeptLine, Match, Settlement
from counterfoil.reconcile.model import Book, BreakClass
from counterfoil.reconcile.settling import no_break
from counterfoil.storage.database import Database

PAGE_MAX = 500
_DAY_MICROS = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakView:
    """A break with its lines as told now, its suggestions and matches, its history, and what waits for approval."""

    found: Break
    age_days: int
    lines: Sequence[KeptLine]
    suggestions: Sequence[Match]
    matches: Sequence[Match]
    events: Sequence[BreakEvent]
    settlements: Sequence[Settlement]
    proposals: Sequence[Approval]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingCount:
    """How many breaks of a class stand, whose they are, and since which day the oldest does."""

    book: str
    break_class: str
    owner: str
    count: int
    oldest: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOff:
    """What was written off: `amount` nanos that the other side had more (or, negative, less) than our records."""

    book: str
    source: str | None
    currency: str
    amount: int


class Breaks:
    """Reads breaks and matches."""

    def __init__(self, database: Database, *, clock: Clock, approvals: Approvals) -> None:
        self._database = database
        self._clock = clock
        self._approvals = approvals

    async def list(
        self,
        *,
        state: BreakState | None = None,
        standing: bool = False,
        book: Book | None = None,
        break_class: BreakClass | None = None,
        owner: str | None = None,
        source: str | None = None,
        account_id: UUID | None = None,
        older_than_days: int | None = None,
        least: int | None = None,
        assignee: str | None = None,
        before: UUID | None = None,
        most: int = 50,
    ) -> list[Break]:
        """Breaks that match every condition given, newest first; `least` nanos of difference, either way; `assignee` "" for
        those that nobody has taken on."""
        first_day_before = None
        if older_than_days is not None:
            first_day_before = to_datetime(self._clock.now() - older_than_days * _DAY_MICROS).date()
        async with self._database.reading() as connection:
            return await breaks_store.read_breaks(
                connection, state=state, standing=standing, book=book, break_class=break_class, owner=owner,
                source=source, account_id=account_id, first_day_before=first_day_before, least=least,
                assignee=assignee, before=before,
                most=min(most, PAGE_MAX + 1),
            )  # fmt: skip

    async def counts(self) -> Sequence[StandingCount]:
        """What stands, by book and class."""
        async with self._database.reading() as connection:
            found = await breaks_store.count_standing(connection)
        return [
            StandingCount(book=book, break_class=name, owner=owner, count=count, oldest=oldest)
            for book, name, owner, count, oldest in found
        ]

    async def written_off(self, *, begins: int, ends: int) -> Sequence[WrittenOff]:
        """What was written off in a time, by book, source and currency: what clearing and statements still differ by."""
        async with self._database.reading() as connection:
            found = await breaks_store.written_off(connection, begins=begins, ends=ends)
        return [
            WrittenOff(book=book, source=source, currency=currency, amount=amount)
            for book, source, currency, amount in found
        ]

    async def find(self, break_id: UUID) -> Break:
        """The break of that id; raises `NotFound` (`break_not_found`)."""
        async with self._database.reading() as connection:
            found = await breaks_store.read_break(connection, break_id)
        if found is None:
            raise no_break(break_id)
        return found

    async def view(self, break_id: UUID) -> BreakView:
        """A break with all that is known of it; raises `NotFound` (`break_not_found`)."""
        found = await self.find(break_id)
        rows = (*found.ours, *found.theirs)
        lines = [
            UUID(hex=row.removeprefix("line:"))
            for row in (*rows, *found.alternatives)
            if row.startswith("line:") and len(row) == len("line:") + 32
        ]
        async with self._database.reading() as connection:
            standing = [match for _, match in await matches_store.standing_of_rows(connection, found.book, rows)]
            known = await statements_store.read_lines(connection, lines)
            events = await breaks_store.events_of(connection, break_id)
            settlements = await breaks_store.settlements_of(connection, break_id)
        proposals = await self._approvals.list(state=ApprovalState.PROPOSED, subject=show_id("break", break_id))
        return BreakView(
            found=found, age_days=found.age_days(self._clock.now()), lines=known,
            suggestions=[match for match in standing if match.is_suggested],
            matches=[match for match in standing if not match.is_suggested], events=events, settlements=settlements,
            proposals=proposals,
        )  # fmt: skip

    async def matches(
        self,
        *,
        book: Book | None = None,
        row: str | None = None,
        suggested: bool = False,
        standing: bool = True,
        before: UUID | None = None,
        most: int = 50,
    ) -> Sequence[Match]:
        """Matches, or what is only suggested, newest first; those that one row is in where it is given."""
        async with self._database.reading() as connection:
            return await matches_store.read_matches(
                connection, book=book, row=row, suggested=suggested, standing=standing, before=before,
                most=min(most, PAGE_MAX + 1),
            )  # fmt: skip

    def age_days(self, found: Break) -> int:
        return found.age_days(self._clock.now())
