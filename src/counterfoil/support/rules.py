"""Where a case may go from where it is: every state with every verb, deadlines, and who may see it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from counterfoil.foundation.errors import Conflict, InputError
from counterfoil.foundation.periods import MICROS_PER_SECOND
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.identity.access import StaffRole
from counterfoil.support.model import Case, CaseEvent, CaseEventKind, CaseState, Priority, Resolution

_HOUR = 3_600 * MICROS_PER_SECOND
# A note, an answer or a reply: a page of text. A longer one is somebody's log.
TEXT_CHARACTERS_MAX = 8_000
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")


class Verb(StrEnum):
    """What somebody, or the service itself, does to a case."""

    SEARCH = "search"
    DIAGNOSE = "diagnose"
    CONFIRM = "confirm"
    REJECT = "reject"
    NOTE = "note"
    ASSIGN = "assign"
    PRIORITISE = "prioritise"
    ASK = "ask"
    # The customer's answer to what was asked.
    ANSWER = "answer"
    REPLY = "reply"
    HAND_TO_OPERATIONS = "hand_to_operations"
    HAND_TO_FINANCE = "hand_to_finance"
    HAND_TO_ENGINEERING = "hand_to_engineering"
    HAND_BACK = "hand_back"
    PROPOSE = "propose"
    SETTLE = "settle"
    DECLINE = "decline"
    GROUP = "group"
    UNGROUP = "ungroup"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    PURGE = "purge"


class CaseError(StrEnum):
    """Every code that this room raises; each has its words in the vocabulary."""

    NOT_FOUND = "case_not_found"
    SEARCH_NOT_FOUND = "case_search_not_found"
    IS_OVER = "case_is_over"
    IS_OPEN = "case_is_open"
    IS_CLOSED = "case_is_closed"
    ALREADY_THERE = "case_already_there"
    WITH_SUPPORT = "case_with_support"
    NOTHING_ASKED = "case_nothing_asked"
    PURGED = "case_purged"
    NOT_A_CANDIDATE = "case_not_a_candidate"
    NO_RECORD = "case_no_record"
    REPLY_OBJECTED = "case_reply_objected"
    NOTHING_TO_SETTLE = "case_nothing_to_settle"
    SETTLED_BY_MONEY = "case_settled_by_money"
    GROUP_NOT_FOUND = "case_group_not_found"
    RECORD_CHANGED = "case_record_changed"
    FACT_MISSING = "case_fact_missing"


_WITH: Mapping[Verb, CaseState] = MappingProxyType(
    {
        Verb.HAND_TO_OPERATIONS: CaseState.WITH_OPERATIONS,
        Verb.HAND_TO_FINANCE: CaseState.WITH_FINANCE,
        Verb.HAND_TO_ENGINEERING: CaseState.WITH_ENGINEERING,
    }
)
HANDED_OVER = frozenset(_WITH.values())
OVER = frozenset({CaseState.RESOLVED, CaseState.CLOSED})
# What leaves a case where it is as long as it is not over.
_BESIDE = frozenset(
    {Verb.CONFIRM, Verb.REJECT, Verb.ASSIGN, Verb.PRIORITISE, Verb.REPLY, Verb.PROPOSE, Verb.GROUP, Verb.UNGROUP}
)
# What may be written down whatever has become of a case: a remark, the end of an approval that was under way.
_ALWAYS = frozenset({Verb.NOTE, Verb.SETTLE, Verb.DECLINE})


def _outcome(state: CaseState, verb: Verb) -> CaseState | CaseError:
    """One cell of the table."""
    if verb in _ALWAYS:
        return state
    if verb is Verb.PURGE:
        return state if state is CaseState.CLOSED else CaseError.IS_OPEN
    if verb is Verb.REOPEN:
        return CaseState.DIAGNOSED if state in OVER else CaseError.IS_OPEN
    if verb is Verb.CLOSE:
        return CaseError.IS_CLOSED if state is CaseState.CLOSED else CaseState.CLOSED
    if state in OVER:
        return CaseError.IS_OVER
    return _of_open(state, verb)


def _of_open(state: CaseState, verb: Verb) -> CaseState | CaseError:
    if verb in _BESIDE or verb is Verb.SEARCH:
        return state
    if verb in _WITH:
        return CaseError.ALREADY_THERE if _WITH[verb] is state else _WITH[verb]
    if verb is Verb.DIAGNOSE:
        return CaseState.DIAGNOSED if state is CaseState.NEW else state
    if verb is Verb.ASK:
        return CaseState.WAITING_FOR_CUSTOMER
    if verb is Verb.ANSWER:
        # New again until the records have been searched with what was added.
        return CaseState.NEW if state is CaseState.WAITING_FOR_CUSTOMER else CaseError.NOTHING_ASKED
    if verb is Verb.HAND_BACK:
        return CaseState.DIAGNOSED if state in HANDED_OVER else CaseError.WITH_SUPPORT
    assert verb is Verb.RESOLVE
    return CaseState.RESOLVED


TRANSITIONS: Mapping[tuple[CaseState, Verb], CaseState | CaseError] = MappingProxyType(
    {(state, verb): _outcome(state, verb) for state in CaseState for verb in Verb}
)

_EVENT_OF: Mapping[Verb, CaseEventKind] = MappingProxyType(
    {
        Verb.SEARCH: CaseEventKind.SEARCHED,
        Verb.DIAGNOSE: CaseEventKind.DIAGNOSED,
        Verb.CONFIRM: CaseEventKind.RECORD_CONFIRMED,
        Verb.REJECT: CaseEventKind.RECORD_REJECTED,
        Verb.NOTE: CaseEventKind.NOTED,
        Verb.ASSIGN: CaseEventKind.ASSIGNED,
        Verb.PRIORITISE: CaseEventKind.PRIORITY_SET,
        Verb.ASK: CaseEventKind.ASKED,
        Verb.ANSWER: CaseEventKind.ANSWERED_BY_CUSTOMER,
        Verb.REPLY: CaseEventKind.REPLIED,
        Verb.HAND_TO_OPERATIONS: CaseEventKind.HANDED_OVER,
        Verb.HAND_TO_FINANCE: CaseEventKind.HANDED_OVER,
        Verb.HAND_TO_ENGINEERING: CaseEventKind.HANDED_OVER,
        Verb.HAND_BACK: CaseEventKind.HANDED_BACK,
        Verb.PROPOSE: CaseEventKind.SETTLEMENT_PROPOSED,
        Verb.SETTLE: CaseEventKind.SETTLEMENT_DONE,
        Verb.DECLINE: CaseEventKind.SETTLEMENT_REJECTED,
        Verb.GROUP: CaseEventKind.GROUPED,
        Verb.UNGROUP: CaseEventKind.UNGROUPED,
        Verb.RESOLVE: CaseEventKind.RESOLVED,
        Verb.CLOSE: CaseEventKind.CLOSED,
        Verb.REOPEN: CaseEventKind.REOPENED,
        Verb.PURGE: CaseEventKind.PURGED,
    }
)
# Who sees of it what is public: the reporter hears of these, by the private link or in a mail.
_TOLD = frozenset({Verb.ASK, Verb.ANSWER, Verb.REPLY, Verb.RESOLVE, Verb.CLOSE, Verb.REOPEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A case after something was done, and the event that says so."""

    after: Case
    event: CaseEvent


