"""Accounts: opened, found, changed; what they hold shown; and sums over all of them."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.ledger.model import Adjust, GrantKind, GrantState, Hold
from ledger.examples import DAY, STRIPE, Bank, bonus, credit, paid

LARGEST = 2**63 - 1


async def test_a_new_account_has_nothing_and_a_chain_that_starts_at_zero(bank: Bank) -> None:
    account = await bank.ledger.open_account(name="  Acme 公司 ", currency="CNY", time_zone="Asia/Shanghai")
    assert (account.name, account.currency, account.time_zone, account.status) == (
        "Acme 公司", "CNY", "Asia/Shanghai", "active",
    )  # fmt: skip
    assert (account.posted, account.held, account.version, account.head_hash) == (0, 0, 0, bytes(32))
    assert await bank.ledger.account(account.account_id) == account
    assert (await bank.verified()).accounts == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": " "},
        {"name": "x" * 201},
        {"name": "a\0b"},
        {"name": "a\nb"},
        {"name": "a", "currency": "usd"},
        {"name": "a", "currency": "US1"},
        {"name": "a", "currency": "USDT"},
        {"name": "a", "currency": "US\n"},
        {"name": "a", "time_zone": "Nowhere/City"},
    ],
)
async def test_an_account_that_cannot_be_read_is_not_opened(bank: Bank, fields: dict[str, str]) -> None:
    with pytest.raises(InputError):
        await bank.ledger.open_account(**fields)
    assert await bank.ledger.accounts() == []


async def test_an_account_is_found_by_a_name_that_only_it_has(bank: Bank) -> None:
    for name in ("one", "two", "two"):
        await bank.ledger.open_account(name=name)
    assert (await bank.ledger.account_named("one")).name == "one"
    with pytest.raises(Conflict):
        await bank.ledger.account_named("two")
    for name in ("three", "on\0e"):
        with pytest.raises(NotFound):
            await bank.ledger.account_named(name)
    with pytest.raises(NotFound):
        await bank.ledger.account(bank.clock.new_id())


async def test_accounts_are_listed_page_by_page(bank: Bank) -> None:
    opened = [(await bank.ledger.open_account(name=f"n{number}")).account_id for number in range(5)]
    first = await bank.ledger.accounts(most=3)
    rest = await bank.ledger.accounts(after=first[-1].account_id, most=3)
    assert [each.account_id for each in (*first, *rest)] == sorted(opened)


async def test_a_change_of_an_account_takes_effect_with_the_next_command(bank: Bank) -> None:
    account_id = await bank.customer(10)
    await bank.hold(account_id, 1)
    changed = await bank.ledger.change_account(account_id, name="new", status="suspended", time_zone="Asia/Tokyo")
    assert (changed.name, changed.status, changed.time_zone) == ("new", "suspended", "Asia/Tokyo")
    await bank.hold(account_id, 2)
    lane = next(lane for lane in bank.engine._lanes if account_id in lane._cache)
    assert lane._cache[account_id].wallet.status == "suspended"
    assert await bank.money(account_id) == (10, 3)
    with pytest.raises(InputError):
        await bank.ledger.change_account(account_id, status="gone")
    with pytest.raises(NotFound):
        await bank.ledger.change_account(bank.clock.new_id(), status="active")
    assert (await bank.ledger.change_account(account_id, status="active")).name == "new"


async def test_grants_are_shown_in_the_order_in_which_they_burn(bank: Bank) -> None:
    account_id = await bank.customer()
    soon = bank.clock.now() + DAY
    specs = (paid(5), bonus(3, expires_at=soon), bonus(2), paid(9, priority=1))
    await bank.ledger.operate(credit(*specs, account_id=account_id))
    hold = await bank.hold(account_id, 13)
    grants = await bank.ledger.grants(account_id)
    assert [(each.amount, each.held) for each in grants] == [(9, 9), (3, 3), (2, 1), (5, 0)]
    assert [amount for _, amount in hold.reservations] == [9, 3, 1]
    assert {each.state for each in grants} == {GrantState.OPEN}
    assert grants[1].kind is GrantKind.PROMOTIONAL


async def test_l1_sums_are_exact_even_where_no_bigint_holds_them(bank: Bank) -> None:
    """All customers of a currency of small units together may have more than one account can."""
    accounts = [(await bank.ledger.open_account(name=f"n{n}", currency="IDR")).account_id for n in range(3)]
    for account_id in accounts:
        await bank.ledger.operate(credit(paid(LARGEST), account_id=account_id))
    assert await bank.ledger.sums() == {"IDR": {STRIPE: -3 * LARGEST, "wallet": 3 * LARGEST}}
    outcome = await bank.engine.submit(bank.authorize(accounts[0], LARGEST))
    assert isinstance(outcome, Hold)
    end = await bank.capture(outcome, LARGEST)
    assert end.captured == LARGEST
    await bank.ledger.operate(Adjust(account_id=accounts[1], source_id="a", amount=-LARGEST))
    report = await bank.verified()
    assert report.sums == {"IDR": 0}


async def test_l1_each_currency_sums_to_zero_by_itself(bank: Bank) -> None:
    for currency, amount in (("USD", 5), ("CNY", 7), ("USD", 11)):
        account = await bank.ledger.open_account(name=currency, currency=currency)
        await bank.ledger.operate(credit(paid(amount), account_id=account.account_id))
    sums = await bank.ledger.sums()
    assert sums == {"USD": {STRIPE: -16, "wallet": 16}, "CNY": {STRIPE: -7, "wallet": 7}}


async def test_transfers_are_listed_newest_first(bank: Bank) -> None:
    account_id = await bank.customer(1, 2, 3, 4)
    assert [each.amount for each in await bank.ledger.transfers(account_id, most=3)] == [4, 3, 2]
    assert [each.amount for each in await bank.ledger.transfers(account_id, before=2)] == [1]
