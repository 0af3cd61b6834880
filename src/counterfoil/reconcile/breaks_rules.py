"""A break's life between people: found, found again, grown older, become another, closed by itself. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from counterfoil.reconcile.desk_model import Break, BreakEvent, BreakEventKind, BreakState, KeptStatement, KeptTotal
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak, FoundMatch

TOTAL_RULE = "statement_total"
SOURCE_RULE = "source_of_day"
TOTAL_ROW = "total"
SOURCE_ROW = "source"


def identity_of(found: FoundBreak) -> bytes:
    """Which break it is: SHA-256 of book, class and rows."""
    return hashlib.sha256("\x1f".join(found.identity).encode()).digest()


def match_identity(found: FoundMatch) -> bytes:
    """Which match it is: SHA-256 of book, rule and rows, and whether it is only suggested."""
    parts = (found.book, found.rule, str(found.is_suggested), *found.ours, "|", *found.theirs)
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What one run, or one import, has seen.

    `covers` says of a standing break whether it would have been found again if it still were one; `matched` are rows
    that are matched now, with the rows on the other side of their match.
    """

    day: date
    now: int
    run_id: UUID | None
    found: Sequence[FoundBreak]
    covers: Callable[[Break], bool]
    matched: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A break as it is now, with the event that made it so; without one where it was merely seen again."""

    after: Break
    event: BreakEvent | None
    is_new: bool = False


def carry_over(
    known: Sequence[Break], sighting: Sighting, *, owner_of: Callable[[BreakClass], str], new_id: Callable[[], UUID]
) -> list[Step]:
    """What becomes of every known break that has changed, and the new ones.

    `known` are all standing breaks of the book and those that have been found again, whatever their state.
    """
    by_identity = {one.identity: one for one in known}
    found = {identity_of(one): one for one in sighting.found}
    gone = [one for one in known if one.state.is_standing and one.identity not in found and sighting.covers(one)]
    gone_by_row: dict[str, list[Break]] = {}
    for one in gone:
        for row in one.rows:
            gone_by_row.setdefault(row, []).append(one)
    steps: list[Step] = []
    heirs: dict[UUID, FoundBreak] = {}
    for identity, seen in sorted(found.items()):
        before = by_identity.get(identity)
        if before is not None:
            steps.append(_seen_again(before, seen, sighting))
            continue
        ancestor = _ancestor(gone_by_row, seen)
        if ancestor is not None:
            heirs[ancestor.break_id] = seen
        steps.append(_new(identity, seen, ancestor, sighting, owner=owner_of(seen.break_class), break_id=new_id()))
    steps += [_closed(one, heirs.get(one.break_id), sighting) for one in gone]
    closing = {one.break_id for one in gone}
    steps += [
        _no_longer_expected(one, sighting)
        for one in known
        if one.identity not in found and one.break_id not in closing and _is_overdue(one, sighting.now)
    ]
    return steps


def _ancestor(gone_by_row: Mapping[str, Sequence[Break]], seen: FoundBreak) -> Break | None:
    """The oldest break of the same rows, or of some of them, that is another one now."""
    rows = {*seen.ours, *seen.theirs}
    older = [one for row in rows for one in gone_by_row.get(row, ()) if one.rows <= rows]
    return min(older, key=lambda one: (one.first_day, one.identity), default=None)


def _new(
    identity: bytes, seen: FoundBreak, ancestor: Break | None, sighting: Sighting, *, owner: str, break_id: UUID
) -> Step:
    still_expected = (
        ancestor is not None
        and ancestor.state is BreakState.EXPECTED
        and not _is_overdue(ancestor, sighting.now)
        and ancestor.rows == {*seen.ours, *seen.theirs}
    )
    made = Break(
        break_id=break_id, identity=identity, book=seen.book, break_class=seen.break_class, owner=owner,
        source=seen.source, account_id=seen.account_id, currency=seen.currency, expected=seen.expected,
        found=seen.found, at=seen.at, rule=seen.rule, ours=seen.ours, theirs=seen.theirs,
        alternatives=seen.alternatives, state=BreakState.EXPECTED if still_expected else BreakState.OPEN,
        first_day=sighting.day if ancestor is None else min(ancestor.first_day, sighting.day), last_day=sighting.day,
        first_seen_at=sighting.now if ancestor is None else ancestor.first_seen_at, last_seen_at=sighting.now,
        expected_until=ancestor.expected_until if ancestor is not None and still_expected else None,
    )  # fmt: skip
    facts = {} if ancestor is None else {"was": ancestor.break_class.value, "break": ancestor.break_id.hex}
    return _step(made, BreakEventKind.FOUND, sighting, facts, is_new=True)


def _seen_again(before: Break, seen: FoundBreak, sighting: Sighting) -> Step:
    after = replace(
        before, last_day=max(before.last_day, sighting.day), last_seen_at=max(before.last_seen_at, sighting.now),
        expected=seen.expected, found=seen.found, alternatives=seen.alternatives,
        account_id=seen.account_id or before.account_id,
    )  # fmt: skip
    if before.state is BreakState.CLOSED_BY_ITSELF:
        return _step(replace(after, state=BreakState.OPEN), BreakEventKind.FOUND_AGAIN, sighting, {})
    if not before.state.is_standing:
        if (before.expected, before.found) == (seen.expected, seen.found):
            return Step(after=after, event=None)
        # What was settled is another sum now: somebody has to look again.
        facts = {"expected_before": before.expected, "found_before": before.found}
        return _step(replace(after, state=BreakState.OPEN), BreakEventKind.FOUND_AGAIN, sighting, facts)
    if _is_overdue(before, sighting.now):
        return _no_longer_expected(after, sighting)
    return Step(after=after, event=None)


def _closed(before: Break, heir: FoundBreak | None, sighting: Sighting) -> Step:
    after = replace(before, state=BreakState.CLOSED_BY_ITSELF, expected_until=None)
    if heir is not None:
        return _step(after, BreakEventKind.BECAME, sighting, {"now": heir.break_class.value})
    partners = sorted({partner for row in before.rows for partner in sighting.matched.get(row, ())} - before.rows)
    if partners:
        return _step(after, BreakEventKind.LATE_LINE_CAME, sighting, {"matched_with": partners[:20]})
    return _step(after, BreakEventKind.FOUND_NO_MORE, sighting, {})


def _is_overdue(one: Break, now: int) -> bool:
    return one.state is BreakState.EXPECTED and one.expected_until is not None and one.expected_until <= now


def _no_longer_expected(before: Break, sighting: Sighting) -> Step:
    facts = {"expected_until": before.expected_until}
    after = replace(before, state=BreakState.OPEN, expected_until=None)
    return _step(after, BreakEventKind.NO_LONGER_EXPECTED, sighting, facts)


def _step(
    after: Break, what: BreakEventKind, sighting: Sighting, facts: Mapping[str, Any], *, is_new: bool = False
) -> Step:
    after = replace(after, events=after.events + 1)
    event = BreakEvent(
        number=after.events, at=sighting.now, state=after.state, what=what, by=None, run_id=sighting.run_id,
        remark=None, facts=facts,
    )  # fmt: skip
    return Step(after=after, event=event, is_new=is_new)


def total_breaks(statement: KeptStatement, totals: Sequence[KeptTotal], *, book: Book) -> list[FoundBreak]:
    """A break for each total of a statement that its lines do not come to; none once it has been set aside."""
    if statement.set_aside_at is not None:
        return []
    return [
        FoundBreak(
            book=book, break_class=BreakClass.AMOUNT_OVER if one.stated > one.found else BreakClass.AMOUNT_UNDER,
            ours=(), theirs=(f"{TOTAL_ROW}:{statement.statement_id.hex}:{one.place}",), source=statement.source,
            account_id=None, currency=None, expected=None if one.is_count else one.found,
            found=None if one.is_count else one.stated, at=statement.begins or statement.imported_at, rule=TOTAL_RULE,
        )
        for one in totals
        if one.stated != one.found
    ]  # fmt: skip


def stale_break(source: str, day: date, *, book: Book, at: int) -> FoundBreak:
    """The break of a day that a source has not told of, or not to its end."""
    return FoundBreak(
        book=book, break_class=BreakClass.STALE_SOURCE, ours=(), theirs=(f"{SOURCE_ROW}:{source}:{day.isoformat()}",),
        source=source, account_id=None, currency=None, expected=None, found=None, at=at, rule=SOURCE_RULE,
    )  # fmt: skip
