"""How watchers find their rows in a database with many: by account or by time, never by walking over all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.ids import make_id
from counterfoil.ledger import history_store
from counterfoil.limits import store as limits_store
from counterfoil.notify import store, watch_store
from counterfoil.spend.store import limits_that_refused, upstreams_out_of_money

ACCOUNT = UUID(int=7)
NOW = 1_700_000_000_000_000
_ID = "lpad(to_hex(a), 32, '0')::uuid"
_OTHER_ID = "lpad(to_hex(a * 100000 + n), 32, '0')::uuid"
# Two hundred accounts, each with a hundred of everything, and a day of requests and attempts.
MANY = (
    f"INSERT INTO transfers SELECT {_ID}, n, n, {_OTHER_ID}, 'wallet', 'revenue', 1, 'charge', 'request', 'x', 'k' || n,"
    f" 1, NULL, NULL, {NOW} + n, '', '' FROM generate_series(1, 200) a, generate_series(1, 100) n",
    f"INSERT INTO grants SELECT {_ID}, {_OTHER_ID}, 'paid', 1, {NOW} + n * 86400000000::bigint, 1, 'o', 's', 'i', 1, 1, 0,"
    " 'open', NULL FROM generate_series(1, 200) a, generate_series(1, 100) n",
    f"INSERT INTO limits SELECT {_ID}, {_OTHER_ID}, 'key', {_OTHER_ID}, 'money', 'day', 100, 1, NULL"
    " FROM generate_series(1, 200) a, generate_series(1, 100) n",
    f"INSERT INTO usages SELECT {_ID}, {_OTHER_ID}, 0, n, 0 FROM generate_series(1, 200) a, generate_series(1, 100) n",
    "INSERT INTO requests (account_id, request_id, event_no, key_id, key_mask, endpoint, stream, client, client_address,"
    " in_flight, received_at, decided_at, held_nanos, multiplier_millis, counted, checks, state, charge_mark, code)"
    f" SELECT {_ID}, (lpad(to_hex({NOW} / 1000 + n * 1000), 12, '0') || lpad(to_hex(a), 20, '0'))::uuid, n, {_ID}, 'm',"
    " 'e', false, 'c', 'a', 0, 1, 1, 0, 1, '', '{\"checks\":[]}', 'refused', 'not_charged', 'key_limit'"
    " FROM generate_series(1, 200) a, generate_series(1, 100) n",
    f"INSERT INTO attempts SELECT {_ID}, {_OTHER_ID}, 1, 'u', 'm', {NOW} + n, {NOW} + n,"
    " CASE WHEN a = 1 THEN 'out_of_money' ELSE 'succeeded' END"
    " FROM generate_series(1, 200) a, generate_series(1, 100) n",
    f"INSERT INTO alert_hours SELECT {_ID}, n, 1 FROM generate_series(1, 200) a, generate_series(1, 100) n",
    f"INSERT INTO outbox SELECT {_OTHER_ID}, 'k', a || ':' || n, NULL, '{{}}', n, CASE WHEN n > 1 THEN n END"
    " FROM generate_series(1, 200) a, generate_series(1, 100) n",
    "INSERT INTO alert_channels VALUES (gen_random_uuid(), NULL, 'webhook', 'm', '', NULL, NULL, NULL, 'en',"
    " NULL, 'active', 1, NULL)",
    f"INSERT INTO alert_deliveries SELECT {_OTHER_ID}, {_OTHER_ID}, (SELECT channel_id FROM alert_channels), NULL,"
    " CASE WHEN n = 1 THEN 'waiting' ELSE 'sent' END, 1, 1, CASE WHEN n = 1 THEN 5 END, NULL, 5, CASE WHEN n > 1 THEN 5 END"
    " FROM generate_series(1, 200) a, generate_series(1, 100) n",
)  # fmt: skip
Call = Callable[[Any], Awaitable[Any]]
CALLS: dict[str, tuple[str, Call]] = {
    "what an account was charged": (
        "transfers_pkey", lambda c: history_store.charged_by_hour(c, [(ACCOUNT, 95, 100)]),
    ),
    "what may be spent": ("on grants_by_source", lambda c: history_store.spendable_of(c, [ACCOUNT], now=NOW)),
    "what expires": (
        # By their time, or, with as few accounts as here, by account and time.
        "Index Scan on grants_",
        lambda c: history_store.expiring_credit(c, now=NOW, until=NOW + 7 * 86_400_000_000, after=(0, ACCOUNT), most=50),
    ),
    "limits nearly used": ("(limit_id = l.limit_id) AND (window_start = ", lambda c: limits_store.nearly_used(c, [(ACCOUNT, 0, 0)], at=NOW)),
    "limits that refused": (
        "requests_pkey", lambda c: limits_that_refused(c, [ACCOUNT], since=NOW + 99_000_000),
    ),
    "upstreams out of money": ("attempts_out_of_money", lambda c: upstreams_out_of_money(c, since=NOW + 50)),
    "hours of an account": ("alert_hours_pkey", lambda c: watch_store.hours_of(c, [ACCOUNT], since=50)),
    "announcements that wait": ("outbox_waiting", lambda c: store.waiting_announcements(c, most=10)),
    "deliveries that are due": (
        "alert_deliveries_due", lambda c: store.claim_due(c, now=9, leased_until=10, most=10),
    ),
}  # fmt: skip


class Recorded(Exception):
    """The statement that was to be run."""


class Recorder:
    """A connection that runs nothing."""

    async def execute(self, query: str, parameters: Any = None) -> None:
        raise Recorded(query, parameters)


@pytest.fixture
async def many(owner_url: str) -> str:
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        for statement in MANY:
            await connection.execute(statement.encode())
        await connection.execute("ANALYZE")
    return owner_url


async def test_no_watcher_walks_over_all_that_there_is(many: str) -> None:
    async with await psycopg.AsyncConnection.connect(many) as connection:
        for what, (index, call) in CALLS.items():
            with pytest.raises(Recorded) as recorded:
                await call(Recorder())
            query, parameters = recorded.value.args
            cursor = await connection.execute("EXPLAIN " + query, parameters)
            plan = "\n".join(row[0] for row in await cursor.fetchall())
            assert index in plan, (what, plan)
            for table in ("transfers", "grants", "limits", "usages", "requests", "attempts", "outbox", "alert_hours"):
                assert f"Seq Scan on {table}" not in plan, (what, plan)


def test_ids_of_requests_are_times() -> None:
    """What `limits_that_refused` finds requests by."""
    assert make_id(NOW, 0) < make_id(NOW, 5) < make_id(NOW + 1, 0)
