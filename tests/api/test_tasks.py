"""Tasks over REST: how they stand, their end, and giving a charge back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from api.conftest import Desk
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.tasks.model import Source, TaskState, Verdict
from tasks.studio import Studio, open_studio


@pytest.fixture
async def studio(desk: Desk) -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        await desk.office.sell()
        await desk.office.sell_films(opened.url)
        yield opened


@pytest.fixture
async def account(desk: Desk, studio: Studio) -> str:
    opened = await desk.open_account()
    await desk.credit(opened, "100.00")
    return opened


@pytest.fixture
async def key(desk: Desk, account: str) -> Any:
    return await desk.make_key(account)


async def _film(desk: Desk, key: Any) -> str:
    return show_id("task", await desk.office.film(key["token"]))


async def _tell(desk: Desk, account: str, task: str, state: TaskState, **verdict: Any) -> None:
    told = Verdict(state=state, raw_state=f"theirs-{state}", **verdict)
    await desk.office.tasks.apply(read_id("account", account), read_id("task", task), told, Source.POLL)


async def test_a_task_is_shown_with_its_history_and_its_money(desk: Desk, account: str, key: Any) -> None:
    shown = await _film(desk, key)
    task = await desk.ask("GET", f"/tasks/{shown}")
    assert (task["task_id"], task["request_id"], task["account_id"]) == (shown, shown.replace("task_", "req_"), account)
    assert (task["state"], task["raw_state"], task["charge_mark"], task["request_state"]) == (
        "queued", "queued", "held", "held",
    )  # fmt: skip
    assert (task["held"], task["held_nanos"], task["charged"]) == ("0.80", 800_000_000, "0.00")
    assert (task["kind"], task["direct"], task["input_type"], task["reference_images"]) == (
        "video", False, "text_and_image", 1,
    )  # fmt: skip
    assert (task["resolution"], task["duration_seconds"], task["camera"]) == ("720x1280", 4, {"lens": "35mm"})
    assert (task["upstream"], task["upstream_task_id"], task["download_state"]) == ("studio", "video_1", "none")
    assert (task["download_address"], task["ended_at"]) == (None, None)
    assert [(event["state"], event["raw_state"], event["source"]) for event in task["events"]] == [
        ("submitted", None, "submit"), ("queued", "queued", "submit"),
    ]  # fmt: skip
    await _tell(desk, account, shown, TaskState.SUCCEEDED, delivered=3)
    task = await desk.ask("GET", f"/tasks/{shown}")
    assert (task["state"], task["charge_mark"], task["charged"], task["delivered"]) == (
        "succeeded",
        "charged",
        "0.60",
        3,
    )
    assert (task["download_state"], task["download_address"]) == ("available", f"/v1/videos/{shown}/content")
    assert key["token"] not in str(task)


async def test_tasks_are_listed_newest_first_and_filtered(desk: Desk, account: str, key: Any) -> None:
    other = await desk.make_key(account)
    first, second = await _film(desk, key), await _film(desk, key)
    third = await _film(desk, other)
    await _tell(desk, account, first, TaskState.FAILED, failure_code="bad_prompt", failure_reason="Not allowed.")

    async def listed(query: str = "") -> list[str]:
        return [one["task_id"] for one in (await desk.ask("GET", f"/tasks{query}"))["items"]]

    assert await listed() == [third, second, first]
    assert await listed(f"?account_id={account}&key_id={key['key_id']}") == [second, first]
    assert await listed("?state=failed&kind=video") == [first]
    assert await listed("?kind=image") == []
    page = await desk.ask("GET", "/tasks?limit=2")
    assert [one["task_id"] for one in page["items"]] == [third, second]
    assert await listed(f"?limit=2&cursor={page['next']}") == [first]
    (failed,) = (await desk.ask("GET", "/tasks?state=failed"))["items"]
    assert (failed["failure_code"], failed["failure_reason"], failed["charge_mark"]) == (
        "bad_prompt", "Not allowed.", "not_charged",
    )  # fmt: skip
    assert "events" not in failed
    await desk.ask("GET", "/tasks?state=done", status=400)


async def test_a_task_is_cancelled_once_and_its_reservation_released(desk: Desk, account: str, key: Any) -> None:
    shown = await _film(desk, key)
    first = await desk.ask("POST", f"/tasks/{shown}/cancel")
    assert (first["state"], first["charge_mark"], first["charged"]) == ("cancelled", "not_charged", "0.00")
    assert (await desk.ask("POST", f"/tasks/{shown}/cancel"))["events"] == first["events"]
    assert (await desk.ask("GET", f"/accounts/{account}/balance"))["available"] == "100.00"
    done = await _film(desk, key)
    await _tell(desk, account, done, TaskState.SUCCEEDED)
    refused = await desk.ask("POST", f"/tasks/{done}/cancel", status=409)
    assert (refused["code"], refused["parameters"]["state"]) == ("task_not_cancellable", "succeeded")


async def test_a_poll_asks_the_upstream_now(desk: Desk, studio: Studio, key: Any) -> None:
    shown = await _film(desk, key)
    studio.film_of(shown).status = "completed"
    assert (await desk.ask("GET", f"/tasks/{shown}"))["state"] == "queued"
    polled = await desk.ask("POST", f"/tasks/{shown}/poll")
    assert (polled["state"], polled["raw_state"], polled["charged"]) == ("succeeded", "completed", "0.80")
    assert polled["events"][-1]["source"] == "poll"
    await desk.ask("POST", f"/tasks/{shown}/poll")
    assert studio.polls["video_1"] == 1


async def test_a_charge_is_given_back_once_whoever_asks_how_often(desk: Desk, account: str, key: Any) -> None:
    shown = await _film(desk, key)
    early = await desk.ask("POST", f"/tasks/{shown}/refund", {"reason": "too slow"}, status=409)
    assert early["code"] == "task_not_refundable"
    await _tell(desk, account, shown, TaskState.SUCCEEDED)
    body = {"reason": "not what was asked for"}
    first, *others = await asyncio.gather(*(desk.ask("POST", f"/tasks/{shown}/refund", body) for _ in range(4)))
    assert (first["refunded"], first["source_id"], first["task_id"]) == ("0.80", shown, shown)
    assert all(other == first for other in others)
    more = await desk.ask("POST", f"/tasks/{shown}/refund", {**body, "source_id": "ticket 1"}, status=409)
    assert more["code"] == "nothing_to_refund"
    assert (await desk.ask("GET", f"/tasks/{shown}"))["charge_mark"] == "refunded"
    assert (await desk.ask("GET", f"/accounts/{account}/balance"))["posted"] == "100.00"


async def test_a_part_of_a_charge_is_given_back_for_each_source(desk: Desk, account: str, key: Any) -> None:
    shown = await _film(desk, key)
    await _tell(desk, account, shown, TaskState.SUCCEEDED)
    path = f"/tasks/{shown}/refund"
    part = await desk.ask("POST", path, {"reason": "blurred", "amount": "0.30", "source_id": "ticket 1"})
    assert (part["refunded"], part["source_id"]) == ("0.30", "ticket 1")
    assert (await desk.ask("GET", f"/tasks/{shown}"))["charge_mark"] == "partly_refunded"
    too_much = {"reason": "blurred", "amount": "0.51", "source_id": "ticket 2"}
    assert (await desk.ask("POST", path, too_much, status=409))["code"] == "refund_exceeds_charge"
    assert (await desk.ask("POST", path, {"reason": "blurred"}))["refunded"] == "0.50"


@pytest.mark.parametrize(("method", "what"), [("GET", ""), ("POST", "/cancel"), ("POST", "/poll"), ("POST", "/refund")])
async def test_a_task_that_is_not_on_record_is_not_found(desk: Desk, method: str, what: str) -> None:
    body = {"reason": "r"} if what == "/refund" else None
    problem = await desk.ask(method, f"/tasks/{show_id('task', UUID(int=0))}{what}", body, status=404)
    assert problem["code"] == "task_not_found"
