"""What moves money for a break: write off, credit, refund, adjust, and undo. Proposed by a person, decided by approval, and
posted together with the decision and the break's end, with the break as its cause.

A write-off moves no wallet: the difference is the operator's, and is counted where a source's clearing is added up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalState
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.ledger.model import ADJUSTMENTS, CLEARING_PREFIX, Adjust, Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.observability import log
from counterfoil.recharge.model import Order
from counterfoil.recharge.refunds import Refunds
from counterfoil.recharge.service import Orders
from counterfoil.reconcile import breaks_store, settling_rules, statements_store
from counterfoil.reconcile.desk_model import Break, BreakEventKind, Settlement, SettlementAction
from counterfoil.reconcile.model import Book
from counterfoil.reconcile.people import check_person, check_reason
from counterfoil.reconcile.settling import no_break
from counterfoil.spend.service import Spend
from counterfoil.storage.database import Connection, Database

_ACTION_OF: Mapping[SettlementAction, ApprovalAction] = {
    SettlementAction.WRITE_OFF: ApprovalAction.BREAK_WRITE_OFF,
    SettlementAction.CREDIT: ApprovalAction.BREAK_CREDIT,
    SettlementAction.REFUND: ApprovalAction.BREAK_REFUND,
    SettlementAction.ADJUST: ApprovalAction.BREAK_ADJUST,
    SettlementAction.UNDO: ApprovalAction.BREAK_UNDO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is proposed: whose money, how much of it, and what carrying it out needs."""

    account_id: UUID | None
    amount: int
    currency: str
    payload: dict[str, Any]


