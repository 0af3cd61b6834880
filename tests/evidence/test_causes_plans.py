"""What a refusal's causes are looked for with: indexes and never whole tables, whatever an account has behind it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from counterfoil.evidence.causes_service import Causes
from counterfoil.evidence.checks import recorded_checks
from counterfoil.evidence.findings import FindingCode
from counterfoil.evidence.model import Surroundings
from counterfoil.foundation.ids import make_id, read_id
from counterfoil.foundation.periods import Window
from counterfoil.ledger.model import Credit, Freeze, GrantKind, GrantSpec
from counterfoil.limits.model import Scope
from counterfoil.storage.database import Connection, Database
from evidence.desk import NANOS, Customer, Desk

ROWS = 60_000
SECOND = 1_000_000
DAY = 86_400 * SECOND
# What nobody may walk through.
TABLES = {"requests", "holds", "hold_ends", "transfers", "operations", "grants", "tasks"}


# What other accounts have.
_OTHERS = {
    "grants": "gen_random_uuid(), gen_random_uuid(), 'paid', 100, 1, 1, 'clearing:test', 'order', 'x', 1, 0, 0, 'open', NULL",
    "operations": "gen_random_uuid(), 'freeze:' || n, 1, '{}', '{}', 1",
    "tasks (account_id, task_id, key_id, kind, direct, endpoint, model, state, input_type, created_at, hold_expires_at)":
        "gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'video', false, 'videos', 'film', 'running', 'text', 1, 1",
}  # fmt: skip


class Explained:
    """A connection that asks for the plan of each statement before it runs it."""

    def __init__(self, connection: Connection, plans: list[tuple[str, Any]]) -> None:
        self._connection = connection
        self._plans = plans

    async def execute(self, query: str, parameters: Any = None) -> Any:
        cursor = await self._connection.execute(f"EXPLAIN (FORMAT JSON) {query}".encode(), parameters)
        row = await cursor.fetchone()
        assert row is not None
        self._plans.append((query, row[0][0]["Plan"]))
        return await self._connection.execute(query.encode(), parameters)


class ExplainedDatabase:
    def __init__(self, database: Database) -> None:
        self._database = database
        self.plans: list[tuple[str, Any]] = []

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Explained]:
        async with self._database.snapshot() as connection:
            yield Explained(connection, self.plans)


def scanned(plan: dict[str, Any]) -> set[str]:
    """The tables that a plan walks through."""
    found = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    for part in plan.get("Plans", ()):
        found |= scanned(part)
    return found


async def _give_a_past(owner_url: str, customer: Customer, request_id: UUID, now: int) -> None:
    """Sixty thousand calls of the month before, each like a real one."""
    account_id = customer.account_id
    async with await psycopg.AsyncConnection.connect(owner_url, row_factory=dict_row) as connection:
        for table, id_name in (("requests", "request_id"), ("holds", "hold_id"), ("hold_ends", "hold_id")):
            query = f"SELECT * FROM {table} WHERE account_id = %s AND {id_name} = %s"
            (like,) = await (await connection.execute(query.encode(), (account_id, request_id))).fetchall()
            names = list(like)
            async with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN".encode()) as copy,
            ):
                for number in range(ROWS):
                    at = now - 31 * DAY + number * 31 * DAY // ROWS
                    made = {
                        **like, id_name: make_id(at, number), "event_no": 10 + 2 * number + (table == "hold_ends"),
                        "created_at": at, "decided_at": at, "received_at": at, "expires_at": at + 660 * SECOND,
                    }  # fmt: skip
                    if table == "holds":
                        made |= {"reservations": "[]", "cause_id": make_id(at, number)}
                    await copy.write_row([made[name] for name in names])
        names = [
            "account_id",
            "version",
            "event_no",
            "transfer_id",
            "debit",
            "credit",
            "amount",
            "code",
            "cause_kind",
            "cause_id",
            "operation_key",
            "leg",
            "hold_id",
            "created_at",
            "prev_hash",
            "hash",
        ]
        async with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY transfers ({', '.join(names)}) FROM STDIN".encode()) as copy,
        ):
            for number in range(ROWS):
                at = now - 31 * DAY + number * 31 * DAY // ROWS
                hold_id = make_id(at, number)
                await copy.write_row(
                    (account_id, 100 + number, 11 + 2 * number, hold_id, "wallet", "revenue", 1, "charge", "request",
                     hold_id.hex, f"capture:{hold_id.hex}", 1, hold_id, at, b"", b"")
                )  # fmt: skip
        await connection.execute(
            "UPDATE accounts SET event_no = 1000000, version = 1000000, revision = revision + 1 WHERE account_id = %s",
            (account_id,),
        )
        for table, columns in _OTHERS.items():
            await connection.execute(
                f"INSERT INTO {table} SELECT {columns} FROM generate_series(1, %s) n".encode(), (ROWS,)
            )
        await connection.execute("ANALYZE")


@pytest.fixture
async def refused(desk: Desk, owner_url: str) -> UUID:
    """A refusal with every cause there is, of an account with a long past."""
    customer = await desk.customer(credit=4 * NANOS)
    first = await desk.served(customer, retry_count=None, cap=400)
    await _give_a_past(owner_url, customer, read_id("request", first), desk.clock.now())
    await desk.ledger.operate(
        Credit(
            account_id=customer.account_id, source_kind="order", source_id="bonus",
            grants=(
                GrantSpec(
                    kind=GrantKind.PROMOTIONAL, amount=NANOS, origin="promotions", expires_at=desk.clock.now() + DAY
                ),
                GrantSpec(kind=GrantKind.PAID, amount=NANOS // 2, origin="clearing:test", priority=200),
            ),
        )
    )  # fmt: skip
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        query = "SELECT grant_id FROM grants WHERE account_id = %s AND priority = 200"
        row = await (await connection.execute(query, (customer.account_id,))).fetchone()
        assert row is not None
    desk.clock.advance(seconds=3_600)
    await desk.ledger.operate(Freeze(account_id=customer.account_id, grant_id=row[0], source_id="dispute"))
    desk.clock.advance(seconds=86_400)
    await desk.limit(customer, Scope.KEY, 4 * NANOS, window=Window.LIFETIME)
    for number in range(6):
        await desk.served(customer, cap=400, retry_count=number, fingerprint=b"r" * 32)
    refunded = read_id("request", await desk.served(customer, cap=400, retry_count=None, fingerprint=b"a" * 32))
    await desk.spend.refund(refunded, source_id="refund", amount=1_000, reason="")
    for _ in range(2):
        await desk.admitted(customer, cap=400, retry_count=None, fingerprint=b"a" * 32)
    shown = await desk.refused(customer, cap=3_000, retry_count=None)
    return read_id("request", shown)


async def test_no_question_about_a_refusal_walks_through_a_table(desk: Desk, database: Database, refused: UUID) -> None:
    explained = ExplainedDatabase(database)
    causes = Causes(cast("Database", explained), clock=desk.clock)
    view = await desk.spend.request(refused)
    around = Surroundings(account_name="", time_zone="UTC", counted=b"", limits={})
    findings = await causes.of_refusal(view, recorded_checks(view, around))
    assert {finding.code for finding in findings} >= {
        FindingCode.DUPLICATE_SUBMISSIONS, FindingCode.RETRY_SPIKE, FindingCode.CREDIT_EXPIRED,
        FindingCode.CREDIT_FROZEN,
    }  # fmt: skip
    walked = [(query, json.dumps(plan)) for query, plan in explained.plans if scanned(plan) & TABLES]
    assert not walked
    # Each of them was asked: nothing was left out because there was nothing to find.
    asked = " ".join(query for query, _ in explained.plans)
    assert all(table in asked for table in TABLES)
