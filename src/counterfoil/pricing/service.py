"""Price books: import, show and compare, and the price of a model at a time from memory."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.pricing import store
from counterfoil.pricing.documents import price_body, read_document, read_price
from counterfoil.pricing.model import Price
from counterfoil.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """One difference between a book and a document. `before` or `after` is None where there was or will be nothing."""

    model: str
    field: str
    before: Any
    after: Any


class PriceBooks:
    """The books, read from memory; `refresh` takes in what other processes have imported."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._versions: dict[tuple[str, str], tuple[list[int], list[Price]]] = {}
        self._seen: tuple[int, int] | None = None

    async def refresh(self) -> None:
        """Read the books anew where something was added since."""
        async with self._database.reading() as connection:
            newest = await store.newest_change(connection)
            if newest == self._seen:
                return
            versions = await store.all_versions(connection)
        books: dict[tuple[str, str], tuple[list[int], list[Price]]] = {}
        for price in versions:
            starts, prices = books.setdefault((price.book, price.model), ([], []))
            starts.append(price.valid_from)
            prices.append(price)
        self._versions, self._seen = books, newest

    def price_for(self, book: str, model: str, at: int) -> Price | None:
        """The version in force at a time, or None where the book has none."""
        found = self._versions.get((book, model))
        if found is None:
            return None
        place = bisect_right(found[0], at)
        return found[1][place - 1] if place else None

    def books(self) -> dict[str, int]:
        """The books with their number of models."""
        counts: dict[str, int] = {}
        for book, _ in self._versions:
            counts[book] = counts.get(book, 0) + 1
        return dict(sorted(counts.items()))

    def models(self, book: str) -> list[str]:
        return sorted(model for name, model in self._versions if name == book)

    def history(self, book: str, model: str) -> list[Price]:
        """Every version of a model's price, oldest first; raises `NotFound`."""
        found = self._versions.get((book, model))
        if found is None:
            raise NotFound(code="price_not_found", book=book, model=model[:200])
        return list(found[1])

    async def diff(self, document: Any, *, at: int | None = None) -> list[PriceChange]:
        """What importing the document would change; models that it does not name stay as they are."""
        await self.refresh()
        book, bodies = read_document(document)
        moment = self._clock.now() if at is None else at
        changes: list[PriceChange] = []
        for body in bodies:
            current = self.price_for(book, body["model"], moment)
            before = price_body(current) if current is not None else {}
            changes += _differences(body["model"], before, {k: v for k, v in body.items() if k != "model"})
        return changes

    async def import_book(self, document: Any, *, valid_from: int | None = None) -> list[PriceChange]:
        """Add a version for each model whose price differs, from `valid_from` (default: now) on.

        Importing the same document again adds nothing. Raises `InputError` for an unreadable document, and for a
        start before the version that is there already: what was charged stays explained.
        """
        book, bodies = read_document(document)
        changes: list[PriceChange] = []
        async with self._database.unit_of_work() as connection:
            await store.lock_books(connection)
            now = self._clock.now()
            start = now if valid_from is None else valid_from
            known: dict[str, Price] = {}
            for price in await store.all_versions(connection):
                if price.book == book:
                    known[price.model] = price
            for body in bodies:
                model, last = body["model"], known.get(body["model"])
                after = {name: value for name, value in body.items() if name != "model"}
                differences = _differences(model, price_body(last) if last is not None else {}, after)
                if not differences:
                    continue
                if last is not None and start <= last.valid_from:
                    raise InputError(code="price_start_too_early", model=model)
                number = last.number + 1 if last is not None else 1
                price = read_price(
                    after, version_id=self._clock.new_id(), book=book, model=model, number=number, valid_from=start
                )
                await store.insert_version(connection, price, created_at=now)
                changes += differences
        await self.refresh()
        return changes


def _differences(model: str, before: dict[str, Any], after: dict[str, Any]) -> list[PriceChange]:
    changes = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if name == "rates":
            old, new = old or {}, new or {}
            for kind in sorted(old.keys() | new.keys()):
                if old.get(kind) != new.get(kind):
                    field = f"rates.{kind}"
                    changes.append(PriceChange(model=model, field=field, before=old.get(kind), after=new.get(kind)))
        elif old != new:
            changes.append(PriceChange(model=model, field=name, before=old, after=new))
    return changes
