"""What upstreams tell of tasks: carried out once, and only where it is theirs to tell."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from counterfoil.tasks.callbacks import sign
from counterfoil.tasks.model import Source, TaskState
from gateway.media import FILM_NANOS, FILMS, film
from gateway.shop import NANOS, Answer, Customer, OpenShop, Shop

SECRET = "whsec_Y2FsbGJhY2stc2VjcmV0LW9mLXRoZS1maXJzdC1vbmU="
OTHER_SECRET = "whsec_Y2FsbGJhY2stc2VjcmV0LW9mLXRoZS1zZWNvbmQtb25l"
ADDRESS = "/callbacks/upstreams/first-openai"
NOW = int(time.time())


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    """Two upstreams that may send callbacks, and nobody who asks them."""
    shop = await open_shop()
    await shop.add_upstream("second", priority=200)
    await shop.services.upstreams.set_callback_secret("first-openai", secret=SECRET)
    await shop.services.upstreams.set_callback_secret("second-openai", secret=OTHER_SECRET)
    await shop.services.routes.refresh()
    return shop


async def begin(shop: Shop, customer: Customer) -> tuple[str, str]:
    """A video under way: our id and the upstream's."""
    answer = await shop.call(customer, film("outcome=stuck"), path=FILMS)
    shown: str = answer.json["id"]
    upstream_id = (await shop.task(shown, TaskState.QUEUED, TaskState.RUNNING)).upstream_task_id
    assert upstream_id is not None
    return shown, upstream_id


def event(upstream_id: str, kind: str = "video.completed", **data: Any) -> bytes:
    return json.dumps({"type": kind, "created_at": NOW, "data": {"id": upstream_id, **data}}).encode()


async def tell(
    shop: Shop,
    body: bytes,
    *,
    path: str = ADDRESS,
    secret: str = SECRET,
    at: int | None = None,
    event_id: str = "evt_1",
) -> Answer:
    timestamp = int(time.time()) if at is None else at
    headers = {
        "webhook-id": event_id, "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(body, event_id=event_id, timestamp=timestamp, secret=secret),
    }  # fmt: skip
    return await shop.call(None, body, path=path, headers=headers)


async def test_a_video_is_done_once_however_often_that_is_told(shop: Shop) -> None:
    customer = await shop.customer()
    shown, upstream_id = await begin(shop, customer)
    body = event(upstream_id, status="completed", seconds="8")
    answers = await asyncio.gather(*(tell(shop, body, event_id=f"evt_{number % 3}") for number in range(12)))
    assert [(answer.status, answer.json) for answer in answers] == [(200, {"received": True})] * 12
    task = await shop.task(shown)
    assert (task.state, task.charge_mark, task.charged_nanos) == (TaskState.SUCCEEDED, "charged", FILM_NANOS)
    assert [each.source for each in task.events].count(Source.CALLBACK) == 1
    assert await shop.balance(customer) == (10 * NANOS - FILM_NANOS, 0)
    # What comes later changes nothing.
    assert (await tell(shop, event(upstream_id, "video.failed"))).status == 200
    assert (await shop.task(shown)).state is TaskState.SUCCEEDED
    assert await shop.balance(customer) == (10 * NANOS - FILM_NANOS, 0)


async def test_the_sandbox_tells_it_itself(shop: Shop) -> None:
    customer = await shop.customer()
    shop.sandbox.use_callbacks({"url": shop.address + ADDRESS, "secret": SECRET, "key": "first", "times": 2})
    answer = await shop.call(customer, film("after_ms=100 outcome=failed"), path=FILMS)
    task = await shop.task(answer.json["id"])
    assert (task.state, task.charge_mark) == (TaskState.FAILED, "not_charged")
    assert await shop.balance(customer) == (10 * NANOS, 0)


async def test_a_signed_callback_that_says_nothing(shop: Shop) -> None:
    for body in (b"{", b"[]", json.dumps({"type": "video.completed", "data": {}}).encode()):
        answer = await tell(shop, body)
        assert (answer.status, answer.error["code"]) == (400, "callback_unreadable"), body


async def test_what_is_not_of_videos_is_heard_and_left(shop: Shop) -> None:
    assert (await tell(shop, json.dumps({"type": "batch.completed", "data": {"id": "batch_1"}}).encode())).status == 200


async def test_who_may_not_tell_changes_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    shown, upstream_id = await begin(shop, customer)
    body = event(upstream_id, note="PLANTED-WORDS")
    money = await shop.money(customer)
    hour = 3_600
    refused = [
        (await tell(shop, body, secret=OTHER_SECRET), 401, "callback_signature_wrong"),
        (await shop.call(None, body, path=ADDRESS), 401, "callback_signature_wrong"),
        (await tell(shop, body, at=int(time.time()) - hour), 401, "callback_stale"),
        (await tell(shop, body, at=int(time.time()) + hour), 401, "callback_stale"),
        # Another upstream's task, rightly signed by one of ours; and one that nobody has.
        (await tell(shop, body, path="/callbacks/upstreams/second-openai", secret=OTHER_SECRET), 404, "callback_unknown"),
        (await tell(shop, event("video_of_nobody")), 404, "callback_unknown"),
        (await tell(shop, event("video_of_nobody", client_request_id=shown)), 404, "callback_unknown"),
        (await tell(shop, body, path="/callbacks/upstreams/first-anthropic"), 403, "callback_not_configured"),
        (await tell(shop, body, path="/callbacks/upstreams/nobody"), 403, "callback_not_configured"),
        (await tell(shop, body + b" " * 70_000), 400, "bad_request"),
    ]  # fmt: skip
    for answer, status, code in refused:
        assert (answer.status, answer.error["code"]) == (status, code)
        assert b"PLANTED" not in answer.body
        assert upstream_id.encode() not in answer.body
    task = await shop.task(shown, TaskState.QUEUED, TaskState.RUNNING)
    assert task.charge_mark == "held"
    assert await shop.money(customer) == money
    assert "PLANTED" not in await shop.everything()
