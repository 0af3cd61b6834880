"""Attempts and upstreams' bills held against each other, row by row in plain Python: what the engines have to give.

See `upstream_rules` for which line is held against what. Variances within the tolerance are booked per upstream, model and
currency, not per call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from counterfoil.reconcile.books.usage import join_id
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.matching.upstream_buckets import Tried, judge_buckets, sum_all
from counterfoil.reconcile.matching.upstream_rules import (
    BY_ID,
    BY_TIME,
    COST,
    MINUTE,
    NOT_CONNECTED,
    SUCCEEDED,
    TIME_SLACK,
    TOKENS,
    UNKNOWN,
    USAGE,
    is_of_day,
    plain_model,
)
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak

Row = Mapping[str, Any]
_Rows = Sequence[Row]
# Upstream, model and currency -> what we count and what is billed, of calls whose variance is within the tolerance.
_Rounding = dict[tuple[str, str, str], list[int]]


def specify(rows: Mapping[str, _Rows], terms: Terms) -> Outcome:
    """What does not fit among `attempts` and `upstream_lines`; the order of the rows does not matter."""
    attempts, lines = rows["attempts"], rows["upstream_lines"]
    rounding: _Rounding = defaultdict(lambda: [0, 0])
    # Rows of just before and after the day are there for those of the day to meet, and are judged on their own day.
    breaks = [found for found in _by_id(attempts, lines, terms, rounding) if is_of_day(found.at, terms)]
    sums = [row for row in lines if row["upstream_id"] is None]
    breaks += judge_buckets(_tries(attempts), sums, terms, billed_sources={row["source"] for row in lines})
    for (source, model, currency), (expected, found) in rounding.items():
        breaks.append(
            _found(
                BreakClass.ROUNDING_WITHIN_TOLERANCE, BY_ID, source, terms.start, currency=currency, expected=expected,
                found=found, ours=(f"attempts:{source}:{model}:{terms.start}",),
            )
        )  # fmt: skip
    return Outcome(breaks=breaks, counts={"attempts": len(attempts), "upstream_lines": len(lines)})


# -- by the upstream's own id ----------------------------------------------------------------------------------


def _by_id(attempts: _Rows, lines: _Rows, terms: Terms, rounding: _Rounding) -> Iterator[FoundBreak]:
    theirs: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in lines:
        if row["upstream_id"] is not None:
            theirs[row["source"], row["upstream_id"]].append(row)
    sources = {source for source, _ in theirs}
    ours: dict[tuple[str, str], list[Row]] = defaultdict(list)
    nameless: list[Row] = []
    for row in attempts:
        if row["upstream"] in sources and row["response_id"] is not None:
            ours[row["upstream"], row["response_id"]].append(row)
        elif row["outcome"] == UNKNOWN and row["upstream"] in sources:
            nameless.append(row)
        elif row["outcome"] == UNKNOWN and not terms.is_here(row["upstream"]):
            yield _unknown(row, BY_ID)
    orphans: list[_Theirs] = []
    for key in {*ours, *theirs}:
        billed = _Theirs(key[0], tuple(theirs.get(key, ())))
        tried = _Ours(tuple(ours.get(key, ())))
        if not tried.rows and not billed.is_double:
            orphans += [billed] if billed.is_billed else []
            continue
        yield from _judge(tried, billed, terms, rounding)
    yield from _by_time(nameless, orphans, terms)


@dataclass(frozen=True, slots=True)
class _Ours:
    """The attempts with one response id: nearly always one."""

    rows: tuple[Row, ...]

    @property
    def cost(self) -> int | None:
        """None where an attempt's is not known."""
        return sum_all(self.rows, "cost")

    def is_unknown(self) -> bool:
        return any(row["outcome"] == UNKNOWN for row in self.rows)

    def is_billable(self) -> bool:
        return any(_is_counted(row) for row in self.rows)


