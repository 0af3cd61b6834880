"""A break's life: the same however its findings are ordered, and never two of one identity."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.reconcile.breaks_rules import Sighting, Step, carry_over, identity_of
from counterfoil.reconcile.desk_model import Break, BreakEventKind, BreakState
from counterfoil.reconcile.model import Book, BreakClass, FoundBreak
from counterfoil.reconcile.owners import owner_of

DAY = date(2027, 1, 31)
NOW = 1_800_000_000_000_000

ROWS = st.lists(st.sampled_from([f"line:{n}" for n in range(6)]), min_size=1, max_size=2, unique=True)
CLASSES = st.sampled_from([BreakClass.MISSING_INTERNAL, BreakClass.PENDING_WITHIN_WINDOW, BreakClass.AMBIGUOUS])


@st.composite
def findings(draw: st.DrawFn) -> FoundBreak:
    return found(draw(CLASSES), *sorted(draw(ROWS)), amount=draw(st.integers(0, 3)))


def found(break_class: BreakClass, *rows: str, amount: int = 1) -> FoundBreak:
    return FoundBreak(
        book=Book.PAYMENTS, break_class=break_class, ours=(), theirs=rows, source="bank", account_id=None,
        currency="CNY", expected=None, found=amount, at=NOW, rule="amount_and_time",
    )  # fmt: skip


_NUMBERS = itertools.count(1)


def new_id() -> UUID:
    return UUID(int=next(_NUMBERS))


def see(known: Sequence[Break], *seen: FoundBreak, day: date = DAY, now: int = NOW, covers: bool = True) -> list[Step]:
    sighting = Sighting(day=day, now=now, run_id=None, found=seen, covers=lambda _: covers)
    return carry_over(known, sighting, owner_of=owner_of, new_id=new_id)


def after(known: Sequence[Break], steps: Sequence[Step]) -> list[Break]:
    changed = {step.after.break_id: step.after for step in steps}
    kept = [changed.pop(one.break_id, one) for one in known]
    return [*kept, *changed.values()]


@given(st.lists(findings(), max_size=8), st.lists(findings(), max_size=8), st.randoms())
def test_what_becomes_of_breaks_does_not_depend_on_the_order_in_which_they_are_found(
    first: list[FoundBreak], second: list[FoundBreak], shuffled: object
) -> None:
    unique = list({identity_of(one): one for one in second}.values())
    known = after([], see([], *first))
    one_way = see(known, *unique)
    other = list(unique)
    shuffled.shuffle(other)  # type: ignore[attr-defined]
    assert {step.after.identity: replace(step.after, break_id=UUID(int=0)) for step in one_way} == {
        step.after.identity: replace(step.after, break_id=UUID(int=0)) for step in see(known[::-1], *other)
    }


@given(st.lists(findings(), max_size=8), st.lists(findings(), max_size=8))
def test_what_stands_after_a_run_is_what_it_has_found_and_again_changes_nothing(
    first: list[FoundBreak], second: list[FoundBreak]
) -> None:
    known = after([], see([], *first))
    known = after(known, see(known, *second))
    assert len({one.identity for one in known}) == len(known)
    standing = {one.identity for one in known if one.state.is_standing}
    assert standing == {identity_of(one) for one in second}
    again = see(known, *({identity_of(one): one for one in second}.values()))
    assert [step for step in again if step.event is not None] == []


@given(st.lists(findings(), min_size=1, max_size=8))
def test_what_a_run_does_not_cover_it_does_not_close(first: list[FoundBreak]) -> None:
    known = after([], see([], *first))
    assert [step for step in see(known, covers=False) if step.event is not None] == []


def test_a_break_of_the_same_rows_inherits_the_age_of_what_it_was() -> None:
    known = after([], see([], found(BreakClass.PENDING_WITHIN_WINDOW, "line:1"), day=DAY))
    steps = see(known, found(BreakClass.MISSING_INTERNAL, "line:1"), day=DAY + timedelta(days=3))
    new = next(step.after for step in steps if step.is_new)
    assert (new.first_day, new.last_day) == (DAY, DAY + timedelta(days=3))
    closed = next(step for step in steps if not step.is_new)
    assert closed.event is not None
    assert (closed.after.state, closed.event.what) == (BreakState.CLOSED_BY_ITSELF, BreakEventKind.BECAME)


def test_what_was_settled_is_open_again_only_when_its_sums_are_others() -> None:
    (one,) = after([], see([], found(BreakClass.MISSING_INTERNAL, "line:1")))
    settled = replace(one, state=BreakState.SETTLED)
    (same,) = see([settled], found(BreakClass.MISSING_INTERNAL, "line:1"))
    assert (same.after.state, same.event) == (BreakState.SETTLED, None)
    (changed,) = see([settled], found(BreakClass.MISSING_INTERNAL, "line:1", amount=2))
    assert changed.event is not None
    assert (changed.after.state, changed.event.what) == (BreakState.OPEN, BreakEventKind.FOUND_AGAIN)


def test_an_expected_break_that_becomes_another_of_the_same_rows_stays_expected() -> None:
    (one,) = after([], see([], found(BreakClass.PENDING_WITHIN_WINDOW, "line:1")))
    expected = replace(one, state=BreakState.EXPECTED, expected_until=NOW + 10)
    steps = see([expected], found(BreakClass.MISSING_INTERNAL, "line:1"))
    new = next(step.after for step in steps if step.is_new)
    assert (new.state, new.expected_until) == (BreakState.EXPECTED, NOW + 10)
