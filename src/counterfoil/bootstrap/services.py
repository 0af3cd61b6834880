"""Every use case, built from settings on a started and migrated database."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg

from counterfoil.approvals.model import ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.service import Approvals
from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.bootstrap.identity import build_identity
from counterfoil.bootstrap.knowledge import Knowledge, build_knowledge
from counterfoil.bootstrap.notify import notifications
from counterfoil.bootstrap.recharge import Recharge, build_recharge
from counterfoil.bootstrap.reconcile import build_reconciliation
from counterfoil.bootstrap.support import Desk, build_desk, build_intake
from counterfoil.evidence.bundles_service import Bundles
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.search_service import Search
from counterfoil.evidence.service import Evidence
from counterfoil.evidence.timeline_service import Timelines
from counterfoil.evidence.waterfall_service import Waterfalls
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import Unavailable
from counterfoil.foundation.money import parse_nanos
from counterfoil.gateway.errors import ANSWERS
from counterfoil.gateway.model import GatewaySettings
from counterfoil.gateway.upstream import open_session
from counterfoil.identity.audit import Audit
from counterfoil.identity.oidc import OpenIdConnect
from counterfoil.identity.people_service import People
from counterfoil.identity.service import Members
from counterfoil.identity.sessions import Sessions
from counterfoil.identity.tokens import Tokens
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.proofs import Proofs
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.statements import Statements
from counterfoil.limits.asks import LimitAsks
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.notify.service import Notifications
from counterfoil.observability import BACKGROUND_ERRORS, configure_logging, log
from counterfoil.pricing.service import PriceBooks
from counterfoil.recharge.codes_service import Codes
from counterfoil.reconcile.archive import Archive
from counterfoil.reconcile.desk import Reconciliation
from counterfoil.redaction.kingfisher import RULES_FOLDER
from counterfoil.redaction.rules import redact, redact_value
from counterfoil.settings import Settings
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.spending import Spending
from counterfoil.spend.submission_history import Submissions
from counterfoil.spend.upstream_probe import UpstreamProbes
from counterfoil.spend.upstream_records import UpstreamRecords
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate
from counterfoil.support.intake import Intake
from counterfoil.support.metrics import CaseMetrics
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams

_POSTGRES_WATCH_SECONDS = 1.0
_SECONDS_PER_DAY = 86_400


# The HTTP statuses of codes that calls are answered with.
STATUSES = {code: answer.status for code, answer in ANSWERS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Every use case, built once per process."""

    settings: Settings
    clock: SystemClock
    data_directory: DataDirectory
    database: Database
    engine: Engine
    approvals: Approvals
    recharge: Recharge
    ledger: Ledger
    proofs: Proofs
    # Asks nobody but the wallet: for holds that an operator makes by hand.
    plain_ledger: Ledger
    limits: LimitsService
    limit_asks: LimitAsks
    directory: KeyDirectory
    members: Members
    people: People
    sessions: Sessions
    tokens: Tokens
    audit: Audit
    # None where no provider of sign-in is configured.
    oidc: OpenIdConnect | None
    codes: Codes
    prices: PriceBooks
    upstreams: Upstreams
    upstream_records: UpstreamRecords
    routes: Routes
    spend: Spend
    spending: Spending
    submissions: Submissions
    tasks: Tasks
    evidence: Evidence
    reconcile: Reconciliation
    archive: Archive
    notify: Notifications
    intake: Intake
    desk: Desk
    knowledge: Knowledge


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
            except (Unavailable, OSError, psycopg.Error):
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
        engine = Engine(url, clock=clock, guard_factory=guard_factory, settings=_engine_settings(settings))
        if with_engine:
            await engine.start()
            stack.push_async_callback(engine.close)
        ledger = Ledger(database, clock=clock, guard_factory=guard_factory)
        directory = KeyDirectory(database, clock)
        prices = PriceBooks(database, clock=clock)
        routes = Routes(database, sealer=data_directory, environment=environment or os.environ)
        await _read_books(prices, routes)
        spend = Spend(
            engine=engine, ledger=ledger, database=database, directory=directory, prices=prices, routes=routes,
            clock=clock, settings=_spend_settings(settings, data_directory),
        )  # fmt: skip
        session = await stack.enter_async_context(open_session(keeps_connections=False))
        tasks = Tasks(
            database=database, spend=spend, routes=routes, upstreams=TaskUpstreams(session, clock), clock=clock,
            settings=TaskSettings(hold_seconds=settings.task_hold_days * _SECONDS_PER_DAY),
        )  # fmt: skip
        approvals = Approvals(database, clock=clock, settings=_approval_settings(settings), redact=redact)
        members = Members(database, clock=clock)
        recharge = build_recharge(
            database=database, ledger=ledger, approvals=approvals, clock=clock, data_directory=data_directory,
            settings=settings, public_url=GatewaySettings.of(settings).public_url,
            environment=environment or os.environ, session=session,
        )  # fmt: skip
        limits = LimitsService(database, clock=clock, lock_accounts=lock_accounts)
        identity = build_identity(
            database=database, clock=clock, ledger=ledger, data_directory=data_directory, settings=settings,
            public_url=GatewaySettings.of(settings).public_url, session=session,
        )  # fmt: skip
        stack.push_async_callback(identity.mails.wait)
        codes = Codes(database, ledger=ledger, clock=clock, secret=data_directory.derive(b"codes"))
        proofs = Proofs(database, clock=clock, redact=redact, checkpoints=_checkpoints_in(data_directory))
        stack.push_async_callback(proofs.close)
        archive = Archive(database, prices=prices, clock=clock, folder=data_directory.path / "archive")
        evidence = build_evidence(
            database=database, clock=clock, ledger=ledger, spend=spend, tasks=tasks, orders=recharge.orders, codes=codes,
            members=members, directory=directory, limits=limits, statuses=STATUSES,
        )  # fmt: skip
        upstreams = _upstreams_on(database, clock=clock, data_directory=data_directory, settings=settings)
        yield Services(
            recharge=recharge,
            notify=notifications(
                settings, database=database, clock=clock, data_directory=data_directory, members=members,
                session=session, public_url=GatewaySettings.of(settings).public_url,
            ),
            evidence=evidence,
            reconcile=build_reconciliation(
                database=database, ledger=ledger, approvals=approvals, clock=clock, data_directory=data_directory,
                recharge=recharge, spend=spend, archive=archive,
                time_zone=settings.operator_time_zone,
            ),
            archive=archive,
            intake=build_intake(
                database=database, clock=clock, data_directory=data_directory, settings=settings, directory=directory,
                limits=limits,
            ),
            desk=build_desk(
                database=database, clock=clock, ledger=ledger, approvals=approvals, spend=spend, recharge=recharge,
                evidence=evidence, upstreams=upstreams, members=members, directory=directory, limits=limits, codes=codes,
                audit=identity.audit, statuses=STATUSES,
            ),
            knowledge=build_knowledge(
                database=database, clock=clock, settings=settings, approvals=_approval_settings(settings),
                metrics=CaseMetrics(database, clock=clock),
            ),
            settings=settings, clock=clock, data_directory=data_directory, database=database, engine=engine,
            approvals=approvals,
            ledger=ledger, proofs=proofs, upstream_records=UpstreamRecords(database, prices=prices), plain_ledger=Ledger(database, clock=clock, guard_factory=NoGuard), limits=limits,
            limit_asks=LimitAsks(database, clock=clock, lock_accounts=lock_accounts, redact=redact),
            directory=directory, members=members, prices=prices,
            people=identity.people, sessions=identity.sessions, tokens=identity.tokens, audit=identity.audit,
            oidc=identity.oidc,
            codes=codes,
            upstreams=upstreams, routes=routes,
            spend=spend, spending=Spending(database), submissions=Submissions(database, clock=clock), tasks=tasks,
        )  # fmt: skip


