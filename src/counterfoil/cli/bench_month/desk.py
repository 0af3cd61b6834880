"""The desk of a month: files go through the importers, lines become rows as they are kept, and each closing is a run of the
programs. What they find is held against what was planted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from counterfoil.cli.bench_month.books import CHANNELS, FEES, SETTLING
from counterfoil.cli.bench_month.calls import BY_REQUEST, OPENAI, OPENROUTER, SANDBOX
from counterfoil.cli.bench_month.files import ALIPAY, BANK, BANK_COLUMNS, CHINESE, EPAY, PAYPAL, STRIPE, WECHAT, File
from counterfoil.cli.bench_month.model import CHINA_LEAD, HOUR, Month, Planted, Reference, Row, Run
from counterfoil.foundation.periods import Window, to_datetime, window_bounds
from counterfoil.recharge.numbers import Numbers
from counterfoil.reconcile import programs
from counterfoil.reconcile.books.lines import PAYMENT_LINES, UPSTREAM_LINES
from counterfoil.reconcile.books.usage import ATTEMPTS, CHARGES, REQUESTS, TASKS
from counterfoil.reconcile.desk_model import KeptLine, KeptStatement, Source, SourceKind
from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.keeping import Keeper
from counterfoil.reconcile.matching import charges_program, upstream_program
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book, FoundBreak
from counterfoil.reconcile.runs_rules import Coverage, cover, terms_of
from counterfoil.reconcile.statements import registry
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, Statement
from counterfoil.reconcile.statements.opening import open_statement

_CHINA = "Asia/Shanghai"
_SECOND = 1_000_000
_IMPORTERS = {
    STRIPE: ("stripe_report",), WECHAT: ("wechat_trade",), ALIPAY: ("alipay_trade", "alipay_summary"), EPAY: ("epay",),
    PAYPAL: ("paypal",), OPENAI: ("openai_usage", "openai_costs"), OPENROUTER: ("openrouter_activity",),
    SANDBOX: ("sandbox_bill",),
}  # fmt: skip
# Class, rows of ours, rows of theirs.
Sight = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def sources() -> list[Source]:
    """Every channel, bank and upstream as an operator sets it up."""
    made = []
    for name in CHANNELS:
        share, fixed = FEES[name]
        made.append(
            Source(
                name=name, what=SourceKind.PROVIDER, importers=_IMPORTERS[name],
                reading=Reading(time_zone=_CHINA if name in CHINESE else "UTC"),
                settling_seconds=SETTLING[name] // _SECOND, fee_millionths=share, fee_fixed=fixed,
                tolerance={"USD": 1, "CNY": 1}, payouts_to=BANK if name == STRIPE else None,
            )
        )  # fmt: skip
    reading = Reading(time_zone="UTC", currency="USD", columns=BANK_COLUMNS)
    made.append(Source(name=BANK, what=SourceKind.BANK, importers=("bank",), reading=reading))
    for name in (OPENAI, *BY_REQUEST):
        made.append(Source(name=name, what=SourceKind.UPSTREAM, importers=_IMPORTERS[name], tolerance={"USD": 1}))
    return made


@dataclass(slots=True)
class _Imported:
    """What is known of the other side at a closing."""

    lines: dict[bytes, KeptLine] = field(default_factory=dict)
    statements: list[KeptStatement] = field(default_factory=list)
    references: dict[Reference, str] = field(default_factory=dict)
    known_again: int = 0


class Desk:
    """Closes a month run by run. `numbers` hashes as our own records were hashed."""

    def __init__(self, month: Month, files: Iterable[File], numbers: Numbers) -> None:
        self._month = month
        self._files = sorted(files, key=lambda file: (file.known_from, file.name))
        self._numbers = numbers
        self._sources = sources()
        self._by_name = {source.name: source for source in self._sources}
        self._imported = _Imported()
        self._ids = 0
        self.files_read = 0

    @property
    def lines_known(self) -> int:
        return len(self._imported.lines)

    @property
    def lines_known_again(self) -> int:
        return self._imported.known_again

    # -- importing -----------------------------------------------------------------------------------------------------

    def import_until(self, end: int) -> None:
        """Everything that is here when a time that ends then is closed; raises `CounterfoilError`, or `ValueError` where a
        file is not read whole."""
        while self._files and self._files[0].known_from <= end:
            file = self._files.pop(0)
            self.files_read += 1
            for document in open_statement(name=file.name, content=file.content):
                source = self._by_name[file.source]
                mapped = registry.find_importer(source.importers[0]) if source.reading.columns else None
                importer = mapped or registry.identify(document)
                if importer.name not in source.importers:
                    raise ValueError(f"{file.name}: taken for {importer.name}")
                statement = importer.extract(document, source.reading)
                wrong = [total for total in statement.totals if not total.holds]
                if statement.rejects or statement.is_truncated or wrong:
                    raise ValueError(f"{file.name}: {statement.rejects[:2]} {wrong[:2]} {statement.is_truncated}")
                self._keep(file, source, statement)

    def _keep(self, file: File, source: Source, statement: Statement) -> None:
        """As imports keep a statement: a line that is known adds nothing."""
        imported, keeper = self._imported, Keeper(self._numbers, source=source.name, importer=statement.importer)
        statement_id = self._next_id()
        for line in statement.lines:
            key = keeper.natural_key(line)
            there = imported.lines.get(key)
            line_id = self._next_id() if there is None else there.line_id
            kept = keeper.keep(line, line_id=line_id, revision=1, statement_id=statement_id)
            imported.known_again += there is not None
            if there is None or there.content != kept.content:
                imported.lines[key] = kept
            imported.references[_reference(source.name, line)] = f"line:{line_id.hex}"
        begins, ends = _period(statement, source.reading)
        imported.statements.append(
            KeptStatement(
                statement_id=statement_id, source=source.name, file_hash=b"", importer=statement.importer,
                importer_version=statement.version, name=file.name, begins=begins, ends=ends, period_is_stated=False,
                is_truncated=False, lines=len(statement.lines), lines_new=0, lines_changed=0, rejects=0, totals=0,
                totals_wrong=0, imported_at=file.known_from, imported_by="bench",
            )
        )  # fmt: skip

    def _next_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)

    # -- runs ----------------------------------------------------------------------------------------------------------

    def run(self, engine: Engine, run: Run) -> tuple[list[FoundBreak], Coverage]:
        """All books of a time, as a run holds them; gives what it finds."""
        now, day = run.end + CHINA_LEAD + HOUR, to_datetime(run.end - 1).date()
        found: list[FoundBreak] = []
        coverages = {}
        for book in Book:
            statements = [
                one
                for one in self._imported.statements
                if one.begins is not None and one.ends is not None and one.begins < run.end and one.ends > run.start
            ]
            coverage = cover(
                book, day, begins=run.start, ends=run.end, now=now, sources=self._sources, statements=statements,
                unknown_providers=(),
            )  # fmt: skip
            terms = terms_of(self._sources, coverage.here, begins=run.start, ends=run.end, now=now)
            found += [*_match(engine, book, self._rows(book, run), terms), *coverage.breaks]
            coverages[book] = coverage
        return found, coverages[Book.PAYMENTS]

    def _rows(self, book: Book, run: Run) -> dict[str, list[Row]]:
        month = self._month

        def of_run(rows: Iterable[Row], at: str) -> list[Row]:
            return [row for row in rows if run.start <= row[at] < run.end]

        match book:
            case Book.PAYMENTS:
                return self._payment_rows(run)
            case Book.CODES:
                codes = [row for row in month.credits if row["cause_kind"] == "code" and row["at"] < run.end]
                redemptions = [row for row in month.redemptions if row["redeemed_at"] < run.end]
                return {"redemptions": redemptions, "credits": codes}
            case Book.CHARGES:
                return {
                    "requests": of_run(month.requests, "settled_at"), "tasks": of_run(month.tasks, "settled_at"),
                    "charges": of_run(month.charges, "at"),
                }  # fmt: skip
            case Book.UPSTREAM:
                lines = [_upstream_row(kept) for kept in self._imported.lines.values() if kept.starts_at is not None]
                return {"attempts": of_run(month.attempts, "started_at"), "upstream_lines": of_run(lines, "starts_at")}

    def _payment_rows(self, run: Run) -> dict[str, list[Row]]:
        """Everything until the end of the run, and later lines of the same orders. What was matched before is matched the
        same way again, so that nothing that is long settled may come up as a break."""
        month = self._month
        orders = [row for row in month.orders if (row["paid_at"] or row["created_at"]) < run.end]
        known = {row["order_id"] for row in orders if row["paid_at"] is not None}
        payments = [row for row in month.payments if row["order_id"] in known]
        keys = {row["trade_key"] for row in payments}
        rows = (_line_row(kept) for kept in self._imported.lines.values() if kept.starts_at is None)
        lines = [
            row
            for row in rows
            if row["at"] < run.end
            or (row["kind"] == LineKind.PAYMENT and (row["order_id"] in known or row["trade_key"] in keys))
        ]
        return {
            "orders": orders, "payments": payments, "lines": lines,
            "order_refunds": [row for row in month.refunds if row["created_at"] < run.end],
            "credits": [row for row in month.credits if row["cause_kind"] != "code" and row["at"] < run.end],
        }  # fmt: skip

    # -- what was planted ----------------------------------------------------------------------------------------------

    def due(self, run: Run, absent: frozenset[str]) -> set[Sight]:
        """What a run has to find, with the lines as they were imported."""
        return {self._sight(planted, run) for planted in self._month.planted if planted.is_due(run, absent)}

    def _sight(self, planted: Planted, run: Run) -> Sight:
        references = self._imported.references

        def names(rows: Sequence[Reference | str]) -> tuple[str, ...]:
            told = (
                references.get(row, f"line:not-imported:{row}")
                if isinstance(row, Reference)
                else row.replace("{run}", str(run.start))
                for row in rows
            )
            return tuple(sorted(told))

        return planted.book, planted.break_class, names(planted.ours), names(planted.theirs)


def sight_of(found: FoundBreak) -> Sight:
    return found.book, found.break_class, found.ours, found.theirs


def _match(engine: Engine, book: Book, rows: Mapping[str, list[Row]], terms: Terms) -> list[FoundBreak]:
    match book:
        case Book.PAYMENTS:
            return list(programs.match_payments(engine, rows, terms).breaks)
        case Book.CODES:
            return list(programs.match_codes(engine, rows, terms).breaks)
        case Book.CHARGES:
            columns: Mapping[str, Mapping[str, str]] = {"requests": REQUESTS, "tasks": TASKS, "charges": CHARGES}
            tables = {name: engine.load_rows(name, kinds, rows[name]) for name, kinds in columns.items()}
            return list(charges_program.run(engine, tables, terms).breaks)
        case Book.UPSTREAM:
            columns = {"attempts": ATTEMPTS, "upstream_lines": UPSTREAM_LINES}
            tables = {name: engine.load_rows(name, kinds, rows[name]) for name, kinds in columns.items()}
            return list(upstream_program.run(engine, tables, terms).breaks)


def _line_row(kept: KeptLine) -> Row:
    return {name: _plain(getattr(kept, name)) for name in PAYMENT_LINES}


def _upstream_row(kept: KeptLine) -> Row:
    # What an upstream took back stands on its bill with the other sign.
    return {name: _plain(getattr(kept, name)) for name in UPSTREAM_LINES} | {"amount": -kept.direction * kept.amount}


def _plain(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value.hex() if isinstance(value, bytes) else value


def _reference(source: str, line: Line) -> Reference:
    """The line as its channel names it."""
    if line.use is not None:
        item = line.raw.get("line_item") or line.use.model
        number = line.use.upstream_id or "|".join((item, line.use.key_name or "", str(line.use.starts_at)))
        return Reference(source, line.kind.value, number)
    by_kind = {LineKind.REFUND: line.refund_number, LineKind.PAYOUT: line.payout_number}
    return Reference(source, line.kind.value, by_kind.get(line.kind) or line.trade_number or "")


def _period(statement: Statement, reading: Reading) -> tuple[int | None, int | None]:
    """What a statement covers, as imports take it: as it says, or the whole days from its first line to its last."""
    if statement.begins is not None and statement.ends is not None:
        return statement.begins, statement.ends
    if not statement.lines:
        return None, None
    ends = [line.at if line.use is None else max(line.at, line.use.ends_at - 1) for line in statement.lines]
    zone = reading.time_zone or "UTC"
    return (
        window_bounds(Window.DAY, min(line.at for line in statement.lines), zone)[0],
        window_bounds(Window.DAY, max(ends), zone)[1],
    )
