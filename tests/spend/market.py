"""A market of calls: customers, what they ask for, and the books that must be right whatever they did."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.periods import Window
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import GroupSettings, KeySettings, Problem, Scope, Unit
from counterfoil.limits.service import LimitsService
from counterfoil.limits.usage import unpack_counted
from counterfoil.pricing.model import Usage, WorkShape
from counterfoil.pricing.service import PriceBooks
from counterfoil.pricing.usage import from_json
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.model import (
    Admission,
    Arrival,
    Attempt,
    AttemptOutcome,
    Caller,
    Charge,
    Delivery,
    Dialect,
    Endpoint,
    Failure,
    RefusedCall,
    Repeated,
    RequestView,
)
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database

NANOS = 1_000_000_000
# What one token of `plain` costs: a thousandth, and nothing for input, so that a cap of 1,000 costs at most one.
TOKEN = 1_000_000
HOUR = 3_600

PRICES = {
    "book": "customer",
    "currency": "USD",
    "defaults": {"context_window": 100_000, "default_output_cap": 1_000},
    "prices": [
        {"model": "plain", "rates": {"input": "0", "output": "1000"}},
        {"model": "metered", "rates": {"input": "1", "output": "2"}},
        {"model": "per-call", "rates": {"input": "0", "output": "0"}, "unit_rates": {"call": "0.25"}},
        {"model": "asleep", "rates": {"input": "0", "output": "1000"}},
    ],
}  # fmt: skip
COSTS = {"book": "upstream:first", "currency": "USD", "prices": [{"model": "theirs", "rates": {"output": "500"}}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    account_id: UUID
    group_id: UUID | None
    key_id: UUID
    token: str

    def scope_id(self, scope: Scope) -> UUID:
        found = {Scope.ACCOUNT: self.account_id, Scope.GROUP: self.group_id, Scope.KEY: self.key_id}[scope]
        assert found is not None
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """One serving process: its engine with its own cache."""

    clock: ManualClock
    engine: Engine
    spend: Spend

    async def caller(self, customer: Customer, *, address: str = "192.0.2.7") -> Caller:
        caller = await self.spend.identify(customer.token, address)
        assert caller is not None
        return caller

    def arrival(
        self,
        *,
        model: str | None = "plain",
        cap: int | None = 1_000,
        input_bytes: int = 400,
        outputs: int = 1,
        address: str = "192.0.2.7",
        problems: tuple[Problem, ...] = (),
        **fields: Any,
    ) -> Arrival:
        shape = WorkShape(input_bytes=input_bytes, asked_cap=cap, outputs=outputs, cacheable=False)
        values: dict[str, Any] = {
            "request_id": self.clock.new_id(), "received_at": self.clock.now(),
            "endpoint": Endpoint.CHAT_COMPLETIONS, "stream": False, "client": "OpenAI/Python 2.0",
            "shape": None if problems else shape,
        }  # fmt: skip
        return Arrival(model=model, client_address=address, problems=problems, **{**values, **fields})

    async def call(self, customer: Customer, **fields: Any) -> Admission | RefusedCall | Repeated:
        caller = await self.caller(customer)
        return await self.spend.authorize(caller, self.arrival(**fields))

    async def admitted(self, customer: Customer, **fields: Any) -> Admission:
        outcome = await self.call(customer, **fields)
        assert isinstance(outcome, Admission), outcome
        return outcome

    async def refused(self, customer: Customer, **fields: Any) -> RefusedCall:
        outcome = await self.call(customer, **fields)
        assert isinstance(outcome, RefusedCall), outcome
        return outcome

    async def deliver(self, admission: Admission, tokens: int, **fields: Any) -> Charge:
        return await self.spend.capture(admission, self.delivery(tokens, **fields))

    def delivery(self, tokens: int, **fields: Any) -> Delivery:
        usage = Usage(counts={"output": tokens})
        values: dict[str, Any] = {
            "usage": usage, "status_code": 200, "first_byte_at": self.clock.now(), "ended_at": self.clock.now(),
            "attempts": (self.attempt(usage=usage),),
        }  # fmt: skip
        return Delivery(**{**values, **fields})

    async def serve(self, customer: Customer, tokens: int, **fields: Any) -> Charge:
        return await self.deliver(await self.admitted(customer, **fields), tokens)

    async def fail(self, admission: Admission, code: str = "upstream_error", **fields: Any) -> None:
        values: dict[str, Any] = {
            "code": code, "status_code": 502, "ended_at": self.clock.now(),
            "attempts": (self.attempt(AttemptOutcome.REJECTED, status_code=500, error_text="no luck"),),
        }  # fmt: skip
        await self.spend.void(admission, Failure(**{**values, **fields}))

    def attempt(self, outcome: AttemptOutcome = AttemptOutcome.SUCCEEDED, **fields: Any) -> Attempt:
        now = self.clock.now()
        values: dict[str, Any] = {
            "number": 1, "upstream": "first", "upstream_model": "theirs", "started_at": now, "ended_at": now + 1_500,
            "outcome": outcome, "status_code": 200, "response_id": "chatcmpl-1",
        }  # fmt: skip
        return Attempt(**{**values, **fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """The operator's side, and everything that is recorded."""

    clock: ManualClock
    database: Database
    database_url: str
    owner_url: str
    ledger: Ledger
    limits: LimitsService
    prices: PriceBooks
    upstreams: Upstreams
    routes: Routes
    accounts: list[UUID] = field(default_factory=list)

    @asynccontextmanager
    async def till(self, *, engine: type[Engine] = Engine, **settings: Any) -> AsyncIterator[Till]:
        """A serving process on the market's database."""
        opened = engine(
            self.database_url, clock=self.clock, guard_factory=lambda: SpendGuard(self.clock),
            settings=EngineSettings(),
        )  # fmt: skip
        await opened.start()
        spend = Spend(
            engine=opened, ledger=self.ledger, database=self.database,
            directory=KeyDirectory(self.database, self.clock), prices=self.prices, routes=self.routes,
            clock=self.clock, settings=SpendSettings(fingerprint_secret=bytes(32), **settings),
        )  # fmt: skip
        try:
            yield Till(clock=self.clock, engine=opened, spend=spend)
        finally:
            await opened.close()

    # -- customers ---------------------------------------------------------------------------------------------

    async def customer(
        self,
        *,
        credit: int = 100 * NANOS,
        group: GroupSettings | None = None,
        currency: str = "USD",
        time_zone: str = "UTC",
        **key: Any,
    ) -> Customer:
        account = await self.ledger.open_account(name="Acme", currency=currency, time_zone=time_zone)
        self.accounts.append(account.account_id)
        if credit:
            await self.credit(account.account_id, credit)
        group_id = None
        if group is not None:
            group_id = (await self.limits.create_group(account_id=account.account_id, settings=group)).group_id
        return await self.another_key(account.account_id, group_id, **key)

    async def another_key(self, account_id: UUID, group_id: UUID | None = None, **key: Any) -> Customer:
        settings = KeySettings(name="laptop", group_id=group_id, **key)
        new = await self.limits.create_key(account_id=account_id, settings=settings)
        return Customer(account_id=account_id, group_id=group_id, key_id=new.key.key_id, token=new.token)

    async def credit(self, account_id: UUID, nanos: int, **spec: Any) -> None:
        await self.ledger.operate(
            Credit(
                account_id=account_id, source_kind="order", source_id=self.clock.new_id().hex,
                grants=(GrantSpec(kind=GrantKind.PAID, amount=nanos, origin="clearing:test", **spec),),
            )
        )  # fmt: skip

    async def limit(
        self, customer: Customer, scope: Scope, amount: int, *, unit: Unit = Unit.MONEY, window: Window = Window.MONTH
    ) -> UUID:
        limit = await self.limits.set_limit(
            account_id=customer.account_id, scope=scope, scope_id=customer.scope_id(scope), unit=unit, window=window,
            amount=amount,
        )  # fmt: skip
        return limit.limit_id

    # -- what is recorded --------------------------------------------------------------------------------------

    async def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        async with await psycopg.AsyncConnection.connect(self.owner_url, row_factory=dict_row) as connection:
            return await (await connection.execute(query, parameters)).fetchall()

    async def execute(self, statement: str, *parameters: Any) -> None:
        """What no service of ours does."""
        async with await psycopg.AsyncConnection.connect(self.owner_url) as connection:
            await connection.execute(statement, parameters)

    async def usage(self, limit_id: UUID) -> dict[int, tuple[int, int]]:
        """Used and held of a limit, by window start."""
        rows = await self.rows("SELECT window_start, used, held FROM usages WHERE limit_id = %s", limit_id)
        return {row["window_start"]: (row["used"], row["held"]) for row in rows}

    async def usage_now(self, limit_id: UUID) -> tuple[int, int]:
        found = await self.usage(limit_id)
        return found[max(found)] if found else (0, 0)

    async def balance(self, customer: Customer) -> tuple[int, int]:
        """Posted and held, recomputed from the ledger's rows."""
        found = await self.ledger.balance(customer.account_id)
        return found.posted, found.held

    async def check_books(self) -> None:
        """What holds whatever was done: the chains, requests against the ledger, usage against requests."""
        report = await self.ledger.verify([])
        assert report.verified, report.findings
        requests = await self.rows("SELECT * FROM requests")
        await self._check_money(requests)
        await self._check_usage(requests)

    async def _check_money(self, requests: list[dict[str, Any]]) -> None:
        """Each request says of itself what the ledger says of its hold."""
        posted: Counter[UUID] = Counter()
        refunded: Counter[UUID] = Counter()
        for row in await self.rows("SELECT hold_id, code, amount FROM transfers WHERE hold_id IS NOT NULL"):
            if row["code"] in ("charge", "overage"):
                posted[row["hold_id"]] += row["amount"]
            elif row["code"] in ("refund", "refund_to_clearing"):
                refunded[row["hold_id"]] += row["amount"]
        holds = {row["hold_id"]: row for row in await self.rows("SELECT hold_id, amount, event_no FROM holds")}
        ended = {row["hold_id"] for row in await self.rows("SELECT hold_id FROM hold_ends")}
        refusals = {
            row["refusal_id"]: row for row in await self.rows("SELECT refusal_id, code, event_no FROM refusals")
        }
        for row in requests:
            request_id = row["request_id"]
            assert row["charged_nanos"] == posted[request_id], row
            assert row["refunded_nanos"] == refunded[request_id], row
            assert (row["charge_mark"] == "held") == (row["state"] == "held"), row
            if row["state"] in ("refused", "repeated"):
                assert refusals[request_id]["code"] == (row["code"] or "repeated")
                assert refusals[request_id]["event_no"] == row["event_no"]
                assert request_id not in holds
            else:
                assert holds[request_id]["amount"] == row["held_nanos"]
                assert holds[request_id]["event_no"] == row["event_no"]
                assert (request_id in ended) == (row["state"] != "held"), row
        recorded = {row["request_id"] for row in requests}
        assert recorded == holds.keys() | refusals.keys()
        assert not posted.keys() - recorded
        await self._check_submissions(requests)

    async def _check_submissions(self, requests: list[dict[str, Any]]) -> None:
        """A submission counts the copies that name it, and exactly one of them is its original."""
        copies = Counter(row["submission_id"] for row in requests if row["submission_id"] is not None)
        counted = {row["submission_id"]: row["copies"] for row in await self.rows("SELECT * FROM submissions")}
        assert counted == copies
        originals = Counter(row["submission_id"] for row in requests if row["verdict"] == "original")
        assert all(
            row["request_id"] == row["submission_id"]
            for row in requests
            if row["verdict"] == "original" and row["submission_id"]
        )
        assert {submission: count for submission, count in originals.items() if submission} == dict.fromkeys(copies, 1)

    async def _check_usage(self, requests: list[dict[str, Any]]) -> None:
        """Every usage row is what its requests make of it (L7)."""
        expected: dict[tuple[UUID, int], list[int]] = {}
        for row in requests:
            open_ = row["state"] == "held"
            tokens = (
                from_json(row["tokens"]).tokens if row["tokens"] and row["state"] in ("served", "client_gone") else 0
            )
            for limit_id, start, unit, held in unpack_counted(bytes(row["counted"])):
                found = expected.setdefault((limit_id, start), [0, 0])
                if unit is Unit.REQUESTS:
                    found[0] += 1
                else:
                    used = {Unit.MONEY: row["charged_nanos"] - row["refunded_nanos"], Unit.TOKENS: tokens}.get(unit, 0)
                    found[0] += used
                    found[1] += held if open_ else 0
        actual = {
            (row["limit_id"], row["window_start"]): [row["used"], row["held"]]
            for row in await self.rows("SELECT limit_id, window_start, used, held FROM usages")
        }
        assert actual == expected


