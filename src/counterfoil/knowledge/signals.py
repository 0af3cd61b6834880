"""Use cases of what tells editors where to write: signals with their remedies, and articles before and after a revision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge.current import CurrentHandbook
from counterfoil.knowledge.model import Article
from counterfoil.knowledge.signals_rules import (
    COMPARED_DAYS_MAX,
    CauseSeen,
    Comparison,
    DeskCounts,
    Signal,
    compare,
    day_number,
    in_order_of_review,
    signals,
)
from counterfoil.knowledge.votes import Votes


class CountsCases(Protocol):
    """What the support desk counts, without a word of anybody's."""

    async def counts(self, *, first_day: int, last_day: int) -> DeskCounts: ...

    async def causes(self, *, first_day: int, last_day: int) -> tuple[CauseSeen, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An article in the order of review, with the number of its published revision (0: as the package has it)."""

    article: Article
    revision: int
    is_due: bool
    comparison: Comparison


class Signals:
    """Reads only."""

    def __init__(self, *, clock: Clock, handbook: CurrentHandbook, votes: Votes, desk: CountsCases) -> None:
        self._clock = clock
        self._handbook = handbook
        self._votes = votes
        self._desk = desk

    @property
    def today(self) -> date:
        return to_datetime(self._clock.now()).date()

    async def read(self, *, days: int) -> tuple[Signal, ...]:
        """What came up in the last days, today included."""
        catalogue = await self._handbook()
        last = day_number(self.today)
        counts = await self._desk.counts(first_day=last - days + 1, last_day=last)
        votes = await self._votes.read(first_day=last - days + 1, last_day=last)
        return signals(counts, votes, catalogue.slugs)

    async def kept(self, language: Language) -> list[Kept]:
        """Every article of a language, what is to be looked at first on top, with how it did around its last revision."""
        read = await self._handbook.read()
        today = self.today
        last = day_number(today)
        first = last - 2 * COMPARED_DAYS_MAX
        causes = await self._desk.causes(first_day=first, last_day=last)
        votes = await self._votes.read(first_day=first, last_day=last)
        return [
            Kept(
                article=one,
                revision=read.revisions[one.slug].number if one.slug in read.revisions else 0,
                is_due=one.review_by < today,
                comparison=compare(one.slug, one.updated, today=today, causes=causes, votes=votes),
            )
            for one in in_order_of_review(read.catalogue.articles(language))
        ]
