"""Orders against their credits and their payment lines, as queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.found import broken, matched
from counterfoil.reconcile.matching.queries import AGAIN, FITS, by_name, compare, concerning, not_yet, tolerance
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import BreakClass
from counterfoil.reconcile.statements.model import LineKind

_MILLION = 1_000_000


def compare_payments(lines: ir.Table, terms: Terms) -> ir.Table:
    """The payment lines of each order, held against its amount."""
    parts = lines.filter(_.is_payment & _.of_order.notnull() & ~_.is_aside)
    return compare(
        parts.mutate(
            of=_.of_order,
            expected=_.order_amount,
            expected_currency=_.order_currency,
            tolerance=tolerance(_.order_currency, terms),
            is_foreign=(_.named_account != _.order_account).fill_null(False),
        )
    )


def compare_credits(tables: Mapping[str, ir.Table]) -> ir.Table:
    """The credits of each order, held against what it was to credit; its bonus by itself."""
    orders = tables["orders"].select(
        of_order=_.order_id,
        order_account=_.account_id,
        provider=_.provider,
        order_credited=_.state.isin(rules.CREDITED_STATES),
        expected_paid=_.credited,
        expected_bonus=_.bonus,
        expected_currency=_.wallet_currency,
    )
    posted = tables["credits"].filter(_.cause_kind == "order")
    parts = posted.inner_join(orders, [("cause_id", "of_order")])
    parts = parts.mutate(
        of=_.of_order + ibis.ifelse(_.is_bonus, "+", ""),
        row=concerning("credit", _.transfer_id),
        came=_.amount,
        is_preferred=False,
        expected=ibis.ifelse(_.is_bonus, _.expected_bonus, _.expected_paid),
        tolerance=ibis.literal(0, "int64"),
        is_foreign=_.account_id != _.order_account,
    )
    parts = parts.mutate(any_foreign=_.is_foreign.cast("int8").max().over(group_by="of_order") == 1)
    return compare(parts)


def gather_orders(
    tables: Mapping[str, ir.Table], lines: ir.Table, payments: ir.Table, posted: ir.Table, terms: Terms
) -> ir.Table:
    """One row per order, with what was found of its lines and credits."""
    orders = tables["orders"].mutate(
        row=concerning("order", _.order_id),
        done_at=ibis.coalesce(_.paid_at, _.created_at),
        is_credited=_.state.isin(rules.CREDITED_STATES),
        settling=by_name(_.provider, terms.settling, terms.settling_otherwise),
    )
    told = lines.filter(_.of_order.notnull() & (_.kind == LineKind.PAYMENT))
    fees = lines.filter((_.kind == LineKind.FEE) & _.counts & (_.direction < 0) & _.of_order.notnull())
    for more in (
        _gather_payments(payments),
        _gather_credits(posted),
        told.filter(~_.has_moved)
        .group_by("of_order")
        .aggregate(tried_rows=_.row.collect(), tried_by_trade=_.by_trade.cast("int8").max() == 1),
        told.filter(_.is_echo & _.has_moved).group_by("of_order").aggregate(echo_rows=_.row.collect()),
        fees.group_by("of_order").aggregate(apart=_.amount.sum().cast("int64")),
    ):
        orders = orders.left_join(more, [("order_id", "of_order")]).drop("of_order")
    return orders.mutate(
        has_lines=_.line_rows.notnull(),
        has_credits=_.credit_rows.notnull(),
        is_paid_in=_.paid_rows.notnull(),
        rule=ibis.ifelse(_.by_trade, rules.TRADE_NUMBER.name, rules.ORDER_NUMBER.name),
    )


def _gather_payments(payments: ir.Table) -> ir.Table:
    kept = _.is_kept
    return payments.group_by("of_order").aggregate(
        line_rows=_.row.collect(),
        kept_rows=_.row.collect(where=kept),
        line_verdict=_.verdict.min(),
        line_found=_.found.max(where=kept),
        brought=_.came.sum().cast("int64"),
        brought_alike=_.came.sum(where=_.currency == _.order_currency).cast("int64"),
        first_at=_.at.min(),
        last_at=_.at.max(where=kept),
        by_trade=_.by_trade.cast("int8").max(where=kept) == 1,
        any_by_trade=_.by_trade.cast("int8").max() == 1,
        fee_source=_.source.min(where=kept),
        fee=_.fee.sum(where=kept).cast("int64"),
        kept=_.is_kept.cast("int64").sum(),
        foreign_lines=_.row.collect(where=kept & _.is_foreign),
        foreign_brought=_.came.sum(where=kept & _.is_foreign).cast("int64"),
        is_foreign=(kept & _.is_foreign).cast("int8").max() == 1,
    )


def _gather_credits(posted: ir.Table) -> ir.Table:
    gathered = posted.group_by("of_order").aggregate(
        credit_rows=_.row.collect(),
        credit_total=_.amount.sum().cast("int64"),
        paid_count=(~_.is_bonus).cast("int64").sum(),
        paid_rows=_.row.collect(where=~_.is_bonus & _.is_kept),
        paid_verdict=_.verdict.min(where=~_.is_bonus),
        paid_found=_.found.max(where=~_.is_bonus & _.is_kept),
        bonus_rows=_.row.collect(where=_.is_bonus),
        bonus_total=_.amount.sum(where=_.is_bonus).cast("int64"),
        foreign_rows=_.row.collect(where=_.is_foreign),
        foreign_total=_.amount.sum(where=_.is_foreign).cast("int64"),
        any_foreign=_.is_foreign.cast("int8").max() == 1,
    )
    # A list of nothing is null in one engine and empty in another.
    return gathered.mutate(paid_rows=ibis.ifelse(_.paid_count > 0, _.paid_rows, ibis.null("array<string>")))


def _of_order(**what: Any) -> dict[str, Any]:
    return {
        "ours": _.row,
        "source": _.provider,
        "account_id": _.account_id,
        "currency": _.currency,
        "expected": _.amount,
        "at": _.done_at,
        **what,
    }


def break_orders(orders: ir.Table, terms: Terms) -> Iterator[ir.Table]:
    """What is wrong between orders, credits and lines, except what has come twice."""
    yield from _break_uncredited(orders, terms)
    yield from _break_credits(orders.filter(_.is_credited))
    yield from _break_lines(orders.filter(_.is_credited), terms)


def _break_uncredited(orders: ir.Table, terms: Terms) -> Iterator[ir.Table]:
    orders = orders.filter(~_.is_credited)
    yield broken(
        orders, _.has_credits & _.has_lines, BreakClass.STATUS_MISMATCH,
        **_of_order(rule=rules.ORDER_CREDIT, more=_.credit_rows, theirs=_.line_rows, found=_.brought),
    )  # fmt: skip
    yield broken(
        orders, _.has_credits & ~_.has_lines, BreakClass.MISSING_EXTERNAL,
        **_of_order(
            rule=rules.ORDER_CREDIT, more=_.credit_rows, expected=_.credit_total, currency=_.wallet_currency
        ),
    )  # fmt: skip
    by = ibis.ifelse(_.any_by_trade, rules.TRADE_NUMBER.name, rules.ORDER_NUMBER.name)
    yield broken(
        orders, ~_.has_credits & _.has_lines,
        not_yet(_.first_at, terms.crediting, terms, BreakClass.MISSING_INTERNAL),
        **_of_order(rule=by, theirs=_.line_rows, found=_.brought, at=_.first_at),
    )  # fmt: skip


def _break_credits(orders: ir.Table) -> Iterator[ir.Table]:
    wallet = _of_order(rule=rules.ORDER_CREDIT, expected=_.credited, currency=_.wallet_currency)
    is_foreign = _.any_foreign.fill_null(False)
    yield broken(
        orders, is_foreign, BreakClass.WRONG_ACCOUNT, **wallet | {"more": _.foreign_rows, "found": _.foreign_total}
    )
    yield broken(orders, ~is_foreign & ~_.is_paid_in, BreakClass.MISSING_INTERNAL, **wallet | {"theirs": _.line_rows})
    ours = orders.filter(~is_foreign & _.is_paid_in)
    yield broken(
        ours, ~_.paid_verdict.isin((FITS, AGAIN)), _.paid_verdict,
        **wallet | {"more": _.paid_rows, "found": _.paid_found},
    )  # fmt: skip
    bonus = _.bonus_total.fill_null(0)
    yield broken(
        ours, bonus != _.bonus,
        ibis.ifelse(bonus > _.bonus, str(BreakClass.AMOUNT_OVER), str(BreakClass.AMOUNT_UNDER)),
        **wallet | {"more": _.bonus_rows, "expected": _.bonus, "found": bonus},
    )  # fmt: skip


def _break_lines(orders: ir.Table, terms: Terms) -> Iterator[ir.Table]:
    yield broken(
        orders, ~_.has_lines & _.tried_rows.notnull(), BreakClass.STATUS_MISMATCH,
        **_of_order(
            rule=ibis.ifelse(_.tried_by_trade, rules.TRADE_NUMBER.name, rules.ORDER_NUMBER.name), theirs=_.tried_rows
        ),
    )  # fmt: skip
    paid = orders.filter(_.has_lines)
    yield broken(
        paid, _.is_foreign, BreakClass.WRONG_ACCOUNT,
        **_of_order(rule=_.rule, theirs=_.foreign_lines, found=_.foreign_brought),
    )  # fmt: skip
    paid = paid.filter(~_.is_foreign)
    told = _of_order(rule=_.rule, theirs=_.kept_rows, found=_.line_found)
    yield broken(paid, ~_.line_verdict.isin((FITS, AGAIN)), _.line_verdict, **told)
    right = paid.filter(_.line_verdict.isin((FITS, AGAIN)))
    yield broken(right, _.line_found != _.amount, BreakClass.ROUNDING_WITHIN_TOLERANCE, **told)
    yield broken(right, (_.last_at - _.done_at).abs() > _.settling, BreakClass.LATE, **told)
    if terms.fees:
        yield _break_fees(right.filter(_.line_verdict == FITS), terms)


def _break_fees(orders: ir.Table, terms: Terms) -> ir.Table:
    def rate(name: str) -> Any:
        return by_name(_.fee_source, {source: getattr(one, name) for source, one in terms.fees.items()}, None)

    orders = orders.mutate(share=rate("share_millionths"), fixed=rate("fixed"), allowed=rate("allowed"))
    # In two steps, so that no product exceeds 64 bits; the first division leaves no rest, so that it is exact.
    below = _.line_found % _MILLION
    whole = ((_.line_found - below) / _MILLION).round().cast("int64")
    rest = ((below * _.share + _MILLION // 2) / _MILLION).floor().cast("int64")
    orders = orders.mutate(agreed=whole * _.share + rest + _.fixed * _.kept, fee_found=_.fee + _.apart.fill_null(0))
    return broken(
        orders, (_.agreed - _.fee_found).abs() > _.allowed * _.kept, BreakClass.FEE_MISMATCH,
        **_of_order(rule=_.rule, theirs=_.kept_rows, expected=_.agreed, found=_.fee_found),
    )  # fmt: skip


def break_repeated(orders: ir.Table, payments: ir.Table, posted: ir.Table) -> Iterator[ir.Table]:
    """Payments and credits that came on top of what was expected, one break each."""
    held = orders.filter(_.is_credited & _.has_lines).select(
        "order_id", "provider", "account_id", "rule", held_row=_.row, held_currency=_.currency
    )
    again = payments.filter((_.verdict == AGAIN) & ~_.is_kept).select("of_order", "row", "came", "at")
    again = again.inner_join(held, [("of_order", "order_id")])
    yield broken(
        again, True, BreakClass.DUPLICATE_EXTERNAL, rule=_.rule, ours=_.held_row, theirs=ibis.array([_.row]),
        source=_.provider, account_id=_.account_id, currency=_.held_currency, expected=0, found=_.came, at=_.at,
    )  # fmt: skip
    is_second = (_.verdict == AGAIN) & ~_.is_kept & ~_.is_bonus & _.order_credited & ~_.any_foreign
    yield broken(
        posted, is_second, BreakClass.DUPLICATE_INTERNAL, rule=rules.ORDER_CREDIT, ours=concerning("order", _.of_order),
        more=ibis.array([_.row]), source=_.provider, account_id=_.order_account, currency=_.expected_currency,
        expected=0, found=_.amount, at=_.at,
    )  # fmt: skip


def match_orders(orders: ir.Table) -> ir.Table:
    """Orders with their credits, and the lines that paid them."""
    is_near = _.line_verdict.isin((FITS, AGAIN))
    return matched(
        orders, _.is_credited & _.has_lines, rule=_.rule, ours=_.row, more=_.credit_rows, theirs=_.kept_rows,
        echoes=_.echo_rows, currency=_.currency, variance=ibis.ifelse(is_near, _.line_found - _.amount, 0),
    )  # fmt: skip


def open_orders(orders: ir.Table, terms: Terms) -> ir.Table:
    """Orders that were credited and that no line is known of."""
    is_open = _.is_credited & _.is_paid_in & ~_.has_lines & _.tried_rows.isnull()
    here = True if terms.sources is None else _.provider.isin(sorted(terms.sources))
    return orders.filter(is_open, here).select(
        "row", "currency", "amount", "account_id",
        source=_.provider,
        flow=ibis.literal(1, "int64"),
        since=_.done_at - terms.window,
        until=_.done_at + terms.window,
        tolerance=tolerance(_.currency, terms),
        at=_.done_at,
        told_source=_.provider,
        rule=ibis.literal(rules.AMOUNT_AND_TIME.name),
        missing=not_yet(_.done_at, _.settling, terms, BreakClass.MISSING_EXTERNAL),
    )  # fmt: skip
