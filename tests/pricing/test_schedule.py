"""Which price is in force when: versions are only added, and each replaces what was planned before it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.foundation.errors import CurrencyMismatch
from counterfoil.pricing.model import BookDocument, DatedTerms, PriceVersion, Terms, Tier
from counterfoil.pricing.schedule import Plan, plan_import, timeline

TERMS = Terms(
    model="m", currency="USD", tier=Tier.STANDARD, rates={"input": 1}, context_window=1_000, default_output_cap=10,
    largest_output=None, image_token_bound=1, audio_token_bound=1, file_token_bound=1, tool_token_bound=1,
    source="test", source_date="2026-11-23",
)  # fmt: skip
NOW = 1_000


def terms(nanos: int) -> Terms:
    return replace(TERMS, rates={"input": nanos})


def version(number: int, start: int, nanos: int | None, *, created_at: int = 0) -> PriceVersion:
    return PriceVersion(
        version_id=UUID(int=number), book="customer", model="m", number=number, revision=number, valid_from=start,
        created_at=created_at, terms=None if nanos is None else terms(nanos),
    )  # fmt: skip


def plan(
    *entries: tuple[int | None, int], present: list[PriceVersion] | None = None, start: int = NOW, now: int = NOW
) -> Plan:
    document = BookDocument(
        book="customer",
        currency="USD",
        models={"m": tuple(DatedTerms(valid_from=at, terms=terms(nanos)) for at, nanos in entries)},
    )
    (planned,) = plan_import(document, {"m": present} if present else {}, start=start, now=now)
    return planned


def steps(planned: Plan) -> list[tuple[int, int | None]]:
    return [(at, None if each is None else each.rates["input"]) for at, each in planned.steps]


@given(starts=st.lists(st.integers(0, 20), max_size=8), at=st.integers(-1, 25))
def test_of_the_versions_that_have_started_the_newest_is_in_force(starts: list[int], at: int) -> None:
    versions = [version(number, start, number) for number, start in enumerate(starts, start=1)]

    segments = timeline(versions)

    started = [each.number for each in versions if each.valid_from <= at]
    found = [
        each for each in segments if each.valid_from <= at and (each.valid_to is None or at < each.valid_to)
    ]  # fmt: skip
    assert [each.price.number for each in found if each.price] == ([max(started)] if started else [])
    # Stretches follow one another, and the last has no end.
    assert [each.valid_to for each in segments[:-1]] == [each.valid_from for each in segments[1:]]
    assert not segments or segments[-1].valid_to is None


def test_a_new_model_starts_when_it_is_imported() -> None:
    assert steps(plan((None, 5))) == [(NOW, 5)]


def test_a_new_model_may_be_dated_back_and_a_known_one_may_not() -> None:
    assert steps(plan((None, 5), start=200)) == [(200, 5)]
    assert steps(plan((None, 6), present=[version(1, 0, 5)], start=200)) == [(NOW, 6)]


def test_the_same_price_again_adds_nothing() -> None:
    planned = plan((None, 5), present=[version(1, 0, 5)])
    assert (planned.changes, planned.steps) == ((), ())


def test_another_source_or_word_about_a_price_is_no_change() -> None:
    document = BookDocument(
        book="customer",
        currency="USD",
        models={
            "m": (DatedTerms(valid_from=None, terms=replace(terms(5), source_date="2030-01-01", note="read again")),)
        },
    )
    assert plan_import(document, {"m": [version(1, 0, 5)]}, start=NOW, now=NOW)[0].steps == ()


def test_a_changed_price_starts_now_and_says_what_changed() -> None:
    planned = plan((None, 6), present=[version(1, 0, 5)])
    assert steps(planned) == [(NOW, 6)]
    (change,) = planned.changes
    assert (change.field, change.before, change.after, change.valid_from) == ("rates.input", 5, 6, None)


def test_an_announced_price_waits_for_its_day() -> None:
    planned = plan((None, 5), (2_000, 9), present=[version(1, 0, 5)])
    assert steps(planned) == [(2_000, 9)]
    assert [(change.before, change.after, change.valid_from) for change in planned.changes] == [(5, 9, 2_000)]
    both = [version(1, 0, 5), version(2, 2_000, 9)]
    assert plan((None, 5), (2_000, 9), present=both).steps == ()


def test_a_day_that_has_passed_is_the_present() -> None:
    assert steps(plan((None, 5), (900, 9))) == [(NOW, 9)]


def test_an_announcement_that_is_taken_back_is_cancelled_by_the_present_price() -> None:
    both = [version(1, 0, 5), version(2, 2_000, 9)]
    planned = plan((None, 5), present=both)
    assert steps(planned) == [(NOW, 5)]
    assert timeline([*both, version(3, NOW, 5)])[-1].valid_from == NOW


def test_a_document_that_only_announces_leaves_the_present() -> None:
    assert steps(plan((2_000, 9), present=[version(1, 0, 5)])) == [(2_000, 9)]


def test_a_withdrawn_model_has_no_price_from_now_on() -> None:
    document = BookDocument(book="customer", currency="USD", models={}, withdrawn=frozenset({"m", "never sold"}))
    never, withdrawn = sorted(
        plan_import(document, {"m": [version(1, 0, 5)]}, start=NOW, now=NOW), key=lambda each: len(each.steps)
    )
    assert never.steps == ()
    assert steps(withdrawn) == [(NOW, None)]
    assert [(change.field, change.after) for change in withdrawn.changes] == [("withdrawn", True)]
    assert steps(plan((None, 5), present=[version(1, 0, 5), version(2, 500, None)])) == [(NOW, 5)]


def test_an_import_never_starts_before_one_that_another_process_has_just_made() -> None:
    ahead = [version(1, NOW + 50, 5, created_at=NOW + 50)]
    assert steps(plan((None, 6), present=ahead)) == [(NOW + 50, 6)]


def test_a_book_has_one_currency() -> None:
    document = BookDocument(
        book="customer",
        currency="CNY",
        models={"m": (DatedTerms(valid_from=None, terms=replace(terms(5), currency="CNY")),)},
    )
    with pytest.raises(CurrencyMismatch):
        plan_import(document, {"m": [version(1, 0, 5)]}, start=NOW, now=NOW)


@given(
    present=st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 3) | st.none()), max_size=5),
    entries=st.dictionaries(st.none() | st.integers(0, 3_000), st.integers(1, 3), min_size=1, max_size=4),
    start=st.integers(0, 3_000),
)
def test_after_an_import_the_book_says_what_the_document_says_and_the_past_stays(
    present: list[tuple[int, int | None]], entries: dict[int | None, int], start: int
) -> None:
    before = [version(number, at, nanos) for number, (at, nanos) in enumerate(present, start=1)]
    dated = sorted(entries.items(), key=lambda each: -1 if each[0] is None else each[0])
    planned = plan(*dated, present=before, start=start)
    after = [*before]
    for at, each in planned.steps:
        after.append(replace(version(len(after) + 1, at, 1), terms=each))

    begin = max(start, NOW) if before else start
    for moment in {*range(0, 3_100, 97), begin, begin - 1, *(at for at in entries if at is not None)}:
        if moment < begin:
            assert price_at(after, moment) == price_at(before, moment)
            continue
        spoken = [nanos for at, nanos in dated if at is None or at <= moment]
        assert price_at(after, moment) == (spoken[-1] if spoken else price_at(before, begin))
    again = plan(*dated, present=after, start=start)
    assert not after or not again.steps


def price_at(versions: list[PriceVersion], moment: int) -> int | None:
    found = None
    for segment in timeline(versions):
        if segment.valid_from <= moment:
            found = segment.price
    return None if found is None else found.rates["input"]
