"""What the gateway's tests do: set up customers, call, and look at what was recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import aiohttp
import anthropic
import openai
import psycopg
from psycopg.rows import dict_row

from counterfoil.foundation.ids import read_id
from counterfoil.gateway.application import Gateway
from counterfoil.ledger.model import Credit, GrantKind, GrantSpec
from counterfoil.limits.model import GroupSettings, KeySettings
from counterfoil.sandbox.process import SandboxProcess
from counterfoil.spend.model import Dialect, RequestView
from counterfoil.spend.upstreams_model import ServedModel
from counterfoil.tasks.model import TaskState, TaskView
from gateway.wiring import Services

NANOS = 1_000_000_000
CHAT = "/v1/chat/completions"

# `plain` costs 1 per million in, 2 per million out; `output-only` a thousandth for each token out and nothing else, so
# that the upper bound of a call is its cost where the upstream fills the cap.
PRICES = {
    "book": "customer",
    "currency": "USD",
    "defaults": {"context_window": 100_000, "default_output_cap": 1_000, "image_token_bound": 1_000},
    "prices": [
        {"model": "plain", "rates": {"input": "1", "cached_read": "0.1", "output": "2", "reasoning": "=output",
                                     "image_input": "=input", "cache_write_5m": "=input", "cache_write_1h": "=input"}},
        {"model": "output-only", "rates": {"input": "0", "output": "1000"}},
        {"model": "embedding", "rates": {"input": "1"}},
        {"model": "gpt-5-mini", "rates": {"input": "1", "output": "2", "reasoning": "=output"}},
        {"model": "searching", "rates": {"input": "1", "output": "2", "reasoning": "=output"},
         "unit_rates": {"tool_use:web_search": "0.01"}},
        {"model": "picture", "tier": "image", "rates": {"input": "5", "image_input": "10"},
         "unit_rates": {"image:1024x1024:low": "0.01", "image:1024x1024:medium": "0.04", "image:1024x1024:high": "0.16",
                        "image:1024x1536:medium": "0.06", "image:1024x1536:high": "0.25"}},
        {"model": "film", "tier": "video", "unit_rates": {"second:720x1280": "0.1", "second:1280x720": "0.1"}},
        {"model": "voice", "rates": {"character": "15"}},
        {"model": "scribe", "unit_rates": {"second:audio": "0.0001"}},
    ],
}  # fmt: skip
# What the upstreams call them.
UPSTREAM_NAMES = {"plain": "upstream-plain", "gpt-5-mini": "gpt-5-mini"}
UNPRICED = "unpriced"


@dataclass(frozen=True, slots=True)
class Customer:
    """An account with one key."""

    account_id: UUID
    key_id: UUID
    token: str
    group_id: UUID | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def request_id(self) -> UUID:
        return read_id("request", self.headers["x-request-id"])

    @property
    def charged_nanos(self) -> int:
        amount, currency = self.headers["x-counterfoil-charge"].split(" ")
        assert currency == "USD"
        whole, _, part = amount.partition(".")
        return int(whole) * NANOS + int(part.ljust(9, "0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    services: Services
    gateway: Gateway
    address: str
    session: aiohttp.ClientSession
    sandbox: SandboxProcess
    owner_url: str

    # -- setting up --------------------------------------------------------------------------------------------

    async def import_prices(self) -> None:
        await self.services.prices.import_book(PRICES)

    async def add_upstream(
        self,
        name: str,
        *,
        dialects: Sequence[Dialect] = tuple(Dialect),
        base_url: str | None = None,
        priority: int = 100,
        timeout_seconds: int = 30,
        models: Sequence[str] | None = None,
    ) -> None:
        """An upstream at the sandbox with the key of that name, one for each dialect."""
        served = [
            ServedModel(public_model=model, upstream_model=UPSTREAM_NAMES.get(model, model), priority=priority)
            for model in (models or [*(each["model"] for each in PRICES["prices"]), UNPRICED])
        ]
        for dialect in dialects:
            await self.services.upstreams.add(
                name=f"{name}-{dialect}", dialect=dialect, base_url=base_url or self.sandbox.url, models=served,
                secret=f"{name}-key", timeout_seconds=timeout_seconds,
            )  # fmt: skip
        await self.services.routes.refresh()

    async def customer(
        self, *, credit_nanos: int = 10 * NANOS, group: GroupSettings | None = None, **key: Any
    ) -> Customer:
        services = self.services
        account = await services.ledger.open_account(name="customer")
        group_id = None
        if group is not None:
            created = await services.limits.create_group(account_id=account.account_id, settings=group)
            group_id = created.group_id
        if credit_nanos:
            await self.credit(account.account_id, credit_nanos)
        new = await services.limits.create_key(
            account_id=account.account_id, settings=KeySettings(name="key", group_id=group_id, **key)
        )
        return Customer(account.account_id, new.key.key_id, new.token, group_id)

    async def credit(self, account_id: UUID, nanos: int) -> None:
        await self.services.ledger.operate(
            Credit(
                account_id=account_id,
                source_kind="order",
                source_id=self.services.clock.new_id().hex,
                grants=(GrantSpec(kind=GrantKind.PAID, amount=nanos, origin="clearing:test"),),
            )
        )

    def openai(self, customer: Customer, **options: Any) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=f"{self.address}/v1", api_key=customer.token, **options)

    def anthropic(self, customer: Customer, **options: Any) -> anthropic.AsyncAnthropic:
        return anthropic.AsyncAnthropic(base_url=self.address, api_key=customer.token, **options)

    # -- calling -----------------------------------------------------------------------------------------------

    async def call(
        self,
        customer: Customer | None,
        body: Any = None,
        *,
        path: str = CHAT,
        method: str = "POST",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """One call as bytes on the wire; `body` is made JSON unless it is bytes."""
        given = {"Content-Type": "application/json"} if body is not None else {}
        given |= customer.headers if customer is not None else {}
        given |= headers or {}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        async with self.session.request(method, self.address + path, data=data, headers=given) as response:
            return Answer(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                await response.read(),
            )

    # -- what was recorded -------------------------------------------------------------------------------------

    async def view(self, request_id: UUID) -> RequestView:
        return await self.services.spend.request(request_id)

    async def views(self, customer: Customer) -> list[RequestView]:
        return await self.services.spend.requests(customer.account_id, most=1000)

    async def settled(self, customer: Customer, *, state: str | None = None) -> list[RequestView]:
        """The requests once none of them is held any more."""
        for _ in range(400):
            views = await self.views(customer)
            if views and all(view.state != "held" for view in views) and (state is None or views[0].state == state):
                return [await self.view(view.request_id) for view in views]
            await asyncio.sleep(0.025)
        raise AssertionError(f"still {[view.state for view in views]}")

    async def balance(self, customer: Customer) -> tuple[int, int]:
        """Posted and held, recomputed from the ledger's rows."""
        found = await self.services.ledger.balance(customer.account_id)
        return found.posted, found.held

    async def money(self, customer: Customer) -> tuple[tuple[int, int], int]:
        """The balance, and the number of the last row in the customer's ledger: the same where no money has moved."""
        (last, *_) = await self.services.ledger.transfers(customer.account_id, most=1)
        return await self.balance(customer), last.version

    async def tasks(self, customer: Customer) -> list[TaskView]:
        """The customer's tasks, newest first."""
        return await self.services.tasks.list(account_id=customer.account_id, most=1000)

    async def task(self, shown_id: str, *states: TaskState) -> TaskView:
        """A task once it is in one of these states (else: has ended)."""
        task_id = read_id("task", shown_id)
        for _ in range(400):
            task = await self.services.tasks.find(task_id)
            if task.state in states if states else task.state.is_final:
                return task
            await asyncio.sleep(0.025)
        raise AssertionError(f"still {task.state}")

    async def everything(self) -> str:
        """Every row of every table, as text."""
        rows = []
        async with await psycopg.AsyncConnection.connect(self.owner_url, row_factory=dict_row) as connection:
            cursor = await connection.execute(
                "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables"
                " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            )
            for table in await cursor.fetchall():
                content = await connection.execute(f"SELECT t::text AS row FROM {table['name']} t")
                rows += [row["row"] for row in await content.fetchall()]
        return "\n".join(rows)


OpenShop = Callable[..., Awaitable[Shop]]


def chat(model: str = "plain", *, text: str = "Hello", **fields: Any) -> dict[str, Any]:
    """A chat call. Fields that begin with `sandbox_` tell the sandbox what to answer."""
    metadata = {name: str(fields.pop(name)) for name in list(fields) if name.startswith("sandbox_")}
    body: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
    return {**body, "metadata": metadata} if metadata else body


def message(model: str = "plain", **fields: Any) -> dict[str, Any]:
    return chat(model, **{"max_tokens": 100, **fields})


def response(model: str = "plain", *, text: str = "Hello", **fields: Any) -> dict[str, Any]:
    body = chat(model, **fields)
    del body["messages"]
    return {**body, "input": text}
