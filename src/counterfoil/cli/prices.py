"""`counterfoil prices`: what customers pay, and what upstreams cost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from counterfoil.cli.command import SET_UP, Answer, Call, Commands
from counterfoil.cli.errors import ExitStatus
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.options import read_optional_time
from counterfoil.cli.output import Column, fields, moment, table
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.shown import Json, time
from counterfoil.pricing.documents import SHIPPED, parse_document, shipped_document, show_rate
from counterfoil.pricing.genai import CUSTOMER_PROVIDERS, genai_book
from counterfoil.pricing.model import Price, PriceChange
from counterfoil.pricing.service import CUSTOMER_BOOK

# Five thousand prices are two megabytes.
_DOCUMENT_BYTES_MAX = 16 * 1024 * 1024

_GENAI = "genai"

FileArgument = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="A price book document (JSON); - reads standard input.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SOURCE",
        help=f"Instead of FILE: {_GENAI} (the genai-prices package), or a shipped book: {', '.join(SHIPPED)}.",
    ),
]
Providers = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="With --from genai: whose prices, such as openai; repeatable. None: the usual.",
    ),
]
IntoBook = Annotated[
    str | None,
    typer.Option(
        "--book", metavar="BOOK", help="Into this book: customer, or upstream:NAME. Not given: the document's."
    ),
]
OfBook = Annotated[str, typer.Option("--book", metavar="BOOK", help="Which book: customer, or upstream:NAME.")]


async def import_prices(
    call: Call,
    file: FileArgument = None,
    source: From = None,
    provider: Providers = None,
    book: IntoBook = None,
    valid_from: Annotated[
        str | None, typer.Option(metavar="TIME", help="When the prices begin to hold. Not given: now.")
    ] = None,
) -> Answer:
    """Take a document's prices into its book. What it does not name stays; the same document again changes nothing."""
    document = _read(call, file, source, provider, book)
    start = read_optional_time(valid_from)
    async with call.services() as services:
        changes = await services.prices.import_book(document, valid_from=start)
    data = {"changes": [_change_json(change) for change in changes], "changed_models": len({c.model for c in changes})}
    return Answer(data=data, lines=_change_lines(changes, empty="Everything was so already."))


async def diff(
    call: Call, file: FileArgument = None, source: From = None, provider: Providers = None, book: IntoBook = None
) -> Answer:
    """Say what importing a document would change. Exit status 1 where it would change something."""
    document = _read(call, file, source, provider, book)
    async with call.services() as services:
        changes = await services.prices.diff(document)
    return Answer(
        data={"changes": [_change_json(change) for change in changes]},
        lines=_change_lines(changes, empty="No difference."),
        status=ExitStatus.NOT_DONE if changes else ExitStatus.DONE,
    )


async def show(
    call: Call,
    model: Annotated[str | None, typer.Argument(metavar="MODEL", help="A model. Not given: all of the book's.")] = None,
    book: OfBook = CUSTOMER_BOOK,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="As of then. Not given: now.")] = None,
) -> Answer:
    """Show a model's prices, past and to come, or what a whole book says."""
    moment_of = read_optional_time(at)
    async with call.services() as services:
        if model is None:
            return _whole_book(book, services.prices.show(book, at=moment_of))
        if moment_of is None:
            return _history(services.prices.history(book, model))
        price = services.prices.price_for(book, model, moment_of)
        if price is None:
            raise NotFound(code="price_not_found", book=book[:80], model=model[:200])
        return _history([price])


async def books(call: Call) -> Answer:
    """List the books with their number of models."""
    async with call.services() as services:
        found = services.prices.books()
    data = {"books": [{"book": book, "models": models} for book, models in found.items()]}
    columns = ("book", Column(name="models", right=True))
    return Answer(
        data=data, lines=table(columns, found.items(), empty="No prices yet: counterfoil prices import --from default")
    )


def _read(call: Call, file: Path | None, source: str | None, providers: list[str] | None, book: str | None) -> Any:
    """The document that was named: a file, standard input, a shipped book, or the genai-prices package."""
    if (file is None) == (source is None):
        raise typer.BadParameter("give FILE or --from")
    if providers and source != _GENAI:
        raise typer.BadParameter("--provider belongs to --from genai")
    if source == _GENAI:
        return _read_genai(call, providers or CUSTOMER_PROVIDERS, book or CUSTOMER_BOOK)
    if source is not None and source not in SHIPPED:
        raise typer.BadParameter(f"--from takes {', '.join((_GENAI, *SHIPPED))}")
    document = parse_document(_read_bytes(file)) if source is None else shipped_document(source)
    return {**document, "book": book} if book is not None and isinstance(document, dict) else document


