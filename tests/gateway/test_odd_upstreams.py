"""Upstreams that do what the sandbox never does: odd streams, errors inside a 200, redirects, closed connections."""

from __future__ import annotations

import json
from typing import Any

import pytest

from counterfoil.spend.model import Dialect
from gateway.odd_upstream import OddUpstream, chunk, completion, odd_upstream, plain, stream
from gateway.shop import NANOS, Answer, Customer, OpenShop, Shop, chat, message, response

SECRET_TEXT = "the merger of Initech and Umbrella"


async def shop_with(open_shop: OpenShop, upstream: OddUpstream, **options: Any) -> tuple[Shop, Customer]:
    shop = await open_shop(upstream=False)
    await shop.add_upstream("odd", base_url=upstream.url, **options)
    return shop, await shop.customer()


def data_of(answer: Answer) -> list[str]:
    return [line[6:] for line in answer.body.decode().split("\n") if line.startswith("data: ")]


async def test_what_the_upstream_is_sent(open_shop: OpenShop) -> None:
    async with odd_upstream(plain(completion())) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        headers = {
            "Cookie": "a=b",
            "X-Forwarded-For": "203.0.113.7",
            "OpenAI-Beta": "x=v1",
            "OpenAI-Organization": "org",
        }
        answer = await shop.call(customer, chat(temperature=0.5, tools=[]), headers=headers)
        assert answer.status == 200
    [body] = upstream.bodies
    assert body == {"model": "upstream-plain", "max_tokens": 1000, "temperature": 0.5, "tools": [],
                    "messages": [{"role": "user", "content": "Hello"}]}  # fmt: skip
    [head] = upstream.heads
    assert "Authorization: Bearer odd-key" in head
    assert f"X-Request-Id: {answer.headers['x-request-id']}" in head
    assert "openai-beta: x=v1" in head
    for private in (customer.token, "a=b", "203.0.113.7", "org"):
        assert private not in head


async def test_what_an_anthropic_upstream_is_sent(open_shop: OpenShop) -> None:
    body = {"id": "msg_1", "type": "message", "model": "upstream-plain", "content": [{"type": "text", "text": "Hi"}],
            "usage": {"input_tokens": 5, "output_tokens": 1}}  # fmt: skip
    async with odd_upstream(plain(body)) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        headers = {"anthropic-beta": "tools-2024", "x-api-key": customer.token}
        assert (await shop.call(customer, message(), path="/v1/messages", headers=headers)).status == 200
    [head] = upstream.heads
    assert "x-api-key: odd-key" in head
    assert "anthropic-version: 2023-06-01" in head
    assert "anthropic-beta: tools-2024" in head
    assert customer.token not in head
    assert "authorization" not in head.lower()


async def test_newer_models_are_capped_in_their_own_field(open_shop: OpenShop) -> None:
    async with odd_upstream(plain(completion(model="gpt-5-mini"))) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        await shop.call(customer, chat("gpt-5-mini"))
        await shop.call(customer, chat("gpt-5-mini", stream=True, max_tokens=9))
        await shop.call(customer, response(), path="/v1/responses")
    assert [body.get("max_completion_tokens") for body in upstream.bodies[:1]] == [1000]
    assert "max_tokens" not in upstream.bodies[0]
    assert upstream.bodies[1]["max_tokens"] == 9
    assert upstream.bodies[1]["stream_options"] == {"include_usage": True}
    assert upstream.bodies[-1]["max_output_tokens"] == 1000


@pytest.mark.parametrize(
    ("base", "path"), [("", "/v1/chat/completions"), ("/v1", "/v1/chat/completions"), ("/v1beta/openai/", "/v1beta/openai/chat/completions")]
)  # fmt: skip
async def test_base_addresses_are_understood_as_clients_do(open_shop: OpenShop, base: str, path: str) -> None:
    async with odd_upstream(plain(completion())) as upstream:
        shop = await open_shop(upstream=False)
        await shop.add_upstream("odd", base_url=upstream.url + base, dialects=[Dialect.OPENAI])
        assert (await shop.call(await shop.customer(), chat())).status == 200
    assert upstream.heads[0].startswith(f"POST {path} HTTP/1.1")


async def test_a_kept_connection_that_has_been_closed_is_replaced(open_shop: OpenShop) -> None:
    async with odd_upstream(plain(completion()), [None], plain(completion())) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        assert (await shop.call(customer, chat())).status == 200
        # The connection is dropped just as the next call is sent.
        answer = await shop.call(customer, chat())
        assert answer.status == 200
        outcomes = [attempt.outcome for attempt in (await shop.view(answer.request_id)).attempts]
        assert outcomes == ["cut", "succeeded"]


