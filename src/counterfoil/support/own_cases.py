"""Use cases of whoever has signed in and looks after their own cases: see them, answer what is asked, open one again.

Nothing of the desk is shown here but what was said to them: no note, no name of whoever works on it, nothing that is only
proposed. A case of another account, or of another person where somebody sees only their own, does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from counterfoil.foundation.clock import Clock
from counterfoil.foundation.errors import NotFound
from counterfoil.redaction.rules import redact
from counterfoil.storage.database import Database
from counterfoil.support import cases_store, intake_rules, intake_store, own_cases_store, rules
from counterfoil.support.desk_model import CaseSettlement, SettlementState
from counterfoil.support.intake import Intake
from counterfoil.support.intake_model import Around, Judged, LinkView, Question, Sender
from counterfoil.support.model import Case, CaseEvent, CaseEventKind, CaseState
from counterfoil.support.own_cases_store import Whose

PAGE_MAX = 500
_NOTHING_AROUND = Around()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCase:
    """A case in the list, with what was posted for it and how many questions wait for an answer."""

    case: Case
    questions: int
    settled: tuple[CaseSettlement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Money that has moved for a case; `source` is what the ledger knows it by, where it has a name of its own there."""

    settlement: CaseSettlement
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCaseView:
    """A case as its customer sees it: what was said, what is asked, what was posted."""

    case: Case
    said: tuple[CaseEvent, ...]
    questions: tuple[Question, ...]
    posted: tuple[Posted, ...]
    may_reopen: bool


class OwnCases:
    """An account's own cases."""

    def __init__(self, database: Database, *, clock: Clock, intake: Intake) -> None:
        self._database = database
        self._clock = clock
        self._intake = intake

    async def list(self, whose: Whose, *, before: UUID | None = None, most: int = 50) -> list[OwnCase]:
        """Their cases, newest first; `before` is the last of the page before."""
        async with self._database.snapshot() as connection:
            cases = await own_cases_store.read_own(
                connection, whose, before=before, most=max(1, min(most, PAGE_MAX + 1))
            )
            settled = await cases_store.settlements_of(connection, [one.case_id for one in cases])
            asked = {
                one.case_id: len(intake_rules.open_questions(await intake_store.read_events(connection, one.case_id)))
                for one in cases
                if one.state is CaseState.WAITING_FOR_CUSTOMER
            }
        return [
            OwnCase(
                case=_redacted(one),
                questions=asked.get(one.case_id, 0),
                settled=tuple(each for each in settled if each.case_id == one.case_id and _is_done(each)),
            )
            for one in cases
        ]

    async def view(self, case_id: UUID, whose: Whose) -> OwnCaseView:
        """One of their cases; raises `NotFound`."""
        async with self._database.snapshot() as connection:
            case = await own_cases_store.find_own(connection, whose, case_id=case_id, number=None)
            if case is None:
                raise NotFound(code="own_case_not_found")
            events = await intake_store.read_events(connection, case_id)
            settled = await cases_store.settlements_of(connection, [case_id])
        return OwnCaseView(
            case=_redacted(case),
            said=tuple(rules.redacted_event(event, redact) for event in events if _is_for_customers(event)),
            questions=intake_rules.view_of(case, events, now=self._clock.now()).questions,
            posted=tuple(Posted(settlement=one, source=_source_of(one, events)) for one in settled if _is_done(one)),
            may_reopen=intake_rules.may_reopen(case, now=self._clock.now()),
        )

    async def find(self, number: str, whose: Whose) -> UUID:
        """The id of the case of a number, if it is theirs; raises `NotFound`."""
        async with self._database.reading() as connection:
            case = await own_cases_store.find_own(connection, whose, case_id=None, number=number)
        if case is None:
            raise NotFound(code="own_case_not_found")
        return case.case_id

    async def answer(
        self,
        case_id: UUID,
        whose: Whose,
        fields: Iterable[tuple[str, str]],
        sender: Sender,
        around: Around = _NOTHING_AROUND,
    ) -> LinkView | Judged:
        """Answer what was asked, by the rules of the private link; raises `NotFound`, and what `Intake.answer` raises."""
        await self._check_own(case_id, whose)
        return await self._intake.answer_case(case_id, fields, sender, around)

    async def reopen(
        self,
        case_id: UUID,
        whose: Whose,
        fields: Iterable[tuple[str, str]],
        sender: Sender,
        around: Around = _NOTHING_AROUND,
    ) -> LinkView | Judged:
        """Say that it is not solved, and why; raises `NotFound`, and what `Intake.reopen` raises."""
        await self._check_own(case_id, whose)
        return await self._intake.reopen_case(case_id, fields, sender, around)

    async def _check_own(self, case_id: UUID, whose: Whose) -> None:
        async with self._database.reading() as connection:
            if await own_cases_store.find_own(connection, whose, case_id=case_id, number=None) is None:
                raise NotFound(code="own_case_not_found")


def _redacted(case: Case) -> Case:
    """What is known for a secret today may not have been when it came in."""
    return rules.redacted_case(case, redact)


def _is_done(one: CaseSettlement) -> bool:
    return one.state is SettlementState.DONE


def _is_for_customers(event: CaseEvent) -> bool:
    return event.is_public or event.kind is CaseEventKind.ARRIVED


def _source_of(one: CaseSettlement, events: Iterable[CaseEvent]) -> str | None:
    """By what name the posting of a settlement went, as its step says."""
    for event in events:
        is_posting = event.kind is CaseEventKind.SETTLEMENT_DONE and one.approval_id is not None
        if is_posting and event.facts.get("approval", "").endswith(one.approval_id.hex if one.approval_id else "-"):
            return event.facts.get("source")
    return None
