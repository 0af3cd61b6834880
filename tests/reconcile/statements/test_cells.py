"""Cells as values: exact amounts, times with their zone, ids; what cannot be read is never nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.money import LARGEST_NANOS, format_nanos
from counterfoil.reconcile.statements import cells
from counterfoil.reconcile.statements.cells import CHINA, CellUnreadable
from counterfoil.reconcile.statements.model import RejectReason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100.00", 100_000_000_000),
        ("-0.27000", -270_000_000),
        ("`0.04000", 40_000_000),
        ("¥28.16", 28_160_000_000),
        ("￥1,234.50", 1_234_500_000_000),
        ("1,234,567.89 元", 1_234_567_890_000_000),
        ("(12.00)", -12_000_000_000),
        ("12.00-", -12_000_000_000),
        ("\u221212.5", -12_500_000_000),
        ("１２.５", 12_500_000_000),
        ('="7.5"', 7_500_000_000),
        ("0.000000001", 1),
        ("0.0000000010000", 1),
        ("1e-05", 10_000),
        ("+3", 3_000_000_000),
        ("CNY 5", 5_000_000_000),
    ],
)
def test_an_amount_is_exact_however_it_is_written(text: str, expected: int) -> None:
    assert cells.nanos(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "-", "abc", "1OO.00", "1,23.00", "12,34", "1.2.3", "1,2345.00", "0.0000000001", "NaN", "inf", "1e400", "9" * 30,
     "--1", "1 000 x", "¥", "1/2", "0x10"],
)  # fmt: skip
def test_what_is_no_amount_is_unreadable_and_never_nothing(text: str) -> None:
    with pytest.raises(CellUnreadable) as caught:
        cells.nanos(text)
    assert caught.value.reason is RejectReason.AMOUNT_UNREADABLE


def test_the_decimal_sign_may_be_a_comma() -> None:
    assert cells.nanos("1.234,50", decimal=",") == 1_234_500_000_000
    assert cells.nanos("-3,20", decimal=",") == -3_200_000_000


@given(st.integers(-LARGEST_NANOS, LARGEST_NANOS))
def test_every_amount_that_we_write_is_read_back(nanos: int) -> None:
    assert cells.nanos(format_nanos(nanos)) == nanos


@given(st.decimals(min_value=-1000, max_value=1000, places=15))
def test_costs_with_more_decimals_are_rounded_once_half_to_even(exact: Decimal) -> None:
    assert cells.nearest_nanos(f"{exact:f}") == round(exact.scaleb(9))
    assert cells.decimal_nanos(exact) == round(exact.scaleb(9))


@pytest.mark.parametrize(
    "value", [Decimal("1e-999999999"), Decimal("1e999999999"), Decimal("NaN"), Decimal("1." + "1" * 100)]
)
def test_a_number_without_end_is_refused_and_not_written_out(value: Decimal) -> None:
    with pytest.raises(CellUnreadable):
        cells.decimal_nanos(value)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-03 09:12:45", "2026/11/03 09:12:45", "2026-11-03T09:12:45", "2026年11月03日 09:12:45", "`2026-11-03 09：12：45",
        "2026-11-0309：12：45", "20261103 091245", "2026-11-3 9:12:45", "2026-11-03 01:12:45 UTC", "2026-11-03T01:12:45Z",
        "2026-11-03 10:12:45+09:00", "2026-11-03T01:12:45.000000Z", "2026-11-03 09:12:45\t",
    ],
)  # fmt: skip
def test_a_time_is_the_same_instant_however_it_is_written(text: str) -> None:
    expected = datetime(2026, 11, 3, 1, 12, 45, tzinfo=UTC)
    assert cells.micros(text, time_zone=CHINA) == int(expected.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "text",
    ["", "2026-13-01 00:00:00", "2026-02-30 00:00:00", "2026-11-03 24:00:00", "2026-11-03 10:60:00", "2026-11-03 10:00:60",
     "03/11/2026", "yesterday", "2026", "202611", "0000-01-01 00:00:00",
     "0001-01-01 00:00:00", "1999-12-31 00:00:00", "9999-12-31 23:59:59"],
)  # fmt: skip
def test_what_is_no_time_is_unreadable(text: str) -> None:
    with pytest.raises(CellUnreadable) as caught:
        cells.micros(text, time_zone=CHINA)
    assert caught.value.reason is RejectReason.TIME_UNREADABLE


@given(
    st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2090, 1, 1)),
    st.sampled_from([CHINA, "UTC", "America/Los_Angeles", "Europe/Berlin"]),
)
def test_times_of_a_zone_are_those_of_its_clock(local: datetime, zone: str) -> None:
    local = local.replace(microsecond=0)
    expected = int(local.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000
    assert cells.micros(local.isoformat(sep=" "), time_zone=zone) == expected
    assert cells.micros(local.isoformat(), time_zone=zone) == expected


@pytest.mark.parametrize("text", ["", "0", "/", "-", "`", "`0", "\t"])
def test_words_for_no_id_are_none(text: str) -> None:
    assert cells.clean_id(text) is None


@pytest.mark.parametrize("text", ["42000\t", "`42000", '="42000"', "'42000", ' "42000" '])
def test_marks_that_protect_an_id_are_not_of_it(text: str) -> None:
    assert cells.clean_id(text) == "42000"


def test_an_id_that_a_spreadsheet_has_rounded_is_unreadable() -> None:
    with pytest.raises(CellUnreadable):
        cells.clean_id("4.00123E+27")
    assert cells.clean_id("4E27") == "4E27"


@pytest.mark.parametrize(("text", "code"), [("cny", "CNY"), ("人民币", "CNY"), ("ＵＳＤ", "USD"), ("", "EUR")])
def test_currencies_are_codes(text: str, code: str) -> None:
    assert cells.currency(text, default="EUR") == code


@pytest.mark.parametrize("text", ["EURO", "¤", ""])
def test_an_unknown_currency_is_not_guessed(text: str) -> None:
    with pytest.raises(CellUnreadable) as caught:
        cells.currency(text)
    assert caught.value.reason is RejectReason.CURRENCY_UNKNOWN


@pytest.mark.parametrize(("text", "number"), [("20.0", 20), ("1,000", 1000), ("0", 0)])
def test_counts_are_whole(text: str, number: int) -> None:
    assert cells.count(text) == number


@pytest.mark.parametrize("text", ["-1", "1.5", "x", ""])
def test_what_is_no_count_is_unreadable(text: str) -> None:
    with pytest.raises(CellUnreadable):
        cells.count(text)
