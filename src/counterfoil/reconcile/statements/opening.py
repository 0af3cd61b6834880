"""Files taken apart: an archive into its members, a workbook into its sheets. Everything that grows is bounded first.

A statement's archive holds a handful of files. One that says it holds more than that, or unpacks to more than a statement
can be, is refused before anything of it is unpacked.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from itertools import pairwise
from typing import Any

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from counterfoil.reconcile.statements.document import LARGEST_BYTES, MOST_ROWS, Document, Row
from counterfoil.reconcile.statements.errors import StatementUnreadable

MOST_MEMBERS = 200
# An archive in an archive, as mail programs make them; deeper is a trap.
_DEEPEST = 2
_MOST_COLUMNS = 256
_MOST_SHEETS = 20
_MOST_CELLS = 5_000_000
# All of a workbook but its rows and words: styles, names, relations. A program writes some tens of kilobytes.
_LARGEST_PART = 1024 * 1024
# Rows and words are read one by one, each whole: one row without end would be as bad as a file without end.
_LONGEST_ROW = 1024 * 1024
_LONG_PARTS = re.compile(r"/worksheets/[^/]+\.xml\Z|/sharedStrings\.xml\Z", re.IGNORECASE)
_PARTS = re.compile(r"\.(xml|rels)\Z", re.IGNORECASE)
_STARTS = re.compile(rb"<(?:\w+:)?(?:row|si)[\s>/]")
# Comments and entities could hold or hide the signs that are counted, and so could UTF-16, where every other byte is NUL;
# no program writes any of them into rows or words.
_TRAPS = (b"<!", b"\x00")
_WORKBOOK = "xl/workbook.xml"
_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
# An old or locked workbook (OLE2): no statement comes as one, but people try.
_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNSHOWN = re.compile(r"(^|/)(__MACOSX/|\.)")
# openpyxl reads XML with lxml where it is installed: of the errors of both parsers, `SyntaxError` is what they share.
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, SyntaxError, InvalidFileException,
    KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError,
)  # fmt: skip


def open_statement(*, name: str, content: bytes) -> tuple[Document, ...]:
    """The documents that a file holds: itself, an archive's members or a workbook's sheets, in the file's order.

    Raises `StatementUnreadable`: `statement_too_large`, `statement_locked`, `statement_damaged`.
    """
    return tuple(_Opening().open(name, content, depth=0))


class _Opening:
    def __init__(self) -> None:
        self._left = LARGEST_BYTES

    def open(self, name: str, content: bytes, *, depth: int) -> list[Document]:
        if len(content) > LARGEST_BYTES:
            raise StatementUnreadable(code="statement_too_large", bytes=len(content), limit=LARGEST_BYTES)
        if content.startswith(_OLE2):
            raise StatementUnreadable(code="statement_locked")
        if not content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            return [Document(name=name, content=content)]
        try:
            with zipfile.ZipFile(BytesIO(content)) as archive:
                return self._unpack(name, content, archive, depth=depth)
        except _DAMAGED as error:
            raise StatementUnreadable(code="statement_damaged") from error

    def _unpack(self, name: str, content: bytes, archive: zipfile.ZipFile, *, depth: int) -> list[Document]:
        members = [one for one in archive.infolist() if not one.is_dir()]
        unpacked = sum(one.file_size for one in members)
        if len(members) > MOST_MEMBERS or unpacked > self._left or depth >= _DEEPEST:
            raise StatementUnreadable(
                code="statement_too_large", members=len(members), bytes=unpacked, limit=LARGEST_BYTES
            )
        if any(one.flag_bits & _ENCRYPTED for one in members):
            raise StatementUnreadable(code="statement_locked")
        self._left -= unpacked
        if any(one.filename == _WORKBOOK for one in members):
            _check_parts(archive, members)
            return _sheets(name, content)
        found: list[Document] = []
        for member in members:
            inner = _member_name(member)
            if not _UNSHOWN.search(inner):
                # zipfile reads no more than the size that the directory states, which is bounded above.
                found.extend(self.open(f"{name}/{inner}", archive.read(member), depth=depth + 1))
        return found


def _member_name(member: zipfile.ZipInfo) -> str:
    """The member's name; without the mark for UTF-8 it is GBK, where Chinese programs packed it."""
    if member.flag_bits & _UTF8_NAME:
        return member.filename
    packed = member.filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return packed.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def _check_parts(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Refuse a workbook of which one part would have to be held in memory whole, and is too large for that."""
    for member in members:
        if member.file_size <= _LARGEST_PART or not _PARTS.search(member.filename):
            continue
        if not _LONG_PARTS.search(f"/{member.filename}"):
            raise StatementUnreadable(code="statement_too_large", bytes=member.file_size, limit=_LARGEST_PART)
        content = archive.read(member)
        if any(sign in content for sign in _TRAPS):
            raise StatementUnreadable(code="statement_damaged")
        starts = [0, *(found.start() for found in _STARTS.finditer(content)), len(content)]
        longest = max(after - before for before, after in pairwise(starts))
        if longest > _LONGEST_ROW:
            raise StatementUnreadable(code="statement_too_large", bytes=longest, limit=_LONGEST_ROW)


def _sheets(name: str, content: bytes) -> list[Document]:
    workbook = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
    try:
        sheets = workbook.worksheets
        if len(sheets) > _MOST_SHEETS:
            raise StatementUnreadable(code="statement_too_large", sheets=len(sheets), limit=_MOST_SHEETS)
        budget = [_MOST_CELLS]
        found = [(sheet.title, _grid(sheet, budget)) for sheet in sheets]
    finally:
        workbook.close()
    filled = [(title, grid) for title, grid in found if grid]
    if len(filled) <= 1:
        return [Document(name=name, content=content, grid=filled[0][1] if filled else ())]
    return [Document(name=f"{name}/{title}", content=content, grid=grid) for title, grid in filled]


def _grid(sheet: Any, budget: list[int]) -> tuple[Row, ...]:
    # The size that a sheet claims is not believed: it may be wrong, or a million empty rows.
    sheet.reset_dimensions()
    found: list[tuple[int, list[str]]] = []
    width = 0
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        budget[0] -= len(values) + 1
        if number > MOST_ROWS or budget[0] < 0:
            raise StatementUnreadable(code="statement_too_large", row=number, limit=MOST_ROWS)
        cells = [_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            # Thousands of formatted but empty rows at the end of a sheet are usual; they are no rows.
            found.append((number, cells))
            width = max(width, len(cells))
    if width > _MOST_COLUMNS:
        raise StatementUnreadable(code="statement_too_large", columns=width, limit=_MOST_COLUMNS)
    # A workbook keeps no empty cells: what a row ends with there is not missing.
    return tuple(Row(number, (*cells, *("",) * (width - len(cells))), ",".join(cells)) for number, cells in found)


def _text(value: Any) -> str:
    """A cell as the text that the same statement has as CSV."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        # A workbook keeps fifteen digits of what was typed; the rest is the binary number's noise.
        return f"{Decimal(format(value, '.15g')):f}"
    if isinstance(value, datetime):
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
