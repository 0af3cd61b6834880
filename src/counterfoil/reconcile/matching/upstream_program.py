"""What `upstream_specification` says, as queries for an engine.

Lines that name a request are joined with the attempts of their upstream, one upstream after the other. What is right as it
stands is counted and dropped in the same pass, what is within the tolerance is summed; only what is doubtful is looked at
again, with all that is known of its id. Attempts that are held against sums are summed per minute first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any
from uuid import UUID

import ibis
from ibis import ir

from counterfoil.reconcile.books.usage import join_id
from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching.outcome import Outcome
from counterfoil.reconcile.matching.streams import Kept
from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.matching.upstream_buckets import Tried, judge_buckets
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
    tolerances,
)
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak

Row = Mapping[str, Any]
_ORPHAN = "orphan"
# What is asked of the rows that are looked at again.
_OURS = (
    "request_high", "request_low", "number", "account_id", "model", "started_at", "outcome", "response_id", *TOKENS,
    "cost", "currency",
)  # fmt: skip
_THEIRS = ("line_id", "kind", "starts_at", "upstream_id", "model", *TOKENS, "failed", "amount", "currency")
# What became of an attempt, besides that it is unknown.
_COUNTED, _FAILED, _NOTHING = "counted", "failed", "nothing"
_ROUNDING = str(BreakClass.ROUNDING_WITHIN_TOLERANCE)


def run(engine: Engine, tables: Mapping[str, ir.Table], terms: Terms) -> Outcome:
    """What does not fit among `attempts` and `upstream_lines`; breaks are read from the engine as they are asked for."""
    attempts, lines = tables["attempts"], tables["upstream_lines"]
    sources = _sources(engine, lines)
    by_id = sorted(name for name, source in sources.items() if source.named)
    judged = Kept(engine, _judged(engine, attempts, lines, [sources[name] for name in by_id], terms)) if by_id else None
    sums = Kept(engine, lines.filter(lines.upstream_id.isnull()))
    without_sums = [name for name in by_id if not sources[name].sums]
    tried = Kept(engine, _tries(attempts, without_sums))
    nameless = Kept(engine, _nameless(attempts, by_id, terms))
    counts = {
        "attempts": engine.rows(attempts.aggregate(rows=attempts.count()))[0]["rows"],
        "upstream_lines": sum(source.named + source.sums for source in sources.values()),
    }
    return Outcome(breaks=_Breaks(judged, nameless, tried, sums, set(sources), terms), counts=counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A source of lines: how many name a request, of how many kinds those are, and how many are sums."""

    name: str
    named: int
    kinds: int
    sums: int


def _sources(engine: Engine, lines: ir.Table) -> dict[str, _Source]:
    grouped = lines.group_by("source", "kind").aggregate(rows=lines.count(), named=lines.upstream_id.count())
    found: dict[str, list[Row]] = defaultdict(list)
    for row in engine.rows(grouped):
        found[row["source"]].append(row)
    return {
        name: _Source(
            name=name, named=sum(row["named"] for row in rows), kinds=sum(row["named"] > 0 for row in rows),
            sums=sum(row["rows"] - row["named"] for row in rows),
        )
        for name, rows in found.items()
    }  # fmt: skip


# -- by the upstream's own id ----------------------------------------------------------------------------------


def _judged(engine: Engine, attempts: ir.Table, lines: ir.Table, sources: Iterable[_Source], terms: Terms) -> ir.Table:
    """Every id that is a break, or whose lines are nobody's, and the sums of what is within the tolerance."""
    found: list[ir.Table] = []
    for place, source in enumerate(sources):
        ours = attempts.filter((attempts.upstream == source.name) & attempts.response_id.notnull())
        theirs = lines.filter((lines.source == source.name) & lines.upstream_id.notnull())
        pairs = engine.keep(f"upstream_pairs_{place}", _collapsed(_pairs(ours, theirs), source.name, terms))
        doubtful = engine.keep(f"upstream_doubtful_{place}", _doubtful(engine, pairs, ours, theirs, source))
        # Both are few, and each is asked for twice.
        ours = ours.select(*_OURS)
        ours = ours.semi_join(doubtful, ours.response_id == doubtful.upstream_id)
        theirs = theirs.select(*_THEIRS).semi_join(doubtful, "upstream_id")
        ours, theirs = engine.keep(f"upstream_ours_{place}", ours), engine.keep(f"upstream_theirs_{place}", theirs)
        again = _collapsed(_pairs(ours, theirs), source.name, terms)
        groups = engine.keep(f"upstream_groups_{place}", _classified(_groups(ours, theirs), source.name, terms))
        found += [groups.filter(groups.break_class != _ROUNDING), _rounding(pairs, again, groups, source.name, terms)]
    return reduce(lambda one, other: one.union(other), found)


