"""What is known about a question ("why was this refused?", "what became of this recharge?"), in one language and for one
audience.

An `Explanation` holds both the values (amounts in nanos or whole units, times in UTC microseconds) and the words for
them; what its audience may not see is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from counterfoil.evidence.findings import Confidence, FindingCode, Problem, Row
from counterfoil.evidence.lines import lines
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import Window, show_time
from counterfoil.foundation.vocabulary import Language
from counterfoil.limits.model import Scope, Unit
from counterfoil.spend.model import RequestView
from counterfoil.tasks.model import TaskView

Value = str | int | bool | None


class Audience(StrEnum):
    """For whom an explanation is.

    `public`: whoever has the request id; no amounts, and nothing of the account. `customer`: somebody of the account, who
    sees all that is the account's own, and never another account, an upstream, what it costs, or how calls are routed.
    """

    PUBLIC = "public"
    CUSTOMER = "customer"
    OPERATOR = "operator"

    @property
    def sees_amounts(self) -> bool:
        return self is not Audience.PUBLIC

    @property
    def sees_routing(self) -> bool:
        return self is Audience.OPERATOR


class About(StrEnum):
    """What an explanation explains: one request (and the task that it began), a submission with all its copies, an error's
    code in general, an error that another service made, a recharge order, a redemption code, or an account in a window."""

    REQUEST = "request"
    SUBMISSION = "submission"
    CODE = "code"
    ELSEWHERE = "elsewhere"
    ORDER = "order"
    REDEMPTION_CODE = "redemption_code"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class FoundId:
    """An id as it was found: of a `request`, a `task`, a `submission`, an `order`, a `code`, a `key` or an `account`."""

    kind: str
    value: UUID

    @property
    def shown(self) -> str:
        return show_id(self.kind, self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What was found in a text that somebody asks about.

    `ids` are ours by form, with what they are ids of, in the order in which they are looked for; `code` is one of our
    refusals. Where there is neither, `words` are those by which the errors of another `service` are known, or
    `unknown_id` an id that looks like ours and cannot be.
    """

    ids: tuple[FoundId, ...] = ()
    code: str | None = None
    service: str | None = None
    words: str | None = None
    unknown_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitName:
    """What a recorded limit was about; in force or not any more."""

    scope: Scope
    unit: Unit
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a request's row leaves to other tables: its account, what its hold counted, the limits that it names."""

    account_name: str
    time_zone: str
    counted: bytes
    limits: dict[UUID, LimitName]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What is shown of an account, and the zone in which its days are counted."""

    account_id: UUID
    name: str
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A request that another is compared with, and its task where there is one."""

    request: RequestView
    task: TaskView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing on record: `name` and `value` for programs, `label` and `text` for people."""

    name: str
    label: str
    text: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFinding:
    """One finding in words. `text` says what is so, `would_have` what would have had to be different; amounts (`nanos` is
    None where they are hidden), names and rows are those that the audience may see."""

    code: FindingCode
    confidence: Confidence
    confidence_label: str
    label: str
    text: str
    would_have: str | None
    nanos: int | None
    currency: str | None
    numbers: Mapping[str, int]
    names: Mapping[str, str]
    enough_alone: bool | None
    enough_together: bool | None
    next_steps: tuple[str, ...]
    how_to_go_back: str
    owner: str
    owner_label: str
    article: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCheck:
    """One check. `sentence` says what stands in the way (None where it passed); `figures` are its numbers in words."""

    scope: Scope
    code: str
    passed: bool
    unit: Unit | None
    window: Window | None
    label: str
    verdict: str
    sentence: str | None
    figures: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAttempt:
    """One try at one upstream; for operators only."""

    number: int
    outcome: str
    label: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """One step of a task's history. What its upstream called it, and what was noted, is for operators."""

    number: int
    at: int
    time: str
    state: str
    label: str
    source: str
    source_label: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCopy:
    """A request or task as one of several that mean the same; its amounts are for operators.

    `subject` is its shown id; `state` is a task's own where the task was read, else its request's.
    """

    subject: str
    at: int
    time: str
    verdict: str | None
    verdict_label: str | None
    state: str
    label: str
    charge_mark: str
    mark_label: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The answer to one question.

    `subject` is its short form (an id, a code, another service's words): asking for it gives the same answer. `answer` is
    the one sentence that matters, `money` what is true of the money now, `message` the whole in words that are safe to
    post. `findings` say why, the weightiest first; `problem` is the class of question that they answer. `state` is the
    request's or the order's. `history` is that of its task or order; `first` the copy that it was held against, or the task
    that it was answered with; `copies` are those of a submission. `also` are further ids of the same text. `account_id` is
    the account that it is all about, for whoever works on with it; it is not shown.
    """

    about: About
    subject: str
    language: Language
    audience: Audience
    title: str
    label: str
    answer: str
    money: str | None
    message: str
    code: str | None = None
    status: int | None = None
    state: str | None = None
    charge_mark: str | None = None
    checks: tuple[ShownCheck, ...] = ()
    next_steps: tuple[str, ...] = ()
    how_to_go_back: str | None = None
    owner: str
    owner_label: str
    article: str
    facts: tuple[Fact, ...] = ()
    attempts: tuple[ShownAttempt, ...] = ()
    history: tuple[ShownStep, ...] = ()
    first: ShownCopy | None = None
    copies: tuple[ShownCopy, ...] = ()
    also: tuple[str, ...] = ()
    problem: Problem | None = None
    findings: tuple[ShownFinding, ...] = ()
    account_id: UUID | None = None

    def lines(self) -> list[str]:
        """As a terminal shows it, line by line."""
        return lines(self)

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: amounts in nanos, times in RFC 3339, codes beside their words."""
        return {
            "about": str(self.about),
            "subject": self.subject,
            "language": str(self.language),
            "audience": str(self.audience),
            "title": self.title,
            "code": self.code,
            "label": self.label,
            "answer": self.answer,
            "money": self.money,
            "message": self.message,
            "problem": None if self.problem is None else str(self.problem),
            "findings": [_finding_dict(finding) for finding in self.findings],
            "status": self.status,
            "state": self.state,
            "charge_mark": self.charge_mark,
            "decision": {
                "checks": [_check_dict(check) for check in self.checks],
                "next_steps": list(self.next_steps),
                "how_to_go_back": self.how_to_go_back,
                "article": self.article,
            },
            "owner": self.owner,
            "facts": {fact.name: fact.value for fact in self.facts},
            "attempts": [
                {"number": attempt.number, "outcome": attempt.outcome, **{f.name: f.value for f in attempt.facts}}
                for attempt in self.attempts
            ],
            "history": [_step_dict(step) for step in self.history],
            "first": None if self.first is None else _copy_dict(self.first),
            "copies": [_copy_dict(copy) for copy in self.copies],
            "also": list(self.also),
        }


def _finding_dict(finding: ShownFinding) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "code": str(finding.code),
        "confidence": str(finding.confidence),
        "label": finding.label,
        "text": finding.text,
        "would_have": finding.would_have,
        "enough_alone": finding.enough_alone,
        "enough_together": finding.enough_together,
        "owner": finding.owner,
        "next_steps": list(finding.next_steps),
        "how_to_go_back": finding.how_to_go_back,
        "article": finding.article,
    }
    if finding.nanos is not None:
        fields |= {
            "nanos": finding.nanos,
            "currency": finding.currency,
            "numbers": dict(finding.numbers),
            "names": dict(finding.names),
            "rows": [_row_dict(row) for row in finding.rows],
        }
    return fields


def _row_dict(row: Row) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "id": row.id,
        "at": None if row.at is None else show_time(row.at),
        "nanos": row.nanos,
    }


def _step_dict(step: ShownStep) -> dict[str, Any]:
    return {
        "number": step.number,
        "at": show_time(step.at),
        "state": step.state,
        "source": step.source,
        **{fact.name: fact.value for fact in step.facts},
    }


def _copy_dict(copy: ShownCopy) -> dict[str, Any]:
    return {
        "id": copy.subject,
        "at": show_time(copy.at),
        "verdict": copy.verdict,
        "state": copy.state,
        "charge_mark": copy.charge_mark,
        **{fact.name: fact.value for fact in copy.facts},
    }


def _check_dict(check: ShownCheck) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "scope": str(check.scope),
        "code": check.code,
        "passed": check.passed,
        "label": check.label,
    }
    if check.unit is not None:
        fields["unit"] = str(check.unit)
    if check.window is not None:
        fields["window"] = str(check.window)
    if check.sentence is not None:
        fields["sentence"] = check.sentence
    fields.update((figure.name, figure.value) for figure in check.figures)
    return fields
