"""Where a case may go: the whole table, what it refuses, deadlines, and who sees what."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import Conflict, InputError
from counterfoil.identity.access import StaffRole
from counterfoil.support import rules
from counterfoil.support.model import CaseEventKind, CaseState, Priority, Resolution
from counterfoil.support.rules import HANDED_OVER, OVER, TRANSITIONS, CaseError, Verb
from support.cases import HOUR, NOON, a_case


def test_every_state_answers_every_verb() -> None:
    assert set(TRANSITIONS) == {(state, verb) for state in CaseState for verb in Verb}


def test_every_event_but_the_arrival_comes_from_a_verb() -> None:
    made = {
        rules.step(a_case(state=state), verb, number=2, at=NOON, by="s").event.kind
        for (state, verb), after in TRANSITIONS.items()
        if isinstance(after, CaseState)
    }
    assert made == set(CaseEventKind) - {CaseEventKind.ARRIVED}


@pytest.mark.parametrize("state", sorted(OVER))
def test_a_case_that_is_over_goes_on_only_when_it_is_reopened(state: CaseState) -> None:
    on = {verb for verb in Verb if TRANSITIONS[state, verb] not in {*OVER, *CaseError}}
    assert on == {Verb.REOPEN}


def test_an_open_case_cannot_be_reopened_or_purged() -> None:
    for state in set(CaseState) - OVER:
        assert TRANSITIONS[state, Verb.REOPEN] is CaseError.IS_OPEN
        assert TRANSITIONS[state, Verb.PURGE] is CaseError.IS_OPEN


def test_only_what_was_handed_over_can_be_handed_back() -> None:
    back = {state for state in set(CaseState) - OVER if TRANSITIONS[state, Verb.HAND_BACK] is CaseState.DIAGNOSED}
    assert back == HANDED_OVER


def test_a_case_is_not_handed_to_where_it_is() -> None:
    with pytest.raises(Conflict) as refused:
        rules.step(a_case(state=CaseState.WITH_FINANCE), Verb.HAND_TO_FINANCE, number=4, at=NOON, by="s")
    assert refused.value.code == CaseError.ALREADY_THERE


def test_an_answer_is_taken_only_where_something_was_asked() -> None:
    taking = {state for state in CaseState if TRANSITIONS[state, Verb.ANSWER] is CaseState.NEW}
    assert taking == {CaseState.WAITING_FOR_CUSTOMER}


def test_a_late_diagnosis_moves_no_case_that_somebody_works_on() -> None:
    for state in set(CaseState) - OVER - {CaseState.NEW}:
        assert TRANSITIONS[state, Verb.DIAGNOSE] is state


def test_an_approval_that_ends_after_the_case_is_still_written_down() -> None:
    assert {TRANSITIONS[state, Verb.SETTLE] for state in OVER} == OVER


def test_a_note_is_never_public_and_an_answer_is() -> None:
    note = rules.step(a_case(), Verb.NOTE, number=2, at=NOON, by="s", text="看过了")
    reply = rules.step(a_case(), Verb.REPLY, number=2, at=NOON, by="s", text="您好")
    assert (note.event.is_public, reply.event.is_public) == (False, True)


def test_a_purged_case_takes_notes_alone() -> None:
    gone = a_case(state=CaseState.CLOSED, purged_at=NOON)
    assert rules.step(gone, Verb.NOTE, number=9, at=NOON, by="s", text="x").after == gone
    with pytest.raises(Conflict) as refused:
        rules.step(gone, Verb.REOPEN, number=9, at=NOON, by="s")
    assert refused.value.code == CaseError.PURGED


@given(st.lists(st.sampled_from(Verb), max_size=30))
def test_events_say_the_state_of_a_case_at_each_step(verbs: list[Verb]) -> None:
    case, events = a_case(), []
    for number, verb in enumerate(verbs, start=2):
        try:
            step = rules.step(case, verb, number=number, at=NOON + number, by="s")
        except Conflict:
            continue
        case, events = step.after, [*events, step.event]
    assert all(one.event_no < other.event_no and one.at < other.at for one, other in pairwise(events))
    assert not events or events[-1].facts["state"] == case.state


def test_what_is_missing_money_is_due_before_a_question() -> None:
    due = [
        rules.due_at(problem, Priority.NORMAL, since=NOON) for problem in ("recharged_not_credited", "something_else")
    ]
    assert due == [NOON + 8 * HOUR, NOON + 48 * HOUR]


def test_an_urgent_case_is_due_in_a_quarter_of_the_time() -> None:
    urgent, normal = (
        rules.due_at("balance_fell", one, since=NOON) - NOON for one in (Priority.URGENT, Priority.NORMAL)
    )
    assert urgent * 4 == normal


@pytest.mark.parametrize(
    ("roles", "handed", "sees"),
    [
        ({StaffRole.SUPPORT}, False, True),
        ({StaffRole.ENGINEERING}, False, False),
        ({StaffRole.ENGINEERING}, True, True),
        ({StaffRole.ENGINEERING, StaffRole.FINANCE}, False, True),
        ({StaffRole.EDITOR}, True, False),
        (set(), True, False),
    ],
)
def test_engineering_sees_what_was_handed_to_it(roles: set[StaffRole], handed: bool, sees: bool) -> None:
    assert rules.may_see(roles, was_with_engineering=handed) is sees


def test_a_case_is_called_refunded_only_once_it_was() -> None:
    rules.check_resolution(Resolution.REFUND, settled={Resolution.REFUND})
    rules.check_resolution(Resolution.ANSWERED, settled=())
    with pytest.raises(Conflict) as refused:
        rules.check_resolution(Resolution.REFUND, settled={Resolution.COMPENSATION})
    assert refused.value.code == CaseError.SETTLED_BY_MONEY


def test_a_first_message_without_a_person_is_asked_for_one_unless_it_is_signed_in() -> None:
    said = {"order_mask": "4711"}
    assert not rules.is_complete("recharged_not_credited", said, is_signed_in=False)
    assert rules.is_complete("recharged_not_credited", said, is_signed_in=True)
    assert rules.is_complete("recharged_not_credited", {**said, "nickname": "小雨"}, is_signed_in=False)


@pytest.mark.parametrize("text", ["", "  \n", "a\x00b", "x" * 8_001])
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        rules.check_text("text", text)