class MoneySettling:
    """Proposes what moves money for a break, and carries out what was approved."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        ledger: Ledger,
        approvals: Approvals,
        orders: Orders,
        refunds: Refunds,
        spend: Spend,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ledger = ledger
        self._approvals = approvals
        self._orders = orders
        self._refunds = refunds
        self._spend = spend
        approvals.register(ApprovalAction.BREAK_WRITE_OFF, self._carrier(SettlementAction.WRITE_OFF, self._write_off))
        approvals.register(ApprovalAction.BREAK_CREDIT, self._carrier(SettlementAction.CREDIT, self._credit))
        approvals.register(ApprovalAction.BREAK_REFUND, self._carrier(SettlementAction.REFUND, self._refund))
        approvals.register(ApprovalAction.BREAK_ADJUST, self._carrier(SettlementAction.ADJUST, self._adjust))
        approvals.register(ApprovalAction.BREAK_UNDO, self._carry_out_undo)

    # -- proposals ---------------------------------------------------------------------------------------------------

    async def write_off(self, break_id: UUID, *, reason: str, by: str, amount: int | None = None) -> Approval:
        """Propose that the operator bears a difference, or keeps it: `amount` nanos of it, by default all.

        Raises `NotFound`, `Conflict` (`break_not_open`), `InputError` (`break_amount_missing`).
        """
        one = await self._standing(break_id)
        wanted = abs(one.difference or 0) if amount is None else amount
        if one.currency is None or not 0 < wanted <= LARGEST_NANOS:
            raise InputError(code="break_amount_missing", break_id=show_id("break", break_id))
        # What it is of the difference, with its sign: more on the other side, or less.
        signed = wanted if (one.difference or 0) >= 0 else -wanted
        payload = {"source": one.source, "book": one.book.value, "signed_nanos": signed}
        asked = _Asked(account_id=one.account_id, amount=wanted, currency=one.currency, payload=payload)
        return await self._propose(one, SettlementAction.WRITE_OFF, asked, reason=reason, by=by)

    async def credit(
        self,
        break_id: UUID,
        *,
        reason: str,
        by: str,
        account_id: UUID | None = None,
        amount: int | None = None,
    ) -> Approval:
        """Propose to credit what came in: the order that was paid, or else an account with so much of its currency.

        Raises `NotFound`, `Conflict` (`break_not_open`, `settlement_currency`), `InputError` (`break_account_missing`,
        `break_amount_missing`).
        """
        one = await self._standing(break_id)
        order = await self._order_of(one)
        asked = None if order is None else await self._asked_of_order(one, order, account_id, amount)
        if asked is None:
            known = account_id or one.account_id or (None if order is None else order.account_id)
            asked = await self._asked_of_account(one, known, amount, default=one.difference)
            if asked.amount <= 0:
                raise InputError(code="break_amount_missing", break_id=show_id("break", break_id))
        return await self._propose(one, SettlementAction.CREDIT, asked, reason=reason, by=by)

    async def adjust(
        self,
        break_id: UUID,
        *,
        reason: str,
        by: str,
        account_id: UUID | None = None,
        amount: int | None = None,
    ) -> Approval:
        """Propose to correct a balance: `amount` may be negative; by default what the other side says more, or less.

        Raises as `credit`.
        """
        one = await self._standing(break_id)
        asked = await self._asked_of_account(one, account_id or one.account_id, amount, default=one.difference)
        return await self._propose(one, SettlementAction.ADJUST, asked, reason=reason, by=by)

    async def refund(self, break_id: UUID, *, reason: str, by: str, amount: int | None = None) -> Approval:
        """Propose to give back a charge (of the break's request or task), or money of its order; `amount` in its currency.

        Raises `NotFound`, `Conflict` (`break_not_open`), `InputError` (`break_nothing_to_refund`, `break_amount_missing`),
        `LedgerRefused`.
        """
        one = await self._standing(break_id)
        request_id = _id_of(one, "request") or _id_of(one, "task")
        order = None if request_id is not None else await self._order_of(one)
        if request_id is not None:
            asked = await self._asked_of_charge(one, request_id, amount)
        elif order is not None and order.state.is_credited:
            asked = await self._asked_of_refund(one, order, amount)
        else:
            raise InputError(code="break_nothing_to_refund", break_id=show_id("break", break_id))
        return await self._propose(one, SettlementAction.REFUND, asked, reason=reason, by=by)

    async def undo(self, break_id: UUID, *, reason: str, by: str, settlement_id: UUID | None = None) -> Approval:
        """Propose to take back what moved money for a break, by default the last of it; the break is open again then.

        Raises `NotFound` (`break_not_found`, `settlement_not_found`), `Conflict` (`settlement_not_undoable`).
        """
        async with self._database.reading() as connection:
            one = await breaks_store.read_break(connection, break_id)
            if one is None:
                raise no_break(break_id)
            settlements = await breaks_store.settlements_of(connection, break_id)
        undone = settling_rules.find_undoable(one, settlements, settlement_id)
        assert undone.amount is not None
        assert undone.currency is not None
        asked = _Asked(
            account_id=undone.account_id, amount=-undone.amount, currency=undone.currency,
            payload={"settlement": undone.settlement_id.hex},
        )  # fmt: skip
        return await self._propose(one, SettlementAction.UNDO, asked, reason=reason, by=by)

    async def _standing(self, break_id: UUID) -> Break:
        async with self._database.reading() as connection:
            one = await breaks_store.read_break(connection, break_id)
        if one is None:
            raise no_break(break_id)
        settling_rules.check_standing(one)
        return one

    async def _order_of(self, one: Break) -> Order | None:
        """The order that a break is about: one of its rows, or what its line names."""
        order_id = _id_of(one, "order")
        if order_id is None:
            async with self._database.reading() as connection:
                lines = await statements_store.read_lines(connection, _line_ids(one))
            order_id = next((line.order_id for line in lines if line.order_id is not None), None)
            if order_id is not None and await self._orders.account_of(order_id) is None:
                return None
        return None if order_id is None else await self._orders.order(order_id)

    async def _asked_of_order(
        self, one: Break, order: Order, account_id: UUID | None, amount: int | None
    ) -> _Asked | None:
        """An order that was paid and not credited is paid by the payment of the break's line, so that a notice that comes
        later finds it credited; None where it is credited, or another sum came: then an account is, with what came."""
        async with self._database.reading() as connection:
            lines = await statements_store.read_lines(connection, _line_ids(one))
        line = next(
            (
                each
                for each in lines
                if each.trade_key is not None and (each.amount, each.currency) == (order.amount, order.currency)
            ),
            None,
        )
        if order.state.is_credited or line is None or line.trade_key is None:
            return None
        if account_id not in (None, order.account_id) or amount not in (None, order.amount):
            raise InputError(field="amount", expected="the account and the amount of the order, or neither")
        payload = {
            "order": order.order_id.hex, "number_hash": bytes(line.trade_key).hex(), "number": line.trade_mask or "…",
        }  # fmt: skip
        return _Asked(account_id=order.account_id, amount=order.amount, currency=order.currency, payload=payload)

    async def _asked_of_account(
        self, one: Break, account_id: UUID | None, amount: int | None, *, default: int | None
    ) -> _Asked:
        if account_id is None:
            raise InputError(code="break_account_missing", break_id=show_id("break", one.break_id))
        account = await self._ledger.account(account_id)
        if amount is None:
            if not default:
                raise InputError(code="break_amount_missing", break_id=show_id("break", one.break_id))
            if one.currency != account.currency:
                raise Conflict(code="settlement_currency", account=account.currency, found=one.currency)
            amount = default
        if amount == 0 or abs(amount) > LARGEST_NANOS:
            raise InputError(code="break_amount_missing", break_id=show_id("break", one.break_id))
        return _Asked(
            account_id=account_id, amount=amount, currency=account.currency, payload={"origin": _counterpart(one)}
        )

    async def _asked_of_charge(self, one: Break, request_id: UUID, amount: int | None) -> _Asked:
        request = await self._spend.request(request_id)
        account = await self._ledger.account(request.account_id)
        left = request.charged_nanos - request.refunded_nanos
        too_much = (one.found or 0) - (one.expected or 0)
        wanted = (too_much if 0 < too_much <= left else left) if amount is None else amount
        if wanted <= 0:
            raise InputError(code="break_amount_missing", break_id=show_id("break", one.break_id))
        return _Asked(
            account_id=request.account_id, amount=wanted, currency=account.currency, payload={"request": request_id.hex}
        )

    async def _asked_of_refund(self, one: Break, order: Order, amount: int | None) -> _Asked:
        most = await self._refunds.refundable(order.order_id)
        too_much = one.difference or 0
        wanted = (too_much if too_much > 0 else most) if amount is None else amount
        if not 0 < wanted <= most:
            raise InputError(
                code="break_amount_missing", break_id=show_id("break", one.break_id), refundable_nanos=most
            )
        source_hash = self._refunds.source_hash(order, show_id("break", one.break_id))
        payload = {"order": order.order_id.hex, "amount_nanos": wanted, "source_hash": source_hash.hex()}
        return _Asked(account_id=order.account_id, amount=wanted, currency=order.currency, payload=payload)

    async def _propose(self, one: Break, action: SettlementAction, asked: _Asked, *, reason: str, by: str) -> Approval:
        person, why = check_person(by), check_reason(reason)
        approval = await self._approvals.propose(
            action=_ACTION_OF[action], subject=show_id("break", one.break_id), account_id=asked.account_id,
            amount=asked.amount, currency=asked.currency, reason=why, by=person,
            payload={"break": one.break_id.hex, **asked.payload},
        )  # fmt: skip
        if approval.state is ApprovalState.PROPOSED:
            await self._tell_proposed(one.break_id, action, approval)
        return approval

    async def _tell_proposed(self, break_id: UUID, action: SettlementAction, approval: Approval) -> None:
        """The proposal as a step of the break; the same one proposed again is no further step."""
        async with self._database.unit_of_work() as connection:
            one = await breaks_store.lock_break(connection, break_id)
            if one is None:
                raise no_break(break_id)
            known = await breaks_store.events_of(connection, break_id)
            if any(event.facts.get("approval") == approval.approval_id.hex for event in known):
                return
            step = settling_rules.remark_of(
                one, BreakEventKind.PROPOSED, at=self._clock.now(), by=approval.proposed_by,
                remark=approval.reason, facts={"action": action.value, "approval": approval.approval_id.hex},
            )  # fmt: skip
            await breaks_store.write_steps(connection, [step])

    # -- carrying out ------------------------------------------------------------------------------------------------

    def _carrier(
        self,
        action: SettlementAction,
        post: Callable[[Connection, Approval, str], Awaitable[dict[str, Any]]],
    ) -> Callable[[Connection, Approval], Awaitable[None]]:
        """Settles the break of an approval by what `post` does for it; the break's row comes before order and account."""

        async def carry_out(connection: Connection, approval: Approval) -> None:
            one = await _locked(connection, approval)
            settling_rules.check_standing(one)
            settlements = await breaks_store.settlements_of(connection, one.break_id)
            source_id = settling_rules.source_id_of(one, settlements)
            facts = await post(connection, approval, source_id)
            await self._settle(connection, one, action, approval, number=len(settlements) + 1, facts=facts)

        return carry_out

    async def _write_off(self, connection: Connection, approval: Approval, source_id: str) -> dict[str, Any]:
        kept = {name: approval.payload[name] for name in ("source", "book", "signed_nanos")}
        return {**kept, "written_off_as": source_id}

    async def _credit(self, connection: Connection, approval: Approval, source_id: str) -> dict[str, Any]:
        order = approval.payload.get("order")
        if order is not None:
            named = replace(approval, subject=show_id("order", UUID(hex=order)))
            await self._refunds.confirm_within(connection, named)
            return {"order": order}
        assert approval.account_id is not None
        assert approval.amount is not None
        grant = GrantSpec(kind=GrantKind.PAID, amount=approval.amount, origin=approval.payload["origin"])
        command = Credit(account_id=approval.account_id, source_kind="adjustment", source_id=source_id, grants=(grant,))
        done = await self._ledger.session(connection).operate(command)
        return {"operation": done.operation.operation_key, "origin": approval.payload["origin"]}

    async def _adjust(self, connection: Connection, approval: Approval, source_id: str) -> dict[str, Any]:
        assert approval.account_id is not None
        assert approval.amount is not None
        command = Adjust(
            account_id=approval.account_id, source_id=source_id, amount=approval.amount,
            counterpart=approval.payload["origin"],
        )  # fmt: skip
        done = await self._ledger.session(connection).operate(command)
        return {"operation": done.operation.operation_key, "origin": approval.payload["origin"]}

    async def _refund(self, connection: Connection, approval: Approval, source_id: str) -> dict[str, Any]:
        order = approval.payload.get("order")
        if order is not None:
            named = replace(approval, subject=show_id("order", UUID(hex=order)))
            await self._refunds.refund_within(connection, named)
            return {"order": order, "refund": approval.approval_id.hex}
        request = await self._spend.request(UUID(hex=approval.payload["request"]))
        await self._spend.refund_within(
            connection, request, source_id=source_id, amount=approval.amount, reason="reconciled"
        )
        return {"request": request.request_id.hex, "operation": f"refund_charge:{source_id}"}

    async def _carry_out_undo(self, connection: Connection, approval: Approval) -> None:
        one = await _locked(connection, approval)
        settlements = await breaks_store.settlements_of(connection, one.break_id)
        undone = settling_rules.find_undoable(one, settlements, UUID(hex=approval.payload["settlement"]))
        source_id = settling_rules.source_id_of(one, settlements)
        facts: dict[str, Any] = {"undone": undone.settlement_id.hex}
        if undone.action is not SettlementAction.WRITE_OFF:
            assert undone.account_id is not None
            assert undone.amount is not None
            command = Adjust(
                account_id=undone.account_id, source_id=source_id, amount=-undone.amount,
                counterpart=undone.facts["origin"], kind=GrantKind.PAID if undone.amount < 0 else GrantKind.COMPENSATION,
            )  # fmt: skip
            done = await self._ledger.session(connection).operate(command)
            facts["operation"] = done.operation.operation_key
        await self._settle(
            connection, one, SettlementAction.UNDO, approval, number=len(settlements) + 1, facts=facts,
            undoes=undone.settlement_id,
        )  # fmt: skip

    async def _settle(
        self,
        connection: Connection,
        one: Break,
        action: SettlementAction,
        approval: Approval,
        *,
        number: int,
        facts: dict[str, Any],
        undoes: UUID | None = None,
    ) -> None:
        now = self._clock.now()
        assert approval.decided_by is not None
        made = Settlement(
            settlement_id=self._clock.new_id(), break_id=one.break_id, number=number, action=action,
            account_id=approval.account_id, amount=approval.amount, currency=approval.currency, facts=facts,
            reason=approval.reason, by=approval.proposed_by, at=now, approval_id=approval.approval_id, undoes=undoes,
        )  # fmt: skip
        await breaks_store.insert_settlement(connection, made)
        step = settling_rules.step_of(
            one, action, at=now, by=approval.proposed_by, remark=approval.reason,
            facts={
                **facts, "settlement": made.settlement_id.hex, "approval": approval.approval_id.hex,
                "approved_by": approval.decided_by, "amount_nanos": approval.amount, "currency": approval.currency,
            },
        )  # fmt: skip
        await breaks_store.write_steps(connection, [step])
        log.info("break_settled", break_id=show_id("break", one.break_id), action=action)


def _counterpart(one: Break) -> str:
    """Where the money comes from: the clearing of the channel that has it, or adjustments."""
    if one.book is Book.PAYMENTS and one.source is not None:
        return CLEARING_PREFIX + one.source
    return ADJUSTMENTS


def _id_of(one: Break, table: str) -> UUID | None:
    for row in (*one.ours, *one.theirs):
        kind, _, name = row.partition(":")
        if kind == table and len(name) == 32:
            return UUID(hex=name)
    return None


def _line_ids(one: Break) -> list[UUID]:
    names = [row.removeprefix("line:") for row in (*one.theirs, *one.ours) if row.startswith("line:")]
    return [UUID(hex=name) for name in names if len(name) == 32]


async def _locked(connection: Connection, approval: Approval) -> Break:
    break_id = UUID(hex=approval.payload["break"])
    one = await breaks_store.lock_break(connection, break_id)
    if one is None:
        raise no_break(break_id)
    return one
