"""Parts of queries that several books need: tolerances, sums held against what was expected, pairs by amount and time.

The same as `comparison`, for many rows at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import BreakClass

# How a group compares, besides the classes of breaks.
FITS = "fits"
AGAIN = "again"


def by_name(column: Any, values: Mapping[str, int], otherwise: int | None) -> Any:
    """The number that belongs to a name."""
    rest = ibis.literal(otherwise, type="int64")
    if not values:
        return rest
    return column.cases(*((name, ibis.literal(value, type="int64")) for name, value in values.items()), else_=rest)


def tolerance(currency: Any, terms: Terms) -> Any:
    return by_name(currency, {name: terms.tolerance_of(name) for name in terms.tolerance}, 0)


def not_yet(at: Any, within: Any, terms: Terms, otherwise: BreakClass) -> Any:
    """Whether it is too early at the day's end to say so."""
    return ibis.ifelse(at + within > terms.end, str(BreakClass.PENDING_WITHIN_WINDOW), str(otherwise))


def concerning(kind: str, column: Any) -> Any:
    """A row's name: its table before its id."""
    return (kind + ":") + column


def compare(parts: ir.Table) -> ir.Table:
    """Hold the rows of each `of` against `expected`.

    `parts` has of, row, came, currency, at, is_preferred, expected, expected_currency and tolerance; what comes has also
    `verdict` (`FITS`, `AGAIN` or a class), `found`, and `is_kept`.
    """
    is_same = _.currency == _.expected_currency
    parts = parts.mutate(is_same=is_same, fits=is_same & ((_.came - _.expected).abs() <= _.tolerance))
    group = ibis.window(group_by="of")
    parts = parts.mutate(
        rows=_.count().over(group),
        alike=_.is_same.cast("int64").sum().over(group),
        fitting=_.fits.cast("int64").sum().over(group),
        total=ibis.ifelse(_.is_same, _.came, 0).sum().over(group).cast("int64"),
        place=ibis.row_number().over(
            group_by="of", order_by=[_.fits.cast("int8").desc(), _.is_preferred.cast("int8").desc(), _.at, _.row]
        ),
    )
    verdict = ibis.cases(
        ((_.alike == _.rows) & ((_.total - _.expected).abs() <= _.tolerance), FITS),
        ((_.rows == 1) & (_.alike == 0), str(BreakClass.CURRENCY_MISMATCH)),
        ((_.rows == 1) & (_.total > _.expected), str(BreakClass.AMOUNT_OVER)),
        (_.rows == 1, str(BreakClass.AMOUNT_UNDER)),
        (_.fitting > 0, AGAIN),
        else_=str(BreakClass.SPLIT_MISMATCH),
    )
    parts = parts.mutate(verdict=verdict)
    return parts.mutate(
        is_kept=(_.verdict != AGAIN) | (_.place == 0),
        found=ibis.cases(
            (_.verdict == AGAIN, ibis.ifelse(_.place == 0, _.came, 0).sum().over(group).cast("int64")),
            (_.verdict == str(BreakClass.CURRENCY_MISMATCH), _.came),
            else_=_.total,
        ),
    ).drop("is_same", "fits", "alike", "fitting", "total")


def pair(ours: ir.Table, theirs: ir.Table) -> ir.Table:
    """Candidates by amount and time, with how many each side has.

    `ours` has row, source, flow, currency, amount, since, until and tolerance; `theirs` row, source, flow, currency,
    amount and at.
    """
    theirs = theirs.select(
        their_row=_.row, source=_.source, flow=_.flow, currency=_.currency, came=_.amount, their_at=_.at
    )
    found = ours.inner_join(theirs, ["source", "flow", "currency"])
    near = ((found.amount - found.came).abs() <= found.tolerance) & found.their_at.between(found.since, found.until)
    return found.filter(near).mutate(
        of_ours=_.count().over(group_by="row"),
        of_theirs=_.count().over(group_by="their_row"),
    )