@dataclass(frozen=True, slots=True)
class _Theirs:
    """The lines with one id of an upstream: one of its usage, one of its cost, or one with both."""

    source: str
    rows: tuple[Row, ...]
    costs: tuple[Row, ...] = field(init=False)
    usages: tuple[Row, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "costs", tuple(row for row in self.rows if row["kind"] == COST))
        object.__setattr__(self, "usages", tuple(row for row in self.rows if row["kind"] == USAGE))

    @property
    def is_double(self) -> bool:
        return len(self.costs) > 1 or len(self.usages) > 1

    @property
    def amount(self) -> int | None:
        return sum(row["amount"] for row in self.costs) if self.costs else None

    @property
    def is_billed(self) -> bool:
        return self.amount is None or self.amount > 0

    @property
    def currency(self) -> str | None:
        return min((row["currency"] for row in self.costs), default=None)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(f"line:{row['line_id']}" for row in self.rows))

    @property
    def at(self) -> int:
        first: int = min(row["starts_at"] for row in self.rows)
        return first


def _judge(ours: _Ours, theirs: _Theirs, terms: Terms, rounding: _Rounding) -> Iterator[FoundBreak]:
    cost, amount, rows = ours.cost, theirs.amount, ours.rows
    facts: dict[str, Any] = {
        "ours": tuple(sorted(_name(row) for row in rows)),
        "theirs": theirs.names,
        "source": theirs.source,
        "account_id": UUID(min(row["account_id"] for row in rows)) if rows else None,
        "at": min(row["started_at"] for row in rows) if rows else theirs.at,
        "book": Book.UPSTREAM,
        "rule": BY_ID,
        "currency": theirs.currency or _currency_of(rows),
        "expected": cost,
        "found": amount,
    }
    here = terms.is_here(theirs.source)
    if theirs.is_double:
        yield FoundBreak(break_class=BreakClass.DUPLICATE_EXTERNAL, **facts)
    elif not theirs.rows:
        if ours.is_unknown():
            if not here:
                yield FoundBreak(break_class=BreakClass.OUTCOME_UNKNOWN, **facts)
        elif here and cost is not None and cost > 0:
            yield FoundBreak(break_class=BreakClass.MISSING_EXTERNAL, **facts)
    elif ours.is_unknown():
        if theirs.is_billed:
            yield FoundBreak(break_class=BreakClass.OUTCOME_UNKNOWN, **facts)
    elif amount is not None and amount > 0 and (any(row["failed"] for row in theirs.rows) or not ours.is_billable()):
        yield FoundBreak(break_class=BreakClass.UPSTREAM_BILLED_FAILED_CALL, **facts)
    elif cost is not None and amount is not None and theirs.currency != _currency_of(rows):
        yield FoundBreak(break_class=BreakClass.CURRENCY_MISMATCH, **facts)
    elif (tokens := _different_tokens(ours, theirs)) is not None:
        counted = {"currency": None, "expected": tokens[0], "found": tokens[1]}
        yield FoundBreak(break_class=BreakClass.UPSTREAM_USAGE_DIFFERS, **{**facts, **counted})
    elif cost is not None and amount is not None and cost != amount:
        if abs(amount - cost) <= terms.tolerance_of(theirs.currency or ""):
            if not is_of_day(facts["at"], terms):
                return
            booked = rounding[theirs.source, min(row["model"] for row in rows), theirs.currency or ""]
            booked[0] += cost
            booked[1] += amount
        else:
            over = BreakClass.AMOUNT_OVER if amount > cost else BreakClass.AMOUNT_UNDER
            yield FoundBreak(break_class=over, **facts)


def _different_tokens(ours: _Ours, theirs: _Theirs) -> tuple[int, int] | None:
    """Our tokens and theirs, of the kinds that both tell, where a kind differs."""
    told = theirs.usages or theirs.costs
    pairs = [(sum_all(ours.rows, name), sum_all(told, name)) for name in TOKENS]
    known = [(one, other) for one, other in pairs if one is not None and other is not None]
    if all(one == other for one, other in known):
        return None
    return sum(one for one, _ in known), sum(other for _, other in known)


# -- by model and time: what nobody knows the outcome of -------------------------------------------------------


