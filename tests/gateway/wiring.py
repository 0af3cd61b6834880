"""The services that the gateway stands on, built as the real wiring does, without its command line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from counterfoil.approvals.model import ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.service import Approvals
from counterfoil.bootstrap.recharge import Recharge, build_recharge
from counterfoil.foundation.clock import SystemClock
from counterfoil.gateway.upstream import open_session
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.pricing.service import PriceBooks
from counterfoil.redaction.rules import redact
from counterfoil.settings import Settings
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    clock: SystemClock
    engine: Engine
    ledger: Ledger
    limits: LimitsService
    prices: PriceBooks
    upstreams: Upstreams
    routes: Routes
    spend: Spend
    tasks: Tasks
    recharge: Recharge


@asynccontextmanager
async def connected(settings: Settings, url: str, *, spend_class: type[Spend] = Spend) -> AsyncIterator[Services]:
    clock = SystemClock()
    data_directory = DataDirectory.of(settings)
    async with await Database.open(url, max_size=4) as database, open_session(keeps_connections=False) as session:
        engine = Engine(
            url, clock=clock, guard_factory=lambda: SpendGuard(clock),
            settings=EngineSettings(lanes=settings.lanes, batch_max=settings.batch_max, queue_max=settings.queue_max),
        )  # fmt: skip
        await engine.start()
        ledger = Ledger(database, clock=clock, guard_factory=lambda: SpendGuard(clock))
        prices = PriceBooks(database, clock=clock)
        routes = Routes(database, sealer=data_directory, environment={})
        spend = spend_class(
            engine=engine, ledger=ledger, database=database, directory=KeyDirectory(database, clock), prices=prices,
            routes=routes, clock=clock,
            settings=SpendSettings(
                fingerprint_secret=bytes(32),
                hold_seconds=settings.hold_seconds, strict_bound=settings.input_bound == "strict",
                fit=settings.fit_policy == "fit",
            ),
        )  # fmt: skip
        tasks = Tasks(
            database=database, spend=spend, routes=routes, upstreams=TaskUpstreams(session, clock), clock=clock,
            settings=TaskSettings(hold_seconds=7 * 86_400),
        )  # fmt: skip
        recharge = build_recharge(
            database=database, ledger=ledger, clock=clock, data_directory=data_directory, settings=settings,
            approvals=Approvals(
                database, clock=clock, settings=ApprovalSettings(ApprovalPolicy.SINGLE_WITH_REASON, 10**12), redact=redact
            ),
            public_url=settings.public_url or "", environment={}, session=session,
        )  # fmt: skip
        try:
            yield Services(
                recharge=recharge, clock=clock, engine=engine, ledger=ledger,
                limits=LimitsService(database, clock=clock, lock_accounts=lock_accounts), prices=prices,
                upstreams=Upstreams(database, clock=clock, sealer=data_directory), routes=routes, spend=spend,
                tasks=tasks,
            )  # fmt: skip
        finally:
            await engine.close()
