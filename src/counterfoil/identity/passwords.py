"""Passwords: hashed with Argon2id in threads, two at a time, since each takes 64 MiB and a tenth of a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from counterfoil.foundation.errors import Overloaded
from counterfoil.identity.people_rules import can_be_a_password

_AT_ONCE = 2
# By the time their turn came, whoever waits behind so many would have left.
_WAITING_MAX = 64


class Passwords:
    """Hashes and verifies passwords. A lack of a hash takes as long as a wrong password."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """What is kept of a password; raises `Overloaded` where too many wait."""
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether it is the password; one verification is done in any case. Raises `Overloaded` where too many wait."""
        async with self._turn():
            return await asyncio.to_thread(self._verify, hashed, password)

    def is_outdated(self, hashed: str) -> bool:
        """Whether it was hashed with other costs than today's."""
        return self._hasher.check_needs_rehash(hashed)

    def _verify(self, hashed: str | None, password: str) -> bool:
        given = password if can_be_a_password(password) else ""
        # Looked up in any case: making it takes as long as a verification.
        stand_in = self._hash_of_nobody
        try:
            self._hasher.verify(hashed or stand_in, given)
        except (VerificationError, InvalidHashError):
            return False
        return hashed is not None and given == password

    @cached_property
    def _hash_of_nobody(self) -> str:
        """Made once, with the costs of a real one: an address that nobody has must not answer sooner."""
        return self._hasher.hash("of nobody")

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One of the few who may hash at a time."""
        if self._waiting >= _WAITING_MAX:
            raise Overloaded
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()
