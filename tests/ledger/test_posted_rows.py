"""Posted rows are never updated or deleted: the runtime role cannot (L8)."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from ledger.examples import Bank

POSTED = ("transfers", "transfer_sums", "holds", "hold_ends", "operations", "refusals")


@pytest.mark.parametrize("table", POSTED)
async def test_l8_the_runtime_role_can_only_add_to_posted_tables(database_url: str, table: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as runtime:
        columns = await (
            await runtime.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND table_schema = 'public'",
                (table,),
            )
        ).fetchall()
        assert columns
        statements = [f"UPDATE {table} SET {name} = {name}" for (name,) in columns]
        for statement in (*statements, f"DELETE FROM {table}", f"TRUNCATE {table}", f"DROP TABLE {table}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await runtime.execute(statement)


async def test_l8_the_runtime_role_owns_nothing_and_cannot_become_somebody_who_does(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as runtime:
        row = await (
            await runtime.execute(
                "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication,"
                " (SELECT count(*) FROM pg_auth_members WHERE member = r.oid),"
                " (SELECT count(*) FROM pg_class WHERE relowner = r.oid),"
                " has_schema_privilege('public', 'CREATE')"
                " FROM pg_roles r WHERE rolname = current_user"
            )
        ).fetchone()
        assert row == (False, 0, 0, False)


async def test_l1_l2_the_database_refuses_what_the_rules_never_do(bank: Bank, database_url: str) -> None:
    account_id = await bank.customer(10)
    values: dict[str, Any] = {"account": account_id}
    bad = [
        "UPDATE accounts SET held = posted + 1 WHERE account_id = %(account)s",
        "UPDATE accounts SET posted = -1 WHERE account_id = %(account)s",
        "UPDATE grants SET held = remaining + 1 WHERE account_id = %(account)s",
        "UPDATE grants SET remaining = -1 WHERE account_id = %(account)s",
        "UPDATE grants SET state = 'ended' WHERE account_id = %(account)s",
        "UPDATE grants SET state = 'ended', destination = 'breakage' WHERE account_id = %(account)s",
        "INSERT INTO transfers SELECT account_id, 2, 2, transfer_id, debit, credit, 0, code, cause_kind, cause_id, 'k',"
        " 1, hold_id, grant_id, created_at, hash, hash FROM transfers",
        "INSERT INTO transfers SELECT account_id, 2, 2, transfer_id, debit, debit, 1, code, cause_kind, cause_id, 'k',"
        " 1, hold_id, grant_id, created_at, hash, hash FROM transfers",
        "INSERT INTO transfers SELECT account_id, 2, 2, transfer_id, debit, credit, 1, code, cause_kind, cause_id,"
        " operation_key, leg, hold_id, grant_id, created_at, hash, hash FROM transfers",
    ]
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as runtime:
        for statement in bad:
            with pytest.raises(psycopg.IntegrityError):
                await runtime.execute(statement, values)
    await bank.verified()
