"""Real requests to ask about: customers with limits, and one refusal of every code, made by the spend room itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp

from counterfoil.evidence.causes_service import Causes
from counterfoil.evidence.drops_service import Drops
from counterfoil.evidence.model import Audience, Explanation
from counterfoil.evidence.service import Desks, Evidence
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window
from counterfoil.foundation.vocabulary import Language
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.history_store import lock_accounts
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.limits.directory import KeyDirectory
from counterfoil.limits.model import DuplicatePolicy, GroupSettings, KeySettings, Problem, Scope, Unit
from counterfoil.limits.service import LimitsService
from counterfoil.pricing.model import Usage, WorkShape
from counterfoil.pricing.service import PriceBooks
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
)
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes, Upstreams
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.tasks.model import NotSubmitted, Source, Submitted, TaskKind, TaskSpec, TaskState, TaskView, Verdict
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams

NANOS = 1_000_000_000
# The gateway's, which evidence is handed.
STATUSES = {
    "key_invalid": 401, "key_disabled": 401, "key_expired": 401, "ip_not_allowed": 403, "account_suspended": 403,
    "model_not_permitted": 403, "bad_request": 400, "model_not_found": 404, "duplicate_submission": 409,
    "idempotency_key_reused": 422,
    "too_many_in_flight": 429, "rate_limited": 429, "cost_unbounded": 400, "request_ceiling": 402, "key_limit": 402,
    "group_quota": 402, "account_balance": 402, "price_missing": 503, "overloaded": 503, "upstream_unavailable": 503,
    "upstream_error": 502, "upstream_timeout": 504,
}  # fmt: skip
# A thousandth of a dollar for each token of output, nothing for input: a cap of 1,000 costs at most one dollar.
PRICES = {
    "book": "customer",
    "currency": "USD",
    "defaults": {"context_window": 100_000, "default_output_cap": 1_000},
    "prices": [
        {"model": "plain", "rates": {"input": "0", "output": "1000"}},
        {"model": "film", "rates": {}, "unit_rates": {"second:720x1280": "0.20"}},
    ],
}
COSTS = {"book": "upstream:wholesale-7", "currency": "USD", "prices": [{"model": "theirs", "rates": {"output": "500"}}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    account_id: UUID
    group_id: UUID
    key_id: UUID
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What operators, customers and the curious do."""

    clock: ManualClock
    spend: Spend
    ledger: Ledger
    limits: LimitsService
    upstreams: Upstreams
    routes: Routes
    tasks: Tasks
    evidence: Evidence

    # -- setting up --------------------------------------------------------------------------------------------

    async def customer(self, *, credit: int = 100 * NANOS, time_zone: str = "UTC", **key: Any) -> Customer:
        account = await self.ledger.open_account(name="Acme Secret Projects", time_zone=time_zone)
        if credit:
            await self.ledger.operate(
                Credit(
                    account_id=account.account_id, source_kind="order", source_id=self.clock.new_id().hex,
                    grants=(GrantSpec(kind=GrantKind.PAID, amount=credit, origin="clearing:test"),),
                )
            )  # fmt: skip
        group = await self.limits.create_group(account_id=account.account_id, settings=GroupSettings(name="Skunkworks"))
        settings = KeySettings(name="laptop", group_id=group.group_id, **key)
        new = await self.limits.create_key(account_id=account.account_id, settings=settings)
        return Customer(account_id=account.account_id, group_id=group.group_id, key_id=new.key.key_id, token=new.token)

    async def limit(
        self, customer: Customer, scope: Scope, amount: int, *, unit: Unit = Unit.MONEY, window: Window = Window.MONTH
    ) -> UUID:
        scope_ids = {
            Scope.ACCOUNT: customer.account_id, Scope.GROUP: customer.group_id, Scope.KEY: customer.key_id,
        }  # fmt: skip
        limit = await self.limits.set_limit(
            account_id=customer.account_id, scope=scope, scope_id=scope_ids[scope], unit=unit, window=window,
            amount=amount,
        )  # fmt: skip
        return limit.limit_id

    # -- calls -------------------------------------------------------------------------------------------------

    async def call(
        self,
        customer: Customer,
        *,
        cap: int = 1_000,
        model: str = "plain",
        problems: tuple[Problem, ...] = (),
        client_address: str = "192.0.2.7",
        **fields: Any,
    ) -> Admission | RefusedCall:
        answer = await self.spend.authorize(
            await self.caller(customer, client_address),
            Arrival(
                request_id=self.clock.new_id(), received_at=self.clock.now(), endpoint=Endpoint.CHAT_COMPLETIONS,
                model=model, stream=True, client_address=client_address, client="openai-python/2.0",
                shape=WorkShape(input_bytes=400, asked_cap=cap), problems=problems, **{"retry_count": 1, **fields},
            ),
        )  # fmt: skip
        assert not isinstance(answer, Repeated)
        return answer

    async def caller(self, customer: Customer, client_address: str = "192.0.2.7") -> Caller:
        caller = await self.spend.identify(customer.token, client_address)
        assert caller is not None
        return caller

    async def refused(self, customer: Customer, **call: Any) -> str:
        """A call that is refused; its shown id."""
        refused = await self.call(customer, **call)
        assert isinstance(refused, RefusedCall), refused
        return show_id("request", refused.request_id)

    async def admitted(self, customer: Customer, **call: Any) -> Admission:
        admission = await self.call(customer, **call)
        assert isinstance(admission, Admission), admission
        return admission

    def attempt(self, outcome: AttemptOutcome = AttemptOutcome.SUCCEEDED, **fields: Any) -> Attempt:
        now = self.clock.now()
        return Attempt(
            number=1, upstream="wholesale-7", upstream_model="theirs", started_at=now, ended_at=now + 1_500_000,
            outcome=outcome, **{"status_code": 200, "response_id": "chatcmpl-secret", **fields},
        )  # fmt: skip

    async def settle(self, admission: Admission, *, tokens: int = 400, **delivery: Any) -> Charge:
        usage = Usage(counts={"output": tokens})
        return await self.spend.capture(
            admission,
            Delivery(
                usage=usage, status_code=200, first_byte_at=self.clock.now(), ended_at=self.clock.now(),
                attempts=(self.attempt(usage=usage),), **delivery,
            ),
        )  # fmt: skip

    async def served(self, customer: Customer, **call: Any) -> str:
        """A call that is served and charged; its shown id."""
        admission = await self.admitted(customer, **call)
        await self.settle(admission)
        return show_id("request", admission.request_id)

    async def failed(self, customer: Customer, code: str = "upstream_error", status_code: int = 502) -> str:
        admission = await self.admitted(customer)
        words = "internal host gpu-17 is down"
        attempt = self.attempt(AttemptOutcome.REJECTED, status_code=500, error_text=words, response_id=None)
        await self.spend.void(
            admission,
            Failure(
                code=code, status_code=status_code, ended_at=self.clock.now(), attempts=(attempt,), error_text=words
            ),
        )
        return show_id("request", admission.request_id)

    # -- tasks -------------------------------------------------------------------------------------------------

    async def serve_films(self, url: str) -> None:
        """Have an upstream that makes videos."""
        await self.upstreams.add(
            name="studio-7", dialect=Dialect.OPENAI, base_url=url, secret="upstream-secret-0123456789",
            models=[ServedModel(public_model="film", upstream_model="film-v1")], timeout_seconds=20,
        )  # fmt: skip
        await self.routes.refresh()

    async def ask_for_film(self, customer: Customer, **fields: Any) -> Submitted | RefusedCall | NotSubmitted:
        """Submit a video of four seconds, which costs 0.80."""
        arrival = Arrival(
            request_id=self.clock.new_id(), received_at=self.clock.now(), endpoint=Endpoint.VIDEOS, model="film",
            stream=False, client_address="192.0.2.7", client="openai-python/2.0",
            shape=WorkShape(input_bytes=30, media={"second:720x1280": 4}), **fields,
        )  # fmt: skip
        spec = TaskSpec(
            kind=TaskKind.VIDEO, direct=False, input_type="text_and_image", reference_images=2, aspect_ratio="9:16",
            resolution="720x1280", duration_seconds=4, camera='{"lens":"35mm"}',
        )  # fmt: skip

        def encode(model: str) -> tuple[str, bytes]:
            return "application/json", b'{"model":"%s"}' % model.encode()

        return await self.tasks.submit(
            await self.caller(customer), arrival, spec, encode=encode, content=b'{"prompt":"a cat"}'
        )

    async def film(self, customer: Customer, **fields: Any) -> TaskView:
        answer = await self.ask_for_film(customer, **fields)
        assert isinstance(answer, Submitted), answer
        return answer.task

    async def tell(self, task: TaskView, state: TaskState, **verdict: Any) -> TaskView:
        """The upstream says how a task stands."""
        told = Verdict(state=state, raw_state=f"theirs-{state}", **verdict)
        return await self.tasks.apply(task.account_id, task.task_id, told, Source.POLL)

    # -- asking ------------------------------------------------------------------------------------------------

    async def ask(self, subject: str, *, language: Language = Language.EN) -> Explanation:
        return await self.evidence.explain(subject, language=language, audience=Audience.PUBLIC)

    async def operator_asks(self, subject: str, *, language: Language = Language.EN) -> Explanation:
        return await self.evidence.explain(subject, language=language, audience=Audience.OPERATOR)


