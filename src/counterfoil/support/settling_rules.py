"""What money may go back for a case: what is asked for, and what is proposed of it. Pure. Amounts are nanos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from counterfoil.foundation.errors import Conflict, InputError
from counterfoil.foundation.ids import read_any_id, show_id
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.support.desk_model import CaseSettlement, SettlementKind, SettlementState
from counterfoil.support.model import Case
from counterfoil.support.rules import OVER, CaseError

# What is posted as a request's charge; a task has the id of its request.
_CHARGED = ("request", "task")


def check_settling(case: Case) -> UUID:
    """The account that money would go to. Raises `Conflict`: `case_is_over`, `case_purged`, or `case_no_record` where nobody
    has said which record, and so which account, it is."""
    if case.purged_at is not None:
        raise Conflict(code=CaseError.PURGED, case=case.number)
    if case.state in OVER:
        raise Conflict(code=CaseError.IS_OVER, case=case.number, state=case.state.value)
    if case.account_id is None:
        raise Conflict(code=CaseError.NO_RECORD, case=case.number)
    return case.account_id


def check_unchanged(case: Case, payload: Mapping[str, Any], *, account_id: UUID | None) -> None:
    """Raises `Conflict` (`case_record_changed`) where a case was found to be about something else since it was proposed."""
    request_id, order_id = request_of(case), order_of(case)
    is_same = case.account_id == account_id and all(
        payload.get(name) in (None, None if value is None else value.hex)
        for name, value in (("request", request_id), ("order", order_id))
    )
    if not is_same:
        raise Conflict(code=CaseError.RECORD_CHANGED, case=case.number)


def request_of(case: Case) -> UUID | None:
    """The request (or task) that a case was confirmed to be about."""
    found = None if case.subject is None else read_any_id(case.subject)
    return found[1] if found is not None and found[0] in _CHARGED else None


def order_of(case: Case) -> UUID | None:
    """The order that a case was confirmed to be about."""
    found = None if case.subject is None else read_any_id(case.subject)
    return found[1] if found is not None and found[0] == "order" else None


def check_amount(case: Case, amount: int | None, *, most: int) -> int:
    """How much is to go back: what is asked for, by default all there is. Raises `InputError`, `Conflict`
    (`case_nothing_to_settle`) where there is nothing."""
    if most <= 0:
        raise Conflict(code=CaseError.NOTHING_TO_SETTLE, case=case.number)
    wanted = most if amount is None else amount
    if not 0 < wanted <= min(most, LARGEST_NANOS):
        raise InputError(field="amount", expected=f"more than 0 and at most {most} nanos")
    return wanted


def source_id_of(case: Case, settlements: Sequence[CaseSettlement]) -> str:
    """What the ledger knows a settlement by: the case, and which settlement of it this is. Those that are done are counted,
    so that carrying the same one out twice is the same posting, and the next one is another."""
    done = sum(one.state is SettlementState.DONE for one in settlements)
    return f"{show_id('case', case.case_id)}:{done + 1}"


def payload_of(case: Case, kind: SettlementKind, **more: Any) -> dict[str, Any]:
    """What carrying a settlement out needs: the case, and nothing that a person typed."""
    return {"case": case.case_id.hex, "kind": kind.value, **more}
