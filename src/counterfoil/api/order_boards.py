"""Refunds and disputes of all orders: the boards that operations and finance work from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from counterfoil.api.fields import Cursor, Limit, Page, optional_id, page
from counterfoil.api.orders import Dispute, Refund
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import show_id
from counterfoil.recharge.model import DisputeState, RefundState

router = APIRouter(tags=["orders"])


@router.get("/order-refunds", summary="List refunds of all orders, newest first")
async def list_refunds(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[RefundState | None, Query(description="Only those in this state.")] = None,
    open: Annotated[bool, Query(description="Only those that have not ended.")] = False,  # noqa: A002
) -> Page[Refund]:
    rows = await services.order_refunds.refunds(
        state=state, is_open=open, before=optional_id("refund", cursor), most=limit + 1
    )
    orders = {row.order_id: await services.orders.order(row.order_id) for row in rows}
    return page(
        rows, limit=limit, item=lambda row: Refund.of(row, orders[row.order_id]),
        cursor=lambda row: show_id("refund", row.refund_id),
    )  # fmt: skip


@router.get("/disputes", summary="List disputes of all orders, newest first")
async def list_disputes(
    services: UseCases,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[DisputeState | None, Query(description="Only those in this state.")] = None,
) -> Page[Dispute]:
    rows = await services.order_refunds.disputes(state=state, before=optional_id("dispute", cursor), most=limit + 1)
    orders = {row.order_id: await services.orders.order(row.order_id) for row in rows}
    return page(
        rows, limit=limit, item=lambda row: Dispute.of(row, orders[row.order_id]),
        cursor=lambda row: show_id("dispute", row.dispute_id),
    )  # fmt: skip
