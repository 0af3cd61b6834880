"""Price books: what customers pay, and what upstreams cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import Field

from counterfoil.api.fields import PAGE_MAX, Cursor, Limit, Output, Page, optional_time, paged
from counterfoil.api.services import Services, UseCases
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.shown import time
from counterfoil.pricing import model as pricing
from counterfoil.pricing.documents import show_rate

router = APIRouter(prefix="/prices", tags=["prices"])

Book = Annotated[str, Path(description="The book: customer, or upstream:NAME.", max_length=100)]
# The pricing room checks it, and names the model and the field.
Document = Annotated[dict[str, Any], Body(description="A price book document; the format is in the reference.")]


class BookOutput(Output):
    book: str
    models: int


class Rate(Output):
    """The price of one kind: exactly per million, and as people read it."""

    nanos_per_million: int
    price: str


class Tier(Output):
    """Rates of a request whose input exceeds so many tokens."""

    above_input_tokens: int
    rates: dict[str, Rate]


class Price(Output):
    """One version of a model's price."""

    version_id: str
    book: str
    model: str
    number: int
    currency: str
    tier: str
    valid_from: str | None
    valid_to: str | None
    context_window: int
    default_output_cap: int
    largest_output: int | None
    rates: dict[str, Rate]
    context_tiers: list[Tier]
    source: str
    source_date: str
    note: str

    @classmethod
    def of(cls, price: pricing.Price) -> Price:
        return cls(
            version_id=show_id("price_book", price.version_id),
            book=price.book,
            model=price.model,
            number=price.number,
            currency=price.currency,
            tier=price.tier,
            valid_from=time(price.valid_from),
            valid_to=time(price.valid_to),
            context_window=price.context_window,
            default_output_cap=price.default_output_cap,
            largest_output=price.largest_output,
            rates=_rates(price.rates),
            context_tiers=[
                Tier(above_input_tokens=tier.above_input_tokens, rates=_rates(tier.rates))
                for tier in price.context_tiers
            ],
            source=price.source,
            source_date=price.source_date,
            note=price.note,
        )


class PriceChange(Output):
    """One difference between a book and a document; a rate is in nanos per million."""

    model: str
    field: str
    before: int | str | bool | None
    after: int | str | bool | None
    valid_from: str | None = Field(description="Null for what holds at once.")

    @classmethod
    def of(cls, change: pricing.PriceChange) -> PriceChange:
        return cls(
            model=change.model,
            field=change.field,
            before=change.before,
            after=change.after,
            valid_from=time(change.valid_from),
        )


class Changes(Output):
    changes: list[PriceChange]


def _rates(rates: Mapping[str, int]) -> dict[str, Rate]:
    return {name: Rate(nanos_per_million=nanos, price=show_rate(name, nanos)) for name, nanos in rates.items()}


@router.get("/books", summary="List price books")
async def list_price_books(services: UseCases, limit: Limit = PAGE_MAX, cursor: Cursor = None) -> Page[BookOutput]:
    books = [BookOutput(book=book, models=models) for book, models in services.prices.books().items()]
    return paged(books, limit=limit, cursor=cursor, name=lambda one: one.book)


@router.get("/books/{book}", summary="Get every price of a book, or every version of one model's")
async def get_prices(
    services: UseCases,
    book: Book,
    model: Annotated[
        str | None, Query(max_length=200, description="Only this model: all its versions, past and to come.")
    ] = None,
    at: Annotated[str | None, Query(max_length=40, description="As of then (RFC 3339). Not given: now.")] = None,
    limit: Limit = PAGE_MAX,
    cursor: Cursor = None,
) -> Page[Price]:
    found = [Price.of(price) for price in _prices(services, book, model, optional_time(at))]
    return paged(found, limit=limit, cursor=cursor, name=lambda one: one.version_id)


def _prices(services: Services, book: str, model: str | None, moment: int | None) -> Sequence[pricing.Price]:
    if model is None:
        return services.prices.show(book, at=moment)
    if moment is None:
        return services.prices.history(book, model)
    price = services.prices.price_for(book, model, moment)
    if price is None:
        raise NotFound(code="price_not_found", book=book, model=model)
    return [price]


@router.post("/import", summary="Take a document's prices into its book; the same again changes nothing")
async def import_prices(
    services: UseCases,
    document: Document,
    valid_from: Annotated[
        str | None, Query(max_length=40, description="When they begin to hold (RFC 3339). Not given: now.")
    ] = None,
) -> Changes:
    changes = await services.prices.import_book(document, valid_from=optional_time(valid_from))
    return Changes(changes=[PriceChange.of(change) for change in changes])


@router.post("/diff", summary="Get what importing a document would change")
async def compare_prices(services: UseCases, document: Document) -> Changes:
    return Changes(changes=[PriceChange.of(change) for change in await services.prices.diff(document)])
