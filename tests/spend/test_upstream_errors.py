"""What an upstream's failure means, in the words that real providers use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from counterfoil.gateway.answers import AttemptFailed, read_answer
from counterfoil.sandbox.out_of_money import FLAVOURS
from counterfoil.spend.model import AttemptOutcome, Endpoint
from counterfoil.spend.upstream_errors import CONSEQUENCES, Meaning, read_error, read_error_inside


def meaning_of(status: int, body: Any) -> Meaning:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_error(status, raw, upstream_model="up-1").meaning


def openai_error(message: str, *, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def anthropic_error(kind: str, message: str = "") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_providers_out_of_money_is_the_operators(flavour: str) -> None:
    reply = FLAVOURS[flavour](b"req_1")
    found = read_error(reply.status, reply.body, upstream_model="up-1")
    assert found.meaning is Meaning.OUT_OF_MONEY
    assert found.consequence.code == "upstream_unavailable"
    assert found.consequence.outcome is AttemptOutcome.OUT_OF_MONEY
    assert found.consequence.alerts


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (400, openai_error("Unsupported value: 'temperature'"), Meaning.CALLERS_FAULT),
        (400, anthropic_error("invalid_request_error", "max_tokens: too large"), Meaning.CALLERS_FAULT),
        (422, {"detail": [{"msg": "field required"}]}, Meaning.CALLERS_FAULT),
        (413, anthropic_error("request_too_large"), Meaning.CALLERS_FAULT),
        (404, openai_error("No file with this id"), Meaning.CALLERS_FAULT),
        (403, {"error": {"message": "flagged", "metadata": {"reasons": ["violence"]}}}, Meaning.CALLERS_FAULT),
        (400, openai_error("filtered", code="content_filter"), Meaning.CALLERS_FAULT),
        (404, openai_error("The model `up-1` does not exist", code="model_not_found"), Meaning.MISCONFIGURED),
        (404, anthropic_error("not_found_error", "model: up-1"), Meaning.MISCONFIGURED),
        (404, b"<html>not here</html>", Meaning.MISCONFIGURED),
        (302, b"", Meaning.MISCONFIGURED),
        (405, b"", Meaning.MISCONFIGURED),
        (401, openai_error("Incorrect API key", code="invalid_api_key"), Meaning.NOT_ALLOWED),
        (403, openai_error("You may not sample from this model"), Meaning.NOT_ALLOWED),
        (402, b"", Meaning.OUT_OF_MONEY),
        (429, openai_error("Rate limit reached", kind="requests", code="rate_limit_exceeded"), Meaning.BUSY),
        (408, b"", Meaning.BUSY),
        (503, b"", Meaning.BUSY),
        (529, anthropic_error("overloaded_error", "Overloaded"), Meaning.BUSY),
        (500, openai_error("The server had an error"), Meaning.FAILED),
        (502, b"<html>Bad gateway</html>", Meaning.FAILED),
        (418, b"", Meaning.FAILED),
        (500, b'"text"', Meaning.FAILED),
        (500, b"[]", Meaning.FAILED),
        (500, {"error": "plain text"}, Meaning.FAILED),
    ],
)
def test_what_a_status_and_body_mean(status: int, body: Any, meaning: Meaning) -> None:
    assert meaning_of(status, body) is meaning


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, Meaning.BUSY),
        ({"code": 429, "message": "slow down"}, Meaning.BUSY),
        ({"code": 402, "message": "pay"}, Meaning.OUT_OF_MONEY),
        ({"code": "insufficient_quota", "message": ""}, Meaning.OUT_OF_MONEY),
        ({"type": "invalid_request_error", "message": "too long"}, Meaning.CALLERS_FAULT),
        ({"message": "something"}, Meaning.FAILED),
    ],
)
def test_what_an_error_inside_a_stream_means(error: dict[str, Any], meaning: Meaning) -> None:
    assert read_error_inside(error, upstream_model="up-1").meaning is meaning


def test_only_the_callers_own_fault_ends_the_search_for_an_upstream() -> None:
    assert [meaning for meaning in Meaning if not CONSEQUENCES[meaning].fails_over] == [Meaning.CALLERS_FAULT]


def test_retry_after_is_read_in_seconds_and_bounded() -> None:
    def waits(text: str | None) -> int | None:
        return read_error(429, b"", upstream_model="up-1", retry_after=text).retry_after

    assert [waits(text) for text in ("7", "99999999999", "soon", "-1", "１", None)] == [7, 3600, None, None, None, None]


@pytest.mark.parametrize(
    ("endpoint", "raw", "meaning"),
    [
        (Endpoint.CHAT_COMPLETIONS, b"", Meaning.UNREADABLE),
        (Endpoint.CHAT_COMPLETIONS, b'{"id":"sandbox","object":"chat.compl', Meaning.UNREADABLE),
        (Endpoint.CHAT_COMPLETIONS, b"[]", Meaning.UNREADABLE),
        (Endpoint.CHAT_COMPLETIONS, b'{"id":"x","choices":null}', Meaning.UNREADABLE),
        (Endpoint.CHAT_COMPLETIONS, b'{"error":{"message":"no","code":429}}', Meaning.BUSY),
        (Endpoint.MESSAGES, b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}', Meaning.BUSY),
        (Endpoint.EMBEDDINGS, b'{"object":"list"}', Meaning.UNREADABLE),
        (Endpoint.RESPONSES, b'{"id":"resp_1","status":"completed"}', Meaning.UNREADABLE),
    ],
)
def test_an_answer_that_is_none_is_not_served(endpoint: Endpoint, raw: bytes, meaning: Meaning) -> None:
    with pytest.raises(AttemptFailed) as failed:
        read_answer(endpoint, raw, public_model="plain", upstream_model="up-1")
    assert failed.value.error.meaning is meaning
