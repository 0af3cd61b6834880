"""What queries find, in one form for all of them, and as the dataclasses that leave the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import ibis
import ibis.expr.types as ir

from counterfoil.reconcile.matching.rules import RULES, Rule
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak, FoundMatch

# Rows of ours are `ours` and `more`, so that a query need not put an id and a list together.
_BREAK: Mapping[str, str] = {
    "break_class": "string",
    "rule": "string",
    "ours": "string",
    "more": "array<string>",
    "theirs": "array<string>",
    "alternatives": "array<string>",
    "source": "string",
    "account_id": "string",
    "currency": "string",
    "expected": "int64",
    "found": "int64",
    "at": "int64",
}
_MATCH: Mapping[str, str] = {
    "rule": "string",
    "ours": "string",
    "more": "array<string>",
    "theirs": "array<string>",
    "echoes": "array<string>",
    "currency": "string",
    "variance": "int64",
    "is_suggested": "boolean",
}


def broken(table: ir.Table, where: Any, break_class: BreakClass | ir.Value, **what: Any) -> ir.Table:
    """Breaks, one per row for which `where` holds; columns that are not given are null."""
    return _shape(table.filter(where), _BREAK, {"break_class": break_class, **what})


def matched(table: ir.Table, where: Any, **what: Any) -> ir.Table:
    """Matches, one per row for which `where` holds."""
    return _shape(table.filter(where), _MATCH, {"variance": 0, "is_suggested": False, **what})


def _shape(table: ir.Table, columns: Mapping[str, str], given: Mapping[str, Any]) -> ir.Table:
    """`given` says each column's value: another column's name after `_`, an expression, a rule, or a constant."""
    return table.select(**{name: _value(given.get(name)).cast(kind) for name, kind in columns.items()})


def _value(given: Any) -> Any:
    if given is None:
        return ibis.null()
    if isinstance(given, Rule):
        return ibis.literal(given.name)
    return given if isinstance(given, ir.Value | ibis.Deferred) else ibis.literal(given)


def to_break(row: Mapping[str, Any], book: Book) -> FoundBreak:
    """A break as a query gave it."""
    ours = [*([row["ours"]] if row["ours"] is not None else []), *(row["more"] or ())]
    return FoundBreak(
        book=book, break_class=BreakClass(row["break_class"]), ours=tuple(sorted(ours)),
        theirs=tuple(sorted(row["theirs"] or ())), source=row["source"],
        account_id=None if row["account_id"] is None else UUID(hex=row["account_id"]), currency=row["currency"],
        expected=row["expected"], found=row["found"], at=row["at"], rule=row["rule"],
        alternatives=tuple(sorted(row["alternatives"] or ())),
    )  # fmt: skip


def to_match(row: Mapping[str, Any], book: Book) -> FoundMatch:
    """A match as a query gave it."""
    ours = [*([row["ours"]] if row["ours"] is not None else []), *(row["more"] or ())]
    return FoundMatch(
        book=book, rule=row["rule"], rule_version=RULES[row["rule"]].version, ours=tuple(sorted(ours)),
        theirs=tuple(sorted([*(row["theirs"] or ()), *(row["echoes"] or ())])), currency=row["currency"],
        variance=row["variance"], is_suggested=row["is_suggested"],
    )  # fmt: skip


def union(tables: Iterable[ir.Table]) -> ir.Table:
    """All rows of tables of one form."""
    return ibis.union(*tables)
