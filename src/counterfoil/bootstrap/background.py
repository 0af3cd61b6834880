"""What every serving process keeps doing; leased work is done by one of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import psycopg

from counterfoil.bootstrap.services import Services, statements_of
from counterfoil.bootstrap.support import load_scanner, tell_of_exposed_keys, write_refused_counts
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.ledger.service import Ledger
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.storage.database import Database
from counterfoil.storage.leases import run_leased
from counterfoil.support.diagnosis import ROUND_MAX, Diagnosis
from counterfoil.support.diagnosis import WORK as CASE_DIAGNOSIS

# How soon a change of upstreams or prices made elsewhere is seen by every serving process.
_REFRESH_SECONDS = 2.0
_EXPIRY_SECONDS = 5.0
# A look back over two hours catches what another process has opened with a clock behind this one's.
_LOOK_BACK_MICROS = 7_200_000_000

Work = Coroutine[Any, Any, None]


def background_work(services: Services) -> list[Work]:
    """What every serving process keeps doing; leased work is done by one of them at a time."""
    leases = _Leases(services.database, services.clock)
    return [
        *_of_money(services, leases),
        *_of_calls(services, leases),
        *_of_people(services, leases),
        *_of_support(services, leases),
    ]


def _of_money(services: Services, leases: _Leases) -> list[Work]:
    async def ask_about_orders() -> None:
        credited = await services.recharge.notices.ask_due()
        if credited:
            log.info("orders_credited_by_asking", count=credited)

    return [
        leases.every(_EXPIRY_SECONDS, "expire", _Expiry(services.ledger).expire),
        leases.every(600.0, "clean_minutes", services.limits.clean_minutes),
        leases.every(60.0, "add_up_transfers", statements_of(services).add_up),
        leases.every(2.0, "ask_about_orders", ask_about_orders),
        leases.every(2.0, "send_refunds", services.recharge.order_refunds.send_due),
    ]


def _of_calls(services: Services, leases: _Leases) -> list[Work]:
    async def expire_tasks() -> None:
        expired = await services.tasks.expire_overdue()
        if expired:
            log.warning("tasks_expired", count=expired)

    return [
        _refresh(services),
        leases.every(_EXPIRY_SECONDS, "expire_tasks", expire_tasks),
        services.tasks.run_poller(),
        leases.every(3_600.0, "forget_keys", services.submissions.forget_keys),
        leases.every(60.0, "add_up_spending", services.spending.add_up),
    ]


def _of_people(services: Services, leases: _Leases) -> list[Work]:
    async def clean_sign_in() -> None:
        await services.sessions.clean()
        await services.people.clean()

    return [
        leases.every(600.0, "clean_sign_in", clean_sign_in),
        leases.every(60.0, "watch_accounts", services.notify.watch_accounts),
        leases.every(600.0, "watch_credit", services.notify.watch_credit),
        leases.every(3_600.0, "clean_notifications", services.notify.clean),
        services.notify.run(),
    ]


def _of_support(services: Services, leases: _Leases) -> list[Work]:
    return [
        load_scanner(),
        write_refused_counts(services.intake),
        tell_of_exposed_keys(services.intake),
        leases.every(1.0, CASE_DIAGNOSIS, lambda: _diagnose_all(services.desk.diagnosis)),
        leases.every(15.0, "watch_cases", services.desk.metrics.watch),
        leases.every(60.0, "case_settlements", services.desk.settling.follow),
    ]


class _Leases:
    """Work that one of the processes on a database does, every so often."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def every(self, seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> Work:
        return run_leased(self._database, name=name, interval_seconds=seconds, work=work, clock=self._clock)


class _Expiry:
    """Ends what is overdue in the ledger, and remembers through when it has looked."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._expired_through = 0

    async def expire(self) -> None:
        expired, through = await self._ledger.expire_overdue(since=self._expired_through)
        self._expired_through = max(0, through - _LOOK_BACK_MICROS)
        await self._ledger.end_due_grants()
        if expired:
            log.warning("holds_expired", count=expired)


async def _diagnose_all(diagnosis: Diagnosis) -> None:
    # A burst is worked off at once, not a round a second.
    while await diagnosis.diagnose_due() == ROUND_MAX:
        continue


async def _refresh(services: Services) -> None:
    while True:
        await asyncio.sleep(_REFRESH_SECONDS)
        try:
            await services.prices.refresh()
            await services.routes.refresh()
            await services.spend.write_unknown_keys()
        except (CounterfoilError, psycopg.Error):
            BACKGROUND_ERRORS.labels(work="refresh").inc()
            log.exception("refresh_failed")
