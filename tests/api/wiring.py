"""Every use case on one database, built as the real wiring does, for the management API and the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp

from api.entry import Entry, open_entry
from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.service import Approvals
from counterfoil.bootstrap.evidence import build_evidence
from counterfoil.bootstrap.notify import MembersAsReaders
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
from counterfoil.identity.mails import Mailer
from counterfoil.identity.service import Members
from counterfoil.knowledge.current import CurrentHandbook
from counterfoil.knowledge.editing import Editing
from counterfoil.ledger.checkpoints import CheckpointFolder
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.model import Adjust
from counterfoil.ledger.service import Ledger
from counterfoil.ledger.statements import Statements
from counterfoil.limits.asks import LimitAsks
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.notify.model import ChannelKind, Thresholds
from counterfoil.notify.senders.apprise_sender import AppriseSender
from counterfoil.notify.senders.webhook import WebhookSender
from counterfoil.notify.service import Notifications, NotifySettings
from counterfoil.pricing.model import Usage, WorkShape
from counterfoil.pricing.service import PriceBooks
from counterfoil.recharge.codes_service import Codes
from counterfoil.reconcile.archive import Archive
from counterfoil.reconcile.desk import Reconciliation
from counterfoil.redaction.rules import redact
from counterfoil.settings import Settings
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import (
    Admission,
    Arrival,
    Attempt,
    AttemptOutcome,
    Charge,
    Delivery,
    Dialect,
    Endpoint,
    RefusedCall,
)
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.store import limits_that_refused, upstreams_out_of_money
from counterfoil.spend.submission_history import Submissions
from counterfoil.spend.upstream_probe import UpstreamProbes
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Connection, Database
from counterfoil.support.intake import Intake
from counterfoil.tasks.model import TaskKind, TaskSpec
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams
from knowledge.shelf import shelf

MODEL = "test-model"
FILM_MODEL = "test-film"
PUBLIC_URL = "https://desk.test"
# What one person may decide alone.
APPROVAL_CAP = 500_000_000_000
# A thousandth of a unit for each output token and nothing else.
BOOK = {
    "book": "customer",
    "currency": "USD",
    "defaults": {"context_window": 100_000, "default_output_cap": 1_000},
    "prices": [
        {"model": MODEL, "rates": {"input": "0", "output": "1000"}},
        # A film of four seconds costs 0.80; half of it where it is cancelled while it is made.
        {
            "model": FILM_MODEL, "rates": {}, "unit_rates": {"second:720x1280": "0.20"},
            "cancelled_queued_percent": 0, "cancelled_running_percent": 50,
        },
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The use cases, and what it takes to make calls that they can be asked about."""

    clock: SystemClock
    data_directory: DataDirectory
    database: Database
    entry: Entry
    approvals: Approvals
    ledger: Ledger
    plain_ledger: Ledger
    limits: LimitsService
    limit_asks: LimitAsks
    members: Members
    notify: Notifications
    codes: Codes
    recharge: Recharge
    prices: PriceBooks
    spend: Spend
    submissions: Submissions
    tasks: Tasks
    upstreams: Upstreams
    routes: Routes
    evidence: Evidence
    same_account: SameAccount
    bundles: Bundles
    statements: Statements
    waterfalls: Waterfalls
    timelines: Timelines
    search: Search
    reconcile: Reconciliation
    archive: Archive
    probes: UpstreamProbes
    checkpoints: CheckpointFolder
    intake: Intake
    cases: Desk
    editing: Editing

    async def propose(self, account_id: UUID, amount: int, *, by: str = "Ada", subject: str = "ticket 1") -> Approval:
        """Have somebody propose to adjust a balance."""
        return await self.approvals.propose(
            action=ApprovalAction.ADJUSTMENT, subject=subject, account_id=account_id, amount=amount, currency="USD",
            reason="promised on the phone", payload={"ticket": subject}, by=by,
        )  # fmt: skip

    async def sell(self) -> None:
        """Have a model, its price, and an upstream that serves it."""
        await self.prices.import_book(BOOK)
        await self.upstreams.add(
            name="backend",
            dialect=Dialect.OPENAI,
            base_url="http://127.0.0.1:9/v1",
            models=[ServedModel(public_model=MODEL, upstream_model="its-own-name")],
        )
        await self.routes.refresh()

    async def call(self, token: str, *, output_tokens: int, **fields: Any) -> UUID:
        """Make a call of that many output tokens, served and charged or refused; gives its request id."""
        caller = await self.spend.identify(token, "192.0.2.7")
        assert caller is not None
        now = self.clock.now()
        arrival = Arrival(
            request_id=self.clock.new_id(), received_at=now, endpoint=Endpoint.CHAT_COMPLETIONS, model=MODEL,
            stream=False, client_address="192.0.2.7", client="test/1",
            shape=WorkShape(input_bytes=10, asked_cap=output_tokens, cacheable=False, audio_output=False), **fields,
        )  # fmt: skip
        answer = await self.spend.authorize(caller, arrival)
        if not isinstance(answer, Admission):
            return answer.request_id
        await self.deliver(answer, output_tokens=output_tokens)
        return answer.request_id

    async def sell_films(self, url: str) -> None:
        """Have an upstream at that address which makes videos."""
        await self.upstreams.add(
            name="studio", dialect=Dialect.OPENAI, base_url=url, timeout_seconds=20,
            models=[ServedModel(public_model=FILM_MODEL, upstream_model="film-v1")],
        )  # fmt: skip
        await self.routes.refresh()

    async def film(self, token: str, **fields: Any) -> UUID:
        """Submit a video of four seconds; gives its id, or that of the refusal."""
        caller = await self.spend.identify(token, "192.0.2.7")
        assert caller is not None
        arrival = Arrival(
            request_id=self.clock.new_id(), received_at=self.clock.now(), endpoint=Endpoint.VIDEOS, model=FILM_MODEL,
            stream=False, client_address="192.0.2.7", client="test/1",
            shape=WorkShape(input_bytes=30, media={"second:720x1280": 4}), **fields,
        )  # fmt: skip
        spec = TaskSpec(
            kind=TaskKind.VIDEO, direct=False, input_type="text_and_image", reference_images=1, aspect_ratio="9:16",
            resolution="720x1280", duration_seconds=4, camera='{"lens":"35mm"}',
        )  # fmt: skip

        def encode(model: str) -> tuple[str, bytes]:
            return "application/json", b'{"model":"%s"}' % model.encode()

        answer = await self.tasks.submit(caller, arrival, spec, encode=encode, content=b'{"prompt":"a cat"}')
        return answer.request_id if isinstance(answer, RefusedCall) else answer.task.task_id

    async def deliver(self, admission: Admission, *, output_tokens: int) -> Charge:
        now = self.clock.now()
        usage = Usage(counts={"output": output_tokens})
        attempt = Attempt(
            number=1, upstream="backend", upstream_model="its-own-name", started_at=now, ended_at=now,
            outcome=AttemptOutcome.SUCCEEDED, status_code=200, response_id="chatcmpl-1", usage=usage,
        )  # fmt: skip
        delivery = Delivery(usage=usage, status_code=200, first_byte_at=now, ended_at=now, attempts=(attempt,))
        return await self.spend.capture(admission, delivery)


