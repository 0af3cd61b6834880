"""A thousand running tasks and two processes that ask about them: once each per interval, also where one is killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from counterfoil.foundation.clock import SystemClock
from counterfoil.foundation.ids import show_id
from counterfoil.tasks import poller
from counterfoil.tasks.model import TaskState
from counterfoil.tasks.service import Tasks
from spend.market import NANOS, Customer
from tasks.shop import DAY, PRICE, SPEC, Shop
from tasks.studio import Film

THOUSAND = 1_000
LEASE_SECONDS = 6


async def running(shop: Shop, count: int) -> Customer:
    """Tasks of one account, as they stand once the studio has taken them and begun to work."""
    customer = await shop.market.customer(credit=100_000 * NANOS)
    caller, spend = await shop.till.caller(customer), shop.till.spend
    arrivals = [shop.arrival(is_task=True, hold_seconds=7 * DAY) for _ in range(count)]
    await asyncio.gather(
        *(
            spend.authorize(caller, arrival, along=Tasks.opening(caller, arrival, SPEC, hold_seconds=7 * DAY))
            for arrival in arrivals
        )
    )
    for number, arrival in enumerate(arrivals):
        shop.studio.films[f"video_{number}"] = Film(
            film_id=f"video_{number}", client_request_id=show_id("task", arrival.request_id), model="film-v1", body={},
            status="in_progress",
        )  # fmt: skip
    await shop.market.execute(
        "UPDATE tasks t SET state = 'running', raw_state = 'in_progress', upstream = 'studio',"
        " upstream_model = 'film-v1', upstream_task_id = v.id, accepted_at = created_at, started_at = created_at,"
        " next_poll_at = created_at + 2000000 FROM unnest(%s::uuid[], %s::text[]) AS v(task_id, id)"
        " WHERE t.task_id = v.task_id",
        [arrival.request_id for arrival in arrivals], list(shop.studio.films),
    )  # fmt: skip
    return customer


async def test_whoever_asks_each_task_is_asked_about_once_per_interval(shop: Shop) -> None:
    tasks, other = shop.process(), shop.process()
    await running(shop, 200)
    rounds: list[Counter[str]] = []
    for seconds in (2, 1, 1, 4):
        shop.studio.polls.clear()
        shop.market.clock.advance(seconds=seconds)
        await asyncio.gather(tasks.poll_due(), other.poll_due(), tasks.poll_due())
        rounds.append(Counter(shop.studio.polls))
    assert [(len(polls), set(polls.values())) for polls in rounds] == [
        (200, {1}), (0, set()), (200, {1}), (200, {1})
    ]  # fmt: skip


async def test_what_a_process_has_heard_and_not_written_down_is_heard_again(shop: Shop) -> None:
    tasks, dying = shop.process(), shop.process()
    await running(shop, 200)
    for film in shop.studio.films.values():
        film.status = "completed"
    shop.market.clock.advance(seconds=2)
    polling = asyncio.create_task(dying.poll_due())
    while sum(shop.studio.polls.values()) < 50:
        await asyncio.sleep(0)
    polling.cancel()
    await asyncio.wait([polling])
    await tasks.poll_due()
    assert set(shop.studio.polls.values()) == {1}
    left = await tasks.list(state="running", most=200)
    assert 0 < len(left) <= poller.CONCURRENT_MAX
    assert await tasks.poll_due() == 0
    shop.market.clock.advance(seconds=poller.LEASE_SECONDS)
    assert await tasks.poll_due() == len(left)
    assert {task.state for task in await tasks.list(most=200)} == {TaskState.SUCCEEDED}
    rows = await shop.market.rows("SELECT count(*), count(DISTINCT hold_id) AS holds FROM hold_ends")
    assert rows == [{"count": 200, "holds": 200}]


async def test_two_processes_share_a_thousand_tasks_and_one_is_killed(shop: Shop, tmp_path: Path) -> None:
    """Real processes on the machine's clock. All tasks are asked about; then all are done, and one process is killed
    while both write that down."""
    clock = SystemClock()
    shop.market.clock.advance(micros=clock.now() - shop.market.clock.now())
    began = clock.now()
    customer = await running(shop, THOUSAND)
    async with poller_process(shop, tmp_path) as killed, poller_process(shop, tmp_path):
        while len(shop.studio.polls) < THOUSAND:
            await asyncio.sleep(0.01)
        for film in shop.studio.films.values():
            film.status = "completed"
        while await _done(shop) < THOUSAND // 10:
            await asyncio.sleep(0.1)
        os.kill(killed.pid, signal.SIGKILL)
        await killed.wait()
        while await _done(shop) < THOUSAND:
            await asyncio.sleep(0.3)
    age = (clock.now() - began) // 1_000_000
    polls = shop.studio.polls
    assert len(polls) == THOUSAND
    # Those that the killed one was just asking about are asked about once more.
    more = [film_id for film_id, count in polls.items() if count > _polls_most(age)]
    assert len(more) <= poller.CONCURRENT_MAX
    assert max(polls.values()) <= _polls_most(age) + 1
    rows = await shop.market.rows("SELECT count(*), count(DISTINCT hold_id) AS holds FROM hold_ends")
    assert rows == [{"count": THOUSAND, "holds": THOUSAND}]
    assert await shop.market.balance(customer) == (100_000 * NANOS - THOUSAND * PRICE, 0)


def _polls_most(age: int) -> int:
    """How often a task of that age, in seconds, may have been asked about: at 2, 4, 8, 16 and 32 s."""
    return sum(1 for at in (2, 4, 8, 16, 32, 62, 92, 122) if at <= age + 1)


async def _done(shop: Shop) -> int:
    rows = await shop.market.rows("SELECT count(*) FROM tasks WHERE ended_at IS NOT NULL")
    count: int = rows[0]["count"]
    return count


@asynccontextmanager
async def poller_process(shop: Shop, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    script = Path(__file__).with_name("poller_process.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), shop.market.database_url, str(folder / "data"), str(LEASE_SECONDS)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
