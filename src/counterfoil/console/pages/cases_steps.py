"""The steps of a case as they are shown: what each was, who took it, and who can see what was written with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counterfoil.console.pages.cases import cause_label
from counterfoil.console.tables import Amount, Cell, Id
from counterfoil.console.visits import Visit, with_query
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.support.desk_model import CaseView
from counterfoil.support.model import CaseEvent, CaseEventKind

# What can be said to have been checked before a case is handed on.
CHECKED = (
    "same_account", "record", "balance", "limits", "payment", "notices", "code", "charge", "upstream", "duplicates",
)  # fmt: skip
_TONES = {
    CaseEventKind.RECORD_CONFIRMED: "good", CaseEventKind.REPLIED: "good", CaseEventKind.SETTLEMENT_DONE: "good",
    CaseEventKind.RESOLVED: "good", CaseEventKind.SETTLEMENT_REJECTED: "bad", CaseEventKind.REOPENED: "bad",
    CaseEventKind.PURGED: "bad",
}  # fmt: skip
# Who is no person: the service at the records, the way in, and whoever wrote without signing in.
_BY_ITSELF = ("counterfoil", "intake", "customer", "self_service")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEvent:
    """A step. `details` are cells with the words for them; `text` is what was written, which the reporter can read if it is
    `is_public`."""

    at: int
    tone: str
    label: str
    hint: str
    by: str
    details: list[tuple[str, Cell]]
    text: str | None
    is_public: bool
    is_note: bool


def events_of(visit: Visit, view: CaseView) -> list[ShownEvent]:
    """The steps, the latest first."""
    return [_shown(visit, event, view) for event in reversed(view.events)]


def _shown(visit: Visit, event: CaseEvent, view: CaseView) -> ShownEvent:
    details = _DETAILS.get(event.kind)
    return ShownEvent(
        at=event.at,
        tone=_TONES.get(event.kind, "quiet"),
        label=visit.w.label("case_event", event.kind),
        hint=visit.w.explanation("case_event", event.kind),
        by=visit.w.word(f"case_by_{event.by}") if event.by in _BY_ITSELF else event.by,
        details=[] if details is None else [one for one in details(visit, event, view) if one[1] not in (None, "")],
        text=event.text,
        is_public=event.is_public,
        is_note=event.kind is CaseEventKind.NOTED and event.text is not None,
    )


_Details = list[tuple[str, Cell]]


def _searched(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    return [
        ("case_candidates_found", visit.shown.count(_whole(event.facts, "candidates"))),
        ("case_record", _id_of(visit, event.facts.get("best"))),
        ("case_same_account", visit.w.label("same_account_verdict", event.facts["same_account"]) if event.facts.get("same_account") else None),
    ]  # fmt: skip


def _diagnosed(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    return [("case_cause", cause_label(visit, event.facts.get("cause") or None))]


def _record(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    return [("case_record", _id_of(visit, event.facts.get("subject")))]


def _assigned(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    return [("case_owner", event.facts.get("to") or visit.w.word("case_nobody"))]


def _priority(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    return [
        ("case_priority", visit.w.label("case_priority", event.facts.get("priority"))),
        ("case_due", visit.shown.time(_whole(event.facts, "due_at"))),
    ]


def _fields(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    names = [one for one in event.facts.get("fields", "").split(",") if one]
    return [("case_fields", " · ".join(visit.w.label("evidence_field", one) for one in names))]


def _handed_over(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    facts = event.facts
    checked = [one for one in facts.get("checked", "").split(",") if one]
    return [
        ("case_handed_to", visit.w.label("case_state", facts.get("state"))),
        ("case_until", visit.shown.time(_whole(facts, "until"))),
        ("case_checked", " · ".join(visit.w.word(f"case_checked_{one}") if one in CHECKED else one for one in checked)),
        ("case_bundle", _bundle(visit, facts.get("bundle"), view)),
    ]


def _settlement(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    facts = event.facts
    approval = facts.get("approval")
    amount = _whole(facts, "amount_nanos")
    return [
        ("case_settlement", visit.w.label("case_resolution", facts.get("kind"))),
        ("case_amount", None if amount is None else Amount(amount, facts.get("currency", ""))),
        ("case_approval", None if approval is None else Id(approval, visit.staff_link(f"/approvals/{approval}"))),
    ]


def _resolved(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    return [("case_resolution", visit.w.label("case_resolution", event.facts.get("resolution")))]


def _due(visit: Visit, event: CaseEvent, view: CaseView) -> _Details:
    at = _whole(event.facts, "due_at")
    return [("case_due", None if at is None else visit.shown.time(at))]


_DETAILS = {
    CaseEventKind.SEARCHED: _searched,
    CaseEventKind.DIAGNOSED: _diagnosed,
    CaseEventKind.RECORD_CONFIRMED: _record,
    CaseEventKind.RECORD_REJECTED: _record,
    CaseEventKind.ASSIGNED: _assigned,
    CaseEventKind.PRIORITY_SET: _priority,
    CaseEventKind.ASKED: _fields,
    CaseEventKind.ANSWERED_BY_CUSTOMER: _fields,
    CaseEventKind.HANDED_OVER: _handed_over,
    CaseEventKind.SETTLEMENT_PROPOSED: _settlement,
    CaseEventKind.SETTLEMENT_DONE: _settlement,
    CaseEventKind.SETTLEMENT_REJECTED: _settlement,
    CaseEventKind.RESOLVED: _resolved,
    CaseEventKind.REOPENED: _due,
}


def _whole(facts: Mapping[str, str], name: str) -> int | None:
    text = facts.get(name, "")
    return int(text) if text.isascii() and text.lstrip("-").isdigit() else None


def _id_of(visit: Visit, subject: str | None) -> Cell:
    """A record by its id; an account's window has the times after it."""
    if not subject:
        return None
    shown = subject.split(" ")[0]
    return Id(shown, with_query(visit.staff_link("/go"), {"q": shown}))


def _bundle(visit: Visit, subject: str | None, view: CaseView) -> Cell:
    """The signed bundle that went along, made when it is opened: from the same records, which do not change."""
    if not subject:
        return None
    account_id = view.case.account_id
    if account_id is None or read_any_id(subject) is None:
        return subject
    path = f"/accounts/{show_id('account', account_id)}/evidence/{subject}"
    return Id(subject, with_query(visit.staff_link(path), {"form": "html", "view": "staff"}))
