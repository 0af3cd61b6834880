"""Whether a day can be held against the other side at all, which matches stay, and what a run tells its engine. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from counterfoil.reconcile.breaks_rules import match_identity, stale_break
from counterfoil.reconcile.desk_model import (
    InconclusiveReason,
    KeptStatement,
    Match,
    RunReason,
    Source,
    SourceKind,
)
from counterfoil.reconcile.matching import rules as matching_rules
from counterfoil.reconcile.matching.terms import FeeRate, Terms
from counterfoil.reconcile.model import Book, FoundBreak, FoundMatch

MANUAL_RULE = "by_hand"
# Table -> how its rows are named, and by which column.
ROW_NAMES: Mapping[str, tuple[str, str]] = {
    "lines": ("line", "line_id"),
    "orders": ("order", "order_id"),
    "order_refunds": ("refund", "refund_id"),
    "credits": ("credit", "transfer_id"),
    "redemptions": ("code", "code_id"),
}
Row = dict[str, Any]
_MICROS = 1_000_000
_KINDS: Mapping[Book, frozenset[SourceKind]] = {
    Book.PAYMENTS: frozenset({SourceKind.PROVIDER, SourceKind.BANK}),
    Book.UPSTREAM: frozenset({SourceKind.UPSTREAM}),
    Book.CHARGES: frozenset(),
    Book.CODES: frozenset(),
}
# What a match is about: a row has one match of each, since a paid order has its line, and its credit as well.
_PAYMENT, _CREDIT = "payment", "credit"
_ABOUT: Mapping[str, str] = {
    matching_rules.ORDER_CREDIT.name: _CREDIT,
    matching_rules.REFUND_CREDIT.name: _CREDIT,
    matching_rules.CODE_CREDIT.name: _CREDIT,
    matching_rules.PAYOUT_LINES.name: matching_rules.PAYOUT_LINES.name,
    matching_rules.PAYOUT_TO_BANK.name: matching_rules.PAYOUT_TO_BANK.name,
}


def about_of(rule: str) -> str:
    """What a match of that rule is about."""
    return _ABOUT.get(rule, _PAYMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What sources tell of a day: which are here, why the day is inconclusive, and the breaks of those that are not."""

    here: frozenset[str]
    reasons: tuple[RunReason, ...]
    breaks: tuple[FoundBreak, ...]


def cover(
    book: Book,
    day: date,
    *,
    begins: int,
    ends: int,
    now: int,
    sources: Sequence[Source],
    statements: Sequence[KeptStatement],
    unknown_providers: Sequence[str],
) -> Coverage:
    """Whether every expected source has told of the whole day, and what is wrong with the statements that did.

    `unknown_providers` took payments on that day and are no sources.
    """
    reasons: list[RunReason] = []
    breaks: list[FoundBreak] = []
    here: set[str] = set()
    if now < ends:
        reasons.append(RunReason(code=InconclusiveReason.DAY_NOT_OVER))
    for source in sources:
        if source.what not in _KINDS[book] or not source.is_active:
            continue
        own = [one for one in statements if one.source == source.name]
        reasons += [
            RunReason(code=fault, source=source.name, statement_id=one.statement_id)
            for one in own
            for fault in one.faults
        ]
        whole = [one for one in own if not one.is_truncated or one.set_aside_at is not None]
        if _covers(whole, begins, ends) or (whole and not source.expected_daily):
            here.add(source.name)
        elif source.expected_daily:
            code = InconclusiveReason.SOURCE_INCOMPLETE if whole else InconclusiveReason.SOURCE_MISSING
            reasons.append(RunReason(code=code, source=source.name))
            breaks.append(stale_break(source.name, day, book=book, at=begins))
    if book is Book.PAYMENTS:
        reasons += [
            RunReason(code=InconclusiveReason.SOURCE_MISSING, source=name, detail="not_configured")
            for name in unknown_providers
        ]
    return Coverage(here=frozenset(here), reasons=tuple(reasons), breaks=tuple(breaks))


def seen(book: Book, sources: Sequence[Source], statements: Sequence[KeptStatement]) -> dict[str, int]:
    """How many statements of a book there are, and are set aside. Neither ever falls: others mean that something has come."""
    names = {one.name for one in sources if one.what in _KINDS[book]}
    own = [one for one in statements if one.source in names]
    return {"statements": len(own), "statements_set_aside": sum(one.set_aside_at is not None for one in own)}


