"""What a payment credits: exact, whatever the currency, the rate and the size."""

from __future__ import annotations

from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.currencies import floor_to_minor, from_minor, minor_digits, to_minor
from counterfoil.foundation.errors import AmountUnreadable
from counterfoil.foundation.money import LARGEST_NANOS, parse_nanos
from counterfoil.recharge.model import RATE_ONE
from counterfoil.recharge.terms import BonusRule, Rate, same_currency, terms_of

NOW = 1_700_000_000_000_000


def rate(text: str, ratio: str = "1", *, paid: str = "CNY", wallet: str = "USD") -> Rate:
    return Rate(
        paid_currency=paid,
        wallet_currency=wallet,
        rate=parse_nanos(text),
        ratio=parse_nanos(ratio),
        starts_at=0,
        set_by="t",
    )


def rule(least: str, *, percent: int = 0, fixed: str = "0", name: str = "r", number: int = 1, days: int | None = 30,
         starts_at: int = 0, ends_at: int | None = None, currency: str = "USD") -> BonusRule:  # fmt: skip
    return BonusRule(
        rule_id=UUID(int=number), name=name, wallet_currency=currency, least=parse_nanos(least),
        share_millionths=percent * 10_000, fixed=parse_nanos(fixed), days=days, starts_at=starts_at, ends_at=ends_at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "given_rate", "ratio", "credited"),
    [
        ("100", "0.13812345", "1", "13.812345"),
        ("0.01", "0.13812345", "1", "0.001381234"),  # …2345 is halfway: to the even nano
        ("0.03", "0.13812345", "1", "0.004143704"),  # …7035: to the even nano, upwards
        ("100", "0.14", "1.05", "14.7"),
        ("1", "1", "0.000000001", "0.000000001"),
        ("500", "0.00667", "1", "3.335"),
    ],
)
def test_what_is_credited_is_rounded_once_half_to_even(amount: str, given_rate: str, ratio: str, credited: str) -> None:
    terms = terms_of(parse_nanos(amount), rate(given_rate, ratio), [], now=NOW)
    assert terms.credited == parse_nanos(credited)
    assert (terms.bonus, terms.bonus_rule, terms.bonus_days) == (0, None, None)


@given(amount=st.integers(1, LARGEST_NANOS), eight_decimals=st.integers(1, 10**11), ratio=st.integers(1, 5 * RATE_ONE))
def test_no_amount_is_off_by_more_than_half_a_nano(amount: int, eight_decimals: int, ratio: int) -> None:
    given_rate = Rate(
        paid_currency="CNY", wallet_currency="USD", rate=eight_decimals * 10, ratio=ratio, starts_at=0, set_by="t"
    )
    exact = Fraction(amount * given_rate.rate * ratio, RATE_ONE**2)
    if not Fraction(1, 2) < exact < LARGEST_NANOS:
        return
    assert abs(terms_of(amount, given_rate, [], now=NOW).credited - exact) <= Fraction(1, 2)


def test_the_largest_amount_in_its_own_currency_is_itself() -> None:
    assert terms_of(LARGEST_NANOS, same_currency("USD"), [], now=NOW).credited == LARGEST_NANOS


@pytest.mark.parametrize(("amount", "given_rate"), [(1, "0.4"), (LARGEST_NANOS, "1.000000001")])
def test_what_would_credit_nothing_or_more_than_a_wallet_holds_is_refused(amount: int, given_rate: str) -> None:
    with pytest.raises(AmountUnreadable):
        terms_of(amount, rate(given_rate), [], now=NOW)


def test_of_the_bonus_rules_that_apply_the_one_that_brings_most_holds() -> None:
    rules = [
        rule("10", percent=5, name="five percent", number=1),
        rule("50", fixed="4", name="four on top", number=2, days=None),
        rule("100", percent=50, name="too high", number=3),
    ]
    own = same_currency("USD")
    assert terms_of(parse_nanos("9.99"), own, rules, now=NOW).bonus == 0
    assert terms_of(parse_nanos("10"), own, rules, now=NOW).bonus == parse_nanos("0.5")
    best = terms_of(parse_nanos("60"), own, rules, now=NOW)
    assert (best.bonus, best.bonus_rule, best.bonus_days) == (parse_nanos("4"), "four on top", None)
    best = terms_of(parse_nanos("99"), own, rules, now=NOW)
    assert (best.bonus, best.bonus_rule, best.bonus_days) == (parse_nanos("4.95"), "five percent", 30)


def test_a_bonus_rule_holds_from_its_beginning_to_its_end_and_in_its_currency() -> None:
    own, amount = same_currency("USD"), parse_nanos("10")
    assert terms_of(amount, own, [rule("1", fixed="1", starts_at=NOW + 1)], now=NOW).bonus == 0
    assert terms_of(amount, own, [rule("1", fixed="1", starts_at=NOW)], now=NOW).bonus == parse_nanos("1")
    assert terms_of(amount, own, [rule("1", fixed="1", ends_at=NOW)], now=NOW).bonus == 0
    assert terms_of(amount, own, [rule("1", fixed="1", currency="CNY")], now=NOW).bonus == 0


@pytest.mark.parametrize(
    ("currency", "digits"), [("USD", 2), ("CNY", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("CLF", 4)]
)
def test_a_currency_has_its_own_smallest_unit(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits
    smallest = from_minor(1, digits)
    assert to_minor(smallest, digits) == 1
    assert floor_to_minor(smallest * 7 + smallest - 1, digits) == smallest * 7
    with pytest.raises(AmountUnreadable):
        to_minor(smallest // 10 or 1, digits)
