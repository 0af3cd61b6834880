"""What serving processes do for cases by themselves: search what comes in, follow proposals, show monitoring what is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from counterfoil.bootstrap.background import background_work
from counterfoil.observability import metrics_page
from counterfoil.support.model import CaseEventKind, CaseState
from support.desk import FINN, KIM, UNIT, SupportDesk


@asynccontextmanager
async def _serving(support: SupportDesk) -> AsyncIterator[None]:
    works = [asyncio.create_task(work) for work in background_work(support.services)]
    try:
        yield
    finally:
        for work in works:
            work.cancel()
        await asyncio.wait(works)


async def _wait_until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await is_so():
            await asyncio.sleep(0.05)


async def test_a_case_is_diagnosed_within_moments_and_counted_as_open(support: SupportDesk) -> None:
    _, refused = await support.refused()
    case, _ = await support.sent(request_id=refused)
    is_open = 'counterfoil_cases_open{problem="balance_not_enough"} 1.0'

    async def is_done() -> bool:
        found = (await support.view(case.case_id)).case
        return found.state is CaseState.DIAGNOSED and found.group_id is not None and is_open in metrics_page().decode()

    async with _serving(support):
        await _wait_until(is_done)
    assert await is_done()


async def test_more_than_a_round_is_worked_off_at_once(support: SupportDesk) -> None:
    for number in range(60):
        await support.sent("something_else", model=f"plain-{number}")

    async def open_ones() -> int:
        ((count,),) = await support.rows("SELECT count(*) FROM cases WHERE search_due_at IS NOT NULL OR state = 'new'")
        return int(count)

    async def is_done() -> bool:
        return await open_ones() == 0

    assert await open_ones() == 60
    async with _serving(support):
        await _wait_until(is_done)
    assert await support.rows("SELECT count(*) FROM cases WHERE state = 'diagnosed'") == [(60,)]


async def test_a_rejected_proposal_is_followed(support: SupportDesk) -> None:
    _, charged = await support.charged()
    view = await support.confirmed("failed_perhaps_charged", charged, request_id=charged)
    approval = await support.desk.settling.compensate(view.case.case_id, amount=UNIT, reason="x", principal=KIM)
    await support.services.approvals.reject(approval.approval_id, by=FINN.name)

    async def is_done() -> bool:
        return (await support.events(view.case.case_id))[-1] is CaseEventKind.SETTLEMENT_REJECTED

    assert not await is_done()
    async with _serving(support):
        await _wait_until(is_done)
    assert (await support.events(view.case.case_id)).count(CaseEventKind.SETTLEMENT_REJECTED) == 1
