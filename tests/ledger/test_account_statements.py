"""A statement's lines add up, folded or not, page by page or at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import pytest

from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.ledger import statements as statements_module
from counterfoil.ledger.model import Adjust, Hold, RefundCharge
from counterfoil.ledger.statement import StatementLine
from counterfoil.ledger.statements import Statements
from counterfoil.storage.database import Database
from ledger.examples import DAY, MINUTE, Bank, bonus, capture, credit, paid

ZONE = "Asia/Shanghai"
YEAR = 360 * DAY


async def _busy(bank: Bank, *, steps: int, seed: int) -> UUID:
    """A customer with calls, credits, refunds and adjustments over some days."""
    chance = random.Random(seed)
    account_id = await bank.customer(500)
    charged: list[Hold] = []
    for number in range(steps):
        bank.clock.advance(micros=chance.choice([MINUTE, 40 * MINUTE, 5 * 60 * MINUTE]))
        kind = chance.choice(["call"] * 6 + ["credit", "refund", "adjust"])
        if kind == "call":
            held = await bank.engine.submit(bank.authorize(account_id, chance.randint(1, 9), fresh=True))
            if isinstance(held, Hold):
                await bank.engine.submit(capture(held, chance.randint(1, 20)))
                charged.append(held)
        elif kind == "credit":
            await bank.ledger.operate(
                credit(
                    paid(20), bonus(5, expires_at=bank.clock.now() + 2 * DAY), account_id=account_id, order=f"n{number}"
                )
            )
        elif kind == "adjust":
            await bank.ledger.operate(Adjust(account_id=account_id, source_id=f"a{number}", amount=-3))
        elif charged:
            hold = charged.pop()
            await bank.ledger.operate(
                RefundCharge(
                    account_id=account_id, source_id=f"r{number}", hold_id=hold.hold_id, amount=None, reason="bad"
                )
            )
    return account_id


def _adds_up(lines: Sequence[StatementLine], *, opening: int, closing: int) -> None:
    balance = opening
    for line in reversed(lines):
        balance += line.amount
        assert line.balance == balance, line
    assert balance == closing


@pytest.fixture
def statements(database: Database) -> Statements:
    return Statements(database)


async def test_every_line_is_the_balance_before_and_its_amount(bank: Bank, statements: Statements) -> None:
    start = bank.clock.now()
    account_id = await _busy(bank, steps=150, seed=3)
    span = {"start": start, "end": bank.clock.now() + 1}
    sums = await statements.sums(account_id, **span)
    for folded in (True, False):
        page = await statements.lines(account_id, **span, time_zone=ZONE, most=1000, folded=folded)
        assert page.before is None
        _adds_up(page.lines, opening=sums.opening, closing=sums.closing)
    assert sums.closing == (await bank.ledger.balance(account_id)).posted


async def test_calls_of_a_day_between_other_movements_are_one_line(bank: Bank, statements: Statements) -> None:
    start = bank.clock.now()
    account_id = await _busy(bank, steps=150, seed=5)
    span = {"start": start, "end": bank.clock.now() + 1, "time_zone": ZONE, "most": 1000}
    folded = (await statements.lines(account_id, **span)).lines
    single = (await statements.lines(account_id, **span, folded=False)).lines
    assert sum(line.charges for line in folded) == len(
        {line.hold_id for line in single if line.code in ("charge", "overage")}
    )
    assert len(folded) < len(single)
    neighbours = pairwise(folded)
    assert not any(
        newer.charges and older.charges and _day(newer.first_at) == _day(older.last_at) for newer, older in neighbours
    )
    assert [line for line in folded if not line.charges] == [
        line for line in single if line.code not in ("charge", "overage")
    ]


async def test_a_folded_line_unfolds_into_just_its_charges(bank: Bank, statements: Statements) -> None:
    start = bank.clock.now()
    account_id = await _busy(bank, steps=100, seed=8)
    span = {"start": start, "end": bank.clock.now() + 1, "time_zone": ZONE, "most": 1000}
    run = max((await statements.lines(account_id, **span)).lines, key=lambda line: line.charges)
    inside = await statements.lines(
        account_id, **span, folded=False, above=run.first_version - 1, before=run.last_version + 1
    )
    assert len(inside.lines) == run.charges
    assert sum(line.amount for line in inside.lines) == run.amount
    assert inside.lines[0].balance == run.balance


@pytest.mark.parametrize("folded", [True, False])
@pytest.mark.parametrize("most", [1, 3, 20])
async def test_pages_laid_end_to_end_are_the_whole(
    bank: Bank, statements: Statements, folded: bool, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = bank.clock.now()
    account_id = await _busy(bank, steps=80, seed=13)
    span = {"start": start, "end": bank.clock.now() + 1, "time_zone": ZONE, "folded": folded}
    whole = (await statements.lines(account_id, **span, most=1000)).lines
    pages: list[StatementLine] = []
    before: int | None = None
    while True:
        page = await statements.lines(account_id, **span, most=most, before=before)
        assert 0 < len(page.lines) <= most
        pages += page.lines
        before = page.before
        if before is None:
            break
    assert pages == list(whole)
    # However little is added up at once, a long list is the same.
    monkeypatch.setattr(statements_module, "TRANSFERS_ADDED_UP_MAX", 7)
    assert (await statements.lines(account_id, **span, most=1000)).lines == whole


async def test_months_laid_end_to_end_close_where_the_next_opens(bank: Bank, statements: Statements) -> None:
    start = bank.clock.now()
    account_id = await _busy(bank, steps=120, seed=21)
    middle = start + (bank.clock.now() - start) // 2
    first = await statements.sums(account_id, start=start, end=middle)
    second = await statements.sums(account_id, start=middle, end=bank.clock.now() + 1)
    assert (first.opening, first.closing) == (0, second.opening)
    assert second.closing - second.opening == sum(
        nanos if credit_ == "wallet" else -nanos if debit == "wallet" else 0
        for _, _, debit, credit_, nanos, _ in second.movements
    )
    lines = (await statements.lines(account_id, start=start, end=middle, time_zone=ZONE, most=1000)).lines
    _adds_up(lines, opening=first.opening, closing=first.closing)


async def test_a_recharge_and_its_bonus_are_one_line(bank: Bank, statements: Statements) -> None:
    account_id = await bank.customer(3)
    bank.clock.advance(micros=MINUTE)
    start = bank.clock.now()
    await bank.ledger.operate(credit(paid(20), bonus(5), account_id=account_id, order="with-bonus"))
    (line,) = (await statements.lines(account_id, start=start, end=start + DAY, time_zone=ZONE)).lines
    assert (line.amount, line.extra, line.cause_id) == (25, 5, "with-bonus")


async def test_nothing_is_told_of_an_unknown_account_or_an_endless_period(bank: Bank, statements: Statements) -> None:
    account_id = await bank.customer(5)
    with pytest.raises(NotFound):
        await statements.lines(bank.clock.new_id(), start=0, end=DAY, time_zone=ZONE)
    for start, end in ((5, 5), (9, 2), (0, 401 * DAY)):
        with pytest.raises(InputError):
            await statements.sums(account_id, start=start, end=end)


def _day(at: int) -> int:
    return (at + 8 * 3600 * 1_000_000) // DAY


@pytest.mark.parametrize("folded", [True, False])
async def test_an_operation_of_many_legs_is_one_line_of_a_page_of_one(
    bank: Bank, statements: Statements, folded: bool
) -> None:
    start = bank.clock.now()
    account_id = await bank.customer(500)
    await bank.ledger.operate(credit(*(paid(1) for _ in range(60)), account_id=account_id, order="many"))
    span = {"start": start, "end": bank.clock.now() + 1, "time_zone": ZONE, "folded": folded}
    newest = await statements.lines(account_id, **span, most=1)
    assert [(line.amount, line.last_version - line.first_version) for line in newest.lines] == [(60, 59)]
    assert newest.before == newest.lines[0].first_version
    assert len((await statements.lines(account_id, **span, most=1, before=newest.before)).lines) == 1