async def test_a_redirect_is_not_followed_with_the_key(open_shop: OpenShop) -> None:
    async with odd_upstream(plain(b"", status=307, headers="Location: http://127.0.0.1:1/\r\n")) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        answer = await shop.call(customer, chat())
        assert (answer.status, answer.error["code"]) == (503, "upstream_unavailable")
    assert len(upstream.heads) == 1


async def test_an_error_inside_a_200_is_an_error(open_shop: OpenShop) -> None:
    async with odd_upstream(plain({"error": {"message": "Provider returned error", "code": 502}})) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        assert (await shop.call(customer, chat())).status == 502
        assert (await shop.call(customer, chat(stream=True))).status == 502
        assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_an_upstreams_error_that_quotes_the_prompt_is_kept_without_it(open_shop: OpenShop) -> None:
    error = {
        "error": {"message": f"Invalid value: '{SECRET_TEXT}'. Try upstream-plain-2.", "type": "invalid_request_error"}
    }
    async with odd_upstream(plain(error, status=400)) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        answer = await shop.call(customer, chat(text=f"Tell me of {SECRET_TEXT}"))
        # The client gets its own words back; the record does not have them.
        assert SECRET_TEXT in answer.error["message"]
        assert "upstream-plain" not in answer.error["message"]
        view = await shop.view(answer.request_id)
        assert view.error_text == "Invalid value: '[content]'. Try plain-2."
        assert "Initech" not in await shop.everything()


async def test_a_response_that_failed_is_passed_on_and_free(open_shop: OpenShop) -> None:
    failed = {"id": "resp_1", "object": "response", "status": "failed", "error": {"code": "server_error", "message": "x"},
              "output": [], "model": "upstream-plain", "usage": {"input_tokens": 5, "output_tokens": 0}}  # fmt: skip
    event = (
        b"event: response.failed\ndata: "
        + json.dumps({"type": "response.failed", "response": failed}).encode()
        + b"\n\n"
    )
    async with odd_upstream(plain(failed), stream(event)) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        answer = await shop.call(customer, response(), path="/v1/responses")
        assert (answer.status, answer.json["status"], answer.json["model"]) == (200, "failed", "plain")
        streamed = await shop.call(customer, response(stream=True), path="/v1/responses")
        assert json.loads(data_of(streamed)[-1])["type"] == "response.failed"
        assert await shop.balance(customer) == (10 * NANOS, 0)
        assert {view.code for view in await shop.views(customer)} == {"upstream_error"}


