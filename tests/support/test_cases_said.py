"""Times, days, clocks, zones, amounts, names and ends of numbers as people write them, wherever they stand."""

from __future__ import annotations

import pytest

from counterfoil.foundation.vocabulary import Language
from counterfoil.support.agreement_model import Reading, Record
from counterfoil.support.agreement_rules import compare
from counterfoil.support.case_said import read_said
from counterfoil.support.model import Agreement
from counterfoil.support.said import read_amount, read_masked_ids
from counterfoil.support.said_times import read_times
from counterfoil.support.said_words import code_end_in, key_end_in, local_parts_in, names_of, order_end_in, says_nothing
from counterfoil.support.search_rules import rank
from counterfoil.support.told import BALANCE, FELL, RECHARGE, read_told
from support.cases import ACCOUNT, HOUR, MINUTE, NOON, an_id


@pytest.mark.parametrize(
    ("text", "wanted", "minutes"),
    [
        ("昨晚十点多", "11-23 22:00", 60),
        ("周一下午三点零五分", "11-23 15:05", 1),
        ("11.23那天", "11-23 00:00", 1440),
        ("23号", "11-23 00:00", 1440),
        ("15:05，11月23日", "11-23 15:05", 1),
        ("3.05pm yesterday", "11-23 15:05", 1),
        ("Monday at 3:05pm", "11-23 15:05", 1),
        ("yesterday, sometime past two in the afternoon", "11-23 14:00", 60),
        ("昨天下午", "11-23 12:00", 420),
        ("yesterday 00:00-23:59", "11-23 00:00", 1440),
        ("two days ago at 15:05", None, 0),
    ],
)
def test_a_day_and_a_clock_belong_together_in_any_order(text: str, wanted: str | None, minutes: int) -> None:
    found = read_times(text, now=NOON, time_zone="UTC")
    if wanted is None:
        assert all(one.local.strftime("%m-%d") == "11-22" for one in found)
        return
    assert [one.local.strftime("%m-%d %H:%M") for one in found] == [wanted]
    assert found[0].length == minutes * MINUTE


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24 16:30 北京时间", "东八区 16:30，11月24日", "Nov 24, 4:30 pm GMT+8", "24 Nov at 03:30 (New York time)",
        "16:30 +08:00 2026-11-24", "2026/11/24 08:30:00 UTC",
    ],
)  # fmt: skip
def test_a_zone_may_have_a_name_and_stand_anywhere(text: str) -> None:
    (found,) = read_times(text, now=NOON + 2 * HOUR, time_zone="Asia/Tokyo")
    assert found.start("Asia/Tokyo") == NOON


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("刚刚", 5),
        ("just now", 5),
        ("两个小时前", 120),
        ("about 3 hours ago", 180),
        ("半小时前", 30),
        ("20 minutes ago", 20),
    ],
)
def test_how_long_ago_is_a_span_around_it(text: str, ago: int) -> None:
    (found,) = read_times(text, now=NOON, time_zone="UTC")
    assert found.start("UTC") <= NOON - ago * MINUTE <= found.end("UTC")
    assert found.length <= 2 * HOUR


@pytest.mark.parametrize(
    "text", ["余额少了 3.14", "5 点数", "I have 402 twice", "the sun is out", "he sat there", "10-4"]
)
def test_what_names_no_day_is_no_time(text: str) -> None:
    assert read_times(f"{text}!", now=NOON, time_zone="UTC") == ()


@pytest.mark.parametrize(
    ("text", "nanos", "is_about"),
    [
        ("十二块左右", 12_000_000_000, True), ("about twelve", 12_000_000_000, True), ("5毛", 500_000_000, False),
        ("12块3毛", 12_300_000_000, False), ("just under 13", 13_000_000_000, True), ("¥99.9", 99_900_000_000, False),
    ],
)  # fmt: skip
def test_an_amount_may_be_in_words(text: str, nanos: int, is_about: bool) -> None:
    found = read_amount(text)
    assert found is not None
    assert (found.nanos, found.is_about) == (nanos, is_about)


