"""What is added up in the background is what the transfers come to, and no answer depends on how far that has come."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import pairwise
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import NotFound
from counterfoil.ledger import sums, sums_store
from counterfoil.ledger.model import Adjust, Hold, RefundCharge
from counterfoil.ledger.statements import Statements
from counterfoil.ledger.sums import SPANS, Stretches, next_stretches, reading_of
from counterfoil.storage.database import Database
from ledger.examples import DAY, MINUTE, Bank, bonus, capture, credit, paid

SHORT = 7


@given(
    above=st.integers(0, 12_000), length=st.integers(0, 12_000), summed=st.tuples(st.integers(0, 4), st.integers(0, 300)),
    breaks=st.lists(st.integers(1, 24_000), max_size=8),
)  # fmt: skip
def test_every_version_is_read_once_and_no_stretch_goes_over_a_break(
    above: int, length: int, summed: tuple[int, int], breaks: list[int]
) -> None:
    there = dict(zip(SPANS, summed, strict=True))
    reading = reading_of(above=above, through=above + length, summed=there, breaks=breaks)
    stretches = [(span, one) for span, first, last in reading.stretches for one in range(first, last)]
    assert all(one < there[span] for span, one in stretches)
    read = Counter(
        [version for span, one in stretches for version in range(one * span + 1, (one + 1) * span + 1)]
        + [version for low, high in reading.singles for version in range(low + 1, high + 1)]
    )
    assert read == Counter(range(above + 1, above + length + 1))
    for span, one in stretches:
        assert not any(one * span + 1 < each <= (one + 1) * span for each in breaks)


@given(st.integers(0, 50_000), st.integers(1, 300))
def test_an_account_is_added_up_to_its_last_full_stretch(version: int, most: int) -> None:
    summed = dict.fromkeys(SPANS, 0)
    while stretches := next_stretches(version=version, summed=summed, most=most):
        for one in stretches:
            assert one.first == summed[one.span]
            # Long ones are made of short ones.
            assert one.span == SPANS[-1] or one.last * one.span <= summed[SPANS[-1]] * SPANS[-1]
            summed[one.span] = one.last
    assert summed == {span: version // span for span in SPANS}


@pytest.fixture
def statements(database: Database) -> Statements:
    return Statements(database)


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> int:
    """Stretches of seven and of three times that, so that a small ledger has many."""
    for module in (sums, sums_store):
        monkeypatch.setattr(module, "SPANS", (3 * SHORT, SHORT))
    return SHORT


async def _busy(bank: Bank, *, steps: int, seed: int) -> UUID:
    """A customer whose days have many calls, a few credits, refunds and corrections."""
    chance = random.Random(seed)
    account_id = await bank.customer(5_000)
    charged: list[Hold] = []
    for number in range(steps):
        bank.clock.advance(micros=chance.choice([MINUTE, MINUTE, 90 * MINUTE]))
        kind = chance.choice(["call"] * 12 + ["credit", "refund", "adjust"])
        if kind == "credit":
            grants = (paid(20), bonus(5, expires_at=bank.clock.now() + 2 * DAY))
            await bank.ledger.operate(credit(*grants, account_id=account_id, order=f"n{number}"))
        elif kind == "adjust":
            await bank.ledger.operate(Adjust(account_id=account_id, source_id=f"a{number}", amount=-3))
        elif kind == "refund" and charged:
            refund = RefundCharge(
                account_id=account_id, source_id=f"r{number}", hold_id=charged.pop().hold_id, amount=None, reason="bad"
            )
            await bank.ledger.operate(refund)
        else:
            held = await bank.engine.submit(bank.authorize(account_id, chance.randint(1, 9), fresh=True))
            if isinstance(held, Hold):
                await bank.engine.submit(capture(held, chance.randint(1, 20)))
                charged.append(held)
    return account_id


async def _answers(statements: Statements, account_id: UUID, *, start: int, end: int) -> list[Any]:
    """Everything that is asked of statements, of the whole and of parts of it, in two zones."""
    found: list[Any] = []
    cuts = [start, start + (end - start) // 3, start + 2 * (end - start) // 3, end]
    for first, last in [(start, end), *pairwise(cuts)]:
        whole = await statements.sums(account_id, start=first, end=last)
        found += [whole.opening, whole.closing, whole.transfers, sorted(whole.movements)]
        found.append(await statements.charged_by_part(account_id, times=[first, (first + last) // 2, last]))
        for zone in ("UTC", "Asia/Kathmandu"):
            for most, before in ((1_000, None), (10, None), (10, 60)):
                page = await statements.lines(
                    account_id, start=first, end=last, time_zone=zone, most=most, before=before
                )
                found.append((page.lines, page.before))
        single = await statements.lines(account_id, start=first, end=last, time_zone="UTC", most=30, folded=False)
        found.append((single.lines, single.before))
    return found


@pytest.mark.parametrize("seed", [2, 9])
async def test_answers_are_the_same_however_much_is_added_up(
    bank: Bank, statements: Statements, database: Database, short_stretches: int, seed: int
) -> None:
    start = bank.clock.now()
    account_id = await _busy(bank, steps=150, seed=seed)
    end = bank.clock.now() + 1
    expected = await _answers(statements, account_id, start=start, end=end)
    assert await statements.behind(account_id, start=start, end=end) > 10 * short_stretches
    # Some of it, and then all that is full.
    async with database.unit_of_work() as connection:
        await sums_store.add_up(connection, account_id, Stretches(SHORT, 0, 9))
        await sums_store.add_up(connection, account_id, Stretches(3 * SHORT, 0, 2))
    assert await _answers(statements, account_id, start=start, end=end) == expected
    assert await statements.add_up() == 1
    assert await statements.behind(account_id, start=start, end=end) < short_stretches
    assert await _answers(statements, account_id, start=start, end=end) == expected
    assert await statements.add_up() == 0
    await bank.verified()


async def test_who_adds_up_at_once_adds_up_once(
    bank: Bank, statements: Statements, database: Database, short_stretches: int
) -> None:
    start = bank.clock.now()
    account_id = await _busy(bank, steps=80, seed=4)
    expected = await statements.sums(account_id, start=start, end=bank.clock.now() + 1)
    await asyncio.gather(*(Statements(database).add_up() for _ in range(4)))
    found = await statements.sums(account_id, start=start, end=bank.clock.now() + 1)
    assert sorted(found.movements) == sorted(expected.movements)
    await bank.verified()


async def test_days_are_charged_what_the_transfers_of_them_say(
    bank: Bank, statements: Statements, database: Database, short_stretches: int
) -> None:
    start = bank.clock.now() - bank.clock.now() % DAY
    account_id = await _busy(bank, steps=150, seed=6)
    await statements.add_up()
    times = range(start, bank.clock.now() + DAY, DAY)
    charged = await statements.charged_by_part(account_id, times=times)
    async with database.reading() as connection:
        cursor = await connection.execute(
            "SELECT created_at / %s * %s, sum(CASE code WHEN 'refund' THEN -amount ELSE amount END)::bigint FROM transfers"
            " WHERE account_id = %s AND code IN ('charge', 'overage', 'refund') GROUP BY 1",
            (DAY, DAY, account_id),
        )
        of_day = dict(await cursor.fetchall())
    assert len(charged) > 2
    assert charged == [of_day.get(day, 0) for day in times[:-1]]
    with pytest.raises(NotFound):
        await statements.charged_by_part(UUID(int=9), times=times)


async def test_verifying_finds_sums_that_are_not_what_the_transfers_come_to(
    bank: Bank, statements: Statements, owner: psycopg.AsyncConnection[Any], short_stretches: int
) -> None:
    account_id = await _busy(bank, steps=60, seed=12)
    await statements.add_up()
    await bank.verified()
    for tampering in (
        "UPDATE transfer_sums SET amount = amount + 1 WHERE account_id = %s AND span = 7 AND stretch = 2 AND code = 'charge'",
        "DELETE FROM transfer_sums WHERE account_id = %s AND span = 7 AND stretch = 2",
    ):
        await owner.execute(tampering, (account_id,))
        report = await bank.ledger.verify([])
        assert [(one.kind, one.message) for one in report.findings] == [
            ("balance", "what versions 15 to 21 were added up to is not what they are")
        ]
