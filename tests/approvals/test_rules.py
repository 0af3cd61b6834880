"""Who may decide what: one person, two people, and when two names are one person."""

from __future__ import annotations

import string
import unicodedata
from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.approvals import rules
from counterfoil.approvals.model import Approval, ApprovalAction, ApprovalPolicy, ApprovalSettings, ApprovalState
from counterfoil.foundation.errors import Conflict, Forbidden, InputError

CAP = 500_000_000_000
SINGLE = ApprovalSettings(ApprovalPolicy.SINGLE_WITH_REASON, CAP)
PAIR = ApprovalSettings(ApprovalPolicy.TWO_PEOPLE, CAP)
PROPOSED = Approval(
    approval_id=UUID(int=1), action=ApprovalAction.ORDER_REFUND, subject="ord_1", account_id=UUID(int=2), amount=CAP,
    currency="USD", reason="paid twice", payload={"refund": "10.00"}, proposed_by="Ada", proposed_at=1_000,
    policy=ApprovalPolicy.TWO_PEOPLE,
)  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "amount", "policy"),
    [
        (SINGLE, CAP, ApprovalPolicy.SINGLE_WITH_REASON),
        (SINGLE, CAP + 1, ApprovalPolicy.TWO_PEOPLE),
        (SINGLE, -CAP, ApprovalPolicy.SINGLE_WITH_REASON),
        # What takes money away is as much as what gives it.
        (SINGLE, -CAP - 1, ApprovalPolicy.TWO_PEOPLE),
        (SINGLE, None, ApprovalPolicy.SINGLE_WITH_REASON),
        (replace(SINGLE, single_cap=0), 1, ApprovalPolicy.TWO_PEOPLE),
        (PAIR, 0, ApprovalPolicy.TWO_PEOPLE),
        (PAIR, None, ApprovalPolicy.TWO_PEOPLE),
    ],
)
def test_what_exceeds_the_cap_takes_two_people(
    settings: ApprovalSettings, amount: int | None, policy: ApprovalPolicy
) -> None:
    assert rules.policy_for(settings, amount) is policy


@pytest.mark.parametrize(
    "other", ["Ada", "ada", " ADA ", "ＡＤＡ", "ada\u00a0", "\u3000Ada"], ids=lambda name: repr(name)
)
def test_a_name_typed_another_way_is_the_same_person(other: str) -> None:
    assert rules.same_person("Ada", other)
    with pytest.raises(Forbidden) as refused:
        rules.decide(PROPOSED, ApprovalState.APPROVED, by=other, at=2_000, reason=None)
    assert refused.value.code == "approval_same_person"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("王 小明", "王　小明", True),
        ("Straße", "STRASSE", True),
        ("é", "e\u0301", True),
        ("Ada L.", "Ada  L.", True),
        ("Ada", "Bob", False),
        ("Ada", "Ada 2", False),
        ("王小明", "王小红", False),
    ],
)
def test_two_names_are_one_person_or_two(one: str, other: str, same: bool) -> None:
    assert rules.same_person(one, other) is same


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_a_name_is_the_same_in_every_normal_form_and_folded(
    name: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"]
) -> None:
    assert rules.same_person(name, unicodedata.normalize(form, name))
    assert rules.same_person(name, f"\t{name.casefold()}\u3000")


@given(st.text(alphabet=string.ascii_letters + string.digits), st.text(alphabet=string.ascii_letters + string.digits))
def test_plain_names_are_one_person_just_when_they_differ_in_case_alone(one: str, other: str) -> None:
    assert rules.same_person(one, other) == (one.lower() == other.lower())
    assert rules.same_person(one, one.swapcase())


def test_another_person_approves() -> None:
    decided = rules.decide(PROPOSED, ApprovalState.APPROVED, by="Bob", at=2_000, reason="checked")
    assert decided == replace(
        PROPOSED, state=ApprovalState.APPROVED, decided_by="Bob", decided_at=2_000, decision_reason="checked"
    )


def test_a_decision_is_never_earlier_than_its_proposal() -> None:
    assert rules.decide(PROPOSED, ApprovalState.REJECTED, by="Bob", at=1, reason="").decided_at == 1_000


