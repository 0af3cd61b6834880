"""Time of a staged world: everybody who acts in it waits for his hour, and one acts at a time.

What happens, and in which order, follows from the hours alone and not from how long anything really takes: the same seed
stages the same world.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable
from itertools import count

from counterfoil.foundation.clock import MICROS_PER_SECOND, ManualClock

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Somebody who acts, and at which time (UTC microseconds) he begins.
Actor = tuple[int, Callable[[], Awaitable[None]]]


class Agenda:
    """Who acts next. The clock moves to his hour, he acts until he waits again or is done, and then it is the next one's."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._paused = asyncio.Event()
        self._failed = False

    async def wait(self, seconds: int) -> None:
        """Let others act for so long."""
        await self.wait_until(self._clock.now() + seconds * MICROS_PER_SECOND)

    async def wait_until(self, at: int) -> None:
        """Let others act until then."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (at, next(self._numbers), turn))
        self._paused.set()
        await turn

    async def run(self, actors: Iterable[Actor]) -> None:
        """Run until everybody is done; raises what an actor raises."""
        acting = [asyncio.create_task(self._act(*actor)) for actor in actors]
        # Each comes to its first wait.
        await asyncio.sleep(0)
        try:
            while self._waiting and not self._failed:
                at, _, turn = heapq.heappop(self._waiting)
                if at > self._clock.now():
                    self._clock.advance(micros=at - self._clock.now())
                self._paused.clear()
                turn.set_result(None)
                await self._paused.wait()
        finally:
            for task in acting:
                task.cancel()
            ended = await asyncio.gather(*acting, return_exceptions=True)
        # Whoever was cut short is only cancelled; what went wrong is among the others.
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _act(self, at: int, act: Callable[[], Awaitable[None]]) -> None:
        await self.wait_until(at)
        try:
            await act()
        except Exception:
            # Nobody acts after this; `run` raises it once all have ended.
            self._failed = True
            raise
        finally:
            self._paused.set()
