"""Refunds against their lines and against what they took from the wallet, as queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from counterfoil.ledger.model import TransferCode
from counterfoil.recharge.model import RefundState
from counterfoil.reconcile.matching import rules
from counterfoil.reconcile.matching.found import broken, matched
from counterfoil.reconcile.matching.queries import AGAIN, FITS, by_name, compare, concerning, not_yet, tolerance
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import BreakClass


def find_refund_lines(tables: Mapping[str, ir.Table], lines: ir.Table, payments: ir.Table, terms: Terms) -> ir.Table:
    """The lines of refunds, with `of_refund` by amount too (`is_alike`) and `is_exceeded`: more went back than came."""
    told = lines.filter(_.is_refund & ~_.is_aside & ~_.is_echo)
    told = _pair_alike(tables["order_refunds"], told)
    return _mark_exceeded(tables, told, payments, terms)


def _pair_alike(refunds: ir.Table, told: ir.Table) -> ir.Table:
    """Refunds and lines of the same order and amount, in the order of their times."""
    named = told.filter(_.of_refund.notnull()).select(named=_.of_refund).distinct()
    ours = refunds.filter(_.state != RefundState.FAILED).anti_join(named, [("refund_id", "named")])
    alike = ["of_order", "back", "currency"]
    ours = ours.select("refund_id", "created_at", "currency", of_order=_.order_id, back=_.amount)
    ours = ours.mutate(rank=ibis.row_number().over(group_by=alike, order_by=[_.created_at, _.refund_id]))
    theirs = told.filter(_.of_refund.isnull() & _.counts & _.of_order.notnull()).mutate(back=-_.came)
    theirs = theirs.mutate(rank=ibis.row_number().over(group_by=alike, order_by=[_.at, _.row]))
    pairs = ours.inner_join(theirs, [*alike, "rank"]).select(paired_row=_.row, paired_refund=_.refund_id)
    told = told.left_join(pairs, [("row", "paired_row")])
    return told.mutate(of_refund=ibis.coalesce(_.of_refund, _.paired_refund), is_alike=_.paired_refund.notnull()).drop(
        "paired_row", "paired_refund"
    )


def _mark_exceeded(tables: Mapping[str, ir.Table], told: ir.Table, payments: ir.Table, terms: Terms) -> ir.Table:
    """`refunded_order` is the order of the line's refund, or its own; its columns are `refunded_…`."""
    owner = tables["order_refunds"].select(owned=_.refund_id, owner=_.order_id)
    told = told.left_join(owner, [("of_refund", "owned")])
    told = told.mutate(refunded_order=ibis.ifelse(_.of_refund.isnull(), _.of_order, _.owner)).drop("owned", "owner")
    orders = tables["orders"].select(
        held_order=_.order_id,
        refunded_currency=_.currency,
        # Of an order that was not credited only what came is there to go back.
        refunded_amount=ibis.ifelse(_.state.isin(rules.CREDITED_STATES), _.amount, 0),
    )
    told = told.left_join(orders, [("refunded_order", "held_order")])
    brought = payments.filter(_.currency == _.order_currency).group_by(brought_order=_.of_order)
    brought = brought.aggregate(brought=_.came.sum().cast("int64"))
    told = told.left_join(brought, [("held_order", "brought_order")]).drop("brought_order")
    told = told.mutate(
        brought=ibis.greatest(_.refunded_amount, _.brought.fill_null(0)),
        is_returned=(_.counts & _.held_order.notnull() & (_.currency == _.refunded_currency)).fill_null(False),
    )
    returned = ibis.ifelse(_.is_returned, -_.came, 0).sum().over(group_by="held_order").cast("int64")
    told = told.mutate(returned=returned)
    exceeds = _.held_order.notnull() & (_.returned > _.brought + tolerance(_.refunded_currency, terms))
    return told.mutate(is_exceeded=exceeds.fill_null(False))


def gather_refunds(tables: Mapping[str, ir.Table], lines: ir.Table, told: ir.Table, terms: Terms) -> ir.Table:
    """One row per refund, with what was found of its lines and of its transfers."""
    refunds = tables["order_refunds"].mutate(
        row=concerning("refund", _.refund_id),
        done_at=ibis.coalesce(_.ended_at, _.created_at),
        settling=by_name(_.provider, terms.settling, terms.settling_otherwise),
    )
    own = told.filter(_.of_refund.notnull())
    exceeded = told.filter(_.is_exceeded).select(exceeded_order=_.held_order).distinct()
    for more in (
        _gather_lines(compare_refunds(tables, told, terms)),
        own.filter(~_.counts).group_by("of_refund").aggregate(tried_rows=_.row.collect()),
        own.group_by("of_refund").aggregate(is_alike=_.is_alike.cast("int8").max() == 1),
        lines.filter(_.is_echo & _.has_moved & _.of_refund.notnull())
        .group_by("of_refund")
        .aggregate(echo_rows=_.row.collect()),
        _gather_transfers(tables),
    ):
        refunds = refunds.left_join(more, [("refund_id", "of_refund")]).drop("of_refund")
    refunds = refunds.left_join(exceeded, [("order_id", "exceeded_order")])
    return refunds.mutate(
        has_lines=_.line_rows.notnull(),
        is_exceeded=_.exceeded_order.notnull(),
        rule=ibis.ifelse(_.is_alike.fill_null(False), rules.REFUND_OF_ORDER.name, rules.REFUND_NUMBER.name),
    )


