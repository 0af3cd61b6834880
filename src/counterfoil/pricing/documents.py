"""The document form of a price book: JSON with rates as decimal amounts per million units.

    {"book": "customer", "currency": "USD", "prices": [
       {"model": "gpt-4o-mini", "tier": "economy", "context_window": 128000, "default_output_cap": 4096,
        "largest_output": 16384, "rates": {"input": "0.15", "cached_read": "0.075", "output": "0.6", "reasoning": "0.6"},
        "context_tiers": [{"above_input_tokens": 200000, "rates": {…}}],
        "source": "https://…", "source_date": "2026-11-01", "note": "…"}]}

A rate is the price of a million units in the currency's unit: "0.15" is 0.15 USD per million tokens. Rates of single
things (an image, a second, a call, a tool use) are given per unit under `unit_rates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.money import format_nanos, parse_nanos
from counterfoil.pricing.model import RATE_SCALE, ContextTier, Kind, Price, Tier

PRICES_MAX = 5_000
_NAMES = frozenset(Kind)
_KEYED = frozenset({Kind.IMAGE, Kind.SECOND, Kind.TOOL_USE})
_FIELDS = frozenset(
    {
        "model", "tier", "context_window", "default_output_cap", "largest_output", "rates", "unit_rates",
        "context_tiers", "image_token_bound", "audio_token_bound", "file_token_bound", "source", "source_date", "note",
    }
)  # fmt: skip


def read_document(document: Any) -> tuple[str, list[dict[str, Any]]]:
    """Check a book and give its name and the bodies of its prices; raises `InputError` naming model and field."""
    if not isinstance(document, dict) or not isinstance(document.get("prices"), list):
        raise InputError(code="price_book_unreadable", reason="expected an object with book, currency and prices")
    book, currency = document.get("book", "customer"), document.get("currency", "USD")
    if not isinstance(book, str) or not isinstance(currency, str):
        raise InputError(code="price_book_unreadable", reason="book and currency are texts")
    if not 1 <= len(document["prices"]) <= PRICES_MAX:
        raise InputError(code="price_book_unreadable", reason=f"expected 1 to {PRICES_MAX} prices")
    bodies, seen = [], set()
    for entry in document["prices"]:
        body = _read_entry(entry, currency)
        if body["model"] in seen:
            raise InputError(code="price_book_unreadable", model=body["model"], reason="named twice")
        seen.add(body["model"])
        bodies.append(body)
    return book, bodies


def _read_entry(entry: Any, currency: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or not isinstance(entry.get("model"), str) or not 1 <= len(entry["model"]) <= 200:
        raise InputError(code="price_book_unreadable", reason="each price names its model")
    model = entry["model"]
    unknown = sorted(entry.keys() - _FIELDS)
    if unknown:
        raise InputError(code="price_book_unreadable", model=model, field=unknown[0], reason="no such field")
    try:
        tier = Tier(entry.get("tier", "standard"))
    except ValueError as error:
        raise InputError(code="price_book_unreadable", model=model, field="tier") from error
    rates = _rates(model, entry.get("rates", {}), entry.get("unit_rates", {}))
    if not rates:
        raise InputError(code="price_book_unreadable", model=model, field="rates", reason="a price needs a rate")
    tiers = [
        {
            "above_input_tokens": _count(model, "context_tiers", tier_entry.get("above_input_tokens")),
            "rates": {**rates, **_rates(model, tier_entry.get("rates", {}), {})},
        }
        for tier_entry in entry.get("context_tiers", [])
    ]
    window = _count(model, "context_window", entry.get("context_window", 128_000))
    largest = entry.get("largest_output")
    return {
        "model": model, "currency": currency, "tier": str(tier), "context_window": window,
        "default_output_cap": _count(model, "default_output_cap", entry.get("default_output_cap", 4_096)),
        "largest_output": None if largest is None else _count(model, "largest_output", largest),
        "rates": rates, "context_tiers": sorted(tiers, key=lambda each: each["above_input_tokens"]),
        "image_token_bound": _count(model, "image_token_bound", entry.get("image_token_bound", 2_000)),
        "audio_token_bound": _count(model, "audio_token_bound", entry.get("audio_token_bound", 20_000)),
        "file_token_bound": _count(model, "file_token_bound", entry.get("file_token_bound", 100_000)),
        "source": str(entry.get("source", "")), "source_date": str(entry.get("source_date", "")),
        "note": str(entry.get("note", "")),
    }  # fmt: skip


def _rates(model: str, per_million: Any, per_unit: Any) -> dict[str, int]:
    if not isinstance(per_million, dict) or not isinstance(per_unit, dict):
        raise InputError(code="price_book_unreadable", model=model, field="rates")
    rates: dict[str, int] = {}
    for given, scale in ((per_million, 1), (per_unit, RATE_SCALE)):
        for name, text in given.items():
            kind = name.partition(":")[0]
            if kind not in _NAMES or (":" in name and kind not in _KEYED) or not isinstance(text, str):
                raise InputError(code="price_book_unreadable", model=model, field=f"rates.{name}"[:80])
            nanos = parse_nanos(text) * scale
            if nanos < 0:
                raise InputError(code="price_book_unreadable", model=model, field=f"rates.{name}"[:80])
            rates[name] = nanos
    return rates


def _count(model: str, name: str, value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 100_000_000:
        raise InputError(code="price_book_unreadable", model=model, field=name, reason="expected a whole number")
    return value


def price_body(price: Price) -> dict[str, Any]:
    """What the database keeps of a price beside its name and dates."""
    return {
        "currency": price.currency, "tier": str(price.tier), "context_window": price.context_window,
        "default_output_cap": price.default_output_cap, "largest_output": price.largest_output,
        "rates": dict(price.rates),
        "context_tiers": [
            {"above_input_tokens": tier.above_input_tokens, "rates": dict(tier.rates)} for tier in price.context_tiers
        ],
        "image_token_bound": price.image_token_bound, "audio_token_bound": price.audio_token_bound,
        "file_token_bound": price.file_token_bound, "source": price.source, "source_date": price.source_date,
        "note": price.note,
    }  # fmt: skip


def read_price(
    body: Mapping[str, Any], *, version_id: UUID, book: str, model: str, number: int, valid_from: int
) -> Price:
    """A price from its stored body."""
    return Price(
        book=book, model=model, version_id=version_id, number=number, valid_from=valid_from,
        currency=body["currency"], tier=Tier(body["tier"]), context_window=body["context_window"],
        default_output_cap=body["default_output_cap"], largest_output=body["largest_output"], rates=body["rates"],
        context_tiers=tuple(
            ContextTier(above_input_tokens=tier["above_input_tokens"], rates=tier["rates"])
            for tier in body["context_tiers"]
        ),
        image_token_bound=body["image_token_bound"], audio_token_bound=body["audio_token_bound"],
        file_token_bound=body["file_token_bound"], source=body["source"], source_date=body["source_date"],
        note=body["note"],
    )  # fmt: skip


def show_rate(name: str, nanos_per_million: int) -> str:
    """A rate for people: per unit for single things, per million for tokens."""
    if name.partition(":")[0] in (Kind.IMAGE, Kind.SECOND, Kind.CALL, Kind.TOOL_USE):
        return f"{format_nanos(nanos_per_million // RATE_SCALE)} each"
    return f"{format_nanos(nanos_per_million)} per million"
