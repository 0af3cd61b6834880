"""Engines that the tests of reconciliation share: each is opened once, since opening Spark takes long."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from counterfoil.reconcile import engines
from counterfoil.reconcile.engines import Engine
from reconcile import spark


@pytest.fixture(scope="session")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engines.connect(threads=2, spill=tmp_path_factory.mktemp("duckdb")) as engine:
        yield engine


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on a cluster with two worker processes. Left out only where Spark is not installed, and never in CI."""
    missing = spark.is_missing()
    if missing is not None and not os.environ.get("CI"):
        pytest.skip(f"{missing} is not installed")
    with (
        spark.cluster(tmp_path_factory.mktemp("spark")) as url,
        engines.connect(url, memory_mb=1024, partitions=2, spill=tmp_path_factory.mktemp("driver")) as engine,
    ):
        yield engine
