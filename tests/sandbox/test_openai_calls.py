"""What OpenAI's own client sees."""

from __future__ import annotations

import asyncio
import math

import openai
import pytest

from counterfoil.sandbox.process import SandboxProcess

HELLO = [{"role": "user", "content": "hello, world"}]


def test_a_plain_chat_has_the_asked_tokens_and_a_text_of_their_size(openai_client: openai.OpenAI) -> None:
    completion = openai_client.chat.completions.create(
        model="gpt-5-mini",
        messages=HELLO,
        metadata={
            "sandbox_input_tokens": "1000",
            "sandbox_output_tokens": "50",
            "sandbox_cached_tokens": "400",
            "sandbox_cache_write_5m_tokens": "100",
            "sandbox_reasoning_tokens": "20",
            "sandbox_rejected_prediction_tokens": "5",
            "sandbox_accepted_prediction_tokens": "7",
        },
    )

    assert completion.id.startswith("chatcmpl-")
    assert completion.model == "gpt-5-mini"
    assert completion.choices[0].finish_reason == "stop"
    assert completion.choices[0].message.role == "assistant"
    # 50 output tokens, of which 20 are reasoning and 5 a rejected prediction: 25 tokens of text.
    assert len(completion.choices[0].message.content or "") == 25 * 4
    usage = completion.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1000, 50, 1050)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 400
    assert usage.prompt_tokens_details.cache_write_tokens == 100
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 20
    assert usage.completion_tokens_details.rejected_prediction_tokens == 5
    assert usage.completion_tokens_details.accepted_prediction_tokens == 7


def test_without_directives_input_is_a_quarter_of_its_bytes_and_output_is_short(openai_client: openai.OpenAI) -> None:
    completion = openai_client.chat.completions.create(
        model="gpt-5-mini", messages=[{"role": "user", "content": "价格" + "x" * 11}]
    )

    assert completion.usage is not None
    assert completion.usage.prompt_tokens == math.ceil((2 * 3 + 11) / 4)
    assert completion.usage.completion_tokens == 16


@pytest.mark.parametrize("stream", [False, True])
def test_no_output_at_all_can_be_asked(sandbox: SandboxProcess, openai_client: openai.OpenAI, stream: bool) -> None:
    answer = openai_client.chat.completions.create(
        model="gpt-5-mini", messages=HELLO, stream=stream, metadata={"sandbox_output_tokens": "0"}
    )
    if not isinstance(answer, openai.types.chat.ChatCompletion):
        assert "".join(chunk.choices[0].delta.content or "" for chunk in answer) == ""

    assert sandbox.bill()["totals"]["output_tokens"] == 0


@pytest.mark.parametrize("cap", ["max_tokens", "max_completion_tokens"])
def test_output_never_exceeds_the_cap_of_a_chat(openai_client: openai.OpenAI, cap: str) -> None:
    completion = openai_client.chat.completions.create(
        model="gpt-5-mini", messages=HELLO, metadata={"sandbox_output_tokens": "500"}, extra_body={cap: 30}
    )

    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 30


def test_several_choices_are_summed_in_the_usage(openai_client: openai.OpenAI) -> None:
    completion = openai_client.chat.completions.create(
        model="gpt-5-mini", messages=HELLO, n=3, metadata={"sandbox_output_tokens": "10"}
    )

    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 30


