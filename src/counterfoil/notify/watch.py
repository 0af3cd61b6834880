"""Watching accounts: balances, limits, spending and the end of credit. Found again is announced once.

An account is looked at when it has decided something since the last look (its `event_no`), so a round costs what has
happened, not what there is. What it was charged is added up hour by hour from its transfers, each read once: the mark of
how far and the sums are written in one transaction, together with what is announced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.foundation.ids import NIL, show_id
from counterfoil.foundation.periods import Window, window_bounds
from counterfoil.ledger import history_store
from counterfoil.ledger.history_store import Account
from counterfoil.limits import store as limits_store
from counterfoil.limits.model import Limit
from counterfoil.notify import rules, store, thresholds, watch_store
from counterfoil.notify.model import AlertRules, Thresholds
from counterfoil.notify.people import LimitsThatRefused, UpstreamsOutOfMoney
from counterfoil.notify.thresholds import ExpiringCredit, NearLimit, Watched
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.storage.database import Database
from counterfoil.storage.outbox import Announcement

Connection = AsyncConnection[Any]
_WORK = "watch_accounts"
_PAGE = 500
# Accounts whose marks are held together; a round of a busy installation is many short transactions.
_TOGETHER = 50
# Transfers of one account that a round adds up at most: an old account is caught up with over several.
TRANSFERS_MAX = 50_000
# A little more than the baseline, which begins a week before the hour that it is compared with.
HOURS_KEPT = thresholds.WEEK + 2 * thresholds.DAY
# How far back a refusal still says that a limit has refused: longer than a round and its delays.
_REFUSED_LATELY = 10 * 60 * 1_000_000
_CLEANED_MAX = 20_000


class Watch:
    """Looks at accounts and announces what they should know. One process of many does it at a time."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        defaults: Thresholds,
        limits_that_refused: LimitsThatRefused,
        upstreams_out_of_money: UpstreamsOutOfMoney,
    ) -> None:
        self._database = database
        self._clock = clock
        self._defaults = defaults
        self._limits_that_refused = limits_that_refused
        self._upstreams_out_of_money = upstreams_out_of_money

    async def watch_accounts(self) -> int:
        """Look at every account that has decided something since the last look; returns how much is announced."""
        announced, after = 0, NIL
        while True:
            async with self._database.reading() as connection:
                page = await history_store.read_accounts(connection, after=after, most=_PAGE)
                marks = await watch_store.marks_of(connection, [account.account_id for account in page])
            changed = [one for one in page if marks.get(one.account_id) != (one.version, one.event_no)]
            for first in range(0, len(changed), _TOGETHER):
                announced += await self._watch_apart(changed[first : first + _TOGETHER])
            if len(page) < _PAGE:
                return announced
            after = page[-1].account_id

    async def _watch_apart(self, accounts: Sequence[Account]) -> int:
        """Look at some accounts together; where that fails, at each by itself: one keeps nobody else from being told."""
        try:
            return await self._watch(accounts)
        except (CounterfoilError, psycopg.Error):
            if len(accounts) == 1:
                BACKGROUND_ERRORS.labels(work=_WORK).inc()
                log.exception("account_not_watched", account=show_id("account", accounts[0].account_id))
                return 0
        return sum([await self._watch_apart([account]) for account in accounts])

    async def watch_credit(self) -> int:
        """Look for credit that expires within a week; returns how much is announced."""
        announced, now, after = 0, self._clock.now(), (0, NIL)
        while True:
            async with self._database.reading() as connection:
                rows = await history_store.expiring_credit(
                    connection, now=now, until=now + thresholds.WEEK, after=after, most=_PAGE
                )
            credit = [
                ExpiringCredit(account_id=row[0], currency=row[1], day=row[2], expires_at=row[3], amount=row[4])
                for row in rows
            ]
            announced += await self._announce(thresholds.expiry_alerts(credit, now=now))
            if len(rows) < _PAGE:
                return announced
            after = (rows[-1][2], rows[-1][0])

    async def watch_upstreams(self) -> int:
        """Look for upstreams that refuse for lack of our money there; returns how much is announced."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            found = await self._upstreams_out_of_money(connection, since=now - _REFUSED_LATELY)
        return await self._announce(thresholds.out_of_money_alerts(found, now=now))

    async def forget_hours(self) -> int:
        """Delete sums of hours that no baseline reaches back to."""
        async with self._database.unit_of_work() as connection:
            return await watch_store.delete_old_hours(
                connection, before=self._clock.now() - HOURS_KEPT, most=_CLEANED_MAX
            )

    async def _announce(self, announcements: Sequence[Announcement]) -> int:
        if not announcements:
            return 0
        async with self._database.unit_of_work() as connection:
            return await self._post(connection, announcements)

    async def _post(self, connection: Connection, announcements: Sequence[Announcement]) -> int:
        with_ids = [(one, self._clock.new_id()) for one in announcements]
        return len(await store.post_new(connection, with_ids, now=self._clock.now()))

    async def _watch(self, accounts: Sequence[Account]) -> int:
        now = self._clock.now()
        ids = [account.account_id for account in accounts]
        async with self._database.unit_of_work() as connection:
            marks = await self._add_up(connection, accounts, now=now)
            hours = await watch_store.hours_of(connection, ids, since=now - HOURS_KEPT)
            spendable = await history_store.spendable_of(connection, ids, now=now)
            wants = await store.rules_of(connection, ids)
            near = await self._near_limits(connection, accounts, now=now)
            announcements: list[Announcement] = []
            for account in accounts:
                watched = Watched(
                    account_id=account.account_id, currency=account.currency, spendable=spendable[account.account_id],
                    day=window_bounds(Window.DAY, now, account.time_zone)[0], hours=hours[account.account_id],
                )  # fmt: skip
                rule = rules.thresholds_of(wants.get(account.account_id, AlertRules()), self._defaults)
                announcements += thresholds.balance_alerts(watched, rule, now=now)
                announcements += thresholds.spike_alerts(watched, rule, now=now)
                announcements += thresholds.limit_alerts(
                    account.account_id, account.currency, near.get(account.account_id, ())
                )
            announced = await self._post(connection, announcements)
            await watch_store.set_marks(connection, marks)
        return announced

    async def _add_up(
        self, connection: Connection, accounts: Sequence[Account], *, now: int
    ) -> dict[UUID, watch_store.Mark]:
        """Add what the accounts were charged since their marks; gives the marks up to which that has been done now."""
        before = await watch_store.lock_marks(connection, [account.account_id for account in accounts])
        marks, wanted = dict(before), []
        for account in accounts:
            version, event_no = before[account.account_id]
            through = min(account.version, version + TRANSFERS_MAX)
            if through > version:
                wanted.append((account.account_id, version, through))
            # A mark that is behind has the account looked at again in the next round.
            is_whole = through == account.version
            marks[account.account_id] = (max(version, through), account.event_no if is_whole else event_no)
        charged = await history_store.charged_by_hour(connection, wanted) if wanted else []
        recent = [row for row in charged if row[1] >= now - HOURS_KEPT]
        if recent:
            await watch_store.add_hours(connection, recent)
        return marks

    async def _near_limits(
        self, connection: Connection, accounts: Sequence[Account], *, now: int
    ) -> Mapping[UUID, Sequence[NearLimit]]:
        zones = {account.account_id: account.time_zone for account in accounts}
        rows = await limits_store.nearly_used(
            connection,
            [
                (account_id, window_bounds(Window.DAY, now, zone)[0], window_bounds(Window.MONTH, now, zone)[0])
                for account_id, zone in zones.items()
            ],
            at=now,
        )
        if not rows:
            return {}
        ids = sorted({row[0] for row in rows})
        refused = await self._limits_that_refused(connection, ids, since=now - _REFUSED_LATELY)
        near: dict[UUID, list[NearLimit]] = {}
        for account_id, limit, window_start, used in rows:
            near.setdefault(account_id, []).append(
                NearLimit(
                    limit=limit, window_start=window_start, resets_at=_resets_at(limit, now, zones[account_id]),
                    used=used, has_refused=limit.limit_id in refused,
                )
            )  # fmt: skip
        return near


def _resets_at(limit: Limit, now: int, time_zone: str) -> int | None:
    return window_bounds(limit.window, now, time_zone)[1]
