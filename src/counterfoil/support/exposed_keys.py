"""Keys that somebody has pasted: their owners are told, their senders learn nothing.

Whoever sends a key is answered before it is looked up, so neither words nor time tell whether it is one of ours. Only the
hash is held, in memory; a key that is none of ours leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.ids import show_id
from counterfoil.storage.database import Database
from counterfoil.storage.outbox import Announcement, announce

KEY_EXPOSED = "key_exposed"
# A flood of guesses must not fill the memory; whoever guesses 256 bits is no owner's concern.
WAITING_MAX = 1_000
_DAY_MICROS = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedKey:
    """A key of ours, as its owner knows it."""

    account_id: UUID
    key_id: UUID
    mask: str


FindKey = Callable[[bytes], Awaitable[ExposedKey | None]]


class ExposedKeys:
    """What waits to be looked up. `find` gives the key of a token's hash as long as the key can be used."""

    def __init__(self, database: Database, *, clock: Clock, find: FindKey) -> None:
        self._database = database
        self._clock = clock
        self._find = find
        # In the order in which they came; one that is pasted again and again waits once.
        self._waiting: dict[bytes, None] = {}

    def add(self, key_hashes: Iterable[bytes]) -> None:
        """Look these up later; those that there is no room for are dropped."""
        for one in key_hashes:
            if len(self._waiting) < WAITING_MAX:
                self._waiting[one] = None

    async def tell(self) -> int:
        """Look up what waits, and tell the owners of what is ours; how many were told. For the background."""
        told = 0
        while self._waiting:
            key_hash = next(iter(self._waiting))
            del self._waiting[key_hash]
            try:
                told += await self._tell_of(key_hash)
            except BaseException:
                self.add((key_hash,))
                raise
        return told

    async def _tell_of(self, key_hash: bytes) -> int:
        key = await self._find(key_hash)
        if key is None:
            return 0
        now = self._clock.now()
        shown = show_id("key", key.key_id)
        announcement = Announcement(
            kind=KEY_EXPOSED,
            # Once a day for one key; a rotated key is another one, of which its owner has to hear again.
            key=f"{KEY_EXPOSED}:{shown}:{key.mask}:{now // _DAY_MICROS}",
            account_id=key.account_id,
            facts={"key": shown, "key_mask": key.mask},
        )
        async with self._database.unit_of_work() as connection:
            await announce(connection, announcement, announcement_id=self._clock.new_id(), now=now)
        return 1
