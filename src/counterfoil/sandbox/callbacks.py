"""Callbacks: the sandbox tells others what becomes of its videos, signed as Standard Webhooks has it.

    {"url": "http://127.0.0.1:8080/hook",    on loopback
     "secret": "whsec_c2VjcmV0",             base64 after whsec_, else taken as it is
     "key": "backup",                        only the videos of that upstream key; left out: all
     "events": ["video.completed"],          left out: completed, failed and cancelled; there is video.in_progress too
     "times": 1,                             how often each is delivered, under the same webhook-id; 0: never
     "delay_ms": 0}                          how much later; {"video.in_progress": 500} lets it come out of order

A delivery that is not answered with 2xx is tried again a few times.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import orjson

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.sandbox.model import CallbackSettings

# Waits before each further try; then the delivery is given up.
RETRY_SECONDS = (0.1, 0.3, 1.0, 3.0)
DELIVERY_TIMEOUT_SECONDS = 10.0
CONNECTIONS_MAX = 50
# Deliveries under way; beyond them, events are counted as dropped.
PENDING_MAX = 20_000
DELIVERIES_KEPT_MAX = 10_000

_SECRET_PREFIX = "whsec_"  # noqa: S105


class Callbacks:
    """Sends events, and remembers what came of each."""

    def __init__(self, settings: Sequence[CallbackSettings], clock: Clock) -> None:
        self._settings = tuple(settings)
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._done: deque[dict[str, Any]] = deque(maxlen=DELIVERIES_KEPT_MAX)
        self._dropped = 0

    def use(self, settings: Sequence[CallbackSettings]) -> None:
        """Send what happens from now on by these settings."""
        self._settings = tuple(settings)

    def announce(
        self, event_type: str, data: Mapping[str, Any], *, key: str, times: int | None, delay_ms: int | None
    ) -> None:
        """Send an event of a video of that key; `times` and `delay_ms` instead of what is configured."""
        event = {
            "id": f"evt_{os.urandom(12).hex()}",
            "object": "event",
            "type": event_type,
            "created_at": self._clock.now() // MICROS_PER_SECOND,
            "data": data,
        }
        body = orjson.dumps(event)
        for settings in self._settings:
            if event_type not in settings.delays_ms or settings.key not in (None, key):
                continue
            delay = settings.delays_ms[event_type] if delay_ms is None else delay_ms
            for _ in range(settings.times if times is None else times):
                if len(self._under_way) >= PENDING_MAX:
                    self._dropped += 1
                    continue
                task = asyncio.ensure_future(self._deliver(settings, event, body, delay / 1000))
                self._under_way.add(task)
                task.add_done_callback(self._under_way.discard)

    def show(self) -> dict[str, Any]:
        """The settings without their secrets, and the deliveries that are done, the newest ones."""
        return {
            "callbacks": [
                {"url": each.url, "key": each.key, "times": each.times, "delay_ms": dict(each.delays_ms)}
                for each in self._settings
            ],
            "under_way": len(self._under_way),
            "dropped": self._dropped,
            "deliveries": list(self._done),
        }

    def reset(self) -> None:
        """Forget the deliveries, and give up those under way; the settings stay."""
        for task in self._under_way:
            task.cancel()
        self._under_way.clear()
        self._done.clear()
        self._dropped = 0

    async def close(self) -> None:
        self.reset()
        if self._session is not None:
            await self._session.close()

    async def _deliver(
        self, settings: CallbackSettings, event: Mapping[str, Any], body: bytes, delay_seconds: float
    ) -> None:
        await asyncio.sleep(delay_seconds)
        answers = []
        for wait_seconds in (*RETRY_SECONDS, None):
            status = await self._post(settings, event["id"], body)
            answers.append(status)
            if status is not None and 200 <= status < 300:
                break
            if wait_seconds is not None:
                await asyncio.sleep(wait_seconds)
        # What was answered each time; None where nobody did.
        self._done.append(
            {"id": event["id"], "type": event["type"], "video_id": event["data"]["id"], "answers": answers}
        )

    async def _post(self, settings: CallbackSettings, event_id: str, body: bytes) -> int | None:
        timestamp = self._clock.now() // MICROS_PER_SECOND
        headers = {
            "content-type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(settings.secret, event_id, timestamp, body),
        }
        try:
            async with self._opened().post(settings.url, data=body, headers=headers, allow_redirects=False) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
                timeout=aiohttp.ClientTimeout(total=DELIVERY_TIMEOUT_SECONDS),
            )
        return self._session


def sign(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of one delivery."""
    signed = b"%b.%d.%b" % (event_id.encode(), timestamp, body)
    digest = hmac.new(_key_of(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def _key_of(secret: str) -> bytes:
    if secret.startswith(_SECRET_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            # No base64: whoever made it meant its letters.
            pass
    return secret.encode()
