"""Recharge orders, as operations and finance see them: the list, one with all that is known of it, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from counterfoil.console.desk import (
    account_links,
    choices,
    did,
    form,
    read_moment,
    read_optional_money,
    saw,
    state_mark,
)
from counterfoil.console.pages.accounts import proposals_table, proposed
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Amount, Cell, Column, Id, Instant, Link, Mark, Note, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.identity.access import Need, Staff
from counterfoil.recharge.model import DisputeState, Notice, Order, OrderEvent, OrderRefund, OrderState, ProviderKind
from counterfoil.recharge.service import OrderView
from counterfoil.recharge.terms import show_rate

pages = Pages()
_READ = Need(staff=Staff.ORDERS_READ)
_WRITE = Need(staff=Staff.ORDERS_WRITE)
_PROPOSE = Need(staff=Staff.PROPOSE)
_REFUNDABLE = (OrderState.PAID, OrderState.PARTLY_REFUNDED)
_OPEN = (OrderState.CREATED, OrderState.PROCESSING, OrderState.FAILED)
# The page of a receipt brings its own style and loads nothing; nobody may put it into a frame.
_RECEIPT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)


@pages.get("/orders", need=_READ)
async def orders(visit: Visit) -> View:
    services, most, state = visit.services, visit.most_rows, visit.asked("state")
    providers = [one.name for one in await services.payment_providers.list()]
    since, until = read_moment(visit, "since", visit.asked("since")), read_moment(visit, "until", visit.asked("until"))
    found = await services.orders.orders(
        account_id=visit.id_asked("account", "account"),
        state=OrderState(state) if state in tuple(OrderState) else None,
        provider=visit.asked("provider") or None, attention=bool(visit.asked("attention")),
        since=since, until=until, before=visit.id_asked("order", "before"), most=most + 1,
    )  # fmt: skip
    rows = found[:most]
    return View(
        template="orders.html",
        title="page_orders",
        values={
            "states": choices(visit, "order_state", OrderState),
            "providers": [(one, one) for one in providers],
            "yes": [("1", visit.w.word("order_needs_attention"))],
        },
        tables=(
            await orders_table(
                visit, rows, more=visit.here(before=show_id("order", rows[-1].order_id)) if len(found) > most else None
            ),
        ),
    )  # fmt: skip


async def orders_table(
    visit: Visit, rows: Sequence[Order], *, more: str | None = None, caption: str = "orders_found"
) -> Table:
    links = await account_links(visit, (one.account_id for one in rows))
    return Table(
        name="orders",
        caption=caption,
        empty="orders_none",
        columns=(
            Column(code="order_of"), Column(code="order_account"), Column(code="order_state"),
            Column(code="order_paid_amount", numeric=True), Column(code="order_credit", numeric=True, wide=True),
            Column(code="order_provider", wide=True), Column(code="order_attention"), Column(code="order_made", wide=True),
        ),
        rows=[
            (
                Id(show_id("order", one.order_id), order_page(visit, one.order_id)), links[one.account_id],
                state_mark(visit, "order_state", one.state), Amount(one.amount, one.currency),
                Amount(one.terms.credited + one.terms.bonus, one.terms.wallet_currency), one.provider,
                _attention(visit, one), Instant(one.created_at),
            )
            for one in rows
        ],
        more=more,
    )  # fmt: skip


def order_page(visit: Visit, order_id: UUID) -> str:
    """The address of an order for staff."""
    return visit.staff_link(f"/orders/{show_id('order', order_id)}")


def _attention(visit: Visit, one: Order) -> Mark | None:
    if one.attention is None:
        return None
    return Mark(
        visit.w.label("order_attention", one.attention), "bad", visit.w.explanation("order_attention", one.attention)
    )


@pages.post("/orders/find", need=_READ, shows=orders)
async def find_order(visit: Visit) -> View | Response:
    """By the number that a provider or a bank shows: it is in the form's body, and on no page."""
    with form("find"):
        text = visit.typed("find_number")
        order_id = _order_number(text)
        if order_id is not None and await visit.services.orders.account_of(order_id) is not None:
            return visit.go(order_page(visit, order_id))
        if not (1 <= len(text) <= 100 and text.isprintable()):
            raise InputError(field="number", expected="1 to 100 printable characters")
        found = await visit.services.orders.find_by_number(text)
    for one in found:
        await saw(visit, one.account_id, "find_order")
    if len(found) == 1:
        return visit.go(order_page(visit, found[0].order_id))
    return View(
        template="orders_of_number.html",
        title="orders_of_number",
        tables=(await orders_table(visit, found, caption="orders_of_number"),),
    )


