"""Receipts of orders that were paid, and invoices (发票) that are asked for: requested, issued, rejected."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from counterfoil.api.access import Asking, Caller
from counterfoil.api.fields import (
    By,
    Cursor,
    Input,
    Limit,
    Output,
    Page,
    Text,
    optional_id,
    page,
    without,
)
from counterfoil.api.problems import language_of
from counterfoil.api.services import UseCases
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import amount, time
from counterfoil.foundation.vocabulary import Language
from counterfoil.recharge import invoices_model
from counterfoil.recharge.invoices_model import LEGAL_NAME_MAX, NUMBER_MAX, InvoiceState

router = APIRouter(tags=["receipts and invoices"])

OrderId = Annotated[str, Path(description="The order's id (ord_…).", max_length=60)]
InvoiceId = Annotated[str, Path(description="The request's id (inv_…).", max_length=60)]

_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # It says how the order stands now.
    "Cache-Control": "no-store",
}


class NewInvoiceRequest(Input):
    """What an invoice is to be made out to."""

    legal_name: Annotated[Text, Field(min_length=1, max_length=LEGAL_NAME_MAX, description="The company's name.")]
    tax_id: Annotated[
        Text,
        Field(
            max_length=60, description="Its tax number: 6 to 20 digits and letters; spaces and hyphens do not count."
        ),
    ]
    by: By | None = None


class Issued(Input):
    number: Annotated[Text, Field(min_length=1, max_length=NUMBER_MAX, description="The invoice's number.")]
    by: By | None = None


class Rejected(Input):
    reason: Annotated[Text, Field(min_length=1, description="Why; kept, redacted.")]
    by: By | None = None


class InvoiceRequest(Output):
    """A request for an invoice. `amount` is what is left of the order's payment now, in `currency`."""

    invoice_id: str
    order_id: str
    account_id: str
    state: str
    legal_name: str
    tax_id: str
    amount_nanos: int
    amount: str
    currency: str
    requested_by: str
    requested_at: str | None
    number: str | None
    reason: str | None
    decided_by: str | None = Field(description="For staff.")
    decided_at: str | None

    @classmethod
    def of(cls, invoice: invoices_model.InvoiceRequest) -> InvoiceRequest:
        return cls(
            invoice_id=show_id("invoice", invoice.invoice_id), order_id=show_id("order", invoice.order_id),
            account_id=show_id("account", invoice.account_id), state=invoice.state, legal_name=invoice.legal_name,
            tax_id=invoice.tax_id, **amount("amount", invoice.amount), currency=invoice.currency,
            requested_by=invoice.requested_by, requested_at=time(invoice.requested_at), number=invoice.number,
            reason=invoice.reason, decided_by=invoice.decided_by, decided_at=time(invoice.decided_at),
        )  # fmt: skip


def _shown(invoice: invoices_model.InvoiceRequest, caller: Asking) -> InvoiceRequest:
    found = InvoiceRequest.of(invoice)
    return found if caller.is_staff else without(found, "decided_by")


@router.get(
    "/orders/{order_id}/receipt",
    response_class=HTMLResponse,
    summary="The receipt of an order that was paid: one page of HTML, to read or to print",
)
async def get_receipt(
    request: Request,
    services: UseCases,
    order_id: OrderId,
    language: Annotated[Language | None, Query(description="Not given: as Accept-Language asks.")] = None,
) -> HTMLResponse:
    chosen = language or language_of(request.scope, services.default_language)
    receipt = await services.receipts.page(read_id("order", order_id), chosen)
    return HTMLResponse(receipt, headers={**_PAGE_HEADERS, "Content-Language": chosen.value})


@router.post("/orders/{order_id}/invoice-requests", status_code=201, summary="Ask for the invoice of an order")
async def request_invoice(
    services: UseCases, caller: Caller, order_id: OrderId, body: NewInvoiceRequest
) -> InvoiceRequest:
    asked = await services.invoices.request(
        read_id("order", order_id), legal_name=body.legal_name, tax_id=body.tax_id, by=caller.named(body.by)
    )
    return _shown(asked, caller)


@router.get("/invoice-requests", summary="List requests for invoices, newest first")
async def list_invoice_requests(
    services: UseCases,
    caller: Caller,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[InvoiceState | None, Query(description="Only those in this state.")] = None,
    account_id: Annotated[str | None, Query(max_length=60, description="Only this account's.")] = None,
    order_id: Annotated[str | None, Query(max_length=60, description="Only this order's.")] = None,
) -> Page[InvoiceRequest]:
    rows = await services.invoices.list(
        state=state, account_id=optional_id("account", account_id), order_id=optional_id("order", order_id),
        before=optional_id("invoice", cursor), most=limit + 1,
    )  # fmt: skip
    return page(
        rows, limit=limit, item=lambda row: _shown(row, caller), cursor=lambda row: show_id("invoice", row.invoice_id)
    )


@router.get("/invoice-requests/{invoice_id}", summary="Get a request for an invoice")
async def get_invoice_request(services: UseCases, caller: Caller, invoice_id: InvoiceId) -> InvoiceRequest:
    return _shown(await services.invoices.find(read_id("invoice", invoice_id)), caller)


@router.post("/invoice-requests/{invoice_id}/issue", summary="Record that the invoice was issued, and its number")
async def issue_invoice(services: UseCases, caller: Caller, invoice_id: InvoiceId, body: Issued) -> InvoiceRequest:
    issued = await services.invoices.issue(read_id("invoice", invoice_id), number=body.number, by=caller.named(body.by))
    return InvoiceRequest.of(issued)


@router.post("/invoice-requests/{invoice_id}/reject", summary="Turn a request for an invoice down")
async def reject_invoice(services: UseCases, caller: Caller, invoice_id: InvoiceId, body: Rejected) -> InvoiceRequest:
    rejected = await services.invoices.reject(
        read_id("invoice", invoice_id), reason=body.reason, by=caller.named(body.by)
    )
    return InvoiceRequest.of(rejected)
