"""The hot path's statements are single-account in Citus form, and use nothing that only one PostgreSQL has."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from counterfoil.ledger import store
from counterfoil.limits import store as limits_store
from counterfoil.spend import store as spend_store
from counterfoil.storage.pipeline import BEGIN, COMMIT, ROLLBACK, Statement
from ledger.citus import faults

# Every statement that a batch of the engine may run; rooms that take part in it add theirs.
STATEMENTS: tuple[Statement, ...] = (
    *store.ENGINE_STATEMENTS,
    *limits_store.ENGINE_STATEMENTS,
    *spend_store.ENGINE_STATEMENTS,
)
# Tables that a batch writes.
HOT_TABLES = (
    "accounts", "grants", "holds", "hold_ends", "refusals", "transfers", "usages", "requests", "attempts",
    "submissions", "idempotency_keys", "tasks",
)  # fmt: skip


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement.name)
def test_a_statement_of_the_hot_path_is_tied_to_the_accounts_in_its_first_parameter(statement: Statement) -> None:
    assert faults(statement.sql) == []


def test_statements_have_names_of_their_own() -> None:
    names = [statement.name for statement in (*STATEMENTS, BEGIN, COMMIT, ROLLBACK)]
    assert len(names) == len(set(names))
    assert all(len(name) < 64 for name in names)


_ARRAYS = "unnest($1::uuid[], $2::uuid[])"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM accounts",
        "SELECT * FROM accounts WHERE account_id = ANY($2::uuid[])",
        "SELECT * FROM accounts WHERE account_id = ANY($1::uuid[]) OR posted > 0",
        "SELECT * FROM accounts WHERE NOT account_id = ANY($1::uuid[])",
        "SELECT * FROM accounts WHERE name = ANY($1::uuid[])",
        "SELECT * FROM holds h JOIN hold_ends e ON e.hold_id = h.hold_id WHERE h.account_id = ANY($1::uuid[])",
        f"SELECT * FROM {_ARRAYS} AS w(account_id, hold_id) JOIN holds h ON h.hold_id = w.hold_id",
        f"SELECT * FROM {_ARRAYS} AS w(hold_id, account_id) JOIN holds h ON h.account_id = w.account_id",
        f"SELECT * FROM {_ARRAYS} AS w(account_id, hold_id) LEFT JOIN holds h ON h.account_id = w.hold_id",
        f"UPDATE grants g SET held = 0 FROM {_ARRAYS} AS v(account_id, grant_id) WHERE g.grant_id = v.grant_id",
        "UPDATE grants SET held = 0",
        "DELETE FROM holds WHERE hold_id = ANY($1::uuid[])",
        f"INSERT INTO holds (hold_id, account_id) SELECT * FROM {_ARRAYS}",
        f"INSERT INTO holds (account_id, hold_id) SELECT v.b, v.b FROM {_ARRAYS} AS v(account_id, b)",
        "INSERT INTO holds (account_id) SELECT account_id FROM accounts",
        f"INSERT INTO holds SELECT * FROM {_ARRAYS}",
        "SELECT * FROM accounts WHERE account_id = ANY($1::uuid[]) AND EXISTS (SELECT FROM key_directory)",
        "SELECT nextval('numbers') FROM accounts WHERE account_id = ANY($1::uuid[])",
        "SELECT pg_advisory_xact_lock(1) FROM accounts WHERE account_id = ANY($1::uuid[])",
        "SELECT now() FROM accounts WHERE account_id = ANY($1::uuid[])",
        "UPDATE accounts SET last_at = extract(epoch FROM clock_timestamp()) WHERE account_id = ANY($1::uuid[])",
        "SELECT gen_random_uuid() FROM accounts WHERE account_id = ANY($1::uuid[])",
        "SAVEPOINT here",
        "LISTEN news",
        "NOTIFY news",
        "CREATE TEMP TABLE t (a int)",
        "CREATE TRIGGER t AFTER INSERT ON holds EXECUTE FUNCTION f()",
        "LOCK TABLE accounts",
        "SELECT 1; SELECT 2",
    ],
)
def test_the_check_itself_fails_on_what_it_is_for(sql: str) -> None:
    assert faults(sql)


async def test_hot_tables_have_the_account_first_in_every_unique_key(owner: psycopg.AsyncConnection[Any]) -> None:
    rows = await (
        await owner.execute(
            "SELECT t.relname, i.relname, a.attname FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid"
            " JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]"
            " WHERE x.indisunique AND t.relname = ANY(%s)",
            (list(HOT_TABLES),),
        )
    ).fetchall()
    assert {table for table, _, _ in rows} == set(HOT_TABLES)
    assert {column for _, _, column in rows} == {"account_id"}


async def test_hot_tables_have_no_triggers_no_sequences_and_no_foreign_keys(
    owner: psycopg.AsyncConnection[Any],
) -> None:
    row = await (
        await owner.execute(
            "SELECT (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY(hot)),"
            " (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(hot)),"
            " (SELECT count(*) FROM pg_attribute WHERE attidentity <> '' AND attrelid = ANY(hot)),"
            " (SELECT count(*) FROM pg_attrdef WHERE pg_get_expr(adbin, adrelid) LIKE '%%(%%' AND adrelid = ANY(hot))"
            " FROM (SELECT array_agg(oid) AS hot FROM pg_class WHERE relkind = 'r' AND relname = ANY(%s)) t",
            (list(HOT_TABLES),),
        )
    ).fetchone()
    assert row == (0, 0, 0, 0)


async def test_the_database_has_no_procedures_of_ours(owner: psycopg.AsyncConnection[Any]) -> None:
    cursor = await owner.execute(
        "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'"
    )
    assert await cursor.fetchall() == []
