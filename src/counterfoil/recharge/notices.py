"""What providers say of orders: notices that they send, and answers when they are asked.

A provider is told "success" once what its notice says has committed, and not before; whatever goes wrong before that, it
sends again. Where no notice comes, it is asked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
from psycopg import AsyncConnection

from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.errors import CounterfoilError, Forbidden, InputError
from counterfoil.foundation.ids import show_id
from counterfoil.ledger.service import Ledger
from counterfoil.observability import PAYMENT_NOTICES, log
from counterfoil.recharge import rules, store
from counterfoil.recharge.model import Notice, Order, OrderSource, OrderState, Report, Said
from counterfoil.recharge.numbers import Numbers, mask_number
from counterfoil.recharge.providers.port import Provider, RawNotice, Reply
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.service import Orders
from counterfoil.recharge.settlement import Settled, Settlement
from counterfoil.storage.database import Database

# Orders that are asked about in one round.
_QUERY_BATCH = 100
# Refused notices of one provider that are kept per minute and process; more are counted. Whoever sends forged ones must
# not be able to fill a table.
REFUSED_KEPT_PER_MINUTE = 60
_MINUTE = 60 * MICROS_PER_SECOND


class Notices:
    """Takes in what providers say, and asks them."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        clock: Clock,
        providers: PaymentProviders,
        orders: Orders,
        numbers: Numbers,
    ) -> None:
        self._database = database
        self._clock = clock
        self._providers = providers
        self._orders = orders
        self._numbers = numbers
        self._settlement = Settlement(ledger, clock=clock, numbers=numbers)
        # Per provider: the minute, and how many refused notices were kept in it.
        self._kept: dict[str, tuple[int, int]] = {}

    async def accept(self, provider: str, raw: RawNotice) -> Reply:
        """Take in a notice; what to answer its sender. Raises `NotFound` where there is no such provider."""
        adapter = await self._providers.adapter(provider)
        try:
            report = adapter.read_notice(raw, now=self._clock.now())
        except (Forbidden, InputError) as error:
            log.warning("payment_notice_refused", provider=provider, reason=error.code)
            await self._keep_refused(provider, raw, error)
            PAYMENT_NOTICES.labels(outcome=error.code).inc()
            return adapter.reply(accepted=False)
        try:
            settled = await self._apply(adapter, report, raw)
        except (CounterfoilError, psycopg.Error) as error:
            # Nothing of it has been kept, or we cannot know: it is sent again, and is then found to be repeated.
            code = error.code if isinstance(error, CounterfoilError) else type(error).__name__
            log.error("payment_notice_failed", provider=provider, said=str(report.said), reason=code)
            PAYMENT_NOTICES.labels(outcome="failed").inc()
            return adapter.reply(accepted=False)
        PAYMENT_NOTICES.labels(outcome=str(settled.outcome)).inc()
        if not settled.outcome.is_accepted:
            log.warning("payment_notice_not_accepted", provider=provider, outcome=str(settled.outcome))
        return adapter.reply(accepted=settled.outcome.is_accepted)

    async def _apply(self, adapter: Provider, report: Report, raw: RawNotice) -> Settled:
        config = adapter.config
        async with self._database.unit_of_work() as connection:
            settled = await self._settlement.apply(
                connection, report, provider=config.name, merchant=config.merchant, source=OrderSource.NOTICE
            )
            if report.said is not Said.NOTHING:
                await self._keep(connection, config.name, raw, report, settled)
        return settled

    async def _keep(
        self, connection: AsyncConnection[Any], provider: str, raw: RawNotice, report: Report, settled: Settled
    ) -> None:
        order, now = settled.order, self._clock.now()
        facts: dict[str, Any] = {"raw": report.raw[:60]}
        if report.amount is not None:
            facts |= {"amount_nanos": report.amount, "currency": report.currency}
        if report.number is not None:
            facts["number"] = mask_number(report.number)
        notice = Notice(
            notice_id=self._clock.new_id(), provider=provider, order_id=None if order is None else order.order_id,
            account_id=None if order is None else order.account_id, first_at=now, last_at=now, arrivals=1,
            said=report.said, outcome=str(settled.outcome), accepted=settled.outcome.is_accepted, facts=facts,
        )  # fmt: skip
        await store.keep_notice(connection, notice, body_hash=self._hash(raw))

    async def _keep_refused(self, provider: str, raw: RawNotice, error: CounterfoilError) -> None:
        now = self._clock.now()
        minute, kept = self._kept.get(provider, (0, 0))
        kept = kept if minute == now // _MINUTE else 0
        if kept >= REFUSED_KEPT_PER_MINUTE:
            return
        self._kept[provider] = (now // _MINUTE, kept + 1)
        # Nothing of what it says is believed, so nothing of it is kept.
        notice = Notice(
            notice_id=self._clock.new_id(), provider=provider, order_id=None, account_id=None, first_at=now, last_at=now,
            arrivals=1, said=None, outcome=error.code, accepted=False, facts={"bytes": len(raw.body) + len(raw.query)},
        )  # fmt: skip
        try:
            async with self._database.unit_of_work() as connection:
                await store.keep_notice(connection, notice, body_hash=self._hash(raw))
        except (CounterfoilError, psycopg.Error) as failure:
            log.error("payment_notice_not_kept", provider=provider, error=type(failure).__name__)

    def _hash(self, raw: RawNotice) -> bytes:
        return self._numbers.hash_bytes("notice", raw.method.encode(), raw.query.encode("utf-8", "replace"), raw.body)

    async def notices(
        self, *, provider: str | None = None, refused: bool = False, before: int | None = None, most: int = 100
    ) -> list[Notice]:
        """Notices that came last before a time, latest first; `refused`: only those that were not accepted."""
        async with self._database.reading() as connection:
            return await store.read_notices(
                connection, order_id=None, provider=provider, refused=refused,
                before=2**63 - 1 if before is None else before, most=min(most, 10_000),
            )  # fmt: skip

    # -- asking ------------------------------------------------------------------------------------------------------

    async def ask_due(self) -> int:
        """Ask about every order that is due; how many were credited by what was answered."""
        credited = 0
        while True:
            async with self._database.reading() as connection:
                due = await store.due_for_query(connection, now=self._clock.now(), most=_QUERY_BATCH)
            for order_id in due:
                async with self._database.unit_of_work() as connection:
                    order = await self._claim(connection, await store.lock_order(connection, order_id))
                if order is not None and await self._ask(order) is rules.Outcome.CREDITED:
                    credited += 1
            if len(due) < _QUERY_BATCH:
                return credited

    async def ask(self, order: Order) -> rules.Outcome:
        """Ask a provider how an order stands, now; raises `Unavailable` where it does not answer."""
        adapter = await self._providers.adapter(order.provider)
        report = await self._query(adapter, order)
        async with self._database.unit_of_work() as connection:
            settled = await self._settlement.apply(
                connection, report, provider=order.provider, merchant=adapter.config.merchant, source=OrderSource.QUERY
            )
        return settled.outcome

    async def _claim(self, connection: AsyncConnection[Any], order: Order | None) -> Order | None:
        """The order with the time of its next question, so that nobody else asks this one."""
        now = self._clock.now()
        if order is None or order.next_query_at is None or order.next_query_at > now:
            return None
        claimed = replace(order, queries=order.queries + 1)
        claimed = replace(claimed, next_query_at=rules.next_query(claimed, now=now))
        await store.update_order(connection, claimed)
        return claimed

    async def _ask(self, order: Order) -> rules.Outcome | None:
        try:
            return await self.ask(order)
        except (CounterfoilError, psycopg.Error) as error:
            reason = error.code if isinstance(error, CounterfoilError) else type(error).__name__
            log.warning("order_not_asked", order=show_id("order", order.order_id), reason=reason)
            return None

    async def _query(self, adapter: Provider, order: Order) -> Report:
        """What the provider says; for one that cannot be asked, and for an order nobody has begun to pay: nothing."""
        if order.state is OrderState.CREATED or not adapter.can_query:
            return Report(said=Said.ABSENT, order_id=order.order_id)
        async with self._database.reading() as connection:
            sealed = await store.read_number(connection, order.order_id)
        request = self._orders.pay_request(order, self._numbers.unseal("payment", sealed))
        report = await adapter.query(request)
        if report.said is Said.PENDING and self._clock.now() >= order.expires_at:
            await self._orders.close_at_provider(order, request.provider_number)
        return replace(report, order_id=order.order_id)
