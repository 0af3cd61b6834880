"""An upstream that takes videos, for the incidents' tasks: it answers a submission, and what becomes of it is told by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

from aiohttp import web

_ADDRESS = "127.0.0.1"


@dataclass(slots=True)
class Studio:
    """`url` is its API's address; while `is_closed`, it refuses what it is sent for want of our money there."""

    url: str = ""
    is_closed: bool = False


@asynccontextmanager
async def open_studio() -> AsyncIterator[Studio]:
    """A studio on a free port of this machine."""
    studio, numbers = Studio(), count(1)

    async def submit(request: web.Request) -> web.Response:
        if studio.is_closed:
            refusal = {"error": {"message": "You are out of credits.", "code": "insufficient_credits"}}
            return web.json_response(refusal, status=402)
        taken = {
            "id": f"video_{next(numbers)}", "object": "video", "status": "queued",
            "client_request_id": request.headers.get("X-Client-Request-Id", ""),
        }  # fmt: skip
        return web.json_response(taken)

    async def cancel(request: web.Request) -> web.Response:
        # It has heard; whether it is in time is told later.
        return web.json_response({"id": request.match_info["id"], "object": "video", "status": "queued"})

    application = web.Application()
    application.router.add_post("/v1/videos", submit)
    application.router.add_post("/v1/videos/{id}/cancel", cancel)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, _ADDRESS, 0).start()
        studio.url = f"http://{_ADDRESS}:{runner.addresses[0][1]}/v1"
        yield studio
    finally:
        await runner.cleanup()