def open_approvals(database: Database, ledger: Ledger, clock: SystemClock) -> Approvals:
    """Approvals by which a balance can be adjusted."""

    async def adjust(connection: Connection, approval: Approval) -> None:
        assert approval.amount is not None
        assert approval.account_id is not None
        source_id = approval.approval_id.hex
        command = Adjust(account_id=approval.account_id, source_id=source_id, amount=approval.amount)
        await ledger.session(connection).operate(command)

    settings = ApprovalSettings(ApprovalPolicy.SINGLE_WITH_REASON, APPROVAL_CAP)
    carriers = {ApprovalAction.ADJUSTMENT: adjust}
    return Approvals(database, clock=clock, settings=settings, redact=redact, carriers=carriers)


def open_notifications(
    database: Database,
    clock: SystemClock,
    data_directory: DataDirectory,
    members: Members,
    session: aiohttp.ClientSession,
) -> Notifications:
    """Telling people, with warnings below 5, within 3 days and above 5 usual hours."""
    unit = 1_000_000_000
    return Notifications(
        database, clock=clock, sealer=data_directory, people=MembersAsReaders(members),
        settings=NotifySettings(
            public_url="https://desk.example",
            thresholds=Thresholds(low_balance=5 * unit, lasts_days=3, spike_times=5, spike_floor=unit),
        ),
        senders={ChannelKind.WEBHOOK: WebhookSender(session), ChannelKind.APPRISE: AppriseSender()},
        mailer=AppriseSender(),
        limits_that_refused=limits_that_refused, upstreams_out_of_money=upstreams_out_of_money,
    )  # fmt: skip


