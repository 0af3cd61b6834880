"""Migrations: numbered SQL files, applied once each, in order, by whoever comes first.

Several processes may migrate one database at once; an advisory lock lets one work while the others wait. Each file
is one transaction together with its row in `schema_migrations`. Files only go forward, and are never edited once
released: their SHA-256 is compared at every start.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.errors import Broken, Conflict, Unavailable

MIGRATIONS = Path(__file__).with_name("migrations")
RUNTIME_ROLE = "counterfoil_runtime"

# Rows of these are facts (invariant L8): the runtime role may add to them, and nothing else.
POSTED_TABLES: tuple[str, ...] = ("transfers", "hold_ends", "holds", "operations", "refusals")

# Any constant will do, so long as no other program uses it on the same database.
_ADVISORY_LOCK = 0x436F756E74657266
# Another process may be in the middle of a long migration.
_TURN_TIMEOUT = "120s"
# A statement that waits for a table lock makes everybody behind it wait too: give up soon, and come back.
_LOCK_TIMEOUT = "4s"
_LOCK_ATTEMPTS = 5
_LOCK_PAUSE_SECONDS = 1.0
# Roles belong to the whole cluster, and migrations of two databases may change one at the same moment.
_ROLE_ATTEMPTS = 20
_FILE_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One SQL file. `sha256` is the hexadecimal digest of its bytes."""

    name: str
    sha256: str
    text: str


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The SQL files of a folder, in the order in which they are applied."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        if not _FILE_NAME.match(path.name):
            raise Conflict(code="migration_misnamed", migration=path.name, expected="0001_room.sql")
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        found.append(Migration(name=path.name, sha256=digest, text=content.decode()))
    return found


def migrate(
    owner_url: str,
    *,
    runtime_role: str = RUNTIME_ROLE,
    runtime_password: str | None = None,
    migrations_from: Path = MIGRATIONS,
) -> list[str]:
    """Bring the database up to date and the runtime role's rights in order; returns the names applied now.

    `runtime_role` is the user that `serve` connects as; another name than `counterfoil_runtime` becomes a member of
    that role, and may be the owner itself. `runtime_password` is set where given; None leaves it alone. Raises
    `Conflict` where the database and the files contradict each other, `Unavailable` where a lock, a right or the
    database itself could not be had.
    """
    migrations = read_migrations(migrations_from)
    try:
        with psycopg.connect(owner_url, autocommit=True, application_name="counterfoil-migrate") as connection:
            _prepare(connection, runtime_role=runtime_role, runtime_password=runtime_password)
            pending = _check(connection, migrations)
            applied = [migration.name for migration in pending if _apply(connection, migration)]
            _protect_posted_rows(connection)
    except psycopg.errors.InsufficientPrivilege as error:
        raise Unavailable(
            code="migration_not_permitted",
            reason=str(error.diag.message_primary),
            next_step=f"COUNTERFOIL_MIGRATION_URL needs the database's owner with CREATEROLE, or the role {RUNTIME_ROLE} made for it",
        ) from error
    except psycopg.OperationalError as error:
        raise Unavailable(code="database_unavailable", reason=str(error).strip()) from error
    return applied


def ensure_runtime_role(owner_url: str) -> None:
    """Make the runtime role where there is none: rights on restored tables are given to it."""
    with psycopg.connect(owner_url, autocommit=True, application_name="counterfoil-migrate") as connection:
        _ensure_role(connection, RUNTIME_ROLE, password=None)


def _prepare(connection: psycopg.Connection, *, runtime_role: str, runtime_password: str | None) -> None:
    """Make the roles, the table of migrations, and the rights that every new table starts with."""
    _ensure_role(connection, RUNTIME_ROLE, password=runtime_password if runtime_role == RUNTIME_ROLE else None)
    owner = _one(connection, "SELECT current_user")
    if runtime_role not in (RUNTIME_ROLE, owner):
        _ensure_role(connection, runtime_role, password=runtime_password)
        _change_role(connection, _named("GRANT {} TO {}", RUNTIME_ROLE, runtime_role))
    with connection.transaction():
        _take_turn(connection)
        schema = _one(connection, "SELECT current_schema()")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations"
            " (name text PRIMARY KEY, sha256 text NOT NULL, applied_at bigint NOT NULL)"
        )
        for words in (
            "GRANT USAGE ON SCHEMA {} TO {}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT USAGE ON SEQUENCES TO {}",
        ):
            connection.execute(_named(words, schema, RUNTIME_ROLE))
        connection.execute(_named("REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM {}", RUNTIME_ROLE))
        connection.execute(_named("GRANT SELECT ON schema_migrations TO {}", RUNTIME_ROLE))


