"""Sums of an upstream's bill held against what was attempted: per bucket of time and model. Pure; sums are few.

A source cuts time as its lines do: a usage report by the hour and a cost report by the day are each held against the same
attempts. The sums of all keys are compared, for an upstream of ours is one key of theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from counterfoil.reconcile.matching.terms import Terms
from counterfoil.reconcile.matching.upstream_rules import BY_BUCKET, COST, DAY, MINUTE, TOKENS, USAGE, plain_model
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak

Row = Mapping[str, Any]
_NO_TOKENS = (0,) * len(TOKENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What was attempted at a source with a model in a minute or more: what did its work, what failed, what is unknown.

    Tokens and cost are of what did its work; `…_missing` is how many of those do not tell. `currency` is the upstream's
    price book's, the first by name if there are several.
    """

    source: str
    model: str
    at: int
    currency: str | None = None
    counted: int = 0
    failed: int = 0
    unknown: int = 0
    tokens: tuple[int, ...] = _NO_TOKENS
    tokens_missing: int = 0
    cost: int = 0
    cost_missing: int = 0

    def with_one(self, other: Tried) -> Tried:
        """Both together, as of this one's place and time."""
        return Tried(
            source=self.source, model=self.model, at=self.at,
            currency=min((each for each in (self.currency, other.currency) if each is not None), default=None),
            counted=self.counted + other.counted, failed=self.failed + other.failed,
            unknown=self.unknown + other.unknown,
            tokens=tuple(one + more for one, more in zip(self.tokens, other.tokens, strict=True)),
            tokens_missing=self.tokens_missing + other.tokens_missing, cost=self.cost + other.cost,
            cost_missing=self.cost_missing + other.cost_missing,
        )  # fmt: skip


class Period(NamedTuple):
    """How a source's lines of a kind cut time: into buckets of `width` from `offset` on, and by model or not."""

    source: str
    kind: str
    width: int
    offset: int
    by_model: bool

    def start_of(self, at: int) -> int:
        return at - (at - self.offset) % self.width


class _Place(NamedTuple):
    period: Period
    start: int
    model: str


def judge_buckets(
    tries: Iterable[Tried], lines: Iterable[Row], terms: Terms, *, billed_sources: Set[str]
) -> Iterator[FoundBreak]:
    """What does not fit among attempts per minute and an upstream's lines without ids, in buckets that begin in the day.

    `billed_sources` have a line of any kind.
    """
    billed: dict[_Place, list[Row]] = defaultdict(list)
    for line in lines:
        period = _period_of(line)
        billed[_Place(period, period.start_of(line["starts_at"]), plain_model(line["model"]))].append(line)
    periods: dict[str, set[Period]] = defaultdict(set)
    for place in billed:
        periods[place.period.source].add(place.period)
    tried: dict[_Place, Tried] = {}
    for each in tries:
        known: Iterable[Period] = periods[each.source]
        if each.source not in billed_sources and terms.is_here(each.source):
            # A bill without a line says that nothing was billed, day by day.
            known = (Period(each.source, COST, DAY, terms.start % DAY, True),)
        for period in known:
            place = _Place(period, period.start_of(each.at), plain_model(each.model) if period.by_model else "")
            empty = Tried(source=each.source, model=place.model, at=place.start)
            tried[place] = tried.get(place, empty).with_one(each)
    for place in {**billed, **tried}:
        if terms.start <= place.start < terms.end:
            yield from _judge(place, tried.get(place), billed.get(place, ()), terms)


def _period_of(line: Row) -> Period:
    width, by_model = line["ends_at"] - line["starts_at"], bool(plain_model(line["model"]))
    if width <= 0:
        return Period(line["source"], line["kind"], DAY, 0, by_model)
    return Period(line["source"], line["kind"], width, line["starts_at"] % width, by_model)


