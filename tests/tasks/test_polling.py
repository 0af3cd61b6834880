"""Asking upstreams: no task more often than its back-off says, whoever asks, and none for ever without an answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import show_id
from counterfoil.tasks import poller, rules
from counterfoil.tasks.model import Source, TaskState, Verdict
from counterfoil.tasks.service import Tasks, TaskSettings
from counterfoil.tasks.upstream import TaskUpstreams
from spend.market import NANOS, Customer
from tasks.shop import DAY, PRICE, SECOND, Shop
from tasks.studio import Film

FAILING = (500, {"error": {"message": "Oh no."}})
BUSY = (429, {"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}})


async def test_a_task_is_asked_about_each_time_it_has_doubled_its_age(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    polled: list[int] = []
    shop.studio.on_poll = lambda _: polled.append((shop.market.clock.now() - task.created_at) // SECOND)
    for _ in range(130):
        shop.market.clock.advance(seconds=1)
        await tasks.poll_due()
    assert polled == [2, 4, 8, 16, 32, 62, 92, 122]
    assert (await tasks.find(task.task_id)).polls == len(polled)


async def test_an_upstream_that_says_when_to_come_back_is_left_alone_until_then(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    await shop.submit(tasks, customer)
    shop.studio.headers = {"openai-poll-after-ms": "20000"}
    assert await shop.poll(tasks, after=2) == 1
    assert await shop.poll(tasks, after=19) == 0
    assert await shop.poll(tasks, after=1) == 1


async def test_progress_is_kept_without_an_event_for_each_step(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    film = shop.film(task)
    for progress in (0, 40, 80):
        film.status, film.fields = "in_progress", {"progress": progress}
        await shop.poll(tasks)
    found = await tasks.find(task.task_id)
    assert (found.state, found.progress, found.raw_state) == (TaskState.RUNNING, 80, "in_progress")
    assert [event.state for event in found.events] == ["submitted", "queued", "running"]


# -- without an answer -------------------------------------------------------------------------------------------


async def test_three_polls_without_an_answer_make_a_task_unknown_and_it_comes_back(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    shop.studio.polls_answer = FAILING
    for state in (TaskState.QUEUED, TaskState.QUEUED, TaskState.UNKNOWN, TaskState.UNKNOWN):
        assert await shop.poll(tasks) == 1
        assert (await tasks.find(task.task_id)).state is state
    assert await shop.money(customer) == (0, PRICE)
    shop.studio.polls_answer = None
    shop.film(task).status = "in_progress"
    await shop.poll(tasks)
    found = await tasks.find(task.task_id)
    assert (found.state, found.poll_failures) == (TaskState.RUNNING, 0)


async def test_a_task_that_its_upstream_does_not_know_is_unknown_and_asked_about_less_and_less(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    shop.studio.films.clear()
    assert await shop.poll(tasks, after=100) == 1
    assert (await tasks.find(task.task_id)).state is TaskState.UNKNOWN
    waits: list[int] = []
    for _ in range(6):
        found = await tasks.find(task.task_id)
        assert found.next_poll_at is not None
        assert found.polled_at is not None
        waits.append((found.next_poll_at - found.polled_at) // SECOND)
        await shop.poll(tasks, after=waits[-1])
    assert waits == [60, 120, 240, 480, 600, 600]
    assert await shop.money(customer) == (0, PRICE)


async def test_a_task_whose_upstream_was_removed_is_unknown_until_its_time_is_up(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    await shop.market.upstreams.set_status("studio", "disabled")
    await shop.market.routes.refresh()
    assert await shop.poll(tasks) == 1
    assert shop.studio.polls["video_1"] == 1
    await shop.market.upstreams.remove("studio")
    await shop.market.routes.refresh()
    for _ in range(3):
        await shop.poll(tasks)
    assert (await tasks.find(task.task_id)).state is TaskState.UNKNOWN
    shop.market.clock.advance(seconds=7 * DAY)
    assert await tasks.expire_overdue() == 1
    assert await shop.money(customer) == (0, 0)


async def test_a_success_after_the_expiry_is_nobody_s_charge_and_on_record_as_that(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    shop.market.clock.advance(seconds=7 * DAY)
    assert await tasks.expire_overdue() == 1
    shop.film(task).status = "completed"
    for _ in range(3):
        found = await shop.tell(tasks, shop.film(task))
        assert found is not None
        assert (found.state, found.charge_mark, found.charged_nanos) == (TaskState.SUCCEEDED, "not_charged", 0)
        assert (found.uncollected_nanos, found.request_state) == (PRICE, "served_not_charged")
    sums = await shop.market.ledger.sums()
    assert sums["USD"]["uncollected"] == -PRICE
    assert await shop.money(customer) == (0, 0)


async def test_one_task_that_cannot_be_ended_does_not_keep_the_others_from_it(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    first = await shop.submit(tasks, customer)
    second = await shop.submit(tasks, await shop.market.customer())
    await shop.market.execute("UPDATE holds SET expires_at = expires_at + 1000000 WHERE hold_id = %s", first.task_id)
    shop.market.clock.advance(seconds=7 * DAY)
    assert await tasks.expire_overdue() == 1
    states = {each.task_id: each.state for each in await tasks.list()}
    assert states == {first.task_id: TaskState.QUEUED, second.task_id: TaskState.EXPIRED}
    shop.market.clock.advance(seconds=1)
    assert await tasks.expire_overdue() == 1
    # The books are checked as they were kept.
    await shop.market.execute("UPDATE holds SET expires_at = expires_at - 1000000 WHERE hold_id = %s", first.task_id)


# -- pauses ------------------------------------------------------------------------------------------------------


async def test_an_upstream_in_trouble_is_left_alone_by_every_process_longer_each_time(shop: Shop, tasks: Tasks) -> None:
    rich = await shop.market.customer(credit=1_000 * NANOS)
    await asyncio.gather(*(shop.submit(tasks, rich) for _ in range(150)))
    other = shop.process()
    shop.studio.polls_answer = BUSY
    asked: list[int] = []
    shop.market.clock.advance(seconds=100)
    for _ in range(30):
        before = sum(shop.studio.polls.values())
        await tasks.poll_due()
        await other.poll_due()
        asked.append(sum(shop.studio.polls.values()) - before)
        shop.market.clock.advance(seconds=1)
    # One round of questions, which were under way together; then a pause of 2, 4, 8, … seconds.
    assert asked[0] == poller.CONCURRENT_MAX
    assert [at for at, count in enumerate(asked) if count] == [0, 2, 6, 14]
    rows = await shop.market.rows("SELECT upstream, failures, reason FROM upstream_pauses")
    assert rows == [{"upstream": "studio", "failures": 3, "reason": "busy"}]
    shop.studio.polls_answer = None
    shop.market.clock.advance(seconds=1_000)
    assert await other.poll_due() == 150
    assert await shop.market.rows("SELECT * FROM upstream_pauses") == []


async def test_a_pause_of_one_upstream_is_none_of_another(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    await shop.market.execute(
        "INSERT INTO upstream_pauses VALUES ('other', %s, 0, 'busy')", shop.market.clock.now() + 10_000 * SECOND
    )
    assert await shop.poll(tasks) == 1
    await shop.market.execute("UPDATE upstream_pauses SET upstream = 'studio'")
    assert await shop.poll(tasks) == 0
    assert (await tasks.find(task.task_id)).polls == 1


# -- the loop ----------------------------------------------------------------------------------------------------


async def test_one_who_was_asking_too_long_does_not_undo_what_another_has_planned(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    """The first asks, and hangs; its lease passes; the second asks and hears; then the first one's answer comes."""
    task = await shop.submit(tasks, customer)
    shop.market.clock.advance(seconds=10)
    (slow,) = await tasks._poller._claim(1)
    shop.market.clock.advance(seconds=poller.LEASE_SECONDS)
    shop.film(task).status = "in_progress"
    assert await shop.process().poll_due() == 1
    before = await tasks.find(task.task_id)
    await tasks._poller._answered(slow, Verdict(state=TaskState.QUEUED, raw_state="queued", progress=1))
    assert await tasks.find(task.task_id) == before


