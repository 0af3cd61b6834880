"""Money is exact, of one currency, and never a float."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import AmountUnreadable, CurrencyMismatch
from counterfoil.foundation.money import (
    LARGEST_NANOS,
    NANOS_PER_UNIT,
    Money,
    format_nanos,
    parse_nanos,
    round_half_even,
    round_up,
)

amounts = st.integers(-LARGEST_NANOS, LARGEST_NANOS)
fractions = st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**9)


@given(amounts, st.integers(0, 9))
def test_an_amount_written_and_read_again_is_the_same(nanos: int, least_decimals: int) -> None:
    assert parse_nanos(format_nanos(nanos, least_decimals=least_decimals)) == nanos


@given(amounts, st.integers(0, 9))
def test_a_written_amount_is_exact_and_has_no_needless_decimals(nanos: int, least_decimals: int) -> None:
    written = format_nanos(nanos, least_decimals=least_decimals)
    assert Decimal(written) == Decimal(nanos).scaleb(-9)
    decimals = written.partition(".")[2]
    assert least_decimals <= len(decimals) <= 9
    assert len(decimals) == least_decimals or not decimals.endswith("0")


@given(st.decimals(-(10**9), 10**9, places=9, allow_nan=False))
def test_a_plain_decimal_is_read_exactly(decimal: Decimal) -> None:
    assert parse_nanos(f"{decimal:f}") == int(decimal.scaleb(9))


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0", 0),
        ("-0", 0),
        ("12.34", 12_340_000_000),
        (" 0.01 ", 10_000_000),
        ("+1", NANOS_PER_UNIT),
        ("0.000000001", 1),
        ("-0.000000001", -1),
        ("9223372036.854775807", LARGEST_NANOS),
    ],
)
def test_amounts_that_can_be_read(text: str, nanos: int) -> None:
    assert parse_nanos(text) == nanos


@pytest.mark.parametrize(
    "text",
    ["", " ", ".5", "5.", "1e3", "1,000.00", "¥5", "5 USD", "0.0000000001", "--1", "NaN", "Infinity", "0x10", "1_000",
     "9223372036.854775808", "-9223372036.854775808", "1234567890123", "1.2.3", "1\n2"],
)  # fmt: skip
def test_anything_else_is_refused_and_never_becomes_zero(text: str) -> None:
    with pytest.raises(AmountUnreadable):
        parse_nanos(text)


@given(st.text(max_size=40))
def test_any_text_is_read_exactly_or_refused(text: str) -> None:
    try:
        nanos = parse_nanos(text)
    except AmountUnreadable:
        return
    assert Decimal(text.strip()).scaleb(9) == nanos


@given(amounts, amounts)
def test_adding_and_taking_away_are_exact(first: int, second: int) -> None:
    one, other = Money(first, "USD"), Money(second, "USD")
    assert (one + other).nanos == first + second
    assert one - other == one + (-other)
    assert (one < other) == (first < second)
    assert (one <= other) == (first <= second)


@given(amounts)
def test_money_reads_as_its_amount_and_currency(nanos: int) -> None:
    assert str(Money(nanos, "CNY")) == f"{format_nanos(nanos)} CNY"


def test_two_currencies_are_never_mixed() -> None:
    yuan, dollars = Money(1, "CNY"), Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        yuan + dollars
    with pytest.raises(CurrencyMismatch):
        yuan - dollars
    with pytest.raises(CurrencyMismatch):
        yuan < dollars  # noqa: B015
    with pytest.raises(CurrencyMismatch):
        yuan <= dollars  # noqa: B015
    assert yuan != dollars


@pytest.mark.parametrize("nanos", [1.0, "1", True, None, Decimal(1)])
def test_money_is_made_of_whole_nanos_only(nanos: object) -> None:
    with pytest.raises(AmountUnreadable):
        Money(nanos, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["usd", "US", "USDT", "", "U$D", "USD\n", "ＵＳＤ"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(AmountUnreadable):
        Money(1, currency)


@given(fractions)
def test_rounding_half_to_even_is_never_off_by_more_than_a_half(exact: Fraction) -> None:
    rounded = round_half_even(exact)
    assert abs(rounded - exact) <= Fraction(1, 2)
    if abs(rounded - exact) == Fraction(1, 2):
        assert rounded % 2 == 0


@given(fractions)
def test_rounding_up_is_the_smallest_upper_bound(exact: Fraction) -> None:
    assert round_up(exact) - 1 < exact <= round_up(exact)
