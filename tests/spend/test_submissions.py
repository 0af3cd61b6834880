"""What a customer meant once: copies are recognised, judged, and where the policy says so refused, under any concurrency."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from counterfoil.foundation.errors import InputError, NotFound
from counterfoil.limits.model import AccountDuplicates, DuplicatePolicy, GroupSettings
from counterfoil.spend.model import Admission, Endpoint, RefusedCall, Repeated
from counterfoil.spend.submission_history import Submissions
from counterfoil.spend.submissions import Fingerprints
from spend.market import NANOS, TOKEN, Customer, Market, Till

ASKED, OTHER = b"a" * 32, b"b" * 32
KEY, ANOTHER_KEY = b"k" * 32, b"l" * 32
BLOCK, FLAG, OFF = DuplicatePolicy.BLOCK, DuplicatePolicy.FLAG, DuplicatePolicy.OFF


async def _row(market: Market, request_id: UUID) -> dict[str, Any]:
    (row,) = await market.rows("SELECT * FROM requests WHERE request_id = %s", request_id)
    return row


async def _submissions(market: Market) -> list[tuple[UUID, int]]:
    rows = await market.rows("SELECT submission_id, copies FROM submissions ORDER BY submission_id")
    return [(row["submission_id"], row["copies"]) for row in rows]


async def test_fifty_at_once_are_one_submission_with_the_first_its_original(market: Market, till: Till) -> None:
    customer = await market.customer()

    outcomes = await asyncio.gather(*(till.call(customer, fingerprint=ASKED, cap=10) for _ in range(50)))

    assert all(isinstance(outcome, Admission) for outcome in outcomes)
    ((submission_id, copies),) = await _submissions(market)
    rows = await market.rows("SELECT request_id, verdict FROM requests ORDER BY event_no")
    assert copies == 50
    assert rows[0] == {"request_id": submission_id, "verdict": "original"}
    assert Counter(row["verdict"] for row in rows) == {"original": 1, "duplicate": 49}


async def test_fifty_at_once_on_two_processes_are_one_call_where_copies_are_blocked(market: Market) -> None:
    customer = await market.customer(duplicate_policy=BLOCK)
    async with market.till() as one, market.till() as two:
        outcomes = await asyncio.gather(*((one, two)[n % 2].call(customer, fingerprint=ASKED) for n in range(50)))

    (admitted,) = (outcome for outcome in outcomes if isinstance(outcome, Admission))
    refused = [outcome for outcome in outcomes if isinstance(outcome, RefusedCall)]
    assert {outcome.code for outcome in refused} == {"duplicate_submission"}
    assert len(refused) == 49
    firsts = {outcome.first for outcome in refused}
    assert [(first.request_id, first.state, first.charge_mark) for first in firsts if first] == [
        (admitted.request_id, "held", "held")
    ]
    assert {outcome.decision.retry_after for outcome in refused} == {2}
    assert await _submissions(market) == [(admitted.request_id, 50)]


async def test_a_blocked_copy_names_the_first_its_state_and_its_charge(market: Market, till: Till) -> None:
    customer = await market.customer(duplicate_policy=BLOCK)
    first = await till.admitted(customer, fingerprint=ASKED)
    await till.deliver(first, 40)

    refused = await till.refused(customer, fingerprint=ASKED)

    assert refused.code == "duplicate_submission"
    assert refused.first is not None
    assert (refused.first.request_id, refused.first.state) == (first.request_id, "served")
    assert (refused.first.charge_mark, refused.first.charged_nanos) == ("charged", 40 * TOKEN)
    assert refused.decision.retry_after is None
    row = await _row(market, refused.request_id)
    assert (row["verdict"], row["submission_id"], row["first_request_id"]) == (
        "duplicate", first.request_id, first.request_id,
    )  # fmt: skip


async def test_a_failure_an_undelivered_answer_and_a_refusal_stand_in_nobodys_way(market: Market, till: Till) -> None:
    customer = await market.customer(credit=0, duplicate_policy=BLOCK)
    refused = await till.refused(customer, fingerprint=ASKED)
    await market.credit(customer.account_id, 10 * NANOS)
    failed = await till.admitted(customer, fingerprint=ASKED)
    await till.fail(failed)
    undelivered = await till.admitted(customer, fingerprint=ASKED)
    await till.spend.capture(undelivered, till.delivery(5, client_gone=True))

    served = await till.admitted(customer, fingerprint=ASKED)

    rows = await market.rows("SELECT request_id, verdict, submission_id FROM requests ORDER BY event_no")
    assert [row["verdict"] for row in rows] == ["original", "retry", "retry", "retry"]
    assert {row["submission_id"] for row in rows} == {refused.request_id}
    assert rows[3]["request_id"] == served.request_id


async def test_the_window_ends_a_submission(market: Market, till: Till) -> None:
    customer = await market.customer(duplicate_policy=BLOCK, duplicate_window_seconds=30)
    await till.serve(customer, 1, fingerprint=ASKED)
    market.clock.advance(seconds=29)
    assert (await till.refused(customer, fingerprint=ASKED)).code == "duplicate_submission"
    market.clock.advance(seconds=2)

    # The one that stands was sent 31 seconds ago; the blocked copy between keeps the submission together.
    again = await till.admitted(customer, fingerprint=ASKED)

    assert (await _row(market, again.request_id))["verdict"] == "duplicate"
    await till.deliver(again, 1)
    market.clock.advance(seconds=60)
    new = await till.admitted(customer, fingerprint=ASKED)
    assert (await _row(market, new.request_id))["verdict"] == "original"
    assert len(await _submissions(market)) == 2


async def test_what_the_client_calls_a_retry_is_one(market: Market, till: Till) -> None:
    customer = await market.customer()
    await till.admitted(customer, fingerprint=ASKED)
    again = await till.admitted(customer, fingerprint=ASKED, retry_count=1)
    click = await till.admitted(customer, fingerprint=ASKED)
    assert (await _row(market, again.request_id))["verdict"] == "retry"
    assert (await _row(market, click.request_id))["verdict"] == "duplicate"


@pytest.mark.parametrize("key", [None, BLOCK, OFF])
@pytest.mark.parametrize("group", [None, BLOCK, OFF])
@pytest.mark.parametrize("account", [None, BLOCK, OFF])
async def test_the_nearest_policy_counts(
    market: Market,
    till: Till,
    key: DuplicatePolicy | None,
    group: DuplicatePolicy | None,
    account: DuplicatePolicy | None,
) -> None:
    customer = await market.customer(group=GroupSettings(name="research", duplicate_policy=group), duplicate_policy=key)
    await market.limits.set_duplicates(account_id=customer.account_id, duplicates=AccountDuplicates(policy=account))

    first = await till.admitted(customer, fingerprint=ASKED)
    second = await till.call(customer, fingerprint=ASKED)

    policy = key or group or account or FLAG
    assert isinstance(second, RefusedCall) == (policy is BLOCK)
    assert (await _row(market, first.request_id))["verdict"] == (None if policy is OFF else "original")


async def test_a_change_of_policy_counts_at_once_and_in_every_process(market: Market, till: Till) -> None:
    customer = await market.customer()
    await till.admitted(customer, fingerprint=ASKED)
    await market.limits.set_duplicates(
        account_id=customer.account_id, duplicates=AccountDuplicates(policy=BLOCK, window_seconds=60)
    )
    assert (await till.refused(customer, fingerprint=ASKED)).code == "duplicate_submission"


async def test_a_window_that_is_none_is_refused(market: Market) -> None:
    customer = await market.customer()
    for seconds in (0, -1, 86_401):
        with pytest.raises(InputError, match="duplicate_window_seconds"):
            await market.limits.set_duplicates(
                account_id=customer.account_id, duplicates=AccountDuplicates(window_seconds=seconds)
            )
    assert await market.rows("SELECT * FROM duplicate_policies") == []


async def test_another_content_and_another_accounts_are_no_copies(market: Market, till: Till) -> None:
    customer, neighbour = await market.customer(duplicate_policy=BLOCK), await market.customer(duplicate_policy=BLOCK)
    outcomes = [
        await till.call(customer, fingerprint=ASKED), await till.call(customer, fingerprint=OTHER),
        await till.call(neighbour, fingerprint=ASKED),
    ]  # fmt: skip
    assert all(isinstance(outcome, Admission) for outcome in outcomes)
    assert [copies for _, copies in await _submissions(market)] == [1, 1, 1]


# Idempotency-Key.


async def _named(till: Till, customer: Customer, key: bytes = KEY, fingerprint: bytes = ASKED, **fields: Any) -> Any:
    return await till.call(customer, fingerprint=fingerprint, idempotency_key=key, **fields)


async def test_fifty_at_once_with_one_key_are_one_charge_whatever_the_policy(market: Market) -> None:
    customer = await market.customer(duplicate_policy=OFF)
    async with market.till() as one, market.till() as two:
        outcomes = await asyncio.gather(*(_named((one, two)[n % 2], customer) for n in range(50)))
        (admitted,) = (outcome for outcome in outcomes if isinstance(outcome, Admission))
        await one.deliver(admitted, 7)

        after = await _named(two, customer)

    assert Counter(type(outcome) for outcome in outcomes) == {Admission: 1, RefusedCall: 49}
    assert {outcome.code for outcome in outcomes if isinstance(outcome, RefusedCall)} == {"duplicate_submission"}
    assert (after.code, after.first.request_id, after.first.charged_nanos) == (
        "duplicate_submission", admitted.request_id, 7 * TOKEN,
    )  # fmt: skip
    assert after.decision.retry_after is None
    assert await market.balance(customer) == (100 * NANOS - 7 * TOKEN, 0)


async def test_fifty_tasks_at_once_with_one_key_are_one_task_given_again(market: Market, till: Till) -> None:
    customer = await market.customer()
    video = {"endpoint": Endpoint.VIDEOS, "is_task": True}

    outcomes = await asyncio.gather(*(_named(till, customer, **video) for _ in range(50)))

    (admitted,) = (outcome for outcome in outcomes if isinstance(outcome, Admission))
    repeated = [outcome for outcome in outcomes if isinstance(outcome, Repeated)]
    assert [outcome.task_id for outcome in repeated] == [admitted.request_id] * 49
    rows = await market.rows("SELECT state, charge_mark, held_nanos FROM requests WHERE state <> 'held'")
    assert rows == [{"state": "repeated", "charge_mark": "not_charged", "held_nanos": 0}] * 49
    assert await _submissions(market) == [(admitted.request_id, 50)]


async def test_a_task_is_not_given_again_to_whom_the_key_is_taken_from(market: Market, till: Till) -> None:
    customer = await market.customer()
    video = {"endpoint": Endpoint.VIDEOS, "is_task": True}
    await _named(till, customer, **video)
    await market.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
    refused = await _named(till, customer, **video)
    assert (type(refused), refused.code) == (RefusedCall, "key_disabled")


async def test_a_refusal_then_a_recharge_then_the_same_key_is_served(market: Market, till: Till) -> None:
    customer = await market.customer(credit=0)
    refused = await _named(till, customer)
    await market.credit(customer.account_id, 10 * NANOS)

    served = await _named(till, customer)

    assert (refused.code, type(served)) == ("account_balance", Admission)
    assert (await _row(market, served.request_id))["verdict"] == "retry"
    assert await _submissions(market) == [(refused.request_id, 2)]
    assert (await _named(till, customer)).code == "duplicate_submission"


async def test_a_key_outlives_the_window(market: Market, till: Till) -> None:
    customer = await market.customer(duplicate_window_seconds=1)
    await till.deliver(await _named(till, customer), 3)
    market.clock.advance(seconds=80_000)
    assert (await _named(till, customer)).code == "duplicate_submission"


async def test_the_same_key_with_other_content_is_refused_while_it_is_bound(market: Market, till: Till) -> None:
    customer = await market.customer()
    first = await _named(till, customer)

    reused = await _named(till, customer, fingerprint=OTHER)

    assert (reused.code, reused.first.request_id) == ("idempotency_key_reused", first.request_id)
    await till.fail(first)
    assert isinstance(await _named(till, customer, fingerprint=OTHER), Admission)


async def test_another_key_says_that_it_is_wanted_twice(market: Market, till: Till) -> None:
    customer = await market.customer(duplicate_policy=BLOCK)
    await till.deliver(await _named(till, customer), 1)
    assert isinstance(await _named(till, customer, ANOTHER_KEY), Admission)
    assert [copies for _, copies in await _submissions(market)] == [1, 1]


# Looking at them.


async def test_a_submission_is_looked_at_as_one_thing(market: Market, till: Till) -> None:
    customer = await market.customer()
    served = await till.admitted(customer, fingerprint=ASKED)
    failed = await till.admitted(customer, fingerprint=ASKED)
    running = await till.admitted(customer, fingerprint=ASKED, cap=10)
    await till.deliver(served, 3)
    await till.fail(failed)
    await till.admitted(customer, fingerprint=OTHER)
    desk = Submissions(market.database, clock=market.clock)

    (listed,) = await desk.sent_again(customer.account_id)
    found = await desk.find(listed.submission_id, account_id=customer.account_id)

    assert (found.copies, found.retries, found.duplicates, found.open_copies) == (3, 0, 2, 1)
    assert (found.charged_copies, found.charged_nanos, found.held_nanos) == (1, 3 * TOKEN, 10 * TOKEN)
    copies = [(copy.request_id, copy.verdict, copy.state, copy.charge_mark) for copy in found.requests]
    assert copies == [
        (served.request_id, "original", "served", "charged"),
        (failed.request_id, "duplicate", "failed", "not_charged"),
        (running.request_id, "duplicate", "held", "held"),
    ]
    with pytest.raises(NotFound, match="submission_not_found"):
        await desk.find(listed.submission_id, account_id=market.clock.new_id())


async def test_loops_of_a_script_are_found_by_their_copies_and_by_a_rising_count(market: Market, till: Till) -> None:
    customer = await market.customer()
    desk = Submissions(market.database, clock=market.clock)
    since = market.clock.now()
    for _ in range(10):
        await till.serve(customer, 1, fingerprint=ASKED)
    for minute, calls in enumerate((6, 12, 24)):
        market.clock.advance(seconds=60)
        for number in range(calls):
            await till.serve(customer, 1, model="metered", fingerprint=bytes([minute, number]) * 16)

    (loop,) = await desk.loops(customer.account_id)
    (burst,) = await desk.bursts(customer.account_id, since=since)

    assert (loop.copies, loop.model) == (10, "plain")
    assert (burst.model, burst.first_calls, burst.calls, burst.key_id) == ("metered", 6, 24, customer.key_id)


async def test_keys_of_long_ago_are_forgotten_and_those_of_running_work_kept(market: Market, till: Till) -> None:
    customer = await market.customer()
    desk = Submissions(market.database, clock=market.clock)
    await till.deliver(await _named(till, customer), 1)
    await _named(till, customer, ANOTHER_KEY)
    market.clock.advance(seconds=31 * 86_400)
    assert await desk.forget_keys() == 1
    assert [bytes(row["key_hash"]) for row in await market.rows("SELECT key_hash FROM idempotency_keys")] == [
        ANOTHER_KEY
    ]


def test_a_fingerprint_is_the_keys_own_and_tells_nothing() -> None:
    fingerprints, account, neighbour, key = Fingerprints(b"s" * 32), UUID(int=1), UUID(int=2), UUID(int=3)
    made = fingerprints.of(account, key, "chat_completions", b'{"messages":[]}')
    assert len(made) == 32
    assert made == Fingerprints(b"s" * 32).of(account, key, "chat_completions", b'{"messages":[]}')
    others = {
        fingerprints.of(neighbour, key, "chat_completions", b'{"messages":[]}'),
        fingerprints.of(account, UUID(int=4), "chat_completions", b'{"messages":[]}'),
        fingerprints.of(account, key, "responses", b'{"messages":[]}'),
        fingerprints.of(account, key, "chat_completions", b'{"messages":[1]}'),
        Fingerprints(b"t" * 32).of(account, key, "chat_completions", b'{"messages":[]}'),
    }
    assert len(others - {made}) == 5
    keys = {fingerprints.of_key(account, UUID(int=n), "order-1") for n in (1, 2)}
    assert len(keys) == 2
