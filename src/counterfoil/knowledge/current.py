"""The handbook as it is now: the package's articles, and in their place what was published since."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import psycopg

from counterfoil.foundation.errors import Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.knowledge import editing_store as store
from counterfoil.knowledge.catalogue import Catalogue
from counterfoil.knowledge.editing_model import Published
from counterfoil.knowledge.front_matter import ArticleUnreadable, read_article
from counterfoil.knowledge.model import Article
from counterfoil.observability import log
from counterfoil.storage.database import Database

# So long a process answers with what was there before another one has published.
LOOKS_AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Handbook:
    """The articles of one moment, the revision that each published one is, and which could not be used any more.

    `set_aside` are revisions that this release cannot read, such as one that shows a word that is gone: the package's
    article stands in their place.
    """

    catalogue: Catalogue
    revisions: Mapping[str, Published]
    set_aside: tuple[Published, ...]


def combined(packaged: Catalogue, published: Iterable[Published]) -> Handbook:
    """The package's articles with the published ones in their place."""
    used: dict[str, Published] = {}
    set_aside: list[Published] = []
    articles: list[Article] = []
    for one in published:
        pages = _pages_of(one)
        if pages is None or any(packaged.replaced(pages).expanded(page).flaws for page in pages):
            log.warning("article_revision_set_aside", slug=one.slug, revision=one.number)
            set_aside.append(one)
            continue
        used[one.slug] = one
        articles += pages
    catalogue = packaged.replaced(articles) if articles else packaged
    return Handbook(catalogue=catalogue, revisions=used, set_aside=tuple(set_aside))


def _pages_of(one: Published) -> list[Article] | None:
    try:
        return [
            read_article(
                one.texts[language], slug=one.slug, language=language, file=f"articles/{language}/{one.slug}.md"
            )
            for language in Language
        ]
    except ArticleUnreadable:
        return None


class CurrentHandbook:
    """The handbook for a process: read in a thread when somebody first asks, and again when something was published.

    Where the database does not answer, what was read before is served, or the package's articles.
    """

    def __init__(
        self, load: Callable[[], Catalogue], database: Database, *, seconds: float = LOOKS_AGAIN_SECONDS
    ) -> None:
        self._load = load
        self._database = database
        self._seconds = seconds
        self._lock = asyncio.Lock()
        self._packaged: Catalogue | None = None
        self._handbook: Handbook | None = None
        self._state: tuple[int, int] | None = None
        self._looked_at = -math.inf

    async def __call__(self) -> Catalogue:
        return (await self.read()).catalogue

    async def read(self) -> Handbook:
        """What there is, at most some seconds old."""
        async with self._lock:
            return await self._read()

    async def packaged(self) -> Catalogue:
        """What the package holds."""
        async with self._lock:
            return await self._read_packaged()

    def look_again(self) -> None:
        """Something was published by this process: the next reader sees it."""
        self._looked_at = -math.inf

    async def _read_packaged(self) -> Catalogue:
        if self._packaged is None:
            self._packaged = await asyncio.to_thread(self._load)
        return self._packaged

    async def _read(self) -> Handbook:
        packaged = await self._read_packaged()
        if self._handbook is not None and time.monotonic() - self._looked_at < self._seconds:
            return self._handbook
        try:
            async with self._database.reading() as connection:
                state = await store.state_of_revisions(connection)
                latest = [] if state == self._state else await store.latest_revisions(connection)
        except (Unavailable, psycopg.OperationalError):
            return self._handbook or combined(packaged, ())
        if self._handbook is None or state != self._state:
            self._handbook = await asyncio.to_thread(combined, packaged, latest)
            self._state = state
        self._looked_at = time.monotonic()
        return self._handbook
