"""Asking one upstream: its address, headers and body, the connection pool, and what goes wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

import aiohttp
import orjson
from yarl import URL

from counterfoil import __version__
from counterfoil.gateway.answers import AttemptFailed
from counterfoil.gateway.model import (
    ANSWER_BYTES_MAX,
    CONNECT_SECONDS_MAX,
    ERROR_BYTES_MAX,
    KEEPALIVE_SECONDS,
    ParsedCall,
)
from counterfoil.spend.model import Dialect, Endpoint
from counterfoil.spend.upstream_errors import Meaning, UpstreamError, read_error
from counterfoil.spend.upstreams_model import Route

_ANTHROPIC_VERSION = b"2023-06-01"
# What a client may tell the upstream beside its body; nothing of its authorization, cookies or addresses.
_FORWARDED = {
    Dialect.OPENAI: (b"openai-beta",),
    Dialect.ANTHROPIC: (b"anthropic-version", b"anthropic-beta"),
}
_FORWARDED_BYTES_MAX = 1_000
_PATHS = {
    Endpoint.CHAT_COMPLETIONS: "/chat/completions",
    Endpoint.RESPONSES: "/responses",
    Endpoint.EMBEDDINGS: "/embeddings",
    Endpoint.MESSAGES: "/messages",
    Endpoint.IMAGE_GENERATIONS: "/images/generations",
    Endpoint.IMAGE_EDITS: "/images/edits",
    Endpoint.SPEECH: "/audio/speech",
    Endpoint.TRANSCRIPTIONS: "/audio/transcriptions",
}
# Models that take `max_completion_tokens` only; everything else, and every compatible server, knows `max_tokens`.
_COMPLETION_CAPPED = re.compile(r"(?:.*/)?(?:o\d|gpt-[5-9])")


def open_session(*, keeps_connections: bool = True) -> aiohttp.ClientSession:
    """The pool of connections to all upstreams; to be opened inside the running loop.

    A kept connection may end just as it is used, and then nobody knows whether the call has arrived. A chat is sent
    again; what must not be made twice goes over connections of its own.
    """
    # The ledger's queue bounds how many calls are under way, not the pool.
    if keeps_connections:
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, keepalive_timeout=KEEPALIVE_SECONDS)
    else:
        connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=60, force_close=True)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # Every attempt has its own deadline around it; here only what aiohttp alone can tell apart.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS_MAX),
        headers={"User-Agent": f"counterfoil/{__version__}", "Accept-Encoding": "identity"},
        read_bufsize=2**18,
    )


async def open_upstream(
    session: aiohttp.ClientSession, route: Route, call: ParsedCall, *, output_cap: int, headers: dict[str, str]
) -> aiohttp.ClientResponse:
    """Send the call; gives the answer's head once it says 200, raises `AttemptFailed` for everything else."""
    body = upstream_body(call, route, output_cap=output_cap)
    return await send_upstream(session, route, call.endpoint, body=body, headers=headers)


async def send_upstream(
    session: aiohttp.ClientSession, route: Route, endpoint: Endpoint, *, body: bytes, headers: dict[str, str]
) -> aiohttp.ClientResponse:
    """The same for a body that is ready."""
    try:
        response = await session.post(
            endpoint_url(route.base_url, endpoint), data=body, headers=headers, allow_redirects=False
        )
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise AttemptFailed(UpstreamError(meaning=Meaning.NOT_CONNECTED)) from error
    except aiohttp.ClientConnectionError as error:
        raise AttemptFailed(UpstreamError(meaning=Meaning.CUT)) from error
    except (aiohttp.ClientError, ValueError) as error:
        # An answer that is no HTTP, or an address or secret that cannot be sent.
        meaning = Meaning.UNREADABLE if isinstance(error, aiohttp.ClientResponseError) else Meaning.MISCONFIGURED
        raise AttemptFailed(UpstreamError(meaning=meaning)) from error
    if response.status == 200:
        return response
    try:
        body = await _read_at_most(response, ERROR_BYTES_MAX)
    finally:
        response.release()
    raise AttemptFailed(
        read_error(
            response.status, body, upstream_model=route.upstream_model, retry_after=response.headers.get("Retry-After")
        )
    )


