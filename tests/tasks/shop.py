"""A shop of videos: customers of a market, a studio behind it, and as many serving processes as a test wants."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import psycopg
from psycopg import AsyncConnection

from counterfoil.foundation.ids import show_id
from counterfoil.pricing.model import WorkShape
from counterfoil.spend.model import Arrival, Dialect, Endpoint, RefusedCall
from counterfoil.spend.upstreams_model import Route, ServedModel
from counterfoil.storage.database import Connection, Database
from counterfoil.tasks.model import NotSubmitted, Submitted, TaskKind, TaskSpec, TaskView, Verdict
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstream, TaskUpstreams
from spend.market import NANOS, Customer, Market, Till
from tasks.studio import CALLBACK_SECRET, Film, Studio, callback, open_studio

SECOND = 1_000_000
DAY = 86_400
SIZE = "720x1280"
# A film of four seconds costs 0.80.
PRICE = 8 * NANOS // 10
_FILMS = {
    "book": "customer",
    "currency": "USD",
    "defaults": {"context_window": 100_000, "default_output_cap": 1_000},
    "prices": [
        {
            "model": "film", "rates": {}, "unit_rates": {f"second:{SIZE}": "0.20"},
            "cancelled_queued_percent": 0, "cancelled_running_percent": 50,
        },
    ],
}  # fmt: skip
_COSTS = {"book": "upstream:studio", "currency": "USD", "prices": [
    {"model": "film-v1", "rates": {}, "unit_rates": {f"second:{SIZE}": "0.05"}}
]}  # fmt: skip
SPEC = TaskSpec(
    kind=TaskKind.VIDEO, direct=False, input_type="text_and_image", reference_images=1, aspect_ratio="9:16",
    resolution=SIZE, duration_seconds=4, camera='{"lens":"35mm"}',
)  # fmt: skip


class Crash(BaseException):
    """The process is no more. Nothing of ours catches it."""


@dataclass(slots=True)
class Faults:
    """Where a process dies, once: around a call of the upstream, or around the COMMIT of a task's end."""

    before_name: bool = False
    before_call: bool = False
    after_call: bool = False
    before_commit: bool = False
    after_commit: bool = False
    # Of every other COMMIT nothing is heard, though it has taken effect.
    unheard: bool = False
    heard_last: bool = True

    def take(self, name: str) -> bool:
        armed: bool = getattr(self, name)
        setattr(self, name, False)
        return armed


class MortalDatabase(Database):
    """A database whose user may die in the middle of a unit of work."""

    faults: Faults

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncIterator[Connection]:
        async with super().unit_of_work() as connection:
            yield connection
            wrote, names, ends = await _written(connection)
            if names and self.faults.take("before_name"):
                raise Crash
            if ends and self.faults.take("before_commit"):
                raise Crash
        if ends and self.faults.take("after_commit"):
            raise Crash
        if self.faults.unheard and wrote:
            self.faults.heard_last = not self.faults.heard_last
            if not self.faults.heard_last:
                raise psycopg.OperationalError("the connection broke")


async def _written(connection: AsyncConnection[Any]) -> tuple[bool, bool, bool]:
    """Whether this transaction has changed a task, named a task's upstream, ended a task."""
    cursor = await connection.execute(
        "SELECT count(*) > 0, coalesce(bool_or(upstream IS NOT NULL), false), coalesce(bool_or(ended_at IS NOT NULL), false)"
        " FROM tasks WHERE xmin = pg_current_xact_id_if_assigned()::xid"
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1], row[2]


class MortalUpstreams(TaskUpstreams):
    """Upstreams whose caller may die just before a submission, or just after it."""

    faults: Faults

    def of(self, route: Route) -> TaskUpstream:
        found = super().of(route)
        return _Mortal(found, self.faults) if self.faults.before_call or self.faults.after_call else found


class _Mortal:
    def __init__(self, upstream: TaskUpstream, faults: Faults) -> None:
        self._upstream = upstream
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._upstream, name)

    async def submit(self, route: Route, task_id: UUID, content_type: str, body: bytes) -> Verdict:
        if self._faults.take("before_call"):
            raise Crash
        verdict = await self._upstream.submit(route, task_id, content_type, body)
        if self._faults.take("after_call"):
            raise Crash
        return verdict


