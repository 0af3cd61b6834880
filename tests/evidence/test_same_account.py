"""Same account? The verdict on claims, by their accounts alone."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence.same_account import (
    ACCOUNTS_SHOWN_MAX,
    Claim,
    ClaimKind,
    Judgement,
    SameAccountVerdict,
    as_seen_by,
    judge,
    word,
)
from counterfoil.foundation.vocabulary import Language

A, B, C = (UUID(int=number) for number in (1, 2, 3))
SAME, DIFFERENT, UNKNOWN = SameAccountVerdict


def claim(kind: ClaimKind, *accounts: UUID) -> Claim:
    return Claim(kind=kind, given=f"a {kind}", accounts=accounts)


MEMBER, ORDER, PAYER, CODE, KEY = (
    ClaimKind.MEMBER, ClaimKind.ORDER, ClaimKind.PAYER, ClaimKind.CODE, ClaimKind.KEY,
)  # fmt: skip
claims = st.lists(
    st.builds(
        lambda kind, accounts: Claim(kind=kind, given="x", accounts=tuple(sorted(accounts))),
        st.sampled_from(ClaimKind), st.sets(st.sampled_from([A, B, C])),
    ),
    max_size=6,
)  # fmt: skip


def test_what_leads_to_one_account_is_the_same() -> None:
    assert judge([claim(MEMBER, A), claim(ORDER, A), claim(KEY, A)]) == Judgement(verdict=SAME)


def test_the_one_that_leads_elsewhere_than_the_rest_is_named() -> None:
    key = claim(KEY, B)
    assert judge([claim(MEMBER, A), key, claim(ORDER, A)]) == Judgement(verdict=DIFFERENT, differing=(key,))
    # Also where it is who asks: the commonest case, signed in to another account than was paid for.
    member = claim(MEMBER, B)
    assert judge([member, claim(ORDER, A), claim(KEY, A)]) == Judgement(verdict=DIFFERENT, differing=(member,))


def test_of_two_that_differ_the_order_is_held_against_the_member_and_the_key_against_the_order() -> None:
    member, order, key = claim(MEMBER, A), claim(ORDER, B), claim(KEY, C)
    assert judge([key, order]).differing == (key,)
    assert judge([order, member]).differing == (order,)
    assert judge([key, order, member]).differing == (key, order)


def test_what_was_not_found_leaves_it_unknown_unless_the_rest_differs() -> None:
    missing = claim(CODE)
    assert judge([claim(MEMBER, A), missing]) == Judgement(verdict=UNKNOWN, missing=(missing,))
    assert judge([missing]).verdict is UNKNOWN
    assert judge([]).verdict is UNKNOWN
    order = claim(ORDER, B)
    assert judge([claim(MEMBER, A), missing, order]) == Judgement(
        verdict=DIFFERENT, differing=(order,), missing=(missing,)
    )


def test_a_nickname_of_several_people_leaves_it_unknown() -> None:
    several = claim(MEMBER, A, B)
    assert judge([several, claim(ORDER, A)]) == Judgement(verdict=UNKNOWN, ambiguous=(several,))


def test_a_nickname_of_which_nobody_has_the_account_differs() -> None:
    several = claim(MEMBER, A, B)
    judgement = judge([several, claim(ORDER, C)])
    assert (judgement.verdict, judgement.ambiguous) == (DIFFERENT, (several,))
    assert judgement.differing == (several,)


def test_a_payer_of_several_accounts_is_told() -> None:
    payer = claim(PAYER, A, B)
    assert judge([claim(ORDER, A), payer, claim(KEY, A)]) == Judgement(verdict=UNKNOWN, ambiguous=(payer,))
    key = claim(KEY, B)
    assert judge([claim(ORDER, A), payer, key]) == Judgement(verdict=DIFFERENT, differing=(key,), ambiguous=(payer,))


def test_three_that_agree_two_by_two_and_not_together_differ() -> None:
    assert judge([claim(MEMBER, A, B), claim(PAYER, B, C), claim(KEY, A, C)]).verdict is DIFFERENT


@given(claims)
def test_the_verdict_is_that_of_the_accounts_that_all_claims_share(given_claims: list[Claim]) -> None:
    judgement = judge(given_claims)
    found = [set(one.accounts) for one in given_claims if one.accounts]
    shared = reduce(set.intersection, found) if found else set()
    assert (judgement.verdict is DIFFERENT) == bool(found and not shared) == bool(judgement.differing)
    whole = len(found) == len(given_claims) and all(len(accounts) == 1 for accounts in found)
    assert (judgement.verdict is SAME) == bool(whole and shared)


@given(claims, st.randoms())
def test_the_verdict_does_not_depend_on_the_order_of_the_claims(given_claims: list[Claim], chance: object) -> None:
    shuffled = list(given_claims)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judge(shuffled).verdict is judge(given_claims).verdict


@given(claims)
def test_to_a_customer_what_is_others_looks_like_what_does_not_exist(given_claims: list[Claim]) -> None:
    seen = as_seen_by(A, given_claims)
    gone = [one if A in one.accounts else replace(one, accounts=()) for one in given_claims]
    assert judge(seen) == judge(as_seen_by(A, gone))
    assert judge(seen).verdict is not DIFFERENT
    assert {account for one in seen for account in one.accounts} <= {A}
    assert (judge(seen).verdict is SAME) == bool(seen and all(A in one.accounts for one in given_claims))


@pytest.mark.parametrize(
    ("language", "label", "details"),
    [
        (Language.EN, "Different accounts", ("Of another account: API key a key", "Not found: Redemption code a code")),
        (Language.ZH, "不是同一个账户", ("属于另一个账户：调用的 Key a key", "没有找到：兑换码 a code")),
    ],
)
def test_the_answer_names_what_differs_and_what_to_do(language: Language, label: str, details: tuple[str, ...]) -> None:
    answer = word(
        [claim(MEMBER, A), claim(ORDER, A), claim(KEY, B), claim(CODE)],
        names={A: "Acme", B: "Other"},
        language=language,
    )
    assert (answer.label, answer.details, len(answer.next_steps)) == (label, details, 2)
    told = answer.to_dict()
    assert (told["verdict"], told["differs"], told["not_found"], told["several"]) == (
        "different",
        ["key"],
        ["code"],
        [],
    )
    assert told["claims"][2]["accounts"] == [{"account_id": f"acct_{B.hex}", "name": "Other"}]
    assert [one["found"] for one in told["claims"]] == [True, True, True, False]


def test_a_customer_is_not_told_whether_it_exists() -> None:
    answer = word([claim(ORDER)], names={}, language=Language.EN, to_customer=True)
    assert answer.details == ("Not there, or not of your account: Order a order",)
    assert answer.verdict is UNKNOWN


def test_of_very_many_accounts_only_some_are_shown() -> None:
    many = tuple(UUID(int=number) for number in range(1, 100))
    answer = word([claim(MEMBER, *many), claim(KEY, many[-1])], names={}, language=Language.EN)
    assert answer.verdict is UNKNOWN
    assert len(answer.claims[0].accounts) == ACCOUNTS_SHOWN_MAX