def _pairs(attempts: ir.Table, lines: ir.Table) -> ir.Table:
    """Each attempt beside the line of its id, and what is without the other."""
    ours = attempts.select(
        "model", "cost", "currency", "started_at", *TOKENS, upstream_id=attempts.response_id,
        is_unknown=attempts.outcome == UNKNOWN, is_counted=_is_counted(attempts),
    )  # fmt: skip
    theirs = lines.select(
        *TOKENS, "upstream_id", "currency", amount=ibis.cases((lines.kind == COST, lines.amount)),
        failed=lines.failed.fill_null(False),
    )  # fmt: skip
    return ours.outer_join(theirs, "upstream_id", rname="their_{name}")


def _collapsed(pairs: ir.Table, source: str, terms: Terms) -> ir.Table:
    """One row per doubtful id, and one per model, currency and whether there is a variance, for all that is not doubtful."""
    right = _right(pairs, source, terms)
    rows = pairs.select(
        id=ibis.cases((~right, ibis.coalesce(pairs.upstream_id, pairs.their_upstream_id))),
        theirs=pairs.their_upstream_id.notnull().cast("int64"),
        **_variance(pairs, right, terms),
    )
    # Where nothing is tolerated nothing varies, and nothing is asked of each pair.
    keys = ("id", "model", "currency") if tolerances(terms) else ("id",)
    grouped = rows.group_by(*keys).aggregate(rows=rows.count(), theirs=rows.theirs.sum(), **_sums(rows))
    if tolerances(terms):
        return grouped
    return grouped.mutate(
        model=ibis.null("string"), currency=ibis.null("string"), cost=ibis.null("int64"), amount=ibis.null("int64")
    )


def _variance(pairs: ir.Table, right: ir.BooleanValue, terms: Terms) -> dict[str, ir.Value]:
    if not tolerances(terms):
        return {}
    of_day = (pairs.started_at >= terms.start) & (pairs.started_at < terms.end)
    varies = right & ibis.coalesce(of_day & ~pairs.is_unknown & (pairs.amount != pairs.cost), False)
    return {
        "model": ibis.cases((varies, pairs.model)),
        "currency": ibis.cases((varies, pairs.their_currency)),
        "cost": ibis.cases((varies, pairs.cost)),
        "amount": ibis.cases((varies, pairs.amount)),
    }


def _sums(rows: ir.Table) -> dict[str, ir.Value]:
    return {name: rows[name].sum() for name in ("cost", "amount") if name in rows.columns}


def _right(pairs: ir.Table, source: str, terms: Terms) -> ir.BooleanValue:
    """Whether an attempt and a line, or one without the other, are right as they stand, or within the tolerance."""
    here = ibis.literal(terms.is_here(source))
    same_tokens = [
        pairs[f"their_{name}"].isnull() | ibis.coalesce(pairs[name] == pairs[f"their_{name}"], True) for name in TOKENS
    ]
    same_currency = pairs.currency.identical_to(pairs.their_currency)
    billed = ibis.coalesce(pairs.amount > 0, False)
    within = ibis.coalesce(
        same_currency & ((pairs.amount - pairs.cost).abs() <= _tolerance(pairs.their_currency, terms)), False
    )
    # Nearly every pair is exactly what it should be; all that comes after is asked of the others only.
    exact = (
        pairs.is_counted
        & ~pairs.failed
        & (pairs.amount == pairs.cost)
        & (pairs.currency == pairs.their_currency)
        & reduce(
            lambda one, other: one & other,
            [pairs[f"their_{name}"].isnull() | (pairs[name] == pairs[f"their_{name}"]) for name in TOKENS],
        )
    )
    return ibis.cases(
        (exact, True),
        (pairs.upstream_id.isnull(), False),
        (
            pairs.their_upstream_id.isnull(),
            ibis.ifelse(pairs.is_unknown, here, ~(here & ibis.coalesce(pairs.cost > 0, False))),
        ),
        (pairs.is_unknown, ibis.coalesce(pairs.amount <= 0, False)),
        else_=~(billed & (pairs.failed | ~pairs.is_counted))
        & reduce(lambda one, other: one & other, same_tokens)
        & (pairs.cost.isnull() | pairs.amount.isnull() | within),
    )


