"""Redemption codes decided: which of several things that are wrong is said, how long guessers wait, how tries share rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.ledger.model import GrantKind, GrantSpec
from counterfoil.recharge.codes_model import Batch, BatchSettings, Code, CodeState, Refusal, Try, TryOutcome
from counterfoil.recharge.codes_rules import (
    CODES_PER_BATCH_MAX,
    GUESSES_OF_ACCOUNT_MAX,
    MINUTE,
    ROWS_PER_MINUTE_MAX,
    WINDOW,
    Facts,
    check_batch,
    decide,
    hash_code,
    read_address,
    row_of,
    seconds_to_wait,
    state_of,
    turn_of,
)
from recharge.code_counter import DAY, settings, symbols_of

NOW = 1_700_000_000_000_000
SECOND = 1_000_000
ME, OTHER = UUID(int=1), UUID(int=2)
BATCH = Batch(batch_id=UUID(int=9), settings=settings(), created_by="Ada", created_at=NOW - 1)
CODE = Code(code_id=UUID(int=8), batch_id=BATCH.batch_id, last_four="7K2M", state=CodeState.NEW)


def terms(**fields: Any) -> Batch:
    return replace(BATCH, settings=settings(**fields))


def redeemed_by(account_id: UUID) -> Code:
    return replace(CODE, state=CodeState.REDEEMED, redeemed_by=account_id, redeemed_at=NOW - 5, redeemer="Bob")


VOIDED = replace(CODE, state=CodeState.VOIDED, voided_at=NOW - 1, voided_by="Ada")


def said(**fields: Any) -> TryOutcome | None:
    """What is refused; None: nothing."""
    facts = {"account_id": ME, "account_status": "active", "currency": "USD", "code": CODE, "batch": BATCH, **fields}
    decision = decide(Facts(**facts), now=NOW)
    return decision.outcome if isinstance(decision, Refusal) else None


# What is wrong, in the order in which it is said: every one of these is said before those below it.
WRONG: list[tuple[TryOutcome, dict[str, Any]]] = [
    (TryOutcome.ACCOUNT_INACTIVE, {"account_status": "suspended"}),
    (TryOutcome.UNKNOWN, {"code": None, "batch": None}),
    (TryOutcome.USED_BY_YOU, {"code": redeemed_by(ME)}),
    (TryOutcome.USED_ELSEWHERE, {"code": redeemed_by(OTHER)}),
    (TryOutcome.VOIDED, {"code": VOIDED}),
    (TryOutcome.EXPIRED, {"batch": terms(expires_at=NOW)}),
    (TryOutcome.CURRENCY_WRONG, {"currency": "CNY"}),
    (TryOutcome.NOT_FOR_GROUP, {"batch": terms(allowed_groups=("research",))}),
    (TryOutcome.BATCH_LIMIT, {"batch": terms(per_account_limit=1), "redeemed_of_batch": 1}),
]


def test_nothing_wrong_is_a_grant_on_the_batchs_terms() -> None:
    facts = Facts(account_id=ME, account_status="active", currency="USD", code=CODE, batch=BATCH)
    granted = decide(facts, now=NOW)
    assert granted == GrantSpec(
        kind=GrantKind.PROMOTIONAL, amount=10_000_000_000, origin="promotions", priority=100, expires_at=None
    )


@pytest.mark.parametrize(
    ("kind", "origin"),
    [
        (GrantKind.PAID, "clearing:codes"),
        (GrantKind.PROMOTIONAL, "promotions"),
        (GrantKind.COMPENSATION, "compensation"),
    ],
)
def test_a_grant_comes_from_where_its_kind_says_and_lives_from_now_on(kind: GrantKind, origin: str) -> None:
    batch = terms(kind=kind, grant_days=30, grant_priority=7)
    granted = decide(Facts(account_id=ME, account_status="active", currency="USD", code=CODE, batch=batch), now=NOW)
    assert isinstance(granted, GrantSpec)
    assert (granted.kind, granted.origin, granted.priority) == (kind, origin, 7)
    assert granted.expires_at == NOW + 30 * DAY * SECOND


@pytest.mark.parametrize(("outcome", "fields"), WRONG, ids=[str(outcome) for outcome, _ in WRONG])
def test_what_is_wrong_is_said(outcome: TryOutcome, fields: dict[str, Any]) -> None:
    assert said(**fields) is outcome


def test_of_several_things_the_first_is_said() -> None:
    everything = terms(expires_at=NOW, allowed_groups=("research",), per_account_limit=1)
    fields: dict[str, Any] = {"currency": "CNY", "batch": everything, "redeemed_of_batch": 1, "code": VOIDED}
    order = []
    for change in (
        {"account_status": "closed"}, {"account_status": "active"}, {"code": CODE},
        {"batch": terms(allowed_groups=("research",), per_account_limit=1)}, {"currency": "USD"},
        {"groups": frozenset({"research"})}, {"redeemed_of_batch": 0},
    ):  # fmt: skip
        fields |= change
        order.append(said(**fields))
    assert order == [
        TryOutcome.ACCOUNT_INACTIVE, TryOutcome.VOIDED, TryOutcome.EXPIRED, TryOutcome.CURRENCY_WRONG,
        TryOutcome.NOT_FOR_GROUP, TryOutcome.BATCH_LIMIT, None,
    ]  # fmt: skip


def test_a_redeemed_or_voided_code_does_not_become_expired() -> None:
    batch = terms(expires_at=NOW)
    assert [state_of(code, batch, now=NOW) for code in (CODE, redeemed_by(ME), VOIDED)] == [
        CodeState.EXPIRED, CodeState.REDEEMED, CodeState.VOIDED,
    ]  # fmt: skip
    assert state_of(CODE, batch, now=NOW - 1) is CodeState.NEW


def test_every_outcome_has_its_words() -> None:
    for outcome in TryOutcome:
        kind = Kind.WORD if outcome is TryOutcome.REDEEMED else Kind.ERROR
        found = find_entry(kind, outcome)
        assert found is not None, outcome
        assert found.public, outcome
        if kind is Kind.ERROR and outcome is not TryOutcome.USED_BY_YOU:
            assert "nothing" in found.explanation.en or "got nothing" in found.explanation.en, outcome
            assert "没有入账" in found.explanation.zh or "不会入账" in found.explanation.zh, outcome


# Batches.


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " "}, "bad_request"),
        ({"name": "x" * 121}, "bad_request"),
        ({"name": "a\0b"}, "bad_request"),
        ({"value": 0}, "amount_not_positive"),
        ({"value": -1}, "amount_not_positive"),
        ({"value": 2**62, "count": 2}, "amount_unreadable"),
        ({"currency": "usd"}, "currency_unreadable"),
        ({"count": 0}, "bad_request"),
        ({"count": CODES_PER_BATCH_MAX + 1}, "bad_request"),
        ({"grant_priority": -1}, "bad_request"),
        ({"grant_days": 0}, "bad_request"),
        ({"grant_days": 4_000}, "bad_request"),
        ({"per_account_limit": 0}, "bad_request"),
        ({"allowed_groups": ("",)}, "bad_request"),
        ({"allowed_groups": tuple(map(str, range(51)))}, "bad_request"),
        ({"expires_at": NOW}, "expiry_in_the_past"),
        ({"expires_at": 2**63}, "expiry_in_the_past"),
    ],
)
def test_a_batch_that_cannot_be_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as caught:
        check_batch(settings(**fields), now=NOW)
    assert caught.value.code == code


def test_names_are_trimmed_and_groups_named_once() -> None:
    checked: BatchSettings = check_batch(settings(name=" spring ", allowed_groups=(" a", "b", "a ")), now=NOW)
    assert (checked.name, checked.allowed_groups) == ("spring", ("a", "b"))


def test_a_hash_takes_the_secret() -> None:
    symbols = symbols_of("CF-00000-00000-00000-00000")
    assert hash_code(b"a" * 32, symbols) != hash_code(b"b" * 32, symbols)
    assert len(hash_code(b"a" * 32, symbols)) == 32


# Guesses.

guess = st.tuples(st.integers(NOW - 2 * WINDOW, NOW), st.integers(1, 4))


@given(st.lists(guess, max_size=12), st.integers(1, 8))
def test_one_waits_until_fewer_guesses_than_allowed_are_in_the_window(
    guesses: list[tuple[int, int]], most: int
) -> None:
    def inside(now: int) -> int:
        return sum(times for at, times in guesses if at > now - WINDOW)

    seconds = seconds_to_wait(guesses, most=most, now=NOW)
    assert (seconds == 0) is (inside(NOW) < most)
    later = NOW + seconds * SECOND
    assert inside(later) < most
    assert seconds_to_wait(guesses, most=most, now=later) == 0
    # Not a second longer than needed.
    assert seconds <= 1 or inside(later - SECOND) >= most
    assert seconds <= WINDOW // SECOND


def test_a_window_ends_to_the_microsecond() -> None:
    guesses = [(NOW, GUESSES_OF_ACCOUNT_MAX)]
    assert seconds_to_wait(guesses, most=GUESSES_OF_ACCOUNT_MAX, now=NOW + WINDOW - 1) == 1
    assert seconds_to_wait(guesses, most=GUESSES_OF_ACCOUNT_MAX, now=NOW + WINDOW) == 0


def test_addresses_are_those_of_customers() -> None:
    assert read_address(" 192.0.2.7 ") == "192.0.2.7"
    assert read_address("::ffff:192.0.2.7") == "192.0.2.7"
    assert read_address("2001:db8:1:2:3:4:5:6") == read_address("2001:db8:1:2::ffff") == "2001:db8:1:2::/64"
    for wrong in ("", "localhost", "192.0.2.7:80", "192.0.2.7/8", "\0", "\ud800", "1" * 10_000):
        with pytest.raises(InputError):
            read_address(wrong)


def test_turns_of_accounts_and_addresses_are_their_own() -> None:
    turns = [turn_of(subject) for subject in ("account 1", "account 2", "address 1")]
    assert len(set(turns)) == 3
    assert all(-(2**63) <= turn < 2**63 for turn in turns)


# Rows.

outcomes = st.sampled_from(
    [outcome for outcome in TryOutcome if not outcome.is_guess and outcome is not TryOutcome.REDEEMED]
)


def a_try(clock: ManualClock, outcome: TryOutcome = TryOutcome.MISTYPED, **fields: Any) -> Try:
    made = Try(
        account_id=ME, try_id=clock.new_id(), first_at=NOW, last_at=NOW, times=1, tried_by="Bob", client_address=None,
        last_four="7K2M", code_id=None, outcome=outcome,
    )  # fmt: skip
    return replace(made, **fields)


def filed(tries: list[Try]) -> list[Try]:
    rows: dict[UUID, Try] = {}
    for one in tries:
        row = row_of(one, list(rows.values()))
        rows[row.try_id] = row
    return list(rows.values())


def test_the_same_refusal_again_is_counted_in_its_row() -> None:
    clock = ManualClock()
    first, second = a_try(clock), a_try(clock, first_at=NOW + 9, last_at=NOW + 9)
    (row,) = filed([first, second])
    assert (row.try_id, row.times, row.first_at, row.last_at) == (first.try_id, 2, NOW, NOW + 9)
    assert len(filed([first, a_try(clock, last_four="0000")])) == 2
    assert len(filed([first, a_try(clock, tried_by="Ada")])) == 2
    assert len(filed([first, a_try(clock, client_address="192.0.2.7")])) == 2


def test_a_redemption_has_its_own_row() -> None:
    clock = ManualClock()
    assert len(filed([a_try(clock, TryOutcome.REDEEMED), a_try(clock, TryOutcome.REDEEMED)])) == 2


@given(st.lists(st.tuples(outcomes, st.integers(0, 99), st.sampled_from(["Ada", "Bob"])), max_size=150))
def test_a_minute_has_few_rows_and_loses_no_try(given_tries: list[tuple[TryOutcome, int, str]]) -> None:
    clock = ManualClock()
    rows = filed([a_try(clock, outcome, last_four=f"{n:04}", tried_by=by) for outcome, n, by in given_tries])
    assert len(rows) <= ROWS_PER_MINUTE_MAX + len(TryOutcome)
    assert sum(row.times for row in rows) == len(given_tries)
    for outcome in TryOutcome:
        assert sum(row.times for row in rows if row.outcome is outcome) == sum(
            one is outcome for one, _, _ in given_tries
        )


def test_guesses_keep_where_they_came_from_however_full_a_minute_is() -> None:
    clock = ManualClock()
    noise = [a_try(clock, last_four=f"{n:04}") for n in range(2 * ROWS_PER_MINUTE_MAX)]
    guesses = [a_try(clock, TryOutcome.UNKNOWN, last_four=f"{n:04}", client_address=f"192.0.2.{n}") for n in range(5)]
    assert filed([*noise, *guesses])[-5:] == guesses


def test_a_minute_is_a_part_of_the_window() -> None:
    assert WINDOW % MINUTE == 0
