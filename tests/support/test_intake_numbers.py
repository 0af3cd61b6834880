"""Case numbers, and how much may be sent in a minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.redaction.scanner import scan
from counterfoil.support.case_numbers import NUMBERS, SIGNS, make_number, read_number
from counterfoil.support.intake_limits import IntakeLimits

MINUTE = 60_000_000
NOW = 1_796_000_000_000_000 // MINUTE * MINUTE

numbers = st.integers(0, NUMBERS - 1)


@given(numbers)
def test_a_number_is_read_as_people_type_it(random: int) -> None:
    number = make_number(random)
    assert read_number(number) == number
    assert read_number(f" {number.lower().replace('-', '')} ") == number
    assert read_number(number.replace("-", " ")) == number
    assert read_number(number.replace("-", "—")) == number


@given(numbers, numbers)
def test_two_cases_have_two_numbers(one: int, other: int) -> None:
    assert (make_number(one) == make_number(other)) == (one == other)


@given(numbers, st.integers(0, 7), st.sampled_from(SIGNS))
def test_one_wrong_sign_is_told(random: int, place: int, sign: str) -> None:
    signs = list(make_number(random)[3:].replace("-", ""))
    if signs[place] == sign:
        return
    signs[place] = sign
    assert read_number("CS" + "".join(signs)) is None


@given(numbers, st.integers(0, 6))
def test_two_neighbours_that_changed_places_are_told(random: int, place: int) -> None:
    signs = list(make_number(random)[3:].replace("-", ""))
    if signs[place] == signs[place + 1]:
        return
    signs[place], signs[place + 1] = signs[place + 1], signs[place]
    assert read_number("CS" + "".join(signs)) is None


@pytest.mark.parametrize("text", ["", "CS-", "CS-2222-222", "CS-2222-22222", "CX-2222-2222", "CS-0000-0000", "x" * 100])
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize("random", [-1, NUMBERS])
def test_there_are_no_other_numbers(random: int) -> None:
    with pytest.raises(ValueError, match="no such case number"):
        make_number(random)


@given(numbers)
def test_a_number_may_be_named_in_any_text(random: int) -> None:
    number = make_number(random)
    for text in (f"case number: {number}", f"工单编号 {number}", f"关于工单 {number} 的进度"):
        assert scan(text) == []


def test_an_address_waits_for_the_next_minute_and_others_do_not() -> None:
    limits = IntakeLimits(per_address=2, over_all=100)
    assert [limits.count("198.51.100.7", now=NOW) for _ in range(2)] == [None, None]
    wait = limits.count("198.51.100.7", now=NOW + 15_000_000)
    assert wait is not None
    assert wait.seconds == 45
    assert limits.count("198.51.100.8", now=NOW) is None
    assert limits.count("198.51.100.7", now=NOW + MINUTE) is None


def test_all_together_have_a_limit_that_nobody_alone_can_use_up() -> None:
    limits = IntakeLimits(per_address=3, over_all=5)
    for _ in range(50):
        limits.count("198.51.100.7", now=NOW)
    assert [limits.count(f"198.51.100.{host}", now=NOW) for host in (8, 9)] == [None, None]
    assert limits.count("198.51.100.10", now=NOW) is not None


def test_addresses_without_end_share_one_count() -> None:
    limits = IntakeLimits(per_address=2, over_all=1_000, addresses_max=3)
    passed = [limits.count(f"2001:db8::{host:x}", now=NOW) is None for host in range(20)]
    assert sum(passed) == 3 + 2
