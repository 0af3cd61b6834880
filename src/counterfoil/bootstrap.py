"""The wiring: builds services from settings, gives each door its use cases and the command line its launchers.

main()          the command `counterfoil`
open_services() every use case, on a started and migrated database: for commands and for each serving process
serve()         the parent of the serving processes: PostgreSQL, migrations and the operator's token belong to it
worker()        what granian loads in each serving process
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import psycopg
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops

from counterfoil.api.application import build_application as build_management
from counterfoil.api.services import Services as ManagementServices
from counterfoil.cli.application import build_application
from counterfoil.cli.launchers import Launchers
from counterfoil.cli.services import Explanation as CommandExplanation
from counterfoil.cli.services import Services as CommandServices
from counterfoil.evidence.model import Audience
from counterfoil.evidence.service import Evidence
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.gateway.application import open_gateway
from counterfoil.gateway.callers import client_address
from counterfoil.gateway.errors import ANSWERS
from counterfoil.gateway.model import GatewaySettings
from counterfoil.identity.service import Members
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.observability import BACKGROUND_ERRORS, GRANIAN_LOGGING, configure_logging, log, metrics_page
from counterfoil.pricing.service import PriceBooks
from counterfoil.redaction.rules import redact, redact_value
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.settings import SETTINGS, Settings
from counterfoil.site.application import application as site_application
from counterfoil.site.model import Examples, LiveNumbers, Site
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import RequestState
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstream_probe import UpstreamProbes
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.leases import run_leased
from counterfoil.storage.migrate import migrate

# How soon a change of upstreams or prices made elsewhere is seen by every serving process.
_REFRESH_SECONDS = 2.0
_EXPIRY_SECONDS = 5.0
_PARENT_VARIABLE = "COUNTERFOIL_PARENT_PROCESS"
_PARENT_POLL_SECONDS = 0.5
_POSTGRES_WATCH_SECONDS = 1.0
# Set by `counterfoil demo` for the process that serves it.
DEMO_VARIABLE = "COUNTERFOIL_DEMO"
# Set for workers that serve on the embedded PostgreSQL: each uses it in its own right, so that no short command is its
# last user after the parent was killed.
_EMBEDDED_VARIABLE = "COUNTERFOIL_EMBEDDED_POSTGRES"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Every use case, built once per process."""

    settings: Settings
    clock: SystemClock
    data_directory: DataDirectory
    database: Database
    engine: Engine
    ledger: Ledger
    # Asks nobody but the wallet: for holds that an operator makes by hand.
    plain_ledger: Ledger
    limits: LimitsService
    directory: KeyDirectory
    members: Members
    prices: PriceBooks
    upstreams: Upstreams
    routes: Routes
    spend: Spend
    evidence: Evidence


@contextmanager
def running_postgres(settings: Settings) -> Iterator[str]:
    """A started and migrated database; yields the URL of the runtime role. Stops what only this process needed."""
    if settings.database_url is not None:
        migrate_own(settings)
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.data_dir) as server:
        migrate(server.owner_url, runtime_password=server.runtime_password)
        with _revived(server):
            yield server.runtime_url


@contextmanager
def _revived(server: EmbeddedPostgres) -> Iterator[None]:
    """Start PostgreSQL again when it dies meanwhile: lanes and pools reconnect by themselves."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(_POSTGRES_WATCH_SECONDS):
            try:
                server.start_or_attach()
            except Unavailable:
                BACKGROUND_ERRORS.labels(work="postgres").inc()
                log.exception("postgres_not_revived")

    thread = threading.Thread(target=watch, name="postgres watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def migrate_own(settings: Settings) -> None:
    """Migrate a PostgreSQL of the operator's own, as its owner where that URL is given."""
    assert settings.database_url is not None
    owner_url = settings.migration_url or settings.database_url
    user = _user_of(settings.database_url)
    migrate(owner_url, runtime_role=user) if user else migrate(owner_url)


def _user_of(url: str) -> str | None:
    user = urlsplit(url).username
    return unquote(user) if user else None


