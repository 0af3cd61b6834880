"""The clock, and the ids made from it. Rules never import this: time and ids are passed to them.

A time is an `int`: UTC microseconds since the Unix epoch, in code and in the database alike.
"""

from __future__ import annotations

import random
import time
from typing import Protocol
from uuid import UUID

from counterfoil.foundation.ids import make_id

MICROS_PER_SECOND = 1_000_000

_SYSTEM_RANDOM = random.SystemRandom()


class Clock(Protocol):
    def now(self) -> int:
        """UTC microseconds since the Unix epoch."""

    def new_id(self) -> UUID:
        """A new UUIDv7 of this clock's time."""


class SystemClock:
    """The machine's clock, and ids from the operating system's randomness."""

    def __init__(self) -> None:
        # One generator per process, seeded from the system: 62 random bits per id without a system call each.
        self._random = random.Random(_SYSTEM_RANDOM.getrandbits(256))

    def now(self) -> int:
        return time.time_ns() // 1000

    def new_id(self) -> UUID:
        return make_id(time.time_ns() // 1000, self._random.getrandbits(62))


class ManualClock:
    """A clock that moves only when told to; for tests and for staging the demo's past."""

    def __init__(self, now: int = 1_700_000_000_000_000, seed: int = 1) -> None:
        self._now = now
        self._random = random.Random(seed)

    def now(self) -> int:
        return self._now

    def advance(self, *, seconds: int = 0, micros: int = 0) -> None:
        self._now += seconds * MICROS_PER_SECOND + micros

    def new_id(self) -> UUID:
        return make_id(self._now, self._random.getrandbits(62))
