"""The engine's manners: who waits for whom, who is turned away, and what becomes of those who left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.errors import Broken, HoldNotFound, Overloaded, Unavailable
from counterfoil.ledger.engine import Engine
from counterfoil.ledger.model import Hold, HoldEnd, Refused
from ledger.conftest import MakeEngine
from ledger.examples import MINUTE, Bank, capture

Owner = psycopg.AsyncConnection[Any]


async def finished(bank: Bank, account_id: UUID, engine: Engine | None = None) -> None:
    """Wait until everything that was queued for the account before has been done."""
    with pytest.raises(HoldNotFound):
        await (engine or bank.engine).submit(
            capture(Hold(account_id, bank.clock.new_id(), 1, 1, (), 1, 1, "request", account_id, ""), 1)
        )


def lock(owner: Owner, account_id: UUID) -> Any:
    return owner.execute("SELECT FROM accounts WHERE account_id = %s FOR UPDATE", (account_id,))


# -- blocked accounts ----------------------------------------------------------------------------------------------


async def test_a_blocked_account_waits_aside_while_the_others_proceed(bank: Bank, owner: Owner) -> None:
    blocked, free = await bank.customer(100), [await bank.customer(100) for _ in range(3)]
    async with owner.transaction():
        await lock(owner, blocked)
        waiting = [asyncio.create_task(bank.engine.submit(bank.authorize(blocked, 10))) for _ in range(12)]
        for _ in range(5):
            for account_id in free:
                await bank.capture(await bank.hold(account_id, 5), 4)
        assert not any(task.done() for task in waiting)
    results = await asyncio.gather(*waiting)
    # They come in the order in which they were sent.
    assert [type(each) for each in results] == [Hold] * 10 + [Refused] * 2
    assert await bank.money(blocked) == (100, 100)
    assert [await bank.money(each) for each in free] == [(80, 0)] * 3
    await bank.verified()


async def test_one_blocked_account_does_not_keep_another_that_has_been_freed(
    bank: Bank, owner: Owner, owner_url: str
) -> None:
    blocked, freed = await bank.customer(10), await bank.customer(10)
    async with owner.transaction():
        await lock(owner, blocked)
        stuck = asyncio.create_task(bank.engine.submit(bank.authorize(blocked, 1)))
        async with await psycopg.AsyncConnection.connect(owner_url) as other:
            await lock(other, freed)
            waiting = asyncio.create_task(bank.engine.submit(bank.authorize(freed, 2)))
            while bank.engine.totals.aside < 2:
                await asyncio.sleep(0.01)
        assert isinstance(await waiting, Hold)
        await bank.hold(freed, 3)
        assert not stuck.done()
    assert isinstance(await stuck, Hold)
    await bank.verified()


async def test_commands_of_a_blocked_account_keep_their_order(bank: Bank, owner: Owner) -> None:
    account_id = await bank.customer(10)
    hold = await bank.hold(account_id, 10)
    async with owner.transaction():
        await lock(owner, account_id)
        first = asyncio.create_task(bank.engine.submit(capture(hold, 4)))
        while not bank.engine.totals.aside:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(bank.engine.submit(bank.authorize(account_id, 6)))
        await asyncio.sleep(0.05)
    assert isinstance(await first, HoldEnd)
    assert isinstance(await second, Hold)


async def test_an_account_blocked_beyond_patience_is_unavailable_and_nothing_was_held(
    bank: Bank, owner: Owner, make_engine: MakeEngine
) -> None:
    engine = await make_engine(patience_seconds=0)
    account_id = await bank.customer(10)
    async with owner.transaction():
        await lock(owner, account_id)
        with pytest.raises(Unavailable):
            await engine.submit(bank.authorize(account_id, 1))
    assert await bank.money(account_id) == (10, 0)


# -- full queues ---------------------------------------------------------------------------------------------------


async def test_what_overflows_the_queue_is_turned_away_and_changes_nothing(bank: Bank, make_engine: MakeEngine) -> None:
    engine = await make_engine(lanes=1, queue_max=5, batch_max=2)
    account_id = await bank.customer(100)
    results = await asyncio.gather(
        *(engine.submit(bank.authorize(account_id, 1)) for _ in range(50)), return_exceptions=True
    )
    assert [type(each) for each in results] == [Hold] * 5 + [Overloaded] * 45
    assert {each.code for each in results if isinstance(each, Overloaded)} == {"overloaded"}
    assert await bank.money(account_id) == (100, 5)
    assert isinstance(await engine.submit(bank.authorize(account_id, 1)), Hold)


async def test_what_overflows_the_queue_of_blocked_accounts_is_turned_away(
    bank: Bank, owner: Owner, make_engine: MakeEngine
) -> None:
    engine = await make_engine(lanes=1, queue_max=4, batch_max=4)
    accounts = [await bank.customer(10) for _ in range(12)]
    async with owner.transaction():
        for account_id in accounts:
            await lock(owner, account_id)
        tasks = []
        for number in range(0, 12, 4):
            tasks += [
                asyncio.create_task(engine.submit(bank.authorize(each, 1))) for each in accounts[number : number + 4]
            ]
            while engine.totals.aside < len(tasks) - sum(task.done() for task in tasks):
                await asyncio.sleep(0.01)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(each) for each in results} == {Hold, Overloaded}
    assert sum(isinstance(each, Hold) for each in results) <= 8
    held = [1 if isinstance(each, Hold) else 0 for each in results]
    assert [await bank.money(each) for each in accounts] == [(10, each) for each in held]


async def test_commands_come_in_batches_no_larger_than_allowed(bank: Bank, make_engine: MakeEngine) -> None:
    engine = await make_engine(lanes=1, batch_max=16)
    account_id = await bank.customer(100)
    await asyncio.gather(*(engine.submit(bank.authorize(account_id, 1)) for _ in range(100)))
    assert engine.totals.commands == 100
    assert engine.totals.largest == 16
    assert engine.totals.batches < 10


# -- callers who leave ---------------------------------------------------------------------------------------------


async def test_the_hold_of_a_caller_who_left_the_queue_is_voided_at_once(bank: Bank, owner: Owner) -> None:
    account_id = await bank.customer(100)
    tasks = [asyncio.create_task(bank.engine.submit(bank.authorize(account_id, 10))) for _ in range(6)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    stayed = await asyncio.gather(*tasks[1::2])
    assert all(isinstance(each, Hold) for each in stayed)
    await finished(bank, account_id)
    assert await bank.money(account_id) == (100, 30)
    rows = await (await owner.execute("SELECT verb, reason FROM hold_ends")).fetchall()
    assert rows == [("voided", "caller_gone")] * 3
    await bank.verified()


async def test_the_hold_of_a_caller_who_leaves_as_the_answer_comes_is_voided_too(bank: Bank) -> None:
    account_id = await bank.customer(100)
    task = asyncio.create_task(bank.engine.submit(bank.authorize(account_id, 10)))
    # Committed and answered, and the caller has not run yet: now it is cancelled.
    while not bank.engine.totals.commands:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await finished(bank, account_id)
    assert await bank.money(account_id) == (100, 0)


async def test_a_capture_whose_caller_has_left_is_done_all_the_same(bank: Bank) -> None:
    account_id = await bank.customer(100)
    hold = await bank.hold(account_id, 10)
    task = asyncio.create_task(bank.engine.submit(capture(hold, 7)))
    await asyncio.sleep(0)
    task.cancel()
    await finished(bank, account_id)
    assert await bank.money(account_id) == (93, 0)


# -- units of work -------------------------------------------------------------------------------------------------


async def test_a_unit_of_work_cannot_await_the_engine(bank: Bank) -> None:
    account_id = await bank.customer(10)
    async with bank.ledger._database.unit_of_work():
        with pytest.raises(Broken) as error:
            await bank.engine.submit(bank.authorize(account_id, 1))
        assert error.value.code == "engine_inside_unit_of_work"
        child = asyncio.create_task(bank.engine.submit(bank.authorize(account_id, 1)))
        with pytest.raises(Broken):
            await child
    assert isinstance(await bank.engine.submit(bank.authorize(account_id, 1)), Hold)


# -- the end of an engine ------------------------------------------------------------------------------------------


async def test_an_engine_that_closes_finishes_what_is_queued_and_takes_no_more(
    bank: Bank, make_engine: MakeEngine
) -> None:
    engine = await make_engine(batch_max=3)
    account_id = await bank.customer(100)
    tasks = [asyncio.create_task(engine.submit(bank.authorize(account_id, 1))) for _ in range(20)]
    await asyncio.sleep(0)
    await engine.close()
    assert all(isinstance(each, Hold) for each in await asyncio.gather(*tasks))
    with pytest.raises(Overloaded):
        await engine.submit(bank.authorize(account_id, 1))
    assert await bank.money(account_id) == (100, 20)


_PROCESS = """
import asyncio, sys
from uuid import UUID
sys.path.insert(0, {tests!r})
from counterfoil.foundation.clock import ManualClock
from counterfoil.ledger.engine import Engine, EngineSettings
from counterfoil.ledger.guard import NoGuard
from counterfoil.ledger.model import Hold
from ledger.examples import authorize, capture

