"""The way in while the database is down: what is refused is answered as ever, and what is fine is kept by its sender."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import CounterfoilError, Forbidden, InputError, NotFound, Unavailable
from counterfoil.foundation.vocabulary import Language
from counterfoil.limits.tokens import hash_token, make_token
from counterfoil.redaction.model import SecretKind
from counterfoil.storage.database import Database
from counterfoil.support.exposed_keys import WAITING_MAX, ExposedKey, ExposedKeys
from counterfoil.support.intake import Intake, check_submission_key, check_token, new_submission_key
from counterfoil.support.intake_limits import IntakeLimits
from counterfoil.support.intake_model import Judged, Outcome, Sender, Submission, Unsafe
from counterfoil.support.model import Channel
from counterfoil.support.refused_counts import RefusedCounts

TOKEN = make_token(bytes(range(7, 39)))
SENDER = Sender(address="198.51.100.7")
REQUEST = "req_019a8b2cc3d47e5f8a9b0c1d2e3f4a5b"


def down() -> Database:
    """A database that was never reached."""
    pool: AsyncConnectionPool[AsyncConnection[tuple[Any, ...]]] = AsyncConnectionPool(
        "", min_size=0, max_size=1, open=False
    )
    return Database(pool)


class Desk:
    """The way in, with what it is made of."""

    def __init__(self, keys: Mapping[bytes, ExposedKey] | None = None, per_address: int = 30) -> None:
        database, clock = down(), ManualClock()
        self.asked: list[bytes] = []
        self.keys = keys or {}
        self.counts = RefusedCounts(database, clock=clock)
        self.exposed = ExposedKeys(database, clock=clock, find=self.find)
        self.intake = Intake(
            database, clock=clock, secret=b"s" * 32, limits=IntakeLimits(per_address=per_address), counts=self.counts,
            exposed=self.exposed,
        )  # fmt: skip

    async def find(self, key_hash: bytes) -> ExposedKey | None:
        self.asked.append(key_hash)
        return self.keys.get(key_hash)


def submission(**fields: str) -> Submission:
    return Submission(
        problem="balance_not_enough", language=Language.EN, channel=Channel.API, fields=tuple(fields.items())
    )


async def test_a_refusal_needs_no_database_and_looks_up_nothing() -> None:
    desk = Desk()
    answer = await desk.intake.send(submission(request_id=REQUEST, error_text=f"key {TOKEN}"), SENDER)
    assert isinstance(answer, Judged)
    assert answer.outcome is Outcome.REFUSED
    assert answer.refused == (Unsafe(field="error_text", kind=SecretKind.API_KEY),)
    assert answer.form == {"request_id": REQUEST}
    assert desk.asked == []


async def test_a_key_of_ours_and_one_of_nobody_are_answered_alike() -> None:
    ours = {hash_token(TOKEN): ExposedKey(account_id=UUID(int=1), key_id=UUID(int=2), mask="sk-…abcd")}
    answers = [await Desk(keys).intake.send(submission(key_mask=TOKEN), SENDER) for keys in (ours, {})]
    assert answers[0] == answers[1]


async def test_a_key_is_looked_up_afterwards_and_waits_where_its_owner_cannot_be_told() -> None:
    desk = Desk({hash_token(TOKEN): ExposedKey(account_id=UUID(int=1), key_id=UUID(int=2), mask="sk-…abcd")})
    await desk.intake.send(submission(key_mask=TOKEN), SENDER)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await desk.exposed.tell()
    assert desk.asked == [hash_token(TOKEN)] * 2


async def test_keys_of_nobody_leave_nothing_behind() -> None:
    desk = Desk()
    desk.exposed.add(hash_token(f"guess {number}") for number in range(WAITING_MAX + 50))
    assert await desk.exposed.tell() == 0
    assert len(desk.asked) == WAITING_MAX
    assert await desk.exposed.tell() == 0
    assert len(desk.asked) == WAITING_MAX


async def test_what_cannot_be_kept_is_said_and_told_nobody() -> None:
    desk = Desk()
    with pytest.raises(Unavailable) as raised:
        await desk.intake.send(submission(request_id=REQUEST, error_text="balance not enough for me"), SENDER)
    assert "not enough for me" not in repr(raised.value.parameters) + str(raised.value)


async def test_counts_that_could_not_be_written_wait() -> None:
    desk = Desk()
    await desk.intake.send(submission(error_text=TOKEN), SENDER)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await desk.counts.write()


async def test_too_much_of_one_address_is_refused_whatever_it_says() -> None:
    desk = Desk(per_address=2)
    for email in ("known@example.com", "unknown@example.com"):
        desk.intake.judge(submission(account=email, request_id=REQUEST), SENDER)
    for email in ("known@example.com", "unknown@example.com"):
        with pytest.raises(Forbidden) as raised:
            desk.intake.judge(submission(account=email), SENDER)
        assert raised.value.code == "submission_too_often"
        assert 1 <= raised.value.parameters["seconds"] <= 60


async def test_the_addresses_of_one_network_are_one_sender() -> None:
    desk = Desk(per_address=2)
    for host in ("1", "2"):
        desk.intake.check_pace(Sender(address=f"2001:db8:1:2::{host}"))
    with pytest.raises(Forbidden):
        desk.intake.check_pace(Sender(address="2001:db8:1:2:ffff::3"))
    desk.intake.check_pace(Sender(address="2001:db8:1:3::1"))


async def test_a_pasted_template_fills_the_form_and_is_not_sent() -> None:
    desk = Desk()
    problem, judged = desk.intake.read_pasted(
        f"[Case] Something else\nRequest id: {REQUEST}\nModel: gpt-4o", None, SENDER
    )
    assert problem == "something_else"
    assert judged.form == {"request_id": REQUEST, "model": "gpt-4o"}
    with pytest.raises(InputError):
        desk.intake.read_pasted("hello", None, SENDER)
    chosen, nothing = desk.intake.read_pasted("hello", "balance_fell", SENDER)
    assert chosen == "balance_fell"
    assert nothing.form == {}


async def test_a_class_that_there_is_none_of_is_said() -> None:
    wrong = Submission(problem="weather", language=Language.EN, channel=Channel.API, fields=(("model", TOKEN),))
    with pytest.raises(InputError) as raised:
        await Desk().intake.send(wrong, SENDER)
    assert TOKEN not in str(raised.value)


@pytest.mark.parametrize(
    "key", ["short", "x" * 200, "with a space in the middle", "ключ-ключ-ключ-ключ-ключ", TOKEN[:21]]
)
def test_a_submission_key_that_may_be_anothers_is_not_taken(key: str) -> None:
    with pytest.raises(CounterfoilError):
        check_submission_key(key)


def test_a_submission_key_is_taken_as_it_is_and_made_where_there_is_none() -> None:
    key = new_submission_key()
    assert check_submission_key(key) == key
    assert check_submission_key("019a8b2c-c3d4-7e5f-8a9b-0c1d2e3f4a5b") == "019a8b2c-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
    assert check_submission_key(None) != check_submission_key(None)


@pytest.mark.parametrize("token", ["", "x", "x" * 5_000])
def test_what_cannot_be_a_link_is_not_looked_up(token: str) -> None:
    with pytest.raises(NotFound) as raised:
        check_token(token)
    assert raised.value.code == "case_link_unknown"
