"""Waiting while the client may leave.

Sending does not fail after a client has gone; only asking for its next message tells.
"""

from __future__ import annotations

import asyncio
from typing import Self

from counterfoil.sandbox.asgi import Receive


class Departure:
    """The client's leaving, watched while the context lasts."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    def __enter__(self) -> Self:
        self._left = asyncio.ensure_future(self._wait())
        return self

    def __exit__(self, *exception: object) -> None:
        self._left.cancel()

    async def within(self, seconds: float) -> bool:
        """Wait that long, or until the client leaves; True if it has left."""
        done, _ = await asyncio.wait((self._left,), timeout=seconds)
        return bool(done)

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


async def leaves_within(receive: Receive, milliseconds: int) -> bool:
    """Wait that long, or until the client leaves; True if it has left."""
    with Departure(receive) as departure:
        return await departure.within(milliseconds / 1000)