def _tolerance(currency: ir.StringValue, terms: Terms) -> ir.IntegerValue:
    allowed = tolerances(terms)
    if not allowed:
        return ibis.literal(0)
    return ibis.cases(*((currency == name, nanos) for name, nanos in sorted(allowed.items())), else_=0)


def _doubtful(engine: Engine, pairs: ir.Table, ours: ir.Table, theirs: ir.Table, source: _Source) -> ir.Table:
    """The ids that have to be looked at: those of pairs that are not right, and those that are there twice.

    Where lines were not met more often than there are, no two attempts have the same id, and nobody has to count them.
    """
    found = pairs.filter(pairs.id.notnull()).select(upstream_id=pairs.id)
    # A line of the usage and one of the cost are two lines of one call.
    names = ("upstream_id", "kind") if source.kinds > 1 else ("upstream_id",)
    found = found.union(_twice(theirs.select(*names)))
    met = engine.rows(pairs.aggregate(theirs=pairs.theirs.sum()))[0]["theirs"] or 0
    if met > source.named:
        found = found.union(_twice(ours.select(upstream_id=ours.response_id)))
    return found.distinct()


def _twice(rows: ir.Table) -> ir.Table:
    """The ids that are there more than once."""
    counted = rows.group_by(*rows.columns).aggregate(rows=rows.count())
    return counted.filter(counted.rows > 1).select("upstream_id")


def _groups(attempts: ir.Table, lines: ir.Table) -> ir.Table:
    """All that is known of each id."""
    tried = attempts.mutate(
        unknown=attempts.outcome == UNKNOWN,
        counted=_is_counted(attempts),
        name=attempts.request_high.cast("string")
        .concat("_", attempts.request_low.cast("string"), "_", attempts.number.cast("string")),
    )  # fmt: skip
    ours = tried.group_by(upstream_id=tried.response_id).aggregate(
        is_unknown=tried.unknown.any(), is_counted=tried.counted.any(), cost=_whole(tried, "cost"),
        currency=tried.currency.min(), model=tried.model.min(), account_id=tried.account_id.min(),
        at=tried.started_at.min(), attempts=tried.name.collect(), **{name: _whole(tried, name) for name in TOKENS},
    )  # fmt: skip
    told = lines.mutate(is_cost=lines.kind == COST, is_usage=lines.kind == USAGE)
    theirs = told.group_by("upstream_id").aggregate(
        costs=told.is_cost.sum(), usages=told.is_usage.sum(), amount=told.amount.sum(where=told.is_cost),
        line_currency=told.currency.min(where=told.is_cost), failed=told.failed.fill_null(False).any(),
        line_at=told.starts_at.min(), line_models=told.model.fill_null("").collect(), lines=told.line_id.collect(),
        **{f"usage_{name}": _whole(told, name, told.is_usage) for name in TOKENS},
        **{f"cost_{name}": _whole(told, name, told.is_cost) for name in TOKENS},
    )  # fmt: skip
    pairs = ours.outer_join(theirs, "upstream_id", rname="their_{name}")
    return pairs.mutate(
        has_ours=pairs.upstream_id.notnull(), has_theirs=pairs.their_upstream_id.notnull(),
        is_unknown=pairs.is_unknown.fill_null(False), is_counted=pairs.is_counted.fill_null(False),
        failed=pairs.failed.fill_null(False), costs=pairs.costs.fill_null(0), usages=pairs.usages.fill_null(0),
        **{
            f"their_{name}": ibis.ifelse(
                ibis.coalesce(pairs.usages, 0) > 0, pairs[f"usage_{name}"], pairs[f"cost_{name}"]
            )
            for name in TOKENS
        },
    )  # fmt: skip


def _whole(rows: ir.Table, name: str, where: ir.BooleanValue | None = None) -> ir.IntegerValue:
    """The sum of a column, null where one of the rows has none of it."""
    has = rows[name].notnull()
    missing = (~has if where is None else ~has & where).any()
    return ibis.cases((~ibis.coalesce(missing, False), rows[name].sum(where=where)))


