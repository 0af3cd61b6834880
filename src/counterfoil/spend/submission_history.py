"""Looking at submissions: one with all its copies, those that were sent again, and loops of scripts. Read only."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import NotFound
from counterfoil.spend import store, submissions_store
from counterfoil.spend.model import KeyBurst, SubmissionView
from counterfoil.spend.submissions import IDEMPOTENCY_DAYS, LOOP_COPIES
from counterfoil.storage.database import Database

COPIES_SHOWN_MAX = 200
# A page of the console as a file, and one more.
_PAGE_MOST = 10_001
# Below so many calls a minute, a rise is people at work.
BURST_CALLS_LEAST = 20
_DAY = 86_400 * MICROS_PER_SECOND


class Submissions:
    """What customers meant, however often they sent it."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, submission_id: UUID, *, account_id: UUID | None = None) -> SubmissionView:
        """A submission with its copies (at most 200), the first first; raises `NotFound`, also for another account's."""
        async with self._database.reading() as connection:
            found = await submissions_store.find_submission(connection, submission_id)
            if found is None or account_id not in (None, found.account_id):
                raise NotFound(code="submission_not_found")
            ids = await submissions_store.copies_of(
                connection, account_id=found.account_id, submission_id=submission_id, most=COPIES_SHOWN_MAX
            )
            requests = await store.requests_by_ids(connection, account_id=found.account_id, request_ids=ids)
        return replace(found, requests=tuple(requests))

    async def sent_again(
        self,
        account_id: UUID | None,
        *,
        key_id: UUID | None = None,
        model: str | None = None,
        since: int | None = None,
        until: int | None = None,
        before: UUID | None = None,
        copies_least: int = 2,
        most: int = 50,
    ) -> list[SubmissionView]:
        """Submissions that were sent at least so often, newest first, without their copies."""
        async with self._database.reading() as connection:
            return await submissions_store.submissions_of(
                connection, account_id=account_id, key_id=key_id, model=model, since=since, until=until, before=before,
                least=copies_least, most=max(1, min(most, _PAGE_MOST)),
            )  # fmt: skip

    async def loops(
        self, account_id: UUID | None, *, before: UUID | None = None, most: int = 50
    ) -> list[SubmissionView]:
        """Submissions that a script has sent again and again."""
        return await self.sent_again(account_id, before=before, copies_least=LOOP_COPIES, most=most)

    async def bursts(self, account_id: UUID, *, since: int, until: int | None = None) -> list[KeyBurst]:
        """Keys whose calls of one model rose minute after minute: a loop whose content changes a little each time."""
        async with self._database.reading() as connection:
            return await submissions_store.bursts_of(
                connection, account_id=account_id, since=since, until=self._clock.now() + 1 if until is None else until,
                least=BURST_CALLS_LEAST,
            )  # fmt: skip

    async def forget_keys(self) -> int:
        """Forget Idempotency-Keys of long ago; background work calls it."""
        async with self._database.unit_of_work() as connection:
            return await submissions_store.forget_keys(connection, before=self._clock.now() - IDEMPOTENCY_DAYS * _DAY)
