"""What the sandbox does not accept, as the real providers do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest

from counterfoil.sandbox.process import SandboxProcess

HELLO: Any = [{"role": "user", "content": "hello, world"}]
CHAT: dict[str, Any] = {"model": "m", "messages": HELLO}
MESSAGE: dict[str, Any] = {"model": "m", "messages": HELLO, "max_tokens": 5}


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/chat/completions", b"{", None),
        ("/v1/chat/completions", b"", None),
        ("/v1/chat/completions", b"\xff\xfe{}", None),
        ("/v1/chat/completions", b'{"model": "m", "messages": [{"content": "\xff"}]}', None),
        ("/v1/chat/completions", b'{"model": "\\ud800"}', None),
        ("/v1/chat/completions", b"[" * 2000 + b"]" * 2000, None),
        ("/v1/chat/completions", [CHAT], None),
        ("/v1/chat/completions", {"messages": HELLO}, "model"),
        ("/v1/chat/completions", {**CHAT, "model": 5}, "model"),
        ("/v1/chat/completions", {**CHAT, "model": "x" * 1000}, "model"),
        ("/v1/chat/completions", {"model": "m"}, "messages"),
        ("/v1/chat/completions", {**CHAT, "messages": []}, "messages"),
        ("/v1/chat/completions", {**CHAT, "messages": "hello"}, "messages"),
        ("/v1/chat/completions", {**CHAT, "messages": ["hello"]}, "messages"),
        ("/v1/chat/completions", {**CHAT, "max_tokens": -1}, "max_tokens"),
        ("/v1/chat/completions", {**CHAT, "max_completion_tokens": 0}, "max_completion_tokens"),
        ("/v1/chat/completions", {**CHAT, "max_tokens": "5"}, "max_tokens"),
        ("/v1/chat/completions", {**CHAT, "max_tokens": True}, "max_tokens"),
        ("/v1/chat/completions", {**CHAT, "n": 0}, "n"),
        ("/v1/chat/completions", {**CHAT, "n": 129}, "n"),
        ("/v1/chat/completions", {**CHAT, "n": 100, "metadata": {"sandbox_output_tokens": "10001"}}, "n"),
        ("/v1/chat/completions", {**CHAT, "stream": "yes"}, "stream"),
        ("/v1/chat/completions", {**CHAT, "stream_options": True}, "stream_options"),
        ("/v1/chat/completions", {**CHAT, "metadata": "sandbox"}, "metadata"),
        ("/v1/responses", {"model": "m"}, "input"),
        ("/v1/responses", {"model": "m", "input": 5}, "input"),
        ("/v1/embeddings", {"model": "m"}, "input"),
        ("/v1/embeddings", {"model": "m", "input": []}, "input"),
        ("/v1/embeddings", {"model": "m", "input": {"text": "x"}}, "input"),
        ("/v1/embeddings", {"model": "m", "input": ["x"] * 2049}, "input"),
        ("/v1/embeddings", {"model": "m", "input": "x", "encoding_format": "hex"}, "encoding_format"),
        ("/v1/embeddings", {"model": "m", "input": "x", "dimensions": 100_000}, "dimensions"),
    ],
)
def test_a_wrong_body_is_a_400_in_openais_shape(
    sandbox: SandboxProcess, call: Callable[..., Any], path: str, body: object, param: str | None
) -> None:
    answer = call("POST", path, body)

    assert answer.status == 400
    error = answer.json["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert sandbox.bill()["rows"] == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "JSON"),
        ({"model": "m", "messages": HELLO}, "max_tokens: Field required"),
        ({**MESSAGE, "max_tokens": 0}, "max_tokens"),
        ({**MESSAGE, "messages": {}}, "messages"),
    ],
)
def test_a_wrong_message_is_a_400_in_anthropics_shape(call: Callable[..., Any], body: object, said: str) -> None:
    answer = call("POST", "/v1/messages", body, anthropic_version="2023-06-01")

    assert answer.status == 400
    assert answer.json["type"] == "error"
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert said in answer.json["error"]["message"]
    assert answer.json["request_id"] == answer.headers["request-id"]


def test_messages_need_a_version(call: Callable[..., Any]) -> None:
    answer = call("POST", "/v1/messages", MESSAGE)

    assert answer.status == 400
    assert "anthropic-version" in answer.json["error"]["message"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
@pytest.mark.parametrize("presented", ["Bearer wrong", "Bearer ", "Basic c2FuZGJveA==", ""])
def test_a_wrong_key_is_a_401(call: Callable[..., Any], path: str, presented: str) -> None:
    answer = call("POST", path, MESSAGE, authorization=presented, anthropic_version="2023-06-01")

    assert answer.status == 401


def test_a_key_is_taken_from_either_header(call: Callable[..., Any]) -> None:
    assert call("POST", "/v1/chat/completions", CHAT, authorization="", x_api_key="backup-key").status == 200
    assert call("GET", "/v1/models", authorization="Bearer wrong").status == 401


def test_an_unknown_address_is_a_404(call: Callable[..., Any]) -> None:
    assert call("POST", "/v1/completions", CHAT).status == 404
    assert call("GET", "/v1/chat/completions").status == 404
    assert call("GET", "/sandbox/elsewhere").status == 404


def test_only_the_configured_models_exist() -> None:
    with (
        SandboxProcess({"models": ["one", "two"]}) as process,
        openai.OpenAI(base_url=process.base_url, api_key="sandbox-key", max_retries=0) as client,
    ):
        assert [model.id for model in client.models.list()] == ["one", "two"]
        assert client.chat.completions.create(model="one", messages=HELLO).model == "one"
        with pytest.raises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="three", messages=HELLO)

    assert missing.value.code == "model_not_found"


def test_a_large_body_in_many_parts_is_read_whole(call: Callable[..., Any]) -> None:
    size = 3_000_000
    answer = call("POST", "/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "x" * size}]})

    assert answer.json["usage"]["prompt_tokens"] == size // 4
