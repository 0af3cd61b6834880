"""Orders, payment lines, credits and payouts, held against each other by an engine: `payments_specification` as queries.

A handful of queries, each over whole tables: lines with what their keys say; orders, refunds and pairs with what was found
of them; then all breaks, and all matches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import ibis
import ibis.expr.types as ir
from ibis import _

from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching import orders_program, refunds_program, rest_program
from counterfoil.reconcile.matching.found import to_break, to_match, union
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.payment_lines_program import read_lines
from counterfoil.reconcile.matching.queries import pair
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book


def run(engine: Engine, tables: Mapping[str, ir.Table], terms: Terms) -> Outcome:
    """Match the tables `orders`, `payments`, `order_refunds`, `credits` and `lines`, as `specify` does."""
    lines = engine.keep("payment_lines_known", read_lines(tables, terms))
    payments = engine.keep("payment_lines_compared", orders_program.compare_payments(lines, terms))
    posted = orders_program.compare_credits(tables)
    orders = engine.keep("payment_orders", orders_program.gather_orders(tables, lines, payments, posted, terms))
    told = engine.keep("payment_refund_lines", refunds_program.find_refund_lines(tables, lines, payments, terms))
    refunds = engine.keep("payment_refunds", refunds_program.gather_refunds(tables, lines, told, terms))
    opened = [
        orders_program.open_orders(orders, terms),
        refunds_program.open_refunds(refunds, terms),
        rest_program.open_payouts(lines, terms),
    ]
    ours = union(one.select(*rest_program.OPEN_COLUMNS) for one in opened if one is not None)
    nobodys = rest_program.nobodys_lines(lines, told, terms)
    pairs = engine.keep("payment_pairs", pair(ours, nobodys))

    def breaks() -> Iterator[ir.Table]:
        yield from orders_program.break_orders(orders, terms)
        yield from orders_program.break_repeated(orders, payments, posted)
        yield from refunds_program.break_refunds(refunds, terms)
        yield from refunds_program.break_repeated_refunds(tables, refunds, told, terms)
        yield from rest_program.break_payouts(lines, terms)
        yield from rest_program.break_pairs(pairs)
        yield from rest_program.break_lonely(ours, nobodys, pairs, lines, told, terms)
        yield from rest_program.break_causeless(tables)

    matches = (
        orders_program.match_orders(orders),
        refunds_program.match_refunds(refunds),
        *rest_program.match_aside(lines),
        rest_program.match_pairs(pairs),
    )
    return Outcome(
        breaks=[to_break(row, Book.PAYMENTS) for row in engine.rows(union(breaks()))],
        matches=[to_match(row, Book.PAYMENTS) for row in engine.rows(union(matches))],
        counts=_count(engine, tables, lines),
    )


def _count(engine: Engine, tables: Mapping[str, ir.Table], lines: ir.Table) -> dict[str, int]:
    named = {name: tables[name] for name in ("orders", "payments", "order_refunds", "credits", "lines")}
    named["echoes"] = lines.filter(_.is_echo)
    counted = [table.aggregate(rows=_.count()).mutate(name=ibis.literal(name)) for name, table in named.items()]
    return {row["name"]: row["rows"] for row in engine.rows(union(counted))}
