"""Every notice that payment providers have sent, and what became of it."""

from __future__ import annotations

from counterfoil.console.desk import account_links
from counterfoil.console.pages.orders import NOTICE_COLUMNS, notice_cells, order_page
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Column, Id, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import read_time, show_time
from counterfoil.identity.access import Need, Staff

pages = Pages()


@pages.get("/notices", need=Need(staff=Staff.ORDERS_READ))
async def notices(visit: Visit) -> View:
    most, before = visit.most_rows, visit.asked("before")
    found = await visit.services.notices.notices(
        provider=visit.asked("provider") or None, refused=bool(visit.asked("refused")),
        before=read_time(before) if before else None, most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    links = await account_links(visit, (one.account_id for one in rows))
    return View(
        template="notices.html",
        title="page_notices",
        values={
            "providers": [(one.name, one.name) for one in await visit.services.payment_providers.list()],
            "refused": [("1", visit.w.word("notices_refused"))],
        },
        tables=(
            Table(
                name="notices",
                caption="notices_found",
                empty="notices_none",
                columns=(
                    *NOTICE_COLUMNS[:2], Column(code="notice_provider"), Column(code="notice_order"),
                    Column(code="notice_account", wide=True), *NOTICE_COLUMNS[2:],
                ),
                rows=[
                    (
                        *cells[:2], one.provider,
                        None if one.order_id is None else Id(show_id("order", one.order_id), order_page(visit, one.order_id)),
                        None if one.account_id is None else links[one.account_id], *cells[2:],
                    )
                    for one in rows
                    for cells in (notice_cells(visit, one),)
                ],
                more=visit.here(before=show_time(rows[-1].last_at)) if len(found) > most else None,
            ),
        ),
    )  # fmt: skip
