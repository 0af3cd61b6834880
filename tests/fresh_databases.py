"""Databases for tests, each as if it had just been migrated: emptied and used again, since making one takes longer.

Emptying costs a small part of a copy of the template, above all over a connection that is kept and knows the tables.
What a test has done besides writing rows (a changed table, an index, a right, a setting, statistics) shows in the
catalogs; such a database is not used again.
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

# Whatever changes an entry of a catalog makes a new version of it, under the number of the transaction that did: a copy has
# the template's. Statistics are written in their place, so those of tables are looked at; so are settings and rights of
# the database, which stand in catalogs that all databases share.
_SHAPE = """
SELECT concat_ws(' ',
  (SELECT concat_ws(' ', count(*), sum(oid::bigint * xmin::text::bigint), sum(reltuples)) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace),
  (SELECT concat_ws(' ', count(*), sum(attrelid::bigint * xmin::text::bigint)) FROM pg_attribute
    WHERE attrelid >= 16384 AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)),
  (SELECT concat_ws(' ', count(*), sum(oid::bigint * xmin::text::bigint)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
  (SELECT concat_ws(' ', count(*), sum(oid::bigint * xmin::text::bigint)) FROM pg_trigger),
  (SELECT concat_ws(' ', count(*), sum(oid::bigint * xmin::text::bigint)) FROM pg_constraint),
  (SELECT concat_ws(' ', count(*), sum(oid::bigint * xmin::text::bigint)) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_t%'),
  (SELECT string_agg(concat_ws(' ', setrole, setconfig), ',' ORDER BY setrole) FROM pg_db_role_setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())),
  (SELECT concat_ws(' ', datacl, datconnlimit, datallowconn) FROM pg_database WHERE datname = current_database()))
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
  -- Not ALTER SEQUENCE, which makes a new file and so a new version of the entry.
  PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
     FROM pg_sequences WHERE last_value IS NOT NULL;
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
    _keepers: dict[str, psycopg.Connection] = field(default_factory=dict)
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
        self._leave(name)
        with self.connect("") as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        """Hang up; the databases go with their server, or with the next run."""
        for name in list(self._keepers):
            self._leave(name)

    def _is_as_new(self, name: str) -> bool:
        try:
            connection = self._keeper(name)
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

    def _keeper(self, name: str) -> psycopg.Connection:
        if name not in self._keepers:
            connection = self._keepers[name] = self.connect(name)
            connection.execute("SET lock_timeout = '3s'")
        return self._keepers[name]

    def _leave(self, name: str) -> None:
        if (connection := self._keepers.pop(name, None)) is not None:
            connection.close()

    def _shape(self) -> str:
        """That of the template, of which a copy has the same entries."""
        if self.template not in self._shapes:
            # Nobody may stay connected to the template, or it could not be copied: a copy is looked at.
            name = self.make()
            (self._shapes[self.template],) = _one(self._keeper(name), _SHAPE)
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
