"""What upstreams tell of their own accord: of their own tasks, once, and of nobody else's."""

from __future__ import annotations

import asyncio

import pytest

from counterfoil.foundation.errors import Forbidden, NotFound
from counterfoil.tasks.model import Source, TaskState
from counterfoil.tasks.service import Tasks
from spend.market import Customer
from tasks.shop import PRICE, Shop
from tasks.studio import CALLBACK_SECRET, Film, callback

OTHER_SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"


async def test_a_callback_ends_a_task_once_however_often_it_comes(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    film = shop.film(task)
    film.status, film.fields = "completed", {"seconds": "4"}
    told = await asyncio.gather(*(shop.tell(tasks, film) for _ in range(8)), tasks.poll(task.task_id))
    assert {each.state for each in told if each is not None} == {TaskState.SUCCEEDED}
    found = await tasks.find(task.task_id)
    assert [event.state for event in found.events] == ["submitted", "queued", "succeeded"]
    assert await shop.money(customer) == (PRICE, 0)


async def test_what_overtook_it_on_its_way_takes_nothing_back(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    film = shop.film(task)
    film.status = "in_progress"
    await shop.tell(tasks, film)
    film.status = "queued"
    older = await shop.tell(tasks, film)
    assert older is not None
    assert (older.state, older.raw_state) == (TaskState.RUNNING, "in_progress")


async def test_a_callback_tells_the_id_that_was_not_heard_of(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    shop.studio.drops = True
    task = await shop.submit(tasks, customer)
    film = shop.film(task)
    film.status = "completed"
    told = await shop.tell(tasks, film)
    assert told is not None
    assert (told.state, told.upstream_task_id, told.task_id) == (TaskState.SUCCEEDED, "video_1", task.task_id)
    assert (await tasks.find(task.task_id)).events[-1].source is Source.CALLBACK
    assert await shop.money(customer) == (PRICE, 0)


async def test_who_has_not_signed_it_is_not_heard(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    film = shop.film(task)
    film.status = "failed"
    with pytest.raises(Forbidden) as refused:
        await shop.tell(tasks, film, secret=OTHER_SECRET)
    assert refused.value.code == "callback_signature_wrong"
    headers, body = callback(film, now=shop.market.clock.now())
    shop.market.clock.advance(seconds=301)
    with pytest.raises(Forbidden) as refused:
        await tasks.accept_callback("studio", headers, body)
    assert refused.value.code == "callback_stale"
    for name in ("nobody", "silent"):
        if name == "silent":
            await shop.add_upstream(name, shop.studio.url)
            await shop.market.upstreams.remove_callback_secret(name)
            await shop.market.routes.refresh()
        with pytest.raises(Forbidden) as refused:
            await tasks.accept_callback(name, headers, body)
        assert refused.value.code == "callback_not_configured"
    assert (await tasks.find(task.task_id)).state is TaskState.QUEUED
    assert await shop.money(customer) == (0, PRICE)


async def test_an_upstream_tells_of_its_own_tasks_only(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    """Another upstream knows our ids of all tasks that it is told of; with its own secret it ends none but its own."""
    task = await shop.submit(tasks, customer)
    await shop.add_upstream("other", shop.studio.url, priority=900)
    shop.studio.drops = True
    lost = await shop.submit(tasks, customer)
    ours = {"theirs": shop.film(task).client_request_id, "lost": shop.film(lost).client_request_id}
    for film in (
        Film(film_id="video_1", client_request_id=ours["theirs"], model="", body={}, status="failed"),
        Film(film_id="video_77", client_request_id=ours["lost"], model="", body={}, status="failed"),
        Film(film_id="video_78", client_request_id="task_" + "0" * 32, model="", body={}, status="failed"),
        Film(film_id="video_79", client_request_id="somebody-else", model="", body={}, status="failed"),
    ):
        headers, body = callback(film, now=shop.market.clock.now(), secret=CALLBACK_SECRET)
        with pytest.raises(NotFound) as refused:
            await tasks.accept_callback("other", headers, body)
        assert refused.value.code == "callback_unknown"
    # Nor does the right one give a task a second id.
    second = Film(film_id="video_77", client_request_id=ours["theirs"], model="", body={}, status="failed")
    with pytest.raises(NotFound):
        await shop.tell(tasks, second)
    assert {each.state for each in await tasks.list()} == {TaskState.QUEUED, TaskState.UNKNOWN}
    assert await shop.money(customer) == (0, 2 * PRICE)


async def test_an_event_of_something_else_is_heard_and_changes_nothing(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    film = shop.film(task)
    film.status = "shared"
    assert await shop.tell(tasks, film) is None
    assert len((await tasks.find(task.task_id)).events) == 2
