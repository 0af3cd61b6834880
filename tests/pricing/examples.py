"""Prices that tests speak about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from counterfoil.pricing.model import ContextTier, Kind, Price, Rates, Tier

USD = 1_000_000_000
VERSION = UUID(int=0x0199_0000_0000_7000_8000_0000_0000_0001)


def per_million(**dollars: str) -> dict[str, int]:
    """Rates from decimal amounts, `tool_use:web_search` written as `web_search`."""
    rates = {}
    for name, text in dollars.items():
        whole, _, decimals = text.partition(".")
        nanos = int(whole) * USD + int(decimals.ljust(9, "0") or "0")
        if name == "web_search":
            rates["tool_use:web_search"] = nanos * 1_000_000
        elif name == "call":
            rates["call"] = nanos * 1_000_000
        else:
            rates[Kind(name).value] = nanos
    return rates


MINI = Price(
    book="customer",
    model="gpt-4o-mini",
    version_id=VERSION,
    number=1,
    valid_from=0,
    valid_to=None,
    currency="USD",
    tier=Tier.ECONOMY,
    rates=per_million(input="0.15", cached_read="0.075", output="0.6", reasoning="0.6", image_input="0.15"),
    context_window=128_000,
    default_output_cap=4_096,
    largest_output=16_384,
    image_token_bound=50_000,
    audio_token_bound=40_000,
    file_token_bound=100_000,
    tool_token_bound=20_000,
    source="example",
    source_date="2026-11-23",
)

_SONNET = per_million(
    input="3", cached_read="0.3", cache_write_5m="3.75", cache_write_1h="6", output="15", reasoning="15",
    image_input="3", web_search="0.01",
)  # fmt: skip
_SONNET_LONG = _SONNET | per_million(
    input="6", cached_read="0.6", cache_write_5m="7.5", cache_write_1h="12", output="22.5", reasoning="22.5"
)
SONNET = replace(
    MINI,
    model="claude-sonnet-4-5",
    tier=Tier.STANDARD,
    rates=_SONNET,
    context_tiers=(ContextTier(above_input_tokens=200_000, rates=_SONNET_LONG),),
    context_window=1_000_000,
    largest_output=64_000,
)
EMBEDDING = replace(MINI, model="text-embedding-3-small", rates=per_million(input="0.02"), context_window=8_192)


def price(rates: Rates, **fields: Any) -> Price:
    """A price with only those rates."""
    return replace(MINI, rates=rates, **fields)
