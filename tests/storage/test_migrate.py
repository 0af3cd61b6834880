from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from counterfoil.foundation.errors import Broken, Conflict, Unavailable
from counterfoil.storage.embedded import EmbeddedPostgres
from counterfoil.storage.migrate import POSTED_TABLES, RUNTIME_ROLE, migrate, read_migrations

LEDGER = """
CREATE TABLE accounts (account_id int PRIMARY KEY, version int NOT NULL DEFAULT 0);
CREATE TABLE transfers (transfer_id int PRIMARY KEY, amount int NOT NULL);
"""


@pytest.fixture
def empty_database(shared_postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> Iterator[str]:
    """The owner's URL of a database in which nothing was ever migrated."""
    name = f"test_{os.getpid()}_empty"
    with psycopg.connect(shared_postgres.owner_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name} STRATEGY FILE_COPY")
        yield shared_postgres.owner_url.replace("/counterfoil?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def roles(shared_postgres: EmbeddedPostgres, empty_database: str) -> Iterator[list[str]]:
    """Names of two roles of this test alone: an owner who is no superuser, and somebody to serve as."""
    names = [f"test_owner_{os.getpid()}", f"test_server_{os.getpid()}"]

    def drop() -> None:
        with psycopg.connect(empty_database, autocommit=True) as connection:
            # The one that was made by the other goes first.
            for name in reversed(names):
                if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
                    connection.execute(f"DROP OWNED BY {name} CASCADE")
                    connection.execute(f"DROP ROLE {name}")

    drop()
    yield names
    drop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_ledger.sql").write_text(LEDGER)
    return folder


def as_role(owner_url: str, role: str, password: str) -> str:
    known = psycopg.conninfo.conninfo_to_dict(owner_url)
    return f"postgresql://{role}:{password}@/{known['dbname']}?host={quote(str(known['host']), safe='')}"


def test_a_fresh_database_gets_every_file_once(empty_database: str, folder: Path) -> None:
    (folder / "0002_limits.sql").write_text("CREATE TABLE limits (limit_id int); INSERT INTO limits VALUES (7);")
    (folder / "notes.txt").write_text("not a migration")
    assert migrate(empty_database, migrations_from=folder) == ["0001_ledger.sql", "0002_limits.sql"]
    assert migrate(empty_database, migrations_from=folder) == []
    (folder / "0003_more.sql").write_text("ALTER TABLE limits ADD amount bigint")
    assert migrate(empty_database, migrations_from=folder) == ["0003_more.sql"]
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT limit_id, amount FROM limits").fetchall() == [(7, None)]
        recorded = connection.execute(
            "SELECT name, sha256, applied_at > 0 FROM schema_migrations ORDER BY name"
        ).fetchall()
    assert recorded == [(each.name, each.sha256, True) for each in read_migrations(folder)]


def test_the_files_of_the_program_apply_to_an_empty_database(empty_database: str) -> None:
    assert migrate(empty_database) == [each.name for each in read_migrations()]
    assert migrate(empty_database) == []


def test_a_folder_without_files_is_no_error(empty_database: str, tmp_path: Path) -> None:
    assert migrate(empty_database, migrations_from=tmp_path) == []


def test_two_at_once_apply_each_file_once(empty_database: str, folder: Path) -> None:
    for number in range(2, 6):
        (folder / f"{number:04}_step.sql").write_text(f"CREATE TABLE step_{number} (x int); SELECT pg_sleep(0.01)")
    together = threading.Barrier(3)

    def one() -> list[str]:
        together.wait()
        return migrate(empty_database, migrations_from=folder)

    with ThreadPoolExecutor(3) as pool:
        applied = [future.result() for future in [pool.submit(one) for _ in range(3)]]
    assert sorted(name for names in applied for name in names) == [each.name for each in read_migrations(folder)]


def test_an_applied_file_that_changed_is_refused(empty_database: str, folder: Path) -> None:
    migrate(empty_database, migrations_from=folder)
    (folder / "0001_ledger.sql").write_text(LEDGER + "-- a remark")
    (folder / "0002_next.sql").write_text("CREATE TABLE next (x int)")
    with pytest.raises(Conflict, match=r"0001_ledger\.sql") as caught:
        migrate(empty_database, migrations_from=folder)
    assert caught.value.code == "migration_changed"
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('next')").fetchone() == (None,)


def test_a_database_of_a_newer_program_is_refused(empty_database: str, folder: Path) -> None:
    (folder / "0002_later.sql").write_text("CREATE TABLE later (x int)")
    migrate(empty_database, migrations_from=folder)
    (folder / "0002_later.sql").unlink()
    with pytest.raises(Conflict, match=r"0002_later\.sql") as caught:
        migrate(empty_database, migrations_from=folder)
    assert caught.value.code == "database_newer"


def test_a_file_that_fails_leaves_nothing_of_itself(empty_database: str, folder: Path) -> None:
    (folder / "0002_bad.sql").write_text("CREATE TABLE half (x int); INSERT INTO half VALUES ('no number');")
    with pytest.raises(Broken, match=r"0002_bad\.sql"):
        migrate(empty_database, migrations_from=folder)
    (folder / "0002_bad.sql").write_text("CREATE TABLE half (x int)")
    assert migrate(empty_database, migrations_from=folder) == ["0002_bad.sql"]


def test_a_file_with_another_kind_of_name_is_refused(empty_database: str, folder: Path) -> None:
    (folder / "2_Wrong.sql").write_text("SELECT 1")
    with pytest.raises(Conflict, match="2_Wrong"):
        migrate(empty_database, migrations_from=folder)


def test_a_locked_table_makes_it_give_up_rather_than_queue(
    empty_database: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.storage.migrate._LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr("counterfoil.storage.migrate._LOCK_PAUSE_SECONDS", 0.0)
    migrate(empty_database, migrations_from=folder)
    (folder / "0002_wider.sql").write_text("ALTER TABLE accounts ADD name text")
    with psycopg.connect(empty_database) as reader:
        reader.execute("SELECT count(*) FROM accounts")
        with pytest.raises(Unavailable, match=r"0002_wider\.sql") as caught:
            migrate(empty_database, migrations_from=folder)
        assert caught.value.code == "migration_blocked"
    assert migrate(empty_database, migrations_from=folder) == ["0002_wider.sql"]


def test_no_database_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        migrate(f"postgresql://nobody:secret-word@/none?host={quote(str(tmp_path), safe='')}")
    assert "secret-word" not in str(caught.value)


# The runtime role.


def test_the_runtime_role_may_add_posted_rows_and_do_nothing_else_to_them(database_url: str, owner_url: str) -> None:
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    posted = {name for (name,) in rows} & set(POSTED_TABLES)
    assert posted == set(POSTED_TABLES)
    with psycopg.connect(database_url, autocommit=True) as connection:
        for table in sorted(posted):
            # Only warns: it has no right to pass rights on.
            connection.execute(f"GRANT ALL ON {table} TO {RUNTIME_ROLE}")
            column = connection.execute(f"SELECT * FROM {table} LIMIT 0").description[0].name  # type: ignore[index]
            for statement in (
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"ALTER TABLE {table} ADD mine int",
                f"DROP TABLE {table}",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement.encode())


def test_the_runtime_role_works_with_the_other_tables(
    shared_postgres: EmbeddedPostgres, empty_database: str, folder: Path
) -> None:
    migrate(empty_database, runtime_password=shared_postgres.runtime_password, migrations_from=folder)
    with psycopg.connect(as_role(empty_database, RUNTIME_ROLE, shared_postgres.runtime_password)) as connection:
        connection.execute("INSERT INTO accounts VALUES (1)")
        connection.execute("UPDATE accounts SET version = 2")
        connection.execute("INSERT INTO transfers VALUES (1, 5)")
        assert connection.execute("SELECT amount FROM transfers").fetchone() == (5,)
        connection.execute("DELETE FROM accounts")
        connection.commit()
        for statement in (
            b"CREATE TABLE mine (x int)",
            b"DELETE FROM schema_migrations",
            b"UPDATE transfers SET amount = 6",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
            connection.rollback()


def test_what_a_file_revokes_stays_revoked(empty_database: str, folder: Path) -> None:
    (folder / "0002_directory.sql").write_text(
        f"CREATE TABLE key_directory (token_hash bytea); REVOKE UPDATE, DELETE ON key_directory FROM {RUNTIME_ROLE};"
    )
    for _ in range(2):
        migrate(empty_database, migrations_from=folder)
        with psycopg.connect(empty_database) as connection:
            rights = connection.execute(
                "SELECT has_table_privilege(%s, 'key_directory', 'INSERT'), has_table_privilege(%s, 'key_directory', 'DELETE')",
                (RUNTIME_ROLE, RUNTIME_ROLE),
            ).fetchone()
        assert rights == (True, False)


def test_partitions_of_posted_tables_are_posted_too(empty_database: str, folder: Path) -> None:
    (folder / "0002_holds.sql").write_text(
        "CREATE TABLE holds (hold_id int) PARTITION BY RANGE (hold_id);"
        "CREATE TABLE holds_1 PARTITION OF holds FOR VALUES FROM (0) TO (9)"
    )
    migrate(empty_database, migrations_from=folder)
    with psycopg.connect(empty_database) as connection:
        may = connection.execute(
            "SELECT has_table_privilege(%s, 'holds_1', 'UPDATE, DELETE')", (RUNTIME_ROLE,)
        ).fetchone()
    assert may == (False,)


def test_an_owner_without_superuser_rights_migrates_for_a_role_of_another_name(
    empty_database: str, folder: Path, roles: list[str]
) -> None:
    owner, server = roles
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD 'owner'")
        connection.execute(f"GRANT {RUNTIME_ROLE} TO {owner} WITH ADMIN OPTION")
        connection.execute(f"GRANT ALL ON SCHEMA public TO {owner}")
    url = as_role(empty_database, owner, "owner")
    assert migrate(url, runtime_role=server, runtime_password="serve", migrations_from=folder) == ["0001_ledger.sql"]
    assert migrate(url, runtime_role=server, migrations_from=folder) == []
    with psycopg.connect(as_role(empty_database, server, "serve")) as connection:
        connection.execute("INSERT INTO transfers VALUES (1, 5)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM transfers")


def test_one_url_for_both_is_allowed(empty_database: str, folder: Path, roles: list[str]) -> None:
    owner, _ = roles
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'owner'")
        connection.execute(f"GRANT ALL ON SCHEMA public TO {owner}")
    url = as_role(empty_database, owner, "owner")
    assert migrate(url, runtime_role=owner, migrations_from=folder) == ["0001_ledger.sql"]


def test_a_missing_right_is_said_with_what_to_do(empty_database: str, folder: Path, roles: list[str]) -> None:
    owner, server = roles
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {owner} LOGIN PASSWORD 'owner'")
    with pytest.raises(Unavailable) as caught:
        migrate(as_role(empty_database, owner, "owner"), runtime_role=server, migrations_from=folder)
    assert caught.value.code == "migration_not_permitted"
    assert "next_step" in caught.value.parameters
