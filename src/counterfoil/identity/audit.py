"""The audit trail: who saw or did what to whose account, and why. It is only ever added to."""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Callable
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.identity import audit_store as store
from counterfoil.identity.access import Principal
from counterfoil.identity.audit_model import AuditEvent, AuditKind
from counterfoil.identity.audit_store import Connection
from counterfoil.identity.people_rules import WHY_LENGTH_MAX
from counterfoil.storage.database import Database

PAGE_MAX = 500
_HOUR_MICROS = 3_600_000_000
_NAME_MAX, _WHAT_MAX, _SUBJECT_MAX, _ADDRESS_MAX = 254, 100, 200, 64


class Audit:
    """The record. `redact` masks secrets in what people write as their reason."""

    def __init__(self, database: Database, *, clock: Clock, redact: Callable[[str], str]) -> None:
        self._database = database
        self._clock = clock
        self._redact = redact

    async def saw(
        self,
        principal: Principal,
        account_id: UUID | None,
        what: str,
        why: str | None = None,
        client_address: str | None = None,
    ) -> None:
        """Somebody has looked at something; the same again within an hour leaves no second row."""
        event = self._event(
            AuditKind.SAW, principal, what, account_id=account_id, subject=None, why=why, client_address=client_address
        )
        seen = hashlib.sha256(f"{event.by}\n{principal.person_id}\n{account_id}\n{event.what}".encode()).digest()
        hour = event.at // _HOUR_MICROS
        async with self._database.reading() as connection:
            hours, since = [hour - 1, hour], event.at - _HOUR_MICROS
            if await store.was_seen(connection, seen, hours=hours, since=since):
                return
        async with self._database.unit_of_work() as connection:
            await store.insert_event(connection, event, seen_hash=seen, seen_hour=hour)

    async def did(
        self,
        principal: Principal,
        what: str,
        *,
        account_id: UUID | None = None,
        subject: str | None = None,
        why: str | None = None,
        client_address: str | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Somebody has done something; with a connection, in the transaction in which they did it."""
        event = self._event(
            AuditKind.DID, principal, what, account_id=account_id, subject=subject, why=why,
            client_address=client_address,
        )  # fmt: skip
        if connection is not None:
            await store.insert_event(connection, event)
            return
        async with self._database.unit_of_work() as own:
            await store.insert_event(own, event)

    async def list(
        self,
        *,
        account_id: UUID | None = None,
        person_id: UUID | None = None,
        what: str | None = None,
        kind: AuditKind | None = None,
        since: int | None = None,
        until: int | None = None,
        before: UUID | None = None,
        at_most: int = 100,
    ) -> builtins.list[AuditEvent]:
        """What was seen and done, newest first, from a time on and before another; `before` is the last of the page before."""
        async with self._database.reading() as connection:
            return await store.read_events(
                connection, account_id=account_id, person_id=person_id, what=what, kind=kind, since=since, until=until,
                before=before, at_most=max(1, min(at_most, PAGE_MAX)),
            )  # fmt: skip

    def _event(
        self,
        kind: AuditKind,
        principal: Principal,
        what: str,
        *,
        account_id: UUID | None,
        subject: str | None,
        why: str | None,
        client_address: str | None,
    ) -> AuditEvent:
        # Redacted before it is cut: half a secret is not known for one.
        reason = None if why is None else _printable(self._redact(why), WHY_LENGTH_MAX)
        return AuditEvent(
            event_id=self._clock.new_id(), at=self._clock.now(), kind=kind, what=what[:_WHAT_MAX],
            by=principal.name[:_NAME_MAX], person_id=principal.person_id, account_id=account_id,
            subject=None if subject is None else _printable(subject, _SUBJECT_MAX), why=reason,
            client_address=None if client_address is None else _printable(client_address, _ADDRESS_MAX),
        )  # fmt: skip


def _printable(text: str, most: int) -> str | None:
    cleaned = "".join(one if one.isprintable() else " " for one in text).strip()[:most]
    return cleaned.encode("utf-8", "replace").decode() or None
