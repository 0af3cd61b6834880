"""An upstream of videos that answers with what a test says, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestServer

from counterfoil.spend.model import Dialect
from counterfoil.spend.upstreams_model import Route

SECRET = "sk-upstream-0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int


@dataclass(slots=True)
class OddVideos:
    """`answers` are given in turn, the last one for ever."""

    answers: list[Callable[[web.Request], Awaitable[web.StreamResponse]]]
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def route(self, *, secret: str = SECRET, base_url: str | None = None, timeout_seconds: int = 20) -> Route:
        return route_to(base_url or self.url + "/v1", secret=secret, timeout_seconds=timeout_seconds)

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        port = request.transport.get_extra_info("peername")[1]
        self.asked.append(Asked(request.method, request.raw_path, request.headers.copy(), await request.read(), port))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return await answer(request)


def route_to(base_url: str, *, secret: str = SECRET, timeout_seconds: int = 20) -> Route:
    return Route(
        upstream_id=UUID(int=1), name="films", dialect=Dialect.OPENAI, base_url=base_url, secret=secret,
        upstream_model="sora-2", timeout_seconds=timeout_seconds, priority=1, weight=1,
    )  # fmt: skip


@asynccontextmanager
async def odd_videos(*answers: Any) -> AsyncIterator[OddVideos]:
    """An answer is a body, a status with a body, or a handler; a body is JSON, text or bytes."""
    upstream = OddVideos([answer if callable(answer) else says(answer) for answer in answers])
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", upstream._answer)
    async with TestServer(application, access_log=None) as server:
        upstream.url = str(server.make_url("")).rstrip("/")
        yield upstream


def says(answer: Any, **headers: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    status, body = answer if isinstance(answer, tuple) else (200, answer)

    async def give(_: web.Request) -> web.StreamResponse:
        if isinstance(body, bytes):
            return web.Response(status=status, body=body, content_type="application/octet-stream", headers=headers)
        if isinstance(body, str):
            return web.Response(status=status, text=body, content_type="text/html", headers=headers)
        return web.Response(status=status, text=json.dumps(body), content_type="application/json", headers=headers)

    return give


def writes(*pieces: bytes, then: str = "hang up") -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Exactly these bytes, and then nothing: `hang up`, or `stay silent`."""

    async def write(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        for piece in pieces:
            request.transport.write(piece)
        if then == "stay silent":
            await asyncio.sleep(600)
        request.transport.close()
        return web.Response()

    return write


def video(**fields: Any) -> dict[str, Any]:
    return {"id": "video_1", "object": "video", "model": "sora-2", "status": "queued", "progress": 0,
            "created_at": 1_700_000_000, "seconds": "8", "size": "720x1280", "error": None, **fields}  # fmt: skip


def error(message: str = "No.", **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": None, "code": None, **fields}}
