"""The board of disputes: payments that their payers have taken back at the bank, and how that ended."""

from __future__ import annotations

from counterfoil.console.desk import account_links, choices, state_mark
from counterfoil.console.pages.orders import order_page
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Column, Id, Instant, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.recharge.model import DisputeState

pages = Pages()


@pages.get("/disputes", need=Need(staff=Staff.ORDERS_READ))
async def disputes(visit: Visit) -> View:
    state, most = visit.asked("state"), visit.most_rows
    found = await visit.services.order_refunds.disputes(
        state=DisputeState(state) if state in tuple(DisputeState) else None,
        before=visit.id_asked("dispute", "before"), most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    orders = {one.order_id: await visit.services.orders.order(one.order_id) for one in rows}
    links = await account_links(visit, (one.account_id for one in rows))
    return View(
        template="disputes.html",
        title="page_disputes",
        values={"states": choices(visit, "dispute_state", DisputeState)},
        tables=(
            Table(
                name="disputes",
                caption="disputes_found",
                empty="disputes_none",
                columns=(
                    Column(code="dispute_state"), Column(code="dispute_order"), Column(code="dispute_account"),
                    Column(code="dispute_amount", numeric=True), Column(code="dispute_provider", wide=True),
                    Column(code="dispute_number", wide=True), Column(code="dispute_opened"),
                    Column(code="dispute_ended", wide=True),
                ),
                rows=[
                    (
                        state_mark(visit, "dispute_state", one.state),
                        Id(show_id("order", one.order_id), order_page(visit, one.order_id)), links[one.account_id],
                        Amount(one.amount, order.currency), order.provider, one.number_mask, Instant(one.opened_at),
                        Instant(one.ended_at),
                    )
                    for one in rows
                    for order in (orders[one.order_id],)
                ],
                more=visit.here(before=show_id("dispute", rows[-1].dispute_id)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip
