"""What people tell in words instead of in its field, and slips of the pen: read as a careful person reads them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.agreement_fields import is_charge_said
from counterfoil.support.agreement_model import Reading, Record, Said
from counterfoil.support.agreement_rules import compare
from counterfoil.support.case_said import read_said
from counterfoil.support.diagnosis import asked_about, asker_of
from counterfoil.support.model import Agreement, Candidate
from counterfoil.support.said import read_ids
from counterfoil.support.said_ends import is_slip, read_key_tail
from counterfoil.support.search import Searched, is_of_another_service
from counterfoil.support.search_rules import fits, rank
from counterfoil.support.told import BALANCE, FAILED, FELL, RECHARGE, read_told, says_several
from support.cases import ACCOUNT, HOUR, MINUTE, NOON, OTHER, an_id

UNIT = 1_000_000_000


def said(problem: str, /, language: Language = Language.ZH, **values: str) -> Said:
    return read_said(problem, values, language=language, now=NOON + 2 * HOUR)


def a_record(kind: str, number: int, *, at: int = NOON, **more: Any) -> Record:
    settings: dict[str, Any] = {
        "kind": kind, "id": an_id(number, at), "account_id": ACCOUNT, "times": (at,), "emails": ("lin@example.com",),
        "nicknames": ("小雨",), "user_numbers": (1042,), "account_name": "Rain Studio",
    }  # fmt: skip
    return Record(**{**settings, **more})


def met(case: Said, record: Record) -> dict[str, Agreement]:
    return {one.field: one.agreement for one in compare(case, record, Reading())}


# -- what is told in words ---------------------------------------------------------------------------------------------


def test_a_recharge_told_under_another_class_is_read_as_one() -> None:
    case = said(
        BALANCE, account="lin@example.com", error_text="充值没到账，11月24日 16:30，¥99.9，订单尾号 4711"
    )  # fmt: skip
    assert case.problems == (RECHARGE, BALANCE)
    order = a_record("order", 1, amounts=((99 * UNIT + 900_000_000, "CNY"),), numbers=("…4711",))
    agreed = met(case, order)
    for name in ("account", "order_time", "amount", "order_mask"):
        assert agreed[name] is Agreement.EXACT
    assert fits(case, order)
    # What was told of an order says nothing of a request.
    assert set(met(case, a_record("request", 2))) == {"account", "error_text"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("my balance fell a lot: all day on Nov 23", FELL),
        ("余额突然少了很多 11月23号", FELL),
        ("I paid and nothing was credited", RECHARGE),
        ("兑换码用不了，兑换码尾号 V803", RECHARGE),
        ("视频又失败了", FAILED),
    ],
)
def test_words_alone_say_which_class_it_is(text: str, problem: str) -> None:
    assert read_told("balance_not_enough", {"error_text": text, "account": "小雨"}).problems[0] == problem


def test_a_second_problem_in_words_does_not_overrule_the_fields_of_the_first() -> None:
    values = {"status_code": "402", "request_time": "2026-11-24 16:30", "error_text": "另外昨天充值的也没到账"}
    told = read_told(BALANCE, values)
    assert told.problems == (BALANCE, RECHARGE)
    assert "request_time" not in told.values


def test_words_without_a_time_are_no_time() -> None:
    case = said(BALANCE, account="小雨", error_text="我的余额突然少了很多")
    assert "time_window" not in case.values
    assert case.problems[0] == FELL


def test_who_somebody_is_may_stand_among_the_words() -> None:
    case = said("something_else", message_shown="账号 lin@example.com，#1042", status_code="402")
    assert case.told == {"account_email", "user_number"}
    request = a_record("request", 1, status_code=402, is_trouble=True)
    assert met(case, request)["account_email"] is met(case, request)["user_number"] is Agreement.EXACT


@pytest.mark.parametrize("caller", ["curl/8.9.1 小雨", "账号 小雨", "lin@example.com", "Rain Studio"])
def test_a_caller_may_be_a_person(caller: str) -> None:
    case = said(FELL, caller=caller, time_window="2026-11-23")
    stranger = a_record("account", 2, emails=("zhou@example.com",), nicknames=("老周",), account_name="Zhou")
    assert met(case, a_record("account", 1))["caller"] is Agreement.EXACT
    assert met(case, stranger)["caller"] is Agreement.UNKNOWN


def test_an_id_among_the_words_names_its_record_only_where_something_was_wrong() -> None:
    refused, served = a_record("request", 1, is_trouble=True), a_record("request", 2, is_trouble=False)
    text = f"Error 402 ({show_id('request', refused.id)}), and this one is slow: {show_id('request', served.id)}"
    case = said(BALANCE, error_text=text)
    assert met(case, refused)["request_id"] is Agreement.EXACT
    assert met(case, served)["request_id"] is Agreement.CLOSE
    assert met(case, a_record("request", 3))["request_id"] is Agreement.UNKNOWN
    assert rank(case, [served, refused], Reading())[0].subject == show_id("request", refused.id)


def test_an_id_that_a_narrow_screen_has_broken_is_read() -> None:
    shown = show_id("request", an_id(5))
    broken = f"余额不够 ({shown[:20]}\n  {shown[20:]})"
    assert read_ids(broken, now=NOON + HOUR) == (an_id(5),)


# -- slips -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "known", "expected"),
    [("4711", "4717", True), ("4711", "7411", True), ("4711", "1711", True), ("4711", "4711", False), ("4711", "1174", False), ("471", "4711", False)],
)  # fmt: skip
def test_a_slip_is_one_sign_or_two_neighbours(typed: str, known: str, expected: bool) -> None:
    assert is_slip(typed, known) is expected


def test_a_mistyped_mask_is_held_against_the_rest_of_the_case_and_excludes_nothing() -> None:
    right = a_record("order", 1, amounts=((50 * UNIT, "CNY"),), numbers=("…4717",))
    stranger = a_record(
        "order", 2, at=NOON - 30 * HOUR, amounts=((8 * UNIT, "CNY"),), numbers=("…4711",), account_id=OTHER,
        emails=("other@example.com",),
    )  # fmt: skip
    another = replace(right, id=an_id(3), numbers=("…0009",))
    case = said(
        RECHARGE, account_email="lin@example.com", amount="50", order_time="2026-11-24 16:30", order_mask="…4711"
    )
    assert [one.subject for one in rank(case, [stranger, another, right], Reading())] == [
        show_id("order", right.id), show_id("order", stranger.id)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "tail"), [("sk-…WB-8", "WB-8"), ("E_-w", "E_-w"), ("sk-***3fA9", "3fA9"), ("尾号 3fA9）", "3fA9")]
)
def test_a_key_may_end_in_hyphens_and_underscores(typed: str, tail: str) -> None:
    assert read_key_tail(typed) == tail


def test_full_width_digits_are_digits() -> None:
    case = said(BALANCE, status_code="４０２", request_time="２０２６－１１－２４ １６：３０")
    agreed = met(case, a_record("request", 1, status_code=402))
    assert agreed == {"request_time": Agreement.EXACT, "status_code": Agreement.EXACT}


# -- what a case can be about ------------------------------------------------------------------------------------------


def test_a_case_that_names_a_code_is_not_about_an_order() -> None:
    code, order = a_record("code", 1, code_last_four="GFVK"), a_record("order", 2)
    case = said(RECHARGE, user_number="1042", code_last_four="CF-…GFVK")
    assert fits(case, code)
    assert not fits(case, order)
    assert fits(said(RECHARGE, user_number="1042"), order)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("看到扣费", True), ("yes, it was charged", True), ("没有看到扣费", False), ("no charge shown", False), ("不确定", None), ("not sure", None), ("?", None)],
)  # fmt: skip
def test_whether_a_charge_was_seen_is_read_in_both_languages(text: str, expected: bool | None) -> None:
    assert is_charge_said(said(FAILED, charge_shown=text)) is expected


def test_who_saw_a_charge_asks_about_what_was_charged() -> None:
    failed = a_record("task", 1, is_trouble=True, charge_mark="not_charged")
    made = a_record("task", 2, at=NOON + MINUTE, charge_mark="charged")
    seen = said(FAILED, request_time="2026-11-24 16:30", charge_shown="看到扣费")
    unseen = said(FAILED, request_time="2026-11-24 16:30", charge_shown="没看到扣费")
    assert rank(seen, [failed, made], Reading())[0].subject == show_id("task", made.id)
    assert rank(unseen, [failed, made], Reading())[0].subject == show_id("task", failed.id)


def test_another_service_s_error_is_about_none_of_our_records() -> None:
    theirs = "Your credit balance is too low to access the Anthropic API."
    assert is_of_another_service(said(BALANCE, error_text=theirs))
    assert not is_of_another_service(said(BALANCE, error_text=theirs, request_id=show_id("request", an_id(1))))
    assert not is_of_another_service(said(BALANCE, error_text="account_balance"))


def test_of_equals_the_one_of_whoever_is_signed_in_comes_first() -> None:
    own, other = a_record("account", 9), a_record("account", 1, account_id=OTHER)
    case = said(FELL, time_window="2026-11-23", caller="小雨")
    assert rank(case, [other, own], Reading(account_id=ACCOUNT))[0].subject == show_id("account", own.id)
    assert rank(case, [other, own], Reading(account_id=OTHER))[0].subject == show_id("account", other.id)


@pytest.mark.parametrize(
    "text",
    ["my redemption code does not work, code ending in KZA1", "兑换码用不了，兑换码尾号 KZA1", "兑换码 …KZA1 用不了"],
)
def test_the_end_of_a_code_is_told_in_words(text: str) -> None:
    case = said(BALANCE, account="小雨", error_text=text)
    assert case.values["code_last_four"] == "KZA1"


def test_a_code_that_nobody_has_redeemed_is_nobody_s() -> None:
    code = a_record("code", 1, account_id=None, times=(), emails=(), nicknames=(), code_last_four="KZA1")
    case = said(RECHARGE, account_email="lin@example.com", redemption_time="2026-11-24", code_last_four="KZA1")
    assert met(case, code) == {"code_last_four": Agreement.EXACT}


def test_yesterday_is_that_of_the_account() -> None:
    case = read_said(
        BALANCE, {"request_time": "昨天 20:15"}, language=Language.ZH, now=NOON, time_zone="America/New_York"
    )
    in_china = read_said(BALANCE, {"request_time": "昨天 20:15"}, language=Language.ZH, now=NOON + 10 * HOUR)
    assert case.times["request_time"][0].local.day == 23
    assert in_china.times["request_time"][0].local.day == 24


# -- what is explained -------------------------------------------------------------------------------------------------


def searched(case: Said, *, accounts: tuple[UUID, ...] = (), submissions: dict[str, UUID] | None = None) -> Searched:
    return Searched(candidates=(), accounts=accounts, said=case, reading=Reading(), submissions=submissions or {})


def a_candidate(kind: str, account_id: UUID | None = ACCOUNT) -> Candidate:
    return Candidate(subject=show_id(kind, an_id(1)), kind=kind, account_id=account_id, at=NOON, score=900, fields=())


@pytest.mark.parametrize("text", ["同一个内容发了 4 次", "yes, sent 3 times", "好几次", "twice", "３次"])
def test_who_sent_it_several_times_asks_about_all_copies(text: str) -> None:
    assert says_several(text)
    one = a_candidate("request")
    found = searched(said(FAILED, resubmitted=text), submissions={one.subject: an_id(9)})
    assert asked_about(one, found) == show_id("submission", an_id(9))


@pytest.mark.parametrize("text", ["", "没有", "no", "1 次", "yes"])
def test_who_did_not_asks_about_the_one(text: str) -> None:
    one = a_candidate("request")
    found = searched(said(FAILED, resubmitted=text), submissions={one.subject: an_id(9)})
    assert asked_about(one, found) == one.subject


def test_an_order_is_explained_for_the_account_that_asks() -> None:
    case, order = said(RECHARGE, amount="50"), a_candidate("order", OTHER)
    assert asker_of(order, searched(case, accounts=(ACCOUNT, OTHER))) == OTHER
    assert asker_of(order, searched(case, accounts=(ACCOUNT,))) == ACCOUNT
    assert asker_of(order, searched(case)) is None
    assert asker_of(a_candidate("request", OTHER), searched(case, accounts=(ACCOUNT,))) == OTHER
