"""One order under its lock, and what is done to it and to the ledger in one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.ledger.model import (
    CLEARING_PREFIX,
    PROMOTIONS,
    Credit,
    Freeze,
    Grant,
    GrantKind,
    GrantSpec,
    GrantState,
    RefundCash,
    RestoreCash,
    Unfreeze,
)
from counterfoil.ledger.service import Ledger
from counterfoil.recharge import refunds_store, rules, store
from counterfoil.recharge.model import (
    Dispute,
    DisputeState,
    Order,
    OrderEvent,
    OrderRefund,
    OrderSource,
    OrderState,
    RefundState,
    Report,
)
from counterfoil.recharge.numbers import Numbers, PaymentNumber, mask_number, mask_payer
from counterfoil.recharge.rules import Decision, Known, Outcome
from counterfoil.storage.outbox import Announcement, announce

Connection = AsyncConnection[Any]

_DAY_MICROS = 24 * 3600 * 1_000_000
_GRANT_STANDS = frozenset({"grant_ended", "grant_frozen_already", "grant_open_already"})
ORDER_SOURCE = "order"


class OrderWork:
    """One order under its lock, and what is done to it in one transaction."""

    def __init__(
        self,
        connection: Connection,
        order: Order,
        known: Known,
        *,
        ledger: Ledger,
        clock: Clock,
        numbers: Numbers,
        source: OrderSource,
        by: str | None,
    ) -> None:
        self.order = order
        self.refunds = list(known.refunds)
        self.disputes = list(known.disputes)
        self._known = known
        self._connection = connection
        self._session = ledger.session(connection)
        self._clock = clock
        self._numbers = numbers
        self._source = source
        self._by = by
        self._now = clock.now()

    async def carry_out(self, decision: Decision, report: Report, payment: PaymentNumber | None) -> None:
        """Do what was decided, and write the order with its event."""
        facts = _facts_of(report, self.order, payment)
        if decision.outcome.needs_attention and await self._was_told_before(decision.outcome, facts):
            # A provider sends on what is not accepted: somebody has been told of it, and may have seen to it already.
            return
        if decision.state is not None:
            self._change(state=decision.state)
        if decision.credit:
            assert payment is not None
            await self._credit(report, payment)
        if decision.outcome is Outcome.PAID_TWICE and payment is not None:
            await self._insert_payment(report, payment, credited=False)
        if decision.external_refund is not None:
            await self._add_external_refund(report, decision.external_refund)
        if decision.name_refund is not None:
            await self._name_refund(decision.name_refund, report)
        if decision.finish_refund is not None:
            await self.finish_refund(decision.finish_refund, number=report.refund_number)
        if decision.undo_refund is not None:
            await self.undo_refund(decision.undo_refund, failure=report.raw)
        if decision.open_dispute:
            await self._open_dispute(report)
        if decision.close_dispute is not None:
            await self._close_dispute(report, decision.close_dispute)
        if decision.outcome.needs_attention:
            await self.ask_for_attention(str(decision.outcome))
        await self.catch_up()
        if decision.outcome not in (Outcome.REPEATED, Outcome.IGNORED) and (
            decision.outcome is not Outcome.NOTED or decision.state is not None
        ):
            await self.write(str(decision.outcome), facts)

    async def _was_told_before(self, outcome: Outcome, facts: dict[str, Any]) -> bool:
        return await store.has_event(self._connection, self.order.order_id, what=str(outcome), facts=facts)

    async def write(self, what: str, facts: dict[str, Any]) -> None:
        """Write the order as it is now, with an event that says what happened."""
        next_query_at = self.order.next_query_at
        if self.order.state.is_credited or next_query_at is None or next_query_at <= self._now:
            next_query_at = rules.next_query(self.order, now=self._now)
        self._change(events=self.order.events + 1, next_query_at=next_query_at)
        await store.update_order(self._connection, self.order)
        event = OrderEvent(
            number=self.order.events, at=self._now, state=self.order.state, source=self._source, what=what, by=self._by,
            facts=facts,
        )  # fmt: skip
        await store.insert_event(self._connection, self.order, event)

    def _change(self, **changes: Any) -> None:
        self.order = replace(self.order, **changes)

    # -- the payment -------------------------------------------------------------------------------------------------

    async def _credit(self, report: Report, payment: PaymentNumber) -> None:
        order, terms = self.order, self.order.terms
        if not await self._insert_payment(report, payment, credited=True):
            # Another order got this very payment since we looked: theirs has committed, so nothing of this one may.
            raise Conflict(
                code="order_not_changed", order=show_id("order", order.order_id), outcome=str(Outcome.NUMBER_TAKEN)
            )
        grants = [GrantSpec(kind=GrantKind.PAID, amount=terms.credited, origin=CLEARING_PREFIX + order.provider)]
        if terms.bonus:
            ends = None if terms.bonus_days is None else self._now + terms.bonus_days * _DAY_MICROS
            grants.append(GrantSpec(kind=GrantKind.PROMOTIONAL, amount=terms.bonus, origin=PROMOTIONS, expires_at=ends))
        await self._session.operate(
            Credit(
                account_id=order.account_id, source_kind=ORDER_SOURCE, source_id=show_id("order", order.order_id),
                grants=tuple(grants),
            )
        )  # fmt: skip
        self._change(state=OrderState.PAID, paid_at=self._now, number_mask=payment.mask)
        if payment.sealed is not None:
            await store.keep_number(
                self._connection, order.order_id, number_hash=payment.hash, number_sealed=payment.sealed
            )
        if report.payer:
            self._change(payer_mask=mask_payer(report.payer))
            payer_hash = self._numbers.hash("payer", order.provider, report.payer.strip().casefold())
            await store.keep_payer(self._connection, order.order_id, payer_hash=payer_hash)
        await self._announce("order_credited", order.order_id, **self._amounts())

    async def _insert_payment(self, report: Report, payment: PaymentNumber, *, credited: bool) -> bool:
        assert report.amount is not None
        assert report.currency is not None
        return await store.insert_payment(
            self._connection, self.order, number_hash=payment.hash, credited=credited, amount=report.amount,
            currency=report.currency, at=self._now,
        )  # fmt: skip

    # -- what goes back ----------------------------------------------------------------------------------------------

    async def take_for_refund(self, refund: OrderRefund, *, source_hash: bytes) -> None:
        """Take a refund that was approved out of the wallet, before anybody is asked to pay it.

        Raises `LedgerRefused` where less is left of the order's money than that.
        """
        taken = rules.to_take_back(self.order, refund.amount)
        if taken:
            await self._session.operate(self._refund_cash(refund, taken, already_returned=False))
        await refunds_store.insert_refund(self._connection, replace(refund, taken=taken), source_hash=source_hash)
        self._count_refund(replace(refund, taken=taken))

    async def _add_external_refund(
        self, report: Report, amount: int, *, reason: str = rules.BY_PROVIDER, number_hash: bytes | None = None
    ) -> None:
        """Record a refund that the provider has made by itself; it is taken back when the order has been credited."""
        known, number = self._known.refund, report.refund_number
        if number_hash is None and known is not None:
            # Told along with another refund, it has no name; unless that one had failed here and went through after all.
            number = None
            if known.state is RefundState.FAILED:
                number_hash = self._numbers.hash("again", self.order.provider, known.refund_id.hex)
        elif number_hash is None and number is not None:
            number_hash = self._refund_hash(number)
        mask = None if number is None else mask_number(number)
        refund = OrderRefund(
            refund_id=self._clock.new_id(), order_id=self.order.order_id, account_id=self.order.account_id,
            state=RefundState.WAITING, amount=amount, taken=0, external=True, reason=reason, requested_by="provider",
            approval_id=None, created_at=self._now, number_mask=mask,
        )  # fmt: skip
        await refunds_store.insert_refund(self._connection, refund, number_hash=number_hash)
        self.refunds.append(refund)

    async def _name_refund(self, unnamed: OrderRefund, report: Report) -> None:
        """Give a refund its name that was known by its amount alone; what the report does not name of it stays unnamed."""
        assert report.refund_number is not None
        assert report.amount is not None
        mask, number_hash = mask_number(report.refund_number), self._refund_hash(report.refund_number)
        taken = unnamed.taken * report.amount // unnamed.amount
        named = replace(unnamed, refund_id=self._clock.new_id(), amount=report.amount, taken=taken, number_mask=mask)
        if report.amount == unnamed.amount:
            sealed = self._numbers.seal("refund", report.refund_number)
            await refunds_store.update_refund(self._connection, replace(unnamed, number_mask=mask))
            await refunds_store.keep_refund_number(
                self._connection, unnamed.refund_id, number_hash=number_hash, sealed=sealed
            )
            return
        rest = replace(unnamed, amount=unnamed.amount - named.amount, taken=unnamed.taken - taken)
        await self._replace_refund(rest)
        await refunds_store.insert_refund(self._connection, named, number_hash=number_hash)
        self.refunds.append(named)

    def _refund_hash(self, number: str) -> bytes:
        return self._numbers.hash("refund", self.order.provider, number)

    async def finish_refund(self, refund: OrderRefund, *, number: str | None) -> None:
        """A refund of ours is done."""
        done = replace(refund, state=RefundState.SUCCEEDED, ended_at=self._now, next_try_at=None, failure=None)
        await self._keep_refund(done, number)
        await self._announce("order_refunded", refund.refund_id, **self._amounts(refund=refund.amount))

    async def await_refund(self, refund: OrderRefund, *, number: str | None) -> None:
        """A refund of ours whose outcome is to come, or that nobody knows."""
        await self._keep_refund(refund, number)
        if refund.state is RefundState.UNKNOWN:
            await self.ask_for_attention("refund_unknown")

    async def _keep_refund(self, refund: OrderRefund, number: str | None) -> None:
        if number is not None:
            refund = replace(refund, number_mask=mask_number(number))
            await refunds_store.keep_refund_number(
                self._connection, refund.refund_id, sealed=self._numbers.seal("refund", number),
                number_hash=self._refund_hash(number),
            )  # fmt: skip
        await self._replace_refund(refund)

    async def undo_refund(self, refund: OrderRefund, *, failure: str) -> None:
        """The provider has refused a refund of ours: what was taken for it is the customer's again."""
        if refund.taken:
            await self._session.operate(
                RestoreCash(
                    account_id=self.order.account_id, source_id=refund.refund_id.hex, source_kind=ORDER_SOURCE,
                    order_id=show_id("order", self.order.order_id),
                )
            )  # fmt: skip
        failed = replace(refund, state=RefundState.FAILED, ended_at=self._now, next_try_at=None, failure=failure[:100])
        await self._replace_refund(failed)
        self._change(refunded=self.order.refunded - refund.amount, taken_back=self.order.taken_back - refund.taken)
        await self.ask_for_attention("refund_failed")

    def _refund_cash(self, refund: OrderRefund, taken: int, *, already_returned: bool) -> RefundCash:
        return RefundCash(
            account_id=self.order.account_id, source_id=refund.refund_id.hex, source_kind=ORDER_SOURCE,
            order_id=show_id("order", self.order.order_id), amount=taken, already_returned=already_returned,
        )  # fmt: skip

    def _count_refund(self, refund: OrderRefund) -> None:
        self.refunds = [one for one in self.refunds if one.refund_id != refund.refund_id] + [refund]
        self._change(refunded=self.order.refunded + refund.amount, taken_back=self.order.taken_back + refund.taken)

    async def _replace_refund(self, refund: OrderRefund) -> None:
        await refunds_store.update_refund(self._connection, refund)
        self.refunds = [refund if one.refund_id == refund.refund_id else one for one in self.refunds]

    # -- disputes ----------------------------------------------------------------------------------------------------

    async def _open_dispute(self, report: Report) -> None:
        assert report.dispute_number is not None
        assert report.amount is not None
        dispute = Dispute(
            dispute_id=self._clock.new_id(), order_id=self.order.order_id, account_id=self.order.account_id,
            state=DisputeState.OPEN, amount=report.amount, number_mask=mask_number(report.dispute_number),
            opened_at=self._now,
        )  # fmt: skip
        number_hash = self._numbers.hash("dispute", self.order.provider, report.dispute_number)
        await refunds_store.insert_dispute(self._connection, dispute, number_hash=number_hash)
        self.disputes.append(dispute)
        await self._announce("order_disputed", dispute.dispute_id, **self._amounts())

    async def _close_dispute(self, report: Report, state: DisputeState) -> None:
        dispute = self._known.dispute or self.disputes[-1]
        await refunds_store.end_dispute(self._connection, dispute.dispute_id, state=state, at=self._now)
        self.disputes = [
            replace(one, state=state, ended_at=self._now) if one.dispute_id == dispute.dispute_id else one
            for one in self.disputes
        ]
        if state is DisputeState.LOST:
            # The bank has taken the money. What has gone back before is not taken a second time.
            amount = min(dispute.amount, self.order.amount - rules.standing(self.refunds))
            if amount < dispute.amount:
                await self.ask_for_attention(str(Outcome.REFUND_EXCEEDS_PAYMENT))
            if amount > 0:
                number_hash = self._numbers.hash("lost", self.order.provider, dispute.dispute_id.hex)
                await self._add_external_refund(report, amount, reason=rules.DISPUTE_LOST, number_hash=number_hash)

    # -- what the facts make necessary -------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Take back what has gone back, freeze what is disputed, thaw what no longer is; nothing before the payment."""
        if not self.order.state.is_credited:
            return
        for refund in [one for one in self.refunds if one.state is RefundState.WAITING]:
            await self._take_back(refund)
        await self._freeze_or_thaw()
        self._change(state=rules.credited_state(self.order, self.refunds, self.disputes))

    async def _take_back(self, refund: OrderRefund) -> None:
        taken = rules.to_take_back(self.order, refund.amount)
        if taken:
            operated = await self._session.operate(self._refund_cash(refund, taken, already_returned=True))
            if operated.operation.answer["shortfall"]:
                await self.ask_for_attention("refund_shortfall")
        done = replace(refund, state=RefundState.SUCCEEDED, taken=taken, ended_at=self._now)
        await refunds_store.update_refund(self._connection, done)
        self._count_refund(done)
        await self._announce("order_refunded", refund.refund_id, **self._amounts(refund=refund.amount))

    async def _freeze_or_thaw(self) -> None:
        if not self.disputes:
            return
        disputed = next((one for one in self.disputes if one.state is DisputeState.OPEN), None)
        grants = await self._session.grants_of_source(
            self.order.account_id, source_kind=ORDER_SOURCE, source_id=show_id("order", self.order.order_id)
        )
        for grant in grants:
            if disputed is not None and grant.state is GrantState.OPEN:
                await self._set_frozen(grant, Freeze, disputed.dispute_id)
            elif disputed is None and grant.state is GrantState.FROZEN:
                await self._set_frozen(grant, Unfreeze, self.disputes[-1].dispute_id)

    async def _set_frozen(self, grant: Grant, command: type[Freeze | Unfreeze], dispute_id: UUID) -> None:
        try:
            await self._session.operate(
                command(account_id=self.order.account_id, grant_id=grant.grant_id, source_id=dispute_id.hex)
            )
        except Conflict as error:
            # It has fallen due a moment ago, say: there is nothing left to freeze.
            if error.code not in _GRANT_STANDS:
                raise

    # -- telling -----------------------------------------------------------------------------------------------------

    async def ask_for_attention(self, what: str) -> None:
        """Mark the order for somebody to look at, and tell operations."""
        self._change(attention=what)
        await announce(
            self._connection,
            Announcement(
                kind="order_attention", key=f"order_attention:{self.order.order_id.hex}:{what}", account_id=None,
                facts={"order": show_id("order", self.order.order_id), "what": what, **self._amounts()},
            ),
            announcement_id=self._clock.new_id(), now=self._now,
        )  # fmt: skip

    async def _announce(self, kind: str, about: UUID, **facts: str) -> None:
        announcement = Announcement(
            kind=kind, key=f"{kind}:{about.hex}", account_id=self.order.account_id,
            facts={"order": show_id("order", self.order.order_id), **facts},
        )  # fmt: skip
        await announce(self._connection, announcement, announcement_id=self._clock.new_id(), now=self._now)

    def _amounts(self, *, refund: int | None = None) -> dict[str, str]:
        order = self.order
        amounts = {
            "paid": f"{format_nanos(order.amount)} {order.currency}",
            "credited": f"{format_nanos(order.terms.credited)} {order.terms.wallet_currency}",
            "bonus": f"{format_nanos(order.terms.bonus)} {order.terms.wallet_currency}",
        }
        if refund is not None:
            amounts["refunded"] = f"{format_nanos(refund)} {order.currency}"
        return amounts


def _facts_of(report: Report, order: Order, payment: PaymentNumber | None) -> dict[str, Any]:
    """What of a report may be kept beside its event."""
    facts: dict[str, Any] = {"said": str(report.said)}
    if report.amount is not None:
        facts |= {"amount_nanos": report.amount, "currency": report.currency or order.currency}
    if payment is not None:
        facts["number"] = payment.mask
    return facts
