"""Counting whether a page was the answer: by day, article and language, with nothing about who said it."""

from __future__ import annotations

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge import votes_store as store
from counterfoil.knowledge.votes_model import Verdict, VoteCount
from counterfoil.storage.database import Database

_DAY_MICROS = 86_400_000_000


class Votes:
    """What readers said of articles."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, slug: str, language: Language, verdict: Verdict) -> None:
        """Count one vote today. That the article exists is for the caller to know."""
        async with self._database.unit_of_work() as connection:
            await store.add_one(
                connection, day=self._clock.now() // _DAY_MICROS, slug=slug, language=language, verdict=verdict
            )

    async def read(self, *, first_day: int, last_day: int, slug: str | None = None) -> list[VoteCount]:
        """The counts of these days (since 1970-01-01 in UTC), both included; of one article where a slug is given."""
        async with self._database.reading() as connection:
            return await store.read_counts(connection, first_day=first_day, last_day=last_day, slug=slug)
