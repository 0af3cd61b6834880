"""Pictures and sounds when something goes wrong: what was delivered is charged, once, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from counterfoil.sandbox.media_files import png
from counterfoil.spend.model import Dialect
from counterfoil.tasks.model import TaskState, TaskView
from gateway.media import EDITS, PICTURES, SPEECH, form, picture, speech
from gateway.odd_upstream import odd_upstream, plain
from gateway.shop import NANOS, Answer, Customer, OpenShop, Shop

LOW = {"size": "1024x1024", "quality": "low"}
SECRET_PROMPT = "PLANTED-PROMPT of a lighthouse nobody may know of"


async def draw(shop: Shop, customer: Customer, directives: str = "", **fields: Any) -> Answer:
    asked = f"A lighthouse [sandbox {directives}]" if directives else "A lighthouse"
    return await shop.call(customer, picture(prompt=asked, **{**LOW, **fields}), path=PICTURES)


async def only_task(shop: Shop, customer: Customer) -> TaskView:
    (task,) = await shop.tasks(customer)
    return await shop.services.tasks.find(task.task_id)


async def test_three_of_four_pictures_are_charged_as_three(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await draw(shop, customer, "images=3 input_tokens=0", n=4)
    assert (answer.status, len(answer.json["data"])) == (200, 3)
    assert answer.charged_nanos == 3 * 10_000_000
    task = await only_task(shop, customer)
    assert (task.count, task.delivered, task.charged_nanos) == (4, 3, 30_000_000)
    assert (task.state, task.charge_mark) == (TaskState.SUCCEEDED, "charged")
    assert answer.headers["x-counterfoil-task"] == f"task_{task.task_id.hex}"
    assert await shop.balance(customer) == (10 * NANOS - 30_000_000, 0)


async def test_no_picture_costs_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    answer = await draw(shop, customer, "images=0", n=4)
    assert (answer.status, answer.error["code"]) == (502, "upstream_error")
    task = await only_task(shop, customer)
    assert (task.state, task.charge_mark, task.failure_code) == (TaskState.FAILED, "not_charged", "upstream_error")
    assert answer.headers["x-counterfoil-task"] == f"task_{task.task_id.hex}"
    assert await shop.balance(customer) == (10 * NANOS, 0)


FAILURES = [
    ("status:400", 400, None), ("status:401", 503, "upstream_unavailable"), ("status:429", 503, "upstream_unavailable"),
    ("status:500", 502, "upstream_error"), ("status:503", 503, "upstream_unavailable"),
    ("out_of_money", 503, "upstream_unavailable"), ("garbage", 502, "upstream_error"), ("empty", 502, "upstream_error"),
    ("cut:50", 502, "upstream_error"),
]  # fmt: skip


async def test_a_failure_costs_nothing(shop: Shop) -> None:
    for fail, status, code in FAILURES:
        customer = await shop.customer()
        answer = await draw(shop, customer, f"fail={fail}")
        assert answer.status == status, fail
        if code is not None:
            assert answer.error["code"] == code, fail
        task = await only_task(shop, customer)
        assert (task.state, task.charge_mark, task.held_nanos > 0) == (TaskState.FAILED, "not_charged", True), fail
        view = await shop.view(task.task_id)
        assert (view.state, len(view.attempts)) == ("failed", 1), fail
        assert (task.upstream, task.upstream_model) == (view.attempts[0].upstream, view.attempts[0].upstream_model)
        assert await shop.balance(customer) == (10 * NANOS, 0), fail


FAILURES_OF_THE_FIRST = [
    # For certain not made: the next is asked.
    ("status:401", True), ("status:429", True), ("out_of_money", True),
    # Perhaps made, and billed: nobody else makes it again.
    ("status:500", False), ("garbage", False), ("cut:0", False),
    # The call itself is wrong.
    ("status:400", False),
]  # fmt: skip


async def test_another_upstream_is_asked_only_where_the_first_has_it_for_certain_not(shop: Shop) -> None:
    await shop.add_upstream("second", priority=200)
    for fail, served in FAILURES_OF_THE_FIRST:
        customer = await shop.customer()
        answer = await draw(shop, customer, f"fail={fail}@first")
        assert (answer.status == 200) == served, fail
        assert len((await shop.view(answer.request_id)).attempts) == (2 if served else 1), fail
        assert len(await shop.tasks(customer)) == 1, fail


async def test_an_upstream_that_cannot_be_reached_is_passed_over(open_shop: OpenShop) -> None:
    shop = await open_shop()
    await shop.add_upstream("dead", dialects=(Dialect.OPENAI,), base_url="http://127.0.0.1:9/v1", priority=1)
    customer = await shop.customer()
    answer = await draw(shop, customer)
    assert answer.status == 200
    assert [attempt.outcome for attempt in (await shop.view(answer.request_id)).attempts] == [
        "not_connected", "succeeded",
    ]  # fmt: skip


async def test_an_upstream_that_does_not_answer_in_time(open_shop: OpenShop) -> None:
    shop = await open_shop(upstream=False)
    await shop.add_upstream("first", timeout_seconds=1)
    customer = await shop.customer()
    answer = await draw(shop, customer, "fail=timeout:5000")
    assert (answer.status, answer.error["code"]) == (504, "upstream_timeout")
    task = await only_task(shop, customer)
    assert (task.state, task.failure_code, task.charge_mark) == (TaskState.FAILED, "upstream_timeout", "not_charged")
    assert [attempt.outcome for attempt in (await shop.view(answer.request_id)).attempts] == ["unknown"]


async def test_a_client_that_has_gone_is_charged_for_what_was_made(open_shop: OpenShop) -> None:
    shop = await open_shop(drain_policy="cancel")
    customer = await shop.customer()
    with pytest.raises(asyncio.TimeoutError):
        async with asyncio.timeout(0.5):
            await draw(shop, customer, "latency_ms=1500 input_tokens=0")
    [view] = await shop.settled(customer)
    assert (view.charged_nanos, view.estimated) == (10_000_000, False)
    assert (await only_task(shop, customer)).state is TaskState.SUCCEEDED


async def test_the_poor_get_a_402_and_no_task(shop: Shop) -> None:
    customer = await shop.customer(credit_nanos=5_000_000)
    answer = await draw(shop, customer)
    assert (answer.status, answer.error["code"]) == (402, "account_balance")
    assert await shop.tasks(customer) == []
    assert shop.sandbox.bill()["rows"] == []


async def test_a_sound_of_megabytes_is_passed_on_whole(open_shop: OpenShop) -> None:
    sound = b"ID3" + bytes(5_000_000)
    reply = plain(sound)
    reply[0] = reply[0].replace(b"application/json", b"audio/mpeg") if reply[0] else None
    shop = await open_shop(upstream=False)
    async with odd_upstream(reply) as upstream:
        await shop.add_upstream("odd", dialects=(Dialect.OPENAI,), base_url=f"{upstream.url}/v1")
        answer = await shop.call(await shop.customer(), speech(), path=SPEECH)
    assert (answer.status, answer.body == sound, answer.charged_nanos) == (200, True, 12 * 15_000)
    assert answer.headers["content-type"] == "audio/mpeg"


async def test_our_id_goes_along_and_each_call_has_a_connection_of_its_own(open_shop: OpenShop) -> None:
    shop = await open_shop(upstream=False)
    async with odd_upstream(plain({"data": [{"b64_json": "aGVsbG8="}]})) as upstream:
        await shop.add_upstream("odd", dialects=(Dialect.OPENAI,), base_url=f"{upstream.url}/v1")
        answer = await draw(shop, await shop.customer())
    (head,) = upstream.heads
    task = answer.headers["x-counterfoil-task"]
    assert f"X-Client-Request-Id: {task}\r\n" in head
    assert f"Idempotency-Key: {task}\r\n" in head
    assert "Connection: close\r\n" in head
    assert "POST /v1/images/generations " in head


async def test_nothing_of_the_content_is_kept(shop: Shop) -> None:
    customer = await shop.customer()
    said = {"error": {"message": f"The prompt '{SECRET_PROMPT}' is not allowed.", "type": "invalid_request_error"}}
    async with odd_upstream(plain(said, status=400)) as upstream:
        await shop.add_upstream("odd", dialects=(Dialect.OPENAI,), base_url=f"{upstream.url}/v1", priority=1)
        answer = await shop.call(customer, picture(prompt=SECRET_PROMPT), path=PICTURES)
    assert answer.status == 400
    body, headers = form({"model": "picture", "prompt": SECRET_PROMPT}, ("image", "PLANTED.png", png()))
    edited = await shop.call(customer, body, path=EDITS, headers=headers)
    assert edited.status in (200, 502)
    everything = await shop.everything()
    assert "PLANTED" not in everything
    assert json.dumps(SECRET_PROMPT)[1:20] not in everything
    failed = [task for task in await shop.tasks(customer) if task.failure_reason]
    assert [task.failure_code for task in failed] == ["upstream_rejected"]
