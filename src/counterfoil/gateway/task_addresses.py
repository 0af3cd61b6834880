"""Asking about tasks: videos as OpenAI has them, and tasks of all kinds alike. Nothing is held here.

    GET    /v1/videos, /v1/videos/{id}, /v1/videos/{id}/content
    DELETE /v1/videos/{id}
    GET    /v1/tasks, /v1/tasks/{id}
    POST   /v1/tasks/{id}/cancel

A key sees its own tasks; another's are not there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import orjson

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import InputError, NotFound, Unavailable
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.gateway.errors import Problem
from counterfoil.gateway.exchange import BodyTooLarge, BodyTooSlow, Exchange
from counterfoil.gateway.model import GatewaySettings, Headers
from counterfoil.gateway.parsing import bad, misunderstood
from counterfoil.gateway.questions import Question
from counterfoil.gateway.task_objects import list_object, poll_after_millis, task_object, video_object
from counterfoil.observability import log
from counterfoil.spend.model import Caller
from counterfoil.tasks.model import TaskKind, TaskState, TaskView
from counterfoil.tasks.service import Tasks

Refuse = Callable[[Exchange, Problem], Awaitable[None]]
# Whether the key may be used at all; where not, that has been answered.
MayAsk = Callable[[Exchange, Caller], Awaitable[bool]]

VIDEOS = "/v1/videos"
TASKS = "/v1/tasks"
_PAGE_USUAL = 20
_PAGE_MOST = 100
_VARIANTS = ("video", "thumbnail", "spritesheet")
_ID_CHARACTERS_MAX = 100
# A question has no body worth reading.
_BODY_BYTES_MAX = 64 * 2**10
_JSON: Headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]


class TaskAddresses:
    def __init__(
        self, *, tasks: Tasks, clock: Clock, settings: GatewaySettings, refuse: Refuse, may_ask: MayAsk
    ) -> None:
        self._tasks = tasks
        self._clock = clock
        self._settings = settings
        self._refuse = refuse
        self._may_ask = may_ask
        self._of_one: Mapping[tuple[str, str], Mapping[str, Question]] = {
            (VIDEOS, ""): {"GET": self._video, "DELETE": self._delete_video},
            (VIDEOS, "/content"): {"GET": self._content},
            (TASKS, ""): {"GET": self._task},
            (TASKS, "/cancel"): {"POST": self._cancel},
        }

    def find(self, path: str) -> Mapping[str, Question] | None:
        """What answers a path, by method; None where there is nothing."""
        if path == VIDEOS:
            return {"GET": self._list_videos}
        if path == TASKS:
            return {"GET": self._list_tasks}
        for collection in (VIDEOS, TASKS):
            task, slash, what = path.removeprefix(collection + "/").partition("/")
            if path.startswith(collection + "/") and 0 < len(task) <= _ID_CHARACTERS_MAX:
                return self._of_one.get((collection, slash + what))
        return None

    # -- videos ------------------------------------------------------------------------------------------------

    async def _list_videos(self, exchange: Exchange, caller: Caller) -> None:
        await self._list(exchange, caller, video_object, {"kind": TaskKind.VIDEO})

    async def _video(self, exchange: Exchange, caller: Caller) -> None:
        if not await self._may_ask(exchange, caller):
            return
        task = await self._find(exchange, caller, kind=TaskKind.VIDEO)
        await exchange.answer(200, [*_JSON, *self._poll_headers(task)], orjson.dumps(video_object(task)))

    async def _delete_video(self, exchange: Exchange, caller: Caller) -> None:
        """Take the result away at its upstream; what is recorded of the task stays."""
        if not await self._may_ask(exchange, caller):
            return
        task = await self._find(exchange, caller, kind=TaskKind.VIDEO)
        await self._tasks.delete(task.task_id, account_id=caller.account_id, key_id=caller.key_id)
        body = {"id": show_id("task", task.task_id), "object": "video.deleted", "deleted": True}
        await exchange.answer(200, _JSON, orjson.dumps(body))

    async def _content(self, exchange: Exchange, caller: Caller) -> None:
        """Pass the result on as it comes from its upstream; we keep no copy."""
        if not await self._may_ask(exchange, caller):
            return
        try:
            variant = _one_of(exchange, "variant", _VARIANTS) or _VARIANTS[0]
            # Read to its end: whatever comes after it means that the client has gone.
            await exchange.read_body(bytes_max=_BODY_BYTES_MAX, seconds_max=self._settings.body_seconds_max)
        except (BodyTooLarge, BodyTooSlow):
            await self._refuse_input(exchange, bad("body_too_large", most=_BODY_BYTES_MAX))
            return
        except InputError as error:
            await self._refuse_input(exchange, error)
            return
        task = await self._find(exchange, caller, kind=TaskKind.VIDEO)
        opened = self._tasks.content(task.task_id, account_id=caller.account_id, key_id=caller.key_id, variant=variant)
        async with opened as download:
            departure = exchange.watch()
            headers = [*download.headers, (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
            try:
                await exchange.start_stream(headers)
                async for part in download.chunks:
                    if departure.gone:
                        return
                    await exchange.send_part(part)
            except Unavailable:
                # What has begun cannot become an error: it is left unfinished, and clients notice that.
                log.warning("download_cut", task=show_id("task", task.task_id))
                return
            finally:
                departure.close()
        await exchange.end_stream()

    # -- tasks -------------------------------------------------------------------------------------------------

    async def _list_tasks(self, exchange: Exchange, caller: Caller) -> None:
        await self._list(exchange, caller, task_object, {})

    async def _task(self, exchange: Exchange, caller: Caller) -> None:
        if await self._may_ask(exchange, caller):
            task = await self._find(exchange, caller)
            await exchange.answer(200, [*_JSON, *self._poll_headers(task)], orjson.dumps(task_object(task)))

    async def _cancel(self, exchange: Exchange, caller: Caller) -> None:
        if await self._may_ask(exchange, caller):
            task = await self._find(exchange, caller)
            task = await self._tasks.cancel(task.task_id, account_id=caller.account_id, key_id=caller.key_id)
            await exchange.answer(200, [*_JSON, *self._poll_headers(task)], orjson.dumps(task_object(task)))

    # -- parts of them -----------------------------------------------------------------------------------------

    async def _list(
        self,
        exchange: Exchange,
        caller: Caller,
        show: Callable[[TaskView], dict[str, Any]],
        filters: dict[str, Any],
    ) -> None:
        if not await self._may_ask(exchange, caller):
            return
        try:
            most, before = _page_of(exchange)
            _one_of(exchange, "order", ("desc",))
            filters = filters or {
                "kind": _one_of(exchange, "kind", tuple(TaskKind)), "state": _one_of(exchange, "state", tuple(TaskState)),
            }  # fmt: skip
        except InputError as error:
            await self._refuse_input(exchange, error)
            return
        found = await self._tasks.list(
            account_id=caller.account_id, key_id=caller.key_id, before=before, most=most + 1, **filters
        )
        page = list_object(found[:most], show, more=len(found) > most)
        await exchange.answer(200, _JSON, orjson.dumps(page))

    async def _find(self, exchange: Exchange, caller: Caller, *, kind: TaskKind | None = None) -> TaskView:
        task = await self._tasks.find(task_of(exchange.path), account_id=caller.account_id, key_id=caller.key_id)
        if kind is not None and task.kind is not kind:
            raise NotFound(code="task_not_found")
        return task

    def _poll_headers(self, task: TaskView) -> Headers:
        millis = poll_after_millis(task, now=self._clock.now())
        return [] if millis is None else [(b"openai-poll-after-ms", b"%d" % millis)]

    async def _refuse_input(self, exchange: Exchange, error: InputError) -> None:
        problem = Problem(code="bad_request", request_id=exchange.shown_id, misunderstood=misunderstood(error))
        await self._refuse(exchange, problem)


def task_of(path: str) -> UUID:
    """The task that an address is about; raises `NotFound` for what is no task's id."""
    try:
        return read_id("task", path.split("/")[3])
    except InputError:
        raise NotFound(code="task_not_found") from None


def _query(exchange: Exchange, name: str) -> str | None:
    found = parse_qs(exchange.scope.get("query_string", b"").decode("latin-1"), max_num_fields=100)
    return found[name][-1] if name in found else None


def _one_of(exchange: Exchange, name: str, allowed: tuple[str, ...]) -> str | None:
    given = _query(exchange, name)
    if given is not None and given not in allowed:
        raise bad("field_unknown_value", field=name, allowed=", ".join(allowed))
    return given


def _page_of(exchange: Exchange) -> tuple[int, UUID | None]:
    """How many, and after which: the pages go back in time."""
    limit, after = _query(exchange, "limit"), _query(exchange, "after")
    most = _PAGE_USUAL
    if limit is not None:
        if not limit.isascii() or not limit.isdigit() or len(limit) > 9:
            raise bad("field_wrong_type", field="limit", expected="integer")
        most = int(limit)
    if most < 1:
        raise bad("field_too_small", field="limit", least=1)
    if most > _PAGE_MOST:
        raise bad("field_too_large", field="limit", most=_PAGE_MOST)
    if after is None:
        return most, None
    try:
        return most, read_id("task", after)
    except InputError:
        raise bad("field_wrong_type", field="after", expected="task id") from None
