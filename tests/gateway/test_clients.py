"""The official clients: plain, streaming, errors as their own exceptions, no retry where it cannot help."""

from __future__ import annotations

import anthropic
import openai
import pytest

from counterfoil.limits.model import Scope, Unit, Window
from gateway.shop import Shop

TEN_TOKENS = {"sandbox_input_tokens": "10", "sandbox_output_tokens": "10"}
HELLO = [{"role": "user", "content": "Hello"}]


class TestOpenAI:
    async def test_chat(self, shop: Shop) -> None:
        async with shop.openai(await shop.customer()) as client:
            completion = await client.chat.completions.create(model="plain", messages=HELLO, metadata=TEN_TOKENS)
        assert completion.usage
        assert completion.usage.completion_tokens == 10
        assert completion.choices[0].message.content
        assert completion._request_id
        assert completion._request_id.startswith("req_")

    async def test_chat_streaming(self, shop: Shop) -> None:
        async with shop.openai(await shop.customer()) as client:
            stream = await client.chat.completions.create(
                model="plain", messages=HELLO, metadata=TEN_TOKENS, stream=True, stream_options={"include_usage": True}
            )  # fmt: skip
            chunks = [chunk async for chunk in stream]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert len(text) == 40
        assert chunks[-1].usage
        assert chunks[-1].usage.total_tokens == 20

    async def test_responses(self, shop: Shop) -> None:
        async with shop.openai(await shop.customer()) as client:
            answer = await client.responses.create(model="plain", input="Hello", metadata=TEN_TOKENS)
            assert len(answer.output_text) == 40
            stream = await client.responses.create(model="plain", input="Hello", metadata=TEN_TOKENS, stream=True)
            kinds = [event.type async for event in stream]
        assert kinds[0] == "response.created"
        assert kinds[-1] == "response.completed"

    async def test_embeddings_and_models(self, shop: Shop) -> None:
        async with shop.openai(await shop.customer()) as client:
            found = await client.embeddings.create(model="embedding", input=["one", "two"])
            assert len(found.data) == 2
            models = [model.id async for model in client.models.list()]
            assert "plain" in models
            assert (await client.models.retrieve("plain")).id == "plain"
            with pytest.raises(openai.NotFoundError):
                await client.models.retrieve("nothing")

    async def test_a_402_is_raised_at_once_and_asked_once(self, shop: Shop) -> None:
        customer = await shop.customer(credit_nanos=0)
        async with shop.openai(customer) as client:
            with pytest.raises(openai.APIStatusError) as raised:
                await client.chat.completions.create(model="plain", messages=HELLO)
        assert raised.value.status_code == 402
        assert raised.value.code == "account_balance"
        assert raised.value.type == "insufficient_quota"
        assert raised.value.request_id
        assert len(await shop.views(customer)) == 1

    async def test_errors_are_its_own_exceptions(self, shop: Shop) -> None:
        customer = await shop.customer()
        async with shop.openai(customer) as client:
            with pytest.raises(openai.BadRequestError) as bad:
                await client.chat.completions.create(model="plain", messages=HELLO, max_tokens=-1)
            assert bad.value.param == "max_tokens"
            with pytest.raises(openai.NotFoundError):
                await client.chat.completions.create(model="nothing", messages=HELLO)
        async with openai.AsyncOpenAI(base_url=f"{shop.address}/v1", api_key="sk-nobody") as stranger:
            with pytest.raises(openai.AuthenticationError):
                await stranger.chat.completions.create(model="plain", messages=HELLO)
        await shop.services.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
        async with shop.openai(customer) as client:
            with pytest.raises(openai.AuthenticationError) as disabled:
                await client.chat.completions.create(model="plain", messages=HELLO)
        assert disabled.value.code == "key_disabled"

    async def test_a_pace_that_waiting_does_not_cure_is_not_retried(self, shop: Shop) -> None:
        customer = await shop.customer()
        await shop.services.limits.set_limit(
            account_id=customer.account_id, scope=Scope.KEY, scope_id=customer.key_id, unit=Unit.TOKENS,
            window=Window.MINUTE, amount=10,
        )  # fmt: skip
        async with shop.openai(customer) as client:
            with pytest.raises(openai.RateLimitError):
                await client.chat.completions.create(model="plain", messages=HELLO, max_tokens=500)
        assert [view.repeats for view in await shop.views(customer)] == [1]

    async def test_an_upstreams_failure_is_retried_as_usual_and_costs_nothing(self, shop: Shop) -> None:
        customer = await shop.customer()
        async with shop.openai(customer) as client:
            with pytest.raises(openai.InternalServerError):
                await client.chat.completions.create(
                    model="plain", messages=HELLO, metadata={"sandbox_fail": "status:500"}
                )  # fmt: skip
        views = await shop.views(customer)
        assert [(view.retry_count, view.state) for view in views] == [(2, "failed"), (1, "failed"), (0, "failed")]
        assert await shop.balance(customer) == (10_000_000_000, 0)

    async def test_a_stream_that_is_cut_raises(self, shop: Shop) -> None:
        metadata = {"sandbox_output_tokens": "20", "sandbox_token_interval_ms": "5", "sandbox_fail": "cut:50"}
        async with shop.openai(await shop.customer()) as client:
            stream = await client.chat.completions.create(
                model="plain", messages=HELLO, metadata=metadata, stream=True
            )  # fmt: skip
            with pytest.raises(openai.APIError, match="has been charged"):
                [chunk async for chunk in stream]


