"""The same money wanted at once: by two engines, as two processes would have them, and by units of work."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.errors import HoldEnded, NotFound
from counterfoil.ledger.engine import Engine
from counterfoil.ledger.model import Hold, HoldEnd, Operation, Outcome, Refused
from ledger.conftest import MakeEngine
from ledger.examples import MINUTE, Bank, bonus, capture, credit, expire, paid, void


@pytest.fixture
async def other_engine(make_engine: MakeEngine) -> Engine:
    """The engine of another process."""
    return await make_engine()


async def settled(*work: Any) -> list[Any]:
    return await asyncio.gather(*work, return_exceptions=True)


async def test_l3_of_capture_void_and_expire_exactly_one_wins(bank: Bank, other_engine: Engine) -> None:
    account_id = await bank.customer(1000)
    holds = [await bank.hold(account_id, 10) for _ in range(24)]
    bank.clock.advance(micros=5 * MINUTE)
    wins: Counter[str] = Counter()
    submits = [bank.engine.submit, other_engine.submit, bank.ledger.apply]

    async def fight(number: int, hold: Hold) -> None:
        # Each resolver comes through each door in turn.
        doors = submits[number % 3 :] + submits[: number % 3]
        commands = [capture(hold, 7), void(hold), expire(hold)]
        results = await settled(*(door(command) for door, command in zip(doors, commands, strict=True)))
        (won,) = [each for each in results if isinstance(each, HoldEnd)]
        lost = [each for each in results if isinstance(each, HoldEnded)]
        assert [each.code for each in lost] == [f"hold_{won.verb}"] * 2
        wins[won.verb] += 1

    await asyncio.gather(*(fight(number, hold) for number, hold in enumerate(holds)))
    assert wins.total() == 24
    assert await bank.money(account_id) == (1000 - 7 * wins["captured"], 0)
    await bank.verified()


async def test_l4_equal_captures_at_once_have_one_effect_and_one_answer(bank: Bank, other_engine: Engine) -> None:
    account_id = await bank.customer(100)
    hold = await bank.hold(account_id, 40)
    doors = [bank.engine.submit, other_engine.submit, bank.ledger.apply]
    results = await asyncio.gather(*(doors[number % 3](capture(hold, 30)) for number in range(30)))
    assert len(set(results)) == 1
    assert await bank.money(account_id) == (70, 0)
    await bank.verified()


@pytest.mark.parametrize("asked", [40, 101])
async def test_l4_equal_authorizations_at_once_have_one_effect_and_one_answer(
    bank: Bank, other_engine: Engine, asked: int
) -> None:
    account_id = await bank.customer(100)
    command = bank.authorize(account_id, asked)
    doors = [bank.engine.submit, other_engine.submit, bank.ledger.apply]
    results = await asyncio.gather(*(doors[number % 3](command) for number in range(30)))
    assert len(set(results)) == 1
    assert isinstance(results[0], Hold if asked == 40 else Refused)
    assert await bank.money(account_id) == (100, 40 if asked == 40 else 0)
    await bank.verified()


async def test_l4_equal_credits_at_once_have_one_effect_and_one_answer(bank: Bank) -> None:
    account_id = await bank.customer()
    command = credit(paid(50), bonus(5), account_id=account_id)
    results = await asyncio.gather(*(bank.ledger.operate(command) for _ in range(12)))
    assert len({each.answer["grants"][0] for each in results}) == 1
    assert await bank.money(account_id) == (55, 0)


async def test_the_first_commands_of_a_new_account(bank: Bank, other_engine: Engine) -> None:
    account_id = await bank.customer()
    work: list[Any] = []
    for number in range(30):
        door = bank.engine if number % 2 else other_engine
        work.append(door.submit(bank.authorize(account_id, 1)))
        if number % 3 == 0:
            work.append(bank.ledger.operate(credit(paid(3), account_id=account_id, order=f"first {number}")))
    results: list[Outcome] = await asyncio.gather(*work)
    held = sum(isinstance(each, Hold) for each in results)
    refused = sum(isinstance(each, Refused) for each in results)
    assert (held + refused, sum(isinstance(each, Operation) for each in results)) == (30, 10)
    assert await bank.money(account_id) == (30, held)
    report = await bank.verified()
    assert report.transfers == 10


async def test_an_account_that_does_not_exist_is_not_found(bank: Bank) -> None:
    nobody = bank.clock.new_id()
    results = await settled(*(bank.engine.submit(bank.authorize(nobody, 1)) for _ in range(5)))
    assert [type(each) for each in results] == [NotFound] * 5
    somebody = await bank.customer(5)
    await bank.hold(somebody, 5)


async def test_l2_two_processes_hold_exactly_what_is_there(
    bank: Bank, other_engine: Engine, owner: psycopg.AsyncConnection[Any]
) -> None:
    """L2, L5: money for exactly ten, two hundred calls: ten held, and a row for each of the others."""
    account_id = await bank.customer(60, 40)
    doors = [bank.engine, other_engine]
    results = await asyncio.gather(
        *(doors[number % 2].submit(bank.authorize(account_id, 10, fresh=True)) for number in range(200))
    )
    assert Counter(type(each) for each in results) == {Hold: 10, Refused: 190}
    assert await bank.money(account_id) == (100, 100)
    rows = await (await owner.execute("SELECT count(*), count(DISTINCT event_no) FROM refusals")).fetchone()
    assert rows == (190, 190)
    ends = await asyncio.gather(
        *(
            doors[number % 2].submit(capture(hold, 10))
            for number, hold in enumerate(r for r in results if isinstance(r, Hold))
        )
    )
    assert sum(each.charged for each in ends if isinstance(each, HoldEnd)) == 100
    assert await bank.money(account_id) == (0, 0)
    await bank.verified()


async def test_batches_and_units_of_work_take_turns_on_one_account(bank: Bank, other_engine: Engine) -> None:
    account_id = await bank.customer(2000)

    async def call(engine: Engine) -> None:
        for _ in range(15):
            hold = await engine.submit(bank.authorize(account_id, 20, fresh=True))
            assert isinstance(hold, Hold)
            await engine.submit(capture(hold, 13))

    async def recharge(number: int) -> None:
        for turn in range(8):
            async with bank.ledger._database.unit_of_work() as connection:
                session = bank.ledger.session(connection)
                outcome = await session.apply(bank.authorize(account_id, 5))
                await asyncio.sleep(0.001)
                await session.apply(credit(paid(7), account_id=account_id, order=f"{number}.{turn}"))
                assert isinstance(outcome, Hold)
                await session.apply(void(outcome))

    await asyncio.gather(
        *(call(engine) for engine in (bank.engine, other_engine) for _ in range(3)), *map(recharge, range(2))
    )
    assert await bank.money(account_id) == (2000 - 6 * 15 * 13 + 2 * 8 * 7, 0)
    await bank.verified()


async def test_a_unit_of_work_that_fails_leaves_nothing_in_any_cache(bank: Bank) -> None:
    account_id = await bank.customer(10)
    hold = await bank.hold(account_id, 4)

    async def fail() -> None:
        async with bank.ledger._database.unit_of_work() as connection:
            session = bank.ledger.session(connection)
            await session.apply(capture(hold, 4))
            await session.apply(credit(paid(90), account_id=account_id, order="never"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert isinstance(await bank.engine.submit(bank.authorize(account_id, 7)), Refused)
    assert (await bank.capture(hold, 3)).captured == 3
    assert await bank.money(account_id) == (7, 0)
    await bank.verified()


async def test_accounts_of_all_lanes_are_served_at_once(bank: Bank, other_engine: Engine) -> None:
    accounts: list[UUID] = [await bank.customer(10) for _ in range(12)]

    async def spend(account_id: UUID) -> None:
        for turn in range(5):
            door = bank.engine if turn % 2 else other_engine
            hold = await door.submit(bank.authorize(account_id, 2, fresh=True))
            assert isinstance(hold, Hold)
            await door.submit(capture(hold, 2))

    await asyncio.gather(*map(spend, accounts))
    assert [await bank.money(each) for each in accounts] == [(0, 0)] * 12
    await bank.verified()
