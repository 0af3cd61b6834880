"""Webhooks, signed in the Standard Webhooks way; what `webhook-id` names stays the same over every try."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
import orjson

from counterfoil.foundation.periods import show_time
from counterfoil.notify.model import Outcome, Sent, Told
from counterfoil.notify.rules import signature

TIMEOUT_SECONDS = 10
_MICROS = 1_000_000
_GONE = 410


class WebhookSender:
    """Posts messages over a session of the wiring's."""

    def __init__(self, session: aiohttp.ClientSession, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def send(self, url: str, told: Told, *, keys: Sequence[bytes], now: int) -> Sent:
        body, timestamp = body_of(told), now // _MICROS
        headers = {
            "content-type": "application/json",
            "webhook-id": told.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(body, message_id=told.message_id, timestamp=timestamp, keys=keys),
        }
        try:
            # A redirect would take what is said to an address that nobody has entered. Of the answer only its status is
            # read: its body may be of any length, and is closed unread.
            async with self._session.post(
                url, data=body, headers=headers, allow_redirects=False, timeout=self._timeout
            ) as response:
                status = response.status
                response.close()
        except TimeoutError:
            return Sent(outcome=Outcome.TIMED_OUT)
        except (aiohttp.ClientConnectionError, OSError):
            return Sent(outcome=Outcome.UNREACHABLE)
        except (aiohttp.ClientError, ValueError):
            # An answer that is no HTTP, or an address that cannot be asked.
            return Sent(outcome=Outcome.FAILED)
        return _judge(status)


def body_of(told: Told) -> bytes:
    """What a receiver gets: the same bytes at every try."""
    return orjson.dumps(
        {
            "type": told.kind,
            "timestamp": show_time(told.created_at),
            "data": {
                "account_id": told.account,
                "language": told.language.value,
                "title": told.message.title,
                "message": told.message.body,
                "link": told.link,
                "facts": dict(told.facts),
            },
        }
    )


def _judge(status: int) -> Sent:
    if 200 <= status < 300:
        return Sent(outcome=Outcome.DELIVERED, detail=f"HTTP {status}")
    if 300 <= status < 400:
        return Sent(outcome=Outcome.REDIRECTED, detail=f"HTTP {status}")
    return Sent(outcome=Outcome.REFUSED, detail=f"HTTP {status}", is_gone=status == _GONE)