@asynccontextmanager
async def connected_services(
    settings: Settings, url: str, *, with_engine: bool, environment: MutableMapping[str, str] | None = None
) -> AsyncIterator[Services]:
    """Every use case on a migrated database. Without the engine (`with_engine=False`) no call can be authorized."""
    clock = SystemClock()
    data_directory = DataDirectory.of(settings)

    def guard_factory() -> SpendGuard:
        return SpendGuard(clock)

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            await Database.open(url, min_size=1, max_size=settings.database_connections)
        )
        engine = Engine(
            url, clock=clock, guard_factory=guard_factory,
            settings=EngineSettings(
                lanes=settings.lanes, batch_max=settings.batch_max, queue_max=settings.queue_max
            ),
        )  # fmt: skip
        if with_engine:
            await engine.start()
            stack.push_async_callback(engine.close)
        ledger = Ledger(database, clock=clock, guard_factory=guard_factory)
        directory = KeyDirectory(database, clock)
        prices = PriceBooks(database, clock=clock)
        routes = Routes(database, sealer=data_directory, environment=environment or os.environ)
        await prices.refresh()
        await routes.refresh()
        spend = Spend(
            engine=engine,
            ledger=ledger,
            database=database,
            directory=directory,
            prices=prices,
            routes=routes,
            clock=clock,
            settings=SpendSettings(
                hold_seconds=settings.hold_seconds,
                strict_bound=settings.input_bound == "strict",
                fit=settings.fit_policy == "fit",
            ),
        )
        statuses = {code: answer.status for code, answer in ANSWERS.items()}
        yield Services(
            evidence=Evidence(spend, database, clock, statuses=statuses),
            settings=settings, clock=clock, data_directory=data_directory, database=database, engine=engine,
            ledger=ledger, plain_ledger=Ledger(database, clock=clock, guard_factory=NoGuard), limits=LimitsService(database, clock=clock, lock_accounts=lock_accounts),
            directory=directory, members=Members(database, clock=clock), prices=prices,
            upstreams=Upstreams(database, clock=clock, sealer=data_directory), routes=routes,
            spend=spend,
        )  # fmt: skip


# -- the command line ----------------------------------------------------------------------------------------------


def main() -> None:
    """The command `counterfoil`."""
    build_application(
        Launchers(
            open_services=open_command_services,
            serve=serve,
            start_sandbox=SandboxProcess,
            configure_logging=_configure_logging,
            redact=redact,
            environment=os.environ,
        )
    )()


def _configure_logging(settings: Settings) -> None:
    configure_logging(
        level=settings.log_level, log_format=settings.log_format, redact=redact, redact_fields=redact_value
    )


@asynccontextmanager
async def open_command_services(settings: Settings) -> AsyncIterator[CommandServices]:
    """The use cases of commands, on PostgreSQL started or attached to; works beside a running `serve`."""
    with running_postgres(settings) as url:
        async with connected_services(settings, url, with_engine=False) as services:
            async def explain(subject: str, language: Language) -> CommandExplanation:
                return await services.evidence.explain(subject, language=language, audience=Audience.OPERATOR)

            yield CommandServices(
                clock=services.clock,
                ledger=services.ledger,
                plain_ledger=services.plain_ledger,
                checkpoints=_checkpoints(services),
                transfers=services.ledger.transfers,
                change_account=services.ledger.change_account,
                account_of=services.limits.account_of,
                limits=services.limits,
                members=services.members,
                prices=services.prices,
                spend=services.spend,
                upstreams=services.upstreams,
                test_upstream=_probes(services).test,
                explain=explain,
            )


# -- serving -------------------------------------------------------------------------------------------------------


def serve(settings: Settings) -> int:
    """Serve until interrupted; returns the exit status.

    This process owns PostgreSQL, migrations and the operator's token; granian's workers only serve. A worker that
    dies is started again; workers whose parent died end by themselves.
    """
    _configure_logging(settings)
    # Made now, so that they are there when the first call comes and every process reads the same.
    directory = DataDirectory.of(settings)
    _ = directory.operator_token, directory.signing_key, directory.sealer
    with running_postgres(settings) as url:
        port = settings.port or free_port(settings.host)
        os.environ.update(_environment_of(settings, url=url, port=port))
        log.info("serving", address=f"http://{settings.host}:{port}", workers=settings.workers)
        Granian(
            "counterfoil.bootstrap:worker",
            address=settings.host,
            port=port,
            interface=Interfaces.ASGI,
            workers=settings.workers,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            websockets=False,
            backlog=2048,
            backpressure=settings.queue_max,
            log_dictconfig=GRANIAN_LOGGING,
            respawn_failed_workers=True,
            workers_kill_timeout=30,
            factory=True,
        ).serve()
    return 0