async def test_a_process_with_nothing_to_do_sleeps_and_one_that_is_woken_asks_at_once(
    shop: Shop, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the machine's own clock: what is due in two seconds is asked about then, and nobody asks in between."""
    monkeypatch.setattr(rules, "POLL_SECONDS_LEAST", 0)
    clock, looked = SystemClock(), Counter[str]()
    tasks = Tasks(
        database=shop.database, spend=shop.till.spend, routes=shop.market.routes,
        upstreams=TaskUpstreams(shop.session, clock), clock=clock, settings=TaskSettings(),
    )  # fmt: skip
    find_next = poller.store.next_due

    async def next_due(*args: Any, **named: Any) -> int | None:
        looked["next"] += 1
        return await find_next(*args, **named)

    monkeypatch.setattr(poller.store, "next_due", next_due)
    asked = asyncio.Event()
    shop.studio.on_poll = lambda _: asked.set()
    running = asyncio.create_task(tasks.run_poller())
    try:
        await asyncio.sleep(0.3)
        assert looked["next"] == 1
        shop.market.clock.advance(micros=clock.now() - shop.market.clock.now())
        task = await shop.submit(tasks, customer)
        shop.film(task).status = "completed"
        await asyncio.wait_for(asked.wait(), timeout=4)
        while (await tasks.find(task.task_id)).state is not TaskState.SUCCEEDED:
            await asyncio.sleep(0.01)
        assert looked["next"] < 10
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()


async def test_a_round_that_fails_is_followed_by_the_next(
    shop: Shop, tasks: Tasks, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await shop.submit(tasks, customer)
    monkeypatch.setattr(poller, "_AFTER_ERROR_SECONDS", 0.01)
    await shop.market.execute("ALTER TABLE upstream_pauses RENAME TO upstream_pauses_gone")
    shop.film(task).status = "completed"
    shop.market.clock.advance(seconds=10)
    running = asyncio.create_task(tasks.run_poller())
    try:
        await asyncio.sleep(0.1)
        assert not running.done()
        await shop.market.execute("ALTER TABLE upstream_pauses_gone RENAME TO upstream_pauses")
        while (await tasks.find(task.task_id)).state is not TaskState.SUCCEEDED:
            await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_a_task_that_cannot_be_charged_now_is_asked_about_again(
    shop: Shop, tasks: Tasks, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await shop.submit(tasks, customer)
    shop.film(task).status = "completed"

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr(shop.till.spend, "capture_within", broken)
        await shop.poll(tasks)
    assert (await tasks.find(task.task_id)).state is TaskState.QUEUED
    assert await shop.money(customer) == (0, PRICE)
    await shop.poll(tasks)
    assert (await tasks.find(task.task_id)).state is TaskState.SUCCEEDED
    assert await shop.money(customer) == (PRICE, 0)


async def test_an_operator_may_ask_about_one_task_at_once(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    first, second = await shop.submit(tasks, customer), await shop.submit(tasks, customer)
    shop.film(first).status = shop.film(second).status = "completed"
    polled = await tasks.poll(first.task_id)
    assert (polled.state, polled.events[-1].source) == (TaskState.SUCCEEDED, Source.POLL)
    assert await tasks.poll(first.task_id) == polled
    assert shop.studio.polls == {"video_1": 1}
    assert (await tasks.find(second.task_id)).state is TaskState.QUEUED


async def test_an_operator_may_ask_about_one_whose_time_was_up(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    shop.market.clock.advance(seconds=7 * DAY)
    await tasks.expire_overdue()
    assert (await tasks.poll(task.task_id)).state is TaskState.EXPIRED
    shop.film(task).status = "completed"
    found = await tasks.poll(task.task_id)
    assert (found.state, found.charge_mark, found.events[-1].source) == (
        TaskState.SUCCEEDED, "not_charged", Source.OPERATOR
    )  # fmt: skip
    await shop.market.upstreams.remove("studio")
    await shop.market.routes.refresh()
    assert await tasks.poll(task.task_id) == found


async def test_tasks_are_listed_newest_first_and_by_what_they_are(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    other = await shop.market.another_key(customer.account_id)
    submitted = []
    for owner in (customer, customer, other):
        shop.market.clock.advance(seconds=1)
        submitted.append(await shop.submit(tasks, owner))
    ids = [task.task_id for task in reversed(submitted)]
    assert [task.task_id for task in await tasks.list()] == ids
    assert [task.task_id for task in await tasks.list(before=ids[0], most=1)] == ids[1:2]
    assert [task.task_id for task in await tasks.list(key_id=other.key_id)] == ids[:1]
    assert len(await tasks.list(account_id=customer.account_id, kind="video", state="queued")) == 3
    assert await tasks.list(kind="image") == await tasks.list(state="failed") == []
    assert {task.events for task in await tasks.list()} == {()}
    assert isinstance(shop.film(ids[0]), Film)
    assert show_id("task", ids[0]).startswith("task_")
