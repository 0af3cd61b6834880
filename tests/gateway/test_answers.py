"""An upstream's whole answer: usage, name, and what the client gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from counterfoil.gateway.answers import count_text_bytes, read_answer
from counterfoil.spend.model import Endpoint

CHAT = Endpoint.CHAT_COMPLETIONS


def chat_answer(**fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": 'Say "model":"up-1" to me'}
    return {"id": "chatcmpl-1", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], **fields}


def read(endpoint: Endpoint, body: Any, *, upstream_model: str = "up-1") -> Any:
    return read_answer(endpoint, json.dumps(body).encode(), public_model="plain", upstream_model=upstream_model)


def test_the_answer_has_the_public_models_name_and_is_otherwise_the_same() -> None:
    body = chat_answer(model="up-1-2026-01-01", usage={"prompt_tokens": 3, "completion_tokens": 2})
    answer = read(CHAT, body)
    assert json.loads(answer.body) == {**body, "model": "plain"}
    assert answer.response_id == "chatcmpl-1"
    assert dict(answer.usage.counts) == {"input": 3, "output": 2}


def test_vectors_are_passed_on_as_they_came() -> None:
    raw = b'{"object":"list","data":[{"embedding":[0.10,1e-7]}],"model": "up-1","usage":{"prompt_tokens":3,"total_tokens":3}}'
    answer = read_answer(Endpoint.EMBEDDINGS, raw, public_model="plain", upstream_model="up-1")
    assert answer.body == raw.replace(b'"model": "up-1"', b'"model":"plain"')
    assert dict(answer.usage.counts if answer.usage else {}) == {"input": 3}


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"prompt_tokens": -1, "completion_tokens": 2}, {"prompt_tokens": 1.5, "completion_tokens": 1},
     {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 11}}, [1], "many",
     {"prompt_tokens": 10**12, "completion_tokens": 1}],
)  # fmt: skip
def test_usage_that_is_missing_or_cannot_be_is_counted_here(usage: Any) -> None:
    answer = read(CHAT, chat_answer(usage=usage))
    assert answer.usage is None
    assert answer.text_bytes == len('Say "model":"up-1" to me')


def test_hosted_tools_of_a_response_are_counted_from_its_output() -> None:
    output = [{"type": "web_search_call"}, {"type": "web_search_call"}, {"type": "function_call"}, {"type": "message"}]
    body = {"id": "resp_1", "output": output, "usage": {"input_tokens": 5, "output_tokens": 7}}
    assert dict(read(Endpoint.RESPONSES, body).usage.counts) == {"input": 5, "output": 7, "tool_use:web_search": 2}


def test_a_response_that_failed_is_known_as_such() -> None:
    body = {"id": "resp_1", "status": "failed", "error": {"code": "server_error"}, "output": [], "usage": None}
    answer = read(Endpoint.RESPONSES, body)
    assert answer.failed
    assert answer.usage is None


def test_text_is_counted_in_bytes_and_names_are_not_text() -> None:
    assert (
        count_text_bytes({"role": "assistant", "content": "余额", "tool_calls": [{"id": "x", "type": "function"}]}) == 6
    )
    assert count_text_bytes([{"type": "text", "text": "abc"}, {"input": {"a": "de"}}]) == 5
