"""What people show who they are with: a password, the code of a second factor, or a recovery code."""

from __future__ import annotations

import secrets
from typing import Protocol
from uuid import UUID

from pyotp import TOTP, random_base32

from counterfoil.foundation.clock import Clock
from counterfoil.identity import people_rules as rules
from counterfoil.identity import people_store as store
from counterfoil.identity.people_store import Connection, Credentials
from counterfoil.storage.database import Database


class Sealer(Protocol):
    def seal(self, plain: bytes, *, context: bytes = b"") -> bytes: ...

    def unseal(self, sealed: bytes, *, context: bytes = b"") -> bytes: ...


class SecondFactors:
    """The codes of authenticator apps. Secrets are sealed for their person; each code is taken once."""

    def __init__(self, database: Database, *, clock: Clock, sealer: Sealer, issuer: str) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._issuer = issuer

    def make(self, person_id: UUID, *, email: str) -> tuple[str, str, bytes]:
        """A new secret, the address that apps read it from, and what is kept of it."""
        secret = random_base32()
        address = TOTP(secret).provisioning_uri(name=email, issuer_name=self._issuer)
        return secret, address, self._sealer.seal(secret.encode(), context=_context(person_id))

    def step_of(self, person_id: UUID, sealed: bytes, code: str) -> int | None:
        """The step whose code it is, at this time; None for any other."""
        secret = self._sealer.unseal(sealed, context=_context(person_id)).decode()
        typed = "".join(code.split())
        found = None
        # Every step is looked at, so that the time it takes says nothing.
        for step in rules.totp_steps(self._clock.now()):
            if secrets.compare_digest(rules.totp_code(secret, step).encode(), typed.encode("utf-8", "replace")):
                found = step
        return found

    async def take(self, person_id: UUID, credentials: Credentials, code: str) -> str | None:
        """Use up a code or a recovery code: gives `totp` or `recovery`, and None for one that is wrong or was used."""
        async with self._database.unit_of_work() as connection:
            return await self.take_within(connection, person_id, credentials, code)

    async def take_within(
        self, connection: Connection, person_id: UUID, credentials: Credentials, code: str
    ) -> str | None:
        if credentials.totp_sealed is None:
            return None
        step = self.step_of(person_id, credentials.totp_sealed, code)
        if step is not None:
            return "totp" if await store.take_totp_step(connection, person_id, step=step) else None
        recovery = rules.hash_recovery_code(code)
        if recovery is None:
            return None
        taken = await store.take_recovery_code(connection, person_id, recovery, at=self._clock.now())
        return "recovery" if taken else None

    @staticmethod
    def make_recovery_codes() -> list[str]:
        return [
            rules.show_recovery_code(secrets.token_bytes(rules.RECOVERY_CODE_BYTES))
            for _ in range(rules.RECOVERY_CODES)
        ]


def _context(person_id: UUID) -> bytes:
    return b"totp " + person_id.bytes
