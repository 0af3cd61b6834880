"""The board of refunds: what goes back, where each stands, and what only staff can tell."""

from __future__ import annotations

from starlette.responses import Response

from counterfoil.console.desk import account_links, choices, did
from counterfoil.console.pages.orders import REFUND_COLUMNS, order_page, refund_cells
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Action, Actions, Column, Id, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.recharge.model import OrderRefund, RefundState

pages = Pages()


@pages.get("/refunds", need=Need(staff=Staff.ORDERS_READ))
async def refunds(visit: Visit) -> View:
    state, most = visit.asked("state"), visit.most_rows
    found = await visit.services.order_refunds.refunds(
        state=RefundState(state) if state in tuple(RefundState) else None, is_open=state == "open",
        before=visit.id_asked("refund", "before"), most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    orders = {one.order_id: await visit.services.orders.order(one.order_id) for one in rows}
    links = await account_links(visit, (one.account_id for one in rows))
    may_settle = visit.may(staff=Staff.ORDERS_WRITE)
    return View(
        template="refunds.html",
        title="page_refunds",
        values={"states": [("open", visit.w.word("refunds_open")), *choices(visit, "refund_state", RefundState)]},
        tables=(
            Table(
                name="refunds",
                caption="refunds_found",
                empty="refunds_none",
                columns=(
                    Column(code="refund_order"), Column(code="refund_account"), *REFUND_COLUMNS,
                    *((Column(code="actions"),) if may_settle else ()),
                ),
                rows=[
                    (
                        Id(show_id("order", one.order_id), order_page(visit, one.order_id)), links[one.account_id],
                        *refund_cells(visit, one, currency=order.currency, wallet_currency=order.terms.wallet_currency),
                        *((_actions(visit, one),) if may_settle else ()),
                    )
                    for one in rows
                    for order in (orders[one.order_id],)
                ],
                more=visit.here(before=show_id("refund", rows[-1].refund_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip


def _actions(visit: Visit, one: OrderRefund) -> Actions | None:
    """Only staff can say how one went that nobody can be asked about."""
    if one.state not in (RefundState.UNKNOWN, RefundState.SENT, RefundState.SENDING) or one.next_try_at is not None:
        return None
    href = visit.staff_link(f"/refunds/{show_id('refund', one.refund_id)}/outcome")
    return Actions(
        (
            Action("refund_went", href, {"state": "succeeded"}, danger=True),
            Action("refund_came_back", href, {"state": "failed"}, danger=True),
        )
    )


@pages.post("/refunds/{refund_id}/outcome", need=Need(staff=Staff.ORDERS_WRITE), shows=refunds)
async def settle_refund(visit: Visit) -> Response:
    state = visit.typed("state")
    if state not in (RefundState.SUCCEEDED, RefundState.FAILED):
        raise InputError(field="state", expected="succeeded, failed")
    one = await visit.services.order_refunds.settle_by_staff(
        visit.id_in_path("refund", "refund_id"), state=RefundState(state), by=visit.by
    )
    await did(visit, one.account_id, "settle_refund", subject=show_id("order", one.order_id))
    return visit.done(visit.staff_link("/refunds"), "done_refund_settled")
