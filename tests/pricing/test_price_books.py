"""Books in the database: imported once, read from memory, never changed."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import CurrencyMismatch, NotFound
from counterfoil.pricing.model import PriceBookUnreadable, Usage
from counterfoil.pricing.rules import rate
from counterfoil.pricing.service import PriceBooks
from counterfoil.storage.database import Database

DAY = 86_400


def document(*entries: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"book": "customer", "currency": "USD", "prices": list(entries)} | fields


def mini(price: str, **fields: Any) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "rates": {"input": price, "output": "0.6"}} | fields


@pytest.fixture
def books(database: Database, clock: ManualClock) -> PriceBooks:
    return PriceBooks(database, clock=clock)


async def test_an_imported_price_is_in_force_from_then_on(books: PriceBooks, clock: ManualClock) -> None:
    now = clock.now()
    changes = await books.import_book(document(mini("0.15"), source="a page", source_date="2026-11-23"))

    assert {change.field: change.after for change in changes} == {
        "rates.input": 150_000_000,
        "rates.output": 600_000_000,
    }
    assert books.price_for("customer", "gpt-4o-mini", now - 1) is None
    price = books.price_for("customer", "gpt-4o-mini", now)
    assert price is not None
    assert (price.number, price.valid_from, price.valid_to, price.source) == (1, now, None, "a page")
    assert books.version(price.version_id) is price
    assert books.price_for("customer", "gpt-9", now) is None
    assert books.price_for("upstream:x", "gpt-4o-mini", now) is None


async def test_a_price_applies_on_the_dates_it_is_for(books: PriceBooks, clock: ManualClock) -> None:
    first = clock.now()
    await books.import_book(document(mini("0.15")))
    clock.advance(seconds=DAY)
    second = clock.now()
    await books.import_book(document(mini("0.2"), mini("0.3", **{"from": "2024-01-01"})))

    history = books.history("customer", "gpt-4o-mini")

    assert [price.rates["input"] for price in history] == [150_000_000, 200_000_000, 300_000_000]
    assert [price.number for price in history] == [1, 2, 3]
    new_year = 1_704_067_200_000_000
    assert [(price.valid_from, price.valid_to) for price in history] == [
        (first, second), (second, new_year), (new_year, None),
    ]  # fmt: skip
    for moment, nanos in ((first, 150), (second - 1, 150), (second, 200), (new_year - 1, 200), (new_year, 300)):
        price = books.price_for("customer", "gpt-4o-mini", moment)
        assert price is not None
        assert rate(price, Usage(counts={"input": 1}), multiplier_millis=1000).amount_nanos == nanos


async def test_the_same_document_again_adds_nothing(books: PriceBooks, clock: ManualClock, database: Database) -> None:
    await books.import_book(document(mini("0.15"), mini("0.3", **{"from": "2090-01-01"})))
    clock.advance(seconds=DAY)
    assert await books.import_book(document(mini("0.15"), mini("0.3", **{"from": "2090-01-01"}))) == []
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT count(*), max(revision) FROM price_versions")
        assert await cursor.fetchone() == (2, 1)


async def test_diff_says_what_an_import_would_change_and_changes_nothing(books: PriceBooks, clock: ManualClock) -> None:
    await books.import_book(
        document(mini("0.15", context_tiers=[{"above_input_tokens": 100, "rates": {"input": "1"}}]))
    )
    written = document(
        mini("0.2", tier="economy"), {"model": "new", "rates": {"input": "1"}}, mini("0.4", **{"from": "2090-01-01"})
    )  # fmt: skip

    changes = await books.diff(written)

    found = [(change.model, change.field, change.before, change.after) for change in changes if not change.valid_from]
    assert found == [
        ("gpt-4o-mini", "rates.input", 150_000_000, 200_000_000),
        ("gpt-4o-mini", "rates.input above 100", 1_000_000_000, None),
        ("gpt-4o-mini", "rates.output above 100", 600_000_000, None),
        ("gpt-4o-mini", "tier", "standard", "economy"),
        ("new", "rates.input", None, 1_000_000_000),
    ]
    assert all(change.model == "gpt-4o-mini" for change in changes if change.valid_from)
    assert books.models("customer") == ["gpt-4o-mini"]
    assert await books.import_book(written) == changes
    assert await books.diff(written) == []


async def test_models_that_a_document_does_not_name_keep_their_price(books: PriceBooks, clock: ManualClock) -> None:
    await books.import_book(document(mini("0.15")))
    await books.import_book(document({"model": "other", "rates": {"input": "1"}}))
    assert books.models("customer") == ["gpt-4o-mini", "other"]
    assert books.books() == {"customer": 2}


async def test_a_withdrawn_model_has_no_price_and_keeps_its_past(books: PriceBooks, clock: ManualClock) -> None:
    await books.import_book(document(mini("0.15")))
    sold = clock.now()
    clock.advance(seconds=1)
    await books.import_book(document({"model": "gpt-4o-mini", "withdrawn": True}))
    assert books.price_for("customer", "gpt-4o-mini", clock.now()) is None
    assert books.price_for("customer", "gpt-4o-mini", sold) is not None
    assert books.models("customer") == []
    assert len(books.history("customer", "gpt-4o-mini")) == 1


async def test_what_customers_pay_and_what_an_upstream_costs_are_two_books(
    books: PriceBooks, clock: ManualClock
) -> None:
    await books.import_book(document(mini("0.15")))
    await books.import_book(document(mini("0.1"), book="upstream:relay-1"))
    sold, bought = (books.price_for(book, "gpt-4o-mini", clock.now()) for book in ("customer", "upstream:relay-1"))
    assert sold is not None
    assert bought is not None
    assert (sold.rates["input"], bought.rates["input"]) == (150_000_000, 100_000_000)


async def test_another_process_sees_an_import_when_it_refreshes(
    books: PriceBooks, database: Database, clock: ManualClock
) -> None:
    other = PriceBooks(database, clock=clock)
    await other.import_book(document(mini("0.15")))
    await other.import_book(document({"model": "other", "rates": {"input": "1"}}, book="upstream:a"))
    assert books.price_for("customer", "gpt-4o-mini", clock.now()) is None
    await books.refresh()
    assert books.price_for("customer", "gpt-4o-mini", clock.now()) == other.price_for(
        "customer", "gpt-4o-mini", clock.now()
    )
    clock.advance(seconds=1)
    await other.import_book(document(mini("0.2")))
    await asyncio.gather(books.refresh(), books.refresh(), books.refresh())
    assert [price.rates["input"] for price in books.history("customer", "gpt-4o-mini")] == [150_000_000, 200_000_000]
    assert books.books() == {"customer": 1, "upstream:a": 1}


async def test_imports_at_the_same_time_follow_one_another(database: Database, clock: ManualClock) -> None:
    several = [PriceBooks(database, clock=clock) for _ in range(4)]
    await asyncio.gather(
        *(each.import_book(document(mini(f"0.{place + 1}"))) for place, each in enumerate(several))
    )  # fmt: skip
    async with database.reading() as connection:
        cursor = await connection.execute("SELECT number, revision FROM price_versions ORDER BY number")
        assert await cursor.fetchall() == [(1, 1), (2, 2), (3, 3), (4, 4)]
    for each in several:
        await each.refresh()
    assert len({each.price_for("customer", "gpt-4o-mini", clock.now()) is not None for each in several}) == 1


async def test_a_first_price_may_be_dated_back_and_the_next_may_not(books: PriceBooks, clock: ManualClock) -> None:
    earlier = clock.now() - 10 * DAY * 1_000_000
    await books.import_book(document(mini("0.15"), book="upstream:a"), valid_from=earlier)
    assert books.price_for("upstream:a", "gpt-4o-mini", earlier) is not None
    await books.import_book(document(mini("0.2"), book="upstream:a"), valid_from=earlier)
    assert [price.valid_from for price in books.history("upstream:a", "gpt-4o-mini")] == [earlier, clock.now()]


async def test_an_import_is_whole_or_not_at_all(books: PriceBooks, clock: ManualClock, database: Database) -> None:
    with pytest.raises(PriceBookUnreadable):
        await books.import_book(document(mini("0.15"), mini("free", model="other")))
    await books.import_book(document(mini("0.15")))
    with pytest.raises(CurrencyMismatch):
        await books.import_book(document(mini("1"), currency="CNY"))
    with pytest.raises(CurrencyMismatch):
        await books.diff(document(mini("1"), currency="CNY"))
    assert len(books.history("customer", "gpt-4o-mini")) == 1


async def test_nobody_changes_or_removes_a_price_that_was_in_force(
    books: PriceBooks, database: Database, clock: ManualClock
) -> None:
    await books.import_book(document(mini("0.15")))
    for statement in (
        "UPDATE price_versions SET valid_from = 0",
        "DELETE FROM price_versions",
        "TRUNCATE price_versions",
        "DELETE FROM price_books",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.unit_of_work() as connection:
                await connection.execute(statement)


async def test_a_model_that_never_had_a_price_has_no_history(books: PriceBooks) -> None:
    with pytest.raises(NotFound):
        books.history("customer", "gpt-9")


async def test_a_new_installation_gets_the_shipped_books_once(books: PriceBooks, clock: ManualClock) -> None:
    assert await books.install_default()
    assert not await books.install_default()
    now = clock.now()
    text, image = (books.price_for("customer", model, now) for model in ("gpt-4o-mini", "gpt-image-1"))
    assert text is not None
    assert image is not None
    assert (text.tier, image.tier) == ("economy", "image")
    assert books.books()["customer"] > 400
    assert [price.model for price in books.show("customer")] == books.models("customer")
