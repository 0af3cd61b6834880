"""Serving: the parent that owns PostgreSQL, and the processes that granian starts for it."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import psycopg
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from counterfoil.bootstrap.background import background_work
from counterfoil.bootstrap.doors import Application, Receive, Scope, Send, open_doors
from counterfoil.bootstrap.first_link import show_first_link
from counterfoil.bootstrap.port import claimed_port, shown_address
from counterfoil.bootstrap.services import connected_services, log_as_set, running_postgres
from counterfoil.foundation.errors import Unavailable
from counterfoil.observability import GRANIAN_LOGGING, forget_process, log, metrics_page
from counterfoil.settings import SETTINGS, Settings
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.embedded import EmbeddedPostgres

_PARENT_VARIABLE = "COUNTERFOIL_PARENT_PROCESS"
_PARENT_POLL_SECONDS = 0.5
_CALLS_BEYOND_QUEUE = 4_096
# Set for workers that serve on the embedded PostgreSQL: each uses it in its own right, so that no short command is its
# last user after the parent was killed.
_EMBEDDED_VARIABLE = "COUNTERFOIL_EMBEDDED_POSTGRES"
# Where prometheus_client keeps the numbers of several processes; it looks once, when it is imported.
_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def serve(settings: Settings) -> int:
    """Serve until interrupted; returns the exit status.

    This process owns PostgreSQL, migrations and the operator's token; granian's workers only serve. A worker that
    dies is started again; workers whose parent died end by themselves. Raises `Conflict` where the port is taken.
    """
    log_as_set(settings)
    started_by = os.environ.pop(_PARENT_VARIABLE, None)
    if started_by is not None:
        _stop_with(int(started_by))
    # Fresh processes: a fork would copy this one's threads half-way through whatever they do, its share in PostgreSQL,
    # and a prometheus_client that has looked already.
    multiprocessing.set_start_method("spawn", force=True)
    # Made now, so that they are there when the first call comes and every process reads the same.
    directory = DataDirectory.of(settings)
    _ = directory.operator_token, directory.signing_key, directory.sealer
    with (
        claimed_port(settings.host, settings.port) as port,
        _shared_metrics(settings, port=port),
        running_postgres(settings) as url,
    ):
        os.environ.update(_environment_of(settings, url=url, port=port))
        show_first_link(settings, url=url, port=port)
        log.info("serving", address=shown_address(settings.host, port), workers=settings.workers)
        Granian(
            "counterfoil.bootstrap.serving:worker",
            address=settings.host,
            port=port,
            interface=Interfaces.ASGI,
            workers=settings.workers,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            websockets=False,
            backlog=2048,
            # Above the ledger's queue, so that a call too many gets a 503 that says so instead of a silent wait.
            backpressure=settings.queue_max + _CALLS_BEYOND_QUEUE,
            log_dictconfig=GRANIAN_LOGGING,
            respawn_failed_workers=True,
            workers_kill_timeout=30,
            factory=True,
        ).serve()
    return 0


def _stop_with(parent: int) -> None:
    """Stop as if told to once the process that has started this one is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


