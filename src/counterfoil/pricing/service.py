"""Price books: import, show and compare, and the price of a model at a time from memory."""

from __future__ import annotations

from bisect import bisect_right
from typing import Any
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CurrencyMismatch, NotFound
from counterfoil.pricing import store
from counterfoil.pricing.documents import read_document, shipped_document
from counterfoil.pricing.model import Price, PriceVersion
from counterfoil.pricing.model import PriceChange as PriceChange
from counterfoil.pricing.schedule import plan_import, timeline
from counterfoil.storage.database import Connection, Database

CUSTOMER_BOOK = "customer"
# What a new installation sells: text models from genai-prices, media of our own reading.
DEFAULT_DOCUMENTS = ("default", "media")


class PriceBooks:
    """The books, read from memory; `refresh` takes in what other processes have imported."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._revisions: dict[str, int] = {}
        # A model's versions by number, and what follows from them: when which price starts (None: withdrawn).
        self._versions: dict[tuple[str, str], dict[int, PriceVersion]] = {}
        self._starts: dict[tuple[str, str], tuple[list[int], list[Price | None]]] = {}
        self._by_version: dict[UUID, Price] = {}

    async def refresh(self) -> None:
        """Read what was added to the books since the last time."""
        async with self._database.reading() as connection:
            newer = {
                row.book: (self._revisions.get(row.book, 0), row.revision)
                for row in await store.books(connection)
                if row.revision > self._revisions.get(row.book, 0)
            }
            versions = await store.versions_after(connection, newer) if newer else []
        changed = set()
        for version in versions:
            self._versions.setdefault((version.book, version.model), {})[version.number] = version
            changed.add((version.book, version.model))
        for key in changed:
            known = self._versions[key]
            segments = timeline([known[number] for number in sorted(known)])
            self._starts[key] = ([each.valid_from for each in segments], [each.price for each in segments])
            self._by_version.update({each.price.version_id: each.price for each in segments if each.price is not None})
        for book, (_, revision) in newer.items():
            self._revisions[book] = max(revision, self._revisions.get(book, 0))

    def price_for(self, book: str, model: str, at: int) -> Price | None:
        """The price in force at a time, or None where the book has none."""
        found = self._starts.get((book, model))
        if found is None:
            return None
        place = bisect_right(found[0], at)
        return found[1][place - 1] if place else None

    def version(self, version_id: UUID) -> Price | None:
        """A price by its version, as a charge names it; None for one that never came into force."""
        return self._by_version.get(version_id)

    def show(self, book: str, *, at: int | None = None) -> list[Price]:
        """Every price of a book in force at a time (default: now), by model."""
        moment = self._clock.now() if at is None else at
        found = (self.price_for(book, model, moment) for name, model in sorted(self._starts) if name == book)
        return [price for price in found if price is not None]

    def books(self) -> dict[str, int]:
        """The books, with the number of models that each prices now."""
        return {book: len(self.show(book)) for book in sorted(self._revisions)}

    def models(self, book: str) -> list[str]:
        """The models that a book prices now."""
        return [price.model for price in self.show(book)]

    def history(self, book: str, model: str) -> list[Price]:
        """Every price of a model that has been or will be in force, oldest first; raises `NotFound`."""
        found = self._starts.get((book, model))
        if found is None:
            raise NotFound(code="price_not_found", book=book[:80], model=model[:200])
        return [price for price in found[1] if price is not None]

    async def diff(self, document: Any, *, at: int | None = None) -> list[PriceChange]:
        """What importing the document would change; models that it does not name stay as they are."""
        read = read_document(document)
        now = self._clock.now()
        async with self._database.reading() as connection:
            currency = {row.book: row.currency for row in await store.books(connection)}.get(read.book, read.currency)
            present = await _present(connection, read.book)
        if currency != read.currency:
            raise CurrencyMismatch(expected=currency, given=read.currency)
        plans = plan_import(read, present, start=now if at is None else at, now=now)
        return [change for plan in plans for change in plan.changes]

    async def import_book(self, document: Any, *, valid_from: int | None = None) -> list[PriceChange]:
        """Make the book say what the document says, from `valid_from` (default: now) on; returns what changed.

        Importing the same document again adds nothing. A `valid_from` in the past holds for models that the book has
        never priced; the others change now, so that what was charged stays explained. Raises `PriceBookUnreadable`
        and `CurrencyMismatch`, and then nothing was imported.
        """
        read = read_document(document)
        async with self._database.unit_of_work() as connection:
            row = await store.lock_book(connection, book=read.book, currency=read.currency, now=self._clock.now())
            if row.currency != read.currency:
                raise CurrencyMismatch(expected=row.currency, given=read.currency)
            present = await _present(connection, read.book)
            # Read under the lock, so that the versions of a book start in the order of their numbers.
            now = self._clock.now()
            plans = plan_import(read, present, start=now if valid_from is None else valid_from, now=now)
            versions = []
            for plan in plans:
                number = max((version.number for version in present.get(plan.model, ())), default=0)
                for place, (start, terms) in enumerate(plan.steps, start=1):
                    versions.append(
                        PriceVersion(
                            version_id=self._clock.new_id(), book=read.book, model=plan.model, number=number + place,
                            revision=row.revision + 1, valid_from=start, created_at=now, terms=terms,
                        )
                    )  # fmt: skip
            if versions:
                await store.insert_versions(connection, versions)
                await store.set_revision(connection, book=read.book, revision=row.revision + 1)
        await self.refresh()
        return [change for plan in plans for change in plan.changes]

    async def install_default(self) -> bool:
        """Give a new installation the customers' book that is shipped; False where it has one already."""
        await self.refresh()
        if CUSTOMER_BOOK in self._revisions:
            return False
        for name in DEFAULT_DOCUMENTS:
            await self.import_book(shipped_document(name))
        return True


async def _present(connection: Connection, book: str) -> dict[str, list[PriceVersion]]:
    """A book's versions by model, each by number."""
    present: dict[str, list[PriceVersion]] = {}
    for version in await store.versions_after(connection, {book: (0, 2**62)}):
        present.setdefault(version.model, []).append(version)
    return present
