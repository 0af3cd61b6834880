"""Asking an upstream for tasks: submitting, asking how one stands, finding a lost one, cancelling, deleting, downloading.

What goes wrong is an `UpstreamFailed`; which of them leave a submission in doubt is told in `exchange.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID

import aiohttp
import orjson
from yarl import URL

from counterfoil import __version__
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.spend.model import Dialect
from counterfoil.spend.upstream_errors import Meaning, UpstreamError, error_inside, read_error_inside
from counterfoil.spend.upstreams_model import Route, api_address
from counterfoil.tasks.exchange import (
    ERROR_BYTES_MAX,
    Answer,
    Exchange,
    UpstreamFailed,
    broken,
    chunks_of,
    error_of,
    failed_answer,
)
from counterfoil.tasks.model import TaskState, Verdict
from counterfoil.tasks.verdicts import read_task_id, read_time, read_verdict

# Somebody waits for a submission; a question about a task is asked again.
POLL_SECONDS_MAX = 30
# A video object is a kilobyte, and its prompt, which is repeated in it, some dozens.
TASK_BYTES_MAX = 2**20
# A page of a hundred of them.
PAGE_BYTES_MAX = 16 * 2**20
PAGE_ITEMS = 100
PAGES_MAX = 10
# The upstream's clock, and the time between our row and its.
CLOCK_MICROS_OFF = 60 * 1_000_000
# What an upstream that has nothing (more) under an id makes of its state.
NOT_FOUND = "not_found"

_NOT_THERE = frozenset({404, 410})
_NOT_OFFERED = frozenset({404, 405, 501})
_NO_CONTENT_TYPES = ("application/json", "application/problem+json", "application/xml", "text/")


class DownloadExpired(NotFound):
    """The upstream has the result no longer."""

    code = "download_expired"


class NotCancellable(Conflict):
    """The upstream cancels no tasks, or not this one any more."""

    code = "task_not_cancellable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A result on its way. `length` in bytes, None where the upstream has not said; `chunks` can be read once.

    Reading them raises `UpstreamFailed` where they break off.
    """

    status: int
    content_type: str
    length: int | None
    chunks: AsyncIterator[bytes] = field(repr=False)


class TaskUpstream(Protocol):
    """What one protocol of upstreams can do. Everything may raise `UpstreamFailed`."""

    async def submit(self, route: Route, task_id: UUID, content_type: str, body: bytes) -> Verdict: ...

    async def remix(
        self, route: Route, source_upstream_task_id: str, task_id: UUID, content_type: str, body: bytes
    ) -> Verdict: ...

    async def poll(self, route: Route, upstream_task_id: str) -> Verdict: ...

    async def find(self, route: Route, task_id: UUID, created_after: int) -> Verdict | None: ...

    async def cancel(self, route: Route, upstream_task_id: str) -> Verdict: ...

    async def delete(self, route: Route, upstream_task_id: str) -> None: ...

    def content(
        self, route: Route, upstream_task_id: str, variant: str = "video"
    ) -> AbstractAsyncContextManager[Content]: ...


