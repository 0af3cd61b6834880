"""What doors show of cases, as plain JSON: ids with their prefixes, amounts exactly and as text, times RFC 3339.

All of it is for staff: nothing here is told to whoever reported a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from counterfoil.foundation.errors import InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import show_time
from counterfoil.support.desk_model import CaseSearch, CaseSettlement, CaseView, QueueCount, SavedSearch
from counterfoil.support.model import Candidate, Case, CaseEvent
from counterfoil.support.replies import Answered
from counterfoil.support.replies_rules import Objection
from counterfoil.support.rules import OVER

Json = dict[str, Any]
# Facts of events that are ids, and those that are times.
_IDS_IN_FACTS: Mapping[str, str] = {"group": "case_group"}
_TIMES_IN_FACTS = frozenset({"due_at", "until"})
_ID_DIGITS = 32
_DUE_DIGITS_MAX = 18


def case_json(case: Case, *, now: int) -> Json:
    """A case as it stands, without what was typed for it; `late` where it is open and its deadline has passed."""
    return {
        "case_id": show_id("case", case.case_id),
        "number": case.number,
        "problem": case.problem,
        "state": case.state.value,
        "priority": case.priority.value,
        "language": case.language.value,
        "channel": case.channel.value,
        "account_id": _id("account", case.account_id),
        "person_id": _id("person", case.person_id),
        "subject": case.subject,
        "cause": case.cause,
        "owner": case.owner,
        "due_at": show_time(case.due_at),
        "late": is_late(case, now=now),
        "group_id": _id("case_group", case.group_id),
        "resolution": None if case.resolution is None else case.resolution.value,
        "created_at": show_time(case.created_at),
        "changed_at": show_time(case.changed_at),
        "purged_at": _time(case.purged_at),
    }


def is_late(case: Case, *, now: int) -> bool:
    return case.state not in OVER and case.due_at < now


def case_in_full(view: CaseView, *, now: int) -> Json:
    """A case with what was said, its steps, what was found, its settlements and the other cases of its group."""
    return {
        **case_json(view.case, now=now),
        "fields": dict(view.case.values),
        "events": [event_json(one) for one in view.events],
        "search": None if view.search is None else search_json(view.search),
        "settlements": [settlement_json(one) for one in view.settlements],
        "together": [
            {
                "case_id": show_id("case", one.case_id), "number": one.number, "state": one.state.value,
                "owner": one.owner, "due_at": show_time(one.due_at),
            }
            for one in view.together
        ],
    }  # fmt: skip


def event_json(event: CaseEvent) -> Json:
    return {
        "number": event.event_no,
        "kind": event.kind.value,
        "by": event.by,
        "at": show_time(event.at),
        "facts": {name: _fact(name, value) for name, value in event.facts.items()},
        "text": event.text,
        "public": event.is_public,
    }


def search_json(search: CaseSearch) -> Json:
    return {
        "number": search.search_no,
        "at": show_time(search.at),
        "same_account": search.same_account,
        "candidates": [candidate_json(one) for one in search.candidates],
        "explanation": None if search.explanation is None else dict(search.explanation),
    }


def candidate_json(one: Candidate) -> Json:
    return {
        "subject": one.subject,
        "kind": one.kind,
        "account_id": _id("account", one.account_id),
        "at": show_time(one.at),
        "score": one.score,
        "cause": one.cause,
        "fields": [
            {"field": each.field, "said": each.said, "recorded": each.recorded, "agreement": each.agreement.value}
            for each in one.fields
        ],
    }


def settlement_json(one: CaseSettlement) -> Json:
    return {
        "settlement_id": show_id("settlement", one.settlement_id),
        "kind": one.kind.value,
        "state": one.state.value,
        "account_id": show_id("account", one.account_id),
        "amount_nanos": one.amount,
        "amount": format_nanos(one.amount),
        "currency": one.currency,
        "approval_id": _id("approval", one.approval_id),
        "proposed_by": one.proposed_by,
        "proposed_at": show_time(one.proposed_at),
        "ended_at": _time(one.ended_at),
    }


def count_json(one: QueueCount) -> Json:
    return {"state": one.state.value, "problem": one.problem, "count": one.count, "late": one.late}


def objection_json(one: Objection) -> Json:
    return {"kind": one.kind.value, "words": one.words}


def answered_json(one: Answered) -> Json:
    """What became of one of many answers: `code` where it was refused."""
    return {
        "case_id": show_id("case", one.case_id),
        "sent": one.is_sent,
        "objections": [objection_json(each) for each in one.objections],
        "code": one.code,
    }


def saved_search_json(one: SavedSearch) -> Json:
    query = one.query
    return {
        "search_id": show_id("case_search", one.search_id),
        "name": one.name,
        "shared": one.is_shared,
        "person_id": show_id("person", one.person_id),
        "query": {
            "states": [state.value for state in query.states],
            "open": query.is_open,
            "late": query.is_late,
            "problem": query.problem,
            "priority": None if query.priority is None else query.priority.value,
            "owner": query.owner,
            "cause": query.cause,
            "account_id": _id("account", query.account_id),
            "group_id": _id("case_group", query.group_id),
            "text": query.text,
        },
        "created_at": show_time(one.created_at),
    }


# -- pages of the queue --------------------------------------------------------------------------------------------------


def show_cursor(case: Case) -> str:
    """What names the page after this case: its deadline, by which the queue is ordered, and its id."""
    return f"{case.due_at}-{case.case_id.hex}"


def read_cursor(text: str | None) -> tuple[int, UUID] | None:
    """What `show_cursor` wrote; raises `InputError`."""
    if text is None:
        return None
    due_at, _, case_id = text.partition("-")
    is_due = due_at.isascii() and due_at.isdecimal() and len(due_at) <= _DUE_DIGITS_MAX
    if is_due and len(case_id) == _ID_DIGITS:
        try:
            return int(due_at), UUID(hex=case_id)
        except ValueError:
            pass
    raise InputError(field="cursor", expected="`next` of the page before")


# -- inside --------------------------------------------------------------------------------------------------------------


def _fact(name: str, value: str) -> str:
    """A fact as people know it."""
    if name in _TIMES_IN_FACTS and value.isdecimal():
        return show_time(int(value))
    if name in _IDS_IN_FACTS and len(value) == _ID_DIGITS:
        return show_id(_IDS_IN_FACTS[name], UUID(hex=value))
    return value


def _time(at: int | None) -> str | None:
    return None if at is None else show_time(at)


def _id(kind: str, value: UUID | None) -> str | None:
    return None if value is None else show_id(kind, value)
