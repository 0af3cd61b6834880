"""The port that every way of sending is behind. A sender knows nothing of accounts, of the outbox or of the database.

It never raises for what the other side does: that is an outcome. Nothing that the other side says is in it (L12).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from counterfoil.notify.model import Sent, Told


class Sender(Protocol):
    async def send(self, url: str, told: Told, *, keys: Sequence[bytes], now: int) -> Sent:
        """Send a message once. `keys` sign it where this way of sending signs; `now` is in microseconds."""


class Mailer(Protocol):
    async def mail(self, url: str, told: Told, *, to: str) -> Sent:
        """Send a message once, over the mail server of that address, to one reader and nobody else."""
