"""Tables of which a person has named the columns: what `bank` and `generic` have in common.

A mapping gives for each field the name of the column that holds it. Times are one column (`time`) or two (`date`, `clock`);
amounts are one with a sign (`amount`), one without beside a word (`amount`, `direction`), or two (`income`, `expense`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CHINA, CellUnreadable
from counterfoil.reconcile.statements.decimal_signs import POINT, decimal_sign
from counterfoil.reconcile.statements.document import Document, Row
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Header, Record, find_header, normalise
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import RejectReason

_DIRECTIONS = {
    **dict.fromkeys(("收入", "转入", "来账", "贷", "贷方", "存入", "收", "in", "credit", "cr", "c", "+", "deposit"), 1),
    **dict.fromkeys(
        ("支出", "转出", "往账", "借", "借方", "支取", "付", "out", "debit", "dr", "d", "-", "withdrawal"), -1
    ),
}
_NOTHING = frozenset({"", "-", "--", "/"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A header with the mapping that holds for it, and how its numbers and times are to be read."""

    header: Header
    columns: Mapping[str, str]
    decimal: str
    currency: str | None
    time_zone: str

    def text(self, record: Record, field: str) -> str:
        """The field's cell, cleaned; "" where it is empty or not mapped."""
        return record.text(self.columns[field]) if field in self.columns else ""

    def id(self, record: Record, field: str) -> str | None:
        return record.id(self.columns[field]) if field in self.columns else None

    def count(self, record: Record, field: str) -> int | None:
        return record.count(self.columns[field]) if field in self.columns else None

    def time(self, record: Record) -> int:
        """When it happened, in UTC microseconds; raises `CellUnreadable`."""
        column = self.columns["time" if "time" in self.columns else "date"]
        text = record.needed(column)
        if "clock" in self.columns:
            text = f"{text} {record.needed(self.columns['clock'])}"
        try:
            return cells.micros(text, time_zone=self.time_zone)
        except CellUnreadable as error:
            raise record.fail(error.reason, column) from None

    def end(self, record: Record, begins: int) -> int:
        """When what the line sums up ends; of a single thing when it happened."""
        return record.time(self.columns["end"], time_zone=self.time_zone) if "end" in self.columns else begins

    def amount(self, record: Record, field: str) -> int:
        """A signed amount in nanos; nothing where the cell is empty or not mapped."""
        if self.text(record, field) in _NOTHING:
            return 0
        return record.amount(self.columns[field], decimal=self.decimal)

    def movement(self, record: Record) -> tuple[int, int]:
        """Direction and positive amount; raises `CellUnreadable` where they cannot be told."""
        if "amount" in self.columns:
            amount = self._amount(record)
            if "direction" not in self.columns:
                return (-1 if amount < 0 else 1), abs(amount)
            direction = _DIRECTIONS.get(normalise(self.text(record, "direction")))
            if direction is None:
                raise record.fail(RejectReason.CELL_UNKNOWN, self.columns["direction"])
            return direction, abs(amount)
        income, expense = self.amount(record, "income"), self.amount(record, "expense")
        if bool(income) == bool(expense):
            raise record.fail(RejectReason.AMOUNT_UNREADABLE, self.columns["income"])
        # A negative expense is one written with its sign; a negative income is one taken back.
        return (1 if income > 0 else -1), abs(income or expense)

    def _amount(self, record: Record) -> int:
        if "model" in self.columns:
            # Costs of single calls come with more than nine decimals.
            return record.nearest_amount(self.columns["amount"], decimal=self.decimal)
        return record.amount(self.columns["amount"], decimal=self.decimal)

    def currency_of(self, record: Record) -> str:
        column = self.columns.get("currency")
        return record.currency(*([column] if column else []), default=self.currency)


def find_mapped(document: Document, reading: Reading, fields: Iterable[str]) -> Mapped:
    """The table under the mapped columns; raises `StatementUnreadable` (`statement_columns_missing`), naming what is missing."""
    columns = {field: name for field, name in reading.columns.items() if name.strip()}
    wrong = sorted(columns.keys() - set(fields))
    if wrong:
        raise StatementUnreadable(code="statement_columns_missing", unknown=", ".join(wrong))
    missing = [name for name, has in _needs(columns) if not has]
    if missing:
        raise StatementUnreadable(code="statement_columns_missing", fields=", ".join(missing))
    header = find_header(document.head, *columns.values())
    if header is None:
        raise StatementUnreadable(code="statement_columns_missing", columns=", ".join(_absent(document, columns)))
    return Mapped(
        header=header,
        columns=columns,
        decimal=_decimal(document, header, columns),
        currency=reading.currency,
        time_zone=reading.time_zone or CHINA,
    )


def _needs(columns: Mapping[str, str]) -> list[tuple[str, bool]]:
    return [
        ("time", "time" in columns or "date" in columns),
        ("amount", "amount" in columns or {"income", "expense"} <= columns.keys()),
    ]


def _absent(document: Document, columns: Mapping[str, str]) -> list[str]:
    seen = {normalise(cell) for row in document.head for cell in row.cells}
    return [name for name in columns.values() if normalise(name) not in seen] or list(columns.values())


def _decimal(document: Document, header: Header, columns: Mapping[str, str]) -> str:
    positions = [header.position(columns[field]) for field in ("amount", "income", "expense") if field in columns]
    return decimal_sign(_cells_at(document.head, header, positions), otherwise=POINT)


def _cells_at(rows: Iterable[Row], header: Header, positions: Iterable[int | None]) -> Iterable[str]:
    wanted = [position for position in positions if position is not None]
    for row in rows:
        if row.number > header.number:
            yield from (cells.clean(row.cells[position]) for position in wanted if position < len(row.cells))