class TaskUpstreams:
    """Who speaks with which upstream: one class per protocol, chosen by the route's dialect."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._protocols: dict[Dialect, TaskUpstream] = {
            dialect: protocol(session, clock) for dialect, protocol in PROTOCOLS.items()
        }

    def of(self, route: Route) -> TaskUpstream:
        """The one for a route; raises `UpstreamFailed` where tasks of its dialect are not known."""
        found = self._protocols.get(route.dialect)
        if found is None:
            raise UpstreamFailed(UpstreamError(meaning=Meaning.MISCONFIGURED), is_definite=True)
        return found


class VideoUpstream:
    """OpenAI's video protocol, and the many that copy it.

    `session` is for questions and downloads. A submission gets a connection of its own: one that was kept and that the
    upstream closes just then would leave a task in doubt which was never sent, and a second try might make two of it.
    """

    def __init__(self, session: aiohttp.ClientSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    async def submit(self, route: Route, task_id: UUID, content_type: str, body: bytes) -> Verdict:
        """Send a task, with our id. Raises `UpstreamFailed`; where that is not definite, the upstream may have it."""
        answer = await self._post(route, _url(route), _sent_along(task_id, content_type), body)
        return _accepted(route, answer)

    async def remix(
        self, route: Route, source_upstream_task_id: str, task_id: UUID, content_type: str, body: bytes
    ) -> Verdict:
        """The same for a new task made from another's result; where that is not there any more, the caller's fault."""
        url = _url(route, source_upstream_task_id, "remix")
        answer = await self._post(route, url, _sent_along(task_id, content_type), body)
        return _accepted(route, answer)

    async def poll(self, route: Route, upstream_task_id: str) -> Verdict:
        """How a task stands. One that the upstream does not know is `unknown`: that too can change."""
        answer = await self._get(route, _url(route, upstream_task_id))
        if answer.status in _NOT_THERE:
            return Verdict(
                state=TaskState.UNKNOWN, raw_state=NOT_FOUND, upstream_task_id=upstream_task_id,
                retry_after=answer.wait,
            )  # fmt: skip
        # Some answer with another id, that of their own upstream: what was asked for is this one.
        video = _read_good(route, answer)
        verdict = read_verdict(video, upstream_task_id=upstream_task_id, retry_after=answer.wait)
        if verdict is None:
            raise _no_answer(route, answer, video)
        return verdict

    async def find(self, route: Route, task_id: UUID, created_after: int) -> Verdict | None:
        """Look through the upstream's tasks, newest first, for the one that carries our id.

        `created_after` in microseconds. None where it is not among the thousand newest since then, where the upstream
        does not repeat our ids, or where it has no list: that is no proof that there is no such task.
        """
        shown = show_id("task", task_id)
        after: str | None = None
        seen: set[str] = set()
        for _ in range(PAGES_MAX):
            url = _url(route).update_query(
                {"limit": PAGE_ITEMS, "order": "desc", **({"after": after} if after else {})}
            )
            answer = await self._get(route, url, most=PAGE_BYTES_MAX)
            if answer.status in _NOT_OFFERED:
                return None
            page = _read_good(route, answer)
            items = page.get("data")
            if not isinstance(items, list):
                raise _no_answer(route, answer, page)
            videos = [item for item in items if isinstance(item, Mapping)]
            for video in videos:
                found = read_task_id(video) if _carries(video, shown) else None
                if found is not None:
                    return _accepted_as(found, video, wait=answer.wait)
            after = _next_page(page, videos, older_than=created_after - CLOCK_MICROS_OFF)
            if after is None or after in seen:
                return None
            seen.add(after)
        return None

    async def cancel(self, route: Route, upstream_task_id: str) -> Verdict:
        """Ask for a task's end; gives how it stands then. Raises `NotCancellable` where the upstream says no."""
        url = _url(route, upstream_task_id, "cancel")
        answer = await self._post(route, url, {"Content-Type": "application/json"}, b"{}", seconds=_short(route))
        if not answer.is_good:
            error = error_of(route, answer)
            if answer.status in _NOT_OFFERED or error.meaning is Meaning.CALLERS_FAULT:
                raise NotCancellable
            raise failed_answer(answer, error)
        video = _read_object(answer.body)
        if video is not None:
            verdict = read_verdict(video, upstream_task_id=upstream_task_id, retry_after=answer.wait)
            if verdict is not None:
                return verdict
            error_found = error_inside(video)
            if error_found is not None:
                raise failed_answer(answer, read_error_inside(error_found, upstream_model=route.upstream_model))
        # It has understood, and says nothing of the task.
        return await self.poll(route, upstream_task_id)

    async def delete(self, route: Route, upstream_task_id: str) -> None:
        """Have a task's result removed; one that is not there any more is removed."""
        answer = await self._ask(route, "DELETE", _url(route, upstream_task_id), most=TASK_BYTES_MAX)
        if answer.status in _NOT_THERE:
            return
        if not answer.is_good:
            raise failed_answer(answer, error_of(route, answer))
        said = _read_object(answer.body) or {}
        if said.get("deleted") is False or error_inside(said) is not None:
            raise _no_answer(route, answer, said)

    @asynccontextmanager
    async def content(self, route: Route, upstream_task_id: str, variant: str = "video") -> AsyncIterator[Content]:
        """A task's result (`video`, `thumbnail` or `spritesheet`) as it comes in, while the context is open.

        Raises `DownloadExpired` where the upstream has it no longer.
        """
        url = _url(route, upstream_task_id, "content")
        if variant != "video":
            # Not every copy of the protocol knows the word for what it gives anyway.
            url = url.update_query(variant=variant)
        exchange = Exchange(self._session, seconds=route.timeout_seconds)
        response = await exchange.open("GET", url, _headers(route), None)
        try:
            if response.status != 200 or response.content_type.startswith(_NO_CONTENT_TYPES):
                raise _no_content(route, await exchange.finish(response, self._clock, most=ERROR_BYTES_MAX))
            packed = response.headers.get("Content-Encoding", "identity") != "identity"
            yield Content(
                status=response.status, content_type=response.content_type,
                length=None if packed else response.content_length, chunks=chunks_of(response),
            )  # fmt: skip
        finally:
            # Of a download that is given up nothing more is read.
            response.close()

    async def _get(self, route: Route, url: URL, *, most: int = TASK_BYTES_MAX) -> Answer:
        return await self._ask(route, "GET", url, most=most)

    async def _ask(self, route: Route, method: str, url: URL, *, most: int) -> Answer:
        exchange = Exchange(self._session, seconds=_short(route))
        response = await exchange.open(method, url, _headers(route), None)
        return await exchange.finish(response, self._clock, most=most)

    async def _post(
        self, route: Route, url: URL, sent_along: Mapping[str, str], body: bytes, *, seconds: float | None = None
    ) -> Answer:
        headers = {**_headers(route), **sent_along}
        sent = asyncio.Event()
        tracing = aiohttp.TraceConfig()
        tracing.on_request_headers_sent.append(_telling(sent))
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True), cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[tracing], trust_env=self._session.trust_env,
        ) as session:  # fmt: skip
            exchange = Exchange(session, seconds=seconds or route.timeout_seconds)
            try:
                response = await exchange.open("POST", url, headers, body)
                return await exchange.finish(response, self._clock, most=TASK_BYTES_MAX)
            except UpstreamFailed as failed:
                if sent.is_set():
                    raise UpstreamFailed(failed.error, is_definite=False) from failed
                cut = failed.error.meaning in (Meaning.TIMED_OUT, Meaning.CUT)
                error = UpstreamError(meaning=Meaning.NOT_CONNECTED) if cut else failed.error
                raise UpstreamFailed(error, is_definite=True) from failed


