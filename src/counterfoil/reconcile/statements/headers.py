"""Headers found by their names, wherever they stand and in whatever order, and the rows below them as records."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Never, TypeVar

from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CellUnreadable
from counterfoil.reconcile.statements.document import Row
from counterfoil.reconcile.statements.model import Line, Reject, RejectReason

RAW_SHOWN = 500
# No statement's header is wider, and no column's name longer: what is, need not be compared.
_MOST_COLUMNS = 1000
_LONGEST_NAME = 200
_NOTHING = frozenset({"", "-", "--", "/"})
T = TypeVar("T")


@lru_cache(maxsize=4096)
def normalise(name: str) -> str:
    """A column's name as it is compared: NFKC (full-width brackets too), without spaces and marks, in small letters."""
    return "".join(unicodedata.normalize("NFKC", cells.clean(name)).split()).strip('`"').casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The names of the columns as the file writes them, and where each stands."""

    number: int
    names: tuple[str, ...]
    positions: dict[str, int]
    # The names, made different from each other: a line keeps every cell, whatever its column is called.
    keys: tuple[str, ...]
    # Names asked for -> position, so that a hundred thousand lines do not normalise them again.
    _found: dict[tuple[str, ...], int | None] = field(default_factory=dict, repr=False, compare=False)

    def position(self, *names: str) -> int | None:
        """Where the first of these names that the file has stands, or None."""
        try:
            return self._found[names]
        except KeyError:
            wanted = (self.positions.get(normalise(name)) for name in names)
            found = self._found[names] = next((one for one in wanted if one is not None), None)
            return found

    def has(self, *names: str) -> bool:
        """Whether every one of these columns is there."""
        return all(self.position(name) is not None for name in names)


class Record:
    """One line under its header. Every reader names the column and its former names; the first that exists is read."""

    __slots__ = ("header", "row")

    def __init__(self, *, header: Header, row: Row) -> None:
        self.header = header
        self.row = row

    def text(self, *names: str) -> str:
        """The cell, cleaned; "" where it is empty or the file has no such column."""
        position = self.header.position(*names)
        found = self.row.cells
        return cells.clean(found[position]) if position is not None and position < len(found) else ""

    def needed(self, *names: str) -> str:
        """The cell, cleaned; raises `CellUnreadable` (`cell_missing`) where it is empty."""
        return self.text(*names) or self._fail(RejectReason.CELL_MISSING, names)

    def id(self, *names: str) -> str | None:
        """An id, or None where the cell says that there is none."""
        try:
            return cells.clean_id(self.text(*names))
        except CellUnreadable as error:
            self._fail(error.reason, names)

    def needed_id(self, *names: str) -> str:
        return self.id(*names) or self._fail(RejectReason.CELL_MISSING, names)

    def amount(self, *names: str, decimal: str = ".") -> int:
        """A signed amount in nanos, exact; an empty cell is a missing one."""
        return self._nanos(self.needed(*names), names, decimal)

    def amount_or_zero(self, *names: str, decimal: str = ".") -> int:
        """The same, but nothing is nothing: for columns that are empty where they do not apply."""
        text = self.text(*names)
        return 0 if text in _NOTHING else self._nanos(text, names, decimal)

    def _nanos(self, text: str, names: tuple[str, ...], decimal: str) -> int:
        try:
            return cells.nanos(text, decimal=decimal)
        except CellUnreadable as error:
            return self._fail(error.reason, names)

    def nearest_amount(self, *names: str, decimal: str = ".") -> int:
        """A signed cost in nanos, rounded half to even where it has more than nine decimals."""
        text = self.needed(*names)
        try:
            return cells.nearest_nanos(text, decimal=decimal)
        except CellUnreadable as error:
            return self._fail(error.reason, names)

    def count(self, *names: str) -> int | None:
        """A whole number, or None where the cell is empty or the column is not there."""
        text = self.text(*names)
        try:
            return cells.count(text) if text else None
        except CellUnreadable as error:
            return self._fail(error.reason, names)

    def time(self, *names: str, time_zone: str) -> int:
        """A time in UTC microseconds."""
        text = self.needed(*names)
        try:
            return cells.micros(text, time_zone=time_zone)
        except CellUnreadable as error:
            return self._fail(error.reason, names)

    def currency(self, *names: str, default: str | None = None) -> str:
        try:
            return cells.currency(self.text(*names), default=default)
        except CellUnreadable as error:
            return self._fail(error.reason, names)

    def choice(self, choices: Mapping[str, T], *names: str) -> T:
        """What a word of a closed set stands for; raises `CellUnreadable` (`cell_unknown`) for any other."""
        found = choices.get(self.text(*names))
        return found if found is not None else self._fail(RejectReason.CELL_UNKNOWN, names)

    @property
    def raw(self) -> dict[str, str]:
        """The line as it stands, column by column."""
        return dict(zip(self.header.keys, self.row.cells, strict=False))

    def fail(self, reason: RejectReason, *names: str) -> CellUnreadable:
        """The error to raise about a column, by the name that it has in this file."""
        position = self.header.position(*names)
        if position is None:
            return CellUnreadable(reason, names[0] if names else None)
        return CellUnreadable(reason, self.header.names[position])

    def _fail(self, reason: RejectReason, names: tuple[str, ...]) -> Never:
        raise self.fail(reason, *names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What came of the rows under a header. `footer` holds the rows from the end mark on."""

    lines: tuple[Line, ...]
    rejects: tuple[Reject, ...]
    footer: tuple[Row, ...]
    # The last row has fewer cells than the header: the file was cut there.
    is_cut: bool


