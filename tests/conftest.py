"""One PostgreSQL for all tests of this checkout, and a fresh migrated database for each test that asks for one.

The cluster is shared by the workers of one run and by runs at the same time; the last one to leave stops it. It is
made without fsync, its databases are copies of one migrated template that are emptied after each test
(`fresh_databases`), and what a killed run has left is removed by the next one.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Unavailable
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import migrate, read_migrations
from fresh_databases import FreshDatabases
from workers import Scheduling

_CHECKOUT = hashlib.sha256(str(Path(__file__).resolve()).encode()).hexdigest()[:10]
_SHARED = Path(tempfile.gettempdir()) / f"counterfoil-tests-{os.getuid()}-{_CHECKOUT}"
# How long an example takes depends on what else the machine does: that is for benchmarks to say.
hypothesis.settings.register_profile("counterfoil", deadline=None)
hypothesis.settings.load_profile("counterfoil")
# Databases are emptied and used again: what a vacuum between two tests would do to plans is nobody's to expect.
_SETTINGS = {"max_connections": "300", "shared_buffers": "128MB", "max_wal_size": "1GB", "autovacuum": "off"}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Tests that share something dear stay on one worker."""
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def log_level_as_found() -> Iterator[None]:
    """A command run within a test sets the level of every log; the next test starts as if it had not.

    Left at its level, the HTTP client of a test would tell of each address that the test asks for.
    """
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One database, as seen by its owner and by the runtime role."""

    owner: str
    runtime: str


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[EmbeddedPostgres]:
    """The running server that holds every test's database."""
    server = EmbeddedPostgres(_SHARED, durable=False, settings=_SETTINGS)
    with _shared_lock():
        try:
            server.start_or_attach()
        except Unavailable:
            # Without fsync, a power cut leaves a cluster that cannot be started.
            server.stop()
            shutil.rmtree(_SHARED)
            server.start_or_attach()
    yield server
    server.release()


@pytest.fixture(scope="session")
def template_database(shared_postgres: EmbeddedPostgres) -> str:
    """The name of a database with all migrations applied; nobody stays connected to it, so it can be copied."""
    digest = hashlib.sha256("".join(each.name + each.sha256 for each in read_migrations()).encode()).hexdigest()
    name = f"template_{digest[:16]}"
    with _shared_lock(), psycopg.connect(shared_postgres.owner_url, autocommit=True) as connection:
        _remove_leftovers(connection)
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute("DROP DATABASE IF EXISTS template_unfinished WITH (FORCE)")
            connection.execute("CREATE DATABASE template_unfinished STRATEGY FILE_COPY")
            owner_url = _in_database(shared_postgres.owner_url, "template_unfinished")
            migrate(owner_url, runtime_password=shared_postgres.runtime_password)
            connection.execute(f"ALTER DATABASE template_unfinished RENAME TO {name}")
    return name


@pytest.fixture(scope="session")
def databases(shared_postgres: EmbeddedPostgres, template_database: str) -> Iterator[FreshDatabases]:
    """This worker's databases."""

    def connect(name: str) -> psycopg.Connection:
        url = _in_database(shared_postgres.owner_url, name) if name else shared_postgres.owner_url
        return psycopg.connect(url, autocommit=True)

    made = FreshDatabases(connect, template_database)
    yield made
    made.close()


@pytest.fixture(scope="session")
def urls_of(shared_postgres: EmbeddedPostgres) -> Callable[[str], DatabaseUrls]:
    """The addresses of a database, by its name."""
    return lambda name: DatabaseUrls(
        owner=_in_database(shared_postgres.owner_url, name), runtime=_in_database(shared_postgres.runtime_url, name)
    )


@pytest.fixture(scope="session")
def make_database(databases: FreshDatabases, urls_of: Callable[[str], DatabaseUrls]) -> Callable[[], DatabaseUrls]:
    """A function that makes a new migrated database, for whoever keeps it longer than a test."""
    return lambda: urls_of(databases.make())


@pytest.fixture
def database_urls(databases: FreshDatabases, urls_of: Callable[[str], DatabaseUrls]) -> Iterator[DatabaseUrls]:
    name = databases.take()
    yield urls_of(name)
    databases.give_back(name)


@pytest.fixture
def owner_url(database_urls: DatabaseUrls) -> str:
    """A fresh migrated database, as its owner."""
    return database_urls.owner


@pytest.fixture
def database_url(database_urls: DatabaseUrls) -> str:
    """A fresh migrated database (the same one as `owner_url`), as the runtime role."""
    return database_urls.runtime


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with await Database.open(database_url) as opened:
        yield opened


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def data_directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path / "counterfoil-data")


def _in_database(url: str, name: str) -> str:
    before, _, after = url.rpartition("/counterfoil?")
    return f"{before}/{name}?{after}"


@contextmanager
def _shared_lock() -> Iterator[None]:
    with _SHARED.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_leftovers(connection: psycopg.Connection) -> None:
    """Drop the databases of runs that have been killed, and templates of migrations that nobody has any more."""
    for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'").fetchall():
        try:
            os.kill(int(name.split("_")[1]), 0)
        except ProcessLookupError:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        except PermissionError:
            pass
    old = connection.execute(
        "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'"
        " AND (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '1 day'"
    ).fetchall()
    for (name,) in old:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