def _judge(place: _Place, tried: Tried | None, lines: Sequence[Row], terms: Terms) -> Iterator[FoundBreak]:
    judged = _judge_usage if place.period.kind == USAGE and lines else _judge_cost
    verdict = judged(place, tried, lines, terms)
    if verdict is None:
        return
    break_class, currency, expected, found = verdict
    source, kind, width, _, _ = place.period
    yield FoundBreak(
        book=Book.UPSTREAM, break_class=break_class,
        ours=(f"attempts:{source}:{kind}:{place.model}:{place.start}:{width // MINUTE}m",) if tried else (),
        theirs=tuple(sorted(f"line:{line['line_id']}" for line in lines)), source=source, account_id=None,
        currency=currency, expected=expected, found=found, at=place.start, rule=BY_BUCKET,
    )  # fmt: skip


# The class, the currency (None: tokens are counted), what we expected and what was found.
_Verdict = tuple[BreakClass, str | None, int | None, int | None]


def _judge_usage(place: _Place, tried: Tried | None, lines: Sequence[Row], terms: Terms) -> _Verdict | None:
    """Kinds of tokens that both sides tell are compared."""
    told = [sum_all(lines, name) for name in TOKENS]
    if tried is None:
        found = sum(count for count in told if count is not None)
        return (BreakClass.MISSING_INTERNAL, None, None, found) if found else None
    if tried.tokens_missing:
        return None
    known = [(mine, theirs) for mine, theirs in zip(tried.tokens, told, strict=True) if theirs is not None]
    if all(mine == theirs for mine, theirs in known):
        return None
    expected, found = sum(mine for mine, _ in known), sum(theirs for _, theirs in known)
    break_class = BreakClass.UPSTREAM_USAGE_DIFFERS
    if found > expected:
        break_class = _class_of_more_usage(tried, sum_all(lines, "requests"))
    return break_class, None, expected, found


def _class_of_more_usage(tried: Tried, requests: int | None) -> BreakClass:
    """Whose the tokens are that we know nothing of, as far as the number of requests tells."""
    if requests is None:
        return BreakClass.OUTCOME_UNKNOWN if tried.unknown else BreakClass.UPSTREAM_USAGE_DIFFERS
    more = requests - tried.counted
    if 0 < more <= tried.unknown:
        return BreakClass.OUTCOME_UNKNOWN
    if 0 < more <= tried.unknown + tried.failed:
        return BreakClass.UPSTREAM_BILLED_FAILED_CALL
    return BreakClass.UPSTREAM_USAGE_DIFFERS


def _judge_cost(place: _Place, tried: Tried | None, lines: Sequence[Row], terms: Terms) -> _Verdict | None:
    currency = min((line["currency"] for line in lines if line["currency"] is not None), default=None)
    amount = sum(line["amount"] for line in lines) if lines else None
    if tried is None:
        return (BreakClass.MISSING_INTERNAL, currency, None, amount) if amount else None
    if amount is None:
        is_missing = terms.is_here(place.period.source) and tried.cost > 0
        return (BreakClass.MISSING_EXTERNAL, tried.currency, tried.cost, None) if is_missing else None
    break_class = None if tried.cost_missing else _class_of_cost(tried, amount, currency, terms)
    return None if break_class is None else (break_class, currency, tried.cost, amount)


def _class_of_cost(tried: Tried, amount: int, currency: str | None, terms: Terms) -> BreakClass | None:
    if amount == tried.cost == 0:
        return None
    if tried.currency is not None and currency != tried.currency:
        return BreakClass.CURRENCY_MISMATCH
    if amount == tried.cost:
        return None
    if abs(amount - tried.cost) <= terms.tolerance_of(currency or ""):
        return BreakClass.ROUNDING_WITHIN_TOLERANCE
    if amount < tried.cost:
        return BreakClass.AMOUNT_UNDER
    return BreakClass.OUTCOME_UNKNOWN if tried.unknown else BreakClass.AMOUNT_OVER


def sum_all(rows: Sequence[Row], name: str) -> int | None:
    """The sum of a column, or None where a row has none of it or there is no row."""
    values = [row[name] for row in rows]
    return sum(values) if values and None not in values else None
