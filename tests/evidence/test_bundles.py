"""The form of a bundle: which rows are carried, how rows are named, and that a page carries the very same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence import bundles
from counterfoil.evidence.bundles import (
    LISTED,
    LOOSE_ROWS_MAX,
    ROWS_MAX,
    Change,
    Difference,
    Head,
    Part,
    Segment,
    Uncovered,
    differences,
    plan,
)
from evidence.issuer import Issuer, chain_of, new_id

NEAR, FAR = Head(number=1, version=10), Head(number=2, version=10_000)


# -- which rows are carried ----------------------------------------------------------------------------------------------


def test_rows_are_carried_up_to_their_checkpoint() -> None:
    assert plan({4: NEAR, 7: NEAR}) == ([Segment(first=4, last=10, checkpoint=1)], 0)


def test_rows_of_two_checkpoints_are_two_runs() -> None:
    head = Head(number=2, version=20)
    assert plan({9: NEAR, 12: head}) == (
        [Segment(first=9, last=10, checkpoint=1), Segment(first=12, last=20, checkpoint=2)], 0,
    )  # fmt: skip


def test_rows_that_no_checkpoint_covers_yet_are_carried_with_those_between_them() -> None:
    assert plan({11: None, 14: None}) == ([Segment(first=11, last=14, why=Uncovered.NOT_YET)], 0)


def test_rows_too_far_from_their_checkpoint_are_carried_by_themselves() -> None:
    segments, without = plan({5: FAR, 6: FAR, 9_000: FAR})
    assert segments == [
        Segment(first=5, last=6, why=Uncovered.TOO_FAR),
        Segment(first=9_000, last=10_000, checkpoint=2),
    ]
    assert without == 0


def test_a_long_way_does_not_cost_a_short_one_its_room() -> None:
    way = Head(number=1, version=ROWS_MAX)
    segments, _ = plan({1: way, ROWS_MAX + 1: Head(number=2, version=ROWS_MAX + 2)})
    assert Segment(first=ROWS_MAX + 1, last=ROWS_MAX + 2, checkpoint=2) in segments
    assert Segment(first=1, last=1, why=Uncovered.TOO_FAR) in segments


def test_of_too_many_rows_without_a_checkpoint_the_newest_are_carried() -> None:
    segments, without = plan(dict.fromkeys(range(1, 2_001)))
    assert segments == [Segment(first=2_001 - LOOSE_ROWS_MAX, last=2_000, why=Uncovered.NOT_YET)]
    assert without == 2_000 - LOOSE_ROWS_MAX


@given(data=st.data())
def test_never_more_rows_than_there_is_room_for_and_none_twice(data: st.DataObject) -> None:
    heads = data.draw(st.lists(st.integers(1, 400), max_size=5, unique=True).map(sorted))
    versions = data.draw(st.sets(st.integers(1, 500), max_size=60))
    room = data.draw(st.integers(1, 300))

    def covering(version: int) -> Head | None:
        place = next((place for place, head in enumerate(heads) if head >= version), None)
        return None if place is None else Head(number=place + 1, version=heads[place])

    wanted = {version: covering(version) for version in versions}
    segments, without = plan(wanted, rows_max=room)
    rows = [version for one in segments for version in range(one.first, one.last + 1)]
    assert len(rows) == len(set(rows)) <= room
    assert rows == sorted(rows)
    assert len(versions - set(rows)) == without
    for one in segments:
        assert (one.checkpoint is None) is (one.why is not None)
        if one.checkpoint is not None:
            assert one.last == heads[one.checkpoint - 1]


# -- what became of rows -------------------------------------------------------------------------------------------------


def _rows(names: Sequence[int]) -> list[list[object]]:
    return [[name, f"digest {name}"] for name in names]


@pytest.mark.parametrize(("now", "expected"), [
    ([1, 2, 3, 4], []),
    ([1, 3, 4], [Difference(Change.REMOVED, 2)]),
    ([1, 2, 3], [Difference(Change.REMOVED, 4)]),
    ([1, 2, 2, 3, 4], [Difference(Change.ADDED, 2)]),
    ([1, 9, 2, 3, 4], [Difference(Change.ADDED, 9)]),
    ([1, 3, 2, 4], [Difference(Change.MOVED, 3)]),
    ([4, 1, 2, 3], [Difference(Change.MOVED, 4)]),
    ([1, 9, 3, 4], [Difference(Change.CHANGED, 2)]),
    ([], [Difference(Change.REMOVED, number) for number in (1, 2, 3, 4)]),
])  # fmt: skip
def test_what_became_of_rows_is_told(now: list[int], expected: list[Difference]) -> None:
    assert differences(_rows([1, 2, 3, 4]), _rows(now)) == expected


@given(then=st.lists(st.integers(0, 9), max_size=12), now=st.lists(st.integers(0, 9), max_size=12))
def test_rows_that_differ_are_never_told_to_be_the_same(then: list[int], now: list[int]) -> None:
    assert bool(differences(_rows(then), _rows(now))) is (then != now)


# -- the form ------------------------------------------------------------------------------------------------------------


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside)))  # fmt: skip
def test_there_is_one_way_to_write_a_value(value: object) -> None:
    try:
        written = bundles.canonical(value)
    except UnicodeEncodeError:
        return
    assert bundles.canonical(json.loads(written)) == written


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_not_written(value: float) -> None:
    with pytest.raises(ValueError):
        bundles.canonical(value)


@given(st.text())
def test_a_page_carries_the_very_bytes_of_its_bundle(name: str) -> None:
    document = {"name": name, "more": '</template><script>alert(1)</script>&amp;"'}
    try:
        line = bundles.embedded(document).encode()
    except UnicodeEncodeError:
        return
    assert bundles.unembedded(line) == bundles.canonical(document)
    assert b"\n" not in line
    assert b"<" not in line[len(bundles.DATA_BEGINNING) : -len(bundles.DATA_END)]


def test_a_row_carries_all_that_its_hash_covers() -> None:
    account_id = new_id(1)
    for transfer in chain_of(account_id, 3):
        row = json.loads(json.dumps(bundles.row_of(transfer)))
        assert bundles.hash_of(row, account_id) == transfer.hash.hex() == row["hash"]
        assert set(row) == set(transfer._fields) - {"account_id"}


def test_the_manifest_names_every_row_of_every_part() -> None:
    document = Issuer().document()
    assert set(document["manifest"]) == set(map(str, LISTED))
    assert [name for name, _ in document["manifest"]["transfers"]] == [1, 2, 3, 4, 5, 6]
    assert [name for name, _ in document["manifest"]["records"]] == [
        f"request {one['id']}" for one in document["records"]
    ]
    assert [name for name, _ in document["manifest"]["checkpoints"]] == [3]
    assert [name for name, _ in document["manifest"]["about"]] == sorted(document["about"])


def test_the_parts_of_a_bundle_are_just_those_that_are_signed_and_the_seal() -> None:
    assert set(Issuer().document()) == {*map(str, bundles.SIGNED), str(Part.SEAL)}


def test_a_key_is_compared_by_its_fingerprint() -> None:
    first, second = Issuer(), Issuer(account_id=new_id(2))
    assert bundles.fingerprint(first.public_key) == bundles.fingerprint(second.public_key)
    assert len(bundles.fingerprint(first.public_key).split()) == 8
