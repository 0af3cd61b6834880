"""The stage of the incidents: the product's own use cases on an empty database, with a clock that is moved by hand.

Whatever happens here goes through the doors' use cases (spend, tasks, orders, notices, codes, limits, ledger), as it does
in service. Nothing of the desk of evidence is used: what is asked later has to find its answers by itself.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from counterfoil.approvals.model import ApprovalPolicy, ApprovalSettings
from counterfoil.approvals.service import Approvals
from counterfoil.cli.bench_incidents_studio import Studio, open_studio
from counterfoil.cli.bench_incidents_till import Cashier
from counterfoil.cli.bench_incidents_time import Agenda
from counterfoil.foundation.clock import ManualClock
from counterfoil.identity.service import Members
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.service import LimitsService
from counterfoil.pricing.service import PriceBooks
from counterfoil.recharge.codes_service import Codes
from counterfoil.recharge.notices import Notices
from counterfoil.recharge.numbers import Numbers
from counterfoil.recharge.providers import registry
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.refunds import Refunds
from counterfoil.recharge.service import Orders, RechargeSettings
from counterfoil.recharge.terms_service import RechargeTerms
from counterfoil.redaction.rules import redact
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import Dialect
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams

# 2026-03-02 00:00 UTC, a Monday.
BEGINS_AT = 1_772_409_600_000_000
CURRENCY = "CNY"
CHAT, LARGE, FILM, PICTURE = "chat", "chat-large", "film", "picture"
UNPRICED = "unpriced"
# Models whose price is raised some day, each for itself.
RAISED = tuple(f"chat-{number:03}" for number in range(100))
PICTURE_UNIT, FILM_UNIT = "image:1024x1024", "second:720x1280"
_UPSTREAM = "wholesale"
_STUDIO = "studio"
_PLENTY = 10**15


def book(rates: Mapping[str, str]) -> dict[str, object]:
    """The customers' book of these models: a rate per million tokens of output, nothing for input."""
    return {
        "book": "customer",
        "currency": CURRENCY,
        "defaults": {"context_window": 100_000, "default_output_cap": 1_000},
        "prices": [{"model": model, "rates": {"input": "0", "output": rate}} for model, rate in rates.items()],
    }


_MEDIA = {
    "book": "customer",
    "currency": CURRENCY,
    "prices": [
        {"model": FILM, "rates": {}, "unit_rates": {FILM_UNIT: "0.05"}, "cancelled_running_percent": 40},
        {"model": PICTURE, "rates": {}, "unit_rates": {PICTURE_UNIT: "0.04"}},
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that can be done to make an incident."""

    rng: random.Random
    clock: ManualClock
    agenda: Agenda
    database: Database
    ledger: Ledger
    limits: LimitsService
    directory: KeyDirectory
    members: Members
    prices: PriceBooks
    spend: Spend
    tasks: Tasks
    studio: Studio
    orders: Orders
    refunds: Refunds
    codes: Codes
    cashier: Cashier
    # Models whose price has not been raised yet.
    unraised: Iterator[str]


@asynccontextmanager
async def open_stage(url: str, folder: Path, *, seed: int) -> AsyncIterator[Stage]:
    """The stage on a migrated, empty database, with a price book, upstreams and a payment provider."""
    rng, clock = random.Random(seed), ManualClock(BEGINS_AT, seed)
    directory = DataDirectory(folder)

    def guard() -> SpendGuard:
        return SpendGuard(clock)

    engine = Engine(url, clock=clock, guard_factory=guard, settings=EngineSettings(lanes=1))
    async with (
        await Database.open(url, max_size=12) as database,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        open_studio() as studio,
    ):
        prices = PriceBooks(database, clock=clock)
        await prices.import_book(book({CHAT: "1000", LARGE: "8000", **dict.fromkeys(RAISED, "1000")}))
        await prices.import_book(_MEDIA)
        routes = await _open_routes(database, directory, clock, studio.url)
        ledger = Ledger(database, clock=clock, guard_factory=guard)
        keys = KeyDirectory(database, clock)
        limits = LimitsService(database, clock=clock, lock_accounts=lock_accounts, random_bytes=rng.randbytes)
        await engine.start()
        try:
            spend = Spend(
                engine=engine, ledger=ledger, database=database, directory=keys, prices=prices,
                routes=routes, clock=clock, settings=SpendSettings(fingerprint_secret=bytes(32)),
            )  # fmt: skip
            tasks = Tasks(
                database=database, spend=spend, routes=routes, upstreams=TaskUpstreams(session, clock), clock=clock,
                settings=TaskSettings(),
            )  # fmt: skip
            numbers = Numbers(bytes(32), directory)
            providers = PaymentProviders(
                database, clock=clock, sealer=directory, environment={},
                build=lambda config: registry.build(config, session, clock=clock),
            )  # fmt: skip
            orders = Orders(
                database, ledger=ledger, clock=clock, providers=providers, numbers=numbers,
                terms=RechargeTerms(database, clock=clock),
                settings=RechargeSettings(public_url="https://desk.example", order_seconds=1_800),
            )  # fmt: skip
            approvals = Approvals(
                database, clock=clock, settings=ApprovalSettings(ApprovalPolicy.SINGLE_WITH_REASON, _PLENTY),
                redact=redact,
            )  # fmt: skip
            notices = Notices(database, ledger=ledger, clock=clock, providers=providers, orders=orders, numbers=numbers)
            yield Stage(
                rng=rng, clock=clock, agenda=Agenda(clock), database=database, ledger=ledger, limits=limits, directory=keys,
                members=Members(database, clock=clock), prices=prices, spend=spend, tasks=tasks, studio=studio,
                orders=orders,
                refunds=Refunds(
                    database, ledger=ledger, clock=clock, providers=providers, orders=orders, approvals=approvals,
                    numbers=numbers,
                ),
                codes=Codes(database, ledger=ledger, clock=clock, secret=bytes(32), random_bits=rng.getrandbits),
                cashier=await Cashier.open(providers, orders, notices, clock=clock, rng=rng),
                unraised=iter(RAISED),
            )  # fmt: skip
        finally:
            await engine.close()


async def _open_routes(database: Database, directory: DataDirectory, clock: ManualClock, studio_url: str) -> Routes:
    """Chat at one upstream, media at another."""
    routes = Routes(database, sealer=directory, environment={})
    upstreams = Upstreams(database, clock=clock, sealer=directory)
    for name, url, models in (
        (_UPSTREAM, "http://wholesale.invalid", (CHAT, LARGE, UNPRICED, PICTURE, *RAISED)),
        (_STUDIO, studio_url, (FILM,)),
    ):
        await upstreams.add(
            name=name, dialect=Dialect.OPENAI, base_url=url, secret="upstream-secret",  # noqa: S106
            models=[ServedModel(public_model=model, upstream_model=f"their-{model}") for model in models],
        )  # fmt: skip
    await routes.refresh()
    return routes
