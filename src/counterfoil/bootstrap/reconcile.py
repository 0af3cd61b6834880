"""Reconciliation, wired: sources, statements, runs, breaks and their settling."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from counterfoil.approvals.service import Approvals
from counterfoil.bootstrap.recharge import Recharge
from counterfoil.foundation.clock import Clock
from counterfoil.ledger.service import Ledger
from counterfoil.recharge.numbers import Numbers
from counterfoil.reconcile.archive import Archive
from counterfoil.reconcile.background import Background
from counterfoil.reconcile.breaks_service import Breaks
from counterfoil.reconcile.desk import Reconciliation
from counterfoil.reconcile.gather_store import Rows
from counterfoil.reconcile.imports import Imports
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.runs_service import Matcher, Runs
from counterfoil.reconcile.settling import Settling
from counterfoil.reconcile.settling_money import MoneySettling
from counterfoil.reconcile.sources_service import Sources
from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.importer import Importer
from counterfoil.spend.service import Spend
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database

if TYPE_CHECKING:
    from counterfoil.reconcile.engines import Engine


# Importers and engines bring libraries that take seconds to load, which no other command should wait for.


class StatementReader:
    """Every importer there is."""

    def open(self, *, name: str, content: bytes) -> Sequence[Document]:
        from counterfoil.reconcile.statements.opening import open_statement

        return open_statement(name=name, content=content)

    def identify(self, document: Document) -> Importer:
        from counterfoil.reconcile.statements import registry

        return registry.identify(document)

    def find(self, name: str) -> Importer | None:
        from counterfoil.reconcile.statements import registry

        return registry.find_importer(name)

    def names(self) -> list[str]:
        from counterfoil.reconcile.statements import registry

        return [one.name for one in registry.IMPORTERS]


class InstalledEngines:
    """DuckDB, and Spark where it is installed; what does not fit into memory is written into `spill`."""

    def __init__(self, spill: Path) -> None:
        self._spill = spill

    def check(self, name: str) -> str:
        from counterfoil.reconcile import engines

        return engines.check_engine(name)

    def connect(self, name: str) -> AbstractContextManager[Engine]:
        from counterfoil.reconcile import engines

        return engines.connect(name, spill=self._spill)


def _match_payments(engine: Engine, rows: Rows, terms: Terms) -> Outcome:
    from counterfoil.reconcile import programs

    return programs.match_payments(engine, rows, terms)


def _match_codes(engine: Engine, rows: Rows, terms: Terms) -> Outcome:
    from counterfoil.reconcile import programs

    return programs.match_codes(engine, rows, terms)


def _match_charges(archive: Archive) -> Matcher:
    def match(engine: Engine, rows: Rows, terms: Terms) -> Outcome:
        from counterfoil.reconcile import archived_books

        return archived_books.match_charges(archive, engine, rows, terms)

    return match


def _match_upstream(archive: Archive) -> Matcher:
    def match(engine: Engine, rows: Rows, terms: Terms) -> Outcome:
        from counterfoil.reconcile import archived_books

        return archived_books.match_upstream(archive, engine, rows, terms)

    return match


def build_reconciliation(
    *,
    database: Database,
    ledger: Ledger,
    approvals: Approvals,
    clock: Clock,
    data_directory: DataDirectory,
    recharge: Recharge,
    spend: Spend,
    archive: Archive,
    time_zone: str = "UTC",
) -> Reconciliation:
    """The desk on a ledger; its numbers are hashed as those of orders are, and its days are those of `time_zone`."""
    numbers = Numbers(data_directory.derive(b"payments"), data_directory)
    reader = StatementReader()
    imports = Imports(database, clock=clock, numbers=numbers, reader=reader)
    runs = Runs(
        database, clock=clock, engines=InstalledEngines(data_directory.path / "reconcile-spill"),
        matchers={
            Book.PAYMENTS: _match_payments,
            Book.CODES: _match_codes,
            Book.CHARGES: _match_charges(archive),
            Book.UPSTREAM: _match_upstream(archive),
        },
        time_zone=time_zone,
    )  # fmt: skip
    return Reconciliation(
        sources=Sources(database, clock=clock, importers=reader.names, numbers=numbers),
        imports=imports,
        runs=runs,
        background=Background(database, clock=clock, imports=imports, runs=runs),
        breaks=Breaks(database, clock=clock, approvals=approvals),
        settling=Settling(database, clock=clock),
        money_settling=MoneySettling(
            database, clock=clock, ledger=ledger, approvals=approvals, orders=recharge.orders,
            refunds=recharge.order_refunds, spend=spend,
        ),
    )  # fmt: skip
