"""Redemption codes on a real database: made, redeemed once, refused with one clear reason, voided, found again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import show_time
from counterfoil.foundation.vocabulary import Kind, Language, text
from counterfoil.ledger.model import GrantKind, GrantState
from counterfoil.ledger.service import Ledger
from counterfoil.recharge.codes_model import CodeState, TryOutcome
from counterfoil.recharge.codes_rules import (
    GUESSES_OF_ACCOUNT_MAX,
    GUESSES_OF_ADDRESS_MAX,
    ROWS_PER_MINUTE_MAX,
    WINDOW_SECONDS,
)
from counterfoil.recharge.codes_service import Codes
from recharge.code_counter import ADDRESS, DAY, NANOS, SECRET, VALUE, CodeCounter, mistyped, never_issued, open_counter

LATER = 2_000_000_000_000_000


@pytest.fixture
async def counter(database_url: str, clock: ManualClock) -> AsyncIterator[CodeCounter]:
    async with open_counter(database_url, clock) as opened:
        yield opened
        await opened.check_books()


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(owner_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


async def rows(owner: psycopg.AsyncConnection[Any], table: str) -> list[dict[str, Any]]:
    return await (await owner.execute(f"SELECT * FROM {table}".encode())).fetchall()


# Batches.


async def test_a_batch_keeps_its_terms_and_shows_its_codes_once(counter: CodeCounter) -> None:
    terms: dict[str, Any] = {
        "count": 3, "kind": GrantKind.PAID, "grant_priority": 50, "grant_days": 30, "per_account_limit": 2,
        "allowed_groups": ("research", "研究"), "expires_at": LATER,
    }  # fmt: skip
    made = await counter.batch(**terms)
    assert len(set(made.codes)) == 3
    assert made.codes[0] not in repr(made)
    view = await counter.codes.batch(made.view.batch.batch_id)
    assert view == made.view
    for name, value in terms.items():
        assert getattr(view.batch.settings, name) == value
    assert (view.batch.created_by, view.batch.created_at) == ("Ada", counter.clock.now())
    assert view.counts == {"new": 3, "redeemed": 0, "expired": 0, "voided": 0}
    listed = await counter.codes.codes(view.batch.batch_id)
    assert {one.code.mask for one in listed} == {"CF-…" + code[-4:] for code in made.codes}


async def test_batches_are_listed_newest_first_in_pages(counter: CodeCounter) -> None:
    made = []
    for number in range(3):
        counter.clock.advance(seconds=1)
        made.append((await counter.batch(name=f"batch {number}", count=number + 1)).view)
    assert await counter.codes.batches() == made[::-1]
    assert await counter.codes.batches(most=2) == made[:0:-1]
    assert await counter.codes.batches(before=made[1].batch.batch_id) == made[:1]


async def test_the_largest_batch_is_made_whole_and_its_codes_differ(counter: CodeCounter) -> None:
    made = await counter.batch(count=10_000)
    assert len(set(made.codes)) == 10_000
    account = await counter.account()
    await counter.redeem(account, made.codes[-1])
    view = await counter.codes.batch(made.view.batch.batch_id)
    assert (view.counts[CodeState.NEW], view.counts[CodeState.REDEEMED]) == (9_999, 1)
    assert (view.total(CodeState.NEW), view.total(CodeState.REDEEMED)) == (9_999 * VALUE, VALUE)


async def test_what_a_person_types_as_a_name_is_kept_redacted(counter: CodeCounter) -> None:
    made = await counter.codes.create((await counter.batch()).view.batch.settings, by="Ada, card 4242 4242 4242 4242")
    assert made.view.batch.created_by == "Ada, card [card …4242]"
    named = await counter.batch(name=f"for {made.codes[0]}")
    assert named.view.batch.settings.name == "for CF-…" + made.codes[0][-4:]


@pytest.mark.parametrize("by", ["", " ", "x" * 201, "a\0b", "\ud800"])
async def test_somebody_has_to_do_it(counter: CodeCounter, by: str) -> None:
    made, account = await counter.batch(), await counter.account()
    for action in (
        counter.codes.create(made.view.batch.settings, by=by),
        counter.codes.redeem(account, made.codes[0], by=by),
        counter.codes.void_batch(made.view.batch.batch_id, by=by),
    ):
        with pytest.raises(InputError):
            await action
    assert await counter.tries(account) == []


async def test_codes_of_a_batch_are_listed_by_state_in_pages(counter: CodeCounter) -> None:
    made = await counter.batch(count=5, expires_at=counter.clock.now() + 60_000_000)
    batch_id, account = made.view.batch.batch_id, await counter.account()
    await counter.redeem(account, made.codes[0])
    voided = await counter.codes.find(made.codes[1])
    await counter.codes.void_code(voided.code.code_id, by="Ada")

    async def masks(state: CodeState | None = None) -> set[str]:
        return {one.code.mask for one in await counter.codes.codes(batch_id, state=state) if state in (None, one.state)}

    def of(*codes: str) -> set[str]:
        return {"CF-…" + code[-4:] for code in codes}

    assert await masks(CodeState.NEW) == of(*made.codes[2:])
    assert await masks(CodeState.REDEEMED) == of(made.codes[0])
    assert await masks(CodeState.VOIDED) == of(made.codes[1])
    assert await masks(CodeState.EXPIRED) == set()
    counter.clock.advance(seconds=60)
    assert await masks(CodeState.NEW) == set()
    assert await masks(CodeState.EXPIRED) == of(*made.codes[2:])
    assert await masks() == of(*made.codes)
    assert (await counter.codes.batch(batch_id)).counts == {"new": 0, "redeemed": 1, "expired": 3, "voided": 1}
    assert (await counter.codes.batches())[0].counts == {"new": 0, "redeemed": 1, "expired": 3, "voided": 1}
    first = await counter.codes.codes(batch_id, most=2)
    second = await counter.codes.codes(batch_id, after=first[-1].code.code_id, most=10)
    assert [one.code.code_id for one in first + second] == [
        one.code.code_id for one in await counter.codes.codes(batch_id)
    ]


# Redeeming.


async def test_a_code_credits_an_account_on_its_terms(counter: CodeCounter, owner: Any) -> None:
    made = await counter.batch(kind=GrantKind.PAID, grant_days=30, grant_priority=7)
    account = await counter.account()
    counter.clock.advance(seconds=5)
    redemption = await counter.redeem(account, made.codes[0].lower().replace("-", " "), by="ada@example.com")
    view, code_id = redemption.view, redemption.view.code.code_id
    assert (view.state, view.code.redeemed_by, view.code.redeemer) == (CodeState.REDEEMED, account, "ada@example.com")
    assert (view.code.redeemed_at, redemption.redeemed_at) == (counter.clock.now(), counter.clock.now())
    assert await counter.codes.code(code_id) == view
    (grant,) = await counter.ledger.grants(account)
    assert (grant.grant_id, grant.kind, grant.priority, grant.amount) == (redemption.grant_id, "paid", 7, VALUE)
    assert grant.expires_at == redemption.grant_expires_at == counter.clock.now() + 30 * DAY * 1_000_000
    assert (grant.source_kind, grant.source_id, grant.state) == ("code", code_id.hex, GrantState.OPEN)
    assert await counter.posted(account) == VALUE
    assert (await counter.ledger.sums())["USD"]["clearing:codes"] == -VALUE
    (announced,) = await rows(owner, "outbox")
    assert (announced["kind"], announced["account_id"]) == ("code_redeemed", account)
    for kind in (Kind.NOTIFICATION, Kind.NOTIFICATION_TEXT):
        told = text(kind, announced["kind"], Language.EN, **announced["facts"])
        assert "10.00 USD" in told
        assert made.codes[0] not in told


@pytest.mark.parametrize(
    ("kind", "origin"), [(GrantKind.PROMOTIONAL, "promotions"), (GrantKind.COMPENSATION, "compensation")]
)
async def test_the_money_comes_from_where_the_kind_says(counter: CodeCounter, kind: GrantKind, origin: str) -> None:
    account = await counter.account()
    await counter.redeem(account, await counter.code(kind=kind))
    assert (await counter.ledger.sums())["USD"][origin] == -VALUE
    (grant,) = await counter.ledger.grants(account)
    assert (grant.kind, grant.expires_at) == (kind, None)


async def test_credit_of_a_code_ends_when_its_days_are_over(counter: CodeCounter) -> None:
    account = await counter.account()
    await counter.redeem(account, await counter.code(grant_days=1))
    counter.clock.advance(seconds=DAY)
    assert await counter.ledger.end_due_grants() == 1
    assert await counter.posted(account) == 0


async def test_the_same_code_again_says_when_it_was_redeemed_and_is_no_guess(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    redemption = await counter.redeem(account, code)
    for _ in range(3 * GUESSES_OF_ACCOUNT_MAX):
        counter.clock.advance(seconds=1)
        error = await counter.refused(account, code)
        assert isinstance(error, Conflict)
        assert error.code == "code_used_by_you"
        assert error.parameters == {
            "redemption_code": "CF-…" + code[-4:], "redeemed_at": show_time(redemption.redeemed_at),
        }  # fmt: skip
    await counter.redeem(account, await counter.code())
    assert await counter.posted(account) == 2 * VALUE


async def test_a_code_that_another_account_has_says_nothing_of_it(counter: CodeCounter) -> None:
    first, second, code = await counter.account(), await counter.account("Other"), await counter.code()
    await counter.redeem(first, code)
    error = await counter.refused(second, code)
    assert (error.code, error.parameters) == ("code_used_elsewhere", {"redemption_code": "CF-…" + code[-4:]})
    assert show_id("account", first) not in str(error)


async def test_a_mistyped_code_is_told_from_an_unknown_one(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    error = await counter.refused(account, mistyped(code))
    assert isinstance(error, InputError)
    assert (error.code, error.parameters) == ("code_mistyped", {})
    unknown = await counter.refused(account, never_issued())
    assert isinstance(unknown, NotFound)
    assert (unknown.code, unknown.parameters) == ("code_unknown", {})
    await counter.redeem(account, code)


async def test_a_code_is_redeemed_until_its_last_microsecond(counter: CodeCounter) -> None:
    expires_at = counter.clock.now() + 60_000_000
    made = await counter.batch(count=2, expires_at=expires_at)
    account = await counter.account()
    counter.clock.advance(micros=60_000_000 - 1)
    await counter.redeem(account, made.codes[0])
    counter.clock.advance(micros=1)
    error = await counter.refused(account, made.codes[1])
    assert (error.code, error.parameters["expired_at"]) == ("code_expired", show_time(expires_at))
    assert (await counter.refused(account, made.codes[0])).code == "code_used_by_you"


async def test_an_account_whose_time_is_ahead_redeems_in_its_own_time(
    counter: CodeCounter, database_url: str, clock: ManualClock
) -> None:
    """Command time never runs backwards: a code that had expired for the account stays so in a slower process."""
    account = await counter.account()
    made = await counter.batch(count=2, expires_at=clock.now() + 60_000_000, grant_days=1)
    ahead = ManualClock(clock.now() + 60_000_000, seed=2)
    async with open_counter(database_url, ahead) as other:
        await other.redeem(account, await other.code())
    assert (await counter.refused(account, made.codes[0])).code == "code_expired"
    again = await counter.redeem(account, await counter.code(grant_days=1))
    assert again.grant_expires_at == ahead.now() + DAY * 1_000_000


async def test_a_voided_code_is_not_redeemed(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    view = await counter.codes.find(code)
    counter.clock.advance(seconds=1)
    voided = await counter.codes.void_code(view.code.code_id, by="Ada")
    assert (voided.state, voided.code.voided_by, voided.code.voided_at) == ("voided", "Ada", counter.clock.now())
    assert (await counter.refused(account, code)).code == "code_voided"
    counter.clock.advance(seconds=1)
    assert await counter.codes.void_code(view.code.code_id, by="Bob") == voided


async def test_a_redeemed_code_is_not_voided(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    code_id = (await counter.redeem(account, code)).view.code.code_id
    with pytest.raises(Conflict) as caught:
        await counter.codes.void_code(code_id, by="Ada")
    assert caught.value.code == "code_not_voidable"
    assert await counter.posted(account) == VALUE


async def test_voiding_a_batch_leaves_what_was_redeemed(counter: CodeCounter) -> None:
    account, made = await counter.account(), await counter.batch(count=4)
    await counter.redeem(account, made.codes[0])
    batch_id = made.view.batch.batch_id
    view = await counter.codes.void_batch(batch_id, by="Ada")
    assert view.counts == {"new": 0, "redeemed": 1, "expired": 0, "voided": 3}
    assert (view.batch.voided_by, view.batch.voided_at) == ("Ada", counter.clock.now())
    counter.clock.advance(seconds=9)
    assert await counter.codes.void_batch(batch_id, by="Bob") == view
    assert (await counter.refused(account, made.codes[1])).code == "code_voided"
    assert (await counter.refused(account, made.codes[0])).code == "code_used_by_you"


async def test_a_code_in_another_currency_is_not_converted(counter: CodeCounter) -> None:
    account, code = await counter.account(currency="CNY"), await counter.code()
    error = await counter.refused(account, code)
    assert (error.code, error.parameters) == (
        "code_currency_wrong", {"code_currency": "USD", "account_currency": "CNY"},
    )  # fmt: skip
    await counter.redeem(await counter.account("Dollars"), code)


async def test_an_account_that_is_not_active_redeems_nothing_and_learns_nothing(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    for status in ("suspended", "closed"):
        await counter.ledger.change_account(account, status=status)
        for typed in (code, never_issued()):
            error = await counter.refused(account, typed)
            assert (error.code, error.parameters) == ("code_account_inactive", {"status": status})
    await counter.ledger.change_account(account, status="active")
    await counter.redeem(account, code)


async def test_an_account_that_does_not_exist_leaves_no_trace(counter: CodeCounter, owner: Any) -> None:
    code = await counter.code()
    with pytest.raises(NotFound) as caught:
        await counter.redeem(counter.clock.new_id(), code)
    assert caught.value.code == "account_not_found"
    assert await rows(owner, "code_tries") == []
    assert (await counter.codes.find(code)).state is CodeState.NEW


async def test_an_account_redeems_as_many_codes_of_a_batch_as_it_may(counter: CodeCounter) -> None:
    made, other = await counter.batch(count=4, per_account_limit=2), await counter.batch(count=1, per_account_limit=1)
    account = await counter.account()
    for code in made.codes[:2]:
        await counter.redeem(account, code)
    error = await counter.refused(account, made.codes[2])
    assert (error.code, error.parameters) == ("code_batch_limit", {"limit": 2})
    await counter.redeem(account, other.codes[0])
    await counter.redeem(await counter.account("Other"), made.codes[2])


async def test_a_code_for_groups_takes_an_active_group_of_that_name(counter: CodeCounter) -> None:
    made = await counter.batch(count=9, allowed_groups=("research", "研究"))
    codes = iter(made.codes)
    account, stranger = await counter.account(), await counter.account("Other")
    await counter.group(stranger, "research")
    code = next(codes)
    error = await counter.refused(account, code)
    assert (error.code, error.parameters) == ("code_not_for_group", {"groups": "research, 研究"})
    group_id = await counter.group(account, "研究")
    await counter.redeem(account, code)
    await counter.limits.disable_group(account_id=account, group_id=group_id)
    code = next(codes)
    assert (await counter.refused(account, code)).code == "code_not_for_group"
    await counter.limits.enable_group(account_id=account, group_id=group_id)
    await counter.redeem(account, code)


async def test_the_group_that_is_given_is_the_one_that_counts(counter: CodeCounter) -> None:
    made = await counter.batch(count=3, allowed_groups=("research",))
    account, stranger = await counter.account(), await counter.account("Other")
    research, sales = await counter.group(account, "research"), await counter.group(account, "sales")
    foreign = await counter.group(stranger, "research")
    for group in (
        "sales", show_id("group", sales), show_id("group", foreign), "nobody", "", "x" * 500, "re\0search", "\ud800",
        show_id("account", account),
    ):  # fmt: skip
        assert (await counter.refused(account, made.codes[0], group=group)).code == "code_not_for_group", group
    await counter.redeem(account, made.codes[0], group=" research ")
    await counter.redeem(account, made.codes[1], group=show_id("group", research))
    # Where a batch is for everybody, a group changes nothing.
    await counter.redeem(account, await counter.code(), group="nobody")


HOSTILE = [
    "", "\0", "CF-\0\0\0\0\0", "\ud800" * 22, "CF" + "\udfff" * 20, "x" * 1_000_000, "CF-" * 400_000, "兑换码" * 100,
    "١٢٣٤٥", "'; DROP TABLE codes; --", "%s %(x)s", "\r\n\r\n", "CF-IIIII-OOOOO-LLLLL-UUUUU", "🂡" * 200, "\x1b[2J",
]  # fmt: skip


async def test_whatever_is_typed_is_mistyped_at_worst(counter: CodeCounter) -> None:
    account = await counter.account()
    for typed in HOSTILE:
        assert (await counter.refused(account, typed)).code == "code_mistyped", typed[:40]
        with pytest.raises(InputError) as caught:
            await counter.codes.find(typed)
        assert caught.value.code == "code_mistyped"
    (row,) = await counter.tries(account)
    assert (row.times, row.mask, row.code_id) == (len(HOSTILE), None, None)


# Guessing.


async def test_guesses_are_counted_and_then_nothing_is_looked_up(counter: CodeCounter) -> None:
    account, other = await counter.account(), await counter.account("Other")
    used, good = await counter.code(), await counter.code()
    await counter.redeem(other, used)
    for number in range(GUESSES_OF_ACCOUNT_MAX - 1):
        assert (await counter.refused(account, never_issued(number))).code == "code_unknown"
    # What is no guess is not counted.
    for _ in range(5):
        assert (await counter.refused(account, mistyped(good))).code == "code_mistyped"
    assert (await counter.refused(account, used)).code == "code_used_elsewhere"
    counter.clock.advance(seconds=100)
    answers = [await counter.refused(account, typed) for typed in (good, used, never_issued(), mistyped(good), "x")]
    for error in answers:
        assert isinstance(error, Conflict)
        assert (error.code, error.parameters) == (
            "code_tries_exceeded", {"retry_after_seconds": WINDOW_SECONDS - 100},
        )  # fmt: skip
    last = (await counter.tries(account))[-1]
    assert (last.outcome, last.times, last.mask, last.code_id) == (TryOutcome.TRIES_EXCEEDED, 5, None, None)
    assert (await counter.codes.find(good)).state is CodeState.NEW
    # Another account is not held up, and asking again does not make it longer.
    await counter.redeem(other, await counter.code())
    counter.clock.advance(seconds=WINDOW_SECONDS - 100)
    await counter.redeem(account, good)


async def test_guesses_leave_the_window_one_by_one(counter: CodeCounter) -> None:
    account = await counter.account()
    for number in range(GUESSES_OF_ACCOUNT_MAX):
        await counter.refused(account, never_issued(number))
        counter.clock.advance(seconds=60)
    counter.clock.advance(seconds=WINDOW_SECONDS - 60 * GUESSES_OF_ACCOUNT_MAX)
    assert (await counter.refused(account, never_issued(90))).code == "code_unknown"
    error = await counter.refused(account, never_issued(91))
    assert (error.code, error.parameters["retry_after_seconds"]) == ("code_tries_exceeded", 60)


async def test_guesses_from_one_address_are_counted_over_all_accounts(counter: CodeCounter) -> None:
    accounts = [await counter.account(f"account {n}") for n in range(GUESSES_OF_ADDRESS_MAX // 4 + 1)]
    good = await counter.code()
    for number in range(GUESSES_OF_ADDRESS_MAX):
        error = await counter.refused(accounts[number // 4], never_issued(number), client_address=ADDRESS)
        assert error.code == "code_unknown"
    fresh = accounts[-1]
    error = await counter.refused(fresh, good, client_address="::ffff:" + ADDRESS)
    assert error.code == "code_tries_exceeded"
    (row,) = await counter.tries(fresh)
    assert (row.client_address, row.outcome) == (ADDRESS, TryOutcome.TRIES_EXCEEDED)
    # From elsewhere the account may go on.
    await counter.redeem(fresh, good, client_address="192.0.2.8")


async def test_an_address_that_is_none_is_refused_before_anything_is_done(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    with pytest.raises(InputError):
        await counter.redeem(account, code, client_address="somewhere")
    assert await counter.tries(account) == []


# Tries.


async def test_every_try_is_kept_with_the_message_that_was_shown(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    code_id = (await counter.codes.find(code)).code.code_id
    unknown = never_issued()
    typed = ["hello", mistyped(code), unknown, code, code]
    for number, one in enumerate(typed):
        counter.clock.advance(seconds=61)
        try:
            await counter.redeem(account, one, by=f"mem_{number}", client_address=ADDRESS)
        except (Conflict, InputError, NotFound):
            pass
    kept = await counter.tries(account)
    assert [(one.outcome, one.mask, one.code_id, one.tried_by) for one in kept] == [
        ("code_mistyped", None, None, "mem_0"),
        ("code_mistyped", "CF-…" + mistyped(code)[-4:], None, "mem_1"),
        ("code_unknown", "CF-…" + unknown[-4:], None, "mem_2"),
        ("code_redeemed", "CF-…" + code[-4:], code_id, "mem_3"),
        ("code_used_by_you", "CF-…" + code[-4:], code_id, "mem_4"),
    ]
    assert all((one.client_address, one.times) == (ADDRESS, 1) for one in kept)
    assert [one.first_at for one in kept] == sorted({one.first_at for one in kept})
    assert await counter.codes.tries(code_id=code_id) == kept[:2:-1]
    assert await counter.codes.tries(account_id=account, most=2) == kept[:2:-1]
    assert await counter.codes.tries(before=kept[3].try_id) == kept[2::-1]


async def test_a_script_that_tries_without_end_fills_few_rows(counter: CodeCounter, owner: Any) -> None:
    account = await counter.account()
    for number in range(100):
        await counter.refused(account, mistyped(never_issued(number * 7919)), by=f"script {number % 3}")
    found = await rows(owner, "code_tries")
    assert len(found) <= ROWS_PER_MINUTE_MAX + 1
    assert sum(row["times"] for row in found) == 100
    counter.clock.advance(seconds=60)
    await counter.refused(account, "x")
    assert len(await rows(owner, "code_tries")) == len(found) + 1


async def test_the_runtime_role_cannot_change_what_was_tried_or_issued(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    await counter.redeem(account, code)
    for statement in (
        "DELETE FROM code_tries", "UPDATE code_tries SET outcome = 'code_redeemed'", "TRUNCATE code_tries",
        "DELETE FROM code_directory", "UPDATE code_directory SET code_id = code_id",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with counter.database.unit_of_work() as connection:
                await connection.execute(statement.encode())


# Finding.


async def test_a_code_is_found_by_what_is_on_the_card(counter: CodeCounter) -> None:
    account, made = await counter.account(), await counter.batch(count=2)
    redeemed = (await counter.redeem(account, made.codes[0])).view
    assert await counter.codes.find(made.codes[0].lower()) == redeemed
    with pytest.raises(NotFound) as caught:
        await counter.codes.find(never_issued())
    assert caught.value.code == "code_not_found"
    assert never_issued()[3:8] not in str(caught.value)


async def test_a_code_is_found_by_its_last_four_within_a_batch_or_an_account(counter: CodeCounter) -> None:
    account, made, other = await counter.account(), await counter.batch(count=50), await counter.batch(count=5)
    batch_id, code = made.view.batch.batch_id, made.codes[7]
    for mask in (code[-4:], "CF-…" + code[-4:], code[-4:].lower()):
        found = await counter.codes.find_masked(mask, batch_id=batch_id)
        assert await counter.codes.find(code) in found
        assert {one.code.last_four for one in found} == {code[-4:]}
    assert await counter.codes.find_masked(code[-4:], account_id=account) == []
    redeemed = (await counter.redeem(account, code)).view
    assert await counter.codes.find_masked(code[-4:], account_id=account) == [redeemed]
    assert await counter.codes.find_masked(code[-4:], account_id=account, batch_id=other.view.batch.batch_id) == []
    for mask, scope in ((code, {"batch_id": batch_id}), ("", {"batch_id": batch_id}), (code[-4:], {})):
        with pytest.raises(InputError):
            await counter.codes.find_masked(mask, **scope)


async def test_the_account_that_redeemed_a_code_is_told_by_code_and_by_id(counter: CodeCounter) -> None:
    account, code = await counter.account(), await counter.code()
    code_id = (await counter.codes.find(code)).code.code_id
    for way in (code, code_id, show_id("code", code_id)):
        assert await counter.codes.redeemer_of(way) is None
    redemption = await counter.redeem(account, code, by="Bob")
    for way in (code.lower(), code_id, show_id("code", code_id)):
        found = await counter.codes.redeemer_of(way)
        assert found is not None
        assert (found.account_id, found.by, found.at) == (account, "Bob", redemption.redeemed_at)
        assert (found.code_id, found.mask) == (code_id, "CF-…" + code[-4:])
    for wrong, error in ((never_issued(), NotFound), (counter.clock.new_id(), NotFound), ("x", InputError)):
        with pytest.raises(error):
            await counter.codes.redeemer_of(wrong)


async def test_what_does_not_exist_is_not_found(counter: CodeCounter) -> None:
    missing = counter.clock.new_id()
    for action in (
        counter.codes.batch(missing), counter.codes.codes(missing), counter.codes.code(missing),
        counter.codes.void_batch(missing, by="Ada"), counter.codes.void_code(missing, by="Ada"),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            await action


async def test_another_secret_knows_none_of_the_codes(counter: CodeCounter, ledger: Ledger) -> None:
    account, code = await counter.account(), await counter.code()
    strangers = Codes(counter.database, ledger=ledger, clock=counter.clock, secret=SECRET[::-1])
    with pytest.raises(NotFound) as caught:
        await strangers.redeem(account, code, by="Ada")
    assert caught.value.code == "code_unknown"


@pytest.fixture
def ledger(counter: CodeCounter) -> Ledger:
    return counter.ledger


async def test_values_are_exact_to_the_nano(counter: CodeCounter) -> None:
    account = await counter.account()
    await counter.redeem(account, await counter.code(value=1))
    await counter.redeem(account, await counter.code(value=9_000_000_000 * NANOS))
    assert await counter.posted(account) == 9_000_000_000 * NANOS + 1
    # A wallet that has no room for a code is left alone, and the code is still there.
    code = await counter.code(value=9_000_000_000 * NANOS)
    assert isinstance(await counter.refused(account, code), InputError)
    assert (await counter.codes.find(code)).state is CodeState.NEW
