"""From the outbox to those who want to hear: handing out, sending, trying again. Any number of processes, none special.

An announcement is handed out in one transaction: a row per channel and member, and the mark that it was done. A process
takes the rows that are due with one statement, which moves their next try on, so that nobody else sends them meanwhile;
one that dies has moved them no further than `LEASE_SECONDS`. Sending is outside any transaction: a process that dies after
it, and before it has written so, has somebody else send the message again under the same id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.ids import show_id
from counterfoil.notify import rules, store
from counterfoil.notify.model import (
    FOR_ADMINS,
    AlertKind,
    AlertRules,
    Channel,
    Claim,
    DeliveryState,
    NewDelivery,
    Outcome,
    Posted,
    Sent,
    Worked,
)
from counterfoil.notify.people import People
from counterfoil.notify.sending import Sending
from counterfoil.observability import BACKGROUND_ERRORS, DELIVERIES, log
from counterfoil.storage.database import Database

_WORK = "deliveries"
# Messages under way at once in one process: few servers take more from one sender.
CONCURRENT_MAX = 16
_FREE_LEAST = CONCURRENT_MAX // 4
# Announcements that are handed out in one transaction.
HANDED_OUT_MAX = 100
# Longer than a message takes; one whose process has died waits for it to pass.
LEASE_SECONDS = 90
_LEASE = LEASE_SECONDS * MICROS_PER_SECOND
# How long a process sleeps where nothing is due: it then looks whether something was announced.
IDLE_SECONDS_MAX = 2.0
_AFTER_ERROR_SECONDS = 1.0
_KINDS = frozenset(str(kind) for kind in AlertKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Readers:
    """Who could hear of some announcements."""

    channels: Sequence[Channel]
    rules: Mapping[UUID, AlertRules]
    members: Mapping[UUID, Sequence[UUID]]
    admins: Mapping[UUID, Sequence[UUID]]


class Courier:
    """Hands announcements out and sends them."""

    def __init__(
        self, database: Database, *, clock: Clock, sending: Sending, people: People, mails_members: bool
    ) -> None:
        self._database = database
        self._clock = clock
        self._sending = sending
        self._people = people
        self._mails_members = mails_members

    async def run(self) -> None:
        """Go on until cancelled; a round that fails is logged and counted, and the next one comes."""
        sends: set[asyncio.Task[Sent | None]] = set()
        try:
            while True:
                try:
                    await self._round(sends)
                except (CounterfoilError, psycopg.Error):
                    BACKGROUND_ERRORS.labels(work=_WORK).inc()
                    log.exception("deliveries_failed")
                    await asyncio.sleep(_AFTER_ERROR_SECONDS)
        finally:
            # What was sent and not written down is sent again, under the same id, when its lease ends.
            for send in sends:
                send.cancel()
            if sends:
                await asyncio.wait(sends)

    async def _round(self, sends: set[asyncio.Task[Sent | None]]) -> None:
        await self.hand_out()
        free = CONCURRENT_MAX - len(sends)
        if free < _FREE_LEAST:
            await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
            return
        claims = await self._claim(free)
        for claim in claims:
            send = asyncio.create_task(self._try(claim))
            sends.add(send)
            send.add_done_callback(sends.discard)
        if not claims:
            await asyncio.sleep(IDLE_SECONDS_MAX)

    async def work_off(self, *, most: int = 10_000) -> Worked:
        """Hand out everything, and send what is due until nothing is, `most` messages at the most."""
        dispatched, results = await self.hand_out(), list[Sent | None]()
        while len(results) < most:
            claims = await self._claim(min(CONCURRENT_MAX, most - len(results)))
            if not claims:
                break
            results += await asyncio.gather(*(self._try(claim) for claim in claims))
        sent = sum(one is not None and one.outcome is Outcome.DELIVERED for one in results)
        return Worked(dispatched=dispatched, sent=sent, not_sent=len(results) - sent)

    # -- handing out -----------------------------------------------------------------------------------------------

    async def hand_out(self) -> int:
        """Hand out every announcement that waits; returns how many this process did."""
        handed_out = 0
        while True:
            async with self._database.reading() as connection:
                waiting = await store.waiting_announcements(connection, most=HANDED_OUT_MAX)
            if not waiting:
                return handed_out
            readers = await self._readers_of(waiting)
            deliveries = [delivery for posted in waiting for delivery in self._deliveries_of(posted, readers)]
            async with self._database.unit_of_work() as connection:
                now = self._clock.now()
                ids = [posted.announcement_id for posted in waiting]
                taken = await store.take_announcements(connection, ids, now=now)
                mine = [delivery for delivery in deliveries if delivery.announcement_id in taken]
                if mine:
                    await store.insert_deliveries(connection, mine, now=now)
            handed_out += len(taken)
            if not taken:
                # All of them are in somebody else's hands.
                return handed_out

    async def _readers_of(self, waiting: Sequence[Posted]) -> _Readers:
        account_ids = sorted({posted.account_id for posted in waiting if posted.account_id is not None})
        async with self._database.reading() as connection:
            channels = await store.listening_channels(connection, account_ids)
            found = await store.rules_of(connection, account_ids)
        members: dict[UUID, Sequence[UUID]] = {}
        if self._mails_members:
            for account_id in account_ids:
                members[account_id] = await self._people.readers_of(account_id)
        admins: dict[UUID, Sequence[UUID]] = {}
        for posted in waiting:
            if self._mails_members and posted.kind in FOR_ADMINS and posted.account_id is not None:
                admins[posted.account_id] = await self._people.admins_of(posted.account_id)
        return _Readers(channels=channels, rules=found, members=members, admins=admins)

    def _deliveries_of(self, posted: Posted, readers: _Readers) -> list[NewDelivery]:
        if posted.kind not in _KINDS:
            # A newer release beside this one knows it; this one has no words for it.
            log.error("announcement_unknown", kind=posted.kind, message=show_id("announcement", posted.announcement_id))
            return []
        account = posted.account_id
        wants = AlertRules() if account is None else readers.rules.get(account, AlertRules())
        new = self._clock.new_id
        found = [
            NewDelivery(delivery_id=new(), announcement_id=posted.announcement_id, channel_id=channel.channel_id)
            for channel in readers.channels
            if rules.hears(channel, posted) and (channel.account_id is None or posted.kind not in wants.off)
        ]
        if account is not None and rules.members_hear(posted, wants):
            found += [
                NewDelivery(delivery_id=new(), announcement_id=posted.announcement_id, member_id=member_id)
                for member_id in rules.members_told(
                    posted, members=readers.members.get(account, ()), admins=readers.admins.get(account, ())
                )
            ]
        return found

    # -- sending ---------------------------------------------------------------------------------------------------

    async def _claim(self, most: int) -> list[Claim]:
        now = self._clock.now()
        async with self._database.unit_of_work() as connection:
            return await store.claim_due(connection, now=now, leased_until=now + _LEASE, most=most)

    async def _try(self, claim: Claim) -> Sent | None:
        """Send one message and write down what came of it; whatever goes wrong with it stays with it."""
        try:
            sent = await self._sending.send(claim)
            await self._write(claim, sent)
        except Exception as error:  # noqa: BLE001 - the others' messages do not end with it
            BACKGROUND_ERRORS.labels(work=_WORK).inc()
            # Without a traceback: an error of a library may quote the address.
            log.error("delivery_failed", delivery=show_id("delivery", claim.delivery_id), error=type(error).__name__)
            return None
        return sent

    async def _write(self, claim: Claim, sent: Sent) -> None:
        DELIVERIES.labels(outcome=str(sent.outcome)).inc()
        now = self._clock.now()
        state, next_try_at = rules.after_try(sent, tries=claim.tries, now=now)
        async with self._database.unit_of_work() as connection:
            written = await store.finish_try(
                connection, claim, state=state, next_try_at=next_try_at,
                ended_at=None if state is DeliveryState.WAITING else now, outcome=sent.outcome, detail=sent.detail,
            )  # fmt: skip
            channel = claim.channel
            if written and next_try_at is not None and channel is not None and rules.is_down(sent):
                await store.leave_alone(connection, channel.channel_id, until=next_try_at)
        if state is DeliveryState.GIVEN_UP:
            log.warning(
                "delivery_given_up", delivery=show_id("delivery", claim.delivery_id), kind=claim.posted.kind,
                channel=None if channel is None else channel.mask, outcome=str(sent.outcome), tries=claim.tries,
            )  # fmt: skip
