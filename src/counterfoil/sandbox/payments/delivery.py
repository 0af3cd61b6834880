"""Sending notices until they are accepted, as providers do, only faster; and remembering what was answered.

A notice is signed anew for each try, with the time of the try, and keeps its id. Nothing is sent beyond this machine.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from counterfoil.sandbox.payments.model import SentNotice

# Waits before each further try; then the notice is given up. A provider waits minutes and hours.
RETRY_SECONDS = (0.1, 0.3, 1.0, 2.0, 4.0, 8.0)
DELIVERY_TIMEOUT_SECONDS = 10.0
CONNECTIONS_MAX = 50
# Notices under way; beyond them, they are counted as dropped.
PENDING_MAX = 20_000
RECORDS_KEPT_MAX = 10_000
# Of an answer's body: what providers want to hear is a word.
ANSWER_BYTES_MAX = 200

Make = Callable[[], SentNotice]
IsAccepted = Callable[[int, bytes], bool]


class Deliveries:
    def __init__(self, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._retry_seconds = tuple(retry_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._records: deque[dict[str, Any]] = deque(maxlen=RECORDS_KEPT_MAX)
        self._dropped = 0

    def send(self, make: Make, is_accepted: IsAccepted, about: dict[str, Any], *, delay_seconds: float = 0.0) -> None:
        """Send a notice after a while; `about` is what its record says beside the answers."""
        record = {**about, "answers": [], "accepted": False, "done": False}
        self._records.append(record)
        if len(self._under_way) >= PENDING_MAX:
            self._dropped += 1
            record["done"] = True
            return
        task = asyncio.ensure_future(self._deliver(make, is_accepted, record, delay_seconds))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def show(self) -> dict[str, Any]:
        """The newest notices, oldest first, each with what was answered; a try that nobody answered has no status."""
        return {"under_way": len(self._under_way), "dropped": self._dropped, "notices": list(self._records)}

    def reset(self) -> None:
        """Forget the notices, and give up those under way."""
        for task in self._under_way:
            task.cancel()
        self._under_way.clear()
        self._records.clear()
        self._dropped = 0

    async def close(self) -> None:
        self.reset()
        if self._session is not None:
            await self._session.close()

    async def _deliver(self, make: Make, is_accepted: IsAccepted, record: dict[str, Any], delay_seconds: float) -> None:
        await asyncio.sleep(delay_seconds)
        if not is_on_loopback(record["url"]):
            record |= {"done": True, "reason": "the address is none on this machine"}
            return
        for wait_seconds in (*self._retry_seconds, None):
            status, body = await self._try(make())
            record["answers"].append({"status": status, "body": body[:ANSWER_BYTES_MAX].decode("utf-8", "replace")})
            if status is not None and is_accepted(status, body):
                record["accepted"] = True
                break
            if wait_seconds is not None:
                await asyncio.sleep(wait_seconds)
        record["done"] = True

    async def _try(self, notice: SentNotice) -> tuple[int | None, bytes]:
        # Already encoded: what is sent is what was signed, letter for letter.
        url = URL(notice.url, encoded=True)
        data = notice.body if notice.method != "GET" else None
        try:
            async with self._opened().request(
                notice.method, url, data=data, headers=dict(notice.headers), allow_redirects=False
            ) as response:
                return response.status, await response.content.read(ANSWER_BYTES_MAX)
        except (aiohttp.ClientError, TimeoutError):
            return None, b""

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
                timeout=aiohttp.ClientTimeout(total=DELIVERY_TIMEOUT_SECONDS),
            )
        return self._session


def is_on_loopback(url: str) -> bool:
    """Whether a notice to this address stays on this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
