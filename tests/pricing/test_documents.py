"""Price books as written down: everything is explicit, and what cannot be understood is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from counterfoil.pricing.documents import (
    SHIPPED,
    body_of,
    parse_document,
    read_document,
    shipped_document,
    show_rate,
    terms_of,
)
from counterfoil.pricing.model import PriceBookUnreadable, Tier

Entry = dict[str, Any]
MINI: Entry = {
    "model": "gpt-4o-mini", "tier": "economy", "context_window": 128_000,
    "rates": {"input": "0.15", "cached_read": "0.075", "output": "0.6", "reasoning": "=output"},
    "unit_rates": {"tool_use:web_search": "0.01", "call": "0"},
}  # fmt: skip


def document(*entries: Entry, **fields: Any) -> Entry:
    return {"book": "customer", "currency": "USD", "prices": list(entries)} | fields


def test_amounts_become_nanos_per_million() -> None:
    read = read_document(document(MINI, source="https://example.com", source_date="2026-11-23"))
    (dated,) = read.models["gpt-4o-mini"]
    terms = dated.terms
    assert terms.rates == {
        "input": 150_000_000, "cached_read": 75_000_000, "output": 600_000_000, "reasoning": 600_000_000,
        "tool_use:web_search": 10_000_000 * 1_000_000, "call": 0,
    }  # fmt: skip
    assert terms.same_as == {"reasoning": "output"}
    assert (terms.tier, terms.context_window, terms.largest_output) == (Tier.ECONOMY, 128_000, None)
    assert (terms.source, terms.source_date) == ("https://example.com", "2026-11-23")
    assert dated.valid_from is None


def test_prices_below_a_nano_per_token_are_exact() -> None:
    read = read_document(document({"model": "tiny", "rates": {"input": "0.0375", "cached_read": "0.000000001"}}))
    assert read.models["tiny"][0].terms.rates == {"input": 37_500_000, "cached_read": 1}


def test_a_long_context_names_only_what_differs_and_copies_follow() -> None:
    tiers = [
        {"above_input_tokens": 400_000, "rates": {"output": "2"}},
        {"above_input_tokens": 200_000, "rates": {"input": "0.3", "output": "1.2"}},
    ]
    read = read_document(document(MINI | {"context_tiers": tiers}))
    low, high = read.models["gpt-4o-mini"][0].terms.context_tiers
    assert (low.above_input_tokens, high.above_input_tokens) == (200_000, 400_000)
    assert (low.rates["input"], low.rates["output"], low.rates["reasoning"]) == (
        300_000_000,
        1_200_000_000,
        1_200_000_000,
    )
    assert (high.rates["input"], high.rates["reasoning"]) == (150_000_000, 2_000_000_000)
    assert low.rates["cached_read"] == 75_000_000


def test_another_name_has_the_same_price() -> None:
    read = read_document(document({"model": "gpt-4o-mini-2024-07-18", "same_as": "gpt-4o-mini"}, MINI))
    assert read.models["gpt-4o-mini-2024-07-18"][0].terms.rates == read.models["gpt-4o-mini"][0].terms.rates
    assert read.models["gpt-4o-mini-2024-07-18"][0].terms.model == "gpt-4o-mini-2024-07-18"


def test_a_price_may_start_on_a_day() -> None:
    later = MINI | {"from": "2027-01-01", "rates": {"input": "0.3", "output": "1.2"}}
    now, then = read_document(document(later, MINI)).models["gpt-4o-mini"]
    assert now.valid_from is None
    assert then.valid_from == int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000


def test_defaults_hold_for_every_price_that_does_not_say_otherwise() -> None:
    other = {"model": "other", "rates": {"input": "1"}, "default_output_cap": 7}
    read = read_document(document(MINI, other, defaults={"default_output_cap": 999, "image_token_bound": 5}))
    mini, second = (read.models[model][0].terms for model in ("gpt-4o-mini", "other"))
    assert (mini.default_output_cap, second.default_output_cap) == (999, 7)
    assert mini.image_token_bound == second.image_token_bound == 5


def test_what_the_database_keeps_is_the_whole_price() -> None:
    entry = MINI | {"context_tiers": [{"above_input_tokens": 9, "rates": {"input": "1"}}], "largest_output": 16_384}
    terms = read_document(document(entry)).models["gpt-4o-mini"][0].terms
    assert terms_of("gpt-4o-mini", json.loads(json.dumps(body_of(terms)))) == terms


def changed(**fields: Any) -> Entry:
    return document(MINI | fields)


@pytest.mark.parametrize(
    ("written", "where"),
    [
        (changed(rates={"input": 0.15}), "gpt-4o-mini.rates.input"),
        (changed(rates={"input": "0.0000000001"}), "gpt-4o-mini.rates.input"),
        (changed(rates={"input": "-1"}), "gpt-4o-mini.rates.input"),
        (changed(rates={"input": "1e-3"}), "gpt-4o-mini.rates.input"),
        (changed(rates={"input": ""}), "gpt-4o-mini.rates.input"),
        (changed(rates={"input": "10000.1"}), "gpt-4o-mini.rates.input"),
        (changed(unit_rates={"call": "1000.1"}), "gpt-4o-mini.rates.call"),
        (changed(rates={"tokens": "1"}), "gpt-4o-mini.rates.tokens"),
        (changed(rates={"input:x": "1"}), "gpt-4o-mini.rates.input:x"),
        (changed(rates={"call": "1"}), "gpt-4o-mini.rates.call"),
        (changed(unit_rates={"input": "1"}), "gpt-4o-mini.unit_rates.input"),
        (changed(unit_rates={"tool_use": "1"}), "gpt-4o-mini.unit_rates.tool_use"),
        (changed(unit_rates={"tool_use:a b": "1"}), "gpt-4o-mini.unit_rates.tool_use:a b"),
        (changed(rates={"input": "1", "reasoning": "=output"}), "gpt-4o-mini.rates.reasoning"),
        (changed(rates={"input": "=reasoning", "reasoning": "=input"}), "gpt-4o-mini.rates.input"),
        (changed(rates={}, unit_rates={}), "gpt-4o-mini.rates"),
        (changed(tier="cheap"), "gpt-4o-mini.tier"),
        (changed(context_window=0), "gpt-4o-mini.context_window"),
        (changed(context_window="128k"), "gpt-4o-mini.context_window"),
        (changed(default_output_cap=True), "gpt-4o-mini.default_output_cap"),
        (changed(context_tiers=[{"above_input_tokens": 5}, {"above_input_tokens": 5}]), "gpt-4o-mini.context_tiers"),
        (changed(context_tiers={}), "gpt-4o-mini.context_tiers"),
        (changed(colour="red"), "gpt-4o-mini"),
        (changed(**{"from": "soon"}), "gpt-4o-mini.from"),
        (changed(model="a model"), "prices[0].model"),
        (document(MINI, MINI), "gpt-4o-mini.from"),
        (document(MINI, {"model": "gpt-4o-mini", "withdrawn": True}), "gpt-4o-mini"),
        (document({"model": "x", "withdrawn": False}), "x.withdrawn"),
        (document({"model": "x", "same_as": "y"}), "x.same_as"),
        (document({"model": "x", "same_as": "x"}), "x.same_as"),
        (document("gpt-4o-mini"), "prices[0]"),  # type: ignore[arg-type]
        (document(), "prices"),
        (document(MINI, book="mine"), "document.book"),
        (document(MINI, book="upstream:"), "document.book"),
        (document(MINI, currency="usd"), "document.currency"),
        (document(MINI, defaults={"rates": {}}), "defaults"),
        (document(MINI, version=2), "document"),
        ([], "document"),
        (None, "document"),
    ],
)
def test_an_unreadable_document_says_where_and_what_was_expected(written: Any, where: str) -> None:
    with pytest.raises(PriceBookUnreadable) as caught:
        read_document(written)
    assert caught.value.parameters["where"] == where
    assert caught.value.parameters["expected"]


@pytest.mark.parametrize(
    "raw", [b"{", b"\xff", b'{"a": 1, "a": 2}', b'{"prices": [{"rates": {"input": "1", "input": "2"}}]}']
)
def test_text_that_is_no_document_or_names_a_price_twice_is_refused(raw: bytes) -> None:
    with pytest.raises(PriceBookUnreadable):
        parse_document(raw)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_book_can_be_read_and_names_its_sources(name: str) -> None:
    read = read_document(shipped_document(name))
    assert read.book == ("upstream:sandbox" if name == "sandbox-upstream" else "customer")
    for entries in read.models.values():
        for entry in entries:
            assert entry.terms.source
            assert entry.terms.source_date


def test_the_sandbox_costs_us_less_than_its_customers() -> None:
    sold, bought = (read_document(shipped_document(name)).models for name in ("sandbox", "sandbox-upstream"))
    assert sold.keys() == bought.keys() == {
        "sandbox-small", "sandbox-large", "sandbox-reasoning", "sandbox-embedding", "sandbox-image", "sandbox-video",
        "sandbox-speech", "sandbox-transcribe",
    }  # fmt: skip
    for model, (entry,) in sold.items():
        costs = bought[model][0].terms.rates
        assert costs.keys() == entry.terms.rates.keys()
        assert all(costs[name] < nanos or nanos == 0 for name, nanos in entry.terms.rates.items())


def test_rates_are_shown_as_they_are_sold() -> None:
    assert show_rate("input", 37_500_000) == "0.0375 per million"
    assert show_rate("tool_use:web_search", 10_000_000 * 1_000_000) == "0.01 each"