def _read_genai(call: Call, providers: Sequence[str], book: str) -> Any:
    """What the installed package knows of these providers; nothing is fetched."""
    call.progress(f"Reading the prices of {', '.join(providers)} …")
    today = to_datetime(SystemClock().now()).date()
    read = genai_book(book=book, providers=providers, as_of=today)
    for skipped in read.skipped:
        call.progress(f"Left out {skipped.provider} {skipped.model}: {skipped.reason}")
    return read.document


def _read_bytes(file: Path | None) -> bytes:
    try:
        if file is None or str(file) == "-":
            raw = sys.stdin.buffer.read(_DOCUMENT_BYTES_MAX + 1)
        else:
            with file.open("rb") as opened:
                raw = opened.read(_DOCUMENT_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(file=str(file), reason=error.strerror) from error
    if len(raw) > _DOCUMENT_BYTES_MAX:
        raise InputError(file=str(file), expected=f"at most {_DOCUMENT_BYTES_MAX // 1024**2} MiB")
    return raw


def _change_json(change: PriceChange) -> Json:
    return {
        "model": change.model,
        "field": change.field,
        "before": _value(change.field, change.before),
        "after": _value(change.field, change.after),
        "valid_from": time(change.valid_from),
    }


def _change_lines(changes: list[PriceChange], *, empty: str) -> list[str]:
    rows = [
        (
            change.model, change.field, _value(change.field, change.before), _value(change.field, change.after),
            moment(change.valid_from) or "now",
        )
        for change in changes
    ]  # fmt: skip
    return table(("model", "field", "before", "after", "from"), rows, empty=empty)


def _value(field: str, value: object) -> object:
    """A rate as a price per million or per piece; other fields as they are."""
    name = field.partition("rates.")[2]
    return show_rate(name, value) if name and type(value) is int else value


def _price_json(price: Price) -> Json:
    return {
        "version_id": show_id("price_book", price.version_id),
        "book": price.book,
        "model": price.model,
        "number": price.number,
        "currency": price.currency,
        "tier": price.tier,
        "valid_from": time(price.valid_from),
        "valid_to": time(price.valid_to),
        "context_window": price.context_window,
        "default_output_cap": price.default_output_cap,
        "largest_output": price.largest_output,
        "rates": _rates_json(price.rates),
        "context_tiers": [
            {"above_input_tokens": tier.above_input_tokens, "rates": _rates_json(tier.rates)}
            for tier in price.context_tiers
        ],
        "source": price.source,
        "source_date": price.source_date,
        "note": price.note,
    }


def _rates_json(rates: Any) -> Json:
    return {name: {"nanos_per_million": nanos, "price": show_rate(name, nanos)} for name, nanos in rates.items()}


def _whole_book(book: str, prices: list[Price]) -> Answer:
    rows = [
        (
            price.model,
            price.tier,
            *(_rate(price, kind) for kind in ("input", "cached_read", "output")),
            price.source_date,
        )
        for price in prices
    ]
    columns = ("model", "tier", "input", "cached read", "output", "source date")
    return Answer(
        data={"book": book, "prices": [_price_json(price) for price in prices]},
        lines=table(
            columns, rows, empty=f"The book {book} has no prices yet: counterfoil prices import --from default"
        ),
    )


def _rate(price: Price, kind: str) -> str | None:
    nanos = price.rates.get(kind)
    return None if nanos is None else show_rate(kind, nanos)


def _history(prices: list[Price]) -> Answer:
    lines: list[str] = []
    for price in prices:
        shown = {
            "model": price.model,
            "book": price.book,
            "version": f"{price.number} ({show_id('price_book', price.version_id)})",
            "from": moment(price.valid_from),
            "until": moment(price.valid_to) or "replaced",
            "currency": price.currency,
            "tier": price.tier,
            "context window": price.context_window,
            "output cap": f"{price.default_output_cap} where none is asked for",
            "source": f"{price.source} {price.source_date}".strip(),
            "note": price.note,
        }
        rows = [("any input", name, show_rate(name, nanos)) for name, nanos in price.rates.items()]
        for tier in price.context_tiers:
            above = f"over {tier.above_input_tokens}"
            rows += [(above, name, show_rate(name, nanos)) for name, nanos in tier.rates.items()]
        lines += ["", *fields(shown), "", *table(("context", "kind", "price"), rows)]
    return Answer(data={"prices": [_price_json(price) for price in prices]}, lines=lines[1:])


def register(application: typer.Typer, launchers: Launchers) -> None:
    commands = Commands.group(
        application, launchers, name="prices", panel=SET_UP, summary="What customers pay, and what upstreams cost."
    )
    commands.add("import", import_prices)
    commands.add("show", show)
    commands.add("diff", diff)
    commands.add("books", books)