def _classified(groups: ir.Table, source: str, terms: Terms) -> ir.Table:
    """The class of each id that is a break, `orphan` where lines are nobody's, in the specification's order."""
    here = ibis.literal(terms.is_here(source))
    is_billed = ibis.coalesce(groups.amount > 0, groups.costs == 0)
    has_amounts = groups.cost.notnull() & groups.amount.notnull()
    pairs = [(groups[name], groups[f"their_{name}"]) for name in TOKENS]
    known = [mine.notnull() & theirs.notnull() for mine, theirs in pairs]
    other_tokens = reduce(
        lambda one, other: one | other,
        [ibis.coalesce(mine != theirs, False) for mine, theirs in pairs],
    )
    varies = has_amounts & (groups.cost != groups.amount)
    within = (groups.amount - groups.cost).abs() <= _tolerance(groups.line_currency, terms)
    nothing = ibis.null("string")
    break_class = ibis.cases(
        ((groups.costs > 1) | (groups.usages > 1), str(BreakClass.DUPLICATE_EXTERNAL)),
        (~groups.has_ours, ibis.cases((is_billed, _ORPHAN), else_=nothing)),
        (
            ~groups.has_theirs,
            ibis.cases(
                (groups.is_unknown, ibis.ifelse(here, nothing, str(BreakClass.OUTCOME_UNKNOWN))),
                (here & ibis.coalesce(groups.cost > 0, False), str(BreakClass.MISSING_EXTERNAL)),
                else_=nothing,
            ),
        ),
        (groups.is_unknown, ibis.cases((is_billed, str(BreakClass.OUTCOME_UNKNOWN)), else_=nothing)),
        (
            ibis.coalesce(groups.amount > 0, False) & (groups.failed | ~groups.is_counted),
            str(BreakClass.UPSTREAM_BILLED_FAILED_CALL),
        ),
        (has_amounts & ~groups.currency.identical_to(groups.line_currency), str(BreakClass.CURRENCY_MISMATCH)),
        (other_tokens, str(BreakClass.UPSTREAM_USAGE_DIFFERS)),
        (varies & within, _ROUNDING),
        (varies & (groups.amount > groups.cost), str(BreakClass.AMOUNT_OVER)),
        (varies, str(BreakClass.AMOUNT_UNDER)),
        else_=nothing,
    )
    classified = groups.select(
        "attempts", "lines", "line_models", "account_id", "cost", "amount", "model",
        source=ibis.literal(source),
        break_class=break_class,
        currency=ibis.coalesce(groups.line_currency, groups.currency),
        at=ibis.coalesce(groups.at, groups.line_at),
        our_tokens=sum((ibis.ifelse(both, mine, 0) for both, (mine, _) in zip(known, pairs, strict=True)), ibis.literal(0)),
        their_tokens=sum((ibis.ifelse(both, theirs, 0) for both, (_, theirs) in zip(known, pairs, strict=True)), ibis.literal(0)),
    )  # fmt: skip
    return classified.filter(classified.break_class.notnull())


def _rounding(pairs: ir.Table, again: ir.Table, groups: ir.Table, source: str, terms: Terms) -> ir.Table:
    """The sums within the tolerance: of all pairs, without those of doubtful ids, which were judged as a whole."""
    parts = [
        pairs.filter(pairs.model.notnull()).select("model", "currency", "cost", "amount", "rows"),
        again.filter(again.model.notnull()).select(
            "model", "currency", cost=-again.cost, amount=-again.amount, rows=-again.rows
        ),
    ]
    judged = groups.filter((groups.break_class == _ROUNDING) & (groups.at >= terms.start) & (groups.at < terms.end))
    parts.append(judged.select("model", "currency", "cost", "amount", rows=ibis.literal(1)))
    parts = [
        part.select("model", "currency", *(part[name].cast("int64").name(name) for name in ("cost", "amount", "rows")))
        for part in parts
    ]
    every = reduce(lambda one, other: one.union(other), parts)
    summed = every.group_by("model", "currency").aggregate(
        cost=every.cost.sum(),
        amount=every.amount.sum(),
        rows=every.rows.sum(),
    )
    summed = summed.filter(summed.rows > 0)
    return summed.select(
        attempts=ibis.null("array<string>"), lines=ibis.null("array<string>"), line_models=ibis.null("array<string>"),
        account_id=ibis.null("string"), cost=summed.cost, amount=summed.amount, model=summed.model,
        source=ibis.literal(source), break_class=ibis.literal(_ROUNDING), currency=summed.currency,
        at=ibis.null("int64"), our_tokens=ibis.null("int64"), their_tokens=ibis.null("int64"),
    ).select(*groups.columns)  # fmt: skip