def _order_number(text: str) -> UUID | None:
    """Our own number of an order, as we show it or as providers and banks get it; None where it is another number."""
    digits = text.lower().removeprefix("ord_")
    if len(digits) != 32 or any(one not in "0123456789abcdef" for one in digits):
        return None
    return UUID(hex=digits)


@pages.get("/orders/{order_id}", need=_READ)
async def order(visit: Visit) -> View:
    services = visit.services
    view = await services.orders.view(visit.id_in_path("order", "order_id"))
    one = view.order
    await saw(visit, one.account_id, "order")
    may_propose = visit.may(staff=Staff.PROPOSE)
    proposals = await services.approvals.list(subject=show_id("order", one.order_id)) if may_propose else []
    refundable = await services.order_refunds.refundable(one.order_id) if one.state in _REFUNDABLE else 0
    links = await account_links(visit, (one.account_id,))
    attention = one.attention
    return View(
        template="order.html",
        title="page_order",
        title_values={"amount": visit.shown.money(one.amount, one.currency)},
        values={
            "order": one,
            "here": order_page(visit, one.order_id),
            "state": state_mark(visit, "order_state", one.state),
            "attention": None if attention is None else _attention(visit, one),
            "attention_step": None if attention is None else _next_step(visit, attention),
            "facts": _facts(visit, one, links),
            "events": [_step(visit, event) for event in view.events],
            "refundable": refundable,
            "refundable_text": visit.shown.money(refundable, one.currency),
            "dispute_states": choices(visit, "dispute_state", DisputeState),
            "may_write": visit.may(staff=Staff.ORDERS_WRITE),
            "may_propose": may_propose,
            "can_confirm": not one.state.is_credited,
            "can_refund": refundable > 0,
            "can_dispute": one.state.is_credited,
            "can_cancel": one.state in _OPEN,
            "can_ask": one.provider_kind is not ProviderKind.BANK and one.state is not OrderState.CREATED,
        },
        tables=(
            _notices_table(visit, view.notices), _refunds_table(visit, view), _disputes_table(visit, view),
            await orders_table(visit, view.siblings, caption="order_siblings"),
            *((proposals_table(visit, proposals, caption="order_proposals"),) if may_propose else ()),
        ),
    )  # fmt: skip


def _next_step(visit: Visit, attention: str) -> str:
    found = visit.w.entry("order_attention", attention)
    return "" if found is None else found.next_step.what_to_change[visit.language]


def _facts(visit: Visit, one: Order, links: dict[UUID, Link]) -> list[tuple[str, Cell]]:
    terms = one.terms
    return [
        ("order_of", Id(show_id("order", one.order_id))),
        ("order_account", links[one.account_id]),
        ("order_provider", Note(one.provider, visit.w.label("provider_kind", one.provider_kind))),
        ("order_paid_amount", Amount(one.amount, one.currency)),
        ("order_credit", Amount(terms.credited, terms.wallet_currency)),
        ("order_bonus_amount", Amount(terms.bonus, terms.wallet_currency) if terms.bonus else None),
        ("order_rate", f"{show_rate(terms.rate)} × {show_rate(terms.ratio)}"),
        ("order_returned", Amount(one.refunded, one.currency) if one.refunded else None),
        ("order_number_mask", one.number_mask),
        ("order_payer_mask", one.payer_mask),
        ("order_maker", one.created_by),
        ("order_made", Instant(one.created_at)),
        ("order_paid_at", Instant(one.paid_at)),
        ("order_until", Instant(one.expires_at)),
        ("order_queries", one.queries),
        ("order_next_query", Instant(one.next_query_at)),
    ]