@pytest.mark.parametrize("state", [ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.WITHDRAWN])
@pytest.mark.parametrize("ended", [ApprovalState.APPROVED, ApprovalState.REJECTED, ApprovalState.WITHDRAWN])
@pytest.mark.parametrize("by", ["Ada", "Bob"])
def test_a_decision_is_final(ended: ApprovalState, state: ApprovalState, by: str) -> None:
    decided = replace(PROPOSED, state=ended, decided_by="Cyn", decided_at=1_700_000_000_000_000)
    with pytest.raises(Conflict) as refused:
        rules.decide(decided, state, by=by, at=2_000, reason=None)
    assert refused.value.code == "approval_decided"
    assert refused.value.parameters == {
        "approval": f"appr_{PROPOSED.approval_id.hex}", "state": ended.value, "by": "Cyn",
        "at": "2023-11-14T22:13:20.000000Z",
    }  # fmt: skip


def test_only_the_proposer_withdraws() -> None:
    with pytest.raises(Forbidden) as refused:
        rules.decide(PROPOSED, ApprovalState.WITHDRAWN, by="Bob", at=2_000, reason=None)
    assert refused.value.code == "approval_not_proposer"
    assert rules.decide(PROPOSED, ApprovalState.WITHDRAWN, by="ADA", at=2_000, reason=None).decided_by == "ADA"


def test_one_person_alone_says_why() -> None:
    alone = replace(PROPOSED, policy=ApprovalPolicy.SINGLE_WITH_REASON, reason="")
    with pytest.raises(InputError) as refused:
        rules.check_proposal(alone)
    assert refused.value.code == "approval_reason_missing"
    assert rules.check_proposal(replace(alone, reason="why")) == replace(alone, reason="why")
    assert rules.check_proposal(replace(PROPOSED, reason="")).reason == ""


@pytest.mark.parametrize("fields", [{"amount": None}, {"currency": None}])
def test_an_amount_comes_with_its_currency(fields: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        rules.check_proposal(replace(PROPOSED, **fields))
    assert refused.value.parameters["field"] == "amount"


@pytest.mark.parametrize("by", ["", "   ", "a" * 101, "Ada\nBob", "A\x00da", "Ada\u200b", "\ud800"])
def test_who_decides_has_a_name(by: str) -> None:
    with pytest.raises(InputError) as refused:
        rules.check_person(by)
    assert refused.value.parameters["field"] == "by"


def test_names_and_reasons_lose_only_surrounding_space() -> None:
    assert rules.check_person(f" {'a' * 100} ") == "a" * 100
    assert rules.check_reason(" 工单 4711：付了两次。 ") == "工单 4711：付了两次。"
    assert rules.check_reason(None) == ""
    with pytest.raises(InputError):
        rules.check_reason("a" * 501)
    with pytest.raises(InputError):
        rules.check_reason("one\ntwo")


def test_what_is_carried_out_is_plain_bounded_json() -> None:
    assert rules.check_payload({"units": (1, 2)}) == {"units": [1, 2]}
    with pytest.raises(TypeError):
        rules.check_payload({"order": UUID(int=1)})
    with pytest.raises(ValueError):
        rules.check_payload({"rate": float("nan")})
    with pytest.raises(InputError):
        rules.check_payload({"text": "a" * 10_000})


def test_proposals_are_the_same_by_their_content_alone() -> None:
    same = replace(
        PROPOSED, approval_id=UUID(int=9), proposed_by="Bob", proposed_at=9, reason="other words",
        payload=dict(reversed({"refund": "10.00"}.items())),
    )  # fmt: skip
    assert rules.fingerprint(same) == rules.fingerprint(PROPOSED)
    for other in (
        replace(PROPOSED, amount=CAP + 1), replace(PROPOSED, currency="EUR"), replace(PROPOSED, payload={"refund": "1"}),
        replace(PROPOSED, account_id=UUID(int=3)),
    ):  # fmt: skip
        assert rules.fingerprint(other) != rules.fingerprint(PROPOSED)
