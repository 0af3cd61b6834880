"""Results: they stay at their upstream, and are passed on from there as long as it has them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.spend.upstreams import Routes
from counterfoil.spend.upstreams_model import Route
from counterfoil.storage.database import Database
from counterfoil.tasks import store
from counterfoil.tasks.availability import persist
from counterfoil.tasks.exchange import UpstreamFailed
from counterfoil.tasks.model import DownloadState, TaskState, TaskView
from counterfoil.tasks.upstream import DownloadExpired, TaskUpstreams

# The result itself; the others are made from it.
MAIN_VARIANT = "video"
_GONE = frozenset({DownloadState.EXPIRED, DownloadState.DELETED})


class Download(NamedTuple):
    """A result on its way, with headers as they are sent on.

    `chunks` can be read once; reading them raises `Unavailable` where the upstream breaks off.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    chunks: AsyncIterator[bytes]


class Downloads:
    def __init__(self, *, database: Database, routes: Routes, upstreams: TaskUpstreams, clock: Clock) -> None:
        self._database = database
        self._routes = routes
        self._upstreams = upstreams
        self._clock = clock

    @asynccontextmanager
    async def open(self, task: TaskView, variant: str) -> AsyncIterator[Download]:
        """A task's result, while the context is open; once it has been read to its end, it has been downloaded.

        Raises `Conflict` task_not_finished for a task that has not succeeded, `NotFound` download_expired where the
        result is gone, `Unavailable` where the upstream does not give it.
        """
        if task.state is not TaskState.SUCCEEDED:
            raise not_finished(task)
        if task.download_state in _GONE or task.upstream_task_id is None:
            raise DownloadExpired(task=show_id("task", task.task_id))
        route = self._route(task)
        opened = self._upstreams.of(route).content(route, task.upstream_task_id, variant)
        try:
            content = await opened.__aenter__()
        except DownloadExpired:
            if variant == MAIN_VARIANT:
                await self._mark(task, DownloadState.EXPIRED, None)
            raise DownloadExpired(task=show_id("task", task.task_id)) from None
        except UpstreamFailed as failed:
            raise _unavailable(failed) from failed
        headers = [(b"content-type", content.content_type.encode())]
        if content.length is not None:
            headers.append((b"content-length", str(content.length).encode()))
        chunks = self._read(task, content.chunks, variant)
        try:
            yield Download(status=content.status, headers=tuple(headers), chunks=chunks)
        finally:
            # Also of one that is given up: nothing more of it is read.
            await chunks.aclose()
            await opened.__aexit__(None, None, None)

    async def _read(self, task: TaskView, chunks: AsyncIterator[bytes], variant: str) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in chunks:
                yield chunk
        except UpstreamFailed as failed:
            raise _unavailable(failed) from failed
        if variant == MAIN_VARIANT:
            await self._mark(task, DownloadState.DOWNLOADED, self._clock.now())

    async def delete(self, task: TaskView) -> None:
        """Have the result of a task that has ended removed; its charge stays. Raises `Conflict` task_not_finished."""
        if not task.state.is_final:
            raise not_finished(task)
        if task.upstream_task_id is not None and task.download_state is not DownloadState.DELETED:
            route = self._route(task)
            try:
                await self._upstreams.of(route).delete(route, task.upstream_task_id)
            except UpstreamFailed as failed:
                raise _unavailable(failed) from failed
        await self._mark(task, DownloadState.DELETED, None)

    async def _mark(self, task: TaskView, state: DownloadState, downloaded_at: int | None) -> None:
        async def mark() -> None:
            async with self._database.unit_of_work() as connection:
                await store.set_download(
                    connection, account_id=task.account_id, task_id=task.task_id, state=state,
                    downloaded_at=downloaded_at,
                )  # fmt: skip

        await persist(mark)

    def _route(self, task: TaskView) -> Route:
        route = None if task.upstream is None else self._routes.by_name(task.upstream, task.upstream_model)
        if route is None:
            raise Unavailable(code="upstream_unavailable")
        return route


def not_finished(task: TaskView) -> Conflict:
    return Conflict(code="task_not_finished", task=show_id("task", task.task_id), state=str(task.state))


def _unavailable(failed: UpstreamFailed) -> Unavailable:
    code = failed.error.consequence.code
    return Unavailable(code="upstream_error" if code == "upstream_rejected" else code)
