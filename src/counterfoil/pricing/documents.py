"""The document form of a price book: JSON with prices as decimal amounts of the currency.

    {"book": "customer", "currency": "USD", "source": "https://…", "source_date": "2026-11-01", "prices": [
       {"model": "gpt-4o-mini", "tier": "economy", "context_window": 128000, "default_output_cap": 4096,
        "largest_output": 16384,
        "rates": {"input": "0.15", "cached_read": "0.075", "output": "0.6", "reasoning": "=output"},
        "unit_rates": {"tool_use:web_search": "0.01"},
        "context_tiers": [{"above_input_tokens": 200000, "rates": {"input": "0.3"}}]},
       {"model": "gpt-4o-mini-2024-07-18", "same_as": "gpt-4o-mini"},
       {"model": "gpt-3.5-turbo", "withdrawn": true}]}

`rates` are per million tokens or characters, `unit_rates` per image, second, call or tool use. "=output" says that a kind
costs what output does, in every context tier; a kind that is not named has no price and is refused, and "0" is free. A
context tier names only what differs from the base. `from` ("2027-01-01", UTC) dates a price; a model may have several.
`defaults` holds fields for all prices of the document. Models that the document does not name stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import Any

from counterfoil.foundation.errors import AmountUnreadable
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.pricing.model import (
    KEYED_KINDS,
    PER_MILLION_KINDS,
    UNITS_PER_MILLION,
    BookDocument,
    ContextTier,
    DatedTerms,
    Kind,
    PriceBookUnreadable,
    Terms,
    Tier,
    UsageName,
)

# Our own books, by name: what the installation starts with, and the sandbox's two.
SHIPPED = ("default", "media", "sandbox", "sandbox-upstream")

PRICES_MAX = 5_000
CONTEXT_TIERS_MAX = 8
# Ten thousand of the currency per million tokens, a thousand per piece: beyond them a decimal point has slipped, and
# bounds would not fit a BIGINT.
RATE_MAX_NANOS = 10_000 * 1_000_000_000
UNIT_RATE_MAX_NANOS = 1_000 * 1_000_000_000
TOKENS_MAX = 100_000_000

_BOOK = re.compile(r"(customer(:[a-z0-9][a-z0-9._-]{0,59})?|upstream:[a-z0-9][a-z0-9._-]{0,59})\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_MODEL = re.compile(r"[!-~]{1,200}\Z")
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,80}\Z")
_DOCUMENT_FIELDS = frozenset({"book", "currency", "source", "source_date", "note", "defaults", "prices"})
_DEFAULTS: Mapping[str, Any] = {
    "tier": "standard",
    # The largest that anybody sells, where nobody publishes a model's own: no bound is then too low.
    "context_window": 2_097_152,
    "default_output_cap": 4_096,
    "largest_output": None,
    # The largest that the large providers make of one picture, an hour of sound, a file of hundreds of pages, and the
    # results of one search. The context window limits them.
    "image_token_bound": 12_000,
    "audio_token_bound": 120_000,
    "file_token_bound": 300_000,
    "tool_token_bound": 25_000,
    # Providers bill what they have made: a task that had begun to run costs its whole price unless the book knows better.
    "cancelled_queued_percent": 0,
    "cancelled_running_percent": 100,
    "source": "",
    "source_date": "",
    "note": "",
}
_PRICE_FIELDS = frozenset((*_DEFAULTS, "model", "rates", "unit_rates", "context_tiers", "from"))


def parse_document(raw: bytes | str) -> Any:
    """The JSON of a document, with nothing lost: raises `PriceBookUnreadable` for a name given twice."""
    try:
        return json.loads(raw, object_pairs_hook=_no_duplicates)
    except ValueError as error:
        raise _unreadable("document", "JSON in UTF-8", type(error).__name__) from error


def shipped_document(name: str) -> Any:
    """One of our own books (`SHIPPED`)."""
    return parse_document(files("counterfoil.pricing").joinpath("books", f"{name}.json").read_bytes())


def read_document(document: Any) -> BookDocument:
    """Check a document; raises `PriceBookUnreadable` that names the model and the field."""
    body = _object(document, "document", _DOCUMENT_FIELDS)
    book = _text(body, "book", _BOOK, "document", default="customer")
    currency = _text(body, "currency", _CURRENCY, "document", default="USD")
    prices = body.get("prices")
    if not isinstance(prices, list) or not 1 <= len(prices) <= PRICES_MAX:
        raise _unreadable("prices", f"a list of 1 to {PRICES_MAX}", type(prices).__name__)
    defaults = dict(_DEFAULTS)
    defaults.update({name: body[name] for name in ("source", "source_date") if name in body})
    defaults.update(_object(body.get("defaults", {}), "defaults", frozenset(_DEFAULTS)))
    dated: dict[str, list[DatedTerms]] = {}
    copies: dict[str, str] = {}
    withdrawn: set[str] = set()
    for place, entry in enumerate(prices):
        _read_entry(entry, f"prices[{place}]", defaults, currency, dated, copies, withdrawn)
    for model, original in copies.items():
        if original not in dated:
            raise _unreadable(f"{model}.same_as", "a model that this document prices", original)
        dated[model] = [replace(each, terms=replace(each.terms, model=model)) for each in dated[original]]
    models = {model: tuple(sorted(entries, key=_start)) for model, entries in dated.items()}
    return BookDocument(book=book, currency=currency, models=models, withdrawn=frozenset(withdrawn))


def _read_entry(
    entry: Any,
    where: str,
    defaults: Mapping[str, Any],
    currency: str,
    dated: dict[str, list[DatedTerms]],
    copies: dict[str, str],
    withdrawn: set[str],
) -> None:
    """Put one entry where it belongs."""
    if not isinstance(entry, dict):
        raise _unreadable(where, "an object", type(entry).__name__)
    model = _text(entry, "model", _MODEL, where)
    if model in copies or model in withdrawn or (model in dated and ("same_as" in entry or "withdrawn" in entry)):
        raise _unreadable(model, "one entry", "several")
    if "same_as" in entry:
        _object(entry, model, frozenset({"model", "same_as"}))
        copies[model] = _text(entry, "same_as", _MODEL, model)
    elif "withdrawn" in entry:
        _object(entry, model, frozenset({"model", "withdrawn"}))
        if entry["withdrawn"] is not True:
            raise _unreadable(f"{model}.withdrawn", "true", entry["withdrawn"])
        withdrawn.add(model)
    else:
        read = DatedTerms(
            valid_from=_read_date(entry.get("from"), model),
            terms=_read_terms({**defaults, **_object(entry, model, _PRICE_FIELDS)}, model, currency),
        )
        entries = dated.setdefault(model, [])
        if any(each.valid_from == read.valid_from for each in entries):
            raise _unreadable(f"{model}.from", "one price from each date", entry.get("from"))
        entries.append(read)


def _read_terms(entry: Mapping[str, Any], model: str, currency: str) -> Terms:
    written = _written_rates(entry, model)
    rates, same_as = _resolve(written, f"{model}.rates")
    if not rates:
        raise _unreadable(f"{model}.rates", "at least one rate", "none")
    try:
        tier = Tier(entry["tier"])
    except ValueError as error:
        raise _unreadable(f"{model}.tier", ", ".join(Tier), entry["tier"]) from error
    return Terms(
        model=model, currency=currency, tier=tier, rates=rates, same_as=same_as,
        context_tiers=_read_context_tiers(entry.get("context_tiers", []), written, model),
        context_window=_count(entry, "context_window", model),
        default_output_cap=_count(entry, "default_output_cap", model),
        largest_output=None if entry["largest_output"] is None else _count(entry, "largest_output", model),
        image_token_bound=_count(entry, "image_token_bound", model),
        audio_token_bound=_count(entry, "audio_token_bound", model),
        file_token_bound=_count(entry, "file_token_bound", model),
        tool_token_bound=_count(entry, "tool_token_bound", model),
        cancelled_queued_percent=_percent(entry, "cancelled_queued_percent", model),
        cancelled_running_percent=_percent(entry, "cancelled_running_percent", model),
        source=_text(entry, "source", None, model), source_date=_text(entry, "source_date", None, model),
        note=_text(entry, "note", None, model),
    )  # fmt: skip


def _read_context_tiers(tiers: Any, base: Mapping[str, str], model: str) -> tuple[ContextTier, ...]:
    """Each tier's rates in full: what it does not name is the base's, and copies follow what they copy."""
    if not isinstance(tiers, list) or len(tiers) > CONTEXT_TIERS_MAX:
        raise _unreadable(f"{model}.context_tiers", f"a list of at most {CONTEXT_TIERS_MAX}", type(tiers).__name__)
    read: dict[int, ContextTier] = {}
    for tier in tiers:
        body = _object(tier, f"{model}.context_tiers", frozenset({"above_input_tokens", "rates", "unit_rates"}))
        above = _count(body, "above_input_tokens", model)
        rates, _ = _resolve({**base, **_written_rates(body, model)}, f"{model}.context_tiers")
        if above in read:
            raise _unreadable(f"{model}.context_tiers", "one tier per threshold", above)
        read[above] = ContextTier(above_input_tokens=above, rates=rates)
    return tuple(read[above] for above in sorted(read))


def _written_rates(entry: Mapping[str, Any], model: str) -> dict[str, str]:
    """Rates as written, by their names, with both ways of counting checked."""
    written: dict[str, str] = {}
    for field, per_million in (("rates", True), ("unit_rates", False)):
        given = _object(entry.get(field, {}), f"{model}.{field}", None)
        for name, text in given.items():
            where = f"{model}.{field}.{name}"[:160]
            if (_kind_of(name, where) in PER_MILLION_KINDS) is not per_million:
                raise _unreadable(where, "unit_rates" if per_million else "rates", field)
            if not isinstance(text, str):
                raise _unreadable(where, 'a decimal in quotes, such as "0.15"', type(text).__name__)
            written[name] = text
    return written


def _resolve(written: Mapping[str, str], where: str) -> tuple[dict[UsageName, int], dict[str, str]]:
    """Written rates as nanos per million, and which of them are copies."""
    rates: dict[UsageName, int] = {}
    same_as: dict[str, str] = {}
    for name, text in written.items():
        original = name
        if text.startswith("="):
            original = text[1:]
            if written.get(original, "=").startswith("="):
                raise _unreadable(f"{where}.{name}", "a copy of a rate that is given", text)
            same_as[name] = original
        rates[name] = _nanos(written[original], original, f"{where}.{name}")
    return rates, same_as


def _nanos(text: str, name: str, where: str) -> int:
    per_million = name.partition(":")[0] in PER_MILLION_KINDS
    most = RATE_MAX_NANOS if per_million else UNIT_RATE_MAX_NANOS
    try:
        nanos = parse_nanos(text)
    except AmountUnreadable as error:
        raise _unreadable(where, "a decimal with at most nine decimals", text) from error
    if not 0 <= nanos <= most:
        raise _unreadable(where, f"0 to {format_nanos(most)}", text)
    return nanos if per_million else nanos * UNITS_PER_MILLION


def _kind_of(name: str, where: str) -> Kind:
    """The kind that a name is of, with its key where (and only where) that kind has one."""
    text, _, key = name.partition(":")
    try:
        kind = Kind(text)
    except ValueError as error:
        raise _unreadable(where, "one of " + ", ".join(Kind), text) from error
    if (kind in KEYED_KINDS) is not bool(key) or (key and not _KEY.match(key)):
        raise _unreadable(where, f"{kind.value}:KEY" if kind in KEYED_KINDS else kind.value, name)
    return kind


def _read_date(text: Any, model: str) -> int | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise _unreadable(f"{model}.from", "a date such as 2027-01-01", text) from error
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


# What the database keeps.


def body_of(terms: Terms) -> dict[str, Any]:
    """Terms as the database keeps them: rates in nanos per million, context tiers in full."""
    return {
        "currency": terms.currency, "tier": terms.tier.value, "rates": dict(terms.rates),
        "context_tiers": [
            {"above_input_tokens": tier.above_input_tokens, "rates": dict(tier.rates)} for tier in terms.context_tiers
        ],
        "context_window": terms.context_window, "default_output_cap": terms.default_output_cap,
        "largest_output": terms.largest_output, "image_token_bound": terms.image_token_bound,
        "audio_token_bound": terms.audio_token_bound, "file_token_bound": terms.file_token_bound,
        "tool_token_bound": terms.tool_token_bound, "cancelled_queued_percent": terms.cancelled_queued_percent,
        "cancelled_running_percent": terms.cancelled_running_percent, "same_as": dict(terms.same_as), "source": terms.source,
        "source_date": terms.source_date, "note": terms.note,
    }  # fmt: skip


def terms_of(model: str, body: Mapping[str, Any]) -> Terms:
    """Terms from what the database keeps."""
    return Terms(
        model=model, currency=body["currency"], tier=Tier(body["tier"]), rates=body["rates"],
        context_tiers=tuple(
            ContextTier(above_input_tokens=tier["above_input_tokens"], rates=tier["rates"])
            for tier in body["context_tiers"]
        ),
        context_window=body["context_window"], default_output_cap=body["default_output_cap"],
        largest_output=body["largest_output"], image_token_bound=body["image_token_bound"],
        audio_token_bound=body["audio_token_bound"], file_token_bound=body["file_token_bound"],
        tool_token_bound=body["tool_token_bound"],
        cancelled_queued_percent=body.get("cancelled_queued_percent", 0),
        cancelled_running_percent=body.get("cancelled_running_percent", 100), same_as=body["same_as"], source=body["source"],
        source_date=body["source_date"], note=body["note"],
    )  # fmt: skip


def show_rate(name: str, nanos_per_million: int) -> str:
    """A rate for people: per unit for single things, per million for tokens and characters."""
    if name.partition(":")[0] in PER_MILLION_KINDS:
        return f"{format_nanos(nanos_per_million)} per million"
    return f"{format_nanos(nanos_per_million // UNITS_PER_MILLION)} each"


# Fields.


def _unreadable(where: str, expected: str, given: object) -> PriceBookUnreadable:
    return PriceBookUnreadable(where=where, expected=expected, given=str(given)[:80])


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _unreadable("document", "each name once", next(name for name in names if names.count(name) > 1))
    return found


def _object(value: Any, where: str, fields: frozenset[str] | None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unreadable(where, "an object", type(value).__name__)
    unknown = sorted(value.keys() - fields) if fields is not None else []
    if unknown:
        raise _unreadable(where, "no other fields than " + ", ".join(sorted(fields or ())), unknown[0])
    return value


def _text(
    body: Mapping[str, Any], name: str, pattern: re.Pattern[str] | None, where: str, *, default: str | None = None
) -> str:
    value = body.get(name, default)
    if not isinstance(value, str) or (pattern is not None and not pattern.match(value)):
        expected = pattern.pattern.removesuffix(r"\Z") if pattern is not None else "a text"
        raise _unreadable(f"{where}.{name}", expected, value)
    return value


def _count(body: Mapping[str, Any], name: str, where: str) -> int:
    value = body.get(name)
    if type(value) is not int or not 1 <= value <= TOKENS_MAX:
        raise _unreadable(f"{where}.{name}", f"a whole number from 1 to {TOKENS_MAX}", value)
    return value


def _percent(body: Mapping[str, Any], name: str, where: str) -> int:
    value = body.get(name)
    if type(value) is not int or not 0 <= value <= 100:
        raise _unreadable(f"{where}.{name}", "a whole number from 0 to 100", value)
    return value


def _start(entry: DatedTerms) -> int:
    return -1 if entry.valid_from is None else entry.valid_from
