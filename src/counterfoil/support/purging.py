"""Use case of purging: what people typed for a case is taken out for good, and the audit trail says that it was."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import NotFound
from counterfoil.identity.access import Principal
from counterfoil.observability import log
from counterfoil.storage.database import Connection, Database
from counterfoil.support import cases_store, intake_store, rules
from counterfoil.support.model import Case
from counterfoil.support.rules import CaseError, Verb

PURGED = "case_purged"


class RecordsWhatWasDone(Protocol):
    """The audit trail (`identity.audit.Audit`)."""

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
    ) -> None: ...


class Purging:
    """Empties closed cases."""

    def __init__(self, database: Database, *, clock: Clock, audit: RecordsWhatWasDone) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    async def purge(self, case_id: UUID, *, by: Principal, why: str) -> Case:
        """Take out fields, notes, replies and answers of a closed case for good, and revoke its links; steps with their ids,
        codes and numbers stay, and the audit trail has the tombstone: number, who, when, why.

        Raises `NotFound`, `Conflict` (`case_is_open`, `case_purged`), `InputError` without a reason.
        """
        reason = rules.check_text("why", why)
        async with self._database.unit_of_work() as connection:
            found = await intake_store.lock_case(connection, case_id)
            if found is None:
                raise NotFound(code=CaseError.NOT_FOUND)
            case, last_no = found
            now = self._clock.now()
            step = rules.step(
                case, Verb.PURGE, number=last_no + 1, at=now, by=by.name, changes={"values": {}, "purged_at": now}
            )
            # Before its own event is written: that one stays.
            texts = await cases_store.purge_words(connection, case_id, at=now)
            await cases_store.write_step(connection, step)
            await self._audit.did(
                by, PURGED, account_id=case.account_id, subject=case.number, why=reason, connection=connection
            )
        log.info("case_purged", case=case.number, texts=texts)
        return step.after
