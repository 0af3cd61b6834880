"""Tasks and submissions: what became of what was reserved, and every copy of one thing with what it cost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from console.callers import Customer, Desk, open_shop, with_key
from console.visitors import House, of_account
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import StaffRole
from counterfoil.ledger.history_store import Account
from counterfoil.limits.model import DuplicatePolicy
from counterfoil.limits.service import LimitsService
from counterfoil.spend.model import RefusedCall
from counterfoil.tasks.model import TaskState, TaskView
from tasks.studio import Studio, open_studio

SAME = b"a" * 32
REASON = "The host gpu-17 is down."


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    async with open_studio() as opened:
        yield opened


@pytest.fixture
async def account(house: House) -> Account:
    return await house.open_account(credit=20)


@pytest.fixture
async def shop(house: House, studio: Studio) -> Desk:
    opened = await open_shop(house)
    await opened.serve_films(studio.url)
    return opened


@pytest.fixture
async def customer(house: House, account: Account) -> Customer:
    return await with_key(house, account)


def shown(task: TaskView) -> str:
    return show_id("task", task.task_id)


async def test_a_failed_video_shows_that_its_reservation_was_released(
    house: House, shop: Desk, account: Account, customer: Customer
) -> None:
    task = await shop.film(customer)
    await shop.tell(task, TaskState.FAILED, failure_code="moderation_blocked", failure_reason=REASON)
    owner = await house.member(account)
    page = await owner.get(of_account(account, f"/tasks/{shown(task)}"))
    for words in ("Not charged", "Released to the balance", "$0.80", "Failed", "moderation_blocked"):
        assert words in page, words
    # What it says of the upstream is for staff.
    assert "gpu-17" not in page
    assert "studio-7" not in page
    support = await house.staff(StaffRole.SUPPORT)
    assert "gpu-17" in await support.get(of_account(account, f"/tasks/{shown(task)}"))


async def test_a_video_that_was_refunded_shows_it(
    house: House, shop: Desk, account: Account, customer: Customer
) -> None:
    task = await shop.film(customer)
    await shop.tell(task, TaskState.SUCCEEDED, delivered=4)
    await house.services.tasks.refund(task.task_id, source_id="ticket 1", amount=None, reason="broken picture")
    owner = await house.member(account)
    page = await owner.get(of_account(account, f"/tasks/{shown(task)}"))
    assert "Given back to the balance" in page
    assert "Refunded" in page
    listed = await owner.get(of_account(account, "/tasks"), charge_mark="refunded")
    assert shown(task) in listed
    assert shown(task) not in await owner.get(of_account(account, "/tasks"), charge_mark="charged")


async def test_the_list_of_tasks_is_narrowed(house: House, shop: Desk, account: Account, customer: Customer) -> None:
    done, under_way = await shop.film(customer), await shop.film(customer)
    await shop.tell(done, TaskState.SUCCEEDED, delivered=4)
    owner = await house.member(account)
    path = of_account(account, "/tasks")
    for query, kept in (
        ({}, (done, under_way)),
        ({"state": "succeeded"}, (done,)),
        ({"kind": "image"}, ()),
        ({"kind": "video", "key": show_id("key", customer.key_id)}, (done, under_way)),
        ({"until": "2020-01-01T00:00"}, ()),
        ({"before": shown(under_way)}, (done,)),
    ):
        page = await owner.get(path, **query)
        assert {one for one in map(shown, (done, under_way)) if f'title="{one}"' in page} == set(map(shown, kept)), (
            query
        )
    assert 'hx-trigger="every 2s"' in await owner.get(path, live="1")


async def test_a_submission_shows_all_its_copies_with_what_each_cost(
    house: House, shop: Desk, account: Account, customer: Customer
) -> None:
    await _block_duplicates(house.services.limits, customer)
    task = await shop.film(customer, fingerprint=SAME)
    blocked = [await shop.ask_for_film(customer, fingerprint=SAME) for _ in range(2)]
    assert all(isinstance(one, RefusedCall) for one in blocked)
    await shop.tell(task, TaskState.SUCCEEDED, delivered=4)
    owner = await house.member(account)
    submission = show_id("submission", task.task_id)
    page = await owner.get(of_account(account, f"/submissions/{submission}"))
    assert shown(task) in page
    for one in blocked:
        assert show_id("request", one.request_id) in page  # type: ignore[union-attr]
    assert page.count("$0.80") >= 2
    assert "Duplicate" in page
    listed = await owner.get(of_account(account, "/submissions"))
    assert submission in listed
    assert submission not in await owner.get(of_account(account, "/submissions"), least="loop")
    # The task's page leads to its copies, and a blocked copy to the one that stood in its way.
    assert submission in await owner.get(of_account(account, f"/tasks/{shown(task)}"))
    refused = show_id("request", blocked[0].request_id)  # type: ignore[union-attr]
    assert shown(task) in await owner.get(of_account(account, f"/requests/{refused}"))


async def _block_duplicates(limits: LimitsService, customer: Customer) -> None:
    from dataclasses import replace

    await limits.change_key(
        account_id=customer.account_id, key_id=customer.key_id,
        change=lambda settings: replace(settings, duplicate_policy=DuplicatePolicy.BLOCK),
    )  # fmt: skip


async def test_what_is_no_task_is_no_task_here(house: House, shop: Desk, account: Account, customer: Customer) -> None:
    served = await shop.served(customer)
    owner = await house.member(account)
    for kind, path in (("task", "/tasks/task_"), ("submission", "/submissions/sub_")):
        page = await owner.get(of_account(account, path + served.removeprefix("req_")), status=404)
        assert f"<code>{kind}_not_found</code>" in page
