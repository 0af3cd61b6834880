"""Tables. A page hands one over; the template draws it, and `?csv=` or `?xlsx=` with its name takes it away whole.

A cell is plain text, a number, or one of the cells below, which know how they are drawn (`form`) and what they are in a
file (`plain`): exact amounts without a currency's sign, times in RFC 3339.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from openpyxl import Workbook  # type: ignore[import-untyped]
from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import IllegalCharacterError  # type: ignore[import-untyped]

from counterfoil.console.shown import Shown
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.vocabulary import Kind, Language, entry

# A file of more rows is made at the terminal.
FILE_ROWS_MAX = 10_000
# What a spreadsheet would take for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money; `signed` shows a plus as well."""

    nanos: int | None
    currency: str
    signed: bool = False
    form: ClassVar[str] = "amount"

    def plain(self, shown: Shown) -> str:
        return "" if self.nanos is None else format_nanos(self.nanos)


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, in UTC microseconds."""

    at: int | None
    form: ClassVar[str] = "instant"

    def plain(self, shown: Shown) -> str:
        return "" if self.at is None else shown.exact_time(self.at)


@dataclass(frozen=True, slots=True)
class Count:
    number: int | None
    form: ClassVar[str] = "count"

    def plain(self, shown: Shown) -> str:
        return "" if self.number is None else str(self.number)


@dataclass(frozen=True, slots=True)
class Mark:
    """A state in a word; `tone` is good, bad, warn, info or quiet, and never all that tells states apart.

    With `href` it leads somewhere; `below` is a smaller line under it.
    """

    text: str
    tone: str = "quiet"
    hint: str = ""
    href: str | None = None
    below: str = ""
    form: ClassVar[str] = "mark"

    def plain(self, shown: Shown) -> str:
        return f"{self.text} ({self.below})" if self.below else self.text


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    href: str
    note: str = ""
    form: ClassVar[str] = "link"

    def plain(self, shown: Shown) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Id:
    """An id as shown, shortened on the page and whole when copied or taken away."""

    text: str
    href: str | None = None
    form: ClassVar[str] = "id"

    def plain(self, shown: Shown) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, drawn as a bar beside its number."""

    part: int
    whole: int
    form: ClassVar[str] = "share"

    def plain(self, shown: Shown) -> str:
        return shown.percent(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a limit is used and reserved, drawn as a bar; `text` stands below it, and in files for it."""

    used: int
    held: int
    amount: int
    text: str = ""
    form: ClassVar[str] = "meter"

    def plain(self, shown: Shown) -> str:
        return self.text or shown.percent(self.used + self.held, self.amount)


@dataclass(frozen=True, slots=True)
class Note:
    """A line with a smaller one below it; `whole` is what files have instead of the smaller one, where that is shortened."""

    text: str
    below: str
    href: str | None = None
    whole: str = ""
    form: ClassVar[str] = "note"

    def plain(self, shown: Shown) -> str:
        more = self.whole or self.below
        return f"{self.text} ({more})" if more else self.text


@dataclass(frozen=True, slots=True)
class Actions:
    """Buttons at the end of a row: each posts to its address. Not in files."""

    buttons: Sequence[Action]
    form: ClassVar[str] = "actions"

    def plain(self, shown: Shown) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Action:
    """A button that posts. `code` is the button in the vocabulary; its explanation is the consequence, asked about first
    where `danger` is set."""

    code: str
    href: str
    fields: Mapping[str, str] = field(default_factory=dict)
    danger: bool = False


Cell = str | int | None | Amount | Instant | Count | Mark | Link | Id | Share | Meter | Note | Actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`code` is a word in the vocabulary: the heading and its hint. `wide` columns are left out on a phone."""

    code: str
    numeric: bool = False
    wide: bool = False

    @property
    def css(self) -> str:
        """The classes of its cells."""
        return " ".join(name for name, is_so in (("numeric", self.numeric), ("wide", self.wide)) if is_so)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under headings. `name` is a short word for addresses and files; `caption` and `empty` are page entries.

    `more` is the address of the next page. `keys` (one a row) let rows be chosen for a form around the table.
    """

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str
    empty: str = "table_empty"
    more: str | None = None
    keys: Sequence[str] | None = None
    live: bool = False
    totals: Sequence[Cell] | None = None

    def lines(self) -> Iterator[tuple[int, str | None, Iterable[tuple[str, Cell]]]]:
        """Every row: its number from 1, its key where rows can be chosen, and its cells with the classes of their columns."""
        classes = [column.css for column in self.columns]
        for number, row in enumerate(self.rows, 1):
            yield number, self.keys[number - 1] if self.keys else None, zip(classes, row, strict=False)


def form_of(cell: Cell) -> str:
    """How a cell is drawn."""
    if isinstance(cell, str):
        return "text"
    if isinstance(cell, int):
        return "number"
    return "none" if cell is None else cell.form


def heading(column: Column, language: Language) -> str:
    return entry(Kind.WORD, column.code).label[language]


def as_csv(table: Table, shown: Shown) -> bytes:
    """The table as CSV (RFC 4180), UTF-8 with the mark that spreadsheets look for."""
    text = io.StringIO()
    writer = csv.writer(text)
    for row in _lines(table, shown):
        writer.writerow([_unformulated(value) for value in row])
    return "\ufeff".encode() + text.getvalue().encode()


def as_xlsx(table: Table, shown: Shown) -> bytes:
    """The table as a workbook of one sheet. Amounts are text: a spreadsheet's own numbers are not exact."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(table.name[:31])
    for row in _lines(table, shown):
        sheet.append([_text_cell(sheet, value) for value in row])
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _text_cell(sheet: Any, value: str) -> WriteOnlyCell:
    try:
        cell = WriteOnlyCell(sheet, value=value)
    except IllegalCharacterError:
        cell = WriteOnlyCell(sheet, value="".join(one for one in value if one.isprintable()))
    # Whatever it looks like, it is text: no formula starts here.
    cell.data_type = "s"
    return cell


def _lines(table: Table, shown: Shown) -> list[list[str]]:
    kept = [index for index, column in enumerate(table.columns) if column.code != "actions"]
    lines = [[heading(table.columns[index], shown.language) for index in kept]]
    for row in table.rows:
        lines.append([_plain(row[index], shown) for index in kept])
    return lines


def _plain(cell: Cell, shown: Shown) -> str:
    if cell is None:
        return ""
    return str(cell) if isinstance(cell, str | int) else cell.plain(shown)


def _unformulated(value: str) -> str:
    """A text that a spreadsheet would run is given a quote in front; a plain negative number is none."""
    if value.startswith(_FORMULA_STARTS) and not value.lstrip("+-").replace(".", "", 1).isdigit():
        return "'" + value
    return value