def free_port(host: str) -> int:
    """A port that is free now; granian itself would not say which one it took."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


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
    _configure_logging(settings)
    if embedded:
        EmbeddedPostgres(settings.data_dir).start_or_attach()
    return Worker(settings, parent=int(parent) if parent else None)


class Worker:
    """Routes each path to its door, and builds the services when granian starts the process."""

    def __init__(self, settings: Settings, *, parent: int | None) -> None:
        self._settings = settings
        self._parent = parent
        self._stack = AsyncExitStack()
        self._gateway: Application = _starting
        self._manage: Application = _starting
        self._site: Application = _starting
        self._database: Database | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path: str = scope["path"]
        if path.startswith(("/v1/", "/api/v1/")):
            await self._gateway(scope, receive, send)
        elif path.startswith("/manage/v1"):
            await self._manage(scope, receive, send)
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
        self._gateway, self._manage, self._site = doors
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
        except Unavailable:
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


@asynccontextmanager
async def open_doors(services: Services) -> AsyncIterator[tuple[Application, Application, Application]]:
    """The doors of a serving process: the gateway, the management API and the pages."""
    settings = GatewaySettings.of(services.settings)
    async with open_gateway(
        spend=services.spend, routes=services.routes, clock=services.clock, settings=settings
    ) as gateway:
        pages = site_application(
            Site(
                evidence=services.evidence,
                public_url=settings.public_url,
                default_language=settings.default_language,
                statuses={code: answer.status for code, answer in ANSWERS.items()},
                client_address=lambda scope: _address_of(scope, settings),
                **_demo_parts(services),
            )
        )
        yield gateway, _mounted(management_application(services), "/manage/v1"), pages


def _address_of(scope: Scope, settings: GatewaySettings) -> str:
    peer = scope.get("client")
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return client_address(str(peer[0]) if peer else "", forwarded, settings.trusted_proxies)


def management_application(services: Services) -> Application:
    """The management API on all of its use cases."""
    return build_management(
        ManagementServices(
            is_operator=services.data_directory.is_operator_token,
            default_language=Language(services.settings.default_language),
            clock=services.clock,
            ledger=services.ledger,
            checkpoints=_checkpoints(services),
            limits=services.limits,
            members=services.members,
            prices=services.prices,
            spend=services.spend,
            upstreams=services.upstreams,
            test_upstream=_probes(services).test,
        )
    )


def _checkpoints(services: Services) -> CheckpointFolder:
    return CheckpointFolder(services.data_directory.checkpoints, services.data_directory.signing_key)


def _probes(services: Services) -> UpstreamProbes:
    return UpstreamProbes(services.upstreams, sealer=services.data_directory, environment=os.environ, redact=redact)


def _mounted(application: Application, prefix: str) -> Application:
    """The application with the prefix taken for granted, as Starlette's `Mount` does it."""

    async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
        inner = dict(scope)
        inner["root_path"] = scope.get("root_path", "") + prefix
        await application(inner, receive, send)

    return mounted


def _demo_parts(services: Services) -> dict[str, Any]:
    """What a demo's pages show beside the form; nothing unless `counterfoil demo` started this process.

    The demo writes what only it knows to `demo.json` in its data directory: `served_call`, `refused_call`,
    `request_ids` (by code), `progress` ([done, total]), `upstream_billed_nanos` and `ledger_verified`.
    """
    if not os.environ.get(DEMO_VARIABLE):
        return {}
    path = services.settings.data_dir / "demo.json"

    def said() -> dict[str, Any]:
        try:
            known: dict[str, Any] = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return {}
        return known

    async def examples() -> Examples | None:
        known = said()
        if "served_call" not in known:
            return None
        return Examples(
            served_call=known["served_call"],
            refused_call=known["refused_call"],
            request_ids=known.get("request_ids", {}),
        )

    async def live_numbers() -> LiveNumbers:
        return await _live_numbers(services, said())

    return {"demo": True, "live_numbers": live_numbers, "examples": examples}


async def _live_numbers(services: Services, known: Mapping[str, Any]) -> LiveNumbers:
    counts: dict[str, int] = {}
    refused: dict[str, int] = {}
    charged = 0
    for state, code, count, charged_nanos, _ in await services.spend.totals():
        counts[state] = counts.get(state, 0) + count
        charged += charged_nanos
        if state == RequestState.REFUSED and code is not None:
            refused[code] = refused.get(code, 0) + count
    overview = await services.ledger.overview()
    progress = known.get("progress")
    return LiveNumbers(
        read_at=services.clock.now(),
        currency="USD",
        requests=sum(counts.values()),
        served=counts.get(RequestState.SERVED, 0) + counts.get(RequestState.CLIENT_GONE, 0),
        refused=refused,
        failed=counts.get(RequestState.FAILED, 0),
        in_flight=counts.get(RequestState.HELD, 0),
        charged_nanos=charged,
        held_nanos=overview.held,
        upstream_billed_nanos=known.get("upstream_billed_nanos"),
        our_cost_nanos=await services.spend.attempted_cost(),
        open_holds=overview.open_holds,
        negative_wallets=overview.negative_wallets,
        ledger_verified=known.get("ledger_verified"),
        progress=(progress[0], progress[1]) if progress else None,
    )


def background_work(services: Services) -> list[Coroutine[Any, Any, None]]:
    """What every serving process keeps doing; leased work is done by one of them at a time."""
    database, clock = services.database, services.clock
    expired_through = 0

    async def expire() -> None:
        nonlocal expired_through
        expired, through = await services.ledger.expire_overdue(since=expired_through)
        # A look back over two hours catches what another process has opened with a clock behind this one's.
        expired_through = max(0, through - 7_200_000_000)
        await services.ledger.end_due_grants()
        if expired:
            log.warning("holds_expired", count=expired)

    async def clean() -> None:
        await services.limits.clean_minutes()

    async def refresh() -> None:
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            try:
                await services.prices.refresh()
                await services.routes.refresh()
                await services.spend.write_unknown_keys()
            except (CounterfoilError, psycopg.Error):
                BACKGROUND_ERRORS.labels(work="refresh").inc()
                log.exception("refresh_failed")

    return [
        run_leased(database, name="expire", interval_seconds=_EXPIRY_SECONDS, work=expire, clock=clock),
        run_leased(database, name="clean_minutes", interval_seconds=600.0, work=clean, clock=clock),
        refresh(),
    ]