PROTOCOLS: Mapping[Dialect, Callable[[aiohttp.ClientSession, Clock], TaskUpstream]] = {Dialect.OPENAI: VideoUpstream}


# -- what is sent ------------------------------------------------------------------------------------------------


def _url(route: Route, *parts: str) -> URL:
    path = "".join("/" + quote(part, safe="") for part in ("videos", *parts))
    try:
        return URL(api_address(route.base_url, route.dialect) + path, encoded=True)
    except ValueError as error:
        raise broken(Meaning.MISCONFIGURED) from error


def _headers(route: Route) -> dict[str, str]:
    # Nothing packed: a small answer could unpack to any size.
    headers = {"User-Agent": f"counterfoil/{__version__}", "Accept-Encoding": "identity"}
    if route.secret:
        if not (route.secret.isascii() and route.secret.isprintable()):
            raise broken(Meaning.MISCONFIGURED)
        headers["Authorization"] = f"Bearer {route.secret}"
    return headers


def _sent_along(task_id: UUID, content_type: str) -> dict[str, str]:
    """Our ids: for its logs, for its support, and so that it makes one task of what may reach it twice."""
    shown = show_id("task", task_id)
    return {
        "Content-Type": content_type,
        "X-Request-Id": show_id("request", task_id),
        "X-Client-Request-Id": shown,
        "Idempotency-Key": shown,
    }


