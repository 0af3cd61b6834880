"""Redeemed codes against the credits that they brought, by an engine: `codes_specification` as queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis import _

from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching.found import broken, matched, to_break, to_match, union
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.queries import AGAIN, FITS, compare, concerning
from counterfoil.reconcile.matching.rules import CODE_CREDIT
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.model import Book, BreakClass


def run(engine: Engine, tables: Mapping[str, ir.Table], terms: Terms) -> Outcome:
    """Match the tables `redemptions` and `credits`, as `specify` does."""
    posted = tables["credits"].filter(_.cause_kind == "code")
    parts = engine.keep("code_credits_compared", _compare(tables["redemptions"], posted))
    codes = engine.keep("codes_gathered", _gather(tables["redemptions"], parts))
    breaks = [*_break(codes, parts), _break_codeless(tables["redemptions"], posted)]
    counted = [
        tables["redemptions"].aggregate(rows=_.count()).mutate(name=ibis.literal("redemptions")),
        posted.aggregate(rows=_.count()).mutate(name=ibis.literal("credits")),
    ]
    return Outcome(
        breaks=[to_break(row, Book.CODES) for row in engine.rows(union(breaks))],
        matches=[to_match(row, Book.CODES) for row in engine.rows(_match(codes))],
        counts={row["name"]: row["rows"] for row in engine.rows(union(counted))},
    )


def _compare(redemptions: ir.Table, posted: ir.Table) -> ir.Table:
    """The credits of each code, held against its value; those of other accounts by themselves."""
    codes = redemptions.select(
        of_code=_.code_id, code_account=_.account_id, value=_.value, expected_currency=_.currency
    )
    parts = posted.inner_join(codes, [("cause_id", "of_code")])
    parts = parts.mutate(is_foreign=_.account_id != _.code_account)
    return compare(
        parts.mutate(
            of=_.of_code + ibis.ifelse(_.is_foreign, "+", ""),
            row=concerning("credit", _.transfer_id),
            came=_.amount,
            is_preferred=False,
            expected=_.value,
            tolerance=ibis.literal(0, "int64"),
            any_foreign=_.is_foreign.cast("int8").max().over(group_by="of_code") == 1,
        )
    )


def _gather(redemptions: ir.Table, parts: ir.Table) -> ir.Table:
    """One row per code, with what was found of its credits."""
    gathered = parts.group_by("of_code").aggregate(
        any_foreign=_.is_foreign.cast("int8").max() == 1,
        has_own=(~_.is_foreign).cast("int8").max() == 1,
        verdict=_.verdict.min(where=~_.is_foreign),
        own_found=_.found.max(where=~_.is_foreign & _.is_kept),
        own_rows=_.row.collect(where=~_.is_foreign & _.is_kept),
        foreign_found=_.amount.sum(where=_.is_foreign).cast("int64"),
        foreign_rows=_.row.collect(where=_.is_foreign),
    )
    codes = redemptions.left_join(gathered, [("code_id", "of_code")])
    return codes.mutate(
        row=concerning("code", _.code_id),
        is_known=_.of_code.notnull(),
        any_foreign=_.any_foreign.fill_null(False),
        has_own=_.has_own.fill_null(False),
    )


def _break(codes: ir.Table, parts: ir.Table) -> Iterator[ir.Table]:
    what: dict[str, Any] = {
        "rule": CODE_CREDIT, "ours": _.row, "account_id": _.account_id, "currency": _.currency, "expected": _.value,
        "at": _.redeemed_at,
    }  # fmt: skip
    yield broken(codes, _.any_foreign, BreakClass.WRONG_ACCOUNT, **what, theirs=_.foreign_rows, found=_.foreign_found)
    yield broken(codes, ~_.is_known, BreakClass.MISSING_INTERNAL, **what)
    own = codes.filter(_.has_own & ~_.any_foreign)
    yield broken(own, ~_.verdict.isin((FITS, AGAIN)), _.verdict, **what, theirs=_.own_rows, found=_.own_found)
    again = (_.verdict == AGAIN) & ~_.is_kept & ~_.any_foreign
    yield broken(
        parts, again, BreakClass.DUPLICATE_INTERNAL, rule=CODE_CREDIT, ours=concerning("code", _.of_code),
        theirs=ibis.array([_.row]), account_id=_.code_account, currency=_.expected_currency, expected=0,
        found=_.amount, at=_.at,
    )  # fmt: skip


def _break_codeless(redemptions: ir.Table, posted: ir.Table) -> ir.Table:
    alone = posted.anti_join(redemptions.select(cause_id=_.code_id), "cause_id")
    return broken(
        alone, True, BreakClass.MISSING_EXTERNAL, rule=CODE_CREDIT,
        theirs=ibis.array(["credit:" + _.transfer_id]), account_id=_.account_id, currency=_.currency,
        found=_.amount, at=_.at,
    )  # fmt: skip


def _match(codes: ir.Table) -> ir.Table:
    return matched(codes, _.has_own, rule=CODE_CREDIT, ours=_.row, theirs=_.own_rows, currency=_.currency)