async def read_whole(response: aiohttp.ClientResponse) -> bytes:
    """A whole answer's body; raises `AttemptFailed` where it breaks off or is too long."""
    try:
        length = response.content_length
        if length is not None and length <= ANSWER_BYTES_MAX:
            return await response.read()
        body = await _read_at_most(response, ANSWER_BYTES_MAX + 1)
    except aiohttp.ClientError as error:
        response.close()
        raise AttemptFailed(UpstreamError(meaning=Meaning.CUT, status=response.status)) from error
    if len(body) > ANSWER_BYTES_MAX:
        response.close()
        raise AttemptFailed(UpstreamError(meaning=Meaning.UNREADABLE, status=response.status))
    return body


async def read_some(response: aiohttp.ClientResponse) -> bytes:
    """What has arrived of a stream; empty at its end. Raises `AttemptFailed` where it was cut."""
    try:
        return await response.content.readany()
    except aiohttp.ClientError as error:
        raise AttemptFailed(UpstreamError(meaning=Meaning.CUT, status=response.status)) from error


async def _read_at_most(response: aiohttp.ClientResponse, most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while size < most:
        chunk = await response.content.read(most - size)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


@lru_cache(maxsize=4096)
def endpoint_url(base_url: str, endpoint: Endpoint) -> URL:
    """Where an endpoint lies under a base URL, as the clients of that dialect read base URLs.

    OpenAI's end with their version (`https://api.openai.com/v1`), Anthropic's do not (`https://api.anthropic.com`); both
    are understood with and without.
    """
    base = base_url.rstrip("/")
    path = urlsplit(base).path
    if endpoint.dialect is Dialect.ANTHROPIC:
        versioned = base if path.endswith("/v1") else base + "/v1"
    else:
        versioned = base if path else base + "/v1"
    return URL(versioned + _PATHS[endpoint], encoded=True)


def upstream_headers(route: Route, given: Mapping[bytes, bytes], shown_id: str) -> dict[str, str]:
    """The upstream's own key and our request id; of the client's headers only what names versions and betas."""
    headers = {"Content-Type": "application/json", "X-Request-Id": shown_id, "X-Client-Request-Id": shown_id}
    if route.dialect is Dialect.ANTHROPIC:
        headers["anthropic-version"] = _ANTHROPIC_VERSION.decode()
        if route.secret:
            headers["x-api-key"] = route.secret
    elif route.secret:
        headers["Authorization"] = f"Bearer {route.secret}"
    for name in _FORWARDED[route.dialect]:
        value = given.get(name)
        if value is not None and len(value) <= _FORWARDED_BYTES_MAX and value.isascii():
            headers[name.decode()] = value.decode()
    return headers


def upstream_body(call: ParsedCall, route: Route, *, output_cap: int) -> bytes:
    """The client's body with the upstream's model, the cap that was held for, and usage asked for in streams."""
    managed: dict[str, str | int] = {"model": route.upstream_model}
    if call.shape.produces_output:
        for name in call.cap_fields or (_cap_field(call.endpoint, route.upstream_model),):
            managed[name] = output_cap
    head = orjson.dumps(managed)
    if call.stream_options is not None:
        head = head[:-1] + b',"stream_options":' + call.stream_options + b"}"
    return head if call.rest == b"{}" else head[:-1] + b"," + call.rest[1:]


def _cap_field(endpoint: Endpoint, upstream_model: str) -> str:
    if endpoint is Endpoint.RESPONSES:
        return "max_output_tokens"
    if endpoint is Endpoint.CHAT_COMPLETIONS and _COMPLETION_CAPPED.match(upstream_model):
        return "max_completion_tokens"
    return "max_tokens"
