"""Invoices' use cases (发票): ask for one, and what finance has done about it. None of them moves money."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.recharge import invoices_store, store
from counterfoil.recharge.invoices_model import LEGAL_NAME_MAX, NUMBER_MAX, InvoiceRequest, InvoiceState, read_tax_id
from counterfoil.recharge.model import Order, OrderState
from counterfoil.recharge.people import check_person, check_reason
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Connection, Database
from counterfoil.storage.outbox import Announcement, announce

PAGE_MAX = 500
_INVOICEABLE = frozenset({OrderState.PAID, OrderState.PARTLY_REFUNDED})


class Invoices:
    """Requests for invoices of orders that were paid; one at a time stands for an order."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def request(self, order_id: UUID, *, legal_name: str, tax_id: str, by: str) -> InvoiceRequest:
        """Ask for the invoice of an order; the same again, while nobody has decided, is the same request.

        Raises `NotFound`, `InputError`, and `Conflict`: `order_not_paid`, `order_not_invoiceable`, `invoice_exists`.
        """
        name, number = _check_legal_name(legal_name), read_tax_id(tax_id)
        by = check_person(by)
        async with self._database.unit_of_work() as connection:
            order = await _locked(connection, order_id)
            _check_order(order)
            standing = await invoices_store.read_standing(connection, order_id)
            if standing is not None:
                if standing.state is InvoiceState.REQUESTED and (standing.legal_name, standing.tax_id) == (
                    name,
                    number,
                ):
                    return standing
                raise Conflict(
                    code="invoice_exists", invoice=show_id("invoice", standing.invoice_id), state=str(standing.state)
                )
            asked = InvoiceRequest(
                invoice_id=self._clock.new_id(), order_id=order_id, account_id=order.account_id,
                state=InvoiceState.REQUESTED, legal_name=name, tax_id=number, amount=order.amount - order.refunded,
                currency=order.currency, requested_by=by, requested_at=self._clock.now(),
            )  # fmt: skip
            await invoices_store.insert_invoice(connection, asked)
        return asked

    async def issue(self, invoice_id: UUID, *, number: str, by: str) -> InvoiceRequest:
        """Record that the invoice was issued, under which number; the same again is answered as the first time.

        Raises `NotFound`, `InputError`, and `Conflict`: `invoice_decided`, `order_not_invoiceable`.
        """
        number = number.strip()
        if not (1 <= len(number) <= NUMBER_MAX and number.isprintable()):
            raise InputError(field="number", expected=f"1 to {NUMBER_MAX} printable characters")
        by = check_person(by)
        async with self._database.unit_of_work() as connection:
            order, invoice = await self._open(connection, invoice_id)
            if (invoice.state, invoice.number) == (InvoiceState.ISSUED, number):
                return invoice
            _check_open(invoice)
            # It may have been refunded since somebody asked.
            _check_order(order)
            return await self._decide(connection, replace(invoice, state=InvoiceState.ISSUED, number=number), by=by)

    async def reject(self, invoice_id: UUID, *, reason: str, by: str) -> InvoiceRequest:
        """Turn a request down; another may be made then. The same again is answered as the first time.

        Raises `NotFound`, `InputError`, `Conflict` (`invoice_decided`).
        """
        reason, by = check_reason(reason), check_person(by)
        async with self._database.unit_of_work() as connection:
            _, invoice = await self._open(connection, invoice_id)
            if (invoice.state, invoice.reason) == (InvoiceState.REJECTED, reason):
                return invoice
            _check_open(invoice)
            return await self._decide(connection, replace(invoice, state=InvoiceState.REJECTED, reason=reason), by=by)

    async def find(self, invoice_id: UUID) -> InvoiceRequest:
        """The request of that id; raises `NotFound`."""
        async with self._database.reading() as connection:
            return _known(await invoices_store.read_invoice(connection, invoice_id), invoice_id)

    async def list(
        self,
        *,
        account_id: UUID | None = None,
        order_id: UUID | None = None,
        state: InvoiceState | None = None,
        before: UUID | None = None,
        most: int = 100,
    ) -> list[InvoiceRequest]:
        """Requests, newest first."""
        async with self._database.reading() as connection:
            return await invoices_store.read_invoices(
                connection, account_id=account_id, order_id=order_id, state=state, before=before,
                most=min(most, PAGE_MAX + 1),
            )  # fmt: skip

    async def _open(self, connection: Connection, invoice_id: UUID) -> tuple[Order, InvoiceRequest]:
        """A request with its order, whose lock is that of all its requests."""
        found = _known(await invoices_store.read_invoice(connection, invoice_id), invoice_id)
        order = await _locked(connection, found.order_id)
        return order, _known(await invoices_store.read_invoice(connection, invoice_id), invoice_id)

    async def _decide(self, connection: Connection, invoice: InvoiceRequest, *, by: str) -> InvoiceRequest:
        now = self._clock.now()
        decided = replace(invoice, decided_by=by, decided_at=now)
        await invoices_store.decide_invoice(connection, decided)
        announcement = Announcement(
            kind="invoice_decided", key=f"invoice_decided:{invoice.invoice_id.hex}", account_id=invoice.account_id,
            facts={
                "order": show_id("order", invoice.order_id), "invoice_state": str(invoice.state),
                "amount": f"{format_nanos(invoice.amount)} {invoice.currency}",
            },
        )  # fmt: skip
        await announce(connection, announcement, announcement_id=self._clock.new_id(), now=now)
        return decided


def _check_legal_name(text: str) -> str:
    name = text.strip()
    if not (1 <= len(name) <= LEGAL_NAME_MAX and name.isprintable()):
        raise InputError(code="name_unreadable")
    if redact(name) != name:
        # An invoice made out to a masked name would be worth nothing, and a secret is not kept.
        raise InputError(field="legal_name", expected="a name, without card numbers, keys or addresses in it")
    return name


def _check_order(order: Order) -> None:
    if not order.state.is_credited:
        raise Conflict(code="order_not_paid", order=show_id("order", order.order_id), state=str(order.state))
    if order.state not in _INVOICEABLE or order.refunded >= order.amount:
        raise Conflict(code="order_not_invoiceable", order=show_id("order", order.order_id), state=str(order.state))


def _check_open(invoice: InvoiceRequest) -> None:
    if invoice.state is not InvoiceState.REQUESTED:
        shown = show_id("invoice", invoice.invoice_id)
        raise Conflict(code="invoice_decided", invoice=shown, state=str(invoice.state), by=invoice.decided_by)


def _known(invoice: InvoiceRequest | None, invoice_id: UUID) -> InvoiceRequest:
    if invoice is None:
        raise NotFound(code="invoice_not_found", invoice=show_id("invoice", invoice_id))
    return invoice


async def _locked(connection: Connection, order_id: UUID) -> Order:
    order = await store.lock_order(connection, order_id)
    if order is None:
        raise NotFound(code="order_not_found", order=show_id("order", order_id))
    return order
