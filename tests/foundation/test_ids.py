"""Ids are UUIDv7: they sort by time, and are shown with the prefix of their kind."""

from __future__ import annotations

import uuid
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.clock import ManualClock, SystemClock
from counterfoil.foundation.errors import IdUnreadable
from counterfoil.foundation.ids import PREFIXES, make_id, read_any_id, read_id, show_id

# Up to the year 5138: the 48 bits of milliseconds reach further.
times = st.integers(0, 10**17)
random_bits = st.integers(0, 2**70)
kinds = st.sampled_from(sorted(PREFIXES))


@given(times, random_bits)
def test_an_id_is_a_uuid_of_version_7_with_its_time_in_front(at: int, bits: int) -> None:
    made = make_id(at, bits)
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == at // 1000


@given(times, times, random_bits, random_bits)
def test_ids_sort_by_their_microsecond(first: int, second: int, bits: int, other_bits: int) -> None:
    if first < second:
        assert make_id(first, bits) < make_id(second, other_bits)


@given(times, st.integers(0, 2**62 - 1), st.integers(0, 2**62 - 1))
def test_ids_of_one_moment_differ_by_their_random_bits(at: int, bits: int, other_bits: int) -> None:
    assert (make_id(at, bits) == make_id(at, other_bits)) == (bits == other_bits)


@given(kinds, st.uuids())
def test_a_shown_id_reads_as_itself(kind: str, value: UUID) -> None:
    shown = show_id(kind, value)
    assert shown == f"{PREFIXES[kind]}_{value.hex}"
    assert read_id(kind, shown) == value
    assert read_id(kind, f" {shown}\n") == value
    assert read_any_id(shown) == (kind, value)


@given(kinds, kinds, st.uuids())
def test_an_id_of_another_kind_is_not_read(kind: str, other: str, value: UUID) -> None:
    if kind != other:
        with pytest.raises(IdUnreadable):
            read_id(other, show_id(kind, value))


@pytest.mark.parametrize(
    "text",
    ["", "req_", "req", "0199aabbccddeeff00112233445566ff", "req_0199aabbccddeeff00112233445566f",
     "req_0199aabbccddeeff00112233445566fff", "req_0199AABBCCDDEEFF00112233445566FF", "REQ_0199aabbccddeeff00112233445566ff",
     "req-0199aabbccddeeff00112233445566ff", "req_0199aabbccddeeff00112233445566fg", "xyz_0199aabbccddeeff00112233445566ff",
     "req_0199aabb-ccdd-eeff-0011-2233445566ff", "req_０199aabbccddeeff00112233445566ff"],
)  # fmt: skip
def test_a_broken_id_is_refused(text: str) -> None:
    with pytest.raises(IdUnreadable):
        read_id("request", text)
    assert read_any_id(text) is None


@given(st.text(max_size=60))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    found = read_any_id(text)
    if found is not None:
        assert show_id(*found) == text.strip()


def test_each_kind_has_a_prefix_of_its_own() -> None:
    assert len(set(PREFIXES.values())) == len(PREFIXES)
    for kind in PREFIXES:
        assert read_any_id(show_id(kind, UUID(int=7))) == (kind, UUID(int=7))


def test_a_clocks_ids_carry_its_time_and_never_repeat() -> None:
    clock = ManualClock()
    made = [clock.new_id() for _ in range(1000)]
    assert {one.int >> 80 for one in made} == {clock.now() // 1000}
    assert len(set(made)) == 1000
    clock.advance(micros=1)
    assert clock.new_id() > max(made)


def test_the_machines_clock_makes_ids_too() -> None:
    clock = SystemClock()
    before = clock.now()
    made = clock.new_id()
    assert before // 1000 <= made.int >> 80 <= clock.now() // 1000
