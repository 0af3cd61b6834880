"""Price books: what customers pay and what upstreams cost, at any date; and bringing a new document in, after looking at
what it would change."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from counterfoil.console.desk import did, read_moment
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Cell, Column, Id, Instant, Link, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.pricing.documents import parse_document, read_document
from counterfoil.pricing.model import PER_MILLION_KINDS, UNITS_PER_MILLION, ContextTier, Kind, Price, PriceChange, Rates
from counterfoil.pricing.service import CUSTOMER_BOOK

pages = Pages()
_READ = Need(staff=Staff.PRICES_READ)
_WRITE = Need(staff=Staff.PRICES_WRITE)
# Five thousand prices are two megabytes; a form's escapes may double them.
DOCUMENT_BYTES_MAX = 4 * 1024 * 1024
_FORM_BYTES_MAX = 10 * 1024 * 1024
# More differences are counted and not written out.
_CHANGES_SHOWN = 500
_MAIN_RATES = ("input", "cached_read", "output")


@pages.get("/price-books", need=_READ)
async def price_books(visit: Visit) -> View:
    prices = visit.services.prices
    await prices.refresh()
    rows = []
    for book, models in prices.books().items():
        shown = prices.show(book)
        rows.append(
            (
                Link(_book_name(visit, book), _book_page(visit, book), note=book), models,
                shown[0].currency if shown else None,
                Instant(max((price.valid_from for price in shown), default=None)),
            )
        )  # fmt: skip
    return View(
        template="price_books.html",
        title="page_price_books",
        values={"may_write": visit.may(staff=Staff.PRICES_WRITE)},
        tables=(
            Table(
                name="books",
                caption="books_found",
                empty="books_none",
                columns=(
                    Column(code="book_of"), Column(code="book_models", numeric=True), Column(code="book_currency"),
                    Column(code="book_changed"),
                ),
                rows=rows,
            ),
        ),
    )  # fmt: skip


def _book_name(visit: Visit, book: str) -> str:
    kind, _, name = book.partition(":")
    if book == CUSTOMER_BOOK:
        return visit.w.word("book_customer")
    return visit.w.word("book_customer_named" if kind == CUSTOMER_BOOK else "book_upstream_named", name=name)


def _book_page(visit: Visit, book: str, **query: object) -> str:
    return visit.staff_link("/price-books/prices", book=book, **query)


@pages.get("/price-books/prices", need=_READ)
async def book_prices(visit: Visit) -> View:
    """A book at a date; its name and a model's are in the query, since they may hold slashes and colons."""
    prices, book, wanted = visit.services.prices, visit.asked("book", CUSTOMER_BOOK), visit.asked("q").lower()
    await prices.refresh()
    if book not in prices.books():
        raise NotFound(code="page_not_found")
    at = read_moment(visit, "at", visit.asked("at"))
    after, most = visit.asked("after"), visit.most_rows
    found = [price for price in prices.show(book, at=at) if wanted in price.model.lower() and price.model > after]
    rows = found[:most]
    return View(
        template="book_prices.html",
        title="page_book",
        title_values={"book": _book_name(visit, book)},
        values={"book": book, "at": visit.shown.time(visit.now if at is None else at)},
        tables=(
            Table(
                name="prices",
                caption="prices_in_force",
                empty="prices_none",
                columns=(
                    Column(code="book_model"), Column(code="book_class", wide=True),
                    *(Column(code=f"book_{kind}", numeric=True) for kind in _MAIN_RATES),
                    Column(code="book_others", wide=True), Column(code="book_from", wide=True),
                    Column(code="book_number", numeric=True, wide=True),
                ),
                rows=[_price_row(visit, price) for price in rows],
                more=visit.here(after=rows[-1].model) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


def _price_row(visit: Visit, price: Price) -> tuple[Cell, ...]:
    others = [name for name in price.rates if name not in _MAIN_RATES]
    return (
        Link(price.model, visit.staff_link("/price-books/history", book=price.book, model=price.model)),
        visit.w.label("model_tier", price.tier),
        *(
            _rate(visit, kind, price.rates[kind], price.currency) if kind in price.rates else None
            for kind in _MAIN_RATES
        ),
        visit.w.word("more_rates", count=len(others)) if others else None,
        Instant(price.valid_from),
        price.number,
    )


def _rate(visit: Visit, name: str, nanos_per_million: int, currency: str) -> str:
    """A rate as people say it: per million tokens or characters, or each."""
    if name.partition(":")[0] in PER_MILLION_KINDS:
        return visit.w.word("book_rate_million", amount=visit.shown.money(nanos_per_million, currency))
    return visit.w.word("book_rate_each", amount=visit.shown.money(nanos_per_million // UNITS_PER_MILLION, currency))


def _rate_name(visit: Visit, name: str) -> str:
    kind, _, key = name.partition(":")
    label = visit.w.word(f"usage_{kind}")
    return f"{label} · {key.replace(':', ' · ')}" if key else label


@pages.get("/price-books/history", need=_READ)
async def price_history(visit: Visit) -> View:
    book, model = visit.asked("book", CUSTOMER_BOOK), visit.asked("model")
    await visit.services.prices.refresh()
    found = list(reversed(visit.services.prices.history(book, model)))
    return View(
        template="price_history.html",
        title="page_price_history",
        title_values={"model": model},
        values={"book": _book_name(visit, book), "book_page": _book_page(visit, book)},
        tables=(
            Table(
                name="history",
                caption="price_versions",
                columns=(
                    Column(code="book_number", numeric=True), Column(code="book_from"), Column(code="book_until"),
                    Column(code="book_source", wide=True), Column(code="book_window", numeric=True, wide=True),
                    Column(code="book_cap", numeric=True, wide=True), Column(code="book_id", wide=True),
                ),
                rows=[
                    (
                        price.number, Instant(price.valid_from),
                        Instant(price.valid_to) if price.valid_to is not None else visit.w.word("until_replaced"),
                        Note(_short(price.source), " · ".join(part for part in (price.source_date, price.note) if part)),
                        price.context_window, price.default_output_cap,
                        Id(show_id("price_book", price.version_id)),
                    )
                    for price in found
                ],
            ),
            Table(
                name="rates",
                caption="price_rates",
                columns=(
                    Column(code="book_number", numeric=True), Column(code="book_context"), Column(code="book_kind"),
                    Column(code="book_rate", numeric=True),
                ),
                rows=[row for price in found for row in _rate_rows(visit, price)],
            ),
        ),
    )  # fmt: skip


def _short(source: str) -> str:
    return source.removeprefix("https://")[:80]


def _rate_rows(visit: Visit, price: Price) -> list[tuple[Cell, ...]]:
    parts: list[tuple[ContextTier | None, Rates]] = [
        (None, price.rates),
        *((tier, tier.rates) for tier in price.context_tiers),
    ]
    return [
        (
            price.number,
            visit.w.word("any_context") if tier is None else visit.w.word("context_above", count=visit.shown.count(tier.above_input_tokens)),
            _rate_name(visit, name), _rate(visit, name, nanos, price.currency),
        )
        for tier, rates in parts
        for name, nanos in rates.items()
    ]  # fmt: skip


# Bringing a document in: looked at first, then applied.


@pages.post("/price-books/compare", need=_WRITE, shows=price_books, most_bytes=_FORM_BYTES_MAX)
async def compare_book(visit: Visit) -> View:
    """What the document would change. Nothing is kept in between: the document goes along in the form."""
    text = await _document_text(visit)
    valid_from = read_moment(visit, "valid_from")
    document = parse_document(text)
    changes = await visit.services.prices.diff(document, at=valid_from)
    book = read_document(document).book
    return View(
        template="book_compare.html",
        title="page_compare",
        title_values={"book": _book_name(visit, book)},
        values={
            "document": text,
            "valid_from": visit.typed("valid_from"),
            "starts": visit.shown.time(valid_from) if valid_from is not None else visit.w.word("at_once"),
            "models": len({change.model for change in changes}),
            "count": len(changes),
            "is_cut": len(changes) > _CHANGES_SHOWN,
        },
        tables=(_changes_table(visit, changes[:_CHANGES_SHOWN], read_document(document).currency),),
    )


@pages.post("/price-books/import", need=_WRITE, shows=price_books, most_bytes=_FORM_BYTES_MAX)
async def import_book(visit: Visit) -> Response:
    document = parse_document(await _document_text(visit))
    changes = await visit.services.prices.import_book(document, valid_from=read_moment(visit, "valid_from"))
    book = read_document(document).book
    await did(visit, None, "import_book", subject=book)
    return visit.done(_book_page(visit, book), "done_book_imported" if changes else "done_book_unchanged")


async def _document_text(visit: Visit) -> str:
    file = visit.file("document")
    if file is None:
        text = visit.typed("document")
        if not text:
            raise InputError(code="price_file_missing", field="document")
        return text
    raw = await file.read(DOCUMENT_BYTES_MAX + 1)
    if len(raw) > DOCUMENT_BYTES_MAX:
        raise InputError(code="price_file_too_large", field="document")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(field="document", expected="JSON, UTF-8") from error


def _changes_table(visit: Visit, changes: Sequence[PriceChange], currency: str) -> Table:
    return Table(
        name="changes",
        caption="book_changes",
        empty="book_changes_none",
        columns=(
            Column(code="book_model"), Column(code="change_field"), Column(code="change_before", numeric=True),
            Column(code="change_after", numeric=True), Column(code="book_from"),
        ),
        rows=[
            (
                change.model, _field_name(visit, change.field), _value(visit, change, change.before, currency),
                _value(visit, change, change.after, currency),
                Instant(change.valid_from) if change.valid_from is not None else visit.w.word("at_once"),
            )
            for change in changes
        ],
    )  # fmt: skip


def _field_name(visit: Visit, field: str) -> str:
    name = field.partition("rates.")[2]
    return (
        field
        if not name or name.partition(":")[0] not in tuple(Kind)
        else field.partition("rates.")[0] + _rate_name(visit, name)
    )


def _value(visit: Visit, change: PriceChange, value: int | str | bool | None, currency: str) -> Cell:
    name = change.field.partition("rates.")[2]
    if name and type(value) is int:
        return _rate(visit, name, value, currency)
    if isinstance(value, bool):
        return visit.w.word("yes" if value else "no")
    return value