@asynccontextmanager
async def open_market(*, database_url: str, owner_url: str, clock: ManualClock, folder: Path) -> AsyncIterator[Market]:
    """A market on an empty database; its books are checked when it closes."""
    async with await Database.open(database_url) as database:
        sealer = DataDirectory(folder)
        prices = PriceBooks(database, clock=clock)
        for document in (PRICES, COSTS):
            await prices.import_book(document)
        routes = Routes(database, sealer=sealer, environment={})
        upstreams = Upstreams(database, clock=clock, sealer=sealer)
        await upstreams.add(
            name="first", dialect=Dialect.OPENAI, base_url="http://upstream.test", secret="upstream-secret",
            models=_served("plain", "metered", "per-call", "unpriced"),
        )  # fmt: skip
        await upstreams.add(
            name="sleeper", dialect=Dialect.OPENAI, base_url="http://upstream.test", secret="upstream-secret",
            models=_served("asleep"),
        )  # fmt: skip
        await upstreams.set_status("sleeper", "disabled")
        await routes.refresh()
        market = Market(
            clock=clock, database=database, database_url=database_url, owner_url=owner_url,
            ledger=Ledger(database, clock=clock, guard_factory=lambda: SpendGuard(clock)),
            limits=LimitsService(database, clock=clock, lock_accounts=lock_accounts), prices=prices,
            upstreams=upstreams, routes=routes,
        )  # fmt: skip
        yield market
        await market.check_books()


def _served(*models: str) -> list[ServedModel]:
    return [ServedModel(public_model=model, upstream_model="theirs") for model in models]


def checks_of(view: RequestView) -> Mapping[str, Any]:
    """A decision as recorded."""
    found: Mapping[str, Any] = json.loads(view.checks)
    return found
