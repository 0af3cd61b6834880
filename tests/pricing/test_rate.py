"""What usage costs: exact, rounded once, never free by omission, and computable again from what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import Broken, Unavailable
from counterfoil.pricing.model import Kind, PriceMissing, Usage, UsageUnreadable
from counterfoil.pricing.rules import rate, recompute
from pricing.examples import EMBEDDING, MINI, SONNET, VERSION, per_million, price

LARGEST_RATE = 10**13
usages = st.dictionaries(st.sampled_from(list(MINI.rates)), st.integers(0, 10**9)).map(
    lambda counts: Usage(counts=counts)
)
multipliers = st.integers(1, 1_000_000)


def test_a_call_costs_each_kind_at_its_own_rate() -> None:
    usage = Usage(counts={"input": 1_000, "cached_read": 2_000, "output": 500})

    rated = rate(MINI, usage, multiplier_millis=1000)

    # 1000 × 0.15 + 2000 × 0.075 + 500 × 0.6, per million
    assert rated.amount_nanos == 150_000 + 150_000 + 300_000
    assert rated.remainder == 0
    assert [(line.kind, line.count, line.nanos_exact) for line in rated.arithmetic] == [
        (Kind.INPUT, 1_000, 150_000),
        (Kind.CACHED_READ, 2_000, 150_000),
        (Kind.OUTPUT, 500, 300_000),
    ]
    assert (rated.currency, rated.version_id, rated.context_above) == ("USD", VERSION, None)


def test_the_price_tier_multiplies() -> None:
    usage = Usage(counts={"input": 1_000})
    assert rate(MINI, usage, multiplier_millis=1_500).amount_nanos == 225_000
    assert rate(MINI, usage, multiplier_millis=800).amount_nanos == 120_000


@pytest.mark.parametrize(
    ("tokens", "amount", "remainder"),
    [(1, 0, Fraction(1, 2)), (2, 1, 0), (3, 2, Fraction(-1, 2)), (5, 2, Fraction(1, 2)), (7, 4, Fraction(-1, 2))],
)
def test_a_charge_is_rounded_once_half_to_even_and_the_rest_is_kept(
    tokens: int, amount: int, remainder: Fraction
) -> None:
    half_a_nano_each = price({"input": 500_000})

    rated = rate(half_a_nano_each, Usage(counts={"input": tokens}), multiplier_millis=1000)

    assert (rated.amount_nanos, rated.remainder) == (amount, remainder)


def test_kinds_are_summed_before_they_are_rounded() -> None:
    two_halves = price({"input": 500_000, "output": 500_000})
    assert rate(two_halves, Usage(counts={"input": 1, "output": 1}), multiplier_millis=1000).amount_nanos == 1


@pytest.mark.parametrize(("tokens", "nanos_each"), [(200_000, 3_000), (200_001, 6_000)])
def test_a_long_context_prices_the_whole_request(tokens: int, nanos_each: int) -> None:
    rated = rate(SONNET, Usage(counts={"input": tokens}), multiplier_millis=1000)
    assert rated.amount_nanos == tokens * nanos_each
    assert rated.context_above == (200_000 if tokens > 200_000 else None)


def test_cached_and_written_tokens_count_towards_the_long_context() -> None:
    usage = Usage(counts={"input": 1, "cached_read": 150_000, "cache_write_5m": 50_000, "output": 10})
    rated = rate(SONNET, usage, multiplier_millis=1000)
    assert rated.amount_nanos == 6_000 + 150_000 * 600 + 50_000 * 7_500 + 10 * 22_500


def test_tool_uses_are_charged_by_the_piece() -> None:
    rated = rate(SONNET, Usage(counts={"tool_use:web_search": 3}), multiplier_millis=1000)
    assert rated.amount_nanos == 30_000_000
    assert rated.arithmetic[0].key == "web_search"


def test_a_fee_per_call_is_charged_once() -> None:
    with_fee = price(per_million(input="1", output="1", call="0.012"))
    assert rate(with_fee, Usage(counts={"input": 10}), multiplier_millis=1000).amount_nanos == 12_000_000 + 10_000
    counted = Usage(counts={"input": 10, "call": 2})
    assert rate(with_fee, counted, multiplier_millis=1000).amount_nanos == 24_000_000 + 10_000


@pytest.mark.parametrize("name", ["audio_input", "audio_output", "cache_write_1h", "tool_use:web_search", "image:a:b"])
def test_a_kind_without_a_rate_is_refused_never_free(name: str) -> None:
    with pytest.raises(PriceMissing) as caught:
        rate(MINI, Usage(counts={"input": 10, name: 1}), multiplier_millis=1000)
    assert caught.value.code == "price_missing"
    assert isinstance(caught.value, Unavailable)
    assert caught.value.parameters == {"book": "customer", "model": "gpt-4o-mini", "kind": name}


def test_a_kind_that_was_not_used_needs_no_rate() -> None:
    assert rate(EMBEDDING, Usage(counts={"input": 100, "output": 0}), multiplier_millis=1000).amount_nanos == 2_000


def test_a_kind_is_free_where_the_book_says_zero() -> None:
    free_output = price({"input": 150_000_000, "output": 0})
    rated = rate(free_output, Usage(counts={"input": 1_000, "output": 1_000}), multiplier_millis=1000)
    assert rated.amount_nanos == 150_000
    assert rated.arithmetic[1].nanos_per_million == 0


def test_a_cost_that_cannot_be_booked_is_an_unreadable_usage() -> None:
    dear = price({"input": LARGEST_RATE})
    with pytest.raises(UsageUnreadable):
        rate(dear, Usage(counts={"input": 10**9}), multiplier_millis=1_000_000)


@given(usage=usages, multiplier=multipliers)
def test_a_charge_is_exact_and_can_be_computed_again(usage: Usage, multiplier: int) -> None:
    rated = rate(MINI, usage, multiplier_millis=multiplier)

    exact = sum((line.nanos_exact for line in rated.arithmetic), Fraction(0)) * Fraction(multiplier, 1000)
    assert rated.amount_nanos + rated.remainder == exact
    assert abs(rated.remainder) <= Fraction(1, 2)
    assert recompute(rated.to_json()) == rated


@given(usage=usages, more=usages, multiplier=multipliers)
def test_more_usage_never_costs_less(usage: Usage, more: Usage, multiplier: int) -> None:
    both = Usage(
        counts={
            name: min(10**9, usage.counts.get(name, 0) + more.counts.get(name, 0))
            for name in {*usage.counts, *more.counts}
        }
    )
    cost, cost_of_both = (rate(MINI, each, multiplier_millis=multiplier).amount_nanos for each in (usage, both))
    assert cost <= cost_of_both


@pytest.mark.parametrize("field", ["amount_nanos", "multiplier_millis"])
def test_an_arithmetic_that_does_not_make_its_amount_is_found(field: str) -> None:
    kept = json.loads(rate(MINI, Usage(counts={"input": 1_000}), multiplier_millis=1000).to_json())
    kept[field] += 1
    with pytest.raises(Broken):
        recompute(json.dumps(kept))


def test_a_changed_price_does_not_change_what_was_charged() -> None:
    kept = rate(MINI, Usage(counts={"input": 1_000}), multiplier_millis=1000).to_json()
    dearer = replace(MINI, rates={"input": 999_000_000_000})
    assert rate(dearer, Usage(counts={"input": 1_000}), multiplier_millis=1000).amount_nanos != 150_000
    assert recompute(kept).amount_nanos == 150_000
