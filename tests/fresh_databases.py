"""Databases for tests, each as if it had just been migrated: emptied and used again, since making one takes longer.

Emptying costs a tenth of a copy of the template. What a test has done besides writing rows (a changed table, an index, a
right, a setting, statistics) shows in the catalogs; such a database is not used again.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg

# What is deleted leaves holes, and tables with many are slower to walk over.
_USES_MAX = 60
_BYTES_MAX = 40_000_000
_PATIENCE_SECONDS = 5.0

_SHAPE = """
SELECT md5(string_agg(one, E'\\n' ORDER BY one)) FROM (
  SELECT concat_ws(' ', 'c', oid, relname, relkind, relacl, reloptions, relhastriggers, relchecks, relrowsecurity,
                   CASE WHEN relkind = 'r' THEN reltuples END) AS one
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', 'a', attrelid, attnum, attname, atttypid, attnotnull, attisdropped, attacl, attstattarget)
    FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace) AND attnum > 0
  UNION ALL SELECT concat_ws(' ', 'f', oid, proname, proacl) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', 't', oid, tgenabled) FROM pg_trigger
  UNION ALL SELECT concat_ws(' ', 'k', oid, conname, convalidated) FROM pg_constraint
  UNION ALL SELECT concat_ws(' ', 'n', oid, nspname, nspacl) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%'
  UNION ALL SELECT concat_ws(' ', 's', setrole, setconfig) FROM pg_db_role_setting
             WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL SELECT concat_ws(' ', 'd', datacl, datconnlimit, datallowconn) FROM pg_database
             WHERE datname = current_database()) all_of_it
"""
_EMPTY = """
DO $$
DECLARE named text; has_rows boolean;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR named IN SELECT oid::regclass::text FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'schema_migrations' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', named) INTO has_rows;
    IF has_rows THEN EXECUTE format('DELETE FROM %s', named); END IF;
  END LOOP;
  FOR named IN SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE last_value IS NOT NULL LOOP
    EXECUTE format('ALTER SEQUENCE %s RESTART', named);
  END LOOP;
END $$
"""


@dataclass(slots=True)
class FreshDatabases:
    """The databases of one worker. `connect` opens one of them as the owner, `""` the one that is always there."""

    connect: Callable[[str], psycopg.Connection]
    template: str
    _uses: dict[str, int] = field(default_factory=dict)
    _shapes: dict[str, str] = field(default_factory=dict)
    _free: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def take(self) -> str:
        """The name of an empty, migrated database."""
        return self._free.pop() if self._free else self.make()

    def make(self) -> str:
        """The name of a new one, which need not be given back."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with self.connect("") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY FILE_COPY")
        return name

    def give_back(self, name: str) -> None:
        """Empty it for the next test, or drop it where that is not enough."""
        uses = self._uses[name] = self._uses.get(name, 0) + 1
        if uses < _USES_MAX and self._is_as_new(name):
            self._free.append(name)
            return
        with self.connect("") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _is_as_new(self, name: str) -> bool:
        try:
            with self.connect(name) as connection:
                connection.execute("SET lock_timeout = '3s'")
                if not _is_alone(connection):
                    return False
                shape, size = _one(connection, f"SELECT ({_SHAPE}), pg_database_size(current_database())")
                if shape != self._shape() or size > _BYTES_MAX:
                    return False
                connection.execute(_EMPTY)
        except psycopg.Error:
            # Dropped, renamed, closed to us, or locked by somebody: a new one is safe.
            return False
        return True

    def _shape(self) -> str:
        """That of the template: a copy has the same object numbers."""
        if self.template not in self._shapes:
            # Nobody may stay connected to the template, or it could not be copied: a copy is looked at.
            name = self.make()
            with self.connect(name) as connection:
                (self._shapes[self.template],) = _one(connection, _SHAPE)
            self._free.append(name)
        return self._shapes[self.template]


def _is_alone(connection: psycopg.Connection) -> bool:
    """End what is still connected, as dropping would, and wait until it is gone."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        others = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        ).fetchall()
        if not others:
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.005)


def _one(connection: psycopg.Connection, query: str) -> tuple:  # type: ignore[type-arg]
    row = connection.execute(query).fetchone()
    assert row is not None
    return row