def _step(visit: Visit, event: OrderEvent) -> dict[str, object]:
    """A line of the history: what happened, who told, and what of it may be shown."""
    tone = {"paid": "is-good", "failed": "is-bad", "disputed": "is-bad"}.get(event.state, "")
    facts = event.facts
    details = []
    if isinstance(facts.get("amount_nanos"), int):
        details.append(visit.shown.money(facts["amount_nanos"], str(facts.get("currency", "CNY"))))
    details += [str(facts[name]) for name in ("number", "payer", "raw", "reason") if facts.get(name)]
    return {
        "at": event.at, "what": visit.w.label("order_event", event.what),
        "means": visit.w.explanation("order_event", event.what), "tone": tone, "details": " · ".join(details),
        "who": " · ".join(part for part in (visit.w.label("order_source", event.source), event.by) if part),
    }  # fmt: skip


def notice_cells(visit: Visit, one: Notice) -> tuple[Cell, ...]:
    """A notice as kept: what it says in our words, and what became of it."""
    facts = one.facts
    amount = facts.get("amount_nanos")
    return (
        Instant(one.last_at),
        Mark(
            visit.w.label("notice_outcome", one.outcome), "good" if one.accepted else "bad",
            visit.w.explanation("notice_outcome", one.outcome),
        ),
        Amount(amount, str(facts.get("currency") or "CNY")) if isinstance(amount, int) else None,
        str(facts.get("number") or "") or None,
        str(facts.get("raw") or "") or None,
        one.arrivals,
        Instant(one.first_at),
    )  # fmt: skip


NOTICE_COLUMNS = (
    Column(code="notice_last"), Column(code="notice_outcome"), Column(code="notice_amount", numeric=True),
    Column(code="notice_number", wide=True), Column(code="notice_raw", wide=True),
    Column(code="notice_arrivals", numeric=True, wide=True), Column(code="notice_first", wide=True),
)  # fmt: skip


def _notices_table(visit: Visit, notices: Sequence[Notice]) -> Table:
    return Table(
        name="notices", caption="order_notices", empty="order_notices_none", columns=NOTICE_COLUMNS,
        rows=[notice_cells(visit, one) for one in notices],
    )  # fmt: skip


def refund_cells(visit: Visit, one: OrderRefund, *, currency: str, wallet_currency: str) -> tuple[Cell, ...]:
    """A refund: how much goes back, how much left the wallet, and where it is."""
    return (
        state_mark(visit, "refund_state", one.state),
        Amount(one.amount, currency),
        Amount(one.taken, wallet_currency),
        Note(one.reason, visit.w.word("refund_from_provider") if one.external else one.requested_by),
        Instant(one.created_at),
        Instant(one.ended_at),
        one.tries,
        one.failure,
    )


REFUND_COLUMNS = (
    Column(code="refund_state"), Column(code="refund_amount", numeric=True),
    Column(code="refund_taken", numeric=True, wide=True), Column(code="refund_reason", wide=True),
    Column(code="refund_made"), Column(code="refund_ended", wide=True), Column(code="refund_tries", numeric=True, wide=True),
    Column(code="refund_failure", wide=True),
)  # fmt: skip


def _refunds_table(visit: Visit, view: OrderView) -> Table:
    one = view.order
    return Table(
        name="refunds", caption="order_refunds", empty="order_refunds_none", columns=REFUND_COLUMNS,
        rows=[
            refund_cells(visit, refund, currency=one.currency, wallet_currency=one.terms.wallet_currency)
            for refund in view.refunds
        ],
    )  # fmt: skip


