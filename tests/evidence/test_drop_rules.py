"""The rules by which a fallen balance is taken apart, without a database."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.evidence.drop_findings import compare
from counterfoil.evidence.drops import (
    Category,
    Largest,
    PartKind,
    PricedUse,
    Records,
    Spent,
    earlier_windows,
    stands_out,
    take_apart,
)
from counterfoil.evidence.findings import FindingCode
from counterfoil.evidence.waterfall_steps import Movement, StepKind, beside_of, step_kind, steps_of
from counterfoil.foundation.vocabulary import Kind, find_entry
from counterfoil.ledger.model import TransferCode

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = 1_700_000_000_000_000
VERSIONS = [UUID(int=number) for number in range(3)]


def test_a_short_window_is_held_against_the_same_time_of_earlier_days() -> None:
    found = earlier_windows(NOW, NOW + 2 * HOUR, since=NOW - 100 * DAY)
    assert found == [(NOW - day * DAY, NOW - day * DAY + 2 * HOUR) for day in range(1, 29)]


def test_a_week_is_held_against_four_weeks_and_a_month_against_the_one_before() -> None:
    weeks = earlier_windows(NOW, NOW + 7 * DAY, since=0)
    assert weeks == [(NOW - number * 7 * DAY, NOW - (number - 1) * 7 * DAY) for number in range(1, 5)]
    assert earlier_windows(NOW, NOW + 31 * DAY, since=0) == [(NOW - 31 * DAY, NOW)]


def test_a_young_account_is_held_against_the_hours_before() -> None:
    assert earlier_windows(NOW, NOW + HOUR, since=NOW - 5 * HOUR) == [
        (NOW - number * HOUR, NOW - (number - 1) * HOUR) for number in range(1, 6)
    ]
    assert earlier_windows(NOW, NOW + HOUR, since=NOW) == []
    # A part of a window is no window.
    assert earlier_windows(NOW, NOW + DAY, since=NOW - DAY + 1) == []


@given(
    length=st.integers(1, 400 * DAY), age=st.integers(0, 800 * DAY)
)  # fmt: skip
def test_earlier_windows_are_as_long_apart_and_within_the_accounts_life(length: int, age: int) -> None:
    found = earlier_windows(NOW, NOW + length, since=NOW - age)
    assert len(found) <= 28
    later = NOW
    for begin, end in found:
        assert end - begin == length
        assert NOW - age <= begin
        assert end <= later
        later = begin


@pytest.mark.parametrize(
    ("now", "earlier", "expected"),
    [
        (1, [], True),
        (0, [], False),
        (149, [100] * 7, False),
        (151, [100] * 7, True),
        # Of one window nobody knows how much it varies.
        (151, [100], False),
        (201, [100], True),
        (1, [0, 0, 0, 0], True),
        # What varies has to be exceeded.
        (290, [20, 280, 40, 260, 60, 240], False),
        # An incident in the past is not usual.
        (500, [100] * 18 + [900, 900], True),
        # The largest of ten is no incident for being the largest.
        (178, [60, 80, 100, 120, 140, 60, 80, 100, 120, 176], False),
        (210, [60, 80, 100, 120, 140, 60, 80, 100, 120, 176], True),
        # The fewer windows, the less they say of how much it varies.
        (170, [100, 100, 130, 70], False),
        (170, [100, 100, 130, 70] * 3, True),
    ],
)
def test_what_stands_out_is_more_than_usual_by_more_than_it_varies(
    now: int, earlier: list[int], expected: bool
) -> None:
    assert stands_out(now, earlier) is expected


SPENT = st.builds(
    Spent,
    window=st.integers(0, 3),
    category=st.sampled_from(Category),
    model=st.sampled_from(["small", "large", None]),
    model_tier=st.none(),
    price_version=st.sampled_from(VERSIONS),
    multiplier_millis=st.sampled_from([1_000, 1_500, 333]),
    base_version=st.sampled_from([None, *VERSIONS]),
    base_millis=st.sampled_from([None, 1_000, 700]),
    nanos=st.integers(0, 10**15),
    charges=st.integers(0, 1_000),
    most_retries=st.integers(0, 9),
    first_at=st.none(),
    last_at=st.none(),
)
MOVED = st.builds(
    Movement,
    code=st.sampled_from(list(TransferCode)),
    cause_kind=st.sampled_from(["order", "grant", "refund", "adjustment"]),
    debit=st.just("wallet"),
    credit=st.sampled_from(["breakage", "promotions", "clearing:x"]),
    nanos=st.integers(1, 10**12),
    transfers=st.just(1),
)
PRICED = st.builds(
    PricedUse,
    category=st.sampled_from([Category.CALL, Category.TASK]),
    model=st.sampled_from(["small", "large"]),
    price_version=st.sampled_from(VERSIONS),
    base_version=st.sampled_from(VERSIONS),
    multiplier_millis=st.sampled_from([1_000, 1_500, 333]),
    base_millis=st.sampled_from([None, 1_000, 700]),
    share_millis=st.sampled_from([1_000, 500]),
    context_above=st.none(),
    name=st.just("output"),
    rate=st.integers(0, 10**12),
    units=st.integers(0, 10**6),
)


@given(
    spent=st.lists(SPENT, max_size=12), moved=st.dictionaries(st.integers(0, 3), st.lists(MOVED, max_size=4)),
    priced=st.lists(PRICED, max_size=4),
)  # fmt: skip
def test_parts_are_all_that_left_the_wallet_and_their_differences_all_that_differs(
    spent: list[Spent], moved: dict[int, list[Movement]], priced: list[PricedUse]
) -> None:
    records = Records(currency="USD", earlier=3, spent=spent, moved=moved, priced=priced)
    comparison = compare(records)
    leaving = sum(
        one.nanos for one in moved.get(0, ()) if step_kind(one) not in (StepKind.CHARGE, StepKind.OVERAGE, None)
    )
    assert comparison.now == sum(one.nanos for one in spent if one.window == 0) + leaving
    assert comparison.difference == sum(part.difference for part in comparison.parts)
    assert comparison.findings
    told = [one.nanos for one in comparison.findings]
    assert told == sorted(told, reverse=True)


def test_a_price_is_compared_with_the_tier_of_before_and_no_charge_costs_more_than_it_cost() -> None:
    spent = Spent(
        window=0, category=Category.CALL, model="small", model_tier=None, price_version=VERSIONS[1],
        multiplier_millis=2_000, base_version=VERSIONS[0], base_millis=1_000, nanos=100, charges=1, most_retries=0,
        first_at=None, last_at=None,
    )  # fmt: skip
    use = PricedUse(
        category=Category.CALL, model="small", price_version=VERSIONS[1], base_version=VERSIONS[0],
        multiplier_millis=2_000, base_millis=1_000, share_millis=2_000, context_above=None, name="output",
        rate=50 * 10**6, units=1_000,
    )  # fmt: skip
    # The price before is not known: what is left of the tier is the calls'.
    unknown = take_apart(Records(currency="USD", earlier=1, spent=[spent], moved={}, priced=[use]))
    assert {part.kind: part.now for part in unknown.parts} == {PartKind.TIER: 50, PartKind.CALLS: 50}


def test_records_behind_a_finding_are_those_of_its_cause() -> None:
    def largest(category: Category, number: int) -> Largest:
        return Largest(
            category=category, request_id=UUID(int=number), is_task=False, at=NOW, nanos=number, model="small",
            key_mask="sk-…abcd", client="x/1",
        )  # fmt: skip

    spent = Spent(
        window=0, category=Category.RETRY, model="small", model_tier=None, price_version=None, multiplier_millis=None,
        base_version=None, base_millis=None, nanos=7, charges=1, most_retries=2, first_at=NOW, last_at=NOW,
    )  # fmt: skip
    records = Records(
        currency="USD", earlier=0, spent=[spent], moved={},
        largest=[largest(Category.RETRY, 7), largest(Category.CALL, 9)],
    )  # fmt: skip
    (finding,) = compare(records).findings
    assert finding.code is FindingCode.RETRY_SPIKE
    assert [row.nanos for row in finding.rows] == [7]


@pytest.mark.parametrize(
    ("movement", "kind"),
    [
        (("credit", "order", "clearing:x", "wallet"), StepKind.RECHARGE),
        (("credit", "order", "promotions", "wallet"), StepKind.BONUS),
        (("credit", "code", "promotions", "wallet"), StepKind.CODE),
        (("credit", "grant", "compensation", "wallet"), StepKind.CREDIT),
        (("refund", "request", "revenue", "wallet"), StepKind.REFUND),
        (("cash_restored", "refund", "clearing:x", "wallet"), StepKind.CASH_RESTORED),
        (("adjustment", "adjustment", "adjustments", "wallet"), StepKind.ADJUSTED_UP),
        (("adjustment", "adjustment", "wallet", "adjustments"), StepKind.ADJUSTED_DOWN),
        (("charge", "task", "wallet", "revenue"), StepKind.CHARGE),
        (("overage", "request", "wallet", "revenue"), StepKind.OVERAGE),
        (("breakage", "grant", "wallet", "breakage"), StepKind.EXPIRED),
        (("grant_ended", "grant", "wallet", "breakage"), StepKind.EXPIRED),
        (("grant_ended", "grant", "wallet", "promotions"), StepKind.TAKEN_BACK),
        (("grant_ended", "grant", "wallet", "uncollected"), StepKind.TAKEN_BACK),
        (("cash_refund", "refund", "wallet", "clearing:x"), StepKind.CASH_REFUND),
        (("of a later release", "x", "wallet", "x"), StepKind.OTHER_OUT),
        (("of a later release", "x", "x", "wallet"), StepKind.OTHER_IN),
        (("uncollected", "request", "uncollected", "revenue"), None),
        (("refund_to_clearing", "request", "revenue", "clearing:x"), None),
        (("cash_shortfall", "refund", "uncollected", "clearing:x"), None),
    ],
)
def test_each_movement_of_the_wallet_has_one_step(movement: tuple[str, str, str, str], kind: StepKind | None) -> None:
    moved = Movement(*movement, 5, 1)
    assert step_kind(moved) is kind
    sign = 1 if moved.credit == "wallet" else -1
    assert [(step.kind, step.nanos) for step in steps_of([moved])] == ([] if kind is None else [(kind, sign * 5)])
    assert [one.code for one in beside_of([moved])] == ([moved.code] if kind is None else [])


def test_every_text_of_a_drop_is_in_the_table() -> None:
    texts = [
        "drop_duplicates", "drop_retries", "drop_tasks", "drop_tasks_alone", "drop_loop", "drop_price", "drop_tier",
        "drop_dearer", "drop_more_use", "drop_use_alone", "drop_expired", "drop_cash", "drop_taken_back",
        "drop_adjusted", "drop_returned", "drop_as_usual", "drop_nothing", "drop_held", "drop_frozen",
    ]  # fmt: skip
    assert all(find_entry(Kind.FINDING_TEXT, code) for code in texts)