def compare_refunds(tables: Mapping[str, ir.Table], told: ir.Table, terms: Terms) -> ir.Table:
    """The lines of each refund, held against its amount; what came is counted as going back."""
    refunds = tables["order_refunds"].select(
        of=_.refund_id, expected=_.amount, expected_currency=_.currency, refund_state=_.state
    )
    parts = told.filter(_.counts & _.of_refund.notnull())
    parts = parts.inner_join(refunds, [("of_refund", "of")])
    parts = parts.mutate(came=-_.came, is_preferred=False, tolerance=tolerance(_.expected_currency, terms))
    return compare(parts.mutate(back=_.came.sum().over(group_by="of").cast("int64")))


def _gather_lines(parts: ir.Table) -> ir.Table:
    return parts.group_by("of_refund").aggregate(
        line_rows=_.row.collect(),
        kept_rows=_.row.collect(where=_.is_kept),
        verdict=_.verdict.min(),
        line_found=_.found.max(where=_.is_kept),
        back=_.back.min(),
        last_at=_.at.max(where=_.is_kept),
    )


def _gather_transfers(tables: Mapping[str, ir.Table]) -> ir.Table:
    accounts = tables["order_refunds"].select(of_refund=_.refund_id, refund_account=_.account_id)
    legs = tables["credits"].filter(_.cause_kind == "refund")
    legs = legs.inner_join(accounts, [("cause_id", "of_refund")])
    legs = legs.mutate(
        row=concerning("credit", _.transfer_id),
        is_foreign=_.account_id != _.refund_account,
        taken=ibis.cases((_.is_bonus, 0), (_.code == TransferCode.CASH_RESTORED, -_.amount), else_=_.amount),
    )
    return legs.group_by("of_refund").aggregate(
        leg_rows=_.row.collect(),
        foreign_rows=_.row.collect(where=_.is_foreign),
        any_foreign=_.is_foreign.cast("int8").max() == 1,
        leg_total=_.taken.sum().cast("int64"),
        leg_currency=_.currency.min(),
    )


def _of_refund(**what: Any) -> dict[str, Any]:
    return {
        "rule": _.rule,
        "ours": _.row,
        "source": _.provider,
        "account_id": _.account_id,
        "currency": _.currency,
        "expected": _.amount,
        "at": _.done_at,
        **what,
    }


def break_refunds(refunds: ir.Table, terms: Terms) -> Iterator[ir.Table]:
    """What is wrong between refunds and their lines and transfers, except what has gone twice or is too much."""
    done = _.state == RefundState.SUCCEEDED
    failed = _.state == RefundState.FAILED
    moved = refunds.filter(_.has_lines)
    yield broken(
        moved, (failed & (_.back != 0)) | (done & (_.back == 0)), BreakClass.STATUS_MISMATCH,
        **_of_refund(theirs=_.line_rows, found=_.back),
    )  # fmt: skip
    yield broken(
        refunds, done & ~_.has_lines & _.tried_rows.notnull(), BreakClass.STATUS_MISMATCH,
        **_of_refund(theirs=_.tried_rows),
    )  # fmt: skip
    gone = moved.filter(~failed & (_.back != 0))
    told = _of_refund(theirs=_.kept_rows, found=_.line_found)
    # What is too much in all is one break of the order.
    by_excess = _.is_exceeded & _.verdict.isin((BreakClass.AMOUNT_OVER, BreakClass.SPLIT_MISMATCH))
    yield broken(gone, ~_.verdict.isin((FITS, AGAIN)) & ~by_excess, _.verdict, **told)
    right = gone.filter(_.verdict.isin((FITS, AGAIN)))
    yield broken(right, _.line_found != _.amount, BreakClass.ROUNDING_WITHIN_TOLERANCE, **told)
    yield broken(right, _.state == RefundState.UNKNOWN, BreakClass.STATUS_MISMATCH, **told)
    yield broken(
        right, _.state.isin(rules.REFUNDS_ON_THE_WAY) & (_.state != RefundState.UNKNOWN),
        not_yet(_.last_at, _.settling, terms, BreakClass.STATUS_MISMATCH), **told,
    )  # fmt: skip
    is_late = ~_.state.isin(rules.REFUNDS_ON_THE_WAY) & ((_.last_at - _.done_at).abs() > _.settling)
    yield broken(right, is_late, BreakClass.LATE, **told)
    yield from _break_transfers(refunds)


