"""Amounts, counts and times are written as Babel writes them: it is asked once, and the digits are ours."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.core import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.console.shown import Shown
from counterfoil.foundation.money import format_nanos
from counterfoil.foundation.periods import read_time_zone, to_datetime
from counterfoil.foundation.vocabulary import Language

_LOCALES = {Language.ZH: Locale("zh", "CN", script="Hans"), Language.EN: Locale("en", "US")}
_NANOS = st.one_of(st.integers(-(10**18), 10**18), st.integers(-(10**10), 10**10), st.just(0))
_CURRENCIES = st.sampled_from(["USD", "CNY", "JPY", "EUR", "GBP", "KWD", "HKD", "CHF", "XOF", "INR", "XTS"])
_TIMES = st.integers(0, 4_102_444_800_000_000)
_ZONES = st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])


def _shown(language: Language, zone: str = "UTC") -> Shown:
    return Shown(language=language, time_zone=zone, now=1_790_000_000_000_000)


def _babel(amount: Decimal, currency: str, language: Language) -> str:
    return format_currency(
        amount, currency, locale=_LOCALES[language], currency_digits=False, decimal_quantization=False
    )


@given(st.sampled_from(Language), _NANOS, _CURRENCIES)
def test_an_amount_is_written_exactly_in_either_language(language: Language, nanos: int, currency: str) -> None:
    assert _shown(language).money(nanos, currency) == _babel(Decimal(format_nanos(nanos)), currency, language)


@given(st.sampled_from(Language), _NANOS, _CURRENCIES)
def test_a_headlines_amount_is_rounded_and_written_the_same_way(language: Language, nanos: int, currency: str) -> None:
    places = Decimal("0.01") if abs(nanos) >= 10**9 or nanos == 0 else Decimal("0.0001")
    rounded = Decimal(format_nanos(nanos)).quantize(places)
    assert _shown(language).short_money(nanos, currency) == _babel(rounded, currency, language)


@given(st.sampled_from(Language), st.integers(-(10**15), 10**15))
def test_a_count_has_its_digits_in_groups(language: Language, number: int) -> None:
    assert _shown(language).count(number) == format_decimal(number, locale=_LOCALES[language])


@given(st.sampled_from(Language), _TIMES, _ZONES)
def test_a_time_is_of_the_readers_zone(language: Language, at: int, zone: str) -> None:
    shown, moment = _shown(language, zone), to_datetime(at)
    for pattern, written in (("yyyy-MM-dd HH:mm:ss", shown.time(at)), ("yyyy-MM-dd", shown.day(at))):
        assert written == format_datetime(moment, pattern, tzinfo=read_time_zone(zone), locale=_LOCALES[language])


@pytest.mark.parametrize("language", Language)
def test_what_is_not_there_is_a_dash(language: Language) -> None:
    shown = _shown(language)
    assert {shown.money(None, "USD"), shown.short_money(None, "USD"), shown.count(None), shown.time(None)} == {"—"}
