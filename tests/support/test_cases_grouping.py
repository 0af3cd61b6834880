"""Reports of one cause are put together: by records first, then by words in either language."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.support.grouping_rules import ALIKE_LEAST, Report, are_same, group_all, likeness
from support.cases import ACCOUNT, OTHER, an_id


def report(number: int, words: str = "", **more: Any) -> Report:
    settings: dict[str, Any] = {
        "case_id": an_id(number), "problem": "balance_not_enough", "subject": None, "cause": None, "account_id": None,
        "words": words,
    }  # fmt: skip
    return Report(**{**settings, **more})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("任务失败了，提示模型服务暂时不可用，请稍后重试", "提示模型服务暂时不可用，请稍后再试，任务失败"),
        ("video task failed: the model service is unavailable, try again later",
         "Video tasks failing - model service is unavailable. Try again later!"),
        ("本次请求最多可能花费 0.40 元，余额只有 0.12 元", "本次请求最多可能花费 1.20 元，余额只有 0.03 元"),
    ],
)  # fmt: skip
def test_two_reports_of_one_thing_read_alike(one: str, other: str) -> None:
    assert likeness(one, other) >= ALIKE_LEAST


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("任务失败了，提示模型服务暂时不可用，请稍后重试", "兑换码提示已经过期，请联系发放的人"),
        (
            "the model service is unavailable, try again later",
            "this redemption code has expired, ask who gave it to you",
        ),
        ("模型服务暂时不可用", "the model service is unavailable"),
    ],
)
def test_two_things_do_not_read_alike(one: str, other: str) -> None:
    assert likeness(one, other) < ALIKE_LEAST


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_is_the_same_from_both_sides_and_whole_of_oneself(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert likeness(one, one) in (0, 1_000)


def test_the_same_record_is_the_same_whatever_is_said_of_it() -> None:
    assert are_same(report(1, "a", subject="req_1"), report(2, "b", subject="req_1"))


def test_two_records_of_one_account_are_two_cases() -> None:
    words = "the model service is unavailable, try again later"
    assert not are_same(
        report(1, words, subject="req_1", account_id=ACCOUNT), report(2, words, subject="req_2", account_id=ACCOUNT)
    )


def test_calls_that_one_limit_has_refused_are_one_report() -> None:
    one = report(1, subject="req_1", cause="group_quota_reached", account_id=ACCOUNT)
    other = report(2, subject="req_2", cause="group_quota_reached", account_id=ACCOUNT)
    elsewhere = report(3, subject="req_3", cause="group_quota_reached", account_id=OTHER)
    assert dict(group_all([one, other, elsewhere])) == {an_id(1): an_id(1), an_id(2): an_id(1), an_id(3): an_id(3)}


def test_one_outage_of_two_accounts_is_one_group_and_another_cause_is_not() -> None:
    words = "the model service is unavailable, try again later"
    one = report(1, words, subject="req_1", cause="upstream_unavailable", account_id=ACCOUNT)
    other = report(2, words, subject="req_2", cause="upstream_unavailable", account_id=OTHER)
    third = report(3, words, subject="req_3", cause="account_balance", account_id=OTHER)
    assert dict(group_all([one, other, third])) == {an_id(1): an_id(1), an_id(2): an_id(1), an_id(3): an_id(3)}


def test_another_class_is_never_the_same() -> None:
    assert not are_same(report(1, subject="req_1"), report(2, subject="req_1", problem="failed_perhaps_charged"))


def test_short_texts_group_nothing() -> None:
    assert not are_same(report(1, "402"), report(2, "402"))
    assert not are_same(report(1, "没到账"), report(2, "没到账"))


@given(
    st.lists(st.tuples(st.sampled_from(["req_1", "req_2", None]), st.sampled_from(["a b c", "没有到账"])), max_size=8)
)
def test_every_case_is_in_one_group_whose_first_came_before_it(told: list[tuple[str | None, str]]) -> None:
    reports = [report(number, words, subject=subject) for number, (subject, words) in enumerate(told)]
    found = group_all(reports)
    assert list(found) == [one.case_id for one in reports]
    assert all(found[first] == first for first in found.values())