_NO_FACTS: Mapping[str, str] = MappingProxyType({})
# What a step may change of a case beside its state; everything else is as the case came in.
_CHANGEABLE = frozenset(
    {"account_id", "subject", "cause", "owner", "priority", "due_at", "group_id", "resolution", "values", "purged_at"}
)


def step(
    case: Case,
    verb: Verb,
    *,
    number: int,
    at: int,
    by: str,
    facts: Mapping[str, str] = _NO_FACTS,
    text: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Step:
    """The case after a verb, with its event of that number.

    Raises `Conflict` with the table's refusal, or `case_purged` for whatever would work on words that are gone.
    """
    if case.purged_at is not None and verb not in _ALWAYS:
        raise Conflict(code=CaseError.PURGED, case=case.number)
    after = TRANSITIONS[case.state, verb]
    if isinstance(after, CaseError):
        raise Conflict(code=after, case=case.number, state=case.state.value)
    changed = dict(changes or {})
    assert changed.keys() <= _CHANGEABLE, changed.keys()
    event = CaseEvent(
        case_id=case.case_id, event_no=number, kind=_EVENT_OF[verb], by=by, at=at,
        facts={**facts, "state": after.value}, text=text, is_public=verb in _TOLD,
    )  # fmt: skip
    return Step(after=replace(case, state=after, changed_at=at, **changed), event=event)


def kept_private(step: Step) -> Step:
    """The step with what was written in it for the desk alone."""
    return replace(step, event=replace(step.event, is_public=False))


def redacted_case(case: Case, redact: Callable[[str], str]) -> Case:
    """The case with its fields redacted: what is known for a secret today may not have been when it came in."""
    return replace(case, values={name: redact(value) for name, value in case.values.items()})


def redacted_event(event: CaseEvent, redact: Callable[[str], str]) -> CaseEvent:
    """The event with what was written in it redacted."""
    return event if event.text is None else replace(event, text=redact(event.text))


def is_field(name: str) -> bool:
    """Whether it is an evidence field that somebody can be asked for."""
    return find_entry(Kind.EVIDENCE_FIELD, name) is not None


def is_code(text: str) -> bool:
    """Whether it is a name of ours, and not what somebody typed."""
    return _CODE.fullmatch(text) is not None


def hand_over_verb(to: CaseState) -> Verb:
    """How a case is handed to that desk; raises `InputError` for what is no desk."""
    for verb, state in _WITH.items():
        if state is to:
            return verb
    raise InputError(field="to", expected=", ".join(sorted(HANDED_OVER)))


# -- deadlines ---------------------------------------------------------------------------------------------------------

# By when a case is to be settled: money that is missing first, what stops somebody from working next.
_HOURS_OF_PROBLEM: Mapping[str, int] = MappingProxyType(
    {
        "recharged_not_credited": 8,
        "balance_not_enough": 12,
        "failed_perhaps_charged": 24,
        "balance_fell": 24,
        "something_else": 48,
    }
)
_HOURS_OTHERWISE = 48
# Of the hours of its class, in quarters.
_QUARTERS_OF_PRIORITY: Mapping[Priority, int] = MappingProxyType(
    {Priority.URGENT: 1, Priority.HIGH: 2, Priority.NORMAL: 4, Priority.LOW: 8}
)


def due_at(problem: str, priority: Priority, *, since: int) -> int:
    """By when (UTC microseconds) a case of that class and priority is to be settled, counted from its arrival or its
    reopening."""
    return since + _HOURS_OF_PROBLEM.get(problem, _HOURS_OTHERWISE) * _HOUR * _QUARTERS_OF_PRIORITY[priority] // 4


# -- who sees what -----------------------------------------------------------------------------------------------------

_SEE_ALL = frozenset({StaffRole.SUPPORT, StaffRole.OPERATIONS, StaffRole.FINANCE, StaffRole.ADMINISTRATOR})


def sees_only_handed_over(roles: Collection[StaffRole]) -> bool:
    """Whether somebody of these roles sees only what was handed to engineering."""
    return not _SEE_ALL.intersection(roles)


def may_see(roles: Collection[StaffRole], *, was_with_engineering: bool) -> bool:
    """Whether staff of these roles may see a case: engineering those only that were handed to it once."""
    return bool(_SEE_ALL.intersection(roles)) or (StaffRole.ENGINEERING in roles and was_with_engineering)


# -- what a first message needs ----------------------------------------------------------------------------------------

# Of each group one field: what support would otherwise have to ask for. An account signed in stands for the person.
_PERSON = ("account_email", "nickname", "user_number", "account")
REQUIRED: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "balance_not_enough": (("request_id", "request_time", "task_id"), ("request_id", "task_id", "key_mask", *_PERSON)),
        "recharged_not_credited": (
            (*_PERSON, "redemption_account"),
            ("order_mask", "order_time", "code_last_four", "redemption_time"),
        ),
        "balance_fell": (("time_window", "request_time"), ("key_mask", "caller", *_PERSON)),
        "failed_perhaps_charged": (("task_id", "request_id", "request_time"),),
        "something_else": (),
    }
)  # fmt: skip


