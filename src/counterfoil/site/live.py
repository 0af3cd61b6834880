"""The numbers and examples of a demo, read at most once a second however many look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from counterfoil.foundation.errors import Unavailable
from counterfoil.observability import log
from counterfoil.site.model import Examples, LiveNumbers, Site

_FRESH_SECONDS = 1.0

T = TypeVar("T")


class _Kept(Generic[T]):
    """What a callable answered, for a second; whoever asks meanwhile waits for the same answer."""

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._value: T | None = None
        self._read_at = float("-inf")

    async def value(self) -> T | None:
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= _FRESH_SECONDS:
                try:
                    self._value = await self._read()
                except Unavailable as error:
                    # The page is of use without them; the last ones would claim to be present ones.
                    log.warning("live_numbers_unavailable", error=error.code)
                    self._value = None
                self._read_at = asyncio.get_running_loop().time()
            return self._value


class Live:
    """What a demo shows beside the form. Without demo money there is nothing: amounts are never public."""

    def __init__(self, site: Site) -> None:
        self._numbers = _Kept(site.live_numbers) if site.demo and site.live_numbers is not None else None
        self._examples = _Kept(site.examples) if site.demo and site.examples is not None else None

    @property
    def is_shown(self) -> bool:
        return self._numbers is not None

    async def numbers(self) -> LiveNumbers | None:
        return await self._numbers.value() if self._numbers is not None else None

    async def examples(self) -> Examples | None:
        return await self._examples.value() if self._examples is not None else None
