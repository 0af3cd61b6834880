"""One recharge order: where its payment is and what comes next, paying it, its receipt, and its invoice."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import segno
from starlette.responses import HTMLResponse, Response

from counterfoil.console.pages.recharge import ORDER, bonus_life, order_mark, orders_table, rate_text
from counterfoil.console.routes import Pages
from counterfoil.console.tables import Action, Amount, Cell, Column, Id, Instant, Mark, Table
from counterfoil.console.visits import View, Visit
from counterfoil.foundation.errors import NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.identity.access import Need, Own, Staff
from counterfoil.recharge.invoices_model import InvoiceRequest, InvoiceState
from counterfoil.recharge.model import RATE_ONE, DisputeState, Order, OrderEvent, OrderState, ProviderKind, RefundState
from counterfoil.recharge.providers.port import PayBy, Payment
from counterfoil.recharge.service import OrderView
from counterfoil.recharge.terms import show_rate

pages = Pages()
_READ = Need(own=Own.MONEY_READ, staff=Staff.ACCOUNTS_READ)
_PAYABLE = frozenset({OrderState.CREATED, OrderState.PROCESSING, OrderState.FAILED})
_INVOICEABLE = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED})
_GOOD_EVENTS = frozenset({"credited", "refund_succeeded", "refund_recorded"})
_BAD_EVENTS = frozenset({"refund_failed", "dispute_recorded"})
_REFUND_TONES = {RefundState.SUCCEEDED: "good", RefundState.FAILED: "bad", RefundState.UNKNOWN: "warn"}
_DISPUTE_TONES = {DisputeState.OPEN: "bad", DisputeState.WON: "good", DisputeState.LOST: "bad"}
_INVOICE_TONES = {InvoiceState.REQUESTED: "info", InvoiceState.ISSUED: "good", InvoiceState.REJECTED: "bad"}
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
# The white around a QR code that scanners need (ISO 18004).
_QUIET_ZONE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a payment: of what has happened with its time, or of what is still to come without one."""

    title: str
    text: str
    at: int | None = None
    told_by: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QrCode:
    """A QR code as a drawing: the side of its square, and the path of its dark modules."""

    side: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayHere:
    """Where to pay; `link`, `qr` or `transfer`. `demo_link` is the page of a demo's sandbox."""

    link: str | None = None
    qr: QrCode | None = None
    transfer: str | None = None
    demo_link: str | None = None


@pages.get("/accounts/{account_id}/recharge/orders/{order_id}", need=_READ)
async def recharge_order(visit: Visit) -> View:
    return await _view(visit, pay_here=None)


@pages.post("/accounts/{account_id}/recharge/orders/{order_id}/pay", need=ORDER, shows=recharge_order)
async def recharge_order_pay(visit: Visit) -> View:
    """Where to pay is kept nowhere, so it is shown at once; loaded again, the same payment goes on."""
    order = await _own_order(visit)
    path = visit.link(f"/recharge/orders/{show_id('order', order.order_id)}")
    payment = await visit.services.orders.pay(order.order_id, return_path=path)
    return await _view(visit, pay_here=await _pay_here(visit, order, payment))


@pages.post("/accounts/{account_id}/recharge/orders/{order_id}/cancel", need=ORDER, shows=recharge_order)
async def recharge_order_cancel(visit: Visit) -> Response:
    order = await _own_order(visit)
    await visit.services.orders.cancel(order.order_id, by=visit.by)
    return visit.done(_address(visit, order), "done_order_cancelled")


@pages.post("/accounts/{account_id}/recharge/orders/{order_id}/invoice", need=ORDER, shows=recharge_order)
async def recharge_order_invoice(visit: Visit) -> Response:
    order = await _own_order(visit)
    await visit.services.invoices.request(
        order.order_id, legal_name=visit.typed("legal_name"), tax_id=visit.typed("tax_id"), by=visit.by
    )
    return visit.done(_address(visit, order), "done_invoice_asked")


@pages.get("/accounts/{account_id}/recharge/orders/{order_id}/receipt", need=_READ)
async def recharge_order_receipt(visit: Visit) -> Response:
    """A page by itself, whose style is inside: the policy names that style by its hash."""
    order = await _own_order(visit)
    page = await visit.services.receipts.page(order.order_id, visit.language)
    styles = " ".join(
        f"'sha256-{base64.b64encode(sha256(one.encode()).digest()).decode()}'" for one in _STYLE.findall(page)
    )
    policy = f"default-src 'none'; style-src {styles}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return HTMLResponse(page, headers={"content-security-policy": policy, "content-language": visit.w.tag})


