"""Bad input on the wire: a clear error each, recorded, nothing held or charged."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from gateway.shop import NANOS, OpenShop, Shop, chat, message

JSON = {"Content-Type": "application/json"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}

# Body, headers, status, code, param, words of the message.
BAD: list[tuple[str, Any, dict[str, str], int, str, str | None, str]] = [
    ("broken JSON", b'{"model": "plain", "messages": [', {}, 400, "bad_request", None, "not valid JSON"),
    ("empty", b"", JSON, 400, "bad_request", None, "body is empty"),
    ("no object", b"[]", {}, 400, "bad_request", None, "JSON object"),
    ("invalid UTF-8", b'{"model": "\xff"}', {}, 400, "bad_request", None, "UTF-8"),
    ("unknown model", chat("no-such-model"), {}, 404, "model_not_found", None, "no-such-model"),
    ("wrong content type", b"model=plain", {"Content-Type": "application/x-www-form-urlencoded"}, 400, "bad_request", None, "application/json"),
    ("compressed", b"\x1f\x8b", {"Content-Encoding": "gzip"}, 400, "bad_request", "Content-Encoding", "Content-Encoding"),
    ("negative max_tokens", chat(max_tokens=-1), {}, 400, "bad_request", "max_tokens", "max_tokens must be at least 1"),
    ("ten thousand tools", chat(tools=[TOOL] * 10_000), {}, 400, "bad_request", "tools", "more than 512"),
    ("no messages", {"model": "plain"}, {}, 400, "bad_request", "messages", "messages is missing"),
    ("no bound", chat(web_search_options={}), {}, 400, "cost_unbounded", "web_search_options", "web_search_options"),
    ("a key as a model", chat("sk-0123456789abcdef0123456789abcdef"), {}, 400, "bad_request", "model", "model name"),
]  # fmt: skip


async def test_each_bad_input_gets_a_clear_error_and_costs_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    for what, body, headers, status, code, param, words in BAD:
        answer = await shop.call(customer, body, headers=headers)
        assert (answer.status, answer.error["code"], answer.error["param"]) == (status, code, param), what
        assert words in answer.error["message"], what
        assert answer.headers["x-should-retry"] == "false", what
        view = await shop.view(answer.request_id)
        assert (view.state, view.code, view.charged_nanos, view.held_nanos) == ("refused", code, 0, 0), what
    assert await shop.balance(customer) == (10 * NANOS, 0)
    assert shop.sandbox.bill()["rows"] == []
    # What was sent as a model's name and is a key is in no row.
    assert "0123456789abcdef" not in await shop.everything()


async def test_a_huge_body_is_refused_with_the_size_that_is_allowed(open_shop: OpenShop) -> None:
    shop = await open_shop(request_body_max_bytes=100_000)
    customer = await shop.customer()
    answer = await shop.call(customer, chat(text="x" * 200_000))
    assert (answer.status, answer.error["code"]) == (400, "bad_request")
    assert "100000 bytes" in answer.error["message"]
    assert (await shop.view(answer.request_id)).state == "refused"


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(open_shop: OpenShop) -> None:
    shop = await open_shop(request_body_max_bytes=100_000)
    customer = await shop.customer()
    answer = b""
    host, port = shop.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {customer.token}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    for _ in range(5):
        writer.write(b"7530\r\n" + b"x" * 0x7530 + b"\r\n")
        await writer.drain()
    # It never ends, and is answered all the same.
    async with asyncio.timeout(20):
        answer = await reader.read(2**16)
    writer.close()
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b"100000 bytes" in answer


async def test_a_body_that_does_not_come_is_not_waited_for(shop: Shop) -> None:
    from dataclasses import replace

    customer = await shop.customer()
    object.__setattr__(shop.gateway, "_settings", replace(shop.gateway._settings, body_seconds_max=0.2))
    host, port = shop.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        + f"Authorization: Bearer {customer.token}\r\nContent-Length: 1000\r\n\r\n{{".encode()
    )
    async with asyncio.timeout(20):
        answer = await reader.read(2**16)
    writer.close()
    assert b" 400 " in answer.split(b"\r\n")[0]


async def test_a_key_of_a_suspended_account(shop: Shop) -> None:
    customer = await shop.customer()
    await shop.services.ledger.change_account(customer.account_id, status="suspended")
    answer = await shop.call(customer, chat())
    assert (answer.status, answer.error["code"]) == (403, "account_suspended")
    assert (await shop.view(answer.request_id)).code == "account_suspended"
    # Whoever may not call learns nothing of money.
    assert [check["code"] for check in answer.error["decision"]["checks"]] == ["account_suspended"]
    for path in ("/v1/models", "/api/v1/key", "/v1/dashboard/billing/subscription"):
        refused = await shop.call(customer, path=path, method="GET")
        assert (refused.status, refused.error["code"]) == (403, "account_suspended")


async def test_an_unknown_key_is_counted_and_leaves_no_row(shop: Shop) -> None:
    unknown: tuple[dict[str, str], ...] = ({}, {"Authorization": "Bearer sk-nobody"}, {"Authorization": "Basic c2s6"})
    answers = []
    for headers in unknown:
        for path, body in (("/v1/chat/completions", chat()), ("/v1/messages", message())):
            answer = await shop.call(None, body, path=path, headers=headers)
            assert (answer.status, answer.error["code"]) == (401, "key_invalid")
            assert ("type" in answer.json) == (path == "/v1/messages")
            answers.append(answer)
    await shop.services.spend.write_unknown_keys()
    everything = await shop.everything()
    assert "127.0.0.1" in everything
    assert not any(answer.request_id.hex in everything.replace("-", "") for answer in answers)


ADDRESSES = [
    ("GET", "/v1/nothing", 404, "not_found"),
    ("POST", "/v1/", 404, "not_found"),
    ("GET", "/v1/../v1/models/../../etc/passwd", 404, "not_found"),
    ("GET", "/v1//models", 404, "not_found"),
    ("GET", "/v1/models/" + "m" * 300, 404, "not_found"),
    ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
    ("DELETE", "/v1/chat/completions", 405, "method_not_allowed"),
    ("HEAD", "/v1/chat/completions", 405, None),
    ("POST", "/v1/models", 405, "method_not_allowed"),
    ("GET", "/v1/estimate", 405, "method_not_allowed"),
    ("OPTIONS", "/v1/chat/completions", 204, None),
    ("OPTIONS", "/v1/models", 204, None),
]


async def test_addresses_and_methods(shop: Shop) -> None:
    host, port = shop.address.removeprefix("http://").split(":")
    for method, path, status, code in ADDRESSES:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        raw = await reader.read()
        writer.close()
        head, _, body = raw.partition(b"\r\n\r\n")
        assert int(head.split(b" ")[1]) == status, (method, path)
        if code is not None:
            assert json.loads(body)["error"]["code"] == code
        else:
            assert body == b"", (method, path)
        assert (b"\r\nallow: " in head) == (status in (204, 405))


async def test_a_head_request_is_a_get_without_its_body(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await shop.call(customer, path="/v1/models", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


async def test_too_many_headers_end_at_the_server(shop: Shop) -> None:
    host, port = shop.address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    headers = "".join(f"x-{number}: y\r\n" for number in range(300))
    writer.write(f"GET /v1/models HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
    assert b" 431 " in (await reader.readline())
    writer.close()
