"""The engines: what opens them, what they keep exact, and what they say where they cannot be opened."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from counterfoil.foundation.errors import InputError, Unavailable
from counterfoil.reconcile import engines
from counterfoil.reconcile.engines import Engine

_COLUMNS = {"id": "string", "amount": "int64", "is_bonus": "boolean"}
# More than a float can tell from its neighbours.
_LARGE = 2**62 + 1
_ROWS = [{"id": "a", "amount": _LARGE, "is_bonus": True}, {"id": "b", "amount": None}, {"id": None, "amount": -1}]


def _by_amount(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: str(row["amount"]))


def _assert_exact(engine: Engine, folder: Path) -> None:
    table = engine.load_rows("exact", _COLUMNS, _ROWS)
    expected = _by_amount([dict.fromkeys(_COLUMNS) | row for row in _ROWS])
    assert _by_amount(engine.rows(table)) == expected
    kept = engine.keep("exact_kept", table.filter(table.amount.notnull()))
    assert engine.rows(kept.aggregate(total=kept.amount.sum())) == [{"total": _LARGE - 1}]
    file = folder / "rows.parquet"
    parquet.write_table(engines.arrow_table(_COLUMNS, _ROWS), file)
    read = engine.read("exact_read", [file], {"amount": "int64"})
    assert engine.rows(read.filter(read.amount > 0)) == [{"amount": _LARGE}]
    assert engine.rows(engine.read("exact_none", [], _COLUMNS)) == []


def test_duckdb_keeps_large_amounts_and_nulls_exact(duckdb: Engine, tmp_path: Path) -> None:
    assert not duckdb.is_spark
    _assert_exact(duckdb, tmp_path)


def test_a_spark_cluster_keeps_large_amounts_and_nulls_exact(spark_cluster: Engine, tmp_path: Path) -> None:
    assert spark_cluster.is_spark
    _assert_exact(spark_cluster, tmp_path)


def test_a_table_of_the_same_name_replaces_the_one_before(duckdb: Engine) -> None:
    duckdb.load_rows("again", _COLUMNS, _ROWS)
    assert duckdb.rows(duckdb.load_rows("again", {"id": "string"}, [{"id": "c"}])) == [{"id": "c"}]


def test_duckdb_spills_into_its_folder_what_its_memory_does_not_hold(tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    with engines.connect(memory_mb=60, threads=1, spill=spill) as engine:
        count = 3_000_000
        rows = engine.backend.sql(
            f"SELECT hash(range)::VARCHAR AS name, range AS amount FROM range({count})",
            schema={"name": "string", "amount": "int64"},
        )
        kept = engine.keep("spilled", rows)
        assert engine.rows(kept.aggregate(names=kept.name.nunique())) == [{"names": count}]
        assert any(spill.iterdir())


@pytest.mark.parametrize(
    "name",
    ["", "spark", "spark://", "spark://host", "spark://host:port", "duckdb ", "local[2]", "yarn", "spark://a b:1"],
)
def test_an_engine_that_is_not_known_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="engine_unreadable"), engines.connect(name):
        pass


@pytest.mark.parametrize("name", ["duckdb", "spark-local", "spark://127.0.0.1:7077", "spark://[::1]:7077"])
def test_an_engine_that_is_known_is_taken(name: str) -> None:
    assert engines.check_engine(name) == name


def test_without_pyspark_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(Unavailable) as caught, engines.connect("spark-local"):
        pass
    assert caught.value.code == "engine_missing"
    assert caught.value.parameters == {"missing": "pyspark", "install": "counterfoil[spark]"}


def test_without_java_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark.sql")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(Unavailable) as caught, engines.connect("spark-local"):
        pass
    assert (caught.value.code, caught.value.parameters["missing"]) == ("engine_missing", "Java")


def test_a_spark_that_does_not_answer_is_said_to_be_unreachable() -> None:
    pytest.importorskip("pyspark.sql")
    with socket.socket() as reserved:
        # Taken and not listening: nobody else answers there.
        reserved.bind(("127.0.0.1", 0))
        name = f"spark://127.0.0.1:{reserved.getsockname()[1]}"
        with pytest.raises(Unavailable) as caught, engines.connect(name):
            pass
    assert (caught.value.code, caught.value.parameters["engine"]) == ("engine_unreachable", name)
