"""Book (a): what a person is to see of orders, lines, credits, refunds and payouts, whatever finds it."""

from __future__ import annotations

import pytest

from counterfoil.reconcile.engines import Engine
from counterfoil.reconcile.matching import payments_program, payments_specification, rules
from counterfoil.reconcile.matching.outcome import sort_breaks, sort_matches
from counterfoil.reconcile.model import BreakClass
from reconcile.matching.payment_cases import CASES
from reconcile.matching.world import World, assert_same, found, join, run_on, shuffled, terms_of


def _all_cases() -> tuple[list[World], list[tuple[str, tuple[str, ...], tuple[str, ...]]]]:
    """Every case in one set of rows. Those about an absent source need terms of their own."""
    worlds, expected = [], []
    for name, told in CASES.items():
        world = World(name)
        breaks = told(world)
        if not world.absent:
            worlds.append(world)
            expected += breaks
    return worlds, sorted(expected)


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    world = World(name)
    expected = CASES[name](world)
    assert found(payments_specification.specify(world.rows, world.terms)) == sorted(expected)


def test_the_cases_show_every_class_that_payments_can_have() -> None:
    _, expected = _all_cases()
    assert {break_class for break_class, _, _ in expected} == {
        "missing_internal", "missing_external", "pending_within_window", "late", "amount_over", "amount_under",
        "fee_mismatch", "currency_mismatch", "status_mismatch", "duplicate_internal", "duplicate_external",
        "split_mismatch", "ambiguous", "wrong_account", "refund_exceeds_credit", "rounding_within_tolerance",
    }  # fmt: skip


def test_cases_do_not_meet_each_other() -> None:
    worlds, expected = _all_cases()
    assert found(payments_specification.specify(join(worlds), terms_of(worlds))) == expected


def test_duckdb_finds_in_all_cases_what_the_specification_finds(duckdb: Engine) -> None:
    worlds, expected = _all_cases()
    rows, terms = join(worlds), terms_of(worlds)
    outcome = run_on(duckdb, payments_program.run, shuffled(rows, 1), terms)
    assert found(outcome) == expected
    assert_same(outcome, payments_specification.specify(rows, terms))


def test_duckdb_expects_no_lines_of_a_source_without_statements(duckdb: Engine) -> None:
    world = World("absent")
    CASES["orders_of_a_source_without_statements_are_not_held_against_lines"](world)
    assert found(run_on(duckdb, payments_program.run, world.rows, world.terms)) == []


def test_the_order_of_the_rows_does_not_matter() -> None:
    worlds, _ = _all_cases()
    rows, terms = join(worlds), terms_of(worlds)
    first = payments_specification.specify(rows, terms)
    for seed in range(5):
        assert_same(payments_specification.specify(shuffled(rows, seed), terms), first)


def test_no_row_is_in_two_matches_that_count() -> None:
    worlds, _ = _all_cases()
    outcome = payments_specification.specify(join(worlds), terms_of(worlds))
    rows = [row for match in outcome.matches if not match.is_suggested for row in (*match.ours, *match.theirs)]
    assert len(rows) == len(set(rows)) > 100


def test_an_ambiguous_order_is_only_suggested_with_its_alternatives() -> None:
    world = World("ambiguous")
    CASES["one_order_that_two_lines_might_have_paid_is_ambiguous"](world)
    outcome = payments_specification.specify(world.rows, world.terms)
    (broken,) = sort_breaks(outcome.breaks)
    lines = tuple(sorted(f"line:{line['line_id']}" for line in world.rows["lines"]))
    assert broken.alternatives == lines
    matches = sort_matches(outcome.matches)
    assert [(match.is_suggested, match.ours, match.theirs) for match in matches] == [
        (True, broken.ours, (line,)) for line in lines
    ]


def test_a_variance_within_the_tolerance_is_in_its_match_and_in_a_break() -> None:
    world = World("rounding")
    CASES["a_cent_within_the_tolerance_is_booked"](world)
    outcome = payments_specification.specify(world.rows, world.terms)
    (match,), (broken,) = list(outcome.matches), list(outcome.breaks)
    assert match.variance == 10_000_000
    assert (broken.found or 0) - (broken.expected or 0) == match.variance
    assert broken.break_class is BreakClass.ROUNDING_WITHIN_TOLERANCE


def test_an_order_is_matched_with_its_credits_and_every_line_that_tells_of_it() -> None:
    world = World("echo")
    CASES["a_payment_that_two_kinds_of_statement_tell_counts_once"](world)
    (match,) = payments_specification.specify(world.rows, world.terms).matches
    assert (len(match.ours), len(match.theirs)) == (2, 2)
    assert match.rule == rules.TRADE_NUMBER.name
    assert match.rule_version == rules.TRADE_NUMBER.version
