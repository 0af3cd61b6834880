"""Writes that are sent again under one `Idempotency-Key` are carried out once, and answered as the first time.

A row is taken before the work begins and answered after it. Whoever is at work renews the row's lease; one that stops
doing so (killed, or cut off from the database) is succeeded by the next who sends the same. Whether its work had been
committed is not known then, so what must never happen twice has a name of its own besides: `source_id`, `intention_key`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

import psycopg

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.observability import log
from counterfoil.storage.database import Connection, Database

# How long an answer is given again.
KEPT_SECONDS = 24 * 60 * 60
# Two renewals may fail before somebody else may begin.
LEASE_SECONDS = 30
_RENEWALS_PER_LEASE = 3
# Whoever begins takes so many old rows away: more than one, so that they become fewer.
_SWEPT_AT_ONCE = 20
_ROUTE_CHARACTERS_MAX = 300


class Sealing(Protocol):
    """Keeps answers unreadable at rest."""

    def seal(self, plain: bytes, *, context: bytes = b"") -> bytes: ...

    def unseal(self, sealed: bytes, *, context: bytes = b"") -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a write was answered. `headers` are those that belong to the content."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The work is this caller's to do: `answer` or `release` it."""

    key_hash: bytes = field(repr=False)
    holder: UUID


@dataclass(frozen=True, slots=True)
class InFlight:
    """Somebody is at work on the same; `retry_after_seconds` is when asking again is worth it."""

    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Reused:
    """The key has named something else."""


def key_hash_of(*, credential: bytes, key: str) -> bytes:
    """What a key of one credential is known by; another credential with the same key is another row."""
    return _digest(b"idempotency key", credential, key.encode("utf-8", "surrogatepass"))


def fingerprint_of(*, method: str, path: str, query: bytes, body: bytes) -> bytes:
    """What was asked, byte for byte."""
    return _digest(b"idempotent request", method.encode(), path.encode("utf-8", "surrogatepass"), query, body)


class IdempotencyKeys:
    """The rows of one installation, shared by any number of processes."""

    def __init__(
        self, database: Database, *, clock: Clock, sealing: Sealing, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing
        self._lease_seconds = lease_seconds

    async def begin(self, *, key_hash: bytes, fingerprint: bytes, route: str) -> Begun | Answer | InFlight | Reused:
        """Take the key for this work, or say what has become of it."""
        now, holder = self._clock.now(), self._clock.new_id()
        too_old = now - KEPT_SECONDS * MICROS_PER_SECOND
        begun = Begun(key_hash=key_hash, holder=holder)
        values = {
            "key_hash": key_hash, "fingerprint": fingerprint, "route": route[:_ROUTE_CHARACTERS_MAX], "holder": holder,
            "lease_until": self._lease_until(now), "now": now, "too_old": too_old,
        }  # fmt: skip
        async with self._database.unit_of_work() as connection:
            await _sweep(connection, too_old)
            # One statement takes a key that is new, too old to count, or whose worker has shown no sign of life.
            taken = await connection.execute(
                "INSERT INTO kept_answers AS kept (key_hash, fingerprint, route, holder, lease_until, created_at)"
                " VALUES (%(key_hash)s, %(fingerprint)s, %(route)s, %(holder)s, %(lease_until)s, %(now)s)"
                " ON CONFLICT (key_hash) DO UPDATE SET fingerprint = excluded.fingerprint, route = excluded.route,"
                " holder = excluded.holder, lease_until = excluded.lease_until, created_at = excluded.created_at,"
                " answered_at = NULL, status = NULL, answer = NULL"
                " WHERE kept.created_at < %(too_old)s OR (kept.answered_at IS NULL AND kept.lease_until <= %(now)s"
                " AND kept.fingerprint = excluded.fingerprint)",
                values,
            )
            if taken.rowcount:
                return begun
            found = await connection.execute(
                "SELECT fingerprint, status, answer, lease_until FROM kept_answers WHERE key_hash = %s", (key_hash,)
            )
            row = await found.fetchone()
        if row is None:
            # Released in the instant between: as good as in flight.
            return InFlight(1)
        kept_fingerprint, status, answer, lease_until = row
        if bytes(kept_fingerprint) != fingerprint:
            return Reused()
        if answer is None:
            return InFlight(max(1, -(-(lease_until - now) // MICROS_PER_SECOND)))
        return self._unsealed(status, bytes(answer), key_hash)

    async def answer(self, begun: Begun, answer: Answer) -> None:
        """Keep what the work was answered; nothing happens where somebody else has taken it over."""
        head = json.dumps(answer.headers).encode()
        plain = len(head).to_bytes(4, "big") + head + answer.body
        sealed = self._sealing.seal(plain, context=begun.key_hash)
        async with self._database.unit_of_work() as connection:
            await connection.execute(
                "UPDATE kept_answers SET answered_at = %s, status = %s, answer = %s"
                " WHERE key_hash = %s AND holder = %s AND answered_at IS NULL",
                (self._clock.now(), answer.status, sealed, begun.key_hash, begun.holder),
            )

    async def release(self, begun: Begun) -> None:
        """Forget the key: what was asked was refused, and sending it again is a new request."""
        async with self._database.unit_of_work() as connection:
            await connection.execute(
                "DELETE FROM kept_answers WHERE key_hash = %s AND holder = %s AND answered_at IS NULL",
                (begun.key_hash, begun.holder),
            )

    @asynccontextmanager
    async def at_work(self, begun: Begun) -> AsyncIterator[None]:
        """Show signs of life until the work has ended, so that nobody else begins it."""
        renewing = asyncio.create_task(self._renew(begun))
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing

    async def _renew(self, begun: Begun) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / _RENEWALS_PER_LEASE)
            try:
                async with self._database.unit_of_work() as connection:
                    await connection.execute(
                        "UPDATE kept_answers SET lease_until = %s WHERE key_hash = %s AND holder = %s",
                        (self._lease_until(self._clock.now()), begun.key_hash, begun.holder),
                    )
            except (CounterfoilError, psycopg.Error) as error:
                log.warning("idempotency_key_not_renewed", reason=type(error).__name__)

    def _lease_until(self, now: int) -> int:
        return now + int(self._lease_seconds * MICROS_PER_SECOND)

    def _unsealed(self, status: int, sealed: bytes, key_hash: bytes) -> Answer:
        plain = self._sealing.unseal(sealed, context=key_hash)
        end = 4 + int.from_bytes(plain[:4], "big")
        headers: list[tuple[str, str]] = json.loads(plain[4:end])
        return Answer(status=status, headers=tuple((name, value) for name, value in headers), body=plain[end:])


async def _sweep(connection: Connection, too_old: int) -> None:
    await connection.execute(
        "DELETE FROM kept_answers WHERE key_hash IN (SELECT key_hash FROM kept_answers WHERE created_at < %s"
        " ORDER BY created_at LIMIT %s FOR UPDATE SKIP LOCKED)",
        (too_old, _SWEPT_AT_ONCE),
    )


def _digest(*parts: bytes) -> bytes:
    """SHA-256 over each part with its length, so that no two lists of parts look alike."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
