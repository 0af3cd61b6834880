"""What goes back, and what staff decides: refunds, payments that staff has seen, disputes by hand. All by approval.

A refund takes the money out of the wallet first, in the transaction of its approval, and then asks the provider, as often
as it needs; where the provider refuses for good, the customer has the money again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from counterfoil.approvals.model import Approval, ApprovalAction
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import MICROS_PER_SECOND, Clock
from counterfoil.foundation.currencies import floor_to_minor, minor_digits, to_minor
from counterfoil.foundation.errors import Conflict, CounterfoilError, InputError, LedgerRefused, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.ledger.service import Ledger
from counterfoil.observability import log
from counterfoil.recharge import refunds_store, rules, store
from counterfoil.recharge.model import (
    Dispute,
    DisputeState,
    Order,
    OrderRefund,
    OrderSource,
    OrderState,
    RefundState,
    Report,
    Said,
)
from counterfoil.recharge.numbers import Numbers, PaymentNumber
from counterfoil.recharge.order_work import ORDER_SOURCE
from counterfoil.recharge.people import check_person, check_reason
from counterfoil.recharge.providers.port import (
    Provider,
    RefundAnswer,
    RefundOutcome,
    RefundRequest,
    Rejected,
)
from counterfoil.recharge.providers_service import PaymentProviders
from counterfoil.recharge.service import Orders
from counterfoil.recharge.settlement import Settlement
from counterfoil.storage.database import Database

_BATCH = 50
SHOWN_MAX = 10_000
# Longer than a provider is given to answer: nobody else takes up a refund while one is asking.
_CLAIM_SECONDS = 120
_NUMBER_MAX = 100
_REFUNDABLE = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED})
_SAID_OF = {
    DisputeState.OPEN: Said.DISPUTE_OPENED,
    DisputeState.WON: Said.DISPUTE_WON,
    DisputeState.LOST: Said.DISPUTE_LOST,
}

# Why a call was not made at all, as adapters say it.
_NOTHING_SENT = frozenset({"not_connected", "not_configured"})
_STATE_OF = {
    RefundOutcome.SUCCEEDED: RefundState.SUCCEEDED,
    RefundOutcome.FAILED: RefundState.FAILED,
    RefundOutcome.PENDING: RefundState.SENT,
}


class Refunds:
    """Proposes, sends and follows refunds; and does for an order what staff has found out about it."""

    def __init__(
        self,
        database: Database,
        *,
        ledger: Ledger,
        clock: Clock,
        providers: PaymentProviders,
        orders: Orders,
        approvals: Approvals,
        numbers: Numbers,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock
        self._providers = providers
        self._orders = orders
        self._approvals = approvals
        self._numbers = numbers
        self._settlement = Settlement(ledger, clock=clock, numbers=numbers)
        approvals.register(ApprovalAction.ORDER_REFUND, self._carry_out_refund)
        approvals.register(ApprovalAction.ORDER_CONFIRM, self._carry_out_confirmation)
        approvals.register(ApprovalAction.ORDER_DISPUTE, self._carry_out_dispute)

    # -- proposals ---------------------------------------------------------------------------------------------------

    async def refundable(self, order_id: UUID) -> int:
        """How much of an order could be refunded now, in nanos of what was paid, in whole smallest units."""
        async with self._database.unit_of_work() as connection:
            order = await _locked(connection, order_id)
            if order.state not in _REFUNDABLE:
                return 0
            left = await self._ledger.session(connection).refundable(
                order.account_id, source_kind=ORDER_SOURCE, order_id=show_id("order", order_id)
            )
        return floor_to_minor(rules.to_give_back(order, left), minor_digits(order.currency))

    async def propose(self, order_id: UUID, *, source_id: str, amount: int | None, reason: str, by: str) -> Approval:
        """Propose to refund an order, or `amount` nanos of what was paid (None: all that may go); once approved, the money
        leaves the wallet and the provider is asked.

        `source_id` names what it is for, such as a ticket: the same again is the same refund, whatever has become of it.
        Raises `Conflict` (`order_not_refundable`), `LedgerRefused` (`refund_exceeds_credit`), `InputError`.
        """
        order = await self._orders.order(order_id)
        source_hash = self.source_hash(order, source_id)
        async with self._database.reading() as connection:
            known = await refunds_store.find_refund_of_source(connection, order_id, source_hash=source_hash)
        if known is not None and known.approval_id is not None:
            return await self._approvals.find(known.approval_id)
        if order.state not in _REFUNDABLE:
            raise Conflict(code="order_not_refundable", order=show_id("order", order_id), state=str(order.state))
        most = await self.refundable(order_id)
        amount = most if amount is None else amount
        if amount <= 0:
            raise LedgerRefused(code="nothing_to_refund", refundable_nanos=most)
        if amount > most:
            raise LedgerRefused(code="refund_exceeds_credit", refundable_nanos=most, asked_nanos=amount)
        to_minor(amount, minor_digits(order.currency))
        return await self._approvals.propose(
            action=ApprovalAction.ORDER_REFUND, subject=show_id("order", order_id), account_id=order.account_id,
            amount=amount, currency=order.currency, reason=check_reason(reason), by=check_person(by),
            payload={"order": order.order_id.hex, "amount_nanos": amount, "source_hash": source_hash.hex()},
        )  # fmt: skip

    def source_hash(self, order: Order, source_id: str) -> bytes:
        """What a refund of an order is known by to be the same one again; raises `InputError`."""
        source_id = source_id.strip()
        if not (1 <= len(source_id) <= _NUMBER_MAX and source_id.isprintable()):
            raise InputError(field="source_id", expected=f"1 to {_NUMBER_MAX} printable characters")
        return self._numbers.hash("refund source", order.number, source_id)

    async def propose_confirmation(self, order_id: UUID, *, number: str, reason: str, by: str) -> Approval:
        """Propose to credit an order whose payment somebody has seen: `number` is the provider's or the bank's reference.

        A notice that comes later with the same number finds it credited.
        """
        order = await self._orders.order(order_id)
        if order.state.is_credited:
            raise Conflict(code="order_already_paid", order=show_id("order", order_id))
        number_hash, mask = self.payment_of(order, number)
        return await self._approvals.propose(
            action=ApprovalAction.ORDER_CONFIRM, subject=show_id("order", order_id), account_id=order.account_id,
            amount=order.amount, currency=order.currency, reason=check_reason(reason), by=check_person(by),
            payload={"order": order.order_id.hex, "number_hash": number_hash.hex(), "number": mask},
        )  # fmt: skip

    def payment_of(self, order: Order, number: str) -> tuple[bytes, str]:
        """What a payment of an order is known by, and its mask, from the provider's or the bank's own number; raises
        `InputError`."""
        number = number.strip()
        if not (1 <= len(number) <= _NUMBER_MAX and number.isprintable()):
            raise InputError(field="number", expected=f"1 to {_NUMBER_MAX} printable characters")
        kept = self._numbers.payment(order.provider, number)
        return kept.hash, kept.mask

    async def propose_dispute(self, order_id: UUID, *, state: DisputeState, reason: str, by: str) -> Approval:
        """Propose to record that an order's payment is disputed, or how the dispute has ended, where no notice says so."""
        order = await self._orders.order(order_id)
        if not order.state.is_credited:
            raise Conflict(code="order_not_paid", order=show_id("order", order_id), state=str(order.state))
        return await self._approvals.propose(
            action=ApprovalAction.ORDER_DISPUTE, subject=show_id("order", order_id), account_id=order.account_id,
            amount=order.amount, currency=order.currency, reason=check_reason(reason), by=check_person(by),
            payload={"order": order.order_id.hex, "state": str(state)},
        )  # fmt: skip

    async def refund_within(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        """Carry out somebody else's approval of a refund, in its transaction: the payload names `order`, `amount_nanos` and
        `source_hash`. Raises as `propose`, and `Conflict` (`refund_repeated`)."""
        await self._carry_out_refund(connection, approval)

    async def confirm_within(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        """Credit an order by somebody else's approval, in its transaction: the payload names `order`, `number_hash` and
        `number` (its mask). Raises `Conflict` (`order_not_changed`)."""
        await self._carry_out_confirmation(connection, approval)

    async def _carry_out_refund(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        order = await _locked(connection, UUID(hex=approval.payload["order"]))
        if order.state not in _REFUNDABLE:
            raise Conflict(code="order_not_refundable", order=approval.subject, state=str(order.state))
        amount: int = approval.payload["amount_nanos"]
        work = await self._settlement.work_on(connection, order, source=OrderSource.STAFF, by=approval.decided_by)
        if rules.standing(work.refunds) + amount > order.amount:
            left = order.amount - rules.standing(work.refunds)
            raise LedgerRefused(code="refund_exceeds_credit", refundable_nanos=left, asked_nanos=amount)
        now = self._clock.now()
        refund = OrderRefund(
            refund_id=approval.approval_id, order_id=order.order_id, account_id=order.account_id,
            state=RefundState.SENDING, amount=amount, taken=0, external=False, reason=approval.reason,
            requested_by=approval.proposed_by, approval_id=approval.approval_id, created_at=now, next_try_at=now,
        )  # fmt: skip
        source_hash = bytes.fromhex(approval.payload["source_hash"])
        if await refunds_store.find_refund_of_source(connection, order.order_id, source_hash=source_hash) is not None:
            raise Conflict(code="refund_repeated", order=approval.subject)
        await work.take_for_refund(refund, source_hash=source_hash)
        await work.catch_up()
        await work.write("refund_approved", {"amount_nanos": amount, "currency": order.currency})

    async def _carry_out_confirmation(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        row = await _locked(connection, UUID(hex=approval.payload["order"]))
        report = Report(
            said=Said.PAID, order_id=row.order_id, amount=row.amount, currency=row.currency,
            number=approval.payload["number"], raw="confirmed",
        )  # fmt: skip
        payment = PaymentNumber(hash=bytes.fromhex(approval.payload["number_hash"]), mask=approval.payload["number"])
        await self._apply_by_staff(connection, row, report, approval, payment=payment)

    async def _carry_out_dispute(self, connection: AsyncConnection[Any], approval: Approval) -> None:
        row = await _locked(connection, UUID(hex=approval.payload["order"]))
        report = Report(
            said=_SAID_OF[DisputeState(approval.payload["state"])], order_id=row.order_id, amount=row.amount,
            currency=row.currency, dispute_number=f"staff:{approval.approval_id.hex}", raw="by_staff",
        )  # fmt: skip
        await self._apply_by_staff(connection, row, report, approval, payment=None)

    async def _apply_by_staff(
        self,
        connection: AsyncConnection[Any],
        order: Order,
        report: Report,
        approval: Approval,
        *,
        payment: PaymentNumber | None,
    ) -> None:
        settled = await self._settlement.apply(
            connection, report, provider=order.provider, merchant="", source=OrderSource.STAFF, by=approval.decided_by,
            payment=payment,
        )  # fmt: skip
        if not settled.outcome.is_accepted:
            raise Conflict(code="order_not_changed", order=approval.subject, outcome=str(settled.outcome))

    # -- boards ------------------------------------------------------------------------------------------------------

    async def refunds(
        self, *, state: RefundState | None = None, is_open: bool = False, before: UUID | None = None, most: int = 50
    ) -> list[OrderRefund]:
        """Refunds of all orders, newest first; `is_open`: only those that have not ended."""
        async with self._database.reading() as connection:
            return await refunds_store.read_latest_refunds(
                connection, state=state, is_open=is_open, before=before, most=max(1, min(most, SHOWN_MAX))
            )

    async def disputes(
        self, *, state: DisputeState | None = None, before: UUID | None = None, most: int = 50
    ) -> list[Dispute]:
        """Disputes of all orders, newest first."""
        async with self._database.reading() as connection:
            return await refunds_store.read_latest_disputes(
                connection, state=state, before=before, most=max(1, min(most, SHOWN_MAX))
            )

    # -- sending -----------------------------------------------------------------------------------------------------

    async def send_due(self) -> int:
        """Ask providers for the refunds that are due, or what has become of them; how many are done."""
        done = 0
        while True:
            now = self._clock.now()
            async with self._database.unit_of_work() as connection:
                claimed = await refunds_store.claim_refunds(
                    connection, now=now, until=now + _CLAIM_SECONDS * MICROS_PER_SECOND, most=_BATCH
                )
            for refund in claimed:
                try:
                    done += await self._send(refund) is RefundState.SUCCEEDED
                except (CounterfoilError, psycopg.Error) as error:
                    # It is tried again when its claim has run out.
                    log.error("refund_not_sent", refund=refund.refund_id.hex, error=type(error).__name__)
            if len(claimed) < _BATCH:
                return done

    async def _send(self, refund: OrderRefund) -> RefundState:
        order = await self._orders.order(refund.order_id)
        adapter = await self._providers.adapter(order.provider)
        if refund.state is RefundState.SENDING and refund.tries > 1 and not adapter.repeats_refunds_safely:
            # Somebody has asked before and did not live to say what was answered: asking again might pay twice.
            return await self._finish(order, refund, state=RefundState.UNKNOWN)
        request = await self._request(order, refund)
        again_at: int | None = rules.next_refund_try(max(1, refund.tries), now=self._clock.now())
        try:
            answer = await self._ask(adapter, refund, request)
        except Rejected as error:
            reason = str(error.parameters.get("reason", error.code))
            answer = RefundAnswer(outcome=RefundOutcome.FAILED, reason=reason)
        except CounterfoilError as error:
            log.warning("refund_unanswered", refund=refund.refund_id.hex, reason=error.code)
            answer = None
            if error.parameters.get("reason") in _NOTHING_SENT:
                # As if nobody had tried.
                return await self._finish(order, replace(refund, tries=0), state=refund.state, again_at=again_at)
        state = _state_after(refund, answer, repeats_safely=adapter.repeats_refunds_safely)
        # Nobody can be asked about one that staff sends, or that may have been sent twice: staff says how it went.
        if not adapter.can_query or state is RefundState.UNKNOWN:
            again_at = None
        return await self._finish(order, refund, state=state, answer=answer, again_at=again_at)

    async def _ask(self, adapter: Provider, refund: OrderRefund, request: RefundRequest) -> RefundAnswer:
        if refund.state is RefundState.SENT:
            return await adapter.query_refund(request)
        return await adapter.refund(request)

    async def _request(self, order: Order, refund: OrderRefund) -> RefundRequest:
        async with self._database.reading() as connection:
            number = await store.read_number(connection, order.order_id)
            refund_number = await refunds_store.read_refund_number(connection, refund.refund_id)
        return RefundRequest(
            refund_id=refund.refund_id, order_id=order.order_id, amount=refund.amount, order_amount=order.amount,
            currency=order.currency, notify_url=self._orders.pay_request(order, None).notify_url,
            provider_number=self._numbers.unseal("payment", number),
            refund_number=self._numbers.unseal("refund", refund_number),
        )  # fmt: skip

    async def _finish(
        self,
        order: Order,
        refund: OrderRefund,
        *,
        state: RefundState,
        answer: RefundAnswer | None = None,
        again_at: int | None = None,
    ) -> RefundState:
        """Record what a provider has answered; a notice may have told meanwhile, and then stands."""
        number = None if answer is None else answer.refund_number
        async with self._database.unit_of_work() as connection:
            work = await self._settlement.work_on(
                connection, await _locked(connection, order.order_id), source=OrderSource.QUERY, by=None
            )
            kept = next(one for one in work.refunds if one.refund_id == refund.refund_id)
            if kept.state in (RefundState.SUCCEEDED, RefundState.FAILED):
                return kept.state
            match state:
                case RefundState.SUCCEEDED:
                    await work.finish_refund(kept, number=number)
                case RefundState.FAILED:
                    await work.undo_refund(kept, failure=(answer.reason if answer else None) or "rejected")
                case _:
                    waiting = replace(kept, state=state, tries=refund.tries, next_try_at=again_at)
                    await work.await_refund(waiting, number=number)
            await work.catch_up()
            if state is not kept.state:
                await work.write(f"refund_{state}", {"amount_nanos": refund.amount, "currency": order.currency})
        return state

    async def settle_by_staff(self, refund_id: UUID, *, state: RefundState, by: str) -> OrderRefund:
        """Say how a refund went that nobody can be asked about: `succeeded` or `failed`.

        Raises `Conflict` (`refund_ended`) where that is known already.
        """
        if state not in (RefundState.SUCCEEDED, RefundState.FAILED):
            raise InputError(field="state", expected="succeeded or failed")
        async with self._database.unit_of_work() as connection:
            found = await refunds_store.read_refund(connection, refund_id)
            if found is None:
                raise NotFound(code="refund_not_found", refund=show_id("refund", refund_id))
            order = await _locked(connection, found.order_id)
            work = await self._settlement.work_on(connection, order, source=OrderSource.STAFF, by=check_person(by))
            refund = next(one for one in work.refunds if one.refund_id == refund_id)
            if refund.state not in (RefundState.SENDING, RefundState.SENT, RefundState.UNKNOWN):
                raise Conflict(code="refund_ended", refund=show_id("refund", refund_id), state=str(refund.state))
            if state is RefundState.SUCCEEDED:
                await work.finish_refund(refund, number=None)
            else:
                await work.undo_refund(refund, failure="by_staff")
            await work.catch_up()
            await work.write(f"refund_{state}", {"amount_nanos": refund.amount, "currency": order.currency})
            return next(one for one in work.refunds if one.refund_id == refund_id)


def _state_after(refund: OrderRefund, answer: RefundAnswer | None, *, repeats_safely: bool) -> RefundState:
    """Where a refund is after its provider was asked; None: it has not answered."""
    if answer is not None and answer.outcome is not RefundOutcome.ABSENT:
        return _STATE_OF[answer.outcome]
    if repeats_safely:
        return refund.state if answer is None else RefundState.SENDING
    # Asking about one that was taken on does no harm; sending it again might.
    return RefundState.SENT if answer is None and refund.state is RefundState.SENT else RefundState.UNKNOWN


async def _locked(connection: AsyncConnection[Any], order_id: UUID) -> Order:
    order = await store.lock_order(connection, order_id)
    if order is None:
        raise NotFound(code="order_not_found", order=show_id("order", order_id))
    return order
