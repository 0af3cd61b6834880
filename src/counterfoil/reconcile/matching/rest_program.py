"""Payouts, what is paired by amount and time, and what is still alone, as queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from counterfoil.recharge.model import OrderState
from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.found import broken, matched
from counterfoil.reconcile.matching.queries import concerning, not_yet, tolerance
from counterfoil.reconcile.matching.terms import BANK_EARLY, Terms
from counterfoil.reconcile.model import BreakClass
from counterfoil.reconcile.statements.model import LineKind

OPEN_COLUMNS = (
    "row", "currency", "amount", "account_id", "source", "flow", "since", "until", "tolerance", "at", "told_source",
    "rule", "missing",
)  # fmt: skip


def break_payouts(lines: ir.Table, terms: Terms) -> Iterator[ir.Table]:
    """Payouts that are not the sum of their lines."""
    payouts = _payouts(lines).filter(_.payout_key.notnull())
    parts = lines.filter((_.kind != LineKind.PAYOUT) & _.counts & _.payout_key.notnull())
    parts = parts.group_by("source", "payout_key").aggregate(due=(_.came - _.fee).sum().cast("int64"))
    payouts = payouts.inner_join(parts, ["source", "payout_key"])
    is_near = (_.due - _.amount).abs() <= tolerance(_.currency, terms)
    yield broken(
        payouts, _.due != _.amount,
        ibis.ifelse(is_near, str(BreakClass.ROUNDING_WITHIN_TOLERANCE), str(BreakClass.SPLIT_MISMATCH)),
        rule=rules.PAYOUT_LINES, ours=_.row, source=_.source, currency=_.currency, expected=_.due, found=_.amount,
        at=_.at,
    )  # fmt: skip


def _payouts(lines: ir.Table) -> ir.Table:
    return lines.filter((_.kind == LineKind.PAYOUT) & _.counts & (_.direction < 0) & ~_.is_aside)


def open_payouts(lines: ir.Table, terms: Terms) -> ir.Table | None:
    """Payouts that are to arrive at a bank whose statements are here, with `OPEN_COLUMNS`."""
    banks = {source: bank for source, bank in terms.payouts_to.items() if terms.is_here(bank)}
    if not banks:
        return None
    payouts = _payouts(lines).filter(_.source.isin(sorted(banks)))
    opened = payouts.select(
        "row", "currency", "amount", "at",
        account_id=ibis.null("string"),
        source=_.source.cases(*banks.items()),
        flow=ibis.literal(1, "int64"),
        since=_.at - BANK_EARLY,
        until=_.at + terms.payout_window,
        tolerance=tolerance(_.currency, terms),
        told_source=_.source,
        rule=ibis.literal(rules.PAYOUT_TO_BANK.name),
        missing=not_yet(_.at, terms.payout_window, terms, BreakClass.MISSING_EXTERNAL),
    )  # fmt: skip
    return opened.select(*OPEN_COLUMNS)


def nobodys_lines(lines: ir.Table, told: ir.Table, terms: Terms) -> ir.Table:
    """Lines that no key has matched and that may be paired by amount and time."""
    columns = ("row", "source", "kind", "currency", "amount", "at")
    transfer = (_.kind == LineKind.TRANSFER) & ~_.is_refund
    is_free = _.counts & ~_.is_aside & _.of_order.isnull()
    free = lines.filter(is_free & ((_.kind == LineKind.PAYMENT) | transfer | _is_arrival(terms)))
    back = told.filter((_.kind == LineKind.REFUND) & _.counts & _.of_refund.isnull() & _.of_order.isnull())
    return free.select(*columns, flow=_.direction).union(back.select(*columns, flow=_.direction))


def _is_arrival(terms: Terms) -> Any:
    """Where a bank says that a channel has paid out, and is the one that channels pay out to."""
    banks = sorted(set(terms.payouts_to.values()))
    return (_.kind == LineKind.PAYOUT) & (_.direction > 0) & (_.source.isin(banks) if banks else False)


def break_pairs(pairs: ir.Table) -> Iterator[ir.Table]:
    """Amounts that differ within the tolerance, and rows of ours that may be several of theirs."""
    what = {
        "rule": _.rule, "ours": _.row, "source": _.told_source, "account_id": _.account_id, "currency": _.currency,
        "expected": _.amount, "at": _.at,
    }  # fmt: skip
    yield broken(
        pairs, is_sure() & (_.came != _.amount), BreakClass.ROUNDING_WITHIN_TOLERANCE,
        **what, theirs=ibis.array([_.their_row]), found=_.came,
    )  # fmt: skip
    unsure = pairs.filter(~is_sure()).group_by("row", "rule", "told_source", "account_id", "currency", "amount", "at")
    unsure = unsure.aggregate(alternatives=_.their_row.collect())
    yield broken(unsure, True, BreakClass.AMBIGUOUS, **what, alternatives=_.alternatives)


def is_sure() -> Any:
    return (_.of_ours == 1) & (_.of_theirs == 1)


def match_pairs(pairs: ir.Table) -> ir.Table:
    """Pairs that are alone on both sides, and suggestions."""
    return matched(
        pairs, True, rule=_.rule, ours=_.row, theirs=ibis.array([_.their_row]), currency=_.currency,
        variance=ibis.ifelse(is_sure(), _.came - _.amount, 0), is_suggested=~is_sure(),
    )  # fmt: skip


def break_lonely(
    opened: ir.Table, nobodys: ir.Table, pairs: ir.Table, lines: ir.Table, told: ir.Table, terms: Terms
) -> Iterator[ir.Table]:
    """What has no counterpart, on either side."""
    alone = opened.anti_join(pairs.select("row"), "row")
    yield broken(
        alone, True, _.missing, rule=_.rule, ours=_.row, source=_.told_source, account_id=_.account_id,
        currency=_.currency, expected=_.amount, at=_.at,
    )  # fmt: skip
    unknown = {
        "theirs": ibis.array([_.row]), "source": _.source, "currency": _.currency, "found": _.amount, "at": _.at,
    }  # fmt: skip
    missing = not_yet(_.at, terms.crediting, terms, BreakClass.MISSING_INTERNAL)
    # A transfer that is nobody's is the operator's own affair.
    theirs = nobodys.filter(_.kind != LineKind.TRANSFER)
    theirs = theirs.anti_join(pairs.select(row=_.their_row), "row")
    yield broken(theirs, True, missing, rule=rules.AMOUNT_AND_TIME, **unknown)
    left = told.filter(_.counts & _.of_refund.isnull() & _.of_order.notnull() & ~(_.is_exceeded & _.is_returned))
    # What a channel has done to its balance and nobody can explain.
    channels = sorted(terms.payouts_to)
    returned = (_.kind == LineKind.PAYOUT) & (_.direction > 0) & (_.source.isin(channels) if channels else False)
    returned = returned & ~_is_arrival(terms)
    loose = lines.filter(_.counts & ~_.is_aside & (returned | ((_.kind == LineKind.ADJUSTMENT) & ~_.is_refund)))
    in_dispute = (_.kind == LineKind.ADJUSTMENT) & (_.order_state == OrderState.DISPUTED).fill_null(False)
    for rows in (left, loose):
        yield broken(
            rows, True, ibis.ifelse(in_dispute, str(BreakClass.PENDING_WITHIN_WINDOW), missing),
            rule=ibis.ifelse(_.of_order.notnull(), rules.REFUND_OF_ORDER.name, rules.AMOUNT_AND_TIME.name),
            account_id=_.order_account, **unknown,
        )  # fmt: skip


def match_aside(lines: ir.Table) -> Iterator[ir.Table]:
    """Payments that have gone back whole, with what went back; and payouts that came back."""
    aside = lines.filter(_.is_aside)
    groups = aside.filter(_.kind != LineKind.PAYOUT).group_by("trade_key")
    groups = groups.aggregate(rows=_.row.collect(), currency=_.currency.min())
    yield matched(groups, True, rule=rules.PAID_BACK, theirs=_.rows, currency=_.currency)
    payouts = aside.filter(_.kind == LineKind.PAYOUT)
    payouts = payouts.group_by("source", "payout_key", "amount", "currency", "returned_place")
    pairs = payouts.aggregate(sent=_.row.max(where=_.direction < 0), back=_.row.max(where=_.direction > 0))
    yield matched(
        pairs, True, rule=rules.PAYOUT_RETURNED, ours=_.sent, theirs=ibis.array([_.back]), currency=_.currency
    )


def break_causeless(tables: Mapping[str, ir.Table]) -> Iterator[ir.Table]:
    """Credits and cash refunds that name an order or a refund that there is not."""
    for kind, table, rule in (
        ("order", "orders", rules.ORDER_CREDIT),
        ("refund", "order_refunds", rules.REFUND_CREDIT),
    ):
        known = tables[table].select(cause_id=_[f"{kind}_id"])
        alone = tables["credits"].filter(_.cause_kind == kind).anti_join(known, "cause_id")
        yield broken(
            alone, True, BreakClass.MISSING_EXTERNAL, rule=rule, ours=concerning("credit", _.transfer_id),
            account_id=_.account_id, currency=_.currency, expected=_.amount, at=_.at,
        )  # fmt: skip
