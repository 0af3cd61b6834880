"""Ending holds: tried again while the ledger does not answer, and finished even when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import CounterfoilError, Unavailable
from counterfoil.foundation.ids import show_id
from counterfoil.gateway.model import SETTLE_SECONDS_MAX
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.pricing.model import PriceMissing
from counterfoil.spend.guard import Along
from counterfoil.spend.model import Admission, Charge, Delivery, Failure
from counterfoil.spend.service import Spend

_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_WORK = "settlement"


class Settlement:
    """Captures and voids for the gateway."""

    def __init__(self, spend: Spend, clock: Clock) -> None:
        self._spend = spend
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def capture(self, admission: Admission, delivery: Delivery, *, along: Sequence[Along] = ()) -> Charge:
        """Charge what was delivered; raises `Unavailable` where the ledger does not answer for a while.

        `along` is written with the charge, here and below, and with it alone.
        """
        try:
            return await self._spend.capture(admission, delivery, along=along)
        except PriceMissing:
            raise
        except Unavailable:
            until = asyncio.get_running_loop().time() + SETTLE_SECONDS_MAX
            return await self._capture_again(admission, delivery, along=along, until=until)

    async def _capture_again(
        self, admission: Admission, delivery: Delivery, *, along: Sequence[Along] = (), until: float
    ) -> Charge:
        attempt = 0
        while True:
            await asyncio.sleep(_PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS) - 1)])
            attempt += 1
            try:
                return await self._spend.capture(admission, delivery, along=along)
            except Unavailable:
                if asyncio.get_running_loop().time() >= until:
                    raise

    async def capture_or_later(self, admission: Admission, delivery: Delivery) -> Charge | None:
        """Charge what has been delivered; None where the ledger does not answer, and then it is tried on."""
        try:
            return await self._spend.capture(admission, delivery)
        except CounterfoilError as error:
            log.error("capture_failed", request=show_id("request", admission.request_id), code=error.code)
            self.capture_later(admission, delivery)
            return None

    async def void(self, admission: Admission, failure: Failure, *, along: Sequence[Along] = ()) -> bool:
        """Release the hold; false where the ledger does not answer, and then it is tried on until the hold expires."""
        try:
            await self._spend.void(admission, failure, along=along)
        except CounterfoilError as error:
            log.error("void_failed", request=show_id("request", admission.request_id), code=error.code)
            self.void_later(admission, failure, along=along)
            return False
        return True

    def capture_later(self, admission: Admission, delivery: Delivery) -> None:
        """Go on trying to charge what has been delivered, until the hold expires."""
        self._start(self._capture_until_expiry(admission, delivery))

    def void_later(self, admission: Admission, failure: Failure, *, along: Sequence[Along] = ()) -> None:
        """Release the hold beside everything else, until it expires by itself."""
        self._start(self._void_until_expiry(admission, failure, along))

    async def close(self, seconds_max: float = 30.0) -> None:
        """Wait for what is still being settled; what is not done then is left to the expiry of its hold."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds_max)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _seconds_left(self, admission: Admission) -> float:
        return (admission.hold.expires_at - self._clock.now()) / MICROS_PER_SECOND

    async def _capture_until_expiry(self, admission: Admission, delivery: Delivery) -> None:
        until = asyncio.get_running_loop().time() + self._seconds_left(admission)
        try:
            try:
                await self._spend.capture(admission, delivery)
            except PriceMissing:
                raise
            except Unavailable:
                await self._capture_again(admission, delivery, until=until)
        except CounterfoilError as error:
            self._give_up(admission, error)

    async def _void_until_expiry(self, admission: Admission, failure: Failure, along: Sequence[Along]) -> None:
        until = asyncio.get_running_loop().time() + self._seconds_left(admission)
        attempt = 0
        while True:
            try:
                await self._spend.void(admission, failure, along=along)
                return
            except CounterfoilError as error:
                if not isinstance(error, Unavailable) or asyncio.get_running_loop().time() >= until:
                    self._give_up(admission, error)
                    return
            await asyncio.sleep(_PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS) - 1)])
            attempt += 1

    def _give_up(self, admission: Admission, error: CounterfoilError) -> None:
        BACKGROUND_ERRORS.labels(work=_WORK).inc()
        log.error("settlement_given_up", request=show_id("request", admission.request_id), code=error.code)
