"""What `doctor` asks PostgreSQL: its version, its clock, the migrations, and what the runtime role may do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

_CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """A PostgreSQL server as one role sees it. `clock` is its time in UTC microseconds."""

    version: str
    version_number: int
    role: str
    clock: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """What the runtime role is and may do. `wrongful` are rights on posted tables that nobody who serves may have."""

    is_superuser: bool
    owns_tables: bool
    missing_tables: tuple[str, ...]
    wrongful: tuple[tuple[str, str], ...]


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(
        url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_SECONDS, application_name="counterfoil-doctor"
    )


def read_server(connection: psycopg.Connection) -> ServerFacts:
    row = connection.execute(
        "SELECT current_setting('server_version'), current_setting('server_version_num')::int, current_user,"
        " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    ).fetchone()
    assert row is not None
    return ServerFacts(version=row[0], version_number=row[1], role=row[2], clock=row[3])


def read_applied(connection: psycopg.Connection) -> dict[str, str] | None:
    """Applied migrations with their SHA-256; None where none ever was."""
    known = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
    if known is None or not known[0]:
        return None
    return dict(connection.execute("SELECT name, sha256 FROM schema_migrations").fetchall())


def read_role(connection: psycopg.Connection, tables: Sequence[str]) -> RoleFacts:
    """What the connected role may do to these tables beyond reading and adding."""
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    rows = connection.execute(
        "SELECT name, to_regclass(quote_ident(name)),"
        " pg_get_userbyid((SELECT relowner FROM pg_class WHERE oid = to_regclass(quote_ident(name)))) = current_user"
        " FROM unnest(%s::text[]) AS names(name)",
        (list(tables),),
    ).fetchall()
    wrongful = connection.execute(
        "SELECT name, right_name FROM unnest(%s::text[]) AS names(name),"
        " unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS rights(right_name)"
        " WHERE to_regclass(quote_ident(name)) IS NOT NULL"
        " AND has_table_privilege(to_regclass(quote_ident(name)), right_name) ORDER BY 1, 2",
        (list(tables),),
    ).fetchall()
    return RoleFacts(
        is_superuser=bool(row and row[0]),
        owns_tables=any(owned for _, _, owned in rows),
        missing_tables=tuple(name for name, oid, _ in rows if oid is None),
        wrongful=tuple((table, right) for table, right in wrongful),
    )
