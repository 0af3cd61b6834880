"""What holds each book: the rows that were gathered, handed to an engine, and the queries that match them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir

from counterfoil.reconcile.books.lines import PAYMENT_LINES
from counterfoil.reconcile.books.payments import CREDITS, ORDER_REFUNDS, ORDERS, PAYMENTS, REDEMPTIONS
from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching import codes_program, payments_program
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.terms import Terms

_PAYMENT_TABLES = {
    "lines": PAYMENT_LINES,
    "orders": ORDERS,
    "payments": PAYMENTS,
    "order_refunds": ORDER_REFUNDS,
    "credits": CREDITS,
}
_CODE_TABLES = {"redemptions": REDEMPTIONS, "credits": CREDITS}
Rows = Mapping[str, list[dict[str, Any]]]


def match_payments(engine: Engine, rows: Rows, terms: Terms) -> Outcome:
    """Orders, payment lines, credits and payouts."""
    return payments_program.run(engine, _loaded(engine, rows, _PAYMENT_TABLES), terms)


def match_codes(engine: Engine, rows: Rows, terms: Terms) -> Outcome:
    """Redeemed codes and their credits."""
    return codes_program.run(engine, _loaded(engine, rows, _CODE_TABLES), terms)


def _loaded(engine: Engine, rows: Rows, tables: Mapping[str, Mapping[str, str]]) -> dict[str, ir.Table]:
    return {name: engine.load_rows(name, columns, rows[name]) for name, columns in tables.items()}
