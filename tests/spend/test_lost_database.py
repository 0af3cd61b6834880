"""PostgreSQL ends a connection in the middle of a call: the operator's side, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import psycopg
import pytest

from counterfoil.foundation.errors import Unavailable
from counterfoil.spend.model import Admission
from spend.market import NANOS, TOKEN, Market, Till

HANG_UP = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "


async def hung_up(market: Market, table: str, question: Awaitable[object]) -> BaseException | None:
    """What a question says whose connection ends while it waits for that table."""
    async with await psycopg.AsyncConnection.connect(market.owner_url) as owner:
        await owner.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.ensure_future(question)
        async with asyncio.timeout(30):
            while not asking.done():
                # Within a transaction, who does what is looked up once and remembered.
                await owner.execute("SELECT pg_stat_clear_snapshot()")
                cursor = await owner.execute(HANG_UP + "wait_event_type = 'Lock'")
                if await cursor.fetchone() is not None:
                    break
                await asyncio.sleep(0.01)
        await asyncio.wait([asking])
        return asking.exception()


async def test_a_question_that_loses_its_connection_is_told_to_come_again(market: Market, till: Till) -> None:
    customer = await market.customer()
    caller = await till.caller(customer)
    admission = await till.admitted(customer)
    for table, question in (
        ("key_directory", till.spend.identify("sk-not-yet-known", "192.0.2.7")),
        ("limits", till.spend.estimate(caller, till.arrival())),
        ("transfers", till.spend.standing(caller)),
        ("requests", till.spend.request(admission.request_id)),
        ("requests", till.spend.requests(customer.account_id)),
    ):
        error = await hung_up(market, table, question)
        assert isinstance(error, Unavailable), error
        assert error.code == "database_unavailable"


async def test_every_connection_lost_at_once_and_again_and_again(market: Market, till: Till) -> None:
    customer = await market.customer(credit=60 * NANOS)

    async def one() -> None:
        admission = await till.call(customer, cap=1_000)
        assert isinstance(admission, Admission)
        await till.deliver(admission, 1_000)

    async with await psycopg.AsyncConnection.connect(market.owner_url, autocommit=True) as owner:
        await owner.execute(HANG_UP + "application_name = 'counterfoil engine'")
        calls = asyncio.gather(*(one() for _ in range(60)))
        pause = 0.02
        while not calls.done():
            await asyncio.sleep(pause)
            # A busy machine gets a little longer each time, or no batch would ever be through.
            pause *= 1.03
            await owner.execute(HANG_UP + "application_name = 'counterfoil engine'")
        await calls
    assert till.engine.totals.reruns > 0
    assert await market.balance(customer) == (0, 0)


@pytest.mark.parametrize("gone", [False, True])
async def test_an_account_locked_elsewhere_waits_alone(gone: bool, market: Market, till: Till) -> None:
    blocked, other = await market.customer(credit=NANOS), await market.customer()
    async with await psycopg.AsyncConnection.connect(market.owner_url) as owner:
        await owner.execute("SELECT FROM accounts WHERE account_id = %s FOR UPDATE", (blocked.account_id,))
        waiting = asyncio.ensure_future(till.call(blocked))
        for _ in range(5):
            await till.serve(other, 10)
        assert not waiting.done()
        if gone:
            waiting.cancel()
    if gone:
        async with asyncio.timeout(30):
            while [view.state for view in await till.spend.requests(blocked.account_id)] != ["client_gone"]:
                await asyncio.sleep(0.01)
        assert await market.balance(blocked) == (NANOS, 0)
    else:
        admission = await waiting
        assert isinstance(admission, Admission)
        await till.deliver(admission, 400)
        assert await market.balance(blocked) == (NANOS - 400 * TOKEN, 0)
