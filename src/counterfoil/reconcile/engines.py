"""The engines that match: DuckDB in this process unless told otherwise, or Spark; both are spoken to in Ibis.

What an engine reads is Parquet, or rows handed over as Arrow. Nothing here knows a book.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import ibis
import pyarrow

from counterfoil.foundation.errors import InputError, Unavailable

DUCKDB = "duckdb"
SPARK_LOCAL = "spark-local"
_SPARK_URL = re.compile(r"spark://([A-Za-z0-9.\-]+|\[[0-9a-fA-F:]+\]):\d{1,5}\Z")
_HERE = frozenset({"127.0.0.1", "localhost", "[::1]"})
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}\Z")
_HANDED_OVER = "counterfoil_rows"
_TYPES: Mapping[str, pyarrow.DataType] = {
    "string": pyarrow.string(),
    "int64": pyarrow.int64(),
    "boolean": pyarrow.bool_(),
}
# Enough for ten million requests on a small machine, and less than what the issue allows in all (4 GiB).
MEMORY_MB = 2560
_KNOCK_SECONDS = 10
# Into how many parts Spark divides what it joins: its own default of 200 makes two hundred files of nothing.
PARTITIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An open engine. `backend` is Ibis' own; tables made by it live until it is closed."""

    name: str
    backend: Any
    _session: Any = field(default=None, repr=False)

    @property
    def is_spark(self) -> bool:
        return self._session is not None

    def load(self, name: str, rows: pyarrow.Table) -> ibis.Table:
        """Rows that are in memory, as a table of that name; one of the same name is replaced."""
        if self._session is None:
            self.backend.con.register(_HANDED_OVER, rows)
            self._make_table(name, "FROM " + _HANDED_OVER)
            self.backend.con.unregister(_HANDED_OVER)
            return self.backend.table(name)
        # Not by way of Ibis: it goes through pandas, where a column of numbers with a null becomes one of floats.
        self._session.createDataFrame(rows).createOrReplaceTempView(name)
        return self.backend.table(name)

    def load_rows(self, name: str, columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> ibis.Table:
        """The same of rows as mappings; what a mapping does not have is null."""
        return self.load(name, arrow_table(columns, rows))

    def read(self, name: str, files: Sequence[Path], columns: Mapping[str, str]) -> ibis.Table:
        """Parquet files as a table of these columns; without a file, one without rows."""
        if not files:
            return self.load_rows(name, columns, ())
        paths = [str(file) for file in files]
        if self._session is None:
            table = self.backend.read_parquet(paths, table_name=name)
        else:
            self._session.read.parquet(*paths).createOrReplaceTempView(name)
            table = self.backend.table(name)
        return table.select(*columns)

    def keep(self, name: str, table: ibis.Table) -> ibis.Table:
        """The result of a query as a table of its own, so that several queries use it and it is computed once."""
        if self._session is None:
            # DuckDB's sums of numbers are of 128 bits; a column is kept as Ibis says it is.
            columns = ", ".join(
                f'CAST("{column}" AS BIGINT) AS "{column}"' if kind.is_int64() else f'"{column}"'
                for column, kind in table.schema().items()
            )
            self._make_table(name, f"SELECT {columns} FROM ({self.backend.compile(table)})")  # noqa: S608
            return self.backend.table(name)
        frame = self._session.sql(self.backend.compile(table)).localCheckpoint(eager=True)
        frame.createOrReplaceTempView(name)
        return self.backend.table(name)

    def rows(self, table: ibis.Table) -> list[dict[str, Any]]:
        """The rows of a small result."""
        if self._session is None:
            found = self.backend.con.sql(self.backend.compile(table)).to_arrow_table()
        else:
            found = self._session.sql(self.backend.compile(table)).toArrow()
        # Engines widen sums; what leaves them has the types that the query says.
        rows: list[dict[str, Any]] = found.cast(table.schema().to_pyarrow()).to_pylist()
        return rows

    def _make_table(self, name: str, query: str) -> None:
        if not _NAME.match(name):
            raise ValueError(name)
        # Ibis' own `create_table` writes a statement that this release of DuckDB does not read.
        self.backend.con.execute(f'CREATE OR REPLACE TEMPORARY TABLE "{name}" AS {query}')

    def close(self) -> None:
        """Free what the engine holds."""
        if self._session is None:
            self.backend.disconnect()
        else:
            self._session.stop()


def arrow_table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> pyarrow.Table:
    """Rows as Arrow, with exactly these columns."""
    kept = list(rows)
    return pyarrow.table(
        {name: pyarrow.array([row.get(name) for row in kept], type=_TYPES[kind]) for name, kind in columns.items()}
    )


def check_engine(name: str) -> str:
    """The name of an engine; raises `InputError` (`engine_unreadable`)."""
    if name in (DUCKDB, SPARK_LOCAL) or _SPARK_URL.match(name):
        return name
    raise InputError(code="engine_unreadable", engine=name[:60], expected="duckdb, spark-local or spark://host:port")


@contextmanager
def connect(
    name: str = DUCKDB,
    *,
    memory_mb: int = MEMORY_MB,
    threads: int | None = None,
    spill: Path | None = None,
    partitions: int = PARTITIONS,
) -> Iterator[Engine]:
    """Open an engine and close it afterwards. DuckDB keeps to `memory_mb` and writes what is more into `spill`.

    `partitions` is Spark's alone: few for few rows, two or three for each core of a cluster.

    Raises `InputError` (`engine_unreadable`) and `Unavailable` (`engine_missing`, `engine_unreachable`).
    """
    check_engine(name)
    engine = (
        _open_duckdb(memory_mb=memory_mb, threads=threads, spill=spill)
        if name == DUCKDB
        else _open_spark(name, memory_mb=memory_mb, threads=threads, spill=spill, partitions=partitions)
    )
    try:
        yield engine
    finally:
        engine.close()


def _open_duckdb(*, memory_mb: int, threads: int | None, spill: Path | None) -> Engine:
    config: dict[str, Any] = {
        "memory_limit": f"{memory_mb}MiB",
        # Nothing is fetched from anywhere.
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
    }
    if threads is not None:
        config["threads"] = str(threads)
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(spill)
    return Engine(name=DUCKDB, backend=ibis.duckdb.connect(**config))


def _open_spark(name: str, *, memory_mb: int, threads: int | None, spill: Path | None, partitions: int) -> Engine:
    pyspark_sql = _find_spark()
    if name != SPARK_LOCAL:
        _knock(name)
    local = f"local[{threads or os.cpu_count() or 1}]"
    builder = pyspark_sql.SparkSession.builder.appName("counterfoil").master(local if name == SPARK_LOCAL else name)
    for key, value in _spark_settings(name, memory_mb=memory_mb, spill=spill, partitions=partitions).items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
        return Engine(name=name, backend=ibis.pyspark.connect(session), _session=session)
    except Exception as error:
        # Whatever Spark says of a master that does not answer is a trace of Java's.
        raise Unavailable(code="engine_unreachable", engine=name, reason=type(error).__name__) from error


def _find_spark() -> ModuleType:
    try:
        spark = import_module("pyspark.sql")
    except ImportError as error:
        raise Unavailable(code="engine_missing", missing="pyspark", install="counterfoil[spark]") from error
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        raise Unavailable(code="engine_missing", missing="Java", install="Java 17")
    return spark


def _knock(name: str) -> None:
    """Whether anybody is there: Spark itself tries for minutes, and says so at length."""
    host, port = name.removeprefix("spark://").rsplit(":", 1)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise Unavailable(code="engine_unreachable", engine=name, reason=type(error).__name__) from error


def _spark_settings(name: str, *, memory_mb: int, spill: Path | None, partitions: int) -> dict[str, str]:
    settings = {
        "spark.ui.enabled": "false",
        # What goes wrong is raised; Java's traces are for nobody here.
        "spark.log.level": "OFF",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        # A sum that does not fit raises, as it does in DuckDB.
        "spark.sql.ansi.enabled": "true",
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.driver.memory": f"{memory_mb}m",
    }
    host = "127.0.0.1" if name == SPARK_LOCAL else name.removeprefix("spark://").rsplit(":", 1)[0]
    if host in _HERE:
        # On one machine nobody else is to reach the driver.
        settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
        settings["spark.local.dir"] = str(spill)
    return settings
