"""The same operation key again, through the engine and through units of work (L4)."""

from __future__ import annotations

import pytest

from counterfoil.ledger.model import Hold, Refused
from ledger.examples import Bank, credit, paid


async def test_l4_a_refused_authorization_stays_refused_when_there_is_money(bank: Bank) -> None:
    account_id = await bank.customer(5)
    command = bank.authorize(account_id, 8)
    first = await bank.engine.submit(command)
    assert isinstance(first, Refused)
    await bank.ledger.operate(credit(paid(50), account_id=account_id, order="more"))
    assert await bank.engine.submit(command) == first
    assert await bank.ledger.apply(command) == first
    assert await bank.money(account_id) == (55, 0)
    await bank.verified()


@pytest.mark.parametrize("ending", ["open", "captured", "voided"])
async def test_l4_a_granted_authorization_stays_granted_when_there_is_no_money(bank: Bank, ending: str) -> None:
    account_id = await bank.customer(8)
    command = bank.authorize(account_id, 8)
    first = await bank.engine.submit(command)
    assert isinstance(first, Hold)
    if ending == "captured":
        await bank.capture(first, 8)
    elif ending == "voided":
        await bank.void(first)
        await bank.hold(account_id, 7)
    assert await bank.engine.submit(command) == first
    assert await bank.ledger.apply(command) == first
    await bank.verified()
