"""Stripe's dashboard: the export of the balance's history ("All activity").

It has the older words: what was not captured of a charge is a `refund` there, like any other. Metadata is named
`order (metadata)`. A charge is named by its own number; the payment intent is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, Statement
from counterfoil.reconcile.statements.stripe_lines import (
    ORDER_KEYS,
    MoneyColumns,
    decimal_sign_of,
    money_of,
)

_NEEDED = ("id", "Type", "Source", "Amount", "Fee", "Net", "Currency", "Created (UTC)")
_MONEY = MoneyColumns(gross=("Amount",), fee=("Fee",), net=("Net",), currency=("Currency",))
_CHARGE = re.compile(r"\b(?:ch|py)_[A-Za-z0-9]{6,}")

# https://docs.stripe.com/reports/balance-transaction-types
_KINDS: Mapping[str, LineKind] = {
    **dict.fromkeys(("charge", "payment"), LineKind.PAYMENT),
    **dict.fromkeys(("refund", "payment_refund", "refund_failure", "payment_failure_refund"), LineKind.REFUND),
    **dict.fromkeys(("stripe_fee", "stripe_fx_fee", "tax_fee", "network_cost", "application_fee",
                     "application_fee_refund"), LineKind.FEE),
    **dict.fromkeys(("payout", "payout_cancel", "payout_failure", "payout_minimum_balance_hold",
                     "payout_minimum_balance_release"), LineKind.PAYOUT),
    **dict.fromkeys(("transfer", "transfer_cancel", "transfer_failure", "transfer_refund", "topup", "topup_reversal",
                     "connect_collection_transfer", "reserve_transaction", "reserve_hold", "reserve_release",
                     "reserved_funds", "advance", "advance_funding", "anticipation_repayment", "inbound_transfer", "inbound_transfer_reversal",
                     "issuing_authorization_hold", "issuing_authorization_release", "issuing_transaction",
                     "payment_network_reserve_hold", "payment_network_reserve_release", "stripe_balance_payment_debit",
                     "stripe_balance_payment_debit_reversal", "payment_unreconciled"), LineKind.TRANSFER),
    **dict.fromkeys(("adjustment", "payment_reversal", "contribution", "validation", "issuing_dispute",
                     "issuing_dispute_provisional_credit", "issuing_dispute_provisional_credit_reversal", "tax_fund",
                     "fee_credit_funding",
                     "obligation_outbound", "obligation_reversal_inbound", "climate_order_purchase",
                     "climate_order_refund"), LineKind.ADJUSTMENT),
}  # fmt: skip


class StripeDashboard:
    """The balance's history, as exported by hand."""

    name = "stripe_dashboard"
    version = 1

    def identify(self, document: Document) -> bool:
        return find_header(document.head, *_NEEDED) is not None

    def extract(self, document: Document, reading: Reading) -> Statement:
        header = find_header(document.head, *_NEEDED)
        if header is None:
            raise StatementUnreadable()
        decimal = decimal_sign_of(document, header, _MONEY)
        table = read_table(document.rows(), header, lambda record: _line(record, reading, decimal))
        return Statement(
            importer=self.name, version=self.version, lines=table.lines, rejects=table.rejects, totals=(),
            is_truncated=table.is_cut,
        )  # fmt: skip


def _line(record: Record, reading: Reading, decimal: str) -> Line:
    kind = record.choice(_KINDS, "Type")
    moved = money_of(record, kind, _MONEY, decimal)
    source = record.id("Source")
    description = record.text("Description")
    is_refund = kind is LineKind.REFUND
    return Line(
        number=record.row.number, natural_key=record.needed_id("id"), kind=moved.kind,
        direction=moved.direction, amount=moved.amount, fee=moved.fee, currency=moved.currency,
        at=record.time("Created (UTC)", time_zone="UTC"), raw=record.raw,
        trade_number=_charge(source, description, is_payment=kind is LineKind.PAYMENT),
        order_number=record.id(reading.columns.get("order_number", "")) or _metadata(record, ORDER_KEYS),
        refund_number=source if is_refund else None,
        merchant_refund_number=_metadata(record, ("refund", "refund_id")) if is_refund else None,
        # A payout's own line has its number as source, the lines in it have it as transfer.
        payout_number=source if kind is LineKind.PAYOUT else record.id("Transfer"),
        payer=record.id("Customer Email") or record.id("Customer ID"),
        description=description or None,
    )  # fmt: skip


def _charge(source: str | None, description: str, *, is_payment: bool) -> str | None:
    """The charge: the source of a payment, and of a refund in older accounts; disputes have it in their description."""
    if source is not None and (is_payment or _CHARGE.match(source)):
        return source
    found = _CHARGE.search(description)
    return found.group() if found is not None else None


def _metadata(record: Record, keys: tuple[str, ...]) -> str | None:
    return next((found for key in keys if (found := record.id(f"{key} (metadata)")) is not None), None)
