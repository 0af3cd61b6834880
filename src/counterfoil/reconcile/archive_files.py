"""The archive's files: `TABLE/day=YYYY-MM-DD/part.parquet`, and `days/YYYY-MM-DD.json` once all of a day are there.

A file is written beside its place and renamed into it, and a day counts when its last file, the one in `days`, is there: a
run that was killed has changed nothing, and what it has left is removed by the next.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pyarrow
from pyarrow import parquet

from counterfoil.storage.data_directory import keep_owner

# Raised whenever the same rows would be written otherwise: days of another format are archived again.
FORMAT = 1
# As DuckDB likes them; of so many rows a few megabytes are in memory at a time.
_GROUP_ROWS = 122_880
_TYPES = {"int64": pyarrow.int64(), "string": pyarrow.string(), "boolean": pyarrow.bool_()}
# The low half of an id is random, and differences make it longer.
_RANDOM = "_low"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedDay:
    """What there is of a day. `is_final` is False where something held on it had not ended when it was archived."""

    day: date
    rows: Mapping[str, int]
    bytes: int
    is_final: bool
    format: int = FORMAT


@dataclass(slots=True)
class PartWriter:
    """Writes one table of a day; `close` gives the number of rows, and `publish` puts the file in its place."""

    place: Path
    columns: Mapping[str, str]
    rows: int = 0
    _pending: list[Sequence[Any]] = field(default_factory=list)
    _writer: parquet.ParquetWriter | None = None

    @property
    def scratch(self) -> Path:
        return self.place.with_name(f".{self.place.name}.unfinished")

    def open(self) -> None:
        _make_folder(self.place.parent)
        schema = pyarrow.schema([(name, _TYPES[kind]) for name, kind in self.columns.items()])
        strings = [name for name, kind in self.columns.items() if kind == "string"]
        ordered = [name for name, kind in self.columns.items() if kind == "int64" and not name.endswith(_RANDOM)]
        self._writer = parquet.ParquetWriter(
            self.scratch, schema, compression="zstd", use_dictionary=strings,
            column_encoding=dict.fromkeys(ordered, "DELTA_BINARY_PACKED"), version="2.6",
        )  # fmt: skip

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        self._pending.extend(rows)
        while len(self._pending) >= _GROUP_ROWS:
            self._write(self._pending[:_GROUP_ROWS])
            del self._pending[:_GROUP_ROWS]

    def close(self) -> None:
        assert self._writer is not None
        if self._pending:
            self._write(self._pending)
            self._pending = []
        self._writer.close()
        with self.scratch.open("rb") as file:
            os.fsync(file.fileno())

    def publish(self) -> None:
        self.scratch.replace(self.place)

    def _write(self, rows: Sequence[Sequence[Any]]) -> None:
        assert self._writer is not None
        self.rows += len(rows)
        values = zip(*rows, strict=True)
        arrays = [
            pyarrow.array(column, type=_TYPES[kind]) for column, kind in zip(values, self.columns.values(), strict=True)
        ]
        self._writer.write_table(pyarrow.table(arrays, schema=self._writer.schema), row_group_size=_GROUP_ROWS)


class ArchiveFolder:
    """The folder of an archive, made on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def writer(self, table: str, day: date, columns: Mapping[str, str]) -> PartWriter:
        return PartWriter(self.part(table, day), columns)

    def part(self, table: str, day: date) -> Path:
        return self.folder / table / f"day={day.isoformat()}" / "part.parquet"

    def remember(self, archived: ArchivedDay) -> None:
        """Have the day count from now on."""
        place = self._note(archived.day)
        _make_folder(place.parent)
        scratch = place.with_name(f".{place.name}.unfinished")
        with scratch.open("wb") as file:
            file.write(orjson.dumps({**asdict(archived), "day": archived.day.isoformat()}, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(place)

    def forget(self, day: date) -> None:
        """Have the day not count while it is written again."""
        self._note(day).unlink(missing_ok=True)

    def find(self, day: date) -> ArchivedDay | None:
        """The day, where all of it is there in this form."""
        try:
            kept = orjson.loads(self._note(day).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        if kept.get("format") != FORMAT:
            return None
        return ArchivedDay(day=day, rows=kept["rows"], bytes=kept["bytes"], is_final=kept["is_final"])

    def _note(self, day: date) -> Path:
        return self.folder / "days" / f"{day.isoformat()}.json"


def _make_folder(folder: Path) -> None:
    missing = [folder]
    while not missing[-1].parent.exists():
        missing.append(missing[-1].parent)
    for each in reversed(missing):
        try:
            each.mkdir(mode=0o700)
        except FileExistsError:
            continue
        keep_owner(each)