async def _read_books(prices: PriceBooks, routes: Routes) -> None:
    """Prices and routes as they are now; the shipped price book where there is none yet."""
    await prices.refresh()
    await prices.install_default()
    await routes.refresh()


def _upstreams_on(
    database: Database, *, clock: SystemClock, data_directory: DataDirectory, settings: Settings
) -> Upstreams:
    return Upstreams(database, clock=clock, sealer=data_directory, timeout_seconds=settings.upstream_timeout_seconds)


def _checkpoints_in(data_directory: DataDirectory) -> CheckpointFolder:
    return CheckpointFolder(data_directory.checkpoints, data_directory.signing_key)


def _engine_settings(settings: Settings) -> EngineSettings:
    return EngineSettings(lanes=settings.lanes, batch_max=settings.batch_max, queue_max=settings.queue_max)


def _spend_settings(settings: Settings, data_directory: DataDirectory) -> SpendSettings:
    return SpendSettings(
        fingerprint_secret=data_directory.derive(b"fingerprints"),
        hold_seconds=settings.hold_seconds,
        strict_bound=settings.input_bound == "strict",
        fit=settings.fit_policy == "fit",
    )


def _approval_settings(settings: Settings) -> ApprovalSettings:
    return ApprovalSettings(ApprovalPolicy(settings.approval_policy), parse_nanos(settings.approval_single_cap))


def log_as_set(settings: Settings) -> None:
    """Send this process's log lines where and how the settings say, redacted."""
    configure_logging(
        level=settings.log_level, log_format=settings.log_format, redact=redact, redact_fields=redact_value
    )


def checkpoints_of(services: Services) -> CheckpointFolder:
    return _checkpoints_in(services.data_directory)


def bundles_of(services: Services) -> Bundles:
    return Bundles(
        services.database, evidence=services.evidence, ledger=services.ledger, checkpoints=checkpoints_of(services),
        key=services.data_directory.signing_key, clock=services.clock, issuer=services.settings.operator_name,
        scanner_folder=services.data_directory.path / RULES_FOLDER,
    )  # fmt: skip


def same_account_of(services: Services) -> SameAccount:
    return SameAccount(
        services.database, members=services.members, tokens=services.directory, keys=services.limits,
        requests=services.spend, orders=services.recharge.orders, codes=services.codes,
    )  # fmt: skip


def search_of(services: Services) -> Search:
    return Search(
        services.database, clock=services.clock, members=services.members, tokens=services.directory,
        keys=services.limits, requests=services.spend, orders=services.recharge.orders, codes=services.codes,
    )  # fmt: skip


def timelines_of(services: Services) -> Timelines:
    return Timelines(services.database, clock=services.clock)


def waterfalls_of(services: Services) -> Waterfalls:
    return Waterfalls(services.database, ledger=services.ledger, clock=services.clock)


def probes_of(services: Services) -> UpstreamProbes:
    return UpstreamProbes(services.upstreams, sealer=services.data_directory, environment=os.environ, redact=redact)


def statements_of(services: Services) -> Statements:
    """Statements of accounts."""
    return Statements(services.database)