def _is_counted(attempts: ir.Table) -> ir.BooleanValue:
    return (attempts.outcome == SUCCEEDED) | ((attempts.outcome != UNKNOWN) & ibis.coalesce(attempts.cost > 0, False))


# -- attempts that have no id, and sums ------------------------------------------------------------------------


def _nameless(attempts: ir.Table, sources: list[str], terms: Terms) -> ir.Table:
    """Attempts of unknown outcome that are held against no line by an id."""
    unknown = attempts.filter(attempts.outcome == UNKNOWN)
    by_id = unknown.upstream.isin(sources) if sources else ibis.literal(False)
    kept = unknown.filter((by_id & unknown.response_id.isnull()) | (~by_id & ~_is_here(unknown.upstream, terms)))
    return kept.select(
        "request_high", "request_low", "number", "account_id", "upstream", "model", "started_at", "cost", "currency",
        by_id=kept.upstream.isin(sources) if sources else ibis.literal(False),
    )  # fmt: skip


def _is_here(upstream: ir.StringValue, terms: Terms) -> ir.BooleanValue:
    if terms.sources is None:
        return ibis.literal(True)
    return upstream.isin(sorted(terms.sources)) if terms.sources else ibis.literal(False)


def _tries(attempts: ir.Table, without_sums: list[str]) -> ir.Table:
    """What was attempted per upstream, model, minute and what became of it, where the bill has sums or nothing at all."""
    rows = attempts.filter(attempts.upstream.notin(without_sums)) if without_sums else attempts
    rows = rows.select(
        "upstream", "model", "currency", "cost", *TOKENS,
        at=(rows.started_at // MINUTE) * MINUTE,
        became=ibis.cases(
            (_is_counted(rows), _COUNTED), (rows.outcome == UNKNOWN, UNKNOWN), (rows.outcome == NOT_CONNECTED, _NOTHING),
            else_=_FAILED,
        ),
        has_tokens=reduce(lambda one, other: one & other, [rows[name].notnull() for name in TOKENS]).cast("int64"),
    )  # fmt: skip
    return rows.group_by("upstream", "model", "at", "became").aggregate(
        currency=rows.currency.min(), rows=rows.count(), with_tokens=rows.has_tokens.sum(), cost=rows.cost.sum(),
        with_cost=rows.cost.count(), **{name: rows[name].sum() for name in TOKENS},
    )  # fmt: skip


class _Breaks:
    """The breaks, read from the engine each time they are gone through."""

    def __init__(
        self, judged: Kept | None, nameless: Kept, tried: Kept, sums: Kept, billed_sources: set[str], terms: Terms
    ) -> None:
        self._judged = judged
        self._nameless = nameless
        self._tried = tried
        self._sums = sums
        self._billed_sources = billed_sources
        self._terms = terms

    def __iter__(self) -> Iterator[FoundBreak]:
        yield from judge_buckets(
            map(_tried_of, self._tried), self._sums, self._terms, billed_sources=self._billed_sources
        )
        yield from (found for found in self._of_calls() if is_of_day(found.at, self._terms))

    def _of_calls(self) -> Iterator[FoundBreak]:
        nameless = _Nameless(self._nameless)
        for row in self._judged or ():
            if row["break_class"] == _ORPHAN:
                nameless.note(row)
        for row in self._judged or ():
            yield nameless.judge(row) if row["break_class"] == _ORPHAN else _break_of(row, self._terms)
        yield from nameless.rest(self._terms)


class _Nameless:
    """Attempts without an id, few as they are, and the lines that may be theirs."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)
        self._places: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for number, row in enumerate(self._rows):
            if row["by_id"]:
                self._places[row["upstream"], plain_model(row["model"])].append((row["started_at"], number))
        for places in self._places.values():
            places.sort()
        self._lines: dict[int, list[Row]] = defaultdict(list)

    def _near(self, orphan: Row) -> list[int]:
        """The attempts of the orphan's model about its time."""
        model = min(map(plain_model, orphan["line_models"]))
        places = self._places.get((orphan["source"], model), [])
        first = bisect_left(places, (orphan["at"] - TIME_SLACK, -1))
        last = bisect_right(places, (orphan["at"] + TIME_SLACK, len(self._rows)))
        return [number for _, number in places[first:last]]

    def note(self, orphan: Row) -> None:
        for number in self._near(orphan):
            self._lines[number].append(orphan)

    def judge(self, orphan: Row) -> FoundBreak:
        """Whose the orphan is: the only attempt's that can only be its own, else nobody's."""
        near = self._near(orphan)
        if len(near) == 1 and len(self._lines[near[0]]) == 1:
            return self._unknown(self._rows[near[0]], BY_TIME, orphan)
        return FoundBreak(
            book=Book.UPSTREAM, break_class=BreakClass.MISSING_INTERNAL, ours=(), theirs=_line_names(orphan),
            source=orphan["source"], account_id=None, currency=orphan["currency"], expected=None,
            found=orphan["amount"], at=orphan["at"], rule=BY_ID,
            alternatives=tuple(sorted(_name(self._rows[number]) for number in near)),
        )  # fmt: skip

    def rest(self, terms: Terms) -> Iterator[FoundBreak]:
        """Attempts that no line is paired with, as far as that says nothing."""
        for number, row in enumerate(self._rows):
            lines = self._lines.get(number, [])
            if len(lines) == 1 and len(self._near(lines[0])) == 1:
                continue
            if lines or not terms.is_here(row["upstream"]):
                names = tuple(sorted(name for line in lines for name in _line_names(line)))
                yield self._unknown(row, BY_TIME if row["by_id"] else BY_ID, None, names)

    def _unknown(self, row: Row, rule: str, orphan: Row | None, alternatives: tuple[str, ...] = ()) -> FoundBreak:
        return FoundBreak(
            book=Book.UPSTREAM, break_class=BreakClass.OUTCOME_UNKNOWN, ours=(_name(row),),
            theirs=_line_names(orphan) if orphan else (), source=row["upstream"], account_id=UUID(row["account_id"]),
            currency=(orphan["currency"] if orphan else None) or row["currency"], expected=row["cost"],
            found=orphan["amount"] if orphan else None, at=row["started_at"], rule=rule, alternatives=alternatives,
        )  # fmt: skip


def _break_of(row: Row, terms: Terms) -> FoundBreak:
    break_class = BreakClass(row["break_class"])
    if break_class is BreakClass.ROUNDING_WITHIN_TOLERANCE:
        return FoundBreak(
            book=Book.UPSTREAM, break_class=break_class,
            ours=(f"attempts:{row['source']}:{row['model']}:{terms.start}",), theirs=(), source=row["source"],
            account_id=None, currency=row["currency"], expected=row["cost"], found=row["amount"], at=terms.start,
            rule=BY_ID,
        )  # fmt: skip
    in_tokens = break_class is BreakClass.UPSTREAM_USAGE_DIFFERS
    return FoundBreak(
        book=Book.UPSTREAM, break_class=break_class, ours=tuple(sorted(map(_attempt_name, row["attempts"] or ()))),
        theirs=_line_names(row), source=row["source"],
        account_id=UUID(row["account_id"]) if row["account_id"] else None,
        currency=None if in_tokens else row["currency"],
        expected=row["our_tokens"] if in_tokens else row["cost"],
        found=row["their_tokens"] if in_tokens else row["amount"], at=row["at"], rule=BY_ID,
    )  # fmt: skip


def _tried_of(row: Row) -> Tried:
    tried = Tried(source=row["upstream"], model=row["model"], at=row["at"], currency=row["currency"])
    match row["became"]:
        case "counted":
            return replace(
                tried, counted=row["rows"], tokens=tuple(row[name] or 0 for name in TOKENS),
                tokens_missing=row["rows"] - row["with_tokens"], cost=row["cost"] or 0,
                cost_missing=row["rows"] - row["with_cost"],
            )  # fmt: skip
        case "unknown":
            return replace(tried, unknown=row["rows"])
        case "failed":
            return replace(tried, failed=row["rows"])
    return tried


def _name(row: Row) -> str:
    return f"attempt:{join_id(row['request_high'], row['request_low']).hex}:{row['number']}"


def _attempt_name(name: str) -> str:
    high, low, number = map(int, name.split("_"))
    return f"attempt:{join_id(high, low).hex}:{number}"


def _line_names(row: Row) -> tuple[str, ...]:
    return tuple(sorted(f"line:{each}" for each in row["lines"] or ()))
