"""A film studio: an upstream that makes videos when a test says so, and counts how often it is asked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from counterfoil.tasks.callbacks import sign

CALLBACK_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"


@dataclass(slots=True)
class Film:
    """One task of the studio. `fields` are added to what it says of it."""

    film_id: str
    client_request_id: str
    model: str
    body: dict[str, Any]
    status: str = "queued"
    fields: dict[str, Any] = field(default_factory=dict)
    deleted: bool = False

    def shown(self) -> dict[str, Any]:
        return {
            "id": self.film_id, "object": "video", "model": self.model, "status": self.status,
            "client_request_id": self.client_request_id, "created_at": 1_700_000_000, **self.fields,
        }  # fmt: skip


Answer = tuple[int, Any]


@dataclass(slots=True)
class Studio:
    """`refuses` answers submissions with a status and body; `drops` takes the task and cuts the connection instead.

    `cancels` is how it answers to being asked for a task's end: `at once`, `later`, `never` or `not known`.
    """

    url: str = ""
    films: dict[str, Film] = field(default_factory=dict)
    polls: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    refuses: Answer | None = None
    drops: bool = False
    lists: bool = True
    cancels: str = "at once"
    # Answers to polls, instead of the film.
    polls_answer: Answer | None = None
    headers: dict[str, str] = field(default_factory=dict)
    on_poll: Callable[[str], None] | None = None

    def film_of(self, task_id: str) -> Film:
        """The one film with that id of ours."""
        (film,) = [film for film in self.films.values() if film.client_request_id == task_id]
        return film

    def has(self, task_id: str) -> bool:
        return any(film.client_request_id == task_id for film in self.films.values())

    # -- addresses ---------------------------------------------------------------------------------------------

    async def submit(self, request: web.Request) -> web.StreamResponse:
        self.asked["submit"] += 1
        if self.refuses is not None:
            return _json(self.refuses)
        body = await request.json()
        film = Film(
            film_id=f"video_{len(self.films) + 1}", client_request_id=request.headers["X-Client-Request-Id"],
            model=body["model"], body=body,
        )  # fmt: skip
        self.films[film.film_id] = film
        if self.drops:
            assert request.transport is not None
            request.transport.close()
        return _json((200, film.shown()))

    async def show(self, request: web.Request) -> web.StreamResponse:
        film_id = request.match_info["id"]
        self.polls[film_id] += 1
        if self.on_poll is not None:
            self.on_poll(film_id)
        if self.polls_answer is not None:
            return _json(self.polls_answer, self.headers)
        film = self.films.get(film_id)
        return _json((200, film.shown()) if film is not None else _not_found(), self.headers)

    async def list(self, _: web.Request) -> web.StreamResponse:
        self.asked["list"] += 1
        if not self.lists:
            return _json((404, {"error": {"message": "no such address"}}))
        return _json((200, {"data": [film.shown() for film in reversed(self.films.values())], "has_more": False}))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        self.asked["cancel"] += 1
        film = self.films.get(request.match_info["id"])
        if film is None or self.cancels == "not known":
            return _json(_not_found())
        if self.cancels == "never" or film.status in ("completed", "failed", "cancelled"):
            return _json((400, {"error": {"message": "It cannot be cancelled.", "code": "not_cancellable"}}))
        if self.cancels == "at once":
            film.status = "cancelled"
        return _json((200, film.shown()))

    async def remove(self, request: web.Request) -> web.StreamResponse:
        self.asked["delete"] += 1
        film = self.films.get(request.match_info["id"])
        if film is None or film.deleted:
            return _json(_not_found())
        film.deleted = True
        return _json((200, {"id": film.film_id, "object": "video.deleted", "deleted": True}))

    async def content(self, request: web.Request) -> web.StreamResponse:
        self.asked["content"] += 1
        film = self.films.get(request.match_info["id"])
        if film is None or film.deleted:
            return _json(_not_found())
        return web.Response(body=b"moving pictures", content_type="video/mp4")

    async def remix(self, request: web.Request) -> web.StreamResponse:
        self.asked["remix"] += 1
        return await self.submit(request)


def _json(answer: Answer, headers: dict[str, str] | None = None) -> web.Response:
    status, body = answer
    return web.Response(status=status, text=json.dumps(body), content_type="application/json", headers=headers)


def _not_found() -> Answer:
    return 404, {"error": {"message": "There is no such video.", "code": "not_found"}}


@asynccontextmanager
async def open_studio() -> AsyncIterator[Studio]:
    studio = Studio()
    application = web.Application()
    routes = application.router
    routes.add_post("/v1/videos", studio.submit)
    routes.add_get("/v1/videos", studio.list)
    routes.add_get("/v1/videos/{id}", studio.show)
    routes.add_delete("/v1/videos/{id}", studio.remove)
    routes.add_get("/v1/videos/{id}/content", studio.content)
    routes.add_post("/v1/videos/{id}/cancel", studio.cancel)
    routes.add_post("/v1/videos/{id}/remix", studio.remix)
    async with TestServer(application, access_log=None) as server:
        studio.url = str(server.make_url("/v1"))
        yield studio


def callback(
    film: Film, *, now: int, event_id: str = "evt_1", secret: str = CALLBACK_SECRET
) -> tuple[dict[str, str], bytes]:
    """What the studio sends of its own accord about a film: headers and body."""
    data = {"id": film.film_id, "client_request_id": film.client_request_id, "status": film.status, **film.fields}
    body = json.dumps({"type": f"video.{film.status}", "created_at": now // 1_000_000, "data": data}).encode()
    timestamp = now // 1_000_000
    signature = sign(body, event_id=event_id, timestamp=timestamp, secret=secret)
    return {"webhook-id": event_id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}, body
