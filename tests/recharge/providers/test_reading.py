"""What providers send is read strictly, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import AmountUnreadable, InputError
from counterfoil.foundation.money import LARGEST_NANOS
from counterfoil.recharge.providers.port import RawNotice
from counterfoil.recharge.providers.reading import (
    Unreadable,
    bound_notice,
    china_time_of,
    form_of,
    in_china,
    order_id_of,
    payer_of,
    read_form,
    read_json,
    rfc3339_time_of,
    seconds_of,
    units_of,
    word_of,
    write_yuan,
    yuan_of,
)
from recharge.providers.desk import NOW, ORDER


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("a=1&a=2", "field_repeated"),
        ("a=1&%61=2", "field_repeated"),
        ("a=1&a=1", "field_repeated"),
        ("a", "no_form"),
        ("=1", "no_form"),
        ("a=1&", "no_form"),
        ("a=%zz", "no_form"),
        ("a=%4", "no_form"),
        ("a=%00", "no_form"),
        ("a=充", "no_form"),
        ("a=%ff", "wrong_encoding"),
        # GBK, half of a surrogate pair, and an overlong slash.
        ("a=%B3%E4%D6%B5", "wrong_encoding"),
        ("a=%ED%A0%80", "wrong_encoding"),
        ("a=%C0%AF", "wrong_encoding"),
        ("&".join(f"a{number}=1" for number in range(101)), "too_many_fields"),
    ],
)
def test_a_form_that_could_be_read_in_two_ways_is_not_read(encoded: str, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_form(encoded)
    assert caught.value.reason == reason


def test_a_form_is_read_as_it_was_meant() -> None:
    assert read_form("name=%E5%85%85%E5%80%BC+12&sign=a%2Bb%3D=&empty=") == {
        "name": "充值 12", "sign": "a+b==", "empty": "",
    }  # fmt: skip
    assert read_form("") == {}


@pytest.mark.parametrize(
    "notice",
    [
        RawNotice(method="POST", headers={}, query="a=1", body=b"a=1"),
        RawNotice(method="GET", headers={}, query="a=1", body=b"a=1"),
        RawNotice(method="PUT", headers={}, query="a=1", body=b""),
        RawNotice(method="HEAD", headers={}, query="a=1", body=b""),
        RawNotice(method="POST", headers={}, query="", body="a=充".encode()),
        RawNotice(method="POST", headers={}, query="", body=b"a=\xff"),
    ],
)
def test_fields_come_in_one_place(notice: RawNotice) -> None:
    with pytest.raises(Unreadable):
        form_of(notice)


def test_a_notice_is_bounded_wherever_its_fields_are() -> None:
    most = 64 * 1024
    bound_notice(RawNotice(method="POST", headers={}, query="", body=b"a" * most))
    for notice in (
        RawNotice(method="POST", headers={}, query="", body=b"a" * (most + 1)),
        RawNotice(method="GET", headers={}, query="a" * (most + 1), body=b""),
    ):
        with pytest.raises(InputError) as caught:
            bound_notice(notice)
        assert caught.value.code == "notice_unreadable"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":"\\ud800"}', b'{"a":"\xff"}',
        b"[]", b'"a"', b"", b"{", b'{"a":1}x', b'\xef\xbb\xbf{"a":1}', "{\"a\":\"充\"}".encode("gb18030"),
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"a":' + b"9" * 5_000 + b"}", b'{"a":1e999999999999999999999}',
    ],
)  # fmt: skip
def test_json_that_is_not_plainly_an_object_is_not_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read_json(body)


@pytest.mark.parametrize(
    "amount",
    [
        "", " 1", "1 ", "-1", "+1", "1e2", "NaN", "Infinity", "0x1", "1,000.00", "１２", "1.", ".5", "1.2.3", "1\n", "1\0",
        "9999999999999", "9999999999.00", "1.0000000001", None, True, [], {}, 1.5, 10**30, -1,
    ],
)  # fmt: skip
def test_an_amount_that_is_not_plainly_a_decimal_is_not_read(amount: object) -> None:
    with pytest.raises(Unreadable):
        yuan_of({"money": amount}, "money")


def test_an_amount_is_read_exactly_however_it_is_written() -> None:
    read = {
        "0.01": 10_000_000,
        "1": 10**9,
        "1.5": 1_500_000_000,
        "12.30": 12_300_000_000,
        "9223372036.85": 9223372036850000000,
    }
    for text, nanos in read.items():
        assert yuan_of({"money": text}, "money") == nanos
        assert yuan_of(read_json(b'{"money":' + text.encode() + b"}"), "money") == nanos


@given(st.integers(min_value=0, max_value=LARGEST_NANOS // 10**7))
def test_yuan_are_written_as_they_are_read(fen: int) -> None:
    written = write_yuan(fen * 10**7)
    assert len(written.partition(".")[2]) == 2
    assert yuan_of({"money": written}, "money") == fen * 10**7


def test_parts_of_a_fen_are_not_rounded_away() -> None:
    with pytest.raises(AmountUnreadable):
        write_yuan(10_000_001)


@pytest.mark.parametrize("units", [-1, 1.0, "1", True, None, 10**12, 10**40])
def test_smallest_units_are_whole_positive_and_bounded(units: object) -> None:
    with pytest.raises(Unreadable):
        units_of({"total": units}, "total", digits=2)


def test_smallest_units_have_the_decimals_of_their_currency() -> None:
    assert units_of({"total": 1}, "total", digits=2) == 10_000_000
    assert units_of({"total": 500}, "total", digits=0) == 500 * 10**9
    assert units_of({"total": 10}, "total", digits=3) == 10_000_000
    assert units_of({"total": LARGEST_NANOS // 10**7}, "total", digits=2) == LARGEST_NANOS // 10**7 * 10**7


@pytest.mark.parametrize(
    "number",
    [
        "",
        "x" * 32,
        ORDER.hex.upper(),
        ORDER.hex + "0",
        ORDER.hex[1:],
        str(ORDER),
        f"ord_{ORDER.hex}",
        f"{ORDER.hex}\n",
        None,
        7,
    ],
)
def test_an_order_number_that_is_not_ours_is_nobodys(number: object) -> None:
    assert order_id_of(number) is None


def test_our_order_number_is_found() -> None:
    assert order_id_of(ORDER.hex) == ORDER


@pytest.mark.parametrize("word", ["", "a b", "a\0", "充", "a\n", "x" * 256, None, 7, ["a"]])
def test_a_word_is_printable_and_short(word: object) -> None:
    with pytest.raises(Unreadable):
        word_of({"trade_no": word}, "trade_no")


def test_an_odd_payer_is_left_out_and_the_next_one_taken() -> None:
    assert payer_of({"buyer_id": "\x1b[31m", "logon": "a…@example.com"}, "buyer_id", "logon") == "a…@example.com"
    assert payer_of({"buyer_id": "x" * 201}, "buyer_id", "logon") is None


def test_times_are_read_in_their_zone() -> None:
    assert china_time_of({"gmt_payment": "2023-11-15 06:13:20"}, "gmt_payment") == NOW
    assert china_time_of({"gmt_refund": "2023-11-15 06:13:20.320"}, "gmt_refund") == NOW
    assert china_time_of({"a": "2023-02-30 00:00:00", "b": "2023-11-15 06:13:20"}, "a", "b") == NOW
    assert china_time_of({"a": "yesterday", "b": 5}, "a", "b", "c") is None
    assert rfc3339_time_of({"success_time": "2023-11-15T06:13:20+08:00"}, "success_time") == NOW
    assert rfc3339_time_of({"success_time": "2023-11-14T22:13:20.000001Z"}, "success_time") == NOW + 1
    assert seconds_of({"created": NOW // 10**6}, "created") == NOW
    assert seconds_of({"created": 10**30}, "created") is None
    assert in_china(NOW).isoformat() == "2023-11-15T06:13:20+08:00"
