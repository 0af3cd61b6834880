"""A file as an importer sees it: text in whatever encoding, rows with their line numbers, or JSON. Pure: bytes in, rows out.

Archives and workbooks are taken apart in `opening`; what comes out of them are documents like any other.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from counterfoil.reconcile.statements.encodings import decode
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.model import RejectReason

# A day of a busy merchant is some tens of megabytes; more is for several files, or no statement at all.
LARGEST_BYTES = 128 * 1024 * 1024
# Pages of an interface's answers; objects in memory are ten times what they are as text.
LARGEST_JSON_BYTES = 32 * 1024 * 1024
MOST_ROWS = 500_000
LONGEST_LINE = 256 * 1024
# A cell may hold line breaks (addresses, remarks); a quote that has not closed by then is a stray one.
_LONGEST_RECORD_LINES = 20
_HEAD_ROWS = 200
# From so many cells on, a line that has all of them is a row, not a part of somebody's remark.
_WIDE = 5
_DELIMITERS = (",", "\t", ";", "|")
_UNREADABLE = re.compile("[\udc80-\udcff\x00]")
_QUOTED = re.compile(r'"[^"]*"')
_OPENED = re.compile(r'[ \t]*"')


class Row(NamedTuple):
    """One record: the line it begins on (from 1), its cells as they stand, and the record's text.

    `problem` is set where the record cannot be believed whole: bytes that no encoding explains, or a quote never closed.
    """

    number: int
    cells: tuple[str, ...]
    raw: str
    problem: RejectReason | None = None

    @property
    def is_blank(self) -> bool:
        return not any(cell.strip(" \t`\ufeff") for cell in self.cells)


class Document:
    """A named content. `grid` holds the rows where they come from a workbook, which has no text.

    Raises `StatementUnreadable` (`statement_too_large`) where it is larger than any statement.
    """

    def __init__(self, *, name: str, content: bytes, grid: tuple[Row, ...] | None = None) -> None:
        if len(content) > LARGEST_BYTES:
            raise StatementUnreadable(code="statement_too_large", bytes=len(content), limit=LARGEST_BYTES)
        self.name = name
        self.content = content
        self.grid = grid

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content).digest()

    @cached_property
    def text(self) -> str:
        """The whole text; bytes that no encoding explains are lone surrogates. Empty for a workbook."""
        return "" if self.grid is not None else decode(self.content)

    @cached_property
    def json(self) -> object | None:
        """The content as JSON with exact decimals (`Decimal`), or None where it is none.

        Raises `StatementUnreadable` (`statement_too_large`) where reading it would take many times its size in memory.
        """
        if self.text[:64].lstrip()[:1] not in ("{", "["):
            return None
        if len(self.content) > LARGEST_JSON_BYTES:
            raise StatementUnreadable(code="statement_too_large", bytes=len(self.content), limit=LARGEST_JSON_BYTES)
        try:
            parsed: object = json.loads(self.text, parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return None
        return parsed

    @cached_property
    def delimiter(self) -> str:
        """What separates cells: of comma, tab, semicolon and bar the one that cuts most lines most evenly."""
        head = (line for _, line in islice(_lines(self.text), _HEAD_ROWS) if len(line) <= LONGEST_LINE)
        lines = [_QUOTED.sub('""', line) for line in head]
        return max(_DELIMITERS, key=lambda one: _evenness(lines, one))

    @cached_property
    def head(self) -> tuple[Row, ...]:
        """The first rows: enough to tell what the file is."""
        found = []
        try:
            for row in islice(self.rows(), _HEAD_ROWS):
                found.append(row)
        except StatementUnreadable:
            # An endless line says what it is when the file is read; here it only ends the head.
            pass
        return tuple(found)

    def rows(self) -> Iterator[Row]:
        """Every row in the file's order; raises `StatementUnreadable` (`statement_too_large`) for endless lines or files."""
        rows = iter(self.grid) if self.grid is not None else _records(self.text, self.delimiter)
        for count, row in enumerate(rows):
            if count >= MOST_ROWS:
                raise StatementUnreadable(code="statement_too_large", rows=f"> {MOST_ROWS}", limit=MOST_ROWS)
            yield row