class _Reading:
    def __init__(self, *, header: Header, read: Callable[[Record], Line | None]) -> None:
        self.header = header
        self.read = read
        self.lines: list[Line] = []
        self.rejects: list[Reject] = []
        self.has_ended = False
        self.is_cut = False
        self._keys: set[str] = set()
        self._width = len(header.names)
        # An empty name at the end is only a comma at the end of the line.
        self._least = max((n for n, name in enumerate(header.names, start=1) if name), default=0)

    def take(self, row: Row) -> None:
        self.is_cut = len(row.cells) < self._least
        reason = row.problem or self._miscounted(row)
        if reason is not None:
            self.rejects.append(reject(row, reason))
            return
        try:
            line = self.read(Record(header=self.header, row=row))
        except CellUnreadable as error:
            self.rejects.append(reject(row, error.reason, error.column))
            return
        if line is None:
            return
        if line.natural_key in self._keys:
            self.rejects.append(reject(row, RejectReason.DUPLICATE_IN_FILE))
            return
        self._keys.add(line.natural_key)
        self.lines.append(line)

    def _miscounted(self, row: Row) -> RejectReason | None:
        if len(row.cells) < self._least:
            return RejectReason.TOO_FEW_CELLS
        if len(row.cells) > self._width and any(cells.clean(cell) for cell in row.cells[self._width :]):
            return RejectReason.TOO_MANY_CELLS
        return None


def find_header(rows: Iterable[Row], *needed: str) -> Header | None:
    """The first row that has all these names, or None."""
    wanted = {normalise(name) for name in needed}
    for row in rows:
        if not len(wanted) <= len(row.cells) <= _MOST_COLUMNS:
            continue
        names = [normalise(cell) if len(cell) <= _LONGEST_NAME else "" for cell in row.cells]
        if wanted.issubset(names):
            return header_of(row)
    return None


def header_of(row: Row) -> Header:
    """A row as a header; of two columns of one name the first is the one meant."""
    names = tuple(cells.clean(cell) for cell in row.cells)
    positions: dict[str, int] = {}
    firsts: dict[str, int] = {}
    for position, name in enumerate(names):
        firsts.setdefault(name, position)
        if normalise(name):
            positions.setdefault(normalise(name), position)
    keys = tuple(
        name if name and firsts[name] == position else f"{name}#{position + 1}" for position, name in enumerate(names)
    )
    return Header(number=row.number, names=names, positions=positions, keys=keys)


def read_table(
    rows: Iterable[Row],
    header: Header,
    read: Callable[[Record], Line | None],
    *,
    is_end: Callable[[Row], bool] = lambda row: False,
) -> Table:
    """Every row below the header as a line or as a reject, until the end mark; none is left out but blank ones.

    `read` makes a line of a record, raises `CellUnreadable`, or gives None for a row that says nothing (a subtotal, a
    repeated remark). A second header of the same names, as in files put together, goes on after a footer.
    """
    reading = _Reading(header=header, read=read)
    footer: list[Row] = []
    for row in rows:
        if row.number <= header.number or row.is_blank:
            continue
        if cells.clean(row.cells[0]) == header.names[0] and tuple(map(cells.clean, row.cells)) == header.names:
            reading.has_ended = False
        elif reading.has_ended or is_end(row):
            reading.has_ended = True
            footer.append(row)
        else:
            reading.take(row)
    return Table(
        lines=tuple(reading.lines), rejects=tuple(reading.rejects), footer=tuple(footer), is_cut=reading.is_cut
    )


def reject(row: Row, reason: RejectReason, column: str | None = None) -> Reject:
    return Reject(number=row.number, column=column, reason=reason, raw=row.raw[:RAW_SHOWN])
