"""A finance office: orders that were paid and credited, a bank and a channel that send statements, and the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from counterfoil.approvals.model import ApprovalPolicy
from counterfoil.bootstrap.recharge import Recharge
from counterfoil.bootstrap.reconcile import build_reconciliation
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import from_datetime, to_datetime
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.limits.directory import KeyDirectory
from counterfoil.pricing.service import PriceBooks
from counterfoil.recharge.corrections import Corrections
from counterfoil.recharge.invoices import Invoices
from counterfoil.recharge.model import Order
from counterfoil.recharge.receipts import Receipts
from counterfoil.reconcile.archive import Archive
from counterfoil.reconcile.desk import Reconciliation
from counterfoil.reconcile.desk_model import Break, Source, SourceKind
from counterfoil.reconcile.gather_store import Rows
from counterfoil.reconcile.imports import Imported
from counterfoil.reconcile.matching import codes_specification, payments_specification
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.runs_service import Runs
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.spend.guard import SpendGuard
from counterfoil.spend.service import Spend, SpendSettings
from counterfoil.spend.upstreams import Routes
from counterfoil.storage.data_directory import DataDirectory
from recharge.till import Till, open_till

NANOS = 1_000_000_000
DAY_SECONDS = 86_400
COLUMNS = {
    "time": "time", "amount": "amount", "kind": "kind", "trade_number": "trade", "order_number": "order",
    "fee": "fee", "payer": "payer", "description": "note", "status": "status",
}  # fmt: skip


class NoEngines:
    """For matchers that need none."""

    def check(self, name: str) -> str:
        return name

    def connect(self, name: str) -> AbstractContextManager[Any]:
        return nullcontext()


def _specify_payments(_: object, rows: Rows, terms: Terms) -> Outcome:
    return payments_specification.specify(rows, terms)


def _specify_codes(_: object, rows: Rows, terms: Terms) -> Outcome:
    return codes_specification.specify(rows, terms)


SPECIFICATIONS = {Book.PAYMENTS: _specify_payments, Book.CODES: _specify_codes}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the channel's file. `amount` is decimal text, with a sign."""

    trade: str
    amount: str = "10.00"
    kind: str = "payment"
    order: str = ""
    fee: str = "0"
    payer: str = ""
    note: str = ""
    status: str = "succeeded"
    at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The till, the desk, and a clock that both go by. `bank` is both a payment provider and a source."""

    till: Till
    desk: Reconciliation
    clock: ManualClock
    owner_url: str

    @property
    def day(self) -> date:
        """The day that the clock is in."""
        return to_datetime(self.clock.now()).date()

    def at(self, day: date, hour: int = 12) -> int:
        return from_datetime(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))

    def next_day(self) -> None:
        """Go on to one o'clock of the next day."""
        now = self.clock.now() // 1_000_000
        self.clock.advance(seconds=DAY_SECONDS - now % DAY_SECONDS + 3_600)

    async def add_source(self, name: str = "bank", **more: object) -> Source:
        """A source of CSV files with columns of their own."""
        made = Source(
            name=name, what=SourceKind.PROVIDER, importers=("generic",),
            reading=Reading(time_zone="UTC", currency="CNY", columns=COLUMNS),
        )  # fmt: skip
        return await self.desk.sources.add(replace(made, **more), by="Ada")  # type: ignore[arg-type]

    async def paid_order(self, trade: str, amount: str = "10", account_id: UUID | None = None) -> Order:
        """An order whose payment staff has seen: credited."""
        account_id = account_id or await self.till.account(f"Payer of {trade}")
        order = await self.till.order(account_id, "bank", amount)
        await self.till.refunds.propose_confirmation(order.order_id, number=trade, reason="seen", by="Ann")
        return await self.till.orders.order(order.order_id)

    def file(self, rows: Sequence[Row], *, of: int | None = None) -> bytes:
        """The channel's file of these rows; a closing transfer line at the end of the day makes the day whole."""
        lines = ["time,kind,trade,order,amount,fee,payer,note,status"]
        for row in rows:
            at = to_datetime(row.at or of or self.clock.now()).strftime("%Y-%m-%d %H:%M:%S")
            lines.append(
                ",".join((at, row.kind, row.trade, row.order, row.amount, row.fee, row.payer, row.note, row.status))
            )
        return "\n".join(lines).encode() + b"\n"

    async def import_rows(self, *rows: Row, name: str = "bill.csv", source: str = "bank") -> Imported:
        """Import a file of the channel with these rows."""
        (imported,) = await self.desk.imports.import_file(name=name, content=self.file(rows), by="Ada", source=source)
        return imported

    async def run(self, day: date, book: Book = Book.PAYMENTS) -> list[Break]:
        """Hold a day; gives the breaks that stand after it."""
        await self.desk.runs.run(day, books=[book], by="Ada")
        return await self.standing()

    async def standing(self) -> list[Break]:
        return await self.desk.breaks.list(standing=True, most=500)

    async def balance(self, account_id: UUID) -> str:
        return format_nanos((await self.till.ledger.balance(account_id)).posted)

    def stored(self) -> str:
        """Every row of every table of this desk, as text."""
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
                " AND (table_name LIKE 'statement%' OR table_name LIKE 'reconcile%')"
            ).fetchall()
            return "\n".join(
                str(row)
                for (name,) in names
                for row in connection.execute(f"SELECT t::text FROM {name} t").fetchall()  # type: ignore[arg-type]
            )

    def count(self, table: str) -> int:
        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
            assert row is not None
            return int(row[0])


@asynccontextmanager
async def open_house(
    database_url: str,
    owner_url: str,
    clock: ManualClock,
    data_dir: Path,
    *,
    policy: ApprovalPolicy = ApprovalPolicy.SINGLE_WITH_REASON,
    with_engine: bool = False,
) -> AsyncIterator[House]:
    async with open_till(database_url, owner_url, clock, data_dir, policy=policy) as till:
        directory = DataDirectory(data_dir)
        prices = PriceBooks(till.database, clock=clock)
        routes = Routes(till.database, sealer=directory, environment={})
        engine = Engine(
            database_url, clock=clock, guard_factory=lambda: SpendGuard(clock),
            settings=EngineSettings(lanes=1, batch_max=8, queue_max=10),
        )  # fmt: skip
        spend = Spend(
            engine=engine, ledger=till.ledger, database=till.database, directory=KeyDirectory(till.database, clock),
            prices=prices, routes=routes, clock=clock, settings=SpendSettings(fingerprint_secret=bytes(32), fit=False),
        )  # fmt: skip
        recharge = Recharge(
            orders=till.orders, notices=till.notices, order_refunds=till.refunds, payment_providers=till.providers,
            recharge_terms=till.terms, corrections=Corrections(ledger=till.ledger, approvals=till.approvals),
            receipts=Receipts(till.database, ledger=till.ledger, clock=clock, operator_name="Desk"),
            invoices=Invoices(till.database, clock=clock),
        )  # fmt: skip
        desk = build_reconciliation(
            database=till.database, ledger=till.ledger, approvals=till.approvals, clock=clock, data_directory=directory,
            recharge=recharge, spend=spend,
            archive=Archive(till.database, prices=prices, clock=clock, folder=data_dir / "archive"),
        )  # fmt: skip
        if not with_engine:
            # What the queries must agree with, in plain Python: an engine takes seconds to warm up in every test.
            runs = Runs(till.database, clock=clock, engines=NoEngines(), matchers=SPECIFICATIONS)
            desk = replace(desk, runs=runs)
        yield House(till=till, desk=desk, clock=clock, owner_url=owner_url)
