"""REST tokens: what a program may do in somebody's name, within what that person may do themselves."""

from __future__ import annotations

import builtins
import secrets
from collections.abc import Iterable
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, Forbidden, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.identity import people_rules as rules
from counterfoil.identity import people_store
from counterfoil.identity import tokens_store as store
from counterfoil.identity.access import Principal
from counterfoil.identity.audit import Audit
from counterfoil.identity.audit_model import AuditEventKind
from counterfoil.identity.people_model import Person, PersonStatus, Session
from counterfoil.identity.tokens_model import NewToken, RestToken
from counterfoil.storage.database import Database

TOKEN_PREFIX = "cft_"  # noqa: S105 - what every token starts with
PAGE_MAX = 500
TOKENS_MAX = 100
_RANDOM_BYTES = 32
_CHARACTERS_MAX = 100
_SHOWN_CHARACTERS = 4


class Tokens:
    """REST tokens. Of each, its SHA-256 and a mask are kept."""

    def __init__(self, database: Database, *, clock: Clock, audit: Audit) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    async def create(
        self, owner: Session | Person, name: str, scopes: Iterable[str], expires_at: int | None = None
    ) -> NewToken:
        """Make a token; its secret is in the answer and nowhere else.

        Raises `InputError` for a name, a scope that the person's roles do not allow, or a time that has passed;
        `Forbidden` (`confirmation_needed`) in a session that was not confirmed lately; `Conflict` for one too many.
        """
        now = self._clock.now()
        if isinstance(owner, Session) and not rules.is_confirmed(owner, now=now):
            raise Forbidden(code="confirmation_needed")
        person_id = owner.person.person_id if isinstance(owner, Session) else owner.person_id
        cleaned = rules.check_token_name(name)
        if expires_at is not None and expires_at <= now:
            raise InputError(code="expiry_in_the_past")
        secret = TOKEN_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        async with self._database.unit_of_work() as connection:
            person = await people_store.lock_person(connection, person_id)
            if person is None or person.status is not PersonStatus.ACTIVE:
                raise Forbidden(code="sign_in_refused")
            token = RestToken(
                token_id=self._clock.new_id(), person_id=person_id, name=cleaned, mask=mask_token(secret),
                scopes=rules.check_scopes(scopes, principal=person.principal()), created_at=now, expires_at=expires_at,
                last_used_at=None, revoked_at=None,
            )  # fmt: skip
            if await store.count_active(connection, person_id, now=now) >= TOKENS_MAX:
                raise Conflict(code="tokens_too_many", most=TOKENS_MAX)
            await store.insert_token(connection, token, token_hash=rules.hash_token(secret))
            await self._audit.did(
                person.principal(), AuditEventKind.TOKEN_MADE, subject=show_id("token", token.token_id),
                connection=connection,
            )  # fmt: skip
        return NewToken(rest_token=token, token=secret)

    async def list(
        self, person_id: UUID, *, before: UUID | None = None, at_most: int = PAGE_MAX
    ) -> builtins.list[RestToken]:
        """A person's tokens, newest first; `before` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.tokens_of(connection, person_id, before=before, at_most=max(1, min(at_most, PAGE_MAX)))

    async def revoke(self, token_id: UUID, *, by: Principal, person_id: UUID | None = None) -> RestToken:
        """End a token at once; once is as good as twice. Raises `NotFound`, also for another's where one is named."""
        async with self._database.unit_of_work() as connection:
            token = await store.find_token(connection, token_id)
            if token is None or person_id not in (None, token.person_id):
                raise NotFound(code="token_not_found", token=show_id("token", token_id))
            if await store.revoke(connection, token_id, at=self._clock.now()):
                await self._audit.did(
                    by, AuditEventKind.TOKEN_REVOKED, subject=show_id("token", token_id), connection=connection
                )
            changed = await store.find_token(connection, token_id)
        assert changed is not None
        return changed

    async def principal(self, token: str) -> Principal | None:
        """On whose behalf a token acts, and with which scopes; None for one that is not, or no longer, good."""
        found = await self.holder(token)
        return None if found is None else found[1].principal(scopes=found[0].scopes)

    async def holder(self, token: str) -> tuple[RestToken, Person] | None:
        """A token that is good, with whose it is."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > _CHARACTERS_MAX:
            return None
        async with self._database.reading() as connection:
            found = await store.find_by_hash(connection, rules.hash_token(token))
        now = self._clock.now()
        if found is None or not found[0].is_active(now) or found[1].status is not PersonStatus.ACTIVE:
            return None
        day = now // store.DAY_MICROS
        if found[0].last_used_at != day * store.DAY_MICROS:
            async with self._database.unit_of_work() as connection:
                await store.touch(connection, found[0].token_id, day=day)
        return found


def mask_token(token: str) -> str:
    """What people recognise a token by: its prefix and its last characters."""
    return f"{TOKEN_PREFIX}…{token[-_SHOWN_CHARACTERS:]}"