def _break_transfers(refunds: ir.Table) -> Iterator[ir.Table]:
    failed = _.state == RefundState.FAILED
    due = ibis.ifelse(failed, 0, _.taken)
    legs = refunds.filter(_.leg_rows.notnull())
    what = _of_refund(
        rule=rules.REFUND_CREDIT, more=_.leg_rows, expected=due, found=_.leg_total, currency=_.leg_currency
    )
    yield broken(legs, _.any_foreign, BreakClass.WRONG_ACCOUNT, **what | {"more": _.foreign_rows})
    own = legs.filter(~_.any_foreign)
    yield broken(own, failed & (_.leg_total != 0), BreakClass.STATUS_MISMATCH, **what)
    # Less is possible: what a refunded charge had put into clearing pays first.
    yield broken(own, ~failed & (_.leg_total > due), BreakClass.AMOUNT_OVER, **what)


def break_repeated_refunds(
    tables: Mapping[str, ir.Table], refunds: ir.Table, told: ir.Table, terms: Terms
) -> Iterator[ir.Table]:
    """What has gone back twice, and orders of which more has gone back than came."""
    held = refunds.filter(_.has_lines & (_.state != RefundState.FAILED) & (_.back != 0)).select(
        "refund_id", "provider", "account_id", "rule", held_row=_.row, held_currency=_.currency
    )
    again = compare_refunds(tables, told, terms).filter(
        (_.verdict == AGAIN) & ~_.is_kept & ~(_.is_exceeded & _.is_returned)
    )
    again = again.select("of_refund", "row", "came", "at").inner_join(held, [("of_refund", "refund_id")])
    yield broken(
        again, True, BreakClass.DUPLICATE_EXTERNAL, rule=_.rule, ours=_.held_row, theirs=ibis.array([_.row]),
        source=_.provider, account_id=_.account_id, currency=_.held_currency, expected=0, found=_.came, at=_.at,
    )  # fmt: skip
    over = told.filter(_.is_exceeded & _.is_returned).group_by("held_order")
    over = over.aggregate(rows=_.row.collect(), returned=_.returned.min(), brought=_.brought.min(), last_at=_.at.max())
    orders = tables["orders"].select("order_id", "provider", "account_id", "currency")
    over = over.inner_join(orders, [("held_order", "order_id")])
    yield broken(
        over, True, BreakClass.REFUND_EXCEEDS_CREDIT, rule=rules.REFUND_OF_ORDER,
        ours=concerning("order", _.held_order), theirs=_.rows, source=_.provider, account_id=_.account_id,
        currency=_.currency, expected=_.brought, found=_.returned, at=_.last_at,
    )  # fmt: skip


def match_refunds(refunds: ir.Table) -> ir.Table:
    """Refunds with their transfers, and the lines that tell of them; sent and taken back again is right of one that failed."""
    failed = _.state == RefundState.FAILED
    none = _.back == 0
    is_near = ~none & _.verdict.isin((FITS, AGAIN))
    return matched(
        refunds, _.has_lines & ((~failed & ~none) | (none & (_.state != RefundState.SUCCEEDED))), rule=_.rule,
        ours=_.row, more=_.leg_rows, theirs=ibis.ifelse(none, _.line_rows, _.kept_rows), echoes=_.echo_rows,
        currency=_.currency, variance=ibis.ifelse(is_near, _.line_found - _.amount, 0),
    )  # fmt: skip


def open_refunds(refunds: ir.Table, terms: Terms) -> ir.Table:
    """Refunds that are done and that no line is known of; the same columns as `open_orders`."""
    is_open = (_.state == RefundState.SUCCEEDED) & ~_.has_lines & _.tried_rows.isnull()
    here = True if terms.sources is None else _.provider.isin(sorted(terms.sources))
    return refunds.filter(is_open, here).select(
        "row", "currency", "amount", "account_id",
        source=_.provider,
        flow=ibis.literal(-1, "int64"),
        since=_.done_at - terms.window,
        until=_.done_at + terms.window,
        tolerance=tolerance(_.currency, terms),
        at=_.done_at,
        told_source=_.provider,
        rule=ibis.literal(rules.AMOUNT_AND_TIME.name),
        missing=not_yet(_.done_at, _.settling, terms, BreakClass.MISSING_EXTERNAL),
    )  # fmt: skip