def _check(connection: psycopg.Connection, migrations: list[Migration]) -> list[Migration]:
    """The migrations still to be applied; raises `Conflict` where the applied ones are not those of this program."""
    applied: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM schema_migrations").fetchall())
    unknown = sorted(applied.keys() - {migration.name for migration in migrations})
    if unknown:
        raise Conflict(
            code="database_newer",
            migrations=", ".join(unknown),
            next_step="this database was used by a newer counterfoil: install that version or a later one",
        )
    for migration in migrations:
        _check_unchanged(migration, applied.get(migration.name, migration.sha256))
    return [migration for migration in migrations if migration.name not in applied]


def _check_unchanged(migration: Migration, applied_sha256: str) -> None:
    if applied_sha256 != migration.sha256:
        raise Conflict(
            code="migration_changed",
            migration=migration.name,
            applied=applied_sha256[:12],
            present=migration.sha256[:12],
            next_step="an applied migration is never edited: put the file back and add a new one",
        )


def _apply(connection: psycopg.Connection, migration: Migration) -> bool:
    """Apply one file in its own transaction; False where another process has just done so."""
    for attempt in range(1, _LOCK_ATTEMPTS + 1):
        try:
            with connection.transaction():
                _take_turn(connection)
                row = connection.execute(
                    "SELECT sha256 FROM schema_migrations WHERE name = %s", (migration.name,)
                ).fetchone()
                if row is not None:
                    _check_unchanged(migration, row[0])
                    return False
                # Without parameters, so that a file may hold several statements.
                connection.execute(migration.text.encode())
                connection.execute(
                    "INSERT INTO schema_migrations (name, sha256, applied_at) VALUES (%s, %s, %s)",
                    (migration.name, migration.sha256, SystemClock().now()),
                )
        except psycopg.errors.LockNotAvailable as error:
            if attempt == _LOCK_ATTEMPTS:
                raise Unavailable(
                    code="migration_blocked",
                    migration=migration.name,
                    reason="another transaction holds a table for a long time; nothing of this migration was kept",
                    next_step="end that transaction, or try again when it is quiet",
                ) from error
            time.sleep(_LOCK_PAUSE_SECONDS)
        except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege):
            raise
        except psycopg.Error as error:
            raise Broken(code="migration_failed", migration=migration.name, reason=str(error).strip()) from error
        else:
            return True
    raise AssertionError("the last attempt returns or raises")


def _protect_posted_rows(connection: psycopg.Connection) -> None:
    """Take from the runtime role what nobody may do to posted rows, in these tables and their partitions."""
    with connection.transaction():
        _take_turn(connection)
        tables = connection.execute(
            "WITH RECURSIVE posted AS ("
            " SELECT oid FROM pg_class WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace"
            " UNION ALL SELECT inhrelid FROM pg_inherits JOIN posted ON inhparent = posted.oid)"
            " SELECT nspname, relname FROM posted JOIN pg_class USING (oid) JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE has_table_privilege(%s, posted.oid, 'UPDATE, DELETE, TRUNCATE')"
            " OR has_any_column_privilege(%s, posted.oid, 'UPDATE') ORDER BY nspname, relname",
            (list(POSTED_TABLES), RUNTIME_ROLE, RUNTIME_ROLE),
        ).fetchall()
        for schema, table in tables:
            connection.execute(_named("REVOKE UPDATE, DELETE, TRUNCATE ON {}.{} FROM {}", schema, table, RUNTIME_ROLE))


def _take_turn(connection: psycopg.Connection) -> None:
    connection.execute(
        "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', %s, true)", (_TURN_TIMEOUT,)
    )
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_ADVISORY_LOCK,))
    connection.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))


def _ensure_role(connection: psycopg.Connection, role: str, *, password: str | None) -> None:
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if known is None:
        try:
            _change_role(connection, _named("CREATE ROLE {} LOGIN", role))
        except (psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            pass  # Another process has just made it.
    if password is not None:
        # Hashed here: the statement may end up in a log of the server, and the password must not.
        hashed = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        _change_role(
            connection, sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(hashed))
        )


def _change_role(connection: psycopg.Connection, statement: sql.Composed) -> None:
    for attempt in range(1, _ROLE_ATTEMPTS + 1):
        try:
            connection.execute(statement)
        except psycopg.errors.InternalError_:
            # "tuple concurrently updated": the migration of another database changed the same role.
            if attempt == _ROLE_ATTEMPTS:
                raise
            time.sleep(0.01 * attempt)
        else:
            return


def _named(words: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(words).format(*(sql.Identifier(name) for name in names))


def _one(connection: psycopg.Connection, query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    if row is None or row[0] is None:
        raise Unavailable(code="database_unavailable", reason="the connection has no schema to work in")
    return str(row[0])