@asynccontextmanager
async def open_desk(
    database: Database, database_url: str, clock: ManualClock, data_directory: DataDirectory
) -> AsyncIterator[Desk]:
    """A desk on a fresh database, with one upstream that serves `plain` and, without a price, `unpriced`."""

    def guard() -> SpendGuard:
        return SpendGuard(clock)

    engine = Engine(database_url, clock=clock, guard_factory=guard, settings=EngineSettings())
    await engine.start()
    prices = PriceBooks(database, clock=clock)
    for document in (PRICES, COSTS):
        await prices.import_book(document)
    routes = Routes(database, sealer=data_directory, environment={})
    upstreams = Upstreams(database, clock=clock, sealer=data_directory)
    await upstreams.add(
        name="wholesale-7", dialect=Dialect.OPENAI, base_url="http://upstream.test", secret="upstream-secret",
        models=[ServedModel(public_model=model, upstream_model="theirs") for model in ("plain", "unpriced")],
    )  # fmt: skip
    await routes.refresh()
    ledger = Ledger(database, clock=clock, guard_factory=guard)
    spend = Spend(
        engine=engine, ledger=ledger, database=database, directory=KeyDirectory(database, clock), prices=prices,
        routes=routes, clock=clock, settings=SpendSettings(fingerprint_secret=bytes(32)),
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as session:
            tasks = Tasks(
                database=database, spend=spend, routes=routes, upstreams=TaskUpstreams(session, clock), clock=clock,
                settings=TaskSettings(),
            )  # fmt: skip
            yield Desk(
                clock=clock, spend=spend, ledger=ledger,
                limits=LimitsService(database, clock=clock, lock_accounts=lock_accounts),
                upstreams=upstreams, routes=routes, tasks=tasks,
                evidence=Evidence(
                    spend, database, clock, tasks=tasks, statuses=STATUSES,
                    desks=Desks(causes=Causes(database, clock=clock), drops=Drops(database, ledger=ledger, clock=clock)),
                ),
            )  # fmt: skip
    finally:
        await engine.close()


async def _replaced_key(desk: Desk) -> str:
    customer = await desk.customer()
    await desk.limits.rotate_key(account_id=customer.account_id, key_id=customer.key_id)
    return await desk.refused(customer)


async def _disabled_key(desk: Desk) -> str:
    customer = await desk.customer()
    await desk.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
    return await desk.refused(customer)


async def _expired_key(desk: Desk) -> str:
    customer = await desk.customer(expires_at=desk.clock.now() + 10_000_000)
    desk.clock.advance(seconds=60)
    return await desk.refused(customer)


async def _foreign_address(desk: Desk) -> str:
    return await desk.refused(await desk.customer(allowed_addresses=("198.51.100.0/24",)))


async def _suspended(desk: Desk) -> str:
    customer = await desk.customer()
    await desk.ledger.change_account(customer.account_id, status="suspended")
    return await desk.refused(customer)


async def _too_many(desk: Desk) -> str:
    customer = await desk.customer()
    await desk.limit(customer, Scope.KEY, 1, unit=Unit.IN_FLIGHT, window=Window.LIFETIME)
    await desk.admitted(customer)
    return await desk.refused(customer)


async def _too_fast(desk: Desk) -> str:
    customer = await desk.customer()
    await desk.limit(customer, Scope.GROUP, 1, unit=Unit.REQUESTS, window=Window.MINUTE)
    await desk.served(customer)
    return await desk.refused(customer)


def _limited(scope: Scope, amount: int, window: Window = Window.MONTH) -> Callable[[Desk], Awaitable[str]]:
    async def stage(desk: Desk) -> str:
        customer = await desk.customer()
        await desk.limit(customer, scope, amount, window=window)
        return await desk.refused(customer)

    return stage


def _with_problem(code: str) -> Callable[[Desk], Awaitable[str]]:
    async def stage(desk: Desk) -> str:
        return await desk.refused(await desk.customer(), problems=(Problem(code=code),))

    return stage


async def _empty(desk: Desk) -> str:
    return await desk.refused(await desk.customer(credit=0))


async def _not_permitted(desk: Desk) -> str:
    return await desk.refused(await desk.customer(allowed_models=("claude-*",)))


async def _unknown_model(desk: Desk) -> str:
    return await desk.refused(await desk.customer(), model="no-such-model")


async def _unpriced(desk: Desk) -> str:
    return await desk.refused(await desk.customer(), model="unpriced")


async def _sent_twice(desk: Desk) -> str:
    customer = await desk.customer(duplicate_policy=DuplicatePolicy.BLOCK)
    await desk.admitted(customer, fingerprint=bytes(32))
    return await desk.refused(customer, fingerprint=bytes(32))


async def _key_sent_twice(desk: Desk) -> str:
    customer, key = await desk.customer(), b"k" * 32
    await desk.admitted(customer, fingerprint=bytes(32), idempotency_key=key)
    return await desk.refused(customer, fingerprint=b"b" * 32, idempotency_key=key)


async def _upstream_failed(desk: Desk) -> str:
    return await desk.failed(await desk.customer())


async def _upstream_slow(desk: Desk) -> str:
    return await desk.failed(await desk.customer(), "upstream_timeout", 504)


async def _upstream_away(desk: Desk) -> str:
    return await desk.failed(await desk.customer(), "upstream_unavailable", 503)


# For every refusal code that leaves a record, how one comes about; each gives the shown request id.
STAGED: dict[str, Callable[[Desk], Awaitable[str]]] = {
    "key_invalid": _replaced_key,
    "key_disabled": _disabled_key,
    "key_expired": _expired_key,
    "ip_not_allowed": _foreign_address,
    "account_suspended": _suspended,
    "model_not_permitted": _not_permitted,
    "bad_request": _with_problem("bad_request"),
    "model_not_found": _unknown_model,
    "duplicate_submission": _sent_twice,
    "idempotency_key_reused": _key_sent_twice,
    "too_many_in_flight": _too_many,
    "rate_limited": _too_fast,
    "cost_unbounded": _with_problem("cost_unbounded"),
    "request_ceiling": _limited(Scope.KEY, NANOS // 10, Window.REQUEST),
    "key_limit": _limited(Scope.KEY, NANOS // 10, Window.DAY),
    "group_quota": _limited(Scope.GROUP, NANOS // 10),
    "account_balance": _empty,
    "price_missing": _unpriced,
    "upstream_unavailable": _upstream_away,
    "upstream_error": _upstream_failed,
    "upstream_timeout": _upstream_slow,
}
# An overflow is no decision and leaves no row (L5).
UNRECORDED = {"overloaded"}