def _covers(statements: Sequence[KeptStatement], begins: int, ends: int) -> bool:
    """Whether these, one after another, tell of all of the time without a gap."""
    reached = begins
    for one in sorted(statements, key=lambda each: each.begins or 0):
        if one.begins is None or one.ends is None or one.begins > reached:
            continue
        reached = max(reached, one.ends)
    return reached >= ends


def terms_of(sources: Sequence[Source], here: frozenset[str], *, begins: int, ends: int, now: int) -> Terms:
    """What the engine is told of the day and of how each source behaves."""
    active = [one for one in sources if one.is_active]
    tolerance: dict[str, int] = {}
    for source in active:
        for currency, units in source.tolerance.items():
            tolerance[currency] = max(units, tolerance.get(currency, 0))
    return Terms(
        start=begins, end=ends, now=now, sources=here, tolerance=tolerance,
        settling={one.name: one.settling_seconds * _MICROS for one in active},
        fees={
            one.name: FeeRate(share_millionths=one.fee_millionths, fixed=one.fee_fixed)
            for one in active
            if one.fee_millionths is not None
        },
        payouts_to={one.name: one.payouts_to for one in active if one.payouts_to is not None},
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchChanges:
    """Which matches are new, and which stand no longer."""

    new: tuple[tuple[bytes, FoundMatch], ...]
    ended: tuple[UUID, ...]
    kept: int


def change_matches(
    standing: Sequence[tuple[bytes, Match]], found: Sequence[FoundMatch], *, looked_at: frozenset[str]
) -> MatchChanges:
    """What a run makes of the matches of the rows it has looked at. What a person has linked stays as it is."""
    by_hand = {
        (about_of(match.rule), row)
        for _, match in standing
        if match.made_by is not None
        for row in (*match.ours, *match.theirs)
    }
    wanted = {
        match_identity(one): one
        for one in found
        if not any((about_of(one.rule), row) in by_hand for row in (*one.ours, *one.theirs))
    }
    known = {identity for identity, _ in standing}
    ended = [
        match.match_id
        for identity, match in standing
        if match.made_by is None and identity not in wanted and looked_at.issuperset((*match.ours, *match.theirs))
    ]
    # A match that reaches beyond what was looked at gives way where one of its rows is matched otherwise now.
    taken = {(about_of(one.rule), row) for key, one in wanted.items() if key not in known and not one.is_suggested
             for row in (*one.ours, *one.theirs)}  # fmt: skip
    gone = set(ended)
    ended += [
        match.match_id
        for identity, match in standing
        if match.made_by is None
        and identity not in wanted
        and match.match_id not in gone
        and not match.is_suggested
        and any((about_of(match.rule), row) in taken for row in (*match.ours, *match.theirs))
    ]
    new = tuple((identity, one) for identity, one in sorted(wanted.items()) if identity not in known)
    return MatchChanges(new=new, ended=tuple(ended), kept=len(wanted) - len(new))


def apply_links(rows: Mapping[str, Sequence[Row]], links: Sequence[Match]) -> dict[str, list[Row]]:
    """The rows as people have linked them: a line says the order or refund that it was linked with; rows that no key could
    hold together (a payout and the bank's line of it, a code and its credit) are left out."""
    said: dict[str, Row] = {}
    dropped: set[str] = set()
    for link in links:
        whose = [row for row in link.ours if row.startswith(("order:", "refund:"))]
        lines = [row for row in link.theirs if row.startswith("line:")]
        if len(whose) != 1 or len(lines) != len(link.theirs):
            dropped |= {*link.ours, *link.theirs}
            continue
        table, _, name = whose[0].partition(":")
        # Its own numbers would lead it to where it was not linked.
        key = {"trade_key": None, "refund_key": None, "order_id": None, "refund_id": None, f"{table}_id": name}
        for line in lines:
            said[line] = key
    changed = {name: list(table) for name, table in rows.items()}
    if "lines" in changed:
        changed["lines"] = [{**row, **said.get(f"line:{row['line_id']}", {})} for row in rows["lines"]]
    for table, (name, column) in ROW_NAMES.items():
        if dropped and table in changed:
            changed[table] = [row for row in changed[table] if f"{name}:{row[column]}" not in dropped]
    return changed


def is_linked(found: FoundBreak, links: Sequence[Match]) -> bool:
    """Whether a break is only of rows that a person has linked, knowing what they differ by."""
    rows = {row for row in (*found.ours, *found.theirs) if not row.startswith("credit:")}
    return any(row.startswith("line:") for row in rows) and any(rows <= {*link.ours, *link.theirs} for link in links)
