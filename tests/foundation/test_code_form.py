"""The form of a redemption code: read however it is typed, and a typing error is told without looking anything up."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.code_form import (
    RANDOM_BITS,
    SYMBOLS,
    make_code,
    mask_code,
    read_code,
    read_mask,
)

CODE = make_code(0x5A5A_1234_5678_9ABC_DEF0_1357)
codes = st.integers(0, 2**RANDOM_BITS - 1).map(make_code)
symbols = st.sampled_from(SYMBOLS)


def is_right(text: str) -> bool:
    typed = read_code(text)
    return typed is not None and typed.is_right


def test_a_code_is_a_prefix_and_four_groups_of_five_unambiguous_symbols() -> None:
    prefix, *groups = CODE.split("-")
    assert (prefix, [len(group) for group in groups]) == ("CF", [5, 5, 5, 5])
    assert set("".join(groups)) <= set(SYMBOLS)
    assert not set("ILOU") & set(SYMBOLS)
    assert RANDOM_BITS >= 90


@given(st.integers(0, 2**RANDOM_BITS - 1), st.integers(0, 2**RANDOM_BITS - 1))
def test_other_random_bits_are_another_code(first: int, second: int) -> None:
    assert (make_code(first) == make_code(second)) is (first == second)


@pytest.mark.parametrize("bits", [-1, 1 << RANDOM_BITS])
def test_a_code_takes_just_its_random_bits(bits: int) -> None:
    with pytest.raises(ValueError, match="random bits"):
        make_code(bits)


@given(codes)
def test_a_code_is_read_however_it_is_typed(code: str) -> None:
    typed = read_code(code)
    assert typed is not None
    assert typed.is_right
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    ways = (
        code.lower(), code.replace("-", ""), code.replace("-", " "), code.replace("-", "–"), code.replace("-", " - "),
        f"  {code}\r\n", wide, wide.lower(), "\u200b".join(code), code.replace("0", "O").replace("1", "I"),
        code.replace("0", "o").replace("1", "l"), " ".join(code), code.replace("-", "\u00a0"),
    )  # fmt: skip
    for way in ways:
        assert read_code(way) == typed, way


@given(codes, st.integers(0, 19), symbols)
def test_every_wrong_symbol_is_told(code: str, place: int, symbol: str) -> None:
    typed = read_code(code)
    assert typed is not None
    wrong = typed.symbols[:place] + symbol + typed.symbols[place + 1 :]
    assert is_right("CF" + wrong) is (symbol == typed.symbols[place])


@given(codes, st.integers(0, 19), st.integers(0, 19))
def test_every_two_symbols_that_changed_places_are_told(code: str, first: int, second: int) -> None:
    typed = read_code(code)
    assert typed is not None
    swapped = list(typed.symbols)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    assert is_right("CF" + "".join(swapped)) is (typed.symbols[first] == typed.symbols[second])


def test_one_in_32_of_what_somebody_makes_up_passes_the_check() -> None:
    made_up = random.Random(7)
    passed = sum(is_right("CF" + "".join(made_up.choices(SYMBOLS, k=20))) for _ in range(32_000))
    assert 800 < passed < 1_200


NO_CODES = [
    "", " ", "CF", "CF-", CODE[:-1], CODE + "0", CODE[3:], CODE.replace("CF", "CE"), CODE.replace("CF", "СF"),
    CODE[:-1] + "U", CODE[:-1] + "é", CODE[:-1] + "码", "兑换码", "\0", CODE + "\0", "\ud800" + CODE, "CF" + "\udfff" * 20,
    CODE.replace("-", "_"), "ﷺ" * 50, "١" * 22, "CF" + "١" * 20, CODE * 2, " " * 200 + CODE, "CF" + "0" * 1_000_000, "🂡" * 22,
]  # fmt: skip


@pytest.mark.parametrize("text", NO_CODES, ids=range(len(NO_CODES)))
def test_what_has_not_the_form_of_a_code_is_none(text: str) -> None:
    assert read_code(text) is None


@given(st.text())
def test_whatever_is_typed_is_read_or_not(text: str) -> None:
    typed = read_code(text)
    assert typed is None or set(typed.symbols) <= set(SYMBOLS)


def test_a_mask_shows_the_last_four_symbols_and_is_read_back() -> None:
    typed = read_code(CODE)
    assert typed is not None
    mask = mask_code(typed.last_four)
    assert mask == "CF-…" + CODE[-4:]
    for way in (mask, mask.lower(), CODE[-4:], "…" + CODE[-4:], "CF-..." + CODE[-4:], "cf ****" + CODE[-4:].lower()):
        assert read_mask(way) == typed.last_four, way
    for wrong in ("", CODE, CODE[-3:], "CF" + CODE[-4:], "U234", "x…" + CODE[-4:], "\0", "一二三四"):
        assert read_mask(wrong) is None, wrong


def test_what_was_typed_is_not_in_its_representation() -> None:
    assert CODE[3:8] not in repr(read_code(CODE))