@pytest.mark.parametrize(
    "text", ["{a} 开头，{z} 结尾", "starts {a}, ends {z}", "{a}(...){z}", "req_{a}xxxx{z}", "req_{a}…{z}"]
)
def test_both_ends_of_an_id_are_read_whatever_is_between(text: str) -> None:
    digits = an_id(7).hex
    (found,) = read_masked_ids(text.format(a=digits[:8], z=digits[-6:]))
    assert found.fits(an_id(7))
    assert not found.fits(an_id(8))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("订单尾号 4711", "…4711"), ("order (…4711)", "…4711"), ("last four of the order: 4711", "…4711"),
        ("尾数4711的订单", "…4711"), ("单号最后四位 4711", "…4711"), ("order 4711 pieces", ""), ("in order to pay", ""),
    ],
)  # fmt: skip
def test_the_end_of_an_order_is_named_as_one(text: str, end: str) -> None:
    assert order_end_in(text) == end


def test_ends_of_codes_and_keys_are_named_as_such() -> None:
    assert code_end_in("卡密后四位 KZA1") == code_end_in("voucher ends KZA1") == "KZA1"
    assert key_end_in("with the key sk-...3fA9") == key_end_in("密钥最后四位 3fA9") == "sk-…3fA9"
    assert code_end_in("the code is 1234567") == key_end_in("the key to this is time") == ""


@pytest.mark.parametrize("value", ["我叫小雨", "昵称：小雨", "小雨（昵称）", "I go by 小雨", "@小雨", "就是小雨啊"])
def test_a_name_is_read_without_what_is_put_around_it(value: str) -> None:
    assert "小雨" in names_of(value)


@pytest.mark.parametrize("value", ["lin.rain at example.com", "lin.rain@example,com", "lin.rain#example.com"])
def test_a_mistyped_address_still_has_its_first_part(value: str) -> None:
    assert "lin.rain" in local_parts_in(value)


@pytest.mark.parametrize("value", ["不知道", "n/a", "-", "？", "don't know", "忘了。", "No idea"])
def test_what_says_nothing_is_not_said(value: str) -> None:
    assert says_nothing(value)
    case = read_said(BALANCE, {"account": value, "model": "chat"}, language=Language.EN, now=NOON)
    assert "account" not in case.values


@pytest.mark.parametrize("value", ["没有看到扣费", "小雨", "none of the calls went through", "402"])
def test_what_says_something_is_said(value: str) -> None:
    assert not says_nothing(value)


def test_of_words_alone_what_is_named_first_is_the_matter() -> None:
    text = "My balance dropped a lot. By the way, when does the payment arrive?"
    assert read_told(BALANCE, {"error_text": text, "account": "小雨"}).problems == (FELL, RECHARGE, BALANCE)


def test_the_advice_of_a_refusal_to_recharge_is_no_recharge() -> None:
    text = "402: the available balance is too low for this request. Nothing was charged. Recharge the account."
    assert read_told(BALANCE, {"error_text": text, "account": "小雨"}).problems[0] == BALANCE


def test_of_two_alike_the_one_of_the_minute_that_was_named_comes_first() -> None:
    named, later = (
        Record(
            kind="request", id=an_id(number, at), account_id=ACCOUNT, times=(at,), model="chat", status_code=402,
            key_mask="sk-…3fA9", is_trouble=True,
        )
        for number, at in ((1, NOON), (2, NOON + 2 * MINUTE))
    )  # fmt: skip
    # By the clock of another zone as well.
    for time in ("2026-11-24 08:30 UTC", "2026-11-24 03:30", "08:30，24号"):
        values = {"request_time": time, "key_mask": "3fA9", "status_code": "402"}
        case = read_said(BALANCE, values, language=Language.EN, now=NOON + HOUR)
        assert rank(case, [later, named], Reading())[0].subject.endswith(named.id.hex), time


def test_words_never_speak_against_a_record() -> None:
    record = Record(
        kind="request", id=an_id(1), account_id=ACCOUNT, times=(NOON,), key_mask="sk-…3fA9", status_code=402
    )
    case = read_said(
        BALANCE, {"error_text": "got a 500 with the key sk-...WXYZ", "model": "chat"}, language=Language.EN, now=NOON
    )
    met = {one.field: one.agreement for one in compare(case, record, Reading())}
    assert met["key_mask"] is met["status_code"] is Agreement.UNKNOWN