async def _own_order(visit: Visit) -> Order:
    """The order of the path; one of another account is one that does not exist."""
    order = await visit.services.orders.order(visit.id_in_path("order", "order_id"))
    if order.account_id != visit.account_id:
        raise NotFound(code="order_not_found", order=show_id("order", order.order_id))
    return order


def _address(visit: Visit, order: Order) -> str:
    return visit.link(f"/recharge/orders/{show_id('order', order.order_id)}")


async def _view(visit: Visit, *, pay_here: PayHere | None) -> View:
    order = await _own_order(visit)
    whole = await visit.services.orders.view(order.order_id)
    order = whole.order
    is_payable = order.state in _PAYABLE and visit.now < order.expires_at
    invoices = await visit.services.invoices.list(account_id=visit.account_id, order_id=order.order_id)
    may_order = visit.may(own=ORDER.own, staff=ORDER.staff)
    words = find_entry(Kind.ORDER_STATE, order.state)
    assert words is not None
    return View(
        template="recharge_order.html",
        title="recharge_order",
        values={
            "order": order,
            "shown_id": show_id("order", order.order_id),
            "address": _address(visit, order),
            "mark": order_mark(visit, order.state),
            "words": words,
            "facts": _facts(visit, order),
            "happened": [_happened(visit, event) for event in whole.events if _may_see(visit, event)],
            "to_come": _to_come(visit, order, is_payable=is_payable),
            "is_payable": is_payable,
            # A late payment still comes; once it is credited, little changes.
            "is_live": not order.state.is_credited and order.state is not OrderState.CANCELLED,
            "may_pay": may_order and is_payable,
            "may_cancel": may_order and order.state in _PAYABLE,
            "may_ask_invoice": may_order and _can_be_invoiced(order, invoices),
            "cancel": Action("recharge_cancel", _address(visit, order) + "/cancel", danger=True),
            "attention": order.attention if visit.is_staff else None,
            "pay_here": pay_here,
        },
        tables=(
            _refunds_table(visit, whole),
            _disputes_table(visit, whole),
            orders_table(visit, whole.siblings, caption="recharge_siblings", empty="recharge_no_orders"),
            _invoices_table(visit, invoices),
        ),
    )


def _facts(visit: Visit, order: Order) -> list[tuple[str, Cell]]:
    terms = order.terms
    facts: list[tuple[str, Cell]] = [
        ("receipt_paid" if order.state.is_credited else "recharge_you_pay", Amount(order.amount, order.currency)),
        ("recharge_way", visit.w.label("provider_kind", order.provider_kind)),
        ("recharge_credits", Amount(terms.credited, terms.wallet_currency)),
    ]
    rate = rate_text(visit, terms, currency=order.currency)
    if rate is not None:
        facts.append(("recharge_rate", rate))
    if terms.ratio != RATE_ONE:
        facts.append(("recharge_ratio", f"× {show_rate(terms.ratio)}"))
    if terms.bonus:
        bonus = f"{visit.shown.money(terms.bonus, terms.wallet_currency)} · {bonus_life(visit, terms.bonus_days)}"
        facts.append(("recharge_bonus", bonus))
    facts += [
        ("order_id", Id(show_id("order", order.order_id))),
        ("created_at", Instant(order.created_at)),
        ("recharge_made_by", order.created_by),
    ]
    if order.paid_at is not None:
        facts.append(("paid_at", Instant(order.paid_at)))
    elif order.state in _PAYABLE:
        facts.append(("recharge_pay_until", Instant(order.expires_at)))
    for code, mask in (("number_mask", order.number_mask), ("payer_mask", order.payer_mask)):
        if mask is not None:
            facts.append((code, mask))
    return facts


# -- what has happened, and what comes next ---------------------------------------------------------------------------


def _may_see(visit: Visit, event: OrderEvent) -> bool:
    """What staff do about an order among themselves is theirs."""
    if visit.is_staff:
        return True
    words = find_entry(Kind.ORDER_EVENT, event.what)
    return words is not None and words.public


def _happened(visit: Visit, event: OrderEvent) -> Step:
    source = visit.w.label("order_source", event.source)
    by = f"{source} · {event.by}" if visit.is_staff and event.by else source
    return Step(
        title=visit.w.label("order_event", event.what),
        text=visit.w.explanation("order_event", event.what),
        at=event.at,
        told_by=visit.w.word("recharge_told_by", source=by),
        tone="good" if event.what in _GOOD_EVENTS else "bad" if event.what in _BAD_EVENTS else "",
    )


