"""Every use case, built from settings on a started and migrated database."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg

from counterfoil.approvals.service import Approvals
from counterfoil.bootstrap.knowledge import Knowledge
from counterfoil.bootstrap.recharge import Recharge
from counterfoil.bootstrap.rooms import Ground, build_answers, build_everybody, build_money, checkpoints_in, open_calls
from counterfoil.bootstrap.support import Desk
from counterfoil.evidence.bundles_service import Bundles
from counterfoil.evidence.same_account_service import SameAccount
from counterfoil.evidence.search_service import Search
from counterfoil.evidence.service import Evidence
from counterfoil.evidence.timeline_service import Timelines
from counterfoil.evidence.waterfall_service import Waterfalls
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import Unavailable
from counterfoil.gateway.errors import ANSWERS
from counterfoil.identity.audit import Audit
from counterfoil.identity.oidc import OpenIdConnect
from counterfoil.identity.people_service import People
from counterfoil.identity.service import Members
from counterfoil.identity.sessions import Sessions
from counterfoil.identity.tokens import Tokens
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.engine import Engine
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
from counterfoil.spend.service import Spend
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
from counterfoil.tasks.service import Tasks

_POSTGRES_WATCH_SECONDS = 1.0


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
    clock, data_directory = SystemClock(), DataDirectory.of(settings)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            await Database.open(url, min_size=1, max_size=settings.database_connections)
        )
        ground = Ground(
            settings=settings, environment=environment or os.environ, clock=clock, data_directory=data_directory,
            database=database,
        )  # fmt: skip
        calls = await open_calls(ground, stack, url=url, with_engine=with_engine)
        everybody = build_everybody(ground, stack, calls)
        money = build_money(ground, stack, calls)
        answers = build_answers(ground, calls, everybody, money, statuses=STATUSES)
        identity = everybody.identity
        yield Services(
            settings=settings, clock=clock, data_directory=data_directory, database=database,
            # Calls.
            engine=calls.engine, ledger=calls.ledger, limits=calls.limits, directory=calls.directory,
            prices=calls.prices, routes=calls.routes, upstreams=calls.upstreams, spend=calls.spend, tasks=calls.tasks,
            plain_ledger=Ledger(database, clock=clock, guard_factory=NoGuard),
            limit_asks=LimitAsks(database, clock=clock, lock_accounts=lock_accounts, redact=redact),
            upstream_records=UpstreamRecords(database, prices=calls.prices),
            spending=Spending(database), submissions=Submissions(database, clock=clock),
            # People.
            members=everybody.members, people=identity.people, sessions=identity.sessions, tokens=identity.tokens,
            audit=identity.audit, oidc=identity.oidc, notify=everybody.notify,
            # Money.
            approvals=money.approvals, recharge=money.recharge, codes=money.codes, proofs=money.proofs,
            archive=money.archive, reconcile=money.reconcile,
            # Answers.
            evidence=answers.evidence, intake=answers.intake, desk=answers.desk, knowledge=answers.knowledge,
        )  # fmt: skip


def log_as_set(settings: Settings) -> None:
    """Send this process's log lines where and how the settings say, redacted."""
    configure_logging(
        level=settings.log_level, log_format=settings.log_format, redact=redact, redact_fields=redact_value
    )


def checkpoints_of(services: Services) -> CheckpointFolder:
    return checkpoints_in(services.data_directory)


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
