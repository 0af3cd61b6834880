"""What is read from a call's body, and what is wrong with one that is refused."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.vocabulary import Kind, Language, text
from counterfoil.gateway.model import Misunderstood, ParsedCall
from counterfoil.gateway.parsing import parse_call
from counterfoil.spend.model import Endpoint
from gateway.shop import chat, message, response

C, R, M, E = Endpoint.CHAT_COMPLETIONS, Endpoint.RESPONSES, Endpoint.MESSAGES, Endpoint.EMBEDDINGS


def parse(endpoint: Endpoint, body: Any) -> ParsedCall | Misunderstood:
    return parse_call(endpoint, body if isinstance(body, bytes) else json.dumps(body).encode())


def understood(endpoint: Endpoint, body: Any) -> ParsedCall:
    parsed = parse(endpoint, body)
    assert isinstance(parsed, ParsedCall), parsed
    return parsed


TOOL = {"type": "function", "function": {"name": "f"}}

BAD: list[tuple[Endpoint, Any, str, str | None]] = [
    (C, b"", "body_empty", None),
    (C, b"  \n", "body_empty", None),
    (C, b'{"model": "plain", ', "body_not_json", None),
    (C, b'{"model": NaN}', "body_not_json", None),
    (C, b'{"model": "plain", "messages": [{"role": "user", "content": "\xff\xfe"}]}', "body_not_utf8", None),
    (C, b'{"model": "\\ud800"}', "body_not_json", None),
    (C, [chat()], "body_not_object", None),
    (C, b'"plain"', "body_not_object", None),
    (C, {"messages": []}, "field_missing", "model"),
    (C, chat(model=None), "field_missing", "model"),
    (C, chat(model=7), "field_wrong_type", "model"),
    (C, chat(model=""), "field_empty", "model"),
    (C, chat(model="a prompt in the wrong place"), "field_wrong_type", "model"),
    (C, chat(model="m" * 201), "field_too_long", "model"),
    (C, {"model": "plain"}, "field_missing", "messages"),
    (C, {"model": "plain", "messages": []}, "field_empty", "messages"),
    (C, {"model": "plain", "messages": "Hello"}, "field_wrong_type", "messages"),
    (C, {"model": "plain", "messages": ["Hello"]}, "field_wrong_type", "messages"),
    (C, chat(max_tokens=-1), "field_too_small", "max_tokens"),
    (C, chat(max_tokens=0), "field_too_small", "max_tokens"),
    (C, chat(max_tokens=1.5), "field_wrong_type", "max_tokens"),
    (C, chat(max_tokens=5.0), "field_wrong_type", "max_tokens"),
    (C, chat(max_tokens=True), "field_wrong_type", "max_tokens"),
    (C, chat(max_tokens="100"), "field_wrong_type", "max_tokens"),
    (C, chat(max_tokens=10**7 + 1), "field_too_large", "max_tokens"),
    (C, chat(max_tokens=10**30), "field_wrong_type", "max_tokens"),
    (C, chat(max_completion_tokens=-5), "field_too_small", "max_completion_tokens"),
    (C, chat(n=0), "field_too_small", "n"),
    (C, chat(n=129), "field_too_large", "n"),
    (C, chat(n="two"), "field_wrong_type", "n"),
    (C, chat(stream="yes"), "field_wrong_type", "stream"),
    (C, chat(stream=True, stream_options="usage"), "field_wrong_type", "stream_options"),
    (C, chat(stream=True, stream_options={"include_usage": 1}), "field_wrong_type", "stream_options.include_usage"),
    (C, chat(tools=[TOOL] * 10_000), "field_too_many", "tools"),
    (C, chat(tools={"f": TOOL}), "field_wrong_type", "tools"),
    (C, chat(tools=["f"]), "field_wrong_type", "tools"),
    (C, chat(functions=[{"name": "f"}] * 513), "field_too_many", "functions"),
    (C, chat(models=["dearer"]), "field_not_supported", "models"),
    (C, chat(service_tier="priority"), "field_unknown_value", "service_tier"),
    (R, {"model": "plain"}, "field_missing", "input"),
    (R, {"model": "plain", "input": 7}, "field_wrong_type", "input"),
    (R, response(max_output_tokens=-1), "field_too_small", "max_output_tokens"),
    (M, message(max_tokens=-1), "field_too_small", "max_tokens"),
    (M, message(thinking="a lot"), "field_wrong_type", "thinking"),
    (M, message(thinking={"type": "enabled", "budget_tokens": -1}), "field_too_small", "thinking.budget_tokens"),
    (M, message(system=7), "field_wrong_type", "system"),
    (M, message(speed="fast"), "field_unknown_value", "speed"),
    (M, message(tools=[{"type": "web_search_20250305", "max_uses": 0}]), "field_too_small", "tools.max_uses"),
    (E, {"model": "embedding"}, "field_missing", "input"),
    (E, {"model": "embedding", "input": []}, "field_empty", "input"),
    (E, {"model": "embedding", "input": ["x"] * 2049}, "field_too_many", "input"),
    (E, {"model": "embedding", "input": "x", "stream": True}, "field_not_supported", "stream"),
]


@pytest.mark.parametrize(("endpoint", "body", "problem", "field"), BAD)
def test_a_bad_body_is_refused_with_its_field(endpoint: Endpoint, body: Any, problem: str, field: str | None) -> None:
    parsed = parse(endpoint, body)
    assert isinstance(parsed, Misunderstood)
    assert (parsed.code, parsed.problem, parsed.param) == ("bad_request", problem, field)
    for language in Language:
        # Every problem has words, with every place in them filled in.
        assert "{" not in text(Kind.INPUT_PROBLEM, problem, language, **parsed.parameters)


def test_a_body_that_is_nested_too_deep_is_refused() -> None:
    deep = b'{"model": "plain", "messages": [{"role": "user", "content": ' + b"[" * 400 + b"]" * 400 + b"}]}"
    parsed = parse(C, deep)
    assert isinstance(parsed, Misunderstood)
    assert parsed.problem == "body_too_deep"
    hostile = parse(C, b"[" * 100_000)
    assert isinstance(hostile, Misunderstood)


UNBOUNDED: list[tuple[Endpoint, Any, str]] = [
    (R, response(previous_response_id="resp_1"), "previous_response_id"),
    (R, response(conversation="conv_1"), "conversation"),
    (R, response(background=True), "background"),
    (R, response(prompt={"id": "pmpt_1"}), "prompt"),
    (R, response(tools=[{"type": "web_search"}]), "web_search"),
    (R, response(tools=[{"type": "web_search_preview_2025_03_11"}]), "web_search"),
    (R, response(tools=[{"type": "code_interpreter", "container": {"type": "auto"}}]), "code_interpreter"),
    (R, response(tools=[{"type": "mcp", "server_url": "https://example.com"}]), "mcp"),
    (R, response(tools=[{"type": "shell", "environment": {"type": "container_auto"}}]), "shell"),
    (R, {**response(), "input": [{"type": "item_reference", "id": "msg_1"}]}, "item_reference"),
    (C, chat(web_search_options={}), "web_search_options"),
    (C, chat(plugins=[{"id": "web"}]), "plugins"),
    (C, chat(tools=[{"type": "web_search"}]), "web_search"),
    (C, {**chat(), "messages": [{"role": "user", "content": [{"type": "video_url", "video_url": {}}]}]}, "video_url"),
    (M, message(tools=[{"type": "web_search_20250305", "name": "web_search"}]), "web_search"),
    (M, message(tools=[{"type": "code_execution_20250825", "name": "x"}]), "code_execution"),
    (M, message(mcp_servers=[{"url": "https://example.com"}]), "mcp_servers"),
]


@pytest.mark.parametrize(("endpoint", "body", "feature"), UNBOUNDED)
def test_what_has_no_bound_is_refused_by_name(endpoint: Endpoint, body: Any, feature: str) -> None:
    parsed = parse(endpoint, body)
    assert isinstance(parsed, Misunderstood)
    assert (parsed.code, parsed.feature, parsed.problem) == ("cost_unbounded", feature, None)


@pytest.mark.parametrize(
    ("endpoint", "body", "uses"),
    [
        (R, response(tools=[{"type": "web_search"}], max_tool_calls=3), {"web_search": 3}),
        (M, message(tools=[{"type": "web_search_20250305", "max_uses": 5}]), {"web_search": 5}),
        (M, message(tools=[{"type": "bash_20250124"}, {"name": "f", "input_schema": {}}]), {}),
        (R, response(tools=[{"type": "function", "name": "f"}, {"type": "computer_use_preview"}]), {}),
        (R, response(background=False, previous_response_id=None, conversation=None), {}),
    ],
)
def test_hosted_tools_with_a_cap_and_tools_of_ones_own_are_served(
    endpoint: Endpoint, body: Any, uses: dict[str, int]
) -> None:
    assert understood(endpoint, body).shape.tool_uses_most == uses


def test_the_output_cap_is_read_in_each_dialect() -> None:
    assert understood(C, chat(max_tokens=7)).asked_cap == 7
    assert understood(C, chat(max_completion_tokens=8)).cap_fields == ("max_completion_tokens",)
    both = understood(C, chat(max_completion_tokens=8, max_tokens=5))
    assert (both.asked_cap, both.cap_fields) == (5, ("max_completion_tokens", "max_tokens"))
    assert understood(C, chat(max_tokens=None)).asked_cap is None
    assert understood(R, response(max_output_tokens=9)).shape.asked_cap == 9
    thinking = understood(M, message(max_tokens=4000, thinking={"type": "enabled", "budget_tokens": 2000}))
    assert (thinking.shape.asked_cap, thinking.shape.thinking_budget) == (4000, 2000)


def test_pictures_sounds_and_files_are_counted_and_their_bytes_are_no_text() -> None:
    payload = "A" * 100_000
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{payload}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": payload, "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{payload}"}},
    ]
    parsed = understood(C, {"model": "plain", "messages": [{"role": "user", "content": content}]})
    shape = parsed.shape
    assert (shape.image_parts, shape.audio_parts, shape.file_parts) == (2, 1, 1)
    assert shape.input_bytes < 1_000
    assert len(parsed.rest) > 300_000


def test_pictures_inside_a_tools_result_are_counted() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 5000}}
    content = [
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "here"}, image]},
        {"type": "document", "source": {"type": "content", "content": [image]}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words " * 100}},
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
    ]
    shape = understood(M, {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": content}]}).shape
    assert (shape.image_parts, shape.file_parts) == (2, 1)
    # The plain text is text.
    assert 600 < shape.input_bytes < 2_000


def test_a_body_in_ascii_escapes_counts_as_its_characters() -> None:
    text_in_chinese = "余额" * 1000
    escaped = json.dumps(chat(text=text_in_chinese)).encode()
    assert b"\\u" in escaped
    assert understood(C, escaped).shape.input_bytes < 6_100


def test_a_field_given_twice_means_to_the_upstream_what_it_meant_to_us() -> None:
    parsed = understood(C, b'{"model":"a","model":"plain","messages":[{"role":"user","content":"x"}],"n":1,"n":2}')
    assert (parsed.model, parsed.shape.outputs) == ("plain", 2)
    assert orjson.loads(parsed.rest)["n"] == 2
    assert b"model" not in parsed.rest


def test_embeddings_count_their_inputs() -> None:
    assert understood(E, {"model": "e", "input": "one text"}).shape.messages == 1
    assert understood(E, {"model": "e", "input": ["one", "two"]}).shape.messages == 2
    assert understood(E, {"model": "e", "input": [[1, 2], [3]]}).shape.messages == 2
    # Token numbers are one text; each takes at least two bytes.
    numbers = understood(E, {"model": "e", "input": [1] * 1000}).shape
    assert numbers.messages == 1
    assert numbers.input_bytes >= 2000
    assert not numbers.produces_output


def test_only_what_asks_for_a_cache_may_be_charged_for_writing_one() -> None:
    assert not understood(M, message()).shape.cacheable
    short = understood(M, message(system=[{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}])).shape
    assert (short.cacheable, short.short_cache_only) == (True, True)
    kept = {"type": "ephemeral", "ttl": "1h"}
    long = understood(M, message(system=[{"type": "text", "text": "x", "cache_control": kept}])).shape
    assert (long.cacheable, long.short_cache_only) == (True, False)


@pytest.mark.parametrize("endpoint", [R, M, E])
@pytest.mark.parametrize("field", ["tools", "functions"])
@pytest.mark.parametrize("value", [True, 7, "x", {"a": 1}])
def test_a_field_that_an_endpoint_does_not_have_may_hold_anything(endpoint: Endpoint, field: str, value: Any) -> None:
    parsed = parse(endpoint, {R: response(), M: message(), E: {"model": "m", "input": "x"}}[endpoint] | {field: value})
    if isinstance(parsed, ParsedCall):
        assert parsed.shape.tool_count == 0
    else:
        assert (field, parsed.code) == ("tools", "bad_request")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(
    ["model", "messages", "input", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "stream", "tools",
     "stream_options", "thinking", "system", "functions", "modalities", "metadata", "conversation", "max_tool_calls"]
)  # fmt: skip


@given(st.sampled_from([C, R, M, E]), st.dictionaries(FIELDS, JSON, max_size=8), st.sampled_from([{}, {"model": "m"}]))
def test_no_body_breaks_the_parser(endpoint: Endpoint, body: dict[str, Any], named: dict[str, Any]) -> None:
    # A body without a model is not read any further.
    parsed = parse(endpoint, body | named)
    if isinstance(parsed, ParsedCall):
        assert parsed.shape.input_bytes >= 0
    else:
        assert parsed.code in ("bad_request", "cost_unbounded")


@given(st.binary(max_size=60))
def test_no_bytes_break_the_parser(raw: bytes) -> None:
    assert isinstance(parse_call(C, raw), Misunderstood)
