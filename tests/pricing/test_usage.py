"""Usage as upstreams report it, read into disjoint kinds; what cannot be believed never becomes 0."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.pricing.model import Usage, UsageUnreadable
from counterfoil.pricing.usage import estimated, from_anthropic, from_json, from_openai, merge_anthropic, to_json

Raw = dict[str, Any]


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
            {"input": 100, "output": 20},
            id="chat",
        ),
        pytest.param(
            {
                "prompt_tokens": 100, "completion_tokens": 90, "total_tokens": 190,
                "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 10},
                "completion_tokens_details": {
                    "reasoning_tokens": 30, "audio_tokens": 5, "accepted_prediction_tokens": 7,
                    "rejected_prediction_tokens": 40,
                },
            },
            # Rejected predictions stay in the output: they are billed.
            {"input": 30, "cached_read": 60, "audio_input": 10, "output": 55, "reasoning": 30, "audio_output": 5},
            id="chat with everything",
        ),
        pytest.param(
            {
                "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "prompt_tokens_details": None,
                "completion_tokens_details": {"reasoning_tokens": None},
            },
            {"input": 10, "output": 2},
            id="nulls where there is nothing",
        ),
        pytest.param(
            {
                "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
                "prompt_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 50},
            },
            {"input": 40, "cached_read": 10, "cache_write_5m": 50, "output": 20},
            id="cache writes",
        ),
        pytest.param(
            {
                "prompt_tokens": 100, "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 80, "audio_tokens": 60, "image_tokens": 10},
            },
            {"input": 0, "cached_read": 80, "audio_input": 20, "output": 20},
            id="cached sound is told twice and counted once",
        ),
        pytest.param(
            {
                "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120, "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
            },
            {"input": 36, "cached_read": 64, "output": 20},
            id="DeepSeek",
        ),
        pytest.param(
            {
                "prompt_tokens": 194, "completion_tokens": 2, "total_tokens": 196, "cost": 0.95,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0}, "cost_details": {"upstream_inference_cost": 19},
            },
            {"input": 194, "output": 2},
            id="OpenRouter",
        ),
        pytest.param(
            {
                "prompt_tokens": 10_120, "completion_tokens": 1_499, "total_tokens": 14_428,
                "prompt_tokens_details": {"cached_tokens": 128},
                "completion_tokens_details": {"reasoning_tokens": 2_809},
            },
            {"input": 9_992, "cached_read": 128, "output": 1_499, "reasoning": 2_809},
            id="xAI: reasoning beside the completion",
        ),
        pytest.param(
            {"prompt_tokens": 20, "completion_tokens": 198, "total_tokens": 623},
            {"input": 20, "output": 198, "reasoning": 405},
            id="Gemini: thoughts only in the total",
        ),
        pytest.param(
            {
                "input_tokens": 100, "input_tokens_details": {"cached_tokens": 25, "cache_write_tokens": 0},
                "output_tokens": 50, "output_tokens_details": {"reasoning_tokens": 32}, "total_tokens": 150,
            },
            {"input": 75, "cached_read": 25, "output": 18, "reasoning": 32},
            id="responses",
        ),
        pytest.param(
            {
                "input_tokens": 100, "output_tokens": 1, "total_tokens": 101,
                "input_tokens_details": {
                    "cached_tokens": 0, "cache_write_tokens": 90,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 60, "ttl_12h_tokens": 30},
                },
            },
            {"input": 10, "cache_write_5m": 60, "cache_write_1h": 30, "output": 1},
            id="responses with long cache writes",
        ),
        pytest.param({"prompt_tokens": 8, "total_tokens": 8}, {"input": 8}, id="embeddings"),
    ],
)  # fmt: skip
def test_openai_usage_is_made_disjoint(raw: Raw, counts: dict[str, int]) -> None:
    usage = from_openai(raw)
    assert usage == Usage(counts=counts)
    assert not usage.estimated


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        pytest.param({"input_tokens": 12, "output_tokens": 5}, {"input": 12, "output": 5}, id="plain"),
        pytest.param(
            {
                "input_tokens": 12, "cache_read_input_tokens": 1_000, "cache_creation_input_tokens": 300,
                "output_tokens": 5, "service_tier": "standard",
            },
            {"input": 12, "cached_read": 1_000, "cache_write_5m": 300, "output": 5},
            id="cache writes without a split",
        ),
        pytest.param(
            {
                "input_tokens": 12, "cache_creation_input_tokens": 300, "output_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            },
            {"input": 12, "cache_write_5m": 100, "cache_write_1h": 200, "output": 5},
            id="cache writes by time",
        ),
        pytest.param(
            {
                "input_tokens": 12, "cache_creation_input_tokens": 350, "output_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            },
            {"input": 12, "cache_write_5m": 150, "cache_write_1h": 200, "output": 5},
            id="more was written than the first event had split",
        ),
        pytest.param(
            {
                "input_tokens": 0, "cache_read_input_tokens": 7, "output_tokens": 9,
                "output_tokens_details": {"thinking_tokens": 4},
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
            },
            {"cached_read": 7, "output": 5, "reasoning": 4, "tool_use:web_search": 2, "tool_use:web_fetch": 1},
            id="thinking and tools",
        ),
        pytest.param(
            {"input_tokens": 3, "output_tokens": 1, "cache_read_input_tokens": None, "server_tool_use": None},
            {"input": 3, "output": 1},
            id="nulls",
        ),
    ],
)  # fmt: skip
def test_anthropic_usage_excludes_what_was_cached_already(raw: Raw, counts: dict[str, int]) -> None:
    assert from_anthropic(raw) == Usage(counts=counts)


def test_of_a_streams_usage_the_last_counts() -> None:
    start = {"input_tokens": 25, "cache_read_input_tokens": 100, "output_tokens": 1, "service_tier": "standard"}
    first = merge_anthropic(start, {"output_tokens": 15})
    last = merge_anthropic(first, {"output_tokens": 40, "input_tokens": 30, "cache_read_input_tokens": None})
    assert from_anthropic(last) == Usage(counts={"input": 30, "cached_read": 100, "output": 40})
    assert from_anthropic(merge_anthropic(start, {})).output_tokens == 1


def test_every_kind_of_token_is_input_or_output() -> None:
    usage = from_anthropic(
        {
            "input_tokens": 1, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 4, "output_tokens": 8,
            "server_tool_use": {"web_search_requests": 16},
        }
    )  # fmt: skip
    assert (usage.input_tokens, usage.output_tokens, usage.tokens) == (7, 8, 15)


ODD = [-1, 1.5, 12.0, "12", True, [], {}, 10**10, float("nan"), float("inf")]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens", "total_tokens"])
def test_an_odd_count_of_openai_is_refused(field: str, odd: object) -> None:
    raw = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, field: odd}
    with pytest.raises(UsageUnreadable) as caught:
        from_openai(raw)
    assert caught.value.parameters["field"] == field


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("field", ["input_tokens", "output_tokens", "cache_read_input_tokens"])
def test_an_odd_count_of_anthropic_is_refused(field: str, odd: object) -> None:
    with pytest.raises(UsageUnreadable):
        from_anthropic({"input_tokens": 10, "output_tokens": 5, field: odd})


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": 3}, id="details no object"),
        pytest.param({"prompt_tokens": None, "completion_tokens": 5}, id="null"),
        pytest.param({"completion_tokens": 5, "total_tokens": 15}, id="no prompt"),
        pytest.param({"prompt_tokens": 10}, id="no completion and no total"),
        pytest.param({"prompt_tokens": 10, "total_tokens": 9}, id="total below its part"),
        pytest.param({}, id="empty"),
        pytest.param({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, id="nothing at all"),
        pytest.param({"input_tokens": 0, "output_tokens": 0}, id="nothing at all, responses"),
        pytest.param({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 14}, id="total too small"),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 11}},
            id="more cached than input",
        ),
        pytest.param(
            {
                "prompt_tokens": 10, "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 8},
            },
            id="read and written more than input",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 6}},
            id="more reasoning than output",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"rejected_prediction_tokens": 6}},
            id="more rejected than output",
        ),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 20, "prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 6},
            id="DeepSeek's parts do not make the whole",
        ),
        pytest.param("usage", id="a text"),
        pytest.param(None, id="nothing"),
    ],
)  # fmt: skip
def test_contradicting_numbers_of_openai_are_refused(raw: Any) -> None:
    with pytest.raises(UsageUnreadable):
        from_openai(raw)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({"output_tokens": 5}, id="no input"),
        pytest.param({"input_tokens": 5}, id="no output"),
        pytest.param({"input_tokens": 0, "output_tokens": 0}, id="nothing at all"),
        pytest.param({"input_tokens": 5, "output_tokens": 5, "server_tool_use": {"web_search_requests": -1}}, id="tools"),
        pytest.param(
            {"input_tokens": 5, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 6}}, id="thinking"
        ),
        pytest.param(
            {
                "input_tokens": 5, "output_tokens": 5, "cache_creation_input_tokens": 1,
                "cache_creation": {"ephemeral_5m_input_tokens": 2},
            },
            id="split larger than the whole",
        ),
        pytest.param([], id="a list"),
    ],
)  # fmt: skip
def test_contradicting_numbers_of_anthropic_are_refused(raw: Any) -> None:
    with pytest.raises(UsageUnreadable):
        from_anthropic(raw)


FIELDS = [
    "prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "prompt_tokens_details",
    "completion_tokens_details", "input_tokens_details", "output_tokens_details", "cached_tokens", "reasoning_tokens",
    "cache_creation", "cache_creation_input_tokens", "cache_read_input_tokens", "server_tool_use", "audio_tokens",
    "web_search_requests", "prompt_cache_hit_tokens",
]  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=12,
)
counts = st.integers(0, 10**6)


@given(raw=anything)
def test_nonsense_is_refused_or_counted_and_never_negative(raw: Any) -> None:
    for read in (from_openai, from_anthropic):
        try:
            usage = read(raw)
        except UsageUnreadable:
            continue
        assert usage.tokens > 0
        assert all(count > 0 for count in usage.counts.values())


@given(prompt=counts, completion=counts, cached=counts, reasoning=counts)
def test_what_openai_counts_as_a_whole_is_kept_whole(prompt: int, completion: int, cached: int, reasoning: int) -> None:
    cached, reasoning = min(cached, prompt), min(reasoning, completion)
    raw = {
        "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }  # fmt: skip
    if prompt + completion == 0:
        return
    usage = from_openai(raw)
    assert (usage.input_tokens, usage.output_tokens) == (prompt, completion)
    assert usage.counts.get("cached_read", 0) == cached


def test_a_count_of_our_own_is_marked() -> None:
    usage = estimated(input_tokens=10, output_tokens=0)
    assert usage.estimated
    assert usage.counts == {"input": 10}


def test_usage_is_kept_by_kind_in_one_order() -> None:
    usage = Usage(counts={"tool_use:web_search": 1, "output": 5, "input": 12, "reasoning": 0})
    assert to_json(usage) == '{"input":12,"output":5,"tool_use:web_search":1}'
    assert from_json(to_json(usage)) == usage
    assert from_json(to_json(usage), estimated=True).estimated


def test_a_kind_that_nobody_knows_is_no_usage() -> None:
    with pytest.raises(UsageUnreadable):
        Usage(counts={"magic": 1})
