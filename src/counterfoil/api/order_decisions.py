"""What staff decides of orders: payments it has seen, refunds, disputes. All that moves money goes by approval.

A route that proposes answers the approval: `approved` and carried out where one person may do it alone, else `proposed`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path

from counterfoil.api.access import Caller
from counterfoil.api.approvals import Approval
from counterfoil.api.fields import AmountInput, By, Input, Output, SourceId
from counterfoil.api.orders import Actor, Number, OrderId, OrderInFull, Refund, Why, in_full
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount
from counterfoil.recharge.model import DisputeState, RefundState

router = APIRouter(tags=["orders"])

RefundId = Annotated[str, Path(description="The refund's id (ref_…).", max_length=60)]


class Confirmation(Input):
    """A payment that somebody has seen. A notice that comes later with the same number finds it credited."""

    number: Number
    reason: Why
    by: By | None = None


class NewRefund(AmountInput):
    """How much of what was paid goes back; without an amount, all that may."""

    source_id: SourceId
    reason: Why
    by: By | None = None


class NewDispute(Input):
    """That a payment is disputed, or how the dispute has ended, where no notice says so."""

    state: DisputeState
    reason: Why
    by: By | None = None


class LookedAt(Actor):
    reason: Why


class RefundOutcome(Input):
    """How a refund went that nobody can be asked about."""

    state: Literal["succeeded", "failed"]
    by: By | None = None


class Refundable(Output):
    """How much of what was paid may go back now."""

    order_id: str
    refundable_nanos: int
    refundable: str
    currency: str


@router.post(
    "/orders/{order_id}/confirmations", status_code=201, summary="Propose to credit an order whose payment was seen"
)
async def confirm_order(services: UseCases, caller: Caller, order_id: OrderId, body: Confirmation) -> Approval:
    approval = await services.order_refunds.propose_confirmation(
        read_id("order", order_id), number=body.number, reason=body.reason, by=caller.named(body.by)
    )
    return Approval.of(approval)


@router.get("/orders/{order_id}/refundable", summary="Get how much of an order may be refunded now")
async def get_refundable(services: UseCases, order_id: OrderId) -> Refundable:
    order = await services.orders.order(read_id("order", order_id))
    refundable = await services.order_refunds.refundable(order.order_id)
    return Refundable(
        order_id=show_id("order", order.order_id), **amount("refundable", refundable), currency=order.currency
    )


@router.post("/orders/{order_id}/refunds", status_code=201, summary="Propose to refund an order, or a part of it")
async def refund_order(services: UseCases, caller: Caller, order_id: OrderId, body: NewRefund) -> Approval:
    approval = await services.order_refunds.propose(
        read_id("order", order_id), source_id=body.source_id, amount=body.optional_nanos(), reason=body.reason,
        by=caller.named(body.by),
    )  # fmt: skip
    return Approval.of(approval)


@router.post(
    "/orders/{order_id}/disputes", status_code=201, summary="Propose to record a dispute of an order, or its end"
)
async def dispute_order(services: UseCases, caller: Caller, order_id: OrderId, body: NewDispute) -> Approval:
    approval = await services.order_refunds.propose_dispute(
        read_id("order", order_id), state=body.state, reason=body.reason, by=caller.named(body.by)
    )
    return Approval.of(approval)


@router.post("/orders/{order_id}/looked-at", summary="Say that what an order asked attention for has been seen to")
async def settle_attention(services: UseCases, caller: Caller, order_id: OrderId, body: LookedAt) -> OrderInFull:
    await services.orders.settle_attention(read_id("order", order_id), by=caller.named(body.by), reason=body.reason)
    return await in_full(services, caller, order_id)


@router.post("/order-refunds/{refund_id}/outcome", summary="Say how a refund went that nobody can be asked about")
async def settle_refund(services: UseCases, caller: Caller, refund_id: RefundId, body: RefundOutcome) -> Refund:
    refund = await services.order_refunds.settle_by_staff(
        read_id("refund", refund_id), state=RefundState(body.state), by=caller.named(body.by)
    )
    return Refund.of(refund, await services.orders.order(refund.order_id))
