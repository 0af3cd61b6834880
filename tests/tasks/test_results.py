"""Results at their upstream: passed on, noted, expired, deleted; and charges given back."""

from __future__ import annotations

import pytest

from counterfoil.foundation.errors import Conflict, LedgerRefused, NotFound, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.tasks.model import DownloadState, TaskState, TaskView
from counterfoil.tasks.service import Tasks
from spend.market import Customer
from tasks.shop import PRICE, SECOND, Shop


@pytest.fixture
async def made(shop: Shop, tasks: Tasks, customer: Customer) -> TaskView:
    task = await shop.submit(tasks, customer)
    shop.film(task).status = "completed"
    shop.film(task).fields = {"expires_at": shop.market.clock.now() // SECOND + 3_600}
    await shop.poll(tasks)
    return await tasks.find(task.task_id)


async def download(tasks: Tasks, task: TaskView, variant: str = "video") -> bytes:
    async with tasks.content(task.task_id, variant=variant) as (status, headers, chunks):
        assert (status, dict(headers)[b"content-type"]) == (200, b"video/mp4")
        return b"".join([chunk async for chunk in chunks])


async def test_a_result_is_passed_on_and_then_it_has_been_downloaded(shop: Shop, tasks: Tasks, made: TaskView) -> None:
    assert (made.download_state, made.downloaded_at) == (DownloadState.AVAILABLE, None)
    assert made.download_expires_at == made.created_at // SECOND * SECOND + 3_600 * SECOND
    assert await download(tasks, made) == b"moving pictures"
    found = await tasks.find(made.task_id)
    assert (found.download_state, found.downloaded_at) == (DownloadState.DOWNLOADED, shop.market.clock.now())
    shop.market.clock.advance(seconds=60)
    assert await download(tasks, made) == b"moving pictures"
    assert (await tasks.find(made.task_id)).downloaded_at == found.downloaded_at


async def test_a_thumbnail_and_a_download_that_is_given_up_are_no_download(tasks: Tasks, made: TaskView) -> None:
    assert await download(tasks, made, "thumbnail") == b"moving pictures"
    async with tasks.content(made.task_id) as found:
        await anext(aiter(found.chunks))
    with pytest.raises(ZeroDivisionError):
        async with tasks.content(made.task_id):
            raise ZeroDivisionError
    assert (await tasks.find(made.task_id)).download_state is DownloadState.AVAILABLE


async def test_a_result_that_is_gone_has_expired_and_costs_no_more_questions(
    shop: Shop, tasks: Tasks, made: TaskView, customer: Customer
) -> None:
    shop.film(made).deleted = True
    for _ in range(2):
        with pytest.raises(NotFound) as gone:
            await download(tasks, made)
        assert gone.value.code == "download_expired"
    assert shop.studio.asked["content"] == 1
    found = await tasks.find(made.task_id)
    assert (found.state, found.download_state) == (TaskState.SUCCEEDED, DownloadState.EXPIRED)
    assert await shop.money(customer) == (PRICE, 0)


async def test_there_is_no_result_before_the_end_nor_after_a_failure(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    task = await shop.submit(tasks, customer)
    for state in ("queued", "failed"):
        with pytest.raises(Conflict) as refused:
            await download(tasks, task)
        assert (refused.value.code, refused.value.parameters["state"]) == ("task_not_finished", state)
        shop.film(task).status = "failed"
        await shop.poll(tasks)
    with pytest.raises(NotFound):
        async with tasks.content(task.task_id, account_id=task.task_id):
            pass


async def test_an_upstream_that_cannot_be_asked_keeps_its_result(shop: Shop, tasks: Tasks, made: TaskView) -> None:
    await shop.market.upstreams.remove("studio")
    await shop.market.routes.refresh()
    for ask in (download(tasks, made), tasks.delete(made.task_id)):
        with pytest.raises(Unavailable) as refused:
            await ask
        assert refused.value.code == "upstream_unavailable"
    await shop.add_upstream("studio", "http://127.0.0.1:1/v1")
    for ask in (download(tasks, made), tasks.delete(made.task_id)):
        with pytest.raises(Unavailable) as refused:
            await ask
        assert refused.value.code == "upstream_unavailable"
    assert (await tasks.find(made.task_id)).download_state is DownloadState.AVAILABLE


async def test_what_is_deleted_is_gone_there_and_stays_on_record_here(
    shop: Shop, tasks: Tasks, made: TaskView, customer: Customer
) -> None:
    for _ in range(2):
        deleted = await tasks.delete(made.task_id)
        assert (deleted.state, deleted.download_state) == (TaskState.SUCCEEDED, DownloadState.DELETED)
    assert shop.film(made).deleted
    assert shop.studio.asked["delete"] == 1
    with pytest.raises(NotFound) as gone:
        await download(tasks, made)
    assert gone.value.code == "download_expired"
    assert await shop.money(customer) == (PRICE, 0)


async def test_what_the_upstream_has_deleted_before_is_deleted(shop: Shop, tasks: Tasks, made: TaskView) -> None:
    shop.film(made).deleted = True
    assert (await tasks.delete(made.task_id)).download_state is DownloadState.DELETED


async def test_a_task_that_has_not_ended_is_not_deleted(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    with pytest.raises(Conflict) as refused:
        await tasks.delete(task.task_id)
    assert refused.value.code == "task_not_finished"
    assert shop.studio.asked["delete"] == 0


# -- refunds -----------------------------------------------------------------------------------------------------


async def test_a_charge_is_given_back_once_per_reason_however_often_it_is_asked_for(
    shop: Shop, tasks: Tasks, made: TaskView, customer: Customer
) -> None:
    for _ in range(3):
        assert await tasks.refund(made.task_id, source_id="case-1", amount=PRICE // 4, reason="blurred") == PRICE // 4
    found = await tasks.find(made.task_id)
    assert (found.charge_mark, found.refunded_nanos) == ("partly_refunded", PRICE // 4)
    rest = PRICE - PRICE // 4
    assert await tasks.refund(made.task_id, source_id="case-2", amount=None, reason="all of it") == rest
    with pytest.raises(LedgerRefused):
        await tasks.refund(made.task_id, source_id="case-3", amount=None, reason="and again")
    assert await tasks.refund(made.task_id, source_id="case-2", amount=None, reason="all of it") == rest
    assert (await tasks.find(made.task_id)).charge_mark == "refunded"
    assert await shop.money(customer) == (0, 0)


async def test_a_refund_is_announced_with_it_once_and_without_what_somebody_typed(
    shop: Shop, tasks: Tasks, made: TaskView, customer: Customer
) -> None:
    for _ in range(2):
        await tasks.refund(made.task_id, source_id="case of Ada", amount=PRICE // 4, reason="blurred")
    with pytest.raises(LedgerRefused):
        await tasks.refund(made.task_id, source_id="another", amount=PRICE, reason="too much")
    # Whichever door it comes through.
    await shop.till.spend.refund(made.task_id, source_id="case-2", amount=PRICE // 4, reason="blurred")
    await shop.till.spend.refund(made.task_id, source_id="case-2", amount=PRICE // 4, reason="blurred")
    told, other = await shop.market.rows("SELECT kind, key, account_id, facts FROM outbox")
    assert told["facts"] == other["facts"]
    assert (told["kind"], told["account_id"]) == ("task_refunded", customer.account_id)
    assert told["facts"] == {"task": show_id("task", made.task_id), "refunded": "0.20 USD"}
    assert "Ada" not in told["key"] + other["key"]


async def test_what_was_not_charged_is_not_refunded(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    task = await shop.submit(tasks, customer)
    shop.film(task).status = "failed"
    await shop.poll(tasks)
    with pytest.raises(Conflict) as refused:
        await tasks.refund(task.task_id, source_id="case-1", amount=None, reason="it failed")
    assert refused.value.code == "task_not_refundable"
    assert await shop.money(customer) == (0, 0)