@asynccontextmanager
async def open_office(
    database_url: str,
    data_directory: DataDirectory,
    *,
    environment: Mapping[str, str] | None = None,
    with_engine: bool = True,
    mailer: Mailer | None = None,
) -> AsyncIterator[Office]:
    """Without the engine, which commands do not need, no call can be authorized."""
    clock = SystemClock()
    known = dict(environment or {})
    async with await Database.open(database_url, max_size=4) as database, aiohttp.ClientSession() as session:
        engine = Engine(
            database_url,
            clock=clock,
            guard_factory=lambda: SpendGuard(clock),
            settings=EngineSettings(lanes=1, batch_max=64, queue_max=1000),
        )
        if with_engine:
            await engine.start()
        try:
            ledger = Ledger(database, clock=clock, guard_factory=lambda: SpendGuard(clock))
            prices = PriceBooks(database, clock=clock)
            await prices.refresh()
            routes = Routes(database, sealer=data_directory, environment=known)
            await routes.refresh()
            upstreams = Upstreams(database, clock=clock, sealer=data_directory)
            spend = Spend(
                engine=engine, ledger=ledger, database=database, directory=KeyDirectory(database, clock),
                prices=prices, routes=routes, clock=clock, settings=SpendSettings(fingerprint_secret=bytes(32), fit=False),
            )  # fmt: skip
            tasks = Tasks(
                database=database, spend=spend, routes=routes, upstreams=TaskUpstreams(session, clock), clock=clock,
                settings=TaskSettings(),
            )  # fmt: skip
            approvals = open_approvals(database, ledger, clock)
            members = Members(database, clock=clock)
            limits = LimitsService(database, clock=clock, lock_accounts=lock_accounts)
            codes = Codes(database, ledger=ledger, clock=clock, secret=data_directory.derive(b"codes"))
            recharge = build_recharge(
                database=database, ledger=ledger, approvals=approvals, clock=clock, data_directory=data_directory,
                settings=Settings.load(known), public_url=PUBLIC_URL, environment=known, session=session,
            )  # fmt: skip
            same_account = SameAccount(
                database, members=members, tokens=KeyDirectory(database, clock), keys=limits, requests=spend,
                orders=recharge.orders, codes=codes,
            )  # fmt: skip
            evidence = build_evidence(
                database=database, clock=clock, ledger=ledger, spend=spend, tasks=tasks, orders=recharge.orders,
                codes=codes, members=members, directory=KeyDirectory(database, clock), limits=limits, statuses={},
            )  # fmt: skip
            archive = Archive(database, prices=prices, clock=clock, folder=data_directory.path / "archive")
            checkpoints = CheckpointFolder(data_directory.checkpoints, data_directory.signing_key)
            entry = open_entry(
                database, clock, data_directory, ledger, PUBLIC_URL, mailer=mailer, registration=mailer is not None
            )
            yield Office(
                clock=clock,
                data_directory=data_directory,
                database=database,
                entry=entry,
                approvals=approvals,
                ledger=ledger,
                plain_ledger=Ledger(database, clock=clock, guard_factory=NoGuard),
                limits=limits,
                limit_asks=LimitAsks(database, clock=clock, lock_accounts=lock_accounts, redact=redact),
                members=members,
                notify=open_notifications(database, clock, data_directory, members, session),
                codes=codes,
                recharge=recharge,
                prices=prices,
                spend=spend,
                submissions=Submissions(database, clock=clock),
                tasks=tasks,
                upstreams=upstreams,
                routes=routes,
                evidence=evidence,
                same_account=same_account,
                bundles=Bundles(
                    database,
                    evidence=evidence,
                    ledger=ledger,
                    checkpoints=checkpoints,
                    key=data_directory.signing_key,
                    clock=clock,
                    issuer="The Desk",
                ),
                statements=Statements(database),
                waterfalls=Waterfalls(database, ledger=ledger, clock=clock),
                timelines=Timelines(database, clock=clock),
                search=Search(
                    database,
                    clock=clock,
                    members=members,
                    tokens=KeyDirectory(database, clock),
                    keys=limits,
                    requests=spend,
                    orders=recharge.orders,
                    codes=codes,
                ),
                reconcile=build_reconciliation(
                    database=database,
                    ledger=ledger,
                    approvals=approvals,
                    clock=clock,
                    data_directory=data_directory,
                    recharge=recharge,
                    spend=spend,
                    archive=archive,
                ),
                archive=archive,
                probes=UpstreamProbes(upstreams, sealer=data_directory, environment=known, redact=redact),
                checkpoints=checkpoints,
                intake=build_intake(
                    database=database, clock=clock, data_directory=data_directory, settings=Settings.load(known),
                    directory=KeyDirectory(database, clock), limits=limits,
                ),
                cases=build_desk(
                    database=database, clock=clock, ledger=ledger, approvals=approvals, spend=spend, recharge=recharge,
                    evidence=evidence, upstreams=upstreams, members=members, directory=KeyDirectory(database, clock),
                    limits=limits, codes=codes, audit=entry.audit, statuses={},
                ),
                editing=Editing(
                    database, clock=clock, handbook=CurrentHandbook(shelf, database), redact=redact,
                    approvals=ApprovalSettings(ApprovalPolicy.TWO_PEOPLE, 0),
                ),
            )  # fmt: skip
        finally:
            if with_engine:
                await engine.close()
