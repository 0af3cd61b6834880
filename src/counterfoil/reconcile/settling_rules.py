"""What may be done about a break, by the state it is in and by what was done before. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from counterfoil.foundation.errors import Conflict, InputError, NotFound
from counterfoil.foundation.ids import show_id
from counterfoil.reconcile.breaks_rules import Step
from counterfoil.reconcile.desk_model import (
    Break,
    BreakEvent,
    BreakEventKind,
    BreakState,
    Settlement,
    SettlementAction,
)
from counterfoil.reconcile.model import Book

ROWS_MAX = 200
_TABLES = frozenset({"line", "order", "refund", "credit", "code", "request", "task", "charge", "attempt"})
_EVENT_OF: Mapping[SettlementAction, BreakEventKind] = {
    SettlementAction.LINK: BreakEventKind.LINKED,
    SettlementAction.IGNORE: BreakEventKind.IGNORED,
    SettlementAction.EXPECT: BreakEventKind.EXPECTED,
    SettlementAction.WRITE_OFF: BreakEventKind.WRITTEN_OFF,
    SettlementAction.CREDIT: BreakEventKind.CREDITED,
    SettlementAction.REFUND: BreakEventKind.REFUNDED,
    SettlementAction.ADJUST: BreakEventKind.ADJUSTED,
    SettlementAction.REOPEN: BreakEventKind.REOPENED,
    SettlementAction.UNDO: BreakEventKind.UNDONE,
}
_STATE_OF: Mapping[SettlementAction, BreakState] = {
    SettlementAction.IGNORE: BreakState.IGNORED,
    SettlementAction.EXPECT: BreakState.EXPECTED,
    SettlementAction.REOPEN: BreakState.OPEN,
    SettlementAction.UNDO: BreakState.OPEN,
}


def check_standing(one: Break) -> None:
    """Raises `Conflict` (`break_not_open`) where it is no longer for anybody to act."""
    if not one.state.is_standing:
        raise Conflict(code="break_not_open", break_id=show_id("break", one.break_id), state=one.state.value)


def check_reopenable(one: Break, settlements: Sequence[Settlement]) -> None:
    """Raises `Conflict` (`break_not_reopenable`) where it is open, or money that has moved for it was not taken back."""
    if one.state is BreakState.OPEN or any(each.action.moves_money for each in _in_force(settlements)):
        raise Conflict(code="break_not_reopenable", break_id=show_id("break", one.break_id), state=one.state.value)


def find_undoable(one: Break, settlements: Sequence[Settlement], settlement_id: UUID | None) -> Settlement:
    """The settlement to be undone, by default the last that moved money.

    Raises `NotFound` (`settlement_not_found`), `Conflict` (`settlement_not_undoable`).
    """
    moved = [each for each in settlements if each.action.moves_money and each.undone_by is None]
    if settlement_id is None:
        if not moved:
            raise NotFound(code="settlement_not_found", break_id=show_id("break", one.break_id))
        chosen = moved[-1]
    else:
        found = next((each for each in settlements if each.settlement_id == settlement_id), None)
        if found is None:
            raise NotFound(code="settlement_not_found", settlement=show_id("settlement", settlement_id))
        chosen = found
    leaves = chosen.action is SettlementAction.REFUND or "order" in chosen.facts
    if chosen not in moved or leaves:
        raise Conflict(
            code="settlement_not_undoable",
            settlement=show_id("settlement", chosen.settlement_id),
            action=chosen.action.value,
        )
    return chosen


def _in_force(settlements: Iterable[Settlement]) -> list[Settlement]:
    return [each for each in settlements if each.undone_by is None]


def step_of(
    one: Break,
    action: SettlementAction,
    *,
    at: int,
    by: str,
    remark: str | None,
    facts: Mapping[str, Any],
    expected_until: int | None = None,
) -> Step:
    """The break after that action, with its event."""
    state = _STATE_OF.get(action, BreakState.SETTLED)
    after = replace(one, state=state, expected_until=expected_until, events=one.events + 1)
    event = BreakEvent(
        number=after.events, at=at, state=state, what=_EVENT_OF[action], by=by, run_id=None, remark=remark, facts=facts
    )
    return Step(after=after, event=event)


def remark_of(one: Break, what: BreakEventKind, *, at: int, by: str, remark: str, facts: Mapping[str, Any]) -> Step:
    """The same break with a remark, or with what somebody has proposed."""
    after = replace(one, events=one.events + 1)
    event = BreakEvent(
        number=after.events, at=at, state=one.state, what=what, by=by, run_id=None, remark=remark, facts=facts
    )
    return Step(after=after, event=event)


def assigned(one: Break, assignee: str | None, *, at: int, by: str) -> Step:
    """The same break with somebody, or nobody, who has taken it on."""
    after = replace(one, events=one.events + 1, assignee=assignee)
    event = BreakEvent(
        number=after.events, at=at, state=one.state, what=BreakEventKind.ASSIGNED, by=by, run_id=None, remark=assignee,
        facts={"assignee": assignee},
    )  # fmt: skip
    return Step(after=after, event=event)


def sides(one: Break, rows: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Our rows and theirs when `rows` are linked to a break's own; raises `InputError` (`break_rows_unknown`)."""
    given = [row.strip() for row in rows]
    for row in given:
        table, _, name = row.partition(":")
        if table not in _TABLES or not name or len(row) > ROWS_MAX:
            raise InputError(code="break_rows_unknown", row=row[:60], expected="a table, a colon and an id")
    ours, theirs = set(one.ours), set(one.theirs)
    for row in given:
        # A channel's payout stands for ours where a bank's line is held against it: the empty side is the other one.
        if not theirs and ours:
            theirs.add(row)
        elif not ours and theirs:
            ours.add(row)
        else:
            (theirs if row.startswith("line:") else ours).add(row)
    if not ours or not theirs or ours & theirs:
        raise InputError(code="break_rows_unknown", row=given[0][:60] if given else "", expected="a row of each side")
    return tuple(sorted(ours)), tuple(sorted(theirs))


def manual_identity(book: Book, ours: Sequence[str], theirs: Sequence[str]) -> bytes:
    """Which match by hand it is."""
    return hashlib.sha256("\x1f".join((book, "by_hand", *ours, "|", *theirs)).encode()).digest()


def source_id_of(one: Break, settlements: Sequence[Settlement]) -> str:
    """What the ledger knows a settlement by: the break, and which settlement of it this is."""
    return f"{show_id('break', one.break_id)}:{len(settlements) + 1}"
