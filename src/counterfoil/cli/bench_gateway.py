"""`counterfoil bench gateway`: calls per second through the whole product, and what it adds to an upstream's own time.

PostgreSQL, the sandbox upstream, the serving process and this load generator share the machine. The load generator is
a bare HTTP/1.1 client on kept-alive connections, so that it takes as little of the machine as possible.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_BODY = (
    b'{"model":"%s","max_tokens":64,"messages":[{"role":"user","content":"'
    + b"Say something about money. " * 8
    + b'"}],"metadata":{"sandbox_input_tokens":"60","sandbox_output_tokens":"24"}}'
)
WARM_UP_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where calls go: an address with `/v1`, a token and a model."""

    base_url: str
    token: str
    model: str

    def request(self) -> tuple[str, int, bytes]:
        """Host, port and the bytes of one call."""
        parts = urlsplit(self.base_url)
        body = _BODY.replace(b"%s", self.model.encode())
        head = (
            f"POST {parts.path}/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"authorization: Bearer {self.token}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port, head.encode() + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a run of calls took. `statuses` counts answers by status code."""

    seconds: float
    took: tuple[float, ...]
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        return len(self.took) / self.seconds if self.seconds else 0.0

    def percentile_ms(self, share: float) -> float:
        return percentile_ms(self.took, share)


def percentile_ms(took: Sequence[float], share: float) -> float:
    """The milliseconds within which that share of calls was done; `took` are seconds."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3 if ordered else 0.0


class KeptAlive(asyncio.Protocol):
    """One kept-alive connection: a request at a time, answers with a content length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._answer: asyncio.Future[int] | None = None
        self._awaited = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transport is one in all but its base class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the connection was closed in the middle of an answer"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._awaited:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _content_length(self._buffer[:end])
            self._awaited = end + 4 + length
        if len(self._buffer) >= self._awaited and self._answer is not None:
            status = int(self._buffer[9:12])
            self._buffer, self._awaited = b"", 0
            self._answer.set_result(status)

    async def call(self, request: bytes) -> int:
        """Send one request; the status of its answer, once all of it is here."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _content_length(head: bytes) -> int:
    place = head.lower().find(b"\r\ncontent-length:")
    if place < 0:
        raise ConnectionError("an answer without content-length")
    end = head.find(b"\r\n", place + 2)
    return int(head[place + 17 : end if end > 0 else None])


async def load(target: Target, *, concurrency: int, seconds: float) -> Load:
    """Call for so long with so many calls at once; the first second is a warm-up and not counted."""
    host, port, request = target.request()
    took: list[float] = []
    statuses: dict[int, int] = {}
    loop = asyncio.get_running_loop()
    measuring_from = time.perf_counter() + WARM_UP_SECONDS
    until = measuring_from + seconds

    async def work() -> None:
        _, connection = await loop.create_connection(KeptAlive, host, port)
        try:
            while True:
                started = time.perf_counter()
                status = await connection.call(request)
                ended = time.perf_counter()
                if ended >= until:
                    return
                if started >= measuring_from:
                    took.append(ended - started)
                    statuses[status] = statuses.get(status, 0) + 1
        finally:
            connection.close()

    await asyncio.gather(*[work() for _ in range(concurrency)])
    return Load(seconds=seconds, took=tuple(took), statuses=statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    saturated: Load
    through: Load
    direct: Load

    def to_json(self) -> dict[str, object]:
        return {
            "requests_per_second": round(self.saturated.per_second),
            "added_p50_ms": round(self.through.percentile_ms(0.5) - self.direct.percentile_ms(0.5), 2),
            "added_p99_ms": round(self.through.percentile_ms(0.99) - self.direct.percentile_ms(0.99), 2),
            "p50_ms_at_concurrency_32": round(self.saturated.percentile_ms(0.5), 2),
            "p99_ms_at_concurrency_32": round(self.saturated.percentile_ms(0.99), 2),
            "direct_p50_ms": round(self.direct.percentile_ms(0.5), 2),
            "statuses": {str(status): count for status, count in sorted(self.saturated.statuses.items())},
        }


async def measure(*, gateway: Target, sandbox: Target, seconds: float) -> Measured:
    """Concurrency 32 through the gateway, then concurrency 1 through it and directly at the sandbox, in turns."""
    saturated = await load(gateway, concurrency=32, seconds=seconds)
    direct = await load(sandbox, concurrency=1, seconds=seconds / 2)
    through = await load(gateway, concurrency=1, seconds=seconds)
    return Measured(saturated=saturated, through=through, direct=direct)