class TestChatStreams:
    async def test_usage_in_every_chunk_counts_once(self, open_shop: OpenShop) -> None:
        def used(tokens: int) -> dict[str, int]:
            return {"prompt_tokens": 1000, "completion_tokens": tokens, "total_tokens": 1000 + tokens}

        pieces = [
            chunk("a", usage=used(1)),
            chunk("b", usage=used(2)),
            chunk(finish="stop", usage=used(3)),
            b"data: [DONE]\n\n",
        ]
        async with odd_upstream(stream(*pieces)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, chat(stream=True))
            assert (await shop.view(answer.request_id)).tokens == '{"input":1000,"output":3}'

    async def test_a_stream_without_done_is_whole_once_it_has_finished(self, open_shop: OpenShop) -> None:
        async with odd_upstream(stream(chunk("abcdefgh"), chunk(finish="stop"))) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, chat(stream=True))
            assert data_of(answer)[-1] == "[DONE]"
            view = await shop.view(answer.request_id)
            assert (view.state, view.estimated) == ("served", True)
            assert json.loads(view.tokens or "{}")["output"] == 2

    async def test_a_cut_after_the_finish_is_no_cut(self, open_shop: OpenShop) -> None:
        async with odd_upstream(stream(chunk("abcdefgh"), chunk(finish="stop"), cut=True)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            assert data_of(await shop.call(customer, chat(stream=True)))[-1] == "[DONE]"

    async def test_an_error_in_the_middle_charges_what_had_come(self, open_shop: OpenShop) -> None:
        error = b'data: {"error":{"message":"secret words","code":502}}\n\n'
        async with odd_upstream(stream(chunk("abcdefgh"), error)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, chat(stream=True))
            last = json.loads(data_of(answer)[-1])["error"]
            assert (last["code"], last["decision"]["charge"]) == ("upstream_error", "charged")
            assert "secret words" not in answer.body.decode()
            assert (await shop.view(answer.request_id)).charged_nanos > 2 * 2000

    async def test_an_error_in_the_same_breath_as_text_is_asked_elsewhere(self, open_shop: OpenShop) -> None:
        """Nothing has been passed on yet: the client sees one whole answer."""
        both = chunk("abc") + b'data: {"error":{"message":"no","code":502}}\n\n'
        async with odd_upstream(stream(both)) as upstream:
            shop, customer = await shop_with(open_shop, upstream, priority=1)
            await shop.add_upstream("second", priority=2)
            answer = await shop.call(customer, chat(stream=True, sandbox_output_tokens=2))
            assert data_of(answer)[-1] == "[DONE]"
            assert b"abc" not in answer.body

    async def test_line_ends_comments_and_names_of_models(self, open_shop: OpenShop) -> None:
        pieces = [b": PROCESSING\r\n\r\n", chunk("a").replace(b"\n", b"\r\n"), chunk(finish="stop").replace(b"\n", b"\r\n"),
                  b"data: [DONE]\r\n\r\n"]  # fmt: skip
        async with odd_upstream(stream(*pieces)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, chat(stream=True))
            assert b": PROCESSING\n\n" in answer.body
            assert [json.loads(data)["model"] for data in data_of(answer)[:-1]] == ["plain", "plain"]

    async def test_tool_calls_and_reasoning_are_output(self, open_shop: OpenShop) -> None:
        delta = {"reasoning_content": "x" * 40, "tool_calls": [{"index": 0, "id": "call_1", "type": "function",
                                                               "function": {"name": "f", "arguments": "y" * 40}}]}  # fmt: skip
        body = {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": "tool_calls"}]}
        event = b"data: " + json.dumps(body).encode() + b"\n\n"
        async with odd_upstream(stream(event)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, chat(stream=True))
            assert json.loads((await shop.view(answer.request_id)).tokens or "{}")["output"] == 20


class TestMessageStreams:
    def event(self, kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: ".encode() + json.dumps({"type": kind, **fields}).encode() + b"\n\n"

    def start(self) -> bytes:
        usage = {"input_tokens": 700, "cache_read_input_tokens": 300, "output_tokens": 1}
        return self.event("message_start", message={"id": "msg_1", "model": "upstream-plain", "usage": usage})

    def text(self, text: str) -> bytes:
        return self.event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    async def test_a_cut_stream_keeps_the_input_that_the_upstream_had_told(self, open_shop: OpenShop) -> None:
        async with odd_upstream(stream(self.start(), self.text("abcdefgh"), cut=True)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, message(stream=True), path="/v1/messages")
            view = await shop.view(answer.request_id)
            assert view.estimated
            assert view.tokens == '{"input":700,"cached_read":300,"output":2}'
            assert view.attempts[0].response_id == "msg_1"

    async def test_a_stream_cut_before_any_text_is_free(self, open_shop: OpenShop) -> None:
        async with odd_upstream(stream(self.start(), cut=True)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, message(stream=True), path="/v1/messages")
            assert json.loads(data_of(answer)[-1])["error"]["decision"]["charge"] == "not_charged"
            assert await shop.balance(customer) == (10 * NANOS, 0)

    async def test_the_end_is_supplied_where_only_it_is_missing(self, open_shop: OpenShop) -> None:
        delta = self.event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 9})
        async with odd_upstream(stream(self.start(), self.text("abc"), delta, cut=True)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, message(stream=True), path="/v1/messages")
            assert [json.loads(data)["type"] for data in data_of(answer)[-2:]] == ["message_delta", "message_stop"]
            view = await shop.view(answer.request_id)
            assert (view.estimated, view.tokens) == (False, '{"input":700,"cached_read":300,"output":9}')

    async def test_an_overloaded_upstream_says_so_inside_its_stream(self, open_shop: OpenShop) -> None:
        error = self.event("error", error={"type": "overloaded_error", "message": "Overloaded"})
        async with odd_upstream(stream(error)) as upstream:
            shop, customer = await shop_with(open_shop, upstream)
            answer = await shop.call(customer, message(stream=True), path="/v1/messages")
            assert (answer.status, answer.error["code"]) == (503, "upstream_unavailable")


async def test_hosted_searches_are_charged_by_the_piece(open_shop: OpenShop) -> None:
    body = {"id": "resp_1", "model": "searching", "status": "completed", "usage": {"input_tokens": 10, "output_tokens": 5},
            "output": [{"type": "web_search_call"}, {"type": "web_search_call"}, {"type": "message", "content": []}]}  # fmt: skip
    async with odd_upstream(plain(body)) as upstream:
        shop, customer = await shop_with(open_shop, upstream)
        asked = response("searching", tools=[{"type": "web_search"}], max_tool_calls=3)
        answer = await shop.call(customer, asked, path="/v1/responses")
        assert answer.charged_nanos == 10 * 1000 + 5 * 2000 + 2 * 10_000_000
