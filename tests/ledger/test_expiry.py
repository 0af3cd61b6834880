"""Background work: holds and grants that are due end although nobody asks for them ("Holds end", "Grants end")."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.errors import HoldEnded
from counterfoil.ledger import service
from counterfoil.ledger.model import BREAKAGE, Expire, HoldEnd, PostUncollected
from counterfoil.storage import database as database_module
from ledger.examples import DAY, MINUTE, Bank, bonus, capture, credit, paid

Owner = psycopg.AsyncConnection[Any]


async def ends(owner: Owner, account_id: UUID) -> list[tuple[str, str, int]]:
    query = "SELECT verb, reason, count(*) FROM hold_ends WHERE account_id = %s GROUP BY 1, 2 ORDER BY 1"
    return await (await owner.execute(query, (account_id,))).fetchall()


async def test_holds_that_are_due_expire_and_the_others_do_not(bank: Bank, owner: Owner) -> None:
    account_id = await bank.customer(100)
    for minutes in (1, 2, 3):
        await bank.hold(account_id, 10, expires_in=minutes * MINUTE)
    assert await bank.ledger.expire_overdue() == (0, bank.clock.now())
    bank.clock.advance(micros=2 * MINUTE)
    assert await bank.ledger.expire_overdue() == (2, bank.clock.now())
    assert await bank.money(account_id) == (100, 10)
    assert await ends(owner, account_id) == [("expired", "outcome_unknown", 2)]
    assert await bank.ledger.expire_overdue() == (0, bank.clock.now())
    await bank.verified()


async def test_a_sweep_goes_on_where_the_last_one_ended(bank: Bank) -> None:
    account_id = await bank.customer(100)
    await bank.hold(account_id, 1, expires_in=MINUTE)
    bank.clock.advance(micros=MINUTE)
    _, through = await bank.ledger.expire_overdue()
    await bank.hold(account_id, 1, expires_in=1)
    await bank.hold(account_id, 1, expires_in=0)
    bank.clock.advance(micros=1)
    assert (await bank.ledger.expire_overdue(since=through))[0] == 1
    assert (await bank.ledger.expire_overdue())[0] == 1


async def test_many_holds_due_at_one_moment_all_expire(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_EXPIRY_BATCH", 3)
    accounts = [await bank.customer(10) for _ in range(2)]
    for number in range(11):
        await bank.hold(accounts[number % 2], 1, expires_in=MINUTE)
    bank.clock.advance(micros=MINUTE)
    assert (await bank.ledger.expire_overdue())[0] == 11
    assert [await bank.money(each) for each in accounts] == [(10, 0)] * 2


async def test_an_account_that_is_locked_keeps_no_other_from_expiring(
    bank: Bank, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_EXPIRY_BATCH", 2)
    quick = database_module._BEGIN.replace(str(database_module.LOCK_TIMEOUT_MILLIS), "50")
    monkeypatch.setattr(database_module, "_BEGIN", quick)
    locked, free = await bank.customer(10), await bank.customer(10)
    for account_id in (locked, free, locked, free, free):
        bank.clock.advance(micros=1)
        await bank.hold(account_id, 1, expires_in=MINUTE)
    first_due = bank.clock.now() - 4 + MINUTE
    bank.clock.advance(micros=MINUTE)
    async with owner.transaction():
        await owner.execute("SELECT FROM accounts WHERE account_id = %s FOR UPDATE", (locked,))
        expired, through = await bank.ledger.expire_overdue()
    assert (expired, through) == (3, first_due - 1)
    assert await bank.ledger.expire_overdue(since=through) == (2, bank.clock.now())
    assert await bank.money(locked) == await bank.money(free) == (10, 0)


async def test_a_capture_that_comes_while_holds_expire_wins_or_learns_of_it(bank: Bank) -> None:
    account_id = await bank.customer(100)
    holds = [await bank.hold(account_id, 2, expires_in=MINUTE) for _ in range(30)]
    bank.clock.advance(micros=MINUTE)
    sweep = asyncio.create_task(bank.ledger.expire_overdue())
    results = await asyncio.gather(
        *(bank.engine.submit(capture(h, 1)) for h in reversed(holds)), return_exceptions=True
    )
    captured = sum(isinstance(each, HoldEnd) for each in results)
    assert captured + sum(isinstance(each, HoldEnded) and each.code == "hold_expired" for each in results) == 30
    assert (await sweep)[0] == 30 - captured
    assert await bank.money(account_id) == (100 - captured, 0)
    await bank.verified()


async def test_a_late_capture_charges_nothing(bank: Bank) -> None:
    account_id = await bank.customer(10)
    hold = await bank.hold(account_id, 10, expires_in=MINUTE)
    bank.clock.advance(micros=MINUTE)
    await bank.ledger.expire_overdue()
    for door in (bank.engine.submit, bank.ledger.apply):
        with pytest.raises(HoldEnded) as error:
            await door(capture(hold, 7))
        assert error.value.code == "hold_expired"
    assert await bank.money(account_id) == (10, 0)


async def test_a_task_that_succeeds_after_its_hold_expired_posts_to_uncollected(bank: Bank) -> None:
    account_id = await bank.customer(10)
    hold = await bank.hold(account_id, 10, expires_in=7 * DAY, cause_kind="task")
    bank.clock.advance(micros=7 * DAY)
    # A task ends together with its hold: only its own room expires it.
    assert (await bank.ledger.expire_overdue())[0] == 0
    await bank.ledger.apply(Expire(account_id=account_id, hold_id=hold.hold_id))
    late = PostUncollected(account_id=account_id, hold_id=hold.hold_id, amount=8)
    first = await bank.ledger.operate(late)
    assert await bank.ledger.operate(late) == first
    assert await bank.money(account_id) == (10, 0)
    sums = await bank.ledger.sums()
    assert sums["USD"] == {"clearing:stripe": -10, "revenue": 8, "uncollected": -8, "wallet": 10}
    await bank.verified()


async def test_grants_that_are_due_end_although_nobody_uses_the_account(bank: Bank) -> None:
    account_id = await bank.customer(5)
    now = bank.clock.now()
    specs = (paid(10, expires_at=now + DAY), bonus(4, expires_at=now + 2 * DAY))
    await bank.ledger.operate(credit(*specs, account_id=account_id, order="due"))
    hold = await bank.hold(account_id, 7)
    assert await bank.ledger.end_due_grants() == 0
    bank.clock.advance(micros=DAY)
    assert await bank.ledger.end_due_grants() == 1
    assert await bank.ledger.end_due_grants() == 0
    assert await bank.money(account_id) == (16, 7)
    await bank.capture(hold, 6)
    sums = await bank.ledger.sums()
    assert sums["USD"][BREAKAGE] == 10 - 7 + 1
    # The end of the last one is found by the next command itself.
    bank.clock.advance(micros=DAY)
    await bank.hold(account_id, 1)
    assert await bank.ledger.end_due_grants() == 0
    await bank.verified()


async def test_an_account_that_is_locked_keeps_no_others_grants_from_ending(
    bank: Bank, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = database_module._BEGIN.replace(str(database_module.LOCK_TIMEOUT_MILLIS), "50")
    monkeypatch.setattr(database_module, "_BEGIN", quick)
    accounts = [await bank.customer() for _ in range(3)]
    for account_id in accounts:
        specs = paid(10, expires_at=bank.clock.now() + DAY)
        await bank.ledger.operate(credit(specs, account_id=account_id, order="due"))
    bank.clock.advance(micros=DAY)
    async with owner.transaction():
        await owner.execute("SELECT FROM accounts WHERE account_id = %s FOR UPDATE", (accounts[0],))
        assert await bank.ledger.end_due_grants() == 2
    assert await bank.ledger.end_due_grants() == 1
