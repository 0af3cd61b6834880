"""How much to hold: never less than what any usage within it can cost."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.foundation.errors import InputError
from counterfoil.pricing.model import (
    ContextTier,
    Kind,
    Price,
    PriceMissing,
    Tier,
    Usage,
    WorkShape,
    image_key,
    usage_name,
)
from counterfoil.pricing.rules import bound, rate
from pricing.examples import EMBEDDING, MINI, SONNET, per_million, price

ALL_KINDS = [
    "input", "cached_read", "cache_write_5m", "cache_write_1h", "audio_input", "image_input", "output", "reasoning",
    "audio_output", "image_output", "tool_use:web_search", "tool_use:web_fetch", "call",
]  # fmt: skip
# Rates that round, and rates of any size.
rates = st.integers(0, 9) | st.integers(0, 10**13)
some_rates = st.dictionaries(st.sampled_from(ALL_KINDS), rates, max_size=6)


@st.composite
def shapes(draw: st.DrawFn) -> WorkShape:
    return WorkShape(
        input_bytes=draw(st.integers(0, 3_000_000)), messages=draw(st.integers(1, 50)),
        image_parts=draw(st.integers(0, 3)), audio_parts=draw(st.integers(0, 2)), file_parts=draw(st.integers(0, 2)),
        tool_count=draw(st.integers(0, 9)),
        tool_uses_most=draw(st.dictionaries(st.sampled_from(["web_search", "web_fetch"]), st.integers(1, 9))),
        asked_cap=draw(st.none() | st.integers(0, 10**7)), thinking_budget=draw(st.integers(0, 50_000)),
        outputs=draw(st.integers(1, 8)), produces_output=draw(st.booleans()), cacheable=draw(st.booleans()),
        short_cache_only=draw(st.booleans()), audio_output=draw(st.sampled_from([None, True, False])),
    )  # fmt: skip


@st.composite
def works(draw: st.DrawFn) -> tuple[Price, WorkShape]:
    """A shape of work, and a price that has at least the rates that it needs."""
    shape = draw(shapes())
    needed = {"input", "output"} | {usage_name(Kind.TOOL_USE, tool) for tool in shape.tool_uses_most}
    needed |= {"audio_input"} if shape.audio_parts else set()
    needed |= {"image_input"} if shape.image_parts or shape.file_parts else set()
    needed |= {"audio_output"} if shape.audio_output else set()
    base = draw(some_rates) | {name: draw(rates) for name in sorted(needed)}
    # A tier may be cheaper than the base in some kinds and dearer in others.
    tiers = {
        above: {name: nanos for name, nanos in draw(some_rates).items() if name in base}
        for above in draw(st.lists(st.integers(1, 300_000), max_size=2))
    }
    price = replace(
        MINI, rates=base, context_window=draw(st.sampled_from([1, 8_192, 200_000, 2_000_000])),
        context_tiers=tuple(ContextTier(above_input_tokens=n, rates=base | tiers[n]) for n in sorted(tiers)),
        default_output_cap=draw(st.integers(1, 20_000)), largest_output=draw(st.none() | st.integers(1, 200_000)),
    )  # fmt: skip
    return price, shape


def possible_kinds(price: Price, shape: WorkShape) -> tuple[list[str], list[str]]:
    """What a call of that shape can use at all: kinds of input and of output that have a rate."""
    inputs = ["input", "cached_read"]
    inputs += ["cache_write_5m"] if shape.cacheable else []
    inputs += ["cache_write_1h"] if shape.cacheable and not shape.short_cache_only else []
    inputs += ["audio_input"] if shape.audio_parts else []
    inputs += ["image_input"] if shape.image_parts or shape.file_parts else []
    outputs = ["output", "reasoning", "image_output"] + (["audio_output"] if shape.audio_output is not False else [])
    return [kind for kind in inputs if kind in price.rates], [kind for kind in outputs if kind in price.rates]


def spread(chance: Random, total: int, kinds: list[str]) -> dict[str, int]:
    """At most that many tokens, over some of those kinds, often all that are allowed."""
    counts: dict[str, int] = {}
    left = chance.choice([total, chance.randint(0, total)])
    for kind in chance.sample(kinds, len(kinds)):
        counts[kind] = chance.choice([0, left, chance.randint(0, left)])
        left -= counts[kind]
    return counts


@settings(max_examples=150, deadline=None)
@given(
    work=works(), multiplier=st.sampled_from([1, 7, 333, 1000]) | st.integers(1, 1_000_000),
    strict=st.booleans(), seed=st.integers(0, 2**32),
)  # fmt: skip
def test_no_usage_within_the_bound_costs_more(
    work: tuple[Price, WorkShape], multiplier: int, strict: bool, seed: int
) -> None:
    price, shape = work
    upper = bound(price, shape, multiplier_millis=multiplier, strict=strict)
    chance = Random(seed)
    inputs, outputs = possible_kinds(price, shape)
    for _ in range(20):
        cap = chance.choice([chance.randint(0, upper.asked_cap), chance.randint(0, min(9, upper.asked_cap))])
        counts = spread(chance, upper.input_tokens, inputs)
        if shape.generates:
            counts |= spread(chance, min(10**9, cap * shape.outputs), outputs)
        for tool, most in shape.tool_uses_most.items():
            counts[usage_name(Kind.TOOL_USE, tool)] = chance.randint(0, most)
        cost = rate(price, Usage(counts=counts), multiplier_millis=multiplier).amount_nanos
        assert cost <= upper.money(cap), (cap, counts)


@settings(deadline=None)
@given(work=works(), multiplier=st.integers(1, 100_000))
def test_a_larger_call_is_never_held_for_less(work: tuple[Price, WorkShape], multiplier: int) -> None:
    price, shape = work
    upper = bound(price, shape, multiplier_millis=multiplier, strict=False)
    larger = bound(
        price, replace(shape, input_bytes=shape.input_bytes + 5_000, messages=shape.messages + 1),
        multiplier_millis=multiplier, strict=False,
    )  # fmt: skip
    strict = bound(price, shape, multiplier_millis=multiplier, strict=True)
    dearer = bound(price, shape, multiplier_millis=multiplier + 1, strict=False)
    for cap in (0, upper.floor_cap, upper.asked_cap):
        assert upper.money(cap) <= min(larger.money(cap), strict.money(cap), dearer.money(cap))
    assert upper.money(upper.floor_cap) <= upper.money(upper.asked_cap)
    assert 0 <= upper.floor_cap <= upper.asked_cap <= price.context_window


def test_text_is_two_bytes_a_token_and_a_byte_when_strict() -> None:
    shape = WorkShape(input_bytes=1_001, messages=2)
    fit = bound(MINI, shape, multiplier_millis=1000, strict=False)
    strict = bound(MINI, shape, multiplier_millis=1000, strict=True)
    overhead = fit.input_tokens - 501
    assert 0 < overhead < 100
    assert strict.input_tokens == 1_001 + overhead
    assert fit.base_nanos == fit.input_tokens * 150


def test_parts_count_with_the_models_most_and_the_window_limits_all() -> None:
    with_image = bound(MINI, WorkShape(input_bytes=0, image_parts=1), multiplier_millis=1000, strict=False)
    without = bound(MINI, WorkShape(input_bytes=0), multiplier_millis=1000, strict=False)
    assert with_image.input_tokens - without.input_tokens == MINI.image_token_bound
    huge = bound(MINI, WorkShape(input_bytes=10**9, file_parts=5), multiplier_millis=1000, strict=True)
    assert huge.input_tokens == MINI.context_window


def test_each_embedded_text_has_a_window_of_its_own() -> None:
    shape = WorkShape(input_bytes=10**8, messages=100, produces_output=False)
    upper = bound(EMBEDDING, shape, multiplier_millis=1000, strict=False)
    assert upper.input_tokens == 100 * EMBEDDING.context_window
    assert (upper.output_nanos_per_million, upper.asked_cap, upper.floor_cap) == (0, 0, 0)


def test_input_is_held_at_the_dearest_kind_that_can_occur() -> None:
    shape = WorkShape(input_bytes=2_000)
    anything = bound(SONNET, shape, multiplier_millis=1000, strict=False)
    for_minutes = bound(SONNET, replace(shape, short_cache_only=True), multiplier_millis=1000, strict=False)
    uncached = bound(SONNET, replace(shape, cacheable=False), multiplier_millis=1000, strict=False)
    nanos_each = [each.base_nanos // each.input_tokens for each in (anything, for_minutes, uncached)]
    assert nanos_each == [6_000, 3_750, 3_000]


def test_the_long_context_is_held_for_only_where_it_can_be_reached() -> None:
    below = bound(SONNET, WorkShape(input_bytes=300_000, cacheable=False), multiplier_millis=1000, strict=False)
    beyond = bound(SONNET, WorkShape(input_bytes=500_000, cacheable=False), multiplier_millis=1000, strict=False)
    assert below.output_nanos_per_million == 15_000_000_000
    assert beyond.output_nanos_per_million == 22_500_000_000
    assert beyond.base_nanos == beyond.input_tokens * 6_000


def test_one_token_above_the_threshold_is_enough_for_the_long_context() -> None:
    overhead = bound(SONNET, WorkShape(input_bytes=0), multiplier_millis=1000, strict=True).input_tokens
    at, above = (
        bound(SONNET, WorkShape(input_bytes=200_000 - overhead + more), multiplier_millis=1000, strict=True)
        for more in (0, 1)
    )
    assert (at.input_tokens, above.input_tokens) == (200_000, 200_001)
    assert above.output_nanos_per_million > at.output_nanos_per_million


def test_fractions_of_a_nano_add_up_over_a_long_answer() -> None:
    almost_nothing = price({"input": 0, "output": 1}, context_window=2_000_000, largest_output=None)
    shape = WorkShape(input_bytes=0, asked_cap=2_000_000)
    upper = bound(almost_nothing, shape, multiplier_millis=999, strict=False)
    cost = rate(almost_nothing, Usage(counts={"output": 2_000_000}), multiplier_millis=999).amount_nanos
    assert 0 < cost <= upper.money(2_000_000)


def test_several_outputs_multiply_the_output_and_not_the_input() -> None:
    one = bound(MINI, WorkShape(input_bytes=100), multiplier_millis=1000, strict=False)
    three = bound(MINI, WorkShape(input_bytes=100, outputs=3), multiplier_millis=1000, strict=False)
    assert three.base_nanos == one.base_nanos
    assert three.output_nanos_per_million == 3 * one.output_nanos_per_million == 3 * 600_000_000
    assert (three.outputs, three.asked_cap) == (3, one.asked_cap)


def test_the_price_tier_is_in_every_number() -> None:
    shape = WorkShape(input_bytes=100, tool_uses_most={"web_search": 2})
    plain = bound(SONNET, shape, multiplier_millis=1000, strict=False)
    doubled = bound(SONNET, shape, multiplier_millis=2000, strict=False)
    assert doubled.base_nanos == 2 * plain.base_nanos
    assert doubled.output_nanos_per_million == 2 * plain.output_nanos_per_million


def test_tool_fees_are_held_for_the_most_uses() -> None:
    without = bound(SONNET, WorkShape(input_bytes=10**8), multiplier_millis=1000, strict=False)
    shape = WorkShape(input_bytes=10**8, tool_uses_most={"web_search": 5})
    assert bound(SONNET, shape, multiplier_millis=1000, strict=False).base_nanos - without.base_nanos == 50_000_000


@pytest.mark.parametrize(
    ("asked", "thinking", "floor", "cap"),
    [
        (None, 0, 1_024, 4_096),
        (32_000, 0, 1_024, 16_384),
        (500, 0, 500, 500),
        (8_000, 4_000, 5_024, 8_000),
        (2_000, 4_000, 2_000, 2_000),
    ],
)
def test_the_floor_leaves_room_to_think_and_the_cap_is_the_models_most(
    asked: int | None, thinking: int, floor: int, cap: int
) -> None:
    shape = WorkShape(input_bytes=100, asked_cap=asked, thinking_budget=thinking)
    upper = bound(MINI, shape, multiplier_millis=1000, strict=False)
    assert (upper.floor_cap, upper.asked_cap) == (floor, cap)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (WorkShape(input_bytes=10, audio_parts=1), "audio_input"),
        (WorkShape(input_bytes=10, audio_output=True), "audio_output"),
        (WorkShape(input_bytes=10, tool_uses_most={"web_search": 1}), "tool_use:web_search"),
        (WorkShape(input_bytes=10, media={"image:1024x1024:high": 1}), "image:1024x1024:high"),
    ],
)
def test_a_call_that_may_use_what_has_no_price_is_refused_beforehand(shape: WorkShape, kind: str) -> None:
    with pytest.raises(PriceMissing) as caught:
        bound(MINI, shape, multiplier_millis=1000, strict=False)
    assert caught.value.parameters["kind"] == kind


def test_a_model_that_only_embeds_is_refused_for_answers() -> None:
    with pytest.raises(PriceMissing):
        bound(EMBEDDING, WorkShape(input_bytes=10), multiplier_millis=1000, strict=False)


def test_pictures_and_seconds_are_known_beforehand() -> None:
    images = price({"image:1024x1024:high": 167_000_000 * 1_000_000}, tier=Tier.IMAGE)
    name = usage_name(Kind.IMAGE, image_key(size="1024x1024", quality="high"))
    upper = bound(images, WorkShape(input_bytes=400, media={name: 3}), multiplier_millis=1000, strict=False)
    assert (
        upper.base_nanos
        == 3 * 167_000_000
        == rate(images, Usage(counts={name: 3}), multiplier_millis=1000).amount_nanos
    )
    assert upper.money(upper.asked_cap) == upper.base_nanos


def test_a_fee_per_call_is_held_for() -> None:
    with_fee = price(per_million(input="1", output="1", call="0.012"))
    without = price(per_million(input="1", output="1"))
    shape = WorkShape(input_bytes=10)
    held = bound(with_fee, shape, multiplier_millis=1000, strict=False)
    assert held.base_nanos - bound(without, shape, multiplier_millis=1000, strict=False).base_nanos == 12_000_000


@pytest.mark.parametrize(
    "fields",
    [
        {"input_bytes": -1},
        {"outputs": 129},
        {"image_parts": 10_001},
        {"asked_cap": -5},
        {"tool_uses_most": {"x": 1_001}},
    ],
)
def test_work_that_nobody_can_mean_has_no_shape(fields: dict[str, object]) -> None:
    with pytest.raises(InputError):
        WorkShape(**({"input_bytes": 10} | fields))  # type: ignore[arg-type]


def test_the_largest_work_at_the_largest_price_fits_the_books() -> None:
    dearest = price(
        {"input": 10**13, "output": 10**13, "tool_use:x": 10**18}, context_window=2_097_152, largest_output=None
    )
    shape = WorkShape(input_bytes=2**31, outputs=128, asked_cap=2**60, tool_uses_most={"x": 1_000})
    upper = bound(dearest, shape, multiplier_millis=1_000_000, strict=True)
    assert upper.money(upper.asked_cap) < 2**63
