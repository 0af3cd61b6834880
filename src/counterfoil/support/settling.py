"""Money that goes back for a case: compensation, a refund, a credit that is missing. Proposed by a person, decided by
approval, and posted together with the decision and the case's step, with the case as its cause.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalState
from counterfoil.approvals.service import Approvals
from counterfoil.foundation.clock import Clock
from counterfoil.foundation.currencies import minor_digits, to_minor
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import LARGEST_NANOS, format_nanos
from counterfoil.identity.access import Principal
from counterfoil.ledger.model import COMPENSATION, COMPENSATION_MICROS, Credit, GrantKind, GrantSpec
from counterfoil.ledger.service import Ledger
from counterfoil.observability import log
from counterfoil.recharge.model import Order
from counterfoil.spend.service import Spend
from counterfoil.storage.database import Connection, Database
from counterfoil.storage.outbox import Announcement, announce
from counterfoil.support import cases_store, intake_store, rules, settling_rules
from counterfoil.support.cases_service import Cases
from counterfoil.support.desk_model import CaseSettlement, SettlementKind, SettlementState
from counterfoil.support.model import Case
from counterfoil.support.rules import CaseError, Verb

# What the account's people are told (`AlertKind` of the notify room).
CASE_SETTLED = "case_settled"
# Proposals whose decision is looked up in one round.
FOLLOWED_MAX = 500
_ROW_OF_ORDER = "order"


class RefundsOrders(Protocol):
    """Money of orders (`recharge.refunds.Refunds`)."""

    async def refundable(self, order_id: UUID) -> int: ...

    def source_hash(self, order: Order, source_id: str) -> bytes: ...

    def payment_of(self, order: Order, number: str) -> tuple[bytes, str]: ...

    async def refund_within(self, connection: Connection, approval: Approval) -> None: ...

    async def confirm_within(self, connection: Connection, approval: Approval) -> None: ...


class FindsOrders(Protocol):
    """Orders (`recharge.service.Orders`)."""

    async def order(self, order_id: UUID) -> Order: ...


class CaseSettling:
    """Proposes what moves money for a case, and carries out what was approved."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        cases: Cases,
        ledger: Ledger,
        approvals: Approvals,
        orders: FindsOrders,
        refunds: RefundsOrders,
        spend: Spend,
    ) -> None:
        self._database = database
        self._clock = clock
        self._cases = cases
        self._ledger = ledger
        self._approvals = approvals
        self._orders = orders
        self._refunds = refunds
        self._spend = spend
        for kind, post in (
            (SettlementKind.COMPENSATION, self._compensate),
            (SettlementKind.REFUND, self._refund),
            (SettlementKind.CREDIT_AGAIN, self._credit_again),
        ):
            approvals.register(action_of(kind), self._carrier(kind, post))

    # -- proposals ---------------------------------------------------------------------------------------------------

    async def compensate(self, case_id: UUID, *, amount: int, reason: str, principal: Principal) -> Approval:
        """Propose to credit the case's account with `amount` nanos of its currency, which end after thirty days.

        Raises `NotFound`, `InputError`, `Conflict` (`case_no_record`, `case_is_over`).
        """
        case = await self._cases.case(case_id, principal=principal)
        account = await self._ledger.account(settling_rules.check_settling(case))
        wanted = settling_rules.check_amount(case, amount, most=LARGEST_NANOS)
        payload = settling_rules.payload_of(case, SettlementKind.COMPENSATION)
        return await self._propose(
            case, SettlementKind.COMPENSATION, payload, account_id=account.account_id, amount=wanted,
            currency=account.currency, reason=reason, by=principal.name,
        )  # fmt: skip

    async def refund(self, case_id: UUID, *, reason: str, principal: Principal, amount: int | None = None) -> Approval:
        """Propose to give back the charge of the case's request or task, or money of its order; by default all that may go.

        Raises `NotFound`, `InputError`, `Conflict` (`case_nothing_to_settle`, `case_no_record`, `case_is_over`).
        """
        case = await self._cases.case(case_id, principal=principal)
        account_id = settling_rules.check_settling(case)
        request_id, order_id = settling_rules.request_of(case), settling_rules.order_of(case)
        if request_id is not None:
            request = await self._spend.request(request_id, account_id=account_id)
            most = request.charged_nanos - request.refunded_nanos
            currency = (await self._ledger.account(account_id)).currency
            more: dict[str, Any] = {"request": request_id.hex}
        elif order_id is not None:
            order = await self._orders.order(order_id)
            _check_owner(case, order)
            most, currency = await self._refunds.refundable(order_id), order.currency
            async with self._database.reading() as connection:
                known = await cases_store.settlements_of(connection, [case_id])
            source = self._refunds.source_hash(order, settling_rules.source_id_of(case, known))
            more = {"order": order_id.hex, "source_hash": source.hex()}
        else:
            raise Conflict(code=CaseError.NOTHING_TO_SETTLE, case=case.number)
        wanted = settling_rules.check_amount(case, amount, most=most)
        if order_id is not None:
            # A provider gives back whole smallest units; anything else is said before somebody approves it.
            to_minor(wanted, minor_digits(currency))
            more["amount_nanos"] = wanted
        payload = settling_rules.payload_of(case, SettlementKind.REFUND, **more)
        return await self._propose(
            case, SettlementKind.REFUND, payload, account_id=account_id, amount=wanted, currency=currency, reason=reason,
            by=principal.name,
        )  # fmt: skip

    async def credit_again(self, case_id: UUID, *, number: str, reason: str, principal: Principal) -> Approval:
        """Propose to credit the case's order, whose payment somebody has seen: `number` is the provider's own of it, so that a
        notice that comes later finds the order credited.

        Raises `NotFound`, `InputError`, `Conflict` (`case_nothing_to_settle` where there is no order, or it is credited).
        """
        case = await self._cases.case(case_id, principal=principal)
        account_id, order_id = settling_rules.check_settling(case), settling_rules.order_of(case)
        order = None if order_id is None else await self._orders.order(order_id)
        if order is None or order.state.is_credited:
            raise Conflict(code=CaseError.NOTHING_TO_SETTLE, case=case.number)
        _check_owner(case, order)
        number_hash, mask = self._refunds.payment_of(order, number)
        payload = settling_rules.payload_of(
            case, SettlementKind.CREDIT_AGAIN, order=order.order_id.hex, number_hash=number_hash.hex(), number=mask
        )
        return await self._propose(
            case, SettlementKind.CREDIT_AGAIN, payload, account_id=account_id, amount=order.amount, currency=order.currency,
            reason=reason, by=principal.name,
        )  # fmt: skip

    async def _propose(
        self,
        case: Case,
        kind: SettlementKind,
        payload: dict[str, Any],
        *,
        account_id: UUID,
        amount: int,
        currency: str,
        reason: str,
        by: str,
    ) -> Approval:
        approval = await self._approvals.propose(
            action=action_of(kind), subject=show_id("case", case.case_id), account_id=account_id, amount=amount,
            currency=currency, reason=rules.check_text("reason", reason), payload=payload, by=by,
        )  # fmt: skip
        if approval.state is ApprovalState.PROPOSED:
            await self._write_proposed(case.case_id, kind, approval)
        return approval

    async def _write_proposed(self, case_id: UUID, kind: SettlementKind, approval: Approval) -> None:
        """The proposal as a step of the case; the same one proposed again is no further step."""
        async with self._database.unit_of_work() as connection:
            case, last_no = await _locked(connection, case_id)
            known = await cases_store.settlements_of(connection, [case_id])
            if any(one.approval_id == approval.approval_id for one in known):
                return
            await cases_store.insert_settlement(connection, self._settlement(kind, approval, case_id))
            step = rules.step(
                case, Verb.PROPOSE, number=last_no + 1, at=self._clock.now(), by=approval.proposed_by,
                facts=_facts(kind, approval),
            )  # fmt: skip
            await cases_store.write_step(connection, step)

    # -- what became of it -------------------------------------------------------------------------------------------

    async def follow(self) -> int:
        """Write down which proposals were rejected or withdrawn; returns how many. Carried-out ones are written already."""
        async with self._database.reading() as connection:
            waiting = await cases_store.proposed_settlements(connection, most=FOLLOWED_MAX)
        ended = 0
        for one in waiting:
            assert one.approval_id is not None
            approval = await self._approvals.find(one.approval_id)
            if approval.state not in (ApprovalState.REJECTED, ApprovalState.WITHDRAWN):
                continue
            async with self._database.unit_of_work() as connection:
                case, last_no = await _locked(connection, one.case_id)
                now = self._clock.now()
                if not await cases_store.end_settlement(
                    connection, approval.approval_id, state=SettlementState.REJECTED, at=now
                ):
                    continue
                step = rules.step(
                    case, Verb.DECLINE, number=last_no + 1, at=now, by=approval.decided_by or approval.proposed_by,
                    facts=_facts(one.kind, approval),
                )  # fmt: skip
                await cases_store.write_step(connection, step)
                ended += 1
        return ended

    # -- carrying out ------------------------------------------------------------------------------------------------

    def _carrier(
        self, kind: SettlementKind, post: Callable[[Connection, Approval, str], Awaitable[None]]
    ) -> Callable[[Connection, Approval], Awaitable[None]]:
        """Posts what was approved, with the case's step and the news of it; the case's row comes before order and account."""

        async def carry_out(connection: Connection, approval: Approval) -> None:
            case, last_no = await _locked(connection, UUID(hex=approval.payload["case"]))
            settling_rules.check_unchanged(case, approval.payload, account_id=approval.account_id)
            settlements = await cases_store.settlements_of(connection, [case.case_id])
            source_id = settling_rules.source_id_of(case, settlements)
            await post(connection, approval, source_id)
            now = self._clock.now()
            if not await cases_store.end_settlement(
                connection, approval.approval_id, state=SettlementState.DONE, at=now
            ):
                # One person may decide alone: it is done before its proposal was written down.
                done = replace(self._settlement(kind, approval, case.case_id), state=SettlementState.DONE, ended_at=now)
                await cases_store.insert_settlement(connection, done)
            step = rules.step(
                case, Verb.SETTLE, number=last_no + 1, at=now, by=approval.decided_by or approval.proposed_by,
                facts={**_facts(kind, approval), "source": source_id},
            )  # fmt: skip
            await cases_store.write_step(connection, step)
            told = _told(case, kind, approval)
            await announce(connection, told, announcement_id=self._clock.new_id(), now=now)
            log.info("case_settled", case=case.number, kind=kind.value)

        return carry_out

    async def _compensate(self, connection: Connection, approval: Approval, source_id: str) -> None:
        assert approval.account_id is not None
        assert approval.amount is not None
        grant = GrantSpec(
            kind=GrantKind.COMPENSATION, amount=approval.amount, origin=COMPENSATION,
            expires_at=self._clock.now() + COMPENSATION_MICROS,
        )  # fmt: skip
        command = Credit(account_id=approval.account_id, source_kind="adjustment", source_id=source_id, grants=(grant,))
        await self._ledger.session(connection).operate(command)

    async def _refund(self, connection: Connection, approval: Approval, source_id: str) -> None:
        order = approval.payload.get(_ROW_OF_ORDER)
        if order is not None:
            await self._refunds.refund_within(connection, replace(approval, subject=show_id("order", UUID(hex=order))))
            return
        request = await self._spend.request(UUID(hex=approval.payload["request"]))
        await self._spend.refund_within(connection, request, source_id=source_id, amount=approval.amount, reason="case")

    async def _credit_again(self, connection: Connection, approval: Approval, source_id: str) -> None:
        order = UUID(hex=approval.payload[_ROW_OF_ORDER])
        await self._refunds.confirm_within(connection, replace(approval, subject=show_id("order", order)))

    def _settlement(self, kind: SettlementKind, approval: Approval, case_id: UUID) -> CaseSettlement:
        assert approval.account_id is not None
        assert approval.amount is not None
        assert approval.currency is not None
        return CaseSettlement(
            settlement_id=self._clock.new_id(), case_id=case_id, approval_id=approval.approval_id, kind=kind,
            account_id=approval.account_id, amount=approval.amount, currency=approval.currency,
            state=SettlementState.PROPOSED, proposed_by=approval.proposed_by, proposed_at=approval.proposed_at,
        )  # fmt: skip