def _no_constant(name: str) -> Decimal:
    raise ValueError(name)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, ended by LF, CRLF or (very old files) CR; nothing else ends a line."""
    ending = "\n" if "\n" in text else "\r"
    number, start, end = 1, 0, len(text)
    while start < end:
        stop = text.find(ending, start)
        stop = end if stop < 0 else stop
        yield number, text[start:stop].rstrip("\r")
        number, start = number + 1, stop + 1


def _evenness(lines: list[str], delimiter: str) -> int:
    counts: dict[int, int] = {}
    for line in lines:
        count = line.count(delimiter)
        counts[count] = counts.get(count, 0) + 1
    # Squared: a table is wide, and the tabs behind its ids or the commas of the remarks above it are few.
    return max((cells * cells * times for cells, times in counts.items()), default=0)


def _records(text: str, delimiter: str) -> Iterator[Row]:
    lines = _lines(text)
    waiting: deque[tuple[int, str]] = deque()
    width = 0
    while one := waiting.popleft() if waiting else next(lines, None):
        number, line = one
        if len(line) > LONGEST_LINE:
            raise StatementUnreadable(code="statement_too_large", line=number, limit=LONGEST_LINE)
        cells = _line_cells(line, delimiter)
        if cells is None:
            # The quote may close on a later line; if it does not, only this line is broken, not what follows.
            following = _following(waiting, lines)
            cells, taken = _joined_cells([line, *(text for _, text in following)], delimiter, width)
            waiting = deque(following[taken:])
            line = "\n".join((line, *(text for _, text in following[:taken])))
        if cells is None:
            yield _row(number, tuple(line.split(delimiter)), line, RejectReason.CELL_UNKNOWN)
            continue
        width = max(width, len(cells))
        yield _row(number, cells, line)


def _following(waiting: deque[tuple[int, str]], lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    return [*waiting, *islice(lines, max(_LONGEST_RECORD_LINES - len(waiting), 0))]


def _joined_cells(lines: list[str], delimiter: str, width: int) -> tuple[tuple[str, ...] | None, int]:
    """Cells of a record that goes on over further lines, and over how many; None where its quote never closes properly.

    A stray quote that another quote far below happens to close would swallow the lines between. Such a record has fewer
    cells than the rows above it, or a whole row inside it, and is not believed.
    """
    joined = lines[0]
    for taken, line in enumerate(lines[1:], start=1):
        joined = f"{joined}\n{line}"
        if len(joined) > LONGEST_LINE:
            break
        if '"' in line and joined.count('"') % 2 == 0:
            cells = _strict_cells(joined, delimiter)
            if cells is not None and len(cells) >= width:
                return cells, taken
        if width >= _WIDE and line.count(delimiter) + 1 >= width:
            break
    return None, 0


def _row(number: int, cells: tuple[str, ...], raw: str, problem: RejectReason | None = None) -> Row:
    if "\x00" in raw or (not raw.isascii() and _UNREADABLE.search(raw)):
        # Neither lone surrogates nor NUL can be stored: what is shown has a sign in their place.
        raw = _UNREADABLE.sub("\ufffd", raw)
        cells = tuple(_UNREADABLE.sub("\ufffd", cell) for cell in cells)
        problem = RejectReason.ENCODING_BROKEN
    return Row(number, cells, raw, problem)


def _line_cells(line: str, delimiter: str) -> tuple[str, ...] | None:
    """Cells of one line, or None where a quote is still open at its end."""
    if line.startswith("`"):
        # WeChat Pay marks every cell so, and then quotes nothing: JSON stands there with its commas and quotes.
        return tuple(line[1:].split(f"{delimiter}`"))
    return tuple(line.split(delimiter)) if '"' not in line else _quoted_cells(line, delimiter)


def _quoted_cells(line: str, delimiter: str) -> tuple[str, ...] | None:
    """Cells of one line with quotes in it, or None where a quote is still open at its end."""
    return _strict_cells(line, delimiter) or _loose_cells(line, delimiter)


def _strict_cells(text: str, delimiter: str) -> tuple[str, ...] | None:
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return tuple(rows[0]) if len(rows) == 1 else None


def _loose_cells(line: str, delimiter: str) -> tuple[str, ...] | None:
    """As real files have them: spaces and tabs around quoted cells, and quotes in the middle of unquoted ones."""
    ended = re.compile(rf"[ \t]*(?:{re.escape(delimiter)}|\Z)")
    cells: list[str] = []
    position = 0
    while True:
        if opened := _OPENED.match(line, position):
            closed = _closing(line, opened.end(), ended)
            if closed is None:
                return None
            quote, past = closed
            cells.append(line[opened.end() : quote].replace('""', '"'))
            if past == len(line) and line[past - 1] != delimiter:
                return tuple(cells)
            position = past
            continue
        stop = line.find(delimiter, position)
        if stop < 0:
            return (*cells, line[position:])
        cells.append(line[position:stop])
        position = stop + 1


def _closing(line: str, start: int, ended: re.Pattern[str]) -> tuple[int, int] | None:
    """Where the quote that closes a cell stands, and where the next cell begins."""
    quote = line.find('"', start)
    while quote >= 0:
        if line[quote + 1 : quote + 2] == '"':
            quote = line.find('"', quote + 2)
            continue
        if past := ended.match(line, quote + 1):
            return quote, past.end()
        quote = line.find('"', quote + 1)
    return None
