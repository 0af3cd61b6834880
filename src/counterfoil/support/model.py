"""Cases: what somebody reported, what the records say about it, and every step until it is settled. Nothing here does I/O.

Times are UTC microseconds, amounts nanos. What a person typed comes in only after the redaction room has judged it, and is
kept as fields: `values` by the code of the vocabulary's evidence field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from counterfoil.foundation.vocabulary import Language


class CaseState(StrEnum):
    """Where a case is (`Kind.CASE_STATE`)."""

    NEW = "new"
    DIAGNOSED = "diagnosed"
    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    WITH_OPERATIONS = "with_operations"
    WITH_FINANCE = "with_finance"
    WITH_ENGINEERING = "with_engineering"
    RESOLVED = "resolved"
    CLOSED = "closed"


class CaseEventKind(StrEnum):
    """What happened to a case; every change is one of these, and none is ever edited (`Kind.CASE_EVENT`)."""

    ARRIVED = "arrived"
    SEARCHED = "searched"
    DIAGNOSED = "diagnosed"
    RECORD_CONFIRMED = "record_confirmed"
    RECORD_REJECTED = "record_rejected"
    NOTED = "noted"
    ASSIGNED = "assigned"
    PRIORITY_SET = "priority_set"
    ASKED = "asked"
    ANSWERED_BY_CUSTOMER = "answered_by_customer"
    REPLIED = "replied"
    HANDED_OVER = "handed_over"
    HANDED_BACK = "handed_back"
    SETTLEMENT_PROPOSED = "settlement_proposed"
    SETTLEMENT_DONE = "settlement_done"
    SETTLEMENT_REJECTED = "settlement_rejected"
    GROUPED = "grouped"
    UNGROUPED = "ungrouped"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"
    PURGED = "purged"


class Channel(StrEnum):
    """How a case came in."""

    FORM = "form"
    API = "api"
    CONSOLE = "console"
    TEMPLATE = "template"


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Resolution(StrEnum):
    """How a case was settled (`Kind.CASE_RESOLUTION`)."""

    COMPENSATION = "compensation"
    REFUND = "refund"
    CREDIT_AGAIN = "credit_again"
    KEY_ROTATION = "key_rotation"
    WORKS_AS_INTENDED = "works_as_intended"
    ANSWERED = "answered"
    DUPLICATE = "duplicate"
    NOT_REPRODUCIBLE = "not_reproducible"


class Agreement(StrEnum):
    """How well one field of a case agrees with a record (`Kind.AGREEMENT`)."""

    EXACT = "exact"
    CLOSE = "close"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldAgreement:
    """One field: what was said, what is on record (as may be shown to staff), and how well they agree."""

    field: str
    said: str
    recorded: str
    agreement: Agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record that a case may be about. `subject` is its shown id; `score` orders candidates, 0 to 1000."""

    subject: str
    kind: str
    account_id: UUID | None
    at: int
    score: int
    fields: tuple[FieldAgreement, ...]
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it stands. `number` is what people read out; `account_id` only where the reporter was signed in or staff
    confirmed it."""

    case_id: UUID
    number: str
    problem: str
    state: CaseState
    priority: Priority
    language: Language
    channel: Channel
    values: Mapping[str, str]
    person_id: UUID | None
    account_id: UUID | None
    subject: str | None
    cause: str | None
    owner: str | None
    due_at: int
    group_id: UUID | None
    resolution: Resolution | None
    created_at: int
    changed_at: int
    purged_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One step. `facts` are ids, codes and numbers; `text` (a note, a reply, an answer) is redacted and never shown outside
    unless `is_public`."""

    case_id: UUID
    event_no: int
    kind: CaseEventKind
    by: str
    at: int
    facts: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    is_public: bool = False
