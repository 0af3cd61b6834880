"""A write under one key is done once: by one of those who begin it at once, and again only by whoever succeeds the dead."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from counterfoil.foundation.clock import ManualClock
from counterfoil.storage.data_directory import DataDirectory
from counterfoil.storage.database import Database
from counterfoil.storage.idempotency import (
    KEPT_SECONDS,
    LEASE_SECONDS,
    Answer,
    Begun,
    IdempotencyKeys,
    InFlight,
    Reused,
    fingerprint_of,
    key_hash_of,
)

KEY, OTHER_KEY = (key_hash_of(credential=b"a token", key=key) for key in ("click 1", "click 2"))
WANTED, SOMETHING_ELSE = (
    fingerprint_of(method="POST", path="/accounts", query=b"", body=body) for body in (b'{"a":1}', b'{"a":2}')
)
SECRET = "sk-shown-this-once"
ANSWER = Answer(status=201, headers=(("content-type", "application/json"),), body=SECRET.encode())


@pytest.fixture
def keys(database: Database, clock: ManualClock, data_directory: DataDirectory) -> IdempotencyKeys:
    return IdempotencyKeys(database, clock=clock, sealing=data_directory)


async def begin(keys: IdempotencyKeys, key: bytes = KEY, fingerprint: bytes = WANTED) -> Begun:
    begun = await keys.begin(key_hash=key, fingerprint=fingerprint, route="POST /accounts")
    assert isinstance(begun, Begun)
    return begun


async def again(keys: IdempotencyKeys, fingerprint: bytes = WANTED) -> object:
    return await keys.begin(key_hash=KEY, fingerprint=fingerprint, route="POST /accounts")


async def test_of_many_who_begin_at_once_one_does_the_work(keys: IdempotencyKeys) -> None:
    found = await asyncio.gather(*(again(keys) for _ in range(8)))
    assert sum(isinstance(one, Begun) for one in found) == 1
    assert sum(isinstance(one, InFlight) for one in found) == 7


async def test_what_was_answered_is_answered_again(keys: IdempotencyKeys) -> None:
    await keys.answer(await begin(keys), ANSWER)
    assert await again(keys) == ANSWER
    assert isinstance(await again(keys, SOMETHING_ELSE), Reused)
    await begin(keys, OTHER_KEY, SOMETHING_ELSE)


async def test_an_answer_lies_sealed(keys: IdempotencyKeys, owner_url: str) -> None:
    await keys.answer(await begin(keys), ANSWER)
    with psycopg.connect(owner_url) as connection:
        (row,) = connection.execute("SELECT t::text, answer FROM kept_answers t").fetchall()
    assert SECRET.encode() not in row[1]
    assert SECRET.encode().hex() not in row[0]
    assert "click 1" not in row[0]


async def test_a_key_whose_work_was_refused_is_free_again(keys: IdempotencyKeys) -> None:
    begun = await begin(keys)
    assert isinstance(await again(keys), InFlight)
    await keys.release(begun)
    assert isinstance(await again(keys, SOMETHING_ELSE), Begun)


async def test_the_dead_are_succeeded_once_their_lease_is_over(keys: IdempotencyKeys, clock: ManualClock) -> None:
    first = await begin(keys)
    clock.advance(seconds=LEASE_SECONDS, micros=-1)
    found = await again(keys)
    assert found == InFlight(1)
    clock.advance(micros=1)
    assert isinstance(await again(keys, SOMETHING_ELSE), Reused)
    second = await begin(keys)
    # The first wakes up after all: what it says no longer counts.
    await keys.answer(first, Answer(status=200, headers=(), body=b"late"))
    await keys.release(first)
    assert isinstance(await again(keys), InFlight)
    await keys.answer(second, ANSWER)
    assert await again(keys) == ANSWER


async def test_whoever_is_at_work_is_not_succeeded(
    database: Database, clock: ManualClock, data_directory: DataDirectory
) -> None:
    quick = IdempotencyKeys(database, clock=clock, sealing=data_directory, lease_seconds=0.3)
    begun = await begin(quick)
    async with quick.at_work(begun):
        clock.advance(micros=290_000)
        # Its next sign of life is due after a tenth of a second.
        await asyncio.sleep(0.25)
        clock.advance(micros=290_000)
        assert isinstance(await again(quick), InFlight)


async def test_a_key_is_forgotten_after_a_day(keys: IdempotencyKeys, clock: ManualClock, owner_url: str) -> None:
    await keys.answer(await begin(keys), ANSWER)
    clock.advance(seconds=KEPT_SECONDS)
    assert await again(keys) == ANSWER
    clock.advance(micros=1)
    await begin(keys, OTHER_KEY)
    with psycopg.connect(owner_url) as connection:
        assert connection.execute("SELECT count(*) FROM kept_answers").fetchone() == (1,)
    await begin(keys, fingerprint=SOMETHING_ELSE)


def test_two_credentials_never_share_a_key() -> None:
    assert key_hash_of(credential=b"a", key="bc") != key_hash_of(credential=b"ab", key="c")
    assert fingerprint_of(method="PUT", path="/a", query=b"", body=b"") != fingerprint_of(
        method="PUT", path="/", query=b"a", body=b""
    )
