"""A call is bounded in time and size, goes to one place, and what goes wrong says nothing of what was sent or came."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.recharge.providers import calls
from counterfoil.recharge.providers.calls import ANSWER_BYTES_MAX, Caller
from counterfoil.recharge.providers.port import Provider
from recharge.providers.desk import (
    ALL_CONFIGS,
    EPAY_KEY,
    ORDER,
    Asked,
    alipay_config,
    epay_config,
    odd_provider,
    pay_request,
    refund_request,
    says,
    stripe_config,
    wechat_config,
)

HIDDEN = "4242424242424242"


async def reason_of(caller: Caller, url: str) -> str:
    with pytest.raises(Unavailable) as caught:
        await caller.call("GET", url)
    assert caught.value.code == "provider_unavailable"
    return str(caught.value.parameters["reason"])


async def test_an_answer_is_whole_whatever_its_status() -> None:
    async with odd_provider((503, {"code": "SYSTEM_ERROR"})) as provider:
        answer = await Caller(provider.session, provider="p").call("POST", provider.url + "/a?b=%2F", body=b"x")
    assert (answer.status, answer.is_good, answer.body) == (503, False, b'{"code": "SYSTEM_ERROR"}')
    (asked,) = provider.asked
    assert (asked.path, asked.query, asked.body) == ("/a", "b=%2F", b"x")
    assert asked.headers["Accept-Encoding"] == "identity"


async def test_a_redirect_is_not_followed() -> None:
    def elsewhere(_: Asked) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with odd_provider(elsewhere) as provider:
        assert await reason_of(Caller(provider.session, provider="p"), provider.url) == "redirected"
    assert len(provider.asked) == 1


async def test_an_answer_without_end_is_not_read_to_it() -> None:
    async with odd_provider(b"x" * ANSWER_BYTES_MAX) as provider:
        answer = await Caller(provider.session, provider="p").call("GET", provider.url)
        assert len(answer.body) == ANSWER_BYTES_MAX
    async with odd_provider(b"x" * (ANSWER_BYTES_MAX + 1)) as provider:
        assert await reason_of(Caller(provider.session, provider="p"), provider.url) == "too_long"


async def test_a_packed_answer_is_not_unpacked() -> None:
    async with odd_provider(says(b"\x1f\x8b", **{"Content-Encoding": "gzip"})) as provider:
        assert (await Caller(provider.session, provider="p").call("GET", provider.url)).body == b"\x1f\x8b"


async def test_silence_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALL_TIMEOUT_SECONDS", 0.05)

    async def silent(_: Asked) -> web.StreamResponse:
        await asyncio.sleep(5)
        return web.Response()

    async with odd_provider(silent) as provider:
        assert await reason_of(Caller(provider.session, provider="p"), provider.url) == "timed_out"


async def test_only_what_was_not_sent_is_told_apart() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with aiohttp.ClientSession() as session:
        caller = Caller(session, provider="p")
        assert await reason_of(caller, f"http://127.0.0.1:{port}/") == "not_connected"
        assert await reason_of(caller, "nonsense") == "not_configured"
        assert await reason_of(caller, "") == "not_configured"

    async with aiohttp.ClientSession() as session:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        assert await reason_of(Caller(session, provider="p"), f"http://127.0.0.1:{port}/") == "cut"
        server.close()
        await server.wait_closed()


# -- every provider ------------------------------------------------------------------------------------------------

ODD_ANSWERS = [
    b"", b"<html>502</html>", b"[]", b"null", b'{"a":NaN}', b'{"object":[],"data":{}}', b'{"a":1,"a":2}', b"\xff\xfe",
    {}, {"object": "list", "data": "x"}, {"error": "x"}, {"id": "' or 1=1", "status": 7}, {"code": "1x", "status": []},
    (500, {"error": {"message": HIDDEN}}), (502, b"<html>" + HIDDEN.encode() + b"</html>"), (429, {"code": HIDDEN}),
    (302, b""), (404, b"<html>"), (403, b"no"), {"message": HIDDEN, "msg": HIDDEN, "code": -1},
    b"x" * (ANSWER_BYTES_MAX + 1),
]  # fmt: skip


# An epay order cannot be closed.
ASKED = [(config, ask) for config in ALL_CONFIGS for ask in ("query", "close", "refund", "query_refund")]
ASKED.remove((epay_config, "close"))


@pytest.mark.parametrize(("config", "ask"), ASKED)
async def test_an_answer_that_says_nothing_is_never_taken_for_one(config: Callable[..., Any], ask: str) -> None:
    async with odd_provider(*ODD_ANSWERS) as provider:
        adapter = provider.adapter(config)
        for answer in ODD_ANSWERS:
            with pytest.raises(CounterfoilError) as caught:
                await asked_of(adapter, ask)
            assert caught.value.code in ("provider_unavailable", "provider_rejected"), answer
            text = "".join(traceback.format_exception(caught.value)) + repr(caught.value.parameters)
            for hidden in (HIDDEN, EPAY_KEY, ORDER.hex):
                assert hidden not in text
    assert len(provider.asked) == len(ODD_ANSWERS)


async def asked_of(adapter: Provider, ask: str) -> object:
    pay, refund = pay_request(provider_number="pi_1", currency="CNY"), refund_request(provider_number="pi_1")
    match ask:
        case "query":
            return await adapter.query(pay)
        case "close":
            return await adapter.close(pay)
        case "refund":
            return await adapter.refund(refund)
        case _:
            return await adapter.query_refund(refund)


@pytest.mark.parametrize("config", ALL_CONFIGS)
async def test_without_its_secrets_nothing_is_asked(config: Callable[..., Any]) -> None:
    empty = dict.fromkeys(config().secrets, "")
    async with odd_provider({}) as provider:
        for secrets in (empty, dict.fromkeys(empty, "nonsense")):
            adapter = provider.adapter(config, secrets=secrets)
            if secrets is not empty and config in (stripe_config, epay_config):
                continue
            for ask in ("query", "refund", "query_refund"):
                with pytest.raises(Unavailable) as caught:
                    await asked_of(adapter, ask)
                assert caught.value.parameters["reason"] == "not_configured"
            with pytest.raises(Unavailable):
                await adapter.start(pay_request())
    assert provider.asked == []


@pytest.mark.parametrize("config", [stripe_config, alipay_config, wechat_config])
async def test_a_provider_may_live_under_a_path(config: Callable[..., Any]) -> None:
    async with odd_provider((503, {}), prefix="/providers/one/") as provider:
        with pytest.raises(Unavailable):
            await provider.adapter(config).query(pay_request(provider_number="pi_1"))
    (asked,) = provider.asked
    assert asked.path.startswith("/providers/one/")


def test_nothing_secret_is_in_a_repr() -> None:
    for config in ALL_CONFIGS:
        made = config()
        text = repr(made) + repr(pay_request(provider_number=HIDDEN)) + repr(refund_request(provider_number=HIDDEN))
        assert HIDDEN not in text
        for secret in made.secrets.values():
            assert secret not in text