def _to_come(visit: Visit, order: Order, *, is_payable: bool) -> list[Step]:
    """What has not happened yet of a payment that is still to come."""
    if not is_payable:
        return []
    codes = ["recharge_next_confirm", "recharge_next_credit"]
    if order.state is not OrderState.PROCESSING:
        codes.insert(0, "recharge_next_pay")
    return [Step(title=visit.w.heading(code), text=visit.w.paragraph(code)) for code in codes]


# -- paying ------------------------------------------------------------------------------------------------------------


async def _pay_here(visit: Visit, order: Order, payment: Payment) -> PayHere:
    demo_link = None
    if payment.pay_by is PayBy.QR_CODE and visit.services.is_demo:
        # What a wallet would open when it has scanned the code.
        row = await visit.services.payment_providers.find(order.provider)
        demo_link = f"{row.base_url}/pay/{ProviderKind(order.provider_kind)}/{order.number}"
    match payment.pay_by:
        case PayBy.LINK:
            # A provider's address that is none is no link: nothing else may ever be run by it.
            is_address = payment.content.startswith(("https://", "http://"))
            return PayHere(
                link=payment.content if is_address else None, transfer=None if is_address else payment.content
            )
        case PayBy.QR_CODE:
            return PayHere(qr=qr_code(payment.content), demo_link=demo_link)
    return PayHere(transfer=payment.content)


def qr_code(content: str) -> QrCode:
    """A QR code as a path: each run of dark modules of a row is a bar."""
    rows = [[bool(module) for module in row] for row in segno.make_qr(content, error="m").matrix]
    bars = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            width = 0
            while x + width < len(row) and row[x + width]:
                width += 1
            if width:
                bars.append(f"M{x + _QUIET_ZONE} {y + _QUIET_ZONE}h{width}v1h-{width}z")
            x += max(1, width)
    return QrCode(side=len(rows) + 2 * _QUIET_ZONE, path="".join(bars))


# -- tables --------------------------------------------------------------------------------------------------------------


def _refunds_table(visit: Visit, whole: OrderView) -> Table:
    order = whole.order
    return Table(
        name="refunds",
        caption="recharge_refunds",
        columns=(
            Column(code="created_at"),
            Column(code="recharge_refund_amount", numeric=True),
            Column(code="recharge_refund_taken", numeric=True),
            Column(code="recharge_order_state"),
            Column(code="recharge_refund_ended", wide=True),
        ),
        rows=[
            (
                Instant(one.created_at),
                Amount(one.amount, order.currency),
                Amount(one.taken, order.terms.wallet_currency),
                Mark(
                    visit.w.label("refund_state", one.state), _REFUND_TONES.get(one.state, "info"),
                    visit.w.explanation("refund_state", one.state),
                ),
                Instant(one.ended_at),
            )
            for one in whole.refunds
        ],
    )  # fmt: skip


def _disputes_table(visit: Visit, whole: OrderView) -> Table:
    return Table(
        name="disputes",
        caption="recharge_disputes",
        columns=(
            Column(code="recharge_dispute_opened"),
            Column(code="order_amount", numeric=True),
            Column(code="recharge_order_state"),
            Column(code="ended_at", wide=True),
        ),
        rows=[
            (
                Instant(one.opened_at),
                Amount(one.amount, whole.order.currency),
                Mark(
                    visit.w.label("dispute_state", one.state), _DISPUTE_TONES[one.state],
                    visit.w.explanation("dispute_state", one.state),
                ),
                Instant(one.ended_at),
            )
            for one in whole.disputes
        ],
    )  # fmt: skip


def _can_be_invoiced(order: Order, invoices: Sequence[InvoiceRequest]) -> bool:
    stands = any(one.state is not InvoiceState.REJECTED for one in invoices)
    return order.state in _INVOICEABLE and order.refunded < order.amount and not stands


def _invoices_table(visit: Visit, invoices: Sequence[InvoiceRequest]) -> Table:
    return Table(
        name="invoices",
        caption="recharge_invoices",
        empty="recharge_no_invoices",
        columns=(
            Column(code="recharge_asked_at"),
            Column(code="recharge_legal_name"),
            Column(code="recharge_tax_id", wide=True),
            Column(code="recharge_invoice_amount", numeric=True),
            Column(code="recharge_order_state"),
            Column(code="recharge_invoice_number"),
            Column(code="recharge_invoice_reason", wide=True),
        ),
        rows=[
            (
                Instant(one.requested_at),
                one.legal_name,
                one.tax_id,
                Amount(one.amount, one.currency),
                Mark(visit.w.label("invoice_state", one.state), _INVOICE_TONES[one.state]),
                one.number,
                one.reason,
            )
            for one in invoices
        ],
    )
