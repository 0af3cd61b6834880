"""Why a request was refused: each cause tested by deciding again without it, on real refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from counterfoil.evidence.causes_service import Causes
from counterfoil.evidence.checks import recorded_checks
from counterfoil.evidence.findings import Confidence, Finding, FindingCode
from counterfoil.evidence.model import Surroundings
from counterfoil.foundation.clock import ManualClock
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window
from counterfoil.ledger.model import EndGrant, Freeze, Unfreeze
from counterfoil.limits.model import DuplicatePolicy, GroupSettings, Problem, Scope, Unit
from counterfoil.spend.model import Admission, Endpoint, RefusedCall
from spend.market import NANOS, TOKEN, Customer, Market, Till, open_market

CODES = FindingCode
DAY = 86_400
ONE, TWO, THREE = b"1" * 32, b"2" * 32, b"3" * 32


@pytest.fixture
async def market(database_url: str, owner_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Market]:
    async with open_market(
        database_url=database_url, owner_url=owner_url, clock=clock, folder=tmp_path / "data"
    ) as opened:
        yield opened


@pytest.fixture
async def till(market: Market) -> AsyncIterator[Till]:
    # Caps are not lowered to fit: what is asked for is what is needed.
    async with market.till(fit=False) as opened:
        yield opened


async def explained(market: Market, till: Till, refused: RefusedCall) -> list[Finding]:
    view = await till.spend.request(refused.request_id)
    around = Surroundings(account_name="", time_zone="UTC", counted=b"", limits={})
    return await Causes(market.database, clock=market.clock).of_refusal(view, recorded_checks(view, around))


async def why(market: Market, till: Till, customer: Customer, **call: Any) -> dict[FindingCode, Finding]:
    """Send a request that is refused, and ask."""
    findings = await explained(market, till, await till.refused(customer, **call))
    return {finding.code: finding for finding in findings}


def named(findings: dict[FindingCode, Finding]) -> list[FindingCode]:
    """The causes that together explain it, in the order in which they are told."""
    return [code for code, finding in findings.items() if finding.enough_together]


async def later(market: Market, *, seconds: int = 1) -> None:
    market.clock.advance(seconds=seconds)


async def grant_of(market: Market, customer: Customer, number: int = 0) -> Any:
    rows = await market.rows(
        "SELECT grant_id FROM grants WHERE account_id = %s ORDER BY amount DESC", customer.account_id
    )
    return rows[number]["grant_id"]


# The checks themselves.


async def test_an_empty_wallet_is_used_up_and_nothing_else(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    await till.serve(customer, 1_000)
    await later(market)
    found = await why(market, till, customer, cap=1_500)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]
    finding = found[CODES.BALANCE_EXHAUSTED]
    assert (finding.enough_alone, finding.enough_together) == (True, True)
    assert (finding.confidence, finding.nanos, finding.currency) == (Confidence.CERTAIN, NANOS // 2, "USD")
    assert finding.numbers == {
        "needed": 3 * NANOS // 2, "available": NANOS, "remaining": NANOS, "held": 0, "shortfall": NANOS // 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "code"),
    [
        (Scope.ACCOUNT, CODES.ACCOUNT_LIMIT_REACHED),
        (Scope.GROUP, CODES.GROUP_QUOTA_REACHED),
        (Scope.KEY, CODES.KEY_LIMIT_REACHED),
    ],
)
async def test_a_limit_that_is_reached_is_named_with_its_numbers(
    market: Market, till: Till, scope: Scope, code: FindingCode
) -> None:
    customer = await market.customer(group=GroupSettings(name="team"))
    limit_id = await market.limit(customer, scope, 2 * NANOS, window=Window.DAY)
    await till.serve(customer, 1_000)
    found = await why(market, till, customer, cap=1_200)
    assert list(found) == [code]
    assert found[code].enough_alone
    assert (found[code].nanos, found[code].names["limit"]) == (NANOS // 5, show_id("limit", limit_id))
    assert {name: found[code].numbers[name] for name in ("amount", "used", "held", "needed")} == {
        "amount": 2 * NANOS, "used": NANOS, "held": 0, "needed": 12 * NANOS // 10,
    }  # fmt: skip
    assert found[code].numbers["resets_at"] > market.clock.now()
    assert [(row.kind, row.id) for row in found[code].rows] == [("limit", show_id("limit", limit_id))]


async def test_a_low_balance_that_suffices_is_no_cause(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    await market.limit(customer, Scope.KEY, NANOS)
    await till.serve(customer, 500)
    found = await why(market, till, customer, cap=1_000)
    assert list(found) == [CODES.KEY_LIMIT_REACHED]


async def test_two_limits_are_both_named(market: Market, till: Till) -> None:
    customer = await market.customer(group=GroupSettings(name="team"))
    await market.limit(customer, Scope.KEY, NANOS)
    await market.limit(customer, Scope.GROUP, 2 * NANOS)
    found = await why(market, till, customer, cap=3_000)
    assert named(found) == [CODES.KEY_LIMIT_REACHED, CODES.GROUP_QUOTA_REACHED]
    assert not any(finding.enough_alone for finding in found.values())


async def test_a_model_without_permission_is_no_question_of_money(market: Market, till: Till) -> None:
    customer = await market.customer(allowed_models=("gpt-*",), group=GroupSettings(name="t", allowed_models=("a",)))
    found = await why(market, till, customer)
    assert list(found) == [CODES.MODEL_NOT_PERMITTED]
    assert (found[CODES.MODEL_NOT_PERMITTED].enough_alone, found[CODES.MODEL_NOT_PERMITTED].nanos) == (True, 0)


async def test_permission_and_an_empty_wallet_are_needed_both(market: Market, till: Till) -> None:
    customer = await market.customer(credit=0, allowed_models=("gpt-*",))
    found = await why(market, till, customer)
    assert named(found) == [CODES.BALANCE_EXHAUSTED, CODES.MODEL_NOT_PERMITTED]
    assert not any(finding.enough_alone for finding in found.values())


async def test_rates_and_problems_are_told_by_their_code(market: Market, till: Till) -> None:
    customer = await market.customer()
    limit_id = await market.limit(customer, Scope.KEY, 1, unit=Unit.REQUESTS, window=Window.MINUTE)
    await till.serve(customer, 10)
    found = await why(market, till, customer)
    finding = found[CODES.REFUSED_FOR_ITS_CODE]
    assert (finding.names["code"], finding.names["limit"]) == ("rate_limited", show_id("limit", limit_id))
    assert (finding.numbers["amount"], finding.numbers["used"], finding.enough_alone) == (1, 1, True)
    bad = await why(market, till, await market.customer(), problems=(Problem(code="cost_unbounded"),))
    assert bad[CODES.REFUSED_FOR_ITS_CODE].names["code"] == "cost_unbounded"


async def test_what_was_served_has_no_causes(market: Market, till: Till) -> None:
    customer = await market.customer()
    admitted = await till.admitted(customer)
    view = await till.spend.request(admitted.request_id)
    assert await Causes(market.database, clock=market.clock).of_refusal(view, ()) == []


# What holds money.


async def test_what_is_in_flight_holds_the_money(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    held = [await till.admitted(customer, cap=900) for _ in range(2)]
    await later(market)
    found = await why(market, till, customer, cap=1_000)
    finding = found[CODES.HELD_IN_FLIGHT]
    assert named(found) == [CODES.HELD_IN_FLIGHT]
    assert list(found) == [CODES.HELD_IN_FLIGHT]
    assert (finding.nanos, finding.numbers["count"], finding.numbers["held"]) == (18 * NANOS // 10, 2, 18 * NANOS // 10)
    assert {row.id for row in finding.rows} == {show_id("request", one.request_id) for one in held}
    assert finding.confidence is Confidence.CERTAIN


async def test_a_hold_that_had_ended_by_then_is_not_in_flight(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    await till.fail(await till.admitted(customer, cap=900))
    await till.serve(customer, 1_500, cap=1_500)
    found = await why(market, till, customer, cap=1_000)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_what_happened_later_changes_no_answer(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    first = await till.admitted(customer, cap=900, fingerprint=ONE)
    second = await till.admitted(customer, cap=900, fingerprint=ONE)
    refused = await till.refused(customer, cap=1_000)
    then = await explained(market, till, refused)
    await later(market, seconds=30)
    await till.deliver(first, 900)
    await till.deliver(second, 900)
    await till.spend.refund(second.request_id, source_id="r1", amount=None, reason="")
    await market.credit(customer.account_id, 50 * NANOS)
    await till.admitted(customer, cap=900, fingerprint=ONE)
    await market.ledger.operate(
        Freeze(account_id=customer.account_id, grant_id=await grant_of(market, customer), source_id="d1")
    )
    assert await explained(market, till, refused) == then
    assert [finding.code for finding in then if finding.enough_together] == [CODES.DUPLICATE_SUBMISSIONS]


async def test_a_task_that_has_run_for_days_is_still_in_flight(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    task = await till.admitted(customer, cap=1_500, is_task=True, hold_seconds=7 * DAY, endpoint=Endpoint.VIDEOS)
    await market.execute(
        "INSERT INTO tasks (account_id, task_id, key_id, kind, direct, endpoint, model, state, input_type, created_at,"
        " hold_expires_at) VALUES (%s, %s, %s, 'video', false, 'videos', 'plain', 'running', 'text', 0, 0)",
        customer.account_id, task.request_id, customer.key_id,
    )  # fmt: skip
    await later(market, seconds=3 * DAY)
    found = await why(market, till, customer, cap=1_000)
    finding = found[CODES.HELD_IN_FLIGHT]
    assert (named(found), finding.confidence) == ([CODES.HELD_IN_FLIGHT], Confidence.CERTAIN)
    assert [(row.kind, row.id) for row in finding.rows] == [("task", show_id("task", task.request_id))]
    await till.deliver(task, 1_000)


async def test_what_is_in_flight_counts_in_a_limit_as_well(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 2 * NANOS, window=Window.DAY)
    await till.admitted(customer, cap=1_500)
    found = await why(market, till, customer, cap=1_000)
    assert named(found) == [CODES.HELD_IN_FLIGHT]
    assert found[CODES.KEY_LIMIT_REACHED].enough_alone


async def test_another_key_holds_nothing_of_this_keys_limit(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 2 * NANOS, window=Window.DAY)
    await till.serve(customer, 1_500, cap=1_500)
    other = await market.another_key(customer.account_id)
    await till.admitted(other, cap=1_500)
    found = await why(market, till, customer, cap=1_000)
    assert list(found) == [CODES.KEY_LIMIT_REACHED]


# Copies.


async def test_copies_in_flight_are_named_and_their_original_is_not(market: Market, till: Till) -> None:
    """The example of the design: "Three copies of the same video task hold 0.45"."""
    customer = await market.customer(credit=72 * NANOS // 100)
    video = {"cap": 150, "endpoint": Endpoint.VIDEOS, "is_task": True}
    await till.admitted(customer, fingerprint=ONE, **video)
    copies = [await till.admitted(customer, fingerprint=ONE, **video) for _ in range(3)]
    await later(market, seconds=20)
    found = await why(market, till, customer, cap=400, fingerprint=TWO)
    finding = found[CODES.DUPLICATE_SUBMISSIONS]
    assert named(found) == [CODES.DUPLICATE_SUBMISSIONS]
    assert finding.numbers == {
        "count": 3, "submissions": 1, "held": 45 * NANOS // 100, "charged": 0, "needed": 40 * NANOS // 100,
        "available": 12 * NANOS // 100, "shortfall": 28 * NANOS // 100,
    }  # fmt: skip
    assert {(row.kind, row.id) for row in finding.rows} == {
        ("task", show_id("task", copy.request_id)) for copy in copies
    }
    # The original holds too little to matter, and that is said.
    assert (found[CODES.HELD_IN_FLIGHT].enough_alone, found[CODES.HELD_IN_FLIGHT].nanos) == (False, 15 * NANOS // 100)


async def test_copies_that_were_charged_are_named(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    for _ in range(3):
        await till.serve(customer, 800, fingerprint=ONE)
        await later(market, seconds=60)
    found = await why(market, till, customer)
    assert named(found) == [CODES.DUPLICATE_SUBMISSIONS]
    assert found[CODES.DUPLICATE_SUBMISSIONS].numbers["charged"] == 16 * NANOS // 10


async def test_a_copy_that_was_refunded_or_released_is_no_cause(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    await till.serve(customer, 800, fingerprint=ONE)
    copy = await till.admitted(customer, fingerprint=ONE)
    released = await till.admitted(customer, fingerprint=ONE)
    await till.deliver(copy, 1_000)
    await till.fail(released)
    await till.spend.refund(copy.request_id, source_id="r1", amount=None, reason="")
    await till.serve(customer, 1_900, cap=2_000)
    found = await why(market, till, customer)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_a_copy_that_was_refunded_in_part_is_one_for_the_rest(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    await till.serve(customer, 500, fingerprint=ONE)
    copy = await till.admitted(customer, fingerprint=ONE)
    await till.deliver(copy, 1_000)
    await till.spend.refund(copy.request_id, source_id="r1", amount=600 * TOKEN, reason="")
    found = await why(market, till, customer, cap=1_400)
    assert (named(found), found[CODES.DUPLICATE_SUBMISSIONS].nanos) == ([CODES.DUPLICATE_SUBMISSIONS], 400 * TOKEN)


async def test_a_copy_whose_original_came_to_nothing_is_what_was_meant(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    original = await till.admitted(customer, fingerprint=ONE)
    copy = await till.admitted(customer, fingerprint=ONE)
    await till.fail(original)
    await till.deliver(copy, 1_000)
    found = await why(market, till, customer, cap=2_500)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_copies_of_another_window_have_used_nothing_of_this_one(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 3 * NANOS, window=Window.DAY)
    for _ in range(2):
        await till.serve(customer, 1_000, fingerprint=ONE)
    await later(market, seconds=DAY)
    await till.serve(customer, 2_500, cap=2_500)
    found = await why(market, till, customer)
    assert list(found) == [CODES.KEY_LIMIT_REACHED]


async def test_copies_of_long_ago_have_nothing_to_do_with_an_empty_wallet(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    for _ in range(2):
        await till.serve(customer, 1_000, fingerprint=ONE)
    await later(market, seconds=DAY + 60)
    await till.serve(customer, 500, cap=500)
    found = await why(market, till, customer)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_copies_that_used_up_a_limit_are_named_before_it(market: Market, till: Till) -> None:
    customer = await market.customer()
    await market.limit(customer, Scope.KEY, 3 * NANOS, window=Window.MONTH)
    for _ in range(3):
        await till.serve(customer, 800, fingerprint=ONE)
    await later(market, seconds=3 * DAY)
    found = await why(market, till, customer)
    assert list(found) == [CODES.DUPLICATE_SUBMISSIONS, CODES.KEY_LIMIT_REACHED]
    assert named(found) == [CODES.DUPLICATE_SUBMISSIONS]


async def test_one_submission_may_use_up_the_wallet_and_a_limit(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    await market.limit(customer, Scope.KEY, 3 * NANOS, window=Window.MONTH)
    for _ in range(3):
        await till.serve(customer, 800, fingerprint=ONE)
    found = await why(market, till, customer)
    assert named(found) == [CODES.DUPLICATE_SUBMISSIONS]
    assert found[CODES.DUPLICATE_SUBMISSIONS].enough_alone
    assert not found[CODES.KEY_LIMIT_REACHED].enough_alone


async def test_rows_are_few_and_their_number_is_told(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    for _ in range(29):
        await till.admitted(customer, cap=100, fingerprint=ONE)
    found = await why(market, till, customer)
    finding = found[CODES.DUPLICATE_SUBMISSIONS]
    assert (finding.numbers["count"], len(finding.rows)) == (28, 20)


# Retries.


async def test_a_burst_of_retries_is_named(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    for number in range(6):
        await till.serve(customer, 200, cap=200, retry_count=number, fingerprint=ONE)
        await later(market, seconds=5)
    found = await why(market, till, customer)
    finding = found[CODES.RETRY_SPIKE]
    assert named(found) == [CODES.RETRY_SPIKE]
    assert (finding.numbers["count"], finding.nanos) == (5, NANOS)


async def test_retries_without_fingerprints_are_told_by_their_number(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS, duplicate_policy=DuplicatePolicy.OFF)
    for number in range(6):
        await till.serve(customer, 200, cap=200, retry_count=number, fingerprint=ONE)
    found = await why(market, till, customer)
    assert (named(found), found[CODES.RETRY_SPIKE].numbers["count"]) == ([CODES.RETRY_SPIKE], 5)


async def test_a_few_retries_of_a_day_are_no_burst(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    for number in range(6):
        await till.serve(customer, 200, cap=200, retry_count=number, fingerprint=ONE)
        await later(market, seconds=500)
    found = await why(market, till, customer, cap=900)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_retries_whose_originals_failed_have_multiplied_nothing(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    for number in range(6):
        fingerprint = bytes([number]) * 32
        await till.fail(await till.admitted(customer, cap=200, fingerprint=fingerprint))
        await till.serve(customer, 200, cap=200, retry_count=1, fingerprint=fingerprint)
    found = await why(market, till, customer, cap=900)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_copies_and_retries_are_counted_once_and_named_together(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    for number in range(7):
        await till.serve(customer, 200, cap=200, retry_count=number, fingerprint=ONE)
    for _ in range(3):
        await till.serve(customer, 500, cap=500, fingerprint=TWO)
    found = await why(market, till, customer, cap=2_200)
    assert named(found) == [CODES.RETRY_SPIKE, CODES.DUPLICATE_SUBMISSIONS]
    assert (found[CODES.RETRY_SPIKE].nanos, found[CODES.DUPLICATE_SUBMISSIONS].nanos) == (12 * NANOS // 10, NANOS)
    assert not any(finding.enough_alone for finding in found.values())


# Credit that is not there any more, or not to be had.


async def test_credit_that_expired_is_named(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    await market.credit(customer.account_id, 2 * NANOS, expires_at=market.clock.now() + DAY * 1_000_000)
    await later(market, seconds=2 * DAY)
    found = await why(market, till, customer, cap=1_500)
    finding = found[CODES.CREDIT_EXPIRED]
    assert list(found) == [CODES.CREDIT_EXPIRED]
    assert (finding.nanos, finding.numbers["count"], finding.confidence) == (2 * NANOS, 1, Confidence.CERTAIN)
    assert [row.id for row in finding.rows] == [show_id("grant", await grant_of(market, customer))]


async def test_expired_credit_that_would_not_have_sufficed_is_not_named(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    await market.credit(customer.account_id, NANOS // 10, expires_at=market.clock.now() + DAY * 1_000_000)
    await later(market, seconds=2 * DAY)
    found = await why(market, till, customer, cap=1_500)
    assert named(found) == [CODES.BALANCE_EXHAUSTED]
    assert (found[CODES.CREDIT_EXPIRED].enough_alone, found[CODES.CREDIT_EXPIRED].enough_together) == (False, False)


async def test_credit_that_expired_long_ago_is_no_cause(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    await market.credit(customer.account_id, 2 * NANOS, expires_at=market.clock.now() + DAY * 1_000_000)
    await later(market, seconds=2 * DAY)
    await till.serve(customer, 100)
    await later(market, seconds=31 * DAY)
    found = await why(market, till, customer, cap=1_500)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_credit_that_is_frozen_is_named(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    await later(market)
    await market.credit(customer.account_id, NANOS)
    frozen = await grant_of(market, customer)
    held = await till.admitted(customer, cap=500)
    await market.ledger.operate(Freeze(account_id=customer.account_id, grant_id=frozen, source_id="dispute"))
    await later(market)
    found = await why(market, till, customer, cap=1_200)
    finding = found[CODES.CREDIT_FROZEN]
    assert (named(found), finding.nanos) == ([CODES.CREDIT_FROZEN], 25 * NANOS // 10)
    assert [row.id for row in finding.rows] == [show_id("grant", frozen)]
    # What is in flight was reserved from the frozen grant, so that it holds nothing that could be spent.
    assert CODES.HELD_IN_FLIGHT not in found
    await till.deliver(held, 100)
    found = await why(market, till, customer, cap=1_200)
    assert found[CODES.CREDIT_FROZEN].nanos == 29 * NANOS // 10
    assert found[CODES.CREDIT_FROZEN].confidence is Confidence.CERTAIN


async def test_credit_that_was_released_again_is_no_cause(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    grant_id = await grant_of(market, customer)
    await market.ledger.operate(Freeze(account_id=customer.account_id, grant_id=grant_id, source_id="dispute"))
    await later(market)
    await market.ledger.operate(Unfreeze(account_id=customer.account_id, grant_id=grant_id, source_id="dispute"))
    found = await why(market, till, customer, cap=1_200)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_copies_that_took_credit_which_expired_all_the_same_are_no_cause(market: Market, till: Till) -> None:
    """Without the copy its money would have expired with the rest: no sum of what copies cost tells that."""
    customer = await market.customer(credit=NANOS)
    await market.credit(customer.account_id, NANOS, expires_at=market.clock.now() + DAY * 1_000_000)
    await till.serve(customer, 300, cap=300, fingerprint=ONE)
    await later(market, seconds=60)
    await till.serve(customer, 300, cap=300, fingerprint=ONE)
    await later(market, seconds=DAY - 120)
    await later(market, seconds=121)
    found = await why(market, till, customer, cap=1_200, fingerprint=TWO)
    assert named(found) == [CODES.CREDIT_EXPIRED]
    assert CODES.DUPLICATE_SUBMISSIONS not in found
    assert found[CODES.CREDIT_EXPIRED].confidence is Confidence.CERTAIN


async def test_copies_that_made_others_spend_what_lasts_are_a_cause(market: Market, till: Till) -> None:
    """The copy took promotional credit, so that the next request took from what would be there still."""
    customer = await market.customer(credit=NANOS)
    await market.credit(customer.account_id, NANOS, expires_at=market.clock.now() + DAY * 1_000_000)
    await till.serve(customer, 500, cap=500, fingerprint=ONE)
    await till.serve(customer, 500, cap=500, fingerprint=ONE)
    await later(market, seconds=60)
    await till.serve(customer, 400, cap=400, fingerprint=TWO)
    await later(market, seconds=DAY - 60)
    found = await why(market, till, customer, cap=900, fingerprint=THREE)
    finding = found[CODES.DUPLICATE_SUBMISSIONS]
    assert (named(found), finding.nanos) == ([CODES.DUPLICATE_SUBMISSIONS], 400 * TOKEN)
    assert finding.confidence is Confidence.CERTAIN


async def test_expiry_and_copies_are_named_together(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    await market.credit(customer.account_id, NANOS, expires_at=market.clock.now() + DAY * 1_000_000)
    await later(market, seconds=2 * DAY)
    await till.serve(customer, 300, cap=300, fingerprint=ONE)
    await till.serve(customer, 300, cap=300, fingerprint=ONE)
    found = await why(market, till, customer, cap=1_700, fingerprint=TWO)
    assert named(found) == [CODES.CREDIT_EXPIRED, CODES.DUPLICATE_SUBMISSIONS]
    assert [found[code].nanos for code in named(found)] == [NANOS, 300 * TOKEN]


async def test_expired_credit_that_a_copy_had_taken_before_is_named_with_it(market: Market, till: Till) -> None:
    """Without the copy the credit would have expired; had it not expired, the copy would have taken it: it takes both."""
    customer = await market.customer(credit=NANOS)
    await later(market)
    await market.credit(customer.account_id, NANOS, expires_at=market.clock.now() + DAY * 1_000_000)
    await till.serve(customer, 500, cap=500, fingerprint=ONE)
    await till.serve(customer, 500, cap=500, fingerprint=ONE)
    await later(market, seconds=DAY)
    found = await why(market, till, customer, cap=1_400, fingerprint=TWO)
    assert set(named(found)) == {CODES.CREDIT_EXPIRED, CODES.DUPLICATE_SUBMISSIONS}
    assert not any(finding.enough_alone for finding in found.values())


async def test_credit_that_was_ended_while_frozen_could_not_have_been_spent(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    await market.credit(customer.account_id, NANOS)
    grant_id = await grant_of(market, customer)
    await later(market)
    await market.ledger.operate(Freeze(account_id=customer.account_id, grant_id=grant_id, source_id="dispute"))
    await market.ledger.operate(EndGrant(account_id=customer.account_id, grant_id=grant_id, destination="breakage"))
    found = await why(market, till, customer, cap=1_500)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_a_grant_that_somebody_ended_as_breakage_counts_as_expired(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    await market.credit(customer.account_id, NANOS)
    await later(market)
    await market.ledger.operate(
        EndGrant(
            account_id=customer.account_id, grant_id=await grant_of(market, customer), destination="breakage"
        )
    )  # fmt: skip
    found = await why(market, till, customer, cap=1_500)
    assert (named(found), found[CODES.CREDIT_EXPIRED].nanos) == ([CODES.CREDIT_EXPIRED], 2 * NANOS)


# What it costs itself.


async def test_a_request_that_costs_many_times_the_usual_is_named(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    for _ in range(8):
        await till.serve(customer, 100, cap=100)
    found = await why(market, till, customer, cap=5_000)
    finding = found[CODES.HIGH_COST_TASK]
    assert list(found) == [CODES.HIGH_COST_TASK]
    assert (finding.numbers["usual"], finding.numbers["times"], finding.numbers["sample"]) == (NANOS // 10, 50, 8)
    assert finding.nanos == 49 * NANOS // 10


async def test_where_the_usual_request_would_not_fit_either_the_balance_is_used_up(market: Market, till: Till) -> None:
    customer = await market.customer(credit=NANOS)
    for _ in range(10):
        await till.serve(customer, 99, cap=99)
    found = await why(market, till, customer, cap=5_000)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]


async def test_a_ceiling_is_about_the_cost_of_one_request(market: Market, till: Till) -> None:
    customer = await market.customer()
    limit_id = await market.limit(customer, Scope.KEY, NANOS, window=Window.REQUEST)
    found = await why(market, till, customer, cap=1_500)
    finding = found[CODES.HIGH_COST_TASK]
    assert list(found) == [CODES.HIGH_COST_TASK]
    assert (finding.enough_alone, finding.numbers["amount"], finding.nanos) == (True, NANOS, NANOS // 2)
    assert [row.id for row in finding.rows] == [show_id("limit", limit_id)]


async def test_a_costly_request_that_fails_a_ceiling_and_the_wallet_is_one_cause(market: Market, till: Till) -> None:
    customer = await market.customer(credit=2 * NANOS)
    await market.limit(customer, Scope.KEY, NANOS, window=Window.REQUEST)
    for _ in range(5):
        await till.serve(customer, 100, cap=100)
    found = await why(market, till, customer, cap=3_000)
    assert list(found) == [CODES.HIGH_COST_TASK]
    assert found[CODES.HIGH_COST_TASK].enough_alone


async def test_copies_are_named_before_the_cost_of_an_unusual_request(market: Market, till: Till) -> None:
    customer = await market.customer(credit=3 * NANOS)
    for _ in range(8):
        await till.serve(customer, 20, cap=20)
    for _ in range(3):
        await till.serve(customer, 800, cap=800, fingerprint=ONE)
    found = await why(market, till, customer, cap=900, fingerprint=TWO)
    assert named(found) == [CODES.DUPLICATE_SUBMISSIONS]
    assert found[CODES.HIGH_COST_TASK].enough_alone


async def test_another_accounts_requests_are_never_looked_at(market: Market, till: Till) -> None:
    other = await market.customer(credit=50 * NANOS)
    for _ in range(12):
        await till.admitted(other, fingerprint=ONE, retry_count=0)
    customer = await market.customer(credit=NANOS)
    found = await why(market, till, customer, cap=1_500, fingerprint=ONE)
    assert list(found) == [CODES.BALANCE_EXHAUSTED]
    assert isinstance(await till.call(customer, cap=10), Admission)