async def call(engine, clock, account_id):
    while True:
        hold = await engine.submit(authorize(3, account_id=account_id, hold_id=clock.new_id(), fresh=True))
        if isinstance(hold, Hold):
            print("held", flush=True)
            await engine.submit(capture(hold, 2))

async def main():
    clock = ManualClock(seed=99)
    engine = Engine({url!r}, clock=clock, guard_factory=NoGuard, settings=EngineSettings())
    await engine.start()
    await asyncio.gather(*(call(engine, clock, UUID({account!r})) for _ in range(20)))

asyncio.run(main())
"""


async def test_a_killed_process_charges_nothing_twice_and_leaves_holds_that_expire(
    bank: Bank, database_url: str, owner: Owner
) -> None:
    account_id = await bank.customer(10_000_000)
    tests = os.path.dirname(os.path.dirname(__file__))
    program = _PROCESS.format(tests=tests, url=database_url, account=str(account_id))
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(50):
        assert await asyncio.to_thread(process.stdout.readline) == "held\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    # The account's lock is free as soon as the server has noticed.
    hold = await bank.hold(account_id, 5)
    report = await bank.verified()
    (posted, held), charged = await bank.money(account_id), 2 * (report.transfers - 1)
    assert posted == 10_000_000 - charged
    row = await (
        await owner.execute("SELECT count(*) FROM holds WHERE hold_id NOT IN (SELECT hold_id FROM hold_ends)")
    ).fetchone()
    assert row is not None
    assert held == 5 + 3 * (row[0] - 1)
    assert await bank.ledger.expire_overdue() == (0, bank.clock.now())
    bank.clock.advance(micros=5 * MINUTE)
    assert (await bank.ledger.expire_overdue())[0] == row[0]
    assert await bank.money(account_id) == (posted, 0)
    with pytest.raises(Exception, match="hold_expired"):
        await bank.capture(hold, 1)
    await bank.verified()


async def test_an_engine_without_a_database_says_so(bank: Bank, database_url: str) -> None:
    nowhere = psycopg.conninfo.make_conninfo(database_url, dbname="not_there")
    engine = Engine(
        nowhere, clock=bank.clock, guard_factory=bank.engine._lanes[0]._guard_factory, settings=bank.engine._settings
    )
    with pytest.raises(Unavailable):
        await engine.start()
