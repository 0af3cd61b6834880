"""Stripe's reports, by transaction: balance change from activity, payout reconciliation, payouts (`….itemized.N`).

Which columns a report has is chosen by whoever asks for it; metadata stands in `payment_metadata[order]` and
`refund_metadata[refund]`. A partial capture is a whole charge and a `partial_capture_reversal`: both are payment, of
opposite direction, and their sum is what was paid. Disputes are adjustments.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterfoil.reconcile.statements.document import Document
from counterfoil.reconcile.statements.errors import StatementUnreadable
from counterfoil.reconcile.statements.headers import Header, Record, find_header, read_table
from counterfoil.reconcile.statements.importer import Reading
from counterfoil.reconcile.statements.model import Line, LineKind, RejectReason, Statement
from counterfoil.reconcile.statements.stripe_lines import (
    ORDER_KEYS,
    MoneyColumns,
    decimal_sign_of,
    money_of,
)

_NEEDED = ("balance_transaction_id", "currency", "gross", "net", "reporting_category")
_MONEY = MoneyColumns(gross=("gross",), fee=("fee",), net=("net",), currency=("currency",))
# Times in UTC first; the same names without it are in the zone that the report was asked for.
_UTC_TIMES = ("created_utc", "effective_at_utc", "activity_at_utc")
_LOCAL_TIMES = ("created", "effective_at", "activity_at")
_ORDER = tuple(f"{of}_metadata[{key}]" for of in ("payment", "refund") for key in ORDER_KEYS)
_REFUND = ("refund_metadata[refund]", "refund_metadata[refund_id]")

# https://docs.stripe.com/reports/reporting-categories
_KINDS: Mapping[str, LineKind] = {
    **dict.fromkeys(("charge", "partial_capture_reversal"), LineKind.PAYMENT),
    **dict.fromkeys(("refund", "refund_failure"), LineKind.REFUND),
    **dict.fromkeys(("fee", "network_cost", "platform_fee", "stripe_fee", "stripe_fee_tax", "tax"), LineKind.FEE),
    **dict.fromkeys(("payout", "payout_reversal", "payout_minimum_balance_hold", "payout_minimum_balance_release"),
                    LineKind.PAYOUT),
    **dict.fromkeys(
        ("transfer", "transfer_reversal", "topup", "topup_reversal", "connect_collection_transfer",
         "connect_reserved_funds", "risk_reserved_funds", "payment_network_reserved_funds", "minimum_balance_hold",
         "currency_conversion", "financing_payout", "financing_payout_reversal", "advance", "advance_funding",
         "anticipation_repayment", "inbound_transfer", "inbound_transfer_reversal", "outbound_payment",
         "outbound_payment_reversal", "outbound_transfer", "outbound_transfer_reversal", "issuing_authorization_hold",
         "issuing_authorization_release", "issuing_transaction", "received_credit", "received_credit_reversal",
         "received_debit", "received_debit_reversal", "stripe_balance_payment_debit",
         "stripe_balance_payment_debit_reversal", "unreconciled_customer_funds"),
        LineKind.TRANSFER,
    ),
    **dict.fromkeys(
        ("charge_failure", "dispute", "dispute_reversal", "other_adjustment", "contribution", "platform_earning",
         "platform_earning_refund", "financing_paydown", "financing_paydown_reversal", "issuing_dispute",
         "issuing_dispute_fraud_liability_debit", "issuing_dispute_provisional_credit",
         "issuing_dispute_provisional_credit_reversal", "climate_order_purchase", "climate_order_refund", "obligation",
         "return"),
        LineKind.ADJUSTMENT,
    ),
}  # fmt: skip


class StripeReport:
    """Reports by transaction, as downloaded or fetched."""

    name = "stripe_report"
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
            is_truncated=table.is_cut, owner=_owner(header, document),
        )  # fmt: skip


def _line(record: Record, reading: Reading, decimal: str) -> Line:
    kind = record.choice(_KINDS, "reporting_category")
    moved = money_of(record, kind, _MONEY, decimal)
    source = record.id("source_id")
    charge = record.id("payment_intent_id") or record.id("charge_id")
    is_refund = kind is LineKind.REFUND
    return Line(
        number=record.row.number, natural_key=record.needed_id("balance_transaction_id"), kind=moved.kind,
        direction=moved.direction, amount=moved.amount, fee=moved.fee, currency=moved.currency,
        at=_time(record, reading), raw=record.raw,
        trade_number=charge or (source if kind is LineKind.PAYMENT else None),
        order_number=record.id(reading.columns.get("order_number", "")) or _first(record, _ORDER),
        refund_number=(record.id("refund_id") or source) if is_refund else None,
        merchant_refund_number=_first(record, _REFUND) if is_refund else None,
        payout_number=_payout(record, kind, source),
        payer=record.id("customer_email") or record.id("customer_id"),
        description=record.text("description") or None,
    )  # fmt: skip


def _time(record: Record, reading: Reading) -> int:
    if record.header.position(*_UTC_TIMES) is not None:
        return record.time(*_UTC_TIMES, time_zone="UTC")
    if record.header.position(*_LOCAL_TIMES) is None:
        raise record.fail(RejectReason.CELL_MISSING, *_UTC_TIMES)
    return record.time(*_LOCAL_TIMES, time_zone=reading.time_zone or "UTC")


def _payout(record: Record, kind: LineKind, source: str | None) -> str | None:
    named = record.id("automatic_payout_id", "payout_id")
    return source or named if kind is LineKind.PAYOUT else named


def _first(record: Record, names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := record.id(name)) is not None), None)


def _owner(header: Header, document: Document) -> str | None:
    """The account, where the report names it and it is one."""
    if header.position("connected_account") is None:
        return None
    rows = (row for row in document.head if row.number > header.number)
    named = {Record(header=header, row=row).id("connected_account") for row in rows}
    return named.pop() if len(named) == 1 else None
