"""What a report does to an order and to the ledger, in one transaction: a paid order *is* a credited order.

The order's row is locked first, its account second (DESIGN §5, "Locking"). Everything here happens inside the caller's
unit of work, and does no I/O but the database's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.ledger.service import Ledger
from counterfoil.recharge import refunds_store, rules, store
from counterfoil.recharge.model import (
    DisputeState,
    Order,
    OrderSource,
    RefundState,
    Report,
    Said,
)
from counterfoil.recharge.numbers import Numbers, PaymentNumber
from counterfoil.recharge.order_work import OrderWork
from counterfoil.recharge.rules import Known, Outcome

Connection = AsyncConnection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a report; `order` is None where none is named that exists here."""

    outcome: Outcome
    order: Order | None


class Settlement:
    """Applies what providers and staff say of orders."""

    def __init__(self, ledger: Ledger, *, clock: Clock, numbers: Numbers) -> None:
        self._ledger = ledger
        self._clock = clock
        self._numbers = numbers

    async def apply(
        self,
        connection: Connection,
        report: Report,
        *,
        provider: str,
        merchant: str,
        source: OrderSource,
        by: str | None = None,
        payment: PaymentNumber | None = None,
    ) -> Settled:
        """Record what a report says and do what follows. `payment` replaces the report's number where only its hash is
        known. Raises what the ledger raises, after which the transaction must be rolled back."""
        if payment is None and report.number is not None:
            payment = self._numbers.payment(provider, report.number)
        order = await self._find(connection, report, provider=provider, payment=payment)
        if order is None:
            return Settled(
                outcome=Outcome.IGNORED if report.said is Said.NOTHING else Outcome.ORDER_UNKNOWN, order=None
            )
        if order.provider != provider:
            return Settled(outcome=Outcome.OTHER_PROVIDER, order=None)
        known = await self._known(connection, order, report, payment=payment, source=source)
        decision = rules.judge(order, report, known, merchant=merchant, now=self._clock.now())
        work = OrderWork(
            connection,
            order,
            known,
            ledger=self._ledger,
            clock=self._clock,
            numbers=self._numbers,
            source=source,
            by=by,
        )
        await work.carry_out(decision, report, payment)
        return Settled(outcome=decision.outcome, order=work.order)

    async def work_on(self, connection: Connection, order: Order, *, source: OrderSource, by: str | None) -> OrderWork:
        """Work on a locked order that no report asks for."""
        known = Known(
            refunds=await refunds_store.read_refunds(connection, order.order_id),
            disputes=await refunds_store.read_disputes(connection, order.order_id),
        )
        return OrderWork(
            connection,
            order,
            known,
            ledger=self._ledger,
            clock=self._clock,
            numbers=self._numbers,
            source=source,
            by=by,
        )

    async def _find(
        self, connection: Connection, report: Report, *, provider: str, payment: PaymentNumber | None
    ) -> Order | None:
        order_id = report.order_id
        if order_id is None and payment is not None:
            # Refunds and disputes often name the payment alone.
            paid = await store.read_payment(connection, provider=provider, number_hash=payment.hash)
            order_id = None if paid is None else paid[0]
        return None if order_id is None else await store.lock_order(connection, order_id)

    async def _known(
        self,
        connection: Connection,
        order: Order,
        report: Report,
        *,
        payment: PaymentNumber | None,
        source: OrderSource,
    ) -> Known:
        refunds = await refunds_store.read_refunds(connection, order.order_id)
        refund = next((one for one in refunds if one.refund_id == report.refund_id), None)
        if refund is None and report.refund_number is not None:
            refund = await refunds_store.find_refund(
                connection,
                order.order_id,
                number_hash=self._numbers.hash("refund", order.provider, report.refund_number),
            )
        if refund is not None and refund.state is RefundState.FAILED:
            again = await refunds_store.find_refund(
                connection,
                order.order_id,
                number_hash=self._numbers.hash("again", order.provider, refund.refund_id.hex),
            )
            refund = again or refund
        disputes = await refunds_store.read_disputes(connection, order.order_id)
        dispute = None
        if source is OrderSource.STAFF:
            # Staff has no number of the bank's: it speaks of the dispute that is open, whoever told of it.
            dispute = next((one for one in disputes if one.state is DisputeState.OPEN), None)
        if dispute is None and report.dispute_number is not None:
            dispute = await refunds_store.find_dispute(
                connection,
                order.order_id,
                number_hash=self._numbers.hash("dispute", order.provider, report.dispute_number),
            )
        paid = None
        if payment is not None:
            paid = await store.read_payment(connection, provider=order.provider, number_hash=payment.hash)
        return Known(
            paid_by_number=paid == (order.order_id, True),
            number_is_taken=paid is not None and paid[0] != order.order_id,
            number_is_uncredited=paid == (order.order_id, False),
            refunds=refunds,
            disputes=disputes,
            refund=refund,
            dispute=dispute,
        )
