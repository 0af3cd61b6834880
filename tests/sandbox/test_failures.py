"""Every way in which the sandbox fails, as the clients meet it, and whether it is billed."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import openai
import pytest

from counterfoil.sandbox.process import SandboxProcess

HELLO: Any = [{"role": "user", "content": "hello, world"}]
CHAT = {"model": "m", "messages": HELLO}
MESSAGE = {"model": "m", "messages": HELLO, "max_tokens": 100}


def failing(body: dict[str, Any], failure: str, **more: Any) -> dict[str, Any]:
    return {**body, **more, "metadata": {"sandbox_fail": failure}}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (502, openai.InternalServerError),
        (503, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_an_error_status_is_the_clients_typed_exception_and_is_not_billed(
    sandbox: SandboxProcess,
    openai_client: openai.OpenAI,
    status: int,
    error: type[openai.APIStatusError],
    stream: bool,
) -> None:
    with pytest.raises(error) as raised:
        openai_client.chat.completions.create(
            model="m", messages=HELLO, stream=stream, metadata={"sandbox_fail": f"status:{status}"}
        )

    assert raised.value.status_code == status
    assert raised.value.response.headers["x-request-id"].startswith("req_")
    assert (raised.value.response.headers.get("retry-after") is not None) is (status in (429, 503))
    bill = sandbox.bill()
    assert bill["rows"] == []
    assert bill["failures"] == {f"status:{status}": 1}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_an_error_of_messages_has_anthropics_shape(
    anthropic_client: anthropic.Anthropic, status: int, kind: str
) -> None:
    metadata: Any = {"sandbox_fail": f"status:{status}"}
    with pytest.raises(anthropic.APIStatusError) as raised:
        anthropic_client.messages.create(model="m", max_tokens=5, messages=HELLO, metadata=metadata)

    assert raised.value.status_code == status
    body: Any = raised.value.body
    assert body["type"] == "error"
    assert body["error"]["type"] == kind
    assert body["request_id"] == raised.value.response.headers["request-id"]


@pytest.mark.parametrize(
    ("flavour", "path", "status", "said"),
    [
        (None, "/v1/chat/completions", 429, "insufficient_quota"),
        (None, "/v1/messages", 400, "credit balance is too low"),
        ("openai", "/v1/chat/completions", 429, "insufficient_quota"),
        ("deepseek", "/v1/chat/completions", 402, "Insufficient Balance"),
        ("anthropic", "/v1/messages", 400, "credit balance is too low"),
        ("anthropic_billing", "/v1/messages", 402, "billing_error"),
        ("anthropic_spend_limit", "/v1/messages", 429, "enforced_spend_limit_reached"),
        ("gemini", "/v1/chat/completions", 402, "prepayment credits are depleted"),
        ("gemini_429", "/v1/chat/completions", 429, "RESOURCE_EXHAUSTED"),
        ("openrouter", "/v1/chat/completions", 402, "limit_source"),
        ("new-api", "/v1/chat/completions", 403, "insufficient_user_quota"),
        ("litellm", "/v1/chat/completions", 400, "budget_exceeded"),
        ("litellm_429", "/v1/responses", 429, "budget_exceeded"),
    ],
)
def test_each_provider_is_out_of_money_in_its_own_way(
    sandbox: SandboxProcess, call: Callable[..., Any], flavour: str | None, path: str, status: int, said: str
) -> None:
    failure = "out_of_money" if flavour is None else f"out_of_money:{flavour}"
    body = failing({**MESSAGE, "input": "hello"}, failure)
    answer = call("POST", path, body, anthropic_version="2023-06-01")

    assert answer.status == status
    assert said in answer.body.decode()
    json.loads(answer.body)
    assert "retry-after" not in answer.headers
    assert sandbox.bill()["totals"]["requests"] == 0


def test_anthropics_402_is_its_typed_exception(anthropic_client: anthropic.Anthropic) -> None:
    metadata: Any = {"sandbox_fail": "out_of_money:anthropic_billing"}
    with pytest.raises(anthropic.APIStatusError) as raised:
        anthropic_client.messages.create(model="m", max_tokens=5, messages=HELLO, metadata=metadata)

    assert type(raised.value).__name__ == "PaymentRequiredError"


@pytest.mark.parametrize("stream", [False, True])
def test_a_timed_out_call_is_silent_and_billed(
    openai_client: openai.OpenAI, wait_for_row: Callable[[], dict[str, Any]], stream: bool
) -> None:
    with pytest.raises(openai.APITimeoutError):
        openai_client.with_options(timeout=0.3).chat.completions.create(
            model="m",
            messages=HELLO,
            stream=stream,
            metadata={"sandbox_fail": "timeout", "sandbox_output_tokens": "9"},
        )

    row = wait_for_row()
    assert (row["status"], row["output_tokens"]) == ("timeout", 9)


def test_an_answer_after_the_timeout_is_billed_once(sandbox: SandboxProcess, openai_client: openai.OpenAI) -> None:
    completion = openai_client.chat.completions.create(
        model="m", messages=HELLO, metadata={"sandbox_fail": "timeout:5"}
    )

    assert [row["response_id"] for row in sandbox.bill()["rows"]] == [completion.id]


@pytest.mark.parametrize("failure", ["timeout:5,unbilled", "no_usage,unbilled", "empty,unbilled"])
def test_a_failure_may_be_left_off_the_bill(sandbox: SandboxProcess, call: Callable[..., Any], failure: str) -> None:
    assert call("POST", "/v1/chat/completions", failing(CHAT, failure)).status == 200
    assert sandbox.bill()["rows"] == []


def test_an_error_may_be_put_on_the_bill(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    assert call("POST", "/v1/chat/completions", failing(CHAT, "status:500,billed")).status == 500

    (row,) = sandbox.bill()["rows"]
    assert (row["status"], row["output_tokens"]) == ("status:500", 16)


@pytest.mark.parametrize("percent", [0, 50, 100])
def test_a_cut_plain_answer_ends_before_its_length_and_is_billed(
    sandbox: SandboxProcess, openai_client: openai.OpenAI, percent: int
) -> None:
    ask = {"sandbox_fail": f"cut:{percent}", "sandbox_output_tokens": "5000"}
    if percent == 100:
        # All of a plain body has arrived: nothing is missing.
        openai_client.chat.completions.create(model="m", messages=HELLO, metadata=ask)
    else:
        with pytest.raises(openai.APIConnectionError):
            openai_client.chat.completions.create(model="m", messages=HELLO, metadata=ask)

    (row,) = sandbox.bill()["rows"]
    assert (row["status"], row["output_tokens"]) == ("cut", 5000)


@pytest.mark.parametrize("interval", ["0", "1"])
@pytest.mark.parametrize(("percent", "pieces"), [(0, 0), (50, 20), (100, 40)])
def test_a_cut_stream_stops_without_its_end(
    sandbox: SandboxProcess, openai_client: openai.OpenAI, percent: int, pieces: int, interval: str
) -> None:
    stream = openai_client.chat.completions.create(
        model="m",
        messages=HELLO,
        stream=True,
        stream_options={"include_usage": True},
        metadata={
            "sandbox_fail": f"cut:{percent}",
            "sandbox_output_tokens": "40",
            "sandbox_token_interval_ms": interval,
        },
    )
    received: list[Any] = []
    with pytest.raises((httpx2.RemoteProtocolError, openai.APIConnectionError)):
        received.extend(stream)

    assert len([chunk for chunk in received if chunk.choices[0].delta.content]) == pieces
    assert not any(chunk.usage for chunk in received)
    (row,) = sandbox.bill()["rows"]
    assert (row["status"], row["output_tokens"]) == ("cut", 40)


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/messages"])
def test_the_other_streams_are_cut_as_well(call: Callable[..., Any], path: str) -> None:
    body = failing({**MESSAGE, "input": "hello"}, "cut", stream=True)
    with pytest.raises(http.client.IncompleteRead) as cut:
        call("POST", path, body, anthropic_version="2023-06-01")

    assert b"delta" in cut.value.partial
    assert b"response.completed" not in cut.value.partial
    assert b"message_stop" not in cut.value.partial


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"])
def test_usage_can_be_missing_and_is_billed_all_the_same(
    sandbox: SandboxProcess, call: Callable[..., Any], path: str, stream: bool
) -> None:
    body = failing({**MESSAGE, "input": "hello"}, "no_usage", stream=stream, stream_options={"include_usage": True})
    answer = call("POST", path, body, anthropic_version="2023-06-01")

    assert answer.status == 200
    assert b"_tokens" not in answer.body.replace(b"max_output_tokens", b"")
    (row,) = sandbox.bill()["rows"]
    assert row["status"] == "no_usage"
    assert row["input_tokens"] > 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_slow_first_byte_comes_and_is_served(sandbox: SandboxProcess, call: Callable[..., Any], stream: bool) -> None:
    answer = call("POST", "/v1/chat/completions", failing(CHAT, "slow_first_byte:20", stream=stream))

    assert answer.status == 200
    assert b"This text comes" in answer.body or stream
    assert sandbox.bill()["rows"][0]["status"] == "served"


def test_a_slow_stream_has_its_status_before_its_first_byte(sandbox: SandboxProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=30)
    body = json.dumps(failing(CHAT, "slow_first_byte:600000", stream=True))
    connection.request("POST", "/v1/chat/completions", body, {"authorization": "Bearer sandbox-key"})

    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("stream", [False, True])
def test_garbage_cannot_be_parsed(call: Callable[..., Any], stream: bool) -> None:
    answer = call("POST", "/v1/chat/completions", failing(CHAT, "garbage", stream=stream))

    assert answer.status == 200
    last = answer.body.strip().rpartition(b"data: ")[2]
    with pytest.raises(json.JSONDecodeError):
        json.loads(last)


@pytest.mark.parametrize("stream", [False, True])
def test_an_empty_answer_is_a_200_without_a_byte(call: Callable[..., Any], stream: bool) -> None:
    answer = call("POST", "/v1/chat/completions", failing(CHAT, "empty", stream=stream))

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("stream", [False, True])
def test_the_content_type_can_be_wrong(call: Callable[..., Any], stream: bool) -> None:
    answer = call("POST", "/v1/chat/completions", failing(CHAT, "wrong_content_type", stream=stream))

    assert answer.headers["content-type"].startswith("text/html")
    assert b"chatcmpl-" in answer.body


def test_more_may_be_generated_than_the_cap_allows(
    openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic
) -> None:
    completion = openai_client.chat.completions.create(
        model="m", messages=HELLO, max_completion_tokens=50, metadata={"sandbox_fail": "overcount:30"}
    )
    metadata: Any = {"sandbox_fail": "overcount"}
    message = anthropic_client.messages.create(model="m", messages=HELLO, max_tokens=50, metadata=metadata)

    assert completion.usage is not None
    assert completion.usage.completion_tokens == 80
    assert message.usage.output_tokens == 150


def test_a_client_that_leaves_a_stream_is_billed_what_it_got(
    openai_client: openai.OpenAI, wait_for_row: Callable[[], dict[str, Any]]
) -> None:
    stream = openai_client.chat.completions.create(
        model="m",
        messages=HELLO,
        stream=True,
        metadata={"sandbox_output_tokens": "1000", "sandbox_token_interval_ms": "20"},
    )
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    stream.close()

    row = wait_for_row()
    assert row["status"] == "client_left"
    assert 1 <= row["output_tokens"] < 1000


def test_a_failure_can_be_meant_for_one_key(sandbox: SandboxProcess, call: Callable[..., Any]) -> None:
    body = failing(CHAT, "status:503@primary")

    assert call("POST", "/v1/chat/completions", body, authorization="Bearer primary-key").status == 503
    assert call("POST", "/v1/chat/completions", body, authorization="Bearer backup-key").status == 200
    assert [row["api_key"] for row in sandbox.bill()["rows"]] == ["backup"]


def test_a_header_asks_as_metadata_does_and_wins(call: Callable[..., Any]) -> None:
    answer = call(
        "POST",
        "/v1/chat/completions",
        {**CHAT, "metadata": {"sandbox_output_tokens": "5", "sandbox_input_tokens": "6"}},
        x_sandbox_output_tokens="7",
    )

    assert answer.json["usage"]["completion_tokens"] == 7
    assert answer.json["usage"]["prompt_tokens"] == 6
    assert call("POST", "/v1/chat/completions", CHAT, x_sandbox_fail="status:529").status == 529


@pytest.mark.parametrize(
    "metadata",
    [
        {"sandbox_fail": "explode"},
        {"sandbox_fail": "status:200"},
        {"sandbox_fail": "status"},
        {"sandbox_fail": "garbage:1"},
        {"sandbox_fail": "out_of_money:nobody"},
        {"sandbox_output_tokens": "-1"},
        {"sandbox_output_tokens": "1000001"},
        {"sandbox_output_tokens": "many"},
        {"sandbox_latency_ms": "99999999999999999999"},
        {"sandbox_outputtokens": "5"},
        {"sandbox_output_tokens": 5},
    ],
)
def test_a_directive_that_is_not_understood_is_refused(call: Callable[..., Any], metadata: dict[str, Any]) -> None:
    answer = call("POST", "/v1/chat/completions", {**CHAT, "metadata": metadata})

    assert answer.status == 400
    assert "sandbox_" in answer.json["error"]["param"]
