"""Throttling: whoever fails often waits longer and longer, in whichever process they try.

A try is counted before it is made, so that a thousand at once are not a thousand free ones; one that succeeds is taken
back.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import Forbidden
from counterfoil.identity import throttle_store as store
from counterfoil.identity.people_rules import (
    PER_ADDRESS,
    PER_EMAIL,
    PER_MAIL,
    THROTTLE_FORGOTTEN_MICROS,
    Patience,
    throttled_address,
    wait_after,
)
from counterfoil.storage.database import Database

_FORGET_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Something that is throttled: by whom, and how patiently."""

    key: str
    patience: Patience


def by_email(email: str) -> Tried:
    return Tried(key=f"email:{email.strip().lower()}", patience=PER_EMAIL)


def by_address(client_address: str) -> Tried:
    return Tried(key=f"address:{throttled_address(client_address)}", patience=PER_ADDRESS)


def by_mail(email: str) -> Tried:
    return Tried(key=f"mail:{email.strip().lower()}", patience=PER_MAIL)


class Throttle:
    """Tries are kept under a keyed hash: the table tells nobody's address and nobody's e-mail."""

    def __init__(self, database: Database, *, clock: Clock, secret: bytes) -> None:
        self._database = database
        self._clock = clock
        self._secret = secret

    async def count(self, tried: Sequence[Tried]) -> None:
        """Count a try; raises `Forbidden` (`sign_in_throttled`, with `seconds`) where it comes too early."""
        now = self._clock.now()
        seconds = 0
        async with self._database.unit_of_work() as connection:
            rows = await store.lock_keys(connection, [self._hash(one) for one in tried], now=now)
            blocked_until = max(row[2] for row in rows.values())
            if now < blocked_until:
                # The wait is not made longer by asking again: people do.
                seconds = -(-(blocked_until - now) // MICROS_PER_SECOND)
            else:
                for one in tried:
                    before, last_at, _ = rows[self._hash(one)]
                    tries = 1 if now - last_at > THROTTLE_FORGOTTEN_MICROS else before + 1
                    until = now + wait_after(tries, one.patience)
                    await store.write_key(connection, self._hash(one), tries=tries, last_at=now, blocked_until=until)
        if seconds:
            raise Forbidden(code="sign_in_throttled", seconds=seconds)

    async def take_back(self, tried: Sequence[Tried]) -> None:
        """A counted try was none: what failed before it stays."""
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            rows = await store.lock_keys(connection, [self._hash(one) for one in tried], now=now)
            for key_hash, (tries, last_at, _) in rows.items():
                await store.write_key(connection, key_hash, tries=max(0, tries - 1), last_at=last_at, blocked_until=0)

    async def clear(self, tried: Tried) -> None:
        """Somebody has shown who they are: nothing that failed before counts any more."""
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            rows = await store.lock_keys(connection, [self._hash(tried)], now=now)
            for key_hash in rows:
                await store.write_key(connection, key_hash, tries=0, last_at=now, blocked_until=0)

    async def clean(self) -> int:
        """Forget who has not tried for a day."""
        async with self._database.unit_of_work() as connection:
            return await store.forget_keys(
                connection, before=self._clock.now() - THROTTLE_FORGOTTEN_MICROS, at_most=_FORGET_AT_ONCE
            )

    def _hash(self, tried: Tried) -> bytes:
        return hmac.new(self._secret, tried.key.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
