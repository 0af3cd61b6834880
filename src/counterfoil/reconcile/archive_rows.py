"""What is made of the archive's rows before they are written: charges computed anew, tokens counted by kind. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from counterfoil.pricing.model import Kind, Price, PriceMissing, UsageUnreadable
from counterfoil.pricing.rules import rate
from counterfoil.pricing.usage import from_json

Row = Sequence[Any]
Finish = Callable[[Row], Row]
PriceOf = Callable[[UUID], Price | None]

_WHOLE = 1000
_SHARE = re.compile(r";share=(\d{1,4})\Z")
_READ = (Kind.INPUT, Kind.AUDIO_INPUT, Kind.IMAGE_INPUT)
_WRITTEN = (Kind.CACHE_WRITE_5M, Kind.CACHE_WRITE_1H)
_MADE = (Kind.OUTPUT, Kind.REASONING, Kind.AUDIO_OUTPUT, Kind.IMAGE_OUTPUT)
_NOTHING = (None, None, None, None)
# Of a request's row: tokens, price version, multiplier, the capture's intent, and the id that it was sorted by.
_OF_PRICE = 5


def finishers(price_of: PriceOf) -> dict[str, Finish]:
    """What `ArchivedTable.finish` names."""

    def price(row: Row) -> Row:
        tokens, version, multiplier_millis, intent, _ = row[-_OF_PRICE:]
        return (*row[:-_OF_PRICE], expected_charge(price_of, tokens, version, multiplier_millis, intent))

    return {"price": price, "cut": lambda row: row[:-1], "count_tokens": count_tokens}


def expected_charge(
    price_of: PriceOf, tokens: str | None, version: UUID | None, multiplier_millis: int, intent: str | None
) -> int | None:
    """What recorded usage costs by the recorded price and tier, in nanos; None where that cannot be computed.

    Of a task that was cancelled a share may be owed; the capture's intent tells which.
    """
    if tokens is None or version is None:
        return None
    found = price_of(version)
    if found is None:
        return None
    share = _SHARE.search(intent or "")
    share_millis = int(share[1]) if share else _WHOLE
    try:
        rated = rate(found, from_json(tokens), multiplier_millis=multiplier_millis * share_millis // _WHOLE)
    except (PriceMissing, UsageUnreadable, ValueError):
        return None
    return rated.amount_nanos


def count_tokens(row: Row) -> Row:
    """An attempt's row with its tokens in the kinds of statements' lines; nulls where it does not tell of any."""
    *before, tokens, cost, currency = row
    return (*before, *_counted(tokens), cost, currency)


def _counted(tokens: str | None) -> Row:
    if tokens is None:
        return _NOTHING
    try:
        counts = from_json(tokens).counts
    except (UsageUnreadable, ValueError):
        return _NOTHING
    return (
        sum(counts.get(kind, 0) for kind in _READ),
        counts.get(Kind.CACHED_READ, 0),
        sum(counts.get(kind, 0) for kind in _WRITTEN),
        sum(counts.get(kind, 0) for kind in _MADE),
    )