@contextmanager
def _shared_metrics(settings: Settings, *, port: int) -> Iterator[None]:
    """A folder in which several serving processes add up their metrics, whichever of them is asked."""
    if settings.workers == 1 or os.environ.get(_METRICS_VARIABLE):
        yield
        return
    # The port is ours: what is in its folder is of a `serve` that was killed.
    folder = settings.data_dir.absolute() / f"metrics-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    os.environ[_METRICS_VARIABLE] = str(folder)
    try:
        yield
    finally:
        del os.environ[_METRICS_VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def _forget_ended_processes() -> None:
    """Drop the live gauges of serving processes that were killed; this one may have taken the place of such."""
    folder = os.environ.get(_METRICS_VARIABLE)
    for path in Path(folder).glob("gauge_live*.db") if folder else ():
        process = path.stem.rpartition("_")[2]
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            forget_process(int(process))
        except (ValueError, PermissionError):
            continue


def _environment_of(settings: Settings, *, url: str, port: int) -> dict[str, str]:
    """The settings for the workers, which read them from the environment like everybody else."""
    given = {setting.variable: os.environ.get(setting.variable) for setting in SETTINGS}
    environment = {name: value for name, value in given.items() if value is not None}
    for setting in SETTINGS:
        value = getattr(settings, setting.name)
        if value is not None and not isinstance(value, tuple):
            environment[setting.variable] = str(value)
    environment["COUNTERFOIL_DATABASE_URL"] = url
    environment["COUNTERFOIL_PORT"] = str(port)
    environment["COUNTERFOIL_TRUSTED_PROXIES"] = ",".join(str(network) for network in settings.trusted_proxies)
    environment[_PARENT_VARIABLE] = str(os.getpid())
    if settings.database_url is None:
        environment[_EMBEDDED_VARIABLE] = "1"
    return environment


def worker() -> Application:
    """The application of one serving process."""
    parent = os.environ.pop(_PARENT_VARIABLE, None)
    embedded = os.environ.pop(_EMBEDDED_VARIABLE, None)
    settings = Settings.load(os.environ)
    log_as_set(settings)
    if embedded:
        EmbeddedPostgres(settings.data_dir).start_or_attach()
    _forget_ended_processes()
    return Worker(settings, parent=int(parent) if parent else None)


class Worker:
    """Routes each path to its door, and builds the services when granian starts the process."""

    def __init__(self, settings: Settings, *, parent: int | None) -> None:
        self._settings = settings
        self._parent = parent
        self._stack = AsyncExitStack()
        self._gateway: Application = _starting
        self._manage: Application = _starting
        self._console: Application = _starting
        self._support: Application = _starting
        self._site: Application = _starting
        self._database: Database | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path: str = scope["path"]
        if path.startswith(("/v1/", "/api/v1/", "/dashboard/billing/", "/callbacks/")):
            await self._gateway(scope, receive, send)
        elif path.startswith("/manage/v1"):
            await self._manage(scope, receive, send)
        elif path == "/console" or path.startswith("/console/"):
            await self._console(scope, receive, send)
        elif path == "/support/cases" or path.startswith("/support/cases/"):
            await self._support(scope, receive, send)
        elif path == "/healthz":
            await _answer(send, 200 if await self._is_healthy() else 503, b"ok\n")
        elif path == "/metrics":
            await _answer(send, 200, metrics_page(), content_type=b"text/plain; version=0.0.4; charset=utf-8")
        else:
            await self._site(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start()
                except Exception as error:  # noqa: BLE001 - said to granian, which ends the worker
                    log.exception("worker_not_started")
                    await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stack.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start(self) -> None:
        settings = self._settings
        if settings.database_url is None:
            raise Unavailable(code="database_unavailable", reason="a worker is started by `counterfoil serve`")
        services = await self._stack.enter_async_context(
            connected_services(settings, settings.database_url, with_engine=True)
        )
        self._database = services.database
        doors = await self._stack.enter_async_context(open_doors(services))
        self._gateway, self._manage, self._console = doors.gateway, doors.manage, doors.console
        self._support, self._site = doors.support, doors.site
        for work in background_work(services):
            task = asyncio.create_task(work)
            self._stack.push_async_callback(_cancel, task)
        if self._parent is not None:
            watch = asyncio.create_task(_end_with(self._parent))
            self._stack.push_async_callback(_cancel, watch)
        # What is built by now lives as long as the process: the collector need not look at it again, and a busy
        # gateway makes so many short-lived objects that the default thresholds collect a hundred times a second.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)

    async def _is_healthy(self) -> bool:
        if self._database is None:
            return False
        try:
            async with self._database.reading() as connection:
                await connection.execute("SELECT 1")
        except (Unavailable, psycopg.Error):
            return False
        return True


async def _starting(scope: Scope, receive: Receive, send: Send) -> None:
    await _answer(send, 503, b"starting\n")


async def _answer(send: Send, status: int, body: bytes, *, content_type: bytes = b"text/plain; charset=utf-8") -> None:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _end_with(parent: int) -> None:
    """End this process when its parent has gone: an orphan would go on serving the port."""
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells a process that its parent has died
        await asyncio.sleep(_PARENT_POLL_SECONDS)
    log.error("parent_gone")
    os._exit(1)