def _short(route: Route) -> float:
    return min(route.timeout_seconds, POLL_SECONDS_MAX)


def _telling(sent: asyncio.Event) -> Callable[..., Any]:
    async def tell(*_: object) -> None:
        sent.set()

    return tell


# -- what comes back ---------------------------------------------------------------------------------------------


def _accepted(route: Route, answer: Answer) -> Verdict:
    video = _read_good(route, answer)
    found = read_task_id(video)
    if found is None or ("status" not in video and error_inside(video) is not None):
        raise _no_answer(route, answer, video)
    return _accepted_as(found, video, wait=answer.wait)


def _accepted_as(upstream_task_id: str, video: Mapping[str, Any], *, wait: float | None) -> Verdict:
    """A task that has an id there, and waits if nothing else is said of it."""
    verdict = read_verdict(video, upstream_task_id=upstream_task_id, retry_after=wait)
    if verdict is not None:
        return verdict
    return Verdict(state=TaskState.QUEUED, raw_state="", upstream_task_id=upstream_task_id, retry_after=wait)


def _carries(video: Mapping[str, Any], shown_id: str) -> bool:
    """Whether a task of theirs is ours; some keep what they do not know themselves under `metadata`."""
    metadata = video.get("metadata")
    places = (video, metadata) if isinstance(metadata, Mapping) else (video,)
    return any(place.get("client_request_id") == shown_id for place in places)


def _next_page(page: Mapping[str, Any], videos: list[Mapping[str, Any]], *, older_than: int) -> str | None:
    """The id after which the next page begins; None where there is none, or only what is too old."""
    if not videos or page.get("has_more") is False:
        return None
    times = [read_time(video.get("created_at")) for video in videos]
    # All of them: an upstream that knows no order may have the newest last.
    if all(time is not None and time < older_than for time in times):
        return None
    ids = (read_task_id(video) for video in reversed(videos))
    return read_task_id(page, "last_id") or next((each for each in ids if each is not None), None)


def _read_good(route: Route, answer: Answer) -> Mapping[str, Any]:
    if not answer.is_good:
        raise failed_answer(answer, error_of(route, answer))
    found = _read_object(answer.body)
    if found is None:
        raise failed_answer(answer, UpstreamError(meaning=Meaning.UNREADABLE, status=answer.status))
    return found


def _read_object(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


# -- what goes wrong ---------------------------------------------------------------------------------------------


def _no_answer(route: Route, answer: Answer, found: Mapping[str, Any]) -> UpstreamFailed:
    """An answer with a good status that is an error, or nothing that was asked for."""
    inside = error_inside(found)
    if inside is None:
        return failed_answer(answer, UpstreamError(meaning=Meaning.UNREADABLE, status=answer.status))
    return failed_answer(answer, read_error_inside(inside, upstream_model=route.upstream_model))


def _no_content(route: Route, answer: Answer) -> UpstreamFailed | DownloadExpired:
    if answer.is_good:
        failed = _no_answer(route, answer, _read_object(answer.body) or {})
    else:
        failed = failed_answer(answer, error_of(route, answer))
    error = failed.error
    names = f"{error.code} {error.kind} {error.words}".lower()
    # An expired key, or a refusal for want of money, says nothing of the download.
    expired = error.meaning in (Meaning.CALLERS_FAULT, Meaning.FAILED) and "expired" in names
    return DownloadExpired() if answer.status in _NOT_THERE or expired else failed
