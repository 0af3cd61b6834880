"""What the desk works with beside cases: queries of the queue, what a search has found, settlements, groups. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from counterfoil.support.model import Candidate, Case, CaseEvent, CaseState, Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseQuery:
    """Which cases are listed: those that meet every condition given.

    `is_late` means those that are open after their deadline, whenever it is asked; `owner` "" those that nobody has taken
    on; `text` is (the beginning of) a case's number or a shown id it is about.
    """

    states: tuple[CaseState, ...] = ()
    is_open: bool = False
    is_late: bool = False
    problem: str | None = None
    priority: Priority | None = None
    owner: str | None = None
    cause: str | None = None
    account_id: UUID | None = None
    group_id: UUID | None = None
    due_before: int | None = None
    text: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a saved search keeps it: what was asked for and nothing else."""
        kept: dict[str, Any] = {
            "states": [state.value for state in self.states],
            "is_open": self.is_open,
            "is_late": self.is_late,
            "problem": self.problem,
            "priority": self.priority,
            "owner": self.owner,
            "cause": self.cause,
            "account_id": None if self.account_id is None else self.account_id.hex,
            "group_id": None if self.group_id is None else self.group_id.hex,
            "text": self.text,
        }
        return {name: value for name, value in kept.items() if value not in (None, [], False)}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> CaseQuery:
        """What `to_dict` wrote."""
        priority, account_id, group_id = kept.get("priority"), kept.get("account_id"), kept.get("group_id")
        return cls(
            states=tuple(CaseState(state) for state in kept.get("states", ())),
            is_open=kept.get("is_open", False),
            is_late=kept.get("is_late", False),
            problem=kept.get("problem"),
            priority=None if priority is None else Priority(priority),
            owner=kept.get("owner"),
            cause=kept.get("cause"),
            account_id=None if account_id is None else UUID(hex=account_id),
            group_id=None if group_id is None else UUID(hex=group_id),
            text=kept.get("text"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSearch:
    """A query of the queue that somebody keeps under a name; a shared one is everybody's."""

    search_id: UUID
    person_id: UUID
    name: str
    is_shared: bool
    query: CaseQuery
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSearch:
    """What one search of the records has found: candidates, best first; the best one's explanation as staff may see it; and
    the verdict on whether what was named belongs to one account."""

    case_id: UUID
    search_no: int
    at: int
    candidates: tuple[Candidate, ...]
    explanation: Mapping[str, Any] | None
    same_account: str | None


class SettlementKind(StrEnum):
    """How money goes back for a case; the values are those of `Resolution` that move money."""

    COMPENSATION = "compensation"
    REFUND = "refund"
    CREDIT_AGAIN = "credit_again"


class SettlementState(StrEnum):
    PROPOSED = "proposed"
    DONE = "done"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSettlement:
    """Money that goes back for a case. `amount` is nanos of `currency`."""

    settlement_id: UUID
    case_id: UUID
    approval_id: UUID | None
    kind: SettlementKind
    account_id: UUID
    amount: int
    currency: str
    state: SettlementState
    proposed_by: str
    proposed_at: int
    ended_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case with everything the desk knows of it."""

    case: Case
    events: tuple[CaseEvent, ...]
    search: CaseSearch | None
    settlements: tuple[CaseSettlement, ...] = ()
    together: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """How many open cases there are of a state and class, and how many of them are late."""

    state: CaseState
    problem: str
    count: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """What a case carries to another desk: what was checked, what is asked (`asks` is redacted text), by when, and the
    evidence bundle by its shown id."""

    to: CaseState
    asks: str
    until: int
    checked: tuple[str, ...] = field(default=())
    bundle: str | None = None
