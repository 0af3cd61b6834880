"""Every end of a task, told in every way, with a crash at every point: charged once or not at all, and then for ever."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable
from dataclasses import dataclass
from uuid import UUID

import pytest

from counterfoil.tasks.model import Source, TaskState, Verdict
from counterfoil.tasks.service import Tasks
from spend.market import Customer
from tasks.shop import DAY, PRICE, Crash, Faults, Shop

# How a film ends at the studio: its last status, what else is said of it, whether it ran, whether its customer has asked
# for its end; and then our state and what it costs.
ENDS = {
    "succeeded": ("completed", {}, True, False, TaskState.SUCCEEDED, PRICE),
    "partly delivered": ("completed", {"seconds": "3"}, True, False, TaskState.SUCCEEDED, PRICE * 3 // 4),
    "failed": ("failed", {"error": {"code": "moderation_blocked", "message": "Not this one."}}, True, False,
               TaskState.FAILED, 0),
    "cancelled while queued": ("cancelled", {}, False, True, TaskState.CANCELLED, 0),
    "cancelled while running": ("cancelled", {}, True, True, TaskState.CANCELLED, PRICE // 2),
    "cancelled by nobody": ("cancelled", {}, True, False, TaskState.CANCELLED, 0),
}  # fmt: skip
CRASHES = ("none", "before_name", "before_call", "after_call", "before_commit", "after_commit")
TOLD_BY = ("poll", "callback", "both", "neither")
LAST_WORDS = tuple(
    Verdict(state=state, raw_state="again", failure_code="again")
    for state in (TaskState.FAILED, TaskState.CANCELLED, TaskState.RUNNING, TaskState.UNKNOWN)
)
SUCCESS = Verdict(state=TaskState.SUCCEEDED, raw_state="completed", delivered=4)


@dataclass(slots=True, kw_only=True)
class Case:
    """One task. `at_studio`: the studio has it, whether or not we have heard so."""

    end: str
    told_by: str
    crash: str
    customer: Customer
    task_id: UUID
    at_studio: bool = False


@pytest.mark.parametrize("crash", CRASHES)
async def test_each_task_ends_once(shop: Shop, crash: str) -> None:
    shop.studio.cancels = "later"
    customers = [await shop.market.customer() for _ in range(len(ENDS) * len(TOLD_BY))]
    for (told_by, end), customer in zip(itertools.product(TOLD_BY, ENDS), customers, strict=True):
        case = Case(end=end, told_by=told_by, crash=crash, customer=customer, task_id=shop.arrival().request_id)
        try:
            tasks = await _live(shop, case)
            await _check_end(shop, tasks, case)
            await _check_nothing_changes_any_more(shop, tasks, case)
        except BaseException as error:
            error.add_note(f"{end}, told by {told_by}, crash {crash}")
            raise


async def _live(shop: Shop, case: Case) -> Tasks:
    """A task from its submission to its end; the process that has heard of it last."""
    await _submit(shop, case)
    await _take_place(shop, case)
    await _end(shop, case)
    # Whoever is left hears it once more, from a process that knows nothing of what was.
    tasks = shop.process()
    await _tell(shop, tasks, case)
    if case.told_by != "neither":
        await _settle_what_never_left(shop, tasks)
    return tasks


async def _submit(shop: Shop, case: Case) -> None:
    """Submit a film, with a process that dies where it is to die while it submits."""
    tasks = shop.process()
    if case.crash in ("before_name", "before_call", "after_call"):
        setattr(shop.faults, case.crash, True)
        with pytest.raises(Crash):
            await shop.answer(tasks, case.customer, request_id=case.task_id)
    else:
        await shop.answer(tasks, case.customer, request_id=case.task_id)
    assert await shop.money(case.customer) == (0, PRICE)
    case.at_studio = shop.studio.has(f"task_{case.task_id.hex}")
    assert case.at_studio == (case.crash not in ("before_name", "before_call"))


async def _take_place(shop: Shop, case: Case) -> None:
    """The film begins to run, and perhaps its customer asks for its end."""
    tasks = shop.process()
    *_, ran, asked, _, _ = ENDS[case.end]
    if ran and case.at_studio:
        shop.film(case.task_id).status = "in_progress"
    if case.told_by != "neither":
        await _tell(shop, tasks, case)
    if asked and case.at_studio:
        assert not (await tasks.cancel(case.task_id)).state.is_final


async def _end(shop: Shop, case: Case) -> None:
    """The end is told to a process that may die before or after it commits it."""
    tasks = shop.process()
    if case.at_studio:
        film = shop.film(case.task_id)
        film.status, film.fields = ENDS[case.end][0], ENDS[case.end][1]
    if case.told_by == "neither":
        shop.market.clock.advance(seconds=7 * DAY)
    if case.crash not in ("before_commit", "after_commit"):
        await _tell(shop, tasks, case)
        return
    setattr(shop.faults, case.crash, True)
    with pytest.raises(Crash):
        await _tell(shop, tasks, case)
    assert shop.faults == Faults()
    state = (await tasks.find(case.task_id)).state
    # Where two tell it at once, the other one may not have died.
    assert state.is_final == (case.crash == "after_commit") or case.told_by == "both"


async def _tell(shop: Shop, tasks: Tasks, case: Case) -> None:
    """Let our side hear how the film stands; raises what killed whoever heard it."""
    if case.told_by == "neither":
        await tasks.expire_overdue()
        return
    shop.market.clock.advance(seconds=700)
    told: list[Awaitable[object]] = []
    if case.told_by in ("callback", "both") and case.at_studio and shop.film(case.task_id).status != "queued":
        told.append(shop.tell(tasks, shop.film(case.task_id)))
    if case.told_by in ("poll", "both"):
        other = shop.process()
        told += [other.poll_due(), tasks.poll_due()]
    for answer in await asyncio.gather(*told, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer


async def _settle_what_never_left(shop: Shop, tasks: Tasks) -> None:
    """What no studio has cannot be told of: polls end what was never sent, and the end of the hold what may have been."""
    await shop.poll(tasks)
    shop.market.clock.advance(seconds=7 * DAY)
    await tasks.expire_overdue()


async def _check_end(shop: Shop, tasks: Tasks, case: Case) -> None:
    task = await tasks.find(case.task_id)
    state, charged = ENDS[case.end][4:]
    if case.told_by == "neither" or case.crash == "before_call":
        state, charged = TaskState.EXPIRED, 0
    elif case.crash == "before_name":
        state, charged = TaskState.FAILED, 0
        assert task.failure_code == "upstream_unavailable"
    assert (task.state, task.charged_nanos) == (state, charged)
    assert task.charge_mark == ("charged" if charged else "not_charged")
    assert await shop.money(case.customer) == (charged, 0)
    hold = await shop.hold(case.task_id)
    assert (hold["amount"], hold["ends"], hold["cause_kind"]) == (PRICE, 1, "task")
    assert (hold["captured"], hold["released"]) == (charged, PRICE - charged)
    assert [event.state for event in task.events if event.state.is_final] == [state]
    assert [event.number for event in task.events] == list(range(1, len(task.events) + 1))


async def _check_nothing_changes_any_more(shop: Shop, tasks: Tasks, case: Case) -> None:
    """A second verdict, whoever brings it; but a success after the expiry is recorded, and nobody pays for it."""
    before, money = await tasks.find(case.task_id), await shop.money(case.customer)
    account_id = case.customer.account_id
    for verdict, source in itertools.product(LAST_WORDS, (Source.POLL, Source.CALLBACK)):
        await tasks.apply(account_id, case.task_id, verdict, source)
    assert (await tasks.expire_overdue(), await shop.poll(tasks)) == (0, 0)
    assert await tasks.find(case.task_id) == before
    for _ in range(2):
        after = await tasks.apply(account_id, case.task_id, SUCCESS, Source.CALLBACK)
    assert await shop.money(case.customer) == money
    if before.state is TaskState.EXPIRED:
        assert (after.state, after.charge_mark) == (TaskState.SUCCEEDED, "not_charged")
        assert (after.uncollected_nanos, after.request_state) == (PRICE, "served_not_charged")
    else:
        assert (after.state, after.charged_nanos) == (before.state, before.charged_nanos)
    assert (await shop.hold(case.task_id))["ends"] == 1
