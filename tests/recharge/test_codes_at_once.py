"""Many redeem at once, on two processes' worth of connections, and some are killed half-way: a code pays one account once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.recharge.codes_model import CodeState, Redemption
from counterfoil.recharge.codes_rules import GUESSES_OF_ACCOUNT_MAX, GUESSES_OF_ADDRESS_MAX, hash_code
from recharge.code_counter import ADDRESS, SECRET, VALUE, CodeCounter, never_issued, open_counter, symbols_of

Counters = tuple[CodeCounter, CodeCounter]


@pytest.fixture
async def counters(database_url: str, clock: ManualClock) -> AsyncIterator[Counters]:
    """Two processes at one counter."""
    async with open_counter(database_url, clock) as first, open_counter(database_url, clock) as second:
        yield first, second
        await first.check_books()


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True) as connection:
        yield connection


async def outcomes(redemptions: Iterable[Awaitable[Redemption]]) -> Counter[str]:
    """What each was answered."""
    answers = await asyncio.gather(*redemptions, return_exceptions=True)
    for answer in answers:
        assert isinstance(answer, Redemption | CounterfoilError), answer
    return Counter(answer.code if isinstance(answer, CounterfoilError) else "redeemed" for answer in answers)


async def test_100_accounts_redeem_one_code_at_once(counters: Counters) -> None:
    code = await counters[0].code()
    accounts = [await counters[0].account(f"account {n}") for n in range(100)]
    answers = await outcomes(counters[n % 2].redeem(account, code) for n, account in enumerate(accounts))
    assert answers == {"redeemed": 1, "code_used_elsewhere": 99}
    redeemer = await counters[0].codes.redeemer_of(code)
    assert redeemer is not None
    for account in accounts:
        assert await counters[0].posted(account) == (VALUE if account == redeemer.account_id else 0)
        (kept,) = await counters[0].tries(account)
        expected = "code_redeemed" if account == redeemer.account_id else "code_used_elsewhere"
        assert (kept.outcome, kept.times) == (expected, 1)


async def test_one_account_redeems_one_code_100_times_at_once(counters: Counters) -> None:
    code, account = await counters[0].code(), await counters[0].account()
    answers = await outcomes(counters[n % 2].redeem(account, code) for n in range(100))
    assert answers == {"redeemed": 1, "code_used_by_you": 99}
    assert await counters[0].posted(account) == VALUE
    kept = {str(one.outcome): one.times for one in await counters[0].tries(account)}
    assert kept == {"code_redeemed": 1, "code_used_by_you": 99}


async def test_many_codes_are_redeemed_at_once_for_one_account(counters: Counters) -> None:
    made, account = await counters[0].batch(count=30), await counters[0].account()
    answers = await outcomes(counters[n % 2].redeem(account, code) for n, code in enumerate(made.codes))
    assert answers == {"redeemed": 30}
    assert await counters[0].posted(account) == 30 * VALUE


async def test_a_limit_per_account_holds_at_once(counters: Counters) -> None:
    made, account = await counters[0].batch(count=20, per_account_limit=3), await counters[0].account()
    answers = await outcomes(counters[n % 2].redeem(account, code) for n, code in enumerate(made.codes))
    assert answers == {"redeemed": 3, "code_batch_limit": 17}


async def test_guesses_at_once_are_counted_one_by_one(counters: Counters) -> None:
    account = await counters[0].account()
    answers = await outcomes(counters[n % 2].redeem(account, never_issued(n)) for n in range(60))
    assert answers == {"code_unknown": GUESSES_OF_ACCOUNT_MAX, "code_tries_exceeded": 60 - GUESSES_OF_ACCOUNT_MAX}


async def test_guesses_at_once_from_one_address_are_counted_one_by_one(counters: Counters) -> None:
    accounts = [await counters[0].account(f"account {n}") for n in range(60)]
    answers = await outcomes(
        counters[n % 2].redeem(account, never_issued(n), client_address=ADDRESS) for n, account in enumerate(accounts)
    )
    assert answers == {"code_unknown": GUESSES_OF_ADDRESS_MAX, "code_tries_exceeded": 60 - GUESSES_OF_ADDRESS_MAX}


async def test_a_code_is_redeemed_or_voided_never_both(counters: Counters) -> None:
    made = await counters[0].batch(count=40)
    accounts = [await counters[0].account(f"account {n}") for n in range(40)]
    batch_id = made.view.batch.batch_id
    redeeming = asyncio.gather(
        *(outcomes([counters[n % 2].redeem(accounts[n], code)]) for n, code in enumerate(made.codes))
    )
    await asyncio.sleep(0.03)
    await asyncio.gather(*(counter.codes.void_batch(batch_id, by="Ada") for counter in counters))
    answers = sum(await redeeming, Counter[str]())
    view = await counters[0].codes.batch(batch_id)
    assert view.counts[CodeState.NEW] == 0
    assert (view.counts[CodeState.REDEEMED], view.counts[CodeState.VOIDED]) == (
        answers["redeemed"], answers["code_voided"],
    )  # fmt: skip
    assert answers["redeemed"] + answers["code_voided"] == 40
    assert sum([await counters[0].posted(account) for account in accounts]) == answers["redeemed"] * VALUE


async def is_as_before(counter: CodeCounter, account: UUID, code: str) -> None:
    """Nothing of a redemption that did not commit is there, and it can be done again."""
    assert (await counter.codes.find(code)).state is CodeState.NEW
    assert await counter.posted(account) == 0
    assert await counter.tries(account) == []
    assert await counter.ledger.grants(account) == []
    assert (await counter.redeem(account, code)).view.state is CodeState.REDEEMED
    assert await counter.posted(account) == VALUE


async def who_waits(owner: psycopg.AsyncConnection[Any]) -> int:
    """The process id of the connection that waits for a lock here."""
    for _ in range(400):
        cursor = await owner.execute(
            "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        )
        found = await cursor.fetchone()
        if found is not None:
            return int(found[0])
        await owner.execute("SELECT pg_stat_clear_snapshot()")
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_a_redemption_killed_while_it_holds_the_code_leaves_it_new(
    counters: Counters, owner: psycopg.AsyncConnection[Any]
) -> None:
    code, account, rival = await counters[0].code(), await counters[0].account(), await counters[0].account("Other")
    code_hash = hash_code(SECRET, symbols_of(code))
    async with owner.transaction():
        await owner.execute("SELECT FROM accounts WHERE account_id = %s FOR UPDATE", (account,))
        redeeming = asyncio.ensure_future(counters[0].redeem(account, code))
        # It has the code's row, which another account waits for, and waits for its own.
        waiting = await who_waits(owner)
        cursor = await owner.execute(
            "SELECT code_id FROM codes JOIN code_directory USING (code_id) WHERE code_hash = %s"
            " FOR NO KEY UPDATE OF codes SKIP LOCKED",
            (code_hash,),
        )
        assert await cursor.fetchone() is None
        rivals = asyncio.ensure_future(counters[1].redeem(rival, code))
        await asyncio.sleep(0.05)
        await owner.execute("SELECT pg_terminate_backend(%s)", (waiting,))
        with pytest.raises(psycopg.OperationalError):
            await redeeming
    # The one that waited has it now.
    assert (await rivals).view.code.redeemed_by == rival
    assert await counters[0].tries(account) == []
    assert (await counters[0].refused(account, code)).code == "code_used_elsewhere"


@pytest.mark.parametrize("table", ["grants", "transfers", "operations", "accounts", "codes", "code_tries", "outbox"])
async def test_a_redemption_that_fails_at_any_table_leaves_nothing(
    counters: Counters, owner: psycopg.AsyncConnection[Any], table: str
) -> None:
    code, account = await counters[0].code(), await counters[0].account()
    await owner.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted failure'; END $$"
    )
    await owner.execute(f"CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION fail()".encode())
    with pytest.raises(psycopg.errors.RaiseException):
        await counters[0].redeem(account, code)
    await owner.execute(f"DROP TRIGGER fail ON {table}".encode())
    await is_as_before(counters[1], account, code)


async def test_a_redemption_whose_caller_leaves_at_any_moment_happens_once_or_not_at_all(counters: Counters) -> None:
    made = await counters[0].batch(count=60)
    left = 0
    for steps, code in enumerate(made.codes):
        account = await counters[0].account(f"account {steps}")
        redeeming = asyncio.ensure_future(counters[0].redeem(account, code))
        for _ in range(steps):
            await asyncio.sleep(0)
        left += redeeming.cancel()
        with suppress(asyncio.CancelledError):
            await redeeming
        answers = await outcomes([counters[1].redeem(account, code)])
        assert answers in ({"redeemed": 1}, {"code_used_by_you": 1})
        assert await counters[0].posted(account) == VALUE
    assert left > 30
