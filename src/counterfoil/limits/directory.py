"""From a presented token's hash to its key, remembered in the process: the directory's rows never change."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.limits import store
from counterfoil.limits.model import KeyAddress
from counterfoil.storage.database import Database

KNOWN_MAX = 100_000
# Guesses must not push real keys out, nor fill the memory.
UNKNOWN_MAX = 10_000
# Long enough to keep a client that repeats a wrong key off the database, short enough that a key made by another
# process works by the time it has been pasted somewhere.
UNKNOWN_SECONDS = 1


class KeyDirectory:
    """Finds where a key lives. One per process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: OrderedDict[bytes, KeyAddress] = OrderedDict()
        # Unknown hashes with the time until which they are believed unknown, oldest first.
        self._unknown: OrderedDict[bytes, int] = OrderedDict()

    def known(self, token_hash: bytes) -> KeyAddress | None:
        """The answer from memory, without waiting; None says nothing about the key."""
        address = self._known.get(token_hash)
        if address is not None:
            self._known.move_to_end(token_hash)
        return address

    async def find(self, token_hash: bytes) -> KeyAddress | None:
        """Where the key of that token hash lives, or None where no key has it."""
        address = self.known(token_hash)
        if address is not None:
            return address
        now = self._clock.now()
        until = self._unknown.get(token_hash)
        if until is not None and now < until:
            return None
        async with self._database.reading() as connection:
            address = await store.find_key_address(connection, token_hash)
        if address is None:
            self._unknown.pop(token_hash, None)
            self._unknown[token_hash] = now + UNKNOWN_SECONDS * MICROS_PER_SECOND
            _shorten(self._unknown, UNKNOWN_MAX)
        else:
            self._unknown.pop(token_hash, None)
            self._known[token_hash] = address
            _shorten(self._known, KNOWN_MAX)
        return address


def _shorten(entries: OrderedDict[bytes, Any], length_max: int) -> None:
    while len(entries) > length_max:
        entries.popitem(last=False)
