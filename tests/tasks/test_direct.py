"""Tasks that are answered in their call: opened with the hold and ended with the charge, in one transaction each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from counterfoil.foundation.errors import Conflict, HoldEnded, NotFound
from counterfoil.pricing.model import Usage, WorkShape
from counterfoil.spend.model import Admission, Endpoint, Failure, RefusedCall
from counterfoil.tasks.model import DownloadState, TaskKind, TaskSpec, TaskState, Verdict
from counterfoil.tasks.service import Tasks
from spend.market import NANOS, Customer
from tasks.shop import SECOND, Shop

IMAGE = "image:1024x1024:high"
SPEC = TaskSpec(
    kind=TaskKind.IMAGE, direct=True, input_type="text", aspect_ratio="1:1", resolution="1024x1024", quality="high",
    count=4,
)  # fmt: skip
HOLD_SECONDS = 660
MADE = Verdict(state=TaskState.SUCCEEDED, raw_state="delivered", delivered=3)
REFUSED = Verdict(
    state=TaskState.FAILED, raw_state="bad", failure_code="bad_prompt", failure_reason='"a long prompt" is not allowed'
)


@pytest.fixture(autouse=True)
async def _prices(shop: Shop) -> None:
    await shop.market.prices.import_book(
        {
            "book": "customer", "currency": "USD", "defaults": {"context_window": 1_000, "default_output_cap": 10},
            "prices": [{"model": "plain", "rates": {}, "unit_rates": {IMAGE: "0.10"}}],
        }
    )  # fmt: skip


async def admitted(shop: Shop, customer: Customer) -> Admission:
    caller = await shop.till.caller(customer)
    arrival = shop.arrival(
        model="plain", endpoint=Endpoint.IMAGE_GENERATIONS, is_task=True,
        shape=WorkShape(input_bytes=30, media={IMAGE: 4}),
    )  # fmt: skip
    admission = await shop.till.spend.authorize(
        caller, arrival, along=Tasks.opening(caller, arrival, SPEC, hold_seconds=HOLD_SECONDS)
    )
    assert isinstance(admission, Admission)
    return admission


async def capture(shop: Shop, admission: Admission, verdict: Verdict = MADE) -> Any:
    delivery = replace(shop.till.delivery(0), usage=Usage(counts={IMAGE: verdict.delivered or 0}))
    return await shop.till.spend.capture(admission, delivery, along=_ending(shop, admission, verdict))


def _ending(shop: Shop, admission: Admission, verdict: Verdict) -> Any:
    return Tasks.ending(
        admission.caller.account_id, admission.request_id, verdict, at=shop.market.clock.now(), upstream="first",
        upstream_model="theirs",
    )  # fmt: skip


async def void(shop: Shop, admission: Admission, verdict: Verdict = REFUSED) -> None:
    failure = Failure(code="upstream_rejected", status_code=400, ended_at=shop.market.clock.now(), attempts=())
    await shop.till.spend.void(admission, failure, along=_ending(shop, admission, verdict))


async def test_three_of_four_images_are_charged_as_three(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    admission = await admitted(shop, customer)
    opened = await tasks.find(admission.request_id)
    assert (opened.state, opened.charge_mark, opened.held_nanos) == (TaskState.SUBMITTED, "held", 4 * NANOS // 10)
    assert (opened.direct, opened.next_poll_at) == (True, None)
    assert await shop.poll(tasks) == 0
    await capture(shop, admission)
    task = await tasks.find(admission.request_id)
    assert (task.state, task.delivered, task.charged_nanos) == (TaskState.SUCCEEDED, 3, 3 * NANOS // 10)
    assert (task.upstream, task.upstream_model, task.download_state) == ("first", "theirs", DownloadState.NONE)
    assert [(event.number, event.state) for event in task.events] == [(1, "submitted"), (2, "succeeded")]
    assert await shop.money(customer) == (3 * NANOS // 10, 0)


async def test_a_result_behind_a_link_can_be_had_until_the_link_expires(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    admission = await admitted(shop, customer)
    expires_at = shop.market.clock.now() + 3_600 * SECOND
    await capture(shop, admission, replace(MADE, download_expires_at=expires_at))
    task = await tasks.find(admission.request_id)
    assert (task.download_state, task.download_expires_at) == (DownloadState.AVAILABLE, expires_at)


async def test_a_refused_one_is_released_and_says_why_without_its_content(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    admission = await admitted(shop, customer)
    await void(shop, admission)
    task = await tasks.find(admission.request_id)
    assert (task.state, task.failure_code, task.charge_mark) == (TaskState.FAILED, "bad_prompt", "not_charged")
    assert task.failure_reason == "[content] is not allowed"
    assert await shop.money(customer) == (0, 0)


async def test_the_first_end_stays(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    admission = await admitted(shop, customer)
    await capture(shop, admission)
    before = await tasks.find(admission.request_id)
    shop.market.clock.advance(seconds=1)
    await void(shop, admission)
    await capture(shop, admission)
    with pytest.raises(Conflict):
        await tasks.cancel(admission.request_id)
    assert await tasks.expire_overdue() == 0
    assert await tasks.find(admission.request_id) == before


async def test_one_whose_call_has_died_expires_and_a_late_answer_is_paid_by_nobody(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    admission = await admitted(shop, customer)
    shop.market.clock.advance(seconds=HOLD_SECONDS - 1)
    assert await tasks.expire_overdue() == 0
    shop.market.clock.advance(seconds=1)
    assert await tasks.expire_overdue() == 1
    assert (await tasks.find(admission.request_id)).state is TaskState.EXPIRED
    assert not (await capture(shop, admission)).settled
    task = await tasks.find(admission.request_id)
    assert (task.state, task.charge_mark, task.request_state) == (
        TaskState.SUCCEEDED, "not_charged", "served_not_charged"
    )  # fmt: skip
    assert [event.state for event in task.events] == ["submitted", "expired", "succeeded"]
    assert await shop.money(customer) == (0, 0)


async def test_a_late_failure_leaves_it_expired(shop: Shop, tasks: Tasks, customer: Customer) -> None:
    admission = await admitted(shop, customer)
    shop.market.clock.advance(seconds=HOLD_SECONDS)
    await tasks.expire_overdue()
    shop.market.clock.advance(seconds=1)
    await void(shop, admission)
    task = await tasks.find(admission.request_id)
    assert (task.state, len(task.events), task.failure_code) == (TaskState.EXPIRED, 2, None)


async def test_a_hold_that_was_ended_by_hand_ends_its_task_the_same_way(
    shop: Shop, tasks: Tasks, customer: Customer
) -> None:
    admission = await admitted(shop, customer)
    async with shop.database.unit_of_work() as connection:
        failure = Failure(code="caller_gone", status_code=499, ended_at=shop.market.clock.now(), attempts=())
        await shop.till.spend.void_within(
            connection, account_id=customer.account_id, request_id=admission.request_id, failure=failure
        )
    shop.market.clock.advance(seconds=HOLD_SECONDS)
    assert await tasks.expire_overdue() == 0
    task = await tasks.find(admission.request_id)
    assert (task.state, task.charge_mark) == (TaskState.FAILED, "not_charged")
    with pytest.raises(HoldEnded):
        await capture(shop, admission)


async def test_a_refused_call_leaves_no_task(shop: Shop, tasks: Tasks) -> None:
    poor = await shop.market.customer(credit=1)
    caller = await shop.till.caller(poor)
    arrival = shop.arrival(model="plain", is_task=True, shape=WorkShape(input_bytes=30, media={IMAGE: 4}))
    answer = await shop.till.spend.authorize(
        caller, arrival, along=Tasks.opening(caller, arrival, SPEC, hold_seconds=HOLD_SECONDS)
    )
    assert isinstance(answer, RefusedCall)
    with pytest.raises(NotFound) as missing:
        await tasks.find(arrival.request_id)
    assert missing.value.code == "task_not_found"
