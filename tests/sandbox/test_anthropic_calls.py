"""What Anthropic's own client sees."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

HELLO: Any = [{"role": "user", "content": "hello, world"}]
CACHED = {
    "sandbox_input_tokens": "1000",
    "sandbox_output_tokens": "50",
    "sandbox_cached_tokens": "4000",
    "sandbox_cache_write_5m_tokens": "300",
    "sandbox_cache_write_1h_tokens": "200",
}


def test_a_plain_message_has_the_asked_tokens(anthropic_client: anthropic.Anthropic) -> None:
    message = anthropic_client.messages.create(
        model="claude", max_tokens=100, messages=HELLO, extra_body={"metadata": CACHED}
    )

    assert message.id.startswith("msg_")
    assert message.stop_reason == "end_turn"
    assert message.content[0].type == "text"
    assert len(message.content[0].text) == 50 * 4
    usage = message.usage
    # Unlike OpenAI's, Anthropic's input excludes what is read from the cache and written to it.
    assert (usage.input_tokens, usage.output_tokens) == (1000, 50)
    assert usage.cache_read_input_tokens == 4000
    assert usage.cache_creation_input_tokens == 500
    assert usage.cache_creation is not None
    assert usage.cache_creation.ephemeral_5m_input_tokens == 300
    assert usage.cache_creation.ephemeral_1h_input_tokens == 200


def test_output_never_exceeds_max_tokens(anthropic_client: anthropic.Anthropic) -> None:
    message = anthropic_client.messages.create(
        model="claude", max_tokens=5, messages=HELLO, extra_body={"metadata": CACHED}
    )

    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 5


def test_a_streamed_message_has_the_events_of_the_real_one(anthropic_client: anthropic.Anthropic) -> None:
    events = list(
        anthropic_client.messages.create(
            model="claude",
            max_tokens=100,
            messages=HELLO,
            stream=True,
            extra_body={"metadata": {**CACHED, "sandbox_output_tokens": "2"}},
        )
    )

    assert [event.type for event in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    start, delta = events[0], events[-2]
    assert start.type == "message_start"
    assert delta.type == "message_delta"
    assert start.message.usage.input_tokens == 1000
    assert start.message.usage.cache_read_input_tokens == 4000
    assert start.message.usage.output_tokens == 1
    # The last usage is cumulative: it counts, alone.
    assert delta.usage.output_tokens == 2
    assert delta.usage.input_tokens == 1000
    assert delta.usage.cache_creation_input_tokens == 500


@pytest.mark.parametrize("interval", ["0", "1"])
def test_the_clients_own_stream_helper_accumulates_a_message(
    anthropic_client: anthropic.Anthropic, interval: str
) -> None:
    metadata: Any = {"sandbox_output_tokens": "90", "sandbox_token_interval_ms": interval}
    with anthropic_client.messages.stream(model="claude", max_tokens=80, messages=HELLO, metadata=metadata) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()

    assert len(text) == 80 * 4
    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 80


def test_the_models_are_listed(anthropic_client: anthropic.Anthropic) -> None:
    assert "claude-sonnet-4-5" in [model.id for model in anthropic_client.models.list()]


def test_an_unknown_key_is_an_authentication_error(anthropic_client: anthropic.Anthropic) -> None:
    stranger = anthropic_client.with_options(api_key="sk-ant-unknown")
    with pytest.raises(anthropic.AuthenticationError) as refused:
        stranger.messages.create(model="claude", max_tokens=5, messages=HELLO)

    assert "sk-ant-unknown" not in str(refused.value)
