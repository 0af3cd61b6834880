"""What an account had at any moment of its past, from transfers and holds alone."""

from __future__ import annotations

import random

from counterfoil.ledger.model import Adjust, EndGrant, Freeze, Hold, RefundCharge, Unfreeze
from ledger.examples import DAY, MINUTE, Bank, bonus, capture, credit, expire, paid, void


async def test_the_balance_at_each_past_moment_is_what_it_was(bank: Bank) -> None:
    chance = random.Random(11)
    ledger, clock = bank.ledger, bank.clock
    account_id = await bank.customer(200)
    await bank.customer(77)
    grant_id = (await ledger.grants(account_id))[0].grant_id
    holds: list[Hold] = []
    past: dict[int, tuple[int, int, int]] = {}

    async def step(number: int) -> None:
        kind = chance.choice(
            ["hold", "hold", "capture", "void", "expire", "credit", "adjust", "refund", "freeze", "end"]
        )
        if kind == "hold":
            outcome = await bank.engine.submit(bank.authorize(account_id, chance.randint(1, 15), fresh=True))
            if isinstance(outcome, Hold):
                holds.append(outcome)
        elif kind == "credit":
            expires_at = clock.now() + 3 * DAY
            await ledger.operate(
                credit(paid(20), bonus(5, expires_at=expires_at), account_id=account_id, order=f"n{number}")
            )
        elif kind == "adjust":
            await ledger.operate(Adjust(account_id=account_id, source_id=f"a{number}", amount=3))
        elif kind == "freeze":
            await ledger.operate(Freeze(account_id=account_id, grant_id=grant_id, source_id=f"d{number}"))
            await ledger.operate(Unfreeze(account_id=account_id, grant_id=grant_id, source_id=f"d{number}"))
        elif kind == "end" and number == 100:
            await ledger.operate(EndGrant(account_id=account_id, grant_id=grant_id, destination="breakage"))
        elif holds and kind == "refund":
            charged = holds[0]
            await bank.engine.submit(capture(charged, 4))
            refund = RefundCharge(
                account_id=account_id, source_id=f"r{number}", hold_id=charged.hold_id, amount=None, reason="bad"
            )
            await ledger.operate(refund)
            holds.remove(charged)
        elif holds and kind in ("capture", "void", "expire"):
            held = holds.pop(chance.randrange(len(holds)))
            if kind == "expire":
                clock.advance(micros=max(0, held.expires_at - clock.now()))
            command = {"capture": capture(held, chance.randint(0, 30)), "void": void(held), "expire": expire(held)}[
                kind
            ]
            await bank.engine.submit(command)

    for number in range(120):
        # Sometimes several things in one moment, sometimes a clock that goes back.
        clock.advance(micros=chance.choice([0, 1, 1000, MINUTE, 3 * 3600 * 1_000_000, -MINUTE]))
        await step(number)
        account = await ledger.account(account_id)
        row = past[await last_at(bank, account_id)] = (account.posted, account.held, account.event_no)
        assert row[0] >= row[1]
        now = await ledger.balance(account_id)
        assert (now.posted, now.held, now.event_no) == row
    moments = sorted(past)
    assert len(moments) > 40
    before = await ledger.balance(account_id, at=1)
    assert (before.posted, before.held, before.event_no) == (0, 0, 0)
    for moment, following in zip(moments, [*moments[1:], moments[-1] + DAY], strict=True):
        for at in {moment, following - 1}:
            found = await ledger.balance(account_id, at=at)
            assert (found.posted, found.held, found.available) == (*past[moment][:2], past[moment][0] - past[moment][1])
            assert (found.at, found.currency, found.event_no) == (at, "USD", past[moment][2])
    await bank.verified()


async def last_at(bank: Bank, account_id: object) -> int:
    async with bank.ledger._database.reading() as connection:
        cursor = await connection.execute("SELECT last_at FROM accounts WHERE account_id = %s", (account_id,))
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_the_balance_now_is_all_there_is_whatever_the_clock_says(bank: Bank) -> None:
    account_id = await bank.customer(50)
    bank.clock.advance(seconds=-3600)
    await bank.hold(account_id, 20)
    found = await bank.ledger.balance(account_id)
    assert (found.posted, found.held, found.at) == (50, 20, bank.clock.now())
