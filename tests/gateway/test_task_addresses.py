"""Asking about tasks: a key sees its own, in pages, with what each has cost; cancelling, downloading, deleting."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from counterfoil.limits.model import KeySettings
from counterfoil.spend.model import Dialect
from counterfoil.tasks.model import DownloadState, TaskState
from gateway.media import FILM_NANOS, FILMS, PICTURES, film, picture
from gateway.odd_upstream import odd_upstream, plain
from gateway.shop import NANOS, Answer, Customer, OpenShop, Shop

TASKS = "/v1/tasks"


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    return await open_shop(polls=True)


async def begin(shop: Shop, customer: Customer, directives: str = "outcome=stuck", **fields: Any) -> str:
    answer = await shop.call(customer, film(directives, **fields), path=FILMS)
    assert answer.status == 200, answer.body
    shown: str = answer.json["id"]
    return shown


async def ask(shop: Shop, customer: Customer, path: str, *, method: str = "GET") -> Answer:
    return await shop.call(customer, path=path, method=method)


async def get(shop: Shop, customer: Customer, path: str, *, method: str = "GET") -> Any:
    answer = await ask(shop, customer, path, method=method)
    assert answer.status == 200, answer.body
    return answer.json


async def other_key(shop: Shop, customer: Customer) -> Customer:
    new = await shop.services.limits.create_key(account_id=customer.account_id, settings=KeySettings(name="other"))
    return Customer(customer.account_id, new.key.key_id, new.token)


async def test_a_task_is_shown_whole_and_without_its_content(shop: Shop) -> None:
    customer = await shop.customer()
    shown = await begin(
        shop,
        customer,
        "after_ms=100",
        prompt="Secret waves [sandbox after_ms=100]",
        metadata={"lens": "35mm", "fps": 24},
    )
    await shop.task(shown)
    task = await get(shop, customer, f"{TASKS}/{shown}")
    assert {name: task[name] for name in ("id", "object", "kind", "direct", "endpoint", "model", "state")} == {
        "id": shown, "object": "task", "kind": "video", "direct": False, "endpoint": "videos", "model": "film",
        "state": "succeeded",
    }  # fmt: skip
    assert (task["charge_mark"], task["held"], task["charged"], task["refunded"]) == ("charged", "0.00", "0.80", "0.00")
    assert (task["resolution"], task["aspect_ratio"], task["duration_seconds"]) == ("720x1280", "9:16", 8)
    assert (task["input_type"], task["camera"], task["upstream_state"]) == (
        "text",
        '{"fps":24,"lens":"35mm"}',
        "completed",
    )
    assert task["request_id"].removeprefix("req_") == shown.removeprefix("task_")
    assert (task["verdict"], task["submission_id"].removeprefix("sub_")) == ("original", shown.removeprefix("task_"))
    assert task["download"]["state"] == "available"
    assert task["download"]["address"] == f"/v1/videos/{shown}/content"
    states = [event["state"] for event in task["events"]]
    assert (states[0], states[-1]) == ("submitted", "succeeded")
    assert {event["source"] for event in task["events"]} <= {"submit", "poll"}
    assert [event["number"] for event in task["events"]] == list(range(1, len(states) + 1))
    text = str(task)
    assert "Secret" not in text
    assert "first" not in text


async def test_tasks_of_all_kinds_in_pages(shop: Shop) -> None:
    customer = await shop.customer()
    videos = [await begin(shop, customer, seconds=str(4 + number)) for number in range(3)]
    drawn = await shop.call(customer, picture(size="1024x1024", quality="low"), path=PICTURES)
    picture_id = drawn.headers["x-counterfoil-task"]
    first = await get(shop, customer, f"{TASKS}?limit=3")
    assert [each["id"] for each in first["data"]] == [picture_id, videos[2], videos[1]]
    assert (first["object"], first["has_more"], first["first_id"], first["last_id"]) == (
        "list",
        True,
        picture_id,
        videos[1],
    )
    rest = await get(shop, customer, f"{TASKS}?limit=3&after={videos[1]}")
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == ([videos[0]], False)
    assert [each["id"] for each in (await get(shop, customer, f"{TASKS}?kind=image"))["data"]] == [picture_id]
    assert [each["id"] for each in (await get(shop, customer, f"{TASKS}?state=succeeded"))["data"]] == [picture_id]
    films = await get(shop, customer, FILMS)
    assert [(each["id"], each["object"]) for each in films["data"]] == [(each, "video") for each in reversed(videos)]
    empty = await get(shop, await shop.customer(), TASKS)
    assert (empty["data"], empty["first_id"], empty["has_more"]) == ([], None, False)


BAD_PAGES = [
    ("limit=0", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("after=req_1", "after"), ("kind=text", "kind"),
    ("state=done", "state"), ("order=asc", "order"),
]  # fmt: skip


async def test_a_page_that_cannot_be_had(shop: Shop) -> None:
    customer = await shop.customer()
    for query, param in BAD_PAGES:
        answer = await ask(shop, customer, f"{TASKS}?{query}")
        assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "bad_request", param), query


async def test_anothers_task_is_not_there(shop: Shop) -> None:
    customer = await shop.customer()
    shown = await begin(shop, customer)
    strangers = [await shop.customer(), await other_key(shop, customer)]
    missing = "task_" + "0" * 32
    addresses = [
        ("GET", f"{FILMS}/{shown}"), ("GET", f"{FILMS}/{shown}/content"), ("DELETE", f"{FILMS}/{shown}"),
        ("GET", f"{TASKS}/{shown}"), ("POST", f"{TASKS}/{shown}/cancel"),
    ]  # fmt: skip
    for stranger in strangers:
        for method, path in addresses:
            for asked in (path, path.replace(shown, missing), path.replace(shown, "video_123")):
                answer = await shop.call(stranger, path=asked, method=method)
                assert (answer.status, answer.error["code"]) == (404, "task_not_found"), (method, asked)
        remix = await shop.call(stranger, {"prompt": "Again"}, path=f"{FILMS}/{shown}/remix")
        assert (remix.status, remix.error["code"]) == (404, "task_not_found")
        assert (await get(shop, stranger, TASKS))["data"] == []
    task = await shop.task(shown, TaskState.QUEUED, TaskState.RUNNING)
    assert task.cancel_requested_at is None
    assert await shop.balance(customer) == (10 * NANOS, FILM_NANOS)


async def test_a_key_that_may_not_call_may_not_ask(shop: Shop) -> None:
    customer = await shop.customer()
    shown = await begin(shop, customer)
    await shop.services.limits.disable_key(account_id=customer.account_id, key_id=customer.key_id)
    for path in (TASKS, f"{TASKS}/{shown}", FILMS, f"{FILMS}/{shown}", f"{FILMS}/{shown}/content"):
        answer = await ask(shop, customer, path)
        assert (answer.status, answer.error["code"]) == (401, "key_disabled")


ADDRESSES = [
    ("POST", TASKS, 405), ("PUT", FILMS, 405), ("POST", f"{TASKS}/task_1", 405), ("GET", f"{TASKS}/task_1/cancel", 405),
    ("GET", f"{FILMS}/task_1/remix", 405), ("GET", f"{FILMS}/task_1/other", 404), ("GET", f"{FILMS}/", 404),
    ("GET", f"{TASKS}//cancel", 404), ("GET", PICTURES, 405), ("GET", "/v1/images", 404),
    ("GET", "/callbacks/upstreams/first", 404), ("POST", "/callbacks/upstreams/a/b", 404), ("POST", "/callbacks/upstreams/", 404),
     ("OPTIONS", FILMS, 204),
]  # fmt: skip


async def test_addresses_and_methods(shop: Shop) -> None:
    customer = await shop.customer()
    for method, path, status in ADDRESSES:
        answer = await ask(shop, customer, path, method=method)
        assert answer.status == status, (method, path)
        if status == 204:
            assert answer.headers["allow"] == "GET, POST, OPTIONS"


# Cancelling.


async def test_a_waiting_video_is_cancelled_for_nothing(shop: Shop) -> None:
    customer = await shop.customer()
    shown = await begin(shop, customer, "outcome=stuck queue_ms=60000")
    cancelled = await get(shop, customer, f"{TASKS}/{shown}/cancel", method="POST")
    assert (cancelled["state"], cancelled["charge_mark"], cancelled["held"]) == ("cancelled", "not_charged", "0.00")
    assert await shop.balance(customer) == (10 * NANOS, 0)
    video = await get(shop, customer, f"{FILMS}/{shown}")
    assert (video["status"], video["error"]["code"]) == ("failed", "cancelled")
    again = await get(shop, customer, f"{TASKS}/{shown}/cancel", method="POST")
    assert (again["state"], len(again["events"])) == ("cancelled", len(cancelled["events"]))


async def test_what_is_done_cannot_be_cancelled(shop: Shop) -> None:
    customer = await shop.customer()
    drawn = await shop.call(customer, picture(size="1024x1024", quality="low"), path=PICTURES)
    answer = await shop.call(customer, path=f"{TASKS}/{drawn.headers['x-counterfoil-task']}/cancel", method="POST")
    assert (answer.status, answer.error["code"]) == (409, "task_not_cancellable")
    assert answer.headers["x-should-retry"] == "false"


# Results.


async def test_a_result_that_is_not_there_yet(shop: Shop) -> None:
    customer = await shop.customer()
    shown = await begin(shop, customer)
    for method, path in (("GET", f"{FILMS}/{shown}/content"), ("DELETE", f"{FILMS}/{shown}")):
        answer = await shop.call(customer, path=path, method=method)
        assert (answer.status, answer.error["code"]) == (409, "task_not_finished")


async def test_a_result_is_passed_on_and_its_download_noted(shop: Shop) -> None:
    customer = await shop.customer()
    shown = await begin(shop, customer, "after_ms=50")
    await shop.task(shown)
    for variant, kind in (("video", "video/mp4"), ("thumbnail", "image/webp"), ("spritesheet", "image/jpeg")):
        answer = await ask(shop, customer, f"{FILMS}/{shown}/content?variant={variant}")
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert int(answer.headers["content-length"]) == len(answer.body) > 0
        assert answer.headers["x-content-type-options"] == "nosniff"
    wrong = await ask(shop, customer, f"{FILMS}/{shown}/content?variant=script")
    assert (wrong.status, wrong.error["param"]) == (400, "variant")
    task = await shop.task(shown)
    assert task.download_state is DownloadState.DOWNLOADED
    assert task.downloaded_at


async def test_an_expired_result_is_gone_and_stays_paid(shop: Shop) -> None:
    customer = await shop.customer()
    shown = await begin(shop, customer, "after_ms=50 expires_ms=1")
    await shop.task(shown)
    before = await shop.balance(customer)
    for _ in range(2):
        answer = await ask(shop, customer, f"{FILMS}/{shown}/content")
        assert (answer.status, answer.error["code"]) == (410, "download_expired")
        assert answer.headers["x-should-retry"] == "false"
    assert (await shop.task(shown)).download_state is DownloadState.EXPIRED
    assert await shop.balance(customer) == before == (10 * NANOS - FILM_NANOS, 0)


async def test_a_download_that_breaks_off_is_not_taken_for_whole(open_shop: OpenShop) -> None:
    """The upstream promises more than it sends: so does what the client gets, and the download is not noted."""
    shop = await open_shop(upstream=False, polls=True)
    made = {"id": "video_1", "object": "video", "status": "completed", "seconds": "8", "size": "720x1280"}
    cut: list[bytes | None] = [
        b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 5000\r\n\r\n" + b"x" * 2_000, None,
    ]  # fmt: skip
    async with odd_upstream(plain(made), cut) as upstream:
        await shop.add_upstream("odd", dialects=(Dialect.OPENAI,), base_url=f"{upstream.url}/v1")
        customer = await shop.customer()
        shown = await begin(shop, customer, "")
        with pytest.raises(aiohttp.ClientPayloadError):
            await ask(shop, customer, f"{FILMS}/{shown}/content")
    task = await shop.task(shown)
    assert (task.state, task.download_state) == (TaskState.SUCCEEDED, DownloadState.AVAILABLE)
