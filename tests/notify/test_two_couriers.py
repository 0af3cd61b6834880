"""Several processes send, one is killed: every message arrives, and none is under way twice at once."""

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
from counterfoil.notify import courier
from counterfoil.notify.model import DeliveryState
from counterfoil.notify.service import Notifications
from notify.desk import Desk, Receiver

MESSAGES = 200
LEASE_SECONDS = 4
TESTS = Path(__file__).parents[1]


async def test_two_couriers_never_send_the_same_message_at_once(
    desk: Desk, notify: Notifications, receiver: Receiver
) -> None:
    await desk.webhook(notify, receiver)
    for _ in range(60):
        await desk.announce("order_attention", None, order="ord_1", what="refund_failed")
    receiver.before_answer = lambda: asyncio.sleep(0.01)
    await asyncio.gather(*(desk.process().work_off() for _ in range(3)))
    assert Counter(one.message_id for one in receiver.received).most_common(1)[0][1] == 1
    assert len(receiver.received) == 60
    assert set(receiver.at_once.values()) == {1}


async def test_a_running_courier_sends_what_is_announced_and_ends_when_it_is_told_to(
    desk: Desk, notify: Notifications, receiver: Receiver
) -> None:
    await desk.webhook(notify, receiver)
    running = asyncio.create_task(notify.run())
    await desk.announce("order_attention", None, order="ord_1", what="refund_failed")
    async with asyncio.timeout(20):
        while not receiver.received:
            await asyncio.sleep(0.05)
        while (await notify.log())[0].state is not DeliveryState.SENT:
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()


async def test_a_courier_goes_on_after_the_database_has_failed_it(
    desk: Desk, notify: Notifications, receiver: Receiver
) -> None:
    await desk.webhook(notify, receiver)
    running = asyncio.create_task(notify.run())
    await desk.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await asyncio.sleep(0.1)
    async with desk.database.reading():
        pass
    await desk.announce("order_attention", None, order="ord_1", what="refund_failed")
    async with asyncio.timeout(20):
        while not receiver.received:
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert len(receiver.received) == 1


async def test_a_killed_couriers_messages_are_taken_over_under_the_same_ids(
    desk: Desk, notify: Notifications, receiver: Receiver, database_url: str
) -> None:
    """Real processes on the machine's clock; one is killed in the middle of sending."""
    clock = SystemClock()
    desk.clock.advance(micros=clock.now() - desk.clock.now())
    await desk.webhook(notify, receiver)
    for _ in range(MESSAGES):
        await desk.announce("order_attention", None, order="ord_1", what="refund_failed")
    receiver.before_answer = lambda: asyncio.sleep(0.05)
    folder = desk.data_directory.path
    async with courier_process(database_url, folder) as killed, courier_process(database_url, folder):
        async with asyncio.timeout(60):
            while len(receiver.received) < MESSAGES // 4:
                await asyncio.sleep(0.01)
            os.kill(killed.pid, signal.SIGKILL)
            await killed.wait()
            while await _sent(desk) < MESSAGES:
                await asyncio.sleep(0.1)
    times = Counter(one.message_id for one in receiver.received)
    assert len(times) == MESSAGES
    # Those that the killed one was just sending have come twice, under the same id; no others.
    again = [name for name, count in times.items() if count > 1]
    assert len(again) <= courier.CONCURRENT_MAX
    assert max(times.values()) <= 2


async def _sent(desk: Desk) -> int:
    rows = await desk.rows("SELECT count(*) FROM alert_deliveries WHERE state = 'sent'")
    count: int = rows[0]["count"]
    return count


@asynccontextmanager
async def courier_process(url: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    script = Path(__file__).with_name("courier_process.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(script), url, str(folder), str(LEASE_SECONDS),
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
