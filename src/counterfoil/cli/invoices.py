"""Receipts and invoices (发票) of orders, among the commands of `counterfoil orders`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from counterfoil.cli.command import Answer, Call, Commands
from counterfoil.cli.options import Most, OfAccount, account_id_of, read_optional_id
from counterfoil.cli.order_decisions import By, OrderArgument, Reason
from counterfoil.cli.output import Column, fields, moment, money, table
from counterfoil.foundation.errors import Unavailable
from counterfoil.foundation.ids import read_id, show_id
from counterfoil.foundation.shown import Json, amount, time
from counterfoil.foundation.vocabulary import Kind, Language, entry
from counterfoil.recharge.invoices_model import InvoiceRequest, InvoiceState

InvoiceArgument = Annotated[str, typer.Argument(metavar="INVOICE", help="The request's id (inv_…).")]


async def receipt(
    call: Call,
    order: OrderArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="A new file to write it to; not given: standard output."),
    ] = None,
) -> Answer:
    """Make the receipt of an order that was paid: one page of HTML in the language asked for, to read or to print."""
    async with call.services() as services:
        page = await services.receipts.page(read_id("order", order), call.language)
    if output is None:
        return Answer(data={"order_id": order, "language": call.language, "html": page}, lines=page.splitlines())
    _write(output, page)
    data = {"order_id": order, "language": call.language, "file": str(output)}
    return Answer(data=data, lines=[f"Written to {output}."])


async def request_invoice(
    call: Call,
    order: OrderArgument,
    legal_name: Annotated[str, typer.Option("--legal-name", metavar="TEXT", help="The company's name, as registered.")],
    tax_id: Annotated[
        str, typer.Option("--tax-id", metavar="TEXT", help="Its tax number; spaces and hyphens do not count.")
    ],
    by: By,
) -> Answer:
    """Ask for the invoice (发票) of an order that was paid."""
    order_id = read_id("order", order)
    async with call.services() as services:
        asked = await services.invoices.request(order_id, legal_name=legal_name, tax_id=tax_id, by=by)
    return _answer(asked, call.language)


async def list_invoices(
    call: Call,
    state: Annotated[InvoiceState | None, typer.Option("--state", help="Only those in this state.")] = None,
    account: OfAccount = None,
    order: Annotated[str | None, typer.Option("--order", metavar="ORDER", help="Only this order's (ord_…).")] = None,
    most: Most = 50,
    before: Annotated[str | None, typer.Option(metavar="ID", help="Only those before this one (inv_…).")] = None,
) -> Answer:
    """List requests for invoices, newest first; those that wait: --state requested."""
    order_id, last = read_optional_id("order", order), read_optional_id("invoice", before)
    async with call.services() as services:
        found = await services.invoices.list(
            state=state,
            account_id=await account_id_of(services, account),
            order_id=order_id,
            before=last,
            most=most + 1,
        )
    page = found[:most]
    rows = [
        (
            show_id("invoice", one.invoice_id), moment(one.requested_at), show_id("order", one.order_id),
            one.legal_name, one.tax_id, money(one.amount, one.currency), one.state, one.number,
        )
        for one in page
    ]  # fmt: skip
    columns = (
        "invoice",
        "requested",
        "order",
        "name",
        "tax number",
        Column(name="amount", right=True),
        "state",
        "number",
    )
    following = show_id("invoice", page[-1].invoice_id) if len(found) > most else None
    return Answer(
        data={"invoices": [invoice_json(one) for one in page], "next": following},
        lines=table(columns, rows, empty="No such requests."),
    )


async def issue(
    call: Call,
    invoice: InvoiceArgument,
    number: Annotated[str, typer.Option("--number", metavar="TEXT", help="The invoice's number.")],
    by: By,
) -> Answer:
    """Record that an invoice was issued, and under which number; the account is told."""
    invoice_id = read_id("invoice", invoice)
    async with call.services() as services:
        return _answer(await services.invoices.issue(invoice_id, number=number, by=by), call.language)


async def reject(call: Call, invoice: InvoiceArgument, reason: Reason, by: By) -> Answer:
    """Turn a request for an invoice down; the account is told, and may ask anew."""
    invoice_id = read_id("invoice", invoice)
    async with call.services() as services:
        return _answer(await services.invoices.reject(invoice_id, reason=reason, by=by), call.language)


def invoice_json(invoice: InvoiceRequest) -> Json:
    """A request for an invoice. `amount` is what is left of the order's payment now."""
    return {
        "invoice_id": show_id("invoice", invoice.invoice_id),
        "order_id": show_id("order", invoice.order_id),
        "account_id": show_id("account", invoice.account_id),
        "state": invoice.state,
        "legal_name": invoice.legal_name,
        "tax_id": invoice.tax_id,
        **amount("amount", invoice.amount),
        "currency": invoice.currency,
        "requested_by": invoice.requested_by,
        "requested_at": time(invoice.requested_at),
        "number": invoice.number,
        "reason": invoice.reason,
        "decided_by": invoice.decided_by,
        "decided_at": time(invoice.decided_at),
    }


def _answer(invoice: InvoiceRequest, language: Language) -> Answer:
    state = entry(Kind.INVOICE_STATE, invoice.state)
    shown = {
        "invoice": show_id("invoice", invoice.invoice_id),
        "order": show_id("order", invoice.order_id),
        "account": show_id("account", invoice.account_id),
        "state": f"{invoice.state} ({state.label[language]})",
        "name": invoice.legal_name,
        "tax number": invoice.tax_id,
        "amount": money(invoice.amount, invoice.currency),
        "requested by": invoice.requested_by,
        "requested": moment(invoice.requested_at),
        "number": invoice.number,
        "reason": invoice.reason,
        "decided by": invoice.decided_by,
        "decided": moment(invoice.decided_at),
    }
    return Answer(
        data=invoice_json(invoice),
        lines=[*fields(shown), "", state.explanation[language], state.next_step.what_to_change[language]],
    )


def _write(path: Path, page: str) -> None:
    """Write a new file, readable by its owner alone: a receipt names a customer."""
    try:
        with open(path, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(page)
    except OSError as error:
        raise Unavailable(code="receipt_unwritable", path=str(path), reason=error.strerror) from error


def add_to(commands: Commands) -> None:
    commands.add("receipt", receipt)
    commands.add("invoice-request", request_invoice)
    commands.add("invoices", list_invoices)
    commands.add("invoice-issue", issue)
    commands.add("invoice-reject", reject)
