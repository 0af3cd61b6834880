"""Traces of production traffic: one call a line, `TIMESTAMP,ContextTokens,GeneratedTokens`, plain or gzipped.

A line that cannot be read becomes a reject with its number and reason; the rest of the trace is read all the same.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from io import BufferedIOBase
from pathlib import Path
from typing import NamedTuple

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.periods import from_datetime

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
# Above every context window; one line must not become a body that no gateway takes.
TOKENS_MAX = 2_000_000
# Rejects that are kept with their reason; beyond them they are only counted.
REJECTS_KEPT_MAX = 100
# A line of a trace is 60 characters long.
_LINE_BYTES_MAX = 4096
_COUNTED_AT_ONCE = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_DAMAGED = (EOFError, zlib.error, OSError)


class TraceRow(NamedTuple):
    """One call of a trace. `at` is in UTC microseconds. A tuple, because a trace may have millions."""

    at: int
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A line that is no call. `reason` is a word of the vocabulary."""

    line: int
    reason: str


class Trace:
    """A trace file. `rejects` and `rejected` fill up while `rows` is read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rejects: list[Reject] = []
        self.rejected = 0

    @classmethod
    def shipped(cls) -> Trace:
        """The trace of the package; data/ATTRIBUTION.md says where it is from."""
        return cls(Path(str(files("counterfoil.cli").joinpath("data", "AzureLLMInferenceTrace_code.csv"))))

    def rows(self) -> Iterator[TraceRow]:
        """Every call, in the order of the file; raises `InputError` for a file that is no trace."""
        self.rejects, self.rejected = [], 0
        with self._open() as file:
            number = 1
            places = self._read_head(file)
            while True:
                number += 1
                try:
                    line = file.readline(_LINE_BYTES_MAX)
                    if not line:
                        return
                    if len(line) == _LINE_BYTES_MAX and not line.endswith(b"\n"):
                        _skip_line(file)
                        self._reject(number, "trace_line_long")
                        continue
                except _DAMAGED:
                    self._reject(number, "trace_damaged")
                    return
                if not line.isspace():
                    found = _read_row(line, places)
                    if isinstance(found, TraceRow):
                        yield found
                    else:
                        self._reject(number, found)

    def count_lines(self) -> int:
        """About how many calls there are: the lines after the head, readable or not."""
        lines, last = 0, b"\n"
        with self._open() as file:
            try:
                while block := file.read1(_COUNTED_AT_ONCE):
                    lines += block.count(b"\n")
                    last = block[-1:]
            except _DAMAGED:
                pass
        return max(0, lines - (last == b"\n"))

    def _open(self) -> BufferedIOBase:
        try:
            file = self.path.open("rb")
            magic = file.read(2)
            file.seek(0)
        except OSError as error:
            raise InputError(code="trace_unreadable", file=str(self.path), reason=error.strerror) from error
        if magic != _GZIP_MAGIC:
            return file
        file.close()
        return gzip.open(self.path, "rb")

    def _read_head(self, file: BufferedIOBase) -> tuple[int, int, int]:
        """Where the three columns stand; their order and further columns do not matter."""
        try:
            head = file.readline(_LINE_BYTES_MAX)
        except _DAMAGED:
            head = b""
        names = [name.strip().strip('"').lower() for name in _text(head.removeprefix(b"\xef\xbb\xbf")).split(",")]
        try:
            time, given, generated = (names.index(column.lower()) for column in COLUMNS)
        except ValueError:
            shown = "".join(sign for sign in _text(head).strip() if sign.isprintable())[:80]
            raise InputError(
                code="trace_unreadable", file=str(self.path), expected=",".join(COLUMNS), given=shown
            ) from None
        return time, given, generated

    def _reject(self, line: int, reason: str) -> None:
        self.rejected += 1
        if len(self.rejects) < REJECTS_KEPT_MAX:
            self.rejects.append(Reject(line=line, reason=reason))


def _read_row(line: bytes, places: tuple[int, int, int]) -> TraceRow | str:
    """The call of a line, or why it is none."""
    cells = [cell.strip().strip('"') for cell in _text(line).split(",")]
    if len(cells) <= max(places):
        return "trace_columns_missing"
    try:
        moment = datetime.fromisoformat(cells[places[0]])
    except ValueError:
        return "trace_time_unreadable"
    given, generated = _read_tokens(cells[places[1]]), _read_tokens(cells[places[2]])
    if given is None or generated is None:
        return "trace_tokens_unreadable"
    at = from_datetime(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    return TraceRow(at, given, generated)


def _read_tokens(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        return None
    return int(text) if int(text) <= TOKENS_MAX else None


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _skip_line(file: BufferedIOBase) -> None:
    while (rest := file.readline(_LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
        pass