@dataclass(slots=True, kw_only=True)
class Shop:
    market: Market
    till: Till
    studio: Studio
    session: aiohttp.ClientSession
    database: MortalDatabase
    faults: Faults = field(default_factory=Faults)

    def process(self) -> Tasks:
        """A serving process: what it knows, it knows from the database."""
        upstreams = MortalUpstreams(self.session, self.market.clock)
        upstreams.faults = self.faults
        return Tasks(
            database=self.database, spend=self.till.spend, routes=self.market.routes, upstreams=upstreams,
            clock=self.market.clock, settings=TaskSettings(),
        )  # fmt: skip

    async def add_upstream(self, name: str, url: str, *, priority: int = 100) -> None:
        await self.market.upstreams.add(
            name=name, dialect=Dialect.OPENAI, base_url=url, secret="upstream-secret-0123456789",
            models=[ServedModel(public_model="film", upstream_model="film-v1", priority=priority)], timeout_seconds=20,
        )  # fmt: skip
        await self.market.upstreams.set_callback_secret(name, secret=CALLBACK_SECRET)
        await self.market.routes.refresh()

    # -- submitting --------------------------------------------------------------------------------------------

    def arrival(self, **fields: Any) -> Arrival:
        clock = self.market.clock
        values: dict[str, Any] = {
            "request_id": clock.new_id(), "received_at": clock.now(), "endpoint": Endpoint.VIDEOS, "model": "film",
            "stream": False, "client_address": "192.0.2.7", "client": "OpenAI/Python 2.0",
            "shape": WorkShape(input_bytes=30, media={f"second:{SIZE}": 4}),
        }  # fmt: skip
        return Arrival(**{**values, **fields})

    async def answer(
        self,
        tasks: Tasks,
        customer: Customer,
        *,
        remix_of: TaskView | None = None,
        spec: TaskSpec = SPEC,
        **fields: Any,
    ) -> Submitted | RefusedCall | NotSubmitted:
        content = json.dumps({"prompt": "a cat that reads the newspaper"}).encode()

        def encode(model: str) -> tuple[str, bytes]:
            return "application/json", json.dumps({"model": model, "seconds": "4", "size": SIZE}).encode()

        return await tasks.submit(
            await self.till.caller(customer), self.arrival(**fields), spec, encode=encode, content=content,
            remix_of=remix_of,
        )  # fmt: skip

    async def submit(self, tasks: Tasks, customer: Customer, **fields: Any) -> TaskView:
        answer = await self.answer(tasks, customer, **fields)
        assert isinstance(answer, Submitted), answer
        return answer.task

    # -- the studio --------------------------------------------------------------------------------------------

    def film(self, task: TaskView | UUID) -> Film:
        task_id = task if isinstance(task, UUID) else task.task_id
        return self.studio.film_of(show_id("task", task_id))

    async def tell(self, tasks: Tasks, film: Film, **fields: Any) -> TaskView | None:
        """The studio calls back."""
        headers, body = callback(film, now=self.market.clock.now(), **fields)
        return await tasks.accept_callback("studio", headers, body)

    async def poll(self, tasks: Tasks, *, after: int = 700) -> int:
        """Time passes until everything that is not final is due, and is asked about."""
        self.market.clock.advance(seconds=after)
        return await tasks.poll_due()

    # -- what is recorded --------------------------------------------------------------------------------------

    async def money(self, customer: Customer) -> tuple[int, int]:
        """What the customer has been charged, and what is held of the 100 that there were."""
        posted, held = await self.market.balance(customer)
        return 100 * NANOS - posted, held

    async def hold(self, task_id: UUID) -> dict[str, Any]:
        """The hold of a task and all of its ends together."""
        rows = await self.market.rows(
            "SELECT h.amount, h.cause_kind, count(e.hold_id) AS ends, coalesce(sum(e.captured), 0)::bigint AS captured,"
            " coalesce(sum(e.released), 0)::bigint AS released, min(e.verb) AS verb FROM holds h"
            " LEFT JOIN hold_ends e ON e.account_id = h.account_id AND e.hold_id = h.hold_id"
            " WHERE h.hold_id = %s GROUP BY h.amount, h.cause_kind",
            task_id,
        )
        return rows[0]


@asynccontextmanager
async def open_shop(market: Market) -> AsyncIterator[Shop]:
    await market.prices.import_book(_FILMS)
    await market.prices.import_book(_COSTS)
    async with (
        market.till() as till, open_studio() as studio, aiohttp.ClientSession() as session,
        await MortalDatabase.open(market.database_url) as database,
    ):  # fmt: skip
        assert isinstance(database, MortalDatabase)
        shop = Shop(market=market, till=till, studio=studio, session=session, database=database)
        database.faults = shop.faults
        await shop.add_upstream("studio", studio.url)
        yield shop
