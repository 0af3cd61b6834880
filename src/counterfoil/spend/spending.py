"""Use cases of spending: where an account's money went in a period, by whom and for what, and which hours stand out.

Sums are kept by the hour, made from transfers in the background; whoever asks has what has come since added first, so that
an answer is as of now. Nothing of this is on the path of a call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from counterfoil.foundation.ids import NIL
from counterfoil.spend import spending_store as store
from counterfoil.spend.spending_model import HOUR, Narrowing, Part, Spent, SpentBy, Spike, Sums
from counterfoil.spend.spending_rules import USUAL_MICROS, check_period, period_before, spike_hours
from counterfoil.storage.database import Database

# Transfers added up in one transaction: some tenths of a second, in which only who else adds them up waits.
AT_ONCE = 5_000
# As many as somebody who asks waits for; where more has come, the answer says so.
WHILE_ASKED_MAX = 20_000
_ACCOUNTS_AT_ONCE = 100
_EVERYTHING = Narrowing()


class Spending:
    """Spending of accounts, added up by the hour."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Background work.

    async def add_up(self) -> int:
        """Add up whatever has come of every account; gives how many accounts had anything new."""
        worked, after = 0, NIL
        while True:
            async with self._database.reading() as connection:
                accounts = await store.accounts_behind(connection, after=after, at_most=_ACCOUNTS_AT_ONCE)
            for account_id in accounts:
                while await self._add_up(account_id):
                    pass
            worked += len(accounts)
            if len(accounts) < _ACCOUNTS_AT_ONCE:
                return worked
            after = accounts[-1]

    async def _add_up(self, account_id: UUID) -> int:
        async with self._database.unit_of_work() as connection:
            return await store.add_up(connection, account_id, at_most=AT_ONCE)

    async def _catch_up(self, account_id: UUID) -> int:
        """Add up what has come, as long as somebody would wait; gives how many transfers are left."""
        async with self._database.reading() as connection:
            left = await store.behind(connection, account_id)
        for _ in range(WHILE_ASKED_MAX // AT_ONCE):
            if left <= 0:
                break
            left = await self._add_up(account_id)
        return left

    # Questions.

    async def of(self, account_id: UUID, *, start: int, end: int, narrowed: Narrowing = _EVERYTHING) -> Spent:
        """A period of whole hours, against the one before; raises `InputError` for a period that cannot be."""
        start, end = check_period(start, end)
        before_start, before_end = period_before(start, end)
        left = await self._catch_up(account_id)
        since = max(0, min(before_start, start - USUAL_MICROS))
        async with self._database.reading() as connection:
            total = await store.sums_between(connection, account_id, start=start, end=end, values=narrowed.values)
            total_before = await store.sums_between(
                connection, account_id, start=before_start, end=before_end, values=narrowed.values
            )
            hours = await store.net_by_hour(connection, account_id, start=since, end=end, values=narrowed.values)
            charged = {hour: nanos for hour, (nanos, _) in hours.items()}
            spikes = []
            for hour, nanos, usual in spike_hours(charged, start=start, end=end):
                ((key, client, model, sums),) = await store.largest_in_hour(
                    connection, account_id, hour=hour, values=narrowed.values, at_most=1
                )
                spikes.append(
                    Spike(
                        hour=hour, charged=nanos, usual=usual, key=key, client=client, model=model, share=sums.charged
                    )
                )
        return Spent(
            start=start,
            end=end,
            total=total,
            total_before=total_before,
            hours={hour: net for hour, (_, net) in hours.items() if start <= hour},
            hours_before={hour: net for hour, (_, net) in hours.items() if before_start <= hour < before_end},
            spikes=tuple(spikes),
            behind=left,
        )

    async def by(
        self, account_id: UUID, *, by: SpentBy, start: int, end: int, narrowed: Narrowing = _EVERYTHING
    ) -> list[Part]:
        """The period divided, the largest part first, each against the period before; as far as `of` has added up."""
        start, end = check_period(start, end)
        before_start, before_end = period_before(start, end)
        async with self._database.reading() as connection:
            now = await store.sums_by(connection, account_id, by=by, start=start, end=end, values=narrowed.values)
            before = await store.sums_by(
                connection, account_id, by=by, start=before_start, end=before_end, values=narrowed.values
            )
        parts = [
            Part(value=value, now=now.get(value, Sums()), before=before.get(value, Sums()))
            for value in {**now, **before}
        ]
        return sorted(parts, key=lambda part: (-part.now.net, -part.before.net, part.value))

    async def hour(self, account_id: UUID, hour: int, *, at_most: int = 50) -> list[tuple[str, str, str, Sums]]:
        """Key, client and model that an hour's charges are owed to, the largest first."""
        await self._catch_up(account_id)
        async with self._database.reading() as connection:
            return await store.largest_in_hour(
                connection, account_id, hour=hour // HOUR * HOUR, values={}, at_most=at_most
            )

    async def last_charged(self, account_id: UUID, key_ids: Sequence[UUID]) -> Mapping[UUID, int]:
        """When each of these keys was last charged; keys that never were are left out."""
        await self._catch_up(account_id)
        async with self._database.reading() as connection:
            return await store.last_charged(connection, account_id, list(key_ids))
