"""The rooms of a process, built upon each other: the ground, calls, people, money, and support."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from counterfoil.approvals.model import ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.service import Approvals
from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.bootstrap.identity import Identity, build_identity
from counterfoil.bootstrap.knowledge import Knowledge, build_knowledge
from counterfoil.bootstrap.notify import notifications
from counterfoil.bootstrap.recharge import Recharge, build_recharge
from counterfoil.bootstrap.reconcile import build_reconciliation
from counterfoil.bootstrap.support import Desk, build_desk, build_intake
from counterfoil.evidence.service import Evidence
from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.money import parse_nanos
from counterfoil.gateway.model import GatewaySettings
from counterfoil.gateway.upstream import open_session
from counterfoil.identity.service import Members
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.proofs import Proofs
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.notify.service import Notifications
from counterfoil.pricing.service import PriceBooks
from counterfoil.recharge.codes_service import Codes
from counterfoil.reconcile.archive import Archive
from counterfoil.reconcile.desk import Reconciliation
from counterfoil.redaction.rules import redact
from counterfoil.settings import Settings
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.support.intake import Intake
from counterfoil.support.metrics import CaseMetrics
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams

_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every room stands on."""

    settings: Settings
    environment: Mapping[str, str]
    clock: SystemClock
    data_directory: DataDirectory
    database: Database

    @property
    def public_url(self) -> str:
        return GatewaySettings.of(self.settings).public_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The ledger, and what calls go through. `session` is what others are called with, by whichever room."""

    engine: Engine
    ledger: Ledger
    limits: LimitsService
    directory: KeyDirectory
    prices: PriceBooks
    routes: Routes
    upstreams: Upstreams
    spend: Spend
    tasks: Tasks
    session: aiohttp.ClientSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybody:
    """The members of accounts, how people sign in, and how they are told of things."""

    members: Members
    identity: Identity
    notify: Notifications


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Money in, and whether all of it is there."""

    approvals: Approvals
    recharge: Recharge
    codes: Codes
    proofs: Proofs
    archive: Archive
    reconcile: Reconciliation


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Why it was so, cases, and the handbook."""

    evidence: Evidence
    intake: Intake
    desk: Desk
    knowledge: Knowledge


async def open_calls(ground: Ground, stack: AsyncExitStack, *, url: str, with_engine: bool) -> Calls:
    """What calls go through; the stack closes what has to be closed. Without the engine no call can be authorized."""
    database, clock, settings, sealer = ground.database, ground.clock, ground.settings, ground.data_directory

    def guard_factory() -> SpendGuard:
        return SpendGuard(clock)

    engine = Engine(url, clock=clock, guard_factory=guard_factory, settings=_engine_settings(settings))
    if with_engine:
        await engine.start()
        stack.push_async_callback(engine.close)
    ledger = Ledger(database, clock=clock, guard_factory=guard_factory)
    directory = KeyDirectory(database, clock)
    prices = PriceBooks(database, clock=clock)
    routes = Routes(database, sealer=sealer, environment=ground.environment)
    await _read_books(prices, routes)
    spend = Spend(
        engine=engine, ledger=ledger, database=database, directory=directory, prices=prices, routes=routes, clock=clock,
        settings=_spend_settings(settings, sealer),
    )  # fmt: skip
    session = await stack.enter_async_context(open_session(keeps_connections=False))
    tasks = Tasks(
        database=database, spend=spend, routes=routes, upstreams=TaskUpstreams(session, clock), clock=clock,
        settings=TaskSettings(hold_seconds=settings.task_hold_days * _SECONDS_PER_DAY),
    )  # fmt: skip
    return Calls(
        engine=engine, ledger=ledger, limits=LimitsService(database, clock=clock, lock_accounts=lock_accounts),
        directory=directory, prices=prices, routes=routes, spend=spend, tasks=tasks, session=session,
        upstreams=Upstreams(database, clock=clock, sealer=sealer, timeout_seconds=settings.upstream_timeout_seconds),
    )  # fmt: skip


def build_everybody(ground: Ground, stack: AsyncExitStack, calls: Calls) -> Everybody:
    """People as the settings say; the stack waits for mails that are under way."""
    members = Members(ground.database, clock=ground.clock)
    identity = build_identity(
        database=ground.database, clock=ground.clock, ledger=calls.ledger, data_directory=ground.data_directory,
        settings=ground.settings, public_url=ground.public_url, session=calls.session,
    )  # fmt: skip
    stack.push_async_callback(identity.mails.wait)
    notify = notifications(
        ground.settings, database=ground.database, clock=ground.clock, data_directory=ground.data_directory,
        members=members, session=calls.session, public_url=ground.public_url,
    )  # fmt: skip
    return Everybody(members=members, identity=identity, notify=notify)


def build_money(ground: Ground, stack: AsyncExitStack, calls: Calls) -> Money:
    """Money in on the ledger; the stack waits for a verification that is under way."""
    database, clock, data_directory, settings = ground.database, ground.clock, ground.data_directory, ground.settings
    approvals = Approvals(database, clock=clock, settings=_approval_settings(settings), redact=redact)
    recharge = build_recharge(
        database=database, ledger=calls.ledger, approvals=approvals, clock=clock, data_directory=data_directory,
        settings=settings, public_url=ground.public_url, environment=ground.environment, session=calls.session,
    )  # fmt: skip
    proofs = Proofs(database, clock=clock, redact=redact, checkpoints=checkpoints_in(data_directory))
    stack.push_async_callback(proofs.close)
    archive = Archive(database, prices=calls.prices, clock=clock, folder=data_directory.path / "archive")
    return Money(
        approvals=approvals,
        recharge=recharge,
        codes=Codes(database, ledger=calls.ledger, clock=clock, secret=data_directory.derive(b"codes")),
        proofs=proofs,
        archive=archive,
        reconcile=build_reconciliation(
            database=database, ledger=calls.ledger, approvals=approvals, clock=clock, data_directory=data_directory,
            recharge=recharge, spend=calls.spend, archive=archive, time_zone=settings.operator_time_zone,
        ),
    )  # fmt: skip


def build_answers(
    ground: Ground, calls: Calls, everybody: Everybody, money: Money, *, statuses: Mapping[str, int]
) -> Answers:
    """The rooms that read all others; `statuses` are those that calls are answered with, by their codes."""
    database, clock, settings, members = ground.database, ground.clock, ground.settings, everybody.members
    evidence = build_evidence(
        database=database, clock=clock, ledger=calls.ledger, spend=calls.spend, tasks=calls.tasks,
        orders=money.recharge.orders, codes=money.codes, members=members, directory=calls.directory,
        limits=calls.limits, statuses=statuses,
    )  # fmt: skip
    return Answers(
        evidence=evidence,
        intake=build_intake(
            database=database, clock=clock, data_directory=ground.data_directory, settings=settings,
            directory=calls.directory, limits=calls.limits,
        ),
        desk=build_desk(
            database=database, clock=clock, ledger=calls.ledger, approvals=money.approvals, spend=calls.spend,
            recharge=money.recharge, evidence=evidence, upstreams=calls.upstreams, members=members,
            directory=calls.directory, limits=calls.limits, codes=money.codes, audit=everybody.identity.audit,
            statuses=statuses,
        ),
        knowledge=build_knowledge(
            database=database, clock=clock, settings=settings, approvals=_approval_settings(settings),
            metrics=CaseMetrics(database, clock=clock),
        ),
    )  # fmt: skip


def checkpoints_in(data_directory: DataDirectory) -> CheckpointFolder:
    return CheckpointFolder(data_directory.checkpoints, data_directory.signing_key)


async def _read_books(prices: PriceBooks, routes: Routes) -> None:
    """Prices and routes as they are now; the shipped price book where there is none yet."""
    await prices.refresh()
    await prices.install_default()
    await routes.refresh()


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