def _by_time(nameless: _Rows, orphans: Sequence[_Theirs], terms: Terms) -> Iterator[FoundBreak]:
    lines_of: dict[int, list[int]] = defaultdict(list)
    attempts_of: dict[int, list[int]] = defaultdict(list)
    for number, row in enumerate(nameless):
        for place, billed in enumerate(orphans):
            same = (row["upstream"], plain_model(row["model"])) == (billed.source, _model_of(billed))
            if same and abs(billed.at - row["started_at"]) <= TIME_SLACK:
                lines_of[number].append(place)
                attempts_of[place].append(number)
    paired = {
        number: places[0]
        for number, places in lines_of.items()
        if len(places) == 1 and len(attempts_of[places[0]]) == 1
    }
    for number, row in enumerate(nameless):
        if number in paired:
            yield _unknown(row, BY_TIME, orphans[paired[number]])
        elif number in lines_of or not terms.is_here(row["upstream"]):
            alternatives = (name for place in lines_of[number] for name in orphans[place].names)
            yield _unknown(row, BY_TIME, alternatives=tuple(sorted(alternatives)))
    for place, billed in enumerate(orphans):
        if place not in paired.values():
            yield _found(
                BreakClass.MISSING_INTERNAL, BY_ID, billed.source, billed.at, currency=billed.currency, expected=None,
                found=billed.amount, theirs=billed.names,
                alternatives=tuple(sorted(_name(nameless[number]) for number in attempts_of[place])),
            )  # fmt: skip


def _unknown(row: Row, rule: str, billed: _Theirs | None = None, alternatives: tuple[str, ...] = ()) -> FoundBreak:
    return FoundBreak(
        book=Book.UPSTREAM, break_class=BreakClass.OUTCOME_UNKNOWN, ours=(_name(row),),
        theirs=billed.names if billed else (), source=row["upstream"], account_id=UUID(row["account_id"]),
        currency=(billed.currency if billed else None) or row["currency"], expected=row["cost"],
        found=billed.amount if billed else None, at=row["started_at"], rule=rule, alternatives=alternatives,
    )  # fmt: skip


def _model_of(billed: _Theirs) -> str:
    return min(plain_model(row["model"]) for row in billed.rows)


# -- what was attempted in each minute ------------------------------------------------------------------------


def _tries(attempts: _Rows) -> list[Tried]:
    tried: dict[tuple[str, str, int], Tried] = {}
    for row in attempts:
        minute = row["started_at"] - row["started_at"] % MINUTE
        key = row["upstream"], row["model"], minute
        tried[key] = tried.get(key, Tried(source=key[0], model=key[1], at=minute)).with_one(_tried(row, *key))
    return list(tried.values())


def _tried(row: Row, source: str, model: str, at: int) -> Tried:
    if row["outcome"] == UNKNOWN:
        return Tried(source=source, model=model, at=at, currency=row["currency"], unknown=1)
    if not _is_counted(row):
        return Tried(
            source=source, model=model, at=at, currency=row["currency"], failed=int(row["outcome"] != NOT_CONNECTED)
        )
    told = [row[name] for name in TOKENS]
    return Tried(
        source=source, model=model, at=at, currency=row["currency"], counted=1,
        tokens=tuple(count or 0 for count in told), tokens_missing=int(None in told), cost=row["cost"] or 0,
        cost_missing=int(row["cost"] is None),
    )  # fmt: skip


# -- rows ------------------------------------------------------------------------------------------------------


def _is_counted(row: Row) -> bool:
    """Whether the upstream has done what it was asked, or we have counted a cost of it all the same."""
    return row["outcome"] == SUCCEEDED or (row["outcome"] != UNKNOWN and (row["cost"] or 0) > 0)


def _name(row: Row) -> str:
    return f"attempt:{join_id(row['request_high'], row['request_low']).hex}:{row['number']}"


def _currency_of(rows: _Rows) -> str | None:
    return min((row["currency"] for row in rows if row["currency"] is not None), default=None)


def _found(
    break_class: BreakClass,
    rule: str,
    source: str,
    at: int,
    *,
    currency: str | None,
    expected: int | None,
    found: int | None,
    ours: tuple[str, ...] = (),
    theirs: tuple[str, ...] = (),
    alternatives: tuple[str, ...] = (),
) -> FoundBreak:
    return FoundBreak(
        book=Book.UPSTREAM, break_class=break_class, ours=ours, theirs=theirs, source=source, account_id=None,
        currency=currency, expected=expected, found=found, at=at, rule=rule, alternatives=alternatives,
    )  # fmt: skip
