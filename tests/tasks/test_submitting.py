"""Giving tasks to upstreams: what is on record before, what after, and what becomes of it when something goes wrong."""

from __future__ import annotations

import asyncio
import socket

import pytest

from counterfoil.foundation.errors import Conflict
from counterfoil.spend.model import Endpoint, RefusedCall
from counterfoil.spend.upstream_errors import Meaning
from counterfoil.tasks.model import NotSubmitted, Source, Submitted, TaskState
from counterfoil.tasks.service import Tasks
from spend.market import NANOS, Customer
from tasks.shop import DAY, PRICE, SECOND, SIZE, Crash, Shop
from tasks.studio import open_studio

NO_MONEY = (402, {"error": {"message": "You are out of credits.", "code": "insufficient_credits"}})
REFUSED = (
    400, {"error": {"message": 'The prompt "a cat that reads the newspaper" is not allowed.', "code": "bad_prompt"}}
)  # fmt: skip
OVERLOADED = (503, {"error": {"message": "We are overloaded.", "code": "overloaded"}})


def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


async def test_a_task_is_submitted_held_for_and_charged_when_it_is_there(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    assert (task.state, task.charge_mark, task.held_nanos) == (TaskState.QUEUED, "held", PRICE)
    assert task.hold_expires_at == shop.market.clock.now() + 7 * DAY * SECOND
    assert await shop.money(customer) == (0, PRICE)
    film = shop.film(task)
    film.status = "in_progress"
    assert await shop.poll(tasks) == 1
    film.status = "completed"
    await shop.poll(tasks)
    found = await tasks.find(task.task_id)
    assert (found.state, found.charge_mark, found.charged_nanos) == (TaskState.SUCCEEDED, "charged", PRICE)
    assert [(event.state, event.raw_state, event.source) for event in found.events] == [
        ("submitted", None, "submit"), ("queued", "queued", "submit"), ("running", "in_progress", "poll"),
        ("succeeded", "completed", "poll"),
    ]  # fmt: skip
    assert (found.accepted_at, found.started_at is not None, found.ended_at is not None) == (
        task.accepted_at, True, True
    )  # fmt: skip
    assert await shop.money(customer) == (PRICE, 0)


async def test_what_was_asked_for_is_on_record_and_nothing_of_its_content(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    assert (task.input_type, task.reference_images, task.aspect_ratio) == ("text_and_image", 1, "9:16")
    assert (task.resolution, task.duration_seconds, task.count, task.camera) == (SIZE, 4, 1, '{"lens":"35mm"}')
    assert (task.upstream, task.upstream_model, task.upstream_task_id) == ("studio", "film-v1", "video_1")
    assert (task.key_id, task.request_id, task.endpoint) == (customer.key_id, task.task_id, "videos")
    shop.film(task).status = "failed"
    shop.film(task).fields = {"error": {"message": 'Refused: "a cat that reads the newspaper" shows a cat.'}}
    await shop.poll(tasks)
    for table in ("tasks", "task_events", "requests", "attempts"):
        rows = await shop.market.rows(f"SELECT * FROM {table}")
        assert rows
        assert "newspaper" not in str(rows)


async def test_the_attempt_that_made_it_is_written_down_with_what_it_costs_us(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    shop.film(task).status = "completed"
    await shop.poll(tasks)
    (attempt,) = (await shop.till.spend.request(task.task_id)).attempts
    assert (attempt.upstream, attempt.outcome, attempt.response_id) == ("studio", "succeeded", "video_1")
    assert attempt.cost_nanos == 4 * NANOS // 20


# -- refused -----------------------------------------------------------------------------------------------------


async def test_where_every_upstream_refuses_the_task_has_failed_and_costs_nothing(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    shop.studio.refuses = REFUSED
    answer = await shop.answer(tasks, customer)
    assert isinstance(answer, NotSubmitted)
    assert answer.error.meaning is Meaning.CALLERS_FAULT
    assert answer.words == REFUSED[1]["error"]["message"]
    assert (answer.task.state, answer.task.charge_mark) == (TaskState.FAILED, "not_charged")
    assert (answer.task.failure_code, answer.task.upstream) == ("bad_prompt", None)
    assert "newspaper" not in (answer.task.failure_reason or "")
    request = await shop.till.spend.request(answer.task.task_id)
    assert (request.state, request.code, request.status_code) == ("failed", "upstream_rejected", 400)
    assert [attempt.outcome for attempt in request.attempts] == ["rejected"]
    assert "newspaper" not in str(request)
    assert await shop.money(customer) == (0, 0)


async def test_another_upstream_is_asked_where_the_first_has_refused_for_certain(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    shop.studio.refuses = NO_MONEY
    async with open_studio() as second:
        await shop.add_upstream("gone", nowhere(), priority=200)
        await shop.add_upstream("second", second.url, priority=300)
        task = await shop.submit(tasks, customer)
        assert (task.state, task.upstream) == (TaskState.QUEUED, "second")
        second.films["video_1"].status = "completed"
        await shop.poll(tasks)
    request = await shop.till.spend.request(task.task_id)
    assert [(each.number, each.upstream, each.outcome) for each in request.attempts] == [
        (1, "studio", "out_of_money"), (2, "gone", "not_connected"), (3, "second", "succeeded")
    ]  # fmt: skip
    assert await shop.money(customer) == (PRICE, 0)


async def test_a_caller_s_own_fault_is_asked_of_one_upstream_only(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    shop.studio.refuses = REFUSED
    async with open_studio() as second:
        await shop.add_upstream("second", second.url, priority=200)
        assert isinstance(await shop.answer(tasks, customer), NotSubmitted)
        assert second.asked["submit"] == 0


async def test_a_refused_submission_costs_nothing_and_the_same_key_is_served_afterwards(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    key, fingerprint = b"k" * 32, b"f" * 32
    poor = await shop.market.customer(credit=PRICE // 2)
    refused = await shop.answer(tasks, poor, idempotency_key=key, fingerprint=fingerprint)
    assert isinstance(refused, RefusedCall)
    assert refused.code == "account_balance"
    assert await shop.market.rows("SELECT * FROM tasks") == []
    await shop.market.credit(poor.account_id, PRICE)
    served = await shop.answer(tasks, poor, idempotency_key=key, fingerprint=fingerprint)
    assert isinstance(served, Submitted)
    assert served.task.state is TaskState.QUEUED


async def test_the_same_idempotency_key_gives_the_same_task_again(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    fields = {"idempotency_key": b"k" * 32, "fingerprint": b"f" * 32}
    answers = await asyncio.gather(*(shop.answer(tasks, customer, **fields) for _ in range(10)))
    submitted = [answer for answer in answers if isinstance(answer, Submitted)]
    assert len({answer.task.task_id for answer in submitted}) == 1
    assert [answer.repeated for answer in submitted].count(False) == 1
    assert len(submitted) == len(answers)
    assert shop.studio.asked["submit"] == 1
    assert await shop.money(customer) == (0, PRICE)


async def test_thirty_videos_at_once_on_a_key_with_money_for_one_are_one_video(shop: Shop, tasks: Tasks) -> None:
    customer = await shop.market.customer(credit=NANOS)
    answers = await asyncio.gather(*(shop.answer(tasks, customer) for _ in range(30)))
    (served,) = [answer for answer in answers if isinstance(answer, Submitted)]
    assert {answer.code for answer in answers if isinstance(answer, RefusedCall)} == {"account_balance"}
    assert shop.studio.asked["submit"] == len(await shop.market.rows("SELECT * FROM tasks")) == 1
    shop.film(served.task).status = "failed"
    await shop.poll(tasks)
    for _ in range(3):
        assert (await tasks.find(served.task.task_id)).charge_mark == "not_charged"
        await tasks.poll(served.task.task_id)
    assert await shop.market.balance(customer) == (NANOS, 0)
    assert (await shop.hold(served.task.task_id))["ends"] == 1


# -- nobody knows ------------------------------------------------------------------------------------------------


async def test_a_cut_answer_keeps_the_hold_and_the_task_is_found_at_the_upstream(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    shop.studio.drops = True
    async with open_studio() as second:
        await shop.add_upstream("second", second.url, priority=200)
        task = await shop.submit(tasks, customer)
        assert second.asked["submit"] == 0
    assert (task.state, task.upstream_task_id, task.charge_mark) == (TaskState.UNKNOWN, None, "held")
    assert await shop.money(customer) == (0, PRICE)
    await shop.poll(tasks, after=2)
    found = await tasks.find(task.task_id)
    assert (found.state, found.upstream_task_id) == (TaskState.QUEUED, "video_1")
    shop.film(task).status = "completed"
    await shop.poll(tasks)
    assert await shop.money(customer) == (PRICE, 0)


@pytest.mark.parametrize("answer", [(500, {"error": {"message": "Oh no."}}), (502, {}), (200, {"nothing": "here"})])
async def test_an_answer_that_leaves_it_open_is_not_a_refusal(
    shop: Shop, tasks: Tasks, customer: Customer, answer: tuple[int, object]
) -> None:
    shop.studio.refuses = answer
    task = await shop.submit(tasks, customer)
    assert (task.state, task.upstream) == (TaskState.UNKNOWN, "studio")
    assert await shop.money(customer) == (0, PRICE)
    # It is not there, and the upstream is asked on, until its time is up.
    await shop.poll(tasks)
    assert shop.studio.asked["list"] == 1
    assert (await tasks.find(task.task_id)).state is TaskState.UNKNOWN
    assert await tasks.expire_overdue() == 0
    shop.market.clock.advance(seconds=7 * DAY)
    assert await tasks.expire_overdue() == 1
    found = await tasks.find(task.task_id)
    assert (found.state, found.request_state, found.charge_mark) == (TaskState.EXPIRED, "unknown", "not_charged")
    assert await shop.money(customer) == (0, 0)


async def test_an_overloaded_upstream_s_own_word_is_a_refusal(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    shop.studio.refuses = OVERLOADED
    answer = await shop.answer(tasks, customer)
    assert isinstance(answer, NotSubmitted)
    assert answer.error.consequence.code == "upstream_unavailable"
    assert await shop.money(customer) == (0, 0)


async def test_an_upstream_that_gives_one_id_twice_ends_nobody_else_s_task(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    first = await shop.submit(tasks, customer)
    shop.studio.films.clear()
    other = await shop.market.customer()
    second = await shop.submit(tasks, other)
    assert (first.upstream_task_id, first.state) == ("video_1", TaskState.QUEUED)
    assert (second.upstream_task_id, second.state, second.charge_mark) == (None, TaskState.UNKNOWN, "held")


# -- crashes -----------------------------------------------------------------------------------------------------


async def test_a_task_whose_sender_died_before_anybody_was_asked_ends_after_a_minute(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    shop.faults.before_name = True
    arrival = shop.arrival()
    with pytest.raises(Crash):
        await shop.answer(tasks, customer, request_id=arrival.request_id)
    assert await shop.poll(tasks, after=59) == 0
    assert await shop.money(customer) == (0, PRICE)
    assert await shop.poll(tasks, after=1) == 1
    task = await tasks.find(arrival.request_id)
    assert (task.state, task.failure_code, task.charge_mark) == (
        TaskState.FAILED, "upstream_unavailable", "not_charged"
    )  # fmt: skip
    assert await shop.money(customer) == (0, 0)


async def test_a_task_that_an_upstream_was_asked_for_is_never_taken_for_one_that_was_not_sent(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    shop.faults.before_call = True
    arrival = shop.arrival()
    with pytest.raises(Crash):
        await shop.answer(tasks, customer, request_id=arrival.request_id)
    # As long as the call might still be under way, nobody looks for it.
    assert await shop.poll(tasks, after=49) == 0
    assert await shop.poll(tasks, after=1) == 1
    task = await tasks.find(arrival.request_id)
    assert (task.state, task.upstream, task.charge_mark) == (TaskState.UNKNOWN, "studio", "held")


async def test_a_refusal_that_was_not_followed_up_ends_too(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    """One upstream has refused for certain, and the sender dies before the next one is asked."""
    shop.studio.refuses = NO_MONEY
    arrival = shop.arrival()
    async with open_studio() as second:
        await shop.add_upstream("second", second.url, priority=200)
        dispatching = asyncio.create_task(shop.answer(tasks, customer, request_id=arrival.request_id))
        while not shop.studio.asked["submit"]:
            await asyncio.sleep(0)
        shop.faults.before_name = True
        with pytest.raises(Crash):
            await dispatching
        assert second.asked["submit"] == 0
    await shop.poll(tasks)
    task = await tasks.find(arrival.request_id)
    assert task.state is TaskState.FAILED
    request = await shop.till.spend.request(arrival.request_id)
    assert [(each.upstream, each.outcome) for each in request.attempts] == [("studio", "out_of_money")]
    assert await shop.money(customer) == (0, 0)


async def test_a_commit_that_was_not_heard_of_is_not_done_twice(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    shop.studio.refuses = NO_MONEY
    async with open_studio() as second:
        await shop.add_upstream("second", second.url, priority=200)
        shop.faults.unheard = True
        task = await shop.submit(tasks, customer)
        assert (task.state, task.upstream) == (TaskState.QUEUED, "second")
        assert (shop.studio.asked["submit"], second.asked["submit"]) == (1, 1)
        cancelled = await tasks.cancel(task.task_id)
        assert cancelled.state is TaskState.CANCELLED
        shop.studio.refuses = second.refuses = NO_MONEY
        assert isinstance(await shop.answer(tasks, customer), NotSubmitted)
    events = (await tasks.find(task.task_id)).events
    assert [event.state for event in events] == ["submitted", "submitted", "queued", "queued", "cancelled"]
    request = await shop.till.spend.request(task.task_id)
    assert [attempt.number for attempt in request.attempts] == [1, 2]
    assert await shop.money(customer) == (0, 0)


async def test_a_task_may_be_cancelled_before_anybody_is_asked_and_then_nobody_is(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    shop.faults.before_name = True
    arrival = shop.arrival()
    with pytest.raises(Crash):
        await shop.answer(tasks, customer, request_id=arrival.request_id)
    cancelled = await tasks.cancel(arrival.request_id)
    assert (cancelled.state, cancelled.charge_mark) == (TaskState.CANCELLED, "not_charged")
    assert await shop.money(customer) == (0, 0)
    # A sender that was only slow finds that there is nothing to send any more.
    begun = await tasks._transitions.begin_try(
        cancelled, upstream="studio", upstream_model="film-v1", hold_expires_at=1, next_poll_at=1
    )
    assert not begun
    assert await tasks.cancel(arrival.request_id) == cancelled


async def test_a_caller_that_left_before_its_hold_was_there_holds_nothing(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    """The ledger voids a hold that nobody waits for; the task that was opened with it ends the same way."""
    submitting = asyncio.create_task(shop.answer(tasks, customer))
    while not shop.till.engine.totals.commands:
        await asyncio.sleep(0)
        if shop.till.engine._lanes[0]._queued or shop.till.engine._lanes[1]._queued:
            break
    submitting.cancel()
    await asyncio.wait([submitting])
    for _ in range(100):
        if await shop.money(customer) == (0, 0) and await shop.market.rows("SELECT * FROM hold_ends"):
            break
        await asyncio.sleep(0.01)
    rows = await shop.market.rows("SELECT task_id, state FROM tasks")
    assert [row["state"] for row in rows] == ["submitted"]
    await shop.poll(tasks)
    task = await tasks.find(rows[0]["task_id"])
    assert (task.state, task.request_state) == (TaskState.FAILED, "client_gone")
    assert task.events[-1].note == "hold already voided"
    assert shop.studio.asked["submit"] == 0


# -- remixes -----------------------------------------------------------------------------------------------------


async def test_a_remix_goes_to_the_upstream_that_has_the_source(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    source = await shop.submit(tasks, customer)
    async with open_studio() as second:
        await shop.add_upstream("better", second.url, priority=1)
        task = await shop.submit(tasks, customer, remix_of=source, endpoint=Endpoint.VIDEO_REMIX)
        assert (task.upstream, shop.studio.asked["remix"], sum(second.asked.values())) == ("studio", 1, 0)
        await shop.market.upstreams.remove("studio")
        await shop.market.routes.refresh()
        answer = await shop.answer(tasks, customer, remix_of=source, endpoint=Endpoint.VIDEO_REMIX)
    assert isinstance(answer, NotSubmitted)
    assert answer.error.consequence.code == "upstream_unavailable"
    assert await shop.money(customer) == (0, 2 * PRICE)


async def test_a_refusal_that_comes_after_the_end_changes_nothing(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    with pytest.raises(Conflict):
        await tasks._transitions.expire(customer.account_id, task.task_id)
    assert (await tasks.find(task.task_id)).state is TaskState.QUEUED
    assert (await tasks.list(account_id=customer.account_id, state="queued"))[0].task_id == task.task_id
    assert Source.EXPIRY not in {event.source for event in (await tasks.find(task.task_id)).events}