def test_a_stream_shows_its_usage_only_if_asked(openai_client: openai.OpenAI) -> None:
    chunks = list(
        openai_client.chat.completions.create(
            model="gpt-5-mini",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
            metadata={"sandbox_output_tokens": "300", "sandbox_input_tokens": "70"},
        )
    )

    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]).startswith("This text comes from")
    assert sum(len(chunk.choices[0].delta.content or "") for chunk in chunks[:-1]) == 300 * 4
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1] if chunk.choices[0].finish_reason] == ["stop"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (70, 300)

    silent = list(openai_client.chat.completions.create(model="gpt-5-mini", messages=HELLO, stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in silent)


def test_a_stream_of_several_choices_names_each(openai_client: openai.OpenAI) -> None:
    chunks = list(openai_client.chat.completions.create(model="gpt-5-mini", messages=HELLO, stream=True, n=2))

    for index in (0, 1):
        own = [chunk.choices[0] for chunk in chunks if chunk.choices[0].index == index]
        assert sum(len(choice.delta.content or "") for choice in own) == 16 * 4
        assert own[-1].finish_reason == "stop"


def test_a_paced_stream_is_the_same_stream(openai_client: openai.OpenAI) -> None:
    chunks = list(
        openai_client.chat.completions.create(
            model="gpt-5-mini",
            messages=HELLO,
            stream=True,
            metadata={"sandbox_output_tokens": "70", "sandbox_token_interval_ms": "1", "sandbox_latency_ms": "1"},
        )
    )

    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    # A paced stream has a chunk for each token.
    assert len(texts) == 70


def test_a_response_has_its_usage_and_may_be_incomplete(openai_client: openai.OpenAI) -> None:
    metadata = {
        "sandbox_input_tokens": "900",
        "sandbox_output_tokens": "60",
        "sandbox_cached_tokens": "512",
        "sandbox_reasoning_tokens": "40",
    }
    response = openai_client.responses.create(model="gpt-5", input="hello", metadata=metadata)

    assert response.id.startswith("resp_")
    assert response.status == "completed"
    assert len(response.output_text) == 20 * 4
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (900, 60, 960)
    assert response.usage.input_tokens_details.cached_tokens == 512
    assert response.usage.output_tokens_details.reasoning_tokens == 40

    short = openai_client.responses.create(model="gpt-5", input="hello", metadata=metadata, max_output_tokens=50)
    assert short.status == "incomplete"
    assert short.incomplete_details is not None
    assert short.incomplete_details.reason == "max_output_tokens"
    assert short.usage is not None
    assert short.usage.output_tokens == 50


def test_a_streamed_response_has_the_events_of_the_real_one(openai_client: openai.OpenAI) -> None:
    events = list(
        openai_client.responses.create(
            model="gpt-5", input="hello", stream=True, metadata={"sandbox_output_tokens": "3"}
        )
    )

    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    first, last = events[0], events[-1]
    assert first.type == "response.created"
    assert last.type == "response.completed"
    assert first.response.usage is None
    assert first.response.id == last.response.id
    assert last.response.usage is not None
    assert last.response.usage.output_tokens == 3
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert deltas == last.response.output_text


def test_the_clients_own_stream_helper_accumulates_a_response(openai_client: openai.OpenAI) -> None:
    with openai_client.responses.stream(
        model="gpt-5", input="hello", metadata={"sandbox_output_tokens": "60"}
    ) as stream:
        response = stream.get_final_response()

    assert response.status == "completed"
    assert len(response.output_text) == 60 * 4


def test_a_streamed_response_that_meets_its_cap_ends_incomplete(openai_client: openai.OpenAI) -> None:
    *_, last = openai_client.responses.create(
        model="gpt-5", input="hello", max_output_tokens=40, stream=True, metadata={"sandbox_output_tokens": "60"}
    )

    assert last.type == "response.incomplete"
    assert last.response.usage is not None
    assert last.response.usage.output_tokens == 40


@pytest.mark.parametrize(
    ("given", "vectors", "tokens"),
    [("abcdefgh", 1, 2), (["abcd", "abcdefgh"], 2, 3), ([1, 2, 3], 1, 3), ([[1, 2], [3]], 2, 3)],
)
def test_embeddings_have_a_vector_for_each_input(
    openai_client: openai.OpenAI, given: list[str], vectors: int, tokens: int
) -> None:
    as_floats = openai_client.embeddings.create(model="e", input=given, encoding_format="float", dimensions=8)
    # The client asks for base64 by itself and decodes it.
    as_base64 = openai_client.embeddings.create(model="e", input=given)

    assert [len(each.embedding) for each in as_floats.data] == [8] * vectors
    assert [len(each.embedding) for each in as_base64.data] == [1536] * vectors
    assert [each.index for each in as_base64.data] == list(range(vectors))
    assert as_floats.usage.prompt_tokens == as_base64.usage.prompt_tokens == tokens
    assert math.isclose(math.fsum(x * x for x in as_base64.data[0].embedding), 1, rel_tol=1e-5)


def test_embeddings_take_directives_too(openai_client: openai.OpenAI) -> None:
    answer = openai_client.embeddings.create(
        model="e", input="x", extra_body={"metadata": {"sandbox_input_tokens": "77"}}
    )

    assert answer.usage.total_tokens == 77


def test_the_models_are_listed(openai_client: openai.OpenAI) -> None:
    assert "gpt-5-mini" in [model.id for model in openai_client.models.list()]


async def test_each_of_many_calls_at_once_gets_its_own_answer(sandbox: SandboxProcess) -> None:
    async with openai.AsyncOpenAI(base_url=sandbox.base_url, api_key="sandbox-key", max_retries=0) as client:

        async def ask(tokens: int) -> tuple[str, int]:
            completion = await client.chat.completions.create(
                model="priced",
                messages=HELLO,
                metadata={"sandbox_output_tokens": str(tokens), "sandbox_latency_ms": "5"},
            )
            assert completion.usage is not None
            return completion.id, completion.usage.completion_tokens

        answers = await asyncio.gather(*(ask(tokens) for tokens in range(1, 61)))

    assert [tokens for _, tokens in answers] == list(range(1, 61))
    bill = sandbox.bill()
    assert bill["totals"]["output_tokens"] == sum(range(1, 61))
    assert {row["response_id"]: row["output_tokens"] for row in bill["rows"]} == dict(answers)


async def test_a_silent_call_does_not_hold_up_another(sandbox: SandboxProcess) -> None:
    async with openai.AsyncOpenAI(base_url=sandbox.base_url, api_key="sandbox-key", max_retries=0) as client:
        silent = asyncio.create_task(
            client.chat.completions.create(model="m", messages=HELLO, metadata={"sandbox_fail": "timeout:600000"})
        )
        answered = await client.chat.completions.create(model="m", messages=HELLO)
        assert answered.choices[0].finish_reason == "stop"
        assert not silent.done()
        silent.cancel()