def missing_fields(problem: str, values: Mapping[str, str], *, is_signed_in: bool) -> tuple[tuple[str, ...], ...]:
    """The groups of fields of which a case has none: one of each is to be asked for."""
    groups = REQUIRED.get(problem, ())
    return tuple(
        group
        for group in groups
        if not any(values.get(name, "").strip() for name in group)
        and not (is_signed_in and any(name in _PERSON for name in group))
    )


def is_complete(problem: str, values: Mapping[str, str], *, is_signed_in: bool) -> bool:
    """Whether a first message says all that its class needs."""
    return not missing_fields(problem, values, is_signed_in=is_signed_in)


# -- settling without money --------------------------------------------------------------------------------------------

# These end by an approval that has moved money; nobody resolves a case so by hand.
BY_MONEY = frozenset({Resolution.COMPENSATION, Resolution.REFUND, Resolution.CREDIT_AGAIN})


def check_resolution(resolution: Resolution, *, settled: Collection[Resolution]) -> None:
    """Raises `Conflict` (`case_settled_by_money`) where a case is to be called refunded and nothing was paid."""
    if resolution in BY_MONEY and resolution not in settled:
        raise Conflict(code=CaseError.SETTLED_BY_MONEY, resolution=resolution.value)


def check_text(field: str, text: str) -> str:
    """What somebody wrote, without blanks around it; raises `InputError`. It is redacted before it is kept."""
    # As browsers send the lines of a form.
    cleaned = text.replace("\r\n", "\n").strip()
    if not 1 <= len(cleaned) <= TEXT_CHARACTERS_MAX or any(
        not (sign.isprintable() or sign in "\n\t") for sign in cleaned
    ):
        raise InputError(field=field, expected=f"1 to {TEXT_CHARACTERS_MAX} printable characters")
    return cleaned
