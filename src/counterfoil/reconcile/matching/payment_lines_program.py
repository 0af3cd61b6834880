"""Lines with what their keys say, as queries: the order and refund that each is about, echoes, and payments paid back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.queries import concerning, tolerance
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.statements.model import LineKind, LineStatus

_ORDER_COLUMNS = {"account": "account_id", "state": "state", "amount": "amount", "currency": "currency"}


def read_lines(tables: Mapping[str, ir.Table], terms: Terms) -> ir.Table:
    """Every line once. Besides its own columns:

    `row`; `has_moved`, `counts` and `came`, as in `payment_rows`; `of_order`, `by_trade`, `is_preferred` and the order's
    own columns (`order_…`); `named_account`; `of_refund` where it names one; `is_aside` where it has been paid back or
    is of a payout that was returned, and then `returned_place` tells which belong together.
    """
    lines = _with_echoes(_with_keys(tables))
    return _with_returned(_with_paid_back(lines, terms))


def _with_keys(tables: Mapping[str, ir.Table]) -> ir.Table:
    orders, refunds = tables["orders"], tables["order_refunds"]
    paid = tables["payments"].select(paid_key=_.trade_key, paid_order=_.order_id, is_preferred=_.credited)
    believed = paid.left_join(_orders_as(orders, "known"), [("paid_order", "known_order")])
    by_id = refunds.select(by_id=_.refund_id)
    by_key = refunds.filter(_.refund_key.notnull()).group_by(known_key=_.refund_key).aggregate(by_key=_.refund_id.min())
    lines = tables["lines"]
    lines = lines.left_join(believed, [("trade_key", "paid_key")])
    lines = lines.left_join(_orders_as(orders, "named"), [("order_id", "named_order")])
    lines = lines.left_join(by_id, [("refund_id", "by_id")])
    lines = lines.left_join(by_key, [("refund_key", "known_key")])
    # The order that the payment's number leads to, else the one that the line names.
    of_order = {
        f"order_{name}": ibis.ifelse(_.known_order.notnull(), _[f"known_{name}"], _[f"named_{name}"])
        for name in _ORDER_COLUMNS
    }
    lines = lines.select(
        "source", "importer", "kind", "direction", "amount", "fee", "currency", "at", "trade_key", "payout_key",
        "refund_key", "named_account",
        row=concerning("line", _.line_id),
        has_moved=_.status == LineStatus.SUCCEEDED,
        came=_.direction * _.amount,
        of_order=ibis.coalesce(_.known_order, _.named_order),
        by_trade=_.known_order.notnull(),
        is_preferred=_.is_preferred.fill_null(False),
        of_refund=ibis.coalesce(_.by_id, _.by_key),
        **of_order,
    )  # fmt: skip
    took = (
        _.kind.isin((LineKind.ADJUSTMENT, LineKind.TRANSFER))
        & (_.direction < 0)
        & (_.of_order.notnull() | _.of_refund.notnull())
    )
    return lines.mutate(
        order_credited=_.order_state.isin(rules.CREDITED_STATES).fill_null(False),
        is_refund=(_.kind == LineKind.REFUND) | took,
    )


def _orders_as(orders: ir.Table, name: str) -> ir.Table:
    """Orders with their columns under a name of their own, to be joined with."""
    columns = {f"{name}_{column}": orders[of] for column, of in _ORDER_COLUMNS.items()}
    return orders.select(**{f"{name}_order": orders.order_id}, **columns)


def _with_echoes(lines: ir.Table) -> ir.Table:
    """Of a payment or refund that two kinds of statement tell, one counts."""
    second = _.importer.isin(sorted(rules.SECOND_VIEWS))
    number = ibis.coalesce(_.of_refund, _.refund_key)
    told = ibis.cases(
        (_.kind == LineKind.REFUND, "refund|" + _.source + "|" + number),
        (_.kind.isin((LineKind.PAYMENT, LineKind.FEE)), "payment|" + _.source + "|" + _.trade_key),
    )
    # A refund that has no number of its own is the one of its payment that has its amount.
    part = ibis.ifelse(
        _.kind == LineKind.REFUND,
        _.source + "|" + _.trade_key + "|" + _.amount.cast("string"),
        ibis.null("string"),
    )
    lines = lines.mutate(view_of=ibis.ifelse(second, "1", "0") + _.importer, told=told, part=part)
    telling = ibis.ifelse(_.has_moved & (_.kind != LineKind.FEE), _.view_of, ibis.null("string"))
    lines = lines.mutate(best=telling.min().over(group_by="told"), best_part=telling.min().over(group_by="part"))
    best = ibis.cases((_.told.notnull(), _.best), (_.part.notnull(), _.best_part))
    lines = lines.mutate(is_echo=(best < _.view_of).fill_null(False))
    return lines.mutate(counts=_.has_moved & ~_.is_echo).drop(
        "view_of", "told", "part", "best", "best_part", "importer"
    )


def _with_paid_back(lines: ir.Table, terms: Terms) -> ir.Table:
    """Payments that nobody was credited for and that have gone back whole are set aside, with what went back."""
    is_payment = (_.kind == LineKind.PAYMENT) & _.counts
    near = (_.came - _.order_amount).abs() <= tolerance(_.order_currency, terms)
    fits = ((_.currency == _.order_currency) & near).fill_null(False)
    lines = lines.mutate(is_payment=is_payment, fits=fits)
    lines = lines.mutate(
        place=ibis.row_number().over(
            group_by=["of_order", "is_payment"],
            order_by=[_.fits.cast("int8").desc(), _.is_preferred.cast("int8").desc(), _.at, _.row],
        )
    )
    lines = lines.mutate(
        is_spare=_.is_payment & (~_.order_credited | (_.place > 0)),
        is_back=(_.kind == LineKind.REFUND) & _.counts & _.of_refund.isnull(),
        is_own=_.is_preferred | (_.is_payment & _.order_credited & (_.place == 0)),
    )
    of_key = ibis.window(group_by="trade_key")
    group = _.is_spare | _.is_back
    alike = ibis.ifelse(group, _.source + "|" + _.currency, ibis.null("string"))
    lines = lines.mutate(alike=alike, in_group=ibis.ifelse(group, _.came, 0))
    is_whole: Any = (
        (_.is_spare.cast("int8").max().over(of_key) == 1)
        & (_.is_own.cast("int8").max().over(of_key) == 0)
        & (_.alike.min().over(of_key) == _.alike.max().over(of_key))
        & (_.in_group.sum().over(of_key) == 0)
    )
    lines = lines.mutate(is_whole=is_whole)
    is_aside = (_.trade_key.notnull() & _.is_whole & (_.is_spare | _.is_back)).fill_null(False)
    return lines.mutate(is_aside=is_aside).drop(
        "fits", "place", "is_spare", "is_back", "is_own", "alike", "in_group", "is_whole"
    )


def _with_returned(lines: ir.Table) -> ir.Table:
    """Payouts that the bank has refused are set aside: what left the channel's balance has come back to it."""
    alike = ["source", "payout_key", "amount", "currency"]
    is_payout = (_.kind == LineKind.PAYOUT) & _.counts & _.payout_key.notnull()
    lines = lines.mutate(is_payout=is_payout, has_left=_.direction < 0)
    lines = lines.mutate(
        returned_place=ibis.row_number().over(group_by=[*alike, "is_payout", "has_left"], order_by=[_.at, _.row]),
        sent=(_.is_payout & _.has_left).cast("int64").sum().over(group_by=alike),
        back=(_.is_payout & ~_.has_left).cast("int64").sum().over(group_by=alike),
    )
    is_returned = _.is_payout & (_.returned_place < ibis.least(_.sent, _.back))
    return lines.mutate(is_aside=_.is_aside | is_returned).drop("is_payout", "has_left", "sent", "back")
