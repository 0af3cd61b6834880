"""What every serving process keeps doing; leased work is done by one of them at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import psycopg

from counterfoil.bootstrap.services import Services
from counterfoil.bootstrap.support import load_scanner, tell_of_exposed_keys, write_refused_counts
from counterfoil.foundation.errors import CounterfoilError
from counterfoil.observability import BACKGROUND_ERRORS, log
from counterfoil.storage.leases import run_leased
from counterfoil.support.diagnosis import ROUND_MAX
from counterfoil.support.diagnosis import WORK as CASE_DIAGNOSIS

# How soon a change of upstreams or prices made elsewhere is seen by every serving process.
_REFRESH_SECONDS = 2.0
_EXPIRY_SECONDS = 5.0


def background_work(services: Services) -> list[Coroutine[Any, Any, None]]:
    """What every serving process keeps doing; leased work is done by one of them at a time."""
    database, clock = services.database, services.clock
    expired_through = 0

    async def expire() -> None:
        nonlocal expired_through
        expired, through = await services.ledger.expire_overdue(since=expired_through)
        # A look back over two hours catches what another process has opened with a clock behind this one's.
        expired_through = max(0, through - 7_200_000_000)
        await services.ledger.end_due_grants()
        if expired:
            log.warning("holds_expired", count=expired)

    async def clean() -> None:
        await services.limits.clean_minutes()

    async def expire_tasks() -> None:
        expired = await services.tasks.expire_overdue()
        if expired:
            log.warning("tasks_expired", count=expired)

    async def ask_about_orders() -> None:
        credited = await services.recharge.notices.ask_due()
        if credited:
            log.info("orders_credited_by_asking", count=credited)

    async def send_refunds() -> None:
        await services.recharge.order_refunds.send_due()

    async def forget_keys() -> None:
        await services.submissions.forget_keys()

    async def watch_accounts() -> None:
        await services.notify.watch_accounts()

    async def add_up_spending() -> None:
        await services.spending.add_up()

    async def watch_credit() -> None:
        await services.notify.watch_credit()

    async def clean_notifications() -> None:
        await services.notify.clean()

    async def clean_sign_in() -> None:
        await services.sessions.clean()
        await services.people.clean()

    async def diagnose_cases() -> None:
        # A burst is worked off at once, not a round a second.
        while await services.desk.diagnosis.diagnose_due() == ROUND_MAX:
            continue

    async def watch_cases() -> None:
        await services.desk.metrics.watch()

    async def follow_settlements() -> None:
        await services.desk.settling.follow()

    async def refresh() -> None:
        while True:
            await asyncio.sleep(_REFRESH_SECONDS)
            try:
                await services.prices.refresh()
                await services.routes.refresh()
                await services.spend.write_unknown_keys()
            except (CounterfoilError, psycopg.Error):
                BACKGROUND_ERRORS.labels(work="refresh").inc()
                log.exception("refresh_failed")

    return [
        run_leased(database, name="expire", interval_seconds=_EXPIRY_SECONDS, work=expire, clock=clock),
        run_leased(database, name="expire_tasks", interval_seconds=_EXPIRY_SECONDS, work=expire_tasks, clock=clock),
        run_leased(database, name="ask_about_orders", interval_seconds=2.0, work=ask_about_orders, clock=clock),
        run_leased(database, name="send_refunds", interval_seconds=2.0, work=send_refunds, clock=clock),
        run_leased(database, name="forget_keys", interval_seconds=3_600.0, work=forget_keys, clock=clock),
        services.tasks.run_poller(),
        run_leased(database, name="watch_accounts", interval_seconds=60.0, work=watch_accounts, clock=clock),
        run_leased(database, name="add_up_spending", interval_seconds=60.0, work=add_up_spending, clock=clock),
        run_leased(database, name="watch_credit", interval_seconds=600.0, work=watch_credit, clock=clock),
        run_leased(
            database, name="clean_notifications", interval_seconds=3_600.0, work=clean_notifications, clock=clock
        ),
        run_leased(database, name="clean_sign_in", interval_seconds=600.0, work=clean_sign_in, clock=clock),
        services.notify.run(),
        run_leased(database, name="clean_minutes", interval_seconds=600.0, work=clean, clock=clock),
        refresh(),
        load_scanner(),
        write_refused_counts(services.intake),
        tell_of_exposed_keys(services.intake),
        run_leased(database, name=CASE_DIAGNOSIS, interval_seconds=1.0, work=diagnose_cases, clock=clock),
        run_leased(database, name="watch_cases", interval_seconds=15.0, work=watch_cases, clock=clock),
        run_leased(database, name="case_settlements", interval_seconds=60.0, work=follow_settlements, clock=clock),
    ]
