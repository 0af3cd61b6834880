"""A question is answered from indexes: with sequential scans forbidden, none of its statements needs one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from counterfoil.evidence import credits_store, same_account_store, store
from counterfoil.spend import store as spend_store
from counterfoil.spend import submissions_store
from counterfoil.storage.database import Database

ID = UUID(int=7 << 76 | 2 << 62)


class Explaining:
    """A connection that runs no statement and has its plan shown; each answers with `row`, or nothing."""

    def __init__(self, connection: Any, row: tuple[Any, ...] | None = None) -> None:
        self._connection = connection
        self._row = row
        self.scanned: list[str] = []

    async def execute(self, statement: str, parameters: Any = None) -> Explaining:
        plan = await self._connection.execute("EXPLAIN " + statement, parameters)
        lines = [row[0] for row in await plan.fetchall()]
        if any("Seq Scan" in line for line in lines):
            self.scanned.append("\n".join([statement, *lines]))
        return self

    def cursor(self, **_: Any) -> Explaining:
        return self

    async def __aenter__(self) -> Explaining:
        return self

    async def __aexit__(self, *_: object) -> None:
        return

    async def fetchone(self) -> tuple[Any, ...] | None:
        return self._row

    async def fetchall(self) -> list[Any]:
        return []


async def test_no_statement_of_a_question_scans_a_table(database: Database) -> None:
    async with database.reading() as connection:
        await connection.execute("SET enable_seqscan = off")
        explaining: Any = Explaining(connection)
        of_request: Any = Explaining(connection, ("Acme", "UTC", b""))
        of_hold: Any = Explaining(connection, (ID, 1, 1, 2, None, None, None, None, None, None))
        try:
            await store.surroundings_of(of_request, account_id=ID, request_id=ID, limit_ids=[ID])
            await store.ledger_of(of_hold, account_id=ID, request_id=ID, since=0)
            await store.account_facts(explaining, ID)
            await store.transfers_of_operations(explaining, account_id=ID, keys=["credit:order:x"])
            for key_id in (None, ID):
                await store.requests_around(explaining, account_id=ID, key_id=key_id, start=1, end=2, margin=1)
            await store.keys_of_mask(explaining, "sk-…3fA9", account_id=None, most=5)
            await same_account_store.accounts_named(explaining, "Acme", most=5)
            await same_account_store.names_of(explaining, [ID])
            await credits_store.payments_of(explaining, ID)
            await credits_store.grants_of(explaining, account_id=ID, source_kind="order", source_id="x")
            await credits_store.notices_not_believed(explaining, provider="epay", start=0, end=1)
            await credits_store.any_notice_believed(explaining, provider="epay", start=0, end=1)
            await credits_store.orders_in(explaining, account_id=ID, start=0, end=1)
            await credits_store.orders_paid_between(
                explaining, like=ID, account_id=ID, provider="epay", amount=1, currency="CNY", start=0, end=1
            )
            await credits_store.codes_of_mask(explaining, "7K2M", account_id=ID)
            await spend_store.find_request(explaining, ID)
            await spend_store.attempts_of(explaining, account_id=ID, request_id=ID)
            await submissions_store.find_submission(explaining, ID)
            await submissions_store.copies_of(explaining, account_id=ID, submission_id=ID, most=200)
        finally:
            await connection.execute("RESET enable_seqscan")
    assert explaining.scanned + of_request.scanned + of_hold.scanned == []


async def test_what_would_scan_is_noticed(database: Database) -> None:
    async with database.reading() as connection:
        explaining = Explaining(connection)
        await explaining.execute("SELECT request_id FROM requests WHERE client = 'curl'")
    assert explaining.scanned