class TestAnthropic:
    async def test_messages(self, shop: Shop) -> None:
        async with shop.anthropic(await shop.customer()) as client:
            answer = await client.messages.create(
                model="plain", max_tokens=100, messages=HELLO, extra_body={"metadata": TEN_TOKENS}
            )  # fmt: skip
        assert answer.usage.output_tokens == 10
        assert answer.model == "plain"
        assert answer._request_id
        assert answer._request_id.startswith("req_")

    async def test_messages_streaming(self, shop: Shop) -> None:
        async with (
            shop.anthropic(await shop.customer()) as client,
            client.messages.stream(
                model="plain", max_tokens=100, messages=HELLO, extra_body={"metadata": TEN_TOKENS}
            ) as stream,
        ):  # fmt: skip
            text = "".join([piece async for piece in stream.text_stream])
            final = await stream.get_final_message()
        assert len(text) == 40
        assert final.usage.output_tokens == 10
        assert final.stop_reason == "end_turn"

    async def test_models(self, shop: Shop) -> None:
        async with shop.anthropic(await shop.customer()) as client:
            assert "plain" in [model.id async for model in client.models.list()]
            assert (await client.models.retrieve("plain")).id == "plain"

    async def test_a_402_is_raised_at_once_and_asked_once(self, shop: Shop) -> None:
        customer = await shop.customer(credit_nanos=0)
        async with shop.anthropic(customer) as client:
            with pytest.raises(anthropic.APIStatusError) as raised:
                await client.messages.create(model="plain", max_tokens=10, messages=HELLO)
        assert raised.value.status_code == 402
        assert type(raised.value).__name__ == "PaymentRequiredError"
        assert raised.value.body["error"]["type"] == "billing_error"
        assert raised.value.body["error"]["code"] == "account_balance"
        assert len(await shop.views(customer)) == 1

    async def test_errors_are_its_own_exceptions(self, shop: Shop) -> None:
        customer = await shop.customer(allowed_models=("other*",))
        async with shop.anthropic(customer) as client:
            with pytest.raises(anthropic.PermissionDeniedError):
                await client.messages.create(model="plain", max_tokens=10, messages=HELLO)
            with pytest.raises(anthropic.BadRequestError):
                await client.messages.create(model="other", max_tokens=-1, messages=HELLO)
        async with anthropic.AsyncAnthropic(base_url=shop.address, api_key="sk-nobody") as stranger:
            with pytest.raises(anthropic.AuthenticationError):
                await stranger.messages.create(model="plain", max_tokens=10, messages=HELLO)

    async def test_a_stream_that_is_cut_raises(self, shop: Shop) -> None:
        metadata = {"sandbox_output_tokens": "20", "sandbox_token_interval_ms": "5", "sandbox_fail": "cut:50"}
        async with shop.anthropic(await shop.customer()) as client:
            stream = await client.messages.create(
                model="plain", max_tokens=100, messages=HELLO, extra_body={"metadata": metadata}, stream=True
            )  # fmt: skip
            with pytest.raises(anthropic.APIStatusError, match="has been charged"):
                [event async for event in stream]
