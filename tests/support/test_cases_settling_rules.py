"""What may be asked of money for a case, and what a search asks the evidence about."""

from __future__ import annotations

import pytest

from counterfoil.evidence.same_account import ClaimKind
from counterfoil.foundation.errors import Conflict, InputError
from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.support import settling_rules
from counterfoil.support.agreement_model import Reading
from counterfoil.support.case_said import read_said
from counterfoil.support.desk_model import CaseQuery
from counterfoil.support.diagnosis import claims_of, subject_of
from counterfoil.support.model import Candidate, CaseState, Priority
from counterfoil.support.rules import CaseError
from counterfoil.support.search import Searched
from support.cases import ACCOUNT, NOON, a_case, an_id

REQUEST, TASK, ORDER = (show_id(kind, an_id(3)) for kind in ("request", "task", "order"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_id": None}, CaseError.NO_RECORD),
        ({"state": CaseState.RESOLVED}, CaseError.IS_OVER),
        ({"state": CaseState.CLOSED, "purged_at": NOON}, CaseError.PURGED),
    ],
)
def test_no_money_goes_to_nobody_or_for_what_is_over(changes: dict[str, object], code: CaseError) -> None:
    with pytest.raises(Conflict) as refused:
        settling_rules.check_settling(a_case(**{"account_id": ACCOUNT, **changes}))
    assert refused.value.code == code


def test_a_task_s_charge_is_its_request_s_and_an_order_is_none() -> None:
    assert [settling_rules.request_of(a_case(subject=one)) for one in (REQUEST, TASK, ORDER, None)] == [
        an_id(3), an_id(3), None, None,
    ]  # fmt: skip
    assert settling_rules.order_of(a_case(subject=ORDER)) == an_id(3)


def test_all_there_is_goes_back_by_default_and_never_more() -> None:
    assert settling_rules.check_amount(a_case(), None, most=40) == 40
    assert settling_rules.check_amount(a_case(), 7, most=40) == 7
    for amount in (0, -1, 41):
        with pytest.raises(InputError):
            settling_rules.check_amount(a_case(), amount, most=40)
    with pytest.raises(Conflict) as refused:
        settling_rules.check_amount(a_case(), None, most=0)
    assert refused.value.code == CaseError.NOTHING_TO_SETTLE


def a_candidate(kind: str, number: int) -> Candidate:
    return Candidate(subject=show_id(kind, an_id(number)), kind=kind, account_id=ACCOUNT, at=NOON, score=500, fields=())


def test_same_account_compares_the_person_the_key_and_the_best_record_of_each_kind() -> None:
    given = claims_of(
        {"nickname": "小雨", "account_email": "lin@example.com", "key_mask": "sk-…3fA9"},
        [a_candidate("request", 1), a_candidate("task", 2), a_candidate("order", 3), a_candidate("account", 4)],
    )
    assert [(one.kind, one.text) for one in given] == [
        (ClaimKind.MEMBER, "lin@example.com"), (ClaimKind.KEY, "sk-…3fA9"),
        (ClaimKind.REQUEST, show_id("request", an_id(1))), (ClaimKind.ORDER, show_id("order", an_id(3))),
    ]  # fmt: skip


def test_an_account_is_asked_about_with_the_window_that_was_named() -> None:
    values = {"time_window": "2026-11-23 20:00 到 2026-11-24 08:00"}
    said = read_said("balance_fell", values, language=Language.ZH, now=NOON)
    searched = Searched(candidates=(), accounts=(), said=said, reading=Reading())
    shown = show_id("account", an_id(4))
    asked = subject_of(a_candidate("account", 4), searched)
    assert asked.startswith(f"{shown} 2026-11-23T12:00:00")
    assert asked.split(" ")[2].startswith("2026-11-24T00:00:00")
    assert subject_of(a_candidate("request", 1), searched) == show_id("request", an_id(1))


def test_a_saved_search_reads_back_as_it_was() -> None:
    query = CaseQuery(
        states=(CaseState.WITH_FINANCE,), is_open=True, problem="balance_fell", priority=Priority.HIGH, owner="",
        account_id=ACCOUNT, text="CS-2",
    )  # fmt: skip
    assert CaseQuery.from_dict(query.to_dict()) == query
    assert CaseQuery().to_dict() == {}