def _disputes_table(visit: Visit, view: OrderView) -> Table:
    return Table(
        name="disputes",
        caption="order_disputes",
        empty="order_disputes_none",
        columns=(
            Column(code="dispute_state"), Column(code="dispute_amount", numeric=True), Column(code="dispute_number"),
            Column(code="dispute_opened"), Column(code="dispute_ended"),
        ),
        rows=[
            (
                state_mark(visit, "dispute_state", one.state), Amount(one.amount, view.order.currency), one.number_mask,
                Instant(one.opened_at), Instant(one.ended_at),
            )
            for one in view.disputes
        ],
    )  # fmt: skip


# What staff does.


@pages.post("/orders/{order_id}/confirm", need=_PROPOSE, shows=order)
async def confirm_payment(visit: Visit) -> Response:
    order_id = visit.id_in_path("order", "order_id")
    with form("confirm"):
        approval = await visit.services.order_refunds.propose_confirmation(
            order_id, number=visit.typed("confirm_number"), reason=visit.typed("confirm_reason"), by=visit.by
        )
    await did(visit, approval.account_id, "confirm_payment", subject=show_id("order", order_id))
    return proposed(visit, approval)


@pages.post("/orders/{order_id}/refund", need=_PROPOSE, shows=order)
async def refund_payment(visit: Visit) -> Response:
    order_id = visit.id_in_path("order", "order_id")
    amount = read_optional_money(visit, "refund_amount")
    with form("refund"):
        approval = await visit.services.order_refunds.propose(
            order_id, source_id=visit.typed("refund_source_id"), amount=amount, reason=visit.typed("refund_reason"),
            by=visit.by,
        )  # fmt: skip
    await did(visit, approval.account_id, "refund_payment", subject=show_id("order", order_id))
    return proposed(visit, approval)


@pages.post("/orders/{order_id}/dispute", need=_PROPOSE, shows=order)
async def record_dispute(visit: Visit) -> Response:
    order_id, state = visit.id_in_path("order", "order_id"), visit.typed("dispute_state")
    if state not in tuple(DisputeState):
        raise InputError(field="dispute_state", expected=", ".join(DisputeState))
    with form("dispute"):
        approval = await visit.services.order_refunds.propose_dispute(
            order_id, state=DisputeState(state), reason=visit.typed("dispute_reason"), by=visit.by
        )
    await did(visit, approval.account_id, "record_dispute", subject=show_id("order", order_id))
    return proposed(visit, approval)


@pages.post("/orders/{order_id}/looked-at", need=_WRITE, shows=order)
async def looked_at(visit: Visit) -> Response:
    with form("looked"):
        one = await visit.services.orders.settle_attention(
            visit.id_in_path("order", "order_id"), by=visit.by, reason=visit.typed("looked_reason")
        )
    return await _back(visit, one, "looked_at", "done_looked_at")


@pages.post("/orders/{order_id}/ask", need=_WRITE, shows=order)
async def ask_provider(visit: Visit) -> Response:
    one = await visit.services.orders.order(visit.id_in_path("order", "order_id"))
    outcome = await visit.services.notices.ask(one)
    return await _back(visit, one, "ask_provider", "done_asked_credited" if outcome == "credited" else "done_asked")


@pages.post("/orders/{order_id}/cancel", need=_WRITE, shows=order)
async def call_off_order(visit: Visit) -> Response:
    one = await visit.services.orders.cancel(visit.id_in_path("order", "order_id"), by=visit.by)
    return await _back(visit, one, "call_off_order", "done_order_called_off")


async def _back(visit: Visit, one: Order, what: str, done: str) -> Response:
    await did(visit, one.account_id, what, subject=show_id("order", one.order_id))
    return visit.done(order_page(visit, one.order_id), done)


@pages.get("/orders/{order_id}/receipt", need=_READ)
async def order_receipt(visit: Visit) -> Response:
    """The receipt as the customer gets it: a page of its own, for the screen and for printing."""
    one = await visit.services.orders.order(visit.id_in_path("order", "order_id"))
    await saw(visit, one.account_id, "order_receipt")
    page = await visit.services.receipts.page(one.order_id, visit.language)
    return HTMLResponse(page, headers={"content-security-policy": _RECEIPT_POLICY, "content-language": visit.w.tag})