def action_of(kind: SettlementKind) -> ApprovalAction:
    """The approval's action of a settlement: `case_compensation`, `case_refund`, `case_credit_again`."""
    return ApprovalAction(f"case_{kind.value}")


def _check_owner(case: Case, order: Order) -> None:
    """An order of another account is no business of this case's account, whatever was confirmed. Raises `InputError`."""
    if order.account_id != case.account_id:
        raise InputError(field="case", expected="an order of the case's own account")


def _facts(kind: SettlementKind, approval: Approval) -> dict[str, str]:
    return {
        "kind": kind.value,
        "approval": show_id("approval", approval.approval_id),
        "amount_nanos": str(approval.amount),
        "currency": approval.currency or "",
    }


def _told(case: Case, kind: SettlementKind, approval: Approval) -> Announcement:
    assert approval.amount is not None
    return Announcement(
        kind=CASE_SETTLED, key=f"{CASE_SETTLED}:{approval.approval_id.hex}", account_id=approval.account_id,
        facts={
            "case": case.number, "kind": kind.value, "amount": format_nanos(approval.amount),
            "currency": approval.currency or "",
        },
    )  # fmt: skip


async def _locked(connection: Connection, case_id: UUID) -> tuple[Case, int]:
    found = await intake_store.lock_case(connection, case_id)
    if found is None:
        raise NotFound(code=CaseError.NOT_FOUND)
    return found
