"""An upstream that answers with exactly these bytes, and remembers what it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class OddUpstream:
    """`replies` are given in turn, the last one for ever; a list of pieces is written one by one, `None` hangs up."""

    replies: list[Sequence[bytes | None]] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        _, _, rest = head.lower().partition("content-length: ")
        body = await reader.readexactly(int(rest.split("\r\n")[0])) if rest else b"{}"
        self.heads.append(head)
        self.bodies.append(json.loads(body))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        for piece in reply:
            if piece is None:
                return False
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.03)
        return True


@asynccontextmanager
async def odd_upstream(*replies: Sequence[bytes | None]) -> AsyncIterator[OddUpstream]:
    upstream = OddUpstream(list(replies))
    server = await asyncio.start_server(upstream._serve, "127.0.0.1", 0)
    upstream.port = server.sockets[0].getsockname()[1]
    try:
        yield upstream
    finally:
        server.close()


def plain(body: object, *, status: int = 200, headers: str = "") -> list[bytes | None]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode()
        + content
    ]


def stream(*pieces: bytes, cut: bool = False) -> list[bytes | None]:
    """Server-sent events, each piece a chunk of its own."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks: list[bytes | None] = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    return [head, *chunks, None if cut else b"0\r\n\r\n"]


def completion(text: str = "Hello", **fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return {"id": "chatcmpl-odd", "model": "upstream-plain", "choices": choices, "usage": usage, **fields}


def chunk(text: str | None = None, *, finish: str | None = None, **fields: Any) -> bytes:
    delta = {"content": text} if text is not None else {}
    body = {"id": "chatcmpl-odd", "model": "upstream-plain",
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **fields}  # fmt: skip
    return b"data: " + json.dumps(body).encode() + b"\n\n"
