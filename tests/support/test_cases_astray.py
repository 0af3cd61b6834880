"""What stands in the wrong field, or was cut, broken or written small, is read like what stands in the right one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.ids import show_id
from counterfoil.foundation.periods import to_datetime
from counterfoil.foundation.vocabulary import Language
from counterfoil.support.agreement_model import Reading, Record, Said
from counterfoil.support.agreement_rules import compare
from counterfoil.support.case_said import read_said
from counterfoil.support.model import Agreement
from counterfoil.support.said import read_amount, read_ids, read_masked_ids
from counterfoil.support.said_ends import in_every_case, loose_ends, read_key_tail, read_tail
from counterfoil.support.said_times import names_whole_day, read_times
from counterfoil.support.said_words import addresses_in, code_end_in, key_end_in, order_end_in, person_number
from counterfoil.support.search_rules import fits, rank
from counterfoil.support.told import BALANCE, FAILED, FELL, RECHARGE, read_told, tells_copies
from support.cases import ACCOUNT, HOUR, MINUTE, NOON, an_id

ELSE = "something_else"


def said(problem: str, /, language: Language = Language.ZH, **values: str) -> Said:
    return read_said(problem, values, language=language, now=NOON + 2 * HOUR)


def a_record(kind: str, number: int, *, at: int = NOON, **more: Any) -> Record:
    settings: dict[str, Any] = {
        "kind": kind, "id": an_id(number, at), "account_id": ACCOUNT, "times": (at,), "emails": ("lin@example.com",),
        "nicknames": ("小雨",), "user_numbers": (1042,), "account_name": "Rain Studio", "is_trouble": True,
    }  # fmt: skip
    return Record(**{**settings, **more})


def met(case: Said, record: Record) -> dict[str, Agreement]:
    return {one.field: one.agreement for one in compare(case, record, Reading())}


# -- ids ---------------------------------------------------------------------------------------------------------------


@given(st.integers(1, 30), st.sampled_from([" ", "\n", "\n> ", "-", "  "]), st.booleans())
def test_an_id_broken_anywhere_is_read(place: int, broken_by: str, has_prefix: bool) -> None:
    digits = an_id(5).hex
    text = ("req_" if has_prefix else "") + digits[:place] + broken_by + digits[place:]
    assert read_ids(f"查这个 {text}, thanks", now=NOON + HOUR) == (an_id(5),)
    case = said(BALANCE, model="chat", error_text=f"error 402 ({text})")
    assert met(case, a_record("request", 5))["request_id"] is Agreement.EXACT


@pytest.mark.parametrize("digits", [16, 18, 20])
def test_half_an_id_of_sixteen_digits_or_more_fits_its_record(digits: int) -> None:
    value = an_id(0x2C9AB3D7E1B2C4D5)
    for text in (f"req_{value.hex[:digits]} (cut off), error 402", f"...{value.hex[-digits:]} is all I have"):
        (half,) = read_masked_ids(text)
        assert half.fits(value)
        assert not half.fits(an_id(6, NOON - 30 * HOUR))


def test_a_whole_id_is_not_half_of_one() -> None:
    assert read_masked_ids(show_id("request", an_id(5))) == ()


@pytest.mark.parametrize("shown", [show_id("task", an_id(1)), an_id(1).hex, f"{show_id('task', an_id(1))}。"])
def test_an_id_alone_in_another_field_is_as_good_as_in_its_own(shown: str) -> None:
    task = a_record("task", 1, is_trouble=False, charge_mark="held")
    case = said(FAILED, download_state=shown, charge_shown="no")
    assert met(case, task)["request_id"] is Agreement.EXACT
    other = a_record("task", 2, is_trouble=True, charge_mark="not_charged")
    assert rank(case, [other, task], Reading(known_ids=frozenset({task.id})))[0].subject == show_id("task", task.id)


# -- ends of numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "tail"),
    [
        ("CA CE", "CACE"), ("cb 63", "cb63"), ("4 7 1 1", "4711"), ("**4711", "4711"), ("4711 i believe", "4711"), ("末四位410d", "410d"),
        ("4711（凭记忆）", "4711"), ("the one ending in KZA1", "KZA1"), ("sk-abcd****3fA9", "3fA9"), ("CF-…KZA1", "KZA1"),
    ],
)  # fmt: skip
def test_an_end_is_read_with_spaces_in_it_and_words_around_it(typed: str, tail: str) -> None:
    assert read_tail(typed) == tail


@pytest.mark.parametrize(
    "typed", ["sk..T4rs", "last4 = T4rs", "后四位是T4rs", "T4rs结尾的", "sk something T4rs", "sk-*T4rs", "a1B2****T4rs"]
)
def test_the_end_of_a_key_is_read_with_words_around_it(typed: str) -> None:
    assert read_key_tail(typed) == "T4rs"


def test_what_stands_before_the_mask_of_a_key_is_not_its_end() -> None:
    assert read_key_tail("a1B2****WXYZ") == "WXYZ"
    assert read_key_tail("sk-…_-aB") == "_-aB"


@given(st.text("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-", min_size=4, max_size=4))
def test_an_end_written_small_is_among_its_forms(end: str) -> None:
    forms = in_every_case(end.lower())
    assert end in forms
    assert len(forms) <= 2**4


@pytest.mark.parametrize(
    ("text", "ends"),
    [("走的xGWc", ("xGWc",)), ("钥匙 lZOE。", ("lZOE",)), ("secret _eIw", ("_eIw",)), ("chat is down at 11pm on the 24th for 5min", ()), ("付了9元 HTTP Then", ())],
)  # fmt: skip
def test_four_signs_that_are_no_word_may_be_the_end_of_a_key(text: str, ends: tuple[str, ...]) -> None:
    assert loose_ends(text) == ends


@pytest.mark.parametrize("name", ["account", "group", "caller", "model"])
def test_the_end_of_a_key_may_stand_in_another_field(name: str) -> None:
    case = said(BALANCE, status_code="402", **{name: "后四位是Mw8E"})
    assert met(case, a_record("request", 1, key_mask="sk-…Mw8E"))["key_mask"] is Agreement.EXACT
    # It may be something else, and so speaks against nothing.
    assert met(case, a_record("request", 2, key_mask="sk-…AAAA"))["key_mask"] is Agreement.UNKNOWN


@pytest.mark.parametrize("typed", ["末四位410d", "41 0D", "..410d"])
def test_the_end_of_an_order_in_the_field_for_a_code_finds_the_order(typed: str) -> None:
    case = said(RECHARGE, user_number="1042", code_last_four=typed, message_shown="2026-11-24 16:30 没到账")
    order, another = a_record("order", 1, numbers=("…410d",)), a_record("order", 2, numbers=("…9999",))
    assert met(case, order)["order_mask"] in (Agreement.EXACT, Agreement.CLOSE)
    assert fits(case, order)
    assert not fits(case, another)
    assert rank(case, [another, order], Reading())[0].subject == show_id("order", order.id)


def test_the_end_of_a_code_in_the_field_for_an_order_finds_the_code() -> None:
    case = said(RECHARGE, user_number="1042", order_mask="kza1")
    code = a_record("code", 1, code_last_four="KZA1")
    assert met(case, code)["code_last_four"] is Agreement.EXACT
    assert fits(case, code)


def test_the_end_of_an_order_may_stand_where_the_payment_is_asked_for() -> None:
    case = said(RECHARGE, payment_method="B076", amount="4")
    assert met(case, a_record("order", 1, numbers=("…b076",)))["order_mask"] in (Agreement.EXACT, Agreement.CLOSE)


def test_ends_are_named_with_many_words() -> None:
    assert order_end_in("流水号末四位4711") == order_end_in("bill no. ends in 4711") == "…4711"
    assert order_end_in("the order with 4711 at the end") == order_end_in("invoice ..4711") == "…4711"
    assert code_end_in("（码尾kza1）") == code_end_in("gift card kza1") == "kza1"
    assert key_end_in("钥匙 末4位3fA9") == key_end_in("api key sk..3fA9") == "sk-…3fA9"


# -- times -------------------------------------------------------------------------------------------------------------


_FORMS = (
    "%Y-%m-%d %H:%M", "%Y%m%d%H%M", "%Y%m%d %H:%M", "%Y%m%d %H%M", "%m%d %H%M", "%y/%m/%d %H:%M", "%Y.%m.%d %H:%M",
    "%H:%M（%m月%d日）", "%d %B %Y %H:%M", "%m-%d %H:%M", "%d/%m/%Y %H:%M",
)  # fmt: skip


@given(st.integers(0, 300 * 24 * 60), st.sampled_from(_FORMS))
def test_a_time_said_in_any_form_is_read_back(minutes_ago: int, form: str) -> None:
    at = to_datetime(NOON - minutes_ago * MINUTE).replace(second=0, microsecond=0, tzinfo=None)
    found = read_times(at.strftime(form), now=NOON, time_zone="UTC")
    # Day and month may change places where they can.
    swapped = at.replace(day=at.month, month=at.day) if at.day <= 12 else at
    assert any(one.local.replace(tzinfo=None, second=0) in (at, swapped) for one in found), found
    assert all(one.length <= 60 * 1_000_000 for one in found)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("around 4pm yesterday", "15:30", "16:29"), ("昨天下午4点左右", "15:30", "16:29"), ("昨天凌晨差不多12点半", "00:20", "00:45"),
        ("昨晚快10点的时候", "21:30", "21:59"), ("a bit before 10pm yesterday", "21:30", "21:59"), ("昨天清早7点之后", "07:00", "07:59"),
        ("yesterday 7pm more or less", "18:31", "19:29"), ("大概是22:42 昨天", "22:42", "22:42"),
    ],
)  # fmt: skip
def test_a_rough_time_is_where_it_is_said_to_be(text: str, earliest: str, latest: str) -> None:
    (found,) = read_times(text, now=NOON, time_zone="UTC")
    day = datetime(2026, 11, 23)
    end = found.local + timedelta(microseconds=found.length)
    for clock in (earliest, latest):
        hour, minute = map(int, clock.split(":"))
        assert found.local <= day.replace(hour=hour, minute=minute) < end
    assert found.length <= 90 * MINUTE


def test_the_day_of_tomorrow_is_that_of_another_zone() -> None:
    (found,) = read_times("25号06:05 北京时间", now=NOON + 14 * HOUR, time_zone="UTC")
    assert (found.local.month, found.local.day) == (11, 25)


def test_a_little_is_no_clock() -> None:
    (found,) = read_times("我才用了一点点，23号", now=NOON, time_zone="UTC")
    assert found.is_day


@pytest.mark.parametrize("name", ["download_state", "charge_mark", "task_type"])
def test_a_time_may_stand_in_a_field_that_has_no_form(name: str) -> None:
    case = said(FAILED, model="film", **{name: "＂北京时间１６：３０（１１月２４日）＂"})
    assert met(case, a_record("task", 1))["request_time"] is Agreement.EXACT


def test_what_stands_in_the_field_for_a_time_and_is_none_hides_no_time_elsewhere() -> None:
    case = said(FELL, caller="小雨", time_window="见右边", model_tier="11月23日从早到晚")
    assert [one.local.day for one in case.times["time_window"]] == [23]


# -- who, and how much -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["lin.rain @ example.com", "lin.rain at example dot com", "这边是lin.rain@example.com", "lin.rain[at]example.com"],
)
def test_an_address_is_read_however_it_is_spaced(text: str) -> None:
    assert "lin.rain@example.com" in addresses_in(text)


@pytest.mark.parametrize("value", ["no.1042", "ID 1042", "1042号", "编号1042", "uid=1042", "member #1042", "１０４２".translate({0xFF10 + n: str(n) for n in range(10)})])  # fmt: skip
@pytest.mark.parametrize("name", ["account_email", "nickname", "user_number", "redemption_account"])
def test_a_user_number_is_one_in_any_field_for_a_person(name: str, value: str) -> None:
    assert person_number(value) == "1042"
    case = said(RECHARGE, amount="50", **{name: value})
    assert met(case, a_record("order", 1))[name] is Agreement.EXACT


def test_a_user_number_is_neither_a_day_nor_a_status() -> None:
    case = said(BALANCE, error_text="21号这个账户，user no 416，昨天余额少得吓人")
    assert case.problems[0] == FELL
    assert "status_code" not in case.values
    assert len(case.times["time_window"]) == 1


@pytest.mark.parametrize(("text", "nanos"), [("15块99", 15_990_000_000), ("15 yuan 99", 15_990_000_000), ("15,99", 15_990_000_000), ("1,500", 1_500_000_000_000), ("10.02r", 10_020_000_000)])  # fmt: skip
def test_an_amount_may_be_in_two_parts(text: str, nanos: int) -> None:
    found = read_amount(text)
    assert found is not None
    assert found.nanos == nanos


# -- which class it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["all of yesterday", "11月23日0点到24点", "11/23 00:00-23:59", "23号一天"])
def test_a_day_alone_is_a_whole_day(text: str) -> None:
    assert names_whole_day(text)


@pytest.mark.parametrize("text", ["昨天下午", "yesterday at 3:05pm", "刚刚", "402"])
def test_part_of_a_day_is_not(text: str) -> None:
    assert not names_whole_day(text)


def test_who_speaks_of_a_day_and_of_no_call_asks_about_the_account() -> None:
    for problem in (BALANCE, ELSE):
        assert read_told(problem, {"error_text": "不太对劲，昨天一整天", "account": "小雨"}).problems[0] == FELL
    # Something that one call has, and it is about a call.
    assert read_told(BALANCE, {"error_text": "不太对劲，昨天一整天，一直 402"}).problems[0] == BALANCE
    assert read_told(ELSE, {"error_text": f"昨天 {show_id('request', an_id(1))}"}).problems[0] == ELSE


def test_who_names_the_end_of_an_order_asks_about_the_recharge() -> None:
    told = read_told(BALANCE, {"error_text": "money gone, account empty, order ..4ab0", "account": "小雨"})
    assert told.problems[0] == RECHARGE
    assert told.values["order_mask"] == "…4ab0"


def test_what_was_charged_was_not_refused() -> None:
    charged, refused = (a_record("request", n, charge_mark=mark) for n, mark in ((1, "charged"), (2, "not_charged")))
    case = said(BALANCE, status_code="402")
    assert fits(case, refused)
    assert not fits(case, charged)
    # Whoever names no status may have chosen the wrong class.
    assert fits(said(BALANCE, model="film"), charged)


@pytest.mark.parametrize(
    "text", ["client retried, 5 altogether", "一共提交过4个一样的", "x3", "sent 2 of the same", "点了6次"]
)
def test_copies_are_told_among_other_words(text: str) -> None:
    assert tells_copies(text)
    assert said(FAILED, failure_reason=f"没给结果，{text}").is_several


@pytest.mark.parametrize("text", ["402 again", "一共5元", "at 5:30", "20分钟前", "fix 4"])
def test_other_numbers_are_no_copies(text: str) -> None:
    assert not tells_copies(text)
