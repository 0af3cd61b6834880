"""Cancelling: it costs what the price book asks for the state that the task was in, and only if it really ends it."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import Conflict, NotFound
from counterfoil.tasks.model import Source, TaskState, TaskView
from counterfoil.tasks.service import Tasks
from spend.market import Customer
from tasks.shop import PRICE, Shop

OH_NO = (500, {"error": {"message": "Oh no."}})


async def running(shop: Shop, tasks: Tasks, customer: Customer) -> TaskView:
    task = await shop.submit(tasks, customer)
    shop.film(task).status = "in_progress"
    await shop.poll(tasks)
    return await tasks.find(task.task_id)


async def test_a_task_that_has_not_begun_costs_nothing(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    cancelled = await tasks.cancel(task.task_id)
    assert (cancelled.state, cancelled.charge_mark) == (TaskState.CANCELLED, "not_charged")
    assert [event.note for event in cancelled.events if event.note] == ["cancel requested"]
    request = await shop.till.spend.request(task.task_id)
    assert (request.state, request.code) == ("failed", "task_cancelled")
    assert await shop.money(customer) == (0, 0)


async def test_a_running_task_costs_the_share_that_the_price_book_says(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await running(shop, tasks, customer)
    cancelled = await tasks.cancel(task.task_id)
    assert (cancelled.state, cancelled.charged_nanos) == (TaskState.CANCELLED, PRICE // 2)
    assert await shop.money(customer) == (PRICE // 2, 0)
    # Asked again, it is what it is.
    assert await tasks.cancel(task.task_id) == cancelled
    assert shop.studio.asked["cancel"] == 1


async def test_a_task_that_is_done_already_has_succeeded(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await running(shop, tasks, customer)
    shop.film(task).status = "completed"
    found = await tasks.cancel(task.task_id)
    assert (found.state, found.charged_nanos, found.events[-1].source) == (TaskState.SUCCEEDED, PRICE, Source.CANCEL)
    assert await shop.money(customer) == (PRICE, 0)
    with pytest.raises(Conflict) as refused:
        await tasks.cancel(task.task_id)
    assert refused.value.code == "task_not_cancellable"
    assert refused.value.parameters["state"] == "succeeded"


@pytest.mark.parametrize("cancels", ["never", "not known"])
async def test_where_the_upstream_says_no_the_task_goes_on(
    shop: Shop, tasks: Tasks, customer: Customer, cancels: str
) -> None:
    task = await running(shop, tasks, customer)
    shop.studio.cancels = cancels
    with pytest.raises(Conflict) as refused:
        await tasks.cancel(task.task_id)
    assert refused.value.code == "task_not_cancellable"
    found = await tasks.find(task.task_id)
    assert (found.state, found.cancel_requested_at, found.charge_mark) == (TaskState.RUNNING, None, "held")
    assert [event.note for event in found.events if event.note] == ["cancel requested", "upstream does not cancel it"]
    shop.film(task).status = "completed"
    await shop.poll(tasks)
    assert await shop.money(customer) == (PRICE, 0)


async def test_an_upstream_that_does_not_answer_is_asked_again_with_the_next_poll(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await running(shop, tasks, customer)
    url, upstreams = shop.studio.url, shop.market.upstreams
    await upstreams.remove("studio")
    await shop.add_upstream("studio", "http://127.0.0.1:1/v1")
    asked = await tasks.cancel(task.task_id)
    assert (asked.state, asked.charge_mark, asked.cancel_requested_at is not None) == (TaskState.RUNNING, "held", True)
    await upstreams.remove("studio")
    await shop.add_upstream("studio", url)
    assert await shop.poll(tasks, after=2) == 1
    found = await tasks.find(task.task_id)
    assert (found.state, found.charged_nanos) == (TaskState.CANCELLED, PRICE // 2)


async def test_a_cancellation_that_the_upstream_only_notes_ends_when_it_has_ended(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    shop.studio.cancels = "later"
    assert (await tasks.cancel(task.task_id)).state is TaskState.QUEUED
    assert await shop.money(customer) == (0, PRICE)
    shop.film(task).status = "cancelled"
    await shop.tell(tasks, shop.film(task))
    assert (await tasks.find(task.task_id)).state is TaskState.CANCELLED
    assert await shop.money(customer) == (0, 0)


async def test_a_task_that_nobody_can_ask_about_is_cancelled_when_it_is_found(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    shop.studio.drops = True
    task = await shop.submit(tasks, customer)
    assert (await tasks.cancel(task.task_id)).state is TaskState.UNKNOWN
    assert shop.studio.asked["cancel"] == 0
    await shop.poll(tasks)
    assert (await tasks.find(task.task_id)).state is TaskState.CANCELLED
    assert (shop.studio.asked["list"], shop.studio.asked["cancel"]) == (1, 1)
    assert await shop.money(customer) == (0, 0)


async def test_an_upstream_that_cancels_of_its_own_accord_is_paid_by_nobody(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await running(shop, tasks, customer)
    shop.film(task).status = "cancelled"
    await shop.poll(tasks)
    found = await tasks.find(task.task_id)
    assert (found.state, found.charge_mark) == (TaskState.CANCELLED, "not_charged")


async def test_what_cannot_be_asked_whether_it_has_ended_is_not_refused_either(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await running(shop, tasks, customer)
    shop.studio.cancels, shop.studio.polls_answer = "never", OH_NO
    asked = await tasks.cancel(task.task_id)
    assert (asked.state, asked.cancel_requested_at is not None) == (TaskState.RUNNING, True)


async def test_nobody_cancels_another_s_task(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    other = await shop.market.another_key(customer.account_id)
    with pytest.raises(NotFound):
        await tasks.cancel(task.task_id, account_id=customer.account_id, key_id=other.key_id)
    assert shop.studio.asked["cancel"] == 0
    assert (await tasks.find(task.task_id)).cancel_requested_at is None
